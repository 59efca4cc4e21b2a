/* Labels to descriptors: the document, and its curves as CSV beside it. */
#include "study/job_impl.h"

#include "core/file.h"
#include "core/memory.h"
#include "study/describe_document.h"

#include <stdio.h>
#include <string.h>

typedef struct describing {
    vly_job job;
    vly_source *labels;
    vly_describe_options options;
    char *files[VLY_CURVES]; /* NULL: no curves are written */
} describing;

/* ---- where the curves go ---- */

/* out/kmeans.json has its curves in out/kmeans-cpsd.csv, or FOLDER/kmeans-cpsd.csv. */
static vly_status name_files(describing *d)
{
    const vly_settings *s = d->job.settings;
    char stem[256];
    if (!*s->output && !*s->curves) return VLY_OK;
    vly_job_stem(stem, *s->output ? s->output : s->inputs[0]);
    const char *slash = strrchr(s->output, '/');
    int folder = slash && !*s->curves ? (int)(slash + 1 - s->output) : 0;
    for (int c = 0; c < VLY_CURVES; c++) {
        VLY_TRY(vly_format(&d->files[c], "%s%s%.*s%s-%s.csv", s->curves, *s->curves ? "/" : "", folder, s->output, stem,
                           vly_curve_name((vly_curve)c)));
        if (!s->overwrite && vly_path_exists(d->files[c]))
            return vly_fail(VLY_EOUTPUT, "%s: exists already, --overwrite replaces it", d->files[c]);
    }
    return VLY_OK;
}

static vly_status write_curves(describing *d)
{
    vly_status status = *d->job.settings->curves ? vly_folder_make(d->job.settings->curves) : VLY_OK;
    for (int c = 0; c < VLY_CURVES && status == VLY_OK && d->files[c]; c++) {
        vly_text text = {0};
        vly_curve_header(&text, (vly_curve)c, "");
        vly_curve_rows(&text, (vly_curve)c, d->job.document->root, "");
        status = text.status;
        if (status == VLY_OK) status = vly_job_publish(&d->job, d->files[c], NULL, text.text);
        vly_text_free(&text);
    }
    return status;
}

/* Without the document its curves go too; the message of the failure stays. */
static void drop_files(describing *d, bool remove)
{
    char message[512];
    snprintf(message, sizeof message, "%s", vly_error_message());
    for (int c = 0; c < VLY_CURVES; c++) {
        if (remove && d->files[c]) (void)vly_file_remove(d->files[c]);
        vly_free(d->files[c]);
    }
    if (remove) vly_fail(VLY_EIO, "%s", message);
}

/* ---- the plan ---- */

static json_t *plan_of(const describing *d, const vly_describe_need *needs, const vly_box *windows)
{
    json_t *plan = json_object(), *boxes = json_array(), *quantities = json_object();
    const double voxels = (double)vly_extent_voxels(vly_box_extent(windows[0]));
    int64_t most = 0;
    for (int32_t i = 0; i < d->options.cutouts; i++) json_array_append_new(boxes, vly_job_box(windows[i]));
    for (int q = 0; q < VLY_QUANTITIES; q++) {
        const int64_t bytes = needs[q].host_bytes > needs[q].device_bytes ? needs[q].host_bytes : needs[q].device_bytes;
        if (!(d->options.quantities >> q & 1)) continue;
        if (bytes > most) most = bytes;
        json_object_set_new(quantities, vly_quantity_name((vly_quantity)q),
                            json_pack("{s:I, s:I, s:o, s:b}", "host_bytes", (json_int_t)needs[q].host_bytes,
                                      "device_bytes", (json_int_t)needs[q].device_bytes, "bytes_per_voxel",
                                      vly_json_real((double)bytes / voxels), "streams", needs[q].streams));
    }
    json_object_set_new(plan, "voxels", json_integer((json_int_t)voxels));
    json_object_set_new(plan, "cutouts", boxes);
    json_object_set_new(plan, "quantities", quantities);
    json_object_set_new(plan, "bytes", json_integer(most));
    json_object_set_new(plan, "bytes_per_voxel", vly_json_real((double)most / voxels));
    return plan;
}

static vly_status make_plan(describing *d)
{
    vly_describe_need needs[VLY_QUANTITIES];
    vly_box *windows;
    VLY_TRY(VLY_NEW(&windows, d->options.cutouts, "cut-outs"));
    vly_status status = vly_describe_plan(needs, windows, d->job.device, d->labels, &d->options);
    if (status == VLY_OK) vly_document_set(d->job.document, "plan", plan_of(d, needs, windows));
    vly_free(windows);
    return status;
}

/* ---- the work ---- */

static void take_options(describing *d)
{
    const vly_settings *s = d->job.settings;
    d->options = VLY_DESCRIBE_OPTIONS_INIT;
    d->options.quantities = s->quantities;
    d->options.window = s->window;
    d->options.cutouts = s->cutouts;
    d->options.through = (vly_through){(int32_t)s->through, s->separator == VLY_SEPARATOR_HIGH};
}

/* A warning for each kind of descriptor that this volume has no numbers for. */
static void warn_missing(const describing *d, const vly_description *r)
{
    for (int q = 0; q < VLY_QUANTITIES; q++)
        if (r->cutouts[0].reason[q])
            vly_device_warn(d->job.device, "%s: no %s: %s", vly_source_info(d->labels)->path,
                            vly_quantity_name((vly_quantity)q), r->cutouts[0].reason[q]);
}

static vly_status describe(describing *d)
{
    vly_description r;
    VLY_TRY(vly_job_digest_inputs(&d->job));
    vly_status status = vly_describe(&r, d->job.device, d->labels, &d->options);
    if (status == VLY_OK) {
        warn_missing(d, &r);
        status = vly_describe_document(d->job.document, &r);
    }
    vly_description_free(&r);
    return status == VLY_OK ? write_curves(d) : status;
}

vly_status vly_job_describe(vly_document **out, vly_device *device, const vly_settings *settings)
{
    describing d = {.labels = NULL};
    *out = NULL;
    if (settings->input_count != 1)
        return vly_fail(VLY_EUSAGE, "describe: %d label volumes, one expected", settings->input_count);
    VLY_TRY(vly_job_check_output(settings));
    vly_status status = vly_job_begin(&d.job, device, settings, "describe");
    take_options(&d);
    if (status == VLY_OK) status = name_files(&d);
    if (status == VLY_OK) status = vly_job_open_labels(&d.job, &d.labels, settings->inputs[0]);
    if (status == VLY_OK) status = settings->dry_run ? make_plan(&d) : describe(&d);
    vly_source_close(d.labels);
    status = vly_job_end(&d.job, status, out);
    const bool published = status == VLY_OK && !settings->dry_run;
    if (status == VLY_OK && !settings->dry_run) status = vly_job_write_output(out, settings);
    drop_files(&d, published && status != VLY_OK);
    return status;
}
