/* Profiles against counting voxel by voxel; lines and layers against volumes that are made of them. */
#include "labels.h"

#include "voxelyte/profile.h"

#include <math.h>

static vly_profile_result profile_of(vly_source *source, vly_device *device, const vly_profile_options *options)
{
    vly_profile_result r;
    ck_assert_msg(vly_profile(&r, device, source, options) == VLY_OK, "%s", vly_error_message());
    return r;
}

static void count_naively(int64_t *counts, const labels *l, vly_box w, vly_through through, int32_t slices)
{
    memset(counts, 0, (size_t)slices * 3 * sizeof *counts);
    for (int32_t z = w.z0; z < w.z1; z++)
        for (int32_t y = w.y0; y < w.y1; y++)
            for (int32_t x = w.x0; x < w.x1; x++) {
                int32_t at[3] = {x - w.x0, y - w.y0, z - w.z0}, label = *label_at(l, x, y, z);
                int32_t i = through.separator_high ? slices - 1 - at[through.axis] : at[through.axis];
                if (label != VLY_OUTSIDE) counts[i * 3 + label]++;
            }
}

START_TEST(every_voxel_is_counted_in_its_slice)
{
    static const vly_extent extents[] = {{1, 1, 1}, {37, 5, 1}, {19, 23, 11}, {601, 3, 4}};
    for (int i = 0; i < 4 * 6; i++) {
        labels l = labels_random(extents[i / 6], (uint64_t)i, i % 2 ? 20 : 0);
        if (i / 6 == 0) *l.voxel = VLY_CBD;
        vly_box whole = vly_extent_box(l.e), w = whole;
        if (i / 6 == 2) w = (vly_box){2, 18, 1, 23, 3, 9};
        vly_device *device = test_device(1 + i % 2, 0);
        vly_profile_options options = VLY_PROFILE_OPTIONS_INIT;
        options.window = w;
        options.through = (vly_through){i % 3, i / 3 % 2};
        const int32_t sides[3] = {w.x1 - w.x0, w.y1 - w.y0, w.z1 - w.z0};
        int32_t slices = sides[i % 3];
        int64_t *counts = malloc((size_t)slices * 3 * sizeof *counts), all = 0;
        count_naively(counts, &l, w, options.through, slices);
        vly_profile_result r = profile_of(l.source, device, &options);
        ck_assert_int_eq(r.slices, slices);
        test_equal_u64((uint64_t *)r.slice_counts, (uint64_t *)counts, slices * 3, "slices");
        for (int32_t k = 0; k < slices * 3; k++) all += counts[k];
        ck_assert_int_eq(r.voxels, all);
        ck_assert_int_eq(r.counts[0] + r.counts[1] + r.counts[2], all);
        free(counts);
        vly_profile_result_free(&r);
        labels_free(&l);
        vly_device_close(device);
    }
}
END_TEST

/* Slice z of `slices` holds am[z] of 100 voxels of active material, the rest is CBD and pore by halves. */
static labels layered(const int32_t *am, int32_t slices)
{
    labels l = labels_make((vly_extent){10, 10, slices}, VLY_PORE, 1e-6, 1e-6, 0.5e-6);
    for (int32_t z = 0; z < slices; z++)
        for (int32_t i = 0; i < 100; i++) l.voxel[z * 100 + i] = i < am[z] ? VLY_AM : i % 2 ? VLY_CBD : VLY_PORE;
    return l;
}

START_TEST(a_straight_profile_gives_its_line)
{
    int32_t am[16];
    vly_device *device = test_device(2, 0);
    vly_profile_options options = VLY_PROFILE_OPTIONS_INIT;
    for (int z = 0; z < 16; z++) am[z] = 20 + 2 * z;
    labels l = layered(am, 16);
    vly_profile_result r = profile_of(l.source, device, &options);
    /* 0.02 a slice of 0.5 um; the first slice lies at 0.25 um */
    ck_assert(fabs(r.line[VLY_AM].slope - 0.04e6) < 1e-6);
    ck_assert(fabs(r.line[VLY_AM].intercept - 0.19) < 1e-12);
    ck_assert(r.line[VLY_AM].slope_se < 1e-6);
    ck_assert(fabs(r.line[VLY_PORE].slope + r.line[VLY_CBD].slope + 0.04e6) < 1e-6);
    ck_assert(fabs(r.porosity[3] - (r.slice_fraction[9] + 0.5 * r.slice_fraction[11])) < 1e-15);
    ck_assert(fabs(r.solid_cbd[3] - 0.5 * r.slice_fraction[11]) < 1e-15);
    vly_profile_result_free(&r);
    options.through.separator_high = true;
    r = profile_of(l.source, device, &options);
    ck_assert(fabs(r.line[VLY_AM].slope + 0.04e6) < 1e-6);
    ck_assert(r.slice_fraction[VLY_AM] == 0.5);
    vly_profile_result_free(&r);
    labels_free(&l);
    vly_device_close(device);
}
END_TEST

START_TEST(the_error_of_the_slope_is_that_of_the_textbook)
{
    /* residuals of y = 0, 1, 0, 1 (in tenths) over x = 0, 1, 2, 3: slope 0.02, rest 0.008, se = sqrt(0.008 / 2 / 5) */
    static const int32_t am[4] = {20, 30, 20, 30};
    vly_device *device = test_device(1, 0);
    labels l = layered(am, 4);
    vly_profile_options options = VLY_PROFILE_OPTIONS_INIT;
    vly_profile_result r = profile_of(l.source, device, &options);
    ck_assert(fabs(r.line[VLY_AM].slope * 0.5e-6 - 0.02) < 1e-14);
    ck_assert(fabs(r.line[VLY_AM].slope_se * 0.5e-6 - sqrt(0.008 / 10.0)) < 1e-14);
    vly_profile_result_free(&r);
    labels_free(&l);
    vly_device_close(device);
}
END_TEST

START_TEST(two_layers_are_told_apart)
{
    static const int32_t am[9] = {61, 60, 62, 61, 60, 58, 59, 58, 58};
    vly_device *device = test_device(1, 0);
    labels l = layered(am, 9);
    vly_profile_options options = VLY_PROFILE_OPTIONS_INIT;
    vly_profile_result r = profile_of(l.source, device, &options);
    ck_assert_int_eq(r.layers.slices, 5);
    ck_assert(fabs(r.layers.depth - 2.5e-6) < 1e-18);
    ck_assert(fabs(r.layers.above[VLY_AM] - 0.608) < 1e-15 && fabs(r.layers.beneath[VLY_AM] - 0.5825) < 1e-15);
    /* about their own means, 60.8 and 58.25, the layers keep 2.8 and 0.75 */
    double total = 0.0, mean = 537.0 / 9.0;
    for (int i = 0; i < 9; i++) total += (am[i] - mean) * (am[i] - mean);
    ck_assert(fabs(r.layers.explained - (1.0 - 3.55 / total)) < 1e-12);
    vly_profile_result_free(&r);
    labels_free(&l);
    vly_device_close(device);
}
END_TEST

START_TEST(a_flat_profile_has_no_layers_and_a_single_slice_no_line)
{
    static const int32_t am[7] = {33, 33, 33, 33, 33, 33, 33};
    vly_device *device = test_device(1, 0);
    labels l = layered(am, 7), page = layered(am, 1);
    vly_profile_options options = VLY_PROFILE_OPTIONS_INIT;
    vly_profile_result r = profile_of(l.source, device, &options);
    ck_assert(r.layers.slices == 0 && isnan(r.layers.depth) && isnan(r.layers.above[VLY_AM]));
    ck_assert(fabs(r.line[VLY_AM].slope) < 1e-6);
    vly_profile_result_free(&r);
    r = profile_of(page.source, device, &options);
    ck_assert(isnan(r.line[VLY_AM].slope) && r.layers.slices == 0);
    vly_profile_result_free(&r);
    labels_free(&page), labels_free(&l);
    vly_device_close(device);
}
END_TEST

START_TEST(a_moving_average_stays_inside_and_leaves_gaps)
{
    static const int32_t am[6] = {10, 40, 70, 40, 10, 10};
    vly_device *device = test_device(1, 0);
    labels l = layered(am, 6);
    memset(l.voxel + 400, VLY_OUTSIDE, 100);
    vly_profile_options options = VLY_PROFILE_OPTIONS_INIT;
    options.smooth = 3;
    vly_profile_result r = profile_of(l.source, device, &options);
    const double expected[6] = {0.25, 0.4, 0.5, 0.55, NAN, 0.1};
    for (int i = 0; i < 6; i++) {
        double f = r.slice_fraction[3 * i + VLY_AM];
        ck_assert(i == 4 ? isnan(f) && isnan(r.porosity[4]) : fabs(f - expected[i]) < 1e-15);
    }
    ck_assert_int_eq(r.voxels, 500);
    vly_profile_result_free(&r);
    options.smooth = 2;
    test_fails(vly_profile(&r, device, l.source, &options), VLY_EUSAGE, "odd");
    options.smooth = 1;
    memset(l.voxel, VLY_OUTSIDE, 600);
    test_fails(vly_profile(&r, device, l.source, &options), VLY_EDATA, "E_ROI");
    labels_free(&l);
    vly_device_close(device);
}
END_TEST

START_TEST(a_quarter_of_the_memory_gives_the_same)
{
    labels l = labels_random((vly_extent){256, 200, 48}, 4, 500);
    vly_profile_options options = VLY_PROFILE_OPTIONS_INIT;
    for (int32_t axis = 0; axis < 3; axis++) {
        options.through.axis = axis;
        vly_device *device = test_cpu(2);
        vly_profile_result all = profile_of(l.source, device, &options), part;
        vly_device_close(device);
        device = test_device(2, vly_memory_held() + (1 << 15) + vly_extent_voxels(l.e) / 4);
        part = profile_of(l.source, device, &options);
        test_equal_u64((uint64_t *)part.slice_counts, (uint64_t *)all.slice_counts, 3 * all.slices, "slices");
        vly_profile_result_free(&all);
        vly_profile_result_free(&part);
        vly_device_close(device);
    }
    labels_free(&l);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("profile");
    TEST_CASE(suite, every_voxel_is_counted_in_its_slice);
    TEST_CASE(suite, a_straight_profile_gives_its_line);
    TEST_CASE(suite, the_error_of_the_slope_is_that_of_the_textbook);
    TEST_CASE(suite, two_layers_are_told_apart);
    TEST_CASE(suite, a_flat_profile_has_no_layers_and_a_single_slice_no_line);
    TEST_CASE(suite, a_moving_average_stays_inside_and_leaves_gaps);
    TEST_CASE(suite, a_quarter_of_the_memory_gives_the_same);
    return test_run(suite);
}
