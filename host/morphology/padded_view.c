#include "morphology/padded_view.h"

#include "io/io.h"

#include <string.h>

typedef struct padded_view {
    vly_source *labels;
    vly_box window;
} padded_view;

vly_status vly_label_window(vly_box *window, vly_source *labels)
{
    static const vly_box nothing;
    const vly_volume_info *info = vly_source_info(labels);
    vly_extent e = info->extent;
    if (info->type != VLY_U8)
        return vly_fail(VLY_EDATA, "%s: voxels of type %s, labels expected", info->path, vly_type_name(info->type));
    if (memcmp(window, &nothing, sizeof nothing) == 0) *window = vly_extent_box(e);
    const vly_box w = *window;
    if (w.x0 < 0 || w.y0 < 0 || w.z0 < 0 || w.x1 > e.nx || w.y1 > e.ny || w.z1 > e.nz || w.x0 >= w.x1 || w.y0 >= w.y1 ||
        w.z0 >= w.z1)
        return vly_fail(VLY_EDATA, "%s: window %d:%d,%d:%d,%d:%d is empty or outside the volume of %d x %d x %d voxels",
                        info->path, w.x0, w.x1, w.y0, w.y1, w.z0, w.z1, e.nx, e.ny, e.nz);
    return VLY_OK;
}

/* Page z of the view; `page` holds a page of the labels. */
static vly_status read_page(const padded_view *v, vly_extent e, int32_t z, uint8_t *to, uint8_t *page)
{
    vly_box w = v->window;
    int32_t nx = vly_source_info(v->labels)->extent.nx;
    memset(to, VLY_OUTSIDE, (size_t)e.nx * (size_t)e.ny);
    if (z == 0 || z == e.nz - 1) return VLY_OK;
    VLY_TRY(vly_source_read(v->labels, w.z0 + z - 1, 1, page));
    for (int32_t y = w.y0; y < w.y1; y++)
        memcpy(to + (int64_t)(y - w.y0 + 1) * e.nx + 1, page + (int64_t)y * nx + w.x0, (size_t)(w.x1 - w.x0));
    return VLY_OK;
}

static vly_status read_padded(vly_source *source, int32_t z0, int32_t count, void *pages)
{
    const padded_view *v = source->self;
    vly_extent e = source->info.extent, inner = vly_source_info(v->labels)->extent;
    uint8_t *page;
    VLY_TRY(vly_alloc_raw((void **)&page, (int64_t)inner.nx * inner.ny, 1, "page of labels"));
    vly_status status = VLY_OK;
    for (int32_t z = 0; z < count && status == VLY_OK; z++)
        status = read_page(v, e, z0 + z, (uint8_t *)pages + (int64_t)z * e.nx * e.ny, page);
    vly_free(page);
    return status;
}

static void close_padded(vly_source *source)
{
    (void)source;
}

vly_status vly_padded_view(vly_source **out, vly_source *labels, vly_box window)
{
    *out = NULL;
    VLY_TRY(vly_label_window(&window, labels));
    const vly_volume_info *info = vly_source_info(labels);
    vly_extent e = vly_box_extent(window);
    VLY_TRY(vly_extent_check(e.nx + INT64_C(2), e.ny + INT64_C(2), e.nz + INT64_C(2), info->path));
    VLY_TRY(vly_source_create(out, info->path, sizeof(padded_view)));
    vly_source *view = *out;
    const char *path = view->info.path;
    *(padded_view *)view->self = (padded_view){labels, window};
    view->info = *info;
    view->info.path = path;
    view->info.extent = (vly_extent){e.nx + 2, e.ny + 2, e.nz + 2};
    view->info.decode_bytes += (int64_t)info->extent.nx * info->extent.ny;
    view->info.contiguous = false;
    view->read = read_padded;
    view->close = close_padded;
    return VLY_OK;
}
