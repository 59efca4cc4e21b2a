/* Across y and z a warp counts a row, 32 voxels a ballot; across x a thread keeps its column and walks down a share of the
 * rows. Either way a slice's counts meet in memory once per row or share. */
#include "core/runs_cuda.h"

enum { WARP = 32, SHARES = 256 };

static __device__ __forceinline__ const uint8_t *row_at(const uint8_t *phase, const vly_region *region, int64_t row)
{
    int32_t ny = region->inner.y1 - region->inner.y0;
    return phase + vly_at(region->data, region->inner.x0, region->inner.y0 + (int32_t)(row % ny),
                          region->inner.z0 + (int32_t)(row / ny));
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    row_profile_kernel(const uint8_t *phase, vly_region region, int32_t axis, int64_t first_z, uint64_t *counts)
{
    vly_extent e = vly_box_extent(region.inner);
    int64_t rows = (int64_t)e.ny * e.nz, step = (int64_t)gridDim.x * (VLY_BLOCK / WARP);
    int32_t lane = (int32_t)threadIdx.x % WARP;
    for (int64_t row = (int64_t)blockIdx.x * (VLY_BLOCK / WARP) + threadIdx.x / WARP; row < rows; row += step) {
        const uint8_t *at = row_at(phase, &region, row);
        int64_t slice = axis == 1 ? row % e.ny : first_z + row / e.ny;
        int32_t n[VLY_PHASES] = {0, 0, 0};
        for (int32_t x = 0; x < e.nx; x += WARP) {
            int32_t label = x + lane < e.nx ? at[x + lane] : VLY_OUTSIDE;
            for (int p = 0; p < VLY_PHASES; p++) n[p] += __popc(__ballot_sync(0xFFFFFFFFu, label == p));
        }
        if (lane == 0)
            for (int p = 0; p < VLY_PHASES; p++) vly_add(&counts[slice * VLY_PHASES + p], (uint64_t)n[p]);
    }
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    column_profile_kernel(const uint8_t *phase, vly_region region, uint64_t *counts)
{
    vly_extent e = vly_box_extent(region.inner);
    int64_t rows = (int64_t)e.ny * e.nz;
    for (int32_t x = (int32_t)(blockIdx.x * VLY_BLOCK + threadIdx.x); x < e.nx; x += (int32_t)(gridDim.x * VLY_BLOCK)) {
        uint64_t n[VLY_PHASES] = {0, 0, 0};
        for (int64_t row = blockIdx.y; row < rows; row += gridDim.y) {
            uint8_t label = row_at(phase, &region, row)[x];
            for (int p = 0; p < VLY_PHASES; p++) n[p] += label == p;
        }
        for (int p = 0; p < VLY_PHASES; p++) vly_add(&counts[(int64_t)x * VLY_PHASES + p], n[p]);
    }
}

extern "C" vly_status vly_profile_cuda(vly_queue *queue, const uint8_t *phase, const vly_region *region, int32_t axis,
                                       uint64_t *counts)
{
    vly_extent e = vly_box_extent(region->inner);
    int64_t rows = (int64_t)e.ny * e.nz;
    if (axis == 0) {
        cudaLaunchConfig_t shape = vly_launch_shape(queue, (e.nx + VLY_BLOCK - 1) / VLY_BLOCK);
        shape.gridDim.y = (unsigned)(rows < SHARES ? rows : SHARES);
        return vly_cuda_status(cudaLaunchKernelEx(&shape, column_profile_kernel, phase, *region, counts), "profile");
    }
    cudaLaunchConfig_t shape = vly_launch_shape(queue, (rows + VLY_BLOCK / WARP - 1) / (VLY_BLOCK / WARP));
    int64_t first_z = region->first / ((int64_t)e.nx * e.ny);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, row_profile_kernel, phase, *region, axis, first_z, counts),
                           "profile");
}
