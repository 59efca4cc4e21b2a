/* The shipped study of the whole paper, cut down to what a test has time for: every piece, every section, and a report that
 * needs nothing but itself and the files beside it. */
#define test_device(threads, limit) test_cpu(threads) /* whole marches: other subjects emulate their kernels */
#include "run_study.h"

#include "markup.h"

/* Short curves in a thin column. The networks learn from all of the fine labels, wherever the window lies. */
static const char *const smaller[][2] = {
    {"window", "16:64,16:64,0:24"},
    {"crop", "6"},
    {"coarsen", "4"},
    {"impedance-crop", "10"},
    {"time-tolerance", "0.02"},
    {"simulations", "4"},
    {"separator-layers", "4"},
    {"epochs", "2"},
    {"far-field", "no"},
    {"subsample", "4000"},
    {"evaluations", "40"},
    {"frequencies", "1,10000"},
    {"per-decade", "3"},
    {"quantities", "surface,sizes,tortuosity"},
    {"estimate", "no"},
    {"direction", "z"},
    {"tolerance", "0.001"},
};

static const char *shipped(const char *name)
{
    static char path[1024];
    const char *root = getenv("VLY_SOURCE_DIR");
    snprintf(path, sizeof path, "%s/samples/%s", root ? root : "..", name);
    return path;
}

static void run_small(vly_study_result *result, const char *folder)
{
    vly_settings *given = malloc(sizeof *given);
    vly_study_options options = {.given = given, .command = "test"};
    vly_device *device = test_device(0, 0);
    vly_settings_defaults(given);
    for (size_t i = 0; i < sizeof smaller / sizeof *smaller; i++)
        ck_assert_msg(vly_settings_set(given, "run", smaller[i][0], smaller[i][1], "test") == VLY_OK, "%s",
                      vly_error_message());
    vly_status status = vly_study_run(result, device, shipped("paper_quick.yaml"), folder, &options);
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
    vly_device_close(device);
    free(given);
}

static int pieces_of(const vly_study_result *result, const char *kind)
{
    int count = 0;
    for (int32_t i = 0; i < result->count; i++) {
        const char *at = strchr(result->pieces[i].name, '.');
        const size_t length = strlen(kind);
        count += at && strncmp(at + 1, kind, length) == 0 && (at[length + 1] == '.' || at[length + 1] == 0);
    }
    return count;
}

/* Every href names a file or folder beside the page, or a place on it. */
static void check_links(const char *page, const char *folder)
{
    static const char key[] = "href=\"";
    int files = 0;
    for (const char *at = strstr(page, key); at; at = strstr(at + 1, key)) {
        char link[400], path[600];
        const char *target = at + strlen(key);
        snprintf(link, sizeof link, "%.*s", (int)strcspn(target, "\""), target);
        if (strncmp(link, "data:", 5) == 0) continue;
        if (link[0] == '#') {
            snprintf(path, sizeof path, "id=\"%s\"", link + 1);
            ck_assert_msg(strstr(page, path) != NULL, "%s leads nowhere", link);
            continue;
        }
        ck_assert_msg(strncmp(link, "./", 2) == 0, "%s is not beside the page", link);
        snprintf(path, sizeof path, "%s/%s", folder, link + 2);
        ck_assert_msg(vly_path_exists(path) || vly_path_is_folder(path), "%s is missing", link);
        files++;
    }
    ck_assert_int_gt(files, 20);
}

static char *read_page(const char *folder)
{
    static char page[6 << 20];
    FILE *file = fopen(below(folder, "report.html"), "r");
    ck_assert_ptr_nonnull(file);
    page[fread(page, 1, sizeof page - 1, file)] = 0;
    fclose(file);
    return page;
}

static void check_page(const char *page)
{
    static const char *const sections[] = {
        "inputs",       "blocks",   "suspensions", "slices",  "histogram",   "fractions",   "agreement",
        "disagreement", "truth",    "kmeans",      "network", "edx",         "descriptors", "curves",
        "transport",    "lithiate", "impedance",   "fit",     "uncertainty", "differences", "provenance"};
    static const char *const outside[] = {"http://", "https://", "url(", "@import", "<script", "<iframe", "<link"};
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        char id[60];
        snprintf(id, sizeof id, "<section id=\"%s\">", sections[i]);
        ck_assert_msg(markup_count(page, id) == 1, "%s is missing", id);
    }
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
        for (const char *at = strstr(page, outside[i]); at; at = strstr(at + 1, outside[i]))
            ck_assert_msg(strncmp(at, "http://www.w3.org/2000/svg\"", 27) == 0, "%.60s", at);
    ck_assert_int_lt((int)strlen(page), 5 << 20);
    ck_assert_int_eq(markup_count(page, "<figure>"), markup_count(page, "<figcaption>"));
    ck_assert_int_eq(markup_count(page, "<figure>"), markup_count(page, "<span class=\"data\">Data: ") - 2 -
                                                         (strstr(page, "Table 3") != NULL)); /* those of the tables */
}

START_TEST(the_quick_study_of_the_paper_has_every_piece_and_section)
{
    static const struct {
        const char *kind;
        int count;
    } kinds[] = {{"histogram", 2}, {"learn", 2},      {"segment", 24},     {"describe", 24},
                 {"edx", 2},       {"compare", 2},    {"disagreement", 2}, {"transport", 24},
                 {"lithiate", 12}, {"impedance", 24}, {"fit", 3},          {"fits", 1}};
    vly_study_result result;
    begin();
    const char *folder = test_path("out");
    run_small(&result, folder);
    ck_assert(result.complete);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        ck_assert_msg(pieces_of(&result, kinds[i].kind) == kinds[i].count, "%s: %d pieces", kinds[i].kind,
                      pieces_of(&result, kinds[i].kind));
    vly_study_result_free(&result);
    const char *page = read_page(folder);
    markup_check(page);
    check_page(page);
    check_links(page, folder);
    char *table = text_of(below(folder, "uncertainty.csv"));
    ck_assert_ptr_nonnull(strstr(table, "\nall,cbd,r_max_um,um,12,4,2,0,"));
    ck_assert_ptr_nonnull(strstr(table, "\nall,,capacity_6_ma_cm2,mAh/cm2,3,2,2,0,"));
    vly_free(table);
}
END_TEST

START_TEST(the_full_study_of_the_paper_is_planned_with_everything_in_it)
{
    static const struct {
        const char *kind;
        int count;
    } kinds[] = {{"learn", 2}, {"segment", 24},       {"describe", 24},  {"disagreement", 2}, {"transport", 24},
                 {"bpx", 24},  {"lithiate", 12 * 36}, {"impedance", 24}, {"fit", 10},         {"fits", 1}};
    vly_study_result result;
    begin();
    const vly_status status = run_with(&result, shipped("paper_full.yaml"), test_path("full"), "dry-run", "yes");
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        ck_assert_msg(pieces_of(&result, kinds[i].kind) == kinds[i].count, "%s: %d pieces", kinds[i].kind,
                      pieces_of(&result, kinds[i].kind));
    vly_study_result_free(&result);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("run_paper");
    if (!test_small()) TEST_CASE(suite, the_quick_study_of_the_paper_has_every_piece_and_section);
    TEST_CASE(suite, the_full_study_of_the_paper_is_planned_with_everything_in_it);
    return test_run(suite);
}
