/* From the cut-outs to one gamma: the sum of their chi2, the scatter between them, and what the best curves are like. */
#include "cell/fit_impl.h"

#include "core/memory.h"

#include <math.h>

enum { CURVE_POINTS = 201 };

/* ---- the sum ---- */

static double pooled_chi2(void *self, double x, double *charge)
{
    const vly_fitting *f = self;
    double sum = 0.0;
    for (int32_t c = 0; c < f->out->cutouts; c++)
        if (f->search[c].family->knots > 1) sum += vly_fit_search_chi2(&f->search[c], x, charge);
    return sum;
}

/* What all cut-outs were simulated at, and between which ends their own estimates lie. */
static void common(double hull[2], double wanted[2], const vly_fitting *f)
{
    hull[0] = wanted[1] = -INFINITY;
    hull[1] = wanted[0] = INFINITY;
    for (int32_t c = 0; c < f->out->cutouts; c++) {
        const vly_fit_family *g = f->search[c].family;
        if (g->knots < 2) continue;
        const double x = log(f->out->cutout[c].estimate.gamma);
        hull[0] = fmax(hull[0], g->x[0]);
        hull[1] = fmin(hull[1], g->x[g->knots - 1]);
        wanted[0] = fmin(wanted[0], x);
        wanted[1] = fmax(wanted[1], x);
    }
}

/* One more simulation of every cut-out that keeps the sum from being known where it matters. */
static vly_status widen(bool *more, vly_fitting *f, const double hull[2], const double wanted[2])
{
    const vly_fit_estimate *p = &f->out->pooled;
    *more = false;
    for (int32_t c = 0; c < f->out->cutouts; c++) {
        vly_fit_search *s = &f->search[c];
        for (int side = 0; side < 2 && s->family->knots > 1; side++) {
            const double edge = s->family->x[side ? s->family->knots - 1 : 0];
            const bool short_of = side ? edge < wanted[1] : edge > wanted[0];
            const bool limits = edge == hull[side] && !isnan(p->gamma) && p->open[side];
            bool done = false;
            const double x = short_of ? wanted[side] : limits ? vly_fit_outward(s, side) : NAN;
            if (!isnan(x) && !s->wall[side]) VLY_TRY(vly_fit_evaluate(&done, s, x));
            *more = *more || done;
        }
    }
    return VLY_OK;
}

static vly_status pool(vly_fitting *f)
{
    vly_fit_result *out = f->out;
    int32_t curves = 0;
    bool more;
    for (int32_t c = 0; c < out->cutouts; c++) curves += f->search[c].family->knots > 1 ? out->targets : 0;
    do {
        double hull[2], wanted[2];
        common(hull, wanted, f);
        out->pooled = (vly_fit_estimate){.gamma = NAN, .chi2 = NAN, .interval = {NAN, NAN}};
        vly_fit_landscape_free(&out->landscape);
        if (hull[1] > hull[0]) {
            const vly_fit_range range = vly_fit_range_of(f, hull[0], hull[1], curves);
            VLY_TRY(vly_fit_minimise(&out->pooled, &out->landscape, false, pooled_chi2, f, &range));
        }
        VLY_TRY(widen(&more, f, hull, wanted));
    } while (more);
    return VLY_OK;
}

/* ---- the best curves ---- */

static double inside(const vly_fit_family *g, double x)
{
    return fmin(fmax(x, g->x[0]), g->x[g->knots - 1]);
}

static vly_status take_slopes(vly_fit_match *m, const vly_fit_family *g, double x, const vly_fit_curve *measured)
{
    double low[VLY_FIT_SAMPLES], high[VLY_FIT_SAMPLES], end[2], range[2];
    const double before = inside(g, x - 0.01), after = inside(g, x + 0.01);
    VLY_TRY(vly_fit_curve_create(&m->slope, VLY_FIT_POINTS));
    vly_fit_family_at(low, &end[0], g, before);
    vly_fit_family_at(high, &end[1], g, after);
    m->charge_slope = (end[1] - end[0]) / (after - before);
    if (!vly_fit_overlap(range, fmin(end[0], end[1]), measured)) m->slope.count = 0;
    for (int i = 0; i < m->slope.count; i++) {
        const double q = range[0] + (range[1] - range[0]) * i / (VLY_FIT_POINTS - 1);
        m->slope.charge[i] = q;
        m->slope.voltage[i] = (vly_fit_sampled(high, end[1], q) - vly_fit_sampled(low, end[0], q)) / (after - before);
    }
    return VLY_OK;
}

static vly_status match(vly_fit_match *m, const vly_fitting *f, const vly_fit_family *g, const vly_fit_aim *aim,
                        double x)
{
    double voltage[VLY_FIT_SAMPLES], charge;
    vly_fit_family_at(voltage, &charge, g, x);
    vly_fit_score_samples(&m->score, voltage, charge, &aim->measured, f->options);
    VLY_TRY(vly_fit_curve_create(&m->curve, CURVE_POINTS));
    for (int i = 0; i < CURVE_POINTS; i++) {
        m->curve.charge[i] = charge * i / (CURVE_POINTS - 1);
        m->curve.voltage[i] = voltage[i * (VLY_FIT_SAMPLES - 1) / (CURVE_POINTS - 1)];
    }
    return take_slopes(m, g, x, &aim->measured);
}

/* ---- one gamma ---- */

static void scatter(vly_fit_result *r)
{
    double mean = 0.0, squares = 0.0, weight = 0.0;
    for (int32_t c = 0; c < r->cutouts; c++)
        if (!isnan(r->cutout[c].estimate.gamma)) weight += 1.0;
    for (int32_t c = 0; c < r->cutouts; c++)
        if (!isnan(r->cutout[c].estimate.gamma)) mean += log(r->cutout[c].estimate.gamma) / weight;
    for (int32_t c = 0; c < r->cutouts; c++)
        if (!isnan(r->cutout[c].estimate.gamma)) squares += pow(log(r->cutout[c].estimate.gamma) - mean, 2.0);
    r->gamma = exp(mean);
    r->spread[0] = r->spread[1] = NAN;
    if (weight < 2.0) return;
    const double half = vly_fit_student((int32_t)weight - 1) * sqrt(squares / (weight - 1.0) / weight);
    r->spread[0] = exp(mean - half);
    r->spread[1] = exp(mean + half);
}

static void judge(vly_fit_result *r)
{
    const vly_fit_estimate *p = &r->pooled;
    const double pooled = isnan(p->gamma) ? -1.0 : log(p->interval[1] / p->interval[0]);
    const bool scattered = !isnan(r->spread[0]) && log(r->spread[1] / r->spread[0]) > pooled;
    for (int side = 0; side < 2; side++) r->interval[side] = scattered ? r->spread[side] : p->interval[side];
    r->at_bound = p->at_bound;
    for (int32_t c = 0; c < r->cutouts; c++) r->at_bound = r->at_bound || r->cutout[c].estimate.at_bound;
    const bool known = !p->open[0] && !p->open[1];
    r->identifiable = !r->at_bound && known && r->interval[1] / r->interval[0] <= VLY_FIT_FACTOR;
}

static vly_status describe(vly_fitting *f, double *squares)
{
    vly_fit_result *r = f->out;
    int32_t curves = 0;
    *squares = 0.0;
    for (int32_t c = 0; c < r->cutouts; c++) {
        vly_fit_search *s = &f->search[c];
        r->evaluations += s->out->evaluations;
        if (s->family->knots < 2) continue;
        /* simulations for the sum count here too */
        VLY_TRY(vly_fit_estimate_of(&s->out->estimate, &s->out->landscape, s));
        VLY_TRY(VLY_NEW(&s->out->match, r->targets, "fit"));
        for (int32_t t = 0; t < r->targets; t++, curves++) {
            VLY_TRY(match(&s->out->match[t], f, &s->family[t], &f->aim[t], log(s->out->estimate.gamma)));
            *squares += pow(s->out->match[t].score.rms, 2.0);
        }
    }
    *squares /= fmax(1.0, curves);
    return VLY_OK;
}

vly_status vly_fit_conclude(vly_fitting *f)
{
    vly_fit_result *r = f->out;
    int32_t good = 0;
    double squares;
    for (int32_t c = 0; c < r->cutouts; c++) {
        vly_fit_search *s = &f->search[c];
        s->out->estimate = (vly_fit_estimate){.gamma = NAN, .chi2 = NAN, .interval = {NAN, NAN}};
        if (s->family->knots < 2) continue;
        VLY_TRY(vly_fit_estimate_of(&s->out->estimate, NULL, s));
        good++;
    }
    if (good == 0)
        return vly_fail(VLY_ENUMERIC,
                        "fit: of %d simulations between gamma %g and %g at most one reached the cut-off, two expected",
                        r->cutout->evaluations, f->options->lower, f->options->upper);
    VLY_TRY(pool(f));
    VLY_TRY(describe(f, &squares));
    r->rms = sqrt(squares);
    scatter(r);
    judge(r);
    return VLY_OK;
}
