/* Half cells in time against the golden runs of a reference implementation (electrochemistry spec 7.11). */
#include "sphere_cell.h"

typedef struct golden {
    int32_t step;
    double voltage;
} golden;

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

/* Of the first golden run after 60 steps, in the digits of the spec. */
static void check_state(const sphere_cell *s, vly_march *march)
{
    const vly_march_record *r = vly_march_record_now(march);
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
}

static void run_golden(vly_device *device, const vly_cell_laws *laws, const vly_cell_start *start,
                       const golden *expected, int32_t count, const vly_cell_solving *solving)
{
    sphere_cell *s = calloc(1, sizeof *s);
    make_spheres(s);
    vly_march *march = start_golden(device, s, laws, start, 1, 10.0, solving);
    const vly_march_record *r = vly_march_record_now(march);
    for (int32_t k = 0; k < count; k++) {
        step_to(march, expected[k].step);
        ck_assert_double_eq_tol(r->voltage, expected[k].voltage, 5e-7); /* the tolerance of the spec */
        ck_assert_double_le(fabs(r->solid_drift), 1e-9);
        ck_assert_double_le(fabs(r->salt_drift), 1e-11);
    }
    if (r->step == 60 && expected[0].voltage == constant_properties[0][0].voltage) check_state(s, march);
    vly_march_free(march);
    vly_cell_network_free(&s->network);
    free(s);
}

static const golden table_runs[2][4] = {{{0, 4.19325933}, {1, 4.17213626}, {10, 4.08378077}, {60, 3.79849202}},
                                        {{0, 4.17069763}, {1, 4.14988311}, {10, 4.06210860}, {60, 3.78256490}}};
static const golden varied_runs[2][4] = {{{0, 4.19313058}, {1, 4.16834722}, {10, 4.07878280}, {60, 3.79336566}},
                                         {{0, 4.17054344}, {1, 4.14599742}, {10, 4.05713423}, {60, 3.77746186}}};

/* G0 with and without the half voxel, the first `count` voltages of it. */
static void run_constant(int32_t count, const vly_cell_solving *solving)
{
    vly_device *device = test_device(0, 0);
    for (int half = 0; half < 2; half++) {
        test_laws laws;
        test_laws_start(&laws);
        laws.host.half = half != 0;
        test_laws_send(&laws, device);
        vly_cell_start start = test_start(&laws, 0.30);
        run_golden(device, &laws.device, &start, constant_properties[half], count, solving);
        vly_buffer_free(&laws.memory);
    }
    vly_device_close(device);
}

/* G1, G2: the same. */
static void run_materials(const char *const (*change)[2], const golden expected[2][4], const vly_cell_solving *solving)
{
    vly_device *device = test_device(0, 0);
    for (int half = 0; half < 2; half++) {
        vly_cell_laws laws;
        vly_buffer memory;
        vly_cell_start start = changed(&laws, &memory, device, change);
        laws.half = half != 0;
        run_golden(device, &laws, &start, expected[half], test_small() ? 2 : 4, solving);
        vly_buffer_free(&memory);
    }
    vly_device_close(device);
}

START_TEST(a_golden_run_with_constant_properties_is_reproduced)
{
    run_constant(test_small() ? 3 : 8, &direct_solving);
}
END_TEST

START_TEST(a_golden_run_with_a_table_of_potential_is_reproduced)
{
    run_materials(table_of_potential, table_runs, &direct_solving);
}
END_TEST

START_TEST(a_golden_run_in_which_every_property_varies_is_reproduced)
{
    run_materials(everything_varies, varied_runs, &direct_solving);
}
END_TEST

/* All of them with the iterations of the program's own solver in place of elimination. */
START_TEST(golden_runs_are_reproduced_by_the_iterative_solver)
{
    run_materials(everything_varies, varied_runs, NULL);
    if (test_small()) return;
    run_constant(8, NULL);
    run_materials(table_of_potential, table_runs, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lithiation");
    TEST_CASE(suite, a_golden_run_with_constant_properties_is_reproduced);
    TEST_CASE(suite, a_golden_run_with_a_table_of_potential_is_reproduced);
    TEST_CASE(suite, a_golden_run_in_which_every_property_varies_is_reproduced);
    TEST_CASE(suite, golden_runs_are_reproduced_by_the_iterative_solver);
    return test_run(suite);
}
