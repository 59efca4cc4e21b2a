/* What is computed again when something changes in a finished study: exactly what depends on it, for every group of options
 * and for outputs that are gone. */
#include "run_study_cpu.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <sys/file.h>
#include <unistd.h>

/* Every kind of piece that is quick. */
static const char all_kinds[] =
    "version: 1\nmethods: [threshold, kmeans, edx-closing]\nsubsample: 3000\nevaluations: 40\nquantities: surface\n"
    "fractions: {am: 0.3125, cbd: 0.3125, pore: 0.375}\nedx: profile.csv\n"
    "conduct: {am: 1, cbd: 0.5, pore: 0.1}\ndirection: z\n"
    "input: {name: slabs, grey: grey.tif, truth: truth.tif}\nexperiment: measured.csv\n"
    "cell: {current: [2], gamma_cbd: 0.12, crop: 3, separator_layers: 4, cutoff: 4}\n";

static const char *put_study(void)
{
    begin();
    put("profile.csv", "depth,intensity\n0,10\n0.5,20\n1,30\n");
    put("measured.csv", "current_ma_cm2,capacity_mah_cm2,voltage_v\n2,0.05,4.1\n");
    put("law.csv", "x,y\n0.2,1e-14\n1,2e-14\n");
    return put("study.yaml", all_kinds);
}

/* Whether the piece is one that the patterns name. */
static bool named(const char *patterns, const char *piece)
{
    char pattern[80];
    for (; *patterns; patterns += strcspn(patterns, " "), patterns += *patterns == ' ') {
        snprintf(pattern, sizeof pattern, "%.*s", (int)strcspn(patterns, " "), patterns);
        if (fnmatch(pattern, piece, 0) == 0) return true;
    }
    return false;
}

/* Of a plan or a run: the pieces that `patterns` name are to be done or were, all others were finished. */
static void check_again(const vly_study_result *r, const char *patterns, const char *what)
{
    char wrong[1000] = "";
    for (int32_t i = 0; i < r->count; i++) {
        const vly_study_piece *piece = &r->pieces[i];
        const bool again = piece->state != VLY_PIECE_FINISHED;
        if (again != named(patterns, piece->name))
            snprintf(wrong + strlen(wrong), sizeof wrong - strlen(wrong), " %s is %s (%s);", piece->name,
                     vly_piece_state_name(piece->state), piece->reason);
    }
    ck_assert_msg(!*wrong, "%s:%s", what, wrong);
}

/* ---- options ---- */

#define OF_LABELS "segment.* describe.* transport.* lithiate.* edx compare disagreement"

static const struct {
    const char *key, *value, *again;
} options[] = {
    /* how grey values become labels: of all methods, */
    {"fractions", "am=0.3,cbd=0.3,pore=0.4", OF_LABELS},
    {"seed", "2", OF_LABELS},
    {"compress", "no", OF_LABELS},
    {"voxel-size", "0.6um", OF_LABELS},
    {"grey-range", "0,60000", OF_LABELS " histogram"},
    {"window", "0:20,0:18,0:15", OF_LABELS " histogram"},
    /* of some */
    {"thresholds", "1000,40000", "*.threshold* compare disagreement"},
    {"ties", "none", "*.threshold* *.edx-closing* edx compare disagreement"},
    {"evaluations", "41",
     "*.kmeans* *.edx-closing* edx compare disagreement"}, /* the closing is of k-means' active material */
    {"ridge", "0.1", "*.kmeans* *.edx-closing* edx compare disagreement"},
    {"edx-bins", "0", "*.edx-closing* edx compare disagreement"},
    {"collector", "solid", "*.edx-closing* edx compare disagreement"},
    {"nn-scale", "native", ""},
    {"precision", "fast", ""},
    /* describe */
    {"quantities", "surface,connectivity", "describe.*"},
    {"cutouts", "2", "describe.* lithiate.*"},
    {"through", "x", "describe.* lithiate.*"},
    {"separator", "high", "describe.* lithiate.*"},
    /* transport */
    {"conduct", "pore=1,am=1,cbd=1", "transport.*"},
    {"direction", "x", "transport.*"},
    {"tolerance", "1e-5", "transport.*"},
    {"estimate", "no", "transport.*"},
    /* cell */
    {"gamma-cbd", "0.2", "lithiate.*"},
    {"cutoff", "3.9", "lithiate.*"},
    {"crop", "5", "lithiate.*"},
    {"set", "film_resistance=0.001", "lithiate.*"},
    {"bpx-linear", "yes", "lithiate.*"},
    {"current", "2,1", "lithiate.*_1"}, /* one more */
    /* compare: the map is of the truth's labels, ours are known */
    {"labels", "pore=0,am=1,cbd=2", "compare"},
    /* the report, and how the work is done */
    {"experiment", "other.csv", ""},
    {"threads", "2", ""},
    {"memory-limit", "1G", ""},
    {"gpu-bandwidth", "100", ""},
};

static void check_option(const char *study, const char *folder, const char *key, const char *value, const char *again)
{
    char what[700];
    vly_settings given;
    vly_study_result r;
    vly_study_options plan = {.given = &given};
    vly_device *device = on_cpu(1, 0);
    snprintf(what, sizeof what, "%s %s", key, value);
    vly_settings_defaults(&given);
    ck_assert_int_eq(vly_settings_set(&given, "run", "dry-run", "yes", "command line"), VLY_OK);
    ck_assert_msg(vly_settings_set(&given, "run", key, value, "command line") == VLY_OK, "%s: %s", what,
                  vly_error_message());
    vly_status status = vly_study_run(&r, device, study, folder, &plan);
    ck_assert_msg(status == VLY_OK, "%s: %s", what, vly_error_message());
    check_again(&r, again, what);
    vly_study_result_free(&r);
    vly_device_close(device);
}

START_TEST(an_option_touches_what_depends_on_it_and_nothing_else)
{
    vly_study_result r;
    const char *study = put_study(), *folder = test_path("out");
    put("other.csv", "current_ma_cm2,capacity_mah_cm2,voltage_v\n2,0.07,4.1\n");
    run_ok(&r, study, folder);
    ck_assert(r.complete);
    vly_study_result_free(&r);
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        const bool path = strcmp(options[i].key, "experiment") == 0;
        check_option(study, folder, options[i].key, path ? test_path(options[i].value) : options[i].value,
                     options[i].again);
    }
}
END_TEST

/* The same study with a fit to one of its own curves. */
START_TEST(an_option_of_the_fit_touches_the_fit_alone)
{
    static const struct {
        const char *key, *value, *again;
    } rows[] = {
        {"gamma-range", "0.01,0.4", "fit.* fits"},
        {"simulations", "6", "fit.* fits"},
        {"offset", "10", "fit.* fits"},
        {"predict", "yes", "fit.* fits"},
        {"fit-current", "2", ""},
        {"gamma-cbd", "0.2", "lithiate.*"}, /* it is what a fit looks for */
        {"cutoff", "3.95", "lithiate.* fit.* fits"},
        {"cell-cutouts", "2", "lithiate.* fit.* fits"},
        {"evaluations", "41", "*.kmeans* *.edx-closing* edx compare disagreement"},
        {"thresholds", "1000,40000", "*.threshold* fits compare disagreement"},
        {"tolerance", "1e-5", "transport.*"},
    };
    char text[900];
    vly_study_result r;
    const char *study = put_study(), *folder = test_path("out");
    const int end = (int)(strstr(all_kinds, "cutoff: 4}") - all_kinds); /* a curve needs some points */
    snprintf(text, sizeof text, "%.*scutoff: 3.6}\n", end, all_kinds);
    put("study.yaml", text);
    run_ok(&r, study, folder);
    vly_study_result_free(&r);
    char *curve = text_of(below(folder, "cell/threshold_1_2.csv"));
    put("measured.csv", curve);
    put("other.csv", curve);
    vly_free(curve);
    put("study.yaml", strcat(text, "fit: {methods: [threshold], current: 2}\n"));
    run_ok(&r, study, folder);
    check_again(&r, "fit.* fits", "a fit more");
    vly_study_result_free(&r);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_option(study, folder, rows[i].key, rows[i].value, rows[i].again);
    check_option(study, folder, "experiment", test_path("other.csv"), ""); /* by what it says, not by its name */
    put("other.csv", "current_ma_cm2,capacity_mah_cm2,voltage_v\n2,0.01,4.05\n2,0.02,4.03\n");
    check_option(study, folder, "experiment", test_path("other.csv"), "fit.* fits");
}
END_TEST

START_TEST(an_option_of_the_impedance_touches_the_impedance_alone)
{
    static const struct {
        const char *key, *value, *again;
    } rows[] = {
        {"frequencies", "1,1000", "impedance.*"},
        {"per-decade", "3", "impedance.*"},
        {"impedance-crop", "4", "impedance.*"},
        {"bare", "yes", "impedance.*"},
        {"gamma-cbd", "0.2", "lithiate.* impedance.*"},
        {"coarsen", "2", "lithiate.* impedance.*"},
        {"cutoff", "3.95", "lithiate.*"},
        {"thresholds", "1000,40000", "*.threshold* compare disagreement"},
        {"tolerance", "1e-5", "transport.*"},
    };
    char text[900];
    vly_study_result r;
    put_study();
    snprintf(text, sizeof text,
             "%simpedance: {methods: [threshold], crop: 6, frequencies: [1, 10000], per_decade: 2}\n", all_kinds);
    const char *study = put("study.yaml", text), *folder = test_path("out");
    run_ok(&r, study, folder);
    ck_assert(r.complete);
    vly_study_result_free(&r);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_option(study, folder, rows[i].key, rows[i].value, rows[i].again);
    ck_assert_int_eq(unlink(below(folder, "labels/threshold.tif")), 0);
    check_option(study, folder, "threads", "1", "*.threshold* compare disagreement");
}
END_TEST

START_TEST(a_changed_option_leads_where_a_fresh_run_would)
{
    vly_study_result r;
    const char *study = put_study(), *folder = test_path("out"), *fresh = test_path("fresh");
    run_ok(&r, study, folder);
    vly_study_result_free(&r);
    mark labels = mark_of(below(folder, "labels/threshold.tif"));
    put("out/figures/of-old-settings.svg", "<svg/>");
    ck_assert_int_eq(run_with(&r, study, folder, "evaluations", "30"), VLY_OK);
    ck_assert(!vly_path_exists(below(folder, "figures/of-old-settings.svg")));
    check_again(&r, "*.kmeans* *.edx-closing* edx compare disagreement", "evaluations 30");
    ck_assert(r.complete && untouched(below(folder, "labels/threshold.tif"), labels));
    vly_study_result_free(&r);
    ck_assert_int_eq(run_with(&r, study, fresh, "evaluations", "30"), VLY_OK);
    vly_study_result_free(&r);
    check_same(folder, fresh);
    /* and so would one in a folder of another name, half cells and all */
    vly_diff_result diff;
    vly_device *device = on_cpu(1, 0);
    vly_status status = vly_study_verify(&diff, device, below(folder, "manifest.json"));
    ck_assert_msg(status == VLY_OK, "%s\n%s", vly_error_message(), diff.words ? diff.words : "");
    vly_diff_result_free(&diff);
    vly_device_close(device);
}
END_TEST

START_TEST(a_law_read_from_a_table_counts_by_what_it_says)
{
    char set[700];
    vly_study_result r;
    const char *study = put_study(), *folder = test_path("out");
    snprintf(set, sizeof set, "solid_diffusivity=%s", test_path("law.csv"));
    ck_assert_int_eq(run_with(&r, study, folder, "set", set), VLY_OK);
    vly_study_result_free(&r);
    put("law.csv", "x,y\n0.2,2e-14\n1,2e-14\n");
    ck_assert_int_eq(run_with(&r, study, folder, "set", set), VLY_OK);
    check_again(&r, "lithiate.*", "another table");
    vly_study_result_free(&r);
}
END_TEST

/* ---- the report ---- */

START_TEST(changed_measured_points_reach_the_report)
{
    vly_study_result r;
    const char *study = put_study(), *folder = test_path("out");
    run_ok(&r, study, folder);
    vly_study_result_free(&r);
    char *before = text_of(below(folder, "report.html"));
    mark manifest = mark_of(below(folder, "manifest.json"));
    put("measured.csv", "current_ma_cm2,capacity_mah_cm2,voltage_v\n2,0.06,3.9\n2,0.07,3.8\n");
    run_ok(&r, study, folder);
    check_again(&r, "", "measured.csv");
    ck_assert(r.complete && !untouched(below(folder, "manifest.json"), manifest));
    vly_study_result_free(&r);
    char *after = text_of(below(folder, "report.html"));
    ck_assert_str_ne(before, after);
    vly_free(before);
    vly_free(after);
    mark again = mark_of(below(folder, "report.html"));
    run_ok(&r, study, folder);
    vly_study_result_free(&r);
    ck_assert(untouched(below(folder, "report.html"), again));
}
END_TEST

/* Of `all_kinds`, with a recipe, and of the sample what it is coated from. */
static void state_recipe(const char *binder, const char *active, const char *of_sample)
{
    static const char sample[] = "input: {name: slabs, ";
    char text[1400];
    const char *at = strstr(all_kinds, sample) + strlen(sample);
    snprintf(text, sizeof text,
             "%.*s%s%ssuspensions: {A: {active_material: %s, binder: %s}, B: {active_material: 100}}\n",
             (int)(at - all_kinds), all_kinds, of_sample, at, active, binder);
    put("study.yaml", text);
}

START_TEST(recipes_reach_the_report_and_nothing_is_computed_again)
{
    static const struct {
        const char *active, *binder, *of_sample, *shown, *told;
    } steps[] = {
        {"93.5", "6.5", "", ">93.5<", "\"value\": \"\""},
        {"93.5", "6.5", "suspensions: A, density: 3.1, ", "<td>A</td><td class=\"n\">3.10<", "\"value\": \"3.1\""},
        {"92.5", "7.5", "suspensions: A, density: 3.1, ", ">92.5<", "\"active_material\": 92.5"},
        {"92.5", "7.5", "suspensions: [A, B], density: 3.1, ", "<td>A, then B</td>", "\"value\": \"A,B\""},
        {"92.5", "7.5", "suspensions: [A, B], density: 3, ", ">3.00<", "\"value\": \"3\""},
    };
    vly_study_result r;
    const char *study = put_study(), *folder = test_path("out");
    run_ok(&r, study, folder);
    vly_study_result_free(&r);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        mark labels = mark_of(below(folder, "labels/kmeans.tif")), report = mark_of(below(folder, "report.html"));
        state_recipe(steps[i].binder, steps[i].active, steps[i].of_sample);
        run_ok(&r, study, folder);
        check_again(&r, "", steps[i].shown);
        ck_assert(r.complete && untouched(below(folder, "labels/kmeans.tif"), labels));
        ck_assert(!untouched(below(folder, "report.html"), report));
        vly_study_result_free(&r);
        char *page = text_of(below(folder, "report.html")), *manifest = text_of(below(folder, "manifest.json"));
        ck_assert_msg(strstr(page, steps[i].shown) != NULL, "%s", steps[i].shown);
        ck_assert_msg(strstr(manifest, steps[i].told) != NULL, "%s", steps[i].told);
        vly_free(page);
        vly_free(manifest);
    }
    mark settled = mark_of(below(folder, "report.html"));
    run_ok(&r, study, folder);
    vly_study_result_free(&r);
    ck_assert(untouched(below(folder, "report.html"), settled));
}
END_TEST

/* ---- outputs that are gone ---- */

static const struct {
    const char *file, *again;
} outputs[] = {
    {"labels/threshold.tif", "*.threshold* compare disagreement"},
    {"labels/kmeans.tif", "*.kmeans* *.edx-closing* edx compare disagreement"},
    {"labels/edx-closing.tif", "*.edx-closing* edx compare disagreement"},
    {"segment/threshold.json", "*.threshold* compare disagreement"},
    {"describe/kmeans.json", "describe.kmeans"},
    {"curves/histogram.csv", "histogram"},
    {"transport/threshold.json", "transport.threshold"},
    {"cell/threshold_1_2.csv", "lithiate.threshold_1_2"},
    {"compare.json", "compare"},
    {"disagreement.tif", "disagreement"},
};

START_TEST(what_is_deleted_is_made_again_with_what_was_made_from_it)
{
    vly_study_result r;
    const char *study = put_study(), *folder = test_path("out");
    run_ok(&r, study, folder);
    vly_study_result_free(&r);
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++) {
        ck_assert_int_eq(unlink(below(folder, outputs[i].file)), 0);
        ck_assert_int_eq(run_with(&r, study, folder, "dry-run", "yes"), VLY_OK);
        check_again(&r, outputs[i].again, outputs[i].file);
        vly_study_result_free(&r);
        run_ok(&r, study, folder);
        check_again(&r, outputs[i].again, outputs[i].file);
        ck_assert_msg(r.complete && vly_path_exists(below(folder, outputs[i].file)), "%s", outputs[i].file);
        vly_study_result_free(&r);
    }
    run_ok(&r, study, test_path("straight"));
    vly_study_result_free(&r);
    check_same(folder, test_path("straight"));
}
END_TEST

START_TEST(what_follows_from_a_deleted_volume_is_not_forgotten_when_the_run_stops)
{
    vly_study_result r;
    const char *study = put_study(), *folder = test_path("out");
    run_ok(&r, study, folder);
    vly_study_result_free(&r);
    ck_assert_int_eq(unlink(below(folder, "labels/kmeans.tif")), 0);
    ck_assert_int_eq(run_with(&r, study, folder, "only", "segment.kmeans"), VLY_OK);
    vly_study_result_free(&r);
    run_ok(&r, study, folder);
    check_again(&r, "describe.kmeans transport.kmeans lithiate.kmeans* *.edx-closing* edx compare disagreement",
                "then the rest");
    vly_study_result_free(&r);
}
END_TEST

/* ---- company ---- */

START_TEST(other_settings_wait_until_nobody_else_works)
{
    vly_study_result r;
    const char *study = put_study(), *folder = test_path("out");
    ck_assert_int_eq(run_with(&r, study, folder, "only", "histogram"), VLY_OK);
    vly_study_result_free(&r);
    int other = open(below(folder, "pieces/.share.lock"), O_RDWR | O_CREAT, 0666);
    ck_assert_int_eq(flock(other, LOCK_SH), 0);
    test_fails(run_with(&r, study, folder, "seed", "2"), VLY_EAGAIN,
               "a study with other settings or inputs has to wait");
    vly_study_result_free(&r);
    ck_assert_int_eq(run_with(&r, study, folder, "only", "segment.threshold"), VLY_OK); /* the same one need not */
    vly_study_result_free(&r);
    close(other);
    ck_assert_int_eq(run_with(&r, study, folder, "seed", "2"), VLY_OK);
    ck_assert(r.complete);
    vly_study_result_free(&r);
}
END_TEST

int main(void)
{
    work_in_memory();
    Suite *suite = suite_create("run_changes");
    TEST_CASE(suite, an_option_touches_what_depends_on_it_and_nothing_else);
    TEST_CASE(suite, an_option_of_the_fit_touches_the_fit_alone);
    TEST_CASE(suite, an_option_of_the_impedance_touches_the_impedance_alone);
    TEST_CASE(suite, a_changed_option_leads_where_a_fresh_run_would);
    TEST_CASE(suite, a_law_read_from_a_table_counts_by_what_it_says);
    TEST_CASE(suite, changed_measured_points_reach_the_report);
    TEST_CASE(suite, recipes_reach_the_report_and_nothing_is_computed_again);
    TEST_CASE(suite, what_is_deleted_is_made_again_with_what_was_made_from_it);
    TEST_CASE(suite, what_follows_from_a_deleted_volume_is_not_forgotten_when_the_run_stops);
    TEST_CASE(suite, other_settings_wait_until_nobody_else_works);
    return test_run(suite);
}
