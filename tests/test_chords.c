/* Chords against walking every line on its own; periodic layers; any memory limit. */
#include "labels.h"

#include "voxelyte/chords.h"

#include <math.h>

static void walk_line(const uint8_t *line, int32_t n, vly_chords out[3])
{
    for (int32_t i = 0; i < n;) {
        int32_t end = i;
        while (end < n && line[end] == line[i]) end++;
        if (line[i] != VLY_OUTSIDE) {
            bool whole = i > 0 && line[i - 1] != VLY_OUTSIDE && end < n && line[end] != VLY_OUTSIDE;
            out[line[i]].whole += whole;
            out[line[i]].voxels += whole ? end - i : 0;
            out[line[i]].truncated += !whole;
        }
        i = end;
    }
}

static void walk_naively(vly_chords_result *out, const labels *l, vly_box w)
{
    const int32_t low[3] = {w.x0, w.y0, w.z0}, high[3] = {w.x1, w.y1, w.z1};
    uint8_t line[1024];
    memset(out, 0, sizeof *out);
    for (int axis = 0; axis < 3; axis++) {
        int u = (axis + 1) % 3, v = (axis + 2) % 3;
        int32_t at[3];
        for (at[u] = low[u]; at[u] < high[u]; at[u]++)
            for (at[v] = low[v]; at[v] < high[v]; at[v]++) {
                for (at[axis] = low[axis]; at[axis] < high[axis]; at[axis]++)
                    line[at[axis] - low[axis]] = *label_at(l, at[0], at[1], at[2]);
                walk_line(line, high[axis] - low[axis], out->along[axis]);
            }
    }
}

static void check(const vly_chords_result *got, const vly_chords_result *expected, const char *what)
{
    for (int i = 0; i < 3; i++)
        for (int p = 0; p < 3; p++) {
            const vly_chords *a = &got->along[i][p], *b = &expected->along[i][p];
            if (a->whole != b->whole || a->voxels != b->voxels || a->truncated != b->truncated)
                ck_abort_msg(
                    "%s, axis %d, phase %d: %lld runs of %lld voxels, %lld truncated, expected %lld, %lld, %lld", what,
                    i, p, (long long)a->whole, (long long)a->voxels, (long long)a->truncated, (long long)b->whole,
                    (long long)b->voxels, (long long)b->truncated);
        }
}

START_TEST(every_run_is_counted_once_for_any_window_threads_and_limit)
{
    static const vly_extent extents[] = {{1, 1, 1}, {40, 3, 1}, {17, 29, 13}, {600, 5, 4}, {128, 96, 25}};
    for (int i = 0; i < 5 * 2; i++) {
        labels l = labels_random(extents[i / 2], (uint64_t)i, i % 2 ? 25 : 0);
        vly_box w = vly_extent_box(l.e);
        if (i / 2 == 2) w = (vly_box){1, 16, 0, 27, 2, 13};
        int64_t page = (int64_t)l.e.nx * l.e.ny;
        /* eight bytes a line, and three slots of two to four pages */
        vly_device *device = test_device(1 + i % 3, i / 2 == 4 ? vly_memory_held() + page * (14 + 6 * (i % 2)) : 0);
        if (!device->unified && i / 2 == 4) device->device_memory_limit = page * (14 + 6 * (i % 2));
        vly_chords_result r, expected;
        walk_naively(&expected, &l, w);
        ck_assert_msg(vly_chord_lengths(&r, device, l.source, w) == VLY_OK, "%s", vly_error_message());
        check(&r, &expected, "random");
        labels_free(&l);
        vly_device_close(device);
    }
}
END_TEST

START_TEST(layers_have_their_thickness)
{
    /* along z: five pages of am, seven of pore, three of cbd, and again */
    labels l = labels_make((vly_extent){4, 3, 45}, VLY_AM, 1e-6, 2e-6, 0.5e-6);
    for (int32_t i = 0; i < 4 * 3 * 45; i++) {
        int32_t z = i / 12 % 15;
        l.voxel[i] = z < 5 ? VLY_AM : z < 12 ? VLY_PORE : VLY_CBD;
    }
    vly_device *device = test_device(2, 0);
    vly_chords_result r;
    ck_assert_int_eq(vly_chord_lengths(&r, device, l.source, (vly_box){0}), VLY_OK);
    ck_assert(r.along[2][VLY_AM].whole == 24 && r.along[2][VLY_AM].truncated == 12);
    ck_assert(r.along[2][VLY_CBD].whole == 24 && r.along[2][VLY_PORE].whole == 36);
    ck_assert(fabs(r.along[2][VLY_AM].mean - 2.5e-6) < 1e-18 && fabs(r.along[2][VLY_PORE].mean - 3.5e-6) < 1e-18);
    ck_assert(fabs(r.along[2][VLY_CBD].mean - 1.5e-6) < 1e-18);
    ck_assert(r.along[0][VLY_AM].whole == 0 && isnan(r.along[0][VLY_AM].mean));
    ck_assert(r.along[0][VLY_AM].truncated == 15 * 3 && r.along[1][VLY_PORE].truncated == 21 * 4);
    vly_source *bare;
    ck_assert_int_eq(vly_source_memory(&bare, l.voxel, VLY_U8, l.e, NULL), VLY_OK);
    test_fails(vly_chord_lengths(&r, device, bare, (vly_box){0}), VLY_EDATA, "voxel size");
    vly_source_close(bare);
    labels_free(&l);
    vly_device_close(device);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("chords");
    TEST_CASE(suite, every_run_is_counted_once_for_any_window_threads_and_limit);
    TEST_CASE(suite, layers_have_their_thickness);
    return test_run(suite);
}
