/* Page by page: the phases of k^3 points a voxel, their majority (ties: am, then cbd, then pore), and the camera. */
#include "image/synth_render.h"

#include "core/memory.h"

#include <string.h>

typedef struct page_job {
    vly_synth_body *body;
    vly_extent extent;
    int32_t k, z;
    uint8_t *phase, *truth; /* (k, k ny, k nx), (ny, nx) */
    int64_t *points;        /* (k, layers, phases) */
} page_job;

static vly_status phase_plane(void *self, int64_t item, int32_t worker)
{
    const page_job *job = self;
    (void)worker;
    vly_sample_plane plane = vly_samples_plane(&job->body->samples, job->z * job->k + (int32_t)item);
    uint8_t *phase = job->phase + item * plane.points;
    int64_t *points = job->points + item * VLY_SYNTH_LAYERS * VLY_PHASES;
    memset(points, 0, sizeof *points * VLY_SYNTH_LAYERS * VLY_PHASES);
    vly_thresholds_plane(&job->body->thresholds, &plane, phase);
    for (int64_t i = 0; i < plane.points; i++) points[plane.layer[i] * VLY_PHASES + phase[i]]++;
    return VLY_OK;
}

static vly_phase majority(const page_job *job, int32_t x, int32_t y)
{
    const int32_t k = job->k, nx = k * job->extent.nx, ny = k * job->extent.ny;
    int32_t count[VLY_PHASES] = {0};
    for (int32_t c = 0; c < k; c++)
        for (int32_t b = 0; b < k; b++)
            for (int32_t a = 0; a < k; a++) count[job->phase[((int64_t)c * ny + y * k + b) * nx + x * k + a]]++;
    if (count[VLY_AM] >= count[VLY_CBD] && count[VLY_AM] >= count[VLY_PORE]) return VLY_AM;
    return count[VLY_CBD] >= count[VLY_PORE] ? VLY_CBD : VLY_PORE;
}

static vly_status majority_row(void *self, int64_t item, int32_t worker)
{
    const page_job *job = self;
    (void)worker;
    for (int32_t x = 0; x < job->extent.nx; x++)
        job->truth[item * job->extent.nx + x] = (uint8_t)majority(job, x, (int32_t)item);
    return VLY_OK;
}

static vly_status make_page(page_job *job, vly_synth_result *result)
{
    vly_synth_body *body = job->body;
    vly_pool *pool = body->structure.device->pool;
    const int32_t first = job->z * job->k, planes = job->k * job->extent.nz, k = job->k;
    int32_t ahead = first + body->samples.block_planes < planes ? first + body->samples.block_planes : planes;
    if (first < body->samples.held_from || first + k > body->samples.held_to)
        VLY_TRY(vly_samples_hold(&body->samples, first, ahead));
    VLY_TRY(vly_pool_run(pool, k, phase_plane, job));
    VLY_TRY(vly_pool_run(pool, job->extent.ny, majority_row, job));
    for (int64_t i = 0; i < (int64_t)job->extent.nx * job->extent.ny; i++) result->counts[job->truth[i]]++;
    for (int32_t c = 0; c < k; c++)
        for (int l = 0; l < VLY_SYNTH_LAYERS; l++)
            for (int p = 0; p < VLY_PHASES; p++)
                result->layer[l].counts[p] += job->points[(c * VLY_SYNTH_LAYERS + l) * VLY_PHASES + p];
    return VLY_OK;
}

static vly_status make_pages(page_job *job, vly_synth_result *result, vly_camera *camera,
                             const vly_synth_output *output)
{
    const vly_device *device = job->body->structure.device;
    for (job->z = 0; job->z < job->extent.nz; job->z++) {
        VLY_TRY(vly_device_stop(device));
        VLY_TRY(make_page(job, result));
        if (output->truth) VLY_TRY(output->truth(output->self, job->z, job->truth));
        if (camera) VLY_TRY(vly_camera_expose(camera, job->phase));
        vly_device_update(device, "tomogram", job->z + 1, job->extent.nz, "pages");
    }
    return VLY_OK;
}

vly_status vly_synth_render(vly_synth_result *result, vly_synth_body *body, const vly_synth_output *output)
{
    const vly_synth_options *o = body->structure.options;
    const vly_camera_film film = {output->grey, output->self};
    page_job job = {.body = body, .extent = o->extent, .k = o->supersample};
    vly_camera *camera = NULL;
    result->voxels = vly_extent_voxels(o->extent);
    result->layers = body->structure.layers;
    memcpy(result->layer, body->thresholds.layer, sizeof result->layer);
    result->particles = body->structure.packing.count;
    result->pack_iterations = body->structure.packing.iterations;
    result->pack_overlap = body->structure.packing.overlap;
    vly_status status = VLY_NEW(&job.phase, body->samples.plane_points * job.k, "phases");
    if (status == VLY_OK) status = VLY_NEW(&job.truth, (int64_t)o->extent.nx * o->extent.ny, "truth");
    if (status == VLY_OK) status = VLY_NEW(&job.points, job.k * VLY_SYNTH_LAYERS * VLY_PHASES, "truth");
    if (status == VLY_OK && output->grey)
        status = vly_camera_open(&camera, body->structure.device, o->extent, job.k, job.k, &o->optics, o->seed, &film);
    if (status == VLY_OK) status = make_pages(&job, result, camera, output);
    if (status == VLY_OK && camera) result->clamped = vly_camera_clamped(camera);
    vly_camera_close(camera);
    vly_free(job.phase);
    vly_free(job.truth);
    vly_free(job.points);
    return status;
}

vly_status vly_synth_body_open(vly_synth_body *out, vly_device *device, const vly_synth_options *options)
{
    *out = (vly_synth_body){.structure = {.device = NULL}};
    VLY_TRY(vly_structure_open(&out->structure, device, options));
    vly_status status = vly_samples_open(&out->samples, &out->structure);
    if (status == VLY_OK) status = vly_thresholds_find(&out->thresholds, &out->samples);
    if (status != VLY_OK) vly_synth_body_close(out);
    return status;
}

void vly_synth_body_close(vly_synth_body *body)
{
    vly_thresholds_free(&body->thresholds);
    vly_samples_close(&body->samples);
    vly_structure_close(&body->structure);
}
