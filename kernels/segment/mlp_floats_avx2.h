/* Eight floats at a time, for what the network adds up; and how many voxels and units are on the way at once. */
#ifndef VLY_MLP_FLOATS_AVX2_H
#define VLY_MLP_FLOATS_AVX2_H

#include <immintrin.h>

enum { LANES = 8, VECTORS = 2, OUTS = 6 };
typedef __m256 F;

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

#endif
