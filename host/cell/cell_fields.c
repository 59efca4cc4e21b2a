/* A state of the cell as people look at it: means over layers, a section through the middle, and all of it for ParaView. */
#include "cell/cell_impl.h"

#include "core/memory.h"
#include "io/vti.h"

#include <math.h>

enum { SECTION_MOST = 128 }; /* pixels along a side */

typedef enum quantity { STOICHIOMETRY, SALT, SOLID_POTENTIAL, ELECTROLYTE_POTENTIAL, QUANTITIES } quantity;

typedef struct seen {
    const uint64_t *place;
    const double *value;
    int32_t count;
    double scale;
} seen;

/* Where the unknowns of a quantity are: phi_s, phi_e, c_e, c_s, one behind the other (cell/system.h). */
static seen find(const vly_cell *cell, const double *unknowns, quantity q)
{
    const vly_cell_network *n = &cell->network;
    const double *phi_e = unknowns + n->electrons, *c_e = phi_e + n->electrolytes, *c_s = c_e + n->electrolytes;
    switch (q) {
    case STOICHIOMETRY:
        return (seen){n->solid_place, c_s, n->solids, 1.0 / cell->laws.solid_most};
    case SALT:
        return (seen){n->electrolyte_place, c_e, n->electrolytes, 1.0};
    case SOLID_POTENTIAL:
        return (seen){n->electron_place, unknowns, n->electrons, 1.0};
    default:
        return (seen){n->electrolyte_place, phi_e, n->electrolytes, 1.0};
    }
}

static int32_t x_of(uint64_t place)
{
    return (int32_t)(place & 0x1FFFFF);
}

static int32_t y_of(uint64_t place)
{
    return (int32_t)(place >> 21 & 0x1FFFFF);
}

static int32_t z_of(uint64_t place)
{
    return (int32_t)(place >> 42);
}

/* ---- means over layers ---- */

static vly_status take_means(double **out, const vly_cell *cell, seen s)
{
    const int32_t layers = cell->domain.extent.nz;
    int64_t *count;
    VLY_TRY(VLY_NEW(out, layers, "profile"));
    VLY_TRY(VLY_NEW(&count, layers, "profile"));
    for (int32_t i = 0; i < s.count; i++) {
        (*out)[z_of(s.place[i])] += s.scale * s.value[i];
        count[z_of(s.place[i])]++;
    }
    for (int32_t k = 0; k < layers; k++) (*out)[k] = count[k] > 0 ? (*out)[k] / (double)count[k] : NAN;
    vly_free(count);
    return VLY_OK;
}

static vly_status take_depths(vly_cell_fields *f, const vly_domain *d)
{
    double top = (double)d->electrode * d->voxel, at = 0.0;
    f->layers = d->extent.nz;
    VLY_TRY(VLY_NEW(&f->depth, f->layers, "profile"));
    for (int32_t k = 0; k < f->layers; k++) {
        f->depth[k] = top - (at + 0.5 * d->layer[k]);
        at += d->layer[k];
    }
    return VLY_OK;
}

/* ---- a section ---- */

static vly_status take_section(float **out, vly_cell_fields *f, const vly_cell *cell, seen s)
{
    const vly_domain *d = &cell->domain;
    const vly_extent e = d->extent;
    const int32_t longest = e.nx > d->electrode ? e.nx : d->electrode;
    f->stride = (longest - 1) / SECTION_MOST + 1;
    f->section = (vly_extent){(e.nx - 1) / f->stride + 1, 1, (d->electrode - 1) / f->stride + 1};
    VLY_TRY(vly_alloc_raw((void **)out, (int64_t)f->section.nx * f->section.nz, sizeof **out, "section"));
    for (int64_t i = 0; i < (int64_t)f->section.nx * f->section.nz; i++) (*out)[i] = NAN;
    for (int32_t i = 0; i < s.count; i++) {
        const int32_t x = x_of(s.place[i]), z = d->electrode - 1 - z_of(s.place[i]);
        if (y_of(s.place[i]) != e.ny / 2 || z < 0 || x % f->stride || z % f->stride) continue;
        (*out)[(int64_t)(z / f->stride) * f->section.nx + x / f->stride] = (float)(s.scale * s.value[i]);
    }
    return VLY_OK;
}

vly_status vly_cell_fields_take(vly_cell_fields *out, const vly_cell *cell, const double *unknowns, int64_t step,
                                const vly_lithiate_point *point)
{
    *out = (vly_cell_fields){.step = step, .time = point->time, .charge = point->charge, .voltage = point->voltage};
    double **const means[QUANTITIES] = {&out->stoichiometry, &out->salt, &out->solid_potential,
                                        &out->electrolyte_potential};
    vly_status status = take_depths(out, &cell->domain);
    for (int q = 0; q < QUANTITIES && status == VLY_OK; q++)
        status = take_means(means[q], cell, find(cell, unknowns, (quantity)q));
    if (status == VLY_OK)
        status = take_section(&out->section_stoichiometry, out, cell, find(cell, unknowns, STOICHIOMETRY));
    if (status == VLY_OK) status = take_section(&out->section_salt, out, cell, find(cell, unknowns, SALT));
    if (status != VLY_OK) vly_cell_fields_free(out);
    return status;
}

void vly_cell_fields_free(vly_cell_fields *f)
{
    void *arrays[] = {f->depth,           f->stoichiometry,         f->salt,
                      f->solid_potential, f->electrolyte_potential, f->section_stoichiometry,
                      f->section_salt};
    for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++) vly_free(arrays[k]);
    *f = (vly_cell_fields){.step = 0};
}

/* ---- for ParaView ---- */

static vly_status write_labels(vly_vti *vti, const vly_domain *d)
{
    const int64_t layer = (int64_t)d->extent.nx * d->extent.ny;
    uint8_t *page;
    VLY_TRY(vly_alloc_raw((void **)&page, layer, 1, "page"));
    vly_status status = VLY_OK;
    for (int32_t z = d->electrode - 1; z >= 0 && status == VLY_OK; z--) {
        for (int64_t i = 0; i < layer; i++) page[i] = d->kind[z * layer + i] & VLY_VOXEL_LABEL;
        status = vly_vti_append(vti, page, layer);
    }
    vly_free(page);
    return status;
}

static vly_status write_quantity(vly_vti *vti, const vly_domain *d, seen s)
{
    const int64_t layer = (int64_t)d->extent.nx * d->extent.ny, voxels = d->electrode * layer;
    float *values;
    VLY_TRY(vly_alloc_raw((void **)&values, voxels, sizeof *values, "field"));
    for (int64_t i = 0; i < voxels; i++) values[i] = NAN;
    for (int32_t i = 0; i < s.count; i++) {
        const int32_t z = d->electrode - 1 - z_of(s.place[i]);
        const int64_t at = z * layer + (int64_t)y_of(s.place[i]) * d->extent.nx + x_of(s.place[i]);
        if (z >= 0) values[at] = (float)(s.scale * s.value[i]);
    }
    vly_status status = vly_vti_append(vti, values, voxels * (int64_t)sizeof *values);
    vly_free(values);
    return status;
}

vly_status vly_cell_fields_write(const vly_cell *cell, const double *unknowns, const char *path)
{
    static const vly_vti_array arrays[] = {{"label", VLY_U8},
                                           {"lithium_fraction", VLY_F32},
                                           {"salt_mol_m3", VLY_F32},
                                           {"solid_potential_V", VLY_F32},
                                           {"electrolyte_potential_V", VLY_F32}};
    const vly_domain *d = &cell->domain;
    const vly_extent e = {d->extent.nx, d->extent.ny, d->electrode};
    vly_vti vti;
    VLY_TRY(vly_vti_open(&vti, path, e, (const double[]){d->voxel, d->voxel, d->voxel}, arrays, 1 + QUANTITIES, true));
    vly_status status = write_labels(&vti, d);
    for (int q = 0; q < QUANTITIES && status == VLY_OK; q++)
        status = write_quantity(&vti, d, find(cell, unknowns, (quantity)q));
    if (status == VLY_OK) status = vly_vti_finish(&vti);
    vly_vti_close(&vti);
    return status;
}
