/* Painting balls in descending order: what a voxel gets first is final, so what is left to do is one bit a voxel, and a ball
 * that finds none of its bits set, as nearly all do, is done with after a few words: first of blocks of rows in all pages of
 * the slab, then of blocks in one page, then of rows. */
#ifndef VLY_COVER_PAINT_CPU_H
#define VLY_COVER_PAINT_CPU_H

#include "morphology/cover_voxel.h"

enum {
    VLY_PAINT_MARGIN = 32,    /* bits before the first voxel of a row */
    VLY_PAINT_REACH = 31,     /* widest half of a disc row that has a mask */
    VLY_PAINT_MASKS = 1 << 17 /* rows of discs that there is room for */
};

/* Discs by what is left of the squared radius when z has taken its part: rows y = -reach ... reach, each a run of bits
 * centred on bit VLY_PAINT_REACH. */
typedef struct vly_paint_discs {
    int32_t count;         /* discs: those of rest 0 ... count - 1 */
    const int32_t *reach;  /* (levels) rows on either side, of every rest, with a disc or without; */
    const int32_t *half;   /* (levels) voxels on either side of a row */
    const uint32_t *first; /* (count) first row of a disc in mask */
    const uint64_t *mask;  /* rows of all discs */
} vly_paint_discs;

typedef struct vly_painter {
    const vly_paint_discs *discs;
    vly_extent extent;
    vly_metric metric;
    int32_t z0, z1;  /* pages that may be painted */
    int64_t words;   /* vly_paint_words */
    uint64_t *left;  /* (nz, words, ny) voxels that are still to be painted */
    int32_t shift;   /* rows come in blocks of 2^shift, 64 of them at most */
    uint64_t *page;  /* (nz, words) blocks of a page in which such a word has a voxel left */
    uint64_t *slab;  /* (words) the same of any page from z0 to z1; */
    uint16_t *pages; /* (words, 64) how many pages that are */
    int32_t *out;    /* (extent) */
} vly_painter;

static inline int64_t vly_paint_words(vly_extent e)
{
    return e.nx / 64 + 2;
}

/* Least shift for rows of y. */
static inline int32_t vly_paint_shift(vly_extent e)
{
    int32_t shift = 0;
    while ((e.ny - 1) >> shift > 63) shift++;
    return shift;
}

/* Blocks of page z, and of the slab, from the words that are left. Pages come one after the other, slab and pages cleared. */
void vly_paint_page(const vly_painter *painter, int32_t z);

/* Everything that is left in the ball of squared radius `square` round (x, y, z) gets `value`. */
void vly_paint_ball(const vly_painter *painter, int32_t x, int32_t y, int32_t z, int32_t square, int32_t value);

/* Discs for squared distances below `levels`, in memory of vly_paint_discs_bytes. */
void vly_paint_discs_make(vly_paint_discs *discs, const vly_metric *metric, int32_t levels, void *memory);
int64_t vly_paint_discs_bytes(int32_t levels);

#endif
