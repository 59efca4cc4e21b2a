/* Labels to the curve of a half cell, one current or several. Several are one run after the other, each in a folder of its
 * own, so that what is done stays done when it is stopped. */
#include "study/job_impl.h"

#include "core/file.h"
#include "core/memory.h"
#include "core/number.h"
#include "study/lithiate_document.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Where profiles and sections are taken, as parts of the charge that theory allows; and at the end. */
static const double SEEN_AT[] = {0.25, 0.5, 0.75};
enum { SEEN = sizeof SEEN_AT / sizeof *SEEN_AT };

typedef struct lithiating {
    vly_job job;
    vly_source *labels;
    vly_materials *materials;
    vly_cell *cell;
    vly_cell_options cell_options;
    vly_lithiate_options options;
    double marks[VLY_LIST_MOST];
    char *folder, *curve, *result, *checkpoint, *fields; /* NULL: nothing is written */
    bool one_of_several;
    const char *own_curve, *own_checkpoint; /* a study's names for them; the document is then the study's to write */
    vly_document *before;                   /* what an earlier call left of the same run; NULL: nothing */
} lithiating;

/* ---- options ---- */

static vly_status take_options(lithiating *l)
{
    const vly_settings *s = l->job.settings;
    const vly_volume_info *info = vly_source_info(l->labels);
    vly_box window;
    VLY_TRY(vly_job_materials(&l->job, &l->materials));
    VLY_TRY(vly_job_window(&window, s, info));
    VLY_TRY(vly_job_crop(&window, s, info->path));
    l->cell_options = vly_job_cell_options(s, l->materials, window);
    vly_document_set(l->job.document, "window", vly_job_box(window));
    return VLY_OK;
}

/* The states that are looked at: those that were asked for, or some. */
static void take_marks(lithiating *l)
{
    const vly_settings *s = l->job.settings;
    vly_cell_outlook look;
    vly_cell_look(&look, l->cell);
    l->options = VLY_LITHIATE_OPTIONS_INIT;
    l->options.current = VLY_MA_CM2 * s->currents.at[0];
    l->options.tolerance = s->time_tolerance;
    l->options.fields = l->marks;
    l->options.field_count = s->fields.count > 0 ? s->fields.count : SEEN;
    for (int32_t i = 0; i < l->options.field_count; i++)
        l->marks[i] = s->fields.count > 0 ? VLY_MAH_CM2 * s->fields.at[i] : SEEN_AT[i] * look.theory;
    l->options.field_path = l->fields;
    l->options.checkpoint = l->checkpoint;
    l->options.overwrite = s->overwrite;
}

/* ---- where it goes ---- */

static vly_status name_files(lithiating *l)
{
    const vly_settings *s = l->job.settings;
    if (l->own_curve) VLY_TRY(vly_strdup(&l->curve, l->own_curve));
    if (l->own_curve) return vly_strdup(&l->checkpoint, l->own_checkpoint);
    if (!*s->output) return VLY_OK;
    VLY_TRY(vly_strdup(&l->folder, s->output));
    VLY_TRY(vly_format(&l->curve, "%s/curve.csv", s->output));
    VLY_TRY(vly_format(&l->result, "%s/result.json", s->output));
    VLY_TRY(vly_format(&l->checkpoint, "%s/checkpoint", s->output));
    if (s->fields.count > 0) VLY_TRY(vly_format(&l->fields, "%s/fields", s->output));
    return VLY_OK;
}

static vly_status refuse_existing(const lithiating *l)
{
    const char *const files[] = {l->result, l->curve};
    if (l->one_of_several) return VLY_OK;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (files[i] && !l->job.settings->overwrite && vly_path_exists(files[i]))
            return vly_fail(VLY_EOUTPUT, "%s: exists already, --overwrite replaces it", files[i]);
    return VLY_OK;
}

static void free_all(lithiating *l)
{
    vly_document_free(l->before);
    vly_cell_free(l->cell);
    vly_materials_free(l->materials);
    vly_source_close(l->labels);
    char *const names[] = {l->folder, l->curve, l->result, l->checkpoint, l->fields};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) vly_free(names[i]);
}

/* ---- one current ---- */

static void add_plan(lithiating *l)
{
    vly_cell_outlook look;
    const double unknowns = (double)vly_cell_found(l->cell)->unknowns;
    vly_cell_look(&look, l->cell);
    vly_document_set(
        l->job.document, "plan",
        json_pack("{s:I, s:I, s:i, s:f}", "unknowns", (json_int_t)unknowns, "host_bytes", (json_int_t)look.bytes,
                  "currents", l->job.settings->currents.count, "seconds",
                  vly_job_curve_seconds(l->job.device, unknowns) * (double)l->job.settings->currents.count));
}

static vly_status write_results(lithiating *l, const vly_lithiate_result *result)
{
    vly_text csv = {0};
    if (!l->curve) return VLY_OK;
    vly_lithiate_csv(&csv, result);
    vly_status status = csv.status;
    /* one without its result was left by who was killed between the two */
    if (status == VLY_OK && l->one_of_several) status = vly_file_remove(l->curve);
    if (status == VLY_OK) status = vly_job_publish(&l->job, l->curve, NULL, csv.text);
    vly_text_free(&csv);
    return status;
}

/* Of several currents some may be done: what is in the folder then is either of this run, or not to be touched. */
static vly_status look_before(lithiating *l, const char *key)
{
    if (!l->one_of_several || !l->result || l->job.settings->overwrite || !vly_path_exists(l->result)) return VLY_OK;
    VLY_TRY(vly_document_read(&l->before, l->result));
    const char *run = vly_document_string(l->before, "run");
    if (run && strcmp(run, key) == 0) return VLY_OK;
    return vly_fail(VLY_EOUTPUT, "%s: is of other labels, materials or options; --overwrite replaces it", l->result);
}

static vly_status march(lithiating *l)
{
    vly_lithiate_result result;
    char key[VLY_LITHIATE_KEY];
    take_marks(l);
    VLY_TRY(vly_lithiate_key(key, l->cell, &l->options));
    vly_document_set(l->job.document, "run", json_string(key));
    VLY_TRY(look_before(l, key));
    if (l->before) return VLY_OK;
    if (l->folder) VLY_TRY(vly_folder_make(l->folder));
    VLY_TRY(vly_lithiate(&result, l->cell, &l->options));
    vly_lithiate_document(l->job.document, &result, l->cell, l->options.current);
    vly_status status = write_results(l, &result);
    vly_lithiate_result_free(&result);
    return status;
}

static vly_status work(lithiating *l)
{
    const vly_settings *s = l->job.settings;
    VLY_TRY(name_files(l));
    if (!s->dry_run) VLY_TRY(refuse_existing(l));
    VLY_TRY(vly_job_open_cell_labels(&l->job, &l->labels, s->inputs[0]));
    VLY_TRY(take_options(l));
    if (!s->dry_run) VLY_TRY(vly_job_digest_inputs(&l->job));
    VLY_TRY(vly_cell_create(&l->cell, l->job.device, l->labels, &l->cell_options));
    vly_cell_document(l->job.document, l->cell, l->materials, s);
    if (!s->dry_run) return march(l);
    add_plan(l);
    return VLY_OK;
}

static vly_status keep_result(vly_document **out, const lithiating *l)
{
    if (!l->result || l->job.settings->dry_run) return VLY_OK;
    VLY_TRY(vly_document_write(*out, l->result, true));
    return vly_file_remove(l->checkpoint);
}

static vly_status finish(vly_document **out, vly_device *device, const vly_settings *settings, lithiating *l)
{
    *out = NULL;
    VLY_TRY(vly_job_begin(&l->job, device, settings, "lithiate"));
    vly_status status = work(l);
    status = vly_job_end(&l->job, status, out);
    if (status == VLY_OK && l->before) {
        vly_document_free(*out);
        *out = l->before;
        l->before = NULL;
    } else if (status == VLY_OK) {
        status = keep_result(out, l);
    }
    if (status != VLY_OK) {
        vly_document_free(*out);
        *out = NULL;
    }
    free_all(l);
    return status;
}

/* Of settings->currents the first. */
static vly_status one(vly_document **out, vly_device *device, const vly_settings *settings, bool one_of_several)
{
    lithiating l = {.one_of_several = one_of_several};
    return finish(out, device, settings, &l);
}

vly_status vly_job_lithiate_curve(vly_document **out, vly_device *device, const vly_settings *settings,
                                  const char *curve, const char *checkpoint)
{
    lithiating l = {.own_curve = curve, .own_checkpoint = checkpoint};
    return finish(out, device, settings, &l);
}

/* ---- several ---- */

/* The numbers of a curve, for the list. */
static json_t *brief(const vly_document *document, const char *folder)
{
    static const char *const keys[] = {
        "current_ma_cm2",    "capacity_mah_cm2",    "cutoff_v",           "stop_reason", "steps", "newton_iterations",
        "linear_iterations", "lithium_balance_rel", "charge_balance_rel", "failure"};
    json_t *o = json_object();
    bool lost = *folder && json_object_set_new(o, "folder", vly_json_string(folder)) != 0;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        json_t *value = json_object_get(document->root, keys[i]);
        if (value) lost |= json_object_set(o, keys[i], value) != 0;
    }
    if (!lost) return o;
    json_decref(o);
    return NULL;
}

/* In OUT/6 where 6 is the current; nowhere without an output. */
static vly_status run_current(vly_document **out, vly_device *device, vly_settings *each, const vly_settings *settings,
                              double current)
{
    char number[VLY_NUMBER_BYTES];
    *out = NULL;
    *each = *settings;
    each->currents = (vly_list){1, {current}};
    vly_number_write(number, current);
    if (*settings->output &&
        snprintf(each->output, sizeof each->output, "%s/%s", settings->output, number) >= (int)sizeof each->output)
        return vly_fail(VLY_EUSAGE, "%s: the path is too long", settings->output);
    return one(out, device, each, true);
}

static vly_status run_all(vly_job *job, vly_settings *each)
{
    const vly_settings *settings = job->settings;
    json_t *curves = json_array();
    vly_status status = *settings->output ? vly_folder_make(settings->output) : VLY_OK;
    for (int32_t i = 0; i < settings->currents.count && status == VLY_OK; i++) {
        vly_document *document;
        status = run_current(&document, job->device, each, settings, settings->currents.at[i]);
        if (status != VLY_OK) break;
        if (json_array_append_new(curves, brief(document, *settings->output ? each->output : "")) != 0)
            job->document->broken = true;
        if (json_object_get(document->root, "failure"))
            vly_document_set(job->document, "failure", json_incref(json_object_get(document->root, "failure")));
        vly_document_free(document);
    }
    vly_document_set(job->document, "curves", curves);
    return status;
}

static vly_status several(vly_document **out, vly_device *device, const vly_settings *settings)
{
    vly_settings *each = NULL;
    vly_source *labels = NULL;
    vly_job job;
    char *path = NULL;
    VLY_TRY(vly_job_begin(&job, device, settings, "lithiate"));
    vly_status status = vly_job_open_cell_labels(&job, &labels, settings->inputs[0]);
    vly_source_close(labels);
    if (status == VLY_OK) status = vly_job_digest_inputs(&job);
    if (status == VLY_OK) status = VLY_NEW(&each, 1, "settings");
    if (status == VLY_OK) status = run_all(&job, each);
    status = vly_job_end(&job, status, out);
    if (status == VLY_OK && *settings->output) {
        status = vly_format(&path, "%s/result.json", settings->output);
        if (status == VLY_OK) status = vly_document_write(*out, path, true);
        vly_free(path);
    }
    vly_free(each);
    if (status == VLY_OK) return VLY_OK;
    vly_document_free(*out);
    *out = NULL;
    return status;
}

vly_status vly_job_lithiate(vly_document **out, vly_device *device, const vly_settings *settings)
{
    *out = NULL;
    if (settings->input_count != 1)
        return vly_fail(VLY_EUSAGE, "lithiate: %d label volumes, one expected", settings->input_count);
    if (settings->currents.count == 0)
        return vly_fail(VLY_EUSAGE, "lithiate: no current, --current 6 (mA/cm2) or several expected");
    for (int32_t i = 0; i < settings->currents.count; i++)
        if (settings->currents.at[i] == 0.0)
            return vly_fail(VLY_EUSAGE, "lithiate: a current of 0, another one expected");
    for (int32_t i = 1; i < settings->fields.count; i++)
        if (!(settings->fields.at[i] > settings->fields.at[i - 1]))
            return vly_fail(VLY_EUSAGE, "lithiate: --fields in ascending order expected");
    if (settings->currents.count == 1 || settings->dry_run) return one(out, device, settings, false);
    return several(out, device, settings);
}
