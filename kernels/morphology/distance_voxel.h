/* Squared distances in integers: what a step along each axis costs, and which faces of the window are walls. */
#ifndef VLY_DISTANCE_VOXEL_H
#define VLY_DISTANCE_VOXEL_H

#include "core/voxel.h"

/* Squared distance = x dx^2 + y dy^2 + z dz^2 for voxels dx, dy, dz apart; 1, 1, 1 for cubes. The host sees to it that no
 * squared distance in the window reaches VLY_FAR. */
typedef struct vly_metric {
    int32_t x, y, z;
} vly_metric;

/* The squared distance where there is nothing to measure to. */
enum { VLY_FAR = INT32_MAX };

/* Faces of the window as a set: bit 2 axis for the low one, bit 2 axis + 1 for the high one; axis 0 x, 1 y, 2 z. */
enum { VLY_FACES_ALL = 63 };

VLY_INLINE bool vly_face_in(uint32_t faces, int32_t axis, int32_t high)
{
    return (faces >> (2 * axis + high) & 1) != 0;
}

/* Whether a label belongs to a set of phases: bit p for phase p, bit VLY_PHASES for what is outside the region. */
VLY_INLINE bool vly_phase_in(uint32_t phases, uint8_t label)
{
    return (phases >> (label == VLY_OUTSIDE ? VLY_PHASES : label) & 1) != 0;
}

/* Whether voxel (x, y, z) lies on one of `faces`. */
VLY_INLINE bool vly_on_face(uint32_t faces, vly_extent e, int32_t x, int32_t y, int32_t z)
{
    return (vly_face_in(faces, 0, 0) && x == 0) || (vly_face_in(faces, 0, 1) && x == e.nx - 1) ||
           (vly_face_in(faces, 1, 0) && y == 0) || (vly_face_in(faces, 1, 1) && y == e.ny - 1) ||
           (vly_face_in(faces, 2, 0) && z == 0) || (vly_face_in(faces, 2, 1) && z == e.nz - 1);
}

/* Squared distance from voxel i of n to the first voxel beyond the nearer end, in steps of squared cost `weight`. */
VLY_INLINE int64_t vly_face_distance2(int32_t i, int32_t n, int32_t weight)
{
    int64_t d = i + 1 < n - i ? i + 1 : n - i;
    return weight * d * d;
}

#endif
