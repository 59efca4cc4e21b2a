/* Concentrations are held inside their range one by one, since one bad voxel of ten million must not hold back all others;
 * potentials are damped together. A solver that fails is a reason for a shorter time step, not for giving up. */
#include "cell/newton.h"

#include "cell/linear.h"
#include "core/memory.h"

#include <math.h>

static const double potential_most = 0.1; /* V that a step may move a potential */
static const double damping_least = 1e-3;
/* Of the current that goes in and comes out, and of the salt that is neither made nor used up. What misses a wanted one would
 * add up from step to step, so one more iteration is spent on it; enough is what sums over ten million rows can keep. */
static const double charge_wanted = 1e-12, charge_enough = 1e-9, salt_wanted = 5e-14;

/* ---- the solver of cell/linear.h, unless a test has one of its own ---- */

static vly_status own_create(void **out, vly_device *device, const vly_cell_network *network,
                             const vly_cell_system *pattern)
{
    vly_cell_solver *solver = NULL;
    vly_status status = vly_cell_solver_create(&solver, device, network, pattern);
    *out = solver;
    return status;
}

static vly_status own_refresh(void *self, const vly_cell_system *system)
{
    return vly_cell_solver_refresh(self, system);
}

static vly_status own_solve(void *self, const vly_cell_system *system, double tolerance, double *step,
                            double *border_step, int32_t *iterations)
{
    return vly_cell_solver_solve(self, system, tolerance, step, border_step, iterations);
}

static void own_free(void *self)
{
    vly_cell_solver_free(self);
}

static const vly_cell_solving own = {own_create, own_refresh, own_solve, own_free};

/* ---- making ---- */

vly_status vly_newton_create(vly_newton *out, vly_device *device, const vly_cell_network *network, double salt_unit,
                             double solid_most, double tolerance, const vly_cell_solving *solving)
{
    *out = (vly_newton){.network = network, .solving = solving ? solving : &own, .tolerance = tolerance};
    VLY_TRY(vly_assembly_create(&out->assembly, device, network, salt_unit, solid_most));
    int64_t bytes = (int64_t)out->assembly.system.rows * (int64_t)sizeof(double);
    VLY_TRY(vly_buffer_create(&out->step, device, bytes, "Newton step"));
    return vly_newton_renew(out);
}

void vly_newton_free(vly_newton *newton)
{
    if (newton->solver) newton->solving->free(newton->solver);
    vly_buffer_free(&newton->step);
    vly_assembly_free(&newton->assembly);
    newton->solver = NULL;
}

vly_status vly_newton_renew(vly_newton *n)
{
    if (n->solver) n->solving->free(n->solver);
    n->solver = NULL;
    return n->solving->create(&n->solver, n->assembly.device, n->network, &n->assembly.system);
}

/* ---- iterating ---- */

/* What a shorter time step may cure. */
static bool curable(vly_status status)
{
    return status == VLY_ENUMERIC || status == VLY_EDATA;
}

static vly_status evaluate(vly_newton *n, vly_newton_problem *p, bool matrix)
{
    return vly_assembly_evaluate(&n->assembly, &p->moment, p->laws, p->prescribed, p->current, matrix);
}

/* Charge that goes in comes out. */
static bool charge_kept(const vly_newton *n, const vly_newton_problem *p, double tolerance)
{
    return p->prescribed || p->current == 0.0 || fabs(p->current - n->assembly.lithium) < tolerance * fabs(p->current);
}

/* Salt stays. */
static vly_status weigh_salt(vly_newton *n, const vly_newton_problem *p, bool *kept)
{
    vly_assembly *a = &n->assembly;
    const vly_cell_layout *l = &a->layout;
    double sums[4];
    VLY_TRY(a->device->kernels->cell_amount(a->device->queue, l->electrolytes, p->unknowns + l->potentials,
                                            a->graph.electrolyte_volume, a->sums, a->parts));
    VLY_TRY(vly_assembly_sums(a, sums));
    *kept = fabs(sums[0] - p->salt) < salt_wanted * p->salt;
    return VLY_OK;
}

/* Solves, moves. *small: in full, and by less than the tolerance. *lost: there is no use in going on. */
static vly_status iterate(vly_newton *n, vly_newton_problem *p, bool first, bool *small, bool *lost)
{
    vly_assembly *a = &n->assembly;
    const vly_kernels *kernels = a->device->kernels;
    double border = 0.0, sums[4];
    int32_t iterations = 0;
    *lost = true;
    vly_status status = n->solving->refresh(n->solver, &a->system);
    if (curable(status)) return VLY_OK;
    VLY_TRY(status);
    status = n->solving->solve(n->solver, &a->system, first ? 1e-2 : 1e-3, n->step.data, &border, &iterations);
    p->krylov += iterations;
    bool weak = status == VLY_ENUMERIC; /* the step is the best one found */
    if (status == VLY_EDATA) return VLY_OK;
    if (!weak) VLY_TRY(status);
    VLY_TRY(kernels->cell_measure(a->device->queue, &a->layout, n->step.data, a->sums, a->parts));
    VLY_TRY(vly_assembly_sums(a, sums));
    double potential = fmax(sums[1], fabs(border)), damping = fmin(1.0, potential_most / potential);
    if (sums[0] > 0.0 || !isfinite(border) || damping < damping_least) return VLY_OK;
    *lost = false;
    *small = !weak && potential < n->tolerance && sums[2] < n->tolerance;
    VLY_TRY(kernels->cell_move(a->device->queue, &a->layout, n->step.data, damping, p->unknowns, a->sums, a->parts));
    p->moment.collector += damping * border;
    if (!*small) return VLY_OK;
    VLY_TRY(vly_assembly_sums(a, sums));
    *small = sums[0] == 0.0;
    return VLY_OK;
}

vly_status vly_newton_solve(vly_newton *n, vly_newton_problem *p)
{
    bool small = false, lost = false, again = false, salt;
    p->converged = false;
    for (int32_t k = 0; k < p->most; k++) {
        VLY_TRY(vly_device_stop(n->assembly.device));
        VLY_TRY(evaluate(n, p, true));
        VLY_TRY(iterate(n, p, k == 0, &small, &lost));
        p->newton++;
        if (lost) return VLY_OK;
        if (!small) continue;
        VLY_TRY(evaluate(n, p, false));
        VLY_TRY(weigh_salt(n, p, &salt));
        p->converged = again ? charge_kept(n, p, charge_enough) : salt && charge_kept(n, p, charge_wanted);
        if (p->converged) return VLY_OK;
        again = true;
    }
    return VLY_OK;
}
