/* A scan that is not the training's: other grey values, other voxels. */
#include "mlp_run.h"

#include "segment/mlp_views.h"

#include <math.h>
#include <stdio.h>

/* The fractions of `count` grey values of cells. */
static vly_fractions mixture_of(const uint16_t *grey, int64_t count)
{
    int64_t pore = 0, am = 0;
    for (int64_t i = 0; i < count; i++) {
        pore += grey[i] < 11500;
        am += grey[i] > 27000;
    }
    vly_fractions f;
    f.parts[VLY_PORE] = (int64_t)((double)pore / (double)count * 1e9) * (VLY_FRACTIONS_ONE / 1000000000);
    f.parts[VLY_AM] = (int64_t)((double)am / (double)count * 1e9) * (VLY_FRACTIONS_ONE / 1000000000);
    f.parts[VLY_CBD] = VLY_FRACTIONS_ONE - f.parts[VLY_PORE] - f.parts[VLY_AM];
    return f;
}

static vly_status levels_of(vly_mlp_levels *out, vly_device *device, const uint16_t *grey, vly_extent e,
                            const vly_region_options *region, vly_fractions f)
{
    const vly_region_options all = {.window = vly_extent_box(e)};
    vly_source *source = grey_source(grey, e, 1e-6);
    vly_status status = vly_mlp_levels_find(out, device, source, region ? region : &all, &f);
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
    vly_source_close(source);
    return status;
}

static int by_grey(const void *a, const void *b)
{
    return *(const uint16_t *)a - *(const uint16_t *)b;
}

/* ---- grey levels ---- */

/* From the definition: a voxel whose ball of radius 2 holds no voxel that could be another phase. */
START_TEST(levels_are_medians_over_voxels_that_are_certain)
{
    const vly_extent e = {45, 38, 33};
    const vly_box w = {3, 44, 0, 30, 2, 33};
    const int64_t n = vly_extent_voxels(e);
    uint16_t *grey = cells(e, 900.0, 3), *sorted = malloc((size_t)n * 2);
    uint8_t *mask = malloc((size_t)n);
    uint64_t state = 5;
    int64_t inside = 0, targets[3], certain[2] = {0, 0};
    for (int64_t i = 0; i < n; i++) {
        int x = (int)(i % e.nx), y = (int)(i / e.nx % e.ny), z = (int)(i / e.nx / e.ny);
        mask[i] = test_random(&state) % 8 != 0;
        if (mask[i] && x >= w.x0 && x < w.x1 && y < w.y1 && z >= w.z0) sorted[inside++] = grey[i];
    }
    qsort(sorted, (size_t)inside, 2, by_grey);
    const vly_fractions f = mixture_of(sorted, inside);
    vly_fractions_targets(&f, inside, targets);
    const uint16_t dark = sorted[targets[VLY_PORE]], bright = sorted[targets[VLY_PORE] + targets[VLY_CBD] - 1];
    uint16_t *of[2] = {malloc((size_t)n * 2), malloc((size_t)n * 2)};
    for (int z = w.z0; z < w.z1; z++)
        for (int y = w.y0; y < w.y1; y++)
            for (int x = w.x0; x < w.x1; x++) {
                bool all[2] = {true, true};
                for (int k = 0; k < 125; k++) {
                    int dx = k % 5 - 2, dy = k / 5 % 5 - 2, dz = k / 25 - 2, X = x + dx, Y = y + dy, Z = z + dz;
                    if (dx * dx + dy * dy + dz * dz > 4) continue;
                    bool there = X >= 0 && X < e.nx && Y >= 0 && Y < e.ny && Z >= 0 && Z < e.nz;
                    int g = there ? grey[(Z * e.ny + Y) * e.nx + X] : -1;
                    all[0] &= there && g < dark;
                    all[1] &= there && g > bright;
                }
                for (int p = 0; p < 2; p++)
                    if (all[p] && mask[(z * e.ny + y) * e.nx + x])
                        of[p][certain[p]++] = grey[(z * e.ny + y) * e.nx + x];
            }
    vly_source *masked;
    ck_assert_int_eq(vly_source_memory(&masked, mask, VLY_U8, e, NULL), VLY_OK);
    const vly_region_options region = {.window = w, .mask = masked};
    for (int threads = 1; threads <= 3; threads += 2) {
        vly_device *device = test_cpu(threads);
        vly_mlp_levels levels;
        levels_of(&levels, device, grey, e, &region, f);
        ck_assert(levels.known);
        for (int p = 0; p < 2; p++) {
            ck_assert_int_eq(levels.certain[p], certain[p]);
            qsort(of[p], (size_t)certain[p], 2, by_grey);
            double median = of[p][certain[p] / 2]; /* levels spread a grey value over +-1/2; floats have 24 bits */
            ck_assert_msg(fabs((double)levels.level[p] - median) <= 1.51, "%g %g", (double)levels.level[p], median);
        }
        for (int i = 0; i < VLY_MLP_RANKS; i++) {
            double value = sorted[(int64_t)((i + 0.5) / VLY_MLP_RANKS * (double)inside)];
            ck_assert(fabs((double)levels.quantile[i] - value) <= 1.01 || i == 0 || i == VLY_MLP_RANKS - 1);
        }
        vly_device_close(device);
    }
    vly_source_close(masked);
    free(grey);
    free(sorted);
    free(mask);
    free(of[0]);
    free(of[1]);
}
END_TEST

/* Without noise each phase has one grey value, and so has each level. */
START_TEST(levels_of_a_volume_without_noise_are_its_own)
{
    const vly_extent e = {45, 45, 45};
    uint16_t *grey = cells(e, 0.0, 1);
    vly_device *device = test_cpu(2);
    vly_mlp_levels levels;
    levels_of(&levels, device, grey, e, NULL, mixture_of(grey, vly_extent_voxels(e)));
    ck_assert(levels.known && fabsf(levels.level[0] - 8000.0f) <= 0.5f && fabsf(levels.level[1] - 40000.0f) <= 0.5f);
    vly_device_close(device);
    free(grey);
}
END_TEST

/* ---- another scan of the same thing ---- */

static double largest(const float *a, const float *b, int64_t count)
{
    double most = 0.0;
    for (int64_t i = 0; i < count; i++) most = fmax(most, fabs((double)a[i] - (double)b[i]));
    return most;
}

START_TEST(a_scan_in_other_grey_values_is_told_the_same_once_it_is_calibrated)
{
    const vly_extent e = {40, 36, 32};
    const int64_t n = vly_extent_voxels(e);
    uint16_t *grey = cells(e, 1500.0, 3), *other = malloc((size_t)n * 2);
    vly_device *device = test_cpu(2);
    vly_mlp *model = random_model(1e-6, 40);
    vly_mlp_apply_options options = {.calibration = VLY_MLP_UNCALIBRATED, .fractions = mixture_of(grey, n)};
    for (int64_t i = 0; i < n; i++) other[i] = (uint16_t)(5000 + grey[i] / 2);
    levels_of(&model->levels, device, grey, e, NULL, options.fractions);
    asked before = ask(device, grey, e, 1e-6, model, &options);
    options.calibration = VLY_MLP_TWO_POINT;
    asked same = ask(device, grey, e, 1e-6, model, &options);
    ck_assert_mem_eq(same.told, before.told, (size_t)n * 12);
    ck_assert(same.about.slope == 1.0 && same.about.offset == 0.0);
    free(same.told);
    /* halves are cut off: two grey values of 19000, which a network of random weights does not enlarge much */
    static const vly_mlp_calibration_kind kinds[] = {VLY_MLP_TWO_POINT, VLY_MLP_QUANTILES, VLY_MLP_CALIBRATED};
    for (int k = 0; k < 3; k++) {
        options.calibration = kinds[k];
        asked now = ask(device, other, e, 1e-6, model, &options);
        ck_assert(now.about.calibration == (k == 1 ? VLY_MLP_QUANTILES : VLY_MLP_TWO_POINT));
        ck_assert_msg(fabs(now.about.slope - 2.0) < 1e-3, "%g", now.about.slope);
        ck_assert_msg(fabs(now.about.offset + 10000.0) < 20.0, "%g", now.about.offset);
        double off = 0.0;
        for (int64_t i = 0; i < 3 * n; i++) off += fabs((double)now.told[i] - (double)before.told[i]) / (double)(3 * n);
        ck_assert_msg(off < 2e-4, "%d: off by %g", k, off);
        free(now.told);
    }
    options.calibration = VLY_MLP_UNCALIBRATED;
    asked raw = ask(device, other, e, 1e-6, model, &options);
    ck_assert_msg(largest(raw.told, before.told, 3 * n) > 0.02, "%g", largest(raw.told, before.told, 3 * n));
    free(raw.told);
    free(before.told);
    vly_mlp_free(model);
    vly_device_close(device);
    free(grey);
    free(other);
}
END_TEST

START_TEST(where_nothing_is_certain_calibration_is_refused_or_left_with_a_word)
{
    const vly_extent e = {14, 14, 14};
    uint16_t *grey = random_grey(e, 4);
    heard h = {0};
    vly_device *device = test_cpu(1);
    device->progress = (vly_progress){.warn = hear, .self = &h};
    vly_mlp *model = random_model(1e-6, 40);
    vly_mlp_apply_options options = {.calibration = VLY_MLP_TWO_POINT, .fractions = VLY_FRACTIONS_PAPER};
    vly_source *source = grey_source(grey, e, 1e-6);
    vly_mlp_field *field;
    test_fails(vly_mlp_apply(&field, device, source, model, &options), VLY_EDATA, "does not know the grey levels");
    options.calibration = VLY_MLP_QUANTILES;
    test_fails(vly_mlp_apply(&field, device, source, model, &options), VLY_EDATA, "--nn-calibration none");
    model->levels.known = true;
    model->levels.level[1] = 100.0f;
    options.calibration = VLY_MLP_TWO_POINT;
    test_fails(vly_mlp_apply(&field, device, source, model, &options), VLY_EDATA, "certainly pore and");
    options.calibration = VLY_MLP_CALIBRATED;
    ck_assert_int_eq(h.count, 0);
    ck_assert_int_eq(vly_mlp_apply(&field, device, source, model, &options), VLY_OK);
    ck_assert_int_eq(h.count, 1);
    ck_assert_ptr_nonnull(strstr(h.last, "too few voxels are certainly pore"));
    ck_assert(vly_mlp_field_about(field)->calibration == VLY_MLP_UNCALIBRATED);
    vly_mlp_field_free(field);
    vly_source_close(source);
    vly_device_close(device);
    vly_mlp_free(model);
    free(grey);
}
END_TEST

START_TEST(quantiles_that_many_voxels_share_become_the_mean_of_theirs)
{
    vly_mlp_levels model = {.known = true}, scan = {.known = true};
    uint16_t *table = malloc(65536 * 2);
    for (int i = 0; i < VLY_MLP_RANKS; i++) {
        model.quantile[i] = (float)(1000 + 10 * i);
        scan.quantile[i] = i < 512 ? 50.0f : (float)(50 + i - 511);
    }
    vly_mlp_levels_table(table, &model, &scan);
    /* 512 ranks lie at 50: between it and its neighbours the line starts at the last of them */
    ck_assert_int_eq(table[51], 1000 + 10 * 512);
    ck_assert_int_eq(table[562], 1000 + 10 * 1023);
    ck_assert_int_eq(table[0], 1000 - 999); /* 50 below, as steep as (1023 * 10) / 512 */
    for (int g = 1; g < 65536; g++) ck_assert(table[g - 1] <= table[g]);
    free(table);
}
END_TEST

/* ---- other voxels ---- */

/* Overlap of [a, a + 1) with [b, b + length). */
static double overlap(double a, double b, double length)
{
    return fmax(fmin(a + 1.0, b + length) - fmax(a, b), 0.0);
}

START_TEST(coarser_voxels_are_means_by_the_share_of_each_that_lies_inside)
{
    const vly_extent e = {13, 10, 9};
    const double ratios[3][3] = {{2, 2, 2}, {1.5, 2.25, 1}, {4, 3.2, 2.5}};
    uint16_t *grey = random_grey(e, 9);
    for (int r = 0; r < 3; r++) {
        const double *ratio = ratios[r];
        vly_source *fine = grey_source(grey, e, 1e-6), *view;
        ck_assert_int_eq(vly_mlp_coarser(&view, fine, ratio), VLY_OK);
        const vly_extent c = vly_source_info(view)->extent;
        ck_assert_int_eq(c.nx, (int)ceil(13 / ratio[0]));
        ck_assert_int_eq(c.nz, (int)ceil(9 / ratio[2]));
        ck_assert(fabs(vly_source_info(view)->voxel_size.y - ratio[1] * 1e-6) < 1e-15);
        uint16_t *got = malloc((size_t)vly_extent_voxels(c) * 2);
        ck_assert_int_eq(vly_source_read(view, 0, c.nz, got), VLY_OK);
        for (int64_t i = 0; i < vly_extent_voxels(c); i++) {
            double x = (double)(i % c.nx) * ratio[0], y = (double)(i / c.nx % c.ny) * ratio[1],
                   z = (double)(i / c.nx / c.ny) * ratio[2], sum = 0.0, weight = 0.0;
            for (int64_t k = 0; k < vly_extent_voxels(e); k++) {
                double part = overlap((double)(k % 13), x, ratio[0]) * overlap((double)(k / 13 % 10), y, ratio[1]) *
                              overlap((double)(k / 130), z, ratio[2]);
                sum += part * grey[k];
                weight += part;
            }
            ck_assert_msg(fabs(got[i] - sum / weight) <= 0.5 + 1e-6, "%d: %d, %g", r, got[i], sum / weight);
        }
        free(got);
        vly_source_close(view);
        vly_source_close(fine);
    }
    free(grey);
}
END_TEST

/* What is told of coarse voxels, asked for by hand, is what each of their fine voxels gets. */
START_TEST(binned_and_resampled_voxels_get_what_is_told_of_their_mean)
{
    const vly_extent e = {21, 18, 17};
    const vly_box w = {3, 20, 2, 17, 1, 16};
    const vly_extent part = vly_box_extent(w);
    uint16_t *grey = random_grey(e, 6);
    uint8_t *mask = malloc((size_t)vly_extent_voxels(part));
    uint64_t state = 3;
    for (int64_t i = 0; i < vly_extent_voxels(part); i++) mask[i] = test_random(&state) % 6 != 0;
    for (int way = 0; way < 2; way++) {
        const double step = way == 0 ? 2.0 : 1.5, ratio[3] = {step, step, step};
        vly_device *device = test_device(2, 0), *cpu = test_cpu(1);
        vly_mlp *model = random_model(step * 1e-6, 41);
        vly_source *fine = grey_source(grey, e, 1e-6), *view, *masked;
        ck_assert_int_eq(vly_mlp_coarser(&view, fine, ratio), VLY_OK);
        const vly_extent c = vly_source_info(view)->extent;
        uint16_t *coarse = malloc((size_t)vly_extent_voxels(c) * 2);
        ck_assert_int_eq(vly_source_read(view, 0, c.nz, coarse), VLY_OK);
        const vly_mlp_apply_options plain = {.scale = VLY_MLP_NATIVE};
        asked by_hand = ask(cpu, coarse, c, step * 1e-6, model, &plain);
        ck_assert_int_eq(vly_source_memory(&masked, mask, VLY_U8, part, NULL), VLY_OK);
        const vly_mlp_apply_options options = {.region = {.window = w, .mask = masked},
                                               .scale = way == 0 ? VLY_MLP_BINNED : VLY_MLP_RESAMPLE};
        asked now = ask(device, grey, e, 1e-6, model, &options);
        ck_assert(now.about.scale == options.scale);
        int64_t wrong = 0, inside = 0;
        for (int64_t i = 0; i < vly_extent_voxels(part); i++) {
            const double fx = (double)(i % part.nx + w.x0), fy = (double)(i / part.nx % part.ny + w.y0),
                         fz = (double)(i / part.nx / part.ny + w.z0);
            int64_t x = (int64_t)((fx + 0.5) / step), y = (int64_t)((fy + 0.5) / step),
                    z = (int64_t)((fz + 0.5) / step);
            const float none[3] = {0}, *there = by_hand.told + 3 * ((z * c.ny + y) * c.nx + x);
            wrong += memcmp(now.told + 3 * i, mask[i] ? there : none, 12) != 0;
            inside += mask[i];
        }
        ck_assert_int_eq(wrong, 0);
        ck_assert_int_eq(now.about.voxels, inside);
        free(by_hand.told);
        free(now.told);
        free(coarse);
        vly_source_close(view);
        vly_source_close(fine);
        vly_source_close(masked);
        vly_mlp_free(model);
        vly_device_close(device);
        vly_device_close(cpu);
    }
    free(grey);
    free(mask);
}
END_TEST

START_TEST(coarser_voxels_cannot_be_made_of_voxels_that_are_coarse_already)
{
    const vly_extent e = {14, 14, 14};
    uint16_t *grey = random_grey(e, 4);
    vly_device *device = test_cpu(1);
    vly_mlp *model = random_model(1e-6, 40);
    vly_source *source = grey_source(grey, e, 1.2e-6), *unknown;
    vly_mlp_apply_options options = {.scale = VLY_MLP_RESAMPLE};
    vly_mlp_field *field;
    test_fails(vly_mlp_apply(&field, device, source, model, &options), VLY_EDATA, "cannot be averaged");
    model->voxel_size = 100e-6;
    test_fails(vly_mlp_apply(&field, device, source, model, &options), VLY_EDATA, "E_SCALE");
    options.region.window = (vly_box){0, 14, 0, 14, 8, 20};
    test_fails(vly_mlp_apply(&field, device, source, model, &options), VLY_EDATA, "window");
    ck_assert_int_eq(vly_source_memory(&unknown, grey, VLY_U16, e, NULL), VLY_OK);
    options.region.window = vly_extent_box(e);
    test_fails(vly_mlp_apply(&field, device, unknown, model, &options), VLY_EDATA, "voxel size");
    vly_source_close(unknown);
    vly_source_close(source);
    vly_device_close(device);
    vly_mlp_free(model);
    free(grey);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mlp scan");
    TEST_CASE(suite, levels_are_medians_over_voxels_that_are_certain);
    TEST_CASE(suite, levels_of_a_volume_without_noise_are_its_own);
    TEST_CASE(suite, a_scan_in_other_grey_values_is_told_the_same_once_it_is_calibrated);
    TEST_CASE(suite, where_nothing_is_certain_calibration_is_refused_or_left_with_a_word);
    TEST_CASE(suite, quantiles_that_many_voxels_share_become_the_mean_of_theirs);
    TEST_CASE(suite, coarser_voxels_are_means_by_the_share_of_each_that_lies_inside);
    TEST_CASE(suite, binned_and_resampled_voxels_get_what_is_told_of_their_mean);
    TEST_CASE(suite, coarser_voxels_cannot_be_made_of_voxels_that_are_coarse_already);
    return test_run(suite);
}
