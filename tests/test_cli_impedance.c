/* The impedance command: its folder, its spectrum, and what it refuses. */
#include "program_document.h"

#include "cell_geometry.h"

#include <math.h>

static const vly_extent EXTENT = {5, 5, 30};
#define CELL "impedance c.raw --quiet --separator high --area raw --separator-layers 6 "

static void write_cell(void)
{
    uint8_t labels[SC10_VOXELS];
    test_sc10(labels);
    program_write_raw("c", labels, "u8", sizeof labels, EXTENT);
}

START_TEST(the_folder_holds_spectrum_and_result)
{
    program_folder("folder");
    write_cell();
    PROGRAM_DOES(CELL "-o out --gamma-cbd 0.12 --frequencies 0.1,10000 --per-decade 4");
    ck_assert_ptr_nonnull(strstr(program_out, "R_ion of an electrode"));
    vly_document *d = read_document("out/result.json");
    ck_assert_str_eq(vly_document_string(d, "command"), "impedance");
    ck_assert_str_eq(vly_document_string(d, "method"), "harmonic");
    ck_assert(number(d, "gamma_cbd") == 0.12);
    /* contract: R_ion of one electrode from the limit of the whole cell */
    ck_assert(fabs(number(d, "r_ion_ohm_cm2") / (1.5 * (number(d, "r_lf_ohm_cm2") - number(d, "r_hf_ohm_cm2"))) - 1) <
              1e-9);
    ck_assert(fabs(number(d, "tau_electrode") * number(d, "gamma_electrode") / number(d, "electrolyte_fraction") - 1) <
              1e-9);
    const int points = vly_document_length(d, "spectrum.frequency_hz");
    ck_assert_int_eq(points, 5 * 4 + 1);
    ck_assert(number(d, "spectrum.frequency_hz.0") == 1e4);
    ck_assert(number(d, "spectrum.z_im_ohm_cm2.20") < 0 && number(d, "spectrum.z_re_ohm_cm2.20") > 0);
    vly_document_free(d);
    program_read(program_out, "out/spectrum.csv");
    static const char header[] = "frequency_hz,z_re_ohm_cm2,z_im_ohm_cm2\n10000,";
    ck_assert_int_eq(strncmp(program_out, header, strlen(header)), 0);
    int lines = 0;
    for (const char *c = program_out; *c; c++) lines += *c == '\n';
    ck_assert_int_eq(lines, points + 1);
    PROGRAM_REFUSES(VLY_EOUTPUT, "exists already", CELL "-o out");
}
END_TEST

START_TEST(a_step_of_the_voltage_tells_the_same)
{
    program_folder("step");
    write_cell();
    PROGRAM_DOES(CELL "-o a --frequencies 1,100 --per-decade 1");
    PROGRAM_DOES(CELL "-o b --frequencies 1,100 --per-decade 1 --method step");
    vly_document *a = read_document("a/result.json"), *b = read_document("b/result.json");
    for (int i = 0; i < 3; i++) {
        char re[40], im[40];
        snprintf(re, sizeof re, "spectrum.z_re_ohm_cm2.%d", i);
        snprintf(im, sizeof im, "spectrum.z_im_ohm_cm2.%d", i);
        const double size = hypot(number(a, re), number(a, im));
        ck_assert(hypot(number(a, re) - number(b, re), number(a, im) - number(b, im)) < 5e-3 * size); /* issue: 0.5 % */
    }
    vly_document_free(a);
    vly_document_free(b);
}
END_TEST

START_TEST(what_makes_no_sense_is_refused)
{
    program_folder("refused");
    write_cell();
    PROGRAM_REFUSES(VLY_EUSAGE, "LOWEST,HIGHEST above 0", CELL "-o out --frequencies 0,10");
    PROGRAM_REFUSES(VLY_EUSAGE, "a crop of 9 voxels", CELL "-o out --crop 9");
    PROGRAM_REFUSES(VLY_EUSAGE, "harmonic", CELL "-o out --method steps");
    ck_assert_int_ne(access("out", F_OK), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_impedance");
    TEST_CASE(suite, the_folder_holds_spectrum_and_result);
    TEST_CASE(suite, a_step_of_the_voltage_tells_the_same);
    TEST_CASE(suite, what_makes_no_sense_is_refused);
    return test_run(suite);
}
