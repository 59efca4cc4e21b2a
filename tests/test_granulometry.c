/* Sizes of phases: closed forms and exact regressions of the specification (segmentation spec T9, morphology spec M4, M5, 9),
 * and the numbers that are made of sizes. */
#include "boolean_model.h"
#include "size_runs.h"

/* Voxels of exactly that squared size. */
static int64_t having(const vly_size_curve *c, int32_t square)
{
    for (int32_t i = 0; i < c->count; i++)
        if (c->radius[i] == sqrt(square)) {
            double above = i + 1 < c->count ? c->share[i + 1] : 0.0;
            return (int64_t)lround((c->share[i] - above) * (double)c->voxels);
        }
    return 0;
}

/* Labels of f(x, y, z) != 0. */
static uint8_t *volume_of(vly_extent e, bool (*f)(int32_t x, int32_t y, int32_t z))
{
    uint8_t *label = malloc((size_t)vly_extent_voxels(e));
    for (int32_t z = 0; z < e.nz; z++)
        for (int32_t y = 0; y < e.ny; y++)
            for (int32_t x = 0; x < e.nx; x++) label[vly_at(e, x, y, z)] = f(x, y, z);
    return label;
}

/* ---- closed forms ---- */

START_TEST(a_slit_has_half_its_width_rounded_up)
{
    /* T9.1; M5.2: as wide from the inlet, so constrictivity 1 */
    vly_device *device = test_device(2, 0);
    for (int32_t width = 1; width <= 9; width++) {
        vly_extent e = {5, width + 4, 6};
        uint8_t *label = calloc((size_t)vly_extent_voxels(e), 1);
        for (int64_t i = 0; i < vly_extent_voxels(e); i++) {
            int64_t y = i / e.nx % e.ny;
            label[i] = y >= 2 && y < 2 + width;
        }
        vly_granulometry_options options = options_of(VLY_PHASE_BIT(VLY_AM));
        vly_granulometry g = measure(device, label, e, &options);
        ck_assert_int_eq(g.curve.count, 1);
        ck_assert(g.curve.radius[0] == (width + 1) / 2 && g.curve.share[0] == 1.0);
        ck_assert(g.curve.step[VLY_SIZE_MEDIAN] == (width + 1) / 2 && g.curve.mean == (width + 1) / 2);
        ck_assert(g.resolution_limited == (width < 3));
        for (int side = 0; side < 2; side++) {
            ck_assert(g.intrusion[side].constrictivity == 1.0);
            ck_assert(g.intrusion[side].curve.step[VLY_SIZE_MEDIAN] == (width + 1) / 2);
        }
        vly_granulometry_free(&g);
        free(label);
    }
    vly_device_close(device);
}
END_TEST

START_TEST(a_digital_ball_has_the_next_sum_of_three_squares)
{
    /* T9.2; M5.4: nothing gets in */
    static const struct {
        int32_t radius2, size2, voxels;
    } balls[] = {{9, 10, 123}, {25, 26, 515}, {100, 101, 4169}};
    vly_device *device = test_device(2, 0);
    for (int b = 0; b < (test_small() ? 2 : 3); b++) {
        int32_t half = (int32_t)sqrt(balls[b].radius2) + 2, side = 2 * half + 1;
        vly_extent e = {side, side, side};
        uint8_t *label = malloc((size_t)vly_extent_voxels(e));
        for (int64_t i = 0; i < vly_extent_voxels(e); i++)
            label[i] = square_between(cubes, e, i, vly_extent_voxels(e) / 2) <= balls[b].radius2;
        vly_granulometry_options options = options_of(VLY_PHASE_BIT(VLY_AM));
        vly_granulometry g = measure(device, label, e, &options);
        ck_assert_int_eq(g.curve.voxels, balls[b].voxels);
        ck_assert_int_eq(g.curve.count, 1);
        ck_assert_int_eq(g.curve.square[VLY_SIZE_MEDIAN], balls[b].size2);
        ck_assert_int_eq(g.intrusion[VLY_INLET_SEPARATOR].state, VLY_SIZE_CLOSED);
        ck_assert_int_eq(g.intrusion[VLY_INLET_SEPARATOR].curve.reached, 0);
        ck_assert(g.intrusion[VLY_INLET_SEPARATOR].constrictivity == 0.0);
        vly_granulometry_free(&g);
        free(label);
    }
    vly_device_close(device);
}
END_TEST

/* M5.3: 60 pages with a neck for z < 20, extended by copies of the end pages so that distances do not see the faces; what
 * counts is the middle. Distances along a prism do not depend on how far it goes on, so a phase that reaches the face is
 * the same as one that goes on: the window's faces limit nothing. */
static bool neck_and_chamber(int32_t x, int32_t y, int32_t z)
{
    (void)x;
    return abs(y - 10) <= (z < 20 ? 2 : 5);
}

START_TEST(a_neck_before_a_chamber_is_what_intrusion_sees)
{
    const int32_t squares[6] = {9, 10, 16, 18, 34, 36}, voxels[6] = {819, 27, 18, 27, 63, 3906};
    vly_extent e = {9, 21, 60};
    vly_device *device = test_device(2, 0);
    uint8_t *label = volume_of(e, neck_and_chamber);
    vly_granulometry_options options = options_of(VLY_PHASE_BIT(VLY_AM));
    vly_granulometry g = measure(device, label, e, &options);
    ck_assert_int_eq(g.curve.voxels, 4860);
    ck_assert_int_eq(g.curve.count, 6);
    for (int i = 0; i < 6; i++) ck_assert_int_eq(having(&g.curve, squares[i]), voxels[i]);
    const vly_intrusion *separator = &g.intrusion[VLY_INLET_SEPARATOR], *collector = &g.intrusion[VLY_INLET_COLLECTOR];
    ck_assert_int_eq(having(&separator->curve, 9), 4860);
    ck_assert(g.curve.step[VLY_SIZE_MEDIAN] == 6.0 && separator->curve.step[VLY_SIZE_MEDIAN] == 3.0);
    ck_assert(separator->constrictivity == 0.25);
    ck_assert(collector->curve.step[VLY_SIZE_MEDIAN] == 6.0 && collector->constrictivity == 1.0);
    ck_assert_int_eq(collector->curve.count, g.curve.count);
    for (int i = 0; i < 6; i++) ck_assert(collector->curve.share[i] == g.curve.share[i]);
    vly_granulometry_free(&g);

    /* the separator at the high end swaps the sides */
    options.separator_high = true;
    g = measure(device, label, e, &options);
    ck_assert(g.intrusion[VLY_INLET_SEPARATOR].constrictivity == 1.0);
    ck_assert(g.intrusion[VLY_INLET_COLLECTOR].constrictivity == 0.25);
    vly_granulometry_free(&g);
    free(label);
    vly_device_close(device);
}
END_TEST

/* 9.4: R = 10, centres 18 apart along z, 6 periods, reflected at both faces. */
static bool sphere_chain(int32_t x, int32_t y, int32_t z)
{
    for (int32_t c = 9; c < 108; c += 18)
        if ((x - 13) * (x - 13) + (y - 13) * (y - 13) + (z - c) * (z - c) <= 100) return true;
    return false;
}

START_TEST(a_chain_of_spheres_is_as_narrow_as_its_necks)
{
    if (test_emulated()) return;
    vly_extent e = {27, 27, 108};
    vly_device *device = test_device(2, 0);
    uint8_t *label = volume_of(e, sphere_chain);
    vly_granulometry_options options = options_of(VLY_PHASE_BIT(VLY_AM));
    vly_granulometry g = measure(device, label, e, &options);
    ck_assert_int_eq(g.curve.voxels, 24636);
    ck_assert_int_eq(g.curve.square[VLY_SIZE_MEDIAN], 101);
    const vly_size_curve *reached = &g.intrusion[VLY_INLET_SEPARATOR].curve;
    ck_assert_int_eq(reached->square[VLY_SIZE_MEDIAN], 20);
    ck_assert(reached->radius[0] == sqrt(20));
    ck_assert_int_eq(reached->reached, 24636);
    ck_assert(g.intrusion[VLY_INLET_SEPARATOR].constrictivity == 20.0 / 101.0);
    vly_granulometry_free(&g);
    free(label);
    vly_device_close(device);
}
END_TEST

/* Balls of radius 7 on lattice points, far from each other. */
static bool separate_balls(int32_t x, int32_t y, int32_t z)
{
    int32_t u = x % 20 - 9, v = y % 20 - 9, w = z % 20 - 9;
    return u * u + v * v + w * w <= 49;
}

START_TEST(separate_balls_have_their_radius_and_nothing_gets_in)
{
    /* 9.1: the step of the curve lies at R, +- 0.1 */
    vly_extent e = {40, 20, 40};
    vly_device *device = test_device(2, 0);
    uint8_t *label = volume_of(e, separate_balls);
    vly_granulometry_options options = options_of(VLY_PHASE_BIT(VLY_AM));
    options.inlets |= 1u << VLY_INLET_ALL;
    vly_granulometry g = measure(device, label, e, &options);
    ck_assert_int_eq(g.curve.count, 1);
    ck_assert(g.curve.radius[0] >= 7.0 && g.curve.radius[0] <= 7.1);
    ck_assert_int_eq(g.intrusion[VLY_INLET_SEPARATOR].curve.reached, 0);
    ck_assert_int_eq(g.intrusion[VLY_INLET_ALL].curve.reached, 0);
    vly_granulometry_free(&g);
    free(label);
    vly_device_close(device);
}
END_TEST

static bool cylinder(int32_t x, int32_t y, int32_t z)
{
    (void)z;
    return (x - 12.3) * (x - 12.3) + (y - 12.6) * (y - 12.6) <= 64.0;
}

START_TEST(a_cylinder_has_its_radius_nearly_everywhere)
{
    /* M4.5, M5.2 */
    vly_extent e = {26, 26, test_small() ? 5 : 40};
    vly_device *device = test_device(2, 0);
    uint8_t *label = volume_of(e, cylinder);
    vly_granulometry_options options = options_of(VLY_PHASE_BIT(VLY_AM));
    vly_granulometry g = measure(device, label, e, &options);
    double most = g.curve.radius[g.curve.count - 1], share = 1.0;
    for (int32_t i = g.curve.count - 1; i >= 0 && g.curve.radius[i] >= most - 0.5; i--) share = g.curve.share[i];
    ck_assert(share >= 0.97);
    ck_assert(g.curve.step[VLY_SIZE_MEDIAN] >= 7.5 && g.curve.step[VLY_SIZE_MEDIAN] <= 8.5);
    for (int side = 0; side < 2; side++) {
        const vly_intrusion *in = &g.intrusion[side];
        ck_assert(in->constrictivity == 1.0);
        ck_assert_int_eq(in->curve.count, g.curve.count);
        ck_assert_mem_eq(in->curve.share, g.curve.share, sizeof *g.curve.share * (size_t)g.curve.count);
    }
    vly_granulometry_free(&g);
    free(label);
    vly_device_close(device);
}
END_TEST

/* ---- the complement of a Boolean model ---- */

enum { MODEL_SIDE = 128, MODEL_MARGIN = 12 };

/* A voxel is no farther than s from a grain's voxels iff a centre lies in the union of the balls of radius 10 round the lattice
 * points within s: its volume, by midpoints of cells of half a voxel in an octant. */
static double reach_volume(double s)
{
    int64_t cells = 0;
    for (int32_t i = 0; i < 40 * 40 * 40; i++) {
        double p[3] = {i % 40 * 0.5 + 0.25, i / 40 % 40 * 0.5 + 0.25, i / 1600 * 0.5 + 0.25};
        double length = sqrt(p[0] * p[0] + p[1] * p[1] + p[2] * p[2]), shrink = length > s ? s / length : 1.0;
        bool near = false;
        for (int k = 0; k < 125 && !near; k++) { /* lattice points round the one of the sphere that is nearest */
            double v[3] = {floor(p[0] * shrink) + k % 5 - 2, floor(p[1] * shrink) + k / 5 % 5 - 2,
                           floor(p[2] * shrink) + k / 25 - 2};
            double far2 = 0.0, square = 0.0;
            for (int a = 0; a < 3; a++) {
                square += v[a] * v[a];
                far2 += (p[a] - v[a]) * (p[a] - v[a]);
            }
            near = square <= s * s && far2 <= 100.0;
        }
        cells += near;
    }
    return (double)cells; /* eight octants of cells of an eighth of a voxel */
}

START_TEST(distances_outside_random_balls_follow_the_contact_distribution)
{
    /* M4.7, 9.3: P(D <= s | pore) = 1 - exp(-lam (V(s) - V(0))). The continuous form has the ball of radius R + s for V(s);
     * from centre to centre it is a union of balls, which is smaller. The margin keeps grains beyond the window from being
     * missed. The share of grains has a standard deviation of 0.019 in one window of 128^3. */
    const double radius[5] = {1.5, 2.5, 3.5, 5.5, 8.5};
    int64_t below[5] = {0}, voxels = 0;
    if (test_emulated()) return;
    vly_device *device = test_device(2, 0);
    vly_extent e = {MODEL_SIDE, MODEL_SIDE, MODEL_SIDE};
    for (uint64_t seed = 1; seed <= 8; seed++) {
        uint8_t *label = malloc((size_t)vly_extent_voxels(e));
        boolean_model(label, MODEL_SIDE, VLY_PORE, VLY_AM, seed << 20);
        int32_t farthest, *d2 = run_distance(device, label, e, cubes, 0, &farthest);
        for (int32_t z = MODEL_MARGIN; z < MODEL_SIDE - MODEL_MARGIN; z++)
            for (int32_t y = MODEL_MARGIN; y < MODEL_SIDE - MODEL_MARGIN; y++)
                for (int32_t x = MODEL_MARGIN; x < MODEL_SIDE - MODEL_MARGIN; x++) {
                    int32_t here = d2[vly_at(e, x, y, z)];
                    voxels += here > 0;
                    for (int r = 0; r < 5; r++) below[r] += here > 0 && here <= radius[r] * radius[r];
                }
        free(d2);
        free(label);
    }
    for (int r = 0; r < 5; r++) {
        double expected = 1.0 - exp(-boolean_intensity * (reach_volume(radius[r]) - reach_volume(0.0)));
        ck_assert_double_eq_tol((double)below[r] / (double)voxels, expected, 0.02);
    }
    vly_device_close(device);
}
END_TEST

/* ---- numbers from sizes ---- */

static int by_value(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

START_TEST(quantiles_are_those_of_the_sorted_sizes)
{
    vly_extent e = {21, 17, 11};
    vly_device *device = test_device(2, 0);
    uint8_t *label = volume_blobs(e, 9, 3.7, 12);
    vly_granulometry_options options = options_of(VLY_PHASE_BIT(VLY_AM));
    maps m = map(device, label, e, &options);
    vly_granulometry g = measure(device, label, e, &options);
    int64_t n = 0;
    double mean = 0.0;
    for (int64_t i = 0; i < vly_extent_voxels(e); i++)
        if (m.thick[i] > 0) m.thick[n++] = m.thick[i];
    qsort(m.thick, (size_t)n, sizeof *m.thick, by_value);
    for (int64_t i = 0; i < n; i++) mean += sqrt(m.thick[i]) / (double)n;
    ck_assert_int_eq(g.curve.voxels, n);
    ck_assert_double_eq_tol(g.curve.mean, mean, 1e-9);
    for (int q = 0; q < VLY_SIZE_QUANTILES; q++) {
        int32_t s = m.thick[n * vly_size_percent[q] / 100];
        ck_assert_int_eq(g.curve.square[q], s);
        ck_assert(g.curve.step[q] == sqrt(s));
        /* the polygon through (0, 1) and the points of the curve, walked from the left */
        double r0 = 0.0, s0 = 1.0, level = 1.0 - vly_size_percent[q] / 100.0, at = g.curve.radius[g.curve.count - 1];
        for (int32_t i = 0; i < g.curve.count; i++) {
            if (g.curve.share[i] < level) {
                at = r0 + (s0 - level) / (s0 - g.curve.share[i]) * (g.curve.radius[i] - r0);
                break;
            }
            r0 = g.curve.radius[i], s0 = g.curve.share[i];
        }
        ck_assert_double_eq_tol(g.curve.interpolated[q], at, 1e-12);
    }
    vly_granulometry_free(&g);
    drop(&m);
    free(label);
    vly_device_close(device);
}
END_TEST

START_TEST(minus_sampling_counts_what_has_room)
{
    vly_extent e = {23, 19, 12};
    const int32_t n[3] = {e.nx, e.ny, e.nz};
    vly_device *device = test_device(2, 0);
    uint8_t *label = volume_blobs(e, 9, 3.7, 3);
    vly_granulometry_options options = options_of(VLY_PHASE_BIT(VLY_AM));
    maps m = map(device, label, e, &options);
    options.minus = true;
    vly_granulometry g = measure(device, label, e, &options);
    for (int32_t k = 0; k < g.curve.count; k++) {
        double r = g.curve.radius[k], have = 0.0, of = 0.0;
        for (int64_t i = 0; i < vly_extent_voxels(e); i++) {
            int32_t at[3] = {(int32_t)(i % e.nx), (int32_t)(i / e.nx % e.ny), (int32_t)(i / e.nx / e.ny)}, room = 99;
            for (int a = 0; a < 3; a++) room = smaller(room, smaller(at[a] + 1, n[a] - at[a]));
            if (m.d2[i] == 0 || room * room < lround(r * r)) continue;
            of += 1.0;
            have += m.thick[i] >= lround(r * r);
        }
        ck_assert(of > 0.0);
        ck_assert(g.curve.share[k] == have / of);
    }
    vly_granulometry_free(&g);
    drop(&m);
    free(label);
    vly_device_close(device);
}
END_TEST

START_TEST(flat_voxels_count_in_lengths_of_their_shortest_edge)
{
    vly_size_unit u;
    vly_voxel_size flat = {.x = 0.642e-6, .y = 0.642e-6, .z = 1.0e-6}, twice = {.x = 1e-6, .y = 1e-6, .z = 2e-6};
    ck_assert_int_eq(vly_size_unit_of(&u, &(vly_voxel_size){.x = 0.0}, (vly_extent){9, 9, 9}), VLY_OK);
    ck_assert(u.x == 1 && u.y == 1 && u.z == 1 && u.scale == 1 && u.error == 0.0);
    ck_assert_int_eq(vly_size_unit_of(&u, &flat, (vly_extent){900, 900, 250}), VLY_OK);
    ck_assert(u.error <= 1e-3 && u.edge == 0.642e-6);
    ck_assert_double_eq_tol(sqrt((double)u.z / u.scale), 1.0 / 0.642, 1.6e-3);
    ck_assert_int_eq(vly_size_unit_of(&u, &twice, (vly_extent){9, 9, 9}), VLY_OK);
    ck_assert(u.x == 1 && u.z == 4 && u.scale == 1 && u.error == 0.0);
    test_fails(vly_size_unit_of(&u, &flat, (vly_extent){40000, 3, 3}), VLY_EDATA, "E_DIM");

    /* a slit across the long edge: twice the pages */
    vly_extent e = {4, 5, 12};
    vly_device *device = test_device(1, 0);
    vly_granulometry_options options = options_of(VLY_PHASE_BIT(VLY_AM));
    options.voxel = twice;
    for (int32_t width = 1; width <= 8; width++) {
        uint8_t *label = calloc((size_t)vly_extent_voxels(e), 1);
        memset(label + 2 * 20, 1, (size_t)width * 20);
        vly_granulometry g = measure(device, label, e, &options);
        ck_assert_int_eq(g.curve.count, 1);
        ck_assert(g.curve.radius[0] == 2.0 * ((width + 1) / 2) && g.unit.edge == 1e-6);
        vly_granulometry_free(&g);
        free(label);
    }
    vly_device_close(device);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("granulometry");
    TEST_CASE(suite, a_slit_has_half_its_width_rounded_up);
    TEST_CASE(suite, a_digital_ball_has_the_next_sum_of_three_squares);
    TEST_CASE(suite, a_neck_before_a_chamber_is_what_intrusion_sees);
    TEST_CASE(suite, a_chain_of_spheres_is_as_narrow_as_its_necks);
    TEST_CASE(suite, separate_balls_have_their_radius_and_nothing_gets_in);
    TEST_CASE(suite, a_cylinder_has_its_radius_nearly_everywhere);
    TEST_CASE(suite, distances_outside_random_balls_follow_the_contact_distribution);
    TEST_CASE(suite, quantiles_are_those_of_the_sorted_sizes);
    TEST_CASE(suite, minus_sampling_counts_what_has_room);
    TEST_CASE(suite, flat_voxels_count_in_lengths_of_their_shortest_edge);
    return test_run(suite);
}
