/* Studies from outside: run fills a folder and continues it, report makes the page, verify and diff come back with 0 or 1. */
#include "program.h"

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void begin(const char *name)
{
    program_folder(name);
    program_write_grey("g", (vly_extent){40, 30, 20});
    write_text("study.yaml", "version: 1\ninput: g.raw\nmethods: [threshold, kmeans]\nsubsample: 5000\n"
                             "fractions: am=0.5,cbd=0.33,pore=0.17\n");
}

static void has(const char *text)
{
    ck_assert_msg(strstr(program_out, text) != NULL, "\"%s\" does not speak of \"%s\"", program_out, text);
}

START_TEST(run_fills_a_folder_and_continues_it)
{
    begin("run");
    static const char *const files[] = {"study.yaml",   "manifest.json",          "log.txt",
                                        "summary.csv",  "labels/threshold.tif",   "labels/kmeans.tif",
                                        "compare.json", "segment/threshold.json", "report.html"};
    PROGRAM_DOES("run -q study.yaml -o out");
    has("computed   segment.kmeans");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[64];
        snprintf(path, sizeof path, "out/%s", files[i]);
        ck_assert_msg(access(path, R_OK) == 0, "%s is missing", path);
    }
    PROGRAM_DOES("run -q study.yaml -o out --resume");
    has("finished   segment.kmeans");
    PROGRAM_DOES("run -q study.yaml -o out --json --from compare");
    has("\"command\": \"run\"");
    has("\"complete\": true");
    PROGRAM_DOES("run -q study.yaml -o other --dry-run");
    has("missing    segment.threshold");
    ck_assert_int_ne(access("other", F_OK), 0);
    PROGRAM_DOES("run -q study.yaml -o other --only segment.threshold");
    ck_assert_int_ne(access("other/labels/kmeans.tif", F_OK), 0);
}
END_TEST

START_TEST(the_command_line_wins_over_the_study_file)
{
    begin("wins");
    PROGRAM_DOES("run -q study.yaml -o out --only segment.threshold --fractions am=0.5,cbd=0.25,pore=0.25");
    char text[PROGRAM_TEXT];
    program_read(text, "out/segment/threshold.json");
    ck_assert_ptr_nonnull(strstr(text, "\"am\": 12000")); /* half of 24000 voxels */
}
END_TEST

START_TEST(mistakes_in_a_study_file_are_told_with_their_place)
{
    begin("mistakes");
    write_text("wrong.yaml", "version: 1\ninput: g.raw\nfractoins: paper\n");
    PROGRAM_REFUSES(2, "wrong.yaml:3:1: fractoins: no such key, did you mean fractions?", "run wrong.yaml -o out");
    write_text("wrong.yaml", "version: 1\ninput: g.raw\nfractions: am=0.5,cbd=0.5,pore=0.5\n");
    PROGRAM_REFUSES(2, "wrong.yaml:3", "run wrong.yaml -o out");
    PROGRAM_REFUSES(66, "none.yaml", "run none.yaml -o out");
    PROGRAM_REFUSES(2, "-o PATH expected", "run study.yaml");
    write_text("wrong.yaml", "version: 1\ninput: none.tif\n");
    PROGRAM_REFUSES(66, "none.tif", "run wrong.yaml -o out");
    mkdir("full", 0777);
    write_text("full/thesis.txt", "precious");
    PROGRAM_REFUSES(73, "full", "run study.yaml -o full");
    ck_assert_int_eq(access("full/thesis.txt", R_OK), 0);
}
END_TEST

START_TEST(report_makes_the_page_again)
{
    begin("report");
    PROGRAM_DOES("run -q study.yaml -o out");
    ck_assert_int_eq(remove("out/report.html"), 0);
    PROGRAM_DOES("report out");
    ck_assert_str_eq(program_out, "out/report.html\n");
    ck_assert_int_eq(access("out/report.html", R_OK), 0);
    PROGRAM_REFUSES(66, "none", "report none");
    mkdir("empty", 0777);
    PROGRAM_REFUSES(66, "empty", "report empty");
}
END_TEST

START_TEST(verify_and_diff_come_back_with_zero_or_one)
{
    begin("verify");
    PROGRAM_DOES("run -q study.yaml -o a");
    PROGRAM_DOES("run -q study.yaml -o b --seed 9");
    PROGRAM_DOES("verify -q a/manifest.json");
    has("same");
    PROGRAM_DOES("diff a a");
    PROGRAM_DOES("diff a/labels/kmeans.tif a/labels/kmeans.tif");
    ck_assert_int_eq(program_run("diff a b"), 1);
    has("different");
    ck_assert_str_eq(program_err, "");
    ck_assert_int_eq(program_run("diff a/labels/threshold.tif a/labels/kmeans.tif --json"), 1);
    has("\"command\": \"diff\"");
    has("\"differences\": ");
    PROGRAM_REFUSES(66, "none", "diff a none");
    PROGRAM_REFUSES(66, "none", "verify none/manifest.json");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_study");
    TEST_CASE(suite, run_fills_a_folder_and_continues_it);
    TEST_CASE(suite, the_command_line_wins_over_the_study_file);
    TEST_CASE(suite, mistakes_in_a_study_file_are_told_with_their_place);
    TEST_CASE(suite, report_makes_the_page_again);
    TEST_CASE(suite, verify_and_diff_come_back_with_zero_or_one);
    return test_run(suite);
}
