/* A warp takes 32 cells of a row: each lane makes the column at its x and gets the next one from its neighbour. Lanes with the
 * same cell elect a leader that adds for all of them: in shared memory where all eight voxels are inside, which leaves
 * 3^8 cells, else in the bins, which is rare. */
#include "core/runs_cuda.h"

enum { CELLS = 6561, WARP = 32 };

typedef struct cells {
    vly_extent data;
    vly_box inner;
    int32_t per_row; /* cells of a row */
    int64_t warps_per_row, warps;
} cells;

static __device__ __forceinline__ uint8_t column_at(const uint8_t *phase, const cells *c, int32_t x, int32_t y,
                                                    int32_t z)
{
    int64_t at = vly_at(c->data, x, y, z), up = c->data.nx, page = (int64_t)c->data.nx * c->data.ny;
    return vly_column(phase[at], phase[at + up], phase[at + page], phase[at + up + page]);
}

/* Number of a cell in base 3; -1 if a voxel of it is outside. */
static __device__ __forceinline__ int32_t inside_number(int32_t code)
{
    if (code & (code >> 1) & 0x5555) return -1;
    int32_t number = 0;
    for (int k = 7; k >= 0; k--) number = 3 * number + (code >> (2 * k) & 3);
    return number;
}

static __device__ __forceinline__ int32_t code_of(int32_t number)
{
    int32_t code = 0;
    for (int k = 0; k < 8; k++, number /= 3) code |= number % 3 << (2 * k);
    return code;
}

static __global__ void __launch_bounds__(VLY_BLOCK) configurations_kernel(const uint8_t *phase, cells c, uint64_t *bins)
{
    __shared__ unsigned table[CELLS]; /* of one block: at most 2^32 cells, which the launcher sees to */
    for (int32_t i = (int32_t)threadIdx.x; i < CELLS; i += VLY_BLOCK) table[i] = 0;
    __syncthreads();
    int32_t lane = (int32_t)threadIdx.x % WARP;
    int64_t first = ((int64_t)blockIdx.x * VLY_BLOCK + threadIdx.x) / WARP,
            step = (int64_t)gridDim.x * VLY_BLOCK / WARP;
    for (int64_t warp = first; warp < c.warps; warp += step) {
        int64_t row = warp / c.warps_per_row;
        int32_t i = (int32_t)(warp % c.warps_per_row) * WARP + lane, rows = c.inner.y1 - c.inner.y0;
        int32_t x = c.inner.x0 + i, y = c.inner.y0 + (int32_t)(row % rows), z = c.inner.z0 + (int32_t)(row / rows);
        bool inside = i < c.per_row;
        int32_t here = x < c.data.nx ? column_at(phase, &c, x, y, z) : 0;
        int32_t next = __shfl_down_sync(0xFFFFFFFFu, here, 1);
        if (lane == WARP - 1 && inside) next = column_at(phase, &c, x + 1, y, z);
        int32_t code = inside ? vly_configuration((uint8_t)here, (uint8_t)next) : -1;
        unsigned same = __match_any_sync(0xFFFFFFFFu, code);
        if (!inside || lane != __ffs((int)same) - 1) continue;
        int32_t number = inside_number(code);
        if (number >= 0)
            atomicAdd(&table[number], (unsigned)__popc(same));
        else
            vly_add(&bins[code], (uint64_t)__popc(same));
    }
    __syncthreads();
    for (int32_t i = (int32_t)threadIdx.x; i < CELLS; i += VLY_BLOCK) vly_add(&bins[code_of(i)], table[i]);
}

extern "C" int64_t vly_configurations_scratch_bytes_cuda(const vly_queue *queue)
{
    (void)queue;
    return 0;
}

extern "C" vly_status vly_configurations_cuda(vly_queue *queue, const uint8_t *phase, const vly_region *region,
                                              uint64_t *bins, void *scratch)
{
    cells c = {region->data, region->inner, 0, 0, 0};
    (void)scratch;
    if (c.inner.x1 >= c.data.nx) c.inner.x1 = c.data.nx - 1;
    if (c.inner.y1 >= c.data.ny) c.inner.y1 = c.data.ny - 1;
    if (c.inner.z1 >= c.data.nz) c.inner.z1 = c.data.nz - 1;
    vly_extent e = vly_box_extent(c.inner);
    if (e.nx < 1 || e.ny < 1 || e.nz < 1) return VLY_OK;
    c.per_row = e.nx;
    c.warps_per_row = (e.nx + WARP - 1) / WARP;
    c.warps = c.warps_per_row * e.ny * e.nz;
    cudaLaunchConfig_t shape = vly_launch_shape(queue, (c.warps * WARP + VLY_BLOCK - 1) / VLY_BLOCK);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, configurations_kernel, phase, c, bins), "configurations");
}
