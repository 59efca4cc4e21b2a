/* Connected components of one slab of labels: what the kernels leave for whoever joins slabs. */
#ifndef VLY_COMPONENTS_VOXEL_H
#define VLY_COMPONENTS_VOXEL_H

#include "core/voxel.h"

#define VLY_NO_COMPONENT UINT32_MAX /* id of voxels outside */

/* The part of a component that lies in a slab. */
typedef struct vly_component_part {
    uint32_t first; /* index in the slab of its first voxel */
    uint32_t size;  /* voxels in region.inner */
    uint8_t phase;
    uint8_t faces; /* of region.inner that those voxels touch: bit 0 x low, 1 x high, 2 y low, ... 5 z high */
} vly_component_part;

/* Faces of region.inner that a voxel in row y, z touches, those across x aside. */
VLY_INLINE uint8_t vly_row_faces(const vly_region *region, int32_t y, int32_t z)
{
    const vly_box b = region->inner;
    return (uint8_t)((y == b.y0) << 2 | (y == b.y1 - 1) << 3 | (z == b.z0) << 4 | (z == b.z1 - 1) << 5);
}

#endif
