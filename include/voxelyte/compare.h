/* Agreement between trinarisations (Prifling et al. 2022, fig. 4): one pass over all volumes, joint counts, exact. */
#ifndef VOXELYTE_COMPARE_H
#define VOXELYTE_COMPARE_H

#include "voxelyte/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { VLY_COMPARE_MAX = 12 };

typedef struct vly_compare_result {
    int32_t count;  /* volumes */
    int64_t voxels; /* that no volume calls outside */
    int64_t confusion[VLY_COMPARE_MAX][VLY_COMPARE_MAX][VLY_PHASES][VLY_PHASES];
    double equal[VLY_COMPARE_MAX][VLY_COMPARE_MAX];               /* fraction of equal voxels */
    double jaccard[VLY_PHASES][VLY_COMPARE_MAX][VLY_COMPARE_MAX]; /* NaN where a phase is in neither */
} vly_compare_result;

/* labels: `count` (2 ... 12) u8 label sources of one extent. VLY_EDATA if extents differ or no voxel is shared. */
VLY_API vly_status vly_compare(vly_compare_result *out, vly_device *device, vly_source *const *labels, int32_t count);

#ifdef __cplusplus
}
#endif
#endif
