/* The kernels of impedance against naive sums over the edges of a random network, on every device. */
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 4096 + 913, ELECTRONS = 2100, EDGES = 3 * ROWS, BASIS = 5 };

typedef struct network {
    int32_t first[ROWS + 1], *column;
    float *weight, hold[ROWS], charge[ROWS];
    int32_t edge[EDGES][2];
    float value[EDGES];
    vly_buffer memory[6];
    vly_pencil pencil;
} network;

static void upload(vly_buffer *to, vly_device *device, const void *from, int64_t bytes)
{
    ck_assert_int_eq(vly_buffer_create(to, device, bytes, "test"), VLY_OK);
    ck_assert_int_eq(vly_buffer_upload(to, from, bytes), VLY_OK);
}

static network *make_network(vly_device *device, bool charged)
{
    network *n = calloc(1, sizeof *n);
    uint64_t state = 11;
    int32_t *at = calloc(ROWS, sizeof *at);
    for (int k = 0; k < EDGES; k++) {
        n->edge[k][0] = (int32_t)(test_random(&state) % ROWS);
        n->edge[k][1] = (n->edge[k][0] + 1 + (int32_t)(test_random(&state) % (ROWS - 1))) % ROWS;
        n->value[k] = (float)(0.01 + test_uniform(&state));
        for (int end = 0; end < 2; end++) n->first[n->edge[k][end] + 1]++;
    }
    for (int i = 0; i < ROWS; i++) {
        n->first[i + 1] += n->first[i];
        at[i] = n->first[i];
        n->hold[i] = i % 5 == 0 ? (float)test_uniform(&state) : 0.0f;
        n->charge[i] = charged && i >= ELECTRONS ? (float)test_uniform(&state) : 0.0f;
    }
    n->column = malloc(2 * EDGES * sizeof *n->column);
    n->weight = malloc(2 * EDGES * sizeof *n->weight);
    for (int k = 0; k < EDGES; k++)
        for (int end = 0; end < 2; end++) {
            const int32_t slot = at[n->edge[k][end]]++;
            n->column[slot] = n->edge[k][1 - end];
            n->weight[slot] = n->value[k];
        }
    upload(&n->memory[0], device, n->first, sizeof n->first);
    upload(&n->memory[1], device, n->column, 2 * EDGES * (int64_t)sizeof *n->column);
    upload(&n->memory[2], device, n->weight, 2 * EDGES * (int64_t)sizeof *n->weight);
    upload(&n->memory[3], device, n->hold, sizeof n->hold);
    upload(&n->memory[4], device, n->charge, sizeof n->charge);
    n->pencil = (vly_pencil){.rows = ROWS,
                             .electrons = ELECTRONS,
                             .first = n->memory[0].data,
                             .column = n->memory[1].data,
                             .weight = n->memory[2].data,
                             .hold = n->memory[3].data,
                             .charge = charged ? n->memory[4].data : NULL};
    free(at);
    return n;
}

static void free_network(network *n)
{
    for (int k = 0; k < 5; k++) vly_buffer_free(&n->memory[k]);
    free(n->column);
    free(n->weight);
    free(n);
}

/* K x, C y and b by the edges. */
static void naive(const network *n, const double *x, const double *y, double *conduct, double *store, double *drive)
{
    for (int i = 0; i < ROWS; i++) {
        conduct[i] = (double)n->hold[i] * x[i];
        store[i] = (double)n->charge[i] * y[i];
        drive[i] = -(double)n->charge[i];
    }
    for (int k = 0; k < EDGES; k++) {
        const int32_t i = n->edge[k][0], j = n->edge[k][1];
        const double value = (double)n->value[k];
        if ((i < ELECTRONS) == (j < ELECTRONS)) {
            conduct[i] += value * (x[i] - x[j]);
            conduct[j] += value * (x[j] - x[i]);
            continue;
        }
        store[i] += value * (y[i] - y[j]);
        store[j] += value * (y[j] - y[i]);
        drive[i < ELECTRONS ? i : j] += value;
        drive[i < ELECTRONS ? j : i] -= value;
    }
}

static void expect_near(double got, double expected, double size, const char *what)
{
    /* sums of a few thousand terms in double, of numbers that single precision holds */
    ck_assert_msg(fabs(got - expected) <= 1e-12 * size, "%s: %.17g, %.17g", what, got, expected);
}

START_TEST(what_is_left_of_an_equation_is_what_its_edges_say)
{
    vly_device *device = test_device(2, 0);
    static double x[ROWS], y[ROWS], conduct[ROWS], store[ROWS], drive[ROWS];
    static float right[ROWS];
    uint64_t state = 4;
    for (int i = 0; i < ROWS; i++) {
        x[i] = test_normal(&state);
        y[i] = test_normal(&state);
        right[i] = (float)test_normal(&state);
    }
    for (int n = 0; n < 2; n++) {
        network *w = make_network(device, n == 1);
        vly_buffer v[6];
        double sums[4], squares = 0.0, worst = 0.0;
        upload(&v[0], device, x, sizeof x);
        upload(&v[1], device, y, sizeof y);
        upload(&v[2], device, right, sizeof right);
        upload(&v[3], device, right, sizeof right);
        upload(&v[4], device, sums, sizeof sums);
        ck_assert_int_eq(vly_buffer_create(&v[5], device, 2 * 4 * 8, "parts"), VLY_OK);
        const vly_pencil_equation e = {n ? v[2].data : NULL, v[0].data, v[1].data, 0.3, 0.7};
        ck_assert_int_eq(
            device->kernels->pencil_residual(device->queue, &w->pencil, &e, v[3].data, v[4].data, v[5].data), VLY_OK);
        float *got = test_fetch(device, v[3].data, sizeof right);
        ck_assert_int_eq(vly_buffer_download(&v[4], sums, sizeof sums), VLY_OK);
        naive(w, x, y, conduct, store, drive);
        for (int i = 0; i < ROWS; i++) {
            const double exact = (n ? (double)right[i] : 0.0) - conduct[i] - 0.3 * store[i] - 0.7 * drive[i];
            worst = fmax(worst, fabs((double)got[i] - exact) / (1.0 + fabs(exact)));
            squares += (double)got[i] * (double)got[i];
        }
        ck_assert_msg(worst < 1e-7, "%g", worst); /* a rounding to single precision */
        expect_near(sums[0], squares, squares, "squares");
        ck_assert(sums[1] == 0.0 && sums[2] == 0.0 && sums[3] == 0.0);
        free(got);
        for (int k = 0; k < 6; k++) vly_buffer_free(&v[k]);
        free_network(w);
    }
    vly_device_close(device);
}
END_TEST

START_TEST(products_with_a_basis_are_energies)
{
    vly_device *device = test_device(2, 0);
    static double x[ROWS], conduct[ROWS], store[ROWS], drive[ROWS];
    static float basis[BASIS][ROWS];
    uint64_t state = 7;
    network *w = make_network(device, true);
    vly_pencil_basis b = {.count = 0};
    vly_buffer v[BASIS], vx, sums, parts;
    double got[2 * BASIS + 1];
    for (int i = 0; i < ROWS; i++) x[i] = test_normal(&state);
    for (int k = 0; k < BASIS; k++) {
        for (int i = 0; i < ROWS; i++) basis[k][i] = (float)test_normal(&state);
        upload(&v[k], device, basis[k], sizeof basis[k]);
        b.vector[k] = v[k].data;
    }
    upload(&vx, device, x, sizeof x);
    ck_assert_int_eq(vly_buffer_create(&sums, device, sizeof got, "sums"), VLY_OK);
    ck_assert_int_eq(vly_buffer_create(&parts, device, 2 * (int64_t)sizeof got, "parts"), VLY_OK);
    naive(w, x, x, conduct, store, drive);
    for (b.count = 0; b.count <= BASIS; b.count++) { /* odd and even */
        ck_assert_int_eq(
            device->kernels->pencil_products(device->queue, &w->pencil, vx.data, &b, sums.data, parts.data), VLY_OK);
        ck_assert_int_eq(vly_buffer_download(&sums, got, (2 * b.count + 1) * (int64_t)sizeof *got), VLY_OK);
        double driven = 0.0;
        for (int i = 0; i < ROWS; i++) driven += drive[i] * x[i];
        expect_near(got[2 * b.count], driven, ROWS, "b.x");
        for (int k = 0; k < b.count; k++) {
            double one = 0.0, two = 0.0;
            for (int i = 0; i < ROWS; i++) {
                one += (double)basis[k][i] * conduct[i];
                two += (double)basis[k][i] * store[i];
            }
            expect_near(got[2 * k], one, 10.0 * ROWS, "K");
            expect_near(got[2 * k + 1], two, 10.0 * ROWS, "C");
        }
    }
    for (int k = 0; k < BASIS; k++) vly_buffer_free(&v[k]);
    vly_buffer_free(&vx);
    vly_buffer_free(&sums);
    vly_buffer_free(&parts);
    free_network(w);
    vly_device_close(device);
}
END_TEST

START_TEST(shifting_combining_rounding_and_moving_are_done_row_by_row)
{
    vly_device *device = test_device(1, 0);
    network *w = make_network(device, true);
    const vly_kernels *kernels = device->kernels;
    const int64_t couplings = 2 * EDGES;
    static double x[ROWS];
    static float one[ROWS], two[ROWS];
    uint64_t state = 2;
    for (int i = 0; i < ROWS; i++) {
        x[i] = test_normal(&state);
        one[i] = (float)test_normal(&state);
        two[i] = (float)test_normal(&state);
    }
    vly_buffer weight, ground, v[2], vx, vy;
    upload(&v[0], device, one, sizeof one);
    upload(&v[1], device, two, sizeof two);
    upload(&vx, device, x, sizeof x);
    upload(&vy, device, x, sizeof x);
    ck_assert_int_eq(vly_buffer_create(&weight, device, couplings * 4, "weights"), VLY_OK);
    ck_assert_int_eq(vly_buffer_create(&ground, device, ROWS * 4, "weights"), VLY_OK);
    ck_assert_int_eq(kernels->pencil_shift(device->queue, &w->pencil, 1e5, weight.data, ground.data), VLY_OK);
    float *got = test_fetch(device, weight.data, couplings * 4), *held = test_fetch(device, ground.data, ROWS * 4);
    int64_t wrong = 0;
    for (int i = 0; i < ROWS; i++) {
        wrong += held[i] != (float)((double)w->hold[i] + 1e5 * (double)w->charge[i]);
        for (int32_t k = w->first[i]; k < w->first[i + 1]; k++) {
            const bool crosses = (i < ELECTRONS) != (w->column[k] < ELECTRONS);
            wrong += got[k] != (crosses ? (float)(1e5 * (double)w->weight[k]) : w->weight[k]);
        }
    }
    ck_assert_int_eq(wrong, 0);
    const vly_pencil_basis basis = {.count = 2, .vector = {v[0].data, v[1].data}, .scale = {0.5, -3.0}};
    ck_assert_int_eq(kernels->pencil_combine(device->queue, ROWS, &basis, vy.data), VLY_OK);
    ck_assert_int_eq(kernels->pencil_move(device->queue, ROWS, 2.0, vx.data, vy.data), VLY_OK);
    ck_assert_int_eq(kernels->pencil_round(device->queue, ROWS, vy.data, v[0].data), VLY_OK);
    double *sum = test_fetch(device, vy.data, sizeof x);
    float *rounded = test_fetch(device, v[0].data, sizeof one);
    for (int i = 0; i < ROWS; i++) {
        const double exact = (0.5 * (double)one[i] - 3.0 * (double)two[i]) + 2.0 * x[i];
        wrong += rounded[i] != (float)exact || sum[i] != (double)(float)exact;
    }
    ck_assert_int_eq(wrong, 0);
    vly_buffer *buffers[] = {&weight, &ground, &v[0], &v[1], &vx, &vy};
    for (size_t k = 0; k < sizeof buffers / sizeof *buffers; k++) vly_buffer_free(buffers[k]);
    free(got);
    free(held);
    free(sum);
    free(rounded);
    free_network(w);
    vly_device_close(device);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pencil");
    TEST_CASE(suite, what_is_left_of_an_equation_is_what_its_edges_say);
    TEST_CASE(suite, products_with_a_basis_are_energies);
    TEST_CASE(suite, shifting_combining_rounding_and_moving_are_done_row_by_row);
    return test_run(suite);
}
