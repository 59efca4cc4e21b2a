/* edx-closing from outside: one method alone, among others and in a study gives the same labels; every bad input is one line. */
#include "program_document.h"

#include <math.h>

static void begin(const char *name)
{
    program_folder(name);
    program_write_grey("g", (vly_extent){40, 30, 20});
    test_write_text("p.csv", "depth,intensity\n0.1,12\n0.3,14\n0.5,17\n0.7,18\n0.9,21\n");
}

#define WHOLE "--fractions am=0.5,cbd=0.3,pore=0.2 --subsample 5000 --evaluations 60 -q"

static bool same_files(const char *a, const char *b)
{
    char command[300];
    snprintf(command, sizeof command, "cmp -s %s %s", a, b);
    return system(command) == 0;
}

START_TEST(alone_among_others_and_from_labels_it_gives_the_same_bytes)
{
    begin("ways");
    PROGRAM_DOES("segment g.raw -o alone.tif --method edx-closing --edx p.csv " WHOLE);
    PROGRAM_DOES("segment g.raw -o all --method all --edx p.csv " WHOLE);
    PROGRAM_DOES("segment g.raw -o given.tif --method edx-closing --edx p.csv --am-labels all/kmeans.tif " WHOLE);
    ck_assert(same_files("alone.tif", "all/edx-closing.tif"));
    ck_assert(same_files("alone.tif", "given.tif"));
    PROGRAM_DOES("segment g.raw -o three.tif --method edx-closing --edx p.csv -j 3 " WHOLE);
    ck_assert(same_files("alone.tif", "three.tif"));
    PROGRAM_DOES("segment g.raw -o without --method all " WHOLE);
    ck_assert_int_ne(access("without/edx-closing.tif", F_OK), 0);
    PROGRAM_DOES("segment g.raw -o part.tif --method edx-closing --edx p.csv --am-labels all/kmeans.tif --window "
                 "0:40,0:30,0:10 " WHOLE);
    PROGRAM_DOES("segment g.raw --method edx-closing --edx p.csv -o x.tif --dry-run");
    ck_assert_ptr_nonnull(strstr(program_out, "would segment"));
}
END_TEST

START_TEST(the_document_tells_the_line_and_every_page)
{
    begin("document");
    PROGRAM_DOES("segment g.raw -o l.tif --method edx-closing --edx p.csv --edx-draws 50 --json " WHOLE);
    test_write_text("l.json", program_out);
    vly_document *d = read_document("l.json");
    /* five points: 12 + 11 (depth - 0.1) fits them but for rounding; 20 pages of 0.5 um */
    ck_assert_double_eq_tol(vly_document_number(d, "gradient.intercept"), 10.9, 1e-9);
    ck_assert_double_eq_tol(vly_document_number(d, "gradient.slope_per_um"), 1.1, 1e-9);
    ck_assert(vly_document_number(d, "gradient.slope_per_um_error") > 0.0);
    static const char *const lists[] = {"depth_um",     "weight",    "radius_um",      "cbd_target",
                                        "cbd_fraction", "tie_share", "cbd_fraction_sd"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        ck_assert_msg(vly_document_length(d, lists[i]) == 20, "%s", lists[i]);
    ck_assert_int_eq(vly_document_length(d, "profile.depth_um"), 5);
    ck_assert_double_eq_tol(vly_document_number(d, "depth_um.19"), 9.75, 1e-9);
    ck_assert_double_eq_tol(vly_document_number(d, "counts.cbd"), 0.3 * 24000, 1e-9);
    ck_assert_double_eq_tol(vly_document_number(d, "scale"), 0.3, 1e-6);
    ck_assert_int_eq((int)vly_document_number(d, "draws"), 50);
    ck_assert_str_eq(vly_document_string(d, "inputs.1.path"), "p.csv");
    ck_assert_int_eq((int)strlen(vly_document_string(d, "inputs.1.xxh128")), 32);
    ck_assert_double_eq_tol(vly_document_number(d, "kmeans.counts.am"), 0.5 * 24000, 1e-9);
    vly_document_free(d);
}
END_TEST

/* The profile read upside down asks for the most where there was the least. */
START_TEST(a_flipped_profile_turns_the_gradient_round)
{
    begin("flip");
    PROGRAM_DOES("segment g.raw -o l.tif --method edx-closing --edx p.csv --edx-separator bottom --json " WHOLE);
    test_write_text("l.json", program_out);
    vly_document *d = read_document("l.json");
    ck_assert_double_eq_tol(vly_document_number(d, "gradient.slope_per_um"), -1.1, 1e-9);
    ck_assert(vly_document_number(d, "cbd_fraction.0") > vly_document_number(d, "cbd_fraction.19"));
    vly_document_free(d);
}
END_TEST

START_TEST(bad_input_is_refused_before_the_work_and_leaves_nothing)
{
    begin("bad");
    static const uint16_t am[24000];
    static uint8_t none[24000];
    static float map[40 * 30];
    program_write_raw("short", am, "u16", 24000, (vly_extent){40, 30, 10});
    program_write_raw("pores", none, "u8", sizeof none, (vly_extent){40, 30, 20});
    program_write_raw("small", none, "u8", 1000, (vly_extent){10, 10, 10});
    program_write_raw("flat", map, "f32", sizeof map, (vly_extent){40, 30, 1});
    map[45] = NAN;
    program_write_raw("nan", map, "f32", sizeof map, (vly_extent){40, 30, 1});
    map[45] = -3.0f;
    program_write_raw("negative", map, "f32", sizeof map, (vly_extent){40, 30, 1});
    test_write_text("semicolon.csv", "depth;intensity\n0.1;3\n");
    test_write_text("falls.csv", "depth,intensity\n0.1,10\n0.2,0\n0.3,0\n0.9,0\n");
    test_write_text("zero.csv", "depth,intensity\n0.1,0\n0.2,0\n0.3,0\n0.9,0\n");
    const int files = program_files();
#define CLOSING "segment g.raw -o l.tif -q --method edx-closing "
    PROGRAM_REFUSES(2, "edx-closing needs --edx MAP.tif or PROFILE.csv", CLOSING);
    PROGRAM_REFUSES(66, "nowhere.tif", CLOSING "--edx nowhere.tif");
    PROGRAM_REFUSES(66, "nowhere.csv", CLOSING "--edx nowhere.csv");
    PROGRAM_REFUSES(65, "20 pages, an EDX map of one", CLOSING "--edx g.raw");
    PROGRAM_REFUSES(65, "(E_FLAT)", CLOSING "--edx flat.raw");
    PROGRAM_REFUSES(65, "nan at x=5 y=1", CLOSING "--edx nan.raw");
    PROGRAM_REFUSES(65, "-3 at x=5 y=1", CLOSING "--edx negative.raw");
    PROGRAM_REFUSES(65, "semicolon.csv: line 1", CLOSING "--edx semicolon.csv");
    PROGRAM_REFUSES(65, "(E_FLAT)", CLOSING "--edx zero.csv");
    PROGRAM_REFUSES(2, "no rows to crop", CLOSING "--edx p.csv --edx-rows 1,3");
    PROGRAM_REFUSES(2, "1.5, a row of the map", CLOSING "--edx p.csv --edx-rows 1.5,3");
    PROGRAM_REFUSES(65, "electrode rows 10 to 40", CLOSING "--edx flat.raw --edx-rows 10,40");
    PROGRAM_REFUSES(65, "no error is known", CLOSING "--edx p.csv --edx-weights");
    PROGRAM_REFUSES(65, "above the background of 500", CLOSING "--edx p.csv --edx-background 500");
    PROGRAM_REFUSES(2, "less than the thickness of 10 um", CLOSING "--edx p.csv --edx-layer-ratio 0.5");
    PROGRAM_REFUSES(2, "top|bottom expected", CLOSING "--edx p.csv --edx-separator left");
    PROGRAM_REFUSES(65, "cubes expected by edx-closing (E_ANISO)", CLOSING "--edx p.csv --voxel-size 0.5,0.5,1um");
    PROGRAM_REFUSES(66, "nolabels.tif", CLOSING "--edx p.csv --am-labels nolabels.tif");
    PROGRAM_REFUSES(65, "no active material to close (E_EMPTY)", CLOSING "--edx p.csv --am-labels pores.raw");
    PROGRAM_REFUSES(65, "10 x 10 x 10 voxels, the volume's or the window's",
                    CLOSING "--edx p.csv --am-labels small.raw");
    PROGRAM_REFUSES(76, "(E_INFEASIBLE)",
                    CLOSING "--edx falls.csv --fractions am=0.5,cbd=0.4,pore=0.1 --subsample 5000 --edx-bins 0");
    ck_assert_int_eq(program_files(), files);
}
END_TEST

static int lines_of(const char *path, const char *header)
{
    static char text[PROGRAM_TEXT];
    int lines = 0;
    program_read(text, path);
    ck_assert_msg(strncmp(text, header, strlen(header)) == 0, "%s begins with %.60s", path, text);
    for (const char *c = text; *c; c++) lines += *c == '\n';
    return lines;
}

static void check_curves(void)
{
    static char page[PROGRAM_TEXT];
    ck_assert_int_eq(lines_of("out/curves/edx-profile.csv", "point,depth_um,intensity,error,fit,fit_error\n0,1,12,,1"),
                     6);
    ck_assert_int_eq(lines_of("out/curves/edx-closing.csv", "page,depth_um,weight,cbd_target,cbd_fraction,radius_um,"),
                     21);
    program_read(page, "out/figures/edx.svg");
    ck_assert_ptr_nonnull(strstr(page, "<circle"));
    ck_assert_ptr_nonnull(strstr(page, "Closing radius"));
}

START_TEST(a_study_closes_what_its_k_means_found)
{
    begin("study");
    test_write_text("study.yaml", "version: 1\ninput: {grey: g.raw, edx: p.csv}\nmethods: all\nsubsample: 5000\n"
                                  "evaluations: 60\nfractions: am=0.5,cbd=0.3,pore=0.2\n");
    PROGRAM_DOES("run study.yaml -o out -q");
    ck_assert_ptr_nonnull(strstr(program_out, "segment.edx-closing"));
    check_curves();
    PROGRAM_DOES("segment g.raw -o alone.tif --method edx-closing --edx p.csv " WHOLE);
    PROGRAM_DOES("diff alone.tif out/labels/edx-closing.tif");
    PROGRAM_DOES("run study.yaml -o out -q");
    ck_assert_ptr_null(strstr(program_out, "computed"));
    /* other EDX data are no business of k-means */
    test_write_text("p.csv", "depth,intensity\n0.1,21\n0.3,18\n0.5,17\n0.7,14\n0.9,12\n");
    PROGRAM_DOES("run study.yaml -o out -q");
    ck_assert_ptr_nonnull(strstr(program_out, "computed   segment.edx-closing"));
    ck_assert_ptr_nonnull(strstr(program_out, "finished   segment.kmeans"));
    test_write_text("study.yaml", "version: 1\ninput: g.raw\nmethods: [kmeans, edx-closing]\n");
    PROGRAM_REFUSES(2, "study.yaml:2:1: sample sample: edx-closing without EDX data", "run study.yaml -o out2 -q");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_edx");
    TEST_CASE(suite, alone_among_others_and_from_labels_it_gives_the_same_bytes);
    TEST_CASE(suite, the_document_tells_the_line_and_every_page);
    TEST_CASE(suite, a_flipped_profile_turns_the_gradient_round);
    TEST_CASE(suite, bad_input_is_refused_before_the_work_and_leaves_nothing);
    TEST_CASE(suite, a_study_closes_what_its_k_means_found);
    return test_run(suite);
}
