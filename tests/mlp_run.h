/* Networks of random weights and volumes for them to look at, and what a field says as fractions. */
#ifndef VLY_MLP_RUN_H
#define VLY_MLP_RUN_H

#include "support.h"

#include "segment/mlp_impl.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Weights of a size that keeps activations near one, for grey values from 0 to 65535; voxel_size in m. */
static inline vly_mlp *random_model(double voxel_size, uint64_t state)
{
    vly_mlp *m;
    ck_assert_int_eq(VLY_NEW(&m, 1, "model"), VLY_OK);
    for (int i = 0; i < VLY_MLP_VALUES; i++) m->weights[i] = (float)(0.12 * test_normal(&state));
    m->mean = 30000.0f;
    m->sd = 19000.0f;
    m->voxel_size = voxel_size;
    return m;
}

static inline uint16_t *random_grey(vly_extent e, uint64_t seed)
{
    uint16_t *grey = malloc((size_t)vly_extent_voxels(e) * 2);
    for (int64_t i = 0; i < vly_extent_voxels(e); i++) grey[i] = (uint16_t)test_random(&seed);
    return grey;
}

/* Cubic voxels of `size` m. */
static inline vly_source *grey_source(const uint16_t *grey, vly_extent e, double size)
{
    const vly_voxel_size voxel = {size, size, size, VLY_SIZE_GIVEN, ""};
    vly_source *memory, *out;
    ck_assert_int_eq(vly_source_memory(&memory, grey, VLY_U16, e, &voxel), VLY_OK);
    vly_device *device = test_cpu(1);
    ck_assert_int_eq(vly_source_grey(&out, memory, device, 0, 0), VLY_OK);
    vly_device_close(device);
    return out;
}

/* Cells of random phases, 9 voxels wide, at 8000, 15000 and 40000 with noise. */
static inline uint16_t *cells(vly_extent e, double noise, uint64_t seed)
{
    static const double level[3] = {8000.0, 15000.0, 40000.0};
    uint64_t state = seed;
    uint16_t *grey = malloc((size_t)vly_extent_voxels(e) * 2);
    for (int64_t i = 0; i < vly_extent_voxels(e); i++) {
        uint64_t cell = (uint64_t)(i % e.nx / 9 + 100 * (i / e.nx % e.ny / 9) + 10000 * (i / e.nx / e.ny / 9));
        uint64_t phase = vly_hash(cell, 7) % 10;
        double g = level[phase < 3 ? 0 : phase < 4 ? 1 : 2] + noise * test_normal(&state);
        grey[i] = (uint16_t)fmax(0.0, fmin(65535.0, g));
    }
    return grey;
}

/* What a field tells of e's voxels: (voxels, channels), yours to free. */
static inline float *told_of(vly_mlp_field *field, vly_extent e, int32_t channels,
                             vly_status (*write)(vly_mlp_field *, vly_sink *))
{
    float *told = malloc((size_t)(vly_extent_voxels(e) * channels) * sizeof *told);
    vly_sink *sink;
    ck_assert_int_eq(vly_sink_memory(&sink, told, VLY_F32, (vly_extent){e.nx * channels, e.ny, e.nz}), VLY_OK);
    vly_status status = write(field, sink);
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
    vly_sink_close(sink);
    return told;
}

/* What a network says of a volume of cubic voxels; told is yours to free. */
typedef struct asked {
    vly_mlp_summary about;
    float *told; /* (voxels, 3) */
} asked;

static inline asked ask(vly_device *device, const uint16_t *grey, vly_extent e, double size, const vly_mlp *model,
                        const vly_mlp_apply_options *options)
{
    asked a;
    vly_mlp_field *field;
    vly_source *source = grey_source(grey, e, size);
    vly_status status = vly_mlp_apply(&field, device, source, model, options);
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
    vly_extent part = options->region.window.x1 > 0 ? vly_box_extent(options->region.window) : e;
    a.about = *vly_mlp_field_about(field);
    a.told = told_of(field, part, 3, vly_mlp_fractions);
    vly_mlp_field_free(field);
    vly_source_close(source);
    return a;
}

/* What a device warns of. */
typedef struct heard {
    int count;
    char last[512];
} heard;

static inline void hear(void *self, const char *message)
{
    heard *h = self;
    h->count++;
    snprintf(h->last, sizeof h->last, "%s", message);
}

#endif
