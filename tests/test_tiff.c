/* TIFF files as the world writes them: every type, codec, byte order and layout that libtiff can write comes back. */
#include "support.h"
#include "tiff_make.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NX = 37, NY = 29, NZ = 3, VOXELS = NX * NY * NZ };

typedef struct voxel_kind {
    int bits, format;
    vly_type type;
} voxel_kind;

static const voxel_kind kinds[] = {
    {1, SAMPLEFORMAT_UINT, VLY_U1},   {8, SAMPLEFORMAT_UINT, VLY_U8},     {8, SAMPLEFORMAT_INT, VLY_I8},
    {16, SAMPLEFORMAT_UINT, VLY_U16}, {16, SAMPLEFORMAT_INT, VLY_I16},    {32, SAMPLEFORMAT_UINT, VLY_U32},
    {32, SAMPLEFORMAT_INT, VLY_I32},  {32, SAMPLEFORMAT_IEEEFP, VLY_F32}, {8, SAMPLEFORMAT_VOID, VLY_U8}};
enum { KINDS = sizeof kinds / sizeof *kinds };

static const char *const modes[] = {"wl", "wb", "w8l", "w8b"};

/* Voxels in the file's packing: smooth enough to compress, rough enough to matter. */
static uint8_t *packed_voxels(int bits)
{
    size_t bytes = (size_t)(NX * bits + 7) / 8 * NY * NZ;
    uint8_t *voxels = malloc(bytes);
    uint64_t state = (uint64_t)bits;
    for (size_t i = 0; i < bytes; i++) voxels[i] = (uint8_t)(test_random(&state) % 7 * 40 / (1 + i / 64 % 2 * 100));
    return voxels;
}

/* What a source is to deliver for them. */
static uint8_t *expected_voxels(const uint8_t *packed, int bits)
{
    uint8_t *voxels = malloc((size_t)VOXELS * 4);
    if (bits > 1) return memcpy(voxels, packed, (size_t)VOXELS * (size_t)bits / 8);
    for (int i = 0; i < VOXELS; i++) {
        int x = i % NX, row = i / NX;
        voxels[i] = packed[row * ((NX + 7) / 8) + x / 8] >> (7 - x % 8) & 1;
    }
    return voxels;
}

static vly_source *opened(const char *path)
{
    vly_source *source;
    vly_status status = vly_source_open(&source, path, NULL);
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
    return source;
}

static void check_file(const char *path, const voxel_kind *kind, const uint8_t *expected)
{
    size_t bytes = (size_t)VOXELS * (size_t)vly_type_bytes(kind->type);
    vly_source *source = opened(path);
    const vly_volume_info *info = vly_source_info(source);
    ck_assert_int_eq(info->type, kind->type);
    ck_assert(info->extent.nx == NX && info->extent.ny == NY && info->extent.nz == NZ);
    uint8_t *got = test_guarded(bytes);
    ck_assert_msg(vly_source_read(source, 0, NZ, got) == VLY_OK, "%s", vly_error_message());
    test_equal_u8(got, expected, (int64_t)bytes, path);
    test_guarded_free(got, bytes);
    vly_source_close(source);
}

static void round_trip(const tiff_spec *spec, const voxel_kind *kind)
{
    char name[100];
    snprintf(name, sizeof name, "%s-%d-%d-%d-%d-%d.tif", spec->mode ? spec->mode : "", spec->bits, spec->format,
             spec->codec, spec->predictor, (int)spec->tile);
    const char *path = test_path(name);
    uint8_t *packed = packed_voxels(spec->bits), *expected = expected_voxels(packed, spec->bits);
    tiff_make(path, spec, packed);
    check_file(path, kind, expected);
    unlink(path);
    free(packed);
    free(expected);
}

START_TEST(every_type_codec_byte_order_and_layout_comes_back)
{
    static const int codecs[] = {COMPRESSION_NONE,          COMPRESSION_PACKBITS, COMPRESSION_LZW,
                                 COMPRESSION_ADOBE_DEFLATE, COMPRESSION_DEFLATE,  COMPRESSION_ZSTD};
    int files = 0;
    int64_t held = vly_memory_held();
    for (int k = 0; k < KINDS; k++)
        for (int c = 0; c < 6; c++)
            for (int m = 0; m < 4; m++)
                for (uint32_t tile = 0; tile <= 16; tile += 16) {
                    if (!TIFFIsCODECConfigured((uint16_t)codecs[c])) continue;
                    tiff_spec spec = {.mode = modes[m],
                                      .bits = kinds[k].bits,
                                      .format = kinds[k].format,
                                      .codec = codecs[c],
                                      .tile = tile};
                    round_trip(&spec, &kinds[k]);
                    files++;
                }
    ck_assert_int_ge(files, 9 * 5 * 4 * 2);
    ck_assert_int_eq(vly_memory_held(), held);
}
END_TEST

START_TEST(predictors_are_undone)
{
    for (int k = 1; k < 8; k++)
        for (int m = 0; m < 4; m++)
            for (uint32_t tile = 0; tile <= 32; tile += 32) {
                /* libtiff 4.5 swaps big-endian floats once too often when it writes them with this predictor */
                if (kinds[k].type == VLY_F32 && m % 2) continue;
                int predictor = kinds[k].type == VLY_F32 ? PREDICTOR_FLOATINGPOINT : PREDICTOR_HORIZONTAL;
                tiff_spec spec = {.mode = modes[m],
                                  .bits = kinds[k].bits,
                                  .format = kinds[k].format,
                                  .codec = m % 2 ? COMPRESSION_LZW : COMPRESSION_ADOBE_DEFLATE,
                                  .predictor = predictor,
                                  .tile = tile};
                round_trip(&spec, &kinds[k]);
            }
}
END_TEST

START_TEST(one_strip_and_one_row_a_strip_come_back)
{
    for (uint32_t rows = 1; rows <= 1000; rows += 999)
        for (int k = 0; k < 8; k++) {
            tiff_spec spec = {.bits = kinds[k].bits, .format = kinds[k].format, .rows = rows, .mode = "wb"};
            round_trip(&spec, &kinds[k]);
        }
}
END_TEST

START_TEST(bits_in_the_other_order_come_back)
{
    for (int k = 0; k < 8; k++) {
        tiff_spec spec = {.bits = kinds[k].bits,
                          .format = kinds[k].format,
                          .fill_order = FILLORDER_LSB2MSB,
                          .codec = k % 2 ? COMPRESSION_LZW : COMPRESSION_NONE};
        round_trip(&spec, &kinds[k]);
    }
}
END_TEST

START_TEST(white_as_zero_is_turned_round)
{
    for (int k = 0; k < 8; k++) {
        int bits = kinds[k].bits;
        tiff_spec spec = {.bits = bits, .format = kinds[k].format, .white = true, .tile = k % 2 ? 16 : 0};
        uint8_t *packed = packed_voxels(bits), *expected = expected_voxels(packed, bits);
        const char *path = test_path("white.tif");
        tiff_make(path, &spec, packed);
        if (kinds[k].format == SAMPLEFORMAT_UINT) {
            for (int i = 0; i < VOXELS * ((bits + 7) / 8); i++) expected[i] ^= bits == 1 ? 1 : 0xFF; /* max - value */
            check_file(path, &kinds[k], expected);
        } else {
            vly_source *source;
            test_fails(vly_source_open(&source, path, NULL), VLY_EDATA, "white as zero");
        }
        free(packed);
        free(expected);
    }
}
END_TEST

START_TEST(truths_written_by_tifffile_stay_true)
{
    tiff_spec spec = {.bits = 1, .white = true, .description = "{\"shape\": [3, 29, 37]}"};
    uint8_t *packed = packed_voxels(1), *expected = expected_voxels(packed, 1);
    const char *path = test_path("truths.tif");
    tiff_make(path, &spec, packed);
    check_file(path, &kinds[0], expected);
    free(packed);
    free(expected);
}
END_TEST

/* ---- what is refused ---- */

static void is_refused(const tiff_spec *spec, const char *part)
{
    uint8_t *voxels = calloc(VOXELS, 8);
    const char *path = test_path("refused.tif");
    vly_source *source;
    tiff_make(path, spec, voxels);
    test_fails(vly_source_open(&source, path, NULL), VLY_EDATA, part);
    ck_assert_ptr_null(source);
    free(voxels);
}

START_TEST(what_is_no_grey_volume_is_named)
{
    is_refused(&(tiff_spec){.photometric = PHOTOMETRIC_SEPARATED}, "photometric interpretation 5");
    is_refused(&(tiff_spec){.bits = 64, .format = SAMPLEFORMAT_IEEEFP}, "64-bit float");
    is_refused(&(tiff_spec){.bits = 16, .format = SAMPLEFORMAT_IEEEFP}, "16-bit float");
    is_refused(&(tiff_spec){.bits = 4}, "4-bit unsigned");
    is_refused(&(tiff_spec){.bits = 64, .format = SAMPLEFORMAT_COMPLEXIEEEFP}, "complex");
    is_refused(&(tiff_spec){.bits = 1, .codec = COMPRESSION_CCITTFAX4}, "CCITT group 4");
    if (TIFFIsCODECConfigured(COMPRESSION_JPEG))
        is_refused(&(tiff_spec){.codec = COMPRESSION_JPEG, .rows = 8}, "compression 7 (JPEG)");
}
END_TEST

START_TEST(colours_are_refused)
{
    const char *path = test_path("colour.tif");
    uint8_t pixels[3 * 8 * 8] = {0};
    uint16_t map[256] = {0};
    vly_source *source;
    for (int palette = 0; palette < 2; palette++) {
        TIFF *tiff = TIFFOpen(path, "w");
        TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, 8);
        TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, 8);
        TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 8);
        TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, palette ? 1 : 3);
        TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
        TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, palette ? PHOTOMETRIC_PALETTE : PHOTOMETRIC_RGB);
        if (palette) TIFFSetField(tiff, TIFFTAG_COLORMAP, map, map, map);
        ck_assert_int_gt(TIFFWriteEncodedStrip(tiff, 0, pixels, palette ? 64 : 192), 0);
        TIFFClose(tiff);
        test_fails(vly_source_open(&source, path, NULL), VLY_EDATA, palette ? "palette" : "3 channels");
    }
}
END_TEST

START_TEST(pages_must_be_alike)
{
    static const struct {
        tiff_spec second;
        const char *part;
    } cases[] = {{{.nx = 36}, "page 1 is 36 x 29, page 0 is 37 x 29"},
                 {{.ny = 30}, "page 1 is 37 x 30, page 0 is 37 x 29"},
                 {{.bits = 16}, "page 1 is u16, page 0 is u8"},
                 {{.white = true}, "white and black"}};
    uint8_t voxels[37 * 40 * 2] = {0};
    tiff_spec first = {.nz = 1};
    const char *path = test_path("mixed.tif");
    vly_source *source;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tiff_spec second = cases[i].second;
        second.nz = 1;
        tiff_make(path, &first, voxels);
        second.mode = "a";
        tiff_make(path, &second, voxels);
        test_fails(vly_source_open(&source, path, NULL), VLY_EDATA, cases[i].part);
    }
}
END_TEST

START_TEST(what_is_no_tiff_is_named)
{
    static const struct {
        const char *bytes;
        int count;
        const char *part;
    } cases[] = {{"", 0, "is empty"},
                 {"I", 1, "no TIFF file"},
                 {"II*", 3, "no TIFF file"},
                 {"\x89PNG\r\n", 6, "a PNG"},
                 {"\x89HDF\r\n\x1a\n", 8, "HDF5"},
                 {"PK\3\4....", 8, "ZIP"},
                 {"II\0*....", 8, "no TIFF"},
                 {"MM\0*\0\0\0\0", 8, "without pages"},
                 {"II*\0", 4, "ends at byte 4"}};
    const char *path = test_path("odd.tif");
    vly_source *source;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        FILE *file = fopen(path, "wb");
        ck_assert_int_eq(fwrite(cases[i].bytes, 1, (size_t)cases[i].count, file), (size_t)cases[i].count);
        fclose(file);
        test_fails(vly_source_open(&source, path, NULL), VLY_EDATA, cases[i].part);
    }
    test_fails(vly_source_open(&source, test_path("missing.tif"), NULL), VLY_ENOINPUT, "missing.tif");
    const char *pipe = test_path("pipe.tif");
    ck_assert_int_eq(mkfifo(pipe, 0666), 0);
    test_fails(vly_source_open(&source, pipe, NULL), VLY_EDATA, "regular");
}
END_TEST

START_TEST(strips_and_tiles_and_codecs_may_mix)
{
    uint8_t *voxels = packed_voxels(8);
    const char *path = test_path("layouts.tif");
    tiff_make(path, &(tiff_spec){.nz = 1}, voxels);
    tiff_make(path, &(tiff_spec){.nz = 1, .mode = "a", .tile = 16, .codec = COMPRESSION_LZW}, voxels + NX * NY);
    tiff_make(path, &(tiff_spec){.nz = 1, .mode = "a", .codec = COMPRESSION_PACKBITS}, voxels + 2 * NX * NY);
    check_file(path, &kinds[1], voxels);
    free(voxels);
}
END_TEST

/* ---- threads, many pages, thumbnails ---- */

typedef struct reader {
    vly_source *source;
    const uint16_t *expected;
    uint64_t state;
    int wrong;
} reader;

enum { MANY = 40 };

static void *read_at_random(void *self)
{
    reader *r = self;
    uint16_t page[2 * NX * NY];
    for (int i = 0; i < 300; i++) {
        int32_t z = (int32_t)(test_random(&r->state) % (MANY - 1));
        if (vly_source_read(r->source, z, 2, page) != VLY_OK) r->wrong++;
        if (memcmp(page, r->expected + z * NX * NY, sizeof page) != 0) r->wrong++;
    }
    return NULL;
}

START_TEST(four_threads_read_one_source)
{
    static uint16_t voxels[MANY * NX * NY];
    uint64_t state = 9;
    for (int i = 0; i < MANY * NX * NY; i++) voxels[i] = (uint16_t)test_random(&state);
    for (int plain = 0; plain < 2; plain++) {
        tiff_spec spec = {
            .nz = MANY, .bits = 16, .mode = "wb", .codec = plain ? COMPRESSION_NONE : COMPRESSION_ADOBE_DEFLATE};
        const char *path = test_path("threads.tif");
        tiff_make(path, &spec, (uint8_t *)voxels);
        reader readers[4];
        pthread_t threads[4];
        vly_source *source = opened(path);
        for (int i = 0; i < 4; i++) {
            readers[i] = (reader){source, voxels, (uint64_t)i * 1000, 0};
            ck_assert_int_eq(pthread_create(&threads[i], NULL, read_at_random, &readers[i]), 0);
        }
        for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
        for (int i = 0; i < 4; i++) ck_assert_int_eq(readers[i].wrong, 0);
        vly_source_close(source);
    }
}
END_TEST

START_TEST(more_pages_than_sixteen_bits_count)
{
    enum { PAGES = 70000 };
    static uint8_t voxels[PAGES];
    uint64_t state = 4;
    for (int i = 0; i < PAGES; i++) voxels[i] = (uint8_t)test_random(&state);
    vly_device *device = test_device(1, 0);
    const char *path = test_path("many.tif");
    for (int compress = 0; compress < 2; compress++) {
        vly_sink_options options = {.extent = {1, 1, PAGES}, .overwrite = true, .compress = compress};
        vly_sink *sink;
        uint8_t got[3];
        ck_assert_int_eq(vly_sink_open(&sink, path, device, &options), VLY_OK);
        ck_assert_int_eq(vly_sink_write(sink, PAGES, voxels), VLY_OK);
        ck_assert_int_eq(vly_sink_finish(sink), VLY_OK);
        vly_sink_close(sink);
        vly_source *source = opened(path);
        ck_assert_int_eq(vly_source_info(source)->extent.nz, PAGES);
        ck_assert_int_eq(vly_source_read(source, PAGES - 3, 3, got), VLY_OK);
        test_equal_u8(got, voxels + PAGES - 3, 3, "last pages");
        vly_source_close(source);
    }
    vly_device_close(device);
}
END_TEST

START_TEST(thumbnails_are_no_pages)
{
    uint8_t voxels[NX * NY * 3] = {0}, page[NX * NY];
    const char *path = test_path("thumbs.tif");
    tiff_spec spec = {.nz = 1};
    memset(voxels, 3, sizeof voxels);
    tiff_make(path, &spec, voxels);
    TIFF *tiff = TIFFOpen(path, "a");
    tiff_spec small = {.nx = 4, .ny = 4};
    small = tiff_complete(&small);
    tiff_make_tags(tiff, &small);
    TIFFSetField(tiff, TIFFTAG_SUBFILETYPE, FILETYPE_REDUCEDIMAGE);
    ck_assert_int_gt(TIFFWriteEncodedStrip(tiff, 0, voxels, 16), 0);
    TIFFClose(tiff);
    vly_source *source = opened(path);
    ck_assert_int_eq(vly_source_info(source)->extent.nz, 1);
    ck_assert_int_eq(vly_source_read(source, 0, 1, page), VLY_OK);
    ck_assert_int_eq(page[0], 3);
    vly_source_close(source);
}
END_TEST

/* ---- files that change, and large ones ---- */

START_TEST(a_file_cut_short_while_it_is_read_is_an_error)
{
    uint8_t *voxels = packed_voxels(16), *page = malloc(NX * NY * 2);
    for (int plain = 0; plain < 2; plain++) {
        tiff_spec spec = {.bits = 16, .codec = plain ? COMPRESSION_NONE : COMPRESSION_LZW};
        const char *path = test_path("cut.tif");
        tiff_make(path, &spec, voxels);
        vly_source *source = opened(path);
        ck_assert_int_eq(vly_source_read(source, 0, 1, page), VLY_OK);
        ck_assert_int_eq(truncate(path, 1000), 0);
        test_fails(vly_source_read(source, 2, 1, page), VLY_EDATA, plain ? "pages 2 to 2" : "page 2");
        vly_source_close(source);
    }
    free(voxels);
    free(page);
}
END_TEST

/* The whole stack behind one directory: only the description knows of the other pages (ImageJ above 4 GB). */
START_TEST(a_stack_above_4_gb_behind_one_directory_is_read)
{
    enum { SIDE = 1024, PAGES = 2200 }; /* u16: 4.6 GB, nearly all of it a hole */
    static const uint8_t head[] = {'M', 'M', 0, 42, 0, 0, 0, 8};
    static const uint16_t tags[][5] = {
        /* tag, type, count, value as two halves */
        {256, 4, 1, 0, SIDE}, {257, 4, 1, 0, SIDE}, {258, 3, 1, 16, 0},
        {262, 3, 1, 1, 0},    {270, 2, 60, 0, 134}, {273, 4, 1, 0, 200},
        {277, 3, 1, 1, 0},    {278, 4, 1, 0, SIDE}, {279, 4, 1, SIDE * SIDE * 2 >> 16, 0}};
    uint8_t bytes[200] = {0};
    memcpy(bytes, head, sizeof head);
    bytes[9] = 9;
    for (int i = 0; i < 9; i++) {
        const uint16_t *t = tags[i];
        const uint16_t halves[6] = {t[0], t[1], 0, t[2], t[3], t[4]};
        for (int j = 0; j < 6; j++) {
            bytes[10 + i * 12 + 2 * j] = (uint8_t)(halves[j] >> 8);
            bytes[10 + i * 12 + 2 * j + 1] = (uint8_t)halves[j];
        }
    }
    snprintf((char *)bytes + 134, 60, "ImageJ=1.53t\nimages=%d\nslices=%d\n", PAGES, PAGES);
    const char *path = test_path("large.tif");
    int descriptor = open(path, O_CREAT | O_RDWR, 0666);
    int64_t page_bytes = (int64_t)SIDE * SIDE * 2, last = 200 + (PAGES - 1) * page_bytes;
    const uint8_t voxel[2] = {0x12, 0x34};
    ck_assert_int_eq(pwrite(descriptor, bytes, 200, 0), 200);
    ck_assert_int_eq(pwrite(descriptor, voxel, 2, last + page_bytes - 2), 2);
    close(descriptor);
    vly_source *source = opened(path);
    const vly_volume_info *info = vly_source_info(source);
    ck_assert_int_eq(info->extent.nz, PAGES);
    ck_assert(info->contiguous);
    ck_assert_str_eq(info->format, "ImageJ TIFF");
    uint16_t *page = malloc((size_t)page_bytes);
    ck_assert_int_eq(vly_source_read(source, PAGES - 1, 1, page), VLY_OK);
    ck_assert_int_eq(page[SIDE * SIDE - 1], 0x1234);
    ck_assert_int_eq(page[SIDE * SIDE - 2], 0);
    vly_source_close(source);
    ck_assert_int_eq(truncate(path, last + page_bytes - 1), 0);
    test_fails(vly_source_open(&source, path, NULL), VLY_EDATA, "ends within page 2199 of 2200");
    unlink(path);
    free(page);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tiff");
    TEST_CASE(suite, every_type_codec_byte_order_and_layout_comes_back);
    TEST_CASE(suite, predictors_are_undone);
    TEST_CASE(suite, one_strip_and_one_row_a_strip_come_back);
    TEST_CASE(suite, bits_in_the_other_order_come_back);
    TEST_CASE(suite, white_as_zero_is_turned_round);
    TEST_CASE(suite, truths_written_by_tifffile_stay_true);
    TEST_CASE(suite, what_is_no_grey_volume_is_named);
    TEST_CASE(suite, colours_are_refused);
    TEST_CASE(suite, pages_must_be_alike);
    TEST_CASE(suite, what_is_no_tiff_is_named);
    TEST_CASE(suite, strips_and_tiles_and_codecs_may_mix);
    TEST_CASE(suite, four_threads_read_one_source);
    TEST_CASE(suite, more_pages_than_sixteen_bits_count);
    TEST_CASE(suite, thumbnails_are_no_pages);
    TEST_CASE(suite, a_file_cut_short_while_it_is_read_is_an_error);
    TEST_CASE(suite, a_stack_above_4_gb_behind_one_directory_is_read);
    return test_run(suite);
}
