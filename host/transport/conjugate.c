/* Flexible conjugate gradients, preconditioned by one multigrid cycle. The potential is double and its residual is computed
 * anew from it in every step, everything else is single: nothing drifts, and no vector is kept that can be had from
 * others. The image of the search direction is one of those: with one application of A to the new z,
 *   beta = -z.Ap / p.Ap,  p'.Ap' = z.Az - (z.Ap)^2 / p.Ap,  alpha = z.b / p'.Ap'. */
#include "transport/conjugate.h"

#include "core/memory.h"

#include <math.h>

enum { PATIENCE = 12 }; /* steps without progress after which round-off is reached */

static const double rounding = 1e-13; /* of sums of up to 2^31 terms of one sign, in chunks */

typedef struct solving {
    vly_multigrid *mg;
    vly_image *image;
    vly_solution *out;
    vly_buffer direction; /* p (rows) */
    double first, now;    /* |residual|^2 at the start and now */
    double curvature;     /* p.Ap */
    double gained;        /* energy that the last step took away */
    double tolerance, next_check;
} solving;

static vly_status balance(solving *s)
{
    vly_level *l = &s->mg->level[0];
    const vly_device *device = s->mg->device;
    double sums[4];
    VLY_TRY(device->kernels->balance(device->queue, &l->matrix.device, s->image->potential.device.data, l->residual,
                                     s->mg->sums.data, s->mg->parts.data));
    VLY_TRY(vly_multigrid_sums(s->mg, sums));
    s->now = sums[0];
    s->out->energy = sums[1];
    s->out->in = sums[2];
    s->out->out = sums[3];
    return VLY_OK;
}

static vly_status step(solving *s, bool first)
{
    vly_level *l = &s->mg->level[0];
    const vly_device *device = s->mg->device;
    const vly_kernels *kernels = device->kernels;
    int32_t rows = l->matrix.host.rows;
    double sums[4];
    VLY_TRY(vly_multigrid_cycle(s->mg));
    VLY_TRY(kernels->add(device->queue, rows, l->step, l->solution));
    VLY_TRY(kernels->products(device->queue, &l->matrix.device, l->solution, s->direction.data, l->step, l->residual,
                              s->mg->sums.data, s->mg->parts.data));
    VLY_TRY(vly_multigrid_sums(s->mg, sums));
    double beta = first || !(s->curvature > 0.0) ? 0.0 : -sums[1] / s->curvature;
    double curvature = sums[0] + beta * sums[1];  /* z.Az - (z.Ap)^2 / p.Ap */
    double descent = sums[3] + sums[0] - sums[2]; /* z.b: what was left before the last step is residual - A step */
    if (!(curvature > 0.0) || !isfinite(descent)) return VLY_OK; /* nothing left that single precision can see */
    s->curvature = curvature;
    s->gained = descent * descent / curvature;
    return kernels->advance(device->queue, rows, l->solution, beta, s->direction.data, descent / curvature,
                            s->image->potential.device.data);
}

/* Host arrays of the size of two vectors: where the device works in host memory, the cycle's own. */
static vly_status bound(solving *s)
{
    vly_level *l = &s->mg->level[0];
    vly_device *device = s->mg->device;
    int64_t rows = l->matrix.host.rows;
    float *residual = l->residual;
    int32_t *order = (int32_t *)(void *)l->solution;
    uint8_t *way = (uint8_t *)(void *)l->step;
    void *scratch = NULL;
    if (!device->unified) {
        VLY_TRY(vly_alloc_raw(&scratch, rows, 9, "bounds"));
        residual = scratch;
        order = (int32_t *)scratch + rows;
        way = (uint8_t *)(order + rows);
        vly_status status = vly_device_wait(device);
        if (status == VLY_OK)
            status = vly_device_download(device, residual, l->residual, rows * (int64_t)sizeof *residual);
        if (status != VLY_OK) {
            vly_free(scratch);
            return status;
        }
    }
    s->out->excess = vly_excess_bound(&l->matrix.host, residual, order, way) + 2.0 * rounding * s->out->energy;
    vly_free(scratch);
    return scratch ? VLY_OK : balance(s); /* the residual was used up */
}

static vly_status judge(solving *s)
{
    vly_solution *out = s->out;
    double wanted = s->tolerance * out->energy;
    out->residual = s->first > 0.0 ? sqrt(s->now / s->first) : 0.0;
    /* a bound has its price: not before the fluxes agree and steps gain less than it may leave */
    if (fabs(out->in - out->out) > wanted || s->gained > wanted || s->now > s->next_check) return VLY_OK;
    VLY_TRY(bound(s));
    out->converged = out->excess <= wanted;
    s->next_check = 0.5 * s->now * wanted / out->excess; /* the bound falls with the square of the residual */
    return VLY_OK;
}

static vly_status iterate(solving *s, int32_t iterations)
{
    double best = INFINITY;
    int32_t waited = 0;
    VLY_TRY(balance(s));
    s->first = s->now;
    /* no diagonal entry is above 2 (face_x + face_y + face_z) + 4, and inverse(A) is at least half that entry's */
    const double *face = s->mg->level[0].matrix.host.face;
    s->next_check = s->tolerance * s->out->energy * 4.0 * (face[0] + face[1] + face[2] + 2.0);
    VLY_TRY(judge(s));
    s->next_check = INFINITY;
    s->out->history[0] = 1.0;
    while (!s->out->converged && s->out->iterations < iterations && waited < PATIENCE) {
        VLY_TRY(vly_device_stop(s->mg->device));
        VLY_TRY(step(s, s->out->iterations == 0));
        VLY_TRY(balance(s));
        VLY_TRY(judge(s));
        s->out->history[++s->out->iterations] = s->out->residual;
        waited = s->now < 0.9 * best ? 0 : waited + 1;
        best = s->now < best ? s->now : best;
    }
    return s->out->converged ? VLY_OK : bound(s);
}

vly_status vly_conjugate_solve(vly_solution *out, vly_multigrid *mg, vly_image *image, double tolerance,
                               int32_t iterations)
{
    solving s = {.mg = mg, .image = image, .out = out, .tolerance = tolerance};
    int64_t bytes = (int64_t)mg->level[0].matrix.host.rows * (int64_t)sizeof(float);
    *out = (vly_solution){.converged = false};
    VLY_TRY(VLY_NEW(&out->history, (int64_t)iterations + 1, "history"));
    vly_status status = vly_buffer_create(&s.direction, mg->device, bytes, "direction");
    if (status == VLY_OK) status = iterate(&s, iterations);
    vly_buffer_free(&s.direction);
    return status;
}
