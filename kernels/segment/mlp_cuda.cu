/* A block takes 64 voxels of a row through all layers. Each warp computes ten units for 64 voxels in registers; a layer's
 * outputs replace its inputs in shared memory. In whole numbers there is a step between: what a voxel's inputs are multiples
 * of is known only when all of them are. */
#include "core/launch_cuda.h"
#include "core/mma_cuda.h"

enum { TILE = 64, UNITS = 10, HALVES = TILE / 32 };

/* Inputs of the block's voxels, by all threads. */
static __device__ __forceinline__ void load_inputs(float (*x)[TILE], const uint16_t *grey, const vly_region *region,
                                                   const vly_mlp_net *net, int32_t first, int32_t y, int32_t z)
{
    for (int32_t i = (int32_t)threadIdx.x; i < VLY_MLP_INPUTS * TILE; i += (int32_t)blockDim.x) {
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

/* ---- in whole numbers: each of five warps computes sixteen units for 64 voxels on tensor cores ---- */

enum {
    WORDS = 32,
    UNITS_OF_WARP = 16,
    FIXED_WARPS = (VLY_MLP_HIDDEN + UNITS_OF_WARP - 1) / UNITS_OF_WARP,
    SETS = TILE / 8
};

typedef struct halves {
    uint32_t word[2][WORDS][TILE]; /* high and low bytes of inputs 4w ... 4w + 3, voxels at `place` */
    float most[TILE];              /* the largest input */
} halves;

/* Where a voxel's word stands, so that the eight voxels and four words that a warp reads at once lie in 32 banks. */
static __device__ __forceinline__ int32_t place(int32_t word, int32_t voxel)
{
    return voxel ^ (word % 4 * 8);
}

/* Byte `index` of the words of high and low bytes: `whole` cut as mma_cuda.h says. */
static __device__ __forceinline__ void cut(uint32_t word[2], int32_t whole, int32_t index)
{
    word[0] |= ((uint32_t)(whole >> 7) & 0xFF) << 8 * index;
    word[1] |= ((uint32_t)whole & 0x7F) << 8 * index;
}

/* Inputs become whole numbers, zeros behind them, by all threads. */
static __device__ __forceinline__ void halve(halves *to, const float (*x)[TILE], int32_t ins)
{
    int32_t t = (int32_t)threadIdx.x;
    if (t < TILE) {
        float most = VLY_MLP_LEAST;
        for (int32_t k = 0; k < ins; k++) most = fmaxf(most, fabsf(x[k][t]));
        to->most[t] = most;
    }
    __syncthreads();
    for (int32_t i = t; i < WORDS * TILE; i += (int32_t)blockDim.x) {
        int32_t w = i / TILE, v = i % TILE;
        float up = VLY_MLP_FIXED_MOST / to->most[v];
        uint32_t word[2] = {0, 0};
        for (int k = 0; k < 4; k++)
            if (4 * w + k < ins) cut(word, (int16_t)vly_mlp_whole(x[4 * w + k][v] * up + VLY_MLP_ROUND), k);
        to->word[0][w][place(w, v)] = word[0];
        to->word[1][w][place(w, v)] = word[1];
    }
    __syncthreads();
}

/* Weights of unit `unit` and inputs 4w ... 4w + 3 of a layer. */
static __device__ __forceinline__ void cut_weights(uint32_t *high, uint32_t *low, const uint32_t *weight, int32_t pairs,
                                                   int32_t outs, int32_t unit, int32_t w)
{
    uint32_t word[2] = {0, 0};
    for (int p = 0; p < 2 && unit < outs; p++) {
        uint32_t pair = 2 * w + p < pairs ? weight[(2 * w + p) * outs + unit] : 0;
        cut(word, (int16_t)pair, 2 * p);
        cut(word, (int32_t)pair >> 16, 2 * p + 1);
    }
    *high = word[0];
    *low = word[1];
}

/* Sums of the warp's units for eight sets of eight voxels. */
static __device__ __forceinline__ void sum_halves(int32_t sum[SETS][3][4], const halves *x, const uint32_t *weight,
                                                  int32_t ins, int32_t outs, int32_t first, int32_t lane)
{
    int32_t row = first + lane / 4, pairs = (ins + 1) / 2;
    for (int s = 0; s < SETS; s++)
        for (int i = 0; i < 12; i++) sum[s][i / 4][i % 4] = 0;
    for (int32_t k = 0; k < (ins + 31) / 32; k++) {
        int32_t w = 8 * k + lane % 4;
        uint32_t a[2][4];
        for (int i = 0; i < 4; i++)
            cut_weights(&a[0][i], &a[1][i], weight, pairs, outs, row + i % 2 * 8, w + i / 2 * 4);
        for (int s = 0; s < SETS; s++) {
            uint32_t b[2][2];
            for (int i = 0; i < 4; i++)
                b[i / 2][i % 2] = x->word[i / 2][w + i % 2 * 4][place(w + i % 2 * 4, 8 * s + lane / 4)];
            VLY_MMA_HALVES(sum[s], a, b);
        }
    }
}

/* Sums of the warp's units for the block's voxels, as floats. */
static __device__ __forceinline__ void run_units(float (*out)[TILE], const halves *x, const vly_mlp_fixed *fixed,
                                                 int32_t layer, int32_t first, int32_t lane)
{
    int32_t outs = vly_mlp_outs(layer), sum[SETS][3][4];
    if (first >= outs) return;
    sum_halves(sum, x, fixed->weight + vly_mlp_fixed_first(layer), vly_mlp_ins(layer), outs, first, lane);
#pragma unroll
    for (int s = 0; s < SETS; s++)
#pragma unroll
        for (int i = 0; i < 4; i++) {
            int32_t unit = first + lane / 4 + i / 2 * 8, v = 8 * s + lane % 4 * 2 + i % 2;
            uint32_t whole = ((uint32_t)sum[s][0][i] << 14) + ((uint32_t)sum[s][1][i] << 7) + (uint32_t)sum[s][2][i];
            if (unit < outs) out[unit][v] = (float)(int32_t)whole;
        }
}

/* Outputs of a layer from its sums, by all threads. */
static __device__ __forceinline__ void finish_units(float (*out)[TILE], const halves *x, const vly_mlp_fixed *fixed,
                                                    int32_t layer, vly_mlp_activation activation)
{
    const float *step = fixed->step + layer * VLY_MLP_HIDDEN, *bias = fixed->bias + layer * VLY_MLP_HIDDEN;
    for (int32_t i = (int32_t)threadIdx.x; i < vly_mlp_outs(layer) * TILE; i += (int32_t)blockDim.x) {
        int32_t unit = i / TILE, v = i % TILE;
        float y = fmaf(out[unit][v] * step[unit], x->most[v] * (1.0f / VLY_MLP_FIXED_MOST), bias[unit]);
        if (layer < VLY_MLP_LAYERS - 1) y = fminf(vly_mlp_activate(activation, y), VLY_MLP_GREATEST);
        out[unit][v] = y;
    }
}

static __global__ void __launch_bounds__(32 * FIXED_WARPS)
    mlp_fixed_kernel(const uint16_t *grey, vly_region region, const uint8_t *mask, vly_mlp_net net, float *logit,
                     int64_t tiles, int64_t items)
{
    __shared__ float x[VLY_MLP_INPUTS][TILE];
    __shared__ halves h;
    int32_t lane = (int32_t)threadIdx.x % 32, first = (int32_t)threadIdx.x / 32 * UNITS_OF_WARP;
    vly_extent e = vly_box_extent(region.inner);
    for (int64_t item = blockIdx.x; item < items; item += gridDim.x) {
        int64_t row = item / tiles;
        int32_t column = (int32_t)(item % tiles) * TILE;
        load_inputs(x, grey, &region, &net, column, region.inner.y0 + (int32_t)(row % e.ny),
                    region.inner.z0 + (int32_t)(row / e.ny));
        __syncthreads();
        for (int32_t l = 0; l < VLY_MLP_LAYERS; l++) {
            halve(&h, x, vly_mlp_ins(l));
            run_units(x, &h, net.fixed, l, first, lane);
            __syncthreads();
            finish_units(x, &h, net.fixed, l, net.activation);
            __syncthreads();
        }
        store_logits(logit, x, mask, row * e.nx + column, e.nx - column);
        __syncthreads();
    }
}

typedef void kernel(const uint16_t *, vly_region, const uint8_t *, vly_mlp_net, float *, int64_t, int64_t);

static vly_status launch(kernel *run, const char *name, int32_t block, vly_queue *queue, const uint16_t *grey,
                         const vly_region *region, const uint8_t *mask, const vly_mlp_net *net, float *logit)
{
    vly_extent e = vly_box_extent(region->inner);
    int64_t tiles = (e.nx + TILE - 1) / TILE, items = (int64_t)e.ny * e.nz * tiles;
    cudaLaunchConfig_t shape = vly_launch_shape(queue, items);
    shape.blockDim = dim3((unsigned)block);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, run, grey, *region, mask, *net, logit, tiles, items), name);
}

extern "C" vly_status vly_mlp_cuda(vly_queue *queue, const uint16_t *grey, const vly_region *region,
                                   const uint8_t *mask, const vly_mlp_net *net, float *logit)
{
    return launch(mlp_kernel, "mlp", VLY_BLOCK, queue, grey, region, mask, net, logit);
}

extern "C" vly_status vly_mlp_fixed_cuda(vly_queue *queue, const uint16_t *grey, const vly_region *region,
                                         const uint8_t *mask, const vly_mlp_net *net, float *logit)
{
    return launch(mlp_fixed_kernel, "mlp_fixed", 32 * FIXED_WARPS, queue, grey, region, mask, net, logit);
}
