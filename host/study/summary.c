/* summary.csv: every number of a study on a line of its own, for R, pandas and spreadsheets. Made from the documents of the
 * pieces, so it says what they say. */
#include "study/run_work.h"

#include "core/file.h"
#include "core/memory.h"
#include "core/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The order in which phases are listed. */
static const char *const phases[] = {"am", "cbd", "pore"};
enum { PHASES = sizeof phases / sizeof *phases };

struct vly_summary {
    vly_text text;
    const char *sample;
    char cutout[80];
};

void vly_summary_add(vly_summary *t, const char *cutout, const char *trinarisation, const char *phase,
                     const char *quantity, double value, const char *unit, const char *flag)
{
    char number[VLY_NUMBER_BYTES] = "";
    if (isfinite(value)) vly_number_write(number, value);
    vly_text_add(&t->text, "%s,%s,%s,%s,%s,%s,%s,%s\n", t->sample, cutout ? cutout : t->cutout, trinarisation, phase,
                 quantity, number, unit, flag);
}

static void add(vly_summary *t, const char *trinarisation, const char *phase, const char *quantity, double value,
                const char *unit, const char *flag)
{
    vly_summary_add(t, NULL, trinarisation, phase, quantity, value, unit, isfinite(value) ? flag : "undefined");
}

/* A number of the document if it is there. */
static void add_key(vly_summary *t, const vly_document *d, const char *key, const char *trinarisation,
                    const char *phase, const char *quantity, const char *unit, const char *flag)
{
    double value = vly_document_number(d, key);
    if (isfinite(value)) add(t, trinarisation, phase, quantity, value, unit, flag);
}

void vly_summarise_segment(vly_summary *t, const vly_piece *piece, const vly_document *d)
{
    const char *method = vly_method_name((vly_method)piece->method);
    static const struct {
        const char *key, *quantity, *unit;
    } scalars[] = {{"thresholds.0", "grey_threshold_lower", "grey value"},
                   {"thresholds.1", "grey_threshold_upper", "grey value"},
                   {"cost", "cost", "1"},
                   {"iterations", "iterations", "1"}};
    const bool unsettled = json_is_false(json_object_get(d->root, "converged"));
    const double voxels = vly_document_number(d, "voxels");
    for (int p = 0; p < PHASES; p++) {
        char key[40];
        snprintf(key, sizeof key, "achieved.%s", phases[p]);
        double achieved = vly_document_number(d, key);
        snprintf(key, sizeof key, "target.%s", phases[p]);
        double target = vly_document_number(d, key);
        bool off = fabs(achieved - target) * voxels > 1.0; /* more than rounding to voxels */
        add(t, method, phases[p], "volume_fraction", achieved, "1", off ? "off target" : "");
        add(t, method, phases[p], "target_fraction", target, "1", "");
        snprintf(key, sizeof key, "counts.%s", phases[p]);
        add_key(t, d, key, method, phases[p], "voxels", "voxel", "");
    }
    for (size_t i = 0; i < sizeof scalars / sizeof *scalars; i++)
        add_key(t, d, scalars[i].key, method, "", scalars[i].quantity, scalars[i].unit,
                unsettled ? "not converged" : "");
}

void vly_summarise_learn(vly_summary *t, const vly_piece *piece, const vly_document *d)
{
    static const char *const errors[] = {"training_mse", "validation_mse", "test_mse", "far_field_mse", "constant_mse"};
    (void)piece;
    add_key(t, d, "table.voxels", "", "", "training_voxels", "voxel", "");
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) add_key(t, d, errors[i], "", "", errors[i], "1", "");
}

static void add_pair(vly_summary *t, const vly_document *d, int32_t a, int32_t b)
{
    char key[60], pair[80];
    const json_t *names = json_object_get(d->root, "names");
    snprintf(pair, sizeof pair, "%s+%s", json_string_value(json_array_get(names, (size_t)a)),
             json_string_value(json_array_get(names, (size_t)b)));
    snprintf(key, sizeof key, "equal.%d.%d", a, b);
    add_key(t, d, key, pair, "", "equal_fraction", "1", "");
    for (int p = 0; p < PHASES; p++) {
        snprintf(key, sizeof key, "jaccard.%s.%d.%d", phases[p], a, b);
        add(t, pair, phases[p], "jaccard", vly_document_number(d, key), "1", "");
    }
}

void vly_summarise_compare(vly_summary *t, const vly_piece *piece, const vly_document *d)
{
    (void)piece;
    const int32_t count = vly_document_length(d, "names");
    for (int32_t a = 0; a < count; a++)
        for (int32_t b = a + 1; b < count; b++) add_pair(t, d, a, b);
    for (int32_t a = 0; a < count && json_object_get(d->root, "truth"); a++) {
        char key[60];
        const char *name = json_string_value(json_array_get(json_object_get(d->root, "names"), (size_t)a));
        snprintf(key, sizeof key, "truth.accuracy.%d", a);
        add(t, name, "", "truth_accuracy", vly_document_number(d, key), "1", "");
        for (int p = 0; p < PHASES; p++) {
            snprintf(key, sizeof key, "truth.jaccard.%s.%d", phases[p], a);
            add(t, name, phases[p], "truth_jaccard", vly_document_number(d, key), "1", "");
        }
    }
}

void vly_summarise_transport(vly_summary *t, const vly_piece *piece, const vly_document *d)
{
    static const char *const keys[] = {"tau", "tau_electrolyte", "d_eff_rel", "percolating_fraction"};
    const char *method = vly_method_name((vly_method)piece->method), *axis;
    json_t *direction;
    json_object_foreach(json_object_get(d->root, "directions"), axis, direction)
    {
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
            char quantity[60];
            const bool unsettled = json_is_false(json_object_get(direction, "converged"));
            const json_t *value = json_object_get(direction, keys[k]);
            snprintf(quantity, sizeof quantity, "%s_%s", keys[k], axis);
            add(t, method, "", quantity, json_is_number(value) ? json_number_value(value) : NAN, "1",
                unsettled ? "not converged" : "");
        }
    }
}

/* The window without commas, which part the columns. */
static void name_cutout(vly_summary *t, const vly_sample *sample)
{
    const vly_box *w = &sample->settings.window;
    snprintf(t->cutout, sizeof t->cutout, "all");
    if (w->x1 > 0) snprintf(t->cutout, sizeof t->cutout, "%d:%d %d:%d %d:%d", w->x0, w->x1, w->y0, w->y1, w->z0, w->z1);
}

vly_status vly_document_of_piece(vly_document **out, const vly_run *run, const vly_piece *piece)
{
    *out = NULL;
    for (int32_t i = 0; i < VLY_PIECE_OUTPUTS && piece->outputs[i]; i++) {
        char *path;
        size_t length = strlen(piece->outputs[i]);
        if (strcmp(piece->outputs[i] + length - 5, ".json") != 0) continue;
        VLY_TRY(vly_run_path(&path, run, piece->outputs[i]));
        vly_status status = vly_document_read(out, path);
        vly_free(path);
        return status;
    }
    return VLY_OK;
}

vly_status vly_summary_write(const vly_run *run)
{
    vly_summary t = {.sample = ""};
    char *path;
    vly_status status = VLY_OK;
    vly_text_add(&t.text, "sample,cutout,trinarisation,phase,quantity,value,unit,flag\n");
    for (int32_t i = 0; i < run->count && status == VLY_OK; i++) {
        const vly_piece *piece = &run->pieces[i];
        vly_document *document;
        if (!vly_piece_done(piece) || !piece->kind->summarise) continue;
        status = vly_document_of_piece(&document, run, piece);
        t.sample = piece->sample->name;
        name_cutout(&t, piece->sample);
        if (document) piece->kind->summarise(&t, piece, document);
        vly_document_free(document);
    }
    if (status == VLY_OK) status = t.text.status;
    if (status == VLY_OK) status = vly_run_path(&path, run, "summary.csv");
    if (status == VLY_OK) {
        status = vly_file_publish_text(path, t.text.text, true);
        vly_free(path);
    }
    vly_text_free(&t.text);
    return status;
}
