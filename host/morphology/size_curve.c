#include "morphology/size_curve.h"

#include "core/memory.h"

#include <math.h>

const int32_t vly_size_percent[VLY_SIZE_QUANTILES] = {10, 25, 50, 75, 90};

/* Where the polygon (0, 1), (radius, share) ... is last at or above `share`. */
static double interpolate(const vly_size_curve *c, double share)
{
    int32_t i = c->count - 1;
    while (i >= 0 && c->share[i] < share) i--;
    double r = i < 0 ? 0.0 : c->radius[i], s = i < 0 ? 1.0 : c->share[i];
    if (i == c->count - 1) return r;
    return r + (s - share) / (s - c->share[i + 1]) * (c->radius[i + 1] - r);
}

/* One more size. The last one that at least (100 - percent) % of the voxels have is s[floor(q N)]: no rounding. */
static void add(vly_size_curve *c, int32_t level, int32_t scale, int64_t at_least, int64_t of)
{
    c->radius[c->count] = sqrt((double)level / scale);
    c->share[c->count] = (double)at_least / (double)of;
    for (int q = 0; q < VLY_SIZE_QUANTILES; q++)
        if (at_least * 100 >= of * (100 - vly_size_percent[q])) {
            c->step[q] = c->radius[c->count];
            c->square[q] = level;
        }
    c->count++;
}

static int64_t sum(const uint64_t *counts, int32_t levels)
{
    int64_t all = 0;
    for (int32_t level = 0; level < levels; level++) all += (int64_t)counts[level];
    return all;
}

static void fill(vly_size_curve *c, const vly_size_bins *b, int32_t scale)
{
    const uint64_t *least = b->least ? b->least : b->counted;
    int64_t at_least = sum(least, b->levels), of = c->voxels;
    for (int32_t level = 0; level < b->levels; level++) {
        if (level > 0 && b->counted[level] > 0 && of > 0) add(c, level, scale, at_least, of);
        at_least -= (int64_t)least[level];
        if (b->room) of -= (int64_t)b->room[level];
    }
    double last = 0.0;
    for (int32_t i = 0; i < c->count; last = c->radius[i++]) c->mean += (c->radius[i] - last) * c->share[i];
    for (int q = 0; q < VLY_SIZE_QUANTILES; q++) c->interpolated[q] = interpolate(c, 1.0 - vly_size_percent[q] / 100.0);
}

vly_status vly_size_curve_of(vly_size_curve *out, const vly_size_bins *bins, int32_t scale)
{
    int32_t sizes = 0;
    *out = (vly_size_curve){.voxels = sum(bins->counted, bins->levels)};
    out->reached = out->voxels - (int64_t)bins->counted[0];
    for (int32_t level = 1; level < bins->levels; level++) sizes += bins->counted[level] > 0;
    VLY_TRY(VLY_NEW(&out->radius, 2 * (int64_t)sizes + 1, "curve"));
    out->share = out->radius + sizes;
    fill(out, bins, scale);
    return VLY_OK;
}

void vly_size_curve_free(vly_size_curve *curve)
{
    vly_free(curve->radius);
    *curve = (vly_size_curve){.count = 0};
}
