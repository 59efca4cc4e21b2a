#include "segment/mlp_lanes.h"

#if defined(__AVX2__) && defined(__FMA__)

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

static inline F f_fma(F a, F b, F c)
{
    return _mm256_fmadd_ps(a, b, c);
}

#define VLY_LANES_NAME vly_mlp_lanes_avx2
#include "segment/mlp_lanes_body.h"

#endif
