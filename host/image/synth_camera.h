/* The forward model of the tomogram (spec/morphology.md 10.4): planes of phases in, pages of grey out, streaming.
 * f = mu * PSF - fringe laplacian(delta * PSF) + noise + rings; u16 = 8192 + 32768 f. */
#ifndef VLY_SYNTH_CAMERA_H
#define VLY_SYNTH_CAMERA_H

#include "core/device_impl.h"
#include "voxelyte/synth.h"

/* Takes the pages as they become ready, in order. */
typedef struct vly_camera_film {
    vly_status (*page)(void *self, int32_t z, const uint16_t *grey);
    void *self;
} vly_camera_film;

typedef struct vly_camera vly_camera;

/* VLY_EUSAGE for what is out of range. */
vly_status vly_camera_check(const vly_synth_optics *optics);

/* extent: of the tomogram. A plane of phases has factor points a voxel along x and y, and there are factor planes a page;
 * each of them stands for supersample / factor points along each axis (factor divides supersample). */
vly_status vly_camera_open(vly_camera **out, vly_device *device, vly_extent extent, int32_t factor, int32_t supersample,
                           const vly_synth_optics *optics, uint64_t seed, const vly_camera_film *film);

/* The factor planes of page z, which come in order: phase (factor, factor ny, factor nx). */
vly_status vly_camera_expose(vly_camera *camera, const uint8_t *phase);

int64_t vly_camera_clamped(const vly_camera *camera);
void vly_camera_close(vly_camera *camera);

#endif
