/* One plane of coarse voxels after the other; of the fine volume a ring of pages around the plane is held. Counts are
 * integers. Turned volumes are sampled in double precision in a fixed order, so that the nearest label never depends on
 * threads. */
#include "segment/compose_impl.h"

#include "core/device_impl.h"
#include "core/memory.h"

#include <math.h>
#include <string.h>

typedef struct work {
    vly_device *device;
    vly_source *fine;
    const vly_compose_grid *grid;
    vly_extent extent; /* of the fine volume */
    int64_t page;      /* voxels */
    int32_t ring;      /* pages held */
    uint8_t *pages;    /* (ring, ny, nx): fine page z stands at z % ring */
    int32_t *held;     /* (ring) which page that is; -1: none */
    int32_t first, last;
    int32_t z;             /* coarse plane of the grid at hand */
    float *plane;          /* (ny, nx, 3) */
    int64_t (*tallies)[4]; /* (grid ny) voxels inside, points per phase; of the plane */
} work;

/* ---- pages ---- */

/* Fine pages that a coarse plane can touch: [*first, *last). */
static void pages_of(const work *w, int32_t z, int32_t *first, int32_t *last)
{
    const vly_compose_grid *g = w->grid;
    double low = INFINITY, high = -INFINITY, q[3];
    for (int corner = 0; corner < 8; corner++) {
        vly_compose_point(q, g, g->origin[0] + (corner & 1 ? g->extent.nx : 0),
                          g->origin[1] + (corner & 2 ? g->extent.ny : 0), g->origin[2] + z + (corner & 4 ? 1 : 0));
        low = fmin(low, q[2]);
        high = fmax(high, q[2]);
    }
    *first = (int32_t)fmin(fmax(floor(low + 1e-6), 0.0), w->extent.nz);
    *last = (int32_t)fmin(fmax(ceil(high - 1e-6), 0.0), w->extent.nz);
}

static vly_status read_page(void *self, int64_t item, int32_t worker)
{
    work *w = self;
    int32_t z = w->first + (int32_t)item, slot = z % w->ring;
    (void)worker;
    if (w->held[slot] == z) return VLY_OK;
    VLY_TRY(vly_source_read(w->fine, z, 1, w->pages + slot * w->page));
    w->held[slot] = z;
    return VLY_OK;
}

static vly_status open_ring(work *w)
{
    for (int32_t z = 0; z < w->grid->extent.nz; z++) {
        int32_t first, last;
        pages_of(w, z, &first, &last);
        if (w->ring < last - first) w->ring = last - first;
    }
    int64_t bytes = w->ring * w->page, left = w->device->memory_limit - vly_memory_held();
    if (bytes > left)
        return vly_fail(VLY_EMEMORY,
                        "%s: a plane of voxels spans %d pages, %lld MiB, and %lld MiB of memory are left: a larger "
                        "--memory-limit expected",
                        vly_source_info(w->fine)->path, (int)w->ring, (long long)(bytes >> 20),
                        (long long)(left > 0 ? left >> 20 : 0));
    VLY_TRY(VLY_NEW(&w->held, w->ring, "list of pages"));
    for (int32_t i = 0; i < w->ring; i++) w->held[i] = -1;
    return vly_alloc_raw((void **)&w->pages, w->ring, w->page, "fine labels");
}

/* ---- counting ---- */

/* Labels of `n` voxels side by side, n at most 1024: bytes would overflow, shorts do not. */
static void count_run(const uint8_t *label, int32_t n, uint32_t counts[VLY_PHASES])
{
    uint16_t pore = 0, am = 0, cbd = 0;
    for (int32_t i = 0; i < n; i++) {
        pore = (uint16_t)(pore + (label[i] == VLY_PORE));
        am = (uint16_t)(am + (label[i] == VLY_AM));
        cbd = (uint16_t)(cbd + (label[i] == VLY_CBD));
    }
    counts[VLY_PORE] += pore;
    counts[VLY_AM] += am;
    counts[VLY_CBD] += cbd;
}

static int32_t nearest(double q, int32_t n)
{
    int32_t i = (int32_t)rint(q - 0.5);
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

static void count_aligned(const work *w, const double corner[3], uint32_t counts[VLY_PHASES])
{
    int32_t r = w->grid->ratio, x = (int32_t)rint(corner[0]), y = (int32_t)rint(corner[1]),
            z = (int32_t)rint(corner[2]);
    for (int32_t k = z; k < z + r; k++)
        for (int32_t j = y; j < y + r; j++)
            count_run(w->pages + k % w->ring * w->page + (int64_t)j * w->extent.nx + x, r, counts);
}

static void count_turned(const work *w, const double corner[3], uint32_t counts[VLY_PHASES])
{
    const double(*m)[3] = w->grid->transform.rotation;
    for (int32_t k = 0; k < w->grid->ratio; k++)
        for (int32_t j = 0; j < w->grid->ratio; j++)
            for (int32_t i = 0; i < w->grid->ratio; i++) {
                int32_t at[3];
                const int32_t side[3] = {w->extent.nx, w->extent.ny, w->extent.nz};
                for (int a = 0; a < 3; a++)
                    at[a] =
                        nearest(corner[a] + m[0][a] * (i + 0.5) + m[1][a] * (j + 0.5) + m[2][a] * (k + 0.5), side[a]);
                uint8_t label = w->pages[at[2] % w->ring * w->page + (int64_t)at[1] * side[0] + at[0]];
                if (label < VLY_PHASES) counts[label]++;
            }
}

/* One row of coarse voxels. */
static vly_status count_row(void *self, int64_t item, int32_t worker)
{
    static const vly_phase order[VLY_PHASES] = {VLY_AM, VLY_CBD, VLY_PORE};
    const work *w = self;
    const vly_compose_grid *g = w->grid;
    uint32_t points = (uint32_t)g->ratio * (uint32_t)g->ratio * (uint32_t)g->ratio;
    int32_t y = g->origin[1] + (int32_t)item, z = g->origin[2] + w->z;
    int64_t *tally = w->tallies[item];
    (void)worker;
    memset(tally, 0, sizeof *w->tallies);
    for (int32_t i = 0; i < g->extent.nx; i++) {
        float *to = w->plane + (item * g->extent.nx + i) * VLY_PHASES;
        uint32_t counts[VLY_PHASES] = {0};
        double corner[3];
        if (vly_compose_inside(g, w->extent, g->origin[0] + i, y, z)) {
            vly_compose_point(corner, g, g->origin[0] + i, y, z);
            (g->aligned ? count_aligned : count_turned)(w, corner, counts);
        }
        bool whole = counts[0] + counts[1] + counts[2] == points;
        tally[3] += whole;
        for (int p = 0; p < VLY_PHASES; p++) {
            to[p] = whole ? (float)((double)counts[order[p]] / points) : 0.0f;
            tally[order[p]] += whole ? counts[order[p]] : 0;
        }
    }
    return VLY_OK;
}

static vly_status compose_plane(work *w, vly_compose_result *out)
{
    pages_of(w, w->z, &w->first, &w->last);
    VLY_TRY(vly_pool_run(w->device->pool, w->last - w->first, read_page, w));
    VLY_TRY(vly_pool_run(w->device->pool, w->grid->extent.ny, count_row, w));
    for (int32_t y = 0; y < w->grid->extent.ny; y++) {
        for (int l = 0; l < VLY_PHASES; l++) out->counts[l] += w->tallies[y][l];
        out->voxels += w->tallies[y][3];
    }
    return VLY_OK;
}

vly_status vly_compose(vly_compose_result *out, vly_device *device, vly_source *fine, vly_sink *composition,
                       const vly_compose_grid *grid)
{
    const vly_volume_info *info = vly_source_info(fine);
    work w = {.device = device, .fine = fine, .grid = grid, .extent = info->extent};
    w.page = (int64_t)w.extent.nx * w.extent.ny;
    *out = (vly_compose_result){0};
    vly_status status = open_ring(&w);
    if (status == VLY_OK) status = VLY_NEW(&w.tallies, grid->extent.ny, "counts");
    if (status == VLY_OK)
        status = VLY_NEW(&w.plane, (int64_t)grid->extent.nx * grid->extent.ny * VLY_PHASES, "a plane of fractions");
    for (; w.z < grid->extent.nz && status == VLY_OK; w.z++) {
        status = vly_device_stop(device);
        if (status == VLY_OK) status = compose_plane(&w, out);
        if (status == VLY_OK) status = vly_sink_write(composition, 1, w.plane);
        vly_device_update(device, "composition", w.z + 1, grid->extent.nz, "plane");
    }
    if (status == VLY_OK && out->voxels == 0)
        status = vly_fail(VLY_EDATA, "%s: no voxel has a phase at all of its points", info->path);
    vly_free(w.pages);
    vly_free(w.held);
    vly_free(w.plane);
    vly_free(w.tallies);
    return status;
}
