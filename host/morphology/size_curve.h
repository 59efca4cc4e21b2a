/* From counts per squared size to the curve and its quantiles. */
#ifndef VLY_SIZE_CURVE_H
#define VLY_SIZE_CURVE_H

#include "voxelyte/granulometry.h"

/* Counts per squared size, (levels) each. counted: of the sizes themselves; least, room: of min(size, distance to the
 * faces) and of that distance alone, NULL where every voxel counts at every size. */
typedef struct vly_size_bins {
    int32_t levels;
    const uint64_t *counted, *least, *room;
} vly_size_bins;

/* To be freed with vly_size_curve_free. */
vly_status vly_size_curve_of(vly_size_curve *out, const vly_size_bins *bins, int32_t scale);
void vly_size_curve_free(vly_size_curve *curve);

#endif
