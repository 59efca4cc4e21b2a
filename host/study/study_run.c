/* The call that runs a study: the plan, the folder that becomes the study's, the work, and what is told of it. */
#include "study/run_impl.h"

#include "core/file.h"
#include "core/memory.h"
#include "study/run_lock.h"

#include <stdio.h>

/* ---- the folder ---- */

static vly_status write_study(const vly_run *run)
{
    char *text = NULL, *path = NULL;
    vly_status status = vly_study_text(&text, run->study);
    if (status == VLY_OK) status = vly_run_path(&path, run, "study.yaml");
    if (status == VLY_OK) status = vly_file_publish_text(path, text, true);
    vly_free(text);
    vly_free(path);
    return status;
}

/* Under the lock: the folder becomes this study's. */
static vly_status move_in(const vly_run *run, vly_lock *share, bool overwrite)
{
    char *path, holder[160];
    bool got;
    VLY_TRY(vly_run_path(&path, run, "pieces/.share.lock"));
    vly_status status = vly_lock_take(share, path, !overwrite, &got, holder);
    if (status == VLY_OK && !got)
        status =
            vly_fail(VLY_EAGAIN, "%s: others work in it (%s), --overwrite has to wait for them", run->folder, holder);
    if (status == VLY_OK && overwrite) {
        status = vly_run_wipe(run);
        vly_lock_release(share);
        if (status == VLY_OK) status = vly_lock_take(share, path, true, &got, holder);
    }
    vly_free(path);
    if (status == VLY_OK) status = vly_run_make_room(run, "study.yaml");
    return status == VLY_OK ? write_study(run) : status;
}

static vly_status open_folder(const vly_run *run, vly_lock *share, bool overwrite)
{
    vly_lock door;
    char *path;
    VLY_TRY(vly_run_make_folder(run));
    VLY_TRY(vly_run_refuse_foreign(run, overwrite));
    VLY_TRY(vly_run_make_room(run, "pieces/."));
    VLY_TRY(vly_run_path(&path, run, "pieces/.door.lock"));
    vly_status status = vly_lock_wait(&door, path);
    vly_free(path);
    if (status != VLY_OK) return status;
    status = move_in(run, share, overwrite);
    vly_lock_release(&door);
    return status;
}

/* ---- the call ---- */

const char *vly_piece_state_name(vly_piece_state state)
{
    static const char *const names[] = {"missing", "stale", "finished", "computed", "elsewhere"};
    return names[state];
}

static vly_status plan(vly_run *run, const char *study_path, const vly_settings *given)
{
    VLY_TRY(vly_study_read(&run->study, study_path, given));
    VLY_TRY(vly_run_list(run));
    VLY_TRY(vly_run_select(run, run->study->settings.stages_only, run->study->settings.stage_from));
    return vly_run_keys(run);
}

static vly_status execute(vly_run *run, bool *complete)
{
    const bool overwrite = run->study->settings.overwrite, dry = run->study->settings.dry_run;
    vly_lock share = VLY_LOCK_NONE;
    vly_status status = dry ? vly_run_refuse_foreign(run, overwrite) : open_folder(run, &share, overwrite);
    for (int32_t i = 0; i < run->count && status == VLY_OK && !(dry && overwrite); i++)
        status = vly_piece_judge(run, &run->pieces[i]);
    for (int32_t i = 0; i < run->count && status == VLY_OK && dry; i++) {
        vly_piece *piece = &run->pieces[i];
        if (piece->seconds == 0 && piece->kind->estimate) piece->seconds = piece->kind->estimate(run, piece);
    }
    if (status == VLY_OK && !dry) {
        status = vly_run_work_off(run);
        if (status == VLY_OK) status = vly_run_finish(run, complete);
    }
    vly_lock_release(&share);
    return status;
}

static vly_status hand_over(vly_study_result *out, const vly_run *run)
{
    snprintf(out->run_id, sizeof out->run_id, "%s", run->run_id);
    if (run->count == 0) return VLY_OK;
    VLY_TRY(VLY_NEW(&out->pieces, run->count, "plan"));
    while (out->count < run->count) {
        const vly_piece *piece = &run->pieces[out->count];
        vly_study_piece *copy = &out->pieces[out->count++];
        copy->state = piece->state;
        copy->seconds = piece->seconds;
        VLY_TRY(vly_strdup(&copy->name, piece->name ? piece->name : ""));
        VLY_TRY(vly_strdup(&copy->reason, piece->reason));
    }
    return VLY_OK;
}

vly_status vly_study_run(vly_study_result *out, vly_device *device, const char *study_path, const char *folder,
                         const vly_study_options *options)
{
    vly_run run = {.device = device, .folder = folder, .command = options ? options->command : NULL};
    *out = (vly_study_result){.count = 0};
    vly_status status = plan(&run, study_path, options ? options->given : NULL);
    if (status == VLY_OK) status = execute(&run, &out->complete);
    vly_status handed = hand_over(out, &run);
    vly_run_free(&run);
    return status != VLY_OK ? status : handed;
}

void vly_study_result_free(vly_study_result *result)
{
    for (int32_t i = 0; result->pieces && i < result->count; i++) {
        vly_free(result->pieces[i].name);
        vly_free(result->pieces[i].reason);
    }
    vly_free(result->pieces);
    *result = (vly_study_result){.count = 0};
}
