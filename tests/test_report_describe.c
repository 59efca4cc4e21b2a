/* The descriptors in the report: Table 2, Figures 6 to 10 with their data, and where they differ from the paper. */
#include "markup.h"
#include "run_study.h"

#include "voxelyte/report.h"

#define FRACTIONS "fractions: {am: 0.3125, cbd: 0.3125, pore: 0.375}\n"

static const char two[] =
    "version: 1\nmethods: [threshold, kmeans]\nsubsample: 3000\nevaluations: 40\ncutouts: 2\nthrough: x\n" FRACTIONS
    "samples:\n  - {name: thick, grey: grey.tif}\n"
    "  - {name: thin, grey: grey.tif, window: [0:20, 0:18, 0:12]}\n";
static const char some[] =
    "version: 1\nmethods: threshold\nquantities: surface\n" FRACTIONS "input: {name: slabs, grey: grey.tif}\n";
static const char none[] =
    "version: 1\nmethods: threshold\nquantities: none\n" FRACTIONS "input: {name: slabs, grey: grey.tif}\n";

/* The page of a study, run in FOLDER out; yours to free. */
static char *page_of(const char *study)
{
    vly_study_result result;
    begin();
    run_ok(&result, put("study.yaml", study), test_path("out"));
    vly_study_result_free(&result);
    char *page = text_of(test_path("out/report.html"));
    markup_check(page);
    return page;
}

static int lines_of(const char *name, const char *header)
{
    char *text = text_of(below(test_path("out"), name));
    ck_assert_msg(strncmp(text, header, strlen(header)) == 0, "%s: %.80s", name, text);
    int lines = markup_count(text, "\n");
    vly_free(text);
    return lines;
}

START_TEST(two_samples_stand_side_by_side)
{
    static const char *const figures[] = {"cpsd", "intrusion", "tortuosity", "two-point", "profile"};
    char *page = page_of(two);
    ck_assert_int_eq(markup_count(page, "<section id=\"descriptors\">"), 1);
    ck_assert_int_eq(markup_count(page, "<sub>min,CBD</sub> [µm]"), 2);
    ck_assert_int_eq(markup_count(page, "mean over 2 cut-outs"), 1);
    ck_assert_int_eq(markup_count(page, "Dashed: thick, solid: thin."), 5);
    ck_assert_int_eq(markup_count(page, "<b>Surfaces.</b>"), 1);
    ck_assert_ptr_null(strstr(page, ">nan"));
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        char name[64];
        snprintf(name, sizeof name, "figures/%s.svg", figures[i]);
        char *svg = text_of(below(test_path("out"), name));
        markup_check(svg);
        /* a panel has both methods of the first sample; the legend shows the dashes once */
        int panels = strcmp(figures[i], "two-point") == 0 ? 6 : 3;
        ck_assert_int_le(markup_count(svg, "stroke-dasharray"), 2 * panels + 1);
        ck_assert_int_ge(markup_count(svg, "stroke-dasharray"), 2 + 1);
        vly_free(svg);
    }
    /* depths along x of both samples for two methods, and the header */
    ck_assert_int_eq(
        lines_of("figures/profile.csv", "sample,trinarisation,depth_um,am,cbd,pore,porosity\nthick,threshold,"),
        1 + 2 * 20 + 2 * 20);
    vly_free(page);
}
END_TEST

START_TEST(what_was_not_computed_is_left_out)
{
    char *page = page_of(some);
    ck_assert_int_eq(markup_count(page, "<sub>AM</sub> [µm⁻¹]"), 1);
    ck_assert_ptr_null(strstr(page, "<sub>min,AM</sub>"));
    ck_assert_ptr_null(strstr(page, "figures/cpsd.csv"));
    ck_assert_ptr_nonnull(strstr(page, "figures/profile.csv"));
    vly_free(page);
    page = page_of(none);
    ck_assert_ptr_null(strstr(page, "id=\"descriptors\""));
    ck_assert_ptr_null(strstr(page, "id=\"curves\""));
    ck_assert_ptr_null(strstr(page, "<b>Surfaces.</b>"));
    vly_free(page);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report_describe");
    TEST_CASE(suite, two_samples_stand_side_by_side);
    TEST_CASE(suite, what_was_not_computed_is_left_out);
    return test_run(suite);
}
