/* The benchmark runs every stage and holds it against a bound; how fast is not a test's business. */
#include "support.h"

#include "voxelyte/bench.h"

#include <string.h>

START_TEST(every_stage_gives_rows_with_a_rate)
{
    vly_device *device = test_device(2, 0);
    vly_bench_result r;
    vly_bench_options options = VLY_BENCH_OPTIONS_INIT;
    options.side = 24;
    options.repeats = test_small() ? 1 : 2;
    options.scratch = test_folder();
    ck_assert_msg(vly_bench(&r, device, &options) == VLY_OK, "%s", vly_error_message());
    for (int32_t s = 0; vly_bench_stage(s); s++) {
        int32_t rows = 0;
        for (int32_t i = 0; i < r.count; i++) rows += strcmp(r.rows[i].stage, vly_bench_stage(s)) == 0;
        ck_assert_msg(rows > 0, "%s has no row", vly_bench_stage(s));
    }
    for (int32_t i = 0; i < r.count; i++) {
        ck_assert(r.rows[i].rate > 0.0 && r.rows[i].best <= r.rows[i].seconds && r.rows[i].seconds <= r.rows[i].worst);
        ck_assert(strlen(r.rows[i].what) > 0 && strlen(r.rows[i].unit) > 0);
        ck_assert(r.rows[i].counted == test_emulated());
    }
    vly_device_close(device);
}
END_TEST

START_TEST(only_the_named_stage_and_the_ceilings_run)
{
    vly_device *device = test_device(1, 0);
    vly_bench_result r;
    const char *names[] = {"label"};
    vly_bench_options options = {.stages = names, .stage_count = 1, .side = 8, .repeats = 1};
    ck_assert_int_eq(vly_bench(&r, device, &options), VLY_OK);
    ck_assert_int_eq(r.count, 3);
    ck_assert_str_eq(r.rows[2].stage, "label");
    names[0] = "tables";
    test_fails(vly_bench(&r, device, &options), VLY_EUSAGE, "no stage \"tables\"");
    names[0] = "label", options.side = 1;
    test_fails(vly_bench(&r, device, &options), VLY_EUSAGE, "side");
    vly_device_close(device);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bench");
    TEST_CASE(suite, every_stage_gives_rows_with_a_rate);
    TEST_CASE(suite, only_the_named_stage_and_the_ceilings_run);
    return test_run(suite);
}
