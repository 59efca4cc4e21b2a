/* The supersampled lattice of a synthetic cathode, plane by plane: fields are kept where memory allows, else evaluated
 * again in every pass. Both give the same values. */
#ifndef VLY_SYNTH_SAMPLES_H
#define VLY_SYNTH_SAMPLES_H

#include "image/synth_structure.h"

typedef struct vly_samples {
    const vly_structure *structure;
    vly_synth_lattice lattice;
    int64_t plane_points;
    int32_t block_planes;
    int32_t held_from, held_to; /* planes that are in memory */
    float *am, *neck, *island;  /* (held_to - held_from, ny, nx); owned */
    uint8_t *layer;
} vly_samples;

/* One plane of the lattice. */
typedef struct vly_sample_plane {
    int32_t index;
    double depth; /* um */
    int64_t points;
    const float *am, *neck, *island;
    const uint8_t *layer;
} vly_sample_plane;

typedef vly_status (*vly_sample_work)(void *self, const vly_sample_plane *plane, int32_t worker);

/* The lattice of the truth: k^3 points a voxel, centred in their share of it. Whole pages of voxels are held. */
vly_status vly_samples_open(vly_samples *out, const vly_structure *structure);

/* Any lattice, for a single pass: nothing is kept. Of a turned lattice the depth of a plane means nothing. */
vly_status vly_samples_open_lattice(vly_samples *out, const vly_structure *structure, const vly_synth_lattice *lattice);
void vly_samples_close(vly_samples *samples);

/* Sees to planes [from, to) being in memory; to - from is at most block_planes. */
vly_status vly_samples_hold(vly_samples *samples, int32_t from, int32_t to);

/* A plane that is held. */
vly_sample_plane vly_samples_plane(const vly_samples *samples, int32_t index);

/* work(self, plane) for every plane, on all threads, in no particular order. */
vly_status vly_samples_each(vly_samples *samples, const char *title, vly_sample_work work, void *self);

#endif
