/* Evaluates the structure on a block of points: gathers what the block can see (spheres by cell, nodes of the random
 * fields), hands it to the device and takes the fields back. What is gathered never changes the values. */
#include "image/synth_structure.h"

#include "core/memory.h"

#define CELL 3.0           /* um */
#define ROUGHNESS 0.16     /* um */
#define ROUGH_LENGTH 1.0   /* um, correlation of the roughness */
#define ISLAND_LENGTH 0.8  /* um, of the islands of cbd */
#define WANDER_LENGTH 10.0 /* um, of the layer interface */

typedef struct block {
    double low[3], high[3]; /* um, around all points */
    vly_synth_scene scene;
    vly_buffer spheres, first, near, rough, islands, wander, am, neck, island, layer;
} block;

/* The box around the planes: a lattice is affine, so its corners will do. */
static void bound(block *b, const vly_synth_lattice *lattice, int32_t plane, int32_t count)
{
    const int32_t i[2] = {0, lattice->extent.nx - 1}, j[2] = {0, lattice->extent.ny - 1},
                  k[2] = {plane, plane + count - 1};
    for (int corner = 0; corner < 8; corner++) {
        double p[3];
        vly_synth_point(lattice, i[corner & 1], j[corner >> 1 & 1], k[corner >> 2], p);
        for (int a = 0; a < 3; a++) {
            if (corner == 0 || p[a] < b->low[a]) b->low[a] = p[a];
            if (corner == 0 || p[a] > b->high[a]) b->high[a] = p[a];
        }
    }
}

/* Nodes one beyond what a spline in the box reads, so that rounding at its faces does not matter. */
static vly_status make_nodes(vly_synth_nodes *nodes, vly_buffer *buffer, vly_device *device, const double low[3],
                             const double high[3], double spacing, uint64_t seed)
{
    int64_t total = 1;
    nodes->spacing = spacing;
    for (int a = 0; a < 3; a++) {
        nodes->first[a] = (int32_t)floor(low[a] / spacing) - 2;
        nodes->count[a] = (int32_t)floor(high[a] / spacing) + 4 - nodes->first[a];
        total *= nodes->count[a];
    }
    VLY_TRY(vly_buffer_create(buffer, device, total * (int64_t)sizeof(double), "random fields"));
    nodes->value = buffer->data;
    return device->kernels->synth_nodes(device->queue, nodes, seed, buffer->data);
}

/* Cells of the block that lie within reach of a sphere's surface, along one axis. */
static void cell_range(const vly_synth_scene *s, int axis, double centre, double reach, int32_t range[2])
{
    double from = floor((centre - reach - s->cell_origin[axis]) / s->cell);
    double to = floor((centre + reach - s->cell_origin[axis]) / s->cell) + 1.0;
    range[0] = from < 0.0 ? 0 : from > s->cells[axis] ? s->cells[axis] : (int32_t)from;
    range[1] = to < 0.0 ? 0 : to > s->cells[axis] ? s->cells[axis] : (int32_t)to;
}

/* Distance along one axis from a centre to a cell. */
static double cell_gap(const vly_synth_scene *s, int axis, int32_t cell, double centre)
{
    double from = s->cell_origin[axis] + cell * s->cell;
    return centre < from ? from - centre : centre > from + s->cell ? centre - from - s->cell : 0.0;
}

/* Counts (near NULL) or lists the spheres of every cell; first[c + 1] is where the next one of cell c goes. */
static void fill_cells(const vly_structure *st, const vly_synth_scene *s, int64_t *first, int32_t *near)
{
    for (int64_t n = 0; n < st->count; n++) {
        const vly_synth_sphere ball = st->spheres[n];
        double reach = ball.r + VLY_SYNTH_REACH + 1e-6; /* um more than rounding could hide */
        int32_t x[2], y[2], z[2];
        cell_range(s, 0, ball.x, reach, x);
        cell_range(s, 1, ball.y, reach, y);
        cell_range(s, 2, ball.z, reach, z);
        for (int32_t c = z[0]; c < z[1]; c++)
            for (int32_t b = y[0]; b < y[1]; b++)
                for (int32_t a = x[0]; a < x[1]; a++) {
                    double dx = cell_gap(s, 0, a, ball.x), dy = cell_gap(s, 1, b, ball.y),
                           dz = cell_gap(s, 2, c, ball.z);
                    if (dx * dx + dy * dy + dz * dz > reach * reach) continue;
                    int64_t cell = ((int64_t)c * s->cells[1] + b) * s->cells[0] + a;
                    if (near) near[first[cell]] = (int32_t)n;
                    first[cell]++;
                }
    }
}

/* Turns counts per cell into the places where lists begin; returns their total. */
static int64_t place_lists(int64_t *first, int64_t cells)
{
    int64_t total = 0;
    for (int64_t c = 0; c <= cells; c++) {
        int64_t count = c < cells ? first[c] : 0;
        first[c] = total;
        total += count;
    }
    return total;
}

static vly_status make_cells(block *b, const vly_structure *st)
{
    vly_synth_scene *s = &b->scene;
    int64_t cells = 1, *first = NULL;
    int32_t *near = NULL;
    s->cell = CELL;
    for (int a = 0; a < 3; a++) {
        s->cell_origin[a] = b->low[a];
        s->cells[a] = (int32_t)((b->high[a] - b->low[a]) / CELL) + 1;
        cells *= s->cells[a];
    }
    VLY_TRY(VLY_NEW(&first, cells + 1, "cells of particles"));
    fill_cells(st, s, first, NULL);
    int64_t total = place_lists(first, cells);
    vly_status status = VLY_NEW(&near, total + 1, "particles by cell");
    if (status != VLY_OK) goto out;
    fill_cells(st, s, first, near); /* leaves first[c] where list c ends: the beginning of list c + 1 */
    for (int64_t c = cells; c > 0; c--) first[c] = first[c - 1];
    first[0] = 0;
    struct {
        vly_buffer *buffer;
        const void *from;
        int64_t bytes;
    } up[] = {{&b->spheres, st->spheres, st->count * (int64_t)sizeof *st->spheres},
              {&b->first, first, (cells + 1) * (int64_t)sizeof *first},
              {&b->near, near, (total + 1) * (int64_t)sizeof *near}};
    for (size_t i = 0; i < sizeof up / sizeof *up && status == VLY_OK; i++) {
        status = vly_buffer_create(up[i].buffer, st->device, up[i].bytes, "particles by cell");
        if (status == VLY_OK) status = vly_buffer_upload(up[i].buffer, up[i].from, up[i].bytes);
    }
    s->spheres = b->spheres.data, s->first = b->first.data, s->near = b->near.data;
out:
    vly_free(near);
    vly_free(first);
    return status;
}

static vly_status make_scene(block *b, const vly_structure *st)
{
    const uint64_t seed = st->options->seed;
    b->scene = (vly_synth_scene){
        .kind = st->kind, .roughness = ROUGHNESS, .layered = st->layers > 1, .interface = st->interface};
    if (st->kind == VLY_SYNTH_STRIPES) return VLY_OK;
    VLY_TRY(make_cells(b, st));
    if (st->kind == VLY_SYNTH_LATTICE) return VLY_OK;
    VLY_TRY(make_nodes(&b->scene.rough, &b->rough, st->device, b->low, b->high, ROUGH_LENGTH, vly_hash(3, seed)));
    VLY_TRY(make_nodes(&b->scene.islands, &b->islands, st->device, b->low, b->high, ISLAND_LENGTH, vly_hash(4, seed)));
    if (!b->scene.layered) return VLY_OK;
    const double low[3] = {b->low[0], b->low[1], 0.0}, high[3] = {b->high[0], b->high[1], 0.0};
    return make_nodes(&b->scene.wander, &b->wander, st->device, low, high, WANDER_LENGTH, vly_hash(5, seed));
}

static vly_status evaluate(block *b, const vly_structure *st, const vly_synth_lattice *lattice, int32_t plane,
                           int32_t count, void *const fields[4])
{
    const int64_t points = (int64_t)lattice->extent.nx * lattice->extent.ny * count;
    vly_buffer *out[4] = {&b->am, &b->neck, &b->island, &b->layer};
    for (int i = 0; i < 4; i++) VLY_TRY(vly_buffer_create(out[i], st->device, points * (i < 3 ? 4 : 1), "fields"));
    VLY_TRY(st->device->kernels->synth_fields(st->device->queue, &b->scene, lattice, plane, count, b->am.data,
                                              b->neck.data, b->island.data, b->layer.data));
    for (int i = 0; i < 4; i++) VLY_TRY(vly_buffer_download(out[i], fields[i], points * (i < 3 ? 4 : 1)));
    return VLY_OK;
}

vly_status vly_structure_fields(const vly_structure *structure, const vly_synth_lattice *lattice, int32_t plane,
                                int32_t count, float *am, float *neck, float *island, uint8_t *layer)
{
    block b = {.low = {0.0}};
    void *const fields[4] = {am, neck, island, layer};
    bound(&b, lattice, plane, count);
    vly_status status = make_scene(&b, structure);
    if (status == VLY_OK) status = evaluate(&b, structure, lattice, plane, count, fields);
    vly_buffer *held[] = {&b.spheres, &b.first, &b.near, &b.rough,  &b.islands,
                          &b.wander,  &b.am,    &b.neck, &b.island, &b.layer};
    for (size_t i = 0; i < sizeof held / sizeof *held; i++) vly_buffer_free(held[i]);
    return status;
}
