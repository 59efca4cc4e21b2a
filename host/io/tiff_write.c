/* A TIFF file as a sink: strips of about 256 KiB, deflated by all threads and appended in order, each page followed by its
 * directory. Written without libtiff, which keeps resolutions as 24-bit floats and offers no seam for its failures.
 * The description is ImageJ's, so that Fiji and tifffile show a stack of the right size. */
#include "io/tiff_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <tiff.h>
#include <zlib.h>

enum { STRIP_BYTES = 256 << 10, STRIPS_PER_THREAD = 4, ENTRIES_MAX = 16 };

typedef struct tiff_sink {
    vly_draft draft;
    vly_device *device;
    bool big, compress;
    char *description;
    uint32_t resolution[4];                /* pixels per um along x and y, as fractions; 0: unknown */
    int64_t row_bytes, strip_rows, strips; /* strips of a page */
    int64_t end;                           /* of what is written */
    int64_t link;                          /* where the position of the next directory belongs */
    int64_t *offsets;                      /* (strips) of the page that is being written */
    uint32_t *lengths;                     /* (strips) */
    int64_t batch, room;                   /* strips compressed together; bytes that one may need */
    uint8_t *deflated;                     /* (batch, room) */
    int64_t *deflated_bytes;               /* (batch) */
    uint8_t *block;                        /* a directory with its tables */
} tiff_sink;

/* ---- directories ---- */

typedef struct directory {
    const tiff_sink *sink;
    int64_t at;   /* in the file, of the block that holds values and then entries */
    int64_t used; /* bytes of values in the block */
    int entries;
    uint8_t entry[ENTRIES_MAX][20];
} directory;

static void add_values(directory *d, int tag, int type, int64_t count, int64_t bytes, const void *values)
{
    int room = d->sink->big ? 8 : 4;
    uint8_t *entry = d->entry[d->entries++];
    uint16_t head[2] = {(uint16_t)tag, (uint16_t)type};
    uint64_t count64 = (uint64_t)count, at64 = (uint64_t)(d->at + d->used);
    uint32_t count32 = (uint32_t)count, at32 = (uint32_t)at64;
    memset(entry, 0, 20);
    memcpy(entry, head, 4);
    memcpy(entry + 4, d->sink->big ? (void *)&count64 : (void *)&count32, (size_t)room);
    if (bytes <= room) {
        memcpy(entry + 4 + room, values, (size_t)bytes);
        return;
    }
    memcpy(entry + 4 + room, d->sink->big ? (void *)&at64 : (void *)&at32, (size_t)room);
    memcpy(d->sink->block + d->used, values, (size_t)bytes);
    d->used += (bytes + 7) / 8 * 8;
}

static void add_number(directory *d, int tag, int64_t number)
{
    uint32_t value = (uint32_t)number;
    add_values(d, tag, TIFF_LONG, 1, 4, &value);
}

/* The same for `count` channels. */
static void add_shorts(directory *d, int tag, int number, int count)
{
    uint16_t values[VLY_CHANNELS_MAX];
    for (int i = 0; i < count; i++) values[i] = (uint16_t)number;
    add_values(d, tag, TIFF_SHORT, count, 2 * count, values);
}

static void add_short(directory *d, int tag, int number)
{
    add_shorts(d, tag, number, 1);
}

/* Offsets are LONG8 in BigTIFF and LONG else; the block has room for them either way. */
static void add_offsets(directory *d)
{
    const tiff_sink *self = d->sink;
    if (self->big) {
        add_values(d, TIFFTAG_STRIPOFFSETS, TIFF_LONG8, self->strips, self->strips * 8, self->offsets);
        return;
    }
    uint32_t *narrow = (uint32_t *)(void *)self->deflated; /* not in use between batches */
    for (int64_t i = 0; i < self->strips; i++) narrow[i] = (uint32_t)self->offsets[i];
    add_values(d, TIFFTAG_STRIPOFFSETS, TIFF_LONG, self->strips, self->strips * 4, narrow);
}

/* In ascending order of tags, as the format wants it. */
static void add_tags(directory *d, const vly_sink *sink, bool first)
{
    const tiff_sink *self = d->sink;
    add_number(d, TIFFTAG_IMAGEWIDTH, sink->extent.nx);
    add_number(d, TIFFTAG_IMAGELENGTH, sink->extent.ny);
    add_shorts(d, TIFFTAG_BITSPERSAMPLE, 8 * vly_type_bytes(sink->type), sink->channels);
    add_short(d, TIFFTAG_COMPRESSION, self->compress ? COMPRESSION_ADOBE_DEFLATE : COMPRESSION_NONE);
    add_short(d, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
    if (first) {
        int64_t bytes = (int64_t)strlen(self->description) + 1;
        add_values(d, TIFFTAG_IMAGEDESCRIPTION, TIFF_ASCII, bytes, bytes, self->description);
    }
    add_offsets(d);
    add_short(d, TIFFTAG_SAMPLESPERPIXEL, sink->channels);
    add_number(d, TIFFTAG_ROWSPERSTRIP, self->strip_rows);
    add_values(d, TIFFTAG_STRIPBYTECOUNTS, TIFF_LONG, self->strips, self->strips * 4, self->lengths);
    if (self->resolution[1] != 0) {
        add_values(d, TIFFTAG_XRESOLUTION, TIFF_RATIONAL, 1, 8, self->resolution);
        add_values(d, TIFFTAG_YRESOLUTION, TIFF_RATIONAL, 1, 8, self->resolution + 2);
        add_short(d, TIFFTAG_RESOLUTIONUNIT, RESUNIT_NONE);
    }
    if (sink->channels > 1) add_shorts(d, TIFFTAG_EXTRASAMPLES, EXTRASAMPLE_UNSPECIFIED, sink->channels - 1);
    add_shorts(d, TIFFTAG_SAMPLEFORMAT, sink->type == VLY_F32 ? SAMPLEFORMAT_IEEEFP : SAMPLEFORMAT_UINT,
               sink->channels);
}

static vly_status write_number(tiff_sink *self, int64_t number, int64_t at)
{
    uint64_t wide = (uint64_t)number;
    uint32_t narrow = (uint32_t)number;
    return self->big ? vly_file_write(&self->draft.file, &wide, 8, at)
                     : vly_file_write(&self->draft.file, &narrow, 4, at);
}

/* The directory of page z behind its strips, and the link to it. */
static vly_status write_directory(vly_sink *sink, int32_t z)
{
    tiff_sink *self = sink->self;
    int entry_bytes = self->big ? 20 : 12;
    directory d = {.sink = self, .at = (self->end + 7) / 8 * 8};
    add_tags(&d, sink, z == 0);
    int64_t directory_at = d.at + d.used;
    uint64_t count64 = (uint64_t)d.entries;
    uint16_t count16 = (uint16_t)d.entries;
    uint8_t *to = self->block + d.used;
    memcpy(to, self->big ? (void *)&count64 : (void *)&count16, self->big ? 8 : 2);
    to += self->big ? 8 : 2;
    for (int i = 0; i < d.entries; i++, to += entry_bytes) memcpy(to, d.entry[i], (size_t)entry_bytes);
    memset(to, 0, 8); /* no next page yet */
    int64_t next_at = d.at + (to - self->block);
    VLY_TRY(vly_file_write(&self->draft.file, self->block, to - self->block + (self->big ? 8 : 4), d.at));
    VLY_TRY(write_number(self, directory_at, self->link));
    self->link = next_at;
    self->end = next_at + (self->big ? 8 : 4);
    return VLY_OK;
}

/* ---- strips ---- */

typedef struct deflate_job {
    const tiff_sink *self;
    const uint8_t *pages;
    int64_t ny, first; /* rows of a page; number of the batch's first strip among all of this call */
} deflate_job;

/* Where strip `s` of this call's pages begins and how many bytes it has. */
static int64_t strip_bytes(const tiff_sink *self, int64_t ny, int64_t s, int64_t *begin)
{
    int64_t row = s % self->strips * self->strip_rows;
    int64_t rows = ny - row < self->strip_rows ? ny - row : self->strip_rows;
    *begin = (s / self->strips * ny + row) * self->row_bytes;
    return rows * self->row_bytes;
}

static vly_status deflate_strip(void *argument, int64_t item, int32_t worker)
{
    deflate_job *job = argument;
    const tiff_sink *self = job->self;
    int64_t begin, bytes = strip_bytes(self, job->ny, job->first + item, &begin);
    uLongf length = (uLongf)self->room;
    (void)worker;
    if (compress2(self->deflated + item * self->room, &length, job->pages + begin, (uLong)bytes, 1) != Z_OK)
        return vly_fail(VLY_EMEMORY, "out of memory: compressing a strip of %lld bytes", (long long)bytes);
    self->deflated_bytes[item] = (int64_t)length;
    return VLY_OK;
}

static vly_status append(vly_sink *sink, int64_t strip, const void *bytes, int64_t length)
{
    tiff_sink *self = sink->self;
    VLY_TRY(vly_file_write(&self->draft.file, bytes, length, self->end));
    self->offsets[strip % self->strips] = self->end;
    self->lengths[strip % self->strips] = (uint32_t)length;
    self->end += length;
    if ((strip + 1) % self->strips != 0) return VLY_OK;
    return write_directory(sink, sink->written + (int32_t)(strip / self->strips));
}

static vly_status write_tiff(vly_sink *sink, int32_t count, const void *pages)
{
    tiff_sink *self = sink->self;
    deflate_job job = {self, pages, sink->extent.ny, 0};
    int64_t total = count * self->strips;
    for (int64_t now; job.first < total; job.first += now) {
        now = total - job.first < self->batch ? total - job.first : self->batch;
        if (self->compress) VLY_TRY(vly_pool_run(self->device->pool, now, deflate_strip, &job));
        for (int64_t i = 0; i < now; i++) {
            int64_t begin, bytes = strip_bytes(self, job.ny, job.first + i, &begin);
            const uint8_t *from = self->compress ? self->deflated + i * self->room : job.pages + begin;
            VLY_TRY(append(sink, job.first + i, from, self->compress ? self->deflated_bytes[i] : bytes));
        }
    }
    return VLY_OK;
}

static vly_status finish_tiff(vly_sink *sink)
{
    tiff_sink *self = sink->self;
    return vly_draft_publish(&self->draft);
}

static void close_tiff(vly_sink *sink)
{
    tiff_sink *self = sink->self;
    vly_draft_close(&self->draft);
    vly_free(self->description);
    vly_free(self->offsets);
    vly_free(self->lengths);
    vly_free(self->deflated);
    vly_free(self->deflated_bytes);
    vly_free(self->block);
}

/* ---- opening ---- */

/* The fraction of 32-bit numbers next to value: continued fractions, until it is as exact as nine digits can tell. */
static void as_fraction(uint32_t fraction[2], double value)
{
    double h0 = 0.0, h1 = 1.0, k0 = 1.0, k1 = 0.0, rest = value;
    for (int i = 0; i < 40; i++) {
        double whole = floor(rest), h = whole * h1 + h0, k = whole * k1 + k0;
        if (h > UINT32_MAX || k > UINT32_MAX) break;
        h0 = h1, h1 = h, k0 = k1, k1 = k;
        if (fabs(h1 / k1 - value) <= 1e-12 * value) break;
        rest = 1.0 / (rest - whole);
    }
    fraction[0] = (uint32_t)h1;
    fraction[1] = (uint32_t)k1;
}

static vly_status describe(tiff_sink *self, const vly_sink *sink, const vly_sink_options *options)
{
    const vly_voxel_size *size = &options->voxel_size;
    char unit[80] = "", map[80] = "";
    if ((size->verdict == VLY_SIZE_FROM_FILE || size->verdict == VLY_SIZE_GIVEN) && size->x > 0.0) {
        as_fraction(self->resolution, 1e-6 / size->x);
        as_fraction(self->resolution + 2, 1e-6 / size->y);
        snprintf(unit, sizeof unit, "unit=um\nspacing=%.12g\n", size->z * 1e6);
    }
    if (options->labels) snprintf(map, sizeof map, "min=0.0\nmax=2.0\nlabels=0:pore,1:am,2:cbd,255:outside\n");
    return vly_format(&self->description, "ImageJ=1.11a\nimages=%d\nslices=%d\n%sloop=false\n%s%s", sink->extent.nz,
                      sink->extent.nz, unit, map, options->note ? options->note : "");
}

static void lay_out(tiff_sink *self, const vly_sink *sink, vly_device *device)
{
    int64_t ny = sink->extent.ny;
    self->row_bytes = (int64_t)sink->extent.nx * sink->channels * vly_type_bytes(sink->type);
    self->strip_rows = STRIP_BYTES / self->row_bytes;
    if (self->strip_rows < 1) self->strip_rows = 1;
    if (self->strip_rows > ny) self->strip_rows = ny;
    self->strips = (ny + self->strip_rows - 1) / self->strip_rows;
    self->batch = (int64_t)STRIPS_PER_THREAD * vly_device_threads(device);
    self->room = (int64_t)compressBound((uLong)(self->strip_rows * self->row_bytes));
    int64_t page = ny * self->row_bytes + self->strips * 16 + 512;
    self->big = page > (INT64_C(2) << 30) / sink->extent.nz;
}

static vly_status allocate(tiff_sink *self)
{
    int64_t values = self->strips * 12 + (int64_t)strlen(self->description) + 128;
    int64_t deflated = self->batch * self->room;
    if (!self->compress) deflated = self->strips * 4; /* narrow offsets only */
    if (deflated < self->strips * 4) deflated = self->strips * 4;
    VLY_TRY(VLY_NEW(&self->offsets, self->strips, "strip table"));
    VLY_TRY(VLY_NEW(&self->lengths, self->strips, "strip table"));
    VLY_TRY(VLY_NEW(&self->deflated_bytes, self->batch, "strip table"));
    VLY_TRY(VLY_NEW(&self->block, values + ENTRIES_MAX * 20 + 16, "TIFF directory"));
    return vly_alloc_raw((void **)&self->deflated, deflated, 1, "compressed strips");
}

static vly_status write_header(tiff_sink *self)
{
    uint8_t head[16] = {0};
    const uint16_t probe = 1;
    uint16_t magic[4] = {self->big ? 43 : 42, 8, 0, 0};
    memcpy(head, *(const uint8_t *)&probe ? "II" : "MM", 2);
    memcpy(head + 2, magic, self->big ? 6 : 2);
    self->end = self->big ? 16 : 8;
    self->link = self->big ? 8 : 4;
    return vly_file_write(&self->draft.file, head, self->end, 0);
}

vly_status vly_sink_open_tiff(vly_sink **out, const char *path, vly_device *device, const vly_sink_options *options)
{
    vly_sink *sink;
    *out = NULL;
    VLY_TRY(vly_sink_create(&sink, path, options, sizeof(tiff_sink)));
    tiff_sink *self = sink->self;
    self->draft.file.descriptor = -1;
    self->device = device;
    self->compress = options->compress;
    sink->write = write_tiff;
    sink->finish = finish_tiff;
    sink->close = close_tiff;
    lay_out(self, sink, device);
    vly_status status = describe(self, sink, options);
    if (status == VLY_OK) status = allocate(self);
    if (status == VLY_OK) status = vly_draft_open(&self->draft, sink->path, options->overwrite);
    if (status == VLY_OK) status = write_header(self);
    if (status == VLY_OK)
        *out = sink;
    else
        vly_sink_close(sink);
    return status;
}
