/* Label volumes to try descriptors on: made in memory, with a voxel size, read through a label source. */
#ifndef VLY_TEST_LABELS_H
#define VLY_TEST_LABELS_H

#include "support.h"

#include <stdlib.h>
#include <string.h>

typedef struct labels {
    vly_extent e;
    uint8_t *voxel;
    vly_source *source;
} labels;

/* All `fill`; voxels of size (sx, sy, sz) metres. */
static inline labels labels_make(vly_extent e, uint8_t fill, double sx, double sy, double sz)
{
    labels l = {.e = e, .voxel = malloc((size_t)vly_extent_voxels(e))};
    vly_voxel_size size = {sx, sy, sz, VLY_SIZE_GIVEN, "test"};
    ck_assert_ptr_nonnull(l.voxel);
    memset(l.voxel, fill, (size_t)vly_extent_voxels(e));
    ck_assert_int_eq(vly_source_memory(&l.source, l.voxel, VLY_U8, e, &size), VLY_OK);
    return l;
}

static inline void labels_free(labels *l)
{
    vly_source_close(l->source);
    free(l->voxel);
}

static inline uint8_t *label_at(const labels *l, int32_t x, int32_t y, int32_t z)
{
    return &l->voxel[vly_at(l->e, x, y, z)];
}

/* Blobs of three phases by a coarse random lattice, roughened; one voxel in `outside` is outside (0: none). */
static inline labels labels_random(vly_extent e, uint64_t seed, int32_t outside)
{
    labels l = labels_make(e, 0, 1.0, 1.0, 1.0);
    for (int32_t z = 0; z < e.nz; z++)
        for (int32_t y = 0; y < e.ny; y++)
            for (int32_t x = 0; x < e.nx; x++) {
                uint64_t cell = ((uint64_t)(z / 3) << 40) + ((uint64_t)(y / 3) << 20) + (uint64_t)(x / 4);
                uint64_t own = test_random(&seed);
                uint8_t label = (uint8_t)(own % 8 == 0 ? own / 8 % 3 : vly_hash(cell, 99) % 3);
                *label_at(&l, x, y, z) = outside && own / 64 % (uint64_t)outside == 0 ? VLY_OUTSIDE : label;
            }
    return l;
}

/* One of the 48 symmetries of the cube: axis i of the result is axis of[i] of the volume, reversed where flip has bit i. */
static const int32_t label_orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

static inline labels labels_turned(const labels *l, int32_t symmetry)
{
    const int32_t *of = label_orders[symmetry % 6], flip = symmetry / 6;
    const vly_voxel_size *s = &vly_source_info(l->source)->voxel_size;
    const int32_t n[3] = {l->e.nx, l->e.ny, l->e.nz};
    const double size[3] = {s->x, s->y, s->z};
    labels t = labels_make((vly_extent){n[of[0]], n[of[1]], n[of[2]]}, 0, size[of[0]], size[of[1]], size[of[2]]);
    for (int32_t z = 0; z < t.e.nz; z++)
        for (int32_t y = 0; y < t.e.ny; y++)
            for (int32_t x = 0; x < t.e.nx; x++) {
                int32_t to[3] = {x, y, z}, from[3];
                for (int i = 0; i < 3; i++) from[of[i]] = flip >> i & 1 ? n[of[i]] - 1 - to[i] : to[i];
                *label_at(&t, x, y, z) = *label_at(l, from[0], from[1], from[2]);
            }
    return t;
}

/* A label file of the shared data with a map; its voxel size is overridden by `um`. NULL where the data is absent. */
static inline vly_source *labels_of_data(const char *name, const char *map, double um)
{
    const char *path = test_data(name);
    if (!path) return NULL;
    vly_source *source;
    vly_label_map values;
    vly_source_options options = VLY_SOURCE_OPTIONS_INIT;
    options.voxel_size = (vly_voxel_size){um * 1e-6, um * 1e-6, um * 1e-6, VLY_SIZE_GIVEN, "test"};
    ck_assert_msg(vly_source_open(&source, path, &options) == VLY_OK, "%s", vly_error_message());
    ck_assert_int_eq(vly_label_map_parse(&values, map), VLY_OK);
    ck_assert_msg(vly_source_labels(&source, source, &values) == VLY_OK, "%s", vly_error_message());
    return source;
}

#endif
