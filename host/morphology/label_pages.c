#include "morphology/label_pages.h"

#include <math.h>

enum { ITEM_VOXELS = 1 << 20 }; /* one read: enough to pay for a call */

vly_status vly_labels_check(const vly_volume_info *info)
{
    const vly_voxel_size *s = &info->voxel_size;
    if (info->type != VLY_U8)
        return vly_fail(VLY_EDATA, "%s: is %s, labels of type u8 expected", info->path, vly_type_name(info->type));
    if (s->verdict != VLY_SIZE_FROM_FILE && s->verdict != VLY_SIZE_GIVEN) return VLY_OK;
    double most = fmax(s->x, fmax(s->y, s->z)), least = fmin(s->x, fmin(s->y, s->z));
    if (most <= 1.001 * least) return VLY_OK;
    return vly_fail(s->verdict == VLY_SIZE_GIVEN ? VLY_EUSAGE : VLY_EDATA,
                    "%s: voxels of %.4g x %.4g x %.4g um, cubes expected (E_ANISO)", info->path, 1e6 * s->x, 1e6 * s->y,
                    1e6 * s->z);
}

typedef struct reading {
    vly_source *labels;
    int32_t z0, count, pages; /* pages of one read */
    int64_t page;             /* voxels */
    uint8_t *to;
} reading;

static vly_status read_some(void *self, int64_t item, int32_t worker)
{
    const reading *r = self;
    int32_t z = (int32_t)item * r->pages, count = r->count - z < r->pages ? r->count - z : r->pages;
    (void)worker;
    return vly_source_read(r->labels, r->z0 + z, count, r->to + z * r->page);
}

vly_status vly_labels_read(vly_device *device, vly_source *labels, int32_t z0, int32_t count, uint8_t *to)
{
    vly_extent e = vly_source_info(labels)->extent;
    reading r = {.labels = labels, .z0 = z0, .count = count, .page = (int64_t)e.nx * e.ny, .to = to};
    r.pages = r.page > ITEM_VOXELS ? 1 : (int32_t)(ITEM_VOXELS / r.page);
    return vly_pool_run(device->pool, (count + r.pages - 1) / r.pages, read_some, &r);
}
