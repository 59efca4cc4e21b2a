/* Two-point counts by Fourier transform: what host and both twins agree on. Legal C11 and CUDA C. */
#ifndef VLY_TWO_POINT_VOXEL_H
#define VLY_TWO_POINT_VOXEL_H

#include "morphology/fft_voxel.h"

enum { VLY_COUNTED_PAIRS = 6 };

/* Lags h along one axis with near <= |h| < far, ascending: below zero, then from zero or `near` on. */
typedef struct vly_lag_range {
    int32_t near, far;
} vly_lag_range;

/* The pages at hand, zero-padded (or wrapped where fft.n is the extent itself) to the lengths of the transforms. Lags are
 * free of aliases if fft.n >= extent + far - 1, or on a wrapped axis. */
typedef struct vly_two_point_plan {
    vly_extent extent;
    vly_fft fft[3];       /* x, y, z */
    vly_lag_range lag[3]; /* x, y, z; whole on x and y: near is 0 */
    int32_t
        batch; /* frequencies along x that are at work at once, a multiple of 4: fewer need less scratch, and more time */
} vly_two_point_plan;

/* Phases i, j of a pair: am_am, cbd_cbd, pore_pore, am_cbd, am_pore, cbd_pore. */
VLY_INLINE int32_t vly_two_point_first(int32_t pair)
{
    return pair < 3 ? (pair + 1) % 3 : pair == 5 ? VLY_CBD : VLY_AM;
}

VLY_INLINE int32_t vly_two_point_second(int32_t pair)
{
    return pair < 3 ? (pair + 1) % 3 : pair == 3 ? VLY_CBD : VLY_PORE;
}

VLY_INLINE int32_t vly_lags_below(vly_lag_range r)
{
    return r.far - (r.near > 0 ? r.near : 1);
}

VLY_INLINE int32_t vly_lags_in(vly_lag_range r)
{
    return vly_lags_below(r) + r.far - r.near;
}

VLY_INLINE int32_t vly_lags(const vly_two_point_plan *plan, int32_t axis)
{
    return vly_lags_in(plan->lag[axis]);
}

VLY_INLINE int64_t vly_lag_cube(const vly_two_point_plan *plan)
{
    return (int64_t)vly_lags(plan, 0) * vly_lags(plan, 1) * vly_lags(plan, 2);
}

/* The slot-th lag of a range. */
VLY_INLINE int32_t vly_lag_at(vly_lag_range r, int32_t slot)
{
    int32_t below = vly_lags_below(r);
    return slot < below ? slot - r.far + 1 : slot - below + r.near;
}

/* Where a transform of length n keeps it. */
VLY_INLINE int32_t vly_lag_place(vly_lag_range r, int32_t slot, int32_t n)
{
    int32_t lag = vly_lag_at(r, slot);
    return lag < 0 ? lag + n : lag;
}

/* Frequencies along x that a real signal needs. */
VLY_INLINE int32_t vly_half(const vly_two_point_plan *plan)
{
    return plan->fft[0].n / 2 + 1;
}

/* The larger of two distances from a whole number; once NaN, always NaN. */
VLY_INLINE double vly_farther(double most, double away)
{
    return away > most || away != away ? away : most;
}

/* The roots of axis x, y, z stand one behind the other: (n, 2) each. */
VLY_INLINE const double *vly_roots(const vly_two_point_plan *plan, const double *roots, int32_t axis)
{
    for (int32_t a = 0; a < axis; a++) roots += 2 * plan->fft[a].n;
    return roots;
}

#endif
