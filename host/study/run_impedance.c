/* The impedance of a trinarisation: of all of it, or of the middle that crop leaves. */
#include "study/run_work.h"

#include "core/device_impl.h"
#include "core/memory.h"
#include "study/job_impl.h"

static vly_status compute(vly_document **out, vly_run *run, const vly_piece *piece, const char *labels, const char *csv)
{
    vly_settings settings = piece->sample->settings;
    settings.inputs = &labels;
    settings.input_count = 1;
    settings.output[0] = 0;
    settings.overwrite = true;
    settings.labels = (vly_label_map){.listed = {false}}; /* these are ours, and so is the window they cover */
    settings.window = (vly_box){0};
    if (settings.impedance_crop > 0) settings.crop = settings.impedance_crop;
    VLY_TRY(vly_job_impedance_spectrum(out, run->device, &settings, csv));
    const char *failure = vly_document_string(*out, "failure");
    if (failure) vly_device_warn(run->device, "%s: %s", piece->name, failure);
    return VLY_OK;
}

vly_status vly_work_impedance(vly_run *run, const vly_piece *piece)
{
    vly_document *document = NULL;
    char *labels = NULL, *csv = NULL, *path = NULL;
    vly_status status = vly_run_path(&csv, run, piece->outputs[0]);
    if (status == VLY_OK) status = vly_run_path(&path, run, piece->outputs[1]);
    if (status == VLY_OK) status = vly_run_path(&labels, run, vly_piece_labels(run, piece)->outputs[0]);
    if (status == VLY_OK) status = compute(&document, run, piece, labels, csv);
    if (status == VLY_OK) status = vly_document_write(document, path, true);
    vly_document_free(document);
    vly_free(path);
    vly_free(csv);
    vly_free(labels);
    return status;
}

/* ---- summary ---- */

void vly_summarise_impedance(vly_summary *t, const vly_piece *piece, const vly_document *d)
{
    static const struct {
        const char *key, *unit;
    } rows[] = {{"r_hf_ohm_cm2", "ohm cm2"},       {"r_lf_ohm_cm2", "ohm cm2"}, {"r_ion_ohm_cm2", "ohm cm2"},
                {"r_ion_line_ohm_cm2", "ohm cm2"}, {"tau_electrode", "1"},      {"tau_electrode_line", "1"}};
    const char *flag = vly_document_string(d, "failure") ? "not converged" : "";
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        vly_summary_add(t, NULL, vly_method_name((vly_method)piece->method), "", rows[i].key,
                        vly_document_number(d, rows[i].key), rows[i].unit, flag);
}
