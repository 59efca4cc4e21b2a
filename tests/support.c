#include "support.h"

#include "core/fault.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TEST_SKIPPED = 77 }; /* as the other tools of the build have it */

static vly_device *open_device(const char *name, int32_t threads, int64_t memory_limit)
{
    vly_device_options options = VLY_DEVICE_OPTIONS_INIT;
    options.threads = threads;
    options.memory_limit = memory_limit;
    vly_device *device;
    vly_status status = vly_device_open(&device, name, &options);
    ck_assert_msg(status == VLY_OK, "device: %s", vly_error_message());
    return device;
}

vly_device *test_device(int32_t threads, int64_t memory_limit)
{
    const char *name = getenv("VLY_TEST_DEVICE");
    return open_device(name ? name : "cpu", threads, memory_limit);
}

vly_device *test_cpu(int32_t threads)
{
    return open_device("cpu", threads, 0);
}

bool test_emulated(void)
{
    const char *emulated = getenv("VLY_TEST_EMULATED");
    return emulated && *emulated;
}

bool test_small(void)
{
#if defined __SANITIZE_THREAD__ || defined __SANITIZE_ADDRESS__
    return true;
#else
    return test_emulated() && !getenv("VLY_TEST_WHOLE");
#endif
}

void *test_fetch(vly_device *device, const void *memory, int64_t bytes)
{
    void *copy = malloc((size_t)bytes);
    ck_assert_ptr_nonnull(copy);
    ck_assert_int_eq(vly_device_wait(device), VLY_OK);
    ck_assert_int_eq(vly_device_download(device, copy, memory, bytes), VLY_OK);
    return copy;
}

uint64_t test_random(uint64_t *state)
{
    return vly_hash(++*state, 12345);
}

double test_uniform(uint64_t *state)
{
    return (double)(test_random(state) >> 11) * 0x1p-53;
}

double test_normal(uint64_t *state)
{
    double radius = sqrt(-2.0 * log(1.0 - test_uniform(state)));
    return radius * cos(6.283185307179586 * test_uniform(state));
}

enum { GUARD_BYTES = 64, GUARD = 0xA5 };

void *test_guarded(size_t bytes)
{
    unsigned char *block = malloc(bytes + 2 * GUARD_BYTES);
    ck_assert_ptr_nonnull(block);
    memset(block, GUARD, bytes + 2 * GUARD_BYTES);
    return block + GUARD_BYTES;
}

void test_guarded_free(void *memory, size_t bytes)
{
    unsigned char *block = (unsigned char *)memory - GUARD_BYTES;
    for (size_t i = 0; i < GUARD_BYTES; i++) {
        if (block[i] != GUARD) ck_abort_msg("written %zu bytes before the array", GUARD_BYTES - i);
        if (block[GUARD_BYTES + bytes + i] != GUARD) ck_abort_msg("written %zu bytes behind the array", i);
    }
    free(block);
}

/* Check notes every assertion it passes, with a write to a pipe: one assertion an array, not one an element. */
void test_equal_u8(const uint8_t *got, const uint8_t *expected, int64_t count, const char *what)
{
    int64_t i = 0;
    while (i < count && got[i] == expected[i]) i++;
    if (i < count)
        ck_abort_msg("%s: first difference at %lld: %d, expected %d", what, (long long)i, got[i], expected[i]);
}

void test_equal_u64(const uint64_t *got, const uint64_t *expected, int64_t count, const char *what)
{
    int64_t i = 0;
    while (i < count && got[i] == expected[i]) i++;
    if (i < count)
        ck_abort_msg("%s: first difference at %lld: %llu, expected %llu", what, (long long)i,
                     (unsigned long long)got[i], (unsigned long long)expected[i]);
}

void test_fails(vly_status got, vly_status expected, const char *part)
{
    const char *message = vly_error_message();
    ck_assert_msg(got == expected, "status %d, expected %d (%s)", got, expected, message);
    ck_assert_msg(strstr(message, part) != NULL, "message \"%s\" does not speak of \"%s\"", message, part);
    ck_assert_msg(strchr(message, '\n') == NULL, "message has several lines: %s", message);
}

static char folder[256];
static pid_t folder_owner;

static void remove_folder(void)
{
    char command[300];
    if (getpid() != folder_owner) return; /* a forked test leaves it to the runner */
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command) != 0) fprintf(stderr, "%s was left behind\n", folder);
}

/* Made before Check forks, so that the parent removes it. */
const char *test_folder(void)
{
    if (!*folder) {
        const char *base = getenv("TMPDIR");
        snprintf(folder, sizeof folder, "%s/voxelyte-test-XXXXXX", base && *base ? base : "/tmp");
        if (!mkdtemp(folder)) {
            perror(folder);
            exit(1);
        }
        folder_owner = getpid();
        atexit(remove_folder);
    }
    return folder;
}

const char *test_path(const char *name)
{
    static char paths[16][512];
    static int next;
    char *path = paths[next++ % 16];
    snprintf(path, sizeof paths[0], "%s/%s", test_folder(), name);
    return path;
}

const char *test_write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
    return path;
}

const char *test_data(const char *name)
{
    static char path[512];
    const char *root = getenv("VLY_DATA_DIR");
#ifdef __SANITIZE_THREAD__
    root = NULL; /* minutes each */
#endif
    if (!root || !*root) return NULL;
    snprintf(path, sizeof path, "%s/%s", root, name);
    if (access(path, R_OK) != 0) {
        fprintf(stderr, "skipped: %s is not there\n", name);
        return NULL;
    }
    return path;
}

int test_every_fault(const char *seam, vly_status (*attempt)(void *self), void *self)
{
    const bool memory = strcmp(seam, "alloc") == 0;
    const int64_t held = vly_memory_held();
    vly_status status = VLY_EINTERNAL;
    int failed = 0;
    for (int site = 1; status != VLY_OK; site++) {
        char plan[40];
        snprintf(plan, sizeof plan, "%s:%d", seam, site);
        setenv("VLY_FAULT", plan, 1);
        vly_fault_reset();
        status = attempt(self);
        unsetenv("VLY_FAULT");
        vly_fault_reset();
        ck_assert_msg(status == VLY_OK || status == VLY_EMEMORY || (status == VLY_EDEVICE && !memory), "%s: %s", plan,
                      vly_error_message());
        ck_assert_msg(vly_memory_held() == held, "%s: memory is still held", plan);
        failed += status != VLY_OK;
    }
    return failed;
}

/* Whether this machine lacks the GPU that VLY_TEST_DEVICE asks for. Asked in a process of its own: what CUDA holds does not
 * survive the fork of a test. */
static bool lacks_device(void)
{
    const char *name = getenv("VLY_TEST_DEVICE");
    int status = 0;
    if (!name || strncmp(name, "cuda", 4) != 0 || test_emulated()) return false;
    pid_t child = fork();
    if (child == 0) {
        vly_device *device;
        if (vly_device_open(&device, name, NULL) == VLY_OK) _exit(0);
        printf("skipped: %s\n", vly_error_message());
        fflush(stdout);
        _exit(TEST_SKIPPED);
    }
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == TEST_SKIPPED;
}

int test_run(Suite *suite)
{
    if (lacks_device()) return TEST_SKIPPED;
    setenv("VLY_TEST", "1", 1);
    test_folder();
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
