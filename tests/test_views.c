/* Grey and label views: exact maps, the robust range against sorting, refusals. */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const vly_extent extent = {59, 41, 50}; /* 120950 voxels: the robust range drops one voxel at either end */
enum { VOXELS = 59 * 41 * 50 };

static vly_source *memory(const void *voxels, vly_type type, vly_extent e)
{
    vly_source *source;
    ck_assert_int_eq(vly_source_memory(&source, voxels, type, e, NULL), VLY_OK);
    return source;
}

static vly_source *grey_of(const void *voxels, vly_type type, int threads)
{
    vly_device *device = test_device(threads, 0);
    vly_source *view;
    vly_status status = vly_source_grey(&view, memory(voxels, type, extent), device, 0.0, 0.0);
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
    vly_device_close(device);
    return view;
}

START_TEST(narrow_types_are_widened_exactly)
{
    static const struct {
        vly_type type;
        int bytes;
        int32_t offset;
    } cases[] = {{VLY_U8, 1, 0}, {VLY_I8, 1, 128}, {VLY_U16, 2, 0}, {VLY_I16, 2, 32768}};
    static uint8_t voxels[VOXELS * 2];
    uint64_t state = 1;
    for (int i = 0; i < VOXELS * 2; i++) voxels[i] = (uint8_t)test_random(&state);
    for (int c = 0; c < 4; c++) {
        vly_source *view = grey_of(voxels, cases[c].type, 1);
        uint16_t *got = test_guarded(VOXELS * 2);
        ck_assert_int_eq(vly_source_info(view)->type, VLY_U16);
        ck_assert(vly_source_grey_map(view)->exact);
        ck_assert_int_eq(vly_source_read(view, 0, extent.nz, got), VLY_OK);
        for (int i = 0; i < VOXELS; i++) {
            int32_t value = cases[c].type == VLY_U8    ? voxels[i]
                            : cases[c].type == VLY_I8  ? (int8_t)voxels[i]
                            : cases[c].type == VLY_U16 ? ((uint16_t *)voxels)[i]
                                                       : ((int16_t *)voxels)[i];
            ck_assert_int_eq(got[i], value + cases[c].offset);
        }
        test_guarded_free(got, VOXELS * 2);
        vly_source_close(view);
    }
}
END_TEST

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The range is the value of rank floor(1e-5 (n - 1)) from either end; sorting tells which. */
static void check_wide(const void *voxels, vly_type type)
{
    double *values = malloc(VOXELS * sizeof *values), *sorted = malloc(VOXELS * sizeof *sorted);
    uint16_t *got = malloc(VOXELS * 2);
    for (int i = 0; i < VOXELS; i++)
        sorted[i] = values[i] = type == VLY_F32   ? (double)((const float *)voxels)[i]
                                : type == VLY_I32 ? (double)((const int32_t *)voxels)[i]
                                                  : (double)((const uint32_t *)voxels)[i];
    qsort(sorted, VOXELS, sizeof *sorted, ascending);
    double low = sorted[1], high = sorted[VOXELS - 2];
    int64_t beyond = 0;
    for (int i = 0; i < VOXELS; i++) beyond += values[i] < low || values[i] > high;
    for (int threads = 1; threads <= 3; threads += 2) {
        vly_source *view = grey_of(voxels, type, threads);
        const vly_grey_map *map = vly_source_grey_map(view);
        ck_assert(!map->exact);
        ck_assert_double_eq(map->low, low);
        ck_assert_double_eq(map->high, high);
        ck_assert_int_eq(map->clamped, beyond);
        ck_assert_int_eq(vly_source_read(view, 0, extent.nz, got), VLY_OK);
        for (int i = 0; i < VOXELS; i++) {
            double expected = rint((values[i] - low) * (65535.0 / (high - low)));
            ck_assert_int_eq(got[i], expected < 0 ? 0 : expected > 65535 ? 65535 : (int)expected);
        }
        vly_source_close(view);
    }
    free(values);
    free(sorted);
    free(got);
}

START_TEST(wide_types_map_over_the_robust_range)
{
    float *f = malloc(VOXELS * sizeof *f);
    uint32_t *u = malloc(VOXELS * sizeof *u);
    uint64_t state = 2;
    for (int i = 0; i < VOXELS; i++) f[i] = (float)(test_normal(&state) * 1e-3 - 1e-4);
    f[17] = 1e30f;
    f[18] = -0.0f;
    f[19] = -3e20f;
    check_wide(f, VLY_F32);
    for (int i = 0; i < VOXELS; i++) u[i] = (uint32_t)test_random(&state);
    check_wide(u, VLY_U32);
    check_wide(u, VLY_I32);
    free(f);
    free(u);
}
END_TEST

START_TEST(a_given_range_is_kept_and_what_it_clamps_counted)
{
    float *f = malloc(VOXELS * sizeof *f);
    for (int i = 0; i < VOXELS; i++) f[i] = (float)(i % 100);
    vly_device *device = test_device(2, 0);
    vly_source *view;
    uint16_t page[59 * 41];
    ck_assert_int_eq(vly_source_grey(&view, memory(f, VLY_F32, extent), device, 10.0, 89.0), VLY_OK);
    const vly_grey_map *map = vly_source_grey_map(view);
    int64_t beyond = 0;
    for (int i = 0; i < VOXELS; i++) beyond += f[i] < 10.0f || f[i] > 89.0f;
    ck_assert_int_eq(map->clamped, beyond);
    ck_assert_double_eq(map->low, 10.0);
    ck_assert_int_eq(vly_source_read(view, 0, 1, page), VLY_OK);
    ck_assert_int_eq(page[10], 0);
    ck_assert_int_eq(page[5], 0);
    ck_assert_int_eq(page[89], 65535);
    ck_assert_int_eq(page[95], 65535);
    vly_source_close(view);
    vly_device_close(device);
    free(f);
}
END_TEST

START_TEST(a_few_different_voxels_in_a_flat_volume_survive)
{
    float *f = calloc(VOXELS, sizeof *f);
    f[VOXELS - 1] = 2.0f;
    vly_source *view = grey_of(f, VLY_F32, 1);
    ck_assert_double_eq(vly_source_grey_map(view)->low, 0.0);
    ck_assert_double_eq(vly_source_grey_map(view)->high, 2.0);
    vly_source_close(view);
    free(f);
}
END_TEST

START_TEST(nan_and_flat_volumes_are_refused)
{
    float *f = calloc(VOXELS, sizeof *f);
    vly_device *device = test_device(2, 0);
    vly_source *view;
    int64_t held = vly_memory_held();
    test_fails(vly_source_grey(&view, memory(f, VLY_F32, extent), device, 0, 0), VLY_EDATA, "E_FLAT");
    f[5] = -0.0f; /* another key, the same value */
    test_fails(vly_source_grey(&view, memory(f, VLY_F32, extent), device, 0, 0), VLY_EDATA, "E_FLAT");
    f[7] = 1.0f;
    f[(3 * 41 + 2) * 59 + 1] = NAN;
    f[VOXELS - 1] = -INFINITY;
    test_fails(vly_source_grey(&view, memory(f, VLY_F32, extent), device, 0, 0), VLY_EDATA,
               "2 voxels are NaN or infinite, the first at x=1 y=2 z=3");
    test_fails(vly_source_grey(&view, memory(f, VLY_F32, extent), device, 0, 1), VLY_EDATA, "2 voxels");
    ck_assert_int_eq(vly_memory_held(), held);
    vly_device_close(device);
    free(f);
}
END_TEST

START_TEST(labels_become_phases)
{
    uint8_t voxels[8] = {0, 85, 170, 255, 0, 0, 85, 170}, got[8];
    const uint8_t expected[8] = {VLY_PORE, VLY_AM, VLY_CBD, VLY_OUTSIDE, 0, 0, VLY_AM, VLY_CBD};
    vly_label_map map;
    vly_source *view;
    ck_assert_int_eq(vly_label_map_parse(&map, "Pore=0,NMC=85,CBD=170,outside=255"), VLY_OK);
    ck_assert_int_eq(vly_source_labels(&view, memory(voxels, VLY_U8, (vly_extent){2, 2, 2}), &map), VLY_OK);
    ck_assert_int_eq(vly_source_read(view, 0, 2, got), VLY_OK);
    test_equal_u8(got, expected, 8, "phases");
    vly_source_close(view);
    ck_assert_int_eq(vly_source_labels(&view, memory(voxels, VLY_U8, (vly_extent){2, 2, 2}), NULL), VLY_OK);
    test_fails(vly_source_read(view, 0, 2, got), VLY_EDATA, "label 85 at x=1 y=0 z=0, one of 0, 1, 2, 255");
    test_fails(vly_source_read(view, 1, 1, got), VLY_EDATA, "label 85 at x=0 y=1 z=1");
    vly_source_close(view);
    const uint16_t wide[8] = {0, 1, 2, 255, 0, 256, 1, 2};
    ck_assert_int_eq(vly_source_labels(&view, memory(wide, VLY_U16, (vly_extent){2, 2, 2}), NULL), VLY_OK);
    ck_assert_int_eq(vly_source_read(view, 0, 1, got), VLY_OK);
    test_equal_u8(got, expected, 4, "u16 labels");
    test_fails(vly_source_read(view, 0, 2, got), VLY_EDATA, "label 256 at x=1 y=0 z=1");
    vly_source_close(view);
    float f[8] = {0};
    test_fails(vly_source_labels(&view, memory(f, VLY_F32, (vly_extent){2, 2, 2}), NULL), VLY_EDATA, "f32");
}
END_TEST

START_TEST(label_maps_are_read_strictly)
{
    vly_label_map map;
    ck_assert_int_eq(vly_label_map_parse(&map, "pore=255,am=0"), VLY_OK);
    ck_assert(map.listed[255] && map.listed[0] && !map.listed[1]);
    ck_assert_int_eq(map.phase[255], VLY_PORE);
    ck_assert_int_eq(map.phase[0], VLY_AM);
    ck_assert_int_eq(vly_label_map_parse(&map, "P=0,am=1,am=2,cbd=3"), VLY_OK);
    ck_assert(map.phase[1] == VLY_AM && map.phase[2] == VLY_AM);
    static const char *const wrong[] = {"",        "pore",        "pore=",       "pore=256", "pore=-1",    "solid=3",
                                        "pore=1,", "pore=1;am=2", "pore=1,am=1", "=1",       "pore=1 am=2"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        test_fails(vly_label_map_parse(&map, wrong[i]), VLY_EUSAGE, wrong[i]);
}
END_TEST

START_TEST(a_coarse_voxel_is_what_most_of_its_labels_are)
{
    enum { NX = 11, NY = 7, NZ = 9, RATIO = 3 };
    static uint8_t labels[NZ][NY][NX], got[NZ / RATIO][NY / RATIO][NX / RATIO];
    static const uint8_t kinds[] = {VLY_AM, VLY_CBD, VLY_PORE, VLY_OUTSIDE};
    const vly_voxel_size size = {1e-6, 1e-6, 1e-6, VLY_SIZE_GIVEN, "test"};
    vly_source *view;
    uint64_t state = 3;
    for (int i = 0; i < NX * NY * NZ; i++) (&labels[0][0][0])[i] = kinds[test_random(&state) % 4];
    ck_assert_int_eq(vly_source_memory(&view, labels, VLY_U8, (vly_extent){NX, NY, NZ}, &size), VLY_OK);
    ck_assert_int_eq(vly_source_coarse(&view, view, RATIO), VLY_OK);
    const vly_volume_info *info = vly_source_info(view);
    ck_assert(info->extent.nx == 3 && info->extent.ny == 2 && info->extent.nz == 3);
    ck_assert(fabs(info->voxel_size.x / 3e-6 - 1) < 1e-15);
    ck_assert_int_eq(vly_source_read(view, 0, 1, got), VLY_OK); /* in two goes */
    ck_assert_int_eq(vly_source_read(view, 1, 2, got[1]), VLY_OK);
    for (int i = 0; i < 3 * 2 * 3; i++) {
        const int x = i % 3, y = i / 3 % 2, z = i / 6;
        int best = 0, votes[4] = {0};
        for (int k = 0; k < RATIO * RATIO * RATIO; k++)
            for (int kind = 0; kind < 4; kind++)
                votes[kind] += labels[z * RATIO + k / 9][y * RATIO + k / 3 % 3][x * RATIO + k % 3] == kinds[kind];
        for (int kind = 1; kind < 4; kind++) best = votes[kind] > votes[best] ? kind : best; /* ties: the first */
        ck_assert_int_eq(got[z][y][x], kinds[best]);
    }
    vly_source_close(view);
    ck_assert_int_eq(vly_source_memory(&view, labels, VLY_U8, (vly_extent){NX, NY, NZ}, &size), VLY_OK);
    test_fails(vly_source_coarse(&view, view, 8), VLY_EDATA, "at least 8 along each side");
}
END_TEST

START_TEST(a_window_shows_its_part_and_nothing_else)
{
    static uint16_t voxels[VOXELS], got[7 * 5 * 4];
    for (int i = 0; i < VOXELS; i++) voxels[i] = (uint16_t)(i * 7);
    const vly_box window = {50, 57, 3, 8, 40, 44};
    vly_source *view;
    ck_assert_int_eq(vly_source_window(&view, memory(voxels, VLY_U16, extent), window), VLY_OK);
    ck_assert_int_eq(vly_extent_voxels(vly_source_info(view)->extent), 7 * 5 * 4);
    ck_assert_int_eq(vly_source_read(view, 0, 1, got), VLY_OK);
    ck_assert_int_eq(vly_source_read(view, 1, 3, got + 35), VLY_OK);
    for (int z = 0, i = 0; z < 4; z++)
        for (int y = 0; y < 5; y++)
            for (int x = 0; x < 7; x++, i++)
                ck_assert_int_eq(got[i], voxels[((z + 40) * extent.ny + y + 3) * extent.nx + x + 50]);
    test_fails(vly_source_read(view, 3, 2, got), VLY_EUSAGE, "2 pages from 3 on");
    vly_source_close(view);
    test_fails(vly_source_window(&view, memory(voxels, VLY_U16, extent), (vly_box){0, 60, 0, 1, 0, 1}), VLY_EDATA,
               "is not inside");
    test_fails(vly_source_window(&view, memory(voxels, VLY_U16, extent), (vly_box){3, 3, 0, 1, 0, 1}), VLY_EDATA,
               "is not inside");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("views");
    TEST_CASE(suite, narrow_types_are_widened_exactly);
    TEST_CASE(suite, wide_types_map_over_the_robust_range);
    TEST_CASE(suite, a_given_range_is_kept_and_what_it_clamps_counted);
    TEST_CASE(suite, a_few_different_voxels_in_a_flat_volume_survive);
    TEST_CASE(suite, nan_and_flat_volumes_are_refused);
    TEST_CASE(suite, labels_become_phases);
    TEST_CASE(suite, label_maps_are_read_strictly);
    TEST_CASE(suite, a_coarse_voxel_is_what_most_of_its_labels_are);
    TEST_CASE(suite, a_window_shows_its_part_and_nothing_else);
    return test_run(suite);
}
