#include "core/launch_cuda.h"

enum { CHAINS = 16 };

static __global__ void __launch_bounds__(VLY_BLOCK) multiply_kernel(int64_t items, int32_t rounds, float *sink)
{
    for (int64_t item = blockIdx.x; item < items; item += gridDim.x) {
        float chain[CHAINS], term = (float)item;
        for (int i = 0; i < CHAINS; i++) chain[i] = term + (float)(threadIdx.x + i);
        for (int32_t r = 0; r < rounds; r++)
            for (int i = 0; i < CHAINS; i++) chain[i] = fmaf(chain[i], 0.999f, term);
        float sum = 0.0f;
        for (int i = 0; i < CHAINS; i++) sum += chain[i];
        if (threadIdx.x == 0) sink[item] = sum;
        if (sum == -1.0f) sink[item] = (float)threadIdx.x; /* keeps the other threads' work */
    }
}

extern "C" vly_status vly_multiply_add_cuda(vly_queue *queue, int64_t items, int32_t rounds, float *sink,
                                            int64_t *flops)
{
    cudaLaunchConfig_t shape = vly_launch_shape(queue, items);
    *flops = 2 * items * rounds * CHAINS * VLY_BLOCK;
    return vly_cuda_status(cudaLaunchKernelEx(&shape, multiply_kernel, items, rounds, sink), "multiply_add");
}
