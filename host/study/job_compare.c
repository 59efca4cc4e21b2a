/* How much label volumes agree. */
#include "study/job_impl.h"

#include "voxelyte/compare.h"

#include <stdio.h>
#include <string.h>

typedef double matrix[VLY_COMPARE_MAX][VLY_COMPARE_MAX];

/* The first n rows and columns. */
static json_t *matrix_of(const matrix values, int32_t n)
{
    json_t *rows = json_array();
    for (int32_t i = 0; i < n; i++)
        if (json_array_append_new(rows, vly_json_reals(values[i], n)) != 0) {
            json_decref(rows);
            return NULL;
        }
    return rows;
}

/* Stems where they tell the volumes apart, else the paths. */
static void add_names(vly_job *job)
{
    const vly_settings *settings = job->settings;
    char stems[VLY_COMPARE_MAX][256];
    bool unique = true;
    json_t *names = json_array();
    for (int32_t i = 0; i < settings->input_count; i++) {
        vly_job_stem(stems[i], settings->inputs[i]);
        for (int32_t k = 0; k < i; k++) unique = unique && strcmp(stems[i], stems[k]) != 0;
    }
    for (int32_t i = 0; i < settings->input_count; i++)
        if (json_array_append_new(names, vly_json_string(unique ? stems[i] : settings->inputs[i])) != 0)
            job->document->broken = true;
    vly_document_set(job->document, "names", names);
}

static void add_result(vly_job *job, const vly_compare_result *r)
{
    json_t *jaccard =
        json_pack("{s:o, s:o, s:o}", "am", matrix_of(r->jaccard[VLY_AM], r->count), "cbd",
                  matrix_of(r->jaccard[VLY_CBD], r->count), "pore", matrix_of(r->jaccard[VLY_PORE], r->count));
    vly_document_set(job->document, "voxels", json_integer(r->voxels));
    vly_document_set(job->document, "equal", matrix_of(r->equal, r->count));
    vly_document_set(job->document, "jaccard", jaccard);
}

static json_t *counts_of(const int64_t *values, int32_t count)
{
    json_t *array = json_array();
    for (int32_t i = 0; i < count; i++)
        if (json_array_append_new(array, json_integer(values[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

static void add_disagreement(vly_job *job, const vly_disagreement *d)
{
    vly_document_set(job->document, "disagreement",
                     json_pack("{s:I, s:I, s:o, s:o, s:{s:o, s:o, s:o}}", "voxels", (json_int_t)d->voxels, "outside",
                               (json_int_t)d->outside, "dissenting", counts_of(d->dissenting, d->count), "distinct",
                               counts_of(d->distinct, VLY_PHASES + 1), "called", "am",
                               counts_of(d->called[VLY_AM], d->count + 1), "cbd",
                               counts_of(d->called[VLY_CBD], d->count + 1), "pore",
                               counts_of(d->called[VLY_PORE], d->count + 1)));
}

static vly_status disagree(vly_job *job, vly_source *const *labels, int32_t count)
{
    const vly_settings *s = job->settings;
    const vly_volume_info *info = vly_source_info(labels[0]);
    vly_sink_options options = {.extent = info->extent,
                                .type = VLY_U8,
                                .voxel_size = info->voxel_size,
                                .note = "volumes that do not give the voxel its commonest label; 255 outside",
                                .overwrite = s->overwrite,
                                .compress = true};
    vly_disagreement d;
    vly_sink *sink;
    VLY_TRY(vly_sink_open(&sink, s->disagreement, job->device, &options));
    vly_status status = vly_disagree(&d, job->device, labels, count, sink);
    if (status == VLY_OK) add_disagreement(job, &d);
    if (status == VLY_OK) status = vly_job_publish(job, s->disagreement, sink, NULL);
    vly_sink_close(sink);
    return status;
}

vly_status vly_job_compare(vly_document **out, vly_device *device, const vly_settings *settings)
{
    vly_source *labels[VLY_COMPARE_MAX] = {NULL};
    int32_t count = settings->input_count;
    vly_compare_result r;
    vly_job job;
    *out = NULL;
    if (count < 2 || count > VLY_COMPARE_MAX)
        return vly_fail(VLY_EUSAGE, "compare: %d label volumes, 2 to %d expected", count, VLY_COMPARE_MAX);
    VLY_TRY(vly_job_check_output(settings));
    vly_status status = vly_job_begin(&job, device, settings, "compare");
    for (int32_t i = 0; i < count && status == VLY_OK; i++)
        status = vly_job_open_labels(&job, &labels[i], settings->inputs[i]);
    if (status == VLY_OK) status = vly_job_digest_inputs(&job);
    if (status == VLY_OK) status = vly_compare(&r, device, labels, count);
    if (status == VLY_OK) add_names(&job);
    if (status == VLY_OK) add_result(&job, &r);
    if (status == VLY_OK && *settings->disagreement) status = disagree(&job, labels, count);
    for (int32_t i = 0; i < count; i++) vly_source_close(labels[i]);
    status = vly_job_end(&job, status, out);
    return status == VLY_OK ? vly_job_write_output(out, settings) : status;
}
