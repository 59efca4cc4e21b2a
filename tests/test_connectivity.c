/* Components against a flood fill, in the kernel and over slabs; what percolates; real volumes against an independent count. */
#include "labels.h"

#include "voxelyte/connectivity.h"

#include <math.h>

/* ---- the oracle: flood fill from every voxel that has no component yet ---- */

typedef struct flood {
    vly_component *components; /* by first voxel */
    int64_t count;
    uint32_t *id; /* index of the component's first voxel */
} flood;

static void fill(flood *f, const uint8_t *label, vly_extent e, int64_t first, int32_t neighbours, int64_t *stack)
{
    vly_component c = {first, 0, label[first], 0};
    int64_t depth = 0;
    stack[depth++] = first;
    f->id[first] = (uint32_t)first;
    while (depth > 0) {
        int64_t i = stack[--depth];
        int32_t x = (int32_t)(i % e.nx), y = (int32_t)(i / e.nx % e.ny), z = (int32_t)(i / e.nx / e.ny);
        c.voxels++;
        c.faces |= (uint8_t)((x == 0) | (x == e.nx - 1) << 1 | (y == 0) << 2 | (y == e.ny - 1) << 3 | (z == 0) << 4 |
                             (z == e.nz - 1) << 5);
        for (int32_t k = 0; k < 27; k++) {
            int32_t dx = k % 3 - 1, dy = k / 3 % 3 - 1, dz = k / 9 - 1;
            if (neighbours == 6 && abs(dx) + abs(dy) + abs(dz) > 1) continue;
            if (x + dx < 0 || x + dx >= e.nx || y + dy < 0 || y + dy >= e.ny || z + dz < 0 || z + dz >= e.nz) continue;
            int64_t n = vly_at(e, x + dx, y + dy, z + dz);
            if (label[n] != c.phase || f->id[n] != UINT32_MAX) continue;
            f->id[n] = (uint32_t)first;
            stack[depth++] = n;
        }
    }
    f->components[f->count++] = c;
}

static flood flood_of(const labels *l, vly_box w, int32_t neighbours)
{
    vly_extent e = vly_box_extent(w);
    int64_t n = vly_extent_voxels(e), i = 0;
    uint8_t *label = malloc((size_t)n);
    int64_t *stack = malloc((size_t)n * sizeof *stack);
    flood f = {malloc((size_t)n * sizeof *f.components), 0, malloc((size_t)n * sizeof *f.id)};
    for (int32_t z = w.z0; z < w.z1; z++)
        for (int32_t y = w.y0; y < w.y1; y++)
            for (int32_t x = w.x0; x < w.x1; x++) label[i++] = *label_at(l, x, y, z);
    memset(f.id, 0xFF, (size_t)n * sizeof *f.id);
    for (i = 0; i < n; i++)
        if (label[i] != VLY_OUTSIDE && f.id[i] == UINT32_MAX) fill(&f, label, e, i, neighbours, stack);
    free(label);
    free(stack);
    return f;
}

static void flood_free(flood *f)
{
    free(f->components);
    free(f->id);
}

/* ---- */

static vly_connectivity_result connectivity_of(const labels *l, vly_device *device, vly_box window, int32_t neighbours)
{
    vly_connectivity_result r;
    vly_connectivity_options options = VLY_CONNECTIVITY_OPTIONS_INIT;
    options.window = window;
    options.neighbours = neighbours;
    ck_assert_msg(vly_connectivity(&r, device, l->source, &options) == VLY_OK, "%s", vly_error_message());
    return r;
}

static void check_components(const vly_connectivity_result *r, const flood *f, const char *what)
{
    ck_assert_msg(r->count == f->count, "%s: %lld components, expected %lld", what, (long long)r->count,
                  (long long)f->count);
    for (int64_t i = 0; i < f->count; i++) {
        const vly_component *a = &r->components[i], *b = &f->components[i];
        if (a->first != b->first || a->voxels != b->voxels || a->phase != b->phase || a->faces != b->faces)
            ck_abort_msg("%s: component %lld is %lld, %lld, %d, %d, expected %lld, %lld, %d, %d", what, (long long)i,
                         (long long)a->first, (long long)a->voxels, a->phase, a->faces, (long long)b->first,
                         (long long)b->voxels, b->phase, b->faces);
    }
}

/* What the kernel leaves, voxel by voxel. */
static void check_kernel(const labels *l, vly_device *device, int32_t neighbours)
{
    int64_t n = vly_extent_voxels(l->e);
    vly_region region = {.data = l->e, .inner = vly_extent_box(l->e)};
    vly_buffer phase, id, size, faces, count, scratch;
    ck_assert_int_eq(vly_buffer_create(&phase, device, n, "labels"), VLY_OK);
    ck_assert_int_eq(vly_buffer_create(&id, device, n * 4, "id"), VLY_OK);
    ck_assert_int_eq(vly_buffer_create(&size, device, n * 4, "size"), VLY_OK);
    ck_assert_int_eq(vly_buffer_create(&faces, device, n + 3, "faces"), VLY_OK);
    ck_assert_int_eq(vly_buffer_create(&count, device, 8, "count"), VLY_OK);
    int64_t runs = device->kernels->components_scratch_bytes(l->e);
    ck_assert_int_eq(vly_buffer_create(&scratch, device, runs, "runs"), VLY_OK);
    ck_assert_int_eq(vly_buffer_upload(&phase, l->voxel, n), VLY_OK);
    ck_assert_int_eq(device->kernels->components(device->queue, phase.data, &region, neighbours, id.data, size.data,
                                                 faces.data, count.data, scratch.data),
                     VLY_OK);
    uint32_t *got = test_fetch(device, id.data, n * 4);
    uint64_t *counted = test_fetch(device, count.data, 8);
    flood f = flood_of(l, vly_extent_box(l->e), neighbours);
    for (int64_t i = 0; i < n; i++)
        if (got[i] != f.id[i])
            ck_abort_msg("%d x %d x %d, %d neighbours, voxel %lld: id %u, expected %u", l->e.nx, l->e.ny, l->e.nz,
                         neighbours, (long long)i, got[i], f.id[i]);
    ck_assert_int_eq((int64_t)*counted, f.count);
    flood_free(&f);
    free(got);
    free(counted);
    vly_buffer_free(&phase), vly_buffer_free(&id), vly_buffer_free(&size), vly_buffer_free(&faces);
    vly_buffer_free(&count), vly_buffer_free(&scratch);
}

START_TEST(the_kernel_gives_every_voxel_its_components_first)
{
    static const vly_extent extents[] = {{1, 1, 1},  {7, 1, 9},    {5, 2, 8},   {1, 17, 6},  {64, 5, 4},
                                         {65, 4, 5}, {63, 6, 3},   {130, 5, 7}, {200, 1, 1}, {33, 19, 1},
                                         {1, 1, 70}, {13, 11, 12}, {31, 9, 8},  {2, 200, 2}, {24, 24, 24}};
    for (size_t i = 0; i < sizeof extents / sizeof *extents; i++)
        for (int k = 0; k < 4; k++) {
            labels l = labels_random(extents[i], i * 4 + (uint64_t)k, k % 2 ? 7 : 0);
            if (k == 2) /* independent voxels: hardly a run is longer than two */
                for (int64_t v = 0; v < vly_extent_voxels(l.e); v++)
                    l.voxel[v] = (uint8_t)(vly_hash((uint64_t)v, i) % 2);
            vly_device *device = test_device(1 + k % 3, 0);
            check_kernel(&l, device, k == 3 || k == 1 ? 26 : 6);
            check_kernel(&l, device, k == 3 || k == 1 ? 6 : 26);
            vly_device_close(device);
            labels_free(&l);
        }
}
END_TEST

START_TEST(blocks_of_rows_are_joined)
{
    /* blocks have 2^19 voxels: several of them, and a page that is cut within */
    static const vly_extent extents[] = {{70, 60, 300}, {1100, 1000, 1}};
    if (test_emulated()) return;
    for (int i = 0; i < 2; i++) {
        vly_device *device = test_device(3, 0);
        labels l = labels_random(extents[i], (uint64_t)i, 40);
        check_kernel(&l, device, 6);
        check_kernel(&l, device, 26);
        labels_free(&l);
        vly_device_close(device);
    }
}
END_TEST

START_TEST(slabs_are_joined_for_any_window_and_limit)
{
    vly_extent e = test_small() ? (vly_extent){96, 64, 7} : (vly_extent){256, 128, 29};
    labels l = labels_random(e, 3, 50);
    vly_box windows[] = {{0, e.nx, 0, e.ny, 0, e.nz}, {3, e.nx - 2, 0, e.ny - 1, 1, e.nz - 1}};
    for (int k = 0; k < 8; k++) {
        vly_box w = windows[k % 2];
        int32_t neighbours = k / 2 % 2 ? 6 : 26;
        flood f = flood_of(&l, w, neighbours);
        /* all at once; then slabs of one page or a few: nine bytes a voxel and three slots of labels */
        int64_t page = (int64_t)e.nx * e.ny;
        vly_device *device = test_device(2, k / 4 ? vly_memory_held() + page * (k / 2 % 2 ? 36 : 70) : 0);
        if (!device->unified && k / 4) device->device_memory_limit = page * (k / 2 % 2 ? 36 : 70);
        vly_connectivity_result r = connectivity_of(&l, device, w, neighbours);
        check_components(&r, &f, k / 4 ? "slabs" : "whole");
        vly_connectivity_result_free(&r);
        vly_device_close(device);
        flood_free(&f);
    }
    labels_free(&l);
}
END_TEST

/* A path of one voxel's width through a volume of pore, back and forth in every other row of every other page. */
START_TEST(a_snake_is_one_component)
{
    vly_extent e = {67, 9, 9};
    labels l = labels_make(e, VLY_PORE, 1.0, 1.0, 1.0);
    int64_t voxels = 0;
    for (int32_t z = 0; z < e.nz; z++)
        for (int32_t y = 0; y < e.ny; y++)
            for (int32_t x = 0; x < e.nx; x++) {
                bool row = z % 2 == 0 && y % 2 == 0, turn = z % 2 == 0 && y % 2 == 1 && x == (y / 2 + z / 2) % 2 * 66;
                bool up = z % 2 == 1 && y == (z / 2 % 2 ? 0 : 8) && x == (z / 2 % 2 ? 0 : 66);
                if (!row && !turn && !up) continue;
                *label_at(&l, x, y, z) = VLY_AM;
                voxels++;
            }
    vly_device *device = test_device(2, 0);
    vly_connectivity_result r = connectivity_of(&l, device, (vly_box){0}, 6);
    flood f = flood_of(&l, vly_extent_box(e), 6);
    check_components(&r, &f, "snake");
    ck_assert_int_eq(r.phases[VLY_AM].voxels, voxels);
    vly_connectivity_result_free(&r);
    flood_free(&f);
    labels_free(&l);
    vly_device_close(device);
}
END_TEST

START_TEST(a_diagonal_connects_by_corners_only)
{
    vly_device *device = test_device(1, 0);
    labels l = labels_make((vly_extent){2, 2, 2}, VLY_PORE, 1.0, 1.0, 1.0);
    l.voxel[0] = l.voxel[7] = VLY_CBD;
    vly_connectivity_result by_26 = connectivity_of(&l, device, (vly_box){0}, 26);
    vly_connectivity_result by_6 = connectivity_of(&l, device, (vly_box){0}, 6);
    ck_assert_int_eq(by_26.phases[VLY_CBD].components, 1);
    ck_assert_int_eq(by_6.phases[VLY_CBD].components, 2);
    ck_assert_int_eq(by_26.phases[VLY_CBD].percolating, 2);
    ck_assert_int_eq(by_6.phases[VLY_CBD].percolating, 0);
    ck_assert_int_eq(by_6.phases[VLY_CBD].largest, 1);
    ck_assert_int_eq(by_6.phases[VLY_AM].components, 0);
    ck_assert(isnan(by_6.phases[VLY_AM].percolating_fraction) && by_26.phases[VLY_CBD].percolating_fraction == 1.0);
    vly_connectivity_result_free(&by_26), vly_connectivity_result_free(&by_6);
    labels_free(&l);
    vly_device_close(device);
}
END_TEST

START_TEST(sides_of_the_electrode_are_told_apart)
{
    /* along x: a bar from face to face, one that reaches the low face, two the high one, and a speck of one voxel */
    static const int32_t from[5] = {0, 0, 5, 4, 3}, to[5] = {9, 3, 9, 9, 4};
    labels l = labels_make((vly_extent){9, 11, 3}, VLY_PORE, 1.0, 1.0, 1.0);
    for (int i = 0; i < 5; i++)
        for (int32_t x = from[i]; x < to[i]; x++) *label_at(&l, x, 1 + 2 * i, 1) = VLY_AM;
    vly_device *device = test_device(1, 0);
    vly_connectivity_options options = VLY_CONNECTIVITY_OPTIONS_INIT;
    for (int high = 0; high < 2; high++) {
        vly_connectivity_result r;
        options.through = (vly_through){0, high};
        ck_assert_int_eq(vly_connectivity(&r, device, l.source, &options), VLY_OK);
        const vly_connected *c = &r.phases[VLY_AM];
        ck_assert(c->components == 5 && c->voxels == 22 && c->largest == 9 && c->percolating == 9 && c->isolated == 1);
        ck_assert(c->separator == (high ? 18 : 12) && c->collector == (high ? 12 : 18));
        ck_assert(c->percolating_along[0] == 9 && c->percolating_along[1] == 0 && c->percolating_along[2] == 0);
        ck_assert(c->percolating_fraction == 9.0 / 22.0);
        vly_connectivity_result_free(&r);
    }
    vly_connectivity_result r;
    options.neighbours = 18;
    test_fails(vly_connectivity(&r, device, l.source, &options), VLY_EUSAGE, "6 or 26");
    labels_free(&l);
    vly_device_close(device);
}
END_TEST

START_TEST(a_checkerboard_falls_apart_and_holds_together)
{
    vly_extent e = {20, 18, 16};
    labels l = labels_make(e, 0, 1.0, 1.0, 1.0);
    for (int64_t i = 0; i < vly_extent_voxels(e); i++) l.voxel[i] = (uint8_t)((i % 20 + i / 20 % 18 + i / 360) % 2);
    vly_device *device = test_device(2, 0);
    vly_connectivity_result by_6 = connectivity_of(&l, device, (vly_box){0}, 6);
    vly_connectivity_result by_26 = connectivity_of(&l, device, (vly_box){0}, 26);
    ck_assert_int_eq(by_6.count, vly_extent_voxels(e));
    ck_assert_int_eq(by_26.count, 2);
    vly_connectivity_result_free(&by_26), vly_connectivity_result_free(&by_6);
    labels_free(&l);
    vly_device_close(device);
}
END_TEST

typedef struct known {
    int64_t components, largest, along[3]; /* z, y, x */
} known;

static void check_real(const char *name, const char *map, const known expected[3])
{
    vly_source *source = labels_of_data(name, map, 1.0);
    if (!source) return;
    vly_device *device = test_device(0, 0);
    vly_connectivity_result r;
    vly_connectivity_options options = VLY_CONNECTIVITY_OPTIONS_INIT;
    options.neighbours = 6;
    ck_assert_msg(vly_connectivity(&r, device, source, &options) == VLY_OK, "%s", vly_error_message());
    for (int p = 0; p < 3; p++) {
        ck_assert_int_eq(r.phases[p].components, expected[p].components);
        ck_assert_int_eq(r.phases[p].largest, expected[p].largest);
        for (int i = 0; i < 3; i++) ck_assert_int_eq(r.phases[p].percolating_along[i], expected[p].along[2 - i]);
        ck_assert_int_eq(r.phases[p].percolating, expected[p].along[0]);
    }
    vly_connectivity_result_free(&r);
    vly_source_close(source);
    vly_device_close(device);
}

START_TEST(real_volumes_have_their_known_components)
{
    if (test_emulated()) return;
    static const known electrode[3] = {{2317, 7540311, {7540311, 7540311, 7540311}},
                                       {121, 6457579, {6457579, 6457579, 6457579}},
                                       {18132, 2444830, {2444830, 2444830, 2444830}}};
    static const known nmc[3] = {{226, 9063276, {9063276, 9063276, 9063276}},
                                 {144, 11336858, {11336858, 11336858, 11336858}},
                                 {64441, 1499980, {1499980, 1499980, 1499980}}};
    static const known bilayer[3] = {{335, 5639397, {5639397, 5639397, 5639397}},
                                     {32, 2238368, {0, 2238368, 2238368}},
                                     {5, 5844145, {0, 5844145, 5844145}}};
    check_real("tldr-group_taufactor/electrode.tiff", "pore=0,am=85,cbd=170", electrode);
    check_real("NREL_MATBOX_Microstructure_analysis_toolbox/nmc-1-cal_generatedCBD_bridge.tif", "pore=0,am=1,cbd=2",
               nmc);
    check_real("NREL_MATBOX_Microstructure_analysis_toolbox/Bi_layer.tif", "pore=0,am=1,cbd=2", bilayer);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("connectivity");
    TEST_CASE(suite, the_kernel_gives_every_voxel_its_components_first);
    TEST_CASE(suite, blocks_of_rows_are_joined);
    TEST_CASE(suite, slabs_are_joined_for_any_window_and_limit);
    TEST_CASE(suite, a_snake_is_one_component);
    TEST_CASE(suite, a_diagonal_connects_by_corners_only);
    TEST_CASE(suite, sides_of_the_electrode_are_told_apart);
    TEST_CASE(suite, a_checkerboard_falls_apart_and_holds_together);
    TEST_CASE(suite, real_volumes_have_their_known_components);
    return test_run(suite);
}
