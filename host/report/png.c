/* PNG with the three chunks that matter. Grey rows are differenced against the row above (filter 2), which halves what
 * smooth tomograms need; palette rows stay as they are, differences of labels mean nothing. */
#include "report/png.h"

#include "core/memory.h"

#include <assert.h>
#include <string.h>
#include <zlib.h>

static voidpf allocate(voidpf self, uInt count, uInt size)
{
    void *memory;
    (void)self;
    return vly_alloc_raw(&memory, count, size, "PNG") == VLY_OK ? memory : Z_NULL;
}

static void release(voidpf self, voidpf memory)
{
    (void)self;
    vly_free(memory);
}

static vly_status compress_rows(unsigned char *to, int64_t *length, const unsigned char *rows, int64_t bytes)
{
    z_stream stream = {.zalloc = allocate, .zfree = release, .next_in = (Bytef *)rows, .avail_in = (uInt)bytes};
    if (deflateInit(&stream, Z_BEST_COMPRESSION) != Z_OK) return vly_fail(VLY_EMEMORY, "PNG: zlib found no memory");
    stream.next_out = to;
    stream.avail_out = (uInt)*length;
    int done = deflate(&stream, Z_FINISH);
    *length = (int64_t)stream.total_out;
    deflateEnd(&stream);
    return done == Z_STREAM_END ? VLY_OK : vly_fail(VLY_EINTERNAL, "PNG: zlib ended with %d", done);
}

static void big_endian(unsigned char *to, uint32_t value)
{
    for (int i = 0; i < 4; i++) to[i] = (unsigned char)(value >> (24 - 8 * i));
}

/* length, name, data, checksum of name and data; `data` may already lie at its place. Returns the end. */
static unsigned char *chunk(unsigned char *to, const char *name, const unsigned char *data, int64_t length)
{
    big_endian(to, (uint32_t)length);
    memcpy(to + 4, name, 4);
    if (length > 0) memmove(to + 8, data, (size_t)length);
    big_endian(to + 8 + length, (uint32_t)crc32(0, to + 4, (uInt)(length + 4)));
    return to + 12 + length;
}

/* One filter byte and the pixels per row. */
static void grey_rows(unsigned char *to, const unsigned char *pixels, int32_t width, int32_t height)
{
    for (int32_t y = 0; y < height; y++) {
        const unsigned char *row = pixels + (int64_t)y * width;
        *to++ = y > 0 ? 2 : 0;
        for (int32_t x = 0; x < width; x++) *to++ = (unsigned char)(y > 0 ? row[x] - row[x - width] : row[x]);
    }
}

static void palette_rows(unsigned char *to, const unsigned char *pixels, int32_t width, int32_t height)
{
    int32_t stride = 1 + (width + 3) / 4;
    for (int32_t y = 0; y < height; y++, to += stride)
        for (int32_t x = 0; x < width; x++)
            to[1 + x / 4] |= (unsigned char)(pixels[(int64_t)y * width + x] << (6 - 2 * (x % 4)));
}

vly_status vly_png_encode(unsigned char **out, int64_t *bytes, const unsigned char *pixels, int32_t width,
                          int32_t height, const unsigned char *palette, int32_t colours)
{
    static const unsigned char signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    unsigned char header[13] = {[8] = palette ? 2 : 8, [9] = palette ? 3 : 0}, *rows = NULL, *end;
    int64_t size = (int64_t)height * (1 + (palette ? (width + 3) / 4 : width));
    int64_t room = (int64_t)compressBound((uLong)size), length = room;
    vly_status status;
    *out = NULL;
    assert(width > 0 && height > 0 && size < INT32_MAX && colours <= 4);
    if ((status = vly_alloc((void **)&rows, size, 1, "PNG")) != VLY_OK) goto out;
    if ((status = vly_alloc((void **)out, room + 128, 1, "PNG")) != VLY_OK) goto out;
    if (palette)
        palette_rows(rows, pixels, width, height);
    else
        grey_rows(rows, pixels, width, height);
    big_endian(header, (uint32_t)width);
    big_endian(header + 4, (uint32_t)height);
    memcpy(*out, signature, sizeof signature);
    end = chunk(*out + sizeof signature, "IHDR", header, sizeof header);
    if (palette) end = chunk(end, "PLTE", palette, 3 * (int64_t)colours);
    if ((status = compress_rows(end + 8, &length, rows, size)) != VLY_OK) goto out;
    end = chunk(end, "IDAT", end + 8, length);
    *bytes = chunk(end, "IEND", NULL, 0) - *out;
out:
    vly_free(rows);
    if (status != VLY_OK) vly_free(*out), *out = NULL;
    return status;
}
