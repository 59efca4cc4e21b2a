/* Mixed-radix Fourier transform: exp(-2 pi i jk / n), unscaled, any n. Stockham's passes sort themselves: pass after pass the
 * same index arithmetic, no digit reversal. Legal C11 and CUDA C.
 * P. N. Swarztrauber, FFT algorithms for vector computers, Parallel Computing 1 (1984) 45. */
#ifndef VLY_FFT_VOXEL_H
#define VLY_FFT_VOXEL_H

#include "core/voxel.h"

enum { VLY_FFT_PASSES = 32 };

typedef struct vly_fft {
    int32_t n, passes;
    int32_t radix[VLY_FFT_PASSES]; /* their product is n; one pass of radix 1 for n = 1 */
} vly_fft;

/* A pass makes radix * groups * stride = n values: butterfly (q, k), q < groups, k < stride, takes its input j from
 * k + stride (q + groups j), and puts output t, times root stride q t, to k + stride (radix q + t).
 * Root i is (cos, -sin) of 2 pi i / n. */
typedef struct vly_fft_pass {
    int32_t radix, groups, stride;
} vly_fft_pass;

VLY_INLINE vly_fft_pass vly_fft_pass_at(const vly_fft *fft, int32_t index)
{
    vly_fft_pass p = {fft->radix[index], fft->n, 1};
    for (int32_t i = 0; i < index; i++) p.stride *= fft->radix[i];
    p.groups = fft->n / (p.radix * p.stride);
    return p;
}

/* Factors of n: fours before twos, then odd primes. */
static inline vly_fft vly_fft_of(int32_t n)
{
    vly_fft fft = {.n = n};
    int32_t left = n;
    for (; left % 4 == 0; left /= 4) fft.radix[fft.passes++] = 4;
    for (int32_t p = 2; p <= left / p; p++)
        for (; left % p == 0; left /= p) fft.radix[fft.passes++] = p;
    if (left > 1 || n == 1) fft.radix[fft.passes++] = left;
    return fft;
}

#endif
