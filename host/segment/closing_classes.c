/* Closing by whole radii: every page gets a true closing, and the fractions come as near as radii allow (spec 9.3, ties none).
 * All radii of all pages have to be known before the first page can be labelled, so the slabs are gone through twice. */
#include "segment/closing_impl.h"

#include "core/memory.h"

/* ---- listing ---- */

typedef struct listing {
    vly_closing_classes *classes;
    const vly_closing_slab *slab;
    int32_t levels;
    int64_t *count; /* (threads, levels) */
    int32_t *rho2;  /* (threads, page), and labels: of a device with memory of its own */
    uint8_t *label;
    vly_device *device;
} listing;

static vly_status compress(vly_closing_classes *c, int64_t *count, int32_t levels)
{
    for (int32_t v = 0; v < levels; v++) c->count += count[v] > 0;
    VLY_TRY(VLY_NEW(&c->list, c->count > 0 ? c->count : 1, "radii"));
    c->count = 0;
    for (int32_t v = 0; v < levels; v++) {
        if (count[v] > 0) c->list[c->count++] = (struct vly_closing_class){v, count[v]};
        count[v] = 0;
    }
    return VLY_OK;
}

static vly_status list_page(void *self, int64_t item, int32_t worker)
{
    const listing *l = self;
    const vly_closing_pages *p = &l->slab->pages;
    const int32_t *rho2 = p->rho2 + item * p->page;
    const uint8_t *label = l->slab->label + item * p->page;
    int64_t *count = l->count + (int64_t)worker * l->levels;
    if (l->rho2) {
        int32_t *own = l->rho2 + worker * p->page;
        uint8_t *own_label = l->label + worker * p->page;
        VLY_TRY(vly_device_download(l->device, own, rho2, p->page * (int64_t)sizeof *own));
        VLY_TRY(vly_device_download(l->device, own_label, label, p->page));
        rho2 = own, label = own_label;
    }
    for (int64_t i = 0; i < p->page; i++)
        if (label[i] == VLY_CLOSING_OPEN) count[rho2[i]]++;
    return compress(&l->classes[item], count, l->levels);
}

vly_status vly_closing_list_classes(vly_closing_classes *classes, vly_device *device, const vly_closing_slab *slab)
{
    const int32_t threads = device->pool->threads;
    listing l = {.classes = classes, .slab = slab, .levels = 1 << slab->bits, .device = device};
    if (slab->bits > 30) return vly_fail(VLY_EDATA, "closing: pores wider than 2^15 voxels, narrower ones expected");
    vly_status status = VLY_NEW(&l.count, (int64_t)l.levels * threads, "radii");
    if (status == VLY_OK && !device->unified) status = VLY_NEW(&l.rho2, slab->pages.page * threads, "radii");
    if (status == VLY_OK && !device->unified) status = VLY_NEW(&l.label, slab->pages.page * threads, "labels");
    if (status == VLY_OK) status = vly_pool_run(device->pool, slab->pages.count, list_page, &l);
    vly_free(l.count);
    vly_free(l.rho2);
    vly_free(l.label);
    return status;
}

/* ---- choosing ---- */

/* The radii of a page that come nearest to `share` voxels; how many voxels they have to *taken. */
static int32_t nearest(const vly_closing_classes *c, double share, int64_t *taken)
{
    int32_t k = 0;
    *taken = 0;
    while (k < c->count && 2.0 * (share - (double)*taken) >= (double)c->list[k].voxels) *taken += c->list[k++].voxels;
    return k;
}

static int64_t total_of(const vly_edx_page *pages, const vly_closing_classes *classes, int32_t nz, double scale)
{
    int64_t total = 0, taken;
    for (int32_t z = 0; z < nz; z++) {
        nearest(&classes[z], vly_edx_share_of(&pages[z], scale), &taken);
        total += taken;
    }
    return total;
}

static double bisect(const vly_edx_page *pages, const vly_closing_classes *classes, int32_t nz, int64_t cbd)
{
    double low = 0.0, high = 1.0;
    while (total_of(pages, classes, nz, high) < cbd && high < 1e12) high *= 2.0;
    for (int i = 0; i < 200; i++) {
        double middle = 0.5 * (low + high);
        if (middle == low || middle == high) break;
        if (total_of(pages, classes, nz, middle) < cbd)
            low = middle;
        else
            high = middle;
    }
    int64_t below = cbd - total_of(pages, classes, nz, low), above = total_of(pages, classes, nz, high) - cbd;
    return above <= below ? high : low;
}

void vly_closing_choose_classes(vly_closing_choice *choices, double *scale, vly_edx_page *pages,
                                const vly_closing_classes *classes, int32_t nz, int64_t cbd)
{
    *scale = cbd > 0 ? bisect(pages, classes, nz, cbd) : 0.0;
    for (int32_t z = 0; z < nz; z++) {
        const vly_closing_classes *c = &classes[z];
        int32_t k = nearest(c, vly_edx_share_of(&pages[z], *scale), &pages[z].target);
        choices[z] = (vly_closing_choice){.rho2 = 0};
        if (k == 0) continue;
        choices[z].rho2 = c->list[k - 1].rho2;
        choices[z].tied = c->list[k - 1].voxels;
        choices[z].cut.near = vly_closing_near(c->list[k - 1].rho2, 0) + ((uint64_t)1 << 32);
    }
}
