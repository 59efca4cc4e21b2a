/* The table of inputs: which file, what is in it, how far its voxel size can be trusted, and the hash that identifies it.
 * Extent and hash are those of the run; type and tags are looked up in the file, if it is still there. */
#include "report/report_impl.h"

#include "voxelyte/volume.h"

#include <string.h>

static void extent_text(vly_text *to, const json_t *extent)
{
    for (size_t i = 0; i < 3; i++)
        vly_html_add(to, i ? " × %.0f" : "%.0f", vly_report_number(json_array_get(extent, i), NULL));
}

static void size_text(vly_text *to, const json_t *input)
{
    double um[3];
    if (!vly_report_lengths_um(um, input))
        vly_html_add(to, "unknown");
    else if (um[0] == um[1] && um[1] == um[2])
        vly_html_add(to, "%.4g µm", um[0]);
    else
        vly_html_add(to, "%.4g × %.4g × %.4g µm", um[0], um[1], um[2]);
}

/* source: NULL if the file is not there any more. */
static void cells(vly_text *to, const json_t *input, const vly_source *source)
{
    static const char *const verdicts[] = {"no tag states it",
                                           "implausible: ", "tags disagree: ", "from the file: ", ""};
    const vly_volume_info *info = source ? vly_source_info(source) : NULL;
    const json_t *extent = json_object_get(input, "extent");
    const bool known = json_is_array(extent);
    vly_html_add(to, "<td class=\"k\">");
    if (known)
        extent_text(to, extent);
    else if (info)
        vly_html_add(to, "%d × %d × %d", info->extent.nx, info->extent.ny, info->extent.nz);
    if (info) vly_html_add(to, "<br/><small>%s, %s</small>", vly_type_name(info->type), info->format);
    vly_html_add(to, "</td><td>");
    if (known) size_text(to, input);
    if (known && info)
        vly_html_add(to, "<br/><small>%s%s</small>", verdicts[info->voxel_size.verdict], info->voxel_size.origin);
    vly_html_add(to, "</td>");
}

static vly_status row(vly_report *report, const vly_report_sample *sample, const char *what, const char *path,
                      const json_t *input)
{
    const vly_source_options options = {.voxel_size = sample->sample->settings.voxel_size};
    const char *name = vly_report_string(input, "path");
    vly_text *to = &report->page;
    vly_source *source = NULL;
    vly_status status = vly_source_open(&source, path, &options);
    if (status != VLY_OK && !vly_report_tolerable(status)) return status;
    vly_html_add(to, "<tr>");
    if (report->count > 1) vly_html_add(to, "<th>%s</th>", sample->sample->name);
    vly_html_add(to, "<td>%s</td><td><code>%s</code></td>", what, name ? name : path);
    cells(to, input, status == VLY_OK ? source : NULL);
    vly_html_add(to, "<td><code>%s</code></td></tr>\n", vly_report_string(input, "xxh128"));
    if (status == VLY_OK) vly_source_close(source);
    return to->status;
}

static vly_status given_rows(vly_report *report, const vly_report_sample *sample)
{
    for (vly_method m = 0; m < VLY_TRINARISATIONS; m++) {
        const json_t *result = vly_report_find(sample, vly_method_name(m));
        if (!sample->sample->given[m]) continue;
        VLY_TRY(row(report, sample, vly_report_title(vly_method_name(m)), sample->sample->given[m],
                    vly_report_input(result)));
    }
    return VLY_OK;
}

/* An input of that path in a document; NULL if it has none. */
static const json_t *input_at(const json_t *document, const char *path)
{
    const json_t *inputs = json_object_get(document, "inputs");
    for (size_t i = 0; i < json_array_size(inputs); i++) {
        const char *name = vly_report_string(json_array_get(inputs, i), "path");
        if (name && strcmp(name, path) == 0) return json_array_get(inputs, i);
    }
    return NULL;
}

/* What some trinarisations and the fits need besides: files that are not of the tomogram's shape. */
static vly_status other_rows(vly_report *report, const vly_report_sample *sample)
{
    const vly_settings *s = &sample->sample->settings;
    const struct {
        const char *what, *path;
    } others[] = {{"EDX", s->edx}, {"fine labels", s->fib}, {"measured", s->experiment}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        const json_t *input = NULL;
        if (!*others[i].path) continue;
        for (int32_t m = 0; m < sample->count && !input; m++) {
            input = input_at(sample->methods[m].result, others[i].path);
            if (!input) input = input_at(sample->methods[m].fit, others[i].path);
        }
        VLY_TRY(row(report, sample, others[i].what, others[i].path, input));
    }
    return VLY_OK;
}

vly_status vly_report_inputs(vly_report *report)
{
    vly_text *to = &report->page;
    vly_html_add(to, "<div class=\"wide\"><table><thead><tr>");
    if (report->count > 1) vly_html_add(to, "<th>Sample</th>");
    vly_html_add(
        to,
        "<th></th><th>File</th><th class=\"k\">Voxels, x × y × z</th><th>Voxel size</th><th>xxh128</th></tr></thead>"
        "<tbody>\n");
    for (int32_t i = 0; i < report->count; i++) {
        const vly_report_sample *sample = &report->samples[i];
        if (sample->sample->grey)
            VLY_TRY(row(report, sample, "grey", sample->sample->grey, vly_report_input(vly_report_ours(sample))));
        VLY_TRY(given_rows(report, sample));
        if (sample->sample->truth)
            VLY_TRY(row(report, sample, "truth", sample->sample->truth, json_object_get(sample->compare, "truth")));
        VLY_TRY(other_rows(report, sample));
    }
    vly_html_add(to, "</tbody></table></div>\n");
    return to->status;
}
