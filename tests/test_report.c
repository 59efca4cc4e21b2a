/* The report of study folders that are made here, by the library: complete, with pieces missing, hostile, and broken. */
#include "support.h"

#include "voxelyte/report.h"

#include "core/fault.h"
#include "core/file.h"
#include "report/report_planes.h"

#include "markup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NX = 20, NY = 14, NZ = 9, VOXELS = NX * NY * NZ };

static const char *join(const char *folder, const char *name)
{
    static char paths[8][1024];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void put(const char *folder, const char *name, const char *text)
{
    ck_assert_msg(vly_file_publish_text(join(folder, name), text, true) == VLY_OK, "%s", vly_error_message());
}

static char *get(const char *folder, const char *name)
{
    char *text;
    ck_assert_msg(vly_file_text(&text, join(folder, name), 5 << 20) == VLY_OK, "%s", vly_error_message());
    return text;
}

static void put_volume(const char *path, vly_type type, const void *voxels)
{
    vly_sink_options options = {.extent = {NX, NY, NZ}, .type = type, .overwrite = true, .compress = true};
    vly_device *device = test_device(1, 0);
    vly_sink *sink;
    ck_assert_msg(vly_sink_open(&sink, path, device, &options) == VLY_OK, "%s", vly_error_message());
    ck_assert_int_eq(vly_sink_write(sink, NZ, voxels), VLY_OK);
    ck_assert_int_eq(vly_sink_finish(sink), VLY_OK);
    vly_sink_close(sink);
    vly_device_close(device);
}

static const char segment_document[] =
    "{\"voxelyte\": \"0.1.0\", \"commit\": \"0123456789ab\", \"command\": \"segment\", \"device\": \"cpu\", \"seconds\": 0.25,\n"
    " \"inputs\": [{\"path\": \"<script>alert(1)</script>\\\" onload=\\\"x\", \"xxh128\": \"00ff\", \"extent\": [20, 14, 9],\n"
    "   \"voxel_size_um\": [0.5, 0.5, 0.5]}],\n"
    " \"voxels\": 2520, \"target\": {\"am\": 0.5954, \"cbd\": 0.2308, \"pore\": 0.1738},\n"
    " \"achieved\": {\"am\": 0.595238, \"cbd\": 0.230952, \"pore\": 0.17381}, \"counts\": {\"am\": 1500, \"cbd\": 582, \"pore\": 438},\n"
    " \"target_counts\": {\"am\": 1500, \"cbd\": 582, \"pore\": 438}, \"threads\": 2,\n"
    " \"grey_map\": {\"offset\": 0, \"scale\": 1, \"low\": 0, \"high\": 99, \"clamped\": 0, \"exact\": true},\n"
    " \"warnings\": [\"a <b>bold</b> warning\"], \"thresholds\": [9, 30], \"phase_weights\": [1, 0.8, 1.25],\n"
    " \"final_weights\": [1, 0.81, 1.24], \"converged\": false, \"dark_am\": 3, \"bright_pore\": 5,\n"
    " \"feature_weights\": [1, 0.5, 0.25, 0.125], \"cost\": 2.5e-9, \"evaluations\": 61, \"iterations\": 7,\n"
    " \"centroids\": [[50,51,52,53,54,55,56,57,58,59,60,61,62,63,64,65,66,67,68,69,70,71,72,73,74,75,76],\n"
    "  [20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,41,42,43,44,45,46],\n"
    "  [0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26]]}\n";

static const char compare_document[] =
    "{\"command\": \"compare\", \"names\": [\"threshold\", \"kmeans\"], \"equal\": [[1, 0.911], [0.911, 1]],\n"
    " \"jaccard\": {\"am\": [[1, 0.972], [0.972, 1]], \"cbd\": [[1, 0.633], [0.633, 1]], \"pore\": [[1, null], [null, 1]]}%s}\n";

static const char truth_member[] =
    ", \"truth\": {\"path\": \"truth.tif\", \"accuracy\": [0.77, 0.88],\n"
    " \"jaccard\": {\"am\": [0.71, 0.72], \"cbd\": [0.73, 0.74], \"pore\": [0.75, 0.76]}}";

/* A sample with both methods in `base` (which is there); its grey and truth volumes beside. */
static void make_sample(const char *base, const char *grey, bool truth)
{
    static uint16_t values[VOXELS];
    static uint8_t labels[VOXELS];
    char text[4096];
    uint64_t state = 7;
    for (int i = 0; i < VOXELS; i++) {
        values[i] = (uint16_t)(test_random(&state) % 100);
        labels[i] = i % 50 == 0 ? VLY_OUTSIDE : (uint8_t)(values[i] % 3);
    }
    ck_assert_int_eq(vly_folder_make(join(base, "labels")), VLY_OK);
    ck_assert_int_eq(vly_folder_make(join(base, "segment")), VLY_OK);
    ck_assert_int_eq(vly_folder_make(join(base, "curves")), VLY_OK);
    put_volume(join(base, grey), VLY_U16, values);
    put_volume(join(base, "truth.tif"), VLY_U8, labels);
    put_volume(join(base, "labels/threshold.tif"), VLY_U8, labels);
    put_volume(join(base, "labels/kmeans.tif"), VLY_U8, labels);
    put(base, "segment/threshold.json", segment_document);
    put(base, "segment/kmeans.json", segment_document);
    put(base, "curves/histogram.csv", "grey,count\n0,40\n9,400\n30,580\n31,500\n60,1000\n");
    snprintf(text, sizeof text, compare_document, truth ? truth_member : "");
    put(base, "compare.json", text);
}

/* A study of one sample in a folder of its own. */
static const char *make_study(const char *name, const char *grey)
{
    const char *folder = test_path(name);
    char text[1024];
    ck_assert_int_eq(vly_folder_make(folder), VLY_OK);
    make_sample(folder, grey, true);
    snprintf(text, sizeof text, "version: 1\nmethods: all\nlabels: auto\ninput:\n  grey: '%s'\n  truth: truth.tif\n",
             grey);
    put(folder, "study.yaml", text);
    return folder;
}

static char *report_of(const char *folder)
{
    ck_assert_msg(vly_report_write(folder) == VLY_OK, "%s", vly_error_message());
    char *page = get(folder, "report.html");
    markup_check(page);
    return page;
}

static void has(const char *page, const char *part)
{
    ck_assert_msg(strstr(page, part) != NULL, "\"%s\" is not on the page", part);
}

static void has_not(const char *page, const char *part)
{
    ck_assert_msg(strstr(page, part) == NULL, "\"%s\" is on the page", part);
}

START_TEST(a_complete_study_gets_every_section)
{
    static const char *const ids[] = {"inputs", "blocks", "slices",   "histogram",   "fractions", "agreement",
                                      "truth",  "kmeans", "warnings", "differences", "provenance"};
    const char *folder = make_study("complete", "grey.tif");
    char *page = report_of(folder), id[64];
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        snprintf(id, sizeof id, "<section id=\"%s\">", ids[i]);
        ck_assert_int_eq(markup_count(page, id), 1);
    }
    ck_assert_int_eq(markup_count(page, "<figure>"), 6);
    /* three faces of grey; grey, truth and two labels with two sections each */
    ck_assert_int_eq(markup_count(page, "data:image/png;base64,"), 11);
    has(page, "<title>Microstructure of grey.tif</title>");
    has(page, "All volume fractions meet their targets to the voxel");
    has(page, "There are 2 <a href=\"#warnings\">warnings</a>");
    has(page, "agree in 91.1 % of the voxels");
    has(page, "0.5 µm");
    has(page, ">t₁ = 9<");
    has(page, ">0.63<");
    has(page, "Not converged");
    has(page, "href=\"./segment/kmeans.json\"");
    has(page, "href=\"./figures/agreement.csv\"");
    vly_free(page);
    char *figure = get(folder, "figures/slices.svg");
    markup_check(figure);
    vly_free(figure);
}
END_TEST

static const char training_document[] =
    "{\"command\": \"train\", \"warnings\": [\"a training <i>warning</i>\"], \"split\": \"group\", \"ensemble\": true,\n"
    " \"table\": {\"voxels\": 2541, \"voxel_size_um\": 1.284, \"levels\": {\"pore_am_u16\": [8192, 40960]}},\n"
    " \"tries\": [0.01, 0.012, 0.011], \"best_epoch\": 2, \"test_mse\": 0.0123, \"test_mse_interval\": [0.0101, 0.0145],\n"
    " \"far_field_mse\": 0.0198, \"constant_mse\": 0.12, \"curve\": {\"training\": [0.05, 0.02, 0.01],\n"
    " \"validation\": [0.06, 0.03, 0.031]}, \"calibration\": {\"am\": {\"told\": [0.05, 0.95], \"known\": [0.04, 0.97],\n"
    " \"samples\": [10, 0]}, \"cbd\": {\"told\": [0.5], \"known\": [0.4], \"samples\": [3]}}}";

static const char use_members[] =
    "{\"scale\": \"atrous\", \"calibration\": {\"mode\": \"two-point\", \"slope\": 1.25, \"offset_u16\": -3750},\n"
    " \"entropy\": 0.4281, \"unlike_training\": 0.31, \"out_of_distribution\": true, \"inputs\": [{}]}";

START_TEST(a_network_s_training_stands_with_its_errors_side_by_side)
{
    static const char *const shapes[] = {
        "{\"curve\": {\"training\": [1e308, 1e308], \"validation\": [1e308, -1]}, \"best_epoch\": \"x\", \"tries\": 7}",
        "{\"curve\": [], \"calibration\": {\"am\": {\"told\": [], \"known\": [null], \"samples\": {}}}, \"table\": []}",
        "{\"curve\": {\"training\": [null], \"validation\": [0]}, \"test_mse_interval\": [null, 2], \"split\": 4}"};
    const char *folder = make_study("network", "grey.tif");
    ck_assert_int_eq(vly_folder_make(join(folder, "learn")), VLY_OK);
    put(folder, "learn/training.json", training_document);
    put(folder, "segment/nn-am-cond.json", use_members);
    put(folder, "study.yaml",
        "version: 1\nmethods: [threshold, kmeans, nn-am-cond]\nmodel: m.safetensors\ninput:\n  grey: grey.tif\n");
    char *page = report_of(folder);
    ck_assert_int_eq(markup_count(page, "<section id=\"network\">"), 1);
    has(page, "95 % confidence 0.0101 to 0.0145");
    has(page, ">0.0198<");
    has(page, "the mean of their outputs counts");
    has(page, "grey values × 1.25 − 3750 are those of the training’s scan");
    has(page, "too many");
    has(page, "<b>training</b>: a training &lt;i&gt;warning");
    vly_free(page);
    char *figure = get(folder, "figures/learning.svg");
    markup_check(figure);
    ck_assert_int_eq(markup_count(figure, "<circle"), 2); /* tenths without samples have no dot */
    vly_free(figure);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        put(folder, "learn/training.json", shapes[i]);
        vly_free(report_of(folder));
    }
}
END_TEST

START_TEST(nothing_from_a_document_becomes_markup)
{
    const char *folder = make_study("hostile", "<img src=x onerror=alert(1)>&\".tif");
    char *page = report_of(folder);
    has(page, "&lt;script&gt;alert(1)&lt;/script&gt;&quot; onload=&quot;x");
    has(page, "a &lt;b&gt;bold&lt;/b&gt; warning");
    has(page, "&lt;img src=x onerror=alert(1)&gt;&amp;&quot;.tif</h1>");
    has_not(page, "<img");
    has_not(page, "<b>bold");
    has_not(page, "http://www.w3.org/1999");
    ck_assert_int_eq(markup_count(page, "http"), 6 + 1); /* name spaces of the figures, http-equiv */
    vly_free(page);
}
END_TEST

START_TEST(what_is_missing_is_left_out)
{
    const char *folder = make_study("missing", "grey.tif");
    ck_assert_int_eq(unlink(join(folder, "compare.json")), 0);
    ck_assert_int_eq(unlink(join(folder, "curves/histogram.csv")), 0);
    ck_assert_int_eq(unlink(join(folder, "segment/kmeans.json")), 0);
    ck_assert_int_eq(unlink(join(folder, "grey.tif")), 0);
    char *page = report_of(folder);
    has_not(page, "id=\"agreement\"");
    has_not(page, "id=\"truth\"");
    has_not(page, "id=\"histogram\"");
    has_not(page, "id=\"kmeans\"");
    has(page, "Not shown: ");
    ck_assert_int_eq(markup_count(page, "<figure>"), 1);
    ck_assert_int_eq(markup_count(page, "data:image/png;base64,"), 4); /* truth and one trinarisation */
    vly_free(page);
    ck_assert_int_eq(unlink(join(folder, "labels/threshold.tif")), 0);
    page = report_of(folder);
    has(page, "id=\"fractions\"");
    has_not(page, "id=\"slices\"");
    vly_free(page);
}
END_TEST

START_TEST(two_samples_share_the_heat_maps)
{
    const char *folder = test_path("pair");
    ck_assert_int_eq(vly_folder_make(folder), VLY_OK);
    for (int i = 0; i < 2; i++) {
        const char *base = test_path(i ? "pair/single" : "pair/two-layer");
        ck_assert_int_eq(vly_folder_make(base), VLY_OK);
        make_sample(base, "grey.tif", false);
    }
    char text[4096];
    snprintf(text, sizeof text, compare_document, "");
    memcpy(strstr(text, "[0.911, 1]"), "[0.822, 1]", 10);
    put(folder, "single/compare.json", text);
    put(folder, "study.yaml",
        "version: 1\nmethods: all\nsamples:\n  - name: two-layer\n    grey: two-layer/grey.tif\n"
        "  - name: single\n    grey: single/grey.tif\n");
    char *page = report_of(folder);
    has(page, "<title>Microstructure of two-layer and single</title>");
    has(page, "Above the diagonal: two-layer. Below: single.");
    has(page, ">0.91<"); /* above, of the first */
    has(page, ">0.82<"); /* below, of the second */
    has(page, "href=\"./single/segment/kmeans.json\"");
    ck_assert_int_eq(markup_count(page, "<figure>"),
                     9); /* blocks, slices, histogram, centroids of each; one agreement */
    ck_assert(vly_path_exists(join(folder, "figures/two-layer-slices.svg")));
    ck_assert(vly_path_exists(join(folder, "figures/agreement.svg")));
    vly_free(page);
    ck_assert_int_eq(unlink(join(folder, "single/segment/kmeans.json")), 0);
    ck_assert_int_eq(unlink(join(folder, "single/segment/threshold.json")), 0);
    page = report_of(folder);
    has(page, "1 sample is not computed yet");
    vly_free(page);
}
END_TEST

START_TEST(the_report_of_the_same_folder_is_the_same)
{
    const char *folder = make_study("again", "grey.tif");
    char *first = report_of(folder), *second = report_of(folder);
    ck_assert_str_eq(first, second);
    vly_free(first);
    vly_free(second);
}
END_TEST

START_TEST(folders_without_a_study_are_named)
{
    const char *folder = make_study("broken", "grey.tif");
    test_fails(vly_report_write(test_path("nowhere")), VLY_ENOINPUT, "no such folder");
    put(folder, "segment/kmeans.json", "{\"method\": ");
    test_fails(vly_report_write(folder), VLY_EDATA, "kmeans.json");
    put(folder, "segment/kmeans.json", segment_document);
    put(folder, "curves/histogram.csv", "grey,count\n1,2\n99999,1\n");
    test_fails(vly_report_write(folder), VLY_EDATA, "histogram.csv: line 3");
    ck_assert_int_eq(unlink(join(folder, "segment/kmeans.json")), 0);
    ck_assert_int_eq(unlink(join(folder, "segment/threshold.json")), 0);
    test_fails(vly_report_write(folder), VLY_ENOINPUT, "no trinarisation");
    ck_assert_int_eq(unlink(join(folder, "study.yaml")), 0);
    test_fails(vly_report_write(folder), VLY_ENOINPUT, "study.yaml");
    ck_assert(!vly_path_exists(join(folder, "report.html")));
}
END_TEST

START_TEST(documents_of_any_shape_do_no_harm)
{
    static const char *const shapes[] = {
        "{}",
        "{\"inputs\": 5, \"target\": [], \"counts\": \"x\", \"warnings\": {\"a\": 1}, \"thresholds\": [null, \"x\"]}",
        "{\"inputs\": [[]], \"voxels\": 1e300, \"counts\": {\"am\": -1e300}, \"target\": {\"am\": 1e300}, \"seconds\": \"long\"}",
        "{\"thresholds\": [-5, 1e12], \"centroids\": [[1], [2]], \"inputs\": [{\"extent\": [1], \"voxel_size_um\": -1}]}",
    };
    const char *folder = make_study("shapes", "grey.tif");
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        put(folder, "segment/threshold.json", shapes[i]);
        put(folder, "segment/kmeans.json", shapes[i]);
        put(folder, "compare.json",
            i % 2 ? "{\"names\": [1, null], \"equal\": 3, \"truth\": {\"accuracy\": [null, 1]}}"
                  : "{\"names\": [\"a\", \"b\"], \"equal\": [[]], \"jaccard\": [], \"truth\": 5}");
        vly_free(report_of(folder));
    }
}
END_TEST

START_TEST(sections_stay_inside_and_read_few_pages)
{
    static const vly_extent extents[] = {{1, 1, 1},       {3, 2, 256},        {1500, 900, 250},        {1000, 800, 257},
                                         {7, 1000, 9999}, {5120, 5120, 3840}, {2304, 2304, 2147483647}};
    for (size_t i = 0; i < sizeof extents / sizeof *extents; i++) {
        vly_extent e = extents[i];
        vly_view view;
        vly_view_choose(&view, e, 400);
        ck_assert(view.depth >= 1 && view.depth <= 256 && view.width <= 400 && view.height <= 400);
        ck_assert((int64_t)(view.depth - 1) * view.stride < e.nz && (int64_t)view.depth * view.stride >= e.nz);
        ck_assert(view.x0 >= 0 && view.x0 + (int64_t)(view.width - 1) * view.stride < e.nx);
        ck_assert(view.y0 >= 0 && view.y0 + (int64_t)(view.height - 1) * view.stride < e.ny);
        ck_assert(view.y < e.ny && view.z < e.nz && view.z % view.stride == 0);
        if (e.nx <= 400) ck_assert_int_ge((int64_t)view.width * view.stride, e.nx); /* nothing is cut off */
    }
}
END_TEST

START_TEST(no_memory_no_page_no_leak)
{
    const char *folder = make_study("memory", "grey.tif");
    char plan[32];
    ck_assert_int_eq(vly_report_write(folder), VLY_OK); /* the next finds its folders made */
    setenv("VLY_FAULT", "alloc:0", 1);
    vly_fault_reset();
    int64_t before = vly_memory_held();
    ck_assert_int_eq(vly_report_write(folder), VLY_OK);
    long sites = vly_fault_count();
    ck_assert_int_eq(unlink(join(folder, "report.html")), 0);
    /* the last allocation comes after the page has its name, to sync the folder, and is forgiven */
    for (long n = 1; n < sites; n += 1 + n / 40) {
        snprintf(plan, sizeof plan, "alloc:%ld+", n);
        setenv("VLY_FAULT", plan, 1);
        vly_fault_reset();
        vly_status status = vly_report_write(folder);
        ck_assert_msg(status == VLY_EMEMORY, "allocation %ld of %ld: status %d", n, sites, status);
        ck_assert_int_eq(vly_memory_held(), before);
        ck_assert(!vly_path_exists(join(folder, "report.html")));
    }
    unsetenv("VLY_FAULT");
    vly_fault_reset();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report");
    TEST_CASE(suite, a_complete_study_gets_every_section);
    TEST_CASE(suite, a_network_s_training_stands_with_its_errors_side_by_side);
    TEST_CASE(suite, nothing_from_a_document_becomes_markup);
    TEST_CASE(suite, what_is_missing_is_left_out);
    TEST_CASE(suite, two_samples_share_the_heat_maps);
    TEST_CASE(suite, the_report_of_the_same_folder_is_the_same);
    TEST_CASE(suite, folders_without_a_study_are_named);
    TEST_CASE(suite, documents_of_any_shape_do_no_harm);
    TEST_CASE(suite, sections_stay_inside_and_read_few_pages);
    TEST_CASE(suite, no_memory_no_page_no_leak);
    return test_run(suite);
}
