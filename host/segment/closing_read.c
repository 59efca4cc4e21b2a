/* Labels as the closing sees them. */
#include "segment/closing_impl.h"

#include "core/memory.h"

typedef struct reading {
    const vly_closing_volume *volume;
    int32_t z0;
    int64_t page;
    uint8_t *to, *mask; /* (count, page), (threads, page) */
    vly_edx_page *pages;
} reading;

/* Of the labels, only where the active material is and what is outside counts. */
static vly_status read_page(void *self, int64_t item, int32_t worker)
{
    const reading *r = self;
    const vly_closing_volume *v = r->volume;
    uint8_t *to = r->to + item * r->page, *mask = r->mask ? r->mask + worker * r->page : NULL;
    VLY_TRY(vly_source_read(v->am, r->z0 + (int32_t)item, 1, to));
    if (mask) VLY_TRY(vly_source_read(v->mask, r->z0 + (int32_t)item, 1, mask));
    for (int64_t i = 0; i < r->page; i++) {
        bool outside = to[i] == VLY_OUTSIDE || (mask && mask[i] == 0);
        to[i] = outside ? VLY_OUTSIDE : to[i] == VLY_AM ? VLY_AM : VLY_CLOSING_OPEN;
    }
    return VLY_OK;
}

vly_status vly_closing_read(const vly_closing_volume *v, int32_t z0, int32_t count, uint8_t *pages)
{
    reading r = {.volume = v, .z0 = z0, .page = (int64_t)v->extent.nx * v->extent.ny, .to = pages};
    if (v->spooled) return vly_source_read(v->spooled, z0, count, pages);
    if (v->mask) VLY_TRY(vly_alloc_raw((void **)&r.mask, r.page, v->device->pool->threads, "mask"));
    vly_status status = vly_pool_run(v->device->pool, count, read_page, &r);
    vly_free(r.mask);
    return status;
}

static vly_status count_page(void *self, int64_t item, int32_t worker)
{
    const reading *r = self;
    const uint8_t *label = r->to + item * r->page;
    vly_edx_page *page = &r->pages[r->z0 + item];
    (void)worker;
    page->inside = page->am = page->open = 0;
    for (int64_t i = 0; i < r->page; i++) {
        page->inside += label[i] != VLY_OUTSIDE;
        page->am += label[i] == VLY_AM;
        page->open += label[i] == VLY_CLOSING_OPEN;
    }
    return VLY_OK;
}

vly_status vly_closing_count_pages(vly_closing_volume *v, vly_edx_page *pages)
{
    enum { CHUNK = 1 << 22 };
    reading r = {.volume = v, .page = (int64_t)v->extent.nx * v->extent.ny, .pages = pages};
    int32_t group = CHUNK / r.page < 1 ? 1 : (int32_t)(CHUNK / r.page);
    if (group > v->extent.nz) group = v->extent.nz;
    VLY_TRY(vly_alloc_raw((void **)&r.to, r.page, group, "labels"));
    vly_status status = VLY_OK;
    v->outside = 0;
    for (r.z0 = 0; r.z0 < v->extent.nz && status == VLY_OK; r.z0 += group) {
        int32_t count = v->extent.nz - r.z0 < group ? v->extent.nz - r.z0 : group;
        status = vly_device_stop(v->device);
        if (status == VLY_OK) status = vly_closing_read(v, r.z0, count, r.to);
        if (status == VLY_OK) status = vly_pool_run(v->device->pool, count, count_page, &r);
    }
    for (int32_t z = 0; z < v->extent.nz && status == VLY_OK; z++) v->outside += r.page - pages[z].inside;
    vly_free(r.to);
    return status;
}

void vly_closing_volume_close(vly_closing_volume *v)
{
    if (!v->spooled) return;
    vly_source_close(v->spooled);
    v->spooled = NULL;
    vly_spool_close(&v->spool);
}
