/* Sizes of phases: order, symmetries, threads; what cannot be measured; memory and failures. */
#include "size_runs.h"

#include <stdio.h>

START_TEST(sizes_are_ordered_and_grow_with_the_phase)
{
    /* M4.1, M5.1, M5.5 */
    vly_extent e = test_small() ? (vly_extent){13, 9, 11} : (vly_extent){40, 37, 31};
    int64_t n = vly_extent_voxels(e);
    vly_device *device = test_device(2, 0);
    uint64_t state = 77;
    for (int p = 3; p <= 9; p += 2) {
        uint8_t *label = volume_random(e, 0.1 * p, (unsigned)p);
        int32_t farthest, *d2 = run_distance(device, label, e, cubes, 0, &farthest);
        int32_t *width2 = run_bottleneck(device, d2, e, FACE_Z0);
        int32_t *thick = run_cover(device, d2, d2, e, cubes), *reached = run_cover(device, d2, width2, e, cubes);
        for (int64_t i = 0; i < n; i++)
            if (thick[i] < d2[i] || (label[i] == 1) != (thick[i] > 0) || width2[i] > d2[i] || reached[i] > thick[i])
                ck_abort_msg("voxel %lld: D2 %d, thickness %d, width %d, reached %d", (long long)i, d2[i], thick[i],
                             width2[i], reached[i]);
        for (int64_t k = 0; k < n / 50; k++) label[test_random(&state) % (uint64_t)n] = 1;
        int32_t *larger = run_distance(device, label, e, cubes, 0, &farthest);
        int32_t *wider = run_bottleneck(device, larger, e, FACE_Z0);
        for (int64_t i = 0; i < n; i++)
            if (larger[i] < d2[i] || wider[i] < width2[i]) ck_abort_msg("voxel %lld has shrunk", (long long)i);
        int32_t *all[] = {d2, width2, thick, reached, larger, wider};
        for (int k = 0; k < 6; k++) free(all[k]);
        free(label);
    }
    vly_device_close(device);
}
END_TEST

START_TEST(parts_behind_a_wall_do_not_see_each_other)
{
    /* M4.3 */
    vly_extent half = {15, 12, 9}, e = {15, 12, 18};
    int64_t n = vly_extent_voxels(half), page = 15 * 12;
    vly_device *device = test_device(2, 0);
    uint8_t *label = volume_random(e, 0.8, 31);
    memset(label + n - page, 0, (size_t)(2 * page)); /* the last page of the first half, the first of the second one */
    vly_granulometry_options options = options_of(VLY_PHASE_BIT(VLY_AM));
    maps all = map(device, label, e, &options), first = map(device, label, half, &options);
    maps second = map(device, label + n, half, &options);
    equal_i32(all.thick, first.thick, n, "first half");
    equal_i32(all.thick + n, second.thick, n, "second half");
    drop(&all);
    drop(&first);
    drop(&second);
    free(label);
    vly_device_close(device);
}
END_TEST

/* Axis `order[k]` of the turned volume is axis k of the first one, reversed where bit k of `flips` says so. */
static int64_t turned_index(vly_extent e, vly_extent turned, const int order[3], int flips, int64_t i)
{
    const int32_t n[3] = {e.nx, e.ny, e.nz};
    int32_t at[3] = {(int32_t)(i % e.nx), (int32_t)(i / e.nx % e.ny), (int32_t)(i / e.nx / e.ny)}, to[3];
    for (int k = 0; k < 3; k++) to[order[k]] = flips >> k & 1 ? n[k] - 1 - at[k] : at[k];
    return vly_at(turned, to[0], to[1], to[2]);
}

static void same_curve(const vly_size_curve *a, const vly_size_curve *b)
{
    ck_assert_int_eq(a->count, b->count);
    ck_assert_mem_eq(a->share, b->share, sizeof *a->share * (size_t)a->count);
    ck_assert_mem_eq(a->radius, b->radius, sizeof *a->radius * (size_t)a->count);
    ck_assert_mem_eq(a->step, b->step, sizeof a->step);
    ck_assert_mem_eq(a->interpolated, b->interpolated, sizeof a->interpolated);
}

static void try_turn(vly_device *device, const uint8_t *label, vly_extent e, const maps *m, const vly_granulometry *g,
                     const int order[3], int flips)
{
    int32_t n[3];
    int64_t voxels = vly_extent_voxels(e);
    n[order[0]] = e.nx, n[order[1]] = e.ny, n[order[2]] = e.nz;
    vly_extent turned = {n[0], n[1], n[2]};
    uint8_t *other = malloc((size_t)voxels);
    int32_t *back = malloc((size_t)voxels * 4);
    for (int64_t i = 0; i < voxels; i++) other[turned_index(e, turned, order, flips, i)] = label[i];
    vly_granulometry_options options = options_of(VLY_PHASE_BIT(VLY_AM));
    options.through = order[2];
    options.separator_high = (flips >> 2 & 1) != 0;
    maps t = map(device, other, turned, &options);
    for (int64_t i = 0; i < voxels; i++) back[i] = t.d2[turned_index(e, turned, order, flips, i)];
    equal_i32(back, m->d2, voxels, "turned distance");
    for (int64_t i = 0; i < voxels; i++) back[i] = t.thick[turned_index(e, turned, order, flips, i)];
    equal_i32(back, m->thick, voxels, "turned thickness");
    vly_granulometry h = measure(device, other, turned, &options);
    same_curve(&h.curve, &g->curve);
    same_curve(&h.intrusion[VLY_INLET_SEPARATOR].curve, &g->intrusion[VLY_INLET_SEPARATOR].curve);
    same_curve(&h.intrusion[VLY_INLET_COLLECTOR].curve, &g->intrusion[VLY_INLET_COLLECTOR].curve);
    vly_granulometry_free(&h);
    drop(&t);
    free(back);
    free(other);
}

START_TEST(turned_and_mirrored_windows_have_turned_and_mirrored_sizes)
{
    /* M4.6, M5.6, 9.5: all 48, the through axis turning along */
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    vly_extent e = test_small() ? (vly_extent){9, 7, 6} : (vly_extent){23, 17, 14};
    vly_device *device = test_device(2, 0);
    uint8_t *label = volume_blobs(e, 12, 0.2 * e.nx, 8);
    vly_granulometry_options options = options_of(VLY_PHASE_BIT(VLY_AM));
    maps m = map(device, label, e, &options);
    vly_granulometry g = measure(device, label, e, &options);
    for (int o = 0; o < 6; o++)
        for (int flips = 0; flips < 8; flips += test_small() ? 3 : 1)
            try_turn(device, label, e, &m, &g, orders[o], flips);
    vly_granulometry_free(&g);
    drop(&m);
    free(label);
    vly_device_close(device);
}
END_TEST

START_TEST(threads_change_nothing)
{
    vly_extent e = test_small() ? (vly_extent){17, 9, 8} : (vly_extent){83, 61, 47};
    uint8_t *label = volume_blobs(e, 20, 0.12 * e.nx, 2);
    vly_granulometry_options options = options_of(VLY_PHASE_BIT(VLY_AM));
    vly_device *one = test_device(1, 0);
    maps m = map(one, label, e, &options);
    vly_granulometry g = measure(one, label, e, &options);
    for (int32_t threads = 2; threads <= 7; threads += 5) {
        vly_device *device = test_device(threads, 0);
        maps t = map(device, label, e, &options);
        equal_i32(t.d2, m.d2, vly_extent_voxels(e), "distance");
        equal_i32(t.thick, m.thick, vly_extent_voxels(e), "thickness");
        vly_granulometry h = measure(device, label, e, &options);
        same_curve(&h.curve, &g.curve);
        for (int side = 0; side < 2; side++) same_curve(&h.intrusion[side].curve, &g.intrusion[side].curve);
        vly_granulometry_free(&h);
        drop(&t);
        vly_device_close(device);
    }
    vly_granulometry_free(&g);
    drop(&m);
    free(label);
    vly_device_close(one);
}
END_TEST

/* ---- what cannot be measured, and what is not ours to measure ---- */

START_TEST(a_phase_that_is_absent_or_unbounded_says_so)
{
    const vly_extent extents[] = {{1, 1, 1}, {7, 5, 1}, {3, 3, 7}};
    vly_device *device = test_device(2, 0);
    for (int i = 0; i < 3; i++) {
        int64_t n = vly_extent_voxels(extents[i]);
        uint8_t *label = calloc((size_t)n, 1);
        vly_granulometry_options options = options_of(VLY_PHASE_BIT(VLY_AM) | VLY_PHASE_BIT(VLY_CBD));
        vly_granulometry g = measure(device, label, extents[i], &options);
        ck_assert_int_eq(g.state, VLY_SIZE_ABSENT);
        ck_assert(g.curve.voxels == 0 && g.curve.step[VLY_SIZE_MEDIAN] == 0.0 && g.curve.count == 0);
        ck_assert_int_eq(g.intrusion[VLY_INLET_COLLECTOR].state, VLY_SIZE_ABSENT);
        vly_granulometry_free(&g);
        options.phases = VLY_PHASE_BIT(VLY_PORE);
        g = measure(device, label, extents[i], &options);
        ck_assert_int_eq(g.state, VLY_SIZE_UNBOUNDED);
        ck_assert(g.curve.voxels == n && isinf(g.curve.step[VLY_SIZE_MEDIAN]) && isinf(g.curve.mean));
        ck_assert_int_eq(g.intrusion[VLY_INLET_SEPARATOR].state, VLY_SIZE_UNBOUNDED);
        vly_granulometry_free(&g);
        maps m = map(device, label, extents[i], &options);
        ck_assert_int_eq(m.d2[n - 1], INT32_MAX);
        ck_assert_int_eq(m.thick[0], INT32_MAX);
        drop(&m);
        free(label);
    }
    ck_assert_str_eq(vly_size_state_text(VLY_SIZE_ABSENT), "the phase is absent");
    vly_device_close(device);
}
END_TEST

START_TEST(a_solid_collector_bounds_what_nothing_else_does)
{
    vly_extent e = {3, 4, 7};
    uint8_t label[3 * 4 * 7] = {0};
    vly_device *device = test_device(1, 0);
    vly_granulometry_options options = options_of(VLY_PHASE_BIT(VLY_PORE));
    options.collector_solid = true;
    maps m = map(device, label, e, &options);
    for (int64_t i = 0; i < 84; i++) ck_assert_int_eq(m.d2[i], (7 - i / 12) * (7 - i / 12));
    drop(&m);
    options.separator_high = true; /* now the collector is at page 0 */
    m = map(device, label, e, &options);
    for (int64_t i = 0; i < 84; i++) ck_assert_int_eq(m.d2[i], (i / 12 + 1) * (i / 12 + 1));
    drop(&m);
    vly_granulometry g = measure(device, label, e, &options);
    ck_assert_int_eq(g.state, VLY_SIZE_MEASURED);
    ck_assert_int_eq(g.curve.square[VLY_SIZE_MEDIAN], 49); /* the largest ball reaches the wall */
    vly_granulometry_free(&g);
    vly_device_close(device);
}
END_TEST

START_TEST(an_inlet_the_phase_does_not_touch_lets_nothing_in)
{
    /* M5.7 */
    vly_extent e = {6, 5, 9};
    vly_device *device = test_device(1, 0);
    uint8_t *label = volume_random(e, 0.7, 5);
    memset(label, 0, 30);
    vly_granulometry_options options = options_of(VLY_PHASE_BIT(VLY_AM));
    vly_granulometry g = measure(device, label, e, &options);
    const vly_intrusion *closed = &g.intrusion[VLY_INLET_SEPARATOR];
    ck_assert_int_eq(closed->state, VLY_SIZE_CLOSED);
    ck_assert(closed->curve.reached == 0 && closed->curve.count == 0 && closed->curve.step[VLY_SIZE_MEDIAN] == 0.0);
    ck_assert(closed->curve.interpolated[VLY_SIZE_MEDIAN] == 0.0 && closed->constrictivity == 0.0);
    ck_assert_int_eq(g.intrusion[VLY_INLET_COLLECTOR].state, VLY_SIZE_MEASURED);
    ck_assert_int_eq(g.intrusion[VLY_INLET_BOTH].curve.voxels, 0); /* not asked for */
    vly_granulometry_free(&g);
    free(label);
    vly_device_close(device);
}
END_TEST

static vly_status try_measure(vly_device *device, const uint8_t *label, vly_extent e,
                              const vly_granulometry_options *options)
{
    vly_granulometry g;
    vly_source *source;
    vly_status status = vly_source_memory(&source, label, VLY_U8, e, NULL);
    if (status != VLY_OK) return status;
    status = vly_granulometry_measure(&g, device, source, options);
    vly_granulometry_free(&g);
    vly_source_close(source);
    return status;
}

START_TEST(voxels_outside_the_region_are_refused_or_taken_for_the_phase)
{
    vly_extent e = {9, 8, 7};
    vly_device *device = test_device(1, 0);
    uint8_t *label = volume_random(e, 0.6, 4), *filled = malloc(9 * 8 * 7);
    for (int i = 0; i < 504; i += 31) label[i] = VLY_OUTSIDE;
    for (int i = 0; i < 504; i++) filled[i] = label[i] == VLY_OUTSIDE ? 1 : label[i];
    vly_granulometry_options options = options_of(VLY_PHASE_BIT(VLY_AM));
    test_fails(try_measure(device, label, e, &options), VLY_EDATA, "17 voxels lie outside");
    test_fails(try_measure(device, label, e, &options), VLY_EDATA, "E_ROI");
    options.phases |= VLY_OUTSIDE_BIT;
    maps got = map(device, label, e, &options), expected = map(device, filled, e, &options);
    equal_i32(got.thick, expected.thick, 504, "thickness");
    drop(&got);
    drop(&expected);
    options.phases = 0;
    test_fails(try_measure(device, filled, e, &options), VLY_EUSAGE, "phases");
    options = options_of(VLY_PHASE_BIT(VLY_AM));
    options.through = 3;
    test_fails(try_measure(device, filled, e, &options), VLY_EUSAGE, "axis 3");
    free(label);
    free(filled);
    vly_device_close(device);
}
END_TEST

START_TEST(memory_is_asked_for_beforehand_and_kept_to)
{
    vly_extent e = test_small() ? (vly_extent){32, 32, 32} : (vly_extent){96, 96, 96};
    int64_t n = vly_extent_voxels(e);
    vly_device *device = test_device(2, 0);
    uint8_t *label = volume_random(e, 0.5, 4);
    vly_granulometry_options options = options_of(VLY_PHASE_BIT(VLY_AM));
    int64_t bytes = vly_granulometry_bytes(device, e), before = vly_memory_held();
    ck_assert(bytes > 9 * n);
    ck_assert(vly_granulometry_bytes(device, (vly_extent){400, 400, 400}) <= 24 * INT64_C(64000000));
    ck_assert_int_eq(try_measure(device, label, e, &options), VLY_OK);
    ck_assert_int_eq(vly_memory_held(), before);
    if (device->unified) ck_assert(vly_memory_peak() - before <= bytes + (1 << 16)); /* and small tables */
    vly_device_close(device);

    device = test_device(2, 0);
    *(device->unified ? &device->memory_limit : &device->device_memory_limit) = bytes - 1;
    test_fails(try_measure(device, label, e, &options), VLY_EMEMORY, "memory limit");
    vly_device_close(device);
    free(label);
}
END_TEST

typedef struct attempt {
    vly_device *device;
    uint8_t *label;
    vly_extent e;
    vly_granulometry_options options;
} attempt;

static vly_status measure_once(void *self)
{
    const attempt *a = self;
    return try_measure(a->device, a->label, a->e, &a->options);
}

START_TEST(every_failure_is_told_and_leaves_nothing_behind)
{
    attempt a = {.device = test_device(1, 0), .e = {9, 8, 7}, .options = options_of(VLY_PHASE_BIT(VLY_AM))};
    a.label = volume_random(a.e, 0.6, 4);
    a.options.minus = true;
    ck_assert_int_gt(test_every_fault("alloc", measure_once, &a), 5);
    ck_assert_int_gt(test_every_fault("device", measure_once, &a), 5);
    vly_device_close(a.device);
    free(a.label);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("granulometry laws");
    TEST_CASE(suite, sizes_are_ordered_and_grow_with_the_phase);
    TEST_CASE(suite, parts_behind_a_wall_do_not_see_each_other);
    TEST_CASE(suite, turned_and_mirrored_windows_have_turned_and_mirrored_sizes);
    TEST_CASE(suite, threads_change_nothing);
    TEST_CASE(suite, a_phase_that_is_absent_or_unbounded_says_so);
    TEST_CASE(suite, a_solid_collector_bounds_what_nothing_else_does);
    TEST_CASE(suite, an_inlet_the_phase_does_not_touch_lets_nothing_in);
    TEST_CASE(suite, voxels_outside_the_region_are_refused_or_taken_for_the_phase);
    TEST_CASE(suite, memory_is_asked_for_beforehand_and_kept_to);
    TEST_CASE(suite, every_failure_is_told_and_leaves_nothing_behind);
    return test_run(suite);
}
