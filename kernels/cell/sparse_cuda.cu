#include "transport/matrix_cuda.h"

/* The block's sum, or its least value, in *to; all threads must come here. */
static __device__ __forceinline__ void reduce_block(double *shared, double own, bool least, double *to)
{
    shared[threadIdx.x] = own;
    __syncthreads();
    for (unsigned width = VLY_BLOCK / 2; width > 0; width /= 2) {
        if (threadIdx.x < width) {
            double a = shared[threadIdx.x], b = shared[threadIdx.x + width];
            shared[threadIdx.x] = !least ? a + b : a < b ? a : b;
        }
        __syncthreads();
    }
    if (threadIdx.x == 0) *to = shared[0];
    __syncthreads(); /* before the next chunk overwrites them */
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    reduce_parts_kernel(int64_t chunks, const double *parts, bool least, double *to)
{
    __shared__ double shared[VLY_BLOCK];
    double own = least ? 1.0 : 0.0;
    for (int64_t c = threadIdx.x; c < chunks; c += VLY_BLOCK)
        own = !least ? own + parts[c] : parts[c] < own ? parts[c] : own;
    reduce_block(shared, own, least, to);
}

static vly_status reduce_parts(vly_queue *queue, int64_t rows, const double *parts, bool least, double *to)
{
    cudaLaunchConfig_t one = vly_launch_shape(queue, 1);
    return vly_cuda_status(cudaLaunchKernelEx(&one, reduce_parts_kernel, vly_matrix_chunks(rows), parts, least, to),
                           "reduce_parts");
}

/* For rows that `body` calls i, of a chunk that the block takes by itself. */
#define EACH_ROW_OF_CHUNK(i, chunk, rows)                                                                     \
    for (int64_t i = (chunk)*VLY_MATRIX_CHUNK + threadIdx.x,                                                  \
                 end = ((chunk) + 1) * VLY_MATRIX_CHUNK < (rows) ? ((chunk) + 1) * VLY_MATRIX_CHUNK : (rows); \
         i < end; i += VLY_BLOCK)

/* ---- the whole system ---- */

static __global__ void __launch_bounds__(VLY_BLOCK)
    scale_kernel(vly_sparse a, const double *scale, double *factor, double *parts)
{
    __shared__ double shared[VLY_BLOCK];
    for (int64_t chunk = blockIdx.x; chunk * VLY_MATRIX_CHUNK < a.rows; chunk += gridDim.x) {
        double bad = 0.0;
        EACH_ROW_OF_CHUNK(i, chunk, (int64_t)a.rows)
        {
            double f = vly_sparse_factor(&a, scale, (int32_t)i);
            factor[i] = f;
            bad += f > 0.0 ? 0.0 : 1.0;
        }
        reduce_block(shared, bad, false, parts + chunk);
    }
}

extern "C" vly_status vly_sparse_scale_cuda(vly_queue *queue, const vly_sparse *a, const double *scale, double *factor,
                                            double *bad, double *parts)
{
    cudaLaunchConfig_t shape = vly_launch_shape(queue, vly_matrix_chunks(a->rows));
    VLY_TRY(vly_cuda_status(cudaLaunchKernelEx(&shape, scale_kernel, *a, scale, factor, parts), "sparse_scale"));
    return reduce_parts(queue, a->rows, parts, false, bad);
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    product_kernel(vly_sparse a, const float *z, const double *factor, double *y)
{
    VLY_EACH_ROW(i, a.rows) y[i] = factor[i] * vly_sparse_row(&a, z, (const double *)0, (int32_t)i);
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    product_ties_kernel(vly_sparse a, const float *z, const double *factor, double *y)
{
    __shared__ double shared[VLY_BLOCK];
    double border = (double)z[a.rows], sum = threadIdx.x == 0 ? a.diagonal * border : 0.0;
    for (int32_t t = (int32_t)threadIdx.x; t < a.ties; t += VLY_BLOCK) {
        int32_t i = a.tie[t];
        y[i] -= factor[i] * a.weight[t] * border;
        sum -= a.weight[t] * (double)z[i];
        if (a.solid[t] >= 0) sum += a.slope[t] * (double)z[a.solid[t]];
    }
    reduce_block(shared, factor[a.rows] * sum, false, y + a.rows);
}

extern "C" vly_status vly_sparse_product_cuda(vly_queue *queue, const vly_sparse *a, const float *z,
                                              const double *factor, double *y)
{
    cudaLaunchConfig_t shape = vly_launch_rows(queue, a->rows), one = vly_launch_shape(queue, 1);
    VLY_TRY(vly_cuda_status(cudaLaunchKernelEx(&shape, product_kernel, *a, z, factor, y), "sparse_product"));
    return vly_cuda_status(cudaLaunchKernelEx(&one, product_ties_kernel, *a, z, factor, y), "sparse_product");
}

typedef struct equation {
    const double *x, *right, *factor;
    double border_x, border_right, *y;
} equation;

static __global__ void __launch_bounds__(VLY_BLOCK) residual_kernel(vly_sparse a, equation e)
{
    VLY_EACH_ROW(i, a.rows)
    {
        double image = e.x ? vly_sparse_row(&a, (const float *)0, e.x, (int32_t)i) : 0.0;
        e.y[i] = e.factor[i] * (e.right[i] - image);
    }
}

static __global__ void __launch_bounds__(VLY_BLOCK) residual_ties_kernel(vly_sparse a, equation e)
{
    __shared__ double shared[VLY_BLOCK];
    double sum = threadIdx.x == 0 ? e.border_right - a.diagonal * e.border_x : 0.0;
    for (int32_t t = (int32_t)threadIdx.x; e.x && t < a.ties; t += VLY_BLOCK) {
        int32_t i = a.tie[t];
        e.y[i] += e.factor[i] * a.weight[t] * e.border_x;
        sum += a.weight[t] * e.x[i];
        if (a.solid[t] >= 0) sum -= a.slope[t] * e.x[a.solid[t]];
    }
    reduce_block(shared, e.factor[a.rows] * sum, false, e.y + a.rows);
}

extern "C" vly_status vly_sparse_residual_cuda(vly_queue *queue, const vly_sparse *a, const double *x, double border_x,
                                               const double *right, double border_right, const double *factor,
                                               double *y)
{
    equation e = {x, right, factor, border_x, border_right, y};
    cudaLaunchConfig_t shape = vly_launch_rows(queue, a->rows), one = vly_launch_shape(queue, 1);
    VLY_TRY(vly_cuda_status(cudaLaunchKernelEx(&shape, residual_kernel, *a, e), "sparse_residual"));
    return vly_cuda_status(cudaLaunchKernelEx(&one, residual_ties_kernel, *a, e), "sparse_residual");
}

/* ---- a block of it ---- */

typedef struct lowering {
    const double *y, *factor;
    double gain;
    const float *z;
    float *out;
} lowering;

static __global__ void __launch_bounds__(VLY_BLOCK) below_kernel(vly_sparse a, vly_sparse_block block, lowering l)
{
    VLY_EACH_ROW(k, block.end - block.begin)
    {
        int32_t i = block.begin + (int32_t)k;
        l.out[k] = (float)(l.gain * l.y[i] / l.factor[i] - vly_sparse_below(&a, l.z, block.begin, i));
    }
}

extern "C" vly_status vly_sparse_below_cuda(vly_queue *queue, const vly_sparse *a, vly_sparse_block block,
                                            const double *y, const double *factor, double gain, const float *z,
                                            float *out)
{
    lowering l = {y, factor, gain, z, out};
    cudaLaunchConfig_t shape = vly_launch_rows(queue, block.end - block.begin);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, below_kernel, *a, block, l), "sparse_below");
}

typedef struct graphing {
    const int32_t *first;
    float *weight, *ground;
    double *parts;
} graphing;

static __global__ void __launch_bounds__(VLY_BLOCK) graph_kernel(vly_sparse a, vly_sparse_block block, graphing g)
{
    __shared__ double shared[VLY_BLOCK];
    int64_t rows = block.end - block.begin;
    for (int64_t chunk = blockIdx.x; chunk * VLY_MATRIX_CHUNK < rows; chunk += gridDim.x) {
        double least = 1.0;
        EACH_ROW_OF_CHUNK(i, chunk, rows)
        {
            double share = vly_sparse_graph(&a, block, (int32_t)i, g.first, g.weight, g.ground);
            least = share < least ? share : least;
        }
        reduce_block(shared, least, true, g.parts + chunk);
    }
}

extern "C" vly_status vly_sparse_graph_cuda(vly_queue *queue, const vly_sparse *a, vly_sparse_block block,
                                            const int32_t *first, float *weight, float *ground, double *least,
                                            double *parts)
{
    graphing g = {first, weight, ground, parts};
    int64_t rows = block.end - block.begin;
    cudaLaunchConfig_t shape = vly_launch_shape(queue, vly_matrix_chunks(rows));
    VLY_TRY(vly_cuda_status(cudaLaunchKernelEx(&shape, graph_kernel, *a, block, g), "sparse_graph"));
    return reduce_parts(queue, rows, parts, true, least);
}

/* ---- the border ---- */

static __global__ void __launch_bounds__(VLY_BLOCK) clear_kernel(int64_t rows, float *to)
{
    VLY_EACH_ROW(i, rows) to[i] = 0.0f;
}

static __global__ void __launch_bounds__(VLY_BLOCK) ties_kernel(vly_sparse a, float *to)
{
    VLY_EACH_ROW(t, a.ties) to[a.tie[t]] = (float)a.weight[t];
}

extern "C" vly_status vly_sparse_ties_cuda(vly_queue *queue, const vly_sparse *a, int32_t rows, float *to)
{
    cudaLaunchConfig_t all = vly_launch_rows(queue, rows), few = vly_launch_rows(queue, a->ties);
    VLY_TRY(vly_cuda_status(cudaLaunchKernelEx(&all, clear_kernel, (int64_t)rows, to), "sparse_ties"));
    return vly_cuda_status(cudaLaunchKernelEx(&few, ties_kernel, *a, to), "sparse_ties");
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    lift_kernel(vly_matrix graph, const float *tie, const float *u, float *residual, double *parts)
{
    __shared__ double shared[VLY_BLOCK];
    for (int64_t chunk = blockIdx.x; chunk * VLY_MATRIX_CHUNK < graph.rows; chunk += gridDim.x) {
        double sum = 0.0;
        EACH_ROW_OF_CHUNK(i, chunk, (int64_t)graph.rows)
        sum += vly_sparse_lift(&graph, tie, u, (int32_t)i, residual + i);
        reduce_block(shared, sum, false, parts + chunk);
    }
}

extern "C" vly_status vly_sparse_lift_cuda(vly_queue *queue, const vly_matrix *graph, const float *tie, const float *u,
                                           float *residual, double *energy, double *parts)
{
    cudaLaunchConfig_t shape = vly_launch_shape(queue, vly_matrix_chunks(graph->rows));
    VLY_TRY(vly_cuda_status(cudaLaunchKernelEx(&shape, lift_kernel, *graph, tie, u, residual, parts), "sparse_lift"));
    return reduce_parts(queue, graph->rows, parts, false, energy);
}

static __global__ void border_kernel(int32_t rows, const double *y, const double *factor, double gain, double *sum,
                                     const double *energy, float *z)
{
    if (blockIdx.x > 0 || threadIdx.x > 0) return;
    *sum += gain * y[rows] / factor[rows];
    z[rows] = (float)vly_sparse_ratio(sum, energy);
}

extern "C" vly_status vly_sparse_border_cuda(vly_queue *queue, int32_t rows, const double *y, const double *factor,
                                             double gain, double *sum, const double *energy, float *z)
{
    cudaLaunchConfig_t one = vly_launch_shape(queue, 1);
    return vly_cuda_status(cudaLaunchKernelEx(&one, border_kernel, rows, y, factor, gain, sum, energy, z),
                           "sparse_border");
}
