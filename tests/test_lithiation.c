/* Half cells in time against the golden runs of a reference implementation, and the order of the schemes in time
 * (electrochemistry spec 7.11, 7.12). */
#include "cell/materials_impl.h"

#include "cell_geometry.h"
#include "half_cell.h"

/* ---- golden runs on spheres with carbon-binder necks (spec 7.11) ---- */

typedef struct sphere_cell {
    uint8_t label[SC10_VOXELS + 25 * SC10_LAYERS];
    double dz[30 + SC10_LAYERS];
    vly_cell_network network;
} sphere_cell;

static void make_spheres(sphere_cell *s)
{
    test_sc10(s->label);
    memset(s->label + SC10_VOXELS, TEST_SEP, 25 * SC10_LAYERS);
    for (int k = 0; k < 30; k++) s->dz[k] = SC10_VOXEL;
    test_sc10_separator(s->dz + 30);
    test_voxels v = {5, 5, 30 + SC10_LAYERS, s->label, SC10_VOXEL, s->dz, 0.5, 0.06, 10.0, 0.9, 0.75};
    test_network(&s->network, &v);
    ck_assert_int_eq(s->network.solids, 468);
    ck_assert_int_eq(s->network.electrons, 468 + 173);
    ck_assert_int_eq(s->network.electrolytes, 109 + 173 + 200);
    ck_assert_int_eq(s->network.faces, 21 + 267 + 6);
    ck_assert_int_eq(s->network.collectors, 15);
}

typedef struct golden {
    int32_t step;
    double voltage;
} golden;

/* A run of 20 A/m2 in steps of 10 s, backward Euler, as the reference did it. */
static vly_march *start_golden(vly_device *device, sphere_cell *s, const vly_cell_laws *laws,
                               const vly_cell_start *start, int32_t order, double length)
{
    vly_march *march;
    vly_march_options options = VLY_MARCH_OPTIONS_INIT;
    options.value = 20.0 * s->network.cross_section;
    options.fixed = length;
    options.order = order;
    options.newton = 1e-12;
    options.half_at_start = true;
    options.renew = 0;
    options.solving = &direct_solving;
    ck_assert_msg(vly_march_create(&march, device, &s->network, laws, start, &options) == VLY_OK, "%s",
                  vly_error_message());
    return march;
}

static void step_to(vly_march *march, int64_t step)
{
    const vly_march_record *r = vly_march_record_now(march);
    while (r->step < step) {
        ck_assert_msg(vly_march_step(march) == VLY_OK, "%s", vly_error_message());
        ck_assert_int_eq(r->end, VLY_MARCH_GOES_ON);
    }
}

static void run_golden(vly_device *device, const vly_cell_laws *laws, const vly_cell_start *start,
                       const golden *expected, int32_t count)
{
    sphere_cell *s = calloc(1, sizeof *s);
    make_spheres(s);
    vly_march *march = start_golden(device, s, laws, start, 1, 10.0);
    const vly_march_record *r = vly_march_record_now(march);
    for (int32_t k = 0; k < count; k++) {
        step_to(march, expected[k].step);
        ck_assert_double_eq_tol(r->voltage, expected[k].voltage, 5e-7); /* the tolerance of the spec */
        ck_assert_double_le(fabs(r->solid_drift), 1e-9);
        ck_assert_double_le(fabs(r->salt_drift), 1e-11);
    }
    vly_march_free(march);
    vly_cell_network_free(&s->network);
    free(s);
}

static const golden constant_properties[2][8] = {{{0, 4.117217955},
                                                  {1, 4.105198559},
                                                  {2, 4.100343202},
                                                  {5, 4.092563442},
                                                  {10, 4.076933332},
                                                  {20, 4.026521832},
                                                  {40, 3.928045416},
                                                  {60, 3.839666658}},
                                                 {{0, 4.106314479},
                                                  {1, 4.099074647},
                                                  {2, 4.095565035},
                                                  {5, 4.086224652},
                                                  {10, 4.064115130},
                                                  {20, 4.007701192},
                                                  {40, 3.913904967},
                                                  {60, 3.821269235}}};

START_TEST(a_golden_run_with_constant_properties_is_reproduced)
{
    vly_device *device = test_device(0, 0);
    for (int half = 0; half < 2; half++) {
        test_laws laws;
        test_laws_start(&laws);
        laws.host.half = half != 0;
        test_laws_send(&laws, device);
        vly_cell_start start = test_start(&laws, 0.30);
        run_golden(device, &laws.device, &start, constant_properties[half], test_small() ? 3 : 8);
        vly_buffer_free(&laws.memory);
    }
    vly_device_close(device);
}
END_TEST

/* Laws of materials that were changed by name, on the device. */
static vly_cell_start changed(vly_cell_laws *laws, vly_buffer *memory, vly_device *device,
                              const char *const (*change)[2])
{
    vly_materials *m;
    const double salt = 1000.0;
    vly_cell_start start = {0.258, salt, 0.0, 0.0};
    ck_assert_int_eq(vly_materials_create_default(&m), VLY_OK);
    for (; (*change)[0]; change++)
        ck_assert_msg(vly_materials_set(m, (*change)[0], (*change)[1]) == VLY_OK, "%s", vly_error_message());
    ck_assert_int_eq(vly_materials_evaluate(&start.potential, NULL, m, "ocp", &start.stoichiometry, 1), VLY_OK);
    ck_assert_int_eq(vly_materials_evaluate(&start.transference, NULL, m, "transference", &salt, 1), VLY_OK);
    ck_assert_msg(vly_cell_laws_upload(laws, memory, device, m) == VLY_OK, "%s", vly_error_message());
    vly_materials_free(m);
    return start;
}

static const char *const table_of_potential[][2] = {
    {"electrolyte", "const"}, {"solid_conductivity", "0.1"}, {"solid_diffusivity", "1e-14"}, {NULL, NULL}};
static const char *const everything_varies[][2] = {{"solid_diffusivity", "1e-14"}, {NULL, NULL}};

static void run_materials(const char *const (*change)[2], const golden expected[2][4], int32_t count)
{
    vly_device *device = test_device(0, 0);
    for (int half = 0; half < 2; half++) {
        vly_cell_laws laws;
        vly_buffer memory;
        vly_cell_start start = changed(&laws, &memory, device, change);
        laws.half = half != 0;
        run_golden(device, &laws, &start, expected[half], count);
        vly_buffer_free(&memory);
    }
    vly_device_close(device);
}

START_TEST(a_golden_run_with_a_table_of_potential_is_reproduced)
{
    static const golden expected[2][4] = {{{0, 4.19325933}, {1, 4.17213626}, {10, 4.08378077}, {60, 3.79849202}},
                                          {{0, 4.17069763}, {1, 4.14988311}, {10, 4.06210860}, {60, 3.78256490}}};
    run_materials(table_of_potential, expected, test_small() ? 2 : 4);
}
END_TEST

START_TEST(a_golden_run_in_which_every_property_varies_is_reproduced)
{
    static const golden expected[2][4] = {{{0, 4.19313058}, {1, 4.16834722}, {10, 4.07878280}, {60, 3.79336566}},
                                          {{0, 4.17054344}, {1, 4.14599742}, {10, 4.05713423}, {60, 3.77746186}}};
    run_materials(everything_varies, expected, test_small() ? 2 : 4);
}
END_TEST

/* State at the end of the first golden run (spec 7.11). */
START_TEST(the_golden_run_ends_in_the_state_of_the_reference)
{
    vly_device *device = test_cpu(0);
    sphere_cell *s = calloc(1, sizeof *s);
    test_laws laws;
    make_spheres(s);
    test_laws_start(&laws);
    test_laws_send(&laws, device);
    vly_cell_start start = test_start(&laws, 0.30);
    vly_march *march = start_golden(device, s, &laws.device, &start, 1, 10.0);
    const vly_march_record *r = vly_march_record_now(march);
    step_to(march, 60);
    double *u = malloc((size_t)vly_march_rows(march) * 8), low = INFINITY, high = -INFINITY;
    ck_assert_int_eq(vly_march_unknowns(march, u), VLY_OK);
    for (int32_t i = s->network.electrons; i < s->network.electrons + s->network.electrolytes; i++)
        low = fmin(low, u[i]), high = fmax(high, u[i]);
    ck_assert_double_eq_tol(r->stoichiometry_least, 0.4638982, 1e-7);
    ck_assert_double_eq_tol(r->stoichiometry_most, 0.5450817, 1e-7);
    ck_assert_double_eq_tol(r->salt_least, 910.73707, 1e-5);
    ck_assert_double_eq_tol(r->salt_most, 1017.03314, 1e-5);
    ck_assert_double_eq_tol(low, -0.0533497, 1e-7);
    ck_assert_double_eq_tol(high, -0.0449833, 1e-7);
    free(u);
    vly_march_free(march);
    vly_cell_network_free(&s->network);
    vly_buffer_free(&laws.memory);
    free(s);
    vly_device_close(device);
}
END_TEST

/* Voltage after 600 s in so many steps. */
static double voltage_after(vly_device *device, sphere_cell *s, const vly_cell_laws *laws, const vly_cell_start *start,
                            int32_t order, int32_t steps)
{
    vly_march *march = start_golden(device, s, laws, start, order, 600.0 / steps);
    step_to(march, steps);
    double voltage = vly_march_record_now(march)->voltage;
    vly_march_free(march);
    return voltage;
}

/* Halved steps leave half the error of backward Euler, and a quarter of that of BDF2 (spec 7.12); what higher orders add to
 * that is still visible at these lengths. */
START_TEST(errors_in_time_fall_with_the_order_of_the_scheme)
{
    vly_device *device = test_cpu(0);
    sphere_cell *s = calloc(1, sizeof *s);
    vly_cell_laws laws;
    vly_buffer memory;
    make_spheres(s);
    vly_cell_start start = changed(&laws, &memory, device, table_of_potential);
    for (int32_t order = 1; order <= 2; order++) {
        double v[3];
        for (int32_t k = 0; k < 3; k++) v[k] = voltage_after(device, s, &laws, &start, order, (order == 1 ? 40 : 20) << k);
        double ratio = (v[0] - v[1]) / (v[1] - v[2]);
        ck_assert_double_ge(ratio, order == 1 ? 1.6 : 3.5);
        if (order == 1) ck_assert_double_le(ratio, 2.4);
    }
    vly_cell_network_free(&s->network);
    vly_buffer_free(&memory);
    free(s);
    vly_device_close(device);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lithiation");
    TEST_CASE(suite, a_golden_run_with_constant_properties_is_reproduced);
    TEST_CASE(suite, a_golden_run_with_a_table_of_potential_is_reproduced);
    TEST_CASE(suite, a_golden_run_in_which_every_property_varies_is_reproduced);
    TEST_CASE(suite, the_golden_run_ends_in_the_state_of_the_reference);
    TEST_CASE(suite, errors_in_time_fall_with_the_order_of_the_scheme);
    return test_run(suite);
}
