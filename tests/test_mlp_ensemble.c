/* How sure a network is: several of them and their spread, entropy, and volumes unlike those of its training. */
#include "mlp_run.h"

#include <math.h>

static vly_mlp *ensemble(const vly_mlp *const *members, int32_t count)
{
    vly_mlp *m = random_model(1e-6, 40);
    ck_assert_int_eq(VLY_NEW(&m->others, (int64_t)(count - 1) * VLY_MLP_VALUES, "networks"), VLY_OK);
    m->other_count = count - 1;
    memcpy(m->weights, members[0]->weights, sizeof m->weights);
    for (int32_t i = 1; i < count; i++)
        memcpy(m->others + (int64_t)(i - 1) * VLY_MLP_VALUES, members[i]->weights, sizeof m->weights);
    return m;
}

START_TEST(an_ensemble_tells_the_mean_of_its_outputs_and_how_far_they_are_apart)
{
    enum { MEMBERS = 3 };
    const vly_extent e = {14, 12, 11};
    const int64_t n = vly_extent_voxels(e);
    uint16_t *grey = random_grey(e, 4);
    vly_device *device = test_device(2, 0);
    vly_mlp *model[MEMBERS];
    asked alone[MEMBERS];
    const vly_mlp_apply_options options = {.spread = true};
    for (int m = 0; m < MEMBERS; m++) {
        model[m] = random_model(1e-6, 50 + (uint64_t)m);
        alone[m] = ask(device, grey, e, 1e-6, model[m], &options);
        ck_assert(alone[m].about.members == 1 && isnan(alone[m].about.spread));
    }
    vly_mlp *all = ensemble((const vly_mlp *const *)model, MEMBERS), *back;
    const char *path = test_path("ensemble.safetensors");
    ck_assert_int_eq(vly_mlp_write(all, path, true), VLY_OK);
    ck_assert_int_eq(vly_mlp_read(&back, path), VLY_OK);
    ck_assert_int_eq(vly_mlp_members(back), MEMBERS);
    vly_source *source = grey_source(grey, e, 1e-6);
    vly_mlp_field *field;
    ck_assert_int_eq(vly_mlp_apply(&field, device, source, back, &options), VLY_OK);
    float *told = told_of(field, e, 3, vly_mlp_fractions), *spread = told_of(field, e, 1, vly_mlp_spread);
    double mean_spread = 0.0;
    for (int64_t i = 0; i < n; i++) {
        double p[3], sum = 0.0, variance = 0.0;
        for (int k = 0; k < 3; k++) {
            double mean = 0.0, log_mean = 0.0;
            for (int m = 0; m < MEMBERS; m++) mean += (double)alone[m].told[3 * i + k] / MEMBERS;
            for (int m = 0; m < MEMBERS; m++) {
                variance += pow((double)alone[m].told[3 * i + k] - mean, 2) / (MEMBERS - 1) / 3.0;
                log_mean += log((double)alone[m].told[3 * i + k]) / MEMBERS;
            }
            sum += p[k] = exp(log_mean);
        }
        /* single precision, and differences of numbers near 1 */
        for (int k = 0; k < 3; k++) ck_assert(fabs((double)told[3 * i + k] - p[k] / sum) < 2e-6);
        ck_assert(fabs((double)spread[i] - sqrt(variance)) < 2e-6);
        mean_spread += (double)spread[i] / (double)n;
    }
    ck_assert(fabs(vly_mlp_field_about(field)->spread - mean_spread) < 1e-7 && mean_spread > 1e-3);
    vly_mlp_field_free(field);
    free(told);
    free(spread);
    for (int m = 0; m < MEMBERS; m++) {
        vly_mlp_free(model[m]);
        free(alone[m].told);
    }
    vly_source_close(source);
    vly_mlp_free(all);
    vly_mlp_free(back);
    vly_device_close(device);
    free(grey);
}
END_TEST

START_TEST(a_spread_kept_in_a_file_is_the_same)
{
    const vly_extent e = {120, 110, 40};
    const int64_t n = vly_extent_voxels(e);
    uint16_t *grey = random_grey(e, 4);
    vly_device *device = test_cpu(2);
    vly_mlp *a = random_model(1e-6, 50), *b = random_model(1e-6, 51);
    vly_mlp *both = ensemble((const vly_mlp *const[]){a, b}, 2);
    const vly_mlp_apply_options options = {.spread = true};
    vly_source *source = grey_source(grey, e, 1e-6);
    float *told[2], *spread[2];
    for (int k = 0; k < 2; k++) {
        vly_mlp_field *field;
        if (k == 1) device->memory_limit = vly_memory_held() + (INT64_C(19) << 20);
        vly_status status = vly_mlp_apply(&field, device, source, both, &options);
        ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
        told[k] = told_of(field, e, 3, vly_mlp_fractions);
        spread[k] = told_of(field, e, 1, vly_mlp_spread);
        vly_mlp_field_free(field);
    }
    ck_assert_mem_eq(told[0], told[1], (size_t)n * 12);
    ck_assert_mem_eq(spread[0], spread[1], (size_t)n * 4);
    for (int k = 0; k < 2; k++) {
        free(told[k]);
        free(spread[k]);
    }
    vly_source_close(source);
    vly_mlp_free(a);
    vly_mlp_free(b);
    vly_mlp_free(both);
    vly_device_close(device);
    free(grey);
}
END_TEST

START_TEST(entropy_is_0_where_one_phase_is_sure_and_1_where_none_is)
{
    const vly_extent e = {5, 1, 1};
    const float logit[10] = {0.0f, 0.0f, 40.0f, 0.0f, -40.0f, -40.0f, NAN, NAN, -40.0f, 0.0f};
    vly_device *device = test_cpu(1);
    vly_mlp_field *field;
    ck_assert_int_eq(vly_mlp_field_memory(&field, device, logit, e), VLY_OK);
    float *entropy = told_of(field, e, 1, vly_mlp_entropy);
    const double expected[5] = {1.0, 0.0, 0.0, 0.0, log(2.0) / log(3.0)};
    for (int i = 0; i < 5; i++) ck_assert_msg(fabs((double)entropy[i] - expected[i]) < 1e-6, "%d", i);
    ck_assert(fabs(vly_mlp_field_about(field)->entropy - (1.0 + expected[4]) / 4.0) < 1e-6);
    vly_sink *sink;
    ck_assert_int_eq(vly_sink_memory(&sink, entropy, VLY_F32, e), VLY_OK);
    test_fails(vly_mlp_spread(field, sink), VLY_EUSAGE, "one network alone has none");
    vly_sink_close(sink);
    vly_mlp_field_free(field);
    vly_device_close(device);
    free(entropy);
}
END_TEST

/* All patches of the volume whose neighbourhood is complete, as a table. */
static vly_mlp_table *table_of(const uint16_t *grey, vly_extent e)
{
    vly_mlp_table *t;
    int64_t n = (int64_t)(e.nx - 4) * (e.ny - 4) * (e.nz - 4), at = 0;
    ck_assert_int_eq(VLY_NEW(&t, 1, "table"), VLY_OK);
    ck_assert_int_eq(VLY_NEW(&t->grey, n * 125, "table"), VLY_OK);
    t->info.voxels = n;
    for (int z = 2; z < e.nz - 2; z++)
        for (int y = 2; y < e.ny - 2; y++)
            for (int x = 2; x < e.nx - 2; x++, at++)
                for (int k = 0; k < 125; k++)
                    t->grey[125 * at + k] = grey[((z + k / 25 - 2) * e.ny + y + k / 5 % 5 - 2) * e.nx + x + k % 5 - 2];
    return t;
}

START_TEST(a_volume_unlike_the_training_s_is_told_so)
{
    const vly_extent e = {30, 28, 26};
    heard h = {0};
    vly_device *device = test_cpu(2);
    device->progress = (vly_progress){.warn = hear, .self = &h};
    vly_mlp *model = random_model(1e-6, 40);
    uint16_t *grey = cells(e, 1500.0, 3), *noisy = cells(e, 6000.0, 3);
    vly_mlp_table *table = table_of(grey, e);
    const vly_mlp_apply_options options = {.scale = VLY_MLP_NATIVE};
    ck_assert_int_eq(vly_mlp_seen_learn(&model->seen, table, model->mean, model->sd), VLY_OK);
    ck_assert(model->seen.known);
    vly_mlp_table_close(table);
    /* the very voxels it has learned, and those at the border: about one in a hundred */
    asked same = ask(device, grey, e, 1e-6, model, &options);
    ck_assert_msg(same.about.unlike > 0.003 && same.about.unlike < 0.04, "%g", same.about.unlike);
    ck_assert_int_eq(h.count, 0);
    asked other = ask(device, noisy, e, 1e-6, model, &options);
    ck_assert_msg(other.about.unlike > 0.5, "%g", other.about.unlike);
    ck_assert_int_eq(h.count, 1);
    ck_assert_ptr_nonnull(strstr(h.last, "unlike those that the network was trained on"));
    const char *path = test_path("seen.safetensors");
    vly_mlp *back;
    ck_assert_int_eq(vly_mlp_write(model, path, true), VLY_OK);
    ck_assert_int_eq(vly_mlp_read(&back, path), VLY_OK);
    ck_assert_mem_eq(&back->seen, &model->seen, sizeof back->seen);
    vly_mlp_free(back);
    free(same.told);
    free(other.told);
    free(grey);
    free(noisy);
    vly_mlp_free(model);
    vly_device_close(device);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mlp ensemble");
    TEST_CASE(suite, an_ensemble_tells_the_mean_of_its_outputs_and_how_far_they_are_apart);
    TEST_CASE(suite, a_spread_kept_in_a_file_is_the_same);
    TEST_CASE(suite, entropy_is_0_where_one_phase_is_sure_and_1_where_none_is);
    TEST_CASE(suite, a_volume_unlike_the_training_s_is_told_so);
    return test_run(suite);
}
