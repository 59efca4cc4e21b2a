/* Recipes out of a study file. Shares are checked when they are read, so that whoever has a recipe may take its sum for 100. */
#include "study/suspensions.h"

#include "core/memory.h"
#include "core/number.h"
#include "study/document_impl.h"
#include "study/study_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Shares may miss 100 by so much, as rounded ones do; no electrode is denser than the densest metal. */
static const double SUM_SLACK = 0.05;
enum { DENSITY_MOST = 23, MIXER_MOST = 200 };

const char *const vly_solid_names[VLY_SOLIDS] = {"active_material", "carbon_black", "graphite", "binder"};

static const char recipe_words[] = "active_material carbon_black graphite binder mixer";

/* ---- recipes ---- */

static bool read_number(double *out, const vly_yaml *entry)
{
    const char *at = entry->text;
    return entry->kind == VLY_YAML_SCALAR && vly_number_read(&at, out) && *at == 0;
}

static vly_status read_mixer(vly_suspension *s, const vly_yaml *entry)
{
    if (entry->kind != VLY_YAML_SCALAR || !*entry->text || strlen(entry->text) > MIXER_MOST)
        return vly_yaml_fail(entry, "mixer: a name of up to %d bytes expected", MIXER_MOST);
    return vly_strdup(&s->mixer, entry->text);
}

static vly_status read_share(vly_suspension *s, const vly_yaml *entry)
{
    char hint[96];
    int solid = 0;
    while (solid < VLY_SOLIDS && strcmp(vly_solid_names[solid], entry->key) != 0) solid++;
    if (solid == VLY_SOLIDS)
        return vly_yaml_fail(entry, "suspension %s: %s: no such key%s", s->name, entry->key,
                             vly_word_hint(hint, entry->key, recipe_words));
    if (!read_number(&s->shares[solid], entry) || s->shares[solid] < 0.0 || s->shares[solid] > 100.0)
        return vly_yaml_fail(entry, "suspension %s: %s: wt%% of the solids, 0 to 100, expected", s->name, entry->key);
    return VLY_OK;
}

static vly_status check_sum(const vly_suspension *s, const vly_yaml *entry)
{
    char number[VLY_NUMBER_BYTES];
    double sum = 0.0;
    for (int i = 0; i < VLY_SOLIDS; i++) sum += s->shares[i];
    sum = round(1e9 * sum) / 1e9; /* of decimals: 99.95 is 99.95 */
    vly_number_write(number, sum);
    if (fabs(sum - 100.0) > SUM_SLACK + 1e-9)
        return vly_yaml_fail(entry, "suspension %s: %s wt%% in all, 100 expected", s->name, number);
    if (s->shares[0] == 0.0) return vly_yaml_fail(entry, "suspension %s: active_material is missing", s->name);
    return VLY_OK;
}

static vly_status read_suspension(vly_suspension *s, const vly_yaml *entry)
{
    if (!vly_is_name(entry->key))
        return vly_yaml_fail(entry, "suspensions: names of up to %d letters, digits, _ and - expected", VLY_NAME_MAX);
    VLY_TRY(vly_strdup(&s->name, entry->key));
    if (entry->kind != VLY_YAML_MAPPING)
        return vly_yaml_fail(entry, "suspension %s: wt%% of its solids expected, {active_material: 93.5, ...}",
                             s->name);
    for (const vly_yaml *part = entry->first; part; part = part->next)
        VLY_TRY(strcmp(part->key, "mixer") == 0 ? read_mixer(s, part) : read_share(s, part));
    return check_sum(s, entry);
}

vly_status vly_suspensions_read(vly_suspensions *out, const vly_yaml *entry)
{
    if (entry->kind != VLY_YAML_MAPPING)
        return vly_yaml_fail(entry, "suspensions: names with their recipes expected, {A: {active_material: 93.5, "
                                    "...}}; a sample's own are among its keys");
    for (const vly_yaml *one = entry->first; one; one = one->next) {
        if (out->count == VLY_SUSPENSIONS_MAX)
            return vly_yaml_fail(one, "suspensions: at most %d expected", VLY_SUSPENSIONS_MAX);
        VLY_TRY(read_suspension(&out->at[out->count++], one));
    }
    return VLY_OK;
}

void vly_suspensions_free(vly_suspensions *suspensions)
{
    for (int32_t i = 0; i < suspensions->count; i++) {
        vly_free(suspensions->at[i].name);
        vly_free(suspensions->at[i].mixer);
    }
    *suspensions = (vly_suspensions){.count = 0};
}

/* ---- of a sample ---- */

static vly_status read_layer(vly_coating *coating, const vly_suspensions *from, const vly_yaml *entry)
{
    char known[VLY_SUSPENSIONS_MAX * (VLY_NAME_MAX + 1) + 1] = "";
    int32_t i = 0;
    if (entry->kind != VLY_YAML_SCALAR || !*entry->text)
        return vly_yaml_fail(entry, "suspensions: names of the study's expected, from the collector up");
    while (i < from->count && strcmp(from->at[i].name, entry->text) != 0) i++;
    if (i < from->count && coating->count == VLY_SUSPENSIONS_MAX)
        return vly_yaml_fail(entry, "suspensions: at most %d layers expected", VLY_SUSPENSIONS_MAX);
    if (i < from->count) {
        coating->layers[coating->count++] = &from->at[i];
        return VLY_OK;
    }
    for (i = 0; i < from->count; i++) {
        const size_t at = strlen(known);
        snprintf(known + at, sizeof known - at, " %s", from->at[i].name);
    }
    return vly_yaml_fail(entry, "suspensions: %.64s is none of the study's,%s expected", entry->text,
                         *known ? known : " `suspensions` at its top level");
}

vly_status vly_layers_read(vly_coating *coating, const vly_suspensions *suspensions, const vly_yaml *entry)
{
    if (entry->kind == VLY_YAML_SCALAR) return read_layer(coating, suspensions, entry);
    if (entry->kind == VLY_YAML_MAPPING || !entry->first)
        return vly_yaml_fail(entry, "suspensions: names of the study's expected, from the collector up");
    for (const vly_yaml *one = entry->first; one; one = one->next) VLY_TRY(read_layer(coating, suspensions, one));
    return VLY_OK;
}

vly_status vly_density_read(vly_coating *coating, const vly_yaml *entry)
{
    if (read_number(&coating->density, entry) && coating->density > 0.0 && coating->density <= DENSITY_MOST)
        return VLY_OK;
    return vly_yaml_fail(entry, "density: g/cm3 of the dry electrode, above 0 and up to %d, expected", DENSITY_MOST);
}

/* ---- as text ---- */

json_t *vly_suspensions_json(const vly_suspensions *suspensions)
{
    json_t *all = json_object();
    for (int32_t i = 0; i < suspensions->count; i++) {
        const vly_suspension *s = &suspensions->at[i];
        json_t *one = json_object();
        for (int k = 0; k < VLY_SOLIDS; k++) json_object_set_new(one, vly_solid_names[k], json_real(s->shares[k]));
        if (s->mixer) json_object_set_new(one, "mixer", vly_json_string(s->mixer));
        json_object_set_new(all, s->name, one);
    }
    return all;
}

void vly_layers_text(vly_text *to, const vly_coating *coating)
{
    for (int32_t i = 0; i < coating->count; i++) vly_text_add(to, "%s%s", i > 0 ? "," : "", coating->layers[i]->name);
}
