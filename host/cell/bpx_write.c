/* Writes BPX JSON, v1.1, Model "Partial", with every section complete: other programs can read it too. */
#include "cell/bpx.h"

#include "core/file.h"
#include "core/memory.h"
#include "core/number.h"
#include "core/text.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

typedef struct writer {
    vly_text text;
    int depth;
    bool first; /* nothing stands in this object so far */
    const vly_materials *m;
} writer;

static void open_member(writer *w, const char *key)
{
    vly_text_add(&w->text, "%s\n%*s\"%s\": ", w->first ? "" : ",", 4 * w->depth, "", key);
    w->first = false;
}

static void open_object(writer *w, const char *key)
{
    open_member(w, key);
    vly_text_add(&w->text, "{");
    w->depth++;
    w->first = true;
}

static void close_object(writer *w)
{
    w->depth--;
    vly_text_add(&w->text, "\n%*s}", 4 * w->depth, "");
    w->first = false;
}

static void add_number(writer *w, double value)
{
    char text[VLY_NUMBER_BYTES];
    vly_number_write(text, value);
    vly_text_add(&w->text, "%s", text);
}

static void write_number(writer *w, const char *key, double value)
{
    open_member(w, key);
    add_number(w, value);
}

static int add_bytes(const char *bytes, size_t count, void *text)
{
    vly_text_bytes(text, bytes, (int64_t)count);
    return 0;
}

/* Quoted; bytes that are no UTF-8 have no place in JSON, and the whole string goes with them. */
static void write_string(writer *w, const char *key, const char *value)
{
    json_t *string = json_string(value);
    open_member(w, key);
    if (!string || json_dump_callback(string, add_bytes, &w->text, JSON_ENCODE_ANY) != 0)
        vly_text_add(&w->text, "\"\"");
    json_decref(string);
}

static void add_list(writer *w, const char *name, const double *values, int32_t count)
{
    vly_text_add(&w->text, "\"%s\": [", name);
    for (int32_t i = 0; i < count; i++) {
        if (i > 0) vly_text_add(&w->text, ", ");
        add_number(w, values[i]);
    }
    vly_text_add(&w->text, "]");
}

/* BPX knows no T: it gets the number. */
static void add_expression(writer *w, const char *expression)
{
    vly_text_add(&w->text, "\"");
    for (const char *at = expression; *at; at++)
        if (*at == 'T')
            add_number(w, w->m->temperature);
        else
            vly_text_bytes(&w->text, *at == '\n' || *at == '\r' || *at == '\t' ? " " : at, 1);
    vly_text_add(&w->text, "\"");
}

static void write_words(writer *w, const char *key, const vly_law_words *words)
{
    open_member(w, key);
    if (words->kind == VLY_WORDS_NUMBER)
        add_number(w, words->number);
    else if (words->kind == VLY_WORDS_EXPRESSION)
        add_expression(w, words->expression);
    else {
        vly_text_add(&w->text, "{");
        add_list(w, "x", words->x, words->points);
        vly_text_add(&w->text, ", ");
        add_list(w, "y", words->y, words->points);
        vly_text_add(&w->text, "}");
    }
}

/* Numbers and laws of a section that have a place of their own. */
static void write_mapped(writer *w, vly_bpx_section section)
{
    for (int i = 0; i < VLY_BPX_NUMBERS; i++) {
        const vly_bpx_number *n = &vly_bpx_numbers[i];
        if (n->section == section && !n->old) write_number(w, n->key, w->m->scalar[n->scalar]);
    }
    for (int i = 0; i < VLY_BPX_LAWS; i++) {
        const vly_bpx_law *law = &vly_bpx_laws[i];
        const vly_law_words *words = &w->m->law[law->law];
        if (law->section != section || strstr(law->key, "lithiation")) continue;
        if (law->law == VLY_LAW_TRANSFERENCE && section == VLY_BPX_ELECTROLYTE) continue;
        write_words(w, law->key, words);
        if (law->activation) write_number(w, law->activation, words->activation);
    }
}

/* Where the open-circuit potential meets the cut-off; 1 if it does not. */
static double last_stoichiometry(const vly_cell_laws *laws, const vly_materials *m)
{
    double low = m->initial_stoichiometry, high = 1.0, slope;
    for (int i = 0; i < 60; i++) {
        double middle = 0.5 * (low + high);
        if (vly_law_value(&laws->ocp, middle, &slope) > m->cutoff)
            low = middle;
        else
            high = middle;
    }
    return high;
}

static void write_cell(writer *w, const vly_cell_laws *laws)
{
    const vly_materials *m = w->m;
    const double area = 1e-4;
    double slope, moles = area * m->electrode_thickness * m->active_fraction * m->maximum_concentration *
                          (last_stoichiometry(laws, m) - m->initial_stoichiometry);
    open_object(w, vly_bpx_section_names[VLY_BPX_CELL]);
    write_number(w, "Electrode area [m2]", area);
    write_number(w, "Number of electrode pairs connected in parallel to make a cell", 1);
    write_number(w, "Nominal cell capacity [A.h]", moles * VLY_FARADAY / 3600.0);
    write_number(w, "Upper voltage cut-off [V]", vly_law_value(&laws->ocp, m->initial_stoichiometry, &slope));
    write_mapped(w, VLY_BPX_CELL);
    close_object(w);
}

static void write_electrolyte(writer *w, const vly_cell_laws *laws)
{
    double slope;
    open_object(w, vly_bpx_section_names[VLY_BPX_ELECTROLYTE]);
    write_number(w, "Cation transference number",
                 vly_law_value(&laws->transference, 1e-3 * w->m->initial_concentration, &slope));
    write_mapped(w, VLY_BPX_ELECTROLYTE);
    close_object(w);
}

static void write_positive(writer *w, const vly_cell_laws *laws)
{
    const vly_materials *m = w->m;
    open_object(w, vly_bpx_section_names[VLY_BPX_POSITIVE]);
    write_mapped(w, VLY_BPX_POSITIVE);
    write_number(w, "Maximum stoichiometry", last_stoichiometry(laws, m));
    write_number(w, VLY_BPX_AREA, 3.0 * m->active_fraction / m->particle_radius);
    write_number(w, VLY_BPX_RATE,
                 m->exchange * m->maximum_concentration * sqrt(m->initial_concentration) / VLY_FARADAY);
    close_object(w);
}

/* Where clipping of an expression begins, unless a reader would assume the same. */
static void write_limits(writer *w)
{
    for (int i = 0; i < VLY_LAWS; i++) {
        const vly_law_words *words = &w->m->law[i];
        char key[64];
        double low = i < VLY_LAW_OCP ? 1e-12 : 1e-6, high = i < VLY_LAW_OCP ? INFINITY : 1.0 - 1e-6;
        if (words->kind != VLY_WORDS_EXPRESSION) continue;
        const char *name = vly_material_entry_at(VLY_SCALARS + i)->name;
        snprintf(key, sizeof key, VLY_BPX_LEAST "%s", name);
        if (words->low != low) write_number(w, key, words->low);
        snprintf(key, sizeof key, VLY_BPX_MOST "%s", name);
        if (words->high != high) write_number(w, key, words->high);
    }
}

static void write_user_defined(writer *w)
{
    open_object(w, vly_bpx_section_names[VLY_BPX_USER]);
    write_mapped(w, VLY_BPX_USER);
    write_limits(w);
    close_object(w);
}

static void write_header(writer *w)
{
    vly_text sources = {0};
    const vly_material_entry *entry;
    for (int32_t i = 0; (entry = vly_material_entry_at(i)); i++)
        vly_text_add(&sources, "%s%s: %s", i ? "; " : "", entry->name, vly_materials_source(w->m, entry->name));
    if (sources.status != VLY_OK) w->text.status = sources.status;
    open_object(w, "Header");
    write_string(w, "BPX", "1.1.0");
    write_string(w, "Title", "Half cell against lithium");
    write_string(
        w, "Description",
        "voxelyte resolves the electrode in an image; thickness, porosity, transport efficiency, conductivity and "
        "particle radius of the positive electrode serve porous-electrode models only");
    if (sources.text) write_string(w, "References", sources.text);
    write_string(w, "Model", "Partial");
    close_object(w);
    vly_text_free(&sources);
}

static void write_root(writer *w, const vly_cell_laws *laws)
{
    vly_text_add(&w->text, "{");
    w->depth = 1;
    w->first = true;
    write_header(w);
    open_object(w, "Parameterisation");
    write_cell(w, laws);
    write_electrolyte(w, laws);
    write_positive(w, laws);
    open_object(w, vly_bpx_section_names[VLY_BPX_SEPARATOR]);
    write_mapped(w, VLY_BPX_SEPARATOR);
    close_object(w);
    write_user_defined(w);
    close_object(w);
    open_object(w, "State");
    open_object(w, vly_bpx_section_names[VLY_BPX_INITIAL]);
    write_number(w, "Initial state-of-charge", 1);
    write_mapped(w, VLY_BPX_INITIAL);
    close_object(w);
    open_object(w, "Thermal environment");
    write_number(w, "Ambient temperature [K]", w->m->temperature);
    close_object(w);
    close_object(w);
    vly_text_add(&w->text, "\n}\n");
}

vly_status vly_materials_write(const vly_materials *m, const char *path, bool overwrite)
{
    vly_cell_laws laws;
    writer w = {.m = m};
    VLY_TRY(vly_cell_laws_create(&laws, m));
    write_root(&w, &laws);
    vly_status status = w.text.status;
    if (status == VLY_OK) status = vly_file_publish_text(path, w.text.text, overwrite);
    vly_text_free(&w.text);
    vly_cell_laws_free(&laws);
    return status;
}
