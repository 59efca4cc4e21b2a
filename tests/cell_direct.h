/* The oracle of every linear solver of the half cell: elimination in an order of least degree, on the host, with the
 * collector's potential as one more unknown. Small systems only: fill is found with one bit per pair of unknowns. */
#ifndef VLY_CELL_DIRECT_H
#define VLY_CELL_DIRECT_H

#include "support.h"

#include "cell/march.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct direct_matrix {
    int32_t *first, *column, *row, *solid;
    double *value, *weight, *slope;
} direct_matrix;

typedef struct direct {
    vly_device *device;
    int32_t n;              /* rows of the system and the border */
    int32_t *order, *place; /* (n) unknown eliminated k-th, and its inverse */
    int32_t *first, *column,
        *middle; /* rows of L and U together, in that order; columns ascend; where the diagonal is */
    double *factor, *work, *scale, *rows;
    bool lost;            /* an entry had no place */
    direct_matrix matrix; /* its places, fetched once */
} direct;

/* The places where `m` has none yet, and the values. */
static void direct_fetch(direct_matrix *m, vly_device *device, const vly_cell_system *s)
{
    int64_t c = s->collectors;
    if (!m->first) {
        m->first = test_fetch(device, s->first, ((int64_t)s->rows + 1) * 4);
        m->column = test_fetch(device, s->column, (int64_t)m->first[s->rows] * 4);
    }
    if (c && !m->row) {
        m->row = test_fetch(device, s->collector_row, c * 4);
        m->solid = test_fetch(device, s->collector_solid, c * 4);
    }
    free(m->value), free(m->weight), free(m->slope);
    m->value = test_fetch(device, s->value, (int64_t)m->first[s->rows] * 8);
    m->weight = c ? test_fetch(device, s->collector_weight, c * 8) : NULL;
    m->slope = c ? test_fetch(device, s->collector_slope, c * 8) : NULL;
}

static void direct_release(direct_matrix *m)
{
    void *all[] = {m->first, m->column, m->row, m->solid, m->value, m->weight, m->slope};
    for (int k = 0; k < 7; k++) free(all[k]);
}

static int32_t direct_bits(const uint64_t *set, int32_t words)
{
    int32_t count = 0;
    for (int32_t w = 0; w < words; w++) count += __builtin_popcountll(set[w]);
    return count;
}

/* Eliminates on bits; leaves in `set` row k the unknowns that k meets when it is its turn. */
static void direct_eliminate(direct *d, uint64_t *set, int32_t words)
{
    int32_t *degree = malloc((size_t)d->n * sizeof *degree);
    bool *gone = calloc((size_t)d->n, 1);
    for (int32_t i = 0; i < d->n; i++) degree[i] = direct_bits(set + (int64_t)i * words, words);
    for (int32_t k = 0; k < d->n; k++) {
        int32_t best = 0;
        while (gone[best]) best++;
        for (int32_t i = best + 1; i < d->n; i++)
            if (!gone[i] && degree[i] < degree[best]) best = i;
        uint64_t *own = set + (int64_t)best * words;
        gone[best] = true;
        d->order[k] = best;
        d->place[best] = k;
        own[best / 64] &= ~(UINT64_C(1) << (best % 64));
        for (int32_t w = 0; w < words; w++)
            for (uint64_t left = own[w]; left; left &= left - 1) {
                int32_t j = 64 * w + __builtin_ctzll(left);
                uint64_t *other = set + (int64_t)j * words;
                for (int32_t v = 0; v < words; v++) other[v] |= own[v];
                other[best / 64] &= ~(UINT64_C(1) << (best % 64));
                degree[j] = direct_bits(other, words);
            }
    }
    free(degree);
    free(gone);
}

static int direct_compare(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static void direct_places(direct *d, const uint64_t *set, int32_t words)
{
    int32_t *count = calloc((size_t)d->n + 1, sizeof *count);
    for (int pass = 0; pass < 2; pass++) {
        if (pass) {
            d->first = calloc((size_t)d->n + 1, sizeof *d->first);
            for (int32_t i = 0; i < d->n; i++) d->first[i + 1] = d->first[i] + count[i];
            d->column = malloc((size_t)d->first[d->n] * sizeof *d->column);
            memcpy(count, d->first, (size_t)d->n * sizeof *count);
        }
        for (int32_t k = 0; k < d->n; k++) {
            const uint64_t *own = set + (int64_t)d->order[k] * words;
            if (pass) d->column[count[k]] = k;
            count[k]++;
            for (int32_t j = 0; j < d->n; j++) {
                if (!(own[j / 64] >> (j % 64) & 1)) continue;
                int32_t l = d->place[j];
                if (pass) d->column[count[k]] = l;
                count[k]++;
                if (pass) d->column[count[l]] = k;
                count[l]++;
            }
        }
    }
    d->middle = malloc((size_t)d->n * sizeof *d->middle);
    for (int32_t k = 0; k < d->n; k++) {
        qsort(d->column + d->first[k], (size_t)(d->first[k + 1] - d->first[k]), sizeof *d->column, direct_compare);
        for (int32_t e = d->first[k]; e < d->first[k + 1]; e++)
            if (d->column[e] == k) d->middle[k] = e;
    }
    d->factor = malloc((size_t)d->first[d->n] * sizeof *d->factor);
    free(count);
}

static vly_status direct_create(void **out, vly_device *device, const vly_cell_network *network,
                                const vly_cell_system *s)
{
    direct *d = calloc(1, sizeof *d);
    (void)network;
    *d = (direct){.device = device, .n = s->rows + 1};
    direct_fetch(&d->matrix, device, s);
    const direct_matrix m = d->matrix;
    int32_t words = (d->n + 63) / 64;
    size_t n = (size_t)d->n;
    uint64_t *set = calloc(n * (size_t)words, sizeof *set);
    d->order = malloc(n * sizeof *d->order);
    d->place = malloc(n * sizeof *d->place);
    d->work = calloc(n, sizeof *d->work);
    d->rows = calloc(n, sizeof *d->rows);
    d->scale = test_fetch(device, s->scale, s->rows * 8);
#define MEET(i, j) (set[(int64_t)(i)*words + (j) / 64] |= UINT64_C(1) << ((j) % 64))
    for (int32_t i = 0; i < s->rows; i++)
        for (int32_t e = m.first[i]; e < m.first[i + 1]; e++) MEET(i, m.column[e]), MEET(m.column[e], i);
    for (int32_t k = 0; k < s->collectors; k++) {
        MEET(m.row[k], s->rows), MEET(s->rows, m.row[k]);
        if (m.solid[k] >= 0) MEET(m.solid[k], s->rows), MEET(s->rows, m.solid[k]);
    }
    MEET(s->rows, s->rows);
#undef MEET
    direct_eliminate(d, set, words);
    direct_places(d, set, words);
    free(set);
    *out = d;
    return VLY_OK;
}

/* Adds to row k (in the order of elimination) of the factors. */
static void direct_add(direct *d, int32_t row, int32_t column, double x)
{
    int32_t k = d->place[row], l = d->place[column], low = d->first[k], high = d->first[k + 1];
    while (high - low > 1) {
        int32_t mid = (low + high) / 2;
        if (d->column[mid] <= l)
            low = mid;
        else
            high = mid;
    }
    d->lost |= d->column[low] != l;
    d->factor[low] += x * d->scale[column];
}

static void direct_factorise(direct *d)
{
    for (int32_t k = 0; k < d->n; k++) {
        double largest = 0.0;
        for (int32_t e = d->first[k]; e < d->first[k + 1]; e++) largest = fmax(largest, fabs(d->factor[e]));
        d->rows[k] = 1.0 / largest;
        for (int32_t e = d->first[k]; e < d->first[k + 1]; e++) d->work[d->column[e]] = d->factor[e] * d->rows[k];
        for (int32_t e = d->first[k]; e < d->middle[k]; e++) {
            int32_t j = d->column[e];
            double share = d->work[j] /= d->factor[d->middle[j]];
            for (int32_t f = d->middle[j] + 1; f < d->first[j + 1]; f++) d->work[d->column[f]] -= share * d->factor[f];
        }
        for (int32_t e = d->first[k]; e < d->first[k + 1]; e++) d->factor[e] = d->work[d->column[e]];
    }
}

static vly_status direct_refresh(void *self, const vly_cell_system *s)
{
    direct *d = self;
    direct_fetch(&d->matrix, d->device, s);
    const direct_matrix m = d->matrix;
    memset(d->factor, 0, (size_t)d->first[d->n] * sizeof *d->factor);
    d->scale = realloc(d->scale, (size_t)d->n * sizeof *d->scale);
    d->scale[s->rows] = 1.0;
    for (int32_t i = 0; i < s->rows; i++)
        for (int32_t e = m.first[i]; e < m.first[i + 1]; e++) {
            if (!isfinite(m.value[e])) return VLY_EDATA;
            if (m.value[e] != 0.0) direct_add(d, i, m.column[e], m.value[e]);
        }
    for (int32_t k = 0; k < s->collectors; k++) {
        direct_add(d, m.row[k], s->rows, -m.weight[k]);
        direct_add(d, s->rows, m.row[k], -m.weight[k]);
        if (m.solid[k] >= 0) direct_add(d, s->rows, m.solid[k], m.slope[k]);
    }
    direct_add(d, s->rows, s->rows, s->border_diagonal);
    ck_assert(!d->lost);
    direct_factorise(d);
    return VLY_OK;
}

static vly_status direct_solve(void *self, const vly_cell_system *s, double tolerance, double *step,
                               double *border_step, int32_t *iterations)
{
    direct *d = self;
    double *right = test_fetch(d->device, s->right, s->rows * 8), *x = malloc((size_t)d->n * sizeof *x);
    (void)tolerance;
    for (int32_t k = 0; k < d->n; k++) {
        int32_t i = d->order[k];
        x[k] = (i < s->rows ? right[i] : s->border_right) * d->rows[k];
        for (int32_t e = d->first[k]; e < d->middle[k]; e++) x[k] -= d->factor[e] * x[d->column[e]];
    }
    for (int32_t k = d->n - 1; k >= 0; k--) {
        for (int32_t e = d->middle[k] + 1; e < d->first[k + 1]; e++) x[k] -= d->factor[e] * x[d->column[e]];
        x[k] /= d->factor[d->middle[k]];
    }
    for (int32_t k = 0; k < d->n; k++)
        if (d->order[k] < s->rows) right[d->order[k]] = x[k] * d->scale[d->order[k]];
    *border_step = x[d->place[s->rows]];
    *iterations = 1;
    vly_status status = vly_device_upload(d->device, step, right, s->rows * 8);
    free(x);
    free(right);
    return status;
}

static void direct_free(void *self)
{
    direct *d = self;
    void *all[] = {d->order, d->place, d->first, d->column, d->middle, d->factor, d->work, d->scale, d->rows, d};
    direct_release(&d->matrix);
    for (int k = 0; k < 10; k++) free(all[k]);
}

static const vly_cell_solving direct_solving = {direct_create, direct_refresh, direct_solve, direct_free};

#endif
