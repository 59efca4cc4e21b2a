/* Descriptors as a stage of a study: files, rows of the summary, and going on with what is there. */
#include "run_study.h"

static const char all[] = "version: 1\nmethods: [threshold, kmeans]\nsubsample: 3000\nevaluations: 40\n"
                          "fractions: {am: 0.3125, cbd: 0.3125, pore: 0.375}\n"
                          "input: {name: slabs, grey: grey.tif}\n";
static const char cutouts[] = "version: 1\nmethods: threshold\ncutouts: 2\nquantities: [surface, sizes]\n"
                              "fractions: {am: 0.3125, cbd: 0.3125, pore: 0.375}\nwindow: 2:20,1:17,0:16\n"
                              "input: {name: slabs, grey: grey.tif}\n";

static void check_file(const char *folder, const char *name)
{
    ck_assert_msg(vly_path_exists(below(folder, name)), "%s is missing", name);
}

START_TEST(every_trinarisation_is_described)
{
    static const char *const files[] = {"describe/threshold.json",         "describe/kmeans.json",
                                        "curves/threshold-cpsd.csv",       "curves/threshold-intrusion.csv",
                                        "curves/threshold-tortuosity.csv", "curves/threshold-two-point.csv",
                                        "curves/kmeans-profile.csv"};
    vly_study_result result;
    begin();
    const char *folder = test_path("out");
    run_ok(&result, put("study.yaml", all), folder);
    ck_assert(result.complete);
    ck_assert_int_eq(state_of(&result, "describe.threshold"), VLY_PIECE_COMPUTED);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) check_file(folder, files[i]);
    vly_study_result_free(&result);

    char *summary = text_of(below(folder, "summary.csv"));
    ck_assert_ptr_nonnull(strstr(summary, "\nslabs,all,threshold,am,surface_per_um,"));
    ck_assert_ptr_nonnull(strstr(summary, "\nslabs,all,kmeans,cbd,r_max_um,"));
    ck_assert_ptr_nonnull(strstr(summary, "\nslabs,all,kmeans,pore,geodesic_tortuosity_mean,"));
    ck_assert_ptr_nonnull(strstr(summary, "\nslabs,all,kmeans,,s_int_per_um,"));
    for (const char *line = summary; *line; line = strchr(line, '\n') + 1) {
        int commas = 0;
        for (const char *c = line; *c != '\n'; c++) commas += *c == ',';
        ck_assert_msg(commas == 7, "%.80s", line);
    }
    vly_free(summary);
}
END_TEST

START_TEST(a_finished_description_is_not_computed_again)
{
    vly_study_result result;
    begin();
    const char *folder = test_path("out"), *study = put("study.yaml", all);
    ck_assert_int_eq(run_with(&result, study, folder, "only", "segment"), VLY_OK);
    ck_assert_int_eq(state_of(&result, "describe.kmeans"), VLY_PIECE_MISSING);
    vly_study_result_free(&result);
    run_ok(&result, study, folder);
    ck_assert_int_eq(state_of(&result, "segment.kmeans"), VLY_PIECE_FINISHED);
    ck_assert_int_eq(state_of(&result, "describe.kmeans"), VLY_PIECE_COMPUTED);
    vly_study_result_free(&result);

    mark before = mark_of(below(folder, "describe/kmeans.json"));
    ck_assert_int_eq(vly_file_publish_text(below(folder, "curves/threshold-cpsd.csv"), "x\n", true), VLY_OK);
    run_ok(&result, study, folder);
    ck_assert_int_eq(state_of(&result, "describe.threshold"), VLY_PIECE_COMPUTED);
    ck_assert_int_eq(state_of(&result, "describe.kmeans"), VLY_PIECE_FINISHED);
    ck_assert(untouched(below(folder, "describe/kmeans.json"), before));
    vly_study_result_free(&result);

    run_ok(&result, study, test_path("straight"));
    vly_study_result_free(&result);
    check_same(folder, test_path("straight"));
}
END_TEST

START_TEST(cut_outs_of_a_window_are_named_by_their_place_in_the_volume)
{
    vly_study_result result;
    begin();
    const char *folder = test_path("out");
    run_ok(&result, put("study.yaml", cutouts), folder);
    vly_study_result_free(&result);
    char *summary = text_of(below(folder, "summary.csv"));
    ck_assert_ptr_nonnull(strstr(summary, "\nslabs,2:11 1:10 0:16,threshold,am,volume_fraction,"));
    ck_assert_ptr_nonnull(strstr(summary, "\nslabs,11:20 1:10 0:16,threshold,am,r_max_um,"));
    ck_assert_ptr_nonnull(strstr(summary, "\nslabs,mean,threshold,cbd,surface_per_um,"));
    ck_assert_ptr_null(strstr(summary, "geodesic"));
    vly_free(summary);
}
END_TEST

START_TEST(a_missing_voxel_size_is_told_before_the_work)
{
    vly_study_result result;
    begin();
    static const uint16_t grey[VOXELS];
    vly_device *device = test_device(1, 0);
    vly_sink *sink;
    const vly_sink_options options = {.extent = {NX, NY, NZ}, .type = VLY_U16, .overwrite = true};
    ck_assert_int_eq(vly_sink_open(&sink, test_path("grey.tif"), device, &options), VLY_OK);
    ck_assert_int_eq(vly_sink_write(sink, NZ, grey), VLY_OK);
    ck_assert_int_eq(vly_sink_finish(sink), VLY_OK);
    vly_sink_close(sink);
    vly_device_close(device);
    vly_status status = run_with(&result, put("study.yaml", all), test_path("out"), NULL, NULL);
    test_fails(status, VLY_EDATA, "voxel size");
    ck_assert(!vly_path_exists(test_path("out")));
    vly_study_result_free(&result);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("run_describe");
    TEST_CASE(suite, every_trinarisation_is_described);
    TEST_CASE(suite, a_finished_description_is_not_computed_again);
    TEST_CASE(suite, cut_outs_of_a_window_are_named_by_their_place_in_the_volume);
    TEST_CASE(suite, a_missing_voxel_size_is_told_before_the_work);
    return test_run(suite);
}
