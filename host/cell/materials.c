/* Parameters of a half cell by name: the table of numbers, and making, changing and reading them. */
#include "cell/materials_impl.h"

#include "core/memory.h"
#include "core/number.h"
#include "core/text.h"
#include "io/io.h"

#include <string.h>

static const struct {
    vly_material_entry entry;
    double low, high, standard;
    const char *source;
} scalars[VLY_SCALARS] = {
#define VLY_SCALAR(name, unit, low, high, standard, source, meaning) \
    {{#name, unit, meaning, false}, low, high, standard, source},
#include "cell/materials.def"
#undef VLY_SCALAR
};

static const vly_material_entry laws[VLY_LAWS] = {
    [VLY_LAW_CONDUCTIVITY] = {"conductivity", "S/m", "ionic conductivity of the electrolyte", true},
    [VLY_LAW_DIFFUSIVITY] = {"diffusivity", "m2/s", "diffusivity of salt", true},
    [VLY_LAW_TRANSFERENCE] = {"transference", "", "transference number of lithium", true},
    [VLY_LAW_FACTOR] = {"factor", "", "thermodynamic factor 1 + d ln f / d ln c", true},
    [VLY_LAW_OCP] = {"ocp", "V", "open-circuit potential against lithium", true},
    [VLY_LAW_SOLID_DIFFUSIVITY] = {"solid_diffusivity", "m2/s", "diffusivity of lithium in the active material", true},
    [VLY_LAW_SOLID_CONDUCTIVITY] = {"solid_conductivity", "S/m", "electronic conductivity of the active material",
                                    true}};

const vly_material_entry *vly_material_entry_at(int32_t index)
{
    if (index < 0 || index >= VLY_SCALARS + VLY_LAWS) return NULL;
    return index < VLY_SCALARS ? &scalars[index].entry : &laws[index - VLY_SCALARS];
}

int vly_scalar_find(const char *name)
{
    for (int i = 0; i < VLY_SCALARS; i++)
        if (strcmp(scalars[i].entry.name, name) == 0) return i;
    return -1;
}

int vly_law_find(const char *name)
{
    for (int i = 0; i < VLY_LAWS; i++)
        if (strcmp(laws[i].name, name) == 0) return i;
    return -1;
}

/* Those that hold `part`, laws first. */
static void list_names(vly_text *to, const char *part)
{
    for (int32_t i = 0; i < VLY_LAWS; i++)
        if (strstr(laws[i].name, part)) vly_text_add(to, "%s, ", laws[i].name);
    for (int32_t i = 0; i < VLY_SCALARS; i++)
        if (strstr(scalars[i].entry.name, part)) vly_text_add(to, "%s, ", scalars[i].entry.name);
}

static vly_status unknown(const char *name)
{
    vly_text known = {0};
    list_names(&known, name);
    if (known.length == 0) list_names(&known, "");
    vly_status status = known.status == VLY_OK
                            ? vly_fail(VLY_EUSAGE, "%s: no such parameter; there are %selectrolyte", name, known.text)
                            : known.status;
    vly_text_free(&known);
    return status;
}

vly_status vly_materials_create_default(vly_materials **out)
{
    vly_materials *m;
    *out = NULL;
    VLY_TRY(VLY_NEW(&m, 1, "materials"));
    for (int i = 0; i < VLY_SCALARS; i++) m->scalar[i] = scalars[i].standard;
    vly_status status = vly_strdup(&m->origin, "materials");
    if (status == VLY_OK) status = vly_materials_default_laws(m);
    if (status == VLY_OK)
        *out = m;
    else
        vly_materials_free(m);
    return status;
}

void vly_materials_free(vly_materials *m)
{
    if (!m) return;
    for (int i = 0; i < VLY_SCALARS; i++) vly_free(m->scalar_source[i]);
    for (int i = 0; i < VLY_LAWS; i++) vly_law_words_free(&m->law[i]);
    vly_free(m->origin);
    vly_free(m);
}

void vly_materials_take(vly_materials *m, vly_law_id id, vly_law_words *words)
{
    vly_law_words_free(&m->law[id]);
    m->law[id] = *words;
    *words = (vly_law_words){.kind = VLY_WORDS_NUMBER};
}

vly_status vly_scalar_set(vly_materials *m, vly_scalar_id id, double value, const char *source, vly_status status)
{
    const vly_material_entry *entry = &scalars[id].entry;
    char *copy;
    if (!(value >= scalars[id].low && value <= scalars[id].high))
        return vly_fail(status, "%s: %s = %g, a number from %g to %g%s%s expected", source, entry->name, value,
                        scalars[id].low, scalars[id].high, *entry->unit ? " " : "", entry->unit);
    if (id == VLY_SCALAR_exchange_power && value != 0.0 && value != 0.5)
        return vly_fail(status, "%s: %s = %g, 0 or 0.5 expected", source, entry->name, value);
    VLY_TRY(vly_strdup(&copy, source));
    vly_free(m->scalar_source[id]);
    m->scalar_source[id] = copy;
    m->scalar[id] = value;
    return VLY_OK;
}

vly_status vly_materials_set_number(vly_materials *m, const char *name, double value)
{
    char text[VLY_NUMBER_BYTES];
    int id = vly_scalar_find(name);
    if (id >= 0) return vly_scalar_set(m, (vly_scalar_id)id, value, "set by the user", VLY_EUSAGE);
    if (!isfinite(value)) return vly_fail(VLY_EUSAGE, "%s = %g, a number expected", name, value);
    vly_number_write(text, value);
    return vly_materials_set(m, name, text);
}

/* A number, an expression or the path of a table. */
static vly_status set_law(vly_materials *m, vly_law_id id, const char *text)
{
    vly_law law;
    vly_law_words words = {.kind = VLY_WORDS_EXPRESSION};
    bool solid = id >= VLY_LAW_OCP, table = vly_path_ends(text, ".csv");
    const vly_law_frame frame = {1.0, 1.0, m->temperature, table ? text : laws[id].name};
    vly_status status = table ? vly_law_words_read(&words, text) : vly_strdup(&words.expression, text);
    words.low = solid ? 1e-6 : 1e-12;
    words.high = solid ? 1.0 - 1e-6 : INFINITY;
    if (table) vly_law_words_style(&words, id, m->linear);
    if (status == VLY_OK) status = vly_format(&words.source, "set by the user: %s", text);
    if (status == VLY_OK) status = vly_law_build(&law, &words, &frame);
    if (status == VLY_OK) {
        vly_law_free(&law);
        vly_materials_take(m, id, &words);
    }
    vly_law_words_free(&words);
    return status;
}

vly_status vly_materials_set(vly_materials *m, const char *name, const char *text)
{
    const char *end = text;
    double value;
    int law = vly_law_find(name), scalar = vly_scalar_find(name);
    if (strcmp(name, "electrolyte") == 0) return vly_materials_set_electrolyte(m, text);
    if (law >= 0) return set_law(m, (vly_law_id)law, text);
    if (scalar < 0) return unknown(name);
    if (!vly_number_read(&end, &value) || *end)
        return vly_fail(VLY_EUSAGE, "%s = \"%s\", a number expected", name, text);
    return vly_materials_set_number(m, name, value);
}

vly_status vly_materials_number(double *out, const vly_materials *m, const char *name)
{
    int id = vly_scalar_find(name);
    if (id < 0) return unknown(name);
    *out = m->scalar[id];
    return VLY_OK;
}

const char *vly_materials_source(const vly_materials *m, const char *name)
{
    int law = vly_law_find(name), scalar = vly_scalar_find(name);
    if (law >= 0) return m->law[law].source;
    if (scalar < 0) return NULL;
    return m->scalar_source[scalar] ? m->scalar_source[scalar] : scalars[scalar].source;
}

vly_status vly_materials_evaluate(double *value, double *slope, const vly_materials *m, const char *name,
                                  const double *x, int32_t count)
{
    vly_law law;
    int id = vly_law_find(name);
    if (id < 0) return unknown(name);
    VLY_TRY(vly_materials_build(&law, m, (vly_law_id)id, 1.0));
    for (int32_t i = 0; i < count; i++) {
        double d;
        value[i] = vly_law_value(&law, x[i], &d);
        if (slope) slope[i] = d;
    }
    vly_law_free(&law);
    return VLY_OK;
}
