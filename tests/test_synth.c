/* The generator: its arithmetic, its packing, its thresholds, and that a seed is a seed. */
#include "support.h"

#include "image/synth_render.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static vly_synth_options small_options(vly_synth_preset preset, int32_t side)
{
    vly_synth_options o = VLY_SYNTH_OPTIONS_INIT;
    o.preset = preset;
    o.extent = (vly_extent){side, side, side};
    o.seed = 7;
    return o;
}

START_TEST(own_functions_agree_with_the_library)
{
    uint64_t state = 1;
    for (int i = 0; i < 20000; i++) {
        double u = test_uniform(&state), x = 1400.0 * (u - 0.5);
        /* a few units in the last place; exp loses |x| times the rounding of the reduced argument, far below 1e-15 |x| */
        ck_assert_double_le(fabs(vly_synth_log(u + 0x1p-53) - log(u + 0x1p-53)),
                            4e-16 * fabs(log(u + 0x1p-53)) + 1e-16);
        ck_assert_double_le(fabs(vly_synth_exp(x) / exp(x) - 1.0), 4e-15);
        ck_assert_double_le(fabs(vly_synth_cos_turns(u) - cos(6.283185307179586476925 * u)), 2e-15);
    }
    ck_assert(vly_synth_log(1.0) == 0.0 && vly_synth_exp(0.0) == 1.0 && vly_synth_cos_turns(0.0) == 1.0);
}
END_TEST

START_TEST(hashed_normals_have_the_moments_of_a_normal)
{
    enum { COUNT = 400000 };
    double m[5] = {0}, lag = 0.0, last = 0.0;
    for (int i = 0; i < COUNT; i++) {
        double x = vly_synth_normal((uint64_t)i, 99);
        for (int k = 1; k <= 4; k++) m[k] += pow(x, k) / COUNT;
        lag += x * last / COUNT;
        last = x;
    }
    /* five standard errors of each moment: sqrt(1, 2, 15, 96) / sqrt(COUNT) */
    const double error = 5.0 / sqrt(COUNT);
    ck_assert_double_le(fabs(m[1]), error);
    ck_assert_double_le(fabs(m[2] - 1.0), error * sqrt(2.0));
    ck_assert_double_le(fabs(m[3]), error * sqrt(15.0));
    ck_assert_double_le(fabs(m[4] - 3.0), error * sqrt(96.0));
    ck_assert_double_le(fabs(lag), error);
}
END_TEST

START_TEST(the_spline_field_has_unit_variance_and_no_steps)
{
    vly_device *device = test_device(0, 0);
    vly_synth_nodes nodes = {.first = {-3, -3, -3}, .count = {70, 70, 70}, .spacing = 0.8};
    static double value[70 * 70 * 70];
    double sum = 0.0, squares = 0.0;
    vly_buffer buffer;
    ck_assert_int_eq(vly_buffer_create(&buffer, device, sizeof value, "nodes"), VLY_OK);
    ck_assert_int_eq(device->kernels->synth_nodes(device->queue, &nodes, 5, buffer.data), VLY_OK);
    ck_assert_int_eq(vly_buffer_download(&buffer, value, sizeof value), VLY_OK);
    vly_buffer_free(&buffer);
    nodes.value = value;
    enum { POINTS = 200000 };
    uint64_t state = 3;
    for (int i = 0; i < POINTS; i++) {
        double p[3] = {50.0 * test_uniform(&state), 50.0 * test_uniform(&state), 50.0 * test_uniform(&state)};
        double q[3] = {p[0] + 1e-6, p[1] - 1e-6, p[2] + 1e-6}, at = vly_synth_spline(&nodes, p);
        sum += at;
        squares += at * at;
        /* a node changes the field by at most its slope: 3 axes, nodes below 6 sd, slope 0.75 per spacing */
        ck_assert_double_le(fabs(vly_synth_spline(&nodes, q) - at), 1e-6 * 3 * 64 * 6);
    }
    /* some 62^3 / 2 independent values stand behind the mean and the variance: errors 0.003 and 0.004, taken five times */
    ck_assert_double_le(fabs(sum / POINTS), 0.015);
    ck_assert_double_le(fabs(squares / POINTS - 1.0), 0.02);
    vly_device_close(device);
}
END_TEST

START_TEST(spheres_fill_the_box_and_hardly_overlap)
{
    vly_device *device = test_device(2, 0);
    const double size[3] = {40.0, 36.0, 30.0};
    vly_packing p;
    ck_assert_int_eq(vly_packing_make(&p, device, size, 11), VLY_OK);
    double volume = 0.0, worst = 0.0;
    for (int64_t i = 0; i < p.count; i++) {
        vly_synth_sphere s = p.spheres[i];
        volume += 4.0 / 3.0 * 3.14159265358979 * s.r * s.r * s.r;
        ck_assert(s.r >= 1.3 && s.r <= 7.5 && s.x >= 0.0 && s.x < 40.0 && s.y >= 0.0 && s.y < 36.0);
        ck_assert(s.z >= 0.6 * s.r - 1e-12 && s.z <= 30.0 - 0.6 * s.r + 1e-12);
        for (int64_t j = 0; j < i; j++) { /* all pairs, all images: no lists, no cells */
            vly_synth_sphere t = p.spheres[j];
            for (int a = -1; a <= 1; a++)
                for (int b = -1; b <= 1; b++) {
                    double d = sqrt(pow(s.x - t.x + 40.0 * a, 2) + pow(s.y - t.y + 36.0 * b, 2) + pow(s.z - t.z, 2));
                    worst = fmax(worst, (s.r + t.r - d) / fmin(s.r, t.r));
                }
        }
    }
    ck_assert_double_lt(worst, 0.02);
    ck_assert_double_le(fabs(worst - p.overlap), 1e-9);
    ck_assert(volume >= 0.6 * 40 * 36 * 30 && volume < 0.6 * 40 * 36 * 30 + 1767.2); /* the last one overshoots */
    vly_packing_free(&p);
    vly_device_close(device);
}
END_TEST

/* The fields from their definition: every sphere, every image, all 64 nodes hashed anew. */
static double naive_spline(const double p[3], double spacing, uint64_t seed)
{
    double sum = 0.0;
    for (int c = -1; c <= 2; c++)
        for (int b = -1; b <= 2; b++)
            for (int a = -1; a <= 2; a++) {
                int32_t node[3];
                double weight = 1.0;
                for (int axis = 0; axis < 3; axis++) {
                    node[axis] = (int32_t)floor(p[axis] / spacing) + (axis == 0 ? a : axis == 1 ? b : c);
                    double d = fabs(p[axis] / spacing - node[axis]);
                    weight *= d < 1.0 ? 2.0 / 3.0 - d * d + d * d * d / 2.0 : d < 2.0 ? pow(2.0 - d, 3) / 6.0 : 0.0;
                }
                sum += weight * vly_synth_normal(vly_synth_place(node[0], node[1], node[2]), seed);
            }
    return sum / pow(151.0 / 315.0, 1.5);
}

START_TEST(fields_are_what_their_definition_says_on_any_lattice)
{
    vly_device *device = test_device(2, 0);
    vly_synth_options o = small_options(VLY_SYNTH_TWO_LAYER, 40);
    vly_structure s;
    vly_packing packing;
    ck_assert_int_eq(vly_structure_open(&s, device, &o), VLY_OK);
    ck_assert_int_eq(vly_packing_make(&packing, device, s.size, o.seed), VLY_OK);
    /* turned by some degrees, sides that no block divides */
    const vly_synth_lattice lattice = {
        {2.0, 3.0, 4.0}, {{0.9, 0.1, 0.0}, {-0.1, 0.9, 0.05}, {0.0, -0.05, 0.9}}, {19, 17, 13}};
    enum { POINTS = 19 * 17 * 13 };
    static float am[POINTS], neck[POINTS], island[POINTS];
    static uint8_t layer[POINTS];
    ck_assert_int_eq(vly_structure_fields(&s, &lattice, 0, 6, am, neck, island, layer), VLY_OK);
    ck_assert_int_eq(vly_structure_fields(&s, &lattice, 6, 7, am + 19 * 17 * 6, neck + 19 * 17 * 6,
                                          island + 19 * 17 * 6, layer + 19 * 17 * 6),
                     VLY_OK);
    for (int i = 0; i < POINTS; i++) {
        double p[3], d1 = 4.0, d2 = 4.0;
        vly_synth_point(&lattice, i % 19, i / 19 % 17, i / 19 / 17, p);
        for (int64_t n = 0; n < 9 * packing.count; n++) {
            vly_synth_sphere t = packing.spheres[n / 9];
            double d = sqrt(pow(p[0] - t.x - (double)(n % 3 - 1) * s.size[0], 2) +
                            pow(p[1] - t.y - (double)(n / 3 % 3 - 1) * s.size[1], 2) + pow(p[2] - t.z, 2)) -
                       t.r;
            d2 = fmin(d2, fmax(d1, d));
            d1 = fmin(d1, d);
        }
        const double flat[3] = {p[0], p[1], 0.0};
        double w = fmax(-1.0, fmin(1.0, 0.5 * naive_spline(flat, 10.0, vly_hash(5, o.seed))));
        /* single precision of numbers below 8 */
        ck_assert_double_le(fabs(am[i] - (d1 + 0.16 * naive_spline(p, 1.0, vly_hash(3, o.seed)))), 1e-6);
        ck_assert_double_le(fabs(neck[i] - (d1 + d2)), 1e-6);
        ck_assert_double_le(fabs(island[i] + naive_spline(p, 0.8, vly_hash(4, o.seed))), 1e-6);
        ck_assert_int_eq(layer[i], p[2] >= 0.47 * s.size[2] + 2.0 * w);
    }
    vly_packing_free(&packing);
    vly_structure_close(&s);
    vly_device_close(device);
}
END_TEST

typedef struct volume {
    vly_synth_result result;
    uint16_t *grey;
    uint8_t *truth;
} volume;

static volume make(const vly_synth_options *o, int32_t threads, int64_t memory)
{
    vly_device *device = test_device(threads, memory);
    int64_t voxels = vly_extent_voxels(o->extent);
    volume v = {.grey = malloc((size_t)voxels * 2), .truth = malloc((size_t)voxels)};
    vly_status status = vly_synth_memory(&v.result, device, v.grey, v.truth, o);
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
    vly_device_close(device);
    return v;
}

static void drop(volume *v)
{
    free(v->grey);
    free(v->truth);
}

START_TEST(a_seed_gives_the_same_bytes_for_any_threads_and_memory)
{
    vly_synth_options o = small_options(VLY_SYNTH_TWO_LAYER, 32);
    o.extent.ny = 37;
    int64_t voxels = vly_extent_voxels(o.extent);
    volume one = make(&o, 1, 0);
    for (int32_t threads = 2; threads <= 4; threads++) {
        volume other = make(&o, threads, threads == 4 ? 1 << 20 : 0); /* with so little nothing is kept */
        ck_assert(memcmp(one.grey, other.grey, (size_t)voxels * 2) == 0);
        test_equal_u8(other.truth, one.truth, voxels, "truth");
        drop(&other);
    }
    o.seed++;
    volume other = make(&o, 2, 0);
    int64_t equal = 0;
    for (int64_t i = 0; i < voxels; i++) equal += one.grey[i] == other.grey[i];
    ck_assert_int_lt(equal, voxels / 100);
    drop(&other);
    drop(&one);
}
END_TEST

START_TEST(fractions_are_met_to_the_point_in_every_layer)
{
    for (int variant = 0; variant < 3; variant++) {
        vly_synth_options o = small_options(variant == 1 ? VLY_SYNTH_SINGLE_LAYER : VLY_SYNTH_TWO_LAYER, 40);
        o.literal = variant == 1;
        o.gradient = variant == 2 ? 0.3 : 0.0;
        if (variant == 2) vly_fractions_parse(&o.fractions, "am=0.5,cbd=0.2,pore=0.3");
        volume v = make(&o, 2, 0);
        int64_t samples = 0, counts = 0;
        for (int32_t l = 0; l < v.result.layers; l++) {
            const vly_synth_layer *y = &v.result.layer[l];
            samples += y->samples;
            for (int p = 0; p < VLY_PHASES; p++) {
                ck_assert_int_eq(y->counts[p], y->targets[p]);
                ck_assert_double_le(
                    fabs((double)y->targets[p] - (double)y->fractions.parts[p] * 1e-15 * (double)y->samples), 1.0);
            }
        }
        ck_assert_int_eq(v.result.layers, variant == 1 ? 1 : 2);
        ck_assert_int_eq(samples, INT64_C(27) * 40 * 40 * 40);
        for (int p = 0; p < VLY_PHASES; p++) counts += v.result.counts[p];
        ck_assert_int_eq(counts, v.result.voxels);
        drop(&v);
    }
}
END_TEST

typedef struct slab_count {
    const vly_synth_body *body;
    int64_t cbd[256], points[256]; /* by plane */
} slab_count;

static vly_status count_plane(void *self, const vly_sample_plane *plane, int32_t worker)
{
    slab_count *c = self;
    uint8_t *phase = malloc((size_t)plane->points);
    (void)worker;
    vly_thresholds_plane(&c->body->thresholds, plane, phase);
    for (int64_t i = 0; i < plane->points; i++) c->cbd[plane->index] += phase[i] == VLY_CBD;
    c->points[plane->index] = plane->points;
    free(phase);
    return VLY_OK;
}

START_TEST(every_slab_holds_its_share_of_cbd)
{
    vly_device *device = test_device(2, 0);
    vly_synth_options o = small_options(VLY_SYNTH_SINGLE_LAYER, 64);
    o.gradient = 0.3;
    o.supersample = 2;
    vly_synth_body body;
    ck_assert_int_eq(vly_synth_body_open(&body, device, &o), VLY_OK);
    static slab_count count;
    count.body = &body;
    ck_assert_int_eq(vly_samples_each(&body.samples, "test", count_plane, &count), VLY_OK);
    for (int slab = 0; slab < 8; slab++) { /* 8 voxels are 16 planes */
        double cbd = 0.0, points = 0.0;
        for (int p = 16 * slab; p < 16 * (slab + 1); p++)
            cbd += (double)count.cbd[p], points += (double)count.points[p];
        double expected = 0.2308 * (1.0 + 0.3 * (2.0 * (slab + 0.5) / 8.0 - 1.0));
        ck_assert_msg(fabs(cbd / points - expected) <= 0.002 * expected, "slab %d: %.5f, expected %.5f", slab,
                      cbd / points, expected);
    }
    vly_synth_body_close(&body);
    vly_device_close(device);
}
END_TEST

START_TEST(the_gradient_is_found_again_in_the_truth)
{
    vly_synth_options o = small_options(VLY_SYNTH_SINGLE_LAYER, 64);
    o.gradient = 0.4;
    o.supersample = 2;
    volume v = make(&o, 2, 0);
    double sum[5] = {0}; /* n, x, y, xx, xy */
    double y[64];
    for (int z = 0; z < 64; z++) {
        double x = 2.0 * (z + 0.5) / 64 - 1.0, cbd = 0.0;
        for (int i = 0; i < 4096; i++) cbd += v.truth[z * 4096 + i] == VLY_CBD;
        y[z] = cbd / 4096;
        sum[0] += 1.0, sum[1] += x, sum[2] += y[z], sum[3] += x * x, sum[4] += x * y[z];
    }
    double slope = (sum[0] * sum[4] - sum[1] * sum[2]) / (sum[0] * sum[3] - sum[1] * sum[1]), mean = sum[2] / sum[0];
    double rest = 0.0;
    for (int z = 0; z < 64; z++) rest += pow(y[z] - mean - slope * (2.0 * (z + 0.5) / 64 - 1.0), 2);
    double error = sqrt(rest / 62.0 / sum[3]);
    ck_assert_msg(fabs(slope / mean - 0.4) <= 3.0 * error / mean, "gradient %.4f +- %.4f", slope / mean, error / mean);
    drop(&v);
}
END_TEST

START_TEST(labels_hardly_depend_on_the_supersampling)
{
    vly_synth_options o = small_options(VLY_SYNTH_TWO_LAYER, 40);
    o.optics.noise = 0.0;
    o.supersample = 2;
    volume coarse = make(&o, 2, 0);
    o.supersample = 4;
    volume fine = make(&o, 2, 0);
    int64_t equal = 0;
    for (int64_t i = 0; i < fine.result.voxels; i++) equal += coarse.truth[i] == fine.truth[i];
    ck_assert_msg((double)equal >= 0.97 * (double)fine.result.voxels, "%.4f agree",
                  (double)equal / (double)fine.result.voxels);
    drop(&coarse);
    drop(&fine);
}
END_TEST

START_TEST(slabs_lie_where_the_fractions_say)
{
    vly_synth_options o = small_options(VLY_SYNTH_SLABS, 20);
    vly_fractions_parse(&o.fractions, "am=0.5,cbd=0.2,pore=0.3");
    volume v = make(&o, 2, 0);
    for (int i = 0; i < 8000; i++)
        ck_assert_int_eq(v.truth[i], i % 20 < 10 ? VLY_AM : i % 20 < 14 ? VLY_CBD : VLY_PORE);
    drop(&v);
}
END_TEST

START_TEST(spheres_sit_on_their_lattice_in_a_shell)
{
    vly_synth_options o = small_options(VLY_SYNTH_SPHERES, 32);
    vly_fractions_parse(&o.fractions, "am=0.4,cbd=0.1,pore=0.5");
    volume v = make(&o, 2, 0);
    /* four spheres in a cell of 32^3: r^3 = 0.4 32^3 3/(16 pi), shell up to 0.5 */
    double r = cbrt(0.4 * 32768 * 3 / (16 * 3.14159265358979)), shell = cbrt(0.5 * 32768 * 3 / (16 * 3.14159265358979));
    ck_assert_int_eq(v.result.particles, 4);
    for (int i = 0; i < 32768; i++) {
        double nearest = 1e9, x = i % 32 + 0.5, y = i / 32 % 32 + 0.5, z = i / 1024 + 0.5;
        static const double centre[4][3] = {{8, 8, 8}, {8, 24, 24}, {24, 8, 24}, {24, 24, 8}};
        for (int n = 0; n < 4 * 27; n++) {
            double dx = x - centre[n % 4][0] + 32.0 * (n / 4 % 3 - 1),
                   dy = y - centre[n % 4][1] + 32.0 * (n / 12 % 3 - 1);
            double dz = z - centre[n % 4][2] + 32.0 * (n / 36 - 1);
            nearest = fmin(nearest, sqrt(dx * dx + dy * dy + dz * dz));
        }
        /* a voxel that a surface does not cut is all one phase */
        if (fabs(nearest - r) > 0.9 && fabs(nearest - shell) > 0.9)
            ck_assert_int_eq(v.truth[i], nearest < r ? VLY_AM : nearest < shell ? VLY_CBD : VLY_PORE);
    }
    drop(&v);
}
END_TEST

START_TEST(options_out_of_range_are_named)
{
    vly_device *device = test_device(1, 0);
    vly_synth_result r;
    vly_synth_options good = small_options(VLY_SYNTH_SINGLE_LAYER, 20), o;
#define REFUSED(change, part) \
    o = good;                 \
    change;                   \
    test_fails(vly_synth_memory(&r, device, NULL, NULL, &o), VLY_EUSAGE, part)
    REFUSED(o.extent.ny = 15, "20 x 15 x 20");
    REFUSED(o.extent.nz = -3, "16 voxels");
    REFUSED(o.voxel_size = 0.0, "voxel size");
    REFUSED(o.voxel_size = NAN, "voxel size");
    REFUSED(o.supersample = 0, "supersample 0");
    REFUSED(o.gradient = 0.95, "gradient 0.95");
    REFUSED(o.islands = -0.1, "islands");
    REFUSED(o.fib_ratio = 1, "fib ratio 1");
    REFUSED(o.fractions.parts[0] = 1, "sum to 1e-15");
    REFUSED((o.fractions = VLY_FRACTIONS_PAPER, o.fractions.parts[2] *= -1), "below 0");
    REFUSED(o.voxel_size = 0.3e-6, "at least 10.4 um");
    REFUSED(o.preset = (vly_synth_preset)9, "preset 9");
    o = good;
    o.extent = (vly_extent){1 << 20, 1 << 20, 16};
    test_fails(vly_synth_memory(&r, device, NULL, NULL, &o), VLY_EDATA, "2^40");
    vly_synth_preset preset;
    vly_synth_grey grey;
    test_fails(vly_synth_preset_parse(&preset, "cubes"), VLY_EUSAGE, "two-layer, single-layer, slabs or spheres");
    test_fails(vly_synth_grey_parse(&grey, "x"), VLY_EUSAGE, "phase, absorption or mixed");
    ck_assert_int_eq(vly_synth_preset_parse(&preset, "slabs"), VLY_OK);
    ck_assert_str_eq(vly_synth_preset_name(preset), "slabs");
    ck_assert_int_eq(vly_synth_grey_parse(&grey, "mixed"), VLY_OK);
    ck_assert_str_eq(vly_synth_grey_name(grey), "mixed");
    ck_assert_int_eq(vly_memory_held() > 0, true);
    vly_device_close(device);
    ck_assert_int_eq(vly_memory_held(), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("synth");
    TEST_CASE(suite, own_functions_agree_with_the_library);
    TEST_CASE(suite, hashed_normals_have_the_moments_of_a_normal);
    TEST_CASE(suite, the_spline_field_has_unit_variance_and_no_steps);
    TEST_CASE(suite, spheres_fill_the_box_and_hardly_overlap);
    TEST_CASE(suite, fields_are_what_their_definition_says_on_any_lattice);
    TEST_CASE(suite, a_seed_gives_the_same_bytes_for_any_threads_and_memory);
    TEST_CASE(suite, fractions_are_met_to_the_point_in_every_layer);
    TEST_CASE(suite, every_slab_holds_its_share_of_cbd);
    TEST_CASE(suite, the_gradient_is_found_again_in_the_truth);
    TEST_CASE(suite, labels_hardly_depend_on_the_supersampling);
    TEST_CASE(suite, slabs_lie_where_the_fractions_say);
    TEST_CASE(suite, spheres_sit_on_their_lattice_in_a_shell);
    TEST_CASE(suite, options_out_of_range_are_named);
    return test_run(suite);
}
