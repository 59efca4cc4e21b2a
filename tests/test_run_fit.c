/* Fits in a study: gamma comes back from a curve that was simulated with it, and what the folder holds afterwards. */
#define test_device(threads, limit) test_cpu(threads) /* whole marches: other subjects emulate their kernels */
#include "run_study.h"

#include "markup.h"

#include <math.h>

#define CELL "crop: 4, separator_layers: 4, cutoff: 3.6"

static const char made[] = "version: 1\nquantities: none\ninput: {name: slabs, trinarised: truth.tif}\n"
                           "cell: {current: [2, 0.5], gamma_cbd: 0.06, " CELL "}\n";
static const char fitted[] = "version: 1\nquantities: none\ninput: {name: slabs, trinarised: {kmeans: truth.tif}}\n"
                             "cell: {" CELL "}\nexperiment: measured.csv\n"
                             "fit: {methods: [kmeans, threshold], current: 2, predict: yes%s}\n";

static void append(FILE *to, const char *path, bool header)
{
    char line[1024];
    FILE *from = fopen(path, "r");
    ck_assert_ptr_nonnull(from);
    for (int i = 0; fgets(line, sizeof line, from); i++)
        if (i > 0 || header) fputs(line, to);
    fclose(from);
}

/* What the half cells of the first study say, as an experiment: both currents in one file. */
static void measure(void)
{
    vly_study_result r;
    begin();
    run_ok(&r, put("made.yaml", made), test_path("made"));
    vly_study_result_free(&r);
    FILE *both = fopen(test_path("measured.csv"), "w");
    append(both, test_path("made/cell/given_1_2.csv"), true);
    append(both, test_path("made/cell/given_1_0.5.csv"), false);
    fclose(both);
}

static vly_study_result fit(const char *more, const char *only)
{
    vly_study_result r;
    char text[600];
    snprintf(text, sizeof text, fitted, more);
    vly_status status = run_with(&r, put("fitted.yaml", text), test_path("out"), only ? "only" : NULL, only);
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
    return r;
}

START_TEST(gamma_comes_back_and_nothing_is_left_behind)
{
    vly_document *d;
    measure();
    vly_study_result r = fit("", NULL);
    ck_assert(r.complete);
    ck_assert_int_eq(r.count, 3); /* labels, the fit of the one there is, the list */
    ck_assert_int_eq(state_of(&r, "fit.kmeans"), VLY_PIECE_COMPUTED);
    vly_study_result_free(&r);
    ck_assert_int_eq(vly_document_read(&d, test_path("out/fit/kmeans.json")), VLY_OK);
    ck_assert(fabs(vly_document_number(d, "gamma") / 0.06 - 1) < 0.02);
    ck_assert_int_ge(vly_document_length(d, "simulated"), 4); /* three or more of the search, one predicted */
    ck_assert(vly_document_number(d, "simulated.0.current_ma_cm2") == 0.5);
    ck_assert_int_eq(vly_document_length(d, "predictions"), 1);
    vly_document_free(d);
    ck_assert_int_eq(vly_document_read(&d, test_path("out/fit.json")), VLY_OK);
    ck_assert_str_eq(vly_document_string(d, "fits.0.trinarisation"), "kmeans");
    ck_assert(fabs(vly_document_number(d, "fits.0.inverse_tau") / 0.12 - 1) < 0.02);
    ck_assert_int_eq(vly_document_length(d, "fits.0.gamma_per_cutout"), 1);
    vly_document_free(d);
    ck_assert(!vly_path_exists(test_path("out/pieces/.fit.kmeans.simulations")));
    char *text = text_of(test_path("out/fit/kmeans.csv"));
    ck_assert_int_eq(strncmp(text, "cutout,current_ma_cm2,gamma,capacity_mah_cm2,voltage_v\n1,0.5,", 61), 0);
    vly_free(text);
    text = text_of(test_path("out/summary.csv"));
    ck_assert_ptr_nonnull(strstr(text, "\nslabs,all,kmeans,,inverse_tau_cbd,0.1"));
    vly_free(text);
    text = text_of(test_path("out/report.html"));
    markup_check(text);
    ck_assert_ptr_nonnull(strstr(text, "Table 3"));
    ck_assert_ptr_nonnull(strstr(text, "Figure 11 a to c"));
    vly_free(text);
}
END_TEST

START_TEST(a_fit_that_was_done_is_not_done_again_and_another_experiment_is_another_fit)
{
    char *before, *after;
    measure();
    vly_study_result r = fit("", "fit");
    vly_study_result_free(&r);
    before = text_of(test_path("out/fit/kmeans.csv"));
    r = fit("", NULL);
    ck_assert_int_eq(state_of(&r, "fit.kmeans"), VLY_PIECE_FINISHED);
    vly_study_result_free(&r);
    FILE *more = fopen(test_path("measured.csv"), "a");
    fputs("# looked through once more\n", more);
    fclose(more);
    r = fit("", NULL);
    ck_assert_int_eq(state_of(&r, "fit.kmeans"), VLY_PIECE_COMPUTED);
    vly_study_result_free(&r);
    after = text_of(test_path("out/fit/kmeans.csv"));
    ck_assert_str_eq(before, after); /* it says the same */
    vly_free(before);
    vly_free(after);
}
END_TEST

START_TEST(what_a_stopped_fit_with_other_settings_left_is_not_taken)
{
    measure();
    vly_study_result r = fit("", "given");
    vly_study_result_free(&r);
    ck_assert_int_eq(vly_folder_make(test_path("out/pieces/.fit.kmeans.simulations")), VLY_OK);
    put("out/pieces/.fit.kmeans.simulations/1_2_0.4321.json",
        "{\"cutout\": 1, \"current_ma_cm2\": 2, \"gamma_cbd\": 0.4321, "
        "\"curve\": {\"capacity_mah_cm2\": [0], \"voltage_v\": [4]}}\n");
    r = fit("", NULL);
    ck_assert(r.complete);
    vly_study_result_free(&r);
    char *csv = text_of(test_path("out/fit/kmeans.csv"));
    ck_assert(!strstr(csv, ",0.4321,"));
    vly_free(csv);
    ck_assert(!vly_path_exists(test_path("out/pieces/.fit.kmeans.simulations")));
}
END_TEST

START_TEST(a_fit_needs_an_experiment)
{
    vly_study_result r;
    begin();
    put("fitted.yaml",
        "version: 1\nquantities: none\ninput: {name: slabs, trinarised: truth.tif}\nfit: {methods: all}\n");
    test_fails(run_with(&r, test_path("fitted.yaml"), test_path("out"), NULL, NULL), VLY_EUSAGE,
               "a fit without measured curves");
    vly_study_result_free(&r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("run_fit");
    TEST_CASE(suite, gamma_comes_back_and_nothing_is_left_behind);
    TEST_CASE(suite, a_fit_that_was_done_is_not_done_again_and_another_experiment_is_another_fit);
    TEST_CASE(suite, what_a_stopped_fit_with_other_settings_left_is_not_taken);
    TEST_CASE(suite, a_fit_needs_an_experiment);
    return test_run(suite);
}
