/* The paper's Figure 3: fluorine over depth with the line that fits it, beside it what the closing made of that line. */
#include "report/report_impl.h"
#include "report/svg.h"

#include "core/memory.h"

#include <math.h>
#include <stdlib.h>

enum { HEIGHT = 340, TOP = 48, LOW = 270, PANELS = 3, FIRST = 70, WIDTH = 222, STEP = 314, BAND = 64 };

#define FLUORINE "#1f6f8b"
#define FLUORINE_BAND "#cfe3ea"

static double most_of(const double *values, const double *errors, int32_t count)
{
    double most = 0.0;
    for (int32_t i = 0; i < count; i++) {
        double error = errors && isfinite(errors[i]) ? errors[i] : 0.0;
        if (isfinite(values[i])) most = fmax(most, values[i] + error);
    }
    return most;
}

static double least_of(const double *values, const double *errors, int32_t count)
{
    double least = 0.0;
    for (int32_t i = 0; i < count; i++) {
        double error = errors && isfinite(errors[i]) ? errors[i] : 0.0;
        if (isfinite(values[i])) least = fmin(least, values[i] - error);
    }
    return least;
}

static vly_plot panel(int place, double thickness, double low, double high, const char *label)
{
    double left = FIRST + place * STEP;
    if (!(high > low)) high = low + 1.0;
    return (vly_plot){{.low = 0,
                       .high = thickness,
                       .at_low = left,
                       .at_high = left + WIDTH,
                       .label = "distance from the separator, µm"},
                      {.low = low, .high = high + 0.05 * (high - low), .at_low = LOW, .at_high = TOP, .label = label}};
}

/* ---- the line ---- */

typedef struct line {
    double intercept, slope, intercept_error, slope_error, covariance; /* per um */
} line;

static line line_of(const json_t *result)
{
    const json_t *g = json_object_get(result, "gradient");
    return (line){vly_report_number(g, "intercept"), vly_report_number(g, "slope_per_um"),
                  vly_report_number(g, "intercept_error"), vly_report_number(g, "slope_per_um_error"),
                  vly_report_number(g, "covariance_per_um")};
}

static double error_at(const line *l, double depth)
{
    double slope = l->slope_error * depth;
    return sqrt(fmax(l->intercept_error * l->intercept_error + 2.0 * depth * l->covariance + slope * slope, 0.0));
}

static void draw_line(vly_text *svg, const vly_plot *plot, const line *l)
{
    double x[BAND], y[BAND], low[BAND], high[BAND];
    for (int i = 0; i < BAND; i++) {
        x[i] = plot->x.high * i / (BAND - 1);
        y[i] = l->intercept + l->slope * x[i];
        low[i] = y[i] - error_at(l, x[i]);
        high[i] = y[i] + error_at(l, x[i]);
    }
    vly_svg_band(svg, plot, x, low, high, BAND, FLUORINE_BAND);
    vly_svg_line(svg, plot, x, y, BAND, FLUORINE);
}

/* ---- panels ---- */

static void draw_fluorine(vly_text *svg, const json_t *result, double thickness)
{
    const json_t *profile = json_object_get(result, "profile");
    int32_t n, m, k;
    double *depth = vly_report_numbers(profile, "depth_um", &n), *counts = vly_report_numbers(profile, "intensity", &m);
    double *error = vly_report_numbers(profile, "error", &k);
    const line l = line_of(result);
    if (depth && counts && error && n == m && n == k) {
        double high = fmax(most_of(counts, error, n), fmax(l.intercept, l.intercept + l.slope * thickness));
        const vly_plot plot =
            panel(0, thickness, least_of(counts, error, n), high, "EDX intensity above background, counts");
        vly_svg_axes(svg, &plot);
        draw_line(svg, &plot, &l);
        vly_svg_points(svg, &plot, depth, counts, error, n, VLY_SVG_INK);
    }
    vly_free(depth);
    vly_free(counts);
    vly_free(error);
}

static void draw_pages(vly_text *svg, const json_t *result, double thickness, int place, const char *key, double scale,
                       const char *label, const char *colour)
{
    int32_t n, m, k;
    double *depth = vly_report_numbers(result, "depth_um", &n), *values = vly_report_numbers(result, key, &m);
    double *spread = place == 1 ? vly_report_numbers(result, "cbd_fraction_sd", &k) : NULL;
    if (depth && values && n == m) {
        for (int32_t i = 0; i < n; i++) values[i] *= scale;
        for (int32_t i = 0; spread && i < n; i++) spread[i] *= scale;
        const vly_plot plot = panel(place, thickness, 0, most_of(values, spread, n), label);
        vly_svg_axes(svg, &plot);
        if (spread && k == n) {
            double *low = NULL;
            if (VLY_NEW(&low, n, key) == VLY_OK)
                for (int32_t i = 0; i < n; i++) low[i] = values[i] - spread[i], spread[i] += values[i];
            if (low) vly_svg_band(svg, &plot, depth, low, spread, n, "#fbe3c5");
            vly_free(low);
        }
        vly_svg_line(svg, &plot, depth, values, n, colour);
    }
    vly_free(depth);
    vly_free(values);
    vly_free(spread);
}

static void draw(vly_text *svg, const json_t *result, double thickness)
{
    static const char *const titles[PANELS] = {"Fluorine", "CBD", "Closing radius"};
    vly_svg_open(svg, VLY_SVG_WIDTH, HEIGHT - 20, "EDX profile, CBD fraction and closing radius over depth");
    for (int i = 0; i < PANELS; i++) vly_svg_text(svg, FIRST + i * STEP, 24, &(vly_svg_style){.bold = true}, titles[i]);
    draw_fluorine(svg, result, thickness);
    draw_pages(svg, result, thickness, 1, "cbd_fraction", 100, "CBD of the page, %", vly_report_phase_colours[VLY_CBD]);
    draw_pages(svg, result, thickness, 2, "radius_um", 1, "radius, µm", VLY_SVG_INK);
    vly_svg_close(svg);
}

/* ---- the section ---- */

static void caption(vly_report *report, const vly_report_sample *sample, const json_t *result, bool drawn)
{
    vly_text *to = &report->page;
    const json_t *g = json_object_get(result, "gradient");
    vly_html_add(
        to,
        "The paper’s Figure 3. Left: fluorine counts over depth (dots, standard errors of the means) and their "
        "linear fit, %.4g + %.3g per µm × depth, with the band of its standard error (±%.2g at the separator, "
        "±%.2g per µm in the slope). Middle: the CBD fraction of every page after the closing, which follows "
        "the line and adds up to the target. ",
        vly_report_number(g, "intercept"), vly_report_number(g, "slope_per_um"),
        vly_report_number(g, "intercept_error"), vly_report_number(g, "slope_per_um_error"));
    if (drawn)
        vly_html_add(to, "Its band is the standard deviation over %d lines drawn from the errors of the fit. ",
                     (int)vly_report_number(result, "draws"));
    vly_html_add(to, "Right: the radius of the ball that closes the active material so far; it steps because distances "
                     "on the grid do.");
    vly_html_add(to, " <span class=\"data\">Data: ");
    vly_report_link(report, sample->prefix, "curves/edx-profile.csv");
    vly_html_add(to, ", ");
    vly_report_link(report, sample->prefix, "curves/edx-closing.csv");
    vly_html_add(to, "</span></figcaption>\n</figure>\n");
}

vly_status vly_report_edx(vly_report *report)
{
    for (int32_t i = 0; i < report->count; i++) {
        const vly_report_sample *sample = &report->samples[i];
        const json_t *result = vly_report_find(sample, "edx-closing"), *pages = json_object_get(result, "depth_um");
        const size_t n = json_array_size(pages);
        if (n == 0) continue;
        double first = vly_report_number(json_array_get(pages, 0), NULL);
        double last = vly_report_number(json_array_get(pages, n - 1), NULL);
        if (!(first + last > 0)) continue;
        vly_text svg = {0};
        draw(&svg, result, first + last); /* half a page lies beyond the middle of the last one */
        vly_report_heading(report, sample);
        VLY_TRY(vly_report_figure(report, sample, "edx", &svg));
        caption(report, sample, result, json_array_size(json_object_get(result, "cbd_fraction_sd")) > 0);
    }
    return report->page.status;
}
