/* Studies as documents: what was run, whether it comes out again, how two differ. */
#include "study/job_impl.h"

#include "voxelyte/study.h"

static json_t *piece_of(const vly_study_piece *piece)
{
    return json_pack("{s:s, s:s, s:s, s:o}", "name", piece->name, "state", vly_piece_state_name(piece->state), "reason",
                     piece->reason, "seconds", vly_json_real(piece->seconds));
}

vly_status vly_job_run(vly_document **out, vly_device *device, const vly_settings *settings)
{
    vly_study_result r = {.pieces = NULL};
    vly_job job;
    *out = NULL;
    vly_status status = vly_job_begin(&job, device, settings, "run");
    job.settings_elsewhere = true;
    const vly_study_options options = {.given = settings, .command = settings->command_line};
    if (status == VLY_OK) status = vly_study_run(&r, device, settings->inputs[0], settings->output, &options);
    if (status == VLY_OK) {
        json_t *pieces = json_array();
        vly_document_set(job.document, "study", vly_json_string(settings->inputs[0]));
        vly_document_set(job.document, "output", vly_json_string(settings->output));
        vly_document_set(job.document, "run_id", json_string(r.run_id));
        vly_document_set(job.document, "complete", json_boolean(r.complete));
        vly_document_set(job.document, "pieces", pieces);
        for (int32_t i = 0; i < r.count; i++)
            if (json_array_append_new(pieces, piece_of(&r.pieces[i])) != 0) job.document->broken = true;
    }
    vly_study_result_free(&r);
    return vly_job_end(&job, status, out);
}

/* A difference is an answer, not a failure: `differences` tells. */
static vly_status end_comparison(vly_job *job, vly_status status, vly_diff_result *r, vly_document **out)
{
    if (status == VLY_DIFFERENT) status = VLY_OK;
    if (status == VLY_OK) {
        vly_document_set(job->document, "differences", json_integer(r->differences));
        vly_document_set(job->document, "words", vly_json_string(r->words ? r->words : ""));
    }
    vly_diff_result_free(r);
    return vly_job_end(job, status, out);
}

vly_status vly_job_verify(vly_document **out, vly_device *device, const vly_settings *settings)
{
    vly_diff_result r = {.words = NULL};
    vly_job job;
    *out = NULL;
    vly_status status = vly_job_begin(&job, device, settings, "verify");
    if (status == VLY_OK) status = vly_study_verify(&r, device, settings->inputs[0]);
    return end_comparison(&job, status, &r, out);
}

vly_status vly_job_diff(vly_document **out, vly_device *device, const vly_settings *settings)
{
    vly_diff_result r = {.words = NULL};
    vly_job job;
    *out = NULL;
    vly_status status = vly_job_begin(&job, device, settings, "diff");
    if (status == VLY_OK) status = vly_diff(&r, device, settings->inputs[0], settings->inputs[1]);
    return end_comparison(&job, status, &r, out);
}
