/* Where the numbers come from: enough to run the same again. */
#include "study/report_impl.h"

#include <math.h>

static void text_row(vly_text *to, const char *name, const char *value)
{
    if (value && *value) vly_html_add(to, "<tr><th>%s</th><td><code>%s</code></td></tr>\n", name, value);
}

static void piece_row(vly_report *report, const vly_report_sample *sample, const char *name, const json_t *result)
{
    vly_text *to = &report->page;
    double seconds = vly_report_number(result, "seconds");
    vly_html_add(to, "<tr>");
    if (report->count > 1) vly_html_add(to, "<th>%s</th>", sample->sample->name);
    vly_html_add(to, "<td>%s</td><td>voxelyte %s (%s)</td><td>%s</td><td class=\"n\">", name,
                 vly_report_string(result, "voxelyte"), vly_report_string(result, "commit"),
                 vly_report_string(result, "device"));
    if (isfinite(seconds)) vly_html_add(to, "%.3g s", seconds);
    vly_html_add(to, "</td></tr>\n");
}

/* Every choice that was made by somebody, and where: the rest are defaults. */
static void settings_rows(vly_text *to, const vly_settings *settings)
{
    char text[VLY_PATH_BYTES];
    for (int32_t i = 0; i < vly_option_count(); i++) {
        const vly_option *option = vly_option_at(i);
        if (!vly_option_belongs(option, "run") || vly_option_is_machine(option->key)) continue;
        if (!vly_settings_given(settings, option->key)) continue;
        vly_settings_text(settings, i, text);
        text_row(to, option->key, text);
    }
}

vly_status vly_report_provenance(vly_report *report)
{
    vly_text *to = &report->page;
    vly_html_add(to, "<div class=\"wide\"><table><thead><tr>");
    if (report->count > 1) vly_html_add(to, "<th>Sample</th>");
    vly_html_add(to, "<th>Step</th><th>Program</th><th>Device</th><th class=\"n\">Time</th></tr></thead><tbody>\n");
    for (int32_t i = 0; i < report->count; i++) {
        const vly_report_sample *sample = &report->samples[i];
        for (int32_t m = 0; m < sample->count; m++)
            piece_row(report, sample, vly_report_title(sample->methods[m].name), sample->methods[m].result);
        if (sample->compare) piece_row(report, sample, "comparison", sample->compare);
    }
    vly_html_add(to, "</tbody></table></div>\n<div class=\"wide\"><table><tbody>\n");
    settings_rows(to, &report->study->settings);
    vly_html_add(to, "</tbody></table></div>\n<p>What was asked for stands in ");
    vly_report_link(report, "", "study.yaml");
    vly_html_add(to, ", every number in ");
    vly_report_link(report, "", "summary.csv");
    vly_html_add(to, ", what happened when in ");
    vly_report_link(report, "", "log.txt");
    vly_html_add(to, ", and hashes of every file in ");
    vly_report_link(report, "", "manifest.json");
    vly_html_add(
        to,
        ". To compute everything again and compare it bit for bit: <code>voxelyte verify manifest.json</code>. "
        "This page was made by voxelyte %s (%s).</p>\n",
        vly_version(), vly_commit());
    return to->status;
}
