/* Agreement of label volumes against counting pair by pair, and the closed forms of independent labels. */
#include "support.h"

#include "voxelyte/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct volumes {
    vly_extent e;
    int32_t count;
    uint8_t *labels[VLY_COMPARE_MAX];
    vly_source *sources[VLY_COMPARE_MAX];
} volumes;

/* Independent labels with the paper's fractions; a few voxels outside if `holes`. */
static volumes make(vly_extent e, int32_t count, bool holes, uint64_t seed)
{
    volumes v = {.e = e, .count = count};
    for (int32_t k = 0; k < count; k++) {
        int64_t n = vly_extent_voxels(e);
        v.labels[k] = malloc((size_t)n);
        for (int64_t i = 0; i < n; i++) {
            double u = test_uniform(&seed);
            v.labels[k][i] = u < 0.5954 ? VLY_AM : u < 0.5954 + 0.2308 ? VLY_CBD : VLY_PORE;
            if (holes && test_random(&seed) % 50 == 0) v.labels[k][i] = VLY_OUTSIDE;
        }
        ck_assert_int_eq(vly_source_memory(&v.sources[k], v.labels[k], VLY_U8, e, NULL), VLY_OK);
    }
    return v;
}

static void drop(volumes *v)
{
    for (int32_t k = 0; k < v->count; k++) {
        vly_source_close(v->sources[k]);
        free(v->labels[k]);
    }
}

static void check_pair(const volumes *v, const vly_compare_result *r, int32_t a, int32_t b)
{
    int64_t confusion[3][3] = {{0}}, voxels = 0;
    for (int64_t i = 0; i < vly_extent_voxels(v->e); i++) {
        bool outside = false;
        for (int32_t k = 0; k < v->count; k++) outside |= v->labels[k][i] == VLY_OUTSIDE;
        if (outside) continue;
        confusion[v->labels[a][i]][v->labels[b][i]]++;
        voxels++;
    }
    ck_assert_int_eq(r->voxels, voxels);
    for (int l = 0; l < 3; l++)
        for (int m = 0; m < 3; m++) ck_assert_int_eq(r->confusion[a][b][l][m], confusion[l][m]);
    for (int l = 0; l < 3; l++) {
        int64_t both = confusion[l][l], row = 0, column = 0;
        for (int m = 0; m < 3; m++) row += confusion[l][m], column += confusion[m][l];
        ck_assert(r->jaccard[l][a][b] == (double)both / (double)(row + column - both));
    }
    ck_assert(r->equal[a][b] == (double)(confusion[0][0] + confusion[1][1] + confusion[2][2]) / (double)voxels);
}

START_TEST(every_pair_equals_its_own_count)
{
    vly_extent extents[] = {{1, 1, 1}, {33, 7, 1}, {61, 43, 29}};
    vly_compare_result *r = malloc(sizeof *r);
    vly_device *device = test_device(2, 0);
    for (size_t i = 0; i < 3; i++)
        for (int32_t count = 2; count <= VLY_COMPARE_MAX; count += 5) {
            volumes v = make(extents[i], count, i == 2, 17 + i);
            ck_assert_msg(vly_compare(r, device, v.sources, count) == VLY_OK, "%s", vly_error_message());
            if (i == 2)
                for (int32_t a = 0; a < count; a++)
                    for (int32_t b = 0; b < count; b++) check_pair(&v, r, a, b);
            drop(&v);
        }
    vly_device_close(device);
    free(r);
}
END_TEST

START_TEST(independent_labels_agree_as_chance_has_it)
{
    /* spec 10: p / (2 - p) and the sum of squares; 1e6 voxels, +- 0.002 */
    volumes v = make((vly_extent){100, 100, 100}, 2, false, 5);
    vly_compare_result *r = malloc(sizeof *r);
    vly_device *device = test_device(2, 0);
    ck_assert_int_eq(vly_compare(r, device, v.sources, 2), VLY_OK);
    ck_assert(fabs(r->equal[0][1] - 0.43798) < 0.002);
    ck_assert(fabs(r->jaccard[VLY_AM][0][1] - 0.42389) < 0.002);
    ck_assert(fabs(r->jaccard[VLY_CBD][0][1] - 0.13045) < 0.002);
    ck_assert(fabs(r->jaccard[VLY_PORE][0][1] - 0.09517) < 0.002);
    ck_assert(r->equal[0][0] == 1.0 && r->jaccard[VLY_CBD][1][1] == 1.0);
    ck_assert(r->equal[0][1] == r->equal[1][0]);
    vly_device_close(device);
    drop(&v);
    free(r);
}
END_TEST

START_TEST(a_phase_in_neither_volume_has_no_jaccard)
{
    uint8_t a[8] = {1, 1, 1, 1, 0, 0, 0, 0}, b[8] = {1, 1, 0, 1, 0, 0, 0, 1};
    vly_extent e = {2, 2, 2};
    vly_source *sources[2];
    vly_compare_result *r = malloc(sizeof *r);
    vly_device *device = test_device(1, 0);
    ck_assert_int_eq(vly_source_memory(&sources[0], a, VLY_U8, e, NULL), VLY_OK);
    ck_assert_int_eq(vly_source_memory(&sources[1], b, VLY_U8, e, NULL), VLY_OK);
    ck_assert_int_eq(vly_compare(r, device, sources, 2), VLY_OK);
    ck_assert(isnan(r->jaccard[VLY_CBD][0][1]));
    ck_assert(r->equal[0][1] == 0.75);
    for (int k = 0; k < 2; k++) vly_source_close(sources[k]);
    vly_device_close(device);
    free(r);
}
END_TEST

/* Counts every voxel's votes again, and looks at what the volume says of it. */
static void check_votes(const volumes *v, const vly_disagreement *r, const uint8_t *dissent)
{
    vly_disagreement own = {.count = v->count};
    int64_t wrong = 0;
    for (int64_t i = 0; i < vly_extent_voxels(v->e); i++) {
        int votes[3] = {0}, most = 0, labels = 0;
        bool outside = false;
        for (int32_t k = 0; k < v->count; k++) {
            outside |= v->labels[k][i] == VLY_OUTSIDE;
            if (!outside) votes[v->labels[k][i]]++;
        }
        for (int l = 0; l < 3; l++) most = votes[l] > most ? votes[l] : most, labels += votes[l] > 0;
        wrong += dissent[i] != (outside ? VLY_OUTSIDE : v->count - most);
        own.outside += outside;
        if (outside) continue;
        own.voxels++;
        own.dissenting[v->count - most]++;
        own.distinct[labels]++;
        for (int l = 0; l < 3; l++) own.called[l][votes[l]]++;
    }
    ck_assert_int_eq(wrong, 0);
    ck_assert_int_eq(memcmp(&own, r, sizeof own), 0);
}

START_TEST(dissent_is_what_is_left_of_the_commonest_label)
{
    vly_extent extents[] = {{1, 1, 1}, {33, 7, 1}, {41, 23, 19}};
    vly_device *device = test_device(2, 0);
    for (size_t i = 0; i < 3; i++)
        for (int32_t count = 2; count <= VLY_COMPARE_MAX; count += 5) {
            volumes v = make(extents[i], count, i == 2, 3 + i);
            vly_disagreement r;
            vly_sink *sink;
            uint8_t *dissent = malloc((size_t)vly_extent_voxels(v.e));
            ck_assert_int_eq(vly_sink_memory(&sink, dissent, VLY_U8, v.e), VLY_OK);
            ck_assert_msg(vly_disagree(&r, device, v.sources, count, sink) == VLY_OK, "%s", vly_error_message());
            ck_assert_int_eq(vly_sink_finish(sink), VLY_OK);
            check_votes(&v, &r, dissent);
            ck_assert_int_eq(vly_disagree(&r, device, v.sources, count, NULL), VLY_OK);
            check_votes(&v, &r, dissent);
            vly_sink_close(sink);
            free(dissent);
            drop(&v);
        }
    vly_device_close(device);
}
END_TEST

START_TEST(unlike_extents_and_disjoint_regions_are_refused)
{
    volumes v = make((vly_extent){4, 4, 4}, 2, false, 1), w = make((vly_extent){4, 4, 5}, 2, false, 1);
    vly_compare_result *r = malloc(sizeof *r);
    vly_device *device = test_device(1, 0);
    vly_source *mixed[2] = {v.sources[0], w.sources[0]};
    test_fails(vly_compare(r, device, mixed, 2), VLY_EDATA, "E_DIM");
    test_fails(vly_compare(r, device, v.sources, 1), VLY_EUSAGE, "2 to 12");
    vly_disagreement d;
    test_fails(vly_disagree(&d, device, mixed, 2, NULL), VLY_EDATA, "E_DIM");
    for (int i = 0; i < 64; i++) v.labels[i & 1][i] = VLY_OUTSIDE;
    test_fails(vly_compare(r, device, v.sources, 2), VLY_EDATA, "E_ROI");
    test_fails(vly_disagree(&d, device, v.sources, 2, NULL), VLY_EDATA, "E_ROI");
    vly_device_close(device);
    drop(&v);
    drop(&w);
    free(r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("compare");
    TEST_CASE(suite, every_pair_equals_its_own_count);
    TEST_CASE(suite, independent_labels_agree_as_chance_has_it);
    TEST_CASE(suite, a_phase_in_neither_volume_has_no_jaccard);
    TEST_CASE(suite, dissent_is_what_is_left_of_the_commonest_label);
    TEST_CASE(suite, unlike_extents_and_disjoint_regions_are_refused);
    return test_run(suite);
}
