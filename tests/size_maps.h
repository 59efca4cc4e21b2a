/* Label volumes to measure sizes in, the kernels of sizes called one by one, and naive oracles of each. */
#ifndef VLY_SIZE_MAPS_H
#define VLY_SIZE_MAPS_H

#include "support.h"

#include "morphology/cover_table.h"
#include "voxelyte/granulometry.h"

#include <stdlib.h>
#include <string.h>

enum { FACE_X0 = 1, FACE_X1 = 2, FACE_Y0 = 4, FACE_Y1 = 8, FACE_Z0 = 16, FACE_Z1 = 32 };

static const vly_metric cubes = {1, 1, 1};

/* ---- volumes; labels 1 (am) are the phase, 0 the background ---- */

static inline uint8_t *volume_random(vly_extent e, double share, uint64_t seed)
{
    uint8_t *label = malloc((size_t)vly_extent_voxels(e));
    for (int64_t i = 0; i < vly_extent_voxels(e); i++) label[i] = test_uniform(&seed) < share;
    return label;
}

/* Overlapping balls of background in the phase. */
static inline uint8_t *volume_blobs(vly_extent e, int count, double radius, uint64_t seed)
{
    uint8_t *label = malloc((size_t)vly_extent_voxels(e));
    memset(label, 1, (size_t)vly_extent_voxels(e));
    for (int b = 0; b < count; b++) {
        double c[3] = {test_uniform(&seed) * e.nx, test_uniform(&seed) * e.ny, test_uniform(&seed) * e.nz};
        for (int32_t z = 0; z < e.nz; z++)
            for (int32_t y = 0; y < e.ny; y++)
                for (int32_t x = 0; x < e.nx; x++) {
                    double d2 = (x - c[0]) * (x - c[0]) + (y - c[1]) * (y - c[1]) + (z - c[2]) * (z - c[2]);
                    if (d2 <= radius * radius) label[vly_at(e, x, y, z)] = 0;
                }
    }
    return label;
}

/* ---- oracles ---- */

static inline int32_t square_between(vly_metric m, vly_extent e, int64_t a, int64_t b)
{
    int32_t dx = (int32_t)(a % e.nx - b % e.nx), dy = (int32_t)(a / e.nx % e.ny - b / e.nx % e.ny);
    int32_t dz = (int32_t)(a / e.nx / e.ny - b / e.nx / e.ny);
    return m.x * dx * dx + m.y * dy * dy + m.z * dz * dz;
}

static inline int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* Squared distance of voxel i to the planes beyond the faces in `walls`. */
static inline int32_t wall_square(vly_metric m, vly_extent e, uint32_t walls, int64_t i)
{
    const int32_t n[3] = {e.nx, e.ny, e.nz}, w[3] = {m.x, m.y, m.z};
    const int32_t at[3] = {(int32_t)(i % e.nx), (int32_t)(i / e.nx % e.ny), (int32_t)(i / e.nx / e.ny)};
    int32_t best = VLY_FAR;
    for (int a = 0; a < 3; a++) {
        if (walls >> (2 * a) & 1) best = smaller(best, w[a] * (at[a] + 1) * (at[a] + 1));
        if (walls >> (2 * a + 1) & 1) best = smaller(best, w[a] * (n[a] - at[a]) * (n[a] - at[a]));
    }
    return best;
}

static inline int32_t *oracle_distance(const uint8_t *label, vly_extent e, vly_metric m, uint32_t walls)
{
    int64_t n = vly_extent_voxels(e);
    int32_t *d2 = malloc((size_t)n * sizeof *d2);
    for (int64_t i = 0; i < n; i++) {
        d2[i] = label[i] == 1 ? wall_square(m, e, walls, i) : 0;
        for (int64_t k = 0; k < n && d2[i] > 0; k++)
            if (label[k] != 1) d2[i] = smaller(d2[i], square_between(m, e, i, k));
    }
    return d2;
}

/* Every voxel of every ball, in the box of the steps that each axis allows. */
static inline int32_t *oracle_cover(const int32_t *d2, const int32_t *value, vly_extent e, vly_metric m)
{
    int64_t n = vly_extent_voxels(e);
    int32_t *out = calloc((size_t)n, sizeof *out);
    for (int64_t i = 0; i < n; i++) {
        int32_t x = (int32_t)(i % e.nx), y = (int32_t)(i / e.nx % e.ny), z = (int32_t)(i / e.nx / e.ny), r = 0;
        while (smaller(m.x, smaller(m.y, m.z)) * r * r < d2[i]) r++;
        for (int32_t w = z > r ? z - r : 0; w <= z + r && w < e.nz; w++)
            for (int32_t v = y > r ? y - r : 0; v <= y + r && v < e.ny; v++)
                for (int32_t u = x > r ? x - r : 0; u <= x + r && u < e.nx; u++) {
                    int32_t square = m.x * (u - x) * (u - x) + m.y * (v - y) * (v - y) + m.z * (w - z) * (w - z);
                    int64_t k = vly_at(e, u, v, w);
                    if (square < d2[i] && out[k] < value[i]) out[k] = value[i];
                }
    }
    return out;
}

/* Kruskal (spec 5.2 a): voxels join in descending order; a component that meets the inlet gets the level of that moment. */
static inline int32_t find_root(int32_t *parent, int32_t i)
{
    for (; parent[i] != i; i = parent[i]) parent[i] = parent[parent[i]];
    return i;
}

static inline bool oracle_on_face(vly_extent e, uint32_t faces, int64_t i)
{
    int64_t x = i % e.nx, y = i / e.nx % e.ny, z = i / e.nx / e.ny;
    return (faces & FACE_X0 && x == 0) || (faces & FACE_X1 && x == e.nx - 1) || (faces & FACE_Y0 && y == 0) ||
           (faces & FACE_Y1 && y == e.ny - 1) || (faces & FACE_Z0 && z == 0) || (faces & FACE_Z1 && z == e.nz - 1);
}

static inline void kruskal_neighbours(int32_t *parent, vly_extent e, int64_t i)
{
    int32_t x = (int32_t)(i % e.nx), y = (int32_t)(i / e.nx % e.ny), z = (int32_t)(i / e.nx / e.ny);
    for (int32_t c = z - 1; c <= z + 1; c++)
        for (int32_t b = y - 1; b <= y + 1; b++)
            for (int32_t a = x - 1; a <= x + 1; a++) {
                if (a < 0 || b < 0 || c < 0 || a >= e.nx || b >= e.ny || c >= e.nz) continue;
                int32_t other = (int32_t)vly_at(e, a, b, c);
                if (parent[other] < 0) continue;
                int32_t p = find_root(parent, (int32_t)i), q = find_root(parent, other);
                if (p != q) parent[smaller(p, q)] = p > q ? p : q; /* the inlet, which is last, stays root */
            }
}

static inline int32_t *oracle_bottleneck(const int32_t *d2, vly_extent e, uint32_t faces)
{
    int64_t n = vly_extent_voxels(e);
    int32_t *parent = malloc((size_t)(n + 1) * sizeof *parent), *width = calloc((size_t)n, sizeof *width), level = 0;
    memset(parent, 0xFF, (size_t)n * sizeof *parent);
    parent[n] = (int32_t)n;
    for (int64_t i = 0; i < n; i++) level = d2[i] > level ? d2[i] : level;
    for (; level > 0; level--) {
        bool any = false;
        for (int64_t i = 0; i < n; i++)
            if (d2[i] == level) {
                parent[i] = oracle_on_face(e, faces, i) ? (int32_t)n : (int32_t)i;
                any = true;
            }
        for (int64_t i = 0; i < n && any; i++)
            if (d2[i] == level) kruskal_neighbours(parent, e, i);
        for (int64_t i = 0; i < n && any; i++)
            if (width[i] == 0 && parent[i] >= 0 && find_root(parent, (int32_t)i) == n) width[i] = level;
    }
    free(parent);
    return width;
}

/* ---- kernels, one at a time; what comes back is yours to free ---- */

static inline vly_buffer map_up(vly_device *device, const void *from, int64_t bytes)
{
    vly_buffer b;
    ck_assert_int_eq(vly_buffer_reserve(&b, device, bytes, "map"), VLY_OK);
    ck_assert_int_eq(vly_buffer_upload(&b, from, bytes), VLY_OK);
    return b;
}

/* Scratch holds anything at first, and so does the output. */
static inline vly_buffer map_scratch(vly_device *device, int64_t bytes)
{
    void *junk = malloc((size_t)bytes + 1);
    memset(junk, 0xA7, (size_t)bytes + 1);
    vly_buffer b = map_up(device, junk, bytes > 0 ? bytes : 1);
    free(junk);
    return b;
}

static inline void *map_down(vly_buffer *b)
{
    void *copy = test_fetch(b->device, b->data, b->bytes);
    vly_buffer_free(b);
    return copy;
}

static inline int32_t *run_distance(vly_device *device, const uint8_t *label, vly_extent e, vly_metric m,
                                    uint32_t walls, int32_t *farthest)
{
    int64_t n = vly_extent_voxels(e);
    vly_buffer in = map_up(device, label, n), out = map_scratch(device, 4 * n), far = map_scratch(device, 4);
    vly_buffer scratch = map_scratch(device, device->kernels->distance_scratch_bytes(device->queue, e));
    ck_assert_int_eq(device->kernels->distance(device->queue, in.data, e, &m, VLY_PHASE_BIT(VLY_AM), walls, out.data,
                                               far.data, scratch.data),
                     VLY_OK);
    int32_t *most = map_down(&far);
    *farthest = *most;
    free(most);
    vly_buffer_free(&in);
    vly_buffer_free(&scratch);
    return map_down(&out);
}

static inline int32_t levels_of(const int32_t *d2, vly_extent e)
{
    int32_t most = 0;
    for (int64_t i = 0; i < vly_extent_voxels(e); i++) most = d2[i] > most ? d2[i] : most;
    return most + 1;
}

static inline int32_t *run_cover(vly_device *device, const int32_t *d2, const int32_t *value, vly_extent e,
                                 vly_metric m)
{
    int64_t n = vly_extent_voxels(e);
    int32_t *table, levels = levels_of(d2, e);
    ck_assert_int_eq(vly_cover_table(&table, &m, e, levels), VLY_OK);
    vly_buffer in = map_up(device, d2, 4 * n), values = map_up(device, value, 4 * n), out = map_scratch(device, 4 * n);
    vly_buffer inside = map_up(device, table, 4 * (int64_t)levels * VLY_COVER_CLASSES);
    vly_buffer scratch = map_scratch(device, device->kernels->cover_scratch_bytes(device->queue, e, levels));
    ck_assert_int_eq(
        device->kernels->cover(device->queue, in.data, values.data, e, &m, inside.data, levels, out.data, scratch.data),
        VLY_OK);
    int32_t *got = map_down(&out);
    vly_buffer_free(&in);
    vly_buffer_free(&values);
    vly_buffer_free(&inside);
    vly_buffer_free(&scratch);
    vly_free(table);
    return got;
}

static inline uint8_t *run_cover_level(vly_device *device, const int32_t *d2, vly_extent e, vly_metric m, int32_t level)
{
    int64_t n = vly_extent_voxels(e);
    vly_buffer in = map_up(device, d2, 4 * n), out = map_scratch(device, n);
    vly_buffer scratch = map_scratch(device, device->kernels->cover_level_scratch_bytes(device->queue, e));
    ck_assert_int_eq(device->kernels->cover_level(device->queue, in.data, e, &m, level, out.data, scratch.data),
                     VLY_OK);
    uint8_t *got = map_down(&out);
    vly_buffer_free(&in);
    vly_buffer_free(&scratch);
    return got;
}

static inline int32_t *run_bottleneck(vly_device *device, const int32_t *d2, vly_extent e, uint32_t faces)
{
    int64_t n = vly_extent_voxels(e);
    int32_t levels = levels_of(d2, e);
    uint64_t before = 0, now = 0;
    vly_buffer in = map_up(device, d2, 4 * n), out = map_scratch(device, 4 * n), changed;
    vly_buffer scratch = map_scratch(device, device->kernels->bottleneck_scratch_bytes(device->queue, e, levels));
    ck_assert_int_eq(vly_buffer_create(&changed, device, 8, "changes"), VLY_OK);
    for (int32_t round = 0; round == 0 || now != before; round++) {
        before = now;
        ck_assert_int_eq(device->kernels->bottleneck(device->queue, in.data, e, faces, levels, round, out.data,
                                                     changed.data, scratch.data),
                         VLY_OK);
        ck_assert_int_eq(vly_buffer_download(&changed, &now, 8), VLY_OK);
    }
    vly_buffer_free(&in);
    vly_buffer_free(&changed);
    vly_buffer_free(&scratch);
    return map_down(&out);
}

static inline void equal_i32(const int32_t *got, const int32_t *expected, int64_t count, const char *what)
{
    for (int64_t i = 0; i < count; i++)
        if (got[i] != expected[i])
            ck_abort_msg("%s: first difference at %lld: %d, expected %d", what, (long long)i, got[i], expected[i]);
}

#endif
