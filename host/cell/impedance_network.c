/* From voxels to K and C: nodes in the order of the voxels, electrons first, and every row's neighbours in the order of their
 * nodes. Rows are visited twice, to count and to write; both ends of a coupling work out its weight by the same numbers in the
 * same order. */
#include "cell/impedance_impl.h"

#include "core/memory.h"

#include <math.h>

typedef struct tally {
    int64_t faces[VLY_CONTACTS], collectors;
    double raw[VLY_CONTACTS], area[VLY_CONTACTS], contact[VLY_CONTACTS], internal;
    double electrolyte, total;
} tally;

typedef struct building {
    const vly_impedance_matter *matter;
    vly_impedance_network *out;
    vly_domain domain;
    vly_face_area area;
    int32_t *electron, *electrolyte; /* (voxels) nodes, -1: none; electron is NULL where solids are no nodes */
    int32_t electrons, rows;
    tally *pages; /* (nz) */
    bool fill;
} building;

typedef struct voxel {
    int64_t i;
    int32_t x, y, z;
    uint8_t label;
} voxel;

/* A row as it is made. */
typedef struct row {
    int32_t count;
    int32_t *column; /* NULL: only counted */
    float *weight;
    double hold, charge;
} row;

/* ---- coefficients ---- */

static double solid_sigma(const building *b, uint8_t label)
{
    return label == VLY_AM ? b->matter->solid_conductivity : b->matter->domain.binder_sigma;
}

static double gamma_of(const building *b, uint8_t label)
{
    const vly_domain_options *o = &b->matter->domain;
    return label == VLY_CBD ? o->binder_gamma : label == VLY_SEPARATOR ? o->separator_gamma : 1.0;
}

static double share_of(const building *b, uint8_t label)
{
    const vly_domain_options *o = &b->matter->domain;
    return label == VLY_CBD ? o->binder_share : label == VLY_SEPARATOR ? o->separator_share : 1.0;
}

static double conductance(const building *b, bool electrons, uint8_t below, uint8_t above, int axis, int32_t z)
{
    const vly_domain *d = &b->domain;
    const double h = d->voxel, one = electrons ? solid_sigma(b, below) : b->matter->conductivity * gamma_of(b, below),
                 two = electrons ? solid_sigma(b, above) : b->matter->conductivity * gamma_of(b, above);
    if (axis < 2) return h * d->layer[z] / (0.5 * h / one + 0.5 * h / two);
    return h * h / (0.5 * d->layer[z] / one + 0.5 * d->layer[z + 1] / two);
}

/* To a plane at the end of layer z. */
static double plane(const building *b, double sigma, int32_t z)
{
    const double h = b->domain.voxel;
    return sigma * h * h / (0.5 * b->domain.layer[z]);
}

static double binder_capacitance(const building *b, int32_t z)
{
    const vly_impedance_matter *m = b->matter;
    const double h = b->domain.voxel;
    return m->binder_internal ? m->binder_surface * m->binder * h * h * b->domain.layer[z] : 0.0;
}

/* ---- rows ---- */

/* The neighbour one voxel away along a way, x- x+ y- y+ z- z+; false: there is none. */
static bool beside(const building *b, const voxel *v, int way, voxel *to)
{
    const vly_extent e = b->domain.extent;
    const int64_t step[3] = {1, e.nx, (int64_t)e.nx * e.ny};
    const int32_t sign = way % 2 ? 1 : -1;
    int32_t at[3] = {v->x, v->y, v->z};
    const int32_t side[3] = {e.nx, e.ny, e.nz};
    at[way / 2] += sign;
    if (at[way / 2] < 0 || at[way / 2] >= side[way / 2]) return false;
    *to = (voxel){v->i + sign * step[way / 2], at[0], at[1], at[2], 0};
    to->label = b->domain.kind[to->i] & VLY_VOXEL_LABEL;
    return true;
}

static void couple(row *r, int32_t column, double value, double unit)
{
    const float weight = (float)(value / unit);
    if (!(weight > 0.0f)) return;
    if (r->column) {
        r->column[r->count] = column;
        r->weight[r->count] = weight;
    }
    r->count++;
}

/* The double layer of the face between active material and its neighbour in electrolyte. */
static double face(const building *b, const voxel *solid, const voxel *fluid, int way, bool count)
{
    const voxel *low = way % 2 ? solid : fluid;
    const double square = b->domain.voxel * b->domain.voxel;
    const double area = square * vly_face_area_of(&b->area, way / 2, low->x, low->y, low->z);
    const double value = b->matter->active * share_of(b, fluid->label) * area;
    const vly_cell_contact contact = fluid->label == VLY_PORE  ? VLY_FACES_PORE
                                     : fluid->label == VLY_CBD ? VLY_FACES_BINDER
                                                               : VLY_FACES_SEPARATOR;
    if (count) {
        tally *t = &b->pages[fluid->z];
        t->faces[contact]++;
        t->raw[contact] += square;
        t->area[contact] += area;
        t->contact[contact] += value;
    }
    return value;
}

static const int ways[6] = {4, 2, 0, 1, 3, 5}; /* by ascending nodes */

static void solid_row(const building *b, const voxel *v, row *r)
{
    const vly_impedance_network *n = b->out;
    voxel to;
    for (int k = 0; k < 6; k++) {
        if (!beside(b, v, ways[k], &to) || b->electron[to.i] < 0) continue;
        const bool up = ways[k] % 2;
        couple(r, b->electron[to.i],
               conductance(b, true, up ? v->label : to.label, up ? to.label : v->label, ways[k] / 2, up ? v->z : to.z),
               n->conductance);
    }
    for (int k = 0; k < 6 && v->label == VLY_AM; k++)
        if (beside(b, v, ways[k], &to) && b->electrolyte[to.i] >= 0)
            couple(r, b->electrolyte[to.i], face(b, v, &to, ways[k], false), n->capacitance);
    if (v->label == VLY_CBD && b->electrolyte[v->i] >= 0)
        couple(r, b->electrolyte[v->i], binder_capacitance(b, v->z), n->capacitance);
    if (v->z == 0) r->hold = plane(b, solid_sigma(b, v->label), 0) / n->conductance;
}

/* Double layers of electrolyte voxel v: with nodes, or where solids are none with what drives them. */
static void layers_of(const building *b, const voxel *v, row *r)
{
    const vly_impedance_network *n = b->out;
    const bool binder = v->label == VLY_CBD && b->domain.kind[v->i] & VLY_VOXEL_ELECTRONS;
    const double inside = binder ? binder_capacitance(b, v->z) : 0.0;
    double charge = 0.0;
    voxel to;
    for (int k = 0; k < 6; k++) {
        if (k == 3 && binder && b->electron) couple(r, b->electron[v->i], inside, n->capacitance);
        if (!beside(b, v, ways[k], &to) || to.label != VLY_AM || !(b->domain.kind[to.i] & VLY_VOXEL_ELECTRONS))
            continue;
        const double value = face(b, &to, v, ways[k] ^ 1, b->fill);
        if (b->electron)
            couple(r, b->electron[to.i], value, n->capacitance);
        else
            charge += value;
    }
    if (!b->electron) charge += inside;
    if (v->z == 0 && v->label == VLY_PORE) charge += b->matter->collector * b->domain.voxel * b->domain.voxel;
    r->charge = charge / n->capacitance;
    if (b->fill) b->pages[v->z].internal += inside;
}

static void fluid_row(const building *b, const voxel *v, row *r)
{
    const vly_impedance_network *n = b->out;
    voxel to;
    layers_of(b, v, r);
    for (int k = 0; k < 6; k++) {
        if (!beside(b, v, ways[k], &to) || b->electrolyte[to.i] < 0) continue;
        const bool up = ways[k] % 2;
        couple(r, b->electrolyte[to.i],
               conductance(b, false, up ? v->label : to.label, up ? to.label : v->label, ways[k] / 2, up ? v->z : to.z),
               n->conductance);
    }
    if (v->z == b->domain.extent.nz - 1)
        r->hold = plane(b, b->matter->conductivity * gamma_of(b, v->label), v->z) / n->conductance;
    if (b->fill && v->z < b->domain.electrode)
        b->pages[v->z].electrolyte += share_of(b, v->label) * b->domain.voxel * b->domain.voxel * b->domain.layer[v->z];
}

static void one_row(const building *b, const voxel *v, int32_t node, bool electrons)
{
    vly_impedance_network *n = b->out;
    int32_t *first = n->graph.first.host;
    row r = {.count = 0};
    if (b->fill) {
        r.column = (int32_t *)n->graph.column.host + first[node];
        r.weight = (float *)n->graph.weight.host + first[node];
    }
    if (electrons)
        solid_row(b, v, &r);
    else
        fluid_row(b, v, &r);
    if (!b->fill) {
        first[node + 1] = r.count;
        return;
    }
    ((float *)n->hold.host)[node] = (float)r.hold;
    ((float *)n->charge.host)[node] = (float)r.charge;
    n->place[node] = (uint64_t)v->x | (uint64_t)v->y << 21 | n->place[node] << 42;
    if (electrons) return;
    tally *t = &b->pages[v->z];
    t->total += (double)(float)r.charge;
    for (int32_t k = 0; k < r.count && r.column[k] < b->electrons; k++) t->total += (double)r.weight[k];
}

static vly_status page_rows(void *self, int64_t z, int32_t worker)
{
    const building *b = self;
    const vly_extent e = b->domain.extent;
    voxel v = {.i = z * e.nx * e.ny, .z = (int32_t)z};
    (void)worker;
    for (v.y = 0; v.y < e.ny; v.y++)
        for (v.x = 0; v.x < e.nx; v.x++, v.i++) {
            v.label = b->domain.kind[v.i] & VLY_VOXEL_LABEL;
            if (b->electron && b->electron[v.i] >= 0) one_row(b, &v, b->electron[v.i], true);
            if (b->electrolyte[v.i] >= 0) one_row(b, &v, b->electrolyte[v.i], false);
        }
    return VLY_OK;
}

/* ---- the whole ---- */

static vly_status number_nodes(building *b)
{
    const int64_t voxels = vly_extent_voxels(b->domain.extent);
    const uint8_t *kind = b->domain.kind;
    if (!b->matter->domain.equipotential)
        VLY_TRY(vly_alloc_raw((void **)&b->electron, voxels, sizeof *b->electron, "nodes"));
    VLY_TRY(vly_alloc_raw((void **)&b->electrolyte, voxels, sizeof *b->electrolyte, "nodes"));
    for (int64_t i = 0; i < voxels && b->electron; i++)
        b->electron[i] = kind[i] & VLY_VOXEL_ELECTRONS ? b->electrons++ : -1;
    b->rows = b->electrons;
    for (int64_t i = 0; i < voxels; i++) b->electrolyte[i] = kind[i] & VLY_VOXEL_IONS ? b->rows++ : -1;
    return VLY_OK;
}

/* Heights in voxels, for the blocks of the hierarchy: layers of the separator may be thick. */
static vly_status put_heights(building *b)
{
    const vly_domain *d = &b->domain;
    const int64_t layer = (int64_t)d->extent.nx * d->extent.ny;
    double height = 0.0;
    VLY_TRY(vly_alloc_raw((void **)&b->out->place, b->rows, sizeof *b->out->place, "places"));
    for (int32_t z = 0; z < d->extent.nz; z++) {
        const uint64_t at = (uint64_t)((height + 0.5 * d->layer[z]) / d->voxel);
        for (int64_t i = z * layer; i < (z + 1) * layer; i++) {
            if (b->electron && b->electron[i] >= 0) b->out->place[b->electron[i]] = at;
            if (b->electrolyte[i] >= 0) b->out->place[b->electrolyte[i]] = at;
        }
        height += d->layer[z];
    }
    return VLY_OK;
}

static vly_status make_rows(building *b)
{
    vly_impedance_network *n = b->out;
    const int32_t pages = b->domain.extent.nz;
    VLY_TRY(vly_twin_create(&n->graph.first, n->device, (int64_t)b->rows + 1, sizeof(int32_t), "couplings"));
    VLY_TRY(vly_pool_run(n->device->pool, pages, page_rows, b));
    int64_t couplings = 0;
    int32_t *first = n->graph.first.host;
    for (int32_t i = 0; i < b->rows; i++) {
        couplings += first[i + 1];
        if (couplings > INT32_MAX)
            return vly_fail(VLY_EDATA, "impedance: more than 2^31 couplings, a smaller window expected (E_DIM)");
        first[i + 1] = (int32_t)couplings;
    }
    VLY_TRY(vly_matrix_reserve(&n->graph, n->device, b->rows, couplings));
    VLY_TRY(vly_twin_create(&n->hold, n->device, b->rows, sizeof(float), "couplings"));
    VLY_TRY(vly_twin_create(&n->charge, n->device, b->rows, sizeof(float), "couplings"));
    VLY_TRY(put_heights(b));
    b->fill = true;
    return vly_pool_run(n->device->pool, pages, page_rows, b);
}

static vly_status publish(building *b)
{
    vly_impedance_network *n = b->out;
    const vly_matrix *graph = &n->graph.device;
    VLY_TRY(vly_matrix_publish(&n->graph));
    VLY_TRY(vly_twin_upload(&n->hold));
    VLY_TRY(vly_twin_upload(&n->charge));
    n->pencil = (vly_pencil){.rows = b->rows,
                             .electrons = b->electrons,
                             .first = graph->first,
                             .column = graph->column,
                             .weight = graph->weight,
                             .hold = n->hold.device.data,
                             .charge = n->charge.device.data};
    if (b->electrons == 0) return VLY_OK;
    const int64_t bytes = ((int32_t *)n->graph.first.host)[b->rows] * (int64_t)sizeof(float);
    VLY_TRY(vly_buffer_reserve(&n->base, n->device, bytes, "couplings"));
    n->pencil.weight = n->base.data;
    return vly_device_copy(n->device, n->base.data, graph->weight, bytes);
}

static vly_status add_tallies(building *b)
{
    vly_impedance_network *n = b->out;
    vly_cell_geometry *g = &n->geometry;
    *g = b->domain.found;
    for (int32_t z = 0; z < b->domain.extent.nz; z++) {
        const tally *t = &b->pages[z];
        for (int c = 0; c < VLY_CONTACTS; c++) {
            g->faces[c] += t->faces[c];
            g->raw_area[c] += t->raw[c];
            g->area[c] += t->area[c];
            n->contact[c] += t->contact[c];
        }
        n->internal += t->internal;
        n->electrolyte += t->electrolyte;
        n->total += t->total;
    }
    const int64_t layer = (int64_t)b->domain.extent.nx * b->domain.extent.ny;
    for (int64_t i = 0; i < layer; i++) g->collector_faces += (b->domain.kind[i] & VLY_VOXEL_ELECTRONS) != 0;
    g->electrons = b->electrons;
    g->electrolytes = b->rows - b->electrons;
    g->unknowns = b->rows;
    if (n->total > 0.0) return VLY_OK;
    return vly_fail(VLY_EDATA,
                    "no active surface: none of the solids that are connected carries a double layer against "
                    "electrolyte that leads to the separator");
}

static vly_status build(building *b, vly_source *labels)
{
    vly_impedance_network *n = b->out;
    const vly_impedance_matter *m = b->matter;
    VLY_TRY(vly_domain_create(&b->domain, n->device, labels, &m->domain));
    const double h = b->domain.voxel, most = fmax(fmax(m->active, m->collector) * h * h, binder_capacitance(b, 0));
    n->conductance = m->conductivity * h;
    n->capacitance = most > 0.0 ? most : 1.0;
    VLY_TRY(number_nodes(b));
    VLY_TRY(VLY_NEW(&b->pages, b->domain.extent.nz, "layers"));
    VLY_TRY(vly_face_area_create(&b->area, n->device, &b->domain, m->domain.area, m->domain.area_scale));
    VLY_TRY(make_rows(b));
    VLY_TRY(add_tallies(b));
    return publish(b);
}

vly_status vly_impedance_network_create(vly_impedance_network *out, vly_device *device, vly_source *labels,
                                        const vly_impedance_matter *matter)
{
    building b = {.matter = matter, .out = out};
    *out = (vly_impedance_network){.device = device};
    vly_status status = build(&b, labels);
    vly_domain_free(&b.domain);
    vly_face_area_free(&b.area);
    vly_free(b.electron);
    vly_free(b.electrolyte);
    vly_free(b.pages);
    return status;
}

void vly_impedance_network_free(vly_impedance_network *n)
{
    vly_matrix_free(&n->graph);
    vly_buffer_free(&n->base);
    vly_twin_free(&n->hold);
    vly_twin_free(&n->charge);
    vly_free(n->place);
    *n = (vly_impedance_network){.device = NULL};
}
