/* The network that tells volume fractions from grey values (spec/segmentation.md 7, 8): 125 inputs, five hidden layers of 75,
 * three outputs. Its shape, its inputs at one voxel, and the scores by which voxels are ranked. exp and log1p are our own,
 * so that the bits do not depend on a maths library. Legal C11 and CUDA C. */
#ifndef VLY_MLP_VOXEL_H
#define VLY_MLP_VOXEL_H

#include "core/voxel.h"

enum {
    VLY_MLP_SIDE = 5, /* of the patch around a voxel */
    VLY_MLP_INPUTS = VLY_MLP_SIDE * VLY_MLP_SIDE * VLY_MLP_SIDE,
    VLY_MLP_HIDDEN = 75,
    VLY_MLP_OUTPUTS = VLY_PHASES, /* am, cbd, pore: the order of a composition */
    VLY_MLP_LAYERS = 6,
    /* weights and biases of all layers */
    VLY_MLP_VALUES = (VLY_MLP_INPUTS + 1) * VLY_MLP_HIDDEN + 4 * (VLY_MLP_HIDDEN + 1) * VLY_MLP_HIDDEN +
                     (VLY_MLP_HIDDEN + 1) * VLY_MLP_OUTPUTS
};

typedef enum vly_mlp_activation { VLY_MLP_RELU, VLY_MLP_TANH, VLY_MLP_LOGISTIC } vly_mlp_activation;

/* The network in 16-bit whole numbers: as good as the exact one for all but about one voxel in ten thousand, and twice as fast
 * (bfloat16 is no faster there and wrong ten times as often). Weights of a unit are multiples of its step; the inputs of a
 * layer are, voxel by voxel, multiples of a unit by which the largest is VLY_MLP_FIXED_MOST:
 *   output = activation(fmaf((float)sum * step, unit, bias)), sum = sum_k weight_k input_k exact in 32 bits
 * so that it, too, gives the same bits on every device. */
enum {
    VLY_MLP_FIXED_WEIGHT = 16383,   /* most of a weight, */
    VLY_MLP_FIXED_WEIGHTS = 131071, /* and of all of a unit: times 16383 it is below 2^31 */
    VLY_MLP_FIXED_PAIRS = (VLY_MLP_INPUTS + 1) / 2 * VLY_MLP_HIDDEN + 4 * (VLY_MLP_HIDDEN + 1) / 2 * VLY_MLP_HIDDEN +
                          (VLY_MLP_HIDDEN + 1) / 2 * VLY_MLP_OUTPUTS,
    VLY_MLP_UNITS = 5 * VLY_MLP_HIDDEN + VLY_MLP_OUTPUTS
};

#define VLY_MLP_FIXED_MOST 16383.0f
#define VLY_MLP_LEAST 1e-30f      /* largest inputs below this count as this */
#define VLY_MLP_GREATEST 1e30f    /* outputs of a rectifier end here */
#define VLY_MLP_ROUND 12582912.0f /* 1.5 2^23: added to x, |x| < 2^22, it leaves x rounded to even in the low bits */

typedef struct vly_mlp_fixed {
    uint32_t weight[VLY_MLP_FIXED_PAIRS]; /* of inputs 2p and 2p + 1, per layer (pairs, outs) */
    float step[VLY_MLP_UNITS], bias[VLY_MLP_UNITS];
} vly_mlp_fixed;

typedef struct vly_mlp_net {
    const float *weights; /* (VLY_MLP_VALUES) on the device: per layer (ins + 1, outs), the last row being the biases */
    float mean, scale;    /* input = (grey - mean) * scale */
    vly_mlp_activation activation;
    bool atrous;                /* every second voxel of the volume averaged over 2^3 voxels, instead of every voxel */
    const vly_mlp_fixed *fixed; /* on the device; only mlp_fixed asks for it */
} vly_mlp_net;

VLY_INLINE int32_t vly_mlp_ins(int32_t layer)
{
    return layer == 0 ? VLY_MLP_INPUTS : VLY_MLP_HIDDEN;
}

VLY_INLINE int32_t vly_mlp_outs(int32_t layer)
{
    return layer == VLY_MLP_LAYERS - 1 ? VLY_MLP_OUTPUTS : VLY_MLP_HIDDEN;
}

/* Where a layer begins in vly_mlp_net.weights. */
VLY_INLINE int32_t vly_mlp_first(int32_t layer)
{
    const int32_t first = (VLY_MLP_INPUTS + 1) * VLY_MLP_HIDDEN, next = (VLY_MLP_HIDDEN + 1) * VLY_MLP_HIDDEN;
    return layer == 0 ? 0 : first + (layer - 1) * next;
}

/* The same in vly_mlp_fixed.weight. */
VLY_INLINE int32_t vly_mlp_fixed_first(int32_t layer)
{
    const int32_t first = (VLY_MLP_INPUTS + 1) / 2 * VLY_MLP_HIDDEN, next = (VLY_MLP_HIDDEN + 1) / 2 * VLY_MLP_HIDDEN;
    return layer == 0 ? 0 : first + (layer - 1) * next;
}

/* Voxels that the neighbourhood reaches. */
VLY_INLINE int32_t vly_mlp_halo(bool atrous)
{
    return atrous ? 5 : 2;
}

/* ---- inputs ---- */

/* The volume averaged over a box of two voxels centred on (x, y, z): weights [1, 2, 1]/4 along each axis (spec 7.6). The sum
 * has at most 22 bits: exact. */
VLY_INLINE float vly_mlp_box(const uint16_t *grey, vly_extent e, int32_t x, int32_t y, int32_t z)
{
    uint32_t sum = 0;
    for (int32_t k = -1; k <= 1; k++)
        for (int32_t j = -1; j <= 1; j++)
            for (int32_t i = -1; i <= 1; i++)
                sum +=
                    (uint32_t)
                        grey[vly_at(e, vly_reflect(x + i, e.nx), vly_reflect(y + j, e.ny), vly_reflect(z + k, e.nz))] *
                    (uint32_t)((2 - i * i) * (2 - j * j) * (2 - k * k));
    return (float)sum * 0.015625f;
}

/* Input `k` (dz, dy, dx lexicographic) of voxel (x, y, z) of the data, reflect101 at its border. */
VLY_INLINE float vly_mlp_input(const vly_mlp_net *net, const uint16_t *grey, vly_extent e, int32_t x, int32_t y,
                               int32_t z, int32_t k)
{
    int32_t step = net->atrous ? 2 : 1;
    x = vly_reflect(x + step * (k % VLY_MLP_SIDE - 2), e.nx);
    y = vly_reflect(y + step * (k / VLY_MLP_SIDE % VLY_MLP_SIDE - 2), e.ny);
    z = vly_reflect(z + step * (k / (VLY_MLP_SIDE * VLY_MLP_SIDE) - 2), e.nz);
    float g = net->atrous ? vly_mlp_box(grey, e, x, y, z) : (float)grey[vly_at(e, x, y, z)];
    return (g - net->mean) * net->scale;
}

/* ---- functions ---- */

/* exp(x) to about 1 ulp for |x| <= 87, constant beyond; NaN stays NaN. */
VLY_INLINE float vly_mlp_exp(float x)
{
    union {
        int32_t i;
        float f;
    } power;
    x = x < -87.0f ? -87.0f : x > 87.0f ? 87.0f : x;
    float n = floorf(fmaf(x, 1.44269504f, 0.5f));
    float r = fmaf(n, 2.12194440e-4f, fmaf(n, -0.693359375f, x));
    float p = fmaf(1.9875691500e-4f, r, 1.3981999507e-3f);
    p = fmaf(p, r, 8.3334519073e-3f);
    p = fmaf(p, r, 4.1665795894e-2f);
    p = fmaf(p, r, 1.6666665459e-1f);
    p = fmaf(p, r, 5.0000001201e-1f);
    p = fmaf(p, r * r, r) + 1.0f;
    power.i = ((n == n ? (int32_t)n : 0) + 127) << 23;
    return p * power.f;
}

/* log(1 + t) for 0 <= t <= 1: atanh series, whose 9th term is below 1e-9. */
VLY_INLINE float vly_mlp_log1p(float t)
{
    float s = t / (2.0f + t), q = s * s, p = 1.0f / 17.0f;
    for (int n = 15; n >= 1; n -= 2) p = fmaf(p, q, 1.0f / (float)n);
    return 2.0f * s * p;
}

/* log(exp(u) + exp(v)) */
VLY_INLINE float vly_mlp_log_sum(float u, float v)
{
    return u > v ? u + vly_mlp_log1p(vly_mlp_exp(v - u)) : v + vly_mlp_log1p(vly_mlp_exp(u - v));
}

VLY_INLINE float vly_mlp_logistic(float x)
{
    return 1.0f / (1.0f + vly_mlp_exp(-x));
}

VLY_INLINE float vly_mlp_activate(vly_mlp_activation activation, float x)
{
    if (activation == VLY_MLP_RELU) return x > 0.0f ? x : 0.0f;
    if (activation == VLY_MLP_LOGISTIC) return vly_mlp_logistic(x);
    return fmaf(2.0f, vly_mlp_logistic(2.0f * x), -1.0f);
}

/* x after VLY_MLP_ROUND was added: its low 16 bits are the whole number. */
VLY_INLINE int32_t vly_mlp_whole(float x)
{
    union {
        float f;
        int32_t i;
    } bits;
    bits.f = x;
    return bits.i;
}

/* Two of the network's whole numbers in a word, from floats after VLY_MLP_ROUND. */
VLY_INLINE uint32_t vly_mlp_pair(float even, float odd)
{
    return ((uint32_t)vly_mlp_whole(even) & 0xFFFF) | (uint32_t)vly_mlp_whole(odd) << 16;
}

/* sum + a.even b.even + a.odd b.odd */
VLY_INLINE int32_t vly_mlp_dot(int32_t sum, uint32_t a, uint32_t b)
{
    return sum + (int16_t)a * (int16_t)b + ((int32_t)a >> 16) * ((int32_t)b >> 16);
}

/* ---- what becomes of the outputs ---- */

/* A difference of outputs as it is stored: finite whatever the weights are, because NaN means outside. */
VLY_INLINE float vly_mlp_difference(float z, float z_pore)
{
    float d = z - z_pore;
    return d > -1e30f ? (d < 1e30f ? d : 1e30f) : -1e30f;
}

/* logit of a phase's probability, from a = z_am - z_pore and b = z_cbd - z_pore: does not saturate (spec 8). */
VLY_INLINE float vly_mlp_score(int phase, float a, float b)
{
    if (phase == VLY_AM) return a - vly_mlp_log_sum(b, 0.0f);
    if (phase == VLY_CBD) return b - vly_mlp_log_sum(a, 0.0f);
    return -vly_mlp_log_sum(a, b);
}

/* log of the odds of `phase` against `other`. */
VLY_INLINE float vly_mlp_odds(int phase, int other, float a, float b)
{
    float z = phase == VLY_AM ? a : phase == VLY_CBD ? b : 0.0f;
    float rest = other == VLY_AM ? a : other == VLY_CBD ? b : 0.0f;
    return z - rest;
}

/* Probabilities am, cbd, pore. */
VLY_INLINE void vly_mlp_softmax(float p[VLY_MLP_OUTPUTS], float a, float b)
{
    float most = a > b ? a : b;
    most = most > 0.0f ? most : 0.0f;
    float e[VLY_MLP_OUTPUTS] = {vly_mlp_exp(a - most), vly_mlp_exp(b - most), vly_mlp_exp(-most)};
    float sum = e[0] + e[1] + e[2];
    for (int i = 0; i < VLY_MLP_OUTPUTS; i++) p[i] = e[i] / sum;
}

#endif
