/* One step of a polynomial smoother: everything a row needs in one visit. */
#include "transport/rows_of_matrix_cpu.h"

typedef struct job {
    const vly_matrix *a;
    const float *step;
    float *residual, *solution, *next;
    float carry, gain;
    bool first;
} job;

static inline __attribute__((always_inline)) void start_rows(const job *j, vly_matrix_form form, int32_t from,
                                                             int32_t to)
{
    for (int32_t i = from; i < to; i++)
        j->next[i] = j->gain * vly_matrix_divide(j->residual[i], vly_matrix_diagonal(j->a, form, i));
}

static void start_by_form(const void *self, int32_t from, int32_t to)
{
    const job *j = self;
    VLY_ROWS_BY_FORM(start_rows, j, from, to);
}

vly_status vly_relax_start_cpu(vly_queue *queue, const vly_matrix *a, const float *residual, float gain, float *next)
{
    const job j = {.a = a, .residual = (float *)residual, .gain = gain, .next = next};
    return vly_rows_run(queue, a->rows, start_by_form, &j);
}

static inline __attribute__((always_inline)) void relax_rows(const job *j, vly_matrix_form form, int32_t from,
                                                             int32_t to)
{
    const vly_matrix a = *j->a;
    const float *restrict step = j->step;
    float *restrict residual = j->residual, *restrict solution = j->solution, *restrict next = j->next;
    for (int32_t i = from; i < to; i++) {
        vly_matrix_sum sum = vly_matrix_row(&a, form, step, i);
        float left = residual[i] - sum.outflow;
        residual[i] = left;
        solution[i] = j->first ? step[i] : solution[i] + step[i];
        if (next) next[i] = j->carry * step[i] + j->gain * vly_matrix_divide(left, sum.diagonal);
    }
}

static void relax_by_form(const void *self, int32_t from, int32_t to)
{
    const job *j = self;
    VLY_ROWS_BY_FORM(relax_rows, j, from, to);
}

vly_status vly_relax_cpu(vly_queue *queue, const vly_matrix *a, const float *step, float *residual, float *solution,
                         bool first, float carry, float gain, float *next)
{
    const job j = {a, step, residual, solution, next, carry, gain, first};
    return vly_rows_run(queue, a->rows, relax_by_form, &j);
}
