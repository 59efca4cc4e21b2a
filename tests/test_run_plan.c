/* The plan of a study: what it adds up, that it reads no volume, and that it foresees what the work then finds. */
#include "run_study_cpu.h"

#include "voxelyte/job.h"

#include <fcntl.h>
#include <math.h>
#include <unistd.h>

static vly_document *plan_of(const char *study, const char *folder, int32_t threads)
{
    static vly_settings settings;
    vly_document *document;
    vly_device *device = on_cpu(threads, 0);
    const char *inputs[] = {study};
    vly_settings_defaults(&settings);
    settings.inputs = inputs;
    settings.input_count = 1;
    snprintf(settings.output, sizeof settings.output, "%s", folder);
    ck_assert_int_eq(vly_settings_set(&settings, "run", "dry-run", "yes", "command line"), VLY_OK);
    ck_assert_int_eq(vly_settings_set(&settings, "run", "gpu-bandwidth", "1000", "command line"), VLY_OK);
    vly_status status = vly_job_run(&document, device, &settings);
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
    vly_device_close(device);
    return document;
}

/* A number of the row of that kind. */
static double of_kind(const vly_document *plan, const char *kind, const char *key)
{
    char path[80];
    for (int32_t i = 0; i < vly_document_length(plan, "plan.kinds"); i++) {
        snprintf(path, sizeof path, "plan.kinds.%d.kind", (int)i);
        if (strcmp(vly_document_string(plan, path), kind) != 0) continue;
        snprintf(path, sizeof path, "plan.kinds.%d.%s", (int)i, key);
        return vly_document_number(plan, path);
    }
    return NAN;
}

static double of_piece(const vly_document *plan, const char *name, const char *key)
{
    char path[80];
    for (int32_t i = 0; i < vly_document_length(plan, "pieces"); i++) {
        snprintf(path, sizeof path, "pieces.%d.name", (int)i);
        if (strcmp(vly_document_string(plan, path), name) != 0) continue;
        snprintf(path, sizeof path, "pieces.%d.%s", (int)i, key);
        return vly_document_number(plan, path);
    }
    return NAN;
}

/* Raw voxels that take no room on the disk, and that nobody could read in the time a test has. */
static void put_hole(const char *name, const char *type, int64_t bytes, int x, int y, int z)
{
    char path[80], text[160];
    snprintf(path, sizeof path, "%s.raw", name);
    int file = open(test_path(path), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    ck_assert(file >= 0 && ftruncate(file, bytes * x * y * z) == 0 && close(file) == 0);
    snprintf(path, sizeof path, "%s.json", name);
    snprintf(text, sizeof text,
             "{\"extent\": [%d, %d, %d], \"type\": \"%s\", \"voxel_size_um\": [0.642, 0.642, 0.642]}\n", x, y, z, type);
    put(path, text);
}

static const char paper[] = "version: 1\nmethods: all\nedx: profile.csv\nfib: fib.raw\nratio: 8\ncutouts: 3\n"
                            "conduct: {pore: 1, cbd: 0.12}\nbpx: yes\ncell: {current: [1, 3, 6, 8, 10, 12]}\n"
                            "samples:\n  - {name: two_layer, grey: a.raw}\n  - {name: single_layer, grey: b.raw}\n";

START_TEST(a_study_of_the_papers_kind_is_planned_without_reading_a_volume)
{
    begin();
    put("profile.csv", "depth,intensity\n0,10\n1,20\n");
    put_hole("a", "u16", 2, 9000, 3000, 900); /* 48 GB each */
    put_hole("b", "u16", 2, 9000, 3000, 900);
    put_hole("fib", "u8", 1, 800, 800, 800);
    vly_document *plan = plan_of(put("study.yaml", paper), test_path("out"), 2);
    ck_assert(!vly_path_exists(test_path("out")));
    /* two samples, twelve trinarisations, three cut-outs, six currents */
    ck_assert(of_kind(plan, "segment", "pieces") == 2 * 12);
    ck_assert(of_kind(plan, "learn", "pieces") == 2);
    ck_assert(of_kind(plan, "describe", "pieces") == 2 * 12);
    ck_assert(of_kind(plan, "transport", "pieces") == 2 * 12);
    ck_assert(of_kind(plan, "lithiate", "pieces") == 2 * 3 * 12 * 6);
    ck_assert(of_kind(plan, "bpx", "pieces") == 2 * 12);
    double pieces = 0, seconds = 0, bytes = 0, moved = 0;
    for (int32_t i = 0; i < vly_document_length(plan, "plan.kinds"); i++) {
        char path[60];
        snprintf(path, sizeof path, "plan.kinds.%d.kind", (int)i);
        const char *kind = vly_document_string(plan, path);
        pieces += of_kind(plan, kind, "pieces");
        seconds += of_kind(plan, kind, "seconds");
        moved += of_kind(plan, kind, "moved_bytes");
        bytes = fmax(bytes, of_kind(plan, kind, "host_bytes"));
        if (strcmp(kind, "edx") != 0) ck_assert_msg(of_kind(plan, kind, "seconds") > 0, "%s takes no time", kind);
    }
    ck_assert(pieces == vly_document_number(plan, "plan.pieces"));
    ck_assert(pieces == vly_document_length(plan, "pieces"));
    ck_assert(fabs(seconds / vly_document_number(plan, "plan.seconds") - 1) < 1e-12); /* rounding of sums */
    ck_assert(fabs(moved / vly_document_number(plan, "plan.moved_bytes") - 1) < 1e-12);
    ck_assert(bytes == vly_document_number(plan, "plan.host_bytes"));
    ck_assert(vly_document_number(plan, "plan.gpu_seconds_at_least") ==
              vly_document_number(plan, "plan.moved_bytes") / 1e12);
    ck_assert_ptr_nonnull(strstr(vly_document_string(plan, "plan.gpu_basis"), "measured on no GPU"));
    vly_document_free(plan);
}
END_TEST

START_TEST(what_a_piece_takes_grows_with_its_voxels_and_shrinks_with_threads)
{
    static const char study[] = "version: 1\nmethods: [threshold]\nquantities: surface\nconduct: {pore: 1, cbd: 0.12}\n"
                                "cutouts: %d\ncell: {current: [6], crop: %d}\ninput: v.raw\n";
    char text[400];
    begin();
    put_hole("v", "u16", 2, 100, 100, 40);
    snprintf(text, sizeof text, study, 1, 50);
    vly_document *one_cut = plan_of(put("study.yaml", text), test_path("out"), 1);
    vly_document *shared = plan_of(put("study.yaml", text), test_path("out"), 2);
    snprintf(text, sizeof text, study, 4, 25);
    vly_document *four = plan_of(put("study.yaml", text), test_path("out"), 1);
    /* a quarter of the cross-section, and so of the unknowns, the separator's too */
    const double ratio = of_kind(one_cut, "lithiate", "host_bytes") / of_kind(four, "lithiate", "host_bytes");
    ck_assert(fabs(ratio - 4) < 1e-6); /* whole bytes */
    const double curves = of_kind(one_cut, "lithiate", "seconds") / of_kind(four, "lithiate", "seconds");
    ck_assert(fabs(curves - 1) < 1e-12); /* four of them together; rounding of their sum */
    ck_assert(of_kind(one_cut, "transport", "seconds") == 2 * of_kind(shared, "transport", "seconds"));
    /* bytes a second are what they are */
    ck_assert(of_kind(one_cut, "transport", "moved_bytes") == of_kind(shared, "transport", "moved_bytes"));
    ck_assert(of_kind(one_cut, "describe", "seconds") ==
              of_kind(four, "describe", "seconds")); /* of all it is cut into */
    /* 1 + 64 bytes of the electrolyte's voxels */
    const double voxels = 400000, held = voxels * (1 + 64 * (0.1738 + 0.2308));
    ck_assert(fabs(of_kind(one_cut, "transport", "host_bytes") - held) < 1);
    vly_document_free(one_cut);
    vly_document_free(shared);
    vly_document_free(four);
}
END_TEST

/* Columns through the whole thickness, so that all of them take part: what the plan says of them is what a cell finds. */
START_TEST(unknowns_are_foreseen)
{
    static uint8_t columns[VOXELS];
    static const vly_phase phases[] = {VLY_PORE, VLY_CBD, VLY_AM, VLY_AM};
    vly_study_result r;
    vly_document *found;
    begin();
    for (int i = 0; i < VOXELS; i++) columns[i] = (uint8_t)phases[i % NX % 4];
    write_volume(test_path("columns.tif"), columns, VLY_U8);
    const char *study = put("study.yaml", "version: 1\nquantities: none\ninput: {trinarised: columns.tif}\n"
                                          "fractions: {am: 0.5, cbd: 0.25, pore: 0.25}\n"
                                          "cell: {current: [2], separator_layers: 4, crop: 4, cutoff: 4.1}\n");
    vly_document *plan = plan_of(study, test_path("out"), 1);
    run_ok(&r, study, test_path("out"));
    vly_study_result_free(&r);
    ck_assert_int_eq(vly_document_read(&found, below(test_path("out"), "cell/given_1_2.json")), VLY_OK);
    const double unknowns = vly_document_number(found, "geometry.unknowns");
    ck_assert(unknowns == 4 * 4 * NZ * (0.5 + 0.75 + 2 * 0.5) + 2 * 4 * 4 * 4 + 1);
    /* 650 bytes each; the one unknown that no voxel has is the collector's potential */
    ck_assert_msg(of_piece(plan, "lithiate.given_1_2", "host_bytes") == 650 * (unknowns - 1), "%g bytes, %g unknowns",
                  of_piece(plan, "lithiate.given_1_2", "host_bytes"), unknowns);
    vly_document_free(found);
    vly_document_free(plan);
}
END_TEST

START_TEST(the_scale_of_the_network_counts)
{
    static const char study[] =
        "version: 1\nmethods: [nn-am-cond]\nquantities: none\nfib: fib.raw\nratio: 8\nnn_scale: %s\nprecision: %s\n"
        "input: v.raw\n";
    char text[400];
    double seconds[3];
    static const char *const ways[][2] = {{"atrous", "exact"}, {"binned", "exact"}, {"atrous", "fast"}};
    begin();
    put_hole("v", "u16", 2, 1000, 1000, 1000);
    put_hole("fib", "u8", 1, 200, 200, 200);
    for (int i = 0; i < 3; i++) {
        snprintf(text, sizeof text, study, ways[i][0], ways[i][1]);
        vly_document *plan = plan_of(put("study.yaml", text), test_path("out"), 1);
        seconds[i] = of_piece(plan, "segment.nn-am-cond", "seconds");
        vly_document_free(plan);
    }
    ck_assert(seconds[1] < 0.2 * seconds[0]); /* an eighth of the neighbourhoods, and the reading */
    ck_assert(seconds[2] < 0.7 * seconds[0]);
}
END_TEST

START_TEST(what_is_missing_is_told_before_any_work)
{
    vly_study_result r;
    begin();
    test_fails(run_with(&r, put("study.yaml", "version: 1\ninput: none.tif\n"), test_path("out"), "dry-run", "yes"),
               VLY_ENOINPUT, "none.tif");
    vly_study_result_free(&r);
    test_fails(run_with(&r, put("study.yaml", "version: 1\ninput: {grey: grey.tif, mask: lost.tif}\n"),
                        test_path("out"), "dry-run", "yes"),
               VLY_ENOINPUT, "lost.tif: no such file");
    vly_study_result_free(&r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("run_plan");
    TEST_CASE(suite, a_study_of_the_papers_kind_is_planned_without_reading_a_volume);
    TEST_CASE(suite, what_a_piece_takes_grows_with_its_voxels_and_shrinks_with_threads);
    TEST_CASE(suite, unknowns_are_foreseen);
    TEST_CASE(suite, the_scale_of_the_network_counts);
    TEST_CASE(suite, what_is_missing_is_told_before_any_work);
    return test_run(suite);
}
