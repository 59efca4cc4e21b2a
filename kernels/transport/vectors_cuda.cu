#include "transport/matrix_cuda.h"

static __global__ void __launch_bounds__(VLY_BLOCK)
    gather_kernel(int64_t aggregates, const int32_t *first, const int32_t *member, const float *fine, float *coarse,
                  float *copy)
{
    VLY_EACH_ROW(i, aggregates)
    {
        float sum = 0.0f;
        for (int32_t k = first[i]; k < first[i + 1]; k++) sum += fine[member[k]];
        coarse[i] = sum;
        copy[i] = sum;
    }
}

extern "C" vly_status vly_gather_cuda(vly_queue *queue, int64_t aggregates, const int32_t *first, const int32_t *member,
                                      const float *fine, float *coarse, float *copy)
{
    cudaLaunchConfig_t shape = vly_launch_rows(queue, aggregates);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, gather_kernel, aggregates, first, member, fine, coarse, copy),
                           "gather");
}

typedef struct pair {
    const float *vector[2];
    float scale[2];
} pair;

static __global__ void __launch_bounds__(VLY_BLOCK)
    spread_kernel(int64_t aggregates, const int32_t *first, const int32_t *member, pair coarse, float *fine)
{
    VLY_EACH_ROW(i, aggregates)
    {
        float value = coarse.scale[0] * coarse.vector[0][i] + coarse.scale[1] * coarse.vector[1][i];
        for (int32_t k = first[i]; k < first[i + 1]; k++) fine[member[k]] = value;
    }
}

extern "C" vly_status vly_spread_cuda(vly_queue *queue, int64_t aggregates, const int32_t *first, const int32_t *member,
                                      const float *const coarse[2], const float scale[2], float *fine)
{
    pair both = {{coarse[0], coarse[1]}, {scale[0], scale[1]}};
    cudaLaunchConfig_t shape = vly_launch_rows(queue, aggregates);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, spread_kernel, aggregates, first, member, both, fine), "spread");
}

typedef struct dotted {
    const float *a[4], *b[4];
    int32_t count;
} dotted;

static __global__ void __launch_bounds__(VLY_BLOCK) dots_kernel(int64_t rows, dotted d, double *parts)
{
    __shared__ double shared[4][VLY_BLOCK];
    for (int64_t chunk = blockIdx.x; chunk * VLY_MATRIX_CHUNK < rows; chunk += gridDim.x) {
        int64_t end = (chunk + 1) * VLY_MATRIX_CHUNK < rows ? (chunk + 1) * VLY_MATRIX_CHUNK : rows;
        double own[4] = {0.0, 0.0, 0.0, 0.0};
        for (int k = 0; k < 4; k++)
            for (int64_t i = chunk * VLY_MATRIX_CHUNK + threadIdx.x; i < end && k < d.count; i += VLY_BLOCK)
                own[k] += (double)d.a[k][i] * (double)d.b[k][i];
        vly_block_sums(shared, own, parts + 4 * chunk);
    }
}

extern "C" vly_status vly_dots_cuda(vly_queue *queue, int64_t rows, int32_t count, const float *const a[4],
                                    const float *const b[4], double *sums, double *parts)
{
    dotted d = {};
    d.count = count;
    for (int32_t k = 0; k < count; k++) d.a[k] = a[k], d.b[k] = b[k];
    cudaLaunchConfig_t shape = vly_launch_shape(queue, vly_matrix_chunks(rows));
    VLY_TRY(vly_cuda_status(cudaLaunchKernelEx(&shape, dots_kernel, rows, d, parts), "dots"));
    return vly_sum_chunks(queue, rows, parts, sums);
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    deflate_kernel(int64_t rows, float scale, float *right, float *residual, float *image)
{
    VLY_EACH_ROW(i, rows)
    {
        float v = right[i] - residual[i], rest = right[i] - scale * v;
        image[i] = v;
        right[i] = rest;
        residual[i] = rest;
    }
}

extern "C" vly_status vly_deflate_cuda(vly_queue *queue, int64_t rows, float scale, float *right, float *residual,
                                       float *image)
{
    cudaLaunchConfig_t shape = vly_launch_rows(queue, rows);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, deflate_kernel, rows, scale, right, residual, image), "deflate");
}

static __global__ void __launch_bounds__(VLY_BLOCK) add_kernel(int64_t rows, const float *term, float *sum)
{
    VLY_EACH_ROW(i, rows) sum[i] += term[i];
}

extern "C" vly_status vly_add_cuda(vly_queue *queue, int64_t rows, const float *term, float *sum)
{
    cudaLaunchConfig_t shape = vly_launch_rows(queue, rows);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, add_kernel, rows, term, sum), "add");
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    advance_kernel(int64_t rows, const float *z, float beta, float *p, double alpha, double *u)
{
    VLY_EACH_ROW(i, rows)
    {
        p[i] = z[i] + beta * p[i];
        u[i] += alpha * (double)p[i];
    }
}

extern "C" vly_status vly_advance_cuda(vly_queue *queue, int64_t rows, const float *z, double beta, float *p,
                                       double alpha, double *u)
{
    cudaLaunchConfig_t shape = vly_launch_rows(queue, rows);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, advance_kernel, rows, z, (float)beta, p, alpha, u), "advance");
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    dense_kernel(int32_t rows, const float *inverse, const float *right, float *solution)
{
    VLY_EACH_ROW(i, rows)
    {
        float sum = 0.0f; /* the inverse is symmetric: down a column, so that threads read side by side */
        for (int32_t k = 0; k < rows; k++) sum += inverse[(int64_t)k * rows + i] * right[k];
        solution[i] = sum;
    }
}

extern "C" vly_status vly_dense_cuda(vly_queue *queue, int32_t rows, const float *inverse, const float *right,
                                     float *solution)
{
    cudaLaunchConfig_t shape = vly_launch_rows(queue, rows);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, dense_kernel, rows, inverse, right, solution), "dense");
}
