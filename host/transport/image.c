/* The matrix of an image: for each conducting voxel what it is and who its neighbours are. */
#include "transport/grid.h"

#include "core/memory.h"

#include <string.h>

typedef struct filling {
    const vly_grid *grid;
    const vly_grid_runs *runs;
    vly_image *image;
    uint16_t code[256]; /* of a label, shifted to its place */
    uint16_t *kind, *near[2];
    int32_t *side[6];
    int32_t *edge, *edge_side, edges;
    int64_t *first_edge; /* (nz + 1) of a page */
    float *field;
    double *potential;
} filling;

/* ---- coefficients ---- */

/* Equal coefficients share a code; codes follow the order of the labels. */
static int32_t find_codes(filling *f, double values[256])
{
    bool present[256] = {false};
    int32_t codes = 0;
    if (!f->grid->label) return 0;
    for (int64_t i = 0; i < vly_extent_voxels(f->grid->extent); i++) present[f->grid->label[i]] = true;
    for (int32_t v = 0; v < 256; v++) {
        int32_t code = 0;
        if (!present[v] || !(f->grid->value[v] > 0.0)) continue;
        while (code < codes && values[code] != f->grid->value[v]) code++;
        if (code == codes) values[codes++] = f->grid->value[v];
        f->code[v] = (uint16_t)(code << VLY_MATRIX_SHIFT);
    }
    return codes;
}

static vly_status make_tables(filling *f, vly_device *device, const double face[3])
{
    vly_image *image = f->image;
    double values[256];
    int32_t codes = find_codes(f, values);
    VLY_TRY(vly_twin_create(&image->value, device, codes, sizeof(double), "coefficients"));
    VLY_TRY(vly_twin_create(&image->between, device, 3 * codes * codes, sizeof(float), "coefficients"));
    VLY_TRY(vly_twin_create(&image->between64, device, 3 * codes * codes, sizeof(double), "coefficients"));
    double *value = image->value.host, *between64 = image->between64.host;
    float *between = image->between.host;
    for (int32_t c = 0; c < codes; c++) value[c] = values[c];
    for (int32_t axis = 0, at = 0; axis < 3; axis++)
        for (int32_t c = 0; c < codes; c++)
            for (int32_t d = 0; d < codes; d++, at++) {
                between64[at] = face[axis] * 2.0 * values[c] * (values[d] / (values[c] + values[d]));
                between[at] = (float)between64[at];
            }
    image->matrix.host.codes = codes;
    image->matrix.host.form = codes == 0 ? VLY_MATRIX_FIELD : codes == 1 ? VLY_MATRIX_PLAIN : VLY_MATRIX_TABLE;
    VLY_TRY(vly_twin_upload(&image->value));
    VLY_TRY(vly_twin_upload(&image->between));
    return vly_twin_upload(&image->between64);
}

/* ---- edges ---- */

/* Neighbours across the border along x or y follow from no offset that fits. */
static bool at_edge(const vly_grid *g, int32_t x, int32_t y)
{
    return (vly_grid_wraps(g, VLY_X) && (x == 0 || x == g->extent.nx - 1)) ||
           (vly_grid_wraps(g, VLY_Y) && (y == 0 || y == g->extent.ny - 1));
}

static vly_status count_edges(void *self, int64_t z, int32_t worker)
{
    const filling *f = self;
    const vly_grid_runs *r = f->runs;
    int32_t ny = f->grid->extent.ny;
    int64_t count = 0;
    (void)worker;
    for (int32_t y = 0; y < ny; y++)
        for (int64_t run = r->first[z * ny + y]; run < r->first[z * ny + y + 1]; run++)
            for (int32_t x = r->start[run]; x < r->end[run] && r->base[run] >= 0; x++) count += at_edge(f->grid, x, y);
    f->first_edge[z + 1] = count;
    return VLY_OK;
}

/* ---- voxels ---- */

static void fill_run(filling *f, int64_t row, int64_t run, int64_t *edge)
{
    const vly_grid *g = f->grid;
    const vly_extent e = g->extent;
    const int32_t y = (int32_t)(row % e.ny), z = (int32_t)(row / e.ny);
    const int32_t count = g->axis == VLY_X ? e.nx : g->axis == VLY_Y ? e.ny : e.nz;
    const int32_t start = f->runs->start[run], end = f->runs->end[run];
    for (int32_t x = start; x < end; x++) {
        int32_t i = f->runs->base[run] + x - start, at = g->axis == VLY_X ? x : g->axis == VLY_Y ? y : z;
        int64_t voxel = row * e.nx + x;
        int flags = (x > start ? VLY_MATRIX_BELOW : 0) | (x + 1 < end ? VLY_MATRIX_ABOVE : 0) |
                    (at == 0 ? VLY_MATRIX_INLET : 0) | (at == count - 1 ? VLY_MATRIX_OUTLET : 0);
        f->kind[i] = (uint16_t)(flags | (g->label ? f->code[g->label[voxel]] : 0));
        if (f->field) f->field[i] = (float)((double)g->field[voxel] / g->scale);
        for (int way = 2; way < 6; way++)
            if (f->side[way]) f->side[way][i] = i;
        if (at_edge(g, x, y)) {
            int32_t *side = f->edge_side + 4 * *edge;
            f->kind[i] |= VLY_MATRIX_EDGE;
            f->edge[(*edge)++] = i;
            side[0] = x > start ? i - 1 : i;
            side[1] = x + 1 < end ? i + 1 : i;
            side[2] = side[3] = i;
        }
        f->potential[i] = 1.0 - ((double)at + 0.5) / (double)count;
        f->image->place[i] = (uint64_t)x | (uint64_t)y << 21 | (uint64_t)z << 42;
    }
}

static int32_t *edge_side(filling *f, int32_t i, int way)
{
    const vly_matrix list = {.edges = f->edges, .edge = f->edge};
    return f->edge_side + 4 * (int64_t)vly_matrix_find_edge(&list, i) + way;
}

/* Neighbours of a row's voxels in another row. */
static void link_rows(filling *f, int64_t row, int64_t other, int way)
{
    const vly_grid_runs *r = f->runs;
    int64_t a = r->first[row], b = r->first[other];
    while (a < r->first[row + 1] && b < r->first[other + 1]) {
        int32_t from = r->start[a] > r->start[b] ? r->start[a] : r->start[b];
        int32_t to = r->end[a] < r->end[b] ? r->end[a] : r->end[b];
        for (int32_t x = from; x < to && r->base[a] >= 0; x++) {
            int32_t i = r->base[a] + x - r->start[a], j = r->base[b] + x - r->start[b];
            if (f->side[way])
                f->side[way][i] = j;
            else if (f->kind[i] & VLY_MATRIX_EDGE)
                *edge_side(f, i, way) = j;
            else
                f->near[way - 2][i] = (uint16_t)(j > i ? j - i : i - j);
        }
        if (r->end[a] < r->end[b])
            a++;
        else
            b++;
    }
}

/* The two ends of a row face each other. */
static void link_ends(filling *f, int64_t row)
{
    const vly_grid_runs *r = f->runs;
    int64_t a = r->first[row], b = r->first[row + 1] - 1;
    if (b < a || r->start[a] != 0 || r->end[b] != f->grid->extent.nx || r->base[a] < 0) return;
    int32_t left = r->base[a], right = r->base[b] + r->end[b] - r->start[b] - 1;
    *edge_side(f, left, 0) = right;
    *edge_side(f, right, 1) = left;
}

static vly_status fill_page(void *self, int64_t z, int32_t worker)
{
    filling *f = self;
    int32_t ny = f->grid->extent.ny;
    int64_t edge = f->first_edge[z];
    (void)worker;
    for (int64_t row = z * ny; row < (z + 1) * ny; row++)
        for (int64_t run = f->runs->first[row]; run < f->runs->first[row + 1]; run++)
            if (f->runs->base[run] >= 0) fill_run(f, row, run, &edge);
    return VLY_OK;
}

static vly_status link_page(void *self, int64_t z, int32_t worker)
{
    filling *f = self;
    int32_t ny = f->grid->extent.ny;
    (void)worker;
    for (int64_t row = z * ny; row < (z + 1) * ny; row++) {
        for (int way = 2; way < 6; way++) {
            int64_t other = vly_grid_row_beside(f->grid, row, way);
            if (other >= 0) link_rows(f, row, other, way);
        }
        if (vly_grid_wraps(f->grid, VLY_X)) link_ends(f, row);
    }
    return VLY_OK;
}

/* ---- the matrix ---- */

static vly_status alloc_voxels(filling *f, vly_device *device)
{
    vly_image *image = f->image;
    int64_t n = f->runs->unknowns;
    bool near = f->grid->extent.nx <= UINT16_MAX;
    VLY_TRY(vly_twin_create(&image->kind, device, n, sizeof(uint16_t), "voxels"));
    f->kind = image->kind.host;
    for (int k = 0; k < 2 && near; k++) {
        VLY_TRY(vly_twin_create(&image->near[k], device, n, sizeof(uint16_t), "neighbours"));
        f->near[k] = image->near[k].host;
    }
    for (int way = near ? 4 : 2; way < 6; way++) {
        VLY_TRY(vly_twin_create(&image->side[way], device, n, sizeof(int32_t), "neighbours"));
        f->side[way] = image->side[way].host;
    }
    if (!f->grid->label) {
        VLY_TRY(vly_twin_create(&image->field, device, n, sizeof(float), "coefficients"));
        f->field = image->field.host;
    }
    VLY_TRY(vly_twin_create(&image->potential, device, n, sizeof(double), "potential"));
    f->potential = image->potential.host;
    return vly_alloc_raw((void **)&image->place, n, sizeof *image->place, "places");
}

static vly_status alloc_edges(filling *f, vly_device *device)
{
    vly_image *image = f->image;
    int32_t pages = f->grid->extent.nz;
    VLY_TRY(VLY_NEW(&f->first_edge, (int64_t)pages + 1, "edges"));
    VLY_TRY(vly_pool_run(device->pool, pages, count_edges, f));
    for (int32_t z = 0; z < pages; z++) f->first_edge[z + 1] += f->first_edge[z];
    f->edges = (int32_t)f->first_edge[pages];
    VLY_TRY(vly_twin_create(&image->edge, device, f->edges, sizeof(int32_t), "edges"));
    VLY_TRY(vly_twin_create(&image->edge_side, device, 4 * (int64_t)f->edges, sizeof(int32_t), "edges"));
    f->edge = image->edge.host;
    f->edge_side = image->edge_side.host;
    return VLY_OK;
}

static vly_status upload_voxels(vly_image *image)
{
    VLY_TRY(vly_twin_upload(&image->edge));
    VLY_TRY(vly_twin_upload(&image->edge_side));
    VLY_TRY(vly_twin_upload(&image->kind));
    VLY_TRY(vly_twin_upload(&image->potential));
    for (int way = 0; way < 6; way++)
        if (image->side[way].host) VLY_TRY(vly_twin_upload(&image->side[way]));
    for (int k = 0; k < 2; k++)
        if (image->near[k].host) VLY_TRY(vly_twin_upload(&image->near[k]));
    return image->field.host ? vly_twin_upload(&image->field) : VLY_OK;
}

static void set_matrix(vly_image *image)
{
    vly_matrix *host = &image->matrix.host, *device = &image->matrix.device;
    host->kind = image->kind.host;
    host->field = image->field.host;
    host->between = image->between.host;
    host->between64 = image->between64.host;
    host->value = image->value.host;
    host->edge = image->edge.host;
    host->edge_side = image->edge_side.host;
    for (int k = 0; k < 2; k++) host->near[k] = image->near[k].host;
    for (int way = 0; way < 6; way++) host->side[way] = image->side[way].host;
    *device = *host;
    device->kind = image->kind.device.data;
    device->field = image->field.device.data;
    device->between = image->between.device.data;
    device->between64 = image->between64.device.data;
    device->value = image->value.device.data;
    device->edge = image->edge.device.data;
    device->edge_side = image->edge_side.device.data;
    for (int k = 0; k < 2; k++) device->near[k] = image->near[k].device.data;
    for (int way = 0; way < 6; way++) device->side[way] = image->side[way].device.data;
}

vly_status vly_image_create(vly_image *out, vly_device *device, const vly_grid *grid, const vly_grid_runs *runs)
{
    const double *h = grid->spacing;
    const int32_t count[3] = {grid->extent.nx, grid->extent.ny, grid->extent.nz};
    const double face[3] = {h[1] * h[2] / h[0], h[0] * h[2] / h[1], h[0] * h[1] / h[2]};
    filling f = {.grid = grid, .runs = runs, .image = out};
    double relative[3];
    *out = (vly_image){.unit = 1.0};
    /* conductances in units of a face across the flow, so that single precision has nothing to fear */
    for (int axis = 0; axis < 3; axis++) {
        relative[axis] = face[axis] / face[grid->axis];
        out->matrix.host.face[axis] = relative[axis];
        if (axis != (int)grid->axis) out->unit /= (double)count[axis];
    }
    out->unit *= (double)count[grid->axis] * grid->scale;
    out->matrix.host.plane = grid->loop ? 0.0 : 2.0;
    out->matrix.host.loop = grid->loop ? 1 + (int32_t)grid->axis : 0;
    out->matrix.host.rows = (int32_t)runs->unknowns;
    VLY_TRY(make_tables(&f, device, relative));
    vly_status status = alloc_voxels(&f, device);
    if (status == VLY_OK) status = alloc_edges(&f, device);
    if (status == VLY_OK) status = vly_pool_run(device->pool, grid->extent.nz, fill_page, &f);
    if (status == VLY_OK) status = vly_pool_run(device->pool, grid->extent.nz, link_page, &f);
    vly_free(f.first_edge);
    VLY_TRY(status);
    out->matrix.host.edges = f.edges;
    set_matrix(out);
    return upload_voxels(out);
}

void vly_image_free(vly_image *image)
{
    vly_twin *twins[] = {&image->kind,      &image->field, &image->between,   &image->edge,
                         &image->between64, &image->value, &image->potential, &image->edge_side};
    for (size_t k = 0; k < sizeof twins / sizeof *twins; k++) vly_twin_free(twins[k]);
    for (int k = 0; k < 2; k++) vly_twin_free(&image->near[k]);
    for (int way = 0; way < 6; way++) vly_twin_free(&image->side[way]);
    vly_free(image->place);
    *image = (vly_image){.unit = 0.0};
}
