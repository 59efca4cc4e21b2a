/* Voxel sizes and page counts: what every writer's tags mean, which of them are believed, and what is asked for then. */
#include "support.h"
#include "tiff_make.h"

#include <math.h>

static uint8_t voxels[37 * 29 * 4];

/* Opens a file with these tags; its info stays valid until the next call. */
static const vly_volume_info *info_of(const tiff_spec *spec)
{
    static vly_source *source;
    const char *path = test_path("meta.tif");
    vly_source_close(source);
    source = NULL;
    tiff_make(path, spec, voxels);
    vly_status status = vly_source_open(&source, path, NULL);
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
    return vly_source_info(source);
}

/* libtiff keeps resolutions as floats of 24 bits. */
static void size_is(const vly_volume_info *info, vly_verdict verdict, double x, double y, double z)
{
    const vly_voxel_size *size = &info->voxel_size;
    ck_assert_msg(size->verdict == verdict, "verdict %d, expected %d (%s)", size->verdict, verdict, size->origin);
    ck_assert_msg(fabs(size->x * 1e6 - x) <= 1e-7 * x && fabs(size->y * 1e6 - y) <= 1e-7 * y &&
                      fabs(size->z * 1e6 - z) <= 1e-7 * z,
                  "%g %g %g um, expected %g %g %g (%s)", size->x * 1e6, size->y * 1e6, size->z * 1e6, x, y, z,
                  size->origin);
}

static void is_asked_for(const vly_volume_info *info, vly_verdict verdict, const char *tag)
{
    ck_assert_msg(info->voxel_size.verdict == verdict, "verdict %d: %s", info->voxel_size.verdict,
                  info->voxel_size.origin);
    test_fails(vly_voxel_size_require(info), VLY_EDATA, tag);
    ck_assert_ptr_nonnull(strstr(vly_error_message(), "--voxel-size"));
}

START_TEST(without_tags_a_size_is_missing)
{
    is_asked_for(info_of(&(tiff_spec){.nz = 2}), VLY_SIZE_MISSING, "no tag");
}
END_TEST

START_TEST(screen_resolutions_are_no_voxel_sizes)
{
    is_asked_for(info_of(&(tiff_spec){.x_resolution = 72, .unit = RESUNIT_INCH}), VLY_SIZE_IMPLAUSIBLE, "72 dpi");
    is_asked_for(info_of(&(tiff_spec){.x_resolution = 39370, .unit = RESUNIT_INCH}), VLY_SIZE_IMPLAUSIBLE, "per inch");
    is_asked_for(info_of(&(tiff_spec){.x_resolution = 28.35, .unit = RESUNIT_CENTIMETER}), VLY_SIZE_IMPLAUSIBLE,
                 "28.35, per centimetre");
    is_asked_for(info_of(&(tiff_spec){.x_resolution = 1}), VLY_SIZE_IMPLAUSIBLE, "XResolution 1, no unit");
    is_asked_for(info_of(&(tiff_spec){.x_resolution = 1.5}), VLY_SIZE_IMPLAUSIBLE, "no unit");
    is_asked_for(info_of(&(tiff_spec){.x_resolution = 2, .unit = RESUNIT_CENTIMETER}), VLY_SIZE_IMPLAUSIBLE,
                 "XResolution 2");
}
END_TEST

START_TEST(resolution_per_centimetre_is_believed)
{
    size_is(info_of(&(tiff_spec){.x_resolution = 20000, .y_resolution = 10000, .unit = RESUNIT_CENTIMETER}),
            VLY_SIZE_FROM_FILE, 0.5, 1.0, 0.5);
    ck_assert_int_eq(vly_voxel_size_require(info_of(&(tiff_spec){.x_resolution = 20000, .unit = RESUNIT_CENTIMETER})),
                     VLY_OK);
}
END_TEST

#define IMAGEJ "ImageJ=1.53t\nimages=3\nslices=3\n"

START_TEST(imagej_says_pixels_per_unit_and_spacing)
{
    static const char *const units[] = {"um", "micron", "microns", "\\u00B5m", "\xC2\xB5m", "\xB5m", "micrometer"};
    char text[200];
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        snprintf(text, sizeof text, IMAGEJ "unit=%s\nspacing=0.25\nloop=false\n", units[i]);
        size_is(info_of(&(tiff_spec){.description = text, .x_resolution = 2, .y_resolution = 4}), VLY_SIZE_FROM_FILE,
                0.5, 0.25, 0.25);
    }
    const tiff_spec nanometres = {.description = IMAGEJ "unit=nm\nspacing=-642\n", .x_resolution = 1.0 / 642};
    size_is(info_of(&nanometres), VLY_SIZE_FROM_FILE, 0.642, 0.642, 0.642);
    ck_assert_str_eq(info_of(&nanometres)->format, "ImageJ TIFF");
    size_is(info_of(&(tiff_spec){.description = IMAGEJ "unit=mm\nspacing=0.002\n", .x_resolution = 500}),
            VLY_SIZE_FROM_FILE, 2, 2, 2);
}
END_TEST

START_TEST(imagej_without_spacing_means_one_unit)
{
    size_is(info_of(&(tiff_spec){.description = IMAGEJ "unit=um\n", .x_resolution = 1}), VLY_SIZE_FROM_FILE, 1, 1, 1);
    is_asked_for(info_of(&(tiff_spec){.description = IMAGEJ "unit=um\n", .x_resolution = 2}), VLY_SIZE_IMPLAUSIBLE,
                 "no spacing");
    size_is(info_of(&(tiff_spec){.nz = 1, .description = "ImageJ=1.53t\nunit=um\n", .x_resolution = 2}),
            VLY_SIZE_FROM_FILE, 0.5, 0.5, 0.5);
}
END_TEST

START_TEST(imagej_in_inches_or_pixels_is_refused)
{
    is_asked_for(info_of(&(tiff_spec){.description = IMAGEJ "unit=inch\nspacing=1\n", .x_resolution = 100}),
                 VLY_SIZE_IMPLAUSIBLE, "unit=inch");
    is_asked_for(info_of(&(tiff_spec){.description = IMAGEJ "unit=pixel\nspacing=1\n", .x_resolution = 1}),
                 VLY_SIZE_IMPLAUSIBLE, "unit=pixel");
    is_asked_for(info_of(&(tiff_spec){.description = IMAGEJ}), VLY_SIZE_MISSING, "no tag");
}
END_TEST

START_TEST(a_quoted_tag_cannot_steer_a_terminal)
{
    is_asked_for(info_of(&(tiff_spec){.description = IMAGEJ "unit=\033[2Jpx\t\n", .x_resolution = 3}),
                 VLY_SIZE_IMPLAUSIBLE, "unit=?[2Jpx?, XResolution 3");
}
END_TEST

START_TEST(hyperstacks_of_one_channel_only)
{
    vly_source *source;
    const char *path = test_path("hyper.tif");
    tiff_make(path, &(tiff_spec){.nz = 4, .description = "ImageJ=1.53t\nimages=4\nchannels=2\nslices=2\n"}, voxels);
    test_fails(vly_source_open(&source, path, NULL), VLY_EDATA, "2 slices, 2 channels, 1 frames");
    /* a stack whose pages were called frames is a stack */
    info_of(&(tiff_spec){.nz = 3, .description = "ImageJ=1.53t\nimages=3\nframes=3\n"});
}
END_TEST

START_TEST(directories_outweigh_a_stale_description)
{
    ck_assert_int_eq(info_of(&(tiff_spec){.nz = 2, .description = IMAGEJ})->extent.nz, 2);
    vly_source *source;
    const char *path = test_path("stale.tif");
    tiff_make(path, &(tiff_spec){.nz = 1, .codec = COMPRESSION_LZW, .description = IMAGEJ}, voxels);
    test_fails(vly_source_open(&source, path, NULL), VLY_EDATA, "speaks of 3 pages, there are 1");
}
END_TEST

#define OME(attributes)                                                               \
    "<?xml version=\"1.0\"?><OME xmlns=\"x\"><Image ID='Image:0'><Pixels " attributes \
    "><Channel/></Pixels></Image></OME>"

START_TEST(ome_says_sizes_with_units)
{
    const tiff_spec three = {.description = OME("SizeX=\"37\" SizeZ=\"3\" PhysicalSizeX=\"0.5\" PhysicalSizeY='250' "
                                                "PhysicalSizeYUnit='nm' PhysicalSizeZ=\"0.001\" "
                                                "PhysicalSizeZUnit=\"mm\" PhysicalSizeXUnit=\"\xC2\xB5m\"")};
    size_is(info_of(&three), VLY_SIZE_FROM_FILE, 0.5, 0.25, 1.0);
    ck_assert_str_eq(info_of(&three)->format, "OME-TIFF");
    size_is(info_of(&(tiff_spec){.description = OME("SizeZ=\"3\" PhysicalSizeX = \"2\" PhysicalSizeY = \"2\" "
                                                    "PhysicalSizeZ = \"3\"")}),
            VLY_SIZE_FROM_FILE, 2, 2, 3);
    is_asked_for(info_of(&(tiff_spec){.description = OME("SizeZ=\"3\" PhysicalSizeX=\"2\" PhysicalSizeY=\"2\"")}),
                 VLY_SIZE_IMPLAUSIBLE, "PhysicalSizeZ 0");
    is_asked_for(info_of(&(tiff_spec){.description = OME("SizeZ=\"3\" PhysicalSizeX=\"2\" PhysicalSizeXUnit=\"pixel\" "
                                                         "PhysicalSizeY=\"2\" PhysicalSizeZ=\"2\"")}),
                 VLY_SIZE_IMPLAUSIBLE, "unit pixel");
}
END_TEST

START_TEST(ome_must_agree_with_its_pages)
{
    vly_source *source;
    const char *path = test_path("ome.tif");
    tiff_make(path, &(tiff_spec){.nz = 3, .description = OME("SizeZ=\"5\"")}, voxels);
    test_fails(vly_source_open(&source, path, NULL), VLY_EDATA, "speaks of 5 pages, there are 3");
    tiff_make(path, &(tiff_spec){.nz = 4, .description = OME("SizeZ=\"2\" SizeC=\"2\"")}, voxels);
    test_fails(vly_source_open(&source, path, NULL), VLY_EDATA, "2 channels");
}
END_TEST

START_TEST(two_sizes_must_agree_within_a_percent)
{
    const char *same = OME("SizeZ=\"3\" PhysicalSizeX=\"0.5\" PhysicalSizeY=\"0.5\" PhysicalSizeZ=\"0.5\"");
    size_is(info_of(&(tiff_spec){.description = same, .x_resolution = 19900, .unit = RESUNIT_CENTIMETER}),
            VLY_SIZE_FROM_FILE, 0.5, 0.5, 0.5);
    is_asked_for(info_of(&(tiff_spec){.description = same, .x_resolution = 19700, .unit = RESUNIT_CENTIMETER}),
                 VLY_SIZE_CONFLICT, "OME PhysicalSizeX 0.5");
    /* 72 dpi beside a real size is noise */
    size_is(info_of(&(tiff_spec){.description = same, .x_resolution = 72, .unit = RESUNIT_INCH}), VLY_SIZE_FROM_FILE,
            0.5, 0.5, 0.5);
    /* pixels per um and pixels per cm cannot both be 20000 */
    is_asked_for(info_of(&(tiff_spec){.description = IMAGEJ "unit=um\nspacing=0.001\n",
                                      .x_resolution = 1000,
                                      .unit = RESUNIT_CENTIMETER}),
                 VLY_SIZE_CONFLICT, "ImageJ unit=um");
}
END_TEST

START_TEST(a_given_size_overrides_the_file)
{
    const char *path = test_path("given.tif");
    vly_source_options options = VLY_SOURCE_OPTIONS_INIT;
    vly_source *source;
    tiff_make(path, &(tiff_spec){.x_resolution = 72, .unit = RESUNIT_INCH}, voxels);
    ck_assert_int_eq(vly_voxel_size_parse(&options.voxel_size, "0.642,0.642,1.0um"), VLY_OK);
    ck_assert_int_eq(vly_source_open(&source, path, &options), VLY_OK);
    size_is(vly_source_info(source), VLY_SIZE_GIVEN, 0.642, 0.642, 1.0);
    ck_assert_int_eq(vly_voxel_size_require(vly_source_info(source)), VLY_OK);
    vly_source_close(source);
}
END_TEST

START_TEST(sizes_are_parsed_with_their_unit)
{
    static const struct {
        const char *text;
        double x, y, z;
    } right[] = {{"0.642um", 0.642, 0.642, 0.642},     {"642nm", 0.642, 0.642, 0.642},
                 {"0.642 um", 0.642, 0.642, 0.642},    {"6.42e-7m", 0.642, 0.642, 0.642},
                 {"0.5,0.25,1mm", 500, 250, 1000},     {"0.642\xC2\xB5m", 0.642, 0.642, 0.642},
                 {"0.5, 0.25, 1.0 um", 0.5, 0.25, 1.0}};
    static const char *const wrong[] = {"",          "0.642",   "um",     "0um",    "-1um",        "nanum", "1,2um",
                                        "1,2,3,4um", "0.5inch", "0.5 px", "1,,1um", "1um,1um,1um", "infum"};
    vly_volume_info info = {.path = ""};
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        ck_assert_msg(vly_voxel_size_parse(&info.voxel_size, right[i].text) == VLY_OK, "%s", vly_error_message());
        size_is(&info, VLY_SIZE_GIVEN, right[i].x, right[i].y, right[i].z);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        test_fails(vly_voxel_size_parse(&info.voxel_size, wrong[i]), VLY_EUSAGE, wrong[i]);
}
END_TEST

START_TEST(broken_metadata_is_harmless)
{
    static const char *const texts[] = {"<OME><Pixels",
                                        "<OME><Pixels SizeZ",
                                        "<OME><Pixels SizeZ=",
                                        "<OME><Pixels SizeZ=\"3",
                                        "<OME><Pixels SizeZ='3\" PhysicalSizeX='",
                                        "<OME><Pixels ===\"\"''<>",
                                        "ImageJ=",
                                        "ImageJ=\nimages=\nunit=\nspacing=\n",
                                        "ImageJ=\nimages=-7\nslices=nan\n",
                                        "{\"shape\"",
                                        "{\"shape\": [",
                                        "{\"shape\": [-1, 0, 9e99",
                                        "{\"shape\": [99999999999, 99999999999, 99999999999]}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        ck_assert_int_eq(info_of(&(tiff_spec){.description = texts[i], .x_resolution = 3})->extent.nz, 3);
}
END_TEST

/* ---- real files ---- */

typedef struct real_file {
    const char *path;
    vly_extent extent;
    vly_verdict verdict;
    const char *origin, *codec;
    struct {
        int value;
        int64_t count;
    } counts[3];
} real_file;

static const real_file files[] = {
    {"NREL_MATBOX_Microstructure_analysis_toolbox/nmc-1-cal_generatedCBD_bridge.tif",
     {301, 301, 251},
     VLY_SIZE_IMPLAUSIBLE,
     "72 dpi",
     "PackBits",
     {{0, 9108821}, {1, 11357945}, {2, 2274085}}},
    {"NREL_MATBOX_Microstructure_analysis_toolbox/Bi_layer.tif",
     {240, 240, 240},
     VLY_SIZE_IMPLAUSIBLE,
     "72 dpi",
     "PackBits",
     {{0, 5641483}, {1, 2283086}, {2, 5899431}}},
    {"tldr-group_taufactor/electrode.tiff",
     {256, 256, 256},
     VLY_SIZE_IMPLAUSIBLE,
     "no unit",
     "deflate (old code)",
     {{0, 7548361}, {85, 6718710}, {170, 2510145}}},
    {"nasa_puma/100_fiberform.tif",
     {100, 100, 100},
     VLY_SIZE_IMPLAUSIBLE,
     "unit=inch",
     "none",
     {{0, 49245}, {1, 11708}, {2, 7788}}},
    {"qim-center_qim3d/cement_128x128x128.tif",
     {128, 128, 128},
     VLY_SIZE_MISSING,
     "",
     "none",
     {{16, 1}, {17, 2}, {18, 5}}},
    {"MPJ-Imaging_battery_xct_workflows/cell_vol",
     {728, 728, 9},
     VLY_SIZE_IMPLAUSIBLE,
     "no unit",
     "none",
     {{0, 1519327}, {1, 133814}, {2, 109375}}},
};

START_TEST(real_volumes_open_with_what_is_known_of_them)
{
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const real_file *f = &files[i];
        const char *path = test_data(f->path);
        vly_source *source;
        if (!path) return;
        ck_assert_msg(vly_source_open(&source, path, NULL) == VLY_OK, "%s", vly_error_message());
        const vly_volume_info *info = vly_source_info(source);
        ck_assert_int_eq(memcmp(&info->extent, &f->extent, sizeof f->extent), 0);
        ck_assert_int_eq(info->type, VLY_U8);
        ck_assert_str_eq(info->codec, f->codec);
        ck_assert_msg(info->voxel_size.verdict == f->verdict && strstr(info->voxel_size.origin, f->origin), "%s: %s",
                      path, info->voxel_size.origin);
        int64_t voxel_count = vly_extent_voxels(info->extent), bins[256] = {0};
        uint8_t *v = malloc((size_t)voxel_count);
        ck_assert_msg(vly_source_read(source, 0, info->extent.nz, v) == VLY_OK, "%s", vly_error_message());
        for (int64_t j = 0; j < voxel_count; j++) bins[v[j]]++;
        for (int c = 0; c < 3; c++) ck_assert_int_eq(bins[f->counts[c].value], f->counts[c].count);
        free(v);
        vly_source_close(source);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("metadata");
    TEST_CASE(suite, without_tags_a_size_is_missing);
    TEST_CASE(suite, screen_resolutions_are_no_voxel_sizes);
    TEST_CASE(suite, resolution_per_centimetre_is_believed);
    TEST_CASE(suite, imagej_says_pixels_per_unit_and_spacing);
    TEST_CASE(suite, imagej_without_spacing_means_one_unit);
    TEST_CASE(suite, imagej_in_inches_or_pixels_is_refused);
    TEST_CASE(suite, a_quoted_tag_cannot_steer_a_terminal);
    TEST_CASE(suite, hyperstacks_of_one_channel_only);
    TEST_CASE(suite, directories_outweigh_a_stale_description);
    TEST_CASE(suite, ome_says_sizes_with_units);
    TEST_CASE(suite, ome_must_agree_with_its_pages);
    TEST_CASE(suite, two_sizes_must_agree_within_a_percent);
    TEST_CASE(suite, a_given_size_overrides_the_file);
    TEST_CASE(suite, sizes_are_parsed_with_their_unit);
    TEST_CASE(suite, broken_metadata_is_harmless);
    TEST_CASE(suite, real_volumes_open_with_what_is_known_of_them);
    return test_run(suite);
}
