/* M <- max(M, min(D2, largest M of the 26 neighbours)) to the fixpoint, which is one whatever the order (morphology spec
 * 5.2 b). A block settles a brick in shared memory and wakes the bricks round it if that changed anything. Bricks of one
 * colour have no neighbour of it, so that none reads what another one writes. */
#include "core/launch_cuda.h"

enum { SIDE = 8, HALO = SIDE + 2, CELLS = SIDE * SIDE * SIDE, COLOURS = 8, EACH = CELLS / VLY_BLOCK };

typedef struct bricks {
    const int32_t *distance2;
    int32_t *width2;
    vly_extent extent, count; /* voxels; bricks */
    uint32_t *awake;          /* (count) */
    uint64_t *changed;
} bricks;

static __global__ void __launch_bounds__(VLY_BLOCK) start_kernel(bricks b, uint32_t faces)
{
    vly_extent e = b.extent;
    int64_t voxels = vly_extent_voxels(e), all = vly_extent_voxels(b.count), step = (int64_t)gridDim.x * VLY_BLOCK;
    for (int64_t i = (int64_t)blockIdx.x * VLY_BLOCK + threadIdx.x; i < voxels; i += step) {
        int32_t x = (int32_t)(i % e.nx), y = (int32_t)(i / e.nx % e.ny), z = (int32_t)(i / e.nx / e.ny);
        b.width2[i] = vly_on_face(faces, e, x, y, z) ? b.distance2[i] : 0;
        if (i < all) b.awake[i] = 1;
    }
}

/* Voxel `cell` of a brick with a margin of one voxel, in the volume; false if it lies outside. */
static __device__ __forceinline__ bool voxel_of(const bricks *b, vly_extent origin, int32_t cell, int64_t *i)
{
    int32_t x = origin.nx + cell % HALO - 1, y = origin.ny + cell / HALO % HALO - 1,
            z = origin.nz + cell / HALO / HALO - 1;
    vly_extent e = b->extent;
    if (x < 0 || y < 0 || z < 0 || x >= e.nx || y >= e.ny || z >= e.nz) return false;
    *i = vly_at(e, x, y, z);
    return true;
}

/* Where voxel `cell` of a brick lies in the brick with its margin. */
static __device__ __forceinline__ int32_t inner_cell(int32_t cell)
{
    return (cell / SIDE / SIDE + 1) * HALO * HALO + (cell / SIDE % SIDE + 1) * HALO + cell % SIDE + 1;
}

static __device__ int32_t largest_near(const int32_t *near, int32_t at)
{
    int32_t most = 0;
    for (int32_t dz = -1; dz <= 1; dz++)
        for (int32_t dy = -1; dy <= 1; dy++)
            for (int32_t dx = -1; dx <= 1; dx++) {
                int32_t there = near[at + (dz * HALO + dy) * HALO + dx];
                most = most > there ? most : there;
            }
    return most;
}

/* Whether the brick has changed; all threads of the block. */
static __device__ bool settle(int32_t *near, const int32_t own[EACH])
{
    bool ever = false, again = true;
    while (again) {
        int32_t next[EACH], change = 0;
        for (int k = 0; k < EACH; k++) {
            int32_t at = inner_cell((int32_t)threadIdx.x + k * VLY_BLOCK), most = largest_near(near, at);
            next[k] = own[k] < most ? own[k] : most;
            change |= next[k] > near[at];
        }
        __syncthreads();
        for (int k = 0; k < EACH; k++) near[inner_cell((int32_t)threadIdx.x + k * VLY_BLOCK)] = next[k];
        again = __syncthreads_or(change) != 0;
        ever = ever || again;
    }
    return ever;
}

static __device__ void wake_round(const bricks *b, int32_t x, int32_t y, int32_t z)
{
    int32_t k = (int32_t)threadIdx.x, u = x + k % 3 - 1, v = y + k / 3 % 3 - 1, w = z + k / 9 - 1;
    if (k >= 27 || k == 13 || u < 0 || v < 0 || w < 0 || u >= b->count.nx || v >= b->count.ny || w >= b->count.nz)
        return;
    atomicExch(&b->awake[vly_at(b->count, u, v, w)], 1u);
}

static __global__ void __launch_bounds__(VLY_BLOCK) settle_kernel(bricks b, int32_t colour)
{
    __shared__ int32_t near[HALO * HALO * HALO];
    vly_extent c = b.count, half = {(c.nx + 1) / 2, (c.ny + 1) / 2, (c.nz + 1) / 2};
    for (int64_t item = blockIdx.x; item < vly_extent_voxels(half); item += gridDim.x) {
        int32_t x = 2 * (int32_t)(item % half.nx) + (colour & 1),
                y = 2 * (int32_t)(item / half.nx % half.ny) + (colour >> 1 & 1);
        int32_t z = 2 * (int32_t)(item / half.nx / half.ny) + (colour >> 2);
        if (x >= c.nx || y >= c.ny || z >= c.nz || b.awake[vly_at(c, x, y, z)] == 0) continue;
        vly_extent origin = {x * SIDE, y * SIDE, z * SIDE};
        int32_t own[EACH];
        int64_t i;
        __syncthreads();
        for (int32_t cell = (int32_t)threadIdx.x; cell < HALO * HALO * HALO; cell += VLY_BLOCK)
            near[cell] = voxel_of(&b, origin, cell, &i) ? b.width2[i] : 0;
        for (int k = 0; k < EACH; k++)
            own[k] = voxel_of(&b, origin, inner_cell((int32_t)threadIdx.x + k * VLY_BLOCK), &i) ? b.distance2[i] : 0;
        __syncthreads();
        if (threadIdx.x == 0) b.awake[vly_at(c, x, y, z)] = 0;
        if (!settle(near, own)) continue;
        for (int k = 0; k < EACH; k++) {
            int32_t cell = inner_cell((int32_t)threadIdx.x + k * VLY_BLOCK);
            if (voxel_of(&b, origin, cell, &i)) b.width2[i] = near[cell];
        }
        wake_round(&b, x, y, z);
        if (threadIdx.x == 0) atomicAdd((unsigned long long *)b.changed, 1ull);
    }
}

static vly_extent brick_count(vly_extent e)
{
    return (vly_extent){(e.nx + SIDE - 1) / SIDE, (e.ny + SIDE - 1) / SIDE, (e.nz + SIDE - 1) / SIDE};
}

extern "C" int64_t vly_bottleneck_scratch_bytes_cuda(const vly_queue *queue, vly_extent extent, int32_t levels)
{
    (void)queue, (void)levels;
    return vly_extent_voxels(brick_count(extent)) * (int64_t)sizeof(uint32_t);
}

extern "C" vly_status vly_bottleneck_cuda(vly_queue *queue, const int32_t *distance2, vly_extent extent, uint32_t faces,
                                          int32_t levels, int32_t round, int32_t *width2, uint64_t *changed,
                                          void *scratch)
{
    (void)levels;
    bricks b = {distance2, width2, extent, brick_count(extent), (uint32_t *)scratch, changed};
    if (round == 0) {
        cudaLaunchConfig_t all = vly_launch_shape(queue, (vly_extent_voxels(extent) + VLY_BLOCK - 1) / VLY_BLOCK);
        VLY_TRY(vly_cuda_status(cudaLaunchKernelEx(&all, start_kernel, b, faces), "bottleneck"));
    }
    cudaLaunchConfig_t shape = vly_launch_shape(queue, (vly_extent_voxels(b.count) + COLOURS - 1) / COLOURS);
    for (int32_t colour = 0; colour < COLOURS; colour++)
        VLY_TRY(vly_cuda_status(cudaLaunchKernelEx(&shape, settle_kernel, b, colour), "bottleneck"));
    return VLY_OK;
}
