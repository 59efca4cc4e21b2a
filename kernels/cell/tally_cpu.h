/* Sums and largest values over rows, chunk by chunk, so that they do not depend on who computes them. */
#ifndef VLY_TALLY_CPU_H
#define VLY_TALLY_CPU_H

#include "transport/rows_of_matrix_cpu.h"

/* sums (4) over `count` rows: sums first, from column `largest` on the largest values (none is negative infinity). */
static inline vly_status vly_tally_run(vly_queue *queue, int64_t count, vly_rows_tally rows, const void *job,
                                       double *parts, int32_t largest, double *sums)
{
    VLY_TRY(vly_rows_part(queue, count, rows, job, 4, parts));
    vly_chunks_sum(count, parts, sums);
    for (int32_t k = largest; k < 4; k++) {
        sums[k] = -INFINITY;
        for (int64_t chunk = 0; chunk < vly_chunks(count); chunk++) sums[k] = fmax(sums[k], parts[4 * chunk + k]);
    }
    return VLY_OK;
}

#endif
