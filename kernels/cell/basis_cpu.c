/* Many products with one vector at once: a piece of it stays in the cache while the basis passes by. */
#include "transport/rows_of_matrix_cpu.h"

enum { PIECE = 1024 }; /* rows */

typedef struct job {
    int64_t rows, stride;
    int32_t count;
    const double *basis, *sums, *scale;
    const float *z;
    double *y, *parts;
} job;

static inline double dot(const double *restrict a, const double *restrict b, int32_t from, int32_t to)
{
    double lanes[8] = {0.0}, sum = 0.0;
    int32_t i = from;
    for (; i + 8 <= to; i += 8)
        for (int32_t l = 0; l < 8; l++) lanes[l] += a[i + l] * b[i + l];
    for (; i < to; i++) sum += a[i] * b[i];
    for (int32_t l = 0; l < 8; l++) sum += lanes[l];
    return sum;
}

static vly_status project_chunk(void *self, int64_t chunk, int32_t worker)
{
    const job *j = self;
    int32_t from, to;
    double sums[VLY_BASIS_MOST] = {0.0};
    (void)worker;
    vly_chunk_rows(chunk, j->rows, &from, &to);
    for (int32_t piece = from; piece < to; piece += PIECE) {
        int32_t end = piece + PIECE < to ? piece + PIECE : to;
        for (int32_t k = 0; k <= j->count; k++)
            sums[k] += dot(k < j->count ? j->basis + k * j->stride : j->y, j->y, piece, end);
    }
    for (int32_t k = 0; k <= j->count; k++) j->parts[chunk * VLY_BASIS_MOST + k] = sums[k];
    return VLY_OK;
}

vly_status vly_basis_project_cpu(vly_queue *queue, int64_t rows, int32_t count, const double *basis, int64_t stride,
                                 const double *y, double *sums, double *parts)
{
    job j = {.rows = rows, .stride = stride, .count = count, .basis = basis, .y = (double *)y, .parts = parts};
    VLY_TRY(vly_chunks_run(queue, rows, project_chunk, &j));
    for (int32_t k = 0; k <= count; k++) {
        sums[k] = 0.0;
        for (int64_t chunk = 0; chunk < vly_chunks(rows); chunk++) sums[k] += parts[chunk * VLY_BASIS_MOST + k];
    }
    return VLY_OK;
}

static vly_status subtract_chunk(void *self, int64_t chunk, int32_t worker)
{
    const job *j = self;
    int32_t from, to;
    double rest = 0.0;
    (void)worker;
    vly_chunk_rows(chunk, j->rows, &from, &to);
    for (int32_t piece = from; piece < to; piece += PIECE) {
        int32_t end = piece + PIECE < to ? piece + PIECE : to;
        double *restrict y = j->y;
        for (int32_t k = 0; k < j->count; k++) {
            const double *restrict v = j->basis + k * j->stride, h = j->scale[k] * j->sums[k];
            for (int32_t i = piece; i < end; i++) y[i] -= h * v[i];
        }
        rest += dot(y, y, piece, end);
    }
    j->parts[chunk] = rest;
    return VLY_OK;
}

vly_status vly_basis_subtract_cpu(vly_queue *queue, int64_t rows, int32_t count, const double *basis, int64_t stride,
                                  const double *sums, const double *scale, double *y, double *rest, double *parts)
{
    job j = {.rows = rows,
             .stride = stride,
             .count = count,
             .basis = basis,
             .sums = sums,
             .scale = scale,
             .y = y,
             .parts = parts};
    VLY_TRY(vly_chunks_run(queue, rows, subtract_chunk, &j));
    *rest = 0.0;
    for (int64_t chunk = 0; chunk < vly_chunks(rows); chunk++) *rest += parts[chunk];
    return VLY_OK;
}

static vly_status combine_chunk(void *self, int64_t chunk, int32_t worker)
{
    const job *j = self;
    int32_t from, to;
    (void)worker;
    vly_chunk_rows(chunk, j->rows, &from, &to);
    for (int32_t piece = from; piece < to; piece += PIECE) {
        int32_t end = piece + PIECE < to ? piece + PIECE : to;
        double *restrict x = j->y;
        for (int32_t k = 0; k < j->count; k++) {
            const float *restrict z = j->z + k * j->stride;
            const double scale = j->scale[k];
            for (int32_t i = piece; i < end; i++) x[i] += scale * (double)z[i];
        }
    }
    return VLY_OK;
}

vly_status vly_basis_combine_cpu(vly_queue *queue, int64_t rows, int32_t count, const float *z, int64_t stride,
                                 const double *scale, double *x)
{
    job j = {.rows = rows, .stride = stride, .count = count, .z = z, .scale = scale, .y = x};
    return vly_chunks_run(queue, rows, combine_chunk, &j);
}

typedef struct adding {
    int64_t rows;
    float alpha;
    const float *x;
    float *y;
} adding;

static vly_status add_chunk(void *self, int64_t chunk, int32_t worker)
{
    const adding *a = self;
    int32_t from, to;
    (void)worker;
    vly_chunk_rows(chunk, a->rows, &from, &to);
    for (int32_t i = from; i < to; i++) a->y[i] += a->alpha * a->x[i];
    return VLY_OK;
}

vly_status vly_add_times_cpu(vly_queue *queue, int64_t rows, const double *top, const double *bottom, const float *x,
                             float *y)
{
    adding a = {.rows = rows, .alpha = (float)vly_sparse_ratio(top, bottom), .x = x, .y = y};
    return vly_chunks_run(queue, rows, add_chunk, &a);
}
