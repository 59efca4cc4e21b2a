/* The order in which the voxels of a page that are no active material become CBD: rho^2 first, then D^2, then the hash
 * (spec/segmentation 9.3), as one number of 128 bits. A cut through that order is found by its digits, the highest first. */
#ifndef VLY_CLOSING_VOXEL_H
#define VLY_CLOSING_VOXEL_H

#include "core/voxel.h"

enum { VLY_CLOSING_DIGIT_BITS = 11, VLY_CLOSING_DIGITS = 1 << VLY_CLOSING_DIGIT_BITS };

/* Pages to choose in, and how their voxels are told apart. */
typedef struct vly_closing_pages {
    const int32_t *rho2, *d2; /* (count, page) squared voxels, >= 0 */
    int64_t page;             /* voxels of one */
    int32_t count;
    int64_t first; /* index in the window of voxel 0 of page 0 */
    uint64_t seed;
} vly_closing_pages;

/* A voxel is CBD if its key is below (near, tie). While it is searched for, the digits found so far, zeros behind them. */
typedef struct vly_closing_cut {
    uint64_t near; /* rho^2 << 32 | D^2 */
    uint64_t tie;  /* hash */
    int64_t settled;
} vly_closing_cut;

/* The digit at hand: `width` bits from `shift` on, of `near` or of `tie`. */
typedef struct vly_closing_level {
    int32_t of_tie, shift, width;
} vly_closing_level;

VLY_INLINE uint64_t vly_closing_near(int32_t rho2, int32_t d2)
{
    return (uint64_t)(uint32_t)rho2 << 32 | (uint32_t)d2;
}

/* While the closing is at work, pores are what may become CBD, and CBD stands for pores that stay such. Balls may pass through
 * everything that is no active material, also through what is outside. */
enum { VLY_CLOSING_OPEN = VLY_PORE, VLY_CLOSING_KEPT = VLY_CBD };
enum { VLY_CLOSING_NO_AM = 1 << VLY_CLOSING_OPEN | 1 << VLY_CLOSING_KEPT | 1 << VLY_PHASES };

VLY_INLINE bool vly_closing_same_above(uint64_t a, uint64_t b, int32_t bit)
{
    return bit >= 64 || a >> bit == b >> bit;
}

/* The voxel's digit if it agrees with the cut in all higher ones, else -1. */
VLY_INLINE int32_t vly_closing_digit(const vly_closing_pages *p, int64_t i, const vly_closing_cut *cut,
                                     vly_closing_level level)
{
    uint64_t word = vly_closing_near(p->rho2[i], p->d2[i]), found = cut->near;
    if (level.of_tie) {
        if (word != cut->near) return -1;
        word = vly_hash((uint64_t)(p->first + i), p->seed);
        found = cut->tie;
    }
    if (!vly_closing_same_above(word, found, level.shift + level.width)) return -1;
    return (int32_t)(word >> level.shift & (((uint64_t)1 << level.width) - 1));
}

VLY_INLINE uint8_t vly_closing_label(const vly_closing_pages *p, int64_t i, const vly_closing_cut *cut, uint8_t label)
{
    if (label == VLY_CLOSING_KEPT) return VLY_PORE;
    if (label != VLY_CLOSING_OPEN) return label;
    uint64_t near = vly_closing_near(p->rho2[i], p->d2[i]);
    bool below = near < cut->near;
    if (near == cut->near && cut->tie > 0) below = vly_hash((uint64_t)(p->first + i), p->seed) < cut->tie;
    return below ? VLY_CBD : VLY_PORE;
}

#endif
