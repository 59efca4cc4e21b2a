/* Impedance of cells of all phases: against dense complex systems, the same on every device and with any threads, true to its
 * tolerance, and what cannot be measured. */
#include "impedance_oracle.h"

#include "core/fault.h"

#include <stdio.h>

enum { TINY_X = 5, TINY_Y = 4, TINY_Z = 6, TINY_LAYERS = 3, TINY = TINY_X * TINY_Y * TINY_Z };

/* Random labels under a separator of three layers, as the oracle has them. */
static void tiny_cell(oracle *o, uint8_t all[TINY + TINY_X * TINY_Y * TINY_LAYERS], double layer[TINY_Z + TINY_LAYERS],
                      uint64_t seed)
{
    uint64_t state = seed;
    for (int i = 0; i < TINY; i++) all[i] = (uint8_t)(test_random(&state) % 3);
    all[0] = VLY_AM;
    all[TINY - 1] = VLY_AM;
    for (int i = 0; i < TINY_X * TINY_Y * TINY_LAYERS; i++) all[TINY + i] = VLY_SEPARATOR;
    for (int k = 0; k < TINY_Z; k++) layer[k] = 1e-6;
    for (int k = 0; k < TINY_LAYERS; k++) layer[TINY_Z + k] = 1e-6 * (k + 1);
    o->e = (vly_extent){TINY_X, TINY_Y, TINY_Z + TINY_LAYERS};
    o->label = all;
    o->layer = layer;
    o->h = 1e-6;
    o->kappa = 0.035;
    o->binder_sigma = 10.0;
    o->binder_gamma = 0.06;
    o->binder_share = 0.5;
    o->separator_gamma = 0.75;
    o->separator_share = 0.9;
    o->active = 0.1;
    oracle_build(o);
}

START_TEST(tiny_cells_agree_with_dense_complex_systems)
{
    static oracle o;
    uint8_t all[TINY + TINY_X * TINY_Y * TINY_LAYERS];
    double layer[TINY_Z + TINY_LAYERS];
    vly_device *device = test_device(2, 0);
    vly_materials *m;
    double x = 0.258;
    ck_assert_int_eq(vly_materials_create_default(&m), VLY_OK);
    ck_assert_int_eq(vly_materials_evaluate(&o.sigma, NULL, m, "solid_conductivity", &x, 1), VLY_OK);
    for (int n = 0; n < (test_small() ? 2 : 6); n++) {
        vly_impedance_options options = test_impedance_options(m);
        vly_impedance_result r;
        options.binder_internal = n % 2 == 0;
        options.cell.separator_layers = TINY_LAYERS;
        options.cell.separator_layer = layer + TINY_Z;
        options.per_decade = test_small() ? 1 : 2;
        o.inside = options.binder_internal ? 0.05 * 1.7e7 : 0.0;
        tiny_cell(&o, all, layer, (uint64_t)n + 1);
        test_impedance(&r, device, all, (vly_extent){TINY_X, TINY_Y, TINY_Z}, 1e-6, &options);
        ck_assert_int_eq(r.unknowns, o.nodes);
        ck_assert(r.converged && r.error <= options.tolerance);
        for (int k = 0; k < r.count; k++) {
            const double complex z = 2.0 * oracle_impedance(&o, 2.0 * M_PI * I * r.points[k].frequency);
            const double off = cabs(r.points[k].re + I * r.points[k].im - z) / creal(z);
            /* what single precision leaves of the weights is 1e-7 of Z */
            ck_assert_msg(off <= options.tolerance + 2e-7 * cabs(z) / creal(z), "%d: %g Hz: %g off", n,
                          r.points[k].frequency, off);
        }
        /* the limit from two frequencies well below all time constants: it is approached with their square */
        const double w = 0.002 / (0.5 * r.r_lf * r.total_capacitance);
        const double low = (4.0 * creal(oracle_impedance(&o, I * w)) - creal(oracle_impedance(&o, 2.0 * I * w))) / 3.0;
        const double high = creal(oracle_impedance(&o, 1e13));
        ck_assert_msg(test_near(r.r_lf, 2.0 * low, 1e-5), "%d: %.9g, %.9g", n, r.r_lf, 2.0 * low);
        ck_assert_msg(test_near(r.r_hf, 2.0 * high, 1e-4), "%d: %.9g, %.9g", n, r.r_hf, 2.0 * high);
        vly_impedance_result_free(&r);
    }
    vly_materials_free(m);
    vly_device_close(device);
}
END_TEST

/* A cut-out of all three phases, large enough for a hierarchy. */
static uint8_t *blobs(vly_extent e)
{
    uint8_t *label = malloc((size_t)vly_extent_voxels(e));
    uint64_t state = 3;
    int32_t centre[40][3];
    for (int k = 0; k < 40; k++)
        for (int a = 0; a < 3; a++) centre[k][a] = (int32_t)(test_random(&state) % (uint64_t)(a == 2 ? e.nz : e.nx));
    for (int64_t i = 0; i < vly_extent_voxels(e); i++) {
        const int32_t at[3] = {(int32_t)(i % e.nx), (int32_t)(i / e.nx % e.ny), (int32_t)(i / e.nx / e.ny)};
        double least = 1e9;
        for (int k = 0; k < 40; k++) {
            double d = 0.0;
            for (int a = 0; a < 3; a++) d += (double)((at[a] - centre[k][a]) * (at[a] - centre[k][a]));
            least = fmin(least, d);
        }
        label[i] = least < 9.0 || at[2] == 0 ? VLY_AM : least < 14.0 ? VLY_CBD : VLY_PORE;
    }
    return label;
}

static void expect_same(const vly_impedance_result *a, const vly_impedance_result *b, double tolerance)
{
    ck_assert_int_eq(a->count, b->count);
    for (int k = 0; k < a->count; k++) {
        const double off = hypot(a->points[k].re - b->points[k].re, a->points[k].im - b->points[k].im);
        ck_assert_msg(off <= tolerance * a->points[k].re, "%g Hz: %g, %g", a->points[k].frequency, a->points[k].re,
                      b->points[k].re);
    }
    ck_assert(test_near(a->r_lf, b->r_lf, tolerance) && test_near(a->r_hf, b->r_hf, tolerance));
}

START_TEST(the_device_agrees_with_the_processor_and_threads_with_one_alone)
{
    const vly_extent e = test_small() ? (vly_extent){8, 8, 9} : (vly_extent){20, 20, 24};
    uint8_t *label = blobs(e);
    vly_device *one = test_cpu(1), *two = test_cpu(2), *device = test_device(2, 0);
    for (int n = 0; n < 2; n++) {
        vly_impedance_options o = test_impedance_options(NULL);
        vly_impedance_result a, b, c;
        o.cell.area = VLY_AREA_NORMAL;
        o.cell.separator_layers = 6;
        o.equipotential = n == 1;
        o.per_decade = 2;
        test_impedance(&a, one, label, e, 0.642e-6, &o);
        test_impedance(&b, two, label, e, 0.642e-6, &o);
        test_impedance(&c, device, label, e, 0.642e-6, &o);
        ck_assert(a.converged);
        expect_same(&a, &b, 0.0);
        ck_assert(a.line.r_ion == b.line.r_ion && a.iterations == b.iterations);
        expect_same(&a, &c, 2.0 * o.tolerance);
        vly_impedance_result_free(&a);
        vly_impedance_result_free(&b);
        vly_impedance_result_free(&c);
    }
    vly_device_close(device);
    vly_device_close(two);
    vly_device_close(one);
    free(label);
}
END_TEST

START_TEST(a_tighter_tolerance_moves_the_spectrum_by_less_than_the_looser_one_promised)
{
    const vly_extent e = {20, 20, 24};
    if (test_emulated()) return;
    uint8_t *label = blobs(e);
    vly_device *device = test_device(2, 0);
    vly_impedance_options o = test_impedance_options(NULL);
    vly_impedance_result exact, r;
    o.cell.separator_layers = 6;
    o.tolerance = 1e-6;
    test_impedance(&exact, device, label, e, 0.642e-6, &o);
    ck_assert_msg(exact.converged, "%g", exact.error);
    for (double tolerance = 1e-2; tolerance > 5e-5; tolerance *= 0.1) {
        o.tolerance = tolerance;
        test_impedance(&r, device, label, e, 0.642e-6, &o);
        ck_assert(r.converged);
        expect_same(&r, &exact, tolerance + 1e-6);
        vly_impedance_result_free(&r);
    }
    vly_impedance_result_free(&exact);
    vly_device_close(device);
    free(label);
}
END_TEST

START_TEST(a_real_cathode_ends_at_its_exact_low_resistance)
{
    const char *path = test_data("NREL_MATBOX_Microstructure_analysis_toolbox/nmc-1-cal_generatedCBD_bridge.tif");
    if (!path || test_emulated()) return;
    vly_device *device = test_device(0, 0);
    vly_impedance_options o = test_impedance_options(NULL);
    vly_impedance_result r;
    vly_source *source;
    vly_source_options given = VLY_SOURCE_OPTIONS_INIT;
    given.voxel_size = (vly_voxel_size){0.4e-6, 0.4e-6, 0.4e-6, VLY_SIZE_GIVEN, "test"};
    ck_assert_int_eq(vly_source_open(&source, path, &given), VLY_OK);
    ck_assert_int_eq(vly_source_labels(&source, source, NULL), VLY_OK);
    o.cell.window = test_small() ? (vly_box){80, 104, 80, 104, 60, 92} : (vly_box){80, 112, 80, 112, 60, 100};
    o.cell.area = VLY_AREA_NORMAL;
    o.lowest = 1e-5;
    o.per_decade = 1;
    vly_status status = vly_impedance(&r, device, source, &o);
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
    const vly_impedance_point *last = &r.points[r.count - 1];
    ck_assert(r.converged);
    ck_assert_msg(test_near(last->re, r.r_lf, 1e-3), "%g, %g", last->re, r.r_lf);
    ck_assert(test_near(last->im, -2.0 / (2.0 * M_PI * last->frequency * r.total_capacitance), 1e-5));
    ck_assert(r.r_hf < r.r_lf && r.limit.r_ion > 0.0);
    vly_impedance_result_free(&r);
    vly_source_close(source);
    vly_device_close(device);
}
END_TEST

/* ---- what cannot be ---- */

static void expect_failure(const uint8_t *labels, vly_extent e, const vly_impedance_options *o, vly_status status,
                           const char *part)
{
    vly_device *device = test_device(1, 0);
    vly_source *source = test_labels(labels, e, 1e-6);
    vly_impedance_result r;
    test_fails(vly_impedance(&r, device, source, o), status, part);
    ck_assert(r.points == NULL && r.branches == NULL);
    vly_source_close(source);
    vly_device_close(device);
}

START_TEST(cells_that_cannot_answer_say_why)
{
    const vly_extent e = {1, 1, 4};
    const char *const none[][2] = {{"am_capacitance", "0"}, {"cbd_capacitance", "0"}};
    vly_materials *m = test_materials_with(none, 2);
    vly_impedance_options o = test_impedance_options(NULL);
    expect_failure((uint8_t[]){1, 0, 1, 1}, e, &o, VLY_EDATA, "no path for ions");
    expect_failure((uint8_t[]){0, 1, 0, 1}, e, &o, VLY_EDATA, "no path for electrons");
    expect_failure((uint8_t[]){0, 0, 2, 0}, e, &o, VLY_EDATA, "no active material");
    o.cell.materials = m;
    expect_failure((uint8_t[]){1, 1, 0, 0}, e, &o, VLY_EDATA, "no active surface");
    o.cell.materials = NULL;
    o.lowest = 0.0;
    expect_failure((uint8_t[]){1, 1, 0, 0}, e, &o, VLY_EUSAGE, "frequencies from");
    o.lowest = 1e-2;
    o.per_decade = 0;
    expect_failure((uint8_t[]){1, 1, 0, 0}, e, &o, VLY_EUSAGE, "per decade");
    o.per_decade = 10;
    o.tolerance = 0.0;
    expect_failure((uint8_t[]){1, 1, 0, 0}, e, &o, VLY_EUSAGE, "tolerance");
    o.tolerance = 1e-4;
    o.cell.separator_layers = 0;
    expect_failure((uint8_t[]){1, 1, 0, 0}, e, &o, VLY_EUSAGE, "separator: 0 layers");
    ck_assert_str_eq(vly_impedance_method_name(VLY_IMPEDANCE_STEP), "step");
    ck_assert_str_eq(vly_impedance_method_name(VLY_IMPEDANCE_HARMONIC), "harmonic");
    vly_materials_free(m);
}
END_TEST

/* Every allocation and every call of the device in turn. */
START_TEST(failures_on_the_way_come_back_and_leave_nothing_behind)
{
    const char *const seams[] = {"alloc", "device"};
    if (test_emulated()) return;
    uint8_t labels[27];
    vly_impedance_options o = test_impedance_options(NULL);
    for (int i = 0; i < 27; i++) labels[i] = i < 9 || i % 9 == 4 ? VLY_AM : i % 2 ? VLY_CBD : VLY_PORE;
    o.cell.separator_layers = 2;
    o.highest = o.lowest = 1.0;
    o.method = VLY_IMPEDANCE_STEP;
    o.steps_per_decade = 1;
    vly_device *device = test_device(1, 0);
    vly_source *source = test_labels(labels, (vly_extent){3, 3, 3}, 1e-6);
    const int64_t before = vly_memory_held();
    for (int s = 0; s < 2; s++) {
        bool done = false;
        /* calls of the device come by the hundred: those at the start, then every seventh */
        for (int n = 1; !done; n += s == 0 || n < 60 ? 1 : 7) {
            char fault[32];
            vly_impedance_result r;
            snprintf(fault, sizeof fault, "%s:%d", seams[s], n);
            setenv("VLY_FAULT", fault, 1);
            vly_fault_reset();
            vly_status status = vly_impedance(&r, device, source, &o);
            done = vly_fault_count() < n;
            ck_assert_msg((status == VLY_OK) == done, "%s: %d", fault, (int)status);
            vly_impedance_result_free(&r);
            ck_assert_int_eq(vly_memory_held(), before);
        }
    }
    unsetenv("VLY_FAULT");
    vly_fault_reset();
    vly_source_close(source);
    vly_device_close(device);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("impedance_cells");
    TEST_CASE(suite, tiny_cells_agree_with_dense_complex_systems);
    TEST_CASE(suite, the_device_agrees_with_the_processor_and_threads_with_one_alone);
    TEST_CASE(suite, a_tighter_tolerance_moves_the_spectrum_by_less_than_the_looser_one_promised);
    TEST_CASE(suite, a_real_cathode_ends_at_its_exact_low_resistance);
    TEST_CASE(suite, cells_that_cannot_answer_say_why);
    TEST_CASE(suite, failures_on_the_way_come_back_and_leave_nothing_behind);
    return test_run(suite);
}
