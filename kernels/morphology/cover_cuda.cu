/* A warp looks at 32 voxels in a row, one each, and then paints together the balls of those that no neighbour's ball holds. */
#include "morphology/lines_cuda.h"

enum { WARP = 32, WARPS = VLY_BLOCK / WARP };

typedef struct painting {
    const int32_t *distance2, *value;
    vly_extent extent;
    vly_metric metric;
    const int32_t *inside; /* (VLY_COVER_CLASSES, levels) */
    int32_t levels;
    int32_t *out;
} painting;

static __global__ void __launch_bounds__(VLY_BLOCK) clear_kernel(int32_t *out, int64_t voxels)
{
    for (int64_t i = (int64_t)blockIdx.x * VLY_BLOCK + threadIdx.x; i < voxels; i += (int64_t)gridDim.x * VLY_BLOCK)
        out[i] = 0;
}

/* Whether the ball of voxel (x, y, z) is worth painting. */
static __device__ bool is_centre(const painting *p, int32_t x, int32_t y, int32_t z)
{
    vly_extent e = p->extent;
    int64_t i = vly_at(e, x, y, z);
    int32_t square = p->distance2[i];
    if (square == 0 || p->value[i] == 0) return false;
    for (int32_t dz = -1; dz <= 1; dz++)
        for (int32_t dy = -1; dy <= 1; dy++)
            for (int32_t dx = -1; dx <= 1; dx++) {
                if (x + dx < 0 || x + dx >= e.nx || y + dy < 0 || y + dy >= e.ny || z + dz < 0 || z + dz >= e.nz)
                    continue;
                int32_t c = vly_cover_class(dx, dy, dz);
                if (c >= 0 &&
                    p->distance2[vly_at(e, x + dx, y + dy, z + dz)] >= p->inside[(int64_t)c * p->levels + square])
                    return false;
            }
    return true;
}

/* All lanes of a warp, with the same centre. */
static __device__ void paint_ball(const painting *p, int32_t x, int32_t y, int32_t z, int32_t lane)
{
    vly_extent e = p->extent;
    vly_metric m = p->metric;
    int32_t most = p->distance2[vly_at(e, x, y, z)] - 1, value = p->value[vly_at(e, x, y, z)];
    int32_t reach_z = vly_cover_half(most, m.z);
    for (int32_t dz = -reach_z; dz <= reach_z; dz++) {
        if (z + dz < 0 || z + dz >= e.nz) continue;
        int32_t rest = most - m.z * dz * dz, reach_y = vly_cover_half(rest, m.y);
        for (int32_t dy = -reach_y; dy <= reach_y; dy++) {
            if (y + dy < 0 || y + dy >= e.ny) continue;
            int32_t reach_x = vly_cover_half(rest - m.y * dy * dy, m.x);
            for (int32_t dx = lane - reach_x; dx <= reach_x; dx += WARP)
                if (x + dx >= 0 && x + dx < e.nx) atomicMax(&p->out[vly_at(e, x + dx, y + dy, z + dz)], value);
        }
    }
}

static __global__ void __launch_bounds__(VLY_BLOCK) paint_kernel(painting p)
{
    vly_extent e = p.extent;
    int32_t lane = (int32_t)threadIdx.x % WARP, chunks = (e.nx + WARP - 1) / WARP;
    int64_t items = (int64_t)chunks * e.ny * e.nz;
    for (int64_t item = (int64_t)blockIdx.x * WARPS + threadIdx.x / WARP; item < items;
         item += (int64_t)gridDim.x * WARPS) {
        int32_t first = (int32_t)(item % chunks) * WARP, y = (int32_t)(item / chunks % e.ny);
        int32_t z = (int32_t)(item / chunks / e.ny);
        unsigned centres = __ballot_sync(0xFFFFFFFFu, first + lane < e.nx && is_centre(&p, first + lane, y, z));
        for (; centres; centres &= centres - 1) paint_ball(&p, first + __ffs((int)centres) - 1, y, z, lane);
    }
}

extern "C" int64_t vly_cover_scratch_bytes_cuda(const vly_queue *queue, vly_extent extent, int32_t levels)
{
    (void)queue, (void)extent, (void)levels;
    return 0;
}

extern "C" vly_status vly_cover_cuda(vly_queue *queue, const int32_t *distance2, const int32_t *value,
                                     vly_extent extent, const vly_metric *metric, const int32_t *inside, int32_t levels,
                                     int32_t *out, void *scratch)
{
    (void)scratch;
    painting p = {distance2, value, extent, *metric, inside, levels, out};
    int64_t voxels = vly_extent_voxels(extent);
    int64_t items = (int64_t)((extent.nx + WARP - 1) / WARP) * extent.ny * extent.nz;
    cudaLaunchConfig_t shape = vly_launch_shape(queue, (voxels + VLY_BLOCK - 1) / VLY_BLOCK);
    VLY_TRY(vly_cuda_status(cudaLaunchKernelEx(&shape, clear_kernel, out, voxels), "cover"));
    shape = vly_launch_shape(queue, (items + WARPS - 1) / WARPS);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, paint_kernel, p), "cover");
}

/* ---- one level, the other way round ---- */

static __global__ void __launch_bounds__(VLY_BLOCK)
    height_kernel(const int32_t *distance2, int64_t voxels, int32_t level, int32_t *height)
{
    for (int64_t i = (int64_t)blockIdx.x * VLY_BLOCK + threadIdx.x; i < voxels; i += (int64_t)gridDim.x * VLY_BLOCK)
        height[i] = distance2[i] >= level ? -distance2[i] : VLY_FAR;
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    deepest_kernel(const int32_t *height, int64_t voxels, int32_t *deepest)
{
    for (int64_t i = (int64_t)blockIdx.x * VLY_BLOCK + threadIdx.x; i < voxels; i += (int64_t)gridDim.x * VLY_BLOCK)
        if (height[i] < 0) atomicMax(deepest, -height[i]);
}

static __global__ void __launch_bounds__(VLY_BLOCK) mark_kernel(const int32_t *height, int64_t voxels, uint8_t *covered)
{
    for (int64_t i = (int64_t)blockIdx.x * VLY_BLOCK + threadIdx.x; i < voxels; i += (int64_t)gridDim.x * VLY_BLOCK)
        covered[i] = height[i] < 0;
}

extern "C" int64_t vly_cover_level_scratch_bytes_cuda(const vly_queue *queue, vly_extent extent)
{
    (void)queue;
    return (2 * vly_extent_voxels(extent) + 1) * (int64_t)sizeof(int32_t);
}

extern "C" vly_status vly_cover_level_cuda(vly_queue *queue, const int32_t *distance2, vly_extent extent,
                                           const vly_metric *metric, int32_t level, uint8_t *covered, void *scratch)
{
    int64_t voxels = vly_extent_voxels(extent);
    int32_t *a = (int32_t *)scratch, *b = a + voxels, *deepest = b + voxels;
    vly_lines x = {extent, 0, metric->x, 0, deepest}, y = {extent, 1, metric->y, 0, deepest};
    vly_lines z = {extent, 2, metric->z, 0, deepest};
    cudaLaunchConfig_t shape = vly_launch_shape(queue, (voxels + VLY_BLOCK - 1) / VLY_BLOCK),
                       one = vly_launch_shape(queue, 1);
    VLY_TRY(vly_cuda_status(cudaLaunchKernelEx(&one, clear_kernel, deepest, (int64_t)1), "cover_level"));
    VLY_TRY(vly_cuda_status(cudaLaunchKernelEx(&shape, height_kernel, distance2, voxels, level, a), "cover_level"));
    VLY_TRY(vly_cuda_status(cudaLaunchKernelEx(&shape, deepest_kernel, (const int32_t *)a, voxels, deepest),
                            "cover_level"));
    VLY_TRY(vly_lines_launch(queue, a, b, &x));
    VLY_TRY(vly_lines_launch(queue, b, a, &y));
    VLY_TRY(vly_lines_launch(queue, a, b, &z));
    return vly_cuda_status(cudaLaunchKernelEx(&shape, mark_kernel, (const int32_t *)b, voxels, covered), "cover_level");
}
