/* Fractions, exact selection with unbiased ties, and the two cuts: against sorting every voxel by (grey, hash). */
#include "support.h"

#include "core/source_impl.h"
#include "segment/histogram.h"
#include "voxelyte/threshold.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- fractions ---- */

START_TEST(fractions_are_exact_decimals)
{
    vly_fractions f;
    int64_t n[VLY_PHASES];
    ck_assert_int_eq(vly_fractions_parse(&f, "paper"), VLY_OK);
    vly_fractions_targets(&f, 1000, n); /* spec 0.1 */
    ck_assert(n[VLY_AM] == 595 && n[VLY_CBD] == 231 && n[VLY_PORE] == 174);
    ck_assert_int_eq(vly_fractions_parse(&f, "paper-literal"), VLY_OK);
    vly_fractions_targets(&f, 10000, n);
    ck_assert(n[VLY_AM] == 5954 && n[VLY_CBD] == 1154 && n[VLY_PORE] == 2892);
    ck_assert_int_eq(vly_fractions_parse(&f, "NMC=1,P=0,CBD=.0"), VLY_OK);
    vly_fractions_targets(&f, 7, n);
    ck_assert(n[VLY_AM] == 7 && n[VLY_CBD] == 0 && n[VLY_PORE] == 0);
    /* thirds: remainders are equal, or one is larger by the last decimal; ties go to am, then cbd */
    ck_assert_int_eq(vly_fractions_parse(&f, "am=0.25,cbd=0.25,pore=0.5"), VLY_OK);
    vly_fractions_targets(&f, 2, n);
    ck_assert(n[VLY_AM] == 1 && n[VLY_CBD] == 0 && n[VLY_PORE] == 1);
    vly_fractions_targets(&f, INT64_C(1) << 40, n);
    ck_assert_int_eq(n[VLY_PORE], INT64_C(1) << 39);
}
END_TEST

START_TEST(bad_fractions_are_refused)
{
    vly_fractions f;
    const char *bad[] = {"",
                         "am",
                         "am=",
                         "am=0.5",
                         "am=0.5,cbd=0.5",
                         "am=0.6,cbd=0.2,pore=0.2,am=0.1",
                         "am=x,cbd=1,pore=0",
                         "am=0.5,cbd=0.25;pore=0.25",
                         "am=0.5,cbd=0.25,pore=0.25,",
                         "am=nan,cbd=0,pore=1",
                         "tab=1",
                         "am=1e-1,cbd=0.4,pore=0.5",
                         "am=0.1234567890123456,cbd=0.4,pore=0.4765432109876544"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        test_fails(vly_fractions_parse(&f, bad[i]), VLY_EUSAGE, "expected");
    test_fails(vly_fractions_parse(&f, "am=0.6,cbd=0.2,pore=0.1"), VLY_EUSAGE, "sum to 0.9");
    test_fails(vly_fractions_parse(&f, "am=0.6,cbd=0.2,pore=0.20000001"), VLY_EUSAGE, "sum to");
    test_fails(vly_fractions_parse(&f, "am=1.2,cbd=-0.2,pore=0"), VLY_EUSAGE, "negative");
    ck_assert_int_eq(vly_fractions_parse(&f, "am=0.6,cbd=0.2,pore=0.2000000009"), VLY_OK);
}
END_TEST

/* ---- an independent answer: sort all voxels ---- */

typedef struct ranked {
    uint16_t grey;
    uint64_t key;
    int64_t index;
} ranked;

static int by_rank(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->grey != y->grey) return x->grey < y->grey ? -1 : 1;
    return (x->key > y->key) - (x->key < y->key);
}

/* labels (voxels) as the definition says: the darkest are pore, the next ones CBD, the rest active material. */
static void label_by_sorting(uint8_t *labels, const uint16_t *grey, const uint8_t *mask, int64_t voxels, uint64_t seed,
                             const int64_t targets[VLY_PHASES])
{
    ranked *all = malloc((size_t)voxels * sizeof *all);
    int64_t inside = 0;
    for (int64_t i = 0; i < voxels; i++) {
        labels[i] = VLY_OUTSIDE;
        if (!mask || mask[i]) all[inside++] = (ranked){grey[i], vly_hash((uint64_t)i, seed), i};
    }
    qsort(all, (size_t)inside, sizeof *all, by_rank);
    for (int64_t r = 0; r < inside; r++)
        labels[all[r].index] = r < targets[VLY_PORE]                      ? VLY_PORE
                               : r < targets[VLY_PORE] + targets[VLY_CBD] ? VLY_CBD
                                                                          : VLY_AM;
    free(all);
}

typedef struct image {
    vly_extent e;
    uint16_t *grey;
    uint8_t *mask, *labels, *expected;
} image;

/* levels: how many grey values there are; few make many ties */
static image make_image(vly_extent e, int levels, bool masked, uint64_t seed)
{
    int64_t n = vly_extent_voxels(e);
    image m = {e, test_guarded((size_t)n * 2), NULL, test_guarded((size_t)n), malloc((size_t)n)};
    if (masked) m.mask = test_guarded((size_t)n);
    for (int64_t i = 0; i < n; i++) {
        m.grey[i] = (uint16_t)(test_random(&seed) % (uint64_t)levels * (65535u / (unsigned)levels));
        if (masked) m.mask[i] = test_random(&seed) % 4 != 0;
    }
    return m;
}

static void free_image(image *m)
{
    size_t n = (size_t)vly_extent_voxels(m->e);
    test_guarded_free(m->grey, n * 2);
    test_guarded_free(m->labels, n);
    if (m->mask) test_guarded_free(m->mask, n);
    free(m->expected);
}

static vly_threshold_result run(image *m, const vly_threshold_options *given, int32_t threads, int64_t limit)
{
    vly_threshold_options options = *given;
    vly_threshold_result result;
    vly_source *grey, *mask = NULL;
    vly_sink *sink;
    vly_device *device = test_device(threads, limit);
    ck_assert_int_eq(vly_source_memory(&grey, m->grey, VLY_U16, m->e, NULL), VLY_OK);
    if (m->mask) ck_assert_int_eq(vly_source_memory(&mask, m->mask, VLY_U8, m->e, NULL), VLY_OK);
    ck_assert_int_eq(vly_sink_memory(&sink, m->labels, VLY_U8, m->e), VLY_OK);
    options.region.mask = mask;
    memset(m->labels, 77, (size_t)vly_extent_voxels(m->e));
    vly_status status = vly_threshold(&result, device, grey, sink, &options);
    ck_assert_msg(status == VLY_OK, "threshold: %s", vly_error_message());
    ck_assert_int_eq(vly_sink_finish(sink), VLY_OK);
    vly_sink_close(sink);
    vly_source_close(mask);
    vly_source_close(grey);
    vly_device_close(device);
    return result;
}

static void check_against_sorting(vly_extent e, int levels, bool masked, const char *fractions, uint64_t seed)
{
    image m = make_image(e, levels, masked, seed);
    vly_threshold_options options = VLY_THRESHOLD_OPTIONS_INIT;
    options.seed = seed;
    ck_assert_int_eq(vly_fractions_parse(&options.fractions, fractions), VLY_OK);
    vly_threshold_result r = run(&m, &options, 2, 0);
    label_by_sorting(m.expected, m.grey, m.mask, vly_extent_voxels(e), seed, r.targets);
    test_equal_u8(m.labels, m.expected, vly_extent_voxels(e), "labels");
    for (int l = 0; l < VLY_PHASES; l++) ck_assert_int_eq(r.counts[l], r.targets[l]);
    vly_threshold_result_free(&r);
    free_image(&m);
}

START_TEST(labels_equal_those_found_by_sorting)
{
    const char *fractions[] = {"paper",
                               "paper-literal",
                               "am=1,cbd=0,pore=0",
                               "am=0,cbd=1,pore=0",
                               "am=0,cbd=0,pore=1",
                               "am=0.5,cbd=0,pore=0.5",
                               "am=0.001,cbd=0.998,pore=0.001"};
    vly_extent extents[] = {{2, 1, 1}, {1, 2, 3}, {65, 33, 1}, {64, 40, 21}, {131, 17, 19}};
    int levels[] = {2, 3, 7, 251, 65535};
    uint64_t seed = 1;
    for (size_t f = 0; f < sizeof fractions / sizeof *fractions; f++)
        for (size_t e = 2; e < sizeof extents / sizeof *extents; e++)
            for (size_t l = 0; l < sizeof levels / sizeof *levels; l++)
                check_against_sorting(extents[e], levels[l], (seed & 1) != 0, fractions[f], seed), seed++;
}
END_TEST

START_TEST(labels_do_not_depend_on_threads_or_memory)
{
    vly_extent e = {512, 256, 21};
    size_t n = (size_t)vly_extent_voxels(e);
    image m = make_image(e, 5, false, 11);
    vly_threshold_options options = VLY_THRESHOLD_OPTIONS_INIT;
    uint8_t *first = malloc(n);
    int64_t base = INT64_C(16) << 20; /* what threshold reserves */
    int64_t limits[] = {0, base + (8 << 20), base + (12 << 20), INT64_C(1) << 32};
    for (int32_t threads = 1; threads <= 3; threads++)
        for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
            vly_threshold_result r = run(&m, &options, threads, limits[i]);
            if (threads == 1 && i == 0) memcpy(first, m.labels, n);
            test_equal_u8(m.labels, first, (int64_t)n, "labels");
            vly_threshold_result_free(&r);
        }
    free(first);
    free_image(&m);
}
END_TEST

START_TEST(ties_are_spread_evenly_over_the_slices)
{
    /* two values only: the cuts fall into them, and the share of each slice is binomial */
    vly_extent e = {128, 128, 64};
    image m = make_image(e, 2, false, 3);
    vly_threshold_options options = VLY_THRESHOLD_OPTIONS_INIT;
    vly_threshold_result r = run(&m, &options, 2, 0);
    double chi = 0.0, page = 128.0 * 128.0, p = (double)r.counts[VLY_PORE] / (page * e.nz);
    for (int32_t z = 0; z < e.nz; z++) {
        int64_t pores = 0;
        for (int64_t i = 0; i < 128 * 128; i++) pores += m.labels[z * 128 * 128 + i] == VLY_PORE;
        double off = (double)pores - p * page;
        chi += off * off / (page * p * (1.0 - p));
    }
    /* chi-square with 63 degrees of freedom exceeds 113.5 once in 10 000 (spec T1.2) */
    ck_assert_msg(chi < 113.5, "chi-square %g", chi);
    ck_assert(r.tied[0] > 0 && r.taken[0] > 0 && r.taken[0] < r.tied[0]);
    vly_threshold_result_free(&r);
    free_image(&m);
}
END_TEST

START_TEST(increasing_maps_of_the_grey_values_change_nothing)
{
    image m = make_image((vly_extent){60, 50, 20}, 100, false, 5);
    int64_t n = vly_extent_voxels(m.e);
    vly_threshold_options options = VLY_THRESHOLD_OPTIONS_INIT;
    vly_threshold_result r = run(&m, &options, 2, 0);
    vly_threshold_result_free(&r);
    memcpy(m.expected, m.labels, (size_t)n);
    for (int64_t i = 0; i < n; i++) m.grey[i] = (uint16_t)(m.grey[i] / 655 * (m.grey[i] / 655) + 3);
    r = run(&m, &options, 2, 0);
    test_equal_u8(m.labels, m.expected, n, "labels");
    vly_threshold_result_free(&r);
    free_image(&m);
}
END_TEST

START_TEST(undivided_ties_come_as_close_as_a_grey_value_allows)
{
    image m = make_image((vly_extent){64, 64, 16}, 20, false, 9);
    vly_threshold_options options = VLY_THRESHOLD_OPTIONS_INIT;
    options.ties = VLY_TIES_NONE;
    vly_threshold_result r = run(&m, &options, 2, 0);
    int64_t rank[2] = {r.targets[VLY_PORE], r.targets[VLY_PORE] + r.targets[VLY_CBD]};
    int64_t got[2] = {r.counts[VLY_PORE], r.counts[VLY_PORE] + r.counts[VLY_CBD]};
    for (int c = 0; c < 2; c++) { /* no other number of whole grey values is closer */
        int64_t below = 0, best = rank[c];
        for (int g = 0; g < VLY_GREY_LEVELS; g++) {
            below += (int64_t)r.histogram[g];
            if (llabs(below - rank[c]) < best) best = llabs(below - rank[c]);
        }
        ck_assert_int_eq(llabs(got[c] - rank[c]), best);
    }
    vly_threshold_result_free(&r);
    free_image(&m);
}
END_TEST

START_TEST(fixed_thresholds_are_used_as_they_are)
{
    image m = make_image((vly_extent){64, 32, 8}, 6553, true, 13);
    vly_threshold_options options = VLY_THRESHOLD_OPTIONS_INIT;
    options.fixed = true;
    options.thresholds[0] = m.grey[100];
    options.thresholds[1] = 40000;
    if (options.thresholds[0] > 40000) options.thresholds[0] = 20000;
    vly_threshold_result r = run(&m, &options, 2, 0);
    for (int64_t i = 0; i < vly_extent_voxels(m.e); i++) {
        uint16_t g = m.grey[i];
        uint8_t label = g <= options.thresholds[0] ? VLY_PORE : g <= options.thresholds[1] ? VLY_CBD : VLY_AM;
        m.expected[i] = m.mask[i] ? label : VLY_OUTSIDE;
    }
    test_equal_u8(m.labels, m.expected, vly_extent_voxels(m.e), "labels");
    vly_threshold_result_free(&r);
    free_image(&m);
}
END_TEST

START_TEST(flat_and_empty_regions_are_refused)
{
    vly_extent e = {8, 8, 8};
    image m = make_image(e, 100, true, 1);
    vly_threshold_options options = VLY_THRESHOLD_OPTIONS_INIT;
    vly_threshold_result r;
    vly_source *grey;
    vly_sink *sink;
    vly_device *device = test_device(1, 0);
    memset(m.mask, 0, 512);
    ck_assert_int_eq(vly_source_memory(&grey, m.grey, VLY_U16, e, NULL), VLY_OK);
    ck_assert_int_eq(vly_source_memory(&options.region.mask, m.mask, VLY_U8, e, NULL), VLY_OK);
    ck_assert_int_eq(vly_sink_memory(&sink, m.labels, VLY_U8, e), VLY_OK);
    test_fails(vly_threshold(&r, device, grey, sink, &options), VLY_EDATA, "E_ROI");
    for (int i = 0; i < 512; i++) m.grey[i] = 5, m.mask[i] = 1;
    test_fails(vly_threshold(&r, device, grey, sink, &options), VLY_EDATA, "E_FLAT");
    options.fixed = true;
    options.thresholds[0] = 9, options.thresholds[1] = 3;
    test_fails(vly_threshold(&r, device, grey, sink, &options), VLY_EUSAGE, "lower one first");
    vly_sink_close(sink);
    vly_source_close(grey);
    vly_source_close(options.region.mask);
    vly_device_close(device);
    free_image(&m);
}
END_TEST

START_TEST(otsu_splits_where_it_should)
{
    uint64_t *bins = calloc(VLY_GREY_LEVELS, sizeof *bins);
    vly_histogram_summary s;
    bins[10] = 600, bins[20] = 400; /* spec 2.4 */
    ck_assert_int_eq(vly_histogram_summarise(&s, bins, "two"), VLY_OK);
    ck_assert(s.otsu == 10 && s.min == 10 && s.max == 20 && s.voxels == 1000);
    /* equal mixture of N(20000, 2000) and N(36000, 2000): the midpoint within 0.05 sd */
    memset(bins, 0, VLY_GREY_LEVELS * sizeof *bins);
    for (int g = 0; g < VLY_GREY_LEVELS; g++) {
        double a = (g - 20000) / 2000.0, b = (g - 36000) / 2000.0;
        bins[g] = (uint64_t)(1e9 * (exp(-a * a / 2) + exp(-b * b / 2)));
    }
    ck_assert_int_eq(vly_histogram_summarise(&s, bins, "mixture"), VLY_OK);
    ck_assert_int_le(abs(s.otsu - 28000), 100);
    free(bins);
}
END_TEST

/* ---- indices above 2^31, in little memory ---- */

static vly_status read_ramp(vly_source *source, int32_t z0, int32_t count, void *pages)
{
    vly_extent e = source->info.extent;
    uint16_t *to = pages;
    for (int64_t row = (int64_t)z0 * e.ny; row < (int64_t)(z0 + count) * e.ny; row++, to += e.nx)
        for (int32_t x = 0; x < e.nx; x++) to[x] = (uint16_t)((row & 63) * 1000); /* 64 values, evenly */
    return VLY_OK;
}

typedef struct tallying {
    vly_sink sink;
    int64_t counts[256];
    int64_t last_half; /* CBD in the second half of the volume: wrong if an index wraps */
} tallying;

static vly_status tally_pages(vly_sink *sink, int32_t count, const void *pages)
{
    tallying *t = sink->self;
    const uint8_t *labels = pages;
    int64_t page = (int64_t)sink->extent.nx * sink->extent.ny;
    for (int64_t i = 0; i < page * count; i++) t->counts[labels[i]]++;
    if (sink->written >= sink->extent.nz / 2)
        for (int64_t i = 0; i < page * count; i++) t->last_half += labels[i] == VLY_CBD;
    return VLY_OK;
}

START_TEST(volumes_above_two_to_the_thirty_one_voxels_are_exact)
{
    if (test_small()) return;         /* hours */
    vly_extent e = {2304, 2304, 406}; /* 2.155e9 voxels, 4.3 GB of grey, through 256 MiB */
    int64_t n = vly_extent_voxels(e);
    vly_source source = {.info = {.path = "ramp", .extent = e, .type = VLY_U16}, .read = read_ramp};
    tallying t = {.sink = {.path = "tally", .extent = e, .type = VLY_U8, .write = tally_pages}};
    t.sink.self = &t;
    vly_device *device = test_device(0, INT64_C(256) << 20);
    vly_threshold_options options = VLY_THRESHOLD_OPTIONS_INIT;
    vly_threshold_result r;
    ck_assert_int_gt(n, INT64_C(1) << 31);
    ck_assert_msg(vly_threshold(&r, device, &source, &t.sink, &options) == VLY_OK, "%s", vly_error_message());
    for (int l = 0; l < VLY_PHASES; l++) {
        ck_assert_int_eq(r.counts[l], r.targets[l]);
        ck_assert_int_eq(t.counts[l], r.targets[l]);
    }
    /* half of the CBD lies in the second half: binomial, 6 sigma of at most sqrt(n / 4) */
    ck_assert(fabs((double)t.last_half - 0.5 * (double)r.counts[VLY_CBD]) < 6.0 * sqrt((double)n / 4.0));
    ck_assert_int_le(vly_memory_held(), INT64_C(256) << 20);
    vly_threshold_result_free(&r);
    vly_device_close(device);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("threshold");
    TEST_CASE(suite, fractions_are_exact_decimals);
    TEST_CASE(suite, bad_fractions_are_refused);
    TEST_CASE(suite, labels_equal_those_found_by_sorting);
    TEST_CASE(suite, labels_do_not_depend_on_threads_or_memory);
    TEST_CASE(suite, ties_are_spread_evenly_over_the_slices);
    TEST_CASE(suite, increasing_maps_of_the_grey_values_change_nothing);
    TEST_CASE(suite, undivided_ties_come_as_close_as_a_grey_value_allows);
    TEST_CASE(suite, fixed_thresholds_are_used_as_they_are);
    TEST_CASE(suite, flat_and_empty_regions_are_refused);
    TEST_CASE(suite, otsu_splits_where_it_should);
    TEST_CASE(suite, volumes_above_two_to_the_thirty_one_voxels_are_exact);
    return test_run(suite);
}
