/* Devices by name, and their kernel tables. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

START_TEST(every_kernel_of_the_device_is_there)
{
    vly_device *device = test_device(1, 0);
    void *const *entries = (void *const *)device->kernels;
    for (size_t i = 0; i < sizeof *device->kernels / sizeof *entries; i++)
        ck_assert_msg(entries[i] != NULL, "entry %zu of the kernel table is missing", i);
    vly_device_close(device);
}
END_TEST

START_TEST(unknown_and_unusable_devices_say_so)
{
    vly_device *device;
    test_fails(vly_device_open(&device, "gpu", NULL), VLY_EUSAGE, "auto, cpu, cuda");
    ck_assert_ptr_null(device);
    ck_assert_int_eq(vly_device_open(&device, "auto", NULL), VLY_OK);
    ck_assert_int_gt(strlen(vly_device_name(device)), 0);
    ck_assert_int_gt(strlen(vly_device_description(device)), 10);
    ck_assert_int_ge(vly_device_threads(device), 1);
    ck_assert_int_gt(vly_device_memory_limit(device), 0);
    vly_device_close(device);
    test_fails(vly_device_open(&device, "cuda:1023", NULL), VLY_EDEVICE, "cuda");
    test_fails(vly_device_open(&device, "cuda:x", NULL), VLY_EUSAGE, "cuda:N");
    test_fails(vly_device_open(&device, "cuda:", NULL), VLY_EUSAGE, "cuda:N");
}
END_TEST

START_TEST(buffers_keep_what_is_put_there)
{
    vly_device *device = test_device(1, 0);
    int64_t before = vly_memory_held();
    vly_buffer buffer;
    uint8_t in[1000], out[1000];
    for (int i = 0; i < 1000; i++) in[i] = (uint8_t)(i * 7);
    ck_assert_int_eq(vly_buffer_create(&buffer, device, 1000, "test"), VLY_OK);
    ck_assert_int_eq(vly_buffer_download(&buffer, out, 1000), VLY_OK);
    for (int i = 0; i < 1000; i++)
        if (out[i] != 0) ck_abort_msg("byte %d is %d, 0 expected", i, out[i]);
    ck_assert_int_eq(vly_buffer_upload(&buffer, in, 1000), VLY_OK);
    ck_assert_int_eq(vly_buffer_download(&buffer, out, 1000), VLY_OK);
    test_equal_u8(out, in, 1000, "buffer");
    vly_buffer_free(&buffer);
    ck_assert_int_eq(vly_memory_held(), before);
    test_fails(vly_buffer_create(&buffer, device, INT64_MAX / 2, "too much"), VLY_EMEMORY, "too much");
    vly_device_close(device);
}
END_TEST

typedef struct errand {
    vly_device *device;
    int *in, *out; /* pinned */
    vly_buffer there;
    int asked;
} errand;

static vly_status run_errand(void *self)
{
    errand *e = self;
    e->asked++;
    VLY_TRY(vly_buffer_clear(&e->there));
    VLY_TRY(vly_device_push(e->device, e->there.data, e->in, 4 * sizeof(int)));
    return vly_device_pull(e->device, e->out, e->there.data, 8 * sizeof(int));
}

START_TEST(a_recording_repeats_the_work_with_what_memory_holds_then)
{
    errand e = {.device = test_device(1, 0)};
    void *recording = NULL;
    ck_assert_int_eq(e.device->calls->alloc_pinned(e.device, (void **)&e.in, 4 * sizeof(int)), VLY_OK);
    ck_assert_int_eq(e.device->calls->alloc_pinned(e.device, (void **)&e.out, 8 * sizeof(int)), VLY_OK);
    ck_assert_int_eq(vly_buffer_create(&e.there, e.device, 8 * sizeof(int), "test"), VLY_OK);
    for (int round = 1; round <= 5; round++) {
        for (int i = 0; i < 4; i++) e.in[i] = 10 * round + i;
        ck_assert_int_eq(vly_device_replay(e.device, &recording, run_errand, &e), VLY_OK);
        ck_assert_int_eq(vly_device_wait(e.device), VLY_OK);
        for (int i = 0; i < 8; i++) ck_assert_int_eq(e.out[i], i < 4 ? 10 * round + i : 0);
    }
    ck_assert_int_eq(e.asked, recording ? 1 : 5);
    vly_device_forget(e.device, recording);
    vly_buffer_free(&e.there);
    e.device->calls->free_pinned(e.device, e.in);
    e.device->calls->free_pinned(e.device, e.out);
    vly_device_close(e.device);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("device");
    TEST_CASE(suite, every_kernel_of_the_device_is_there);
    TEST_CASE(suite, unknown_and_unusable_devices_say_so);
    TEST_CASE(suite, buffers_keep_what_is_put_there);
    TEST_CASE(suite, a_recording_repeats_the_work_with_what_memory_holds_then);
    return test_run(suite);
}
