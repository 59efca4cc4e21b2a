/* Effective transport of a label volume, direction by direction. */
#include "study/job_impl.h"

#include "core/file.h"
#include "study/piece_cost.h"
#include "voxelyte/transport.h"

#include <math.h>
#include <string.h>

/* ---- the document ---- */

/* tau from layer to layer: fraction D_0 / D as above, D the flux over the gradient of the mean potential. */
static json_t *profile_json(const vly_transport_direction *d)
{
    json_t *tau = json_array();
    for (int32_t k = 0; k + 1 < d->planes; k++) {
        double drop = (d->potential[k] - d->potential[k + 1]) * (double)d->planes;
        double fraction = 0.5 * (d->fraction[k] + d->fraction[k + 1]);
        if (json_array_append_new(tau, vly_json_real(fraction * drop / d->d_eff)) != 0) {
            json_decref(tau);
            return NULL;
        }
    }
    return json_pack("{s:o, s:o, s:o}", "potential", vly_json_reals(d->potential, d->planes), "fraction",
                     vly_json_reals(d->fraction, d->planes), "tau", tau);
}

static json_t *section_json(const vly_transport_direction *d)
{
    return json_pack("{s:i, s:i, s:i, s:o}", "width", d->section.nx, "depth", d->section.nz, "stride", d->stride,
                     "flux_rel", vly_json_pixels(d->flux, vly_extent_voxels(d->section)));
}

static const char *reason_of(const vly_transport_direction *d)
{
    if (!d->percolates) return "no cluster of conducting voxels reaches from one face to the other";
    return d->converged ? NULL : "the tolerance was not reached: round-off, or too many iterations";
}

static json_t *direction_json(const vly_transport_result *r, const vly_transport_direction *d)
{
    json_t *o = json_pack(
        "{s:f, s:o, s:f, s:o, s:f, s:f, s:f, s:f}", "d_eff_rel", d->d_eff, "tau", vly_json_real(d->tau), "gamma",
        d->d_eff, "tau_electrolyte", vly_json_real(d->tau_electrolyte), "volume_fraction", r->volume_fraction,
        "percolating_fraction", d->percolating_fraction, "flux_in", d->flux_in, "flux_out", d->flux_out);
    int failed = !o;
    failed |= json_object_set_new(o, "bounds", vly_json_reals((const double[]){d->lower, d->upper}, 2));
    failed |= json_object_set_new(o, "iterations", json_integer(d->iterations));
    failed |= json_object_set_new(o, "residual", json_real(d->residual));
    failed |= json_object_set_new(o, "converged", json_boolean(d->converged));
    if (!isnan(d->coarse))
        failed |= json_object_set_new(o, "discretisation",
                                      json_pack("{s:f, s:o}", "coarse_d_eff_rel", d->coarse, "difference_rel",
                                                vly_json_real(d->d_eff > 0.0 ? d->coarse / d->d_eff - 1.0 : NAN)));
    if (reason_of(d)) failed |= json_object_set_new(o, "reason", json_string(reason_of(d)));
    if (d->percolates) {
        failed |= json_object_set_new(o, "bytes_per_voxel", json_real(d->bytes));
        failed |= json_object_set_new(o, "profile", profile_json(d));
        failed |= json_object_set_new(o, "history", vly_json_reals(d->history, d->iterations + 1));
        failed |= json_object_set_new(o, "section", section_json(d));
    }
    if (!failed) return o;
    json_decref(o);
    return NULL;
}

static json_t *tensor_json(const vly_transport_tensor *t)
{
    json_t *rows = json_array(), *bounds = json_array(), *iterations = json_array();
    for (int a = 0; a < VLY_AXES; a++) {
        json_array_append_new(rows, vly_json_reals(t->d[a], VLY_AXES));
        json_array_append_new(bounds, vly_json_reals((const double[]){t->lower[a], t->upper[a]}, 2));
        json_array_append_new(iterations, json_integer(t->iterations[a]));
    }
    return json_pack("{s:o, s:o, s:o, s:f, s:b}", "d_eff_rel", rows, "bounds", bounds, "iterations", iterations,
                     "percolating_fraction", t->percolating_fraction, "converged", (int)t->converged);
}

static void add_result(vly_job *job, const vly_transport_options *options, const vly_transport_result *r)
{
    vly_document *document = job->document;
    json_t *directions = json_object();
    int32_t unconverged = 0;
    vly_document_set(document, "voxels", json_integer(r->voxels));
    vly_document_set(document, "volume_fraction", json_real(r->volume_fraction));
    vly_document_set(document, "electrolyte_fraction", vly_json_real(r->electrolyte_fraction));
    vly_document_set(document, "conduct", vly_job_phases_real(options->coefficient));
    for (int a = 0; a < VLY_AXES; a++) {
        if (!r->axis[a].computed) continue;
        unconverged += !r->axis[a].converged;
        if (json_object_set_new(directions, vly_direction_name((vly_direction)a), direction_json(r, &r->axis[a])) != 0)
            document->broken = true;
    }
    vly_document_set(document, "directions", directions);
    if (r->tensor.computed) {
        unconverged += !r->tensor.converged;
        vly_document_set(document, "tensor", tensor_json(&r->tensor));
    }
    vly_document_set(document, "unconverged", json_integer(unconverged));
}

/* ---- the plan ---- */

/* Bytes and seconds a conducting voxel takes in a direction, as measured on one common core; each is solved by itself. Bytes an
 * iteration moves (bench's bound) with the coarse levels, and about how many there are (tests/bench/transport.csv). */
static const double VOXEL_BYTES = 64.0, VOXEL_SECONDS = 2.8e-6, VOXEL_MOVED = 1.6 * 358.0, ITERATIONS = 12.0;

/* The estimate of the discretisation's error solves an eighth of the voxels. */
double vly_transport_solutions(const vly_settings *s)
{
    const double directions = s->direction == VLY_DIRECTION_ALL ? 3.0 : 1.0;
    return directions * (s->estimate ? 1.125 : 1.0) + (s->tensor ? 3.0 : 0.0);
}

void vly_transport_cost(vly_piece_cost *out, double solutions, double voxels, double conducting, double threads)
{
    *out = (vly_piece_cost){.seconds = VOXEL_SECONDS * conducting * solutions / threads,
                            .bytes = voxels + VOXEL_BYTES * conducting,
                            .moved = solutions * ITERATIONS * VOXEL_MOVED * conducting};
}

/* Which voxels conduct is not known before they are read: all of them at most. */
static void add_plan(vly_job *job, vly_box window)
{
    const vly_settings *s = job->settings;
    const double voxels = (double)vly_extent_voxels(vly_box_extent(window));
    const int directions = (s->direction == VLY_DIRECTION_ALL ? 3 : 1) + 3 * s->tensor;
    vly_piece_cost cost;
    vly_transport_cost(&cost, vly_transport_solutions(s), voxels, voxels, (double)vly_device_threads(job->device));
    vly_document_set(job->document, "plan",
                     json_pack("{s:I, s:i, s:I, s:f}", "voxels", (json_int_t)voxels, "directions", directions,
                               "host_bytes", (json_int_t)cost.bytes, "seconds", cost.seconds));
}

/* ---- the job ---- */

bool vly_settings_conduct(const vly_settings *settings)
{
    return settings->conduct[VLY_PORE] > 0.0 || settings->conduct[VLY_AM] > 0.0 || settings->conduct[VLY_CBD] > 0.0;
}

static vly_transport_options options_of(const vly_settings *settings)
{
    vly_transport_options options = VLY_TRANSPORT_OPTIONS_INIT;
    if (vly_settings_conduct(settings))
        for (int phase = 0; phase < VLY_PHASES; phase++) options.coefficient[phase] = settings->conduct[phase];
    for (int a = 0; a < VLY_AXES; a++)
        options.directions[a] =
            settings->direction == VLY_DIRECTION_ALL || (int)settings->direction == VLY_DIRECTION_X + a;
    options.tolerance = settings->tolerance;
    options.tensor = settings->tensor;
    options.estimate = settings->estimate;
    options.fields = *settings->vti ? settings->vti : NULL;
    options.overwrite = settings->overwrite;
    options.sides = settings->sides == VLY_SIDE_PERIODIC ? VLY_SIDES_PERIODIC : VLY_SIDES_NO_FLUX;
    return options;
}

/* Labels by their map; coefficients as they are. The window is cut out of either. */
static vly_status open_volume(vly_job *job, vly_source **volume, vly_box *window)
{
    VLY_TRY(vly_job_open_input(job, volume, job->settings->inputs[0]));
    const vly_volume_info *info = vly_source_info(*volume);
    VLY_TRY(vly_job_window(window, job->settings, info));
    if (info->type != VLY_F32) VLY_TRY(vly_source_labels(volume, *volume, vly_job_label_map(job->settings)));
    return vly_source_window(volume, *volume, *window);
}

vly_status vly_job_transport(vly_document **out, vly_device *device, const vly_settings *settings)
{
    vly_source *volume = NULL;
    vly_transport_result result = {.voxels = 0};
    vly_box window;
    vly_job job;
    *out = NULL;
    if (settings->input_count != 1)
        return vly_fail(VLY_EUSAGE, "transport: %d volumes, one expected", settings->input_count);
    VLY_TRY(vly_job_check_output(settings));
    VLY_TRY(vly_job_begin(&job, device, settings, "transport"));
    vly_transport_options options = options_of(settings);
    vly_status status = open_volume(&job, &volume, &window);
    if (status == VLY_OK && settings->dry_run) add_plan(&job, window);
    if (status == VLY_OK && !settings->dry_run) {
        status = vly_job_digest_inputs(&job);
        if (status == VLY_OK && options.fields) status = vly_folder_make(options.fields);
        if (status == VLY_OK) status = vly_transport(&result, device, volume, &options);
        if (status == VLY_OK) add_result(&job, &options, &result);
    }
    vly_source_close(volume);
    vly_transport_result_free(&result);
    status = vly_job_end(&job, status, out);
    return status == VLY_OK && !settings->dry_run ? vly_job_write_output(out, settings) : status;
}
