/* Synthetic cathodes as files: what is in the folder, how it fits together, and that failures leave nothing behind. */
#include "support.h"

#include "core/fault.h"
#include "core/file.h"
#include "image/synth_pair.h"
#include "voxelyte/synth.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static vly_synth_options small_options(void)
{
    vly_synth_options o = VLY_SYNTH_OPTIONS_INIT;
    o.extent = (vly_extent){36, 32, 40};
    o.supersample = 2;
    o.seed = 5;
    o.fib_ratio = 4;
    return o;
}

/* A volume of the folder, which is the caller's, and its extent. */
static void *load(const char *folder, const char *name, vly_type type, vly_extent *extent, double *voxel_um)
{
    char path[600];
    vly_source *source;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    vly_status status = vly_source_open(&source, path, NULL);
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
    const vly_volume_info *info = vly_source_info(source);
    ck_assert_int_eq(info->type, type);
    *extent = info->extent;
    *voxel_um = info->voxel_size.x * 1e6;
    void *voxels = malloc((size_t)(vly_extent_voxels(*extent) * vly_type_bytes(type)));
    ck_assert_int_eq(vly_source_read(source, 0, extent->nz, voxels), VLY_OK);
    vly_source_close(source);
    return voxels;
}

static bool exists(const char *folder, const char *name)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return vly_path_exists(path);
}

START_TEST(the_folder_holds_what_the_memory_call_gives)
{
    vly_device *device = test_device(2, 0);
    const char *folder = test_path("pair");
    vly_synth_options o = small_options();
    o.fib_grey = o.compress = true;
    vly_synth_result r, again;
    vly_status status = vly_synth(&r, device, folder, false, &o);
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
    const size_t voxels = 36 * 32 * 40;
    uint16_t *grey = malloc(voxels * 2);
    uint8_t *truth = malloc(voxels);
    ck_assert_int_eq(vly_synth_memory(&again, device, grey, truth, &o), VLY_OK);
    vly_extent e;
    double um;
    uint16_t *grey_file = load(folder, "grey.tif", VLY_U16, &e, &um);
    ck_assert(e.nx == 36 && e.ny == 32 && e.nz == 40 && fabs(um - 0.642) < 1e-9);
    ck_assert(memcmp(grey, grey_file, voxels * 2) == 0);
    uint8_t *truth_file = load(folder, "truth.tif", VLY_U8, &e, &um);
    ck_assert(memcmp(truth, truth_file, voxels) == 0);
    ck_assert(memcmp(r.counts, again.counts, sizeof r.counts) == 0);
    free(load(folder, "edx.tif", VLY_U16, &e, &um));
    ck_assert(e.nx == 46 && e.ny == 51 && e.nz == 1 && fabs(um - 0.5) < 1e-9);
    free(load(folder, "fib/labels.tif", VLY_U8, &e, &um));
    ck_assert(e.nx == r.fib_extent.nx && e.ny == 4 * r.fib_coarse[1] && e.nz == r.fib_extent.nz &&
              fabs(um - 0.321) < 1e-9);
    free(load(folder, "fib/grey.tif", VLY_U8, &e, &um));
    char json[600], *text;
    snprintf(json, sizeof json, "%s/synth.json", folder);
    ck_assert_int_eq(vly_file_text(&text, json, 1 << 20), VLY_OK);
    ck_assert_ptr_nonnull(strstr(text, "\"seed\": 5"));
    ck_assert_ptr_nonnull(strstr(text, "\"preset\": \"two-layer\""));
    ck_assert_ptr_nonnull(strstr(text, "\"voxel_size_um\": 0.642"));
    ck_assert_ptr_nonnull(strstr(text, "\"shift_um\""));

    test_fails(vly_synth(&r, device, folder, false, &o), VLY_EOUTPUT, "synth.json");
    ck_assert_int_eq(vly_synth(&r, device, folder, true, &o), VLY_OK);
    char *text_again;
    ck_assert_int_eq(vly_file_text(&text_again, json, 1 << 20), VLY_OK);
    ck_assert_str_eq(text, text_again);
    vly_free(text), vly_free(text_again);
    free(grey), free(truth), free(grey_file), free(truth_file);
    vly_device_close(device);
}
END_TEST

/* Fine voxels whose phase is that of the tomogram's voxel they lie in. */
static double agreement(const uint8_t *fine, const vly_synth_result *r, const uint8_t *truth, vly_extent e, bool moved)
{
    int64_t equal = 0, count = vly_extent_voxels(r->fib_extent);
    for (int64_t i = 0; i < count; i++) {
        const double p[3] = {(double)(i % r->fib_extent.nx) + 0.5,
                             (double)(i / r->fib_extent.nx % r->fib_extent.ny) + 0.5,
                             (double)(i / r->fib_extent.nx / r->fib_extent.ny) + 0.5};
        int32_t v[3];
        for (int a = 0; a < 3; a++) {
            double at = r->fib_shift[a] + (moved ? 1.5e-6 : 0.0);
            for (int b = 0; b < 3; b++) at += r->fib_rotation[a][b] * p[b] * r->fib_voxel;
            v[a] = (int32_t)floor(at / 0.642e-6);
        }
        if (!moved) ck_assert(v[0] >= 0 && v[0] < e.nx && v[1] >= 0 && v[1] < e.ny && v[2] >= 0 && v[2] < e.nz);
        for (int a = 0; a < 3; a++) v[a] = v[a] < (a == 0 ? e.nx : a == 1 ? e.ny : e.nz) ? v[a] : v[a] - 4;
        equal += fine[i] == truth[((int64_t)v[2] * e.ny + v[1]) * e.nx + v[0]];
    }
    return (double)equal / (double)count;
}

START_TEST(the_fine_volume_lies_where_its_transform_says)
{
    vly_device *device = test_device(2, 0);
    const char *folder = test_path("transform");
    vly_synth_options o = small_options();
    vly_synth_result r;
    ck_assert_int_eq(vly_synth(&r, device, folder, false, &o), VLY_OK);
    for (int a = 0; a < 3; a++)
        for (int b = 0; b < 3; b++) {
            double product = 0.0;
            for (int c = 0; c < 3; c++) product += r.fib_rotation[a][c] * r.fib_rotation[b][c];
            ck_assert_double_le(fabs(product - (a == b)), 1e-14);
        }
    double trace = r.fib_rotation[0][0] + r.fib_rotation[1][1] + r.fib_rotation[2][2];
    ck_assert_double_le(acos(0.5 * (trace - 1.0)) * 180.0 / 3.14159265358979, 2.0);
    vly_extent e;
    double um;
    uint8_t *fine = load(folder, "fib/labels.tif", VLY_U8, &e, &um);
    uint8_t *truth = load(folder, "truth.tif", VLY_U8, &e, &um);
    double here = agreement(fine, &r, truth, e, false), elsewhere = agreement(fine, &r, truth, e, true);
    /* a voxel and the points in it differ where a surface cuts it; the phantom's surfaces cut a third of the voxels, and
     * the smaller side of a cut holds a quarter of a voxel on average */
    ck_assert_msg(here > 0.85, "%.3f agree", here);
    ck_assert_msg(elsewhere < here - 0.1, "%.3f agree, %.3f when moved", here, elsewhere);
    free(fine), free(truth);
    vly_device_close(device);
}
END_TEST

START_TEST(the_map_counts_fluorine_by_layer)
{
    vly_device *device = test_device(2, 0);
    vly_synth_options o = small_options();
    o.extent = (vly_extent){96, 64, 64};
    vly_structure s;
    vly_samples samples;
    vly_thresholds t;
    vly_edx edx, again;
    ck_assert_int_eq(vly_structure_open(&s, device, &o), VLY_OK);
    ck_assert_int_eq(vly_samples_open(&samples, &s), VLY_OK);
    ck_assert_int_eq(vly_thresholds_find(&t, &samples), VLY_OK);
    ck_assert_int_eq(vly_edx_make(&edx, &s, &t), VLY_OK);
    ck_assert_int_eq(vly_edx_make(&again, &s, &t), VLY_OK);
    const int32_t columns = edx.extent.nx, rows = edx.extent.ny;
    ck_assert(columns == 123 && rows == 82);
    ck_assert(memcmp(edx.counts, again.counts, sizeof *edx.counts * (size_t)(columns * rows)) == 0);
    double mean = 0.0, side[2] = {0.0, 0.0}, pixels[2] = {0.0, 0.0};
    for (int32_t i = 0; i < columns * rows; i++) {
        int l = (i / columns + 0.5) * 0.5 > s.interface;
        mean += edx.counts[i] / (double)(columns * rows);
        side[l] += edx.counts[i] - 2.0, pixels[l] += 1.0;
    }
    /* 20 and a background of 2; Poisson, so five standard errors of the mean are 5 sqrt(22 / pixels) */
    ck_assert_double_le(fabs(mean - 22.0), 5.0 * sqrt(22.0 / (columns * rows)));
    /* CBD times its share of PVdF; one cross-section of 60 um by 20 um varies by about 15 % */
    double expected = 0.3018 * 5.5 / 8.5 / (0.1598 * 1.5 / 4.5), ratio = side[1] / pixels[1] / (side[0] / pixels[0]);
    ck_assert_msg(fabs(ratio / expected - 1.0) < 0.4, "ratio %.3f, expected %.3f", ratio, expected);
    vly_edx_free(&edx);
    vly_edx_free(&again);
    vly_thresholds_free(&t);
    vly_samples_close(&samples);
    vly_structure_close(&s);
    vly_device_close(device);
}
END_TEST

START_TEST(given_labels_are_kept_and_turned_grey)
{
    enum { COUNT = 9 * 8 * 7 };
    static uint8_t labels[COUNT];
    uint64_t state = 2;
    for (int i = 0; i < COUNT; i++) labels[i] = (uint8_t)(test_random(&state) % 3);
    labels[100] = VLY_OUTSIDE;
    vly_device *device = test_device(2, 0);
    vly_voxel_size size = {.x = 0.4e-6, .y = 0.4e-6, .z = 0.4e-6, .verdict = VLY_SIZE_GIVEN};
    const char *folder = test_path("from");
    vly_synth_options o = small_options();
    vly_synth_result r;
    vly_source *source;
    ck_assert_int_eq(vly_source_memory(&source, labels, VLY_U8, (vly_extent){9, 8, 7}, &size), VLY_OK);
    vly_status status = vly_synth_from_labels(&r, device, source, folder, false, &o);
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
    ck_assert_int_eq(r.counts[0] + r.counts[1] + r.counts[2], COUNT - 1);
    vly_extent e;
    double um;
    uint8_t *truth = load(folder, "truth.tif", VLY_U8, &e, &um);
    ck_assert(e.nx == 9 && e.ny == 8 && e.nz == 7 && fabs(um - 0.4) < 1e-9);
    test_equal_u8(truth, labels, COUNT, "labels");
    free(truth);
    free(load(folder, "grey.tif", VLY_U16, &e, &um));
    ck_assert(!exists(folder, "edx.tif") && !exists(folder, "fib") && exists(folder, "synth.json"));

    labels[200] = 7;
    folder = test_path("bad");
    test_fails(vly_synth_from_labels(&r, device, source, folder, false, &o), VLY_EDATA, "voxel (2, 6, 2) is 7");
    ck_assert(!vly_path_exists(folder));
    vly_source_close(source);
    ck_assert_int_eq(vly_source_memory(&source, labels, VLY_U16, (vly_extent){9, 4, 7}, &size), VLY_OK);
    test_fails(vly_synth_from_labels(&r, device, source, folder, false, &o), VLY_EDATA, "u8 labels expected");
    vly_source_close(source);
    vly_device_close(device);
}
END_TEST

/* Truth by hand; and the grey values of a voxel whose labels are all of one phase, seen without blur and noise. */
START_TEST(labels_finer_than_the_tomogram_are_counted_and_averaged)
{
    enum { NX = 13, NY = 9, NZ = 7, K = 2 };
    static uint8_t labels[NX * NY * NZ], expected[6 * 4 * 3];
    uint64_t state = 2;
    int64_t counts[3] = {0};
    for (int i = 0; i < NX * NY * NZ; i++) labels[i] = (uint8_t)(test_random(&state) % 3);
    for (int z = 0; z < K; z++)
        for (int y = 0; y < K; y++)
            for (int x = 0; x < K; x++) {
                labels[(z * NY + y) * NX + x] = VLY_OUTSIDE;
                labels[(z * NY + y) * NX + x + K] = VLY_AM;
            }
    for (int i = 0; i < 6 * 4 * 3; i++) {
        int count[256] = {0};
        for (int k = 0; k < 8; k++)
            count[labels[((2 * (i / 24) + k / 4) * NY + 2 * (i / 6 % 4) + k / 2 % 2) * NX + 2 * (i % 6) + k % 2]]++;
        expected[i] = count[255] == 8                                ? VLY_OUTSIDE
                      : count[1] >= count[2] && count[1] >= count[0] ? VLY_AM
                      : count[2] >= count[0]                         ? VLY_CBD
                                                                     : VLY_PORE;
        if (expected[i] < 3) counts[expected[i]]++;
    }
    vly_device *device = test_device(2, 0);
    vly_voxel_size size = {.x = 0.4e-6, .y = 0.4e-6, .z = 0.4e-6, .verdict = VLY_SIZE_GIVEN};
    const char *folder = test_path("finer");
    vly_synth_options o = VLY_SYNTH_OPTIONS_INIT;
    vly_synth_result r;
    vly_source *source;
    vly_extent e;
    double um;
    o.ratio = K;
    o.optics = (vly_synth_optics){.noise = 0.0};
    ck_assert_int_eq(vly_source_memory(&source, labels, VLY_U8, (vly_extent){NX, NY, NZ}, &size), VLY_OK);
    vly_status status = vly_synth_from_labels(&r, device, source, folder, false, &o);
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
    uint8_t *truth = load(folder, "truth.tif", VLY_U8, &e, &um);
    ck_assert(e.nx == 6 && e.ny == 4 && e.nz == 3 && fabs(um - 0.8) < 1e-9);
    test_equal_u8(truth, expected, 72, "truth");
    ck_assert_mem_eq(r.counts, counts, sizeof counts);
    uint16_t *grey = load(folder, "grey.tif", VLY_U16, &e, &um);
    ck_assert(grey[0] == 8192 && grey[1] == 40960);
    free(truth);
    free(grey);
    o.ratio = 8;
    test_fails(vly_synth_from_labels(&r, device, source, test_path("finest"), false, &o), VLY_EUSAGE, "--ratio 8");
    vly_source_close(source);
    vly_device_close(device);
}
END_TEST

static vly_status stop_later(void *self)
{
    return --*(int *)self < 0 ? vly_fail(VLY_ECANCELLED, "stopped") : VLY_OK;
}

START_TEST(what_fails_leaves_nothing_behind)
{
    const char *folder = test_path("failed");
    vly_synth_options o = small_options();
    vly_synth_result r;
    vly_device *device = test_device(2, 0);
    o.gradient = 2.0;
    test_fails(vly_synth(&r, device, folder, false, &o), VLY_EUSAGE, "gradient");
    o = small_options();
    o.optics.psf = -1.0;
    test_fails(vly_synth(&r, device, folder, false, &o), VLY_EUSAGE, "psf");
    o = small_options();
    ck_assert(!vly_path_exists(folder));
    test_fails(vly_synth(&r, device, test_path("no/such/place"), false, &o), VLY_EOUTPUT, "no/such/place");
    for (int calls = 0; calls < 60; calls += 11) {
        int left = calls;
        device->progress = (vly_progress){.stop = stop_later, .self = &left};
        test_fails(vly_synth(&r, device, folder, false, &o), VLY_ECANCELLED, "interrupted");
        ck_assert(!vly_path_exists(folder));
    }
    vly_device_close(device);
    ck_assert_int_eq(vly_memory_held(), 0);
}
END_TEST

START_TEST(failures_of_memory_and_files_are_survived)
{
    const char *folder = test_path("faults");
    vly_synth_options o = small_options();
    o.extent = (vly_extent){18, 18, 18};
    static const char *const seams[] = {"alloc", "io.pwrite", "device"};
    vly_device *device = test_device(2, 0);
    int64_t before = vly_memory_held();
    for (int s = 0; s < 3; s++) {
        char fault[40];
        vly_synth_result r;
        snprintf(fault, sizeof fault, "%s:0", seams[s]);
        setenv("VLY_FAULT", fault, 1);
        vly_fault_reset();
        ck_assert_int_eq(vly_synth(&r, device, folder, true, &o), VLY_OK);
        long calls = vly_fault_count();
        ck_assert_int_gt(calls, 3);
        int failed = 0;
        char command[600];
        snprintf(command, sizeof command, "rm -r '%s'", folder);
        ck_assert_int_eq(system(command), 0);
        for (long n = 1; n <= calls; n += 1 + calls / 12) {
            snprintf(fault, sizeof fault, "%s:%ld", seams[s], n);
            setenv("VLY_FAULT", fault, 1);
            vly_fault_reset();
            bool made = vly_synth(&r, device, folder, false, &o) == VLY_OK; /* syncing a folder may fail unnoticed */
            ck_assert_msg(made == exists(folder, "synth.json"), "%s", fault);
            failed += !made;
            ck_assert_int_eq(vly_memory_held(), before);
            if (vly_path_exists(folder)) ck_assert_int_eq(system(command), 0); /* published before the last write */
        }
        ck_assert_int_gt(failed, 2);
    }
    unsetenv("VLY_FAULT");
    vly_fault_reset();
    vly_device_close(device);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("synth_files");
    TEST_CASE(suite, the_folder_holds_what_the_memory_call_gives);
    TEST_CASE(suite, the_fine_volume_lies_where_its_transform_says);
    TEST_CASE(suite, the_map_counts_fluorine_by_layer);
    TEST_CASE(suite, given_labels_are_kept_and_turned_grey);
    TEST_CASE(suite, labels_finer_than_the_tomogram_are_counted_and_averaged);
    TEST_CASE(suite, what_fails_leaves_nothing_behind);
    TEST_CASE(suite, failures_of_memory_and_files_are_survived);
    return test_run(suite);
}
