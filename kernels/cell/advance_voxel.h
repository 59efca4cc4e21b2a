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
#define VLY_CELL_SCARCE 10.0 /* mol/m3: below it, steps are steps of ln c_e (spec 4.6) */

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

VLY_INLINE bool vly_cell_is_salt(const vly_cell_layout *l, int32_t row)
{
    return row >= l->potentials && row < l->potentials + l->electrolytes;
}

/* A Newton step of row `row`, each concentration by itself; potentials by `damping` of it. *cut: it was shortened. */
VLY_INLINE double vly_cell_moved(const vly_cell_layout *l, int32_t row, double from, double step, double damping,
                                 bool *cut)
{
    bool salt = vly_cell_is_salt(l, row), leap = false;
    double wanted = from + (row < l->potentials ? damping * step : step);
    if (salt && from < VLY_CELL_SCARCE) {
        double change = step / from, most = 1.6;
        leap = fabs(change) > most;
        wanted = from * exp(leap ? copysign(most, change) : change);
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

/* Where Newton's method begins: scarce salt as its logarithm goes on, which is what potentials follow. */
VLY_INLINE double vly_cell_guess(const vly_cell_layout *l, const vly_cell_past *past, int32_t row)
{
    double from = past->state[0][row], sum = 0.0;
    if (!vly_cell_is_salt(l, row) || from > VLY_CELL_SCARCE)
        return vly_cell_within(l, row, from, vly_cell_foretold(past, row));
    for (int k = 0; k < 3; k++)
        if (past->state[k]) sum += past->weight[k] * log(past->state[k][row]);
    return vly_cell_within(l, row, from, exp(sum));
}

#endif
