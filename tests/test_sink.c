/* What a sink writes, a source reads back: TIFF, raw, memory; and nothing appears that is not complete. */
#include "support.h"

#include "core/fault.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tiffio.h>
#include <unistd.h>

static const vly_extent extent = {67, 45, 5};
enum { VOXELS = 67 * 45 * 5 };

static void fill(void *to, int64_t bytes)
{
    uint64_t state = 5;
    uint8_t *v = to;
    for (int64_t i = 0; i < bytes; i++) v[i] = (uint8_t)(test_random(&state) % 3);
}

static vly_voxel_size micrometres(double x, double y, double z)
{
    return (vly_voxel_size){.x = x / 1e6, .y = y / 1e6, .z = z / 1e6, .verdict = VLY_SIZE_GIVEN};
}

/* Pages go in by ones and twos. */
static vly_status write_all(const char *path, const vly_sink_options *options, const void *voxels)
{
    vly_device *device = test_device(2, 0);
    vly_sink *sink;
    int64_t page = (int64_t)options->extent.nx * options->extent.ny * vly_type_bytes(options->type);
    vly_status status = vly_sink_open(&sink, path, device, options);
    for (int32_t z = 0, now; status == VLY_OK && z < options->extent.nz; z += now) {
        now = z % 3 == 0 ? 1 : 2;
        if (now > options->extent.nz - z) now = options->extent.nz - z;
        status = vly_sink_write(sink, now, (const char *)voxels + z * page);
    }
    if (status == VLY_OK) status = vly_sink_finish(sink);
    vly_sink_close(sink);
    vly_device_close(device);
    return status;
}

static int files_in(const char *folder)
{
    int count = 0;
    DIR *directory = opendir(folder);
    ck_assert_ptr_nonnull(directory);
    for (struct dirent *entry; (entry = readdir(directory));)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(directory);
    return count;
}

static void comes_back(const char *path, const vly_sink_options *options, const void *voxels, int64_t bytes)
{
    vly_source *source;
    ck_assert_msg(vly_source_open(&source, path, NULL) == VLY_OK, "%s", vly_error_message());
    const vly_volume_info *info = vly_source_info(source);
    ck_assert_int_eq(info->type, options->type);
    ck_assert_int_eq(memcmp(&info->extent, &options->extent, sizeof extent), 0);
    ck_assert_int_eq(info->voxel_size.verdict, VLY_SIZE_FROM_FILE);
    ck_assert_double_eq_tol(info->voxel_size.x, options->voxel_size.x, 1e-12 * options->voxel_size.x);
    ck_assert_double_eq_tol(info->voxel_size.y, options->voxel_size.y, 1e-12 * options->voxel_size.y);
    ck_assert_double_eq_tol(info->voxel_size.z, options->voxel_size.z, 1e-11 * options->voxel_size.z);
    uint8_t *got = test_guarded((size_t)bytes);
    ck_assert_msg(vly_source_read(source, 0, options->extent.nz, got) == VLY_OK, "%s", vly_error_message());
    test_equal_u8(got, voxels, bytes, path);
    test_guarded_free(got, (size_t)bytes);
    vly_source_close(source);
}

START_TEST(every_type_and_format_comes_back)
{
    static const vly_type types[] = {VLY_U8, VLY_U16, VLY_F32};
    static const char *const names[] = {"a.tif", "b.TIFF", "c.raw"};
    uint8_t *voxels = malloc(VOXELS * 4);
    fill(voxels, VOXELS * 4);
    int64_t held = vly_memory_held();
    for (int n = 0; n < 3; n++)
        for (int t = 0; t < 3; t++)
            for (int compress = 0; compress < 2; compress++) {
                const char *path = test_path(names[n]);
                vly_sink_options options = {
                    .extent = extent, .type = types[t], .compress = compress, .overwrite = true};
                options.voxel_size = micrometres(0.642, 0.5, 1.0 / 3.0);
                ck_assert_msg(write_all(path, &options, voxels) == VLY_OK, "%s", vly_error_message());
                comes_back(path, &options, voxels, (int64_t)VOXELS * vly_type_bytes(types[t]));
            }
    ck_assert_int_eq(vly_memory_held(), held);
    free(voxels);
}
END_TEST

START_TEST(libtiff_reads_what_we_write)
{
    uint8_t voxels[VOXELS], row[67];
    fill(voxels, VOXELS);
    const char *path = test_path("labels.tif");
    vly_sink_options options = {.extent = extent, .labels = true, .compress = true, .overwrite = true};
    options.voxel_size = micrometres(0.642, 0.642, 0.642);
    ck_assert_int_eq(write_all(path, &options, voxels), VLY_OK);
    TIFF *tiff = TIFFOpen(path, "r");
    ck_assert_ptr_nonnull(tiff);
    char *description;
    float resolution;
    ck_assert_int_eq(TIFFGetField(tiff, TIFFTAG_IMAGEDESCRIPTION, &description), 1);
    ck_assert_ptr_nonnull(strstr(description, "images=5\nslices=5\nunit=um\nspacing=0.642\n"));
    ck_assert_ptr_nonnull(strstr(description, "labels=0:pore,1:am,2:cbd,255:outside\n"));
    ck_assert_int_eq(TIFFGetField(tiff, TIFFTAG_XRESOLUTION, &resolution), 1);
    ck_assert_float_eq_tol(resolution, 1.0f / 0.642f, 1e-6f);
    for (int z = 0; z < extent.nz; z++) {
        ck_assert_int_eq(TIFFSetDirectory(tiff, (uint32_t)z), 1);
        for (int y = 0; y < extent.ny; y++) {
            ck_assert_int_eq(TIFFReadScanline(tiff, row, (uint32_t)y, 0), 1);
            test_equal_u8(row, voxels + (z * extent.ny + y) * extent.nx, extent.nx, "row");
        }
    }
    ck_assert_int_eq(TIFFReadDirectory(tiff), 0);
    TIFFClose(tiff);
}
END_TEST

START_TEST(an_existing_target_stays_without_overwrite)
{
    uint8_t voxels[VOXELS];
    fill(voxels, VOXELS);
    vly_sink_options options = {.extent = extent, .voxel_size = micrometres(1, 1, 1)};
    for (int raw = 0; raw < 2; raw++) {
        const char *path = test_path(raw ? "once.raw" : "once.tif");
        ck_assert_int_eq(write_all(path, &options, voxels), VLY_OK);
        test_fails(write_all(path, &options, voxels), VLY_EOUTPUT, "exists");
        comes_back(path, &options, voxels, VOXELS);
    }
}
END_TEST

START_TEST(a_volume_may_be_written_over_the_one_it_comes_from)
{
    uint8_t voxels[VOXELS], page[67 * 45];
    fill(voxels, VOXELS);
    const char *path = test_path("same.tif");
    vly_sink_options options = {.extent = extent, .voxel_size = micrometres(1, 1, 1), .overwrite = true};
    ck_assert_int_eq(write_all(path, &options, voxels), VLY_OK);
    vly_device *device = test_device(1, 0);
    vly_source *source;
    vly_sink *sink;
    ck_assert_int_eq(vly_source_open(&source, path, NULL), VLY_OK);
    ck_assert_int_eq(vly_sink_open(&sink, path, device, &options), VLY_OK);
    for (int z = 0; z < extent.nz; z++) {
        ck_assert_int_eq(vly_source_read(source, z, 1, page), VLY_OK);
        for (int i = 0; i < 67 * 45; i++) page[i] ^= 1;
        ck_assert_int_eq(vly_sink_write(sink, 1, page), VLY_OK);
    }
    ck_assert_int_eq(vly_sink_finish(sink), VLY_OK);
    vly_sink_close(sink);
    vly_source_close(source);
    vly_device_close(device);
    for (int i = 0; i < VOXELS; i++) voxels[i] ^= 1;
    comes_back(path, &options, voxels, VOXELS);
}
END_TEST

START_TEST(nothing_stays_of_a_volume_that_is_not_finished)
{
    uint8_t voxels[VOXELS] = {0};
    const char *folder = test_path("unfinished");
    vly_device *device = test_device(1, 0);
    ck_assert_int_eq(mkdir(folder, 0777), 0);
    for (int raw = 0; raw < 2; raw++) {
        char path[600];
        snprintf(path, sizeof path, "%s/x.%s", folder, raw ? "raw" : "tif");
        vly_sink_options options = {.extent = extent};
        vly_sink *sink;
        ck_assert_int_eq(vly_sink_open(&sink, path, device, &options), VLY_OK);
        ck_assert_int_eq(vly_sink_write(sink, 4, voxels), VLY_OK);
        test_fails(vly_sink_finish(sink), VLY_EINTERNAL, "4 of 5");
        test_fails(vly_sink_write(sink, 2, voxels), VLY_EINTERNAL, "page 6");
        vly_sink_close(sink);
        ck_assert_int_eq(files_in(folder), 0);
    }
    vly_device_close(device);
}
END_TEST

/* 2.2 GB would be needed to see it finished; but what is in the hidden file is whole after every page. */
START_TEST(a_large_volume_becomes_bigtiff)
{
    enum { SIDE = 4096 };
    const char *large = test_path("large");
    char path[600], part[900] = "";
    uint8_t *page = calloc(SIDE, SIDE);
    vly_device *device = test_device(2, 0);
    ck_assert_int_eq(mkdir(large, 0777), 0);
    snprintf(path, sizeof path, "%s/labels.tif", large);
    for (int32_t pages = 127; pages <= 128; pages++) {
        vly_sink_options options = {.extent = {SIDE, SIDE, pages}, .compress = true};
        vly_sink *sink;
        vly_source *source;
        ck_assert_int_eq(vly_sink_open(&sink, path, device, &options), VLY_OK);
        for (int z = 0; z < 3; z++) {
            page[SIDE * SIDE - 1] = (uint8_t)z;
            ck_assert_int_eq(vly_sink_write(sink, 1, page), VLY_OK);
        }
        DIR *directory = opendir(large);
        for (struct dirent *entry; (entry = readdir(directory));)
            if (strstr(entry->d_name, ".part")) snprintf(part, sizeof part, "%s/%s", large, entry->d_name);
        closedir(directory);
        ck_assert_msg(vly_source_open(&source, part, NULL) == VLY_OK, "%s", vly_error_message());
        ck_assert_int_eq(vly_source_info(source)->extent.nz, 3);
        ck_assert_int_eq(vly_source_read(source, 2, 1, page), VLY_OK);
        ck_assert_int_eq(page[SIDE * SIDE - 1], 2);
        ck_assert_int_eq(page[SIDE * SIDE - 2], 0);
        vly_source_close(source);
        FILE *file = fopen(part, "rb");
        uint8_t head[4] = {0};
        ck_assert_int_eq(fread(head, 1, 4, file), 4);
        fclose(file);
        ck_assert_int_eq(head[2], pages == 128 ? 43 : 42);
        vly_sink_close(sink);
    }
    vly_device_close(device);
    free(page);
}
END_TEST

START_TEST(a_target_that_cannot_be_is_refused)
{
    uint8_t voxels[VOXELS] = {0};
    vly_sink_options options = {.extent = extent};
    test_fails(write_all(test_path("no/such/folder.tif"), &options, voxels), VLY_EOUTPUT, "create");
    test_fails(write_all(test_path("volume.png"), &options, voxels), VLY_EUSAGE, ".tif");
    test_fails(write_all(test_folder(), &options, voxels), VLY_EUSAGE, "ending");
    options.type = VLY_I16;
    test_fails(write_all(test_path("i16.tif"), &options, voxels), VLY_EUSAGE, "i16");
    options = (vly_sink_options){.extent = {1 << 20, 1 << 20, 2}};
    test_fails(write_all(test_path("huge.tif"), &options, voxels), VLY_EDATA, "2^40");
}
END_TEST

START_TEST(memory_takes_and_yields_pages)
{
    uint16_t voxels[VOXELS], got[VOXELS];
    fill(voxels, sizeof voxels);
    vly_sink *sink;
    ck_assert_int_eq(vly_sink_memory(&sink, got, VLY_U16, extent), VLY_OK);
    ck_assert_int_eq(vly_sink_write(sink, 2, voxels), VLY_OK);
    ck_assert_int_eq(vly_sink_write(sink, 3, voxels + 2 * 67 * 45), VLY_OK);
    ck_assert_int_eq(vly_sink_finish(sink), VLY_OK);
    vly_sink_close(sink);
    test_equal_u8((uint8_t *)got, (uint8_t *)voxels, sizeof voxels, "memory");
    vly_source *source;
    ck_assert_int_eq(vly_source_memory(&source, voxels, VLY_U16, extent, NULL), VLY_OK);
    ck_assert_int_eq(vly_source_read(source, 3, 2, got), VLY_OK);
    test_equal_u8((uint8_t *)got, (uint8_t *)(voxels + 3 * 67 * 45), 2 * 67 * 45 * 2, "pages 3 and 4");
    test_fails(vly_source_read(source, 4, 2, got), VLY_EUSAGE, "there are 5");
    test_fails(vly_source_read(source, -1, 1, got), VLY_EUSAGE, "there are 5");
    vly_source_close(source);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sink");
    TEST_CASE(suite, every_type_and_format_comes_back);
    TEST_CASE(suite, libtiff_reads_what_we_write);
    TEST_CASE(suite, an_existing_target_stays_without_overwrite);
    TEST_CASE(suite, a_volume_may_be_written_over_the_one_it_comes_from);
    TEST_CASE(suite, nothing_stays_of_a_volume_that_is_not_finished);
    TEST_CASE(suite, a_large_volume_becomes_bigtiff);
    TEST_CASE(suite, a_target_that_cannot_be_is_refused);
    TEST_CASE(suite, memory_takes_and_yields_pages);
    return test_run(suite);
}
