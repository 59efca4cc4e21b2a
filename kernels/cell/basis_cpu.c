/* Many products with one vector at once: a piece of it stays in the cache while the basis passes by. */
#include "transport/rows_of_matrix_cpu.h"

enum { PIECE = 1024 }; /* rows */

typedef struct job {
    int64_t stride;
    int32_t count;
    const double *basis, *sums, *scale;
    const float *z;
    double *y;
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

static void project_rows(const void *self, int32_t from, int32_t to, double *part)
{
    const job *j = self;
    for (int32_t piece = from; piece < to; piece += PIECE) {
        int32_t end = piece + PIECE < to ? piece + PIECE : to;
        for (int32_t k = 0; k <= j->count; k++)
            part[k] += dot(k < j->count ? j->basis + k * j->stride : j->y, j->y, piece, end);
    }
}

vly_status vly_basis_project_cpu(vly_queue *queue, int64_t rows, int32_t count, const double *basis, int64_t stride,
                                 const double *y, double *sums, double *parts)
{
    const job j = {.stride = stride, .count = count, .basis = basis, .y = (double *)y};
    VLY_TRY(vly_rows_part(queue, rows, project_rows, &j, VLY_BASIS_MOST, parts));
    vly_parts_sum(rows, VLY_BASIS_MOST, parts, count + 1, sums);
    return VLY_OK;
}

static void subtract_rows(const void *self, int32_t from, int32_t to, double *part)
{
    const job *j = self;
    double rest = 0.0;
    for (int32_t piece = from; piece < to; piece += PIECE) {
        int32_t end = piece + PIECE < to ? piece + PIECE : to;
        double *restrict y = j->y;
        for (int32_t k = 0; k < j->count; k++) {
            const double *restrict v = j->basis + k * j->stride, h = j->scale[k] * j->sums[k];
            for (int32_t i = piece; i < end; i++) y[i] -= h * v[i];
        }
        rest += dot(y, y, piece, end);
    }
    part[0] = rest;
}

vly_status vly_basis_subtract_cpu(vly_queue *queue, int64_t rows, int32_t count, const double *basis, int64_t stride,
                                  const double *sums, const double *scale, double *y, double *rest, double *parts)
{
    const job j = {.stride = stride, .count = count, .basis = basis, .sums = sums, .scale = scale, .y = y};
    VLY_TRY(vly_rows_part(queue, rows, subtract_rows, &j, 1, parts));
    vly_parts_sum(rows, 1, parts, 1, rest);
    return VLY_OK;
}

static void combine_rows(const void *self, int32_t from, int32_t to)
{
    const job *j = self;
    for (int32_t piece = from; piece < to; piece += PIECE) {
        int32_t end = piece + PIECE < to ? piece + PIECE : to;
        double *restrict x = j->y;
        for (int32_t k = 0; k < j->count; k++) {
            const float *restrict z = j->z + k * j->stride;
            const double scale = j->scale[k];
            for (int32_t i = piece; i < end; i++) x[i] += scale * (double)z[i];
        }
    }
}

vly_status vly_basis_combine_cpu(vly_queue *queue, int64_t rows, int32_t count, const float *z, int64_t stride,
                                 const double *scale, double *x)
{
    const job j = {.stride = stride, .count = count, .z = z, .scale = scale, .y = x};
    return vly_rows_run(queue, rows, combine_rows, &j);
}

typedef struct adding {
    float alpha;
    const float *x;
    float *y;
} adding;

static void add_rows(const void *self, int32_t from, int32_t to)
{
    const adding *a = self;
    for (int32_t i = from; i < to; i++) a->y[i] += a->alpha * a->x[i];
}

vly_status vly_add_times_cpu(vly_queue *queue, int64_t rows, const double *top, const double *bottom, const float *x,
                             float *y)
{
    const adding a = {.alpha = (float)vly_sparse_ratio(top, bottom), .x = x, .y = y};
    return vly_rows_run(queue, rows, add_rows, &a);
}
