/* Half cells in a study: a piece per current, what makes it stale, and what the report says. */
#define test_device(threads, limit) test_cpu(threads) /* whole marches: other subjects emulate their kernels */
#include "run_study.h"

static const char study[] =
    "version: 1\nmethods: [threshold]\nquantities: none\nfractions: {am: 0.3125, cbd: 0.3125, pore: 0.375}\n"
    "input: {name: slabs, grey: grey.tif}\nexperiment: measured.csv\n"
    "cell: {current: [%s], gamma_cbd: %s, crop: 4, separator_layers: 4, cutoff: 3.6}\n";

static const char *put_study(const char *currents, const char *gamma)
{
    char text[600];
    snprintf(text, sizeof text, study, currents, gamma);
    put("measured.csv", "current_ma_cm2,capacity_mah_cm2,voltage_v\n2,0.05,4.1\n");
    return put("study.yaml", text);
}

START_TEST(a_current_is_a_piece_and_another_one_leaves_it_alone)
{
    vly_study_result r;
    begin();
    const char *folder = test_path("out");
    run_ok(&r, put_study("2, 0.5", "0.12"), folder);
    ck_assert(r.complete);
    ck_assert_int_eq(state_of(&r, "lithiate.threshold_1_2"), VLY_PIECE_COMPUTED);
    vly_study_result_free(&r);
    char *before = text_of(below(folder, "cell/threshold_1_2.csv"));
    ck_assert_int_eq(strncmp(before, "time_s,capacity_mah_cm2,voltage_v", 33), 0);
    run_ok(&r, put_study("2, 0.5, 1", "0.12"), folder);
    ck_assert_int_eq(state_of(&r, "lithiate.threshold_1_2"), VLY_PIECE_FINISHED);
    ck_assert_int_eq(state_of(&r, "lithiate.threshold_1_0.5"), VLY_PIECE_FINISHED);
    ck_assert_int_eq(state_of(&r, "lithiate.threshold_1_1"), VLY_PIECE_COMPUTED);
    vly_study_result_free(&r);
    char *after = text_of(below(folder, "cell/threshold_1_2.csv"));
    ck_assert_str_eq(before, after);
    vly_free(before);
    vly_free(after);
    char *summary = text_of(below(folder, "summary.csv"));
    ck_assert_ptr_nonnull(strstr(summary, "threshold,,capacity_0.5_ma_cm2,"));
    vly_free(summary);
    char *page = text_of(below(folder, "report.html"));
    ck_assert_ptr_nonnull(strstr(page, "Figure 11"));
    ck_assert_ptr_nonnull(strstr(page, "points: measured"));
    ck_assert_ptr_nonnull(strstr(page, "Means over layers"));
    ck_assert_ptr_nonnull(strstr(page, "Sections at"));
    ck_assert_ptr_nonnull(strstr(page, "<b>Half cell.</b>"));
    vly_free(page);
    ck_assert_int_eq(run_with(&r, put_study("2, 0.5, 1", "0.1"), folder, "dry-run", "yes"), VLY_OK);
    ck_assert_int_eq(state_of(&r, "lithiate.threshold_1_2"), VLY_PIECE_STALE);
    vly_study_result_free(&r);
}
END_TEST

START_TEST(measured_points_that_cannot_be_read_are_noted)
{
    vly_study_result r;
    begin();
    const char *path = put_study("2", "0.12");
    put("measured.csv", "Q [C],V\n1,2\n");
    run_ok(&r, path, test_path("out"));
    vly_study_result_free(&r);
    char *page = text_of(below(test_path("out"), "report.html"));
    ck_assert_ptr_nonnull(strstr(page, "no column of the capacity"));
    vly_free(page);
}
END_TEST

START_TEST(groups_of_the_study_file_are_read_as_their_keys)
{
    vly_settings settings;
    begin();
    ck_assert_int_eq(vly_study_settings(&settings, put_study("6, 12", "0.06"), NULL), VLY_OK);
    ck_assert(settings.currents.count == 2 && settings.currents.at[1] == 12.0 && settings.gamma_cbd == 0.06);
    ck_assert_str_eq(settings.experiment + strlen(settings.experiment) - 12, "measured.csv");
    put("study.yaml", "version: 1\ninput: grey.tif\ncell: 6\n");
    test_fails(vly_study_settings(&settings, test_path("study.yaml"), NULL), VLY_EUSAGE,
               "cell: a mapping of its keys expected");
    put("study.yaml", "version: 1\ninput: grey.tif\ncell: {curent: 6}\n");
    test_fails(vly_study_settings(&settings, test_path("study.yaml"), NULL), VLY_EUSAGE, "did you mean current?");
}
END_TEST

/* A plan tells the pieces and computes none. */
START_TEST(half_cells_go_where_the_study_wants_them)
{
    static const char chosen[] = "version: 1\nmethods: [threshold, kmeans]\nquantities: none\ncutouts: 2\n"
                                 "input: {name: slabs, grey: grey.tif}\n"
                                 "cell: {current: [2, 1], methods: [kmeans]%s}\n";
    vly_study_result r;
    char text[400];
    begin();
    snprintf(text, sizeof text, chosen, "");
    ck_assert_int_eq(run_with(&r, put("study.yaml", text), test_path("out"), "dry-run", "yes"), VLY_OK);
    ck_assert_int_eq(state_of(&r, "lithiate.kmeans_2_1"), VLY_PIECE_MISSING);
    ck_assert_int_eq(r.count, 1 + 2 + 1 + 2 * 2); /* histogram, two trinarisations, comparison, curves */
    vly_study_result_free(&r);
    snprintf(text, sizeof text, chosen, ", cutouts: 1");
    ck_assert_int_eq(run_with(&r, put("study.yaml", text), test_path("out"), "dry-run", "yes"), VLY_OK);
    ck_assert_int_eq(r.count, 1 + 2 + 1 + 2);
    vly_study_result_free(&r);
}
END_TEST

START_TEST(the_sample_says_what_it_means)
{
    vly_settings settings;
    char path[1024];
    const char *source = getenv("VLY_SOURCE_DIR");
    if (!source) return;
    snprintf(path, sizeof path, "%s/samples/two_layer_cell.yaml", source);
    ck_assert_msg(vly_study_settings(&settings, path, NULL) == VLY_OK, "%s", vly_error_message());
    ck_assert(settings.currents.count == 3 && settings.crop == 10 && settings.quantities == 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("run_lithiate");
    TEST_CASE(suite, a_current_is_a_piece_and_another_one_leaves_it_alone);
    TEST_CASE(suite, measured_points_that_cannot_be_read_are_noted);
    TEST_CASE(suite, groups_of_the_study_file_are_read_as_their_keys);
    TEST_CASE(suite, half_cells_go_where_the_study_wants_them);
    TEST_CASE(suite, the_sample_says_what_it_means);
    return test_run(suite);
}
