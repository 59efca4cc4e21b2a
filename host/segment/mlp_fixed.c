/* Weights as multiples of a step per unit, for the network in whole numbers (kernels/segment/mlp_voxel.h). */
#include "segment/mlp_impl.h"

#include <math.h>
#include <string.h>

/* Steps are as small as the weight and the sum of weights that fit allow; rounding may add a half to each weight. */
static double step_of(const float *weight, int32_t ins, int32_t outs)
{
    double most = 0.0, sum = 0.0;
    for (int32_t k = 0; k < ins; k++) {
        most = fmax(most, fabs((double)weight[k * outs]));
        sum += fabs((double)weight[k * outs]);
    }
    return fmax(most / VLY_MLP_FIXED_WEIGHT, sum / (VLY_MLP_FIXED_WEIGHTS - VLY_MLP_INPUTS / 2 - 1));
}

void vly_mlp_fix(vly_mlp_fixed *out, const float weights[VLY_MLP_VALUES])
{
    memset(out, 0, sizeof *out);
    for (int32_t l = 0; l < VLY_MLP_LAYERS; l++) {
        int32_t ins = vly_mlp_ins(l), outs = vly_mlp_outs(l);
        const float *from = weights + vly_mlp_first(l);
        uint32_t *to = out->weight + vly_mlp_fixed_first(l);
        for (int32_t o = 0; o < outs; o++) {
            double step = step_of(from + o, ins, outs);
            for (int32_t k = 0; k < ins && step > 0.0; k++)
                to[k / 2 * outs + o] |= (uint32_t)(uint16_t)lrint((double)from[k * outs + o] / step) << 16 * (k % 2);
            out->step[l * VLY_MLP_HIDDEN + o] = (float)step;
            out->bias[l * VLY_MLP_HIDDEN + o] = from[ins * outs + o];
        }
    }
}
