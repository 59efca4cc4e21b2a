/* Measured curves in every direction, and chi2 against a naive oracle (electrochemistry spec 8). */
#include "support.h"

#include "cell/fit_impl.h"

#include <math.h>
#include <string.h>

static const double MAH = 36e3;

enum { ROWS = 60 };

static void rows_of(double *charge, double *voltage)
{
    for (int i = 0; i < ROWS; i++) {
        const double part = i / (ROWS - 1.0);
        charge[i] = MAH * 8.0 * part;
        voltage[i] = 4.2 - 0.9 * part - 0.3 * pow(part, 12.0);
    }
}

static void expect_same(const double *charge, const double *voltage, int64_t count, const char *what)
{
    double q[ROWS], v[ROWS], worst = 0.0;
    vly_fit_curve curve;
    rows_of(q, v);
    ck_assert_msg(vly_fit_curve_measured(&curve, charge, voltage, count, what) == VLY_OK, "%s", vly_error_message());
    ck_assert_msg(curve.count == ROWS && curve.ended, "%s: %lld points", what, (long long)curve.count);
    for (int i = 0; i < ROWS; i++) worst = fmax(worst, fabs(curve.charge[i] - q[i]) + fabs(curve.voltage[i] - v[i]));
    ck_assert_msg(worst < 1e-6, "%s: off by %g", what, worst); /* of 288 000 A s/m2: rounding */
    vly_fit_curve_free(&curve);
}

START_TEST(a_measured_curve_may_be_written_down_either_way)
{
    double q[ROWS + 4], v[ROWS + 4], charge[ROWS + 4], voltage[ROWS + 4];
    rows_of(q, v);
    expect_same(q, v, ROWS, "as it is");
    for (int i = 0; i < ROWS; i++) charge[i] = q[ROWS - 1 - i], voltage[i] = v[ROWS - 1 - i];
    expect_same(charge, voltage, ROWS, "last row first");
    for (int i = 0; i < ROWS; i++) charge[i] = q[ROWS - 1] - q[i];
    expect_same(charge, v, ROWS, "charge that is left");
    for (int i = 0; i < ROWS; i++) charge[i] = -q[i];
    expect_same(charge, v, ROWS, "negative charge");
    for (int i = 0; i < ROWS; i++) charge[i] = q[i] - q[ROWS - 1];
    expect_same(charge, v, ROWS, "negative charge that rises");
    for (int i = 0; i < ROWS; i++) charge[i] = q[i] + 3.0 * MAH;
    expect_same(charge, v, ROWS, "an axis that begins elsewhere");
    for (int i = 0; i < ROWS; i++) charge[i] = -q[ROWS - 1 - i], voltage[i] = v[ROWS - 1 - i];
    expect_same(charge, voltage, ROWS, "negative, last row first");
    memcpy(charge, q, sizeof charge);
    memcpy(voltage, v, sizeof voltage);
    for (int i = 0; i < 4; i++) charge[ROWS + i] = q[ROWS - 1], voltage[ROWS + i] = 3.1 + 0.1 * i;
    expect_same(charge, voltage, ROWS + 4, "rest at the end");
}
END_TEST

START_TEST(what_is_no_curve_of_one_lithiation_is_refused)
{
    double q[2 * ROWS], v[2 * ROWS];
    vly_fit_curve c;
    rows_of(q, v);
    test_fails(vly_fit_curve_measured(&c, q, v, 9, "m.csv"), VLY_EDATA, "m.csv: 9 points");
    v[7] = NAN;
    test_fails(vly_fit_curve_measured(&c, q, v, ROWS, "m.csv"), VLY_EDATA, "point 8 is");
    v[7] = 4050.0;
    test_fails(vly_fit_curve_measured(&c, q, v, ROWS, "m.csv"), VLY_EDATA, "4050 V at point 8");
    for (int i = 0; i < ROWS; i++) v[i] = 3.7;
    test_fails(vly_fit_curve_measured(&c, q, v, ROWS, "m.csv"), VLY_EDATA, "falls with lithiation");
    rows_of(q, v); /* there and back, with a hysteresis of 0.2 V */
    for (int i = 0; i < ROWS; i++) q[ROWS + i] = q[ROWS - 1 - i], v[ROWS + i] = v[ROWS - 1 - i] + 0.2;
    for (int i = 0; i < ROWS; i++) q[ROWS + i] += 0.004 * MAH;
    test_fails(vly_fit_curve_measured(&c, q, v, 2 * ROWS, "m.csv"), VLY_EDATA, "one lithiation");
    for (int i = 0; i < ROWS; i++) q[i] = MAH;
    test_fails(vly_fit_curve_measured(&c, q, v, ROWS, "m.csv"), VLY_EDATA, "different capacities");
}
END_TEST

/* ---- chi2 ---- */

/* As the spec words it, from functions instead of curves, the offset found by trying. */
static double naive_chi2(double (*simulated)(double), double end, double (*measured)(double), double measured_end,
                         const vly_fit_options *o)
{
    double best = INFINITY, least = fmin(end, measured_end);
    for (double offset = -0.1; offset <= 0.1; offset += 1e-5) {
        double sum = pow((end - measured_end) / (o->charge_error * measured_end), 2.0), mean = 0.0;
        for (int k = 0; k < 100; k++) {
            const double q = least * (0.02 + 0.96 * k / 99.0);
            mean += pow((simulated(q) - measured(q) - offset) / o->voltage_error, 2.0) / 100.0;
        }
        if (o->offset_error > 0.0) sum += pow(offset / o->offset_error, 2.0);
        if (o->offset_error > 0.0 || fabs(offset) < 5e-6) best = fmin(best, sum + mean);
    }
    return best;
}

static double simulated_voltage(double q)
{
    const double part = q / (8.4 * MAH);
    return 4.15 - 0.8 * part - 0.35 * pow(part, 8.0);
}

static double measured_voltage(double q)
{
    const double part = q / (8.0 * MAH);
    return 4.18 - 0.85 * part - 0.33 * pow(part, 8.0);
}

static void fill(vly_fit_curve *c, double (*voltage)(double), double end, int64_t count)
{
    ck_assert_int_eq(vly_fit_curve_create(c, count), VLY_OK);
    for (int64_t i = 0; i < count; i++) {
        c->charge[i] = end * (double)i / (double)(count - 1);
        c->voltage[i] = voltage(c->charge[i]);
    }
}

/* Curves of many points, so that what is between them counts for less than 1e-4 of chi2; the oracle's offset is exact to
 * 1e-5 V, which counts for (1e-5 / 10e-3)^2. */
START_TEST(chi2_is_what_the_specification_says)
{
    vly_fit_curve s, m;
    vly_fit_score score;
    vly_fit_options o = VLY_FIT_OPTIONS_INIT;
    fill(&s, simulated_voltage, 8.4 * MAH, 4001);
    fill(&m, measured_voltage, 8.0 * MAH, 4001);
    for (int round = 0; round < 2; round++) {
        o.offset_error = round ? 0.0 : 30e-3;
        const double expected = naive_chi2(simulated_voltage, 8.4 * MAH, measured_voltage, 8.0 * MAH, &o);
        ck_assert_int_eq(vly_fit_compare(&score, &s, &m, &o), VLY_OK);
        ck_assert_double_eq_tol(score.chi2, expected, 1e-3 * expected);
        ck_assert_double_eq_tol(score.chi2, score.charge_part + score.voltage_part + score.offset_part, 1e-12);
        ck_assert_double_eq_tol(score.charge_part, 6.25, 1e-9); /* 5 % of 2 % */
        ck_assert_double_eq_tol(score.charge_error, 0.05, 1e-12);
        ck_assert_double_eq_tol(score.voltage_part, pow(score.rms / 10e-3, 2.0), 1e-12);
        ck_assert(round ? score.offset == 0.0 : score.offset != 0.0);
    }
    vly_fit_curve_free(&s);
    vly_fit_curve_free(&m);
}
END_TEST

START_TEST(curves_that_go_on_below_the_other_are_cut)
{
    vly_fit_curve s, m;
    vly_fit_score score;
    vly_fit_options o = VLY_FIT_OPTIONS_INIT;
    fill(&s, measured_voltage, 8.0 * MAH, 4001); /* both are one curve, which reaches 3 V at 8 mAh/cm2 */
    fill(&m, measured_voltage, 8.2 * MAH, 4001);
    ck_assert(m.voltage[4000] < 2.95);
    ck_assert_int_eq(vly_fit_compare(&score, &s, &m, &o), VLY_OK); /* measured to less than the cut-off */
    ck_assert_double_le(score.chi2, 1e-6);
    m.count = 3600; /* and to more than it */
    ck_assert(m.voltage[3599] > 3.1);
    ck_assert_int_eq(vly_fit_compare(&score, &s, &m, &o), VLY_OK);
    ck_assert_double_le(score.chi2, 1e-6);
    o.cutoff = 4.3;
    test_fails(vly_fit_compare(&score, &s, &m, &o), VLY_EDATA, "begins at 4.180 V");
    vly_fit_curve_free(&s);
    vly_fit_curve_free(&m);
}
END_TEST

START_TEST(a_curve_that_stops_early_counts_only_if_its_end_is_near)
{
    vly_fit_curve s, m;
    vly_fit_score score;
    const vly_fit_options o = VLY_FIT_OPTIONS_INIT;
    fill(&s, measured_voltage, 8.0 * MAH, 4001);
    fill(&m, measured_voltage, 8.0 * MAH, 4001);
    s.ended = false;
    s.count = 3980; /* 0.5 % before: it goes on straight, and its end is right to a part of that */
    ck_assert_int_eq(vly_fit_compare(&score, &s, &m, &o), VLY_OK);
    ck_assert_double_le(fabs(score.charge_error), 2e-3);
    s.count = 3900;
    test_fails(vly_fit_compare(&score, &s, &m, &o), VLY_EDATA, "stops at 7.79");
    s.count = 3;
    test_fails(vly_fit_compare(&score, &s, &m, &o), VLY_EDATA, "stops at");
    vly_fit_curve_free(&s);
    vly_fit_curve_free(&m);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fit_score");
    TEST_CASE(suite, a_measured_curve_may_be_written_down_either_way);
    TEST_CASE(suite, what_is_no_curve_of_one_lithiation_is_refused);
    TEST_CASE(suite, chi2_is_what_the_specification_says);
    TEST_CASE(suite, curves_that_go_on_below_the_other_are_cut);
    TEST_CASE(suite, a_curve_that_stops_early_counts_only_if_its_end_is_near);
    return test_run(suite);
}
