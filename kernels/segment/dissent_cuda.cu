/* A thread a voxel: neighbouring lanes read neighbouring bytes of every volume. */
#include "core/launch_cuda.h"
#include "segment/dissent_voxel.h"

static __global__ void __launch_bounds__(VLY_BLOCK)
    dissent_kernel(const uint8_t *labels, int32_t count, int64_t stride, int64_t voxels, uint8_t *dissent)
{
    const int64_t step = (int64_t)gridDim.x * VLY_BLOCK;
    for (int64_t i = (int64_t)blockIdx.x * VLY_BLOCK + threadIdx.x; i < voxels; i += step)
        dissent[i] = vly_dissent(labels + i, count, stride);
}

extern "C" vly_status vly_dissent_cuda(vly_queue *queue, const uint8_t *labels, int32_t count, int64_t stride,
                                       int64_t voxels, uint8_t *dissent)
{
    cudaLaunchConfig_t shape = vly_launch_shape(queue, (voxels + VLY_BLOCK - 1) / VLY_BLOCK);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, dissent_kernel, labels, count, stride, voxels, dissent),
                           "dissent");
}
