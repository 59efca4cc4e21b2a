/* The kernels that sizes of phases come from, on a smooth random medium: features of about 16 voxels, half of it pore. */
#include "study/bench_impl.h"

#include "core/memory.h"
#include "morphology/cover_table.h"

enum { PITCH = 16 };

typedef struct measuring {
    vly_benching *bench;
    vly_metric metric;
    int32_t farthest;
    vly_buffer distance2, width2, out, inside, most, changed, scratch;
} measuring;

/* ---- the medium: random nodes, linear between them, cut at their median ---- */

static double node(int64_t x, int64_t y, int64_t z)
{
    return (double)(vly_hash((uint64_t)((z << 40) + (y << 20) + x), 7) >> 11) * 0x1p-53;
}

static double between(double a, double b, int32_t at)
{
    return a + (b - a) * ((at % PITCH + 0.5) / PITCH);
}

static vly_status make_row(void *self, int64_t row, int32_t worker)
{
    const vly_benching *bench = self;
    vly_extent e = bench->region.data;
    int32_t y = (int32_t)(row % e.ny), z = (int32_t)(row / e.ny);
    (void)worker;
    for (int32_t x = 0; x < e.nx; x++) {
        double corner[2][2];
        for (int k = 0; k < 2; k++)
            for (int j = 0; j < 2; j++)
                corner[k][j] = between(node(x / PITCH, y / PITCH + j, z / PITCH + k),
                                       node(x / PITCH + 1, y / PITCH + j, z / PITCH + k), x);
        double value = between(between(corner[0][0], corner[0][1], y), between(corner[1][0], corner[1][1], y), z);
        bench->host_label[row * e.nx + x] = value < 0.5 ? VLY_PORE : VLY_AM;
    }
    return VLY_OK;
}

static vly_status make_medium(vly_benching *bench)
{
    vly_extent e = bench->region.data;
    VLY_TRY(vly_pool_run(bench->device->pool, (int64_t)e.ny * e.nz, make_row, bench));
    return bench->device->unified ? VLY_OK : vly_buffer_upload(&bench->label, bench->host_label, bench->label.bytes);
}

/* ---- what is timed ---- */

static vly_status distance(void *self)
{
    measuring *m = self;
    vly_device *d = m->bench->device;
    return d->kernels->distance(d->queue, m->bench->label.data, m->bench->region.data, &m->metric, 1u << VLY_PORE, 0,
                                m->distance2.data, m->most.data, m->scratch.data);
}

static vly_status cover(measuring *m, const vly_buffer *value)
{
    vly_device *d = m->bench->device;
    return d->kernels->cover(d->queue, m->distance2.data, value->data, m->bench->region.data, &m->metric,
                             m->inside.data, m->farthest + 1, m->out.data, m->scratch.data);
}

static vly_status thickness(void *self)
{
    measuring *m = self;
    VLY_TRY(distance(self));
    return cover(m, &m->distance2);
}

static vly_status intrusion(void *self)
{
    measuring *m = self;
    vly_device *d = m->bench->device;
    uint64_t before = 0, now = 0;
    VLY_TRY(distance(self));
    VLY_TRY(vly_buffer_clear(&m->changed));
    for (int32_t round = 0; round == 0 || now != before; round++) {
        before = now;
        VLY_TRY(d->kernels->bottleneck(d->queue, m->distance2.data, m->bench->region.data, 1u << 4, m->farthest + 1,
                                       round, m->width2.data, m->changed.data, m->scratch.data));
        VLY_TRY(vly_buffer_download(&m->changed, &now, sizeof now));
    }
    return cover(m, &m->width2);
}

/* ---- */

static int64_t scratch_bytes(const vly_device *d, vly_extent e, int32_t levels)
{
    int64_t bytes = d->kernels->distance_scratch_bytes(d->queue, e);
    int64_t painting = d->kernels->cover_scratch_bytes(d->queue, e, levels);
    int64_t flood = d->kernels->bottleneck_scratch_bytes(d->queue, e, levels);
    bytes = painting > bytes ? painting : bytes;
    return flood > bytes ? flood : bytes;
}

static vly_status reserve(measuring *m)
{
    vly_device *d = m->bench->device;
    vly_extent e = m->bench->region.data;
    int64_t map = vly_extent_voxels(e) * (int64_t)sizeof(int32_t);
    VLY_TRY(vly_buffer_create(&m->distance2, d, map, "distances"));
    VLY_TRY(vly_buffer_create(&m->width2, d, map, "widths"));
    VLY_TRY(vly_buffer_create(&m->out, d, map, "sizes"));
    VLY_TRY(vly_buffer_create(&m->most, d, sizeof m->farthest, "largest distance"));
    VLY_TRY(vly_buffer_create(&m->changed, d, sizeof(uint64_t), "changes"));
    /* no distance in a cube is longer than its diagonal */
    return vly_buffer_create(&m->scratch, d, scratch_bytes(d, e, 3 * e.nx * e.nx + 1), "scratch");
}

static vly_status look_up(measuring *m)
{
    int32_t *table;
    VLY_TRY(distance(m));
    VLY_TRY(vly_buffer_download(&m->most, &m->farthest, sizeof m->farthest));
    VLY_TRY(vly_cover_table(&table, &m->metric, m->bench->region.data, m->farthest + 1));
    int64_t bytes = VLY_COVER_CLASSES * ((int64_t)m->farthest + 1) * (int64_t)sizeof *table;
    vly_status status = vly_buffer_reserve(&m->inside, m->bench->device, bytes, "table of balls");
    if (status == VLY_OK) status = vly_buffer_upload(&m->inside, table, bytes);
    vly_free(table);
    return status;
}

static void free_all(measuring *m)
{
    vly_buffer *const all[] = {&m->distance2, &m->width2, &m->out, &m->inside, &m->most, &m->changed, &m->scratch};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) vly_buffer_free(all[i]);
}

/* bytes: what a voxel has to be read and written at least. */
static vly_status time_one(vly_benching *bench, const char *stage, vly_status (*work)(void *self), int32_t bytes,
                           const char *what, const char *reason)
{
    measuring m = {.bench = bench, .metric = {1, 1, 1}};
    vly_bench_row *row;
    vly_status status = make_medium(bench);
    if (status == VLY_OK) status = reserve(&m);
    if (status == VLY_OK) status = look_up(&m);
    if (status == VLY_OK) status = vly_bench_time(bench, &row, stage, work, &m);
    if (status == VLY_OK)
        vly_bench_rate(bench, row, bytes * (double)vly_extent_voxels(bench->region.data) / bench->ceilings.copy, what,
                       reason);
    free_all(&m);
    return status;
}

vly_status vly_bench_distance(vly_benching *bench)
{
    return time_one(bench, "distance", distance, 5, "squared distances, exact", "5 bytes a voxel at copy speed");
}

vly_status vly_bench_cover(vly_benching *bench)
{
    return time_one(bench, "cover", thickness, 13, "local thickness from labels, exact",
                    "13 bytes a voxel at copy speed");
}

vly_status vly_bench_intrusion(vly_benching *bench)
{
    return time_one(bench, "intrusion", intrusion, 25, "mercury intrusion from labels, all radii",
                    "25 bytes a voxel at copy speed");
}
