/* Number of pages and voxel size, from what writers leave in a TIFF: OME-XML, ImageJ's lines, tifffile's shape, and the
 * resolution tags. A size is believed only if it could be a microscope's and nobody contradicts it. */
#include "io/tiff_impl.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tiff.h>

/* ---- text ---- */

/* The value behind "key=" at the beginning of a line, as ImageJ writes it; NULL if there is none. */
static const char *line_value(const char *text, const char *key, int *length)
{
    size_t key_length = strlen(key);
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (strncmp(line, key, key_length) == 0 && line[key_length] == '=') {
            *length = (int)strcspn(line + key_length + 1, "\r\n");
            return line + key_length + 1;
        }
    return NULL;
}

static double line_number(const char *text, const char *key, double otherwise)
{
    int length;
    const char *value = line_value(text, key, &length);
    return value && length > 0 ? strtod(value, NULL) : otherwise;
}

/* The value of an attribute in an XML element that begins at `element`; NULL if there is none. */
static const char *attribute(const char *element, const char *name, int *length)
{
    size_t name_length = strlen(name);
    const char *at = element + strcspn(element, " \t\r\n/>");
    while (*at && *at != '>') {
        at += strspn(at, " \t\r\n/");
        size_t here = strcspn(at, "= \t\r\n>");
        const char *equals = at + here + strspn(at + here, " \t\r\n");
        if (*equals != '=') return NULL;
        const char *quote = equals + 1 + strspn(equals + 1, " \t\r\n");
        if (*quote != '"' && *quote != '\'') return NULL;
        const char *end = strchr(quote + 1, *quote);
        if (!end) return NULL;
        if (here == name_length && strncmp(at, name, here) == 0) {
            *length = (int)(end - quote - 1);
            return quote + 1;
        }
        at = end + 1;
    }
    return NULL;
}

static double attribute_number(const char *element, const char *name, double otherwise)
{
    int length;
    const char *value = attribute(element, name, &length);
    return value && length > 0 ? strtod(value, NULL) : otherwise;
}

static int64_t whole(double number)
{
    return number >= 0.0 && number < 0x1p53 ? (int64_t)number : 0;
}

/* ---- sizes ---- */

/* x and y from OME-XML's element Pixels; z is that of x for a single page. */
static bool size_from_ome(vly_voxel_size *out, const char *pixels)
{
    static const char *const names[3] = {"PhysicalSizeX", "PhysicalSizeY", "PhysicalSizeZ"};
    static const char *const unit_names[3] = {"PhysicalSizeXUnit", "PhysicalSizeYUnit", "PhysicalSizeZUnit"};
    double side[3];
    char unit[24] = "um";
    *out = (vly_voxel_size){.verdict = VLY_SIZE_MISSING};
    if (attribute_number(pixels, names[0], 0.0) <= 0.0) return false;
    for (int i = 0; i < 3; i++) {
        int length;
        const char *text = attribute(pixels, unit_names[i], &length);
        if (text) snprintf(unit, sizeof unit, "%.*s", length, text);
        double per_metre = vly_units_per_metre(unit, (int)strlen(unit));
        side[i] = per_metre > 0.0 ? attribute_number(pixels, names[i], 0.0) / per_metre : 0.0;
    }
    if (side[2] <= 0.0 && attribute_number(pixels, "SizeZ", 1.0) <= 1.0) side[2] = side[0];
    *out = (vly_voxel_size){.x = side[0], .y = side[1] > 0.0 ? side[1] : side[0], .z = side[2]};
    vly_voxel_size_judge(out);
    snprintf(out->origin, sizeof out->origin, "OME PhysicalSizeX %g, PhysicalSizeZ %g, unit %s",
             attribute_number(pixels, names[0], 0.0), attribute_number(pixels, names[2], 0.0), unit);
    return true;
}

/* ImageJ: XResolution counts pixels per `unit`, `spacing` is the distance of pages; without it that is one unit. */
static bool size_from_imagej(vly_voxel_size *out, const char *text, double x_resolution, double y_resolution,
                             int64_t pages)
{
    int length;
    const char *unit = line_value(text, "unit", &length);
    *out = (vly_voxel_size){.verdict = VLY_SIZE_MISSING};
    if (!unit || x_resolution <= 0.0) return false;
    double per_metre = vly_units_per_metre(unit, length), spacing = fabs(line_number(text, "spacing", 0.0));
    double x = 1.0 / x_resolution;
    if (spacing == 0.0 && (pages == 1 || fabs(x - 1.0) < 0.01)) spacing = pages == 1 ? x : 1.0;
    if (per_metre > 0.0) {
        out->x = x / per_metre;
        out->y = y_resolution > 0.0 ? 1.0 / y_resolution / per_metre : out->x;
        out->z = spacing / per_metre;
    }
    vly_voxel_size_judge(out);
    char pages_apart[32] = "no spacing";
    if (spacing > 0.0) snprintf(pages_apart, sizeof pages_apart, "spacing %g", spacing);
    snprintf(out->origin, sizeof out->origin, "ImageJ unit=%.*s, XResolution %g, %s", length < 20 ? length : 20, unit,
             x_resolution, pages_apart);
    return true;
}

static bool near(double a, double b)
{
    return fabs(a - b) <= 0.01 * fabs(b);
}

/* Resolution tags know nothing of z, nor of any length below the centimetre. */
static bool size_from_tags(vly_voxel_size *out, double x_resolution, double y_resolution, int64_t unit)
{
    static const char *const names[] = {"no unit", "inch", "centimetre"};
    *out = (vly_voxel_size){.verdict = VLY_SIZE_MISSING};
    if (x_resolution <= 0.0) return false;
    if (unit < RESUNIT_NONE || unit > RESUNIT_CENTIMETER) unit = RESUNIT_NONE;
    if (unit == RESUNIT_CENTIMETER) {
        out->x = out->z = 0.01 / x_resolution;
        out->y = y_resolution > 0.0 ? 0.01 / y_resolution : out->x;
    }
    vly_voxel_size_judge(out);
    double per_inch = x_resolution * 2.54; /* a screen's or printer's resolution, said in centimetres */
    if (near(per_inch, 72.0) || near(per_inch, 96.0) || near(per_inch, 300.0)) out->verdict = VLY_SIZE_IMPLAUSIBLE;
    if (unit == RESUNIT_INCH)
        snprintf(out->origin, sizeof out->origin, "XResolution %g per inch (%g dpi)", x_resolution, x_resolution);
    else
        snprintf(out->origin, sizeof out->origin, "XResolution %g, %s%s", x_resolution,
                 unit == RESUNIT_NONE ? "" : "per ", names[unit - 1]);
    return true;
}

static bool same_size(const vly_voxel_size *a, const vly_voxel_size *b)
{
    return near(a->x, b->x) && near(a->y, b->y) && near(a->z, b->z);
}

/* Two sources: the believable one counts, two believable ones must agree. */
static void settle(vly_voxel_size *out, const vly_voxel_size *first, const vly_voxel_size *second)
{
    bool one = first->verdict == VLY_SIZE_FROM_FILE, two = second->verdict == VLY_SIZE_FROM_FILE;
    *out = one || (!two && first->verdict != VLY_SIZE_MISSING) ? *first : *second;
    if (one && two && !same_size(first, second)) {
        out->verdict = VLY_SIZE_CONFLICT;
        snprintf(out->origin, sizeof out->origin, "%.56s; %.56s", first->origin, second->origin);
    }
    for (char *c = out->origin; *c; c++) /* it quotes the file, and will be printed */
        if ((unsigned char)*c < ' ' || *c == 127) *c = '?';
}

/* ---- pages ---- */

/* One channel at one time: of three counts at most one may exceed 1. */
static vly_status check_one_stack(const char *path, double z, double channels, double times)
{
    int stacks = (z > 1.0) + (channels > 1.0) + (times > 1.0);
    if (stacks <= 1) return VLY_OK;
    return vly_fail(VLY_EDATA, "%s: %g slices, %g channels, %g frames, a single stack expected", path, z, channels,
                    times);
}

/* tifffile's {"shape": [z, y, x]}: the product of all but the page's own sides. */
static int64_t pages_from_shape(const char *text, int64_t page_voxels)
{
    const char *at = strstr(text, "\"shape\"");
    int64_t product = 1;
    if (text[0] != '{' || !at || !(at = strchr(at, '['))) return 0;
    do {
        char *end;
        long long side = strtoll(at + 1, &end, 10);
        if (end == at + 1 || side < 1 || __builtin_mul_overflow(product, (int64_t)side, &product)) return 0;
        at = end + strspn(end, " ");
    } while (*at == ',');
    return product % page_voxels == 0 ? product / page_voxels : 0;
}

static vly_status read_ome(vly_tiff_meta *out, const char *pixels, const char *path, vly_voxel_size *size)
{
    double z = attribute_number(pixels, "SizeZ", 0.0), c = attribute_number(pixels, "SizeC", 1.0),
           t = attribute_number(pixels, "SizeT", 1.0);
    out->format = "OME-TIFF";
    VLY_TRY(check_one_stack(path, z, c, t));
    out->images = whole(z * c * t);
    size_from_ome(size, pixels);
    return VLY_OK;
}

static vly_status read_imagej(vly_tiff_meta *out, const char *text, const char *path)
{
    out->format = "ImageJ TIFF";
    out->images = whole(line_number(text, "images", 1.0));
    out->single = true;
    return check_one_stack(path, line_number(text, "slices", 1.0), line_number(text, "channels", 1.0),
                           line_number(text, "frames", 1.0));
}

vly_status vly_tiff_meta_read(vly_tiff_meta *out, const vly_tiff_file *tiff, const vly_tiff_index *index)
{
    const char *text = index->description, *path = tiff->file.path;
    const vly_tiff_page *first = &index->first;
    double x, y;
    vly_voxel_size described = {.verdict = VLY_SIZE_MISSING}, tagged = {.verdict = VLY_SIZE_MISSING};
    *out = (vly_tiff_meta){.format = tiff->big ? "BigTIFF" : "TIFF"};
    VLY_TRY(vly_tiff_rational(&x, tiff, &first->x_resolution));
    VLY_TRY(vly_tiff_rational(&y, tiff, &first->y_resolution));
    const char *ome = strstr(text, "<OME"), *pixels = ome ? strstr(ome, "<Pixels") : NULL;
    bool imagej = strncmp(text, "ImageJ=", 7) == 0;
    if (pixels) {
        VLY_TRY(read_ome(out, pixels, path, &described));
    } else if (imagej) {
        VLY_TRY(read_imagej(out, text, path));
        int64_t pages = out->images > index->count ? out->images : index->count;
        size_from_imagej(&described, text, x, y, pages);
    } else {
        out->images = pages_from_shape(text, first->width * first->height);
        out->single = true;
        if (out->images == 1) out->images = 0; /* every page may carry its own shape */
    }
    /* without a unit the resolution tags belong to ImageJ's line */
    if (!(imagej && described.verdict != VLY_SIZE_MISSING && first->resolution_unit == RESUNIT_NONE))
        size_from_tags(&tagged, x, y, first->resolution_unit);
    settle(&out->size, &described, &tagged);
    return VLY_OK;
}
