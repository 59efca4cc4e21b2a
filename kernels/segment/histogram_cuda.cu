/* Counters of 16 bits, two a word, in shared memory: one block then holds all 65 536 bins in 128 KiB. A device with less
 * shared memory gets blocks for a part of the grey values each, and reads the volume once per part. A counter that reaches
 * 2^15 is emptied into its bin by the thread that brought it there; the others cannot fill the rest before that is done. */
#include "core/runs_cuda.h"

enum { BINS = 65536, HALF = 1 << 15, THREADS = 1024, RUNS_AT_ONCE = THREADS / VLY_BLOCK };

static __global__ void __launch_bounds__(THREADS)
    histogram_kernel(const uint16_t *grey, vly_runs runs, const uint8_t *mask, int32_t bins_per_part, uint64_t *bins)
{
    VLY_DYNAMIC_SHARED(uint32_t, counters);
    int32_t first = (int32_t)blockIdx.y * bins_per_part;
    for (int32_t i = (int32_t)threadIdx.x; i < bins_per_part / 2; i += THREADS) counters[i] = 0;
    __syncthreads();
    int64_t own = (int64_t)blockIdx.x * RUNS_AT_ONCE + threadIdx.x / VLY_BLOCK;
    for (int64_t run = own; run < runs.total; run += (int64_t)gridDim.x * RUNS_AT_ONCE) {
        vly_eight e = vly_eight_of(&runs, run);
        uint16_t g[VLY_EACH];
        vly_load_eight(g, grey + e.grey, e.count);
        for (int i = 0; i < VLY_EACH; i++) {
            int32_t bin = (int32_t)g[i] - first;
            if (i >= e.count || bin < 0 || bin >= bins_per_part || (mask && !mask[e.label + i])) continue;
            int32_t shift = 16 * (bin & 1);
            uint32_t before = atomicAdd(&counters[bin / 2], 1u << shift) >> shift & 0xFFFF;
            if (before != HALF - 1) continue;
            atomicSub(&counters[bin / 2], (uint32_t)HALF << shift);
            vly_add(&bins[g[i]], HALF);
        }
    }
    __syncthreads();
    for (int32_t i = (int32_t)threadIdx.x; i < bins_per_part / 2; i += THREADS) {
        vly_add(&bins[first + 2 * i], counters[i] & 0xFFFF);
        vly_add(&bins[first + 2 * i + 1], counters[i] >> 16);
    }
}

extern "C" int64_t vly_histogram_scratch_bytes_cuda(const vly_queue *queue)
{
    (void)queue;
    return 0;
}

extern "C" vly_status vly_histogram_cuda(vly_queue *queue, const uint16_t *grey, const vly_region *region,
                                         const uint8_t *mask, uint64_t *bins, void *scratch)
{
    (void)scratch;
    int32_t parts = 1;
    while (BINS / parts * 2 > queue->shared_bytes) parts *= 2;
    size_t bytes = (size_t)(BINS / parts) * 2;
    vly_runs runs = vly_runs_of(region);
    cudaLaunchConfig_t shape = vly_launch_shape(queue, runs.total);
    int64_t blocks = (runs.total + RUNS_AT_ONCE - 1) / RUNS_AT_ONCE;
    shape.gridDim = dim3((unsigned)(blocks < queue->processors ? blocks : queue->processors), (unsigned)parts);
    shape.blockDim = dim3(THREADS);
    shape.dynamicSmemBytes = bytes;
    VLY_TRY(vly_cuda_status(
        cudaFuncSetAttribute(histogram_kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, (int)bytes), "histogram"));
    return vly_cuda_status(cudaLaunchKernelEx(&shape, histogram_kernel, grey, runs, mask, BINS / parts, bins),
                           "histogram");
}
