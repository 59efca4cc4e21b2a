/* What the machine can do at most: bytes through memory, and fused multiply-adds. */
#include "study/bench_impl.h"

#include "core/memory.h"

#include <stdio.h>
#include <string.h>

enum { COPY_BYTES = 1 << 28, PIECE = 1 << 20, FMA_ITEMS = 64, FMA_ROUNDS = 20000 };

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

static vly_status measure_copy(vly_benching *bench)
{
    copying c = {.pool = bench->device->pool};
    vly_bench_row *row;
    vly_status status = vly_alloc((void **)&c.from, COPY_BYTES, 1, "copy");
    if (status == VLY_OK) status = vly_alloc((void **)&c.to, COPY_BYTES, 1, "copy");
    if (status == VLY_OK) status = vly_bench_time(bench, &row, "ceilings", copy_all, &c);
    if (status == VLY_OK) {
        bench->ceilings.copy = 2.0 * COPY_BYTES / row->seconds;
        row->rate = 1e-9 * bench->ceilings.copy;
        snprintf(row->unit, sizeof row->unit, "GB/s");
        snprintf(row->what, sizeof row->what, "copy 256 MiB, bytes read and written");
    }
    vly_free(c.from);
    vly_free(c.to);
    return status;
}

typedef struct multiplying {
    vly_device *device;
    vly_buffer sink;
    int64_t flops;
} multiplying;

static vly_status multiply_all(void *self)
{
    multiplying *m = self;
    return m->device->kernels->multiply_add(m->device->queue, FMA_ITEMS, FMA_ROUNDS, m->sink.data, &m->flops);
}

static vly_status measure_fma(vly_benching *bench)
{
    multiplying m = {.device = bench->device};
    vly_bench_row *row;
    vly_status status = vly_buffer_create(&m.sink, bench->device, FMA_ITEMS * (int64_t)sizeof(float), "results");
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
    VLY_TRY(measure_copy(bench));
    return measure_fma(bench);
}
