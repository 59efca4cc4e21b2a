/* Label volumes and measured curves to gamma of the carbon-binder. The search is the engine's (voxelyte/fit.h); here are
 * the cut-outs, the curves of the experiment, the folder of simulations, and what is told beside gamma. */
#include "study/fit_document.h"

#include "core/file.h"
#include "core/memory.h"
#include "core/number.h"
#include "morphology/describe_impl.h"
#include "study/experiment.h"
#include "study/lithiate_document.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double USUAL_CURRENT = 6.0; /* mA/cm2: where gamma shows most (spec 8) */
static const double SAME_CURRENT = 0.01; /* relative */
enum { CURRENTS = VLY_LIST_MOST };

typedef struct fitting {
    vly_job job;
    vly_fit_runs runs;
    vly_materials *materials;
    double share; /* electrolyte in a voxel of carbon-binder */
    vly_fit_options options;
    vly_source *labels[VLY_JOB_INPUTS_MAX];
    vly_fit_window *windows; /* (cutouts) */
    int32_t cutouts;
    vly_experiment experiment;
    vly_fit_target target[2 * CURRENTS]; /* those fitted, then those predicted */
    int32_t targets, others;
    vly_fit_result result;
    vly_fit_told *told; /* (cutouts) */
} fitting;

/* ---- the experiment ---- */

static bool same(double a, double b)
{
    return fabs(a - b) <= SAME_CURRENT * b;
}

/* The currents that the file names, each once. */
static int32_t list_currents(double *out, const vly_experiment *e)
{
    int32_t count = 0;
    for (int64_t i = 0; i < e->count; i++) {
        bool known = isnan(e->current[i]) || e->current[i] == 0.0;
        for (int32_t k = 0; k < count && !known; k++) known = same(e->current[i], out[k]);
        if (!known && count < CURRENTS) out[count++] = e->current[i];
    }
    return count;
}

static vly_status refuse_current(const char *path, double current, const double *there, int32_t count)
{
    char text[400], number[VLY_NUMBER_BYTES];
    int at = 0;
    for (int32_t i = 0; i < count; i++) {
        vly_number_write(number, there[i]);
        at += snprintf(text + at, sizeof text - (size_t)at, "%s%s", i ? ", " : "", number);
    }
    return vly_fail(VLY_EDATA, "%s: no curve at %g mA/cm2, one of %s expected", path, current, text);
}

/* The points at one current, all of them where the file names none. current: mA/cm2. */
static vly_status take_curve(vly_fit_target *out, const vly_experiment *e, double current, bool named, const char *path)
{
    double *charge = NULL, *voltage = NULL;
    char name[VLY_PATH_BYTES];
    int64_t count = 0;
    snprintf(name, sizeof name, "%.3900s at %g mA/cm2", path, current);
    *out = (vly_fit_target){.current = VLY_MA_CM2 * current};
    vly_status status = VLY_NEW(&charge, e->count, "curve");
    if (status == VLY_OK) status = VLY_NEW(&voltage, e->count, "curve");
    for (int64_t i = 0; i < e->count && status == VLY_OK; i++) {
        if (named && !same(e->current[i], current)) continue;
        charge[count] = VLY_MAH_CM2 * e->capacity[i];
        voltage[count++] = e->voltage[i];
    }
    if (status == VLY_OK) status = vly_fit_curve_measured(&out->curve, charge, voltage, count, name);
    vly_free(charge);
    vly_free(voltage);
    return status;
}

/* Which currents are fitted: those asked for, else the only one there is, else the usual one. */
static vly_list wanted_currents(const vly_settings *s, const double *there, int32_t count)
{
    if (s->currents.count > 0) return s->currents;
    return (vly_list){1, {count == 1 ? there[0] : USUAL_CURRENT}};
}

static vly_status take_targets(fitting *f)
{
    const vly_settings *s = f->job.settings;
    double there[CURRENTS];
    const int32_t count = list_currents(there, &f->experiment);
    const vly_list wanted = wanted_currents(s, there, count);
    if (count == 0 && wanted.count > 1)
        return vly_fail(VLY_EDATA, "%s: no column of the current in mA/cm2, one expected for %d curves", s->experiment,
                        wanted.count);
    for (int32_t i = 0; i < wanted.count; i++) {
        int32_t k = 0;
        if (!(wanted.at[i] > 0.0))
            return vly_fail(VLY_EUSAGE, "fit: a current of %g mA/cm2, one above 0 (lithiation) expected", wanted.at[i]);
        while (k < count && !same(there[k], wanted.at[i])) k++;
        if (count > 0 && k == count) return refuse_current(s->experiment, wanted.at[i], there, count);
        VLY_TRY(take_curve(&f->target[f->targets], &f->experiment, wanted.at[i], count > 0, s->experiment));
        f->targets++;
    }
    for (int32_t k = 0; k < count && s->predict; k++) {
        bool fitted = false;
        for (int32_t i = 0; i < wanted.count; i++) fitted = fitted || same(there[k], wanted.at[i]);
        if (fitted) continue;
        VLY_TRY(take_curve(&f->target[f->targets + f->others], &f->experiment, there[k], true, s->experiment));
        f->others++;
    }
    return VLY_OK;
}

/* ---- the cut-outs ---- */

static vly_status cut(fitting *f, int32_t input)
{
    const vly_settings *s = f->job.settings;
    const vly_volume_info *info = vly_source_info(f->labels[input]);
    vly_box *boxes, whole;
    VLY_TRY(vly_job_window(&whole, s, info));
    VLY_TRY(VLY_NEW(&boxes, s->cutouts, "cut-outs"));
    vly_status status = vly_describe_windows(boxes, s->cutouts, whole, (int32_t)s->through, info->path);
    for (int32_t i = 0; i < s->cutouts && status == VLY_OK; i++) {
        status = vly_job_crop(&boxes[i], s, info->path);
        f->windows[f->cutouts++] = (vly_fit_window){s->inputs[input], f->labels[input], i + 1, boxes[i]};
    }
    vly_free(boxes);
    return status;
}

static vly_status open_all(fitting *f)
{
    const vly_settings *s = f->job.settings;
    VLY_TRY(vly_experiment_read(&f->experiment, s->experiment));
    VLY_TRY(take_targets(f));
    VLY_TRY(VLY_NEW(&f->windows, (int64_t)s->input_count * s->cutouts, "cut-outs"));
    for (int32_t i = 0; i < s->input_count; i++) {
        VLY_TRY(vly_job_open_cell_labels(&f->job, &f->labels[i], s->inputs[i]));
        VLY_TRY(cut(f, i));
    }
    VLY_TRY(vly_job_list_input(&f->job, s->experiment));
    VLY_TRY(vly_job_materials(&f->job, &f->materials));
    VLY_TRY(vly_materials_number(&f->share, f->materials, "cbd_porosity"));
    f->options = VLY_FIT_OPTIONS_INIT;
    f->options.lower = s->gamma_range[0];
    f->options.upper = s->gamma_range[1];
    f->options.most = s->simulations;
    f->options.offset_error = 1e-3 * s->offset;
    return vly_materials_number(&f->options.cutoff, f->materials, "cutoff");
}

/* ---- what is told beside ---- */

/* A curve at the cut-out's gamma against what was measured. */
static vly_status predict(json_t *into, fitting *f, int32_t cutout, const vly_fit_target *other, bool *lost)
{
    vly_fit_curve curve;
    vly_fit_score score;
    const double gamma = f->result.cutout[cutout].estimate.gamma;
    VLY_TRY(vly_fit_runs_simulate(&f->runs, &curve, cutout, other->current, gamma));
    vly_status status = vly_fit_compare(&score, &curve, &other->curve, &f->options);
    json_t *one = NULL;
    if (status == VLY_OK)
        one = vly_fit_prediction_json(other->current, &score, &curve, NULL);
    else if (status == VLY_EDATA) { /* it stopped early: that is an answer */
        one = vly_fit_prediction_json(other->current, NULL, &curve, vly_error_message());
        status = VLY_OK;
    }
    if (status == VLY_OK && json_array_append_new(into, one) != 0) *lost = true;
    vly_fit_curve_free(&curve);
    return status;
}

static vly_status tell(fitting *f, int32_t cutout)
{
    vly_fit_told *told = &f->told[cutout];
    const double gamma = f->result.cutout[cutout].estimate.gamma;
    bool lost = false;
    vly_cell *cell;
    VLY_TRY(vly_fit_runs_cell(&cell, &f->runs, cutout));
    told->geometry = *vly_cell_found(cell);
    vly_cell_look(&told->outlook, cell);
    told->transport = NAN;
    told->predictions = json_array();
    if (isnan(gamma)) return VLY_OK;
    VLY_TRY(vly_surrogate_transport(&told->transport, cell, gamma));
    for (int32_t i = 0; i < f->others; i++)
        VLY_TRY(predict(told->predictions, f, cutout, &f->target[f->targets + i], &lost));
    if (lost) f->job.document->broken = true;
    return VLY_OK;
}

/* Of the cut-outs' predictions root mean square and mean. */
static json_t *summarise(const fitting *f, int32_t other)
{
    double squares = 0.0, error = 0.0, count = 0.0;
    for (int32_t c = 0; c < f->cutouts; c++) {
        const json_t *one = json_array_get(f->told[c].predictions, (size_t)other);
        const json_t *rms = json_object_get(one, "rms_mv");
        if (!rms) continue;
        squares += pow(json_number_value(rms), 2.0);
        error += json_number_value(json_object_get(one, "capacity_error_rel"));
        count += 1.0;
    }
    const vly_fit_target *t = &f->target[f->targets + other];
    return json_pack("{s:f, s:o, s:o, s:o}", "current_ma_cm2", t->current / VLY_MA_CM2, "rms_mv",
                     vly_json_real(sqrt(squares / count)), "capacity_error_rel", vly_json_real(error / count),
                     "measured", vly_fit_curve_json(&t->curve));
}

static vly_status conclude(fitting *f)
{
    json_t *predictions = json_array();
    VLY_TRY(VLY_NEW(&f->told, f->cutouts, "cut-outs"));
    for (int32_t c = 0; c < f->cutouts; c++) VLY_TRY(tell(f, c));
    for (int32_t i = 0; i < f->others; i++)
        if (json_array_append_new(predictions, summarise(f, i)) != 0) f->job.document->broken = true;
    vly_fit_document(f->job.document, &f->result, f->target, f->told, &f->runs, f->share);
    vly_document_set(f->job.document, "predictions", predictions);
    return VLY_OK;
}

/* ---- the job ---- */

static vly_status plan(fitting *f)
{
    double unknowns = 0.0, bytes = 0.0;
    const int32_t each = f->options.most * f->targets + f->others;
    for (int32_t c = 0; c < f->cutouts; c++) {
        vly_cell_outlook look;
        vly_cell *cell;
        VLY_TRY(vly_fit_runs_cell(&cell, &f->runs, c));
        vly_cell_look(&look, cell);
        bytes = fmax(bytes, look.bytes);
        unknowns += (double)vly_cell_found(cell)->unknowns;
    }
    vly_document_set(f->job.document, "plan",
                     json_pack("{s:i, s:i, s:I, s:I, s:f}", "cutouts", f->cutouts, "simulations", each * f->cutouts,
                               "unknowns", (json_int_t)unknowns, "host_bytes", (json_int_t)bytes, "seconds",
                               vly_job_curve_seconds(f->job.device, unknowns) * each));
    return VLY_OK;
}

static vly_status work(fitting *f, const char *folder)
{
    const vly_fit_simulator simulator = {vly_fit_runs_simulate, vly_fit_runs_rough, &f->runs};
    VLY_TRY(open_all(f));
    f->runs = (vly_fit_runs){.device = f->job.device,
                             .settings = f->job.settings,
                             .materials = f->materials,
                             .windows = f->windows,
                             .folder = folder};
    if (f->job.settings->dry_run) return plan(f);
    VLY_TRY(vly_job_digest_inputs(&f->job));
    if (folder) VLY_TRY(vly_folder_make(folder));
    VLY_TRY(vly_fit(&f->result, &simulator, f->cutouts, f->target, f->targets, &f->options));
    return conclude(f);
}

static void free_all(fitting *f)
{
    vly_fit_result_free(&f->result);
    vly_fit_runs_free(&f->runs);
    for (int32_t c = 0; f->told && c < f->cutouts; c++) json_decref(f->told[c].predictions);
    for (int32_t t = 0; t < 2 * CURRENTS; t++) vly_fit_curve_free(&f->target[t].curve);
    for (int32_t i = 0; i < VLY_JOB_INPUTS_MAX; i++) vly_source_close(f->labels[i]);
    vly_experiment_free(&f->experiment);
    vly_materials_free(f->materials);
    vly_free(f->windows);
    vly_free(f->told);
    vly_free(f);
}

vly_status vly_job_fit_in(vly_document **out, vly_device *device, const vly_settings *settings, const char *folder)
{
    fitting *f;
    *out = NULL;
    if (settings->input_count < 1) return vly_fail(VLY_EUSAGE, "fit: no label volume, one or several expected");
    if (!*settings->experiment) return vly_fail(VLY_EUSAGE, "fit: no measured curve, --experiment CURVE.csv expected");
    VLY_TRY(VLY_NEW(&f, 1, "fit"));
    vly_status status = vly_job_begin(&f->job, device, settings, "fit");
    if (status == VLY_OK) {
        status = work(f, folder);
        status = vly_job_end(&f->job, status, out);
    }
    free_all(f);
    return status;
}

/* "OUT.json" to "OUT.simulations". */
static vly_status name_folder(char **out, const char *output)
{
    *out = NULL;
    if (!*output) return VLY_OK;
    const size_t length = strlen(output), ending = length > 5 && strcmp(output + length - 5, ".json") == 0 ? 5 : 0;
    return vly_format(out, "%.*s.simulations", (int)(length - ending), output);
}

vly_status vly_job_fit(vly_document **out, vly_device *device, const vly_settings *settings)
{
    char *folder;
    *out = NULL;
    VLY_TRY(vly_job_check_output(settings));
    VLY_TRY(name_folder(&folder, settings->output));
    vly_status status = vly_job_fit_in(out, device, settings, folder);
    vly_free(folder);
    return status == VLY_OK && !settings->dry_run ? vly_job_write_output(out, settings) : status;
}
