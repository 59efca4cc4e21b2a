/* Options that name phases or methods: label maps, methods, fractions. */
#include "study/settings_impl.h"

#include "core/number.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    uint8_t phase;
} phases[] = {{"pore", VLY_PORE}, {"P", VLY_PORE},  {"am", VLY_AM},   {"AM", VLY_AM},
              {"NMC", VLY_AM},    {"cbd", VLY_CBD}, {"CBD", VLY_CBD}, {"outside", VLY_OUTSIDE}};

/* "NAME=" at *text, which moves behind it; -1 if there is no such name. */
static int32_t read_phase(const char **text)
{
    size_t span = strcspn(*text, "="), i = 0, names = sizeof phases / sizeof *phases;
    while (i < names && (strlen(phases[i].name) != span || strncmp(phases[i].name, *text, span) != 0)) i++;
    if (i == names || (*text)[span] != '=') return -1;
    *text += span + 1;
    return phases[i].phase;
}

vly_status vly_read_labels(const vly_option_row *row, void *field, const char *text)
{
    vly_label_map *map = field;
    (void)row;
    do {
        int32_t phase = read_phase(&text);
        int64_t value;
        if (phase < 0) return vly_fail(VLY_EUSAGE, "pore=N, am=N, cbd=N or outside=N expected at \"%s\"", text);
        if (!vly_whole_read(&text, &value) || value < 0 || value > 255)
            return vly_fail(VLY_EUSAGE, "a value from 0 to 255 expected at \"%s\"", text);
        if (map->listed[value]) return vly_fail(VLY_EUSAGE, "%lld stands for two phases", (long long)value);
        map->listed[value] = true;
        map->phase[value] = (uint8_t)phase;
    } while (vly_skip(&text, ','));
    return *text ? vly_fail(VLY_EUSAGE, "a comma expected at \"%s\"", text) : VLY_OK;
}

void vly_write_labels(const vly_option_row *row, const void *field, char *text)
{
    const vly_label_map *map = field;
    const char *comma = "";
    (void)row;
    for (int value = 0; value < 256; value++) {
        if (!map->listed[value]) continue;
        text += sprintf(text, "%s%s=%d", comma, vly_phase_name((vly_phase)map->phase[value]), value);
        comma = ",";
    }
}

const char *vly_method_name(vly_method method)
{
    static const char *const names[VLY_TRINARISATIONS] = {
        "threshold",   "kmeans",      "edx-closing", "nn-am-cbd-p", "nn-am-p-cbd", "nn-am-cond", "nn-cbd-am-p",
        "nn-cbd-p-am", "nn-cbd-cond", "nn-p-am-cbd", "nn-p-cbd-am", "nn-p-cond",   "given"};
    return names[method];
}

static const uint32_t every_method = (1u << VLY_METHODS) - 1;

uint32_t vly_settings_methods(const vly_settings *settings)
{
    uint32_t methods = settings->methods;
    if (methods != every_method) return methods;
    if (!*settings->model && !*settings->fib) methods &= (1u << VLY_METHOD_NN) - 1;
    if (!*settings->edx) methods &= ~(1u << VLY_METHOD_EDX_CLOSING);
    return methods;
}

uint32_t vly_settings_chosen(uint32_t of, uint32_t chosen)
{
    return chosen == every_method ? of : of & chosen;
}

vly_status vly_read_methods(const vly_option_row *row, void *field, const char *text)
{
    const bool choosing = strstr(row->option.value, "|none"); /* among trinarisations that there are */
    uint32_t methods = 0;
    do {
        size_t span = strcspn(text, ",");
        uint32_t found = span == 3 && strncmp(text, "all", 3) == 0 ? every_method : 0;
        const bool none = choosing && span == 4 && strncmp(text, "none", 4) == 0;
        for (vly_method m = 0; m < (choosing ? VLY_TRINARISATIONS : VLY_METHODS); m++)
            if (strlen(vly_method_name(m)) == span && strncmp(vly_method_name(m), text, span) == 0) found = 1u << m;
        if (!found && !none) {
            char hint[96];
            return vly_fail(VLY_EUSAGE, "%s expected%s", row->option.value,
                            vly_word_hint(hint, text, row->option.value));
        }
        methods |= found;
        text += span;
    } while (vly_skip(&text, ','));
    *(uint32_t *)field = methods;
    return VLY_OK;
}

void vly_write_methods(const vly_option_row *row, const void *field, char *text)
{
    uint32_t methods = *(const uint32_t *)field;
    const bool choosing = strstr(row->option.value, "|none"); /* among trinarisations that there are */
    const char *comma = "";
    if (methods == every_method) {
        strcpy(text, "all");
        return;
    }
    strcpy(text, methods == 0 && choosing ? "none" : "");
    for (vly_method m = 0; m < (choosing ? VLY_TRINARISATIONS : VLY_METHODS); m++) {
        if (!(methods >> m & 1)) continue;
        text += sprintf(text, "%s%s", comma, vly_method_name(m));
        comma = ",";
    }
}

vly_status vly_read_fractions(const vly_option_row *row, void *field, const char *text)
{
    (void)row;
    vly_status status = vly_fractions_parse(field, text);
    const char *colon = strstr(vly_error_message(), "\": "); /* the text is in front already */
    return status == VLY_OK || !colon ? status : vly_fail(status, "%s", colon + 3);
}

static int write_parts(char *text, int64_t parts)
{
    int length =
        sprintf(text, "%lld.%015lld", (long long)(parts / VLY_FRACTIONS_ONE), (long long)(parts % VLY_FRACTIONS_ONE));
    while (text[length - 1] == '0') length--;
    if (text[length - 1] == '.') length--;
    text[length] = 0;
    return length;
}

void vly_write_fractions(const vly_option_row *row, const void *field, char *text)
{
    const int64_t *parts = ((const vly_fractions *)field)->parts;
    static const vly_phase order[VLY_PHASES] = {VLY_AM, VLY_CBD, VLY_PORE};
    (void)row;
    for (int i = 0; i < VLY_PHASES; i++) {
        text += sprintf(text, "%s%s=", i ? "," : "", vly_phase_name(order[i]));
        text += write_parts(text, parts[order[i]]);
    }
}

vly_status vly_read_conduct(const vly_option_row *row, void *field, const char *text)
{
    double *conduct = field, value;
    bool given[VLY_PHASES] = {false};
    (void)row;
    do {
        const char *start = text;
        int32_t phase = read_phase(&text);
        if (phase < 0 || phase >= VLY_PHASES)
            return vly_fail(VLY_EUSAGE, "pore=K, am=K or cbd=K expected at \"%s\"", start);
        if (!vly_number_read(&text, &value) || !(value >= 0.0 && value <= 1e12))
            return vly_fail(VLY_EUSAGE, "a number from 0 to 1e12 expected at \"%s\"", start);
        if (given[phase]) return vly_fail(VLY_EUSAGE, "%s is given twice", vly_phase_name((vly_phase)phase));
        given[phase] = true;
        conduct[phase] = value;
    } while (vly_skip(&text, ','));
    if (*text) return vly_fail(VLY_EUSAGE, "a comma expected at \"%s\"", text);
    for (int k = 0; k < VLY_PHASES; k++)
        if (conduct[k] > 0.0) return VLY_OK;
    return vly_fail(VLY_EUSAGE, "a phase that conducts expected");
}

void vly_write_conduct(const vly_option_row *row, const void *field, char *text)
{
    const double *conduct = field;
    const char *comma = "";
    (void)row;
    for (int phase = 0; phase < VLY_PHASES; phase++) {
        if (!(conduct[phase] > 0.0)) continue;
        text += sprintf(text, "%s%s=", comma, vly_phase_name((vly_phase)phase));
        text += vly_number_write(text, conduct[phase]);
        comma = ",";
    }
}
