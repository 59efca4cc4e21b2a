#include "study/fit_runs.h"

#include "core/file.h"
#include "core/memory.h"
#include "study/lithiate_document.h"

#include <math.h>
#include <string.h>

/* ---- cells ---- */

static vly_status make_cell(vly_cell **out, const vly_fit_runs *r, int32_t cutout)
{
    const vly_fit_window *w = &r->windows[cutout];
    const vly_cell_options options = vly_job_cell_options(r->settings, r->materials, w->window);
    return vly_cell_create(out, r->device, w->labels, &options);
}

vly_status vly_fit_runs_cell(vly_cell **out, vly_fit_runs *r, int32_t cutout)
{
    if (!r->cell || r->cell_of != cutout) {
        vly_fit_runs_free(r);
        VLY_TRY(make_cell(&r->cell, r, cutout));
        r->cell_of = cutout;
    }
    *out = r->cell;
    return VLY_OK;
}

void vly_fit_runs_free(vly_fit_runs *r)
{
    vly_cell_free(r->cell);
    r->cell = NULL;
}

vly_status vly_fit_runs_rough(void *self, vly_fit_curve *out, int32_t cutout, double current, double gamma)
{
    vly_fit_runs *r = self;
    vly_cell *cell;
    VLY_TRY(vly_device_stop(r->device));
    VLY_TRY(vly_fit_runs_cell(&cell, r, cutout));
    return vly_surrogate_curve(out, cell, current, gamma);
}

/* ---- a simulation's document ---- */

/* Also of one that was just computed, so that whether it was changes no bit. What a guard found wrong has no curve. */
static vly_status take_curve(vly_fit_curve *out, const vly_document *d)
{
    const char *stop = vly_document_string(d, "stop_reason");
    const bool ended = stop && strcmp(stop, vly_lithiate_stop_name(VLY_STOP_CUTOFF)) == 0;
    const json_t *curve = json_object_get(d->root, "curve");
    const json_t *capacity = json_object_get(curve, "capacity_mah_cm2"), *voltage = json_object_get(curve, "voltage_v");
    const size_t count = json_array_size(capacity);
    *out = (vly_fit_curve){.count = 0};
    if (count == 0 || (ended && vly_document_string(d, "failure"))) return VLY_OK;
    VLY_TRY(vly_fit_curve_create(out, (int64_t)count));
    for (size_t i = 0; i < count; i++) {
        out->charge[i] = VLY_MAH_CM2 * json_number_value(json_array_get(capacity, i));
        out->voltage[i] = json_number_value(json_array_get(voltage, i));
    }
    out->ended = ended;
    return VLY_OK;
}

typedef struct naming {
    char *result, *curve, *checkpoint; /* NULL: nothing is kept */
} naming;

static vly_status name_files(naming *out, const char *folder, const char *key)
{
    if (!folder) return VLY_OK;
    VLY_TRY(vly_format(&out->result, "%s/%s.json", folder, key));
    VLY_TRY(vly_format(&out->curve, "%s/%s.csv", folder, key));
    return vly_format(&out->checkpoint, "%s/%s.checkpoint", folder, key);
}

/* The checkpoint goes last: what a kill leaves is one of both, or both. */
static vly_status keep(const naming *names, vly_document *d, const vly_lithiate_result *result)
{
    vly_text csv = {0};
    if (!names->result) return VLY_OK;
    vly_lithiate_csv(&csv, result);
    vly_status status = csv.status;
    if (status == VLY_OK) status = vly_file_publish_text(names->curve, csv.text, true);
    vly_text_free(&csv);
    if (status == VLY_OK) status = vly_document_write(d, names->result, true);
    return status == VLY_OK ? vly_file_remove(names->checkpoint) : status;
}

/* A cell that cannot even begin (beyond the cut-off at once) is a result too; a checkpoint that cannot be read is none. */
static bool is_of_the_cell(vly_status status, const naming *names)
{
    if (status != VLY_EDATA && status != VLY_ENUMERIC) return false;
    return !names->checkpoint || !vly_path_exists(names->checkpoint);
}

static vly_status march(vly_fit_runs *r, vly_document *d, vly_cell *cell, const vly_lithiate_options *options,
                        const naming *names)
{
    vly_lithiate_result result = {.resumed = -1};
    vly_status status = vly_lithiate(&result, cell, options);
    if (is_of_the_cell(status, names)) {
        vly_document_set(d, "failure", vly_json_string(vly_error_message()));
        status = VLY_OK;
    } else if (status == VLY_OK) {
        vly_lithiate_document(d, &result, cell, options->current);
        (void)json_object_del(d->root, "fields");
    }
    if (status == VLY_OK) status = keep(names, d, &result);
    r->computed++;
    r->resumed += result.resumed >= 0;
    vly_lithiate_result_free(&result);
    return status;
}

static vly_status compute(vly_document **out, vly_fit_runs *r, vly_cell *cell, const vly_lithiate_options *options,
                          const naming *names, const char *key, int32_t cutout, double gamma)
{
    VLY_TRY(vly_document_create(out, "fit"));
    vly_document_set(*out, "run", json_string(key));
    vly_document_set(*out, "labels", vly_json_string(r->windows[cutout].path));
    vly_document_set(*out, "cutout", json_integer(r->windows[cutout].number));
    vly_document_set(*out, "gamma_cbd", json_real(gamma));
    return march(r, *out, cell, options, names);
}

static vly_status look_up(vly_document **out, vly_fit_runs *r, vly_cell *cell, int32_t cutout, double current,
                          double gamma)
{
    char key[VLY_LITHIATE_KEY];
    naming names = {.result = NULL};
    vly_lithiate_options options = VLY_LITHIATE_OPTIONS_INIT;
    options.current = current;
    options.tolerance = r->settings->time_tolerance;
    VLY_TRY(vly_lithiate_key(key, cell, &options));
    vly_status status = name_files(&names, r->folder, key);
    options.checkpoint = names.checkpoint;
    if (status != VLY_OK || !names.result || !vly_path_exists(names.result)) {
        if (status == VLY_OK) status = compute(out, r, cell, &options, &names, key, cutout, gamma);
    } else {
        status = vly_document_read(out, names.result);
        r->reused++;
    }
    char *const all[] = {names.result, names.curve, names.checkpoint};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) vly_free(all[i]);
    return status;
}

vly_status vly_fit_runs_simulate(void *self, vly_fit_curve *out, int32_t cutout, double current, double gamma)
{
    vly_fit_runs *r = self;
    vly_document *d = NULL;
    vly_cell *cell;
    *out = (vly_fit_curve){.count = 0};
    vly_fit_runs_free(r); /* two cells would take twice the memory */
    VLY_TRY(vly_device_stop(r->device));
    VLY_TRY(vly_materials_set_number(r->materials, "cbd_gamma", gamma));
    VLY_TRY(make_cell(&cell, r, cutout));
    vly_status status = look_up(&d, r, cell, cutout, current, gamma);
    if (status == VLY_OK) status = take_curve(out, d);
    vly_document_free(d);
    vly_cell_free(cell);
    return status;
}
