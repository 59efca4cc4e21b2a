/* Neighbours mostly have the same size: lanes that do elect one to add for all. */
#include "core/runs_cuda.h"

static __global__ void __launch_bounds__(VLY_BLOCK)
    levels_kernel(const int32_t *distance2, const int32_t *value, vly_extent e, vly_metric m, bool minus,
                  int32_t levels, uint64_t *bins)
{
    int64_t voxels = vly_extent_voxels(e), step = (int64_t)gridDim.x * VLY_BLOCK;
    for (int64_t base = (int64_t)blockIdx.x * VLY_BLOCK; base < voxels; base += step) {
        int64_t i = base + threadIdx.x;
        bool counts = i < voxels && distance2[i] > 0;
        int64_t level = counts ? (value ? value[i] : levels - 1) : -1;
        if (counts && minus) {
            int64_t face[3] = {vly_face_distance2((int32_t)(i % e.nx), e.nx, m.x),
                               vly_face_distance2((int32_t)(i / e.nx % e.ny), e.ny, m.y),
                               vly_face_distance2((int32_t)(i / e.nx / e.ny), e.nz, m.z)};
            for (int k = 0; k < 3; k++) level = level < face[k] ? level : face[k];
        }
        unsigned same = __match_any_sync(0xFFFFFFFFu, (int)level);
        bool leader = counts && (int)(threadIdx.x & 31) == __ffs((int)same) - 1;
        if (leader) vly_add(&bins[level], (uint64_t)__popc(same));
    }
}

extern "C" vly_status vly_levels_cuda(vly_queue *queue, const int32_t *distance2, const int32_t *value,
                                      vly_extent extent, const vly_metric *metric, bool minus, int32_t levels,
                                      uint64_t *bins)
{
    cudaLaunchConfig_t shape = vly_launch_shape(queue, (vly_extent_voxels(extent) + VLY_BLOCK - 1) / VLY_BLOCK);
    return vly_cuda_status(
        cudaLaunchKernelEx(&shape, levels_kernel, distance2, value, extent, *metric, minus, levels, bins), "levels");
}
