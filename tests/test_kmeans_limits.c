/* k-means must not care for threads, memory, slabs or instruction sets; windows, masks, and input it cannot work with. */
#include "kmeans_run.h"

#include "core/fault.h"
#include "core/queue_cpu.h"

#include <stdio.h>

static void expect_same(const run *got, const run *expected, const char *what)
{
    test_equal_u8(got->labels, expected->labels, vly_extent_voxels(expected->labels_e), what);
    ck_assert_double_eq(got->result.cost, expected->result.cost);
    ck_assert_int_eq(got->result.iterations, expected->result.iterations);
    ck_assert_mem_eq(got->result.centroids, expected->result.centroids, sizeof got->result.centroids);
    ck_assert_mem_eq(got->result.final_weights, expected->result.final_weights, sizeof got->result.final_weights);
    ck_assert_int_eq(got->result.relabelled, expected->result.relabelled);
}

/* An odd extent that no block divides; larger than the first list of the exact finish. */
static vly_extent odd_extent(void)
{
    return test_small() ? (vly_extent){35, 29, 27} : (vly_extent){73, 67, 61};
}

/* On one thread of the CPU: what every device has to repeat bit by bit. */
static run first_run(const uint16_t *grey)
{
    vly_device *device = test_cpu(1);
    run r = make_run(device, grey, odd_extent());
    r.options.samples = 10000;
    r.options.evaluations = 20;
    do_run(&r);
    expect_exact_counts(&r);
    vly_device_close(device);
    return r;
}

/* The same options on another device. */
static void expect_same_on(vly_device *device, const run *expected, const char *what)
{
    run r = make_run(device, expected->grey, expected->e);
    r.options = expected->options;
    do_run(&r);
    expect_same(&r, expected, what);
    free_run(&r);
}

START_TEST(threads_instruction_sets_and_devices_change_no_bit)
{
    const vly_extent odd = odd_extent();
    uint16_t *grey = cells(odd, 6000, 1);
    run expected = first_run(grey);
    vly_isa widest = vly_isa_detect();
    for (int threads = 1; threads <= 3; threads++)
        for (vly_isa isa = VLY_ISA_PLAIN; isa <= widest; isa++) {
            if (isa == VLY_ISA_PLAIN && threads != 2) continue; /* slow */
            vly_device *device = test_cpu(threads);
            device->queue->isa = isa;
            expect_same_on(device, &expected, "threads and instruction sets");
            vly_device_close(device);
        }
    vly_device *device = test_device(2, 0);
    expect_same_on(device, &expected, "devices");
    vly_device_close(device);
    free_run(&expected);
    free(grey);
}
END_TEST

START_TEST(any_memory_limit_that_works_gives_the_same_labels)
{
    const vly_extent odd = odd_extent();
    const int64_t step = test_small() ? 2000000 : 200000;
    uint16_t *grey = cells(odd, 6000, 2);
    run expected = first_run(grey);
    long long least = 0;
    int worked = 0;
    vly_status status = VLY_OK;
    /* from resident to slabs of a few pages, and then too little */
    for (int64_t limit = vly_memory_held() + (INT64_C(16) << 20); status == VLY_OK; limit -= step) {
        vly_device *device = test_device(2, limit);
        run r = make_run(device, grey, odd);
        r.options = expected.options;
        status = try_run(&r);
        if (status == VLY_OK) {
            expect_same(&r, &expected, "memory limit");
            worked++;
        } else {
            test_fails(status, VLY_EMEMORY, "at least");
            sscanf(strstr(vly_error_message(), "at least"), "at least %lld", &least);
        }
        free_run(&r);
        vly_device_close(device);
    }
    ck_assert_int_gt(worked, 3);
    vly_device *device = test_device(2, least << 20); /* the message told the truth */
    expect_same_on(device, &expected, "least memory");
    vly_device_close(device);
    free_run(&expected);
    free(grey);
}
END_TEST

/* ---- window and mask ---- */

START_TEST(a_window_reads_its_real_neighbours)
{
    /* a window depends on itself and one voxel around it: cutting the rest away must change nothing */
    const vly_extent e = {50, 44, 40}, cut = {32, 27, 22};
    const vly_box window = {10, 40, 9, 34, 8, 28};
    vly_device *device = test_device(2, 0);
    uint16_t *grey = cells(e, 6000, 3), *part = malloc((size_t)vly_extent_voxels(cut) * 2);
    for (int32_t z = 0; z < cut.nz; z++)
        for (int32_t y = 0; y < cut.ny; y++)
            memcpy(part + vly_at(cut, 0, y, z), grey + vly_at(e, window.x0 - 1, window.y0 - 1 + y, window.z0 - 1 + z),
                   (size_t)cut.nx * 2);
    run a = make_run(device, grey, e), b = make_run(device, part, cut);
    free_run(&a);
    free_run(&b);
    a.labels_e = b.labels_e = vly_box_extent(window);
    a.labels = test_guarded((size_t)vly_extent_voxels(a.labels_e));
    b.labels = test_guarded((size_t)vly_extent_voxels(b.labels_e));
    a.options.region.window = window;
    b.options.region.window = (vly_box){1, 31, 1, 26, 1, 21};
    do_run(&a);
    do_run(&b);
    expect_exact_counts(&a);
    expect_same(&b, &a, "cut-out");
    free_run(&a);
    free_run(&b);
    free(part);
    free(grey);
    vly_device_close(device);
}
END_TEST

START_TEST(what_a_mask_hides_has_no_influence_but_as_a_neighbour)
{
    const vly_extent odd = odd_extent();
    const int64_t visible = odd.ny / 2 - 3, stencils = visible + 3; /* radii */
    vly_device *device = test_device(2, 0);
    uint16_t *grey = cells(odd, 6000, 4);
    uint8_t *inside = malloc((size_t)vly_extent_voxels(odd));
    for (int64_t i = 0; i < vly_extent_voxels(odd); i++) {
        int64_t x = i % odd.nx - odd.nx / 2, y = i / odd.nx % odd.ny - odd.ny / 2;
        inside[i] = x * x + y * y < visible * visible;
        if (x * x + y * y > stencils * stencils) grey[i] = 65535; /* out of every stencil */
    }
    run a = make_run(device, grey, odd), b = make_run(device, grey, odd);
    a.options.samples = b.options.samples = 10000;
    ck_assert_int_eq(vly_source_memory(&a.options.region.mask, inside, VLY_U8, odd, NULL), VLY_OK);
    b.options.region.mask = a.options.region.mask;
    do_run(&a);
    expect_exact_counts(&a);
    for (int64_t i = 0; i < vly_extent_voxels(odd); i++) {
        int64_t x = i % odd.nx - odd.nx / 2, y = i / odd.nx % odd.ny - odd.ny / 2;
        ck_assert_int_eq(a.labels[i] == VLY_OUTSIDE, !inside[i]);
        if (x * x + y * y > stencils * stencils) grey[i] = 0;
    }
    do_run(&b);
    expect_same(&b, &a, "hidden values");
    vly_source_close(a.options.region.mask);
    free_run(&a);
    free_run(&b);
    free(inside);
    free(grey);
    vly_device_close(device);
}
END_TEST

/* ---- input that makes no sense ---- */

static void expect_refusal(const uint16_t *grey, vly_extent e, vly_status status, const char *part)
{
    vly_device *device = test_device(1, 0);
    run r = make_run(device, grey, e);
    test_fails(try_run(&r), status, part);
    ck_assert_ptr_null(r.result.histogram);
    free_run(&r);
    vly_device_close(device);
}

START_TEST(volumes_without_three_kinds_of_neighbourhood_are_flat)
{
    uint16_t *grey = malloc(1000 * 2);
    for (int i = 0; i < 1000; i++) grey[i] = 500;
    expect_refusal(grey, (vly_extent){10, 10, 10}, VLY_EDATA, "(E_FLAT)");
    /* two kinds: a layer between two others */
    for (int i = 0; i < 27; i++) grey[i] = i / 9 == 1 ? 10 : 20;
    expect_refusal(grey, (vly_extent){3, 3, 3}, VLY_EDATA, "(E_FLAT)");
    free(grey);
}
END_TEST

START_TEST(volumes_too_small_for_the_stencil_are_refused)
{
    uint16_t grey[64] = {1, 2, 3};
    expect_refusal(grey, (vly_extent){1, 1, 1}, VLY_EDATA, "(E_DIM)");
    expect_refusal(grey, (vly_extent){8, 8, 1}, VLY_EDATA, "(E_DIM)");
    expect_refusal(grey, (vly_extent){2, 4, 8}, VLY_EDATA, "(E_DIM)");
}
END_TEST

START_TEST(the_smallest_volume_is_segmented)
{
    const vly_extent e = {3, 3, 3};
    vly_device *device = test_device(2, 0);
    uint64_t state = 9;
    int done = 0;
    for (int i = 0; i < 40; i++) {
        uint16_t grey[27];
        for (int k = 0; k < 27; k++) grey[k] = (uint16_t)test_random(&state);
        run r = make_run(device, grey, e);
        r.options.evaluations = 30;
        vly_status status = try_run(&r);
        if (status == VLY_OK) {
            expect_exact_counts(&r);
            done++;
        } else if (status == VLY_EDATA) {
            test_fails(status, VLY_EDATA, "(E_ORDER)"); /* 27 voxels of noise need not be ordered */
        } else {
            test_fails(status, VLY_ENUMERIC, "(E_EMPTY)");
        }
        free_run(&r);
    }
    ck_assert_int_gt(done, 0);
    vly_device_close(device);
}
END_TEST

START_TEST(phases_that_are_not_ordered_in_grey_are_refused)
{
    /* levels drawn voxel by voxel: clusters follow the neighbourhood, which says nothing of the centre */
    const vly_extent e = {30, 30, 30};
    uint16_t *grey = malloc((size_t)vly_extent_voxels(e) * 2);
    uint64_t state = 4;
    for (int64_t i = 0; i < vly_extent_voxels(e); i++) {
        uint64_t draw = test_random(&state) % 100;
        grey[i] = (uint16_t)((draw < 60 ? 42000 : draw < 83 ? 18000 : 12000) + test_random(&state) % 500);
    }
    expect_refusal(grey, e, VLY_EDATA, "(E_ORDER)");
    free(grey);
}
END_TEST

START_TEST(options_out_of_range_are_refused)
{
    uint16_t grey[27] = {0};
    vly_device *device = test_device(1, 0);
    run r = make_run(device, grey, (vly_extent){3, 3, 3});
    const vly_kmeans_options good = r.options;
    r.options.parameters = 3;
    test_fails(try_run(&r), VLY_EUSAGE, "5 or 2");
    r.options = good;
    r.options.samples = 0;
    test_fails(try_run(&r), VLY_EUSAGE, "subsample");
    r.options = good;
    r.options.evaluations = 0;
    test_fails(try_run(&r), VLY_EUSAGE, "evaluations");
    r.options = good;
    r.options.ridge = NAN;
    test_fails(try_run(&r), VLY_EUSAGE, "ridge");
    r.options = good;
    r.options.region.window = (vly_box){0, 4, 0, 3, 0, 3};
    test_fails(try_run(&r), VLY_EDATA, "window");
    free_run(&r);
    vly_device_close(device);
}
END_TEST

/* ---- start, surroundings, faults ---- */

START_TEST(a_robust_start_ignores_hot_pixels)
{
    const vly_extent e = {40, 40, 40};
    vly_device *device = test_device(2, 0);
    uint16_t *grey = cells(e, 3000, 5);
    grey[32020] = 65535; /* far beyond the rest: a cluster of its own */
    run paper = make_run(device, grey, e), robust = make_run(device, grey, e);
    paper.options.evaluations = robust.options.evaluations = 1;
    robust.options.robust_start = true;
    do_run(&robust);
    ck_assert_double_eq_tol(robust.result.centroids[VLY_AM][0], 42000, 1500);
    ck_assert_double_eq_tol(robust.result.centroids[VLY_PORE][0], 12000, 3000);
    free_run(&paper);
    free_run(&robust);
    free(grey);
    vly_device_close(device);
}
END_TEST

typedef struct witness {
    int warnings, updates, calls_left;
} witness;

static void count_update(void *self, const char *stage, int64_t done, int64_t total, const char *unit)
{
    ck_assert(*stage && *unit && done <= total);
    ((witness *)self)->updates++;
}

static void count_warning(void *self, const char *message)
{
    if (strstr(message, "(E_NOTCONV)")) ((witness *)self)->warnings++;
}

static vly_status stop_later(void *self)
{
    return --((witness *)self)->calls_left < 0 ? VLY_ECANCELLED : VLY_OK;
}

START_TEST(weights_that_miss_the_fractions_are_warned_of)
{
    const vly_extent e = {30, 30, 30};
    vly_device *device = test_device(2, 0);
    witness w = {.calls_left = 1 << 30};
    device->progress = (vly_progress){.update = count_update, .warn = count_warning, .stop = stop_later, .self = &w};
    uint16_t *grey = cells(e, 3000, 6);
    run r = make_run(device, grey, e);
    r.options.evaluations = 1;
    do_run(&r);
    ck_assert(!r.result.converged && r.result.cost > 1e-6);
    ck_assert_int_eq(r.result.evaluations, 1);
    ck_assert_int_eq(w.warnings, 1);
    ck_assert_int_gt(w.updates, 5);
    expect_exact_counts(&r);
    free_run(&r);
    free(grey);
    vly_device_close(device);
}
END_TEST

START_TEST(it_stops_when_asked_to)
{
    const int32_t side = test_small() ? 12 : 30;
    const vly_extent e = {side, side, side};
    vly_device *device = test_device(2, 0);
    uint16_t *grey = cells(e, 3000, 7);
    int64_t before = vly_memory_held();
    vly_status status = VLY_ECANCELLED;
    for (int after = 0; status != VLY_OK; after = 2 * after + 1) {
        witness w = {.calls_left = after};
        device->progress = (vly_progress){.update = count_update, .stop = stop_later, .self = &w};
        run r = make_run(device, grey, e);
        r.options.evaluations = 20;
        status = try_run(&r);
        if (status != VLY_OK) test_fails(status, VLY_ECANCELLED, "interrupted");
        free_run(&r);
        ck_assert_int_eq(vly_memory_held(), before);
        ck_assert_int_lt(after, 1 << 20);
    }
    free(grey);
    vly_device_close(device);
}
END_TEST

/* Every allocation, and every call of the device, fails once. */
static void try_faults(const char *seam)
{
    const vly_extent e = {12, 12, 12};
    vly_device *device = test_device(1, 0);
    uint16_t *grey = cells(e, 3000, 8);
    int64_t before = vly_memory_held();
    vly_status status = VLY_EINTERNAL;
    int failed = 0;
    for (int n = 1; status != VLY_OK; n++) {
        char plan[32];
        snprintf(plan, sizeof plan, "%s:%d", seam, n);
        run r = make_run(device, grey, e);
        r.options.evaluations = 2;
        setenv("VLY_FAULT", plan, 1);
        vly_fault_reset();
        vly_source *source;
        vly_sink *sink = NULL;
        status = vly_source_memory(&source, r.grey, VLY_U16, r.e, NULL);
        if (status == VLY_OK) {
            status = vly_sink_memory(&sink, r.labels, VLY_U8, r.labels_e);
            if (status == VLY_OK) status = vly_kmeans(&r.result, r.device, source, sink, &r.options);
            vly_sink_close(sink);
            vly_source_close(source);
        }
        unsetenv("VLY_FAULT");
        vly_fault_reset();
        if (status != VLY_OK) {
            failed++;
            ck_assert_msg(status == VLY_EMEMORY || status == VLY_EDEVICE, "%s: %s", plan, vly_error_message());
        }
        free_run(&r);
        ck_assert_int_eq(vly_memory_held(), before);
    }
    ck_assert_int_gt(failed, 10);
    free(grey);
    vly_device_close(device);
}

START_TEST(every_failure_comes_back_and_nothing_leaks)
{
    try_faults("alloc");
    try_faults("device");
}
END_TEST

/* One call of the runtime fails, in some cases for good: a status, or the very labels of the CPU. */
START_TEST(no_failure_of_the_cuda_runtime_gives_other_labels)
{
    static const int codes[] = {2, 35, 46, 100, 214, 220, 700, 719, 802};
    const vly_extent e = {12, 12, 12};
    vly_device *device = test_cpu(1);
    vly_device_options options = VLY_DEVICE_OPTIONS_INIT;
    uint16_t *grey = cells(e, 3000, 8);
    run expected = make_run(device, grey, e);
    char plan[32];
    expected.options.evaluations = 2;
    do_run(&expected);
    vly_device_close(device);
    snprintf(plan, sizeof plan, "cuda:%d=%d", _i + 1, codes[_i % 9]);
    setenv("VLY_FAULT", plan, 1);
    vly_status status = vly_device_open(&device, "cuda", &options);
    if (status == VLY_OK) {
        run r = make_run(device, grey, e);
        r.options = expected.options;
        status = try_run(&r);
        if (status == VLY_OK) expect_same(&r, &expected, plan);
        free_run(&r);
        vly_device_close(device);
    }
    ck_assert_msg(status == VLY_OK || status == VLY_EMEMORY || status == VLY_EDEVICE, "%s: %s", plan,
                  vly_error_message());
    free_run(&expected);
    free(grey);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kmeans limits");
    TEST_CASE(suite, threads_instruction_sets_and_devices_change_no_bit);
    TEST_CASE(suite, any_memory_limit_that_works_gives_the_same_labels);
    TEST_CASE(suite, a_window_reads_its_real_neighbours);
    TEST_CASE(suite, what_a_mask_hides_has_no_influence_but_as_a_neighbour);
    TEST_CASE(suite, volumes_without_three_kinds_of_neighbourhood_are_flat);
    TEST_CASE(suite, volumes_too_small_for_the_stencil_are_refused);
    TEST_CASE(suite, the_smallest_volume_is_segmented);
    TEST_CASE(suite, phases_that_are_not_ordered_in_grey_are_refused);
    TEST_CASE(suite, options_out_of_range_are_refused);
    TEST_CASE(suite, a_robust_start_ignores_hot_pixels);
    TEST_CASE(suite, weights_that_miss_the_fractions_are_warned_of);
    TEST_CASE(suite, it_stops_when_asked_to);
    TEST_CASE(suite, every_failure_comes_back_and_nothing_leaks);
    TCase *runtime = tcase_create("no_failure_of_the_cuda_runtime_gives_other_labels");
    tcase_set_timeout(runtime, 240);
    tcase_add_loop_test(runtime, no_failure_of_the_cuda_runtime_gives_other_labels, 0,
                        test_emulated() ? 300 : 0); /* a run makes about 280 calls */
    suite_add_tcase(suite, runtime);
    return test_run(suite);
}
