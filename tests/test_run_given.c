/* Studies that start from labels: descriptors and a report without a grey volume, and beside one. */
#include "run_study.h"

static const char alone[] = "version: 1\nquantities: [surface, sizes]\n"
                            "input: {name: found, trinarised: truth.tif}\n";
static const char several[] = "version: 1\nmethods: threshold\nquantities: none\nwindow: 2:20,1:17,0:16\n"
                              "fractions: {am: 0.3125, cbd: 0.3125, pore: 0.375}\n"
                              "input:\n  name: slabs\n  grey: grey.tif\n"
                              "  trinarised: {kmeans: truth.tif, nn-am-cond: truth.tif}\n";

static void check_report(const char *folder, const char *part, bool there)
{
    char *text = text_of(below(folder, "report.html"));
    ck_assert_msg((strstr(text, part) != NULL) == there, "%s", part);
    vly_free(text);
}

START_TEST(labels_alone_give_descriptors_and_a_report)
{
    vly_study_result result;
    begin();
    const char *folder = test_path("out");
    run_ok(&result, put("study.yaml", alone), folder);
    ck_assert(result.complete);
    ck_assert_int_eq(result.count, 2);
    ck_assert_int_eq(state_of(&result, "given.given"), VLY_PIECE_COMPUTED);
    ck_assert_int_eq(state_of(&result, "describe.given"), VLY_PIECE_COMPUTED);
    vly_study_result_free(&result);
    check_report(folder, "Microstructure of truth.tif", true);
    check_report(folder, "id=\"descriptors\"", true);
    check_report(folder, "Given labels", true);
    check_report(folder, "Tomogram</text>", false);
    check_report(folder, "id=\"histogram\"", false);

    char *summary = text_of(below(folder, "summary.csv"));
    ck_assert_ptr_nonnull(strstr(summary, "\nfound,all,given,am,r_max_um,"));
    vly_free(summary);

    run_ok(&result, test_path("out/study.yaml"), folder); /* as it was written down */
    ck_assert_int_eq(state_of(&result, "describe.given"), VLY_PIECE_FINISHED);
    vly_study_result_free(&result);
}
END_TEST

START_TEST(labels_by_the_name_of_a_method_stand_beside_ours)
{
    vly_study_result result;
    begin();
    const char *folder = test_path("out");
    run_ok(&result, put("study.yaml", several), folder);
    ck_assert_int_eq(result.count, 6);
    ck_assert_int_eq(state_of(&result, "given.kmeans"), VLY_PIECE_COMPUTED);
    ck_assert_int_eq(state_of(&result, "given.nn-am-cond"), VLY_PIECE_COMPUTED);
    ck_assert_int_eq(state_of(&result, "segment.threshold"), VLY_PIECE_COMPUTED);
    ck_assert_int_eq(state_of(&result, "compare"), VLY_PIECE_COMPUTED);
    vly_study_result_free(&result);
    vly_document *d;
    ck_assert_int_eq(vly_document_read(&d, below(folder, "segment/kmeans.json")), VLY_OK);
    ck_assert_double_eq(vly_document_number(d, "voxels"), 18 * 16 * 16);
    vly_document_free(d);
    ck_assert_int_eq(vly_document_read(&d, below(folder, "compare.json")), VLY_OK);
    ck_assert_str_eq(vly_document_string(d, "names.0"), "threshold"); /* ours or not, in the order of methods */
    ck_assert_str_eq(vly_document_string(d, "names.1"), "kmeans");
    vly_document_free(d);
    ck_assert_int_eq(vly_document_read(&d, below(folder, "disagreement.json")), VLY_OK);
    ck_assert_double_eq(vly_document_number(d, "disagreement.dissenting.0"), 18 * 16 * 16); /* they are all the truth */
    ck_assert_str_eq(vly_document_string(d, "names.2"), "nn-am-cond");
    ck_assert_int_eq(vly_document_length(d, "equal"), -1); /* that is compare.json's */
    vly_document_free(d);
    vly_source *volume;
    static uint8_t against[18 * 16 * 16];
    ck_assert_int_eq(vly_source_open(&volume, below(folder, "disagreement.tif"), NULL), VLY_OK);
    ck_assert_int_eq(vly_source_read(volume, 0, 16, against), VLY_OK);
    vly_source_close(volume);
    for (size_t i = 0; i < sizeof against; i++) against[0] |= against[i];
    ck_assert_int_eq(against[0], 0);
    char *summary = text_of(below(folder, "summary.csv"));
    ck_assert_ptr_nonnull(strstr(summary, ",,,unanimous_fraction,1,1,\n"));
    ck_assert_ptr_nonnull(strstr(summary, ",,cbd,jaccard_of_all,1,1,\n"));
    vly_free(summary);
    check_report(folder, "id=\"disagreement\"", true);
    check_report(folder, "id=\"kmeans\"", false); /* no clustering of ours */
    check_report(folder, "id=\"agreement\"", true);

    run_ok(&result, test_path("out/study.yaml"), folder);
    ck_assert_int_eq(state_of(&result, "given.kmeans"), VLY_PIECE_FINISHED);
    ck_assert_int_eq(state_of(&result, "segment.threshold"), VLY_PIECE_FINISHED);
    vly_study_result_free(&result);
}
END_TEST

START_TEST(other_labels_are_described_again)
{
    static uint8_t other[VOXELS];
    vly_study_result result;
    begin();
    const char *folder = test_path("out"), *study = put("study.yaml", alone);
    run_ok(&result, study, folder);
    vly_study_result_free(&result);
    for (int i = 0; i < VOXELS; i++) other[i] = (uint8_t)(i % NX / 4 % 3);
    write_volume(test_path("truth.tif"), other, VLY_U8);
    run_ok(&result, study, folder);
    ck_assert_int_eq(state_of(&result, "given.given"), VLY_PIECE_COMPUTED);
    ck_assert_int_eq(state_of(&result, "describe.given"), VLY_PIECE_COMPUTED);
    vly_study_result_free(&result);
}
END_TEST

static void refuses(const char *text, vly_status expected, const char *part)
{
    vly_study_result result;
    begin();
    test_fails(run_with(&result, put("study.yaml", text), test_path("out"), NULL, NULL), expected, part);
    vly_study_result_free(&result);
}

START_TEST(two_trinarisations_made_elsewhere_are_each_its_own)
{
    static const char two[] = "version: 1\nquantities: none\ninput: {trinarised: {kmeans: truth.tif, threshold: %s}}\n";
    static uint8_t other[VOXELS];
    char text[200];
    vly_study_result r;
    begin();
    for (int i = 0; i < VOXELS; i++) other[i] = (uint8_t)(i % 3);
    write_volume(test_path("other.tif"), other, VLY_U8);
    snprintf(text, sizeof text, two, "other.tif");
    const char *study = put("study.yaml", text), *folder = test_path("out");
    run_ok(&r, study, folder);
    vly_study_result_free(&r);
    run_ok(&r, study, folder);
    ck_assert_int_eq(state_of(&r, "given.kmeans"), VLY_PIECE_FINISHED);
    vly_study_result_free(&r);
    other[0] = 2; /* the same file, other labels: those of the other method are left alone */
    write_volume(test_path("other.tif"), other, VLY_U8);
    run_ok(&r, study, folder);
    ck_assert_int_eq(state_of(&r, "given.kmeans"), VLY_PIECE_FINISHED);
    ck_assert_int_eq(state_of(&r, "given.threshold"), VLY_PIECE_COMPUTED);
    vly_study_result_free(&r);
    other[0] = 1;
    write_volume(test_path("third.tif"), other, VLY_U8);
    snprintf(text, sizeof text, two, "third.tif");
    test_fails(run_with(&r, put("study.yaml", text), folder, NULL, NULL), VLY_EOUTPUT, "this study names");
    vly_study_result_free(&r);
}
END_TEST

START_TEST(labels_that_make_no_sense_are_refused)
{
    refuses("version: 1\ninput: {trinarised: {otsu: truth.tif}}\n", VLY_EUSAGE, "by the names of methods");
    refuses("version: 1\ninput: {trinarised: [truth.tif]}\n", VLY_EUSAGE, "by the names of methods");
    refuses("version: 1\ninput: {trinarised: none.tif}\n", VLY_ENOINPUT, "none.tif");
    refuses("version: 1\ninput: {trinarised: grey.tif}\n", VLY_EDATA, "one of 0, 1, 2, 255");
    refuses("version: 1\nlabels: {pore: 7}\ninput: {trinarised: truth.tif}\n", VLY_EDATA, "label");
    refuses("version: 1\nmethods: kmeans\ninput: {truth: truth.tif}\n", VLY_EUSAGE, "grey is missing");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("run_given");
    TEST_CASE(suite, labels_alone_give_descriptors_and_a_report);
    TEST_CASE(suite, labels_by_the_name_of_a_method_stand_beside_ours);
    TEST_CASE(suite, other_labels_are_described_again);
    TEST_CASE(suite, two_trinarisations_made_elsewhere_are_each_its_own);
    TEST_CASE(suite, labels_that_make_no_sense_are_refused);
    return test_run(suite);
}
