/* Killed at any moment, or asked to stop: the old output or none, never half of one. */
#include "program_stop.h"

static const vly_extent SMALL = {24, 20, 16};

/* Bytes of a file, to be freed. */
static char *bytes_of(const char *path, size_t *count)
{
    char *bytes = malloc(PROGRAM_TEXT);
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s is not there", path);
    *count = fread(bytes, 1, PROGRAM_TEXT, file);
    fclose(file);
    return bytes;
}

static void same_file(const char *path, const char *expected, size_t count, const char *when)
{
    size_t got;
    char *bytes = bytes_of(path, &got);
    ck_assert_msg(got == count && memcmp(bytes, expected, count) == 0, "%s: %s is damaged", when, path);
    free(bytes);
}

/* Drafts of a killed run are hidden files; whatever else there is must be whole. */
static void remove_drafts(void)
{
    ck_assert_int_eq(system("rm -f .*.part-* .*.part*"), 0);
}

START_TEST(killed_at_every_file_operation_there_is_the_old_output_or_none)
{
    program_folder("kill");
    program_write_grey("g", SMALL);
    PROGRAM_DOES("segment g.raw -o new.tif");
    PROGRAM_DOES("segment g.raw -o old.tif --fractions am=0.2,cbd=0.3,pore=0.5");
    size_t new_bytes, old_bytes;
    char *new_file = bytes_of("new.tif", &new_bytes), *old_file = bytes_of("old.tif", &old_bytes);
    int kills = 0;
    for (int n = 1;; n++) {
        char fault[64], when[64];
        snprintf(fault, sizeof fault, "VLY_TEST=1 VLY_FAULT=kill:io:%d", n);
        snprintf(when, sizeof when, "killed before file operation %d", n);
        int code = program_run_with(fault, "segment g.raw -o l.tif");
        if (code == 137 && access("l.tif", F_OK) == 0) /* after the rename */
            same_file("l.tif", new_file, new_bytes, when);
        else if (code == 137)
            kills++;
        ck_assert_int_eq(system("rm -f l.tif && cp old.tif l.tif"), 0);
        int again = program_run_with(fault, "segment g.raw -o l.tif --overwrite");
        char *now;
        size_t now_bytes;
        now = bytes_of("l.tif", &now_bytes);
        bool is_old = now_bytes == old_bytes && memcmp(now, old_file, old_bytes) == 0;
        bool is_new = now_bytes == new_bytes && memcmp(now, new_file, new_bytes) == 0;
        ck_assert_msg(is_old || is_new, "%s: the old output is damaged", when);
        free(now);
        remove_drafts();
        ck_assert_int_eq(remove("l.tif"), 0);
        ck_assert_msg(program_files() == 4, "%s: something was left behind", when);
        if (code == 0 && again == 0) break;
        ck_assert_int_lt(n, 500);
    }
    ck_assert_int_gt(kills, 5);
    free(new_file);
    free(old_file);
}
END_TEST

static bool a_stage_is_under_way(void)
{
    return program_told("\"stage\"");
}

/* Sends `number`, and `again` behind it if that is not 0, to a run that would take long; its exit code. */
static int stopped_by(int number, int again)
{
    return program_stop("segment g.raw -o l.tif --method kmeans --evaluations 100000 --subsample 100000 "
                        "--progress off --events ../events.jsonl",
                        a_stage_is_under_way, number, again);
}

START_TEST(a_signal_stops_the_work_and_leaves_nothing)
{
    static const int cases[][2] = {{SIGINT, 130}, {SIGTERM, 75}, {SIGHUP, 75}, {SIGUSR1, 75}, {SIGXCPU, 75}};
    program_folder("signal");
    program_write_grey("g", (vly_extent){200, 200, 100});
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_int_eq(stopped_by(cases[i][0], 0), cases[i][1]);
        ck_assert_str_eq(program_err, "voxelyte: interrupted\n");
        ck_assert_int_eq(program_files(), 2);
    }
}
END_TEST

START_TEST(the_second_signal_leaves_at_once)
{
    program_folder("twice");
    program_write_grey("g", (vly_extent){200, 200, 100});
    int code = stopped_by(SIGTERM, SIGINT);
    ck_assert_msg(code == 130 || code == 75, "came back with %d", code); /* 75 if it was done before the second */
    ck_assert_int_ne(access("l.tif", F_OK), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_kill");
    TEST_CASE(suite, killed_at_every_file_operation_there_is_the_old_output_or_none);
    TEST_CASE(suite, a_signal_stops_the_work_and_leaves_nothing);
    TEST_CASE(suite, the_second_signal_leaves_at_once);
    return test_run(suite);
}
