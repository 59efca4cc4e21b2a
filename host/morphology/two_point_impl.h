/* Shared by two_point.c (how the volume is cut, counting) and two_point_curves.c (what follows from the counts). */
#ifndef VLY_TWO_POINT_IMPL_H
#define VLY_TWO_POINT_IMPL_H

#include "kernels.h"
#include "voxelyte/two_point.h"

/* Fractions, shells, curve and axes of a result whose reach, lags, centring and counts are there. VLY_EDATA (E_ROI), with
 * `path`, if no voxel is inside. */
vly_status vly_two_point_curves(vly_two_point_result *result, const char *path);

/* Bytes that the above holds at most, results included. */
int64_t vly_two_point_curves_bytes(int32_t reach);

#endif
