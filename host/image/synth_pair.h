/* What other microscopes see of a synthetic cathode: an EDX map of fluorine, and a FIB-SEM volume. */
#ifndef VLY_SYNTH_PAIR_H
#define VLY_SYNTH_PAIR_H

#include "image/synth_thresholds.h"

/* A cross-section at half the width, through the whole thickness: rows go from the separator to the collector. */
typedef struct vly_edx {
    vly_extent extent; /* columns, rows, 1 */
    double pixel;      /* um */
    uint16_t *counts;  /* (rows, columns); owned */
} vly_edx;

vly_status vly_edx_make(vly_edx *out, const vly_structure *structure, const vly_thresholds *thresholds);
void vly_edx_free(vly_edx *edx);

/* A small box, turned and shifted a little against the tomogram. */
typedef struct vly_fib {
    vly_extent extent;
    int32_t coarse[3];     /* voxels of twice the tomogram's that it holds along x, y, z */
    double voxel;          /* um */
    double rotation[3][3]; /* position in the tomogram = rotation * position in the box + shift */
    double shift[3];       /* um */
} vly_fib;

/* Extent 0 where not even one coarse voxel fits. */
void vly_fib_place(vly_fib *out, const vly_structure *structure);

/* Where its pages go, in order. grey is NULL unless the options ask for it. */
typedef struct vly_fib_output {
    vly_status (*page)(void *self, int32_t z, const uint8_t *labels, const uint8_t *grey);
    void *self;
} vly_fib_output;

vly_status vly_fib_render(const vly_fib *fib, const vly_structure *structure, const vly_thresholds *thresholds,
                          const vly_fib_output *output);

#endif
