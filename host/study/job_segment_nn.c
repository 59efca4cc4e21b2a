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
    return vly_job_list_input(&s->job, settings->model);
}

static vly_status write_fractions(vly_segment *s)
{
    const vly_settings *settings = s->job.settings;
    const vly_sink_options options = {.extent = vly_box_extent(s->window),
                                      .type = VLY_F32,
                                      .channels = VLY_PHASES,
                                      .voxel_size = vly_source_info(s->grey)->voxel_size,
                                      .overwrite = settings->overwrite,
                                      .compress = settings->compress};
    vly_sink *sink;
    if (!*settings->nn_fractions) return VLY_OK;
    VLY_TRY(vly_sink_open(&sink, settings->nn_fractions, s->job.device, &options));
    vly_status status = vly_mlp_fractions(s->field, sink);
    if (status == VLY_OK) status = vly_job_publish(&s->job, settings->nn_fractions, sink, NULL);
    vly_sink_close(sink);
    return status;
}

static vly_status ask_network(vly_segment *s)
{
    const vly_mlp_apply_options options = {vly_segment_region(s), (vly_mlp_scale)s->job.settings->nn_scale};
    if (s->field) return VLY_OK;
    VLY_TRY(vly_mlp_apply(&s->field, s->job.device, s->grey, s->model, &options));
    return write_fractions(s);
}

vly_status vly_segment_network(vly_segment *s, vly_method method, json_t *to, vly_sink *labels)
{
    const vly_settings *settings = s->job.settings;
    vly_mlp_labels r;
    VLY_TRY(ask_network(s));
    VLY_TRY(vly_mlp_trinarise(&r, s->field, labels, vly_mlp_order_at((int32_t)(method - VLY_METHOD_NN)),
                              &settings->fractions, settings->seed));
    const vly_mlp_summary *about = vly_mlp_field_about(s->field);
    vly_segment_counts(s, to, about->voxels, r.targets, r.counts);
    vly_segment_set(s, to, "scale", json_string(about->atrous ? "atrous" : "native"));
    vly_segment_set(s, to, "model_voxel_size_um", json_real(vly_job_um(vly_mlp_voxel_size(s->model))));
    vly_segment_set(s, to, "told", vly_job_phases_real(about->fractions));
    vly_segment_set(s, to, "scores", vly_json_reals(r.scores, 2));
    vly_segment_set(s, to, "tied", json_pack("[I, I]", (json_int_t)r.tied[0], (json_int_t)r.tied[1]));
    return VLY_OK;
}
