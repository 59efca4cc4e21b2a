#include "segment/mlp_lanes.h"

enum { LANES = 1, VECTORS = 8, OUTS = 3 };
typedef float F;

static inline F f_load(const float *p)
{
    return *p;
}

static inline void f_store(float *p, F a)
{
    *p = a;
}

static inline F f_set(float a)
{
    return a;
}

static inline F f_fma(F a, F b, F c)
{
    return fmaf(a, b, c);
}

#define VLY_LANES_NAME vly_mlp_lanes_plain
#include "segment/mlp_lanes_body.h"
