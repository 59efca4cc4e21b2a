/* Sixteen floats at a time, for what the network adds up; and how many voxels and units are on the way at once. */
#ifndef VLY_MLP_FLOATS_AVX512_H
#define VLY_MLP_FLOATS_AVX512_H

#include <immintrin.h>

enum { LANES = 16, VECTORS = 2, OUTS = 12 };
typedef __m512 F;

static inline F f_load(const float *p)
{
    return _mm512_loadu_ps(p);
}

static inline void f_store(float *p, F a)
{
    _mm512_storeu_ps(p, a);
}

static inline F f_set(float a)
{
    return _mm512_set1_ps(a);
}

static inline F f_abs(F a)
{
    return _mm512_abs_ps(a);
}

static inline F f_max(F a, F b)
{
    return _mm512_max_ps(a, b);
}

static inline F f_min(F a, F b)
{
    return _mm512_min_ps(a, b);
}

static inline F f_add(F a, F b)
{
    return _mm512_add_ps(a, b);
}

static inline F f_mul(F a, F b)
{
    return _mm512_mul_ps(a, b);
}

static inline F f_div(F a, F b)
{
    return _mm512_div_ps(a, b);
}

static inline F f_fma(F a, F b, F c)
{
    return _mm512_fmadd_ps(a, b, c);
}

#endif
