/* Geodesic tortuosity against a heap Dijkstra and closed forms (spec 6.4). */
#include "support.h"

#include "voxelyte/geodesic.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static vly_status try(vly_geodesic_result *r, vly_device *device, const uint8_t *labels, vly_extent e,
                      vly_geodesic_options options)
{
    vly_source *source;
    ck_assert_int_eq(vly_source_memory(&source, labels, VLY_U8, e, NULL), VLY_OK);
    vly_status status = vly_geodesic(r, device, source, &options);
    vly_source_close(source);
    return status;
}

static vly_geodesic_result compute(const uint8_t *labels, vly_extent e, vly_geodesic_options options)
{
    vly_geodesic_result r;
    vly_device *device = test_device(2, 0);
    if (try(&r, device, labels, e, options) != VLY_OK) ck_abort_msg("%s", vly_error_message());
    vly_device_close(device);
    return r;
}

static uint8_t *random_labels(vly_extent e, double share, uint64_t seed)
{
    uint8_t *labels = malloc((size_t)vly_extent_voxels(e));
    for (int64_t i = 0; i < vly_extent_voxels(e); i++)
        labels[i] = test_uniform(&seed) < share ? VLY_PORE : test_random(&seed) % 2 ? VLY_AM : VLY_CBD;
    return labels;
}

/* ---- the oracle: Dijkstra with a binary heap, 64-bit lengths ---- */

typedef struct heap {
    int64_t *voxel;
    uint64_t *key;
    int64_t count;
} heap;

static void swap_entries(heap *h, int64_t a, int64_t b)
{
    int64_t v = h->voxel[a];
    uint64_t k = h->key[a];
    h->voxel[a] = h->voxel[b], h->key[a] = h->key[b];
    h->voxel[b] = v, h->key[b] = k;
}

static void push(heap *h, int64_t voxel, uint64_t key)
{
    int64_t i = h->count++;
    h->voxel[i] = voxel, h->key[i] = key;
    for (; i > 0 && h->key[(i - 1) / 2] > h->key[i]; i = (i - 1) / 2) swap_entries(h, i, (i - 1) / 2);
}

static int64_t pop(heap *h, uint64_t *key)
{
    int64_t voxel = h->voxel[0];
    *key = h->key[0];
    swap_entries(h, 0, --h->count);
    for (int64_t i = 0, child = 1; child < h->count; child = 2 * i + 1) {
        if (child + 1 < h->count && h->key[child + 1] < h->key[child]) child++;
        if (h->key[i] <= h->key[child]) break;
        swap_entries(h, i, child);
        i = child;
    }
    return voxel;
}

/* Distances from plane `target` of the axis; UINT64_MAX where none. Yours to free. */
static uint64_t *dijkstra(const uint8_t *labels, vly_extent e, int axis, int32_t target)
{
    static const uint64_t weight[4] = {0, 65536, 92682, 113512};
    int64_t n = vly_extent_voxels(e);
    uint64_t *d = malloc((size_t)n * sizeof *d), key;
    heap h = {malloc((size_t)(27 * n) * sizeof(int64_t)), malloc((size_t)(27 * n) * sizeof(uint64_t)), 0};
    for (int64_t i = 0; i < n; i++) {
        const int32_t at[3] = {(int32_t)(i % e.nx), (int32_t)(i / e.nx % e.ny), (int32_t)(i / e.nx / e.ny)};
        d[i] = UINT64_MAX;
        if (labels[i] == VLY_PORE && at[axis] == target) push(&h, i, d[i] = 0);
    }
    while (h.count > 0) {
        int64_t u = pop(&h, &key);
        if (d[u] < key) continue;
        int64_t x = u % e.nx, y = u / e.nx % e.ny, z = u / e.nx / e.ny;
        for (int64_t c = z - 1; c <= z + 1; c++)
            for (int64_t b = y - 1; b <= y + 1; b++)
                for (int64_t a = x - 1; a <= x + 1; a++) {
                    if (a < 0 || b < 0 || c < 0 || a >= e.nx || b >= e.ny || c >= e.nz) continue;
                    int64_t v = (c * e.ny + b) * e.nx + a;
                    uint64_t next = key + weight[(a != x) + (b != y) + (c != z)];
                    if (labels[v] == VLY_PORE && next < d[v]) push(&h, v, d[v] = next);
                }
    }
    free(h.voxel);
    free(h.key);
    return d;
}

/* The map as the oracle has it, to the bit; reached and start voxels. */
static void check_dijkstra(const uint8_t *labels, vly_extent e, int axis, bool high)
{
    const int32_t n[3] = {e.nx, e.ny, e.nz};
    int32_t start = high ? n[axis] - 1 : 0;
    uint64_t *d = dijkstra(labels, e, axis, n[axis] - 1 - start);
    vly_geodesic_result r = compute(labels, e, (vly_geodesic_options){1u << VLY_PORE, axis, high});
    int64_t at = 0, reached = 0, begun = 0;
    for (int64_t i = 0; i < vly_extent_voxels(e); i++) {
        const int32_t c[3] = {(int32_t)(i % e.nx), (int32_t)(i / e.nx % e.ny), (int32_t)(i / e.nx / e.ny)};
        if (c[axis] != start) continue;
        float expected = d[i] == UINT64_MAX ? NAN : (float)((double)d[i] / (65536.0 * (n[axis] - 1)));
        if (memcmp(&expected, &r.map[at], sizeof expected) != 0 && !(isnan(expected) && isnan(r.map[at])))
            ck_abort_msg("%g at %d, expected %g", (double)r.map[at], (int)at, (double)expected);
        at++;
        begun += labels[i] == VLY_PORE;
        reached += d[i] != UINT64_MAX;
    }
    ck_assert_int_eq(at, (int64_t)r.rows * r.columns);
    ck_assert_int_eq(r.start_voxels, begun);
    ck_assert_int_eq(r.reached_voxels, reached);
    vly_geodesic_free(&r);
    free(d);
}

START_TEST(lengths_are_dijkstras) /* M6.4 */
{
    vly_extent e = test_small() ? (vly_extent){13, 12, 11} : (vly_extent){40, 40, 40};
    for (int p = 0; p < 2; p++) {
        uint8_t *labels = random_labels(e, p ? 0.6 : 0.4, 21);
        for (int axis = 0; axis < 3; axis++) check_dijkstra(labels, e, axis, false);
        check_dijkstra(labels, e, 2, true);
        check_dijkstra(labels, e, 0, true);
        free(labels);
    }
}
END_TEST

START_TEST(odd_extents_are_no_exception)
{
    static const vly_extent extents[] = {{1, 1, 9}, {1, 7, 5}, {7, 1, 5}, {33, 2, 3}, {2, 2, 2}};
    for (size_t k = 0; k < sizeof extents / sizeof *extents; k++) {
        uint8_t *labels = random_labels(extents[k], 0.8, 40 + k);
        check_dijkstra(labels, extents[k], 2, false);
        free(labels);
    }
}
END_TEST

/* ---- closed forms ---- */

START_TEST(a_full_volume_has_tortuosity_one) /* M6.1 */
{
    uint8_t labels[7 * 6 * 5] = {0};
    vly_geodesic_result r = compute(labels, (vly_extent){7, 6, 5}, VLY_GEODESIC_OPTIONS_INIT);
    ck_assert_ptr_null(r.reason);
    ck_assert_double_eq(r.mean, 1);
    ck_assert_double_eq(r.std, 0);
    ck_assert_double_eq(r.minimum, 1);
    ck_assert_double_eq(r.maximum, 1);
    ck_assert_double_eq(r.q05, 1);
    ck_assert_double_eq(r.q95, 1);
    ck_assert_double_eq(r.reached_fraction, 1);
    ck_assert_int_eq(r.bins, 1);
    ck_assert_int_eq(r.histogram[0], 42);
    vly_geodesic_free(&r);
}
END_TEST

START_TEST(a_plate_with_a_hole_has_the_lengths_of_the_lattice) /* M6.2 */
{
    enum { SIDE = 21, FACE = SIDE * SIDE };
    uint8_t *labels = calloc(SIDE * FACE, 1);
    memset(labels + 10 * FACE, VLY_AM, FACE);
    labels[10 * FACE + 10 * SIDE + 10] = VLY_PORE;
    vly_geodesic_result r = compute(labels, (vly_extent){SIDE, SIDE, SIDE}, VLY_GEODESIC_OPTIONS_INIT);
    for (int i = 0; i < FACE; i++) {
        int a = 10, b = abs(i / SIDE - 10), c = abs(i % SIDE - 10);
        if (b < c) b ^= c, c ^= b, b ^= c;
        int64_t d = (a - b) * 65536 + (b - c) * 92682 + c * 113512 + 10 * 65536;
        ck_assert_msg(r.map[i] == (float)((double)d / (20 * 65536)), "%g at %d", (double)r.map[i], i);
    }
    ck_assert_double_eq_tol(r.mean, 1.200142512, 5e-10); /* as many digits as the spec prints */
    ck_assert_double_eq(r.minimum, 1);
    ck_assert_double_eq_tol(r.maximum, 1.366027832, 5e-10);
    int64_t sum = 0;
    for (int b = 0; b < r.bins; b++) sum += r.histogram[b];
    ck_assert_int_eq(sum, FACE);
    ck_assert_int_eq(r.bins, 74); /* 0.366027832 / 0.005 = 73.2 */
    ck_assert_int_gt(r.histogram[73], 0);
    vly_geodesic_free(&r);
    free(labels);
}
END_TEST

START_TEST(a_diagonal_staircase_is_as_long_as_its_diagonal) /* M6.3 */
{
    enum { SIDE = 24 };
    uint8_t *labels = malloc(SIDE * SIDE * SIDE);
    for (int space = 0; space < 2; space++) {
        memset(labels, VLY_AM, SIDE * SIDE * SIDE);
        for (int z = 0; z < SIDE; z++) labels[(z * SIDE + (space ? z : 3)) * SIDE + z] = VLY_PORE;
        vly_geodesic_result r = compute(labels, (vly_extent){SIDE, SIDE, SIDE}, VLY_GEODESIC_OPTIONS_INIT);
        ck_assert_int_eq(r.start_voxels, 1);
        ck_assert_double_eq_tol(r.mean, space ? sqrt(3) : sqrt(2), 5e-6); /* 3e-6 of the length */
        vly_geodesic_free(&r);
    }
    free(labels);
}
END_TEST

/* Corridors of a meander in one page: far more than the 65 535 voxel lengths that 32 bits hold. */
START_TEST(a_path_of_any_length_is_measured)
{
    enum { WIDE = 801, HIGH = 201 };
    if (test_emulated()) return; /* a hundred thousand steps */
    vly_extent e = {WIDE, 1, HIGH};
    uint8_t *labels = malloc(WIDE * HIGH);
    memset(labels, VLY_PORE, WIDE * HIGH);
    for (int z = 1; z < HIGH; z += 2) {
        memset(labels + z * WIDE, VLY_AM, WIDE);
        labels[z * WIDE + (z % 4 == 1 ? WIDE - 1 : 0)] = VLY_PORE;
    }
    check_dijkstra(labels, e, 2, false);
    vly_geodesic_result r = compute(labels, e, VLY_GEODESIC_OPTIONS_INIT);
    ck_assert_double_gt(r.mean * (HIGH - 1), 70000);
    vly_geodesic_free(&r);
    free(labels);
}
END_TEST

/* ---- properties ---- */

START_TEST(removing_voxels_never_shortens) /* M6.5 */
{
    vly_extent e = {14, 13, 12};
    uint8_t *labels = random_labels(e, 0.7, 5);
    vly_geodesic_result before = compute(labels, e, VLY_GEODESIC_OPTIONS_INIT);
    uint64_t seed = 6;
    for (int64_t i = 0; i < vly_extent_voxels(e); i++)
        if (test_random(&seed) % 10 == 0) labels[i] = VLY_AM;
    vly_geodesic_result after = compute(labels, e, VLY_GEODESIC_OPTIONS_INIT);
    int compared = 0;
    for (int i = 0; i < 14 * 13; i++) {
        if (isnan(after.map[i])) continue;
        ck_assert_msg(after.map[i] >= before.map[i], "voxel %d", i);
        compared++;
    }
    ck_assert_int_gt(compared, 20);
    vly_geodesic_free(&before);
    vly_geodesic_free(&after);
    free(labels);
}
END_TEST

START_TEST(flipped_with_the_separator_on_the_other_side_is_the_same) /* M6.7 */
{
    vly_extent e = {11, 12, 13};
    int64_t page = 11 * 12;
    uint8_t *labels = random_labels(e, 0.5, 31), flipped[11 * 12 * 13];
    for (int z = 0; z < 13; z++) memcpy(flipped + (12 - z) * page, labels + z * page, (size_t)page);
    vly_geodesic_options low = VLY_GEODESIC_OPTIONS_INIT, high = {1u << VLY_PORE, 2, true};
    vly_geodesic_result a = compute(labels, e, low), b = compute(flipped, e, high), c = compute(labels, e, high);
    ck_assert_mem_eq(a.map, b.map, (size_t)page * sizeof *a.map);
    ck_assert_mem_eq(&a.mean, &b.mean, sizeof a.mean);
    ck_assert_double_eq(a.minimum, c.minimum); /* shortest paths are shortest from either end */
    vly_geodesic_free(&a);
    vly_geodesic_free(&b);
    vly_geodesic_free(&c);
    free(labels);
}
END_TEST

START_TEST(the_axis_may_be_any) /* transposed volumes have transposed maps */
{
    vly_extent e = {9, 10, 11}, turned = {11, 10, 9};
    uint8_t *labels = random_labels(e, 0.6, 33), swapped[9 * 10 * 11];
    for (int i = 0; i < 990; i++) swapped[(i % 9 * 10 + i / 9 % 10) * 11 + i / 90] = labels[i];
    vly_geodesic_result z = compute(labels, e, VLY_GEODESIC_OPTIONS_INIT);
    vly_geodesic_result x = compute(swapped, turned, (vly_geodesic_options){1u << VLY_PORE, 0, false});
    ck_assert_double_eq(z.mean, x.mean);
    ck_assert_double_eq(z.q50, x.q50);
    for (int r = 0; r < 10; r++)
        for (int c = 0; c < 9; c++) ck_assert_mem_eq(&z.map[r * 9 + c], &x.map[c * 10 + r], sizeof *z.map);
    vly_geodesic_free(&z);
    vly_geodesic_free(&x);
    free(labels);
}
END_TEST

START_TEST(phases_may_be_joined)
{
    vly_extent e = {8, 8, 8};
    uint8_t *labels = random_labels(e, 0.3, 34);
    vly_geodesic_result all = compute(labels, e, (vly_geodesic_options){7, 2, false});
    ck_assert_double_eq(all.mean, 1);
    vly_geodesic_result both = compute(labels, e, (vly_geodesic_options){1 << VLY_PORE | 1 << VLY_CBD, 2, false});
    for (int i = 0; i < 512; i++)
        if (labels[i] == VLY_CBD) labels[i] = VLY_PORE;
    vly_geodesic_result one = compute(labels, e, VLY_GEODESIC_OPTIONS_INIT);
    ck_assert_mem_eq(both.map, one.map, 64 * sizeof *one.map);
    vly_geodesic_free(&all);
    vly_geodesic_free(&both);
    vly_geodesic_free(&one);
    free(labels);
}
END_TEST

START_TEST(threads_change_nothing)
{
    vly_extent e = test_small() ? (vly_extent){20, 18, 12} : (vly_extent){90, 80, 70};
    uint8_t *labels = random_labels(e, 0.45, 35);
    vly_geodesic_result r[3];
    for (int t = 0; t < 3; t++) {
        vly_device *device = test_device(t + 1, 0);
        ck_assert_int_eq(try(&r[t], device, labels, e, VLY_GEODESIC_OPTIONS_INIT), VLY_OK);
        vly_device_close(device);
        ck_assert_mem_eq(r[t].map, r[0].map, (size_t)e.nx * (size_t)e.ny * sizeof(float));
        ck_assert_mem_eq(&r[t].mean, &r[0].mean, 7 * sizeof(double));
    }
    for (int t = 0; t < 3; t++) vly_geodesic_free(&r[t]);
    free(labels);
}
END_TEST

/* The list holds 4096 voxels and an eighth of 80 000, the face 36 000. */
START_TEST(a_bucket_larger_than_its_list_is_found_in_the_field)
{
    vly_extent e = {200, 200, 2};
    if (test_emulated()) return;
    uint8_t *labels = random_labels(e, 0.9, 36);
    check_dijkstra(labels, e, 2, false);
    free(labels);
}
END_TEST

/* ---- what has no answer ---- */

static void check_reason(const uint8_t *labels, vly_extent e, const char *part, int64_t begun)
{
    vly_geodesic_result r = compute(labels, e, VLY_GEODESIC_OPTIONS_INIT);
    ck_assert_ptr_nonnull(r.reason);
    ck_assert_ptr_nonnull(strstr(r.reason, part));
    ck_assert(isnan(r.mean) && isnan(r.std) && isnan(r.q50) && isnan(r.maximum));
    ck_assert_double_eq(r.reached_fraction, 0);
    ck_assert_int_eq(r.reached_voxels, 0);
    ck_assert_int_eq(r.start_voxels, begun);
    ck_assert_ptr_null(r.histogram);
    vly_geodesic_free(&r);
}

START_TEST(no_path_has_a_reason) /* M6.6 */
{
    uint8_t labels[4 * 4 * 4] = {0};
    memset(labels + 32, VLY_AM, 16);
    check_reason(labels, (vly_extent){4, 4, 4}, "no path", 16);
    memset(labels, VLY_CBD, 16);
    check_reason(labels, (vly_extent){4, 4, 4}, "does not reach", 0);
    memset(labels, VLY_AM, sizeof labels);
    check_reason(labels, (vly_extent){4, 4, 4}, "does not reach", 0);
    memset(labels, VLY_PORE, sizeof labels);
    check_reason(labels, (vly_extent){8, 8, 1}, "one voxel thick", 64);
}
END_TEST

static void check_refused(const uint8_t *labels, int64_t limit, vly_geodesic_options options, double z_size,
                          vly_status expected, const char *part)
{
    vly_geodesic_result r;
    vly_source *source;
    vly_voxel_size size = {1e-6, 1e-6, z_size, VLY_SIZE_FROM_FILE, "test"};
    vly_device *device = test_device(1, limit);
    ck_assert_int_eq(vly_source_memory(&source, labels, VLY_U8, (vly_extent){32, 32, 32}, &size), VLY_OK);
    test_fails(vly_geodesic(&r, device, source, &options), expected, part);
    ck_assert_ptr_null(r.map);
    vly_source_close(source);
    vly_device_close(device);
}

START_TEST(what_cannot_be_measured_is_refused)
{
    uint8_t *labels = calloc(32, 32 * 32);
    vly_geodesic_options options = VLY_GEODESIC_OPTIONS_INIT, axis = {1, 3, false};
    check_refused(labels, 0, options, 2e-6, VLY_EDATA, "E_ANISO");
    check_refused(labels, 0, axis, 1e-6, VLY_EUSAGE, "axis");
    check_refused(labels, 1 << 14, options, 1e-6, VLY_EMEMORY, "at least 1 MiB");
    labels[32 * 32 * 3 + 32 * 2 + 5] = VLY_OUTSIDE;
    check_refused(labels, 0, options, 1e-6, VLY_EDATA, "x=5 y=2 z=3");
    free(labels);
}
END_TEST

START_TEST(the_need_is_known_before_and_kept)
{
    if (test_emulated()) return; /* its memory is not ours to count */
    vly_extent e = {64, 60, 56};
    uint8_t *labels = random_labels(e, 0.6, 37);
    vly_geodesic_options options = VLY_GEODESIC_OPTIONS_INIT;
    vly_geodesic_result r;
    vly_source *source;
    vly_device *device = test_device(1, 0);
    int64_t host, own;
    ck_assert_int_eq(vly_source_memory(&source, labels, VLY_U8, e, NULL), VLY_OK);
    ck_assert_int_eq(vly_geodesic_measure(&host, &own, device, source, &options), VLY_OK);
    int64_t before = vly_memory_held();
    ck_assert_int_ge(vly_memory_peak(), before);
    ck_assert_int_eq(vly_geodesic(&r, device, source, &options), VLY_OK);
    ck_assert_int_le(vly_memory_peak() - before, host + r.bins * (int64_t)sizeof *r.histogram);
    vly_geodesic_free(&r);
    vly_source_close(source);
    vly_device_close(device);
    free(labels);
}
END_TEST

/* What is tried while something fails. */
typedef struct attempt {
    vly_device *device;
    vly_source *source;
} attempt;

static vly_status measure(void *self)
{
    const attempt *a = self;
    const vly_geodesic_options options = VLY_GEODESIC_OPTIONS_INIT;
    vly_geodesic_result r;
    const vly_status status = vly_geodesic(&r, a->device, a->source, &options);
    vly_geodesic_free(&r);
    return status;
}

START_TEST(every_failure_comes_back_and_nothing_leaks)
{
    vly_extent e = {6, 7, 8};
    uint8_t *labels = random_labels(e, 0.8, 38);
    attempt a = {.device = test_device(1, 0)};
    ck_assert_int_eq(vly_source_memory(&a.source, labels, VLY_U8, e, NULL), VLY_OK);
    ck_assert_int_gt(test_every_fault("alloc", measure, &a), 5);
    ck_assert_int_gt(test_every_fault("device", measure, &a), 5);
    vly_source_close(a.source);
    vly_device_close(a.device);
    free(labels);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("geodesic");
    TEST_CASE(suite, lengths_are_dijkstras);
    TEST_CASE(suite, odd_extents_are_no_exception);
    TEST_CASE(suite, a_full_volume_has_tortuosity_one);
    TEST_CASE(suite, a_plate_with_a_hole_has_the_lengths_of_the_lattice);
    TEST_CASE(suite, a_diagonal_staircase_is_as_long_as_its_diagonal);
    TEST_CASE(suite, a_path_of_any_length_is_measured);
    TEST_CASE(suite, removing_voxels_never_shortens);
    TEST_CASE(suite, flipped_with_the_separator_on_the_other_side_is_the_same);
    TEST_CASE(suite, the_axis_may_be_any);
    TEST_CASE(suite, phases_may_be_joined);
    TEST_CASE(suite, threads_change_nothing);
    TEST_CASE(suite, a_bucket_larger_than_its_list_is_found_in_the_field);
    TEST_CASE(suite, no_path_has_a_reason);
    TEST_CASE(suite, what_cannot_be_measured_is_refused);
    TEST_CASE(suite, every_failure_comes_back_and_nothing_leaks);
    TEST_CASE(suite, the_need_is_known_before_and_kept);
    return test_run(suite);
}
