/* Surfaces against closed forms (spec 3.1 to 3.5, 8.2), configurations against counting cell by cell, real volumes against
 * their published face counts. */
#include "labels.h"

#include "morphology/crofton.h"
#include "voxelyte/surface.h"

#include <math.h>

static vly_surface_result surface_of(vly_source *source, vly_device *device, bool object)
{
    vly_surface_result r;
    vly_surface_options options = VLY_SURFACE_OPTIONS_INIT;
    options.object = object;
    ck_assert_msg(vly_surface(&r, device, source, &options) == VLY_OK, "%s", vly_error_message());
    ck_assert_msg(r.closure_error < 1e-13, "closure error %g", r.closure_error);
    return r;
}

/* ---- weights ---- */

START_TEST(weights_are_those_of_the_literature)
{
    vly_crofton c;
    double cube[3] = {1.0, 1.0, 1.0}, sum = 0.0;
    vly_crofton_make(&c, cube);
    ck_assert(fabs(c.weight[c.class_of[0]] - 0.091555782409522) < 1e-14);
    ck_assert(fabs(c.weight[c.class_of[3]] - 0.073961255752152) < 1e-14);
    ck_assert(fabs(c.weight[c.class_of[9]] - 0.070391279564634) < 1e-14);
    ck_assert(fabs(c.area[c.class_of[2]] - 0.045777891205) < 1e-12);
    ck_assert(fabs(c.area[c.class_of[8]] - 0.052298505487) < 1e-12);
    ck_assert(fabs(c.area[c.class_of[12]] - 0.081280848410) < 1e-12);
    for (int k = 0; k < VLY_DIRECTIONS; k++) sum += c.weight[c.class_of[k]];
    ck_assert(fabs(sum - 1.0) < 1e-14);
}
END_TEST

START_TEST(weights_of_flat_and_long_voxels_cover_the_sphere)
{
    double sizes[][3] = {{1.0, 1.0, 2.0}, {0.642, 0.5, 1.0}, {1.0, 1.0, 10.0}, {3.0, 1e-3, 1.0}, {2.0, 1.0, 2.0}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        vly_crofton c;
        double sum = 0.0;
        vly_crofton_make(&c, sizes[i]);
        for (int k = 0; k < VLY_DIRECTIONS; k++) sum += c.weight[c.class_of[k]];
        ck_assert_msg(fabs(sum - 1.0) < 1e-12, "voxel %zu: the cells cover %.15f of the sphere", i, sum);
    }
}
END_TEST

/* ---- closed forms ---- */

/* Plane layers of `w` steps across (a, b, c): an edge of 2w voxels is a whole period, and steps shorter than w cross one
 * face at most, so the estimate is 2 sum c |n u| exactly (spec 3.3). */
START_TEST(planes_answer_by_their_direction)
{
    static const struct {
        int n[3];
        double answer;
    } planes[] = {{{1, 0, 0}, 0.926623}, {{1, 1, 0}, 0.932623}, {{1, 1, 1}, 0.961058},
                  {{1, 2, 0}, 1.004241}, {{2, 1, 1}, 0.991498}, {{1, 2, 3}, 1.001586}};
    enum { W = 6, N = 2 * W + 1 };
    vly_device *device = test_device(2, 0);
    labels l = labels_make((vly_extent){N, N, N}, 0, 1.0, 1.0, 1.0);
    for (size_t i = 0; i < sizeof planes / sizeof *planes; i++) {
        const int *n = planes[i].n;
        for (int32_t z = 0; z < N; z++)
            for (int32_t y = 0; y < N; y++)
                for (int32_t x = 0; x < N; x++)
                    *label_at(&l, x, y, z) = (uint8_t)((n[0] * x + n[1] * y + n[2] * z) / W % 2);
        vly_surface_result r = surface_of(l.source, device, false);
        double truth = sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]) / W;
        ck_assert_msg(fabs(r.surface[VLY_AM] / truth - planes[i].answer) < 1e-6, "plane %zu: %.7f", i,
                      r.surface[VLY_AM] / truth);
        ck_assert(r.surface[VLY_AM] == r.surface[VLY_PORE] && r.surface[VLY_AM] == r.interface[VLY_PORE_AM]);
        ck_assert(r.surface[VLY_CBD] == 0.0);
    }
    labels_free(&l);
    vly_device_close(device);
}
END_TEST

/* Area of the active material of `l` as a body, in voxel faces. */
static double area_of(const labels *l, vly_device *device)
{
    vly_surface_result r = surface_of(l->source, device, true);
    return r.surface[VLY_AM] * (double)r.voxels;
}

START_TEST(bodies_have_their_area)
{
    vly_device *device = test_device(2, 0);
    labels one = labels_make((vly_extent){1, 1, 1}, VLY_AM, 1.0, 1.0, 1.0);
    labels two = labels_make((vly_extent){1, 2, 1}, VLY_AM, 1.0, 1.0, 1.0);
    labels ten = labels_make((vly_extent){10, 10, 10}, VLY_AM, 1.0, 1.0, 1.0);
    labels twenty = labels_make((vly_extent){20, 20, 20}, VLY_AM, 1.0, 1.0, 1.0);
    ck_assert(fabs(area_of(&one, device) - 3.004080308) < 1e-9);
    ck_assert(fabs(area_of(&two, device) - 5.641937486) < 1e-9);
    ck_assert(fabs(area_of(&ten, device) - 524.565003) < 1e-6);
    ck_assert(fabs(area_of(&twenty, device) - 2160.427363) < 1e-6);
    labels_free(&one), labels_free(&two), labels_free(&ten), labels_free(&twenty);
    vly_device_close(device);
}
END_TEST

static labels ball(int32_t radius, int64_t *voxels)
{
    int32_t n = 2 * radius + 3;
    labels l = labels_make((vly_extent){n, n, n}, VLY_PORE, 1.0, 1.0, 1.0);
    *voxels = 0;
    for (int32_t i = 0; i < n * n * n; i++) {
        int32_t x = i % n - radius - 1, y = i / n % n - radius - 1, z = i / (n * n) - radius - 1;
        if (x * x + y * y + z * z > radius * radius) continue;
        l.voxel[i] = VLY_AM;
        ++*voxels;
    }
    return l;
}

START_TEST(balls_have_theirs)
{
    static const struct {
        int32_t radius;
        int64_t voxels;
        double area;
    } balls[] = {{5, 515, 316.1894}, {10, 4169, 1262.5112}, {20, 33401, 5009.3784}, {40, 267761, 20068.6665}};
    vly_device *device = test_device(2, 0);
    for (size_t i = 0; i < (test_small() ? 2 : 4); i++) {
        int64_t voxels;
        labels l = ball(balls[i].radius, &voxels);
        vly_surface_result r = surface_of(l.source, device, false);
        ck_assert_int_eq(voxels, balls[i].voxels);
        ck_assert_int_eq(r.counts[VLY_AM], voxels);
        ck_assert(fabs(r.surface[VLY_AM] * (double)r.cells - balls[i].area) < 1e-4);
        double around = r.face_area[VLY_AM] * (double)r.voxels / (4.0 * 3.14159265 * balls[i].radius * balls[i].radius);
        /* voxel faces count 3/2 of a smooth body's area, give or take the steps of its outline */
        ck_assert_msg(fabs(around - 1.5) < 0.5 / balls[i].radius, "radius %d: %f", balls[i].radius, around);
        labels_free(&l);
    }
    vly_device_close(device);
}
END_TEST

START_TEST(a_checkerboard_is_one_configuration)
{
    vly_device *device = test_device(2, 0);
    labels l = labels_make((vly_extent){9, 8, 7}, 0, 0.5, 0.5, 0.5);
    for (int32_t i = 0; i < 9 * 8 * 7; i++) l.voxel[i] = (uint8_t)((i % 9 + i / 9 % 8 + i / 72) % 2);
    vly_surface_result r = surface_of(l.source, device, false);
    ck_assert(fabs(r.surface[VLY_AM] * 0.5 - 0.874458088) < 1e-9);
    ck_assert_int_eq((int64_t)(r.configurations[VLY_AM][0x69] + r.configurations[VLY_AM][0x96]), 8 * 7 * 6);
    labels_free(&l);
    vly_device_close(device);
}
END_TEST

START_TEST(independent_voxels_have_the_expected_surface)
{
    /* S varies by less than 0.5 % over 40^3 independent voxels: 6 sigma of 4p(1-p) 0.75102 */
    const double share[] = {0.5, 0.2}, expected[] = {0.75102, 0.480653};
    int32_t n = test_small() ? 16 : 96;
    vly_device *device = test_device(2, 0);
    for (int i = 0; i < 2; i++) {
        labels l = labels_make((vly_extent){n, n, n}, 0, 1.0, 1.0, 1.0);
        uint64_t seed = 5;
        for (int64_t v = 0; v < vly_extent_voxels(l.e); v++) l.voxel[v] = test_uniform(&seed) < share[i];
        vly_surface_result r = surface_of(l.source, device, false);
        ck_assert(fabs(r.surface[VLY_AM] / expected[i] - 1.0) < (test_small() ? 0.04 : 0.005));
        labels_free(&l);
    }
    vly_device_close(device);
}
END_TEST

/* ---- counting again, cell by cell ---- */

typedef struct naive {
    int64_t counts[3], faces[3][3], cells;
    uint64_t configurations[3][256];
} naive;

static int label_or_out(const labels *l, vly_box w, int32_t x, int32_t y, int32_t z)
{
    if (x < 0 || y < 0 || z < 0 || x >= w.x1 - w.x0 || y >= w.y1 - w.y0 || z >= w.z1 - w.z0) return VLY_OUTSIDE;
    return *label_at(l, w.x0 + x, w.y0 + y, w.z0 + z);
}

static void count_naively(naive *n, const labels *l, vly_box w)
{
    memset(n, 0, sizeof *n);
    vly_extent e = vly_box_extent(w);
    for (int32_t z = 0; z < e.nz; z++)
        for (int32_t y = 0; y < e.ny; y++)
            for (int32_t x = 0; x < e.nx; x++) {
                int a = label_or_out(l, w, x, y, z), bits[256] = {0};
                int around[3] = {label_or_out(l, w, x + 1, y, z), label_or_out(l, w, x, y + 1, z),
                                 label_or_out(l, w, x, y, z + 1)};
                if (a != VLY_OUTSIDE) n->counts[a]++;
                for (int i = 0; i < 3 && a != VLY_OUTSIDE; i++)
                    if (around[i] != VLY_OUTSIDE && around[i] != a) n->faces[(a ^ around[i]) - 1][i]++;
                for (int v = 0; v < 8; v++)
                    bits[label_or_out(l, w, x + (v & 1), y + (v >> 1 & 1), z + (v >> 2))] |= 1 << v;
                if (bits[VLY_OUTSIDE]) continue;
                n->cells++;
                for (int p = 0; p < 3; p++) n->configurations[p][bits[p]]++;
            }
}

static void check_against_naive(const vly_surface_result *r, const naive *n)
{
    ck_assert_int_eq(r->cells, n->cells);
    ck_assert_mem_eq(r->counts, n->counts, sizeof n->counts);
    ck_assert_mem_eq(r->faces, n->faces, sizeof n->faces);
    test_equal_u64(r->configurations[0], n->configurations[0], 3 * 256, "configurations");
}

START_TEST(every_cell_is_counted_once_for_any_window_threads_and_limit)
{
    static const vly_extent extents[] = {{2, 2, 2}, {19, 7, 5}, {3, 41, 9}, {70, 5, 11}};
    for (int i = 0; i < 4 * 3; i++) {
        labels l = labels_random(extents[i / 3], (uint64_t)i, i % 3 == 2 ? 60 : 0);
        vly_box whole = vly_extent_box(l.e), part = whole;
        if (l.e.nz > 2) part = (vly_box){l.e.nx / 10, l.e.nx, 0, l.e.ny - 1, 2, l.e.nz};
        vly_device *device = test_device(1 + i % 3, 0);
        vly_surface_options options = VLY_SURFACE_OPTIONS_INIT;
        for (int k = 0; k < 2; k++) {
            naive n;
            vly_surface_result r;
            options.window = k ? part : (vly_box){0};
            count_naively(&n, &l, k ? part : whole);
            ck_assert_msg(vly_surface(&r, device, l.source, &options) == VLY_OK, "%s", vly_error_message());
            check_against_naive(&r, &n);
        }
        labels_free(&l);
        vly_device_close(device);
    }
}
END_TEST

/* ---- invariance ---- */

START_TEST(no_turn_changes_a_bit)
{
    labels l = labels_random((vly_extent){11, 8, 6}, 3, 0);
    vly_source_close(l.source);
    vly_voxel_size size = {0.642, 0.642, 1.0, VLY_SIZE_GIVEN, "test"};
    ck_assert_int_eq(vly_source_memory(&l.source, l.voxel, VLY_U8, l.e, &size), VLY_OK);
    vly_device *device = test_device(2, 0);
    vly_surface_result first = surface_of(l.source, device, false);
    for (int32_t s = 1; s < 48; s += test_small() ? 13 : 1) {
        labels t = labels_turned(&l, s);
        vly_surface_result r = surface_of(t.source, device, false);
        ck_assert_mem_eq(r.surface, first.surface, sizeof r.surface);
        ck_assert_mem_eq(r.interface, first.interface, sizeof r.interface);
        ck_assert_mem_eq(r.counts, first.counts, sizeof r.counts);
        ck_assert_mem_eq(r.euler_26, first.euler_26, sizeof r.euler_26);
        ck_assert_mem_eq(r.euler_6, first.euler_6, sizeof r.euler_6);
        labels_free(&t);
    }
    labels_free(&l);
    vly_device_close(device);
}
END_TEST

START_TEST(interfaces_share_the_surfaces_out)
{
    labels l = labels_random((vly_extent){24, 20, 16}, 8, 0);
    vly_device *device = test_device(2, 0);
    vly_surface_result r = surface_of(l.source, device, false);
    double all = r.surface[0] + r.surface[1] + r.surface[2];
    double between = r.interface[0] + r.interface[1] + r.interface[2];
    double am_cbd = 0.5 * (r.surface[VLY_AM] + r.surface[VLY_CBD] - r.surface[VLY_PORE]);
    ck_assert(fabs(r.interface[VLY_AM_CBD] / am_cbd - 1.0) < 1e-12);
    ck_assert(fabs(all - 2.0 * between) < 1e-12 * all);
    double s_int = 0.75 * r.surface[VLY_AM] + 0.25 * r.surface[VLY_PORE] - 0.25 * r.surface[VLY_CBD];
    ck_assert(fabs(r.s_int / s_int - 1.0) < 1e-12);
    labels half = labels_make(l.e, 0, 2.0, 2.0, 2.0); /* twice the voxel, other names for the phases */
    static const uint8_t renamed[3] = {VLY_CBD, VLY_PORE, VLY_AM};
    for (int64_t i = 0; i < vly_extent_voxels(l.e); i++) half.voxel[i] = renamed[l.voxel[i]];
    vly_surface_result h = surface_of(half.source, device, false);
    for (int p = 0; p < 3; p++) ck_assert(fabs(2.0 * h.surface[renamed[p]] / r.surface[p] - 1.0) < 1e-14);
    ck_assert(fabs(2.0 * h.interface[VLY_PORE_AM] / r.interface[VLY_AM_CBD] - 1.0) < 1e-14);
    labels_free(&half), labels_free(&l);
    vly_device_close(device);
}
END_TEST

/* ---- Euler numbers ---- */

static void check_euler(const labels *l, vly_device *device, int64_t by_26, int64_t by_6)
{
    vly_surface_result r = surface_of(l->source, device, true);
    ck_assert_int_eq(r.euler_26[VLY_AM], by_26);
    ck_assert_int_eq(r.euler_6[VLY_AM], by_6);
}

START_TEST(euler_numbers_of_small_bodies)
{
    vly_device *device = test_device(1, 0);
    labels one = labels_make((vly_extent){1, 1, 1}, VLY_AM, 1.0, 1.0, 1.0);
    check_euler(&one, device, 1, 1);
    labels shell = labels_make((vly_extent){3, 3, 3}, VLY_AM, 1.0, 1.0, 1.0);
    shell.voxel[13] = VLY_PORE;
    check_euler(&shell, device, 2, 2);
    labels corner = labels_make((vly_extent){2, 2, 2}, VLY_PORE, 1.0, 1.0, 1.0);
    corner.voxel[0] = corner.voxel[7] = VLY_AM;
    check_euler(&corner, device, 1, 2);
    labels ring = labels_make((vly_extent){3, 3, 1}, VLY_AM, 1.0, 1.0, 1.0);
    ring.voxel[4] = VLY_CBD;
    check_euler(&ring, device, 0, 0);
    labels_free(&one), labels_free(&shell), labels_free(&corner), labels_free(&ring);
    vly_device_close(device);
}
END_TEST

START_TEST(euler_density_counts_what_is_inside_a_period)
{
    /* isolated voxels on a lattice of period 2: one body in every 8 cells, and of the rest 1 - 0 + ... as voxels of pore */
    vly_device *device = test_device(1, 0);
    labels l = labels_make((vly_extent){9, 9, 9}, VLY_PORE, 0.5, 0.5, 0.5);
    for (int32_t i = 0; i < 729; i++)
        if (i % 9 % 2 + i / 9 % 9 % 2 + i / 81 % 2 == 0) l.voxel[i] = VLY_AM;
    vly_surface_result r = surface_of(l.source, device, false);
    ck_assert(r.euler_density_26[VLY_AM] == 1.0);
    ck_assert(r.euler_density_6[VLY_AM] == 1.0);
    labels_free(&l);
    vly_device_close(device);
}
END_TEST

static int64_t table_bytes(int32_t threads)
{
    vly_device *device = test_cpu(threads);
    int64_t bytes = device->kernels->configurations_scratch_bytes(device->queue);
    vly_device_close(device);
    return bytes;
}

/* ---- streams, real volumes, refusals ---- */

START_TEST(a_quarter_of_the_memory_gives_the_same)
{
    vly_extent e = {384, 200, 40};
    labels l = labels_random(e, 4, 500);
    vly_device *device = test_cpu(2);
    vly_surface_result all = surface_of(l.source, device, false), part;
    vly_device_close(device);
    /* configurations on both sides of the bus, and a page for each reader */
    int64_t tables = table_bytes(2) + 2 * 65536 * 8 + 2 * (int64_t)e.nx * e.ny;
    device = test_device(2, vly_memory_held() + tables + vly_extent_voxels(e) / 4);
    part = surface_of(l.source, device, false);
    ck_assert_mem_eq(&part, &all, sizeof all);
    labels_free(&l);
    vly_device_close(device);
}
END_TEST

static void check_real(const char *name, const char *map, double um, const int64_t counts[3], const int64_t zyx[3][3],
                       const double *areas)
{
    vly_source *source = labels_of_data(name, map, um);
    if (!source) return;
    vly_device *device = test_device(0, 0);
    vly_surface_result r = surface_of(source, device, false);
    for (int p = 0; p < 3; p++) ck_assert_int_eq(r.counts[p], counts[p]);
    for (int pair = 0; pair < 3; pair++)
        for (int i = 0; i < 3; i++) ck_assert_int_eq(r.faces[pair][i], zyx[pair][2 - i]);
    for (int p = 0; p < 3 && areas; p++) ck_assert(fabs(r.face_area[p] - areas[p]) < 0.005);
    vly_source_close(source);
    vly_device_close(device);
}

START_TEST(real_volumes_have_their_known_faces)
{
    if (test_emulated()) return;
    static const int64_t electrode[3] = {7548361, 6718710, 2510145}, nmc[3] = {9108821, 11357945, 2274085};
    static const int64_t bilayer[3] = {5641483, 2283086, 5899431};
    static const int64_t electrode_faces[3][3] = {
        {296273, 305853, 326619}, {1393339, 1339893, 1485892}, {504136, 496826, 521520}};
    static const int64_t nmc_faces[3][3] = {
        {511304, 392540, 387238}, {604437, 625635, 624523}, {862485, 665960, 653528}};
    static const int64_t bilayer_faces[3][3] = {
        {358103, 286814, 283873}, {405277, 309738, 312435}, {10623, 6012, 6083}};
    /* published for the electrode by its authors: faces over the volume, 256 voxels in 100 um */
    static const double areas[3] = {785502.47, 374027.56, 876099.55};
    check_real("tldr-group_taufactor/electrode.tiff", "pore=0,am=85,cbd=170", 0.390625, electrode, electrode_faces,
               areas);
    check_real("NREL_MATBOX_Microstructure_analysis_toolbox/nmc-1-cal_generatedCBD_bridge.tif", "pore=0,am=1,cbd=2",
               0.398, nmc, nmc_faces, NULL);
    check_real("NREL_MATBOX_Microstructure_analysis_toolbox/Bi_layer.tif", "pore=0,am=1,cbd=2", 1.0, bilayer,
               bilayer_faces, NULL);
}
END_TEST

START_TEST(what_has_no_surface_is_refused)
{
    vly_device *device = test_device(1, 0);
    vly_surface_result r;
    vly_surface_options options = VLY_SURFACE_OPTIONS_INIT;
    labels page = labels_make((vly_extent){5, 5, 1}, 1, 1.0, 1.0, 1.0);
    test_fails(vly_surface(&r, device, page.source, &options), VLY_EDATA, "E_DIM");
    options.object = true;
    ck_assert_int_eq(vly_surface(&r, device, page.source, &options), VLY_OK);
    memset(page.voxel, VLY_OUTSIDE, 25);
    test_fails(vly_surface(&r, device, page.source, &options), VLY_EDATA, "E_ROI");
    options.window = (vly_box){0, 6, 0, 5, 0, 1};
    test_fails(vly_surface(&r, device, page.source, &options), VLY_EDATA, "outside the volume");
    vly_source *bare, *grey;
    ck_assert_int_eq(vly_source_memory(&bare, page.voxel, VLY_U8, page.e, NULL), VLY_OK);
    options.window = (vly_box){0};
    test_fails(vly_surface(&r, device, bare, &options), VLY_EDATA, "voxel size");
    ck_assert_int_eq(vly_source_memory(&grey, page.voxel, VLY_U16, (vly_extent){2, 2, 2}, NULL), VLY_OK);
    test_fails(vly_surface(&r, device, grey, &options), VLY_EDATA, "labels expected");
    vly_label_map map;
    ck_assert_int_eq(vly_label_map_parse(&map, "pore=0,am=1"), VLY_OK);
    vly_source_close(bare);
    ck_assert_int_eq(vly_source_memory(&bare, page.voxel, VLY_U8, page.e, &vly_source_info(page.source)->voxel_size),
                     0);
    ck_assert_int_eq(vly_source_labels(&bare, bare, &map), VLY_OK);
    test_fails(vly_surface(&r, device, bare, &options), VLY_EDATA, "label 255 at x=0");
    vly_source_close(bare), vly_source_close(grey);
    labels_free(&page);
    vly_device_close(device);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("surface");
    TEST_CASE(suite, weights_are_those_of_the_literature);
    TEST_CASE(suite, weights_of_flat_and_long_voxels_cover_the_sphere);
    TEST_CASE(suite, planes_answer_by_their_direction);
    TEST_CASE(suite, bodies_have_their_area);
    TEST_CASE(suite, balls_have_theirs);
    TEST_CASE(suite, a_checkerboard_is_one_configuration);
    TEST_CASE(suite, independent_voxels_have_the_expected_surface);
    TEST_CASE(suite, every_cell_is_counted_once_for_any_window_threads_and_limit);
    TEST_CASE(suite, no_turn_changes_a_bit);
    TEST_CASE(suite, interfaces_share_the_surfaces_out);
    TEST_CASE(suite, euler_numbers_of_small_bodies);
    TEST_CASE(suite, euler_density_counts_what_is_inside_a_period);
    TEST_CASE(suite, a_quarter_of_the_memory_gives_the_same);
    TEST_CASE(suite, real_volumes_have_their_known_faces);
    TEST_CASE(suite, what_has_no_surface_is_refused);
    return test_run(suite);
}
