/* From three-phase labels at high resolution (FIB-SEM) to the volume fractions that each voxel of a coarser tomogram sees:
 * the ground truth a network is trained on (Prifling et al. 2022, sec. 3.3). */
#ifndef VOXELYTE_COMPOSE_H
#define VOXELYTE_COMPOSE_H

#include "voxelyte/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

/* position in the tomogram = rotation * position in the fine volume + shift, both from the corner of the first voxel. */
typedef struct vly_rigid {
    double rotation[3][3];
    double shift[3]; /* x, y, z [m] */
} vly_rigid;

#define VLY_RIGID_NONE ((vly_rigid){.rotation = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}})

/* A JSON file with "rotation" (3 x 3) and "shift_um" (3), at the top or in an object "fib" (synth.json). VLY_EDATA. */
VLY_API vly_status vly_rigid_read(vly_rigid *out, const char *path);

/* Coarse voxels of `ratio` fine ones a side, on the grid of the tomogram: the smallest box of them that holds all that lie
 * wholly inside the fine volume. */
typedef struct vly_compose_grid {
    int32_t ratio;
    vly_rigid transform; /* shift in fine voxels here */
    int32_t origin[3];   /* x, y, z of the box's first voxel in the tomogram's grid of coarse voxels */
    vly_extent extent;
    vly_voxel_size voxel_size; /* coarse; as good as that of the fine volume */
    bool aligned;              /* fine voxels fall into coarse ones as a whole */
} vly_compose_grid;

/* fine: what is known of the labels. transform NULL: both corners coincide. VLY_EUSAGE for a ratio below 2 or above 1024,
 * VLY_EDATA for a transform that is no rotation, cannot be placed without a voxel size, or leaves no voxel inside. */
VLY_API vly_status vly_compose_place(vly_compose_grid *out, const vly_volume_info *fine, int32_t ratio,
                                     const vly_rigid *transform);

typedef struct vly_compose_result {
    int64_t voxels;             /* coarse voxels wholly inside the fine volume, none of whose points is outside */
    int64_t counts[VLY_PHASES]; /* points per phase in these; ratio^3 a voxel */
} vly_compose_result;

/* fine: u8 phases (vly_source_labels), of which only the pages around those at hand are held. composition: f32 sink of
 * grid->extent with three channels am, cbd, pore: counts of ratio^3 points over their number, all 0 for a voxel that is not
 * inside. A turned volume is sampled at ratio^3 points a voxel, nearest label. */
VLY_API vly_status vly_compose(vly_compose_result *out, vly_device *device, vly_source *fine, vly_sink *composition,
                               const vly_compose_grid *grid);

/* Text for the description of such a file, and back. false: the description speaks of no composition. */
enum { VLY_COMPOSE_NOTE_BYTES = 160 };
VLY_API void vly_compose_note(char note[VLY_COMPOSE_NOTE_BYTES], const vly_compose_grid *grid);
VLY_API bool vly_compose_noted(int32_t origin[3], int32_t *ratio, const char *description);

#ifdef __cplusplus
}
#endif
#endif
