/* A network of conductances and capacitances, K + s C. One list of neighbours holds both: a coupling between a node below
 * `electrons` and one behind is a double layer, every other one conducts. Potentials are counted from those of a cell at rest
 * with its collector at 1, where solids are at 1 and electrolyte at 0: what drives them is b = C (those), and the current's
 * complement in s C_total - s^2 b' inverse(K + s C) b. */
#ifndef VLY_PENCIL_VOXEL_H
#define VLY_PENCIL_VOXEL_H

#include "transport/matrix_voxel.h"

enum { VLY_PENCIL_MOST = 48 /* vectors of a basis */ };

typedef struct vly_pencil {
    int32_t rows, electrons;
    const int32_t *first, *column; /* (rows + 1), (first[rows]) */
    const float *weight;           /* (first[rows]) conductances and capacitances, each in its unit */
    const float *hold;             /* (rows) conductances to the collector or the middle of the separator */
    const float *charge;           /* (rows) of electrolyte: capacitances to solid that is no node; or NULL */
} vly_pencil;

/* Vectors (rows), each in memory of its own. */
typedef struct vly_pencil_basis {
    int32_t count;
    const float *vector[VLY_PENCIL_MOST];
    double scale[VLY_PENCIL_MOST]; /* of a combination */
} vly_pencil_basis;

/* (K x)_i, (C y)_i and b_i. Differences first: potentials of neighbours are almost the same. */
typedef struct vly_pencil_row {
    double conduct, store, drive;
} vly_pencil_row;

VLY_INLINE vly_pencil_row vly_pencil_row_of(const vly_pencil *p, const double *x, const double *y, int32_t i)
{
    const int solid = i < p->electrons;
    const double own_x = x[i], own_y = y[i], charge = p->charge ? (double)p->charge[i] : 0.0;
    double crossing = 0.0;
    vly_pencil_row row = {(double)p->hold[i] * own_x, charge * own_y, -charge};
    for (int32_t k = p->first[i]; k < p->first[i + 1]; k++) {
        const int32_t j = p->column[k];
        const double weight = (double)p->weight[k];
        if ((j < p->electrons) == solid) {
            row.conduct += weight * (own_x - x[j]);
        } else {
            row.store += weight * (own_y - y[j]);
            crossing += weight;
        }
    }
    row.drive += solid ? crossing : -crossing;
    return row;
}

/* right - K x - s C y - load b; right may be NULL. */
typedef struct vly_pencil_equation {
    const float *right;
    const double *x, *y;
    double s, load;
} vly_pencil_equation;

VLY_INLINE float vly_pencil_left(const vly_pencil *p, const vly_pencil_equation *e, int32_t i)
{
    const vly_pencil_row row = vly_pencil_row_of(p, e->x, e->y, i);
    const double right = e->right ? (double)e->right[i] : 0.0;
    return (float)(((right - row.conduct) - e->s * row.store) - e->load * row.drive);
}

VLY_INLINE double vly_pencil_combined(const vly_pencil_basis *b, int64_t i)
{
    double sum = 0.0;
    for (int32_t k = 0; k < b->count; k++) sum += b->scale[k] * (double)b->vector[k][i];
    return sum;
}

/* Row i of K + s C as a graph in single precision. */
VLY_INLINE void vly_pencil_shift_row(const vly_pencil *p, double s, float *weight, float *ground, int32_t i)
{
    const int solid = i < p->electrons;
    for (int32_t k = p->first[i]; k < p->first[i + 1]; k++)
        weight[k] = (p->column[k] < p->electrons) == solid ? p->weight[k] : (float)(s * (double)p->weight[k]);
    ground[i] = (float)((double)p->hold[i] + (p->charge ? s * (double)p->charge[i] : 0.0));
}

#endif
