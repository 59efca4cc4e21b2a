/* Transport through a trinarisation, where the study says what conducts. */
#include "study/run_work.h"

#include "core/device_impl.h"
#include "core/memory.h"
#include "voxelyte/job.h"

vly_status vly_work_transport(vly_run *run, const vly_piece *piece)
{
    vly_settings settings = piece->sample->settings;
    vly_document *document = NULL;
    char *labels, *path = NULL;
    VLY_TRY(vly_run_path(&labels, run, vly_piece_labels(run, piece)->outputs[0]));
    settings.inputs = (const char *const[]){labels};
    settings.input_count = 1;
    settings.output[0] = 0;
    settings.labels = (vly_label_map){.listed = {false}}; /* these are ours, and so is the window they cover */
    settings.window = (vly_box){0};
    settings.dry_run = false;
    vly_status status = vly_job_transport(&document, run->device, &settings);
    if (status == VLY_OK && vly_document_number(document, "unconverged") > 0.0)
        vly_device_warn(run->device, "%s: the tolerance was not reached in %.0f directions", piece->name,
                        vly_document_number(document, "unconverged"));
    if (status == VLY_OK) status = vly_run_path(&path, run, piece->outputs[0]);
    if (status == VLY_OK) status = vly_document_write(document, path, true);
    vly_document_free(document);
    vly_free(path);
    vly_free(labels);
    return status;
}
