/* The grey values by which two scans are compared: those of voxels that are certainly pore or certainly active material, and
 * the quantiles of all. Certain is a voxel whose whole neighbourhood lies on the same side of the threshold, so no partial
 * volumes are left; voxels of the very grey value that a threshold splits are none. */
#include "segment/mlp_impl.h"

#include "core/memory.h"
#include "core/pipeline.h"
#include "segment/histogram.h"
#include "segment/mlp_views.h"

#include <math.h>
#include <string.h>

enum { REACH = 2, RING = 2 * REACH + 1, PLANES_MOST = 256, RADII = 2, ROWS = 3 };

typedef struct work {
    vly_device *device;
    vly_source *grey, *mask; /* mask: of the window; NULL: none */
    vly_extent volume;
    vly_box window;
    uint16_t cut[2]; /* of the darkest voxel that is not pore, and of the brightest one that is not am */
    uint16_t *ring;  /* (RING, ny, nx): page z stands at z % RING */
    int32_t held[RING];
    uint8_t *inside;                               /* (page of the window); NULL: all */
    int32_t z;                                     /* of the volume */
    uint16_t *rows;                                /* (threads, 2 ROWS, nx): extremes of neighbouring rows */
    uint64_t (*counts)[RADII][2][VLY_GREY_LEVELS]; /* (threads) certain voxels by eroded radius, phase and grey value */
} work;

/* ---- order statistics of counted grey values ---- */

/* The value that `share` of the voxels lie below, a grey value being spread evenly over +-1/2. */
static double quantile_of(const uint64_t *bins, double share, uint64_t total)
{
    double rank = share * (double)total, below = 0.0;
    for (int32_t g = 0; g < VLY_GREY_LEVELS; g++) {
        double here = (double)bins[g];
        if (here > 0.0 && below + here >= rank) return g - 0.5 + (rank - below) / here;
        below += here;
    }
    return VLY_GREY_LEVELS - 1;
}

static uint64_t total_of(const uint64_t *bins)
{
    uint64_t total = 0;
    for (int32_t g = 0; g < VLY_GREY_LEVELS; g++) total += bins[g];
    return total;
}

/* Grey value of the voxel with `rank` darker ones. */
static uint16_t grey_at(const uint64_t *bins, int64_t rank)
{
    int32_t g = 0;
    for (; g < VLY_GREY_LEVELS - 1 && rank >= (int64_t)bins[g]; g++) rank -= (int64_t)bins[g];
    return (uint16_t)g;
}

/* ---- certain voxels ---- */

static const uint16_t *row_at(const work *w, int32_t y, int32_t z)
{
    return w->ring + ((int64_t)(z % RING) * w->volume.ny + y) * w->volume.nx;
}

static void extend(uint16_t *most, uint16_t *least, const uint16_t *row, int32_t nx)
{
    for (int32_t x = 0; x < nx; x++) {
        most[x] = row[x] > most[x] ? row[x] : most[x];
        least[x] = row[x] < least[x] ? row[x] : least[x];
    }
}

/* Extremes over the rows at a distance of 1, of 1 or sqrt 2, and of 2 from row y: what balls of radius 1 and 2 hold beside it. */
static void find_extremes(const work *w, uint16_t *rows, int32_t y)
{
    const int32_t nx = w->volume.nx;
    memset(rows, 0, (size_t)(ROWS * nx) * sizeof *rows);
    memset(rows + ROWS * nx, 0xFF, (size_t)(ROWS * nx) * sizeof *rows);
    for (int32_t dz = -REACH; dz <= REACH; dz++)
        for (int32_t dy = -REACH; dy <= REACH; dy++) {
            const int32_t far = dy * dy + dz * dz;
            if (far == 0 || far > 4) continue;
            const uint16_t *row = row_at(w, y + dy, w->z + dz);
            if (far == 1) extend(rows, rows + ROWS * nx, row, nx);
            int32_t set = far == 4 ? 2 : 1;
            extend(rows + set * nx, rows + (ROWS + set) * nx, row, nx);
        }
}

static uint16_t larger(uint16_t a, uint16_t b)
{
    return a > b ? a : b;
}

static uint16_t smaller(uint16_t a, uint16_t b)
{
    return a < b ? a : b;
}

/* One row of the plane, voxels that reach over the volume's border left out. */
static vly_status count_row(void *self, int64_t item, int32_t worker)
{
    const work *w = self;
    const int32_t nx = w->volume.nx, y = w->window.y0 + (int32_t)item;
    uint16_t *most = w->rows + (int64_t)worker * 2 * ROWS * nx, *least = most + ROWS * nx;
    if (y < REACH || y >= w->volume.ny - REACH) return VLY_OK;
    const uint16_t *row = row_at(w, y, w->z);
    const uint8_t *inside = w->inside ? w->inside + item * (w->window.x1 - w->window.x0) : NULL;
    find_extremes(w, most, y);
    for (int32_t x = w->window.x0 < REACH ? REACH : w->window.x0; x < w->window.x1 && x < nx - REACH; x++) {
        if (inside && !inside[x - w->window.x0]) continue;
        uint16_t high[RADII], low[RADII];
        high[0] = larger(larger(row[x - 1], row[x]), larger(row[x + 1], most[x]));
        low[0] = smaller(smaller(row[x - 1], row[x]), smaller(row[x + 1], least[x]));
        high[1] = larger(larger(row[x - 2], row[x + 2]), larger(high[0], most[2 * nx + x]));
        low[1] = smaller(smaller(row[x - 2], row[x + 2]), smaller(low[0], least[2 * nx + x]));
        for (int32_t i = x - 1; i <= x + 1; i++) {
            high[1] = larger(high[1], most[nx + i]);
            low[1] = smaller(low[1], least[nx + i]);
        }
        for (int r = 0; r < RADII; r++) {
            if (high[r] < w->cut[0]) w->counts[worker][r][0][row[x]]++;
            if (low[r] > w->cut[1]) w->counts[worker][r][1][row[x]]++;
        }
    }
    return VLY_OK;
}

static vly_status count_plane(work *w)
{
    for (int32_t z = w->z - REACH; z <= w->z + REACH; z++) {
        if (w->held[z % RING] == z) continue;
        VLY_TRY(vly_source_read(w->grey, z, 1, w->ring + (int64_t)(z % RING) * w->volume.nx * w->volume.ny));
        w->held[z % RING] = z;
    }
    if (w->mask) VLY_TRY(vly_source_read(w->mask, w->z - w->window.z0, 1, w->inside));
    return vly_pool_run(w->device->pool, w->window.y1 - w->window.y0, count_row, w);
}

/* All planes of the window, or PLANES_MOST of them at even distances. */
static vly_status count_planes(work *w)
{
    const int32_t n = w->window.z1 - w->window.z0, planes = n < PLANES_MOST ? n : PLANES_MOST;
    for (int32_t i = 0; i < RING; i++) w->held[i] = -1;
    for (int32_t i = 0; i < planes; i++) {
        w->z = w->window.z0 + (int32_t)((int64_t)n * i / planes);
        VLY_TRY(vly_device_stop(w->device));
        vly_device_update(w->device, "grey levels", i + 1, planes, "plane");
        if (w->z >= REACH && w->z < w->volume.nz - REACH) VLY_TRY(count_plane(w));
    }
    for (int32_t t = 1; t < w->device->pool->threads; t++)
        for (int32_t i = 0; i < RADII * 2; i++)
            for (int32_t g = 0; g < VLY_GREY_LEVELS; g++)
                w->counts[0][i / 2][i % 2][g] += w->counts[t][i / 2][i % 2][g];
    return VLY_OK;
}

/* ---- levels ---- */

/* From voxels eroded by two, else by one, if both phases have enough of them. */
static void take_levels(vly_mlp_levels *out, const work *w)
{
    for (int r = RADII - 1; r >= 0 && !out->known; r--) {
        for (int p = 0; p < 2; p++) out->certain[p] = (int64_t)total_of(w->counts[0][r][p]);
        out->known = out->certain[0] >= VLY_MLP_CERTAIN && out->certain[1] >= VLY_MLP_CERTAIN;
        for (int p = 0; p < 2 && out->known; p++)
            out->level[p] = (float)quantile_of(w->counts[0][r][p], 0.5, (uint64_t)out->certain[p]);
    }
}

static vly_status take_histogram(vly_mlp_levels *out, work *w, const vly_region_options *region,
                                 const vly_fractions *fractions)
{
    const vly_pipeline_options path = {.region = *region};
    vly_histogram_summary summary;
    int64_t targets[VLY_PHASES];
    vly_pipeline *pipeline;
    uint64_t *bins;
    VLY_TRY(VLY_NEW(&bins, VLY_GREY_LEVELS, "histogram"));
    vly_status status = vly_pipeline_open(&pipeline, w->device, w->grey, &path);
    if (status == VLY_OK) {
        status = vly_histogram_pass(pipeline, w->device, bins);
        vly_pipeline_close(pipeline);
    }
    if (status == VLY_OK) status = vly_histogram_summarise(&summary, bins, vly_source_info(w->grey)->path);
    if (status == VLY_OK) {
        vly_fractions_targets(fractions, summary.voxels, targets);
        w->cut[0] = grey_at(bins, targets[VLY_PORE]);
        w->cut[1] = grey_at(bins, targets[VLY_PORE] + targets[VLY_CBD] - 1);
        for (int i = 0; i < VLY_MLP_RANKS; i++)
            out->quantile[i] = (float)quantile_of(bins, (i + 0.5) / VLY_MLP_RANKS, (uint64_t)summary.voxels);
    }
    vly_free(bins);
    return status;
}

vly_status vly_mlp_levels_find(vly_mlp_levels *out, vly_device *device, vly_source *grey,
                               const vly_region_options *region, const vly_fractions *fractions)
{
    const vly_extent volume = vly_source_info(grey)->extent;
    work w = {.device = device, .grey = grey, .volume = volume, .window = region->window};
    const vly_extent part = vly_box_extent(w.window);
    *out = (vly_mlp_levels){.known = false};
    vly_status status = take_histogram(out, &w, region, fractions);
    if (status == VLY_OK) status = vly_mlp_mask_of(&w.mask, region->mask, volume, w.window);
    if (status == VLY_OK) status = vly_alloc_raw((void **)&w.ring, RING, (int64_t)volume.nx * volume.ny * 2, "pages");
    if (status == VLY_OK && w.mask) status = VLY_NEW(&w.inside, (int64_t)part.nx * part.ny, "a page");
    if (status == VLY_OK) status = VLY_NEW(&w.rows, (int64_t)device->pool->threads * 2 * ROWS * volume.nx, "rows");
    if (status == VLY_OK) status = VLY_NEW(&w.counts, device->pool->threads, "grey levels");
    if (status == VLY_OK) status = count_planes(&w);
    if (status == VLY_OK) take_levels(out, &w);
    if (w.mask != region->mask) vly_source_close(w.mask);
    vly_free(w.ring);
    vly_free(w.inside);
    vly_free(w.rows);
    vly_free(w.counts);
    return status;
}

/* ---- what they are for ---- */

void vly_mlp_levels_line(double *slope, double *offset, const vly_mlp_levels *model, const vly_mlp_levels *scan)
{
    *slope = ((double)model->level[1] - (double)model->level[0]) / ((double)scan->level[1] - (double)scan->level[0]);
    *offset = (double)model->level[0] - *slope * (double)scan->level[0];
}

/* Between quantiles straight; beyond the last ones as steep as the whole. A grey value that is several quantiles at once
 * becomes the mean of theirs. */
void vly_mlp_levels_table(uint16_t table[VLY_GREY_LEVELS], const vly_mlp_levels *model, const vly_mlp_levels *scan)
{
    const float *from = scan->quantile, *to = model->quantile;
    const int last = VLY_MLP_RANKS - 1;
    const double span = (double)from[last] - (double)from[0];
    const double steep = span > 0.0 ? ((double)to[last] - (double)to[0]) / span : 1.0;
    for (int32_t g = 0, i = 0; g < VLY_GREY_LEVELS; g++) {
        double value;
        while (i < last && (double)from[i + 1] <= g) i++;
        if (g < (double)from[0])
            value = (double)to[0] - steep * ((double)from[0] - g);
        else if (i == last)
            value = (double)to[last] + steep * (g - (double)from[last]);
        else
            value = (double)to[i] + ((double)to[i + 1] - (double)to[i]) * (g - (double)from[i]) /
                                        ((double)from[i + 1] - (double)from[i]);
        table[g] = (uint16_t)rint(fmin(fmax(value, 0.0), 65535.0));
    }
}
