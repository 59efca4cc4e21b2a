/* The network over a region, once: everything after that is sorting. (It costs 64 kflop a voxel, so that keeping its answer
 * is cheaper than asking again in every pass.) Of an ensemble the outputs are averaged, not the probabilities. */
#include "core/memory.h"
#include "core/pipeline.h"
#include "segment/mlp_field.h"
#include "segment/mlp_scan.h"
#include "segment/paths.h"

#include <math.h>
#include <string.h>

enum { VOXEL_BYTES = VLY_MLP_FIELD_BYTES };

typedef struct work {
    vly_device *device;
    vly_mlp_scan *scan;
    vly_mlp_field *field;
    vly_mlp_net net;
    int32_t members;
    int64_t room;              /* voxels of the largest slab */
    vly_buffer weights, logit; /* (members, VLY_MLP_VALUES); (room, 2) per member */
    vly_buffer fixed;          /* (members) vly_mlp_fixed; empty: exact */
    float *host;               /* the latter, for devices with memory of their own */
    float *spread;             /* (room); NULL: not wanted */
    const float *told;         /* (members, room, 2) of the slab at hand, on the host */
    int64_t voxels;
    float *mean; /* (room, 2) of the members; NULL: there is one */
} work;

/* ---- several networks ---- */

/* Mean of the outputs, and the root of the mean variance (over n - 1) of the probabilities. */
static void merge_voxel(const work *w, int64_t voxel)
{
    float sum[2] = {0.0f, 0.0f}, p[VLY_PHASES], mean[VLY_PHASES] = {0.0f}, variance = 0.0f;
    const float n = (float)w->members;
    for (int32_t m = 0; m < w->members; m++) {
        const float *told = w->told + 2 * (m * w->room + voxel);
        sum[0] += told[0];
        sum[1] += told[1];
        if (!w->spread) continue;
        vly_mlp_softmax(p, told[0], told[1]);
        for (int k = 0; k < VLY_PHASES; k++) mean[k] += p[k] / n;
    }
    w->mean[2 * voxel] = sum[0] / n;
    w->mean[2 * voxel + 1] = sum[1] / n;
    for (int32_t m = 0; m < w->members && w->spread; m++) {
        const float *told = w->told + 2 * (m * w->room + voxel);
        vly_mlp_softmax(p, told[0], told[1]);
        for (int k = 0; k < VLY_PHASES; k++)
            variance += (p[k] - mean[k]) * (p[k] - mean[k]) / (VLY_PHASES * (n - 1.0f));
    }
    if (w->spread) w->spread[voxel] = isnan(sum[0]) ? 0.0f : sqrtf(variance);
}

static vly_status merge_piece(void *self, int64_t item, int32_t worker)
{
    const work *w = self;
    int64_t first = item * VLY_MLP_PIECE, last = first + VLY_MLP_PIECE < w->voxels ? first + VLY_MLP_PIECE : w->voxels;
    (void)worker;
    for (int64_t i = first; i < last; i++) merge_voxel(w, i);
    return VLY_OK;
}

/* ---- slabs ---- */

static vly_status run_slab(void *self, vly_device *device, const vly_slab *slab)
{
    work *w = self;
    w->voxels = vly_extent_voxels(vly_box_extent(slab->region.inner));
    for (int32_t m = 0; m < w->members; m++) {
        float *to = (float *)w->logit.data + 2 * m * w->room;
        w->net.weights = (const float *)w->weights.data + (int64_t)m * VLY_MLP_VALUES;
        w->net.fixed = w->fixed.data ? (const vly_mlp_fixed *)w->fixed.data + m : NULL;
        VLY_TRY((w->net.fixed ? device->kernels->mlp_fixed : device->kernels->mlp)(
            device->queue, slab->grey, &slab->region, slab->mask, &w->net, to));
    }
    VLY_TRY(vly_device_wait(device));
    if (w->host) VLY_TRY(vly_buffer_download(&w->logit, w->host, w->members * w->room * VOXEL_BYTES));
    w->told = w->host ? w->host : w->logit.data;
    if (w->mean) VLY_TRY(vly_pool_run(device->pool, (w->voxels + VLY_MLP_PIECE - 1) / VLY_MLP_PIECE, merge_piece, w));
    return vly_mlp_scan_put(w->scan, w->field, w->mean ? w->mean : w->told, w->spread, slab);
}

vly_pipeline_options vly_mlp_path(const vly_region_options *region, bool atrous)
{
    enum { TABLES = 16 << 20 };
    return (vly_pipeline_options){
        .region = *region, .halo = vly_mlp_halo(atrous), .reserve = TABLES, .beside = VOXEL_BYTES};
}

static vly_status upload_weights(work *w, const vly_mlp *mlp)
{
    const int64_t bytes = sizeof mlp->weights;
    float *all;
    VLY_TRY(vly_alloc_raw((void **)&all, w->members, bytes, "weights"));
    memcpy(all, mlp->weights, (size_t)bytes);
    if (mlp->other_count > 0) memcpy(all + VLY_MLP_VALUES, mlp->others, (size_t)(mlp->other_count * bytes));
    vly_status status = vly_buffer_create(&w->weights, w->device, w->members * bytes, "weights");
    if (status == VLY_OK) status = vly_buffer_upload(&w->weights, all, w->members * bytes);
    vly_free(all);
    return status;
}

static vly_status upload_fixed(work *w, const vly_mlp *mlp)
{
    const int64_t bytes = w->members * (int64_t)sizeof(vly_mlp_fixed);
    vly_mlp_fixed *all;
    VLY_TRY(vly_alloc_raw((void **)&all, bytes, 1, "weights"));
    for (int32_t m = 0; m < w->members; m++)
        vly_mlp_fix(&all[m], m == 0 ? mlp->weights : mlp->others + (int64_t)(m - 1) * VLY_MLP_VALUES);
    vly_status status = vly_buffer_create(&w->fixed, w->device, bytes, "weights");
    if (status == VLY_OK) status = vly_buffer_upload(&w->fixed, all, bytes);
    vly_free(all);
    return status;
}

static vly_status open_work(work *w, const vly_mlp *mlp, const vly_plan *plan, bool fast, bool spread)
{
    w->room = (int64_t)plan->window.nx * plan->window.ny * plan->slab_pages;
    const int64_t bytes = w->members * w->room * VOXEL_BYTES;
    VLY_TRY(upload_weights(w, mlp));
    if (fast) VLY_TRY(upload_fixed(w, mlp));
    VLY_TRY(vly_buffer_reserve(&w->logit, w->device, bytes, "outputs of the network"));
    if (!w->device->unified) VLY_TRY(vly_alloc_raw((void **)&w->host, bytes, 1, "outputs of the network"));
    if (w->members > 1) VLY_TRY(vly_alloc_raw((void **)&w->mean, w->room, VOXEL_BYTES, "outputs of the networks"));
    return spread ? vly_alloc_raw((void **)&w->spread, w->room, sizeof(float), "spread of the networks") : VLY_OK;
}

static void close_work(work *w)
{
    vly_buffer_free(&w->weights);
    vly_buffer_free(&w->fixed);
    vly_buffer_free(&w->logit);
    vly_free(w->host);
    vly_free(w->mean);
    vly_free(w->spread);
}

static bool is_fast(vly_mlp_precision precision, vly_box window)
{
    bool large = vly_extent_voxels(vly_box_extent(window)) > VLY_MLP_EXACT_MOST;
    return precision == VLY_MLP_FAST || (precision == VLY_MLP_PRECISION_AUTO && large);
}

static vly_status run_pipeline(work *w, const vly_mlp *mlp, const vly_mlp_apply_options *options)
{
    const vly_stage stage = {"network", run_slab, w};
    const bool spread = options->spread && w->members > 1;
    const bool fast = is_fast(options->precision, w->scan->window);
    vly_pipeline *pipeline;
    vly_pipeline_options path = vly_mlp_path(&w->scan->region, w->net.atrous);
    path.beside *= w->members > 1 ? w->members + 2 : 1;
    VLY_TRY(vly_pipeline_open(&pipeline, w->device, w->scan->grey, &path));
    vly_status status = vly_mlp_scan_compare(w->scan, &w->net, w->device, mlp);
    if (status == VLY_OK)
        status =
            vly_mlp_field_open(&w->field, w->device, vly_box_extent(w->scan->window), spread, options->region.scratch);
    if (status == VLY_OK) status = open_work(w, mlp, vly_pipeline_plan(pipeline), fast, spread);
    if (status == VLY_OK) status = vly_pipeline_pass(pipeline, "network", &stage, 1, NULL);
    if (status == VLY_OK) w->field->summary.fast = fast;
    close_work(w);
    vly_pipeline_close(pipeline);
    return status;
}

vly_status vly_mlp_apply(vly_mlp_field **out, vly_device *device, vly_source *grey, const vly_mlp *mlp,
                         const vly_mlp_apply_options *options)
{
    vly_mlp_scan scan;
    work w = {.device = device, .scan = &scan, .members = vly_mlp_members(mlp)};
    *out = NULL;
    vly_status status = vly_mlp_scan_open(&scan, &w.net, device, grey, mlp, options);
    if (status == VLY_OK) status = run_pipeline(&w, mlp, options);
    if (status == VLY_OK) status = vly_mlp_field_summarise(w.field, vly_source_info(grey)->path);
    if (status == VLY_OK) {
        vly_mlp_summary *about = &w.field->summary;
        about->scale = scan.scale;
        about->calibration = scan.calibration;
        about->slope = scan.slope;
        about->offset = scan.offset;
        about->unlike = scan.unlike;
        about->members = w.members;
        *out = w.field;
    } else {
        vly_mlp_field_free(w.field);
    }
    vly_mlp_scan_close(&scan);
    return status;
}
