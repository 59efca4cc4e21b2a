/* The network of a domain: nodes and edges in the order of the voxels. Counted first, then written. */
#include "cell/domain.h"

#include "core/memory.h"

/* Shapes: two for the electrode, and two for every layer of the separator. */
enum { LATERAL, UPWARD, SHAPES_EACH };

typedef struct building {
    vly_domain *domain;
    vly_cell_network *network;
    const vly_domain_options *options;
    vly_face_area area;
    int32_t *electron, *electrolyte; /* (voxels) nodes; -1: none */
    bool fill;
    int64_t faces;
    vly_cell_edges solid, electrons, electrolytes; /* counts while they are counted */
    int32_t collectors, lithiums;
} building;

static uint8_t label_of(const building *b, int64_t i)
{
    return b->domain->kind[i] & VLY_VOXEL_LABEL;
}

/* ---- nodes ---- */

static void number_voxels(building *b)
{
    const uint8_t *kind = b->domain->kind;
    vly_cell_network *n = b->network;
    for (int64_t i = 0; i < vly_extent_voxels(b->domain->extent); i++) {
        bool electrons = kind[i] & VLY_VOXEL_ELECTRONS, ions = kind[i] & VLY_VOXEL_IONS;
        b->electron[i] = electrons ? n->electrons++ : -1;
        b->electrolyte[i] = ions ? n->electrolytes++ : -1;
        n->solids += electrons && label_of(b, i) == VLY_AM;
    }
}

static vly_status alloc_nodes(vly_cell_network *n)
{
    VLY_TRY(VLY_NEW(&n->solid_volume, n->solids, "network"));
    VLY_TRY(VLY_NEW(&n->solid_place, n->solids, "network"));
    VLY_TRY(VLY_NEW(&n->electron_solid, n->electrons, "network"));
    VLY_TRY(VLY_NEW(&n->electron_sigma, n->electrons, "network"));
    VLY_TRY(VLY_NEW(&n->electron_place, n->electrons, "network"));
    VLY_TRY(VLY_NEW(&n->electrolyte_volume, n->electrolytes, "network"));
    VLY_TRY(VLY_NEW(&n->gamma, n->electrolytes, "network"));
    return VLY_NEW(&n->electrolyte_place, n->electrolytes, "network");
}

static double share_of(const building *b, uint8_t label)
{
    return label == VLY_CBD ? b->options->binder_share : label == VLY_SEPARATOR ? b->options->separator_share : 1.0;
}

static double gamma_of(const building *b, uint8_t label)
{
    return label == VLY_CBD ? b->options->binder_gamma : label == VLY_SEPARATOR ? b->options->separator_gamma : 1.0;
}

static void fill_nodes(building *b)
{
    const vly_domain *d = b->domain;
    const vly_extent e = d->extent;
    vly_cell_network *n = b->network;
    int32_t solid = 0;
    for (int64_t i = 0; i < vly_extent_voxels(e); i++) {
        const int64_t z = i / e.nx / e.ny;
        const uint64_t place = (uint64_t)(i % e.nx) | (uint64_t)(i / e.nx % e.ny) << 21 | (uint64_t)z << 42;
        const double volume = d->voxel * d->voxel * d->layer[z];
        const int32_t electron = b->electron[i], electrolyte = b->electrolyte[i];
        const uint8_t label = label_of(b, i);
        if (electron >= 0) {
            n->electron_place[electron] = place;
            n->electron_solid[electron] = label == VLY_AM ? solid : -1;
            n->electron_sigma[electron] = label == VLY_AM ? 1.0f : (float)b->options->binder_sigma;
        }
        if (electron >= 0 && label == VLY_AM) {
            n->solid_volume[solid] = volume;
            n->solid_place[solid++] = place;
        }
        if (electrolyte >= 0) {
            n->electrolyte_place[electrolyte] = place;
            n->electrolyte_volume[electrolyte] = share_of(b, label) * volume;
            n->gamma[electrolyte] = (float)gamma_of(b, label);
        }
    }
}

static vly_status make_shapes(building *b)
{
    const vly_domain *d = b->domain;
    const double h = d->voxel;
    vly_cell_network *n = b->network;
    n->shapes = SHAPES_EACH * d->extent.nz;
    if (n->shapes > UINT16_MAX)
        return vly_fail(VLY_EDATA, "%d layers with the separator, at most %d expected (E_DIM)", d->extent.nz,
                        UINT16_MAX / SHAPES_EACH);
    VLY_TRY(VLY_NEW(&n->shape, n->shapes, "network"));
    for (int32_t k = 0; k < d->extent.nz; k++) {
        const double above = k + 1 < d->extent.nz ? d->layer[k + 1] : d->layer[k];
        n->shape[SHAPES_EACH * k + LATERAL] = (vly_cell_shape){h * d->layer[k], 0.5 * h, 0.5 * h};
        n->shape[SHAPES_EACH * k + UPWARD] = (vly_cell_shape){h * h, 0.5 * d->layer[k], 0.5 * above};
    }
    return VLY_OK;
}

/* ---- edges and faces ---- */

static void add_edge(building *b, vly_cell_edges *edges, int32_t i, int32_t j, int32_t shape)
{
    if (b->fill) {
        edges->ends[edges->count][0] = i;
        edges->ends[edges->count][1] = j;
        edges->shape[edges->count] = (uint16_t)shape;
    }
    edges->count++;
}

/* Active material at i, electrolyte at j; axis and (x, y, z) say where the face is. */
static void add_face(building *b, int64_t i, int64_t j, int axis, int32_t x, int32_t y, int32_t z)
{
    vly_domain *d = b->domain;
    const double square = d->voxel * d->voxel;
    if (b->electron[i] < 0 || b->electrolyte[j] < 0) return;
    if (b->fill) {
        const uint8_t label = label_of(b, j);
        const vly_cell_contact contact = label == VLY_PORE  ? VLY_FACES_PORE
                                         : label == VLY_CBD ? VLY_FACES_BINDER
                                                            : VLY_FACES_SEPARATOR;
        const double area = square * vly_face_area_of(&b->area, axis, x, y, z);
        b->network->face[b->faces] = (vly_cell_face){b->network->electron_solid[b->electron[i]],
                                                     b->electron[i],
                                                     b->electrolyte[j],
                                                     (float)area,
                                                     (float)share_of(b, label),
                                                     (float)(0.5 * d->voxel)};
        d->found.faces[contact]++;
        d->found.raw_area[contact] += square;
        d->found.area[contact] += area;
    }
    b->faces++;
}

static void join(building *b, int64_t i, int64_t j, int axis, int32_t x, int32_t y, int32_t z)
{
    const int32_t shape = SHAPES_EACH * z + (axis == 2 ? UPWARD : LATERAL);
    const bool active_i = label_of(b, i) == VLY_AM, active_j = label_of(b, j) == VLY_AM;
    const int32_t *electron = b->electron, *electrolyte = b->electrolyte;
    const bool electrons = electron[i] >= 0 && electron[j] >= 0;
    if (electrons) add_edge(b, &b->electrons, electron[i], electron[j], shape);
    if (electrons && active_i && active_j)
        add_edge(b, &b->solid, b->fill ? b->network->electron_solid[electron[i]] : 0,
                 b->fill ? b->network->electron_solid[electron[j]] : 0, shape);
    if (electrolyte[i] >= 0 && electrolyte[j] >= 0)
        add_edge(b, &b->electrolytes, electrolyte[i], electrolyte[j], shape);
    if (active_i && !active_j) add_face(b, i, j, axis, x, y, z);
    if (active_j && !active_i) add_face(b, j, i, axis, x, y, z);
}

static void add_planes(building *b, int64_t i, int32_t z)
{
    const vly_domain *d = b->domain;
    const double square = d->voxel * d->voxel;
    if (z == 0 && b->electron[i] >= 0) {
        if (b->fill)
            b->network->collector[b->collectors] = (vly_cell_collector){b->electron[i], square, 0.5 * d->layer[0]};
        b->collectors++;
    }
    if (z == d->extent.nz - 1 && b->electrolyte[i] >= 0) {
        if (b->fill) b->network->lithium[b->lithiums] = (vly_cell_lithium){b->electrolyte[i], square};
        b->lithiums++;
    }
}

static void walk(building *b)
{
    const vly_extent e = b->domain->extent;
    const int64_t row = e.nx, layer = row * e.ny;
    int64_t i = 0;
    for (int32_t z = 0; z < e.nz; z++)
        for (int32_t y = 0; y < e.ny; y++)
            for (int32_t x = 0; x < e.nx; x++, i++) {
                add_planes(b, i, z);
                if (x + 1 < e.nx) join(b, i, i + 1, 0, x, y, z);
                if (y + 1 < e.ny) join(b, i, i + row, 1, x, y, z);
                if (z + 1 < e.nz) join(b, i, i + layer, 2, x, y, z);
            }
}

static vly_status alloc_edges(vly_cell_edges *edges)
{
    VLY_TRY(vly_alloc_raw((void **)&edges->ends, edges->count, sizeof *edges->ends, "network"));
    VLY_TRY(vly_alloc_raw((void **)&edges->shape, edges->count, sizeof *edges->shape, "network"));
    edges->count = 0;
    return VLY_OK;
}

/* They belong to the network from here on. */
static vly_status make_edges(building *b)
{
    vly_cell_network *n = b->network;
    vly_cell_edges *const mine[] = {&b->solid, &b->electrons, &b->electrolytes};
    vly_cell_edges *const theirs[] = {&n->solid, &n->electron, &n->electrolyte};
    vly_status status = VLY_OK;
    walk(b);
    for (int k = 0; k < 3 && status == VLY_OK; k++) {
        status = alloc_edges(mine[k]);
        *theirs[k] = *mine[k];
    }
    VLY_TRY(status);
    VLY_TRY(vly_alloc_raw((void **)&n->face, b->faces, sizeof *n->face, "network"));
    VLY_TRY(VLY_NEW(&n->collector, b->collectors, "network"));
    VLY_TRY(VLY_NEW(&n->lithium, b->lithiums, "network"));
    b->faces = b->collectors = b->lithiums = 0;
    b->fill = true;
    walk(b);
    for (int k = 0; k < 3; k++) theirs[k]->count = mine[k]->count;
    n->faces = b->faces;
    n->collectors = b->collectors;
    n->lithiums = b->lithiums;
    return VLY_OK;
}

/* ---- the whole ---- */

static vly_status build(building *b, vly_device *device)
{
    const int64_t voxels = vly_extent_voxels(b->domain->extent);
    vly_cell_geometry *found = &b->domain->found;
    VLY_TRY(vly_alloc_raw((void **)&b->electron, voxels, sizeof *b->electron, "nodes"));
    VLY_TRY(vly_alloc_raw((void **)&b->electrolyte, voxels, sizeof *b->electrolyte, "nodes"));
    number_voxels(b);
    VLY_TRY(alloc_nodes(b->network));
    fill_nodes(b);
    VLY_TRY(make_shapes(b));
    VLY_TRY(vly_face_area_create(&b->area, device, b->domain, b->options->area, b->options->area_scale));
    VLY_TRY(make_edges(b));
    b->network->cross_section = found->cross_section;
    found->solids = b->network->solids;
    found->electrons = b->network->electrons;
    found->electrolytes = b->network->electrolytes;
    found->unknowns = found->solids + found->electrons + 2 * found->electrolytes + 1;
    found->collector_faces = b->network->collectors;
    return VLY_OK;
}

vly_status vly_domain_network(vly_cell_network *out, vly_device *device, vly_domain *domain,
                              const vly_domain_options *options)
{
    building b = {.domain = domain, .network = out, .options = options};
    *out = (vly_cell_network){.solids = 0};
    vly_status status = build(&b, device);
    vly_face_area_free(&b.area);
    vly_free(b.electron);
    vly_free(b.electrolyte);
    if (status == VLY_OK) status = vly_cell_network_check(out);
    if (status != VLY_OK) vly_cell_network_free(out);
    return status;
}
