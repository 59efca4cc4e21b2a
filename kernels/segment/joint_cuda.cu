/* Neighbours mostly share their code: lanes with the same one elect a leader that adds for all of them. Up to seven volumes
 * the table of codes fits into shared memory. */
#include "core/runs_cuda.h"

enum { SHARED_CODES = 2187 }; /* 3^7 */

static __global__ void __launch_bounds__(VLY_BLOCK)
    joint_kernel(const uint8_t *labels, int32_t count, int64_t stride, int64_t voxels, int32_t codes, uint64_t *joint)
{
    __shared__ unsigned table[SHARED_CODES]; /* of one block: at most 2^32 voxels, which the launcher sees to */
    bool shared = codes <= SHARED_CODES;
    for (int32_t i = (int32_t)threadIdx.x; i < SHARED_CODES; i += VLY_BLOCK) table[i] = 0;
    __syncthreads();
    int64_t step = (int64_t)gridDim.x * VLY_BLOCK;
    for (int64_t base = (int64_t)blockIdx.x * VLY_BLOCK; base < voxels; base += step) {
        int64_t i = base + threadIdx.x;
        int32_t code = 0;
        for (int32_t k = count - 1; k >= 0 && code >= 0; k--) {
            uint8_t label = i < voxels ? labels[k * stride + i] : VLY_OUTSIDE;
            code = label == VLY_OUTSIDE ? -1 : 3 * code + label;
        }
        unsigned same = __match_any_sync(0xFFFFFFFFu, code);
        bool leader = code >= 0 && (int)(threadIdx.x & 31) == __ffs((int)same) - 1;
        if (leader && shared) atomicAdd(&table[code], (unsigned)__popc(same));
        if (leader && !shared) vly_add(&joint[code], (uint64_t)__popc(same));
    }
    __syncthreads();
    for (int32_t i = (int32_t)threadIdx.x; shared && i < codes; i += VLY_BLOCK) vly_add(&joint[i], table[i]);
}

extern "C" vly_status vly_joint_cuda(vly_queue *queue, const uint8_t *labels, int32_t count, int64_t stride,
                                     int64_t voxels, uint64_t *joint)
{
    int32_t codes = 1;
    for (int32_t k = 0; k < count; k++) codes *= VLY_PHASES;
    cudaLaunchConfig_t shape = vly_launch_shape(queue, (voxels + VLY_BLOCK - 1) / VLY_BLOCK);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, joint_kernel, labels, count, stride, voxels, codes, joint),
                           "joint");
}
