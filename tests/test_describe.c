/* Every descriptor in one call: the same numbers as one by one, cut-outs, and volumes that some descriptors cannot do. */
#include "labels.h"

#include "voxelyte/describe.h"

#include <math.h>

static vly_device *device; /* of the running test */

static vly_description describe(const labels *l, const vly_describe_options *options)
{
    vly_description d;
    vly_status status = vly_describe(&d, device, l->source, options);
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
    return d;
}

static void check_box(vly_box b, int32_t x0, int32_t x1, int32_t y0, int32_t y1, int32_t z0, int32_t z1)
{
    ck_assert_msg(b.x0 == x0 && b.x1 == x1 && b.y0 == y0 && b.y1 == y1 && b.z0 == z0 && b.z1 == z1, "%d:%d,%d:%d,%d:%d",
                  b.x0, b.x1, b.y0, b.y1, b.z0, b.z1);
}

static void check_cutout(const vly_cutout *c, const labels *l)
{
    vly_surface_result surface;
    const vly_surface_options of_surface = VLY_SURFACE_OPTIONS_INIT;
    vly_two_point_result pairs;
    const vly_two_point_options of_pairs = VLY_TWO_POINT_OPTIONS_INIT;
    ck_assert_int_eq(vly_surface(&surface, device, l->source, &of_surface), VLY_OK);
    ck_assert_int_eq(vly_two_point(&pairs, device, l->source, &of_pairs), VLY_OK);
    ck_assert_mem_eq(c->surface.configurations, surface.configurations, sizeof surface.configurations);
    ck_assert_mem_eq(c->surface.interface, surface.interface, sizeof surface.interface);
    ck_assert_mem_eq(c->two_point.voxels, pairs.voxels, sizeof pairs.voxels);
    ck_assert_mem_eq(c->two_point.curve, pairs.curve, (size_t)(pairs.reach + 1) * sizeof *pairs.curve);
    vly_two_point_free(&pairs);
    for (int p = 0; p < VLY_PHASES; p++) {
        vly_granulometry sizes;
        vly_granulometry_options of_sizes = VLY_GRANULOMETRY_OPTIONS_INIT;
        vly_geodesic_result paths;
        vly_geodesic_options of_paths = VLY_GEODESIC_OPTIONS_INIT;
        of_sizes.phases = of_paths.phases = 1u << p;
        of_sizes.voxel = vly_source_info(l->source)->voxel_size;
        ck_assert_int_eq(vly_granulometry_measure(&sizes, device, l->source, &of_sizes), VLY_OK);
        ck_assert_int_eq(vly_geodesic(&paths, device, l->source, &of_paths), VLY_OK);
        ck_assert_mem_eq(c->sizes[p].curve.square, sizes.curve.square, sizeof sizes.curve.square);
        for (int i = 0; i < VLY_INLETS; i++)
            ck_assert_mem_eq(c->sizes[p].intrusion[i].curve.square, sizes.intrusion[i].curve.square,
                             sizeof sizes.curve.square);
        ck_assert_int_eq(c->geodesic[p].reached_voxels, paths.reached_voxels);
        ck_assert_int_eq(c->geodesic[p].bins, paths.bins);
        ck_assert_double_eq(paths.bins ? c->geodesic[p].mean : 1, paths.bins ? paths.mean : 1);
        ck_assert_int_eq(c->connected_26[p].voxels, c->profile.counts[p]);
        ck_assert_int_ge(c->connected_6[p].components, c->connected_26[p].components);
        vly_granulometry_free(&sizes);
        vly_geodesic_free(&paths);
    }
}

START_TEST(the_whole_gives_what_each_descriptor_gives_alone)
{
    device = test_device(2, 0);
    labels l = labels_random((vly_extent){17, 14, 12}, 5, 0);
    const vly_describe_options options = VLY_DESCRIBE_OPTIONS_INIT;
    vly_description d = describe(&l, &options);
    ck_assert_int_eq(d.count, 1);
    check_box(d.cutouts[0].window, 0, 17, 0, 14, 0, 12);
    check_cutout(&d.cutouts[0], &l);
    vly_description_free(&d);
    labels_free(&l);
    vly_device_close(device);
}
END_TEST

/* Of 20 x 14 voxels three squares of 7 fit (two by two); 8 would leave room for two. */
START_TEST(cut_outs_are_the_largest_squares_in_rows)
{
    device = test_device(2, 0);
    labels l = labels_random((vly_extent){20, 14, 5}, 6, 0);
    vly_describe_options options = VLY_DESCRIBE_OPTIONS_INIT;
    options.cutouts = 3;
    options.quantities = 0;
    vly_description d = describe(&l, &options);
    ck_assert_int_eq(d.count, 3);
    check_box(d.cutouts[0].window, 0, 7, 0, 7, 0, 5);
    check_box(d.cutouts[1].window, 7, 14, 0, 7, 0, 5);
    check_box(d.cutouts[2].window, 0, 7, 7, 14, 0, 5);
    vly_description_free(&d);
    options.window = (vly_box){2, 20, 1, 14, 0, 5}; /* 18 x 13 beside x, 13 x 5 across it */
    options.through.axis = 0;
    options.cutouts = 2;
    d = describe(&l, &options);
    check_box(d.cutouts[0].window, 2, 20, 1, 6, 0, 5);
    check_box(d.cutouts[1].window, 2, 20, 6, 11, 0, 5);
    vly_description_free(&d);
    options.cutouts = 13;
    ck_assert_int_eq(vly_describe(&d, device, l.source, &options), VLY_EUSAGE);
    vly_description_free(&d);
    labels_free(&l);
    vly_device_close(device);
}
END_TEST

START_TEST(a_cut_out_is_described_as_a_volume_of_its_own)
{
    device = test_device(2, 0);
    labels l = labels_random((vly_extent){16, 8, 6}, 7, 0), half = labels_make((vly_extent){8, 8, 6}, 0, 1, 1, 1);
    vly_describe_options options = VLY_DESCRIBE_OPTIONS_INIT;
    options.cutouts = 2;
    vly_description d = describe(&l, &options);
    for (int32_t i = 0; i < 2; i++) {
        for (int32_t z = 0; z < 6; z++)
            for (int32_t y = 0; y < 8; y++) memcpy(label_at(&half, 0, y, z), label_at(&l, 8 * i, y, z), 8);
        check_cutout(&d.cutouts[i], &half);
    }
    vly_description_free(&d);
    labels_free(&half);
    labels_free(&l);
    vly_device_close(device);
}
END_TEST

START_TEST(intrusion_takes_the_sizes_along)
{
    device = test_device(2, 0);
    labels l = labels_random((vly_extent){8, 8, 8}, 8, 0);
    vly_describe_options options = VLY_DESCRIBE_OPTIONS_INIT;
    options.quantities = 1u << VLY_QUANTITY_INTRUSION;
    vly_description d = describe(&l, &options);
    ck_assert_uint_eq(d.quantities, 1u << VLY_QUANTITY_INTRUSION | 1u << VLY_QUANTITY_SIZES);
    ck_assert_int_gt(d.cutouts[0].sizes[VLY_AM].curve.count, 0);
    ck_assert_int_eq(d.cutouts[0].surface.cells, 0);
    vly_description_free(&d);
    labels_free(&l);
    vly_device_close(device);
}
END_TEST

static void check_reasons(const labels *l, uint32_t without)
{
    const vly_describe_options options = VLY_DESCRIBE_OPTIONS_INIT;
    vly_description d = describe(l, &options);
    for (int q = 0; q < VLY_QUANTITIES; q++)
        ck_assert_msg((d.cutouts[0].reason[q] != NULL) == (without >> q & 1), "%s: %s",
                      vly_quantity_name((vly_quantity)q), d.cutouts[0].reason[q] ? d.cutouts[0].reason[q] : "measured");
    vly_description_free(&d);
}

START_TEST(what_cannot_be_measured_has_a_reason)
{
    device = test_device(2, 0);
    const uint32_t surface = 1u << VLY_QUANTITY_SURFACE, paths = 1u << VLY_QUANTITY_TORTUOSITY,
                   sizes = 1u << VLY_QUANTITY_SIZES | 1u << VLY_QUANTITY_INTRUSION,
                   pairs = 1u << VLY_QUANTITY_TWO_POINT;
    labels page = labels_random((vly_extent){9, 9, 1}, 1, 0), holes = labels_random((vly_extent){9, 9, 9}, 1, 50);
    labels flat = labels_make((vly_extent){6, 6, 6}, VLY_AM, 1e-6, 1e-6, 2e-6);
    labels one = labels_make((vly_extent){1, 1, 1}, VLY_PORE, 1e-6, 1e-6, 1e-6);
    check_reasons(&page, surface);
    check_reasons(&holes, sizes | paths);
    check_reasons(&flat, paths | pairs);
    check_reasons(&one, surface);
    labels_free(&page);
    labels_free(&holes);
    labels_free(&flat);
    labels_free(&one);
    vly_device_close(device);
}
END_TEST

START_TEST(a_volume_without_a_voxel_size_is_refused)
{
    device = test_device(2, 0);
    static const uint8_t voxels[27];
    vly_source *source;
    vly_description d;
    const vly_describe_options options = VLY_DESCRIBE_OPTIONS_INIT;
    const vly_voxel_size none = {.verdict = VLY_SIZE_MISSING};
    ck_assert_int_eq(vly_source_memory(&source, voxels, VLY_U8, (vly_extent){3, 3, 3}, &none), VLY_OK);
    ck_assert_int_eq(vly_describe(&d, device, source, &options), VLY_EDATA);
    ck_assert_ptr_nonnull(strstr(vly_error_message(), "voxel size"));
    vly_description_free(&d);
    vly_source_close(source);
    vly_device_close(device);
}
END_TEST

/* 80^3 voxels take 5.9 MiB for their sizes at least (three maps of 4 bytes), more than the limit of 4 MiB. */
START_TEST(what_does_not_fit_stops_before_the_work_and_the_rest_streams)
{
    device = test_device(2, 0);
    if (test_emulated()) return vly_device_close(device);
    labels l = labels_random((vly_extent){80, 80, 80}, 3, 0);
    const uint32_t streaming = 1u << VLY_QUANTITY_SURFACE;
    vly_describe_options options = VLY_DESCRIBE_OPTIONS_INIT;
    vly_description whole, cut;
    options.quantities = streaming;
    whole = describe(&l, &options);
    vly_device *small = test_device(2, vly_memory_held() + (4 << 20));
    ck_assert_msg(vly_describe(&cut, small, l.source, &options) == VLY_OK, "%s", vly_error_message());
    ck_assert_mem_eq(cut.cutouts[0].surface.configurations, whole.cutouts[0].surface.configurations,
                     sizeof whole.cutouts[0].surface.configurations);
    ck_assert_mem_eq(cut.cutouts[0].profile.slice_counts, whole.cutouts[0].profile.slice_counts,
                     sizeof(int64_t) * 80 * VLY_PHASES);
    vly_description_free(&cut);
    options.quantities = VLY_QUANTITIES_ALL;
    ck_assert_int_eq(vly_describe(&cut, small, l.source, &options), VLY_EMEMORY);
    ck_assert_ptr_nonnull(strstr(vly_error_message(), "sizes"));
    vly_description_free(&cut);
    vly_description_free(&whole);
    vly_device_close(small);
    labels_free(&l);
    vly_device_close(device);
}
END_TEST

/* From the one that takes least to the one that takes most: the peak is of all so far. What is held beside is not ours:
 * 64 KiB are allowed for it. */
START_TEST(what_the_plan_says_is_what_is_held)
{
    static const vly_quantity order[] = {VLY_QUANTITY_SURFACE, VLY_QUANTITY_TORTUOSITY, VLY_QUANTITY_CONNECTIVITY,
                                         VLY_QUANTITY_INTRUSION, VLY_QUANTITY_TWO_POINT};
    device = test_device(2, 0);
    if (test_emulated()) return vly_device_close(device);                  /* its memory is not ours to count */
    labels l = labels_make((vly_extent){70, 60, 64}, 0, 1e-6, 1e-6, 1e-6); /* blocks: few components to list */
    for (int64_t i = 0; i < vly_extent_voxels(l.e); i++)
        l.voxel[i] =
            (uint8_t)(vly_hash((uint64_t)(i % 70 / 5 + 100 * (i / 70 % 60 / 5) + 10000 * (i / 4200 / 5)), 3) % 3);
    const int64_t voxels = vly_extent_voxels(l.e), before = vly_memory_held();
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        vly_describe_need needs[VLY_QUANTITIES];
        vly_describe_options options = VLY_DESCRIBE_OPTIONS_INIT;
        vly_box window;
        options.quantities = 1u << order[i];
        ck_assert_int_eq(vly_describe_plan(needs, &window, device, l.source, &options), VLY_OK);
        vly_description d = describe(&l, &options);
        vly_description_free(&d);
        const int64_t need = needs[order[i]].host_bytes, held = vly_memory_peak() - before;
        ck_assert_msg(held <= need + (64 << 10) && need <= 24 * voxels, "%s: %lld of %lld bytes",
                      vly_quantity_name(order[i]), (long long)held, (long long)need);
    }
    labels_free(&l);
    vly_device_close(device);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("describe");
    TEST_CASE(suite, the_whole_gives_what_each_descriptor_gives_alone);
    TEST_CASE(suite, cut_outs_are_the_largest_squares_in_rows);
    TEST_CASE(suite, a_cut_out_is_described_as_a_volume_of_its_own);
    TEST_CASE(suite, intrusion_takes_the_sizes_along);
    TEST_CASE(suite, what_cannot_be_measured_has_a_reason);
    TEST_CASE(suite, a_volume_without_a_voxel_size_is_refused);
    TEST_CASE(suite, what_does_not_fit_stops_before_the_work_and_the_rest_streams);
    TEST_CASE(suite, what_the_plan_says_is_what_is_held);
    return test_run(suite);
}
