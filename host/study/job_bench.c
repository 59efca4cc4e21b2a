/* The benchmark as a document. */
#include "study/job_impl.h"

#include "voxelyte/bench.h"

static json_t *work_of(const vly_bench_row *r)
{
    if (!r->counted) return json_null();
    return json_pack("{s:I, s:I, s:I, s:I}", "launches", (json_int_t)r->launches, "threads", (json_int_t)r->threads,
                     "meetings", (json_int_t)r->meetings, "bytes_copied", (json_int_t)r->copied);
}

static json_t *row_of(const vly_bench_row *r)
{
    return json_pack("{s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:s, s:o, s:s, s:o}", "stage", r->stage, "what", r->what,
                     "voxels", (json_int_t)r->voxels, "seconds", vly_json_real(r->seconds), "best",
                     vly_json_real(r->best), "worst", vly_json_real(r->worst), "rate", vly_json_real(r->rate), "unit",
                     r->unit, "bound", vly_json_real(r->bound), "reason", r->reason, "work", work_of(r));
}

vly_status vly_job_bench(vly_document **out, vly_device *device, const vly_settings *settings)
{
    vly_bench_options options = VLY_BENCH_OPTIONS_INIT;
    vly_bench_result r = {.count = 0};
    vly_job job;
    *out = NULL;
    VLY_TRY(vly_job_check_output(settings));
    options.stages = settings->inputs;
    options.stage_count = settings->input_count;
    options.side = settings->side;
    options.repeats = settings->repeats;
    options.scratch = *settings->scratch ? settings->scratch : NULL;
    vly_status status = vly_job_begin(&job, device, settings, "bench");
    if (status == VLY_OK) status = vly_bench(&r, device, &options);
    if (status == VLY_OK) {
        json_t *rows = json_array();
        vly_document_set(job.document, "rows", rows);
        for (int32_t i = 0; i < r.count; i++)
            if (json_array_append_new(rows, row_of(&r.rows[i])) != 0) job.document->broken = true;
    }
    status = vly_job_end(&job, status, out);
    return status == VLY_OK ? vly_job_write_output(out, settings) : status;
}
