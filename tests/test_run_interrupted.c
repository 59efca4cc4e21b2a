/* A study that is interrupted, killed, disturbed or shared goes on to the same bits; verify sees what was changed. */
#include "run_study.h"

#include "core/fault.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- interruptions ---- */

static vly_status stop_at_once(void *self)
{
    int *calls = self;
    return ++*calls > 3 ? VLY_EAGAIN : VLY_OK;
}

START_TEST(an_interrupted_run_comes_back_with_75_and_goes_on)
{
    vly_study_result result;
    vly_device *device;
    int calls = 0;
    begin();
    const char *folder = test_path("out"), *study = put("study.yaml", one);
    vly_device_options options = VLY_DEVICE_OPTIONS_INIT;
    options.threads = 1;
    options.progress = (vly_progress){.stop = stop_at_once, .self = &calls};
    ck_assert_int_eq(vly_device_open(&device, "cpu", &options), VLY_OK);
    ck_assert_int_eq(vly_study_run(&result, device, study, folder, NULL), VLY_EAGAIN);
    vly_device_close(device);
    ck_assert(!result.complete && !vly_path_exists(below(folder, "manifest.json")));
    vly_study_result_free(&result);
    run_ok(&result, study, folder);
    ck_assert(result.complete);
    vly_study_result_free(&result);
    run_ok(&result, study, test_path("straight"));
    vly_study_result_free(&result);
    check_same(folder, test_path("straight"));
}
END_TEST

/* In a process of its own, which VLY_FAULT may kill; true if it was. */
static bool killed(const char *study, const char *folder, const char *fault)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        vly_study_result result;
        setenv("VLY_FAULT", fault, 1);
        vly_fault_reset();
        _exit(run_with(&result, study, folder, NULL, NULL) == VLY_OK ? 0 : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static int count_files(const char *folder, const char *part)
{
    char command[700], line[100] = "";
    snprintf(command, sizeof command, "find '%s' -name '%s' | wc -l", folder, part);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(fgets(line, sizeof line, pipe));
    pclose(pipe);
    return atoi(line);
}

START_TEST(a_killed_run_goes_on_to_the_same_bits)
{
    vly_study_result result;
    char fault[40];
    int kills = 0;
    begin();
    const char *study = put("study.yaml", one), *folder = test_path("killed"), *straight = test_path("straight");
    run_ok(&result, study, straight);
    vly_study_result_free(&result);
    /* a stride through all calls, in one folder that is killed again and again until a run gets through */
    for (int site = 3; killed(study, folder, (snprintf(fault, sizeof fault, "kill:io:%d", site), fault)); site += 29) {
        kills++;
        vly_document *manifest;
        if (vly_path_exists(below(folder, "manifest.json"))) {
            ck_assert_int_eq(vly_document_read(&manifest, below(folder, "manifest.json")), VLY_OK);
            vly_document_free(manifest);
        }
    }
    ck_assert_int_gt(kills, 5);
    run_ok(&result, study, folder);
    ck_assert(result.complete);
    vly_study_result_free(&result);
    check_same(folder, straight);
    ck_assert_int_eq(count_files(folder, "*.part-*"), 0);
    ck_assert_int_eq(count_files(folder, "*.lock"), 0);
}
END_TEST

START_TEST(a_run_killed_anywhere_in_a_fresh_folder_goes_on_to_the_same_bits)
{
    vly_study_result result;
    char fault[40], name[40];
    begin();
    const char *study = put("study.yaml", one);
    char straight[600];
    snprintf(straight, sizeof straight, "%s", test_path("straight"));
    run_ok(&result, study, straight);
    vly_study_result_free(&result);
    for (int site = 1; site < 400; site += 37) {
        snprintf(fault, sizeof fault, "kill:io:%d", site);
        snprintf(name, sizeof name, "killed%d", site);
        const char *folder = test_path(name);
        killed(study, folder, fault);
        run_ok(&result, study, folder);
        vly_study_result_free(&result);
        check_same(folder, straight);
    }
}
END_TEST

/* One fault at every stride-th call of a seam, in one folder, until a run gets through; then a run without faults. */
static void check_faults(const char *seam, const char *code, int stride)
{
    vly_study_result result;
    char fault[40];
    begin();
    const char *study = put("study.yaml", one), *folder = test_path("faulty"), *straight = test_path("straight");
    bool through = false;
    for (int site = 1; !through; site += stride) {
        snprintf(fault, sizeof fault, "%s:%d%s", seam, site, code);
        vly_device *device = test_device(1, 0);
        int64_t before = vly_memory_held();
        setenv("VLY_FAULT", fault, 1);
        vly_fault_reset();
        vly_status status = vly_study_run(&result, device, study, folder, NULL);
        through = vly_fault_count() < site;
        unsetenv("VLY_FAULT");
        vly_fault_reset();
        ck_assert_msg(!through || status == VLY_OK, "%s: %s", fault, vly_error_message());
        vly_study_result_free(&result);
        ck_assert_msg(vly_memory_held() == before, "%s: %lld bytes leak", fault,
                      (long long)(vly_memory_held() - before));
        vly_device_close(device);
    }
    run_ok(&result, study, folder);
    ck_assert(result.complete);
    vly_study_result_free(&result);
    run_ok(&result, study, straight);
    vly_study_result_free(&result);
    check_same(folder, straight);
}

START_TEST(a_full_disk_is_a_status_and_the_next_run_mends_it)
{
    check_faults("io", "=ENOSPC", 23);
}
END_TEST

START_TEST(memory_that_is_short_is_a_status_and_the_next_run_mends_it)
{
    check_faults("alloc", "", 61);
}
END_TEST

START_TEST(a_failing_device_is_a_status_and_the_next_run_mends_it)
{
    check_faults("device", "", 3);
}
END_TEST

/* ---- company ---- */

START_TEST(two_processes_share_the_work)
{
    vly_study_result result;
    begin();
    const char *study = put("study.yaml", one), *folder = test_path("shared");
    pid_t children[3];
    for (int i = 0; i < 3; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            vly_status status = run_with(&result, study, folder, NULL, NULL);
            if (status != VLY_OK) fprintf(stderr, "process %d: %s\n", i, vly_error_message());
            _exit(status);
        }
    }
    int done = 0;
    for (int i = 0; i < 3; i++) {
        int status;
        waitpid(children[i], &status, 0);
        ck_assert(WIFEXITED(status));
        ck_assert_msg(WEXITSTATUS(status) == VLY_OK || WEXITSTATUS(status) == VLY_EAGAIN, "exit %d",
                      WEXITSTATUS(status));
        done += WEXITSTATUS(status) == VLY_OK;
    }
    ck_assert_int_ge(done, 1); /* the last one to finish a piece finds everything done */
    ck_assert(vly_path_exists(below(folder, "manifest.json")));
    char *log = text_of(below(folder, "log.txt"));
    int begun = 0;
    for (const char *at = log; (at = strstr(at, ": begins")) != NULL; at++) begun++;
    ck_assert_int_eq(begun, 4); /* nothing was computed twice */
    vly_free(log);
    run_ok(&result, study, test_path("straight"));
    vly_study_result_free(&result);
    check_same(folder, test_path("straight"));
}
END_TEST

START_TEST(what_others_hold_is_left_to_them)
{
    vly_study_result result;
    begin();
    const char *study = put("study.yaml", one), *folder = test_path("held");
    ck_assert_int_eq(run_with(&result, study, folder, "only", "histogram"), VLY_OK);
    vly_study_result_free(&result);
    int other = open(below(folder, "pieces/segment.kmeans.lock"), O_RDWR | O_CREAT, 0666);
    ck_assert_int_eq(flock(other, LOCK_EX), 0);
    test_fails(run_with(&result, study, folder, NULL, NULL), VLY_EAGAIN, "all that is left is being done by others");
    check_states(&result, VLY_PIECE_FINISHED, VLY_PIECE_COMPUTED, VLY_PIECE_ELSEWHERE, VLY_PIECE_MISSING);
    vly_study_result_free(&result);
    close(other);
    run_ok(&result, study, folder); /* the lock went with its holder; its file does no harm */
    ck_assert(result.complete);
    vly_study_result_free(&result);
    put("held/pieces/segment.kmeans.lock", "another-machine process 7\n");
    ck_assert_int_eq(run_with(&result, study, folder, "from", "kmeans"), VLY_EAGAIN);
    ck_assert_ptr_nonnull(strstr(vly_error_message(), "another-machine process 7"));
    vly_study_result_free(&result);
}
END_TEST

/* ---- verify ---- */

START_TEST(verify_runs_again_and_sees_a_forged_label)
{
    vly_study_result result;
    vly_diff_result diff;
    vly_device *device = test_device(1, 0);
    begin();
    const char *folder = test_path("out");
    run_ok(&result, put("study.yaml", one), folder);
    vly_study_result_free(&result);
    ck_assert_int_eq(vly_study_verify(&diff, device, below(folder, "manifest.json")), VLY_OK);
    ck_assert_int_eq(diff.differences, 0);
    vly_diff_result_free(&diff);
    static uint8_t forged[VOXELS];
    write_volume(below(folder, "labels/threshold.tif"), forged, VLY_U8);
    ck_assert_int_eq(vly_study_verify(&diff, device, below(folder, "manifest.json")), VLY_DIFFERENT);
    ck_assert_ptr_nonnull(strstr(diff.words, "labels/threshold.tif: "));
    vly_diff_result_free(&diff);
    ck_assert_int_eq(count_files(test_folder(), "*.verify-*"), 0);
    test_fails(vly_study_verify(&diff, device, below(folder, "compare.json")), VLY_EDATA, "no run_id");
    test_fails(vly_study_verify(&diff, device, test_path("none/manifest.json")), VLY_ENOINPUT, "none/manifest.json");
    vly_device_close(device);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("run_interrupted");
    TEST_CASE(suite, an_interrupted_run_comes_back_with_75_and_goes_on);
    TEST_CASE(suite, a_killed_run_goes_on_to_the_same_bits);
    TEST_CASE(suite, a_run_killed_anywhere_in_a_fresh_folder_goes_on_to_the_same_bits);
    TEST_CASE(suite, a_full_disk_is_a_status_and_the_next_run_mends_it);
    TEST_CASE(suite, memory_that_is_short_is_a_status_and_the_next_run_mends_it);
    TEST_CASE(suite, a_failing_device_is_a_status_and_the_next_run_mends_it);
    TEST_CASE(suite, two_processes_share_the_work);
    TEST_CASE(suite, what_others_hold_is_left_to_them);
    TEST_CASE(suite, verify_runs_again_and_sees_a_forged_label);
    return test_run(suite);
}
