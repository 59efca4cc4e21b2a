/* Newton's method for one implicit step of a half cell (electrochemistry spec 4.5, 4.6). */
#ifndef VLY_NEWTON_H
#define VLY_NEWTON_H

#include "cell/assembly.h"
#include "cell/march.h"

#include "cell/law_voxel.h"

typedef struct vly_newton {
    vly_assembly assembly;
    const vly_cell_network *network;
    const vly_cell_solving *solving;
    void *solver;
    vly_buffer step; /* (rows) */
    double tolerance;
} vly_newton;

/* One system to be solved. */
typedef struct vly_newton_problem {
    const vly_cell_laws *laws;
    double *unknowns;       /* (rows) device: the first guess, then the solution */
    vly_cell_moment moment; /* now = unknowns; collector likewise the guess, then the solution */
    bool prescribed;        /* phi_cc is held, else `current` flows */
    double current;         /* A */
    double salt;            /* mol that the solution has */
    int32_t most;           /* iterations */

    bool converged;
    int32_t newton, krylov; /* counted up */
} vly_newton_problem;

/* solving: NULL for the solver of cell/linear.h. Give an object back to vly_newton_free also after a failure. */
vly_status vly_newton_create(vly_newton *out, vly_device *device, const vly_cell_network *network, double salt_unit,
                             double solid_most, double tolerance, const vly_cell_solving *solving);
void vly_newton_free(vly_newton *newton);

/* Not converging is no failure. Afterwards assembly->entering and lithium are those of the solution. */
vly_status vly_newton_solve(vly_newton *newton, vly_newton_problem *problem);

/* Forgets what the linear solver has learnt, so that what follows depends on the unknowns alone. */
vly_status vly_newton_renew(vly_newton *newton);

#endif
