/* The paper's central result: gamma of the CBD for each trinarisation (Table 3), how well the fit knows it (the landscape of
 * chi2), and how the curves at that gamma meet the measured ones (Figure 11 a to c). */
#include "report/report_impl.h"
#include "report/svg.h"

#include "core/memory.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LEFT = 66, HEIGHT = 320, BASE = 64, PANEL = VLY_SVG_WIDTH / 2, SHOWN_POINTS = 50, GAMMAS_MOST = 16 };

static bool shown(const vly_report_method *method)
{
    return method->fit != NULL;
}

/* ---- Table 3 ---- */

static const json_t *fit_of(const vly_report_sample *sample, const char *method)
{
    for (int32_t m = 0; m < sample->count; m++)
        if (strcmp(sample->methods[m].name, method) == 0) return sample->methods[m].fit;
    return NULL;
}

static bool has_fit(const vly_report_sample *sample)
{
    for (int32_t m = 0; m < sample->count; m++)
        if (sample->methods[m].fit) return true;
    return false;
}

static bool fitted_anywhere(const vly_report *report, const char *method)
{
    for (int32_t s = 0; s < report->count; s++)
        if (fit_of(&report->samples[s], method)) return true;
    return false;
}

static void cells_of(vly_text *to, const json_t *fit)
{
    const json_t *interval = json_object_get(fit, "interval");
    const double gamma = vly_report_number(fit, "gamma");
    const bool bound = json_is_true(json_object_get(fit, "at_bound"));
    const bool known = json_is_true(json_object_get(fit, "identifiable"));
    if (!fit || !isfinite(gamma)) {
        vly_html_add(to, "<td class=\"n\">–</td><td class=\"n\">–</td><td class=\"n\">–</td><td class=\"n\">–</td>");
        return;
    }
    vly_html_add(to, "<td class=\"n\">%.3g%s</td><td class=\"n\">%.3g</td><td class=\"n\">%.3g",
                 vly_report_number(fit, "inverse_tau"),
                 bound   ? "†"
                 : known ? ""
                         : "‡",
                 vly_report_number(fit, "tau"), gamma);
    vly_html_add(to, "<br/><small>%.3g–%.3g</small></td><td class=\"n\">%.2g</td>",
                 vly_report_number(json_array_get(interval, 0), NULL),
                 vly_report_number(json_array_get(interval, 1), NULL), vly_report_number(fit, "rms_mv"));
}

static void table(vly_report *report)
{
    vly_text *to = &report->page;
    vly_html_add(to, "<div class=\"wide\"><table><thead>");
    if (report->count > 1) {
        vly_html_add(to, "<tr><th></th>");
        for (int32_t s = 0; s < report->count; s++)
            if (has_fit(&report->samples[s]))
                vly_html_add(to, "<th colspan=\"4\">%s</th>", report->samples[s].sample->name);
        vly_html_add(to, "</tr>");
    }
    vly_html_add(to, "<tr><th>Trinarisation</th>");
    for (int32_t s = 0; s < report->count; s++)
        if (has_fit(&report->samples[s]))
            vly_html_add(to, "<th class=\"n\">1/τ</th><th class=\"n\">τ</th><th class=\"n\">γ, 95 %%</th>"
                             "<th class=\"n\">rms [mV]</th>");
    vly_html_add(to, "</tr></thead><tbody>\n");
    for (vly_method m = 0; m < VLY_TRINARISATIONS; m++) {
        if (!fitted_anywhere(report, vly_method_name(m))) continue;
        vly_html_add(to, "<tr><th>%s</th>", vly_report_title(vly_method_name(m)));
        for (int32_t s = 0; s < report->count; s++)
            if (has_fit(&report->samples[s])) cells_of(to, fit_of(&report->samples[s], vly_method_name(m)));
        vly_html_add(to, "</tr>\n");
    }
    vly_html_add(to, "</tbody></table></div>\n<p>The paper’s Table 3: transport in the CBD, γ = ε/τ with ε = 0.5 of "
                     "nanopores, so that 1/τ = 2 γ; the mean over cut-outs, its 95 %% interval, and what the fitted "
                     "curves miss of the measured ones. † at the end of the range: a bound, not an estimate. ‡ the "
                     "interval is open, or spans more than a factor 5. <span class=\"data\">Data: ");
    for (int32_t s = 0, said = 0; s < report->count; s++) {
        if (!has_fit(&report->samples[s])) continue;
        vly_html_add(to, "%s", said++ > 0 ? ", " : "");
        vly_report_link(report, report->samples[s].prefix, "fit.json");
    }
    vly_html_add(to, "</span></p>\n");
}

/* In words what a fit says of itself, where that is not simply a number. */
static void verdicts(vly_report *report)
{
    for (int32_t s = 0; s < report->count; s++)
        for (int32_t m = 0; m < report->samples[s].count; m++) {
            const json_t *fit = report->samples[s].methods[m].fit;
            const char *text = vly_report_string(fit, "verdict");
            if (!text || json_is_true(json_object_get(fit, "identifiable"))) continue;
            vly_html_add(&report->page, "<p>%s%s%s: %s.</p>\n",
                         report->count > 1 ? report->samples[s].sample->name : "", report->count > 1 ? ", " : "",
                         vly_report_title(report->samples[s].methods[m].name), text);
        }
}

/* ---- the landscape ---- */

typedef vly_status take_landscape(void *self, const vly_report *report, int32_t sample,
                                  const vly_report_method *method);

static vly_status for_each(const vly_report *report, take_landscape *take, void *self)
{
    for (int32_t s = 0; s < report->count; s++)
        for (int32_t m = 0; m < report->samples[s].count; m++)
            if (report->samples[s].methods[m].fit) VLY_TRY(take(self, report, s, &report->samples[s].methods[m]));
    return VLY_OK;
}

static vly_status landscape_of(vly_report_series *out, const json_t *holder)
{
    const json_t *landscape = json_object_get(holder, "landscape");
    return vly_report_series_take(out, json_object_get(landscape, "gamma"), json_object_get(landscape, "chi2"));
}

typedef struct canvas {
    vly_plot plot;
    vly_text *svg;
} canvas;

/* Only positive numbers have a place on a logarithmic axis. */
static void keep_positive(double *values, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        if (!(values[i] > 0)) values[i] = NAN;
}

static vly_status stretch_to(void *self, const vly_report *report, int32_t sample, const vly_report_method *method)
{
    canvas *c = self;
    vly_report_series s;
    (void)report;
    (void)sample;
    VLY_TRY(landscape_of(&s, json_object_get(method->fit, "pooled")));
    keep_positive(s.y, s.count);
    vly_svg_stretch(&c->plot.x, s.x, s.count);
    vly_svg_stretch(&c->plot.y, s.y, s.count);
    vly_free(s.x);
    return VLY_OK;
}

/* The pooled line; dots where a cut-out was simulated. */
static vly_status draw_landscape(void *self, const vly_report *report, int32_t sample, const vly_report_method *method)
{
    canvas *c = self;
    const json_t *cutouts = json_object_get(method->fit, "per_cutout");
    const char *colour = vly_report_method_colour(method->name);
    vly_report_series s;
    VLY_TRY(landscape_of(&s, json_object_get(method->fit, "pooled")));
    keep_positive(s.y, s.count);
    vly_svg_dashes(c->svg, &c->plot, s.x, s.y, s.count, colour, vly_report_sample_dashes(report, sample));
    vly_free(s.x);
    for (size_t i = 0; i < json_array_size(cutouts); i++) {
        const json_t *simulations = json_object_get(json_array_get(cutouts, i), "simulations");
        for (size_t k = 0; k < json_array_size(simulations); k++) {
            const json_t *one = json_array_get(simulations, k);
            const double x = vly_report_number(one, "gamma"), y = vly_report_number(one, "chi2"), none = NAN;
            if (y > 0) vly_svg_points(c->svg, &c->plot, &x, &y, &none, 1, colour);
        }
    }
    return VLY_OK;
}

static vly_status draw_landscapes(vly_text *svg, const vly_report *report)
{
    const double top = vly_report_keys(NULL, report, LEFT, shown);
    canvas c = {{{.low = INFINITY,
                  .high = 0,
                  .at_low = LEFT,
                  .at_high = VLY_SVG_WIDTH - 20,
                  .log = true,
                  .label = "γ of the CBD"},
                 {.low = INFINITY, .high = 0, .at_low = top + 300, .at_high = top, .log = true, .label = "χ²"}},
                svg};
    VLY_TRY(for_each(report, stretch_to, &c));
    if (!(c.plot.x.high > c.plot.x.low)) c.plot.x.low = 0.005, c.plot.x.high = 0.5;
    if (!(c.plot.y.high > c.plot.y.low)) c.plot.y.low = 0.1, c.plot.y.high = 10;
    c.plot.y.low = pow(10, floor(log10(c.plot.y.low)));
    c.plot.y.high = fmin(pow(10, ceil(log10(c.plot.y.high))), c.plot.y.low * 1e6);
    vly_svg_open(svg, VLY_SVG_WIDTH, top + 350, "chi2 over gamma");
    vly_report_keys(svg, report, LEFT, shown);
    vly_svg_axes(svg, &c.plot);
    VLY_TRY(for_each(report, draw_landscape, &c));
    vly_svg_close(svg);
    return svg->status;
}

static vly_status add_landscape(void *self, const vly_report *report, int32_t sample, const vly_report_method *method)
{
    vly_text *csv = self;
    vly_report_series s;
    VLY_TRY(landscape_of(&s, json_object_get(method->fit, "pooled")));
    for (int32_t i = 0; i < s.count; i++) {
        vly_text_add(csv, "%s,%s", report->samples[sample].sample->name, method->name);
        vly_report_cell(csv, s.x[i]);
        vly_report_cell(csv, s.y[i]);
        vly_text_add(csv, "\n");
    }
    vly_free(s.x);
    return VLY_OK;
}

static vly_status landscape_figure(vly_report *report)
{
    vly_text svg = {0}, csv = {0};
    vly_status status = draw_landscapes(&svg, report);
    vly_text_add(&csv, "sample,trinarisation,gamma,chi2\n");
    if (status == VLY_OK) status = for_each(report, add_landscape, &csv);
    if (status == VLY_OK) status = vly_report_data(report, "fit-landscape", &csv);
    if (status == VLY_OK) status = vly_report_figure(report, NULL, "fit-landscape", &svg);
    if (status == VLY_OK) {
        vly_html_add(&report->page,
                     "How much the simulated curve misses of the measured one over γ: χ² of all cut-outs "
                     "together, interpolated between simulations; dots: simulations of single cut-outs. "
                     "A narrow valley knows γ well.");
        vly_report_caption_end(report, "", "figures/fit-landscape.csv");
    }
    vly_text_free(&csv);
    vly_text_free(&svg);
    return status;
}

/* ---- Figure 11 ---- */

static vly_status curve_of(vly_report_series *out, const json_t *curve)
{
    return vly_report_series_take(out, json_object_get(curve, "capacity_mah_cm2"), json_object_get(curve, "voltage_v"));
}

static vly_status fit_axes(vly_plot *plot, const json_t *curve)
{
    vly_report_series s;
    VLY_TRY(curve_of(&s, curve));
    vly_svg_stretch(&plot->x, s.x, s.count);
    vly_svg_stretch(&plot->y, s.y, s.count);
    vly_free(s.x);
    return VLY_OK;
}

static vly_status draw_curve(vly_text *svg, const vly_plot *plot, const json_t *curve, const char *colour,
                             const char *dashes)
{
    vly_report_series s;
    VLY_TRY(curve_of(&s, curve));
    vly_svg_dashes(svg, plot, s.x, s.y, s.count, colour, dashes);
    vly_free(s.x);
    return VLY_OK;
}

/* Some points, evenly. */
static vly_status draw_measured(vly_text *svg, const vly_plot *plot, const json_t *curve, const char *colour)
{
    vly_report_series s;
    const double none = NAN;
    VLY_TRY(curve_of(&s, curve));
    const int32_t step = (s.count - 1) / SHOWN_POINTS + 1;
    for (int32_t i = 0; i < s.count; i += step) vly_svg_points(svg, plot, &s.x[i], &s.y[i], &none, 1, colour);
    vly_free(s.x);
    return VLY_OK;
}

/* From light to dark blue. */
static void shade(char out[8], int32_t at, int32_t count)
{
    static const int light[3] = {189, 215, 238}, dark[3] = {8, 48, 107};
    const double part = count > 1 ? (double)at / (count - 1) : 1;
    int rgb[3];
    for (int i = 0; i < 3; i++) rgb[i] = (int)lround(light[i] + part * (dark[i] - light[i]));
    snprintf(out, 8, "#%02x%02x%02x", rgb[0] & 255, rgb[1] & 255, rgb[2] & 255);
}

/* Simulations of the first cut-out at the first target's current, by rising gamma. */
static int32_t gather_simulated(const json_t *out[GAMMAS_MOST], const json_t *fit)
{
    const json_t *all = json_object_get(fit, "simulated");
    const double current = vly_report_number(json_array_get(json_object_get(fit, "targets"), 0), "current_ma_cm2");
    int32_t count = 0;
    for (size_t i = 0; i < json_array_size(all) && count < GAMMAS_MOST; i++) {
        const json_t *one = json_array_get(all, i);
        if (vly_report_number(one, "cutout") != 1 || fabs(vly_report_number(one, "current_ma_cm2") - current) > 1e-6)
            continue;
        out[count++] = one;
    }
    return count;
}

static vly_plot frame_of(int panel, const char *label)
{
    const double left = panel * (double)PANEL + LEFT;
    return (vly_plot){
        {.low = 0, .high = 0.1, .at_low = left, .at_high = left + PANEL - LEFT - 20, .label = "capacity [mAh/cm²]"},
        {.low = 10, .high = 0, .at_low = HEIGHT + BASE, .at_high = BASE, .label = label}};
}

static void round_out(vly_plot *plot)
{
    plot->x.high *= 1.02;
    plot->y.low = floor(10.0 * plot->y.low) / 10.0;
    plot->y.high = ceil(10.0 * plot->y.high) / 10.0;
}

static void title(vly_text *svg, int panel, const char *text)
{
    vly_svg_text(svg, panel * (double)PANEL + LEFT, 18, &(vly_svg_style){.size = 13, .bold = true}, text);
}

/* Figure 11 a: what gamma does at the current that is fitted. */
static vly_status draw_gammas(vly_text *svg, const json_t *fit)
{
    const json_t *simulated[GAMMAS_MOST], *target = json_array_get(json_object_get(fit, "targets"), 0);
    const int32_t count = gather_simulated(simulated, fit);
    vly_plot plot = frame_of(0, "voltage [V]");
    char text[64];
    snprintf(text, sizeof text, "γ at %g mA/cm²", vly_report_number(target, "current_ma_cm2"));
    title(svg, 0, text);
    for (int32_t i = 0; i < count; i++) VLY_TRY(fit_axes(&plot, json_object_get(simulated[i], "curve")));
    VLY_TRY(fit_axes(&plot, json_object_get(target, "measured")));
    round_out(&plot);
    vly_svg_axes(svg, &plot);
    double x = LEFT, y = 36;
    for (int32_t i = 0; i < count; i++) {
        char colour[8];
        shade(colour, i, count);
        VLY_TRY(draw_curve(svg, &plot, json_object_get(simulated[i], "curve"), colour, NULL));
        snprintf(text, sizeof text, "%.3g", vly_report_number(simulated[i], "gamma"));
        if (x + 64 > PANEL - 20) x = LEFT, y += 14;
        vly_svg_rectangle(svg, x, y - 8, 10, 8, colour, "none");
        vly_svg_text(svg, x + 14, y, &(vly_svg_style){.size = 11}, text);
        x += 60;
    }
    return draw_measured(svg, &plot, json_object_get(target, "measured"), "#d55e00");
}

/* Calls `take` with every current at the fitted gamma: those fitted, then those predicted. cutout -1: the measured curves. */
static vly_status each_current(const json_t *fit, int32_t cutout,
                               vly_status (*take)(void *self, double current, const json_t *curve, int32_t cutout),
                               void *self)
{
    const json_t *holder = cutout < 0 ? fit : json_array_get(json_object_get(fit, "per_cutout"), (size_t)cutout);
    const char *const keys[] = {cutout < 0 ? "targets" : "matches", "predictions"};
    for (int k = 0; k < 2; k++) {
        const json_t *list = json_object_get(holder, keys[k]);
        for (size_t i = 0; i < json_array_size(list); i++) {
            const json_t *one = json_array_get(list, i);
            VLY_TRY(take(self, vly_report_number(one, "current_ma_cm2"),
                         json_object_get(one, cutout < 0 ? "measured" : "curve"), cutout));
        }
    }
    return VLY_OK;
}

typedef struct currents {
    vly_text *svg;
    vly_plot plot;
    double at[VLY_REPORT_COLOURS]; /* ascending, as those of the half cells mostly are: a current keeps its colour */
    int32_t count;
} currents;

static const char *colour_of(const currents *c, double current)
{
    int32_t i = 0;
    while (i < c->count && fabs(c->at[i] - current) > 1e-6 * fabs(current)) i++;
    return vly_report_colours[i % VLY_REPORT_COLOURS];
}

static vly_status learn_current(void *self, double current, const json_t *curve, int32_t cutout)
{
    currents *c = self;
    if (cutout < 0 && c->count < VLY_REPORT_COLOURS) {
        int32_t i = c->count++;
        for (; i > 0 && c->at[i - 1] > current; i--) c->at[i] = c->at[i - 1];
        c->at[i] = current;
    }
    return fit_axes(&c->plot, curve);
}

static vly_status draw_current(void *self, double current, const json_t *curve, int32_t cutout)
{
    currents *c = self;
    if (cutout < 0) return draw_measured(c->svg, &c->plot, curve, colour_of(c, current));
    return draw_curve(c->svg, &c->plot, curve, colour_of(c, current), cutout > 0 ? "5 3" : NULL);
}

/* Figure 11 b and c: all currents at the gamma that one of them gave. */
static vly_status draw_currents(vly_text *svg, const json_t *fit)
{
    const int32_t cutouts = (int32_t)json_array_size(json_object_get(fit, "per_cutout"));
    currents c = {.svg = svg, .plot = frame_of(1, "")};
    char text[64];
    snprintf(text, sizeof text, "γ = %.3g", vly_report_number(fit, "gamma"));
    title(svg, 1, text);
    for (int32_t i = -1; i < cutouts; i++) VLY_TRY(each_current(fit, i, learn_current, &c));
    round_out(&c.plot);
    vly_svg_axes(svg, &c.plot);
    for (int32_t i = -1; i < cutouts; i++) VLY_TRY(each_current(fit, i, draw_current, &c));
    double x = PANEL + LEFT, y = 36;
    for (int32_t i = 0; i < c.count; i++) {
        snprintf(text, sizeof text, "%g mA/cm²", c.at[i]);
        if (x + 92 > VLY_SVG_WIDTH) x = PANEL + LEFT, y += 14;
        vly_svg_rectangle(svg, x, y - 8, 10, 8, colour_of(&c, c.at[i]), "none");
        vly_svg_text(svg, x + 14, y, &(vly_svg_style){.size = 11}, text);
        x += 92;
    }
    return VLY_OK;
}

static void caption(vly_report *report, const vly_report_sample *sample, const vly_report_method *method)
{
    vly_text *to = &report->page;
    const json_t *predictions = json_object_get(method->fit, "predictions");
    char file[80];
    vly_html_add(
        to,
        "%s (the paper’s Figure 11 a to c). Left: lithiation of the first cut-out at the γ that were simulated, "
        "dots: measured. Right: every current at the fitted γ%s; dots: measured, dashed: further cut-outs.",
        vly_report_title(method->name), json_array_size(predictions) > 0 ? ", which one of them gave" : "");
    for (size_t i = 0; i < json_array_size(predictions); i++) {
        const json_t *one = json_array_get(predictions, i);
        const double off = vly_report_number(one, "capacity_error_rel");
        vly_html_add(to, "%s %.3g mA/cm²: %.2g mV, capacity %s%.1f %%", i == 0 ? " Predicted:" : ";",
                     vly_report_number(one, "current_ma_cm2"), vly_report_number(one, "rms_mv"), off > 0 ? "+" : "",
                     100 * off);
    }
    if (json_array_size(predictions) > 0) vly_html_add(to, ".");
    snprintf(file, sizeof file, "fit/%s.csv", method->name);
    vly_report_caption_end(report, sample->prefix, file);
}

static vly_status curves_figure(vly_report *report, const vly_report_sample *sample, const vly_report_method *method)
{
    vly_text svg = {0};
    char name[80];
    snprintf(name, sizeof name, "fit-%s", method->name);
    vly_svg_open(&svg, VLY_SVG_WIDTH, HEIGHT + BASE + 50, "Simulated and measured lithiation");
    vly_status status = draw_gammas(&svg, method->fit);
    if (status == VLY_OK) status = draw_currents(&svg, method->fit);
    vly_svg_close(&svg);
    if (status == VLY_OK) status = vly_report_figure(report, sample, name, &svg);
    if (status == VLY_OK) caption(report, sample, method);
    vly_text_free(&svg);
    return status;
}

vly_status vly_report_fit(vly_report *report)
{
    bool any = false;
    for (vly_method m = 0; m < VLY_TRINARISATIONS; m++) any |= fitted_anywhere(report, vly_method_name(m));
    if (!any) return VLY_OK;
    table(report);
    verdicts(report);
    VLY_TRY(landscape_figure(report));
    for (int32_t s = 0; s < report->count; s++) {
        const vly_report_sample *sample = &report->samples[s];
        bool headed = false;
        for (int32_t m = 0; m < sample->count; m++) {
            if (!sample->methods[m].fit) continue;
            if (!headed) vly_report_heading(report, sample);
            headed = true;
            VLY_TRY(curves_figure(report, sample, &sample->methods[m]));
        }
    }
    return report->page.status;
}
