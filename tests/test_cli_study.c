/* Studies from outside: run fills a folder and continues it, report makes the page, verify and diff come back with 0 or 1. */
#include "program.h"

#include <jansson.h>

static void begin(const char *name)
{
    program_folder(name);
    program_write_grey("g", (vly_extent){40, 30, 20});
    test_write_text("study.yaml", "version: 1\ninput: g.raw\nmethods: [threshold, kmeans]\nsubsample: 5000\n"
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
    test_write_text("wrong.yaml", "version: 1\ninput: g.raw\nfractoins: paper\n");
    PROGRAM_REFUSES(2, "wrong.yaml:3:1: fractoins: no such key, did you mean fractions?", "run wrong.yaml -o out");
    test_write_text("wrong.yaml", "version: 1\ninput: g.raw\nfractions: am=0.5,cbd=0.5,pore=0.5\n");
    PROGRAM_REFUSES(2, "wrong.yaml:3", "run wrong.yaml -o out");
    PROGRAM_REFUSES(66, "none.yaml", "run none.yaml -o out");
    PROGRAM_REFUSES(2, "-o PATH expected", "run study.yaml");
    test_write_text("wrong.yaml", "version: 1\ninput: none.tif\n");
    PROGRAM_REFUSES(66, "none.tif", "run wrong.yaml -o out");
    mkdir("full", 0777);
    test_write_text("full/thesis.txt", "precious");
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

/* ---- events ---- */

static const char *word_of(const json_t *event, const char *key)
{
    const char *word = json_string_value(json_object_get(event, key));
    return word ? word : "";
}

static int number_of(const json_t *event, const char *key)
{
    return (int)json_integer_value(json_object_get(event, key));
}

/* The next line, an object with the keys that all have; NULL at the end. */
static json_t *next_event(FILE *from, double *time)
{
    char line[8192];
    if (!fgets(line, sizeof line, from)) return NULL;
    json_t *event = json_loads(line, 0, NULL);
    ck_assert_msg(json_is_object(event), "no object: %s", line);
    const double t = json_number_value(json_object_get(event, "t"));
    ck_assert_msg(*word_of(event, "ev") && t >= *time, "no kind, or back in time: %s", line);
    *time = t;
    return event;
}

/* What a dashboard would show: a line per piece, a bar, what went wrong. */
typedef struct board {
    int found, begun, computed, finished, done, total, stages, warnings;
    double seconds;
    int status; /* of the end; -1: none came */
} board;

static void show(board *b, const json_t *event)
{
    const char *kind = word_of(event, "ev"), *state = word_of(event, "state");
    b->stages += strcmp(kind, "stage") == 0;
    b->warnings += strcmp(kind, "warning") == 0;
    if (strcmp(kind, "run_end") == 0) b->status = number_of(event, "status");
    if (strcmp(kind, "piece") != 0) return;
    ck_assert(*word_of(event, "piece") != 0);
    ck_assert_int_ge(number_of(event, "done"), b->done); /* only ever more */
    b->done = number_of(event, "done");
    b->total = number_of(event, "total");
    b->found += strcmp(state, "missing") == 0 || strcmp(state, "stale") == 0;
    b->begun += strcmp(state, "begins") == 0;
    b->finished += strcmp(state, "finished") == 0;
    if (strcmp(state, "computed") != 0) return;
    b->computed++;
    b->seconds += json_number_value(json_object_get(event, "seconds"));
}

static board follow(const char *path)
{
    board b = {.status = -1};
    double time = 0;
    FILE *events = fopen(path, "r");
    ck_assert_ptr_nonnull(events);
    for (json_t *event; (event = next_event(events, &time)); json_decref(event)) show(&b, event);
    fclose(events);
    return b;
}

START_TEST(a_dashboard_can_follow_a_study_by_its_events)
{
    begin("events");
    PROGRAM_DOES("run -q study.yaml -o out --events first.jsonl");
    board b = follow("first.jsonl");
    const int pieces = b.total; /* histogram, two of segment, two of describe, compare */
    ck_assert_int_eq(pieces, 6);
    ck_assert_int_eq(b.found, pieces);
    ck_assert_int_eq(b.begun, pieces);
    ck_assert_int_eq(b.computed, pieces);
    ck_assert_int_eq(b.done, pieces);
    ck_assert_int_eq(b.finished, 0);
    ck_assert_int_gt(b.stages, 0);
    ck_assert_int_eq(b.status, 0);
    PROGRAM_DOES("run -q study.yaml -o out --events second.jsonl");
    b = follow("second.jsonl");
    ck_assert_int_eq(b.finished, pieces);
    ck_assert_int_eq(b.done, pieces);
    ck_assert_int_eq(b.begun, 0);
    PROGRAM_DOES("run -q study.yaml -o out --evaluations 30 --events third.jsonl");
    b = follow("third.jsonl");
    ck_assert_int_eq(b.found, 3); /* k-means, its description, the comparison */
    ck_assert_int_eq(b.computed, 3);
    ck_assert_int_eq(b.finished, 3);
}
END_TEST

START_TEST(a_failing_piece_is_an_event_with_its_reason)
{
    begin("failing");
    test_write_text("study.yaml", "version: 1\ninput: g.raw\nmethods: [threshold]\nquantities: none\nmask: m.raw\n");
    program_write_raw("m", (const uint8_t[64]){0}, "u8", 64, (vly_extent){4, 4, 4}); /* of another extent */
    ck_assert_int_ne(program_run("run -q study.yaml -o out --events events.jsonl"), 0);
    double time = 0;
    bool failed = false, told = false;
    FILE *events = fopen("events.jsonl", "r");
    for (json_t *event; (event = next_event(events, &time)); json_decref(event)) {
        failed |= strcmp(word_of(event, "state"), "failed") == 0 && strstr(word_of(event, "reason"), "m.raw");
        told |= strcmp(word_of(event, "ev"), "error") == 0 && strstr(word_of(event, "message"), "m.raw");
    }
    fclose(events);
    ck_assert(failed && told);
}
END_TEST

/* ---- the plan ---- */

START_TEST(a_plan_tells_time_and_memory_by_kind_and_a_bound_for_a_gpu)
{
    begin("plan");
    PROGRAM_DOES("run -q study.yaml -o out --dry-run --gpu-bandwidth 1000");
    has("missing    segment.kmeans (about ");
    has("a GPU, at least");
    has("nothing was measured on one");
    has("1000 GB/s");
    PROGRAM_DOES("run -q study.yaml -o out --dry-run --json");
    has("\"gpu_seconds_at_least\": ");
    ck_assert_int_ne(access("out", F_OK), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_study");
    TEST_CASE(suite, a_dashboard_can_follow_a_study_by_its_events);
    TEST_CASE(suite, a_failing_piece_is_an_event_with_its_reason);
    TEST_CASE(suite, a_plan_tells_time_and_memory_by_kind_and_a_bound_for_a_gpu);
    TEST_CASE(suite, run_fills_a_folder_and_continues_it);
    TEST_CASE(suite, the_command_line_wins_over_the_study_file);
    TEST_CASE(suite, mistakes_in_a_study_file_are_told_with_their_place);
    TEST_CASE(suite, report_makes_the_page_again);
    TEST_CASE(suite, verify_and_diff_come_back_with_zero_or_one);
    return test_run(suite);
}
