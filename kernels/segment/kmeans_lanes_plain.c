/* One voxel at a time, for any processor. */
#include "segment/kmeans_lanes.h"

#include <string.h>

enum { LANES = 1, HALVES = 1 };
typedef uint16_t V;
typedef float F;
typedef int32_t I;

static inline V v_load(const uint16_t *p)
{
    return *p;
}

static inline V v_load_bytes(const uint8_t *p)
{
    return *p;
}

static inline void v_store_bytes(uint8_t *p, V a)
{
    *p = (uint8_t)a;
}

static inline V v_set(uint16_t a)
{
    return a;
}

static inline V v_min(V a, V b)
{
    return a < b ? a : b;
}

static inline V v_max(V a, V b)
{
    return a < b ? b : a;
}

static inline V v_sub(V a, V b)
{
    return (V)(a - b);
}

static inline V v_xor(V a, V b)
{
    return a ^ b;
}

static inline V v_or(V a, V b)
{
    return a | b;
}

static inline V v_and(V a, V b)
{
    return a & b;
}

static inline V v_equal(V a, V b)
{
    return a == b ? 0xFFFF : 0;
}

static inline uint64_t v_differ(V a, V b)
{
    return a != b;
}

static inline V v_join(const I halves[HALVES])
{
    return (V)halves[0];
}

static inline void f_split(F halves[HALVES], V a)
{
    halves[0] = (F)a;
}

static inline F f_set(float a)
{
    return a;
}

static inline void f_store(float *p, const F halves[HALVES])
{
    *p = halves[0];
}

static inline F f_sub(F a, F b)
{
    return a - b;
}

static inline F f_mul(F a, F b)
{
    return a * b;
}

static inline F f_fma(F a, F b, F c)
{
    return fmaf(a, b, c);
}

static inline F f_min(F a, F b)
{
    return a < b ? a : b;
}

static inline I i_set(int32_t a)
{
    return a;
}

static inline I i_if_less(F a, F b, I yes, I no)
{
    return a < b ? yes : no;
}

static inline I i_add(I a, I b)
{
    return a + b;
}

static inline I i_dot(V a, V b)
{
    return (int16_t)a * (int16_t)b;
}

static inline int64_t i_total(I a)
{
    return a;
}

#define VLY_LANES_TABLE vly_kmeans_lanes_plain
#include "segment/kmeans_lanes_body.h"
