/* A study in its folder: what it leaves, that nothing is computed twice, and what it refuses. */
#include "run_study.h"

#include <unistd.h>

/* ---- what a run leaves ---- */

static const char *const files[] = {"study.yaml",           "manifest.json",          "log.txt",
                                    "summary.csv",          "compare.json",           "curves/histogram.csv",
                                    "labels/threshold.tif", "segment/threshold.json", "pieces/segment.threshold.json",
                                    "report.html"};

START_TEST(a_run_leaves_the_files_that_are_promised)
{
    vly_study_result result;
    vly_document *document;
    begin();
    const char *folder = test_path("out");
    run_ok(&result, put("study.yaml", one), folder);
    ck_assert(result.complete);
    check_states(&result, VLY_PIECE_COMPUTED, VLY_PIECE_COMPUTED, VLY_PIECE_COMPUTED, VLY_PIECE_COMPUTED);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        ck_assert_msg(vly_path_exists(below(folder, files[i])), "%s is missing", files[i]);
    ck_assert_int_eq(vly_document_read(&document, below(folder, "manifest.json")), VLY_OK);
    ck_assert_str_eq(vly_document_string(document, "run_id"), result.run_id);
    ck_assert_str_eq(vly_document_string(document, "inputs.0.role"), "grey");
    ck_assert_int_eq(strlen(vly_document_string(document, "inputs.0.xxh128")), 32);
    ck_assert_str_eq(vly_document_string(document, "config.slabs.evaluations.value"), "40");
    ck_assert_str_eq(vly_document_string(document, "config.slabs.evaluations.origin"), "study.yaml:4:1");
    ck_assert_str_eq(vly_document_string(document, "volatile.command"), "test");
    ck_assert_int_eq(vly_document_length(document, "outputs"), 9);
    vly_document_free(document);
    ck_assert_int_eq(vly_document_read(&document, below(folder, "compare.json")), VLY_OK);
    ck_assert_str_eq(vly_document_string(document, "names.1"), "kmeans");
    ck_assert(vly_document_number(document, "truth.accuracy.0") == 1.0); /* grey levels do not overlap */
    ck_assert(vly_document_number(document, "truth.jaccard.cbd.0") == 1.0);
    vly_document_free(document);
    char *summary = text_of(below(folder, "summary.csv"));
    ck_assert_ptr_nonnull(strstr(summary, "\nslabs,all,threshold,am,volume_fraction,0.3125,1,\n"));
    ck_assert_ptr_nonnull(strstr(summary, "\nslabs,all,threshold,,truth_accuracy,1,1,\n"));
    ck_assert_ptr_nonnull(strstr(summary, "\nslabs,all,threshold+kmeans,,equal_fraction,"));
    vly_free(summary);
    FILE *histogram = fopen(below(folder, "curves/histogram.csv"), "r");
    int sum = 0, grey, count;
    ck_assert_int_eq(fscanf(histogram, "grey,count"), 0);
    while (fscanf(histogram, "%d,%d", &grey, &count) == 2) sum += count;
    fclose(histogram);
    ck_assert_int_eq(sum, VOXELS);
    vly_study_result_free(&result);
}
END_TEST

START_TEST(what_is_finished_is_not_computed_again)
{
    vly_study_result result;
    mark marks[sizeof files / sizeof *files];
    begin();
    const char *folder = test_path("out"), *study = put("study.yaml", one);
    run_ok(&result, study, folder);
    vly_study_result_free(&result);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) marks[i] = mark_of(below(folder, files[i]));
    run_ok(&result, study, folder);
    ck_assert(result.complete);
    check_states(&result, VLY_PIECE_FINISHED, VLY_PIECE_FINISHED, VLY_PIECE_FINISHED, VLY_PIECE_FINISHED);
    for (size_t i = 1; i < sizeof files / sizeof *files; i++) /* study.yaml is written by every run */
        ck_assert_msg(untouched(below(folder, files[i]), marks[i]), "%s was written again", files[i]);
    vly_study_result_free(&result);
    run_ok(&result, below(folder, "study.yaml"), folder); /* the resolved study is the same study */
    check_states(&result, VLY_PIECE_FINISHED, VLY_PIECE_FINISHED, VLY_PIECE_FINISHED, VLY_PIECE_FINISHED);
    vly_study_result_free(&result);
}
END_TEST

START_TEST(a_study_may_grow_in_its_folder)
{
    vly_study_result result;
    begin();
    const char *folder = test_path("out");
    run_ok(&result, put("study.yaml", "version: 1\nmethods: [threshold]\ninput: grey.tif\n"), folder);
    ck_assert_int_eq(result.count, 3);
    ck_assert(!vly_path_exists(below(folder, "compare.json")));
    vly_study_result_free(&result);
    mark labels = mark_of(below(folder, "labels/threshold.tif"));
    run_ok(&result, put("study.yaml", "version: 1\nmethods: [threshold]\ninput: {grey: grey.tif, truth: truth.tif}\n"),
           folder);
    ck_assert_int_eq(state_of(&result, "compare"), VLY_PIECE_COMPUTED);
    ck_assert(result.complete && untouched(below(folder, "labels/threshold.tif"), labels));
    vly_study_result_free(&result);
}
END_TEST

START_TEST(a_study_that_says_what_conducts_computes_transport)
{
    vly_study_result result;
    begin();
    const char *folder = test_path("out");
    const char *study =
        put("study.yaml", "version: 1\nmethods: [threshold]\ninput: grey.tif\nconduct: {am: 1, cbd: 0.5, pore: 0.1}\n");
    run_ok(&result, study, folder);
    ck_assert_int_eq(state_of(&result, "transport.threshold"), VLY_PIECE_COMPUTED);
    vly_study_result_free(&result);
    vly_document *document;
    ck_assert_int_eq(vly_document_read(&document, below(folder, "transport/threshold.json")), VLY_OK);
    double tau = vly_document_number(document, "directions.y.tau");
    ck_assert(tau >= 1.0 && vly_document_number(document, "directions.y.volume_fraction") == 1.0);
    vly_document_free(document);
    char *summary = text_of(below(folder, "summary.csv")), *report = text_of(below(folder, "report.html"));
    ck_assert_ptr_nonnull(strstr(summary, ",threshold,,tau_y,"));
    ck_assert_ptr_nonnull(strstr(report, "<section id=\"transport\">"));
    ck_assert(vly_path_exists(below(folder, "figures/transport-threshold.svg")));
    vly_free(summary);
    vly_free(report);
}
END_TEST

START_TEST(a_changed_input_or_damaged_output_is_computed_again)
{
    vly_study_result result;
    begin();
    const char *folder = test_path("out"), *study = put("study.yaml", one);
    run_ok(&result, study, folder);
    vly_study_result_free(&result);

    FILE *file = fopen(below(folder, "labels/threshold.tif"), "r+");
    fseek(file, 200, SEEK_SET);
    fputc('x', file);
    fclose(file);
    ck_assert_int_eq(unlink(below(folder, "compare.json")), 0);
    ck_assert_int_eq(run_with(&result, study, folder, "dry-run", "yes"), VLY_OK);
    check_states(&result, VLY_PIECE_FINISHED, VLY_PIECE_STALE, VLY_PIECE_FINISHED, VLY_PIECE_STALE);
    ck_assert_str_eq(result.pieces[1].reason, "labels/threshold.tif is not as it was written");
    ck_assert_str_eq(result.pieces[3].reason, "compare.json is missing");
    vly_study_result_free(&result);
    run_ok(&result, study, folder);
    check_states(&result, VLY_PIECE_FINISHED, VLY_PIECE_COMPUTED, VLY_PIECE_FINISHED, VLY_PIECE_COMPUTED);
    vly_study_result_free(&result);

    make_inputs(2); /* the same truth, other noise */
    ck_assert_int_eq(run_with(&result, study, folder, "dry-run", "yes"), VLY_OK);
    check_states(&result, VLY_PIECE_STALE, VLY_PIECE_STALE, VLY_PIECE_STALE, VLY_PIECE_STALE);
    ck_assert_str_eq(result.pieces[1].reason, "the grey volume has changed");
    ck_assert_str_eq(result.pieces[3].reason, "what it needs has changed");
    vly_study_result_free(&result);
    run_ok(&result, study, folder);
    check_states(&result, VLY_PIECE_COMPUTED, VLY_PIECE_COMPUTED, VLY_PIECE_COMPUTED, VLY_PIECE_COMPUTED);
    vly_study_result_free(&result);
    run_ok(&result, study, test_path("fresh"));
    vly_study_result_free(&result);
    check_same(folder, test_path("fresh"));
}
END_TEST

/* ---- plan, --only, --from ---- */

START_TEST(a_plan_writes_nothing)
{
    vly_study_result result;
    begin();
    const char *folder = test_path("not/yet/planned");
    ck_assert_int_eq(run_with(&result, put("study.yaml", one), folder, "dry-run", "yes"), VLY_OK);
    check_states(&result, VLY_PIECE_MISSING, VLY_PIECE_MISSING, VLY_PIECE_MISSING, VLY_PIECE_MISSING);
    ck_assert(result.pieces[1].seconds > 0); /* an estimate */
    ck_assert(!result.complete && !vly_path_exists(test_path("not")));
    vly_study_result_free(&result);
    run_ok(&result, test_path("study.yaml"), folder); /* makes the folders on its way */
    ck_assert(result.complete);
    vly_study_result_free(&result);
}
END_TEST

START_TEST(only_and_from_choose_pieces)
{
    vly_study_result result;
    begin();
    const char *folder = test_path("out"), *study = put("study.yaml", one);
    ck_assert_int_eq(run_with(&result, study, folder, "only", "segment.threshold,histogram"), VLY_OK);
    check_states(&result, VLY_PIECE_COMPUTED, VLY_PIECE_COMPUTED, VLY_PIECE_MISSING, VLY_PIECE_MISSING);
    ck_assert(!result.complete && !vly_path_exists(below(folder, "manifest.json")));
    vly_study_result_free(&result);
    ck_assert_int_eq(run_with(&result, study, folder, "only", "compare"), VLY_OK); /* with what it needs */
    check_states(&result, VLY_PIECE_FINISHED, VLY_PIECE_FINISHED, VLY_PIECE_COMPUTED, VLY_PIECE_COMPUTED);
    ck_assert(result.complete && vly_path_exists(below(folder, "manifest.json")));
    vly_study_result_free(&result);
    ck_assert_int_eq(run_with(&result, study, folder, "from", "kmeans"), VLY_OK);
    check_states(&result, VLY_PIECE_FINISHED, VLY_PIECE_FINISHED, VLY_PIECE_COMPUTED, VLY_PIECE_COMPUTED);
    vly_study_result_free(&result);
    test_fails(run_with(&result, study, folder, "only", "segmnt"), VLY_EUSAGE,
               "--only segmnt: is no piece of this study, did you mean segment?");
    vly_study_result_free(&result);
}
END_TEST

START_TEST(several_samples_have_folders_of_their_own)
{
    vly_study_result result;
    begin();
    const char *folder = test_path("out");
    const char *study =
        put("study.yaml", "version: 1\nmethods: [threshold]\nsamples:\n"
                          "  - {name: a, grey: grey.tif, truth: truth.tif}\n"
                          "  - {name: b, grey: grey.tif, window: [0:10, 2:18, 0:16], truth: truth.tif}\n");
    run_ok(&result, study, folder);
    ck_assert_int_eq(result.count, 8);
    ck_assert_int_eq(state_of(&result, "b.segment.threshold"), VLY_PIECE_COMPUTED);
    ck_assert(vly_path_exists(below(folder, "a/labels/threshold.tif")));
    ck_assert(vly_path_exists(below(folder, "b/compare.json")));
    char *summary = text_of(below(folder, "summary.csv"));
    ck_assert_ptr_nonnull(strstr(summary, "\nb,0:10 2:18 0:16,threshold,,truth_accuracy,"));
    vly_free(summary);
    vly_study_result_free(&result);
    ck_assert_int_eq(run_with(&result, study, test_path("part"), "only", "b.segment"), VLY_OK);
    ck_assert_int_eq(state_of(&result, "a.segment.threshold"), VLY_PIECE_MISSING);
    ck_assert_int_eq(state_of(&result, "b.segment.threshold"), VLY_PIECE_COMPUTED);
    ck_assert_int_eq(state_of(&result, "b.compare"), VLY_PIECE_MISSING);
    vly_study_result_free(&result);
}
END_TEST

/* ---- what is refused ---- */

START_TEST(a_folder_of_something_else_is_refused)
{
    vly_study_result result;
    begin();
    char folder[600];
    const char *study = put("study.yaml", one);
    snprintf(folder, sizeof folder, "%s", test_path("out"));
    ck_assert_int_eq(mkdir(test_path("other"), 0777), 0);
    put("other/thesis.txt", "years of work");
    test_fails(run_with(&result, study, test_path("other"), NULL, NULL), VLY_EOUTPUT, "holds files but no study");
    vly_study_result_free(&result);
    test_fails(run_with(&result, study, test_path("other"), "overwrite", "yes"), VLY_EOUTPUT,
               "holds files but no study");
    vly_study_result_free(&result);
    run_ok(&result, study, folder);
    vly_study_result_free(&result);
    mark labels = mark_of(below(folder, "labels/threshold.tif"));
    test_fails(run_with(&result, study, folder, "method", "threshold"), VLY_EOUTPUT,
               "holds segment.kmeans, which this study has not");
    vly_study_result_free(&result);
    ck_assert_int_eq(rename(test_path("grey.tif"), test_path("moved.tif")), 0);
    const char *moved = "version: 1\nmethods: [threshold, kmeans]\nsubsample: 3000\nevaluations: 40\nquantities: none\n"
                        "fractions: {am: 0.3125, cbd: 0.3125, pore: 0.375}\n"
                        "input: {name: slabs, grey: moved.tif, truth: truth.tif}\n";
    run_ok(&result, put("moved.yaml", moved), folder); /* the same volume under another name */
    check_states(&result, VLY_PIECE_FINISHED, VLY_PIECE_FINISHED, VLY_PIECE_FINISHED, VLY_PIECE_FINISHED);
    vly_study_result_free(&result);
    make_inputs(5);
    ck_assert_int_eq(rename(test_path("grey.tif"), test_path("moved.tif")), 0);
    test_fails(run_with(&result, test_path("moved.yaml"), folder, NULL, NULL), VLY_EOUTPUT, "this study names");
    vly_study_result_free(&result);
    ck_assert(untouched(below(folder, "labels/threshold.tif"), labels));
    put("out/figures/stale.svg", "<svg/>");
    ck_assert_int_eq(run_with(&result, test_path("moved.yaml"), folder, "overwrite", "yes"), VLY_OK);
    check_states(&result, VLY_PIECE_COMPUTED, VLY_PIECE_COMPUTED, VLY_PIECE_COMPUTED, VLY_PIECE_COMPUTED);
    ck_assert(!vly_path_exists(below(folder, "figures/stale.svg")));
    vly_study_result_free(&result);
}
END_TEST

START_TEST(a_failing_piece_is_named_and_leaves_no_output)
{
    vly_study_result result;
    static uint16_t flat[VOXELS];
    begin();
    write_volume(test_path("flat.tif"), flat, VLY_U16);
    const char *folder = test_path("flat");
    const char *study = put("study.yaml", "version: 1\ninput: flat.tif\n");
    test_fails(run_with(&result, study, folder, NULL, NULL), VLY_EDATA, "segment.threshold: ");
    ck_assert(!result.complete && !vly_path_exists(below(folder, "labels/threshold.tif")));
    ck_assert(!vly_path_exists(below(folder, "manifest.json")));
    vly_study_result_free(&result);
    test_fails(run_with(&result, put("study.yaml", "version: 1\ninput: none.tif\n"), test_path("none"), NULL, NULL),
               VLY_ENOINPUT, "none.tif");
    vly_study_result_free(&result);
    ck_assert(!vly_path_exists(test_path("none")));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("run");
    TEST_CASE(suite, a_run_leaves_the_files_that_are_promised);
    TEST_CASE(suite, what_is_finished_is_not_computed_again);
    TEST_CASE(suite, a_study_may_grow_in_its_folder);
    TEST_CASE(suite, a_study_that_says_what_conducts_computes_transport);
    TEST_CASE(suite, a_changed_input_or_damaged_output_is_computed_again);
    TEST_CASE(suite, a_plan_writes_nothing);
    TEST_CASE(suite, only_and_from_choose_pieces);
    TEST_CASE(suite, several_samples_have_folders_of_their_own);
    TEST_CASE(suite, a_folder_of_something_else_is_refused);
    TEST_CASE(suite, a_failing_piece_is_named_and_leaves_no_output);
    return test_run(suite);
}
