/* Surfaces, interfaces and Euler numbers of the phases of a label volume, all from one exact count of its configurations of
 * 2 x 2 x 2 voxels (discretised Crofton formula: Schladitz, Ohser, Nagel 2007; interfaces: Lautenschlaeger 2022). Labels
 * are a source of phases (vly_source_labels); any memory limit gives the same numbers. */
#ifndef VOXELYTE_SURFACE_H
#define VOXELYTE_SURFACE_H

#include "voxelyte/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Pairs of phases, and the order of every per-pair array: exclusive or of the labels, less one. */
typedef enum vly_pair { VLY_PORE_AM, VLY_PORE_CBD, VLY_AM_CBD, VLY_PAIRS } vly_pair;

enum { VLY_DIRECTIONS = 13 }; /* lines through a voxel and its 26 neighbours */

typedef struct vly_surface_options {
    vly_box window; /* all zero: the whole volume */
    bool object;    /* all around is background, and the volume is that of the voxels inside: for bodies on their own */
    double nu;      /* share of nanopores in a CBD voxel, for s_int */
} vly_surface_options;

#define VLY_SURFACE_OPTIONS_INIT ((vly_surface_options){.nu = 0.5})

typedef struct vly_surface_result {
    int64_t voxels; /* in the window and not outside */
    int64_t counts[VLY_PHASES];
    int64_t faces[VLY_PAIRS][3]; /* voxel faces between two phases in the whole window, normal to x, y, z */
    int64_t cells; /* of 2 x 2 x 2 voxels that went into the surfaces: all inside, or any in object mode */
    uint64_t configurations[VLY_PHASES][256]; /* those cells; bit x + 2y + 4z is set where a voxel is of the phase */
    double surface[VLY_PHASES];               /* 1/m; a face that looks along an axis counts 7.3 % less, by design */
    double interface[VLY_PAIRS];              /* 1/m; the part of it between two phases, from pairs of voxels */
    double s_int;                             /* 1/m; am to pore, and nu of am to cbd */
    double closure_error; /* largest |surface - its interfaces| over the largest surface: rounding, or a mistake */
    double face_area[VLY_PHASES], face_interface[VLY_PAIRS]; /* 1/m; by voxel faces: 3/2 too much on smooth surfaces */
    int64_t euler_26[VLY_PHASES], euler_6[VLY_PHASES];       /* of the phase in the window as a closed body */
    double euler_density_26[VLY_PHASES],
        euler_density_6[VLY_PHASES]; /* 1/m3; without the window's edge; NaN in object mode */
} vly_surface_result;

/* VLY_EDATA: without a voxel size; (E_DIM) a side under 2 voxels, except in object mode; (E_ROI) no cell inside. */
VLY_API vly_status vly_surface(vly_surface_result *out, vly_device *device, vly_source *labels,
                               const vly_surface_options *options);

/* Bytes of host and of device memory that the call above would hold at most, in slabs as the memory limit has it; nothing is
 * read. Fails as it would. */
VLY_API vly_status vly_surface_measure(int64_t *host_bytes, int64_t *device_bytes, vly_device *device,
                                       vly_source *labels, const vly_surface_options *options);

#ifdef __cplusplus
}
#endif
#endif
