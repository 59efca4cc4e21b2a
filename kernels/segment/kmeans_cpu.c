/* Lloyd passes: runs of rows, or of samples, are labelled by the lanes; each run adds its tally to the shared one once. */
#include "core/kernels_cpu.h"
#include "segment/kmeans_lanes.h"

const vly_kmeans_lanes *vly_kmeans_lanes_of(const vly_queue *queue)
{
#ifdef __x86_64__
    if (queue->isa >= VLY_ISA_AVX512) return &vly_kmeans_lanes_avx512;
#endif
#ifdef __AVX2__
    if (queue->isa != VLY_ISA_PLAIN) return &vly_kmeans_lanes_avx2;
#endif
    (void)queue;
    return &vly_kmeans_lanes_plain;
}

typedef struct job {
    const vly_kmeans_lanes *lanes;
    vly_kmeans_slab slab;
    vly_rows rows;
    vly_kmeans_samples samples;
    vly_kmeans_tally *tally;
} job;

/* Relaxed adds of integers commute: the sum is the same whoever comes first. */
static void merge(vly_kmeans_tally *to, const vly_kmeans_tally *from)
{
    for (int l = 0; l < VLY_PHASES; l++) {
        __atomic_fetch_add(&to->count[l], from->count[l], __ATOMIC_RELAXED);
        for (int m = 0; m < VLY_SHELL_FEATURES; m++)
            __atomic_fetch_add(&to->sum[l][m], from->sum[l][m], __ATOMIC_RELAXED);
    }
    __atomic_fetch_add(&to->changed, from->changed, __ATOMIC_RELAXED);
}

static vly_status assign_run(void *self, int64_t item, int32_t worker)
{
    const job *j = self;
    vly_kmeans_tally tally = {0};
    int64_t row = item * j->rows.per_run, end = row + j->rows.per_run;
    (void)worker;
    j->lanes->assign(&j->slab, row, end < j->rows.rows ? end : j->rows.rows, &tally);
    if (tally.changed > 0) merge(j->tally, &tally);
    return VLY_OK;
}

vly_status vly_kmeans_assign_cpu(vly_queue *queue, const uint16_t *grey, const vly_region *region, const uint8_t *mask,
                                 const vly_kmeans_model *model, bool fresh, uint8_t *label, vly_kmeans_tally *tally)
{
    job j = {.lanes = vly_kmeans_lanes_of(queue),
             .slab = {grey, mask, region, model, label, fresh},
             .rows = vly_rows_of(region),
             .tally = tally};
    return vly_pool_run(queue->pool, j.rows.runs, assign_run, &j);
}

enum { SAMPLE_RUN = 1 << 15 }; /* a multiple of VLY_KMEANS_BLOCK */

static vly_status assign_samples_run(void *self, int64_t item, int32_t worker)
{
    const job *j = self;
    vly_kmeans_tally tally = {0};
    int64_t first = item * SAMPLE_RUN, end = first + SAMPLE_RUN;
    (void)worker;
    j->lanes->assign_samples(&j->samples, first, end < j->samples.count ? end : j->samples.count, &tally);
    if (tally.changed > 0) merge(j->tally, &tally);
    return VLY_OK;
}

vly_status vly_kmeans_assign_samples_cpu(vly_queue *queue, const uint16_t *samples, int64_t count,
                                         const vly_kmeans_model *model, bool fresh, uint8_t *label,
                                         vly_kmeans_tally *tally)
{
    job j = {.lanes = vly_kmeans_lanes_of(queue), .samples = {samples, count, model, label, fresh}, .tally = tally};
    return vly_pool_run(queue->pool, (count + SAMPLE_RUN - 1) / SAMPLE_RUN, assign_samples_run, &j);
}
