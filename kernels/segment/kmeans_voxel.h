/* k-means on sorted-shell features: the maths of one voxel (Prifling et al. 2022, sec. 3.2, eq. 1). */
#ifndef VLY_KMEANS_VOXEL_H
#define VLY_KMEANS_VOXEL_H

#include "segment/features_voxel.h"

#include <float.h>

/* What assignment needs, in single precision. Phases in the order of vly_phase. */
typedef struct vly_kmeans_model {
    float mu[VLY_PHASES][VLY_SHELL_FEATURES]; /* centroids, grey value */
    float w[VLY_PHASES];                      /* phase weights */
    float x[VLY_SHELL_FEATURES];              /* feature weights */
} vly_kmeans_model;

typedef struct vly_kmeans_tally {
    uint64_t count[VLY_PHASES];
    uint64_t sum[VLY_PHASES][VLY_SHELL_FEATURES]; /* exact: 65535 * 1e11 voxels stay below 2^63 */
    uint64_t changed;
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
    uint8_t label = VLY_PORE;
    if (score[VLY_CBD] < score[VLY_PORE]) label = VLY_CBD;
    if (score[VLY_AM] < score[label]) label = VLY_AM;
    return label;
}

VLY_INLINE uint8_t vly_kmeans_nearest(const vly_kmeans_model *model, const uint16_t *f)
{
    float score[VLY_PHASES];
    for (int l = 0; l < VLY_PHASES; l++) score[l] = model->w[l] * vly_kmeans_distance(model, l, f);
    return vly_kmeans_argmin(score);
}

/* ---- start: brightest and darkest voxel, and the one halfway between them in feature space (spec 4.3) ---- */

typedef struct vly_kmeans_search {
    int32_t halfway;   /* 0: the extreme voxel of grey value `grey`; 1: nearest to `twice` / 2 */
    int32_t brightest; /* extreme: 1 wants the largest sum of features, 0 the smallest */
    uint16_t grey;
    int32_t twice[VLY_SHELL_FEATURES]; /* halfway: mu_AM + mu_P */
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

VLY_INLINE uint64_t vly_kmeans_search_key(const vly_kmeans_search *search, const uint16_t *f)
{
    uint64_t key = 0;
    if (search->halfway) {
        for (int m = 0; m < VLY_SHELL_FEATURES; m++) {
            int64_t t = 2 * (int64_t)f[m] - search->twice[m];
            key += (uint64_t)(t * t);
        }
        return key;
    }
    if (f[0] != search->grey) return UINT64_MAX;
    for (int m = 0; m < VLY_SHELL_FEATURES; m++) key += f[m];
    return search->brightest ? (uint64_t)UINT32_MAX - key : key;
}

/* ---- exact finish (spec 4.5) ----
 * With centroids fixed, weights exist that give every phase exactly its target (semi-discrete optimal transport). The spec
 * works with logarithms of d; ratios order the voxels the same way and need no transcendental function:
 *   a voxel is AM  iff  d_AM / min(d_P, w d_CBD) lies below cut am,
 *   else CBD       iff  d_CBD / d_P              lies below cut cbd,   else pore.
 * At the fixed point cut am = w_P / w_AM and so on, and this is the weighted argmin. */

typedef struct vly_kmeans_cut {
    float ratio;
    uint64_t key; /* tie key of the voxel, h(index, seed) */
} vly_kmeans_cut;

typedef struct vly_kmeans_cuts {
    float w; /* of CBD against pore, in the ratio of AM */
    vly_kmeans_cut am, cbd;
} vly_kmeans_cuts;

/* Weights of AM and CBD against pore that are still thinkable. */
typedef struct vly_kmeans_box {
    float am_low, am_high, cbd_low, cbd_high;
} vly_kmeans_box;

typedef struct vly_kmeans_undecided {
    float d[VLY_PHASES];
    uint64_t key;
} vly_kmeans_undecided;

VLY_INLINE float vly_kmeans_ratio(float numerator, float denominator)
{
    return numerator / fmaxf(denominator, FLT_MIN);
}

VLY_INLINE int vly_kmeans_below(vly_kmeans_cut cut, float ratio, uint64_t key)
{
    return ratio < cut.ratio || (ratio == cut.ratio && key < cut.key);
}

VLY_INLINE uint8_t vly_kmeans_finish_label(const vly_kmeans_cuts *cuts, const float d[VLY_PHASES], uint64_t key)
{
    float rival = fminf(d[VLY_PORE], cuts->w * d[VLY_CBD]);
    if (vly_kmeans_below(cuts->am, vly_kmeans_ratio(d[VLY_AM], rival), key)) return VLY_AM;
    return vly_kmeans_below(cuts->cbd, vly_kmeans_ratio(d[VLY_CBD], d[VLY_PORE]), key) ? VLY_CBD : VLY_PORE;
}

#endif
