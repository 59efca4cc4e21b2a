#include "core/runs_cuda.h"

/* ---- ties ---- */

typedef struct tie_lists {
    vly_tie_band bands[2];
    uint64_t *below, *list, *listed;
    int64_t capacity;
} tie_lists;

static __device__ __forceinline__ void tie(const tie_lists *ties, int b, uint64_t key, unsigned long long below[2])
{
    const vly_tie_band *band = &ties->bands[b];
    if (band->low >= band->high) return;
    if (key < band->low)
        atomicAdd(&below[b], 1ull);
    else if (key < band->high) {
        uint64_t at = atomicAdd((unsigned long long *)&ties->listed[b], 1ull);
        if (at < (uint64_t)ties->capacity) ties->list[b * ties->capacity + (int64_t)at] = key;
    }
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    ties_kernel(const uint16_t *grey, vly_runs runs, int64_t first, const uint8_t *mask, uint64_t seed, tie_lists ties)
{
    __shared__ unsigned long long below[2];
    if (threadIdx.x < 2) below[threadIdx.x] = 0;
    __syncthreads();
    for (int64_t run = blockIdx.x; run < runs.total; run += gridDim.x) {
        vly_eight e = vly_eight_of(&runs, run);
        uint16_t g[VLY_EACH];
        vly_load_eight(g, grey + e.grey, e.count);
        for (int i = 0; i < VLY_EACH; i++) {
            if (i >= e.count || (g[i] != ties.bands[0].grey && g[i] != ties.bands[1].grey)) continue;
            if (mask && !mask[e.label + i]) continue;
            uint64_t key = vly_hash((uint64_t)(first + e.label + i), seed);
            for (int b = 0; b < 2; b++)
                if (g[i] == ties.bands[b].grey) tie(&ties, b, key, below);
        }
    }
    __syncthreads();
    if (threadIdx.x < 2) vly_add(&ties.below[threadIdx.x], below[threadIdx.x]);
}

extern "C" vly_status vly_ties_cuda(vly_queue *queue, const uint16_t *grey, const vly_region *region,
                                    const uint8_t *mask, uint64_t seed, const vly_tie_band bands[2], uint64_t *below,
                                    uint64_t *list, int64_t capacity, uint64_t *listed)
{
    tie_lists ties = {{bands[0], bands[1]}, below, list, listed, capacity};
    vly_runs runs = vly_runs_of(region);
    cudaLaunchConfig_t shape = vly_launch_shape(queue, runs.total);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, ties_kernel, grey, runs, region->first, mask, seed, ties),
                           "ties");
}

/* ---- labels ---- */

static __global__ void __launch_bounds__(VLY_BLOCK)
    label_kernel(const uint16_t *grey, vly_runs runs, int64_t first, const uint8_t *mask, uint64_t seed,
                 vly_label_cuts cuts, uint8_t *label, uint64_t *counts)
{
    __shared__ unsigned long long block_counts[VLY_PHASES];
    unsigned mine[VLY_PHASES] = {0, 0, 0};
    if (threadIdx.x < VLY_PHASES) block_counts[threadIdx.x] = 0;
    __syncthreads();
    for (int64_t run = blockIdx.x; run < runs.total; run += gridDim.x) {
        vly_eight e = vly_eight_of(&runs, run);
        uint16_t g[VLY_EACH];
        uint8_t l[VLY_EACH];
        vly_load_eight(g, grey + e.grey, e.count);
        for (int i = 0; i < VLY_EACH; i++) {
            bool on_cut = g[i] == cuts.cut[0].grey || g[i] == cuts.cut[1].grey;
            l[i] = vly_label_of(&cuts, g[i], on_cut ? vly_hash((uint64_t)(first + e.label + i), seed) : 0);
            if (i < e.count && mask && !mask[e.label + i]) l[i] = VLY_OUTSIDE;
            bool inside = i < e.count;
            mine[VLY_PORE] += inside && l[i] == VLY_PORE;
            mine[VLY_AM] += inside && l[i] == VLY_AM;
            mine[VLY_CBD] += inside && l[i] == VLY_CBD;
        }
        vly_store_eight(label + e.label, l, e.count);
    }
    for (int p = 0; p < VLY_PHASES; p++) atomicAdd(&block_counts[p], (unsigned long long)mine[p]);
    __syncthreads();
    if (threadIdx.x < VLY_PHASES) vly_add(&counts[threadIdx.x], block_counts[threadIdx.x]);
}

extern "C" vly_status vly_label_cuda(vly_queue *queue, const uint16_t *grey, const vly_region *region,
                                     const uint8_t *mask, uint64_t seed, const vly_label_cuts *cuts, uint8_t *label,
                                     uint64_t *counts)
{
    vly_runs runs = vly_runs_of(region);
    cudaLaunchConfig_t shape = vly_launch_shape(queue, runs.total);
    return vly_cuda_status(
        cudaLaunchKernelEx(&shape, label_kernel, grey, runs, region->first, mask, seed, *cuts, label, counts), "label");
}
