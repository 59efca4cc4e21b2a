/* The k-means kernels against a naive oracle: every instruction set, several thread counts, masks, halos and borders. */
#include "support.h"

#include "core/queue_cpu.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- a case: a slab in guarded memory, and a model ---- */

typedef struct slab_case {
    vly_region region;
    uint16_t *grey;
    uint8_t *mask; /* NULL: none */
    vly_kmeans_model model;
    int64_t voxels; /* of region.inner */
} slab_case;

typedef enum values { RANDOM, EXTREMES, FEW, CONSTANT, VALUE_KINDS } values;

static uint16_t value_of(values kind, uint64_t *state)
{
    uint64_t r = test_random(state);
    switch (kind) {
    case RANDOM:
        return (uint16_t)r;
    case EXTREMES:
        return r & 1 ? 65535 : 0;
    case FEW:
        return (uint16_t)(1000 * (r % 3));
    default:
        return 777;
    }
}

static vly_kmeans_model random_model(uint64_t *state)
{
    vly_kmeans_model model;
    for (int l = 0; l < VLY_PHASES; l++) {
        model.w[l] = (float)(0.5 + test_uniform(state));
        for (int m = 0; m < VLY_SHELL_FEATURES; m++) model.mu[l][m] = (float)(65536 * test_uniform(state));
    }
    for (int m = 0; m < VLY_SHELL_FEATURES; m++) model.x[m] = (float)(2 * test_uniform(state));
    return model;
}

static slab_case make(vly_extent data, vly_box inner, values kind, bool masked, uint64_t *state)
{
    slab_case c = {.region = {data, inner, 1000}};
    c.voxels = vly_extent_voxels(vly_box_extent(inner));
    c.grey = test_guarded((size_t)vly_extent_voxels(data) * 2);
    for (int64_t i = 0; i < vly_extent_voxels(data); i++) c.grey[i] = value_of(kind, state);
    if (masked) {
        c.mask = test_guarded((size_t)c.voxels);
        for (int64_t i = 0; i < c.voxels; i++) c.mask[i] = test_random(state) % 4 != 0;
    }
    c.model = random_model(state);
    return c;
}

static void drop(slab_case *c)
{
    test_guarded_free(c->grey, (size_t)vly_extent_voxels(c->region.data) * 2);
    if (c->mask) test_guarded_free(c->mask, (size_t)c->voxels);
}

/* Runs `body` for slabs that try every path: whole volumes and pieces with real neighbours, all widths of an edge. */
static void for_all_slabs(void (*body)(const slab_case *c, vly_queue *queue, uint64_t *state))
{
    static const vly_region shapes[] = {
        {{2, 2, 2}, {0, 2, 0, 2, 0, 2}, 0},     {{3, 3, 3}, {0, 3, 0, 3, 0, 3}, 0},
        {{5, 4, 3}, {1, 4, 1, 3, 1, 2}, 0},     {{17, 3, 4}, {0, 17, 0, 3, 1, 3}, 0},
        {{31, 5, 3}, {0, 31, 0, 5, 0, 3}, 0},   {{34, 4, 3}, {1, 33, 1, 4, 0, 3}, 0},
        {{64, 3, 3}, {0, 64, 0, 3, 0, 3}, 0},   {{65, 6, 5}, {0, 64, 2, 6, 1, 5}, 0},
        {{131, 3, 3}, {3, 131, 0, 3, 0, 3}, 0}, {{300, 4, 3}, {0, 300, 0, 4, 0, 3}, 0},
        {{513, 3, 3}, {1, 512, 1, 3, 1, 3}, 0},
    };
    uint64_t state = 11;
    vly_isa widest = vly_isa_detect();
    for (int threads = 1; threads <= 3; threads++) {
        vly_pool pool;
        vly_queue queue = {.pool = &pool};
        ck_assert_int_eq(vly_pool_start(&pool, threads), VLY_OK);
        for (vly_isa isa = VLY_ISA_PLAIN; isa <= widest; isa++)
            for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
                for (values kind = RANDOM; kind < VALUE_KINDS; kind++) {
                    slab_case c = make(shapes[s].data, shapes[s].inner, kind, kind % 2 == s % 2, &state);
                    queue.isa = isa;
                    body(&c, &queue, &state);
                    drop(&c);
                }
        vly_pool_stop(&pool);
    }
}

/* ---- the oracle: nothing shared with the kernels but the order of operations that the spec prescribes ---- */

static int ascending(const void *a, const void *b)
{
    return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

static int mirrored(int i, int n)
{
    return i == -1 ? 1 : i == n ? n - 2 : i;
}

/* Features of voxel i of region.inner. */
static void oracle_features(uint16_t f[27], const slab_case *c, int64_t i)
{
    vly_extent e = vly_box_extent(c->region.inner), d = c->region.data;
    int x = c->region.inner.x0 + (int)(i % e.nx), y = c->region.inner.y0 + (int)(i / e.nx % e.ny),
        z = c->region.inner.z0 + (int)(i / e.nx / e.ny);
    static const int begin[4] = {0, 1, 7, 19}, size[4] = {1, 6, 12, 8};
    int next[4] = {0, 1, 7, 19};
    for (int dz = -1; dz <= 1; dz++)
        for (int dy = -1; dy <= 1; dy++)
            for (int dx = -1; dx <= 1; dx++)
                f[next[abs(dx) + abs(dy) + abs(dz)]++] =
                    c->grey[((int64_t)mirrored(z + dz, d.nz) * d.ny + mirrored(y + dy, d.ny)) * d.nx +
                            mirrored(x + dx, d.nx)];
    for (int g = 1; g < 4; g++) qsort(f + begin[g], (size_t)size[g], 2, ascending);
}

static void oracle_distances(float d[3], const vly_kmeans_model *model, const uint16_t f[27])
{
    for (int l = 0; l < 3; l++) {
        float acc = 0;
        for (int m = 0; m < 27; m++) {
            float t = (float)f[m] - model->mu[l][m];
            float xt = model->x[m] * t;
            acc = fmaf(xt, t, acc);
        }
        d[l] = acc;
    }
}

static uint8_t oracle_label(const vly_kmeans_model *model, const uint16_t f[27])
{
    static const uint8_t order[3] = {VLY_PORE, VLY_CBD, VLY_AM};
    float d[3], best = INFINITY;
    uint8_t label = 0;
    oracle_distances(d, model, f);
    for (int k = 0; k < 3; k++) {
        float score = model->w[order[k]] * d[order[k]];
        if (score < best) best = score, label = order[k];
    }
    return label;
}

static bool inside(const slab_case *c, int64_t i)
{
    return !c->mask || c->mask[i] != 0;
}

/* Labels and totals from scratch. */
static void oracle_assign(const slab_case *c, uint8_t *label, vly_kmeans_tally *total)
{
    memset(total, 0, sizeof *total);
    for (int64_t i = 0; i < c->voxels; i++) {
        uint16_t f[27];
        label[i] = VLY_OUTSIDE;
        if (!inside(c, i)) continue;
        oracle_features(f, c, i);
        label[i] = oracle_label(&c->model, f);
        total->count[label[i]]++;
        total->changed++;
        for (int m = 0; m < 27; m++) total->sum[label[i]][m] += f[m];
    }
}

static void expect_tally(const vly_kmeans_tally *got, const vly_kmeans_tally *expected)
{
    test_equal_u64(got->count, expected->count, 3, "count");
    test_equal_u64(got->sum[0], expected->sum[0], 81, "sum");
}

/* ---- assignment ---- */

static void try_assign(const slab_case *c, vly_queue *queue, uint64_t *state)
{
    slab_case second = *c;
    uint8_t *label = test_guarded((size_t)c->voxels), *expected = malloc((size_t)c->voxels),
            *before = malloc((size_t)c->voxels);
    vly_kmeans_tally got = {0}, total;
    oracle_assign(c, expected, &total);
    vly_kernels_cpu.kmeans_assign(queue, c->grey, &c->region, c->mask, &c->model, true, label, &got);
    test_equal_u8(label, expected, c->voxels, "first labels");
    expect_tally(&got, &total);
    ck_assert_uint_eq(got.changed, total.changed);

    /* a second pass tells only what changed; both together are the totals */
    second.model = random_model(state);
    memcpy(before, expected, (size_t)c->voxels);
    oracle_assign(&second, expected, &total);
    got.changed = 0;
    vly_kernels_cpu.kmeans_assign(queue, c->grey, &c->region, c->mask, &second.model, false, label, &got);
    test_equal_u8(label, expected, c->voxels, "second labels");
    expect_tally(&got, &total);
    uint64_t changed = 0;
    for (int64_t i = 0; i < c->voxels; i++) changed += before[i] != expected[i];
    ck_assert_uint_eq(got.changed, changed);
    free(before);
    free(expected);
    test_guarded_free(label, (size_t)c->voxels);
}

START_TEST(labels_and_sums_equal_the_oracle)
{
    for_all_slabs(try_assign);
}
END_TEST

static void try_samples(const slab_case *c, vly_queue *queue, uint64_t *state)
{
    enum { COUNT = 200, CAPACITY = 256 };
    uint16_t *samples = test_guarded(27 * CAPACITY * 2);
    uint8_t *label = test_guarded(CAPACITY);
    (void)state;
    for (int i = 0; i < 27 * CAPACITY; i++) samples[i] = c->grey[i % vly_extent_voxels(c->region.data)];
    memset(label, VLY_OUTSIDE, CAPACITY);
    vly_kmeans_tally got = {0}, total = {.changed = COUNT};
    vly_kernels_cpu.kmeans_assign_samples(queue, samples, COUNT, &c->model, true, label, &got);
    for (int i = 0; i < COUNT; i++) {
        uint16_t f[27];
        for (int m = 0; m < 27; m++) f[m] = samples[vly_kmeans_slot(i, m)];
        uint8_t expected = oracle_label(&c->model, f);
        ck_assert_int_eq(label[i], expected);
        total.count[expected]++;
        for (int m = 0; m < 27; m++) total.sum[expected][m] += f[m];
    }
    expect_tally(&got, &total);
    for (int i = COUNT; i < CAPACITY; i++) ck_assert_int_eq(label[i], VLY_OUTSIDE);
    uint64_t before = got.changed;
    vly_kernels_cpu.kmeans_assign_samples(queue, samples, COUNT, &c->model, false, label, &got);
    expect_tally(&got, &total);
    ck_assert_uint_eq(got.changed, before);
    test_guarded_free(label, CAPACITY);
    test_guarded_free(samples, 27 * CAPACITY * 2);
}

START_TEST(samples_are_labelled_like_voxels)
{
    for_all_slabs(try_samples);
}
END_TEST

START_TEST(sums_of_a_row_of_a_million_extreme_voxels_do_not_overflow)
{
    /* more steps than a lane's accumulator can hold, on every instruction set */
    enum { LONG = 1100003 };
    vly_extent data = {LONG, 3, 3};
    size_t bytes = (size_t)vly_extent_voxels(data) * 2;
    vly_region region = {data, {0, LONG, 1, 2, 1, 2}, 0};
    const vly_kmeans_model model = {.w = {1, 1, 1}};
    uint16_t *grey = malloc(bytes);
    uint8_t *label = malloc(LONG);
    vly_pool pool;
    vly_queue queue = {.pool = &pool};
    ck_assert_int_eq(vly_pool_start(&pool, 1), VLY_OK);
    for (queue.isa = VLY_ISA_PLAIN; queue.isa <= vly_isa_detect(); queue.isa++)
        for (int bright = 0; bright < 2; bright++) {
            vly_kmeans_tally tally = {0};
            memset(grey, bright ? 0xFF : 0, bytes);
            vly_kernels_cpu.kmeans_assign(&queue, grey, &region, NULL, &model, true, label, &tally);
            ck_assert_uint_eq(tally.count[VLY_PORE], LONG);
            for (int m = 0; m < 27; m++) ck_assert_uint_eq(tally.sum[VLY_PORE][m], bright ? UINT64_C(65535) * LONG : 0);
        }
    vly_pool_stop(&pool);
    free(label);
    free(grey);
}
END_TEST

/* ---- start ---- */

static void try_search(const slab_case *c, vly_queue *queue, uint64_t *state)
{
    vly_kmeans_search search = {.grey = c->grey[test_random(state) % (uint64_t)vly_extent_voxels(c->region.data)]};
    /* one end is a voxel of the slab, which the search for the middle has to pass over */
    oracle_features(search.ends[0], c, (int64_t)(test_random(state) % (uint64_t)c->voxels));
    for (int m = 0; m < 27; m++) search.ends[1][m] = (uint16_t)(test_random(state) % 65536);
    for (int kind = 0; kind < 3; kind++) { /* darkest, brightest, halfway */
        search.halfway = kind == 2;
        search.brightest = kind == 1;
        vly_kmeans_found best = VLY_KMEANS_FOUND_NONE, expected = VLY_KMEANS_FOUND_NONE;
        for (int64_t i = 0; i < c->voxels; i++) {
            uint16_t f[27];
            int64_t score = 0;
            if (!inside(c, i)) continue;
            oracle_features(f, c, i);
            for (int m = 0; m < 27; m++) {
                int64_t t = 2 * (int64_t)f[m] - search.ends[0][m] - search.ends[1][m];
                score += kind == 2 ? t * t : kind == 1 ? 65535 - f[m] : f[m];
            }
            if (kind == 2 && (memcmp(f, search.ends[0], sizeof f) == 0 || memcmp(f, search.ends[1], sizeof f) == 0))
                continue;
            if ((kind < 2 && f[0] != search.grey) || (uint64_t)score >= expected.key) continue;
            expected.key = (uint64_t)score;
            expected.index = c->region.first + i;
            memcpy(expected.f, f, sizeof f);
        }
        vly_kernels_cpu.kmeans_search(queue, c->grey, &c->region, c->mask, &search, &best);
        ck_assert_int_eq(best.index, expected.index);
        ck_assert_mem_eq(best.f, expected.f, sizeof best.f);
    }
}

START_TEST(searches_find_the_first_of_the_best_voxels)
{
    for_all_slabs(try_search);
}
END_TEST

static void try_sample(const slab_case *c, vly_queue *queue, uint64_t *state)
{
    int64_t capacity = (c->voxels + 63) / 64 * 64, expected = 0;
    uint64_t last = UINT64_MAX / 3, count = 0, seed = test_random(state), sum = 0, expected_sum = 0;
    uint16_t *samples = test_guarded((size_t)(27 * capacity * 2));
    for (int64_t i = 0; i < c->voxels; i++) {
        uint16_t f[27];
        if (!inside(c, i) || vly_hash((uint64_t)(c->region.first + i), seed) > last) continue;
        oracle_features(f, c, i);
        uint64_t code = 0;
        for (int m = 0; m < 27; m++) code = vly_hash(code ^ f[m], 7);
        expected_sum += code; /* the order is free, so the set is compared by a sum of hashes */
        expected++;
    }
    vly_kernels_cpu.kmeans_sample(queue, c->grey, &c->region, c->mask, seed, last, samples, capacity, &count);
    ck_assert_uint_eq(count, (uint64_t)expected);
    for (int64_t i = 0; i < expected; i++) {
        uint64_t code = 0;
        for (int m = 0; m < 27; m++) code = vly_hash(code ^ samples[vly_kmeans_slot(i, m)], 7);
        sum += code;
    }
    ck_assert_uint_eq(sum, expected_sum);
    test_guarded_free(samples, (size_t)(27 * capacity * 2));
}

START_TEST(the_sample_is_what_the_hash_says)
{
    for_all_slabs(try_sample);
}
END_TEST

START_TEST(a_sample_that_does_not_fit_is_counted_and_not_written)
{
    uint64_t state = 5, count = 0;
    slab_case c = make((vly_extent){40, 5, 4}, (vly_box){0, 40, 0, 5, 0, 4}, RANDOM, false, &state);
    uint16_t *samples = test_guarded(27 * 64 * 2);
    vly_pool pool;
    vly_queue queue = {.pool = &pool};
    ck_assert_int_eq(vly_pool_start(&pool, 2), VLY_OK);
    queue.isa = VLY_ISA_BASE;
    vly_kernels_cpu.kmeans_sample(&queue, c.grey, &c.region, NULL, 1, UINT64_MAX, samples, 64, &count);
    ck_assert_uint_eq(count, 800);
    test_guarded_free(samples, 27 * 64 * 2);
    vly_pool_stop(&pool);
    drop(&c);
}
END_TEST

/* ---- finish ---- */

static float ratio(float a, float b)
{
    float r = a / fmaxf(b, 1.17549435e-38f);
    return fminf(r, 3.402823466e+38f);
}

/* The pair of voxel i, and the am ratio at w. */
static vly_kmeans_pair oracle_pair(const slab_case *c, int64_t i, uint64_t seed)
{
    uint16_t f[27];
    float d[3];
    oracle_features(f, c, i);
    oracle_distances(d, &c->model, f);
    return (vly_kmeans_pair){ratio(d[VLY_AM], d[VLY_PORE]), ratio(d[VLY_CBD], d[VLY_PORE]),
                             vly_hash((uint64_t)(c->region.first + i), seed)};
}

static uint8_t oracle_finish(const vly_kmeans_cuts *cuts, vly_kmeans_pair p)
{
    float am = ratio(p.am, fminf(1.0f, cuts->w * p.cbd));
    if (am < cuts->am.ratio || (am == cuts->am.ratio && p.key < cuts->am.key)) return VLY_AM;
    if (p.cbd < cuts->cbd.ratio || (p.cbd == cuts->cbd.ratio && p.key < cuts->cbd.key)) return VLY_CBD;
    return VLY_PORE;
}

/* Cuts through the ratios of a voxel of the slab, so that some lie exactly on them. */
static vly_kmeans_cuts cuts_through(const slab_case *c, uint64_t seed, uint64_t *state)
{
    vly_kmeans_pair p = oracle_pair(c, (int64_t)(test_random(state) % (uint64_t)c->voxels), seed);
    vly_kmeans_cuts cuts = {.w = (float)(0.5 + test_uniform(state))};
    cuts.am = (vly_kmeans_cut){ratio(p.am, fminf(1.0f, cuts.w * p.cbd)), test_random(state)};
    p = oracle_pair(c, (int64_t)(test_random(state) % (uint64_t)c->voxels), seed);
    cuts.cbd = (vly_kmeans_cut){p.cbd, test_random(state)};
    return cuts;
}

static void try_finish(const slab_case *c, vly_queue *queue, uint64_t *state)
{
    uint64_t seed = test_random(state);
    vly_kmeans_cuts cuts = cuts_through(c, seed, state);
    uint8_t *label = test_guarded((size_t)c->voxels), *before = malloc((size_t)c->voxels);
    vly_kmeans_report got = {0}, expected = {0}, kept = {0};
    for (int64_t i = 0; i < c->voxels; i++)
        label[i] = before[i] = inside(c, i) ? (uint8_t)(test_random(state) % 3) : VLY_OUTSIDE;
    vly_kernels_cpu.kmeans_finish(queue, c->grey, &c->region, c->mask, &c->model, &cuts, seed, label, &got);
    for (int64_t i = 0; i < c->voxels; i++) {
        uint16_t f[27];
        uint8_t now = inside(c, i) ? oracle_finish(&cuts, oracle_pair(c, i, seed)) : VLY_OUTSIDE;
        ck_assert_int_eq(label[i], now);
        expected.relabelled += now != before[i];
        if (now == VLY_OUTSIDE) continue;
        oracle_features(f, c, i);
        expected.count[now]++;
        expected.dark_am += now == VLY_AM && (float)f[0] < c->model.mu[VLY_CBD][0];
        expected.bright_pore += now == VLY_PORE && (float)f[0] > c->model.mu[VLY_CBD][0];
    }
    test_equal_u64((uint64_t *)&got, (uint64_t *)&expected, sizeof got / 8, "report");
    memcpy(before, label, (size_t)c->voxels);
    vly_kernels_cpu.kmeans_finish(queue, c->grey, &c->region, c->mask, &c->model, NULL, seed, label, &kept);
    test_equal_u8(label, before, c->voxels, "kept labels");
    expected.relabelled = 0;
    test_equal_u64((uint64_t *)&kept, (uint64_t *)&expected, sizeof got / 8, "report of kept labels");
    free(before);
    test_guarded_free(label, (size_t)c->voxels);
}

START_TEST(the_finish_labels_by_ratio_and_hash)
{
    for_all_slabs(try_finish);
}
END_TEST

static vly_kmeans_cut lower(vly_kmeans_cut a, vly_kmeans_cut b)
{
    return a.ratio < b.ratio || (a.ratio == b.ratio && a.key < b.key) ? a : b;
}

static void try_gather(const slab_case *c, vly_queue *queue, uint64_t *state)
{
    uint64_t seed = test_random(state), last = test_random(state) | UINT64_C(1) << 63, listed = 0, again = 0;
    vly_kmeans_cuts a = cuts_through(c, seed, state), b = cuts_through(c, seed, state);
    vly_kmeans_box box = {.w_low = fminf(a.w, b.w), .w_high = fmaxf(a.w, b.w)};
    box.am_low = lower(a.am, b.am);
    box.am_high = box.am_low.key == a.am.key ? b.am : a.am;
    box.cbd_low = lower(a.cbd, b.cbd);
    box.cbd_high = box.cbd_low.key == a.cbd.key ? b.cbd : a.cbd;
    uint64_t decided[3] = {0}, expected[3] = {0}, open = 0, sum = 0, expected_sum = 0;
    vly_kmeans_pair *list = test_guarded((size_t)c->voxels * sizeof *list);
    vly_kernels_cpu.kmeans_gather(queue, c->grey, &c->region, c->mask, &c->model, &box, seed, last, decided, list,
                                  c->voxels, &listed);
    for (int64_t i = 0; i < c->voxels; i++) {
        if (!inside(c, i)) continue;
        vly_kmeans_pair p = oracle_pair(c, i, seed);
        /* the four corners that pull hardest to either side */
        vly_kmeans_cuts most = {box.w_low, box.am_low, box.cbd_low}, least = {box.w_high, box.am_high, box.cbd_low},
                        pore = {box.w_high, box.am_high, box.cbd_high};
        uint8_t first = oracle_finish(&most, p), second = oracle_finish(&least, p), third = oracle_finish(&pore, p);
        if (first == VLY_AM)
            expected[VLY_AM]++;
        else if (second != VLY_AM && second == third)
            expected[second]++;
        else if (vly_hash(p.key, seed) <= last) {
            open++;
            expected_sum += p.key;
        }
    }
    test_equal_u64(decided, expected, 3, "decided");
    ck_assert_uint_eq(listed, open);
    for (uint64_t i = 0; i < listed; i++) sum += list[i].key;
    ck_assert_uint_eq(sum, expected_sum);
    test_guarded_free(list, (size_t)c->voxels * sizeof *list);
    if (open < 2) return;
    list = test_guarded(sizeof *list); /* a list too short is counted through, and not overrun */
    vly_kernels_cpu.kmeans_gather(queue, c->grey, &c->region, c->mask, &c->model, &box, seed, last, decided, list, 1,
                                  &again);
    ck_assert_uint_eq(again, open);
    test_guarded_free(list, sizeof *list);
}

START_TEST(gathering_lists_what_a_box_of_cuts_leaves_open)
{
    for_all_slabs(try_gather);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kmeans kernels");
    TEST_CASE(suite, labels_and_sums_equal_the_oracle);
    TEST_CASE(suite, samples_are_labelled_like_voxels);
    TEST_CASE(suite, sums_of_a_row_of_a_million_extreme_voxels_do_not_overflow);
    TEST_CASE(suite, searches_find_the_first_of_the_best_voxels);
    TEST_CASE(suite, the_sample_is_what_the_hash_says);
    TEST_CASE(suite, a_sample_that_does_not_fit_is_counted_and_not_written);
    TEST_CASE(suite, the_finish_labels_by_ratio_and_hash);
    TEST_CASE(suite, gathering_lists_what_a_box_of_cuts_leaves_open);
    return test_run(suite);
}
