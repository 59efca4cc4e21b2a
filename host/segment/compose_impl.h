/* Positions on the grid of a composition. */
#ifndef VLY_COMPOSE_IMPL_H
#define VLY_COMPOSE_IMPL_H

#include "voxelyte/compose.h"

/* Point (x, y, z) of the tomogram, in coarse voxels, as a position in the fine volume, in fine voxels. */
void vly_compose_point(double q[3], const vly_compose_grid *grid, double x, double y, double z);

/* Whether coarse voxel (x, y, z) of the tomogram lies wholly inside a fine volume of that extent. */
bool vly_compose_inside(const vly_compose_grid *grid, vly_extent fine, int32_t x, int32_t y, int32_t z);

#endif
