/* Geodesic tortuosity (Prifling et al. 2022, sec. 3.4; spec 6): shortest paths through a phase from one face of the window
 * to the opposite one, over the thickness. Paths run along the edges of the 26 neighbours, so lengths carry a lattice bias
 * (1.088 on average over directions): compare like with like. */
#ifndef VOXELYTE_GEODESIC_H
#define VOXELYTE_GEODESIC_H

#include "voxelyte/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vly_geodesic_options {
    uint32_t phases;     /* bit 1 << vly_phase for each phase that paths may use */
    int32_t axis;        /* along the thickness: 0 x, 1 y, 2 z */
    bool separator_high; /* paths begin at the separator: at the low end of the axis unless this is set */
} vly_geodesic_options;

#define VLY_GEODESIC_OPTIONS_INIT ((vly_geodesic_options){.phases = 1u << VLY_PORE, .axis = 2})

#define VLY_GEODESIC_BIN 0.005 /* of the histogram */

/* Tortuosity of a start voxel: length of the shortest path to the opposite face over (pages - 1) voxels. */
typedef struct vly_geodesic_result {
    const char *reason;      /* NULL, or why there are no numbers: then they are NaN, counts and fraction 0 */
    int64_t start_voxels;    /* of the phase in the separator's face */
    int64_t reached_voxels;  /* of those, connected to the opposite face */
    double reached_fraction; /* reached_voxels / start_voxels */
    double mean, std;        /* over the reached ones; std with their number as divisor */
    double q05, q50, q95;    /* value floor(q n) of n, ascending from 0 */
    double minimum, maximum; /* */
    int64_t *histogram;      /* (bins): tortuosity from 1 + VLY_GEODESIC_BIN bin on; NULL if there is a reason */
    int32_t bins;            /* the last one holds the maximum */
    float *map;              /* (rows, columns): NaN where no path starts; always there */
    int32_t rows, columns;   /* z: ny, nx   y: nz, nx   x: nz, ny */
} vly_geodesic_result;

/* labels: u8 phases. VLY_EDATA (E_ROI) if a voxel is outside, VLY_EDATA or VLY_EUSAGE (E_ANISO) if voxels are known not to be
 * cubes, VLY_EMEMORY with what is needed: the window is held whole. */
VLY_API vly_status vly_geodesic(vly_geodesic_result *out, vly_device *device, vly_source *labels,
                                const vly_geodesic_options *options);
VLY_API void vly_geodesic_free(vly_geodesic_result *result);

/* Bytes of host and of device memory that the call above would hold at most; nothing is read. Fails as it would. */
VLY_API vly_status vly_geodesic_measure(int64_t *host_bytes, int64_t *device_bytes, vly_device *device,
                                        vly_source *labels, const vly_geodesic_options *options);

#ifdef __cplusplus
}
#endif
#endif
