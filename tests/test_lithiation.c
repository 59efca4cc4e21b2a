/* Half cells in time against numbers that do not come from this program: the golden runs of a reference implementation and
 * formulas (electrochemistry spec 7.6 to 7.12, 7.15). */
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

static void run_golden(test_laws *laws, double x0, const golden *expected, int32_t count)
{
    vly_device *device = test_cpu(0);
    sphere_cell *s = calloc(1, sizeof *s);
    vly_march *march;
    make_spheres(s);
    test_laws_send(laws, device);
    vly_cell_start start = test_start(laws, x0);
    vly_march_options options = VLY_MARCH_OPTIONS_INIT;
    options.value = 20.0 * s->network.cross_section;
    options.fixed = 10.0;
    options.order = 1;
    options.newton = 1e-12;
    options.half_at_start = true;
    options.renew = 0;
    options.solving = &direct_solving;
    ck_assert_msg(vly_march_create(&march, device, &s->network, &laws->device, &start, &options) == VLY_OK, "%s",
                  vly_error_message());
    for (int32_t k = 0; k < count; k++) {
        const vly_march_record *r = vly_march_record_now(march);
        while (r->step < expected[k].step) {
            ck_assert_msg(vly_march_step(march) == VLY_OK, "%s", vly_error_message());
            ck_assert_int_eq(r->end, VLY_MARCH_GOES_ON);
        }
        ck_assert_double_eq_tol(r->voltage, expected[k].voltage, 5e-7);
        ck_assert_double_le(fabs(r->solid_drift), 1e-9);
        ck_assert_double_le(fabs(r->salt_drift), 1e-11);
    }
    vly_march_free(march);
    vly_cell_network_free(&s->network);
    vly_buffer_free(&laws->memory);
    free(s);
    vly_device_close(device);
}

START_TEST(golden_run_with_constant_properties)
{
    static const golden expected[2][8] = {{{0, 4.117217955},
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
    for (int half = 0; half < 2; half++) {
        test_laws laws;
        test_laws_start(&laws);
        laws.host.half = half != 0;
        run_golden(&laws, 0.30, expected[half], 8);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lithiation");
    TEST_CASE(suite, golden_run_with_constant_properties);
    return test_run(suite);
}
