/* Where the differences between many values of one quantity come from. Trinarisations are crossed with cut-outs: each cut-out
 * is trinarised in every way; cut-outs are nested in samples: those of two samples have nothing in common. */
#ifndef VLY_VARIANCE_H
#define VLY_VARIANCE_H

#include "voxelyte/base.h"

typedef enum vly_variance_part {
    VLY_BY_TRINARISATION, /* the same difference everywhere */
    VLY_BY_CUTOUT,        /* of one sample */
    VLY_BY_SAMPLE,
    VLY_BY_SAMPLE_TRINARISATION, /* what a trinarisation does in one sample other than in the next */
    VLY_BY_REST,                 /* what it does in one cut-out other than in the next */
    VLY_VARIANCE_PARTS
} vly_variance_part;

/* "trinarisation", "cutout", "sample", "sample_trinarisation", "rest". */
const char *vly_variance_part_name(vly_variance_part part);

typedef struct vly_band {
    double low, high;
} vly_band;

typedef struct vly_variance {
    double mean, sd;                                /* of all values; sd with n - 1 */
    vly_band all, trinarisations, cutouts, samples; /* of the values; of the means; see below */
    double share[VLY_VARIANCE_PARTS];               /* of the sum of squares; they add up to 1. NaN: nothing varies */
} vly_variance;

/* values: (units, ways), finite; a unit is a cut-out, of sample sample[u] = 0, 1, ... in ascending order. With means written
 * m, m_s of a sample, m_u of a unit, m_t of a trinarisation (over all units) and m_st (over a sample's), the sum of squares
 *   sum (y_ut - m)^2 = sum (m_t - m)^2 + sum (m_u - m_s)^2 + sum (m_s - m)^2 + sum (m_st - m_s - m_t + m)^2
 *                      + sum (y_ut - m_st - m_u + m_s)^2,
 * every sum over all values, exactly, also where samples have unlike numbers of cut-outs: a two-way analysis of variance with
 * nesting and proportional cell counts. The bands are those of m_t, of m + m_u - m_s, and of m_s. */
vly_status vly_variance_split(vly_variance *out, const double *values, const int32_t *sample, int32_t units,
                              int32_t ways);

/* The part with the largest share; VLY_VARIANCE_PARTS if nothing varies. */
vly_variance_part vly_variance_largest(const vly_variance *variance);

#endif
