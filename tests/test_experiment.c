/* Measured curves from CSV: what a header says, and what is refused. */
#include "support.h"

#include "core/file.h"
#include "study/experiment.h"

#include <math.h>

static vly_status read_text(vly_experiment *out, const char *text)
{
    const char *path = test_path("curve.csv");
    ck_assert_int_eq(vly_file_publish_text(path, text, true), VLY_OK);
    return vly_experiment_read(out, path);
}

START_TEST(columns_are_found_by_their_units)
{
    static const char *const texts[] = {
        "current_ma_cm2,capacity_mah_cm2,voltage_v\n6,0.5,4.0\n6,1.5,3.9\n",
        "V [mV];Q [Ah/m2];i [A/m2]\r\n4000;5;-60\r\n3900;15;-60\r\n",
        "t [s], Capacity (mAh cm-2), Voltage (V), Current (mA cm^-2)\n# a remark\n0, 0.5, 4.0, 6\n\n9, 1.5, 3.9, 6\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        vly_experiment e;
        ck_assert_msg(read_text(&e, texts[i]) == VLY_OK, "%s", vly_error_message());
        ck_assert_int_eq(e.count, 2);
        ck_assert(fabs(e.capacity[0] - 0.5) < 1e-12 && fabs(e.capacity[1] - 1.5) < 1e-12);
        ck_assert(fabs(e.voltage[0] - 4.0) < 1e-12 && fabs(e.voltage[1] - 3.9) < 1e-12);
        ck_assert(fabs(e.current[1] - 6.0) < 1e-12);
        vly_experiment_free(&e);
    }
}
END_TEST

/* What lithiate writes is an experiment too: of its columns one is called krylov. */
START_TEST(a_word_that_ends_in_a_unit_is_none)
{
    vly_experiment e;
    const char *text = "time_s,capacity_mah_cm2,voltage_v,current_ma_cm2,x_mean,newton,krylov\n0,1,4.1,6,0.3,3,17\n";
    ck_assert_int_eq(read_text(&e, text), VLY_OK);
    ck_assert(e.count == 1 && e.capacity[0] == 1.0 && e.voltage[0] == 4.1 && e.current[0] == 6.0);
    vly_experiment_free(&e);
    test_fails(read_text(&e, "krylov,mah/cm2\n1,2\n"), VLY_EDATA, "voltage in V");
}
END_TEST

START_TEST(a_current_may_be_missing)
{
    vly_experiment e;
    ck_assert_int_eq(read_text(&e, "Q_mAh/cm2,U_V\n1,3.7\n"), VLY_OK);
    ck_assert(e.count == 1 && isnan(e.current[0]) && e.voltage[0] == 3.7);
    vly_experiment_free(&e);
}
END_TEST

START_TEST(unknown_units_and_words_for_numbers_are_refused)
{
    vly_experiment e;
    test_fails(read_text(&e, "Q [C],V\n1,2\n"), VLY_EDATA, "capacity in mAh/cm2");
    test_fails(read_text(&e, "Q [mAh/cm2],U\n1,2\n"), VLY_EDATA, "voltage in V");
    test_fails(read_text(&e, "Q [mAh/cm2],U [V]\n1,2\n1,x\n"), VLY_EDATA, ":3: a number expected in column 2");
    test_fails(read_text(&e, "Q [mAh/cm2],U [V]\n"), VLY_EDATA, "no numbers");
    test_fails(vly_experiment_read(&e, test_path("none.csv")), VLY_ENOINPUT, "none.csv");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("experiment");
    TEST_CASE(suite, columns_are_found_by_their_units);
    TEST_CASE(suite, a_word_that_ends_in_a_unit_is_none);
    TEST_CASE(suite, a_current_may_be_missing);
    TEST_CASE(suite, unknown_units_and_words_for_numbers_are_refused);
    return test_run(suite);
}
