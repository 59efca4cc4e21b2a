/* Thirty-two columns at a time. */
#include "morphology/distance_lanes.h"

#ifdef __AVX512BW__

#include <immintrin.h>

enum { LANES = 32 };
typedef __m512i V;

static inline V v_load(const uint16_t *p)
{
    return _mm512_loadu_si512(p);
}

static inline void v_store(uint16_t *p, V a)
{
    _mm512_storeu_si512(p, a);
}

static inline V v_set(uint16_t a)
{
    return _mm512_set1_epi16((short)a);
}

static inline V v_min(V a, V b)
{
    return _mm512_min_epu16(a, b);
}

static inline V v_add(V a, V b)
{
    return _mm512_adds_epu16(a, b);
}

static inline bool v_above(V a, uint16_t limit)
{
    return _mm512_cmpgt_epu16_mask(a, v_set(limit)) != 0;
}

#define VLY_DISTANCE_LANES vly_distance_lanes_avx512
#include "morphology/distance_lanes_body.h"

#endif
