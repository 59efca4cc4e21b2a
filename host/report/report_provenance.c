/* Where the numbers come from: enough to run the same again. */
#include "report/report_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* seconds: of all the step's pieces, of which `result` is one. */
static void step_row(vly_report *report, const vly_report_sample *sample, const char *name, const json_t *result,
                     double seconds)
{
    vly_text *to = &report->page;
    double threads = vly_report_number(result, "threads");
    vly_html_add(to, "<tr>");
    if (report->count > 1) vly_html_add(to, "<th>%s</th>", sample->sample->name);
    vly_html_add(to, "<td>%s</td><td>voxelyte %s (%s)</td><td>%s", name, vly_report_string(result, "voxelyte"),
                 vly_report_string(result, "commit"), vly_report_string(result, "device"));
    if (threads > 0) vly_html_add(to, ", %.0f thread%s", threads, threads == 1 ? "" : "s");
    vly_html_add(to, "</td><td class=\"n\">");
    if (isfinite(seconds)) vly_html_add(to, "%.3g s", seconds);
    vly_html_add(to, "</td></tr>\n");
}

/* What is done for each trinarisation. */
enum { DESCRIBED, TRANSPORTED, LITHIATED, SPECTRA, FITTED, KINDS };

static const json_t *piece_of(const vly_report_method *method, int kind, size_t i)
{
    const json_t *const single[KINDS] = {method->describe, method->transport, NULL, method->impedance, method->fit};
    return kind == LITHIATED ? json_array_get(method->cells, i) : i == 0 ? single[kind] : NULL;
}

/* One row for all pieces of a kind. */
static void kind_row(vly_report *report, const vly_report_sample *sample, int kind)
{
    static const char *const names[KINDS] = {"Descriptors", "Transport", "Half cells", "Impedance", "Fits"};
    const json_t *any = NULL, *piece;
    double seconds = 0.0;
    int32_t count = 0;
    for (int32_t m = 0; m < sample->count; m++)
        for (size_t i = 0; (piece = piece_of(&sample->methods[m], kind, i)); i++) {
            any = piece;
            seconds += vly_report_number(piece, "seconds");
            count++;
        }
    char name[40];
    snprintf(name, sizeof name, "%s, %d", names[kind], count);
    if (any) step_row(report, sample, name, any, seconds);
}

static void steps(vly_report *report)
{
    vly_text *to = &report->page;
    vly_html_add(to, "<div class=\"wide\"><table class=\"dense\"><thead><tr>");
    if (report->count > 1) vly_html_add(to, "<th>Sample</th>");
    vly_html_add(to, "<th>Step</th><th>Program</th><th>Device</th><th class=\"n\">Time</th></tr></thead><tbody>\n");
    for (int32_t i = 0; i < report->count; i++) {
        const vly_report_sample *sample = &report->samples[i];
        for (int32_t m = 0; m < sample->count; m++)
            step_row(report, sample, vly_report_title(sample->methods[m].name), sample->methods[m].result,
                     vly_report_number(sample->methods[m].result, "seconds"));
        if (sample->learned)
            step_row(report, sample, "Training", sample->learned, vly_report_number(sample->learned, "seconds"));
        if (sample->compare)
            step_row(report, sample, "Agreement", sample->compare, vly_report_number(sample->compare, "seconds"));
        for (int kind = 0; kind < KINDS; kind++) kind_row(report, sample, kind);
    }
    vly_html_add(to, "</tbody></table></div>\n");
}

/* The choices behind the numbers. The study in its folder has every setting spelled out, so a default is known by its value. */
static void settings(vly_report *report)
{
    const vly_settings *chosen = &report->samples[0].sample->settings;
    char text[VLY_PATH_BYTES], standard[VLY_PATH_BYTES];
    vly_settings defaults;
    vly_settings_defaults(&defaults);
    if (report->count > 1)
        vly_html_add(&report->page, "<p>Settings of %s; those of the other samples stand in study.yaml.</p>\n",
                     report->samples[0].sample->name);
    vly_html_add(
        &report->page,
        "<div class=\"wide\"><table class=\"dense\"><thead><tr><th>Setting</th><th>Value</th><th></th></tr></thead>"
        "<tbody>\n");
    for (int32_t i = 0; i < vly_option_count(); i++) {
        const vly_option *option = vly_option_at(i);
        if (!vly_option_belongs(option, "run") || vly_option_is_machine(option->key)) continue;
        vly_settings_text(chosen, i, text);
        vly_settings_text(&defaults, i, standard);
        vly_html_add(&report->page, "<tr><td>%s</td><td><code>%s</code></td><td><small>%s</small></td></tr>\n",
                     option->key, text, strcmp(text, standard) == 0 ? "default" : "");
    }
    vly_html_add(&report->page, "</tbody></table></div>\n");
}

vly_status vly_report_provenance(vly_report *report)
{
    vly_text *to = &report->page;
    steps(report);
    settings(report);
    vly_html_add(to, "<p>Links lead into the folder of the study: whoever gets this page alone has everything but "
                     "the numbers behind it. What was asked for stands in ");
    vly_report_link(report, "", "study.yaml");
    vly_html_add(to, ", every number in ");
    vly_report_link(report, "", "summary.csv");
    vly_html_add(to, ", what happened when in ");
    vly_report_link(report, "", "log.txt");
    vly_html_add(to, ", the hash of every file in ");
    vly_report_link(report, "", "manifest.json");
    vly_html_add(
        to,
        ". <code>voxelyte verify manifest.json</code> computes everything again and compares it bit for bit. This "
        "page was made by voxelyte %s (%s).</p>\n",
        vly_version(), vly_commit());
    return to->status;
}
