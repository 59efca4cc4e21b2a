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

/* What goes to the device before a pass: the model, and a tally of zeros. */
typedef struct vly_kmeans_exchange {
    vly_kmeans_model model;
    vly_kmeans_tally tally;
} vly_kmeans_exchange;

/* Assigns what Lloyd runs over with the model of `here`, which lies in `there` too; adds to the tally of `there`. */
typedef vly_status (*vly_kmeans_assignment)(vly_kmeans_job *job, const vly_kmeans_exchange *here,
                                            vly_kmeans_exchange *there, bool fresh);

/* What all passes share. */
typedef struct vly_kmeans_passes {
    vly_kmeans_assignment assign;
    bool recorded;    /* assign queues the same work whatever the model: it is recorded and replayed */
    vly_buffer there; /* one vly_kmeans_exchange */
    struct {
        vly_kmeans_exchange up;
        vly_kmeans_tally down;
    } * host;           /* pinned */
    void *recording[2]; /* of a later pass, of a fresh one */
} vly_kmeans_passes;

vly_status vly_kmeans_passes_create(vly_kmeans_passes *out, vly_device *device, vly_kmeans_assignment assign,
                                    bool recorded);
void vly_kmeans_passes_free(vly_kmeans_passes *passes);

/* Lloyd's iterations from state->mu until few labels of `voxels` (over all ranks) change. */
vly_status vly_kmeans_lloyd(vly_kmeans_state *state, vly_kmeans_job *job, int64_t voxels, vly_kmeans_passes *passes);
vly_kmeans_model vly_kmeans_model_of(const vly_kmeans_state *state);

/* Pore, CBD and AM from dark to bright by the centre value of their centroids. */
bool vly_kmeans_is_ordered(const vly_kmeans_state *state);

/* Host bytes that vly_kmeans_finish holds for `voxels`. */
int64_t vly_kmeans_finish_bytes(int64_t voxels);

/* Cuts with exactly the target number of voxels of every phase, close to state->w. */
vly_status vly_kmeans_solve(vly_kmeans_cuts *out, vly_kmeans_job *job);

#endif
