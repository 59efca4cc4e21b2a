/* The unknowns of a half cell from one Newton system to the next, and what the steps amount to. */
#include "cell/tally_cpu.h"

enum { BLOCK = 64 }; /* rows between two sums */

typedef struct job {
    const vly_cell_layout *l;
    const vly_cell_past *past;
    const double *step, *volume[2];
    double damping;
    double *u;
    const double *c;
} job;

static void measure_rows(const void *self, int32_t from, int32_t to, double *part)
{
    const job *j = self;
    for (int32_t i = from; i < to; i++) {
        double size = fabs(j->step[i]) / vly_cell_unit(j->l, i);
        int to_which = i < j->l->potentials ? 1 : 2;
        part[0] += isfinite(size) ? 0.0 : 1.0;
        part[to_which] = fmax(part[to_which], size);
    }
}

vly_status vly_cell_measure_cpu(vly_queue *queue, const vly_cell_layout *layout, const double *step, double *sums,
                                double *parts)
{
    const job j = {.l = layout, .step = step};
    return vly_tally_run(queue, vly_cell_layout_rows(layout), measure_rows, &j, parts, 1, sums);
}

static void move_rows(const void *self, int32_t from, int32_t to, double *part)
{
    const job *j = self;
    for (int32_t i = from; i < to; i++) {
        bool cut;
        j->u[i] = vly_cell_moved(j->l, i, j->u[i], j->step[i], j->damping, &cut);
        part[0] += cut ? 1.0 : 0.0;
    }
}

vly_status vly_cell_move_cpu(vly_queue *queue, const vly_cell_layout *layout, const double *step, double damping,
                             double *u, double *sums, double *parts)
{
    const job j = {.l = layout, .step = step, .damping = damping, .u = u};
    return vly_tally_run(queue, vly_cell_layout_rows(layout), move_rows, &j, parts, 4, sums);
}

static void foretell_rows(const void *self, int32_t from, int32_t to)
{
    const job *j = self;
    for (int32_t i = from; i < to; i++) j->u[i] = vly_cell_guess(j->l, j->past, i);
}

vly_status vly_cell_foretell_cpu(vly_queue *queue, const vly_cell_layout *layout, const vly_cell_past *past, double *u)
{
    const job j = {.l = layout, .past = past, .u = u};
    return vly_rows_run(queue, vly_cell_layout_rows(layout), foretell_rows, &j);
}

static void differ_rows(const void *self, int32_t from, int32_t to, double *part)
{
    const job *j = self;
    for (int32_t block = from; block < to; block += BLOCK) {
        double sums[2] = {0.0, 0.0};
        for (int32_t n = block; n < block + BLOCK && n < to; n++) {
            int32_t row = j->l->potentials + n, solid = n >= j->l->electrolytes;
            double volume = j->volume[solid][solid ? n - j->l->electrolytes : n];
            double d = (j->c[row] - vly_cell_foretold(j->past, row)) / vly_cell_unit(j->l, row);
            sums[solid] += volume * d * d;
            part[2] = fmax(part[2], fabs(d));
        }
        part[0] += sums[0];
        part[1] += sums[1];
    }
}

vly_status vly_cell_differ_cpu(vly_queue *queue, const vly_cell_layout *layout, const vly_cell_past *past,
                               const double *electrolyte_volume, const double *solid_volume, const double *u,
                               double *sums, double *parts)
{
    const job j = {.l = layout, .past = past, .volume = {electrolyte_volume, solid_volume}, .c = u};
    return vly_tally_run(queue, (int64_t)layout->electrolytes + layout->solids, differ_rows, &j, parts, 2, sums);
}

static void amount_rows(const void *self, int32_t from, int32_t to, double *part)
{
    const job *j = self;
    part[2] = part[3] = -INFINITY;
    for (int32_t block = from; block < to; block += BLOCK) {
        double sums[2] = {0.0, 0.0};
        for (int32_t n = block; n < block + BLOCK && n < to; n++) {
            sums[0] += j->volume[0][n] * j->c[n];
            sums[1] += j->volume[0][n];
            part[2] = fmax(part[2], j->c[n]);
            part[3] = fmax(part[3], -j->c[n]);
        }
        part[0] += sums[0];
        part[1] += sums[1];
    }
}

vly_status vly_cell_amount_cpu(vly_queue *queue, int32_t nodes, const double *c, const double *volume, double *sums,
                               double *parts)
{
    const job j = {.volume = {volume, NULL}, .c = c};
    return vly_tally_run(queue, nodes, amount_rows, &j, parts, 2, sums);
}
