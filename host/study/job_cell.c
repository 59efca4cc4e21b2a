/* What every job on half cells takes from the settings: materials, the part of the labels, how they become a cell. */
#include "study/job_impl.h"
#include "study/piece_cost.h"

#include <stdio.h>
#include <string.h>

/* A step takes about so long for each unknown on one common core, and a curve about so many steps (seen: 61 s for 124 000
 * unknowns, 39 steps). An unknown takes so many bytes, and moves so many in an iteration (bench's bound), of which a step has
 * six in each of three linear systems. */
static const double UNKNOWN_SECONDS = 1.25e-5, STEPS = 40.0, UNKNOWN_BYTES = 650.0, UNKNOWN_MOVED = 18.0 * 275.0;

double vly_job_curve_seconds(const vly_device *device, double unknowns)
{
    return STEPS * UNKNOWN_SECONDS * unknowns / (double)vly_device_threads(device);
}

void vly_lithiate_cost(vly_piece_cost *out, const vly_device *device, double unknowns)
{
    *out = (vly_piece_cost){.seconds = vly_job_curve_seconds(device, unknowns),
                            .bytes = UNKNOWN_BYTES * unknowns,
                            .moved = STEPS * UNKNOWN_MOVED * unknowns};
}

/* "name=value,name=value". */
static vly_status set_parameters(vly_materials *materials, const char *text)
{
    char name[64], value[VLY_PATH_BYTES];
    while (*text) {
        const size_t length = strcspn(text, ","), key = strcspn(text, "=");
        if (key == 0 || key >= length || key >= sizeof name)
            return vly_fail(VLY_EUSAGE, "--set %.*s: NAME=VALUE expected", (int)length, text);
        snprintf(name, sizeof name, "%.*s", (int)key, text);
        snprintf(value, sizeof value, "%.*s", (int)(length - key - 1), text + key + 1);
        VLY_TRY(vly_materials_set(materials, name, value));
        text += length + (text[length] == ',');
    }
    return VLY_OK;
}

static vly_status change(vly_materials *materials, const vly_settings *s)
{
    VLY_TRY(set_parameters(materials, s->materials_set));
    if (s->gamma_cbd > 0.0) VLY_TRY(vly_materials_set_number(materials, "cbd_gamma", s->gamma_cbd));
    if (s->cutoff > 0.0) VLY_TRY(vly_materials_set_number(materials, "cutoff", s->cutoff));
    return VLY_OK;
}

vly_status vly_settings_materials(vly_materials **out, const vly_settings *s)
{
    *out = NULL;
    VLY_TRY(*s->materials ? vly_materials_read(out, s->materials, s->bpx_linear) : vly_materials_create_default(out));
    vly_status status = change(*out, s);
    if (status == VLY_OK) return VLY_OK;
    vly_materials_free(*out);
    *out = NULL;
    return status;
}

vly_status vly_job_materials(vly_job *job, vly_materials **out)
{
    *out = NULL;
    if (*job->settings->materials) VLY_TRY(vly_job_list_input(job, job->settings->materials));
    return vly_settings_materials(out, job->settings);
}

vly_status vly_job_open_cell_labels(vly_job *job, vly_source **out, const char *path)
{
    VLY_TRY(vly_job_open_labels(job, out, path));
    return job->settings->coarsen > 1 ? vly_source_coarse(out, *out, job->settings->coarsen) : VLY_OK;
}

vly_status vly_job_crop(vly_box *w, const vly_settings *s, const char *path)
{
    int32_t *const low[] = {&w->x0, &w->y0, &w->z0}, *const high[] = {&w->x1, &w->y1, &w->z1};
    for (int a = 0; a < 3 && s->crop > 0; a++) {
        const int32_t side = *high[a] - *low[a];
        if (a == (int)s->through) continue;
        if (s->crop > side)
            return vly_fail(VLY_EUSAGE, "%s: a crop of %d voxels, at most the %d of the window expected", path, s->crop,
                            side);
        *low[a] += (side - s->crop) / 2;
        *high[a] = *low[a] + s->crop;
    }
    return VLY_OK;
}

vly_cell_options vly_job_cell_options(const vly_settings *s, const vly_materials *materials, vly_box window)
{
    return (vly_cell_options){.materials = materials,
                              .window = window,
                              .through = {(int32_t)s->through, s->separator == VLY_SEPARATOR_HIGH},
                              .trim = s->trim,
                              .floating = s->floating,
                              .area = s->area,
                              .area_scale = s->area_scale,
                              .separator_layers = s->separator_layers,
                              .half = s->half};
}
