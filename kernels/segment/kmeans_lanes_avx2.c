/* Sixteen voxels at a time, with the instructions of x86-64-v3. */
#include "segment/kmeans_lanes.h"

#ifdef __AVX2__

#include <immintrin.h>
#include <string.h>

enum { LANES = 16, HALVES = 2 };
typedef __m256i V;
typedef __m256 F;
typedef __m256i I;

static inline V v_load(const uint16_t *p)
{
    return _mm256_loadu_si256((const __m256i *)p);
}

static inline V v_load_bytes(const uint8_t *p)
{
    return _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)p));
}

/* Values are at most 255. */
static inline void v_store_bytes(uint8_t *p, V a)
{
    __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    _mm_storeu_si128((__m128i *)p, bytes);
}

static inline V v_set(uint16_t a)
{
    return _mm256_set1_epi16((short)a);
}

static inline V v_min(V a, V b)
{
    return _mm256_min_epu16(a, b);
}

static inline V v_max(V a, V b)
{
    return _mm256_max_epu16(a, b);
}

static inline V v_sub(V a, V b)
{
    return _mm256_sub_epi16(a, b);
}

static inline V v_xor(V a, V b)
{
    return _mm256_xor_si256(a, b);
}

static inline V v_or(V a, V b)
{
    return _mm256_or_si256(a, b);
}

static inline V v_and(V a, V b)
{
    return _mm256_and_si256(a, b);
}

static inline V v_equal(V a, V b)
{
    return _mm256_cmpeq_epi16(a, b);
}

static inline uint64_t v_differ(V a, V b)
{
    uint32_t equal = (uint32_t)_mm256_movemask_epi8(v_equal(a, b)); /* two bits a voxel */
    return (uint64_t)(LANES - __builtin_popcount(equal) / 2);
}

static inline V v_join(const I halves[HALVES])
{
    return _mm256_or_si256(halves[0], _mm256_slli_epi32(halves[1], 16));
}

/* Even lanes and odd lanes: no lane has to move. */
static inline void f_split(F halves[HALVES], V a)
{
    halves[0] = _mm256_cvtepi32_ps(_mm256_and_si256(a, _mm256_set1_epi32(0xFFFF)));
    halves[1] = _mm256_cvtepi32_ps(_mm256_srli_epi32(a, 16));
}

static inline F f_set(float a)
{
    return _mm256_set1_ps(a);
}

static inline void f_store(float *p, const F halves[HALVES])
{
    F low = _mm256_unpacklo_ps(halves[0], halves[1]), high = _mm256_unpackhi_ps(halves[0], halves[1]);
    _mm256_storeu_ps(p, _mm256_permute2f128_ps(low, high, 0x20));
    _mm256_storeu_ps(p + 8, _mm256_permute2f128_ps(low, high, 0x31));
}

static inline F f_sub(F a, F b)
{
    return _mm256_sub_ps(a, b);
}

static inline F f_mul(F a, F b)
{
    return _mm256_mul_ps(a, b);
}

static inline F f_fma(F a, F b, F c)
{
    return _mm256_fmadd_ps(a, b, c);
}

static inline F f_min(F a, F b)
{
    return _mm256_min_ps(a, b);
}

static inline I i_set(int32_t a)
{
    return _mm256_set1_epi32(a);
}

static inline I i_if_less(F a, F b, I yes, I no)
{
    return _mm256_blendv_epi8(no, yes, _mm256_castps_si256(_mm256_cmp_ps(a, b, _CMP_LT_OQ)));
}

static inline I i_add(I a, I b)
{
    return _mm256_add_epi32(a, b);
}

/* Products of signed 16-bit neighbours, added in pairs. */
static inline I i_dot(V a, V b)
{
    return _mm256_madd_epi16(a, b);
}

static inline int64_t i_total(I a)
{
    int32_t lane[8];
    int64_t total = 0;
    _mm256_storeu_si256((__m256i *)lane, a);
    for (int i = 0; i < 8; i++) total += lane[i];
    return total;
}

#define VLY_LANES_TABLE vly_kmeans_lanes_avx2
#include "segment/kmeans_lanes_body.h"

#endif
