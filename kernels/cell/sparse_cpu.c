/* Sums over rows are chunk by chunk (transport/rows_of_matrix_cpu.h); the border's few ties are summed up by whoever queues. */
#include "transport/rows_of_matrix_cpu.h"

typedef struct job {
    const vly_sparse *a;
    const vly_matrix *graph;
    const float *z, *tie, *u;
    const double *x, *right, *factor, *scale, *y;
    double gain, *out;
    vly_sparse_block block;
    const int32_t *first;
    float *weight, *ground, *single;
} job;

/* ---- the whole system ---- */

static void scale_rows(const void *self, int32_t from, int32_t to, double *part)
{
    const job *j = self;
    int32_t bad = 0;
    for (int32_t i = from; i < to; i++) {
        j->out[i] = vly_sparse_factor(j->a, j->scale, i);
        bad += j->out[i] > 0.0 ? 0 : 1;
    }
    part[0] = bad;
}

vly_status vly_sparse_scale_cpu(vly_queue *queue, const vly_sparse *a, const double *scale, double *factor, double *bad,
                                double *parts)
{
    const job j = {.a = a, .scale = scale, .out = factor};
    VLY_TRY(vly_rows_part(queue, a->rows, scale_rows, &j, 1, parts));
    vly_parts_sum(a->rows, 1, parts, 1, bad);
    return VLY_OK;
}

static void product_rows(const void *self, int32_t from, int32_t to)
{
    const job *j = self;
    const vly_sparse a = *j->a;
    for (int32_t i = from; i < to; i++) j->out[i] = j->factor[i] * vly_sparse_row(&a, j->z, NULL, i);
}

vly_status vly_sparse_product_cpu(vly_queue *queue, const vly_sparse *a, const float *z, const double *factor,
                                  double *y)
{
    const job j = {.a = a, .z = z, .factor = factor, .out = y};
    double border = (double)z[a->rows], sum = a->diagonal * border;
    VLY_TRY(vly_rows_run(queue, a->rows, product_rows, &j));
    for (int32_t t = 0; t < a->ties; t++) {
        int32_t i = a->tie[t];
        y[i] -= factor[i] * a->weight[t] * border;
        sum -= a->weight[t] * (double)z[i];
        if (a->solid[t] >= 0) sum += a->slope[t] * (double)z[a->solid[t]];
    }
    y[a->rows] = factor[a->rows] * sum;
    return VLY_OK;
}

static void residual_rows(const void *self, int32_t from, int32_t to)
{
    const job *j = self;
    const vly_sparse a = *j->a;
    for (int32_t i = from; i < to; i++)
        j->out[i] = j->factor[i] * (j->right[i] - (j->x ? vly_sparse_row(&a, NULL, j->x, i) : 0.0));
}

vly_status vly_sparse_residual_cpu(vly_queue *queue, const vly_sparse *a, const double *x, double border_x,
                                   const double *right, double border_right, const double *factor, double *y)
{
    const job j = {.a = a, .x = x, .right = right, .factor = factor, .out = y};
    double sum = border_right - a->diagonal * border_x;
    VLY_TRY(vly_rows_run(queue, a->rows, residual_rows, &j));
    for (int32_t t = 0; x && t < a->ties; t++) {
        int32_t i = a->tie[t];
        y[i] += factor[i] * a->weight[t] * border_x;
        sum += a->weight[t] * x[i];
        if (a->solid[t] >= 0) sum -= a->slope[t] * x[a->solid[t]];
    }
    y[a->rows] = factor[a->rows] * sum;
    return VLY_OK;
}

/* ---- a block of it ---- */

static void below_rows(const void *self, int32_t from, int32_t to)
{
    const job *j = self;
    const vly_sparse a = *j->a;
    int32_t begin = j->block.begin;
    for (int32_t i = begin + from; i < begin + to; i++)
        j->single[i - begin] = (float)(j->gain * j->y[i] / j->factor[i] - vly_sparse_below(&a, j->z, begin, i));
}

vly_status vly_sparse_below_cpu(vly_queue *queue, const vly_sparse *a, vly_sparse_block block, const double *y,
                                const double *factor, double gain, const float *z, float *out)
{
    const job j = {.a = a, .block = block, .y = y, .factor = factor, .gain = gain, .z = z, .single = out};
    return vly_rows_run(queue, block.end - block.begin, below_rows, &j);
}

static void graph_rows(const void *self, int32_t from, int32_t to, double *part)
{
    const job *j = self;
    double least = 1.0;
    for (int32_t i = from; i < to; i++) {
        double share = vly_sparse_graph(j->a, j->block, i, j->first, j->weight, j->ground);
        least = share < least ? share : least;
    }
    part[0] = least;
}

vly_status vly_sparse_graph_cpu(vly_queue *queue, const vly_sparse *a, vly_sparse_block block, const int32_t *first,
                                float *weight, float *ground, double *least, double *parts)
{
    const job j = {.a = a, .block = block, .first = first, .weight = weight, .ground = ground};
    int64_t rows = block.end - block.begin;
    VLY_TRY(vly_rows_part(queue, rows, graph_rows, &j, 1, parts));
    *least = 1.0;
    for (int64_t chunk = 0; chunk < vly_chunks(rows); chunk++) *least = parts[chunk] < *least ? parts[chunk] : *least;
    return VLY_OK;
}

/* ---- the border ---- */

vly_status vly_sparse_ties_cpu(vly_queue *queue, const vly_sparse *a, int32_t rows, float *to)
{
    (void)queue;
    for (int32_t i = 0; i < rows; i++) to[i] = 0.0f;
    for (int32_t t = 0; t < a->ties; t++) to[a->tie[t]] = (float)a->weight[t];
    return VLY_OK;
}

static void lift_rows(const void *self, int32_t from, int32_t to, double *part)
{
    const job *j = self;
    double sum = 0.0;
    for (int32_t i = from; i < to; i++) sum += vly_sparse_lift(j->graph, j->tie, j->u, i, &j->single[i]);
    part[0] = sum;
}

vly_status vly_sparse_lift_cpu(vly_queue *queue, const vly_matrix *graph, const float *tie, const float *u,
                               float *residual, double *energy, double *parts)
{
    const job j = {.graph = graph, .tie = tie, .u = u, .single = residual};
    VLY_TRY(vly_rows_part(queue, graph->rows, lift_rows, &j, 1, parts));
    vly_parts_sum(graph->rows, 1, parts, 1, energy);
    return VLY_OK;
}

vly_status vly_sparse_border_cpu(vly_queue *queue, int32_t rows, const double *y, const double *factor, double gain,
                                 double *sum, const double *energy, float *z)
{
    (void)queue;
    *sum += gain * y[rows] / factor[rows];
    z[rows] = (float)vly_sparse_ratio(sum, energy);
    return VLY_OK;
}
