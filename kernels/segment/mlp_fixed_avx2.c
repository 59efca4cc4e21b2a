#include "segment/mlp_fixed.h"

#if defined(__AVX2__) && defined(__FMA__)

#include "segment/mlp_floats_avx2.h"

/* with lanes of its own: gcc 12 keeps arrays of __m256i in memory */
typedef int32_t I __attribute__((vector_size(32)));

static inline F f_of(I a)
{
    return _mm256_cvtepi32_ps((__m256i)a);
}

static inline I i_zero(void)
{
    return (I)_mm256_setzero_si256();
}

static inline I i_load(const uint32_t *p)
{
    return (I)_mm256_loadu_si256((const void *)p);
}

static inline void i_store(uint32_t *p, I a)
{
    _mm256_storeu_si256((void *)p, (__m256i)a);
}

static inline I i_set(uint32_t pair)
{
    return (I)_mm256_set1_epi32((int32_t)pair);
}

static inline I i_pair(F even, F odd)
{
    return (I)_mm256_blend_epi16(_mm256_castps_si256(even), _mm256_slli_epi32(_mm256_castps_si256(odd), 16), 0xAA);
}

static inline I i_dot(I sum, I a, I b)
{
    return sum + (I)_mm256_madd_epi16((__m256i)a, (__m256i)b);
}

#define VLY_FIXED_NAME vly_mlp_fixed_avx2
#include "segment/mlp_fixed_body.h"

#endif
