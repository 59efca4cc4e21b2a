/* The structure behind a synthetic cathode: its fields at any lattice of points. Lengths in micrometres. */
#ifndef VLY_SYNTH_STRUCTURE_H
#define VLY_SYNTH_STRUCTURE_H

#include "image/synth_packing.h"
#include "voxelyte/synth.h"

typedef struct vly_structure {
    vly_device *device;
    const vly_synth_options *options; /* borrowed */
    vly_synth_kind kind;
    double size[3];            /* um */
    int32_t layers;            /* 1 or 2 */
    double interface;          /* depth of the second layer; the thickness where there is one */
    vly_synth_sphere *spheres; /* (count) those in the box, then their images around it; owned */
    int64_t count;
    vly_packing packing; /* its spheres are gone; the numbers stay */
} vly_structure;

/* VLY_EUSAGE for what is out of range, VLY_EDATA for a size beyond 2^40 points. */
vly_status vly_structure_check(const vly_synth_options *options);

/* Checks the options and packs. The options must outlive the structure. */
vly_status vly_structure_open(vly_structure *out, vly_device *device, const vly_synth_options *options);
void vly_structure_close(vly_structure *structure);

/* Depth of the interface's mean: 80 um, or 0.47 of what is thinner than 160 um. */
double vly_structure_interface(double thickness);

/* What a layer consists of. */
vly_fractions vly_structure_fractions(const vly_structure *structure, int32_t layer);

/* Fields at planes [plane, plane + count) of a lattice inside the box, to host arrays (count, ny, nx). */
vly_status vly_structure_fields(const vly_structure *structure, const vly_synth_lattice *lattice, int32_t plane,
                                int32_t count, float *am, float *neck, float *island, uint8_t *layer);

#endif
