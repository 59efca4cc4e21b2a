/* The network in 16-bit whole numbers on a CPU: one body (mlp_fixed_body.h), built for three instruction sets. Sums are of
 * integers, so that the bits cannot depend on which. */
#ifndef VLY_MLP_FIXED_H
#define VLY_MLP_FIXED_H

#include "core/queue_cpu.h"
#include "segment/mlp_lanes.h"

/* in: (VLY_MLP_INPUTS, VLY_MLP_TILE), out: (VLY_MLP_OUTPUTS, VLY_MLP_TILE), as vly_mlp_fixed says. */
typedef void vly_mlp_fixed_tile(const vly_mlp_net *net, const float *in, float *out);

vly_mlp_fixed_tile vly_mlp_fixed_plain, vly_mlp_fixed_avx2, vly_mlp_fixed_vnni;

#endif
