/* The table of inputs: which file, how large, how far its voxel size can be trusted, and the hash that identifies it. */
#include "study/report_impl.h"

static void extent_cell(vly_text *to, const json_t *input)
{
    const json_t *extent = json_object_get(input, "extent");
    if (json_array_size(extent) != 3) {
        vly_html_add(to, "<td></td>");
        return;
    }
    vly_html_add(to, "<td>");
    for (size_t i = 0; i < 3; i++)
        vly_html_add(to, i ? " × %.0f" : "%.0f", vly_report_number(json_array_get(extent, i), NULL));
    vly_html_add(to, "</td>");
}

static void size_cell(vly_text *to, const json_t *input)
{
    const char *origin = vly_report_string(input, "voxel_size_origin");
    double um[3];
    vly_html_add(to, "<td>");
    if (!vly_report_lengths_um(um, input))
        vly_html_add(to, json_object_get(input, "extent") ? "unknown" : "");
    else if (um[0] == um[1] && um[1] == um[2])
        vly_html_add(to, "%.4g µm", um[0]);
    else
        vly_html_add(to, "%.4g × %.4g × %.4g µm", um[0], um[1], um[2]);
    if (origin) vly_html_add(to, "<br/><small>%s</small>", origin);
    vly_html_add(to, "</td>");
}

static void row(const vly_report_sample *sample, vly_report *report, const char *what, const json_t *input)
{
    vly_text *to = &report->page;
    vly_html_add(to, "<tr>");
    if (report->count > 1) vly_html_add(to, "<th>%s</th>", sample->sample->name);
    vly_html_add(to, "<td>%s</td><td><code>%s</code></td>", what, vly_report_string(input, "path"));
    extent_cell(to, input);
    size_cell(to, input);
    vly_html_add(to, "<td><code>%s</code></td></tr>\n", vly_report_string(input, "xxh128"));
}

vly_status vly_report_inputs(vly_report *report)
{
    vly_text *to = &report->page;
    vly_html_add(to, "<div class=\"wide\"><table><thead><tr>%s", "");
    if (report->count > 1) vly_html_add(to, "<th>Sample</th>");
    vly_html_add(to, "<th></th><th>File</th><th>Voxels, x × y × z</th><th>Voxel size</th><th>xxh128</th></tr></thead>"
                     "<tbody>\n");
    for (int32_t i = 0; i < report->count; i++) {
        const vly_report_sample *sample = &report->samples[i];
        const json_t *truth = json_object_get(sample->compare, "truth");
        row(sample, report, "grey", vly_report_grey(sample));
        if (truth) row(sample, report, "truth", truth);
    }
    vly_html_add(to, "</tbody></table></div>\n");
    return to->status;
}
