/* The volumes in space: faces against a volume of which every voxel has a value of its own, as they are cut and as they lie on
 * the page, and the figure where volumes are missing. */
#include "support.h"

#include "core/file.h"
#include "report/report_planes.h"
#include "voxelyte/report.h"

#include "markup.h"
#include "png_read.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

enum { NX = 7, NY = 5, NZ = 4, VOXELS = NX * NY * NZ };

static const int32_t extent[3] = {NX, NY, NZ};
static const double um[3] = {0.5, 0.25, 1};

/* 37 is odd, so no two of 256 voxels share a value. */
static int value_at(const int32_t at[3])
{
    return 37 * (at[0] + NX * (at[1] + NY * at[2])) % 256;
}

static void write_as(const char *path, vly_type type, const void *voxels, vly_extent e)
{
    vly_sink_options options = {.extent = e, .type = type, .overwrite = true};
    vly_device *device = test_device(1, 0);
    vly_sink *sink;
    options.voxel_size = (vly_voxel_size){1e-7, 1e-7, 1e-7, VLY_SIZE_GIVEN, "test"};
    ck_assert_msg(vly_sink_open(&sink, path, device, &options) == VLY_OK, "%s", vly_error_message());
    ck_assert_int_eq(vly_sink_write(sink, e.nz, voxels), VLY_OK);
    ck_assert_int_eq(vly_sink_finish(sink), VLY_OK);
    vly_sink_close(sink);
    vly_device_close(device);
}

/* The volume of values, with so many voxels of 255 around it. */
static void write_values(const char *path, int32_t margin)
{
    static uint16_t voxels[16 * 16 * 16];
    const vly_extent e = {NX + 2 * margin, NY + 2 * margin, NZ + 2 * margin};
    for (int32_t i = 0; i < e.nx * e.ny * e.nz; i++) {
        const int32_t at[3] = {i % e.nx - margin, i / e.nx % e.ny - margin, i / e.nx / e.ny - margin};
        const bool inside = at[0] >= 0 && at[0] < NX && at[1] >= 0 && at[1] < NY && at[2] >= 0 && at[2] < NZ;
        voxels[i] = (uint16_t)(inside ? value_at(at) : 255);
    }
    write_as(path, VLY_U16, voxels, e);
}

static void write_labels(const char *path)
{
    static uint8_t labels[6 * 6 * 8];
    for (int i = 0; i < 6 * 6 * 8; i++) labels[i] = (uint8_t)(i % 7 % 3);
    write_as(path, VLY_U8, labels, (vly_extent){6, 6, 8});
}

static int32_t end_of(vly_through through, int axis)
{
    return axis == through.axis && !through.separator_high ? 0 : extent[axis] - 1;
}

START_TEST(faces_are_the_planes_that_end_the_volume)
{
    const vly_through through = {_i % 3, _i >= 3};
    const vly_box window = {.x0 = 2, .y0 = 2, .z0 = 2, .x1 = 2 + NX, .y1 = 2 + NY, .z1 = 2 + NZ};
    const char *path = test_path("values.tif");
    vly_view view;
    vly_planes planes;
    int wrong = 0;
    write_values(path, 2);
    vly_view_block(&view, (vly_extent){NX, NY, NZ}, 100, through);
    ck_assert_msg(vly_planes_read(&planes, &view, path, &window, VLY_PLANES_COUNTS, NULL) == VLY_OK, "%s",
                  vly_error_message());
    ck_assert(view.width == NX && view.height == NY && view.depth == NZ);
    for (int32_t z = 0; z < NZ; z++)
        for (int32_t x = 0; x < NX; x++)
            wrong += planes.through[z * NX + x] != value_at((int32_t[]){x, end_of(through, 1), z});
    for (int32_t y = 0; y < NY; y++)
        for (int32_t x = 0; x < NX; x++)
            wrong += planes.flat[y * NX + x] != value_at((int32_t[]){x, y, end_of(through, 2)});
    for (int32_t z = 0; z < NZ; z++)
        for (int32_t y = 0; y < NY; y++)
            wrong += planes.side[z * NY + y] != value_at((int32_t[]){end_of(through, 0), y, z});
    ck_assert_int_eq(wrong, 0);
    vly_planes_free(&planes);
}
END_TEST

START_TEST(a_large_block_is_whole_along_its_thickness_and_reads_few_pages)
{
    static const vly_extent extents[] = {{1, 1, 1},       {1500, 900, 250},   {284, 2304, 2304},
                                         {7, 1000, 9999}, {5120, 5120, 3840}, {2304, 2304, 1000000}};
    for (size_t i = 0; i < 6 * (sizeof extents / sizeof *extents); i++) {
        const vly_extent e = extents[i / 6];
        const vly_through through = {(int32_t)(i % 3), i % 6 >= 3};
        const int32_t voxels[3] = {e.nx, e.ny, e.nz};
        vly_view v;
        vly_view_block(&v, e, 320, through);
        const int32_t pixels[3] = {v.width, v.height, v.depth}, plane[3] = {v.x, v.y, v.z}, first[3] = {v.x0, v.y0, 0};
        ck_assert(v.width >= 1 && v.width <= 320 && v.height >= 1 && v.height <= 320 && v.depth >= 1 && v.depth <= 256);
        for (int a = 0; a < 3; a++) { /* planes are the first or the last that is sampled */
            const int32_t last = first[a] + (pixels[a] - 1) * v.stride;
            ck_assert(first[a] >= 0 && last < voxels[a]);
            ck_assert_int_eq(plane[a], a == through.axis && !through.separator_high ? first[a] : last);
        }
        ck_assert_int_ge((int64_t)pixels[through.axis] * v.stride, voxels[through.axis]);
    }
}
END_TEST

/* ---- the figure ---- */

static void put(const char *name, const char *text)
{
    ck_assert_msg(vly_file_publish_text(test_path(name), text, true) == VLY_OK, "%s", vly_error_message());
}

static char *get(const char *name)
{
    char *text;
    ck_assert_msg(vly_file_text(&text, test_path(name), 5 << 20) == VLY_OK, "%s", vly_error_message());
    markup_check(text);
    return text;
}

static char *report(void)
{
    ck_assert_msg(vly_report_write(test_folder()) == VLY_OK, "%s", vly_error_message());
    return get("report.html");
}

/* A study with one result; `keys` go into its study file. */
static void make_study(const char *keys)
{
    char text[1024];
    ck_assert_int_eq(vly_folder_make(test_path("segment")), VLY_OK);
    put("segment/threshold.json",
        "{\"command\": \"segment\", \"inputs\": [{\"path\": \"grey.tif\", \"extent\": [7, 5, 4],\n"
        " \"voxel_size_um\": [0.5, 0.25, 1]}], \"warnings\": []}\n");
    snprintf(text, sizeof text, "version: 1\nmethods: [threshold]\n%s\n", keys);
    put("study.yaml", text);
    write_values(test_path("grey.tif"), 0);
    write_labels(test_path("fine.tif"));
}

/* A picture on a page: its pixels, and the matrix that puts them there. */
typedef struct picture {
    double m[6]; /* (column, row) is at (m0 column + m2 row + m4, m1 column + m3 row + m5) */
    int32_t columns, rows;
    unsigned char pixels[256];
} picture;

static int64_t base64(unsigned char *to, const char *from)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = 0;
    int64_t count = 0;
    for (int have = 0; *from != '"' && *from != '='; from++) {
        bits = bits << 6 | (uint32_t)(strchr(digits, *from) - digits);
        have += 6;
        if (have < 8) continue;
        have -= 8;
        to[count++] = (unsigned char)(bits >> have);
    }
    return count;
}

/* The next picture in a figure; where to go on. */
static const char *next_picture(picture *p, const char *svg, const unsigned char *palette)
{
    unsigned char png[4096];
    const char *at = strstr(svg, "matrix(");
    ck_assert_ptr_nonnull(at);
    ck_assert_int_eq(
        sscanf(at, "matrix(%lf %lf %lf %lf %lf %lf)", &p->m[0], &p->m[1], &p->m[2], &p->m[3], &p->m[4], &p->m[5]), 6);
    at = strstr(at, "base64,") + 7;
    const int64_t bytes = base64(png, at);
    png_read(p->pixels, &p->columns, &p->rows, png, bytes, palette, sizeof p->pixels);
    return at;
}

/* The voxel that a pixel of the tomogram's faces shows: of those that are seen, the grey value is stretched to a byte. */
static void voxel_of(int32_t at[3], unsigned char byte, vly_through through)
{
    int low = 255, high = 0, found = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int32_t i = 0; i < VOXELS; i++) {
            const int32_t v[3] = {i % NX, i / NX % NY, i / NX / NY};
            const int value = value_at(v);
            if (v[0] != end_of(through, 0) && v[1] != end_of(through, 1) && v[2] != end_of(through, 2)) continue;
            if (pass == 0) {
                low = value < low ? value : low;
                high = value > high ? value : high;
            } else if ((value - low) * 255 * 2 / (high - low) - 2 * byte >= -1 &&
                       (value - low) * 255 * 2 / (high - low) - 2 * byte < 1) {
                memcpy(at, v, sizeof v);
                found++;
            }
        }
    ck_assert_int_eq(found, 1);
}

/* Where a face of three lies, and which voxels it shows. */
typedef struct face {
    picture picture;
    int32_t voxels[64][3];
    int normal; /* axis */
} face;

static const char *read_face(face *f, const char *svg, vly_through through)
{
    svg = next_picture(&f->picture, svg, NULL);
    int same[3] = {1, 1, 1};
    for (int32_t i = 0; i < f->picture.columns * f->picture.rows; i++) {
        voxel_of(f->voxels[i], f->picture.pixels[i], through);
        for (int a = 0; a < 3; a++) same[a] &= f->voxels[i][a] == f->voxels[0][a];
    }
    ck_assert_int_eq(same[0] + same[1] + same[2], 1);
    f->normal = same[0] ? 0 : same[1] ? 1 : 2;
    return svg;
}

/* Corner 0 ... 3 of pixel i on the page. */
static void corner(double at[2], const picture *p, int32_t i, int which)
{
    const double column = i % p->columns + which % 2, row = i / p->columns + which / 2;
    for (int k = 0; k < 2; k++) at[k] = p->m[k] * column + p->m[2 + k] * row + p->m[4 + k];
}

/* Corners that pixel i of one face has in common with pixel j of another; 0.01 px is what the digits of a matrix leave open. */
static int shared(const picture *p, int32_t i, const picture *q, int32_t j)
{
    int count = 0;
    for (int c = 0; c < 4; c++)
        for (int d = 0; d < 4; d++) {
            double a[2], b[2];
            corner(a, p, i, c);
            corner(b, q, j, d);
            count += hypot(a[0] - b[0], a[1] - b[1]) < 0.01;
        }
    return count;
}

/* A voxel on the edge of two faces has two pixels, and these lie side by side: they share two corners. */
static void check_edges(const face faces[3])
{
    for (int k = 0; k < 3; k++) {
        const face *f = &faces[k], *g = &faces[(k + 1) % 3];
        const picture *p = &f->picture, *q = &g->picture;
        int together = 0, apart = 0;
        for (int32_t i = 0; i < p->columns * p->rows; i++)
            for (int32_t j = 0; j < q->columns * q->rows; j++)
                if (memcmp(f->voxels[i], g->voxels[j], sizeof f->voxels[i]) == 0)
                    *(shared(p, i, q, j) == 2 ? &together : &apart) += 1;
        ck_assert_int_eq(together, extent[3 - f->normal - g->normal]);
        ck_assert_int_eq(apart, 0);
    }
}

/* px on the page per um along each axis; every face must say the same. */
static void directions(double out[3][2], const face faces[3])
{
    bool seen[3] = {false};
    for (int k = 0; k < 6; k++) {
        const face *f = &faces[k / 2];
        const double *way = f->picture.m + 2 * (k % 2);
        const int32_t *here = f->voxels[0], *there = f->voxels[k % 2 ? f->picture.columns : 1];
        for (int a = 0; a < 3; a++) {
            const int step = there[a] - here[a];
            if (step == 0) continue;
            const double now[2] = {way[0] * step / um[a], way[1] * step / um[a]};
            if (seen[a]) ck_assert(hypot(now[0] - out[a][0], now[1] - out[a][1]) < 1e-3);
            memcpy(out[a], now, sizeof now);
            seen[a] = true;
        }
    }
}

static double determinant(double m[3][3])
{
    double sum = 0;
    for (int i = 0; i < 3; i++)
        sum += m[0][i] * (m[1][(i + 1) % 3] * m[2][(i + 2) % 3] - m[1][(i + 2) % 3] * m[2][(i + 1) % 3]);
    return sum;
}

START_TEST(faces_meet_in_the_same_voxels_and_axes_are_right_handed)
{
    static const char *const axes[] = {"x", "y", "z"};
    const vly_through through = {_i % 3, _i >= 3};
    face faces[3];
    double way[3][2], space[3][3];
    char keys[200];
    snprintf(keys, sizeof keys, "through: %s\nseparator: %s\ninput: {grey: grey.tif}", axes[through.axis],
             through.separator_high ? "high" : "low");
    make_study(keys);
    vly_free(report());
    char *svg = get("figures/blocks.svg");
    const char *at = svg;
    for (int k = 0; k < 3; k++) at = read_face(&faces[k], at, through);
    vly_free(svg);
    ck_assert_int_eq(1 << faces[0].normal | 1 << faces[1].normal | 1 << faces[2].normal, 7);
    check_edges(faces);
    directions(way, faces);
    for (int a = 0; a < 3; a++) {
        /* seen from above, right front and left front go down the page by 30 degrees; the scale is that of x */
        ck_assert(fabs(hypot(way[a][0], way[a][1]) / hypot(way[0][0], way[0][1]) - 1) < 1e-3);
        if (a == through.axis)
            ck_assert(fabs(way[a][0]) < 1e-3 && (way[a][1] > 0) == !through.separator_high);
        else
            ck_assert(fabs(way[a][1] / fabs(way[a][0]) - tan(M_PI / 6)) < 1e-3);
        /* in space: x to the right, y up, z to the viewer */
        space[a][0] = way[a][0];
        space[a][1] = a == through.axis ? -way[a][1] : 0;
        space[a][2] = a == through.axis ? 0 : fabs(way[a][0]);
    }
    ck_assert(determinant(space) > 0);
}
END_TEST

START_TEST(both_volumes_stand_side_by_side)
{
    static const unsigned char palette[12] = {0x17, 0x20, 0x2a, 0xd3, 0xd7, 0xdb, 0xe8, 0x87, 0x0e, 255, 255, 255};
    picture p;
    make_study("input: {grey: grey.tif}\nfib: fine.tif");
    char *page = report();
    ck_assert_int_eq(markup_count(page, "<section id=\"blocks\">"), 1);
    ck_assert_int_eq(markup_count(page, ">Tomogram</text>"), 1);
    ck_assert_int_eq(markup_count(page, ">FIB-SEM labels</text>"), 1);
    ck_assert_int_eq(markup_count(page, "data:image/png"), 6);
    ck_assert_ptr_nonnull(strstr(page, "x 3.50 µm →"));
    ck_assert_ptr_nonnull(strstr(page, "← y 1.25 µm"));
    ck_assert_ptr_nonnull(strstr(page, "← z 4.00 µm"));
    ck_assert_ptr_nonnull(strstr(page, "← z 0.800 µm")); /* of the fine labels */
    vly_free(page);
    char *svg = get("figures/blocks.svg");
    const char *at = strstr(svg, ">FIB-SEM labels<");
    for (int k = 0, wrong = 0; k < 3; k++) {
        at = next_picture(&p, at, palette);
        for (int32_t i = 0; i < p.columns * p.rows; i++) {
            const int32_t u = i % p.columns, v = i / p.columns;
            const bool top = p.rows == 6, right = p.m[0] < 0; /* its columns come to the left front */
            const int voxel = top ? u + 6 * v : right ? 5 + 6 * (u + 6 * v) : u + 6 * (5 + 6 * v);
            wrong += p.pixels[i] != voxel % 7 % 3;
        }
        ck_assert_int_eq(wrong, 0);
    }
    vly_free(svg);
}
END_TEST

START_TEST(what_has_moved_away_is_left_out_and_named)
{
    make_study("input: {grey: grey.tif}\nfib: fine.tif");
    ck_assert_int_eq(unlink(test_path("fine.tif")), 0);
    char *page = report();
    ck_assert_int_eq(markup_count(page, "data:image/png"), 3);
    ck_assert_int_eq(markup_count(page, "FIB-SEM labels"), 0);
    ck_assert_ptr_nonnull(strstr(strstr(page, "id=\"warnings\""), "Not shown in space: "));
    vly_free(page);
    write_labels(test_path("fine.tif"));
    ck_assert_int_eq(unlink(test_path("grey.tif")), 0);
    page = report();
    ck_assert_int_eq(markup_count(page, "data:image/png"), 3);
    ck_assert_int_eq(markup_count(page, ">FIB-SEM labels</text>"), 1);
    vly_free(page);
    ck_assert_int_eq(unlink(test_path("fine.tif")), 0);
    page = report();
    ck_assert_ptr_null(strstr(page, "id=\"blocks\""));
    ck_assert_int_eq(markup_count(page, "Not shown in space: "), 2);
    vly_free(page);
}
END_TEST

START_TEST(labels_from_elsewhere_have_no_block)
{
    make_study("input: {trinarised: fine.tif}");
    ck_assert_int_eq(rename(test_path("segment/threshold.json"), test_path("segment/given.json")), 0);
    char *page = report();
    ck_assert_ptr_null(strstr(page, "id=\"blocks\""));
    vly_free(page);
}
END_TEST

START_TEST(fine_labels_of_two_samples_are_shown_once)
{
    make_study(
        "samples:\n  - {name: one, grey: grey.tif, fib: fine.tif}\n  - {name: two, grey: grey.tif, fib: fine.tif}");
    for (int i = 0; i < 2; i++) {
        char name[64];
        ck_assert_int_eq(vly_folder_make(test_path(i ? "two" : "one")), VLY_OK);
        ck_assert_int_eq(vly_folder_make(test_path(i ? "two/segment" : "one/segment")), VLY_OK);
        snprintf(name, sizeof name, "%s/segment/threshold.json", i ? "two" : "one");
        put(name, "{\"inputs\": [{}]}");
    }
    char *page = report();
    ck_assert_int_eq(markup_count(page, ">Tomogram</text>"), 2);
    ck_assert_int_eq(markup_count(page, ">FIB-SEM labels</text>"), 1);
    ck_assert_int_eq(markup_count(page, "fine labels are those above"), 1);
    ck_assert_int_eq(markup_count(page, "lengths are in voxels"), 2); /* the runs do not know it */
    vly_free(page);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report_blocks");
    TCase *tcase = tcase_create("six ways to lie");
    tcase_add_loop_test(tcase, faces_are_the_planes_that_end_the_volume, 0, 6);
    tcase_add_loop_test(tcase, faces_meet_in_the_same_voxels_and_axes_are_right_handed, 0, 6);
    suite_add_tcase(suite, tcase);
    TEST_CASE(suite, a_large_block_is_whole_along_its_thickness_and_reads_few_pages);
    TEST_CASE(suite, both_volumes_stand_side_by_side);
    TEST_CASE(suite, what_has_moved_away_is_left_out_and_named);
    TEST_CASE(suite, labels_from_elsewhere_have_no_block);
    TEST_CASE(suite, fine_labels_of_two_samples_are_shown_once);
    return test_run(suite);
}
