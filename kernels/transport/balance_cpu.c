/* What is left of an equation: in double precision for an image between its planes, and the products that a conjugate
 * gradient step is made of. */
#include "transport/rows_of_matrix_cpu.h"

typedef struct job {
    const vly_matrix *a;
    const double *u;
    float *residual;
    const float *z, *p, *last;
    double *parts;
} job;

enum { BLOCK = 64 }; /* rows between two sums: like terms of one sign all round the same way */

static inline __attribute__((always_inline)) void balance_rows(const job *j, vly_matrix_form form, int32_t from,
                                                               int32_t to, double sums[4])
{
    const vly_matrix a = *j->a;
    for (int32_t block = from; block < to; block += BLOCK) {
        int32_t end = block + BLOCK < to ? block + BLOCK : to;
        double own[4] = {0.0};
        for (int32_t i = block; i < end; i++) {
            vly_matrix_balance b = vly_matrix_balance_of(&a, form, j->u, i);
            j->residual[i] = (float)b.residual;
            own[0] += b.residual * b.residual;
            own[1] += b.energy;
            own[2] += b.in;
            own[3] += b.out;
        }
        for (int k = 0; k < 4; k++) sums[k] += own[k];
    }
}

static vly_status balance_chunk(void *self, int64_t chunk, int32_t worker)
{
    const job *j = self;
    int32_t from, to;
    double sums[4] = {0.0};
    (void)worker;
    vly_chunk_rows(chunk, j->a->rows, &from, &to);
    if (j->a->form == VLY_MATRIX_PLAIN)
        balance_rows(j, VLY_MATRIX_PLAIN, from, to, sums);
    else if (j->a->form == VLY_MATRIX_TABLE)
        balance_rows(j, VLY_MATRIX_TABLE, from, to, sums);
    else
        balance_rows(j, VLY_MATRIX_FIELD, from, to, sums);
    for (int k = 0; k < 4; k++) j->parts[4 * chunk + k] = sums[k];
    return VLY_OK;
}

vly_status vly_balance_cpu(vly_queue *queue, const vly_matrix *a, const double *u, float *residual, double *sums,
                           double *parts)
{
    job j = {.a = a, .u = u, .residual = residual, .parts = parts};
    VLY_TRY(vly_chunks_run(queue, a->rows, balance_chunk, &j));
    vly_chunks_sum(a->rows, parts, sums);
    return VLY_OK;
}

static inline __attribute__((always_inline)) void product_rows(const job *j, vly_matrix_form form, int32_t from,
                                                               int32_t to, double sums[4])
{
    const vly_matrix a = *j->a;
    for (int32_t i = from; i < to; i++) {
        double image = (double)vly_matrix_row(&a, form, j->z, i).outflow;
        sums[0] += (double)j->z[i] * image;
        sums[1] += (double)j->p[i] * image;
        sums[2] += (double)j->last[i] * image;
        sums[3] += (double)j->z[i] * (double)j->residual[i];
    }
}

static vly_status product_chunk(void *self, int64_t chunk, int32_t worker)
{
    const job *j = self;
    int32_t from, to;
    double sums[4] = {0.0};
    (void)worker;
    vly_chunk_rows(chunk, j->a->rows, &from, &to);
    VLY_ROWS_BY_FORM(product_rows, j, from, to, sums);
    for (int k = 0; k < 4; k++) j->parts[4 * chunk + k] = sums[k];
    return VLY_OK;
}

vly_status vly_products_cpu(vly_queue *queue, const vly_matrix *a, const float *z, const float *p, const float *last,
                            const float *residual, double *sums, double *parts)
{
    job j = {.a = a, .z = z, .p = p, .last = last, .residual = (float *)residual, .parts = parts};
    VLY_TRY(vly_chunks_run(queue, a->rows, product_chunk, &j));
    vly_chunks_sum(a->rows, parts, sums);
    return VLY_OK;
}
