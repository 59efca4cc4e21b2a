/* Agreement of a sample's trinarisations with each other and, where it is known, with the truth. */
#include "study/run_work.h"

#include "core/memory.h"
#include "voxelyte/compare.h"
#include "voxelyte/job.h"

#include <stdio.h>
#include <string.h>

typedef struct comparison {
    const vly_run *run;
    const vly_piece *piece;
    vly_document *document;
    const char *names[VLY_TRINARISATIONS];
    char *labels[VLY_TRINARISATIONS]; /* paths */
    int32_t count;
} comparison;

/* In the order of methods, wherever their labels come from. */
static vly_status find_labels(comparison *c)
{
    for (int32_t m = 0; m < VLY_TRINARISATIONS; m++)
        for (const vly_piece *other = c->run->pieces; other < c->piece; other++) {
            if (other->method != m || !vly_piece_needs(c->piece, other)) continue;
            c->names[c->count] = vly_method_name((vly_method)m);
            VLY_TRY(vly_run_path(&c->labels[c->count++], c->run, other->outputs[0]));
        }
    return VLY_OK;
}

/* Among themselves: the document that `voxelyte compare` makes, under the methods' names. disagreement: where that goes as a
 * volume; "": nowhere. */
static vly_status compare_methods(comparison *c, const char *disagreement)
{
    vly_settings settings = c->piece->sample->settings;
    json_t *names = json_array();
    for (int32_t i = 0; i < c->count; i++) json_array_append_new(names, json_string(c->names[i]));
    settings.inputs = (const char *const *)c->labels;
    settings.input_count = c->count;
    settings.output[0] = 0;
    settings.overwrite = true;
    snprintf(settings.disagreement, sizeof settings.disagreement, "%s", disagreement);
    settings.labels = (vly_label_map){.listed = {false}}; /* these are ours; the user's map is of the truth */
    vly_status status = c->count > 1 ? vly_job_compare(&c->document, c->run->device, &settings)
                                     : vly_document_create(&c->document, "compare");
    if (status == VLY_OK)
        vly_document_set(c->document, "names", names);
    else
        json_decref(names);
    return status;
}

/* The truth over the same voxels as `labels`, which may be those of a window. */
static vly_status open_truth(const comparison *c, vly_source **out, vly_source *labels)
{
    const vly_settings *settings = &c->piece->sample->settings;
    const vly_extent want = vly_source_info(labels)->extent;
    bool listed = false;
    for (int v = 0; v < 256; v++) listed |= settings->labels.listed[v];
    VLY_TRY(vly_source_open(out, c->piece->sample->truth, NULL));
    VLY_TRY(vly_source_labels(out, *out, listed ? &settings->labels : NULL));
    const vly_extent have = vly_source_info(*out)->extent;
    bool same = have.nx == want.nx && have.ny == want.ny && have.nz == want.nz;
    return same || settings->window.x1 == 0 ? VLY_OK : vly_source_window(out, *out, settings->window);
}

typedef struct truth_scores {
    int64_t voxels;
    double accuracy[VLY_TRINARISATIONS], jaccard[VLY_PHASES][VLY_TRINARISATIONS];
} truth_scores;

static json_t *scores_json(const comparison *c, const truth_scores *s)
{
    return json_pack("{s:o, s:I, s:o, s:{s:o, s:o, s:o}}", "path", vly_json_string(c->piece->sample->truth), "voxels",
                     (json_int_t)s->voxels, "accuracy", vly_json_reals(s->accuracy, c->count), "jaccard", "am",
                     vly_json_reals(s->jaccard[VLY_AM], c->count), "cbd", vly_json_reals(s->jaccard[VLY_CBD], c->count),
                     "pore", vly_json_reals(s->jaccard[VLY_PORE], c->count));
}

/* Methods `first` ... first + count - 1 against the truth, which takes one of the places a comparison has. */
static vly_status score_some(comparison *c, truth_scores *scores, int32_t first, int32_t count)
{
    vly_source *sources[VLY_COMPARE_MAX] = {NULL}; /* the truth, then the trinarisations */
    vly_compare_result *result;
    vly_status status = VLY_NEW(&result, 1, "agreement");
    for (int32_t i = 0; i < count && status == VLY_OK; i++) {
        status = vly_source_open(&sources[i + 1], c->labels[first + i], NULL);
        if (status == VLY_OK) status = vly_source_labels(&sources[i + 1], sources[i + 1], NULL);
    }
    if (status == VLY_OK) status = open_truth(c, &sources[0], sources[1]);
    if (status == VLY_OK) status = vly_compare(result, c->run->device, sources, count + 1);
    for (int32_t i = 0; i < count && status == VLY_OK; i++) {
        scores->voxels = result->voxels;
        scores->accuracy[first + i] = result->equal[0][i + 1];
        for (int l = 0; l < VLY_PHASES; l++) scores->jaccard[l][first + i] = result->jaccard[l][0][i + 1];
    }
    for (int32_t i = 0; i <= count; i++) vly_source_close(sources[i]);
    vly_free(result);
    return status;
}

static vly_status compare_truth(comparison *c)
{
    const int32_t at_once = VLY_COMPARE_MAX - 1;
    truth_scores scores = {.voxels = 0};
    for (int32_t first = 0; first < c->count; first += at_once) {
        int32_t left = c->count - first;
        VLY_TRY(score_some(c, &scores, first, left < at_once ? left : at_once));
    }
    vly_document_set(c->document, "truth", scores_json(c, &scores));
    return VLY_OK;
}

static void forget(comparison *c)
{
    vly_document_free(c->document);
    for (int32_t i = 0; i < c->count; i++) vly_free(c->labels[i]);
}

vly_status vly_work_compare(vly_run *run, const vly_piece *piece)
{
    comparison c = {.run = run, .piece = piece};
    char *path = NULL;
    vly_status status = find_labels(&c);
    if (status == VLY_OK) status = compare_methods(&c, "");
    if (status == VLY_OK && piece->sample->truth) status = compare_truth(&c);
    if (status == VLY_OK) status = vly_run_path(&path, run, piece->outputs[0]);
    if (status == VLY_OK) status = vly_document_write(c.document, path, true);
    vly_free(path);
    forget(&c);
    return status;
}

/* What compare.json has already is left out. */
vly_status vly_work_disagreement(vly_run *run, const vly_piece *piece)
{
    comparison c = {.run = run, .piece = piece};
    char *volume = NULL, *path = NULL;
    vly_status status = find_labels(&c);
    if (status == VLY_OK) status = vly_run_path(&volume, run, piece->outputs[0]);
    if (status == VLY_OK) status = vly_run_path(&path, run, piece->outputs[1]);
    if (status == VLY_OK) status = compare_methods(&c, volume);
    if (status == VLY_OK) {
        json_object_del(c.document->root, "equal");
        json_object_del(c.document->root, "jaccard");
        status = vly_document_write(c.document, path, true);
    }
    vly_free(path);
    vly_free(volume);
    forget(&c);
    return status;
}

/* ---- summary ---- */

/* Of the voxels that any trinarisation gives the phase, those that all give it: the Jaccard index of all together. */
void vly_summarise_disagreement(vly_summary *t, const vly_piece *piece, const vly_document *d)
{
    static const char *const phases[] = {"am", "cbd", "pore"};
    const json_t *all = json_object_get(d->root, "disagreement");
    const double voxels = json_number_value(json_object_get(all, "voxels"));
    (void)piece;
    vly_summary_add(t, NULL, "", "", "unanimous_fraction",
                    json_number_value(json_array_get(json_object_get(all, "dissenting"), 0)) / voxels, "1", "");
    for (size_t p = 0; p < sizeof phases / sizeof *phases; p++) {
        const json_t *called = json_object_get(json_object_get(all, "called"), phases[p]);
        const size_t count = json_array_size(called);
        const double none = json_number_value(json_array_get(called, 0));
        const double every = json_number_value(json_array_get(called, count - 1));
        vly_summary_add(t, NULL, "", phases[p], "jaccard_of_all", every / (voxels - none), "1",
                        voxels > none ? "" : "undefined");
    }
}
