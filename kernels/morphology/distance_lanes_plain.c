/* One column at a time, for any processor. */
#include "morphology/distance_lanes.h"

enum { LANES = 1 };
typedef uint16_t V;

static inline V v_load(const uint16_t *p)
{
    return *p;
}

static inline void v_store(uint16_t *p, V a)
{
    *p = a;
}

static inline V v_set(uint16_t a)
{
    return a;
}

static inline V v_min(V a, V b)
{
    return a < b ? a : b;
}

static inline V v_add(V a, V b)
{
    return a > VLY_DISTANCE_FAR - b ? VLY_DISTANCE_FAR : (V)(a + b);
}

static inline bool v_above(V a, uint16_t limit)
{
    return a > limit;
}

#define VLY_DISTANCE_LANES vly_distance_lanes_plain
#include "morphology/distance_lanes_body.h"
