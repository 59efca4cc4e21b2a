/* The programs in samples/c, run as a user would, tell what the program tells. */
#include "program.h"

#include <math.h>

/* Runs a sample, which succeeds; what it says is in program_out. */
static void sample_says(const char *format, ...) VLY_PRINTF(1, 2);
static void sample_says(const char *format, ...)
{
    char words[4096], line[8192];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    const char *folder = getenv("VLY_SAMPLES");
    ck_assert_msg(folder != NULL, "VLY_SAMPLES is to name the folder of the samples' programs");
    snprintf(line, sizeof line, "'%s'/%s >../out.txt 2>../err.txt", folder, words);
    int status = system(line);
    program_read(program_out, "../out.txt");
    program_read(program_err, "../err.txt");
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s: %s", words, program_err);
}

static double number_after(const char *text, const char *words)
{
    const char *at = strstr(text, words);
    ck_assert_msg(at != NULL, "no \"%s\" in %s", words, text);
    return strtod(at + strlen(words), NULL);
}

START_TEST(segment_writes_the_labels_that_the_program_writes)
{
    program_folder("segment");
    program_write_grey("g", (vly_extent){30, 24, 20});
    sample_says("use_segment g.raw sample.tif am=0.5,cbd=0.3,pore=0.2");
    ck_assert(number_after(program_out, "\nam ") == 7200);
    PROGRAM_DOES("segment g.raw -o program.tif --fractions am=0.5,cbd=0.3,pore=0.2");
    PROGRAM_DOES("diff sample.tif program.tif");
}
END_TEST

START_TEST(describe_and_transport_tell_what_the_program_tells)
{
    program_folder("describe");
    program_write_grey("g", (vly_extent){30, 24, 20});
    PROGRAM_DOES("segment g.raw -o l.tif --fractions am=0.5,cbd=0.3,pore=0.2");
    sample_says("use_describe l.tif");
    double surface = number_after(program_out, "pore fraction 0.2000  surface ");
    sample_says("use_transport l.tif 0.12");
    double z = number_after(program_out, "z: D_eff/D = ");
    PROGRAM_DOES("describe l.tif --quantities surface --json");
    ck_assert(fabs(number_after(strstr(program_out, "\"pore\""), "\"surface_per_um\": ") - surface) <=
              5.1e-5); /* rounded */
    PROGRAM_DOES("transport l.tif --conduct pore=1,cbd=0.12 --json");
    ck_assert(fabs(number_after(strstr(program_out, "\"z\": {"), "\"d_eff_rel\": ") - z) <= 5.1e-7);
}
END_TEST

START_TEST(mistakes_are_one_line)
{
    char line[4200];
    program_folder("mistakes");
    snprintf(line, sizeof line, "'%s'/use_transport none.tif 0.12 2>../err.txt", getenv("VLY_SAMPLES"));
    ck_assert_int_eq(WEXITSTATUS(system(line)), VLY_ENOINPUT);
    program_read(program_err, "../err.txt");
    ck_assert_ptr_nonnull(strstr(program_err, "use_transport: none.tif"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("samples");
    TEST_CASE(suite, segment_writes_the_labels_that_the_program_writes);
    TEST_CASE(suite, describe_and_transport_tell_what_the_program_tells);
    TEST_CASE(suite, mistakes_are_one_line);
    return test_run(suite);
}
