/* The half cell's curves of a trinarisation: one piece per cut-out and current, with a checkpoint of its own, so that a study
 * that is stopped loses a minute at most. */
#include "study/run_work.h"

#include "core/file.h"
#include "core/memory.h"
#include "core/number.h"
#include "morphology/describe_impl.h"
#include "study/job_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Of the squares that describe takes, the piece's. */
static vly_status find_window(vly_box *out, const vly_piece *piece, const char *labels)
{
    const vly_settings *s = &piece->sample->settings;
    const int32_t cutouts = vly_sample_cell_cutouts(piece->sample);
    vly_source *source;
    vly_box *windows = NULL;
    VLY_TRY(vly_source_open(&source, labels, NULL));
    const vly_extent e = vly_source_info(source)->extent;
    const vly_box whole = {0, e.nx / s->coarsen, 0, e.ny / s->coarsen, 0, e.nz / s->coarsen};
    vly_status status = VLY_NEW(&windows, cutouts, "cut-outs");
    if (status == VLY_OK) status = vly_describe_windows(windows, cutouts, whole, (int32_t)s->through, labels);
    if (status == VLY_OK) *out = windows[piece->cutout - 1];
    vly_free(windows);
    vly_source_close(source);
    return status;
}

static vly_status compute(vly_document **out, vly_run *run, const vly_piece *piece, const char *labels,
                          const char *curve, const char *checkpoint)
{
    vly_settings settings = piece->sample->settings;
    VLY_TRY(find_window(&settings.window, piece, labels));
    settings.inputs = &labels;
    settings.input_count = 1;
    settings.output[0] = 0;
    settings.overwrite = true;
    settings.dry_run = false;
    settings.labels = (vly_label_map){.listed = {false}}; /* these are ours */
    settings.currents = (vly_list){1, {piece->current}};
    settings.fields = (vly_list){0, {0.0}};
    VLY_TRY(vly_job_lithiate_curve(out, run->device, &settings, curve, checkpoint));
    vly_document_set(*out, "cutout", json_integer(piece->cutout));
    const char *failure = vly_document_string(*out, "failure");
    if (failure) vly_device_warn(run->device, "%s: %s", piece->name, failure);
    return vly_document_check(*out);
}

vly_status vly_work_lithiate(vly_run *run, const vly_piece *piece)
{
    vly_document *document = NULL;
    char *labels = NULL, *curve = NULL, *result = NULL, *checkpoint = NULL;
    vly_status status = vly_run_path(&curve, run, piece->outputs[0]);
    if (status == VLY_OK) status = vly_run_path(&result, run, piece->outputs[1]);
    if (status == VLY_OK) status = vly_format(&checkpoint, "%s/pieces/.%s.checkpoint", run->folder, piece->name);
    if (status == VLY_OK) status = vly_run_path(&labels, run, vly_piece_labels(run, piece)->outputs[0]);
    if (status == VLY_OK) status = compute(&document, run, piece, labels, curve, checkpoint);
    if (status == VLY_OK) status = vly_document_write(document, result, true);
    if (status == VLY_OK) status = vly_file_remove(checkpoint);
    vly_document_free(document);
    vly_free(checkpoint);
    vly_free(result);
    vly_free(curve);
    vly_free(labels);
    return status;
}

/* ---- summary ---- */

/* capacity_6_ma_cm2, so that a line is one curve's. */
void vly_summarise_lithiate(vly_summary *t, const vly_piece *piece, const vly_document *d)
{
    static const struct {
        const char *key, *unit;
    } rows[] = {{"capacity_mah_cm2", "mAh/cm2"}, {"voltage_start_v", "V"}};
    static const char *const names[] = {"capacity", "voltage_start"};
    const char *stop = vly_document_string(d, "stop_reason");
    char cutout[16], number[VLY_NUMBER_BYTES];
    snprintf(cutout, sizeof cutout, "%d", piece->cutout);
    vly_number_write(number, piece->current);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char quantity[80];
        snprintf(quantity, sizeof quantity, "%s_%s_ma_cm2", names[i], number);
        vly_summary_add(t, vly_sample_cell_cutouts(piece->sample) > 1 ? cutout : NULL,
                        vly_method_name((vly_method)piece->method), "", quantity, vly_document_number(d, rows[i].key),
                        rows[i].unit,
                        vly_document_string(d, "failure")      ? "guard"
                        : stop && strcmp(stop, "cut-off") != 0 ? stop
                                                               : "");
    }
}
