/* Equal squares side by side, as large as the number asked for allows: no seed, so everybody gets the same ones. */
#include "morphology/describe_impl.h"

enum { LEAST_SIDE = 2 };

static int32_t side_of(vly_box w, int32_t axis)
{
    return axis == 0 ? w.x1 - w.x0 : axis == 1 ? w.y1 - w.y0 : w.z1 - w.z0;
}

static void narrow(vly_box *w, int32_t axis, int32_t from, int32_t side)
{
    int32_t *low = axis == 0 ? &w->x0 : axis == 1 ? &w->y0 : &w->z0;
    int32_t *high = axis == 0 ? &w->x1 : axis == 1 ? &w->y1 : &w->z1;
    *low += from;
    *high = *low + side;
}

vly_status vly_describe_windows(vly_box *windows, int32_t count, vly_box whole, int32_t axis, const char *path)
{
    const int32_t fast = axis == 0 ? 1 : 0, slow = axis == 2 ? 1 : 2;
    const int32_t width = side_of(whole, fast), height = side_of(whole, slow);
    int32_t side = width < height ? width : height;
    windows[0] = whole;
    if (count == 1) return VLY_OK;
    while (side >= LEAST_SIDE && (int64_t)(width / side) * (height / side) < count) side--;
    if (side < LEAST_SIDE)
        return vly_fail(VLY_EUSAGE, "%s: %d cut-outs do not fit side by side into %d x %d voxels", path, count, width,
                        height);
    for (int32_t i = 0; i < count; i++) {
        windows[i] = whole;
        narrow(&windows[i], fast, i % (width / side) * side, side);
        narrow(&windows[i], slow, i / (width / side) * side, side);
    }
    return VLY_OK;
}
