/* Nine methods of segment that share one network, which is asked once. */
#include "study/job_segment_impl.h"

vly_status vly_segment_open_model(vly_segment *s)
{
    const vly_settings *settings = s->job.settings;
    uint32_t asked = s->methods >> VLY_METHOD_NN;
    if (asked == 0) return VLY_OK;
    if (!*settings->model)
        return vly_fail(VLY_EUSAGE, "segment: %s needs --model FILE",
                        vly_method_name(VLY_METHOD_NN + (vly_method)__builtin_ctz(asked)));
    VLY_TRY(vly_mlp_read(&s->model, settings->model));
    if (*settings->nn_spread && vly_mlp_members(s->model) == 1)
        return vly_fail(VLY_EUSAGE, "--nn-spread: %s is one network, a model of train --ensemble expected",
                        settings->model);
    return vly_job_list_input(&s->job, settings->model);
}

/* ---- what is known beside the labels ---- */

static vly_status write_map(vly_segment *s, const char *path, int32_t channels,
                            vly_status (*write)(vly_mlp_field *, vly_sink *))
{
    const vly_settings *settings = s->job.settings;
    const vly_sink_options options = {.extent = vly_box_extent(s->window),
                                      .type = VLY_F32,
                                      .channels = channels,
                                      .voxel_size = vly_source_info(s->grey)->voxel_size,
                                      .overwrite = settings->overwrite,
                                      .compress = settings->compress};
    vly_sink *sink;
    if (!*path) return VLY_OK;
    VLY_TRY(vly_sink_open(&sink, path, s->job.device, &options));
    vly_status status = write(s->field, sink);
    if (status == VLY_OK) status = vly_job_publish(&s->job, path, sink, NULL);
    vly_sink_close(sink);
    return status;
}

static vly_mlp_apply_options options_of(const vly_segment *s)
{
    static const vly_mlp_calibration_kind kinds[] = {VLY_MLP_CALIBRATED, VLY_MLP_TWO_POINT, VLY_MLP_QUANTILES,
                                                     VLY_MLP_UNCALIBRATED};
    const vly_settings *settings = s->job.settings;
    return (vly_mlp_apply_options){.region = vly_segment_region(s),
                                   .scale = (vly_mlp_scale)settings->nn_scale,
                                   .calibration = kinds[settings->nn_calibration],
                                   .fractions = settings->fractions,
                                   .precision = (vly_mlp_precision)settings->precision,
                                   .spread = vly_mlp_members(s->model) > 1};
}

static vly_status ask_network(vly_segment *s)
{
    const vly_settings *settings = s->job.settings;
    const vly_mlp_apply_options options = options_of(s);
    if (s->field) return VLY_OK;
    VLY_TRY(vly_mlp_apply(&s->field, s->job.device, s->grey, s->model, &options));
    VLY_TRY(write_map(s, settings->nn_fractions, VLY_PHASES, vly_mlp_fractions));
    VLY_TRY(write_map(s, settings->nn_entropy, 1, vly_mlp_entropy));
    return write_map(s, settings->nn_spread, 1, vly_mlp_spread);
}

/* ---- labels ---- */

static json_t *calibration_of(const vly_mlp_summary *about)
{
    static const char *const names[] = {"none", "two-point", "quantiles"};
    return json_pack("{s:s, s:o, s:o}", "mode", names[about->calibration], "slope", vly_json_real(about->slope),
                     "offset_u16", vly_json_real(about->offset));
}

static void add_network(vly_segment *s, json_t *to)
{
    static const char *const scales[] = {"auto", "native", "atrous", "binned", "resample"};
    const vly_mlp_summary *about = vly_mlp_field_about(s->field);
    vly_segment_set(s, to, "scale", json_string(scales[about->scale]));
    vly_segment_set(s, to, "calibration", calibration_of(about));
    vly_segment_set(s, to, "model_voxel_size_um", json_real(vly_job_um(vly_mlp_voxel_size(s->model))));
    vly_segment_set(s, to, "precision", json_string(about->fast ? "fast" : "exact"));
    vly_segment_set(s, to, "networks", json_integer(about->members));
    vly_segment_set(s, to, "told", vly_job_phases_real(about->fractions));
    vly_segment_set(s, to, "entropy", vly_json_real(about->entropy));
    vly_segment_set(s, to, "spread", vly_json_real(about->spread));
    vly_segment_set(s, to, "unlike_training", vly_json_real(about->unlike));
    vly_segment_set(s, to, "out_of_distribution", json_boolean(about->unlike > VLY_MLP_UNLIKE));
}

vly_status vly_segment_network(vly_segment *s, vly_method method, json_t *to, vly_sink *labels)
{
    const vly_settings *settings = s->job.settings;
    vly_mlp_labels r;
    VLY_TRY(ask_network(s));
    VLY_TRY(vly_mlp_trinarise(&r, s->field, labels, vly_mlp_order_at((int32_t)(method - VLY_METHOD_NN)),
                              &settings->fractions, settings->seed));
    vly_segment_counts(s, to, vly_mlp_field_about(s->field)->voxels, r.targets, r.counts);
    add_network(s, to);
    vly_segment_set(s, to, "scores", vly_json_reals(r.scores, 2));
    vly_segment_set(s, to, "tied", json_pack("[I, I]", (json_int_t)r.tied[0], (json_int_t)r.tied[1]));
    return VLY_OK;
}
