/* Sums and largest values over rows, chunk by chunk, so that they do not depend on who computes them. */
#ifndef VLY_TALLY_CPU_H
#define VLY_TALLY_CPU_H

#include "transport/rows_of_matrix_cpu.h"

/* What is done with rows [from, to); part (4) comes as zeros; it is lost where nothing is tallied. */
typedef void (*vly_tally_rows)(const void *job, int32_t from, int32_t to, double *part);

typedef struct vly_tallying {
    vly_tally_rows rows;
    const void *job;
    int64_t count;
    double *parts; /* (chunks, 4), or NULL */
} vly_tallying;

static inline vly_status vly_tally_chunk(void *self, int64_t chunk, int32_t worker)
{
    const vly_tallying *t = self;
    double lost[4], *part = t->parts ? t->parts + 4 * chunk : lost;
    int32_t from, to;
    (void)worker;
    vly_chunk_rows(chunk, t->count, &from, &to);
    for (int k = 0; k < 4; k++) part[k] = 0.0;
    t->rows(t->job, from, to, part);
    return VLY_OK;
}

/* All of `count` rows; parts, sums NULL: nothing is tallied. sums (4): sums first, from column `largest` on the largest
 * values (none is negative infinity). */
static inline vly_status vly_tally_run(vly_queue *queue, int64_t count, vly_tally_rows rows, const void *job,
                                       double *parts, int largest, double *sums)
{
    vly_tallying t = {rows, job, count, parts};
    VLY_TRY(vly_chunks_run(queue, count, vly_tally_chunk, &t));
    if (!parts) return VLY_OK;
    vly_chunks_sum(count, parts, sums);
    for (int k = largest; k < 4; k++) {
        sums[k] = -INFINITY;
        for (int64_t chunk = 0; chunk < vly_chunks(count); chunk++) sums[k] = fmax(sums[k], parts[4 * chunk + k]);
    }
    return VLY_OK;
}

#endif
