/* Sixteen voxels at a time, the end of a run under a mask. */
#include "morphology/cover_lanes.h"

#ifdef __AVX512BW__

#include <immintrin.h>

static inline void raise_run(int32_t *to, int32_t count, int32_t value)
{
    __m512i wide = _mm512_set1_epi32(value);
    for (; count > 0; to += 16, count -= 16) {
        __mmask16 inside = (__mmask16)(count >= 16 ? 0xFFFF : (1u << count) - 1);
        __m512i there = _mm512_maskz_loadu_epi32(inside, to);
        _mm512_mask_storeu_epi32(to, inside, _mm512_max_epi32(there, wide));
    }
}

#define VLY_COVER_LANES vly_cover_lanes_avx512
#include "morphology/cover_lanes_body.h"

#endif
