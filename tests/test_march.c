/* Marches through time: the order of the schemes, rest, holding a voltage, the cut-off, and going on from where a march was
 * kept (electrochemistry spec 7.10 to 7.12, 4.7). */
#include "sphere_cell.h"

/* Voltage after 200 s in so many steps. */
static double voltage_after(vly_device *device, sphere_cell *s, const vly_cell_laws *laws, const vly_cell_start *start,
                            int32_t order, int32_t steps)
{
    vly_march *march = start_golden(device, s, laws, start, order, 200.0 / steps, &direct_solving);
    step_to(march, steps);
    double voltage = vly_march_record_now(march)->voltage;
    vly_march_free(march);
    return voltage;
}

/* Halved steps leave half the error of backward Euler, and a quarter of that of BDF2 (spec 7.12), on the lowest third of the
 * spheres; what higher orders add to that is still visible at these lengths. */
START_TEST(errors_in_time_fall_with_the_order_of_the_scheme)
{
    vly_device *device = test_cpu(0);
    sphere_cell *s = calloc(1, sizeof *s);
    vly_cell_laws laws;
    vly_buffer memory;
    make_low_spheres(s, 10);
    vly_cell_start start = changed(&laws, &memory, device, table_of_potential);
    for (int32_t order = 1; order <= 2; order++) {
        double v[3];
        for (int32_t k = 0; k < 3; k++)
            v[k] = voltage_after(device, s, &laws, &start, order, (order == 1 ? 40 : 20) << k);
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

/* Nothing drives anything: nothing moves, to rounding of 1e-12 (spec 7.10). */
START_TEST(a_half_cell_at_rest_stays_as_it_is)
{
    vly_device *device = test_cpu(0);
    sphere_cell *s = calloc(1, sizeof *s);
    vly_cell_laws laws;
    vly_buffer memory;
    vly_march *march;
    vly_march_options options = VLY_MARCH_OPTIONS_INIT;
    make_low_spheres(s, 10);
    vly_cell_start start = changed(&laws, &memory, device, everything_varies);
    options.end = 1000.0;
    options.solving = &direct_solving;
    ck_assert_int_eq(vly_march_create(&march, device, &s->network, &laws, &start, &options), VLY_OK);
    const vly_march_record *r = vly_march_record_now(march);
    while (r->end == VLY_MARCH_GOES_ON) ck_assert_int_eq(vly_march_step(march), VLY_OK);
    ck_assert_int_eq(r->end, VLY_MARCH_TIME);
    ck_assert_double_eq(r->time, 1000.0);
    ck_assert_double_eq_tol(r->voltage, start.potential, 1e-12);
    ck_assert_double_eq_tol(r->salt_least, 1000.0, 1e-9);
    ck_assert_double_eq_tol(r->salt_most, 1000.0, 1e-9);
    ck_assert_double_eq_tol(r->stoichiometry_least, r->stoichiometry_most, 1e-12);
    ck_assert_double_eq(r->charge, 0.0);
    vly_march_free(march);
    vly_cell_network_free(&s->network);
    vly_buffer_free(&memory);
    free(s);
    vly_device_close(device);
}
END_TEST

typedef struct run {
    vly_device *device;
    sphere_cell *s;
    vly_cell_laws laws;
    vly_buffer memory;
    vly_cell_start start;
    vly_march_options options;
} run;

static void begin(run *r, int32_t threads, const vly_cell_solving *solving)
{
    r->device = test_cpu(threads);
    r->s = calloc(1, sizeof *r->s);
    make_low_spheres(r->s, 10);
    r->start = changed(&r->laws, &r->memory, r->device, everything_varies);
    r->options = VLY_MARCH_OPTIONS_INIT;
    r->options.value = 20.0 * r->s->network.cross_section;
    r->options.renew = 5;
    r->options.solving = solving;
}

static vly_march *march_of(run *r)
{
    vly_march *march;
    ck_assert_msg(vly_march_create(&march, r->device, &r->s->network, &r->laws, &r->start, &r->options) == VLY_OK, "%s",
                  vly_error_message());
    return march;
}

static void finish(run *r)
{
    vly_cell_network_free(&r->s->network);
    vly_buffer_free(&r->memory);
    free(r->s);
    vly_device_close(r->device);
}

static double *unknowns_of(vly_march *march)
{
    double *u = malloc((size_t)vly_march_rows(march) * 8);
    ck_assert_int_eq(vly_march_unknowns(march, u), VLY_OK);
    return u;
}

static void check_same(vly_march *a, vly_march *b)
{
    double *u[2] = {unknowns_of(a), unknowns_of(b)};
    ck_assert_mem_eq(u[0], u[1], (size_t)vly_march_rows(a) * 8);
    ck_assert_mem_eq(vly_march_record_now(a), vly_march_record_now(b), sizeof(vly_march_record));
    free(u[0]);
    free(u[1]);
}

START_TEST(a_kept_march_goes_on_bit_by_bit)
{
    run r;
    const void *blob;
    int64_t bytes, step;
    begin(&r, 0, NULL); /* the program's own solver learns on the way */
    vly_march *one = march_of(&r), *two = march_of(&r);
    step_to(one, 12);
    ck_assert_int_eq(vly_march_save(one, &blob, &bytes, &step), VLY_OK);
    ck_assert_int_eq(step, 10);
    ck_assert_int_eq(vly_march_load(two, blob, bytes), VLY_OK);
    ck_assert_int_eq(vly_march_record_now(two)->step, 10);
    step_to(two, 12);
    check_same(one, two);
    step_to(one, 23);
    step_to(two, 23);
    check_same(one, two);
    ck_assert_int_eq(vly_march_save(one, &blob, &bytes, &step), VLY_OK);
    test_fails(vly_march_load(two, blob, bytes - 1), VLY_EDATA, "not this half cell's");
    test_fails(vly_march_load(two, blob, 8), VLY_EDATA, "is cut off");
    vly_march_free(one);
    vly_march_free(two);
    finish(&r);
}
END_TEST

START_TEST(threads_do_not_change_a_bit)
{
    run r[2];
    vly_march *march[2];
    for (int k = 0; k < 2; k++) {
        begin(&r[k], k + 1, NULL);
        march[k] = march_of(&r[k]);
        step_to(march[k], 8);
    }
    check_same(march[0], march[1]);
    for (int k = 0; k < 2; k++) {
        vly_march_free(march[k]);
        finish(&r[k]);
    }
}
END_TEST

/* Whatever stands at 0+ and is lithiated ends within 0.1 mV of the cut-off (spec 4.7). Steps of the default tolerance are
 * worth half a millivolt, and here as much of the charge: at 2.7 mV/s after 33 s, 1 %. */
START_TEST(a_march_ends_at_the_cutoff)
{
    run r;
    double charge[2];
    begin(&r, 0, &direct_solving);
    r.options.cutoff = 3.95;
    for (int k = 0; k < 2; k++) {
        r.options.tolerance = k ? 1e-4 : 1e-3;
        vly_march *march = march_of(&r);
        const vly_march_record *record = vly_march_record_now(march);
        while (record->end == VLY_MARCH_GOES_ON) ck_assert_int_eq(vly_march_step(march), VLY_OK);
        ck_assert_int_eq(record->end, VLY_MARCH_CUTOFF);
        ck_assert_double_eq_tol(record->voltage, 3.95, 1e-4);
        ck_assert_double_eq_tol(record->charge, record->time * r.options.value, 1e-12 * record->charge);
        charge[k] = record->charge;
        int64_t step = record->step;
        ck_assert_int_eq(vly_march_step(march), VLY_OK); /* there is no further one */
        ck_assert_int_eq(record->step, step);
        vly_march_free(march);
    }
    ck_assert_double_eq_tol(charge[0], charge[1], 1e-2 * charge[1]);
    r.options.cutoff = 4.5;
    vly_march *none;
    test_fails(vly_march_create(&none, r.device, &r.s->network, &r.laws, &r.start, &r.options), VLY_EDATA,
               "from the start, the cut-off 4.5000 V");
    ck_assert_ptr_null(none);
    finish(&r);
}
END_TEST

/* A current, then none: the potentials jump back at once and concentrations even out. Then a voltage: a current flows until
 * the active material has what belongs to it. */
START_TEST(a_drive_may_be_changed_on_the_way)
{
    run r;
    double slope;
    begin(&r, 0, &direct_solving);
    r.laws.solid_diffusivity = test_constant(1e-12);
    vly_march *march = march_of(&r);
    const vly_march_record *now = vly_march_record_now(march);
    step_to(march, 12);
    double voltage = now->voltage, stoichiometry = now->stoichiometry;
    ck_assert_int_eq(vly_march_drive(march, VLY_DRIVE_CURRENT, 0.0), VLY_OK);
    ck_assert_int_eq(now->step, 12);
    ck_assert_double_gt(now->voltage, voltage + 0.01);
    ck_assert_double_eq_tol(now->stoichiometry, stoichiometry, 1e-15);
    while (now->time < 3000.0) ck_assert_int_eq(vly_march_step(march), VLY_OK);
    ck_assert_double_eq_tol(now->stoichiometry, stoichiometry, 1e-12);
    ck_assert_double_eq_tol(now->voltage, vly_law_value(&r.laws.ocp, stoichiometry, &slope), 1e-6);
    ck_assert_int_eq(vly_march_drive(march, VLY_DRIVE_VOLTAGE, 4.1), VLY_OK);
    ck_assert_double_eq(now->voltage, 4.1);
    ck_assert_double_gt(now->current, 0.0);
    while (now->time < 12000.0) ck_assert_int_eq(vly_march_step(march), VLY_OK);
    ck_assert_double_eq(now->voltage, 4.1);
    ck_assert_double_eq_tol(vly_law_value(&r.laws.ocp, now->stoichiometry, &slope), 4.1, 1e-5);
    ck_assert_double_le(fabs(now->solid_drift), 1e-9);
    vly_march_free(march);
    finish(&r);
}
END_TEST

/* Far more lithium than the active material takes in one step: no solution, and no state is lost. */
START_TEST(a_step_that_cannot_be_made_leaves_the_last_state)
{
    run r;
    begin(&r, 0, &direct_solving);
    r.options.fixed = 1e7;
    vly_march *march = march_of(&r);
    double *before = unknowns_of(march);
    ck_assert_int_eq(vly_march_step(march), VLY_OK);
    ck_assert_int_eq(vly_march_record_now(march)->end, VLY_MARCH_STUCK);
    ck_assert_int_eq(vly_march_record_now(march)->step, 0);
    double *after = unknowns_of(march);
    ck_assert_mem_eq(before, after, (size_t)vly_march_rows(march) * 8);
    free(before);
    free(after);
    vly_march_free(march);
    finish(&r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("march");
    TEST_CASE(suite, errors_in_time_fall_with_the_order_of_the_scheme);
    TEST_CASE(suite, a_half_cell_at_rest_stays_as_it_is);
    TEST_CASE(suite, a_kept_march_goes_on_bit_by_bit);
    TEST_CASE(suite, threads_do_not_change_a_bit);
    TEST_CASE(suite, a_march_ends_at_the_cutoff);
    TEST_CASE(suite, a_drive_may_be_changed_on_the_way);
    TEST_CASE(suite, a_step_that_cannot_be_made_leaves_the_last_state);
    return test_run(suite);
}
