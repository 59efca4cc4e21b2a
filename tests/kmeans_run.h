/* Volumes that k-means is made for, and runs of it from memory to memory. */
#ifndef VLY_KMEANS_RUN_H
#define VLY_KMEANS_RUN_H

#include "support.h"

#include "voxelyte/kmeans.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Cells of random phases, grey values 12000, 27000 and 42000 with noise: what k-means is made for. */
static inline uint16_t *cells(vly_extent e, double noise, uint64_t seed)
{
    uint64_t state = seed;
    uint16_t *grey = malloc((size_t)vly_extent_voxels(e) * 2);
    for (int64_t i = 0; i < vly_extent_voxels(e); i++) {
        uint64_t cell = (uint64_t)(i % e.nx / 7 + 100 * (i / e.nx % e.ny / 6) + 10000 * (i / e.nx / e.ny / 5));
        uint64_t phase = vly_hash(cell, seed) % 100;
        double level = phase < 60 ? 42000 : phase < 83 ? 27000 : 12000;
        grey[i] = (uint16_t)fmax(0, fmin(65535, level + noise * test_normal(&state)));
    }
    return grey;
}

typedef struct run {
    vly_device *device;
    vly_extent e; /* of the volume */
    const uint16_t *grey;
    vly_extent labels_e;
    uint8_t *labels;
    vly_kmeans_options options;
    vly_kmeans_result result;
} run;

static inline run make_run(vly_device *device, const uint16_t *grey, vly_extent e)
{
    run r = {.device = device, .e = e, .grey = grey, .labels_e = e, .options = VLY_KMEANS_OPTIONS_INIT};
    r.labels = test_guarded((size_t)vly_extent_voxels(e));
    return r;
}

static inline void free_run(run *r)
{
    test_guarded_free(r->labels, (size_t)vly_extent_voxels(r->labels_e));
    vly_kmeans_result_free(&r->result);
}

static inline vly_status try_run(run *r)
{
    vly_source *source;
    vly_sink *sink;
    ck_assert_int_eq(vly_source_memory(&source, r->grey, VLY_U16, r->e, NULL), VLY_OK);
    ck_assert_int_eq(vly_sink_memory(&sink, r->labels, VLY_U8, r->labels_e), VLY_OK);
    vly_kmeans_result_free(&r->result);
    vly_status status = vly_kmeans(&r->result, r->device, source, sink, &r->options);
    vly_sink_close(sink);
    vly_source_close(source);
    return status;
}

static inline void do_run(run *r)
{
    vly_status status = try_run(r);
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
}

static inline void expect_exact_counts(const run *r)
{
    int64_t count[256] = {0};
    for (int64_t i = 0; i < vly_extent_voxels(r->labels_e); i++) count[r->labels[i]]++;
    for (int l = 0; l < VLY_PHASES; l++) {
        ck_assert_int_eq(count[l], r->result.targets[l]);
        ck_assert_int_eq(r->result.counts[l], r->result.targets[l]);
    }
    ck_assert_int_eq(count[0] + count[1] + count[2], r->result.voxels);
    ck_assert_int_eq(r->result.voxels + count[VLY_OUTSIDE], vly_extent_voxels(r->labels_e));
}

#endif
