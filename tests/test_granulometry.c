/* Sizes of phases: closed forms and exact regressions of the specification (segmentation spec T9, morphology spec M4, M5, 9),
 * symmetries, and what cannot be measured. */
#include "size_maps.h"

#include <math.h>

static vly_granulometry_options options_of(uint32_t phases)
{
    vly_granulometry_options options = VLY_GRANULOMETRY_OPTIONS_INIT;
    options.phases = phases;
    return options;
}

static vly_granulometry measure(vly_device *device, const uint8_t *label, vly_extent e,
                                const vly_granulometry_options *options)
{
    vly_granulometry g;
    vly_source *source;
    ck_assert_int_eq(vly_source_memory(&source, label, VLY_U8, e, NULL), VLY_OK);
    ck_assert_msg(vly_granulometry_measure(&g, device, source, options) == VLY_OK, "%s", vly_error_message());
    vly_source_close(source);
    return g;
}

/* Voxels of exactly that squared size. */
static int64_t having(const vly_size_curve *c, int32_t square)
{
    for (int32_t i = 0; i < c->count; i++)
        if (c->radius[i] == sqrt(square)) {
            double above = i + 1 < c->count ? c->share[i + 1] : 0.0;
            return (int64_t)lround((c->share[i] - above) * (double)c->voxels);
        }
    return 0;
}

/* Labels of f(x, y, z) != 0. */
static uint8_t *volume_of(vly_extent e, bool (*f)(int32_t x, int32_t y, int32_t z))
{
    uint8_t *label = malloc((size_t)vly_extent_voxels(e));
    for (int32_t z = 0; z < e.nz; z++)
        for (int32_t y = 0; y < e.ny; y++)
            for (int32_t x = 0; x < e.nx; x++) label[vly_at(e, x, y, z)] = f(x, y, z);
    return label;
}

/* ---- closed forms ---- */

START_TEST(a_slit_has_half_its_width_rounded_up)
{
    /* T9.1; M5.2: as wide from the inlet, so constrictivity 1 */
    vly_device *device = test_device(2, 0);
    for (int32_t width = 1; width <= 9; width++) {
        vly_extent e = {5, width + 4, 6};
        uint8_t *label = calloc((size_t)vly_extent_voxels(e), 1);
        for (int64_t i = 0; i < vly_extent_voxels(e); i++) {
            int64_t y = i / e.nx % e.ny;
            label[i] = y >= 2 && y < 2 + width;
        }
        vly_granulometry_options options = options_of(VLY_PHASE_BIT(VLY_AM));
        vly_granulometry g = measure(device, label, e, &options);
        ck_assert_int_eq(g.curve.count, 1);
        ck_assert(g.curve.radius[0] == (width + 1) / 2 && g.curve.share[0] == 1.0);
        ck_assert(g.curve.step[VLY_SIZE_MEDIAN] == (width + 1) / 2 && g.curve.mean == (width + 1) / 2);
        ck_assert(g.resolution_limited == (width < 3));
        for (int side = 0; side < 2; side++) {
            ck_assert(g.intrusion[side].constrictivity == 1.0);
            ck_assert(g.intrusion[side].curve.step[VLY_SIZE_MEDIAN] == (width + 1) / 2);
        }
        vly_granulometry_free(&g);
        free(label);
    }
    vly_device_close(device);
}
END_TEST

START_TEST(a_digital_ball_has_the_next_sum_of_three_squares)
{
    /* T9.2; M5.4: nothing gets in */
    static const struct {
        int32_t radius2, size2, voxels;
    } balls[] = {{9, 10, 123}, {25, 26, 515}, {100, 101, 4169}};
    vly_device *device = test_device(2, 0);
    for (int b = 0; b < (test_emulated() ? 2 : 3); b++) {
        int32_t half = (int32_t)sqrt(balls[b].radius2) + 2, side = 2 * half + 1;
        vly_extent e = {side, side, side};
        uint8_t *label = malloc((size_t)vly_extent_voxels(e));
        for (int64_t i = 0; i < vly_extent_voxels(e); i++)
            label[i] = square_between(cubes, e, i, vly_extent_voxels(e) / 2) <= balls[b].radius2;
        vly_granulometry_options options = options_of(VLY_PHASE_BIT(VLY_AM));
        vly_granulometry g = measure(device, label, e, &options);
        ck_assert_int_eq(g.curve.voxels, balls[b].voxels);
        ck_assert_int_eq(g.curve.count, 1);
        ck_assert_int_eq(g.curve.square[VLY_SIZE_MEDIAN], balls[b].size2);
        ck_assert_int_eq(g.intrusion[VLY_INLET_SEPARATOR].state, VLY_SIZE_CLOSED);
        ck_assert_int_eq(g.intrusion[VLY_INLET_SEPARATOR].curve.reached, 0);
        ck_assert(g.intrusion[VLY_INLET_SEPARATOR].constrictivity == 0.0);
        vly_granulometry_free(&g);
        free(label);
    }
    vly_device_close(device);
}
END_TEST

/* M5.3: 60 pages with a neck for z < 20, extended by copies of the end pages so that distances do not see the faces; what
 * counts is the middle. Distances along a prism do not depend on how far it goes on, so a phase that reaches the face is
 * the same as one that goes on: the window's faces limit nothing. */
static bool neck_and_chamber(int32_t x, int32_t y, int32_t z)
{
    (void)x;
    return abs(y - 10) <= (z < 20 ? 2 : 5);
}

START_TEST(a_neck_before_a_chamber_is_what_intrusion_sees)
{
    const int32_t squares[6] = {9, 10, 16, 18, 34, 36}, voxels[6] = {819, 27, 18, 27, 63, 3906};
    vly_extent e = {9, 21, 60};
    vly_device *device = test_device(2, 0);
    uint8_t *label = volume_of(e, neck_and_chamber);
    vly_granulometry_options options = options_of(VLY_PHASE_BIT(VLY_AM));
    vly_granulometry g = measure(device, label, e, &options);
    ck_assert_int_eq(g.curve.voxels, 4860);
    ck_assert_int_eq(g.curve.count, 6);
    for (int i = 0; i < 6; i++) ck_assert_int_eq(having(&g.curve, squares[i]), voxels[i]);
    const vly_intrusion *separator = &g.intrusion[VLY_INLET_SEPARATOR], *collector = &g.intrusion[VLY_INLET_COLLECTOR];
    ck_assert_int_eq(having(&separator->curve, 9), 4860);
    ck_assert(g.curve.step[VLY_SIZE_MEDIAN] == 6.0 && separator->curve.step[VLY_SIZE_MEDIAN] == 3.0);
    ck_assert(separator->constrictivity == 0.25);
    ck_assert(collector->curve.step[VLY_SIZE_MEDIAN] == 6.0 && collector->constrictivity == 1.0);
    ck_assert_int_eq(collector->curve.count, g.curve.count);
    for (int i = 0; i < 6; i++) ck_assert(collector->curve.share[i] == g.curve.share[i]);
    vly_granulometry_free(&g);

    /* the separator at the high end swaps the sides */
    options.separator_high = true;
    g = measure(device, label, e, &options);
    ck_assert(g.intrusion[VLY_INLET_SEPARATOR].constrictivity == 1.0);
    ck_assert(g.intrusion[VLY_INLET_COLLECTOR].constrictivity == 0.25);
    vly_granulometry_free(&g);
    free(label);
    vly_device_close(device);
}
END_TEST

/* 9.4: R = 10, centres 18 apart along z, 6 periods, reflected at both faces. */
static bool sphere_chain(int32_t x, int32_t y, int32_t z)
{
    for (int32_t c = 9; c < 108; c += 18)
        if ((x - 13) * (x - 13) + (y - 13) * (y - 13) + (z - c) * (z - c) <= 100) return true;
    return false;
}

START_TEST(a_chain_of_spheres_is_as_narrow_as_its_necks)
{
    if (test_emulated()) return;
    vly_extent e = {27, 27, 108};
    vly_device *device = test_device(2, 0);
    uint8_t *label = volume_of(e, sphere_chain);
    vly_granulometry_options options = options_of(VLY_PHASE_BIT(VLY_AM));
    vly_granulometry g = measure(device, label, e, &options);
    ck_assert_int_eq(g.curve.voxels, 24636);
    ck_assert_int_eq(g.curve.square[VLY_SIZE_MEDIAN], 101);
    const vly_size_curve *reached = &g.intrusion[VLY_INLET_SEPARATOR].curve;
    ck_assert_int_eq(reached->square[VLY_SIZE_MEDIAN], 20);
    ck_assert(reached->radius[0] == sqrt(20));
    ck_assert_int_eq(reached->reached, 24636);
    ck_assert(g.intrusion[VLY_INLET_SEPARATOR].constrictivity == 20.0 / 101.0);
    vly_granulometry_free(&g);
    free(label);
    vly_device_close(device);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("granulometry");
    TEST_CASE(suite, a_slit_has_half_its_width_rounded_up);
    TEST_CASE(suite, a_digital_ball_has_the_next_sum_of_three_squares);
    TEST_CASE(suite, a_neck_before_a_chamber_is_what_intrusion_sees);
    TEST_CASE(suite, a_chain_of_spheres_is_as_narrow_as_its_necks);
    return test_run(suite);
}
