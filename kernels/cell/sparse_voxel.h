/* Rows of a Newton system of the half cell: potentials, salt and solids one after the other, and one unknown more, the
 * collector's potential, as a border (spec 5.1). Vectors of the solver have rows + 1 entries, the border last. */
#ifndef VLY_SPARSE_VOXEL_H
#define VLY_SPARSE_VOXEL_H

#include "transport/matrix_voxel.h"

enum { VLY_BASIS_MOST = 24 }; /* vectors that are summed up at once */

/* Device pointers. */
typedef struct vly_sparse {
    int32_t rows;
    const int32_t *first;  /* (rows + 1) */
    const int32_t *column; /* (first[rows]) ascending in each row */
    const double *value;   /* (first[rows]) */
    int32_t ties;          /* of the border */
    const int32_t *tie;    /* (ties) row, ascending */
    const double *weight;  /* (ties) minus the entry in that row, and in that column */
    const int32_t *solid;  /* (ties) column that the border's row has too, or -1 */
    const double *slope;   /* (ties) entry there */
    double diagonal;       /* of the border */
} vly_sparse;

/* Rows [begin, end) of it, and the same columns, as the solver's graph of conductances. */
typedef struct vly_sparse_block {
    int32_t begin, end;
    bool symmetric; /* as it stands */
} vly_sparse_block;

/* (A z)_i without the border; z in single or in double precision, the other one NULL. */
VLY_INLINE double vly_sparse_row(const vly_sparse *a, const float *z, const double *x, int32_t i)
{
    double sum = 0.0;
    for (int32_t k = a->first[i]; k < a->first[i + 1]; k++)
        sum += a->value[k] * (z ? (double)z[a->column[k]] : x[a->column[k]]);
    return sum;
}

/* What columns before `begin` take out of row i. */
VLY_INLINE double vly_sparse_below(const vly_sparse *a, const float *z, int32_t begin, int32_t i)
{
    double sum = 0.0;
    for (int32_t k = a->first[i]; k < a->first[i + 1] && a->column[k] < begin; k++)
        sum += a->value[k] * (double)z[a->column[k]];
    return sum;
}

/* 1 / |a_ii scale_i|, the diagonal's inverse in units of the unknown; 0 where a row has no such diagonal, or an entry that is
 * not finite. */
VLY_INLINE double vly_sparse_factor(const vly_sparse *a, const double *scale, int32_t i)
{
    double diagonal = 0.0, all = 0.0;
    for (int32_t k = a->first[i]; k < a->first[i + 1]; k++) {
        all += fabs(a->value[k]);
        if (a->column[k] == i) diagonal = fabs(a->value[k]) * scale[i];
    }
    return diagonal > 0.0 && all < INFINITY && diagonal < INFINITY ? 1.0 / diagonal : 0.0;
}

/* Entry (i, j), 0 where there is none. */
VLY_INLINE double vly_sparse_entry(const vly_sparse *a, int32_t i, int32_t j)
{
    for (int32_t k = a->first[i]; k < a->first[i + 1]; k++)
        if (a->column[k] == j) return a->value[k];
    return 0.0;
}

/* Row i of a block as a row of a graph: couplings are the symmetric part where it is a conductance, and ground is what of the
 * diagonal they leave. Returns ground / diagonal. */
VLY_INLINE double vly_sparse_graph(const vly_sparse *a, vly_sparse_block b, int32_t i, const int32_t *first,
                                   float *weight, float *ground)
{
    int32_t slot = first[i], row = b.begin + i;
    double diagonal = 0.0, sum = 0.0;
    for (int32_t k = a->first[row]; k < a->first[row + 1]; k++) {
        int32_t j = a->column[k];
        if (j < b.begin || j >= b.end) continue;
        if (j == row) {
            diagonal = a->value[k];
            continue;
        }
        double g = b.symmetric ? -a->value[k] : -0.5 * (a->value[k] + vly_sparse_entry(a, j, row));
        g = g > 0.0 ? g : 0.0;
        weight[slot++] = (float)g;
        sum += g;
    }
    double rest = diagonal - sum;
    rest = rest > 1e-12 * diagonal ? rest : 0.0;
    ground[i] = (float)rest;
    return rest > 0.0 ? rest / (sum + rest) : 0.0;
}

/* The potentials' graph with the border at 1 and no source: what node i lacks, and its part of the energy, which is the
 * border's conductance to ground. tie: (rows) weight of the border, within ground. */
VLY_INLINE double vly_sparse_lift(const vly_matrix *a, const float *tie, const float *u, int32_t i, float *residual)
{
    float own = u[i], g = tie[i], ground = a->ground[i] - g, lacks = g * (1.0f - own);
    ground = ground > 1e-6f * g ? ground : 0.0f; /* less is the rounding of g */
    lacks -= ground * own;
    double twice = 0.0;
    for (int32_t k = a->first[i]; k < a->first[i + 1]; k++) {
        float drop = own - u[a->column[k]];
        lacks -= a->weight[k] * drop;
        twice += (double)a->weight[k] * (double)drop * (double)drop;
    }
    *residual = lacks;
    double rest = 1.0 - (double)own;
    return 0.5 * twice + (double)ground * (double)own * (double)own + (double)g * rest * rest;
}

/* 0 where bottom is not above 0. */
VLY_INLINE double vly_sparse_ratio(const double *top, const double *bottom)
{
    return *bottom > 0.0 ? *top / *bottom : 0.0;
}

#endif
