/* Impedance: 26 frequencies over five decades, of pores that block against active material; of a few channels where the test
 * volume is small. */
#include "study/bench_impl.h"

#include "core/memory.h"
#include "voxelyte/impedance.h"

#include <stdio.h>

enum {
    SMALL = 64, /* voxels a side, below which there are CHANNELS^3 voxels of channels */
    CHANNELS = 6,
    FREQUENCIES = 26,
    /* Bytes that an unknown must move each time its row is visited: five couplings, where they begin, and the vectors. */
    ROW_BYTES = 5 * 8 + 4 + 4 + 16,
    ROW_VISITS = 9 /* of an iteration: six relaxations and the start of each half, products, balance in double */
};

typedef struct blocking {
    vly_benching *bench;
    vly_extent extent;
    uint8_t *label;
    double unknowns, bytes;
    int32_t solves, iterations;
} blocking;

static vly_status measure(void *self)
{
    blocking *b = self;
    const vly_voxel_size size = {0.642e-6, 0.642e-6, 0.642e-6, VLY_SIZE_GIVEN, "bench"};
    vly_impedance_options options = VLY_IMPEDANCE_OPTIONS_INIT;
    vly_impedance_result result;
    vly_source *source;
    options.cell.trim = false;
    options.cell.area = VLY_AREA_RAW;
    options.bare = options.equipotential = true;
    options.highest = 1e5;
    options.lowest = 1.0;
    options.per_decade = 5;
    VLY_TRY(vly_source_memory(&source, b->label, VLY_U8, b->extent, &size));
    vly_status status = vly_impedance(&result, b->bench->device, source, &options);
    vly_source_close(source);
    if (status != VLY_OK) return status;
    b->unknowns = (double)result.unknowns;
    b->bytes = result.bytes;
    b->solves = result.solves;
    b->iterations = result.iterations;
    vly_impedance_result_free(&result);
    return VLY_OK;
}

/* Pore and CBD in blocks, together above the percolation threshold, of the test volume's grey values. */
static void make_labels(blocking *b, bool small)
{
    for (int64_t i = 0; i < vly_extent_voxels(b->extent); i++) {
        const bool pore =
            small ? i % CHANNELS % 4 < 2 && i / CHANNELS % CHANNELS % 4 < 2 : b->bench->host_grey[i] < 30000;
        b->label[i] = pore ? VLY_PORE : VLY_AM;
    }
}

vly_status vly_bench_impedance(vly_benching *bench)
{
    const bool small = bench->options->side < SMALL;
    const vly_extent all = bench->region.data, few = {CHANNELS, CHANNELS, CHANNELS};
    blocking b = {.bench = bench, .extent = small ? few : all};
    vly_bench_row *row;
    VLY_TRY(vly_alloc_raw((void **)&b.label, vly_extent_voxels(b.extent), 1, "labels"));
    make_labels(&b, small);
    vly_status status = vly_bench_time(bench, &row, "impedance", measure, &b);
    if (status == VLY_OK) {
        const double part = (double)vly_extent_voxels(b.extent) / (double)vly_extent_voxels(all);
        char what[80];
        snprintf(what, sizeof what, "%d frequencies: %d solutions, %d cycles, %.0f bytes an unknown", FREQUENCIES,
                 b.solves, b.iterations, b.bytes);
        vly_bench_rate(bench, row, b.iterations * b.unknowns * ROW_VISITS * ROW_BYTES / bench->ceilings.copy, what,
                       "cycles' finest level at copy speed");
        row->voxels = vly_extent_voxels(b.extent);
        row->rate *= part;
        row->bound *= part;
    }
    vly_free(b.label);
    return status;
}
