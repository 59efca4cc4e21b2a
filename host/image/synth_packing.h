/* Packed spheres of the active material (spec/morphology.md 10.1): periodic in x and y, walls in z. */
#ifndef VLY_SYNTH_PACKING_H
#define VLY_SYNTH_PACKING_H

#include "core/device_impl.h"

typedef struct vly_packing {
    vly_synth_sphere *spheres; /* (count) um, in [0, size) along x and y; owned */
    int64_t count;
    double size[3]; /* um */
    int32_t iterations;
    double overlap; /* largest that is left, relative to the smaller radius */
} vly_packing;

/* Draws radii until they fill 60 % of the box, throws centres in at random and pushes them apart. */
vly_status vly_packing_make(vly_packing *out, vly_device *device, const double size[3], uint64_t seed);
void vly_packing_free(vly_packing *packing);

#endif
