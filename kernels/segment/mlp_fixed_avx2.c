#include "segment/mlp_fixed.h"

#if defined(__AVX2__) && defined(__FMA__)

#include <immintrin.h>

enum { LANES = 8, VECTORS = 2, OUTS = 6 };
typedef __m256 F;
/* with lanes of its own: gcc 12 keeps arrays of __m256i in memory */
typedef int32_t I __attribute__((vector_size(32)));

static inline F f_load(const float *p)
{
    return _mm256_loadu_ps(p);
}

static inline void f_store(float *p, F a)
{
    _mm256_storeu_ps(p, a);
}

static inline F f_set(float a)
{
    return _mm256_set1_ps(a);
}

static inline F f_abs(F a)
{
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a);
}

static inline F f_max(F a, F b)
{
    return _mm256_max_ps(a, b);
}

static inline F f_min(F a, F b)
{
    return _mm256_min_ps(a, b);
}

static inline F f_add(F a, F b)
{
    return _mm256_add_ps(a, b);
}

static inline F f_mul(F a, F b)
{
    return _mm256_mul_ps(a, b);
}

static inline F f_div(F a, F b)
{
    return _mm256_div_ps(a, b);
}

static inline F f_fma(F a, F b, F c)
{
    return _mm256_fmadd_ps(a, b, c);
}

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
