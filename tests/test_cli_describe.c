/* voxelyte describe from outside: keys, reasons, flags, curves, cut-outs, bad input, memory. */
#include "program_document.h"

#include <math.h>

static const vly_extent BLOCKS = {18, 12, 10};

/* Blocks of three phases, `name`.raw; the lowest `closed` pages hold no pore. */
static void write_labels(const char *name, vly_extent e, int32_t closed)
{
    uint8_t *labels = malloc((size_t)vly_extent_voxels(e));
    ck_assert_ptr_nonnull(labels);
    for (int64_t z = 0, i = 0; z < e.nz; z++)
        for (int64_t y = 0; y < e.ny; y++)
            for (int64_t x = 0; x < e.nx; x++, i++) {
                labels[i] = (uint8_t)(vly_hash((uint64_t)(x / 3 + 1000 * (y / 3) + 1000000 * (z / 3)), 9) % 3);
                if (z < closed && labels[i] == VLY_PORE) labels[i] = VLY_AM;
            }
    program_write_raw(name, labels, "u8", (size_t)vly_extent_voxels(e), e);
    free(labels);
}

/* All voxels `value`. */
static void write_flat(const char *name, vly_extent e, uint8_t value)
{
    uint8_t *labels = malloc((size_t)vly_extent_voxels(e));
    ck_assert_ptr_nonnull(labels);
    memset(labels, value, (size_t)vly_extent_voxels(e));
    program_write_raw(name, labels, "u8", (size_t)vly_extent_voxels(e), e);
    free(labels);
}

static void check_keys(const vly_document *d)
{
    static const char *const phases[] = {"am", "cbd", "pore"};
    static const char *const numbers[] = {"volume_fraction",
                                          "surface_per_um",
                                          "r_max_um",
                                          "r_max_interp_um",
                                          "r_min_um",
                                          "r_min_interp_um",
                                          "r_min_collector_um",
                                          "r_min_collector_interp_um",
                                          "constrictivity",
                                          "geodesic_tortuosity.mean",
                                          "geodesic_tortuosity.std",
                                          "geodesic_tortuosity.q05",
                                          "geodesic_tortuosity.q50",
                                          "geodesic_tortuosity.q95",
                                          "geodesic_tortuosity.reached_fraction",
                                          "connectivity.percolating_fraction"};
    static const char *const arrays[] = {"cpsd.radius_um", "cpsd.fraction_at_least", "intrusion.radius_um",
                                         "intrusion.fraction_at_least", "profile"};
    char path[128];
    for (int p = 0; p < 3; p++) {
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
            snprintf(path, sizeof path, "phases.%s.%s", phases[p], numbers[i]);
            ck_assert_msg(isfinite(vly_document_number(d, path)), "%s", path);
        }
        for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
            snprintf(path, sizeof path, "phases.%s.%s", phases[p], arrays[i]);
            ck_assert_msg(vly_document_length(d, path) > 0, "%s", path);
        }
    }
}

START_TEST(the_document_has_the_promised_keys)
{
    static const char *const others[] = {"am_cbd_per_um", "am_pore_per_um", "cbd_pore_per_um", "s_int_per_um",
                                         "closure_error"};
    static const char *const pairs[] = {"r_um", "am_am", "cbd_cbd", "pore_pore", "am_cbd", "am_pore", "cbd_pore"};
    char path[64];
    program_folder("keys");
    write_labels("l", BLOCKS, 0);
    PROGRAM_DOES("describe l.raw -o d.json");
    ck_assert_ptr_nonnull(strstr(program_out, "r_max [um]"));
    vly_document *d = read_document("d.json");
    check_keys(d);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        snprintf(path, sizeof path, "interfaces.%s", others[i]);
        ck_assert_msg(isfinite(vly_document_number(d, path)), "%s", path);
    }
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        snprintf(path, sizeof path, "two_point.%s", pairs[i]);
        ck_assert_int_eq(vly_document_length(d, path), 6); /* half of 10 voxels, and lag 0 */
    }
    ck_assert_double_le(vly_document_number(d, "interfaces.closure_error"), 1e-12);
    ck_assert_int_eq(vly_document_length(d, "phases.am.profile"), 10);
    ck_assert_int_eq(program_files(), 2 + 1 + 5);
    vly_document_free(d);
}
END_TEST

START_TEST(curves_stand_beside_the_document_or_in_their_folder)
{
    char beside[PROGRAM_TEXT], inside[PROGRAM_TEXT];
    program_folder("curves");
    write_labels("l", BLOCKS, 0);
    PROGRAM_DOES("describe l.raw -o a.b.json");
    PROGRAM_DOES("describe l.raw -o d.json --curves c");
    program_read(beside, "a.b-cpsd.csv");
    program_read(inside, "c/d-cpsd.csv");
    ck_assert_str_eq(beside, inside);
    ck_assert_int_eq(strncmp(beside, "phase,radius_um,fraction_at_least\nam,0.5,1\n", 41), 0);
    program_read(inside, "c/d-profile.csv");
    int lines = 0;
    for (const char *at = inside; *at; at++) lines += *at == '\n';
    ck_assert_int_eq(lines, 1 + 10);
    PROGRAM_REFUSES(73, "exists already", "describe l.raw -o d.json");
    PROGRAM_REFUSES(73, "c/d-cpsd.csv", "describe l.raw -o c/d.json");
    PROGRAM_DOES("describe l.raw -o d.json --curves c --overwrite --quantities none");
    program_read(inside, "c/d-cpsd.csv");
    ck_assert_str_eq(inside, "phase,radius_um,fraction_at_least\n");
}
END_TEST

START_TEST(an_absent_phase_has_null_and_a_reason)
{
    program_folder("absent");
    write_flat("l", (vly_extent){6, 6, 6}, VLY_AM);
    PROGRAM_DOES("describe l.raw -o d.json");
    ck_assert_ptr_null(strstr(program_out, "nan"));
    vly_document *d = read_document("d.json");
    ck_assert(isnan(vly_document_number(d, "phases.pore.r_max_um")));
    ck_assert_str_eq(vly_document_string(d, "phases.pore.reasons.r_max_um"), "the phase is absent");
    ck_assert_double_eq(vly_document_number(d, "phases.pore.volume_fraction"), 0.0);
    ck_assert(isnan(vly_document_number(d, "phases.am.r_max_um")));
    ck_assert_ptr_nonnull(strstr(vly_document_string(d, "phases.am.reasons.r_max_um"), "nothing bounds it"));
    ck_assert_double_eq(vly_document_number(d, "phases.am.geodesic_tortuosity.mean"), 1.0);
    vly_document_free(d);
}
END_TEST

/* Plates one voxel thick and two apart: the largest ball in a plate has radius 1, in a gap too. */
START_TEST(numbers_of_fine_structures_are_flagged)
{
    static uint8_t plates[12 * 12 * 13];
    program_folder("fine");
    for (int i = 0; i < 12 * 12 * 13; i++) plates[i] = i % 12 % 3 == 0 ? VLY_CBD : VLY_PORE;
    program_write_raw("l", plates, "u8", sizeof plates, (vly_extent){12, 12, 13});
    PROGRAM_DOES("describe l.raw -o d.json");
    vly_document *d = read_document("d.json");
    static const char *const flagged[] = {"r_max_um", "r_min_um", "constrictivity", "surface_per_um"};
    for (size_t i = 0; i < sizeof flagged / sizeof *flagged; i++) {
        char path[64];
        snprintf(path, sizeof path, "phases.cbd.flags.%s", flagged[i]);
        const char *flag = vly_document_string(d, path);
        ck_assert_msg(flag && strcmp(flag, "under two voxels") == 0, "%s: %s", path, flag ? flag : "none");
    }
    ck_assert_double_eq(vly_document_number(d, "phases.cbd.r_max_um"), 0.5);
    ck_assert_ptr_null(vly_document_string(d, "phases.cbd.flags.volume_fraction"));
    vly_document_free(d);
}
END_TEST

START_TEST(a_phase_that_does_not_reach_the_inlet_is_told)
{
    program_folder("closed");
    write_labels("l", BLOCKS, 2);
    PROGRAM_DOES("describe l.raw -o d.json");
    vly_document *d = read_document("d.json");
    ck_assert_double_eq(vly_document_number(d, "phases.pore.r_min_um"), 0.0);
    ck_assert_str_eq(vly_document_string(d, "phases.pore.flags.r_min_um"), "the phase does not touch the inlet");
    ck_assert_double_eq(vly_document_number(d, "phases.pore.reachable_fraction"), 0.0);
    ck_assert_double_gt(vly_document_number(d, "phases.pore.r_min_collector_um"), 0.0);
    ck_assert(isnan(vly_document_number(d, "phases.pore.geodesic_tortuosity.mean")));
    vly_document_free(d);
    PROGRAM_DOES("describe l.raw -o high.json --separator high");
    d = read_document("high.json");
    ck_assert_double_gt(vly_document_number(d, "phases.pore.r_min_um"), 0.0);
    ck_assert_double_eq(vly_document_number(d, "phases.pore.r_min_collector_um"), 0.0);
    vly_document_free(d);
}
END_TEST

START_TEST(thin_and_anisotropic_volumes_say_what_they_lack)
{
    program_folder("thin");
    write_labels("page", (vly_extent){30, 24, 1}, 0);
    write_labels("l", BLOCKS, 0);
    ck_assert_int_eq(program_run("describe page.raw -o one.json"), 0);
    ck_assert_ptr_nonnull(strstr(program_err, "no surface: one voxel thin"));
    vly_document *d = read_document("one.json");
    ck_assert(isnan(vly_document_number(d, "phases.am.surface_per_um")));
    ck_assert_double_gt(vly_document_number(d, "phases.am.r_max_um"), 0.0);
    vly_document_free(d);
    ck_assert_int_eq(program_run("describe l.raw -o flat.json --voxel-size 0.5,0.5,1um"), 0);
    ck_assert_ptr_nonnull(strstr(program_err, "no tortuosity: defined for cubes"));
    d = read_document("flat.json");
    ck_assert_ptr_nonnull(strstr(vly_document_string(d, "two_point.reason"), "cubes"));
    ck_assert_double_gt(vly_document_number(d, "phases.am.r_max_um"), 0.0);
    ck_assert_double_gt(vly_document_number(d, "phases.am.surface_per_um"), 0.0);
    vly_document_free(d);
}
END_TEST

START_TEST(cut_outs_give_their_mean_and_spread)
{
    program_folder("cutouts");
    write_labels("l", BLOCKS, 0);
    PROGRAM_DOES("describe l.raw -o d.json --cutouts 3"); /* squares of 6 in 18 x 12 */
    vly_document *d = read_document("d.json");
    ck_assert_int_eq(vly_document_length(d, "cutouts"), 3);
    double sum = 0, low = INFINITY;
    for (int i = 0; i < 3; i++) {
        char path[64], window[64];
        snprintf(path, sizeof path, "cutouts.%d.phases.cbd.surface_per_um", i);
        double one = vly_document_number(d, path);
        snprintf(window, sizeof window, "%d:%d,0:6,0:10", 6 * i, 6 * i + 6);
        PROGRAM_DOES("describe l.raw -o w%d.json --window %s", i, window);
        snprintf(path, sizeof path, "w%d.json", i);
        vly_document *alone = read_document(path);
        ck_assert_double_eq(vly_document_number(alone, "phases.cbd.surface_per_um"), one);
        vly_document_free(alone);
        sum += one;
        low = fmin(low, one);
    }
    ck_assert_double_eq(vly_document_number(d, "phases.cbd.surface_per_um"), sum / 3);
    ck_assert_double_eq(vly_document_number(d, "phases.cbd.spread.surface_per_um.min"), low);
    PROGRAM_REFUSES(2, "do not fit side by side", "describe l.raw -o e.json --cutouts 900");
    vly_document_free(d);
}
END_TEST

START_TEST(bad_input_is_refused_and_leaves_nothing)
{
    program_folder("bad");
    write_labels("l", BLOCKS, 0);
    write_flat("five", (vly_extent){4, 4, 4}, 5);
    write_flat("outside", (vly_extent){4, 4, 4}, VLY_OUTSIDE);
    const int files = program_files();
    PROGRAM_REFUSES(65, "5", "describe five.raw -o d.json");
    PROGRAM_REFUSES(65, "outside", "describe outside.raw -o d.json");
    PROGRAM_REFUSES(65, "window", "describe l.raw -o d.json --window 0:19,0:5,0:5");
    PROGRAM_REFUSES(66, "none.tif", "describe none.tif -o d.json");
    PROGRAM_REFUSES(2, "usage: voxelyte describe", "describe l.raw l.raw -o d.json");
    PROGRAM_REFUSES(2, "did you mean sizes?", "describe l.raw -o d.json --quantities size");
    PROGRAM_REFUSES(2, "x|y|z", "describe l.raw -o d.json --through w");
    PROGRAM_REFUSES(73, "no/", "describe l.raw -o no/d.json --quantities none");
    ck_assert_int_eq(program_files(), files);
    PROGRAM_DOES("describe five.raw -o d.json --labels pore=5 --quantities surface");
}
END_TEST

START_TEST(a_voxel_size_must_be_known)
{
    program_folder("size");
    write_labels("l", BLOCKS, 0);
    test_write_text("l.json", "{\"extent\": [18, 12, 10], \"type\": \"u8\"}");
    PROGRAM_REFUSES(65, "voxel size", "describe l.raw -o d.json");
    PROGRAM_DOES("describe l.raw -o d.json --voxel-size 0.642um");
}
END_TEST

/* A file of any length; yours to free. */
static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s", path);
    fseek(file, 0, SEEK_END);
    const size_t bytes = (size_t)ftell(file);
    char *text = malloc(bytes + 1);
    ck_assert_ptr_nonnull(text);
    rewind(file);
    ck_assert_uint_eq(fread(text, 1, bytes, file), bytes);
    fclose(file);
    text[bytes] = 0;
    return text;
}

/* With from: what stands between it and `to`. A long text is not worth printing where it differs. */
static void check_same(const char *a, const char *b, const char *from, const char *to)
{
    char *one = read_file(a), *other = read_file(b), *part[2] = {one, other};
    for (int i = 0; i < 2 && from; i++) {
        part[i] = strstr(part[i], from);
        ck_assert_ptr_nonnull(part[i]);
        char *end = strstr(part[i], to);
        ck_assert_ptr_nonnull(end);
        *end = 0;
    }
    ck_assert_msg(strcmp(part[0], part[1]) == 0, "%s and %s differ", a, b);
    free(one);
    free(other);
}

/* The same document and curves, from labels of four times the memory. */
static void check_streams(const char *quantities)
{
    static const char *const curves[] = {"two-point", "profile"};
    if (test_small()) return;
    program_folder(quantities);
    write_labels("l", (vly_extent){64, 64, 7500}, 0); /* 30.7 MB */
    PROGRAM_DOES("describe l.raw -o whole.json --quiet --voxel-size 2um --quantities %s", quantities);
    PROGRAM_DOES("describe l.raw -o cut.json --quiet --voxel-size 2um --quantities %s --memory-limit 7500K",
                 quantities);
    check_same("whole.json", "cut.json", "\"through\": {", "\"settings\": ");
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++) {
        char whole[64], cut[64];
        snprintf(whole, sizeof whole, "whole-%s.csv", curves[i]);
        snprintf(cut, sizeof cut, "cut-%s.csv", curves[i]);
        check_same(whole, cut, NULL, NULL);
    }
}

START_TEST(profiles_of_four_times_the_memory_are_the_same)
{
    check_streams("none");
}
END_TEST

START_TEST(surfaces_of_four_times_the_memory_are_the_same)
{
    check_streams("surface");
}
END_TEST

START_TEST(components_of_four_times_the_memory_are_the_same)
{
    check_streams("connectivity");
}
END_TEST

START_TEST(two_point_functions_of_four_times_the_memory_are_the_same)
{
    check_streams("two-point");
}
END_TEST

/* What cannot stream, with the limit that it names, works; with less it says so before anything is computed. */
static void check_whole(const char *quantity, const char *name)
{
    program_folder(quantity);
    write_labels("l", (vly_extent){64, 60, 100}, 0);
    const int files = program_files();
    PROGRAM_REFUSES(71, name, "describe l.raw -o d.json --memory-limit 1M --quantities %s", quantity);
    const char *at = strstr(program_err, "at least ");
    ck_assert_ptr_nonnull(at);
    const long needed = strtol(at + strlen("at least "), NULL, 10);
    ck_assert_int_gt(needed, 2);
    ck_assert_int_eq(program_files(), files);
    PROGRAM_REFUSES(71, name, "describe l.raw -o d.json --memory-limit %ldM --quantities %s", needed - 1, quantity);
    ck_assert_int_eq(program_files(), files);
    PROGRAM_DOES("describe l.raw -o d.json --quiet --memory-limit %ldM --quantities %s", needed, quantity);
}

START_TEST(what_does_not_stream_says_what_it_needs)
{
    check_whole("sizes", "l.raw: sizes: a memory limit of");
    check_whole("intrusion", "l.raw: sizes: a memory limit of");
    check_whole("tortuosity", "l.raw: geodesic distances: a memory limit of");
}
END_TEST

static vly_document *plan_of(const char *name)
{
    PROGRAM_DOES("describe %s.raw -o d.json --dry-run --json", name);
    return document_of_output();
}

START_TEST(a_plan_says_the_memory_and_writes_nothing)
{
    static const char *const quantities[] = {"surface",    "sizes",     "intrusion",
                                             "tortuosity", "two-point", "connectivity"};
    static const int32_t sides[] = {48, 64, 160};
    program_folder("plan");
    for (int i = 0; i < 3; i++) {
        write_labels("l", (vly_extent){sides[i], sides[i], sides[i]}, 0);
        vly_document *d = plan_of("l");
        for (size_t q = 0; q < sizeof quantities / sizeof *quantities; q++) {
            char path[64];
            snprintf(path, sizeof path, "plan.quantities.%s.bytes_per_voxel", quantities[q]);
            double bytes = vly_document_number(d, path);
            ck_assert_msg(bytes > 0.9 && bytes <= 24.0, "%s: %g bytes a voxel at %d", quantities[q], bytes, sides[i]);
        }
        vly_document_free(d);
        ck_assert_int_eq(program_files(), 2);
    }
    PROGRAM_DOES("describe l.raw -o d.json --dry-run");
    ck_assert_ptr_nonnull(strstr(program_out, "would describe 1 cut-out of 4.10 million voxels"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_describe");
    TEST_CASE(suite, the_document_has_the_promised_keys);
    TEST_CASE(suite, curves_stand_beside_the_document_or_in_their_folder);
    TEST_CASE(suite, an_absent_phase_has_null_and_a_reason);
    TEST_CASE(suite, numbers_of_fine_structures_are_flagged);
    TEST_CASE(suite, a_phase_that_does_not_reach_the_inlet_is_told);
    TEST_CASE(suite, thin_and_anisotropic_volumes_say_what_they_lack);
    TEST_CASE(suite, cut_outs_give_their_mean_and_spread);
    TEST_CASE(suite, bad_input_is_refused_and_leaves_nothing);
    TEST_CASE(suite, a_voxel_size_must_be_known);
    TEST_CASE(suite, profiles_of_four_times_the_memory_are_the_same);
    TEST_CASE(suite, surfaces_of_four_times_the_memory_are_the_same);
    TEST_CASE(suite, components_of_four_times_the_memory_are_the_same);
    TEST_CASE(suite, two_point_functions_of_four_times_the_memory_are_the_same);
    TEST_CASE(suite, what_does_not_stream_says_what_it_needs);
    TEST_CASE(suite, a_plan_says_the_memory_and_writes_nothing);
    return test_run(suite);
}
