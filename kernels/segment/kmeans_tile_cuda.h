/* How the k-means kernels see a neighbourhood: a block of 32 x 8 columns marches through VLY_MARCH pages with three planes
 * and their rim in shared memory; a thread keeps the 27 sorted values of its voxel in registers. */
#ifndef VLY_KMEANS_TILE_CUDA_H
#define VLY_KMEANS_TILE_CUDA_H

#include "core/runs_cuda.h"

enum { VLY_TILE_X = 32, VLY_TILE_Y = 8, VLY_MARCH = 16, VLY_TILE_THREADS = VLY_TILE_X * VLY_TILE_Y };

typedef uint16_t vly_plane[VLY_TILE_Y + 2][VLY_TILE_X + 2];

/* The block's corner and end in region.inner. */
typedef struct vly_march {
    vly_extent inner;
    int32_t x, y, z0, z1; /* of this thread; pages of the block */
    bool inside;          /* x and y lie in region.inner */
} vly_march;

static __device__ __forceinline__ vly_march vly_march_of(const vly_region *region)
{
    vly_march m;
    m.inner = vly_box_extent(region->inner);
    m.x = (int32_t)(blockIdx.x * VLY_TILE_X + threadIdx.x);
    m.y = (int32_t)(blockIdx.y * VLY_TILE_Y + threadIdx.y);
    m.z0 = (int32_t)blockIdx.z * VLY_MARCH;
    m.z1 = m.z0 + VLY_MARCH < m.inner.nz ? m.z0 + VLY_MARCH : m.inner.nz;
    m.inside = m.x < m.inner.nx && m.y < m.inner.ny;
    return m;
}

/* Reflected into the data, and clamped where a column beyond the window needs nothing sensible. */
static __device__ __forceinline__ int32_t vly_tile_coordinate(int32_t i, int32_t n)
{
    i = vly_reflect(i, n);
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

/* Page z of region.inner (-1 and nz are its neighbours) of the tile and its rim. All threads take part. */
static __device__ __forceinline__ void vly_tile_load(vly_plane plane, const uint16_t *grey, const vly_region *region,
                                                     int32_t z)
{
    vly_extent d = region->data;
    int32_t x0 = region->inner.x0 + (int32_t)blockIdx.x * VLY_TILE_X - 1;
    int32_t y0 = region->inner.y0 + (int32_t)blockIdx.y * VLY_TILE_Y - 1;
    int32_t page = vly_tile_coordinate(region->inner.z0 + z, d.nz);
    int32_t t = (int32_t)(threadIdx.y * VLY_TILE_X + threadIdx.x);
    for (int32_t i = t; i < (VLY_TILE_X + 2) * (VLY_TILE_Y + 2); i += VLY_TILE_THREADS) {
        int32_t x = i % (VLY_TILE_X + 2), y = i / (VLY_TILE_X + 2);
        plane[y][x] = grey[vly_at(d, vly_tile_coordinate(x0 + x, d.nx), vly_tile_coordinate(y0 + y, d.ny), page)];
    }
}

/* Sorted features of the thread's voxel in page z; planes hold pages z - 1, z, z + 1 at (z - z0) % 3 and so on. */
static __device__ __forceinline__ void vly_tile_features(uint16_t f[VLY_SHELL_FEATURES], const vly_plane *planes,
                                                         int32_t step)
{
    const vly_plane *below = &planes[step % 3], *here = &planes[(step + 1) % 3], *above = &planes[(step + 2) % 3];
    int32_t x = (int32_t)threadIdx.x + 1, y = (int32_t)threadIdx.y + 1;
#define VLY_PUT(slot, dx, dy, dz) f[slot] = (*((dz) < 0 ? below : (dz) > 0 ? above : here))[y + (dy)][x + (dx)]
    VLY_SHELLS(VLY_PUT);
#undef VLY_PUT
    vly_features_sort(f);
}

/* Fills the two planes a march begins with. */
static __device__ __forceinline__ void vly_tile_begin(vly_plane *planes, const uint16_t *grey, const vly_region *region,
                                                      int32_t z0)
{
    vly_tile_load(planes[0], grey, region, z0 - 1);
    vly_tile_load(planes[1], grey, region, z0);
}

/* Brings the third plane of a step; after it, features may be taken. The barrier before keeps slower threads' plane. */
static __device__ __forceinline__ void vly_tile_step(vly_plane *planes, const uint16_t *grey, const vly_region *region,
                                                     int32_t z, int32_t step)
{
    __syncthreads();
    vly_tile_load(planes[(step + 2) % 3], grey, region, z + 1);
    __syncthreads();
}

static inline cudaLaunchConfig_t vly_tile_shape(const vly_queue *queue, const vly_region *region)
{
    vly_extent e = vly_box_extent(region->inner);
    cudaLaunchConfig_t shape = {};
    shape.gridDim =
        dim3((unsigned)((e.nx + VLY_TILE_X - 1) / VLY_TILE_X), (unsigned)((e.ny + VLY_TILE_Y - 1) / VLY_TILE_Y),
             (unsigned)((e.nz + VLY_MARCH - 1) / VLY_MARCH));
    shape.blockDim = dim3(VLY_TILE_X, VLY_TILE_Y);
    shape.stream = queue->stream;
    return shape;
}

static __device__ __forceinline__ void vly_kmeans_distances(float d[VLY_PHASES], const vly_kmeans_model *model,
                                                            const uint16_t *f)
{
    for (int l = 0; l < VLY_PHASES; l++) d[l] = vly_kmeans_distance(model, l, f);
}

#endif
