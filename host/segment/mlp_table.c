/* Pairs of a grey neighbourhood and a known composition. Grey values are averaged to the voxels of the composition; what
 * lies beyond the composition comes from the grey volume, never from padding. */
#include "segment/mlp_impl.h"

#include "core/memory.h"
#include "voxelyte/compose.h"

#include <math.h>
#include <string.h>

enum { VOXELS_LEAST = 200, VOXELS_FEW = 1000, BINNING_MAX = 16, RIM = VLY_MLP_SIDE / 2 };

typedef struct work {
    vly_device *device;
    vly_source *grey, *composition;
    const vly_volume_info *grey_info, *info; /* info: of the composition */
    vly_mlp_table *table;
    int32_t binning;
    vly_box box; /* coarse voxels of the tomogram that are averaged: the composition and its rim, inside the grey */
    int32_t origin[3]; /* of the composition */
    uint64_t *sum;     /* (box) */
    float *fraction;   /* (composition, 3) */
    uint16_t *page;
} work;

/* ---- where things lie ---- */

static vly_status find_binning(work *w)
{
    const vly_voxel_size *fine = &w->grey_info->voxel_size, *coarse = &w->info->voxel_size;
    VLY_TRY(vly_voxel_size_require(w->grey_info));
    VLY_TRY(vly_voxel_size_require(w->info));
    double ratio = coarse->x / fine->x;
    w->binning = (int32_t)fmin(rint(ratio), BINNING_MAX + 1);
    bool fits = w->binning >= 1 && w->binning <= BINNING_MAX;
    const double ratios[3] = {ratio, coarse->y / fine->y, coarse->z / fine->z};
    for (int a = 0; a < 3; a++) fits &= fabs(ratios[a] / w->binning - 1.0) <= 0.01;
    if (fits) return VLY_OK;
    return vly_fail(VLY_EDATA, "%s: voxels of %.4g um, %s has %.4g um: a multiple from 1 to %d expected (E_SCALE)",
                    w->info->path, coarse->x * 1e6, w->grey_info->path, fine->x * 1e6, BINNING_MAX);
}

static vly_status place(work *w)
{
    const vly_extent c = w->info->extent, g = w->grey_info->extent;
    const int32_t side[3] = {c.nx, c.ny, c.nz}, grey[3] = {g.nx, g.ny, g.nz};
    int32_t ratio, low[3], high[3];
    if (!vly_compose_noted(w->origin, &ratio, w->info->description)) memset(w->origin, 0, sizeof w->origin);
    for (int a = 0; a < 3; a++) {
        int64_t end = ((int64_t)w->origin[a] + side[a]) * w->binning;
        if (end > grey[a])
            return vly_fail(VLY_EDATA,
                            "%s: reaches to %c = %lld of the grey volume, which has %d voxels: they do not match",
                            w->info->path, "xyz"[a], (long long)end, (int)grey[a]);
        low[a] = w->origin[a] > RIM ? w->origin[a] - RIM : 0;
        high[a] =
            w->origin[a] + side[a] + RIM < grey[a] / w->binning ? w->origin[a] + side[a] + RIM : grey[a] / w->binning;
    }
    w->box = (vly_box){low[0], high[0], low[1], high[1], low[2], high[2]};
    return VLY_OK;
}

/* ---- grey values ---- */

static vly_status average(work *w)
{
    const vly_extent g = w->grey_info->extent, e = vly_box_extent(w->box);
    const int32_t k = w->binning;
    VLY_TRY(VLY_NEW(&w->sum, vly_extent_voxels(e), "averaged grey values"));
    VLY_TRY(VLY_NEW(&w->page, (int64_t)g.nx * g.ny, "a page"));
    for (int32_t z = w->box.z0 * k; z < w->box.z1 * k; z++) {
        VLY_TRY(vly_device_stop(w->device));
        VLY_TRY(vly_source_read(w->grey, z, 1, w->page));
        for (int32_t y = w->box.y0 * k; y < w->box.y1 * k; y++) {
            const uint16_t *row = w->page + (int64_t)y * g.nx;
            uint64_t *to = w->sum + vly_at(e, 0, y / k - w->box.y0, z / k - w->box.z0);
            for (int32_t x = w->box.x0 * k; x < w->box.x1 * k; x++) to[x / k - w->box.x0] += row[x];
        }
        vly_device_update(w->device, "grey values", z + 1 - w->box.z0 * k, (int64_t)(w->box.z1 - w->box.z0) * k,
                          "page");
    }
    return VLY_OK;
}

/* The neighbourhood of a coarse voxel of the tomogram; false if it is not complete. */
static bool take_patch(const work *w, float patch[VLY_MLP_INPUTS], int32_t x, int32_t y, int32_t z)
{
    const vly_box *b = &w->box;
    const vly_extent e = vly_box_extent(*b);
    const float count = (float)(w->binning * w->binning * w->binning);
    if (x - RIM < b->x0 || x + RIM >= b->x1 || y - RIM < b->y0 || y + RIM >= b->y1 || z - RIM < b->z0 ||
        z + RIM >= b->z1)
        return false;
    for (int32_t i = 0; i < VLY_MLP_INPUTS; i++) {
        int64_t at = vly_at(e, x - b->x0 + i % VLY_MLP_SIDE - RIM, y - b->y0 + i / VLY_MLP_SIDE % VLY_MLP_SIDE - RIM,
                            z - b->z0 + i / VLY_MLP_SIDE / VLY_MLP_SIDE - RIM);
        patch[i] = (float)w->sum[at] / count;
    }
    return true;
}

/* ---- pairs ---- */

static vly_status check_fractions(const work *w, const float f[VLY_PHASES], int32_t x, int32_t y, int32_t z)
{
    bool fine = fabsf(f[0] + f[1] + f[2] - 1.0f) <= 1e-6f;
    for (int p = 0; p < VLY_PHASES; p++) fine &= f[p] >= 0.0f && f[p] <= 1.0f;
    if (fine) return VLY_OK;
    return vly_fail(VLY_EDATA, "%s: voxel (%d, %d, %d) has fractions %g, %g, %g: three from 0 to 1 with sum 1 expected",
                    w->info->path, (int)x, (int)y, (int)z, (double)f[0], (double)f[1], (double)f[2]);
}

static vly_status take_pairs(work *w)
{
    vly_mlp_table *t = w->table;
    const vly_extent e = w->info->extent;
    VLY_TRY(VLY_NEW(&w->fraction, vly_extent_voxels(e) * VLY_PHASES, "composition"));
    VLY_TRY(vly_source_read(w->composition, 0, e.nz, w->fraction));
    VLY_TRY(VLY_NEW(&t->grey, vly_extent_voxels(e) * VLY_MLP_INPUTS, "training table"));
    VLY_TRY(VLY_NEW(&t->target, vly_extent_voxels(e) * VLY_PHASES, "training table"));
    VLY_TRY(VLY_NEW(&t->place, vly_extent_voxels(e), "training table"));
    for (int64_t i = 0; i < vly_extent_voxels(e); i++) {
        const float *f = w->fraction + i * VLY_PHASES;
        int32_t x = (int32_t)(i % e.nx), y = (int32_t)(i / e.nx % e.ny), z = (int32_t)(i / e.nx / e.ny);
        int64_t n = t->info.voxels;
        if (f[0] == 0.0f && f[1] == 0.0f && f[2] == 0.0f) continue;
        VLY_TRY(check_fractions(w, f, x, y, z));
        if (!take_patch(w, t->grey + n * VLY_MLP_INPUTS, x + w->origin[0], y + w->origin[1], z + w->origin[2])) {
            t->info.border++;
            continue;
        }
        memcpy(t->target + n * VLY_PHASES, f, VLY_PHASES * sizeof *f);
        memcpy(t->place[n], (const int32_t[3]){x, y, z}, sizeof t->place[n]);
        t->info.voxels++;
    }
    return VLY_OK;
}

static vly_status judge(work *w)
{
    static const vly_phase order[VLY_PHASES] = {VLY_AM, VLY_CBD, VLY_PORE};
    vly_mlp_table_info *info = &w->table->info;
    const long long n = info->voxels;
    if (n < VOXELS_LEAST)
        return vly_fail(VLY_EDATA, "%s: %lld voxels to learn from (%lld more at the border), at least %d expected",
                        w->info->path, n, (long long)info->border, VOXELS_LEAST);
    for (int p = 0; p < VLY_PHASES; p++) {
        double sum = 0.0;
        for (int64_t i = 0; i < n; i++) sum += (double)w->table->target[i * VLY_PHASES + p];
        info->fractions[order[p]] = sum / (double)n;
        if (sum == 0.0)
            return vly_fail(VLY_EDATA, "%s: no voxel holds any %s, so it cannot be learned", w->info->path,
                            vly_phase_name(order[p]));
    }
    if (n < VOXELS_FEW)
        vly_device_warn(w->device, "%s: only %lld voxels to learn from, 1000 and more are better", w->info->path, n);
    return VLY_OK;
}

vly_status vly_mlp_table_open(vly_mlp_table **out, vly_device *device, vly_source *grey, vly_source *composition)
{
    work w = {.device = device,
              .grey = grey,
              .composition = composition,
              .grey_info = vly_source_info(grey),
              .info = vly_source_info(composition)};
    *out = NULL;
    if (w.info->type != VLY_F32 || w.info->channels != VLY_PHASES)
        return vly_fail(VLY_EDATA, "%s: %s of %d channels, a composition of three f32 channels expected", w.info->path,
                        vly_type_name(w.info->type), (int)w.info->channels);
    VLY_TRY(find_binning(&w));
    VLY_TRY(place(&w));
    VLY_TRY(VLY_NEW(&w.table, 1, "training table"));
    w.table->info.voxel_size = w.info->voxel_size.x;
    w.table->info.binning = w.binning;
    vly_status status = average(&w);
    if (status == VLY_OK) status = take_pairs(&w);
    if (status == VLY_OK) status = judge(&w);
    vly_free(w.sum);
    vly_free(w.page);
    vly_free(w.fraction);
    if (status == VLY_OK)
        *out = w.table;
    else
        vly_mlp_table_close(w.table);
    return status;
}

vly_status vly_mlp_table_calibrate(vly_mlp_table *table, vly_device *device, vly_source *grey,
                                   const vly_fractions *fractions)
{
    const vly_volume_info *info = vly_source_info(grey);
    const vly_region_options all = {.window = vly_extent_box(info->extent)};
    const vly_mlp_levels *l = &table->levels;
    VLY_TRY(vly_mlp_levels_find(&table->levels, device, grey, &all, fractions));
    table->info.calibrated = l->known;
    for (int p = 0; p < 2; p++) {
        table->info.levels[p] = l->known ? (double)l->level[p] : NAN;
        table->info.certain[p] = l->certain[p];
    }
    if (!l->known)
        vly_device_warn(device,
                        "%s: %lld voxels are certainly pore and %lld active material, %d of each are needed to "
                        "calibrate other scans: the model will not know how",
                        info->path, (long long)l->certain[0], (long long)l->certain[1], VLY_MLP_CERTAIN);
    return VLY_OK;
}

void vly_mlp_table_close(vly_mlp_table *table)
{
    if (!table) return;
    vly_free(table->grey);
    vly_free(table->target);
    vly_free(table->place);
    vly_free(table);
}

const vly_mlp_table_info *vly_mlp_table_about(const vly_mlp_table *table)
{
    return &table->info;
}
