/* Which nodes become one on coarse levels: pairs, and pairs of pairs, each of which the smoother of the level can tell
 * apart well enough. For members i and j with diagonals d, coupled by w, tied to ground by g, the two-level condition of the
 * pair is at most
 *     2 / (1/d_i + 1/d_j) / (w + 1 / (1/g_i + 1/g_j))                    (Napov and Notay 2012, eq. 3.9)
 * and what is above the limit stays apart: then coefficients may jump as they like. Sets of pairs are judged by the sums of
 * their diagonals, not by what is left of these after a contraction: it is the level's own smoother that has to cope.
 * Stars would take a level for each of their leaves. If asked for, a node that finds no partner joins the set of a neighbour
 * that is tied to all members of that set: with it at rest the others' condition is at most 2 d_i / w_i. */
#include "transport/coarsen.h"

#include "core/memory.h"

enum { PASSES = 4, NONE = -1 };

static const double condition_most = 8.0;

/* A matrix between two passes. */
typedef struct sets {
    int32_t rows;
    int32_t *first, *column; /* (rows + 1), (first[rows]) */
    double *weight;          /* (first[rows]) */
    double *ground;          /* (rows) */
    double *diagonal;        /* (rows) sum over the members */
    int32_t *set;            /* (rows) in the next pass */
    int32_t *member, *next;  /* (rows) first of each set; the next one of it, or NONE */
    int32_t *centre, *mark;  /* (rows) of each set; scratch of contracting */
} sets;

static void free_sets(sets *s)
{
    void *arrays[] = {s->first, s->column, s->weight, s->ground, s->diagonal,
                      s->set,   s->member, s->next,   s->centre, s->mark};
    for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++) vly_free(arrays[k]);
    *s = (sets){.rows = 0};
}

static vly_status alloc_sets(sets *s, int32_t rows, int64_t entries)
{
    *s = (sets){.rows = rows};
    VLY_TRY(vly_alloc_raw((void **)&s->first, (int64_t)rows + 1, sizeof *s->first, "aggregates"));
    VLY_TRY(vly_alloc_raw((void **)&s->column, entries, sizeof *s->column, "aggregates"));
    VLY_TRY(vly_alloc_raw((void **)&s->weight, entries, sizeof *s->weight, "aggregates"));
    VLY_TRY(VLY_NEW(&s->ground, rows, "aggregates"));
    VLY_TRY(VLY_NEW(&s->diagonal, rows, "aggregates"));
    VLY_TRY(vly_alloc_raw((void **)&s->set, rows, sizeof *s->set, "aggregates"));
    VLY_TRY(vly_alloc_raw((void **)&s->member, rows, sizeof *s->member, "aggregates"));
    VLY_TRY(vly_alloc_raw((void **)&s->next, rows, sizeof *s->next, "aggregates"));
    VLY_TRY(vly_alloc_raw((void **)&s->centre, rows, sizeof *s->centre, "aggregates"));
    return vly_alloc_raw((void **)&s->mark, rows, sizeof *s->mark, "aggregates");
}

static vly_status copy_rows(sets *to, const vly_matrix *a)
{
    VLY_TRY(alloc_sets(to, a->rows, a->first[a->rows]));
    for (int32_t i = 0; i < a->rows; i++) {
        to->first[i] = a->first[i];
        to->ground[i] = to->diagonal[i] = (double)a->ground[i];
        for (int32_t k = a->first[i]; k < a->first[i + 1]; k++) {
            to->column[k] = a->column[k];
            to->weight[k] = (double)a->weight[k];
            to->diagonal[i] += to->weight[k];
        }
    }
    to->first[a->rows] = a->first[a->rows];
    return VLY_OK;
}

/* 1 / (1/a + 1/b) */
static double series(double a, double b)
{
    return a > 0.0 && b > 0.0 ? a * (b / (a + b)) : 0.0;
}

/* i becomes a member of the set around the neighbour that holds it best, if there is any. */
static bool join_star(sets *s, int32_t i)
{
    double best = condition_most;
    int32_t to = NONE;
    for (int32_t k = s->first[i]; k < s->first[i + 1]; k++) {
        int32_t j = s->column[k];
        if (j == i || s->set[j] == NONE || s->centre[s->set[j]] != j) continue;
        if (2.0 * s->diagonal[i] < best * s->weight[k]) best = 2.0 * s->diagonal[i] / s->weight[k], to = s->set[j];
    }
    if (to == NONE) return false;
    s->set[i] = to;
    s->next[i] = s->next[s->member[to]];
    s->next[s->member[to]] = i;
    return true;
}

/* Each node in turn takes the best partner that is left; returns how many sets there are. */
static int32_t pair_up(sets *s, bool stars)
{
    int32_t count = 0;
    for (int32_t i = 0; i < s->rows; i++) s->set[i] = s->next[i] = NONE;
    for (int32_t i = 0; i < s->rows; i++) {
        double best = condition_most;
        int32_t with = i;
        if (s->set[i] != NONE) continue;
        for (int32_t k = s->first[i]; k < s->first[i + 1]; k++) {
            int32_t j = s->column[k];
            if (s->set[j] != NONE || j == i) continue;
            double condition =
                2.0 * series(s->diagonal[i], s->diagonal[j]) / (s->weight[k] + series(s->ground[i], s->ground[j]));
            if (condition < best) best = condition, with = j;
        }
        if (stars && with == i && join_star(s, i)) continue;
        s->member[count] = i;
        s->centre[count] = s->diagonal[with] > s->diagonal[i] ? with : i;
        if (with != i) s->next[i] = with;
        s->set[i] = s->set[with] = count++;
    }
    return count;
}

static vly_status contract(sets *coarse, const sets *s, int32_t count)
{
    int32_t entries = 0;
    VLY_TRY(alloc_sets(coarse, count, s->first[s->rows]));
    for (int32_t c = 0; c < count; c++) coarse->mark[c] = NONE;
    for (int32_t c = 0; c < count; c++) {
        coarse->first[c] = entries;
        for (int32_t i = s->member[c]; i != NONE; i = s->next[i]) {
            coarse->ground[c] += s->ground[i];
            coarse->diagonal[c] += s->diagonal[i];
            for (int32_t k = s->first[i]; k < s->first[i + 1]; k++) {
                int32_t d = s->set[s->column[k]];
                if (d == c) continue;
                if (coarse->mark[d] < coarse->first[c]) {
                    coarse->mark[d] = entries;
                    coarse->column[entries] = d;
                    coarse->weight[entries++] = 0.0;
                }
                coarse->weight[coarse->mark[d]] += s->weight[k];
            }
        }
    }
    coarse->first[count] = entries;
    return VLY_OK;
}

vly_status vly_aggregate_pairs(int32_t *count, int32_t *aggregate, const vly_matrix *a, bool stars)
{
    sets now = {.rows = 0}, next = {.rows = 0};
    vly_status status = copy_rows(&now, a);
    for (int32_t i = 0; i < a->rows; i++) aggregate[i] = i;
    *count = a->rows;
    for (int pass = 0; pass < PASSES && status == VLY_OK; pass++) {
        *count = pair_up(&now, stars);
        for (int32_t i = 0; i < a->rows; i++) aggregate[i] = now.set[aggregate[i]];
        if (pass + 1 < PASSES) status = contract(&next, &now, *count);
        free_sets(&now);
        now = next;
        next = (sets){.rows = 0};
    }
    free_sets(&now);
    return status;
}
