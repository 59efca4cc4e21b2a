/* Training: symmetries, splits, gradients against differences, what a network must be able to learn, several of them, the
 * same bits whatever the threads. */
#include "support.h"

#include "segment/mlp_impl.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the pass in double precision ---- */

typedef double real;

typedef struct machine {
    int unused;
} machine;

static void sum_up(const machine *m, const real *matrix, int64_t matrix_row, int32_t sums, int32_t outs,
                   const real *bias, const real *in, int64_t in_row, real *out, int64_t out_row)
{
    (void)m;
    for (int32_t o = 0; o < outs; o++)
        for (int32_t c = 0; c < 32; c++) {
            real sum = bias ? bias[o] : 0;
            for (int32_t k = 0; k < sums; k++) sum += matrix[k * matrix_row + o] * in[k * in_row + c];
            out[o * out_row + c] = sum;
        }
}

static real natural_exp(real x)
{
    return exp(x);
}

#include "segment/mlp_pass_body.h"

static void set_weight(weights *w, int32_t l, int32_t o, int32_t k, real value)
{
    w->rows[rows_first(l) + o * row_of(l) + k] = value;
    w->turned[vly_mlp_first(l) + k * vly_mlp_outs(l) + o] = value;
}

enum { SAMPLES = 41 }; /* a full tile and a ragged one */

typedef struct check {
    weights w;
    tile tiles[2];
    batch b;
    real in[2][VLY_MLP_INPUTS][TILE], target[2][VLY_MLP_OUTPUTS][TILE];
} check;

static void make_check(check *c, vly_mlp_activation activation)
{
    uint64_t state = 31;
    memset(c, 0, sizeof *c);
    c->w.activation = activation;
    for (int32_t l = 0; l < VLY_MLP_LAYERS; l++) {
        int32_t ins = vly_mlp_ins(l), outs = vly_mlp_outs(l);
        c->b.in[l] = calloc((size_t)(SAMPLES * row_of(l)), sizeof(real));
        c->b.delta[l] = calloc((size_t)(SAMPLES * outs), sizeof(real));
        for (int i = 0; i < SAMPLES; i++) c->b.in[l][i * row_of(l) + ins] = 1.0;
        for (int32_t o = 0; o < outs; o++)
            for (int32_t k = 0; k <= ins; k++) set_weight(&c->w, l, o, k, sqrt(2.0 / ins) * test_normal(&state));
    }
    for (int i = 0; i < 2 * TILE; i++) {
        real a = test_uniform(&state), b = test_uniform(&state) * (1.0 - a);
        for (int k = 0; k < VLY_MLP_INPUTS; k++) c->in[i / TILE][k][i % TILE] = test_normal(&state);
        c->target[i / TILE][0][i % TILE] = a;
        c->target[i / TILE][1][i % TILE] = b;
        c->target[i / TILE][2][i % TILE] = 1.0 - a - b;
    }
}

static void free_check(check *c)
{
    for (int32_t l = 0; l < VLY_MLP_LAYERS; l++) {
        free(c->b.in[l]);
        free(c->b.delta[l]);
    }
    free(c);
}

/* Mean loss of the samples; with `back` also what gradients are summed from. */
static real pass(check *c, bool back)
{
    real sum = 0.0;
    for (int t = 0; t < 2; t++) {
        tile *work = &c->tiles[t];
        int n = t == 0 ? TILE : SAMPLES - TILE;
        memcpy(work->in[0], c->in[t], sizeof c->in[t]);
        memcpy(work->target, c->target[t], sizeof c->target[t]);
        run_forward(work, &c->w);
        judge_outputs(work, n, 2.0 / (3.0 * SAMPLES));
        if (back) run_backward(work, &c->b, &c->w, t * TILE, n);
        for (int i = 0; i < n; i++) sum += work->loss[i];
    }
    return sum / SAMPLES;
}

/* Central differences of step h are off by h^2 f'''/6 and by 2^-53 f / h; relu has kinks, which a small step rarely meets,
 * and the other two lose a factor of four a layer, so that only a larger one stands out of the rounding. */
static void check_gradient(vly_mlp_activation activation)
{
    check *c = malloc(sizeof *c);
    uint64_t state = 8;
    make_check(c, activation);
    pass(c, true);
    const real h = activation == VLY_MLP_RELU ? 2e-6 : 1e-4;
    for (int32_t item = 0; item < GRADIENT_TILES; item++) {
        static real gradient[VLY_MLP_HIDDEN][TILE];
        int32_t l, column;
        real largest = 0.0, worst = 0.0;
        place_gradient(item, &l, &column);
        sum_gradient(gradient, &c->b, l, column, SAMPLES);
        for (int32_t o = 0; o < vly_mlp_outs(l); o++)
            for (int32_t k = 0; k < TILE; k++) largest = fmax(largest, fabs(gradient[o][k]));
        for (int n = 0; n < 12; n++) {
            int32_t o = (int32_t)(test_random(&state) % (uint64_t)vly_mlp_outs(l));
            int32_t k = (int32_t)(test_random(&state) % TILE);
            if (n == 0 && column + TILE > vly_mlp_ins(l)) k = vly_mlp_ins(l) - column; /* the bias */
            if (column + k > vly_mlp_ins(l)) continue;
            real before = c->w.rows[rows_first(l) + o * row_of(l) + column + k], loss[2];
            for (int s = 0; s < 2; s++) {
                set_weight(&c->w, l, o, column + k, before + (s ? h : -h));
                loss[s] = pass(c, false);
            }
            set_weight(&c->w, l, o, column + k, before);
            worst = fmax(worst, fabs((loss[1] - loss[0]) / (2 * h) - gradient[o][k]));
        }
        ck_assert_msg(worst <= 1e-7 * largest, "layer %d, column %d: off by %g of %g", l, column, worst, largest);
    }
    free_check(c);
}

START_TEST(gradients_are_those_of_differences)
{
    check_gradient(VLY_MLP_RELU);
    check_gradient(VLY_MLP_TANH);
    check_gradient(VLY_MLP_LOGISTIC);
}
END_TEST

/* ---- symmetries and splits ---- */

START_TEST(the_48_symmetries_are_a_group_with_ten_orbits)
{
    static uint8_t s[48][125];
    int orbit[125] = {0}, sizes[25] = {0}, orbits = 0;
    vly_mlp_symmetries(s);
    for (int k = 0; k < 125; k++) ck_assert_int_eq(s[0][k], k);
    for (int a = 0; a < 48; a++)
        for (int b = 0; b < 48; b++) {
            uint8_t product[125];
            int found = 0;
            for (int k = 0; k < 125; k++) product[k] = s[a][s[b][k]];
            for (int c = 0; c < 48; c++) found += memcmp(product, s[c], 125) == 0;
            ck_assert_int_eq(found, 1); /* closed, and no two are the same */
        }
    for (int k = 0; k < 125; k++) {
        if (orbit[k]) continue;
        orbits++;
        for (int a = 0; a < 48; a++) orbit[s[a][k]] = orbits;
    }
    for (int k = 0; k < 125; k++) sizes[orbit[k]]++;
    static const int expected[10] = {1, 6, 6, 8, 8, 12, 12, 24, 24, 24};
    for (int i = 0; i < 10; i++) {
        int least = 1;
        for (int o = 1; o <= orbits; o++)
            if (sizes[o] < sizes[least]) least = o;
        ck_assert_int_eq(sizes[least], expected[i]);
        sizes[least] = 1000;
    }
    ck_assert_int_eq(orbits, 10);
}
END_TEST

/* A box of voxels whose composition follows from the grey values by a smooth rule, with some noise. */
static vly_mlp_table *make_table(int32_t nx, int32_t ny, int32_t nz, double noise)
{
    int64_t n = (int64_t)nx * ny * nz;
    vly_mlp_table *t;
    uint64_t state = 77;
    ck_assert_int_eq(VLY_NEW(&t, 1, "table"), VLY_OK);
    ck_assert_int_eq(VLY_NEW(&t->grey, n * 125, "table"), VLY_OK);
    ck_assert_int_eq(VLY_NEW(&t->target, n * 3, "table"), VLY_OK);
    ck_assert_int_eq(VLY_NEW(&t->place, n, "table"), VLY_OK);
    t->info = (vly_mlp_table_info){.voxels = n, .voxel_size = 1.284e-6, .binning = 2};
    for (int64_t i = 0; i < n; i++) {
        float *grey = t->grey + 125 * i;
        double base = test_normal(&state), shell = 0.0;
        for (int k = 0; k < 125; k++) {
            grey[k] = (float)(20000.0 + 6000.0 * (base + 0.5 * test_normal(&state)));
            if (k != 62) shell += ((double)grey[k] - 20000.0) / 6000.0 / 124.0;
        }
        double z[3] = {2.0 * shell, noise * test_normal(&state), -1.5 * shell}, sum = 0.0;
        for (int p = 0; p < 3; p++) sum += exp(z[p]);
        for (int p = 0; p < 3; p++) t->target[3 * i + p] = (float)(exp(z[p]) / sum);
        t->place[i][0] = (int32_t)(i % nx);
        t->place[i][1] = (int32_t)(i / nx % ny);
        t->place[i][2] = (int32_t)(i / nx / ny);
    }
    return t;
}

START_TEST(splits_are_60_20_20_and_group_keeps_copies_together)
{
    vly_mlp_table *t = make_table(11, 11, 21, 0.0);
    vly_mlp_parts p;
    ck_assert_int_eq(vly_mlp_parts_make(&p, t, VLY_MLP_GROUP, 5), VLY_OK);
    ck_assert(p.count[0] == 48 * 1524 && p.count[1] == 48 * 508 && p.count[2] == 48 * 509);
    int owner[2541], wrong = 0, seen = 0;
    memset(owner, -1, sizeof owner);
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < p.count[k]; i++, seen++) {
            int *o = &owner[p.sample[k][i] / 48];
            wrong += *o != -1 && *o != k;
            *o = k;
        }
    ck_assert(wrong == 0 && seen == 48 * 2541);
    vly_mlp_parts_free(&p);

    ck_assert_int_eq(vly_mlp_parts_make(&p, t, VLY_MLP_PAPER, 5), VLY_OK);
    ck_assert(p.count[0] == 73180 && p.count[1] == 24394 && p.count[2] == 24394);
    uint8_t *once = calloc(1, 48 * 2541);
    for (int i = 0; i < 48 * 2541; i++) once[p.sample[0][i]]++; /* the parts lie one behind the other */
    for (int i = 0; i < 48 * 2541; i++) wrong += once[i] != 1;
    ck_assert_int_eq(wrong, 0);
    free(once);
    vly_mlp_parts_free(&p);

    ck_assert_int_eq(vly_mlp_parts_make(&p, t, VLY_MLP_BLOCK, 5), VLY_OK);
    int32_t low[3] = {99, 99, 99}, high[3] = {0};
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < p.count[k]; i++) {
            int32_t z = t->place[p.sample[k][i] / 48][2];
            if (z < low[k]) low[k] = z;
            if (z > high[k]) high[k] = z;
        }
    /* 13 layers are left beside two guards of 4: 7, 3, 3 */
    ck_assert(low[0] == 0 && high[0] == 6 && low[1] == 11 && high[1] == 13 && low[2] == 18 && high[2] == 20);
    vly_mlp_parts_free(&p);
    vly_mlp_table_close(t);
    t = make_table(8, 8, 8, 0.0);
    test_fails(vly_mlp_parts_make(&p, t, VLY_MLP_BLOCK, 5), VLY_EDATA, "too few layers");
    vly_mlp_table_close(t);
}
END_TEST

/* ---- learning ---- */

static vly_mlp *train(vly_mlp_result *r, const vly_mlp_table *t, const vly_mlp_options *o, int32_t threads)
{
    vly_device *device = test_cpu(threads);
    vly_mlp *mlp;
    vly_status status = vly_mlp_train(&mlp, r, device, t, o);
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
    vly_device_close(device);
    return mlp;
}

START_TEST(a_smooth_rule_is_learned_and_the_result_says_how_well)
{
    vly_mlp_table *t = make_table(6, 6, 9, 0.05);
    vly_mlp_options o = VLY_MLP_OPTIONS_INIT;
    vly_mlp_result r;
    o.epochs = 8;
    o.far_field = false;
    o.tries = 2;
    vly_mlp *mlp = train(&r, t, &o, 2);
    ck_assert(r.test < r.constant / 5.0);
    ck_assert(r.interval[0] < r.test && r.test < r.interval[1] && r.interval[1] < 2.0 * r.test);
    ck_assert(r.voxels[0] == 194 && r.voxels[1] == 65 && r.voxels[2] == 65 && r.samples[2] == 48 * 65);
    ck_assert(r.tries == 2 && r.validation == fmin(r.tried[0], r.tried[1]));
    ck_assert(r.seed == (r.tried[1] < r.tried[0] ? 2u : 1u));
    ck_assert(r.curve[r.best_epoch - 1].validation == r.validation && isnan(r.far_field));
    for (int p = 0; p < 3; p++) {
        int64_t count = 0;
        for (int b = 0; b < VLY_MLP_BINS; b++) {
            count += r.bins[p][b].count;
            if (r.bins[p][b].count > 48 * 8) ck_assert(fabs(r.bins[p][b].told - r.bins[p][b].known) < 0.1);
        }
        ck_assert_int_eq(count, r.samples[2]);
    }
    vly_mlp_result_free(&r);
    vly_mlp_free(mlp);
    vly_mlp_table_close(t);
}
END_TEST

START_TEST(an_ensemble_keeps_every_network_the_best_one_first)
{
    vly_mlp_table *t = make_table(6, 6, 9, 0.1);
    vly_mlp_options o = VLY_MLP_OPTIONS_INIT;
    vly_mlp_result r, of_one;
    int found = 0, best = 0;
    double mean = 0.0;
    o.epochs = 2;
    o.tries = 3;
    o.far_field = false;
    o.ensemble = true;
    vly_mlp *all = train(&r, t, &o, 2);
    ck_assert_int_eq(vly_mlp_members(all), 3);
    o.ensemble = false;
    o.tries = 1;
    vly_mlp *one = train(&of_one, t, &o, 2); /* the first try of the three: same seed, same split */
    for (int m = 0; m < 3; m++)
        found += memcmp(m == 0 ? all->weights : all->others + (m - 1) * VLY_MLP_VALUES, one->weights,
                        sizeof one->weights) == 0;
    ck_assert_int_eq(found, 1);
    ck_assert(of_one.validation == r.tried[0]);
    for (int i = 0; i < 3; i++) {
        mean += r.tried[i] / 3.0;
        best = r.tried[i] < r.tried[best] ? i : best;
    }
    ck_assert_msg(r.validation < mean, "%g, alone %g", r.validation, mean); /* which is what it is made for */
    ck_assert_int_eq((int)r.seed, 1 + best);
    ck_assert((memcmp(all->weights, one->weights, sizeof one->weights) == 0) == (best == 0));
    vly_mlp_result_free(&of_one);
    vly_mlp_free(one);
    vly_mlp_result_free(&r);
    vly_mlp_free(all);
    vly_mlp_table_close(t);
}
END_TEST

START_TEST(weights_are_the_same_for_any_number_of_threads_and_others_for_another_seed)
{
    vly_mlp_table *t = make_table(5, 5, 10, 0.1);
    vly_mlp_options o = VLY_MLP_OPTIONS_INIT;
    vly_mlp *mlp[3];
    vly_mlp_result r[3];
    o.epochs = 2;
    o.batch = 100; /* ragged tiles and a ragged last batch */
    o.far_field = false;
    mlp[0] = train(&r[0], t, &o, 1);
    mlp[1] = train(&r[1], t, &o, 3);
    o.seed = 2;
    mlp[2] = train(&r[2], t, &o, 3);
    ck_assert_mem_eq(mlp[0], mlp[1], sizeof *mlp[0]);
    ck_assert(memcmp(mlp[0]->weights, mlp[2]->weights, sizeof mlp[0]->weights) != 0);
    ck_assert(r[0].test == r[1].test && r[0].test != r[2].test);
    for (int i = 0; i < 3; i++) {
        vly_mlp_result_free(&r[i]);
        vly_mlp_free(mlp[i]);
    }
    vly_mlp_table_close(t);
}
END_TEST

START_TEST(one_composition_for_all_is_told_everywhere)
{
    vly_mlp_table *t = make_table(5, 5, 10, 0.0);
    vly_mlp_options o = VLY_MLP_OPTIONS_INIT;
    vly_mlp_result r;
    for (int i = 0; i < 750; i++) t->target[i] = (const float[]){0.5f, 0.25f, 0.25f}[i % 3];
    o.epochs = 12;
    o.far_field = false;
    vly_mlp *mlp = train(&r, t, &o, 2);
    ck_assert_msg(r.test < 5e-4 && r.constant < 1e-12, "%g %g", r.test, r.constant);
    vly_mlp_result_free(&r);
    vly_mlp_free(mlp);
    vly_mlp_table_close(t);
}
END_TEST

START_TEST(a_single_sample_is_learned_by_heart)
{
    /* one patch that looks the same from all sides, so that its 48 copies are one sample */
    vly_mlp_table *t = make_table(5, 5, 10, 0.0);
    vly_mlp_options o = VLY_MLP_OPTIONS_INIT;
    vly_mlp_result r;
    for (int i = 0; i < 250; i++) {
        for (int k = 0; k < 125; k++) {
            int x = k % 5 - 2, y = k / 5 % 5 - 2, z = k / 25 - 2;
            t->grey[125 * i + k] = 10000.0f + 500.0f * (float)(x * x + y * y + z * z);
        }
        memcpy(t->target + 3 * i, (const float[]){0.875f, 0.125f, 0.0f}, 12);
    }
    o.epochs = 40;
    o.far_field = false;
    vly_mlp *mlp = train(&r, t, &o, 2);
    ck_assert_msg(r.test < 1e-6, "%g", r.test);
    vly_mlp_result_free(&r);
    vly_mlp_free(mlp);
    vly_mlp_table_close(t);
}
END_TEST

START_TEST(a_rate_far_too_large_stops_with_advice)
{
    vly_mlp_table *t = make_table(5, 5, 10, 0.1);
    vly_mlp_options o = VLY_MLP_OPTIONS_INIT;
    vly_device *device = test_cpu(2);
    vly_mlp_result r;
    vly_mlp *mlp;
    o.rate = 1e6;
    o.momentum = 0.99;
    o.epochs = 5;
    t->target[0] = INFINITY; /* whatever the cause */
    test_fails(vly_mlp_train(&mlp, &r, device, t, &o), VLY_ENUMERIC, "after epoch 1, try --learning-rate 1e+05");
    o.batch = 0;
    test_fails(vly_mlp_train(&mlp, &r, device, t, &o), VLY_EUSAGE, "batches of 0");
    o.batch = 10;
    o.rate = NAN;
    test_fails(vly_mlp_train(&mlp, &r, device, t, &o), VLY_EUSAGE, "learning rate nan");
    vly_device_close(device);
    vly_mlp_table_close(t);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mlp train");
    TEST_CASE(suite, gradients_are_those_of_differences);
    TEST_CASE(suite, the_48_symmetries_are_a_group_with_ten_orbits);
    TEST_CASE(suite, splits_are_60_20_20_and_group_keeps_copies_together);
    TEST_CASE(suite, a_smooth_rule_is_learned_and_the_result_says_how_well);
    TEST_CASE(suite, an_ensemble_keeps_every_network_the_best_one_first);
    TEST_CASE(suite, weights_are_the_same_for_any_number_of_threads_and_others_for_another_seed);
    TEST_CASE(suite, one_composition_for_all_is_told_everywhere);
    TEST_CASE(suite, a_single_sample_is_learned_by_heart);
    TEST_CASE(suite, a_rate_far_too_large_stops_with_advice);
    return test_run(suite);
}
