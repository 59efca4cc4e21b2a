/* Helpers of every test: the device under test, volumes to try things on, comparisons that print the first difference. */
#ifndef VLY_SUPPORT_H
#define VLY_SUPPORT_H

#include "core/device_impl.h"
#include "core/memory.h"
#include "voxelyte/volume.h"

#include <check.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Opens VLY_TEST_DEVICE (default cpu). threads 0: all. limit 0: default. */
vly_device *test_device(int32_t threads, int64_t memory_limit);

/* The CPU, whatever is under test. */
vly_device *test_cpu(int32_t threads);

/* Whether the device is an emulated one: 2 us a thread, so 32^3 voxels are the most it can do. */
bool test_emulated(void);

/* Whether volumes have to be small: an emulated device, or a sanitizer, which looks at every access. VLY_TEST_WHOLE=1 has
 * emulated devices do what real ones would, for subjects that one asks for by name. */
bool test_small(void);

/* What lies in device memory when all kernels so far are done; yours to free. */
void *test_fetch(vly_device *device, const void *memory, int64_t bytes);

/* A fixed pseudo-random stream: the same numbers on every machine. */
uint64_t test_random(uint64_t *state);
double test_uniform(uint64_t *state); /* [0, 1) */
double test_normal(uint64_t *state);  /* N(0, 1) */

/* Memory with guard words behind it: checked and freed by test_guarded_free. */
void *test_guarded(size_t bytes);
void test_guarded_free(void *memory, size_t bytes);

/* Fails the test with the first index where the arrays differ. */
void test_equal_u8(const uint8_t *got, const uint8_t *expected, int64_t count, const char *what);
void test_equal_u64(const uint64_t *got, const uint64_t *expected, int64_t count, const char *what);

/* Status as expected, message holds `part` and is one line. */
void test_fails(vly_status got, vly_status expected, const char *part);

/* Fails the first, second, ... call of a seam ("alloc", "device") until an attempt comes through: each failure is a status of
 * its kind and keeps no memory. Returns how many there were. */
int test_every_fault(const char *seam, vly_status (*attempt)(void *self), void *self);

/* A folder of its own below TMPDIR that is removed at exit; test_path joins a name to it (16 rotating buffers). */
const char *test_folder(void);
const char *test_path(const char *name);

/* Writes a text file; returns its path. */
const char *test_write_text(const char *path, const char *text);

/* A file of the shared real volumes, or NULL where they are absent: then the test returns early and says so. */
const char *test_data(const char *name);

/* Runs one suite; the process's exit code: 77 where the device under test is a GPU and there is none. */
int test_run(Suite *suite);

#ifdef __cplusplus
}
#endif

/* Adds the named tests (functions made by START_TEST) to a suite with a roomy time-out. */
#define TEST_CASE(suite, function)                  \
    do {                                            \
        TCase *test_case = tcase_create(#function); \
        tcase_set_timeout(test_case, 240);          \
        tcase_add_test(test_case, function);        \
        suite_add_tcase(suite, test_case);          \
    } while (0)

#endif
