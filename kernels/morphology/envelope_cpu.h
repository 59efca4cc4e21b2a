/* The weighted distance transform along one axis by the lower envelope of parabolas (segmentation spec A.1): exact for any
 * distance, any values, in time that does not depend on either. */
#ifndef VLY_ENVELOPE_CPU_H
#define VLY_ENVELOPE_CPU_H

#include "core/queue_cpu.h"
#include "kernels.h"

typedef struct vly_envelope {
    int32_t axis, weight;     /* 0 x, 1 y, 2 z; squared cost of one step */
    bool wall_low, wall_high; /* value 0 one step beyond the end */
} vly_envelope;

/* values (extent), in place: g(q) = min over p along the axis of weight (q - p)^2 + f(p), VLY_FAR being no value. */
vly_status vly_envelope_pass(vly_queue *queue, int32_t *values, vly_extent extent, const vly_envelope *envelope,
                             void *scratch);
int64_t vly_envelope_scratch_bytes(const vly_queue *queue, vly_extent extent);

#endif
