/* The paper's Figures 6 to 10: curves per phase side by side, a colour per trinarisation, dashes per sample. What a figure
 * shows stands as CSV beside it. */
#include "report/report_impl.h"
#include "report/svg.h"

#include "core/memory.h"
#include "study/describe_document.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PANELS_MOST = 6, COLUMNS = 3, LEFT = 66, PITCH = VLY_SVG_WIDTH / COLUMNS, ROW = 292, TOP = 34, PLOT = 200 };

typedef struct figure {
    vly_curve curve;
    const char *x_label, *y_label;
    int panels;
    const char *titles[PANELS_MOST];
    const char *caption;
} figure;

static const figure figures[] = {
    {VLY_CURVE_CPSD,
     "radius r [µm]",
     "CPSD [%]",
     3,
     {"Active material", "CBD", "Pore"},
     "Continuous phase size distribution (the paper’s Figure 6): the share of the phase that balls of at least radius r "
     "inside it can cover. Between the radii that occur the curves are straight. "},
    {VLY_CURVE_INTRUSION,
     "radius r [µm]",
     "intruded [%]",
     3,
     {"Active material", "CBD", "Pore"},
     "Simulated mercury intrusion from the separator (the paper’s Figure 7): the share of the phase that balls of at "
     "least radius r can reach from there through the phase. Where a curve does not begin at 100 %, the rest of the phase "
     "is not connected to the separator. "},
    {VLY_CURVE_TORTUOSITY,
     "geodesic tortuosity",
     "density",
     3,
     {"Active material", "CBD", "Pore"},
     "Geodesic tortuosity (the paper’s Figure 8): length of the shortest path from a voxel at the separator to the "
     "collector over the thickness, as a density over the voxels that have one. "},
    {VLY_CURVE_TWO_POINT,
     "distance r [µm]",
     "C(r)",
     6,
     {"Active material", "CBD", "Pore", "Active material – CBD", "Active material – pore", "CBD – pore"},
     "Centred two-point coverage functions (the paper’s Figure 9): how much likelier than by chance two points at "
     "distance r lie in these phases. Zero: independent. "},
    {VLY_CURVE_PROFILE,
     "distance to the separator [µm]",
     "volume fraction",
     3,
     {"Active material", "CBD", "Pore"},
     "Volume fractions over the distance to the separator (the paper’s Figure 10), slice by slice. "},
};

typedef struct series {
    double *x, *y; /* (count) */
    int32_t count;
    const char *colour, *dashes;
} series;

/* ---- what is drawn ---- */

static const json_t *x_of(const json_t *document, vly_curve curve, const json_t *phase)
{
    const json_t *histogram = json_object_get(json_object_get(phase, "geodesic_tortuosity"), "histogram");
    switch (curve) {
    case VLY_CURVE_CPSD:
        return json_object_get(json_object_get(phase, "cpsd"), "radius_um");
    case VLY_CURVE_INTRUSION:
        return json_object_get(json_object_get(phase, "intrusion"), "radius_um");
    case VLY_CURVE_TORTUOSITY:
        return json_object_get(histogram, "tortuosity");
    case VLY_CURVE_TWO_POINT:
        return json_object_get(json_object_get(document, "two_point"), "r_um");
    default:
        return json_object_get(json_object_get(document, "electrode"), "depth_um");
    }
}

static const json_t *y_of(const json_t *document, vly_curve curve, const json_t *phase, int panel)
{
    const json_t *histogram = json_object_get(json_object_get(phase, "geodesic_tortuosity"), "histogram");
    switch (curve) {
    case VLY_CURVE_CPSD:
        return json_object_get(json_object_get(phase, "cpsd"), "fraction_at_least");
    case VLY_CURVE_INTRUSION:
        return json_object_get(json_object_get(phase, "intrusion"), "fraction_at_least");
    case VLY_CURVE_TORTUOSITY:
        return json_object_get(histogram, "share");
    case VLY_CURVE_TWO_POINT:
        return json_object_get(json_object_get(document, "two_point"), vly_two_point_name((vly_two_point_pair)panel));
    default:
        return json_object_get(phase, "profile");
    }
}

/* One curve as it is drawn: shares in %, densities, and size curves from radius 0 on and down to 0 at their end. */
static vly_status fill(series *s, const json_t *document, vly_curve curve, int panel)
{
    const json_t *phases = json_object_get(document, "phases");
    const json_t *phase = json_object_get(phases, vly_phase_name(vly_report_phase_order[panel % VLY_PHASES]));
    const json_t *x = x_of(document, curve, phase), *y = y_of(document, curve, phase, panel);
    const bool sizes = curve == VLY_CURVE_CPSD || curve == VLY_CURVE_INTRUSION;
    const double scale = sizes ? 100 : curve == VLY_CURVE_TORTUOSITY ? 1 / VLY_GEODESIC_BIN : 1;
    const size_t count = json_array_size(x);
    VLY_TRY(VLY_NEW(&s->x, 2 * (int64_t)count + 4, "curve"));
    s->y = s->x + count + 2;
    if (count == 0) return VLY_OK;
    if (sizes) s->y[s->count++] = scale * vly_report_number(json_array_get(y, 0), NULL);
    for (size_t i = 0; i < count; i++, s->count++) {
        s->x[s->count] = vly_report_number(json_array_get(x, i), NULL);
        s->y[s->count] = scale * vly_report_number(json_array_get(y, i), NULL);
    }
    if (sizes) s->x[s->count] = s->x[s->count - 1], s->count++;
    return VLY_OK;
}

static void stretch(vly_axis *x, vly_axis *y, const series *s)
{
    for (int32_t i = 0; i < s->count; i++) {
        if (!isfinite(s->x[i]) || !isfinite(s->y[i])) continue;
        x->low = fmin(x->low, s->x[i]);
        x->high = fmax(x->high, s->x[i]);
        y->low = fmin(y->low, s->y[i]);
        y->high = fmax(y->high, s->y[i]);
    }
}

static void draw_panel(vly_text *svg, const figure *f, int panel, double top, const series *all, int32_t count)
{
    const double left = panel % COLUMNS * PITCH + LEFT, base = top + panel / COLUMNS * (double)ROW + TOP;
    const bool sizes = f->curve == VLY_CURVE_CPSD || f->curve == VLY_CURVE_INTRUSION;
    vly_plot plot = {{INFINITY, -INFINITY, left, left + PITCH - LEFT - 14, false, f->x_label},
                     {0, 0, base + PLOT, base, false, panel % COLUMNS == 0 ? f->y_label : ""}};
    vly_svg_text(svg, left, base - 12, &(vly_svg_style){.size = 13, .bold = true}, f->titles[panel]);
    for (int32_t i = 0; i < count; i++) stretch(&plot.x, &plot.y, &all[i]);
    if (!(plot.x.high > plot.x.low)) {
        vly_svg_text(svg, left, base + 20, &(vly_svg_style){.colour = VLY_SVG_SOFT}, "no values");
        return;
    }
    if (f->curve == VLY_CURVE_TORTUOSITY) plot.x.low = 1;
    if (f->curve == VLY_CURVE_PROFILE) plot.x.low = 0;
    plot.y.high = sizes ? 100 : plot.y.high + 0.05 * (plot.y.high - plot.y.low);
    if (plot.y.low < 0) plot.y.low -= 0.05 * (plot.y.high - plot.y.low);
    if (!(plot.y.high > plot.y.low)) plot.y.high = plot.y.low + 1;
    vly_svg_axes(svg, &plot);
    if (plot.y.low < 0)
        vly_svg_line(svg, &plot, (const double[]){plot.x.low, plot.x.high}, (const double[]){0, 0}, 2, "#9aa5b1");
    for (int32_t i = 0; i < count; i++)
        vly_svg_dashes(svg, &plot, all[i].x, all[i].y, all[i].count, all[i].colour, all[i].dashes);
}

static bool shown(const vly_report_method *method)
{
    return method->describe != NULL;
}

/* ---- figures ---- */

static vly_status gather(const vly_report *report, const figure *f, int panel, series *all, int32_t *count)
{
    for (int32_t s = 0; s < report->count; s++)
        for (int32_t i = 0; i < report->samples[s].count; i++) {
            const vly_report_method *method = &report->samples[s].methods[i];
            if (!method->describe) continue;
            all[*count].colour = vly_report_method_colour(method->name);
            all[*count].dashes = vly_report_sample_dashes(report, s);
            VLY_TRY(fill(&all[(*count)++], method->describe, f->curve, panel));
        }
    return VLY_OK;
}

static vly_status draw(vly_report *report, const figure *f, vly_text *svg)
{
    const double top = vly_report_keys(NULL, report, LEFT, shown), height = top + f->panels / COLUMNS * (double)ROW;
    series *all;
    VLY_TRY(VLY_NEW(&all, (int64_t)report->count * VLY_TRINARISATIONS, "curves"));
    vly_svg_open(svg, VLY_SVG_WIDTH, height, vly_curve_name(f->curve));
    vly_report_keys(svg, report, LEFT, shown);
    vly_status status = VLY_OK;
    for (int panel = 0; panel < f->panels && status == VLY_OK; panel++) {
        int32_t count = 0;
        status = gather(report, f, panel, all, &count);
        if (status == VLY_OK) draw_panel(svg, f, panel, top, all, count);
        for (int32_t i = 0; i < count; i++) {
            vly_free(all[i].x);
            all[i] = (series){.x = NULL};
        }
    }
    vly_svg_close(svg);
    vly_free(all);
    return status;
}

/* The curves of all samples and trinarisations, one point a line. */
static vly_status write_data(const vly_report *report, vly_curve curve)
{
    vly_text text = {0};
    vly_curve_header(&text, curve, "sample,trinarisation,");
    for (int32_t s = 0; s < report->count; s++)
        for (int32_t i = 0; i < report->samples[s].count; i++) {
            const vly_report_method *method = &report->samples[s].methods[i];
            char lead[VLY_NAME_MAX + 48];
            snprintf(lead, sizeof lead, "%s,%s,", report->samples[s].sample->name, method->name);
            if (method->describe) vly_curve_rows(&text, curve, method->describe, lead);
        }
    vly_status status = vly_report_data(report, vly_curve_name(curve), &text);
    vly_text_free(&text);
    return status;
}

static bool has_curve(const vly_report *report, const figure *f)
{
    for (int32_t s = 0; s < report->count; s++)
        for (int32_t i = 0; i < report->samples[s].count; i++)
            for (int p = 0; p < VLY_PHASES; p++) {
                const json_t *document = report->samples[s].methods[i].describe;
                const json_t *phase =
                    json_object_get(json_object_get(document, "phases"), vly_phase_name((vly_phase)p));
                if (json_array_size(x_of(document, f->curve, phase)) > 0) return true;
            }
    return false;
}

static vly_status add_figure(vly_report *report, const figure *f)
{
    vly_text svg = {0};
    char name[64];
    snprintf(name, sizeof name, "figures/%s.csv", vly_curve_name(f->curve));
    vly_status status = draw(report, f, &svg);
    if (status != VLY_OK) {
        vly_text_free(&svg);
        return status;
    }
    VLY_TRY(vly_report_figure(report, NULL, vly_curve_name(f->curve), &svg));
    VLY_TRY(write_data(report, f->curve));
    vly_html_add(&report->page, "%s", f->caption);
    if (report->count == 2)
        vly_html_add(&report->page, "Dashed: %s, solid: %s.", report->samples[0].sample->name,
                     report->samples[1].sample->name);
    vly_report_caption_end(report, "", name);
    return report->page.status;
}

vly_status vly_report_curves(vly_report *report)
{
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        if (has_curve(report, &figures[i])) VLY_TRY(add_figure(report, &figures[i]));
    return VLY_OK;
}
