/* The matrix of the aggregates: couplings between members of two aggregates add up, those inside one vanish (Galerkin with
 * piecewise constant interpolation). Rows are gathered twice, to count and to fill, so that nothing is stored in between. */
#include "transport/coarsen.h"

#include "core/memory.h"

#include <string.h>

enum { ITEM_ROWS = 1 << 12 };

typedef struct contraction {
    const vly_matrix *fine;
    const int32_t *aggregate, *first_member, *member;
    const uint64_t *place; /* blocks of the fine nodes */
    uint8_t *spans;        /* (count) axes along which members of an aggregate differ, as bits; NULL: does not matter */
    float weaken, weaken_ground;
    int32_t *target;         /* of the fine matrix's couplings, or NULL */
    int32_t count, widest;   /* aggregates; couplings of the members of one at most */
    int32_t *first, *column; /* of the coarse matrix */
    float *weight, *ground;
    int32_t **columns; /* (threads) scratch of `widest` */
    double **weights;
} contraction;

/* Axes along which two places differ, as bits. */
static int axes(uint64_t one, uint64_t other)
{
    const uint64_t axis = (UINT64_C(1) << 21) - 1, d = one ^ other;
    return ((d & axis) != 0) | ((d >> 21 & axis) != 0) << 1 | ((d >> 42) != 0) << 2;
}

/* Whether plain interpolation makes the coupling of fine nodes i and j too stiff: it runs from block to block, and one of
 * the aggregates c and d is longer than its nodes that way, so that it is further from middle to middle than before. */
static bool stiff(const contraction *x, int32_t i, int32_t j, int32_t c, int32_t d)
{
    if (x->place[i] == x->place[j]) return false;
    return !x->spans || axes(x->place[i], x->place[j]) & (x->spans[c] | x->spans[d]);
}

/* Couplings of aggregate c, each once, in the order in which the members have them. */
static int32_t gather_row(const contraction *x, int32_t c, int32_t *column, double *weight)
{
    int32_t found = 0;
    vly_row row;
    for (int32_t m = x->first_member[c]; m < x->first_member[c + 1]; m++) {
        int32_t i = x->member[m];
        vly_row_of(&row, x->fine, i);
        for (int32_t k = 0; k < row.count; k++) {
            int32_t other = x->aggregate[row.column[k]], at = 0;
            if (other == c) continue;
            double scale = stiff(x, i, row.column[k], c, other) ? (double)x->weaken : 1.0;
            while (at < found && column[at] != other) at++;
            if (at == found) column[found] = other, weight[found++] = 0.0;
            weight[at] += scale * (double)row.weight[k];
        }
    }
    return found;
}

/* Where the couplings of the members of aggregate c have gone. */
static void aim_row(const contraction *x, int32_t c)
{
    for (int32_t m = x->first_member[c]; m < x->first_member[c + 1]; m++) {
        int32_t i = x->member[m];
        for (int32_t k = x->fine->first[i]; k < x->fine->first[i + 1]; k++) {
            int32_t j = x->fine->column[k], other = x->aggregate[j], at = x->first[c];
            while (other != c && x->column[at] != other) at++;
            int32_t slot = at - x->first[c] + 1;
            x->target[k] = other == c ? 0 : stiff(x, i, j, c, other) ? -slot : slot;
        }
    }
}

static int32_t item_end(const contraction *x, int64_t item)
{
    int64_t end = (item + 1) * ITEM_ROWS;
    return (int32_t)(end < x->count ? end : x->count);
}

static vly_status count_rows(void *self, int64_t item, int32_t worker)
{
    contraction *x = self;
    for (int32_t c = (int32_t)(item * ITEM_ROWS); c < item_end(x, item); c++)
        x->first[c + 1] = gather_row(x, c, x->columns[worker], x->weights[worker]);
    return VLY_OK;
}

static vly_status fill_rows(void *self, int64_t item, int32_t worker)
{
    contraction *x = self;
    for (int32_t c = (int32_t)(item * ITEM_ROWS); c < item_end(x, item); c++) {
        int32_t found = gather_row(x, c, x->columns[worker], x->weights[worker]);
        double ground = 0.0;
        for (int32_t k = 0; k < found; k++) {
            x->column[x->first[c] + k] = x->columns[worker][k];
            x->weight[x->first[c] + k] = (float)x->weights[worker][k];
        }
        for (int32_t m = x->first_member[c]; m < x->first_member[c + 1]; m++)
            ground += (double)vly_matrix_ground(x->fine, x->fine->form, x->member[m]);
        x->ground[c] = (float)(ground * (double)x->weaken_ground);
        if (x->target) aim_row(x, c);
    }
    return VLY_OK;
}

/* first_member, member: a counting sort that keeps the order of the nodes. */
static vly_status list_members(vly_level *fine, vly_device *device, int32_t count, const int32_t *aggregate)
{
    int32_t rows = fine->matrix.host.rows;
    VLY_TRY(vly_twin_create(&fine->first_member, device, (int64_t)count + 1, sizeof(int32_t), "aggregates"));
    VLY_TRY(vly_twin_create(&fine->member, device, rows, sizeof(int32_t), "aggregates"));
    int32_t *first = fine->first_member.host, *member = fine->member.host;
    for (int32_t i = 0; i < rows; i++) first[aggregate[i]]++;
    for (int32_t c = 0, at = 0; c <= count; c++) {
        int32_t size = first[c];
        first[c] = at;
        at += size;
    }
    for (int32_t i = 0; i < rows; i++) member[first[aggregate[i]]++] = i;
    memmove(first + 1, first, (size_t)count * sizeof *first);
    first[0] = 0;
    VLY_TRY(vly_twin_upload(&fine->first_member));
    return vly_twin_upload(&fine->member);
}

static vly_status alloc_scratch(contraction *x, int32_t threads)
{
    vly_row row;
    for (int32_t c = 0; c < x->count; c++) {
        int32_t wide = 0;
        for (int32_t m = x->first_member[c]; m < x->first_member[c + 1]; m++) {
            vly_row_of(&row, x->fine, x->member[m]);
            wide += row.count;
        }
        x->widest = wide > x->widest ? wide : x->widest;
    }
    VLY_TRY(VLY_NEW(&x->columns, threads, "couplings"));
    VLY_TRY(VLY_NEW(&x->weights, threads, "couplings"));
    for (int32_t t = 0; t < threads; t++) {
        VLY_TRY(VLY_NEW(&x->columns[t], x->widest + 1, "couplings"));
        VLY_TRY(VLY_NEW(&x->weights[t], x->widest + 1, "couplings"));
    }
    return VLY_OK;
}

static void free_scratch(contraction *x, int32_t threads)
{
    for (int32_t t = 0; t < threads; t++) {
        if (x->columns) vly_free(x->columns[t]);
        if (x->weights) vly_free(x->weights[t]);
    }
    vly_free(x->columns);
    vly_free(x->weights);
}

static vly_status alloc_matrix(vly_matrix_twin *m, vly_device *device, int32_t rows, int64_t entries)
{
    if (entries > INT32_MAX)
        return vly_fail(VLY_EDATA, "multigrid: %lld couplings, below 2^31 expected", (long long)entries);
    VLY_TRY(vly_twin_create(&m->column, device, entries, sizeof(int32_t), "couplings"));
    VLY_TRY(vly_twin_create(&m->weight, device, entries, sizeof(float), "couplings"));
    return vly_twin_create(&m->ground, device, rows, sizeof(float), "couplings");
}

vly_status vly_matrix_publish(vly_matrix_twin *m)
{
    const int32_t rows = m->host.rows;
    VLY_TRY(vly_twin_upload(&m->first));
    VLY_TRY(vly_twin_upload(&m->column));
    VLY_TRY(vly_twin_upload(&m->weight));
    VLY_TRY(vly_twin_upload(&m->ground));
    m->host = (vly_matrix){.form = VLY_MATRIX_GRAPH,
                           .rows = rows,
                           .first = m->first.host,
                           .column = m->column.host,
                           .weight = m->weight.host,
                           .ground = m->ground.host};
    m->device = (vly_matrix){.form = VLY_MATRIX_GRAPH,
                             .rows = rows,
                             .first = m->first.device.data,
                             .column = m->column.device.data,
                             .weight = m->weight.device.data,
                             .ground = m->ground.device.data};
    return VLY_OK;
}

static vly_status contract(contraction *x, vly_matrix_twin *coarse, vly_device *device)
{
    int64_t items = ((int64_t)x->count + ITEM_ROWS - 1) / ITEM_ROWS, entries = 0;
    VLY_TRY(vly_twin_create(&coarse->first, device, (int64_t)x->count + 1, sizeof(int32_t), "couplings"));
    x->first = coarse->first.host;
    VLY_TRY(vly_pool_run(device->pool, items, count_rows, x));
    for (int32_t c = 0; c < x->count; c++) entries += x->first[c + 1];
    VLY_TRY(alloc_matrix(coarse, device, x->count, entries));
    for (int32_t c = 0; c < x->count; c++) x->first[c + 1] += x->first[c];
    x->column = coarse->column.host;
    x->weight = coarse->weight.host;
    x->ground = coarse->ground.host;
    VLY_TRY(vly_pool_run(device->pool, items, fill_rows, x));
    coarse->host.rows = x->count;
    return vly_matrix_publish(coarse);
}

static vly_status find_spans(contraction *x, int32_t rows, const uint64_t *before)
{
    if (!before) return VLY_OK;
    VLY_TRY(VLY_NEW(&x->spans, x->count, "aggregates"));
    for (int32_t i = 0; i < rows; i++) {
        int32_t c = x->aggregate[i];
        x->spans[c] |= (uint8_t)axes(before[i], before[x->member[x->first_member[c]]]);
    }
    return VLY_OK;
}

vly_status vly_coarsen(vly_level *fine, vly_matrix_twin *coarse, vly_device *device, int32_t count,
                       const int32_t *aggregate, const uint64_t *before, uint64_t *place,
                       const vly_multigrid_options *options)
{
    contraction x = {.fine = &fine->matrix.host,
                     .aggregate = aggregate,
                     .place = place,
                     .weaken = options->weaken,
                     .weaken_ground = options->ground,
                     .target = fine->target.host,
                     .count = count};
    int32_t threads = device->pool->threads;
    VLY_TRY(list_members(fine, device, count, aggregate));
    x.first_member = fine->first_member.host;
    x.member = fine->member.host;
    vly_status status = find_spans(&x, fine->matrix.host.rows, before);
    if (status == VLY_OK) status = alloc_scratch(&x, threads);
    if (status == VLY_OK) status = contract(&x, coarse, device);
    if (status == VLY_OK && x.target) status = vly_twin_upload(&fine->target);
    free_scratch(&x, threads);
    vly_free(x.spans);
    /* aggregates are numbered by their first members, so none is overwritten before it is read */
    for (int32_t c = 0; c < count; c++) place[c] = place[x.member[x.first_member[c]]];
    return status;
}

vly_status vly_matrix_reserve(vly_matrix_twin *out, vly_device *device, int32_t rows, int64_t couplings)
{
    out->host.rows = rows;
    if (!out->first.host)
        VLY_TRY(vly_twin_create(&out->first, device, (int64_t)rows + 1, sizeof(int32_t), "couplings"));
    return alloc_matrix(out, device, rows, couplings);
}

vly_status vly_matrix_graph(vly_matrix_twin *out, vly_device *device, int32_t rows, const int32_t *first,
                            const int32_t *column, const float *weight, const float *ground)
{
    *out = (vly_matrix_twin){.host = {.rows = 0}};
    VLY_TRY(vly_matrix_reserve(out, device, rows, first[rows]));
    memcpy(out->first.host, first, (size_t)(rows + 1) * sizeof *first);
    memcpy(out->column.host, column, (size_t)first[rows] * sizeof *column);
    memcpy(out->weight.host, weight, (size_t)first[rows] * sizeof *weight);
    memcpy(out->ground.host, ground, (size_t)rows * sizeof *ground);
    return vly_matrix_publish(out);
}

void vly_matrix_free(vly_matrix_twin *m)
{
    vly_twin_free(&m->first);
    vly_twin_free(&m->column);
    vly_twin_free(&m->weight);
    vly_twin_free(&m->ground);
}
