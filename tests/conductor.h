/* Conducting images for tests, and what must come out of them by another way. */
#ifndef VLY_CONDUCTOR_H
#define VLY_CONDUCTOR_H

#include "support.h"
#include "voxelyte/transport.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Three phases from two sums of random waves: smooth blobs, the same on every machine. share: of phase 0 and of phase 1. */
static inline uint8_t *test_blobs(vly_extent e, double waves, double share0, double share1, uint64_t seed)
{
    enum { WAVES = 24 };
    double k[WAVES][4], *value = malloc((size_t)vly_extent_voxels(e) * sizeof *value);
    uint8_t *label = malloc((size_t)vly_extent_voxels(e));
    for (int w = 0; w < WAVES; w++) {
        double length = 0.0;
        for (int a = 0; a < 3; a++) k[w][a] = test_normal(&seed), length += k[w][a] * k[w][a];
        for (int a = 0; a < 3; a++) k[w][a] *= waves * (0.7 + 0.6 * test_uniform(&seed)) / sqrt(length);
        k[w][3] = 6.283185307179586 * test_uniform(&seed);
    }
    for (int64_t i = 0; i < vly_extent_voxels(e); i++) {
        double x = (double)(i % e.nx), y = (double)(i / e.nx % e.ny), z = (double)(i / e.nx / e.ny), sum = 0.0;
        for (int w = 0; w < WAVES; w++) sum += cos(k[w][0] * x + k[w][1] * y + k[w][2] * z + k[w][3]);
        value[i] =
            0.5 * erfc(-sum / sqrt((double)WAVES)); /* about uniform: the sum is about normal, variance WAVES / 2 */
        label[i] = value[i] < share0 ? 0 : value[i] < share0 + share1 ? 1 : 2;
    }
    free(value);
    return label;
}

/* ---- the same equations, assembled and eliminated ---- */

static inline int64_t test_beside(vly_extent e, int64_t i, int axis, int way, vly_direction flow, bool periodic)
{
    int64_t at[3] = {i % e.nx, i / e.nx % e.ny, i / e.nx / e.ny}, n[3] = {e.nx, e.ny, e.nz};
    at[axis] += way;
    if (at[axis] < 0 || at[axis] >= n[axis]) {
        if (!periodic || axis == (int)flow) return -1;
        at[axis] = (at[axis] + n[axis]) % n[axis];
    }
    return (at[2] * e.ny + at[1]) * e.nx + at[0];
}

/* D_eff of coefficients k (nz, ny, nx) by Gaussian elimination on the whole matrix, islands kept solvable by a unit row.
 * spacing: x, y, z. In extended precision, as contrasts cost twelve digits. */
static inline double test_eliminated(vly_extent e, const double *k, vly_direction flow, bool periodic,
                                     const double spacing[3])
{
    int64_t n = vly_extent_voxels(e), count[3] = {e.nx, e.ny, e.nz};
    long double *a = calloc((size_t)(n * (n + 1)), sizeof *a), flux = 0.0L;
    double area[3];
    bool *reached = calloc((size_t)n, 1);
    for (int axis = 0; axis < 3; axis++) area[axis] = spacing[(axis + 1) % 3] * spacing[(axis + 2) % 3] / spacing[axis];
    for (int64_t i = 0; i < n; i++) {
        int64_t at[3] = {i % e.nx, i / e.nx % e.ny, i / e.nx / e.ny};
        reached[i] = k[i] > 0.0 && (at[flow] == 0 || at[flow] == count[flow] - 1);
    }
    for (bool more = true; more;) {
        more = false;
        for (int64_t i = 0; i < n; i++)
            for (int w = 0; w < 6 && !reached[i] && k[i] > 0.0; w++) {
                int64_t j = test_beside(e, i, w / 2, w % 2 ? 1 : -1, flow, periodic);
                if (j >= 0 && reached[j]) reached[i] = more = true;
            }
    }
    for (int64_t i = 0; i < n; i++) {
        long double *row = a + i * (n + 1);
        int64_t at[3] = {i % e.nx, i / e.nx % e.ny, i / e.nx / e.ny};
        if (!reached[i]) row[i] = 1.0;
        for (int w = 0; w < 6 && reached[i]; w++) {
            int64_t j = test_beside(e, i, w / 2, w % 2 ? 1 : -1, flow, periodic);
            if (j < 0 || !(k[j] > 0.0)) continue;
            double g = 2.0 * area[w / 2] / (1.0 / k[i] + 1.0 / k[j]);
            row[i] += g;
            row[j] -= g;
        }
        if (reached[i] && at[flow] == 0) row[i] += 2.0 * area[flow] * k[i], row[n] += 2.0 * area[flow] * k[i];
        if (reached[i] && at[flow] == count[flow] - 1) row[i] += 2.0 * area[flow] * k[i];
    }
    for (int64_t i = 0; i < n; i++)
        for (int64_t r = i + 1; r < n; r++) {
            long double factor = a[r * (n + 1) + i] / a[i * (n + 1) + i];
            for (int64_t c = i; factor != 0.0L && c <= n; c++) a[r * (n + 1) + c] -= factor * a[i * (n + 1) + c];
        }
    for (int64_t i = n - 1; i >= 0; i--) {
        long double *row = a + i * (n + 1);
        for (int64_t c = i + 1; c < n; c++) row[n] -= row[c] * a[c * (n + 1) + n];
        row[n] /= row[i];
        int64_t at[3] = {i % e.nx, i / e.nx % e.ny, i / e.nx / e.ny};
        if (reached[i] && at[flow] == count[flow] - 1) flux += 2.0 * area[flow] * k[i] * row[n];
    }
    free(a);
    free(reached);
    double length = spacing[flow] * (double)count[flow], section = 1.0;
    for (int axis = 0; axis < 3; axis++)
        if (axis != (int)flow) section *= spacing[axis] * (double)count[axis];
    return (double)flux * length / section;
}

/* ---- solving ---- */

typedef struct test_case_options {
    double coefficient[3]; /* of labels 0, 1, 2 */
    double tolerance;      /* 0: 1e-6 */
    vly_sides sides;
    int32_t threads;
    vly_voxel_size size;
    bool tensor, estimate;
} test_case_options;

static inline vly_transport_options test_options(const test_case_options *o)
{
    vly_transport_options options = VLY_TRANSPORT_OPTIONS_INIT;
    for (int v = 0; v < 3; v++) options.coefficient[v] = o->coefficient[v];
    if (o->tolerance > 0.0) options.tolerance = o->tolerance;
    options.sides = o->sides;
    options.tensor = o->tensor;
    options.estimate = o->estimate;
    return options;
}

/* All three directions; frees nothing of `label`. */
static inline vly_transport_result test_solve(vly_extent e, const uint8_t *label, const test_case_options *o)
{
    vly_device *device = test_device(o->threads > 0 ? o->threads : 2, 0);
    vly_transport_options options = test_options(o);
    vly_transport_result r;
    vly_source *source;
    ck_assert_int_eq(vly_source_memory(&source, label, VLY_U8, e, o->size.x > 0.0 ? &o->size : NULL), VLY_OK);
    ck_assert_msg(vly_transport(&r, device, source, &options) == VLY_OK, "%s", vly_error_message());
    vly_source_close(source);
    vly_device_close(device);
    return r;
}

#endif
