/* Grey values to labels, by one method into a file or by several into a folder. */
#include "study/job_segment_impl.h"

#include "core/file.h"
#include "core/memory.h"
#include "core/pipeline.h"

#include <assert.h>
#include <math.h>

/* ---- grey values of the file and of the engine ---- */

static double file_grey(const vly_segment *s, double grey)
{
    return s->map->offset + grey / s->map->scale;
}

static vly_status engine_thresholds(const vly_segment *s, uint16_t thresholds[2])
{
    for (int i = 0; i < 2; i++) {
        double value = s->job.settings->thresholds[i], grey = rint((value - s->map->offset) * s->map->scale);
        if (!(grey >= 0.0 && grey <= 65535.0))
            return vly_fail(VLY_EUSAGE, "--thresholds: %g is outside the grey values %g ... %g", value,
                            file_grey(s, 0.0), file_grey(s, 65535.0));
        thresholds[i] = (uint16_t)grey;
    }
    return VLY_OK;
}

/* As an integer where it is one. */
static json_t *file_grey_json(const vly_segment *s, double grey)
{
    double value = file_grey(s, grey);
    return value == rint(value) && fabs(value) < 1e15 ? json_integer((json_int_t)value) : vly_json_real(value);
}

/* ---- what every method reports ---- */

void vly_segment_set(vly_segment *s, json_t *to, const char *key, json_t *value)
{
    if (json_object_set_new(to, key, value) != 0) s->job.document->broken = true;
}

void vly_segment_counts(vly_segment *s, json_t *to, int64_t voxels, const int64_t targets[VLY_PHASES],
                        const int64_t counts[VLY_PHASES])
{
    const vly_fractions *fractions = &s->job.settings->fractions;
    double target[VLY_PHASES], achieved[VLY_PHASES];
    for (int l = 0; l < VLY_PHASES; l++) {
        target[l] = (double)fractions->parts[l] / (double)VLY_FRACTIONS_ONE;
        achieved[l] = (double)counts[l] / (double)voxels;
    }
    vly_segment_set(s, to, "voxels", json_integer(voxels));
    vly_segment_set(s, to, "target", vly_job_phases_real(target));
    vly_segment_set(s, to, "achieved", vly_job_phases_real(achieved));
    vly_segment_set(s, to, "counts", vly_job_phases_integer(counts));
    vly_segment_set(s, to, "target_counts", vly_job_phases_integer(targets));
}

/* "grey,count" and a line per grey value that occurs, in the engine's u16. */
static vly_status write_histogram(vly_segment *s, const uint64_t *histogram)
{
    const vly_settings *settings = s->job.settings;
    vly_text text = {0};
    if (!*settings->histogram || s->histogram_written) return VLY_OK;
    vly_text_add(&text, "grey,count\n");
    for (int grey = 0; grey < 65536; grey++)
        if (histogram[grey] > 0) vly_text_add(&text, "%d,%llu\n", grey, (unsigned long long)histogram[grey]);
    vly_status status = text.status;
    if (status == VLY_OK) status = vly_job_publish(&s->job, settings->histogram, NULL, text.text);
    s->histogram_written = status == VLY_OK;
    vly_text_free(&text);
    return status;
}

vly_region_options vly_segment_region(const vly_segment *s)
{
    const char *scratch = s->job.settings->scratch;
    return (vly_region_options){s->window, s->mask, *scratch ? scratch : NULL};
}

/* ---- methods ---- */

static vly_status run_threshold(vly_segment *s, json_t *to, vly_sink *labels)
{
    const vly_settings *settings = s->job.settings;
    vly_threshold_options options = VLY_THRESHOLD_OPTIONS_INIT;
    vly_threshold_result r;
    options.region = vly_segment_region(s);
    options.fractions = settings->fractions;
    options.ties = settings->ties;
    options.seed = settings->seed;
    options.fixed = settings->thresholds[0] < settings->thresholds[1];
    if (options.fixed) VLY_TRY(engine_thresholds(s, options.thresholds));
    VLY_TRY(vly_threshold(&r, s->job.device, s->grey, labels, &options));

    vly_segment_counts(s, to, r.voxels, r.targets, r.counts);
    vly_segment_set(s, to, "thresholds",
                    json_pack("[o, o]", file_grey_json(s, r.thresholds[0]), file_grey_json(s, r.thresholds[1])));
    vly_segment_set(s, to, "thresholds_u16", json_pack("[i, i]", r.thresholds[0], r.thresholds[1]));
    vly_segment_set(s, to, "tied", json_pack("[I, I]", (json_int_t)r.tied[0], (json_int_t)r.tied[1]));
    vly_segment_set(s, to, "taken", json_pack("[I, I]", (json_int_t)r.taken[0], (json_int_t)r.taken[1]));
    vly_segment_set(s, to, "grey_min", file_grey_json(s, r.grey_min));
    vly_segment_set(s, to, "grey_max", file_grey_json(s, r.grey_max));
    vly_segment_set(s, to, "otsu", file_grey_json(s, r.otsu));
    vly_status status = write_histogram(s, r.histogram);
    vly_threshold_result_free(&r);
    return status;
}

static json_t *centroids_of(const vly_kmeans_result *r)
{
    return json_pack("{s:o, s:o, s:o}", "am", vly_json_reals(r->centroids[VLY_AM], VLY_FEATURES), "cbd",
                     vly_json_reals(r->centroids[VLY_CBD], VLY_FEATURES), "pore",
                     vly_json_reals(r->centroids[VLY_PORE], VLY_FEATURES));
}

static json_t *weights_of(const double weights[VLY_PHASES])
{
    return vly_json_reals((const double[]){weights[VLY_AM], weights[VLY_CBD], weights[VLY_PORE]}, VLY_PHASES);
}

static void add_kmeans(vly_segment *s, json_t *to, const vly_kmeans_result *r)
{
    vly_segment_counts(s, to, r->voxels, r->targets, r->counts);
    vly_segment_set(s, to, "phase_weights", weights_of(r->phase_weights));
    vly_segment_set(s, to, "feature_weights", vly_json_reals(r->feature_weights, VLY_FEATURE_GROUPS));
    vly_segment_set(s, to, "final_weights", weights_of(r->final_weights));
    vly_segment_set(s, to, "cost", vly_json_real(r->cost));
    vly_segment_set(s, to, "evaluations", json_integer(r->evaluations));
    vly_segment_set(s, to, "iterations", json_integer(r->iterations));
    vly_segment_set(s, to, "converged", json_boolean(r->converged));
    vly_segment_set(s, to, "relabelled", json_integer(r->relabelled));
    vly_segment_set(s, to, "dark_am", json_integer(r->dark_am));
    vly_segment_set(s, to, "bright_pore", json_integer(r->bright_pore));
    vly_segment_set(s, to, "centroids", centroids_of(r));
}

vly_status vly_segment_kmeans(vly_segment *s, json_t *to, vly_sink *labels)
{
    const vly_settings *settings = s->job.settings;
    vly_kmeans_options options = VLY_KMEANS_OPTIONS_INIT;
    vly_kmeans_result r;
    options.region = vly_segment_region(s);
    options.fractions = settings->fractions;
    options.seed = settings->seed;
    options.samples = settings->samples;
    options.parameters = settings->parameters == VLY_PARAMS_2 ? 2 : 5;
    options.evaluations = settings->evaluations;
    options.ridge = settings->ridge;
    options.robust_start = settings->robust_start;
    options.exact = settings->exact;
    VLY_TRY(vly_kmeans(&r, s->job.device, s->grey, labels, &options));
    add_kmeans(s, to, &r);
    vly_status status = write_histogram(s, r.histogram);
    vly_kmeans_result_free(&r);
    return status;
}

/* Segments into `path` and reports into `to`. */
static vly_status run_method(vly_segment *s, vly_method method, const char *path, json_t *to)
{
    assert(method < VLY_METHODS);
    const vly_settings *settings = s->job.settings;
    vly_sink *labels;
    vly_sink_options options = {.extent = vly_box_extent(s->window),
                                .type = VLY_U8,
                                .voxel_size = vly_source_info(s->grey)->voxel_size,
                                .labels = true,
                                .overwrite = settings->overwrite,
                                .compress = settings->compress};
    double started = vly_job_now();
    if (method >= VLY_METHODS) return vly_fail(VLY_EUSAGE, "segment: no method to run");
    VLY_TRY(vly_sink_open(&labels, path, s->job.device, &options));
    vly_segment_set(s, to, "method", json_string(vly_method_name(method)));
    vly_segment_set(s, to, "output", vly_json_string(path));
    vly_status status = method == VLY_METHOD_THRESHOLD     ? run_threshold(s, to, labels)
                        : method == VLY_METHOD_KMEANS      ? vly_segment_kmeans(s, to, labels)
                        : method == VLY_METHOD_EDX_CLOSING ? vly_segment_closing(s, to, labels)
                                                           : vly_segment_network(s, method, to, labels);
    if (status == VLY_OK) status = vly_job_publish(&s->job, path, labels, NULL);
    vly_sink_close(labels);
    if (to != s->job.document->root)
        vly_segment_set(s, to, "seconds", json_real(round(1e3 * (vly_job_now() - started)) / 1e3));
    return status;
}

/* ---- inputs and outputs ---- */

/* What only the closing reads. */
static vly_status open_closing(vly_segment *s)
{
    const vly_settings *settings = s->job.settings;
    if (!(s->methods >> VLY_METHOD_EDX_CLOSING & 1)) return VLY_OK;
    if (!*settings->edx) return vly_fail(VLY_EUSAGE, "segment: edx-closing needs --edx MAP.tif or PROFILE.csv");
    VLY_TRY(vly_job_list_input(&s->job, settings->edx));
    if (!*settings->am_labels) return VLY_OK;
    VLY_TRY(vly_job_open_input(&s->job, &s->am, settings->am_labels));
    return vly_source_labels(&s->am, s->am, NULL);
}

static vly_status open_inputs(vly_segment *s)
{
    const vly_settings *settings = s->job.settings;
    vly_source *volume;
    if (settings->input_count != 1)
        return vly_fail(VLY_EUSAGE, "segment: %d volumes, one expected", settings->input_count);
    VLY_TRY(vly_job_open_input(&s->job, &volume, settings->inputs[0]));
    vly_status status = vly_job_window(&s->window, settings, vly_source_info(volume));
    if (status == VLY_OK && *settings->mask) status = vly_job_open_input(&s->job, &s->mask, settings->mask);
    if (status == VLY_OK) status = vly_segment_open_model(s);
    if (status == VLY_OK) status = open_closing(s);
    if (status == VLY_OK && settings->dry_run) {
        json_t *plan;
        status = vly_job_plan(&plan, s->job.device, volume, s->window, s->methods, settings);
        vly_document_set(s->job.document, "plan", plan);
    }
    if (status == VLY_OK && !settings->dry_run) status = vly_job_digest_inputs(&s->job);
    if (status != VLY_OK || settings->dry_run) {
        vly_source_close(volume);
        return status;
    }
    VLY_TRY(vly_source_grey(&s->grey, volume, s->job.device, settings->grey_range[0], settings->grey_range[1]));
    s->map = vly_source_grey_map(s->grey);
    if (s->methods >> VLY_METHOD_EDX_CLOSING & 1) VLY_TRY(vly_segment_closing_check(s));
    vly_document_set(s->job.document, "window", vly_job_box(s->window));
    vly_document_set(s->job.document, "grey_map",
                     json_pack("{s:f, s:f, s:f, s:f, s:I, s:b}", "offset", s->map->offset, "scale", s->map->scale,
                               "low", s->map->low, "high", s->map->high, "clamped", (json_int_t)s->map->clamped,
                               "exact", s->map->exact));
    return VLY_OK;
}

static vly_status run_all(vly_segment *s)
{
    const vly_settings *settings = s->job.settings;
    json_t *reports = json_array();
    char *path;
    vly_document_set(s->job.document, "output", vly_json_string(settings->output));
    vly_document_set(s->job.document, "methods", reports);
    s->made_folder = !vly_path_exists(settings->output);
    VLY_TRY(vly_folder_make(settings->output));
    for (vly_method m = 0; m < VLY_METHODS; m++) {
        if (!(s->methods >> m & 1)) continue;
        json_t *report = json_object();
        if (json_array_append_new(reports, report) != 0) return vly_fail(VLY_EMEMORY, "document: out of memory");
        VLY_TRY(vly_format(&path, "%s/%s.tif", settings->output, vly_method_name(m)));
        vly_status status = run_method(s, m, path, report);
        vly_free(path);
        VLY_TRY(status);
        s->kmeans_made |= m == VLY_METHOD_KMEANS;
    }
    return VLY_OK;
}

static vly_status run_one(vly_segment *s)
{
    const vly_settings *settings = s->job.settings;
    vly_method method = 0;
    while (method < VLY_METHODS && !(s->methods >> method & 1)) method++;
    return run_method(s, method, settings->output, s->job.document->root);
}

vly_status vly_job_segment_again(vly_document **out, vly_device *device, const vly_settings *settings,
                                 vly_mlp_field **field)
{
    vly_segment s = {.methods = vly_settings_methods(settings), .field = *field};
    *out = NULL;
    vly_status status = vly_job_begin(&s.job, device, settings, "segment");
    if (status == VLY_OK) status = open_inputs(&s);
    if (status == VLY_OK && !settings->dry_run) status = (s.methods & (s.methods - 1)) != 0 ? run_all(&s) : run_one(&s);
    vly_source_close(s.grey);
    vly_source_close(s.mask);
    vly_source_close(s.am);
    *field = s.field;
    vly_mlp_free(s.model);
    status = vly_job_end(&s.job, status, out);
    if (status != VLY_OK && s.made_folder) vly_folder_drop(settings->output);
    return status;
}

vly_status vly_job_segment(vly_document **out, vly_device *device, const vly_settings *settings)
{
    vly_mlp_field *field = NULL;
    vly_status status = vly_job_segment_again(out, device, settings, &field);
    vly_mlp_field_free(field);
    return status;
}
