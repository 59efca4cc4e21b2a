/* 27 grey values of a 3x3x3 neighbourhood, grouped by distance to the centre (1, 6, 12, 8 voxels) and sorted ascending
 * inside each group (Prifling et al. 2022, sec. 3.2). Sorting networks keep them in registers. */
#ifndef VLY_FEATURES_VOXEL_H
#define VLY_FEATURES_VOXEL_H

#include "core/voxel.h"

enum { VLY_SHELL_FEATURES = 27 };

#endif
