/* One TIFF directory, read and judged without libtiff: nothing it claims is believed before it fits the file. */
#include "io/tiff_impl.h"

#include <string.h>
#include <tiff.h>
#include <tiffio.h>

enum { ENTRIES_MAX = 512, DESCRIPTION_MAX = 64 << 20, HEAD_BYTES = 1024 };

static uint64_t number_of(const uint8_t *bytes, int count, bool swap)
{
    uint64_t value = 0;
    for (int i = 0; i < count; i++) value |= (uint64_t)bytes[swap ? count - 1 - i : i] << (8 * i);
    return value;
}

vly_status vly_tiff_file_open(vly_tiff_file *out, const char *path)
{
    uint8_t head[16];
    *out = (vly_tiff_file){.file = {-1, path}};
    VLY_TRY(vly_file_open(&out->file, path));
    vly_status status = vly_file_size(&out->file, &out->bytes);
    if (status == VLY_OK) status = vly_file_read(&out->file, head, 8, 0);
    if (status == VLY_OK) {
        out->swap = head[0] == 'M';
        out->big = number_of(head + 2, 2, out->swap) == 43;
        if (out->big) status = vly_file_read(&out->file, head, 16, 0);
    }
    if (status == VLY_OK) {
        out->first = out->big ? (int64_t)number_of(head + 8, 8, out->swap) : (int64_t)number_of(head + 4, 4, out->swap);
        if (out->first == 0) status = vly_fail(VLY_EDATA, "%s: a TIFF file without pages", path);
    }
    if (status != VLY_OK) vly_file_close(&out->file);
    return status;
}

static int type_bytes(uint16_t type)
{
    switch (type) {
    case TIFF_BYTE:
    case TIFF_ASCII:
    case TIFF_UNDEFINED:
        return 1;
    case TIFF_SHORT:
        return 2;
    case TIFF_LONG:
    case TIFF_IFD:
        return 4;
    case TIFF_RATIONAL:
    case TIFF_LONG8:
    case TIFF_IFD8:
        return 8;
    default:
        return 0; /* none that we look at */
    }
}

static vly_status damaged(const vly_tiff_file *tiff, int64_t number, const char *what)
{
    return vly_fail(VLY_EDATA, "%s: page %lld has a damaged directory (%s)", tiff->file.path, (long long)number, what);
}

/* `count` values from `begin` on, as unsigned integers. */
static vly_status field_values(uint64_t *out, const vly_tiff_file *tiff, const vly_tiff_field *field, int64_t begin,
                               int64_t count)
{
    enum { BLOCK = 512 };
    uint8_t block[BLOCK * 8];
    int size = type_bytes(field->type);
    for (int64_t done = 0; done < count;) {
        int64_t now = count - done < BLOCK ? count - done : BLOCK, skip = (begin + done) * size;
        const uint8_t *bytes = block;
        if (field->is_inside)
            bytes = field->inside + skip;
        else
            VLY_TRY(vly_file_read(&tiff->file, block, now * size, field->at + skip));
        for (int64_t i = 0; i < now; i++) out[done + i] = number_of(bytes + i * size, size, tiff->swap);
        done += now;
    }
    return VLY_OK;
}

/* An entry of 12 bytes (20 in BigTIFF). A field that does not lie in the file is damage. */
static vly_status parse_field(vly_tiff_field *out, const vly_tiff_file *tiff, const uint8_t *entry, int64_t number)
{
    int room = tiff->big ? 8 : 4;
    uint64_t count = number_of(entry + 4, room, tiff->swap), at = number_of(entry + 4 + room, room, tiff->swap);
    *out = (vly_tiff_field){.type = (uint16_t)number_of(entry + 2, 2, tiff->swap)};
    int size = type_bytes(out->type);
    if (size == 0) return VLY_OK; /* as good as absent */
    if (count > (uint64_t)tiff->bytes) return damaged(tiff, number, "a tag longer than the file");
    out->count = (int64_t)count;
    out->is_inside = out->count * size <= room;
    if (out->is_inside)
        memcpy(out->inside, entry + 4 + room, (size_t)room);
    else if (at > (uint64_t)tiff->bytes || out->count * size > tiff->bytes - (int64_t)at)
        return damaged(tiff, number, "a tag that points beyond the end of the file");
    out->at = (int64_t)at;
    return VLY_OK;
}

static vly_status parse_entry(vly_tiff_page *page, const vly_tiff_file *tiff, const uint8_t *entry, int64_t number)
{
    struct {
        int tag;
        int64_t *value;
        vly_tiff_field *field;
    } const known[] = {{TIFFTAG_SUBFILETYPE, &page->kind, NULL},
                       {TIFFTAG_IMAGEWIDTH, &page->width, NULL},
                       {TIFFTAG_IMAGELENGTH, &page->height, NULL},
                       {TIFFTAG_BITSPERSAMPLE, &page->bits, NULL},
                       {TIFFTAG_COMPRESSION, &page->codec, NULL},
                       {TIFFTAG_PHOTOMETRIC, &page->photometric, NULL},
                       {TIFFTAG_FILLORDER, &page->fill_order, NULL},
                       {TIFFTAG_SAMPLESPERPIXEL, &page->samples, NULL},
                       {TIFFTAG_SAMPLEFORMAT, &page->format, NULL},
                       {TIFFTAG_PLANARCONFIG, &page->planar, NULL},
                       {TIFFTAG_ROWSPERSTRIP, &page->piece_height, NULL},
                       {TIFFTAG_TILEWIDTH, &page->piece_width, NULL},
                       {TIFFTAG_TILELENGTH, &page->piece_height, NULL},
                       {TIFFTAG_RESOLUTIONUNIT, &page->resolution_unit, NULL},
                       {TIFFTAG_STRIPOFFSETS, NULL, &page->offsets},
                       {TIFFTAG_TILEOFFSETS, NULL, &page->offsets},
                       {TIFFTAG_STRIPBYTECOUNTS, NULL, &page->byte_counts},
                       {TIFFTAG_TILEBYTECOUNTS, NULL, &page->byte_counts},
                       {TIFFTAG_IMAGEDESCRIPTION, NULL, &page->description},
                       {TIFFTAG_XRESOLUTION, NULL, &page->x_resolution},
                       {TIFFTAG_YRESOLUTION, NULL, &page->y_resolution}};
    int tag = (int)number_of(entry, 2, tiff->swap);
    if (tag == TIFFTAG_TILEWIDTH) page->tiled = true;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (tag != known[i].tag) continue;
        vly_tiff_field field;
        uint64_t value;
        VLY_TRY(parse_field(&field, tiff, entry, number));
        if (known[i].field) {
            *known[i].field = field;
        } else if (field.count > 0) {
            VLY_TRY(field_values(&value, tiff, &field, 0, 1));
            *known[i].value = value > INT64_MAX ? INT64_MAX : (int64_t)value;
        }
    }
    return VLY_OK;
}

/* Derives the grid of strips or tiles and sees that its tables are long enough. */
static vly_status lay_out_pieces(vly_tiff_page *page, const vly_tiff_file *tiff, int64_t number)
{
    const char *path = tiff->file.path;
    if (page->width < 1 || page->height < 1 || page->width > INT32_MAX || page->height > INT32_MAX)
        return vly_fail(VLY_EDATA, "%s: page %lld is %lld x %lld, sides from 1 to 2^31 - 1 expected", path,
                        (long long)number, (long long)page->width, (long long)page->height);
    if (!page->tiled) {
        page->piece_width = page->width;
        if (page->piece_height == 0 || page->piece_height > page->height) page->piece_height = page->height;
    }
    if (page->piece_width < 1 || page->piece_height < 1 || page->piece_width > INT32_MAX ||
        page->piece_height > INT32_MAX || page->piece_width * page->piece_height > INT64_C(1) << 36)
        return damaged(tiff, number, "tiles of impossible size");
    page->pieces = ((page->width + page->piece_width - 1) / page->piece_width) *
                   ((page->height + page->piece_height - 1) / page->piece_height);
    if (page->offsets.count < page->pieces) return damaged(tiff, number, "too few strip offsets");
    if (page->byte_counts.count != 0 && page->byte_counts.count < page->pieces)
        return damaged(tiff, number, "too few strip byte counts");
    return VLY_OK;
}

vly_status vly_tiff_page_read(vly_tiff_page *out, const vly_tiff_file *tiff, int64_t directory, int64_t number)
{
    uint8_t buffer[8 + ENTRIES_MAX * 20 + 8];
    int head = tiff->big ? 8 : 2, entry = tiff->big ? 20 : 12, tail = tiff->big ? 8 : 4;
    *out = (vly_tiff_page){.directory = directory,
                           .bits = 1,
                           .format = 1,
                           .codec = COMPRESSION_NONE,
                           .samples = 1,
                           .planar = PLANARCONFIG_CONTIG,
                           .photometric = PHOTOMETRIC_MINISBLACK,
                           .fill_order = FILLORDER_MSB2LSB,
                           .resolution_unit = RESUNIT_INCH};
    int64_t got = 0;
    if (directory < 8 || directory > tiff->bytes - head)
        return vly_fail(VLY_EDATA, "%s: ends at byte %lld, before the directory of page %lld: truncated?",
                        tiff->file.path, (long long)tiff->bytes, (long long)number);
    VLY_TRY(vly_file_read_some(&tiff->file, buffer, HEAD_BYTES, directory, &got));
    if (got < head) return damaged(tiff, number, "it ends at once");
    uint64_t entries = number_of(buffer, head, tiff->swap);
    if (entries == 0 || entries > ENTRIES_MAX) return damaged(tiff, number, "an absurd number of tags");
    int64_t need = head + (int64_t)entries * entry + tail;
    if (got < need) VLY_TRY(vly_file_read_some(&tiff->file, buffer, need, directory, &got));
    if (got < need) return damaged(tiff, number, "the file ends in it: truncated?");
    for (int64_t i = 0; i < (int64_t)entries; i++) VLY_TRY(parse_entry(out, tiff, buffer + head + i * entry, number));
    uint64_t next = number_of(buffer + need - tail, tail, tiff->swap);
    out->next = next > INT64_MAX ? INT64_MAX : (int64_t)next;
    return lay_out_pieces(out, tiff, number);
}

/* ---- what we read ---- */

static const struct {
    int64_t codec;
    const char *name;
    int64_t expansion; /* the most bytes that one encoded byte can become */
} codecs[] = {{COMPRESSION_NONE, "none", 1},
              {COMPRESSION_LZW, "LZW", 2800},
              {COMPRESSION_ADOBE_DEFLATE, "deflate", 1040},
              {COMPRESSION_DEFLATE, "deflate (old code)", 1040},
              {COMPRESSION_PACKBITS, "PackBits", 64},
              {COMPRESSION_ZSTD, "zstd", 65536},
              {COMPRESSION_LZMA, "LZMA", 65536},
              {COMPRESSION_JPEG, "JPEG", 0},
              {COMPRESSION_OJPEG, "old-style JPEG", 0},
              {COMPRESSION_CCITTRLE, "CCITT RLE", 0},
              {COMPRESSION_CCITTFAX3, "CCITT group 3", 0},
              {COMPRESSION_CCITTFAX4, "CCITT group 4", 0},
              {COMPRESSION_WEBP, "WebP", 0},
              {COMPRESSION_JP2000, "JPEG 2000", 0}};

static int codec_index(int64_t codec)
{
    for (int i = 0; i < (int)(sizeof codecs / sizeof *codecs); i++)
        if (codecs[i].codec == codec) return i;
    return -1;
}

const char *vly_tiff_codec_name(int64_t codec)
{
    int i = codec_index(codec);
    return i < 0 ? "unknown" : codecs[i].name;
}

/* An expansion of 0 marks what we leave alone: it does not keep every grey value, or knows black and white only. */
static bool decodes(int i)
{
    return codecs[i].expansion > 0 && TIFFIsCODECConfigured((uint16_t)codecs[i].codec);
}

const char *vly_tiff_codec_at(int32_t index, bool *readable)
{
    if (index < 0 || index >= (int32_t)(sizeof codecs / sizeof *codecs)) return NULL;
    *readable = decodes(index);
    return codecs[index].name;
}

static vly_status check_kind(const vly_tiff_file *tiff, const vly_tiff_page *page, int64_t number)
{
    const char *path = tiff->file.path;
    long long n = (long long)number;
    bool fields = page->format == SAMPLEFORMAT_IEEEFP && page->planar == PLANARCONFIG_CONTIG && page->samples >= 1 &&
                  page->samples <= VLY_CHANNELS_MAX; /* several numbers a voxel, for whoever asks for them */
    if (page->samples != 1 && !fields)
        return vly_fail(VLY_EDATA, "%s: page %lld has %lld channels, one grey channel expected", path, n,
                        (long long)page->samples);
    if (page->photometric == PHOTOMETRIC_PALETTE)
        return vly_fail(VLY_EDATA, "%s: page %lld has a colour palette, grey values expected", path, n);
    if (page->photometric != PHOTOMETRIC_MINISBLACK && page->photometric != PHOTOMETRIC_MINISWHITE)
        return vly_fail(VLY_EDATA, "%s: page %lld has photometric interpretation %lld, grey values expected", path, n,
                        (long long)page->photometric);
    int i = codec_index(page->codec);
    if (i < 0 || !decodes(i))
        return vly_fail(VLY_EDATA,
                        "%s: page %lld has compression %lld (%s), none, LZW, deflate, PackBits or zstd expected", path,
                        n, (long long)page->codec, vly_tiff_codec_name(page->codec));
    return VLY_OK;
}

vly_status vly_tiff_page_type(vly_type *out, const vly_tiff_file *tiff, const vly_tiff_page *page, int64_t number)
{
    static const struct {
        int bits, format;
        vly_type type;
    } types[] = {{1, SAMPLEFORMAT_UINT, VLY_U1},   {8, SAMPLEFORMAT_UINT, VLY_U8},    {8, SAMPLEFORMAT_INT, VLY_I8},
                 {16, SAMPLEFORMAT_UINT, VLY_U16}, {16, SAMPLEFORMAT_INT, VLY_I16},   {32, SAMPLEFORMAT_UINT, VLY_U32},
                 {32, SAMPLEFORMAT_INT, VLY_I32},  {32, SAMPLEFORMAT_IEEEFP, VLY_F32}};
    static const char *const formats[] = {"", "unsigned", "signed", "float"};
    VLY_TRY(check_kind(tiff, page, number));
    int64_t format = page->format == SAMPLEFORMAT_VOID ? SAMPLEFORMAT_UINT : page->format;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (page->bits != types[i].bits || format != types[i].format) continue;
        *out = types[i].type;
        if (page->photometric == PHOTOMETRIC_MINISWHITE && format != SAMPLEFORMAT_UINT)
            return vly_fail(VLY_EDATA, "%s: page %lld has %s values with white as zero, black as zero expected",
                            tiff->file.path, (long long)number, formats[format]);
        return VLY_OK;
    }
    return vly_fail(VLY_EDATA,
                    "%s: page %lld has %lld-bit %s values, 1, 8, 16, 32-bit integers or 32-bit float expected",
                    tiff->file.path, (long long)number, (long long)page->bits,
                    format >= 1 && format <= 3 ? formats[format] : "complex");
}

/* ---- strips and tiles ---- */

int64_t vly_tiff_piece_bytes(const vly_tiff_page *page)
{
    return (page->piece_width * page->samples * page->bits + 7) / 8 * page->piece_height;
}

typedef struct piece_check {
    const vly_tiff_file *tiff;
    const vly_tiff_page *page;
    int64_t number;
    int64_t row_bytes, expected_at, encoded;
    bool plain, one_run; /* uncompressed; and every piece so far followed the one before */
} piece_check;

static vly_status check_piece(piece_check *c, int64_t index, uint64_t at, uint64_t bytes)
{
    const vly_tiff_page *p = c->page;
    const char *path = c->tiff->file.path, *kind = p->tiled ? "tile" : "strip";
    int64_t rows = p->piece_height, size = c->tiff->bytes;
    if (!p->tiled && (index + 1) * rows > p->height) rows = p->height - index * rows;
    int64_t decoded = rows * c->row_bytes;
    if (p->byte_counts.count == 0 || (c->plain && bytes == 0 && p->pieces == 1)) bytes = (uint64_t)decoded;
    if (at == 0 || at > (uint64_t)size || bytes > (uint64_t)size - at)
        return vly_fail(VLY_EDATA, "%s: ends at byte %lld, within or before %s %lld of page %lld: truncated?", path,
                        (long long)size, kind, (long long)index, (long long)c->number);
    int64_t most = codecs[codec_index(p->codec)].expansion;
    /* the first bytes of a stream can hold more than their share */
    int64_t slack = c->plain ? 0 : 65536;
    if ((int64_t)bytes < (decoded - slack) / most || (c->plain && (int64_t)bytes < decoded) || bytes == 0)
        return vly_fail(VLY_EDATA, "%s: %s %lld of page %lld has %llu bytes, too few for %lld bytes of voxels", path,
                        kind, (long long)index, (long long)c->number, (unsigned long long)bytes, (long long)decoded);
    if (index > 0 && (int64_t)at != c->expected_at) c->one_run = false;
    c->expected_at = (int64_t)at + decoded;
    if (c->encoded < (int64_t)bytes) c->encoded = (int64_t)bytes;
    return VLY_OK;
}

vly_status vly_tiff_page_check(const vly_tiff_file *tiff, const vly_tiff_page *page, int64_t number, int64_t *data,
                               int64_t *encoded)
{
    enum { BLOCK = 256 };
    uint64_t at[BLOCK], bytes[BLOCK] = {0}, first = 0;
    piece_check check = {.tiff = tiff, .page = page, .number = number, .plain = page->codec == COMPRESSION_NONE};
    check.row_bytes = (page->piece_width * page->samples * page->bits + 7) / 8;
    check.one_run = check.plain && !page->tiled && page->bits >= 8 && page->fill_order == FILLORDER_MSB2LSB;
    if (!check.plain && page->byte_counts.count == 0) return damaged(tiff, number, "no strip byte counts");
    for (int64_t done = 0; done < page->pieces; done += BLOCK) {
        int64_t now = page->pieces - done < BLOCK ? page->pieces - done : BLOCK;
        VLY_TRY(field_values(at, tiff, &page->offsets, done, now));
        if (page->byte_counts.count != 0) VLY_TRY(field_values(bytes, tiff, &page->byte_counts, done, now));
        if (done == 0) first = at[0];
        for (int64_t i = 0; i < now; i++) VLY_TRY(check_piece(&check, done + i, at[i], bytes[i]));
    }
    *data = check.one_run ? (int64_t)first : -1;
    *encoded = check.encoded;
    return VLY_OK;
}

/* ---- metadata tags ---- */

vly_status vly_tiff_text(char **out, const vly_tiff_file *tiff, const vly_tiff_field *field)
{
    if (field->count == 0 || type_bytes(field->type) != 1) return vly_strdup(out, "");
    if (field->count > DESCRIPTION_MAX)
        return vly_fail(VLY_EDATA, "%s: a description of %lld bytes", tiff->file.path, (long long)field->count);
    VLY_TRY(vly_alloc((void **)out, field->count + 1, 1, "image description"));
    vly_status status = VLY_OK;
    if (field->is_inside)
        memcpy(*out, field->inside, (size_t)field->count);
    else
        status = vly_file_read(&tiff->file, *out, field->count, field->at);
    if (status != VLY_OK) {
        vly_free(*out);
        *out = NULL;
    }
    return status;
}

vly_status vly_tiff_rational(double *out, const vly_tiff_file *tiff, const vly_tiff_field *field)
{
    uint8_t bytes[8];
    *out = 0.0;
    if (field->count == 0 || field->type != TIFF_RATIONAL) return VLY_OK;
    if (field->is_inside)
        memcpy(bytes, field->inside, 8);
    else
        VLY_TRY(vly_file_read(&tiff->file, bytes, 8, field->at));
    uint64_t above = number_of(bytes, 4, tiff->swap), below = number_of(bytes + 4, 4, tiff->swap);
    if (below != 0) *out = (double)above / (double)below;
    return VLY_OK;
}
