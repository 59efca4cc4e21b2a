/* The tree is built from libyaml's events: its own document loader would follow aliases, which is how a kilobyte becomes a
 * gigabyte. */
#include "study/yaml.h"

#include "core/file.h"
#include "core/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

typedef struct builder {
    yaml_parser_t parser;
    const char *path, *input;
    vly_yaml *root;
    vly_yaml *open[VLY_YAML_DEPTH_MAX]; /* sequences and mappings that still take entries */
    vly_yaml *last[VLY_YAML_DEPTH_MAX]; /* their latest entries */
    int32_t depth, nodes;
    char *key; /* read, its value is still to come */
    yaml_mark_t key_mark;
} builder;

static vly_status fail_at(const builder *b, yaml_mark_t mark, const char *message)
{
    return vly_fail(VLY_EUSAGE, "%s:%zu:%zu: %s", b->path, mark.line + 1, mark.column + 1, message);
}

/* What libyaml found. A byte that is no UTF-8 comes with an offset instead of a mark. */
static vly_status fail_parser(const builder *b)
{
    const yaml_parser_t *p = &b->parser;
    char message[160];
    if (p->error == YAML_MEMORY_ERROR) return vly_fail(VLY_EMEMORY, "%s: no memory to parse it", b->path);
    yaml_mark_t mark = p->problem_mark;
    if (p->error == YAML_READER_ERROR) {
        mark = (yaml_mark_t){0};
        for (size_t i = 0; i < p->problem_offset; i++) {
            mark.column = b->input[i] == '\n' ? 0 : mark.column + 1;
            mark.line += b->input[i] == '\n';
        }
    }
    snprintf(message, sizeof message, "%s%s%s", p->problem ? p->problem : "is not YAML", p->context ? " " : "",
             p->context ? p->context : "");
    return fail_at(b, mark, message);
}

static vly_status check_key(builder *b, const char *text, yaml_mark_t mark)
{
    char message[160];
    if (!*text) return fail_at(b, mark, "an empty key, a name expected");
    const vly_yaml *twin = vly_yaml_find(b->open[b->depth - 1], text);
    if (!twin) return VLY_OK;
    snprintf(message, sizeof message, "%.80s is here for the second time, first in line %d", text, twin->line);
    return fail_at(b, mark, message);
}

/* A value begins at `mark`: a new node hangs at the end of what is open, or becomes the root. */
static vly_status add(builder *b, vly_yaml_kind kind, yaml_mark_t mark, vly_yaml **out)
{
    vly_yaml *node = NULL;
    if (b->nodes++ == VLY_YAML_NODES_MAX) return fail_at(b, mark, "the file has too many entries");
    VLY_TRY(VLY_NEW(&node, 1, b->path));
    if (b->key) mark = b->key_mark;
    *node = (vly_yaml){.kind = kind,
                       .line = (int32_t)mark.line + 1,
                       .column = (int32_t)mark.column + 1,
                       .path = b->path,
                       .key = b->key};
    b->key = NULL;
    if (b->depth == 0)
        b->root = node;
    else if (b->last[b->depth - 1])
        b->last[b->depth - 1]->next = node;
    else
        b->open[b->depth - 1]->first = node;
    if (b->depth > 0) b->last[b->depth - 1] = node;
    *out = node;
    return VLY_OK;
}

static vly_status take_scalar(builder *b, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    vly_yaml *node = NULL;
    if (event->data.scalar.anchor || event->data.scalar.tag)
        return fail_at(b, event->start_mark, "anchors and tags are not allowed, a plain value expected");
    if (strlen(text) != event->data.scalar.length) /* "\0" in quotes */
        return fail_at(b, event->start_mark, "a zero character, text expected");
    if (b->depth > 0 && b->open[b->depth - 1]->kind == VLY_YAML_MAPPING && !b->key) {
        VLY_TRY(check_key(b, text, event->start_mark));
        b->key_mark = event->start_mark;
        return vly_strdup(&b->key, text);
    }
    VLY_TRY(add(b, VLY_YAML_SCALAR, event->start_mark, &node));
    return vly_strdup(&node->text, text);
}

static vly_status take_start(builder *b, vly_yaml_kind kind, const yaml_event_t *event)
{
    bool marked = kind == VLY_YAML_SEQUENCE ? event->data.sequence_start.anchor || event->data.sequence_start.tag
                                            : event->data.mapping_start.anchor || event->data.mapping_start.tag;
    vly_yaml *node = NULL;
    if (marked) return fail_at(b, event->start_mark, "anchors and tags are not allowed, a plain value expected");
    if (b->depth > 0 && b->open[b->depth - 1]->kind == VLY_YAML_MAPPING && !b->key)
        return fail_at(b, event->start_mark, "a key that is a list or a mapping, a name expected");
    if (b->depth == VLY_YAML_DEPTH_MAX) return fail_at(b, event->start_mark, "nested too deeply");
    VLY_TRY(add(b, kind, event->start_mark, &node));
    b->open[b->depth] = node;
    b->last[b->depth++] = NULL;
    return VLY_OK;
}

static vly_status take(builder *b, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return take_scalar(b, event);
    case YAML_SEQUENCE_START_EVENT:
        return take_start(b, VLY_YAML_SEQUENCE, event);
    case YAML_MAPPING_START_EVENT:
        return take_start(b, VLY_YAML_MAPPING, event);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        b->depth--;
        return VLY_OK;
    case YAML_ALIAS_EVENT:
        return fail_at(b, event->start_mark, "aliases are not allowed, a plain value expected");
    case YAML_DOCUMENT_START_EVENT:
        if (b->root) return fail_at(b, event->start_mark, "a second document begins, one expected");
        if (event->data.document_start.version_directive ||
            event->data.document_start.tag_directives.start != event->data.document_start.tag_directives.end)
            return fail_at(b, event->start_mark, "directives are not allowed");
        return VLY_OK;
    default:
        return VLY_OK;
    }
}

static vly_status build(builder *b)
{
    vly_status status = VLY_OK;
    for (bool more = true; more && status == VLY_OK;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&b->parser, &event)) return fail_parser(b);
        more = event.type != YAML_STREAM_END_EVENT;
        status = take(b, &event);
        yaml_event_delete(&event);
    }
    if (status == VLY_OK && !b->root) status = vly_fail(VLY_EUSAGE, "%s:1:1: the file is empty", b->path);
    return status;
}

vly_status vly_yaml_parse(vly_yaml **out, const char *text, int64_t bytes, const char *path)
{
    const bool marked = bytes >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0; /* a byte order mark */
    builder b = {.path = path, .input = marked ? text + 3 : text};
    *out = NULL;
    if (bytes > VLY_YAML_BYTES_MAX)
        return vly_fail(VLY_EUSAGE, "%s: %lld bytes, at most %d expected", path, (long long)bytes, VLY_YAML_BYTES_MAX);
    if (!yaml_parser_initialize(&b.parser)) return vly_fail(VLY_EMEMORY, "%s: no memory to parse it", path);
    /* named, so that nothing is taken for UTF-16 */
    yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&b.parser, (const unsigned char *)b.input, (size_t)(marked ? bytes - 3 : bytes));
    vly_status status = build(&b);
    yaml_parser_delete(&b.parser);
    vly_free(b.key);
    if (status == VLY_OK)
        *out = b.root;
    else
        vly_yaml_free(b.root);
    return status;
}

vly_status vly_yaml_read(vly_yaml **out, const char *path)
{
    vly_file file;
    int64_t bytes = 0;
    char *text = NULL;
    *out = NULL;
    VLY_TRY(vly_file_open(&file, path));
    vly_status status = vly_file_size(&file, &bytes);
    if (status == VLY_OK && bytes > VLY_YAML_BYTES_MAX)
        status =
            vly_fail(VLY_EUSAGE, "%s: %lld bytes, at most %d expected", path, (long long)bytes, VLY_YAML_BYTES_MAX);
    if (status == VLY_OK) status = vly_alloc((void **)&text, bytes + 1, 1, path);
    if (status == VLY_OK) status = vly_file_read(&file, text, bytes, 0);
    if (status == VLY_OK) status = vly_yaml_parse(out, text, bytes, path);
    vly_file_close(&file);
    vly_free(text);
    return status;
}

void vly_yaml_free(vly_yaml *root)
{
    while (root) {
        vly_yaml *next = root->next;
        vly_yaml_free(root->first);
        vly_free(root->key);
        vly_free(root->text);
        vly_free(root);
        root = next;
    }
}

const vly_yaml *vly_yaml_find(const vly_yaml *mapping, const char *key)
{
    const vly_yaml *entry = mapping->first;
    while (entry && strcmp(entry->key, key) != 0) entry = entry->next;
    return entry;
}

vly_status vly_yaml_fail(const vly_yaml *at, const char *format, ...)
{
    char message[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return vly_fail(VLY_EUSAGE, "%s:%d:%d: %s", at->path, at->line, at->column, message);
}
