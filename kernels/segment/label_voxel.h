/* Two cuts through the grey axis that split it into pore, CBD and active material, ties included. */
#ifndef VLY_LABEL_VOXEL_H
#define VLY_LABEL_VOXEL_H

#include "core/voxel.h"

/* A voxel lies below a cut if its grey value does, or if it equals the cut's and its tie key lies below the cut's. */
typedef struct vly_cut {
    uint16_t grey;
    bool whole; /* the grey value lies below as a whole */
    uint64_t key;
} vly_cut;

typedef struct vly_label_cuts {
    vly_cut cut[2]; /* pore below [0], CBD below [1], active material above; cut[0] <= cut[1] */
} vly_label_cuts;

/* Keys of one grey value that are worth listing, because the cut lies among them. */
typedef struct vly_tie_band {
    uint16_t grey;
    uint64_t low, high;
} vly_tie_band;

VLY_INLINE int vly_below(vly_cut cut, uint16_t grey, uint64_t key)
{
    return grey < cut.grey || (grey == cut.grey && (cut.whole || key < cut.key));
}

VLY_INLINE uint8_t vly_label_of(const vly_label_cuts *cuts, uint16_t grey, uint64_t key)
{
    if (vly_below(cuts->cut[0], grey, key)) return VLY_PORE;
    return vly_below(cuts->cut[1], grey, key) ? VLY_CBD : VLY_AM;
}

#endif
