/* Thirty-two voxels at a time. */
#include "segment/kmeans_lanes.h"

#ifdef __AVX512BW__

#include <immintrin.h>
#include <string.h>

enum { LANES = 32, HALVES = 2 };
typedef __m512i V;
typedef __m512 F;
typedef __m512i I;

static inline V v_load(const uint16_t *p)
{
    return _mm512_loadu_si512(p);
}

static inline V v_load_bytes(const uint8_t *p)
{
    return _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)p));
}

/* Values are at most 255. */
static inline void v_store_bytes(uint8_t *p, V a)
{
    _mm256_storeu_si256((__m256i *)p, _mm512_cvtepi16_epi8(a));
}

static inline V v_set(uint16_t a)
{
    return _mm512_set1_epi16((short)a);
}

static inline V v_min(V a, V b)
{
    return _mm512_min_epu16(a, b);
}

static inline V v_max(V a, V b)
{
    return _mm512_max_epu16(a, b);
}

static inline V v_sub(V a, V b)
{
    return _mm512_sub_epi16(a, b);
}

static inline V v_xor(V a, V b)
{
    return _mm512_xor_si512(a, b);
}

static inline V v_or(V a, V b)
{
    return _mm512_or_si512(a, b);
}

static inline V v_and(V a, V b)
{
    return _mm512_and_si512(a, b);
}

static inline V v_equal(V a, V b)
{
    return _mm512_movm_epi16(_mm512_cmpeq_epi16_mask(a, b));
}

static inline uint64_t v_differ(V a, V b)
{
    return (uint64_t)__builtin_popcount(_mm512_cmpneq_epi16_mask(a, b));
}

static inline V v_join(const I halves[HALVES])
{
    return _mm512_or_si512(halves[0], _mm512_slli_epi32(halves[1], 16));
}

/* Even lanes and odd lanes: no lane has to move. */
static inline void f_split(F halves[HALVES], V a)
{
    halves[0] = _mm512_cvtepi32_ps(_mm512_and_si512(a, _mm512_set1_epi32(0xFFFF)));
    halves[1] = _mm512_cvtepi32_ps(_mm512_srli_epi32(a, 16));
}

static inline F f_set(float a)
{
    return _mm512_set1_ps(a);
}

static inline void f_store(float *p, const F halves[HALVES])
{
    const __m512i low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const __m512i high = _mm512_add_epi32(low, _mm512_set1_epi32(8));
    _mm512_storeu_ps(p, _mm512_permutex2var_ps(halves[0], low, halves[1]));
    _mm512_storeu_ps(p + 16, _mm512_permutex2var_ps(halves[0], high, halves[1]));
}

static inline F f_sub(F a, F b)
{
    return _mm512_sub_ps(a, b);
}

static inline F f_mul(F a, F b)
{
    return _mm512_mul_ps(a, b);
}

static inline F f_fma(F a, F b, F c)
{
    return _mm512_fmadd_ps(a, b, c);
}

static inline F f_min(F a, F b)
{
    return _mm512_min_ps(a, b);
}

static inline I i_set(int32_t a)
{
    return _mm512_set1_epi32(a);
}

static inline I i_if_less(F a, F b, I yes, I no)
{
    return _mm512_mask_blend_epi32(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), no, yes);
}

static inline I i_add(I a, I b)
{
    return _mm512_add_epi32(a, b);
}

/* Products of signed 16-bit neighbours, added in pairs. */
static inline I i_dot(V a, V b)
{
    return _mm512_madd_epi16(a, b);
}

static inline int64_t i_total(I a)
{
    int32_t lane[16];
    int64_t total = 0;
    _mm512_storeu_si512(lane, a);
    for (int i = 0; i < 16; i++) total += lane[i];
    return total;
}

#define VLY_LANES_TABLE vly_kmeans_lanes_avx512
#include "segment/kmeans_lanes_body.h"

#endif
