#include "segment/mlp_lanes.h"

#ifdef __AVX512F__

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

static inline F f_fma(F a, F b, F c)
{
    return _mm512_fmadd_ps(a, b, c);
}

#define VLY_LANES_NAME vly_mlp_lanes_avx512
#include "segment/mlp_lanes_body.h"

#endif
