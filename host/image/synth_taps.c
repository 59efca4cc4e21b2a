#include "image/synth_taps.h"

#include "core/memory.h"
#include "image/synth_voxel.h"

#define REACH 4.0 /* standard deviations */

static double gauss(double distance, double sd)
{
    double t = distance / sd;
    return vly_synth_exp(-0.5 * t * t);
}

static int32_t floor_divide(int32_t a, int32_t b)
{
    return a >= 0 ? a / b : -((b - 1 - a) / b);
}

vly_status vly_taps_psf(vly_taps *out, double voxels, int32_t factor, int32_t supersample)
{
    const double sd = voxels * supersample, centre = 0.5 * (supersample - 1);
    const int32_t group = supersample / factor; /* finer points that a point stands for */
    int32_t low = (int32_t)ceil(centre - REACH * sd), high = (int32_t)floor(centre + REACH * sd);
    const bool mean = sd == 0.0 || high < low; /* narrower than the points lie apart */
    if (mean) low = 0, high = supersample - 1;
    out->first = floor_divide(low, group);
    out->count = floor_divide(high, group) - out->first + 1;
    double sum = 0.0;
    for (int32_t i = low; i <= high; i++) sum += mean ? 1.0 : gauss(i - centre, sd);
    VLY_TRY(VLY_NEW(&out->weight, out->count, "point spread"));
    for (int32_t t = 0; t < out->count; t++) {
        double weight = 0.0;
        for (int32_t i = (out->first + t) * group; i < (out->first + t + 1) * group; i++)
            if (i >= low && i <= high) weight += mean ? 1.0 : gauss(i - centre, sd);
        out->weight[t] = (float)(weight / sum);
    }
    return VLY_OK;
}

vly_status vly_taps_grain(vly_taps *out, double voxels)
{
    const int32_t reach = (int32_t)ceil(REACH * voxels);
    double squares = 0.0;
    out->first = -reach;
    out->count = 2 * reach + 1;
    VLY_TRY(VLY_NEW(&out->weight, out->count, "noise"));
    for (int32_t i = -reach; i <= reach; i++) squares += i == 0 ? 1.0 : gauss(i, voxels) * gauss(i, voxels);
    for (int32_t i = -reach; i <= reach; i++)
        out->weight[i + reach] = (float)((i == 0 ? 1.0 : gauss(i, voxels)) / sqrt(squares));
    return VLY_OK;
}

void vly_taps_row(const vly_taps *taps, const float *row, int32_t points, int32_t factor, float *out, int32_t count)
{
    for (int32_t x = 0; x < count; x++) {
        int32_t at = x * factor + taps->first;
        float sum = 0.0f;
        if (at >= 0 && at + taps->count <= points)
            for (int32_t t = 0; t < taps->count; t++) sum = fmaf(taps->weight[t], row[at + t], sum);
        else
            for (int32_t t = 0; t < taps->count; t++)
                sum = fmaf(taps->weight[t], row[vly_taps_mirror(at + t, points)], sum);
        out[x] = sum;
    }
}
