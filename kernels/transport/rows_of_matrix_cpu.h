/* How the C twins walk the rows of a matrix: chunks of a fixed number of rows, each summed up by itself. */
#ifndef VLY_ROWS_OF_MATRIX_CPU_H
#define VLY_ROWS_OF_MATRIX_CPU_H

#include "core/kernels_cpu.h"

static inline int64_t vly_chunks(int64_t rows)
{
    return (rows + VLY_MATRIX_CHUNK - 1) / VLY_MATRIX_CHUNK;
}

/* Rows [*from, *to) of a chunk. */
static inline void vly_chunk_rows(int64_t chunk, int64_t rows, int32_t *from, int32_t *to)
{
    int64_t end = (chunk + 1) * VLY_MATRIX_CHUNK;
    *from = (int32_t)(chunk * VLY_MATRIX_CHUNK);
    *to = (int32_t)(end < rows ? end : rows);
}

/* One chunk is not worth waking anybody for. */
static inline vly_status vly_chunks_run(vly_queue *queue, int64_t rows, vly_pool_work work, void *self)
{
    return rows <= VLY_MATRIX_CHUNK && rows > 0 ? work(self, 0, 0)
                                                : vly_pool_run(queue->pool, vly_chunks(rows), work, self);
}

/* sums (4) = the sum over chunks of parts (chunks, 4), in order, with what each addition rounds off carried along (Kahan). */
static inline void vly_chunks_sum(int64_t rows, const double *parts, double *sums)
{
    for (int k = 0; k < 4; k++) {
        double sum = 0.0, lost = 0.0;
        for (int64_t chunk = 0; chunk < vly_chunks(rows); chunk++) {
            double term = parts[4 * chunk + k] - lost, next = sum + term;
            lost = (next - sum) - term;
            sum = next;
        }
        sums[k] = sum;
    }
}

/* rows(job, form, ...) with the form as a constant, so that each has a loop of its own. */
#define VLY_ROWS_BY_FORM(rows, job, ...)              \
    do {                                              \
        switch ((job)->a->form) {                     \
        case VLY_MATRIX_GRAPH:                        \
            rows(job, VLY_MATRIX_GRAPH, __VA_ARGS__); \
            break;                                    \
        case VLY_MATRIX_PLAIN:                        \
            rows(job, VLY_MATRIX_PLAIN, __VA_ARGS__); \
            break;                                    \
        case VLY_MATRIX_TABLE:                        \
            rows(job, VLY_MATRIX_TABLE, __VA_ARGS__); \
            break;                                    \
        case VLY_MATRIX_FIELD:                        \
            rows(job, VLY_MATRIX_FIELD, __VA_ARGS__); \
            break;                                    \
        }                                             \
    } while (0)

#endif
