/* The equations of a half cell by themselves: derivatives against differences, sums against what crosses the planes
 * (electrochemistry spec 2.3, 7.2), and the same on every device. */
#include "cell/assemble_voxel.h"
#include "cell/assembly.h"
#include "cell/materials_impl.h"

#include "half_cell.h"

typedef struct trial {
    vly_device *device;
    vly_cell_network network;
    vly_assembly assembly;
    vly_buffer memory, states; /* laws; now, before, earlier */
    vly_cell_laws laws;
    int32_t rows;
    double *u, *past; /* (rows), (2, rows) */
    double collector, current, reference, spread;
} trial;

static vly_cell_moment moment_of(trial *t)
{
    const double *states = t->states.data;
    ck_assert_int_eq(vly_device_upload(t->device, t->states.data, t->u, t->rows * 8), VLY_OK);
    vly_cell_moment moment = {.now = states, .before = states + t->rows, .earlier = states + 2 * t->rows, .a = 0.1};
    moment.back = 0.02;
    moment.collector = t->collector;
    moment.reference = t->reference;
    ck_assert_int_eq(vly_assembly_remember(&t->assembly, &moment), VLY_OK);
    t->spread = moment.spread;
    return moment;
}

static void evaluate(trial *t, bool matrix)
{
    vly_cell_moment moment = moment_of(t);
    ck_assert_int_eq(vly_assembly_evaluate(&t->assembly, &moment, &t->laws, false, t->current, matrix), VLY_OK);
}

/* All phases at random below a layer of separator, and a state in which everything flows. */
static void begin(trial *t, vly_device *device, int32_t side, int32_t layers, uint64_t seed, bool half, double film)
{
    const double dz[] = {1e-6, 1e-6, 1e-6, 1e-6, 1e-6, 1e-6, 1.5e-6, 2e-6};
    uint8_t label[256];
    vly_materials *m;
    int32_t voxels = side * side * layers;
    *t = (trial){.device = device, .current = 3e-9, .reference = 0.25};
    test_voxels v = {side, side, layers, label, 1e-6, dz, 0.5, 0.06, 10.0, 0.9, 0.75};
    do { /* until nothing is cut off */
        vly_cell_network_free(&t->network);
        for (int32_t i = 0; i < voxels; i++)
            label[i] = i >= voxels - side * side ? TEST_SEP : (uint8_t)(3.0 * test_uniform(&seed));
        test_network(&t->network, &v);
    } while (vly_cell_network_check(&t->network) != VLY_OK);
    ck_assert_int_eq(vly_materials_create_default(&m), VLY_OK);
    ck_assert_int_eq(vly_cell_laws_upload(&t->laws, &t->memory, device, m), VLY_OK);
    vly_materials_free(m);
    t->laws.half = half;
    t->laws.film = film;
    ck_assert_msg(vly_assembly_create(&t->assembly, device, &t->network, 1000.0, t->laws.solid_most) == VLY_OK, "%s",
                  vly_error_message());
    const vly_cell_layout *l = &t->assembly.layout;
    t->rows = vly_cell_layout_rows(l);
    t->u = malloc((size_t)t->rows * 8);
    t->past = malloc((size_t)t->rows * 16);
    ck_assert_int_eq(vly_buffer_reserve(&t->states, device, 3 * t->rows * 8, "states"), VLY_OK);
    for (int32_t i = 0; i < 3 * t->rows; i++) {
        int32_t row = i % t->rows;
        double x = test_uniform(&seed), value;
        if (row < t->network.electrons)
            value = 3.85 + 0.1 * x;
        else if (row < l->potentials)
            value = 0.05 * x;
        else
            value = row < l->potentials + l->electrolytes ? 300.0 + 1800.0 * x : (0.4 + 0.3 * x) * l->solid_most;
        *(i < t->rows ? &t->u[i] : &t->past[i - t->rows]) = value;
    }
    t->collector = 3.9;
    ck_assert_int_eq(vly_device_upload(device, (double *)t->states.data + t->rows, t->past, t->rows * 16), VLY_OK);
}

static void finish(trial *t)
{
    vly_assembly_free(&t->assembly);
    vly_cell_network_free(&t->network);
    vly_buffer_free(&t->memory);
    vly_buffer_free(&t->states);
    free(t->u);
    free(t->past);
}

/* Balances of all rows and of the collector. */
static double *balances(trial *t)
{
    evaluate(t, false);
    double *right = test_fetch(t->device, t->assembly.system.right, t->rows * 8);
    double *r = malloc((size_t)(t->rows + 1) * 8);
    for (int32_t i = 0; i < t->rows; i++) r[i] = -right[i];
    r[t->rows] = -t->assembly.system.border_right;
    free(right);
    return r;
}

/* The matrix, collector included, column after column. */
static double *dense(trial *t)
{
    const vly_cell_system *s = &t->assembly.system;
    direct_matrix m = {.first = NULL};
    int32_t n = t->rows + 1;
    double *a = calloc((size_t)n * (size_t)n, 8);
    evaluate(t, true);
    direct_fetch(&m, t->device, s);
    for (int32_t i = 0; i < t->rows; i++)
        for (int32_t e = m.first[i]; e < m.first[i + 1]; e++) {
            a[(int64_t)m.column[e] * n + i] = m.value[e];
            if (e > m.first[i]) ck_assert_int_gt(m.column[e], m.column[e - 1]);
        }
    for (int32_t k = 0; k < s->collectors; k++) {
        a[(int64_t)t->rows * n + m.row[k]] = a[(int64_t)m.row[k] * n + t->rows] = -m.weight[k];
        if (m.solid[k] >= 0) a[(int64_t)m.solid[k] * n + t->rows] = m.slope[k];
    }
    a[(int64_t)n * n - 1] = s->border_diagonal;
    direct_release(&m);
    return a;
}

/* Largest deviation of a column from central differences, relative to the column. */
static double worst_column(trial *t)
{
    int32_t n = t->rows + 1;
    double *a = dense(t), worst = 0.0;
    for (int32_t c = 0; c < n; c++) {
        double *x = c < t->rows ? &t->u[c] : &t->collector, kept = *x, off = 0.0, most = 0.0;
        double step = 1e-6 * (c < t->rows ? vly_cell_unit(&t->assembly.layout, c) : 1.0);
        *x = kept + step;
        double *above = balances(t);
        *x = kept - step;
        double *below = balances(t);
        *x = kept;
        for (int32_t i = 0; i < n; i++) {
            double entry = a[(int64_t)c * n + i];
            off = fmax(off, fabs((above[i] - below[i]) / (2.0 * step) - entry));
            most = fmax(most, fabs(entry));
        }
        worst = fmax(worst, off / most);
        free(above);
        free(below);
    }
    free(a);
    return worst;
}

/* Differences of second order with steps of 1e-6 of what is full: truncation and rounding both stay below 1e-6 (spec 7.2). */
START_TEST(the_matrix_is_the_derivative_of_the_balances)
{
    vly_device *device = test_device(0, 0);
    for (int variant = 0; variant < 4; variant++) {
        trial t;
        begin(&t, device, test_small() ? 3 : 4, test_small() ? 4 : 8, 5 + (uint64_t)variant, variant & 1,
              variant & 2 ? 2e-3 : 0.0);
        ck_assert_double_lt(worst_column(&t), 1e-6);
        finish(&t);
    }
    vly_device_close(device);
}
END_TEST

/* Before the row operation, the sum over rows is what the planes and the accumulation say, to rounding (spec 2.3), also where
 * salt fell so steeply in the past that its nodes do not remember all of it. */
START_TEST(sums_over_rows_telescope_to_what_crosses_the_planes)
{
    vly_device *device = test_device(0, 0);
    for (int half = 0; half < 2; half++) {
        trial t;
        begin(&t, device, 4, test_small() ? 4 : 8, 11, half != 0, 0.0);
        t.reference = 0.0;
        double *r = balances(&t), charge = 0.0, salt = 0.0, size[2] = {0.0, 0.0}, pile = 0.0;
        ck_assert_double_gt(t.spread, 1e-4);
        int32_t potentials = t.assembly.layout.potentials;
        for (int32_t i = 0; i < t.rows; i++) {
            size[i >= potentials] += fabs(r[i]);
            *(i < potentials ? &charge : &salt) += r[i];
            if (i < potentials) continue;
            int32_t n = i - potentials, e = t.network.electrolytes;
            double volume = n < e ? t.network.electrolyte_volume[n] : t.network.solid_volume[n - e];
            pile += volume * (0.1 * (t.u[i] - t.past[i]) - 0.02 * (t.past[i] - t.past[t.rows + i]));
            size[1] += fabs(volume * 0.1 * (t.u[i] - t.past[i]));
        }
        charge += r[t.rows];
        size[0] += fabs(r[t.rows]);
        ck_assert_double_le(fabs(charge - (t.current - t.assembly.lithium)), 1e-13 * size[0]);
        ck_assert_double_le(fabs(salt - (pile - t.assembly.lithium / VLY_FARADAY)), 1e-13 * size[1]);
        free(r);
        finish(&t);
    }
    vly_device_close(device);
}
END_TEST

/* Were a node empty at the end of a step, its salt would have to have gone somewhere: only then is there a positive solution. BDF2
 * as it stands takes more than there is from what fell to a seventh. */
START_TEST(no_past_takes_more_salt_than_there_is)
{
    const double now[] = {0.0}, before[] = {1.0};
    for (double earlier = 1.0; earlier < 1e6; earlier *= 1.1) {
        const vly_cell_moment s = {.now = now, .before = before, .earlier = &earlier, .a = 0.1, .back = 0.02};
        ck_assert_double_lt(vly_cell_salt_pile(&s, 0), 0.0);
        if (earlier <= 5.0) ck_assert_double_eq_tol(vly_cell_salt_pile(&s, 0), vly_cell_pile(&s, 0), 1e-16);
        ck_assert(earlier < 7.0 || vly_cell_pile(&s, 0) > 0.0);
    }
}
END_TEST

/* exp and log of another device may differ in their last bits: 1e-13 of each row's largest entry. */
START_TEST(a_device_and_the_cpu_make_the_same_system)
{
    vly_device *devices[2] = {test_device(0, 0), test_cpu(1)};
    double *entry[2], *right[2], worst = 0.0;
    int32_t n = 0;
    for (int k = 0; k < 2; k++) {
        trial t;
        begin(&t, devices[k], 4, 4, 3, true, 1e-3);
        entry[k] = dense(&t);
        right[k] = balances(&t);
        n = t.rows + 1;
        finish(&t);
        vly_device_close(devices[k]);
    }
    for (int32_t i = 0; i < n; i++) {
        double most = fabs(right[1][i]);
        for (int32_t c = 0; c < n; c++) most = fmax(most, fabs(entry[1][(int64_t)c * n + i]));
        for (int32_t c = 0; c < n; c++)
            worst = fmax(worst, fabs(entry[0][(int64_t)c * n + i] - entry[1][(int64_t)c * n + i]) / most);
        worst = fmax(worst, fabs(right[0][i] - right[1][i]) / most);
    }
    ck_assert_double_le(worst, 1e-13);
    for (int k = 0; k < 2; k++) free(entry[k]), free(right[k]);
}
END_TEST

/* A potential that nothing ties down would make the matrix singular: said in words, before anything is solved. */
START_TEST(a_network_that_is_not_connected_is_refused)
{
    const uint8_t label[] = {VLY_AM, VLY_PORE, VLY_PORE, VLY_CBD, TEST_SEP, TEST_SEP};
    const double dz[] = {1e-6, 1e-6, 1e-6};
    vly_cell_network n;
    test_voxels v = {2, 1, 3, label, 1e-6, dz, 0.5, 0.06, 10.0, 0.9, 0.75};
    test_network(&n, &v);
    test_fails(vly_cell_network_check(&n), VLY_EDATA, "1 nodes of the half cell are tied neither"); /* the binder */
    n.faces = 0;
    test_fails(vly_cell_network_check(&n), VLY_EDATA, "the half cell is open");
    vly_cell_network_free(&n);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("balances");
    TEST_CASE(suite, the_matrix_is_the_derivative_of_the_balances);
    TEST_CASE(suite, sums_over_rows_telescope_to_what_crosses_the_planes);
    TEST_CASE(suite, no_past_takes_more_salt_than_there_is);
    TEST_CASE(suite, a_device_and_the_cpu_make_the_same_system);
    TEST_CASE(suite, a_network_that_is_not_connected_is_refused);
    return test_run(suite);
}
