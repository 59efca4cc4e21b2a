/* Sums and largest values over rows, chunk by chunk, so that they do not depend on who computes them. */
#ifndef VLY_TALLY_CPU_H
#define VLY_TALLY_CPU_H

#include "transport/rows_of_matrix_cpu.h"

/* sums (4) of parts (chunks, 4): sums first, from column `largest` on the largest values (none is negative infinity). */
static inline void vly_tally_chunks(int64_t items, const double *parts, int largest, double *sums)
{
    vly_chunks_sum(items, parts, sums);
    for (int k = largest; k < 4; k++) {
        sums[k] = -INFINITY;
        for (int64_t chunk = 0; chunk < vly_chunks(items); chunk++) sums[k] = fmax(sums[k], parts[4 * chunk + k]);
    }
}

#endif
