/* How far lengths on the lattice are from lengths in space (spec 6.4): what the report says of them. */
#include "labels.h"

#include "voxelyte/geodesic.h"

#include <math.h>

/* From every voxel of the separator's face to one voxel of the other: steps of three, two and one coordinate. */
START_TEST(inclined_paths_have_the_bias_of_the_lattice)
{
    enum { HEIGHT = 100, WIDE = 102, DEEP = 72 };
    static const struct {
        int degrees;
        double along, between; /* tortuosity where the slope lies along x, and half-way to y */
    } rows[] = {{15, 1.1110, 1.1387}, {30, 1.2391, 1.2989}, {45, 1.4142, 1.5176}};
    if (test_small()) return;
    vly_device *device = test_device(2, 0);
    labels l = labels_make((vly_extent){WIDE, DEEP, HEIGHT + 1}, VLY_AM, 1e-6, 1e-6, 1e-6);
    for (int32_t i = 0; i < WIDE * DEEP; i++) *label_at(&l, i % WIDE, i / WIDE, HEIGHT) = VLY_PORE;
    *label_at(&l, 0, 0, HEIGHT) = VLY_AM;
    vly_geodesic_result r;
    const vly_geodesic_options options = {.phases = 1u << VLY_AM, .axis = 2};
    ck_assert_msg(vly_geodesic(&r, device, l.source, &options) == VLY_OK, "%s", vly_error_message());
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const double out = HEIGHT * tan(rows[i].degrees * acos(-1.0) / 180.0);
        const int32_t x = (int32_t)lround(out), side = (int32_t)lround(out * sqrt(0.5));
        /* half a voxel sideways is at most 0.37 of a voxel of length, of 100 */
        ck_assert_double_eq_tol((double)r.map[x], rows[i].along, 0.0037);
        ck_assert_double_eq_tol((double)r.map[side * WIDE + side], rows[i].between, 0.0037);
    }
    vly_geodesic_free(&r);
    labels_free(&l);
    vly_device_close(device);
}
END_TEST

/* Over the directions of the whole sphere: a spiral is as dense everywhere. */
START_TEST(the_mean_bias_is_eight_point_eight_per_cent)
{
    enum { DIRECTIONS = 200000 };
    const double golden = acos(-1.0) * (3.0 - sqrt(5.0)), one = 65536.0;
    double mean = 0.0, most = 0.0;
    for (int i = 0; i < DIRECTIONS; i++) {
        double z = 1.0 - (2 * i + 1.0) / DIRECTIONS, r = sqrt(1.0 - z * z), swap;
        double n[3] = {fabs(r * cos(golden * i)), fabs(r * sin(golden * i)), fabs(z)};
        for (int k = 0; k < 3; k++) /* the largest first */
            if (n[k % 2] < n[k % 2 + 1]) swap = n[k % 2], n[k % 2] = n[k % 2 + 1], n[k % 2 + 1] = swap;
        double length = (n[0] - n[1]) * vly_geodesic_weight(1, 0, 0) + (n[1] - n[2]) * vly_geodesic_weight(1, 1, 0) +
                        n[2] * vly_geodesic_weight(1, 1, 1);
        mean += length / one / DIRECTIONS;
        most = fmax(most, length / one);
    }
    ck_assert_double_eq_tol(mean, 1.0880, 5e-5);
    ck_assert_double_eq_tol(most, 1.12809, 5e-5);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("geodesic metric");
    TEST_CASE(suite, inclined_paths_have_the_bias_of_the_lattice);
    TEST_CASE(suite, the_mean_bias_is_eight_point_eight_per_cent);
    return test_run(suite);
}
