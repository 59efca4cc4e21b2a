/* The fit of gamma for a trinarisation, over all its cut-outs, and the list of all fits of a sample. While a fit is at work
 * its simulations lie beside the records, so that one that is stopped repeats none; then they become its CSV. */
#include "study/run_work.h"

#include "core/device_impl.h"
#include "core/file.h"
#include "core/memory.h"
#include "core/number.h"
#include "study/job_impl.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- simulations ---- */

typedef struct simulations {
    const char *folder;
    json_t *all; /* array of {cutout, current_ma_cm2, gamma, curve} */
    bool lost;
} simulations;

/* What is no document (a CSV, a checkpoint of a stopped one) is passed over. */
static vly_status take_simulation(void *self, const char *name)
{
    simulations *s = self;
    vly_document *d;
    char *path;
    const size_t length = strlen(name);
    if (name[0] == '.' || length < 6 || strcmp(name + length - 5, ".json") != 0) return VLY_OK;
    VLY_TRY(vly_format(&path, "%s/%s", s->folder, name));
    vly_status status = vly_document_read(&d, path);
    vly_free(path);
    if (status != VLY_OK) return status;
    json_t *curve = json_object_get(d->root, "curve");
    if (curve)
        s->lost |= json_array_append_new(s->all, json_pack("{s:O, s:O, s:O, s:O}", "cutout",
                                                           json_object_get(d->root, "cutout"), "current_ma_cm2",
                                                           json_object_get(d->root, "current_ma_cm2"), "gamma",
                                                           json_object_get(d->root, "gamma_cbd"), "curve", curve)) != 0;
    vly_document_free(d);
    return VLY_OK;
}

static double number_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static int by_place(const void *a, const void *b)
{
    static const char *const keys[] = {"cutout", "current_ma_cm2", "gamma"};
    const json_t *p = *(json_t *const *)a, *q = *(json_t *const *)b;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const double x = number_of(p, keys[i]), y = number_of(q, keys[i]);
        if (x != y) return x < y ? -1 : 1;
    }
    return 0;
}

/* By cut-out, current and gamma: a folder has no order. */
static vly_status sort(json_t *all)
{
    const size_t count = json_array_size(all);
    json_t **each;
    VLY_TRY(VLY_NEW(&each, (int64_t)count + 1, "simulations"));
    for (size_t i = 0; i < count; i++) each[i] = json_incref(json_array_get(all, i));
    qsort(each, count, sizeof *each, by_place);
    for (size_t i = 0; i < count; i++) json_array_set_new(all, i, each[i]);
    vly_free(each);
    return VLY_OK;
}

static vly_status write_csv(const json_t *all, const char *path)
{
    static const char *const keys[] = {"cutout", "current_ma_cm2", "gamma"};
    vly_text csv = {0};
    char number[VLY_NUMBER_BYTES];
    vly_text_add(&csv, "cutout,current_ma_cm2,gamma,capacity_mah_cm2,voltage_v\n");
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *one = json_array_get(all, i), *curve = json_object_get(one, "curve");
        const json_t *capacity = json_object_get(curve, "capacity_mah_cm2"),
                     *voltage = json_object_get(curve, "voltage_v");
        for (size_t k = 0; k < json_array_size(capacity); k++) {
            for (size_t c = 0; c < sizeof keys / sizeof *keys; c++) {
                vly_number_write(number, number_of(one, keys[c]));
                vly_text_add(&csv, "%s,", number);
            }
            vly_number_write(number, json_number_value(json_array_get(capacity, k)));
            vly_text_add(&csv, "%s,", number);
            vly_number_write(number, json_number_value(json_array_get(voltage, k)));
            vly_text_add(&csv, "%s\n", number);
        }
    }
    vly_status status = csv.status == VLY_OK ? vly_file_publish_text(path, csv.text, true) : csv.status;
    vly_text_free(&csv);
    return status;
}

static vly_status remove_simulation(void *self, const char *name)
{
    char *path;
    VLY_TRY(vly_format(&path, "%s/%s", (const char *)self, name));
    vly_status status = vly_file_remove(path);
    vly_free(path);
    return status;
}

static vly_status gather(vly_document *document, const char *folder, const char *csv)
{
    simulations s = {.folder = folder, .all = json_array()};
    vly_status status = vly_folder_each(folder, take_simulation, &s);
    if (status == VLY_OK) status = sort(s.all);
    if (status == VLY_OK && s.lost) status = vly_fail(VLY_EMEMORY, "%s: out of memory", folder);
    if (status == VLY_OK) status = write_csv(s.all, csv);
    vly_document_set(document, "simulated", s.all);
    return status;
}

/* What an earlier fit with other settings, stopped half-way, has left: its simulations are none of this one's. */
static vly_status begin_in(const char *folder, const vly_piece *piece)
{
    char *path, *before = NULL;
    VLY_TRY(vly_folder_make(folder));
    VLY_TRY(vly_format(&path, "%s/.key", folder));
    vly_status status = vly_path_exists(path) ? vly_file_text(&before, path, 1000) : VLY_OK;
    if (status == VLY_OK && (!before || strcmp(before, piece->key) != 0)) {
        status = vly_folder_each(folder, remove_simulation, (void *)folder);
        if (status == VLY_OK) status = vly_file_publish_text(path, piece->key, true);
    }
    vly_free(before);
    vly_free(path);
    return status;
}

/* ---- a fit ---- */

/* Which simulations were there already says nothing about the result. */
static void forget_course(vly_document *document)
{
    json_object_del(document->root, "simulations");
}

static vly_status compute(vly_document **out, vly_run *run, const vly_piece *piece, const char *labels,
                          const char *folder)
{
    vly_settings settings = piece->sample->settings;
    settings.inputs = &labels;
    settings.input_count = 1;
    settings.output[0] = 0;
    settings.overwrite = true;
    settings.dry_run = false;
    settings.labels = (vly_label_map){.listed = {false}}; /* these are ours, and so is the window they cover */
    settings.window = (vly_box){0};
    settings.currents = settings.fit_currents;
    settings.cutouts = vly_sample_cell_cutouts(piece->sample);
    VLY_TRY(vly_job_fit_in(out, run->device, &settings, folder));
    forget_course(*out);
    return vly_document_check(*out);
}

vly_status vly_work_fit(vly_run *run, const vly_piece *piece)
{
    vly_document *document = NULL;
    char *labels = NULL, *result = NULL, *csv = NULL, *folder = NULL;
    vly_status status = vly_run_path(&result, run, piece->outputs[0]);
    if (status == VLY_OK) status = vly_run_path(&csv, run, piece->outputs[1]);
    if (status == VLY_OK) status = vly_format(&folder, "%s/pieces/.%s.simulations", run->folder, piece->name);
    if (status == VLY_OK) status = vly_run_path(&labels, run, vly_piece_labels(run, piece)->outputs[0]);
    if (status == VLY_OK) status = begin_in(folder, piece);
    if (status == VLY_OK) status = compute(&document, run, piece, labels, folder);
    if (status == VLY_OK) status = gather(document, folder, csv);
    if (status == VLY_OK) status = vly_document_write(document, result, true);

    if (status == VLY_OK) status = vly_folder_each(folder, remove_simulation, folder);
    if (status == VLY_OK) vly_folder_drop(folder);
    vly_document_free(document);
    vly_free(folder);
    vly_free(csv);
    vly_free(result);
    vly_free(labels);
    return status;
}

/* ---- all fits of a sample ---- */

/* The numbers of Table 3 and where they come from. */
static json_t *brief(const vly_piece *fit, const vly_document *d)
{
    static const char *const keys[] = {"gamma",        "tau",    "inverse_tau", "interval", "tau_interval", "at_bound",
                                       "identifiable", "rms_mv", "evaluations", "verdict",  "cbd_porosity"};
    json_t *o = json_pack("{s:s}", "trinarisation", vly_method_name((vly_method)fit->method));
    bool lost = !o;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        lost |= json_object_set(o, keys[i], json_object_get(d->root, keys[i])) != 0;
    json_t *cutouts = json_array();
    for (size_t i = 0; i < json_array_size(json_object_get(d->root, "per_cutout")); i++)
        lost |= json_array_append(
                    cutouts, json_object_get(json_array_get(json_object_get(d->root, "per_cutout"), i), "gamma")) != 0;
    lost |= json_object_set_new(o, "gamma_per_cutout", cutouts) != 0;
    if (!lost) return o;
    json_decref(o);
    return NULL;
}

vly_status vly_work_fits(vly_run *run, const vly_piece *piece)
{
    vly_document *all = NULL;
    char *path = NULL;
    json_t *list = json_array();
    vly_status status = vly_document_create(&all, "fit");
    for (const vly_piece *other = run->pieces; other < piece && status == VLY_OK; other++) {
        vly_document *one;
        if (!vly_piece_needs(piece, other)) continue;
        status = vly_document_of_piece(&one, run, other);
        if (status == VLY_OK && json_array_append_new(list, brief(other, one)) != 0) all->broken = true;
        vly_document_free(one);
    }
    if (status == VLY_OK) vly_document_set(all, "fits", json_incref(list));
    if (status == VLY_OK) status = vly_run_path(&path, run, piece->outputs[0]);
    if (status == VLY_OK) status = vly_document_write(all, path, true);
    json_decref(list);
    vly_document_free(all);
    vly_free(path);
    return status;
}

/* ---- summary ---- */

void vly_summarise_fit(vly_summary *t, const vly_piece *piece, const vly_document *d)
{
    static const struct {
        const char *key, *quantity, *unit;
    } rows[] = {{"gamma", "gamma", "1"}, {"interval.0", "gamma_low", "1"},        {"interval.1", "gamma_high", "1"},
                {"tau", "tau_cbd", "1"}, {"inverse_tau", "inverse_tau_cbd", "1"}, {"rms_mv", "fit_rms", "mV"}};
    const char *flag = json_is_true(json_object_get(d->root, "at_bound"))       ? "at bound"
                       : json_is_true(json_object_get(d->root, "identifiable")) ? ""
                                                                                : "not identifiable";
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        vly_summary_add(t, NULL, vly_method_name((vly_method)piece->method), "", rows[i].quantity,
                        vly_document_number(d, rows[i].key), rows[i].unit, flag);
}
