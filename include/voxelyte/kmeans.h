/* Weighted three-phase k-means on 27 sorted neighbourhood values (Prifling et al. 2022, sec. 3.2, eq. 1). */
#ifndef VOXELYTE_KMEANS_H
#define VOXELYTE_KMEANS_H

#include "voxelyte/threshold.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { VLY_FEATURES = 27, VLY_FEATURE_GROUPS = 4 }; /* centre, 6 face, 12 edge, 8 corner neighbours */

typedef struct vly_kmeans_options {
    vly_region_options region;
    vly_fractions fractions;
    uint64_t seed;
    int64_t samples;     /* voxels of the random subsample that the weights are fitted on */
    int32_t parameters;  /* 5: all log-weights; 2: phase weights only */
    int32_t evaluations; /* most BOBYQA evaluations */
    double ridge;        /* cost += ridge |theta|^2; 0: none */
    bool robust_start;   /* 99.99 and 0.01 percentile instead of the brightest and darkest voxel */
    bool exact;          /* voxel-exact finish: counts equal targets */
} vly_kmeans_options;

#define VLY_KMEANS_OPTIONS_INIT                             \
    ((vly_kmeans_options){.fractions = VLY_FRACTIONS_PAPER, \
                          .seed = 1,                        \
                          .samples = 4194304,               \
                          .parameters = 5,                  \
                          .evaluations = 200,               \
                          .exact = true})

typedef struct vly_kmeans_result {
    int64_t voxels;
    int64_t targets[VLY_PHASES], counts[VLY_PHASES];
    double phase_weights[VLY_PHASES];           /* w, order pore, am, cbd; w_am = 1 */
    double feature_weights[VLY_FEATURE_GROUPS]; /* x_1, X6, X12, X8; x_1 = 1 */
    double centroids[VLY_PHASES][VLY_FEATURES]; /* grey value */
    double final_weights[VLY_PHASES];           /* w after the exact finish */
    double cost;                                /* sum of squared fraction errors at the optimum */
    int32_t evaluations;                        /* cost evaluations */
    int32_t iterations;                         /* full-volume Lloyd passes */
    bool converged;                             /* cost <= 1e-6 and Lloyd settled */
    int64_t relabelled;                         /* by the exact finish */
    int64_t dark_am, bright_pore;               /* am below, pore above the CBD centroid's centre value (spec 4.2) */
    uint64_t *histogram;                        /* (65536) of the region */
} vly_kmeans_result;

/* grey: u16 source, every side of the volume >= 3. labels: u8 sink with the window's extent.
 * VLY_EDATA for fewer than three distinct feature vectors (E_FLAT) or phases not ordered in grey (E_ORDER);
 * VLY_ENUMERIC for a phase that got no voxel (E_EMPTY). */
VLY_API vly_status vly_kmeans(vly_kmeans_result *out, vly_device *device, vly_source *grey, vly_sink *labels,
                              const vly_kmeans_options *options);
VLY_API void vly_kmeans_result_free(vly_kmeans_result *result);

#ifdef __cplusplus
}
#endif
#endif
