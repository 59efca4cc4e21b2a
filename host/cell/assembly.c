/* Lists of edges become lists of neighbours, and those the places of a matrix: rows of ascending columns, the same for every
 * system of a network, so that kernels find an entry by its column. */
#include "cell/assembly.h"

#include "core/memory.h"

#include <assert.h>

enum { ROW_MOST = 512, CHUNK = VLY_MATRIX_CHUNK };

/* ---- arrays: the network's own where the device works in host memory ---- */

static vly_status make(vly_assembly *a, vly_twin **out, int64_t count, int64_t size, const char *what)
{
    assert(a->arrays < VLY_ASSEMBLY_ARRAYS);
    *out = &a->array[a->arrays++];
    return vly_twin_create(*out, a->device, count, size, what);
}

/* To the device; the host's copy is no longer needed. */
static vly_status settle(vly_twin *twin)
{
    VLY_TRY(vly_twin_upload(twin));
    if (twin->host != twin->device.data) vly_free(twin->host);
    twin->host = twin->device.data;
    return VLY_OK;
}

static vly_status lend(vly_assembly *a, const void *out, const void *from, int64_t count, int64_t size)
{
    const void **where = (const void **)(uintptr_t)out;
    if (a->device->unified || count == 0) {
        *where = from;
        return VLY_OK;
    }
    assert(a->arrays < VLY_ASSEMBLY_ARRAYS);
    vly_twin *twin = &a->array[a->arrays++];
    VLY_TRY(vly_buffer_reserve(&twin->device, a->device, count * size, "network"));
    twin->host = twin->device.data;
    *where = twin->device.data;
    return vly_buffer_upload(&twin->device, from, count * size);
}

static vly_status lend_network(vly_assembly *a, const vly_cell_network *n)
{
    vly_cell_graph *g = &a->graph;
    VLY_TRY(lend(a, &g->solid_volume, n->solid_volume, n->solids, sizeof(double)));
    VLY_TRY(lend(a, &g->electrolyte_volume, n->electrolyte_volume, n->electrolytes, sizeof(double)));
    VLY_TRY(lend(a, &g->gamma, n->gamma, n->electrolytes, sizeof(float)));
    VLY_TRY(lend(a, &g->electron_sigma, n->electron_sigma, n->electrons, sizeof(float)));
    VLY_TRY(lend(a, &g->electron_solid, n->electron_solid, n->electrons, sizeof(int32_t)));
    VLY_TRY(lend(a, &g->shape, n->shape, n->shapes, sizeof *n->shape));
    VLY_TRY(lend(a, &g->face, n->face, n->faces, sizeof *n->face));
    VLY_TRY(lend(a, &g->collector, n->collector, n->collectors, sizeof *n->collector));
    return lend(a, &g->lithium, n->lithium, n->lithiums, sizeof *n->lithium);
}

/* ---- neighbours ---- */

/* first (nodes + 1) of counts that stand one place behind; what a fill then advances is put back by `rewind_first`. */
static void sum_up(int32_t *first, int32_t nodes)
{
    for (int32_t i = 0; i < nodes; i++) first[i + 1] += first[i];
}

static void rewind_first(int32_t *first, int32_t nodes)
{
    for (int32_t i = nodes; i > 0; i--) first[i] = first[i - 1];
    first[0] = 0;
}

static void sort_neighbours(int32_t *node, uint16_t *shape, int32_t count)
{
    for (int32_t k = 1; k < count; k++) {
        int32_t n = node[k], at = k;
        uint16_t s = shape[k];
        for (; at > 0 && node[at - 1] > n; at--) {
            node[at] = node[at - 1];
            shape[at] = shape[at - 1];
        }
        node[at] = n;
        shape[at] = s;
    }
}

static vly_status beside(vly_assembly *a, vly_cell_beside *out, vly_cell_beside *host, const vly_cell_edges *edges,
                         int32_t nodes)
{
    vly_twin *firsts, *ends, *shapes;
    VLY_TRY(make(a, &firsts, (int64_t)nodes + 1, sizeof(int32_t), "neighbours"));
    VLY_TRY(make(a, &ends, 2 * edges->count, sizeof(int32_t), "neighbours"));
    VLY_TRY(make(a, &shapes, 2 * edges->count, sizeof(uint16_t), "neighbours"));
    int32_t *first = firsts->host, *node = ends->host;
    uint16_t *shape = shapes->host;
    for (int64_t k = 0; k < edges->count; k++) first[edges->ends[k][0] + 1]++, first[edges->ends[k][1] + 1]++;
    sum_up(first, nodes);
    for (int64_t k = 0; k < edges->count; k++)
        for (int end = 0; end < 2; end++) {
            int32_t slot = first[edges->ends[k][end]]++;
            node[slot] = edges->ends[k][1 - end];
            shape[slot] = edges->shape[k];
        }
    rewind_first(first, nodes);
    for (int32_t i = 0; i < nodes; i++) sort_neighbours(node + first[i], shape + first[i], first[i + 1] - first[i]);
    *host = (vly_cell_beside){first, node, shape};
    *out = (vly_cell_beside){firsts->device.data, ends->device.data, shapes->device.data};
    return VLY_OK;
}

static int32_t end_of(const vly_cell_face *face, int which)
{
    return which == 0 ? face->electron : which == 1 ? face->electrolyte : face->solid;
}

static vly_status touching(vly_assembly *a, vly_cell_touching *out, vly_cell_touching *host,
                           const vly_cell_network *network, int which, int32_t nodes)
{
    vly_twin *firsts, *lists;
    VLY_TRY(make(a, &firsts, (int64_t)nodes + 1, sizeof(int32_t), "faces of nodes"));
    VLY_TRY(make(a, &lists, network->faces, sizeof(int32_t), "faces of nodes"));
    int32_t *first = firsts->host, *list = lists->host;
    for (int64_t f = 0; f < network->faces; f++) first[end_of(&network->face[f], which) + 1]++;
    sum_up(first, nodes);
    for (int64_t f = 0; f < network->faces; f++) list[first[end_of(&network->face[f], which)]++] = (int32_t)f;
    rewind_first(first, nodes);
    *host = (vly_cell_touching){first, list};
    *out = (vly_cell_touching){firsts->device.data, lists->device.data};
    return VLY_OK;
}

/* ---- places ---- */

typedef struct places {
    const vly_cell_graph *g; /* with lists and network on the host */
    int32_t *first, *column; /* column NULL: counts only */
} places;

static int32_t add_unique(int32_t *list, int32_t count, int32_t x)
{
    int32_t at = count;
    while (at > 0 && list[at - 1] > x) at--;
    if (at > 0 && list[at - 1] == x) return count;
    assert(count < ROW_MOST);
    for (int32_t k = count; k > at; k--) list[k] = list[k - 1];
    list[at] = x;
    return count + 1;
}

static int32_t add_faces(const vly_cell_graph *g, const vly_cell_touching *on, int32_t node, int32_t *list,
                         int32_t count)
{
    for (int32_t k = on->first[node]; k < on->first[node + 1]; k++) {
        const vly_cell_face *face = &g->face[on->face[k]];
        count = add_unique(list, count, face->electron);
        count = add_unique(list, count, vly_cell_phi(g, face->electrolyte));
        count = add_unique(list, count, vly_cell_ce(g, face->electrolyte));
        count = add_unique(list, count, vly_cell_cs(g, face->solid));
    }
    return count;
}

static int32_t electron_columns(const vly_cell_graph *g, int32_t i, int32_t *list)
{
    int32_t count = add_unique(list, 0, i);
    if (g->electron_solid[i] >= 0) count = add_unique(list, count, vly_cell_cs(g, g->electron_solid[i]));
    for (int32_t k = g->electron.first[i]; k < g->electron.first[i + 1]; k++) {
        int32_t j = g->electron.node[k];
        count = add_unique(list, count, j);
        if (g->electron_solid[j] >= 0) count = add_unique(list, count, vly_cell_cs(g, g->electron_solid[j]));
    }
    return add_faces(g, &g->on_electron, i, list, count);
}

static int32_t electrolyte_columns(const vly_cell_graph *g, int32_t i, int32_t *list)
{
    int32_t count = add_unique(list, 0, vly_cell_phi(g, i));
    count = add_unique(list, count, vly_cell_ce(g, i));
    for (int32_t k = g->electrolyte.first[i]; k < g->electrolyte.first[i + 1]; k++) {
        count = add_unique(list, count, vly_cell_phi(g, g->electrolyte.node[k]));
        count = add_unique(list, count, vly_cell_ce(g, g->electrolyte.node[k]));
    }
    return add_faces(g, &g->on_electrolyte, i, list, count);
}

static int32_t solid_columns(const vly_cell_graph *g, int32_t i, int32_t *list)
{
    int32_t count = add_unique(list, 0, vly_cell_cs(g, i));
    for (int32_t k = g->solid.first[i]; k < g->solid.first[i + 1]; k++)
        count = add_unique(list, count, vly_cell_cs(g, g->solid.node[k]));
    return add_faces(g, &g->on_solid, i, list, count);
}

static vly_status place_rows(void *self, int64_t item, int32_t worker)
{
    const places *p = self;
    const vly_cell_graph *g = p->g;
    int32_t list[ROW_MOST], rows = vly_cell_rows(g), potentials = g->electrons + g->electrolytes;
    (void)worker;
    for (int32_t row = (int32_t)(item * CHUNK); row < rows && row < (item + 1) * CHUNK; row++) {
        int32_t count = row < g->electrons       ? electron_columns(g, row, list)
                        : row < potentials       ? electrolyte_columns(g, row - g->electrons, list)
                        : row < rows - g->solids ? electrolyte_columns(g, row - potentials, list)
                                                 : solid_columns(g, row - (rows - g->solids), list);
        if (!p->column) p->first[row + 1] = count;
        for (int32_t k = 0; k < count && p->column; k++) p->column[p->first[row] + k] = list[k];
    }
    return VLY_OK;
}

static vly_status make_places(vly_assembly *a, const vly_cell_graph *host)
{
    int32_t rows = vly_cell_rows(host);
    int64_t items = ((int64_t)rows + CHUNK - 1) / CHUNK, entries = 0;
    vly_twin *first, *column, *value;
    VLY_TRY(make(a, &first, (int64_t)rows + 1, sizeof(int32_t), "matrix"));
    places p = {host, first->host, NULL};
    VLY_TRY(vly_pool_run(a->device->pool, items, place_rows, &p));
    for (int32_t i = 0; i < rows; i++) entries += p.first[i + 1];
    if (entries > INT32_MAX)
        return vly_fail(VLY_EDATA, "the half cell's matrix has %lld entries, 2147483647 are the most",
                        (long long)entries);
    sum_up(p.first, rows);
    VLY_TRY(make(a, &column, entries, sizeof(int32_t), "matrix"));
    p.column = column->host;
    VLY_TRY(vly_pool_run(a->device->pool, items, place_rows, &p));
    VLY_TRY(settle(first));
    VLY_TRY(settle(column));
    a->arrays++;
    value = &a->array[a->arrays - 1];
    VLY_TRY(vly_buffer_reserve(&value->device, a->device, entries * (int64_t)sizeof(double), "matrix"));
    value->host = value->device.data;
    a->matrix =
        (vly_cell_matrix){.first = first->device.data, .column = column->device.data, .value = value->device.data};
    return VLY_OK;
}

/* ---- all of it ---- */

/* Lists first on the host, where the places of the matrix are made of them. */
static vly_status make_lists(vly_assembly *a, const vly_cell_network *n)
{
    vly_cell_graph *g = &a->graph, host = *g;
    int32_t begin = a->arrays;
    host.face = n->face;
    host.electron_solid = n->electron_solid;
    VLY_TRY(beside(a, &g->electron, &host.electron, &n->electron, n->electrons));
    VLY_TRY(beside(a, &g->electrolyte, &host.electrolyte, &n->electrolyte, n->electrolytes));
    VLY_TRY(beside(a, &g->solid, &host.solid, &n->solid, n->solids));
    VLY_TRY(touching(a, &g->on_electron, &host.on_electron, n, 0, n->electrons));
    VLY_TRY(touching(a, &g->on_electrolyte, &host.on_electrolyte, n, 1, n->electrolytes));
    VLY_TRY(touching(a, &g->on_solid, &host.on_solid, n, 2, n->solids));
    int32_t end = a->arrays;
    VLY_TRY(make_places(a, &host));
    for (int32_t k = begin; k < end; k++) VLY_TRY(settle(&a->array[k]));
    return VLY_OK;
}

static vly_status work_array(vly_assembly *a, void *out, int64_t count, int64_t size)
{
    assert(a->arrays < VLY_ASSEMBLY_ARRAYS);
    vly_twin *twin = &a->array[a->arrays++];
    int64_t bytes = count * size > 0 ? count * size : 1;
    VLY_TRY(vly_buffer_create(&twin->device, a->device, bytes, "half cell"));
    twin->host = twin->device.data;
    *(void **)out = twin->device.data;
    return VLY_OK;
}

static vly_status make_work(vly_assembly *a, const vly_cell_network *n)
{
    vly_cell_graph *g = &a->graph;
    int32_t rows = vly_cell_rows(g);
    int64_t most = rows > n->collectors + n->lithiums ? rows : (int64_t)n->collectors + n->lithiums;
    VLY_TRY(work_array(a, &g->salt, n->electrolytes, sizeof *g->salt));
    VLY_TRY(work_array(a, &g->conductor, n->electrons, sizeof *g->conductor));
    VLY_TRY(work_array(a, &g->store, n->solids, sizeof *g->store));
    VLY_TRY(work_array(a, &g->reaction, n->faces, sizeof *g->reaction));
    VLY_TRY(work_array(a, &a->border.weight, n->collectors, sizeof(double)));
    VLY_TRY(work_array(a, &a->border.slope, n->collectors, sizeof(double)));
    VLY_TRY(work_array(a, &a->matrix.right, rows, sizeof(double)));
    VLY_TRY(work_array(a, &a->sums, 4, sizeof(double)));
    return work_array(a, &a->parts, 4 * ((most + CHUNK - 1) / CHUNK), sizeof(double));
}

static vly_status make_system(vly_assembly *a, const vly_cell_network *n)
{
    vly_cell_system *s = &a->system;
    vly_twin *scale, *row, *solid;
    int32_t rows = vly_cell_rows(&a->graph);
    VLY_TRY(make(a, &scale, rows, sizeof(double), "scale"));
    VLY_TRY(make(a, &row, n->collectors, sizeof(int32_t), "collector"));
    VLY_TRY(make(a, &solid, n->collectors, sizeof(int32_t), "collector"));
    for (int32_t i = 0; i < rows; i++) ((double *)scale->host)[i] = vly_cell_unit(&a->layout, i);
    for (int32_t k = 0; k < n->collectors; k++) {
        int32_t electron = n->collector[k].electron, store = n->electron_solid[electron];
        ((int32_t *)row->host)[k] = electron;
        ((int32_t *)solid->host)[k] = store < 0 ? -1 : vly_cell_cs(&a->graph, store);
    }
    VLY_TRY(settle(scale));
    VLY_TRY(settle(row));
    VLY_TRY(settle(solid));
    *s = (vly_cell_system){
        .rows = rows, .electrons = n->electrons, .electrolytes = n->electrolytes, .solids = n->solids};
    s->first = a->matrix.first;
    s->column = a->matrix.column;
    s->value = a->matrix.value;
    s->collectors = n->collectors;
    s->collector_row = row->device.data;
    s->collector_solid = solid->device.data;
    s->collector_weight = a->border.weight;
    s->collector_slope = a->border.slope;
    s->border_diagonal = 1.0;
    s->right = a->matrix.right;
    s->scale = scale->device.data;
    return VLY_OK;
}

vly_status vly_assembly_create(vly_assembly *out, vly_device *device, const vly_cell_network *network, double salt_unit,
                               double solid_most)
{
    *out = (vly_assembly){.device = device};
    vly_cell_graph *g = &out->graph;
    g->electrons = network->electrons;
    g->electrolytes = network->electrolytes;
    g->solids = network->solids;
    g->faces = (int32_t)network->faces;
    g->collectors = network->collectors;
    g->lithiums = network->lithiums;
    out->layout = (vly_cell_layout){network->electrons + network->electrolytes, network->electrolytes, network->solids,
                                    salt_unit, solid_most};
    VLY_TRY(vly_cell_network_check(network));
    VLY_TRY(lend_network(out, network));
    VLY_TRY(make_lists(out, network));
    VLY_TRY(make_work(out, network));
    return make_system(out, network);
}

void vly_assembly_free(vly_assembly *a)
{
    for (int32_t k = 0; k < a->arrays; k++) {
        if (a->array[k].host != a->array[k].device.data) vly_free(a->array[k].host);
        vly_buffer_free(&a->array[k].device);
    }
    *a = (vly_assembly){.arrays = 0};
}

vly_status vly_assembly_sums(const vly_assembly *a, double sums[4])
{
    VLY_TRY(vly_device_wait(a->device));
    return vly_device_download(a->device, sums, a->sums, 4 * (int64_t)sizeof(double));
}

vly_status vly_assembly_remember(vly_assembly *a, vly_cell_moment *moment)
{
    double sums[4];
    moment->spread = 0.0;
    if (!(moment->back > 0.0)) return VLY_OK;
    VLY_TRY(a->device->kernels->cell_forgotten(a->device->queue, &a->graph, moment, a->sums, a->parts));
    VLY_TRY(vly_assembly_sums(a, sums));
    moment->spread = sums[0] / sums[1];
    return VLY_OK;
}

vly_status vly_assembly_evaluate(vly_assembly *a, const vly_cell_moment *moment, const vly_cell_laws *laws,
                                 bool prescribed, double current, bool matrix)
{
    const vly_kernels *kernels = a->device->kernels;
    vly_queue *queue = a->device->queue;
    vly_cell_matrix m = a->matrix;
    double sums[4];
    if (!matrix) m.value = NULL;
    VLY_TRY(kernels->cell_properties(queue, &a->graph, laws, moment->now));
    VLY_TRY(kernels->cell_reactions(queue, &a->graph, laws, moment->now));
    VLY_TRY(kernels->cell_balances(queue, &a->graph, laws, &m, moment));
    VLY_TRY(kernels->cell_planes(queue, &a->graph, laws, &m, moment, &a->border, a->sums, a->parts));
    VLY_TRY(vly_assembly_sums(a, sums));
    a->entering = sums[0];
    a->conductance = sums[1];
    a->lithium = sums[2];
    a->system.collectors = prescribed ? 0 : a->graph.collectors;
    a->system.border_diagonal = prescribed ? 1.0 : sums[1];
    a->system.border_right = prescribed ? 0.0 : -(sums[0] + current);
    return VLY_OK;
}
