/* Effective transport: one smoothing step on the voxels, which is most of the work, and a whole direction. */
#include "study/bench_impl.h"

#include "core/memory.h"
#include "transport/grid.h"

#include <math.h>
#include <stdio.h>

/* Bytes a conducting voxel must move, each array once. */
enum {
    PLACE_BYTES = 14, /* what it is, and where four of its neighbours are */
    RELAX_BYTES = PLACE_BYTES + 4 + 8 + 8 + 4,
    START_BYTES = PLACE_BYTES + 4 + 4,
    /* of an iteration: start, six relaxations, to the coarse level and back, sum, products, advance, balance */
    STEP_BYTES = START_BYTES + 6 * RELAX_BYTES - 4 + 8 + 8 + 12 + PLACE_BYTES + 16 + 28 + PLACE_BYTES + 12
};

static const vly_transport_options wanted = {.coefficient = {[VLY_PORE] = 1.0, [VLY_CBD] = 0.12},
                                             .directions[VLY_Z] = true,
                                             .tolerance = 1e-4,
                                             .iterations = 500};

typedef struct carrying {
    vly_benching *bench;
    uint8_t *label;
    vly_image image;
    vly_multigrid mg;
    double unknowns, solving; /* voxels that take part; seconds of the last solution */
    int32_t iterations;
} carrying;

/* Pore and CBD in blocks, together above the percolation threshold, of the test volume's grey values. */
static void make_labels(carrying *c)
{
    for (int64_t i = 0; i < vly_extent_voxels(c->bench->region.data); i++) {
        uint16_t grey = c->bench->host_grey[i];
        c->label[i] = grey < 15500 ? VLY_PORE : grey < 30000 ? VLY_CBD : VLY_AM;
    }
}

static vly_status prepare(carrying *c)
{
    vly_device *device = c->bench->device;
    vly_grid grid = {.extent = c->bench->region.data, .label = c->label, .scale = 1.0, .axis = VLY_Z};
    vly_grid_runs runs;
    for (int v = 0; v < 256; v++) grid.value[v] = wanted.coefficient[v];
    for (int a = 0; a < VLY_AXES; a++) grid.spacing[a] = 1.0;
    vly_status status = vly_grid_runs_create(&runs, device, &grid);
    if (status == VLY_OK) {
        c->unknowns = (double)runs.unknowns;
        status = vly_image_create(&c->image, device, &grid, &runs);
    }
    vly_grid_runs_free(&runs);
    if (status != VLY_OK) return status;
    return vly_multigrid_create(&c->mg, device, &c->image.matrix, c->image.place, NULL);
}

static vly_status relax(void *self)
{
    carrying *c = self;
    vly_level *l = &c->mg.level[0];
    vly_device *device = c->bench->device;
    return device->kernels->relax(device->queue, &l->matrix.device, l->step, l->residual, l->solution, false, 0.1f,
                                  0.5f, l->next);
}

static vly_status time_relax(carrying *c)
{
    vly_bench_row *row;
    vly_status status = prepare(c);
    if (status == VLY_OK) status = vly_bench_time(c->bench, &row, "transport", relax, c);
    if (status == VLY_OK)
        vly_bench_rate(c->bench, row, c->unknowns * RELAX_BYTES / c->bench->ceilings.copy,
                       "one relaxation of all voxels", "38 bytes a conducting voxel at copy speed");
    vly_multigrid_free(&c->mg);
    vly_image_free(&c->image);
    return status;
}

static vly_status solve(void *self)
{
    carrying *c = self;
    vly_transport_result result;
    vly_source *source;
    VLY_TRY(vly_source_memory(&source, c->label, VLY_U8, c->bench->region.data, NULL));
    vly_status status = vly_transport(&result, c->bench->device, source, &wanted);
    c->iterations = status == VLY_OK ? result.axis[VLY_Z].iterations : 0;
    if (status == VLY_OK) vly_transport_result_free(&result);
    vly_source_close(source);
    return status;
}

vly_status vly_bench_transport(vly_benching *bench)
{
    carrying c = {.bench = bench, .mg = {.levels = 0}};
    vly_bench_row *row;
    char what[80];
    VLY_TRY(vly_alloc_raw((void **)&c.label, vly_extent_voxels(bench->region.data), 1, "labels"));
    make_labels(&c);
    vly_status status = time_relax(&c);
    if (status == VLY_OK) status = vly_bench_time(bench, &row, "transport", solve, &c);
    if (status == VLY_OK) {
        snprintf(what, sizeof what, "one direction, bounds 1e-4 apart: %d iterations", c.iterations);
        vly_bench_rate(bench, row, c.iterations * c.unknowns * STEP_BYTES / bench->ceilings.copy, what,
                       "the voxels' level alone at copy speed");
    }
    vly_free(c.label);
    return status;
}
