/* Which solutions the small model is made of: rates of growth are added by halving the range of frequencies, until halfway
 * between any two of them what the model's potentials leave of the equations is worth less than the tolerance. The error of
 * an admittance is quadratic in those potentials', r' inverse(K + i w C) r of the residual r, and no larger than about
 * r* inverse(K + w C) r, which one cycle estimates. */
#include "cell/impedance_impl.h"

#include "core/memory.h"

#include <math.h>

static const double octaves_most = 7.0, octaves_least = 0.25; /* between frequencies that are looked at */
static const double safety = 1.5; /* on the estimate: a cycle's inverse, and 2^(1/2) for the angle */
static const double exact = 1e-9; /* of what both ends of the spectrum may lack */

/* Parts of the tolerance: left to each solution, because what it lacks at a real rate weighs more at imaginary ones; and between
 * two frequencies that lack less, neither with a solution of its own, nothing is looked at. */
static const double share = 1e-5, tiny = 1e-2;

static vly_status keep(vly_impedance_model *m, vly_impedance_solver *s)
{
    double products[2 * VLY_PENCIL_MOST + 1];
    VLY_TRY(vly_impedance_keep(s, products));
    vly_model_add(m, products);
    return VLY_OK;
}

/* The solution at a rate of growth, less what the model says of it. The hierarchy is there. */
static vly_status add_growth(vly_impedance_model *m, vly_impedance_solver *s, double relative, double goal)
{
    double scale[VLY_MODEL_MOST];
    const double whole = vly_model_real(m, s->s);
    vly_model_growth(m, s->s, scale);
    VLY_TRY(vly_impedance_combine(s, scale, &s->x));
    VLY_TRY(vly_impedance_lack(s, &s->x, &s->x, s->s, s->s));
    VLY_TRY(vly_impedance_solve(s, whole, relative, goal));
    return keep(m, s);
}

/* Everything at the collector's potential: what the potentials come close to where double layers are shorts. */
static vly_status add_uniform(vly_impedance_model *m, vly_impedance_solver *s)
{
    const vly_pencil *p = &s->network->pencil;
    double *x;
    VLY_TRY(VLY_NEW(&x, p->rows, "potentials"));
    for (int32_t i = p->electrons; i < p->rows; i++) x[i] = 1.0;
    vly_status status = vly_buffer_upload(&s->x, x, p->rows * (int64_t)sizeof *x);
    vly_free(x);
    return status == VLY_OK ? keep(m, s) : status;
}

vly_status vly_impedance_begin(vly_impedance_model *m, vly_impedance_solver *s, const vly_impedance_range *range)
{
    *m = (vly_impedance_model){.total = s->network->total};
    VLY_TRY(add_uniform(m, s));
    VLY_TRY(vly_buffer_clear(&s->x));
    VLY_TRY(vly_impedance_lack(s, &s->x, &s->x, 0.0, 1.0));
    VLY_TRY(vly_impedance_shift(s, 0.0));
    VLY_TRY(vly_impedance_solve(s, 0.0, exact, 0.0));
    VLY_TRY(keep(m, s));
    VLY_TRY(vly_impedance_shift(s, range->shorted));
    return add_growth(m, s, exact, 0.0);
}

/* *error: estimated at i 2^at, relative to the real part of Y, which is the error of Z relative to the real part of Z; a
 * solution is added there if that is too much. */
static vly_status look(vly_impedance_model *m, vly_impedance_solver *s, const vly_impedance_range *range, double at,
                       double *error)
{
    const double w = exp2(at);
    double re[VLY_MODEL_MOST], im[VLY_MODEL_MOST], y[2], missing;
    VLY_TRY(vly_impedance_shift(s, w));
    vly_model_harmonic(m, w, re, im);
    vly_model_admittance(m, w, &y[0], &y[1]);
    VLY_TRY(vly_impedance_combine(s, re, &s->x));
    VLY_TRY(vly_impedance_combine(s, im, &s->y));
    VLY_TRY(vly_impedance_missing(s, &missing));
    *error = safety * missing / y[0];
    if (*error <= range->tolerance || m->count == VLY_MODEL_MOST) return VLY_OK;
    return add_growth(m, s, 0.0, share * range->tolerance * y[0]);
}

/* Between two frequencies, with the estimates there before any solution was added at them. */
typedef struct interval {
    double from, to, error_from, error_to;
} interval;

static void note(vly_impedance_range *range, double error, bool last)
{
    if (error > range->tolerance && !last) return; /* a solution was added: it is looked at again closer by */
    range->error = fmax(range->error, error);
    if (error > range->tolerance) range->converged = false;
}

vly_status vly_impedance_reduce(vly_impedance_model *m, vly_impedance_solver *s, vly_impedance_range *range)
{
    enum { MOST = 512 };
    interval list[MOST] = {{log2(range->low), log2(range->high), 0.0, 0.0}};
    int32_t begin = 0, end = 1;
    double error;
    range->error = 0.0;
    range->converged = true;
    for (int k = 0; k < 2; k++) {
        double *at = k == 0 ? &list[0].error_from : &list[0].error_to;
        VLY_TRY(look(m, s, range, k == 0 ? list[0].from : list[0].to, at));
        note(range, *at, m->count == VLY_MODEL_MOST);
    }
    for (; begin < end; begin++) {
        const interval i = list[begin];
        const double middle = 0.5 * (i.from + i.to), width = i.to - i.from;
        const bool last = m->count == VLY_MODEL_MOST || width < octaves_least || end + 2 > MOST;
        if (fmax(i.error_from, i.error_to) <= tiny * range->tolerance) continue;
        VLY_TRY(look(m, s, range, middle, &error));
        note(range, error, last);
        vly_device_update(s->network->device, "impedance", m->count, 0, "solutions");
        if (last || (error <= range->tolerance && width <= octaves_most)) continue;
        list[end++] = (interval){i.from, middle, i.error_from, error};
        list[end++] = (interval){middle, i.to, error, i.error_to};
    }
    return VLY_OK;
}
