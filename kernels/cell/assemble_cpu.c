/* The equations of a half cell, node by node. */
#include "cell/tally_cpu.h"

typedef struct job {
    const vly_cell_graph *g;
    const vly_cell_laws *laws;
    const double *u;
    const vly_cell_matrix *m;
    const vly_cell_moment *s;
    const vly_cell_border *border;
} job;

static int32_t nodes_of(const vly_cell_graph *g)
{
    return g->electrons + g->electrolytes + g->solids;
}

static void property_rows(const void *self, int32_t from, int32_t to)
{
    const job *j = self;
    for (int32_t n = from; n < to; n++) vly_cell_properties(j->g, j->laws, j->u, n);
}

vly_status vly_cell_properties_cpu(vly_queue *queue, const vly_cell_graph *graph, const vly_cell_laws *laws,
                                   const double *u)
{
    const job j = {.g = graph, .laws = laws, .u = u};
    return vly_rows_run(queue, nodes_of(graph), property_rows, &j);
}

static void reaction_rows(const void *self, int32_t from, int32_t to)
{
    const job *j = self;
    for (int32_t f = from; f < to; f++) j->g->reaction[f] = vly_cell_reaction_of(j->g, j->laws, j->u, f);
}

vly_status vly_cell_reactions_cpu(vly_queue *queue, const vly_cell_graph *graph, const vly_cell_laws *laws,
                                  const double *u)
{
    const job j = {.g = graph, .laws = laws, .u = u};
    return vly_rows_run(queue, graph->faces, reaction_rows, &j);
}

static void balance_rows(const void *self, int32_t from, int32_t to)
{
    const job *j = self;
    for (int32_t n = from; n < to; n++) vly_cell_balance(j->g, j->laws, j->m, j->s, n);
}

vly_status vly_cell_balances_cpu(vly_queue *queue, const vly_cell_graph *graph, const vly_cell_laws *laws,
                                 const vly_cell_matrix *matrix, const vly_cell_moment *moment)
{
    const job j = {.g = graph, .laws = laws, .m = matrix, .s = moment};
    return vly_rows_run(queue, nodes_of(graph), balance_rows, &j);
}

static void forget_rows(const void *self, int32_t from, int32_t to, double *part)
{
    const job *j = self;
    for (int32_t i = from; i < to; i++) {
        const int32_t row = vly_cell_ce(j->g, i);
        const double volume = j->g->electrolyte_volume[i], fall = j->s->earlier[row] - j->s->before[row];
        part[0] += volume * (fall - vly_cell_salt_fall(j->s, row));
        part[1] += volume * j->s->before[row];
    }
}

vly_status vly_cell_forgotten_cpu(vly_queue *queue, const vly_cell_graph *graph, const vly_cell_moment *moment,
                                  double *sums, double *parts)
{
    const job j = {.g = graph, .s = moment};
    return vly_tally_run(queue, graph->electrolytes, forget_rows, &j, parts, 4, sums);
}

static void plane_rows(const void *self, int32_t from, int32_t to, double *part)
{
    const job *j = self;
    int32_t collectors = j->g->collectors;
    for (int32_t k = from; k < to && k < collectors; k++) {
        double conductance;
        part[0] += vly_cell_collect(j->g, j->m, j->s, j->border, k, &conductance);
        part[1] += conductance;
    }
    for (int32_t k = from < collectors ? collectors : from; k < to; k++)
        part[2] += vly_cell_plate(j->g, j->laws, j->m, j->s, k - collectors);
}

vly_status vly_cell_planes_cpu(vly_queue *queue, const vly_cell_graph *graph, const vly_cell_laws *laws,
                               const vly_cell_matrix *matrix, const vly_cell_moment *moment,
                               const vly_cell_border *border, double *sums, double *parts)
{
    const job j = {.g = graph, .laws = laws, .m = matrix, .s = moment, .border = border};
    return vly_tally_run(queue, (int64_t)graph->collectors + graph->lithiums, plane_rows, &j, parts, 4, sums);
}
