#include "transport/matrix_cuda.h"

static __global__ void __launch_bounds__(VLY_BLOCK)
    balance_kernel(vly_matrix a, const double *u, float *residual, double *parts)
{
    __shared__ double shared[4][VLY_BLOCK];
    for (int64_t chunk = blockIdx.x; chunk * VLY_MATRIX_CHUNK < a.rows; chunk += gridDim.x) {
        int64_t end = (chunk + 1) * VLY_MATRIX_CHUNK < a.rows ? (chunk + 1) * VLY_MATRIX_CHUNK : a.rows;
        double own[4] = {0.0, 0.0, 0.0, 0.0};
        for (int64_t i = chunk * VLY_MATRIX_CHUNK + threadIdx.x; i < end; i += VLY_BLOCK) {
            vly_matrix_balance b = vly_matrix_balance_of(&a, a.form, u, (int32_t)i);
            residual[i] = (float)b.residual;
            own[0] += b.residual * b.residual;
            own[1] += b.energy;
            own[2] += b.in;
            own[3] += b.out;
        }
        vly_block_sums(shared, own, parts + 4 * chunk);
    }
}

extern "C" vly_status vly_balance_cuda(vly_queue *queue, const vly_matrix *a, const double *u, float *residual,
                                       double *sums, double *parts)
{
    cudaLaunchConfig_t shape = vly_launch_shape(queue, vly_matrix_chunks(a->rows));
    VLY_TRY(vly_cuda_status(cudaLaunchKernelEx(&shape, balance_kernel, *a, u, residual, parts), "balance"));
    return vly_sum_chunks(queue, a->rows, parts, sums);
}

typedef struct factors {
    const float *z, *p, *last, *residual;
} factors;

static __global__ void __launch_bounds__(VLY_BLOCK) products_kernel(vly_matrix a, factors f, double *parts)
{
    __shared__ double shared[4][VLY_BLOCK];
    for (int64_t chunk = blockIdx.x; chunk * VLY_MATRIX_CHUNK < a.rows; chunk += gridDim.x) {
        int64_t end = (chunk + 1) * VLY_MATRIX_CHUNK < a.rows ? (chunk + 1) * VLY_MATRIX_CHUNK : a.rows;
        double own[4] = {0.0, 0.0, 0.0, 0.0};
        for (int64_t i = chunk * VLY_MATRIX_CHUNK + threadIdx.x; i < end; i += VLY_BLOCK) {
            double image = (double)vly_matrix_row(&a, a.form, f.z, (int32_t)i).outflow;
            own[0] += (double)f.z[i] * image;
            own[1] += (double)f.p[i] * image;
            own[2] += (double)f.last[i] * image;
            own[3] += (double)f.z[i] * (double)f.residual[i];
        }
        vly_block_sums(shared, own, parts + 4 * chunk);
    }
}

extern "C" vly_status vly_products_cuda(vly_queue *queue, const vly_matrix *a, const float *z, const float *p,
                                        const float *last, const float *residual, double *sums, double *parts)
{
    factors f = {z, p, last, residual};
    cudaLaunchConfig_t shape = vly_launch_shape(queue, vly_matrix_chunks(a->rows));
    VLY_TRY(vly_cuda_status(cudaLaunchKernelEx(&shape, products_kernel, *a, f, parts), "products"));
    return vly_sum_chunks(queue, a->rows, parts, sums);
}
