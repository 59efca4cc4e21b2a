/* The EDX closing: against its definition carried out voxel by voxel, and the laws of a closing (spec 9.3, 9.4). */
#include "closing_run.h"

#include "segment/paths.h"

/* ---- against the definition ---- */

START_TEST(every_page_gets_the_voxels_that_the_smallest_balls_close)
{
    vly_device *device = test_device(0, 0);
    const vly_extent extents[] = {{1, 1, 2}, {7, 1, 9}, {13, 11, 1}, {15, 14, 12}};
    for (size_t i = 0; i < sizeof extents / sizeof *extents; i++)
        for (int variant = 0; variant < 4; variant++) {
            scene s = make_scene(device, extents[i], 1.0, variant % 2 ? 1.5 : -0.7, 0.2);
            put_balls(&s, 9, 3.0, i + 4 * (size_t)variant + 1);
            s.am[0] = VLY_AM;              /* some at least, */
            s.am[s.voxels - 1] = VLY_PORE; /* and not all */
            if (variant >= 2) {
                uint64_t state = i + 1;
                s.options.solid_collector = true;
                s.mask = malloc((size_t)s.voxels);
                for (int64_t v = 0; v < s.voxels; v++) s.mask[v] = v == 0 || test_random(&state) % 8 != 0;
                s.am[s.voxels / 2] = s.voxels > 2 ? VLY_OUTSIDE : s.am[s.voxels / 2];
            }
            if (close_scene(&s) == VLY_OK)
                check_against_definition(&s);
            else
                ck_assert_ptr_nonnull(strstr(vly_error_message(), "(E_INFEASIBLE)"));
            ck_assert(i < 3 || s.result.counts[VLY_CBD] > 0);
            free_scene(&s);
        }
    vly_device_close(device);
}
END_TEST

/* T9.5 */
START_TEST(counts_are_exact_in_every_page_and_in_all)
{
    vly_device *device = test_device(0, 0);
    scene s = make_scene(device, (vly_extent){29, 23, 17}, 2.0, 3.0, 0.2308);
    int64_t page = 29 * 23, sum = 0, room = 0;
    bool good = true;
    put_balls(&s, 14, 5.0, 3);
    close_well(&s);
    for (int32_t z = 0; z < s.e.nz; z++) {
        int64_t cbd = 0, am = 0;
        const vly_closing_page *p = &s.result.pages[z];
        for (int64_t v = z * page; v < (z + 1) * page; v++) {
            cbd += s.labels[v] == VLY_CBD, am += s.labels[v] == VLY_AM;
            good &= (s.labels[v] == VLY_AM) == (s.am[v] == VLY_AM);
        }
        good &= cbd == p->target && cbd == p->cbd && am == p->am && p->inside == page && p->open == page - am;
        good &= fabs((double)cbd - fmin(s.result.scale * p->weight * (double)page, (double)p->open)) < 1.0;
        sum += cbd, room += page - am;
    }
    ck_assert(good);
    ck_assert_int_eq(sum, (int64_t)llround(0.2308 * (double)s.voxels));
    ck_assert(s.result.counts[VLY_CBD] == sum && s.result.targets[VLY_CBD] == sum);
    ck_assert_int_eq(s.result.counts[VLY_PORE], room - sum);
    free_scene(&s);
    vly_device_close(device);
}
END_TEST

/* T9.6 */
START_TEST(without_a_gradient_every_page_has_the_same_share)
{
    vly_device *device = test_device(0, 0);
    scene s = make_scene(device, (vly_extent){20, 20, 15}, 5.0, 0.0, 0.1);
    put_balls(&s, 12, 4.0, 8);
    close_well(&s);
    for (int32_t z = 0; z < s.e.nz; z++) ck_assert_int_eq(s.result.pages[z].cbd, 40);
    free_scene(&s);
    vly_device_close(device);
}
END_TEST

/* ---- slabs, threads, memory ---- */

/* Few balls of active material leave distances that outgrow the halo a slab begins with. */
START_TEST(slabs_and_threads_do_not_change_a_bit)
{
    const vly_extent e = {40, 36, 320};
    vly_plan plan;
    uint8_t *whole = NULL;
    for (int k = 0; k < 4; k++) {
        vly_device *device = test_cpu(k == 0 ? 2 : k);
        scene s = make_scene(device, e, 1.0, 0.5, 0.15);
        put_balls(&s, k == 3 ? 40 : 160, 7.0, 21);
        int64_t limit = device->memory_limit = vly_memory_held() + (INT64_C(64) << 20);
        do {
            device->memory_limit = limit -= 1 << 16;
            if (vly_closing_measure(&plan, device, e) != VLY_OK) break;
        } while (k > 0 && plan.slabs < 3);
        ck_assert_int_eq(plan.slabs < 3, k == 0);
        if (k == 3) { /* wider pores: slabs become as thick as they may with 24 MiB more */
            device->memory_limit = limit + (INT64_C(1) << 20);
            s.options.ties = VLY_TIES_NONE;
        }
        close_well(&s);
        if (k == 0) whole = memcpy(malloc((size_t)s.voxels), s.labels, (size_t)s.voxels);
        if (k == 1 || k == 2) test_equal_u8(s.labels, whole, s.voxels, "labels");
        if (k == 3) {
            memcpy(whole, s.labels, (size_t)s.voxels);
            device->memory_limit += INT64_C(64) << 20;
            close_well(&s);
            test_equal_u8(s.labels, whole, s.voxels, "labels by whole radii");
        }
        free_scene(&s);
        vly_device_close(device);
    }
    free(whole);
}
END_TEST

START_TEST(too_little_memory_is_said_beforehand)
{
    vly_device *device = test_cpu(1);
    scene s = make_scene(device, (vly_extent){200, 200, 120}, 1.0, 0.0, 0.1);
    put_balls(&s, 3, 9.0, 2);
    device->memory_limit = vly_memory_held() + (INT64_C(8) << 20);
    test_fails(close_scene(&s), VLY_EMEMORY, "MiB expected for pages of 200 x 200 voxels");
    free_scene(&s);
    vly_device_close(device);
}
END_TEST

/* ---- the laws of a closing ---- */

/* The closing by an open ball of radius^2 r2: rho^2 from the engine. */
static uint8_t *closed_by(const scene *s, const uint8_t *am, int32_t r2, int32_t *most)
{
    vly_source *source;
    vly_closing_radii radii;
    vly_closing_slab slab = {.bits = 0};
    int32_t count;
    uint8_t *closed = malloc((size_t)s->voxels);
    ck_assert_int_eq(vly_source_memory(&source, am, VLY_U8, s->e, NULL), VLY_OK);
    const vly_closing_volume volume = {.device = s->device, .am = source, .extent = s->e};
    ck_assert_int_eq(vly_closing_radii_open(&radii, &volume, false), VLY_OK);
    ck_assert_int_eq(vly_closing_radii_at(&radii, &slab, 0, &count), VLY_OK);
    ck_assert_int_eq(count, s->e.nz);
    int32_t *rho2 = test_fetch(s->device, slab.pages.rho2, s->voxels * 4);
    for (int64_t v = 0; v < s->voxels; v++) {
        closed[v] = am[v] == VLY_AM || rho2[v] < r2 ? VLY_AM : VLY_PORE;
        if (rho2[v] > *most) *most = rho2[v];
    }
    free(rho2);
    vly_closing_radii_close(&radii);
    vly_source_close(source);
    return closed;
}

static bool within(const uint8_t *a, const uint8_t *b, int64_t n)
{
    for (int64_t v = 0; v < n; v++)
        if (a[v] == VLY_AM && b[v] != VLY_AM) return false;
    return true;
}

/* T9.4, for every squared radius that occurs */
START_TEST(it_is_extensive_increasing_idempotent_and_nested)
{
    vly_device *device = test_device(0, 0);
    scene s = make_scene(device, (vly_extent){17, 16, 15}, 1.0, 0.0, 0.1);
    uint64_t state = 4;
    int32_t most = 0, ignored = 0;
    put_balls(&s, 6, 3.0, 5);
    uint8_t *more = memcpy(malloc((size_t)s.voxels), s.am, (size_t)s.voxels);
    for (int64_t v = 0; v < s.voxels; v++)
        if (test_random(&state) % 60 == 0) more[v] = VLY_AM;
    uint8_t *before = closed_by(&s, s.am, 0, &most);
    ck_assert_int_gt(most, 9);
    for (int32_t r2 = 1; r2 <= most + 1; r2 += most > 30 ? 3 : 1) {
        uint8_t *closed = closed_by(&s, s.am, r2, &ignored), *again = NULL,
                *of_more = closed_by(&s, more, r2, &ignored);
        ck_assert_msg(within(s.am, closed, s.voxels), "not extensive at r^2 = %d", r2);
        ck_assert_msg(within(closed, of_more, s.voxels), "not increasing at r^2 = %d", r2);
        ck_assert_msg(within(before, closed, s.voxels), "not nested at r^2 = %d", r2);
        if (r2 <= most) { /* beyond there is nothing left to close */
            again = closed_by(&s, closed, r2, &ignored);
            ck_assert_msg(within(again, closed, s.voxels), "not idempotent at r^2 = %d", r2);
        }
        free(before);
        free(of_more);
        free(again);
        before = closed;
    }
    free(before);
    free(more);
    free_scene(&s);
    vly_device_close(device);
}
END_TEST

/* T9.7: turning the page round, left for right and x for y, turns the labels round */
START_TEST(with_whole_radii_it_commutes_with_symmetries_of_the_page)
{
    vly_device *device = test_device(0, 0);
    const vly_extent e = {16, 13, 11}, turned = {13, 16, 11};
    scene a = make_scene(device, e, 1.0, 1.0, 0.17), b = make_scene(device, turned, 1.0, 1.0, 0.17);
    uint8_t *expected = malloc((size_t)a.voxels);
    a.options.ties = b.options.ties = VLY_TIES_NONE;
    put_balls(&a, 7, 3.5, 31);
    close_well(&a);
    for (int k = 0; k < 2; k++) {
        for (int32_t z = 0; z < e.nz; z++)
            for (int32_t y = 0; y < e.ny; y++)
                for (int32_t x = 0; x < e.nx; x++) {
                    int64_t from = vly_at(e, x, y, z), to = vly_at(turned, k ? e.ny - 1 - y : y, e.nx - 1 - x, z);
                    b.am[to] = a.am[from];
                    expected[to] = a.labels[from];
                }
        close_well(&b);
        test_equal_u8(b.labels, expected, b.voxels, "labels");
        ck_assert_double_eq(b.result.scale, a.result.scale);
    }
    free(expected);
    free_scene(&a);
    free_scene(&b);
    vly_device_close(device);
}
END_TEST

/* Whole classes in every page, and no scale gives a sum that is nearer: tried with all that change a page. */
START_TEST(whole_radii_come_as_near_to_the_fraction_as_they_can)
{
    vly_device *device = test_device(0, 0);
    scene s = make_scene(device, (vly_extent){14, 12, 10}, 1.0, 0.8, 0.2);
    int32_t *rho2, *d2;
    int64_t page = 14 * 12, best = INT64_MAX;
    s.options.ties = VLY_TIES_NONE;
    put_balls(&s, 6, 3.0, 12);
    close_well(&s);
    rho2 = malloc((size_t)s.voxels * 4), d2 = malloc((size_t)s.voxels * 4);
    naive_radii(&s, rho2, d2);
    for (int64_t v = 0; v < s.voxels; v++) {
        double r = s.result.pages[v / page].radius;
        ck_assert(s.am[v] == VLY_AM || (s.labels[v] == VLY_CBD) == (rho2[v] <= (int32_t)lrint(r * r)));
    }
    for (int step = 0; step < 4000; step++) {
        int64_t total = 0;
        for (int32_t z = 0; z < s.e.nz; z++) {
            double share = fmin(step * 1e-4 * s.result.pages[z].weight * (double)page, (double)s.result.pages[z].open);
            int64_t taken = 0;
            for (int32_t r2 = 1; r2 < 400; r2++) {
                int64_t class = 0;
                for (int64_t v = z * page; v < (z + 1) * page; v++) class += s.am[v] != VLY_AM && rho2[v] == r2;
                if (2.0 * (share - (double)taken) < (double)class) break;
                taken += class;
            }
            total += taken;
        }
        int64_t off = llabs(total - s.result.targets[VLY_CBD]);
        if (off < best) best = off;
        if (step == 400) step += 800; /* the fraction is 0.2: only scales near it matter */
        if (step == 2800) break;
    }
    ck_assert_int_le(llabs(s.result.counts[VLY_CBD] - s.result.targets[VLY_CBD]), best);
    free(rho2);
    free(d2);
    free_scene(&s);
    vly_device_close(device);
}
END_TEST

/* ---- enclosed pores ---- */

/* 1 where a path of faces leads to a face of the volume or to what is outside: by repeated sweeps. */
static uint8_t *naive_reached(const scene *s)
{
    uint8_t *reached = calloc((size_t)s->voxels, 1);
    const vly_extent e = s->e;
    for (bool moved = true; moved;) {
        moved = false;
        for (int64_t v = 0; v < s->voxels; v++) {
            int32_t x = (int32_t)(v % e.nx), y = (int32_t)(v / e.nx % e.ny), z = (int32_t)(v / e.nx / e.ny);
            if (s->am[v] == VLY_AM || s->am[v] == VLY_OUTSIDE || reached[v]) continue;
            bool now = x == 0 || y == 0 || z == 0 || x == e.nx - 1 || y == e.ny - 1 || z == e.nz - 1;
            const int64_t page = (int64_t)e.nx * e.ny, steps[] = {-1, 1, -e.nx, e.nx, -page, page};
            for (int k = 0; k < 6 && !now; k++) now = reached[v + steps[k]] || s->am[v + steps[k]] == VLY_OUTSIDE;
            reached[v] = now;
            moved |= now;
        }
    }
    return reached;
}

START_TEST(enclosed_pores_are_found_in_memory_and_in_a_file)
{
    vly_device *device = test_cpu(2);
    const vly_extent extents[] = {{1, 1, 1}, {9, 7, 1}, {3, 3, 3}, {21, 19, 17}};
    for (size_t i = 0; i < sizeof extents / sizeof *extents; i++)
        for (int k = 0; k < 4; k++) {
            scene s = make_scene(device, extents[i], 1.0, 0.0, 0.01);
            uint64_t state = i + 1;
            int64_t filled, expected = 0;
            vly_source *am;
            for (int64_t v = 0; v < s.voxels; v++) {
                s.am[v] = test_uniform(&state) < 0.68 ? VLY_AM : VLY_PORE; /* near the percolation threshold */
                if (k % 2 && test_random(&state) % 50 == 0) s.am[v] = VLY_OUTSIDE;
            }
            ck_assert_int_eq(vly_source_memory(&am, s.am, VLY_U8, s.e, NULL), VLY_OK);
            vly_closing_volume volume = {.device = device, .am = am, .extent = s.e};
            ck_assert_int_eq(vly_closing_fill_enclosed(&volume, &filled, k < 2 ? VLY_ENCLOSED_PORE : VLY_ENCLOSED_AM,
                                                       k % 2 ? 0 : 1 << 20, test_folder()),
                             VLY_OK);
            ck_assert_int_eq(volume.spool.pages == NULL, k % 2);
            uint8_t *reached = naive_reached(&s), *got = malloc((size_t)s.voxels), *want = malloc((size_t)s.voxels);
            ck_assert_int_eq(vly_closing_read(&volume, 0, s.e.nz, got), VLY_OK);
            for (int64_t v = 0; v < s.voxels; v++) {
                bool enclosed = s.am[v] == VLY_PORE && !reached[v];
                expected += enclosed;
                want[v] = enclosed                 ? (k < 2 ? VLY_CLOSING_KEPT : VLY_AM)
                          : s.am[v] == VLY_OUTSIDE ? VLY_OUTSIDE
                                                   : s.am[v];
            }
            test_equal_u8(got, want, s.voxels, "labels");
            ck_assert_int_eq(filled, expected);
            ck_assert(i < 3 || filled > 20);
            vly_closing_volume_close(&volume);
            vly_source_close(am);
            free(reached);
            free(got);
            free(want);
            free_scene(&s);
        }
    vly_device_close(device);
}
END_TEST

START_TEST(a_hole_in_a_particle_is_closed_first_unless_it_is_set_apart)
{
    vly_device *device = test_device(0, 0);
    scene s = make_scene(device, (vly_extent){15, 15, 15}, 1.0, 0.0, 0.05);
    const int64_t hole = vly_at(s.e, 7, 7, 7);
    const uint8_t expected[] = {VLY_CBD, VLY_PORE, VLY_AM};
    for (int64_t v = 0; v < s.voxels; v++) s.am[v] = square_between(s.e, v, hole) <= 16 ? VLY_AM : VLY_PORE;
    s.am[hole] = VLY_PORE;
    for (int k = 0; k < 3; k++) {
        s.options.enclosed = (vly_enclosed)k;
        close_well(&s);
        ck_assert_int_eq(s.labels[hole], expected[k]);
        ck_assert_int_eq(s.result.filled, k > 0);
        ck_assert_int_eq(s.result.counts[VLY_CBD], 169);           /* of 3375 */
        ck_assert_int_eq(s.result.counts[VLY_AM], 256 + (k == 2)); /* 257 points with |x|^2 <= 16 */
    }
    free_scene(&s);
    vly_device_close(device);
}
END_TEST

/* ---- draws ---- */

/* While no page is full, the share of page z is f g(z) / mean g. With g = a + b d about the points' centre c, level l and slope b
 * vary independently: d share = f ((d - c) / m - (1/2 - c) g / m^2) db + f (1 / m - g / m^2) dl, m = g at 1/2. */
START_TEST(draws_spread_as_the_errors_of_the_fit_say)
{
    enum { N = 4000 };
    vly_device *device = test_cpu(1);
    scene s = make_scene(device, (vly_extent){60, 60, 9}, 10.0, 4.0, 0.2);
    const double slope_error = 0.4, level_error = 0.1, centre = 0.45, mean = 12.0;
    put_balls(&s, 8, 5.0, 5);
    close_well(&s);
    uint8_t *without = memcpy(malloc((size_t)s.voxels), s.labels, (size_t)s.voxels);
    s.profile.slope_error = slope_error;
    s.profile.covariance = -slope_error * slope_error * centre;
    s.profile.intercept_error = sqrt(level_error * level_error + pow(slope_error * centre, 2));
    s.options.draws = N;
    close_well(&s);
    test_equal_u8(s.labels, without, s.voxels, "labels");
    ck_assert_int_eq(s.result.draws, N);
    for (int32_t z = 0; z < s.e.nz; z++) {
        double d = (z + 0.5) / s.e.nz, g = 10.0 + 4.0 * d;
        double by_slope = 0.2 * ((d - centre) / mean - (0.5 - centre) * g / (mean * mean)) * slope_error;
        double by_level = 0.2 * (1.0 / mean - g / (mean * mean)) * level_error, sd = hypot(by_slope, by_level);
        /* 5 standard errors of a deviation from N draws, one voxel of 3600, and second order */
        ck_assert_double_eq_tol(s.result.pages[z].spread, sd, sd * 5.0 / sqrt(2.0 * N) + 1.0 / 3600.0);
    }
    free(without);
    free_scene(&s);
    vly_device_close(device);
}
END_TEST

/* ---- what cannot be done ---- */

START_TEST(impossible_closings_are_refused)
{
    vly_device *device = test_device(0, 0);
    scene s = make_scene(device, (vly_extent){9, 9, 8}, 1.0, 0.0, 0.3);
    memset(s.am, VLY_PORE, (size_t)s.voxels);
    test_fails(close_scene(&s), VLY_EDATA, "no active material to close (E_EMPTY)");
    memset(s.am, VLY_OUTSIDE, (size_t)s.voxels);
    test_fails(close_scene(&s), VLY_EDATA, "no voxel is inside the region (E_ROI)");
    memset(s.am, VLY_AM, (size_t)s.voxels);
    memset(s.am, VLY_PORE, 81 * 2); /* room for a quarter, all of it in the first two pages */
    test_fails(close_scene(&s), VLY_ENUMERIC, "194 voxels of CBD, at most 162 expected");
    s.options.fractions = (vly_fractions){{VLY_FRACTIONS_ONE / 10 * 8, 0, VLY_FRACTIONS_ONE / 10 * 2}};
    close_well(&s);
    s.profile.intercept = -1.0;
    s.profile.slope = 2.0; /* nothing where there is room */
    test_fails(close_scene(&s), VLY_ENUMERIC, "at most 0 expected");
    s.profile.slope = 0.0;
    test_fails(close_scene(&s), VLY_EDATA, "(E_FLAT)");
    vly_source *am, *mask;
    vly_sink *sink;
    ck_assert_int_eq(vly_source_memory(&am, s.am, VLY_U8, s.e, NULL), VLY_OK);
    ck_assert_int_eq(vly_source_memory(&mask, s.am, VLY_U8, (vly_extent){9, 8, 8}, NULL), VLY_OK);
    ck_assert_int_eq(vly_sink_memory(&sink, s.labels, VLY_U8, s.e), VLY_OK);
    test_fails(vly_closing(&s.result, device, am, mask, sink, &s.profile, &s.options), VLY_EDATA, "9 x 8 x 8 voxels");
    vly_sink_close(sink);
    vly_source_close(mask);
    vly_source_close(am);
    free_scene(&s);
    vly_device_close(device);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("closing");
    TEST_CASE(suite, every_page_gets_the_voxels_that_the_smallest_balls_close);
    TEST_CASE(suite, counts_are_exact_in_every_page_and_in_all);
    TEST_CASE(suite, without_a_gradient_every_page_has_the_same_share);
    TEST_CASE(suite, slabs_and_threads_do_not_change_a_bit);
    TEST_CASE(suite, too_little_memory_is_said_beforehand);
    TEST_CASE(suite, it_is_extensive_increasing_idempotent_and_nested);
    TEST_CASE(suite, with_whole_radii_it_commutes_with_symmetries_of_the_page);
    TEST_CASE(suite, whole_radii_come_as_near_to_the_fraction_as_they_can);
    TEST_CASE(suite, enclosed_pores_are_found_in_memory_and_in_a_file);
    TEST_CASE(suite, a_hole_in_a_particle_is_closed_first_unless_it_is_set_apart);
    TEST_CASE(suite, draws_spread_as_the_errors_of_the_fit_say);
    TEST_CASE(suite, impossible_closings_are_refused);
    return test_run(suite);
}
