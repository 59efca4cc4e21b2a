/* Image data for ParaView, read back by a reader of its own: the head says where each array is, and there it is. */
#include "support.h"

#include "core/fault.h"
#include "io/vti.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const vly_extent EXTENT = {5, 4, 3};
enum { VOXELS = 5 * 4 * 3 };

/* The file (yours to free), and in *bytes its size. */
static char *file_of(const char *path, size_t *bytes)
{
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    char *text = calloc(1, 1 << 16);
    *bytes = fread(text, 1, (1 << 16) - 1, file);
    fclose(file);
    return text;
}

/* The bytes of an array by its name, as the head places it; its length in *bytes. */
static const char *array_of(const char *file, const char *name, const char *type, uint64_t *bytes)
{
    char wanted[120];
    snprintf(wanted, sizeof wanted, "<DataArray type=\"%s\" Name=\"%s\" format=\"appended\" offset=\"", type, name);
    const char *at = strstr(file, wanted), *raw = strstr(file, "<AppendedData encoding=\"raw\">");
    ck_assert_msg(at && raw, "no array %s of type %s", name, type);
    const char *data = strchr(raw, '_') + 1 + strtoll(at + strlen(wanted), NULL, 10);
    memcpy(bytes, data, sizeof *bytes);
    return data + sizeof *bytes;
}

START_TEST(several_arrays_lie_where_the_head_says)
{
    static const vly_vti_array arrays[] = {{"label", VLY_U8}, {"grey", VLY_U16}, {"c_e_mol_m3", VLY_F32}};
    const char *path = test_path("fields.vti");
    uint8_t label[VOXELS];
    uint16_t grey[VOXELS];
    float salt[VOXELS];
    for (int i = 0; i < VOXELS; i++)
        label[i] = (uint8_t)(i % 3), grey[i] = (uint16_t)(1000 * i), salt[i] = 0.5f * (float)i;
    vly_vti vti;
    ck_assert_int_eq(vly_vti_open(&vti, path, EXTENT, (const double[]){0.642e-6, 0.642e-6, 1e-6}, arrays, 3, false),
                     VLY_OK);
    ck_assert_int_eq(vly_vti_append(&vti, label, 20), VLY_OK);
    ck_assert_int_eq(vly_vti_append(&vti, label + 20, VOXELS - 20), VLY_OK);
    ck_assert_int_eq(vly_vti_append(&vti, grey, sizeof grey), VLY_OK);
    ck_assert_int_eq(vly_vti_append(&vti, salt, sizeof salt), VLY_OK);
    ck_assert_int_ne(access(path, F_OK), 0);
    ck_assert_int_eq(vly_vti_finish(&vti), VLY_OK);
    vly_vti_close(&vti);
    size_t size;
    uint64_t bytes;
    char *file = file_of(path, &size);
    ck_assert_ptr_nonnull(strstr(file, "WholeExtent=\"0 5 0 4 0 3\" Origin=\"0 0 0\" Spacing=\"0.642 0.642 1\""));
    ck_assert(memcmp(array_of(file, "label", "UInt8", &bytes), label, sizeof label) == 0 && bytes == sizeof label);
    ck_assert(memcmp(array_of(file, "grey", "UInt16", &bytes), grey, sizeof grey) == 0 && bytes == sizeof grey);
    const char *last = array_of(file, "c_e_mol_m3", "Float32", &bytes);
    ck_assert(memcmp(last, salt, sizeof salt) == 0 && bytes == sizeof salt);
    ck_assert_str_eq(last + bytes, "\n</AppendedData>\n</VTKFile>\n");
    ck_assert_uint_eq(size, (size_t)(last - file) + bytes + strlen("\n</AppendedData>\n</VTKFile>\n"));
    free(file);
}
END_TEST

START_TEST(a_volume_is_written_page_by_page)
{
    const char *path = test_path("labels.vti");
    uint8_t label[VOXELS];
    vly_device *device = test_cpu(1);
    vly_sink_options options = {.extent = EXTENT, .type = VLY_U8, .labels = true};
    vly_sink *sink;
    for (int i = 0; i < VOXELS; i++) label[i] = (uint8_t)(i % 3);
    ck_assert_int_eq(vly_sink_open(&sink, path, device, &options), VLY_OK);
    for (int z = 0; z < 3; z++) ck_assert_int_eq(vly_sink_write(sink, 1, label + 20 * z), VLY_OK);
    ck_assert_int_eq(vly_sink_finish(sink), VLY_OK);
    vly_sink_close(sink);
    size_t size;
    uint64_t bytes;
    char *file = file_of(path, &size);
    ck_assert_ptr_nonnull(strstr(file, "Spacing=\"1 1 1\"")); /* unknown */
    ck_assert(memcmp(array_of(file, "label", "UInt8", &bytes), label, sizeof label) == 0);
    free(file);
    test_fails(vly_sink_open(&sink, path, device, &options), VLY_EOUTPUT, "exists already");
    vly_device_close(device);
}
END_TEST

START_TEST(a_write_that_fails_leaves_nothing)
{
    static const vly_vti_array array = {"value", VLY_U8};
    uint8_t label[VOXELS] = {0};
    setenv("VLY_TEST", "1", 1);
    for (int at = 1; at <= 4; at++) {
        const char *path = test_path("none.vti");
        char plan[40];
        vly_vti vti;
        snprintf(plan, sizeof plan, "io.pwrite:%d=ENOSPC", at);
        setenv("VLY_FAULT", plan, 1);
        vly_fault_reset();
        vly_status status = vly_vti_open(&vti, path, EXTENT, NULL, &array, 1, false);
        if (status == VLY_OK) status = vly_vti_append(&vti, label, sizeof label);
        if (status == VLY_OK) status = vly_vti_finish(&vti);
        vly_vti_close(&vti);
        unsetenv("VLY_FAULT");
        vly_fault_reset();
        ck_assert_int_eq(status, VLY_EIO);
        ck_assert_int_ne(access(path, F_OK), 0);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vti");
    TEST_CASE(suite, several_arrays_lie_where_the_head_says);
    TEST_CASE(suite, a_volume_is_written_page_by_page);
    TEST_CASE(suite, a_write_that_fails_leaves_nothing);
    return test_run(suite);
}
