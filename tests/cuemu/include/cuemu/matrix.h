/* Tensor cores: what core/mma_cuda.h does on a GPU, from its definition. A lane leaves what it holds where the others see it,
 * meets them, and sums up its own four elements; two places in turn, so that one meeting is enough. */
#ifndef CUEMU_MATRIX_H
#define CUEMU_MATRIX_H

#include "cuemu/meet_kinds.h"

#include <stdint.h>
#include <string.h>

namespace cuemu
{

struct matrix_lane {
    uint32_t a[2][4], b[2][2];
};

static inline int byte_of(uint32_t word, int index)
{
    return (int8_t)(word >> 8 * index);
}

/* The lane's part of a is rows lane / 4 and 8 more, of b column lane / 4; both hold numbers 4 (lane % 4) ... + 3 and 16 more. */
static inline void multiply_halves(int32_t sum[3][4], const uint32_t a[2][4], const uint32_t b[2][2], int warp,
                                   const char *file, int line)
{
    static matrix_lane place[32][2][32];
    static unsigned turn[32][32];
    int lane = cuemu_lane();
    matrix_lane *all = place[warp][turn[warp][lane]++ % 2];
    memcpy(all[lane].a, a, sizeof all[lane].a);
    memcpy(all[lane].b, b, sizeof all[lane].b);
    cuemu_warp(CUEMU_SYNC, 0xFFFFFFFFu, 0, 0, file, line);
    for (int d = 0; d < 4; d++)
        for (int k = 0; k < 32; k++) {
            const matrix_lane *row = &all[lane / 4 * 4 + k / 4 % 4],
                              *column = &all[(lane % 4 * 2 + d % 2) * 4 + k / 4 % 4];
            for (int p = 0; p < 4; p++)
                sum[p / 2 + p % 2][d] +=
                    byte_of(row->a[p / 2][d / 2 + k / 16 * 2], k % 4) * byte_of(column->b[p % 2][k / 16], k % 4);
        }
}

} // namespace cuemu

#define VLY_MMA_HALVES(sum, a, b) \
    cuemu::multiply_halves(sum, a, b, (int)(threadIdx.x / 32), __builtin_FILE(), __builtin_LINE())

#endif
