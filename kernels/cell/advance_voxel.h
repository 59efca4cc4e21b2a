/* What happens to the unknowns of a half cell between Newton systems (electrochemistry spec 4.4 to 4.6). */
#ifndef VLY_ADVANCE_VOXEL_H
#define VLY_ADVANCE_VOXEL_H

#include "cell/graph_voxel.h"

/* Which row is which, and what is full and what is empty. */
typedef struct vly_cell_layout {
    int32_t potentials, electrolytes, solids; /* rows: potentials, then c_e, then c_s */
    double salt_unit, solid_most;             /* c_e0, c_max, mol/m3 */
} vly_cell_layout;

VLY_INLINE int32_t vly_cell_layout_rows(const vly_cell_layout *l)
{
    return l->potentials + l->electrolytes + l->solids;
}

VLY_INLINE double vly_cell_unit(const vly_cell_layout *l, int32_t row)
{
    return row < l->potentials ? 1.0 : row < l->potentials + l->electrolytes ? l->salt_unit : l->solid_most;
}

#define VLY_CELL_EMPTY 1e-12 /* mol/m3: no electrolyte is emptier */
#define VLY_CELL_SCARCE 1.0  /* mol/m3: below it, Newton's step may be one of ln c_e */

/* From a concentration to `wanted`, but never more than 4/5 of the way to where it would end: empty, or full. */
VLY_INLINE double vly_cell_within(const vly_cell_layout *l, int32_t row, double from, double wanted)
{
    double low = 0.2 * from, next;
    if (row < l->potentials) return wanted;
    if (row < l->potentials + l->electrolytes) {
        next = wanted < low ? low : wanted;
        return next < VLY_CELL_EMPTY ? VLY_CELL_EMPTY : next;
    }
    double high = l->solid_most - 0.2 * (l->solid_most - from);
    return wanted < low ? low : wanted > high ? high : wanted;
}

/* A Newton step of row `row`, each concentration by itself; potentials by `damping` of it. *cut: it was shortened. */
VLY_INLINE double vly_cell_moved(const vly_cell_layout *l, int32_t row, double from, double step, double damping,
                                 bool logarithmic, bool *cut)
{
    bool salt = row >= l->potentials && row < l->potentials + l->electrolytes, leap = false;
    double wanted = from + (row < l->potentials ? damping * step : step);
    if (logarithmic && salt && from < VLY_CELL_SCARCE) {
        leap = step > 1.6 * from;
        wanted = from * exp(leap ? 1.6 : step / from);
    }
    double next = vly_cell_within(l, row, from, wanted);
    *cut = leap || (next != wanted && !(salt && from == VLY_CELL_EMPTY && next == from));
    return next;
}

/* Up to three states of the past, and their weights. */
typedef struct vly_cell_past {
    const double *state[3]; /* (rows); NULL from the first that is not there */
    double weight[3];
} vly_cell_past;

VLY_INLINE double vly_cell_foretold(const vly_cell_past *past, int32_t row)
{
    double sum = 0.0;
    for (int k = 0; k < 3; k++)
        if (past->state[k]) sum += past->weight[k] * past->state[k][row];
    return sum;
}

#endif
