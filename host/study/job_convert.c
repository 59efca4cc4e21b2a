/* One volume to another format: page by page, so that a volume of any size needs the memory of two pages. */
#include "study/job_impl.h"

#include "core/memory.h"

#include <string.h>

/* Copies the window's part of a page to its front. */
static void crop(char *page, vly_extent extent, vly_box window, int64_t bytes)
{
    int64_t row = (window.x1 - window.x0) * bytes;
    for (int64_t y = window.y0; y < window.y1; y++)
        memmove(page + (y - window.y0) * row, page + (y * extent.nx + window.x0) * bytes, (size_t)row);
}

static vly_status copy_pages(vly_job *job, vly_source *from, vly_sink *to, vly_box window)
{
    const vly_volume_info *info = vly_source_info(from);
    int64_t bytes = vly_type_bytes(info->type);
    char *page;
    VLY_TRY(vly_alloc_raw((void **)&page, (int64_t)info->extent.nx * info->extent.ny, bytes, "page"));
    vly_status status = VLY_OK;
    for (int32_t z = window.z0; z < window.z1 && status == VLY_OK; z++) {
        status = vly_source_read(from, z, 1, page);
        if (status == VLY_OK) crop(page, info->extent, window, bytes);
        if (status == VLY_OK) status = vly_sink_write(to, 1, page);
        if (status == VLY_OK) status = vly_device_stop(job->device);
        vly_device_update(job->device, "convert", z + 1 - window.z0, window.z1 - window.z0, "pages");
    }
    vly_free(page);
    return status;
}

static vly_status convert(vly_job *job, vly_source **from)
{
    const vly_settings *settings = job->settings;
    const vly_label_map *map = vly_job_label_map(settings);
    vly_box window;
    vly_sink *to;
    VLY_TRY(vly_job_open_input(job, from, settings->inputs[0]));
    VLY_TRY(vly_job_window(&window, settings, vly_source_info(*from)));
    VLY_TRY(vly_job_digest_inputs(job));
    if (map) {
        vly_source *file = *from;
        *from = NULL;
        VLY_TRY(vly_source_labels(from, file, map));
    }
    const vly_volume_info *info = vly_source_info(*from);
    vly_sink_options options = {.extent = vly_box_extent(window),
                                .type = info->type == VLY_U1 ? VLY_U8 : info->type,
                                .voxel_size = info->voxel_size,
                                .labels = map != NULL,
                                .overwrite = settings->overwrite,
                                .compress = settings->compress};
    VLY_TRY(vly_sink_open(&to, settings->output, job->device, &options));
    vly_status status = copy_pages(job, *from, to, window);
    if (status == VLY_OK) status = vly_job_publish(job, settings->output, to, NULL);
    vly_sink_close(to);
    vly_document_set(job->document, "output", vly_json_string(settings->output));
    vly_document_set(job->document, "extent", vly_job_extent(options.extent));
    vly_document_set(job->document, "type", json_string(vly_type_name(options.type)));
    vly_document_set(job->document, "window", vly_job_box(window));
    return status;
}

vly_status vly_job_convert(vly_document **out, vly_device *device, const vly_settings *settings)
{
    vly_source *from = NULL;
    vly_job job;
    *out = NULL;
    if (settings->input_count != 1)
        return vly_fail(VLY_EUSAGE, "convert: %d volumes, one expected", settings->input_count);
    vly_status status = vly_job_begin(&job, device, settings, "convert");
    if (status == VLY_OK) status = convert(&job, &from);
    vly_source_close(from);
    return vly_job_end(&job, status, out);
}
