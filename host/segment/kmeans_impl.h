/* The parts of k-means, in the order they run: start, fit on a sample, Lloyd over the volume, exact finish (spec 4). */
#ifndef VLY_KMEANS_IMPL_H
#define VLY_KMEANS_IMPL_H

#include "core/pipeline.h"
#include "voxelyte/kmeans.h"

/* Centroids and weights as the host keeps them. */
typedef struct vly_kmeans_state {
    double mu[VLY_PHASES][VLY_FEATURES]; /* grey value */
    double w[VLY_PHASES];                /* phase weights */
    double x[VLY_FEATURE_GROUPS];        /* feature weights */
    int64_t count[VLY_PHASES];           /* voxels of the last assignment */
    int32_t iterations;
    bool settled; /* the stop rule was met */
} vly_kmeans_state;

typedef struct vly_kmeans_job {
    vly_device *device;
    vly_pipeline *pipeline;
    const vly_kmeans_options *options;
    const char *path; /* of the grey volume, for messages */
    vly_kmeans_result *result;
    vly_kmeans_state state;
    uint16_t grey_low, grey_high; /* of the voxels to start from */
    vly_buffer samples, labels;   /* features as vly_kmeans_slot says, u16; (capacity) u8 */
    int64_t capacity, sampled;    /* sampled: on this rank */
} vly_kmeans_job;

/* Largest number of voxels a sample of `voxels` can hold, rounded up to whole blocks. */
int64_t vly_kmeans_sample_capacity(const vly_kmeans_options *options, int64_t voxels);

/* Sets the centroids to start from, and takes the sample. VLY_EDATA (E_FLAT). */
vly_status vly_kmeans_start(vly_kmeans_job *job);

/* Weights that meet the fractions on the sample, and the centroids they lead to. Releases the sample. */
vly_status vly_kmeans_fit(vly_kmeans_job *job);

/* One assignment of whatever Lloyd runs over; tally is the device's. */
typedef vly_status (*vly_kmeans_assignment)(vly_kmeans_job *job, const vly_kmeans_model *model, bool fresh,
                                            vly_kmeans_tally *tally);

/* Lloyd's iterations from state->mu until few labels of `voxels` (over all ranks) change. tally: one, on the device. */
vly_status vly_kmeans_lloyd(vly_kmeans_state *state, vly_kmeans_job *job, int64_t voxels,
                            vly_kmeans_assignment assignment, vly_buffer *tally);
vly_kmeans_model vly_kmeans_model_of(const vly_kmeans_state *state);

/* Pore, CBD and AM from dark to bright by the centre value of their centroids. */
bool vly_kmeans_is_ordered(const vly_kmeans_state *state);

/* Host bytes that vly_kmeans_finish holds for `voxels`. */
int64_t vly_kmeans_finish_bytes(int64_t voxels);

/* Cuts with exactly the target number of voxels of every phase, close to state->w. */
vly_status vly_kmeans_solve(vly_kmeans_cuts *out, vly_kmeans_job *job);

#endif
