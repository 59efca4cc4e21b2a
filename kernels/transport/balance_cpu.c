/* What is left of an equation: in double precision for an image between its planes, and the products that a conjugate
 * gradient step is made of. */
#include "transport/rows_of_matrix_cpu.h"

typedef struct job {
    const vly_matrix *a;
    const double *u;
    float *residual;
    const float *z, *p, *last;
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

static void balance_by_form(const void *self, int32_t from, int32_t to, double *part)
{
    const job *j = self;
    double sums[4] = {0.0};
    if (j->a->form == VLY_MATRIX_PLAIN)
        balance_rows(j, VLY_MATRIX_PLAIN, from, to, sums);
    else if (j->a->form == VLY_MATRIX_TABLE)
        balance_rows(j, VLY_MATRIX_TABLE, from, to, sums);
    else
        balance_rows(j, VLY_MATRIX_FIELD, from, to, sums);
    for (int k = 0; k < 4; k++) part[k] = sums[k];
}

vly_status vly_balance_cpu(vly_queue *queue, const vly_matrix *a, const double *u, float *residual, double *sums,
                           double *parts)
{
    const job j = {.a = a, .u = u, .residual = residual};
    VLY_TRY(vly_rows_part(queue, a->rows, balance_by_form, &j, 4, parts));
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

static void product_by_form(const void *self, int32_t from, int32_t to, double *part)
{
    const job *j = self;
    double sums[4] = {0.0};
    VLY_ROWS_BY_FORM(product_rows, j, from, to, sums);
    for (int k = 0; k < 4; k++) part[k] = sums[k];
}

vly_status vly_products_cpu(vly_queue *queue, const vly_matrix *a, const float *z, const float *p, const float *last,
                            const float *residual, double *sums, double *parts)
{
    const job j = {.a = a, .z = z, .p = p, .last = last, .residual = (float *)residual};
    VLY_TRY(vly_rows_part(queue, a->rows, product_by_form, &j, 4, parts));
    vly_chunks_sum(a->rows, parts, sums);
    return VLY_OK;
}
