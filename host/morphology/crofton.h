/* What an unlike pair of voxels adds to the surface, by the direction of the line through them (spec 3.1, 3.2). */
#ifndef VLY_CROFTON_H
#define VLY_CROFTON_H

#include "voxelyte/surface.h"

/* Direction k as steps along x, y, z: three axes, six diagonals of faces, four of the cube. */
extern const int32_t vly_crofton_steps[VLY_DIRECTIONS][3];

/* Lines that are alike, because a reflection or equal sides of the voxel turn one into the other, are a class, named by one of
 * them: their pairs are added up as integers first, so that such a turn of the volume does not change a bit of the sum. */
typedef struct vly_crofton {
    int32_t class_of[VLY_DIRECTIONS];
    double weight[VLY_DIRECTIONS]; /* (class) share of the sphere nearer to one such line than to any other line */
    double area[VLY_DIRECTIONS]; /* (class) m2 for an unlike pair in a cell; a pair along an axis lies in four cells */
} vly_crofton;

/* voxel: m along x, y, z. */
void vly_crofton_make(vly_crofton *out, const double voxel[3]);

/* m2 of unlike pairs (VLY_DIRECTIONS), each counted in every 2 x 2 x 2 cell that it lies in. */
double vly_crofton_area(const vly_crofton *crofton, const int64_t *pairs);

#endif
