/* The network's kernels against one that takes every voxel by itself: every instruction set, halos and borders, masks,
 * averaged neighbourhoods, activations; and the functions that scores are made of. */
#include "support.h"

#include "core/queue_cpu.h"
#include "segment/mlp_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Weights of a size that keeps activations near one. */
static float *random_weights(uint64_t *state)
{
    float *w = malloc(VLY_MLP_VALUES * sizeof *w);
    for (int i = 0; i < VLY_MLP_VALUES; i++) w[i] = (float)(0.15 * test_normal(state));
    return w;
}

static int64_t reflect(int64_t i, int64_t n)
{
    return i < 0 ? -i : i >= n ? 2 * n - 2 - i : i;
}

static float grey_at(const uint16_t *grey, vly_extent e, int64_t x, int64_t y, int64_t z, bool atrous)
{
    x = reflect(x, e.nx), y = reflect(y, e.ny), z = reflect(z, e.nz);
    if (!atrous) return grey[(z * e.ny + y) * e.nx + x];
    double sum = 0.0;
    for (int i = 0; i < 27; i++) {
        int dx = i % 3 - 1, dy = i / 3 % 3 - 1, dz = i / 9 - 1;
        double weight = 1.0 / (double)(8 << (dx * dx + dy * dy + dz * dz)); /* [1, 2, 1] / 4 along each axis */
        sum += weight * grey[(reflect(z + dz, e.nz) * e.ny + reflect(y + dy, e.ny)) * e.nx + reflect(x + dx, e.nx)];
    }
    return (float)sum; /* exact: sixty-fourths of integers below 2^16 */
}

static float activate(vly_mlp_activation kind, float x)
{
    return kind == VLY_MLP_RELU ? fmaxf(x, 0.0f) : vly_mlp_activate(kind, x);
}

/* Outputs of a layer from its inputs and vly_mlp_net.weights, in fp32 or in whole numbers. */
static void exact_layer(float *next, const float *in, const float *w, int ins, int outs)
{
    for (int o = 0; o < outs; o++) {
        next[o] = w[ins * outs + o];
        for (int k = 0; k < ins; k++) next[o] = fmaf(w[k * outs + o], in[k], next[o]);
    }
}

static int64_t half_of(uint32_t word, int which)
{
    return (int16_t)(which ? word >> 16 : word & 0xFFFF);
}

static void fixed_layer(float *next, const float *in, const vly_mlp_fixed *fixed, int layer, int ins, int outs)
{
    float most = 1e-30f;
    for (int k = 0; k < ins; k++) most = fmaxf(most, fabsf(in[k]));
    const uint32_t *w = fixed->weight;
    for (int l = 0; l < layer; l++) w += l == 0 ? 63 * 75 : 38 * 75;
    for (int o = 0; o < outs; o++) {
        int64_t sum = 0;
        for (int k = 0; k < ins; k++)
            sum += half_of(w[k / 2 * outs + o], k % 2) * (int64_t)rintf(in[k] * (16383.0f / most));
        next[o] = fmaf((float)sum * fixed->step[75 * layer + o], most * (1.0f / 16383.0f), fixed->bias[75 * layer + o]);
    }
}

/* Both differences of a voxel of the data; in whole numbers where the net has them. */
static void oracle(float out[2], const vly_mlp_net *net, const uint16_t *grey, vly_extent e, int64_t x, int64_t y,
                   int64_t z)
{
    float in[VLY_MLP_INPUTS], next[VLY_MLP_HIDDEN] = {0};
    const float *w = net->weights;
    int step = net->atrous ? 2 : 1, ins = VLY_MLP_INPUTS;
    for (int k = 0; k < ins; k++)
        in[k] = (grey_at(grey, e, x + step * (k % 5 - 2), y + step * (k / 5 % 5 - 2), z + step * (k / 25 - 2),
                         net->atrous) -
                 net->mean) *
                net->scale;
    for (int l = 0; l < 6; l++) {
        int outs = l == 5 ? 3 : 75;
        if (net->fixed)
            fixed_layer(next, in, net->fixed, l, ins, outs);
        else
            exact_layer(next, in, w, ins, outs);
        for (int o = 0; o < outs && l < 5; o++) next[o] = activate(net->activation, next[o]);
        w += (ins + 1) * outs;
        ins = outs;
        memcpy(in, next, (size_t)outs * sizeof *next);
    }
    out[0] = in[0] - in[2];
    out[1] = in[1] - in[2];
}

typedef struct mlp_case {
    vly_region region;
    uint16_t *grey;
    uint8_t *mask; /* NULL: none */
    vly_mlp_net net;
    float *expected; /* (voxels, 2) */
    int64_t voxels;
} mlp_case;

static mlp_case make(vly_extent data, vly_box inner, bool masked, bool atrous, vly_mlp_activation activation,
                     bool fixed, uint64_t *state)
{
    mlp_case c = {.region = {data, inner, 77},
                  .net = {.mean = 30000.0f, .scale = 1.0f / 20000.0f, .activation = activation, .atrous = atrous}};
    vly_extent e = vly_box_extent(inner);
    int64_t all = vly_extent_voxels(data);
    c.voxels = vly_extent_voxels(e);
    c.grey = test_guarded((size_t)all * 2);
    for (int64_t i = 0; i < all; i++) c.grey[i] = (uint16_t)test_random(state);
    c.mask = masked ? test_guarded((size_t)c.voxels) : NULL;
    for (int64_t i = 0; i < c.voxels && masked; i++) c.mask[i] = i > 40 && test_random(state) % 3 != 0;
    c.net.weights = random_weights(state);
    if (fixed) {
        vly_mlp_fixed *w = malloc(sizeof *w);
        vly_mlp_fix(w, c.net.weights);
        c.net.fixed = w;
    }
    c.expected = malloc((size_t)c.voxels * 8);
    for (int64_t i = 0; i < c.voxels; i++) {
        int64_t x = i % e.nx, y = i / e.nx % e.ny, z = i / e.nx / e.ny;
        oracle(c.expected + 2 * i, &c.net, c.grey, data, x + inner.x0, y + inner.y0, z + inner.z0);
        if (masked && !c.mask[i]) c.expected[2 * i] = c.expected[2 * i + 1] = NAN;
    }
    return c;
}

static void drop(mlp_case *c)
{
    test_guarded_free(c->grey, (size_t)vly_extent_voxels(c->region.data) * 2);
    if (c->mask) test_guarded_free(c->mask, (size_t)c->voxels);
    free((float *)c->net.weights);
    free((vly_mlp_fixed *)c->net.fixed);
    free(c->expected);
}

/* The same bits, or NaN both. */
static void expect_logits(const float *got, const mlp_case *c)
{
    int64_t wrong = 0;
    for (int64_t i = 0; i < 2 * c->voxels; i++)
        wrong += isnan(c->expected[i]) ? !isnan(got[i]) : memcmp(&got[i], &c->expected[i], 4) != 0;
    ck_assert_int_eq(wrong, 0);
}

static vly_status run(const vly_kernels *kernels, vly_queue *queue, const mlp_case *c, const uint16_t *grey,
                      const uint8_t *mask, const vly_mlp_net *net, float *logit)
{
    return (net->fixed ? kernels->mlp_fixed : kernels->mlp)(queue, grey, &c->region, mask, net, logit);
}

static void on_every_instruction_set(const mlp_case *c)
{
    for (int threads = 1; threads <= 3; threads += 2) {
        vly_pool pool;
        vly_queue queue = {.pool = &pool};
        ck_assert_int_eq(vly_pool_start(&pool, threads), VLY_OK);
        for (queue.isa = VLY_ISA_PLAIN; queue.isa <= vly_isa_detect(); queue.isa++) {
            float *logit = test_guarded((size_t)c->voxels * 8);
            ck_assert_int_eq(run(&vly_kernels_cpu, &queue, c, c->grey, c->mask, &c->net, logit), VLY_OK);
            expect_logits(logit, c);
            test_guarded_free(logit, (size_t)c->voxels * 8);
        }
        vly_pool_stop(&pool);
    }
}

static void on_the_device(const mlp_case *c)
{
    vly_device *device = test_device(2, 0);
    vly_buffer grey, mask = {0}, weights, fixed = {0}, logit;
    int64_t bytes = 2 * vly_extent_voxels(c->region.data);
    vly_mlp_net net = c->net;
    ck_assert_int_eq(vly_buffer_create(&grey, device, bytes, "grey"), VLY_OK);
    ck_assert_int_eq(vly_buffer_upload(&grey, c->grey, bytes), VLY_OK);
    ck_assert_int_eq(vly_buffer_create(&weights, device, VLY_MLP_VALUES * 4, "weights"), VLY_OK);
    ck_assert_int_eq(vly_buffer_upload(&weights, c->net.weights, VLY_MLP_VALUES * 4), VLY_OK);
    if (net.fixed) ck_assert_int_eq(vly_buffer_create(&fixed, device, sizeof *net.fixed, "weights"), VLY_OK);
    if (net.fixed) ck_assert_int_eq(vly_buffer_upload(&fixed, net.fixed, sizeof *net.fixed), VLY_OK);
    ck_assert_int_eq(vly_buffer_create(&logit, device, 8 * c->voxels, "logits"), VLY_OK);
    if (c->mask) ck_assert_int_eq(vly_buffer_create(&mask, device, c->voxels, "mask"), VLY_OK);
    if (c->mask) ck_assert_int_eq(vly_buffer_upload(&mask, c->mask, c->voxels), VLY_OK);
    net.weights = weights.data;
    net.fixed = fixed.data;
    ck_assert_int_eq(run(device->kernels, device->queue, c, grey.data, mask.data, &net, logit.data), VLY_OK);
    float *got = test_fetch(device, logit.data, 8 * c->voxels);
    expect_logits(got, c);
    free(got);
    vly_buffer_free(&grey);
    vly_buffer_free(&mask);
    vly_buffer_free(&weights);
    vly_buffer_free(&fixed);
    vly_buffer_free(&logit);
    vly_device_close(device);
}

static void try_cases(void (*body)(const mlp_case *c), bool fixed)
{
    static const struct {
        vly_region region;
        bool masked, atrous;
        vly_mlp_activation activation;
    } cases[] = {{{{5, 5, 5}, {0, 5, 0, 5, 0, 5}, 0}, false, false, VLY_MLP_RELU},
                 {{{70, 6, 5}, {0, 70, 1, 3, 2, 3}, 0}, true, false, VLY_MLP_TANH},
                 {{{300, 5, 5}, {2, 298, 2, 3, 2, 3}, 0}, false, false, VLY_MLP_LOGISTIC},
                 {{{11, 11, 11}, {0, 11, 0, 3, 9, 11}, 0}, false, true, VLY_MLP_RELU},
                 {{{275, 11, 12}, {5, 270, 5, 6, 5, 6}, 0}, true, true, VLY_MLP_RELU},
                 {{{290, 11, 11}, {0, 290, 10, 11, 0, 1}, 0}, false, true, VLY_MLP_RELU}};
    uint64_t state = 21;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mlp_case c = make(cases[i].region.data, cases[i].region.inner, cases[i].masked, cases[i].atrous,
                          cases[i].activation, fixed, &state);
        body(&c);
        drop(&c);
    }
}

START_TEST(logits_equal_the_oracle_on_every_instruction_set)
{
    try_cases(on_every_instruction_set, false);
    try_cases(on_every_instruction_set, true);
}
END_TEST

START_TEST(logits_equal_the_oracle_on_the_device)
{
    try_cases(on_the_device, false);
    try_cases(on_the_device, true);
}
END_TEST

START_TEST(weights_that_overflow_give_finite_logits)
{
    for (int fixed = 0; fixed < 2; fixed++) {
        uint64_t state = 9;
        mlp_case c =
            make((vly_extent){33, 5, 5}, (vly_box){0, 33, 2, 3, 2, 3}, false, false, VLY_MLP_RELU, false, &state);
        float *w = (float *)c.net.weights, logit[66];
        for (int i = 0; i < VLY_MLP_VALUES; i++) w[i] *= 1e30f;
        vly_mlp_fixed *whole = malloc(sizeof *whole);
        vly_mlp_fix(whole, w);
        if (fixed) c.net.fixed = whole;
        vly_device *device = test_cpu(1);
        ck_assert_int_eq(run(device->kernels, device->queue, &c, c.grey, NULL, &c.net, logit), VLY_OK);
        for (int i = 0; i < 66; i++) ck_assert(fabsf(logit[i]) <= 1e30f);
        vly_device_close(device);
        c.net.fixed = NULL;
        free(whole);
        drop(&c);
    }
}
END_TEST

START_TEST(whole_weights_are_the_nearest_and_never_overflow_a_sum)
{
    uint64_t state = 31;
    float *w = random_weights(&state);
    vly_mlp_fixed *f = malloc(sizeof *f);
    for (int k = 0; k < 125; k++) w[k * 75 + 7] = k == 30 ? -3.0f : 0.0f; /* one weight alone */
    for (int k = 0; k < 125; k++) w[k * 75 + 8] = 0.0f;                   /* or none */
    for (int k = 0; k < 125; k++) w[k * 75 + 9] = 1.0f;                   /* or all alike: the largest sum */
    vly_mlp_fix(f, w);
    const float *from = w;
    const uint32_t *to = f->weight;
    int wrong = 0;
    for (int l = 0; l < 6; l++) {
        int ins = l ? 75 : 125, outs = l == 5 ? 3 : 75;
        for (int o = 0; o < outs; o++) {
            int64_t sum = 0;
            float step = f->step[75 * l + o];
            for (int k = 0; k < ins; k++) {
                int64_t q = half_of(to[k / 2 * outs + o], k % 2);
                wrong += llabs(q) > 16383;
                /* half a step, and the rounding of the step itself */
                wrong += fabs((double)from[k * outs + o] - (double)q * (double)step) > 0.51 * (double)step;
                sum += llabs(q);
            }
            wrong += sum * 16383 > INT32_MAX || half_of(to[ins / 2 * outs + o], 1) != 0;
            wrong += f->bias[75 * l + o] != from[ins * outs + o];
        }
        from += (ins + 1) * outs;
        to += (ins + 1) / 2 * outs;
    }
    ck_assert_int_eq(wrong, 0);
    ck_assert(half_of(f->weight[15 * 75 + 7], 0) == -16383 && f->step[8] == 0.0f);
    ck_assert_int_ge(125 * half_of(f->weight[9], 0), 131000 - 125);
    free(w);
    free(f);
}
END_TEST

/* With errors of relative size 2^-14 / sqrt(3) in every weight and input, five layers deep, answers of size one are off by
 * about 1e-3 at most; what random weights give is smoother than that. */
START_TEST(whole_numbers_stay_close_to_the_exact_network)
{
    for (int kind = 0; kind < 3; kind++) {
        uint64_t state = 12;
        mlp_case c = make((vly_extent){60, 8, 8}, (vly_box){0, 60, 0, 8, 0, 2}, false, false, (vly_mlp_activation)kind,
                          false, &state);
        vly_mlp_fixed *f = malloc(sizeof *f);
        float *logit = malloc((size_t)c.voxels * 8), most = 0.0f, size = 0.0f;
        vly_mlp_fix(f, c.net.weights);
        c.net.fixed = f;
        vly_device *device = test_cpu(2);
        ck_assert_int_eq(run(device->kernels, device->queue, &c, c.grey, NULL, &c.net, logit), VLY_OK);
        for (int64_t i = 0; i < 2 * c.voxels; i++) most = fmaxf(most, fabsf(logit[i] - c.expected[i]));
        for (int64_t i = 0; i < 2 * c.voxels; i++) size = fmaxf(size, fabsf(c.expected[i]));
        ck_assert_msg(most > 0.0f && most < 1e-3f * size, "off by %g of %g", (double)most, (double)size);
        vly_device_close(device);
        free(logit);
        drop(&c);
    }
}
END_TEST

START_TEST(own_functions_are_as_good_as_the_libraries)
{
    double worst_exp = 0.0, worst_log = 0.0;
    for (int i = -86990; i <= 86990; i++) {
        float x = (float)i * 1e-3f;
        worst_exp = fmax(worst_exp, fabs((double)vly_mlp_exp(x) / exp((double)x) - 1.0));
        float t = (float)(i + 86990) / 173980.0f;
        double exact = log1p((double)t);
        if (t > 0.0f) worst_log = fmax(worst_log, fabs((double)vly_mlp_log1p(t) / exact - 1.0));
    }
    ck_assert(worst_exp < 2.0 * 0x1p-23);
    ck_assert(worst_log < 2.0 * 0x1p-23);
    ck_assert(vly_mlp_log1p(0.0f) == 0.0f && vly_mlp_exp(0.0f) == 1.0f);
}
END_TEST

START_TEST(scores_are_logits_that_do_not_saturate)
{
    uint64_t state = 2;
    for (int i = 0; i < 1000; i++) {
        float a = (float)(20.0 * test_normal(&state)), b = (float)(20.0 * test_normal(&state)), p[3];
        double e[3] = {exp((double)a), exp((double)b), 1.0}, sum = e[0] + e[1] + e[2];
        const int phase[3] = {VLY_AM, VLY_CBD, VLY_PORE};
        vly_mlp_softmax(p, a, b);
        for (int k = 0; k < 3; k++) {
            double logit = log(e[k]) - log(sum - e[k]);
            /* sum - e[k] cancels in double where p is near one */
            double other = k == 0 ? e[1] + e[2] : k == 1 ? e[0] + e[2] : e[0] + e[1];
            logit = log(e[k]) - log(other);
            ck_assert(fabs((double)vly_mlp_score(phase[k], a, b) - logit) <=
                      4.0 * 0x1p-23 * (1.0 + fabs(logit) + fabs((double)a) + fabs((double)b)));
            ck_assert(fabs((double)p[k] - e[k] / sum) <= 4.0 * 0x1p-24);
        }
    }
    /* p_am = 1 - 1e-12 and beyond: am is certain, cbd against pore is still told (T8.3) */
    ck_assert(vly_mlp_score(VLY_AM, 30.0f, 1.0f) < vly_mlp_score(VLY_AM, 31.0f, 1.0f));
    ck_assert(vly_mlp_odds(VLY_CBD, VLY_PORE, 60.0f, 1.5f) == 1.5f);
    ck_assert(vly_mlp_odds(VLY_AM, VLY_CBD, 2.0f, 0.5f) == 1.5f && vly_mlp_odds(VLY_AM, VLY_PORE, 2.0f, 9.0f) == 2.0f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mlp kernels");
    TEST_CASE(suite, logits_equal_the_oracle_on_every_instruction_set);
    TEST_CASE(suite, logits_equal_the_oracle_on_the_device);
    TEST_CASE(suite, weights_that_overflow_give_finite_logits);
    TEST_CASE(suite, whole_weights_are_the_nearest_and_never_overflow_a_sum);
    TEST_CASE(suite, whole_numbers_stay_close_to_the_exact_network);
    TEST_CASE(suite, own_functions_are_as_good_as_the_libraries);
    TEST_CASE(suite, scores_are_logits_that_do_not_saturate);
    return test_run(suite);
}
