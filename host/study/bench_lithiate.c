/* The half cell: some steps of a small one, a lattice of spheres with binder around them, and of a tiny one where the test
 * volume is small. Counts of iterations stand beside the seconds, since they are what a better solver changes. */
#include "study/bench_impl.h"

#include "voxelyte/cell.h"

#include <math.h>
#include <stdio.h>

enum { PERIOD = 10, VOXELS_MOST = 20 * 20 * 30, SMALL = 64 };

static const struct {
    int32_t width, depth, separator, steps;
} sizes[] = {{20, 30, 16, 5}, {5, 10, 4, 1}};

/* Bytes an unknown must move in a Krylov iteration: 13 entries of a matrix's row at 12 bytes, two vectors of the basis read
 * and one written, and the hierarchy in single precision, 1.7 times its finest level of 7 entries at 8 bytes. */
static const double ITERATION_BYTES = 13 * 12 + 24 + 1.7 * 7 * 8;

typedef struct driving {
    vly_benching *bench;
    uint8_t label[VOXELS_MOST];
    int size; /* of sizes */
    vly_cell *cell;
    vly_lithiate_options options;
    int64_t steps, newton, krylov; /* of the last run */
} driving;

/* Spheres of radius 5.24 that touch, a shell of binder, pore. */
static void make_labels(driving *d)
{
    const int32_t width = sizes[d->size].width;
    for (int32_t i = 0; i < width * width * sizes[d->size].depth; i++) {
        const int32_t at[3] = {i % width, i / width % width, i / width / width};
        double square = 0.0;
        for (int a = 0; a < 3; a++) {
            const double from = fabs((double)(at[a] % PERIOD) + 0.5 - 0.5 * PERIOD);
            square += from * from;
        }
        d->label[i] = square <= 5.24 * 5.24 ? VLY_AM : square <= 36.0 ? VLY_CBD : VLY_PORE;
    }
}

static vly_status prepare(driving *d)
{
    const vly_voxel_size size = {0.642e-6, 0.642e-6, 0.642e-6, VLY_SIZE_GIVEN, "bench"};
    vly_cell_options options = VLY_CELL_OPTIONS_INIT;
    const vly_extent extent = {sizes[d->size].width, sizes[d->size].width, sizes[d->size].depth};
    vly_source *labels;
    options.separator_layers = sizes[d->size].separator;
    make_labels(d);
    VLY_TRY(vly_source_memory(&labels, d->label, VLY_U8, extent, &size));
    vly_status status = vly_cell_create(&d->cell, d->bench->device, labels, &options);
    vly_source_close(labels);
    d->options = VLY_LITHIATE_OPTIONS_INIT;
    d->options.current = 20.0;
    d->options.fixed = 10.0;
    d->options.most = d->options.current * d->options.fixed * sizes[d->size].steps;
    return status;
}

static vly_status drive(void *self)
{
    driving *d = self;
    vly_lithiate_result result;
    VLY_TRY(vly_lithiate(&result, d->cell, &d->options));
    d->steps = result.count - 1;
    d->newton = result.newton;
    d->krylov = result.krylov;
    vly_lithiate_result_free(&result);
    return VLY_OK;
}

vly_status vly_bench_lithiate(vly_benching *bench)
{
    driving d = {.bench = bench, .size = bench->options->side < SMALL};
    vly_bench_row *row;
    vly_status status = prepare(&d);
    if (status == VLY_OK) status = vly_bench_time(bench, &row, "lithiate", drive, &d);
    if (status == VLY_OK) {
        const double unknowns = (double)vly_cell_found(d.cell)->unknowns;
        row->voxels = (int64_t)unknowns * d.steps;
        row->rate = 1e-6 * (double)row->voxels / row->seconds;
        row->bound =
            1e-6 * (double)row->voxels * bench->ceilings.copy / ((double)d.krylov * unknowns * ITERATION_BYTES);
        snprintf(row->unit, sizeof row->unit, "Munknown/s");
        snprintf(row->what, sizeof row->what, "%.0f unknowns, %lld steps of %.3g s: %lld Newton, %lld Krylov", unknowns,
                 (long long)d.steps, row->seconds / (double)d.steps, (long long)d.newton, (long long)d.krylov);
        snprintf(row->reason, sizeof row->reason, "matrix, basis and hierarchy once an iteration at copy speed");
    }
    vly_cell_free(d.cell);
    return status;
}
