/* Broken TIFF files: cut at every byte, every bit of their headers turned, and evil values in every field. What comes
 * back is a volume or one sentence, never a crash, never a byte beyond the pages. */
#include "support.h"
#include "tiff_make.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SEED_MAX = 20000, PAGES_MAX = 1 << 20 };

typedef struct seed {
    uint8_t bytes[SEED_MAX];
    int64_t count;
} seed;

static void make_seed(seed *s, const tiff_spec *spec)
{
    uint8_t voxels[13 * 11 * 4 * 2];
    uint64_t state = 1;
    for (size_t i = 0; i < sizeof voxels; i++) voxels[i] = (uint8_t)(test_random(&state) % 3);
    tiff_spec small = *spec;
    small.nx = 13;
    small.ny = 11;
    small.nz = 2;
    const char *path = test_path("seed.tif");
    tiff_make(path, &small, voxels);
    int descriptor = open(path, O_RDONLY);
    s->count = read(descriptor, s->bytes, SEED_MAX);
    ck_assert(s->count > 0 && s->count < SEED_MAX);
    close(descriptor);
}

/* A file in memory, so that a hundred thousand of them take seconds; the name stays the same. */
static const char *put_file(const uint8_t *bytes, int64_t count)
{
    static int descriptor = -1;
    static char path[64];
    if (descriptor < 0) descriptor = memfd_create("malformed", 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    ck_assert_int_eq(ftruncate(descriptor, 0), 0);
    ck_assert_int_eq(pwrite(descriptor, bytes, (size_t)count, 0), count);
    return path;
}

static int64_t fine, refused;

/* Opens and reads; status OK, bad data, or too much memory, and one line to say why. */
static void try_file(const char *path)
{
    vly_source *source;
    vly_status status = vly_source_open(&source, path, NULL);
    if (status == VLY_OK) {
        const vly_volume_info *info = vly_source_info(source);
        int64_t bytes = vly_extent_voxels(info->extent) * vly_type_bytes(info->type);
        if (bytes <= PAGES_MAX) {
            uint8_t *pages = test_guarded((size_t)bytes);
            status = vly_source_read(source, 0, info->extent.nz, pages);
            test_guarded_free(pages, (size_t)bytes);
        }
        vly_source_close(source);
    }
    ck_assert_msg(status == VLY_OK || status == VLY_EDATA, "status %d: %s", status, vly_error_message());
    if (status == VLY_OK)
        fine++;
    else {
        refused++;
        ck_assert_ptr_null(strchr(vly_error_message(), '\n'));
        ck_assert_ptr_nonnull(strstr(vly_error_message(), path));
    }
}

static const tiff_spec specs[] = {
    {.mode = "wl"},
    {.mode = "wb",
     .bits = 16,
     .codec = COMPRESSION_LZW,
     .predictor = 2,
     .description = "ImageJ=1.53t\nimages=2\nslices=2\nunit=um\nspacing=0.5\n"},
    {.mode = "w8l", .bits = 32, .format = SAMPLEFORMAT_IEEEFP, .codec = COMPRESSION_ADOBE_DEFLATE, .x_resolution = 2},
    {.mode = "w8b", .codec = COMPRESSION_PACKBITS, .rows = 3, .description = "{\"shape\": [2, 11, 13]}"},
    {.mode = "wl", .bits = 16, .tile = 16, .codec = COMPRESSION_ADOBE_DEFLATE},
    {.mode = "wb", .bits = 1, .white = true},
    {.mode = "wl",
     .description = "<?xml?><OME><Image><Pixels SizeX=\"13\" SizeZ=\"2\" PhysicalSizeX=\"0.5\"/></Image></OME>"},
};
enum { SPECS = sizeof specs / sizeof *specs };

START_TEST(a_file_cut_at_any_byte_is_refused_or_read)
{
    static seed s;
    int64_t held = vly_memory_held();
    for (int i = 0; i < SPECS; i++) {
        make_seed(&s, &specs[i]);
        for (int64_t count = s.count - 1; count >= 0; count--) {
            try_file(put_file(s.bytes, count));
        }
    }
    /* what follows the last thing needed may be missing; nothing else */
    ck_assert_int_lt(fine, 40);
    ck_assert_int_gt(refused, 2000);
    ck_assert_int_eq(vly_memory_held(), held);
}
END_TEST

START_TEST(any_turned_bit_is_survived)
{
    static seed s;
    int64_t held = vly_memory_held();
    for (int i = 0; i < SPECS; i++) {
        make_seed(&s, &specs[i]);
        for (int64_t bit = 0; bit < s.count * 8; bit++) {
            s.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            try_file(put_file(s.bytes, s.count));
            s.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
    ck_assert_int_gt(fine, 1000);
    ck_assert_int_gt(refused, 1000);
    ck_assert_int_eq(vly_memory_held(), held);
}
END_TEST

START_TEST(evil_numbers_anywhere_are_survived)
{
    static const uint8_t evil[][4] = {
        {0, 0, 0, 0},    {0xFF, 0xFF, 0xFF, 0xFF}, {0xFF, 0xFF, 0xFF, 0x7F}, {0x7F, 0xFF, 0xFF, 0xFF},
        {0, 0, 0, 0x80}, {0xFF, 0xFF, 0, 0},       {0, 0, 0xFF, 0xFF},       {1, 0, 0, 0},
        {8, 0, 0, 0}};
    static seed s;
    uint8_t kept[4];
    for (int i = 0; i < SPECS; i++) {
        make_seed(&s, &specs[i]);
        for (int64_t at = 0; at + 4 <= s.count; at += 2)
            for (size_t e = 0; e < sizeof evil / sizeof *evil; e++) {
                memcpy(kept, s.bytes + at, 4);
                memcpy(s.bytes + at, evil[e], 4);
                try_file(put_file(s.bytes, s.count));
                memcpy(s.bytes + at, kept, 4);
            }
    }
    ck_assert_int_gt(refused, 1000);
}
END_TEST

/* ---- cases with a name ---- */

/* A classic little-endian file with one directory at byte 8, written by hand: tags come as (tag, type, count, value). */
static const char *put_tags(const uint32_t tags[][4], int count, uint32_t next, int64_t bytes)
{
    uint8_t file[2000] = {'I', 'I', 42, 0, 8, 0, 0, 0, (uint8_t)count, 0};
    for (int i = 0; i < count; i++) {
        uint16_t head[2] = {(uint16_t)tags[i][0], (uint16_t)tags[i][1]};
        memcpy(file + 10 + 12 * i, head, 4);
        memcpy(file + 14 + 12 * i, tags[i] + 2, 8);
    }
    memcpy(file + 10 + 12 * count, &next, 4);
    return put_file(file, bytes);
}

static void hand_made(uint32_t width, uint32_t height, uint32_t codec, uint32_t at, uint32_t strip_bytes, uint32_t next,
                      const char *part)
{
    const uint32_t tags[][4] = {{256, 4, 1, width}, {257, 4, 1, height}, {258, 3, 1, 8},      {259, 3, 1, codec},
                                {262, 3, 1, 1},     {273, 4, 1, at},     {278, 4, 1, height}, {279, 4, 1, strip_bytes}};
    vly_source *source = NULL;
    vly_status status = vly_source_open(&source, put_tags(tags, 8, next, 500), NULL);
    if (*part)
        test_fails(status, VLY_EDATA, part);
    else
        ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
    vly_source_close(source);
}

START_TEST(impossible_files_are_told_why)
{
    hand_made(20, 10, 1, 200, 200, 0, "");
    hand_made(0, 10, 1, 200, 200, 0, "page 0 is 0 x 10");
    hand_made(0x80000000, 10, 1, 200, 200, 0, "2^31");
    hand_made(65535, 65535, 1, 200, 300, 0, "strip 0 of page 0 has 300 bytes, too few");
    hand_made(65535, 65535, 8, 200, 300, 0, "too few for 4294836225 bytes of voxels");
    hand_made(2147483647, 2147483647, 1, 200, 300, 0, "damaged directory");
    hand_made(20, 10, 1, 200, 199, 0, "has 199 bytes, too few for 200");
    hand_made(20, 10, 1, 400, 200, 0, "ends at byte 500, within or before strip 0 of page 0: truncated?");
    hand_made(20, 10, 1, 0xFFFFFFF0, 200, 0, "truncated?");
    hand_made(20, 10, 1, 200, 200, 8, "directories form a loop");
    hand_made(20, 10, 1, 200, 200, 600, "before the directory of page 1: truncated?");
    hand_made(20, 10, 1, 200, 200, 490, "page 1 has a damaged directory");
    hand_made(20, 10, 34712, 200, 200, 0, "compression 34712 (JPEG 2000)");
    hand_made(20, 10, 777, 200, 200, 0, "compression 777 (unknown)");
}
END_TEST

START_TEST(a_loop_of_directories_is_met_wherever_it_begins)
{
    /* three directories, each at its own place; the last one leads back to the first, the second, or itself */
    for (uint32_t back = 0; back < 3; back++) {
        uint8_t file[1200] = {'I', 'I', 42, 0, 8, 0, 0, 0};
        for (uint32_t d = 0; d < 3; d++) {
            const uint32_t tags[][3] = {{256, 1, 4}, {257, 1, 4}, {258, 1, 8}, {273, 1, 1000}, {279, 1, 16}};
            uint8_t *at = file + 8 + 100 * d;
            uint32_t next = 8 + 100 * (d < 2 ? d + 1 : back);
            at[0] = 5;
            for (int i = 0; i < 5; i++) {
                uint16_t head[2] = {(uint16_t)tags[i][0], TIFF_LONG};
                memcpy(at + 2 + 12 * i, head, 4);
                memcpy(at + 6 + 12 * i, tags[i] + 1, 8);
            }
            memcpy(at + 62, &next, 4);
        }
        vly_source *source;
        test_fails(vly_source_open(&source, put_file(file, sizeof file), NULL), VLY_EDATA, "loop");
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tiff_malformed");
    TEST_CASE(suite, a_file_cut_at_any_byte_is_refused_or_read);
    TEST_CASE(suite, any_turned_bit_is_survived);
    TEST_CASE(suite, evil_numbers_anywhere_are_survived);
    TEST_CASE(suite, impossible_files_are_told_why);
    TEST_CASE(suite, a_loop_of_directories_is_met_wherever_it_begins);
    return test_run(suite);
}
