/* Potential and flux of every voxel, as an image for ParaView, and a picture of a section. Flux is in units of what an open box carries, so that its mean
 * over the volume along the axis is D_eff / D_0. */
#include "transport/fields.h"

#include "core/memory.h"
#include "io/vti.h"

#include <math.h>

enum { POTENTIAL, FLUX, ARRAYS = FLUX + VLY_AXES };

enum { SECTION_MOST = 128 }; /* pixels along a side */

typedef struct picture {
    const vly_grid *grid;
    const vly_grid_runs *runs;
    const vly_matrix *a;
    const double *u;
    double unit[VLY_AXES]; /* of a flow through a face across an axis */
} picture;

/* Mean of what flows through both faces across `axis`, upwards. */
static double flux(const picture *p, int32_t i, int axis)
{
    const vly_matrix *a = p->a;
    double through = 0.0;
    for (int way = 2 * axis; way < 2 * axis + 2; way++) {
        int32_t j = vly_matrix_side(a, i, way);
        double flow = j != i ? vly_matrix_face64(a, a->form, axis, i, j) * (p->u[i] - p->u[j]) : 0.0;
        through += way % 2 ? flow : -flow;
    }
    if (axis == (int)p->grid->axis && a->kind[i] & VLY_MATRIX_INLET)
        through += vly_matrix_plane(a, a->form, i) * (1.0 - p->u[i]);
    if (axis == (int)p->grid->axis && a->kind[i] & VLY_MATRIX_OUTLET)
        through += vly_matrix_plane(a, a->form, i) * p->u[i];
    return 0.5 * through * p->unit[axis];
}

/* page (ny, nx) */
static void draw_page(const picture *p, int32_t z, int array, float *page)
{
    const vly_extent e = p->grid->extent;
    for (int64_t i = 0; i < (int64_t)e.nx * e.ny; i++) page[i] = array == POTENTIAL ? NAN : 0.0f;
    for (int32_t y = 0; y < e.ny; y++) {
        int64_t row = (int64_t)z * e.ny + y;
        for (int64_t run = p->runs->first[row]; run < p->runs->first[row + 1]; run++)
            for (int32_t x = p->runs->start[run]; x < p->runs->end[run] && p->runs->base[run] >= 0; x++) {
                int32_t i = p->runs->base[run] + x - p->runs->start[run];
                page[(int64_t)y * e.nx + x] = (float)(array == POTENTIAL ? p->u[i] : flux(p, i, array - FLUX));
            }
    }
}

static vly_status draw(vly_vti *vti, const picture *p, vly_device *device)
{
    const vly_extent e = p->grid->extent;
    int64_t bytes = (int64_t)e.nx * e.ny * (int64_t)sizeof(float);
    float *page;
    VLY_TRY(vly_alloc_raw((void **)&page, bytes, 1, "page"));
    vly_status status = VLY_OK;
    for (int array = 0; array < ARRAYS; array++)
        for (int32_t z = 0; z < e.nz && status == VLY_OK; z++) {
            draw_page(p, z, array, page);
            status = vly_device_stop(device);
            if (status == VLY_OK) status = vly_vti_append(vti, page, bytes);
        }
    vly_free(page);
    return status;
}

static picture picture_of(const vly_grid *grid, const vly_grid_runs *runs, const vly_matrix *host,
                          const double *potential)
{
    const int32_t count[VLY_AXES] = {grid->extent.nx, grid->extent.ny, grid->extent.nz};
    picture p = {grid, runs, host, potential, {0.0}};
    for (int b = 0; b < VLY_AXES; b++)
        p.unit[b] = grid->scale * count[grid->axis] * grid->spacing[b] / grid->spacing[grid->axis];
    return p;
}

vly_status vly_fields_write(const char *path, bool overwrite, vly_device *device, const vly_grid *grid,
                            const vly_grid_runs *runs, const vly_matrix *host, const double *potential)
{
    static const vly_vti_array arrays[ARRAYS] = {
        {"potential", VLY_F32}, {"flux_x", VLY_F32}, {"flux_y", VLY_F32}, {"flux_z", VLY_F32}};
    const picture p = picture_of(grid, runs, host, potential);
    vly_vti vti;
    bool metres = grid->spacing[0] != 1.0 || grid->spacing[1] != 1.0 || grid->spacing[2] != 1.0;
    VLY_TRY(vly_vti_open(&vti, path, grid->extent, metres ? grid->spacing : NULL, arrays, ARRAYS, overwrite));
    vly_status status = draw(&vti, &p, device);
    if (status == VLY_OK) status = vly_vti_finish(&vti);
    vly_vti_close(&vti);
    return status;
}

/* Pixels of one row of voxels (along x) that the plane `middle` of axis `beside` cuts. */
static void draw_row(vly_transport_direction *out, const picture *p, int64_t row, int across, int beside,
                     int32_t middle)
{
    const vly_grid_runs *r = p->runs;
    int32_t at[VLY_AXES] = {0, (int32_t)(row % p->grid->extent.ny), (int32_t)(row / p->grid->extent.ny)};
    for (int64_t run = r->first[row]; run < r->first[row + 1]; run++)
        for (at[0] = r->start[run]; at[0] < r->end[run] && r->base[run] >= 0; at[0]++) {
            double sum = 0.0;
            if (at[beside] != middle || at[across] % out->stride || at[p->grid->axis] % out->stride) continue;
            for (int b = 0; b < VLY_AXES; b++) sum += pow(flux(p, r->base[run] + at[0] - r->start[run], b), 2);
            out->flux[(int64_t)(at[p->grid->axis] / out->stride) * out->section.nx + at[across] / out->stride] =
                (float)(sqrt(sum) / out->d_eff);
        }
}

vly_status vly_fields_section(vly_transport_direction *out, const vly_grid *grid, const vly_grid_runs *runs,
                              const vly_matrix *host, const double *potential)
{
    const int across = grid->axis == VLY_X ? VLY_Y : VLY_X, beside = grid->axis == VLY_Z ? VLY_Y : VLY_Z;
    const int32_t count[VLY_AXES] = {grid->extent.nx, grid->extent.ny, grid->extent.nz};
    const int32_t wide = count[across], deep = count[grid->axis];
    const picture p = picture_of(grid, runs, host, potential);
    out->stride = ((wide > deep ? wide : deep) - 1) / SECTION_MOST + 1;
    out->section = (vly_extent){(wide - 1) / out->stride + 1, 1, (deep - 1) / out->stride + 1};
    VLY_TRY(vly_alloc_raw((void **)&out->flux, vly_extent_voxels(out->section), sizeof *out->flux, "section"));
    for (int64_t i = 0; i < vly_extent_voxels(out->section); i++) out->flux[i] = NAN;
    for (int64_t row = 0; row < (int64_t)grid->extent.ny * grid->extent.nz; row++)
        draw_row(out, &p, row, across, beside, count[beside] / 2);
    return VLY_OK;
}
