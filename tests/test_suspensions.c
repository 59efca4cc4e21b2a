/* Recipes in a study: what is refused and where, and that they survive being written down. */
#include "run_study_cpu.h"

#include "study/study_impl.h"

#define RECIPE "{active_material: 93.5, carbon_black: 2.0, graphite: 1.0, binder: 3.5}"
#define FRAME "version: 1\nsuspensions:\n  A: " RECIPE "\n  B: {active_material: 90, binder: 10.05}\n"

static void refuses(const char *text, const char *part)
{
    vly_study *study;
    const int64_t before = vly_memory_held();
    test_fails(vly_study_read(&study, put("study.yaml", text), NULL), VLY_EUSAGE, part);
    ck_assert_int_eq(vly_memory_held(), before);
}

static vly_study *understand(const char *text)
{
    vly_study *study;
    ck_assert_msg(vly_study_read(&study, put("study.yaml", text), NULL) == VLY_OK, "%s", vly_error_message());
    return study;
}

/* ---- what is refused ---- */

START_TEST(recipes_that_make_no_sense_are_refused_where_they_stand)
{
    static const char *const rows[][2] = {
        {"[A]", "study.yaml:2:1: suspensions: names with their recipes"},
        {"A", "study.yaml:2:1: suspensions: names with their recipes"},
        {"\n  A: 93.5", "study.yaml:3:3: suspension A: wt% of its solids expected"},
        {"\n  A/1: " RECIPE, "study.yaml:3:3: suspensions: names of up to 64 letters"},
        {"\n  A: " RECIPE "\n  A: " RECIPE, "study.yaml:4:3: A is here for the second time"},
        {"\n  A:\n    grafite: 1", "study.yaml:4:5: suspension A: grafite: no such key, did you mean graphite?"},
        {"\n  A:\n    pvdf: 1", "study.yaml:4:5: suspension A: pvdf: no such key"},
        {"\n  A:\n    binder: -1", "study.yaml:4:5: suspension A: binder: wt% of the solids, 0 to 100"},
        {"\n  A:\n    binder: 3.5 %", "study.yaml:4:5: suspension A: binder: wt%"},
        {"\n  A:\n    binder: [3]", "study.yaml:4:5: suspension A: binder: wt%"},
        {"\n  A:\n    binder: nan", "study.yaml:4:5: suspension A: binder: wt%"},
        {"\n  A:\n    mixer: [a, b]", "study.yaml:4:5: mixer: a name"},
        {"\n  A: {active_material: 93.5, binder: 6.4}", "study.yaml:3:3: suspension A: 99.9 wt% in all, 100 expected"},
        {"\n  A: {active_material: 93.5, binder: 6.56}", "study.yaml:3:3: suspension A: 100.06 wt% in all"},
        {"\n  A: {binder: 100}", "study.yaml:3:3: suspension A: active_material is missing"},
        {"\n  A: {}", "study.yaml:3:3: suspension A: 0 wt% in all"},
    };
    char text[900];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(text, sizeof text, "version: 1\nsuspensions: %s\ninput: a.tif\n", rows[i][0]);
        refuses(text, rows[i][1]);
    }
    strcpy(text, "version: 1\ninput: a.tif\nsuspensions:\n");
    for (int i = 0; i < 9; i++) sprintf(text + strlen(text), "  s%d: {active_material: 100}\n", i);
    refuses(text, "study.yaml:12:3: suspensions: at most 8");
}
END_TEST

START_TEST(samples_of_no_such_suspension_are_refused_where_they_stand)
{
    static const char *const rows[][2] = {
        {"suspensions: [A, C]", "study.yaml:5:35: suspensions: C is none of the study's, A B expected"},
        {"suspensions: a", "study.yaml:5:18: suspensions: a is none of the study's, A B expected"},
        {"suspensions: {A: 1}", "study.yaml:5:18: suspensions: names of the study's expected"},
        {"suspensions: []", "study.yaml:5:18: suspensions: names of the study's expected"},
        {"suspensions: [[A]]", "study.yaml:5:32: suspensions: names of the study's expected"},
        {"suspensions: [A, A, A, A, A, A, A, A, B]", "study.yaml:5:56: suspensions: at most 8 layers"},
        {"density: 0", "study.yaml:5:18: density: g/cm3 of the dry electrode, above 0 and up to 23, expected"},
        {"density: 3100", "study.yaml:5:18: density: g/cm3"},
        {"density: 3.1 g/cm3", "study.yaml:5:18: density: g/cm3"},
        {"density: [3.1]", "study.yaml:5:18: density: g/cm3"},
        {"densty: 3.1", "study.yaml:5:18: densty: no such key, did you mean density?"},
    };
    char text[900];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(text, sizeof text, FRAME "input: {grey: a, %s}\n", rows[i][0]);
        refuses(text, rows[i][1]);
    }
    refuses("version: 1\ninput: {grey: a, suspensions: A}\n",
            "study.yaml:2:18: suspensions: A is none of the study's, `suspensions` at its top level expected");
    refuses("version: 1\ninput: a\ndensity: 3.1\n", "study.yaml:3:1: density: no such key");
}
END_TEST

/* ---- what is understood ---- */

START_TEST(recipes_are_the_same_when_the_study_is_written_down)
{
    const char *text = FRAME "  thick-2: {active_material: 100, mixer: \"a \\\"b\\\", c\"}\nsamples:\n"
                             "  - {name: x, grey: x.tif, suspensions: [B, A], density: 3.1}\n"
                             "  - {name: y, grey: y.tif, suspensions: thick-2}\n  - {name: z, grey: z.tif}\n";
    char *resolved, *twice;
    vly_study *study = understand(text), *again;
    ck_assert_int_eq(vly_study_text(&resolved, study), VLY_OK);
    vly_study_free(study);
    again = understand(resolved);
    const vly_suspensions *all = &again->suspensions;
    ck_assert_int_eq(all->count, 3);
    ck_assert(all->at[0].shares[0] == 93.5 && all->at[0].shares[1] == 2.0 && all->at[0].shares[2] == 1.0 &&
              all->at[0].shares[3] == 3.5 && all->at[1].shares[2] == 0.0);
    ck_assert_ptr_null(all->at[0].mixer);
    ck_assert_str_eq(all->at[2].mixer, "a \"b\", c");
    const vly_coating *x = &again->samples[0].coating, *y = &again->samples[1].coating, *z = &again->samples[2].coating;
    ck_assert(x->count == 2 && x->layers[0] == &all->at[1] && x->layers[1] == &all->at[0] && x->density == 3.1);
    ck_assert(y->count == 1 && y->layers[0] == &all->at[2] && y->density == 0.0);
    ck_assert(z->count == 0 && z->density == 0.0);
    ck_assert_int_eq(vly_study_text(&twice, again), VLY_OK);
    ck_assert_str_eq(resolved, twice);
    vly_free(resolved);
    vly_free(twice);
    vly_study_free(again);
}
END_TEST

int main(void)
{
    work_in_memory();
    Suite *suite = suite_create("suspensions");
    TEST_CASE(suite, recipes_that_make_no_sense_are_refused_where_they_stand);
    TEST_CASE(suite, samples_of_no_such_suspension_are_refused_where_they_stand);
    TEST_CASE(suite, recipes_are_the_same_when_the_study_is_written_down);
    return test_run(suite);
}
