/* Documents over jansson's tree, with a writer of our own: jansson's rounds to 17 digits and gives every number its line. */
#include "study/document_impl.h"

#include "core/file.h"
#include "core/memory.h"
#include "core/number.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DOCUMENT_BYTES_MAX = 64 << 20 };

/* ---- building ---- */

static vly_status wrap(vly_document **out, json_t *root)
{
    *out = NULL;
    vly_status status = root ? VLY_NEW(out, 1, "document") : vly_fail(VLY_EMEMORY, "document: out of memory");
    if (status != VLY_OK)
        json_decref(root);
    else
        (*out)->root = root;
    return status;
}

vly_status vly_document_create(vly_document **out, const char *command)
{
    VLY_TRY(wrap(out, json_object()));
    vly_document_set(*out, "voxelyte", json_string(vly_version()));
    vly_document_set(*out, "commit", json_string(vly_commit()));
    vly_document_set(*out, "command", json_string(command));
    return VLY_OK;
}

void vly_document_set(vly_document *document, const char *key, json_t *value)
{
    if (json_object_set_new(document->root, key, value) != 0) document->broken = true;
}

vly_status vly_document_check(const vly_document *document)
{
    return document->broken ? vly_fail(VLY_EMEMORY, "document: out of memory") : VLY_OK;
}

void vly_document_free(vly_document *document)
{
    if (!document) return;
    json_decref(document->root);
    vly_text_free(&document->text);
    vly_free(document);
}

json_t *vly_json_real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *vly_json_reals(const double *values, int32_t count)
{
    json_t *array = json_array();
    for (int32_t i = 0; i < count; i++)
        if (json_array_append_new(array, vly_json_real(values[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

json_t *vly_json_pixels(const float *values, int64_t count)
{
    json_t *array = json_array();
    for (int64_t i = 0; array && i < count; i++) {
        char text[32];
        const char *at = text;
        double value = (double)values[i];
        snprintf(text, sizeof text, "%.4g", value);
        if (isfinite(value)) (void)vly_number_read(&at, &value);
        if (json_array_append_new(array, vly_json_real(value)) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

/* Bytes of the character at `text` if it is well-formed UTF-8, else 0; json_stringn knows. */
static int character_bytes(const char *text)
{
    for (int bytes = 1; bytes <= 4; bytes++) {
        json_t *one = strnlen(text, (size_t)bytes) == (size_t)bytes ? json_stringn(text, (size_t)bytes) : NULL;
        json_decref(one);
        if (one) return bytes;
    }
    return 0;
}

json_t *vly_json_string(const char *text)
{
    json_t *value = json_string(text);
    if (value) return value;
    vly_text clean = {0};
    while (*text) {
        int bytes = character_bytes(text);
        if (bytes > 0)
            vly_text_bytes(&clean, text, bytes);
        else
            vly_text_add(&clean, "\xEF\xBF\xBD");
        text += bytes > 0 ? bytes : 1;
    }
    value = clean.status == VLY_OK ? json_string(clean.text) : NULL;
    vly_text_free(&clean);
    return value;
}

/* ---- writing ---- */

static void write_value(vly_text *to, const json_t *value, int indent);

static void write_string(vly_text *to, const char *text, size_t length)
{
    vly_text_add(to, "\"");
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            vly_text_add(to, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            vly_text_add(to, "\\u%04x", c);
        else
            vly_text_bytes(to, &text[i], 1);
    }
    vly_text_add(to, "\"");
}

static void write_real(vly_text *to, double value)
{
    char text[VLY_NUMBER_BYTES + 2];
    vly_number_write(text, value);
    if (!strpbrk(text, ".e")) strcat(text, ".0"); /* a real stays one when it is read */
    vly_text_add(to, "%s", text);
}

static bool is_leaf(const json_t *value)
{
    return !json_is_object(value) && !json_is_array(value);
}

static void write_array(vly_text *to, const json_t *array, int indent)
{
    size_t count = json_array_size(array);
    bool flat = true;
    for (size_t i = 0; i < count; i++) flat = flat && is_leaf(json_array_get(array, i));
    vly_text_add(to, "[");
    for (size_t i = 0; i < count; i++) {
        if (flat)
            vly_text_add(to, i ? ", " : "");
        else
            vly_text_add(to, "%s\n%*s", i ? "," : "", indent + 2, "");
        write_value(to, json_array_get(array, i), indent + 2);
    }
    if (!flat) vly_text_add(to, "\n%*s", indent, "");
    vly_text_add(to, "]");
}

static void write_object(vly_text *to, json_t *object, int indent)
{
    const char *key, *comma = "";
    json_t *value;
    vly_text_add(to, "{");
    json_object_foreach(object, key, value)
    {
        vly_text_add(to, "%s\n%*s", comma, indent + 2, "");
        write_string(to, key, strlen(key));
        vly_text_add(to, ": ");
        write_value(to, value, indent + 2);
        comma = ",";
    }
    if (*comma) vly_text_add(to, "\n%*s", indent, "");
    vly_text_add(to, "}");
}

static void write_value(vly_text *to, const json_t *value, int indent)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        write_object(to, (json_t *)value, indent);
        break;
    case JSON_ARRAY:
        write_array(to, value, indent);
        break;
    case JSON_STRING:
        write_string(to, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        vly_text_add(to, "%lld", (long long)json_integer_value(value));
        break;
    case JSON_REAL:
        write_real(to, json_real_value(value));
        break;
    case JSON_TRUE:
        vly_text_add(to, "true");
        break;
    case JSON_FALSE:
        vly_text_add(to, "false");
        break;
    default:
        vly_text_add(to, "null");
        break;
    }
}

vly_status vly_document_text(vly_document *document, const char **text)
{
    VLY_TRY(vly_document_check(document));
    vly_text_free(&document->text);
    write_value(&document->text, document->root, 0);
    vly_text_add(&document->text, "\n");
    *text = document->text.text;
    return document->text.status;
}

vly_status vly_document_write(vly_document *document, const char *path, bool overwrite)
{
    const char *text;
    VLY_TRY(vly_document_text(document, &text));
    return vly_file_publish_text(path, text, overwrite);
}

/* ---- reading ---- */

vly_status vly_document_read(vly_document **out, const char *path)
{
    json_error_t error;
    char *text;
    *out = NULL;
    VLY_TRY(vly_file_text(&text, path, DOCUMENT_BYTES_MAX));
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    vly_free(text);
    if (!root) return vly_fail(VLY_EDATA, "%s:%d: %s, JSON expected", path, error.line, error.text);
    if (!json_is_object(root)) {
        json_decref(root);
        return vly_fail(VLY_EDATA, "%s: a JSON object expected", path);
    }
    return wrap(out, root);
}

/* The value at a path such as "inputs.0.path". */
static const json_t *find(const vly_document *document, const char *path)
{
    const json_t *value = document->root;
    while (value && *path) {
        char key[64];
        size_t span = strcspn(path, ".");
        if (span >= sizeof key) return NULL;
        memcpy(key, path, span);
        key[span] = 0;
        if (json_is_array(value))
            value = isdigit((unsigned char)*key) ? json_array_get(value, strtoul(key, NULL, 10)) : NULL;
        else
            value = json_object_get(value, key);
        path += span + (path[span] == '.');
    }
    return value;
}

double vly_document_number(const vly_document *document, const char *path)
{
    const json_t *value = find(document, path);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

const char *vly_document_string(const vly_document *document, const char *path)
{
    return json_string_value(find(document, path));
}

int32_t vly_document_length(const vly_document *document, const char *path)
{
    const json_t *value = find(document, path);
    return json_is_array(value) ? (int32_t)json_array_size(value) : -1;
}
