/* Min-plus with parabolas along one axis, a thread a voxel: it searches outwards until a step alone costs more than can be
 * gained. Neighbouring threads lie along x, so that every load is of whole lines. Included by .cu files only. */
#ifndef VLY_LINES_CUDA_H
#define VLY_LINES_CUDA_H

#include "core/launch_cuda.h"

typedef struct vly_lines {
    vly_extent extent;
    int32_t axis, weight;   /* 0 x, 1 y, 2 z; squared cost of a step */
    uint32_t walls;         /* value 0 one step beyond these faces */
    const int32_t *deepest; /* no value is below minus this; NULL: none is negative */
} vly_lines;

/* to(q) = min over p along the axis of weight (q - p)^2 + from(p), VLY_FAR being no value. */
static __global__ void __launch_bounds__(VLY_BLOCK) lines_kernel(const int32_t *from, int32_t *to, vly_lines l)
{
    vly_extent e = l.extent;
    int64_t voxels = vly_extent_voxels(e), step = (int64_t)gridDim.x * VLY_BLOCK;
    int64_t stride = l.axis == 0 ? 1 : l.axis == 1 ? e.nx : (int64_t)e.nx * e.ny;
    int32_t n = l.axis == 0 ? e.nx : l.axis == 1 ? e.ny : e.nz;
    int64_t deepest = l.deepest ? *l.deepest : 0;
    for (int64_t i = (int64_t)blockIdx.x * VLY_BLOCK + threadIdx.x; i < voxels; i += step) {
        int32_t p = (int32_t)(i / stride % n);
        int64_t best = from[i], low = p + 1, high = n - p, weight = l.weight;
        if (vly_face_in(l.walls, l.axis, 0) && weight * low * low < best) best = weight * low * low;
        if (vly_face_in(l.walls, l.axis, 1) && weight * high * high < best) best = weight * high * high;
        for (int64_t j = 1; (j < low || j < high) && weight * j * j - deepest < best; j++) {
            int64_t before = j < low ? from[i - j * stride] : VLY_FAR,
                    behind = j < high ? from[i + j * stride] : VLY_FAR;
            int64_t least = before < behind ? before : behind;
            if (least != VLY_FAR && least + weight * j * j < best) best = least + weight * j * j;
        }
        to[i] = (int32_t)best;
    }
}

static inline vly_status vly_lines_launch(vly_queue *queue, const int32_t *from, int32_t *to, const vly_lines *lines)
{
    cudaLaunchConfig_t shape = vly_launch_shape(queue, (vly_extent_voxels(lines->extent) + VLY_BLOCK - 1) / VLY_BLOCK);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, lines_kernel, from, to, *lines), "lines");
}

#endif
