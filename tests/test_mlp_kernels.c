/* The network's kernel against one that takes every voxel by itself: every instruction set, halos and borders, masks,
 * averaged neighbourhoods, activations; and the functions that scores are made of. */
#include "support.h"

#include "core/queue_cpu.h"

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

/* Both differences of a voxel of the data. */
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
        for (int o = 0; o < outs; o++) {
            float sum = w[ins * outs + o];
            for (int k = 0; k < ins; k++) sum = fmaf(w[k * outs + o], in[k], sum);
            next[o] = l == 5 ? sum : activate(net->activation, sum);
        }
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
                     uint64_t *state)
{
    mlp_case c = {.region = {data, inner, 77}, .net = {NULL, 30000.0f, 1.0f / 20000.0f, activation, atrous}};
    vly_extent e = vly_box_extent(inner);
    int64_t all = vly_extent_voxels(data);
    c.voxels = vly_extent_voxels(e);
    c.grey = test_guarded((size_t)all * 2);
    for (int64_t i = 0; i < all; i++) c.grey[i] = (uint16_t)test_random(state);
    c.mask = masked ? test_guarded((size_t)c.voxels) : NULL;
    for (int64_t i = 0; i < c.voxels && masked; i++) c.mask[i] = i > 40 && test_random(state) % 3 != 0;
    c.net.weights = random_weights(state);
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

static void on_every_instruction_set(const mlp_case *c)
{
    for (int threads = 1; threads <= 3; threads += 2) {
        vly_pool pool;
        vly_queue queue = {.pool = &pool};
        ck_assert_int_eq(vly_pool_start(&pool, threads), VLY_OK);
        for (queue.isa = VLY_ISA_PLAIN; queue.isa <= vly_isa_detect(); queue.isa++) {
            float *logit = test_guarded((size_t)c->voxels * 8);
            ck_assert_int_eq(vly_kernels_cpu.mlp(&queue, c->grey, &c->region, c->mask, &c->net, logit), VLY_OK);
            expect_logits(logit, c);
            test_guarded_free(logit, (size_t)c->voxels * 8);
        }
        vly_pool_stop(&pool);
    }
}

static void on_the_device(const mlp_case *c)
{
    vly_device *device = test_device(2, 0);
    vly_buffer grey, mask = {0}, weights, logit;
    int64_t bytes = 2 * vly_extent_voxels(c->region.data);
    vly_mlp_net net = c->net;
    ck_assert_int_eq(vly_buffer_create(&grey, device, bytes, "grey"), VLY_OK);
    ck_assert_int_eq(vly_buffer_upload(&grey, c->grey, bytes), VLY_OK);
    ck_assert_int_eq(vly_buffer_create(&weights, device, VLY_MLP_VALUES * 4, "weights"), VLY_OK);
    ck_assert_int_eq(vly_buffer_upload(&weights, c->net.weights, VLY_MLP_VALUES * 4), VLY_OK);
    ck_assert_int_eq(vly_buffer_create(&logit, device, 8 * c->voxels, "logits"), VLY_OK);
    if (c->mask) ck_assert_int_eq(vly_buffer_create(&mask, device, c->voxels, "mask"), VLY_OK);
    if (c->mask) ck_assert_int_eq(vly_buffer_upload(&mask, c->mask, c->voxels), VLY_OK);
    net.weights = weights.data;
    ck_assert_int_eq(device->kernels->mlp(device->queue, grey.data, &c->region, mask.data, &net, logit.data), VLY_OK);
    float *got = test_fetch(device, logit.data, 8 * c->voxels);
    expect_logits(got, c);
    free(got);
    vly_buffer_free(&grey);
    vly_buffer_free(&mask);
    vly_buffer_free(&weights);
    vly_buffer_free(&logit);
    vly_device_close(device);
}

static void try_cases(void (*body)(const mlp_case *c))
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
                          cases[i].activation, &state);
        body(&c);
        drop(&c);
    }
}

START_TEST(logits_equal_the_oracle_on_every_instruction_set)
{
    try_cases(on_every_instruction_set);
}
END_TEST

START_TEST(logits_equal_the_oracle_on_the_device)
{
    try_cases(on_the_device);
}
END_TEST

START_TEST(weights_that_overflow_give_finite_logits)
{
    uint64_t state = 9;
    mlp_case c = make((vly_extent){33, 5, 5}, (vly_box){0, 33, 2, 3, 2, 3}, false, false, VLY_MLP_RELU, &state);
    float *w = (float *)c.net.weights, logit[66];
    for (int i = 0; i < VLY_MLP_VALUES; i++) w[i] *= 1e30f;
    vly_device *device = test_cpu(1);
    ck_assert_int_eq(device->kernels->mlp(device->queue, c.grey, &c.region, NULL, &c.net, logit), VLY_OK);
    for (int i = 0; i < 66; i++) ck_assert(fabsf(logit[i]) <= 1e30f);
    vly_device_close(device);
    drop(&c);
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
    TEST_CASE(suite, own_functions_are_as_good_as_the_libraries);
    TEST_CASE(suite, scores_are_logits_that_do_not_saturate);
    return test_run(suite);
}
