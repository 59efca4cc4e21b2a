/* Launching: a shape, and a status for what came of it. Included by .cu files only. */
#ifndef VLY_LAUNCH_CUDA_H
#define VLY_LAUNCH_CUDA_H

#include "core/kernels_cuda.h"
#include "core/queue_cuda.h"

enum { VLY_BLOCK = 256, VLY_BLOCKS_PER_PROCESSOR = 8 };

/* Shared memory of the size that the launch says. One line, so that the emulator of the tests can have its own. */
#ifndef VLY_DYNAMIC_SHARED
#define VLY_DYNAMIC_SHARED(type, name) extern __shared__ type name[]
#endif

/* What CUDA says becomes a status and a sentence that names the kernel. */
static inline vly_status vly_cuda_status(cudaError_t error, const char *kernel)
{
    if (error == cudaSuccess) return VLY_OK;
    return vly_fail(error == cudaErrorMemoryAllocation ? VLY_EMEMORY : VLY_EDEVICE, "cuda: %s: %s", kernel,
                    cudaGetErrorString(error));
}

/* Enough blocks to fill the device, none without work: kernels walk through `items` with a stride of the grid. */
static inline cudaLaunchConfig_t vly_launch_shape(const vly_queue *queue, int64_t items)
{
    int64_t most = (int64_t)queue->processors * VLY_BLOCKS_PER_PROCESSOR;
    cudaLaunchConfig_t shape = {};
    shape.gridDim = dim3((unsigned)(items < 1 ? 1 : items < most ? items : most));
    shape.blockDim = dim3(VLY_BLOCK);
    shape.stream = queue->stream;
    return shape;
}

#endif
