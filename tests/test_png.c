/* PNG: what was encoded comes back, decoded here by the letter of the standard with zlib alone. */
#include "support.h"

#include "report/png.h"

#include <string.h>
#include <zlib.h>

static uint32_t big_endian(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The chunk at *at, its checksum checked; *at moves behind it. */
static const unsigned char *chunk(const unsigned char **at, const char *name, uint32_t *length)
{
    const unsigned char *data = *at + 8;
    *length = big_endian(*at);
    ck_assert_mem_eq(*at + 4, name, 4);
    ck_assert_uint_eq(big_endian(data + *length), crc32(0, *at + 4, *length + 4));
    *at = data + *length + 4;
    return data;
}

/* Filters 0 and 2 are all that the encoder uses. */
static void unfilter(unsigned char *rows, int32_t stride, int32_t height)
{
    for (int32_t y = 0; y < height; y++) {
        unsigned char *row = rows + (int64_t)y * (stride + 1);
        ck_assert(row[0] == 0 || (row[0] == 2 && y > 0));
        for (int32_t x = 1; row[0] == 2 && x <= stride; x++) row[x] = (unsigned char)(row[x] + row[x - stride - 1]);
    }
}

static void round_trip(int32_t width, int32_t height, bool coloured)
{
    static const unsigned char palette[12] = {1, 2, 3, 40, 50, 60, 70, 80, 90, 255, 254, 253};
    static unsigned char pixels[400 * 256], rows[401 * 256];
    uint64_t state = (uint64_t)width * 1000 + (uint64_t)height;
    unsigned char *png;
    const unsigned char *at, *data;
    uint32_t length;
    int64_t bytes;
    for (int32_t i = 0; i < width * height; i++)
        pixels[i] = (unsigned char)(test_random(&state) & (coloured ? 3 : 255));
    ck_assert_int_eq(vly_png_encode(&png, &bytes, pixels, width, height, coloured ? palette : NULL, 4), VLY_OK);
    ck_assert_mem_eq(png, "\x89PNG\r\n\x1a\n", 8);
    at = png + 8;
    data = chunk(&at, "IHDR", &length);
    ck_assert_uint_eq(length, 13);
    ck_assert_int_eq((int32_t)big_endian(data), width);
    ck_assert_int_eq((int32_t)big_endian(data + 4), height);
    ck_assert_int_eq(data[8], coloured ? 2 : 8);
    ck_assert_int_eq(data[9], coloured ? 3 : 0);
    if (coloured) {
        data = chunk(&at, "PLTE", &length);
        ck_assert_uint_eq(length, 12);
        ck_assert_mem_eq(data, palette, 12);
    }
    int32_t stride = coloured ? (width + 3) / 4 : width;
    uLongf size = sizeof rows;
    data = chunk(&at, "IDAT", &length);
    ck_assert_int_eq(uncompress(rows, &size, data, length), Z_OK);
    ck_assert_uint_eq(size, (uLongf)(stride + 1) * (uLongf)height);
    chunk(&at, "IEND", &length);
    ck_assert_int_eq(at - png, bytes);
    unfilter(rows, stride, height);
    for (int32_t y = 0; y < height; y++)
        for (int32_t x = 0; x < width; x++) {
            const unsigned char *row = rows + y * (stride + 1) + 1;
            ck_assert_int_eq(coloured ? row[x / 4] >> (6 - 2 * (x % 4)) & 3 : row[x], pixels[y * width + x]);
        }
    vly_free(png);
}

START_TEST(pixels_come_back)
{
    static const int32_t sides[][2] = {{1, 1}, {1, 7}, {5, 1}, {4, 4}, {7, 5}, {400, 256}};
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        round_trip(sides[i][0], sides[i][1], false);
        round_trip(sides[i][0], sides[i][1], true);
    }
}
END_TEST

START_TEST(smooth_grey_becomes_smaller_than_its_pixels)
{
    static unsigned char pixels[128 * 128];
    unsigned char *png;
    int64_t bytes;
    for (int i = 0; i < 128 * 128; i++) pixels[i] = (unsigned char)(i / 128 + i % 128 / 2);
    ck_assert_int_eq(vly_png_encode(&png, &bytes, pixels, 128, 128, NULL, 0), VLY_OK);
    ck_assert_int_lt(bytes, 128 * 128 / 20);
    vly_free(png);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("png");
    TEST_CASE(suite, pixels_come_back);
    TEST_CASE(suite, smooth_grey_becomes_smaller_than_its_pixels);
    return test_run(suite);
}
