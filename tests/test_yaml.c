/* The YAML subset: what it takes, what it refuses, and that every refusal names line and column. */
#include "support.h"

#include "study/yaml.h"

#include <stdlib.h>
#include <string.h>

static vly_yaml *parse(const char *text)
{
    vly_yaml *root;
    vly_status status = vly_yaml_parse(&root, text, (int64_t)strlen(text), "s.yaml");
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
    return root;
}

static void refuses_bytes(const char *text, int64_t bytes, const char *part)
{
    vly_yaml *root;
    int64_t before = vly_memory_held();
    test_fails(vly_yaml_parse(&root, text, bytes, "s.yaml"), VLY_EUSAGE, part);
    ck_assert_ptr_null(root);
    ck_assert_int_eq(vly_memory_held(), before);
}

static void refuses(const char *text, const char *part)
{
    refuses_bytes(text, (int64_t)strlen(text), part);
}

static const char *text_of(const vly_yaml *mapping, const char *key)
{
    const vly_yaml *entry = vly_yaml_find(mapping, key);
    ck_assert_ptr_nonnull(entry);
    ck_assert_int_eq(entry->kind, VLY_YAML_SCALAR);
    return entry->text;
}

START_TEST(a_tree_keeps_order_text_and_place)
{
    vly_yaml *root =
        parse("# a study\nversion: 1\nmethods: [threshold, kmeans]\ninput:\n  grey: a b.tif\n  exact: no\n");
    ck_assert_int_eq(root->kind, VLY_YAML_MAPPING);
    ck_assert_str_eq(root->first->key, "version");
    ck_assert_str_eq(text_of(root, "version"), "1");
    const vly_yaml *methods = vly_yaml_find(root, "methods"), *input = vly_yaml_find(root, "input");
    ck_assert_int_eq(methods->kind, VLY_YAML_SEQUENCE);
    ck_assert_str_eq(methods->first->text, "threshold");
    ck_assert_str_eq(methods->first->next->text, "kmeans");
    ck_assert_ptr_null(methods->first->next->next);
    ck_assert_int_eq(methods->first->next->line, 3);
    ck_assert_int_eq(methods->first->next->column, 22);
    ck_assert_str_eq(text_of(input, "grey"), "a b.tif");
    ck_assert_str_eq(text_of(input, "exact"), "no"); /* no type is guessed */
    ck_assert_int_eq(vly_yaml_find(input, "exact")->line, 6);
    ck_assert_int_eq(vly_yaml_find(input, "exact")->column, 3);
    ck_assert_ptr_null(vly_yaml_find(root, "grey"));
    test_fails(vly_yaml_fail(vly_yaml_find(input, "exact"), "bad %d", 7), VLY_EUSAGE, "s.yaml:6:3: bad 7");
    vly_yaml_free(root);
}
END_TEST

START_TEST(json_is_part_of_the_subset)
{
    vly_yaml *root = parse("{\"version\": 1, \"path\": \"a\\u00b5\\/b\\\\c\",\n\t\"list\": [1.5e-3, true, null, []]}");
    ck_assert_str_eq(text_of(root, "path"), "aµ/b\\c");
    ck_assert_str_eq(vly_yaml_find(root, "list")->first->text, "1.5e-3");
    ck_assert_str_eq(vly_yaml_find(root, "list")->first->next->next->text, "null");
    vly_yaml_free(root);
}
END_TEST

START_TEST(windows_line_ends_and_a_byte_order_mark_do_no_harm)
{
    vly_yaml *root = parse("\xEF\xBB\xBFversion: 1\r\nb: x\r\n");
    ck_assert_str_eq(text_of(root, "version"), "1");
    ck_assert_str_eq(text_of(root, "b"), "x");
    ck_assert_int_eq(vly_yaml_find(root, "b")->line, 2);
    vly_yaml_free(root);
    refuses("\xEF\xBB\xBF"
            "a: 1\r\nb: *c\r\n",
            "s.yaml:2:4: ");
}
END_TEST

START_TEST(what_yaml_has_beyond_the_subset_is_refused)
{
    refuses("a: &x 1\nb: *x\n", "s.yaml:1:4: anchors");
    refuses("a: [1]\nb: *x\n", "s.yaml:2:4: aliases");
    refuses("a: !!int 1\n", "s.yaml:1:4: anchors and tags");
    refuses("a: !x [1]\n", "s.yaml:1:4: anchors and tags");
    refuses("a: &x {b: 1}\n", "s.yaml:1:4: anchors and tags");
    refuses("&x a: 1\n", "s.yaml:1:1: anchors and tags");
    refuses("a: 1\n---\nb: 2\n", "s.yaml:2:1: a second document");
    refuses("%YAML 1.1\n---\na: 1\n", "directives");
    refuses("? [a, b]\n: 1\n", "s.yaml:1:3: a key that is a list");
    refuses("{{a: 1}: 2}\n", "a key that is a list");
    refuses(": 1\n", "s.yaml:1:1: ");
    refuses("\"\": 1\n", "s.yaml:1:1: an empty key");
    refuses("", "s.yaml:1:1: the file is empty");
    refuses("# nothing\n", "empty");
}
END_TEST

START_TEST(a_key_may_stand_only_once)
{
    refuses("a: 1\nb: 2\na: 3\n", "s.yaml:3:1: a is here for the second time, first in line 1");
    refuses("x: {a: 1,\n a: 2}\n", "s.yaml:2:2: a is here");
    refuses("\"a\\nb\": 1\n\"a\\nb\": 2\n", "a?b is here");
    vly_yaml *root = parse("a: {a: 1}\nb: {a: 1}\n");
    vly_yaml_free(root);
}
END_TEST

START_TEST(broken_text_is_refused_where_it_breaks)
{
    refuses("a: [1, 2\nb: 3\n", "s.yaml:2:");
    refuses("a: 1\n b: 2\n", "s.yaml:2:");
    refuses("a: \"open\n", "s.yaml:");
    refuses("a:\n\t- 1\n", "s.yaml:2:");
    refuses("a: 1\nb: x\xff\n", "s.yaml:2:5: ");
    refuses("a: \xc3\x28\n", "s.yaml:1:5: ");
    refuses("\xff\xfe"
            "a\0:\0",
            "s.yaml:1:1: ");
    refuses("a: \"x\\0y\"\n", "s.yaml:1:4: a zero character");
    refuses_bytes("a: 1\nb: \0\n", 10, "s.yaml:2:4: ");
    refuses("a: \x07\n", "s.yaml:1:4: ");
}
END_TEST

START_TEST(bombs_do_not_go_off)
{
    enum { BYTES = 900000 };
    char *text = malloc(BYTES + 2);
    memset(text, '[', BYTES);
    text[BYTES] = 0;
    refuses(text, "nested too deeply");
    for (int i = 0; i < BYTES; i += 2) memcpy(text + i, "- ", 2);
    refuses(text, "nested too deeply");
    memcpy(text, "[1", 2);
    for (int i = 2; i < BYTES; i += 2) memcpy(text + i, ",1", 2);
    refuses(text, "too many entries");
    memset(text, ' ', BYTES);
    refuses(text, "empty");
    refuses_bytes(text, VLY_YAML_BYTES_MAX + 1, "at most");
    free(text);
    refuses("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "s.yaml:1:4: ");
}
END_TEST

START_TEST(a_file_is_read_or_named_as_missing)
{
    vly_yaml *root;
    const char *path = test_write_text(test_path("a.yaml"), "a: 1\n");
    ck_assert_int_eq(vly_yaml_read(&root, path), VLY_OK);
    ck_assert_str_eq(text_of(root, "a"), "1");
    vly_yaml_free(root);
    test_fails(vly_yaml_read(&root, test_path("none.yaml")), VLY_ENOINPUT, "none.yaml");
    test_fails(vly_yaml_read(&root, test_folder()), VLY_EDATA, "regular file");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("yaml");
    TEST_CASE(suite, a_tree_keeps_order_text_and_place);
    TEST_CASE(suite, json_is_part_of_the_subset);
    TEST_CASE(suite, windows_line_ends_and_a_byte_order_mark_do_no_harm);
    TEST_CASE(suite, what_yaml_has_beyond_the_subset_is_refused);
    TEST_CASE(suite, a_key_may_stand_only_once);
    TEST_CASE(suite, broken_text_is_refused_where_it_breaks);
    TEST_CASE(suite, bombs_do_not_go_off);
    TEST_CASE(suite, a_file_is_read_or_named_as_missing);
    return test_run(suite);
}
