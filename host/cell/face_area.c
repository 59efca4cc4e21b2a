/* What a face counts: the cosine between its normal and that of the smoothed surface, so that the squares of a staircase sum
 * to the area of the slope behind it (spec, trap 2: sum A |n|^2 = A). Smoothed by a Gaussian of 1.5 voxels, in single
 * precision and a fixed order; beyond the electrode's sides and the collector the labels are mirrored. */
#include "cell/domain.h"

#include "core/memory.h"

#include <math.h>

enum { REACH = 6 }; /* voxels: 4 standard deviations */
static const double DEVIATION = 1.5;

typedef struct smoothing {
    const vly_domain *domain;
    vly_extent extent;
    float weight[REACH + 1];
    const float *from;
    float *to;
    int axis;
} smoothing;

static int32_t mirrored(int32_t at, int32_t count)
{
    while (at < 0 || at >= count) at = at < 0 ? -1 - at : 2 * count - 1 - at;
    return at;
}

static float indicator(const smoothing *s, int64_t i, int32_t z)
{
    return z < s->domain->electrode && (s->domain->kind[i] & VLY_VOXEL_LABEL) == VLY_AM ? 1.0f : 0.0f;
}

/* Along z from the labels; above the electrode there is nothing. */
static vly_status smooth_first(void *self, int64_t z, int32_t worker)
{
    const smoothing *s = self;
    const int64_t layer = (int64_t)s->extent.nx * s->extent.ny;
    (void)worker;
    for (int64_t i = 0; i < layer; i++) s->to[z * layer + i] = 0.0f;
    for (int32_t t = -REACH; t <= REACH; t++) {
        const int32_t from = (int32_t)z + t < 0 ? mirrored((int32_t)z + t, s->domain->electrode) : (int32_t)z + t;
        const float w = s->weight[t < 0 ? -t : t];
        if (from >= s->domain->electrode) continue;
        for (int64_t i = 0; i < layer; i++)
            s->to[z * layer + i] = fmaf(w, indicator(s, from * layer + i, from), s->to[z * layer + i]);
    }
    return VLY_OK;
}

/* Along x or y. */
static vly_status smooth_page(void *self, int64_t z, int32_t worker)
{
    const smoothing *s = self;
    const vly_extent e = s->extent;
    const int64_t page = z * e.nx * e.ny;
    (void)worker;
    for (int32_t y = 0; y < e.ny; y++)
        for (int32_t x = 0; x < e.nx; x++) {
            float sum = 0.0f;
            for (int32_t t = -REACH; t <= REACH; t++) {
                int64_t at = s->axis == 0 ? (int64_t)y * e.nx + mirrored(x + t, e.nx)
                                          : (int64_t)mirrored(y + t, e.ny) * e.nx + x;
                sum = fmaf(s->weight[t < 0 ? -t : t], s->from[page + at], sum);
            }
            s->to[page + (int64_t)y * e.nx + x] = sum;
        }
    return VLY_OK;
}

/* Weights that sum to one. */
static void set_weights(float weight[REACH + 1])
{
    double each[REACH + 1], sum = 0.0;
    for (int t = 0; t <= REACH; t++) {
        each[t] = exp(-0.5 * (t / DEVIATION) * (t / DEVIATION));
        sum += t ? 2.0 * each[t] : each[t];
    }
    for (int t = 0; t <= REACH; t++) weight[t] = (float)(each[t] / sum);
}

static vly_status smooth(vly_face_area *out, vly_device *device, const vly_domain *domain)
{
    smoothing s = {.domain = domain, .extent = out->extent};
    float *other;
    const int64_t voxels = vly_extent_voxels(s.extent);
    VLY_TRY(vly_alloc_raw((void **)&out->smooth, voxels, sizeof *out->smooth, "surface normals"));
    VLY_TRY(vly_alloc_raw((void **)&other, voxels, sizeof *other, "surface normals"));
    set_weights(s.weight);
    s.to = out->smooth;
    vly_status status = vly_pool_run(device->pool, s.extent.nz, smooth_first, &s);
    for (s.axis = 0; s.axis < 2 && status == VLY_OK; s.axis++) {
        s.from = s.axis == 0 ? out->smooth : other;
        s.to = s.axis == 0 ? other : out->smooth;
        status = vly_pool_run(device->pool, s.extent.nz, smooth_page, &s);
    }
    vly_free(other);
    return status;
}

vly_status vly_face_area_create(vly_face_area *out, vly_device *device, const vly_domain *domain, vly_area area,
                                double scale)
{
    const vly_extent e = domain->extent;
    *out =
        (vly_face_area){.extent = {e.nx, e.ny, domain->electrode + 2}, .scale = area == VLY_AREA_SCALE ? scale : 1.0};
    if (area != VLY_AREA_NORMAL) return VLY_OK;
    vly_status status = smooth(out, device, domain);
    if (status != VLY_OK) vly_face_area_free(out);
    return status;
}

void vly_face_area_free(vly_face_area *area)
{
    vly_free(area->smooth);
    area->smooth = NULL;
}

/* Twice the central difference along `axis`. */
static double slope(const vly_face_area *a, int axis, const int32_t at[3])
{
    const int32_t side[3] = {a->extent.nx, a->extent.ny, a->extent.nz};
    const int64_t step[3] = {1, side[0], (int64_t)side[0] * side[1]};
    const int64_t i = at[0] + at[1] * step[1] + at[2] * step[2];
    const int64_t above = at[axis] + 1 < side[axis] ? i + step[axis] : i, below = at[axis] > 0 ? i - step[axis] : i;
    return (double)a->smooth[above] - (double)a->smooth[below];
}

double vly_face_area_of(const vly_face_area *area, int axis, int32_t x, int32_t y, int32_t z)
{
    const int32_t one[3] = {x, y, z}, two[3] = {x + (axis == 0), y + (axis == 1), z + (axis == 2)};
    double gradient[3], length = 0.0;
    if (!area->smooth) return area->scale;
    for (int a = 0; a < 3; a++) {
        gradient[a] = slope(area, a, one) + slope(area, a, two);
        length += gradient[a] * gradient[a];
    }
    return length > 0.0 ? fabs(gradient[axis]) / sqrt(length) : 1.0;
}
