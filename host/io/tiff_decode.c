/* Pages that are compressed, tiled or scattered, decoded by libtiff: one handle per reading thread (handles cannot be
 * shared), each over a file of ours. libtiff's messages end up in our own, never on stderr. */
#include "io/tiff_impl.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <tiffio.h>

typedef struct handle {
    TIFF *tiff;
    vly_file file;
    int64_t position, bytes;
    vly_status status; /* of our own I/O below libtiff */
    char message[300]; /* the first complaint since the page was begun */
    uint8_t *scratch;  /* a tile, or a strip of bits */
    struct handle *next;
} handle;

struct vly_tiff_decoder {
    const char *path;
    vly_extent extent; /* nz unused */
    vly_type type;
    int64_t samples; /* values of a voxel */
    int64_t scratch_bytes, memory_cap;
    pthread_mutex_t lock;
    handle *idle;
};

/* ---- what libtiff calls ---- */

/* A failure is a short read: at -1, libtiff (TIFFReadAndRealloc) clears memory from one byte before its buffer. */
static tmsize_t read_bytes(thandle_t client, void *to, tmsize_t bytes)
{
    handle *h = client;
    int64_t got = 0;
    vly_status status = vly_file_read_some(&h->file, to, bytes, h->position, &got);
    if (status != VLY_OK && h->status == VLY_OK) {
        h->status = status;
        snprintf(h->message, sizeof h->message, "%s", vly_error_message());
    }
    h->position += got;
    return (tmsize_t)got;
}

static tmsize_t write_nothing(thandle_t client, void *from, tmsize_t bytes)
{
    (void)client, (void)from, (void)bytes;
    return -1;
}

static toff_t seek_to(thandle_t client, toff_t offset, int whence)
{
    handle *h = client;
    int64_t from = whence == SEEK_CUR ? h->position : whence == SEEK_END ? h->bytes : 0;
    h->position = from + (int64_t)offset;
    return (toff_t)h->position;
}

static int close_nothing(thandle_t client)
{
    (void)client;
    return 0;
}

static toff_t size_of(thandle_t client)
{
    return (toff_t)((handle *)client)->bytes;
}

static int map_nothing(thandle_t client, void **base, toff_t *size)
{
    (void)client, (void)base, (void)size;
    return 0;
}

static void unmap_nothing(thandle_t client, void *base, toff_t size)
{
    (void)client, (void)base, (void)size;
}

static int keep_message(TIFF *tiff, void *self, const char *module, const char *format, va_list arguments)
{
    handle *h = self;
    (void)tiff, (void)module;
    if (!h->message[0]) vsnprintf(h->message, sizeof h->message, format, arguments);
    return 1;
}

static int ignore_warning(TIFF *tiff, void *self, const char *module, const char *format, va_list arguments)
{
    (void)tiff, (void)self, (void)module, (void)format, (void)arguments;
    return 1;
}

/* ---- handles ---- */

static void handle_free(handle *h)
{
    if (!h) return;
    if (h->tiff) TIFFClose(h->tiff);
    vly_file_close(&h->file);
    vly_free(h->scratch);
    vly_free(h);
}

static vly_status open_tiff(handle *h, const vly_tiff_decoder *d)
{
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options) return vly_fail(VLY_EMEMORY, "out of memory: opening %s", d->path);
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, (tmsize_t)d->memory_cap);
    TIFFOpenOptionsSetErrorHandlerExtR(options, keep_message, h);
    TIFFOpenOptionsSetWarningHandlerExtR(options, ignore_warning, h);
    /* m: no mapping, a file cut short meanwhile shall be an error; c: strips as they are; h: no directory yet */
    h->tiff = TIFFClientOpenExt(d->path, "rmch", h, read_bytes, write_nothing, seek_to, close_nothing, size_of,
                                map_nothing, unmap_nothing, options);
    TIFFOpenOptionsFree(options);
    if (h->tiff) return VLY_OK;
    if (h->status != VLY_OK) return vly_fail(h->status, "%s", h->message);
    return vly_fail(VLY_EDATA, "%s: %s", d->path, h->message[0] ? h->message : "cannot be opened");
}

static vly_status handle_take(handle **out, vly_tiff_decoder *d)
{
    pthread_mutex_lock(&d->lock);
    handle *h = d->idle;
    if (h) d->idle = h->next;
    pthread_mutex_unlock(&d->lock);
    *out = h;
    if (h) return VLY_OK;
    VLY_TRY(VLY_NEW(&h, 1, "TIFF handle"));
    h->file.descriptor = -1;
    vly_status status = vly_file_open(&h->file, d->path);
    if (status == VLY_OK) status = vly_file_size(&h->file, &h->bytes);
    if (status == VLY_OK) status = vly_alloc((void **)&h->scratch, d->scratch_bytes, 1, "tile");
    if (status == VLY_OK) status = open_tiff(h, d);
    if (status == VLY_OK)
        *out = h;
    else
        handle_free(h);
    return status;
}

static void handle_give_back(vly_tiff_decoder *d, handle *h)
{
    pthread_mutex_lock(&d->lock);
    h->next = d->idle;
    d->idle = h;
    pthread_mutex_unlock(&d->lock);
}

vly_status vly_tiff_decoder_create(vly_tiff_decoder **out, const char *path, const vly_tiff_index *index)
{
    vly_tiff_decoder *d;
    *out = NULL;
    VLY_TRY(VLY_NEW(&d, 1, "TIFF decoder"));
    d->path = path;
    d->extent = (vly_extent){(int32_t)index->first.width, (int32_t)index->first.height, 1};
    d->type = index->type;
    d->samples = index->first.samples;
    d->scratch_bytes = index->scratch_bytes;
    /* what a sound page needs, and room for libtiff's own tables */
    d->memory_cap = 2 * (index->piece_bytes + index->encoded_bytes + index->table_bytes) + (4 << 20);
    pthread_mutex_init(&d->lock, NULL);
    *out = d;
    return VLY_OK;
}

void vly_tiff_decoder_free(vly_tiff_decoder *decoder)
{
    if (!decoder) return;
    while (decoder->idle) {
        handle *next = decoder->idle->next;
        handle_free(decoder->idle);
        decoder->idle = next;
    }
    pthread_mutex_destroy(&decoder->lock);
    vly_free(decoder);
}

/* ---- pages ---- */

static void copy_bits(uint8_t *to, const uint8_t *from, int64_t count)
{
    for (int64_t i = 0; i < count; i++) to[i] = from[i / 8] >> (7 - i % 8) & 1;
}

/* Rows of a decoded piece into the page (ny, nx). */
static void place_rows(const vly_tiff_decoder *d, uint8_t *page, const uint8_t *piece, int64_t piece_row, int64_t x0,
                       int64_t y0, int64_t columns, int64_t rows)
{
    int64_t size = d->samples * vly_type_bytes(d->type);
    for (int64_t y = 0; y < rows; y++) {
        uint8_t *to = page + ((y0 + y) * d->extent.nx + x0) * size;
        if (d->type == VLY_U1)
            copy_bits(to, piece + y * piece_row, columns);
        else
            memcpy(to, piece + y * piece_row, (size_t)(columns * size));
    }
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static bool decode_strips(const vly_tiff_decoder *d, handle *h, uint8_t *page)
{
    uint32_t rows_per_strip = 0;
    int64_t row = TIFFScanlineSize(h->tiff), ny = d->extent.ny, nx = d->extent.nx;
    bool bits = d->type == VLY_U1;
    TIFFGetFieldDefaulted(h->tiff, TIFFTAG_ROWSPERSTRIP, &rows_per_strip);
    if (rows_per_strip == 0 || row != (bits ? (nx + 7) / 8 : nx * d->samples * vly_type_bytes(d->type))) return false;
    for (int64_t y = 0, strip = 0; y < ny; y += rows_per_strip, strip++) {
        int64_t rows = smaller(rows_per_strip, ny - y), bytes = rows * row;
        uint8_t *to = bits ? h->scratch : page + y * row;
        if (bits && bytes > d->scratch_bytes) return false;
        if (TIFFReadEncodedStrip(h->tiff, (uint32_t)strip, to, bytes) != bytes) return false;
        if (bits) place_rows(d, page, h->scratch, row, 0, y, nx, rows);
    }
    return true;
}

static bool decode_tiles(const vly_tiff_decoder *d, handle *h, uint8_t *page)
{
    uint32_t width = 0, height = 0;
    int64_t ny = d->extent.ny, nx = d->extent.nx, bytes = TIFFTileSize(h->tiff), row = TIFFTileRowSize(h->tiff);
    TIFFGetField(h->tiff, TIFFTAG_TILEWIDTH, &width);
    TIFFGetField(h->tiff, TIFFTAG_TILELENGTH, &height);
    if (width == 0 || height == 0 || bytes <= 0 || bytes > d->scratch_bytes || row * height != bytes) return false;
    for (int64_t y = 0, tile = 0; y < ny; y += height)
        for (int64_t x = 0; x < nx; x += width, tile++) {
            if (TIFFReadEncodedTile(h->tiff, (uint32_t)tile, h->scratch, bytes) != bytes) return false;
            place_rows(d, page, h->scratch, row, x, y, smaller(width, nx - x), smaller(height, ny - y));
        }
    return true;
}

/* The page must still be what it was when the file was opened. */
static bool is_as_indexed(const vly_tiff_decoder *d, handle *h)
{
    uint32_t width = 0, height = 0;
    uint16_t bits = 0, samples = 0;
    TIFFGetField(h->tiff, TIFFTAG_IMAGEWIDTH, &width);
    TIFFGetField(h->tiff, TIFFTAG_IMAGELENGTH, &height);
    TIFFGetFieldDefaulted(h->tiff, TIFFTAG_BITSPERSAMPLE, &bits);
    TIFFGetFieldDefaulted(h->tiff, TIFFTAG_SAMPLESPERPIXEL, &samples);
    return (int64_t)width == d->extent.nx && (int64_t)height == d->extent.ny && samples == d->samples &&
           bits == (d->type == VLY_U1 ? 1 : 8 * vly_type_bytes(d->type));
}

vly_status vly_tiff_decode(vly_tiff_decoder *decoder, int64_t directory, int64_t number, void *page)
{
    handle *h;
    VLY_TRY(handle_take(&h, decoder));
    h->message[0] = 0;
    h->status = VLY_OK;
    bool fine = TIFFSetSubDirectory(h->tiff, (uint64_t)directory) && is_as_indexed(decoder, h) &&
                (TIFFIsTiled(h->tiff) ? decode_tiles(decoder, h, page) : decode_strips(decoder, h, page));
    if (fine) {
        handle_give_back(decoder, h);
        return VLY_OK;
    }
    vly_status status =
        h->status != VLY_OK
            ? vly_fail(h->status, "%s", h->message)
            : vly_fail(VLY_EDATA, "%s: page %lld cannot be decoded: %s", decoder->path, (long long)number,
                       h->message[0] ? h->message : "it is not what its directory says");
    handle_free(h);
    return status;
}
