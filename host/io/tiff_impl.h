/* Reading TIFF in two steps: our own walk over the directories checks everything against the size of the file, then
 * libtiff decodes what is compressed or tiled. Uncompressed pages are read straight from the file. */
#ifndef VLY_TIFF_IMPL_H
#define VLY_TIFF_IMPL_H

#include "io/io.h"

typedef struct vly_tiff_file {
    vly_file file;
    int64_t bytes;
    bool swap; /* not in this machine's byte order */
    bool big;  /* BigTIFF */
    int64_t first;
} vly_tiff_file;

/* A tag's values: in the entry itself if they fit, else at `at`. count 0: no such tag. */
typedef struct vly_tiff_field {
    uint16_t type;
    int64_t count, at;
    uint8_t inside[8];
    bool is_inside;
} vly_tiff_field;

/* One directory, as far as voxels are concerned. */
typedef struct vly_tiff_page {
    int64_t directory, next; /* bytes from the start of the file; next 0: the last */
    int64_t width, height;
    int64_t piece_width, piece_height, pieces; /* of a strip or tile, and how many there are */
    bool tiled;
    int64_t kind; /* NewSubfileType: bit 0 marks a thumbnail or pyramid level */
    int64_t bits, format, codec, photometric, samples, planar, fill_order;
    vly_tiff_field offsets, byte_counts, description, x_resolution, y_resolution;
    int64_t resolution_unit;
} vly_tiff_page;

/* Opens and reads the header. `number` in messages counts pages from 0, as z does. */
vly_status vly_tiff_file_open(vly_tiff_file *out, const char *path);
vly_status vly_tiff_page_read(vly_tiff_page *out, const vly_tiff_file *tiff, int64_t directory, int64_t number);

/* VLY_EDATA unless it is one grey channel of a type and compression we read, or a few channels of f32; else its type. */
vly_status vly_tiff_page_type(vly_type *out, const vly_tiff_file *tiff, const vly_tiff_page *page, int64_t number);

/* Checks every strip or tile against the file. *data: where the page's voxels begin if they lie there uncompressed and
 * in one run, else -1. *encoded: bytes of the longest compressed piece. */
vly_status vly_tiff_page_check(const vly_tiff_file *tiff, const vly_tiff_page *page, int64_t number, int64_t *data,
                               int64_t *encoded);

/* A text tag as a string of ours. */
vly_status vly_tiff_text(char **out, const vly_tiff_file *tiff, const vly_tiff_field *field);

/* A RATIONAL; 0 if it is absent or no number. */
vly_status vly_tiff_rational(double *out, const vly_tiff_file *tiff, const vly_tiff_field *field);

const char *vly_tiff_codec_name(int64_t codec);

/* Bytes of a full strip or tile when decoded. */
int64_t vly_tiff_piece_bytes(const vly_tiff_page *page);

typedef struct vly_tiff_place {
    int64_t directory, data; /* of one page; data -1: libtiff has to read it */
} vly_tiff_place;

/* All pages of a file, checked and alike. */
typedef struct vly_tiff_index {
    vly_tiff_page first;
    vly_type type;
    vly_tiff_place *places; /* (count) */
    int64_t count;
    int64_t piece_bytes, encoded_bytes, table_bytes; /* the largest of any page */
    int64_t scratch_bytes;                           /* of the largest tile, or strip of bits */
    char *description;
} vly_tiff_index;

vly_status vly_tiff_index_make(vly_tiff_index *out, const vly_tiff_file *tiff);
void vly_tiff_index_free(vly_tiff_index *index);

/* What the description and resolution tags say. */
typedef struct vly_tiff_meta {
    const char *format; /* "TIFF", "BigTIFF", "ImageJ TIFF", "OME-TIFF" */
    int64_t images;     /* pages the description promises; 0: it does not say */
    bool single;        /* pages may follow each other behind one directory */
    vly_voxel_size size;
} vly_tiff_meta;

vly_status vly_tiff_meta_read(vly_tiff_meta *out, const vly_tiff_file *tiff, const vly_tiff_index *index);

/* libtiff's handles of one file: taken by a reading thread, given back for the next. */
typedef struct vly_tiff_decoder vly_tiff_decoder;
vly_status vly_tiff_decoder_create(vly_tiff_decoder **out, const char *path, const vly_tiff_index *index);
vly_status vly_tiff_decode(vly_tiff_decoder *decoder, int64_t directory, int64_t number, void *page);
void vly_tiff_decoder_free(vly_tiff_decoder *decoder);

#endif
