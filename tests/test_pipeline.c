/* Slabs, halos, windows, masks and kept labels, resident and streaming; failures of either side; indices above 2^31. */
#include "support.h"

#include "core/pipeline.h"
#include "core/source_impl.h"

#include <stdlib.h>
#include <string.h>

/* A volume that is a function of place, so that it can be as large as it likes. */
typedef struct field {
    vly_source source;
    int32_t fail_page; /* reading it fails; -1: none */
} field;               /* u16, or the low byte of the same as u8 */

static uint16_t value_at(int32_t x, int32_t y, int32_t z)
{
    return (uint16_t)vly_hash(((uint64_t)z << 40) + ((uint64_t)y << 20) + (uint64_t)x, 7);
}

static vly_status read_field(vly_source *source, int32_t z0, int32_t count, void *pages)
{
    const field *f = source->self;
    vly_extent e = source->info.extent;
    uint16_t *to = pages;
    uint8_t *low = pages;
    for (int32_t z = z0; z < z0 + count; z++) {
        if (z == f->fail_page) return vly_fail(VLY_EIO, "field: page %d cannot be read", z);
        for (int32_t y = 0; y < e.ny; y++)
            for (int32_t x = 0; x < e.nx; x++)
                if (source->info.type == VLY_U8)
                    *low++ = (uint8_t)value_at(x, y, z);
                else
                    *to++ = value_at(x, y, z);
    }
    return VLY_OK;
}

static void make_field(field *f, vly_extent e)
{
    *f = (field){.fail_page = -1};
    f->source.info.path = "field";
    f->source.info.extent = e;
    f->source.info.type = VLY_U16;
    f->source.read = read_field;
    f->source.self = f;
}

/* ---- a stage that checks what it is given and counts ---- */

typedef struct checker {
    const vly_extent *volume;
    vly_box window;
    int32_t halo, round; /* labels hold round - 1 before this pass, and round after it */
    int64_t voxels;
} checker;

static vly_status check_slab(void *self, vly_device *device, const vly_slab *slab)
{
    checker *c = self;
    const vly_region *r = &slab->region;
    vly_extent inner = vly_box_extent(r->inner), w = vly_box_extent(c->window);
    uint16_t *grey = test_fetch(device, slab->grey, vly_extent_voxels(r->data) * 2);
    uint8_t *label = test_fetch(device, slab->label, vly_extent_voxels(inner));
    ck_assert_int_eq(inner.nx, w.nx);
    ck_assert_int_eq(inner.ny, w.ny);
    ck_assert_int_eq(inner.nz, slab->z1 - slab->z0);
    ck_assert_int_eq(r->first, (int64_t)slab->z0 * w.nx * w.ny);
    /* the corner of the data array in the volume */
    int32_t x0 = c->window.x0 - r->inner.x0, y0 = c->window.y0 - r->inner.y0;
    int32_t z0 = c->window.z0 + slab->z0 - r->inner.z0;
    int32_t below = c->window.z0 + slab->z0 < c->halo ? c->window.z0 + slab->z0 : c->halo;
    ck_assert_int_eq(r->inner.z0, below);
    for (int32_t z = 0; z < r->data.nz; z++)
        for (int32_t y = 0; y < r->data.ny; y++)
            for (int32_t x = 0; x < r->data.nx; x++)
                if (grey[vly_at(r->data, x, y, z)] != value_at(x0 + x, y0 + y, z0 + z))
                    ck_abort_msg("voxel %d, %d, %d of the volume is wrong", x0 + x, y0 + y, z0 + z);
    for (int64_t i = 0; i < vly_extent_voxels(inner); i++) {
        uint8_t expected = (uint8_t)(c->round == 0 ? VLY_OUTSIDE : (c->round - 1 + r->first + i) % 200);
        if (label[i] != expected) ck_abort_msg("label %lld was %d", (long long)i, label[i]);
        label[i] = (uint8_t)((c->round + r->first + i) % 200);
    }
    ck_assert_int_eq(vly_device_upload(device, slab->label, label, vly_extent_voxels(inner)), VLY_OK);
    free(grey);
    free(label);
    c->voxels += vly_extent_voxels(inner);
    return VLY_OK;
}

static void check_passes(vly_extent volume, vly_box window, int32_t halo, int32_t threads, int64_t limit, bool resident)
{
    field f;
    vly_pipeline *pipeline;
    make_field(&f, volume);
    vly_device *device = test_device(threads, limit);
    vly_pipeline_options options = {.region.window = window, .halo = halo, .keep_labels = true};
    ck_assert_msg(vly_pipeline_open(&pipeline, device, &f.source, &options) == VLY_OK, "%s", vly_error_message());
    ck_assert_int_eq(vly_pipeline_plan(pipeline)->resident, resident);
    checker c = {&volume, window, halo, 0, 0};
    vly_stage stage = {"check", check_slab, &c};
    for (c.round = 0; c.round < 3; c.round++) {
        c.voxels = 0;
        ck_assert_msg(vly_pipeline_pass(pipeline, "check", &stage, 1, NULL) == VLY_OK, "%s", vly_error_message());
        ck_assert_int_eq(c.voxels, vly_extent_voxels(vly_box_extent(window)));
    }
    vly_pipeline_close(pipeline);
    vly_device_close(device);
}

START_TEST(slabs_hold_the_window_and_its_halo)
{
    vly_extent volume = {37, 29, 53};
    vly_box windows[] = {{0, 37, 0, 29, 0, 53}, {5, 30, 0, 29, 1, 52}, {1, 36, 2, 28, 20, 21}, {0, 1, 0, 1, 0, 1}};
    for (size_t w = 0; w < sizeof windows / sizeof *windows; w++)
        for (int32_t halo = 0; halo <= 4; halo += 2)
            for (int32_t threads = 1; threads <= 3; threads += 2)
                check_passes(volume, windows[w], halo, threads, 0, true);
}
END_TEST

START_TEST(streaming_gives_the_same_slabs)
{
    /* 512 x 256 voxels a page: 384 KiB of grey and labels; the limits leave slabs of one to a few pages */
    vly_extent volume = {512, 256, 23};
    vly_box windows[] = {{0, 512, 0, 256, 0, 23}, {3, 500, 0, 256, 2, 20}};
    int64_t limits[] = {INT64_C(4) << 20, INT64_C(5) << 20};
    for (size_t w = 0; w < 2; w++)
        for (size_t i = 0; i < 2; i++)
            for (int32_t halo = 0; halo <= 1; halo++)
                check_passes(volume, windows[w], halo, 2, limits[i] + halo * (INT64_C(1) << 20), false);
}
END_TEST

/* ---- labels: one byte a voxel, pages ahead, no labels that come out ---- */

typedef struct label_checker {
    vly_box window;
    int32_t ahead, most; /* pages a slab may have */
    int64_t voxels;
} label_checker;

static vly_status check_labels(void *self, vly_device *device, const vly_slab *slab)
{
    label_checker *c = self;
    const vly_region *r = &slab->region;
    vly_extent w = vly_box_extent(c->window);
    int32_t last = slab->z1 + c->ahead < w.nz ? slab->z1 + c->ahead : w.nz;
    ck_assert(slab->grey == NULL && slab->mask == NULL && slab->label == NULL);
    ck_assert(r->data.nx == w.nx && r->data.ny == w.ny && r->data.nz == last - slab->z0);
    ck_assert(r->inner.x0 == 0 && r->inner.x1 == w.nx && r->inner.y0 == 0 && r->inner.y1 == w.ny);
    ck_assert(r->inner.z0 == 0 && r->inner.z1 == slab->z1 - slab->z0 && r->inner.z1 <= c->most);
    uint8_t *phase = test_fetch(device, slab->phase, vly_extent_voxels(r->data)), *at = phase;
    for (int32_t z = slab->z0; z < last; z++)
        for (int32_t y = 0; y < w.ny; y++)
            for (int32_t x = 0; x < w.nx; x++)
                if (*at++ != (uint8_t)value_at(c->window.x0 + x, c->window.y0 + y, c->window.z0 + z))
                    ck_abort_msg("voxel %d, %d, %d of the window is wrong", x, y, z);
    free(phase);
    c->voxels += vly_extent_voxels(vly_box_extent(r->inner));
    return VLY_OK;
}

START_TEST(labels_come_with_the_pages_ahead)
{
    vly_box windows[] = {{0, 512, 0, 256, 0, 23}, {3, 500, 1, 256, 2, 20}};
    int64_t limits[] = {0, INT64_C(4) << 20, INT64_C(9) << 20};
    field f;
    make_field(&f, (vly_extent){512, 256, 23});
    f.source.info.type = VLY_U8;
    for (int i = 0; i < 2 * 3 * 3; i++) {
        label_checker c = {windows[i % 2], i / 6 * 3, 23, 0};
        int64_t limit = limits[i / 2 % 3];
        vly_device *device = test_device(2, limit ? limit + (c.ahead << 20) : 0);
        vly_pipeline_options options = {
            .region.window = c.window, .of_labels = true, .ahead = c.ahead, .thick = 2, .beside = limit ? 3 : 0};
        vly_pipeline *pipeline;
        vly_stage stage = {"check", check_labels, &c};
        ck_assert_msg(vly_pipeline_open(&pipeline, device, &f.source, &options) == VLY_OK, "%s", vly_error_message());
        const vly_plan *plan = vly_pipeline_plan(pipeline);
        c.most = plan->slab_pages;
        ck_assert(plan->host_bytes <= vly_device_memory_limit(device));
        ck_assert(plan->resident == (limit == 0) || c.ahead > 0 || limit > limits[1] || !device->unified);
        for (int pass = 0; pass < 2; pass++)
            ck_assert_msg(vly_pipeline_pass(pipeline, "check", &stage, 1, NULL) == VLY_OK, "%s", vly_error_message());
        ck_assert_int_eq(c.voxels, 2 * vly_extent_voxels(vly_box_extent(c.window)));
        vly_pipeline_close(pipeline);
        vly_device_close(device);
    }
}
END_TEST

START_TEST(a_limit_that_is_too_small_names_one_that_works)
{
    field f;
    vly_pipeline *pipeline;
    make_field(&f, (vly_extent){512, 512, 40});
    vly_device *device = test_device(1, 1 << 20);
    vly_pipeline_options options = {.halo = 1};
    test_fails(vly_pipeline_open(&pipeline, device, &f.source, &options), VLY_EMEMORY, "at least");
    const char *number = strstr(vly_error_message(), "at least ");
    int64_t least = atoll(number + 9) << 20;
    vly_device_close(device);
    device = test_device(1, least);
    ck_assert_int_eq(vly_pipeline_open(&pipeline, device, &f.source, &options), VLY_OK);
    ck_assert_int_le(vly_pipeline_plan(pipeline)->host_bytes, least);
    vly_pipeline_close(pipeline);
    vly_device_close(device);
}
END_TEST

START_TEST(windows_outside_and_sides_too_short_are_refused)
{
    field f;
    vly_pipeline *pipeline;
    vly_device *device = test_device(1, 0);
    vly_box bad[] = {
        {0, 11, 0, 5, 0, 5}, {-1, 5, 0, 5, 0, 5}, {3, 3, 0, 5, 0, 5}, {0, 5, 0, 5, 4, 6}, {5, 2, 0, 1, 0, 1}};
    make_field(&f, (vly_extent){10, 5, 5});
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        vly_pipeline_options options = {.region.window = bad[i]};
        test_fails(vly_pipeline_open(&pipeline, device, &f.source, &options), VLY_EDATA, "outside");
        ck_assert_ptr_null(pipeline);
    }
    vly_pipeline_options options = {.halo = 1};
    make_field(&f, (vly_extent){10, 2, 5});
    test_fails(vly_pipeline_open(&pipeline, device, &f.source, &options), VLY_EDATA, "E_DIM");
    vly_device_close(device);
}
END_TEST

/* ---- failures ---- */

static vly_status fail_on_third(void *self, vly_device *device, const vly_slab *slab)
{
    int *calls = self;
    (void)device, (void)slab;
    return ++*calls == 3 ? vly_fail(VLY_ENUMERIC, "stage failed") : VLY_OK;
}

static vly_status do_nothing(void *self, vly_device *device, const vly_slab *slab)
{
    (void)self, (void)device, (void)slab;
    return VLY_OK;
}

static vly_status refuse_pages(vly_sink *sink, int32_t count, const void *pages)
{
    (void)pages;
    return sink->written + count > 12 ? vly_fail(VLY_EIO, "disk full") : VLY_OK;
}

START_TEST(a_failure_on_either_side_ends_the_pass)
{
    vly_extent e = {1024, 512, 40}; /* 1 MiB of grey a page */
    int calls = 0;
    field f;
    make_field(&f, e);
    vly_device *device = test_device(2, INT64_C(12) << 20);
    vly_pipeline *pipeline;
    vly_pipeline_options options = {.halo = 0};
    vly_stage failing = {"fail", fail_on_third, &calls}, idle = {"idle", do_nothing, NULL};
    ck_assert_int_eq(vly_pipeline_open(&pipeline, device, &f.source, &options), VLY_OK);
    ck_assert(!vly_pipeline_plan(pipeline)->resident);
    ck_assert_int_gt(vly_pipeline_plan(pipeline)->slabs, 4);
    test_fails(vly_pipeline_pass(pipeline, "fail", &failing, 1, NULL), VLY_ENUMERIC, "stage failed");
    for (int32_t page = 0; page < e.nz; page += 3) {
        f.fail_page = page;
        test_fails(vly_pipeline_pass(pipeline, "read", &idle, 1, NULL), VLY_EIO, "cannot be read");
    }
    f.fail_page = -1;
    vly_sink sink = {.path = "full", .extent = e, .type = VLY_U8, .write = refuse_pages};
    test_fails(vly_pipeline_pass(pipeline, "write", &idle, 1, &sink), VLY_EIO, "disk full");
    ck_assert_int_eq(vly_pipeline_pass(pipeline, "again", &idle, 1, NULL), VLY_OK);
    vly_pipeline_close(pipeline);
    vly_device_close(device);
}
END_TEST

static vly_status stop_at_once(void *self)
{
    (void)self;
    return VLY_ECANCELLED;
}

START_TEST(a_stop_request_ends_the_pass)
{
    field f;
    make_field(&f, (vly_extent){16, 16, 16});
    vly_device *device = test_device(2, 0);
    device->progress.stop = stop_at_once;
    vly_pipeline *pipeline;
    vly_pipeline_options options = {.halo = 0};
    vly_stage idle = {"idle", do_nothing, NULL};
    ck_assert_int_eq(vly_pipeline_open(&pipeline, device, &f.source, &options), VLY_OK);
    test_fails(vly_pipeline_pass(pipeline, "idle", &idle, 1, NULL), VLY_ECANCELLED, "interrupted");
    vly_pipeline_close(pipeline);
    vly_device_close(device);
}
END_TEST

/* ---- uploads and decoding, by turns ---- */

typedef struct journal {
    const vly_device_calls *calls; /* the device's own */
    char events[64];               /* r: pages decoded, s: sent, a: arrived */
    bool forgets;                  /* the device does not wait for what was sent */
} journal;

static journal notes;

static void note(char event)
{
    size_t length = strlen(notes.events);
    if (length + 1 < sizeof notes.events) notes.events[length] = event;
}

static vly_status note_read(vly_source *source, int32_t z0, int32_t count, void *pages)
{
    note('r');
    return read_field(source, z0, count, pages);
}

static vly_status note_send(vly_device *device, void *to, const void *from, int64_t bytes)
{
    note('s');
    return notes.calls->send(device, to, from, bytes);
}

static vly_status note_arrival(vly_device *device)
{
    note('a');
    return notes.forgets ? VLY_OK : notes.calls->arrive(device);
}

/* Whether the slab holds its last voxel; without waiting for anything but the kernels, as a kernel would see it. */
static vly_status look_at_slab(void *self, vly_device *device, const vly_slab *slab)
{
    vly_extent e = slab->region.data;
    uint16_t last;
    int64_t at = vly_extent_voxels(e) - 1;
    VLY_TRY(vly_device_download(device, &last, slab->grey + at, sizeof last));
    *(int *)self += last == value_at(e.nx - 1, e.ny - 1, slab->z1 - 1);
    return VLY_OK;
}

/* Slabs that held what they should, of a volume of four slabs of two pages of 1 MiB; on one thread. */
static int look(bool forgets)
{
    const vly_extent e = {1024, 512, 8};
    field f;
    int right = 0;
    vly_pipeline *pipeline;
    vly_device *device = test_device(1, 0);
    vly_device_calls calls = *device->calls;
    vly_pipeline_options options = {.halo = 0};
    vly_stage stage = {"look", look_at_slab, &right};
    make_field(&f, e);
    f.source.read = note_read;
    notes = (journal){.calls = device->calls, .forgets = forgets};
    calls.send = note_send;
    calls.arrive = note_arrival;
    if (!device->unified)
        device->device_memory_limit = 3 * 2 * (3 << 19); /* three slots of two pages, labels included */
    ck_assert_msg(vly_pipeline_open(&pipeline, device, &f.source, &options) == VLY_OK, "%s", vly_error_message());
    device->calls = &calls;
    ck_assert_int_eq(vly_pipeline_pass(pipeline, "look", &stage, 1, NULL), VLY_OK);
    device->calls = notes.calls;
    (void)device->calls->arrive(device);
    vly_pipeline_close(pipeline);
    vly_device_close(device);
    return right;
}

START_TEST(what_is_decoded_is_on_its_way_while_more_is_decoded)
{
    vly_device *device = test_device(1, 0);
    bool unified = device->unified;
    vly_device_close(device);
    if (unified) return; /* nothing is sent */
    ck_assert_int_eq(look(false), 4);
    ck_assert_str_eq(notes.events, "rsrsarsrsarsrsarsrsa");
}
END_TEST

START_TEST(a_forgotten_arrival_is_seen)
{
    const char *order = getenv("VLY_CUEMU_ORDER");
    if (!test_emulated() || !order || strcmp(order, "forward") != 0)
        return; /* nothing but what is waited for is done */
    ck_assert_int_lt(look(true), 4);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pipeline");
    TEST_CASE(suite, slabs_hold_the_window_and_its_halo);
    TEST_CASE(suite, streaming_gives_the_same_slabs);
    TEST_CASE(suite, labels_come_with_the_pages_ahead);
    TEST_CASE(suite, a_limit_that_is_too_small_names_one_that_works);
    TEST_CASE(suite, windows_outside_and_sides_too_short_are_refused);
    TEST_CASE(suite, a_failure_on_either_side_ends_the_pass);
    TEST_CASE(suite, a_stop_request_ends_the_pass);
    TEST_CASE(suite, what_is_decoded_is_on_its_way_while_more_is_decoded);
    TEST_CASE(suite, a_forgotten_arrival_is_seen);
    return test_run(suite);
}
