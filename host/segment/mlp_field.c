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

/* Where the spread of a voxel stands in the file. */
static int64_t spread_at(const vly_mlp_field *f, int64_t voxel)
{
    return vly_extent_voxels(f->extent) * VOXEL_BYTES + voxel * (int64_t)sizeof(float);
}

vly_status vly_mlp_field_spread(const float **out, const vly_mlp_field *field, int64_t first, int64_t count,
                                float room[VLY_MLP_PIECE])
{
    const int64_t bytes = count * (int64_t)sizeof(float);
    *out = field->spread ? field->spread + first : room;
    if (field->spread) return VLY_OK;
    if (field->spreads) return vly_file_read(&field->file, room, bytes, spread_at(field, first));
    memset(room, 0, (size_t)bytes);
    return VLY_OK;
}

/* In memory if half of what may still be held is enough. */
static vly_status open_store(vly_mlp_field *f, const char *scratch)
{
    const int64_t voxels = vly_extent_voxels(f->extent), spread = f->spreads ? (int64_t)sizeof(float) : 0;
    if (voxels * (VOXEL_BYTES + spread) > (f->device->memory_limit - vly_memory_held()) / 2)
        return vly_file_scratch(&f->file, scratch);
    if (f->spreads) VLY_TRY(vly_alloc_raw((void **)&f->spread, voxels, spread, "spread of the networks"));
    return vly_alloc_raw((void **)&f->logit, voxels, VOXEL_BYTES, "outputs of the network");
}

vly_status vly_mlp_field_put(vly_mlp_field *f, const float *logit, const float *spread, int64_t first, int64_t count)
{
    const int64_t bytes = count * (int64_t)sizeof *spread;
    if (f->logit) {
        memcpy(f->logit + 2 * first, logit, (size_t)(count * VOXEL_BYTES));
        if (f->spread && spread) memcpy(f->spread + first, spread, (size_t)bytes);
        return VLY_OK;
    }
    VLY_TRY(vly_file_write(&f->file, logit, count * VOXEL_BYTES, first * VOXEL_BYTES));
    return f->spreads ? vly_file_write(&f->file, spread, bytes, spread_at(f, first)) : VLY_OK;
}

vly_status vly_mlp_field_open(vly_mlp_field **out, vly_device *device, vly_extent extent, bool spreads,
                              const char *scratch)
{
    vly_mlp_field *f;
    *out = NULL;
    VLY_TRY(VLY_NEW(&f, 1, "field"));
    f->device = device;
    f->extent = extent;
    f->spreads = spreads;
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
    vly_free(field->spread);
    vly_file_close(&field->file);
    vly_free(field);
}

/* ---- what there is to know of it: counted piece by piece, summed in the order of the pieces ---- */

float vly_mlp_entropy_of(const float logit[2])
{
    const float z[VLY_PHASES] = {logit[0], logit[1], 0.0f};
    const float all = vly_mlp_log_sum(vly_mlp_log_sum(z[0], z[1]), 0.0f);
    float p[VLY_PHASES], sum = 0.0f;
    vly_mlp_softmax(p, z[0], z[1]);
    for (int k = 0; k < VLY_PHASES; k++) sum += p[k] * (all - z[k]);
    return sum / 1.0986123f; /* log 3 */
}

typedef struct sums {
    int64_t inside;
    double told[VLY_PHASES], entropy, spread; /* told: am, cbd, pore */
} sums;

typedef struct tally {
    const vly_mlp_field *field;
    int64_t voxels;
    sums *sum;   /* (pieces) */
    float *room; /* (threads, 3 VLY_MLP_PIECE) */
} tally;

static vly_status tally_piece(void *self, int64_t item, int32_t worker)
{
    tally *t = self;
    const float *logit, *spread;
    sums *sum = &t->sum[item];
    float *room = t->room + (int64_t)worker * 3 * VLY_MLP_PIECE;
    int64_t first = item * VLY_MLP_PIECE, n = t->voxels - first < VLY_MLP_PIECE ? t->voxels - first : VLY_MLP_PIECE;
    VLY_TRY(vly_mlp_field_piece(&logit, t->field, first, n, room));
    VLY_TRY(vly_mlp_field_spread(&spread, t->field, first, n, room + 2 * VLY_MLP_PIECE));
    for (int64_t i = 0; i < n; i++) {
        float p[VLY_PHASES];
        if (isnan(logit[2 * i])) continue;
        vly_mlp_softmax(p, logit[2 * i], logit[2 * i + 1]);
        for (int k = 0; k < VLY_PHASES; k++) sum->told[k] += (double)p[k];
        sum->entropy += (double)vly_mlp_entropy_of(logit + 2 * i);
        sum->spread += (double)spread[i];
        sum->inside++;
    }
    return VLY_OK;
}

static void take_means(vly_mlp_summary *out, const sums *all, bool spreads)
{
    static const vly_phase order[VLY_PHASES] = {VLY_AM, VLY_CBD, VLY_PORE};
    const double n = (double)all->inside;
    out->voxels = all->inside;
    for (int k = 0; k < VLY_PHASES; k++) out->fractions[order[k]] = all->told[k] / n;
    out->entropy = all->entropy / n;
    out->spread = spreads ? all->spread / n : NAN;
}

vly_status vly_mlp_field_summarise(vly_mlp_field *f, const char *path)
{
    tally t = {.field = f, .voxels = vly_extent_voxels(f->extent)};
    int64_t pieces = (t.voxels + VLY_MLP_PIECE - 1) / VLY_MLP_PIECE;
    const int64_t room = VLY_MLP_PIECE * (VOXEL_BYTES + (int64_t)sizeof(float));
    sums all = {0};
    vly_status status = VLY_NEW(&t.sum, pieces, "counts");
    if (status == VLY_OK) status = vly_alloc_raw((void **)&t.room, f->device->pool->threads, room, "a piece");
    if (status == VLY_OK) status = vly_pool_run(f->device->pool, pieces, tally_piece, &t);
    for (int64_t i = 0; i < pieces && status == VLY_OK; i++) {
        all.inside += t.sum[i].inside;
        for (int k = 0; k < VLY_PHASES; k++) all.told[k] += t.sum[i].told[k];
        all.entropy += t.sum[i].entropy;
        all.spread += t.sum[i].spread;
    }
    take_means(&f->summary, &all, f->spreads);
    vly_free(t.sum);
    vly_free(t.room);
    if (status == VLY_OK && f->summary.voxels == 0)
        status = vly_fail(VLY_EDATA, "%s: no voxel is inside window and mask (E_ROI)", path);
    return status;
}

vly_status vly_mlp_field_memory(vly_mlp_field **out, vly_device *device, const float *logit, vly_extent extent)
{
    VLY_TRY(vly_extent_check(extent.nx, extent.ny, extent.nz, "field"));
    VLY_TRY(vly_mlp_field_open(out, device, extent, false, NULL));
    vly_status status = vly_mlp_field_put(*out, logit, NULL, 0, vly_extent_voxels(extent));
    if (status == VLY_OK) status = vly_mlp_field_summarise(*out, "field");
    if (status == VLY_OK) (*out)->summary.unlike = NAN;
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
