/* Volumes of one file per page: order, patterns, and what does not belong together. */
#include "io/io.h"
#include "support.h"
#include "tiff_make.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 37 * 29 };

static char folder[400];

/* A fresh folder, and in it pages with the given names whose voxels are their position in the list. */
static void make_folder(const char *name, const char *const *names, int count)
{
    uint8_t page[PAGE];
    snprintf(folder, sizeof folder, "%s", test_path(name));
    ck_assert_int_eq(mkdir(folder, 0777), 0);
    for (int i = 0; i < count; i++) {
        char path[500];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        memset(page, i, sizeof page);
        tiff_make(path, &(tiff_spec){.nz = 1, .codec = i % 2 ? COMPRESSION_LZW : COMPRESSION_NONE}, page);
    }
}

static const char *inside(const char *name)
{
    static char path[500];
    snprintf(path, sizeof path, "%s%s", folder, name);
    return path;
}

static void opens_as(const char *path, const uint8_t *pages, int count)
{
    vly_source *source;
    ck_assert_msg(vly_source_open(&source, path, NULL) == VLY_OK, "%s", vly_error_message());
    const vly_volume_info *info = vly_source_info(source);
    ck_assert(info->extent.nx == 37 && info->extent.ny == 29);
    ck_assert_int_eq(info->extent.nz, count);
    ck_assert_str_eq(info->format, "image sequence");
    uint8_t *got = test_guarded((size_t)count * PAGE);
    ck_assert_int_eq(vly_source_read(source, 0, count, got), VLY_OK);
    for (int z = 0; z < count; z++)
        for (int i = 0; i < PAGE; i++) ck_assert_int_eq(got[z * PAGE + i], pages[z]);
    test_guarded_free(got, (size_t)count * PAGE);
    vly_source_close(source);
}

START_TEST(names_are_ordered_as_people_count)
{
    static const char *const order[] = {"a",
                                        "a1",
                                        "a1b",
                                        "a2",
                                        "a9",
                                        "a10",
                                        "a10b2",
                                        "a10b10",
                                        "a0100",
                                        "a101",
                                        "b",
                                        "page99999999999999999998",
                                        "page99999999999999999999",
                                        "page100000000000000000000"};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        for (size_t j = 0; j < sizeof order / sizeof *order; j++) {
            int got = vly_natural_order(order[i], order[j]);
            ck_assert_msg((i < j) == (got < 0) && (i > j) == (got > 0), "%s, %s: %d", order[i], order[j], got);
        }
    ck_assert_int_eq(vly_natural_order("p007", "p7"), 0);
}
END_TEST

START_TEST(a_folder_is_read_in_natural_order)
{
    static const char *const names[] = {"s10.tif", "s9.tif", "s1.tif", "s100.TIFF", "s2.tif"};
    const uint8_t order[] = {2, 4, 1, 0, 3};
    int64_t held = vly_memory_held();
    make_folder("natural", names, 5);
    ck_assert_int_eq(close(creat(inside("/notes.txt"), 0666)), 0);
    ck_assert_int_eq(close(creat(inside("/.hidden.tif"), 0666)), 0);
    opens_as(inside(""), order, 5);
    opens_as(inside("/"), order, 5);
    ck_assert_int_eq(vly_memory_held(), held);
}
END_TEST

START_TEST(a_pattern_picks_files)
{
    static const char *const names[] = {"x1.tif", "x2.tif", "x3.tif", "y1.tif", "x[1].tif"};
    make_folder("pattern", names, 5);
    opens_as(inside("/x?.tif"), (const uint8_t[]){0, 1, 2}, 3);
    opens_as(inside("/x[23].tif"), (const uint8_t[]){1, 2}, 2);
    opens_as(inside("/*1.tif"), (const uint8_t[]){0, 3}, 2);
    vly_source *source; /* a file of that very name is no pattern */
    ck_assert_int_eq(vly_source_open(&source, inside("/x[1].tif"), NULL), VLY_OK);
    ck_assert_str_eq(vly_source_info(source)->format, "TIFF");
    vly_source_close(source);
    test_fails(vly_source_open(&source, inside("/z*.tif"), NULL), VLY_ENOINPUT, "no file has such a name");
    test_fails(vly_source_open(&source, "no/such/folder/*.tif", NULL), VLY_ENOINPUT, "no/such/folder");
}
END_TEST

START_TEST(files_must_be_alike)
{
    static const char *const names[] = {"p1.tif", "p2.tif", "p3.tif"};
    uint8_t voxels[PAGE * 4] = {0};
    vly_source *source;
    make_folder("alike", names, 3);
    tiff_make(inside("/p2.tif"), &(tiff_spec){.nz = 1, .nx = 36}, voxels);
    test_fails(vly_source_open(&source, inside(""), NULL), VLY_EDATA, "p2.tif: is 36 x 29, ");
    tiff_make(inside("/p2.tif"), &(tiff_spec){.nz = 1, .bits = 16}, voxels);
    test_fails(vly_source_open(&source, inside(""), NULL), VLY_EDATA, "p2.tif: is u16, ");
    tiff_make(inside("/p2.tif"), &(tiff_spec){.nz = 2}, voxels);
    test_fails(vly_source_open(&source, inside(""), NULL), VLY_EDATA, "p2.tif: has 2 pages");
    ck_assert_int_eq(truncate(inside("/p2.tif"), 3), 0);
    test_fails(vly_source_open(&source, inside(""), NULL), VLY_EDATA, "p2.tif: is no TIFF");
    ck_assert_int_eq(unlink(inside("/p2.tif")), 0);
    opens_as(inside(""), (const uint8_t[]){0, 2}, 2);
}
END_TEST

START_TEST(a_page_that_changes_after_opening_is_an_error)
{
    static const char *const names[] = {"p1.tif", "p2.tif"};
    uint8_t voxels[PAGE * 4] = {0}, pages[2 * PAGE];
    vly_source *source;
    make_folder("changing", names, 2);
    ck_assert_int_eq(vly_source_open(&source, inside(""), NULL), VLY_OK);
    tiff_make(inside("/p2.tif"), &(tiff_spec){.nz = 1, .bits = 32}, voxels);
    test_fails(vly_source_read(source, 0, 2, pages), VLY_EDATA, "p2.tif: is u32");
    ck_assert_int_eq(unlink(inside("/p2.tif")), 0);
    test_fails(vly_source_read(source, 1, 1, pages), VLY_ENOINPUT, "p2.tif");
    ck_assert_int_eq(vly_source_read(source, 0, 1, pages), VLY_OK);
    vly_source_close(source);
}
END_TEST

START_TEST(odd_folders_are_refused)
{
    vly_source *source;
    make_folder("empty", NULL, 0);
    test_fails(vly_source_open(&source, inside(""), NULL), VLY_EDATA, "no TIFF file in this folder");
    ck_assert_int_eq(symlink(".", inside("/self.tif")), 0); /* a folder that holds itself */
    test_fails(vly_source_open(&source, inside(""), NULL), VLY_EDATA, "self.tif");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sequence");
    TEST_CASE(suite, names_are_ordered_as_people_count);
    TEST_CASE(suite, a_folder_is_read_in_natural_order);
    TEST_CASE(suite, a_pattern_picks_files);
    TEST_CASE(suite, files_must_be_alike);
    TEST_CASE(suite, a_page_that_changes_after_opening_is_an_error);
    TEST_CASE(suite, odd_folders_are_refused);
    return test_run(suite);
}
