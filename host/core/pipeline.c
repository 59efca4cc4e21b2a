#include "core/pipeline_impl.h"

#include "core/memory.h"

#include <assert.h>
#include <string.h>

enum { SLAB_VOXELS = 1 << 23 }; /* aim of one slab: large enough to share out, small enough to overlap */

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static int64_t page_voxels(vly_box b)
{
    return (int64_t)(b.x1 - b.x0) * (b.y1 - b.y0);
}

vly_span vly_pipeline_span(const vly_pipeline *p, int32_t k)
{
    vly_span s;
    s.z0 = p->share0 + (int32_t)((int64_t)k * p->plan.slab_pages);
    s.z1 = smaller(s.z0 + p->plan.slab_pages, p->share1);
    s.d0 = larger(p->window.z0 + s.z0 - p->halo, p->data.z0);
    s.d1 = smaller(p->window.z0 + s.z1 + p->halo + p->ahead, p->data.z1);
    return s;
}

/* ---- what is to be done ---- */

/* Ranks take consecutive runs of pages: each has two neighbours, and its share may stay resident. */
static void share_out(vly_pipeline *p, int32_t pages)
{
    const vly_comm *comm = p->device->comm;
    p->share0 = (int32_t)((int64_t)pages * comm->rank / comm->size);
    p->share1 = (int32_t)((int64_t)pages * (comm->rank + 1) / comm->size);
}

static int32_t share_pages(const vly_pipeline *p)
{
    return p->share1 - p->share0;
}

static vly_status check_window(vly_pipeline *p, vly_box window)
{
    const vly_volume_info *info = vly_source_info(p->source);
    vly_extent v = info->extent;
    static const vly_box nothing;
    if (memcmp(&window, &nothing, sizeof window) == 0) window = vly_extent_box(v);
    if (window.x0 < 0 || window.y0 < 0 || window.z0 < 0 || window.x1 > v.nx || window.y1 > v.ny || window.z1 > v.nz ||
        window.x0 >= window.x1 || window.y0 >= window.y1 || window.z0 >= window.z1)
        return vly_fail(VLY_EDATA, "%s: window %d:%d,%d:%d,%d:%d is empty or outside the volume of %d x %d x %d voxels",
                        info->path, window.x0, window.x1, window.y0, window.y1, window.z0, window.z1, v.nx, v.ny, v.nz);
    int32_t least = 2 * p->halo + 1;
    if (p->halo > 0 && (v.nx < least || v.ny < least || v.nz < least))
        return vly_fail(VLY_EDATA, "%s: %d x %d x %d voxels, every side needs at least %d for a neighbourhood (E_DIM)",
                        info->path, v.nx, v.ny, v.nz, least);
    share_out(p, window.z1 - window.z0);
    p->window = window;
    p->data = (vly_box){larger(window.x0 - p->halo, 0),
                        smaller(window.x1 + p->halo, v.nx),
                        larger(window.y0 - p->halo, 0),
                        smaller(window.y1 + p->halo, v.ny),
                        larger(window.z0 + p->share0 - p->halo, 0),
                        smaller(smaller(window.z0 + p->share1 + p->ahead, window.z1) + p->halo, v.nz)};
    p->plan.window = vly_box_extent(window);
    return VLY_OK;
}

static bool same_extent(vly_extent a, vly_extent b)
{
    return a.nx == b.nx && a.ny == b.ny && a.nz == b.nz;
}

static vly_status check_mask(vly_pipeline *p)
{
    if (!p->mask) return VLY_OK;
    const vly_volume_info *mask = vly_source_info(p->mask), *grey = vly_source_info(p->source);
    if (mask->type != VLY_U8 && mask->type != VLY_U1)
        return vly_fail(VLY_EDATA, "%s: mask of type %s, u8 or 1 bit expected", mask->path, vly_type_name(mask->type));
    if (same_extent(mask->extent, grey->extent))
        p->mask_shift = (vly_extent){p->window.x0, p->window.y0, p->window.z0};
    else if (!same_extent(mask->extent, p->plan.window))
        return vly_fail(VLY_EDATA, "%s: mask of %d x %d x %d voxels, the volume's or the window's extent expected",
                        mask->path, mask->extent.nx, mask->extent.ny, mask->extent.nz);
    return VLY_OK;
}

/* ---- how large it may be ---- */

/* Pages that slabs of `pages` need, those around them included. */
static int32_t data_pages(const vly_pipeline *p, int32_t pages)
{
    return smaller(pages + 2 * p->halo + p->ahead, p->data.z1 - p->data.z0);
}

/* Labels that come out of slabs of `pages`. */
static int64_t label_bytes(const vly_pipeline *p, int32_t pages)
{
    return p->of_labels ? 0 : page_voxels(p->window) * pages;
}

/* Bytes of one slot for slabs of `pages`. */
static int64_t slot_bytes(const vly_pipeline *p, int32_t pages)
{
    return page_voxels(p->data) * p->size * data_pages(p, pages) + (p->mask ? 2 : 1) * label_bytes(p, pages);
}

static bool cropped(const vly_pipeline *p)
{
    vly_extent v = vly_source_info(p->source)->extent;
    return page_voxels(p->data) != (int64_t)v.nx * v.ny ||
           (p->mask && page_voxels(p->window) !=
                           (int64_t)vly_source_info(p->mask)->extent.nx * vly_source_info(p->mask)->extent.ny);
}

/* Pinned memory that stands between the volume and a device of its own. */
static int64_t stage_bytes(const vly_pipeline *p, int32_t pages)
{
    return slot_bytes(p, pages) + (p->keep_labels ? label_bytes(p, pages) : 0);
}

/* What slabs of `pages` hold in host memory and on a device of its own, with what the caller has beside one of them. */
static void hold(const vly_pipeline *p, int32_t pages, bool resident, int64_t *host, int64_t *own)
{
    int64_t slabs = resident ? slot_bytes(p, share_pages(p)) : VLY_SLOTS * slot_bytes(p, pages);
    slabs += p->beside * page_voxels(p->data) * data_pages(p, pages);
    *host = p->device->unified ? slabs : stage_bytes(p, pages);
    *own = p->device->unified ? 0 : slabs;
}

static vly_status too_small(const vly_pipeline *p, const char *which, int64_t limit, int64_t needed)
{
    return vly_fail(VLY_EMEMORY, "%s: a %smemory limit of %lld MiB is too small, at least %lld MiB expected",
                    vly_source_info(p->source)->path, which, (long long)(limit >> 20),
                    (long long)((needed + (1 << 20) - 1) >> 20));
}

/* Resident if everything fits, else the thickest slabs of at most SLAB_VOXELS that do. Ranks share host memory: each plans
 * with its part of what is left, and none allocates before all have planned. */
static vly_status make_plan(vly_pipeline *p, int64_t reserve)
{
    const vly_volume_info *info = vly_source_info(p->source);
    const vly_device *device = p->device;
    int32_t nz = larger(share_pages(p), 1), threads = device->pool->threads, ranks = device->comm->size;
    p->page_bytes = cropped(p) ? (int64_t)info->extent.nx * info->extent.ny * p->size : 0;
    int64_t held = vly_memory_held(), fixed = reserve + threads * (p->page_bytes + info->decode_bytes);
    int64_t host_left = (device->memory_limit - held) / ranks - fixed, own_left = device->device_memory_limit - reserve;
    int64_t most = SLAB_VOXELS / page_voxels(p->window), host, own;
    if (most < p->thick) most = p->thick;
    int32_t pages = most < 1 ? 1 : most > nz ? nz : (int32_t)most;
    bool resident = true;
    hold(p, pages, resident, &host, &own);
    while ((host > host_left || own > own_left) && (resident || pages > 1)) {
        pages -= resident ? 0 : 1;
        resident = false;
        hold(p, pages, resident, &host, &own);
    }
    p->slot_count = resident ? 1 : VLY_SLOTS;
    p->plan.resident = resident;
    p->plan.slab_pages = pages;
    p->plan.slabs = (share_pages(p) + pages - 1) / pages;
    p->plan.host_bytes = held + ranks * (fixed + host);
    p->plan.device_bytes = device->unified ? 0 : reserve + own;
    if (host > host_left) return too_small(p, "", device->memory_limit, p->plan.host_bytes);
    if (own > own_left) return too_small(p, "device ", device->device_memory_limit, p->plan.device_bytes);
    return VLY_OK;
}

/* `bytes` of pinned memory; nothing on a unified device. */
static vly_status make_stage(vly_pipeline *p, void **out, int64_t bytes)
{
    return p->device->unified ? VLY_OK : p->device->calls->alloc_pinned(p->device, out, bytes);
}

static vly_status make_stages(vly_pipeline *p)
{
    int64_t labels = label_bytes(p, p->plan.slab_pages);
    VLY_TRY(make_stage(p, &p->stages.data, page_voxels(p->data) * data_pages(p, p->plan.slab_pages) * p->size));
    if (p->of_labels) return VLY_OK;
    VLY_TRY(make_stage(p, &p->stages.label_down, labels));
    if (p->mask) VLY_TRY(make_stage(p, &p->stages.mask, labels));
    return p->keep_labels ? make_stage(p, &p->stages.label_up, labels) : VLY_OK;
}

static void free_stage(vly_pipeline *p, void *stage)
{
    if (stage) p->device->calls->free_pinned(p->device, stage);
}

static vly_status make_slots(vly_pipeline *p, const char *scratch)
{
    int32_t pages = p->plan.resident ? share_pages(p) : p->plan.slab_pages;
    int64_t data = page_voxels(p->data) * data_pages(p, pages) * p->size, labels = label_bytes(p, pages);
    for (int32_t s = 0; s < p->slot_count; s++) {
        vly_slot *slot = &p->slots[s];
        VLY_TRY(vly_buffer_reserve(&slot->data, p->device, data, p->of_labels ? "labels" : "grey values"));
        if (!p->of_labels) VLY_TRY(vly_buffer_reserve(&slot->label, p->device, labels, "labels"));
        if (p->mask) VLY_TRY(vly_buffer_reserve(&slot->mask, p->device, labels, "mask"));
    }
    if (p->page_bytes > 0)
        VLY_TRY(vly_alloc_raw((void **)&p->page_scratch, p->page_bytes, p->device->pool->threads, "pages"));
    if (p->keep_labels && !p->plan.resident) VLY_TRY(vly_file_scratch(&p->label_store, scratch));
    return VLY_OK;
}

/* Everything but the memory. */
static vly_status prepare(vly_pipeline *p, vly_device *device, vly_source *source, const vly_pipeline_options *options)
{
    assert(!options->of_labels || (!options->region.mask && !options->keep_labels));
    p->device = device;
    p->source = source;
    p->mask = options->region.mask;
    p->of_labels = options->of_labels;
    p->size = options->of_labels ? sizeof(uint8_t) : sizeof(uint16_t);
    p->halo = options->halo;
    p->ahead = options->ahead;
    p->thick = options->thick;
    p->beside = options->beside;
    p->keep_labels = options->keep_labels;
    p->label_store.descriptor = -1;
    VLY_TRY(check_window(p, options->region.window));
    VLY_TRY(check_mask(p));
    return make_plan(p, options->reserve);
}

vly_status vly_pipeline_measure(vly_plan *out, vly_device *device, vly_source *source,
                                const vly_pipeline_options *options)
{
    vly_pipeline p = {.device = device};
    VLY_TRY(prepare(&p, device, source, options));
    *out = p.plan;
    return VLY_OK;
}

vly_status vly_pipeline_open(vly_pipeline **out, vly_device *device, vly_source *source,
                             const vly_pipeline_options *options)
{
    vly_pipeline *p;
    *out = NULL;
    VLY_TRY(VLY_NEW(&p, 1, "pipeline"));
    vly_status status = vly_comm_sum(device->comm, NULL, 0);
    if (status == VLY_OK) status = prepare(p, device, source, options);
    if (status == VLY_OK) status = vly_comm_sum(device->comm, NULL, 0);
    if (status == VLY_OK) status = make_slots(p, options->region.scratch);
    if (status == VLY_OK) status = make_stages(p);
    if (status != VLY_OK)
        vly_pipeline_close(p);
    else
        *out = p;
    return status;
}

void vly_pipeline_close(vly_pipeline *p)
{
    if (!p) return;
    for (int32_t s = 0; s < VLY_SLOTS; s++) {
        vly_buffer_free(&p->slots[s].data);
        vly_buffer_free(&p->slots[s].mask);
        vly_buffer_free(&p->slots[s].label);
    }
    free_stage(p, p->stages.data);
    free_stage(p, p->stages.mask);
    free_stage(p, p->stages.label_up);
    free_stage(p, p->stages.label_down);
    vly_free(p->page_scratch);
    vly_file_close(&p->label_store);
    vly_free(p);
}

const vly_plan *vly_pipeline_plan(const vly_pipeline *p)
{
    return &p->plan;
}
