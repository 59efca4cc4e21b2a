/* Extents, messages, memory, the pool, and planned faults. */
#include "support.h"

#include "core/fault.h"
#include "core/pool.h"

#include <stdlib.h>

START_TEST(an_extent_above_two_to_the_forty_is_refused)
{
    ck_assert_int_eq(vly_extent_check(1 << 20, 1 << 20, 1, "volume"), VLY_OK);
    test_fails(vly_extent_check(1 << 20, 1 << 20, 2, "volume"), VLY_EDATA, "2^40");
    test_fails(vly_extent_check(2147483647, 2147483647, 2147483647, "volume"), VLY_EDATA, "2^40");
    test_fails(vly_extent_check(0, 5, 5, "volume"), VLY_EDATA, "sides");
    test_fails(vly_extent_check(INT64_C(1) << 31, 1, 1, "volume"), VLY_EDATA, "sides");
}
END_TEST

START_TEST(a_message_may_hold_the_one_before)
{
    vly_fail(VLY_EIO, "page 3");
    ck_assert_int_eq(vly_fail(VLY_EIO, "a.tif: %s", vly_error_message()), VLY_EIO);
    ck_assert_str_eq(vly_error_message(), "a.tif: page 3");
}
END_TEST

START_TEST(a_message_is_one_line_whatever_it_quotes)
{
    vly_fail(VLY_EDATA, "%s: is no volume", "a\nb\x1b[31m\tµ.tif");
    ck_assert_str_eq(vly_error_message(), "a?b?[31m?µ.tif: is no volume");
}
END_TEST

START_TEST(memory_is_cleared_aligned_and_counted)
{
    int64_t before = vly_memory_held();
    double *values;
    ck_assert_int_eq(VLY_NEW(&values, 1000, "values"), VLY_OK);
    ck_assert_int_eq((uintptr_t)values % 64, 0);
    for (int i = 0; i < 1000; i++) ck_assert(values[i] == 0.0);
    ck_assert_int_eq(vly_memory_held() - before, 8000);
    vly_free(values);
    ck_assert_int_eq(vly_memory_held(), before);
    test_fails(VLY_NEW(&values, INT64_MAX / 4, "values"), VLY_EMEMORY, "values");
    ck_assert_ptr_null(values);
}
END_TEST

START_TEST(the_planned_allocation_fails_and_no_other)
{
    int *memory;
    setenv("VLY_FAULT", "alloc:2", 1);
    vly_fault_reset();
    ck_assert_int_eq(VLY_NEW(&memory, 1, "first"), VLY_OK);
    vly_free(memory);
    test_fails(VLY_NEW(&memory, 1, "second"), VLY_EMEMORY, "second");
    ck_assert_int_eq(VLY_NEW(&memory, 1, "third"), VLY_OK);
    vly_free(memory);
    setenv("VLY_FAULT", "alloc:1+", 1);
    vly_fault_reset();
    for (int i = 0; i < 3; i++) test_fails(VLY_NEW(&memory, 1, "any"), VLY_EMEMORY, "any");
    unsetenv("VLY_FAULT");
    vly_fault_reset();
}
END_TEST

enum { ITEMS = 5000 };

static vly_status mark(void *self, int64_t item, int32_t worker)
{
    int *marks = self;
    ck_assert_int_ge(worker, 0);
    marks[item]++;
    return VLY_OK;
}

START_TEST(every_item_runs_once)
{
    static int marks[ITEMS];
    for (int threads = 1; threads <= 8; threads *= 2) {
        vly_pool pool;
        ck_assert_int_eq(vly_pool_start(&pool, threads), VLY_OK);
        ck_assert_int_eq(vly_pool_run(&pool, ITEMS, mark, marks), VLY_OK);
        ck_assert_int_eq(vly_pool_run(&pool, 0, mark, marks), VLY_OK);
        vly_pool_stop(&pool);
    }
    for (int i = 0; i < ITEMS; i++) ck_assert_int_eq(marks[i], 4);
}
END_TEST

static vly_status fail_on_some(void *self, int64_t item, int32_t worker)
{
    (void)self, (void)worker;
    return item == 7 || item >= 9 ? vly_fail(VLY_EDATA, "item %d", (int)item) : VLY_OK;
}

START_TEST(a_failure_comes_back_with_its_message)
{
    vly_pool pool;
    ck_assert_int_eq(vly_pool_start(&pool, 1), VLY_OK);
    test_fails(vly_pool_run(&pool, 100, fail_on_some, NULL), VLY_EDATA, "item 7");
    vly_pool_stop(&pool);
    ck_assert_int_eq(vly_pool_start(&pool, 4), VLY_OK);
    for (int i = 0; i < 50; i++) test_fails(vly_pool_run(&pool, 100, fail_on_some, NULL), VLY_EDATA, "item");
    vly_pool_stop(&pool);
}
END_TEST

typedef struct submitter {
    vly_pool *pool;
    int marks[ITEMS];
} submitter;

static void *submit(void *self)
{
    submitter *s = self;
    for (int i = 0; i < 3; i++) vly_pool_run(s->pool, ITEMS, mark, s->marks);
    return NULL;
}

START_TEST(two_threads_may_submit_at_once)
{
    static submitter s[2];
    vly_pool pool;
    pthread_t thread;
    ck_assert_int_eq(vly_pool_start(&pool, 3), VLY_OK);
    s[0].pool = s[1].pool = &pool;
    ck_assert_int_eq(pthread_create(&thread, NULL, submit, &s[0]), 0);
    submit(&s[1]);
    pthread_join(thread, NULL);
    vly_pool_stop(&pool);
    for (int i = 0; i < ITEMS; i++) ck_assert(s[0].marks[i] == 3 && s[1].marks[i] == 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base");
    TEST_CASE(suite, an_extent_above_two_to_the_forty_is_refused);
    TEST_CASE(suite, a_message_may_hold_the_one_before);
    TEST_CASE(suite, a_message_is_one_line_whatever_it_quotes);
    TEST_CASE(suite, memory_is_cleared_aligned_and_counted);
    TEST_CASE(suite, the_planned_allocation_fails_and_no_other);
    TEST_CASE(suite, every_item_runs_once);
    TEST_CASE(suite, a_failure_comes_back_with_its_message);
    TEST_CASE(suite, two_threads_may_submit_at_once);
    return test_run(suite);
}
