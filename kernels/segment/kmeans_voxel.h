/* k-means on sorted-shell features: the maths of one voxel (Prifling et al. 2022, sec. 3.2, eq. 1). */
#ifndef VLY_KMEANS_VOXEL_H
#define VLY_KMEANS_VOXEL_H

#include "segment/features_voxel.h"

#include <float.h>

/* Samples are stored in blocks, (VLY_SHELL_FEATURES, VLY_KMEANS_BLOCK) each: vectors and warps read in one stream. */
enum { VLY_KMEANS_BLOCK = 64 };

VLY_INLINE int64_t vly_kmeans_slot(int64_t sample, int feature)
{
    return (sample / VLY_KMEANS_BLOCK * VLY_SHELL_FEATURES + feature) * VLY_KMEANS_BLOCK + sample % VLY_KMEANS_BLOCK;
}

/* What assignment needs, in single precision. Phases in the order of vly_phase. */
typedef struct vly_kmeans_model {
    float mu[VLY_PHASES][VLY_SHELL_FEATURES]; /* centroids, grey value */
    float w[VLY_PHASES];                      /* phase weights */
    float x[VLY_SHELL_FEATURES];              /* feature weights */
} vly_kmeans_model;

/* How counts and sums changed in a pass: what joined a phase less what left it, in wrapping integers, so that passes which
 * move few voxels cost little. A voxel without a phase before (VLY_OUTSIDE) only joins: a first pass gives the totals. */
typedef struct vly_kmeans_tally {
    uint64_t count[VLY_PHASES];
    uint64_t sum[VLY_PHASES][VLY_SHELL_FEATURES]; /* exact: 65535 * 1e11 voxels stay below 2^63 */
    uint64_t changed;                             /* voxels whose label is another than before */
} vly_kmeans_tally;

/* d_l = sum_m x_m (f_m - mu_lm)^2, m ascending, every operation written out: the same bits everywhere. */
VLY_INLINE float vly_kmeans_distance(const vly_kmeans_model *model, int phase, const uint16_t *f)
{
    float sum = 0.0f;
    for (int m = 0; m < VLY_SHELL_FEATURES; m++) {
        float t = (float)f[m] - model->mu[phase][m];
        sum = fmaf(model->x[m] * t, t, sum);
    }
    return sum;
}

/* argmin of w_l d_l, visited pore, CBD, AM with strict <: ties go to the darker phase. */
VLY_INLINE uint8_t vly_kmeans_argmin(const float score[VLY_PHASES])
{
    bool cbd = score[VLY_CBD] < score[VLY_PORE];
    float darker = cbd ? score[VLY_CBD] : score[VLY_PORE];
    return score[VLY_AM] < darker ? VLY_AM : cbd ? VLY_CBD : VLY_PORE;
}

VLY_INLINE uint8_t vly_kmeans_nearest(const vly_kmeans_model *model, const uint16_t *f)
{
    float score[VLY_PHASES];
    for (int l = 0; l < VLY_PHASES; l++) score[l] = model->w[l] * vly_kmeans_distance(model, l, f);
    return vly_kmeans_argmin(score);
}

/* ---- start: brightest and darkest voxel, and the one halfway between them in feature space (spec 4.3) ---- */

typedef struct vly_kmeans_search {
    int32_t halfway; /* 0: the extreme voxel of grey value `grey`; 1: nearest to the middle of both ends, and neither */
    int32_t brightest; /* extreme: 1 wants the largest sum of features, 0 the smallest */
    uint16_t grey;
    uint16_t ends[2][VLY_SHELL_FEATURES]; /* halfway */
} vly_kmeans_search;

typedef struct vly_kmeans_found {
    uint64_t key;  /* smaller is better */
    int64_t index; /* in the window; breaks ties */
    uint16_t f[VLY_SHELL_FEATURES];
} vly_kmeans_found;

#define VLY_KMEANS_FOUND_NONE  \
    {                          \
        UINT64_MAX, INT64_MAX, \
        {                      \
            0                  \
        }                      \
    }

/* UINT64_MAX: not to be considered. */
VLY_INLINE uint64_t vly_kmeans_search_key(const vly_kmeans_search *search, const uint16_t *f)
{
    uint64_t key = 0;
    int unlike[2] = {0, 0};
    if (!search->halfway && f[0] != search->grey) return UINT64_MAX;
    for (int m = 0; m < VLY_SHELL_FEATURES; m++) {
        int64_t t = 2 * (int64_t)f[m] - search->ends[0][m] - search->ends[1][m];
        key += search->halfway ? (uint64_t)(t * t) : f[m];
        for (int e = 0; e < 2; e++) unlike[e] |= f[m] != search->ends[e][m];
    }
    if (search->halfway) return unlike[0] && unlike[1] ? key : UINT64_MAX;
    return search->brightest ? (uint64_t)UINT32_MAX - key : key;
}

/* ---- exact finish (spec 4.5) ----
 * With centroids fixed, weights exist that give every phase exactly its target (semi-discrete optimal transport). The spec
 * works with logarithms of d; ratios order the voxels the same way and need no transcendental function:
 *   a voxel is AM  iff  (d_AM / d_P) / min(1, w d_CBD / d_P)  lies below cut am,
 *   else CBD       iff  d_CBD / d_P                           lies below cut cbd,   else pore.
 * With w = w_CBD / w_P, cut am = w_P / w_AM and cut cbd = w_P / w_CBD this is the weighted argmin. */

typedef struct vly_kmeans_cut {
    float ratio;
    uint64_t key; /* h(index, seed), among equal ratios */
} vly_kmeans_cut;

typedef struct vly_kmeans_cuts {
    float w;
    vly_kmeans_cut am, cbd;
} vly_kmeans_cuts;

/* Where w and the cuts may still lie, bounds included. */
typedef struct vly_kmeans_box {
    float w_low, w_high;
    vly_kmeans_cut am_low, am_high, cbd_low, cbd_high;
} vly_kmeans_box;

/* All that the finish needs to know of a voxel. */
typedef struct vly_kmeans_pair {
    float am, cbd; /* d_AM / d_P, d_CBD / d_P */
    uint64_t key;
} vly_kmeans_pair;

typedef struct vly_kmeans_report {
    uint64_t count[VLY_PHASES];
    uint64_t relabelled;
    uint64_t dark_am, bright_pore; /* am below, pore above the centre value of the CBD centroid (spec 4.2) */
} vly_kmeans_report;

/* Finite, and monotone in both arguments also after rounding. */
VLY_INLINE float vly_kmeans_ratio(float numerator, float denominator)
{
    float ratio = numerator / (denominator > FLT_MIN ? denominator : FLT_MIN);
    return ratio < FLT_MAX ? ratio : FLT_MAX;
}

/* (d_AM / d_P) / min(1, w d_CBD / d_P): falls as w rises. */
VLY_INLINE float vly_kmeans_am_ratio(float am, float cbd, float w)
{
    float rival = w * cbd;
    return vly_kmeans_ratio(am, rival < 1.0f ? rival : 1.0f);
}

VLY_INLINE int vly_kmeans_below(vly_kmeans_cut cut, float ratio, uint64_t key)
{
    return ratio < cut.ratio || (ratio == cut.ratio && key < cut.key);
}

VLY_INLINE uint8_t vly_kmeans_finish_label(const vly_kmeans_cuts *cuts, vly_kmeans_pair pair)
{
    if (vly_kmeans_below(cuts->am, vly_kmeans_am_ratio(pair.am, pair.cbd, cuts->w), pair.key)) return VLY_AM;
    return vly_kmeans_below(cuts->cbd, pair.cbd, pair.key) ? VLY_CBD : VLY_PORE;
}

/* The label a voxel has for all w and cuts in the box; VLY_OUTSIDE if there are several. */
VLY_INLINE uint8_t vly_kmeans_box_label(const vly_kmeans_box *box, vly_kmeans_pair pair)
{
    if (vly_kmeans_below(box->am_low, vly_kmeans_am_ratio(pair.am, pair.cbd, box->w_low), pair.key)) return VLY_AM;
    if (vly_kmeans_below(box->am_high, vly_kmeans_am_ratio(pair.am, pair.cbd, box->w_high), pair.key))
        return VLY_OUTSIDE;
    if (vly_kmeans_below(box->cbd_low, pair.cbd, pair.key)) return VLY_CBD;
    return vly_kmeans_below(box->cbd_high, pair.cbd, pair.key) ? VLY_OUTSIDE : VLY_PORE;
}

#endif
