/* Reads BPX JSON, v1 and v0. Of a "Partial" file a section that is missing stays default as a whole; one that is there must be
 * complete, because half a material is nobody's. What is of a resolved image's own (thickness, radius, the effective
 * conductivity) goes to the porous-electrode model only. */
#include "cell/bpx.h"

#include "core/file.h"
#include "core/memory.h"
#include "core/number.h"

#include <jansson.h>
#include <string.h>

enum { BPX_BYTES_MAX = 16 << 20 };

typedef struct reader {
    const char *path;
    vly_materials *m;
    const json_t *section[VLY_BPX_SECTIONS]; /* NULL: not there */
} reader;

static const char *kind_of(const json_t *value)
{
    static const char *const kinds[] = {"an object", "an array", "a string", "a number",
                                        "a number",  "true",     "false",    "null"};
    return kinds[json_typeof(value)];
}

static vly_status unlike(const reader *r, vly_bpx_section section, const char *key, const json_t *value,
                         const char *expected)
{
    return vly_fail(VLY_EDATA, "%s: %s / %s is %s, %s expected", r->path, vly_bpx_section_names[section], key,
                    kind_of(value), expected);
}

static const json_t *find(const reader *r, vly_bpx_section section, const char *key)
{
    return json_object_get(r->section[section], key);
}

static vly_status missing(const reader *r, vly_bpx_section section, const char *key)
{
    return vly_fail(VLY_EDATA, "%s: %s / %s is missing", r->path, vly_bpx_section_names[section], key);
}

/* NAN where it is not there. */
static vly_status number_at(double *out, const reader *r, vly_bpx_section section, const char *key)
{
    const json_t *value = find(r, section, key);
    *out = NAN;
    if (!value) return VLY_OK;
    if (!json_is_number(value)) return unlike(r, section, key, value, "a number");
    *out = json_number_value(value);
    return VLY_OK;
}

static vly_status set_scalar(const reader *r, vly_scalar_id id, double value, vly_bpx_section section, const char *key)
{
    char *source;
    VLY_TRY(vly_format(&source, "%s: %s / %s", r->path, vly_bpx_section_names[section], key));
    vly_status status = vly_scalar_set(r->m, id, value, source, VLY_EDATA);
    vly_free(source);
    return status;
}

static vly_status read_numbers(const reader *r)
{
    for (int i = 0; i < VLY_BPX_NUMBERS; i++) {
        const vly_bpx_number *n = &vly_bpx_numbers[i];
        double value;
        VLY_TRY(number_at(&value, r, n->section, n->key));
        if (!isnan(value)) VLY_TRY(set_scalar(r, n->scalar, value, n->section, n->key));
        if (isnan(value) && n->needed && r->section[n->section]) return missing(r, n->section, n->key);
    }
    return VLY_OK;
}

/* BPX has j = 2 F K sqrt((c_e/c_e0) x (1 - x)) sinh(...), so i00 = F K / (c_max sqrt(c_e0)); and a = 3 eps_s / R. */
static vly_status read_derived(const reader *r)
{
    vly_materials *m = r->m;
    double rate, area;
    if (!r->section[VLY_BPX_POSITIVE]) return VLY_OK;
    VLY_TRY(number_at(&rate, r, VLY_BPX_POSITIVE, VLY_BPX_RATE));
    VLY_TRY(number_at(&area, r, VLY_BPX_POSITIVE, VLY_BPX_AREA));
    if (isnan(rate)) return missing(r, VLY_BPX_POSITIVE, VLY_BPX_RATE);
    rate *= VLY_FARADAY / (m->maximum_concentration * sqrt(m->initial_concentration));
    VLY_TRY(set_scalar(r, VLY_SCALAR_exchange, rate, VLY_BPX_POSITIVE, VLY_BPX_RATE));
    if (isnan(area)) return VLY_OK;
    return set_scalar(r, VLY_SCALAR_active_fraction, area * m->particle_radius / 3.0, VLY_BPX_POSITIVE, VLY_BPX_AREA);
}

/* ---- laws ---- */

static vly_status read_column(double *out, const json_t *array, const reader *r, const vly_bpx_law *law)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *value = json_array_get(array, i);
        if (!json_is_number(value)) return unlike(r, law->section, law->key, value, "a table of numbers");
        out[i] = json_number_value(value);
    }
    return VLY_OK;
}

static vly_status read_table(vly_law_words *w, const json_t *value, const reader *r, const vly_bpx_law *law)
{
    const json_t *x = json_object_get(value, "x"), *y = json_object_get(value, "y");
    if (!json_is_array(x) || !json_is_array(y) || json_array_size(x) != json_array_size(y) || json_array_size(x) < 2)
        return vly_fail(VLY_EDATA,
                        "%s: %s / %s: a table {\"x\": [...], \"y\": [...]} of two lists as long as each other, 2 "
                        "points or more, expected",
                        r->path, vly_bpx_section_names[law->section], law->key);
    VLY_TRY(vly_law_words_reserve(w, (int32_t)json_array_size(x)));
    VLY_TRY(read_column(w->x, x, r, law));
    VLY_TRY(read_column(w->y, y, r, law));
    VLY_TRY(vly_law_words_sort(w));
    vly_law_words_style(w, law->law, r->m->linear);
    return VLY_OK;
}

/* The words, and whether they can be understood: a message from here names the place in the file. */
static vly_status read_words(vly_law_words *w, const json_t *value, const reader *r, const vly_bpx_law *law)
{
    vly_law built;
    bool solid = law->law >= VLY_LAW_OCP;
    *w = (vly_law_words){.kind = VLY_WORDS_NUMBER, .low = solid ? 1e-6 : 1e-12, .high = solid ? 1.0 - 1e-6 : INFINITY};
    VLY_TRY(vly_format(&w->source, "%s: %s / %s", r->path, vly_bpx_section_names[law->section], law->key));
    if (json_is_number(value))
        w->number = json_number_value(value);
    else if (json_is_string(value)) {
        w->kind = VLY_WORDS_EXPRESSION;
        VLY_TRY(vly_strdup(&w->expression, json_string_value(value)));
    } else if (json_is_object(value))
        VLY_TRY(read_table(w, value, r, law));
    else
        return unlike(r, law->section, law->key, value, "a number, an expression or a table");
    const vly_law_frame frame = {1.0, 1.0, r->m->temperature, w->source};
    VLY_TRY(vly_law_build(&built, w, &frame));
    vly_law_free(&built);
    return VLY_OK;
}

static vly_status read_limit(double *out, const reader *r, const char *prefix, vly_law_id id)
{
    char *key;
    double value;
    VLY_TRY(vly_format(&key, "%s%s", prefix, vly_material_entry_at(VLY_SCALARS + (int32_t)id)->name));
    vly_status status = number_at(&value, r, VLY_BPX_USER, key);
    if (status == VLY_OK && !isnan(value)) *out = value;
    vly_free(key);
    return status;
}

static vly_status read_law(const reader *r, const vly_bpx_law *law)
{
    const json_t *value = find(r, law->section, law->key);
    vly_law_words w = {.kind = VLY_WORDS_NUMBER};
    double activation = NAN;
    if (!value) return VLY_OK;
    vly_status status = read_words(&w, value, r, law);
    if (status == VLY_OK && law->activation) status = number_at(&activation, r, law->section, law->activation);
    if (status == VLY_OK) status = read_limit(&w.low, r, VLY_BPX_LEAST, law->law);
    if (status == VLY_OK) status = read_limit(&w.high, r, VLY_BPX_MOST, law->law);
    w.activation = isnan(activation) ? 0.0 : activation;
    if (status == VLY_OK) vly_materials_take(r->m, law->law, &w);
    vly_law_words_free(&w);
    return status;
}

/* An electrolyte without a thermodynamic factor is BPX's: ideal. */
static vly_status read_laws(const reader *r)
{
    vly_materials *m = r->m;
    if (r->section[VLY_BPX_ELECTROLYTE]) {
        vly_law_words ideal = {.kind = VLY_WORDS_NUMBER, .number = 1.0, .high = INFINITY};
        VLY_TRY(vly_format(&ideal.source, "%s: no TDF, 1 as in BPX", r->path));
        vly_materials_take(m, VLY_LAW_FACTOR, &ideal);
    }
    for (int i = 0; i < VLY_BPX_LAWS; i++) {
        const vly_bpx_law *law = &vly_bpx_laws[i];
        bool branch = law->law == VLY_LAW_OCP && find(r, VLY_BPX_POSITIVE, "OCP (lithiation) [V]");
        if (law->needed && !branch && r->section[law->section] && !find(r, law->section, law->key))
            return missing(r, law->section, law->key);
        VLY_TRY(read_law(r, law));
    }
    return VLY_OK;
}

/* ---- the file ---- */

/* Misspelt, a parameter of ours would silently stay default; those of others are none of our business. */
static vly_status check_user_defined(const reader *r)
{
    static const char *const ours[] = {"CBD ", "DL ", "Li ", "AM ", VLY_BPX_LEAST, VLY_BPX_MOST};
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)r->section[VLY_BPX_USER], key, value)
    {
        bool known = false, claimed = false;
        for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) claimed |= strncmp(key, ours[i], strlen(ours[i])) == 0;
        for (int i = 0; i < VLY_BPX_NUMBERS; i++) known |= strcmp(key, vly_bpx_numbers[i].key) == 0;
        for (int i = 0; i < VLY_BPX_LAWS; i++) known |= strcmp(key, vly_bpx_laws[i].key) == 0;
        if (strncmp(key, VLY_BPX_LEAST, strlen(VLY_BPX_LEAST)) == 0)
            known = vly_law_find(key + strlen(VLY_BPX_LEAST)) >= 0;
        if (strncmp(key, VLY_BPX_MOST, strlen(VLY_BPX_MOST)) == 0)
            known = vly_law_find(key + strlen(VLY_BPX_MOST)) >= 0;
        if (claimed && !known)
            return vly_fail(VLY_EDATA, "%s: User-defined / %.60s is unknown (a misspelling?)", r->path, key);
    }
    return VLY_OK;
}

/* A number in v0, "1.1.0" in v1. */
static vly_status check_header(const reader *r, const json_t *header, bool *partial)
{
    const json_t *version = json_object_get(header, "BPX"), *model = json_object_get(header, "Model");
    const char *at = json_string_value(version), *name = json_string_value(model);
    double number = json_number_value(version);
    if (!json_is_object(header) || !version || !model)
        return vly_fail(VLY_EDATA, "%s: no Header with BPX and Model, a BPX file expected", r->path);
    if ((!at && !json_is_number(version)) || (at && !vly_number_read(&at, &number)) || !(number >= 0.0 && number < 2.0))
        return vly_fail(VLY_EDATA, "%s: Header / BPX is %s%.20s, version 0.x or 1.x expected", r->path,
                        at ? "" : "not a version", at ? json_string_value(version) : "");
    *partial = name && strcmp(name, "Partial") == 0;
    if (!*partial && (!name || strcmp(name, "DFN") != 0))
        return vly_fail(VLY_EDATA, "%s: Header / Model is \"%.20s\", DFN or Partial expected", r->path,
                        name ? name : "?");
    return VLY_OK;
}

static vly_status find_section(reader *r, vly_bpx_section section, const json_t *parent, bool needed)
{
    const json_t *value = json_object_get(parent, vly_bpx_section_names[section]);
    if (!value && needed) return vly_fail(VLY_EDATA, "%s: %s is missing", r->path, vly_bpx_section_names[section]);
    if (value && !json_is_object(value))
        return vly_fail(VLY_EDATA, "%s: %s is %s, an object expected", r->path, vly_bpx_section_names[section],
                        kind_of(value));
    r->section[section] = value;
    return VLY_OK;
}

/* One active material; the properties of its particles may stand under a name of their own. */
static vly_status merge_particle(const reader *r)
{
    json_t *positive = (json_t *)r->section[VLY_BPX_POSITIVE], *particle = json_object_get(positive, "Particle");
    if (!particle) return VLY_OK;
    void *only = json_object_iter(particle);
    if (!only || json_object_size(particle) != 1 || !json_is_object(json_object_iter_value(only)))
        return vly_fail(VLY_EDATA, "%s: Positive electrode / Particle has %d materials, a single one expected", r->path,
                        (int)json_object_size(particle));
    return json_object_update_missing(positive, json_object_iter_value(only)) == 0
               ? VLY_OK
               : vly_fail(VLY_EMEMORY, "%s: out of memory", r->path);
}

static vly_status read_root(reader *r, const json_t *root)
{
    const json_t *parameters = json_object_get(root, "Parameterisation");
    bool partial;
    VLY_TRY(check_header(r, json_object_get(root, "Header"), &partial));
    if (!json_is_object(parameters)) return vly_fail(VLY_EDATA, "%s: Parameterisation is missing", r->path);
    for (int i = 0; i < VLY_BPX_INITIAL; i++)
        VLY_TRY(find_section(r, (vly_bpx_section)i, parameters,
                             !partial && (i == VLY_BPX_ELECTROLYTE || i == VLY_BPX_POSITIVE)));
    VLY_TRY(find_section(r, VLY_BPX_INITIAL, json_object_get(root, "State"), false));
    VLY_TRY(merge_particle(r));
    VLY_TRY(check_user_defined(r));
    VLY_TRY(read_numbers(r));
    VLY_TRY(read_derived(r));
    VLY_TRY(read_laws(r));
    return vly_materials_check(r->m);
}

vly_status vly_materials_read(vly_materials **out, const char *path, bool linear)
{
    char *text;
    json_error_t error;
    reader r = {.path = path};
    *out = NULL;
    VLY_TRY(vly_file_text(&text, path, BPX_BYTES_MAX));
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    vly_free(text);
    if (!root) return vly_fail(VLY_EDATA, "%s:%d:%d: %s", path, error.line, error.column, error.text);
    vly_status status = vly_materials_create_default(&r.m);
    if (status == VLY_OK) {
        r.m->linear = linear;
        vly_free(r.m->origin);
        r.m->origin = NULL;
        status = vly_strdup(&r.m->origin, path);
    }
    if (status == VLY_OK) status = read_root(&r, root);
    json_decref(root);
    if (status == VLY_OK)
        *out = r.m;
    else
        vly_materials_free(r.m);
    return status;
}
