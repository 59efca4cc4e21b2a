/* Reads the PNG that the library writes, by the letter of the standard with zlib alone: grey, or four colours in two bits. */
#ifndef VLY_PNG_READ_H
#define VLY_PNG_READ_H

#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static inline uint32_t png_big_endian(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The chunk at *at, its checksum checked; *at moves behind it. */
static inline const unsigned char *png_chunk(const unsigned char **at, const char *name, uint32_t *length)
{
    const unsigned char *data = *at + 8;
    *length = png_big_endian(*at);
    ck_assert_mem_eq(*at + 4, name, 4);
    ck_assert_uint_eq(png_big_endian(data + *length), crc32(0, *at + 4, *length + 4));
    *at = data + *length + 4;
    return data;
}

/* Filters 0 and 2 are all that the encoder uses. */
static inline void png_unfilter(unsigned char *rows, int32_t stride, int32_t height)
{
    for (int32_t y = 0; y < height; y++) {
        unsigned char *row = rows + (int64_t)y * (stride + 1);
        ck_assert(row[0] == 0 || (row[0] == 2 && y > 0));
        for (int32_t x = 1; row[0] == 2 && x <= stride; x++) row[x] = (unsigned char)(row[x] + row[x - stride - 1]);
    }
}

/* pixels: (*height, *width), of room for `most`. palette: the twelve bytes that there must be; NULL: it must be grey. */
static inline void png_read(unsigned char *pixels, int32_t *width, int32_t *height, const unsigned char *png,
                            int64_t bytes, const unsigned char *palette, size_t most)
{
    const unsigned char *at = png + 8, *data;
    uint32_t length;
    ck_assert_mem_eq(png, "\x89PNG\r\n\x1a\n", 8);
    data = png_chunk(&at, "IHDR", &length);
    ck_assert_uint_eq(length, 13);
    *width = (int32_t)png_big_endian(data);
    *height = (int32_t)png_big_endian(data + 4);
    ck_assert_uint_le((size_t)*width * (size_t)*height, most);
    ck_assert_int_eq(data[8], palette ? 2 : 8);
    ck_assert_int_eq(data[9], palette ? 3 : 0);
    if (palette) {
        data = png_chunk(&at, "PLTE", &length);
        ck_assert_uint_eq(length, 12);
        ck_assert_mem_eq(data, palette, 12);
    }
    const int32_t stride = palette ? (*width + 3) / 4 : *width;
    uLongf size = (uLongf)(stride + 1) * (uLongf)*height;
    unsigned char *rows = malloc(size);
    ck_assert_ptr_nonnull(rows);
    data = png_chunk(&at, "IDAT", &length);
    ck_assert_int_eq(uncompress(rows, &size, data, length), Z_OK);
    ck_assert_uint_eq(size, (uLongf)(stride + 1) * (uLongf)*height);
    png_chunk(&at, "IEND", &length);
    ck_assert_int_eq(at - png, bytes);
    png_unfilter(rows, stride, *height);
    for (int32_t y = 0; y < *height; y++)
        for (int32_t x = 0; x < *width; x++) {
            const unsigned char *row = rows + (int64_t)y * (stride + 1) + 1;
            pixels[y * *width + x] = palette ? row[x / 4] >> (6 - 2 * (x % 4)) & 3 : row[x];
        }
    free(rows);
}

#endif
