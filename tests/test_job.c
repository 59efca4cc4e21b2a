/* Jobs in process: the documents hold the promised keys, and the files hold what the documents say. */
#include "program.h"

#include "core/fault.h"
#include "study/document_impl.h"
#include "voxelyte/job.h"

#include <math.h>

static const vly_extent VOLUME = {41, 33, 26};

static vly_settings settings;
static const char *inputs[12];

static void set(const char *key, const char *text)
{
    vly_status status = vly_settings_set(&settings, NULL, key, text, "command line");
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
}

/* Settings for `count` inputs. */
static void start(int count, const char *first, const char *second)
{
    vly_settings_defaults(&settings);
    inputs[0] = first;
    inputs[1] = second;
    settings.inputs = inputs;
    settings.input_count = count;
}

typedef vly_status job(vly_document **out, vly_device *device, const vly_settings *settings);

static vly_document *done(job *run)
{
    vly_document *document;
    vly_device *device = test_device(2, 0);
    vly_status status = run(&document, device, &settings);
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
    vly_device_close(device);
    return document;
}

static void fails(job *run, vly_status expected, const char *part)
{
    vly_document *document;
    vly_device *device = test_device(2, 0);
    test_fails(run(&document, device, &settings), expected, part);
    ck_assert_ptr_null(document);
    vly_device_close(device);
}

/* All voxels of a volume, to be freed. */
static void *voxels_of(const char *path, vly_extent *extent)
{
    vly_source *source;
    ck_assert_msg(vly_source_open(&source, path, NULL) == VLY_OK, "%s", vly_error_message());
    const vly_volume_info *info = vly_source_info(source);
    *extent = info->extent;
    void *voxels = malloc((size_t)(vly_extent_voxels(info->extent) * vly_type_bytes(info->type)));
    ck_assert_int_eq(vly_source_read(source, 0, info->extent.nz, voxels), VLY_OK);
    vly_source_close(source);
    return voxels;
}

static double number(const vly_document *document, const char *prefix, const char *key)
{
    char path[96];
    snprintf(path, sizeof path, "%s%s", prefix, key);
    return vly_document_number(document, path);
}

/* Counts of the document are those of the file, and those are the targets. */
static void check_counts(const vly_document *document, const char *prefix, const char *path, int64_t inside)
{
    static const char *const names[] = {"pore", "am", "cbd"};
    int64_t counts[256] = {0}, targets[VLY_PHASES];
    vly_extent extent;
    uint8_t *labels = voxels_of(path, &extent);
    for (int64_t i = 0; i < vly_extent_voxels(extent); i++) counts[labels[i]]++;
    free(labels);
    ck_assert_int_eq(counts[0] + counts[1] + counts[2], inside);
    ck_assert_int_eq(counts[255], vly_extent_voxels(extent) - inside);
    vly_fractions_targets(&settings.fractions, inside, targets);
    ck_assert(number(document, prefix, "voxels") == (double)inside);
    for (int l = 0; l < 3; l++) {
        char key[32];
        snprintf(key, sizeof key, "counts.%s", names[l]);
        ck_assert_int_eq(counts[l], targets[l]);
        ck_assert(number(document, prefix, key) == (double)counts[l]);
        snprintf(key, sizeof key, "achieved.%s", names[l]);
        ck_assert(number(document, prefix, key) == (double)counts[l] / (double)inside);
        snprintf(key, sizeof key, "target.%s", names[l]);
        ck_assert_double_eq_tol(number(document, prefix, key), (double)targets[l] / (double)inside,
                                1.0 / (double)inside);
    }
}

START_TEST(segment_writes_what_its_document_says)
{
    program_folder("segment");
    program_write_grey("g", VOLUME);
    static const char *const methods[] = {"threshold", "kmeans"};
    for (int m = 0; m < 2; m++) {
        start(1, "g.raw", NULL);
        set("method", methods[m]);
        set("output", m == 0 ? "threshold.tif" : "kmeans.raw");
        vly_document *document = done(vly_job_segment);
        ck_assert_str_eq(vly_document_string(document, "method"), methods[m]);
        check_counts(document, "", settings.output, vly_extent_voxels(VOLUME));
        ck_assert_int_eq((int)strlen(vly_document_string(document, "inputs.0.xxh128")), 32);
        ck_assert_str_eq(vly_document_string(document, "settings.seed"), "1");
        ck_assert_int_eq(vly_document_length(document, "thresholds"), m == 0 ? 2 : -1);
        if (m == 1) {
            ck_assert_int_eq(vly_document_length(document, "phase_weights"), 3);
            ck_assert_int_eq(vly_document_length(document, "feature_weights"), 4);
            ck_assert_int_eq(vly_document_length(document, "centroids.cbd"), 27);
            ck_assert(vly_document_number(document, "phase_weights.0") == 1.0);
            ck_assert(vly_document_number(document, "cost") >= 0.0);
            ck_assert(vly_document_number(document, "evaluations") > 0.0);
            ck_assert(vly_document_number(document, "iterations") > 0.0);
        }
        vly_document_free(document);
    }
}
END_TEST

START_TEST(several_methods_fill_a_folder)
{
    program_folder("all");
    program_write_grey("g", VOLUME);
    start(1, "g.raw", NULL);
    set("method", "all");
    set("output", "labels");
    set("histogram", "histogram.csv");
    vly_document *document = done(vly_job_segment);
    ck_assert_int_eq(vly_document_length(document, "methods"), 2);
    check_counts(document, "methods.0.", "labels/threshold.tif", vly_extent_voxels(VOLUME));
    check_counts(document, "methods.1.", "labels/kmeans.tif", vly_extent_voxels(VOLUME));
    ck_assert_str_eq(vly_document_string(document, "methods.1.output"), "labels/kmeans.tif");
    vly_document_free(document);
    fails(vly_job_segment, VLY_EOUTPUT, "labels/threshold.tif");
    ck_assert_int_eq(remove("labels/threshold.tif"), 0);
    ck_assert_int_eq(remove("histogram.csv"), 0);
    fails(vly_job_segment, VLY_EOUTPUT, "labels/kmeans.tif"); /* the second method's file is there already */
    ck_assert_int_ne(access("labels/threshold.tif", F_OK), 0);
    ck_assert_int_ne(access("histogram.csv", F_OK), 0);
    ck_assert_int_eq(access("labels/kmeans.tif", F_OK), 0);
}
END_TEST

START_TEST(a_window_is_the_volume_that_it_cuts_out)
{
    program_folder("window");
    program_write_grey("g", VOLUME);
    start(1, "g.raw", NULL);
    set("window", "3:30,2:33,5:20");
    set("output", "window.tif");
    vly_document *document = done(vly_job_segment);
    ck_assert(vly_document_number(document, "window.0.0") == 3.0 &&
              vly_document_number(document, "window.2.1") == 20.0);
    check_counts(document, "", "window.tif", 27 * 31 * 15);
    vly_document_free(document);
    set("output", "cut.raw");
    vly_document_free(done(vly_job_convert));
    vly_extent whole, cut;
    uint16_t *all = voxels_of("g.raw", &whole), *part = voxels_of("cut.raw", &cut);
    ck_assert(cut.nx == 27 && cut.ny == 31 && cut.nz == 15);
    for (int64_t z = 0, i = 0; z < cut.nz; z++)
        for (int64_t y = 0; y < cut.ny; y++)
            for (int64_t x = 0; x < cut.nx; x++, i++)
                ck_assert_int_eq(part[i], all[((z + 5) * whole.ny + y + 2) * whole.nx + x + 3]);
    free(all);
    free(part);
}
END_TEST

START_TEST(a_mask_limits_what_counts)
{
    program_folder("mask");
    program_write_grey("g", VOLUME);
    int64_t count = vly_extent_voxels(VOLUME), inside = 0;
    uint8_t *mask = malloc((size_t)count);
    for (int64_t i = 0; i < count; i++) inside += mask[i] = i % 3 != 0;
    program_write_raw("m", mask, "u8", (size_t)count, VOLUME);
    start(1, "g.raw", NULL);
    set("mask", "m.raw");
    set("output", "labels.raw");
    vly_document *document = done(vly_job_segment);
    check_counts(document, "", "labels.raw", inside);
    ck_assert_str_eq(vly_document_string(document, "inputs.1.path"), "m.raw");
    vly_document_free(document);
    vly_extent extent;
    uint8_t *labels = voxels_of("labels.raw", &extent);
    for (int64_t i = 0; i < count; i++) ck_assert((labels[i] == VLY_OUTSIDE) == (mask[i] == 0));
    free(labels);
    free(mask);
}
END_TEST

START_TEST(the_histogram_counts_every_voxel)
{
    program_folder("histogram");
    program_write_grey("g", VOLUME);
    start(1, "g.raw", NULL);
    set("output", "l.tif");
    set("histogram", "h.csv");
    vly_document_free(done(vly_job_segment));
    vly_extent extent;
    uint16_t *grey = voxels_of("g.raw", &extent);
    static uint64_t expected[65536], got[65536];
    for (int64_t i = 0; i < vly_extent_voxels(extent); i++) expected[grey[i]]++;
    free(grey);
    FILE *file = fopen("h.csv", "r");
    char line[64];
    ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
    ck_assert_str_eq(line, "grey,count\n");
    while (fgets(line, sizeof line, file)) {
        unsigned value;
        unsigned long long count;
        ck_assert_int_eq(sscanf(line, "%u,%llu\n", &value, &count), 2);
        got[value] = count;
    }
    fclose(file);
    test_equal_u64(got, expected, 65536, "histogram");
}
END_TEST

/* Fixed thresholds are grey values of the file whatever its type: the same cuts through u16, i16 and f32. */
START_TEST(thresholds_are_grey_values_of_the_file)
{
    program_folder("thresholds");
    enum { N = 6 * 5 * 4 };
    static int16_t i16[N];
    static float f32[N];
    static uint8_t expected[N];
    for (int i = 0; i < N; i++) {
        int value = (i * 7919) % 2001 - 1000;
        i16[i] = (int16_t)value;
        f32[i] = (float)value / 1000.0f;
        expected[i] = value <= -300 ? VLY_PORE : value <= 400 ? VLY_CBD : VLY_AM;
    }
    program_write_raw("i16", i16, "i16", sizeof i16, (vly_extent){6, 5, 4});
    program_write_raw("f32", f32, "f32", sizeof f32, (vly_extent){6, 5, 4});
    static const char *const cases[][3] = {{"i16.raw", "-300,400", "i16l.raw"},
                                           {"f32.raw", "-0.3001,0.4001", "f32l.raw"}};
    for (int c = 0; c < 2; c++) {
        start(1, cases[c][0], NULL);
        set("thresholds", cases[c][1]);
        set("output", cases[c][2]);
        set("grey-range", "-1,1");
        if (c == 0) set("grey-range", "auto");
        vly_document *document = done(vly_job_segment);
        ck_assert_double_eq_tol(vly_document_number(document, "thresholds.0"), c ? -0.3 : -300.0, 1e-3);
        vly_document_free(document);
        vly_extent extent;
        uint8_t *labels = voxels_of(cases[c][2], &extent);
        if (c == 0) test_equal_u8(labels, expected, N, cases[c][0]);
        for (int i = 0; i < N; i++) /* 2/65535 wide steps: values at the cut itself may fall to either side */
            ck_assert(labels[i] == expected[i] || fabs(f32[i] + 0.3) < 1e-3 || fabs(f32[i] - 0.4) < 1e-3);
        free(labels);
    }
    start(1, "i16.raw", NULL);
    set("thresholds", "-300,40000");
    set("output", "none.raw");
    fails(vly_job_segment, VLY_EUSAGE, "outside the grey values -32768 ... 32767");
    ck_assert_int_ne(access("none.raw", F_OK), 0);
}
END_TEST

START_TEST(compare_counts_what_is_equal)
{
    program_folder("compare");
    static const uint8_t a[8] = {0, 0, 1, 1, 2, 2, 255, 0}, b[8] = {0, 1, 1, 1, 2, 0, 0, 255};
    program_write_raw("a", a, "u8", 8, (vly_extent){2, 2, 2});
    program_write_raw("b", b, "u8", 8, (vly_extent){2, 2, 2});
    start(2, "a.raw", "b.raw");
    set("output", "c.json");
    vly_document *document = done(vly_job_compare), *file;
    /* six voxels that neither calls outside: four equal; am 2 of 3, cbd 1 of 2, pore 1 of 3 */
    ck_assert(vly_document_number(document, "equal.0.1") == 4.0 / 6.0);
    ck_assert(vly_document_number(document, "equal.1.1") == 1.0);
    ck_assert(vly_document_number(document, "jaccard.am.0.1") == 2.0 / 3.0);
    ck_assert(vly_document_number(document, "jaccard.cbd.1.0") == 1.0 / 2.0);
    ck_assert(vly_document_number(document, "jaccard.pore.0.1") == 1.0 / 3.0);
    ck_assert_str_eq(vly_document_string(document, "names.0"), "a");
    ck_assert_str_eq(vly_document_string(document, "names.1"), "b");
    const char *text;
    char on_disk[PROGRAM_TEXT];
    ck_assert_int_eq(vly_document_text(document, &text), VLY_OK);
    program_read(on_disk, "c.json");
    ck_assert_str_eq(on_disk, text);
    ck_assert_int_eq(vly_document_read(&file, "c.json"), VLY_OK);
    vly_document_free(file);
    vly_document_free(document);
    fails(vly_job_compare, VLY_EOUTPUT, "c.json");
    start(2, "a.raw", "./a.raw");
    document = done(vly_job_compare);
    ck_assert_str_eq(vly_document_string(document, "names.1"), "./a.raw"); /* equal stems: the paths tell them apart */
    vly_document_free(document);
}
END_TEST

START_TEST(convert_keeps_voxels_type_and_size)
{
    program_folder("convert");
    program_write_grey("g", VOLUME);
    static const char *const chain[] = {"g.raw", "a.tif", "b.raw", "c.tif"};
    for (int i = 0; i < 3; i++) {
        start(1, chain[i], NULL);
        set("output", chain[i + 1]);
        if (i == 2) set("compress", "no");
        vly_document *document = done(vly_job_convert);
        ck_assert_str_eq(vly_document_string(document, "type"), "u16");
        ck_assert_double_eq_tol(vly_document_number(document, "inputs.0.voxel_size_um.1"), 0.5, 1e-9);
        vly_document_free(document);
    }
    vly_extent extent;
    uint16_t *before = voxels_of("g.raw", &extent), *after = voxels_of("c.tif", &extent);
    ck_assert(memcmp(&extent, &VOLUME, sizeof extent) == 0);
    ck_assert_mem_eq(before, after, sizeof *before * (size_t)vly_extent_voxels(extent));
    free(before);
    free(after);
}
END_TEST

START_TEST(convert_maps_labels)
{
    program_folder("map");
    static const uint8_t values[8] = {0, 85, 170, 255, 0, 85, 170, 255}, expected[8] = {0, 1, 2, 255, 0, 1, 2, 255};
    program_write_raw("a", values, "u8", 8, (vly_extent){2, 2, 2});
    start(1, "a.raw", NULL);
    set("labels", "pore=0,am=85,cbd=170,outside=255");
    set("output", "b.tif");
    vly_document_free(done(vly_job_convert));
    vly_extent extent;
    uint8_t *labels = voxels_of("b.tif", &extent);
    test_equal_u8(labels, expected, 8, "labels");
    free(labels);
    set("labels", "auto");
    set("labels", "pore=0,am=85,cbd=170");
    set("output", "c.tif");
    fails(vly_job_convert, VLY_EDATA, "255");
    ck_assert_int_ne(access("c.tif", F_OK), 0);
}
END_TEST

START_TEST(synth_makes_a_cathode_and_the_tomogram_of_labels)
{
    program_folder("synth");
    start(0, NULL, NULL);
    set("output", "a");
    set("size", "32,32,24");
    set("fib-ratio", "0");
    vly_document *document = done(vly_job_synth);
    int64_t counts[256] = {0};
    vly_extent extent;
    uint8_t *truth = voxels_of("a/truth.tif", &extent);
    ck_assert(extent.nx == 32 && extent.ny == 32 && extent.nz == 24);
    for (int64_t i = 0; i < vly_extent_voxels(extent); i++) counts[truth[i]]++;
    free(truth);
    ck_assert(vly_document_number(document, "counts.pore") == (double)counts[VLY_PORE]);
    ck_assert(vly_document_number(document, "counts.am") == (double)counts[VLY_AM]);
    ck_assert(vly_document_number(document, "counts.cbd") == (double)counts[VLY_CBD]);
    vly_document_free(document);
    fails(vly_job_synth, VLY_EOUTPUT, "a/");
    start(0, NULL, NULL);
    ck_assert_int_eq(vly_settings_set(&settings, "synth", "from", "a/truth.tif", "command line"), VLY_OK);
    set("output", "b");
    document = done(vly_job_synth);
    ck_assert_str_eq(vly_document_string(document, "inputs.0.path"), "a/truth.tif");
    ck_assert_int_eq((int)strlen(vly_document_string(document, "inputs.0.xxh128")), 32);
    ck_assert(vly_document_number(document, "counts.am") == (double)counts[VLY_AM]);
    vly_document_free(document);
    ck_assert_int_eq(access("b/grey.tif", R_OK), 0);
    set("voxel-size", "1um,1um,2um");
    fails(vly_job_synth, VLY_EUSAGE, "cubic");
    static const uint8_t nothing[64];
    program_write_raw("sizeless", nothing, "u8", 64, (vly_extent){4, 4, 4});
    test_write_text("sizeless.json", "{\"extent\": [4, 4, 4], \"type\": \"u8\"}");
    start(0, NULL, NULL);
    ck_assert_int_eq(vly_settings_set(&settings, "synth", "from", "sizeless.raw", "command line"), VLY_OK);
    set("output", "c");
    fails(vly_job_synth, VLY_EDATA, "--voxel-size expected");
    ck_assert_int_ne(access("c", F_OK), 0);
}
END_TEST

START_TEST(info_samples_pages_of_every_type)
{
    program_folder("info");
    static const char *const types[] = {"u8", "i8", "u16", "i16", "u32", "i32", "f32"};
    static const int bytes[] = {1, 1, 2, 2, 4, 4, 4};
    for (int t = 0; t < 7; t++) {
        uint8_t raw[8 * 4] = {0};
        for (int i = 0; i < 8; i++) {
            int value = i + 1;
            float real = (float)value;
            memcpy(raw + i * bytes[t], t == 6 ? (void *)&real : (void *)&value, (size_t)bytes[t]); /* little endian */
        }
        program_write_raw(types[t], raw, types[t], (size_t)(8 * bytes[t]), (vly_extent){2, 2, 2});
        char path[16];
        snprintf(path, sizeof path, "%s.raw", types[t]);
        start(1, path, NULL);
        vly_document *document = done(vly_job_info);
        ck_assert_str_eq(vly_document_string(document, "inputs.0.type"), types[t]);
        ck_assert(vly_document_number(document, "inputs.0.grey.min") == 1.0);
        ck_assert(vly_document_number(document, "inputs.0.grey.max") == 8.0);
        ck_assert(vly_document_number(document, "inputs.0.grey.mean") == 4.5);
        ck_assert(vly_document_number(document, "inputs.0.grey.otsu") == 4.0);
        ck_assert(vly_document_number(document, "inputs.0.grey.not_finite") == 0.0);
        vly_document_free(document);
    }
    float values[8] = {1, 2, 3, NAN, 5, INFINITY, 7, -INFINITY};
    program_write_raw("nan", values, "f32", sizeof values, (vly_extent){2, 2, 2});
    start(1, "nan.raw", NULL);
    vly_document *document = done(vly_job_info);
    ck_assert(vly_document_number(document, "inputs.0.grey.not_finite") == 3.0);
    ck_assert(vly_document_number(document, "inputs.0.grey.max") == 7.0);
    vly_document_free(document);
}
END_TEST

/* Every allocation and every file operation of a run fails once: a status, no output, no document. */
START_TEST(no_fault_leaves_an_output)
{
    program_folder("faults");
    program_write_grey("g", (vly_extent){24, 20, 16});
    start(1, "g.raw", NULL);
    set("output", "l.tif");
    static const char *const seams[] = {"alloc", "io", "device"};
    vly_device *device = test_device(1, 0);
    for (int s = 0; s < 3; s++) {
        int done_after = 0;
        for (int n = 1; n < 400 && !done_after; n++) {
            char fault[32];
            vly_document *document;
            snprintf(fault, sizeof fault, "%s:%d", seams[s], n);
            setenv("VLY_FAULT", fault, 1);
            vly_fault_reset();
            vly_status status = vly_job_segment(&document, device, &settings);
            bool met = vly_fault_count() >= n;
            unsetenv("VLY_FAULT");
            vly_fault_reset();
            if (status == VLY_OK) {
                vly_document_free(document);
                ck_assert_int_eq(remove("l.tif"), 0);
                if (!met) done_after = n;
            } else {
                ck_assert_msg(*vly_error_message() != 0, "%s: status %d without a word", fault, status);
                ck_assert_ptr_null(document);
            }
            ck_assert_msg(program_files() == 2, "%s: something was left behind (%s)", fault, vly_error_message());
        }
        ck_assert_msg(done_after > 3, "%s: never got through", seams[s]);
    }
    vly_device_close(device);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("job");
    TEST_CASE(suite, segment_writes_what_its_document_says);
    TEST_CASE(suite, several_methods_fill_a_folder);
    TEST_CASE(suite, a_window_is_the_volume_that_it_cuts_out);
    TEST_CASE(suite, a_mask_limits_what_counts);
    TEST_CASE(suite, the_histogram_counts_every_voxel);
    TEST_CASE(suite, thresholds_are_grey_values_of_the_file);
    TEST_CASE(suite, compare_counts_what_is_equal);
    TEST_CASE(suite, convert_keeps_voxels_type_and_size);
    TEST_CASE(suite, convert_maps_labels);
    TEST_CASE(suite, synth_makes_a_cathode_and_the_tomogram_of_labels);
    TEST_CASE(suite, info_samples_pages_of_every_type);
    TEST_CASE(suite, no_fault_leaves_an_output);
    return test_run(suite);
}
