/* The stages of segmentation on a resident volume: kernels alone, no files. */
#include "study/bench_impl.h"

#include <stdio.h>

/* ---- histogram: every grey value read once ---- */

typedef struct counting {
    vly_benching *bench;
    vly_buffer bins, scratch;
} counting;

static vly_status count(void *self)
{
    counting *c = self;
    const vly_benching *b = c->bench;
    return b->device->kernels->histogram(b->device->queue, b->grey.data, &b->region, NULL, c->bins.data,
                                         c->scratch.data);
}

vly_status vly_bench_histogram(vly_benching *bench)
{
    counting c = {.bench = bench};
    vly_bench_row *row;
    vly_device *device = bench->device;
    vly_status status = vly_buffer_create(&c.bins, device, 65536 * (int64_t)sizeof(uint64_t), "histogram");
    if (status == VLY_OK)
        status =
            vly_buffer_create(&c.scratch, device, device->kernels->histogram_scratch_bytes(device->queue), "tables");
    if (status == VLY_OK) status = vly_bench_time(bench, &row, "histogram", count, &c);
    if (status == VLY_OK)
        vly_bench_rate(bench, row, (double)bench->grey.bytes / bench->ceilings.copy, "65 536 exact counts",
                       "2 bytes a voxel at copy speed");
    vly_buffer_free(&c.bins);
    vly_buffer_free(&c.scratch);
    return status;
}

/* ---- labels: a grey value in, a label out ---- */

typedef struct labelling {
    vly_benching *bench;
    vly_buffer counts;
} labelling;

static vly_status label(void *self)
{
    labelling *l = self;
    const vly_benching *b = l->bench;
    const vly_label_cuts cuts = {{{.grey = 12000, .key = UINT64_MAX / 3}, {.grey = 24000, .key = UINT64_MAX / 2}}};
    return b->device->kernels->label(b->device->queue, b->grey.data, &b->region, NULL, 1, &cuts, b->label.data,
                                     l->counts.data);
}

vly_status vly_bench_label(vly_benching *bench)
{
    labelling l = {.bench = bench};
    vly_bench_row *row;
    VLY_TRY(vly_buffer_create(&l.counts, bench->device, VLY_PHASES * (int64_t)sizeof(uint64_t), "counts"));
    vly_status status = vly_bench_time(bench, &row, "label", label, &l);
    if (status == VLY_OK)
        vly_bench_rate(bench, row, (double)(bench->grey.bytes + bench->label.bytes) / bench->ceilings.copy,
                       "two cuts with ties, counts", "3 bytes a voxel at copy speed");
    vly_buffer_free(&l.counts);
    return status;
}

/* ---- k-means: one Lloyd pass, features made on the way ---- */

/* Per voxel, phase and feature a subtraction, a multiplication and a fused multiply-add: each takes the place of one fused
 * multiply-add, 2 flop. */
enum { KMEANS_INSTRUCTIONS = 3 * VLY_SHELL_FEATURES * VLY_PHASES };

typedef struct assigning {
    vly_benching *bench;
    vly_kmeans_model model;
    vly_buffer tally;
    bool fresh;
} assigning;

static vly_status assign(void *self)
{
    assigning *a = self;
    const vly_benching *b = a->bench;
    return b->device->kernels->kmeans_assign(b->device->queue, b->grey.data, &b->region, NULL, &a->model, a->fresh,
                                             b->label.data, a->tally.data);
}

vly_status vly_bench_kmeans(vly_benching *bench)
{
    static const float level[VLY_PHASES] = {12000.0f, 44000.0f, 18000.0f};
    assigning a = {.bench = bench, .model = {.w = {1.0f, 1.1f, 0.9f}}};
    vly_bench_row *row;
    for (int m = 0; m < VLY_SHELL_FEATURES; m++) {
        a.model.x[m] = 1.0f + 0.01f * (float)m;
        for (int l = 0; l < VLY_PHASES; l++) a.model.mu[l][m] = level[l];
    }
    VLY_TRY(vly_buffer_create(&a.tally, bench->device, sizeof(vly_kmeans_tally), "tally"));
    double bound = 2.0 * KMEANS_INSTRUCTIONS * (double)vly_extent_voxels(bench->region.data) / bench->ceilings.fma;
    vly_status status = VLY_OK;
    for (int pass = 0; pass < 2 && status == VLY_OK; pass++) {
        a.fresh = pass == 0;
        status = vly_bench_time(bench, &row, "kmeans", assign, &a);
        if (status == VLY_OK)
            vly_bench_rate(bench, row, bound,
                           a.fresh ? "first pass: 27 sorted features, assign, sum all"
                                   : "later pass: 27 sorted features, assign, sum changes",
                           "243 vector instructions a voxel at multiply-add rate");
    }
    vly_buffer_free(&a.tally);
    return status;
}
