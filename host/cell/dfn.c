#include "cell/dfn.h"

#include "core/memory.h"

static const double pi = 3.14159265358979323846;

static vly_status reserve_edges(vly_cell_edges *e, int64_t count)
{
    VLY_TRY(vly_alloc((void **)&e->ends, count, sizeof *e->ends, "edges"));
    return vly_alloc((void **)&e->shape, count, sizeof *e->shape, "edges");
}

static void connect(vly_cell_edges *e, int32_t a, int32_t b, int32_t shape)
{
    e->ends[e->count][0] = a;
    e->ends[e->count][1] = b;
    e->shape[e->count++] = (uint16_t)shape;
}

static vly_status reserve(vly_cell_network *n, const vly_dfn *d)
{
    n->solids = d->cells * d->shells;
    n->electrons = d->cells;
    n->electrolytes = d->cells + d->separator_cells;
    n->shapes = d->shells - 1 + 3;
    n->faces = d->cells;
    n->collectors = n->lithiums = 1;
    n->cross_section = 1.0;
    VLY_TRY(VLY_NEW(&n->solid_volume, n->solids, "solids"));
    VLY_TRY(VLY_NEW(&n->solid_place, n->solids, "solids"));
    VLY_TRY(VLY_NEW(&n->electrolyte_volume, n->electrolytes, "electrolytes"));
    VLY_TRY(VLY_NEW(&n->electrolyte_place, n->electrolytes, "electrolytes"));
    VLY_TRY(VLY_NEW(&n->gamma, n->electrolytes, "electrolytes"));
    VLY_TRY(VLY_NEW(&n->electron_solid, n->electrons, "electrons"));
    VLY_TRY(VLY_NEW(&n->electron_sigma, n->electrons, "electrons"));
    VLY_TRY(VLY_NEW(&n->electron_place, n->electrons, "electrons"));
    VLY_TRY(VLY_NEW(&n->shape, n->shapes, "shapes"));
    VLY_TRY(VLY_NEW(&n->face, n->faces, "faces"));
    VLY_TRY(VLY_NEW(&n->collector, 1, "collector"));
    VLY_TRY(VLY_NEW(&n->lithium, 1, "lithium"));
    VLY_TRY(reserve_edges(&n->solid, n->solids));
    VLY_TRY(reserve_edges(&n->electron, n->electrons));
    return reserve_edges(&n->electrolyte, n->electrolytes);
}

/* Shells of equal thickness of all the particles in one cell. */
static void fill_particles(vly_cell_network *n, const vly_dfn *d, int32_t cell)
{
    double length = d->thickness / d->cells, step = d->radius / d->shells;
    int32_t first = cell * d->shells;
    for (int32_t s = 0; s < d->shells; s++) {
        double inner = (double)s / d->shells, outer = (double)(s + 1) / d->shells;
        n->solid_volume[first + s] = (outer * outer * outer - inner * inner * inner) * d->active * length;
        n->solid_place[first + s] = (uint64_t)s | (uint64_t)cell << 42;
        if (s + 1 < d->shells) connect(&n->solid, first + s, first + s + 1, s);
    }
    n->face[cell] = (vly_cell_face){
        first + d->shells - 1, cell, cell, (float)(3.0 * d->active / d->radius * length), 1.0f, (float)(0.5 * step)};
}

static void fill_shapes(vly_cell_network *n, const vly_dfn *d)
{
    double length = d->thickness / d->cells, apart = d->separator / d->separator_cells, step = d->radius / d->shells;
    double particles = d->active * length / (4.0 / 3.0 * pi * d->radius * d->radius * d->radius);
    for (int32_t s = 0; s + 1 < d->shells; s++) {
        double r = (s + 1) * step;
        n->shape[s] = (vly_cell_shape){4.0 * pi * r * r * particles, 0.5 * step, 0.5 * step};
    }
    n->shape[d->shells - 1] = (vly_cell_shape){1.0, 0.5 * length, 0.5 * length};
    n->shape[d->shells] = (vly_cell_shape){1.0, 0.5 * length, 0.5 * apart};
    n->shape[d->shells + 1] = (vly_cell_shape){1.0, 0.5 * apart, 0.5 * apart};
}

static void fill(vly_cell_network *n, const vly_dfn *d)
{
    double length = d->thickness / d->cells, apart = d->separator / d->separator_cells;
    fill_shapes(n, d);
    for (int32_t i = 0; i < d->cells; i++) {
        fill_particles(n, d, i);
        n->electron_solid[i] = -1;
        n->electron_sigma[i] = (float)d->sigma;
        n->electron_place[i] = (uint64_t)i << 42;
        if (i + 1 < d->cells) connect(&n->electron, i, i + 1, d->shells - 1);
    }
    for (int32_t i = 0; i < n->electrolytes; i++) {
        bool inside = i < d->cells;
        n->electrolyte_volume[i] = inside ? d->porosity * length : d->separator_porosity * apart;
        n->gamma[i] = (float)(inside ? d->gamma : d->separator_gamma);
        n->electrolyte_place[i] = (uint64_t)i << 42;
        if (i + 1 < n->electrolytes)
            connect(&n->electrolyte, i, i + 1, d->shells + (i + 1 < d->cells ? -1 : i + 1 == d->cells ? 0 : 1));
    }
    n->collector[0] = (vly_cell_collector){0, 1.0, 0.5 * length};
    n->lithium[0] = (vly_cell_lithium){n->electrolytes - 1, 1.0};
}

vly_status vly_dfn_network(vly_cell_network *out, const vly_dfn *dfn)
{
    *out = (vly_cell_network){.solids = 0};
    if (dfn->cells < 1 || dfn->separator_cells < 1 || dfn->shells < 1)
        return vly_fail(VLY_EUSAGE, "a porous electrode of %d cells, %d in the separator, %d shells: each at least 1",
                        dfn->cells, dfn->separator_cells, dfn->shells);
    vly_status status = reserve(out, dfn);
    if (status == VLY_OK)
        fill(out, dfn);
    else
        vly_cell_network_free(out);
    return status;
}
