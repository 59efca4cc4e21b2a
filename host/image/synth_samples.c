#include "image/synth_samples.h"

#include "core/memory.h"

enum { BLOCK_POINTS = 1 << 22, POINT_BYTES = 13 };

static vly_status reserve(vly_samples *s, int64_t points)
{
    VLY_TRY(vly_alloc_raw((void **)&s->am, points, sizeof *s->am, "fields"));
    VLY_TRY(vly_alloc_raw((void **)&s->neck, points, sizeof *s->neck, "fields"));
    VLY_TRY(vly_alloc_raw((void **)&s->island, points, sizeof *s->island, "fields"));
    return vly_alloc_raw((void **)&s->layer, points, sizeof *s->layer, "fields");
}

/* Evaluates planes [from, to) into the arrays, whose first plane is `first`. */
static vly_status evaluate(const vly_samples *s, int32_t first, int32_t from, int32_t to)
{
    int64_t at = (from - first) * s->plane_points;
    return vly_structure_fields(s->structure, &s->lattice, from, to - from, s->am + at, s->neck + at, s->island + at,
                                s->layer + at);
}

static vly_status hold_all(vly_samples *s, int32_t planes)
{
    const vly_device *device = s->structure->device;
    for (int32_t from = 0; from < planes; from += s->block_planes) {
        int32_t to = from + s->block_planes < planes ? from + s->block_planes : planes;
        VLY_TRY(vly_device_stop(device));
        VLY_TRY(evaluate(s, 0, from, to));
        vly_device_update(device, "fields", to, planes, "planes");
    }
    s->held_to = planes;
    return VLY_OK;
}

static vly_status open_samples(vly_samples *out, const vly_structure *structure, const vly_synth_lattice *lattice,
                               int32_t group, bool keep)
{
    const vly_extent e = lattice->extent;
    *out = (vly_samples){.structure = structure, .lattice = *lattice, .plane_points = (int64_t)e.nx * e.ny};
    int64_t block = BLOCK_POINTS / out->plane_points;
    out->block_planes = block < group ? group : block < e.nz ? (int32_t)block / group * group : e.nz;
    int64_t all = out->plane_points * e.nz, left = structure->device->memory_limit - vly_memory_held();
    keep = keep && all <= left / (2 * POINT_BYTES); /* the other half is for everything else */
    vly_status status = reserve(out, keep ? all : out->plane_points * out->block_planes);
    if (status == VLY_OK && keep) status = hold_all(out, e.nz);
    if (status != VLY_OK) vly_samples_close(out);
    return status;
}

vly_status vly_samples_open_lattice(vly_samples *out, const vly_structure *structure, const vly_synth_lattice *lattice)
{
    return open_samples(out, structure, lattice, 1, false);
}

vly_status vly_samples_open(vly_samples *out, const vly_structure *structure)
{
    const vly_extent e = structure->options->extent;
    const int32_t k = structure->options->supersample;
    const double h = 1e6 * structure->options->voxel_size / k;
    const vly_synth_lattice lattice = {.origin = {0.5 * h, 0.5 * h, 0.5 * h},
                                       .step = {{h, 0.0, 0.0}, {0.0, h, 0.0}, {0.0, 0.0, h}},
                                       .extent = {k * e.nx, k * e.ny, k * e.nz}};
    return open_samples(out, structure, &lattice, k, true);
}

void vly_samples_close(vly_samples *samples)
{
    vly_free(samples->am);
    vly_free(samples->neck);
    vly_free(samples->island);
    vly_free(samples->layer);
    samples->am = samples->neck = samples->island = NULL;
    samples->layer = NULL;
}

vly_status vly_samples_hold(vly_samples *samples, int32_t from, int32_t to)
{
    if (from >= samples->held_from && to <= samples->held_to) return VLY_OK;
    samples->held_to = samples->held_from = from;
    VLY_TRY(evaluate(samples, from, from, to));
    samples->held_to = to;
    return VLY_OK;
}

vly_sample_plane vly_samples_plane(const vly_samples *samples, int32_t index)
{
    int64_t at = (index - samples->held_from) * samples->plane_points;
    return (vly_sample_plane){.index = index,
                              .depth = fma(index, samples->lattice.step[2][2], samples->lattice.origin[2]),
                              .points = samples->plane_points,
                              .am = samples->am + at,
                              .neck = samples->neck + at,
                              .island = samples->island + at,
                              .layer = samples->layer + at};
}

typedef struct each_job {
    const vly_samples *samples;
    vly_sample_work work;
    void *self;
    int32_t from;
} each_job;

static vly_status each_run(void *self, int64_t item, int32_t worker)
{
    const each_job *job = self;
    vly_sample_plane plane = vly_samples_plane(job->samples, job->from + (int32_t)item);
    return job->work(job->self, &plane, worker);
}

vly_status vly_samples_each(vly_samples *samples, const char *title, vly_sample_work work, void *self)
{
    const int32_t planes = samples->lattice.extent.nz;
    const vly_device *device = samples->structure->device;
    for (int32_t from = 0; from < planes; from += samples->block_planes) {
        int32_t to = from + samples->block_planes < planes ? from + samples->block_planes : planes;
        each_job job = {samples, work, self, from};
        VLY_TRY(vly_device_stop(device));
        VLY_TRY(vly_samples_hold(samples, from, to));
        VLY_TRY(vly_pool_run(device->pool, to - from, each_run, &job));
        vly_device_update(device, title, to, planes, "planes");
    }
    return VLY_OK;
}
