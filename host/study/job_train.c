/* A tomogram and its known composition to a network. */
#include "study/job_impl.h"

#include "core/file.h"
#include "voxelyte/mlp.h"

#include <stdio.h>
#include <string.h>

static json_t *table_of(const vly_mlp_table_info *t)
{
    return json_pack("{s:I, s:I, s:i, s:f, s:o, s:{s:o, s:[I, I]}}", "voxels", (json_int_t)t->voxels, "border",
                     (json_int_t)t->border, "binning", t->binning, "voxel_size_um", vly_job_um(t->voxel_size),
                     "fractions", vly_job_phases_real(t->fractions), "levels", "pore_am_u16",
                     vly_json_reals(t->levels, 2), "certain_voxels", (json_int_t)t->certain[0],
                     (json_int_t)t->certain[1]);
}

static json_t *parts_of(const int64_t counts[3])
{
    return json_pack("{s:I, s:I, s:I}", "training", (json_int_t)counts[0], "validation", (json_int_t)counts[1], "test",
                     (json_int_t)counts[2]);
}

static json_t *curve_of(const vly_mlp_result *r)
{
    json_t *training = json_array(), *validation = json_array();
    bool good = true;
    for (int32_t e = 0; e < r->epochs; e++) {
        good &= json_array_append_new(training, vly_json_real(r->curve[e].training)) == 0;
        good &= json_array_append_new(validation, vly_json_real(r->curve[e].validation)) == 0;
    }
    if (good) return json_pack("{s:o, s:o}", "training", training, "validation", validation);
    json_decref(training);
    json_decref(validation);
    return NULL;
}

static json_t *bins_of(const vly_mlp_bin bins[VLY_MLP_BINS])
{
    double told[VLY_MLP_BINS], known[VLY_MLP_BINS], count[VLY_MLP_BINS];
    for (int b = 0; b < VLY_MLP_BINS; b++) {
        told[b] = bins[b].told;
        known[b] = bins[b].known;
        count[b] = (double)bins[b].count;
    }
    return json_pack("{s:o, s:o, s:o}", "told", vly_json_reals(told, VLY_MLP_BINS), "known",
                     vly_json_reals(known, VLY_MLP_BINS), "samples", vly_json_reals(count, VLY_MLP_BINS));
}

static void add_result(vly_job *job, const vly_mlp_table *table, const vly_mlp_result *r)
{
    static const char *const splits[] = {"group", "block", "paper"};
    char seed[32];
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)r->seed);
    vly_document_set(job->document, "output", vly_json_string(job->settings->output));
    vly_document_set(job->document, "table", table_of(vly_mlp_table_about(table)));
    vly_document_set(job->document, "voxels", parts_of(r->voxels));
    vly_document_set(job->document, "samples", parts_of(r->samples));
    vly_document_set(job->document, "split", json_string(splits[job->settings->split]));
    vly_document_set(job->document, "seed", json_string(seed));
    vly_document_set(job->document, "ensemble", json_boolean(job->settings->ensemble));
    vly_document_set(job->document, "tries", vly_json_reals(r->tried, r->tries));
    vly_document_set(job->document, "epochs", json_integer(r->epochs));
    vly_document_set(job->document, "best_epoch", json_integer(r->best_epoch));
    vly_document_set(job->document, "training_mse", vly_json_real(r->training));
    vly_document_set(job->document, "validation_mse", vly_json_real(r->validation));
    vly_document_set(job->document, "test_mse", vly_json_real(r->test));
    vly_document_set(job->document, "test_mse_interval", vly_json_reals(r->interval, 2));
    vly_document_set(job->document, "constant_mse", vly_json_real(r->constant));
    vly_document_set(job->document, "far_field_mse", vly_json_real(r->far_field));
    vly_document_set(job->document, "curve", curve_of(r));
    vly_document_set(job->document, "calibration",
                     json_pack("{s:o, s:o, s:o}", "am", bins_of(r->bins[VLY_AM]), "cbd", bins_of(r->bins[VLY_CBD]),
                               "pore", bins_of(r->bins[VLY_PORE])));
}

static vly_mlp_options options_of(const vly_settings *settings)
{
    vly_mlp_options o = VLY_MLP_OPTIONS_INIT;
    o.split = (vly_mlp_split)settings->split;
    o.activation = (vly_mlp_kind)settings->activation;
    o.epochs = settings->epochs;
    o.patience = settings->patience;
    o.batch = settings->batch;
    o.rate = settings->learning_rate;
    o.momentum = settings->momentum;
    o.seed = settings->seed;
    o.tries = settings->tries;
    o.far_field = settings->far_field;
    o.ensemble = settings->ensemble;
    return o;
}

static vly_status train(vly_job *job, const vly_mlp_table *table, vly_mlp **mlp)
{
    const vly_mlp_options options = options_of(job->settings);
    vly_mlp_result r;
    if (options.split == VLY_MLP_PAPER)
        vly_device_warn(job->device,
                        "train: with the split paper turned copies of a voxel train and test alike, so the "
                        "errors come out too small");
    VLY_TRY(vly_mlp_train(mlp, &r, job->device, table, &options));
    add_result(job, table, &r);
    vly_mlp_result_free(&r);
    return VLY_OK;
}

static vly_status open_table(vly_job *job, vly_mlp_table **table)
{
    const vly_settings *settings = job->settings;
    vly_source *volume, *grey = NULL, *composition = NULL;
    VLY_TRY(vly_job_open_input(job, &volume, settings->train_grey));
    vly_status status = vly_job_open_channels(job, &composition, settings->train_composition, VLY_PHASES);
    if (status == VLY_OK) status = vly_job_digest_inputs(job);
    if (status != VLY_OK)
        vly_source_close(volume);
    else
        status = vly_source_grey(&grey, volume, job->device, settings->grey_range[0], settings->grey_range[1]);
    if (status == VLY_OK) status = vly_mlp_table_open(table, job->device, grey, composition);
    if (status == VLY_OK) status = vly_mlp_table_calibrate(*table, job->device, grey, &settings->fractions);
    vly_source_close(grey);
    vly_source_close(composition);
    return status;
}

vly_status vly_job_train(vly_document **out, vly_device *device, const vly_settings *settings)
{
    vly_mlp_table *table = NULL;
    vly_mlp *mlp = NULL;
    vly_job job;
    *out = NULL;
    if (settings->input_count != 1 || strcmp(settings->inputs[0], "mlp") != 0)
        return vly_fail(VLY_EUSAGE, "train: what is to be trained? mlp expected");
    if (!*settings->train_grey || !*settings->train_composition)
        return vly_fail(VLY_EUSAGE, "train: --grey FILE and --composition FILE expected");
    VLY_TRY(vly_job_check_output(settings));
    vly_status status = vly_job_begin(&job, device, settings, "train");
    if (status == VLY_OK) status = open_table(&job, &table);
    if (status == VLY_OK) status = train(&job, table, &mlp);
    vly_mlp_table_close(table);
    status = vly_job_end(&job, status, out);
    if (status == VLY_OK) status = vly_mlp_write(mlp, settings->output, settings->overwrite);
    if (status != VLY_OK) {
        vly_document_free(*out);
        *out = NULL;
    }
    vly_mlp_free(mlp);
    return status;
}
