/* How the CUDA twins walk the rows of a matrix: a thread a row; sums chunk by chunk, a block each, in a tree of fixed shape. */
#ifndef VLY_MATRIX_CUDA_H
#define VLY_MATRIX_CUDA_H

#include "core/launch_cuda.h"

/* For rows that `body` calls i. */
#define VLY_EACH_ROW(i, rows)                                                            \
    for (int64_t i = (int64_t)blockIdx.x * VLY_BLOCK + threadIdx.x; i < (int64_t)(rows); \
         i += (int64_t)gridDim.x * VLY_BLOCK)

static inline cudaLaunchConfig_t vly_launch_rows(const vly_queue *queue, int64_t rows)
{
    return vly_launch_shape(queue, (rows + VLY_BLOCK - 1) / VLY_BLOCK);
}

static inline int64_t vly_matrix_chunks(int64_t rows)
{
    return (rows + VLY_MATRIX_CHUNK - 1) / VLY_MATRIX_CHUNK;
}

/* to (4) = sums over the threads of the block; all of them must come here. */
static __device__ __forceinline__ void vly_block_sums(double (*shared)[VLY_BLOCK], const double own[4], double *to)
{
    for (int k = 0; k < 4; k++) shared[k][threadIdx.x] = own[k];
    __syncthreads();
    for (unsigned width = VLY_BLOCK / 2; width > 0; width /= 2) {
        if (threadIdx.x < width)
            for (int k = 0; k < 4; k++) shared[k][threadIdx.x] += shared[k][threadIdx.x + width];
        __syncthreads();
    }
    if (threadIdx.x < 4) to[threadIdx.x] = shared[threadIdx.x][0];
    __syncthreads(); /* before the next chunk overwrites them */
}

static __global__ void __launch_bounds__(VLY_BLOCK) sum_chunks_kernel(int64_t chunks, const double *parts, double *sums)
{
    __shared__ double shared[4][VLY_BLOCK];
    double own[4] = {0.0, 0.0, 0.0, 0.0};
    for (int64_t chunk = threadIdx.x; chunk < chunks; chunk += VLY_BLOCK)
        for (int k = 0; k < 4; k++) own[k] += parts[4 * chunk + k];
    vly_block_sums(shared, own, sums);
}

/* sums (4) of parts (chunks, 4). */
static inline vly_status vly_sum_chunks(const vly_queue *queue, int64_t rows, const double *parts, double *sums)
{
    cudaLaunchConfig_t one = vly_launch_shape(queue, 1);
    return vly_cuda_status(cudaLaunchKernelEx(&one, sum_chunks_kernel, vly_matrix_chunks(rows), parts, sums),
                           "sum_chunks");
}

#endif
