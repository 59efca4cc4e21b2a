#include "core/runs_cuda.h"

static __global__ void __launch_bounds__(VLY_BLOCK)
    nodes_kernel(vly_synth_nodes nodes, int64_t count, uint64_t seed, double *value)
{
    for (int64_t i = (int64_t)blockIdx.x * VLY_BLOCK + threadIdx.x; i < count; i += (int64_t)gridDim.x * VLY_BLOCK)
        value[i] = vly_synth_node(&nodes, i, seed);
}

extern "C" vly_status vly_synth_nodes_cuda(vly_queue *queue, const vly_synth_nodes *nodes, uint64_t seed, double *value)
{
    int64_t count = (int64_t)nodes->count[0] * nodes->count[1] * nodes->count[2];
    cudaLaunchConfig_t shape = vly_launch_shape(queue, (count + VLY_BLOCK - 1) / VLY_BLOCK);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, nodes_kernel, *nodes, count, seed, value), "synth_nodes");
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    fields_kernel(vly_synth_scene scene, vly_synth_lattice lattice, int32_t plane, int64_t points, float *am,
                  float *neck, float *island, uint8_t *layer)
{
    for (int64_t at = (int64_t)blockIdx.x * VLY_BLOCK + threadIdx.x; at < points;
         at += (int64_t)gridDim.x * VLY_BLOCK) {
        vly_extent e = lattice.extent;
        double p[3], nearest = VLY_SYNTH_REACH, second = VLY_SYNTH_REACH;
        vly_synth_point(&lattice, (int32_t)(at % e.nx), (int32_t)(at / e.nx % e.ny),
                        plane + (int32_t)(at / ((int64_t)e.nx * e.ny)), p);
        if (scene.kind != VLY_SYNTH_STRIPES) {
            int64_t cell = vly_synth_cell(&scene, p);
            for (int64_t n = scene.first[cell]; n < scene.first[cell + 1]; n++)
                vly_synth_nearest(vly_synth_distance(scene.spheres[scene.near[n]], p[0], p[1], p[2]), &nearest,
                                  &second);
        }
        vly_synth_fields f = vly_synth_fields_at(&scene, p, nearest, second);
        am[at] = f.am;
        neck[at] = f.neck;
        island[at] = f.island;
        layer[at] = f.layer;
    }
}

extern "C" vly_status vly_synth_fields_cuda(vly_queue *queue, const vly_synth_scene *scene,
                                            const vly_synth_lattice *lattice, int32_t plane, int32_t count, float *am,
                                            float *neck, float *island, uint8_t *layer)
{
    int64_t points = (int64_t)count * lattice->extent.ny * lattice->extent.nx;
    cudaLaunchConfig_t shape = vly_launch_shape(queue, (points + VLY_BLOCK - 1) / VLY_BLOCK);
    return vly_cuda_status(
        cudaLaunchKernelEx(&shape, fields_kernel, *scene, *lattice, plane, points, am, neck, island, layer),
        "synth_fields");
}
