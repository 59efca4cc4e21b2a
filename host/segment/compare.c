/* All pairs at once: every voxel's labels in all volumes form one code in base 3, and every pairwise confusion matrix, as all
 * that is told of agreement, is a sum over the counts of codes (spec 10). */
#include "voxelyte/compare.h"

#include "core/device_impl.h"
#include "core/memory.h"

#include <math.h>

enum { CHUNK_VOXELS = 1 << 22 };

typedef struct work {
    vly_device *device;
    vly_source *const *labels;
    int32_t count, z0, pages; /* pages of the chunk at hand */
    vly_extent extent;
    vly_buffer chunk, joint;
    uint8_t *stage; /* for devices with memory of their own */
    uint8_t *host;  /* where pages are read to: the stage, or the chunk */
    int64_t stride; /* bytes from one volume's pages to the next one's */
    int32_t codes;  /* 3^count */
    vly_sink *sink; /* of how many dissent, voxel by voxel; NULL: that is not asked */
    vly_buffer dissent;
    uint8_t *pages_out; /* (pages) of it on the host */
} work;

static vly_status check(work *w)
{
    if (w->count < 2 || w->count > VLY_COMPARE_MAX)
        return vly_fail(VLY_EUSAGE, "compare: %d volumes, 2 to %d expected", w->count, VLY_COMPARE_MAX);
    const vly_volume_info *first = vly_source_info(w->labels[0]);
    w->extent = first->extent;
    for (int32_t k = 1; k < w->count; k++) {
        const vly_volume_info *info = vly_source_info(w->labels[k]);
        if (info->extent.nx != w->extent.nx || info->extent.ny != w->extent.ny || info->extent.nz != w->extent.nz)
            return vly_fail(VLY_EDATA, "%s: %d x %d x %d voxels, %s has %d x %d x %d (E_DIM)", info->path,
                            info->extent.nx, info->extent.ny, info->extent.nz, first->path, w->extent.nx, w->extent.ny,
                            w->extent.nz);
    }
    return VLY_OK;
}

static vly_status read_one(void *self, int64_t item, int32_t worker)
{
    const work *w = self;
    (void)worker;
    return vly_source_read(w->labels[item], w->z0, w->pages, w->host + item * w->stride);
}

static vly_status write_dissent(work *w, int64_t voxels)
{
    VLY_TRY(w->device->kernels->dissent(w->device->queue, w->chunk.data, w->count, w->stride, voxels, w->dissent.data));
    VLY_TRY(vly_device_wait(w->device));
    VLY_TRY(vly_buffer_download(&w->dissent, w->pages_out, voxels));
    return vly_sink_write(w->sink, w->pages, w->pages_out);
}

static vly_status count_chunks(work *w)
{
    int64_t page = (int64_t)w->extent.nx * w->extent.ny, voxels = vly_extent_voxels(w->extent);
    int32_t pages = CHUNK_VOXELS / page < 1 ? 1 : (int32_t)(CHUNK_VOXELS / page);
    if (pages > w->extent.nz) pages = w->extent.nz;
    w->stride = page * pages;
    if (w->sink) VLY_TRY(vly_buffer_reserve(&w->dissent, w->device, w->stride, "dissent"));
    if (w->sink) VLY_TRY(vly_alloc_raw((void **)&w->pages_out, w->stride, 1, "dissent"));
    VLY_TRY(vly_buffer_create(&w->chunk, w->device, w->stride * w->count, "labels"));
    if (!w->device->unified) VLY_TRY(vly_alloc_raw((void **)&w->stage, w->stride, w->count, "labels"));
    w->host = w->stage ? w->stage : w->chunk.data;
    for (w->z0 = 0; w->z0 < w->extent.nz; w->z0 += pages) {
        w->pages = w->extent.nz - w->z0 < pages ? w->extent.nz - w->z0 : pages;
        VLY_TRY(vly_device_stop(w->device));
        VLY_TRY(vly_pool_run(w->device->pool, w->count, read_one, w));
        if (w->stage) VLY_TRY(vly_buffer_upload(&w->chunk, w->stage, w->stride * w->count));
        VLY_TRY(w->device->kernels->joint(w->device->queue, w->chunk.data, w->count, w->stride, page * w->pages,
                                          w->joint.data));
        if (w->sink) VLY_TRY(write_dissent(w, page * w->pages));
        vly_device_update(w->device, "compare", page * (w->z0 + w->pages), voxels, "voxel");
    }
    return vly_device_wait(w->device);
}

static void add_code(vly_compare_result *out, int32_t code, int64_t voxels)
{
    int32_t label[VLY_COMPARE_MAX] = {0};
    for (int32_t k = 0; k < out->count; k++, code /= VLY_PHASES) label[k] = code % VLY_PHASES;
    out->voxels += voxels;
    for (int32_t a = 0; a < out->count; a++)
        for (int32_t b = 0; b < out->count; b++) out->confusion[a][b][label[a]][label[b]] += voxels;
}

static void score_pair(vly_compare_result *out, int32_t a, int32_t b)
{
    int64_t equal = 0;
    for (int32_t l = 0; l < VLY_PHASES; l++) {
        int64_t both = out->confusion[a][b][l][l], either = -both;
        for (int32_t m = 0; m < VLY_PHASES; m++) either += out->confusion[a][b][l][m] + out->confusion[a][b][m][l];
        out->jaccard[l][a][b] = either > 0 ? (double)both / (double)either : NAN;
        equal += both;
    }
    out->equal[a][b] = (double)equal / (double)out->voxels;
}

/* One reading pass. *joint: (codes), yours to vly_free, NULL on failure. */
static vly_status count_codes(uint64_t **joint, work *w)
{
    *joint = NULL;
    VLY_TRY(check(w));
    w->codes = 1;
    for (int32_t k = 0; k < w->count; k++) w->codes *= VLY_PHASES;
    vly_status status = vly_buffer_create(&w->joint, w->device, w->codes * (int64_t)sizeof **joint, "joint counts");
    if (status == VLY_OK) status = count_chunks(w);
    if (status == VLY_OK) status = VLY_NEW(joint, w->codes, "joint counts");
    if (status == VLY_OK) status = vly_buffer_download(&w->joint, *joint, w->codes * (int64_t)sizeof **joint);
    if (status == VLY_OK) status = vly_comm_sum(w->device->comm, *joint, w->codes);
    vly_free(w->pages_out);
    vly_free(w->stage);
    vly_buffer_free(&w->dissent);
    vly_buffer_free(&w->chunk);
    vly_buffer_free(&w->joint);
    if (status == VLY_OK) return VLY_OK;
    vly_free(*joint);
    *joint = NULL;
    return status;
}

static vly_status refuse_nothing(const work *w, int64_t voxels)
{
    if (voxels > 0) return VLY_OK;
    return vly_fail(VLY_EDATA, "%s: no voxel is inside in every volume (E_ROI)", vly_source_info(w->labels[0])->path);
}

vly_status vly_compare(vly_compare_result *out, vly_device *device, vly_source *const *labels, int32_t count)
{
    work w = {.device = device, .labels = labels, .count = count};
    uint64_t *joint;
    *out = (vly_compare_result){.count = count};
    VLY_TRY(count_codes(&joint, &w));
    for (int32_t code = 0; code < w.codes; code++)
        if (joint[code] > 0) add_code(out, code, (int64_t)joint[code]);
    vly_free(joint);
    VLY_TRY(refuse_nothing(&w, out->voxels));
    for (int32_t a = 0; a < count; a++)
        for (int32_t b = 0; b < count; b++) score_pair(out, a, b);
    return VLY_OK;
}

/* ---- all of them together ---- */

static void add_votes(vly_disagreement *out, int32_t code, int64_t voxels)
{
    int32_t votes[VLY_PHASES] = {0}, most = 0, labels = 0;
    for (int32_t k = 0; k < out->count; k++, code /= VLY_PHASES) votes[code % VLY_PHASES]++;
    for (int32_t l = 0; l < VLY_PHASES; l++) {
        out->called[l][votes[l]] += voxels;
        most = votes[l] > most ? votes[l] : most;
        labels += votes[l] > 0;
    }
    out->dissenting[out->count - most] += voxels;
    out->distinct[labels] += voxels;
    out->voxels += voxels;
}

vly_status vly_disagree(vly_disagreement *out, vly_device *device, vly_source *const *labels, int32_t count,
                        vly_sink *sink)
{
    work w = {.device = device, .labels = labels, .count = count, .sink = sink};
    uint64_t *joint;
    *out = (vly_disagreement){.count = count};
    VLY_TRY(count_codes(&joint, &w));
    for (int32_t code = 0; code < w.codes; code++)
        if (joint[code] > 0) add_votes(out, code, (int64_t)joint[code]);
    vly_free(joint);
    out->outside = vly_extent_voxels(w.extent) - out->voxels;
    return refuse_nothing(&w, out->voxels);
}
