#include "study/lithiate_document.h"

#include "core/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Guards: what a sound march stays orders of magnitude below (spec 2.3). */
static const double LITHIUM_MOST = 1e-6, SALT_MOST = 1e-8, CHARGE_MOST = 1e-6;

static json_t *um(double metres)
{
    return json_real(round(metres * 1e18) / 1e12);
}

double vly_clean(double value)
{
    char text[40];
    const char *at = text;
    double read = value;
    snprintf(text, sizeof text, "%.13g", value);
    return isfinite(value) && vly_number_read(&at, &read) ? read : value;
}

json_t *vly_json_mah_cm2(double charge)
{
    return vly_json_real(vly_clean(charge / VLY_MAH_CM2));
}

/* Takes what belongs to it whether it could be made or not. */
static void put(json_t *object, bool *lost, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value) != 0) *lost = true;
}

/* ---- the cell ---- */

static const char *const contacts[VLY_CONTACTS] = {"am_pore", "am_cbd", "am_separator"};

static json_t *faces_json(const vly_cell_geometry *g, const vly_settings *s)
{
    static const char *const estimators[] = {"normal", "raw", "scale"};
    bool lost = false;
    json_t *faces = json_object();
    double raw = 0.0, area = 0.0;
    put(faces, &lost, "estimator", json_string(estimators[s->area]));
    if (s->area == VLY_AREA_SCALE) put(faces, &lost, "scale", json_real(s->area_scale));
    for (int c = 0; c < VLY_CONTACTS; c++) {
        put(faces, &lost, contacts[c],
            json_pack("{s:I, s:f, s:f}", "faces", (json_int_t)g->faces[c], "squares_um2",
                      vly_clean(1e12 * g->raw_area[c]), "area_um2", vly_clean(1e12 * g->area[c])));
        raw += g->raw_area[c];
        area += g->area[c];
    }
    put(faces, &lost, "collector", json_pack("{s:I}", "faces", (json_int_t)g->collector_faces));
    put(faces, &lost, "area_over_squares", vly_json_real(area / raw));
    if (!lost) return faces;
    json_decref(faces);
    return NULL;
}

static json_t *share(int64_t part, int64_t of)
{
    return json_real(of > 0 ? (double)part / (double)of : 0.0);
}

json_t *vly_geometry_json(const vly_cell_geometry *g, const vly_settings *s)
{
    bool lost = false;
    json_t *o = json_object();
    const int64_t electrolyte = g->voxels[VLY_PORE] + g->voxels[VLY_CBD];
    put(o, &lost, "electrode_voxels", json_pack("[i, i, i]", g->extent.nx, g->extent.ny, g->extent.nz));
    put(o, &lost, "voxel_size_um", um(g->voxel));
    put(o, &lost, "thickness_um", um(g->voxel * (double)g->extent.nz));
    put(o, &lost, "cross_section_um2", json_real(vly_clean(1e12 * g->cross_section)));
    put(o, &lost, "trimmed_layers", json_integer(g->trimmed));
    put(o, &lost, "layers_above", json_integer(g->above));
    put(o, &lost, "separator",
        json_pack("{s:i, s:o, s:f}", "layers", g->separator_layers, "thickness_um", um(g->separator_thickness), "ratio",
                  g->separator_ratio));
    put(o, &lost, "voxels",
        json_pack("{s:I, s:I, s:I}", "am", (json_int_t)g->voxels[VLY_AM], "cbd", (json_int_t)g->voxels[VLY_CBD], "pore",
                  (json_int_t)g->voxels[VLY_PORE]));
    put(o, &lost, "sealed_electrolyte_fraction", share(g->sealed[VLY_PORE] + g->sealed[VLY_CBD], electrolyte));
    put(o, &lost, "floating_am_fraction", share(g->floating[VLY_AM], g->voxels[VLY_AM]));
    put(o, &lost, "inert_am_fraction", share(g->inert, g->voxels[VLY_AM]));
    put(o, &lost, "floating_cbd_fraction", share(g->floating[VLY_CBD], g->voxels[VLY_CBD]));
    put(o, &lost, "reaction", faces_json(g, s));
    put(o, &lost, "unknowns", json_integer(g->unknowns));
    if (!lost) return o;
    json_decref(o);
    return NULL;
}

json_t *vly_materials_json(const vly_materials *m)
{
    bool lost = false;
    json_t *o = json_object();
    const vly_material_entry *entry;
    for (int32_t i = 0; (entry = vly_material_entry_at(i)); i++) {
        const char *source = vly_materials_source(m, entry->name);
        json_t *one = json_object();
        double value;
        if (!entry->law && vly_materials_number(&value, m, entry->name) == VLY_OK)
            put(one, &lost, "value", json_real(value));
        if (*entry->unit) put(one, &lost, "unit", json_string(entry->unit));
        put(one, &lost, "source", vly_json_string(source ? source : ""));
        put(o, &lost, entry->name, one);
    }
    if (!lost) return o;
    json_decref(o);
    return NULL;
}

static double number_of(const vly_materials *m, const char *name)
{
    double value = NAN;
    (void)vly_materials_number(&value, m, name);
    return value;
}

void vly_gamma_document(vly_document *document, const vly_materials *materials)
{
    const double gamma = number_of(materials, "cbd_gamma"), share_cbd = number_of(materials, "cbd_porosity");
    vly_document_set(document, "gamma_cbd", json_real(gamma));
    vly_document_set(document, "tau_cbd", json_real(share_cbd / gamma));
    vly_document_set(document, "inverse_tau_cbd", json_real(gamma / share_cbd));
}

void vly_cell_document(vly_document *document, const vly_cell *cell, const vly_materials *materials,
                       const vly_settings *settings)
{
    vly_cell_outlook look;
    vly_cell_look(&look, cell);
    vly_gamma_document(document, materials);
    vly_document_set(document, "half", json_boolean(settings->half));
    vly_document_set(document, "geometry", vly_geometry_json(vly_cell_found(cell), settings));
    vly_document_set(document, "outlook",
                     json_pack("{s:o, s:o, s:f, s:f}", "theory_mah_cm2", vly_json_mah_cm2(look.theory), "full_mah_cm2",
                               vly_json_mah_cm2(look.full), "limiting_ma_cm2", vly_clean(look.limiting / VLY_MA_CM2),
                               "depleting_ma_cm2", vly_clean(look.depleting / VLY_MA_CM2)));
    vly_document_set(document, "materials", vly_materials_json(materials));
}

/* ---- the curve ---- */

/* What must not be, in words; NULL where all is well. */
static json_t *failure_json(const vly_lithiate_result *r, double full)
{
    char text[200] = "";
    const double voltage = r->points[r->count - 1].voltage;
    if (r->stop == VLY_STOP_STUCK)
        snprintf(text, sizeof text, "steps became shorter than 1e-7 s at %.4f mAh/cm2 and %.4f V, above the cut-off",
                 r->charge / VLY_MAH_CM2, voltage);
    else if (!(r->lithium_balance <= LITHIUM_MOST))
        snprintf(text, sizeof text, "%.3g of the lithium got lost, at most %g expected", r->lithium_balance,
                 LITHIUM_MOST);
    else if (!(r->salt_balance <= SALT_MOST))
        snprintf(text, sizeof text, "%.3g of the salt got lost, at most %g expected", r->salt_balance, SALT_MOST);
    else if (!(r->charge_balance <= CHARGE_MOST))
        snprintf(text, sizeof text, "currents differ by %.3g between the two sides, at most %g expected",
                 r->charge_balance, CHARGE_MOST);
    else if (r->charge > full)
        snprintf(text, sizeof text, "a capacity of %.4f mAh/cm2, at most %.4f expected of the active material",
                 r->charge / VLY_MAH_CM2, full / VLY_MAH_CM2);
    return *text ? json_string(text) : NULL;
}

static json_t *depths_um(const vly_cell_fields *f)
{
    json_t *array = json_array();
    for (int32_t k = 0; array && k < f->layers; k++)
        if (json_array_append_new(array, um(f->depth[k])) != 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

static json_t *fields_json(const vly_cell_fields *f)
{
    const int64_t pixels = (int64_t)f->section.nx * f->section.nz;
    json_t *profile =
        json_pack("{s:o, s:o, s:o, s:o, s:o}", "depth_um", depths_um(f), "x",
                  vly_json_reals(f->stoichiometry, f->layers), "ce_mol_m3", vly_json_reals(f->salt, f->layers),
                  "solid_potential_v", vly_json_reals(f->solid_potential, f->layers), "electrolyte_potential_v",
                  vly_json_reals(f->electrolyte_potential, f->layers));
    json_t *section = json_pack("{s:i, s:i, s:i, s:o, s:o}", "width", f->section.nx, "depth", f->section.nz, "stride",
                                f->stride, "x", vly_json_pixels(f->section_stoichiometry, pixels), "ce_mol_m3",
                                vly_json_pixels(f->section_salt, pixels));
    return json_pack("{s:f, s:o, s:f, s:o, s:o}", "time_s", f->time, "capacity_mah_cm2",
                     vly_json_mah_cm2(fabs(f->charge)), "voltage_v", f->voltage, "profile", profile, "section",
                     section);
}

static json_t *curve_json(const vly_lithiate_result *r)
{
    bool lost = false;
    json_t *capacity = json_array(), *voltage = json_array();
    for (int64_t i = 0; i < r->count; i++) {
        lost |= json_array_append_new(capacity, vly_json_mah_cm2(fabs(r->points[i].charge))) != 0;
        lost |= json_array_append_new(voltage, vly_json_real(r->points[i].voltage)) != 0;
    }
    json_t *curve = json_pack("{s:o, s:o}", "capacity_mah_cm2", capacity, "voltage_v", voltage);
    if (!lost) return curve;
    json_decref(curve);
    return NULL;
}

void vly_lithiate_document(vly_document *document, const vly_lithiate_result *r, const vly_cell *cell, double current)
{
    const struct {
        const char *key;
        json_t *value;
    } entries[] = {{"current_ma_cm2", json_real(vly_clean(current / VLY_MA_CM2))},
                   {"capacity_mah_cm2", vly_json_mah_cm2(r->charge)},
                   {"cutoff_v", json_real(r->cutoff)},
                   {"stop_reason", json_string(vly_lithiate_stop_name(r->stop))},
                   {"voltage_start_v", vly_json_real(r->points[0].voltage)},
                   {"voltage_end_v", vly_json_real(r->points[r->count - 1].voltage)},
                   {"steps", json_integer(r->count - 1)},
                   {"rejected_steps", json_integer(r->rejected)},
                   {"newton_iterations", json_integer(r->newton)},
                   {"linear_iterations", json_integer(r->krylov)},
                   {"lithium_balance_rel", vly_json_real(r->lithium_balance)},
                   {"salt_balance_rel", vly_json_real(r->salt_balance)},
                   {"charge_balance_rel", vly_json_real(r->charge_balance)},
                   {"march_seconds", json_real(round(1e3 * r->seconds) / 1e3)},
                   {"resumed_at_step", r->resumed >= 0 ? json_integer(r->resumed) : json_null()},
                   {"curve", curve_json(r)}};
    vly_cell_outlook look;
    vly_cell_look(&look, cell);
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        vly_document_set(document, entries[i].key, entries[i].value);
    json_t *fields = json_array();
    for (int32_t i = 0; i < r->field_count; i++)
        if (json_array_append_new(fields, fields_json(&r->fields[i])) != 0) document->broken = true;
    vly_document_set(document, "fields", fields);
    json_t *failure = failure_json(r, current > 0.0 ? look.theory : look.full - look.theory);
    if (failure) vly_document_set(document, "failure", failure);
}

/* ---- CSV ---- */

void vly_lithiate_csv(vly_text *to, const vly_lithiate_result *r)
{
    vly_text_add(to, "time_s,capacity_mah_cm2,voltage_v,current_ma_cm2,x_mean,ce_min_mol_m3,lithium_balance_rel,x_min,"
                     "x_max,ce_mean_mol_m3,ce_max_mol_m3,salt_balance_rel,charge_balance_rel,newton,krylov,rejected\n");
    for (int64_t i = 0; i < r->count; i++) {
        const vly_lithiate_point *p = &r->points[i];
        const double values[] = {p->time,
                                 vly_clean(fabs(p->charge) / VLY_MAH_CM2),
                                 p->voltage,
                                 vly_clean(p->current / VLY_MA_CM2),
                                 p->stoichiometry,
                                 p->salt_least,
                                 p->lithium_balance,
                                 p->stoichiometry_least,
                                 p->stoichiometry_most,
                                 p->salt,
                                 p->salt_most,
                                 p->salt_balance,
                                 p->charge_balance};
        for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
            char number[VLY_NUMBER_BYTES];
            vly_number_write(number, values[k]);
            vly_text_add(to, "%s,", number);
        }
        vly_text_add(to, "%d,%d,%d\n", p->newton, p->krylov, p->rejected);
    }
}
