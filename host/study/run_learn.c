/* The piece that learns a network where a sample has labels at high resolution: what compose and train do, in a folder. */
#include "study/run_work.h"

#include "core/memory.h"
#include "study/job_impl.h"

#include <stdio.h>
#include <string.h>

enum { COMPOSITION, MODEL, TRAINING, COMPOSED }; /* outputs of the row in run_kinds.c */

static vly_status path_into(char to[VLY_PATH_BYTES], const vly_run *run, const char *name)
{
    char *path;
    VLY_TRY(vly_run_path(&path, run, name));
    int length = snprintf(to, VLY_PATH_BYTES, "%s", path);
    vly_free(path);
    return length < VLY_PATH_BYTES ? VLY_OK : vly_fail(VLY_EUSAGE, "%s: the path is too long", name);
}

vly_status vly_run_learned(char model[VLY_PATH_BYTES], const vly_run *run, const vly_piece *piece)
{
    *model = 0;
    for (int32_t i = 0; i < run->count; i++) {
        const vly_piece *other = &run->pieces[i];
        if (other->kind->for_network && vly_piece_needs(piece, other))
            return path_into(model, run, other->outputs[MODEL]);
    }
    return VLY_OK;
}

/* Does a job and keeps its document. */
static vly_status keep(vly_run *run, vly_status (*job)(vly_document **, vly_device *, const vly_settings *),
                       const vly_settings *settings, const char *name)
{
    vly_document *document;
    char path[VLY_PATH_BYTES];
    VLY_TRY(path_into(path, run, name));
    VLY_TRY(job(&document, run->device, settings));
    vly_status status = vly_document_write(document, path, true);
    vly_document_free(document);
    return status;
}

vly_status vly_work_learn(vly_run *run, const vly_piece *piece)
{
    static const char *const network[] = {"mlp"};
    vly_settings settings = piece->sample->settings;
    const char *fine[] = {piece->sample->settings.fib};
    settings.overwrite = true;
    settings.dry_run = false;
    settings.inputs = fine;
    settings.input_count = 1;
    settings.voxel_size = (vly_voxel_size){.verdict = VLY_SIZE_MISSING}; /* the study's is the tomogram's */
    VLY_TRY(path_into(settings.output, run, piece->outputs[COMPOSITION]));
    VLY_TRY(keep(run, vly_job_compose, &settings, piece->outputs[COMPOSED]));
    memcpy(settings.train_composition, settings.output, sizeof settings.train_composition);
    settings.voxel_size = piece->sample->settings.voxel_size;
    settings.inputs = network;
    snprintf(settings.train_grey, sizeof settings.train_grey, "%s", piece->sample->grey);
    VLY_TRY(path_into(settings.output, run, piece->outputs[MODEL]));
    return keep(run, vly_job_train, &settings, piece->outputs[TRAINING]);
}
