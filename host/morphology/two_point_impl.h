/* Shared by two_point.c (how the volume is cut, counting) and two_point_curves.c (what follows from the counts). */
#ifndef VLY_TWO_POINT_IMPL_H
#define VLY_TWO_POINT_IMPL_H

#include "kernels.h"
#include "voxelyte/two_point.h"

/* What is summed over the lags of each length. */
typedef struct vly_two_point_sum {
    vly_two_point_row row;
    int64_t pairs;
} vly_two_point_sum;

typedef struct vly_two_point_sums {
    vly_two_point_sum *shells; /* (reach^2 + 1) by |h|^2 */
    vly_two_point_sum *curve;  /* (reach + 1) by |h|, rounded */
    vly_two_point_sum *axis;   /* (3, reach + 1) */
} vly_two_point_sums;

vly_status vly_two_point_sums_create(vly_two_point_sums *out, int32_t reach);
void vly_two_point_sums_free(vly_two_point_sums *sums);

/* Bytes that sums and the curves made of them hold at most. */
int64_t vly_two_point_sums_bytes(int32_t reach);

/* Adds the lags of one group, (6, lags z, lags y, lags x). Groups come in ascending order, and where they are cut makes no
 * difference. The first one has lag 0 and gives result->fraction: VLY_EDATA (E_ROI), with `path`, if no voxel is inside. */
vly_status vly_two_point_gather(vly_two_point_result *result, vly_two_point_sums *sums, const int64_t *counts,
                                vly_lag_range along, const char *path);

/* Shells, curve and axes. */
vly_status vly_two_point_finish(vly_two_point_result *result, const vly_two_point_sums *sums);

#endif
