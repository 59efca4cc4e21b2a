/* Painting over balls: against painting each ball voxel by voxel, and against the weighted distance transform, which comes to
 * the same set by another way for every size that occurs. */
#include "size_maps.h"

typedef struct cover_case {
    const int32_t *d2, *value, *expected;
    vly_extent e;
    vly_metric m;
} cover_case;

static void compare(vly_device *device, const cover_case *c)
{
    int32_t *got = run_cover(device, c->d2, c->value, c->e, c->m);
    equal_i32(got, c->expected, vly_extent_voxels(c->e), "painted");
    free(got);
}

/* Distances of a volume, painted with themselves and with their bottleneck, against the oracles. */
static void try_volume(vly_device *device, uint8_t *label, vly_extent e, vly_metric m)
{
    int32_t farthest, *d2 = run_distance(device, label, e, m, FACE_X0, &farthest),
                      *width2 = oracle_bottleneck(d2, e, FACE_Z0 | FACE_Y1);
    int32_t *thick = oracle_cover(d2, d2, e, m), *reached = oracle_cover(d2, width2, e, m);
    cover_case plain = {d2, d2, thick, e, m}, from_inlet = {d2, width2, reached, e, m};
    compare(device, &plain);
    compare(device, &from_inlet);
    free(d2);
    free(width2);
    free(thick);
    free(reached);
    free(label);
}

START_TEST(painting_equals_every_ball_voxel_by_voxel)
{
    const vly_extent extents[] = {{1, 1, 1}, {23, 1, 1}, {1, 1, 23}, {19, 13, 1}, {70, 3, 5}, {12, 11, 13}};
    vly_device *device = test_device(2, 0);
    for (size_t i = 0; i < sizeof extents / sizeof *extents; i++)
        for (int p = 2; p <= 8; p += 3)
            try_volume(device, volume_random(extents[i], 0.1 * p, 10 * i + (unsigned)p), extents[i], cubes);
    vly_device_close(device);
}
END_TEST

START_TEST(painting_is_right_on_random_volumes_of_24_cubed)
{
    /* M4.4 */
    vly_extent e = test_small() ? (vly_extent){14, 13, 12} : (vly_extent){24, 24, 24};
    vly_device *device = test_device(2, 0);
    const double shares[] = {0.2, 0.5, 0.8};
    for (int i = 0; i < 3; i++) try_volume(device, volume_random(e, shares[i], 7 + (unsigned)i), e, cubes);
    vly_device_close(device);
}
END_TEST

START_TEST(painting_is_right_between_blobs_and_for_flat_voxels)
{
    vly_extent e = test_small() ? (vly_extent){17, 12, 11} : (vly_extent){29, 22, 19};
    vly_device *device = test_device(2, 0);
    try_volume(device, volume_blobs(e, 4, 3.3, 1), e, cubes);
    try_volume(device, volume_blobs(e, 3, 2.8, 2), e, (vly_metric){3, 3, 7});
    try_volume(device, volume_blobs(e, 3, 3.1, 3), e, (vly_metric){9, 5, 4});
    vly_device_close(device);
}
END_TEST

START_TEST(balls_wider_than_a_word_are_painted_whole)
{
    /* one voxel of background in a corner, so that radii reach 90 */
    const vly_extent extents[] = {{95, 7, 5}, {9, 91, 4}, {4, 9, 93}, {1, 140, 1}};
    vly_device *device = test_device(2, 0);
    for (int i = 0; i < 4; i++) {
        uint8_t *label = malloc((size_t)vly_extent_voxels(extents[i]));
        memset(label, 1, (size_t)vly_extent_voxels(extents[i]));
        label[i] = 0;
        try_volume(device, label, extents[i], cubes);
    }
    vly_device_close(device);
}
END_TEST

/* T9.3 */
static void try_levels(vly_device *device, uint8_t *label, vly_extent e, vly_metric m)
{
    int32_t farthest, *d2 = run_distance(device, label, e, m, 0, &farthest);
    int32_t *thick = run_cover(device, d2, d2, e, m);
    int64_t n = vly_extent_voxels(e);
    uint8_t *expected = malloc((size_t)n);
    for (int32_t level = 1; level <= farthest; level++) {
        bool occurs = false;
        for (int64_t i = 0; i < n; i++) {
            expected[i] = thick[i] >= level;
            occurs |= d2[i] == level;
        }
        if (!occurs) continue;
        uint8_t *got = run_cover_level(device, d2, e, m, level);
        test_equal_u8(got, expected, n, "covered at a level");
        free(got);
    }
    free(expected);
    free(thick);
    free(d2);
    free(label);
}

START_TEST(painting_and_threshold_agree_at_every_size_that_occurs)
{
    vly_device *device = test_device(2, 0);
    vly_extent e = test_small() ? (vly_extent){13, 9, 11} : (vly_extent){48, 48, 48};
    const double shares[] = {0.2, 0.5, 0.8, 0.98};
    for (int i = 0; i < 4; i++) try_levels(device, volume_random(e, shares[i], 50 + (unsigned)i), e, cubes);
    e.nx = e.ny = e.nz = test_small() ? 12 : 28;
    try_levels(device, volume_blobs(e, 6, e.nx / 7.0, 9), e, cubes);
    try_levels(device, volume_blobs(e, 6, e.nx / 7.0, 9), e, (vly_metric){2, 2, 5});
    vly_device_close(device);
}
END_TEST

START_TEST(the_table_of_balls_is_exact)
{
    /* by definition: the ball round the neighbour that just holds every point of the ball round the origin */
    const vly_metric metrics[] = {{1, 1, 1}, {2, 3, 5}};
    enum { LEVELS = 60 };
    for (int k = 0; k < 2; k++) {
        vly_metric m = metrics[k];
        int32_t *table;
        ck_assert_int_eq(vly_cover_table(&table, &m, (vly_extent){100, 100, 100}, LEVELS), VLY_OK);
        for (int32_t c = 0; c < VLY_COVER_CLASSES; c++)
            for (int32_t s = 1; s < LEVELS; s++) {
                int32_t g[3] = {(c + 1) & 1, (c + 1) >> 1 & 1, (c + 1) >> 2}, far = 0;
                for (int32_t z = -8; z <= 8; z++)
                    for (int32_t y = -8; y <= 8; y++)
                        for (int32_t x = -8; x <= 8; x++) {
                            int32_t u = x - g[0], v = y - g[1], w = z - g[2];
                            if (m.x * x * x + m.y * y * y + m.z * z * z >= s) continue;
                            int32_t there = m.x * u * u + m.y * v * v + m.z * w * w;
                            far = there > far ? there : far;
                        }
                if (table[c * LEVELS + s] != far + 1)
                    ck_abort_msg("class %d, square %d: %d, expected %d", c, s, table[c * LEVELS + s], far + 1);
            }
        vly_free(table);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cover");
    TEST_CASE(suite, painting_equals_every_ball_voxel_by_voxel);
    TEST_CASE(suite, painting_is_right_on_random_volumes_of_24_cubed);
    TEST_CASE(suite, painting_is_right_between_blobs_and_for_flat_voxels);
    TEST_CASE(suite, balls_wider_than_a_word_are_painted_whole);
    TEST_CASE(suite, painting_and_threshold_agree_at_every_size_that_occurs);
    TEST_CASE(suite, the_table_of_balls_is_exact);
    return test_run(suite);
}
