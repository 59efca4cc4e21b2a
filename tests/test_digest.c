/* Digests against the reference values of XXH3-128, and what makes the digest of a folder differ. */
#include "support.h"

#include "core/digest.h"
#include "core/file.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void put(const char *path, const char *text)
{
    ck_assert_int_eq(vly_file_publish_text(path, text, true), VLY_OK);
}

START_TEST(text_and_files_give_the_published_values)
{
    char hex[VLY_DIGEST_BYTES];
    int64_t bytes;
    vly_digest_text(hex, ""); /* xxhsum's value for an empty input */
    ck_assert_str_eq(hex, "99aa06d3014798d86001c324468d497f");
    put(test_path("empty"), "");
    ck_assert_int_eq(vly_digest_file(hex, &bytes, test_path("empty")), VLY_OK);
    ck_assert_str_eq(hex, "99aa06d3014798d86001c324468d497f");
    ck_assert_int_eq(bytes, 0);
    char text[VLY_DIGEST_BYTES];
    put(test_path("a"), "voxelyte");
    vly_digest_text(text, "voxelyte");
    ck_assert_int_eq(vly_digest_input(hex, &bytes, test_path("a")), VLY_OK);
    ck_assert_str_eq(hex, text);
    vly_digest_bytes(hex, "voxelyte and more", 8);
    ck_assert_str_eq(hex, text);
    ck_assert_int_eq(bytes, 8);
    test_fails(vly_digest_file(hex, NULL, test_path("none")), VLY_ENOINPUT, "none");
    test_fails(vly_digest_input(hex, NULL, test_path("none*.tif")), VLY_ENOINPUT, "none*.tif");
}
END_TEST

START_TEST(a_folder_has_a_digest_of_names_and_contents)
{
    char first[VLY_DIGEST_BYTES], hex[VLY_DIGEST_BYTES];
    int64_t bytes;
    const char *folder = test_path("s[1]*");
    ck_assert_int_eq(mkdir(folder, 0777), 0);
    put(test_path("s[1]*/b.tif"), "bb");
    put(test_path("s[1]*/a.tif"), "a");
    ck_assert_int_eq(vly_digest_input(first, &bytes, folder), VLY_OK);
    ck_assert_int_eq(bytes, 3);
    put(test_path("s[1]*/.hidden"), "x");
    ck_assert_int_eq(vly_digest_input(hex, NULL, folder), VLY_OK);
    ck_assert_str_eq(hex, first);
    put(test_path("s[1]*/a.tif"), "ab");
    put(test_path("s[1]*/b.tif"), "b"); /* the same bytes in a row, cut elsewhere */
    ck_assert_int_eq(vly_digest_input(hex, NULL, folder), VLY_OK);
    ck_assert_str_ne(hex, first);
    put(test_path("s[1]*/a.tif"), "a");
    put(test_path("s[1]*/b.tif"), "bb");
    ck_assert_int_eq(vly_digest_input(hex, NULL, test_path("s\\[1\\]\\*/*.tif")), VLY_OK);
    ck_assert_str_eq(hex, first);
    ck_assert_int_eq(rename(test_path("s[1]*/a.tif"), test_path("s[1]*/c.tif")), 0);
    ck_assert_int_eq(vly_digest_input(hex, NULL, folder), VLY_OK);
    ck_assert_str_ne(hex, first);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("digest");
    TEST_CASE(suite, text_and_files_give_the_published_values);
    TEST_CASE(suite, a_folder_has_a_digest_of_names_and_contents);
    return test_run(suite);
}
