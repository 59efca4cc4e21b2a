#include "cell/network.h"

#include "core/memory.h"

#include <assert.h>

static void check_edges(const vly_cell_network *n, const vly_cell_edges *edges, int32_t nodes)
{
    for (int64_t k = 0; k < edges->count; k++) {
        const int32_t *end = edges->ends[k];
        assert(end[0] >= 0 && end[0] < end[1] && end[1] < nodes);
        assert(edges->shape[k] < n->shapes);
        (void)end;
    }
    (void)n, (void)nodes;
}

static void check_nodes(const vly_cell_network *n)
{
    assert(2 * (int64_t)n->electrolytes + n->electrons + n->solids < INT32_MAX);
    check_edges(n, &n->solid, n->solids);
    check_edges(n, &n->electron, n->electrons);
    check_edges(n, &n->electrolyte, n->electrolytes);
    for (int32_t i = 0; i < n->electrons; i++)
        assert(n->electron_solid[i] >= -1 && n->electron_solid[i] < n->solids && n->electron_sigma[i] > 0.0f);
    for (int64_t f = 0; f < n->faces; f++) {
        const vly_cell_face *face = &n->face[f];
        assert(face->solid >= 0 && face->solid < n->solids && face->electron >= 0 && face->electron < n->electrons);
        assert(face->electrolyte >= 0 && face->electrolyte < n->electrolytes);
        (void)face;
    }
    for (int32_t k = 0; k < n->collectors; k++)
        assert(n->collector[k].electron < n->electrons &&
               (k == 0 || n->collector[k].electron > n->collector[k - 1].electron));
    for (int32_t k = 0; k < n->lithiums; k++)
        assert(n->lithium[k].electrolyte < n->electrolytes &&
               (k == 0 || n->lithium[k].electrolyte > n->lithium[k - 1].electrolyte));
}

/* ---- what hangs together: trees of nodes, flattened on the way ---- */

static int32_t root(int32_t *parent, int32_t node)
{
    while (parent[node] != node) node = parent[node] = parent[parent[node]];
    return node;
}

static void join(int32_t *parent, int32_t a, int32_t b)
{
    a = root(parent, a);
    b = root(parent, b);
    if (a < b)
        parent[b] = a;
    else
        parent[a] = b;
}

static void join_edges(int32_t *parent, const vly_cell_edges *edges, int32_t base)
{
    for (int64_t k = 0; k < edges->count; k++) join(parent, base + edges->ends[k][0], base + edges->ends[k][1]);
}

vly_status vly_cell_network_check(const vly_cell_network *n)
{
    int32_t electrolyte = n->electrons, collector = electrolyte + n->electrolytes, lithium = collector + 1, *parent;
    int64_t loose = 0;
    check_nodes(n);
    VLY_TRY(vly_alloc_raw((void **)&parent, (int64_t)lithium + 1, sizeof *parent, "components"));
    for (int32_t i = 0; i <= lithium; i++) parent[i] = i;
    join_edges(parent, &n->electron, 0);
    join_edges(parent, &n->electrolyte, electrolyte);
    for (int64_t f = 0; f < n->faces; f++) join(parent, n->face[f].electron, electrolyte + n->face[f].electrolyte);
    for (int32_t k = 0; k < n->collectors; k++) join(parent, n->collector[k].electron, collector);
    for (int32_t k = 0; k < n->lithiums; k++) join(parent, electrolyte + n->lithium[k].electrolyte, lithium);
    int32_t ground = root(parent, lithium);
    bool cut = root(parent, collector) != ground;
    for (int32_t i = 0; i < collector; i++) loose += root(parent, i) != ground;
    vly_free(parent);
    if (cut)
        return vly_fail(VLY_EDATA,
                        "the half cell is open: nothing leads from the collector through the active material "
                        "and the electrolyte to the lithium");
    if (loose > 0)
        return vly_fail(VLY_EDATA, "%lld nodes of the half cell are tied neither to the collector nor to the lithium",
                        (long long)loose);
    return VLY_OK;
}

static void free_edges(vly_cell_edges *edges)
{
    vly_free(edges->ends);
    vly_free(edges->shape);
}

void vly_cell_network_free(vly_cell_network *n)
{
    void *arrays[] = {
        n->solid_volume,   n->electrolyte_volume, n->gamma, n->electron_solid, n->electron_sigma, n->solid_place,
        n->electron_place, n->electrolyte_place,  n->shape, n->face,           n->collector,      n->lithium};
    for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++) vly_free(arrays[k]);
    free_edges(&n->solid);
    free_edges(&n->electron);
    free_edges(&n->electrolyte);
    *n = (vly_cell_network){.solids = 0};
}
