/* One Newton system of a half cell, on the device: J du = -r after the row operation of spec 4.3.
 * Rows and columns: [ phi_s of electrons | phi_e of electrolytes | c_e of electrolytes | c_s of solids ], and the collector's
 * one potential phi_cc as a border. */
#ifndef VLY_CELL_SYSTEM_H
#define VLY_CELL_SYSTEM_H

#include "voxelyte/base.h"

typedef struct vly_cell_system {
    int32_t rows, electrons, electrolytes, solids; /* rows = electrons + 2 electrolytes + solids */

    /* the same places of a network always; columns ascend in each row */
    const int32_t *first;  /* (rows + 1) device */
    const int32_t *column; /* (first[rows]) device */
    double *value;         /* (first[rows]) device */

    /* border: J[row][cc] = J[cc][row] = -weight, J[cc][solid] = slope; the row's own entries are among the values */
    int32_t collectors;             /* 0 where phi_cc is prescribed */
    const int32_t *collector_row;   /* (collectors) device, ascending */
    const double *collector_weight; /* (collectors) device, S */
    const int32_t *collector_solid; /* (collectors) device, row of c_s or -1 */
    const double *collector_slope;  /* (collectors) device */
    double border_diagonal;         /* sum of the weights; 1 where phi_cc is prescribed */

    double *right; /* (rows) device, -r */
    double border_right;
    const double *scale; /* (rows) device, of columns: 1 V, c_e0, c_max */
} vly_cell_system;

/* Unknown of a node. */
static inline int32_t vly_cell_electron_row(int32_t node)
{
    return node;
}

static inline int32_t vly_cell_potential_row(const vly_cell_system *s, int32_t electrolyte)
{
    return s->electrons + electrolyte;
}

static inline int32_t vly_cell_salt_row(const vly_cell_system *s, int32_t electrolyte)
{
    return s->electrons + s->electrolytes + electrolyte;
}

static inline int32_t vly_cell_solid_row(const vly_cell_system *s, int32_t solid)
{
    return s->electrons + 2 * s->electrolytes + solid;
}

#endif
