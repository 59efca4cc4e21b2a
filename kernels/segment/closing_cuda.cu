/* A block takes runs of one page, as many as the grid leaves it, and counts in shared memory: blockIdx.y is the page. */
#include "core/runs_cuda.h"

static __global__ void __launch_bounds__(VLY_BLOCK)
    closing_clip_kernel(const uint8_t *label, int64_t voxels, int32_t *distance2)
{
    int64_t step = (int64_t)gridDim.x * VLY_BLOCK;
    for (int64_t i = (int64_t)blockIdx.x * VLY_BLOCK + threadIdx.x; i < voxels; i += step)
        if (label[i] == VLY_OUTSIDE) distance2[i] = 0;
}

extern "C" vly_status vly_closing_clip_cuda(vly_queue *queue, const uint8_t *label, int64_t voxels, int32_t *distance2)
{
    cudaLaunchConfig_t shape = vly_launch_shape(queue, (voxels + VLY_BLOCK - 1) / VLY_BLOCK);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, closing_clip_kernel, label, voxels, distance2), "closing_clip");
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    closing_count_kernel(vly_closing_pages pages, const uint8_t *label, const vly_closing_cut *cuts,
                         vly_closing_level level, uint64_t *bins)
{
    __shared__ unsigned table[VLY_CLOSING_DIGITS]; /* of one block: fewer than 2^32 voxels of a page */
    for (int32_t page = (int32_t)blockIdx.y; page < pages.count; page += (int32_t)gridDim.y) {
        const vly_closing_cut cut = cuts[page];
        int64_t first = page * pages.page, step = (int64_t)gridDim.x * VLY_BLOCK;
        for (int32_t d = (int32_t)threadIdx.x; d < VLY_CLOSING_DIGITS; d += VLY_BLOCK) table[d] = 0;
        __syncthreads();
        for (int64_t i = (int64_t)blockIdx.x * VLY_BLOCK + threadIdx.x; i < pages.page && !cut.settled; i += step) {
            if (label[first + i] != VLY_CLOSING_OPEN) continue;
            int32_t digit = vly_closing_digit(&pages, first + i, &cut, level);
            if (digit >= 0) atomicAdd(&table[digit], 1u);
        }
        __syncthreads();
        for (int32_t d = (int32_t)threadIdx.x; d < VLY_CLOSING_DIGITS; d += VLY_BLOCK)
            vly_add(&bins[page * VLY_CLOSING_DIGITS + d], table[d]);
        __syncthreads();
    }
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    closing_label_kernel(vly_closing_pages pages, const vly_closing_cut *cuts, uint8_t *label, uint64_t *counts)
{
    __shared__ unsigned long long found;
    for (int32_t page = (int32_t)blockIdx.y; page < pages.count; page += (int32_t)gridDim.y) {
        const vly_closing_cut cut = cuts[page];
        int64_t first = page * pages.page, step = (int64_t)gridDim.x * VLY_BLOCK;
        unsigned long long mine = 0;
        if (threadIdx.x == 0) found = 0;
        __syncthreads();
        for (int64_t i = (int64_t)blockIdx.x * VLY_BLOCK + threadIdx.x; i < pages.page; i += step) {
            uint8_t l = vly_closing_label(&pages, first + i, &cut, label[first + i]);
            label[first + i] = l;
            mine += l == VLY_CBD;
        }
        atomicAdd(&found, mine);
        __syncthreads();
        if (threadIdx.x == 0) vly_add(&counts[page], found);
        __syncthreads();
    }
}

/* Blocks for every page, and more than one for each where the device would not be full else. */
static cudaLaunchConfig_t shape_of(const vly_queue *queue, const vly_closing_pages *pages)
{
    enum { PAGES_AT_ONCE = 32768 };
    cudaLaunchConfig_t shape = vly_launch_shape(queue, (pages->page + VLY_RUN - 1) / VLY_RUN);
    shape.gridDim.y = (unsigned)(pages->count < PAGES_AT_ONCE ? pages->count : PAGES_AT_ONCE);
    return shape;
}

extern "C" vly_status vly_closing_count_cuda(vly_queue *queue, const vly_closing_pages *pages, const uint8_t *label,
                                             const vly_closing_cut *cuts, vly_closing_level level, uint64_t *bins)
{
    cudaLaunchConfig_t shape = shape_of(queue, pages);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, closing_count_kernel, *pages, label, cuts, level, bins),
                           "closing_count");
}

extern "C" vly_status vly_closing_label_cuda(vly_queue *queue, const vly_closing_pages *pages,
                                             const vly_closing_cut *cuts, uint8_t *label, uint64_t *counts)
{
    cudaLaunchConfig_t shape = shape_of(queue, pages);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, closing_label_kernel, *pages, cuts, label, counts),
                           "closing_label");
}
