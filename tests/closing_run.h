/* One EDX closing with its inputs in memory, and its definition carried out voxel by voxel. */
#ifndef VLY_CLOSING_RUN_H
#define VLY_CLOSING_RUN_H

#include "closing_rank.h"
#include "support.h"

#include "segment/closing_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct scene {
    vly_device *device;
    vly_extent e;
    int64_t voxels;
    uint8_t *am, *mask, *labels; /* mask may be NULL */
    vly_edx_profile profile;
    vly_closing_options options;
    vly_closing_result result;
} scene;

/* fraction: of CBD, the rest is called pore; targets of the active material do not matter. */
static inline scene make_scene(vly_device *device, vly_extent e, double intercept, double slope, double fraction)
{
    int64_t n = vly_extent_voxels(e);
    scene s = {device, e, n, malloc((size_t)n), NULL, malloc((size_t)n), {0}, VLY_CLOSING_OPTIONS_INIT, {0}};
    int64_t cbd = (int64_t)(fraction * (double)VLY_FRACTIONS_ONE);
    s.profile.intercept = intercept;
    s.profile.slope = slope;
    s.options.fractions = (vly_fractions){{VLY_FRACTIONS_ONE - cbd, 0, cbd}};
    return s;
}

static inline void free_scene(scene *s)
{
    vly_closing_result_free(&s->result);
    free(s->am);
    free(s->mask);
    free(s->labels);
}

/* Overlapping balls of active material; everything else is pore. */
static inline void put_balls(scene *s, int count, double radius, uint64_t seed)
{
    memset(s->am, VLY_PORE, (size_t)s->voxels);
    for (int b = 0; b < count; b++) {
        double c[3] = {test_uniform(&seed) * s->e.nx, test_uniform(&seed) * s->e.ny, test_uniform(&seed) * s->e.nz};
        double r = radius * (0.5 + test_uniform(&seed));
        for (int32_t z = 0; z < s->e.nz; z++)
            for (int32_t y = 0; y < s->e.ny; y++)
                for (int32_t x = 0; x < s->e.nx; x++)
                    if (pow(x - c[0], 2) + pow(y - c[1], 2) + pow(z - c[2], 2) < r * r)
                        s->am[vly_at(s->e, x, y, z)] = VLY_AM;
    }
}

static inline vly_status close_scene(scene *s)
{
    vly_source *am, *mask = NULL;
    vly_sink *sink;
    vly_closing_result_free(&s->result);
    memset(s->labels, 77, (size_t)s->voxels);
    ck_assert_int_eq(vly_source_memory(&am, s->am, VLY_U8, s->e, NULL), VLY_OK);
    if (s->mask) ck_assert_int_eq(vly_source_memory(&mask, s->mask, VLY_U8, s->e, NULL), VLY_OK);
    ck_assert_int_eq(vly_sink_memory(&sink, s->labels, VLY_U8, s->e), VLY_OK);
    vly_status status = vly_closing(&s->result, s->device, am, mask, sink, &s->profile, &s->options);
    if (status == VLY_OK) ck_assert_int_eq(vly_sink_finish(sink), VLY_OK);
    vly_sink_close(sink);
    vly_source_close(mask);
    vly_source_close(am);
    return status;
}

static inline void close_well(scene *s)
{
    vly_status status = close_scene(s);
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
}

/* ---- the definition ---- */

static inline int32_t square_between(vly_extent e, int64_t a, int64_t b)
{
    int32_t dx = (int32_t)(a % e.nx - b % e.nx), dy = (int32_t)(a / e.nx % e.ny - b / e.nx % e.ny);
    int32_t dz = (int32_t)(a / e.nx / e.ny - b / e.nx / e.ny);
    return dx * dx + dy * dy + dz * dz;
}

/* rho^2 and D^2 of every voxel that is no active material, 0 elsewhere. */
static inline void naive_radii(const scene *s, int32_t *rho2, int32_t *d2)
{
    for (int64_t v = 0; v < s->voxels; v++) {
        const int32_t below = s->e.nz - (int32_t)(v / s->e.nx / s->e.ny);
        bool outside = s->am[v] == VLY_OUTSIDE || (s->mask && !s->mask[v]);
        int32_t nearest = s->options.solid_collector ? below * below : INT32_MAX;
        rho2[v] = 0;
        for (int64_t i = 0; i < s->voxels; i++) {
            bool am = s->am[i] == VLY_AM && !(s->mask && !s->mask[i]);
            if (am && square_between(s->e, v, i) < nearest) nearest = square_between(s->e, v, i);
        }
        d2[v] = outside ? 0 : nearest; /* no ball is centred outside */
    }
    for (int64_t x = 0; x < s->voxels; x++)
        for (int64_t v = 0; v < s->voxels && d2[x] > 0; v++)
            if (square_between(s->e, x, v) < d2[x] && d2[x] > rho2[v]) rho2[v] = d2[x];
}

/* Labels of the targets that the result names, and the radii it should name. */
static inline void naive_labels(const scene *s, uint8_t *labels, double *radius)
{
    int64_t page = (int64_t)s->e.nx * s->e.ny;
    int32_t *rho2 = malloc((size_t)s->voxels * 4), *d2 = malloc((size_t)s->voxels * 4);
    ranked *all = malloc((size_t)page * sizeof *all);
    naive_radii(s, rho2, d2);
    for (int32_t z = 0; z < s->e.nz; z++) {
        int64_t open = 0, target = s->result.pages[z].target;
        for (int64_t v = z * page; v < (z + 1) * page; v++) {
            bool outside = s->am[v] == VLY_OUTSIDE || (s->mask && !s->mask[v]);
            labels[v] = outside ? VLY_OUTSIDE : s->am[v] == VLY_AM ? VLY_AM : VLY_PORE;
            if (labels[v] == VLY_PORE)
                all[open++] = (ranked){rho2[v], d2[v], vly_hash((uint64_t)v, s->options.seed), v};
        }
        qsort(all, (size_t)open, sizeof *all, by_rank);
        for (int64_t r = 0; r < target; r++) labels[all[r].index] = VLY_CBD;
        radius[z] = target > 0 ? sqrt(all[target - 1].rho2) : 0.0;
    }
    free(all);
    free(rho2);
    free(d2);
}

static inline void check_against_definition(const scene *s)
{
    uint8_t *labels = malloc((size_t)s->voxels);
    double *radius = malloc((size_t)s->e.nz * sizeof *radius);
    bool good = true;
    naive_labels(s, labels, radius);
    test_equal_u8(s->labels, labels, s->voxels, "labels");
    for (int32_t z = 0; z < s->e.nz; z++) good &= s->result.pages[z].radius == radius[z];
    ck_assert_msg(good, "a radius is off");
    free(labels);
    free(radius);
}

#endif
