/* Chord lengths of the phases along x, y and z: runs of a phase that end at another phase on both sides. Long runs are more
 * often truncated by the window, so the mean of the whole ones is too small where the window is not much longer than they. */
#ifndef VOXELYTE_CHORDS_H
#define VOXELYTE_CHORDS_H

#include "voxelyte/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vly_chords {
    int64_t whole;     /* runs between two voxels of other phases */
    int64_t voxels;    /* in those */
    int64_t truncated; /* runs that touch the window's faces or what is outside: as long as that or longer */
    double mean;       /* m, of whole runs; NaN where there is none */
} vly_chords;

typedef struct vly_chords_result {
    vly_chords along[3][VLY_PHASES]; /* x, y, z */
} vly_chords_result;

/* window: all zero for the whole volume. VLY_EDATA without a voxel size. */
VLY_API vly_status vly_chord_lengths(vly_chords_result *out, vly_device *device, vly_source *labels, vly_box window);

#ifdef __cplusplus
}
#endif
#endif
