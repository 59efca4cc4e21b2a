/* What the network has said of every voxel: kept in memory where there is room, else in a scratch file. */
#include "segment/mlp_field.h"

#include "core/memory.h"
#include "segment/mlp_impl.h"

#include <math.h>
#include <string.h>

enum { VOXEL_BYTES = VLY_MLP_FIELD_BYTES };

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

vly_status vly_mlp_field_put(vly_mlp_field *f, const float *logit, int64_t first, int64_t count)
{
    if (!f->logit) return vly_file_write(&f->file, logit, count * VOXEL_BYTES, first * VOXEL_BYTES);
    memcpy(f->logit + 2 * first, logit, (size_t)(count * VOXEL_BYTES));
    return VLY_OK;
}

vly_status vly_mlp_field_open(vly_mlp_field **out, vly_device *device, vly_extent extent, const char *scratch)
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

vly_status vly_mlp_field_summarise(vly_mlp_field *f, const char *path)
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
    VLY_TRY(vly_mlp_field_open(out, device, extent, NULL));
    vly_status status = vly_mlp_field_put(*out, logit, 0, vly_extent_voxels(extent));
    if (status == VLY_OK) status = vly_mlp_field_summarise(*out, "field");
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
