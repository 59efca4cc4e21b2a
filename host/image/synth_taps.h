/* Gaussian weights of a separable filter. */
#ifndef VLY_SYNTH_TAPS_H
#define VLY_SYNTH_TAPS_H

#include "voxelyte/base.h"

typedef struct vly_taps {
    int32_t first, count; /* tap t reads at factor * index + first + t */
    float *weight;        /* (count); owned */
} vly_taps;

/* A point spread of standard deviation `voxels`, out of 4 of them, at `factor` points a voxel; each point is the sum over
 * supersample / factor finer ones. 0: the mean over the voxel. The weights sum to one. */
vly_status vly_taps_psf(vly_taps *out, double voxels, int32_t factor, int32_t supersample);

/* A symmetric filter that leaves the variance of white noise at one. */
vly_status vly_taps_grain(vly_taps *out, double voxels);

/* Every factor-th value of a filtered row; beyond its ends the row is mirrored at its faces. row: (points) out: (count) */
void vly_taps_row(const vly_taps *taps, const float *row, int32_t points, int32_t factor, float *out, int32_t count);

/* -1 -> 0, n -> n - 1, and so on for any i. */
static inline int32_t vly_taps_mirror(int32_t i, int32_t n)
{
    if (i >= 0 && i < n) return i;
    int32_t period = 2 * n, r = i % period;
    if (r < 0) r += period;
    return r < n ? r : period - 1 - r;
}

#endif
