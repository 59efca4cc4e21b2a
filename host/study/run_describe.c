/* The descriptors of each trinarisation, as `voxelyte describe` computes them. */
#include "study/run_work.h"

#include "core/memory.h"
#include "study/describe_numbers.h"
#include "study/job_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool vly_describe_wanted(const vly_sample *sample)
{
    return sample->settings.quantities != 0;
}

/* Lengths need a voxel size: better told before the hours of work that come first. */
vly_status vly_describe_possible(const vly_sample *sample)
{
    const vly_source_options options = {.voxel_size = sample->settings.voxel_size};
    vly_source *volume;
    VLY_TRY(vly_source_open(&volume, vly_sample_volume(sample), &options));
    vly_status status = vly_voxel_size_require(vly_source_info(volume));
    vly_source_close(volume);
    return status;
}

vly_status vly_work_describe(vly_run *run, const vly_piece *piece)
{
    vly_settings settings = piece->sample->settings;
    vly_document *document = NULL;
    char *output = NULL, *labels = NULL, *curves = NULL;
    const char *input;
    vly_status status = vly_run_path(&output, run, piece->outputs[0]);
    if (status == VLY_OK) status = vly_format(&curves, "%s/%scurves", run->folder, piece->sample->folder);
    if (status == VLY_OK) status = vly_run_path(&labels, run, vly_piece_labels(run, piece)->outputs[0]);
    if (status == VLY_OK) {
        input = labels;
        settings.inputs = &input;
        settings.input_count = 1;
        settings.overwrite = true;
        settings.window = (vly_box){0};                       /* the labels are of the window alone, */
        settings.labels = (vly_label_map){.listed = {false}}; /* and ours */
        snprintf(settings.output, sizeof settings.output, "%s", output);
        snprintf(settings.curves, sizeof settings.curves, "%s", curves);
        status = vly_job_describe(&document, run->device, &settings);
    }
    vly_document_free(document);
    vly_free(curves);
    vly_free(labels);
    vly_free(output);
    return status;
}

/* ---- summary ---- */

typedef struct rows {
    vly_summary *to;
    const char *method, *cutout; /* NULL: the sample's */
    bool fractions;              /* else the trinarisation has told them */
} rows;

/* "geodesic_tortuosity.mean" is the quantity geodesic_tortuosity_mean; commas part the columns. */
static void add_row(const rows *r, const char *phase, const json_t *group, const char *key, const json_t *value)
{
    char quantity[96], remark[160];
    const char *flag = vly_json_text(json_object_get(group, "flags"), key);
    const char *reason = vly_json_text(json_object_get(group, "reasons"), key);
    snprintf(quantity, sizeof quantity, "%s", key);
    snprintf(remark, sizeof remark, "%s", *flag ? flag : reason);
    for (char *c = quantity; *c; c++)
        if (*c == '.') *c = '_';
    for (char *c = remark; *c; c++)
        if (*c == ',') *c = ';';
    if (!r->fractions && strcmp(key, "volume_fraction") == 0) return;
    vly_summary_add(r->to, r->cutout, r->method, phase, quantity,
                    json_is_number(value) ? json_number_value(value) : NAN, vly_unit_of_key(key), remark);
}

/* The numbers of a group, and of the groups in it, which hold no further ones. */
static void add_group(const rows *r, const char *phase, const json_t *group, const json_t *object, const char *lead)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        char full[96];
        snprintf(full, sizeof full, "%s%s", lead, key);
        if (json_is_number(value) || json_is_null(value)) {
            add_row(r, phase, group, full, value);
        } else if (json_is_object(value) && !*lead && strcmp(key, "spread") != 0) {
            snprintf(full, sizeof full, "%s.", key);
            add_group(r, phase, group, value, full);
        }
    }
}

static void add_all(const rows *r, const json_t *numbers)
{
    static const char *const phases[] = {"am", "cbd", "pore"}, *const groups[] = {"interfaces", "electrode"};
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++) {
        const json_t *group = json_object_get(json_object_get(numbers, "phases"), phases[i]);
        add_group(r, phases[i], group, group, "");
    }
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        const json_t *group = json_object_get(numbers, groups[i]);
        add_group(r, "", group, group, "");
    }
}

/* A cut-out's place in the volume: that in the labels, behind the window they are of. */
static void name_cutout(char name[80], const json_t *cutout, vly_box window)
{
    const json_t *box = json_object_get(cutout, "window");
    const int32_t origin[3] = {window.x0, window.y0, window.z0};
    size_t at = 0;
    for (size_t i = 0; i < 3; i++) {
        const json_t *range = json_array_get(box, i);
        at += (size_t)snprintf(name + at, 80 - at, "%s%lld:%lld", i ? " " : "",
                               (long long)(origin[i] + json_integer_value(json_array_get(range, 0))),
                               (long long)(origin[i] + json_integer_value(json_array_get(range, 1))));
    }
}

void vly_summarise_describe(vly_summary *t, const vly_piece *piece, const vly_document *d)
{
    const json_t *cutouts = json_object_get(d->root, "cutouts");
    const size_t count = json_array_size(cutouts);
    const char *method = vly_method_name((vly_method)piece->method);
    for (size_t i = 0; i < count && count > 1; i++) {
        char name[80];
        const json_t *cutout = json_array_get(cutouts, i);
        name_cutout(name, cutout, piece->sample->settings.window);
        add_all(&(rows){t, method, name, true}, cutout);
    }
    add_all(&(rows){t, method, count > 1 ? "mean" : NULL, count > 1}, d->root);
}
