/* Indexing, reflection and hashing: basics shared by the C and the CUDA twin of every kernel. Legal C11 and CUDA C. */
#ifndef VLY_VOXEL_H
#define VLY_VOXEL_H

#include "voxelyte/base.h"

#include <math.h>

#ifdef __CUDACC__
#define VLY_INLINE static __host__ __device__ __forceinline__
#else
#define VLY_INLINE static inline
#endif

/* Where a slab lies. The grey array has the extent `data`, halo included; label and mask arrays have exactly the extent
 * of `inner`, the box of `data` that is to be computed. `inner` spans the whole window in x and y, so the index of a
 * voxel in the window is `first` plus its index in the label array. */
typedef struct vly_region {
    vly_extent data;
    vly_box inner;
    int64_t first;
} vly_region;

VLY_INLINE int64_t vly_at(vly_extent e, int32_t x, int32_t y, int32_t z)
{
    return ((int64_t)z * e.ny + y) * e.nx + x;
}

/* reflect101: -1 -> 1, n -> n - 2. For stencils of radius r, n must be at least r + 1. */
VLY_INLINE int32_t vly_reflect(int32_t i, int32_t n)
{
    return i < 0 ? -i : i >= n ? 2 * n - 2 - i : i;
}

/* splitmix64 finaliser of index + seed * golden ratio: bijective for a fixed seed, so no two voxels collide (spec 1.2). */
VLY_INLINE uint64_t vly_hash(uint64_t index, uint64_t seed)
{
    uint64_t z = index + seed * UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

#endif
