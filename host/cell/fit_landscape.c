/* Curves between the simulated ones, and the least chi2 over them with the interval around it. */
#include "cell/fit_impl.h"

#include "cell/law.h"
#include "core/memory.h"

#include <math.h>
#include <string.h>

enum { CELLS = 160 }; /* of the grid that a landscape is looked at on */
static const double QUANTILE = 3.84;

/* ---- families ---- */

vly_status vly_fit_family_create(vly_fit_family *out)
{
    *out = (vly_fit_family){.knots = 0};
    vly_status status = VLY_NEW(&out->voltage, VLY_FIT_MOST * VLY_FIT_SAMPLES, "curves of a fit");
    if (status == VLY_OK) status = VLY_NEW(&out->slope, VLY_FIT_MOST * VLY_FIT_SAMPLES, "curves of a fit");
    if (status != VLY_OK) vly_fit_family_free(out);
    return status;
}

void vly_fit_family_free(vly_fit_family *f)
{
    vly_free(f->voltage);
    vly_free(f->slope);
    *f = (vly_fit_family){.knots = 0};
}

static void find_slopes(vly_fit_family *f)
{
    double y[VLY_FIT_MOST], slope[VLY_FIT_MOST];
    vly_law_slopes(f->charge_slope, f->x, f->charge, f->knots - 1);
    for (int i = 0; i < VLY_FIT_SAMPLES; i++) {
        for (int32_t k = 0; k < f->knots; k++) y[k] = f->voltage[k * VLY_FIT_SAMPLES + i];
        vly_law_slopes(slope, f->x, y, f->knots - 1);
        for (int32_t k = 0; k < f->knots; k++) f->slope[k * VLY_FIT_SAMPLES + i] = slope[k];
    }
}

void vly_fit_family_add(vly_fit_family *f, double x, double charge, const double voltage[VLY_FIT_SAMPLES])
{
    int32_t k = f->knots++;
    for (; k > 0 && f->x[k - 1] > x; k--) {
        f->x[k] = f->x[k - 1];
        f->charge[k] = f->charge[k - 1];
        memcpy(f->voltage + k * VLY_FIT_SAMPLES, f->voltage + (k - 1) * VLY_FIT_SAMPLES,
               VLY_FIT_SAMPLES * sizeof *f->voltage);
    }
    f->x[k] = x;
    f->charge[k] = charge;
    memcpy(f->voltage + k * VLY_FIT_SAMPLES, voltage, VLY_FIT_SAMPLES * sizeof *f->voltage);
    if (f->knots > 1) find_slopes(f);
}

void vly_fit_family_at(double voltage[VLY_FIT_SAMPLES], double *charge, const vly_fit_family *f, double x)
{
    int32_t k = 0;
    while (k + 2 < f->knots && x > f->x[k + 1]) k++;
    const double h = f->x[k + 1] - f->x[k], t = (x - f->x[k]) / h, s = 1.0 - t;
    const double a = s * s * (1.0 + 2.0 * t), b = h * t * s * s, c = t * t * (3.0 - 2.0 * t), d = -h * t * t * s;
    const double *v = f->voltage + k * VLY_FIT_SAMPLES, *w = f->slope + k * VLY_FIT_SAMPLES;
    *charge = a * f->charge[k] + b * f->charge_slope[k] + c * f->charge[k + 1] + d * f->charge_slope[k + 1];
    for (int i = 0; i < VLY_FIT_SAMPLES; i++)
        voltage[i] = a * v[i] + b * w[i] + c * v[i + VLY_FIT_SAMPLES] + d * w[i + VLY_FIT_SAMPLES];
}

/* ---- the least ---- */

typedef struct looking {
    vly_fit_chi2 *chi2;
    void *self;
    double x[CELLS + 1], y[CELLS + 1], charge[CELLS + 1];
} looking;

/* Golden section between two points of the grid. */
static double narrow(const looking *l, double low, double high, double tolerance)
{
    const double ratio = 0.6180339887498949;
    double charge, a = high - ratio * (high - low), b = low + ratio * (high - low);
    double at_a = l->chi2(l->self, a, &charge), at_b = l->chi2(l->self, b, &charge);
    while (high - low > tolerance) {
        const bool left = at_a < at_b;
        if (left) {
            high = b;
            b = a;
            at_b = at_a;
            a = high - ratio * (high - low);
            at_a = l->chi2(l->self, a, &charge);
        } else {
            low = a;
            a = b;
            at_a = at_b;
            b = low + ratio * (high - low);
            at_b = l->chi2(l->self, b, &charge);
        }
    }
    return 0.5 * (low + high);
}

static double find_least(double *x, const looking *l, double tolerance)
{
    double charge;
    int best = 0;
    for (int i = 1; i <= CELLS; i++)
        if (l->y[i] < l->y[best]) best = i;
    *x = narrow(l, l->x[best > 0 ? best - 1 : 0], l->x[best < CELLS ? best + 1 : CELLS], 1e-3 * tolerance);
    const double least = l->chi2(l->self, *x, &charge);
    if (least < l->y[best]) return least;
    *x = l->x[best];
    return l->y[best];
}

/* Where chi2 has risen to `most` on the way from x along the grid; *open: nowhere. */
static double cross(bool *open, const looking *l, double x, double most, int step, double tolerance)
{
    double inside = x, charge;
    for (int i = step > 0 ? 0 : CELLS; i >= 0 && i <= CELLS; i += step) {
        double outside = l->x[i];
        if ((outside - x) * step <= 0.0) continue;
        while (l->y[i] > most && fabs(outside - inside) > 1e-2 * tolerance) {
            const double middle = 0.5 * (inside + outside);
            *(l->chi2(l->self, middle, &charge) > most ? &outside : &inside) = middle;
        }
        *open = !(l->y[i] > most);
        if (!*open) return 0.5 * (inside + outside);
        inside = outside;
    }
    *open = true;
    return l->x[step > 0 ? CELLS : 0];
}

static void conclude(vly_fit_estimate *out, const looking *l, const vly_fit_range *r)
{
    double x, ends[2];
    const double least = find_least(&x, l, r->tolerance);
    const double most = least + QUANTILE * fmax(1.0, least / r->freedom);
    *out = (vly_fit_estimate){.gamma = exp(x), .chi2 = least, .freedom = r->freedom};
    for (int side = 0; side < 2; side++) {
        ends[side] = cross(&out->open[side], l, x, most, 2 * side - 1, r->tolerance);
        out->interval[side] = exp(ends[side]);
    }
    const bool edge = x - r->low <= 0.5 * r->tolerance || r->high - x <= 0.5 * r->tolerance;
    out->at_bound = edge || (out->open[0] && out->open[1]);
    out->identifiable = !out->at_bound && !out->open[0] && !out->open[1] && ends[1] - ends[0] <= log(VLY_FIT_FACTOR);
}

static vly_status keep(vly_fit_landscape *out, const looking *l, bool with_charge)
{
    VLY_TRY(VLY_NEW(&out->gamma, CELLS + 1, "landscape"));
    VLY_TRY(VLY_NEW(&out->chi2, CELLS + 1, "landscape"));
    if (with_charge) VLY_TRY(VLY_NEW(&out->charge, CELLS + 1, "landscape"));
    out->count = CELLS + 1;
    for (int i = 0; i <= CELLS; i++) {
        out->gamma[i] = exp(l->x[i]);
        out->chi2[i] = l->y[i];
        if (with_charge) out->charge[i] = l->charge[i];
    }
    return VLY_OK;
}

vly_status vly_fit_minimise(vly_fit_estimate *out, vly_fit_landscape *landscape, bool with_charge, vly_fit_chi2 *chi2,
                            void *self, const vly_fit_range *r)
{
    looking l = {.chi2 = chi2, .self = self};
    for (int i = 0; i <= CELLS; i++) {
        l.x[i] = r->low + (r->high - r->low) * i / CELLS;
        l.y[i] = chi2(self, l.x[i], &l.charge[i]);
    }
    conclude(out, &l, r);
    if (!landscape) return VLY_OK;
    vly_status status = keep(landscape, &l, with_charge);
    if (status != VLY_OK) vly_fit_landscape_free(landscape);
    return status;
}

void vly_fit_landscape_free(vly_fit_landscape *l)
{
    vly_free(l->gamma);
    vly_free(l->chi2);
    vly_free(l->charge);
    *l = (vly_fit_landscape){.count = 0};
}

double vly_fit_student(int32_t freedom)
{
    static const double table[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
                                   2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086};
    enum { ROWS = sizeof table / sizeof *table };
    if (freedom <= ROWS) return table[freedom - 1];
    const double z = 1.959964, n = freedom; /* Cornish and Fisher */
    return z + (z * z * z + z) / (4.0 * n) + (5.0 * pow(z, 5.0) + 16.0 * z * z * z + 3.0 * z) / (96.0 * n * n);
}
