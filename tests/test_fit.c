/* The search for gamma, on cells in closed form, where every answer is known: few simulations, wherever gamma is, and what is
 * said of it. */
#include "support.h"

#include "cell/fit_impl.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double MAH = 36e3;

/* ---- a cell in closed form: its charge saturates with gamma, its voltage falls to 3 V at the end ---- */

typedef struct toy {
    double most;                       /* mAh/cm2 at infinite gamma */
    double half[4];                    /* gamma at which half of that is left, of each cut-out */
    double stuck;                      /* below this gamma curves stop half way */
    double tilt;                       /* V, by which the voltage depends on ln gamma */
    int32_t calls, calls_of[4], limit; /* limit: calls after which it fails; 0: never */
    double rough;                      /* factor by which the rough cell's gamma is off */
} toy;

static double toy_charge(const toy *t, int32_t cutout, double gamma)
{
    return MAH * t->most * gamma / (gamma + t->half[cutout]);
}

static double toy_voltage(const toy *t, double part, double gamma)
{
    return 4.2 - 0.9 * part - 0.3 * pow(part, 12.0) + t->tilt * log(gamma / 0.06) * part * (1.0 - part);
}

static vly_status toy_curve(const toy *t, vly_fit_curve *out, int32_t cutout, double gamma)
{
    const bool stuck = gamma < t->stuck;
    VLY_TRY(vly_fit_curve_create(out, 300));
    for (int i = 0; i < 300; i++) {
        const double part = (stuck ? 0.5 : 1.0) * i / 299.0;
        out->charge[i] = part * toy_charge(t, cutout, gamma);
        out->voltage[i] = toy_voltage(t, part, gamma);
    }
    out->ended = !stuck;
    return VLY_OK;
}

static vly_status toy_simulate(void *self, vly_fit_curve *out, int32_t cutout, double current, double gamma)
{
    toy *t = self;
    (void)current;
    if (t->limit > 0 && t->calls == t->limit) return vly_fail(VLY_EAGAIN, "asked to stop");
    t->calls++;
    t->calls_of[cutout]++;
    return toy_curve(t, out, cutout, gamma);
}

static vly_status toy_rough(void *self, vly_fit_curve *out, int32_t cutout, double current, double gamma)
{
    const toy *t = self;
    (void)current;
    return toy_curve(t, out, cutout, gamma * t->rough);
}

static const toy TOY = {.most = 9.0, .half = {0.03, 0.03, 0.03, 0.03}, .tilt = 0.05, .rough = 1.0};

static vly_fit_target toy_target(const toy *t, double gamma)
{
    vly_fit_target target = {.current = 60.0};
    ck_assert_int_eq(toy_curve(t, &target.curve, 0, gamma), VLY_OK);
    return target;
}

static vly_fit_result fit_toy(toy *t, double truth, int32_t cutouts, bool rough, const vly_fit_options *options)
{
    const vly_fit_simulator simulator = {toy_simulate, rough ? toy_rough : NULL, t};
    vly_fit_target target = toy_target(&TOY, truth);
    vly_fit_result result;
    vly_status status = vly_fit(&result, &simulator, cutouts, &target, 1, options);
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
    vly_fit_curve_free(&target.curve);
    return result;
}

START_TEST(gamma_is_found_with_few_simulations_wherever_it_is)
{
    const vly_fit_options o = VLY_FIT_OPTIONS_INIT;
    for (double truth = 0.007; truth < 0.3; truth *= 1.37)
        for (int rough = 0; rough < 2; rough++) {
            toy t = TOY;
            vly_fit_result r = fit_toy(&t, truth, 1, rough, &o);
            ck_assert_msg(fabs(log(r.gamma / truth)) < 0.02, "%g instead of %g", r.gamma, truth);
            ck_assert(r.interval[0] < truth && truth < r.interval[1]);
            ck_assert(t.calls <= 8 && r.evaluations == t.calls);
            ck_assert(!r.at_bound);
            vly_fit_result_free(&r);
        }
}
END_TEST

/* A rough cell that is wrong by a factor costs simulations, not the answer. */
START_TEST(a_rough_cell_that_is_wrong_misleads_nobody)
{
    const vly_fit_options o = VLY_FIT_OPTIONS_INIT;
    static const double factors[] = {0.1, 0.3, 0.8, 1.4, 4.0};
    for (size_t i = 0; i < sizeof factors / sizeof *factors; i++) {
        toy t = TOY;
        t.rough = factors[i];
        vly_fit_result r = fit_toy(&t, 0.06, 1, true, &o);
        ck_assert_msg(fabs(log(r.gamma / 0.06)) < 0.02, "%g", r.gamma);
        ck_assert(t.calls <= 8 && r.cutout->rough.count > 0);
        vly_fit_result_free(&r);
    }
}
END_TEST

/* chi2 = ((Q(g) / Q(g0) - 1) / 0.02)^2 where the voltages of both are one function of the part, and the interval is
 * where that is 3.84: Q(g) = Q(g0) (1 +- 0.0392). With voltages at equal charges there is more to tell, so it is narrower. */
START_TEST(the_interval_is_that_of_the_profile)
{
    toy t = TOY;
    vly_fit_options o = VLY_FIT_OPTIONS_INIT;
    o.voltage_error = 1e3; /* so that the charge alone counts */
    vly_fit_result r = fit_toy(&t, 0.06, 1, false, &o);
    const double q = 0.06 / 0.09, step = 0.02 * sqrt(3.84);
    for (int side = 0; side < 2; side++) {
        const double part = q * (1.0 + (side ? step : -step)), gamma = 0.03 * part / (1.0 - part);
        /* between simulations a factor apart, charges are interpolated to 1 % of their difference */
        ck_assert_msg(fabs(log(r.interval[side] / gamma)) < 0.02, "%g instead of %g", r.interval[side], gamma);
    }
    ck_assert(r.identifiable && isnan(r.spread[0]));
    ck_assert(r.pooled.gamma == r.gamma && r.landscape.count > 100 && r.cutout->landscape.charge);
    vly_fit_result_free(&r);
    o.voltage_error = 10e-3;
    toy u = TOY;
    vly_fit_result narrow = fit_toy(&u, 0.06, 1, false, &o);
    ck_assert(narrow.interval[1] / narrow.interval[0] < 1.2);
    vly_fit_result_free(&narrow);
}
END_TEST

START_TEST(an_optimum_at_the_edge_is_a_bound)
{
    vly_fit_options o = VLY_FIT_OPTIONS_INIT;
    for (int side = 0; side < 2; side++) {
        toy t = TOY;
        o.lower = side ? 0.005 : 0.03;
        o.upper = side ? 0.05 : 0.5;
        vly_fit_result r = fit_toy(&t, side ? 0.2 : 0.008, 1, true, &o);
        ck_assert_double_eq_tol(r.gamma, side ? o.upper : o.lower, 1e-9);
        ck_assert(r.at_bound && !r.identifiable && r.pooled.open[side]);
        ck_assert(t.calls <= 8);
        vly_fit_result_free(&r);
    }
}
END_TEST

START_TEST(where_gamma_does_not_matter_it_is_not_identifiable)
{
    const vly_fit_options o = VLY_FIT_OPTIONS_INIT;
    toy t = TOY;
    for (int c = 0; c < 4; c++) t.half[c] = 1e-5; /* as at 1 mA/cm2 */
    t.tilt = 0.0;
    const vly_fit_simulator simulator = {toy_simulate, NULL, &t};
    vly_fit_target target = toy_target(&t, 0.06);
    vly_fit_result r;
    ck_assert_int_eq(vly_fit(&r, &simulator, 1, &target, 1, &o), VLY_OK);
    ck_assert(r.at_bound && !r.identifiable && r.pooled.open[0] && r.pooled.open[1]);
    ck_assert_double_eq_tol(r.interval[0], o.lower, 1e-9);
    ck_assert_double_eq_tol(r.interval[1], o.upper, 1e-9);
    ck_assert(t.calls <= 8);
    vly_fit_result_free(&r);
    vly_fit_curve_free(&target.curve);
}
END_TEST

START_TEST(simulations_that_stop_early_are_counted_and_left_out)
{
    const vly_fit_options o = VLY_FIT_OPTIONS_INIT;
    toy t = TOY;
    t.stuck = 0.045;
    vly_fit_result r = fit_toy(&t, 0.06, 1, false, &o); /* its three begin at 0.033 */
    ck_assert_double_eq_tol(r.gamma, 0.06, 0.0012);
    int stopped = 0;
    for (int32_t i = 0; i < r.cutout->evaluations; i++) {
        const vly_fit_evaluation *e = &r.cutout->evaluation[i];
        ck_assert(e->usable == (e->gamma >= 0.045) && e->usable == !isnan(e->chi2));
        stopped += !e->usable;
    }
    ck_assert(stopped > 0 && r.evaluations == t.calls && t.calls <= 8);
    vly_fit_result_free(&r);
    t = TOY;
    t.stuck = 1.0;
    vly_fit_target target = toy_target(&TOY, 0.06);
    const vly_fit_simulator simulator = {toy_simulate, NULL, &t};
    test_fails(vly_fit(&r, &simulator, 1, &target, 1, &o), VLY_ENUMERIC, "at most one reached the cut-off");
    vly_fit_curve_free(&target.curve);
}
END_TEST

START_TEST(what_a_simulator_fails_with_comes_back)
{
    const vly_fit_options o = VLY_FIT_OPTIONS_INIT;
    vly_fit_target target = toy_target(&TOY, 0.06);
    for (int32_t limit = 1; limit < 4; limit++) { /* it takes 4 */
        toy t = TOY;
        t.limit = limit;
        const vly_fit_simulator simulator = {toy_simulate, NULL, &t};
        vly_fit_result r;
        test_fails(vly_fit(&r, &simulator, 1, &target, 1, &o), VLY_EAGAIN, "asked to stop");
    }
    vly_fit_options wrong = o;
    toy t = TOY;
    const vly_fit_simulator simulator = {toy_simulate, NULL, &t};
    vly_fit_result r;
    wrong.lower = 0.0;
    test_fails(vly_fit(&r, &simulator, 1, &target, 1, &wrong), VLY_EUSAGE, "gamma from 0");
    wrong = o;
    wrong.most = 2;
    test_fails(vly_fit(&r, &simulator, 1, &target, 1, &wrong), VLY_EUSAGE, "3 to 16");
    test_fails(vly_fit(&r, &simulator, 0, &target, 1, &o), VLY_EUSAGE, "0 cut-outs");
    vly_fit_curve_free(&target.curve);
}
END_TEST

/* Cut-outs whose charge halves at different gammas fit at gammas in the same ratio (gamma / half decides). */
START_TEST(cut_outs_give_a_mean_and_what_they_scatter_by)
{
    const vly_fit_options o = VLY_FIT_OPTIONS_INIT;
    toy t = TOY;
    t.tilt = 0.0;
    t.half[1] = 0.033;
    t.half[2] = 0.0264;
    const vly_fit_simulator simulator = {toy_simulate, NULL, &t};
    toy flat = TOY;
    flat.tilt = 0.0;
    vly_fit_target target = toy_target(&flat, 0.06);
    vly_fit_result r;
    ck_assert_int_eq(vly_fit(&r, &simulator, 3, &target, 1, &o), VLY_OK);
    double x[3], mean = 0.0, squares = 0.0;
    for (int c = 0; c < 3; c++) {
        const double truth = 0.06 * t.half[c] / 0.03;
        ck_assert_double_eq_tol(r.cutout[c].estimate.gamma, truth, 0.02 * truth);
        ck_assert_int_le(t.calls_of[c], 8);
        x[c] = log(r.cutout[c].estimate.gamma);
        mean += x[c] / 3.0;
    }
    for (int c = 0; c < 3; c++) squares += (x[c] - mean) * (x[c] - mean);
    const double half = 4.303 * sqrt(squares / 2.0) / sqrt(3.0);
    ck_assert_double_eq_tol(log(r.gamma), mean, 1e-12);
    ck_assert_double_eq_tol(log(r.spread[0]), mean - half, 1e-9);
    ck_assert_double_eq_tol(log(r.spread[1]), mean + half, 1e-9);
    ck_assert(r.interval[0] == r.spread[0] && r.interval[1] == r.spread[1]); /* the scatter is wider here */
    ck_assert(r.pooled.gamma > 0.05 && r.pooled.gamma < 0.07 && r.identifiable);
    ck_assert(r.evaluations == t.calls);
    vly_fit_result_free(&r);
    vly_fit_curve_free(&target.curve);
}
END_TEST

START_TEST(two_currents_are_fitted_together)
{
    const vly_fit_options o = VLY_FIT_OPTIONS_INIT;
    toy t = TOY;
    const vly_fit_simulator simulator = {toy_simulate, NULL, &t};
    vly_fit_target targets[2] = {toy_target(&TOY, 0.054), toy_target(&TOY, 0.066)};
    targets[1].current = 30.0;
    vly_fit_result r;
    ck_assert_int_eq(vly_fit(&r, &simulator, 1, targets, 2, &o), VLY_OK);
    ck_assert(r.gamma > 0.056 && r.gamma < 0.064);
    ck_assert_int_eq(t.calls, 2 * r.evaluations);
    ck_assert(r.cutout->match[0].score.charge_error > 0.0 && r.cutout->match[1].score.charge_error < 0.0);
    ck_assert(r.pooled.freedom == 3.0);
    vly_fit_result_free(&r);
    for (int i = 0; i < 2; i++) vly_fit_curve_free(&targets[i].curve);
}
END_TEST

static vly_status try_fit(void *target)
{
    const vly_fit_options o = VLY_FIT_OPTIONS_INIT;
    toy t = TOY;
    const vly_fit_simulator simulator = {toy_simulate, toy_rough, &t};
    vly_fit_result r;
    VLY_TRY(vly_fit(&r, &simulator, 2, target, 1, &o));
    vly_fit_result_free(&r);
    return VLY_OK;
}

START_TEST(every_allocation_may_fail)
{
    vly_fit_target target = toy_target(&TOY, 0.06);
    ck_assert_int_gt(test_every_fault("alloc", try_fit, &target), 49);
    vly_fit_curve_free(&target.curve);
}
END_TEST

/* Q = most g / (g + half): dQ / d ln g = Q half / (g + half). */
START_TEST(sensitivities_are_slopes)
{
    const vly_fit_options o = VLY_FIT_OPTIONS_INIT;
    toy t = TOY;
    vly_fit_result r = fit_toy(&t, 0.06, 1, false, &o);
    const vly_fit_match *m = r.cutout->match;
    const double gamma = r.gamma, charge = toy_charge(&t, 0, gamma), slope = charge * 0.03 / (gamma + 0.03);
    ck_assert_double_eq_tol(m->charge_slope, slope,
                            0.1 * slope); /* monotone cubics: their slopes are a mean of neighbours */
    ck_assert_int_eq(m->slope.count, VLY_FIT_POINTS);
    const double q = m->slope.charge[50], h = 1e-4;
    const double up = toy_voltage(&t, q / toy_charge(&t, 0, gamma * exp(h)), gamma * exp(h));
    const double down = toy_voltage(&t, q / toy_charge(&t, 0, gamma * exp(-h)), gamma * exp(-h));
    ck_assert_double_eq_tol(m->slope.voltage[50], (up - down) / (2.0 * h), 0.1 * fabs(up - down) / (2.0 * h));
    ck_assert_double_eq_tol(m->curve.charge[m->curve.count - 1], charge, 0.01 * charge);
    vly_fit_result_free(&r);
}
END_TEST

START_TEST(quantiles_of_student_are_those_of_the_tables)
{
    ck_assert_double_eq_tol(vly_fit_student(1), 12.706, 1e-9);
    ck_assert_double_eq_tol(vly_fit_student(2), 4.303, 1e-9);
    ck_assert_double_eq_tol(vly_fit_student(30), 2.042, 1e-3);
    ck_assert_double_eq_tol(vly_fit_student(120), 1.980, 1e-3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fit");
    TEST_CASE(suite, gamma_is_found_with_few_simulations_wherever_it_is);
    TEST_CASE(suite, a_rough_cell_that_is_wrong_misleads_nobody);
    TEST_CASE(suite, the_interval_is_that_of_the_profile);
    TEST_CASE(suite, an_optimum_at_the_edge_is_a_bound);
    TEST_CASE(suite, where_gamma_does_not_matter_it_is_not_identifiable);
    TEST_CASE(suite, simulations_that_stop_early_are_counted_and_left_out);
    TEST_CASE(suite, what_a_simulator_fails_with_comes_back);
    TEST_CASE(suite, cut_outs_give_a_mean_and_what_they_scatter_by);
    TEST_CASE(suite, two_currents_are_fitted_together);
    TEST_CASE(suite, every_allocation_may_fail);
    TEST_CASE(suite, sensitivities_are_slopes);
    TEST_CASE(suite, quantiles_of_student_are_those_of_the_tables);
    return test_run(suite);
}
