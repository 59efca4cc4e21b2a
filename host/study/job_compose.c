/* Fine labels to the volume fractions of coarse voxels. */
#include "study/job_impl.h"

#include "voxelyte/compose.h"

static void add_result(vly_job *job, const vly_compose_grid *grid, const vly_compose_result *r)
{
    double fractions[VLY_PHASES];
    double points = (double)r->counts[0] + (double)r->counts[1] + (double)r->counts[2];
    for (int l = 0; l < VLY_PHASES; l++) fractions[l] = (double)r->counts[l] / points;
    vly_document_set(job->document, "output", vly_json_string(job->settings->output));
    vly_document_set(job->document, "ratio", json_integer(grid->ratio));
    vly_document_set(job->document, "aligned", json_boolean(grid->aligned));
    vly_document_set(job->document, "extent", vly_job_extent(grid->extent));
    vly_document_set(job->document, "origin",
                     json_pack("[i, i, i]", grid->origin[0], grid->origin[1], grid->origin[2]));
    vly_document_set(job->document, "voxel_size_um", vly_job_size_um(&grid->voxel_size));
    vly_document_set(job->document, "voxels", json_integer(r->voxels));
    vly_document_set(job->document, "counts", vly_job_phases_integer(r->counts));
    vly_document_set(job->document, "fractions", vly_job_phases_real(fractions));
}

static vly_status compose(vly_job *job, vly_source *fine)
{
    const vly_settings *settings = job->settings;
    const bool placed = *settings->transform;
    vly_compose_grid grid;
    vly_compose_result r;
    vly_rigid transform;
    vly_sink *sink;
    char note[VLY_COMPOSE_NOTE_BYTES];
    if (placed) VLY_TRY(vly_rigid_read(&transform, settings->transform));
    VLY_TRY(vly_compose_place(&grid, vly_source_info(fine), settings->ratio, placed ? &transform : NULL));
    VLY_TRY(vly_job_digest_inputs(job));
    vly_compose_note(note, &grid);
    const vly_sink_options options = {.extent = grid.extent,
                                      .type = VLY_F32,
                                      .channels = VLY_PHASES,
                                      .note = note,
                                      .voxel_size = grid.voxel_size,
                                      .overwrite = settings->overwrite,
                                      .compress = settings->compress};
    VLY_TRY(vly_sink_open(&sink, settings->output, job->device, &options));
    vly_status status = vly_compose(&r, job->device, fine, sink, &grid);
    if (status == VLY_OK) add_result(job, &grid, &r);
    if (status == VLY_OK) status = vly_job_publish(job, settings->output, sink, NULL);
    vly_sink_close(sink);
    return status;
}

vly_status vly_job_compose(vly_document **out, vly_device *device, const vly_settings *settings)
{
    vly_source *fine = NULL;
    vly_job job;
    *out = NULL;
    if (settings->input_count != 1)
        return vly_fail(VLY_EUSAGE, "compose: %d volumes, one expected", settings->input_count);
    if (settings->ratio == 0) return vly_fail(VLY_EUSAGE, "compose: --ratio N expected, fine voxels per coarse one");
    vly_status status = vly_job_begin(&job, device, settings, "compose");
    if (status == VLY_OK) status = vly_job_open_labels(&job, &fine, settings->inputs[0]);
    if (status == VLY_OK) status = compose(&job, fine);
    vly_source_close(fine);
    return vly_job_end(&job, status, out);
}
