/* For any processor. */
#include "morphology/cover_lanes.h"

static inline void raise_run(int32_t *to, int32_t count, int32_t value)
{
    for (int32_t i = 0; i < count; i++) to[i] = to[i] < value ? value : to[i];
}

#define VLY_COVER_LANES vly_cover_lanes_plain
#include "morphology/cover_lanes_body.h"
