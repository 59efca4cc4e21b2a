/* A run: claims pieces that are ready, one at a time, until none is left to claim. Processes that share a folder need no
 * master: each piece has a lock, and whoever gets it looks again whether the piece is still to be done. */
#include "study/run_impl.h"

#include "core/device_impl.h"
#include "core/file.h"
#include "core/memory.h"
#include "study/run_lock.h"
#include "study/uncertainty.h"
#include "voxelyte/report.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static double clock_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

vly_status vly_run_log(const vly_run *run, const char *format, ...)
{
    char message[1200], when[32], line[1300], *path;
    va_list arguments;
    struct tm utc;
    time_t now = time(NULL);
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    snprintf(line, sizeof line, "%s %s\n", when, message);
    VLY_TRY(vly_run_path(&path, run, "log.txt"));
    vly_status status = vly_file_append_text(path, line);
    vly_free(path);
    return status;
}

/* ---- telling which piece it is that works ---- */

typedef struct teller {
    const vly_run *run;
    const char *piece;
    vly_progress outer;
} teller;

static void tell_update(void *self, const char *stage, int64_t done, int64_t total, const char *unit)
{
    const teller *t = self;
    char name[160];
    snprintf(name, sizeof name, "%s: %s", t->piece, stage);
    if (t->outer.update) t->outer.update(t->outer.self, name, done, total, unit);
}

static void tell_warn(void *self, const char *message)
{
    const teller *t = self;
    (void)vly_run_log(t->run, "%s: warning: %s", t->piece, message); /* a log that cannot be written stops nothing */
    if (t->outer.warn) t->outer.warn(t->outer.self, message);
}

static vly_status tell_stop(void *self)
{
    const teller *t = self;
    return t->outer.stop ? t->outer.stop(t->outer.self) : VLY_OK;
}

void vly_run_tell(const vly_run *run, const vly_piece *piece, const char *state, const char *reason)
{
    const vly_progress *to = &run->device->progress;
    vly_piece_news news = {piece->name, state, reason, 0.0, 0, run->count};
    if (!to->piece) return;
    if (vly_piece_done(piece)) news.seconds = piece->seconds;
    for (int32_t i = 0; i < run->count; i++) news.done += vly_piece_done(&run->pieces[i]);
    to->piece(to->self, &news);
}

static vly_status work_told(vly_run *run, const vly_piece *piece)
{
    teller t = {run, piece->name, run->device->progress};
    run->device->progress = (vly_progress){tell_update, tell_warn, tell_stop, &t, NULL};
    vly_status status = piece->kind->work(run, piece);
    run->device->progress = t.outer;
    return status;
}

/* ---- one piece ---- */

static vly_status make_room(const vly_run *run, const vly_piece *piece)
{
    char record[VLY_NAME_MAX + 80];
    VLY_TRY(vly_run_remove(run, "manifest.json")); /* the study is not complete any more */
    snprintf(record, sizeof record, "pieces/%s.json", piece->name);
    VLY_TRY(vly_run_make_room(run, record));
    snprintf(record, sizeof record, "pieces/.%s.checkpoint", piece->name);
    VLY_TRY(vly_run_make_room(run, record));
    for (int32_t i = 0; i < VLY_PIECE_OUTPUTS && piece->outputs[i]; i++)
        VLY_TRY(vly_run_make_room(run, piece->outputs[i]));
    return VLY_OK;
}

/* Nothing else has to share the memory with it. */
static void forget_network(vly_run *run, const vly_piece *next)
{
    if (vly_piece_asks_network(next) && run->field_of == next->sample) return;
    vly_mlp_field_free(run->field);
    run->field = NULL;
    run->field_of = next->sample;
}

static vly_status compute(vly_run *run, vly_piece *piece)
{
    double start = clock_seconds();
    forget_network(run, piece);
    VLY_TRY(vly_run_log(run, "%s: begins%s%s", piece->name, *piece->reason ? " again, " : "", piece->reason));
    VLY_TRY(vly_run_forget_dependants(run, piece));
    VLY_TRY(make_room(run, piece));
    vly_run_tell(run, piece, "begins", piece->reason);
    vly_status status = work_told(run, piece);
    if (status != VLY_OK) {
        char message[1000];
        const bool stopped = status == VLY_EAGAIN || status == VLY_ECANCELLED;
        snprintf(message, sizeof message, "%s", vly_error_message());
        (void)vly_run_log(run, "%s: %s", piece->name, message);
        vly_run_tell(run, piece, stopped ? "interrupted" : "failed", stopped ? "" : message);
        if (stopped)
            return vly_fail(status, "%s: interrupted in %s; run the same command again to go on", run->folder,
                            piece->name);
        return vly_fail(status, "%s: %s", piece->name, message);
    }
    piece->seconds = round(1e3 * (clock_seconds() - start)) / 1e3;
    VLY_TRY(vly_piece_record(run, piece));
    piece->state = VLY_PIECE_COMPUTED;
    piece->again = false;
    vly_run_tell(run, piece, vly_piece_state_name(piece->state), "");
    return vly_run_log(run, "%s: done in %.1f s", piece->name, piece->seconds);
}

/* *moved: the piece is done now, by this process or by another. */
static vly_status claim(vly_run *run, vly_piece *piece, bool *moved)
{
    char name[VLY_NAME_MAX + 80], holder[160], *path;
    vly_lock lock = VLY_LOCK_NONE;
    bool got;
    snprintf(name, sizeof name, "pieces/%s.lock", piece->name);
    VLY_TRY(vly_run_path(&path, run, name));
    vly_status status = vly_lock_take(&lock, path, false, &got, holder);
    vly_free(path);
    if (status != VLY_OK) return status;
    if (!got) {
        piece->state = VLY_PIECE_ELSEWHERE;
        snprintf(piece->reason, sizeof piece->reason, "%s has it", *holder ? holder : "another process");
        vly_run_tell(run, piece, vly_piece_state_name(piece->state), piece->reason);
        return VLY_OK;
    }
    status = vly_piece_judge(run, piece);
    if (status == VLY_OK && vly_piece_done(piece)) vly_run_tell(run, piece, vly_piece_state_name(piece->state), "");
    if (status == VLY_OK && !vly_piece_done(piece)) status = compute(run, piece);
    *moved = status == VLY_OK;
    vly_lock_release(&lock);
    return status;
}

static bool ready(const vly_run *run, const vly_piece *piece)
{
    for (const vly_piece *other = run->pieces; other < piece; other++)
        if (vly_piece_needs(piece, other) && !vly_piece_done(other)) return false;
    return true;
}

/* ---- all of them ---- */

vly_status vly_run_work_off(vly_run *run)
{
    const vly_piece *waiting = NULL;
    for (bool moved = true; moved;) {
        moved = false;
        waiting = NULL;
        for (int32_t i = 0; i < run->count; i++) {
            vly_piece *piece = &run->pieces[i];
            if (!piece->asked || vly_piece_done(piece)) continue;
            if (!ready(run, piece)) continue;
            VLY_TRY(vly_device_stop(run->device));
            VLY_TRY(claim(run, piece, &moved));
            if (!vly_piece_done(piece)) waiting = piece;
        }
    }
    if (waiting)
        return vly_fail(VLY_EAGAIN, "%s: all that is left is being done by others (%s: %s); run the same command again",
                        run->folder, waiting->name, waiting->reason);
    return VLY_OK;
}

static bool all_done(const vly_run *run)
{
    for (int32_t i = 0; i < run->count; i++)
        if (!vly_piece_done(&run->pieces[i])) return false;
    return true;
}

static bool has_labels(const vly_run *run)
{
    for (int32_t i = 0; i < run->count; i++)
        if (run->pieces[i].method >= 0 && vly_piece_done(&run->pieces[i])) return true;
    return false;
}

/* A process killed between its record and its lock leaves the lock's file, and one killed in the report its parts. */
static void sweep(const vly_run *run)
{
    for (int32_t i = 0; i < run->count; i++) {
        char *path, holder[160];
        vly_lock lock;
        bool got;
        if (!vly_piece_done(&run->pieces[i])) continue;
        if (vly_format(&path, "%s/pieces/%s.lock", run->folder, run->pieces[i].name) != VLY_OK) return;
        if (vly_path_exists(path) && vly_lock_take(&lock, path, false, &got, holder) == VLY_OK) vly_lock_release(&lock);
        vly_free(path);
    }
    vly_run_clear_parts(run, "figures");
}

static vly_status write_uncertainty(const vly_run *run)
{
    vly_uncertainty u;
    char *path;
    VLY_TRY(vly_run_path(&path, run, "summary.csv"));
    vly_status status = vly_uncertainty_read(&u, path);
    vly_free(path);
    if (status != VLY_OK) return status;
    status = vly_uncertainty_write(&u, run->folder);
    vly_uncertainty_free(&u);
    return status;
}

vly_status vly_run_finish(vly_run *run, bool *complete)
{
    vly_lock lock;
    char *path;
    VLY_TRY(vly_run_path(&path, run, "pieces/.finish.lock"));
    vly_status status = vly_lock_wait(&lock, path);
    vly_free(path);
    if (status != VLY_OK) return status;
    *complete = all_done(run);
    sweep(run);
    if (!*complete || !vly_manifest_holds(run)) {
        static const char *const names[] = {"summary.csv", "uncertainty.csv", "report.html", "manifest.json"};
        for (size_t i = 0; i < sizeof names / sizeof *names && status == VLY_OK; i++)
            status = vly_run_make_room(run, names[i]);
        if (status == VLY_OK) status = vly_summary_write(run);
        if (status == VLY_OK) status = write_uncertainty(run);
        if (status == VLY_OK) status = vly_run_wipe_figures(run);
        if (status == VLY_OK && has_labels(run)) status = vly_report_write(run->folder);
        if (status == VLY_OK && *complete) status = vly_manifest_write(run);
        if (status == VLY_OK && *complete) status = vly_run_log(run, "the study is complete, run %s", run->run_id);
    }
    vly_lock_release(&lock);
    return status;
}
