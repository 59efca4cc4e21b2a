/* Shortest paths in a phase by parallel Dial: edges weigh at least one bucket, so that every voxel of a bucket is final when
 * its turn comes, in whatever order its voxels are taken (spec 6). Legal C11 and CUDA C.
 * R. B. Dial, Algorithm 360, Commun. ACM 12 (1969) 632. */
#ifndef VLY_GEODESIC_VOXEL_H
#define VLY_GEODESIC_VOXEL_H

#include "core/voxel.h"

#define VLY_GEODESIC_UNSEEN UINT32_C(0xFFFFFFFF) /* in the phase, not reached so far */
#define VLY_GEODESIC_WALL UINT32_C(0)            /* no path is shorter */

/* One voxel length is 2^16; a bucket is as wide. Sources lie in bucket 1. */
enum { VLY_GEODESIC_SHIFT = 16, VLY_GEODESIC_SOURCE = 1 << VLY_GEODESIC_SHIFT };

/* Three lists are open at a time (what is taken, and the two buckets that edges lead to), and a fourth counter, which is being
 * cleared for the next bucket. Buckets are cut down by multiples of the cycle only. */
enum { VLY_GEODESIC_LISTS = 3, VLY_GEODESIC_COUNTS = 4, VLY_GEODESIC_CYCLE = 12 };

typedef struct vly_geodesic_field {
    vly_extent extent;
    uint32_t *distance; /* (nz + 2, ny + 2, nx + 2), a wall all round, and one more that may be read */
    int64_t *lists;     /* (3, capacity): voxels of bucket b in list b % 3, perhaps with some of later ones before */
    int64_t capacity;
    uint64_t *counts; /* (4): entries of bucket b in counter b % 4; above the capacity the list is not complete */
} vly_geodesic_field;

VLY_INLINE int64_t vly_geodesic_at(const vly_geodesic_field *f, int32_t x, int32_t y, int32_t z)
{
    return (((int64_t)z + 1) * (f->extent.ny + 2) + y + 1) * (f->extent.nx + 2) + x + 1;
}

/* Length of an edge that changes 1, 2 or 3 coordinates: sqrt 1, 2, 3 to within 3e-6. */
VLY_INLINE uint32_t vly_geodesic_weight(int32_t dx, int32_t dy, int32_t dz)
{
    int32_t changed = (dx != 0) + (dy != 0) + (dz != 0);
    return changed == 1 ? 65536 : changed == 2 ? 92682 : 113512;
}

/* A face of the window: voxel (u, v) of the plane at `at` of an axis. z: (y, x), y: (z, x), x: (z, y). */
VLY_INLINE int64_t vly_geodesic_face(const vly_geodesic_field *f, int32_t axis, int32_t at, int32_t row, int32_t column)
{
    return axis == 2   ? vly_geodesic_at(f, column, row, at)
           : axis == 1 ? vly_geodesic_at(f, column, at, row)
                       : vly_geodesic_at(f, at, column, row);
}

VLY_INLINE int32_t vly_geodesic_rows(vly_extent e, int32_t axis)
{
    return axis == 2 ? e.ny : e.nz;
}

VLY_INLINE int32_t vly_geodesic_columns(vly_extent e, int32_t axis)
{
    return axis == 0 ? e.ny : e.nx;
}

/* What a shift of all distances by `base` makes of one: what is final becomes a wall. */
VLY_INLINE uint32_t vly_geodesic_rebased(uint32_t distance, uint32_t base)
{
    return distance == VLY_GEODESIC_UNSEEN ? distance : distance > base ? distance - base : VLY_GEODESIC_WALL;
}

#endif
