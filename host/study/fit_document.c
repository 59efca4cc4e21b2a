#include "study/fit_document.h"

#include "study/lithiate_document.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Takes the value whether it could be made or not. */
static void put(json_t *object, bool *lost, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value) != 0) *lost = true;
}

static json_t *whole(json_t *value, bool lost)
{
    if (!lost) return value;
    json_decref(value);
    return NULL;
}

static json_t *capacities(const double *charge, int64_t count)
{
    bool lost = false;
    json_t *array = json_array();
    for (int64_t i = 0; i < count; i++)
        if (json_array_append_new(array, vly_json_mah_cm2(charge[i])) != 0) lost = true;
    return whole(array, lost);
}

static json_t *millivolts(const double *volts, int64_t count)
{
    bool lost = false;
    json_t *array = json_array();
    for (int64_t i = 0; i < count; i++)
        if (json_array_append_new(array, vly_json_real(1e3 * volts[i])) != 0) lost = true;
    return whole(array, lost);
}

json_t *vly_fit_curve_json(const vly_fit_curve *c)
{
    return json_pack("{s:o, s:o}", "capacity_mah_cm2", capacities(c->charge, c->count), "voltage_v",
                     vly_json_reals(c->voltage, (int32_t)c->count));
}

/* ---- parts ---- */

static json_t *current_json(double current)
{
    return json_real(current / VLY_MA_CM2);
}

static void put_estimate(json_t *o, bool *lost, const vly_fit_estimate *e)
{
    put(o, lost, "gamma", vly_json_real(e->gamma));
    put(o, lost, "chi2", vly_json_real(e->chi2));
    put(o, lost, "freedom", vly_json_real(e->freedom));
    put(o, lost, "interval", vly_json_reals(e->interval, 2));
    put(o, lost, "interval_open", json_pack("[b, b]", e->open[0], e->open[1]));
    put(o, lost, "at_bound", json_boolean(e->at_bound));
    put(o, lost, "identifiable", json_boolean(e->identifiable));
}

static void put_score(json_t *o, bool *lost, const vly_fit_score *s)
{
    put(o, lost, "chi2", vly_json_real(s->chi2));
    put(o, lost, "capacity_chi2", vly_json_real(s->charge_part));
    put(o, lost, "voltage_chi2", vly_json_real(s->voltage_part));
    put(o, lost, "offset_mv", vly_json_real(1e3 * s->offset));
    put(o, lost, "rms_mv", vly_json_real(1e3 * s->rms));
    put(o, lost, "capacity_mah_cm2", vly_json_mah_cm2(s->charge));
    put(o, lost, "capacity_error_rel", vly_json_real(s->charge_error));
}

static json_t *landscape_json(const vly_fit_landscape *l)
{
    bool lost = false;
    if (l->count == 0) return json_null();
    json_t *o = json_object();
    put(o, &lost, "gamma", vly_json_reals(l->gamma, l->count));
    put(o, &lost, "chi2", vly_json_reals(l->chi2, l->count));
    if (l->charge) put(o, &lost, "capacity_mah_cm2", capacities(l->charge, l->count));
    return whole(o, lost);
}

static json_t *simulations_json(const vly_fit_cutout *c)
{
    bool lost = false;
    json_t *array = json_array();
    for (int32_t i = 0; i < c->evaluations; i++) {
        const vly_fit_evaluation *e = &c->evaluation[i];
        json_t *one = json_pack("{s:f, s:o, s:o, s:b}", "gamma", e->gamma, "chi2", vly_json_real(e->chi2),
                                "capacity_mah_cm2", vly_json_mah_cm2(e->charge), "usable", (int)e->usable);
        if (json_array_append_new(array, one) != 0) lost = true;
    }
    return whole(array, lost);
}

static json_t *sensitivity_json(const vly_fit_match *m)
{
    double mean = 0.0;
    for (int64_t i = 0; i < m->slope.count; i++) mean += m->slope.voltage[i] / (double)m->slope.count;
    return json_pack("{s:o, s:o, s:o, s:o}", "capacity_mah_cm2", capacities(m->slope.charge, m->slope.count),
                     "dv_dln_gamma_mv", millivolts(m->slope.voltage, m->slope.count), "mean_dv_dln_gamma_mv",
                     vly_json_real(1e3 * mean), "dq_dln_gamma_mah_cm2", vly_json_mah_cm2(m->charge_slope));
}

static json_t *match_json(const vly_fit_match *m, double current)
{
    bool lost = false;
    json_t *o = json_object();
    put(o, &lost, "current_ma_cm2", current_json(current));
    put_score(o, &lost, &m->score);
    put(o, &lost, "curve", vly_fit_curve_json(&m->curve));
    put(o, &lost, "sensitivity", sensitivity_json(m));
    return whole(o, lost);
}

json_t *vly_fit_prediction_json(double current, const vly_fit_score *score, const vly_fit_curve *curve,
                                const char *failure)
{
    bool lost = false;
    json_t *o = json_object();
    put(o, &lost, "current_ma_cm2", current_json(current));
    if (score)
        put_score(o, &lost, score);
    else
        put(o, &lost, "failure", vly_json_string(failure));
    put(o, &lost, "curve", vly_fit_curve_json(curve));
    return whole(o, lost);
}

/* ---- a cut-out ---- */

static int32_t volume_of(const vly_fit_runs *runs, int32_t cutout)
{
    int32_t volume = 0;
    for (int32_t c = 1; c <= cutout; c++) volume += runs->windows[c].labels != runs->windows[c - 1].labels;
    return volume;
}

static const char *flag_of(const vly_fit_estimate *e)
{
    return isnan(e->gamma) ? "failed" : e->at_bound ? "at bound" : e->identifiable ? "" : "not identifiable";
}

static json_t *cutout_json(const vly_fit_result *r, int32_t index, const vly_fit_target *targets, vly_fit_told *told,
                           const vly_fit_runs *runs, double share)
{
    const vly_fit_cutout *c = &r->cutout[index];
    const vly_fit_window *w = &runs->windows[index];
    bool lost = false;
    json_t *o = json_object(), *matches = json_array();
    put(o, &lost, "labels", vly_json_string(w->path));
    put(o, &lost, "volume", json_integer(volume_of(runs, index)));
    put(o, &lost, "cutout", json_integer(w->number));
    put(o, &lost, "window", vly_job_box(w->window));
    put_estimate(o, &lost, &c->estimate);
    put(o, &lost, "tau", vly_json_real(share / c->estimate.gamma));
    put(o, &lost, "inverse_tau", vly_json_real(c->estimate.gamma / share));
    put(o, &lost, "flag", json_string(flag_of(&c->estimate)));
    put(o, &lost, "evaluations", json_integer(c->evaluations));
    put(o, &lost, "simulations", simulations_json(c));
    put(o, &lost, "landscape", landscape_json(&c->landscape));
    put(o, &lost, "surrogate", landscape_json(&c->rough));
    put(o, &lost, "transport_rel", vly_json_real(told->transport));
    put(o, &lost, "thickness_um", vly_json_real(vly_job_um(told->geometry.voxel * told->geometry.extent.nz)));
    put(o, &lost, "theory_mah_cm2", vly_json_mah_cm2(told->outlook.theory));
    put(o, &lost, "unknowns", json_integer(told->geometry.unknowns));
    for (int32_t t = 0; c->match && t < r->targets; t++)
        if (json_array_append_new(matches, match_json(&c->match[t], targets[t].current)) != 0) lost = true;
    put(o, &lost, "matches", matches);
    put(o, &lost, "predictions", told->predictions);
    told->predictions = NULL;
    return whole(o, lost);
}

/* ---- the whole ---- */

/* Of the cut-out that fits worst. */
static double misfit_of(const vly_fit_result *r)
{
    double most = 0.0;
    for (int32_t c = 0; c < r->cutouts; c++) {
        const vly_fit_estimate *e = &r->cutout[c].estimate;
        if (!isnan(e->gamma)) most = fmax(most, e->chi2 / e->freedom);
    }
    return most;
}

enum { VERDICT = 320 };
static const double BAD = 9.0; /* of chi2 over what it is on average: three standard deviations */

static void say(char text[VERDICT], const vly_fit_result *r, double lower, double upper)
{
    const double ratio = r->interval[1] / r->interval[0];
    if (r->at_bound && r->gamma < 1.1 * lower)
        snprintf(text, VERDICT, "censored: gamma is at most about %.3g, the lower end of the range", r->gamma);
    else if (r->at_bound && r->gamma > upper / 1.1)
        snprintf(text, VERDICT, "censored: gamma is at least about %.3g, the upper end of the range", r->gamma);
    else if (r->at_bound)
        snprintf(
            text, VERDICT,
            "not identifiable: of a cut-out, or of all together, the best gamma lies at an end of what was simulated, or the "
            "curve hardly depends on it");
    else if (isnan(ratio))
        snprintf(text, VERDICT, "not identifiable: the cut-outs have no range of gamma in common");
    else if (ratio > VLY_FIT_FACTOR)
        snprintf(text, VERDICT, "not identifiable: the 95 %% interval spans a factor %.3g", ratio);
    else if (!r->identifiable)
        snprintf(text, VERDICT, "not identifiable: the 95 %% interval reaches an end of what was simulated");
    else
        snprintf(text, VERDICT, "gamma %.4g, 95 %% interval %.4g ... %.4g", r->gamma, r->interval[0], r->interval[1]);
    const size_t length = strlen(text);
    const double misfit = misfit_of(r);
    if (misfit > BAD)
        snprintf(text + length, VERDICT - length,
                 "; even the best curves fit badly: chi2 is %.3g times what the assumed errors explain", misfit);
}

static json_t *targets_json(const vly_fit_target *targets, int32_t count)
{
    bool lost = false;
    json_t *array = json_array();
    for (int32_t t = 0; t < count; t++) {
        const vly_fit_curve *m = &targets[t].curve;
        json_t *one =
            json_pack("{s:o, s:o, s:o}", "current_ma_cm2", current_json(targets[t].current), "capacity_mah_cm2",
                      vly_json_mah_cm2(m->charge[m->count - 1]), "measured", vly_fit_curve_json(m));
        if (json_array_append_new(array, one) != 0) lost = true;
    }
    return whole(array, lost);
}

static json_t *pooled_json(const vly_fit_result *r)
{
    bool lost = false;
    json_t *o = json_object();
    put_estimate(o, &lost, &r->pooled);
    put(o, &lost, "landscape", landscape_json(&r->landscape));
    return whole(o, lost);
}

void vly_fit_document(vly_document *document, const vly_fit_result *r, const vly_fit_target *targets,
                      vly_fit_told *told, const vly_fit_runs *runs, double share)
{
    const double *range = runs->settings->gamma_range;
    const double tau[2] = {share / r->interval[1], share / r->interval[0]};
    char verdict[VERDICT];
    double transport = 0.0, known = 0.0;
    json_t *cutouts = json_array();
    say(verdict, r, range[0], range[1]);
    for (int32_t c = 0; c < r->cutouts; c++) {
        if (isnan(told[c].transport)) continue;
        transport += told[c].transport;
        known += 1.0;
    }
    for (int32_t c = 0; c < r->cutouts; c++)
        if (json_array_append_new(cutouts, cutout_json(r, c, targets, &told[c], runs, share)) != 0)
            document->broken = true;
    const struct {
        const char *key;
        json_t *value;
    } entries[] = {
        {"gamma", vly_json_real(r->gamma)},
        {"tau", vly_json_real(share / r->gamma)},
        {"inverse_tau", vly_json_real(r->gamma / share)},
        {"interval", vly_json_reals(r->interval, 2)},
        {"tau_interval", vly_json_reals(tau, 2)},
        {"at_bound", json_boolean(r->at_bound)},
        {"identifiable", json_boolean(r->identifiable)},
        {"verdict", json_string(verdict)},
        {"rms_mv", vly_json_real(1e3 * r->rms)},
        {"misfit", vly_json_real(misfit_of(r))},
        {"transport_rel", vly_json_real(transport / known)},
        {"evaluations", json_integer(r->evaluations)},
        {"simulations", json_pack("{s:i, s:i, s:i, s:o}", "computed", runs->computed, "reused", runs->reused, "resumed",
                                  runs->resumed, "folder", runs->folder ? vly_json_string(runs->folder) : json_null())},
        {"gamma_range", vly_json_reals(range, 2)},
        {"cbd_porosity", json_real(share)},
        {"targets", targets_json(targets, r->targets)},
        {"pooled", pooled_json(r)},
        {"spread", isnan(r->spread[0]) ? json_null() : vly_json_reals(r->spread, 2)},
        {"per_cutout", cutouts}};
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        vly_document_set(document, entries[i].key, entries[i].value);
}
