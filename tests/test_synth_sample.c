/* The samples in the repository are what the generator makes: on any machine, with any compiler. */
#include "support.h"

#include "core/file.h"
#include "voxelyte/synth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *in_sample(const char *sample, const char *name)
{
    static char path[1024];
    const char *root = getenv("VLY_SOURCE_DIR");
    snprintf(path, sizeof path, "%s/samples/%s/%s", root ? root : "..", sample, name);
    return path;
}

/* Bytes of all voxels; the array is the caller's. */
static uint8_t *decode(const char *path, int64_t *bytes)
{
    vly_source *source;
    vly_status status = vly_source_open(&source, path, NULL);
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
    const vly_volume_info *info = vly_source_info(source);
    *bytes = vly_extent_voxels(info->extent) * vly_type_bytes(info->type);
    uint8_t *voxels = malloc((size_t)*bytes);
    ck_assert_int_eq(vly_source_read(source, 0, info->extent.nz, voxels), VLY_OK);
    vly_source_close(source);
    return voxels;
}

/* synth.json behind the line that names the version. */
static char *parameters(const char *path)
{
    char *text, *from;
    ck_assert_int_eq(vly_file_text(&text, path, 1 << 20), VLY_OK);
    ck_assert_ptr_nonnull(from = strstr(text, "\"command\""));
    memmove(text, from, strlen(from) + 1);
    return text;
}

static void check(const char *sample, const vly_synth_options *options)
{
    static const char *const names[] = {"truth.tif", "grey.tif", "edx.tif", "fib/labels.tif"};
    vly_device *device = test_device(0, 0);
    vly_synth_result r;
    char folder[600], made[700];
    snprintf(folder, sizeof folder, "%s", test_path(sample));
    vly_status status = vly_synth(&r, device, folder, false, options);
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
    for (int i = 0; i < 4; i++) {
        int64_t bytes, expected_bytes;
        snprintf(made, sizeof made, "%s/%s", folder, names[i]);
        uint8_t *got = decode(made, &bytes), *expected = decode(in_sample(sample, names[i]), &expected_bytes);
        ck_assert_int_eq(bytes, expected_bytes);
        test_equal_u8(got, expected, bytes, names[i]);
        free(got);
        free(expected);
    }
    snprintf(made, sizeof made, "%s/synth.json", folder);
    char *got = parameters(made), *expected = parameters(in_sample(sample, "synth.json"));
    ck_assert_str_eq(got, expected);
    vly_free(got);
    vly_free(expected);
    vly_device_close(device);
}

START_TEST(two_layers_can_be_made_again_to_the_bit)
{
    vly_synth_options o = VLY_SYNTH_OPTIONS_INIT;
    o.extent = (vly_extent){96, 80, 250};
    o.fib_ratio = 8;
    check("two_layer", &o);
}
END_TEST

START_TEST(a_single_layer_can_be_made_again_to_the_bit)
{
    vly_synth_options o = VLY_SYNTH_OPTIONS_INIT;
    o.preset = VLY_SYNTH_SINGLE_LAYER;
    o.extent = (vly_extent){72, 72, 256};
    o.seed = 2;
    o.gradient = 0.2;
    o.fib_ratio = 8;
    check("single_layer", &o);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("synth_sample");
    if (!test_small()) TEST_CASE(suite, two_layers_can_be_made_again_to_the_bit);
    if (!test_small()) TEST_CASE(suite, a_single_layer_can_be_made_again_to_the_bit);
    return test_run(suite);
}
