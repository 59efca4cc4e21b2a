/* Products of small matrices of bytes on tensor cores, for 15-bit numbers that are cut in two: q = 128 high + low, low >= 0.
 * Included by .cu files only. */
#ifndef VLY_MMA_CUDA_H
#define VLY_MMA_CUDA_H

#include <stdint.h>

/* By all lanes of a warp: sums of products of 16 x 32 numbers a with 32 x 8 numbers b, laid out as in mma.m16n8k32 of PTX.
 * a[0], b[0]: high bytes; a[1], b[1]: low ones. sum[0] += high high, sum[1] += high low + low high, sum[2] += low low; they
 * begin at 0. One line, so that the emulator can have its own. */
#ifndef VLY_MMA_HALVES
#define VLY_MMA_HALVES(sum, a, b) vly_mma_halves(sum, a, b)

static __device__ __forceinline__ void vly_mma(int32_t d[4], const uint32_t a[4], const uint32_t b[2])
{
#if __CUDA_ARCH__ >= 800
    asm("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
    for (int i = 0; i < 4; i++) /* rows 0 ... 7 and 8 ... 15 of a, by the first and the last 16 of the 32 */
        asm("mma.sync.aligned.m8n8k16.row.col.s32.s8.s8.s32 {%0, %1}, {%2}, {%3}, {%0, %1};"
            : "+r"(d[i % 2 * 2]), "+r"(d[i % 2 * 2 + 1])
            : "r"(a[i]), "r"(b[i / 2]));
#endif
}

static __device__ __forceinline__ void vly_mma_halves(int32_t sum[3][4], const uint32_t a[2][4], const uint32_t b[2][2])
{
    vly_mma(sum[0], a[0], b[0]);
    vly_mma(sum[1], a[0], b[1]);
    vly_mma(sum[1], a[1], b[0]);
    vly_mma(sum[2], a[1], b[1]);
}

#endif

#endif
