/* The one kind of matrix that the multigrid solver knows: a graph of conductances with some nodes tied to ground,
 *   (A u)_i = sum_j g_ij (u_i - u_j) + ground_i u_i,
 * always applied in this form: as differences, in single precision, it loses no more than a rounding per face, where
 * d_i u_i - sum_j g_ij u_j loses what the fluxes cancel. An image needs no stored entries: its nodes are the conducting
 * voxels in raster order, and a face follows from the coefficients on its two sides. */
#ifndef VLY_MATRIX_VOXEL_H
#define VLY_MATRIX_VOXEL_H

#include "core/voxel.h"

enum {
    VLY_MATRIX_BELOW = 1,  /* flags of a voxel: the one before it along x conducts, */
    VLY_MATRIX_ABOVE = 2,  /* the one behind it does; */
    VLY_MATRIX_INLET = 4,  /* it lies at the plane u = 1, half a voxel away, */
    VLY_MATRIX_OUTLET = 8, /* or at the plane u = 0 */
    VLY_MATRIX_EDGE = 16,  /* it lies at the border of a periodic image: its neighbours are in a list */
    VLY_MATRIX_SHIFT = 5,  /* above the flags: the code of its coefficient */
    VLY_MATRIX_CODES = 2048,
    VLY_MATRIX_CHUNK = 4096 /* rows that are summed up by themselves, so that sums do not depend on who computes */
};

/* Where the conductances come from. */
typedef enum vly_matrix_form {
    VLY_MATRIX_GRAPH, /* lists of neighbours */
    VLY_MATRIX_PLAIN, /* voxels with one coefficient */
    VLY_MATRIX_TABLE, /* voxels with a few */
    VLY_MATRIX_FIELD  /* voxels each with its own */
} vly_matrix_form;

typedef struct vly_matrix {
    vly_matrix_form form;
    int32_t rows;

    /* graph */
    const int32_t *first;  /* (rows + 1) of a row's neighbours */
    const int32_t *column; /* (first[rows]) */
    const float *weight;   /* (first[rows]) */
    const float *ground;   /* (rows) */

    /* voxels */
    const uint16_t *kind;     /* (rows) code << VLY_MATRIX_SHIFT | flags */
    const uint16_t *near[2];  /* (rows) how many rows away y- and y+ are, 0 where nothing conducts; or NULL */
    const int32_t *side[6];   /* (rows) x-, x+, y-, y+, z-, z+: the row there, itself where nothing conducts; or NULL:
                              * then the flags tell along x, and `near` along y, but for edges */
    int32_t edges;            /* voxels with VLY_MATRIX_EDGE */
    const int32_t *edge;      /* (edges) their rows, ascending */
    const int32_t *edge_side; /* (edges, 4) x-, x+, y-, y+: as in side */
    int32_t loop;             /* 1 + the axis along which u falls by 1 from border to border, without planes; or 0 */
    double face[3];           /* conductance along x, y, z of a face between two voxels with coefficient 1 */
    double plane;             /* of half a voxel up to the inlet or outlet, with coefficient 1 */
    int32_t codes;            /* coefficients there are */
    const float *between;     /* (3, codes, codes) conductance of a face */
    const double *between64;  /* the same */
    const double *value;      /* (codes) coefficient */
    const float *field;       /* (rows) coefficient */
} vly_matrix;

/* Where row i is in the list of edges. */
VLY_INLINE int32_t vly_matrix_find_edge(const vly_matrix *a, int32_t i)
{
    int32_t low = 0, high = a->edges - 1;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (a->edge[middle] < i)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Row next to row i along one of six ways. `form` is a constant where speed counts. */
VLY_INLINE int32_t vly_matrix_side(const vly_matrix *a, int32_t i, int way)
{
    if (a->side[way]) return a->side[way][i];
    if (a->edges && (a->kind[i] & VLY_MATRIX_EDGE)) return a->edge_side[4 * (int64_t)vly_matrix_find_edge(a, i) + way];
    if (way == 0) return i - (a->kind[i] & VLY_MATRIX_BELOW);
    if (way == 1) return i + ((a->kind[i] & VLY_MATRIX_ABOVE) >> 1);
    return way == 2 ? i - a->near[0][i] : i + a->near[1][i];
}

/* Conductance of a face between voxels i and j: the harmonic mean of their coefficients (two half voxels in series). */
VLY_INLINE float vly_matrix_face(const vly_matrix *a, vly_matrix_form form, int axis, int32_t i, int32_t j)
{
    if (form == VLY_MATRIX_PLAIN) return a->between[axis];
    if (form == VLY_MATRIX_FIELD)
        return (float)a->face[axis] * 2.0f * a->field[i] * (a->field[j] / (a->field[i] + a->field[j]));
    int32_t c = a->kind[i] >> VLY_MATRIX_SHIFT, d = a->kind[j] >> VLY_MATRIX_SHIFT;
    return a->between[(axis * a->codes + c) * a->codes + d];
}

VLY_INLINE double vly_matrix_face64(const vly_matrix *a, vly_matrix_form form, int axis, int32_t i, int32_t j)
{
    if (form == VLY_MATRIX_PLAIN) return a->between64[axis];
    if (form == VLY_MATRIX_FIELD) {
        double k = (double)a->field[i], l = (double)a->field[j];
        return a->face[axis] * 2.0 * k * (l / (k + l));
    }
    int32_t c = a->kind[i] >> VLY_MATRIX_SHIFT, d = a->kind[j] >> VLY_MATRIX_SHIFT;
    return a->between64[(axis * a->codes + c) * a->codes + d];
}

/* Conductance from a voxel to the planes: twice the half voxel where one voxel spans the whole way. */
VLY_INLINE double vly_matrix_plane(const vly_matrix *a, vly_matrix_form form, int32_t i)
{
    return a->plane * (form == VLY_MATRIX_FIELD ? (double)a->field[i] : a->value[a->kind[i] >> VLY_MATRIX_SHIFT]);
}

VLY_INLINE float vly_matrix_ground(const vly_matrix *a, vly_matrix_form form, int32_t i)
{
    if (form == VLY_MATRIX_GRAPH) return a->ground[i];
    int flags = a->kind[i], planes = ((flags & VLY_MATRIX_INLET) != 0) + ((flags & VLY_MATRIX_OUTLET) != 0);
    return planes ? (float)planes * (float)vly_matrix_plane(a, form, i) : 0.0f;
}

/* What row i takes out of u, and the diagonal entry. */
typedef struct vly_matrix_sum {
    float outflow, diagonal;
} vly_matrix_sum;

VLY_INLINE vly_matrix_sum vly_matrix_row(const vly_matrix *a, vly_matrix_form form, const float *u, int32_t i)
{
    float own = u[i], ground = vly_matrix_ground(a, form, i), out = ground * own, diagonal = ground;
    if (form == VLY_MATRIX_GRAPH) {
        for (int32_t k = a->first[i]; k < a->first[i + 1]; k++) {
            out += a->weight[k] * (own - u[a->column[k]]);
            diagonal += a->weight[k];
        }
    } else {
        for (int way = 0; way < 6; way++) {
            int32_t j = vly_matrix_side(a, i, way);
            float g = vly_matrix_face(a, form, way / 2, i, j);
            out += g * (own - u[j]);
            diagonal += j != i ? g : 0.0f;
        }
    }
    vly_matrix_sum sum = {out, diagonal};
    return sum;
}

/* The diagonal entry alone. */
VLY_INLINE float vly_matrix_diagonal(const vly_matrix *a, vly_matrix_form form, int32_t i)
{
    float diagonal = vly_matrix_ground(a, form, i);
    if (form == VLY_MATRIX_GRAPH) {
        for (int32_t k = a->first[i]; k < a->first[i + 1]; k++) diagonal += a->weight[k];
    } else {
        for (int way = 0; way < 6; way++) {
            int32_t j = vly_matrix_side(a, i, way);
            diagonal += j != i ? vly_matrix_face(a, form, way / 2, i, j) : 0.0f;
        }
    }
    return diagonal;
}

/* residual over diagonal; rows without any coupling have none. */
VLY_INLINE float vly_matrix_divide(float residual, float diagonal)
{
    return diagonal > 0.0f ? residual / diagonal : 0.0f;
}

/* By how much u is to be raised on the other side of a face that closes a loop. */
VLY_INLINE double vly_matrix_rise(const vly_matrix *a, int32_t i, int way)
{
    if (!a->loop || way / 2 != a->loop - 1) return 0.0;
    if (way % 2 == 0) return a->kind[i] & VLY_MATRIX_INLET ? 1.0 : 0.0;
    return a->kind[i] & VLY_MATRIX_OUTLET ? -1.0 : 0.0;
}

/* Of an image between two planes or in a loop: what row i lacks in double precision, and its share of energy and fluxes. */
typedef struct vly_matrix_balance {
    double residual; /* b - A u */
    double energy;   /* sum of g (difference)^2, faces between voxels by half */
    double in, out;  /* flux through the inlet, and through the outlet, or what closes the loop */
} vly_matrix_balance;

VLY_INLINE vly_matrix_balance vly_matrix_balance_of(const vly_matrix *a, vly_matrix_form form, const double *u,
                                                    int32_t i)
{
    double own = u[i], into = 0.0, twice = 0.0;
    vly_matrix_balance b = {0.0, 0.0, 0.0, 0.0};
    for (int way = 0; way < 6; way++) {
        int32_t j = vly_matrix_side(a, i, way);
        double g = vly_matrix_face64(a, form, way / 2, i, j), rise = j != i ? vly_matrix_rise(a, i, way) : 0.0;
        double drop = u[j] - own + rise;
        into += g * drop;
        twice += g * drop * drop;
        if (rise > 0.0) b.in += g * drop;
        if (rise < 0.0) b.out -= g * drop;
    }
    b.residual = into;
    int flags = a->kind[i];
    if (!a->loop && (flags & (VLY_MATRIX_INLET | VLY_MATRIX_OUTLET))) {
        double g = vly_matrix_plane(a, form, i);
        if (flags & VLY_MATRIX_INLET) b.in = g * (1.0 - own);
        if (flags & VLY_MATRIX_OUTLET) b.out = g * own;
        b.energy = (b.in * b.in + b.out * b.out) / g;
        b.residual = into + b.in - b.out;
    }
    b.energy += 0.5 * twice;
    return b;
}

#endif
