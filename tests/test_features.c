/* Sorted-shell features: networks, symmetries, borders, and the means that order statistics demand. */
#include "support.h"

#include "segment/features_voxel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int ascending(const void *a, const void *b)
{
    return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

static void expect_sorted_like_qsort(uint16_t f[27])
{
    uint16_t expected[27];
    memcpy(expected, f, sizeof expected);
    qsort(expected + 1, 6, 2, ascending);
    qsort(expected + 7, 12, 2, ascending);
    qsort(expected + 19, 8, 2, ascending);
    vly_features_sort(f);
    ck_assert_mem_eq(f, expected, sizeof expected);
}

START_TEST(networks_sort_every_input_of_zeros_and_ones)
{
    /* by the 0-1 principle that proves the networks for all inputs */
    for (uint32_t bits = 0; bits < 1 << 12; bits++) {
        uint16_t f[27] = {(uint16_t)bits};
        for (uint32_t i = 0; i < 6; i++) f[1 + i] = bits >> i & 1;
        for (uint32_t i = 0; i < 12; i++) f[7 + i] = bits >> i & 1;
        for (uint32_t i = 0; i < 8; i++) f[19 + i] = bits >> i & 1;
        expect_sorted_like_qsort(f);
    }
}
END_TEST

START_TEST(networks_sort_random_values)
{
    uint64_t state = 1;
    for (int i = 0; i < 20000; i++) {
        uint16_t f[27];
        uint64_t range = i % 2 ? 65536 : 4; /* with and without many ties */
        for (int m = 0; m < 27; m++) f[m] = (uint16_t)(test_random(&state) % range);
        expect_sorted_like_qsort(f);
    }
}
END_TEST

START_TEST(the_48_symmetries_of_the_cube_do_not_matter)
{
    static const int axes[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    uint64_t state = 2;
    uint16_t cube[27], turned[27], f[27], g[27];
    for (int i = 0; i < 27; i++) cube[i] = (uint16_t)test_random(&state);
    vly_features_gather(f, cube, (vly_extent){3, 3, 3}, 1, 1, 1);
    vly_features_sort(f);
    for (int symmetry = 0; symmetry < 48; symmetry++) {
        for (int i = 0; i < 27; i++) {
            int at[3] = {i % 3, i / 3 % 3, i / 9}, to[3];
            for (int a = 0; a < 3; a++) to[axes[symmetry % 6][a]] = symmetry / 6 >> a & 1 ? 2 - at[a] : at[a];
            turned[to[0] + 3 * to[1] + 9 * to[2]] = cube[i];
        }
        vly_features_gather(g, turned, (vly_extent){3, 3, 3}, 1, 1, 1);
        vly_features_sort(g);
        ck_assert_mem_eq(f, g, sizeof f);
    }
}
END_TEST

/* Mean features over the inside of an iid volume (reflection at its border would repeat values), as the k-means kernel sums
 * them: all voxels fall to the first phase. */
static void mean_features(double mean[27], const uint16_t *grey, vly_extent e)
{
    vly_device *device = test_device(0, 0);
    vly_region region = {e, {1, e.nx - 1, 1, e.ny - 1, 1, e.nz - 1}, 0};
    int64_t voxels = vly_extent_voxels(e), inside = vly_extent_voxels(vly_box_extent(region.inner));
    const vly_kmeans_model model = {.w = {1, 1, 1}};
    vly_buffer volume, label, tally;
    vly_kmeans_tally sums;
    ck_assert_int_eq(vly_buffer_create(&volume, device, 2 * voxels, "grey"), VLY_OK);
    ck_assert_int_eq(vly_buffer_create(&label, device, voxels, "label"), VLY_OK);
    ck_assert_int_eq(vly_buffer_create(&tally, device, sizeof sums, "tally"), VLY_OK);
    ck_assert_int_eq(vly_buffer_upload(&volume, grey, 2 * voxels), VLY_OK);
    ck_assert_int_eq(
        device->kernels->kmeans_assign(device->queue, volume.data, &region, NULL, &model, true, label.data, tally.data),
        VLY_OK);
    ck_assert_int_eq(vly_buffer_download(&tally, &sums, sizeof sums), VLY_OK);
    ck_assert_int_eq((int64_t)sums.count[VLY_PORE], inside);
    for (int m = 0; m < 27; m++) mean[m] = (double)sums.sum[VLY_PORE][m] / (double)inside;
    vly_buffer_free(&tally);
    vly_buffer_free(&label);
    vly_buffer_free(&volume);
    vly_device_close(device);
}

/* Of the volume: means settle as its edge to the power 3/2 grows. */
static int32_t side_length(void)
{
    return test_small() ? 48 : 130;
}
static double settled(double tolerance)
{
    return tolerance * pow(130.0 / side_length(), 1.5);
}

START_TEST(means_of_uniform_noise_are_those_of_order_statistics)
{
    uint64_t state = 3;
    const int32_t side = side_length();
    int64_t voxels = (int64_t)side * side * side;
    uint16_t *grey = malloc((size_t)voxels * 2);
    double mean[27];
    for (int64_t i = 0; i < voxels; i++) grey[i] = (uint16_t)test_random(&state);
    mean_features(mean, grey, (vly_extent){side, side, side});
    /* sd of one entry <= 0.29, each voxel is in up to 12 of a group: sd of the mean <= 0.29 sqrt(12 / 130^3) = 0.0007 */
    static const int group[4][2] = {{0, 1}, {1, 6}, {7, 12}, {19, 8}};
    for (int g = 0; g < 4; g++)
        for (int k = 0; k < group[g][1]; k++)
            ck_assert_double_eq_tol((mean[group[g][0] + k] + 0.5) / 65536, (k + 1.0) / (group[g][1] + 1.0),
                                    settled(0.002));
    free(grey);
}
END_TEST

START_TEST(means_of_normal_noise_are_those_of_order_statistics)
{
    static const double six[] = {1.2672, 0.6418, 0.2015}, eight[] = {1.4236, 0.8522, 0.4728, 0.1525},
                        twelve[] = {1.6292, 1.1157, 0.7928, 0.5368, 0.3122, 0.1026};
    const double scale = 6000; /* 5.4 sd to either end: clamping moves no mean by 1e-6 */
    uint64_t state = 4;
    const int32_t side = side_length();
    int64_t voxels = (int64_t)side * side * side;
    uint16_t *grey = malloc((size_t)voxels * 2);
    double mean[27];
    for (int64_t i = 0; i < voxels; i++) {
        double g = 32768.5 + scale * test_normal(&state);
        grey[i] = (uint16_t)(g < 0 ? 0 : g > 65535 ? 65535 : g);
    }
    mean_features(mean, grey, (vly_extent){side, side, side});
    for (int m = 0; m < 27; m++) mean[m] = (mean[m] - 32768) / scale;
    ck_assert_double_eq_tol(mean[0], 0, settled(0.005));
    for (int k = 0; k < 6; k++) ck_assert_double_eq_tol(mean[1 + k], k < 3 ? -six[k] : six[5 - k], settled(0.005));
    for (int k = 0; k < 12; k++)
        ck_assert_double_eq_tol(mean[7 + k], k < 6 ? -twelve[k] : twelve[11 - k], settled(0.005));
    for (int k = 0; k < 8; k++) ck_assert_double_eq_tol(mean[19 + k], k < 4 ? -eight[k] : eight[7 - k], settled(0.005));
    free(grey);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("features");
    TEST_CASE(suite, networks_sort_every_input_of_zeros_and_ones);
    TEST_CASE(suite, networks_sort_random_values);
    TEST_CASE(suite, the_48_symmetries_of_the_cube_do_not_matter);
    TEST_CASE(suite, means_of_uniform_noise_are_those_of_order_statistics);
    TEST_CASE(suite, means_of_normal_noise_are_those_of_order_statistics);
    return test_run(suite);
}
