/* Lloyd passes, searches and the sample against a naive oracle: every instruction set, several thread counts, masks, halos
 * and borders. */
#include "kmeans_slabs.h"

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
    if (test_small()) return; /* one thread, on the CPU under any device */
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

int main(void)
{
    Suite *suite = suite_create("kmeans kernels");
    TEST_CASE(suite, labels_and_sums_equal_the_oracle);
    TEST_CASE(suite, samples_are_labelled_like_voxels);
    TEST_CASE(suite, sums_of_a_row_of_a_million_extreme_voxels_do_not_overflow);
    TEST_CASE(suite, searches_find_the_first_of_the_best_voxels);
    TEST_CASE(suite, the_sample_is_what_the_hash_says);
    TEST_CASE(suite, a_sample_that_does_not_fit_is_counted_and_not_written);
    return test_run(suite);
}
