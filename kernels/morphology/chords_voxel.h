/* A run of one label along a line, and what it adds to the tally when it ends. */
#ifndef VLY_CHORDS_VOXEL_H
#define VLY_CHORDS_VOXEL_H

#include "core/voxel.h"

/* What is counted per axis and phase: runs between two other phases, their voxels, and all other runs. */
enum { VLY_CHORD_WHOLE, VLY_CHORD_VOXELS, VLY_CHORD_TRUNCATED, VLY_CHORD_COUNTS };

typedef struct vly_chord {
    int32_t length;
    uint8_t phase; /* VLY_OUTSIDE: no run */
    uint8_t whole; /* it began behind another phase */
} vly_chord;

#define VLY_CHORD_NONE ((vly_chord){0, VLY_OUTSIDE, 0})

/* The next label along the line; VLY_OUTSIDE ends it. tally: (VLY_PHASES, VLY_CHORD_COUNTS) */
VLY_INLINE void vly_chord_step(vly_chord *c, uint8_t label, uint64_t tally[][VLY_CHORD_COUNTS])
{
    if (label == c->phase) {
        c->length++;
        return;
    }
    if (c->phase < VLY_PHASES) {
        bool whole = c->whole && label != VLY_OUTSIDE;
        tally[c->phase][VLY_CHORD_WHOLE] += whole;
        tally[c->phase][VLY_CHORD_VOXELS] += whole ? (uint64_t)c->length : 0;
        tally[c->phase][VLY_CHORD_TRUNCATED] += !whole;
    }
    c->whole = c->phase != VLY_OUTSIDE;
    c->phase = label;
    c->length = 1;
}

#endif
