/* A resolved study as YAML. Every text is quoted, so that nothing in a path can mean something. */
#include "study/study_impl.h"

#include "core/number.h"
#include "core/text.h"

#include <string.h>

static void add_value(vly_text *text, const char *value)
{
    vly_text_add(text, ": \"");
    for (const char *c = value; *c; c++) {
        bool control = (unsigned char)*c < ' ' || *c == 127;
        vly_text_add(text, control ? "\\x%02X" : *c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
    }
    vly_text_add(text, "\"\n");
}

static void add_pair(vly_text *text, const char *before, const char *key, const char *value)
{
    vly_text_add(text, "%s", before);
    for (const char *c = key; *c; c++) vly_text_add(text, "%c", *c == '-' ? '_' : *c);
    add_value(text, value);
}

static void add_number(vly_text *text, const char *before, const char *key, double value)
{
    char number[VLY_NUMBER_BYTES];
    vly_number_write(number, value);
    add_pair(text, before, key, number);
}

static void add_given(vly_text *text, const vly_sample *sample)
{
    bool first = true;
    for (vly_method m = 0; m < VLY_TRINARISATIONS; m++) {
        if (!sample->given[m]) continue;
        if (first) vly_text_add(text, "    trinarised:\n");
        first = false;
        vly_text_add(text, "      %s", vly_method_name(m));
        add_value(text, sample->given[m]);
    }
}

void vly_suspensions_text(vly_text *to, const vly_suspensions *suspensions)
{
    if (suspensions->count > 0) vly_text_add(to, "suspensions:\n");
    for (int32_t i = 0; i < suspensions->count; i++) {
        const vly_suspension *s = &suspensions->at[i];
        vly_text_add(to, "  \"%s\":\n", s->name);
        for (int k = 0; k < VLY_SOLIDS; k++) add_number(to, "    ", vly_solid_names[k], s->shares[k]);
        if (s->mixer) add_pair(to, "    ", "mixer", s->mixer);
    }
}

void vly_coating_text(vly_text *to, const vly_coating *coating)
{
    if (coating->count > 0) vly_text_add(to, "    suspensions: [");
    for (int32_t i = 0; i < coating->count; i++) vly_text_add(to, "%s\"%s\"", i ? ", " : "", coating->layers[i]->name);
    if (coating->count > 0) vly_text_add(to, "]\n");
    if (coating->density > 0.0) add_number(to, "    ", "density", coating->density);
}

static void add_sample(vly_text *text, const vly_sample *sample)
{
    add_pair(text, "  - ", "name", sample->name);
    if (sample->grey) add_pair(text, "    ", "grey", sample->grey);
    add_given(text, sample);
    if (sample->truth) add_pair(text, "    ", "truth", sample->truth);
    vly_coating_text(text, &sample->coating);
    for (int32_t i = 0; i < vly_option_count(); i++) {
        char value[VLY_PATH_BYTES];
        const char *key = vly_option_at(i)->key;
        if (!vly_option_belongs(vly_option_at(i), "run") || vly_option_is_machine(key)) continue;
        vly_settings_text(&sample->settings, i, value);
        if (!*value && strcmp(key, "method") == 0) continue; /* all of them are given */
        add_pair(text, "    ", key, value);
    }
}

vly_status vly_study_text(char **out, const vly_study *study)
{
    vly_text text = {.text = NULL};
    vly_text_add(&text, "# The study as it was understood; `voxelyte run` takes it again.\nversion: 1\n");
    vly_suspensions_text(&text, &study->suspensions);
    vly_text_add(&text, "samples:\n");
    for (int32_t i = 0; i < study->count; i++) add_sample(&text, &study->samples[i]);
    *out = text.text;
    return text.status;
}
