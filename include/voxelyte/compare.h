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

typedef struct vly_disagreement {
    int32_t count;                                   /* volumes */
    int64_t voxels, outside;                         /* that no volume, or any, calls outside */
    int64_t dissenting[VLY_COMPARE_MAX];             /* voxels where so many do not give the commonest label */
    int64_t distinct[VLY_PHASES + 1];                /* voxels with so many different labels */
    int64_t called[VLY_PHASES][VLY_COMPARE_MAX + 1]; /* voxels that so many give this phase */
} vly_disagreement;

/* How far they agree all together. sink (NULL: none): u8 volume of their extent; a voxel gets how many of them do not give
 * its commonest label, 255 where any calls it outside. Finishing the sink is the caller's. Fails as vly_compare does. */
VLY_API vly_status vly_disagree(vly_disagreement *out, vly_device *device, vly_source *const *labels, int32_t count,
                                vly_sink *sink);

#ifdef __cplusplus
}
#endif
#endif
