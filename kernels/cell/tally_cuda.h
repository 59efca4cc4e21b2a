/* Sums and largest values over rows: a chunk a block, in a tree of fixed shape. */
#ifndef VLY_TALLY_CUDA_H
#define VLY_TALLY_CUDA_H

#include "transport/matrix_cuda.h"

static __device__ __forceinline__ double vly_tally_merge(double a, double b, int k, int largest)
{
    return k < largest ? a + b : fmax(a, b);
}

/* to (4) = sums over the threads of the block, from column `largest` on largest values; all threads must come here. */
static __device__ __forceinline__ void vly_block_tally(double (*shared)[VLY_BLOCK], const double own[4], int largest,
                                                       double *to)
{
    for (int k = 0; k < 4; k++) shared[k][threadIdx.x] = own[k];
    __syncthreads();
    for (unsigned width = VLY_BLOCK / 2; width > 0; width /= 2) {
        if (threadIdx.x < width)
            for (int k = 0; k < 4; k++)
                shared[k][threadIdx.x] =
                    vly_tally_merge(shared[k][threadIdx.x], shared[k][threadIdx.x + width], k, largest);
        __syncthreads();
    }
    if (threadIdx.x < 4) to[threadIdx.x] = shared[threadIdx.x][0];
    __syncthreads(); /* before the next chunk overwrites them */
}

static __device__ __forceinline__ void vly_tally_start(double own[4], int largest)
{
    for (int k = 0; k < 4; k++) own[k] = k < largest ? 0.0 : -INFINITY;
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    tally_chunks_kernel(int64_t chunks, const double *parts, int largest, double *sums)
{
    __shared__ double shared[4][VLY_BLOCK];
    double own[4];
    vly_tally_start(own, largest);
    for (int64_t chunk = threadIdx.x; chunk < chunks; chunk += VLY_BLOCK)
        for (int k = 0; k < 4; k++) own[k] = vly_tally_merge(own[k], parts[4 * chunk + k], k, largest);
    vly_block_tally(shared, own, largest, sums);
}

/* sums (4) of parts (chunks, 4). */
static inline vly_status vly_tally_chunks(const vly_queue *queue, int64_t items, const double *parts, int largest,
                                          double *sums)
{
    cudaLaunchConfig_t one = vly_launch_shape(queue, 1);
    return vly_cuda_status(
        cudaLaunchKernelEx(&one, tally_chunks_kernel, vly_matrix_chunks(items), parts, largest, sums), "tally");
}

/* For the items of chunk `chunk` that this thread takes. */
#define VLY_EACH_OF_CHUNK(i, chunk, items)                                                                        \
    for (int64_t i = (chunk)*VLY_MATRIX_CHUNK + threadIdx.x; i < (items) && i < ((chunk) + 1) * VLY_MATRIX_CHUNK; \
         i += VLY_BLOCK)

#define VLY_EACH_CHUNK(chunk, items) \
    for (int64_t chunk = blockIdx.x; chunk * VLY_MATRIX_CHUNK < (items); chunk += gridDim.x)

#endif
