/* The widest way in, against Kruskal: components that grow as the least width falls (morphology spec 5.2 a). */
#include "size_maps.h"

typedef struct way {
    const int32_t *d2;
    vly_extent e;
    uint32_t faces;
} way;

static void compare(vly_device *device, const way *w)
{
    int32_t *got = run_bottleneck(device, w->d2, w->e, w->faces);
    int32_t *expected = oracle_bottleneck(w->d2, w->e, w->faces);
    equal_i32(got, expected, vly_extent_voxels(w->e), "width");
    free(got);
    free(expected);
}

static void try_volume(vly_device *device, uint8_t *label, vly_extent e)
{
    static const uint32_t inlets[] = {FACE_Z0, FACE_Z1, FACE_X0, FACE_Y1, FACE_Z0 | FACE_Z1, VLY_FACES_ALL};
    int32_t farthest, *d2 = run_distance(device, label, e, cubes, FACE_Z1, &farthest);
    for (size_t i = 0; i < sizeof inlets / sizeof *inlets; i++) {
        way w = {d2, e, inlets[i]};
        compare(device, &w);
    }
    free(d2);
    free(label);
}

START_TEST(widths_equal_those_of_growing_components)
{
    const vly_extent extents[] = {{1, 1, 1}, {25, 1, 1}, {1, 25, 1}, {1, 1, 25}, {21, 17, 1}, {67, 5, 4}, {11, 13, 12}};
    vly_device *device = test_device(2, 0);
    for (size_t i = 0; i < sizeof extents / sizeof *extents; i++)
        for (int p = 3; p <= 9; p += 3)
            try_volume(device, volume_random(extents[i], 0.1 * p, 20 * i + (unsigned)p), extents[i]);
    vly_device_close(device);
}
END_TEST

START_TEST(widths_are_right_between_blobs)
{
    vly_extent e = test_small() ? (vly_extent){18, 13, 17} : (vly_extent){27, 21, 25};
    vly_device *device = test_device(2, 0);
    for (unsigned seed = 1; seed < (test_small() ? 2 : 4); seed++)
        try_volume(device, volume_blobs(e, 14, 0.19 * e.nx, seed), e);
    vly_device_close(device);
}
END_TEST

/* A passage one voxel wide that winds through every brick: to and fro along x, up along y, then z. */
static uint8_t *volume_winding(vly_extent e)
{
    uint8_t *label = calloc((size_t)vly_extent_voxels(e), 1);
    int32_t turns = 0;
    for (int32_t z = 0; z < e.nz; z += 2) {
        for (int32_t y = 0; y < e.ny; y += 2, turns++) {
            for (int32_t x = 0; x < e.nx; x++) label[vly_at(e, x, y, z)] = 1;
            if (y + 2 < e.ny) label[vly_at(e, turns % 2 ? 0 : e.nx - 1, y + 1, z)] = 1;
        }
        if (z + 2 < e.nz) label[vly_at(e, (turns - 1) % 2 ? 0 : e.nx - 1, z / 2 % 2 ? 0 : e.ny - 1, z + 1)] = 1;
    }
    return label;
}

START_TEST(a_winding_passage_is_followed_to_its_end)
{
    /* odd sides, so that every second row closes with the box */
    vly_extent e = test_small() ? (vly_extent){17, 9, 5} : (vly_extent){31, 33, 29};
    vly_device *device = test_device(2, 0);
    uint8_t *label = volume_winding(e);
    int32_t farthest, *d2 = run_distance(device, label, e, cubes, 0, &farthest);
    int32_t *width2 = run_bottleneck(device, d2, e, FACE_Z0);
    ck_assert_int_eq(farthest, 1);
    equal_i32(width2, d2, vly_extent_voxels(e), "width"); /* every voxel of the passage is reached */
    free(width2);
    free(d2);
    free(label);
    vly_device_close(device);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bottleneck");
    TEST_CASE(suite, widths_equal_those_of_growing_components);
    TEST_CASE(suite, widths_are_right_between_blobs);
    TEST_CASE(suite, a_winding_passage_is_followed_to_its_end);
    return test_run(suite);
}
