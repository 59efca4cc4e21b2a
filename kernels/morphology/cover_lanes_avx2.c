/* Eight voxels at a time, with the instructions of x86-64-v3. What is left of a run is done by going back: painting a voxel
 * twice changes nothing. */
#include "morphology/cover_lanes.h"

#ifdef __AVX2__

#include <immintrin.h>

static inline void raise_eight(int32_t *to, __m256i value)
{
    __m256i *at = (__m256i *)to;
    _mm256_storeu_si256(at, _mm256_max_epi32(_mm256_loadu_si256(at), value));
}

static inline void raise_four(int32_t *to, __m128i value)
{
    __m128i *at = (__m128i *)to;
    _mm_storeu_si128(at, _mm_max_epi32(_mm_loadu_si128(at), value));
}

static inline void raise_run(int32_t *to, int32_t count, int32_t value)
{
    if (count >= 8) {
        __m256i wide = _mm256_set1_epi32(value);
        for (int32_t i = 0; i + 8 < count; i += 8) raise_eight(to + i, wide);
        raise_eight(to + count - 8, wide);
    } else if (count >= 4) {
        raise_four(to, _mm_set1_epi32(value));
        raise_four(to + count - 4, _mm_set1_epi32(value));
    } else {
        for (int32_t i = 0; i < count; i++) to[i] = to[i] < value ? value : to[i];
    }
}

#define VLY_COVER_LANES vly_cover_lanes_avx2
#include "morphology/cover_lanes_body.h"

#endif
