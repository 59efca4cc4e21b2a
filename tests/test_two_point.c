/* Two-point counts against counting pair by pair, and functions against closed forms (spec 7.2, 9.2). */
#include "boolean_model.h"
#include "two_point_run.h"

/* ---- the oracle: every pair of voxels ---- */

static int32_t wrap(int32_t i, int32_t n, bool periodic)
{
    return periodic ? (i % n + n) % n : i;
}

static int64_t count_pairs(const uint8_t *labels, vly_extent e, bool periodic, int i, int j, const int32_t h[3])
{
    int64_t count = 0;
    for (int32_t z = 0; z < e.nz; z++)
        for (int32_t y = 0; y < e.ny; y++)
            for (int32_t x = 0; x < e.nx; x++) {
                int32_t u = wrap(x + h[0], e.nx, periodic), v = wrap(y + h[1], e.ny, periodic);
                int32_t w = wrap(z + h[2], e.nz, periodic);
                if (u < 0 || v < 0 || w < 0 || u >= e.nx || v >= e.ny || w >= e.nz) continue;
                count +=
                    labels[((int64_t)z * e.ny + y) * e.nx + x] == i && labels[((int64_t)w * e.ny + v) * e.nx + u] == j;
            }
    return count;
}

static void check_counts(const vly_two_point_result *r, const uint8_t *labels, vly_extent e, bool periodic)
{
    static const int pairs[6][2] = {{1, 1}, {2, 2}, {0, 0}, {1, 2}, {1, 0}, {2, 0}};
    int64_t lags = 1, at = 0;
    for (int a = 0; a < 3; a++) lags *= 2 * r->lag[a] + 1;
    uint64_t *expected = malloc((size_t)(6 * lags) * sizeof *expected);
    for (int p = 0; p < 6; p++)
        for (int32_t z = -r->lag[2]; z <= r->lag[2]; z++)
            for (int32_t y = -r->lag[1]; y <= r->lag[1]; y++)
                for (int32_t x = -r->lag[0]; x <= r->lag[0]; x++) {
                    const int32_t h[3] = {x, y, z};
                    expected[at++] = (uint64_t)count_pairs(labels, e, periodic, pairs[p][0], pairs[p][1], h);
                }
    test_equal_u64((const uint64_t *)r->counts, expected, at, "pair counts");
    free(expected);
}

static void check_random(vly_extent e, int32_t reach, bool periodic, int outside)
{
    uint8_t *labels = random_labels(e, outside, 11 + (uint64_t)e.nx);
    vly_two_point_result r =
        compute_once(labels, e, (vly_two_point_options){.counts = true, .reach = reach, .periodic = periodic});
    check_counts(&r, labels, e, periodic);
    vly_two_point_free(&r);
    free(labels);
}

START_TEST(counts_are_those_of_every_pair_of_voxels) /* M7.2 */
{
    int32_t side = test_small() ? 10 : 16;
    check_random((vly_extent){side, side, side}, side / 2, false, NOTHING_OUTSIDE);
}
END_TEST

START_TEST(voxels_outside_count_for_nothing)
{
    check_random((vly_extent){9, 12, 7}, 3, false, ONE_IN_SEVEN_OUTSIDE);
    check_random((vly_extent){9, 12, 7}, 3, true, ONE_IN_SEVEN_OUTSIDE);
}
END_TEST

START_TEST(any_extent_will_do)
{
    check_random((vly_extent){1, 1, 1}, 5, false, NOTHING_OUTSIDE);
    check_random((vly_extent){13, 11, 1}, 5, false, NOTHING_OUTSIDE);
    check_random((vly_extent){1, 5, 23}, 2, false, NOTHING_OUTSIDE);
    check_random((vly_extent){31, 2, 3}, 1, false, NOTHING_OUTSIDE);
    check_random((vly_extent){10, 14, 9}, 4, false, NOTHING_OUTSIDE);
}
END_TEST

START_TEST(a_periodic_volume_of_any_extent_goes_round)
{
    check_random((vly_extent){8, 6, 10}, 3, true, NOTHING_OUTSIDE);
    check_random((vly_extent){11, 13, 7}, 3, true, NOTHING_OUTSIDE);
    check_random((vly_extent){17, 4, 4}, 2, true, NOTHING_OUTSIDE);
    check_random((vly_extent){12, 9, 1}, 4, true, NOTHING_OUTSIDE);
}
END_TEST

START_TEST(transforms_of_every_radix_serve)
{
    static const int32_t lengths[] = {64, 75, 96, 98, 210, 23};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        check_random((vly_extent){lengths[i], 2, 3}, 1, true, NOTHING_OUTSIDE);
        check_random((vly_extent){3, 2, lengths[i]}, 1, true, NOTHING_OUTSIDE);
    }
}
END_TEST

/* Voxels whose neighbour along x, y, z is of the other phase, by lag 1: faces counted by others (GOLDEN.json). */
START_TEST(a_real_electrode_has_its_faces_at_lag_one)
{
    static const int64_t faces[3][3] = {{326619, 305853, 296273},
                                        {1485892, 1339893, 1393339},
                                        {521520, 496826, 504136}}; /* pore-am, pore-cbd, am-cbd */
    static const vly_phase sides[3][2] = {{VLY_PORE, VLY_AM}, {VLY_PORE, VLY_CBD}, {VLY_AM, VLY_CBD}};
    const char *path = test_data("tldr-group_taufactor/electrode.tiff");
    if (!path || test_emulated()) return;
    vly_source *source;
    vly_label_map map;
    vly_two_point_result r;
    vly_two_point_options options = {.counts = true, .reach = 2};
    vly_device *device = test_device(0, 0);
    ck_assert_int_eq(vly_label_map_parse(&map, "pore=0,am=85,cbd=170"), VLY_OK);
    ck_assert_int_eq(vly_source_open(&source, path, NULL), VLY_OK);
    ck_assert_int_eq(vly_source_labels(&source, source, &map), VLY_OK);
    ck_assert_int_eq(vly_two_point(&r, device, source, &options), VLY_OK);
    ck_assert_int_eq(r.voxels[VLY_PORE], 7548361);
    ck_assert_int_eq(r.voxels[VLY_AM], 6718710);
    ck_assert_int_eq(r.voxels[VLY_CBD], 2510145);
    for (int s = 0; s < 3; s++)
        for (int a = 0; a < 3; a++) {
            int64_t there = vly_two_point_count(&r, sides[s][0], sides[s][1], a == 0, a == 1, a == 2);
            int64_t back = vly_two_point_count(&r, sides[s][1], sides[s][0], a == 0, a == 1, a == 2);
            ck_assert_int_eq(there + back, faces[s][a]);
        }
    vly_two_point_free(&r);
    vly_source_close(source);
    vly_device_close(device);
}
END_TEST

/* ---- closed forms ---- */

START_TEST(rows_sum_to_zero_at_every_lag) /* M7.1 */
{
    vly_extent e = {10, 9, 11};
    uint8_t *labels = random_labels(e, ONE_IN_SEVEN_OUTSIDE, 3);
    vly_two_point_result r = compute_once(labels, e, (vly_two_point_options){.counts = true, .reach = 4});
    double most = 0;
    for (int32_t z = -4; z <= 4; z++)
        for (int32_t y = -4; y <= 4; y++)
            for (int32_t x = -4; x <= 4; x++)
                for (int i = 0; i < 3; i++) {
                    double sum = 0;
                    for (int j = 0; j < 3; j++)
                        sum += vly_two_point_covariance(&r, (vly_phase)i, (vly_phase)j, x, y, z);
                    if (!(fabs(sum) <= most)) most = fabs(sum);
                }
    ck_assert_double_lt(most, 1e-12);
    vly_two_point_free(&r);
    free(labels);
}
END_TEST

START_TEST(lag_zero_gives_variances_and_products) /* 7.2 */
{
    vly_extent e = {12, 10, 8};
    uint8_t *labels = random_labels(e, NOTHING_OUTSIDE, 5);
    for (int c = 0; c < 2; c++) {
        vly_two_point_result r =
            compute_once(labels, e, (vly_two_point_options){.counts = true, .reach = 2, .centring = (vly_centring)c});
        const double *f = r.fraction;
        const double expected[6] = {f[1] * (1 - f[1]), f[2] * (1 - f[2]), f[0] * (1 - f[0]),
                                    -f[1] * f[2],      -f[1] * f[0],      -f[2] * f[0]};
        ck_assert_double_eq_tol(f[0] + f[1] + f[2], 1, 1e-15);
        for (int p = 0; p < 6; p++) {
            ck_assert_double_eq_tol(r.curve[0].c[p], expected[p], 1e-14);
            ck_assert_double_eq_tol(r.shells[0].c[p], expected[p], 1e-14);
            ck_assert_double_eq_tol(r.axis[1][0].c[p], expected[p], 1e-14);
        }
        vly_two_point_free(&r);
    }
    free(labels);
}
END_TEST

START_TEST(a_phase_and_its_complement_have_one_covariance) /* 7.2: C_ii = C_i^c i^c, all sums with Picka's centring */
{
    vly_extent e = {14, 9, 10};
    uint8_t *labels = random_labels(e, NOTHING_OUTSIDE, 6);
    vly_two_point_result r = compute_once(labels, e, (vly_two_point_options){.counts = true, .reach = 4});
    for (int32_t i = 0; i < r.shell_count; i++) {
        const double *c = r.shells[i].c;
        ck_assert_double_eq_tol(c[VLY_TWO_POINT_AM_AM],
                                c[VLY_TWO_POINT_CBD_CBD] + c[VLY_TWO_POINT_PORE_PORE] + 2 * c[VLY_TWO_POINT_CBD_PORE],
                                1e-13);
    }
    vly_two_point_free(&r);
    free(labels);
}
END_TEST

START_TEST(periodic_slabs_have_a_triangle_across_and_a_constant_along) /* M7.3 */
{
    enum { PERIOD = 16, WIDTH = 6 };
    vly_extent e = {8, 10, 2 * PERIOD};
    uint8_t *labels = calloc((size_t)vly_extent_voxels(e), 1);
    for (int64_t i = 0; i < vly_extent_voxels(e); i++) labels[i] = i / (8 * 10) % PERIOD < WIDTH ? VLY_CBD : VLY_PORE;
    vly_two_point_result r =
        compute_once(labels, e, (vly_two_point_options){.counts = true, .reach = 4, .periodic = true});
    int64_t n = vly_extent_voxels(e);
    for (int32_t h = -4; h <= 4; h++) {
        int32_t overlap = WIDTH - abs(h);
        ck_assert_int_eq(vly_two_point_count(&r, VLY_CBD, VLY_CBD, 0, 0, h), n / PERIOD * (overlap > 0 ? overlap : 0));
        ck_assert_int_eq(vly_two_point_count(&r, VLY_CBD, VLY_CBD, h, 0, 0), n / PERIOD * WIDTH);
        ck_assert_int_eq(vly_two_point_count(&r, VLY_CBD, VLY_CBD, h, -h, 0), n / PERIOD * WIDTH);
    }
    vly_two_point_free(&r);
    free(labels);
}
END_TEST

START_TEST(a_periodic_checkerboard_is_a_quarter_up_and_down) /* M7.4 */
{
    vly_extent e = {8, 6, 10};
    uint8_t labels[8 * 6 * 10];
    for (int i = 0; i < 480; i++) labels[i] = (i % 8 + i / 8 % 6 + i / 48) % 2 ? VLY_AM : VLY_PORE;
    vly_two_point_result r =
        compute_once(labels, e, (vly_two_point_options){.counts = true, .reach = 3, .periodic = true});
    for (int32_t z = -3; z <= 3; z++)
        for (int32_t y = -3; y <= 3; y++)
            for (int32_t x = -3; x <= 3; x++) {
                double expected = (x + y + z) % 2 ? -0.25 : 0.25;
                if (vly_two_point_covariance(&r, VLY_AM, VLY_AM, x, y, z) != expected)
                    ck_abort_msg("C is not %g at %d %d %d", expected, x, y, z);
            }
    ck_assert_double_eq(r.axis[0][1].c[VLY_TWO_POINT_AM_AM], -0.25);
    ck_assert_double_eq(r.axis[2][2].c[VLY_TWO_POINT_AM_AM], 0.25);
    ck_assert_double_eq(r.axis[2][2].c[VLY_TWO_POINT_CBD_CBD], 0);
    vly_two_point_free(&r);
}
END_TEST

START_TEST(independent_voxels_are_uncorrelated) /* M7.5 */
{
    if (test_emulated()) return; /* needs a large volume */
    vly_extent e = {64, 60, 56};
    uint8_t *labels = random_labels(e, NOTHING_OUTSIDE, 8);
    vly_two_point_result r =
        compute_once(labels, e, (vly_two_point_options){.counts = true, .reach = 12, .periodic = true});
    double f = r.fraction[VLY_AM], limit = 4 * f * (1 - f) / sqrt((double)vly_extent_voxels(e)), most = 0;
    uint64_t seed = 9;
    for (int k = 0; k < 100; k++) {
        int32_t h[3];
        for (int a = 0; a < 3; a++) h[a] = (int32_t)(test_random(&seed) % 25) - 12;
        if (h[0] == 0 && h[1] == 0 && h[2] == 0) continue;
        double c = fabs(vly_two_point_covariance(&r, VLY_AM, VLY_AM, h[0], h[1], h[2]));
        if (!(c <= most)) most = c;
    }
    ck_assert_double_lt(most, limit);
    vly_two_point_free(&r);
    free(labels);
}
END_TEST

/* M7.6: the mean of 8 seeds of 192^3, +- 0.005; 7.2: S_V = -4 C'(0+), within 15 %. */
START_TEST(a_boolean_model_has_its_covariance)
{
    static const double expected[6][2] = {{1, 0.191538},  {2, 0.173652},  {5, 0.124073},
                                          {10, 0.057776}, {15, 0.015252}, {20, 0.0}};
    enum { SIDE = 192, SEEDS = 8 };
    if (test_small()) return;
    uint8_t *labels = malloc(SIDE * SIDE * SIDE);
    vly_device *device = test_device(2, 0);
    double mean[6] = {0}, slope = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        boolean_model(labels, SIDE, VLY_AM, VLY_PORE, seed << 32);
        vly_two_point_result r =
            compute(device, labels, (vly_extent){SIDE, SIDE, SIDE}, (vly_two_point_options){.reach = 21});
        for (int i = 0, s = 0; i < 6; i++) {
            while (r.shells[s].r < expected[i][0]) s++;
            mean[i] += r.shells[s].c[VLY_TWO_POINT_AM_AM] / SEEDS;
        }
        slope += 4 * (r.axis[0][0].c[VLY_TWO_POINT_AM_AM] - r.axis[0][1].c[VLY_TWO_POINT_AM_AM]) / SEEDS;
        vly_two_point_free(&r);
    }
    for (int i = 0; i < 6; i++)
        ck_assert_msg(fabs(mean[i] - expected[i][1]) < 0.005, "C(%g) = %.6f", expected[i][0], mean[i]);
    ck_assert_double_eq_tol(slope / 0.07490174, 1, 0.15);
    vly_device_close(device);
    free(labels);
}
END_TEST

/* ---- what must not matter ---- */

/* Mirrored along every axis, N_ij(h) becomes N_ij(-h); with axes turned, lags turn with them. */
START_TEST(mirrors_and_turns_move_the_lags)
{
    vly_extent e = {9, 8, 7}, turned = {8, 7, 9};
    uint8_t *labels = random_labels(e, ONE_IN_SEVEN_OUTSIDE, 12), mirrored[9 * 8 * 7], cyclic[9 * 8 * 7];
    for (int i = 0; i < 504; i++) {
        int x = i % 9, y = i / 9 % 8, z = i / 72;
        mirrored[503 - i] = labels[i];
        cyclic[(x * 7 + z) * 8 + y] = labels[i]; /* x, y, z become z, x, y */
    }
    vly_two_point_options options = {.counts = true, .reach = 3};
    vly_two_point_result a = compute_once(labels, e, options), b = compute_once(mirrored, e, options);
    vly_two_point_result c = compute_once(cyclic, turned, options);
    for (int32_t z = -3; z <= 3; z++)
        for (int32_t y = -3; y <= 3; y++)
            for (int32_t x = -3; x <= 3; x++) {
                int64_t n = vly_two_point_count(&a, VLY_AM, VLY_PORE, x, y, z);
                if (n != vly_two_point_count(&b, VLY_AM, VLY_PORE, -x, -y, -z) ||
                    n != vly_two_point_count(&b, VLY_PORE, VLY_AM, x, y, z) ||
                    n != vly_two_point_count(&c, VLY_AM, VLY_PORE, y, z, x))
                    ck_abort_msg("lag %d %d %d", x, y, z);
            }
    vly_two_point_free(&a);
    vly_two_point_free(&b);
    vly_two_point_free(&c);
    free(labels);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("two_point");
    TEST_CASE(suite, counts_are_those_of_every_pair_of_voxels);
    TEST_CASE(suite, voxels_outside_count_for_nothing);
    TEST_CASE(suite, any_extent_will_do);
    TEST_CASE(suite, a_periodic_volume_of_any_extent_goes_round);
    TEST_CASE(suite, transforms_of_every_radix_serve);
    TEST_CASE(suite, a_real_electrode_has_its_faces_at_lag_one);
    TEST_CASE(suite, rows_sum_to_zero_at_every_lag);
    TEST_CASE(suite, lag_zero_gives_variances_and_products);
    TEST_CASE(suite, a_phase_and_its_complement_have_one_covariance);
    TEST_CASE(suite, periodic_slabs_have_a_triangle_across_and_a_constant_along);
    TEST_CASE(suite, a_periodic_checkerboard_is_a_quarter_up_and_down);
    TEST_CASE(suite, independent_voxels_are_uncorrelated);
    TEST_CASE(suite, a_boolean_model_has_its_covariance);
    TEST_CASE(suite, mirrors_and_turns_move_the_lags);
    return test_run(suite);
}
