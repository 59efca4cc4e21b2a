/* A synthetic cathode, or the tomogram that given labels would show. */
#include "study/job_impl.h"

#include "voxelyte/synth.h"

static vly_status voxel_size_of(double *out, const vly_voxel_size *size)
{
    if (size->verdict == VLY_SIZE_MISSING) return VLY_OK; /* the generator's default */
    if (size->x != size->y || size->x != size->z)
        return vly_fail(VLY_EUSAGE, "--voxel-size: three different sides, cubic voxels expected");
    *out = size->x;
    return VLY_OK;
}

static vly_status options_of(vly_synth_options *out, const vly_settings *settings)
{
    *out = VLY_SYNTH_OPTIONS_INIT;
    out->preset = (vly_synth_preset)settings->preset;
    out->extent = settings->size;
    out->seed = settings->seed;
    out->supersample = settings->supersample;
    out->literal = settings->literal;
    out->fractions = settings->synth_fractions;
    out->gradient = settings->gradient;
    out->islands = settings->islands;
    out->compress = settings->compress;
    out->ratio = settings->ratio;
    out->fib_ratio = settings->fib_ratio;
    out->fib_grey = settings->fib_grey;
    out->optics.model = (vly_synth_grey)settings->grey_model;
    out->optics.noise = settings->noise;
    out->optics.noise_correlation = settings->noise_correlation;
    out->optics.psf = settings->psf;
    out->optics.fringe = settings->fringe;
    out->optics.rings = settings->rings;
    return voxel_size_of(&out->voxel_size, &settings->voxel_size);
}

/* The tomogram carries the size of its voxels: one that is made up would be believed. */
static vly_status check_size(const vly_volume_info *info)
{
    const vly_voxel_size *size = &info->voxel_size;
    if (size->verdict == VLY_SIZE_FROM_FILE || size->verdict == VLY_SIZE_GIVEN) return VLY_OK;
    return vly_fail(VLY_EDATA, "%s: no voxel size to rely on (%s), --voxel-size expected", info->path,
                    *size->origin ? size->origin : "no tag speaks of it");
}

static vly_status from_labels(vly_synth_result *result, vly_job *job, const vly_synth_options *options)
{
    const vly_settings *settings = job->settings;
    vly_source *labels;
    VLY_TRY(vly_job_open_labels(job, &labels, settings->labels_from));
    vly_status status = check_size(vly_source_info(labels));
    if (status == VLY_OK) status = vly_job_digest_inputs(job);
    if (status == VLY_OK)
        status = vly_synth_from_labels(result, job->device, labels, settings->output, settings->overwrite, options);
    vly_source_close(labels);
    return status;
}

vly_status vly_job_synth(vly_document **out, vly_device *device, const vly_settings *settings)
{
    vly_synth_options options;
    vly_synth_result r;
    vly_job job;
    *out = NULL;
    VLY_TRY(options_of(&options, settings));
    if (settings->ratio != 0 && !*settings->labels_from)
        return vly_fail(VLY_EUSAGE, "synth: --ratio goes with --from LABELS, whose voxels it counts");
    vly_status status = vly_job_begin(&job, device, settings, "synth");
    if (status == VLY_OK)
        status = *settings->labels_from ? from_labels(&r, &job, &options)
                                        : vly_synth(&r, device, settings->output, settings->overwrite, &options);
    if (status == VLY_OK) {
        double achieved[VLY_PHASES];
        for (int l = 0; l < VLY_PHASES; l++) achieved[l] = (double)r.counts[l] / (double)r.voxels;
        vly_document_set(job.document, "output", vly_json_string(settings->output));
        vly_document_set(job.document, "voxels", json_integer(r.voxels));
        vly_document_set(job.document, "counts", vly_job_phases_integer(r.counts));
        vly_document_set(job.document, "achieved", vly_job_phases_real(achieved));
        vly_document_set(job.document, "clamped", json_integer(r.clamped));
        vly_document_set(job.document, "particles", json_integer(r.particles));
    }
    return vly_job_end(&job, status, out);
}
