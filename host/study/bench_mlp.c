/* The network on a few pages of a resident volume: it is a thousand times dearer a voxel than anything else. */
#include "study/bench_impl.h"

#include "core/memory.h"
#include "segment/mlp_impl.h"

#include <stdio.h>

enum { VOXELS = 1 << 20 };

typedef struct telling {
    vly_benching *bench;
    vly_region region;
    vly_mlp_net net;
    vly_buffer weights, fixed, logit;
} telling;

static vly_status tell(void *self)
{
    telling *t = self;
    const vly_benching *b = t->bench;
    return b->device->kernels->mlp(b->device->queue, b->grey.data, &t->region, NULL, &t->net, t->logit.data);
}

static vly_status tell_fast(void *self)
{
    telling *t = self;
    const vly_benching *b = t->bench;
    return b->device->kernels->mlp_fixed(b->device->queue, b->grey.data, &t->region, NULL, &t->net, t->logit.data);
}

static vly_status upload_weights(telling *t, float *weights, vly_mlp_fixed *fixed)
{
    const int64_t bytes = VLY_MLP_VALUES * (int64_t)sizeof *weights;
    for (int i = 0; i < VLY_MLP_VALUES; i++)
        weights[i] = 0.2f * ((float)(vly_hash((uint64_t)i, 1) >> 40) * 0x1p-24f - 0.5f);
    vly_mlp_fix(fixed, weights);
    VLY_TRY(vly_buffer_create(&t->weights, t->bench->device, bytes, "weights"));
    VLY_TRY(vly_buffer_upload(&t->weights, weights, bytes));
    VLY_TRY(vly_buffer_create(&t->fixed, t->bench->device, sizeof *fixed, "weights"));
    return vly_buffer_upload(&t->fixed, fixed, sizeof *fixed);
}

static vly_status open_telling(telling *t)
{
    float *weights = NULL;
    vly_mlp_fixed *fixed = NULL;
    vly_status status = VLY_NEW(&weights, VLY_MLP_VALUES, "weights");
    if (status == VLY_OK) status = VLY_NEW(&fixed, 1, "weights");
    if (status == VLY_OK) status = upload_weights(t, weights, fixed);
    vly_free(weights);
    vly_free(fixed);
    if (status == VLY_OK)
        status = vly_buffer_create(&t->logit, t->bench->device,
                                   2 * (int64_t)sizeof(float) * vly_extent_voxels(vly_box_extent(t->region.inner)),
                                   "outputs of the network");
    t->net =
        (vly_mlp_net){.weights = t->weights.data, .fixed = t->fixed.data, .mean = 28000.0f, .scale = 1.0f / 12000.0f};
    return status;
}

static vly_status time_network(telling *t, vly_status (*work)(void *self), const char *how)
{
    vly_benching part = *t->bench; /* the rate is that of these pages */
    char what[80];
    vly_bench_row *row;
    part.region.data.nz = t->region.inner.z1;
    VLY_TRY(vly_bench_time(t->bench, &row, "mlp", work, t));
    double flops = 2.0 * VLY_MLP_VALUES * (double)vly_extent_voxels(part.region.data);
    snprintf(what, sizeof what, "network %s: %.3g Tflop/s, %.0f %% of the bound", how, 1e-12 * flops / row->seconds,
             100.0 * flops / row->seconds / t->bench->ceilings.fma);
    vly_bench_rate(&part, row, flops / t->bench->ceilings.fma, what, "64 kflop a voxel at fp32 multiply-add rate");
    return VLY_OK;
}

vly_status vly_bench_mlp(vly_benching *bench)
{
    telling t = {.bench = bench, .region = bench->region};
    const vly_extent e = bench->region.data;
    int32_t pages = (int32_t)(VOXELS / ((int64_t)e.nx * e.ny));
    t.region.inner.z1 = pages < 1 ? 1 : pages < e.nz ? pages : e.nz;
    vly_status status = open_telling(&t);
    if (status == VLY_OK) status = time_network(&t, tell, "in fp32");
    if (status == VLY_OK) status = time_network(&t, tell_fast, "fast, int16");
    vly_buffer_free(&t.weights);
    vly_buffer_free(&t.fixed);
    vly_buffer_free(&t.logit);
    return status;
}
