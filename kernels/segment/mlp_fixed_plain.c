#include "segment/mlp_fixed.h"
#include "segment/mlp_floats_plain.h"

typedef uint32_t I;

static inline F f_of(I a)
{
    return (float)(int32_t)a;
}

static inline I i_zero(void)
{
    return 0;
}

static inline I i_load(const uint32_t *p)
{
    return *p;
}

static inline void i_store(uint32_t *p, I a)
{
    *p = a;
}

static inline I i_set(uint32_t pair)
{
    return pair;
}

static inline I i_pair(F even, F odd)
{
    return vly_mlp_pair(even, odd);
}

static inline I i_dot(I sum, I a, I b)
{
    return (uint32_t)vly_mlp_dot((int32_t)sum, a, b);
}

#define VLY_FIXED_NAME vly_mlp_fixed_plain
#include "segment/mlp_fixed_body.h"
