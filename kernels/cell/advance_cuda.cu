#include "cell/tally_cuda.h"

static __global__ void __launch_bounds__(VLY_BLOCK)
    cell_measure_kernel(vly_cell_layout l, const double *step, double *parts)
{
    __shared__ double shared[4][VLY_BLOCK];
    int64_t rows = vly_cell_layout_rows(&l);
    VLY_EACH_CHUNK(chunk, rows)
    {
        double own[4] = {0.0, 0.0, 0.0, 0.0};
        VLY_EACH_OF_CHUNK(i, chunk, rows)
        {
            double size = fabs(step[i]) / vly_cell_unit(&l, (int32_t)i);
            int to_which = i < l.potentials ? 1 : 2;
            own[0] += isfinite(size) ? 0.0 : 1.0;
            own[to_which] = fmax(own[to_which], size);
        }
        vly_block_tally(shared, own, 1, parts + 4 * chunk);
    }
}

extern "C" vly_status vly_cell_measure_cuda(vly_queue *queue, const vly_cell_layout *layout, const double *step,
                                            double *sums, double *parts)
{
    int64_t rows = vly_cell_layout_rows(layout);
    cudaLaunchConfig_t shape = vly_launch_shape(queue, vly_matrix_chunks(rows));
    VLY_TRY(vly_cuda_status(cudaLaunchKernelEx(&shape, cell_measure_kernel, *layout, step, parts), "cell_measure"));
    return vly_tally_chunks(queue, rows, parts, 1, sums);
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    cell_move_kernel(vly_cell_layout l, const double *step, double damping, double *u, double *parts)
{
    __shared__ double shared[4][VLY_BLOCK];
    int64_t rows = vly_cell_layout_rows(&l);
    VLY_EACH_CHUNK(chunk, rows)
    {
        double own[4] = {0.0, 0.0, 0.0, 0.0};
        VLY_EACH_OF_CHUNK(i, chunk, rows)
        {
            bool cut;
            u[i] = vly_cell_moved(&l, (int32_t)i, u[i], step[i], damping, &cut);
            own[0] += cut ? 1.0 : 0.0;
        }
        vly_block_tally(shared, own, 4, parts + 4 * chunk);
    }
}

extern "C" vly_status vly_cell_move_cuda(vly_queue *queue, const vly_cell_layout *layout, const double *step,
                                         double damping, double *u, double *sums, double *parts)
{
    int64_t rows = vly_cell_layout_rows(layout);
    cudaLaunchConfig_t shape = vly_launch_shape(queue, vly_matrix_chunks(rows));
    VLY_TRY(
        vly_cuda_status(cudaLaunchKernelEx(&shape, cell_move_kernel, *layout, step, damping, u, parts), "cell_move"));
    return vly_tally_chunks(queue, rows, parts, 4, sums);
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    cell_foretell_kernel(vly_cell_layout l, vly_cell_past past, double *u)
{
    VLY_EACH_ROW(i, vly_cell_layout_rows(&l))
    u[i] = vly_cell_guess(&l, &past, (int32_t)i);
}

extern "C" vly_status vly_cell_foretell_cuda(vly_queue *queue, const vly_cell_layout *layout, const vly_cell_past *past,
                                             double *u)
{
    cudaLaunchConfig_t shape = vly_launch_rows(queue, vly_cell_layout_rows(layout));
    return vly_cuda_status(cudaLaunchKernelEx(&shape, cell_foretell_kernel, *layout, *past, u), "cell_foretell");
}

typedef struct volumes {
    const double *electrolyte, *solid;
} volumes;

static __global__ void __launch_bounds__(VLY_BLOCK)
    cell_differ_kernel(vly_cell_layout l, vly_cell_past past, volumes v, const double *u, double *parts)
{
    __shared__ double shared[4][VLY_BLOCK];
    int64_t nodes = (int64_t)l.electrolytes + l.solids;
    VLY_EACH_CHUNK(chunk, nodes)
    {
        double own[4] = {0.0, 0.0, 0.0, 0.0};
        VLY_EACH_OF_CHUNK(n, chunk, nodes)
        {
            int32_t row = l.potentials + (int32_t)n, solid = n >= l.electrolytes;
            double volume = solid ? v.solid[n - l.electrolytes] : v.electrolyte[n];
            double d = (u[row] - vly_cell_foretold(&past, row)) / vly_cell_unit(&l, row);
            own[solid] += volume * d * d;
            own[2] = fmax(own[2], fabs(d));
        }
        vly_block_tally(shared, own, 2, parts + 4 * chunk);
    }
}

extern "C" vly_status vly_cell_differ_cuda(vly_queue *queue, const vly_cell_layout *layout, const vly_cell_past *past,
                                           const double *electrolyte_volume, const double *solid_volume,
                                           const double *u, double *sums, double *parts)
{
    int64_t nodes = (int64_t)layout->electrolytes + layout->solids;
    volumes v = {electrolyte_volume, solid_volume};
    cudaLaunchConfig_t shape = vly_launch_shape(queue, vly_matrix_chunks(nodes));
    VLY_TRY(
        vly_cuda_status(cudaLaunchKernelEx(&shape, cell_differ_kernel, *layout, *past, v, u, parts), "cell_differ"));
    return vly_tally_chunks(queue, nodes, parts, 2, sums);
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    cell_amount_kernel(int32_t nodes, const double *c, const double *volume, double *parts)
{
    __shared__ double shared[4][VLY_BLOCK];
    VLY_EACH_CHUNK(chunk, nodes)
    {
        double own[4];
        vly_tally_start(own, 2);
        VLY_EACH_OF_CHUNK(n, chunk, nodes)
        {
            own[0] += volume[n] * c[n];
            own[1] += volume[n];
            own[2] = fmax(own[2], c[n]);
            own[3] = fmax(own[3], -c[n]);
        }
        vly_block_tally(shared, own, 2, parts + 4 * chunk);
    }
}

extern "C" vly_status vly_cell_amount_cuda(vly_queue *queue, int32_t nodes, const double *c, const double *volume,
                                           double *sums, double *parts)
{
    cudaLaunchConfig_t shape = vly_launch_shape(queue, vly_matrix_chunks(nodes));
    VLY_TRY(vly_cuda_status(cudaLaunchKernelEx(&shape, cell_amount_kernel, nodes, c, volume, parts), "cell_amount"));
    return vly_tally_chunks(queue, nodes, parts, 2, sums);
}
