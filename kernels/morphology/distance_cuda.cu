/* Rows by ballots, a warp each; then two searches along columns. 32 bits throughout: nothing to fall back to. */
#include "morphology/lines_cuda.h"

enum { WARP = 32, WARPS = VLY_BLOCK / WARP };

static __global__ void __launch_bounds__(VLY_BLOCK)
    rows_kernel(const uint8_t *label, vly_extent e, int32_t weight, uint32_t phases, uint32_t walls, int32_t *distance2,
                int32_t *farthest)
{
    int32_t lane = (int32_t)threadIdx.x % WARP, chunks = (e.nx + WARP - 1) / WARP;
    int64_t rows = (int64_t)e.ny * e.nz;
    if (blockIdx.x == 0 && threadIdx.x == 0) *farthest = 0;
    for (int64_t row = (int64_t)blockIdx.x * WARPS + threadIdx.x / WARP; row < rows;
         row += (int64_t)gridDim.x * WARPS) {
        const uint8_t *from = label + row * e.nx;
        int32_t *to = distance2 + row * e.nx;
        int32_t none = -VLY_FAR, last = vly_face_in(walls, 0, 0) ? -1 : none;
        for (int32_t c = 0; c < chunks; c++) { /* steps from the background before */
            int32_t x = c * WARP + lane;
            unsigned ground = __ballot_sync(0xFFFFFFFFu, x < e.nx && !vly_phase_in(phases, from[x]));
            unsigned before = ground & (0xFFFFFFFFu >> (WARP - 1 - lane));
            int32_t at = before ? c * WARP + WARP - 1 - __clz((int)before) : last;
            if (x < e.nx) to[x] = at == none ? VLY_FAR : x - at;
            if (ground) last = c * WARP + WARP - 1 - __clz((int)ground);
        }
        last = vly_face_in(walls, 0, 1) ? e.nx : none;
        for (int32_t c = chunks - 1; c >= 0; c--) { /* and from the one behind */
            int32_t x = c * WARP + lane;
            unsigned ground = __ballot_sync(0xFFFFFFFFu, x < e.nx && to[x] == 0);
            unsigned behind = ground & (0xFFFFFFFFu << lane);
            int32_t at = behind ? c * WARP + __ffs((int)behind) - 1 : last;
            if (ground) last = c * WARP + __ffs((int)ground) - 1;
            if (x >= e.nx) continue;
            int32_t steps = at != none && at - x < to[x] ? at - x : to[x];
            to[x] = steps == VLY_FAR ? VLY_FAR : weight * steps * steps;
        }
    }
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    farthest_kernel(const int32_t *distance2, int64_t voxels, int32_t *farthest)
{
    __shared__ int32_t most;
    if (threadIdx.x == 0) most = 0;
    __syncthreads();
    int32_t mine = 0;
    for (int64_t i = (int64_t)blockIdx.x * VLY_BLOCK + threadIdx.x; i < voxels; i += (int64_t)gridDim.x * VLY_BLOCK)
        mine = mine > distance2[i] ? mine : distance2[i];
    atomicMax(&most, mine);
    __syncthreads();
    if (threadIdx.x == 0) atomicMax(farthest, most);
}

extern "C" int64_t vly_distance_scratch_bytes_cuda(const vly_queue *queue, vly_extent extent)
{
    (void)queue;
    return vly_extent_voxels(extent) * (int64_t)sizeof(int32_t);
}

extern "C" vly_status vly_distance_cuda(vly_queue *queue, const uint8_t *label, vly_extent extent,
                                        const vly_metric *metric, uint32_t phases, uint32_t walls, int32_t *distance2,
                                        int32_t *farthest, void *scratch)
{
    int64_t voxels = vly_extent_voxels(extent);
    int32_t *between = (int32_t *)scratch;
    vly_lines y = {extent, 1, metric->y, walls, NULL}, z = {extent, 2, metric->z, walls, NULL};
    cudaLaunchConfig_t shape = vly_launch_shape(queue, ((int64_t)extent.ny * extent.nz + WARPS - 1) / WARPS);
    VLY_TRY(vly_cuda_status(
        cudaLaunchKernelEx(&shape, rows_kernel, label, extent, metric->x, phases, walls, distance2, farthest),
        "distance"));
    VLY_TRY(vly_lines_launch(queue, distance2, between, &y));
    VLY_TRY(vly_lines_launch(queue, between, distance2, &z));
    shape = vly_launch_shape(queue, (voxels + VLY_BLOCK - 1) / VLY_BLOCK);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, farthest_kernel, distance2, voxels, farthest), "distance");
}
