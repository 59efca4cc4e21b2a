/* Floats one by one, for what the network adds up; and how many voxels and units are on the way at once. */
#ifndef VLY_MLP_FLOATS_PLAIN_H
#define VLY_MLP_FLOATS_PLAIN_H

#include <math.h>

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

static inline F f_abs(F a)
{
    return fabsf(a);
}

static inline F f_max(F a, F b)
{
    return a > b ? a : b;
}

static inline F f_min(F a, F b)
{
    return a < b ? a : b;
}

static inline F f_add(F a, F b)
{
    return a + b;
}

static inline F f_mul(F a, F b)
{
    return a * b;
}

static inline F f_div(F a, F b)
{
    return a / b;
}

static inline F f_fma(F a, F b, F c)
{
    return fmaf(a, b, c);
}

#endif
