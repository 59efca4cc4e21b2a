/* The network over a volume: the same labels on every device, for any threads, slabs and memory; windows and masks; voxel
 * sizes; and the table that training learns from. */
#include "mlp_run.h"

#include "core/fault.h"
#include "voxelyte/compose.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Labels by the fourth order, outside included. */
static vly_status labels_of(uint8_t *label, vly_device *device, const uint16_t *grey, vly_extent e, double size,
                            const vly_mlp *model, const vly_mlp_apply_options *options, vly_extent out,
                            vly_mlp_summary *about)
{
    vly_source *source = grey_source(grey, e, size);
    vly_mlp_field *field;
    vly_mlp_labels r;
    vly_sink *sink;
    vly_status status = vly_mlp_apply(&field, device, source, model, options);
    vly_source_close(source);
    if (status != VLY_OK) return status;
    *about = *vly_mlp_field_about(field);
    ck_assert_int_eq(vly_sink_memory(&sink, label, VLY_U8, out), VLY_OK);
    ck_assert_int_eq(vly_mlp_trinarise(&r, field, sink, vly_mlp_order_at(3), &VLY_FRACTIONS_PAPER, 1), VLY_OK);
    vly_sink_close(sink);
    vly_mlp_field_free(field);
    return VLY_OK;
}

START_TEST(labels_are_the_same_on_every_device_for_any_threads_and_memory)
{
    const vly_extent e = {60, 11, 12};
    const int64_t n = vly_extent_voxels(e);
    uint16_t *grey = random_grey(e, 3);
    uint8_t *expected = malloc((size_t)n), *label = malloc((size_t)n);
    for (int kind = 0; kind < 3; kind++) {
        const bool atrous = kind == 1;
        vly_mlp *model = random_model(atrous ? 1.284e-6 : 0.642e-6, 40);
        vly_mlp_apply_options options = {.precision = kind == 2 ? VLY_MLP_FAST : VLY_MLP_PRECISION_AUTO};
        vly_mlp_summary about, again;
        vly_device *cpu = test_cpu(1);
        ck_assert_int_eq(labels_of(expected, cpu, grey, e, 0.642e-6, model, &options, e, &about), VLY_OK);
        ck_assert((about.scale == VLY_MLP_ATROUS) == atrous && about.voxels == n);
        ck_assert(about.fast == (kind == 2)); /* of a volume this small auto is exact */
        vly_device_close(cpu);
        for (int run = 0; run < 2; run++) {
            vly_device *device = test_device(run ? 3 : 2, 0);
            ck_assert_int_eq(labels_of(label, device, grey, e, 0.642e-6, model, &options, e, &again), VLY_OK);
            test_equal_u8(label, expected, n, "labels");
            ck_assert_mem_eq(about.fractions, again.fractions, sizeof about.fractions);
            vly_device_close(device);
        }
        vly_mlp_free(model);
    }
    free(grey);
    free(expected);
    free(label);
}
END_TEST

START_TEST(slabs_and_a_store_in_a_file_change_nothing)
{
    const vly_extent e = {150, 140, 60};
    const int64_t n = vly_extent_voxels(e);
    uint16_t *grey = random_grey(e, 4);
    uint8_t *expected = malloc((size_t)n), *label = malloc((size_t)n);
    vly_mlp *model = random_model(1e-6, 40);
    vly_mlp_apply_options options = {.scale = VLY_MLP_NATIVE};
    vly_mlp_summary about;
    vly_device *device = test_cpu(2);
    ck_assert_int_eq(labels_of(expected, device, grey, e, 0.7e-6, model, &options, e, &about), VLY_OK);
    /* room for the tables and a few slabs, not for the volume and its answers */
    device->memory_limit = vly_memory_held() + (INT64_C(19) << 20);
    ck_assert_int_eq(labels_of(label, device, grey, e, 0.7e-6, model, &options, e, &about), VLY_OK);
    test_equal_u8(label, expected, n, "labels");
    vly_device_close(device);
    vly_mlp_free(model);
    free(grey);
    free(expected);
    free(label);
}
END_TEST

START_TEST(a_window_sees_its_real_neighbours_and_a_mask_takes_voxels_out)
{
    const vly_extent e = {30, 20, 18}, part = {20, 12, 10};
    uint16_t *grey = random_grey(e, 5);
    uint8_t mask[2400], label[2400];
    vly_mlp *model = random_model(1e-6, 40);
    uint64_t state = 1;
    int64_t inside = 0;
    vly_device *device = test_device(2, 0), *cpu = test_cpu(1);
    for (int i = 0; i < 2400; i++) inside += mask[i] = test_random(&state) % 5 != 0;
    vly_source *masked;
    ck_assert_int_eq(vly_source_memory(&masked, mask, VLY_U8, part, NULL), VLY_OK);
    vly_mlp_apply_options options = {.region = {.window = {4, 24, 3, 15, 2, 12}, .mask = masked}};
    vly_source *source = grey_source(grey, e, 1e-6);
    vly_mlp_field *window, *whole;
    vly_sink *sink;
    ck_assert_int_eq(vly_mlp_apply(&window, device, source, model, &options), VLY_OK);
    ck_assert_int_eq(vly_mlp_field_about(window)->voxels, inside);
    const vly_mlp_apply_options all = {.scale = VLY_MLP_AUTO};
    ck_assert_int_eq(vly_mlp_apply(&whole, cpu, source, model, &all), VLY_OK);
    float *some = told_of(window, part, 3, vly_mlp_fractions), *every = told_of(whole, e, 3, vly_mlp_fractions);
    int wrong = 0;
    for (int i = 0; i < 2400; i++) {
        int at = ((i / 240 + 2) * 20 + i / 20 % 12 + 3) * 30 + i % 20 + 4;
        const float none[3] = {0};
        wrong += memcmp(some + 3 * i, mask[i] ? every + 3 * at : none, 12) != 0;
    }
    ck_assert_int_eq(wrong, 0);
    ck_assert_int_eq(vly_sink_memory(&sink, label, VLY_U8, part), VLY_OK);
    vly_mlp_labels r;
    ck_assert_int_eq(vly_mlp_trinarise(&r, window, sink, vly_mlp_order_at(0), &VLY_FRACTIONS_PAPER, 1), VLY_OK);
    vly_sink_close(sink);
    for (int i = 0; i < 2400; i++) wrong += (label[i] == VLY_OUTSIDE) != !mask[i];
    ck_assert_int_eq(wrong, 0);
    vly_mlp_field_free(window);
    vly_mlp_field_free(whole);
    vly_source_close(source);
    vly_source_close(masked);
    vly_device_close(device);
    vly_device_close(cpu);
    vly_mlp_free(model);
    free(grey);
    free(some);
    free(every);
}
END_TEST

START_TEST(voxel_sizes_that_do_not_fit_need_a_word)
{
    const vly_extent e = {12, 12, 12};
    uint16_t *grey = random_grey(e, 6);
    uint8_t label[1728];
    vly_mlp *model = random_model(1.284e-6, 40);
    vly_mlp_apply_options options = {.scale = VLY_MLP_AUTO};
    vly_mlp_summary about;
    vly_device *device = test_cpu(1);
    test_fails(labels_of(label, device, grey, e, 1.0e-6, model, &options, e, &about), VLY_EDATA, "E_SCALE");
    test_fails(labels_of(label, device, grey, e, 1.30e-6, model, &options, e, &about), VLY_EDATA, "trained on 1.284");
    ck_assert_int_eq(labels_of(label, device, grey, e, 1.29e-6, model, &options, e, &about), VLY_OK);
    ck_assert(about.scale == VLY_MLP_NATIVE);
    ck_assert_int_eq(labels_of(label, device, grey, e, 0.64e-6, model, &options, e, &about), VLY_OK);
    ck_assert(about.scale == VLY_MLP_ATROUS);
    options.scale = VLY_MLP_NATIVE;
    ck_assert_int_eq(labels_of(label, device, grey, e, 1.0e-6, model, &options, e, &about), VLY_OK);
    options.scale = VLY_MLP_ATROUS;
    const vly_extent thin = {12, 12, 10};
    test_fails(labels_of(label, device, grey, thin, 1.0e-6, model, &options, thin, &about), VLY_EDATA, "E_DIM");
    vly_device_close(device);
    vly_mlp_free(model);
    free(grey);
}
END_TEST

/* Everything from a model's file to labels, once. */
static vly_status whole_way(vly_device *device, const uint16_t *grey, vly_extent e, const char *path, uint8_t *label)
{
    vly_mlp *model = NULL;
    const vly_mlp_apply_options options = {
        .scale = VLY_MLP_BINNED, .calibration = VLY_MLP_QUANTILES, .fractions = VLY_FRACTIONS_PAPER, .spread = true};
    vly_source *memory, *source = NULL;
    vly_mlp_field *field = NULL;
    vly_mlp_labels r;
    vly_sink *sink = NULL;
    vly_status status = vly_source_memory(&memory, grey, VLY_U16, e, NULL);
    if (status == VLY_OK) status = vly_source_grey(&source, memory, device, 0, 0);
    if (status == VLY_OK) status = vly_mlp_read(&model, path);
    if (status == VLY_OK) status = vly_mlp_apply(&field, device, source, model, &options);
    if (status == VLY_OK) status = vly_sink_memory(&sink, label, VLY_U8, e);
    if (status == VLY_OK) status = vly_mlp_trinarise(&r, field, sink, vly_mlp_order_at(7), &VLY_FRACTIONS_PAPER, 1);
    vly_sink_close(sink);
    vly_mlp_field_free(field);
    vly_mlp_free(model);
    vly_source_close(source);
    return status;
}

START_TEST(whatever_fails_comes_back_as_a_status_and_leaves_nothing_held)
{
    static const char *const seams[] = {"alloc", "io", "device"};
    const vly_extent e = {12, 12, 12};
    const char *path = test_path("fault.safetensors");
    uint16_t *grey = random_grey(e, 6);
    uint8_t label[1728];
    vly_mlp *model = random_model(1e-6, 40);
    ck_assert_int_eq(VLY_NEW(&model->others, VLY_MLP_VALUES, "network"), VLY_OK);
    model->other_count = 1;
    model->levels = (vly_mlp_levels){.known = true, .level = {1000.0f, 2000.0f}};
    for (int i = 0; i < VLY_MLP_RANKS; i++) model->levels.quantile[i] = (float)(60 * i);
    model->seen = (vly_mlp_seen){.known = true, .limit = 1e9f};
    ck_assert_int_eq(vly_mlp_write(model, path, true), VLY_OK);
    vly_mlp_free(model);
    vly_device *device = test_cpu(1);
    int64_t held = vly_memory_held();
    for (size_t s = 0; s < sizeof seams / sizeof *seams; s++) {
        bool met = true;
        for (int n = 1; met; n++) {
            char fault[32];
            snprintf(fault, sizeof fault, "%s:%d", seams[s], n);
            setenv("VLY_FAULT", fault, 1);
            vly_fault_reset();
            vly_status status = whole_way(device, grey, e, path, label);
            met = vly_fault_count() >= n;
            unsetenv("VLY_FAULT");
            vly_fault_reset();
            ck_assert_msg((status != VLY_OK) == met, "%s: %d", fault, status);
            ck_assert_msg(vly_memory_held() == held, "%s: memory is still held", fault);
        }
    }
    vly_device_close(device);
    free(grey);
}
END_TEST

/* ---- the table ---- */

typedef struct pair {
    vly_extent grey_extent, extent;
    uint16_t *grey;
    float *fraction;
    double size, coarse; /* m */
    char note[VLY_COMPOSE_NOTE_BYTES];
} pair;

static pair make_pair(vly_extent grey, vly_extent e, int32_t binning, int32_t x, int32_t y, int32_t z)
{
    pair p = {.grey_extent = grey, .extent = e, .grey = random_grey(grey, 7), .size = 1e-6, .coarse = 1e-6 * binning};
    const vly_compose_grid grid = {.ratio = 16, .origin = {x, y, z}};
    uint64_t state = 1;
    p.fraction = calloc((size_t)vly_extent_voxels(e), 12);
    for (int64_t i = 0; i < vly_extent_voxels(e); i++) {
        float am = (float)(test_random(&state) % 65) / 64.0f, cbd = (1.0f - am) / 2.0f;
        memcpy(p.fraction + 3 * i, (const float[]){am, cbd, 1.0f - am - cbd}, 12);
    }
    vly_compose_note(p.note, &grid);
    return p;
}

static void free_pair(pair *p)
{
    free(p->grey);
    free(p->fraction);
}

static vly_status open_table(vly_mlp_table **out, const pair *p)
{
    vly_device *device = test_cpu(1);
    vly_source *grey = grey_source(p->grey, p->grey_extent, p->size), *composition;
    const vly_source_options three = {.channels = 3};
    const char *path = test_path("c.tif");
    vly_sink *sink;
    const vly_sink_options options = {.extent = p->extent,
                                      .type = VLY_F32,
                                      .channels = 3,
                                      .note = p->note,
                                      .voxel_size = {p->coarse, p->coarse, p->coarse, VLY_SIZE_GIVEN, ""},
                                      .overwrite = true};
    ck_assert_int_eq(vly_sink_open(&sink, path, device, &options), VLY_OK);
    ck_assert_int_eq(vly_sink_write(sink, p->extent.nz, p->fraction), VLY_OK);
    ck_assert_int_eq(vly_sink_finish(sink), VLY_OK);
    vly_sink_close(sink);
    ck_assert_int_eq(vly_source_open(&composition, path, &three), VLY_OK);
    vly_status status = vly_mlp_table_open(out, device, grey, composition);
    vly_source_close(grey);
    vly_source_close(composition);
    vly_device_close(device);
    return status;
}

START_TEST(the_table_pairs_compositions_with_averaged_neighbourhoods)
{
    pair p = make_pair((vly_extent){25, 31, 29}, (vly_extent){7, 8, 9}, 2, 3, 0, 4);
    vly_mlp_table *t;
    memset(p.fraction + 3 * 300, 0, 12); /* not inside the fine volume */
    vly_status status = open_table(&t, &p);
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
    const vly_mlp_table_info *info = vly_mlp_table_about(t);
    /* two rows at y = 0 have no complete neighbourhood; x reaches to 10 of 12, z to 13 of 14: its last layer neither */
    int64_t at = 0, wrong = 0, border = 0;
    for (int64_t i = 0; i < 504; i++) {
        int64_t x = i % 7 + 3, y = i / 7 % 8, z = i / 56 + 4;
        if (i == 300) continue;
        if (x + 2 >= 12 || y < 2 || z + 2 >= 14) {
            border++;
            continue;
        }
        for (int k = 0; k < 125; k++) {
            int64_t gx = 2 * (x + k % 5 - 2), gy = 2 * (y + k / 5 % 5 - 2), gz = 2 * (z + k / 25 - 2), sum = 0;
            for (int s = 0; s < 8; s++) sum += p.grey[((gz + s / 4) * 31 + gy + s / 2 % 2) * 25 + gx + s % 2];
            wrong += t->grey[125 * at + k] != (float)sum / 8.0f;
        }
        wrong += memcmp(t->target + 3 * at, p.fraction + 3 * i, 12) != 0;
        wrong += t->place[at][0] != i % 7 || t->place[at][1] != i / 7 % 8 || t->place[at][2] != i / 56;
        at++;
    }
    ck_assert_int_eq(wrong, 0);
    ck_assert(info->voxels == at && info->border == border && info->binning == 2);
    ck_assert(fabs(info->fractions[0] + info->fractions[1] + info->fractions[2] - 1.0) < 1e-6);
    vly_mlp_table_close(t);
    free_pair(&p);
}
END_TEST

START_TEST(pairs_that_do_not_fit_are_refused)
{
    pair p = make_pair((vly_extent){20, 20, 20}, (vly_extent){8, 8, 8}, 1, 4, 4, 4);
    vly_mlp_table *t;
    ck_assert_int_eq(open_table(&t, &p), VLY_OK);
    vly_mlp_table_close(t);
    p.coarse = 1.5e-6;
    test_fails(open_table(&t, &p), VLY_EDATA, "E_SCALE");
    p.coarse = 2e-6;
    test_fails(open_table(&t, &p), VLY_EDATA, "do not match");
    p.coarse = 1e-6;
    p.fraction[30] += 0.125f;
    test_fails(open_table(&t, &p), VLY_EDATA, "voxel (2, 1, 0) has fractions");
    p.fraction[30] = NAN;
    test_fails(open_table(&t, &p), VLY_EDATA, "three from 0 to 1 with sum 1");
    for (int i = 0; i < 512; i++) memcpy(p.fraction + 3 * i, (const float[]){0.5f, 0.0f, 0.5f}, 12);
    test_fails(open_table(&t, &p), VLY_EDATA, "no voxel holds any cbd");
    memset(p.fraction, 0, 320 * 12);
    test_fails(open_table(&t, &p), VLY_EDATA, "192 voxels to learn from");
    free_pair(&p);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mlp apply");
    TEST_CASE(suite, labels_are_the_same_on_every_device_for_any_threads_and_memory);
    TEST_CASE(suite, slabs_and_a_store_in_a_file_change_nothing);
    TEST_CASE(suite, a_window_sees_its_real_neighbours_and_a_mask_takes_voxels_out);
    TEST_CASE(suite, voxel_sizes_that_do_not_fit_need_a_word);
    TEST_CASE(suite, whatever_fails_comes_back_as_a_status_and_leaves_nothing_held);
    TEST_CASE(suite, the_table_pairs_compositions_with_averaged_neighbourhoods);
    TEST_CASE(suite, pairs_that_do_not_fit_are_refused);
    return test_run(suite);
}
