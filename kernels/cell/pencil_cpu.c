/* Sums in pieces: what a row conducts and stores stays in the cache while the basis passes by. */
#include "transport/rows_of_matrix_cpu.h"

enum { PIECE = 512 }; /* rows */

typedef struct job {
    const vly_pencil *p;
    const vly_pencil_equation *e;
    const vly_pencil_basis *basis;
    int64_t rows;
    double s, *x, *parts;
    const double *term;
    float *out, *ground;
} job;

static vly_status shift_chunk(void *self, int64_t chunk, int32_t worker)
{
    const job *j = self;
    int32_t from, to;
    (void)worker;
    vly_chunk_rows(chunk, j->rows, &from, &to);
    for (int32_t i = from; i < to; i++) vly_pencil_shift_row(j->p, j->s, j->out, j->ground, i);
    return VLY_OK;
}

vly_status vly_pencil_shift_cpu(vly_queue *queue, const vly_pencil *p, double s, float *weight, float *ground)
{
    job j = {.p = p, .rows = p->rows, .s = s, .out = weight, .ground = ground};
    return vly_chunks_run(queue, p->rows, shift_chunk, &j);
}

static vly_status residual_chunk(void *self, int64_t chunk, int32_t worker)
{
    const job *j = self;
    int32_t from, to;
    double squares = 0.0;
    (void)worker;
    vly_chunk_rows(chunk, j->rows, &from, &to);
    for (int32_t i = from; i < to; i++) {
        float left = vly_pencil_left(j->p, j->e, i);
        j->out[i] = left;
        squares += (double)left * (double)left;
    }
    for (int k = 0; k < 4; k++) j->parts[4 * chunk + k] = k == 0 ? squares : 0.0;
    return VLY_OK;
}

vly_status vly_pencil_residual_cpu(vly_queue *queue, const vly_pencil *p, const vly_pencil_equation *equation,
                                   float *residual, double *sums, double *parts)
{
    job j = {.p = p, .rows = p->rows, .e = equation, .out = residual, .parts = parts};
    VLY_TRY(vly_chunks_run(queue, p->rows, residual_chunk, &j));
    vly_chunks_sum(p->rows, parts, sums);
    return VLY_OK;
}

/* sums[2 k], sums[2 k + 1] += of basis vector k over rows [from, to). */
static void dot(double sums[2], const float *restrict v, const double *restrict conduct, const double *restrict store,
                int32_t count)
{
    double lanes[2][8] = {{0.0}};
    int32_t i = 0;
    for (; i + 8 <= count; i += 8)
        for (int32_t l = 0; l < 8; l++) {
            lanes[0][l] += (double)v[i + l] * conduct[i + l];
            lanes[1][l] += (double)v[i + l] * store[i + l];
        }
    for (; i < count; i++) {
        lanes[0][0] += (double)v[i] * conduct[i];
        lanes[1][0] += (double)v[i] * store[i];
    }
    for (int32_t l = 0; l < 8; l++) {
        sums[0] += lanes[0][l];
        sums[1] += lanes[1][l];
    }
}

static vly_status products_chunk(void *self, int64_t chunk, int32_t worker)
{
    const job *j = self;
    const int32_t count = j->basis->count;
    int32_t from, to;
    double conduct[PIECE], store[PIECE], sums[2 * VLY_PENCIL_MOST + 1] = {0.0};
    (void)worker;
    vly_chunk_rows(chunk, j->rows, &from, &to);
    for (int32_t piece = from; piece < to; piece += PIECE) {
        int32_t end = piece + PIECE < to ? piece + PIECE : to;
        for (int32_t i = piece; i < end; i++) {
            vly_pencil_row row = vly_pencil_row_of(j->p, j->x, j->x, i);
            conduct[i - piece] = row.conduct;
            store[i - piece] = row.store;
            sums[2 * count] += row.drive * j->x[i];
        }
        for (int32_t k = 0; k < count; k++) dot(sums + 2 * k, j->basis->vector[k] + piece, conduct, store, end - piece);
    }
    const int32_t all = 2 * count + 1;
    for (int32_t k = 0; k < all; k++) j->parts[chunk * all + k] = sums[k];
    return VLY_OK;
}

vly_status vly_pencil_products_cpu(vly_queue *queue, const vly_pencil *p, const double *x,
                                   const vly_pencil_basis *basis, double *sums, double *parts)
{
    const int32_t all = 2 * basis->count + 1;
    job j = {.p = p, .rows = p->rows, .x = (double *)x, .basis = basis, .parts = parts};
    VLY_TRY(vly_chunks_run(queue, p->rows, products_chunk, &j));
    for (int32_t k = 0; k < all; k++) {
        sums[k] = 0.0;
        for (int64_t chunk = 0; chunk < vly_chunks(p->rows); chunk++) sums[k] += parts[chunk * all + k];
    }
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
        double *restrict x = j->x;
        for (int32_t i = piece; i < end; i++) x[i] = 0.0;
        for (int32_t k = 0; k < j->basis->count; k++) {
            const float *restrict v = j->basis->vector[k];
            const double scale = j->basis->scale[k];
            for (int32_t i = piece; i < end; i++) x[i] += scale * (double)v[i];
        }
    }
    return VLY_OK;
}

vly_status vly_pencil_combine_cpu(vly_queue *queue, int64_t rows, const vly_pencil_basis *basis, double *x)
{
    job j = {.rows = rows, .basis = basis, .x = x};
    return vly_chunks_run(queue, rows, combine_chunk, &j);
}

static vly_status round_chunk(void *self, int64_t chunk, int32_t worker)
{
    const job *j = self;
    int32_t from, to;
    (void)worker;
    vly_chunk_rows(chunk, j->rows, &from, &to);
    for (int32_t i = from; i < to; i++) {
        float rounded = (float)j->x[i];
        j->out[i] = rounded;
        j->x[i] = (double)rounded;
    }
    return VLY_OK;
}

vly_status vly_pencil_round_cpu(vly_queue *queue, int64_t rows, double *x, float *rounded)
{
    job j = {.rows = rows, .x = x, .out = rounded};
    return vly_chunks_run(queue, rows, round_chunk, &j);
}

static vly_status move_chunk(void *self, int64_t chunk, int32_t worker)
{
    const job *j = self;
    int32_t from, to;
    (void)worker;
    vly_chunk_rows(chunk, j->rows, &from, &to);
    for (int32_t i = from; i < to; i++) j->x[i] += j->s * j->term[i];
    return VLY_OK;
}

vly_status vly_pencil_move_cpu(vly_queue *queue, int64_t rows, double scale, const double *term, double *x)
{
    job j = {.rows = rows, .s = scale, .term = term, .x = x};
    return vly_chunks_run(queue, rows, move_chunk, &j);
}
