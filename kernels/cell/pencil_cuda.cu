#include "transport/matrix_cuda.h"

static __global__ void __launch_bounds__(VLY_BLOCK)
    pencil_shift_kernel(vly_pencil p, double s, float *weight, float *ground)
{
    VLY_EACH_ROW(i, p.rows) vly_pencil_shift_row(&p, s, weight, ground, (int32_t)i);
}

extern "C" vly_status vly_pencil_shift_cuda(vly_queue *queue, const vly_pencil *p, double s, float *weight,
                                            float *ground)
{
    cudaLaunchConfig_t shape = vly_launch_rows(queue, p->rows);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, pencil_shift_kernel, *p, s, weight, ground), "pencil_shift");
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    pencil_residual_kernel(vly_pencil p, vly_pencil_equation e, float *residual, double *parts)
{
    __shared__ double shared[4][VLY_BLOCK];
    for (int64_t chunk = blockIdx.x; chunk * VLY_MATRIX_CHUNK < p.rows; chunk += gridDim.x) {
        int64_t end = (chunk + 1) * VLY_MATRIX_CHUNK < p.rows ? (chunk + 1) * VLY_MATRIX_CHUNK : p.rows;
        double own[4] = {0.0, 0.0, 0.0, 0.0};
        for (int64_t i = chunk * VLY_MATRIX_CHUNK + threadIdx.x; i < end; i += VLY_BLOCK) {
            float left = vly_pencil_left(&p, &e, (int32_t)i);
            residual[i] = left;
            own[0] += (double)left * (double)left;
        }
        vly_block_sums(shared, own, parts + 4 * chunk);
    }
}

extern "C" vly_status vly_pencil_residual_cuda(vly_queue *queue, const vly_pencil *p,
                                               const vly_pencil_equation *equation, float *residual, double *sums,
                                               double *parts)
{
    cudaLaunchConfig_t shape = vly_launch_shape(queue, vly_matrix_chunks(p->rows));
    VLY_TRY(vly_cuda_status(cudaLaunchKernelEx(&shape, pencil_residual_kernel, *p, *equation, residual, parts),
                            "pencil_residual"));
    return vly_sum_chunks(queue, p->rows, parts, sums);
}

/* Two basis vectors at a time; the rows' own numbers stay in registers. */
static __global__ void __launch_bounds__(VLY_BLOCK)
    pencil_products_kernel(vly_pencil p, const double *x, vly_pencil_basis b, double *parts)
{
    enum { EACH = VLY_MATRIX_CHUNK / VLY_BLOCK };
    __shared__ double shared[4][VLY_BLOCK];
    __shared__ double sums[4]; /* each read by the thread that wrote it */
    for (int64_t chunk = blockIdx.x; chunk * VLY_MATRIX_CHUNK < p.rows; chunk += gridDim.x) {
        double conduct[EACH], store[EACH], own[4] = {0.0, 0.0, 0.0, 0.0};
        const int64_t begin = chunk * VLY_MATRIX_CHUNK + threadIdx.x;
        double *to = parts + chunk * (2 * b.count + 1);
#pragma unroll
        for (int n = 0; n < EACH; n++) {
            const int64_t i = begin + n * VLY_BLOCK;
            vly_pencil_row row = {0.0, 0.0, 0.0};
            if (i < p.rows) row = vly_pencil_row_of(&p, x, x, (int32_t)i);
            conduct[n] = row.conduct;
            store[n] = row.store;
            own[0] += i < p.rows ? row.drive * x[i] : 0.0;
        }
        vly_block_sums(shared, own, sums);
        if (threadIdx.x == 0) to[2 * b.count] = sums[0];
        for (int32_t k = 0; k < b.count; k += 2) {
            for (int m = 0; m < 4; m++) own[m] = 0.0;
#pragma unroll
            for (int n = 0; n < EACH; n++) {
                const int64_t i = begin + n * VLY_BLOCK;
                for (int m = 0; m < 2 && k + m < b.count && i < p.rows; m++) {
                    const double v = (double)b.vector[k + m][i];
                    own[2 * m] += v * conduct[n];
                    own[2 * m + 1] += v * store[n];
                }
            }
            vly_block_sums(shared, own, sums);
            if (threadIdx.x < 4 && 2 * k + (int32_t)threadIdx.x < 2 * b.count)
                to[2 * k + threadIdx.x] = sums[threadIdx.x];
        }
    }
}

/* A block for each sum. */
static __global__ void __launch_bounds__(VLY_BLOCK)
    pencil_sums_kernel(int64_t chunks, const double *parts, double *sums)
{
    __shared__ double shared[4][VLY_BLOCK];
    __shared__ double sum[4];
    double own[4] = {0.0, 0.0, 0.0, 0.0};
    for (int64_t c = threadIdx.x; c < chunks; c += VLY_BLOCK) own[0] += parts[c * gridDim.x + blockIdx.x];
    vly_block_sums(shared, own, sum);
    if (threadIdx.x == 0) sums[blockIdx.x] = sum[0];
}

extern "C" vly_status vly_pencil_products_cuda(vly_queue *queue, const vly_pencil *p, const double *x,
                                               const vly_pencil_basis *basis, double *sums, double *parts)
{
    cudaLaunchConfig_t shape = vly_launch_shape(queue, vly_matrix_chunks(p->rows));
    VLY_TRY(
        vly_cuda_status(cudaLaunchKernelEx(&shape, pencil_products_kernel, *p, x, *basis, parts), "pencil_products"));
    shape = vly_launch_shape(queue, 1);
    shape.gridDim = dim3((unsigned)(2 * basis->count + 1));
    return vly_cuda_status(cudaLaunchKernelEx(&shape, pencil_sums_kernel, vly_matrix_chunks(p->rows), parts, sums),
                           "pencil_sums");
}

static __global__ void __launch_bounds__(VLY_BLOCK) pencil_combine_kernel(int64_t rows, vly_pencil_basis b, double *x)
{
    VLY_EACH_ROW(i, rows) x[i] = vly_pencil_combined(&b, i);
}

extern "C" vly_status vly_pencil_combine_cuda(vly_queue *queue, int64_t rows, const vly_pencil_basis *basis, double *x)
{
    cudaLaunchConfig_t shape = vly_launch_rows(queue, rows);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, pencil_combine_kernel, rows, *basis, x), "pencil_combine");
}

static __global__ void __launch_bounds__(VLY_BLOCK) pencil_round_kernel(int64_t rows, double *x, float *rounded)
{
    VLY_EACH_ROW(i, rows)
    {
        float near = (float)x[i];
        rounded[i] = near;
        x[i] = (double)near;
    }
}

extern "C" vly_status vly_pencil_round_cuda(vly_queue *queue, int64_t rows, double *x, float *rounded)
{
    cudaLaunchConfig_t shape = vly_launch_rows(queue, rows);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, pencil_round_kernel, rows, x, rounded), "pencil_round");
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    pencil_move_kernel(int64_t rows, double scale, const double *term, double *x)
{
    VLY_EACH_ROW(i, rows) x[i] += scale * term[i];
}

extern "C" vly_status vly_pencil_move_cuda(vly_queue *queue, int64_t rows, double scale, const double *term, double *x)
{
    cudaLaunchConfig_t shape = vly_launch_rows(queue, rows);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, pencil_move_kernel, rows, scale, term, x), "pencil_move");
}
