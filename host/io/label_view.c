/* A view that turns the values of a label file into phases, and refuses values that stand for none. */
#include "io/io.h"

#include <stdio.h>

typedef struct label_view {
    vly_source *inner;
    vly_label_map map;
} label_view;

static vly_status unlisted(const label_view *self, int64_t at, int32_t z0, int value)
{
    const vly_volume_info *info = &self->inner->info;
    char list[1200] = "";
    for (int v = 0, used = 0; v < 256; v++)
        if (self->map.listed[v]) used += snprintf(list + used, sizeof list - (size_t)used, "%s%d", used ? ", " : "", v);
    int64_t page = (int64_t)info->extent.nx * info->extent.ny, in_page = at % page;
    return vly_fail(VLY_EDATA, "%s: label %d at x=%lld y=%lld z=%lld, one of %s expected (--labels tells more)",
                    info->path, value, (long long)(in_page % info->extent.nx), (long long)(in_page / info->extent.nx),
                    (long long)(z0 + at / page), list);
}

/* u16, as Fiji keeps labels: page by page through a scratch page. */
static vly_status read_wide(label_view *self, int32_t z0, int32_t count, uint8_t *to)
{
    int64_t page = (int64_t)self->inner->info.extent.nx * self->inner->info.extent.ny;
    uint16_t *wide;
    VLY_TRY(vly_alloc_raw((void **)&wide, page, sizeof *wide, "page of labels"));
    vly_status status = VLY_OK;
    for (int32_t z = 0; z < count && status == VLY_OK; z++) {
        status = vly_source_read(self->inner, z0 + z, 1, wide);
        for (int64_t i = 0; i < page && status == VLY_OK; i++) {
            if (wide[i] > 255) status = unlisted(self, i, z0 + z, wide[i]);
            to[z * page + i] = (uint8_t)wide[i];
        }
    }
    vly_free(wide);
    return status;
}

static vly_status read_labels(vly_source *source, int32_t z0, int32_t count, void *pages)
{
    label_view *self = source->self;
    uint8_t *v = pages;
    int64_t voxels = (int64_t)source->info.extent.nx * source->info.extent.ny * count;
    VLY_TRY(self->inner->info.type == VLY_U16 ? read_wide(self, z0, count, pages)
                                              : vly_source_read(self->inner, z0, count, pages));
    for (int64_t i = 0; i < voxels; i++) {
        if (!self->map.listed[v[i]]) return unlisted(self, i, z0, v[i]);
        v[i] = self->map.phase[v[i]];
    }
    return VLY_OK;
}

static void close_labels(vly_source *source)
{
    label_view *self = source->self;
    vly_source_close(self->inner);
}

vly_status vly_source_labels(vly_source **out, vly_source *inner, const vly_label_map *map)
{
    vly_source *view = NULL;
    vly_type type = inner->info.type;
    *out = NULL;
    vly_status status = type == VLY_U8 || type == VLY_U16 || type == VLY_U1
                            ? vly_source_create(&view, inner->info.path, sizeof(label_view))
                            : vly_fail(VLY_EDATA, "%s: is %s, labels of type u8 or u16 expected", inner->info.path,
                                       vly_type_name(type));
    if (status != VLY_OK) {
        vly_source_close(inner);
        return status;
    }
    label_view *self = view->self;
    const char *path = view->info.path;
    self->inner = inner;
    if (map)
        self->map = *map;
    else if (!vly_label_map_described(&self->map, inner->info.description))
        vly_label_map_default(&self->map);
    view->info = inner->info;
    view->info.path = path;
    view->info.type = VLY_U8;
    if (type == VLY_U16) view->info.decode_bytes += (int64_t)inner->info.extent.nx * inner->info.extent.ny * 2;
    view->read = read_labels;
    view->close = close_labels;
    *out = view;
    return VLY_OK;
}
