/* The equations of a half cell, node by node. */
#include "cell/tally_cpu.h"

typedef struct job {
    const vly_cell_graph *g;
    const vly_cell_laws *laws;
    const double *u;
    const vly_cell_matrix *m;
    const vly_cell_moment *s;
    const vly_cell_border *border;
    double *parts;
} job;

static int32_t nodes_of(const vly_cell_graph *g)
{
    return g->electrons + g->electrolytes + g->solids;
}

static vly_status property_chunk(void *self, int64_t chunk, int32_t worker)
{
    const job *j = self;
    int32_t from, to;
    (void)worker;
    vly_chunk_rows(chunk, nodes_of(j->g), &from, &to);
    for (int32_t n = from; n < to; n++) vly_cell_properties(j->g, j->laws, j->u, n);
    return VLY_OK;
}

vly_status vly_cell_properties_cpu(vly_queue *queue, const vly_cell_graph *graph, const vly_cell_laws *laws,
                                   const double *u)
{
    job j = {.g = graph, .laws = laws, .u = u};
    return vly_chunks_run(queue, nodes_of(graph), property_chunk, &j);
}

static vly_status reaction_chunk(void *self, int64_t chunk, int32_t worker)
{
    const job *j = self;
    int32_t from, to;
    (void)worker;
    vly_chunk_rows(chunk, j->g->faces, &from, &to);
    for (int32_t f = from; f < to; f++) j->g->reaction[f] = vly_cell_reaction_of(j->g, j->laws, j->u, f);
    return VLY_OK;
}

vly_status vly_cell_reactions_cpu(vly_queue *queue, const vly_cell_graph *graph, const vly_cell_laws *laws,
                                  const double *u)
{
    job j = {.g = graph, .laws = laws, .u = u};
    return vly_chunks_run(queue, graph->faces, reaction_chunk, &j);
}

static vly_status balance_chunk(void *self, int64_t chunk, int32_t worker)
{
    const job *j = self;
    int32_t from, to;
    (void)worker;
    vly_chunk_rows(chunk, nodes_of(j->g), &from, &to);
    for (int32_t n = from; n < to; n++) vly_cell_balance(j->g, j->laws, j->m, j->s, n);
    return VLY_OK;
}

vly_status vly_cell_balances_cpu(vly_queue *queue, const vly_cell_graph *graph, const vly_cell_laws *laws,
                                 const vly_cell_matrix *matrix, const vly_cell_moment *moment)
{
    job j = {.g = graph, .laws = laws, .m = matrix, .s = moment};
    return vly_chunks_run(queue, nodes_of(graph), balance_chunk, &j);
}

static vly_status plane_chunk(void *self, int64_t chunk, int32_t worker)
{
    const job *j = self;
    int32_t from, to, collectors = j->g->collectors;
    double *part = j->parts + 4 * chunk;
    (void)worker;
    vly_chunk_rows(chunk, (int64_t)collectors + j->g->lithiums, &from, &to);
    for (int k = 0; k < 4; k++) part[k] = 0.0;
    for (int32_t k = from; k < to && k < collectors; k++) {
        double conductance;
        part[0] += vly_cell_collect(j->g, j->m, j->s, j->border, k, &conductance);
        part[1] += conductance;
    }
    for (int32_t k = from < collectors ? collectors : from; k < to; k++)
        part[2] += vly_cell_plate(j->g, j->laws, j->m, j->s, k - collectors);
    return VLY_OK;
}

vly_status vly_cell_planes_cpu(vly_queue *queue, const vly_cell_graph *graph, const vly_cell_laws *laws,
                               const vly_cell_matrix *matrix, const vly_cell_moment *moment,
                               const vly_cell_border *border, double *sums, double *parts)
{
    job j = {.g = graph, .laws = laws, .m = matrix, .s = moment, .border = border, .parts = parts};
    int64_t items = (int64_t)graph->collectors + graph->lithiums;
    VLY_TRY(vly_chunks_run(queue, items, plane_chunk, &j));
    vly_tally_chunks(items, parts, 4, sums);
    return VLY_OK;
}
