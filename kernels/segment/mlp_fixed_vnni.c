#include "segment/mlp_fixed.h"

#if defined(__AVX512VNNI__)

#include "segment/mlp_floats_avx512.h"

/* with lanes of its own: gcc 12 keeps arrays of __m512i in memory */
typedef int32_t I __attribute__((vector_size(64)));

static inline F f_of(I a)
{
    return _mm512_cvtepi32_ps((__m512i)a);
}

static inline I i_zero(void)
{
    return (I)_mm512_setzero_si512();
}

static inline I i_load(const uint32_t *p)
{
    return (I)_mm512_loadu_si512((const void *)p);
}

static inline void i_store(uint32_t *p, I a)
{
    _mm512_storeu_si512((void *)p, (__m512i)a);
}

static inline I i_set(uint32_t pair)
{
    return (I)_mm512_set1_epi32((int32_t)pair);
}

static inline I i_pair(F even, F odd)
{
    return (I)_mm512_mask_blend_epi16(0xAAAAAAAA, _mm512_castps_si512(even),
                                      _mm512_slli_epi32(_mm512_castps_si512(odd), 16));
}

static inline I i_dot(I sum, I a, I b)
{
    return (I)_mm512_dpwssd_epi32((__m512i)sum, (__m512i)a, (__m512i)b);
}

#define VLY_FIXED_NAME vly_mlp_fixed_vnni
#include "segment/mlp_fixed_body.h"

#endif
