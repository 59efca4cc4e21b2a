/* Painting over open digital balls |v - x|^2 < D2(x), and which balls lie in a neighbour's (segmentation spec 9.4). */
#ifndef VLY_COVER_VOXEL_H
#define VLY_COVER_VOXEL_H

#include "morphology/distance_voxel.h"

/* The 26 neighbours fall into seven classes by the axes they step along: bit 0 x, 1 y, 2 z of the class plus one. */
enum { VLY_COVER_CLASSES = 7 };

VLY_INLINE int32_t vly_cover_class(int32_t dx, int32_t dy, int32_t dz)
{
    return (dx != 0 ? 1 : 0) + (dy != 0 ? 2 : 0) + (dz != 0 ? 4 : 0) - 1;
}

/* Most steps along an axis that keep steps^2 weight <= rest; rest >= 0. */
VLY_INLINE int32_t vly_cover_half(int32_t rest, int32_t weight)
{
    int32_t h = (int32_t)sqrt((double)(rest / weight)); /* exact to the unit below 2^52, then put right */
    while ((int64_t)h * h * weight > rest) h--;
    while ((int64_t)(h + 1) * (h + 1) * weight <= rest) h++;
    return h;
}

#endif
