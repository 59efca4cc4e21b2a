/* A block takes 64 voxels of a row through all layers. Each warp computes ten units for 64 voxels in registers; a layer's
 * outputs replace its inputs in shared memory. In whole numbers there is a step between: what a voxel's inputs are multiples
 * of is known only when all of them are. */
#include "core/launch_cuda.h"

enum { TILE = 64, UNITS = 10, HALVES = TILE / 32 };

/* Inputs of the block's voxels, by all threads. */
static __device__ __forceinline__ void load_inputs(float (*x)[TILE], const uint16_t *grey, const vly_region *region,
                                                   const vly_mlp_net *net, int32_t first, int32_t y, int32_t z)
{
    for (int32_t i = (int32_t)threadIdx.x; i < VLY_MLP_INPUTS * TILE; i += VLY_BLOCK) {
        int32_t column = first + i % TILE, k = i / TILE;
        x[k][i % TILE] = column < region->inner.x1 - region->inner.x0
                             ? vly_mlp_input(net, grey, region->data, region->inner.x0 + column, y, z, k)
                             : 0.0f;
    }
}

/* Sums of the units first ... first + UNITS - 1 for the lane's voxels. */
static __device__ __forceinline__ void sum_units(float sum[UNITS][HALVES], const float (*x)[TILE], const float *weights,
                                                 int32_t ins, int32_t outs, int32_t first, int32_t lane)
{
    for (int u = 0; u < UNITS; u++) {
        float bias = first + u < outs ? weights[ins * outs + first + u] : 0.0f;
        for (int h = 0; h < HALVES; h++) sum[u][h] = bias;
    }
    for (int32_t k = 0; k < ins; k++) {
        float in[HALVES];
        for (int h = 0; h < HALVES; h++) in[h] = x[k][lane + 32 * h];
        for (int u = 0; u < UNITS; u++) {
            float weight = first + u < outs ? weights[k * outs + first + u] : 0.0f;
            for (int h = 0; h < HALVES; h++) sum[u][h] = fmaf(weight, in[h], sum[u][h]);
        }
    }
}

/* What the network says of the block's voxels, from its three outputs. */
static __device__ __forceinline__ void store_logits(float *logit, const float (*x)[TILE], const uint8_t *mask,
                                                    int64_t first, int32_t count)
{
    int32_t t = (int32_t)threadIdx.x;
    if (t >= TILE || t >= count) return;
    bool outside = mask && !mask[first + t];
    logit[2 * (first + t)] = outside ? NAN : vly_mlp_difference(x[0][t], x[2][t]);
    logit[2 * (first + t) + 1] = outside ? NAN : vly_mlp_difference(x[1][t], x[2][t]);
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    mlp_kernel(const uint16_t *grey, vly_region region, const uint8_t *mask, vly_mlp_net net, float *logit,
               int64_t tiles, int64_t items)
{
    __shared__ float x[VLY_MLP_INPUTS][TILE];
    int32_t lane = (int32_t)threadIdx.x % 32, first = (int32_t)threadIdx.x / 32 * UNITS;
    vly_extent e = vly_box_extent(region.inner);
    for (int64_t item = blockIdx.x; item < items; item += gridDim.x) {
        int64_t row = item / tiles;
        int32_t column = (int32_t)(item % tiles) * TILE;
        load_inputs(x, grey, &region, &net, column, region.inner.y0 + (int32_t)(row % e.ny),
                    region.inner.z0 + (int32_t)(row / e.ny));
        __syncthreads();
        for (int32_t l = 0; l < VLY_MLP_LAYERS; l++) {
            float sum[UNITS][HALVES];
            int32_t outs = vly_mlp_outs(l);
            bool last = l == VLY_MLP_LAYERS - 1;
            sum_units(sum, x, net.weights + vly_mlp_first(l), vly_mlp_ins(l), outs, first, lane);
            __syncthreads();
            for (int u = 0; u < UNITS; u++)
                for (int h = 0; h < HALVES && first + u < outs; h++)
                    x[first + u][lane + 32 * h] = last ? sum[u][h] : vly_mlp_activate(net.activation, sum[u][h]);
            __syncthreads();
        }
        store_logits(logit, x, mask, row * e.nx + column, e.nx - column);
        __syncthreads();
    }
}

/* ---- in whole numbers ---- */

enum { PAIRS = (VLY_MLP_INPUTS + 1) / 2 };

typedef struct halves {
    uint32_t pair[PAIRS][TILE]; /* inputs 2p and 2p + 1 */
    float up[TILE], unit[TILE]; /* whole numbers in an input of 1, and what 1 means */
} halves;

/* Inputs become whole numbers, by all threads. */
static __device__ __forceinline__ void halve(halves *to, const float (*x)[TILE], int32_t ins)
{
    int32_t t = (int32_t)threadIdx.x;
    if (t < TILE) {
        float most = VLY_MLP_LEAST;
        for (int32_t k = 0; k < ins; k++) most = fmaxf(most, fabsf(x[k][t]));
        to->up[t] = VLY_MLP_FIXED_MOST / most;
        to->unit[t] = most * (1.0f / VLY_MLP_FIXED_MOST);
    }
    __syncthreads();
    for (int32_t i = t; i < (ins + 1) / 2 * TILE; i += VLY_BLOCK) {
        int32_t k = i / TILE * 2, v = i % TILE;
        float even = x[k][v] * to->up[v] + VLY_MLP_ROUND;
        to->pair[k / 2][v] = vly_mlp_pair(even, k + 1 < ins ? x[k + 1][v] * to->up[v] + VLY_MLP_ROUND : VLY_MLP_ROUND);
    }
    __syncthreads();
}

/* Units first ... first + UNITS - 1 of a layer for the lane's voxels. */
static __device__ __forceinline__ void run_units(float (*out)[TILE], const halves *x, const vly_mlp_fixed *fixed,
                                                 int32_t layer, vly_mlp_activation activation, int32_t first,
                                                 int32_t lane)
{
    int32_t outs = vly_mlp_outs(layer), sum[UNITS][HALVES] = {{0}};
    const uint32_t *weight = fixed->weight + vly_mlp_fixed_first(layer);
    for (int32_t p = 0; p < (vly_mlp_ins(layer) + 1) / 2; p++)
        for (int u = 0; u < UNITS; u++) {
            uint32_t w = first + u < outs ? weight[p * outs + first + u] : 0;
            for (int h = 0; h < HALVES; h++) sum[u][h] = vly_mlp_dot(sum[u][h], w, x->pair[p][lane + 32 * h]);
        }
    for (int u = 0; u < UNITS && first + u < outs; u++)
        for (int h = 0; h < HALVES; h++) {
            int32_t unit = layer * VLY_MLP_HIDDEN + first + u, v = lane + 32 * h;
            float y = fmaf((float)sum[u][h] * fixed->step[unit], x->unit[v], fixed->bias[unit]);
            if (layer < VLY_MLP_LAYERS - 1) y = fminf(vly_mlp_activate(activation, y), VLY_MLP_GREATEST);
            out[first + u][v] = y;
        }
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    mlp_fixed_kernel(const uint16_t *grey, vly_region region, const uint8_t *mask, vly_mlp_net net, float *logit,
                     int64_t tiles, int64_t items)
{
    __shared__ float x[VLY_MLP_INPUTS][TILE];
    __shared__ halves h;
    int32_t lane = (int32_t)threadIdx.x % 32, first = (int32_t)threadIdx.x / 32 * UNITS;
    vly_extent e = vly_box_extent(region.inner);
    for (int64_t item = blockIdx.x; item < items; item += gridDim.x) {
        int64_t row = item / tiles;
        int32_t column = (int32_t)(item % tiles) * TILE;
        load_inputs(x, grey, &region, &net, column, region.inner.y0 + (int32_t)(row % e.ny),
                    region.inner.z0 + (int32_t)(row / e.ny));
        __syncthreads();
        for (int32_t l = 0; l < VLY_MLP_LAYERS; l++) {
            halve(&h, x, vly_mlp_ins(l));
            run_units(x, &h, net.fixed, l, net.activation, first, lane);
            __syncthreads();
        }
        store_logits(logit, x, mask, row * e.nx + column, e.nx - column);
        __syncthreads();
    }
}

typedef void kernel(const uint16_t *, vly_region, const uint8_t *, vly_mlp_net, float *, int64_t, int64_t);

static vly_status launch(kernel *run, const char *name, vly_queue *queue, const uint16_t *grey,
                         const vly_region *region, const uint8_t *mask, const vly_mlp_net *net, float *logit)
{
    vly_extent e = vly_box_extent(region->inner);
    int64_t tiles = (e.nx + TILE - 1) / TILE, items = (int64_t)e.ny * e.nz * tiles;
    cudaLaunchConfig_t shape = vly_launch_shape(queue, items);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, run, grey, *region, mask, *net, logit, tiles, items), name);
}

extern "C" vly_status vly_mlp_cuda(vly_queue *queue, const uint16_t *grey, const vly_region *region,
                                   const uint8_t *mask, const vly_mlp_net *net, float *logit)
{
    return launch(mlp_kernel, "mlp", queue, grey, region, mask, net, logit);
}

extern "C" vly_status vly_mlp_fixed_cuda(vly_queue *queue, const uint16_t *grey, const vly_region *region,
                                         const uint8_t *mask, const vly_mlp_net *net, float *logit)
{
    return launch(mlp_fixed_kernel, "mlp_fixed", queue, grey, region, mask, net, logit);
}
