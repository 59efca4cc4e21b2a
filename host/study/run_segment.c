/* Pieces made from the grey volume: its histogram, and a trinarisation by one method. */
#include "study/run_work.h"

#include "core/file.h"
#include "core/memory.h"
#include "segment/histogram.h"
#include "study/job_impl.h"

#include <stdio.h>

vly_status vly_work_segment(vly_run *run, const vly_piece *piece)
{
    vly_settings settings = piece->sample->settings;
    const char *inputs[] = {piece->sample->grey};
    vly_document *document = NULL;
    char *labels, *path = NULL;
    settings.inputs = inputs;
    settings.input_count = 1;
    settings.methods = 1u << piece->method;
    settings.overwrite = true;
    if (!*settings.model) VLY_TRY(vly_run_learned(settings.model, run, piece));
    for (const vly_piece *other = run->pieces; other < piece; other++) {
        if (!vly_piece_closes(piece, other)) continue;
        VLY_TRY(vly_run_path(&path, run, other->outputs[0]));
        snprintf(settings.am_labels, sizeof settings.am_labels, "%s", path);
        vly_free(path);
        path = NULL;
    }
    VLY_TRY(vly_run_path(&labels, run, piece->outputs[0]));
    snprintf(settings.output, sizeof settings.output, "%s", labels);
    vly_free(labels);
    vly_status status = vly_job_segment_again(&document, run->device, &settings, &run->field);
    if (status == VLY_OK) status = vly_run_path(&path, run, piece->outputs[1]);
    if (status == VLY_OK) status = vly_document_write(document, path, true);
    vly_free(path);
    vly_document_free(document);
    return status;
}

/* ---- histogram ---- */

static vly_status count_grey(const vly_run *run, const vly_settings *settings, vly_source *grey, vly_source *mask,
                             uint64_t *bins)
{
    vly_pipeline *pipeline;
    vly_pipeline_options options = {
        .region = {.window = settings->window, .mask = mask, .scratch = *settings->scratch ? settings->scratch : NULL}};
    VLY_TRY(vly_pipeline_open(&pipeline, run->device, grey, &options));
    vly_status status = vly_histogram_pass(pipeline, run->device, bins);
    vly_pipeline_close(pipeline);
    return status;
}

static vly_status write_bins(const vly_run *run, const char *name, const uint64_t *bins)
{
    vly_text text = {0};
    char *path;
    vly_text_add(&text, "grey,count\n");
    for (int grey = 0; grey < VLY_GREY_LEVELS; grey++)
        if (bins[grey] > 0) vly_text_add(&text, "%d,%llu\n", grey, (unsigned long long)bins[grey]);
    vly_status status = text.status;
    if (status == VLY_OK) status = vly_run_path(&path, run, name);
    if (status == VLY_OK) {
        status = vly_file_publish_text(path, text.text, true);
        vly_free(path);
    }
    vly_text_free(&text);
    return status;
}

vly_status vly_work_histogram(vly_run *run, const vly_piece *piece)
{
    const vly_settings *settings = &piece->sample->settings;
    vly_source *volume, *grey = NULL, *mask = NULL;
    uint64_t *bins = NULL;
    VLY_TRY(vly_source_open(&volume, piece->sample->grey, NULL));
    VLY_TRY(vly_source_grey(&grey, volume, run->device, settings->grey_range[0], settings->grey_range[1]));
    vly_status status = *settings->mask ? vly_source_open(&mask, settings->mask, NULL) : VLY_OK;
    if (status == VLY_OK) status = VLY_NEW(&bins, VLY_GREY_LEVELS, "histogram");
    if (status == VLY_OK) status = count_grey(run, settings, grey, mask, bins);
    if (status == VLY_OK) status = write_bins(run, piece->outputs[0], bins);
    vly_free(bins);
    vly_source_close(mask);
    vly_source_close(grey);
    return status;
}
