/* Where the fields become phases: thresholds that meet the volume fractions of every layer to the point. */
#ifndef VLY_SYNTH_THRESHOLDS_H
#define VLY_SYNTH_THRESHOLDS_H

#include "image/synth_samples.h"

/* A threshold that varies with depth: linear between nodes at start + i step, constant beyond, plus a shift. */
typedef struct vly_level {
    int32_t count;
    double start, step; /* um */
    double *node;       /* (count); owned */
    float shift;        /* compared with float(key - level) */
} vly_level;

typedef struct vly_thresholds {
    float am[VLY_SYNTH_LAYERS]; /* um */
    vly_level neck[VLY_SYNTH_LAYERS], island[VLY_SYNTH_LAYERS];
    vly_synth_layer layer[VLY_SYNTH_LAYERS]; /* what was asked for and met */
} vly_thresholds;

/* Exact selections over all samples; the result does not depend on how they are held. */
vly_status vly_thresholds_find(vly_thresholds *out, vly_samples *samples);
void vly_thresholds_free(vly_thresholds *thresholds);

/* The varying part of a threshold at a depth in um. */
double vly_level_at(const vly_level *level, double depth);

/* Phase of a point. neck, island: vly_level_at of the point's layer and depth. */
static inline vly_phase vly_thresholds_phase(const vly_thresholds *t, int32_t layer, float am, float neck, float island,
                                             double neck_at, double island_at)
{
    if (am <= t->am[layer]) return VLY_AM;
    if ((float)(neck - neck_at) <= t->neck[layer].shift) return VLY_CBD;
    if ((float)(island - island_at) <= t->island[layer].shift) return VLY_CBD;
    return VLY_PORE;
}

/* The phases of a plane of the lattice (all points at one depth). */
void vly_thresholds_plane(const vly_thresholds *t, const vly_sample_plane *plane, uint8_t *phase);

#endif
