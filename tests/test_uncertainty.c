/* The variance split by closed forms, and the table that is made of a summary. */
#include "support.h"

#include "core/file.h"
#include "study/uncertainty.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { UNITS = 5, WAYS = 4, VALUES = UNITS * WAYS };

static const int32_t sample[UNITS] = {0, 0, 0, 1, 1}; /* three cut-outs and two: proportional, not balanced */

static vly_variance split(const double values[VALUES])
{
    vly_variance v;
    ck_assert_int_eq(vly_variance_split(&v, values, sample, UNITS, WAYS), VLY_OK);
    return v;
}

static void check_shares(const vly_variance *v, const double sums[VLY_VARIANCE_PARTS])
{
    double total = 0;
    for (int p = 0; p < VLY_VARIANCE_PARTS; p++) total += sums[p];
    for (int p = 0; p < VLY_VARIANCE_PARTS; p++)
        ck_assert_msg(fabs(v->share[p] - sums[p] / total) < 1e-13, "%s: %.17g, %.17g expected",
                      vly_variance_part_name((vly_variance_part)p), v->share[p], sums[p] / total);
}

START_TEST(effects_that_add_up_are_told_apart)
{
    /* deviations with zero mean over the values, so that each sum of squares is that of its own numbers */
    static const double way[WAYS] = {3, -1, -2.5, 0.5}, of_sample[2] = {2, -3};
    static const double unit[UNITS] = {1, -0.25, -0.75, 0.5, -0.5};
    double values[VALUES], sums[VLY_VARIANCE_PARTS] = {0};
    for (int u = 0; u < UNITS; u++)
        for (int t = 0; t < WAYS; t++) {
            values[u * WAYS + t] = 10 + way[t] + of_sample[sample[u]] + unit[u];
            sums[VLY_BY_TRINARISATION] += way[t] * way[t];
            sums[VLY_BY_CUTOUT] += unit[u] * unit[u];
            sums[VLY_BY_SAMPLE] += of_sample[sample[u]] * of_sample[sample[u]];
        }
    vly_variance v = split(values);
    check_shares(&v, sums);
    ck_assert(fabs(v.mean - 10) < 1e-13);
    ck_assert(fabs(v.sd - sqrt((sums[0] + sums[1] + sums[2]) / (VALUES - 1))) < 1e-13);
    ck_assert(fabs(v.trinarisations.low - 7.5) < 1e-13 && fabs(v.trinarisations.high - 13) < 1e-13);
    ck_assert(fabs(v.cutouts.low - 9.25) < 1e-13 && fabs(v.cutouts.high - 11) < 1e-13);
    ck_assert(fabs(v.samples.low - 7) < 1e-13 && fabs(v.samples.high - 12) < 1e-13);
    ck_assert(v.all.low == 10 - 2.5 - 3 - 0.5 && v.all.high == 10 + 3 + 2 + 1);
    ck_assert_int_eq(vly_variance_largest(&v), VLY_BY_SAMPLE); /* 6 per value against 3.9 and 0.4 */
}
END_TEST

START_TEST(what_only_combinations_do_is_of_no_one_effect)
{
    static const double way[WAYS] = {1, -1, 2, -2}, of_sample[2] = {2, -3}, unit[UNITS] = {1, 1, -2, 1, -1};
    double values[VALUES], sums[VLY_VARIANCE_PARTS] = {0};
    for (int u = 0; u < UNITS; u++)
        for (int t = 0; t < WAYS; t++) {
            const double both = way[t] * of_sample[sample[u]], rest = 0.5 * way[t] * unit[u];
            values[u * WAYS + t] = both + rest;
            sums[VLY_BY_SAMPLE_TRINARISATION] += both * both;
            sums[VLY_BY_REST] += rest * rest;
        }
    vly_variance v = split(values);
    check_shares(&v, sums);
}
END_TEST

START_TEST(shares_of_anything_add_up_to_one)
{
    uint64_t state = 5;
    for (int trial = 0; trial < 50; trial++) {
        double values[VALUES], sum = 0;
        for (int i = 0; i < VALUES; i++) values[i] = 1e6 + test_normal(&state);
        vly_variance v = split(values);
        for (int p = 0; p < VLY_VARIANCE_PARTS; p++) sum += v.share[p];
        ck_assert(fabs(sum - 1) < 1e-9); /* 1e-16 x 1e6 in deviations of 1, and their products */
    }
}
END_TEST

START_TEST(equal_values_have_nothing_to_explain)
{
    double values[VALUES];
    for (int i = 0; i < VALUES; i++) values[i] = 0.1 * 3; /* with last digits that sums round */
    vly_variance v = split(values);
    for (int p = 0; p < VLY_VARIANCE_PARTS; p++) ck_assert(isnan(v.share[p]));
    ck_assert_int_eq(vly_variance_largest(&v), VLY_VARIANCE_PARTS);
}
END_TEST

/* ---- the table ---- */

static const char header[] = "sample,cutout,trinarisation,phase,quantity,value,unit,flag\n";

static vly_uncertainty table_of(const char *rows)
{
    vly_uncertainty u;
    char text[4096];
    snprintf(text, sizeof text, "%s%s", header, rows);
    ck_assert_int_eq(vly_file_publish_text(test_path("summary.csv"), text, true), VLY_OK);
    ck_assert_msg(vly_uncertainty_read(&u, test_path("summary.csv")) == VLY_OK, "%s", vly_error_message());
    return u;
}

static const vly_uncertain *line_of(const vly_uncertainty *u, const char *of, const char *phase, const char *quantity)
{
    for (int32_t i = 0; i < u->count; i++)
        if ((of ? u->lines[i].sample && strcmp(u->lines[i].sample, of) == 0 : !u->lines[i].sample) &&
            strcmp(u->lines[i].phase, phase) == 0 && strcmp(u->lines[i].quantity, quantity) == 0)
            return &u->lines[i];
    return NULL;
}

START_TEST(cutouts_stand_for_their_sample_and_means_for_none)
{
    static const char rows[] = "thick,all,threshold,am,volume_fraction,0.6,1,\n"
                               "thick,all,threshold,am,voxels,600,voxel,\n"
                               "thick,all,kmeans,am,volume_fraction,0.6,1,\n"
                               "thick,0:5 0:9 0:9,threshold,am,volume_fraction,0.5,1,\n"
                               "thick,5:9 0:9 0:9,threshold,am,volume_fraction,0.7,1,\n"
                               "thick,mean,threshold,am,r_max_um,9,um,\n"
                               "thick,0:5 0:9 0:9,threshold,am,r_max_um,1,um,\n"
                               "thick,5:9 0:9 0:9,threshold,am,r_max_um,3,um,\n"
                               "thick,0:5 0:9 0:9,kmeans,am,r_max_um,2,um,coarse\n"
                               "thick,5:9 0:9 0:9,kmeans,am,r_max_um,4,um,\n"
                               "thick,5:9 0:9 0:9,edx-closing,am,r_max_um,100,um,\n"
                               "thick,0:5 0:9 0:9,edx-closing,am,r_max_um,,um,undefined\n"
                               "thick,all,threshold+kmeans,,equal_fraction,0.9,1,\n"
                               "thin,all,threshold,am,volume_fraction,0.6,1,\n"
                               "thin,all,threshold,am,r_max_um,5,um,\n"
                               "thin,all,kmeans,am,r_max_um,6,um,\n"
                               "thin,all,kmeans,am,r_max_um_not,6,um,\n";
    vly_uncertainty u = table_of(rows);
    const vly_uncertain *thick = line_of(&u, "thick", "am", "r_max_um"), *all = line_of(&u, NULL, "am", "r_max_um");
    ck_assert_ptr_nonnull(thick);
    ck_assert_int_eq(thick->ways, 2);
    ck_assert_int_eq(thick->cutouts, 2);
    ck_assert_int_eq(thick->samples, 1);
    ck_assert_int_eq(thick->left_out, 1);
    ck_assert(thick->variance.mean == 2.5);
    ck_assert(thick->variance.share[VLY_BY_TRINARISATION] == 0.2 && thick->variance.share[VLY_BY_CUTOUT] == 0.8);
    ck_assert_int_eq(all->cutouts, 3);
    ck_assert_int_eq(all->samples, 2);
    ck_assert(fabs(all->variance.mean - 3.5) < 1e-15);
    ck_assert(all->variance.samples.low == 2.5 && all->variance.samples.high == 5.5);
    const vly_uncertain *fraction = line_of(&u, "thick", "am", "volume_fraction");
    ck_assert_int_eq(fraction->ways, 1);
    ck_assert(fraction->variance.all.low == 0.5 && fraction->variance.all.high == 0.7);
    ck_assert_ptr_null(line_of(&u, "thick", "am", "voxels"));
    ck_assert_ptr_null(line_of(&u, "thick", "", "equal_fraction"));
    ck_assert_ptr_null(line_of(&u, "thin", "am", "r_max_um_not"));
    ck_assert_ptr_null(line_of(&u, "thin", "am", "volume_fraction"));
    ck_assert_int_eq(vly_uncertainty_write(&u, test_folder()), VLY_OK);
    char *text;
    ck_assert_int_eq(vly_file_text(&text, test_path("uncertainty.csv"), 1 << 20), VLY_OK);
    ck_assert_ptr_nonnull(strstr(text, "\nthick,am,r_max_um,um,2,2,1,1,2.5,1.2909944487358056,1,4,2,3,1.5,3.5,,,"
                                       "0.2,0.8,0,0,0,cutout\n"));
    vly_free(text);
    vly_uncertainty_free(&u);
}
END_TEST

START_TEST(no_summary_is_an_empty_table_and_a_strange_one_an_error)
{
    vly_uncertainty u;
    ck_assert_int_eq(vly_uncertainty_read(&u, test_path("nothing.csv")), VLY_OK);
    ck_assert_int_eq(u.count, 0);
    vly_uncertainty_free(&u);
    u = table_of("");
    ck_assert_int_eq(u.count, 0);
    vly_uncertainty_free(&u);
    ck_assert_int_eq(vly_file_publish_text(test_path("summary.csv"), "a,b\n1,2\n", true), VLY_OK);
    test_fails(vly_uncertainty_read(&u, test_path("summary.csv")), VLY_EDATA, ":2: 2 fields");
    ck_assert_int_eq(vly_file_publish_text(test_path("summary.csv"), "a\ns,all,kmeans,am,x,many,1,\n", true), VLY_OK);
    test_fails(vly_uncertainty_read(&u, test_path("summary.csv")), VLY_EDATA, ":2: a number expected, many found");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("uncertainty");
    TEST_CASE(suite, effects_that_add_up_are_told_apart);
    TEST_CASE(suite, what_only_combinations_do_is_of_no_one_effect);
    TEST_CASE(suite, shares_of_anything_add_up_to_one);
    TEST_CASE(suite, equal_values_have_nothing_to_explain);
    TEST_CASE(suite, cutouts_stand_for_their_sample_and_means_for_none);
    TEST_CASE(suite, no_summary_is_an_empty_table_and_a_strange_one_an_error);
    return test_run(suite);
}
