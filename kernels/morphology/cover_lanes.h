/* Painting one ball on a CPU: one body (cover_lanes_body.h), built for three instruction sets. */
#ifndef VLY_COVER_LANES_H
#define VLY_COVER_LANES_H

#include "core/queue_cpu.h"
#include "morphology/cover_voxel.h"

typedef struct vly_cover_slab {
    int32_t *out; /* (extent) */
    vly_extent extent;
    vly_metric metric;
    const int32_t *half; /* vly_cover_half(rest, metric.x) for every rest below the largest squared distance */
    int32_t z0, z1;      /* pages that may be written */
} vly_cover_slab;

/* out = max(out, value) over the ball of squared radius `square` round (x, y, z), within the slab. */
typedef void (*vly_cover_lanes)(const vly_cover_slab *slab, int32_t x, int32_t y, int32_t z, int32_t square,
                                int32_t value);

void vly_cover_lanes_plain(const vly_cover_slab *slab, int32_t x, int32_t y, int32_t z, int32_t square, int32_t value);
void vly_cover_lanes_avx2(const vly_cover_slab *slab, int32_t x, int32_t y, int32_t z, int32_t square, int32_t value);
void vly_cover_lanes_avx512(const vly_cover_slab *slab, int32_t x, int32_t y, int32_t z, int32_t square, int32_t value);

#endif
