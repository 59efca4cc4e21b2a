/* Files: exact reading, publishing by rename, and what is left when a disk is full or a process is killed. */
#include "support.h"

#include "core/fault.h"
#include "core/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void put(const char *path, const char *text)
{
    ck_assert_msg(vly_file_publish_text(path, text, true) == VLY_OK, "%s", vly_error_message());
}

static void holds(const char *path, const char *text)
{
    char *got;
    ck_assert_msg(vly_file_text(&got, path, 1 << 20) == VLY_OK, "%s", vly_error_message());
    ck_assert_str_eq(got, text);
    vly_free(got);
}

/* Names in a folder: all, or only those that a person sees. */
static int names_in(const char *folder, bool hidden)
{
    int count = 0;
    DIR *directory = opendir(folder);
    ck_assert_ptr_nonnull(directory);
    for (struct dirent *entry; (entry = readdir(directory));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            count += hidden || entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

static const char *fresh_folder(const char *name)
{
    const char *folder = test_path(name);
    ck_assert_int_eq(vly_folder_make(folder), VLY_OK);
    return folder;
}

START_TEST(reading_is_exact)
{
    const char *path = test_path("ten");
    vly_file file;
    char got[12] = {0};
    int64_t count;
    put(path, "0123456789");
    ck_assert_int_eq(vly_file_open(&file, path), VLY_OK);
    ck_assert_int_eq(vly_file_size(&file, &count), VLY_OK);
    ck_assert_int_eq(count, 10);
    ck_assert_int_eq(vly_file_read(&file, got, 4, 6), VLY_OK);
    ck_assert_str_eq(got, "6789");
    test_fails(vly_file_read(&file, got, 5, 6), VLY_EDATA, "ends at byte 10, 11 expected");
    ck_assert_int_eq(vly_file_read_some(&file, got, 12, 8, &count), VLY_OK);
    ck_assert_int_eq(count, 2);
    ck_assert_int_eq(vly_file_read_some(&file, got, 12, 100, &count), VLY_OK);
    ck_assert_int_eq(count, 0);
    vly_file_close(&file);
    vly_file_close(&file);
}
END_TEST

START_TEST(only_regular_files_are_opened)
{
    vly_file file;
    char *text;
    const char *pipe = test_path("pipe");
    ck_assert_int_eq(mkfifo(pipe, 0666), 0);
    test_fails(vly_file_open(&file, pipe), VLY_EDATA, "regular"); /* and does not wait for a writer */
    test_fails(vly_file_open(&file, test_folder()), VLY_EDATA, "regular");
    test_fails(vly_file_open(&file, "/dev/zero"), VLY_EDATA, "regular");
    test_fails(vly_file_open(&file, test_path("missing")), VLY_ENOINPUT, "missing");
    test_fails(vly_file_open(&file, ""), VLY_ENOINPUT, "open");
    put(test_path("long"), "0123456789");
    test_fails(vly_file_text(&text, test_path("long"), 9), VLY_EDATA, "10 bytes, at most 9");
    ck_assert_ptr_null(text);
}
END_TEST

static vly_status add_length(void *self, const char *name)
{
    *(int *)self += (int)strlen(name);
    return strcmp(name, "stop") == 0 ? vly_fail(VLY_EDATA, "told to stop") : VLY_OK;
}

START_TEST(a_folder_is_listed_without_its_dots)
{
    const char *folder = fresh_folder("listed");
    int length = 0;
    put(test_path("listed/abc"), "");
    put(test_path("listed/.de"), "");
    ck_assert_int_eq(vly_folder_each(folder, add_length, &length), VLY_OK);
    ck_assert_int_eq(length, 6);
    put(test_path("listed/stop"), "");
    test_fails(vly_folder_each(folder, add_length, &length), VLY_EDATA, "told to stop");
    test_fails(vly_folder_each(test_path("nowhere"), add_length, &length), VLY_ENOINPUT, "nowhere");
}
END_TEST

START_TEST(a_draft_appears_only_when_published)
{
    const char *folder = fresh_folder("draft");
    char path[600];
    vly_draft draft;
    snprintf(path, sizeof path, "%s/out", folder);
    ck_assert_int_eq(vly_draft_open(&draft, path, false), VLY_OK);
    ck_assert_int_eq(vly_file_write(&draft.file, "new", 3, 0), VLY_OK);
    ck_assert_int_eq(names_in(folder, false), 0);
    vly_draft_close(&draft);
    ck_assert_int_eq(names_in(folder, true), 0);
    ck_assert_int_eq(vly_draft_open(&draft, path, false), VLY_OK);
    ck_assert_int_eq(vly_file_write(&draft.file, "new", 3, 0), VLY_OK);
    ck_assert_int_eq(vly_draft_publish(&draft), VLY_OK);
    vly_draft_close(&draft);
    ck_assert_int_eq(names_in(folder, true), 1);
    holds(path, "new");
    test_fails(vly_draft_open(&draft, path, false), VLY_EOUTPUT, "exists");
    ck_assert_int_eq(names_in(folder, true), 1);
}
END_TEST

START_TEST(a_file_that_appears_meanwhile_is_not_replaced)
{
    const char *path = test_path("race");
    vly_draft draft;
    ck_assert_int_eq(vly_draft_open(&draft, path, false), VLY_OK);
    put(path, "theirs");
    test_fails(vly_draft_publish(&draft), VLY_EOUTPUT, "exists");
    vly_draft_close(&draft);
    holds(path, "theirs");
}
END_TEST

START_TEST(two_drafts_of_one_target_do_not_mix)
{
    const char *path = test_path("twice");
    vly_draft first, second;
    ck_assert_int_eq(vly_draft_open(&first, path, true), VLY_OK);
    ck_assert_int_eq(vly_draft_open(&second, path, true), VLY_OK);
    ck_assert_int_eq(vly_file_write(&first.file, "first", 5, 0), VLY_OK);
    ck_assert_int_eq(vly_file_write(&second.file, "2nd", 3, 0), VLY_OK);
    ck_assert_int_eq(vly_draft_publish(&first), VLY_OK);
    vly_draft_close(&first);
    holds(path, "first");
    ck_assert_int_eq(vly_draft_publish(&second), VLY_OK);
    vly_draft_close(&second);
    holds(path, "2nd");
}
END_TEST

START_TEST(a_reader_of_the_old_file_keeps_it)
{
    const char *path = test_path("replaced");
    vly_file old;
    char got[4] = {0};
    put(path, "old");
    ck_assert_int_eq(vly_file_open(&old, path), VLY_OK);
    put(path, "new");
    ck_assert_int_eq(vly_file_read(&old, got, 3, 0), VLY_OK);
    ck_assert_str_eq(got, "old");
    vly_file_close(&old);
    holds(path, "new");
}
END_TEST

START_TEST(targets_that_cannot_be_are_refused)
{
    vly_draft draft;
    char name[400];
    test_fails(vly_draft_open(&draft, test_path("no/folder/out"), true), VLY_EOUTPUT, "create");
    test_fails(vly_draft_open(&draft, test_folder(), true), VLY_EOUTPUT, "is a folder");
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = 0;
    test_fails(vly_draft_open(&draft, test_path(name), true), VLY_EOUTPUT, "create");
    put(test_path("file"), "");
    test_fails(vly_draft_open(&draft, test_path("file/out"), true), VLY_EOUTPUT, "create");
    test_fails(vly_folder_make(test_path("file")), VLY_EOUTPUT, "make the folder");
    test_fails(vly_folder_make(test_path("no/such/parent")), VLY_EOUTPUT, "make the folder");
    if (geteuid() != 0) {
        const char *folder = fresh_folder("sealed");
        char path[600];
        snprintf(path, sizeof path, "%s/out", folder);
        ck_assert_int_eq(chmod(folder, 0555), 0);
        test_fails(vly_draft_open(&draft, path, true), VLY_EOUTPUT, "create");
    }
}
END_TEST

START_TEST(a_full_disk_is_an_error_and_leaves_the_old_file)
{
    const char *folder = fresh_folder("full");
    char path[600];
    snprintf(path, sizeof path, "%s/out", folder);
    put(path, "old");
    vly_file full = {open("/dev/full", O_WRONLY), "/dev/full"};
    test_fails(vly_file_write(&full, "x", 1, 0), VLY_EIO, "No space left");
    vly_file_close(&full);
    /* a limit on file sizes is a disk that fills up in the middle of a write */
    struct rlimit limit = {4096, RLIM_INFINITY};
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    static char text[10001];
    memset(text, 'n', 10000);
    test_fails(vly_file_publish_text(path, text, true), VLY_EIO, "cannot write");
    limit.rlim_cur = RLIM_INFINITY;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    holds(path, "old");
    ck_assert_int_eq(names_in(folder, true), 1);
}
END_TEST

/* Every call of the file seam fails once: the old file or the new one, and nothing beside it. */
START_TEST(every_planned_fault_leaves_old_or_new)
{
    const char *folder = fresh_folder("faults");
    char path[600], plan[32];
    snprintf(path, sizeof path, "%s/out", folder);
    int64_t held = vly_memory_held();
    int failures = 0;
    vly_status status;
    for (int site = 1;; site++) {
        put(path, "old");
        snprintf(plan, sizeof plan, "io:%d=ENOSPC", site);
        setenv("VLY_FAULT", plan, 1);
        vly_fault_reset();
        status = vly_file_publish_text(path, "new", true);
        bool reached = vly_fault_count() >= site;
        unsetenv("VLY_FAULT");
        vly_fault_reset();
        holds(path, status == VLY_OK ? "new" : "old");
        ck_assert_int_eq(names_in(folder, true), 1);
        ck_assert_int_eq(vly_memory_held(), held);
        if (!reached) break;
        ck_assert_msg(status == VLY_EIO || status == VLY_EOUTPUT, "status %d", status);
        failures++;
    }
    ck_assert_int_ge(failures, 4); /* open, pwrite, fsync, rename */
}
END_TEST

START_TEST(a_killed_process_leaves_old_or_new)
{
    const char *folder = fresh_folder("killed");
    char path[600], plan[32];
    snprintf(path, sizeof path, "%s/out", folder);
    int killed = 0;
    for (int site = 1;; site++) {
        put(path, "old");
        pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) {
            snprintf(plan, sizeof plan, "kill:io:%d", site);
            setenv("VLY_FAULT", plan, 1);
            vly_fault_reset();
            _exit(vly_file_publish_text(path, "new", true));
        }
        int how;
        ck_assert_int_eq(waitpid(child, &how, 0), child);
        ck_assert_int_eq(names_in(folder, false), 1);
        if (WIFEXITED(how)) {
            ck_assert_int_eq(WEXITSTATUS(how), 0);
            holds(path, "new");
            break;
        }
        ck_assert_int_eq(WTERMSIG(how), SIGKILL);
        holds(path, "old"); /* the last site is before the rename */
        killed++;
    }
    ck_assert_int_ge(killed, 4);
}
END_TEST

START_TEST(a_scratch_file_has_no_name)
{
    const char *folder = fresh_folder("scratch");
    vly_file file;
    char got[3] = {0};
    ck_assert_int_eq(vly_file_scratch(&file, folder), VLY_OK);
    ck_assert_int_eq(names_in(folder, true), 0);
    ck_assert_int_eq(vly_file_write(&file, "ab", 2, 1000000), VLY_OK);
    ck_assert_int_eq(vly_file_read(&file, got, 2, 1000000), VLY_OK);
    ck_assert_str_eq(got, "ab");
    vly_file_close(&file);
    test_fails(vly_file_scratch(&file, test_path("nowhere")), VLY_EOUTPUT, "nowhere");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("file");
    TEST_CASE(suite, reading_is_exact);
    TEST_CASE(suite, only_regular_files_are_opened);
    TEST_CASE(suite, a_folder_is_listed_without_its_dots);
    TEST_CASE(suite, a_draft_appears_only_when_published);
    TEST_CASE(suite, a_file_that_appears_meanwhile_is_not_replaced);
    TEST_CASE(suite, two_drafts_of_one_target_do_not_mix);
    TEST_CASE(suite, a_reader_of_the_old_file_keeps_it);
    TEST_CASE(suite, targets_that_cannot_be_are_refused);
    TEST_CASE(suite, a_full_disk_is_an_error_and_leaves_the_old_file);
    TEST_CASE(suite, every_planned_fault_leaves_old_or_new);
    TEST_CASE(suite, a_killed_process_leaves_old_or_new);
    TEST_CASE(suite, a_scratch_file_has_no_name);
    return test_run(suite);
}
