/* Volume fractions of coarse voxels against counting by hand: exact shares, half-spaces, additivity, turned volumes, and
 * the file they are kept in. */
#include "support.h"

#include "core/file.h"
#include "voxelyte/compose.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const vly_voxel_size TENTH = {1e-7, 1e-7, 1e-7, VLY_SIZE_GIVEN, ""};

typedef struct composed {
    vly_compose_grid grid;
    vly_compose_result result;
    float *value; /* (nz, ny, nx, 3) */
} composed;

static vly_status compose(composed *out, const uint8_t *label, vly_extent e, int32_t ratio, const vly_rigid *transform,
                          int32_t threads)
{
    vly_device *device = test_cpu(threads);
    vly_source *source, *fine;
    vly_sink *sink;
    out->value = NULL;
    ck_assert_int_eq(vly_source_memory(&source, label, VLY_U8, e, &TENTH), VLY_OK);
    ck_assert_int_eq(vly_source_labels(&fine, source, NULL), VLY_OK);
    vly_status status = vly_compose_place(&out->grid, vly_source_info(fine), ratio, transform);
    if (status == VLY_OK) {
        out->value = calloc((size_t)vly_extent_voxels(out->grid.extent), 12);
        vly_extent wide = {3 * out->grid.extent.nx, out->grid.extent.ny, out->grid.extent.nz};
        ck_assert_int_eq(vly_sink_memory(&sink, out->value, VLY_F32, wide), VLY_OK);
        status = vly_compose(&out->result, device, fine, sink, &out->grid);
        vly_sink_close(sink);
    }
    vly_source_close(fine);
    vly_device_close(device);
    return status;
}

static uint8_t *random_labels(vly_extent e, uint64_t seed)
{
    uint8_t *label = malloc((size_t)vly_extent_voxels(e));
    for (int64_t i = 0; i < vly_extent_voxels(e); i++) label[i] = (uint8_t)(test_random(&seed) % 3);
    return label;
}

/* Order of the channels. */
static const int channel[3] = {VLY_AM, VLY_CBD, VLY_PORE};

START_TEST(fractions_are_exact_counts_for_any_ratio_and_ragged_extent)
{
    const vly_extent e = {23, 17, 19};
    uint8_t *label = random_labels(e, 3);
    for (int32_t ratio = 2; ratio <= 17; ratio += 5)
        for (int32_t threads = 1; threads <= 3; threads += 2) {
            composed c;
            int64_t wrong = 0, points = (int64_t)ratio * ratio * ratio, total[3] = {0};
            ck_assert_int_eq(compose(&c, label, e, ratio, NULL, threads), VLY_OK);
            vly_extent g = c.grid.extent;
            ck_assert(g.nx == e.nx / ratio && g.ny == e.ny / ratio && g.nz == e.nz / ratio && c.grid.aligned);
            for (int64_t v = 0; v < vly_extent_voxels(g); v++) {
                int64_t count[3] = {0};
                int32_t x = (int32_t)(v % g.nx), y = (int32_t)(v / g.nx % g.ny), z = (int32_t)(v / g.nx / g.ny);
                for (int64_t i = 0; i < points; i++) {
                    int64_t fx = x * ratio + i % ratio, fy = y * ratio + i / ratio % ratio,
                            fz = z * ratio + i / ratio / ratio;
                    count[label[(fz * e.ny + fy) * e.nx + fx]]++;
                }
                for (int p = 0; p < 3; p++) {
                    wrong += llrint((double)c.value[3 * v + p] * (double)points) != count[channel[p]];
                    total[p] += count[p];
                }
                /* three roundings to 24 bits; none where the number of points is a power of two */
                double sum = (double)c.value[3 * v] + (double)c.value[3 * v + 1] + (double)c.value[3 * v + 2];
                wrong += ratio == 2 ? sum != 1.0 : fabs(sum - 1.0) > 1.5 * 0x1p-24;
            }
            ck_assert_int_eq(wrong, 0);
            ck_assert_int_eq(c.result.voxels, vly_extent_voxels(g));
            ck_assert_mem_eq(c.result.counts, total, sizeof total);
            free(c.value);
        }
    free(label);
}
END_TEST

START_TEST(a_half_space_through_the_centre_gives_a_half_and_children_average_to_their_parent)
{
    const vly_extent e = {16, 16, 16};
    uint8_t *label = calloc(1, 4096);
    for (int i = 0; i < 4096; i++) label[i] = i % 16 < 4 ? VLY_AM : i % 16 < 12 ? VLY_PORE : VLY_CBD;
    composed coarse, fine;
    ck_assert_int_eq(compose(&coarse, label, e, 8, NULL, 2), VLY_OK);
    ck_assert(coarse.value[0] == 0.5f && coarse.value[1] == 0.0f && coarse.value[2] == 0.5f);
    free(coarse.value);
    free(label);

    label = random_labels(e, 8);
    ck_assert_int_eq(compose(&coarse, label, e, 8, NULL, 2), VLY_OK);
    ck_assert_int_eq(compose(&fine, label, e, 4, NULL, 2), VLY_OK);
    for (int p = 0; p < 3; p++) {
        float sum = 0.0f; /* of parts of 2^-6: exact */
        for (int i = 0; i < 8; i++) sum += fine.value[3 * ((i / 4 * 4 + i / 2 % 2) * 4 + i % 2) + p];
        ck_assert(sum / 8.0f == coarse.value[p]);
    }
    free(coarse.value);
    free(fine.value);
    free(label);
}
END_TEST

START_TEST(a_shift_by_whole_voxels_finds_the_same_counts_elsewhere_and_leaves_out_what_is_not_inside)
{
    const vly_extent e = {20, 16, 12};
    uint8_t *label = random_labels(e, 5);
    vly_rigid shift = VLY_RIGID_NONE;
    composed still, moved;
    /* 8 voxels along x, -4 along y, 2 along z: on the grid of 4 in x and y, between it in z */
    shift.shift[0] = 8e-7;
    shift.shift[1] = -4e-7;
    shift.shift[2] = 2e-7;
    ck_assert_int_eq(compose(&moved, label, e, 4, &shift, 2), VLY_OK);
    ck_assert_int_eq(compose(&still, label + 2 * 20 * 16, (vly_extent){20, 16, 10}, 4, NULL, 2), VLY_OK);
    ck_assert(moved.grid.aligned && moved.grid.origin[0] == 2 && moved.grid.origin[1] == 0 &&
              moved.grid.origin[2] == 1);
    ck_assert(moved.grid.extent.nx == 5 && moved.grid.extent.ny == 3 && moved.grid.extent.nz == 2);
    for (int z = 0; z < 2; z++) /* the tomogram's row 0 is the fine volume's second */
        ck_assert_mem_eq(moved.value + z * 45, still.value + z * 60 + 15, 45 * sizeof(float));
    free(still.value);
    free(moved.value);
    free(label);
}
END_TEST

START_TEST(a_turned_volume_is_sampled_at_the_nearest_labels)
{
    const vly_extent e = {40, 36, 44};
    const double s = sin(0.03), k = cos(0.03), t = sin(0.02), l = cos(0.02);
    /* about z, then about x */
    const vly_rigid turned = {{{k, -s, 0}, {l * s, l * k, -t}, {t * s, t * k, l}}, {7.3e-7, -2.1e-7, 3.7e-7}};
    enum { RATIO = 5 };
    uint8_t *label = random_labels(e, 6);
    composed c, again;
    ck_assert_int_eq(compose(&c, label, e, RATIO, &turned, 1), VLY_OK);
    ck_assert_int_eq(compose(&again, label, e, RATIO, &turned, 3), VLY_OK);
    vly_extent g = c.grid.extent;
    ck_assert(!c.grid.aligned);
    ck_assert_mem_eq(c.value, again.value, (size_t)vly_extent_voxels(g) * 12);
    int64_t wrong = 0, inside = 0;
    for (int64_t v = 0; v < vly_extent_voxels(g); v++) {
        const int64_t cell[3] = {c.grid.origin[0] + v % g.nx, c.grid.origin[1] + v / g.nx % g.ny,
                                 c.grid.origin[2] + v / g.nx / g.ny};
        const int32_t side[3] = {e.nx, e.ny, e.nz};
        int64_t count[3] = {0};
        bool whole = true;
        for (int corner = 0; corner < 8; corner++)
            for (int a = 0; a < 3; a++) {
                double q = 0.0;
                for (int b = 0; b < 3; b++)
                    q += turned.rotation[b][a] *
                         ((double)(cell[b] + (corner >> b & 1)) * RATIO - turned.shift[b] / 1e-7);
                whole &= q >= -1e-6 && q <= side[a] + 1e-6;
            }
        for (int i = 0; i < RATIO * RATIO * RATIO && whole; i++) {
            const double p[3] = {(double)cell[0] * RATIO + i % RATIO + 0.5,
                                 (double)cell[1] * RATIO + i / RATIO % RATIO + 0.5,
                                 (double)cell[2] * RATIO + i / RATIO / RATIO + 0.5};
            int64_t at[3];
            for (int a = 0; a < 3; a++) {
                double q = 0.0;
                for (int b = 0; b < 3; b++) q += turned.rotation[b][a] * (p[b] - turned.shift[b] / 1e-7);
                at[a] = (int64_t)floor(q);
            }
            count[label[(at[2] * e.ny + at[1]) * e.nx + at[0]]]++;
        }
        inside += whole;
        for (int p = 0; p < 3; p++) wrong += c.value[3 * v + p] != (float)((double)count[channel[p]] / 125.0);
    }
    ck_assert_int_eq(wrong, 0);
    ck_assert_int_gt(inside, 100);
    ck_assert_int_eq(c.result.voxels, inside);
    free(c.value);
    free(again.value);
    free(label);
}
END_TEST

START_TEST(a_voxel_with_a_point_outside_has_no_composition)
{
    const vly_extent e = {8, 4, 4};
    uint8_t label[128] = {0};
    composed c;
    memset(label, VLY_CBD, sizeof label);
    label[5] = VLY_OUTSIDE;
    ck_assert_int_eq(compose(&c, label, e, 4, NULL, 1), VLY_OK);
    const float expected[6] = {0, 1, 0, 0, 0, 0};
    ck_assert_mem_eq(c.value, expected, sizeof expected);
    ck_assert_int_eq(c.result.voxels, 1);
    free(c.value);
    memset(label, VLY_OUTSIDE, sizeof label);
    test_fails(compose(&c, label, e, 4, NULL, 1), VLY_EDATA, "no voxel has a phase");
    free(c.value);
}
END_TEST

START_TEST(what_cannot_be_composed_is_refused)
{
    uint8_t label[64] = {0};
    const vly_extent e = {4, 4, 4};
    vly_rigid stretched = VLY_RIGID_NONE, far = VLY_RIGID_NONE, mirrored = VLY_RIGID_NONE;
    composed c;
    test_fails(compose(&c, label, e, 1, NULL, 1), VLY_EUSAGE, "from 2 to 1024");
    test_fails(compose(&c, label, e, 5, NULL, 1), VLY_EDATA, "no voxel of 5^3");
    stretched.rotation[0][0] = 1.01;
    test_fails(compose(&c, label, e, 2, &stretched, 1), VLY_EDATA, "a rotation expected");
    mirrored.rotation[0][0] = -1.0;
    test_fails(compose(&c, label, e, 2, &mirrored, 1), VLY_EDATA, "a rotation expected");
    far.shift[2] = -1.0;
    test_fails(compose(&c, label, e, 2, &far, 1), VLY_EDATA, "no voxel of 2^3");
}
END_TEST

START_TEST(a_transform_is_read_from_json_and_what_is_none_is_refused)
{
    static const struct {
        const char *text, *problem;
    } bad[] = {{"{\"shift_um\": [1, 2, 3]}", "no \"rotation\""},
               {"{\"rotation\": [[1,0,0],[0,1,0],[0,0]], \"shift_um\": [1,2,3]}", "no \"rotation\""},
               {"{\"rotation\": [[1,0,0],[0,1,0],[0,0,\"a\"]], \"shift_um\": [1,2,3]}", "no \"rotation\""},
               {"{\"rotation\"", "line 1"}};
    const char *path = test_path("t.json");
    vly_rigid t;
    ck_assert_int_eq(vly_file_publish_text(
                         path, "{\"fib\": {\"rotation\": [[0,-1,0],[1,0,0],[0,0,1]], \"shift_um\": [1,-2.5,3]}}", true),
                     VLY_OK);
    ck_assert_int_eq(vly_rigid_read(&t, path), VLY_OK);
    ck_assert(t.rotation[0][1] == -1.0 && t.rotation[1][0] == 1.0 && fabs(t.shift[1] + 2.5e-6) < 1e-18);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_int_eq(vly_file_publish_text(path, bad[i].text, true), VLY_OK);
        test_fails(vly_rigid_read(&t, path), VLY_EDATA, bad[i].problem);
    }
}
END_TEST

/* A composition of two planes as a file, large enough for several strips. */
static void write_file(const char *path, const float *value, vly_extent e, const vly_compose_grid *grid, bool compress,
                       vly_device *device)
{
    char note[VLY_COMPOSE_NOTE_BYTES];
    vly_sink *sink;
    vly_compose_note(note, grid);
    const vly_sink_options options = {.extent = e,
                                      .type = VLY_F32,
                                      .channels = 3,
                                      .note = note,
                                      .voxel_size = {1.284e-6, 1.284e-6, 1.284e-6, VLY_SIZE_GIVEN, ""},
                                      .overwrite = true,
                                      .compress = compress};
    ck_assert_int_eq(vly_sink_open(&sink, path, device, &options), VLY_OK);
    ck_assert_int_eq(vly_sink_write(sink, e.nz, value), VLY_OK);
    ck_assert_int_eq(vly_sink_finish(sink), VLY_OK);
    vly_sink_close(sink);
}

START_TEST(three_channels_survive_a_tiff_file_with_origin_and_ratio)
{
    const vly_extent e = {211, 130, 2};
    const vly_compose_grid grid = {.ratio = 16, .origin = {12, 0, 7}};
    const char *path = test_path("composition.tif");
    int64_t values = 3 * vly_extent_voxels(e);
    uint64_t state = 4;
    float *value = malloc((size_t)values * 4), *back = malloc((size_t)values * 4);
    vly_device *device = test_cpu(2);
    for (int64_t i = 0; i < values; i++) value[i] = (float)test_uniform(&state);
    for (int compress = 0; compress < 2; compress++) {
        const vly_source_options three = {.channels = 3};
        vly_source *source;
        int32_t origin[3], ratio;
        write_file(path, value, e, &grid, compress, device);
        ck_assert_int_eq(vly_source_open(&source, path, &three), VLY_OK);
        const vly_volume_info *info = vly_source_info(source);
        ck_assert(info->channels == 3 && info->type == VLY_F32 && info->extent.nx == 211 && info->extent.nz == 2);
        ck_assert(fabs(info->voxel_size.x / 1.284e-6 - 1.0) < 1e-8 && fabs(info->voxel_size.z / 1.284e-6 - 1.0) < 1e-8);
        ck_assert(vly_compose_noted(origin, &ratio, info->description));
        ck_assert(origin[0] == 12 && origin[1] == 0 && origin[2] == 7 && ratio == 16);
        ck_assert_int_eq(vly_source_read(source, 0, 2, back), VLY_OK);
        ck_assert_mem_eq(back, value, (size_t)values * 4);
        vly_source_close(source);
        test_fails(vly_source_open(&source, path, NULL), VLY_EDATA, "3 channels, one grey channel expected");
    }
    vly_sink *sink;
    const vly_sink_options raw = {.extent = e, .type = VLY_F32, .channels = 3};
    test_fails(vly_sink_open(&sink, test_path("c.raw"), device, &raw), VLY_EUSAGE, "only .tif");
    vly_device_close(device);
    free(value);
    free(back);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("compose");
    TEST_CASE(suite, fractions_are_exact_counts_for_any_ratio_and_ragged_extent);
    TEST_CASE(suite, a_half_space_through_the_centre_gives_a_half_and_children_average_to_their_parent);
    TEST_CASE(suite, a_shift_by_whole_voxels_finds_the_same_counts_elsewhere_and_leaves_out_what_is_not_inside);
    TEST_CASE(suite, a_turned_volume_is_sampled_at_the_nearest_labels);
    TEST_CASE(suite, a_voxel_with_a_point_outside_has_no_composition);
    TEST_CASE(suite, what_cannot_be_composed_is_refused);
    TEST_CASE(suite, a_transform_is_read_from_json_and_what_is_none_is_refused);
    TEST_CASE(suite, three_channels_survive_a_tiff_file_with_origin_and_ratio);
    return test_run(suite);
}
