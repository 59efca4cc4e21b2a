/* What all jobs share: the document with its common keys, the digests of the inputs, the warnings on their way. */
#ifndef VLY_JOB_IMPL_H
#define VLY_JOB_IMPL_H

#include "core/device_impl.h"
#include "core/digest.h"
#include "study/document_impl.h"
#include "voxelyte/job.h"
#include "voxelyte/mlp.h"

enum { VLY_JOB_INPUTS_MAX = 16, VLY_JOB_OUTPUTS_MAX = 16 };

typedef struct vly_job {
    vly_document *document;
    vly_device *device;
    const vly_settings *settings;
    json_t *inputs, *warnings;
    vly_progress outer;      /* whom the device told before */
    double started;          /* s */
    bool settings_elsewhere; /* the document does without: a study's manifest has them */

    /* a thread of its own reads the inputs for their digests, beside the work */
    const char *paths[VLY_JOB_INPUTS_MAX];
    char hex[VLY_JOB_INPUTS_MAX][VLY_DIGEST_BYTES];
    int32_t path_count;
    pthread_t reader;
    bool reading, digested;
    atomic_bool stop;
    vly_status read_status;
    char read_message[512];

    char *published[VLY_JOB_OUTPUTS_MAX]; /* files that are there by now: they go again if the job fails later */
    int32_t published_count;
} vly_job;

/* The job must stay where it is until its end: the device tells it. */
vly_status vly_job_begin(vly_job *job, vly_device *device, const vly_settings *settings, const char *command);

/* Opens one, with the voxel size of the settings, and lists it in the document. */
vly_status vly_job_open_input(vly_job *job, vly_source **out, const char *path);

/* Opens one with so many channels of f32, whose voxel size is its own. */
vly_status vly_job_open_channels(vly_job *job, vly_source **out, const char *path, int32_t channels);

/* Lists a file that is no volume. */
vly_status vly_job_list_input(vly_job *job, const char *path);

/* The same as phases, by the settings' label map. */
vly_status vly_job_open_labels(vly_job *job, vly_source **out, const char *path);

/* The settings' map, NULL if none was given. */
const vly_label_map *vly_job_label_map(const vly_settings *settings);

/* Starts the digests of what was opened so far. */
vly_status vly_job_digest_inputs(vly_job *job);

/* Finishes a sink, or writes a text if `sink` is NULL: the last thing that can go wrong, so what can go wrong besides is
 * awaited first. The file is removed again if the job fails after all. */
vly_status vly_job_publish(vly_job *job, const char *path, vly_sink *sink, const char *text);

/* Waits for the digests, completes the document, and lets go. *out is NULL unless the status that comes back is VLY_OK. */
vly_status vly_job_end(vly_job *job, vly_status status, vly_document **out);

/* Writes the document where `output` says, if it does; it is freed if that fails. */
vly_status vly_job_write_output(vly_document **document, const vly_settings *settings);

/* The settings' window, or the whole; VLY_EDATA if it is not inside the volume. */
vly_status vly_job_window(vly_box *out, const vly_settings *settings, const vly_volume_info *info);

/* vly_job_segment that asks no network where *field is what it said of this volume before; comes back as what it says. Yours
 * to free, whatever the status. */
vly_status vly_job_segment_again(vly_document **out, vly_device *device, const vly_settings *settings,
                                 vly_mlp_field **field);

/* How segment would go about the window with `methods` (bits): mode, slabs, memory, passes, seconds. volume: as it was
 * opened; nothing is read of it. */
vly_status vly_job_plan(json_t **out, vly_device *device, vly_source *volume, vly_box window, uint32_t methods,
                        const vly_settings *settings);

/* vly_job_lithiate of the first current, with its CSV and its checkpoint where they are told to be. The document is yours to
 * write, and after it the checkpoint yours to remove. */
vly_status vly_job_lithiate_curve(vly_document **out, vly_device *device, const vly_settings *settings,
                                  const char *curve, const char *checkpoint);

/* vly_job_fit with its simulations in that folder, which is made if it is not there; NULL: none are kept. The document
 * (study/fit_document.h) is yours to write. */
vly_status vly_job_fit_in(vly_document **out, vly_device *device, const vly_settings *settings, const char *folder);

/* vly_job_impedance with its CSV where it is told to be; the document is yours to write. */
vly_status vly_job_impedance_spectrum(vly_document **out, vly_device *device, const vly_settings *settings,
                                      const char *spectrum);

/* ---- half cells (job_cell.c) ---- */

/* vly_job_open_labels, as coarse as the settings want cells. */
vly_status vly_job_open_cell_labels(vly_job *job, vly_source **out, const char *path);

/* The settings' materials; yours to free. */
vly_status vly_settings_materials(vly_materials **out, const vly_settings *settings);

/* The same, their file listed among the job's inputs. */
vly_status vly_job_materials(vly_job *job, vly_materials **out);

/* To the square of the settings' crop in the window's lateral middle. VLY_EUSAGE, opened by `path`, if it is larger. */
vly_status vly_job_crop(vly_box *window, const vly_settings *settings, const char *path);

/* materials: borrowed. */
vly_cell_options vly_job_cell_options(const vly_settings *settings, const vly_materials *materials, vly_box window);

/* That a curve of so many unknowns takes, about. */
double vly_job_curve_seconds(const vly_device *device, double unknowns);

/* Whether it was said what conducts. */
bool vly_settings_conduct(const vly_settings *settings);

/* VLY_EOUTPUT if the output exists and is not to be replaced: asked before the work, so that none is lost. */
vly_status vly_job_check_output(const vly_settings *settings);

/* File name without folder and ending. */
void vly_job_stem(char stem[256], const char *path);

double vly_job_now(void); /* s, monotonic */

/* {am, cbd, pore} of per-phase values. */
json_t *vly_job_phases_real(const double values[VLY_PHASES]);
json_t *vly_job_phases_integer(const int64_t values[VLY_PHASES]);
json_t *vly_job_extent(vly_extent extent);
json_t *vly_job_size_um(const vly_voxel_size *size);
json_t *vly_job_box(vly_box box);

/* um from m, without the digits that the conversion brings in. */
double vly_job_um(double metres);

#endif
