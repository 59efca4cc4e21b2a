/* The current after a step of the voltage, and its transform (spec 6.2). Potentials decay towards rest, C v' + K v = 0, from
 * where all double layers are shorts; two stages of SDIRK2 a step, each solved for its change; the current is b.v', so that
 * the charge of every step is exact, and within a step it is a parabola with that charge. */
#include "cell/impedance_impl.h"

#include "core/memory.h"

#include <complex.h>
#include <math.h>

static const double gamma2 = 0.29289321881345254; /* 1 - 1 / 2^(1/2) */
static const double relative = 1e-10;             /* of a stage's energy */
static const double head = 1e-2, tail = 1e2;      /* first and last moment, in 1 / w of the highest and the lowest */

/* A step from t to t + dt: current at its ends, and charge. */
typedef struct piece {
    double t, dt, from, to, charge;
} piece;

/* Integral of I e^(-st) over a step. */
static double complex transform(const piece *p, double complex s)
{
    const double a = p->from, b = p->to, bulge = 6.0 * (p->charge / p->dt - 0.5 * (a + b));
    const double complex z = s * p->dt, e0 = cexp(-s * p->t);
    if (cabs(z) < 1e-2)
        return p->dt * e0 *
               ((a + b) / 2.0 - z * (a + 2.0 * b) / 6.0 + z * z * (a + 3.0 * b) / 24.0 -
                z * z * z * (a + 4.0 * b) / 120.0 + bulge * (1.0 / 6.0 - z / 12.0 + z * z / 40.0 - z * z * z / 180.0));
    const double complex e1 = cexp(-z);
    return p->dt * e0 *
           ((a - b * e1) / z + (b - a) * (1.0 - e1) / (z * z) + bulge * ((z - 2.0) + (z + 2.0) * e1) / (z * z * z));
}

/* Solves a stage, whose change is then in x, and moves the potentials in y. *drive: b.x */
static vly_status stage(vly_impedance_solver *s, double factor, double *drive)
{
    const vly_device *device = s->network->device;
    VLY_TRY(vly_impedance_lack(s, &s->y, &s->y, 0.0, 0.0));
    VLY_TRY(vly_impedance_solve(s, 0.0, relative, 0.0));
    VLY_TRY(vly_impedance_drive(s, &s->x, drive));
    return device->kernels->pencil_move(device->queue, s->network->pencil.rows, factor, s->x.data, s->y.data);
}

static vly_status advance(vly_impedance_solver *s, piece *p)
{
    double first, second;
    VLY_TRY(vly_impedance_shift(s, 1.0 / (gamma2 * p->dt)));
    VLY_TRY(stage(s, (1.0 - gamma2) / gamma2, &first));
    VLY_TRY(stage(s, 1.0, &second));
    p->to = second / (gamma2 * p->dt);
    p->charge = (1.0 - gamma2) / gamma2 * first + second;
    return VLY_OK;
}

static vly_status march(vly_impedance_solver *s, piece *p, double end, double grow, const double *w, int32_t count,
                        double complex *sum)
{
    while (p->t < end) {
        VLY_TRY(advance(s, p));
        for (int32_t k = 0; k < count; k++) sum[k] += transform(p, I * w[k]);
        p->t += p->dt;
        p->dt = p->t * (grow - 1.0);
        p->from = p->to;
    }
    return VLY_OK;
}

vly_status vly_impedance_step(vly_impedance_solver *s, const vly_impedance_model *m, double shorted,
                              int32_t steps_per_decade, const double *w, int32_t count, double *re, double *im)
{
    double scale[VLY_MODEL_MOST];
    double complex *sum;
    piece p = {.dt = head / w[0], .from = vly_model_real(m, shorted)};
    VLY_TRY(VLY_NEW(&sum, count, "spectrum"));
    vly_model_growth(m, shorted, scale);
    vly_status status = vly_impedance_combine(s, scale, &s->y);
    if (status == VLY_OK) status = march(s, &p, tail / w[count - 1], pow(10.0, 1.0 / steps_per_decade), w, count, sum);
    for (int32_t k = 0; k < count && status == VLY_OK; k++) {
        const double complex y = I * w[k] * sum[k];
        re[k] = creal(y);
        im[k] = cimag(y);
    }
    vly_free(sum);
    return status;
}
