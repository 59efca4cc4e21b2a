/* What the k-means clustering found: the weights that met the fractions, and the three centroids over their 27 features. */
#include "report/report_impl.h"
#include "report/svg.h"

#include <math.h>

enum { FEATURES = 27 };

/* Result documents list phases as am, cbd, pore, or under these names. */
static const json_t *of_phase(const json_t *values, int place)
{
    return json_is_array(values) ? json_array_get(values, (size_t)place)
                                 : json_object_get(values, vly_phase_name(vly_report_phase_order[place]));
}

/* A feature of a centroid as a grey value of the file. */
static double grey_of(const json_t *result, int place, int feature)
{
    const json_t *centroid = of_phase(json_object_get(result, "centroids"), place);
    const json_t *map = json_object_get(result, "grey_map");
    double value = vly_report_number(json_array_get(centroid, (size_t)feature), NULL);
    return map ? vly_report_number(map, "offset") + value / vly_report_number(map, "scale") : value;
}

/* Where a shell of neighbours begins and ends along the axis, and what it is called. */
static const struct {
    int first, last;
    const char *name;
} shells[4] = {
    {1, 1, "itself"}, {2, 7, "6 face neighbours"}, {8, 19, "12 edge neighbours"}, {20, 27, "8 corner neighbours"}};

static void draw_shell(vly_text *svg, const vly_plot *plot, const json_t *result, int shell)
{
    double x[FEATURES], y[FEATURES], middle = vly_svg_at(&plot->x, (shells[shell].first + shells[shell].last) / 2.0);
    int count = shells[shell].last - shells[shell].first + 1;
    for (int place = 0; place < 3; place++) {
        for (int i = 0; i < count; i++) {
            int feature = shells[shell].first + i;
            x[i] = feature;
            y[i] = grey_of(result, place, feature - 1);
        }
        if (count == 1) x[1] = x[0] + 0.3, y[1] = y[0], x[0] -= 0.3;
        vly_svg_line(svg, plot, x, y, count == 1 ? 2 : count, vly_report_line_colours[vly_report_phase_order[place]]);
    }
    vly_svg_text(svg, middle, plot->y.at_low + 18, &(vly_svg_style){.anchor = VLY_MIDDLE, .size = 11},
                 shells[shell].name);
}

static void draw(vly_text *svg, const json_t *result, double low, double high)
{
    double margin = 0.06 * (high - low);
    vly_plot plot = {{.low = 0, .high = FEATURES + 1, .at_low = 72, .at_high = VLY_SVG_WIDTH - 16},
                     {.low = low - margin, .high = high + margin, .at_low = 290, .at_high = 44, .label = "grey value"}};
    vly_svg_open(svg, VLY_SVG_WIDTH, 324, "Centroids of the k-means clustering");
    vly_report_legend(svg, 72, 10, vly_report_line_colours);
    vly_svg_axes(svg, &plot);
    for (int shell = 0; shell < 4; shell++) draw_shell(svg, &plot, result, shell);
    vly_svg_close(svg);
}

/* False if a number is missing. */
static bool range(const json_t *result, double *low, double *high)
{
    *low = INFINITY, *high = -INFINITY;
    for (int place = 0; place < 3; place++)
        for (int i = 0; i < FEATURES; i++) {
            double value = grey_of(result, place, i);
            if (!isfinite(value)) return false;
            *low = fmin(*low, value), *high = fmax(*high, value);
        }
    return *high > *low;
}

static void table(vly_text *to, const json_t *result)
{
    static const char *const weights[3] = {"w, active material", "w, CBD", "w, pore"};
    static const char *const finals[3] = {"final w, active material", "final w, CBD", "final w, pore"};
    static const char *const groups[4] = {"x, voxel itself", "x, 6 faces", "x, 12 edges", "x, 8 corners"};
    vly_html_add(to, "<div class=\"wide\"><table><thead><tr><th></th><th class=\"n\">Value</th><th>Meaning</th></tr>"
                     "</thead><tbody>\n");
    for (int place = 0; place < 3; place++)
        vly_report_row(to, weights[place],
                       vly_report_number(of_phase(json_object_get(result, "phase_weights"), place), NULL),
                       place == 0 ? "phase weights of eq. 1; this one is fixed" : "a larger weight shrinks its phase");
    if (json_object_get(result, "final_weights"))
        for (int place = 0; place < 3; place++)
            vly_report_row(to, finals[place],
                           vly_report_number(of_phase(json_object_get(result, "final_weights"), place), NULL),
                           "after the exact finish");
    for (size_t i = 0; i < 4; i++)
        vly_report_row(
            to, groups[i], vly_report_number(json_array_get(json_object_get(result, "feature_weights"), i), NULL),
            i == 0 ? "feature weights of eq. 1; this one is fixed" : "one weight for all neighbours at this distance");
    vly_report_row(to, "Cost", vly_report_number(result, "cost"),
                   "sum of squared errors of the three fractions at the optimum");
    vly_report_row(to, "Evaluations", vly_report_number(result, "evaluations"),
                   "of the cost, by BOBYQA on a subsample");
    vly_report_row(to, "Passes", vly_report_number(result, "iterations"), "of Lloyd’s algorithm over the whole volume");
    vly_report_row(to, "Relabelled", vly_report_number(result, "relabelled"), "voxels that the exact finish moved");
    vly_report_row(to, "Dark active material", vly_report_number(result, "dark_am"),
                   "its voxels darker than the CBD’s centroid");
    vly_report_row(to, "Bright pores", vly_report_number(result, "bright_pore"),
                   "pore voxels brighter than the CBD’s centroid");
    if (json_is_false(json_object_get(result, "converged")))
        vly_html_add(to,
                     "<tr><th>Not converged</th><td></td><td>the fractions were not met to 1e-6 in the cost, or the "
                     "clusters did not settle</td></tr>\n");
    vly_html_add(to, "</tbody></table></div>\n");
}

static vly_status write_data(const vly_report *report)
{
    static const char *const phases[3] = {"am", "cbd", "pore"};
    vly_text csv = {0};
    vly_text_add(&csv, "sample,phase,feature,grey\n");
    for (int32_t s = 0; s < report->count; s++) {
        const json_t *result = vly_report_find(&report->samples[s], "kmeans");
        for (int place = 0; place < 3 && json_object_get(result, "centroids"); place++)
            for (int i = 0; i < FEATURES; i++) {
                vly_text_add(&csv, "%s,%s,%d", report->samples[s].sample->name, phases[place], i + 1);
                vly_report_cell(&csv, grey_of(result, place, i));
                vly_text_add(&csv, "\n");
            }
    }
    vly_status status = vly_report_data(report, "centroids", &csv);
    vly_text_free(&csv);
    return status;
}

vly_status vly_report_kmeans(vly_report *report)
{
    vly_text *to = &report->page;
    for (int32_t i = 0; i < report->count; i++) {
        const vly_report_sample *sample = &report->samples[i];
        const json_t *result = vly_report_find(sample, "kmeans");
        double low, high;
        if (!result || sample->sample->given[VLY_METHOD_KMEANS]) continue;
        vly_report_heading(report, sample);
        if (range(result, &low, &high)) {
            vly_text svg = {0};
            draw(&svg, result, low, high);
            VLY_TRY(vly_report_figure(report, sample, "centroids", &svg));
            vly_html_add(to, "Centroids of the three clusters: mean grey value of a voxel of the phase and of its 26 "
                             "neighbours, sorted within each distance (27 features, the paper’s Section 3.2).");
            VLY_TRY(write_data(report));
            vly_report_caption_end(report, "", "figures/centroids.csv");
        }
        table(to, result);
    }
    return to->status;
}
