/* Chooses the scale, finds the calibration, and takes coarser voxels apart again (spec 7.5, 7.6). */
#include "segment/mlp_scan.h"

#include "core/memory.h"
#include "segment/histogram.h"
#include "segment/mlp_views.h"

#include <math.h>
#include <string.h>

/* ---- scale ---- */

static bool within(double size, double expected)
{
    return fabs(size / expected - 1.0) <= 0.01;
}

static vly_status choose_by_size(vly_mlp_scan *s, const vly_volume_info *info, const vly_mlp *mlp)
{
    const vly_voxel_size *size = &info->voxel_size;
    VLY_TRY(vly_voxel_size_require(info));
    s->scale = within(2.0 * size->x, mlp->voxel_size) ? VLY_MLP_ATROUS : VLY_MLP_NATIVE;
    double expected = s->scale == VLY_MLP_ATROUS ? 0.5 * mlp->voxel_size : mlp->voxel_size;
    if (within(size->x, expected) && within(size->y, expected) && within(size->z, expected)) return VLY_OK;
    return vly_fail(VLY_EDATA,
                    "%s: voxels of %.4g x %.4g x %.4g um, the model was trained on %.4g um: those or half as large "
                    "expected, or --nn-scale resample or native (E_SCALE)",
                    info->path, size->x * 1e6, size->y * 1e6, size->z * 1e6, mlp->voxel_size * 1e6);
}

static vly_status choose_ratio(vly_mlp_scan *s, const vly_volume_info *info, const vly_mlp *mlp)
{
    const vly_voxel_size *size = &info->voxel_size;
    VLY_TRY(vly_voxel_size_require(info));
    s->ratio[0] = mlp->voxel_size / size->x;
    s->ratio[1] = mlp->voxel_size / size->y;
    s->ratio[2] = mlp->voxel_size / size->z;
    for (int a = 0; a < 3; a++) {
        if (fabs(s->ratio[a] - rint(s->ratio[a])) < 1e-9) s->ratio[a] = rint(s->ratio[a]);
        if (!(s->ratio[a] >= 1.0 && s->ratio[a] <= 64.0))
            return vly_fail(VLY_EDATA,
                            "%s: voxels of %.4g x %.4g x %.4g um cannot be averaged to the model's %.4g um: finer ones "
                            "expected, at most 64 times (E_SCALE)",
                            info->path, size->x * 1e6, size->y * 1e6, size->z * 1e6, mlp->voxel_size * 1e6);
    }
    return VLY_OK;
}

static vly_status choose_scale(vly_mlp_scan *s, const vly_volume_info *info, const vly_mlp *mlp)
{
    for (int a = 0; a < 3; a++) s->ratio[a] = s->scale == VLY_MLP_BINNED ? 2.0 : 1.0;
    if (s->scale == VLY_MLP_AUTO) return choose_by_size(s, info, mlp);
    if (s->scale == VLY_MLP_RESAMPLE) VLY_TRY(choose_ratio(s, info, mlp));
    s->coarse = s->scale == VLY_MLP_BINNED || s->scale == VLY_MLP_RESAMPLE;
    return VLY_OK;
}

/* ---- calibration ---- */

static vly_status check_levels(const vly_mlp_levels *levels, const char *path)
{
    if (levels->known) return VLY_OK;
    return vly_fail(VLY_EDATA,
                    "%s: %lld voxels are certainly pore and %lld active material, %d of each expected to calibrate "
                    "grey values: --nn-calibration quantiles or none",
                    path, (long long)levels->certain[0], (long long)levels->certain[1], VLY_MLP_CERTAIN);
}

static void take_line(vly_mlp_scan *s, vly_mlp_net *net, const vly_mlp *mlp, const vly_mlp_levels *levels)
{
    vly_mlp_levels_line(&s->slope, &s->offset, &mlp->levels, levels);
    net->mean = (float)(((double)mlp->mean - s->offset) / s->slope);
    net->scale = (float)s->slope / mlp->sd;
}

static vly_status take_table(vly_mlp_scan *s, const vly_mlp *mlp, const vly_mlp_levels *levels)
{
    const int last = VLY_MLP_RANKS - 1;
    const double span = (double)levels->quantile[last] - (double)levels->quantile[0];
    uint16_t *table;
    s->slope = span > 0.0 ? ((double)mlp->levels.quantile[last] - (double)mlp->levels.quantile[0]) / span : 1.0;
    s->offset = (double)mlp->levels.quantile[0] - s->slope * (double)levels->quantile[0];
    VLY_TRY(VLY_NEW(&table, VLY_GREY_LEVELS, "grey values"));
    vly_mlp_levels_table(table, &mlp->levels, levels);
    vly_status status = vly_mlp_recoloured(&s->recoloured, s->grey, table);
    if (status == VLY_OK) s->grey = s->recoloured;
    vly_free(table);
    return status;
}

static vly_status calibrate(vly_mlp_scan *s, vly_mlp_net *net, vly_device *device, const vly_mlp *mlp,
                            const vly_mlp_apply_options *options)
{
    const char *path = vly_source_info(s->grey)->path;
    const bool asked = s->calibration != VLY_MLP_CALIBRATED;
    vly_mlp_levels *levels;
    if (s->calibration == VLY_MLP_UNCALIBRATED) return VLY_OK;
    if (!mlp->levels.known && asked)
        return vly_fail(VLY_EDATA,
                        "%s: the model does not know the grey levels of its training: --nn-calibration none expected",
                        path);
    VLY_TRY(VLY_NEW(&levels, 1, "grey levels"));
    vly_status status =
        mlp->levels.known ? vly_mlp_levels_find(levels, device, s->grey, &s->region, &options->fractions) : VLY_OK;
    if (status == VLY_OK && s->calibration == VLY_MLP_TWO_POINT) status = check_levels(levels, path);
    if (!asked) s->calibration = levels->known ? VLY_MLP_TWO_POINT : VLY_MLP_UNCALIBRATED;
    if (status == VLY_OK && s->calibration == VLY_MLP_TWO_POINT) take_line(s, net, mlp, levels);
    if (status == VLY_OK && s->calibration == VLY_MLP_QUANTILES) status = take_table(s, mlp, levels);
    if (status == VLY_OK && s->calibration == VLY_MLP_UNCALIBRATED)
        vly_device_warn(device,
                        "%s: grey values are taken as those of the training's scan: too few voxels are certainly pore "
                        "or active material, in one of the two, to compare them",
                        path);
    vly_free(levels);
    return status;
}

/* ---- coarser voxels ---- */

static vly_status open_coarser(vly_mlp_scan *s, const vly_region_options *region)
{
    const vly_extent volume = vly_source_info(s->grey)->extent, part = vly_box_extent(s->window);
    const int64_t page = (int64_t)part.nx * part.ny;
    VLY_TRY(vly_mlp_coarser(&s->coarser, s->grey, s->ratio));
    s->grey = s->coarser;
    s->region.mask = NULL;
    s->region.window =
        (vly_box){vly_mlp_coarse_at(s->ratio[0], s->window.x0), vly_mlp_coarse_at(s->ratio[0], s->window.x1 - 1) + 1,
                  vly_mlp_coarse_at(s->ratio[1], s->window.y0), vly_mlp_coarse_at(s->ratio[1], s->window.y1 - 1) + 1,
                  vly_mlp_coarse_at(s->ratio[2], s->window.z0), vly_mlp_coarse_at(s->ratio[2], s->window.z1 - 1) + 1};
    VLY_TRY(vly_mlp_mask_of(&s->mask, region->mask, volume, s->window));
    VLY_TRY(VLY_NEW(&s->logit, 2 * page, "a page"));
    VLY_TRY(VLY_NEW(&s->spread, page, "a page"));
    return s->mask ? VLY_NEW(&s->inside, page, "a page") : VLY_OK;
}

/* One page of the window from the slab's row of pages that holds it. */
static void take_apart(const vly_mlp_scan *s, const float *logit, const float *spread, vly_extent coarse)
{
    const vly_extent part = vly_box_extent(s->window);
    for (int32_t y = 0; y < part.ny; y++)
        for (int32_t x = 0; x < part.nx; x++) {
            const int64_t to = (int64_t)y * part.nx + x;
            const int64_t from =
                (int64_t)(vly_mlp_coarse_at(s->ratio[1], s->window.y0 + y) - s->region.window.y0) * coarse.nx +
                vly_mlp_coarse_at(s->ratio[0], s->window.x0 + x) - s->region.window.x0;
            const bool outside = s->mask && !s->inside[to];
            s->logit[2 * to] = outside ? NAN : logit[2 * from];
            s->logit[2 * to + 1] = outside ? NAN : logit[2 * from + 1];
            s->spread[to] = outside || !spread ? 0.0f : spread[from];
        }
}

vly_status vly_mlp_scan_put(vly_mlp_scan *s, vly_mlp_field *field, const float *logit, const float *spread,
                            const vly_slab *slab)
{
    const vly_extent inner = vly_box_extent(slab->region.inner), part = vly_box_extent(s->window);
    const int64_t page = (int64_t)part.nx * part.ny, coarse_page = (int64_t)inner.nx * inner.ny;
    if (!s->coarse) return vly_mlp_field_put(field, logit, spread, slab->region.first, vly_extent_voxels(inner));
    for (; s->next < part.nz; s->next++) {
        const int32_t z = vly_mlp_coarse_at(s->ratio[2], s->window.z0 + s->next) - s->region.window.z0;
        if (z >= slab->z1) break;
        const int64_t at = (z - slab->z0) * coarse_page;
        if (s->mask) VLY_TRY(vly_source_read(s->mask, s->next, 1, s->inside));
        take_apart(s, logit + 2 * at, spread ? spread + at : NULL, inner);
        VLY_TRY(vly_mlp_field_put(field, s->logit, s->spread, s->next * page, page));
    }
    return VLY_OK;
}

/* ---- from outside ---- */

vly_status vly_mlp_scan_compare(vly_mlp_scan *s, const vly_mlp_net *net, vly_device *device, const vly_mlp *mlp)
{
    const vly_volume_info *info = vly_source_info(s->grey);
    if (!mlp->seen.known) return VLY_OK;
    VLY_TRY(vly_mlp_seen_share(&s->unlike, &mlp->seen, net, s->grey, s->region.mask, s->region.window));
    if (s->unlike > VLY_MLP_UNLIKE)
        vly_device_warn(device,
                        "%s: the surroundings of %.0f %% of the voxels are unlike those that the network was trained "
                        "on, 1 %% expected: what it tells there may mean nothing",
                        info->path, 100.0 * s->unlike);
    return VLY_OK;
}

static vly_status check_window(vly_box w, const vly_volume_info *info)
{
    const vly_extent e = info->extent;
    if (w.x0 >= 0 && w.y0 >= 0 && w.z0 >= 0 && w.x0 < w.x1 && w.y0 < w.y1 && w.z0 < w.z1 && w.x1 <= e.nx &&
        w.y1 <= e.ny && w.z1 <= e.nz)
        return VLY_OK;
    return vly_fail(VLY_EDATA, "%s: window %d:%d,%d:%d,%d:%d is not inside its %d x %d x %d voxels", info->path, w.x0,
                    w.x1, w.y0, w.y1, w.z0, w.z1, e.nx, e.ny, e.nz);
}

vly_status vly_mlp_scan_open(vly_mlp_scan *s, vly_mlp_net *net, vly_device *device, vly_source *grey,
                             const vly_mlp *mlp, const vly_mlp_apply_options *options)
{
    static const vly_box everything;
    const vly_volume_info *info = vly_source_info(grey);
    const bool whole = memcmp(&options->region.window, &everything, sizeof everything) == 0;
    *s = (vly_mlp_scan){.grey = grey,
                        .region = options->region,
                        .window = whole ? vly_extent_box(info->extent) : options->region.window,
                        .scale = options->scale,
                        .calibration = options->calibration,
                        .slope = 1.0,
                        .unlike = NAN,
                        .given = options->region.mask};
    s->region.window = s->window;
    VLY_TRY(check_window(s->window, info));
    VLY_TRY(choose_scale(s, info, mlp));
    net->mean = mlp->mean;
    net->scale = 1.0f / mlp->sd;
    net->activation = mlp->activation;
    net->atrous = s->scale == VLY_MLP_ATROUS;
    VLY_TRY(calibrate(s, net, device, mlp, options));
    return s->coarse ? open_coarser(s, &options->region) : VLY_OK;
}

void vly_mlp_scan_close(vly_mlp_scan *s)
{
    if (s->mask != s->given) vly_source_close(s->mask);
    vly_source_close(s->coarser);
    vly_source_close(s->recoloured);
    vly_free(s->logit);
    vly_free(s->spread);
    vly_free(s->inside);
}
