/* The network over a region, once: everything after that is sorting. (It costs 64 kflop a voxel, so that keeping its answer
 * is cheaper than asking again in every pass.) */
#include "core/memory.h"
#include "core/pipeline.h"
#include "segment/mlp_field.h"
#include "segment/mlp_impl.h"
#include "segment/paths.h"

#include <math.h>

enum { VOXEL_BYTES = VLY_MLP_FIELD_BYTES };

typedef struct work {
    vly_mlp_field *field;
    vly_mlp_net net;
    vly_buffer weights, logit; /* logit: of a slab */
    float *host;               /* the same, for devices with memory of their own */
} work;

static vly_status run_slab(void *self, vly_device *device, const vly_slab *slab)
{
    work *w = self;
    int64_t voxels = vly_extent_voxels(vly_box_extent(slab->region.inner));
    VLY_TRY(device->kernels->mlp(device->queue, slab->grey, &slab->region, slab->mask, &w->net, w->logit.data));
    VLY_TRY(vly_device_wait(device));
    if (w->host) VLY_TRY(vly_buffer_download(&w->logit, w->host, voxels * VOXEL_BYTES));
    return vly_mlp_field_put(w->field, w->host ? w->host : w->logit.data, slab->region.first, voxels);
}

static bool within(double size, double expected)
{
    return fabs(size / expected - 1.0) <= 0.01;
}

/* Whether the neighbourhood is taken from every second voxel (spec 7.6). */
static vly_status choose_scale(bool *atrous, const vly_volume_info *info, const vly_mlp *mlp, vly_mlp_scale scale)
{
    const vly_voxel_size *size = &info->voxel_size;
    *atrous = scale == VLY_MLP_ATROUS;
    if (scale != VLY_MLP_AUTO) return VLY_OK;
    VLY_TRY(vly_voxel_size_require(info));
    *atrous = within(2.0 * size->x, mlp->voxel_size);
    double expected = *atrous ? 0.5 * mlp->voxel_size : mlp->voxel_size;
    if (within(size->x, expected) && within(size->y, expected) && within(size->z, expected)) return VLY_OK;
    return vly_fail(VLY_EDATA,
                    "%s: voxels of %.4g x %.4g x %.4g um, the model was trained on %.4g um: those or half as large "
                    "expected, or --nn-scale native (E_SCALE)",
                    info->path, size->x * 1e6, size->y * 1e6, size->z * 1e6, mlp->voxel_size * 1e6);
}

vly_pipeline_options vly_mlp_path(const vly_region_options *region, bool atrous)
{
    enum { TABLES = 16 << 20 };
    return (vly_pipeline_options){
        .region = *region, .halo = vly_mlp_halo(atrous), .reserve = TABLES, .beside = VOXEL_BYTES};
}

static vly_status open_work(work *w, vly_device *device, const vly_mlp *mlp, const vly_plan *plan)
{
    int64_t bytes = (int64_t)plan->window.nx * plan->window.ny * plan->slab_pages * VOXEL_BYTES;
    VLY_TRY(vly_buffer_create(&w->weights, device, sizeof mlp->weights, "weights"));
    VLY_TRY(vly_buffer_upload(&w->weights, mlp->weights, sizeof mlp->weights));
    VLY_TRY(vly_buffer_reserve(&w->logit, device, bytes, "outputs of the network"));
    if (!device->unified) VLY_TRY(vly_alloc_raw((void **)&w->host, bytes, 1, "outputs of the network"));
    w->net.weights = w->weights.data;
    w->net.mean = mlp->mean;
    w->net.scale = 1.0f / mlp->sd;
    w->net.activation = mlp->activation;
    return VLY_OK;
}

vly_status vly_mlp_apply(vly_mlp_field **out, vly_device *device, vly_source *grey, const vly_mlp *mlp,
                         const vly_mlp_apply_options *options)
{
    const vly_volume_info *info = vly_source_info(grey);
    vly_pipeline *pipeline;
    work w = {.field = NULL};
    const vly_stage stage = {"network", run_slab, &w};
    *out = NULL;
    VLY_TRY(choose_scale(&w.net.atrous, info, mlp, options->scale));
    vly_pipeline_options path = vly_mlp_path(&options->region, w.net.atrous);
    VLY_TRY(vly_pipeline_open(&pipeline, device, grey, &path));
    const vly_plan *plan = vly_pipeline_plan(pipeline);
    vly_status status = vly_mlp_field_open(&w.field, device, plan->window, options->region.scratch);
    if (status == VLY_OK) status = open_work(&w, device, mlp, plan);
    if (status == VLY_OK) status = vly_pipeline_pass(pipeline, "network", &stage, 1, NULL);
    if (status == VLY_OK) status = vly_mlp_field_summarise(w.field, info->path);
    if (status == VLY_OK) w.field->summary.atrous = w.net.atrous;
    vly_buffer_free(&w.weights);
    vly_buffer_free(&w.logit);
    vly_free(w.host);
    vly_pipeline_close(pipeline);
    if (status == VLY_OK)
        *out = w.field;
    else
        vly_mlp_field_free(w.field);
    return status;
}
