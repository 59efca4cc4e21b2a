/* The piece of a trinarisation that was made elsewhere: its labels as ours, cut to the window, and how many voxels they are. */
#include "study/run_work.h"

#include "core/memory.h"
#include "io/io.h"
#include "study/job_impl.h"

#include <stdio.h>

/* counts: by label, VLY_OUTSIDE among them. */
static vly_status copy_pages(vly_device *device, vly_source *from, vly_sink *to, int64_t counts[256])
{
    const vly_volume_info *info = vly_source_info(from);
    const int64_t voxels = (int64_t)info->extent.nx * info->extent.ny;
    uint8_t *page;
    VLY_TRY(vly_alloc_raw((void **)&page, voxels, 1, "page of labels"));
    vly_status status = VLY_OK;
    for (int32_t z = 0; z < info->extent.nz && status == VLY_OK; z++) {
        status = vly_source_read(from, z, 1, page);
        for (int64_t i = 0; i < voxels && status == VLY_OK; i++) counts[page[i]]++;
        if (status == VLY_OK) status = vly_sink_write(to, 1, page);
        if (status == VLY_OK) status = vly_device_stop(device);
        vly_device_update(device, "labels", z + 1, info->extent.nz, "page");
    }
    vly_free(page);
    return status;
}

static vly_status write_labels(vly_job *job, vly_source *labels, int64_t counts[256])
{
    const vly_volume_info *info = vly_source_info(labels);
    const vly_sink_options options = {.extent = info->extent,
                                      .type = VLY_U8,
                                      .voxel_size = info->voxel_size,
                                      .labels = true,
                                      .overwrite = true,
                                      .compress = job->settings->compress};
    vly_sink *to;
    VLY_TRY(vly_sink_open(&to, job->settings->output, job->device, &options));
    vly_status status = copy_pages(job->device, labels, to, counts);
    if (status == VLY_OK) status = vly_job_publish(job, job->settings->output, to, NULL);
    vly_sink_close(to);
    return status;
}

/* What a trinarisation of ours tells, without targets. */
static vly_status tell(vly_job *job, const char *method, const int64_t counts[256])
{
    const int64_t inside = counts[VLY_PORE] + counts[VLY_AM] + counts[VLY_CBD];
    double achieved[VLY_PHASES];
    if (inside == 0) return vly_fail(VLY_EDATA, "%s: no voxel lies inside (E_ROI)", job->settings->inputs[0]);
    for (int p = 0; p < VLY_PHASES; p++) achieved[p] = (double)counts[p] / (double)inside;
    vly_document_set(job->document, "method", json_string(method));
    vly_document_set(job->document, "voxels", json_integer((json_int_t)inside));
    vly_document_set(job->document, "achieved", vly_job_phases_real(achieved));
    vly_document_set(job->document, "counts", vly_job_phases_integer(counts));
    return VLY_OK;
}

static vly_status take(vly_job *job, const char *method)
{
    int64_t counts[256] = {0};
    vly_source *labels, *part;
    vly_box window;
    VLY_TRY(vly_job_open_labels(job, &labels, job->settings->inputs[0]));
    vly_status status = vly_job_window(&window, job->settings, vly_source_info(labels));
    if (status == VLY_OK) status = vly_job_digest_inputs(job);
    if (status == VLY_OK) status = vly_source_part(&part, labels, window);
    if (status == VLY_OK) {
        status = write_labels(job, part, counts);
        vly_source_close(part);
    }
    vly_source_close(labels);
    return status == VLY_OK ? tell(job, method, counts) : status;
}

vly_status vly_work_given(vly_run *run, const vly_piece *piece)
{
    const char *inputs[] = {piece->sample->given[piece->method]};
    vly_settings settings = piece->sample->settings;
    vly_document *document = NULL;
    char *path;
    vly_job job;
    settings.inputs = inputs;
    settings.input_count = 1;
    settings.overwrite = true;
    VLY_TRY(vly_run_path(&path, run, piece->outputs[0]));
    snprintf(settings.output, sizeof settings.output, "%s", path);
    vly_free(path);
    vly_status status = vly_job_begin(&job, run->device, &settings, "convert");
    if (status == VLY_OK) status = take(&job, vly_method_name((vly_method)piece->method));
    status = vly_job_end(&job, status, &document);
    if (status == VLY_OK) status = vly_run_path(&path, run, piece->outputs[1]);
    if (status == VLY_OK) {
        status = vly_document_write(document, path, true);
        vly_free(path);
    }
    vly_document_free(document);
    return status;
}
