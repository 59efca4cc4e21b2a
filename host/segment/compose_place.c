/* Where the coarse voxels lie: the transform from its file, the box of voxels inside the fine volume, and the note by which
 * a composition is found again in its tomogram. */
#include "segment/compose_impl.h"

#include "core/file.h"
#include "core/memory.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- the transform ---- */

static bool read_numbers(double *out, const json_t *array, size_t count)
{
    if (json_array_size(array) != count) return false;
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_array_get(array, i);
        if (!json_is_number(value)) return false;
        out[i] = json_number_value(value);
    }
    return true;
}

static bool is_rotation(const double r[3][3])
{
    double det = r[0][0] * (r[1][1] * r[2][2] - r[1][2] * r[2][1]) - r[0][1] * (r[1][0] * r[2][2] - r[1][2] * r[2][0]) +
                 r[0][2] * (r[1][0] * r[2][1] - r[1][1] * r[2][0]);
    for (int a = 0; a < 3; a++)
        for (int b = 0; b < 3; b++) {
            double dot = r[a][0] * r[b][0] + r[a][1] * r[b][1] + r[a][2] * r[b][2];
            if (!(fabs(dot - (a == b)) <= 1e-6)) return false;
        }
    return det > 0.0;
}

vly_status vly_rigid_read(vly_rigid *out, const char *path)
{
    enum { LONGEST = 1 << 20 };
    char *text;
    json_error_t error;
    VLY_TRY(vly_file_text(&text, path, LONGEST));
    json_t *root = json_loads(text, 0, &error);
    vly_free(text);
    if (!root) return vly_fail(VLY_EDATA, "%s: line %d: %s", path, error.line, error.text);
    const json_t *fib = json_object_get(root, "fib"), *from = fib ? fib : root;
    const json_t *rows = json_object_get(from, "rotation");
    bool fine = json_array_size(rows) == 3 && read_numbers(out->shift, json_object_get(from, "shift_um"), 3);
    for (size_t a = 0; a < 3 && fine; a++) fine = read_numbers(out->rotation[a], json_array_get(rows, a), 3);
    for (int a = 0; a < 3 && fine; a++) out->shift[a] *= 1e-6;
    json_decref(root);
    return fine ? VLY_OK
                : vly_fail(VLY_EDATA, "%s: no \"rotation\" of 3 x 3 numbers and \"shift_um\" of 3 to be found", path);
}

/* ---- the grid ---- */

void vly_compose_point(double q[3], const vly_compose_grid *g, double x, double y, double z)
{
    double p[3] = {x * g->ratio - g->transform.shift[0], y * g->ratio - g->transform.shift[1],
                   z * g->ratio - g->transform.shift[2]};
    for (int a = 0; a < 3; a++)
        q[a] = g->transform.rotation[0][a] * p[0] + g->transform.rotation[1][a] * p[1] +
               g->transform.rotation[2][a] * p[2];
}

/* What a coarse voxel's corners add to the fine position of its first corner, along fine axis a. */
static void reach_of(double reach[2], const vly_compose_grid *g, int a)
{
    reach[0] = reach[1] = 0.0;
    for (int b = 0; b < 3; b++) {
        double step = g->transform.rotation[b][a] * g->ratio;
        reach[step > 0.0] += step;
    }
}

bool vly_compose_inside(const vly_compose_grid *g, vly_extent fine, int32_t x, int32_t y, int32_t z)
{
    const double size[3] = {fine.nx, fine.ny, fine.nz}, slack = 1e-6;
    double q[3], reach[2];
    vly_compose_point(q, g, x, y, z);
    for (int a = 0; a < 3; a++) {
        reach_of(reach, g, a);
        if (!(q[a] + reach[0] >= -slack && q[a] + reach[1] <= size[a] + slack)) return false;
    }
    return true;
}

/* Coarse voxels that the fine volume touches, none before the tomogram's first. */
static vly_box outer_box(const vly_compose_grid *g, vly_extent fine)
{
    const double size[3] = {fine.nx, fine.ny, fine.nz};
    double low[3], high[3];
    for (int a = 0; a < 3; a++) {
        low[a] = high[a] = g->transform.shift[a];
        for (int b = 0; b < 3; b++) {
            double step = g->transform.rotation[a][b] * size[b];
            low[a] += fmin(step, 0.0);
            high[a] += fmax(step, 0.0);
        }
        low[a] = fmin(fmax(floor(low[a] / g->ratio), 0.0), INT32_MAX);
        high[a] = fmin(fmax(ceil(high[a] / g->ratio), 0.0), INT32_MAX);
    }
    return (vly_box){(int32_t)low[0],  (int32_t)high[0], (int32_t)low[1],
                     (int32_t)high[1], (int32_t)low[2],  (int32_t)high[2]};
}

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static vly_box inner_box(const vly_compose_grid *g, vly_extent fine)
{
    vly_box o = outer_box(g, fine), in = {o.x1, o.x0, o.y1, o.y0, o.z1, o.z0};
    for (int32_t z = o.z0; z < o.z1; z++)
        for (int32_t y = o.y0; y < o.y1; y++)
            for (int32_t x = o.x0; x < o.x1; x++) {
                if (!vly_compose_inside(g, fine, x, y, z)) continue;
                in = (vly_box){smaller(in.x0, x),    larger(in.x1, x + 1), smaller(in.y0, y),
                               larger(in.y1, y + 1), smaller(in.z0, z),    larger(in.z1, z + 1)};
            }
    return in;
}

static bool is_whole(double value)
{
    return fabs(value - rint(value)) <= 1e-9;
}

static vly_status place_transform(vly_compose_grid *g, const vly_volume_info *fine, const vly_rigid *transform)
{
    const vly_voxel_size *size = &fine->voxel_size;
    bool moved = false;
    g->transform = transform ? *transform : VLY_RIGID_NONE;
    if (!is_rotation(g->transform.rotation))
        return vly_fail(VLY_EDATA, "%s: the transform turns and stretches, a rotation expected", fine->path);
    for (int a = 0; a < 3; a++) moved |= g->transform.shift[a] != 0.0;
    if (moved) {
        VLY_TRY(vly_voxel_size_require(fine));
        if (fabs(size->x / size->y - 1.0) > 1e-6 || fabs(size->x / size->z - 1.0) > 1e-6)
            return vly_fail(VLY_EDATA, "%s: voxels of %g x %g x %g um, cubes expected (E_ANISO)", fine->path,
                            size->x * 1e6, size->y * 1e6, size->z * 1e6);
        for (int a = 0; a < 3; a++) g->transform.shift[a] /= size->x;
    }
    g->aligned = true;
    for (int a = 0; a < 3; a++) {
        for (int b = 0; b < 3; b++) g->aligned &= fabs(g->transform.rotation[a][b] - (a == b)) <= 1e-12;
        g->aligned &= is_whole(g->transform.shift[a]);
    }
    return VLY_OK;
}

vly_status vly_compose_place(vly_compose_grid *out, const vly_volume_info *fine, int32_t ratio,
                             const vly_rigid *transform)
{
    enum { RATIO_MAX = 1024 };
    *out = (vly_compose_grid){.ratio = ratio, .voxel_size = fine->voxel_size};
    if (ratio < 2 || ratio > RATIO_MAX)
        return vly_fail(VLY_EUSAGE, "--ratio %d: from 2 to %d expected", (int)ratio, RATIO_MAX);
    VLY_TRY(place_transform(out, fine, transform));
    vly_box box = inner_box(out, fine->extent);
    if (box.x0 >= box.x1)
        return vly_fail(VLY_EDATA, "%s: no voxel of %d^3 fine ones lies inside its %d x %d x %d voxels", fine->path,
                        (int)ratio, (int)fine->extent.nx, (int)fine->extent.ny, (int)fine->extent.nz);
    out->origin[0] = box.x0;
    out->origin[1] = box.y0;
    out->origin[2] = box.z0;
    out->extent = vly_box_extent(box);
    out->voxel_size.x *= ratio;
    out->voxel_size.y *= ratio;
    out->voxel_size.z *= ratio;
    return VLY_OK;
}

/* ---- the note ---- */

void vly_compose_note(char note[VLY_COMPOSE_NOTE_BYTES], const vly_compose_grid *grid)
{
    snprintf(note, VLY_COMPOSE_NOTE_BYTES, "composition=am,cbd,pore\norigin=%d,%d,%d\nratio=%d\n", (int)grid->origin[0],
             (int)grid->origin[1], (int)grid->origin[2], (int)grid->ratio);
}

bool vly_compose_noted(int32_t origin[3], int32_t *ratio, const char *description)
{
    const char *note = strstr(description, "composition=am,cbd,pore\norigin=");
    return note &&
           sscanf(note, "composition=am,cbd,pore origin=%d,%d,%d ratio=%d", &origin[0], &origin[1], &origin[2],
                  ratio) == 4 &&
           origin[0] >= 0 && origin[1] >= 0 && origin[2] >= 0;
}
