/* Which voxels take part: runs along x are joined where they touch, and a cluster counts if it touches both planes. All
 * others would make the equations singular, or carry nothing. */
#include "transport/grid.h"

#include "core/memory.h"

enum { INLET = 1, OUTLET = 2 };

int64_t vly_grid_row_beside(const vly_grid *grid, int64_t row, int way)
{
    int32_t ny = grid->extent.ny, nz = grid->extent.nz, y = (int32_t)(row % ny), z = (int32_t)(row / ny);
    int axis = way / 2;
    int32_t *at = axis == VLY_Y ? &y : &z, count = axis == VLY_Y ? ny : nz;
    *at += way % 2 ? 1 : -1;
    if (*at < 0 || *at >= count) {
        if (!grid->periodic || grid->axis == (vly_direction)axis) return -1;
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

static int32_t root_of(int32_t *parent, int32_t run)
{
    while (parent[run] != run) {
        parent[run] = parent[parent[run]];
        run = parent[run];
    }
    return run;
}

static void join(int32_t *parent, int32_t a, int32_t b)
{
    a = root_of(parent, a);
    b = root_of(parent, b);
    if (a < b)
        parent[b] = a;
    else
        parent[a] = b;
}

static void join_rows(const vly_grid_runs *r, int32_t *parent, int64_t row, int64_t other)
{
    int64_t a = r->first[row], b = r->first[other];
    while (a < r->first[row + 1] && b < r->first[other + 1]) {
        if (r->start[a] < r->end[b] && r->start[b] < r->end[a]) join(parent, (int32_t)a, (int32_t)b);
        if (r->end[a] < r->end[b])
            a++;
        else
            b++;
    }
}

static void join_all(const vly_grid *grid, const vly_grid_runs *r, int32_t *parent)
{
    int64_t rows = (int64_t)grid->extent.ny * grid->extent.nz;
    for (int64_t row = 0; row < rows; row++) {
        for (int way = 3; way < 6; way += 2) {
            int64_t other = vly_grid_row_beside(grid, row, way);
            if (other >= 0 && other != row) join_rows(r, parent, row, other);
        }
        int64_t from = r->first[row], to = r->first[row + 1];
        if (grid->periodic && grid->axis != VLY_X && to - from > 1 && r->start[from] == 0 &&
            r->end[to - 1] == grid->extent.nx)
            join(parent, (int32_t)from, (int32_t)(to - 1));
    }
}

/* Planes that a run touches. */
static uint8_t touched(const vly_grid *grid, const vly_grid_runs *r, int64_t row, int64_t run)
{
    int32_t y = (int32_t)(row % grid->extent.ny), z = (int32_t)(row / grid->extent.ny);
    bool in = grid->axis == VLY_X ? r->start[run] == 0 : grid->axis == VLY_Y ? y == 0 : z == 0;
    bool out = grid->axis == VLY_X   ? r->end[run] == grid->extent.nx
               : grid->axis == VLY_Y ? y == grid->extent.ny - 1
                                     : z == grid->extent.nz - 1;
    return (uint8_t)((in ? INLET : 0) | (out ? OUTLET : 0));
}

static vly_status number(const vly_grid *grid, vly_grid_runs *r, int32_t *parent, uint8_t *planes)
{
    int64_t rows = (int64_t)grid->extent.ny * grid->extent.nz;
    for (int64_t run = 0; run < r->count; run++) parent[run] = (int32_t)run;
    join_all(grid, r, parent);
    for (int64_t row = 0; row < rows; row++)
        for (int64_t run = r->first[row]; run < r->first[row + 1]; run++)
            planes[root_of(parent, (int32_t)run)] |= touched(grid, r, row, run);
    for (int64_t run = 0; run < r->count; run++) {
        bool kept = planes[root_of(parent, (int32_t)run)] == (INLET | OUTLET);
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
    int32_t *parent = NULL;
    uint8_t *planes = NULL;
    vly_status status = vly_alloc_raw((void **)&parent, r->count, sizeof *parent, "clusters");
    if (status == VLY_OK) status = VLY_NEW(&planes, r->count, "clusters");
    if (status == VLY_OK) status = number(grid, r, parent, planes);
    vly_free(planes);
    vly_free(parent);
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
