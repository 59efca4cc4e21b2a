/* Tortuosity per trinarisation and direction: a table, how the solver got there, and the potential along the way. */
#include "report/report_impl.h"
#include "report/svg.h"

#include "core/memory.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PANEL = VLY_SVG_WIDTH / 2, HEIGHT = 300, PICTURE = 260 };

static const double FLUX_MOST = 4.0; /* times the mean: white */

static const char *const axes[] = {"x", "y", "z"};
static const char *const colours[] = {"#d55e00", "#009e73", "#0072b2"};

static const json_t *direction_of(const json_t *transport, int a)
{
    return json_object_get(json_object_get(transport, "directions"), axes[a]);
}

/* ---- the table ---- */

static void row(vly_text *to, const char *name, const char *axis, const json_t *d)
{
    const json_t *bounds = json_object_get(d, "bounds");
    const double low = vly_report_number(json_array_get(bounds, 0), NULL);
    const double high = vly_report_number(json_array_get(bounds, 1), NULL);
    const char *reason = vly_report_string(d, "reason");
    vly_html_add(to, "<tr><th>%s</th><td>%s</td>", name, axis);
    if (isnan(vly_report_number(d, "tau"))) {
        vly_html_add(to, "<td colspan=\"6\">infinite: %s</td></tr>\n", reason ? reason : "");
        return;
    }
    vly_html_add(to,
                 "<td class=\"n\">%.4f</td><td class=\"n\">%.4f</td><td class=\"n\">%.6f</td>"
                 "<td class=\"n\">%.1g</td><td class=\"n\">%.2f %%</td><td class=\"n\">%d</td></tr>\n",
                 vly_report_number(d, "tau"), vly_report_number(d, "tau_electrolyte"),
                 vly_report_number(d, "d_eff_rel"), 0.5 * (high - low),
                 100 * vly_report_number(d, "percolating_fraction"), (int)vly_report_number(d, "iterations"));
}

static void table(vly_text *to, const vly_report_sample *sample)
{
    vly_html_add(
        to,
        "<div class=\"wide\"><table class=\"dense\"><thead><tr><th>Trinarisation</th><th>Axis</th><th class=\"n\">τ</th>"
        "<th class=\"n\">τ, CBD by half</th><th class=\"n\">D<sub>eff</sub>/D<sub>0</sub></th>"
        "<th class=\"n\">± at most</th><th class=\"n\">percolates</th><th class=\"n\">Iterations</th>"
        "</tr></thead><tbody>\n");
    for (int32_t m = 0; m < sample->count; m++)
        for (int a = 0; a < 3; a++) {
            const json_t *d = direction_of(sample->methods[m].transport, a);
            if (d) row(to, vly_report_title(sample->methods[m].name), axes[a], d);
        }
    vly_html_add(to, "</tbody></table></div>\n");
}

/* ---- the figure ---- */

/* values (count) over 0 ... 1 in layers' centres, or over 0 ... count - 1. */
static void curve(vly_text *svg, const vly_plot *plot, const json_t *values, bool layers, const char *colour)
{
    int32_t count = (int32_t)json_array_size(values);
    double *x;
    vly_status status = VLY_NEW(&x, 2 * (int64_t)count, "curve");
    for (int32_t i = 0; status == VLY_OK && i < count; i++) {
        x[i] = layers ? (i + 0.5) / count : i;
        x[count + i] = vly_report_number(json_array_get(values, (size_t)i), NULL);
    }
    if (status == VLY_OK)
        vly_svg_line(svg, plot, x, x + count, count, colour);
    else if (svg->status == VLY_OK)
        svg->status = status;
    vly_free(x);
}

static void draw(vly_text *svg, const json_t *transport)
{
    double least = 0.1, most = 1;
    for (int a = 0; a < 3; a++) {
        const json_t *history = json_object_get(direction_of(transport, a), "history");
        size_t count = json_array_size(history);
        for (size_t i = 0; i < count; i++) {
            double value = vly_report_number(json_array_get(history, i), NULL);
            if (value > 1e-16) least = fmin(least, pow(10, floor(log10(value))));
        }
        most = fmax(most, (double)count - 1);
    }
    vly_plot along = {{.low = 0, .high = 1, .at_low = 64, .at_high = PANEL - 20, .label = "Position along the axis"},
                      {.low = 0, .high = 1, .at_low = 250, .at_high = 44, .label = "Mean potential"}};
    vly_plot steps = {{.low = 0, .high = most, .at_low = PANEL + 64, .at_high = 2 * PANEL - 20, .label = "Iteration"},
                      {.low = least, .high = 1, .at_low = 250, .at_high = 44, .log = true, .label = "Residual"}};
    vly_svg_open(svg, VLY_SVG_WIDTH, HEIGHT, "Potential and convergence");
    vly_svg_legend(svg, 64, 10, 3, axes, colours);
    vly_svg_axes(svg, &along);
    vly_svg_axes(svg, &steps);
    for (int a = 0; a < 3; a++) {
        const json_t *d = direction_of(transport, a);
        curve(svg, &along, json_object_get(json_object_get(d, "profile"), "potential"), true, colours[a]);
        curve(svg, &steps, json_object_get(d, "history"), false, colours[a]);
    }
    vly_svg_close(svg);
}

static vly_status draw_flux(vly_text *svg, const json_t *transport)
{
    double x = 64;
    vly_svg_open(svg, VLY_SVG_WIDTH, PICTURE + 40, "Flux");
    for (int a = 0; a < 3; a++) {
        const json_t *section = json_object_get(direction_of(transport, a), "section");
        const double wide = vly_report_number(section, "width"), deep = vly_report_number(section, "depth");
        if (!(wide >= 1 && deep >= 1)) continue;
        const double pixel = PICTURE / fmax(wide, deep);
        char title[32];
        snprintf(title, sizeof title, "along %s, downwards", axes[a]);
        vly_svg_text(svg, x, 18, &(vly_svg_style){.size = 12, .bold = true}, title);
        VLY_TRY(vly_report_section(svg, x, 28, pixel * wide, pixel * deep, section, "flux_rel", 0.0, FLUX_MOST));
        x += PICTURE + 20;
    }
    vly_svg_close(svg);
    return VLY_OK;
}

/* svg is used up; the caption is of one method. */
static vly_status add_figure(vly_report *report, const vly_report_sample *sample, const vly_report_method *method,
                             const char *kind, vly_text *svg, const char *caption)
{
    vly_text name = {0}, path = {0};
    vly_text_add(&name, "%s-%s", kind, method->name);
    vly_text_add(&path, "transport/%s.json", method->name);
    vly_status status = name.status == VLY_OK ? path.status : name.status;
    if (status != VLY_OK)
        vly_text_free(svg);
    else
        status = vly_report_figure(report, sample, name.text, svg);
    if (status == VLY_OK) {
        vly_html_add(&report->page, "%s. %s", vly_report_title(method->name), caption);
        vly_report_caption_end(report, sample->prefix, path.text);
    }
    vly_text_free(&name);
    vly_text_free(&path);
    return status;
}

static bool percolates(const json_t *transport)
{
    for (int a = 0; a < 3; a++)
        if (json_object_get(direction_of(transport, a), "section")) return true;
    return false;
}

static vly_status figures(vly_report *report, const vly_report_sample *sample, const vly_report_method *method)
{
    vly_text svg = {0}, flux = {0};
    char caption[200];
    draw(&svg, method->transport);
    VLY_TRY(add_figure(report, sample, method, "transport", &svg,
                       "Left: mean potential of the conducting voxels in each layer; steep where transport is hard. "
                       "Right: how the residual fell, relative to that of a linear potential."));
    if (!percolates(method->transport)) return VLY_OK;
    snprintf(caption, sizeof caption,
             "Flux through a plane in the middle, from none (dark) to %g times its mean over the volume (light); black "
             "where nothing flows.",
             FLUX_MOST);
    vly_status status = draw_flux(&flux, method->transport);
    if (status == VLY_OK) return add_figure(report, sample, method, "transport-flux", &flux, caption);
    vly_text_free(&flux);
    return status;
}

/* ---- all of them ---- */

enum { NAMES = 130, ROW = 22, TOP = 40, DETAILED_MOST = 3 };

static bool shown(const vly_report_method *method)
{
    return method->transport != NULL;
}

static int32_t count_of(const vly_report_sample *sample)
{
    int32_t count = 0;
    for (int32_t m = 0; m < sample->count; m++) count += shown(&sample->methods[m]);
    return count;
}

static bool has(const vly_report *report, vly_method m)
{
    for (int32_t s = 0; s < report->count; s++)
        for (int32_t i = 0; i < report->samples[s].count; i++)
            if (shown(&report->samples[s].methods[i]) &&
                strcmp(report->samples[s].methods[i].name, vly_method_name(m)) == 0)
                return true;
    return false;
}

static double tau_of(const vly_report_sample *sample, const char *method)
{
    for (int32_t m = 0; m < sample->count; m++)
        if (strcmp(sample->methods[m].name, method) == 0)
            return vly_report_number(direction_of(sample->methods[m].transport, (int)sample->sample->settings.through),
                                     "tau");
    return NAN;
}

/* A row per trinarisation, a dot per sample. */
static void draw_all(vly_text *svg, const vly_report *report)
{
    int32_t rows = 0, at = 0;
    vly_plot plot = {{.low = 1, .high = 1.1, .at_low = NAMES, .at_high = VLY_SVG_WIDTH - 30, .label = "τ"}, {.low = 0}};
    for (vly_method m = 0; m < VLY_TRINARISATIONS; m++) {
        rows += has(report, m);
        for (int32_t s = 0; s < report->count; s++) {
            const double tau = tau_of(&report->samples[s], vly_method_name(m));
            vly_svg_stretch(&plot.x, &tau, 1);
        }
    }
    plot.x.high += 0.03 * (plot.x.high - plot.x.low);
    plot.y = (vly_axis){.low = 0, .high = rows, .at_low = TOP + (double)rows * ROW, .at_high = TOP};
    vly_svg_open(svg, VLY_SVG_WIDTH, TOP + (double)rows * ROW + 50, "Tortuosity factors");
    const char *names[VLY_REPORT_COLOURS];
    for (int32_t s = 0; s < report->count && s < VLY_REPORT_COLOURS; s++) names[s] = report->samples[s].sample->name;
    if (report->count > 1)
        vly_svg_legend(svg, NAMES, 10, report->count < VLY_REPORT_COLOURS ? report->count : VLY_REPORT_COLOURS, names,
                       vly_report_colours);
    vly_svg_axes(svg, &plot);
    for (vly_method m = 0; m < VLY_TRINARISATIONS; m++) {
        if (!has(report, m)) continue;
        const double y = rows - 0.5 - at++, none = NAN;
        vly_svg_text(svg, NAMES - 10, vly_svg_at(&plot.y, y) + 4, &(vly_svg_style){.anchor = VLY_END},
                     vly_report_title(vly_method_name(m)));
        vly_svg_line(svg, &plot, (const double[]){plot.x.low, plot.x.high}, (const double[]){y, y}, 2, "#e4e7eb");
        for (int32_t s = 0; s < report->count; s++) {
            const double tau = tau_of(&report->samples[s], vly_method_name(m));
            vly_svg_points(svg, &plot, &tau, &y, &none, 1, vly_report_colours[s % VLY_REPORT_COLOURS]);
        }
    }
    vly_svg_close(svg);
}

static vly_status write_data(const vly_report *report)
{
    static const char *const keys[] = {"tau", "tau_electrolyte", "d_eff_rel"};
    vly_text csv = {0};
    vly_text_add(&csv, "sample,trinarisation,axis,tau,tau_electrolyte,d_eff_rel,d_eff_low,d_eff_high\n");
    for (int32_t s = 0; s < report->count; s++)
        for (int32_t m = 0; m < report->samples[s].count; m++)
            for (int a = 0; a < 3; a++) {
                const vly_report_method *method = &report->samples[s].methods[m];
                const json_t *d = direction_of(method->transport, a), *bounds = json_object_get(d, "bounds");
                if (!d) continue;
                vly_text_add(&csv, "%s,%s,%s", report->samples[s].sample->name, method->name, axes[a]);
                for (size_t k = 0; k < 3; k++) vly_report_cell(&csv, vly_report_number(d, keys[k]));
                for (size_t k = 0; k < 2; k++)
                    vly_report_cell(&csv, vly_report_number(json_array_get(bounds, k), NULL));
                vly_text_add(&csv, "\n");
            }
    vly_status status = vly_report_data(report, "transport", &csv);
    vly_text_free(&csv);
    return status;
}

static vly_status figure_of_all(vly_report *report)
{
    vly_text svg = {0};
    draw_all(&svg, report);
    VLY_TRY(vly_report_figure(report, NULL, "transport", &svg));
    VLY_TRY(write_data(report));
    vly_html_add(&report->page, "Tortuosity factor of each trinarisation along the thickness.");
    vly_report_caption_end(report, "", "figures/transport.csv");
    return report->page.status;
}

vly_status vly_report_transport(vly_report *report)
{
    vly_text *to = &report->page;
    int32_t all = 0;
    for (int32_t i = 0; i < report->count; i++) all += count_of(&report->samples[i]);
    if (all == 0) return VLY_OK;
    vly_html_add(
        to,
        "<p>The tortuosity factor τ is ε D<sub>0</sub>/D<sub>eff</sub> with ε the fraction of conducting "
        "voxels; for the second τ a CBD voxel counts as half electrolyte, half solid. D<sub>eff</sub>/D<sub>0</sub> "
        "lies within certified bounds: the solver adds no error beyond ± what stands beside it.</p>\n");
    if (all > 1) VLY_TRY(figure_of_all(report));
    for (int32_t i = 0; i < report->count; i++) {
        const vly_report_sample *sample = &report->samples[i];
        if (count_of(sample) == 0) continue;
        vly_report_heading(report, sample);
        table(to, sample);
        int32_t left = count_of(sample) <= DETAILED_MOST ? DETAILED_MOST : 1; /* of many the first is an example */
        for (int32_t m = 0; m < sample->count && left > 0; m++)
            if (shown(&sample->methods[m])) {
                VLY_TRY(figures(report, sample, &sample->methods[m]));
                left--;
            }
    }
    return to->status;
}
