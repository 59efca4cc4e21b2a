/* What a multigrid cycle does to vectors besides applying matrices: between levels, and sums along them. */
#include "transport/rows_of_matrix_cpu.h"

typedef struct job {
    const int32_t *first, *member;
    const float *in[2], *pairs[2][4];
    float *out[3];
    float scale[2];
    int32_t count;
    double *u;
    double beta, alpha;
} job;

/* ---- between levels ---- */

static void gather_rows(const void *self, int32_t from, int32_t to)
{
    const job *j = self;
    for (int32_t i = from; i < to; i++) {
        float sum = 0.0f;
        for (int32_t k = j->first[i]; k < j->first[i + 1]; k++) sum += j->in[0][j->member[k]];
        j->out[0][i] = sum;
        j->out[1][i] = sum;
    }
}

vly_status vly_gather_cpu(vly_queue *queue, int64_t aggregates, const int32_t *first, const int32_t *member,
                          const float *fine, float *coarse, float *copy)
{
    const job j = {.first = first, .member = member, .in = {fine}, .out = {coarse, copy}};
    return vly_rows_run(queue, aggregates, gather_rows, &j);
}

static void spread_rows(const void *self, int32_t from, int32_t to)
{
    const job *j = self;
    for (int32_t i = from; i < to; i++) {
        float value = j->scale[0] * j->in[0][i] + j->scale[1] * j->in[1][i];
        for (int32_t k = j->first[i]; k < j->first[i + 1]; k++) j->out[0][j->member[k]] = value;
    }
}

vly_status vly_spread_cpu(vly_queue *queue, int64_t aggregates, const int32_t *first, const int32_t *member,
                          const float *const coarse[2], const float scale[2], float *fine)
{
    const job j = {
        .first = first, .member = member, .in = {coarse[0], coarse[1]}, .scale = {scale[0], scale[1]}, .out = {fine}};
    return vly_rows_run(queue, aggregates, spread_rows, &j);
}

/* ---- along one level ---- */

static void dots_rows(const void *self, int32_t from, int32_t to, double *part)
{
    const job *j = self;
    for (int32_t k = 0; k < 4; k++) {
        double lanes[8] = {0.0}, sum = 0.0;
        const float *a = j->pairs[0][k], *b = j->pairs[1][k];
        int32_t i = from;
        for (; k < j->count && i + 8 <= to; i += 8)
            for (int32_t l = 0; l < 8; l++) lanes[l] += (double)a[i + l] * (double)b[i + l];
        for (; k < j->count && i < to; i++) sum += (double)a[i] * (double)b[i];
        for (int32_t l = 0; l < 8; l++) sum += lanes[l];
        part[k] = sum;
    }
}

vly_status vly_dots_cpu(vly_queue *queue, int64_t rows, int32_t count, const float *const a[4], const float *const b[4],
                        double *sums, double *parts)
{
    job j = {.count = count};
    for (int32_t k = 0; k < count; k++) j.pairs[0][k] = a[k], j.pairs[1][k] = b[k];
    VLY_TRY(vly_rows_part(queue, rows, dots_rows, &j, 4, parts));
    vly_chunks_sum(rows, parts, sums);
    return VLY_OK;
}

static void deflate_rows(const void *self, int32_t from, int32_t to)
{
    const job *j = self;
    float *restrict right = j->out[0], *restrict residual = j->out[1], *restrict image = j->out[2], scale = j->scale[0];
    for (int32_t i = from; i < to; i++) {
        float v = right[i] - residual[i], rest = right[i] - scale * v;
        image[i] = v;
        right[i] = rest;
        residual[i] = rest;
    }
}

vly_status vly_deflate_cpu(vly_queue *queue, int64_t rows, float scale, float *right, float *residual, float *image)
{
    const job j = {.scale = {scale}, .out = {right, residual, image}};
    return vly_rows_run(queue, rows, deflate_rows, &j);
}

static void add_rows(const void *self, int32_t from, int32_t to)
{
    const job *j = self;
    float *restrict sum = j->out[0];
    const float *restrict term = j->in[0];
    for (int32_t i = from; i < to; i++) sum[i] += term[i];
}

vly_status vly_add_cpu(vly_queue *queue, int64_t rows, const float *term, float *sum)
{
    const job j = {.in = {term}, .out = {sum}};
    return vly_rows_run(queue, rows, add_rows, &j);
}

static void advance_rows(const void *self, int32_t from, int32_t to)
{
    const job *j = self;
    const float *restrict z = j->in[0], beta = (float)j->beta;
    float *restrict p = j->out[0];
    double *restrict u = j->u, alpha = j->alpha;
    for (int32_t i = from; i < to; i++) {
        p[i] = z[i] + beta * p[i];
        u[i] += alpha * (double)p[i];
    }
}

vly_status vly_advance_cpu(vly_queue *queue, int64_t rows, const float *z, double beta, float *p, double alpha,
                           double *u)
{
    const job j = {.in = {z}, .out = {p}, .beta = beta, .alpha = alpha, .u = u};
    return vly_rows_run(queue, rows, advance_rows, &j);
}

/* ---- the coarsest level ---- */

vly_status vly_dense_cpu(vly_queue *queue, int32_t rows, const float *inverse, const float *right, float *solution)
{
    (void)queue;
    for (int32_t i = 0; i < rows; i++) {
        const float *row = inverse + (int64_t)i * rows;
        float lanes[16] = {0.0f}, sum = 0.0f;
        int32_t k = 0;
        for (; k + 16 <= rows; k += 16)
            for (int32_t l = 0; l < 16; l++) lanes[l] += row[k + l] * right[k + l];
        for (; k < rows; k++) sum += row[k] * right[k];
        for (int32_t l = 0; l < 16; l++) sum += lanes[l];
        solution[i] = sum;
    }
    return VLY_OK;
}
