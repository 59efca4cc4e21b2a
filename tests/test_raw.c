/* Raw voxels with a JSON sidecar: every type and byte order, and sidecars that lie. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put(const char *path, const void *bytes, size_t count)
{
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fwrite(bytes, 1, count, file), count);
    ck_assert_int_eq(fclose(file), 0);
}

/* volume.raw of `count` bytes 0, 1, 2, ... and its sidecar. */
static const char *make(const char *sidecar, int count)
{
    uint8_t bytes[1000];
    for (int i = 0; i < count; i++) bytes[i] = (uint8_t)i;
    put(test_path("volume.raw"), bytes, (size_t)count);
    put(test_path("volume.json"), sidecar, strlen(sidecar));
    return test_path("volume.raw");
}

START_TEST(every_type_and_byte_order_is_read)
{
    static const struct {
        const char *name;
        vly_type type;
        int bytes;
    } types[] = {{"u8", VLY_U8, 1},   {"i8", VLY_I8, 1},   {"u16", VLY_U16, 2}, {"i16", VLY_I16, 2},
                 {"u32", VLY_U32, 4}, {"i32", VLY_I32, 4}, {"f32", VLY_F32, 4}};
    int64_t held = vly_memory_held();
    for (int t = 0; t < 7; t++)
        for (int big = 0; big < 2; big++)
            for (int offset = 0; offset <= 5; offset += 5) {
                char sidecar[200];
                vly_source *source;
                uint8_t got[96];
                int size = types[t].bytes;
                snprintf(sidecar, sizeof sidecar,
                         "{\"type\": \"%s\", \"extent\": [4, 3, 2], \"endian\": \"%s\", \"offset\": %d}", types[t].name,
                         big ? "big" : "little", offset);
                const char *path = make(sidecar, 24 * size + offset);
                if (offset) path = test_path("volume.json");
                ck_assert_msg(vly_source_open(&source, path, NULL) == VLY_OK, "%s", vly_error_message());
                ck_assert_int_eq(vly_source_info(source)->type, types[t].type);
                ck_assert_int_eq(vly_source_info(source)->voxel_size.verdict, VLY_SIZE_MISSING);
                ck_assert_int_eq(vly_source_read(source, 1, 1, got), VLY_OK);
                for (int i = 0; i < 12 * size; i++) {
                    int within = big ? size - 1 - i % size : i % size;
                    ck_assert_int_eq(got[i], 12 * size + offset + i / size * size + within);
                }
                vly_source_close(source);
            }
    ck_assert_int_eq(vly_memory_held(), held);
}
END_TEST

START_TEST(the_sidecar_may_state_a_size_and_a_description)
{
    vly_source *source;
    const char *path = make("{\"type\": \"u8\", \"extent\": [4, 3, 2], \"voxel_size_um\": [0.642, 0.642, 1],"
                            "\"description\": \"labels=0:pore,7:am\"}",
                            24);
    ck_assert_int_eq(vly_source_open(&source, path, NULL), VLY_OK);
    const vly_volume_info *info = vly_source_info(source);
    ck_assert_int_eq(info->voxel_size.verdict, VLY_SIZE_FROM_FILE);
    ck_assert_double_eq_tol(info->voxel_size.x, 0.642e-6, 1e-20);
    ck_assert_double_eq_tol(info->voxel_size.z, 1e-6, 1e-20);
    ck_assert_str_eq(info->description, "labels=0:pore,7:am");
    vly_source *view;
    uint8_t page[12];
    ck_assert_int_eq(vly_source_labels(&view, source, NULL), VLY_OK);
    test_fails(vly_source_read(view, 0, 1, page), VLY_EDATA, "one of 0, 7 expected");
    vly_source_close(view);
}
END_TEST

START_TEST(sidecars_that_make_no_sense_are_refused)
{
    static const struct {
        const char *sidecar, *part;
    } cases[] = {
        {"", "volume.json:1:"},
        {"{\"type\": \"u8\"", "volume.json:1:"},
        {"{\"type\": \"u8\", \"type\": \"u8\", \"extent\": [4, 3, 2]}", "duplicate"},
        {"[4, 3, 2]", "\"extent\" and \"type\""},
        {"{\"type\": \"u8\"}", "\"extent\" and \"type\""},
        {"{\"type\": \"u9\", \"extent\": [4, 3, 2]}", "one of u8"},
        {"{\"type\": \"u1\", \"extent\": [4, 3, 2]}", "one of u8"},
        {"{\"type\": 8, \"extent\": [4, 3, 2]}", "one of u8"},
        {"{\"type\": \"u8\", \"extent\": [4, 3]}", "[nx, ny, nz]"},
        {"{\"type\": \"u8\", \"extent\": [4, 3, 2.5]}", "[nx, ny, nz]"},
        {"{\"type\": \"u8\", \"extent\": [4, 3, 0]}", "sides from 1"},
        {"{\"type\": \"u8\", \"extent\": [4, -3, 2]}", "sides from 1"},
        {"{\"type\": \"u8\", \"extent\": [2000000000, 2000000000, 2000000000]}", "2^40"},
        {"{\"type\": \"u8\", \"extent\": [4, 3, 3]}", "24 bytes, 36 expected"},
        {"{\"type\": \"u8\", \"extent\": [4, 3, 1]}", "24 bytes, 12 expected"},
        {"{\"type\": \"u8\", \"extent\": [4, 3, 2], \"offset\": 1}", "24 bytes, 25 expected"},
        {"{\"type\": \"u8\", \"extent\": [4, 3, 2], \"offset\": -1}", "\"offset\""},
        {"{\"type\": \"u8\", \"extent\": [4, 3, 2], \"offset\": 9223372036854775807}", "24 bytes"},
        {"{\"type\": \"u8\", \"extent\": [4, 3, 2], \"endian\": \"middle\"}", "\"endian\""},
        {"{\"type\": \"u8\", \"extent\": [4, 3, 2], \"voxel_size_um\": 1}", "[x, y, z]"},
        {"{\"type\": \"u8\", \"extent\": [4, 3, 2], \"voxel_size_um\": [1, 0, 1]}", "[x, y, z]"},
        {"{\"type\": \"u8\", \"extent\": [4, 3, 2], \"ofset\": 1}", "\"ofset\" is unknown"},
    };
    vly_source *source;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        test_fails(vly_source_open(&source, make(cases[i].sidecar, 24), NULL), VLY_EDATA, cases[i].part);
    put(test_path("alone.raw"), "voxels", 6);
    test_fails(vly_source_open(&source, test_path("alone.raw"), NULL), VLY_EDATA, "alone.json");
    const char *sidecar = "{\"type\": \"u8\", \"extent\": [4, 3, 2]}";
    put(test_path("lonely.json"), sidecar, strlen(sidecar));
    test_fails(vly_source_open(&source, test_path("lonely.json"), NULL), VLY_ENOINPUT, "lonely.raw");
}
END_TEST

START_TEST(a_real_volume_is_read_with_a_sidecar_beside_a_link)
{
    const char *real = test_data("rshkarin_quanfima/polymer3d_8bit_128x128x128.raw");
    vly_source *source;
    if (!real) return;
    char command[1200];
    snprintf(command, sizeof command, "ln -s '%s' '%s'", real, test_path("polymer.raw"));
    ck_assert_int_eq(system(command), 0);
    const char *sidecar = "{\"extent\": [128, 128, 128], \"type\": \"u8\"}";
    put(test_path("polymer.json"), sidecar, strlen(sidecar));
    ck_assert_msg(vly_source_open(&source, test_path("polymer.raw"), NULL) == VLY_OK, "%s", vly_error_message());
    uint8_t *voxels = malloc(128 * 128 * 128), *expected = malloc(128 * 128 * 128);
    ck_assert_int_eq(vly_source_read(source, 0, 128, voxels), VLY_OK);
    FILE *file = fopen(real, "rb");
    ck_assert_int_eq(fread(expected, 1, 128 * 128 * 128, file), 128 * 128 * 128);
    fclose(file);
    test_equal_u8(voxels, expected, 128 * 128 * 128, "polymer");
    vly_source_close(source);
    free(voxels);
    free(expected);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("raw");
    TEST_CASE(suite, every_type_and_byte_order_is_read);
    TEST_CASE(suite, the_sidecar_may_state_a_size_and_a_description);
    TEST_CASE(suite, sidecars_that_make_no_sense_are_refused);
    TEST_CASE(suite, a_real_volume_is_read_with_a_sidecar_beside_a_link);
    return test_run(suite);
}
