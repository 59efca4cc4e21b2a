/* EDX profiles, the line through them and what it asks of each page: against lines that are known, a fit by its normal
 * equations, and a naive way to share. */
#include "support.h"

#include "segment/edx_impl.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *write_map(const char *name, const void *pixels, vly_type type, int32_t nx, int32_t ny, int32_t nz)
{
    const char *path = test_path(name);
    vly_device *device = test_cpu(1);
    vly_sink *sink;
    vly_sink_options options = {.extent = {nx, ny, nz}, .type = type, .overwrite = true};
    ck_assert_int_eq(vly_sink_open(&sink, path, device, &options), VLY_OK);
    ck_assert_int_eq(vly_sink_write(sink, nz, pixels), VLY_OK);
    ck_assert_int_eq(vly_sink_finish(sink), VLY_OK);
    vly_sink_close(sink);
    vly_device_close(device);
    return path;
}

static vly_edx_profile read_good(const char *path, const vly_edx_options *options)
{
    vly_edx_profile p;
    vly_status status = vly_edx_read(&p, path, options);
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
    return p;
}

static void refuse(vly_status expected, const char *part, const char *path, const vly_edx_options *options)
{
    vly_edx_profile p;
    test_fails(vly_edx_read(&p, path, options), expected, part);
    ck_assert_ptr_null(p.depth);
}

/* ---- maps ---- */

/* By inversion. */
static int poisson(double mean, uint64_t *state)
{
    int n = 0;
    double u = test_uniform(state), chance = exp(-mean), sum = chance;
    while (sum <= u && n < 1000) sum += chance *= mean / ++n;
    return n;
}

enum { COLUMNS = 400, ROWS = 600 };

/* Poisson counts of mean 20 (1 + gradient depth), row 0 at depth 0. */
static uint16_t *counts_of(double gradient, uint64_t seed)
{
    uint16_t *map = malloc(sizeof *map * COLUMNS * ROWS);
    for (int r = 0; r < ROWS; r++)
        for (int x = 0; x < COLUMNS; x++)
            map[r * COLUMNS + x] = (uint16_t)poisson(20.0 * (1.0 + gradient * (r + 0.5) / ROWS), &seed);
    return map;
}

/* Both parameters miss by more than three standard errors in about 1 of 200 maps; the seed is one that does not. */
static void check_line(const vly_edx_profile *p, double intercept, double slope)
{
    ck_assert_double_le(fabs(p->intercept - intercept), 3.0 * p->intercept_error);
    ck_assert_double_le(fabs(p->slope - slope), 3.0 * p->slope_error);
}

START_TEST(a_noisy_map_gives_its_line_within_three_standard_errors)
{
    vly_edx_options options = VLY_EDX_OPTIONS_INIT;
    uint16_t *map = counts_of(0.5, 1);
    const char *path = write_map("map.tif", map, VLY_U16, COLUMNS, ROWS, 1);
    for (int k = 0; k < 3; k++) {
        options.bins = k == 0 ? 50 : k == 1 ? 0 : 7;
        for (int w = 0; w < 2; w++) {
            options.weighted = w == 1;
            vly_edx_profile p = read_good(path, &options);
            ck_assert_int_eq(p.count, options.bins ? options.bins : ROWS);
            ck_assert(p.rows == ROWS && p.columns == COLUMNS);
            check_line(&p, 20.0, 10.0);
            /* 240 000 counts of variance 25 on average; in depth their variance is 1/12 */
            double expected = sqrt(25.0 / (COLUMNS * ROWS) * 12.0);
            ck_assert_double_le(fabs(log(p.slope_error / expected)), options.bins == 7 ? 0.8 : 0.3);
            vly_edx_profile_free(&p);
        }
    }
    free(map);
}
END_TEST

START_TEST(an_upside_down_map_has_the_opposite_slope)
{
    vly_edx_options options = VLY_EDX_OPTIONS_INIT;
    uint16_t *map = counts_of(0.5, 1);
    const char *path = write_map("map.tif", map, VLY_U16, COLUMNS, ROWS, 1);
    vly_edx_profile up = read_good(path, &options);
    options.flip = true;
    vly_edx_profile down = read_good(path, &options);
    ck_assert_double_eq_tol(down.slope, -up.slope, 1e-10);
    ck_assert_double_eq_tol(down.intercept, up.intercept + up.slope, 1e-10);
    ck_assert_double_eq_tol(down.slope_error, up.slope_error, 1e-12);
    vly_edx_profile_free(&up);
    vly_edx_profile_free(&down);
    free(map);
}
END_TEST

START_TEST(a_map_without_gradient_has_slope_zero_within_three_standard_errors)
{
    vly_edx_options options = VLY_EDX_OPTIONS_INIT;
    uint16_t *map = counts_of(0.0, 2);
    vly_edx_profile p = read_good(write_map("map.tif", map, VLY_U16, COLUMNS, ROWS, 1), &options);
    check_line(&p, 20.0, 0.0);
    vly_edx_profile_free(&p);
    for (int i = 0; i < COLUMNS * ROWS; i++) map[i] = 7; /* nor is one without any scatter an error */
    p = read_good(write_map("map.tif", map, VLY_U16, COLUMNS, ROWS, 1), &options);
    ck_assert(p.slope == 0.0 && p.intercept == 7.0 && p.slope_error == 0.0);
    vly_edx_profile_free(&p);
    options.weighted = true;
    refuse(VLY_EDATA, "no error is known at depth 0.01", test_path("map.tif"), &options);
    free(map);
}
END_TEST

START_TEST(a_map_is_cropped_and_its_background_subtracted)
{
    enum { NX = 3, NY = 12 };
    float map[NY][NX];
    vly_edx_options options = {.bins = 0, .layer_ratio = 1.0, .rows = {4, 10}};
    for (int r = 0; r < NY; r++)
        for (int x = 0; x < NX; x++)
            map[r][x] = r < 4 ? 1.5f + 0.5f * (float)(r % 2) : 3.0f + (float)(r - 4) + (float)(x - 1);
    const char *path = write_map("map.tif", map, VLY_F32, NX, NY, 1);
    vly_edx_profile p = read_good(path, &options);
    ck_assert_int_eq(p.count, 6);
    for (int r = 0; r < 6; r++) {
        ck_assert_double_eq_tol(p.depth[r], (r + 0.5) / 6.0, 1e-15);
        ck_assert_double_eq_tol(p.intensity[r], 3.0 + r, 1e-12);
        ck_assert_double_eq_tol(p.error[r], sqrt(1.0 / 3.0), 1e-12); /* -1, 0, 1: variance 1 */
    }
    ck_assert_double_eq_tol(p.slope, 6.0, 1e-12);
    ck_assert_double_eq_tol(p.intercept, 2.5, 1e-12);
    vly_edx_profile_free(&p);

    options.background_rows[1] = 4; /* 1.5, 2, 1.5, 2 */
    p = read_good(path, &options);
    ck_assert_double_eq_tol(p.background, 1.75, 1e-12);
    ck_assert_double_eq_tol(p.intercept, 0.75, 1e-12);
    vly_edx_profile_free(&p);

    options.background_rows[1] = 0;
    options.background = 2.0;
    options.layer_ratio = 0.5; /* from half the depth on: 1, 2, 3 then (4, 5, 6) / 2 */
    options.interface = 0.5;
    p = read_good(path, &options);
    ck_assert_double_eq_tol(p.intensity[2], 3.0, 1e-12);
    ck_assert_double_eq_tol(p.intensity[3], 2.0, 1e-12);
    ck_assert_double_eq_tol(p.error[3], 0.5 * sqrt(1.0 / 3.0), 1e-12);
    vly_edx_profile_free(&p);
}
END_TEST

START_TEST(bad_maps_are_refused)
{
    float map[5 * 4];
    vly_edx_options options = VLY_EDX_OPTIONS_INIT;
    for (int i = 0; i < 20; i++) map[i] = (float)i;
    const char *good = write_map("good.tif", map, VLY_F32, 4, 5, 1);
    const struct {
        int32_t rows[2], bare[2];
        const char *part;
    } bands[] = {{{0, 6}, {0, 0}, "electrode rows 0 to 6, rows between 0 and 5"},
                 {{3, 3}, {0, 0}, "electrode rows 3 to 3"},
                 {{-1, 3}, {0, 0}, "electrode rows -1 to 3"},
                 {{0, 0}, {4, 9}, "background rows 4 to 9"},
                 {{1, 3}, {0, 0}, "2 points at different depths, at least 3"}};
    for (size_t i = 0; i < sizeof bands / sizeof *bands; i++) {
        memcpy(options.rows, bands[i].rows, sizeof options.rows);
        memcpy(options.background_rows, bands[i].bare, sizeof options.rows);
        refuse(VLY_EDATA, bands[i].part, good, &options);
    }
    options = VLY_EDX_OPTIONS_INIT;
    options.background = 100.0;
    refuse(VLY_EDATA, "nothing is left above the background of 100 counts (E_FLAT)", good, &options);
    options = VLY_EDX_OPTIONS_INIT;
    refuse(VLY_EDATA, "5 pages, an EDX map of one", write_map("stack.tif", map, VLY_F32, 2, 2, 5), &options);
    refuse(VLY_EDATA, "1 points at different depths", write_map("row.tif", map, VLY_F32, 20, 1, 1), &options);
    map[7] = -2.0f;
    refuse(VLY_EDATA, "-2 at x=3 y=1, counts of 0 or more", write_map("bad.tif", map, VLY_F32, 4, 5, 1), &options);
    map[7] = NAN;
    refuse(VLY_EDATA, "nan at x=3 y=1", write_map("bad.tif", map, VLY_F32, 4, 5, 1), &options);
    ck_assert_ptr_nonnull(strstr(vly_error_message(), "(E_NAN)"));
    memset(map, 0, sizeof map);
    refuse(VLY_EDATA, "(E_FLAT)", write_map("bad.tif", map, VLY_F32, 4, 5, 1), &options);
    refuse(VLY_ENOINPUT, "nowhere.tif", "nowhere.tif", &options);
}
END_TEST

/* ---- profiles ---- */

START_TEST(a_profile_is_read_as_spreadsheets_leave_it)
{
    vly_edx_options options = {.bins = 0, .layer_ratio = 1.0};
    const char *texts[] = {"depth,intensity\n0.1,3\n0.5,5\n0.9,7\n",
                           ("\xef\xbb\xbf"
                            "depth,intensity\r\n0.1,3\r\n0.5,5\r\n0.9,7\r\n"),
                           "\n\"depth\", \"intensity\"\n\n 0.1 , 3.0\n\n0.5,5e0\n0.9,7",
                           "depth,intensity,error\n0.1,3,1\n0.5,5,2\n0.9,7,1\n\n\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        vly_edx_profile p = read_good(test_write_text(test_path("profile.csv"), texts[i]), &options);
        ck_assert(p.count == 3 && p.columns == 0);
        ck_assert_double_eq_tol(p.slope, 5.0, 1e-12);
        ck_assert_double_eq_tol(p.intercept, 2.5, 1e-12);
        ck_assert(i == 3 ? p.error[1] == 2.0 : isnan(p.error[1]));
        vly_edx_profile_free(&p);
    }
    options.flip = true;
    vly_edx_profile p = read_good(test_write_text(test_path("PROFILE.CSV"), texts[0]), &options);
    ck_assert_double_eq_tol(p.slope, -5.0, 1e-12);
    vly_edx_profile_free(&p);
}
END_TEST

START_TEST(bad_profiles_are_refused_with_their_line)
{
    vly_edx_options options = VLY_EDX_OPTIONS_INIT;
    const char *bad[][2] = {
        {"", "is empty"},
        {"\n\r\n", "is empty"},
        {"depth;intensity\n0.1;3\n", "line 1: \"depth;intensity\", the header depth,intensity expected"},
        {"0.1,3\n0.2,4\n0.5,6\n", "line 1: \"0.1,3\", the header"},
        {"depth,intensity,counts\n", "line 1"},
        {"intensity,depth\n", "line 1"},
        {"depth,intensity\n0.1;3\n", "line 2: \";3\", a comma"},
        {"depth,intensity\n0,1,3\n", "line 2: \",3\", the end of the line"},
        {"depth,intensity\n\n0.1,\n", "line 3: \"\", an intensity"},
        {"depth,intensity\n0.1,nan\n", "line 2: \"nan\", an intensity"},
        {"depth,intensity\n0.1,inf\n", "line 2"},
        {"depth,intensity\nx,1\n", "line 2: \"x,1\", a depth"},
        {"depth,intensity\n1.5,1\n", "line 2: \"1.5,1\", a depth from 0 (separator) to 1 (collector)"},
        {"depth,intensity\n-0.1,1\n", "a depth from 0"},
        {"depth,intensity\n0.5,-1\n", "an intensity of 0 or more"},
        {"depth,intensity,error\n0.5,1\n", "a comma, then the error"},
        {"depth,intensity,error\n0.5,1,0\n", "an error above 0"},
        {"depth,intensity\n0.1,1\n0.2,1\n", "2 points"},
        {"depth,intensity\n0.1,1\n0.1,2\n0.1,3\n", "at least 3"},
        {"depth,intensity\n0.1,0\n0.2,0\n0.9,0\n", "(E_FLAT)"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refuse(VLY_EDATA, bad[i][1], test_write_text(test_path("profile.csv"), bad[i][0]), &options);
    const char *good = test_write_text(test_path("profile.csv"), "depth,intensity\n0.1,3\n0.5,5\n0.9,7\n");
    options.weighted = true;
    refuse(VLY_EDATA, "no error is known", good, &options);
    options = VLY_EDX_OPTIONS_INIT;
    options.rows[1] = 2;
    refuse(VLY_EUSAGE, "a profile has no rows", good, &options);
    options = VLY_EDX_OPTIONS_INIT;
    options.layer_ratio = 0.0;
    refuse(VLY_EUSAGE, "a ratio above 0", good, &options);
    options = VLY_EDX_OPTIONS_INIT;
    options.background = NAN;
    refuse(VLY_EUSAGE, "background", good, &options);
}
END_TEST

/* Every fact of a weighted fit again, from the normal equations solved by Cramer's rule. */
START_TEST(weights_and_errors_follow_the_normal_equations)
{
    enum { N = 9 };
    vly_edx_options options = {.bins = 0, .weighted = true, .layer_ratio = 1.0};
    char text[1000] = "depth,intensity,error\n";
    double s = 0, x1 = 0, x2 = 0, y1 = 0, xy = 0, rss = 0, x[N], y[N], w[N];
    uint64_t state = 5;
    for (int i = 0; i < N; i++) {
        double e = 0.5 + test_uniform(&state);
        x[i] = test_uniform(&state), y[i] = 4.0 + 3.0 * x[i] + test_normal(&state);
        w[i] = 1.0 / (e * e);
        sprintf(text + strlen(text), "%.17g,%.17g,%.17g\n", x[i], y[i], e);
        s += w[i], x1 += w[i] * x[i], x2 += w[i] * x[i] * x[i], y1 += w[i] * y[i], xy += w[i] * x[i] * y[i];
    }
    double determinant = s * x2 - x1 * x1, slope = (s * xy - x1 * y1) / determinant;
    double intercept = (x2 * y1 - x1 * xy) / determinant;
    for (int i = 0; i < N; i++) rss += w[i] * pow(y[i] - intercept - slope * x[i], 2);
    double variance = rss / (N - 2);
    vly_edx_profile p = read_good(test_write_text(test_path("profile.csv"), text), &options);
    ck_assert_double_eq_tol(p.slope, slope, 1e-10);
    ck_assert_double_eq_tol(p.intercept, intercept, 1e-10);
    ck_assert_double_eq_tol(p.slope_error, sqrt(variance * s / determinant), 1e-10);
    ck_assert_double_eq_tol(p.intercept_error, sqrt(variance * x2 / determinant), 1e-10);
    ck_assert_double_eq_tol(p.covariance, -variance * x1 / determinant, 1e-10);
    ck_assert_double_eq_tol(vly_edx_line_error(&p, 0.3), sqrt(variance * (x2 - 0.6 * x1 + 0.09 * s) / determinant),
                            1e-10);
    vly_edx_profile_free(&p);
}
END_TEST

/* ---- pages ---- */

enum { PAGES = 41 };

static int64_t sum_of(const vly_edx_page *pages, int32_t nz)
{
    int64_t sum = 0;
    for (int32_t z = 0; z < nz; z++) sum += pages[z].target;
    return sum;
}

static void make_pages(vly_edx_page *pages, int32_t nz, int64_t inside, int64_t open)
{
    for (int32_t z = 0; z < nz; z++) pages[z] = (vly_edx_page){.inside = inside, .open = open};
}

START_TEST(without_saturation_the_scale_is_the_ratio_of_sums)
{
    vly_edx_page pages[PAGES];
    double scale, mean = 0.0;
    make_pages(pages, PAGES, 10000, 4000);
    ck_assert_int_eq(vly_edx_weigh(pages, PAGES, 3.0, 1.5), VLY_OK);
    for (int z = 0; z < PAGES; z++) mean += pages[z].weight / PAGES;
    ck_assert_double_eq_tol(mean, 1.0, 1e-14);
    ck_assert_double_eq_tol(pages[PAGES / 2].weight, 1.0, 1e-14);
    ck_assert_int_eq(vly_edx_share(pages, &scale, PAGES, 91234), VLY_OK);
    ck_assert_double_eq_tol(scale, 91234.0 / (PAGES * 10000.0), 1e-15);
    ck_assert_int_eq(sum_of(pages, PAGES), 91234);
    for (int z = 0; z < PAGES; z++)
        ck_assert_double_lt(fabs((double)pages[z].target - scale * pages[z].weight * 10000.0), 1.0);
}
END_TEST

START_TEST(equal_remainders_go_to_the_separator)
{
    vly_edx_page pages[8];
    double scale;
    make_pages(pages, 8, 100, 50);
    ck_assert_int_eq(vly_edx_weigh(pages, 8, 2.0, 0.0), VLY_OK);
    ck_assert_int_eq(vly_edx_share(pages, &scale, 8, 83), VLY_OK);
    for (int z = 0; z < 8; z++) ck_assert_int_eq(pages[z].target, z < 3 ? 11 : 10);
}
END_TEST

START_TEST(full_pages_pass_the_rest_on)
{
    vly_edx_page pages[PAGES];
    double scale;
    uint64_t state = 9;
    for (int round = 0; round < 200; round++) {
        int64_t room = 0;
        for (int z = 0; z < PAGES; z++) {
            int64_t inside = (int64_t)(test_random(&state) % 1000);
            pages[z] = (vly_edx_page){.inside = inside, .open = (int64_t)(test_uniform(&state) * (double)(inside + 1))};
        }
        double slope = 4.0 * test_uniform(&state) - 2.0;
        ck_assert_int_eq(vly_edx_weigh(pages, PAGES, 1.0, slope), VLY_OK);
        for (int z = 0; z < PAGES; z++) room += pages[z].weight > 0.0 ? pages[z].open : 0;
        int64_t cbd = round % 5 == 0 ? room : (int64_t)(test_uniform(&state) * (double)(room + 1));
        ck_assert_int_eq(vly_edx_share(pages, &scale, PAGES, cbd), VLY_OK);
        ck_assert_int_eq(sum_of(pages, PAGES), cbd);
        for (int z = 0; z < PAGES; z++) {
            const vly_edx_page *p = &pages[z];
            double want = fmin(scale * p->weight * (double)p->inside, (double)p->open);
            bool good = p->target >= 0 && p->target <= p->open && fabs((double)p->target - want) < 1.0 + 1e-9;
            ck_assert_msg(good, "round %d page %d: %lld of %lld, %g wanted", round, z, (long long)p->target,
                          (long long)p->open, want);
        }
        if (round % 5 == 0) test_fails(vly_edx_share(pages, &scale, PAGES, room + 1), VLY_ENUMERIC, "(E_INFEASIBLE)");
    }
}
END_TEST

START_TEST(where_the_line_is_negative_no_cbd_is_asked_for)
{
    vly_edx_page pages[10];
    double scale;
    make_pages(pages, 10, 100, 60);
    ck_assert_int_eq(vly_edx_weigh(pages, 10, 1.0, -2.0), VLY_OK);
    for (int z = 0; z < 10; z++) ck_assert(z < 5 ? pages[z].weight > 0.0 : pages[z].weight == 0.0);
    ck_assert_int_eq(vly_edx_share(pages, &scale, 10, 300), VLY_OK);
    for (int z = 0; z < 10; z++) ck_assert_int_eq(pages[z].target, z < 5 ? 60 : 0);
    test_fails(vly_edx_share(pages, &scale, 10, 301), VLY_ENUMERIC, "301 voxels of CBD, at most 300 expected");
    test_fails(vly_edx_weigh(pages, 10, -1.0, 0.5), VLY_EDATA, "(E_FLAT)");
    test_fails(vly_edx_weigh(pages, 10, 0.0, 0.0), VLY_EDATA, "(E_FLAT)");
    ck_assert_int_eq(vly_edx_weigh(pages, 1, 0.0, 1e-300), VLY_OK); /* one page is the whole line */
    ck_assert_int_eq(vly_edx_share(pages, &scale, 1, 0), VLY_OK);
    ck_assert(pages[0].target == 0 && scale == 0.0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("edx");
    TEST_CASE(suite, a_noisy_map_gives_its_line_within_three_standard_errors);
    TEST_CASE(suite, an_upside_down_map_has_the_opposite_slope);
    TEST_CASE(suite, a_map_without_gradient_has_slope_zero_within_three_standard_errors);
    TEST_CASE(suite, a_map_is_cropped_and_its_background_subtracted);
    TEST_CASE(suite, bad_maps_are_refused);
    TEST_CASE(suite, a_profile_is_read_as_spreadsheets_leave_it);
    TEST_CASE(suite, bad_profiles_are_refused_with_their_line);
    TEST_CASE(suite, weights_and_errors_follow_the_normal_equations);
    TEST_CASE(suite, without_saturation_the_scale_is_the_ratio_of_sums);
    TEST_CASE(suite, equal_remainders_go_to_the_separator);
    TEST_CASE(suite, full_pages_pass_the_rest_on);
    TEST_CASE(suite, where_the_line_is_negative_no_cbd_is_asked_for);
    return test_run(suite);
}
