/* From a study file to samples and settings: who wins, what is refused and where, and that the resolved study says the same. */
#include "support.h"

#include "core/file.h"
#include "study/study_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static vly_study *read_text(const char *text, const vly_settings *given)
{
    vly_study *study;
    const char *path = test_path("study.yaml");
    ck_assert_int_eq(vly_file_publish_text(path, text, true), VLY_OK);
    vly_status status = vly_study_read(&study, path, given);
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
    return study;
}

static void refuses(const char *text, const char *part)
{
    vly_study *study;
    const char *path = test_path("study.yaml");
    ck_assert_int_eq(vly_file_publish_text(path, text, true), VLY_OK);
    int64_t before = vly_memory_held();
    test_fails(vly_study_read(&study, path, NULL), VLY_EUSAGE, part);
    ck_assert_ptr_null(study);
    ck_assert_int_eq(vly_memory_held(), before);
}

START_TEST(one_input_is_a_sample_without_a_folder)
{
    vly_study *study = read_text("version: 1\ninput: scan.tif\n", NULL);
    ck_assert_int_eq(study->count, 1);
    ck_assert_str_eq(study->samples[0].name, "sample");
    ck_assert_str_eq(study->samples[0].folder, "");
    char *real = realpath(test_folder(), NULL), path[600];
    snprintf(path, sizeof path, "%s/scan.tif", real);
    free(real);
    ck_assert_str_eq(study->samples[0].grey, path); /* relative to the study file, not to where one stands */
    ck_assert_ptr_null(study->samples[0].truth);
    ck_assert_int_eq(study->samples[0].settings.methods, 1 << VLY_METHOD_THRESHOLD);
    vly_study_free(study);
    study = read_text("version: 1\ninput: {grey: /a/b.tif, truth: /a/t.tif, name: tl, seed: 9}\n", NULL);
    ck_assert_str_eq(study->samples[0].name, "tl");
    ck_assert_str_eq(study->samples[0].grey, "/a/b.tif");
    ck_assert_str_eq(study->samples[0].truth, "/a/t.tif");
    ck_assert_int_eq(study->samples[0].settings.seed, 9);
    vly_study_free(study);
}
END_TEST

START_TEST(a_sample_overrides_the_study_and_the_command_line_both)
{
    const char *text = "version: 1\nmethods: [threshold, kmeans]\nseed: 3\nevaluations: 50\nthreads: 2\nsamples:\n"
                       "  - {name: a, grey: a.tif}\n  - {name: b, grey: b.tif, seed: 4, evaluations: 60, window: "
                       "[0:10, 0:20, 5:9], mask: m.tif, fractions: {am: 0.5, cbd: 0.3, pore: 0.2}}\n";
    vly_settings given;
    vly_settings_defaults(&given);
    ck_assert_int_eq(vly_settings_set(&given, "run", "evaluations", "70", "command line"), VLY_OK);
    vly_study *study = read_text(text, &given);
    const vly_settings *a = &study->samples[0].settings, *b = &study->samples[1].settings;
    ck_assert_int_eq(study->count, 2);
    ck_assert_str_eq(study->samples[1].folder, "b/");
    ck_assert(a->seed == 3 && b->seed == 4);
    ck_assert(a->evaluations == 70 && b->evaluations == 70);
    ck_assert(a->methods == 3 && b->methods == 3);
    ck_assert(b->window.x1 == 10 && b->window.y1 == 20 && b->window.z0 == 5 && b->window.z1 == 9 && a->window.x1 == 0);
    ck_assert_int_eq(b->fractions.parts[VLY_CBD], VLY_FRACTIONS_ONE / 10 * 3);
    ck_assert(b->mask[0] == '/' && strstr(b->mask, "/m.tif") != NULL);
    ck_assert_int_eq(study->settings.threads, 2);
    ck_assert_int_eq(study->settings.seed, 3);
    int32_t seed = vly_option_find("run", "seed");
    ck_assert_ptr_nonnull(strstr(vly_settings_origin(b, seed), "study.yaml:8:"));
    vly_study_free(study);
    vly_settings all;
    ck_assert_int_eq(vly_study_settings(&all, test_path("study.yaml"), &given), VLY_OK);
    ck_assert(all.threads == 2 && all.evaluations == 70 && all.seed == 3);
}
END_TEST

START_TEST(what_makes_no_sense_is_refused_where_it_stands)
{
    refuses("input: a.tif\n", "study.yaml:1:1: version is missing");
    refuses("version: 2\ninput: a.tif\n", "study.yaml:1:1: version: 1 is the only");
    refuses("- a\n", "study.yaml:1:1: a mapping");
    refuses("version: 1\n", "study.yaml:1:1: neither input nor samples");
    refuses("version: 1\ninput: a\nsamples: [b]\n", "study.yaml:3:1: samples: there is an input already");
    refuses("version: 1\ninput: a\nmethdos: [kmeans]\n", "study.yaml:3:1: methdos: no such key, did you mean methods?");
    refuses("version: 1\ninput:\n  gray: a.tif\n", "study.yaml:3:3: gray: no such key, did you mean grey?");
    refuses("version: 1\ninput: a\nvoxelsize: 1um\n",
            "study.yaml:3:1: voxelsize: no such key, did you mean voxel_size?");
    refuses("version: 1\ninput: a\nseed: x\n", "study.yaml:3:1: seed x:");
    refuses("version: 1\ninput: a\nmethods: [threshold, otsu]\n", "study.yaml:3:1: ");
    refuses("version: 1\ninput: a\nfractions: {am: 0.5, cbd: 0.3, pore: 0.3}\n", "study.yaml:3:1: ");
    refuses("version: 1\ninput: a\nfractions: {am: [1]}\n", "study.yaml:3:13: fractions: a plain value");
    refuses("version: 1\ninput: []\n", "study.yaml:2:1: a volume's path");
    refuses("version: 1\ninput: {truth: a}\n", "study.yaml:2:1: grey is missing");
    refuses("version: 1\ninput:\n", "study.yaml:2:1: input: the path of a volume");
    refuses("version: 1\nsamples: []\n", "study.yaml:2:1: samples: a list");
    refuses("version: 1\nsamples: 7\n", "study.yaml:2:1: samples: a list");
    refuses("version: 1\nsamples:\n - {grey: a}\n - {grey: b}\n", "study.yaml:3:4: name is missing");
    refuses("version: 1\nsamples:\n - {name: x, grey: a}\n - {grey: b,\n    name: x}\n",
            "study.yaml:5:5: name: a sample called x");
    refuses("version: 1\ninput: {grey: a, name: ../b}\n", "study.yaml:2:18: name: up to 64 letters");
    refuses("version: 1\ninput: {grey: a, name: labels}\n", "study.yaml:2:18: name: labels is a folder");
    refuses("version: 1\ninput: {grey: a, memory_limit: 1G}\n", "study.yaml:2:18: memory_limit: concerns the whole");
    refuses("version: 1\ninput: {grey: a, threads: 1}\n", "study.yaml:2:18: threads: concerns the whole");
    refuses("version: 1\ninput: *a\n", "study.yaml:2:8: aliases");
}
END_TEST

static void check_same_samples(const vly_study *a, const vly_study *b)
{
    ck_assert_int_eq(a->count, b->count);
    for (int32_t i = 0; i < a->count; i++) {
        const vly_sample *p = &a->samples[i], *q = &b->samples[i];
        ck_assert_str_eq(p->name, q->name);
        ck_assert_str_eq(p->folder, q->folder);
        ck_assert_str_eq(p->grey, q->grey);
        ck_assert_str_eq(p->truth ? p->truth : "-", q->truth ? q->truth : "-");
        for (int32_t k = 0; k < vly_option_count(); k++) {
            char x[VLY_PATH_BYTES], y[VLY_PATH_BYTES];
            if (vly_option_is_machine(vly_option_at(k)->key)) continue;
            vly_settings_text(&p->settings, k, x);
            vly_settings_text(&q->settings, k, y);
            ck_assert_str_eq(x, y);
        }
    }
}

START_TEST(the_resolved_study_reads_back_the_same_from_anywhere)
{
    const char *text =
        "version: 1\nmethods: [kmeans]\nridge: 0.1\nvoxel_size: 0.642um\nrobust_start: yes\nsamples:\n"
        "  - {name: a, grey: \"q\\\"u\\\\o \\te #.tif\", truth: t.tif}\n"
        "  - {name: b, grey: b*.tif, fractions: paper-literal, window: [0:10, 0:20, 5:9], mask: m.tif}\n";
    vly_study *study = read_text(text, NULL), *again;
    char *resolved;
    ck_assert_int_eq(vly_study_text(&resolved, study), VLY_OK);
    ck_assert_ptr_null(strstr(resolved, "threads"));
    ck_assert_int_eq(mkdir(test_path("elsewhere"), 0777), 0);
    ck_assert_int_eq(vly_file_publish_text(test_path("elsewhere/study.yaml"), resolved, true), VLY_OK);
    vly_status status = vly_study_read(&again, test_path("elsewhere/study.yaml"), NULL);
    ck_assert_msg(status == VLY_OK, "%s\n%s", vly_error_message(), resolved);
    check_same_samples(study, again);
    char *twice;
    ck_assert_int_eq(vly_study_text(&twice, again), VLY_OK);
    ck_assert_str_eq(resolved, twice);
    vly_free(twice);
    vly_free(resolved);
    vly_study_free(again);
    vly_study_free(study);
}
END_TEST

START_TEST(the_sample_study_is_understood)
{
    const char *root = getenv("VLY_SOURCE_DIR");
    char path[600];
    int64_t targets[VLY_PHASES];
    vly_study *study;
    if (!root) return;
    snprintf(path, sizeof path, "%s/samples/two_layer.yaml", root);
    vly_status status = vly_study_read(&study, path, NULL);
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
    ck_assert_int_eq(study->samples[0].settings.methods, 7);
    vly_fractions_targets(&study->samples[0].settings.fractions, 1920000, targets);
    ck_assert(targets[VLY_AM] == 1151262 && targets[VLY_CBD] == 438077 && targets[VLY_PORE] == 330661);
    vly_study_free(study);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("study");
    TEST_CASE(suite, one_input_is_a_sample_without_a_folder);
    TEST_CASE(suite, a_sample_overrides_the_study_and_the_command_line_both);
    TEST_CASE(suite, what_makes_no_sense_is_refused_where_it_stands);
    TEST_CASE(suite, the_resolved_study_reads_back_the_same_from_anywhere);
    TEST_CASE(suite, the_sample_study_is_understood);
    return test_run(suite);
}
