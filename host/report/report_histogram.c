/* Grey histogram with the two thresholds of the thresholding method and the shares they cut off, linear and logarithmic:
 * the first shows where the phases are, the second how far their tails reach. */
#include "report/report_impl.h"
#include "report/svg.h"

#include <math.h>
#include <string.h>

enum { BINS = 400, HEIGHT = 318, FRAME_TOP = 64, FRAME_LOW = 266, FRAME_LEFT = 70, FRAME_WIDTH = 366 };

typedef struct binned {
    int32_t first, width, count; /* grey value of the first bin, grey values per bin, bins */
    double voxels[BINS];         /* per bin */
    double total, most;
    double offset, scale; /* grey value of the file = offset + g / scale */
    int32_t cut[4];       /* grey values where phases begin and the last ends: lowest, t1 + 1, t2 + 1, highest + 1 */
} binned;

/* A grey value of the engine as one of the file. */
static double file_grey(const binned *b, double g)
{
    return b->offset + g / b->scale;
}

/* The range that holds all but 0.01 % of the voxels at either end. */
static void trim(const uint64_t *histogram, int32_t *low, int32_t *high, double *total)
{
    double below = 0, above = 0;
    *total = 0;
    for (int32_t g = 0; g < VLY_REPORT_GREYS; g++) *total += (double)histogram[g];
    for (*low = 0; *low < VLY_REPORT_GREYS - 1; ++*low)
        if ((below += (double)histogram[*low]) > 1e-4 * *total) break;
    for (*high = VLY_REPORT_GREYS - 1; *high > *low; --*high)
        if ((above += (double)histogram[*high]) > 1e-4 * *total) break;
}

/* map: {offset, scale} of the result document; NULL: the engine's values are the file's. */
static void bin(binned *out, const uint64_t *histogram, const json_t *map)
{
    int32_t low, high;
    double scale = vly_report_number(map, "scale"), offset = vly_report_number(map, "offset");
    *out = (binned){.offset = isfinite(offset) ? offset : 0, .scale = scale > 0 ? scale : 1};
    trim(histogram, &low, &high, &out->total);
    out->width = (high - low) / 256 + 1;
    out->first = low / out->width * out->width;
    out->count = (high - out->first) / out->width + 1;
    for (int32_t g = out->first; g < out->first + out->count * out->width && g < VLY_REPORT_GREYS; g++)
        out->voxels[(g - out->first) / out->width] += (double)histogram[g];
    for (int32_t i = 0; i < out->count; i++) out->most = fmax(out->most, out->voxels[i]);
    out->cut[0] = out->first;
    out->cut[3] = out->first + out->count * out->width;
}

static const vly_phase dark_to_bright[VLY_PHASES] = {VLY_PORE, VLY_CBD, VLY_AM};

/* The outline of the steps between grey values `from` and `to`. */
static int32_t outline(double *x, double *y, const binned *b, int32_t from, int32_t to, double scale)
{
    int32_t points = 0;
    for (int32_t i = 0; i < b->count; i++) {
        double left = fmax(from, b->first + (double)i * b->width), right = fmin(to, b->first + (i + 1.0) * b->width);
        if (left >= right) continue;
        x[points] = file_grey(b, left), y[points++] = b->voxels[i] * scale;
        x[points] = file_grey(b, right), y[points++] = b->voxels[i] * scale;
    }
    return points;
}

static void draw_panel(vly_text *svg, const binned *b, const vly_plot *plot, const json_t *thresholds, double scale)
{
    static const vly_anchor sides[2] = {VLY_END, VLY_START};
    double x[2 * BINS], y[2 * BINS];
    vly_svg_axes(svg, plot);
    for (int i = 0; thresholds && i < 3; i++) {
        int32_t points = outline(x, y, b, b->cut[i], b->cut[i + 1], scale);
        vly_svg_area(svg, plot, x, y, points, vly_report_phase_colours[dark_to_bright[i]]);
    }
    vly_svg_line(svg, plot, x, y, outline(x, y, b, b->cut[0], b->cut[3], scale), VLY_SVG_INK);
    for (size_t i = 0; thresholds && i < 2; i++) {
        vly_text name = {0};
        vly_html_add(&name, i ? "t₂ = " : "t₁ = ");
        vly_report_value(&name, vly_report_number(json_array_get(thresholds, i), NULL));
        if (name.status == VLY_OK) vly_svg_mark(svg, plot, file_grey(b, b->cut[i + 1]), name.text, sides[i]);
        vly_text_free(&name);
    }
}

/* Names of the phases with the share that the thresholds gave them. */
static void draw_shares(vly_text *svg, const json_t *result)
{
    vly_text shares[VLY_PHASES] = {{0}};
    const char *texts[VLY_PHASES], *colours[VLY_PHASES];
    for (int i = 0; i < VLY_PHASES; i++) {
        vly_phase phase = dark_to_bright[i];
        double share = vly_report_number(json_object_get(result, "achieved"), vly_phase_name(phase));
        vly_html_add(&shares[i], "%s %.2f %%", vly_report_phase_titles[phase], 100 * share);
        texts[i] = shares[i].text ? shares[i].text : "";
        colours[i] = vly_report_phase_colours[phase];
    }
    vly_svg_legend(svg, FRAME_LEFT, 10, VLY_PHASES, texts, colours);
    for (int i = 0; i < VLY_PHASES; i++) vly_text_free(&shares[i]);
}

static void draw(vly_text *svg, const binned *b, const json_t *result, const json_t *thresholds)
{
    vly_plot plot = {{.low = file_grey(b, b->cut[0]), .high = file_grey(b, b->cut[3]), .label = "grey value"},
                     {.low = 0, .high = b->most / b->total * 105, .at_low = FRAME_LOW, .at_high = FRAME_TOP}};
    plot.x.at_low = FRAME_LEFT, plot.x.at_high = FRAME_LEFT + FRAME_WIDTH;
    plot.y.label = "share of voxels per bin, %";
    vly_svg_open(svg, VLY_SVG_WIDTH, HEIGHT, "Grey histogram, linear and logarithmic");
    draw_panel(svg, b, &plot, thresholds, 100 / b->total);
    plot.x.at_low = VLY_SVG_WIDTH - 14 - FRAME_WIDTH, plot.x.at_high = VLY_SVG_WIDTH - 14;
    plot.y.low = 1, plot.y.high = pow(10, ceil(log10(fmax(b->most, 2)))), plot.y.log = true;
    plot.y.label = "voxels per bin";
    draw_panel(svg, b, &plot, thresholds, 1);
    if (thresholds) draw_shares(svg, result);
    vly_svg_close(svg);
}

static vly_status one_sample(vly_report *report, const vly_report_sample *sample)
{
    binned b;
    vly_text svg = {0}, *to = &report->page;
    const json_t *result = vly_report_find(sample, "threshold"), *thresholds = json_object_get(result, "thresholds");
    bin(&b, sample->histogram, json_object_get(vly_report_ours(sample), "grey_map"));
    if (!(b.total > 0)) return VLY_OK;
    if (json_array_size(thresholds) != 2) thresholds = NULL;
    for (size_t i = 0; thresholds && i < 2; i++) {
        double value = vly_report_number(json_array_get(thresholds, i), NULL);
        double after = rint((value - b.offset) * b.scale) + 1; /* the engine's value that begins the next phase */
        b.cut[i + 1] = (int32_t)fmin(fmax(after, b.cut[i]), b.cut[3]);
    }
    draw(&svg, &b, result, thresholds);
    vly_report_heading(report, sample);
    VLY_TRY(vly_report_figure(report, sample, "histogram", &svg));
    vly_html_add(to, "Grey values of the %lld voxels inside the region, left linear, right logarithmic",
                 (long long)b.total);
    vly_html_add(to, b.width > 1 || b.scale != 1 ? ", in bins of %.4g. " : ", one bin per grey value. ",
                 b.width / b.scale);
    if (thresholds)
        vly_html_add(
            to, "Dashed: the two global thresholds of the paper’s Section 3.1. Pore is g ≤ t₁, CBD t₁ &lt; g ≤ t₂, "
                "active material above; voxels of exactly the grey value t₁ or t₂ are shared between both sides "
                "so that the fractions are met. ");
    vly_html_add(to, "The outermost 0.01 %% at either end are not drawn.");
    vly_report_caption_end(report, sample->prefix, "curves/histogram.csv");
    return VLY_OK;
}

vly_status vly_report_histogram(vly_report *report)
{
    for (int32_t i = 0; i < report->count; i++)
        if (report->samples[i].histogram) VLY_TRY(one_sample(report, &report->samples[i]));
    return VLY_OK;
}
