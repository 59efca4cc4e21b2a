/* The search: a rough landscape says where to begin, three simulations bracket that, and further ones go where the curves
 * interpolated between them fit best, until that is a place simulated already. */
#include "cell/fit_impl.h"

#include "core/memory.h"
#include "core/number.h"

#include <math.h>
#include <stdio.h>

static const double STEP = 0.4054651081081644; /* ln 1.5, between the first simulations; more on the way outward */

/* Data that a curve counts for: its charge, and its voltages, which are one mean. */
static const double CURVE_DATA = 2.0;

double vly_fit_search_chi2(void *self, double x, double *charge)
{
    const vly_fit_search *s = self;
    double voltage[VLY_FIT_SAMPLES], sum = 0.0;
    for (int32_t t = s->fit->out->targets - 1; t >= 0; t--) {
        vly_fit_score score;
        vly_fit_family_at(voltage, charge, &s->family[t], x);
        vly_fit_score_samples(&score, voltage, *charge, &s->fit->aim[t].measured, s->fit->options);
        sum += score.chi2;
    }
    return sum;
}

vly_fit_range vly_fit_range_of(const vly_fitting *f, double low, double high, int32_t curves)
{
    return (vly_fit_range){low, high, f->tolerance, fmax(1.0, CURVE_DATA * curves - 1.0)};
}

vly_status vly_fit_estimate_of(vly_fit_estimate *out, vly_fit_landscape *landscape, vly_fit_search *s)
{
    const vly_fit_family *g = s->family;
    const vly_fit_range range = vly_fit_range_of(s->fit, g->x[0], g->x[g->knots - 1], s->fit->out->targets);
    return vly_fit_minimise(out, landscape, true, vly_fit_search_chi2, s, &range);
}

/* ---- simulations ---- */

/* Four digits of gamma, so that a repeated search meets the simulations of the one before. */
static double rounded(const vly_fitting *f, double x)
{
    char text[VLY_NUMBER_BYTES];
    const char *at = text;
    double gamma = exp(x);
    if (x <= f->least + 1e-9) return f->options->lower;
    if (x >= f->most - 1e-9) return f->options->upper;
    snprintf(text, sizeof text, "%.3e", gamma);
    (void)vly_number_read(&at, &gamma);
    return fmin(fmax(gamma, f->options->lower), f->options->upper);
}

typedef vly_status simulating(void *self, vly_fit_curve *out, int32_t cutout, double current, double gamma);

/* Every target; if all are usable they join the families. */
static vly_status simulate(vly_fit_evaluation *e, vly_fit_search *s, simulating *simulator, double gamma)
{
    const vly_fitting *f = s->fit;
    *e = (vly_fit_evaluation){.gamma = gamma, .usable = true};
    for (int32_t t = 0; t < f->out->targets && e->usable; t++) {
        const vly_fit_aim *aim = &f->aim[t];
        double *voltage = f->voltage + t * VLY_FIT_SAMPLES;
        vly_fit_score score;
        vly_fit_curve curve = {.count = 0};
        VLY_TRY(simulator(f->simulator->self, &curve, s->index, aim->current, gamma));
        vly_status status = vly_fit_sample(voltage, &f->charge[t], &e->usable, &curve, aim->level, aim->reach);
        vly_fit_curve_free(&curve);
        VLY_TRY(status);
        if (e->usable) vly_fit_score_samples(&score, voltage, f->charge[t], &aim->measured, f->options);
        e->chi2 = e->usable ? e->chi2 + score.chi2 : NAN;
        if (t == 0) e->charge = f->charge[t];
    }
    for (int32_t t = 0; t < f->out->targets && e->usable; t++)
        vly_fit_family_add(&s->family[t], log(gamma), f->charge[t], f->voltage + t * VLY_FIT_SAMPLES);
    return VLY_OK;
}

vly_status vly_fit_evaluate(bool *done, vly_fit_search *s, double x)
{
    const vly_fitting *f = s->fit;
    vly_fit_cutout *c = s->out;
    const double gamma = rounded(f, x);
    *done = false;
    if (c->evaluations >= f->options->most) return VLY_OK;
    for (int32_t i = 0; i < c->evaluations; i++)
        if (fabs(log(c->evaluation[i].gamma / gamma)) < 0.25 * f->tolerance) return VLY_OK;
    vly_fit_evaluation *e = &c->evaluation[c->evaluations];
    VLY_TRY(simulate(e, s, f->simulator->simulate, gamma));
    c->evaluations++;
    *done = true;
    /* too little transport is what stops curves early */
    if (!e->usable) s->wall[s->family->knots > 0 && log(gamma) > s->family->x[0]] = true;
    return VLY_OK;
}

double vly_fit_outward(const vly_fit_search *s, int side)
{
    const vly_fitting *f = s->fit;
    const vly_fit_family *g = s->family;
    const double edge = g->x[side ? g->knots - 1 : 0], end = side ? f->most : f->least;
    const double away = fabs(end - edge), step = fmax(2.0 * STEP, g->x[g->knots - 1] - g->x[0]);
    if (s->wall[side] || away < 0.25 * f->tolerance) return NAN;
    return away < 1.25 * step ? end : side ? edge + step : edge - step;
}

/* ---- the search ---- */

/* Where the rough landscape is least; in the middle if there is none. */
static vly_status begin_at(double *x, vly_fit_search *s)
{
    const vly_fitting *f = s->fit;
    const double length = f->most - f->least;
    const int32_t steps = (int32_t)fmin(fmax(ceil(length / log(2.0)), 2.0), VLY_FIT_MOST - 1);
    vly_fit_estimate rough;
    vly_fit_evaluation e;
    *x = 0.5 * (f->least + f->most);
    if (!f->simulator->rough) return VLY_OK;
    for (int32_t i = 0; i <= steps; i++)
        VLY_TRY(simulate(&e, s, f->simulator->rough, rounded(f, f->least + length * i / steps)));
    if (s->family->knots > 1) {
        VLY_TRY(vly_fit_estimate_of(&rough, &s->out->rough, s));
        *x = log(rough.gamma);
    }
    for (int32_t t = 0; t < f->out->targets; t++) s->family[t].knots = 0;
    return VLY_OK;
}

/* With no curve to its end more transport may give one; with one its neighbours are next. */
static double propose_first(const vly_fit_search *s)
{
    double highest = s->fit->least;
    for (int32_t i = 0; i < s->out->evaluations; i++) highest = fmax(highest, log(s->out->evaluation[i].gamma));
    if (s->family->knots == 0) return fmin(highest + 2.0 * STEP, s->fit->most);
    const double above = vly_fit_outward(s, 1);
    return isnan(above) ? vly_fit_outward(s, 0) : above;
}

/* NaN: nothing is left to find out. */
static vly_status propose(double *x, vly_fit_search *s)
{
    const vly_fitting *f = s->fit;
    const vly_fit_family *g = s->family;
    vly_fit_estimate now;
    double nearest = INFINITY;
    *x = propose_first(s);
    if (g->knots < 2) return VLY_OK;
    VLY_TRY(vly_fit_estimate_of(&now, NULL, s));
    const double at = log(now.gamma);
    for (int32_t k = 0; k < g->knots; k++) nearest = fmin(nearest, fabs(g->x[k] - at));
    for (int side = 0; side < 2; side++) {
        *x = vly_fit_outward(s, side);
        if (fabs(at - g->x[side ? g->knots - 1 : 0]) < 0.25 * f->tolerance && !isnan(*x)) return VLY_OK;
    }
    *x = at;
    if (nearest > 0.5 * f->tolerance) return VLY_OK;
    for (int side = 0; side < 2; side++) {
        *x = now.open[side] ? vly_fit_outward(s, side) : NAN;
        if (!isnan(*x)) return VLY_OK;
    }
    return VLY_OK;
}

static vly_status search(vly_fit_search *s)
{
    const vly_fitting *f = s->fit;
    const double around[] = {0.0, -STEP, STEP};
    double x;
    bool done;
    VLY_TRY(begin_at(&x, s));
    for (int i = 0; i < 3; i++) VLY_TRY(vly_fit_evaluate(&done, s, fmin(fmax(x + around[i], f->least), f->most)));
    do {
        VLY_TRY(propose(&x, s));
        done = false;
        if (!isnan(x)) VLY_TRY(vly_fit_evaluate(&done, s, x));
    } while (done);
    return VLY_OK;
}

/* ---- the fit ---- */

static vly_status check_options(const vly_fit_options *o, int32_t cutouts, int32_t targets)
{
    if (!(o->lower > 0.0 && o->upper > o->lower && o->upper <= 1.0))
        return vly_fail(VLY_EUSAGE, "fit: gamma from %g to %g, a range within 0 and 1 expected", o->lower, o->upper);
    if (o->most < 3 || o->most > VLY_FIT_MOST)
        return vly_fail(VLY_EUSAGE, "fit: at most %d simulations, 3 to %d expected", o->most, VLY_FIT_MOST);
    if (!(o->tolerance > 0.0 && o->voltage_error > 0.0 && o->charge_error > 0.0 && o->offset_error >= 0.0))
        return vly_fail(VLY_EUSAGE, "fit: tolerance and errors above 0 expected");
    if (cutouts < 1 || targets < 1)
        return vly_fail(VLY_EUSAGE, "fit: %d cut-outs and %d curves, at least one of each expected", cutouts, targets);
    return VLY_OK;
}

static vly_status prepare(vly_fitting *f, const vly_fit_target *targets)
{
    const int32_t cutouts = f->out->cutouts, count = f->out->targets;
    VLY_TRY(VLY_NEW(&f->aim, count, "fit"));
    VLY_TRY(VLY_NEW(&f->search, cutouts, "fit"));
    VLY_TRY(VLY_NEW(&f->out->cutout, cutouts, "fit"));
    VLY_TRY(VLY_NEW(&f->charge, count, "fit"));
    VLY_TRY(VLY_NEW(&f->voltage, (int64_t)count * VLY_FIT_SAMPLES, "fit"));
    for (int32_t t = 0; t < count; t++) {
        vly_fit_aim *aim = &f->aim[t];
        aim->current = targets[t].current;
        VLY_TRY(vly_fit_curve_cut(&aim->measured, &aim->level, &targets[t].curve, f->options->cutoff));
        aim->reach = 0.5 * f->options->charge_error * aim->measured.charge[aim->measured.count - 1];
    }
    for (int32_t c = 0; c < cutouts; c++) {
        vly_fit_search *s = &f->search[c];
        *s = (vly_fit_search){.fit = f, .out = &f->out->cutout[c], .index = c};
        VLY_TRY(VLY_NEW(&s->family, count, "fit"));
        for (int32_t t = 0; t < count; t++) VLY_TRY(vly_fit_family_create(&s->family[t]));
    }
    return VLY_OK;
}

static void release(vly_fitting *f)
{
    for (int32_t t = 0; f->aim && t < f->out->targets; t++) vly_fit_curve_free(&f->aim[t].measured);
    for (int32_t c = 0; f->search && c < f->out->cutouts; c++) {
        for (int32_t t = 0; f->search[c].family && t < f->out->targets; t++)
            vly_fit_family_free(&f->search[c].family[t]);
        vly_free(f->search[c].family);
    }
    void *const all[] = {f->aim, f->search, f->charge, f->voltage};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) vly_free(all[i]);
}

vly_status vly_fit(vly_fit_result *out, const vly_fit_simulator *simulator, int32_t cutouts,
                   const vly_fit_target *targets, int32_t target_count, const vly_fit_options *options)
{
    vly_fitting f = {.simulator = simulator, .options = options, .out = out};
    *out = (vly_fit_result){.cutouts = cutouts, .targets = target_count};
    VLY_TRY(check_options(options, cutouts, target_count));
    f.least = log(options->lower);
    f.most = log(options->upper);
    f.tolerance = log1p(options->tolerance);
    vly_status status = prepare(&f, targets);
    for (int32_t c = 0; c < cutouts && status == VLY_OK; c++) status = search(&f.search[c]);
    if (status == VLY_OK) status = vly_fit_conclude(&f);
    release(&f);
    if (status != VLY_OK) vly_fit_result_free(out);
    return status;
}

void vly_fit_result_free(vly_fit_result *r)
{
    for (int32_t c = 0; r->cutout && c < r->cutouts; c++) {
        vly_fit_cutout *cutout = &r->cutout[c];
        for (int32_t t = 0; cutout->match && t < r->targets; t++) {
            vly_fit_curve_free(&cutout->match[t].curve);
            vly_fit_curve_free(&cutout->match[t].slope);
        }
        vly_free(cutout->match);
        vly_fit_landscape_free(&cutout->landscape);
        vly_fit_landscape_free(&cutout->rough);
    }
    vly_free(r->cutout);
    vly_fit_landscape_free(&r->landscape);
    *r = (vly_fit_result){.cutouts = 0};
}
