/* The homogenised cell's own curve, with noise on it, gives the gamma back that it was made with, and intervals cover that as
 * often as they say (electrochemistry spec 7.16). */
#include "porous_electrode.h"

#include "cell/fit_impl.h"
#include "cell/fit_surrogate.h"

typedef struct porous {
    vly_device *device;
    vly_cell_laws laws;
    vly_buffer memory;
    vly_cell_start start;
    int32_t calls;
    vly_fit_family family; /* of its curves: simulations are drawn from it once it has knots */
} porous;

/* On few cells; gamma is that of the electrode's electrolyte. */
static vly_status porous_curve_at(porous *p, vly_fit_curve *out, double current, double gamma)
{
    vly_dfn dfn = POROUS_ELECTRODE;
    dfn.gamma = gamma;
    dfn.cells = 14;
    dfn.separator_cells = 8;
    dfn.shells = 6;
    p->calls++;
    return vly_dfn_curve(out, p->device, &dfn, &p->laws, &p->start, 3.0, current, 1e6);
}

static vly_status porous_simulate(void *self, vly_fit_curve *out, int32_t cutout, double current, double gamma)
{
    porous *p = self;
    double voltage[VLY_FIT_SAMPLES], charge;
    (void)cutout;
    if (p->family.knots == 0) return porous_curve_at(p, out, current, gamma);
    vly_fit_family_at(voltage, &charge, &p->family, log(gamma));
    ck_assert_int_eq(vly_fit_curve_create(out, VLY_FIT_SAMPLES), VLY_OK);
    for (int i = 0; i < VLY_FIT_SAMPLES; i++) {
        out->charge[i] = charge * i / (VLY_FIT_SAMPLES - 1);
        out->voltage[i] = voltage[i];
    }
    return VLY_OK;
}

static void open_porous(porous *p)
{
    static const char *const nothing[][2] = {{NULL, NULL}};
    *p = (porous){.device = test_cpu(0)};
    p->start = changed(&p->laws, &p->memory, p->device, nothing);
    p->laws.half = true;
}

static void close_porous(porous *p)
{
    if (p->family.voltage) vly_fit_family_free(&p->family);
    vly_buffer_free(&p->memory);
    vly_device_close(p->device);
}

/* The true curve at 150 charges with noise on voltages, and the cell's charge off by a factor. */
static vly_fit_target noisy(const vly_fit_curve *truth, double volts, double charge, uint64_t *state)
{
    vly_fit_target target = {.current = 60.0};
    const double end = truth->charge[truth->count - 1], factor = 1.0 + charge * test_normal(state);
    int64_t from = 0;
    ck_assert_int_eq(vly_fit_curve_create(&target.curve, 150), VLY_OK);
    for (int i = 0; i < 150; i++) {
        const double q = end * i / 149.0;
        target.curve.charge[i] = q * factor;
        target.curve.voltage[i] = vly_fit_curve_voltage(truth, q, &from) + volts * test_normal(state);
    }
    return target;
}

START_TEST(a_porous_electrodes_gamma_comes_back_from_its_noisy_curve)
{
    porous p;
    vly_fit_curve truth;
    vly_fit_result r;
    const vly_fit_options o = VLY_FIT_OPTIONS_INIT;
    uint64_t state = 3;
    open_porous(&p);
    ck_assert_int_eq(porous_curve_at(&p, &truth, 60.0, 0.06), VLY_OK);
    ck_assert(truth.ended);
    vly_fit_target target = noisy(&truth, 1e-3, 0.0, &state);
    const vly_fit_simulator simulator = {porous_simulate, NULL, &p};
    p.calls = 0;
    ck_assert_msg(vly_fit(&r, &simulator, 1, &target, 1, &o) == VLY_OK, "%s", vly_error_message());
    ck_assert_msg(fabs(log(r.gamma / 0.06)) < 0.02, "%g", r.gamma);
    ck_assert(r.interval[0] < 0.06 && r.interval[1] > 0.06 && r.identifiable);
    ck_assert_int_le(p.calls, 8);
    vly_fit_result_free(&r);
    vly_fit_curve_free(&target.curve);
    vly_fit_curve_free(&truth);
    close_porous(&p);
}
END_TEST

/* Simulations of a grid are made once; fits draw from it. With 1 mV of noise every interval covers the truth, since what a
 * fit allows for is far more. Where the charge alone counts, and scatters by what is allowed for, 95 % of them do: of 200
 * draws 190 +- 3. */
START_TEST(intervals_cover_the_truth_as_often_as_they_say)
{
    static const double grid[] = {0.030, 0.036, 0.042, 0.048, 0.054, 0.060, 0.066, 0.073, 0.082, 0.095, 0.12};
    enum { GRID = sizeof grid / sizeof *grid, DRAWS = 200 };
    porous p;
    vly_fit_curve truth = {.count = 0};
    vly_fit_options o = VLY_FIT_OPTIONS_INIT;
    double voltage[VLY_FIT_SAMPLES], charge;
    bool usable;
    uint64_t state = 11;
    open_porous(&p);
    vly_fit_family all;
    ck_assert_int_eq(vly_fit_family_create(&all), VLY_OK);
    for (int i = 0; i < GRID; i++) {
        vly_fit_curve curve;
        ck_assert_int_eq(porous_curve_at(&p, &curve, 60.0, grid[i]), VLY_OK);
        ck_assert_int_eq(vly_fit_sample(voltage, &charge, &usable, &curve, 3.0, 0.0), VLY_OK);
        ck_assert(usable);
        vly_fit_family_add(&all, log(grid[i]), charge, voltage);
        if (grid[i] == 0.060)
            truth = curve;
        else
            vly_fit_curve_free(&curve);
    }
    p.family = all;
    o.lower = grid[0];
    o.upper = grid[GRID - 1];
    for (int round = 0; round < 2; round++) {
        int covered = 0, near = 0;
        if (round) o.voltage_error = 1e3;
        for (int d = 0; d < DRAWS; d++) {
            vly_fit_target target = noisy(&truth, 1e-3, round ? o.charge_error : 0.0, &state);
            const vly_fit_simulator simulator = {porous_simulate, NULL, &p};
            vly_fit_result r;
            ck_assert_int_eq(vly_fit(&r, &simulator, 1, &target, 1, &o), VLY_OK);
            covered += r.interval[0] < 0.06 && r.interval[1] > 0.06;
            near += fabs(log(r.gamma / 0.06)) < 0.02;
            vly_fit_result_free(&r);
            vly_fit_curve_free(&target.curve);
        }
        ck_assert_msg(covered >= 0.93 * DRAWS, "%d of %d", covered, DRAWS);
        ck_assert_msg(round || near == DRAWS, "%d of %d", near, DRAWS);
        ck_assert_msg(!round || covered <= 0.985 * DRAWS, "%d of %d: too wide", covered, DRAWS);
    }
    vly_fit_curve_free(&truth);
    close_porous(&p);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fit_porous");
    TEST_CASE(suite, a_porous_electrodes_gamma_comes_back_from_its_noisy_curve);
    TEST_CASE(suite, intervals_cover_the_truth_as_often_as_they_say);
    return test_run(suite);
}
