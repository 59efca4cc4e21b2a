/* The forward model of the tomogram against sums written out from its definition. */
#include "support.h"

#include "image/synth_camera.h"
#include "image/synth_taps.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NX = 9, NY = 7, NZ = 5, K = 3 };

typedef struct film {
    vly_extent extent;
    uint16_t *grey;
    int32_t pages;
} film;

static vly_status keep(void *self, int32_t z, const uint16_t *grey)
{
    film *f = self;
    int64_t page = (int64_t)f->extent.nx * f->extent.ny;
    ck_assert_int_eq(z, f->pages++);
    memcpy(f->grey + z * page, grey, (size_t)page * 2);
    return VLY_OK;
}

/* phase: (factor nz, factor ny, factor nx). The grey volume is the caller's. */
static uint16_t *photograph(const uint8_t *phase, vly_extent e, int32_t factor, int32_t k,
                            const vly_synth_optics *optics, int32_t threads, int64_t *clamped)
{
    vly_device *device = test_device(threads, 0);
    film f = {e, malloc((size_t)vly_extent_voxels(e) * 2), 0};
    const vly_camera_film taker = {keep, &f};
    vly_camera *camera;
    ck_assert_int_eq(vly_camera_open(&camera, device, e, factor, k, optics, 21, &taker), VLY_OK);
    for (int32_t z = 0; z < e.nz; z++)
        ck_assert_int_eq(vly_camera_expose(camera, phase + (int64_t)z * factor * factor * factor * e.nx * e.ny),
                         VLY_OK);
    ck_assert_int_eq(f.pages, e.nz);
    if (clamped) *clamped = vly_camera_clamped(camera);
    vly_camera_close(camera);
    vly_device_close(device);
    return f.grey;
}

static int mirror(int i, int n)
{
    while (i < 0 || i >= n) i = i < 0 ? -1 - i : 2 * n - 1 - i;
    return i;
}

/* One voxel, blurred: a threefold sum over all fine points within four standard deviations. */
static double naive_blur(const uint8_t *phase, const double level[3], double psf, int x, int y, int z)
{
    double sum = 0.0, weights = 0.0, sd = psf * K;
    int reach = (int)floor(4.0 * sd);
    for (int c = -reach; c <= reach; c++)
        for (int b = -reach; b <= reach; b++)
            for (int a = -reach; a <= reach; a++) {
                double w = exp(-(a * a + b * b + c * c) / (2.0 * sd * sd));
                int fx = mirror(K * x + 1 + a, K * NX), fy = mirror(K * y + 1 + b, K * NY),
                    fz = mirror(K * z + 1 + c, K * NZ);
                sum += w * level[phase[(fz * K * NY + fy) * K * NX + fx]];
                weights += w;
            }
    return sum / weights;
}

static void random_phases(uint8_t *phase, int64_t count)
{
    uint64_t state = 4;
    for (int64_t i = 0; i < count; i++) phase[i] = (uint8_t)(test_random(&state) % 3);
}

START_TEST(blur_and_fringes_are_what_the_formula_says)
{
    static uint8_t phase[K * K * K * NX * NY * NZ];
    static double mu[NZ][NY][NX], delta[NZ][NY][NX];
    const double refract[3] = {0.0, 1.0, 0.187}, absorb[3] = {0.0, 1.0, 0.009};
    random_phases(phase, sizeof phase);
    for (int model = 0; model < 3; model++) {
        vly_synth_optics o = {.model = (vly_synth_grey)model,
                              .psf = 0.6,
                              .fringe = model == 2   ? 0.7
                                        : model == 0 ? 0.1
                                                     : 0.0};
        uint16_t *grey = photograph(phase, (vly_extent){NX, NY, NZ}, K, K, &o, 2, NULL);
        for (int i = 0; i < NX * NY * NZ; i++) {
            int x = i % NX, y = i / NX % NY, z = i / NX / NY;
            mu[z][y][x] = naive_blur(phase, model == 0 ? refract : absorb, 0.6, x, y, z);
            delta[z][y][x] = naive_blur(phase, refract, 0.6, x, y, z);
        }
        for (int z = 0; z < NZ; z++)
            for (int y = 0; y < NY; y++)
                for (int x = 0; x < NX; x++) {
                    double lap = -6.0 * delta[z][y][x];
                    for (int s = -1; s <= 1; s += 2)
                        lap += delta[z][y][mirror(x + s, NX)] + delta[z][mirror(y + s, NY)][x] +
                               delta[mirror(z + s, NZ)][y][x];
                    double value = 8192.0 + 32768.0 * (mu[z][y][x] - o.fringe * lap);
                    /* half a level of rounding, and single precision: 60 roundings of 6e-8, 32768 levels */
                    ck_assert_double_le(fabs(grey[(z * NY + y) * NX + x] - value), 0.5 + 0.2);
                }
        free(grey);
    }
}
END_TEST

START_TEST(without_blur_and_noise_pure_voxels_have_their_level)
{
    static uint8_t phase[8 * 12 * 8 * 8];
    static const uint16_t level[3][3] = {{8192, 40960, 14320}, {8192, 40960, 8487}, {8192, 40960, 8487}};
    for (int i = 0; i < 8 * 12 * 8 * 8; i++) phase[i] = (uint8_t)(i % 24 / 8);
    for (int model = 0; model < 3; model++)
        for (int psf = 0; psf < 2; psf++) {
            vly_synth_optics o = {.model = (vly_synth_grey)model, .psf = psf ? 0.05 : 0.0};
            uint16_t *grey = photograph(phase, (vly_extent){12, 8, 4}, 2, 2, &o, 1, NULL);
            for (int i = 0; i < 12 * 8 * 4; i++) ck_assert_int_eq(grey[i], level[model][i % 12 / 4]);
            free(grey);
        }
}
END_TEST

START_TEST(coarse_labels_blur_like_the_fine_points_they_stand_for)
{
    enum { COARSE = NX * NY * NZ };
    static uint8_t coarse[COARSE], fine[K * K * K * COARSE];
    random_phases(coarse, COARSE);
    coarse[17] = VLY_OUTSIDE; /* grey like a pore */
    for (int z = 0; z < K * NZ; z++)
        for (int y = 0; y < K * NY; y++)
            for (int x = 0; x < K * NX; x++) {
                uint8_t value = coarse[(z / K * NY + y / K) * NX + x / K];
                fine[(z * K * NY + y) * K * NX + x] = value == VLY_OUTSIDE ? VLY_PORE : value;
            }
    for (int i = 0; i < 3; i++) {
        vly_synth_optics o = {.psf = 0.6 * i, .noise = 0.05, .noise_correlation = 0.5};
        uint16_t *a = photograph(coarse, (vly_extent){NX, NY, NZ}, 1, K, &o, 2, NULL);
        uint16_t *b = photograph(fine, (vly_extent){NX, NY, NZ}, K, K, &o, 2, NULL);
        for (int v = 0; v < COARSE; v++) ck_assert_int_le(abs(a[v] - b[v]), 1); /* summed in another order */
        free(a);
        free(b);
    }
}
END_TEST

START_TEST(one_page_and_one_voxel_are_volumes_too)
{
    static const vly_extent extents[] = {{1, 1, 1}, {6, 5, 1}, {1, 1, 7}, {2, 1, 2}};
    uint8_t phase[35];
    memset(phase, VLY_AM, sizeof phase);
    for (int i = 0; i < 4; i++) {
        vly_synth_optics o = {.psf = 2.0, .fringe = 0.5};
        uint16_t *grey = photograph(phase, extents[i], 1, 3, &o, 2, NULL);
        for (int64_t v = 0; v < vly_extent_voxels(extents[i]); v++) ck_assert_int_eq(grey[v], 40960);
        free(grey);
    }
}
END_TEST

enum { SIDE = 48 };

/* Standard deviation, and the correlation of neighbours along x, y and z, of a volume in units of the AM level. */
static void noise_of(const uint16_t *grey, double *sd, double lag[3])
{
    static const int step[3] = {1, SIDE, SIDE * SIDE};
    double sum = 0.0, squares = 0.0;
    int64_t count = SIDE * SIDE * SIDE;
    for (int64_t i = 0; i < count; i++) sum += grey[i], squares += (double)grey[i] * grey[i];
    double mean = sum / (double)count, variance = squares / (double)count - mean * mean;
    *sd = sqrt(variance) / 32768.0;
    for (int a = 0; a < 3; a++) {
        double product = 0.0, pairs = 0.0;
        for (int64_t i = 0; i < count; i++)
            if (i / step[a] % SIDE < SIDE - 1) product += (grey[i] - mean) * (grey[i + step[a]] - mean), pairs += 1.0;
        lag[a] = product / pairs / variance;
    }
}

START_TEST(noise_has_its_deviation_and_its_correlation)
{
    static uint8_t phase[SIDE * SIDE * SIDE];
    memset(phase, VLY_AM, sizeof phase);
    for (int i = 0; i < 2; i++) {
        vly_synth_optics o = {.psf = 0.6, .noise = i ? 0.06 : 0.15, .noise_correlation = i ? 0.5 : 0.0};
        int64_t clamped;
        uint16_t *grey = photograph(phase, (vly_extent){SIDE, SIDE, SIDE}, 1, 1, &o, 2, &clamped);
        double sd, lag[3], w[5] = {exp(-8.0), exp(-2.0), 1.0, exp(-2.0), exp(-8.0)};
        double expected = i ? (2 * w[0] * w[1] + 2 * w[1]) / (1.0 + 2 * w[0] * w[0] + 2 * w[1] * w[1]) : 0.0;
        noise_of(grey, &sd, lag);
        /* 110592 voxels, correlated over at most 2: five standard errors are 1.5 % of the deviation, 0.02 of a lag */
        ck_assert_double_le(fabs(sd / o.noise - 1.0), 0.015);
        for (int a = 0; a < 3; a++) ck_assert_double_le(fabs(lag[a] - expected), 0.02);
        ck_assert_int_eq(clamped, 0);
        free(grey);
    }
}
END_TEST

START_TEST(rings_go_around_their_centre_for_twenty_pages)
{
    static uint8_t phase[SIDE * SIDE * SIDE];
    vly_synth_optics o = {.rings = 0.01, .ring_centre = {-3.0, 20.0}};
    uint16_t *grey = photograph(phase, (vly_extent){SIDE, SIDE, SIDE}, 1, 1, &o, 2, NULL);
    int seen[128], distinct = 0;
    for (int z = 0; z < SIDE; z++) {
        if (z % 20 == 0) memset(seen, 0, sizeof seen);
        for (int i = 0; i < SIDE * SIDE; i++) {
            int radius = (int)sqrt(pow(i % SIDE + 3.0, 2) + pow(i / SIDE - 20.0, 2)), value = grey[z * SIDE * SIDE + i];
            ck_assert(seen[radius] == 0 || seen[radius] == value);
            distinct += seen[radius] == 0;
            seen[radius] = value;
            ck_assert_int_le(abs(value - 8192), (int)(6 * 0.01 * 32768));
        }
    }
    ck_assert_int_gt(distinct, 100);
    free(grey);
}
END_TEST

START_TEST(grey_beyond_sixteen_bits_is_clamped_and_counted)
{
    static uint8_t phase[SIDE * SIDE * SIDE];
    vly_synth_optics o = {.noise = 1.0};
    int64_t clamped, ends = 0;
    uint16_t *grey = photograph(phase, (vly_extent){SIDE, SIDE, SIDE}, 1, 1, &o, 2, &clamped);
    for (int i = 0; i < SIDE * SIDE * SIDE; i++) ends += grey[i] == 0 || grey[i] == 65535;
    /* below 0: a quarter of a standard deviation under the mean, 40.1 %; above: 1.75, 4.0 % */
    ck_assert_double_le(fabs((double)clamped / (SIDE * SIDE * SIDE) - 0.4414), 0.0075);
    ck_assert_int_ge(ends, clamped);
    ck_assert_int_le(ends - clamped, 20); /* values that end there by themselves: 1e-5 of all */
    free(grey);
}
END_TEST

START_TEST(optics_out_of_range_are_named)
{
    vly_device *device = test_device(1, 0);
    const vly_camera_film none = {keep, NULL};
    const vly_extent e = {4, 4, 4};
    vly_camera *camera;
    vly_synth_optics o = {.noise = -1.0};
    test_fails(vly_camera_open(&camera, device, e, 1, 1, &o, 1, &none), VLY_EUSAGE, "noise -1");
    o = (vly_synth_optics){.psf = NAN};
    test_fails(vly_camera_open(&camera, device, e, 1, 1, &o, 1, &none), VLY_EUSAGE, "psf");
    o = (vly_synth_optics){.noise_correlation = 100.0};
    test_fails(vly_camera_open(&camera, device, e, 1, 1, &o, 1, &none), VLY_EUSAGE, "correlation 100");
    o = (vly_synth_optics){.model = (vly_synth_grey)7};
    test_fails(vly_camera_open(&camera, device, e, 1, 1, &o, 1, &none), VLY_EUSAGE, "grey model 7");
    ck_assert_ptr_null(camera);
    vly_device_close(device);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("synth_camera");
    TEST_CASE(suite, blur_and_fringes_are_what_the_formula_says);
    TEST_CASE(suite, without_blur_and_noise_pure_voxels_have_their_level);
    TEST_CASE(suite, coarse_labels_blur_like_the_fine_points_they_stand_for);
    TEST_CASE(suite, one_page_and_one_voxel_are_volumes_too);
    TEST_CASE(suite, noise_has_its_deviation_and_its_correlation);
    TEST_CASE(suite, rings_go_around_their_centre_for_twenty_pages);
    TEST_CASE(suite, grey_beyond_sixteen_bits_is_clamped_and_counted);
    TEST_CASE(suite, optics_out_of_range_are_named);
    return test_run(suite);
}
