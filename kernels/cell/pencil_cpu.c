/* Sums in pieces: what a row conducts and stores stays in the cache while the basis passes by. */
#include "transport/rows_of_matrix_cpu.h"

enum { PIECE = 512 }; /* rows */

typedef struct job {
    const vly_pencil *p;
    const vly_pencil_equation *e;
    const vly_pencil_basis *basis;
    double s, *x;
    const double *term;
    float *out, *ground;
} job;

static void shift_rows(const void *self, int32_t from, int32_t to)
{
    const job *j = self;
    for (int32_t i = from; i < to; i++) vly_pencil_shift_row(j->p, j->s, j->out, j->ground, i);
}

vly_status vly_pencil_shift_cpu(vly_queue *queue, const vly_pencil *p, double s, float *weight, float *ground)
{
    const job j = {.p = p, .s = s, .out = weight, .ground = ground};
    return vly_rows_run(queue, p->rows, shift_rows, &j);
}

static void residual_rows(const void *self, int32_t from, int32_t to, double *part)
{
    const job *j = self;
    double squares = 0.0;
    for (int32_t i = from; i < to; i++) {
        float left = vly_pencil_left(j->p, j->e, i);
        j->out[i] = left;
        squares += (double)left * (double)left;
    }
    part[0] = squares;
}

vly_status vly_pencil_residual_cpu(vly_queue *queue, const vly_pencil *p, const vly_pencil_equation *equation,
                                   float *residual, double *sums, double *parts)
{
    const job j = {.p = p, .e = equation, .out = residual};
    VLY_TRY(vly_rows_part(queue, p->rows, residual_rows, &j, 4, parts));
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

static void product_rows(const void *self, int32_t from, int32_t to, double *part)
{
    const job *j = self;
    const int32_t count = j->basis->count;
    double conduct[PIECE], store[PIECE], driven = 0.0;
    for (int32_t piece = from; piece < to; piece += PIECE) {
        int32_t end = piece + PIECE < to ? piece + PIECE : to;
        for (int32_t i = piece; i < end; i++) {
            vly_pencil_row row = vly_pencil_row_of(j->p, j->x, j->x, i);
            conduct[i - piece] = row.conduct;
            store[i - piece] = row.store;
            driven += row.drive * j->x[i];
        }
        for (int32_t k = 0; k < count; k++) dot(part + 2 * k, j->basis->vector[k] + piece, conduct, store, end - piece);
    }
    part[2 * count] = driven;
}

vly_status vly_pencil_products_cpu(vly_queue *queue, const vly_pencil *p, const double *x,
                                   const vly_pencil_basis *basis, double *sums, double *parts)
{
    const int32_t all = 2 * basis->count + 1;
    const job j = {.p = p, .x = (double *)x, .basis = basis};
    VLY_TRY(vly_rows_part(queue, p->rows, product_rows, &j, all, parts));
    vly_parts_sum(p->rows, all, parts, all, sums);
    return VLY_OK;
}

static void combine_rows(const void *self, int32_t from, int32_t to)
{
    const job *j = self;
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
}

vly_status vly_pencil_combine_cpu(vly_queue *queue, int64_t rows, const vly_pencil_basis *basis, double *x)
{
    const job j = {.basis = basis, .x = x};
    return vly_rows_run(queue, rows, combine_rows, &j);
}

static void round_rows(const void *self, int32_t from, int32_t to)
{
    const job *j = self;
    for (int32_t i = from; i < to; i++) {
        float rounded = (float)j->x[i];
        j->out[i] = rounded;
        j->x[i] = (double)rounded;
    }
}

vly_status vly_pencil_round_cpu(vly_queue *queue, int64_t rows, double *x, float *rounded)
{
    const job j = {.x = x, .out = rounded};
    return vly_rows_run(queue, rows, round_rows, &j);
}

static void move_rows(const void *self, int32_t from, int32_t to)
{
    const job *j = self;
    for (int32_t i = from; i < to; i++) j->x[i] += j->s * j->term[i];
}

vly_status vly_pencil_move_cpu(vly_queue *queue, int64_t rows, double scale, const double *term, double *x)
{
    const job j = {.s = scale, .term = term, .x = x};
    return vly_rows_run(queue, rows, move_rows, &j);
}
