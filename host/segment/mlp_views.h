/* Grey volumes seen as a network knows them: in the grey values of its training scan, or in coarser voxels. */
#ifndef VLY_MLP_VIEWS_H
#define VLY_MLP_VIEWS_H

#include "voxelyte/threshold.h"

/* grey: u16; `inner` is borrowed. Grey value g becomes table[g]. */
vly_status vly_mlp_recoloured(vly_source **out, vly_source *inner, const uint16_t table[65536]);

/* Voxel i covers [i, i + 1) * ratio[axis] of inner's, and has the mean of their grey values by the share of each that lies
 * inside, rounded; at the end of an axis, of what is left there. ratio: x, y, z, each at least 1. `inner` is borrowed. */
vly_status vly_mlp_coarser(vly_source **out, vly_source *inner, const double ratio[3]);

/* The voxel of that view which holds the middle of inner's voxel `at`. */
int32_t vly_mlp_coarse_at(double ratio, int32_t at);

/* The mask of a region page by page of its window: `mask` itself or a part of it. VLY_EDATA if it fits neither window nor
 * volume. Borrowed; to be closed if it is not `mask`. */
vly_status vly_mlp_mask_of(vly_source **out, vly_source *mask, vly_extent volume, vly_box window);

#endif
