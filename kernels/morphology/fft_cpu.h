/* Four transforms at once on a CPU, one in each lane. A cell is one cache line: the same place of four signals. */
#ifndef VLY_FFT_CPU_H
#define VLY_FFT_CPU_H

#include "morphology/fft_voxel.h"

enum { VLY_FFT_LANES = 4 };

typedef double vly_fft_lanes __attribute__((vector_size(VLY_FFT_LANES * sizeof(double))));

typedef struct vly_fft_cell {
    vly_fft_lanes re, im;
} vly_fft_cell;

/* in, a, b, to: (n), all different. reach < 0: all of `to` is made; else what lies within `reach` of 0, around the corner
 * included. roots: (n, 2) */
void vly_fft_run(const vly_fft *fft, const double *roots, int32_t reach, const vly_fft_cell *in, vly_fft_cell *a,
                 vly_fft_cell *b, vly_fft_cell *to);

/* Rows become columns. */
static inline void vly_fft_transpose(vly_fft_lanes r[VLY_FFT_LANES])
{
    vly_fft_lanes a = __builtin_shufflevector(r[0], r[1], 0, 4, 2, 6),
                  b = __builtin_shufflevector(r[0], r[1], 1, 5, 3, 7);
    vly_fft_lanes c = __builtin_shufflevector(r[2], r[3], 0, 4, 2, 6),
                  d = __builtin_shufflevector(r[2], r[3], 1, 5, 3, 7);
    r[0] = __builtin_shufflevector(a, c, 0, 1, 4, 5);
    r[1] = __builtin_shufflevector(b, d, 0, 1, 4, 5);
    r[2] = __builtin_shufflevector(a, c, 2, 3, 6, 7);
    r[3] = __builtin_shufflevector(b, d, 2, 3, 6, 7);
}

#endif
