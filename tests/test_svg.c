/* Markup, ticks and figures. */
#include "support.h"

#include "report/svg.h"

#include "markup.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* What vly_html_add makes of the arguments. */
#define EXPECT_HTML(expected, ...)             \
    do {                                       \
        vly_text made = {0};                   \
        vly_html_add(&made, __VA_ARGS__);      \
        ck_assert_str_eq(made.text, expected); \
        vly_text_free(&made);                  \
    } while (0)

START_TEST(strings_cannot_become_markup)
{
    EXPECT_HTML("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;", "%s", "<script>alert('1')</script>");
    EXPECT_HTML("a&quot; onload=&quot;&amp;x]]&gt;", "%s", "a\" onload=\"&x]]>");
    EXPECT_HTML("ab\xc3\xa9", "%s",
                "a\x01\x1b\x7f"
                "b\xc3\xa9");
    const char *volatile none = NULL;
    EXPECT_HTML("[]", "[%s]", none);
}
END_TEST

START_TEST(numbers_have_sensible_digits_in_every_locale)
{
    if (!setlocale(LC_NUMERIC, "de_DE.UTF-8")) fprintf(stderr, "no German locale here: the C locale was tried\n");
    EXPECT_HTML("0.00 1.50 -2.46 3", "%.2f %.2f %.2f %.0f", -0.001, 1.5, -2.456, 3.2);
    EXPECT_HTML("0.398 0.642 1 0 1235", "%.4g %.4g %.4g %.4g %.4g", 0.398, 0.642, 1.0, 0.0, 1234.56);
    EXPECT_HTML("3.2e-9 1.5e12 -1e-5 10", "%.3g %.3g %.3g %.3g", 3.2e-9, 1.5e12, -1e-5, 9.9999);
    EXPECT_HTML("1e-12 1e-9", "%.1g %.3g", 9.6e-13, 9.9999e-10);
    EXPECT_HTML("– –", "%.3f %.3g", (double)NAN, (double)INFINITY);
    EXPECT_HTML("7 −3 5\u202f000\u202f000\u202f000 999 1\u202f000", "%d %d %lld %lld %lld", 7, -3, 5000000000LL, 999LL,
                1000LL);
    EXPECT_HTML("−9\u202f223\u202f372\u202f036\u202f854\u202f775\u202f808", "%lld", (long long)INT64_MIN);
    EXPECT_HTML("0.125 100%", "%.*f 100%%", 3, 0.125);
    setlocale(LC_NUMERIC, "C");
}
END_TEST

START_TEST(base64_is_that_of_rfc_4648)
{
    static const char *const pairs[][2] = {{"", ""},        {"f", "Zg=="},          {"fo", "Zm8="},
                                           {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}, {"\xff\xfe\xfd", "//79"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        vly_text made = {0};
        vly_html_add(&made, "%s", "");
        vly_html_base64(&made, (const unsigned char *)pairs[i][0], (int64_t)strlen(pairs[i][0]));
        ck_assert_str_eq(made.text ? made.text : "", pairs[i][1]);
        vly_text_free(&made);
    }
}
END_TEST

START_TEST(a_link_keeps_no_scheme_and_no_quote)
{
    vly_text made = {0};
    vly_html_href(&made, "javascript:alert(\"1\")/a b<>&.tif");
    ck_assert_str_eq(made.text, "./javascript%3Aalert%28%221%22%29/a%20b%3C%3E%26.tif");
    vly_text_free(&made);
}
END_TEST

START_TEST(ticks_are_multiples_of_one_two_or_five)
{
    uint64_t state = 4;
    for (int trial = 0; trial < 20000; trial++) {
        double low = (test_uniform(&state) - 0.5) * pow(10, test_uniform(&state) * 12 - 6);
        double span = pow(10, test_uniform(&state) * 12 - 6) + fabs(low) * 1e-3;
        int32_t wanted = 4 + (int32_t)(test_random(&state) % 7);
        vly_ticks ticks;
        vly_svg_ticks(&ticks, &(vly_axis){.low = low, .high = low + span}, wanted);
        ck_assert_int_ge(ticks.count, 2);
        ck_assert_int_le(ticks.count, VLY_TICKS);
        double step = ticks.at[1] - ticks.at[0], leading = step / pow(10, floor(log10(step) + 1e-6));
        ck_assert_msg(fabs(leading - 1) < 1e-3 || fabs(leading - 2) < 1e-3 || fabs(leading - 5) < 1e-3, "step %g",
                      step);
        for (int32_t i = 0; i < ticks.count; i++) {
            ck_assert(ticks.at[i] >= low - span * 1e-5 && ticks.at[i] <= low + span * (1 + 1e-5));
            ck_assert(fabs(ticks.at[i] / step - nearbyint(ticks.at[i] / step)) < 1e-3);
        }
        /* the labels tell neighbours apart */
        ck_assert(step > 0.99 * pow(10, -ticks.decimals));
    }
}
END_TEST

START_TEST(known_axes_get_the_ticks_one_would_draw)
{
    vly_ticks ticks;
    vly_svg_ticks(&ticks, &(vly_axis){.low = 0, .high = 1}, 5);
    ck_assert_int_eq(ticks.count, 6);
    ck_assert_int_eq(ticks.decimals, 1);
    ck_assert(ticks.at[0] == 0 && fabs(ticks.at[3] - 0.6) < 1e-12);
    vly_svg_ticks(&ticks, &(vly_axis){.low = 0.015, .high = 0.5, .log = true}, 5);
    ck_assert_int_eq(ticks.count, 5);
    ck_assert(ticks.plain && ticks.at[0] == 0.02 && fabs(ticks.at[4] - 0.5) < 1e-12);
    vly_svg_ticks(&ticks, &(vly_axis){.low = 0.01, .high = 1e6, .log = true}, 5);
    ck_assert(!ticks.plain && ticks.at[0] == 0.01 && fabs(ticks.at[1] - 1) < 1e-12);
    vly_svg_ticks(&ticks, &(vly_axis){.low = 0, .high = 65536}, 6);
    ck_assert_int_eq(ticks.count, 7);
    ck_assert(ticks.at[6] == 60000);
    vly_svg_ticks(&ticks, &(vly_axis){.low = 1, .high = 1e6, .log = true}, 8);
    ck_assert_int_eq(ticks.count, 7);
    ck_assert(ticks.at[6] == 1e6);
    vly_svg_ticks(&ticks, &(vly_axis){.low = 3, .high = 3}, 5);
    ck_assert_int_eq(ticks.count, 0);
    ck_assert(vly_svg_nice(1) == 1 && vly_svg_nice(9.99) == 5 && vly_svg_nice(1000) == 1000 &&
              vly_svg_nice(0.3) > 0.19);
}
END_TEST

START_TEST(values_outside_an_axis_are_drawn_at_its_end)
{
    vly_axis axis = {.low = 1, .high = 100, .at_low = 200, .at_high = 0, .log = true};
    ck_assert(vly_svg_at(&axis, 10) == 100);
    ck_assert(vly_svg_at(&axis, 0) == 200 && vly_svg_at(&axis, -5) == 200 && vly_svg_at(&axis, 1e9) == 0);
}
END_TEST

/* Everything there is, with values no axis expects. */
static void draw_all(vly_text *svg)
{
    static const char *const names[3] = {"<b>", "\"q\"", "a & b"}, *const colours[3] = {"#111111", "#222222",
                                                                                        "#333333"};
    static const unsigned char bytes[5] = {1, 2, 3, 4, 5};
    const double x[5] = {0, 1, NAN, 3, INFINITY}, y[5] = {0, 5, 1, NAN, 2};
    double values[9] = {1, 0.5, NAN, 0.25, 1, 7, -3, 0.9, 1};
    vly_plot plot = {{.low = 0, .high = 3, .at_low = 50, .at_high = 400, .label = "x & y"},
                     {.low = 1, .high = 1e3, .at_low = 300, .at_high = 20, .log = true, .label = "<y>"}};
    vly_svg_open(svg, 500, 400, "a \"title\" <x>");
    vly_svg_axes(svg, &plot);
    vly_svg_area(svg, &plot, x, y, 2, "#444444");
    vly_svg_line(svg, &plot, x, y, 5, "#555555");
    vly_svg_points(svg, &plot, x, y, values, 5, "#777777");
    vly_svg_band(svg, &plot, x, x, y, 2, "#888888");
    vly_svg_bar(svg, &plot, 1, 2, 50, "#666666");
    vly_svg_mark(svg, &plot, 1.5, "t<", VLY_START);
    vly_svg_legend(svg, 10, 10, 3, names, colours);
    vly_svg_picture(svg, 0, 0, 10, 10, bytes, 5);
    vly_svg_heat(
        svg, 0, 0,
        &(vly_heat){.title = "h", .count = 3, .values = values, .names = names, .low = 0, .high = 1, .cell = 40});
    vly_svg_close(svg);
}

START_TEST(figures_are_well_formed_and_always_the_same)
{
    vly_text first = {0}, second = {0};
    draw_all(&first);
    draw_all(&second);
    ck_assert_int_eq(first.status, VLY_OK);
    ck_assert_str_eq(first.text, second.text);
    markup_check(first.text);
    ck_assert_ptr_null(strstr(first.text, "nan"));
    ck_assert_ptr_null(strstr(first.text, "inf"));
    ck_assert_int_eq(markup_count(first.text, "http"), 1); /* the name space */
    vly_text_free(&first);
    vly_text_free(&second);
}
END_TEST

START_TEST(points_have_bars_where_an_error_is_known)
{
    const double x[4] = {0, 1, 2, 3}, y[4] = {10, 20, NAN, 40}, error[4] = {5, NAN, 1, 10};
    vly_plot plot = {{.low = 0, .high = 3, .at_low = 0, .at_high = 300},
                     {.low = 0, .high = 100, .at_low = 100, .at_high = 0}};
    vly_text svg = {0};
    vly_svg_points(&svg, &plot, x, y, error, 4, "#123456");
    ck_assert_int_eq(markup_count(svg.text, "<circle"), 3);
    ck_assert_int_eq(markup_count(svg.text, "<path"), 2);
    ck_assert_ptr_nonnull(strstr(svg.text, "M0.0 95.0L0.0 85.0"));
    ck_assert_ptr_nonnull(strstr(svg.text, "M300.0 70.0L300.0 50.0"));
    vly_text_free(&svg);
    vly_svg_band(&svg, &plot, x, error, y, 1, "#123456"); /* one point spans nothing */
    ck_assert_ptr_null(svg.text);
    const double low[2] = {10, 20}, high[2] = {30, 60};
    vly_svg_band(&svg, &plot, x, low, high, 2, "#123456");
    ck_assert_ptr_nonnull(strstr(svg.text, "M0.0 70.0L100.0 40.0L100.0 80.0L0.0 90.0Z"));
    vly_text_free(&svg);
}
END_TEST

START_TEST(a_heat_map_shows_every_number_but_the_diagonal)
{
    vly_text svg = {0};
    double values[9] = {1, 0.11, 0.12, 0.21, 1, 0.22, 0.31, 0.32, 1};
    static const char *const names[3] = {"one", "two", "three"};
    vly_svg_heat(
        &svg, 0, 0,
        &(vly_heat){.title = "h", .count = 3, .values = values, .names = names, .low = 0, .high = 1, .cell = 40});
    for (int i = 0; i < 9; i++) {
        char number[16];
        snprintf(number, sizeof number, ">%.2f<", values[i]);
        ck_assert_int_eq(markup_count(svg.text, number), i % 4 ? 1 : 0);
    }
    ck_assert_int_eq(markup_count(svg.text, ">one<"), 2); /* row and column */
    ck_assert_int_eq(markup_count(svg.text, ">three<"), 2);
    vly_text_free(&svg);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("svg");
    TEST_CASE(suite, strings_cannot_become_markup);
    TEST_CASE(suite, numbers_have_sensible_digits_in_every_locale);
    TEST_CASE(suite, base64_is_that_of_rfc_4648);
    TEST_CASE(suite, a_link_keeps_no_scheme_and_no_quote);
    TEST_CASE(suite, ticks_are_multiples_of_one_two_or_five);
    TEST_CASE(suite, known_axes_get_the_ticks_one_would_draw);
    TEST_CASE(suite, values_outside_an_axis_are_drawn_at_its_end);
    TEST_CASE(suite, figures_are_well_formed_and_always_the_same);
    TEST_CASE(suite, points_have_bars_where_an_error_is_known);
    TEST_CASE(suite, a_heat_map_shows_every_number_but_the_diagonal);
    return test_run(suite);
}
