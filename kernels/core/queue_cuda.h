/* The CUDA queue of work: one stream, and what a launch needs to know of the device. */
#ifndef VLY_QUEUE_CUDA_H
#define VLY_QUEUE_CUDA_H

#include "voxelyte/base.h"

#include <cuda_runtime.h>

struct vly_queue {
    cudaStream_t stream;
    int32_t processors;   /* streaming multiprocessors */
    int32_t shared_bytes; /* shared memory a block may ask for */
};

#endif
