/* What the choice of trinarisation does to each number, beside what the place of the cut-out and the electrode do: bands of the
 * descriptors of Table 2 and of what follows from them, and which of the three explains their variance. */
#include "report/report_impl.h"
#include "report/svg.h"

#include "core/memory.h"
#include "study/uncertainty.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    SHOWN_MOST = 48,
    ROW = 26,
    TOP = 56,
    NAMES = 190,
    BANDS = 400,
    GAP = 40,
    SHARES = 250,
    BAR = 5,
    PERCENT_MOST = 100
};

/* A star stands for any ending. */
static const struct {
    const char *phase, *quantity, *name;
} shown[] = {
    {"am", "surface_per_um", "surface, AM"},
    {"cbd", "surface_per_um", "surface, CBD"},
    {"pore", "surface_per_um", "surface, pore"},
    {"", "s_int_per_um", "active interface"},
    {"am", "r_min_um", "bottleneck radius, AM"},
    {"cbd", "r_min_um", "bottleneck radius, CBD"},
    {"pore", "r_min_um", "bottleneck radius, pore"},
    {"am", "r_max_um", "phase size, AM"},
    {"cbd", "r_max_um", "phase size, CBD"},
    {"pore", "r_max_um", "phase size, pore"},
    {"am", "constrictivity", "constrictivity, AM"},
    {"cbd", "constrictivity", "constrictivity, CBD"},
    {"pore", "constrictivity", "constrictivity, pore"},
    {"am", "geodesic_tortuosity_mean", "geodesic tortuosity, AM"},
    {"cbd", "geodesic_tortuosity_mean", "geodesic tortuosity, CBD"},
    {"pore", "geodesic_tortuosity_mean", "geodesic tortuosity, pore"},
    {"", "tau_z", "tortuosity factor"},
    {"", "d_eff_rel_z", "effective diffusivity"},
    {"", "capacity_*", "capacity"},
    {"", "r_ion_ohm_cm2", "ionic resistance"},
    {"", "tau_electrode", "tau from impedance"},
    {"", "gamma", "gamma of the CBD"},
    {"am", "truth_jaccard", "Jaccard with truth, AM"},
    {"cbd", "truth_jaccard", "Jaccard with truth, CBD"},
    {"pore", "truth_jaccard", "Jaccard with truth, pore"},
};

static const char *const part_colours[VLY_VARIANCE_PARTS] = {"#0072b2", "#e69f00", "#009e73", "#56b4e9", "#c3cad1"};
static const char *const part_titles[VLY_VARIANCE_PARTS] = {"trinarisation", "cut-out", "sample",
                                                            "sample × trinarisation", "rest"};

typedef struct line {
    const vly_uncertain *u;
    char name[64];
} line;

typedef struct lines {
    line at[SHOWN_MOST];
    int32_t count;
} lines;

/* ---- choosing ---- */

static bool means(const char *pattern, const char *text)
{
    const size_t length = strcspn(pattern, "*");
    return pattern[length] ? strncmp(pattern, text, length) == 0 : strcmp(pattern, text) == 0;
}

/* "capacity_6_ma_cm2" is the capacity at 6 mA/cm2. */
static void name_line(line *l, const char *name, const char *pattern, const char *quantity)
{
    const size_t star = strcspn(pattern, "*");
    snprintf(l->name, sizeof l->name, "%s", name);
    if (!pattern[star]) return;
    const int number = (int)strcspn(quantity + star, "_");
    snprintf(l->name, sizeof l->name, "%s, %.*s mA/cm²", name, number, quantity + star);
}

/* Lines of all samples together, or of the only one, in the order above. sample NULL: of all. */
static void choose(lines *out, const vly_uncertainty *table, const char *sample)
{
    out->count = 0;
    for (size_t k = 0; k < sizeof shown / sizeof *shown; k++)
        for (int32_t i = 0; i < table->count && out->count < SHOWN_MOST; i++) {
            const vly_uncertain *u = &table->lines[i];
            if (sample ? !u->sample || strcmp(u->sample, sample) != 0 : u->sample != NULL) continue;
            if (strcmp(u->phase, shown[k].phase) != 0 || !means(shown[k].quantity, u->quantity)) continue;
            out->at[out->count].u = u;
            name_line(&out->at[out->count++], shown[k].name, shown[k].quantity, u->quantity);
        }
}

/* ---- the figure ---- */

static double percent(double value, double mean)
{
    return 100 * (value - mean) / fabs(mean);
}

static void draw_band(vly_text *svg, const vly_axis *x, const vly_variance *v, vly_band band, double y,
                      vly_variance_part part)
{
    if (v->mean == 0) return; /* nothing is relative to it */
    const double left = vly_svg_at(x, percent(band.low, v->mean)), right = vly_svg_at(x, percent(band.high, v->mean));
    vly_svg_rectangle(svg, left - 0.75, y, right - left + 1.5, BAR, part_colours[part], "none");
}

static void draw_row(vly_text *svg, const vly_axis *bands, const vly_axis *shares, const line *l, double y)
{
    const vly_variance *v = &l->u->variance;
    double part = 0;
    vly_svg_text(svg, NAMES - 8, y + ROW / 2.0 + 4, &(vly_svg_style){.anchor = VLY_END}, l->name);
    if (l->u->ways > 1) draw_band(svg, bands, v, v->trinarisations, y + 4, VLY_BY_TRINARISATION);
    if (l->u->cutouts > l->u->samples) draw_band(svg, bands, v, v->cutouts, y + 4 + BAR + 1, VLY_BY_CUTOUT);
    if (l->u->samples > 1) draw_band(svg, bands, v, v->samples, y + 4 + 2 * (BAR + 1), VLY_BY_SAMPLE);
    for (int p = 0; p < VLY_VARIANCE_PARTS && isfinite(v->share[p]); p++) {
        const double left = vly_svg_at(shares, 100 * part), right = vly_svg_at(shares, 100 * (part + v->share[p]));
        vly_svg_rectangle(svg, left, y + 5, right - left, ROW - 10, part_colours[p], "#ffffff");
        part += v->share[p];
    }
}

/* As far as the bands go, in steps of ten percent. */
static double reach(const lines *all)
{
    double most = 10;
    for (int32_t i = 0; i < all->count; i++) {
        const vly_variance *v = &all->at[i].u->variance;
        if (v->mean == 0) continue;
        const vly_band *const bands[] = {&v->trinarisations, &v->cutouts, &v->samples};
        for (size_t b = 0; b < 3; b++)
            most = fmax(most, fmax(fabs(percent(bands[b]->low, v->mean)), fabs(percent(bands[b]->high, v->mean))));
    }
    return fmin(10 * ceil(most / 10), PERCENT_MOST);
}

static void draw(vly_text *svg, const lines *all)
{
    const double bottom = TOP + (double)all->count * ROW, end = NAMES + BANDS + GAP + SHARES, most = reach(all);
    vly_plot bands = {
        {.low = -most, .high = most, .at_low = NAMES, .at_high = NAMES + BANDS, .label = "deviation from the mean [%]"},
        {.low = 0, .high = 1, .at_low = bottom, .at_high = TOP}};
    vly_plot shares = {
        {.low = 0, .high = 100, .at_low = NAMES + BANDS + GAP, .at_high = end, .label = "share of the variance [%]"},
        bands.y};
    vly_svg_open(svg, VLY_SVG_WIDTH, bottom + 52, "Bands of the descriptors and what explains them");
    vly_svg_legend(svg, NAMES, 10, VLY_VARIANCE_PARTS, part_titles, part_colours);
    for (int32_t i = 0; i < all->count; i += 2)
        vly_svg_rectangle(svg, 0, TOP + (double)i * ROW, end, ROW, "#f5f7fa", "none");
    vly_svg_axes(svg, &bands);
    vly_svg_axes(svg, &shares);
    vly_svg_line(svg, &bands, (const double[]){0, 0}, (const double[]){0, 1}, 2, "#9aa5b1");
    for (int32_t i = 0; i < all->count; i++) draw_row(svg, &bands.x, &shares.x, &all->at[i], TOP + (double)i * ROW);
    vly_svg_close(svg);
}

/* ---- words and numbers ---- */

static void band_cell(vly_text *to, vly_band band, bool there)
{
    if (there)
        vly_html_add(to, "<td class=\"n\">%.4g – %.4g</td>", band.low, band.high);
    else
        vly_html_add(to, "<td class=\"n\">–</td>");
}

/* As tables and figures write the units of summary.csv. */
static const char *unit_of(const char *unit)
{
    static const char *const known[][2] = {
        {"1", ""}, {"um", "µm"}, {"1/um", "µm⁻¹"}, {"mAh/cm2", "mAh/cm²"}, {"ohm cm2", "Ω cm²"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(unit, known[i][0]) == 0) return known[i][1];
    return unit;
}

static void table(vly_text *to, const lines *all, bool samples)
{
    vly_html_add(to,
                 "<div class=\"wide\"><table class=\"dense\"><thead><tr><th>Quantity</th><th>Unit</th>"
                 "<th class=\"n\">Mean</th><th class=\"n\">Over trinarisations</th><th class=\"n\">Over cut-outs</th>");
    if (samples) vly_html_add(to, "<th class=\"n\">Over samples</th>");
    vly_html_add(to, "<th>Varies mostly with</th></tr></thead><tbody>\n");
    for (int32_t i = 0; i < all->count; i++) {
        const vly_uncertain *u = all->at[i].u;
        const vly_variance *v = &u->variance;
        const vly_variance_part largest = vly_variance_largest(v);
        vly_html_add(to, "<tr><th>%s</th><td>%s</td><td class=\"n\">%.4g</td>", all->at[i].name, unit_of(u->unit),
                     v->mean);
        band_cell(to, v->trinarisations, u->ways > 1);
        band_cell(to, v->cutouts, u->cutouts > u->samples);
        if (samples) band_cell(to, v->samples, u->samples > 1);
        if (largest < VLY_VARIANCE_PARTS)
            vly_html_add(to, "<td>%s, %.0f %%</td></tr>\n", part_titles[largest], 100 * v->share[largest]);
        else
            vly_html_add(to, "<td>nothing</td></tr>\n");
    }
    vly_html_add(to, "</tbody></table></div>\n");
}

/* Of how many of the lines each is the largest part. */
static void introduce(vly_text *to, const lines *all)
{
    int32_t first[VLY_VARIANCE_PARTS + 1] = {0}, said = 0;
    for (int32_t i = 0; i < all->count; i++) first[vly_variance_largest(&all->at[i].u->variance)]++;
    vly_html_add(to, "<p>Of the %d quantities below, ", all->count);
    for (int p = 0; p < VLY_VARIANCE_PARTS; p++)
        if (first[p] > 0)
            vly_html_add(to, "%s%d var%s mostly with %s", said++ > 0 ? ", " : "", first[p], first[p] == 1 ? "ies" : "y",
                         p == VLY_BY_REST                   ? "trinarisation and cut-out together"
                         : p == VLY_BY_SAMPLE_TRINARISATION ? "trinarisation and sample together"
                         : p == VLY_BY_TRINARISATION        ? "the trinarisation"
                         : p == VLY_BY_CUTOUT               ? "the cut-out"
                                                            : "the sample");
    if (first[VLY_VARIANCE_PARTS] > 0)
        vly_html_add(to, "%s%d var%s with nothing", said > 0 ? ", " : "", first[VLY_VARIANCE_PARTS],
                     first[VLY_VARIANCE_PARTS] == 1 ? "ies" : "y");
    vly_html_add(to, ".</p>\n");
}

static void caption(vly_report *report, const lines *all)
{
    vly_text *to = &report->page;
    bool cut = false;
    for (int32_t i = 0; i < all->count; i++) {
        const vly_variance *v = &all->at[i].u->variance;
        cut |= fmax(percent(v->trinarisations.high, v->mean), percent(v->cutouts.high, v->mean)) > PERCENT_MOST;
    }
    vly_html_add(
        to,
        "Left: the band of the means over trinarisations, over cut-outs (around their sample’s mean) and over "
        "samples, relative to the mean of all%s. Right: what explains the variance. With means m, m<sub>s</sub> "
        "of a sample, m<sub>u</sub> of a cut-out, m<sub>t</sub> of a trinarisation and m<sub>st</sub> of a "
        "trinarisation in a sample, Σ(y − m)² = Σ(m<sub>t</sub> − m)² + Σ(m<sub>u</sub> − m<sub>s</sub>)² + "
        "Σ(m<sub>s</sub> − m)² + Σ(m<sub>st</sub> − m<sub>s</sub> − m<sub>t</sub> + m)² + Σ(y − m<sub>st</sub> − "
        "m<sub>u</sub> + m<sub>s</sub>)², in the order of the legend. Few samples or cut-outs say little of "
        "others: these are shares of what was seen here. All quantities, and each sample alone, are in the "
        "file.",
        cut ? ", cut off at the ends of the axis" : "");
    vly_report_caption_end(report, "", "uncertainty.csv");
}

vly_status vly_report_uncertainty(vly_report *report)
{
    vly_uncertainty read;
    vly_text svg = {0};
    lines *all = NULL;
    char *path;
    VLY_TRY(vly_format(&path, "%s/summary.csv", report->folder));
    vly_status status = vly_uncertainty_read(&read, path);
    vly_free(path);
    if (status == VLY_OK) status = VLY_NEW(&all, 1, "bands");
    if (status == VLY_OK) choose(all, &read, NULL);
    if (status == VLY_OK && all->count == 0) choose(all, &read, report->samples[0].sample->name);
    if (status == VLY_OK && all->count > 0) {
        introduce(&report->page, all);
        draw(&svg, all);
        status = vly_report_figure(report, NULL, "uncertainty", &svg);
        if (status == VLY_OK) caption(report, all);
        if (status == VLY_OK) table(&report->page, all, report->count > 1);
    }
    vly_text_free(&svg);
    vly_free(all);
    vly_uncertainty_free(&read);
    return status == VLY_OK ? report->page.status : status;
}
