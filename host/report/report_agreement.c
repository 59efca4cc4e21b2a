/* The paper's Figure 4: how far the trinarisations agree, voxel by voxel. With two samples of the same methods the first
 * stands above the diagonal and the second below, as there; otherwise each sample has a figure of its own. */
#include "report/report_impl.h"
#include "report/svg.h"

#include <math.h>

enum { MOST = VLY_REPORT_NAMES, PANELS = 4 };

static const char *const panel_keys[PANELS] = {NULL, "am", "cbd", "pore"};
static const char *const panel_titles[PANELS] = {"Equal voxels", "Jaccard, active material", "Jaccard, CBD",
                                                 "Jaccard, pore"};

static int32_t methods_of(const json_t *compare)
{
    size_t count = json_array_size(json_object_get(compare, "names"));
    return count <= MOST ? (int32_t)count : 0;
}

static double entry(const json_t *compare, int panel, int32_t i, int32_t j)
{
    const char *key = panel_keys[panel];
    const json_t *matrix =
        key ? json_object_get(json_object_get(compare, "jaccard"), key) : json_object_get(compare, "equal");
    return vly_report_number(json_array_get(json_array_get(matrix, (size_t)i), (size_t)j), NULL);
}

/* values: (n, n); `below` is the sample under the diagonal. Returns the least number off the diagonal. */
static double fill(double *values, const json_t *above, const json_t *below, int panel, int32_t n)
{
    double least = 1;
    for (int32_t i = 0; i < n; i++)
        for (int32_t j = 0; j < n; j++) {
            double value = entry(i > j ? below : above, panel, i, j);
            values[i * n + j] = value;
            if (i != j && value < least) least = value;
        }
    return least;
}

static void draw(vly_text *svg, const json_t *above, const json_t *below)
{
    double values[MOST * MOST];
    const char *names[MOST];
    int32_t n = methods_of(above);
    double side = n <= 2 ? 44 : fmin(60, (VLY_SVG_WIDTH / 2 - VLY_HEAT_LEFT - VLY_HEAT_BAR) / (double)n);
    double width = VLY_HEAT_LEFT + n * side + VLY_HEAT_BAR, height = VLY_HEAT_TOP + n * side + 24;
    int columns = 4 * width <= VLY_SVG_WIDTH ? 4 : 2;
    vly_svg_open(svg, fmax(columns * width, 520), height * PANELS / columns, "Agreement between the trinarisations");
    for (int32_t i = 0; i < n; i++)
        names[i] = vly_report_title(json_string_value(json_array_get(json_object_get(above, "names"), (size_t)i)));
    for (int panel = 0; panel < PANELS; panel++) {
        double least = fill(values, above, below, panel, n);
        vly_heat heat = {.title = panel_titles[panel], .count = n, .values = values, .names = names, .cell = side};
        heat.high = 1;
        heat.low = fmax(fmin(floor(least * 10 - 1e-9) / 10, 0.8), 0);
        vly_svg_heat(svg, panel % columns * width, panel / columns * height, &heat);
    }
    vly_svg_close(svg);
}

static vly_status one_figure(vly_report *report, const vly_report_sample *sample, const json_t *above,
                             const json_t *below, const char *name)
{
    vly_text svg = {0}, *to = &report->page;
    draw(&svg, above, below);
    VLY_TRY(vly_report_figure(report, sample, name, &svg));
    vly_html_add(to,
                 "Agreement of every pair of trinarisations (the paper’s Figure 4): the fraction of voxels that both "
                 "give the same phase, and per phase the Jaccard index, voxels of the phase in both divided by voxels "
                 "of the phase in either. Both lie between 0 (nothing in common) and 1 (identical); mind that each "
                 "colour bar begins at its own value. ");
    return to->status;
}

/* Every pair once. */
static vly_status write_data(const vly_report *report)
{
    vly_text csv = {0};
    vly_text_add(&csv, "sample,trinarisation,other,equal_fraction,jaccard_am,jaccard_cbd,jaccard_pore\n");
    for (int32_t s = 0; s < report->count; s++) {
        const json_t *compare = report->samples[s].compare, *names = json_object_get(compare, "names");
        for (int32_t i = 0; i < methods_of(compare); i++)
            for (int32_t j = i + 1; j < methods_of(compare); j++) {
                const char *one = vly_report_string(json_array_get(names, (size_t)i), NULL);
                const char *other = vly_report_string(json_array_get(names, (size_t)j), NULL);
                if (!one || !other) continue;
                vly_text_add(&csv, "%s,%s,%s", report->samples[s].sample->name, one, other);
                for (int panel = 0; panel < PANELS; panel++) vly_report_cell(&csv, entry(compare, panel, i, j));
                vly_text_add(&csv, "\n");
            }
    }
    vly_status status = vly_report_data(report, "agreement", &csv);
    vly_text_free(&csv);
    return status;
}

static bool same_names(const json_t *a, const json_t *b)
{
    return json_equal(json_object_get(a, "names"), json_object_get(b, "names"));
}

static bool all_named(const json_t *compare)
{
    const json_t *names = json_object_get(compare, "names");
    for (size_t i = 0; i < json_array_size(names); i++)
        if (!json_is_string(json_array_get(names, i))) return false;
    return true;
}

vly_status vly_report_agreement(vly_report *report)
{
    static const char data[] = "figures/agreement.csv";
    const vly_report_sample *s = report->samples;
    VLY_TRY(write_data(report));
    if (report->count == 2 && methods_of(s[0].compare) > 1 && all_named(s[0].compare) &&
        same_names(s[0].compare, s[1].compare)) {
        VLY_TRY(one_figure(report, NULL, s[0].compare, s[1].compare, "agreement"));
        vly_html_add(&report->page, "Above the diagonal: %s. Below: %s.", s[0].sample->name, s[1].sample->name);
        vly_report_caption_end(report, "", data);
        return VLY_OK;
    }
    for (int32_t i = 0; i < report->count; i++, s++) {
        if (methods_of(s->compare) < 2 || !all_named(s->compare)) continue;
        vly_report_heading(report, s);
        VLY_TRY(one_figure(report, s, s->compare, s->compare, "agreement"));
        vly_report_caption_end(report, "", data);
    }
    return VLY_OK;
}
