/* The network over a region, once: 8 bytes a voxel are kept, in memory or in a scratch file, and everything after that is
 * sorting. (The network costs 64 kflop a voxel, so that keeping its answer is cheaper than asking again in every pass.) */
#include "segment/mlp_field.h"

#include "core/memory.h"
#include "core/pipeline.h"
#include "segment/mlp_impl.h"
#include "segment/paths.h"

#include <math.h>
#include <string.h>

enum { VOXEL_BYTES = 2 * sizeof(float) };

/* ---- the store ---- */

vly_status vly_mlp_field_piece(const float **out, const vly_mlp_field *field, int64_t first, int64_t count,
                               float room[2 * VLY_MLP_PIECE])
{
    *out = field->logit ? field->logit + 2 * first : room;
    return field->logit ? VLY_OK : vly_file_read(&field->file, room, count * VOXEL_BYTES, first * VOXEL_BYTES);
}

/* In memory if half of what may still be held is enough. */
static vly_status open_store(vly_mlp_field *f, const char *scratch)
{
    int64_t bytes = vly_extent_voxels(f->extent) * VOXEL_BYTES;
    if (bytes <= (f->device->memory_limit - vly_memory_held()) / 2)
        return vly_alloc_raw((void **)&f->logit, bytes, 1, "outputs of the network");
    return vly_file_scratch(&f->file, scratch);
}

static vly_status put(vly_mlp_field *f, const float *logit, int64_t first, int64_t count)
{
    if (!f->logit) return vly_file_write(&f->file, logit, count * VOXEL_BYTES, first * VOXEL_BYTES);
    memcpy(f->logit + 2 * first, logit, (size_t)(count * VOXEL_BYTES));
    return VLY_OK;
}

static vly_status open_field(vly_mlp_field **out, vly_device *device, vly_extent extent, const char *scratch)
{
    vly_mlp_field *f;
    *out = NULL;
    VLY_TRY(VLY_NEW(&f, 1, "field"));
    f->device = device;
    f->extent = extent;
    f->file.descriptor = -1;
    vly_status status = open_store(f, scratch);
    if (status != VLY_OK)
        vly_mlp_field_free(f);
    else
        *out = f;
    return status;
}

void vly_mlp_field_free(vly_mlp_field *field)
{
    if (!field) return;
    vly_free(field->logit);
    vly_file_close(&field->file);
    vly_free(field);
}

/* ---- what there is to know of it: counted piece by piece, summed in the order of the pieces ---- */

typedef struct tally {
    const vly_mlp_field *field;
    int64_t voxels, (*inside);
    double (*sum)[VLY_PHASES]; /* (pieces) am, cbd, pore */
    float *room;               /* (threads, 2 VLY_MLP_PIECE) */
} tally;

static vly_status tally_piece(void *self, int64_t item, int32_t worker)
{
    tally *t = self;
    const float *logit;
    int64_t first = item * VLY_MLP_PIECE, n = t->voxels - first < VLY_MLP_PIECE ? t->voxels - first : VLY_MLP_PIECE;
    VLY_TRY(vly_mlp_field_piece(&logit, t->field, first, n, t->room + (int64_t)worker * 2 * VLY_MLP_PIECE));
    for (int64_t i = 0; i < n; i++) {
        float p[VLY_PHASES];
        if (isnan(logit[2 * i])) continue;
        vly_mlp_softmax(p, logit[2 * i], logit[2 * i + 1]);
        for (int k = 0; k < VLY_PHASES; k++) t->sum[item][k] += (double)p[k];
        t->inside[item]++;
    }
    return VLY_OK;
}

static vly_status summarise(vly_mlp_field *f, const char *path)
{
    static const vly_phase order[VLY_PHASES] = {VLY_AM, VLY_CBD, VLY_PORE};
    tally t = {.field = f, .voxels = vly_extent_voxels(f->extent)};
    int64_t pieces = (t.voxels + VLY_MLP_PIECE - 1) / VLY_MLP_PIECE;
    double sum[VLY_PHASES] = {0.0};
    vly_status status = VLY_NEW(&t.inside, pieces, "counts");
    if (status == VLY_OK) status = VLY_NEW(&t.sum, pieces, "counts");
    if (status == VLY_OK)
        status = vly_alloc_raw((void **)&t.room, f->device->pool->threads, VLY_MLP_PIECE * VOXEL_BYTES, "a piece");
    if (status == VLY_OK) status = vly_pool_run(f->device->pool, pieces, tally_piece, &t);
    for (int64_t i = 0; i < pieces && status == VLY_OK; i++) {
        f->summary.voxels += t.inside[i];
        for (int k = 0; k < VLY_PHASES; k++) sum[k] += t.sum[i][k];
    }
    for (int k = 0; k < VLY_PHASES; k++) f->summary.fractions[order[k]] = sum[k] / (double)f->summary.voxels;
    vly_free(t.inside);
    vly_free(t.sum);
    vly_free(t.room);
    if (status == VLY_OK && f->summary.voxels == 0)
        status = vly_fail(VLY_EDATA, "%s: no voxel is inside window and mask (E_ROI)", path);
    return status;
}

vly_status vly_mlp_field_memory(vly_mlp_field **out, vly_device *device, const float *logit, vly_extent extent)
{
    VLY_TRY(vly_extent_check(extent.nx, extent.ny, extent.nz, "field"));
    VLY_TRY(open_field(out, device, extent, NULL));
    vly_status status = put(*out, logit, 0, vly_extent_voxels(extent));
    if (status == VLY_OK) status = summarise(*out, "field");
    if (status != VLY_OK) {
        vly_mlp_field_free(*out);
        *out = NULL;
    }
    return status;
}

const vly_mlp_summary *vly_mlp_field_about(const vly_mlp_field *field)
{
    return &field->summary;
}

/* ---- the network over slabs ---- */

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
    return put(w->field, w->host ? w->host : w->logit.data, slab->region.first, voxels);
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
    vly_status status = open_field(&w.field, device, plan->window, options->region.scratch);
    if (status == VLY_OK) status = open_work(&w, device, mlp, plan);
    if (status == VLY_OK) status = vly_pipeline_pass(pipeline, "network", &stage, 1, NULL);
    if (status == VLY_OK) status = summarise(w.field, info->path);
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
