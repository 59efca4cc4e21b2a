/* Recipes in a study: what is refused and where, that they survive being written down, and Table 1 with the densities that
 * they imply. */
#include "run_study_cpu.h"

#include "markup.h"
#include "study/study_impl.h"
#include "voxelyte/report.h"

#include <math.h>

#define RECIPE "{active_material: 93.5, carbon_black: 2.0, graphite: 1.0, binder: 3.5}"
#define FRAME "version: 1\nsuspensions:\n  A: " RECIPE "\n  B: {active_material: 90, binder: 10.05}\n"

static void refuses(const char *text, const char *part)
{
    vly_study *study;
    const int64_t before = vly_memory_held();
    test_fails(vly_study_read(&study, put("study.yaml", text), NULL), VLY_EUSAGE, part);
    ck_assert_int_eq(vly_memory_held(), before);
}

static vly_study *understand(const char *text)
{
    vly_study *study;
    ck_assert_msg(vly_study_read(&study, put("study.yaml", text), NULL) == VLY_OK, "%s", vly_error_message());
    return study;
}

/* ---- what is refused ---- */

START_TEST(recipes_that_make_no_sense_are_refused_where_they_stand)
{
    static const char *const rows[][2] = {
        {"[A]", "study.yaml:2:1: suspensions: names with their recipes"},
        {"A", "study.yaml:2:1: suspensions: names with their recipes"},
        {"\n  A: 93.5", "study.yaml:3:3: suspension A: wt% of its solids expected"},
        {"\n  A/1: " RECIPE, "study.yaml:3:3: suspensions: names of up to 64 letters"},
        {"\n  A: " RECIPE "\n  A: " RECIPE, "study.yaml:4:3: A is here for the second time"},
        {"\n  A:\n    grafite: 1", "study.yaml:4:5: suspension A: grafite: no such key, did you mean graphite?"},
        {"\n  A:\n    pvdf: 1", "study.yaml:4:5: suspension A: pvdf: no such key"},
        {"\n  A:\n    binder: -1", "study.yaml:4:5: suspension A: binder: wt% of the solids, 0 to 100"},
        {"\n  A:\n    binder: 3.5 %", "study.yaml:4:5: suspension A: binder: wt%"},
        {"\n  A:\n    binder: [3]", "study.yaml:4:5: suspension A: binder: wt%"},
        {"\n  A:\n    binder: nan", "study.yaml:4:5: suspension A: binder: wt%"},
        {"\n  A:\n    mixer: [a, b]", "study.yaml:4:5: mixer: a name"},
        {"\n  A: {active_material: 93.5, binder: 6.4}", "study.yaml:3:3: suspension A: 99.9 wt% in all, 100 expected"},
        {"\n  A: {active_material: 93.5, binder: 6.56}", "study.yaml:3:3: suspension A: 100.06 wt% in all"},
        {"\n  A: {binder: 100}", "study.yaml:3:3: suspension A: active_material is missing"},
        {"\n  A: {}", "study.yaml:3:3: suspension A: 0 wt% in all"},
    };
    char text[900];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(text, sizeof text, "version: 1\nsuspensions: %s\ninput: a.tif\n", rows[i][0]);
        refuses(text, rows[i][1]);
    }
    strcpy(text, "version: 1\ninput: a.tif\nsuspensions:\n");
    for (int i = 0; i < 9; i++) sprintf(text + strlen(text), "  s%d: {active_material: 100}\n", i);
    refuses(text, "study.yaml:12:3: suspensions: at most 8");
}
END_TEST

START_TEST(samples_of_no_such_suspension_are_refused_where_they_stand)
{
    static const char *const rows[][2] = {
        {"suspensions: [A, C]", "study.yaml:5:35: suspensions: C is none of the study's, A B expected"},
        {"suspensions: a", "study.yaml:5:18: suspensions: a is none of the study's, A B expected"},
        {"suspensions: {A: 1}", "study.yaml:5:18: suspensions: names of the study's expected"},
        {"suspensions: []", "study.yaml:5:18: suspensions: names of the study's expected"},
        {"suspensions: [[A]]", "study.yaml:5:32: suspensions: names of the study's expected"},
        {"suspensions: [A, A, A, A, A, A, A, A, B]", "study.yaml:5:56: suspensions: at most 8 layers"},
        {"density: 0", "study.yaml:5:18: density: g/cm3 of the dry electrode, above 0 and up to 23, expected"},
        {"density: 3100", "study.yaml:5:18: density: g/cm3"},
        {"density: 3.1 g/cm3", "study.yaml:5:18: density: g/cm3"},
        {"density: [3.1]", "study.yaml:5:18: density: g/cm3"},
        {"densty: 3.1", "study.yaml:5:18: densty: no such key, did you mean density?"},
    };
    char text[900];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(text, sizeof text, FRAME "input: {grey: a, %s}\n", rows[i][0]);
        refuses(text, rows[i][1]);
    }
    refuses("version: 1\ninput: {grey: a, suspensions: A}\n",
            "study.yaml:2:18: suspensions: A is none of the study's, `suspensions` at its top level expected");
    refuses("version: 1\ninput: a\ndensity: 3.1\n", "study.yaml:3:1: density: no such key");
}
END_TEST

/* ---- what is understood ---- */

START_TEST(recipes_are_the_same_when_the_study_is_written_down)
{
    const char *text = FRAME "  thick-2: {active_material: 100, mixer: \"a \\\"b\\\", c\"}\nsamples:\n"
                             "  - {name: x, grey: x.tif, suspensions: [B, A], density: 3.1}\n"
                             "  - {name: y, grey: y.tif, suspensions: thick-2}\n  - {name: z, grey: z.tif}\n";
    char *resolved, *twice;
    vly_study *study = understand(text), *again;
    ck_assert_int_eq(vly_study_text(&resolved, study), VLY_OK);
    vly_study_free(study);
    again = understand(resolved);
    const vly_suspensions *all = &again->suspensions;
    ck_assert_int_eq(all->count, 3);
    ck_assert(all->at[0].shares[0] == 93.5 && all->at[0].shares[1] == 2.0 && all->at[0].shares[2] == 1.0 &&
              all->at[0].shares[3] == 3.5 && all->at[1].shares[2] == 0.0);
    ck_assert_ptr_null(all->at[0].mixer);
    ck_assert_str_eq(all->at[2].mixer, "a \"b\", c");
    const vly_coating *x = &again->samples[0].coating, *y = &again->samples[1].coating, *z = &again->samples[2].coating;
    ck_assert(x->count == 2 && x->layers[0] == &all->at[1] && x->layers[1] == &all->at[0] && x->density == 3.1);
    ck_assert(y->count == 1 && y->layers[0] == &all->at[2] && y->density == 0.0);
    ck_assert(z->count == 0 && z->density == 0.0);
    ck_assert_int_eq(vly_study_text(&twice, again), VLY_OK);
    ck_assert_str_eq(resolved, twice);
    vly_free(resolved);
    vly_free(twice);
    vly_study_free(again);
}
END_TEST

/* ---- the report ---- */

/* A finished trinarisation that was asked for the paper's fractions. */
static const char segmented[] =
    "{\"command\": \"segment\", \"inputs\": [{\"path\": \"grey.tif\", \"extent\": [20, 18, 16]}], \"warnings\": [],\n"
    " \"target\": {\"am\": 0.5954, \"cbd\": 0.2308, \"pore\": 0.1738}}\n";

static char *page_of(const char *study)
{
    begin();
    ck_assert_int_eq(vly_folder_make(test_path("x")), VLY_OK);
    ck_assert_int_eq(vly_folder_make(test_path("y")), VLY_OK);
    ck_assert_int_eq(vly_folder_make(test_path("x/segment")), VLY_OK);
    ck_assert_int_eq(vly_folder_make(test_path("y/segment")), VLY_OK);
    put("x/segment/threshold.json", segmented);
    put("y/segment/threshold.json", segmented);
    put("study.yaml", study);
    ck_assert_msg(vly_report_write(test_folder()) == VLY_OK, "%s", vly_error_message());
    char *page = text_of(test_path("report.html"));
    markup_check(page);
    return page;
}

static void has(const char *page, const char *part)
{
    ck_assert_msg(strstr(page, part) != NULL, "\"%s\" is not on the page", part);
}

static const char paper[] =
    "version: 1\nsuspensions:\n"
    "  A: {active_material: 93.5, carbon_black: 2.0, graphite: 1.0, binder: 3.5, mixer: Grieser}\n"
    "  B: {active_material: 91.5, carbon_black: 2.0, graphite: 1.0, binder: 5.5, mixer: \"<b>, \\\"N\\\"\"}\n"
    "  C: {active_material: 95.5, carbon_black: 2.0, graphite: 1.0, binder: 1.5}\n"
    "  D: {active_material: 93.0, carbon_black: 2.0, graphite: 1.0, binder: 4.0}\nsamples:\n"
    "  - {name: x, grey: grey.tif, suspensions: [A], density: 3.1%s}\n"
    "  - {name: y, grey: grey.tif, suspensions: [B, C], density: 3.1}\n";

/* Five numbers at the end of the row of figures/suspensions.csv that begins so. */
static void weights_of(double out[5], const char *csv, const char *start)
{
    const char *at = strstr(csv, start);
    ck_assert_msg(at != NULL, "no row \"%s\" in\n%s", start, csv);
    const char *end = at + 1 + strcspn(at + 1, "\n");
    for (int commas = 0; commas < 5; commas += *end == ',') end--;
    ck_assert_int_eq(sscanf(end, ",%lf,%lf,%lf,%lf,%lf", &out[0], &out[1], &out[2], &out[3], &out[4]), 5);
}

/* The same products in any order of multiplication differ by a few roundings. */
static bool close_to(double value, double expected)
{
    return fabs(value - expected) <= 1e-14 * expected;
}

START_TEST(table_1_shows_recipes_and_the_densities_that_they_imply)
{
    char text[900];
    double w[5];
    snprintf(text, sizeof text, paper, "");
    char *page = page_of(text);
    has(page, "<section id=\"suspensions\">");
    has(page, "<th>Active material</th><td class=\"n\">93.5</td><td class=\"n\">91.5</td><td class=\"n\">95.5</td>"
              "<td class=\"n\">93.0</td></tr>");
    has(page, "<th>Binder</th><td class=\"n\">3.5</td><td class=\"n\">5.5</td><td class=\"n\">1.5</td>"
              "<td class=\"n\">4.0</td></tr>");
    has(page, "<th>Mixer</th><td class=\"n\">Grieser</td><td class=\"n\">&lt;b&gt;, &quot;N&quot;</td>"
              "<td class=\"n\">–</td>");
    /* 3.1 * 0.935 / 0.5954 and 3.1 * 0.065 / (0.2308 * 0.5); of the other at 0.915 and 0.955 */
    has(page, "<th>x</th><td>A</td><td class=\"n\">3.10</td><td class=\"n\">4.87</td><td class=\"n\">1.75</td>");
    has(page, "<th>y</th><td>B, then C</td><td class=\"n\">3.10</td><td class=\"n\">4.76 to 4.97</td>"
              "<td class=\"n\">1.21 to 2.28</td>");
    has(page, "The paper’s Table 1");
    ck_assert_ptr_null(strstr(page, "Table 1 lists recipes"));
    vly_free(page);
    char *csv = text_of(test_path("figures/suspensions.csv"));
    has(csv, "sample,layer,suspension,active_material_wt_percent,carbon_black_wt_percent,graphite_wt_percent,"
             "binder_wt_percent,mixer,electrode_g_cm3,am_least_g_cm3,am_most_g_cm3,cbd_solids_least_g_cm3,"
             "cbd_solids_most_g_cm3\nx,1,A,93.5,2,1,3.5,\"Grieser\",3.1,");
    has(csv, "\ny,1,B,91.5,2,1,5.5,\"<b>, \"\"N\"\"\",3.1,");
    has(csv, "\n,,D,93,2,1,4,,,,,,\n");
    weights_of(w, csv, "\nx,1,A,");
    ck_assert(w[0] == 3.1 && close_to(w[1], 3.1 * 0.935 / 0.5954) && w[2] == w[1] &&
              close_to(w[3], 3.1 * 0.065 / 0.1154) && w[4] == w[3]);
    weights_of(w, csv, "\ny,2,C,");
    ck_assert(close_to(w[1], 3.1 * 0.915 / 0.5954) && close_to(w[2], 3.1 * 0.955 / 0.5954) &&
              close_to(w[3], 3.1 * 0.045 / 0.1154) && close_to(w[4], 3.1 * 0.085 / 0.1154));
    vly_free(csv);
}
END_TEST

START_TEST(the_cells_inner_porosity_is_that_of_the_binder)
{
    char text[900];
    snprintf(text, sizeof text, paper, ", set: cbd_porosity=0.6");
    char *page = page_of(text); /* 3.1 * 0.065 / (0.2308 * 0.4) */
    has(page, "<td class=\"n\">4.87</td><td class=\"n\">2.18</td>");
    vly_free(page);
    snprintf(text, sizeof text, paper, ", set: no_such=1");
    page = page_of(text);
    has(page, "<td class=\"n\">4.87</td><td class=\"n\">–</td>");
    vly_free(page);
}
END_TEST

START_TEST(what_is_not_told_is_not_shown)
{
    char *page = page_of("version: 1\nsamples:\n  - {name: x, grey: grey.tif}\n  - {name: y, grey: grey.tif}\n");
    ck_assert_ptr_null(strstr(page, "Table 1"));
    ck_assert(!vly_path_exists(test_path("figures/suspensions.csv")));
    vly_free(page);
    page = page_of(FRAME "samples:\n  - {name: x, grey: grey.tif}\n  - {name: y, grey: grey.tif}\n");
    has(page, "<th>Graphite</th><td class=\"n\">1.00</td><td class=\"n\">0.00</td>");
    ck_assert_ptr_null(strstr(page, "implied"));
    ck_assert_ptr_null(strstr(page, "<th>Mixer</th>"));
    vly_free(page);
    page = page_of("version: 1\nsamples:\n  - {name: x, grey: grey.tif, density: 3}\n  - {name: y, grey: grey.tif}\n");
    has(page, "<th>x</th><td>–</td><td class=\"n\">3.00</td><td class=\"n\">–</td><td class=\"n\">–</td>");
    ck_assert_ptr_null(strstr(page, "<th>Binder</th>"));
    vly_free(page);
}
END_TEST

int main(void)
{
    work_in_memory();
    Suite *suite = suite_create("suspensions");
    TEST_CASE(suite, recipes_that_make_no_sense_are_refused_where_they_stand);
    TEST_CASE(suite, samples_of_no_such_suspension_are_refused_where_they_stand);
    TEST_CASE(suite, recipes_are_the_same_when_the_study_is_written_down);
    TEST_CASE(suite, table_1_shows_recipes_and_the_densities_that_they_imply);
    TEST_CASE(suite, the_cells_inner_porosity_is_that_of_the_binder);
    TEST_CASE(suite, what_is_not_told_is_not_shown);
    return test_run(suite);
}
