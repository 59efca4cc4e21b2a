/* What diff says of two volumes and of two studies. Studies are written by hand here: a manifest and the files it lists. */
#include "support.h"

#include "core/file.h"
#include "voxelyte/study.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void write_volume(const char *path, const void *voxels, vly_type type, vly_extent extent, double size)
{
    vly_device *device = test_device(1, 0);
    vly_sink *sink;
    vly_sink_options options = {.extent = extent, .type = type, .overwrite = true};
    if (size > 0) options.voxel_size = (vly_voxel_size){.x = size, .y = size, .z = size, .verdict = VLY_SIZE_GIVEN};
    ck_assert_int_eq(vly_sink_open(&sink, path, device, &options), VLY_OK);
    ck_assert_int_eq(vly_sink_write(sink, extent.nz, voxels), VLY_OK);
    ck_assert_int_eq(vly_sink_finish(sink), VLY_OK);
    vly_sink_close(sink);
    vly_device_close(device);
}

/* The words begin with `words`, or hold them; status follows from the number of differences. */
static void check_diff(const char *a, const char *b, int64_t differences, const char *words)
{
    vly_diff_result diff;
    vly_device *device = test_device(1, 0);
    vly_status status = vly_diff(&diff, device, a, b);
    ck_assert_msg(status == (differences ? VLY_DIFFERENT : VLY_OK), "%d %s", status, vly_error_message());
    ck_assert_msg(strstr(diff.words, words) != NULL, "%s", diff.words);
    ck_assert_int_eq(diff.differences, differences);
    ck_assert_ptr_nonnull(strstr(diff.words, differences ? "\ndifferent" : "the same"));
    vly_diff_result_free(&diff);
    vly_device_close(device);
}

START_TEST(volumes_are_compared_voxel_by_voxel)
{
    const vly_extent e = {5, 4, 3};
    uint8_t a[60] = {0}, b[60] = {0};
    const char *p = test_path("a.tif"), *q = test_path("b.tif");
    a[59] = 7;
    memcpy(b, a, sizeof a);
    write_volume(p, a, VLY_U8, e, 1e-6);
    write_volume(q, b, VLY_U8, e, 1e-6);
    check_diff(p, q, 0, "the same");
    b[27] = 2; /* x=2 y=1 z=1 */
    b[50] = 1;
    write_volume(q, b, VLY_U8, e, 1e-6);
    check_diff(p, q, 1, "volumes: 2 of 60 voxels differ, the first at x=2 y=1 z=1: 0 and 2\n");
    write_volume(q, a, VLY_U8, e, 2e-6);
    check_diff(p, q, 1, "voxels of 1 x 1 x 1 and 2 x 2 x 2 um");
    write_volume(q, a, VLY_U8, (vly_extent){4, 5, 3}, 1e-6);
    check_diff(p, q, 1, "5 x 4 x 3 and 4 x 5 x 3 voxels");
    static uint16_t wide[60];
    write_volume(q, wide, VLY_U16, e, 1e-6);
    check_diff(p, q, 1, "volumes: u8 and u16");
}
END_TEST

START_TEST(values_of_every_type_are_shown_as_they_are)
{
    const vly_extent e = {2, 1, 1};
    float a[2] = {1, -2.5f}, b[2] = {1, -2.25f};
    write_volume(test_path("f.raw"), a, VLY_F32, e, 0);
    write_volume(test_path("g.raw"), b, VLY_F32, e, 0);
    check_diff(test_path("f.raw"), test_path("g.raw"), 1, "x=1 y=0 z=0: -2.5 and -2.25");
    uint16_t c[2] = {1, 65535}, d[2] = {1, 65534};
    write_volume(test_path("f.raw"), c, VLY_U16, e, 0);
    write_volume(test_path("g.raw"), d, VLY_U16, e, 0);
    check_diff(test_path("f.raw"), test_path("g.raw"), 1, "x=1 y=0 z=0: 65535 and 65534");
}
END_TEST

/* ---- studies ---- */

static void put(const char *folder, const char *name, const char *text)
{
    char path[700];
    mkdir(test_path(folder), 0777);
    snprintf(path, sizeof path, "%s/%s", test_path(folder), name);
    ck_assert_int_eq(vly_file_publish_text(path, text, true), VLY_OK);
}

static const char manifest[] =
    "{\"run_id\": \"1\", \"config\": {\"s\": {\"seed\": {\"value\": \"1\"}, \"mask\": {\"value\": \"/a/m.tif\"}}},"
    "\"inputs\": [{\"sample\": \"s\", \"role\": \"grey\", \"path\": \"/a/g.tif\", \"xxh128\": \"aa\"}],"
    "\"outputs\": [{\"path\": \"summary.csv\"}, {\"path\": \"compare.json\"}, {\"path\": \"report.html\"}],"
    "\"volatile\": {\"host\": \"x\"}}";
static const char rows[] = "sample,quantity,value\ns,cost,1\ns,iterations,3\n";
static const char document[] = "{\"equal\": [[1, 0.5], [0.5, 1]], \"seconds\": 1.5, \"inputs\": [{\"path\": \"/a\"}]}";

static void put_study(const char *folder)
{
    put(folder, "manifest.json", manifest);
    put(folder, "summary.csv", rows);
    put(folder, "compare.json", document);
    put(folder, "report.html", folder);
}

START_TEST(studies_are_the_same_but_for_times_paths_and_hosts)
{
    put_study("A");
    put_study("B");
    check_diff(test_path("A"), test_path("B"), 0, "the same");
    put("B", "compare.json",
        "{\"equal\": [[1, 0.5], [0.5, 1]], \"seconds\": 9.5, \"threads\": 2, \"inputs\": [{\"path\": \"/b\"}]}");
    check_diff(test_path("A"), test_path("B"), 0, "the same");
}
END_TEST

START_TEST(differences_of_studies_are_named)
{
    put_study("A");
    put_study("B");
    put("B", "compare.json", "{\"equal\": [[1, 0.25], [0.25, 1]], \"extra\": true}");
    check_diff(test_path("A"), test_path("B"), 1,
               "compare.json: 4 values differ, the first is equal.0.1: 0.5 and 0.25\n");
    put_study("B");
    put("B", "summary.csv", "sample,quantity,value\ns,cost,2\ns,iterations,3\ns,more,1\n");
    check_diff(test_path("A"), test_path("B"), 1,
               "summary.csv: 2 rows differ, the first in line 2: \"s,cost,1\" and \"s,cost,2\"\n");
    put_study("B");
    ck_assert_int_eq(remove(test_path("B/summary.csv")), 0);
    check_diff(test_path("A"), test_path("B"), 1, "summary.csv: is gone from the second study\n");
}
END_TEST

START_TEST(studies_of_other_inputs_settings_and_outputs_differ)
{
    put_study("A");
    put_study("B");
    put("B", "manifest.json",
        "{\"run_id\": \"2\", \"config\": {\"s\": {\"seed\": {\"value\": \"2\"}, \"mask\": {\"value\": \"/b/m.tif\"}}, \"t\": {}},"
        "\"inputs\": [{\"sample\": \"s\", \"role\": \"grey\", \"path\": \"/b/g.tif\", \"xxh128\": \"bb\"}],"
        "\"outputs\": [{\"path\": \"summary.csv\"}, {\"path\": \"labels/x.tif\"}]}");
    check_diff(test_path("A"), test_path("B"), 5, "s: the grey volumes differ: /a/g.tif and /b/g.tif\n");
    check_diff(test_path("A"), test_path("B"), 5, "s: seed is 1 and 2\n");
    check_diff(test_path("A"), test_path("B"), 5, "t: a sample of the second study only\n");
    check_diff(test_path("A"), test_path("B"), 5, "compare.json: only in the first study\n");
    check_diff(test_path("A"), test_path("B"), 5, "labels/x.tif: only in the second study\n");
}
END_TEST

START_TEST(recipes_of_suspensions_are_compared_by_name)
{
    put_study("A");
    put_study("B");
    put("A", "manifest.json", "{\"suspensions\": {\"A\": {\"binder\": 4}, \"B\": {\"binder\": 5}, \"C\": {}}}");
    put("B", "manifest.json", "{\"suspensions\": {\"C\": {}, \"B\": {\"binder\": 6}, \"D\": {}}}");
    check_diff(test_path("A"), test_path("B"), 3,
               "A: a suspension of the first study only\nB: the recipes of this suspension differ\n"
               "D: a suspension of the second study only\n");
    put("A", "manifest.json", "{\"run_id\": \"1\"}"); /* of a version that knew none */
    put("B", "manifest.json", "{\"run_id\": \"2\", \"suspensions\": {}}");
    check_diff(test_path("A"), test_path("B"), 0, "the same");
}
END_TEST

START_TEST(what_cannot_be_compared_is_refused)
{
    vly_diff_result diff;
    vly_device *device = test_device(1, 0);
    const uint8_t voxels[8] = {0};
    put_study("A");
    write_volume(test_path("v.tif"), voxels, VLY_U8, (vly_extent){2, 2, 2}, 0);
    test_fails(vly_diff(&diff, device, test_path("A"), test_path("v.tif")), VLY_EUSAGE, "is a study and");
    test_fails(vly_diff(&diff, device, test_path("v.tif"), test_path("A")), VLY_EUSAGE, "is a study and");
    test_fails(vly_diff(&diff, device, test_path("v.tif"), test_path("none.tif")), VLY_ENOINPUT, "none.tif");
    put("C", "study.yaml", "version: 1\n");
    test_fails(vly_diff(&diff, device, test_path("A"), test_path("C")), VLY_ENOINPUT, "holds no manifest.json");
    ck_assert_ptr_null(diff.words);
    vly_device_close(device);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("diff");
    TEST_CASE(suite, volumes_are_compared_voxel_by_voxel);
    TEST_CASE(suite, values_of_every_type_are_shown_as_they_are);
    TEST_CASE(suite, studies_are_the_same_but_for_times_paths_and_hosts);
    TEST_CASE(suite, differences_of_studies_are_named);
    TEST_CASE(suite, studies_of_other_inputs_settings_and_outputs_differ);
    TEST_CASE(suite, recipes_of_suspensions_are_compared_by_name);
    TEST_CASE(suite, what_cannot_be_compared_is_refused);
    return test_run(suite);
}
