/* Studies as documents: what was run, whether it comes out again, how two differ. */
#include "study/job_impl.h"

#include "voxelyte/study.h"

#include <string.h>

/* ---- the plan ---- */

/* What a kind of piece takes, or all of them. */
typedef struct plan_row {
    int32_t pieces;
    double seconds, bytes, moved;
    const char *largest; /* the piece that holds most memory */
} plan_row;

static bool planned(const vly_study_piece *piece)
{
    return piece->state == VLY_PIECE_MISSING || piece->state == VLY_PIECE_STALE;
}

/* kind NULL: of all. */
static plan_row add_up(const vly_study_result *r, const char *kind)
{
    plan_row row = {.largest = ""};
    for (int32_t i = 0; i < r->count; i++) {
        const vly_study_piece *piece = &r->pieces[i];
        if (!planned(piece) || (kind && strcmp(kind, piece->kind) != 0)) continue;
        row.pieces++;
        row.seconds += piece->seconds;
        row.moved += piece->moved_bytes;
        if (piece->host_bytes <= row.bytes) continue;
        row.bytes = piece->host_bytes;
        row.largest = piece->name;
    }
    return row;
}

static json_t *row_of(const plan_row *row, const char *kind, double bandwidth)
{
    return json_pack("{s:s, s:i, s:f, s:I, s:s, s:f, s:f}", "kind", kind, "pieces", row->pieces, "seconds",
                     row->seconds, "host_bytes", (json_int_t)row->bytes, "largest", row->largest, "moved_bytes",
                     row->moved, "gpu_seconds_at_least", row->moved / bandwidth);
}

/* Seconds and memory from what this program was measured to take per voxel; of a GPU a bound and no measurement. */
static void add_plan(vly_job *job, const vly_study_result *r)
{
    const double bandwidth = 1e9 * job->settings->gpu_bandwidth;
    const plan_row all = add_up(r, NULL);
    json_t *plan = row_of(&all, "all", bandwidth), *kinds = json_array();
    for (int32_t i = 0; i < r->count; i++) {
        bool seen = false;
        for (int32_t k = 0; k < i; k++) seen |= strcmp(r->pieces[k].kind, r->pieces[i].kind) == 0;
        const plan_row row = add_up(r, r->pieces[i].kind);
        if (!seen && row.pieces > 0) json_array_append_new(kinds, row_of(&row, r->pieces[i].kind, bandwidth));
    }
    json_object_set_new(plan, "gpu_bandwidth_gb_s", vly_json_real(job->settings->gpu_bandwidth));
    json_object_set_new(plan, "gpu_basis", json_string("bytes moved over bandwidth: a bound, measured on no GPU"));
    json_object_set_new(plan, "kinds", kinds);
    vly_document_set(job->document, "plan", plan);
}

/* ---- run ---- */

static json_t *piece_of(const vly_study_piece *piece)
{
    json_t *o = json_pack("{s:s, s:s, s:s, s:o}", "name", piece->name, "state", vly_piece_state_name(piece->state),
                          "reason", piece->reason, "seconds", vly_json_real(piece->seconds));
    if (piece->host_bytes > 0) json_object_set_new(o, "host_bytes", json_integer((json_int_t)piece->host_bytes));
    if (piece->moved_bytes > 0) json_object_set_new(o, "moved_bytes", json_real(piece->moved_bytes));
    return o;
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
        if (settings->dry_run) add_plan(&job, &r);
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
