/* Records: what a finished piece leaves in pieces/, and whether it is still true. */
#include "study/run_impl.h"

#include "core/file.h"
#include "core/memory.h"

#include <stdio.h>
#include <string.h>

vly_status vly_record_read(vly_document **out, const vly_run *run, const char *piece)
{
    char *path;
    *out = NULL;
    VLY_TRY(vly_format(&path, "%s/pieces/%s.json", run->folder, piece));
    vly_status status = vly_path_exists(path) ? vly_document_read(out, path) : VLY_OK;
    vly_free(path);
    return status == VLY_EMEMORY ? status : VLY_OK; /* a record that cannot be read is none */
}

/* ---- why a key differs ---- */

const char *vly_json_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

const char *vly_record_setting(const json_t *before, const json_t *now)
{
    const char *key;
    json_t *value, *old = json_object_get(before, "settings"), *new = json_object_get(now, "settings");
    json_object_foreach(new, key, value)
    {
        if (json_object_get(old, key) && strcmp(vly_json_text(old, key), json_string_value(value)) != 0) return key;
    }
    return NULL;
}

static void explain(vly_piece *piece, const json_t *before)
{
    const char *role, *setting = vly_record_setting(before, piece->depends);
    json_t *hex;
    piece->state = VLY_PIECE_STALE;
    if (setting) {
        snprintf(piece->reason, sizeof piece->reason, "%.40s was %.60s and is %.60s", setting,
                 vly_json_text(json_object_get(before, "settings"), setting),
                 vly_json_text(json_object_get(piece->depends, "settings"), setting));
        return;
    }
    snprintf(piece->reason, sizeof piece->reason, "what it needs has changed");
    if (!json_equal(json_object_get(before, "format"), json_object_get(piece->depends, "format")))
        snprintf(piece->reason, sizeof piece->reason, "another version of the program made it");
    json_object_foreach(json_object_get(piece->depends, "inputs"), role, hex)
    {
        const bool volume = vly_listed("grey mask truth fib edx am trinarised", role);
        if (strcmp(vly_json_text(json_object_get(before, "inputs"), role), json_string_value(hex)) != 0)
            snprintf(piece->reason, sizeof piece->reason, "the %.60s %s changed", role, volume ? "volume has" : "has");
    }
}

/* ---- judging ---- */

static void check_outputs(const vly_run *run, vly_piece *piece, const json_t *outputs)
{
    for (int32_t i = 0; i < VLY_PIECE_OUTPUTS && piece->outputs[i]; i++) {
        char hex[VLY_DIGEST_BYTES] = "", *path;
        const json_t *output = json_array_get(outputs, (size_t)i);
        if (vly_run_path(&path, run, piece->outputs[i]) != VLY_OK) return;
        bool there = vly_path_exists(path), read = there && vly_digest_file(hex, NULL, path) == VLY_OK;
        vly_free(path);
        if (read && strcmp(vly_json_text(output, "path"), piece->outputs[i]) == 0 &&
            strcmp(vly_json_text(output, "xxh128"), hex) == 0)
            continue;
        piece->state = VLY_PIECE_STALE;
        snprintf(piece->reason, sizeof piece->reason, "%.160s %s", piece->outputs[i],
                 there ? "is not as it was written" : "is missing");
        return;
    }
}

vly_status vly_piece_judge(const vly_run *run, vly_piece *piece)
{
    vly_document *record;
    piece->state = VLY_PIECE_MISSING;
    piece->reason[0] = 0;
    VLY_TRY(vly_record_read(&record, run, piece->name));
    if (!record) return VLY_OK;
    double seconds = vly_document_number(record, "seconds");
    piece->seconds = seconds > 0 ? seconds : 0;
    piece->state = VLY_PIECE_FINISHED;
    if (strcmp(vly_json_text(record->root, "key"), piece->key) != 0)
        explain(piece, json_object_get(record->root, "depends"));
    else
        check_outputs(run, piece, json_object_get(record->root, "outputs"));
    if (piece->again && piece->state == VLY_PIECE_FINISHED) {
        piece->state = VLY_PIECE_STALE;
        snprintf(piece->reason, sizeof piece->reason, "--from asks for it");
    }
    vly_document_free(record);
    return VLY_OK;
}

/* What was made from a piece that is made anew is made anew with it: who damaged the one may have read the other. */
vly_status vly_run_judge(vly_run *run)
{
    for (int32_t i = 0; i < run->count; i++) {
        vly_piece *piece = &run->pieces[i];
        VLY_TRY(vly_piece_judge(run, piece));
        for (const vly_piece *other = run->pieces; other < piece && piece->state == VLY_PIECE_FINISHED; other++) {
            if (vly_piece_done(other) || !vly_piece_needs(piece, other)) continue;
            piece->state = VLY_PIECE_STALE;
            snprintf(piece->reason, sizeof piece->reason, "%.120s is computed again", other->name);
        }
    }
    return VLY_OK;
}

static vly_status forget(const vly_run *run, const vly_piece *piece)
{
    char record[VLY_NAME_MAX + 80];
    snprintf(record, sizeof record, "pieces/%s.json", piece->name);
    VLY_TRY(vly_run_remove(run, record));
    return vly_run_forget_dependants(run, piece);
}

vly_status vly_run_forget_dependants(const vly_run *run, const vly_piece *piece)
{
    for (const vly_piece *other = piece + 1; other < run->pieces + run->count; other++)
        if (vly_piece_needs(other, piece)) VLY_TRY(forget(run, other));
    return VLY_OK;
}

/* ---- recording ---- */

static vly_status describe_outputs(const vly_run *run, const vly_piece *piece, json_t *outputs)
{
    for (int32_t i = 0; i < VLY_PIECE_OUTPUTS && piece->outputs[i]; i++) {
        char hex[VLY_DIGEST_BYTES], *path;
        int64_t bytes = 0;
        VLY_TRY(vly_run_path(&path, run, piece->outputs[i]));
        vly_status status = vly_digest_file(hex, &bytes, path);
        vly_free(path);
        if (status != VLY_OK) return status;
        if (json_array_append_new(outputs, json_pack("{s:s, s:I, s:s}", "path", piece->outputs[i], "bytes",
                                                     (json_int_t)bytes, "xxh128", hex)) != 0)
            return vly_fail(VLY_EMEMORY, "%s: out of memory", piece->name);
    }
    return VLY_OK;
}

bool vly_run_reads(const vly_piece *piece, const vly_run_input *input)
{
    return input->sample == piece->sample && (input->method < 0 || input->method == piece->method);
}

/* Where its inputs lay: a file that moved is the same input, another file under another path is another study. */
static json_t *paths_of(const vly_run *run, const vly_piece *piece)
{
    json_t *paths = json_object();
    bool good = true;
    for (int32_t i = 0; i < run->input_count; i++) {
        const vly_run_input *input = &run->inputs[i];
        if (vly_run_reads(piece, input))
            good &= json_object_set_new(paths, input->role, vly_json_string(input->path)) == 0;
    }
    if (good) return paths;
    json_decref(paths);
    return NULL;
}

vly_status vly_piece_record(const vly_run *run, const vly_piece *piece)
{
    vly_document *record;
    char *path = NULL;
    json_t *outputs = json_array();
    VLY_TRY(vly_document_create(&record, "run"));
    vly_status status = describe_outputs(run, piece, outputs);
    vly_document_set(record, "piece", json_string(piece->name));
    vly_document_set(record, "key", json_string(piece->key));
    vly_document_set(record, "depends", json_incref(piece->depends));
    vly_document_set(record, "paths", paths_of(run, piece));
    vly_document_set(record, "outputs", outputs);
    vly_document_set(record, "seconds", vly_json_real(piece->seconds));
    if (status == VLY_OK) status = vly_format(&path, "%s/pieces/%s.json", run->folder, piece->name);
    if (status == VLY_OK) status = vly_document_write(record, path, true);
    vly_free(path);
    vly_document_free(record);
    return status;
}
