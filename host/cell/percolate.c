/* Which unknowns exist: electrolyte that reaches the lithium, and solids that reach the collector, both through faces
 * (spec 1.3). One voxel of carbon-binder that hangs on nothing would make the equations singular. */
#include "cell/domain.h"

#include "core/memory.h"

enum { SEEN = 16 }; /* a bit of a voxel's kind, while floating clusters are looked at */

typedef struct flood {
    vly_domain *domain;
    int32_t *reached; /* (count) voxels in the order in which they were found */
    int64_t count;
    uint8_t mark; /* the bit that tells them */
} flood;

static bool takes_part(const flood *f, int64_t i)
{
    uint8_t kind = f->domain->kind[i], label = kind & VLY_VOXEL_LABEL;
    if (kind & f->mark || (f->mark == SEEN && kind & VLY_VOXEL_ELECTRONS)) return false;
    return f->mark == VLY_VOXEL_IONS ? label != VLY_AM : label == VLY_AM || label == VLY_CBD;
}

static void visit(flood *f, int64_t i)
{
    if (!takes_part(f, i)) return;
    f->domain->kind[i] |= f->mark;
    f->reached[f->count++] = (int32_t)i;
}

/* From what was reached since `from` to everything that touches it. */
static void spread(flood *f, int64_t from)
{
    const vly_extent e = f->domain->extent;
    const int64_t row = e.nx, layer = row * e.ny;
    for (; from < f->count; from++) {
        int64_t i = f->reached[from];
        int32_t x = (int32_t)(i % e.nx), y = (int32_t)(i / e.nx % e.ny), z = (int32_t)(i / layer);
        if (x > 0) visit(f, i - 1);
        if (x + 1 < e.nx) visit(f, i + 1);
        if (y > 0) visit(f, i - row);
        if (y + 1 < e.ny) visit(f, i + row);
        if (z > 0) visit(f, i - layer);
        if (z + 1 < e.nz) visit(f, i + layer);
    }
}

static void flood_layer(flood *f, uint8_t mark, int32_t z)
{
    const int64_t layer = (int64_t)f->domain->extent.nx * f->domain->extent.ny;
    f->mark = mark;
    f->count = 0;
    for (int64_t i = z * layer; i < (z + 1) * layer; i++) visit(f, i);
    spread(f, 0);
}

/* Whether one of the active voxels reached touches electrolyte that reaches the lithium. */
static bool reacts(const flood *f)
{
    const vly_extent e = f->domain->extent;
    const uint8_t *kind = f->domain->kind;
    const int64_t row = e.nx, layer = row * e.ny;
    for (int64_t n = 0; n < f->count; n++) {
        int64_t i = f->reached[n];
        int32_t x = (int32_t)(i % e.nx), y = (int32_t)(i / e.nx % e.ny), z = (int32_t)(i / layer);
        if ((kind[i] & VLY_VOXEL_LABEL) != VLY_AM) continue;
        if ((x > 0 && kind[i - 1] & VLY_VOXEL_IONS) || (x + 1 < e.nx && kind[i + 1] & VLY_VOXEL_IONS) ||
            (y > 0 && kind[i - row] & VLY_VOXEL_IONS) || (y + 1 < e.ny && kind[i + row] & VLY_VOXEL_IONS) ||
            (z > 0 && kind[i - layer] & VLY_VOXEL_IONS) || (z + 1 < e.nz && kind[i + layer] & VLY_VOXEL_IONS))
            return true;
    }
    return false;
}

/* Clusters with active material that reacts keep their electrons. */
static void keep_floating(flood *f)
{
    const int64_t voxels = vly_extent_voxels(f->domain->extent);
    uint8_t *kind = f->domain->kind;
    f->mark = SEEN;
    for (int64_t i = 0; i < voxels; i++) {
        if ((kind[i] & VLY_VOXEL_LABEL) != VLY_AM || kind[i] & (SEEN | VLY_VOXEL_ELECTRONS)) continue;
        f->count = 0;
        visit(f, i);
        spread(f, 0);
        for (int64_t n = reacts(f) ? 0 : f->count; n < f->count; n++) kind[f->reached[n]] |= VLY_VOXEL_ELECTRONS;
    }
    for (int64_t i = 0; i < voxels; i++) kind[i] &= (uint8_t)~SEEN;
}

/* Voxels by label that carry no `mark`. */
static void count_without(const vly_domain *d, uint8_t mark, int64_t counts[VLY_PHASES + 1])
{
    for (int p = 0; p <= VLY_PHASES; p++) counts[p] = 0;
    for (int64_t i = 0; i < vly_extent_voxels(d->extent); i++)
        counts[d->kind[i] & VLY_VOXEL_LABEL] += !(d->kind[i] & mark);
}

static bool any_reaction(const vly_domain *d, flood *f)
{
    f->count = 0;
    for (int64_t i = 0; i < vly_extent_voxels(d->extent); i++)
        if ((d->kind[i] & VLY_VOXEL_LABEL) == VLY_AM && d->kind[i] & VLY_VOXEL_ELECTRONS)
            f->reached[f->count++] = (int32_t)i;
    return reacts(f);
}

/* All solids, as if they touched the collector. */
static void mark_solids(vly_domain *d)
{
    for (int64_t i = 0; i < vly_extent_voxels(d->extent); i++) {
        const uint8_t label = d->kind[i] & VLY_VOXEL_LABEL;
        if (label == VLY_AM || label == VLY_CBD) d->kind[i] |= VLY_VOXEL_ELECTRONS;
    }
}

static vly_status percolate(flood *f, const vly_domain_options *options)
{
    vly_domain *d = f->domain;
    int64_t counts[VLY_PHASES + 1];
    flood_layer(f, VLY_VOXEL_IONS, d->extent.nz - 1);
    count_without(d, VLY_VOXEL_IONS, counts);
    d->found.sealed[VLY_PORE] = counts[VLY_PORE];
    d->found.sealed[VLY_CBD] = counts[VLY_CBD];
    if (options->equipotential)
        mark_solids(d);
    else
        flood_layer(f, VLY_VOXEL_ELECTRONS, 0);
    count_without(d, VLY_VOXEL_ELECTRONS, counts);
    d->found.floating[VLY_AM] = counts[VLY_AM];
    d->found.floating[VLY_CBD] = counts[VLY_CBD];
    if (counts[VLY_AM] == d->found.voxels[VLY_AM])
        return vly_fail(VLY_EDATA, "no path for electrons: none of the active material is connected to the collector");
    if (!any_reaction(d, f))
        return vly_fail(VLY_EDATA,
                        "no path for ions: no pore or carbon-binder that leads to the separator touches active "
                        "material that is connected to the collector");
    if (options->floating == VLY_FLOATING_KEPT) keep_floating(f);
    count_without(d, VLY_VOXEL_ELECTRONS, counts);
    d->found.inert = counts[VLY_AM];
    return VLY_OK;
}

vly_status vly_domain_percolate(vly_domain *domain, const vly_domain_options *options)
{
    flood f = {.domain = domain};
    VLY_TRY(vly_alloc_raw((void **)&f.reached, vly_extent_voxels(domain->extent), sizeof *f.reached, "components"));
    vly_status status = percolate(&f, options);
    vly_free(f.reached);
    return status;
}
