/* Target and achieved fractions with their voxels. "Off target" compares counts of voxels with those that the targets were
 * rounded to. */
#include "report/report_impl.h"

#include <math.h>

/* Of the phase in this column. */
static double number_of(const json_t *phases, int column)
{
    return vly_report_number(phases, vly_phase_name(vly_report_phase_order[column]));
}

static void fraction_cell(vly_text *to, double fraction, double voxels)
{
    vly_html_add(to, "<td class=\"n\">%.4f %%", 100 * fraction);
    if (fabs(voxels) < 1e15) vly_html_add(to, "<br/><small>%lld</small>", llround(voxels));
    vly_html_add(to, "</td>");
}

static void target_row(vly_text *to, const json_t *result)
{
    const json_t *target = json_object_get(result, "target"), *counts = json_object_get(result, "target_counts");
    if (!target) return;
    vly_html_add(to, "<tr class=\"target\"><th>target</th>");
    for (int p = 0; p < VLY_PHASES; p++) fraction_cell(to, number_of(target, p), number_of(counts, p));
    vly_html_add(to, "<td></td><td></td></tr>\n");
}

static void method_row(vly_report *report, const vly_report_sample *sample, const vly_report_method *method)
{
    vly_text *to = &report->page, path = {0};
    const json_t *result = method->result, *achieved = json_object_get(result, "achieved"),
                 *counts = json_object_get(result, "counts");
    double off = vly_report_off(result);
    vly_html_add(to, "<tr><th>%s</th>", vly_report_title(method->name));
    for (int p = 0; p < VLY_PHASES; p++) fraction_cell(to, number_of(achieved, p), number_of(counts, p));
    if (isnan(off))
        vly_html_add(to, "<td>no target</td>");
    else if (off == 0)
        vly_html_add(to, "<td>exact</td>");
    else
        vly_html_add(to, "<td>%lld voxel%s</td>", (long long)off, off == 1 ? "" : "s");
    vly_html_add(to, "<td>");
    vly_text_add(&path, "segment/%s.json", method->name);
    if (path.status == VLY_OK) vly_report_link(report, sample->prefix, path.text);
    vly_html_add(to, "</td></tr>\n");
    vly_text_free(&path);
}

vly_status vly_report_fractions(vly_report *report)
{
    vly_text *to = &report->page;
    for (int32_t i = 0; i < report->count; i++) {
        const vly_report_sample *sample = &report->samples[i];
        vly_report_heading(report, sample);
        vly_html_add(to,
                     "<div class=\"wide\"><table><thead><tr><th>Trinarisation</th><th class=\"n\">Active material"
                     "<br/><small>voxels</small></th><th class=\"n\">CBD<br/><small>voxels</small></th><th class=\"n\">"
                     "Pore<br/><small>voxels</small></th><th>Off target</th><th>Data</th></tr></thead><tbody>\n");
        target_row(to, vly_report_ours(sample));
        for (int32_t m = 0; m < sample->count; m++) method_row(report, sample, &sample->methods[m]);
        vly_html_add(to, "</tbody></table></div>\n");
    }
    return to->status;
}
