/* What the machine can do at most: bytes through memory, and fused multiply-adds. */
#include "study/bench_impl.h"

#include "core/memory.h"

#include <stdio.h>
#include <string.h>

/* An item keeps a thread of a processor busy; a GPU takes thousands. */
enum { COPY_BYTES = 1 << 28, PIECE = 1 << 20, FMA_ITEMS = 64, FMA_DEVICE_ITEMS = 4096, FMA_ROUNDS = 20480 };
static const double FMA_SECONDS = 0.01; /* long enough to be timed */

typedef struct copying {
    vly_pool *pool;
    char *from, *to;
} copying;

static vly_status copy_piece(void *self, int64_t item, int32_t worker)
{
    copying *c = self;
    (void)worker;
    memcpy(c->to + item * PIECE, c->from + item * PIECE, PIECE);
    return VLY_OK;
}

static vly_status copy_all(void *self)
{
    copying *c = self;
    return vly_pool_run(c->pool, COPY_BYTES / PIECE, copy_piece, c);
}

static vly_status time_copy(vly_benching *bench, vly_status (*work)(void *self), void *self)
{
    vly_bench_row *row;
    VLY_TRY(vly_bench_time(bench, &row, "ceilings", work, self));
    bench->ceilings.copy = 2.0 * COPY_BYTES / row->seconds;
    row->rate = 1e-9 * bench->ceilings.copy;
    snprintf(row->unit, sizeof row->unit, "GB/s");
    snprintf(row->what, sizeof row->what, "copy 256 MiB, bytes read and written");
    return VLY_OK;
}

static vly_status measure_copy(vly_benching *bench)
{
    copying c = {.pool = bench->device->pool};
    vly_status status = vly_alloc((void **)&c.from, COPY_BYTES, 1, "copy");
    if (status == VLY_OK) status = vly_alloc((void **)&c.to, COPY_BYTES, 1, "copy");
    if (status == VLY_OK) status = time_copy(bench, copy_all, &c);
    vly_free(c.from);
    vly_free(c.to);
    return status;
}

typedef struct device_copying {
    vly_buffer from, to;
} device_copying;

static vly_status copy_on_device(void *self)
{
    device_copying *c = self;
    return vly_device_copy(c->to.device, c->to.data, c->from.data, COPY_BYTES);
}

static vly_status measure_device_copy(vly_benching *bench)
{
    device_copying c = {.from = {0}};
    vly_status status = vly_buffer_create(&c.from, bench->device, COPY_BYTES, "copy");
    if (status == VLY_OK) status = vly_buffer_create(&c.to, bench->device, COPY_BYTES, "copy");
    if (status == VLY_OK) status = time_copy(bench, copy_on_device, &c);
    vly_buffer_free(&c.from);
    vly_buffer_free(&c.to);
    return status;
}

typedef struct multiplying {
    vly_device *device;
    vly_buffer sink;
    int64_t items, flops;
    int32_t rounds;
} multiplying;

static vly_status multiply_all(void *self)
{
    multiplying *m = self;
    return m->device->kernels->multiply_add(m->device->queue, m->items, m->rounds, m->sink.data, &m->flops);
}

/* As much work as takes its time: an emulated device needs next to none for that, a GPU all there is. */
static vly_status find_length(multiplying *m, int64_t most)
{
    double seconds = 0.0;
    while (m->rounds < FMA_ROUNDS || m->items < most) {
        VLY_TRY(vly_bench_once(&seconds, m->device, multiply_all, m));
        if (seconds >= FMA_SECONDS) break;
        if (m->rounds < FMA_ROUNDS)
            m->rounds *= 4;
        else
            m->items *= 4;
    }
    return VLY_OK;
}

static vly_status measure_fma(vly_benching *bench)
{
    multiplying m = {.device = bench->device, .items = FMA_ITEMS, .rounds = 20};
    vly_bench_row *row;
    int64_t most = bench->device->unified ? FMA_ITEMS : FMA_DEVICE_ITEMS;
    vly_status status = vly_buffer_create(&m.sink, bench->device, most * (int64_t)sizeof(float), "results");
    if (status == VLY_OK) status = find_length(&m, most);
    if (status == VLY_OK) status = vly_bench_time(bench, &row, "ceilings", multiply_all, &m);
    if (status == VLY_OK) {
        bench->ceilings.fma = (double)m.flops / row->seconds;
        row->rate = 1e-9 * bench->ceilings.fma;
        snprintf(row->unit, sizeof row->unit, "Gflop/s");
        snprintf(row->what, sizeof row->what, "single-precision fused multiply-add");
    }
    vly_buffer_free(&m.sink);
    return status;
}

vly_status vly_bench_ceilings(vly_benching *bench)
{
    VLY_TRY(bench->device->unified ? measure_copy(bench) : measure_device_copy(bench));
    return measure_fma(bench);
}
