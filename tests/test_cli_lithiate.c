/* The lithiate command: its folder, its exit codes, and going on where it was stopped. */
#include "program_document.h"
#include "program_stop.h"

#include "cell_geometry.h"

#include <math.h>

static const vly_extent EXTENT = {5, 5, 30};
/* The golden geometry's collector is at the low end; few separator layers keep it small. */
#define CELL "lithiate c.raw --quiet --separator high --area raw --separator-layers 6 "

static void write_cell(void)
{
    uint8_t labels[SC10_VOXELS];
    test_sc10(labels);
    program_write_raw("c", labels, "u8", sizeof labels, EXTENT);
}

START_TEST(the_folder_holds_curve_and_result)
{
    program_folder("folder");
    write_cell();
    PROGRAM_DOES(CELL "-o out --current 4 --gamma-cbd 0.12 --cutoff 3.5");
    ck_assert_ptr_nonnull(strstr(program_out, "cut-off"));
    vly_document *d = read_document("out/result.json");
    ck_assert_str_eq(vly_document_string(d, "command"), "lithiate");
    ck_assert_str_eq(vly_document_string(d, "stop_reason"), "cut-off");
    ck_assert(number(d, "cutoff_v") == 3.5 && number(d, "current_ma_cm2") == 4.0);
    ck_assert(fabs(number(d, "voltage_end_v") - 3.5) < 1e-4);
    const double capacity = number(d, "capacity_mah_cm2");
    ck_assert(capacity > 0.4 && capacity < number(d, "outlook.theory_mah_cm2"));
    ck_assert(number(d, "steps") > 10 && number(d, "newton_iterations") > number(d, "steps"));
    ck_assert(number(d, "linear_iterations") >= number(d, "newton_iterations"));
    ck_assert(number(d, "lithium_balance_rel") <= 1e-9 && number(d, "salt_balance_rel") <= 1e-10);
    ck_assert(number(d, "charge_balance_rel") <= 1e-8);
    ck_assert(number(d, "gamma_cbd") == 0.12 && fabs(number(d, "inverse_tau_cbd") - 0.24) < 1e-12);
    ck_assert_int_eq((int)number(d, "geometry.reaction.am_cbd.faces"), 267);
    ck_assert_ptr_nonnull(vly_document_string(d, "materials.cbd_gamma.source"));
    ck_assert_ptr_nonnull(vly_document_string(d, "materials.ocp.source"));
    ck_assert_str_eq(vly_document_string(d, "geometry.reaction.estimator"), "raw");
    const int points = vly_document_length(d, "curve.voltage_v");
    ck_assert_int_eq(points, (int)number(d, "steps") + 1);
    ck_assert_int_eq(vly_document_length(d, "fields"), 3);
    vly_document_free(d);
    program_read(program_out, "out/curve.csv");
    static const char header[] =
        "time_s,capacity_mah_cm2,voltage_v,current_ma_cm2,x_mean,ce_min_mol_m3,lithium_balance_rel";
    ck_assert_int_eq(strncmp(program_out, header, strlen(header)), 0);
    int lines = 0;
    for (const char *c = program_out; *c; c++) lines += *c == '\n';
    ck_assert_int_eq(lines, points + 1);
    PROGRAM_REFUSES(VLY_EOUTPUT, "exists already", CELL "-o out --current 4");
    ck_assert_int_eq(chdir("out"), 0);
    ck_assert_int_eq(program_files(), 2);
}
END_TEST

START_TEST(several_currents_have_a_folder_each_and_fields_as_image_data)
{
    program_folder("several");
    write_cell();
    PROGRAM_DOES(CELL "-o out --current 8,4 --cutoff 3.8 --fields 0.05");
    vly_document *d = read_document("out/result.json");
    ck_assert_int_eq(vly_document_length(d, "curves"), 2);
    ck_assert(number(d, "curves.0.capacity_mah_cm2") < number(d, "curves.1.capacity_mah_cm2"));
    vly_document_free(d);
    ck_assert_int_eq(
        access("out/8/curve.csv", F_OK) | access("out/4/fields_1.vti", F_OK) | access("out/4/fields_2.vti", F_OK), 0);
    /* what is done is not done again: the file stays as it was */
    struct stat before, after;
    ck_assert_int_eq(stat("out/8/result.json", &before), 0);
    ck_assert_int_eq(remove("out/4/result.json"), 0);
    PROGRAM_DOES(CELL "-o out --current 8,4 --cutoff 3.8 --fields 0.05");
    ck_assert_int_eq(stat("out/8/result.json", &after), 0);
    ck_assert(before.st_ino == after.st_ino);
    ck_assert_int_eq(access("out/4/result.json", F_OK), 0);
    PROGRAM_REFUSES(VLY_EOUTPUT, "other labels, materials or options", CELL "-o out --current 8,4 --cutoff 3.7");
}
END_TEST

static bool steps_are_taken(void)
{
    return program_told("\"lithiate\"");
}

START_TEST(stopped_by_a_signal_it_goes_on_to_the_same_file)
{
    program_folder("resume");
    write_cell();
    PROGRAM_DOES(CELL "-o whole --current 4 --threads 1");
    int code =
        program_stop(CELL "-o parts --current 4 --threads 2 --events ../events.jsonl", steps_are_taken, SIGTERM, 0);
    ck_assert_int_eq(code, VLY_EAGAIN);
    ck_assert_ptr_nonnull(strstr(program_err, "run the same command again"));
    ck_assert_int_eq(access("parts/checkpoint", F_OK), 0);
    ck_assert_int_ne(access("parts/curve.csv", F_OK), 0);
    PROGRAM_REFUSES(VLY_EOUTPUT, "another run", CELL "-o parts --current 5");
    PROGRAM_DOES(CELL "-o parts --current 4 --threads 2");
    ck_assert_int_eq(system("cmp whole/curve.csv parts/curve.csv"), 0);
    vly_document *d = read_document("parts/result.json");
    ck_assert(number(d, "resumed_at_step") >= 0.0);
    vly_document_free(d);
    ck_assert_int_ne(access("parts/checkpoint", F_OK), 0);
}
END_TEST

START_TEST(a_dry_run_says_what_it_would_take)
{
    program_folder("dry");
    write_cell();
    PROGRAM_DOES(CELL "-o out --current 6,3 --dry-run");
    ck_assert_ptr_nonnull(strstr(program_out, "limiting current about"));
    ck_assert_ptr_nonnull(strstr(program_out, "at 2 currents"));
    ck_assert_int_eq(program_files(), 2);
}
END_TEST

START_TEST(an_electrode_that_is_sealed_is_doubted)
{
    program_folder("sealed");
    uint8_t labels[SC10_VOXELS];
    test_sc10(labels);
    program_write_raw("c", labels, "u8", sizeof labels, EXTENT);
    PROGRAM_DOES(CELL "--current 6 --dry-run --json");
    ck_assert_ptr_null(strstr(program_out, "no way to the separator"));
    memset(labels + 20 * 25, VLY_AM, 25); /* a wall of active material, ions behind it */
    program_write_raw("c", labels, "u8", sizeof labels, EXTENT);
    PROGRAM_DOES(CELL "--current 6 --dry-run --json");
    ck_assert_ptr_nonnull(strstr(program_out, "% of the electrolyte has no way to the separator"));
}
END_TEST

START_TEST(what_makes_no_sense_is_refused)
{
    program_folder("refused");
    write_cell();
    PROGRAM_REFUSES(VLY_EUSAGE, "no current", "lithiate c.raw --quiet");
    PROGRAM_REFUSES(VLY_EUSAGE, "current of 0", CELL "--current 0");
    PROGRAM_REFUSES(VLY_EUSAGE, "numbers", CELL "--current six");
    PROGRAM_REFUSES(VLY_EUSAGE, "each number once", CELL "--current 6,6");
    PROGRAM_REFUSES(VLY_EUSAGE, "no such parameter", CELL "--current 6 --set sodium=1");
    PROGRAM_REFUSES(VLY_EUSAGE, "NAME=VALUE", CELL "--current 6 --set cutoff");
    PROGRAM_REFUSES(VLY_EUSAGE, "from 1e-06 to 1", CELL "--current 6 --gamma-cbd 2");
    PROGRAM_REFUSES(VLY_EUSAGE, "at most the 5", CELL "--current 6 --crop 6");
    PROGRAM_REFUSES(VLY_EUSAGE, "ascending", CELL "--current 6 --fields 2,1");
    PROGRAM_REFUSES(VLY_ENOINPUT, "none.json", CELL "--current 6 --parameters none.json");
    PROGRAM_REFUSES(VLY_EDATA, "cut-off", CELL "--current 6 --cutoff 4.5");
    PROGRAM_REFUSES(VLY_EDATA, "no active material", "lithiate c.raw --quiet --current 6 --labels pore=0,cbd=1,cbd=2");
    ck_assert_int_eq(program_files(), 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_lithiate");
    TEST_CASE(suite, the_folder_holds_curve_and_result);
    TEST_CASE(suite, several_currents_have_a_folder_each_and_fields_as_image_data);
    TEST_CASE(suite, stopped_by_a_signal_it_goes_on_to_the_same_file);
    TEST_CASE(suite, a_dry_run_says_what_it_would_take);
    TEST_CASE(suite, an_electrode_that_is_sealed_is_doubted);
    TEST_CASE(suite, what_makes_no_sense_is_refused);
    return test_run(suite);
}
