/* Sixteen columns at a time, with the instructions of x86-64-v3. */
#include "morphology/distance_lanes.h"

#ifdef __AVX2__

#include <immintrin.h>

enum { LANES = 16 };
typedef __m256i V;

static inline V v_load(const uint16_t *p)
{
    return _mm256_loadu_si256((const __m256i *)p);
}

static inline void v_store(uint16_t *p, V a)
{
    _mm256_storeu_si256((__m256i *)p, a);
}

static inline V v_set(uint16_t a)
{
    return _mm256_set1_epi16((short)a);
}

static inline V v_min(V a, V b)
{
    return _mm256_min_epu16(a, b);
}

static inline V v_add(V a, V b)
{
    return _mm256_adds_epu16(a, b);
}

static inline bool v_above(V a, uint16_t limit)
{
    V over = _mm256_subs_epu16(a, v_set(limit));
    return !_mm256_testz_si256(over, over);
}

#define VLY_DISTANCE_LANES vly_distance_lanes_avx2
#include "morphology/distance_lanes_body.h"

#endif
