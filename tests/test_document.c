/* Documents: numbers keep their bits, what is not finite becomes null, strange names stay valid JSON. */
#include "support.h"

#include "study/document_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

START_TEST(numbers_read_back_to_the_same_bits)
{
    static const double values[] = {0.5954, 1.0 / 3.0, 1e-300, 5e-324, 1.7976931348623157e308, -0.0, 3.0, 1e22, 0.1};
    enum { COUNT = sizeof values / sizeof *values };
    const char *text, *path = test_path("numbers.json");
    vly_document *document, *again;
    ck_assert_int_eq(vly_document_create(&document, "test"), VLY_OK);
    vly_document_set(document, "values", vly_json_reals(values, COUNT));
    vly_document_set(document, "large", json_integer(INT64_MAX));
    ck_assert_int_eq(vly_document_text(document, &text), VLY_OK);
    ck_assert_ptr_nonnull(strstr(text, "[0.5954, 0.3333333333333333, 1e-300, 5e-324,"));
    ck_assert_ptr_nonnull(strstr(text, "3.0,"));
    ck_assert_ptr_nonnull(strstr(text, "9223372036854775807"));
    ck_assert_int_eq(vly_document_write(document, path, false), VLY_OK);
    test_fails(vly_document_write(document, path, false), VLY_EOUTPUT, "exists");
    ck_assert_int_eq(vly_document_read(&again, path), VLY_OK);
    ck_assert_int_eq(vly_document_length(again, "values"), COUNT);
    for (int i = 0; i < COUNT; i++) {
        char key[16];
        snprintf(key, sizeof key, "values.%d", i);
        double value = vly_document_number(again, key);
        ck_assert_mem_eq(&value, &values[i], sizeof value);
    }
    vly_document_free(document);
    vly_document_free(again);
}
END_TEST

START_TEST(what_is_not_finite_becomes_null)
{
    const char *text;
    vly_document *document;
    ck_assert_int_eq(vly_document_create(&document, "test"), VLY_OK);
    vly_document_set(document, "values", vly_json_reals((const double[]){NAN, INFINITY, -INFINITY}, 3));
    ck_assert_int_eq(vly_document_text(document, &text), VLY_OK);
    ck_assert_ptr_nonnull(strstr(text, "[null, null, null]"));
    ck_assert(isnan(vly_document_number(document, "values.0")));
    vly_document_free(document);
}
END_TEST

START_TEST(any_file_name_is_valid_json)
{
    const char *text;
    vly_document *document;
    json_error_t error;
    ck_assert_int_eq(vly_document_create(&document, "test"), VLY_OK);
    vly_document_set(document, "name", vly_json_string("a\"b\\c\n\x7f\t\xe9.tif \xe2\x82\xac \xc3"));
    ck_assert_int_eq(vly_document_text(document, &text), VLY_OK);
    json_t *root = json_loads(text, 0, &error);
    ck_assert_msg(root != NULL, "%s: %s", error.text, text);
    ck_assert_str_eq(json_string_value(json_object_get(root, "name")),
                     "a\"b\\c\n\x7f\t\xef\xbf\xbd.tif \xe2\x82\xac \xef\xbf\xbd");
    json_decref(root);
    vly_document_free(document);
}
END_TEST

START_TEST(a_lost_value_is_told_once)
{
    const char *text;
    vly_document *document;
    ck_assert_int_eq(vly_document_create(&document, "test"), VLY_OK);
    vly_document_set(document, "name", NULL);
    test_fails(vly_document_text(document, &text), VLY_EMEMORY, "document");
    vly_document_free(document);
}
END_TEST

START_TEST(values_are_found_by_path)
{
    vly_document *document;
    ck_assert_int_eq(vly_document_create(&document, "test"), VLY_OK);
    vly_document_set(document, "inputs", json_pack("[{s:s, s:i}]", "path", "a.tif", "pages", 3));
    ck_assert_str_eq(vly_document_string(document, "command"), "test");
    ck_assert_str_eq(vly_document_string(document, "inputs.0.path"), "a.tif");
    ck_assert(vly_document_number(document, "inputs.0.pages") == 3.0);
    ck_assert_ptr_null(vly_document_string(document, "inputs.1.path"));
    ck_assert_ptr_null(vly_document_string(document, "inputs.path"));
    ck_assert_ptr_null(vly_document_string(document, "command.path"));
    ck_assert_int_eq(vly_document_length(document, "command"), -1);
    vly_document_free(document);
}
END_TEST

START_TEST(a_damaged_file_is_refused_with_its_line)
{
    vly_document *document;
    const char *path = test_path("damaged.json");
    test_write_text(path, "{\n\"a\": }");
    test_fails(vly_document_read(&document, path), VLY_EDATA, "damaged.json:2:");
    test_write_text(path, "[1]");
    test_fails(vly_document_read(&document, path), VLY_EDATA, "object expected");
    test_fails(vly_document_read(&document, test_path("none.json")), VLY_ENOINPUT, "none.json");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("document");
    TEST_CASE(suite, numbers_read_back_to_the_same_bits);
    TEST_CASE(suite, what_is_not_finite_becomes_null);
    TEST_CASE(suite, any_file_name_is_valid_json);
    TEST_CASE(suite, a_lost_value_is_told_once);
    TEST_CASE(suite, values_are_found_by_path);
    TEST_CASE(suite, a_damaged_file_is_refused_with_its_line);
    return test_run(suite);
}
