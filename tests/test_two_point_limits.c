/* Two-point functions: what must not matter (threads, memory), what fails, and what comes in. */
#include "two_point_run.h"

#include <stdio.h>

static void check_same(const vly_two_point_result *a, const vly_two_point_result *b)
{
    int64_t lags = 6;
    for (int i = 0; i < 3; i++) lags *= 2 * a->lag[i] + 1;
    test_equal_u64((const uint64_t *)b->counts, (const uint64_t *)a->counts, lags, "pair counts");
    ck_assert_int_eq(a->shell_count, b->shell_count);
    ck_assert_mem_eq(a->shells, b->shells, (size_t)a->shell_count * sizeof *a->shells);
    ck_assert_mem_eq(a->curve, b->curve, (size_t)(a->reach + 1) * sizeof *a->curve);
}

/* How many limits did, each four fifths of the one before, down to what is too little. */
static int compare_within_less_and_less(vly_device *device, vly_source *source, const vly_two_point_options *options,
                                        int64_t bytes, const vly_two_point_result *whole)
{
    vly_two_point_result cut;
    int64_t *limit = device->unified ? &device->memory_limit : &device->device_memory_limit;
    for (int runs = 0;; runs++) {
        bytes = bytes * 4 / 5;
        *limit = bytes + (device->unified ? vly_memory_held() : 0);
        vly_status status = vly_two_point(&cut, device, source, options);
        if (status == VLY_EMEMORY) return runs;
        if (status != VLY_OK) ck_abort_msg("%s", vly_error_message());
        check_same(whole, &cut);
        vly_two_point_free(&cut);
    }
}

START_TEST(threads_and_memory_limits_change_nothing)
{
    vly_extent e = test_small() ? (vly_extent){13, 9, 17} : (vly_extent){40, 36, 61};
    uint8_t *labels = random_labels(e, ONE_IN_SEVEN_OUTSIDE, 14);
    int32_t reach = test_small() ? 3 : 8;
    for (int periodic = 0; periodic < 2; periodic++) {
        vly_two_point_options options = {.counts = true, .reach = reach, .periodic = periodic};
        vly_two_point_result whole = compute_once(labels, e, options);
        vly_device *device = test_device(3, 0);
        int64_t host, own;
        vly_source *source;
        ck_assert_int_eq(vly_source_memory(&source, labels, VLY_U8, e, NULL), VLY_OK);
        ck_assert_int_eq(vly_two_point_measure(&host, &own, device, source, &options), VLY_OK);
        ck_assert_int_ge(compare_within_less_and_less(device, source, &options, device->unified ? host : own, &whole),
                         3);
        vly_source_close(source);
        vly_device_close(device);
        vly_two_point_free(&whole);
    }
    free(labels);
}
END_TEST

START_TEST(too_little_memory_is_said_with_what_is_needed)
{
    vly_extent e = {40, 40, 40};
    uint8_t *labels = random_labels(e, NOTHING_OUTSIDE, 15);
    vly_two_point_result r;
    vly_two_point_options options = {.counts = true, .reach = 10};
    vly_source *source;
    vly_device *device = test_device(1, 1 << 19);
    if (!device->unified) device->device_memory_limit = 1 << 19;
    ck_assert_int_eq(vly_source_memory(&source, labels, VLY_U8, e, NULL), VLY_OK);
    test_fails(vly_two_point(&r, device, source, &options), VLY_EMEMORY, "at least");
    ck_assert_ptr_null(r.counts);
    vly_source_close(source);
    vly_device_close(device);
    free(labels);
}
END_TEST

START_TEST(the_need_is_known_before_and_kept)
{
    if (test_emulated()) return; /* its memory is not ours to count */
    vly_extent e = {50, 40, 60};
    uint8_t *labels = random_labels(e, NOTHING_OUTSIDE, 16);
    vly_two_point_options options = {.counts = true, .reach = 15};
    vly_two_point_result r;
    vly_source *source;
    vly_device *device = test_device(2, 0);
    int64_t host, own;
    ck_assert_int_eq(vly_source_memory(&source, labels, VLY_U8, e, NULL), VLY_OK);
    ck_assert_int_eq(vly_two_point_measure(&host, &own, device, source, &options), VLY_OK);
    int64_t before = vly_memory_held();
    ck_assert_int_eq(vly_two_point(&r, device, source, &options), VLY_OK);
    ck_assert_int_le(vly_memory_peak() - before, host);
    ck_assert_int_ge(vly_memory_peak() - before, host * 9 / 10); /* and is not asked for in vain */
    vly_two_point_free(&r);
    vly_source_close(source);
    vly_device_close(device);
    free(labels);
}
END_TEST

/* What is tried while something fails. */
typedef struct attempt {
    vly_device *device;
    vly_source *source;
} attempt;

static vly_status measure(void *self)
{
    const attempt *a = self;
    const vly_two_point_options options = {.counts = true, .reach = 2};
    vly_two_point_result r;
    const vly_status status = vly_two_point(&r, a->device, a->source, &options);
    vly_two_point_free(&r);
    return status;
}

START_TEST(every_failure_comes_back_and_nothing_leaks)
{
    vly_extent e = {6, 7, 8};
    uint8_t *labels = random_labels(e, NOTHING_OUTSIDE, 17);
    attempt a = {.device = test_device(1, 0)};
    ck_assert_int_eq(vly_source_memory(&a.source, labels, VLY_U8, e, NULL), VLY_OK);
    ck_assert_int_gt(test_every_fault("alloc", measure, &a), 5);
    ck_assert_int_gt(test_every_fault("device", measure, &a), 5);
    vly_source_close(a.source);
    vly_device_close(a.device);
    free(labels);
}
END_TEST

/* ---- what comes in ---- */

START_TEST(an_empty_phase_has_no_covariance)
{
    uint8_t labels[6 * 6 * 6];
    memset(labels, VLY_AM, sizeof labels);
    labels[7] = VLY_PORE;
    vly_two_point_result r = compute_once(labels, (vly_extent){6, 6, 6}, VLY_TWO_POINT_OPTIONS_INIT);
    ck_assert(r.shortened);
    ck_assert_int_eq(r.reach, 3);
    for (int h = 0; h <= 3; h++) {
        ck_assert_double_eq(r.curve[h].c[VLY_TWO_POINT_CBD_CBD], 0);
        ck_assert_double_eq(r.curve[h].c[VLY_TWO_POINT_AM_CBD], 0);
    }
    ck_assert_int_eq(r.voxels[VLY_CBD], 0);
    vly_two_point_free(&r);
}
END_TEST

static void check_refused(const uint8_t *labels, double z_size, int32_t reach, vly_status expected, const char *part)
{
    vly_source *source;
    vly_two_point_result r;
    vly_voxel_size size = {1e-6, 1e-6, z_size, VLY_SIZE_FROM_FILE, "test"};
    vly_two_point_options options = {.counts = true, .reach = reach};
    vly_device *device = test_device(1, 0);
    ck_assert_int_eq(vly_source_memory(&source, labels, VLY_U8, (vly_extent){4, 4, 4}, &size), VLY_OK);
    test_fails(vly_two_point(&r, device, source, &options), expected, part);
    vly_source_close(source);
    vly_device_close(device);
}

START_TEST(what_has_no_answer_is_refused)
{
    uint8_t labels[64];
    memset(labels, VLY_OUTSIDE, sizeof labels);
    check_refused(labels, 1e-6, 1, VLY_EDATA, "E_ROI");
    check_refused(labels, 2e-6, 1, VLY_EDATA, "E_ANISO");
    check_refused(labels, 1e-6, -1, VLY_EUSAGE, "reach");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("two_point_limits");
    TEST_CASE(suite, threads_and_memory_limits_change_nothing);
    TEST_CASE(suite, too_little_memory_is_said_with_what_is_needed);
    TEST_CASE(suite, the_need_is_known_before_and_kept);
    TEST_CASE(suite, every_failure_comes_back_and_nothing_leaks);
    TEST_CASE(suite, an_empty_phase_has_no_covariance);
    TEST_CASE(suite, what_has_no_answer_is_refused);
    return test_run(suite);
}
