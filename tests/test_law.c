/* Laws of one variable: tables against SciPy's numbers, expressions against the same written in C, derivatives against
 * difference quotients, and what is no law. */
#include "cell/law.h"

#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const vly_law_frame plain = {1.0, 1.0, 298.15, "FILE: law"};

static vly_law table(const double *x, const double *y, int32_t points, bool monotone, bool logarithmic)
{
    vly_law law;
    vly_law_words words = {.kind = VLY_WORDS_TABLE,
                           .points = points,
                           .x = (double *)x,
                           .y = (double *)y,
                           .monotone = monotone,
                           .logarithmic = logarithmic,
                           .low = -INFINITY,
                           .high = INFINITY};
    ck_assert_int_eq(vly_law_build(&law, &words, &plain), VLY_OK);
    return law;
}

static vly_status compile(vly_law *law, const char *text, const vly_law_frame *frame)
{
    vly_law_words words = {
        .kind = VLY_WORDS_EXPRESSION, .expression = (char *)text, .low = -INFINITY, .high = INFINITY};
    return vly_law_build(law, &words, frame);
}

static double value_of(const char *text, double x)
{
    vly_law law;
    double slope;
    ck_assert_msg(compile(&law, text, &plain) == VLY_OK, "%s", vly_error_message());
    double value = vly_law_value(&law, x, &slope);
    vly_law_free(&law);
    return value;
}

/* SciPy 1.17.1: PchipInterpolator; flat pieces, turning points and ends that need limiting. 1e-12: a few roundings. */
START_TEST(monotone_cubics_are_those_of_scipy)
{
    static const double x[][7] = {{0, 0.1, 0.15, 0.4, 0.7, 0.75, 1}, {0, 1, 3}, {0, 1, 2}},
                        y[][7] = {{1, 1.5, 1.5, 0.2, 0.9, 0.1, -2}, {0, 1, -5}, {0, 0.1, 5}};
    static const int32_t points[] = {7, 3, 3};
    static const double expected[][4] = {{0, 0, 1, 8.333333333333334},
                                         {0, 0.03, 1.2305, 6.883333333333334},
                                         {0, 0.12, 1.5, 0},
                                         {0, 0.2, 1.3648, -4.992},
                                         {0, 0.33, 0.4486848, -6.28992},
                                         {0, 0.55, 0.55, 3.5},
                                         {0, 0.71, 0.8357369863013699, -12.046027397260264},
                                         {0, 0.9, -1.4704547945205475, -8.060602739726026},
                                         {0, 1, -2, -2.0666666666666806},
                                         {1, 0, 0, 2.3333333333333335},
                                         {1, 0.5, 0.7916666666666667, 0.9166666666666667},
                                         {1, 2, -0.5833333333333333, -3.0833333333333335},
                                         {1, 3, -5, -5.666666666666667},
                                         {2, 0, 0, 0},
                                         {2, 0.5, 0.0255, 0.101},
                                         {2, 1.5, 1.662, 5.476},
                                         {2, 2, 5, 7.3}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const double *e = expected[i];
        int k = (int)e[0];
        double slope;
        vly_law law = table(x[k], y[k], points[k], true, false);
        double value = vly_law_value(&law, e[1], &slope);
        ck_assert_msg(fabs(value - e[2]) < 1e-12 && fabs(slope - e[3]) < 1e-12, "table %d at %g: %.17g, slope %.17g", k,
                      e[1], value, slope);
        vly_law_free(&law);
    }
}
END_TEST

START_TEST(two_points_make_a_straight_line_and_beyond_them_nothing_changes)
{
    static const double x[] = {1, 3}, y[] = {2, 8};
    for (int monotone = 0; monotone < 2; monotone++) {
        double slope;
        vly_law law = table(x, y, 2, monotone, false);
        ck_assert_double_eq_tol(vly_law_value(&law, 1.5, &slope), 3.5, 1e-14);
        ck_assert_double_eq_tol(slope, 3.0, 1e-14);
        ck_assert_double_eq(vly_law_value(&law, 0.999, &slope), 2.0);
        ck_assert_double_eq(slope, 0.0);
        ck_assert_double_eq_tol(vly_law_value(&law, 77, &slope), 8.0, 1e-14);
        ck_assert_double_eq(slope, 0.0);
        vly_law_free(&law);
    }
}
END_TEST

START_TEST(a_linear_table_is_straight_between_its_points)
{
    static const double x[] = {0, 1, 3, 4}, y[] = {5, 4, 8, 0};
    double slope;
    vly_law law = table(x, y, 4, false, false);
    ck_assert_double_eq_tol(vly_law_value(&law, 2.0, &slope), 6.0, 1e-14);
    ck_assert_double_eq_tol(slope, 2.0, 1e-14);
    ck_assert_double_eq_tol(vly_law_value(&law, 3.75, &slope), 2.0, 1e-14);
    ck_assert_double_eq_tol(slope, -8.0, 1e-14);
    vly_law_free(&law);
}
END_TEST

/* 10^(1 - 2x) */
START_TEST(a_logarithmic_table_is_straight_in_its_logarithm)
{
    static const double x[] = {0, 2}, y[] = {10, 1e-3};
    double slope;
    vly_law law = table(x, y, 2, false, true);
    double value = vly_law_value(&law, 0.7, &slope), expected = pow(10, -0.4);
    ck_assert_double_eq_tol(value, expected, 1e-14);
    ck_assert_double_eq_tol(slope, -2 * log(10.0) * expected, 1e-13);
    vly_law_free(&law);
}
END_TEST

/* Between knots the bisection must find the piece that a walk finds. */
START_TEST(every_piece_of_a_long_table_is_found)
{
    enum { POINTS = 137 };
    double x[POINTS] = {0}, y[POINTS], slope;
    uint64_t random = 5;
    int wrong = 0;
    for (int i = 0; i < POINTS; i++) {
        x[i] = (i > 0 ? x[i - 1] : 0.0) + 0.01 + test_uniform(&random);
        y[i] = test_uniform(&random);
    }
    vly_law law = table(x, y, POINTS, false, false);
    for (int n = 0; n < 5000; n++) {
        double at = x[0] + (x[POINTS - 1] - x[0]) * test_uniform(&random);
        int k = 0;
        while (k + 2 < POINTS && at >= x[k + 1]) k++;
        double t = (at - x[k]) / (x[k + 1] - x[k]), expected = (1 - t) * y[k] + t * y[k + 1];
        wrong += fabs(vly_law_value(&law, at, &slope) - expected) > 1e-12;
    }
    for (int k = 0; k < POINTS; k++) wrong += fabs(vly_law_value(&law, x[k], &slope) - y[k]) > 1e-12;
    ck_assert_int_eq(wrong, 0);
    vly_law_free(&law);
}
END_TEST

START_TEST(expressions_mean_what_they_mean_in_python)
{
    static const struct {
        const char *text;
        double x, value;
    } cases[] = {{"-x**2", 3, -9},
                 {"2**-1", 0, 0.5},
                 {"2**3**2", 0, 512},
                 {"(2**3)**2", 0, 64},
                 {"2**-x**2", 2, 0.0625},
                 {"-2**-2", 0, -0.25},
                 {"--x", 4, 4},
                 {"+-+x", 4, -4},
                 {"1-2-3", 0, -4},
                 {"16/4/2", 0, 2},
                 {"16/4*2", 0, 8},
                 {"2*-x", 3, -6},
                 {"1+2*x", 5, 11},
                 {"(1+2)*x", 5, 15},
                 {".5*x+5.", 2, 6},
                 {"1e3*x-2.5E-1", 1, 999.75},
                 {" 1\t+ \n x ", 1, 2},
                 {"x*x*x", -2, -8},
                 {"x**3", -2, -8},
                 {"x**9", -2, -512},
                 {"x**0", 7, 1},
                 {"8/x*2", 4, 4},
                 {"2*x*3/4", 2, 3},
                 {"2/(x*4)", 2, 0.25},
                 {"x/x", 3, 1},
                 {"x-x*2", 3, -3},
                 {"2*3+x*(4-2)**2", 1.5, 12},
                 {"exp(0)+cosh(0)+tanh(0)+sinh(0)+sqrt(16)+log(1)", 0, 6},
                 {"sqrt(x)**2", 2.25, 2.25},
                 {"x**0.5", 2.25, 1.5},
                 {"((((x))))", 2, 2},
                 {"T-298.15", 0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double value = value_of(cases[i].text, cases[i].x);
        ck_assert_msg(fabs(value - cases[i].value) <= 1e-13 * fabs(cases[i].value), "%s at %g is %.17g, %.17g expected",
                      cases[i].text, cases[i].x, value, cases[i].value);
    }
}
END_TEST

static double chen(double x)
{
    return -0.8090 * x + 4.4875 - 0.0428 * tanh(18.5138 * (x - 0.5542)) - 17.7326 * tanh(15.7890 * (x - 0.3117)) +
           17.5842 * tanh(15.9308 * (x - 0.3120));
}

#define CHEN                                                                                                 \
    "-0.8090*x+4.4875-0.0428*tanh(18.5138*(x-0.5542))-17.7326*tanh(15.7890*(x-0.3117))+17.5842*tanh(15.9308" \
    "*(x-0.3120))"

/* The order of operations is the same, so only contraction could tell them apart: 1e-12 of terms of 17. */
START_TEST(an_open_circuit_potential_is_an_expression)
{
    double worst = 0.0;
    for (int k = 1; k < 100; k++) worst = fmax(worst, fabs(value_of(CHEN, 0.01 * k) - chen(0.01 * k)));
    ck_assert_double_le(worst, 1e-12);
}
END_TEST

/* Central differences of step h: the error is h^2 f'''/6 + eps f / h. With h = 1e-5 of x and f''' x^3 < 1e3 f it is below
 * 1e-7 of f/x, and of f' where that is not far smaller. */
START_TEST(slopes_are_those_of_difference_quotients)
{
    static const char *const texts[] = {CHEN,
                                        "x**2.5*exp(-x)",
                                        "2**x+x**x",
                                        "log(x)*sqrt(x)/(1+x**4)",
                                        "sinh(x)/cosh(2*x)-x/(3-x)",
                                        "-(x-0.2)**-3",
                                        "exp(-tanh(3*(x-0.4))**2)",
                                        "x**7-1/x**8",
                                        "(1+x)*(1-x)*(2+x)"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        vly_law law;
        ck_assert_int_eq(compile(&law, texts[i], &plain), VLY_OK);
        for (int k = 3; k < 10; k++) {
            double x = 0.1 * k + 0.007, h = 1e-5 * x, slope, unused;
            double f = vly_law_value(&law, x, &slope);
            double quotient = (vly_law_value(&law, x + h, &unused) - vly_law_value(&law, x - h, &unused)) / (2 * h);
            ck_assert_msg(fabs(slope - quotient) <= 1e-6 * (fabs(slope) + 1e-2 * fabs(f / x)), "%s at %g: %.12g, %.12g",
                          texts[i], x, slope, quotient);
        }
        vly_law_free(&law);
    }
}
END_TEST

START_TEST(a_factor_and_a_unit_change_values_and_slopes)
{
    const vly_law_frame frame = {1000.0, 3.0, 298.15, "law"};
    vly_law law;
    double slope, x[] = {0, 2000}, y[] = {1, 5};
    ck_assert_int_eq(compile(&law, "1+(x/1000)**2", &frame), VLY_OK);
    ck_assert_double_eq_tol(vly_law_value(&law, 2.0, &slope), 15.0, 1e-13);
    ck_assert_double_eq_tol(slope, 12.0, 1e-13);
    vly_law_free(&law);
    vly_law_words words = {.kind = VLY_WORDS_TABLE, .points = 2, .x = x, .y = y, .low = 500, .high = INFINITY};
    ck_assert_int_eq(vly_law_build(&law, &words, &frame), VLY_OK);
    ck_assert_double_eq_tol(vly_law_value(&law, 1.0, &slope), 9.0, 1e-13);
    ck_assert_double_eq_tol(slope, 6.0, 1e-13);
    ck_assert_double_eq_tol(vly_law_value(&law, 0.1, &slope), 6.0, 1e-13); /* clipped to 500 */
    ck_assert_double_eq(slope, 0.0);
    vly_law_free(&law);
    words = (vly_law_words){.kind = VLY_WORDS_NUMBER, .number = 2};
    ck_assert_int_eq(vly_law_build(&law, &words, &frame), VLY_OK);
    ck_assert_double_eq(vly_law_value(&law, 123, &slope), 6.0);
    ck_assert_double_eq(slope, 0.0);
    vly_law_free(&law);
}
END_TEST

/* What only depends on T or on a factor of x costs no step later. */
START_TEST(constants_are_folded)
{
    vly_law law = {.kind = VLY_LAW_CONSTANT};
    const vly_law_frame frame = {1000.0, 1.0, 300, "law"};
    ck_assert_int_eq(vly_law_compile(&law, "2*3*exp(1000/T)*(x/1000)", &frame), VLY_OK);
    ck_assert_int_eq(law.steps, 1);
    ck_assert_double_eq_tol(law.program[0].number, 6 * exp(1000.0 / 300), 1e-12);
    vly_law_free(&law);
    ck_assert_int_eq(vly_law_compile(&law, "-(x/1000)", &frame), VLY_OK);
    ck_assert_int_eq(law.steps, 1);
    ck_assert_double_eq(law.program[0].number, -1.0);
    vly_law_free(&law);
}
END_TEST

/* Both ways the same to the roundings of sums of order 10. */
START_TEST(polynomials_of_degree_three_become_cubics)
{
    static const struct {
        const char *text;
        vly_law_kind kind;
    } cases[] = {{"3", VLY_LAW_CUBIC},
                 {"x", VLY_LAW_CUBIC},
                 {"1-2*x+x**2/4-0.3*x**3", VLY_LAW_CUBIC},
                 {"(x-1)*(x+2)*(3-x)", VLY_LAW_CUBIC},
                 {"-(1+x)**3/(2-5)", VLY_LAW_CUBIC},
                 {"x*x*x*x", VLY_LAW_PROGRAM},
                 {"x**4-x**4", VLY_LAW_PROGRAM},
                 {"(x*x)**2", VLY_LAW_PROGRAM},
                 {"1/x", VLY_LAW_PROGRAM},
                 {"x**-1", VLY_LAW_PROGRAM},
                 {"2**x", VLY_LAW_PROGRAM},
                 {"exp(x)", VLY_LAW_PROGRAM}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vly_law law, program = {.low = -INFINITY, .high = INFINITY};
        ck_assert_int_eq(compile(&law, cases[i].text, &plain), VLY_OK);
        ck_assert_msg(law.kind == cases[i].kind, "%s is of kind %d", cases[i].text, (int)law.kind);
        ck_assert_int_eq(vly_law_compile(&program, cases[i].text, &plain), VLY_OK);
        for (int k = 1; k < 20; k++) {
            double s, t, value = vly_law_value(&law, 0.1 * k, &s), expected = vly_law_value(&program, 0.1 * k, &t);
            ck_assert_msg(fabs(value - expected) < 1e-13 && fabs(s - t) < 1e-13, "%s at %g: %.17g, slope %.17g",
                          cases[i].text, 0.1 * k, value, s);
        }
        vly_law_free(&law);
        vly_law_free(&program);
    }
}
END_TEST

START_TEST(what_is_no_expression_is_refused_where_it_ends)
{
    static const struct {
        const char *text, *part;
    } cases[] = {{"", "character 1 of"},
                 {"1+", "character 3 of"},
                 {"2x", "\"x\" at character 2 of the expression, an operator expected"},
                 {"y+1", "\"y+1\" at character 1"},
                 {"sin(x)", "exp, log, sqrt, sinh, cosh or tanh expected"},
                 {"exp x", "( behind a function"},
                 {"exp(x", "an operator or )"},
                 {"(1+x", "an operator or )"},
                 {"1+x)", "character 4 of the expression, an operator"},
                 {"x***2", "character 4"},
                 {"x^2", "character 2"},
                 {"1..2", "character 3"},
                 {"0x10", "character 1"},
                 {"nan", "character 1"},
                 {"math.exp(x)", "character 1"},
                 {"__import__('os')", "character 1"},
                 {"x if x>0 else 1", "character 3"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vly_law law;
        test_fails(compile(&law, cases[i].text, &plain), VLY_EDATA, cases[i].part);
        test_fails(compile(&law, cases[i].text, &plain), VLY_EDATA, "FILE: law: ");
    }
}
END_TEST

/* Neither the parser's stack nor that of the kernels may overflow. */
START_TEST(expressions_that_nest_too_deep_are_refused)
{
    enum { MANY = 100000 };
    vly_law law;
    char *text = malloc(3 * MANY + 8);
    ck_assert_ptr_nonnull(text);
    memset(text, '(', MANY);
    strcpy(text + MANY, "x");
    test_fails(compile(&law, text, &plain), VLY_EDATA, "fewer brackets");
    memset(text, '-', MANY);
    test_fails(compile(&law, text, &plain), VLY_EDATA, "fewer brackets");
    text[0] = 0;
    for (int i = 0; i < 20; i++) strcat(text, "exp(x)-(");
    strcat(text, "x");
    for (int i = 0; i < 20; i++) strcat(text, ")");
    test_fails(compile(&law, text, &plain), VLY_EDATA, "holds more than 12 numbers at once");
    strcpy(text, "x");
    for (int i = 1; i < MANY; i++) strcpy(text + 2 * i - 1, "+x"); /* long, not deep */
    double slope;
    ck_assert_int_eq(compile(&law, text, &plain), VLY_OK);
    ck_assert_double_eq(vly_law_value(&law, 2.0, &slope), 2.0 * MANY);
    ck_assert_double_eq(slope, MANY);
    vly_law_free(&law);
    free(text);
}
END_TEST

START_TEST(what_is_no_table_is_refused)
{
    double x[] = {0, 1, 1}, y[] = {1, 2, 3};
    vly_law law;
    vly_law_words words = {.kind = VLY_WORDS_TABLE, .points = 1, .x = x, .y = y, .low = 0, .high = 1};
    test_fails(vly_law_build(&law, &words, &plain), VLY_EDATA, "a table of 1 points");
    words.points = 3;
    test_fails(vly_law_build(&law, &words, &plain), VLY_EDATA, "x = 1 stands twice");
    words.points = 2;
    y[1] = NAN;
    test_fails(vly_law_build(&law, &words, &plain), VLY_EDATA, "point 2 is (1, nan)");
    y[1] = -1;
    words.logarithmic = true;
    test_fails(vly_law_build(&law, &words, &plain), VLY_EDATA, "above 0 expected");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("law");
    TEST_CASE(suite, monotone_cubics_are_those_of_scipy);
    TEST_CASE(suite, two_points_make_a_straight_line_and_beyond_them_nothing_changes);
    TEST_CASE(suite, a_linear_table_is_straight_between_its_points);
    TEST_CASE(suite, a_logarithmic_table_is_straight_in_its_logarithm);
    TEST_CASE(suite, every_piece_of_a_long_table_is_found);
    TEST_CASE(suite, expressions_mean_what_they_mean_in_python);
    TEST_CASE(suite, an_open_circuit_potential_is_an_expression);
    TEST_CASE(suite, slopes_are_those_of_difference_quotients);
    TEST_CASE(suite, a_factor_and_a_unit_change_values_and_slopes);
    TEST_CASE(suite, constants_are_folded);
    TEST_CASE(suite, polynomials_of_degree_three_become_cubics);
    TEST_CASE(suite, what_is_no_expression_is_refused_where_it_ends);
    TEST_CASE(suite, expressions_that_nest_too_deep_are_refused);
    TEST_CASE(suite, what_is_no_table_is_refused);
    return test_run(suite);
}
