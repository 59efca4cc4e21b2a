/* Layers of a half cell, where formulas tell what happens: diffusion in a slab, the electrolyte until it is empty and when it
 * is steady, the whole voltage of a planar cell, and what a reaction through carbon binder costs (electrochemistry spec 7.6 to
 * 7.9, 7.15). */
#include "half_cell.h"

enum { MOST = 2048 };

static const double pi = 3.14159265358979323846;

/* Layers of 1 m2, from the collector on. */
typedef struct stack {
    vly_device *device;
    vly_cell_network network;
    test_laws laws;
    uint8_t label[MOST];
    double dz[MOST];
    int32_t count;
    vly_march *march;
    const vly_march_record *now;
    double *u;
} stack;

static void begin(stack *s)
{
    memset(s, 0, sizeof *s);
    s->device = test_cpu(1);
    test_laws_start(&s->laws);
    s->laws.host.solid_conductivity = test_constant(1.0);
    s->laws.host.solid_diffusivity = test_constant(1e-12);
}

static void layer(stack *s, uint8_t label, double thickness, int32_t cells)
{
    for (int32_t k = 0; k < cells; k++) {
        s->label[s->count] = label;
        s->dz[s->count++] = thickness / cells;
    }
}

/* U = 4 - x */
static void straight(stack *s)
{
    vly_law *law = &s->laws.host.ocp;
    *law = (vly_law){.kind = VLY_LAW_PROGRAM, .low = 0.0, .high = 1.0, .program = s->laws.program};
    test_step(law, s->laws.program, VLY_LAW_ARGUMENT, -1.0);
    test_step(law, s->laws.program, VLY_LAW_NUMBER, 4.0);
    test_step(law, s->laws.program, VLY_LAW_ADD, 0.0);
}

static vly_march_options options_of(double current, double end)
{
    vly_march_options options = VLY_MARCH_OPTIONS_INIT;
    options.value = current;
    options.end = end;
    options.tolerance = 1e-5;
    options.first = 1e-3;
    options.renew = 0;
    options.solving = &direct_solving;
    return options;
}

static void start(stack *s, double x, const vly_march_options *options)
{
    test_voxels v = {1, 1, s->count, s->label, 1.0, s->dz, 0.5, 0.06, 10.0, 0.9, 0.75};
    test_network(&s->network, &v);
    test_laws_send(&s->laws, s->device);
    vly_cell_start begin = test_start(&s->laws, x);
    ck_assert_msg(vly_march_create(&s->march, s->device, &s->network, &s->laws.device, &begin, options) == VLY_OK, "%s",
                  vly_error_message());
    s->now = vly_march_record_now(s->march);
}

static void run(stack *s)
{
    while (s->now->end == VLY_MARCH_GOES_ON)
        ck_assert_msg(vly_march_step(s->march) == VLY_OK, "%s", vly_error_message());
    s->u = malloc((size_t)vly_march_rows(s->march) * 8);
    ck_assert_int_eq(vly_march_unknowns(s->march, s->u), VLY_OK);
}

static void finish(stack *s)
{
    vly_march_free(s->march);
    vly_cell_network_free(&s->network);
    vly_buffer_free(&s->laws.memory);
    free(s->u);
    vly_device_close(s->device);
}

static double phi_e(const stack *s, int32_t node)
{
    return s->u[s->network.electrons + node];
}

static double c_e(const stack *s, int32_t node)
{
    return s->u[s->network.electrons + s->network.electrolytes + node];
}

static double c_s(const stack *s, int32_t node)
{
    return s->u[s->network.electrons + 2 * s->network.electrolytes + node];
}

/* Largest difference from the exact profile of a slab that takes up a constant flux at one face (spec 7.6), over flux L / D. */
static double slab_error(int32_t cells)
{
    static stack s;
    const double length = 20e-6, d = 1e-12, t = 60.0, unit = 60.0 / VLY_FARADAY * length / d;
    double worst = 0.0;
    begin(&s);
    layer(&s, VLY_AM, length, cells);
    layer(&s, TEST_SEP, 10e-6, 2);
    vly_march_options options = options_of(60.0, t);
    options.tolerance = 1e-7;
    start(&s, 0.27, &options);
    run(&s);
    for (int32_t k = 0; k < cells; k++) {
        double z = (k + 0.5) / cells, tau = d * t / (length * length), sum = 0.0;
        for (int32_t n = 1; n < 60; n++)
            sum += (n % 2 ? -1.0 : 1.0) / (n * n) * exp(-n * n * pi * pi * tau) * cos(n * pi * z);
        double exact = 0.27 * 50224.0 + unit * (tau + (3.0 * z * z - 1.0) / 6.0 - 2.0 / (pi * pi) * sum);
        worst = fmax(worst, fabs(c_s(&s, k) - exact) / unit);
    }
    finish(&s);
    return worst;
}

/* Of second order in the voxel. */
START_TEST(a_slab_fills_as_diffusion_says)
{
    double coarse = slab_error(20), fine = slab_error(40);
    ck_assert_double_le(fine, 5e-4);
    ck_assert_double_ge(coarse / fine, 3.0);
}
END_TEST

/* A surface held at one concentration takes up F D dc / sqrt(pi D t): 54.43 A/m2 here after 1 s (Cottrell, spec 7.6). All else
 * is made easy, so that the voltage holds the surface. */
START_TEST(a_held_voltage_draws_the_current_of_cottrell)
{
    static stack s;
    begin(&s);
    straight(&s);
    s.laws.host.half = true;
    s.laws.host.exchange *= 1e5;
    s.laws.host.lithium_exchange = 1e6;
    s.laws.host.conductivity = test_constant(1e3);
    s.laws.host.solid_conductivity = test_constant(1e3);
    s.laws.host.diffusivity = test_constant(1e-4);
    layer(&s, VLY_AM, 20e-6, 100);
    layer(&s, TEST_SEP, 1e-6, 1);
    vly_march_options options = options_of(0.0, 1.0);
    options.drive = VLY_DRIVE_VOLTAGE;
    options.value = 3.5 - 1000.0 / 50224.0;
    options.first = 1e-4;
    options.newton = 1e-12;
    start(&s, 0.5, &options);
    run(&s);
    ck_assert_double_eq_tol(s.now->current, 54.43, 0.02 * 54.43);
    ck_assert_double_le(fabs(s.now->solid_drift), 1e-9);
    finish(&s);
}
END_TEST

/* t_S = pi D_e (c_0 F / (2 i (1 - t+)))^2 = 310.867 s at 120 A/m2 until electrolyte without convection is empty at the
 * electrode (Sand, spec 7.7), and no sooner: the voltage then falls within a fraction of a second. Half a voxel of 0.1 um
 * holds 0.15 mol/m3 more than the face, which is 0.09 s. */
START_TEST(electrolyte_is_empty_at_the_time_of_sand)
{
    static stack s;
    begin(&s);
    straight(&s);
    s.laws.host.solid_diffusivity = test_constant(1e-8);
    s.laws.host.exchange *= 100.0;
    layer(&s, VLY_AM, 100e-6, 1);
    layer(&s, VLY_PORE, 10e-6, 100);
    for (double dz = 0.1e-6, z = 10e-6; z < 2e-3; z += dz) layer(&s, VLY_PORE, dz *= 1.02, 1);
    vly_march_options options = options_of(120.0, 1e4);
    options.cutoff = 2.5;
    options.most = 5.0;
    start(&s, 0.3, &options);
    run(&s);
    ck_assert_int_eq(s.now->end, VLY_MARCH_CUTOFF);
    ck_assert_double_eq_tol(s.now->time, 310.867, 1e-3 * 310.867);
    ck_assert_double_le(s.now->salt_least, 1.0);
    ck_assert_double_le(fabs(s.now->salt_drift), 1e-11);
    finish(&s);
}
END_TEST

/* A steady concentration is a straight line, exact on volumes, and so is the potential of a concentration cell (spec 7.8). */
START_TEST(steady_electrolyte_has_a_straight_profile)
{
    static stack s;
    const double i = 60.0, f = VLY_FARADAY / (8.314462618 * 298.15);
    const int32_t cells = 26;
    begin(&s);
    s.laws.host.solid_diffusivity = test_constant(1e-8);
    layer(&s, VLY_AM, 1e-3, 1);
    layer(&s, TEST_SEP, 260e-6, cells);
    vly_march_options options = options_of(i, 3000.0);
    options.newton = 1e-12;
    start(&s, 0.3, &options);
    run(&s);
    double length = 260e-6 * (cells - 1) / cells, low = c_e(&s, 0), high = c_e(&s, cells - 1);
    double expected = 0.7 * i * length / (VLY_FARADAY * 0.75 * 3e-10);
    ck_assert_double_eq_tol(high - low, expected, 1e-8 * expected);
    double drop = 2.0 / f * 0.7 * log(high / low) + i * length / 0.75;
    ck_assert_double_eq_tol(phi_e(&s, cells - 1) - phi_e(&s, 0), drop, 1e-8 * drop);
    finish(&s);
}
END_TEST

/* Exact voltage of 20 um of active material, 100 um of separator and lithium at 60 A/m2 (spec 7.9). */
static double planar_error(int32_t cells, bool half, double t, double exact)
{
    static stack s;
    begin(&s);
    s.laws.host.half = half;
    layer(&s, VLY_AM, 20e-6, cells);
    layer(&s, TEST_SEP, 100e-6, 5 * cells);
    vly_march_options options = options_of(60.0, t);
    options.tolerance = 2e-5;
    start(&s, 0.27, &options);
    if (t > 0.0) run(&s);
    double error = s.now->voltage - exact;
    finish(&s);
    return error;
}

START_TEST(a_planar_cell_has_the_voltage_of_its_formula)
{
    ck_assert_double_le(fabs(planar_error(20, true, 10.0, 3.899052)), 0.5e-3);
    ck_assert_double_le(fabs(planar_error(20, true, 60.0, 3.848026)), 0.5e-3);
    ck_assert_double_le(fabs(planar_error(20, true, 200.0, 3.710764)), 0.5e-3);
    double coarse = planar_error(10, false, 10.0, 3.899052), fine = planar_error(20, false, 10.0, 3.899052);
    ck_assert_double_ge(log2(coarse / fine), 0.9); /* first order without the half voxel */
}
END_TEST

/* At once, only the half voxels of ohmic drop to the planes are missing, which are known (spec 7.9). */
START_TEST(a_planar_cell_begins_with_the_voltage_of_its_formula)
{
    for (int32_t cells = 10; cells <= 40; cells *= 2) {
        double missing = 60.0 * (20e-6 / cells / 2.0) * (1.0 + 2.0 / 0.75);
        ck_assert_double_eq_tol(planar_error(cells, true, 0.0, 3.983987), missing, 1e-6);
    }
}
END_TEST

/* Voltage at once of a layer of active material under `label`. */
static double voltage_under(uint8_t label, double film)
{
    static stack s;
    begin(&s);
    s.laws.host.film = film;
    layer(&s, VLY_AM, 1e-6, 1);
    layer(&s, label, 1e-6, 1);
    layer(&s, TEST_SEP, 10e-6, 2);
    vly_march_options options = options_of(60.0, 1.0);
    options.newton = 1e-12;
    start(&s, 0.27, &options);
    double voltage = s.now->voltage;
    finish(&s);
    return voltage;
}

/* Half the face of a voxel of carbon binder reacts, and its electrolyte conducts less (spec 7.15); a film costs i R. */
START_TEST(carbon_binder_and_films_cost_what_they_should)
{
    const double i = 60.0, f = VLY_FARADAY / (8.314462618 * 298.15);
    const double i0 = 2.0 / (sqrt(1000.0) * 0.5 * 50224.0) * sqrt(1000.0) * 50224.0 * sqrt(0.27 * 0.73);
    double kinetic = 2.0 / f * (asinh(i / (2.0 * 0.5 * i0)) - asinh(i / (2.0 * i0)));
    double ohmic = i * 0.5e-6 * (1.0 / (double)0.06f - 1.0), open = voltage_under(VLY_PORE, 0.0);
    ck_assert_double_eq_tol(open - voltage_under(VLY_CBD, 0.0), kinetic + ohmic, 1e-9);
    ck_assert_double_eq_tol(open - voltage_under(VLY_PORE, 1e-3), i * 1e-3, 1e-9);
    ck_assert_double_eq_tol(voltage_under(VLY_CBD, 0.0) - voltage_under(VLY_CBD, 1e-3), 2.0 * i * 1e-3, 1e-9);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stack");
    TEST_CASE(suite, a_slab_fills_as_diffusion_says);
    TEST_CASE(suite, a_held_voltage_draws_the_current_of_cottrell);
    TEST_CASE(suite, electrolyte_is_empty_at_the_time_of_sand);
    TEST_CASE(suite, steady_electrolyte_has_a_straight_profile);
    TEST_CASE(suite, a_planar_cell_has_the_voltage_of_its_formula);
    TEST_CASE(suite, a_planar_cell_begins_with_the_voltage_of_its_formula);
    TEST_CASE(suite, carbon_binder_and_films_cost_what_they_should);
    return test_run(suite);
}
