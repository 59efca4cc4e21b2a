/* The nine trinarisations on outputs that are made up: exact counts, nothing better left behind, ties without bias, what a
 * sharp network and a certain phase do; and a field kept in a file instead of memory. */
#include "support.h"

#include "voxelyte/mlp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static vly_fractions fractions_of(const int64_t counts[3], int64_t voxels)
{
    vly_fractions f;
    for (int p = 0; p < 3; p++)
        f.parts[p] = (int64_t)((__int128)counts[p] * VLY_FRACTIONS_ONE / voxels) + (p == VLY_AM ? 0 : 1);
    f.parts[VLY_AM] = VLY_FRACTIONS_ONE - f.parts[VLY_PORE] - f.parts[VLY_CBD];
    return f;
}

static vly_mlp_field *field_of(vly_device *device, const float *logit, vly_extent e)
{
    vly_mlp_field *field;
    ck_assert_int_eq(vly_mlp_field_memory(&field, device, logit, e), VLY_OK);
    return field;
}

static vly_mlp_labels trinarise(vly_mlp_field *field, vly_extent e, vly_mlp_order order, const vly_fractions *f,
                                uint64_t seed, uint8_t *label)
{
    vly_mlp_labels r;
    vly_sink *sink;
    ck_assert_int_eq(vly_sink_memory(&sink, label, VLY_U8, e), VLY_OK);
    vly_status status = vly_mlp_trinarise(&r, field, sink, order, f, seed);
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
    vly_sink_close(sink);
    return r;
}

/* Outputs of a network that is sometimes very sure; every 40th voxel outside, and many exact ties. */
static float *random_logits(vly_extent e, bool ties, uint64_t seed)
{
    int64_t n = vly_extent_voxels(e);
    float *logit = malloc((size_t)n * 8);
    for (int64_t i = 0; i < n; i++) {
        logit[2 * i] = (float)(8.0 * test_normal(&seed));
        logit[2 * i + 1] = (float)(8.0 * test_normal(&seed));
        if (ties) logit[2 * i] = rintf(logit[2 * i] / 4.0f), logit[2 * i + 1] = rintf(logit[2 * i + 1] / 4.0f);
        if (i % 40 == 39) logit[2 * i] = logit[2 * i + 1] = NAN;
    }
    return logit;
}

/* In double precision, from the definition. */
static double score(int phase, double a, double b)
{
    const double z[3] = {0.0, a, b};
    double x = z[(phase + 1) % 3], y = z[(phase + 2) % 3];
    return z[phase] - (fmax(x, y) + log1p(exp(-fabs(x - y))));
}

static double odds(int phase, int other, double a, double b)
{
    const double z[3] = {0.0, a, b};
    return z[phase] - z[other];
}

START_TEST(all_nine_have_exact_counts_and_leave_nothing_better_behind)
{
    const vly_extent e = {33, 21, 40};
    const int64_t n = vly_extent_voxels(e);
    vly_device *device = test_cpu(2);
    uint8_t *label = malloc((size_t)n);
    for (int ties = 0; ties < 2; ties++) {
        float *logit = random_logits(e, ties, 5);
        vly_mlp_field *field = field_of(device, logit, e);
        const vly_fractions f = VLY_FRACTIONS_PAPER;
        ck_assert_int_eq(vly_mlp_field_about(field)->voxels, n - n / 40);
        for (int32_t k = 0; k < VLY_MLP_ORDERS; k++) {
            vly_mlp_order o = vly_mlp_order_at(k);
            int third = 3 - (int)o.first - (int)o.second;
            vly_mlp_labels r = trinarise(field, e, o, &f, 9, label);
            int64_t counts[3] = {0}, targets[3], outside = 0;
            /* lowest score taken and highest left, first and second selection */
            double taken[2] = {INFINITY, INFINITY}, left[2] = {-INFINITY, -INFINITY};
            for (int64_t i = 0; i < n; i++) {
                double a = (double)logit[2 * i], b = (double)logit[2 * i + 1];
                outside += label[i] == VLY_OUTSIDE && i % 40 == 39;
                if (label[i] == VLY_OUTSIDE) continue;
                counts[label[i]]++;
                double s = score((int)o.first, a, b);
                if (label[i] == o.first)
                    taken[0] = fmin(taken[0], s);
                else
                    left[0] = fmax(left[0], s);
                if (label[i] == o.first) continue;
                s = o.conditional ? odds((int)o.second, third, a, b) : score((int)o.second, a, b);
                if (label[i] == o.second)
                    taken[1] = fmin(taken[1], s);
                else
                    left[1] = fmax(left[1], s);
            }
            vly_fractions_targets(&f, n - n / 40, targets);
            ck_assert_mem_eq(counts, targets, sizeof counts);
            ck_assert_mem_eq(r.counts, targets, sizeof counts);
            ck_assert_int_eq(outside, n / 40);
            for (int s = 0; s < 2; s++) { /* single precision: a few units of the last digit of numbers up to 40 */
                ck_assert(taken[s] >= left[s] - 2e-5 && fabs(r.scores[s] - taken[s]) < 2e-5);
                ck_assert(r.tied[s] >= 1 && (!ties || r.tied[s] > 10));
            }
        }
        vly_mlp_field_free(field);
        free(logit);
    }
    free(label);
    vly_device_close(device);
}
END_TEST

START_TEST(a_phase_that_is_certain_leaves_the_order_of_the_others_alone)
{
    /* p_am = 1 - 1e-12 everywhere: the odds of cbd against pore still rank (T8.3) */
    const vly_extent e = {1000, 1, 1};
    float logit[2000];
    uint8_t label[1000];
    vly_device *device = test_cpu(1);
    for (int i = 0; i < 1000; i++) {
        logit[2 * i + 1] = 0.001f * (float)(i * 7 % 1000);
        logit[2 * i] = 28.0f + 1e-3f * (float)(i % 13);
    }
    vly_mlp_field *field = field_of(device, logit, e);
    const vly_fractions f = {{700000000000000, 0, 300000000000000}};
    trinarise(field, e, (vly_mlp_order){VLY_AM, VLY_CBD, true}, &f, 1, label);
    for (int i = 0; i < 1000; i++) ck_assert_int_eq(label[i], i * 7 % 1000 >= 700 ? VLY_CBD : VLY_PORE);
    vly_mlp_field_free(field);
    vly_device_close(device);
}
END_TEST

START_TEST(where_the_third_phase_is_out_of_question_conditional_and_plain_agree)
{
    const vly_extent e = {40, 30, 20};
    const int64_t n = vly_extent_voxels(e);
    float *logit = malloc((size_t)n * 8);
    uint64_t state = 3;
    uint8_t *one = malloc((size_t)n), *two = malloc((size_t)n);
    vly_device *device = test_cpu(2);
    /* am first; the second in order is cbd; pore is e^-60: scores of cbd rank like its odds only if z_cbd says so alone,
     * hence z_am is constant */
    for (int64_t i = 0; i < n; i++) {
        logit[2 * i] = 60.0f;
        logit[2 * i + 1] = 60.0f + (float)(3.0 * test_normal(&state));
    }
    vly_mlp_field *field = field_of(device, logit, e);
    const vly_fractions f = VLY_FRACTIONS_PAPER;
    trinarise(field, e, (vly_mlp_order){VLY_AM, VLY_CBD, false}, &f, 1, one);
    trinarise(field, e, (vly_mlp_order){VLY_AM, VLY_CBD, true}, &f, 1, two);
    test_equal_u8(one, two, n, "plain and conditional (T8.4)");
    vly_mlp_field_free(field);
    vly_device_close(device);
    free(logit);
    free(one);
    free(two);
}
END_TEST

START_TEST(phases_that_change_names_give_the_same_result_under_the_new_names)
{
    /* am and cbd swapped, in outputs, fractions and order (T8.5) */
    const vly_extent e = {31, 17, 12};
    const int64_t n = vly_extent_voxels(e);
    float *logit = random_logits(e, false, 8), *swapped = malloc((size_t)n * 8);
    uint8_t *one = malloc((size_t)n), *two = malloc((size_t)n);
    vly_device *device = test_cpu(2);
    for (int64_t i = 0; i < n; i++) swapped[2 * i] = logit[2 * i + 1], swapped[2 * i + 1] = logit[2 * i];
    const int64_t counts[3] = {1000, 3000, n - n / 40 - 4000}, other[3] = {1000, n - n / 40 - 4000, 3000};
    const vly_fractions f = fractions_of(counts, n - n / 40), g = fractions_of(other, n - n / 40);
    static const uint8_t name[3] = {VLY_PORE, VLY_CBD, VLY_AM};
    vly_mlp_field *here = field_of(device, logit, e), *there = field_of(device, swapped, e);
    for (int32_t k = 0; k < VLY_MLP_ORDERS; k++) {
        vly_mlp_order o = vly_mlp_order_at(k), p = {(vly_phase)name[o.first], (vly_phase)name[o.second], o.conditional};
        trinarise(here, e, o, &f, 1, one);
        trinarise(there, e, p, &g, 1, two);
        for (int64_t i = 0; i < n; i++)
            if (two[i] < 3) two[i] = name[two[i]];
        test_equal_u8(two, one, n, "renamed");
    }
    vly_mlp_field_free(here);
    vly_mlp_field_free(there);
    vly_device_close(device);
    free(logit);
    free(swapped);
    free(one);
    free(two);
}
END_TEST

START_TEST(a_network_that_knows_the_truth_tells_it_in_all_nine)
{
    const vly_extent e = {29, 23, 19};
    const int64_t n = vly_extent_voxels(e);
    float *logit = malloc((size_t)n * 8);
    uint8_t *truth = malloc((size_t)n), *label = malloc((size_t)n);
    uint64_t state = 6;
    int64_t counts[3] = {0};
    vly_device *device = test_cpu(2);
    for (int64_t i = 0; i < n; i++) {
        double u = test_uniform(&state);
        truth[i] = u < 0.6 ? VLY_AM : u < 0.83 ? VLY_CBD : VLY_PORE;
        counts[truth[i]]++;
        logit[2 * i] = truth[i] == VLY_AM ? 40.0f : truth[i] == VLY_PORE ? -40.0f : 0.0f;
        logit[2 * i + 1] = truth[i] == VLY_CBD ? 40.0f : truth[i] == VLY_PORE ? -40.0f : 0.0f;
    }
    const vly_fractions f = fractions_of(counts, n);
    vly_mlp_field *field = field_of(device, logit, e);
    for (int32_t k = 0; k < VLY_MLP_ORDERS; k++) {
        trinarise(field, e, vly_mlp_order_at(k), &f, 1, label);
        test_equal_u8(label, truth, n, "truth (T8.6)");
    }
    vly_mlp_field_free(field);
    vly_device_close(device);
    free(logit);
    free(truth);
    free(label);
}
END_TEST

START_TEST(ties_are_split_without_favouring_any_slice_and_otherwise_for_another_seed)
{
    const vly_extent e = {40, 40, 50};
    const int64_t n = vly_extent_voxels(e);
    float *logit = calloc((size_t)n, 8);
    uint8_t *label = malloc((size_t)n), *other = malloc((size_t)n);
    vly_device *device = test_cpu(3);
    vly_mlp_field *field = field_of(device, logit, e); /* all alike */
    const vly_fractions f = {{300000000000000, 500000000000000, 200000000000000}};
    vly_mlp_labels r = trinarise(field, e, (vly_mlp_order){VLY_PORE, VLY_AM, true}, &f, 4, label);
    ck_assert(r.counts[VLY_PORE] == 24000 && r.counts[VLY_AM] == 40000 && r.tied[0] == n);
    /* chi-square of a phase's count per slice with 49 degrees of freedom: 1e-4 of all seeds exceed 94 */
    for (int p = 0; p < 3; p++) {
        double square = 0.0, share = (double)r.counts[p] / (double)n;
        for (int z = 0; z < 50; z++) {
            int64_t count = 0;
            for (int64_t i = 0; i < 1600; i++) count += label[z * 1600 + i] == p;
            double off = (double)count - 1600 * share;
            square += off * off / (1600 * share * (1.0 - share));
        }
        ck_assert(square < 94.0);
    }
    trinarise(field, e, (vly_mlp_order){VLY_PORE, VLY_AM, true}, &f, 5, other);
    ck_assert(memcmp(label, other, (size_t)n) != 0);
    vly_mlp_field_free(field);
    vly_device_close(device);
    free(logit);
    free(label);
    free(other);
}
END_TEST

START_TEST(extreme_targets_are_met)
{
    const vly_extent e = {10, 10, 10};
    float *logit = random_logits(e, false, 2);
    uint8_t label[1000];
    vly_device *device = test_cpu(1);
    vly_mlp_field *field = field_of(device, logit, e);
    for (int only = 0; only < 3; only++) {
        vly_fractions f = {{0, 0, 0}};
        f.parts[only] = VLY_FRACTIONS_ONE;
        for (int32_t k = 0; k < VLY_MLP_ORDERS; k++) {
            vly_mlp_labels r = trinarise(field, e, vly_mlp_order_at(k), &f, 1, label);
            ck_assert_int_eq(r.counts[only], 975);
            ck_assert(isnan(r.scores[0]) == (vly_mlp_order_at(k).first != (vly_phase)only));
        }
    }
    vly_mlp_field_free(field);
    for (int i = 0; i < 2000; i++) logit[i] = NAN;
    test_fails(vly_mlp_field_memory(&field, device, logit, e), VLY_EDATA, "E_ROI");
    free(logit);
    vly_device_close(device);
}
END_TEST

START_TEST(a_field_in_a_file_gives_the_same_labels_and_fractions)
{
    const vly_extent e = {90, 80, 70};
    const int64_t n = vly_extent_voxels(e);
    float *logit = random_logits(e, false, 4), *soft[2];
    uint8_t *label[2];
    for (int k = 0; k < 2; k++) {
        vly_device *device = test_cpu(2);
        vly_sink *sink;
        label[k] = malloc((size_t)n);
        soft[k] = malloc((size_t)n * 12);
        if (k == 1) device->memory_limit = vly_memory_held() + n; /* no room for eight bytes a voxel */
        vly_mlp_field *field = field_of(device, logit, e);
        trinarise(field, e, vly_mlp_order_at(5), &VLY_FRACTIONS_PAPER, 1, label[k]);
        ck_assert_int_eq(vly_sink_memory(&sink, soft[k], VLY_F32, (vly_extent){3 * e.nx, e.ny, e.nz}), VLY_OK);
        ck_assert_int_eq(vly_mlp_fractions(field, sink), VLY_OK);
        vly_sink_close(sink);
        vly_mlp_field_free(field);
        vly_device_close(device);
    }
    test_equal_u8(label[1], label[0], n, "labels");
    ck_assert_mem_eq(soft[1], soft[0], (size_t)n * 12);
    double worst = 0.0;
    for (int64_t i = 0; i < n; i++) {
        double sum = (double)soft[0][3 * i] + (double)soft[0][3 * i + 1] + (double)soft[0][3 * i + 2];
        worst = fmax(worst, fabs(sum - (i % 40 == 39 ? 0.0 : 1.0)));
    }
    ck_assert(worst < 1e-6);
    for (int k = 0; k < 2; k++) {
        free(label[k]);
        free(soft[k]);
    }
    free(logit);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mlp labels");
    TEST_CASE(suite, all_nine_have_exact_counts_and_leave_nothing_better_behind);
    TEST_CASE(suite, a_phase_that_is_certain_leaves_the_order_of_the_others_alone);
    TEST_CASE(suite, where_the_third_phase_is_out_of_question_conditional_and_plain_agree);
    TEST_CASE(suite, phases_that_change_names_give_the_same_result_under_the_new_names);
    TEST_CASE(suite, a_network_that_knows_the_truth_tells_it_in_all_nine);
    TEST_CASE(suite, ties_are_split_without_favouring_any_slice_and_otherwise_for_another_seed);
    TEST_CASE(suite, extreme_targets_are_met);
    TEST_CASE(suite, a_field_in_a_file_gives_the_same_labels_and_fractions);
    return test_run(suite);
}
