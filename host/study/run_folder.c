/* The folder as a whole. A study may grow in its folder, and its settings and inputs may change there; a piece that it has not
 * any more, or another file as the volume of a sample, makes it another study, which would write over this one. */
#include "study/run_impl.h"

#include "core/file.h"
#include "core/memory.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char advice[] = "another -o, or --overwrite to start afresh, expected";

/* What a sample is known by is another file under another path. Files that options name may be others: what depends on them
 * is computed again. */
static vly_status refuse_input(const vly_run *run, const vly_piece *piece, const json_t *record)
{
    const json_t *depends = json_object_get(record, "depends"), *paths = json_object_get(record, "paths");
    for (int32_t i = 0; i < run->input_count; i++) {
        const vly_run_input *input = &run->inputs[i];
        const char *before = vly_json_text(json_object_get(depends, "inputs"), input->role);
        if (!vly_run_reads(piece, input) || !*before || !vly_listed("grey trinarised", input->role)) continue;
        if (strcmp(before, input->hex) != 0 && strcmp(vly_json_text(paths, input->role), input->path) != 0)
            return vly_fail(VLY_EOUTPUT, "%s: holds %s of %s, this study names %s; %s", run->folder, piece->name,
                            vly_json_text(paths, input->role), input->path, advice);
    }
    return VLY_OK;
}

static vly_status refuse_record(const vly_run *run, const char *name)
{
    vly_document *record;
    const vly_piece *piece = run->pieces;
    while (piece < run->pieces + run->count && strcmp(piece->name, name) != 0) piece++;
    if (piece == run->pieces + run->count)
        return vly_fail(VLY_EOUTPUT, "%s: holds %s, which this study has not; %s", run->folder, name, advice);
    VLY_TRY(vly_record_read(&record, run, name));
    if (!record) return VLY_OK;
    vly_status status = refuse_input(run, piece, record->root);
    vly_document_free(record);
    return status;
}

typedef struct record_work {
    const vly_run *run;
    vly_status (*what)(const vly_run *, const char *);
} record_work;

static vly_status take_entry(void *self, const char *name)
{
    const record_work *work = self;
    char piece[300];
    size_t length = strlen(name);
    if (name[0] == '.' || length < 6 || strcmp(name + length - 5, ".json") != 0) return VLY_OK;
    snprintf(piece, sizeof piece, "%.*s", (int)length - 5, name);
    return work->what(work->run, piece);
}

/* Calls `what` with the name of every record there is. */
static vly_status for_each_record(const vly_run *run, vly_status (*what)(const vly_run *, const char *))
{
    record_work work = {run, what};
    char *folder;
    VLY_TRY(vly_run_path(&folder, run, "pieces"));
    vly_status status = vly_path_is_folder(folder) ? vly_folder_each(folder, take_entry, &work) : VLY_OK;
    vly_free(folder);
    return status;
}

static vly_status note_visible(void *self, const char *name)
{
    bool *found = self;
    *found |= name[0] != '.';
    return VLY_OK;
}

vly_status vly_run_refuse_foreign(const vly_run *run, bool overwrite)
{
    char *records;
    bool files = false;
    if (vly_path_is_folder(run->folder)) VLY_TRY(vly_folder_each(run->folder, note_visible, &files));
    VLY_TRY(vly_run_path(&records, run, "pieces"));
    bool ours = vly_path_is_folder(records); /* asked last: who moves in just now makes it before any file */
    vly_free(records);
    if (!ours && files)
        return vly_fail(VLY_EOUTPUT, "%s: holds files but no study, an empty or new folder expected", run->folder);
    return overwrite ? VLY_OK : for_each_record(run, refuse_record);
}

vly_status vly_run_remove(const vly_run *run, const char *name)
{
    char *path;
    VLY_TRY(vly_run_path(&path, run, name));
    vly_status status = vly_file_remove(path);
    vly_free(path);
    return status;
}

static vly_status wipe_record(const vly_run *run, const char *name)
{
    vly_document *record;
    char *own;
    vly_status status = VLY_OK;
    VLY_TRY(vly_record_read(&record, run, name));
    const json_t *outputs = record ? json_object_get(record->root, "outputs") : NULL;
    for (size_t i = 0; i < json_array_size(outputs) && status == VLY_OK; i++) {
        const char *output = vly_json_text(json_array_get(outputs, i), "path");
        bool inside = *output && output[0] != '/' && !strstr(output, "..");
        if (inside) status = vly_run_remove(run, output);
    }
    vly_document_free(record);
    if (status != VLY_OK) return status;
    VLY_TRY(vly_format(&own, "pieces/%s.json", name));
    status = vly_run_remove(run, own);
    vly_free(own);
    return status;
}

static vly_status wipe_figure(void *self, const char *name)
{
    const char *ending = strrchr(name, '.');
    char *path;
    if (!ending || (strcmp(ending, ".svg") != 0 && strcmp(ending, ".csv") != 0)) return VLY_OK;
    VLY_TRY(vly_format(&path, "figures/%s", name));
    vly_status status = vly_run_remove(self, path);
    vly_free(path);
    return status;
}

vly_status vly_run_wipe_figures(const vly_run *run)
{
    char *path;
    VLY_TRY(vly_run_path(&path, run, "figures"));
    vly_status status = VLY_OK;
    if (vly_path_is_folder(path)) status = vly_folder_each(path, wipe_figure, (void *)run);
    vly_free(path);
    return status;
}

vly_status vly_run_wipe(const vly_run *run)
{
    static const char *const names[] = {"manifest.json",   "study.yaml",  "summary.csv",
                                        "uncertainty.csv", "report.html", "log.txt"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) VLY_TRY(vly_run_remove(run, names[i]));
    VLY_TRY(vly_run_wipe_figures(run));
    return for_each_record(run, wipe_record);
}

/* ---- making room ---- */

typedef struct parts {
    const char *folder;
    char start[300]; /* of their names */
} parts;

static vly_status remove_part(void *self, const char *name)
{
    const parts *p = self;
    char path[VLY_PATH_BYTES + 300];
    if (strncmp(name, p->start, strlen(p->start)) != 0 || !strstr(name, ".part-")) return VLY_OK;
    snprintf(path, sizeof path, "%s/%s", p->folder, name);
    unlink(path); /* a leftover that stays does no harm */
    return VLY_OK;
}

/* Removes what killed processes left in a folder: .NAME.part-PID of one file, or of all if name is "". */
static void remove_parts(const char *folder, const char *name)
{
    parts p = {.folder = folder};
    snprintf(p.start, sizeof p.start, ".%.250s%s", name, *name ? ".part-" : "");
    if (vly_path_is_folder(folder)) (void)vly_folder_each(folder, remove_part, &p);
}

void vly_run_clear_parts(const vly_run *run, const char *name)
{
    char *path;
    if (vly_run_path(&path, run, name) != VLY_OK) return;
    remove_parts(path, "");
    vly_free(path);
}

/* Every folder on the way to `path` from its character `from` on. */
static vly_status make_folders(char *path, size_t from)
{
    vly_status status = VLY_OK;
    for (char *slash = strchr(path + from, '/'); status == VLY_OK && slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (*path && !vly_path_is_folder(path)) status = vly_folder_make(path);
        *slash = '/';
    }
    return status;
}

vly_status vly_run_make_folder(const vly_run *run)
{
    char *path;
    VLY_TRY(vly_format(&path, "%s/", run->folder));
    vly_status status = make_folders(path, 0);
    vly_free(path);
    return status;
}

vly_status vly_run_make_room(const vly_run *run, const char *name)
{
    char *path;
    VLY_TRY(vly_run_path(&path, run, name));
    vly_status status = make_folders(path, strlen(run->folder) + 1);
    char *slash = strrchr(path, '/');
    *slash = 0;
    if (status == VLY_OK) remove_parts(path, slash + 1);
    vly_free(path);
    return status;
}
