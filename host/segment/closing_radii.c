/* rho^2, the local thickness of what is no active material, page by page. A voxel's ball can be centred M pages away and be
 * bounded by active material M pages farther, M being the largest distance there is; a slab is seen with that much around it,
 * and if its own distances turn out larger, with more. So slabs give the same numbers as the whole. */
#include "segment/closing_impl.h"

#include "core/memory.h"
#include "morphology/cover_table.h"
#include "segment/paths.h"

#include <math.h>

enum { HALO_FIRST = 32, LEVELS_EXPECTED = 1 << 16 };

static const vly_metric cubes = {1, 1, 1};

static int64_t page_of(const vly_closing_radii *r)
{
    return (int64_t)r->volume->extent.nx * r->volume->extent.ny;
}

static vly_extent extent_of(const vly_closing_radii *r, int32_t pages)
{
    return (vly_extent){r->volume->extent.nx, r->volume->extent.ny, pages};
}

/* ---- memory ---- */

static int64_t scratch_bytes(const vly_closing_radii *r, int32_t pages, int32_t levels)
{
    const vly_device *device = r->volume->device;
    int64_t distance = device->kernels->distance_scratch_bytes(device->queue, extent_of(r, pages));
    int64_t cover = device->kernels->cover_scratch_bytes(device->queue, extent_of(r, pages), levels);
    return distance > cover ? distance : cover;
}

/* Labels, rho^2 and D^2, what the kernels want, and what choosing takes. */
static int64_t needed(const vly_closing_radii *r, int32_t pages)
{
    const int64_t small = INT64_C(4) << 20, digits = 2 * VLY_CLOSING_DIGITS * (int64_t)sizeof(uint64_t);
    int64_t voxels = page_of(r) * pages;
    return voxels * 9 + scratch_bytes(r, pages, LEVELS_EXPECTED) + pages * digits + small;
}

static int64_t budget_of(const vly_closing_radii *r)
{
    const vly_device *device = r->volume->device;
    return device->unified ? device->memory_limit - vly_memory_held() : device->device_memory_limit;
}

static void free_pages(vly_closing_radii *r)
{
    vly_buffer *all[] = {&r->label, &r->rho2, &r->d2, &r->scratch};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) vly_buffer_free(all[i]);
    vly_free(r->stage);
    r->stage = NULL;
}

/* Slabs as thick as memory allows with that halo; all at once where that does. *pages: with what lies around them. */
static vly_status plan_pages(vly_closing_radii *r, int32_t halo, int32_t *pages)
{
    const vly_extent e = r->volume->extent;
    const int64_t budget = budget_of(r);
    r->halo = needed(r, e.nz) <= budget || halo >= e.nz ? 0 : halo;
    r->thick = *pages = e.nz;
    while (r->halo > 0 && r->thick > 1 && needed(r, *pages) > budget) {
        r->thick--;
        *pages = r->thick + 2 * r->halo < e.nz ? r->thick + 2 * r->halo : e.nz;
    }
    if (needed(r, *pages) <= budget) return VLY_OK;
    return vly_fail(
        VLY_EMEMORY,
        "closing: %lld MiB of memory are left, at least %lld MiB expected for pages of %d x %d voxels with %d "
        "on either side",
        (long long)(budget >> 20), (long long)(needed(r, *pages) >> 20) + 1, e.nx, e.ny, r->halo);
}

static vly_status reserve_pages(vly_closing_radii *r, int32_t halo)
{
    vly_device *device = r->volume->device;
    int32_t pages;
    free_pages(r);
    VLY_TRY(plan_pages(r, halo, &pages));
    int64_t voxels = page_of(r) * pages;
    VLY_TRY(vly_buffer_reserve(&r->label, device, voxels, "labels"));
    VLY_TRY(vly_buffer_reserve(&r->d2, device, voxels * (int64_t)sizeof(int32_t), "distances"));
    VLY_TRY(vly_buffer_reserve(&r->rho2, device, voxels * (int64_t)sizeof(int32_t), "radii"));
    return device->unified ? VLY_OK : vly_alloc_raw((void **)&r->stage, voxels, 1, "labels");
}

vly_status vly_closing_measure(vly_plan *out, vly_device *device, vly_extent window)
{
    const vly_closing_volume volume = {.device = device, .extent = window};
    vly_closing_radii r = {.volume = &volume};
    int32_t pages;
    VLY_TRY(plan_pages(&r, HALO_FIRST, &pages));
    const int64_t bytes = needed(&r, pages), labels = page_of(&r) * pages;
    *out = (vly_plan){.window = window,
                      .slab_pages = r.thick,
                      .slabs = (window.nz + r.thick - 1) / r.thick,
                      .resident = r.thick == window.nz,
                      .host_bytes = vly_memory_held() + (device->unified ? bytes : labels) + labels,
                      .device_bytes = device->unified ? 0 : bytes};
    return VLY_OK;
}

vly_status vly_closing_radii_open(vly_closing_radii *out, const vly_closing_volume *volume, bool solid_collector)
{
    *out = (vly_closing_radii){.volume = volume, .solid_collector = solid_collector};
    VLY_TRY(vly_buffer_create(&out->farthest, volume->device, sizeof(int32_t), "distances"));
    return reserve_pages(out, HALO_FIRST);
}

void vly_closing_radii_close(vly_closing_radii *r)
{
    free_pages(r);
    vly_buffer_free(&r->table);
    vly_buffer_free(&r->farthest);
}

static vly_status reserve_scratch(vly_closing_radii *r, int32_t pages, int32_t levels)
{
    int64_t bytes = scratch_bytes(r, pages, levels);
    if (r->scratch.bytes >= bytes) return VLY_OK;
    vly_buffer_free(&r->scratch);
    return vly_buffer_reserve(&r->scratch, r->volume->device, bytes, "distances");
}

/* ---- distances ---- */

static vly_status load_labels(vly_closing_radii *r, int32_t z0, int32_t count)
{
    uint8_t *to = r->stage ? r->stage : r->label.data;
    VLY_TRY(vly_closing_read(r->volume, z0, count, to));
    return r->stage ? vly_device_upload(r->volume->device, r->label.data, to, count * page_of(r)) : VLY_OK;
}

/* D^2 of pages [d0, d1) from what is in them; the largest to *farthest. */
static vly_status measure(vly_closing_radii *r, int32_t d0, int32_t d1, int32_t *farthest)
{
    const vly_closing_volume *v = r->volume;
    vly_device *device = v->device;
    const vly_kernels *kernels = device->kernels;
    const uint32_t collector = 1u << 5, walls = r->solid_collector && d1 == v->extent.nz ? collector : 0;
    const vly_extent e = extent_of(r, d1 - d0);
    VLY_TRY(load_labels(r, d0, d1 - d0));
    VLY_TRY(reserve_scratch(r, d1 - d0, 1));
    VLY_TRY(vly_buffer_clear(&r->farthest));
    VLY_TRY(kernels->distance(device->queue, r->label.data, e, &cubes, VLY_CLOSING_NO_AM, walls, r->d2.data,
                              r->farthest.data, r->scratch.data));
    if (v->outside > 0) VLY_TRY(kernels->closing_clip(device->queue, r->label.data, vly_extent_voxels(e), r->d2.data));
    VLY_TRY(vly_device_wait(device));
    return vly_buffer_download(&r->farthest, farthest, sizeof *farthest);
}

/* ---- cover ---- */

static vly_status make_table(vly_closing_radii *r, int32_t pages, int32_t levels)
{
    int32_t *table;
    if (levels == r->levels && pages == r->table_pages) return VLY_OK;
    int64_t bytes = VLY_COVER_CLASSES * (int64_t)levels * (int64_t)sizeof *table;
    vly_buffer_free(&r->table);
    r->levels = 0;
    VLY_TRY(vly_cover_table(&table, &cubes, extent_of(r, pages), levels));
    vly_status status = vly_buffer_reserve(&r->table, r->volume->device, bytes, "balls");
    if (status == VLY_OK) status = vly_buffer_upload(&r->table, table, bytes);
    if (status == VLY_OK) r->levels = levels, r->table_pages = pages;
    vly_free(table);
    return status;
}

/* rho^2 of `count` pages from *d2 on. */
static vly_status cover(vly_closing_radii *r, const int32_t *d2, int32_t count, int32_t farthest)
{
    vly_device *device = r->volume->device;
    VLY_TRY(make_table(r, count, farthest + 1));
    VLY_TRY(reserve_scratch(r, count, farthest + 1));
    VLY_TRY(device->kernels->cover(device->queue, d2, d2, extent_of(r, count), &cubes, r->table.data, r->levels,
                                   r->rho2.data, r->scratch.data));
    return vly_device_wait(device);
}

static int32_t bits_of(int32_t value)
{
    int32_t bits = 0;
    while (value >> bits > 0) bits++;
    return bits;
}

vly_status vly_closing_radii_at(vly_closing_radii *r, vly_closing_slab *slab, int32_t z0, int32_t *count)
{
    const int32_t nz = r->volume->extent.nz;
    while (!r->known) {
        int32_t n = nz - z0 < r->thick ? nz - z0 : r->thick, farthest;
        int32_t d0 = z0 > r->halo ? z0 - r->halo : 0, d1 = nz - z0 - n > r->halo ? z0 + n + r->halo : nz;
        bool whole = d0 == 0 && d1 == nz;
        VLY_TRY(measure(r, d0, d1, &farthest));
        int32_t reach = farthest == VLY_FAR ? nz : (int32_t)ceil(sqrt((double)farthest));
        if (!whole && r->halo < 2 * reach) {
            VLY_TRY(reserve_pages(r, farthest == VLY_FAR ? 2 * r->halo : 2 * reach));
            continue;
        }
        int32_t c0 = z0 - d0 > reach ? z0 - reach : d0, c1 = d1 - z0 - n > reach ? z0 + n + reach : d1;
        const int32_t *d2 = r->d2.data, *rho2 = r->rho2.data;
        uint8_t *label = r->label.data;
        VLY_TRY(cover(r, d2 + (c0 - d0) * page_of(r), c1 - c0, farthest));
        r->slab = (vly_closing_slab){.pages = {.rho2 = rho2 + (z0 - c0) * page_of(r),
                                               .d2 = d2 + (z0 - d0) * page_of(r),
                                               .page = page_of(r),
                                               .count = n},
                                     .label = label + (z0 - d0) * page_of(r),
                                     .bits = bits_of(farthest)};
        r->known = n == nz;
        break;
    }
    *slab = r->slab;
    *count = slab->pages.count;
    return VLY_OK;
}
