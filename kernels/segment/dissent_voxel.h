/* How far the trinarisations of a voxel are from one answer. */
#ifndef VLY_DISSENT_VOXEL_H
#define VLY_DISSENT_VOXEL_H

#include "core/voxel.h"

/* labels: of the voxel in `count` volumes, `stride` bytes apart. How many of them are not the commonest one: 0 where all
 * agree, count - ceil(count / 3) at most, VLY_OUTSIDE where any is outside. */
VLY_INLINE uint8_t vly_dissent(const uint8_t *labels, int32_t count, int64_t stride)
{
    int32_t votes[VLY_PHASES] = {0, 0, 0};
    for (int32_t k = 0; k < count; k++) {
        const uint8_t label = labels[k * stride];
        if (label == VLY_OUTSIDE) return VLY_OUTSIDE;
        for (int32_t p = 0; p < VLY_PHASES; p++) votes[p] += label == p; /* no index that registers would not have */
    }
    int32_t most = votes[0] > votes[1] ? votes[0] : votes[1];
    if (votes[2] > most) most = votes[2];
    return (uint8_t)(count - most);
}

#endif
