/* The search runs in rounds, so that nothing but integer minima decides: the smallest key, the smallest index that has it,
 * then the features of that voxel. Slabs come in the order of their indices, so a key as good as the best so far never wins;
 * between the first two rounds the features found before tell whether their key has been beaten. */
#include "segment/kmeans_tile_cuda.h"

enum { FIND_KEY, FIND_INDEX, TAKE_FEATURES };

static __global__ void __launch_bounds__(VLY_TILE_THREADS)
    search_kernel(const uint16_t *grey, vly_region region, const uint8_t *mask, vly_kmeans_search search, int32_t round,
                  vly_kmeans_found *best)
{
    __shared__ vly_plane planes[3];
    vly_march m = vly_march_of(&region);
    vly_tile_begin(planes, grey, &region, m.z0);
    for (int32_t z = m.z0; z < m.z1; z++) {
        vly_tile_step(planes, grey, &region, z, z - m.z0);
        int64_t at = vly_at(m.inner, m.x, m.y, z), index = region.first + at;
        if (!m.inside || (mask && !mask[at])) continue;
        uint16_t f[VLY_SHELL_FEATURES];
        vly_tile_features(f, planes, z - m.z0);
        uint64_t key = vly_kmeans_search_key(&search, f);
        if (key == UINT64_MAX) continue;
        uint64_t least = __ldcg(&best->key);
        if (round == FIND_KEY && key < least) atomicMin((unsigned long long *)&best->key, (unsigned long long)key);
        if (round == FIND_INDEX && key == least) atomicMin((long long *)&best->index, (long long)index);
        if (round == TAKE_FEATURES && key == least && index == best->index)
            for (int i = 0; i < VLY_SHELL_FEATURES; i++) best->f[i] = f[i];
    }
}

/* One thread: the index belongs to a key that no longer is the best. */
static __global__ void forget_beaten_kernel(vly_kmeans_search search, vly_kmeans_found *best)
{
    if (best->index != INT64_MAX && vly_kmeans_search_key(&search, best->f) != best->key) best->index = INT64_MAX;
}

extern "C" vly_status vly_kmeans_search_cuda(vly_queue *queue, const uint16_t *grey, const vly_region *region,
                                             const uint8_t *mask, const vly_kmeans_search *search,
                                             vly_kmeans_found *best)
{
    cudaLaunchConfig_t shape = vly_tile_shape(queue, region), single = shape;
    single.gridDim = single.blockDim = dim3(1);
    for (int32_t round = FIND_KEY; round <= TAKE_FEATURES; round++) {
        VLY_TRY(vly_cuda_status(cudaLaunchKernelEx(&shape, search_kernel, grey, *region, mask, *search, round, best),
                                "kmeans_search"));
        if (round == FIND_KEY)
            VLY_TRY(vly_cuda_status(cudaLaunchKernelEx(&single, forget_beaten_kernel, *search, best), "kmeans_search"));
    }
    return VLY_OK;
}

/* ---- the random sample: few voxels, each gathered on its own ---- */

static __global__ void __launch_bounds__(VLY_BLOCK, 2) /* else the oldest devices spill */
    sample_kernel(const uint16_t *grey, vly_region region, const uint8_t *mask, uint64_t seed, uint64_t last,
                  uint16_t *samples, int64_t capacity, uint64_t *count)
{
    vly_extent inner = vly_box_extent(region.inner);
    int64_t voxels = vly_extent_voxels(inner);
    for (int64_t i = (int64_t)blockIdx.x * VLY_BLOCK + threadIdx.x; i < voxels; i += (int64_t)gridDim.x * VLY_BLOCK) {
        if (vly_hash((uint64_t)(region.first + i), seed) > last || (mask && !mask[i])) continue;
        uint16_t f[VLY_SHELL_FEATURES];
        int32_t x = (int32_t)(i % inner.nx), y = (int32_t)(i / inner.nx % inner.ny);
        int32_t z = (int32_t)(i / ((int64_t)inner.nx * inner.ny));
        vly_features_gather(f, grey, region.data, region.inner.x0 + x, region.inner.y0 + y, region.inner.z0 + z);
        vly_features_sort(f);
        uint64_t at = atomicAdd((unsigned long long *)count, 1ull);
        for (int m = 0; m < VLY_SHELL_FEATURES && at < (uint64_t)capacity; m++)
            samples[vly_kmeans_slot((int64_t)at, m)] = f[m];
    }
}

extern "C" vly_status vly_kmeans_sample_cuda(vly_queue *queue, const uint16_t *grey, const vly_region *region,
                                             const uint8_t *mask, uint64_t seed, uint64_t last, uint16_t *samples,
                                             int64_t capacity, uint64_t *count)
{
    int64_t voxels = vly_extent_voxels(vly_box_extent(region->inner));
    cudaLaunchConfig_t shape = vly_launch_shape(queue, (voxels + VLY_BLOCK - 1) / VLY_BLOCK);
    return vly_cuda_status(
        cudaLaunchKernelEx(&shape, sample_kernel, grey, *region, mask, seed, last, samples, capacity, count),
        "kmeans_sample");
}
