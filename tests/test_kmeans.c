/* k-means from end to end: the laws it must obey, and counts that are exact whatever the volume. */
#include "kmeans_run.h"

#include "segment/kmeans_impl.h"

#include <stdio.h>

/* ---- laws ---- */

enum { SAMPLES = 5000 };

typedef struct lloyd_case {
    vly_kmeans_job job; /* first: the callback finds the rest behind it */
    uint16_t *features; /* (27, SAMPLES) */
    uint8_t *labels;
    double objective[200];
    int passes;
} lloyd_case;

/* One pass in plain C, with the objective that it leaves. */
static vly_status assign_and_judge(vly_kmeans_job *job, const vly_kmeans_exchange *here, vly_kmeans_exchange *there,
                                   bool fresh)
{
    lloyd_case *c = (lloyd_case *)job;
    const vly_kmeans_model *model = &here->model;
    vly_kmeans_tally *tally = &there->tally;
    double objective = 0;
    for (int i = 0; i < SAMPLES; i++) {
        uint16_t f[27];
        for (int m = 0; m < 27; m++) f[m] = c->features[m * SAMPLES + i];
        uint8_t was = fresh ? VLY_OUTSIDE : c->labels[i], now = vly_kmeans_nearest(model, f);
        for (int m = 0; m < 27; m++) {
            double t = f[m] - (double)model->mu[now][m];
            objective += (double)model->w[now] * (double)model->x[m] * t * t;
            if (was < VLY_PHASES) tally->sum[was][m] -= f[m];
            tally->sum[now][m] += f[m];
        }
        if (was < VLY_PHASES) tally->count[was]--;
        tally->count[now]++;
        tally->changed += was != now;
        c->labels[i] = now;
    }
    c->objective[c->passes++] = objective;
    return VLY_OK;
}

START_TEST(no_iteration_of_lloyd_raises_the_objective)
{
    lloyd_case c = {.job = {.device = test_cpu(1)}}; /* judges from host memory */
    vly_kmeans_state state = {.w = {1.4, 1, 2}, .x = {1, 0.5, 0.3, 2}};
    vly_kmeans_passes passes;
    uint64_t seed = 1;
    c.features = malloc(27 * SAMPLES * 2);
    c.labels = malloc(SAMPLES);
    for (int i = 0; i < 27 * SAMPLES; i++) c.features[i] = (uint16_t)(test_random(&seed) % 20000 + i % 3 * 9000);
    for (int l = 0; l < 3; l++)
        for (int m = 0; m < 27; m++) state.mu[l][m] = c.features[m * SAMPLES + 10 * l];
    ck_assert_int_eq(vly_kmeans_passes_create(&passes, c.job.device, assign_and_judge, true), VLY_OK);
    ck_assert_int_eq(vly_kmeans_lloyd(&state, &c.job, SAMPLES, &passes), VLY_OK);
    ck_assert(state.settled && c.passes == state.iterations && c.passes > 3);
    /* labels are decided in single precision: 28 roundings of 2^-24 may misplace ties */
    for (int i = 1; i < c.passes; i++) ck_assert_double_le(c.objective[i], c.objective[i - 1] * (1 + 2e-6));
    ck_assert_double_lt(c.objective[c.passes - 1], 0.99 * c.objective[0]);
    for (int l = 0; l < 3; l++)
        for (int m = 0; m < 27; m += 13) { /* centroids are the means of the last labels */
            double sum = 0, count = 0;
            for (int i = 0; i < SAMPLES; i++)
                if (c.labels[i] == l) sum += c.features[m * SAMPLES + i], count++;
            ck_assert_double_eq(state.mu[l][m], sum / count);
            ck_assert_int_eq(state.count[l], (int64_t)count);
        }
    vly_kmeans_passes_free(&passes);
    free(c.labels);
    free(c.features);
    vly_device_close(c.job.device);
}
END_TEST

START_TEST(in_one_dimension_boundaries_are_those_of_weighted_points)
{
    /* features all equal to g: phases meet where sqrt(w1) |g - mu1| = sqrt(w2) |g - mu2| (spec 4.2) */
    const double mu[3] = {20000, 45000, 30000}, w[3] = {1.7, 1, 2.6};
    vly_device *device = test_device(1, 0);
    vly_kmeans_model model;
    vly_buffer on_device, model_there, labels, tally;
    uint16_t *samples = malloc(27 * 65536 * 2);
    for (int m = 0; m < 27; m++) {
        model.x[m] = 1;
        for (int l = 0; l < 3; l++) model.w[l] = (float)w[l], model.mu[l][m] = (float)mu[l];
        for (int g = 0; g < 65536; g++) samples[vly_kmeans_slot(g, m)] = (uint16_t)g;
    }
    ck_assert_int_eq(vly_buffer_create(&tally, device, sizeof(vly_kmeans_tally), "tally"), VLY_OK);
    ck_assert_int_eq(vly_buffer_create(&labels, device, 65536, "labels"), VLY_OK);
    ck_assert_int_eq(vly_buffer_create(&on_device, device, 27 * 65536 * 2, "samples"), VLY_OK);
    ck_assert_int_eq(vly_buffer_upload(&on_device, samples, on_device.bytes), VLY_OK);
    ck_assert_int_eq(vly_buffer_create(&model_there, device, sizeof model, "model"), VLY_OK);
    ck_assert_int_eq(vly_buffer_upload(&model_there, &model, sizeof model), VLY_OK);
    device->kernels->kmeans_assign_samples(device->queue, on_device.data, 65536, model_there.data, true, labels.data,
                                           tally.data);
    uint8_t *label = test_fetch(device, labels.data, 65536);
    double r[3] = {sqrt(w[0]), sqrt(w[1]), sqrt(w[2])};
    double inner_low = (r[VLY_PORE] * mu[VLY_PORE] + r[VLY_CBD] * mu[VLY_CBD]) / (r[VLY_PORE] + r[VLY_CBD]);
    double inner_high = (r[VLY_CBD] * mu[VLY_CBD] + r[VLY_AM] * mu[VLY_AM]) / (r[VLY_CBD] + r[VLY_AM]);
    /* far below everything the phase of the smallest weight wins again: am, from here down */
    double outer = (r[VLY_PORE] * mu[VLY_PORE] - r[VLY_AM] * mu[VLY_AM]) / (r[VLY_PORE] - r[VLY_AM]);
    ck_assert_double_lt(outer, 0);
    for (int g = 0; g < 65536; g++) {
        uint8_t expected = g < inner_low ? VLY_PORE : g < inner_high ? VLY_CBD : VLY_AM;
        if (fabs(g - inner_low) > 1 && fabs(g - inner_high) > 1) ck_assert_int_eq(label[g], expected);
    }
    free(label);
    free(samples);
    vly_buffer_free(&on_device);
    vly_buffer_free(&model_there);
    vly_buffer_free(&labels);
    vly_buffer_free(&tally);
    vly_device_close(device);
}
END_TEST

START_TEST(doubling_every_grey_value_changes_no_label)
{
    /* a factor of two is exact in every operation, up to the ratios of the finish */
    const vly_extent e = test_small() ? (vly_extent){20, 17, 15} : (vly_extent){40, 33, 27};
    vly_device *device = test_device(2, 0);
    uint16_t *grey = cells(e, 3000, 2), *twice = malloc((size_t)vly_extent_voxels(e) * 2);
    for (int64_t i = 0; i < vly_extent_voxels(e); i++) {
        grey[i] /= 2;
        twice[i] = (uint16_t)(2 * grey[i]);
    }
    run a = make_run(device, grey, e), b = make_run(device, twice, e);
    if (test_small()) a.options.evaluations = b.options.evaluations = 10;
    do_run(&a);
    do_run(&b);
    test_equal_u8(b.labels, a.labels, vly_extent_voxels(e), "labels");
    ck_assert_double_eq(a.result.cost, b.result.cost);
    free_run(&a);
    free_run(&b);
    free(twice);
    free(grey);
    vly_device_close(device);
}
END_TEST

START_TEST(turning_the_volume_turns_the_labels)
{
    static const int axes[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    const int32_t n = test_small() ? 14 : 24;
    const vly_extent e = {n, n, n};
    vly_device *device = test_device(2, 0);
    uint16_t *grey = cells(e, 3000, 3), *turned = malloc((size_t)vly_extent_voxels(e) * 2);
    int32_t *to = malloc((size_t)vly_extent_voxels(e) * sizeof *to);
    uint8_t *back = malloc((size_t)vly_extent_voxels(e));
    run a = make_run(device, grey, e), b = make_run(device, turned, e);
    a.options.evaluations = b.options.evaluations = test_small() ? 3 : 30;
    do_run(&a);
    expect_exact_counts(&a);
    for (int symmetry = 1; symmetry < 48; symmetry += 3) { /* all axes, all signs over the run */
        for (int32_t i = 0; i < vly_extent_voxels(e); i++) {
            int at[3] = {i % n, i / n % n, i / n / n}, p[3];
            for (int k = 0; k < 3; k++) p[axes[symmetry % 6][k]] = symmetry / 6 >> k & 1 ? n - 1 - at[k] : at[k];
            to[i] = p[0] + n * (p[1] + n * p[2]);
            turned[to[i]] = grey[i];
        }
        do_run(&b);
        for (int32_t i = 0; i < vly_extent_voxels(e); i++) back[i] = b.labels[to[i]];
        test_equal_u8(back, a.labels, vly_extent_voxels(e), "labels turned back");
    }
    free_run(&a);
    free_run(&b);
    free(back);
    free(to);
    free(turned);
    free(grey);
    vly_device_close(device);
}
END_TEST

/* ---- the exact finish ---- */

/* Voxels whose label is not the argmin of final weight times distance, up to the rounding of ratios. */
static int64_t misplaced(const run *r)
{
    vly_kmeans_model model;
    int64_t wrong = 0;
    for (int m = 0; m < 27; m++) {
        model.x[m] = (float)r->result.feature_weights[m < 1 ? 0 : m < 7 ? 1 : m < 19 ? 2 : 3];
        for (int l = 0; l < 3; l++) model.mu[l][m] = (float)r->result.centroids[l][m];
    }
    for (int64_t i = 0; i < vly_extent_voxels(r->e); i++) {
        uint16_t f[27];
        double least = INFINITY, own = 0;
        vly_features_gather(f, r->grey, r->e, (int32_t)(i % r->e.nx), (int32_t)(i / r->e.nx % r->e.ny),
                            (int32_t)(i / r->e.nx / r->e.ny));
        vly_features_sort(f);
        for (int l = 0; l < 3; l++) {
            double score = r->result.final_weights[l] * (double)vly_kmeans_distance(&model, l, f);
            least = fmin(least, score);
            if (r->labels[i] == l) own = score;
        }
        wrong += own > least * (1 + 4e-6); /* two ratios in single precision, and weights settled to 1e-6 */
    }
    return wrong;
}

START_TEST(counts_are_exact_and_labels_the_weighted_argmin)
{
    /* larger than one list of the finish, so that boxes and parts are gone through */
    const vly_extent e = test_small() ? (vly_extent){41, 23, 30} : (vly_extent){97, 81, 90};
    vly_device *device = test_device(2, 0);
    uint16_t *grey = cells(e, 8500, 4);
    run r = make_run(device, grey, e);
    r.options.samples = 20000;
    do_run(&r);
    expect_exact_counts(&r);
    ck_assert_int_eq(misplaced(&r), 0);
    int64_t dark = 0, bright = 0;
    for (int64_t i = 0; i < vly_extent_voxels(e); i++) {
        dark += r.labels[i] == VLY_AM && (float)grey[i] < (float)r.result.centroids[VLY_CBD][0];
        bright += r.labels[i] == VLY_PORE && (float)grey[i] > (float)r.result.centroids[VLY_CBD][0];
    }
    ck_assert_int_eq(r.result.dark_am, dark);
    ck_assert_int_eq(r.result.bright_pore, bright);
    ck_assert_int_lt(r.result.relabelled, vly_extent_voxels(e) / 50);
    free_run(&r);
    free(grey);
    vly_device_close(device);
}
END_TEST

START_TEST(fractions_far_from_the_image_are_met_all_the_same)
{
    static const char *fractions[] = {"am=0.1,cbd=0.1,pore=0.8", "am=0.6,cbd=0.4,pore=0", "am=0.6,cbd=0,pore=0.4",
                                      "am=0,cbd=0.5,pore=0.5", "am=0.98,cbd=0.01,pore=0.01"};
    const vly_extent e = test_small() ? (vly_extent){28, 19, 23} : (vly_extent){70, 66, 68};
    vly_device *device = test_device(2, 0);
    uint16_t *grey = cells(e, 4000, 5);
    for (int i = 0; i < 5; i++) {
        run r = make_run(device, grey, e);
        r.options.evaluations = 5;
        r.options.samples = 5000;
        ck_assert_int_eq(vly_fractions_parse(&r.options.fractions, fractions[i]), VLY_OK);
        do_run(&r);
        expect_exact_counts(&r);
        ck_assert(!r.result.converged); /* five evaluations do not get there */
        free_run(&r);
    }
    free(grey);
    vly_device_close(device);
}
END_TEST

START_TEST(volumes_full_of_ties_are_split_exactly)
{
    const vly_extent e = test_small() ? (vly_extent){28, 19, 23} : (vly_extent){70, 66, 68};
    vly_device *device = test_device(2, 0);
    uint16_t *grey = malloc((size_t)vly_extent_voxels(e) * 2);
    for (int kind = 0; kind < 3; kind++) {
        uint64_t seed = 6;
        for (int64_t i = 0; i < vly_extent_voxels(e); i++)
            grey[i] = kind == 0 ? (uint16_t)(test_random(&seed) & 1 ? 65535 : 0)
                      : kind == 1
                          ? (uint16_t)(i / e.nx / e.ny / ((e.nz + 2) / 3) * 30000)    /* three slabs without noise */
                          : (uint16_t)(i % e.nx / (e.nx / 5) * 5000 + 100 * (i % 2)); /* columns */
        run r = make_run(device, grey, e);
        r.options.evaluations = 5;
        r.options.samples = 5000;
        do_run(&r);
        expect_exact_counts(&r);
        free_run(&r);
    }
    free(grey);
    vly_device_close(device);
}
END_TEST

START_TEST(a_cut_in_a_gap_of_grey_values_is_found)
{
    /* two levels where three phases are asked for: any weight of CBD within the gap gives the same counts */
    const vly_extent e = test_small() ? (vly_extent){28, 19, 23} : (vly_extent){70, 66, 68};
    vly_device *device = test_device(2, 0);
    uint16_t *grey = malloc((size_t)vly_extent_voxels(e) * 2);
    uint64_t seed = 8;
    for (int64_t i = 0; i < vly_extent_voxels(e); i++) {
        uint64_t cell = (uint64_t)(i % e.nx / 5 + 100 * (i / e.nx % e.ny / 5) + 10000 * (i / e.nx / e.ny / 5));
        grey[i] = (uint16_t)((vly_hash(cell, 8) & 1 ? 60000 : 1000) + 200 * test_normal(&seed));
    }
    run r = make_run(device, grey, e);
    r.options.evaluations = 10;
    do_run(&r);
    expect_exact_counts(&r);
    free_run(&r);
    free(grey);
    vly_device_close(device);
}
END_TEST

/* Passes are recorded once and replayed: what fails there comes back, and what does not changes no label. */
START_TEST(no_failure_of_a_recording_gives_other_labels)
{
    static const char *const calls[] = {"cudaStreamBeginCapture", "cudaStreamEndCapture", "cudaGraphInstantiate",
                                        "cudaGraphLaunch",        "cudaGraphDestroy",     "cudaGraphExecDestroy"};
    const vly_extent e = {12, 12, 12};
    vly_device *cpu = test_cpu(1), *device;
    uint16_t *grey = cells(e, 3000, 8);
    run expected = make_run(cpu, grey, e);
    expected.options.evaluations = 5;
    do_run(&expected);
    for (int call = 0; call < 6; call++)
        for (int site = 1; site <= 2; site++) { /* fresh and later passes */
            char plan[64];
            ck_assert_int_eq(unsetenv("VLY_FAULT"), 0);
            device = test_device(1, 0);
            snprintf(plan, sizeof plan, "cuda.%s:%d=719", calls[call], site);
            setenv("VLY_FAULT", plan, 1);
            run r = make_run(device, grey, e);
            r.options = expected.options;
            vly_status status = try_run(&r);
            if (status == VLY_OK)
                test_equal_u8(r.labels, expected.labels, vly_extent_voxels(e), plan);
            else
                test_fails(status, VLY_EDEVICE, "cuda: ");
            ck_assert_msg(!test_emulated() || call >= 4 || status != VLY_OK, "%s went unnoticed", plan);
            free_run(&r);
            vly_device_close(device);
        }
    free_run(&expected);
    free(grey);
    vly_device_close(cpu);
}
END_TEST

START_TEST(without_the_finish_labels_are_lloyds)
{
    const vly_extent e = test_small() ? (vly_extent){21, 18, 13} : (vly_extent){40, 30, 20};
    vly_device *device = test_device(2, 0);
    uint16_t *grey = cells(e, 4000, 7);
    run r = make_run(device, grey, e);
    r.options.exact = false;
    r.options.parameters = 2;
    do_run(&r);
    int64_t count[256] = {0};
    for (int64_t i = 0; i < vly_extent_voxels(e); i++) count[r.labels[i]]++;
    for (int l = 0; l < VLY_PHASES; l++) {
        ck_assert_int_eq(count[l], r.result.counts[l]);
        ck_assert_double_eq(r.result.final_weights[l], r.result.phase_weights[l]);
    }
    for (int g = 0; g < VLY_FEATURE_GROUPS; g++) ck_assert_double_eq(r.result.feature_weights[g], 1.0);
    ck_assert_int_eq(r.result.relabelled, 0);
    free_run(&r);
    free(grey);
    vly_device_close(device);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kmeans");
    TEST_CASE(suite, no_iteration_of_lloyd_raises_the_objective);
    TEST_CASE(suite, in_one_dimension_boundaries_are_those_of_weighted_points);
    TEST_CASE(suite, doubling_every_grey_value_changes_no_label);
    TEST_CASE(suite, turning_the_volume_turns_the_labels);
    TEST_CASE(suite, counts_are_exact_and_labels_the_weighted_argmin);
    TEST_CASE(suite, fractions_far_from_the_image_are_met_all_the_same);
    TEST_CASE(suite, volumes_full_of_ties_are_split_exactly);
    TEST_CASE(suite, a_cut_in_a_gap_of_grey_values_is_found);
    TEST_CASE(suite, no_failure_of_a_recording_gives_other_labels);
    TEST_CASE(suite, without_the_finish_labels_are_lloyds);
    return test_run(suite);
}
