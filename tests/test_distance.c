/* Squared distances against trying every background voxel, and what the sums over real volumes are known to be. */
#include "size_maps.h"

#include "core/queue_cpu.h"

static const uint32_t wall_sets[] = {0, FACE_Z1, FACE_X0 | FACE_Y1, VLY_FACES_ALL};

typedef struct distance_case {
    const uint8_t *label;
    vly_extent e;
    vly_metric m;
    uint32_t walls;
    int32_t *expected, most;
} distance_case;

static void compare(vly_device *device, void *self)
{
    const distance_case *c = self;
    int32_t farthest, *got = run_distance(device, c->label, c->e, c->m, c->walls, &farthest);
    equal_i32(got, c->expected, vly_extent_voxels(c->e), "squared distance");
    ck_assert_int_eq(farthest, c->most);
    free(got);
}

/* Runs `work` with every instruction set that a CPU device has; once on other devices. */
static void for_each_isa(vly_device *device, void (*work)(vly_device *device, void *self), void *self)
{
    if (strcmp(vly_device_name(device), "cpu") != 0) {
        work(device, self);
        return;
    }
    vly_isa best = device->queue->isa;
    for (device->queue->isa = VLY_ISA_PLAIN; device->queue->isa <= best; device->queue->isa++) work(device, self);
    device->queue->isa = best;
}

static void try_one(vly_device *device, const uint8_t *label, vly_extent e, vly_metric m, uint32_t walls)
{
    distance_case c = {label, e, m, walls, oracle_distance(label, e, m, walls), 0};
    for (int64_t i = 0; i < vly_extent_voxels(e); i++) c.most = c.expected[i] > c.most ? c.expected[i] : c.most;
    for_each_isa(device, compare, &c);
    free(c.expected);
}

static void try_all(vly_device *device, const uint8_t *label, vly_extent e, vly_metric m)
{
    for (size_t w = 0; w < sizeof wall_sets / sizeof *wall_sets; w++) try_one(device, label, e, m, wall_sets[w]);
}

START_TEST(distances_equal_trying_every_voxel)
{
    const vly_extent extents[] = {{1, 1, 1}, {9, 1, 1}, {1, 9, 1}, {1, 1, 9}, {37, 11, 1}, {17, 13, 7}, {131, 5, 3}};
    vly_device *device = test_device(2, 0);
    for (size_t i = 0; i < sizeof extents / sizeof *extents; i++)
        for (int p = 1; p <= 9; p += 4) {
            uint8_t *label = volume_random(extents[i], 0.1 * p, 100 * i + (unsigned)p);
            try_all(device, label, extents[i], cubes);
            free(label);
        }
    vly_device_close(device);
}
END_TEST

START_TEST(blobs_in_a_box_have_the_distances_of_the_oracle)
{
    vly_extent e = test_small() ? (vly_extent){19, 14, 11} : (vly_extent){27, 22, 19};
    vly_device *device = test_device(2, 0);
    uint8_t *label = volume_blobs(e, 3, 3.3, 4);
    try_all(device, label, e, cubes);
    try_all(device, label, e, (vly_metric){5, 5, 12});
    try_all(device, label, e, (vly_metric){700, 3, 1});
    free(label);
    vly_device_close(device);
}
END_TEST

START_TEST(one_voxel_of_background_is_seen_from_everywhere)
{
    /* beyond 255 voxels, where 16 bits end, and just below */
    const vly_extent extents[] = {{253, 6, 5}, {6, 300, 2}, {3, 2, 520}, {700, 1, 1}};
    vly_device *device = test_device(2, 0);
    for (size_t i = 0; i < 4; i++)
        for (int corner = 0; corner < 2; corner++) {
            int64_t n = vly_extent_voxels(extents[i]);
            uint8_t *label = malloc((size_t)n);
            memset(label, 1, (size_t)n);
            label[corner ? 0 : n / 2] = 0;
            try_one(device, label, extents[i], cubes, 0);
            free(label);
        }
    vly_device_close(device);
}
END_TEST

START_TEST(where_nothing_bounds_the_phase_it_is_far)
{
    vly_extent e = {21, 5, 9};
    vly_device *device = test_device(2, 0);
    uint8_t *full = malloc(21 * 5 * 9), *none = calloc(21 * 5, 9);
    memset(full, 1, 21 * 5 * 9);
    try_all(device, full, e, cubes);
    try_all(device, none, e, cubes);
    free(full);
    free(none);
    vly_device_close(device);
}
END_TEST

START_TEST(a_set_of_phases_is_one_phase)
{
    enum { N = 9 * 8 * 7 };
    vly_extent e = {9, 8, 7};
    uint64_t state = 3;
    uint8_t label[N], one[N];
    const uint8_t values[4] = {VLY_PORE, VLY_AM, VLY_CBD, VLY_OUTSIDE};
    vly_device *device = test_device(1, 0);
    for (uint32_t set = 1; set < 16; set++) {
        for (int i = 0; i < N; i++) {
            int which = (int)(test_random(&state) % 4);
            label[i] = values[which];
            one[i] = set >> which & 1;
        }
        vly_buffer in = map_up(device, label, N), out = map_scratch(device, 4 * N), far = map_scratch(device, 4);
        vly_buffer scratch = map_scratch(device, device->kernels->distance_scratch_bytes(device->queue, e));
        ck_assert_int_eq(
            device->kernels->distance(device->queue, in.data, e, &cubes, set, 0, out.data, far.data, scratch.data),
            VLY_OK);
        int32_t *got = map_down(&out), *expected = oracle_distance(one, e, cubes, 0);
        equal_i32(got, expected, N, "squared distance of a set");
        free(got);
        free(expected);
        vly_buffer_free(&in);
        vly_buffer_free(&far);
        vly_buffer_free(&scratch);
    }
    vly_device_close(device);
}
END_TEST

/* ---- real volumes: sums and largest values computed by others (GOLDEN.json) ---- */

typedef struct golden {
    const char *file, *map;
    int64_t sum[VLY_PHASES];
    int32_t most[VLY_PHASES];
} golden;

static const golden goldens[] = {
    {"tldr-group_taufactor/electrode.tiff", "pore=0,am=85,cbd=170", {59835082, 111377648, 2776993}, {457, 286, 8}},
    {"NREL_MATBOX_Microstructure_analysis_toolbox/nmc-1-cal_generatedCBD_bridge.tif",
     "pore=0,am=1,cbd=2",
     {124688632, 220081994, 4047330},
     {342, 386, 17}},
    {"NREL_MATBOX_Microstructure_analysis_toolbox/Bi_layer.tif",
     "pore=0,am=1,cbd=2",
     {66123092, 23625631, 244467891},
     {233, 176, 640}},
};

static void check_golden(vly_device *device, const golden *g, const char *path)
{
    vly_source *file, *labels;
    vly_label_map map;
    ck_assert_int_eq(vly_label_map_parse(&map, g->map), VLY_OK);
    ck_assert_int_eq(vly_source_open(&file, path, NULL), VLY_OK);
    ck_assert_int_eq(vly_source_labels(&labels, file, &map), VLY_OK);
    int64_t n = vly_extent_voxels(vly_source_info(labels)->extent);
    int32_t *d2 = malloc((size_t)n * sizeof *d2);
    for (int p = 0; p < VLY_PHASES; p++) {
        vly_granulometry_options options = VLY_GRANULOMETRY_OPTIONS_INIT;
        options.phases = VLY_PHASE_BIT(p);
        ck_assert_msg(vly_granulometry_maps(d2, NULL, device, labels, &options) == VLY_OK, "%s", vly_error_message());
        int64_t sum = 0;
        int32_t most = 0;
        for (int64_t i = 0; i < n; i++) {
            sum += d2[i];
            most = d2[i] > most ? d2[i] : most;
        }
        ck_assert_int_eq(sum, g->sum[p]);
        ck_assert_int_eq(most, g->most[p]);
    }
    free(d2);
    vly_source_close(labels);
}

START_TEST(sums_over_real_volumes_are_those_known)
{
    if (test_emulated()) return;
    vly_device *device = test_device(2, 0);
    for (size_t i = 0; i < sizeof goldens / sizeof *goldens; i++) {
        const char *path = test_data(goldens[i].file);
        if (path) check_golden(device, &goldens[i], path);
    }
    vly_device_close(device);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("distance");
    TEST_CASE(suite, distances_equal_trying_every_voxel);
    TEST_CASE(suite, blobs_in_a_box_have_the_distances_of_the_oracle);
    TEST_CASE(suite, one_voxel_of_background_is_seen_from_everywhere);
    TEST_CASE(suite, where_nothing_bounds_the_phase_it_is_far);
    TEST_CASE(suite, a_set_of_phases_is_one_phase);
    TEST_CASE(suite, sums_over_real_volumes_are_those_known);
    return test_run(suite);
}
