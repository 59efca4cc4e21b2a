/* How the C twins walk the rows of a matrix: chunks of a fixed number of rows, each summed up by itself. */
#ifndef VLY_ROWS_OF_MATRIX_CPU_H
#define VLY_ROWS_OF_MATRIX_CPU_H

#include "core/kernels_cpu.h"

static inline int64_t vly_chunks(int64_t rows)
{
    return (rows + VLY_MATRIX_CHUNK - 1) / VLY_MATRIX_CHUNK;
}

/* What is done with rows [from, to). */
typedef void (*vly_rows_work)(const void *job, int32_t from, int32_t to);
/* The same where something is summed up; part (columns) comes as zeros. */
typedef void (*vly_rows_tally)(const void *job, int32_t from, int32_t to, double *part);

typedef struct vly_chunk_walk {
    const void *job;
    int64_t rows;
    vly_rows_work work; /* or */
    vly_rows_tally tally;
    double *parts; /* (chunks, columns) */
    int32_t columns;
} vly_chunk_walk;

static inline vly_status vly_chunk_of(void *self, int64_t chunk, int32_t worker)
{
    const vly_chunk_walk *w = self;
    const int64_t end = (chunk + 1) * VLY_MATRIX_CHUNK;
    const int32_t from = (int32_t)(chunk * VLY_MATRIX_CHUNK), to = (int32_t)(end < w->rows ? end : w->rows);
    (void)worker;
    if (w->work) {
        w->work(w->job, from, to);
        return VLY_OK;
    }
    double *part = w->parts + chunk * w->columns;
    for (int32_t k = 0; k < w->columns; k++) part[k] = 0.0;
    w->tally(w->job, from, to, part);
    return VLY_OK;
}

/* One chunk is not worth waking anybody for. */
static inline vly_status vly_chunks_run(vly_queue *queue, vly_chunk_walk walk)
{
    return walk.rows <= VLY_MATRIX_CHUNK && walk.rows > 0
               ? vly_chunk_of(&walk, 0, 0)
               : vly_pool_run(queue->pool, vly_chunks(walk.rows), vly_chunk_of, &walk);
}

static inline vly_status vly_rows_run(vly_queue *queue, int64_t rows, vly_rows_work work, const void *job)
{
    return vly_chunks_run(queue, (vly_chunk_walk){.job = job, .rows = rows, .work = work});
}

/* parts: (chunks, columns), what each chunk came to. */
static inline vly_status vly_rows_part(vly_queue *queue, int64_t rows, vly_rows_tally tally, const void *job,
                                       int32_t columns, double *parts)
{
    return vly_chunks_run(queue, (vly_chunk_walk){job, rows, NULL, tally, parts, columns});
}

/* sums (count) of the first columns of parts (chunks, columns), in order. */
static inline void vly_parts_sum(int64_t rows, int32_t columns, const double *parts, int32_t count, double *sums)
{
    for (int32_t k = 0; k < count; k++) {
        sums[k] = 0.0;
        for (int64_t chunk = 0; chunk < vly_chunks(rows); chunk++) sums[k] += parts[chunk * columns + k];
    }
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
