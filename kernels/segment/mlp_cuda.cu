/* A block takes 64 voxels of a row through all layers. Each warp computes ten units for 64 voxels in registers; a layer's
 * outputs replace its inputs in shared memory. */
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
        int32_t t = (int32_t)threadIdx.x;
        if (t < TILE && column + t < e.nx) {
            int64_t at = row * e.nx + column + t;
            bool outside = mask && !mask[at];
            logit[2 * at] = outside ? NAN : vly_mlp_difference(x[0][t], x[2][t]);
            logit[2 * at + 1] = outside ? NAN : vly_mlp_difference(x[1][t], x[2][t]);
        }
        __syncthreads();
    }
}

extern "C" vly_status vly_mlp_cuda(vly_queue *queue, const uint16_t *grey, const vly_region *region,
                                   const uint8_t *mask, const vly_mlp_net *net, float *logit)
{
    vly_extent e = vly_box_extent(region->inner);
    int64_t tiles = (e.nx + TILE - 1) / TILE, items = (int64_t)e.ny * e.nz * tiles;
    cudaLaunchConfig_t shape = vly_launch_shape(queue, items);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, mlp_kernel, grey, *region, mask, *net, logit, tiles, items),
                           "mlp");
}
