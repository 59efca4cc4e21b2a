/* A thread walks a line: across y and z neighbours walk side by side, across x each has a row to itself. */
#include "core/runs_cuda.h"

typedef unsigned long long block_tally[VLY_PHASES][VLY_CHORD_COUNTS];

/* Line i of an axis: where it begins, from voxel to voxel, how many. */
typedef struct line {
    int64_t first, step;
    int32_t length;
} line;

static __device__ __forceinline__ line line_of(const vly_region *region, int32_t axis, int64_t i)
{
    vly_extent e = vly_box_extent(region->inner), d = region->data;
    int32_t u = (int32_t)(i % (axis == 0 ? e.ny : e.nx)), v = (int32_t)(i / (axis == 0 ? e.ny : e.nx));
    int64_t base = vly_at(d, region->inner.x0, region->inner.y0, region->inner.z0), page = (int64_t)d.nx * d.ny;
    line across_x = {base + u * (int64_t)d.nx + v * page, 1, e.nx};
    line across_y = {base + u + v * page, d.nx, e.ny};
    line across_z = {base + u + v * (int64_t)d.nx, page, e.nz};
    return axis == 0 ? across_x : axis == 1 ? across_y : across_z;
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    chords_kernel(const uint8_t *phase, vly_region region, int32_t axis, int64_t lines, bool first, bool last,
                  vly_chord *open, uint64_t *tally)
{
    __shared__ block_tally sum;
    uint64_t mine[VLY_PHASES][VLY_CHORD_COUNTS] = {{0}};
    int32_t t = (int32_t)threadIdx.x, counts = VLY_PHASES * VLY_CHORD_COUNTS;
    for (int32_t k = t; k < counts; k += VLY_BLOCK) (&sum[0][0])[k] = 0;
    __syncthreads();
    for (int64_t i = (int64_t)blockIdx.x * VLY_BLOCK + t; i < lines; i += (int64_t)gridDim.x * VLY_BLOCK) {
        line l = line_of(&region, axis, i);
        vly_chord c = {0, VLY_OUTSIDE, 0};
        if (axis == 2 && !first) c = open[i];
        for (int32_t k = 0; k < l.length; k++) vly_chord_step(&c, phase[l.first + k * l.step], mine);
        if (axis < 2 || last) vly_chord_step(&c, VLY_OUTSIDE, mine);
        if (axis == 2) open[i] = c;
    }
    for (int32_t k = 0; k < counts; k++)
        if ((&mine[0][0])[k]) atomicAdd(&(&sum[0][0])[k], (unsigned long long)(&mine[0][0])[k]);
    __syncthreads();
    for (int32_t k = t; k < counts; k += VLY_BLOCK) vly_add(&tally[axis * counts + k], (&sum[0][0])[k]);
}

extern "C" vly_status vly_chords_cuda(vly_queue *queue, const uint8_t *phase, const vly_region *region, bool first,
                                      bool last, vly_chord *open, uint64_t *tally)
{
    vly_extent e = vly_box_extent(region->inner);
    const int64_t lines[3] = {(int64_t)e.ny * e.nz, (int64_t)e.nx * e.nz, (int64_t)e.nx * e.ny};
    for (int32_t axis = 0; axis < 3; axis++) {
        cudaLaunchConfig_t shape = vly_launch_shape(queue, (lines[axis] + VLY_BLOCK - 1) / VLY_BLOCK);
        VLY_TRY(vly_cuda_status(
            cudaLaunchKernelEx(&shape, chords_kernel, phase, *region, axis, lines[axis], first, last, open, tally),
            "chords"));
    }
    return VLY_OK;
}
