/* The call that runs a study: the plan, the folder that becomes the study's, the work, and what is told of it. */
#include "study/run_impl.h"

#include "core/file.h"
#include "core/memory.h"
#include "study/run_lock.h"

#include <stdio.h>
#include <string.h>

enum { STUDY_BYTES = 64 << 20 };

/* ---- the folder ---- */

/* The line that ends study.yaml: of which run it is. */
static vly_status mark_of(char **out, const vly_run *run)
{
    return vly_format(out, "# run %s\n", run->run_id);
}

static vly_status write_study(const vly_run *run)
{
    char *text = NULL, *mark = NULL, *marked = NULL, *path = NULL;
    vly_status status = vly_study_text(&text, run->study);
    if (status == VLY_OK) status = mark_of(&mark, run);
    if (status == VLY_OK) status = vly_format(&marked, "%s%s", text, mark);
    if (status == VLY_OK) status = vly_run_path(&path, run, "study.yaml");
    if (status == VLY_OK) status = vly_file_publish_text(path, marked, true);
    vly_free(text);
    vly_free(mark);
    vly_free(marked);
    vly_free(path);
    return status;
}

/* Whether the folder was another run's until now: other inputs or settings. */
static vly_status was_others(bool *out, const vly_run *run)
{
    char *path, *text = NULL, *mark = NULL;
    VLY_TRY(vly_run_path(&path, run, "study.yaml"));
    *out = vly_path_exists(path);
    vly_status status = *out ? vly_file_text(&text, path, STUDY_BYTES) : VLY_OK;
    if (status == VLY_OK) status = mark_of(&mark, run);
    if (status == VLY_OK && text && strstr(text, mark)) *out = false;
    vly_free(path);
    vly_free(text);
    vly_free(mark);
    return status;
}

/* Alone in it: what is there goes, or what says that the study is complete. */
static vly_status clear(const vly_run *run, bool overwrite)
{
    return overwrite ? vly_run_wipe(run) : vly_run_remove(run, "manifest.json");
}

/* Under the lock: the folder becomes this run's. Who shares it works on the same one: a piece must not be made from what
 * another run's settings left. */
static vly_status move_in(const vly_run *run, vly_lock *share, bool overwrite)
{
    char *path, holder[160];
    bool got, others;
    VLY_TRY(was_others(&others, run));
    const bool alone = overwrite || others;
    VLY_TRY(vly_run_path(&path, run, "pieces/.share.lock"));
    vly_status status = vly_lock_take(share, path, !alone, &got, holder);
    if (status == VLY_OK && !got)
        status = vly_fail(VLY_EAGAIN, "%s: others work in it (%s), %s has to wait for them", run->folder, holder,
                          overwrite ? "--overwrite" : "a study with other settings or inputs");
    if (status == VLY_OK && alone) {
        status = clear(run, overwrite);
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

/* Without a folder to compare with, no input is read for a plan. */
static bool nothing_there(const vly_run *run)
{
    char *path;
    if (vly_run_path(&path, run, "pieces") != VLY_OK) return false;
    const bool there = vly_path_is_folder(path);
    vly_free(path);
    return !there;
}

static vly_status plan(vly_run *run, const char *study_path, const vly_settings *given)
{
    VLY_TRY(vly_study_read(&run->study, study_path, given));
    const vly_settings *settings = &run->study->settings;
    VLY_TRY(vly_run_list(run));
    VLY_TRY(vly_run_select(run, settings->stages_only, settings->stage_from));
    const bool fresh = settings->dry_run && (settings->overwrite || nothing_there(run));
    return fresh ? vly_run_find_inputs(run) : vly_run_keys(run);
}

static vly_status execute(vly_run *run, bool *complete)
{
    const bool overwrite = run->study->settings.overwrite, dry = run->study->settings.dry_run;
    vly_lock share = VLY_LOCK_NONE;
    vly_status status = dry ? vly_run_refuse_foreign(run, overwrite) : open_folder(run, &share, overwrite);
    if (status == VLY_OK && !(dry && overwrite)) status = vly_run_judge(run);
    for (int32_t i = 0; i < run->count && status == VLY_OK; i++)
        vly_run_tell(run, &run->pieces[i], vly_piece_state_name(run->pieces[i].state), run->pieces[i].reason);
    if (status == VLY_OK && dry) status = vly_run_estimate(run);
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
        copy->kind = piece->kind->name;
        copy->state = piece->state;
        copy->seconds = piece->seconds;
        copy->host_bytes = piece->cost.bytes;
        copy->moved_bytes = piece->cost.moved;
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
