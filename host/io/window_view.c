/* A view of a part of a volume, as if it were all there is. */
#include "io/io.h"

#include <string.h>

typedef struct window_view {
    vly_source *inner;
    vly_box window;
    bool owned;
} window_view;

/* A page at a time: the pages around the window cost memory only while they are read. */
static vly_status read_window(vly_source *source, int32_t z0, int32_t count, void *pages)
{
    const window_view *self = source->self;
    const vly_box *w = &self->window;
    const vly_extent whole = self->inner->info.extent, part = source->info.extent;
    const int64_t bytes = vly_type_bytes(source->info.type), row = part.nx * bytes;
    char *page, *to = pages;
    VLY_TRY(vly_alloc_raw((void **)&page, (int64_t)whole.nx * whole.ny, bytes, source->info.path));
    vly_status status = VLY_OK;
    for (int32_t z = 0; z < count && status == VLY_OK; z++) {
        status = vly_source_read(self->inner, w->z0 + z0 + z, 1, page);
        for (int32_t y = 0; y < part.ny && status == VLY_OK; y++, to += row)
            memcpy(to, page + (((int64_t)w->y0 + y) * whole.nx + w->x0) * bytes, (size_t)row);
    }
    vly_free(page);
    return status;
}

static void close_window(vly_source *source)
{
    const window_view *self = source->self;
    if (self->owned) vly_source_close(self->inner);
}

static vly_status make(vly_source **out, vly_source *inner, vly_box window, bool owned)
{
    const vly_extent whole = inner->info.extent, part = vly_box_extent(window);
    vly_source *view = NULL;
    *out = NULL;
    bool inside = window.x0 >= 0 && window.y0 >= 0 && window.z0 >= 0 && part.nx > 0 && part.ny > 0 && part.nz > 0 &&
                  window.x1 <= whole.nx && window.y1 <= whole.ny && window.z1 <= whole.nz;
    vly_status status = inside
                            ? vly_source_create(&view, inner->info.path, sizeof(window_view))
                            : vly_fail(VLY_EDATA, "%s: window %d:%d,%d:%d,%d:%d is not inside its %d x %d x %d voxels",
                                       inner->info.path, window.x0, window.x1, window.y0, window.y1, window.z0,
                                       window.z1, whole.nx, whole.ny, whole.nz);
    if (status != VLY_OK) {
        if (owned) vly_source_close(inner);
        return status;
    }
    const char *path = view->info.path;
    *(window_view *)view->self = (window_view){inner, window, owned};
    view->info = inner->info;
    view->info.path = path;
    view->info.extent = part;
    view->info.decode_bytes += (int64_t)whole.nx * whole.ny * vly_type_bytes(inner->info.type);
    view->info.contiguous = false;
    view->read = read_window;
    view->close = close_window;
    *out = view;
    return VLY_OK;
}

vly_status vly_source_window(vly_source **out, vly_source *inner, vly_box window)
{
    return make(out, inner, window, true);
}

vly_status vly_source_part(vly_source **out, vly_source *inner, vly_box window)
{
    return make(out, inner, window, false);
}
