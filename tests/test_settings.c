/* The option table: every value reads back to what was written, and what makes no sense is refused with a sentence. */
#include "support.h"

#include "voxelyte/settings.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

static vly_settings settings, again;

static void set(const char *key, const char *text)
{
    vly_status status = vly_settings_set(&settings, NULL, key, text, "command line");
    ck_assert_msg(status == VLY_OK, "%s %s: %s", key, text, vly_error_message());
}

static void refused(const char *key, const char *text, const char *part)
{
    vly_settings before = settings;
    test_fails(vly_settings_set(&settings, NULL, key, text, "command line"), VLY_EUSAGE, part);
    ck_assert_mem_eq(&before, &settings, sizeof settings);
}

START_TEST(defaults_are_the_tables_and_read_back)
{
    char text[VLY_PATH_BYTES];
    vly_settings_defaults(&settings);
    again = settings;
    for (int32_t i = 0; i < vly_option_count(); i++) {
        const vly_option *option = vly_option_at(i);
        ck_assert_str_eq(vly_settings_origin(&settings, i), "default");
        vly_settings_text(&settings, i, text);
        if (strcmp(option->key, "fractions") != 0) ck_assert_str_eq(text, option->standard);
        char command[64];
        snprintf(command, sizeof command, "%.*s", (int)strcspn(option->commands, " "), option->commands);
        ck_assert_int_eq(vly_settings_set(&again, command, option->key, text, "x"), VLY_OK);
        ck_assert_str_eq(vly_settings_origin(&again, i), "x");
    }
    memset(again.origin, 0, sizeof again.origin);
    ck_assert_mem_eq(&settings, &again, sizeof settings);
}
END_TEST

START_TEST(values_arrive_in_their_fields)
{
    vly_settings_defaults(&settings);
    set("memory-limit", "8G");
    ck_assert_int_eq(settings.memory_limit, INT64_C(8) << 30);
    set("memory_limit", "512MiB");
    ck_assert_int_eq(settings.memory_limit, INT64_C(512) << 20);
    set("memory-limit", "1.5kB");
    ck_assert_int_eq(settings.memory_limit, 1536);
    set("memory-limit", "auto");
    ck_assert_int_eq(settings.memory_limit, 0);
    set("window", "0:10,2:7,100:2147483647");
    ck_assert_int_eq(settings.window.z1, INT32_MAX);
    ck_assert_int_eq(settings.window.y0, 2);
    set("cell-methods", "none");
    ck_assert_int_eq((int)settings.cell_methods, 0);
    set("cell-methods", "kmeans,given");
    ck_assert_int_eq((int)settings.cell_methods, 1 << VLY_METHOD_KMEANS | 1 << VLY_METHOD_GIVEN);
    ck_assert_int_eq((int)vly_settings_chosen(1 << VLY_METHOD_KMEANS, settings.cell_methods), 1 << VLY_METHOD_KMEANS);
    set("cell-methods", "all");
    ck_assert_int_eq((int)vly_settings_chosen(1 << VLY_METHOD_GIVEN, settings.cell_methods), 1 << VLY_METHOD_GIVEN);
    set("seed", "18446744073709551615");
    ck_assert(settings.seed == UINT64_MAX);
    set("progress", "lines");
    ck_assert_int_eq(settings.progress, VLY_PROGRESS_LINES);
    set("ties", "none");
    ck_assert_int_eq(settings.ties, VLY_TIES_NONE);
    set("params", "2");
    ck_assert_int_eq(settings.parameters, VLY_PARAMS_2);
    set("grey-range", "-1.5,2e3");
    ck_assert(settings.grey_range[0] == -1.5 && settings.grey_range[1] == 2000.0);
    set("method", "all");
    ck_assert_int_eq(vly_settings_methods(&settings), 3); /* without a model and EDX data */
    set("edx", "map.tif");
    ck_assert_int_eq(vly_settings_methods(&settings), 7);
    set("model", "m.safetensors");
    ck_assert_int_eq(vly_settings_methods(&settings), (1 << VLY_METHODS) - 1);
    set("edx", "");
    ck_assert_int_eq(vly_settings_methods(&settings), (1 << VLY_METHODS) - 1 - (1 << VLY_METHOD_EDX_CLOSING));
    set("method", "nn-p-cond,nn-am-cbd-p");
    ck_assert_int_eq(vly_settings_methods(&settings), 1 << VLY_METHOD_NN | 1 << (VLY_METHODS - 1));
    set("method", "kmeans,threshold");
    ck_assert_int_eq(settings.methods, 3);
    set("exact", "no");
    ck_assert(!settings.exact);
    set("labels", "P=255,NMC=0,outside=7");
    ck_assert(settings.labels.listed[0] && settings.labels.listed[255]);
    ck_assert_int_eq(settings.labels.phase[0], VLY_AM);
    ck_assert_int_eq(settings.labels.phase[7], VLY_OUTSIDE);
    ck_assert(!settings.labels.listed[1]);
    set("fractions", "am=0.5,cbd=0.25,pore=0.25");
    ck_assert_int_eq(settings.fractions.parts[VLY_AM], VLY_FRACTIONS_ONE / 2);
}
END_TEST

START_TEST(a_set_of_words_is_bits_in_their_order)
{
    static const struct {
        const char *given, *written;
        uint32_t bits;
    } sets[] = {{"all", "all", VLY_QUANTITIES_ALL},
                {"none", "none", 0},
                {"connectivity,surface", "surface,connectivity", 1u << VLY_QUANTITY_CONNECTIVITY | 1},
                {"two-point", "two-point", 1u << VLY_QUANTITY_TWO_POINT},
                {"surface,sizes,intrusion,tortuosity,two-point,connectivity", "all", VLY_QUANTITIES_ALL}};
    char text[VLY_PATH_BYTES];
    vly_settings_defaults(&settings);
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        ck_assert_int_eq(vly_settings_set(&settings, "describe", "quantities", sets[i].given, "x"), VLY_OK);
        ck_assert_uint_eq(settings.quantities, sets[i].bits);
        vly_settings_text(&settings, vly_option_find("describe", "quantities"), text);
        ck_assert_str_eq(text, sets[i].written);
    }
    test_fails(vly_settings_set(&settings, "describe", "quantities", "sizes,", "x"), VLY_EUSAGE, "expected");
    test_fails(vly_settings_set(&settings, "describe", "quantities", "", "x"), VLY_EUSAGE, "expected");
    test_fails(vly_settings_set(&settings, "describe", "quantities", "surfac", "x"), VLY_EUSAGE,
               "did you mean surface?");
    ck_assert_uint_eq(settings.quantities, VLY_QUANTITIES_ALL);
}
END_TEST

START_TEST(lengths_are_rounded_once)
{
    vly_settings_defaults(&settings);
    const char *same[] = {"0.642um", "0.642 \u00b5m", "0.642\u03bcm", "642nm", "6.42e-7m", "0.000642mm", "6.42e-1um"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        set("voxel-size", same[i]);
        ck_assert_msg(settings.voxel_size.x == 6.42e-7 && settings.voxel_size.z == 6.42e-7, "%s: %.17g", same[i],
                      settings.voxel_size.x);
        ck_assert_int_eq(settings.voxel_size.verdict, VLY_SIZE_GIVEN);
    }
    set("voxel-size", "0.642,0.7,1.0um");
    ck_assert(settings.voxel_size.x == 6.42e-7 && settings.voxel_size.y == 7e-7 && settings.voxel_size.z == 1e-6);
    set("voxel-size", "642nm,0.7,1.0um");
    ck_assert(settings.voxel_size.x == 6.42e-7 && settings.voxel_size.y == 7e-7);
    refused("voxel-size", "0.642", "unit is missing");
    refused("voxel-size", "0um", "1e-12 m");
    refused("voxel-size", "-1um", "1e-12 m");
    refused("voxel-size", "1um,2um", "three");
    refused("voxel-size", "1um,2um,3um,4um", "three");
    refused("voxel-size", "1inch", "length such as");
    refused("voxel-size", "nan", "length");
}
END_TEST

START_TEST(what_was_written_reads_back)
{
    static const char *const cases[][2] = {
        {"threads", "3"},
        {"memory-limit", "7M"},
        {"window", "1:2,3:4,5:6"},
        {"thresholds", "10.1,20.30000000000001"},
        {"fractions", "am=0.123456789012345,cbd=0.000000000000001,pore=0.876543210987654"},
        {"fractions", "am=1,cbd=0,pore=0"},
        {"labels", "pore=3,pore=4,am=85,cbd=170,outside=255"},
        {"voxel-size", "0.1,0.3,0.7um"},
        {"method", "kmeans"},
        {"ridge", "1e-4"},
        {"progress", "off"},
        {"output", "a b/c,d=e.tif"}};
    char text[VLY_PATH_BYTES];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vly_settings_defaults(&settings);
        vly_settings_defaults(&again);
        set(cases[i][0], cases[i][1]);
        int32_t option = vly_option_find(NULL, cases[i][0]);
        vly_settings_text(&settings, option, text);
        ck_assert_int_eq(vly_settings_set(&again, NULL, cases[i][0], text, "command line"), VLY_OK);
        ck_assert_msg(memcmp(&settings, &again, sizeof settings) == 0, "%s %s came back as %s", cases[i][0],
                      cases[i][1], text);
    }
}
END_TEST

START_TEST(values_that_make_no_sense_are_refused)
{
    vly_settings_defaults(&settings);
    refused("threads", "0", "from 1 to 256");
    refused("threads", "257", "from 1 to 256");
    refused("threads", "2.5", "whole number");
    refused("threads", "99999999999999999999", "whole number");
    refused("threads", "", "whole number");
    refused("memory-limit", "-1", "from 1");
    refused("memory-limit", "8X", "8G");
    refused("memory-limit", "inf", "8G");
    refused("memory-limit", "0x10", "8G");
    refused("ridge", "nan", "number");
    refused("ridge", "0x1p3", "number");
    refused("ridge", "1,5", "number");
    refused("ridge", "-1", "from 0");
    refused("seed", "-1", "2^64");
    refused("seed", "18446744073709551616", "2^64");
    refused("window", "0:10,0:10", "X0:X1");
    refused("window", "0:10,0:10,5:5", "below");
    refused("window", "-1:10,0:10,0:5", "from 0");
    refused("window", "0:10,0:10,0:5 ", "X0:X1");
    refused("window", "0:10,0:10,0:3000000000", "from 0");
    refused("grey-range", "5,5", "below");
    refused("grey-range", "5", "two numbers");
    refused("labels", "pore=0,am=0", "two phases");
    refused("labels", "pore=256", "0 to 255");
    refused("labels", "gas=1", "pore=N");
    refused("labels", "pore=0 am=1", "comma");
    refused("fractions", "am=0.5,cbd=0.2,pore=0.2", "sum");
    refused("fractions", "am=1.5,cbd=-0.5,pore=0", "negative");
    refused("fractions", "papr", "paper");
    refused("method", "nn-am-con", "did you mean nn-am-cond?");
    refused("method", "kmean", "did you mean kmeans?");
    refused("ties", "hush", "did you mean hash?");
    refused("json", "perhaps", "yes or no");
    refused("device", "a device name that is too long", "15 expected");
}
END_TEST

START_TEST(unknown_keys_get_a_hint_and_a_place)
{
    vly_settings_defaults(&settings);
    test_fails(vly_settings_set(&settings, "segment", "fraction", "paper", "command line"), VLY_EUSAGE,
               "--fraction: no such option, did you mean fractions?");
    test_fails(vly_settings_set(&settings, "run", "voxel_szie", "1um", "study.yaml:12"), VLY_EUSAGE,
               "study.yaml:12: voxel_szie: no such option, did you mean voxel-size?");
    test_fails(vly_settings_set(&settings, "compare", "fractions", "paper", "command line"), VLY_EUSAGE,
               "--fractions: is no option of compare");
    test_fails(vly_settings_set(&settings, "run", "seed", "x", "study.yaml:3"), VLY_EUSAGE, "study.yaml:3: seed x: ");
    test_fails(vly_settings_set(&settings, "run", "qqqqqq", "x", "study.yaml:3"), VLY_EUSAGE, "no such option");
    ck_assert_ptr_null(strstr(vly_error_message(), "mean"));
}
END_TEST

START_TEST(the_command_line_wins_over_the_study)
{
    static vly_settings line;
    vly_settings_defaults(&settings);
    vly_settings_defaults(&line);
    ck_assert_int_eq(vly_settings_set(&settings, "run", "seed", "5", "study.yaml:2"), VLY_OK);
    ck_assert_int_eq(vly_settings_set(&settings, "run", "threads", "2", "study.yaml:3"), VLY_OK);
    ck_assert_int_eq(vly_settings_set(&line, "run", "seed", "7", "command line"), VLY_OK);
    vly_settings_merge(&settings, &line);
    ck_assert_int_eq((int)settings.seed, 7);
    ck_assert_int_eq(settings.threads, 2);
    ck_assert_str_eq(vly_settings_origin(&settings, vly_option_find("run", "seed")), "command line");
    ck_assert_str_eq(vly_settings_origin(&settings, vly_option_find("run", "threads")), "study.yaml:3");
}
END_TEST

START_TEST(numbers_do_not_depend_on_the_locale)
{
    char text[VLY_PATH_BYTES];
    if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "fr_FR.UTF-8")) return; /* none here with a comma */
    vly_settings_defaults(&settings);
    set("ridge", "0.25");
    vly_settings_text(&settings, vly_option_find(NULL, "ridge"), text);
    setlocale(LC_ALL, "C");
    ck_assert(settings.ridge == 0.25);
    ck_assert_str_eq(text, "0.25");
}
END_TEST

/* Edit distance by recursion: the definition. */
static int32_t slow_distance(const char *a, size_t n, const char *b, size_t m)
{
    if (n == 0 || m == 0) return (int32_t)(n + m);
    int32_t best = slow_distance(a, n - 1, b, m - 1) + (a[n - 1] != b[m - 1]);
    int32_t drop = slow_distance(a, n - 1, b, m) + 1, add = slow_distance(a, n, b, m - 1) + 1;
    if (drop < best) best = drop;
    if (add < best) best = add;
    if (n > 1 && m > 1 && a[n - 1] == b[m - 2] && a[n - 2] == b[m - 1]) {
        int32_t swap = slow_distance(a, n - 2, b, m - 2) + 1;
        if (swap < best) best = swap;
    }
    return best;
}

START_TEST(word_distance_is_the_edit_distance)
{
    uint64_t state = 1;
    char a[8], b[8];
    for (int trial = 0; trial < 500; trial++) {
        size_t n = test_random(&state) % 7, m = test_random(&state) % 7;
        for (size_t i = 0; i < n; i++) a[i] = (char)('a' + test_random(&state) % 3);
        for (size_t i = 0; i < m; i++) b[i] = (char)('a' + test_random(&state) % 3);
        a[n] = b[m] = 0;
        ck_assert_msg(vly_word_distance(a, b) == slow_distance(a, n, b, m), "%s %s", a, b);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("settings");
    TEST_CASE(suite, defaults_are_the_tables_and_read_back);
    TEST_CASE(suite, values_arrive_in_their_fields);
    TEST_CASE(suite, a_set_of_words_is_bits_in_their_order);
    TEST_CASE(suite, lengths_are_rounded_once);
    TEST_CASE(suite, what_was_written_reads_back);
    TEST_CASE(suite, values_that_make_no_sense_are_refused);
    TEST_CASE(suite, unknown_keys_get_a_hint_and_a_place);
    TEST_CASE(suite, the_command_line_wins_over_the_study);
    TEST_CASE(suite, numbers_do_not_depend_on_the_locale);
    TEST_CASE(suite, word_distance_is_the_edit_distance);
    return test_run(suite);
}
