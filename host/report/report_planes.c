/* Reads the pages that the sections touch, one at a time, and keeps the pixels. */
#include "report/report_planes.h"

#include "core/memory.h"

#include <stdlib.h>

enum { PAGES = 256 };

static int32_t at_most(int32_t value, int32_t limit)
{
    return value < limit ? value : limit;
}

static void choose(vly_view *out, vly_extent e, int32_t stride, int32_t most)
{
    *out = (vly_view){.extent = e, .stride = stride, .depth = (e.nz - 1) / stride + 1, .x = -1};
    out->width = at_most((e.nx - 1) / stride + 1, most);
    out->height = at_most((e.ny - 1) / stride + 1, most);
    out->x0 = (e.nx - 1 - (out->width - 1) * stride) / 2;
    out->y0 = (e.ny - 1 - (out->height - 1) * stride) / 2;
    out->y = e.ny / 2;
    out->z = out->depth / 2 * stride; /* a page that is read anyway */
}

void vly_view_choose(vly_view *out, vly_extent e, int32_t most)
{
    choose(out, e, (e.nz - 1) / PAGES + 1, most);
}

void vly_view_block(vly_view *out, vly_extent e, int32_t most, vly_through through)
{
    const int32_t thickness[3] = {e.nx, e.ny, 1}, stride = (e.nz - 1) / PAGES + 1;
    const int32_t whole = (thickness[through.axis] - 1) / most + 1;
    choose(out, e, whole > stride ? whole : stride, most);
    int32_t *const planes[3] = {&out->x, &out->y, &out->z};
    const int32_t first[3] = {out->x0, out->y0, 0}, pixels[3] = {out->width, out->height, out->depth};
    for (int i = 0; i < 3; i++)
        *planes[i] = first[i] + (i == through.axis && !through.separator_high ? 0 : (pixels[i] - 1) * out->stride);
}

/* Voxels that so many pixels span. */
static int32_t span(const vly_view *view, int32_t pixels, int32_t voxels)
{
    int64_t reach = (int64_t)pixels * view->stride;
    return reach < voxels ? (int32_t)reach : voxels;
}

void vly_view_describe(vly_text *to, const vly_view *v)
{
    const vly_extent e = v->extent;
    int32_t width = span(v, v->width, e.nx), height = span(v, v->height, e.ny);
    if (width < e.nx || height < e.ny)
        vly_html_add(to, "Shown is the middle %d × %d × %d voxels of %d × %d × %d (x × y × z)", width, height, e.nz,
                     e.nx, e.ny, e.nz);
    else
        vly_html_add(to, "Shown is the whole width of %d × %d × %d voxels (x × y × z)", e.nx, e.ny, e.nz);
    if (v->stride > 1) vly_html_add(to, ", one voxel in %d along each axis", v->stride);
    vly_html_add(to, ". ");
}

/* Where the view's voxel (0, 0, 0) lies in a volume of extent e. */
static vly_status place(vly_box *out, const vly_view *view, vly_extent e, const vly_box *window, const char *path)
{
    vly_extent want = view->extent;
    bool same = e.nx == want.nx && e.ny == want.ny && e.nz == want.nz;
    *out = same ? vly_extent_box(e) : *window;
    vly_extent box = vly_box_extent(*out);
    bool inside = out->x0 >= 0 && out->y0 >= 0 && out->z0 >= 0 && out->x1 <= e.nx && out->y1 <= e.ny && out->z1 <= e.nz;
    if (inside && box.nx == want.nx && box.ny == want.ny && box.nz == want.nz) return VLY_OK;
    return vly_fail(VLY_EDATA, "%s: %d x %d x %d voxels, the labels have %d x %d x %d", path, e.nx, e.ny, e.nz, want.nx,
                    want.ny, want.nz);
}

/* values: the x-z section (depth, width), then the x-y section (height, width), then if wanted the y-z section. */
static vly_status cut(double *values, const vly_view *view, vly_source *source, const vly_box *window)
{
    const vly_volume_info *info = vly_source_info(source);
    int32_t nx = info->extent.nx, stride = view->stride;
    double *flat = values + (int64_t)view->depth * view->width, *side = flat + (int64_t)view->height * view->width;
    void *page;
    vly_box box;
    VLY_TRY(place(&box, view, info->extent, window, info->path));
    VLY_TRY(vly_alloc_raw(&page, (int64_t)nx * info->extent.ny, vly_type_bytes(info->type), "page"));
    vly_status status = VLY_OK;
    for (int32_t k = 0; k < view->depth; k++) {
        if ((status = vly_source_read(source, box.z0 + k * stride, 1, page)) != VLY_OK) break;
        int64_t x0 = box.x0 + view->x0, row = (int64_t)(box.y0 + view->y) * nx + x0;
        for (int32_t i = 0; i < view->width; i++)
            values[(int64_t)k * view->width + i] = vly_type_value(info->type, page, row + (int64_t)i * stride);
        for (int32_t j = 0; k * stride == view->z && j < view->height; j++) {
            row = (int64_t)(box.y0 + view->y0 + j * stride) * nx + x0;
            for (int32_t i = 0; i < view->width; i++)
                flat[(int64_t)j * view->width + i] = vly_type_value(info->type, page, row + (int64_t)i * stride);
        }
        row = (int64_t)(box.y0 + view->y0) * nx + box.x0 + view->x;
        for (int32_t j = 0; view->x >= 0 && j < view->height; j++)
            side[(int64_t)k * view->height + j] = vly_type_value(info->type, page, row + (int64_t)j * stride * nx);
    }
    vly_free(page);
    return status;
}

static int ascending(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

/* Maps values to grey bytes. Sorting is no cost: there are a few 10^5 of them. */
static vly_status stretch(unsigned char *to, const double *values, int64_t count)
{
    double *sorted;
    VLY_TRY(vly_alloc_raw((void **)&sorted, count, sizeof *sorted, "section"));
    for (int64_t i = 0; i < count; i++) sorted[i] = values[i];
    qsort(sorted, (size_t)count, sizeof *sorted, ascending);
    double low = sorted[count / 200], high = sorted[count - 1 - count / 200];
    for (int64_t i = 0; i < count; i++) {
        double part = high > low ? (values[i] - low) / (high - low) : 0.5;
        to[i] = part >= 1 ? 255 : part > 0 ? (unsigned char)(part * 255 + 0.5) : 0;
    }
    vly_free(sorted);
    return VLY_OK;
}

/* As bytes; `limit` where a value is more. */
static void take(unsigned char *to, const double *values, int64_t count, unsigned char limit)
{
    for (int64_t i = 0; i < count; i++) to[i] = values[i] < limit ? (unsigned char)values[i] : limit;
}

vly_status vly_planes_read(vly_planes *out, const vly_view *view, const char *path, const vly_box *window,
                           vly_plane_kind kind, const vly_label_map *map)
{
    const int64_t through = (int64_t)view->depth * view->width, flat = (int64_t)view->height * view->width;
    const int64_t count = through + flat + (view->x < 0 ? 0 : (int64_t)view->depth * view->height);
    double *values = NULL;
    vly_source *source;
    *out = (vly_planes){0};
    VLY_TRY(vly_source_open(&source, path, NULL));
    if (kind == VLY_PLANES_LABELS) VLY_TRY(vly_source_labels(&source, source, map)); /* owns it, also when it fails */
    vly_status status = vly_alloc_raw((void **)&values, count, sizeof *values, "sections");
    if (status == VLY_OK) status = vly_alloc_raw((void **)&out->through, count, 1, "sections");
    if (status == VLY_OK) status = cut(values, view, source, window);
    if (status == VLY_OK && kind == VLY_PLANES_GREY)
        status = stretch(out->through, values, count);
    else if (status == VLY_OK)
        take(out->through, values, count, kind == VLY_PLANES_LABELS ? VLY_PHASES : 255);
    out->flat = out->through ? out->through + through : NULL;
    out->side = out->through && view->x >= 0 ? out->flat + flat : NULL;
    vly_source_close(source);
    vly_free(values);
    if (status != VLY_OK) vly_planes_free(out);
    return status;
}

void vly_planes_free(vly_planes *planes)
{
    vly_free(planes->through); /* the others lie behind it */
    *planes = (vly_planes){0};
}
