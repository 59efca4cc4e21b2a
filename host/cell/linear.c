#include "cell/linear.h"

#include "cell/krylov.h"
#include "core/memory.h"

#include <math.h>

struct vly_cell_solver {
    vly_precondition precondition;
    vly_krylov krylov;
    bool worn;   /* aggregates no longer fit the weights */
    double best; /* digits that an iteration has given at best since they were made */
};

vly_status vly_cell_solver_create(vly_cell_solver **out, vly_device *device, const vly_cell_network *network,
                                  const vly_cell_system *pattern)
{
    vly_cell_solver *s;
    *out = NULL;
    VLY_TRY(VLY_NEW(&s, 1, "solver"));
    vly_status status = vly_precondition_create(&s->precondition, device, network, pattern);
    if (status == VLY_OK) status = vly_krylov_create(&s->krylov, device, pattern->rows);
    if (status == VLY_OK)
        *out = s;
    else
        vly_cell_solver_free(s);
    return status;
}

vly_status vly_cell_solver_refresh(vly_cell_solver *s, const vly_cell_system *system)
{
    if (s->worn) s->best = 0.0;
    vly_status status = vly_precondition_refresh(&s->precondition, system, s->worn);
    s->worn = false;
    return status;
}

/* Aggregates are made again when iterations have come to give half the digits they once gave. */
vly_status vly_cell_solver_solve(vly_cell_solver *s, const vly_cell_system *system, double tolerance, double *step,
                                 double *border_step, int32_t *iterations)
{
    double reduction;
    vly_status status =
        vly_krylov_solve(&s->krylov, &s->precondition, system, tolerance, step, border_step, iterations, &reduction);
    if (*iterations > 3 && reduction > 0.0) {
        double digits = -log10(reduction) / *iterations;
        s->worn = status == VLY_ENUMERIC || digits < 0.5 * s->best;
        s->best = fmax(s->best, digits);
    }
    return status;
}

void vly_cell_solver_free(vly_cell_solver *s)
{
    if (!s) return;
    vly_krylov_free(&s->krylov);
    vly_precondition_free(&s->precondition);
    vly_free(s);
}
