/* Jobs: what a command does from files to files. Each opens its inputs, computes, writes its outputs, and says in a document
 * what it found and how: the keys are those of the command's result document. A job that fails leaves no output. */
#ifndef VOXELYTE_JOB_H
#define VOXELYTE_JOB_H

#include "voxelyte/document.h"
#include "voxelyte/settings.h"

#ifdef __cplusplus
extern "C" {
#endif

/* inputs: volumes. Samples pages, so that it takes no longer for 200 GB than for 200 MB. */
VLY_API vly_status vly_job_info(vly_document **out, vly_device *device, const vly_settings *settings);

/* inputs: one volume. output: the labels; a folder if there are several methods. With dry_run only the plan. */
VLY_API vly_status vly_job_segment(vly_document **out, vly_device *device, const vly_settings *settings);

/* inputs: a label volume at high resolution. output: volume fractions per coarse voxel, *.tif. */
VLY_API vly_status vly_job_compose(vly_document **out, vly_device *device, const vly_settings *settings);

/* inputs: "mlp". output: the network, *.safetensors. */
VLY_API vly_status vly_job_train(vly_document **out, vly_device *device, const vly_settings *settings);

/* inputs: label volumes. output: the document; "" for none; disagreement: a volume, *.tif; "" for none. */
VLY_API vly_status vly_job_compare(vly_document **out, vly_device *device, const vly_settings *settings);

/* inputs: one label volume. output: the document, and beside it (or in the folder `curves`) its curves as CSV; "" for none.
 * With dry_run only the plan. */
VLY_API vly_status vly_job_describe(vly_document **out, vly_device *device, const vly_settings *settings);

/* inputs: a label volume, or f32 coefficients. output: the document; "" for none. A direction that did not reach the tolerance
 * is an answer: `unconverged` counts them. With dry_run only the plan. */
VLY_API vly_status vly_job_transport(vly_document **out, vly_device *device, const vly_settings *settings);

/* inputs: one label volume. output: a folder that gets curve.csv, result.json and with `fields` fields_1.vti ...; "" for
 * none. With several currents each has a folder of its name in it, and result.json lists them. Stopped, it leaves a checkpoint
 * there, and the same call goes on. `failure` says what a guard found. With dry_run only the plan. */
VLY_API vly_status vly_job_lithiate(vly_document **out, vly_device *device, const vly_settings *settings);

/* inputs: label volumes. output: the document, and beside it the folder NAME.simulations, in which a call that was stopped
 * finds what is done; "" for neither. With dry_run only the plan. */
VLY_API vly_status vly_job_fit(vly_document **out, vly_device *device, const vly_settings *settings);

/* inputs: one label volume. output: a folder that gets spectrum.csv and result.json; "" for none. `failure` says that the
 * tolerance was not reached. */
VLY_API vly_status vly_job_impedance(vly_document **out, vly_device *device, const vly_settings *settings);

/* inputs: one volume. output: *.tif, *.raw or *.vti. With labels listed, their values become 0, 1, 2, 255. */
VLY_API vly_status vly_job_convert(vly_document **out, vly_device *device, const vly_settings *settings);

/* output: a folder. */
VLY_API vly_status vly_job_synth(vly_document **out, vly_device *device, const vly_settings *settings);

/* inputs: a study file. output: its folder. The settings are what the command line gave. */
VLY_API vly_status vly_job_run(vly_document **out, vly_device *device, const vly_settings *settings);

/* inputs: a manifest; two folders or volumes. A difference is an answer: `differences` is above 0, `words` says where. */
VLY_API vly_status vly_job_verify(vly_document **out, vly_device *device, const vly_settings *settings);
VLY_API vly_status vly_job_diff(vly_document **out, vly_device *device, const vly_settings *settings);

/* inputs: names of stages, none for all. output: the document; "" for none. */
VLY_API vly_status vly_job_bench(vly_document **out, vly_device *device, const vly_settings *settings);

/* What a bug report needs: versions, formats, processor, memory, GPU, scratch folder. What is missing is part of the answer. */
VLY_API vly_status vly_job_doctor(vly_document **out, vly_device *device, const vly_settings *settings);

#ifdef __cplusplus
}
#endif
#endif
