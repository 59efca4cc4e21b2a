/* Several devices at one volume: the communicator between them, and labels that do not tell how many there were. */
#include "kmeans_run.h"

#include "core/ranks.h"
#include "voxelyte/threshold.h"

#include <stdio.h>

enum { RANKS_MOST = 6 };

static vly_device *devices[RANKS_MOST];

/* Several devices; on a machine with one GPU all of them are that one. */
static void open_devices(int64_t memory_limit)
{
    for (int r = 0; r < RANKS_MOST; r++) devices[r] = test_device(2, memory_limit);
}

static void close_devices(void)
{
    for (int r = 0; r < RANKS_MOST; r++) vly_device_close(devices[r]);
}

/* ---- the communicator ---- */

typedef struct talk {
    int32_t order[100], count; /* ranks in the order of their pages */
    int32_t fails;             /* this rank, in round 3; -1: none */
    bool asks;                 /* whether the others ask to go on, or come to the sum */
} talk;

static vly_status talk_rank(vly_device *device, void *self)
{
    talk *t = self;
    const vly_comm *comm = device->comm;
    uint64_t list[40];
    for (uint64_t round = 0; round < 20; round++) {
        uint64_t values[3] = {1, (uint64_t)comm->rank, round};
        if (round == 3 && t->fails == comm->rank) return vly_fail(VLY_EIO, "rank %d fails", comm->rank);
        while (round == 3 && t->fails >= 0 && t->asks) VLY_TRY(vly_device_stop(device));
        VLY_TRY(vly_comm_sum(comm, values, 3));
        ck_assert_int_eq((int)values[0], comm->size);
        ck_assert_int_eq((int)values[1], comm->size * (comm->size - 1) / 2);
        ck_assert_int_eq((int)values[2], (int)round * comm->size);
    }
    int64_t count = comm->rank + 1; /* rank r has r + 1 values of r */
    for (int i = 0; i < count; i++) list[i] = (uint64_t)comm->rank;
    VLY_TRY(vly_comm_gather(comm, list, 40, &count));
    ck_assert_int_eq((int)count, comm->size * (comm->size + 1) / 2);
    for (int i = 0, r = 0; r < comm->size; r++)
        for (int k = 0; k <= r; k++) ck_assert_int_eq((int)list[i++], r);
    count = 40 / comm->size + 1;
    VLY_TRY(vly_comm_gather(comm, list, 40, &count));
    ck_assert_int_gt((int)count, 40); /* and nothing was touched */
    for (int page = comm->rank; page < 4 * comm->size; page += comm->size) {
        VLY_TRY(vly_comm_await(comm, page));
        t->order[t->count++] = comm->rank;
        vly_comm_pass(comm, page + 1);
    }
    return VLY_OK;
}

START_TEST(ranks_meet_in_sums_lists_and_turns)
{
    open_devices(0);
    for (int32_t count = 2; count <= RANKS_MOST; count++) {
        talk t = {.fails = -1};
        ck_assert_int_eq(vly_ranks_run_on(devices, count, talk_rank, &t), VLY_OK);
        ck_assert_int_eq(t.count, 4 * count);
        for (int i = 0; i < t.count; i++) ck_assert_int_eq(t.order[i], i % count);
    }
    close_devices();
}
END_TEST

START_TEST(the_failure_of_one_rank_is_that_of_all)
{
    open_devices(0);
    for (int32_t fails = 0; fails < 3; fails++)
        for (int asks = 0; asks < (fails > 0 ? 1 : 2); asks++) { /* rank 0 asks the user, the others ask the others */
            talk t = {.fails = fails, .asks = asks};
            char message[20];
            snprintf(message, sizeof message, "rank %d fails", fails);
            test_fails(vly_ranks_run_on(devices, 3, talk_rank, &t), VLY_EIO, message);
        }
    close_devices();
}
END_TEST

/* ---- volumes ---- */

typedef struct volume {
    vly_extent e;
    const uint16_t *grey;
    const uint8_t *mask; /* NULL: none */
    vly_box window;
    bool kmeans;
    int64_t least; /* host memory for each rank; 0: enough */
    vly_source *source, *mask_source;
    vly_sink *sink;
    int64_t count[VLY_PHASES]; /* of rank 0 */
    double centroid;
} volume;

/* What vly_threshold and vly_kmeans do on each rank once they run there: a device with a communicator is one rank. */
static vly_status segment_rank(vly_device *device, void *self)
{
    volume *v = self;
    const vly_region_options region = {.window = v->window, .mask = v->mask_source, .scratch = test_folder()};
    vly_kmeans_options kmeans = VLY_KMEANS_OPTIONS_INIT;
    vly_threshold_options threshold = VLY_THRESHOLD_OPTIONS_INIT;
    vly_kmeans_result k = {0};
    vly_threshold_result t = {0};
    threshold.region = kmeans.region = region;
    kmeans.samples = 2000;
    kmeans.evaluations = 8;
    VLY_TRY(v->kmeans ? vly_kmeans(&k, device, v->source, v->sink, &kmeans)
                      : vly_threshold(&t, device, v->source, v->sink, &threshold));
    if (device->comm->rank == 0) {
        memcpy(v->count, v->kmeans ? k.counts : t.counts, sizeof v->count);
        v->centroid = v->kmeans ? k.centroids[VLY_CBD][7] : t.thresholds[1];
    }
    vly_kmeans_result_free(&k);
    vly_threshold_result_free(&t);
    return VLY_OK;
}

static vly_extent window_extent(const volume *v)
{
    return v->window.x1 > 0 ? vly_box_extent(v->window) : v->e;
}

/* Labels (guarded) of `count` ranks. */
static uint8_t *segment(volume *v, vly_device *const *on, int32_t count)
{
    vly_extent e = window_extent(v);
    uint8_t *labels = test_guarded((size_t)vly_extent_voxels(e));
    ck_assert_int_eq(vly_source_memory(&v->source, v->grey, VLY_U16, v->e, NULL), VLY_OK);
    v->mask_source = NULL;
    if (v->mask) ck_assert_int_eq(vly_source_memory(&v->mask_source, v->mask, VLY_U8, v->e, NULL), VLY_OK);
    ck_assert_int_eq(vly_sink_memory(&v->sink, labels, VLY_U8, e), VLY_OK);
    vly_status status = count == 1 ? segment_rank(on[0], v) : vly_ranks_run_on(on, count, segment_rank, v);
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
    ck_assert_int_eq(vly_sink_finish(v->sink), VLY_OK);
    vly_sink_close(v->sink);
    vly_source_close(v->source);
    vly_source_close(v->mask_source);
    return labels;
}

/* Any number of ranks gives what one gives, to the last bit of a centroid. */
static void expect_same_for_all_counts(volume v, const char *what)
{
    int64_t voxels = vly_extent_voxels(window_extent(&v));
    vly_device *cpu = test_cpu(1);
    uint8_t *expected = segment(&v, &cpu, 1);
    volume first = v;
    for (int32_t count = 2; count <= RANKS_MOST; count += 2) {
        if (v.least > 0 && devices[0]->unified) devices[0]->memory_limit = vly_memory_held() + count * v.least;
        uint8_t *labels = segment(&v, devices, count);
        test_equal_u8(labels, expected, voxels, what);
        ck_assert_mem_eq(v.count, first.count, sizeof v.count);
        ck_assert_double_eq(v.centroid, first.centroid);
        test_guarded_free(labels, (size_t)voxels);
    }
    test_guarded_free(expected, (size_t)voxels);
    vly_device_close(cpu);
}

START_TEST(labels_do_not_tell_how_many_ranks_there_were)
{
    const vly_extent e = test_small() ? (vly_extent){13, 11, 17} : (vly_extent){41, 37, 39};
    uint16_t *grey = cells(e, 3000, 8);
    uint8_t *mask = malloc((size_t)vly_extent_voxels(e));
    uint64_t state = 3;
    for (int64_t i = 0; i < vly_extent_voxels(e); i++) mask[i] = test_random(&state) % 5 != 0;
    open_devices(0);
    for (int kmeans = 0; kmeans < 2; kmeans++) {
        volume v = {.e = e, .grey = grey, .kmeans = kmeans};
        expect_same_for_all_counts(v, "whole volume");
        v.mask = mask;
        v.window = (vly_box){1, e.nx - 2, 2, e.ny, 3, e.nz - 1};
        expect_same_for_all_counts(v, "window and mask");
        v.mask = NULL;
        v.window = (vly_box){0, e.nx, 0, e.ny, 5, 9}; /* fewer pages than ranks */
        expect_same_for_all_counts(v, "some ranks without a page");
    }
    close_devices();
    free(mask);
    free(grey);
}
END_TEST

START_TEST(ranks_that_stream_give_the_same_labels)
{
    /* ties everywhere, so that the keys of all ranks have to come together */
    const vly_extent e = test_small() ? (vly_extent){24, 20, 30} : (vly_extent){120, 90, 64};
    int64_t page = (int64_t)e.nx * e.ny * 3;
    uint16_t *grey = malloc((size_t)vly_extent_voxels(e) * 2);
    uint64_t state = 4;
    for (int64_t i = 0; i < vly_extent_voxels(e); i++) grey[i] = (uint16_t)(100 * (test_random(&state) % 4));
    open_devices(0);
    for (int r = 0; r < RANKS_MOST; r++) /* for slabs of one page */
        devices[r]->device_memory_limit = (INT64_C(16) << 20) + 4 * page;
    volume v = {.e = e, .grey = grey, .least = (INT64_C(33) << 19) + 4 * page}; /* with a histogram */
    expect_same_for_all_counts(v, "streamed");
    close_devices();
    free(grey);
}
END_TEST

/* ---- by name ---- */

static void note_total(void *self, const char *stage, int64_t done, int64_t total, const char *unit)
{
    (void)stage, (void)done, (void)unit;
    *(int64_t *)self = total;
}

START_TEST(two_gpus_share_a_volume_out)
{
    if (!test_emulated()) return; /* the emulator has as many as one likes */
    const vly_extent e = {13, 11, 16};
    uint16_t *grey = cells(e, 3000, 9);
    vly_device_options options = VLY_DEVICE_OPTIONS_INIT;
    vly_device *both, *cpu = test_cpu(1);
    int64_t total = 0;
    setenv("VLY_CUEMU_DEVICES", "2", 1);
    options.progress = (vly_progress){.update = note_total, .self = &total};
    ck_assert_msg(vly_device_open(&both, "cuda:0,1", &options) == VLY_OK, "%s", vly_error_message());
    ck_assert_str_eq(vly_device_name(both), "cuda:0,1");
    ck_assert_ptr_nonnull(strstr(vly_device_description(both), "2 GPUs"));
    for (int kmeans = 0; kmeans < 2; kmeans++) {
        volume v = {.e = e, .grey = grey, .kmeans = kmeans};
        uint8_t *expected = segment(&v, &cpu, 1), *labels = segment(&v, &both, 1);
        test_equal_u8(labels, expected, vly_extent_voxels(e), "two GPUs");
        ck_assert_int_eq(total, vly_extent_voxels(e) / 2); /* what the first had to do */
        test_guarded_free(labels, (size_t)vly_extent_voxels(e));
        test_guarded_free(expected, (size_t)vly_extent_voxels(e));
    }
    vly_device_close(both);
    test_fails(vly_device_open(&both, "cuda:0,2", NULL), VLY_EDEVICE, "there is no device 2");
    test_fails(vly_device_open(&both, "cuda:0,", NULL), VLY_EUSAGE, "cuda:N,N");
    test_fails(vly_device_open(&both, "cuda:0,-1", NULL), VLY_EUSAGE, "cuda:N,N");
    vly_device_close(cpu);
    free(grey);
}
END_TEST

/* Any call of the runtime fails once, on whichever GPU: a status, or the right labels, and an end in any case. */
START_TEST(no_failure_on_one_of_two_gpus_gives_other_labels)
{
    if (!test_emulated()) return;
    const vly_extent e = {8, 7, 6};
    uint16_t *grey = cells(e, 3000, 9);
    uint8_t labels[8 * 7 * 6];
    vly_device *both, *cpu = test_cpu(1);
    volume v = {.e = e, .grey = grey};
    uint8_t *expected = segment(&v, &cpu, 1);
    int failed = 0;
    setenv("VLY_CUEMU_DEVICES", "2", 1);
    for (int site = 1; site < 160; site += 3) {
        char plan[32];
        snprintf(plan, sizeof plan, "cuda:%d=%d", site, site % 2 ? 2 : 719);
        ck_assert_int_eq(vly_source_memory(&v.source, grey, VLY_U16, e, NULL), VLY_OK);
        ck_assert_int_eq(vly_sink_memory(&v.sink, labels, VLY_U8, e), VLY_OK);
        setenv("VLY_FAULT", plan, 1);
        vly_status status = vly_device_open(&both, "cuda:0,1", NULL);
        if (status == VLY_OK) {
            status = segment_rank(both, &v);
            if (status == VLY_OK) test_equal_u8(labels, expected, vly_extent_voxels(e), plan);
            vly_device_close(both);
        }
        ck_assert_int_eq(unsetenv("VLY_FAULT"), 0);
        failed += status != VLY_OK;
        ck_assert_msg(status == VLY_OK || status == VLY_EMEMORY || status == VLY_EDEVICE, "%s: %s", plan,
                      vly_error_message());
        vly_sink_close(v.sink);
        vly_source_close(v.source);
    }
    ck_assert_int_gt(failed, 20);
    test_guarded_free(expected, (size_t)vly_extent_voxels(e));
    vly_device_close(cpu);
    free(grey);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ranks");
    TEST_CASE(suite, ranks_meet_in_sums_lists_and_turns);
    TEST_CASE(suite, the_failure_of_one_rank_is_that_of_all);
    TEST_CASE(suite, labels_do_not_tell_how_many_ranks_there_were);
    TEST_CASE(suite, ranks_that_stream_give_the_same_labels);
    TEST_CASE(suite, two_gpus_share_a_volume_out);
    TEST_CASE(suite, no_failure_on_one_of_two_gpus_gives_other_labels);
    return test_run(suite);
}
