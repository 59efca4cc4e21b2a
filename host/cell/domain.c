/* The layers of the cell: the labels as they are read, less what lies outside the electrode, and the separator on top. */
#include "cell/domain.h"

#include "core/memory.h"
#include "core/source_impl.h"
#include "morphology/label_pages.h"
#include "morphology/padded_view.h"

#include <math.h>
#include <string.h>

enum { LAYERS_MOST = 1 << 20, SIDE_MOST = 1 << 21 };

static const double SEALED_MOST = 0.1; /* of the electrolyte, before it is worth a warning */

/* ---- reading ---- */

typedef struct reading {
    vly_source *labels;
    vly_box window;
    vly_extent to;   /* layers along z */
    int64_t step[3]; /* in the array to fill, of a voxel's x, y, z */
    int64_t first;   /* of the window's first voxel there */
    uint8_t *label;
} reading;

/* The through axis becomes z, turned so that the collector is at 0; the two others keep their order. */
static void turn(reading *r, vly_through through)
{
    const int32_t side[3] = {r->window.x1 - r->window.x0, r->window.y1 - r->window.y0, r->window.z1 - r->window.z0};
    const int32_t a = through.axis, fast = a == 0 ? 1 : 0, slow = a == 2 ? 1 : 2;
    r->to = (vly_extent){side[fast], side[slow], side[a]};
    r->step[fast] = 1;
    r->step[slow] = side[fast];
    r->step[a] = (int64_t)side[fast] * side[slow];
    r->first = 0;
    if (through.separator_high) return;
    r->first = r->step[a] * (side[a] - 1);
    r->step[a] = -r->step[a];
}

static vly_status read_page(void *self, int64_t item, int32_t worker)
{
    const reading *r = self;
    const vly_extent e = vly_source_info(r->labels)->extent;
    const vly_box w = r->window;
    uint8_t *page;
    (void)worker;
    VLY_TRY(vly_alloc_raw((void **)&page, (int64_t)e.nx * e.ny, 1, "page of labels"));
    vly_status status = vly_source_read(r->labels, w.z0 + (int32_t)item, 1, page);
    for (int32_t y = w.y0; y < w.y1 && status == VLY_OK; y++) {
        uint8_t *to = r->label + r->first + item * r->step[2] + (y - w.y0) * r->step[1];
        for (int32_t x = w.x0; x < w.x1; x++) to[(x - w.x0) * r->step[0]] = page[(int64_t)y * e.nx + x];
    }
    vly_free(page);
    return status;
}

static vly_status read_labels(reading *r, vly_device *device, vly_through through)
{
    VLY_TRY(vly_label_window(&r->window, r->labels));
    turn(r, through);
    VLY_TRY(vly_alloc_raw((void **)&r->label, vly_extent_voxels(r->to), 1, "labels"));
    return vly_pool_run(device->pool, r->window.z1 - r->window.z0, read_page, r);
}

/* ---- where the electrode begins and ends ---- */

static int64_t count_solid(const uint8_t *layer, int64_t voxels)
{
    int64_t solid = 0;
    for (int64_t i = 0; i < voxels; i++) solid += layer[i] == VLY_AM || layer[i] == VLY_CBD;
    return solid;
}

/* Blur leaves layers of pore at the collector (spec, trap 9), and the separator begins where nothing solid is any more
 * (trap 10). */
static vly_status find_electrode(vly_domain *d, const reading *r, bool trim, int32_t *begin, int32_t *end)
{
    const int64_t layer = (int64_t)r->to.nx * r->to.ny;
    const char *path = vly_source_info(r->labels)->path;
    *begin = 0;
    *end = r->to.nz;
    while (*end > 0 && count_solid(r->label + (*end - 1) * layer, layer) == 0) (*end)--;
    while (trim && *begin < *end && 2 * count_solid(r->label + *begin * layer, layer) <= layer) (*begin)++;
    if (*end == 0)
        return vly_fail(VLY_EDATA, "%s: no active material and no carbon-binder, an electrode expected", path);
    if (*begin == *end)
        return vly_fail(VLY_EDATA, "%s: no layer is more than half solid, so there is none to put the collector on",
                        path);
    d->found.trimmed = *begin;
    d->found.above = r->to.nz - *end;
    return VLY_OK;
}

static vly_status check_labels(vly_domain *d, const reading *r, int32_t begin, int32_t end)
{
    const int64_t layer = (int64_t)r->to.nx * r->to.ny;
    const char *path = vly_source_info(r->labels)->path;
    int64_t outside = 0;
    for (int64_t i = begin * layer; i < end * layer; i++) {
        if (r->label[i] < VLY_PHASES)
            d->found.voxels[r->label[i]]++;
        else if (r->label[i] == VLY_OUTSIDE)
            outside++;
        else
            return vly_fail(VLY_EDATA, "%s: label %d, 0 (pore), 1 (am) or 2 (cbd) expected", path, r->label[i]);
    }
    if (outside > 0)
        return vly_fail(VLY_EDATA,
                        "%s: %lld voxels of the electrode are marked as outside, a window without such expected", path,
                        (long long)outside);
    if (d->found.voxels[VLY_AM] == 0) return vly_fail(VLY_EDATA, "%s: no active material, some expected", path);
    return VLY_OK;
}

/* ---- the whole ---- */

static vly_status make_layers(vly_domain *d, const vly_domain_options *o)
{
    int32_t layers = o->bare ? 0 : o->separator_layers;
    double *graded = NULL, ratio = 1.0;
    if (!o->separator_layer && !o->bare)
        VLY_TRY(vly_separator_grade(&graded, &layers, &ratio, o->separator_thickness, d->voxel));
    const double *separator = o->separator_layer ? o->separator_layer : graded;
    d->extent.nz = d->electrode + layers;
    d->found.separator_layers = layers;
    d->found.separator_ratio = ratio;
    vly_status status = VLY_NEW(&d->layer, d->extent.nz, "layers");
    for (int32_t k = 0; k < d->extent.nz && status == VLY_OK; k++) {
        d->layer[k] = k < d->electrode ? d->voxel : separator[k - d->electrode];
        if (k >= d->electrode) d->found.separator_thickness += d->layer[k];
    }
    vly_free(graded);
    return status;
}

static vly_status take_layers(vly_domain *d, const reading *r, const vly_domain_options *o)
{
    int32_t begin, end;
    VLY_TRY(find_electrode(d, r, o->trim, &begin, &end));
    VLY_TRY(check_labels(d, r, begin, end));
    d->electrode = end - begin;
    d->extent = (vly_extent){r->to.nx, r->to.ny, d->electrode};
    d->found.extent = d->extent;
    d->found.voxel = d->voxel;
    d->found.cross_section = (double)d->extent.nx * d->voxel * ((double)d->extent.ny * d->voxel);
    VLY_TRY(make_layers(d, o));
    const int64_t layer = (int64_t)r->to.nx * r->to.ny, voxels = vly_extent_voxels(d->extent);
    if (d->extent.nx >= SIDE_MOST || d->extent.ny >= SIDE_MOST || d->extent.nz >= SIDE_MOST || voxels >= INT32_MAX / 3)
        return vly_fail(VLY_EDATA, "%s: %d x %d x %d voxels with the separator, at most 2^31 unknowns expected (E_DIM)",
                        vly_source_info(r->labels)->path, d->extent.nx, d->extent.ny, d->extent.nz);
    VLY_TRY(vly_alloc_raw((void **)&d->kind, voxels, 1, "voxels"));
    memcpy(d->kind, r->label + begin * layer, (size_t)(d->electrode * layer));
    memset(d->kind + d->electrode * layer, VLY_SEPARATOR, (size_t)(voxels - d->electrode * layer));
    return VLY_OK;
}

/* Of an electrode little is sealed; of a column that is too narrow for its voxels nearly all can be, and then the cell says
 * nothing of the electrode. */
static void doubt_sealed(const vly_device *device, const vly_cell_geometry *g)
{
    const double sealed = (double)(g->sealed[VLY_PORE] + g->sealed[VLY_CBD]);
    const double part = sealed / (double)(g->voxels[VLY_PORE] + g->voxels[VLY_CBD]);
    if (part > SEALED_MOST)
        vly_device_warn(
            device,
            "%.1f %% of the electrolyte has no way to the separator and takes no part: in a wider cut-out, or "
            "with smaller voxels, it may have one",
            100.0 * part);
}

static vly_status check_options(const vly_domain_options *o)
{
    if (o->area == VLY_AREA_SCALE && !(o->area_scale > 0.0))
        return vly_fail(VLY_EUSAGE, "area: a scale of %g, above 0 expected", o->area_scale);
    if (o->bare) return VLY_OK;
    if (o->separator_layers < 1 || o->separator_layers > LAYERS_MOST)
        return vly_fail(VLY_EUSAGE, "separator: %d layers, 1 to %d expected: solid may not touch the lithium",
                        o->separator_layers, LAYERS_MOST);
    for (int32_t k = 0; o->separator_layer && k < o->separator_layers; k++)
        if (!(o->separator_layer[k] > 0.0) || !isfinite(o->separator_layer[k]))
            return vly_fail(VLY_EUSAGE, "separator: a layer of %g um, above 0 expected", 1e6 * o->separator_layer[k]);
    if (!o->separator_layer && !(o->separator_thickness > 0.0))
        return vly_fail(VLY_EUSAGE, "separator: %g um thick, above 0 expected: solid may not touch the lithium",
                        1e6 * o->separator_thickness);
    return VLY_OK;
}

vly_status vly_domain_create(vly_domain *out, vly_device *device, vly_source *labels, const vly_domain_options *options)
{
    const vly_volume_info *info = vly_source_info(labels);
    reading r = {.labels = labels, .window = options->window};
    *out = (vly_domain){.voxel = info->voxel_size.x};
    VLY_TRY(check_options(options));
    VLY_TRY(vly_labels_check(info));
    VLY_TRY(vly_voxel_size_require(info));
    vly_status status = read_labels(&r, device, options->through);
    if (status == VLY_OK) status = take_layers(out, &r, options);
    vly_free(r.label);
    if (status == VLY_OK) status = vly_domain_percolate(out, options);
    if (status == VLY_OK) doubt_sealed(device, &out->found);
    if (status != VLY_OK) vly_domain_free(out);
    return status;
}

void vly_domain_free(vly_domain *domain)
{
    vly_free(domain->layer);
    vly_free(domain->kind);
    *domain = (vly_domain){.layer = NULL};
}
