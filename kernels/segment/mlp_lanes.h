/* The network's inner loop on a CPU, forwards, backwards and for gradients alike: one body (mlp_lanes_body.h), built for
 * three instruction sets, chosen at run time. Every sum is one chain of fmaf in ascending order, so bits are the same on
 * all of them. */
#ifndef VLY_MLP_LANES_H
#define VLY_MLP_LANES_H

#include "core/queue_cpu.h"
#include "segment/mlp_voxel.h"

enum { VLY_MLP_TILE = 32 }; /* columns computed together: voxels, samples, or weights of one unit */

typedef struct vly_mlp_dense {
    int32_t sums, outs;
    const float *weights; /* (sums, outs), `weights_row` apart */
    int64_t weights_row;
    const float *bias; /* (outs); NULL: 0 */
    const float *in;   /* (sums, VLY_MLP_TILE), `in_row` apart */
    int64_t in_row;
    float *out; /* (outs, VLY_MLP_TILE), `out_row` apart */
    int64_t out_row;
} vly_mlp_dense;

/* out[o][c] = bias[o] + sum_k weights[k][o] in[k][c], k ascending. */
typedef void vly_mlp_lanes(const vly_mlp_dense *d);

vly_mlp_lanes vly_mlp_lanes_plain, vly_mlp_lanes_avx2, vly_mlp_lanes_avx512;

/* The rectifier by itself: gcc 12 makes no vectors of a loop that chooses. */
static inline void vly_mlp_activate_all(vly_mlp_activation kind, float *x, int32_t count)
{
    if (kind == VLY_MLP_RELU)
        for (int32_t i = 0; i < count; i++) x[i] = vly_mlp_activate(VLY_MLP_RELU, x[i]);
    else
        for (int32_t i = 0; i < count; i++) x[i] = vly_mlp_activate(kind, x[i]);
}

/* The widest that may be used. */
vly_mlp_lanes *vly_mlp_lanes_of(vly_isa isa);

#endif
