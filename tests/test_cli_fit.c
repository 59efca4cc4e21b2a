/* The fit command: the gamma that an experiment was made with, found again; going on where it was stopped; what is refused. */
#include "program_document.h"
#include "program_stop.h"

#include <math.h>

/* Columns of active material beside columns of carbon-binder, 72 um high: all salt goes through binder. Coarse in space and
 * time, so that a curve takes a tenth of a second. */
#define OPTIONS \
    "--quiet --area raw --separator-layers 4 --voxel-size 6um --set solid_diffusivity=5e-13 --time-tolerance 1e-2 "
#define CURRENT "6"
#define FIT "fit c.raw --experiment curve.csv " OPTIONS

static const double TRUTH = 0.1;

static void write_cell(void)
{
    uint8_t labels[12 * 9];
    for (int i = 0; i < 12 * 9; i++) labels[i] = i % 9 % 2 ? VLY_CBD : VLY_AM;
    program_write_raw("c", labels, "u8", sizeof labels, (vly_extent){3, 3, 12});
}

static void append_curve(FILE *to, const char *current, double noise, uint64_t *state)
{
    char path[64];
    PROGRAM_DOES("lithiate c.raw " OPTIONS "-o truth_%s --current %s --gamma-cbd %g", current, current, TRUTH);
    snprintf(path, sizeof path, "truth_%s/result.json", current);
    vly_document *d = read_document(path);
    ck_assert_str_eq(vly_document_string(d, "stop_reason"), "cut-off");
    for (int i = 0; i < vly_document_length(d, "curve.voltage_v"); i++) {
        char at[64];
        snprintf(at, sizeof at, "curve.capacity_mah_cm2.%d", i);
        const double q = number(d, at);
        snprintf(at, sizeof at, "curve.voltage_v.%d", i);
        fprintf(to, "%s,%.9g,%.3f\n", current, 10.0 * q, 1e3 * (number(d, at) + noise * test_normal(state)));
    }
    vly_document_free(d);
}

/* Measured in other units than ours, with 2 mV of noise. */
static void write_experiment(bool both)
{
    uint64_t state = 5;
    FILE *csv = fopen("curve.csv", "w");
    ck_assert_ptr_nonnull(csv);
    fprintf(csv, "i [mA/cm2],Q [Ah/m2],U [mV]\n");
    append_curve(csv, CURRENT, 2e-3, &state);
    if (both) append_curve(csv, "4", 2e-3, &state);
    fclose(csv);
}

START_TEST(the_gamma_of_an_experiment_is_found_again)
{
    program_folder("found");
    write_cell();
    write_experiment(true);
    PROGRAM_DOES(FIT "-o fit.json --current " CURRENT " --predict");
    ck_assert_ptr_nonnull(strstr(program_out, "95 % interval"));
    ck_assert_ptr_nonnull(strstr(program_out, "predicted at 4 mA/cm2"));
    vly_document *d = read_document("fit.json");
    const double gamma = number(d, "gamma");
    ck_assert_str_eq(vly_document_string(d, "command"), "fit");
    ck_assert_msg(fabs(log(gamma / TRUTH)) < 0.05, "gamma %g", gamma);
    ck_assert(number(d, "interval.0") < TRUTH && TRUTH < number(d, "interval.1"));
    ck_assert_double_eq_tol(number(d, "tau"), 0.5 / gamma, 1e-9);
    ck_assert_double_eq_tol(number(d, "inverse_tau"), 2.0 * gamma, 1e-12);
    ck_assert_double_le(number(d, "rms_mv"), 4.0);
    ck_assert(number(d, "evaluations") >= 3 && number(d, "evaluations") <= 8);
    ck_assert_int_eq(vly_document_length(d, "per_cutout"), 1);
    ck_assert_double_eq_tol(number(d, "per_cutout.0.gamma"), gamma, 1e-12);
    ck_assert_int_eq(vly_document_length(d, "per_cutout.0.simulations"), (int)number(d, "evaluations"));
    ck_assert(vly_document_length(d, "per_cutout.0.landscape.chi2") > 100);
    ck_assert(number(d, "per_cutout.0.transport_rel") > gamma * 0.1 && number(d, "per_cutout.0.transport_rel") < 1.0);
    ck_assert(number(d, "transport_rel") == number(d, "per_cutout.0.transport_rel"));
    ck_assert(number(d, "per_cutout.0.matches.0.sensitivity.dq_dln_gamma_mah_cm2") > 0.0);
    ck_assert(number(d, "simulations.computed") == number(d, "evaluations") + 1.0);
    ck_assert_double_eq_tol(number(d, "predictions.0.current_ma_cm2"), 4.0, 1e-12);
    ck_assert_double_le(number(d, "predictions.0.rms_mv"), 5.0);
    ck_assert_double_le(fabs(number(d, "predictions.0.capacity_error_rel")), 0.02);
    ck_assert_int_eq(vly_document_length(d, "inputs"), 2);
    ck_assert_ptr_nonnull(vly_document_string(d, "inputs.1.xxh128"));
    ck_assert_ptr_nonnull(vly_document_string(d, "verdict"));
    vly_document_free(d);
    PROGRAM_REFUSES(VLY_EOUTPUT, "exists already", FIT "-o fit.json --current " CURRENT);

    /* what was simulated is not simulated again */
    PROGRAM_DOES(FIT "-o fit.json --current " CURRENT " --predict --overwrite");
    d = read_document("fit.json");
    ck_assert(number(d, "simulations.computed") == 0.0 && number(d, "gamma") == gamma);
    vly_document_free(d);

    PROGRAM_DOES(FIT "-o edge.json --current " CURRENT " --gamma-range 0.3,0.5 --simulations 3");
    ck_assert_ptr_nonnull(strstr(program_out, "censored: gamma is at most about 0.3"));
    ck_assert_ptr_nonnull(strstr(program_out, "even the best curves fit badly"));
    d = read_document("edge.json");
    ck_assert(number(d, "misfit") > 9.0 && number(d, "gamma") < 0.31);
    ck_assert_str_eq(vly_document_string(d, "per_cutout.0.flag"), "at bound");
    vly_document_free(d);
}
END_TEST

START_TEST(cut_outs_and_volumes_are_fitted_together)
{
    program_folder("together");
    write_cell();
    write_experiment(false);
    PROGRAM_DOES("fit c.raw c.raw --experiment curve.csv " OPTIONS
                 "-o fit.json --gamma-range 0.05,0.2 --current " CURRENT);
    vly_document *d = read_document("fit.json");
    ck_assert_int_eq(vly_document_length(d, "per_cutout"), 2);
    ck_assert(number(d, "per_cutout.0.gamma") == number(d, "per_cutout.1.gamma"));
    ck_assert(number(d, "per_cutout.0.volume") == 0.0 && number(d, "per_cutout.1.volume") == 1.0);
    ck_assert_double_eq_tol(number(d, "spread.0"), number(d, "gamma"), 1e-9); /* no scatter: the pooled one is wider */
    ck_assert(number(d, "interval.0") == number(d, "pooled.interval.0"));
    /* one is the other's twin, so half of the simulations were there already */
    ck_assert(number(d, "simulations.computed") == number(d, "simulations.reused"));
    vly_document_free(d);
}
END_TEST

/* Simulations that are finished in the folder. */
static int results(void)
{
    int count = 0;
    DIR *folder = opendir("fit.simulations");
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        count += *entry->d_name != '.' && strstr(entry->d_name, ".json");
    if (folder) closedir(folder);
    return count;
}

static int results_before;

static bool a_simulation_is_done(void)
{
    return results() > results_before;
}

/* Ends the fit once a simulation is done and the next one is on its way, and expects the code. */
static void stop_midway(int number_of_signal, int code)
{
    results_before = results();
    ck_assert_int_eq(program_stop(FIT "-o fit.json --current " CURRENT, a_simulation_is_done, number_of_signal, 0),
                     code);
    ck_assert_int_ne(access("fit.json", F_OK), 0);
}

START_TEST(stopped_it_goes_on_and_repeats_no_simulation)
{
    program_folder("resume");
    write_cell();
    write_experiment(false);
    PROGRAM_DOES(FIT "-o whole.json --current " CURRENT);
    stop_midway(SIGKILL, 137);
    stop_midway(SIGTERM, VLY_EAGAIN);
    const int done = results();
    ck_assert_int_ge(done, 2);
    PROGRAM_DOES(FIT "-o fit.json --current " CURRENT);
    vly_document *whole = read_document("whole.json"), *parts = read_document("fit.json");
    ck_assert_int_eq((int)number(parts, "simulations.reused"), done);
    ck_assert(number(parts, "simulations.computed") + done == number(whole, "evaluations"));
    ck_assert(number(parts, "gamma") == number(whole, "gamma"));
    ck_assert(number(parts, "interval.0") == number(whole, "interval.0"));
    vly_document_free(whole);
    vly_document_free(parts);
    ck_assert_int_eq(system("ls fit.simulations | grep -c checkpoint >../rc"), 256); /* none is left */
}
END_TEST

START_TEST(a_dry_run_says_what_it_would_take)
{
    program_folder("dry");
    write_cell();
    FILE *csv = fopen("curve.csv", "w");
    fprintf(csv, "capacity_mah_cm2,voltage_v\n");
    for (int i = 0; i < 20; i++) fprintf(csv, "%g,%g\n", 0.1 * i, 4.2 - 0.05 * i);
    fclose(csv);
    PROGRAM_DOES(FIT "-o fit.json --dry-run");
    ck_assert_ptr_nonnull(strstr(program_out, "would simulate 1 cut-outs, at most 8 curves"));
    uint8_t wide[12 * 18];
    for (int i = 0; i < 12 * 18; i++) wide[i] = i % 2 ? VLY_CBD : VLY_AM;
    program_write_raw("w", wide, "u8", sizeof wide, (vly_extent){6, 3, 12});
    PROGRAM_DOES("fit w.raw c.raw --experiment curve.csv " OPTIONS "--dry-run --window 0:3,0:3,0:12");
    ck_assert_ptr_nonnull(strstr(program_out, "would simulate 2 cut-outs, at most 16 curves"));
    PROGRAM_DOES("fit w.raw --experiment curve.csv " OPTIONS "--dry-run --cutouts 2 --simulations 4");
    ck_assert_ptr_nonnull(strstr(program_out, "would simulate 2 cut-outs, at most 8 curves"));
    ck_assert_int_eq(program_files(), 5);
}
END_TEST

START_TEST(what_makes_no_sense_is_refused)
{
    program_folder("refused");
    write_cell();
    PROGRAM_REFUSES(VLY_EUSAGE, "no measured curve", "fit c.raw --quiet");
    PROGRAM_REFUSES(VLY_ENOINPUT, "curve.csv", FIT);
    test_write_text("curve.csv", "capacity_mah_cm2,voltage_v\n1,4\n2,nan\n");
    PROGRAM_REFUSES(VLY_EDATA, ":3: a number expected", FIT);
    test_write_text("curve.csv", "capacity_mah_cm2,voltage_v\n1,4\n2,3.9\n");
    PROGRAM_REFUSES(VLY_EDATA, "2 points", FIT);
    test_write_text("curve.csv", "capacity,voltage\n1,4\n");
    PROGRAM_REFUSES(VLY_EDATA, "no column of", FIT);
    FILE *csv = fopen("curve.csv", "w");
    fprintf(csv, "mA/cm2,mAh/cm2,U [V]\n");
    for (int i = 0; i < 20; i++) fprintf(csv, "3,%g,%g\n", 0.1 * i, 4.2 - 0.05 * i);
    for (int i = 0; i < 20; i++) fprintf(csv, "1.5,%g,%g\n", 0.1 * i, 4.2 - 0.05 * i);
    fclose(csv);
    PROGRAM_REFUSES(VLY_EDATA, "no curve at 6 mA/cm2, one of 3, 1.5 expected", FIT);
    PROGRAM_REFUSES(VLY_EUSAGE, "above 0", FIT "--current -3");
    PROGRAM_REFUSES(VLY_EUSAGE, "first below the second", FIT "--current 3 --gamma-range 0.2,0.1");
    PROGRAM_REFUSES(VLY_EUSAGE, "within 0 and 1", FIT "--current 3 --gamma-range 0,0.1");
    PROGRAM_REFUSES(VLY_EUSAGE, "from 3 to 16", FIT "--current 3 --simulations 2");
    PROGRAM_REFUSES(VLY_EUSAGE, "do not fit", FIT "--current 3 --cutouts 30");
    PROGRAM_REFUSES(VLY_EUSAGE, "at most the 3", FIT "--current 3 --crop 6");
    PROGRAM_REFUSES(VLY_ENOINPUT, "d.raw", "fit d.raw --experiment curve.csv --current 3 --quiet");
    ck_assert_int_eq(program_files(), 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_fit");
    TEST_CASE(suite, the_gamma_of_an_experiment_is_found_again);
    TEST_CASE(suite, cut_outs_and_volumes_are_fitted_together);
    TEST_CASE(suite, stopped_it_goes_on_and_repeats_no_simulation);
    TEST_CASE(suite, a_dry_run_says_what_it_would_take);
    TEST_CASE(suite, what_makes_no_sense_is_refused);
    return test_run(suite);
}
