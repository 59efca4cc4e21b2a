/* Slabs that try every path of the k-means kernels, and a naive oracle of features, distances and labels. It shares
 * nothing with the kernels but the order of operations that the spec prescribes. */
#ifndef VLY_KMEANS_SLABS_H
#define VLY_KMEANS_SLABS_H

#include "support.h"

#include "core/queue_cpu.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- a case: a slab in guarded memory, and a model ---- */

typedef struct slab_case {
    vly_region region;
    uint16_t *grey;
    uint8_t *mask; /* NULL: none */
    vly_kmeans_model model;
    int64_t voxels; /* of region.inner */
} slab_case;

typedef enum values { RANDOM, EXTREMES, FEW, CONSTANT, VALUE_KINDS } values;

static inline uint16_t value_of(values kind, uint64_t *state)
{
    uint64_t r = test_random(state);
    switch (kind) {
    case RANDOM:
        return (uint16_t)r;
    case EXTREMES:
        return r & 1 ? 65535 : 0;
    case FEW:
        return (uint16_t)(1000 * (r % 3));
    default:
        return 777;
    }
}

static inline vly_kmeans_model random_model(uint64_t *state)
{
    vly_kmeans_model model;
    for (int l = 0; l < VLY_PHASES; l++) {
        model.w[l] = (float)(0.5 + test_uniform(state));
        for (int m = 0; m < VLY_SHELL_FEATURES; m++) model.mu[l][m] = (float)(65536 * test_uniform(state));
    }
    for (int m = 0; m < VLY_SHELL_FEATURES; m++) model.x[m] = (float)(2 * test_uniform(state));
    return model;
}

static inline slab_case make(vly_extent data, vly_box inner, values kind, bool masked, uint64_t *state)
{
    slab_case c = {.region = {data, inner, 1000}};
    c.voxels = vly_extent_voxels(vly_box_extent(inner));
    c.grey = test_guarded((size_t)vly_extent_voxels(data) * 2);
    for (int64_t i = 0; i < vly_extent_voxels(data); i++) c.grey[i] = value_of(kind, state);
    if (masked) {
        c.mask = test_guarded((size_t)c.voxels);
        for (int64_t i = 0; i < c.voxels; i++) c.mask[i] = test_random(state) % 4 != 0;
    }
    c.model = random_model(state);
    return c;
}

static inline void drop(slab_case *c)
{
    test_guarded_free(c->grey, (size_t)vly_extent_voxels(c->region.data) * 2);
    if (c->mask) test_guarded_free(c->mask, (size_t)c->voxels);
}

/* Runs `body` for slabs that try every path: whole volumes and pieces with real neighbours, all widths of an edge. */
static inline void for_all_slabs(void (*body)(const slab_case *c, vly_queue *queue, uint64_t *state))
{
    static const vly_region shapes[] = {
        {{2, 2, 2}, {0, 2, 0, 2, 0, 2}, 0},     {{3, 3, 3}, {0, 3, 0, 3, 0, 3}, 0},
        {{5, 4, 3}, {1, 4, 1, 3, 1, 2}, 0},     {{17, 3, 4}, {0, 17, 0, 3, 1, 3}, 0},
        {{31, 5, 3}, {0, 31, 0, 5, 0, 3}, 0},   {{34, 4, 3}, {1, 33, 1, 4, 0, 3}, 0},
        {{64, 3, 3}, {0, 64, 0, 3, 0, 3}, 0},   {{65, 6, 5}, {0, 64, 2, 6, 1, 5}, 0},
        {{131, 3, 3}, {3, 131, 0, 3, 0, 3}, 0}, {{300, 4, 3}, {0, 300, 0, 4, 0, 3}, 0},
        {{513, 3, 3}, {1, 512, 1, 3, 1, 3}, 0},
    };
    uint64_t state = 11;
    vly_isa widest = vly_isa_detect();
    for (int threads = 1; threads <= 3; threads++) {
        vly_pool pool;
        vly_queue queue = {.pool = &pool};
        ck_assert_int_eq(vly_pool_start(&pool, threads), VLY_OK);
        for (vly_isa isa = VLY_ISA_PLAIN; isa <= widest; isa++)
            for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
                for (values kind = RANDOM; kind < VALUE_KINDS; kind++) {
                    slab_case c = make(shapes[s].data, shapes[s].inner, kind, kind % 2 == s % 2, &state);
                    queue.isa = isa;
                    body(&c, &queue, &state);
                    drop(&c);
                }
        vly_pool_stop(&pool);
    }
}

/* ---- the oracle ---- */

static inline int ascending(const void *a, const void *b)
{
    return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

static inline int mirrored(int i, int n)
{
    return i == -1 ? 1 : i == n ? n - 2 : i;
}

/* Features of voxel i of region.inner. */
static inline void oracle_features(uint16_t f[27], const slab_case *c, int64_t i)
{
    vly_extent e = vly_box_extent(c->region.inner), d = c->region.data;
    int x = c->region.inner.x0 + (int)(i % e.nx), y = c->region.inner.y0 + (int)(i / e.nx % e.ny),
        z = c->region.inner.z0 + (int)(i / e.nx / e.ny);
    static const int begin[4] = {0, 1, 7, 19}, size[4] = {1, 6, 12, 8};
    int next[4] = {0, 1, 7, 19};
    for (int dz = -1; dz <= 1; dz++)
        for (int dy = -1; dy <= 1; dy++)
            for (int dx = -1; dx <= 1; dx++)
                f[next[abs(dx) + abs(dy) + abs(dz)]++] =
                    c->grey[((int64_t)mirrored(z + dz, d.nz) * d.ny + mirrored(y + dy, d.ny)) * d.nx +
                            mirrored(x + dx, d.nx)];
    for (int g = 1; g < 4; g++) qsort(f + begin[g], (size_t)size[g], 2, ascending);
}

static inline void oracle_distances(float d[3], const vly_kmeans_model *model, const uint16_t f[27])
{
    for (int l = 0; l < 3; l++) {
        float acc = 0;
        for (int m = 0; m < 27; m++) {
            float t = (float)f[m] - model->mu[l][m];
            float xt = model->x[m] * t;
            acc = fmaf(xt, t, acc);
        }
        d[l] = acc;
    }
}

static inline uint8_t oracle_label(const vly_kmeans_model *model, const uint16_t f[27])
{
    static const uint8_t order[3] = {VLY_PORE, VLY_CBD, VLY_AM};
    float d[3], best = INFINITY;
    uint8_t label = 0;
    oracle_distances(d, model, f);
    for (int k = 0; k < 3; k++) {
        float score = model->w[order[k]] * d[order[k]];
        if (score < best) best = score, label = order[k];
    }
    return label;
}

static inline bool inside(const slab_case *c, int64_t i)
{
    return !c->mask || c->mask[i] != 0;
}

/* Labels and totals from scratch. */
static inline void oracle_assign(const slab_case *c, uint8_t *label, vly_kmeans_tally *total)
{
    memset(total, 0, sizeof *total);
    for (int64_t i = 0; i < c->voxels; i++) {
        uint16_t f[27];
        label[i] = VLY_OUTSIDE;
        if (!inside(c, i)) continue;
        oracle_features(f, c, i);
        label[i] = oracle_label(&c->model, f);
        total->count[label[i]]++;
        total->changed++;
        for (int m = 0; m < 27; m++) total->sum[label[i]][m] += f[m];
    }
}

static inline void expect_tally(const vly_kmeans_tally *got, const vly_kmeans_tally *expected)
{
    test_equal_u64(got->count, expected->count, 3, "count");
    test_equal_u64(got->sum[0], expected->sum[0], 81, "sum");
}

#endif
