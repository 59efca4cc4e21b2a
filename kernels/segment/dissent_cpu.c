#include "core/kernels_cpu.h"
#include "segment/dissent_voxel.h"

enum { RUN = 1 << 16 };

typedef struct job {
    const uint8_t *labels;
    int32_t count;
    int64_t stride, voxels;
    uint8_t *dissent;
} job;

static vly_status dissent_run(void *self, int64_t item, int32_t worker)
{
    const job *j = self;
    const int64_t end = (item + 1) * RUN < j->voxels ? (item + 1) * RUN : j->voxels;
    (void)worker;
    for (int64_t i = item * RUN; i < end; i++) j->dissent[i] = vly_dissent(j->labels + i, j->count, j->stride);
    return VLY_OK;
}

vly_status vly_dissent_cpu(vly_queue *queue, const uint8_t *labels, int32_t count, int64_t stride, int64_t voxels,
                           uint8_t *dissent)
{
    job j = {labels, count, stride, voxels, dissent};
    return vly_pool_run(queue->pool, (voxels + RUN - 1) / RUN, dissent_run, &j);
}
