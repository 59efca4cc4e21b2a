/* Connected components of the phases, and what of each reaches the separator, the collector, or both. */
#ifndef VOXELYTE_CONNECTIVITY_H
#define VOXELYTE_CONNECTIVITY_H

#include "voxelyte/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vly_connectivity_options {
    vly_box window; /* all zero: the whole volume */
    vly_through through;
    int32_t neighbours; /* 26: corners connect; 6: faces only, as transport has it */
} vly_connectivity_options;

#define VLY_CONNECTIVITY_OPTIONS_INIT ((vly_connectivity_options){.through = VLY_THROUGH_Z, .neighbours = 26})

typedef struct vly_component {
    int64_t first; /* index of its first voxel in the window: components are in this order */
    int64_t voxels;
    uint8_t phase;
    uint8_t faces; /* of the window that it touches: bit 0 x low, 1 x high, 2 y low, ... 5 z high */
} vly_component;

/* Voxels of one phase, by what their component touches. */
typedef struct vly_connected {
    int64_t voxels, components, largest;
    int64_t percolating;          /* separator and collector */
    int64_t separator;            /* the separator, percolating or not */
    int64_t collector;            /* the collector, percolating or not */
    int64_t isolated;             /* neither */
    int64_t percolating_along[3]; /* both faces across x, y, z */
    double percolating_fraction;  /* of the phase's voxels; NaN if it has none */
} vly_connected;

typedef struct vly_connectivity_result {
    vly_connected phases[VLY_PHASES];
    vly_component *components; /* (count), by first voxel */
    int64_t count;
} vly_connectivity_result;

/* VLY_EUSAGE unless neighbours is 6 or 26. Voxels outside belong to nothing. */
VLY_API vly_status vly_connectivity(vly_connectivity_result *out, vly_device *device, vly_source *labels,
                                    const vly_connectivity_options *options);

/* Bytes of host and of device memory that the call above would hold at most, in slabs as the memory limit has it and beside
 * the list of components; nothing is read. Fails as it would. */
VLY_API vly_status vly_connectivity_measure(int64_t *host_bytes, int64_t *device_bytes, vly_device *device,
                                            vly_source *labels, const vly_connectivity_options *options);
VLY_API void vly_connectivity_result_free(vly_connectivity_result *result);

#ifdef __cplusplus
}
#endif
#endif
