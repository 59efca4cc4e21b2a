/* Laws of the surface estimator (spec 3.2 to 3.6): its table of configurations, its answer to every direction, balls anywhere,
 * windows and bodies that add up; and overlapping balls, whose surface, Euler number and chords theory knows (9.2, 9.3). */
#include "boolean_model.h"
#include "labels.h"

#include "morphology/crofton.h"
#include "voxelyte/chords.h"
#include "voxelyte/surface.h"

static const double pi = 3.14159265358979323846;

static vly_surface_result surface_of(const labels *l, vly_device *device, bool object, vly_box window)
{
    vly_surface_result r;
    vly_surface_options options = VLY_SURFACE_OPTIONS_INIT;
    options.object = object;
    options.window = window;
    ck_assert_msg(vly_surface(&r, device, l->source, &options) == VLY_OK, "%s", vly_error_message());
    return r;
}

static const vly_box everything;

/* ---- the estimator itself ---- */

/* 3.2: unlike pairs along edges, face and space diagonals, how many configurations have them, and what they count. */
START_TEST(configurations_fall_into_fourteen_classes)
{
    static const struct {
        int unlike[3], configurations;
        double value;
    } classes[14] = {{{0, 0, 0}, 2, 0.0},          {{3, 3, 1}, 16, 0.375510038}, {{6, 6, 0}, 8, 0.588458380},
                     {{6, 4, 2}, 24, 0.646423066}, {{4, 6, 2}, 24, 0.659464295}, {{7, 7, 1}, 48, 0.767815625},
                     {{8, 8, 0}, 6, 0.784611174},  {{9, 3, 3}, 16, 0.812739083}, {{5, 7, 3}, 48, 0.838821540},
                     {{8, 6, 2}, 24, 0.842575859}, {{6, 8, 2}, 24, 0.855617088}, {{12, 0, 4}, 2, 0.874458088},
                     {{6, 6, 4}, 8, 0.913581774},  {{4, 8, 4}, 6, 0.926623002}};
    const double cube[3] = {1.0, 1.0, 1.0};
    int found[14] = {0};
    vly_crofton crofton;
    vly_device *device = test_device(1, 0);
    vly_crofton_make(&crofton, cube);
    for (int code = 0; code < 256; code++) {
        labels l = labels_make((vly_extent){2, 2, 2}, VLY_PORE, 1.0, 1.0, 1.0);
        int unlike[3] = {0}, k = 0;
        for (int a = 0; a < 8; a++) {
            l.voxel[a] = code >> a & 1;
            for (int b = a + 1; b < 8; b++)
                if ((code >> a ^ code >> b) & 1) unlike[__builtin_popcount((unsigned)(a ^ b)) - 1]++;
        }
        while (k < 13 && memcmp(classes[k].unlike, unlike, sizeof unlike) != 0) k++;
        ck_assert_mem_eq(classes[k].unlike, unlike, sizeof unlike);
        found[k]++;
        vly_surface_result r = surface_of(&l, device, false, everything);
        ck_assert_msg(fabs(r.surface[VLY_AM] - classes[k].value) < 1e-9, "%d: %.9f", code, r.surface[VLY_AM]);
        ck_assert(r.surface[VLY_AM] == r.surface[VLY_PORE]); /* 3.6: as much as its complement */
        labels_free(&l);
    }
    for (int k = 0; k < 14; k++) ck_assert_int_eq(found[k], classes[k].configurations);
    vly_device_close(device);
}
END_TEST

/* Estimated over true area of a plane with normal n: 2 sum c |n u|. */
static double answer(const vly_crofton *c, const double n[3])
{
    double sum = 0.0;
    for (int k = 0; k < VLY_DIRECTIONS; k++) {
        const int32_t *u = vly_crofton_steps[k];
        double length = sqrt(u[0] * u[0] + u[1] * u[1] + u[2] * u[2]);
        sum += 2.0 * c->weight[c->class_of[k]] * fabs(n[0] * u[0] + n[1] * u[1] + n[2] * u[2]) / length;
    }
    return sum;
}

/* 3.3: directions on a spiral, as dense everywhere; and those round a long cylinder. */
START_TEST(no_direction_is_far_from_one_and_all_are_one_on_average)
{
    enum { DIRECTIONS = 200000 };
    const double cube[3] = {1.0, 1.0, 1.0}, golden = pi * (3.0 - sqrt(5.0));
    double high = 0.0, mean = 0.0, square = 0.0, round = 0.0;
    vly_crofton crofton;
    vly_crofton_make(&crofton, cube);
    double low = answer(&crofton, (const double[]){0.0, 0.0, 1.0}); /* which no spiral meets */
    for (int i = 0; i < DIRECTIONS; i++) {
        double z = 1.0 - (2 * i + 1.0) / DIRECTIONS, r = sqrt(1.0 - z * z);
        double n[3] = {r * cos(golden * i), r * sin(golden * i), z}, turn = 2.0 * pi * (i + 0.5) / DIRECTIONS;
        double value = answer(&crofton, n), across[3] = {cos(turn), sin(turn), 0.0};
        low = fmin(low, value);
        high = fmax(high, value);
        mean += value / DIRECTIONS;
        square += value * value / DIRECTIONS;
        round += answer(&crofton, across) / DIRECTIONS;
    }
    ck_assert_msg(fabs(low - 0.9266) < 5e-5 && fabs(high - 1.0228) < 5e-5, "%.5f to %.5f", low, high);
    ck_assert_double_eq_tol(mean, 1.0, 1e-6);
    ck_assert_double_eq_tol(sqrt(square - mean * mean), 0.016, 5e-4);
    ck_assert_double_eq_tol(round, 0.98055, 5e-6);
}
END_TEST

/* 3.4: mean and spread over random centres, in per cent. The mean of so many balls is known to the spread over the root of
 * their number, the printed numbers to half a unit of their last digit. */
START_TEST(balls_anywhere_have_their_surface)
{
    static const struct {
        int radius, balls;
        double mean, spread, digit;
    } rows[] = {{3, 200, -1.9, 1.5, 0.1},    {4, 200, -1.3, 1.4, 0.1},    {5, 200, -0.7, 0.6, 0.1},
                {6, 200, -0.3, 0.6, 0.1},    {8, 100, -0.3, 0.4, 0.1},    {10, 100, -0.24, 0.26, 0.01},
                {15, 30, -0.07, 0.14, 0.01}, {20, 20, -0.03, 0.11, 0.01}, {40, 4, -0.02, 0.03, 0.01}};
    uint64_t seed = 3;
    if (test_small()) return;
    vly_device *device = test_device(1, 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const int32_t n = 2 * rows[i].radius + 4;
        double sum = 0.0;
        labels l = labels_make((vly_extent){n, n, n}, VLY_PORE, 1.0, 1.0, 1.0);
        for (int ball = 0; ball < rows[i].balls; ball++) {
            double c[3];
            for (int a = 0; a < 3; a++) c[a] = rows[i].radius + 1 + test_uniform(&seed);
            for (int32_t v = 0; v < n * n * n; v++) {
                double x = v % n - c[0], y = v / n % n - c[1], z = v / (n * n) - c[2];
                l.voxel[v] = x * x + y * y + z * z <= rows[i].radius * rows[i].radius ? VLY_AM : VLY_PORE;
            }
            vly_surface_result r = surface_of(&l, device, false, everything);
            sum += r.surface[VLY_AM] * (double)r.cells / (4.0 * pi * rows[i].radius * rows[i].radius) - 1.0;
        }
        double mean = 100.0 * sum / rows[i].balls;
        ck_assert_msg(fabs(mean - rows[i].mean) < 4.0 * rows[i].spread / sqrt(rows[i].balls) + rows[i].digit,
                      "R = %d: %.3f %%", rows[i].radius, mean);
        labels_free(&l);
    }
    vly_device_close(device);
}
END_TEST

/* ---- what adds up ---- */

/* 3.6: blocks that share the page between them have all cells of the whole, once. */
START_TEST(configurations_of_blocks_add_up)
{
    vly_device *device = test_device(2, 0);
    labels l = labels_random((vly_extent){20, 15, 18}, 12, 30);
    vly_surface_result whole = surface_of(&l, device, false, everything), sum = {.voxels = 0};
    const int32_t cuts[4] = {0, 5, 6, 17};
    for (int i = 0; i < 3; i++) {
        vly_surface_result r = surface_of(&l, device, false, (vly_box){0, 20, 0, 15, cuts[i], cuts[i + 1] + 1});
        sum.cells += r.cells;
        for (int p = 0; p < VLY_PHASES; p++)
            for (int c = 0; c < 256; c++) sum.configurations[p][c] += r.configurations[p][c];
    }
    ck_assert_int_eq(sum.cells, whole.cells);
    ck_assert_mem_eq(sum.configurations, whole.configurations, sizeof whole.configurations);
    labels_free(&l);
    vly_device_close(device);
}
END_TEST

START_TEST(bodies_far_from_each_other_add_up)
{
    vly_device *device = test_device(1, 0);
    labels l = labels_make((vly_extent){9, 4, 5}, VLY_PORE, 1.0, 1.0, 1.0);
    *label_at(&l, 0, 0, 0) = *label_at(&l, 4, 2, 2) = *label_at(&l, 4, 2, 3) = *label_at(&l, 8, 3, 4) = VLY_AM;
    vly_surface_result r = surface_of(&l, device, true, everything);
    ck_assert_double_eq_tol(r.surface[VLY_AM] * (double)r.voxels, 2 * 3.004080308 + 5.641937486, 1e-8);
    labels_free(&l);
    vly_device_close(device);
}
END_TEST

/* ---- overlapping balls ---- */

/* Chords that reach a face of the window are left out, which the long ones do more often: what is left of the mean m of
 * exponential ones on a line of n, integral of l (n - l) exp(-l / m) over that of (n - l) exp(-l / m). */
static double kept(double m, double n)
{
    double e = exp(-n / m);
    return m * (n - 2 * m + (n + 2 * m) * e) / (n - m + m * e);
}

/* 9.2, the mean of 8 seeds of 192^3: e = 0.3 +- 0.011, S = 0.07490174 - 1 % +- 3 %. 8.2: the Euler density of voxels is about
 * -2.7e-5, far from theory. 9.3: chords of the pores are exponential with mean 37.382, those of the balls have 16.021, and
 * their two ends a voxel's rounding. */
START_TEST(overlapping_balls_are_as_theory_has_them)
{
    enum { SEEDS = 8, SIDE = 192 };
    if (test_small()) return;
    vly_device *device = test_device(0, 0);
    labels l = labels_make((vly_extent){SIDE, SIDE, SIDE}, VLY_PORE, 1.0, 1.0, 1.0);
    double fraction = 0.0, surface = 0.0, euler = 0.0, voxels[2] = {0.0}, chords[2] = {0.0};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        vly_chords_result c;
        boolean_model(l.voxel, SIDE, VLY_AM, VLY_PORE, seed << 40);
        vly_surface_result r = surface_of(&l, device, false, everything);
        fraction += (double)r.counts[VLY_AM] / (double)r.voxels / SEEDS;
        surface += r.surface[VLY_AM] / SEEDS;
        euler += r.euler_density_26[VLY_AM] / SEEDS;
        ck_assert_int_eq(vly_chord_lengths(&c, device, l.source, everything), VLY_OK);
        for (int axis = 0; axis < 3; axis++)
            for (int p = 0; p < 2; p++) {
                voxels[p] += (double)c.along[axis][p].voxels;
                chords[p] += (double)c.along[axis][p].whole;
            }
    }
    ck_assert_msg(fabs(fraction - 0.3) < 0.011, "e %.4f", fraction);
    ck_assert_msg(fabs(surface / 0.07490174 - 0.99) < 0.03, "S %.6f", surface);
    ck_assert_msg(fabs(euler / -2.7e-5 - 1.0) < 0.15, "Euler density %.3e", euler);
    ck_assert_msg(fabs(voxels[VLY_PORE] / chords[VLY_PORE] / kept(37.382, SIDE) - 1.0) < 0.04, "pore %.3f of %.3f",
                  voxels[VLY_PORE] / chords[VLY_PORE], kept(37.382, SIDE));
    ck_assert_msg(fabs(voxels[VLY_AM] / chords[VLY_AM] / 16.021 - 1.0) < 0.08, "balls %.3f",
                  voxels[VLY_AM] / chords[VLY_AM]);
    labels_free(&l);
    vly_device_close(device);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("surface laws");
    TEST_CASE(suite, configurations_fall_into_fourteen_classes);
    TEST_CASE(suite, no_direction_is_far_from_one_and_all_are_one_on_average);
    TEST_CASE(suite, balls_anywhere_have_their_surface);
    TEST_CASE(suite, configurations_of_blocks_add_up);
    TEST_CASE(suite, bodies_far_from_each_other_add_up);
    TEST_CASE(suite, overlapping_balls_are_as_theory_has_them);
    return test_run(suite);
}
