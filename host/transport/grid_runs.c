/* Which voxels take part: runs along x are joined where they touch, and a cluster counts if it touches both planes, or in a
 * loop if it meets itself again after going around. All others would make the equations singular, or carry nothing. */
#include "transport/grid.h"

#include "core/memory.h"

#include <string.h>

enum { INLET = 1, OUTLET = 2, AROUND = INLET | OUTLET };

int64_t vly_grid_row_beside(const vly_grid *grid, int64_t row, int way)
{
    int32_t ny = grid->extent.ny, nz = grid->extent.nz, y = (int32_t)(row % ny), z = (int32_t)(row / ny);
    int axis = way / 2;
    int32_t *at = axis == VLY_Y ? &y : &z, count = axis == VLY_Y ? ny : nz;
    *at += way % 2 ? 1 : -1;
    if (*at < 0 || *at >= count) {
        if (!vly_grid_wraps(grid, axis)) return -1;
        *at = *at < 0 ? count - 1 : 0;
    }
    return (int64_t)z * ny + y;
}

typedef struct scan {
    const vly_grid *grid;
    vly_grid_runs *runs;
    bool fill;
} scan;

/* Runs of one page: counted into first[row + 1], or written from first[row] on. */
static vly_status scan_page(void *self, int64_t z, int32_t worker)
{
    const scan *s = self;
    int32_t nx = s->grid->extent.nx, ny = s->grid->extent.ny;
    (void)worker;
    for (int64_t row = z * ny; row < (z + 1) * ny; row++) {
        int64_t at = s->fill ? s->runs->first[row] : 0;
        for (int32_t x = 0; x < nx;) {
            while (x < nx && !vly_grid_conducts(s->grid, row * nx + x)) x++;
            if (x == nx) break;
            if (s->fill) s->runs->start[at] = x;
            while (x < nx && vly_grid_conducts(s->grid, row * nx + x)) x++;
            if (s->fill) s->runs->end[at] = x;
            at++;
        }
        if (!s->fill) s->runs->first[row + 1] = at;
    }
    return VLY_OK;
}

/* Runs as trees of clusters. In a loop each run lies so many images of the volume from its parent, along x, y and z. */
typedef struct clusters {
    int32_t *parent;            /* (runs) */
    int32_t (*image)[VLY_AXES]; /* (runs), or NULL: no loop */
    uint8_t *planes;            /* (runs) */
} clusters;

/* The root; image (3) += how many images from it the run lies. */
static int32_t root_of(const clusters *c, int32_t run, int32_t image[VLY_AXES])
{
    while (c->parent[run] != run) {
        int32_t parent = c->parent[run];
        for (int a = 0; a < VLY_AXES && c->image; a++) {
            image[a] += c->image[run][a];
            c->image[run][a] += c->image[parent][a]; /* a root lies 0 from itself */
        }
        c->parent[run] = c->parent[parent];
        run = parent;
    }
    return run;
}

/* axis: that of the border between a and b, at the lower end of which b lies; or -1. */
static void join(const clusters *c, int32_t a, int32_t b, int axis)
{
    int32_t from[VLY_AXES] = {0}, to[VLY_AXES] = {0};
    a = root_of(c, a, from);
    b = root_of(c, b, to);
    if (axis >= 0) from[axis]++;
    if (a == b) {
        if (c->image && memcmp(from, to, sizeof from) != 0) c->planes[a] |= AROUND;
        return;
    }
    bool swapped = b < a;
    int32_t root = swapped ? b : a, leaf = swapped ? a : b;
    c->parent[leaf] = root;
    c->planes[root] |= c->planes[leaf];
    for (int k = 0; k < VLY_AXES && c->image; k++) c->image[leaf][k] = swapped ? to[k] - from[k] : from[k] - to[k];
}

static void join_rows(const vly_grid_runs *r, const clusters *c, int64_t row, int64_t other, int axis)
{
    int64_t a = r->first[row], b = r->first[other];
    while (a < r->first[row + 1] && b < r->first[other + 1]) {
        if (r->start[a] < r->end[b] && r->start[b] < r->end[a]) join(c, (int32_t)a, (int32_t)b, axis);
        if (r->end[a] < r->end[b])
            a++;
        else
            b++;
    }
}

static void join_all(const vly_grid *grid, const vly_grid_runs *r, const clusters *c)
{
    int64_t rows = (int64_t)grid->extent.ny * grid->extent.nz;
    for (int64_t row = 0; row < rows; row++) {
        for (int way = 3; way < 6; way += 2) {
            int64_t other = vly_grid_row_beside(grid, row, way);
            if (other >= 0 && other != row) join_rows(r, c, row, other, other < row ? way / 2 : -1);
        }
        int64_t from = r->first[row], to = r->first[row + 1];
        if (vly_grid_wraps(grid, VLY_X) && to > from && r->start[from] == 0 && r->end[to - 1] == grid->extent.nx)
            join(c, (int32_t)(to - 1), (int32_t)from, VLY_X);
    }
}

/* Planes that a run touches. */
static uint8_t touched(const vly_grid *grid, const vly_grid_runs *r, int64_t row, int64_t run)
{
    int32_t y = (int32_t)(row % grid->extent.ny), z = (int32_t)(row / grid->extent.ny);
    if (grid->loop) return 0;
    bool in = grid->axis == VLY_X ? r->start[run] == 0 : grid->axis == VLY_Y ? y == 0 : z == 0;
    bool out = grid->axis == VLY_X   ? r->end[run] == grid->extent.nx
               : grid->axis == VLY_Y ? y == grid->extent.ny - 1
                                     : z == grid->extent.nz - 1;
    return (uint8_t)((in ? INLET : 0) | (out ? OUTLET : 0));
}

static vly_status number(const vly_grid *grid, vly_grid_runs *r, const clusters *c)
{
    int64_t rows = (int64_t)grid->extent.ny * grid->extent.nz;
    int32_t image[VLY_AXES] = {0};
    for (int64_t run = 0; run < r->count; run++) c->parent[run] = (int32_t)run;
    for (int64_t row = 0; row < rows; row++)
        for (int64_t run = r->first[row]; run < r->first[row + 1]; run++) c->planes[run] = touched(grid, r, row, run);
    join_all(grid, r, c);
    for (int64_t run = 0; run < r->count; run++) {
        bool kept = c->planes[root_of(c, (int32_t)run, image)] == AROUND;
        int64_t length = r->end[run] - r->start[run];
        if (kept && r->unknowns + length > INT32_MAX)
            return vly_fail(VLY_EDATA, "transport: more than 2^31 voxels conduct, fewer expected (E_DIM)");
        r->base[run] = kept ? (int32_t)r->unknowns : -1;
        r->conducting += length;
        r->unknowns += kept ? length : 0;
    }
    return VLY_OK;
}

static vly_status join_runs(const vly_grid *grid, vly_grid_runs *r)
{
    clusters c = {.parent = NULL};
    vly_status status = vly_alloc_raw((void **)&c.parent, r->count, sizeof *c.parent, "clusters");
    if (status == VLY_OK) status = VLY_NEW(&c.planes, r->count, "clusters");
    if (status == VLY_OK && grid->loop) status = VLY_NEW(&c.image, r->count, "clusters");
    if (status == VLY_OK) status = number(grid, r, &c);
    vly_free(c.image);
    vly_free(c.planes);
    vly_free(c.parent);
    return status;
}

vly_status vly_grid_runs_create(vly_grid_runs *out, vly_device *device, const vly_grid *grid)
{
    int64_t rows = (int64_t)grid->extent.ny * grid->extent.nz;
    scan s = {grid, out, false};
    *out = (vly_grid_runs){.count = 0};
    VLY_TRY(VLY_NEW(&out->first, rows + 1, "rows"));
    VLY_TRY(vly_pool_run(device->pool, grid->extent.nz, scan_page, &s));
    for (int64_t row = 0; row < rows; row++) out->first[row + 1] += out->first[row];
    out->count = out->first[rows];
    if (out->count > INT32_MAX)
        return vly_fail(VLY_EDATA, "transport: more than 2^31 runs of voxels, fewer expected (E_DIM)");
    VLY_TRY(vly_alloc_raw((void **)&out->start, out->count, sizeof(int32_t), "runs"));
    VLY_TRY(vly_alloc_raw((void **)&out->end, out->count, sizeof(int32_t), "runs"));
    VLY_TRY(vly_alloc_raw((void **)&out->base, out->count, sizeof(int32_t), "runs"));
    s.fill = true;
    VLY_TRY(vly_pool_run(device->pool, grid->extent.nz, scan_page, &s));
    return join_runs(grid, out);
}

void vly_grid_runs_free(vly_grid_runs *runs)
{
    vly_free(runs->first);
    vly_free(runs->start);
    vly_free(runs->end);
    vly_free(runs->base);
    *runs = (vly_grid_runs){.count = 0};
}
