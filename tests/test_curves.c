/* Discharges of narrow columns, from the labels that the program is shipped with and from those of a real cathode: what depends
 * on the current and on the transport in the binder as in Figure 11. */
#include "labels.h"

#include "voxelyte/cell.h"

#include <math.h>
#include <stdio.h>

enum { CURRENTS = 6 };

/* A discharge at a transport factor of the binder; lithium and salt are kept (spec 2.3). */
static vly_lithiate_result discharge(vly_device *device, vly_source *source, vly_box window, double gamma,
                                     double current)
{
    vly_cell_options options = VLY_CELL_OPTIONS_INIT;
    vly_lithiate_options run = VLY_LITHIATE_OPTIONS_INIT;
    vly_lithiate_result r;
    vly_cell *cell;
    vly_materials *m;
    char words[32];
    snprintf(words, sizeof words, "%g", gamma);
    ck_assert_int_eq(vly_materials_create_default(&m), VLY_OK);
    ck_assert_int_eq(vly_materials_set(m, "cbd_gamma", words), VLY_OK);
    options.materials = m;
    options.window = window;
    options.separator_layers = 12;
    run.current = 10.0 * current;
    run.tolerance = 4e-3;
    ck_assert_msg(vly_cell_create(&cell, device, source, &options) == VLY_OK, "%s", vly_error_message());
    ck_assert_msg(vly_lithiate(&r, cell, &run) == VLY_OK, "%s", vly_error_message());
    ck_assert_int_eq(r.stop, VLY_STOP_CUTOFF);
    ck_assert_double_le(r.lithium_balance, 1e-9);
    ck_assert_double_le(r.salt_balance, 1e-11);
    ck_assert_double_gt(r.points[r.count - 1].salt_least, 0.0);
    vly_cell_free(cell);
    vly_materials_free(m);
    return r;
}

static double voltage_at(const vly_lithiate_result *r, double charge)
{
    int64_t k = 1;
    while (k < r->count - 1 && r->points[k].charge < charge) k++;
    const vly_lithiate_point *a = &r->points[k - 1], *b = &r->points[k];
    return a->voltage + (b->voltage - a->voltage) * (charge - a->charge) / (b->charge - a->charge);
}

/* currents: mA/cm2, ascending. More current: less capacity and less voltage everywhere. Less transport in the binder: less capacity. */
static void check_curves(vly_source *source, vly_box window, double gamma, int count, const double currents[])
{
    vly_device *device = test_cpu(0);
    vly_lithiate_result r[CURRENTS] = {{0}}, less;
    for (int c = 0; c < count; c++) r[c] = discharge(device, source, window, gamma, currents[c]);
    const double least = r[count - 1].charge;
    for (int c = 1; c < count; c++) {
        ck_assert_double_lt(r[c].charge, r[c - 1].charge);
        for (double share = 0.1; share < 1.0; share += 0.2)
            ck_assert_double_lt(voltage_at(&r[c], share * least), voltage_at(&r[c - 1], share * least));
    }
    ck_assert_double_lt(least, 0.5 * r[0].charge); /* and bend away early */
    less = discharge(device, source, window, 0.1 * gamma, currents[count / 2]);
    ck_assert_double_lt(less.charge, r[count / 2].charge);
    vly_lithiate_result_free(&less);
    for (int c = 0; c < count; c++) vly_lithiate_result_free(&r[c]);
    vly_device_close(device);
}

START_TEST(the_sample_discharges_as_in_figure_11)
{
    const char *root = getenv("VLY_SOURCE_DIR");
    if (!root || test_small()) return;
    char path[1024];
    vly_source *source;
    snprintf(path, sizeof path, "%s/samples/two_layer/truth.tif", root);
    ck_assert_msg(vly_source_open(&source, path, NULL) == VLY_OK, "%s", vly_error_message());
    ck_assert_int_eq(vly_source_labels(&source, source, NULL), VLY_OK);
    check_curves(source, (vly_box){8, 14, 8, 14, 0, 48}, 0.05, 6, (const double[]){1, 3, 6, 8, 10, 12});
    vly_source_close(source);
}
END_TEST

START_TEST(a_real_cathode_discharges_as_in_figure_11)
{
    if (test_small()) return;
    vly_source *source = labels_of_data("NREL_MATBOX_Microstructure_analysis_toolbox/nmc-1-cal_generatedCBD_bridge.tif",
                                        "pore=0,am=1,cbd=2", 0.398);
    if (!source) return;
    check_curves(source, (vly_box){100, 107, 100, 107, 60, 116}, 0.02, 3, (const double[]){1, 6, 12});
    vly_source_close(source);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("curves");
    TEST_CASE(suite, the_sample_discharges_as_in_figure_11);
    TEST_CASE(suite, a_real_cathode_discharges_as_in_figure_11);
    return test_run(suite);
}
