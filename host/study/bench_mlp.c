/* The network on a few pages of a resident volume: it is a thousand times dearer a voxel than anything else. */
#include "study/bench_impl.h"

#include "core/memory.h"

enum { VOXELS = 1 << 20 };

typedef struct telling {
    vly_benching *bench;
    vly_region region;
    vly_mlp_net net;
    vly_buffer weights, logit;
} telling;

static vly_status tell(void *self)
{
    telling *t = self;
    const vly_benching *b = t->bench;
    return b->device->kernels->mlp(b->device->queue, b->grey.data, &t->region, NULL, &t->net, t->logit.data);
}

static vly_status open_telling(telling *t)
{
    float *weights;
    const int64_t bytes = VLY_MLP_VALUES * (int64_t)sizeof *weights;
    VLY_TRY(VLY_NEW(&weights, VLY_MLP_VALUES, "weights"));
    for (int i = 0; i < VLY_MLP_VALUES; i++)
        weights[i] = 0.2f * ((float)(vly_hash((uint64_t)i, 1) >> 40) * 0x1p-24f - 0.5f);
    vly_status status = vly_buffer_create(&t->weights, t->bench->device, bytes, "weights");
    if (status == VLY_OK) status = vly_buffer_upload(&t->weights, weights, bytes);
    vly_free(weights);
    if (status == VLY_OK)
        status = vly_buffer_create(&t->logit, t->bench->device,
                                   2 * (int64_t)sizeof(float) * vly_extent_voxels(vly_box_extent(t->region.inner)),
                                   "outputs of the network");
    t->net = (vly_mlp_net){.weights = t->weights.data, .mean = 28000.0f, .scale = 1.0f / 12000.0f};
    return status;
}

vly_status vly_bench_mlp(vly_benching *bench)
{
    telling t = {.bench = bench, .region = bench->region};
    const vly_extent e = bench->region.data;
    int32_t pages = (int32_t)(VOXELS / ((int64_t)e.nx * e.ny));
    t.region.inner.z1 = pages < 1 ? 1 : pages < e.nz ? pages : e.nz;
    vly_benching part = *bench; /* the rate is that of these pages */
    part.region.data.nz = t.region.inner.z1;
    vly_bench_row *row;
    vly_status status = open_telling(&t);
    if (status == VLY_OK) status = vly_bench_time(bench, &row, "mlp", tell, &t);
    if (status == VLY_OK)
        vly_bench_rate(&part, row,
                       2.0 * VLY_MLP_VALUES * (double)vly_extent_voxels(part.region.data) / bench->ceilings.fma,
                       "125-75x5-3 in fp32, in fixed order", "64 kflop a voxel at multiply-add rate");
    vly_buffer_free(&t.weights);
    vly_buffer_free(&t.logit);
    return status;
}
