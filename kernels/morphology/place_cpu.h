/* Where voxel i of a window lies, without a division: i / d by the reciprocal 2^64 / d, rounded up, is exact for 32 bits
 * (Lemire, Kaser, Kurz 2019). */
#ifndef VLY_PLACE_CPU_H
#define VLY_PLACE_CPU_H

#include "voxelyte/base.h"

typedef struct vly_places {
    uint32_t nx, ny;
    uint64_t per_row, per_page; /* reciprocals of nx and ny; 0 for one */
} vly_places;

typedef struct vly_place {
    uint32_t row; /* z ny + y */
    int32_t x, y, z;
} vly_place;

static inline uint64_t vly_reciprocal(int32_t d)
{
    return d == 1 ? 0 : UINT64_MAX / (uint64_t)d + 1;
}

/* Of a window below 2^32 voxels. */
static inline vly_places vly_places_of(vly_extent e)
{
    return (vly_places){(uint32_t)e.nx, (uint32_t)e.ny, vly_reciprocal(e.nx), vly_reciprocal(e.ny)};
}

static inline uint32_t vly_divide(uint32_t i, uint64_t reciprocal)
{
    return reciprocal == 0 ? i : (uint32_t)(((unsigned __int128)reciprocal * i) >> 64);
}

static inline vly_place vly_place_of(const vly_places *p, uint32_t i)
{
    uint32_t row = vly_divide(i, p->per_row), z = vly_divide(row, p->per_page);
    return (vly_place){row, (int32_t)(i - row * p->nx), (int32_t)(row - z * p->ny), (int32_t)z};
}

#endif
