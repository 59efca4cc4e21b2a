/* Newton systems of half cells: against elimination, in few iterations whatever the size, and the same on every device. */
#include "cell_system.h"

#include "cell/linear.h"
#include "conductor.h"

#include <stdio.h>

/* A network of random blobs below a separator of graded layers. */
static vly_cell_network blobs(vly_extent e, int32_t layers, uint64_t seed)
{
    vly_domain d;
    vly_cell_network n;
    vly_domain_options options = TEST_DOMAIN;
    uint8_t *labels = test_blobs(e, 0.7, 0.25, 0.5, seed);
    for (int32_t i = 0; i < e.nx * e.ny; i++) labels[i] = i % 3 ? VLY_AM : VLY_CBD; /* a collector that is covered */
    options.separator_layers = layers;
    options.separator_thickness = 60e-6;
    test_domain(&d, &n, labels, e, 0.642e-6, &options);
    ck_assert_msg(vly_cell_network_check(&n) == VLY_OK, "%s", vly_error_message());
    vly_domain_free(&d);
    free(labels);
    return n;
}

/* A system of such a network whose solution is known. */
typedef struct trial {
    vly_device *device;
    vly_cell_network n;
    test_system s;
    double *known; /* (rows + 1) */
} trial;

static void begin(trial *t, vly_device *device, vly_extent e, int32_t layers, const test_state *state)
{
    *t = (trial){.device = device, .n = blobs(e, layers, state->seed)};
    t->s = test_make_system(&t->n, state);
    t->known = calloc((size_t)t->s.host.rows + 1, sizeof *t->known);
    test_know_solution(&t->s, t->known, 4);
}

static void finish(trial *t)
{
    free(t->known);
    test_free_system(&t->s);
    vly_cell_network_free(&t->n);
    if (t->device) vly_device_close(t->device);
}

typedef struct outcome {
    vly_status status;
    double *step; /* (rows + 1) */
    int32_t iterations;
} outcome;

/* Creates, refreshes `refreshes` times and solves. */
static outcome solve(vly_device *device, const vly_cell_network *n, test_system *s, double tolerance, int32_t refreshes)
{
    vly_cell_solver *solver;
    vly_buffer step;
    int32_t rows = s->host.rows;
    outcome o = {.step = calloc((size_t)rows + 1, sizeof(double))};
    test_upload_system(s, device);
    ck_assert_int_eq(vly_buffer_create(&step, device, rows * 8, "step"), VLY_OK);
    o.status = vly_cell_solver_create(&solver, device, n, &s->device);
    ck_assert_msg(o.status == VLY_OK, "%s", vly_error_message());
    for (int32_t k = 0; k < refreshes && o.status == VLY_OK; k++)
        o.status = vly_cell_solver_refresh(solver, &s->device);
    if (o.status == VLY_OK)
        o.status = vly_cell_solver_solve(solver, &s->device, tolerance, step.data, o.step + rows, &o.iterations);
    ck_assert_int_eq(vly_buffer_download(&step, o.step, rows * 8), VLY_OK);
    vly_buffer_free(&step);
    vly_cell_solver_free(solver);
    return o;
}

/* The same system on a device that is closed behind it. */
static outcome solve_on(vly_device *device, trial *t, double tolerance)
{
    outcome o = solve(device, &t->n, &t->s, tolerance, 2);
    ck_assert_msg(o.status == VLY_OK, "%s", vly_error_message());
    for (int b = 0; b < 9; b++) vly_buffer_free(&t->s.buffers[b]);
    vly_device_close(device);
    return o;
}

/* Largest deviation in units of the unknowns' scales. */
static double deviation(const test_system *s, const double *a, const double *b)
{
    double worst = fabs(a[s->host.rows] - b[s->host.rows]);
    for (int32_t i = 0; i < s->host.rows; i++) worst = fmax(worst, fabs(a[i] - b[i]) / s->scale[i]);
    return worst;
}

/* Gaussian elimination with pivots on the scaled matrix, border included. */
static double *eliminate(const test_system *s)
{
    int32_t n = s->host.rows + 1;
    double *a = calloc((size_t)n * (size_t)(n + 1), sizeof *a), *unit = calloc((size_t)n, 8), *x = calloc((size_t)n, 8);
    for (int32_t j = 0; j < n; j++) { /* column by column: what unit vectors become */
        double *y = malloc((size_t)n * sizeof *y);
        unit[j] = j < n - 1 ? s->scale[j] : 1.0;
        test_apply(s, unit, y);
        unit[j] = 0.0;
        for (int32_t i = 0; i < n; i++) a[(size_t)i * (size_t)(n + 1) + (size_t)j] = y[i];
        free(y);
    }
    for (int32_t i = 0; i < n; i++) {
        double *row = a + (size_t)i * (size_t)(n + 1), most = 0.0;
        row[n] = i < n - 1 ? s->right[i] : s->host.border_right;
        for (int32_t j = 0; j < n; j++) most = fmax(most, fabs(row[j]));
        for (int32_t j = 0; j <= n; j++) row[j] /= most;
    }
    for (int32_t k = 0; k < n; k++) {
        double *top = a + (size_t)k * (size_t)(n + 1), *best = top;
        for (int32_t i = k; i < n; i++)
            if (fabs(a[(size_t)i * (size_t)(n + 1) + (size_t)k]) > fabs(best[k]))
                best = a + (size_t)i * (size_t)(n + 1);
        for (int32_t j = k; j <= n; j++) {
            double t = top[j];
            top[j] = best[j];
            best[j] = t;
        }
        for (int32_t i = k + 1; i < n; i++) {
            double *row = a + (size_t)i * (size_t)(n + 1), f = row[k] / top[k];
            for (int32_t j = k; f != 0.0 && j <= n; j++) row[j] -= f * top[j];
        }
    }
    for (int32_t k = n - 1; k >= 0; k--) {
        double *row = a + (size_t)k * (size_t)(n + 1), sum = row[n];
        for (int32_t j = k + 1; j < n; j++) sum -= row[j] * x[j];
        x[k] = sum / row[k];
    }
    for (int32_t i = 0; i < n - 1; i++) x[i] *= s->scale[i];
    free(a);
    free(unit);
    return x;
}

static void is_eliminated(const vly_extent e, const test_state *state, bool prescribed)
{
    trial t;
    begin(&t, test_device(2, 0), e, 3, state);
    if (prescribed) {
        t.s.host.collectors = 0;
        t.s.host.border_diagonal = 1.0;
        test_know_solution(&t.s, t.known, 4);
    }
    double *exact = eliminate(&t.s);
    outcome o = solve(t.device, &t.n, &t.s, 1e-12, 1);
    ck_assert_msg(o.status == VLY_OK, "%s", vly_error_message());
    /* steps are 1e-3; the condition number of the scaled matrix is about the square of the cell's length in voxels over the
     * weakest layer, below 1e5, so that both are good to 1e-12 1e5 of that */
    ck_assert_double_le(deviation(&t.s, exact, t.known), 1e-10);
    ck_assert_double_le(deviation(&t.s, o.step, exact), 1e-9);
    ck_assert_int_le(o.iterations, 40);
    free(o.step);
    free(exact);
    finish(&t);
}

START_TEST(steps_are_what_elimination_gives_whatever_the_time_step)
{
    const double steps[] = {1e-6, 1.0, 60.0};
    for (int k = 0; k < (test_small() ? 1 : 3); k++) {
        test_state state = TEST_STATE;
        state.step = steps[test_small() ? 1 : k];
        state.seed = (uint64_t)(11 + k);
        is_eliminated(test_small() ? (vly_extent){4, 3, 5} : (vly_extent){6, 5, 7}, &state, false);
    }
}
END_TEST

START_TEST(a_prescribed_voltage_leaves_a_border_of_its_own)
{
    test_state state = TEST_STATE;
    is_eliminated((vly_extent){4, 3, 5}, &state, true);
}
END_TEST

/* Iterations to 1e-6 from a solution with noise of every scale, and to 1e-3 from a change of current alone. */
static int32_t count(const vly_cell_network *n, const test_state *state, bool current, double tolerance)
{
    vly_device *device = test_device(2, 0);
    test_system s = test_make_system(n, state);
    double *known = calloc((size_t)s.host.rows + 1, sizeof *known);
    test_know_solution(&s, known, 5);
    if (current) {
        memset(s.right, 0, (size_t)s.host.rows * sizeof *s.right);
        s.host.border_right = -60.0 * n->cross_section;
    }
    outcome o = solve(device, n, &s, tolerance, 2);
    ck_assert_msg(o.status == VLY_OK, "%s", vly_error_message());
    free(o.step);
    free(known);
    test_free_system(&s);
    vly_device_close(device);
    return o.iterations;
}

START_TEST(the_golden_geometry_takes_few_iterations)
{
    vly_domain d;
    vly_cell_network n;
    test_state state = TEST_STATE;
    if (test_small()) return;
    test_sc10_network(&d, &n);
    const double steps[] = {1.0, 10.0, 60.0};
    for (int k = 0; k < 3; k++) {
        state.step = steps[k];
        ck_assert_int_le(count(&n, &state, false, 1e-6), 12);
        ck_assert_int_le(count(&n, &state, true, 1e-3), 12);
    }
    vly_cell_network_free(&n);
    vly_domain_free(&d);
}
END_TEST

/* Spec 5.3 and 5.4: inexact blocks take 8 to 15; depletion at the collector and a nearly full, badly conducting active
 * material are what a discharge ends with. */
START_TEST(iterations_stay_few_in_any_state)
{
    if (test_small()) return;
    vly_cell_network n = blobs((vly_extent){20, 20, 24}, 12, 2);
    const test_state states[] = {{10.0, 0.26, 0.3, 0.8, 1.2, 1},
                                 {60.0, 0.4, 0.7, 0.3, 1.8, 2},
                                 {60.0, 0.6, 0.95, 0.1, 2.0, 3},
                                 {1e-9, 0.3, 0.5, 1.0, 1.0, 4}};
    for (int k = 0; k < 4; k++) {
        ck_assert_int_le(count(&n, &states[k], false, 1e-6), 15);
        ck_assert_int_le(count(&n, &states[k], true, 1e-3), 15);
    }
    vly_cell_network_free(&n);
}
END_TEST

START_TEST(iterations_do_not_grow_with_the_cell)
{
    if (test_small()) return;
    vly_cell_network small = blobs((vly_extent){16, 16, 20}, 8, 6), large = blobs((vly_extent){48, 48, 20}, 8, 6);
    int32_t few = count(&small, &TEST_STATE, false, 1e-6), more = count(&large, &TEST_STATE, false, 1e-6);
    ck_assert_msg(more <= 1.3 * few + 1, "%d iterations, %d in a ninth of the area", more, few);
    vly_cell_network_free(&small);
    vly_cell_network_free(&large);
}
END_TEST

START_TEST(threads_do_not_change_a_bit)
{
    if (test_emulated()) return;
    trial t;
    outcome o[2];
    begin(&t, NULL, (vly_extent){14, 13, 16}, 4, &TEST_STATE);
    for (int k = 0; k < 2; k++) o[k] = solve_on(test_device(k + 1, 0), &t, 1e-8);
    ck_assert_int_eq(o[0].iterations, o[1].iterations);
    ck_assert_mem_eq(o[0].step, o[1].step, ((size_t)t.s.host.rows + 1) * sizeof(double));
    free(o[0].step);
    free(o[1].step);
    finish(&t);
}
END_TEST

START_TEST(devices_agree)
{
    trial t;
    outcome o[2];
    begin(&t, NULL, (vly_extent){5, 4, 7}, 3, &TEST_STATE);
    for (int k = 0; k < 2; k++) o[k] = solve_on(k ? test_device(2, 0) : test_cpu(2), &t, 1e-9);
    ck_assert_int_le(abs(o[0].iterations - o[1].iterations), 1); /* sums are rounded in another order */
    ck_assert_double_le(deviation(&t.s, o[0].step, o[1].step), 1e-8);
    free(o[0].step);
    free(o[1].step);
    finish(&t);
}
END_TEST

START_TEST(nothing_to_solve_takes_no_iteration)
{
    trial t;
    begin(&t, test_device(2, 0), (vly_extent){4, 4, 5}, 2, &TEST_STATE);
    memset(t.s.right, 0, (size_t)t.s.host.rows * sizeof *t.s.right);
    t.s.host.border_right = 0.0;
    outcome o = solve(t.device, &t.n, &t.s, 1e-8, 1);
    double *zero = calloc((size_t)t.s.host.rows + 1, sizeof *zero);
    ck_assert_int_eq(o.status, VLY_OK);
    ck_assert_int_eq(o.iterations, 0);
    ck_assert_mem_eq(o.step, zero, ((size_t)t.s.host.rows + 1) * sizeof *zero);
    free(zero);
    free(o.step);
    finish(&t);
}
END_TEST

START_TEST(what_is_no_number_is_a_status)
{
    trial t;
    begin(&t, test_device(2, 0), (vly_extent){4, 4, 5}, 2, &TEST_STATE);
    double value = t.s.value[t.s.first[t.s.host.rows] / 2], right = t.s.right[7], border = t.s.host.border_diagonal;
    const double bad[] = {NAN, INFINITY, -INFINITY};
    for (int k = 0; k < 3; k++) {
        t.s.value[t.s.first[t.s.host.rows] / 2] = bad[k];
        outcome o = solve(t.device, &t.n, &t.s, 1e-8, 1);
        test_fails(o.status, VLY_EDATA, "no finite diagonal");
        free(o.step);
        t.s.value[t.s.first[t.s.host.rows] / 2] = value;
        t.s.right[7] = bad[k];
        o = solve(t.device, &t.n, &t.s, 1e-8, 1);
        test_fails(o.status, VLY_EDATA, "right side");
        free(o.step);
        t.s.right[7] = right;
        t.s.host.border_diagonal = bad[k];
        o = solve(t.device, &t.n, &t.s, 1e-8, 1);
        test_fails(o.status, VLY_EDATA, "no finite diagonal");
        free(o.step);
        t.s.host.border_diagonal = border;
    }
    for (int32_t k = t.s.first[9]; k < t.s.first[10]; k++)
        if (t.s.column[k] == 9) t.s.value[k] = 0.0;
    outcome o = solve(t.device, &t.n, &t.s, 1e-8, 1);
    test_fails(o.status, VLY_EDATA, "1 of ");
    free(o.step);
    finish(&t);
}
END_TEST

/* New aggregates after a failure, new values on old aggregates otherwise: each time the step is right. */
START_TEST(one_solver_takes_system_after_system)
{
    vly_device *device = test_device(2, 0);
    vly_cell_network n = blobs(test_small() ? (vly_extent){4, 4, 5} : (vly_extent){12, 12, 12}, 2, 3);
    vly_cell_solver *solver = NULL;
    vly_buffer step;
    for (int k = 0; k < 5; k++) {
        test_state state = {10.0, 0.3 + 0.1 * k, 0.35 + 0.1 * k, 1.0 - 0.2 * k, 1.0 + 0.2 * k, (uint64_t)(k + 1)};
        test_system s = test_make_system(&n, &state);
        double *known = calloc((size_t)s.host.rows + 1, sizeof *known), *got = calloc((size_t)s.host.rows + 1, 8);
        int32_t iterations, rows = s.host.rows;
        test_know_solution(&s, known, 4);
        test_upload_system(&s, device);
        if (k == 0) {
            ck_assert_int_eq(vly_cell_solver_create(&solver, device, &n, &s.device), VLY_OK);
            ck_assert_int_eq(vly_buffer_create(&step, device, rows * 8, "step"), VLY_OK);
        }
        ck_assert_int_eq(vly_cell_solver_refresh(solver, &s.device), VLY_OK);
        if (k == 2)
            test_fails(vly_cell_solver_solve(solver, &s.device, 1e-30, step.data, got + rows, &iterations),
                       VLY_ENUMERIC, "stagnate");
        ck_assert_int_eq(vly_cell_solver_solve(solver, &s.device, 1e-10, step.data, got + rows, &iterations), VLY_OK);
        ck_assert_int_eq(vly_buffer_download(&step, got, rows * 8), VLY_OK);
        ck_assert_double_le(deviation(&s, got, known), 1e-7);
        free(known);
        free(got);
        test_free_system(&s);
    }
    vly_cell_solver_free(solver);
    vly_buffer_free(&step);
    vly_cell_network_free(&n);
    vly_device_close(device);
}
END_TEST

static vly_status solve_once(void *self)
{
    trial *t = self;
    vly_cell_solver *solver;
    vly_buffer step;
    double border;
    int32_t iterations;
    VLY_TRY(vly_buffer_create(&step, t->device, t->s.host.rows * 8, "step"));
    vly_status status = vly_cell_solver_create(&solver, t->device, &t->n, &t->s.device);
    if (status == VLY_OK) status = vly_cell_solver_refresh(solver, &t->s.device);
    if (status == VLY_OK) status = vly_cell_solver_solve(solver, &t->s.device, 1e-2, step.data, &border, &iterations);
    vly_cell_solver_free(solver);
    vly_buffer_free(&step);
    return status;
}

START_TEST(every_failure_is_a_status_and_frees_what_was_there)
{
    if (test_emulated()) return;
    trial t;
    begin(&t, test_device(1, 0), (vly_extent){4, 4, 5}, 2, &TEST_STATE);
    test_upload_system(&t.s, t.device);
    ck_assert_int_ge(test_every_fault("alloc", solve_once, &t) + test_every_fault("device", solve_once, &t), 60);
    finish(&t);
}
END_TEST

/* More digits than doubles have: the step is still as good as it gets. */
START_TEST(a_tolerance_out_of_reach_is_a_status_and_a_good_step)
{
    trial t;
    begin(&t, test_device(2, 0), (vly_extent){4, 4, 5}, 2, &TEST_STATE);
    outcome o = solve(t.device, &t.n, &t.s, 1e-30, 1);
    test_fails(o.status, VLY_ENUMERIC, "stagnate");
    ck_assert_double_le(deviation(&t.s, o.step, t.known), 1e-9);
    free(o.step);
    finish(&t);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("linear");
    TEST_CASE(suite, steps_are_what_elimination_gives_whatever_the_time_step);
    TEST_CASE(suite, a_prescribed_voltage_leaves_a_border_of_its_own);
    TEST_CASE(suite, the_golden_geometry_takes_few_iterations);
    TEST_CASE(suite, iterations_stay_few_in_any_state);
    TEST_CASE(suite, iterations_do_not_grow_with_the_cell);
    TEST_CASE(suite, threads_do_not_change_a_bit);
    TEST_CASE(suite, devices_agree);
    TEST_CASE(suite, nothing_to_solve_takes_no_iteration);
    TEST_CASE(suite, what_is_no_number_is_a_status);
    TEST_CASE(suite, one_solver_takes_system_after_system);
    TEST_CASE(suite, every_failure_is_a_status_and_frees_what_was_there);
    TEST_CASE(suite, a_tolerance_out_of_reach_is_a_status_and_a_good_step);
    return test_run(suite);
}
