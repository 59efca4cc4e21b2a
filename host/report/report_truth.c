/* Agreement with a known truth, where there is one (synthetic samples): bars for the eye, a table for the numbers. */
#include "report/report_impl.h"
#include "report/svg.h"

#include <math.h>

static double jaccard(const json_t *truth, vly_phase phase, int32_t method)
{
    const json_t *list = json_object_get(json_object_get(truth, "jaccard"), vly_phase_name(phase));
    return vly_report_number(json_array_get(list, (size_t)method), NULL);
}

static const char *name_of(const vly_report_sample *sample, int32_t method)
{
    const char *name =
        vly_report_string(json_array_get(json_object_get(sample->compare, "names"), (size_t)method), NULL);
    return name ? vly_report_title(name) : "";
}

static void draw(vly_text *svg, const vly_report_sample *sample, const json_t *truth, int32_t count)
{
    double width = fmin(VLY_SVG_WIDTH, 140 + 150.0 * count);
    vly_plot plot = {{.low = 0, .high = count, .at_low = 72, .at_high = width - 12},
                     {.low = 0, .high = 1, .at_low = 250, .at_high = 48, .label = "Jaccard index"}};
    const bool crowded = count > 6; /* names stand aslant, and the numbers are the table's */
    vly_svg_open(svg, fmax(width, 420), crowded ? 336 : 286, "Agreement with the truth");
    vly_report_legend(svg, 72, 10, vly_report_phase_colours);
    vly_svg_axes(svg, &plot);
    for (int32_t m = 0; m < count; m++) {
        for (int i = 0; i < 3; i++) {
            vly_phase phase = vly_report_phase_order[i];
            double value = jaccard(truth, phase, m), left = m + 0.17 + 0.22 * i;
            vly_text number = {0};
            if (isnan(value)) continue;
            vly_svg_bar(svg, &plot, left, left + 0.21, value, vly_report_phase_colours[phase]);
            vly_html_add(&number, "%.3f", value);
            if (number.text && !crowded)
                vly_svg_text(svg, vly_svg_at(&plot.x, left + 0.105), vly_svg_at(&plot.y, value) - 5,
                             &(vly_svg_style){.anchor = VLY_MIDDLE, .size = 10.5}, number.text);
            vly_text_free(&number);
        }
        const vly_svg_style below = {.anchor = crowded ? VLY_END : VLY_MIDDLE, .turn = crowded ? -40 : 0};
        vly_svg_text(svg, vly_svg_at(&plot.x, m + 0.5), crowded ? 264 : 270, &below, name_of(sample, m));
    }
    vly_svg_close(svg);
}

static void table(vly_text *to, const vly_report_sample *sample, const json_t *truth, int32_t count)
{
    const json_t *accuracy = json_object_get(truth, "accuracy");
    vly_html_add(to, "<div class=\"wide\"><table><thead><tr><th>Trinarisation</th><th class=\"n\">Equal voxels</th>"
                     "<th class=\"n\">Jaccard, active material</th><th class=\"n\">Jaccard, CBD</th>"
                     "<th class=\"n\">Jaccard, pore</th></tr></thead><tbody>\n");
    for (int32_t m = 0; m < count; m++)
        vly_html_add(to,
                     "<tr><th>%s</th><td class=\"n\">%.2f %%</td><td class=\"n\">%.4f</td><td class=\"n\">%.4f</td>"
                     "<td class=\"n\">%.4f</td></tr>\n",
                     name_of(sample, m), 100 * vly_report_number(json_array_get(accuracy, (size_t)m), NULL),
                     jaccard(truth, VLY_AM, m), jaccard(truth, VLY_CBD, m), jaccard(truth, VLY_PORE, m));
    vly_html_add(to, "</tbody></table></div>\n");
}

static size_t scored(const vly_report_sample *sample)
{
    const size_t count = json_array_size(json_object_get(json_object_get(sample->compare, "truth"), "accuracy"));
    return count > VLY_REPORT_NAMES ? 0 : count;
}

static vly_status write_data(const vly_report *report)
{
    vly_text csv = {0};
    vly_text_add(&csv, "sample,trinarisation,equal_fraction,jaccard_am,jaccard_cbd,jaccard_pore\n");
    for (int32_t s = 0; s < report->count; s++) {
        const vly_report_sample *sample = &report->samples[s];
        const json_t *truth = json_object_get(sample->compare, "truth");
        for (int32_t m = 0; m < (int32_t)scored(sample); m++) {
            const json_t *names = json_object_get(sample->compare, "names");
            const char *name = vly_report_string(json_array_get(names, (size_t)m), NULL);
            vly_text_add(&csv, "%s,%s", sample->sample->name, name ? name : "");
            vly_report_cell(&csv,
                            vly_report_number(json_array_get(json_object_get(truth, "accuracy"), (size_t)m), NULL));
            for (int i = 0; i < VLY_PHASES; i++) vly_report_cell(&csv, jaccard(truth, vly_report_phase_order[i], m));
            vly_text_add(&csv, "\n");
        }
    }
    vly_status status = vly_report_data(report, "truth", &csv);
    vly_text_free(&csv);
    return status;
}

vly_status vly_report_truth(vly_report *report)
{
    vly_text *to = &report->page;
    for (int32_t i = 0; i < report->count; i++) {
        const vly_report_sample *sample = &report->samples[i];
        const json_t *truth = json_object_get(sample->compare, "truth");
        size_t count = scored(sample);
        vly_text svg = {0};
        if (count == 0) continue;
        vly_report_heading(report, sample);
        draw(&svg, sample, truth, (int32_t)count);
        VLY_TRY(vly_report_figure(report, sample, "truth", &svg));
        vly_html_add(to, "Jaccard index of each phase between a trinarisation and the known truth of this sample: 1 is "
                         "identical.");
        VLY_TRY(write_data(report));
        vly_report_caption_end(report, "", "figures/truth.csv");
        table(to, sample, truth, (int32_t)count);
    }
    return to->status;
}
