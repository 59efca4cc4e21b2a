/* Bad input: for every line of the list, one line on stderr, the right exit code, no output left behind, inputs untouched. */
#include "program.h"

#include <math.h>
#include <stdint.h>

/* ---- TIFF files by hand, so that they can be wrong ---- */

typedef struct page {
    int width, height, bits, format, compression; /* SampleFormat 1 unsigned, 2 signed, 3 float */
    const void *data;
    size_t bytes; /* of the one strip, as stored */
} page;

static void put(FILE *file, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) fputc((int)(value >> 8 * i & 255), file);
}

static void put_entry(FILE *file, int tag, int type, uint32_t value)
{
    put(file, (uint32_t)tag, 2);
    put(file, (uint32_t)type, 2); /* 3 short, 4 long */
    put(file, 1, 4);
    put(file, value, 4);
}

static void write_tiff(const char *path, const page *pages, int count)
{
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    uint32_t at = 8;
    fputs("II", file);
    put(file, 42, 2);
    put(file, at + (uint32_t)pages[0].bytes, 4);
    for (int i = 0; i < count; i++) {
        const page *p = &pages[i];
        fwrite(p->data, 1, p->bytes, file);
        uint32_t strip = at;
        at += (uint32_t)p->bytes + 2 + 10 * 12 + 4;
        put(file, 10, 2);
        put_entry(file, 256, 4, (uint32_t)p->width);
        put_entry(file, 257, 4, (uint32_t)p->height);
        put_entry(file, 258, 3, (uint32_t)p->bits);
        put_entry(file, 259, 3, (uint32_t)p->compression);
        put_entry(file, 262, 3, 1);
        put_entry(file, 273, 4, strip);
        put_entry(file, 277, 3, 1);
        put_entry(file, 278, 4, (uint32_t)p->height);
        put_entry(file, 279, 4, (uint32_t)p->bytes);
        put_entry(file, 339, 3, (uint32_t)p->format);
        put(file, i + 1 < count ? at + (uint32_t)pages[i + 1].bytes : 0, 4);
    }
    fclose(file);
}

static uint8_t ramp[4096];

static void fill_ramp(void)
{
    for (size_t i = 0; i < sizeof ramp; i++) ramp[i] = (uint8_t)(i * 37 % 251);
}

static page good_page(void)
{
    return (page){16, 8, 8, 1, 1, ramp, 128};
}

static void write_bytes(const char *path, const void *bytes, size_t count)
{
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert(count == 0 || fwrite(bytes, count, 1, file) == 1);
    fclose(file);
}

/* ---- what every refusal has in common ---- */

/* segment refuses `input`, leaves the folder as it was and the input's bytes too; info does not fall over it. */
static void refused(int expected, const char *part, const char *input)
{
    char before[4096], after[4096];
    bool there = access(input, R_OK) == 0;
    size_t bytes = 0;
    if (there) {
        FILE *file = fopen(input, "rb");
        bytes = fread(before, 1, sizeof before, file);
        fclose(file);
    }
    int files = program_files();
    static const char *const outputs[] = {"labels.tif", "labels.raw"};
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++) {
        PROGRAM_REFUSES(expected, part, "segment %s -o %s", input, outputs[i]);
        /* the message opens with the file, or with the sidecar that speaks for it */
        ck_assert_int_eq(strncmp(program_err + strlen("voxelyte: "), input, strcspn(input, ".")), 0);
    }
    program_run("info %s", input);
    ck_assert_msg(program_files() == files, "%s: something was left behind", input);
    if (!there) return;
    FILE *file = fopen(input, "rb");
    ck_assert_uint_eq(fread(after, 1, sizeof after, file), bytes);
    fclose(file);
    ck_assert_mem_eq(before, after, bytes);
}

static void begin(const char *name)
{
    program_folder(name);
    fill_ramp();
    page pages[2] = {good_page(), good_page()};
    write_tiff("../good.tif", pages, 2);
}

START_TEST(the_good_file_is_good)
{
    begin("good");
    PROGRAM_DOES("segment ../good.tif -o labels.tif");
    ck_assert_int_eq(program_files(), 1);
}
END_TEST

START_TEST(a_missing_input_is_refused)
{
    begin("missing");
    refused(66, "none.tif", "none.tif");
    refused(66, "none", "none/deeper.tif");
    PROGRAM_REFUSES(66, "mask.tif", "segment ../good.tif -o labels.tif --mask mask.tif");
    PROGRAM_REFUSES(66, "none.tif", "compare ../good.tif none.tif");
    PROGRAM_REFUSES(66, "none.tif", "convert none.tif volume.raw");
    ck_assert_int_eq(program_files(), 0);
}
END_TEST

START_TEST(an_unreadable_input_is_refused)
{
    begin("unreadable");
    if (geteuid() == 0) return; /* root reads everything */
    write_bytes("locked.tif", ramp, 100);
    chmod("locked.tif", 0);
    PROGRAM_REFUSES(66, "locked.tif", "segment locked.tif -o labels.tif");
}
END_TEST

START_TEST(an_empty_input_is_refused)
{
    begin("empty");
    write_bytes("empty.tif", "", 0);
    refused(65, "empty.tif", "empty.tif");
    program_write_raw("none", "", "u8", 0, (vly_extent){4, 4, 4});
    refused(65, "none.raw", "none.raw");
    mkdir("folder", 0777);
    PROGRAM_REFUSES(65, "folder", "segment folder -o labels.tif");
}
END_TEST

START_TEST(a_truncated_input_is_refused_wherever_it_ends)
{
    begin("truncated");
    page pages[3] = {good_page(), good_page(), good_page()};
    static char whole[4096];
    write_tiff("whole.tif", pages, 3);
    FILE *file = fopen("whole.tif", "rb");
    size_t bytes = fread(whole, 1, sizeof whole, file);
    fclose(file);
    for (size_t cut = 1; cut < bytes; cut += 13) {
        write_bytes("cut.tif", whole, cut);
        int code = program_run("segment cut.tif -o labels.tif");
        program_said(code, 65, "cut.tif");
        ck_assert_int_eq(program_files(), 2);
    }
    program_write_raw("short", ramp, "u16", 100, (vly_extent){8, 8, 8});
    refused(65, "short.raw", "short.raw");
}
END_TEST

START_TEST(what_is_no_tiff_is_refused)
{
    begin("no_tiff");
    write_bytes("text.tif", "This is not a TIFF file, whatever its name says.\n", 50);
    refused(65, "text.tif", "text.tif");
    write_bytes("noise.tif", ramp, sizeof ramp);
    refused(65, "noise.tif", "noise.tif");
    write_bytes("volume.xyz", ramp, sizeof ramp);
    refused(65, "volume.xyz", "volume.xyz");
    write_bytes("volume.raw", ramp, sizeof ramp); /* without a sidecar */
    PROGRAM_REFUSES(65, "volume.json", "segment volume.raw -o labels.tif");
}
END_TEST

START_TEST(pages_that_differ_are_refused)
{
    begin("pages");
    page pages[3] = {good_page(), good_page(), good_page()};
    pages[2].height = 7;
    pages[2].bytes = 112;
    write_tiff("size.tif", pages, 3);
    refused(65, "page 2 is 16 x 7", "size.tif");
    pages[2] = good_page();
    pages[1].bits = 16;
    pages[1].bytes = 256;
    write_tiff("type.tif", pages, 3);
    refused(65, "page 1", "type.tif");
    mkdir("sequence", 0777);
    pages[1] = good_page();
    write_tiff("sequence/a1.tif", pages, 1);
    pages[0].width = 8;
    pages[0].bytes = 64;
    write_tiff("sequence/a2.tif", pages, 1);
    PROGRAM_REFUSES(65, "a2.tif", "segment sequence -o labels.tif");
}
END_TEST

START_TEST(what_is_not_a_number_is_refused_with_its_count)
{
    begin("nan");
    float values[64];
    for (int i = 0; i < 64; i++) values[i] = (float)i;
    values[20] = NAN;
    values[21] = INFINITY;
    program_write_raw("nan", values, "f32", sizeof values, (vly_extent){4, 4, 4});
    refused(65, "2 ", "nan.raw");
    page pages[2] = {{16, 2, 32, 3, 1, values, 128}, {16, 2, 32, 3, 1, values + 32, 128}};
    write_tiff("nan.tif", pages, 2);
    refused(65, "2 ", "nan.tif");
}
END_TEST

START_TEST(a_constant_volume_is_refused)
{
    begin("constant");
    static uint8_t same[512];
    memset(same, 9, sizeof same);
    program_write_raw("u8", same, "u8", 512, (vly_extent){8, 8, 8});
    program_write_raw("u16", same, "u16", 512, (vly_extent){8, 8, 4});
    program_write_raw("f32", same, "f32", 512, (vly_extent){8, 4, 4});
    refused(65, "u8.raw", "u8.raw");
    refused(65, "u16.raw", "u16.raw");
    refused(65, "f32.raw", "f32.raw");
}
END_TEST

START_TEST(dimensions_beyond_reason_are_refused)
{
    begin("huge");
    program_write_raw("product", ramp, "u8", 64, (vly_extent){1 << 20, 1 << 20, 2});
    refused(65, "2^40", "product.raw");
    program_write_raw("overflow", ramp, "u16", 64, (vly_extent){INT32_MAX, INT32_MAX, INT32_MAX});
    refused(65, "2^40", "overflow.raw");
    program_write_raw("negative", ramp, "u8", 64, (vly_extent){-4, -4, 4});
    refused(65, "negative", "negative.raw");
    program_write_raw("zero", ramp, "u8", 64, (vly_extent){0, 4, 4});
    refused(65, "zero", "zero.raw");
    page pages[1] = {good_page()};
    pages[0].width = pages[0].height = 1 << 30;
    write_tiff("product.tif", pages, 1);
    refused(65, "product.tif", "product.tif");
    pages[0].width = pages[0].height = -1; /* 2^32 - 1 */
    write_tiff("overflow.tif", pages, 1);
    refused(65, "overflow.tif", "overflow.tif");
    pages[0].width = 0, pages[0].height = 8;
    write_tiff("zero.tif", pages, 1);
    refused(65, "zero.tif", "zero.tif");
}
END_TEST

START_TEST(an_unknown_compression_is_refused)
{
    begin("compression");
    page pages[1] = {good_page()};
    pages[0].compression = 65000;
    write_tiff("codec.tif", pages, 1);
    refused(65, "compression", "codec.tif");
}
END_TEST

START_TEST(fractions_that_make_no_sense_are_refused)
{
    begin("fractions");
    PROGRAM_REFUSES(2, "sum", "segment ../good.tif -o l.tif --fractions am=0.5,cbd=0.2,pore=0.2");
    PROGRAM_REFUSES(2, "negative", "segment ../good.tif -o l.tif --fractions am=1.2,cbd=-0.2,pore=0");
    PROGRAM_REFUSES(2, "--fractions", "segment ../good.tif -o l.tif --fractions am=0.5,cbd=0.5");
    PROGRAM_REFUSES(2, "--fractions", "segment ../good.tif -o l.tif --fractions am=nan,cbd=0.5,pore=0.5");
    PROGRAM_REFUSES(2, "sum", "segment ../good.tif -o l.tif --fractions am=0.5,cbd=0.25,pore=0.250000002");
    ck_assert_int_eq(program_files(), 0);
    PROGRAM_DOES("segment ../good.tif -o l.tif --fractions am=0.5,cbd=0.25,pore=0.2500000005");
}
END_TEST

START_TEST(a_window_outside_the_volume_is_refused)
{
    begin("window");
    PROGRAM_REFUSES(65, "16 x 8 x 2", "segment ../good.tif -o l.tif --window 0:17,0:8,0:2");
    PROGRAM_REFUSES(65, "16 x 8 x 2", "segment ../good.tif -o l.tif --window 0:16,0:8,2:3");
    PROGRAM_REFUSES(65, "16 x 8 x 2", "convert ../good.tif l.raw --window 0:16,0:9,0:2");
    PROGRAM_REFUSES(2, "--window", "segment ../good.tif -o l.tif --window 4:4,0:8,0:2");
    PROGRAM_REFUSES(2, "--window", "segment ../good.tif -o l.tif --window -1:4,0:8,0:2");
    ck_assert_int_eq(program_files(), 0);
}
END_TEST

START_TEST(a_mask_that_does_not_fit_is_refused)
{
    begin("mask");
    program_write_raw("small", ramp, "u8", 64, (vly_extent){4, 4, 4});
    PROGRAM_REFUSES(65, "small.raw", "segment ../good.tif -o l.tif --mask small.raw");
    static const uint8_t nothing[256];
    program_write_raw("nothing", nothing, "u8", 256, (vly_extent){16, 8, 2});
    int code = program_run("segment ../good.tif -o l.tif --mask nothing.raw");
    program_said(code, 65, "");
    ck_assert_int_eq(program_files(), 4);
}
END_TEST

START_TEST(labels_outside_the_map_are_refused)
{
    begin("labels");
    PROGRAM_REFUSES(65, "good.tif", "compare ../good.tif ../good.tif");
    PROGRAM_REFUSES(65, "good.tif", "convert ../good.tif l.tif --labels pore=0,am=1");
    PROGRAM_REFUSES(2, "--labels", "compare ../good.tif ../good.tif --labels pore=0,am=0");
    program_write_raw("a", ramp, "u8", 64, (vly_extent){4, 4, 4});
    PROGRAM_REFUSES(65, "a.raw", "compare ../good.tif a.raw --labels pore=0");
    ck_assert_int_eq(program_files(), 2);
}
END_TEST

START_TEST(an_existing_output_stays)
{
    begin("exists");
    write_bytes("l.tif", "precious", 8);
    PROGRAM_REFUSES(73, "--overwrite", "segment ../good.tif -o l.tif");
    PROGRAM_REFUSES(73, "--overwrite", "convert ../good.tif l.tif");
    write_bytes("c.json", "precious", 8);
    PROGRAM_DOES("segment ../good.tif -o m.tif");
    PROGRAM_REFUSES(73, "--overwrite", "compare m.tif m.tif -o c.json");
    char text[PROGRAM_TEXT];
    program_read(text, "l.tif");
    ck_assert_str_eq(text, "precious");
    program_read(text, "c.json");
    ck_assert_str_eq(text, "precious");
    PROGRAM_DOES("segment ../good.tif -o l.tif --overwrite");
    PROGRAM_DOES("compare l.tif m.tif -o c.json --overwrite");
    ck_assert_int_eq(program_files(), 3);
}
END_TEST

START_TEST(a_target_that_cannot_be_written_is_refused)
{
    begin("target");
    PROGRAM_REFUSES(73, "none/l.tif", "segment ../good.tif -o none/l.tif");
    PROGRAM_REFUSES(73, "none/l.raw", "segment ../good.tif -o none/l.raw");
    PROGRAM_REFUSES(73, "none/l.tif", "convert ../good.tif none/l.tif");
    mkdir("l.tif", 0777);
    PROGRAM_REFUSES(73, "l.tif", "segment ../good.tif -o l.tif");
    if (geteuid() != 0) {
        mkdir("locked", 0555);
        PROGRAM_REFUSES(73, "locked/l.tif", "segment ../good.tif -o locked/l.tif");
    }
}
END_TEST

/* A full disk, as far as a test may have one: the shell forbids files above 8 blocks, and the seam says ENOSPC. */
START_TEST(a_full_target_is_an_error_and_leaves_nothing)
{
    begin("full");
    program_write_grey("g", (vly_extent){64, 64, 8});
    static const char *const ends[] = {"l.tif", "l.tif --no-compress", "l.raw"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        int code = program_run_with("ulimit -f 4;", "segment g.raw -o %s", ends[i]);
        program_said(code, 74, "too large");
        ck_assert_msg(program_files() == 2, "%s: something was left behind", ends[i]);
        for (int n = 1; n < 4; n++) {
            char fault[64];
            snprintf(fault, sizeof fault, "VLY_TEST=1 VLY_FAULT=io.pwrite:%d+=ENOSPC", n);
            code = program_run_with(fault, "segment g.raw -o %s", ends[i]);
            if (code == 0) break; /* fewer writes than that */
            program_said(code, 74, "No space left");
            ck_assert_msg(program_files() == 2, "%s: something was left behind", ends[i]);
        }
        if (program_files() > 2) ck_assert_int_eq(system("rm -f l.tif l.raw l.json"), 0);
    }
}
END_TEST

START_TEST(a_memory_limit_that_is_too_small_says_what_would_do)
{
    begin("memory");
    program_write_grey("g", (vly_extent){64, 64, 8});
    PROGRAM_REFUSES(71, "expected", "segment g.raw -o l.tif --memory-limit 1M");
    ck_assert_int_eq(program_files(), 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_input");
    TEST_CASE(suite, the_good_file_is_good);
    TEST_CASE(suite, a_missing_input_is_refused);
    TEST_CASE(suite, an_unreadable_input_is_refused);
    TEST_CASE(suite, an_empty_input_is_refused);
    TEST_CASE(suite, a_truncated_input_is_refused_wherever_it_ends);
    TEST_CASE(suite, what_is_no_tiff_is_refused);
    TEST_CASE(suite, pages_that_differ_are_refused);
    TEST_CASE(suite, what_is_not_a_number_is_refused_with_its_count);
    TEST_CASE(suite, a_constant_volume_is_refused);
    TEST_CASE(suite, dimensions_beyond_reason_are_refused);
    TEST_CASE(suite, an_unknown_compression_is_refused);
    TEST_CASE(suite, fractions_that_make_no_sense_are_refused);
    TEST_CASE(suite, a_window_outside_the_volume_is_refused);
    TEST_CASE(suite, a_mask_that_does_not_fit_is_refused);
    TEST_CASE(suite, labels_outside_the_map_are_refused);
    TEST_CASE(suite, an_existing_output_stays);
    TEST_CASE(suite, a_target_that_cannot_be_written_is_refused);
    TEST_CASE(suite, a_full_target_is_an_error_and_leaves_nothing);
    TEST_CASE(suite, a_memory_limit_that_is_too_small_says_what_would_do);
    return test_run(suite);
}
