#include "transport/matrix_cuda.h"

static __device__ __forceinline__ void sum_block(double *shared, double own, double *to)
{
    shared[threadIdx.x] = own;
    __syncthreads();
    for (unsigned width = VLY_BLOCK / 2; width > 0; width /= 2) {
        if (threadIdx.x < width) shared[threadIdx.x] += shared[threadIdx.x + width];
        __syncthreads();
    }
    if (threadIdx.x == 0) *to = shared[0];
    __syncthreads(); /* before the next one overwrites them */
}

/* A block for each sum. */
static __global__ void __launch_bounds__(VLY_BLOCK)
    sum_parts_kernel(int64_t chunks, int32_t stride, const double *parts, double *sums)
{
    __shared__ double shared[VLY_BLOCK];
    double own = 0.0;
    for (int64_t c = threadIdx.x; c < chunks; c += VLY_BLOCK) own += parts[c * stride + blockIdx.x];
    sum_block(shared, own, sums + blockIdx.x);
}

static vly_status sum_parts(vly_queue *queue, int64_t rows, int32_t count, int32_t stride, const double *parts,
                            double *sums)
{
    cudaLaunchConfig_t shape = vly_launch_shape(queue, 1);
    shape.gridDim = dim3((unsigned)count);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, sum_parts_kernel, vly_matrix_chunks(rows), stride, parts, sums),
                           "sum_parts");
}

typedef struct basis {
    int64_t rows, stride;
    int32_t count;
    const double *vector, *sums, *scale;
    const float *z;
} basis;

static __global__ void __launch_bounds__(VLY_BLOCK) project_kernel(basis b, const double *y, double *parts)
{
    __shared__ double shared[VLY_BLOCK];
    for (int64_t chunk = blockIdx.x; chunk * VLY_MATRIX_CHUNK < b.rows; chunk += gridDim.x) {
        int64_t end = (chunk + 1) * VLY_MATRIX_CHUNK < b.rows ? (chunk + 1) * VLY_MATRIX_CHUNK : b.rows;
        for (int32_t k = 0; k <= b.count; k++) {
            const double *v = k < b.count ? b.vector + k * b.stride : y;
            double own = 0.0;
            for (int64_t i = chunk * VLY_MATRIX_CHUNK + threadIdx.x; i < end; i += VLY_BLOCK) own += v[i] * y[i];
            sum_block(shared, own, parts + chunk * VLY_BASIS_MOST + k);
        }
    }
}

extern "C" vly_status vly_basis_project_cuda(vly_queue *queue, int64_t rows, int32_t count, const double *vectors,
                                             int64_t stride, const double *y, double *sums, double *parts)
{
    basis b = {rows, stride, count, vectors, 0, 0, 0};
    cudaLaunchConfig_t shape = vly_launch_shape(queue, vly_matrix_chunks(rows));
    VLY_TRY(vly_cuda_status(cudaLaunchKernelEx(&shape, project_kernel, b, y, parts), "basis_project"));
    return sum_parts(queue, rows, count + 1, VLY_BASIS_MOST, parts, sums);
}

static __global__ void __launch_bounds__(VLY_BLOCK) subtract_kernel(basis b, double *y, double *parts)
{
    __shared__ double shared[VLY_BLOCK];
    for (int64_t chunk = blockIdx.x; chunk * VLY_MATRIX_CHUNK < b.rows; chunk += gridDim.x) {
        int64_t end = (chunk + 1) * VLY_MATRIX_CHUNK < b.rows ? (chunk + 1) * VLY_MATRIX_CHUNK : b.rows;
        double rest = 0.0;
        for (int64_t i = chunk * VLY_MATRIX_CHUNK + threadIdx.x; i < end; i += VLY_BLOCK) {
            double own = y[i];
            for (int32_t k = 0; k < b.count; k++) own -= b.scale[k] * b.sums[k] * b.vector[k * b.stride + i];
            y[i] = own;
            rest += own * own;
        }
        sum_block(shared, rest, parts + chunk);
    }
}

extern "C" vly_status vly_basis_subtract_cuda(vly_queue *queue, int64_t rows, int32_t count, const double *vectors,
                                              int64_t stride, const double *sums, const double *scale, double *y,
                                              double *rest, double *parts)
{
    basis b = {rows, stride, count, vectors, sums, scale, 0};
    cudaLaunchConfig_t shape = vly_launch_shape(queue, vly_matrix_chunks(rows));
    VLY_TRY(vly_cuda_status(cudaLaunchKernelEx(&shape, subtract_kernel, b, y, parts), "basis_subtract"));
    return sum_parts(queue, rows, 1, 1, parts, rest);
}

static __global__ void __launch_bounds__(VLY_BLOCK) combine_kernel(basis b, double *x)
{
    VLY_EACH_ROW(i, b.rows)
    {
        double own = x[i];
        for (int32_t k = 0; k < b.count; k++) own += b.scale[k] * (double)b.z[k * b.stride + i];
        x[i] = own;
    }
}

extern "C" vly_status vly_basis_combine_cuda(vly_queue *queue, int64_t rows, int32_t count, const float *z,
                                             int64_t stride, const double *scale, double *x)
{
    basis b = {rows, stride, count, 0, 0, scale, z};
    cudaLaunchConfig_t shape = vly_launch_rows(queue, rows);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, combine_kernel, b, x), "basis_combine");
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    add_times_kernel(int64_t rows, const double *top, const double *bottom, const float *x, float *y)
{
    float alpha = (float)vly_sparse_ratio(top, bottom);
    VLY_EACH_ROW(i, rows) y[i] += alpha * x[i];
}

extern "C" vly_status vly_add_times_cuda(vly_queue *queue, int64_t rows, const double *top, const double *bottom,
                                         const float *x, float *y)
{
    cudaLaunchConfig_t shape = vly_launch_rows(queue, rows);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, add_times_kernel, rows, top, bottom, x, y), "add_times");
}
