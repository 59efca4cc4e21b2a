/* The option table, and reading and writing one option through it. Options are found by command and key, because
 * `from` means a stage to run and labels to synth. */
#include "study/settings_impl.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define COMPUTE \
    "info synth segment compose train compare describe transport lithiate impedance fit convert run verify diff bench doctor"
#define EVERY COMPUTE " report"
#define CHOSEN_METHODS                                                                                                 \
    "threshold|kmeans|edx-closing|nn-am-cbd-p|nn-am-p-cbd|nn-am-cond|nn-cbd-am-p|nn-cbd-p-am|nn-cbd-cond|nn-p-am-cbd|" \
    "nn-p-cbd-am|nn-p-cond|given|all|none"

#define OPTION(key, kind, field, standard, value, low, high, commands, help) \
    {{key, value, standard, commands, help},                                 \
     VLY_KIND_##kind,                                                        \
     offsetof(vly_settings, field),                                          \
     sizeof(((vly_settings *)NULL)->field),                                  \
     low,                                                                    \
     high},
static const vly_option_row rows[] = {
#include "study/options.def"
};
#undef OPTION

static const struct {
    vly_value_read *read;
    vly_value_write *write;
} kinds[VLY_KINDS] = {
    [VLY_KIND_TEXT] = {vly_read_text, vly_write_text},
    [VLY_KIND_SWITCH] = {vly_read_switch, vly_write_switch},
    [VLY_KIND_CHOICE] = {vly_read_choice, vly_write_choice},
    [VLY_KIND_SET] = {vly_read_set, vly_write_set},
    [VLY_KIND_INTEGER] = {vly_read_integer, vly_write_integer},
    [VLY_KIND_INTEGER64] = {vly_read_integer64, vly_write_integer64},
    [VLY_KIND_SEED] = {vly_read_seed, vly_write_seed},
    [VLY_KIND_REAL] = {vly_read_real, vly_write_real},
    [VLY_KIND_BYTES] = {vly_read_bytes, vly_write_integer64},
    [VLY_KIND_PAIR] = {vly_read_pair, vly_write_pair},
    [VLY_KIND_LENGTHS] = {vly_read_lengths, vly_write_lengths},
    [VLY_KIND_SIZE] = {vly_read_size, vly_write_size},
    [VLY_KIND_BOX] = {vly_read_box, vly_write_box},
    [VLY_KIND_LABELS] = {vly_read_labels, vly_write_labels},
    [VLY_KIND_METHODS] = {vly_read_methods, vly_write_methods},
    [VLY_KIND_NUMBERS] = {vly_read_numbers, vly_write_numbers},
    [VLY_KIND_CONDUCT] = {vly_read_conduct, vly_write_conduct},
    [VLY_KIND_FRACTIONS] = {vly_read_fractions, vly_write_fractions},
};

enum { ROWS = sizeof rows / sizeof *rows };
_Static_assert((int)ROWS <= (int)VLY_SETTINGS_MOST, "VLY_SETTINGS_MOST is too small");

int32_t vly_option_count(void)
{
    return ROWS;
}

const vly_option *vly_option_at(int32_t index)
{
    assert(index >= 0 && index < ROWS);
    return &rows[index].option;
}

bool vly_option_belongs(const vly_option *option, const char *command)
{
    size_t length = strlen(command);
    for (const char *at = option->commands; (at = strstr(at, command)) != NULL; at += length)
        if ((at == option->commands || at[-1] == ' ') && (at[length] == ' ' || at[length] == 0)) return true;
    return false;
}

/* '-' and '_' are the same: keys of a study file look better with the latter. */
static bool same_key(const char *a, const char *b)
{
    while (*a && (*a == *b || (*a == '-' && *b == '_') || (*a == '_' && *b == '-'))) a++, b++;
    return *a == *b;
}

int32_t vly_option_find(const char *command, const char *key)
{
    for (int32_t i = 0; i < ROWS; i++)
        if (same_key(rows[i].option.key, key) && (!command || vly_option_belongs(&rows[i].option, command))) return i;
    return -1;
}

static void *field_of(vly_settings *settings, int32_t row)
{
    return (char *)settings + rows[row].offset;
}

static bool is_auto(const vly_option_row *row, const char *text)
{
    return strcmp(row->option.standard, "auto") == 0 && row->kind != VLY_KIND_TEXT && strcmp(text, "auto") == 0;
}

void vly_settings_defaults(vly_settings *out)
{
    memset(out, 0, sizeof *out);
    for (int32_t i = 0; i < ROWS; i++) {
        if (is_auto(&rows[i], "auto")) continue;
        vly_status status = kinds[rows[i].kind].read(&rows[i], field_of(out, i), rows[i].option.standard);
        assert(status == VLY_OK), (void)status;
    }
}

static vly_status refuse_key(const char *command, const char *key, const char *at, const char *dashes)
{
    char hint[96], words[VLY_SETTINGS_MOST * 32] = "";
    int32_t other = vly_option_find(NULL, key);
    if (other >= 0)
        return vly_fail(VLY_EUSAGE, "%s%s%s: is no option of %s; it belongs to %s", at, dashes, key, command,
                        rows[other].option.commands);
    for (int32_t i = 0; i < ROWS; i++)
        if (vly_option_belongs(&rows[i].option, command)) strcat(strcat(words, rows[i].option.key), "|");
    return vly_fail(VLY_EUSAGE, "%s%s%s: no such option%s", at, dashes, key, vly_word_hint(hint, key, words));
}

vly_status vly_settings_set(vly_settings *settings, const char *command, const char *key, const char *text,
                            const char *origin)
{
    bool typed = strcmp(origin, "command line") == 0;
    char at[VLY_ORIGIN_BYTES + 2] = "";
    const char *dashes = typed ? "--" : "";
    if (!typed) snprintf(at, sizeof at, "%.*s: ", VLY_ORIGIN_BYTES - 1, origin);
    int32_t index = vly_option_find(command, key);
    if (index < 0) return refuse_key(command, key, at, dashes);

    const vly_option_row *row = &rows[index];
    void *field = field_of(settings, index);
    char before[VLY_PATH_BYTES];
    assert(row->size <= sizeof before);
    memcpy(before, field, row->size);
    memset(field, 0, row->size);
    if (!is_auto(row, text)) {
        vly_status status = kinds[row->kind].read(row, field, text);
        if (status != VLY_OK) {
            memcpy(field, before, row->size);
            return vly_fail(status, "%s%s%s %s: %s", at, dashes, row->option.key, text, vly_error_message());
        }
    }
    snprintf(settings->origin[index], VLY_ORIGIN_BYTES, "%s", origin);
    return VLY_OK;
}

void vly_settings_merge(vly_settings *into, const vly_settings *from)
{
    for (int32_t i = 0; i < ROWS; i++) {
        if (!*from->origin[i]) continue;
        memcpy(field_of(into, i), (const char *)from + rows[i].offset, rows[i].size);
        memcpy(into->origin[i], from->origin[i], VLY_ORIGIN_BYTES);
    }
}

void vly_settings_text(const vly_settings *settings, int32_t option, char text[VLY_PATH_BYTES])
{
    const vly_option_row *row = &rows[option];
    const char *field = (const char *)settings + row->offset;
    bool zero = true;
    for (size_t i = 0; i < row->size && zero; i++) zero = field[i] == 0;
    if (zero && is_auto(row, "auto"))
        strcpy(text, "auto");
    else
        kinds[row->kind].write(row, field, text);
}

const char *vly_settings_origin(const vly_settings *settings, int32_t option)
{
    return *settings->origin[option] ? settings->origin[option] : "default";
}
