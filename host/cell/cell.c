/* A half cell: labels and materials made into a network and laws on a device, and what can be said before any step. */
#include "cell/cell_impl.h"

#include "cell/materials_impl.h"
#include "core/memory.h"
#include "core/text.h"

#include <math.h>
#include <string.h>

/* Raised when the same labels, materials and options would give other results than before. */
enum { CELL_FORMAT = 1 };

static const double FARADAY = 96485.33212; /* A s/mol */

/* Bytes an unknown takes in matrix, hierarchies and Krylov vectors, as measured. */
static const double UNKNOWN_BYTES = 650.0;

/* ---- materials ---- */

typedef struct taken {
    double thickness, separator_share, separator_gamma, binder_share, binder_gamma, binder_sigma;
    double stoichiometry, concentration, cutoff;
} taken;

static vly_status take_numbers(taken *out, const vly_materials *m)
{
    const struct {
        const char *name;
        double *to;
    } numbers[] = {{"separator_thickness", &out->thickness},
                   {"separator_porosity", &out->separator_share},
                   {"separator_gamma", &out->separator_gamma},
                   {"cbd_porosity", &out->binder_share},
                   {"cbd_gamma", &out->binder_gamma},
                   {"cbd_conductivity", &out->binder_sigma},
                   {"initial_stoichiometry", &out->stoichiometry},
                   {"initial_concentration", &out->concentration},
                   {"cutoff", &out->cutoff}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        VLY_TRY(vly_materials_number(numbers[i].to, m, numbers[i].name));
    return VLY_OK;
}

static vly_status take_laws(vly_cell *cell, const vly_materials *m, const taken *t)
{
    cell->start = (vly_cell_start){.stoichiometry = t->stoichiometry, .concentration = t->concentration};
    VLY_TRY(vly_materials_evaluate(&cell->start.potential, NULL, m, "ocp", &t->stoichiometry, 1));
    VLY_TRY(vly_materials_evaluate(&cell->start.transference, NULL, m, "transference", &t->concentration, 1));
    VLY_TRY(vly_materials_evaluate(&cell->diffusivity, NULL, m, "diffusivity", &t->concentration, 1));
    return vly_cell_laws_upload(&cell->laws, &cell->tables, cell->device, m);
}

/* ---- the key ---- */

/* Laws by their values, so that it does not matter in which words they were given. */
static vly_status add_law(vly_text *to, const vly_materials *m, const char *name, double most)
{
    enum { POINTS = 257 };
    double x[POINTS], value[POINTS];
    for (int i = 0; i < POINTS; i++) x[i] = most * (i + 0.5) / POINTS;
    VLY_TRY(vly_materials_evaluate(value, NULL, m, name, x, POINTS));
    for (int i = 0; i < POINTS; i++) vly_text_add(to, "%a ", value[i]);
    return VLY_OK;
}

static vly_status make_key(vly_cell *cell, const vly_materials *m, const vly_cell_options *o)
{
    const vly_cell_geometry *g = &cell->domain.found;
    const vly_material_entry *entry;
    char labels[VLY_DIGEST_BYTES];
    vly_text text = {0};
    vly_digest_bytes(labels, cell->domain.kind, vly_extent_voxels(cell->domain.extent));
    vly_text_add(&text, "%d %s %d %d %d %d %a %d %a %d %d\n", CELL_FORMAT, labels, g->extent.nx, g->extent.ny,
                 g->extent.nz, g->separator_layers, g->voxel, (int)o->area, o->area_scale, (int)o->floating, o->half);
    for (int32_t k = 0; k < cell->domain.extent.nz; k++) vly_text_add(&text, "%a ", cell->domain.layer[k]);
    vly_status status = VLY_OK;
    for (int32_t i = 0; (entry = vly_material_entry_at(i)) && status == VLY_OK; i++) {
        const bool solid = strcmp(entry->name, "ocp") == 0 || strncmp(entry->name, "solid", 5) == 0;
        double value = 0.0;
        vly_text_add(&text, "\n%s ", entry->name);
        if (entry->law)
            status = add_law(&text, m, entry->name, solid ? 1.0 : 5000.0);
        else
            status = vly_materials_number(&value, m, entry->name);
        vly_text_add(&text, "%a", value);
    }
    if (status == VLY_OK) status = text.status;
    if (status == VLY_OK) vly_digest_text(cell->key, text.text);
    vly_text_free(&text);
    return status;
}

/* ---- the cell ---- */

static vly_status make_network(vly_cell *cell, vly_source *labels, const vly_cell_options *o, const taken *t)
{
    const vly_domain_options options = {.window = o->window,
                                        .through = o->through,
                                        .trim = o->trim,
                                        .floating = o->floating,
                                        .area = o->area,
                                        .area_scale = o->area_scale,
                                        .separator_layers = o->separator_layers,
                                        .separator_layer = o->separator_layer,
                                        .separator_thickness = t->thickness,
                                        .separator_share = t->separator_share,
                                        .separator_gamma = t->separator_gamma,
                                        .binder_share = t->binder_share,
                                        .binder_gamma = t->binder_gamma,
                                        .binder_sigma = t->binder_sigma};
    VLY_TRY(vly_domain_create(&cell->domain, cell->device, labels, &options));
    return vly_domain_network(&cell->network, cell->device, &cell->domain, &options);
}

static vly_status make(vly_cell *cell, vly_source *labels, const vly_cell_options *o, const vly_materials *m)
{
    taken t;
    VLY_TRY(vly_materials_check(m));
    VLY_TRY(take_numbers(&t, m));
    VLY_TRY(take_laws(cell, m, &t));
    cell->laws.half = o->half;
    cell->cutoff = t.cutoff;
    cell->separator_gamma = t.separator_gamma;
    cell->separator_share = t.separator_share;
    cell->binder_gamma = t.binder_gamma;
    cell->binder_share = t.binder_share;
    VLY_TRY(make_network(cell, labels, o, &t));
    return make_key(cell, m, o);
}

vly_status vly_cell_create(vly_cell **out, vly_device *device, vly_source *labels, const vly_cell_options *options)
{
    vly_materials *standard = NULL;
    vly_cell *cell;
    *out = NULL;
    VLY_TRY(VLY_NEW(&cell, 1, "half cell"));
    cell->device = device;
    vly_status status = options->materials ? VLY_OK : vly_materials_create_default(&standard);
    if (status == VLY_OK) status = make(cell, labels, options, standard ? standard : options->materials);
    vly_materials_free(standard);
    if (status == VLY_OK)
        *out = cell;
    else
        vly_cell_free(cell);
    return status;
}

void vly_cell_free(vly_cell *cell)
{
    if (!cell) return;
    vly_cell_network_free(&cell->network);
    vly_domain_free(&cell->domain);
    vly_buffer_free(&cell->tables);
    vly_free(cell);
}

const vly_cell_geometry *vly_cell_found(const vly_cell *cell)
{
    return &cell->domain.found;
}

/* ---- the outlook ---- */

static double charge_of(const vly_cell *cell)
{
    double volume = 0.0;
    for (int32_t i = 0; i < cell->network.solids; i++) volume += cell->network.solid_volume[i];
    return FARADAY * cell->laws.solid_most * volume / cell->network.cross_section;
}

/* Steady salt under a reaction that is the same everywhere, where none is left at the collector. Layers in series with
 * their voxels in parallel: they carry more than the structure does. c = c_0 sum(eps dz) / sum(eps dz drop) with drop(z) the
 * salt's rise from the collector to z per unit of (1 - t) i / (F D). */
static double depleting_of(const vly_cell *cell)
{
    const vly_domain *d = &cell->domain;
    const int64_t area = (int64_t)d->extent.nx * d->extent.ny;
    double held = 0.0, lifted = 0.0, drop = 0.0;
    for (int32_t k = 0; k < d->extent.nz; k++) {
        double share = 0.0, gamma = 0.0, part = ((double)k + 0.5) / (double)d->electrode;
        for (int64_t i = k * area; i < (k + 1) * area; i++) {
            if (!(d->kind[i] & VLY_VOXEL_IONS)) continue;
            const uint8_t label = d->kind[i] & VLY_VOXEL_LABEL;
            share += label == VLY_CBD ? cell->binder_share : label == VLY_SEPARATOR ? cell->separator_share : 1.0;
            gamma += label == VLY_CBD ? cell->binder_gamma : label == VLY_SEPARATOR ? cell->separator_gamma : 1.0;
        }
        if (gamma <= 0.0) continue;
        const double rise = fmin(part, 1.0) * d->layer[k] * (double)area / gamma;
        held += share * d->layer[k];
        lifted += share * d->layer[k] * (drop + 0.5 * rise);
        drop += rise;
    }
    return cell->start.concentration * held / lifted * FARADAY * cell->diffusivity / (1.0 - cell->start.transference);
}

void vly_cell_look(vly_cell_outlook *out, const vly_cell *cell)
{
    const double driven = FARADAY * cell->diffusivity * cell->start.concentration / (1.0 - cell->start.transference);
    *out = (vly_cell_outlook){.full = charge_of(cell),
                              .theory = (1.0 - cell->start.stoichiometry) * charge_of(cell),
                              .limiting = 2.0 * driven * cell->separator_gamma / cell->domain.found.separator_thickness,
                              .depleting = depleting_of(cell),
                              .bytes = UNKNOWN_BYTES * (double)cell->domain.found.unknowns};
}
