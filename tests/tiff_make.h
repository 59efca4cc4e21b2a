/* TIFF files for tests, written by libtiff: an implementation that is not ours. */
#ifndef VLY_TIFF_MAKE_H
#define VLY_TIFF_MAKE_H

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>

/* 0 or NULL stands for what is in brackets. */
typedef struct tiff_spec {
    uint32_t nx, ny, nz; /* (37, 29, 3) */
    const char *mode;    /* "wl", "wb", "w8l", "w8b" ("wl") */
    int bits, format;    /* (8, unsigned) */
    int codec, predictor, fill_order;
    int photometric; /* (MINISBLACK) */
    bool white;      /* MINISWHITE */
    uint32_t tile;   /* side of tiles (strips) */
    uint32_t rows;   /* of a strip (7) */
    const char *description;
    double x_resolution, y_resolution;
    int unit; /* (none) */
} tiff_spec;

static inline tiff_spec tiff_complete(const tiff_spec *spec)
{
    tiff_spec s = *spec;
    if (!s.nx) s.nx = 37;
    if (!s.ny) s.ny = 29;
    if (!s.nz) s.nz = 3;
    if (!s.mode) s.mode = "wl";
    if (!s.bits) s.bits = 8;
    if (!s.format) s.format = SAMPLEFORMAT_UINT;
    if (!s.codec) s.codec = COMPRESSION_NONE;
    if (!s.fill_order) s.fill_order = FILLORDER_MSB2LSB;
    if (!s.photometric) s.photometric = s.white ? PHOTOMETRIC_MINISWHITE : PHOTOMETRIC_MINISBLACK;
    if (!s.rows) s.rows = 7;
    if (!s.unit) s.unit = RESUNIT_NONE;
    return s;
}

static inline void tiff_make_tags(TIFF *tiff, const tiff_spec *s)
{
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, s->nx);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, s->ny);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, s->bits);
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
    TIFFSetField(tiff, TIFFTAG_SAMPLEFORMAT, s->format);
    TIFFSetField(tiff, TIFFTAG_COMPRESSION, s->codec);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, s->photometric);
    TIFFSetField(tiff, TIFFTAG_FILLORDER, s->fill_order);
    if (s->predictor > 1) TIFFSetField(tiff, TIFFTAG_PREDICTOR, s->predictor);
    if (s->tile) {
        TIFFSetField(tiff, TIFFTAG_TILEWIDTH, s->tile);
        TIFFSetField(tiff, TIFFTAG_TILELENGTH, s->tile);
    } else {
        TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, s->rows);
    }
    if (s->description) TIFFSetField(tiff, TIFFTAG_IMAGEDESCRIPTION, s->description);
    if (s->x_resolution > 0) {
        TIFFSetField(tiff, TIFFTAG_XRESOLUTION, s->x_resolution);
        TIFFSetField(tiff, TIFFTAG_YRESOLUTION, s->y_resolution > 0 ? s->y_resolution : s->x_resolution);
        TIFFSetField(tiff, TIFFTAG_RESOLUTIONUNIT, s->unit);
    }
}

/* What a reader of ours has libtiff say must not get here. */
static inline void tiff_spoke(const char *module, const char *format, va_list arguments)
{
    char message[300];
    vsnprintf(message, sizeof message, format, arguments);
    ck_abort_msg("libtiff speaks to the world: %s: %s", module, message);
}

/* voxels: (nz, ny, row) with rows of (nx * bits + 7) / 8 bytes. */
static inline void tiff_make(const char *path, const tiff_spec *spec, const uint8_t *voxels)
{
    const tiff_spec complete = tiff_complete(spec), *s = &complete;
    size_t row = (s->nx * (size_t)s->bits + 7) / 8;
    TIFFSetErrorHandler(NULL);
    TIFFSetWarningHandler(NULL);
    TIFF *tiff = TIFFOpen(path, s->mode);
    ck_assert_ptr_nonnull(tiff);
    for (uint32_t z = 0; z < s->nz; z++) {
        const uint8_t *page = voxels + z * s->ny * row;
        tiff_make_tags(tiff, s);
        if (s->tile) {
            size_t tile_row = (s->tile * (size_t)s->bits + 7) / 8;
            uint8_t *tile = malloc(tile_row * s->tile);
            for (uint32_t y = 0; y < s->ny; y += s->tile)
                for (uint32_t x = 0; x < s->nx; x += s->tile) {
                    memset(tile, 0xEE, tile_row * s->tile);
                    for (uint32_t j = 0; j < s->tile && y + j < s->ny; j++) {
                        size_t from = x * (size_t)s->bits / 8, most = row - from;
                        memcpy(tile + j * tile_row, page + (y + j) * row + from, tile_row < most ? tile_row : most);
                    }
                    ck_assert_int_gt(TIFFWriteEncodedTile(tiff, TIFFComputeTile(tiff, x, y, 0, 0), tile,
                                                          (tmsize_t)(tile_row * s->tile)),
                                     0);
                }
            free(tile);
        } else {
            uint32_t rows = s->rows;
            uint8_t *strip = malloc(rows * row);
            for (uint32_t y = 0; y < s->ny; y += rows) {
                uint32_t now = s->ny - y < rows ? s->ny - y : rows;
                memcpy(strip, page + y * row, now * row); /* libtiff swaps in place */
                ck_assert_int_gt(TIFFWriteEncodedStrip(tiff, y / rows, strip, (tmsize_t)(now * row)), 0);
            }
            free(strip);
        }
        ck_assert_int_eq(TIFFWriteDirectory(tiff), 1);
    }
    TIFFClose(tiff);
    TIFFSetErrorHandler(tiff_spoke);
    TIFFSetWarningHandler(tiff_spoke);
}

#endif
