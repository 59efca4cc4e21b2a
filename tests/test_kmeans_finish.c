/* The kernels of the exact finish against a naive oracle. */
#include "kmeans_slabs.h"

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
    Suite *suite = suite_create("kmeans finish");
    TEST_CASE(suite, the_finish_labels_by_ratio_and_hash);
    TEST_CASE(suite, gathering_lists_what_a_box_of_cuts_leaves_open);
    return test_run(suite);
}
