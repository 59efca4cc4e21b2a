/* The descriptors of a labelled window, from labels in memory to numbers: what a caller of the library waits for. */
#include "study/bench_impl.h"

#include "voxelyte/geodesic.h"
#include "voxelyte/two_point.h"

#include <math.h>

enum { REACH = 31 }; /* 20 um at the voxels of the paper */

/* ---- labels: the three levels of the test volume ---- */

static vly_status label_row(void *self, int64_t row, int32_t worker)
{
    const vly_benching *b = self;
    int32_t nx = b->region.data.nx;
    (void)worker;
    for (int64_t i = row * nx; i < (row + 1) * nx; i++)
        b->host_label[i] = b->host_grey[i] < 15000 ? VLY_PORE : b->host_grey[i] < 30000 ? VLY_CBD : VLY_AM;
    return VLY_OK;
}

static vly_status make_labels(vly_benching *bench, vly_source **out)
{
    vly_extent e = bench->region.data;
    VLY_TRY(vly_pool_run(bench->device->pool, (int64_t)e.ny * e.nz, label_row, bench));
    return vly_source_memory(out, bench->host_label, VLY_U8, e, NULL);
}

typedef struct describing {
    vly_benching *bench;
    vly_source *labels;
} describing;

/* ---- two-point functions ---- */

static vly_status correlate(void *self)
{
    const describing *d = self;
    vly_two_point_options options = {.reach = REACH};
    vly_two_point_result result;
    VLY_TRY(vly_two_point(&result, d->bench->device, d->labels, &options));
    vly_two_point_free(&result);
    return VLY_OK;
}

/* Flop of the transforms that a volume of side n needs: those of complex length m take 5 m log2 m. */
static double transform_flop(double n)
{
    double reach = fmin(REACH, floor(n / 2)), m = n + reach, half = m / 2 + 1, lags = 2 * reach + 1;
    double count = 1.5 * n * n + 3 * half * n + 9 * half * m + 6 * half * lags + 3 * lags * lags;
    return count * 5 * m * log2(m);
}

vly_status vly_bench_two_point(vly_benching *bench)
{
    describing d = {.bench = bench};
    vly_bench_row *row;
    VLY_TRY(make_labels(bench, &d.labels));
    vly_status status = vly_bench_time(bench, &row, "two-point", correlate, &d);
    if (status == VLY_OK)
        vly_bench_rate(bench, row, transform_flop(bench->region.data.nx) / (bench->ceilings.fma / 2),
                       "six pairs, lags up to 31 voxels, exact counts",
                       "transforms at double-precision multiply-add rate");
    vly_source_close(d.labels);
    return status;
}

/* ---- shortest paths ---- */

static vly_status find_paths(void *self)
{
    const describing *d = self;
    vly_geodesic_options options = {.phases = 1u << VLY_AM, .axis = 2};
    vly_geodesic_result result;
    VLY_TRY(vly_geodesic(&result, d->bench->device, d->labels, &options));
    vly_geodesic_free(&result);
    return VLY_OK;
}

vly_status vly_bench_geodesic(vly_benching *bench)
{
    describing d = {.bench = bench};
    vly_bench_row *row;
    VLY_TRY(make_labels(bench, &d.labels));
    vly_status status = vly_bench_time(bench, &row, "geodesic", find_paths, &d);
    if (status == VLY_OK)
        vly_bench_rate(bench, row, 13.0 * (double)bench->label.bytes / bench->ceilings.copy,
                       "shortest paths in 60 % of the voxels",
                       "13 bytes a voxel at copy speed: label, distance three times");
    vly_source_close(d.labels);
    return status;
}
