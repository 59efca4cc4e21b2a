#include "cell/tally_cuda.h"

static __global__ void __launch_bounds__(VLY_BLOCK)
    cell_properties_kernel(vly_cell_graph g, vly_cell_laws laws, const double *u)
{
    VLY_EACH_ROW(n, g.electrons + g.electrolytes + g.solids) vly_cell_properties(&g, &laws, u, (int32_t)n);
}

extern "C" vly_status vly_cell_properties_cuda(vly_queue *queue, const vly_cell_graph *graph, const vly_cell_laws *laws,
                                               const double *u)
{
    cudaLaunchConfig_t shape = vly_launch_rows(queue, (int64_t)graph->electrons + graph->electrolytes + graph->solids);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, cell_properties_kernel, *graph, *laws, u), "cell_properties");
}

/* two blocks a multiprocessor: for three the compiler would spill */
static __global__ void __launch_bounds__(VLY_BLOCK, 2)
    cell_reactions_kernel(vly_cell_graph g, vly_cell_laws laws, const double *u)
{
    VLY_EACH_ROW(f, g.faces) g.reaction[f] = vly_cell_reaction_of(&g, &laws, u, (int32_t)f);
}

extern "C" vly_status vly_cell_reactions_cuda(vly_queue *queue, const vly_cell_graph *graph, const vly_cell_laws *laws,
                                              const double *u)
{
    cudaLaunchConfig_t shape = vly_launch_rows(queue, graph->faces);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, cell_reactions_kernel, *graph, *laws, u), "cell_reactions");
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    cell_balances_kernel(vly_cell_graph g, vly_cell_laws laws, vly_cell_matrix m, vly_cell_moment s)
{
    VLY_EACH_ROW(n, g.electrons + g.electrolytes + g.solids) vly_cell_balance(&g, &laws, &m, &s, (int32_t)n);
}

extern "C" vly_status vly_cell_balances_cuda(vly_queue *queue, const vly_cell_graph *graph, const vly_cell_laws *laws,
                                             const vly_cell_matrix *matrix, const vly_cell_moment *moment)
{
    cudaLaunchConfig_t shape = vly_launch_rows(queue, (int64_t)graph->electrons + graph->electrolytes + graph->solids);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, cell_balances_kernel, *graph, *laws, *matrix, *moment),
                           "cell_balances");
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    cell_forgotten_kernel(vly_cell_graph g, vly_cell_moment s, double *parts)
{
    __shared__ double shared[4][VLY_BLOCK];
    VLY_EACH_CHUNK(chunk, g.electrolytes)
    {
        double own[4] = {0.0, 0.0, 0.0, 0.0};
        VLY_EACH_OF_CHUNK(i, chunk, g.electrolytes)
        {
            int32_t row = vly_cell_ce(&g, (int32_t)i);
            double volume = g.electrolyte_volume[i], fall = s.earlier[row] - s.before[row];
            own[0] += volume * (fall - vly_cell_salt_fall(&s, row));
            own[1] += volume * s.before[row];
        }
        vly_block_tally(shared, own, 4, parts + 4 * chunk);
    }
}

extern "C" vly_status vly_cell_forgotten_cuda(vly_queue *queue, const vly_cell_graph *graph,
                                              const vly_cell_moment *moment, double *sums, double *parts)
{
    cudaLaunchConfig_t shape = vly_launch_shape(queue, vly_matrix_chunks(graph->electrolytes));
    VLY_TRY(
        vly_cuda_status(cudaLaunchKernelEx(&shape, cell_forgotten_kernel, *graph, *moment, parts), "cell_forgotten"));
    return vly_tally_chunks(queue, graph->electrolytes, parts, 4, sums);
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    cell_planes_kernel(vly_cell_graph g, vly_cell_laws laws, vly_cell_matrix m, vly_cell_moment s,
                       vly_cell_border border, double *parts)
{
    __shared__ double shared[4][VLY_BLOCK];
    int64_t items = (int64_t)g.collectors + g.lithiums;
    VLY_EACH_CHUNK(chunk, items)
    {
        double own[4] = {0.0, 0.0, 0.0, 0.0};
        VLY_EACH_OF_CHUNK(k, chunk, items)
        {
            double conductance;
            if (k < g.collectors) {
                own[0] += vly_cell_collect(&g, &m, &s, &border, (int32_t)k, &conductance);
                own[1] += conductance;
            } else {
                own[2] += vly_cell_plate(&g, &laws, &m, &s, (int32_t)k - g.collectors);
            }
        }
        vly_block_tally(shared, own, 4, parts + 4 * chunk);
    }
}

extern "C" vly_status vly_cell_planes_cuda(vly_queue *queue, const vly_cell_graph *graph, const vly_cell_laws *laws,
                                           const vly_cell_matrix *matrix, const vly_cell_moment *moment,
                                           const vly_cell_border *border, double *sums, double *parts)
{
    int64_t items = (int64_t)graph->collectors + graph->lithiums;
    cudaLaunchConfig_t shape = vly_launch_shape(queue, vly_matrix_chunks(items));
    VLY_TRY(
        vly_cuda_status(cudaLaunchKernelEx(&shape, cell_planes_kernel, *graph, *laws, *matrix, *moment, *border, parts),
                        "cell_planes"));
    return vly_tally_chunks(queue, items, parts, 4, sums);
}
