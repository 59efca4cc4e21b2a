/* Joint label counts of up to twelve volumes: one code a voxel, one table a run of voxels. */
#include "core/kernels_cpu.h"

#include <string.h>

enum { RUN = 1 << 16, HASHED = 1 << 12 };

typedef struct job {
    const uint8_t *labels;
    int32_t count;
    int64_t stride, voxels;
    uint64_t *joint;
} job;

/* Codes are few and repeat: a small direct-mapped cache keeps nearly all adds away from the shared table. */
typedef struct cache {
    uint32_t code[HASHED];
    uint32_t hits[HASHED];
} cache;

static void flush(cache *c, uint32_t slot, uint64_t *joint)
{
    if (c->hits[slot] > 0) __atomic_fetch_add(&joint[c->code[slot]], c->hits[slot], __ATOMIC_RELAXED);
    c->hits[slot] = 0;
}

static vly_status joint_run(void *self, int64_t item, int32_t worker)
{
    const job *j = self;
    cache c;
    (void)worker;
    memset(&c, 0, sizeof c);
    int64_t end = (item + 1) * RUN < j->voxels ? (item + 1) * RUN : j->voxels;
    for (int64_t i = item * RUN; i < end; i++) {
        uint32_t code = 0;
        bool outside = false;
        for (int32_t k = j->count - 1; k >= 0; k--) {
            uint8_t label = j->labels[k * j->stride + i];
            outside |= label == VLY_OUTSIDE;
            code = 3 * code + label;
        }
        if (outside) continue;
        uint32_t slot = code % HASHED;
        if (c.code[slot] != code) {
            flush(&c, slot, j->joint);
            c.code[slot] = code;
        }
        c.hits[slot]++;
    }
    for (uint32_t slot = 0; slot < HASHED; slot++) flush(&c, slot, j->joint);
    return VLY_OK;
}

vly_status vly_joint_cpu(vly_queue *queue, const uint8_t *labels, int32_t count, int64_t stride, int64_t voxels,
                         uint64_t *joint)
{
    job j = {labels, count, stride, voxels, joint};
    return vly_pool_run(queue->pool, (voxels + RUN - 1) / RUN, joint_run, &j);
}
