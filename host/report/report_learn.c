/* The network: how it was trained, how far its word can be trusted, and what it was asked to look at. */
#include "report/report_impl.h"
#include "report/svg.h"

#include "core/memory.h"

#include <math.h>
#include <string.h>

enum { HEIGHT = 330, TOP = 52, BASE = 270, LEFT = 72, WIDTH = 350, SECOND = 560, SIDE = 218 };

#define TRAINING "#0072b2"
#define VALIDATION "#d55e00"

/* ---- learning curves ---- */

static void draw_curves(vly_text *svg, const json_t *learned)
{
    const json_t *curve = json_object_get(learned, "curve");
    int32_t n, m;
    double *training = vly_report_numbers(curve, "training", &n),
           *validation = vly_report_numbers(curve, "validation", &m);
    double *epoch = NULL, high = 0.0;
    const double test = vly_report_number(learned, "test_mse"), far = vly_report_number(learned, "far_field_mse");
    if (!training || !validation || n != m || VLY_NEW(&epoch, n, "epochs") != VLY_OK) goto out;
    for (int32_t i = 0; i < n; i++) {
        epoch[i] = i + 1;
        high = fmax(high, fmax(training[i], validation[i]));
    }
    high = fmax(high, fmax(far, test));         /* which passes over NaN */
    if (!(high > 0.0 && high <= 1.0)) goto out; /* fractions are never farther off */
    const vly_plot plot = {
        {.low = 0, .high = n, .at_low = LEFT, .at_high = LEFT + WIDTH, .label = "epoch"},
        {.low = 0, .high = high * 1.05, .at_low = BASE, .at_high = TOP, .label = "mean squared error"}};
    vly_svg_axes(svg, &plot);
    vly_svg_mark(svg, &plot, vly_report_number(learned, "best_epoch"), "kept", VLY_MIDDLE);
    vly_svg_line(svg, &plot, epoch, training, n, TRAINING);
    vly_svg_line(svg, &plot, epoch, validation, n, VALIDATION);
    const double ends[2] = {0, n};
    vly_svg_dashes(svg, &plot, ends, (const double[]){test, test}, 2, VLY_SVG_INK, "6 4");
    vly_svg_dashes(svg, &plot, ends, (const double[]){far, far}, 2, VLY_SVG_SOFT, "2 3");
out:
    vly_free(training);
    vly_free(validation);
    vly_free(epoch);
}

/* ---- calibration ---- */

static void draw_bins(vly_text *svg, const vly_plot *plot, const json_t *learned, vly_phase phase)
{
    const json_t *bins = json_object_get(json_object_get(learned, "calibration"), vly_phase_name(phase));
    int32_t n, m, k;
    double *told = vly_report_numbers(bins, "told", &n), *known = vly_report_numbers(bins, "known", &m);
    double *samples = vly_report_numbers(bins, "samples", &k);
    if (told && known && samples && n == m && n == k) {
        for (int32_t i = 0; i < n; i++) {
            if (!(samples[i] > 0.0)) told[i] = known[i] = NAN;
            samples[i] = NAN; /* no bars of error */
        }
        vly_svg_line(svg, plot, told, known, n, vly_report_line_colours[phase]);
        vly_svg_points(svg, plot, told, known, samples, n, vly_report_line_colours[phase]);
    }
    vly_free(told);
    vly_free(known);
    vly_free(samples);
}

static void draw(vly_text *svg, const json_t *learned)
{
    static const char *const names[] = {"training", "validation"}, *const squares[] = {TRAINING, VALIDATION};
    const double ends[2] = {0, 1};
    const vly_plot plot = {{.low = 0, .high = 1, .at_low = SECOND, .at_high = SECOND + SIDE, .label = "fraction told"},
                           {.low = 0, .high = 1, .at_low = BASE, .at_high = BASE - SIDE, .label = "fraction known"}};
    vly_svg_open(svg, VLY_SVG_WIDTH, HEIGHT, "Learning curves, and fractions told against fractions known");
    vly_svg_legend(svg, LEFT, 10, 2, names, squares);
    vly_report_legend(svg, SECOND, 10, vly_report_line_colours);
    draw_curves(svg, learned);
    vly_svg_axes(svg, &plot);
    vly_svg_dashes(svg, &plot, ends, ends, 2, VLY_SVG_SOFT, "2 3");
    for (int i = 0; i < VLY_PHASES; i++) draw_bins(svg, &plot, learned, vly_report_phase_order[i]);
    vly_svg_close(svg);
}

static void add_series(vly_text *csv, const char *sample, const char *series, const json_t *x, const json_t *y)
{
    for (size_t i = 0; i < json_array_size(y); i++) {
        vly_text_add(csv, "%s,%s", sample, series);
        vly_report_cell(csv, x ? vly_report_number(json_array_get(x, i), NULL) : (double)(i + 1));
        vly_report_cell(csv, vly_report_number(json_array_get(y, i), NULL));
        vly_text_add(csv, "\n");
    }
}

/* Errors over epochs, then fractions known over fractions told. */
static vly_status write_data(const vly_report *report)
{
    static const char *const curves[] = {"training", "validation"};
    vly_text csv = {0};
    vly_text_add(&csv, "sample,series,x,y\n");
    for (int32_t s = 0; s < report->count; s++) {
        const json_t *learned = report->samples[s].learned;
        const char *name = report->samples[s].sample->name;
        for (int i = 0; i < 2; i++)
            add_series(&csv, name, curves[i], NULL, json_object_get(json_object_get(learned, "curve"), curves[i]));
        for (int i = 0; i < VLY_PHASES; i++) {
            const char *phase = vly_phase_name(vly_report_phase_order[i]);
            const json_t *bins = json_object_get(json_object_get(learned, "calibration"), phase);
            add_series(&csv, name, phase, json_object_get(bins, "told"), json_object_get(bins, "known"));
        }
    }
    vly_status status = vly_report_data(report, "learning", &csv);
    vly_text_free(&csv);
    return status;
}

static void caption(vly_report *report, const json_t *learned)
{
    vly_text *to = &report->page;
    const double far = vly_report_number(learned, "far_field_mse");
    vly_html_add(to,
                 "Left: mean squared error of the volume fractions over the epochs; training stops when the "
                 "validation error has not fallen for some of them, and the best epoch is kept. Dashed: test "
                 "error%s. Right: test samples in tenths of the fraction told; a network that means what it says "
                 "lies on the dotted line.",
                 isfinite(far) ? ", dotted: far from the training voxels" : "");
    vly_report_caption_end(report, "", "figures/learning.csv");
}

/* ---- numbers ---- */

static const char *split_meaning(const json_t *learned)
{
    const char *split = vly_report_string(learned, "split");
    if (!split) return "on voxels of its own";
    if (strcmp(split, "paper") == 0) return "turned copies of one voxel train and test alike: too small by design";
    return strcmp(split, "block") == 0 ? "on a block of its own, with a gap to the training voxels"
                                       : "on voxels of its own, all turned copies with them, but among the others";
}

static void test_row(vly_text *to, const json_t *learned)
{
    const json_t *interval = json_object_get(learned, "test_mse_interval");
    const double low = vly_report_number(json_array_get(interval, 0), NULL);
    const double high = vly_report_number(json_array_get(interval, 1), NULL);
    vly_html_add(to, "<tr><th>Test error</th><td class=\"n\">%.3g</td><td>", vly_report_number(learned, "test_mse"));
    if (isfinite(low) && isfinite(high)) vly_html_add(to, "95 %% confidence %.3g to %.3g; ", low, high);
    vly_html_add(to, "%s</td></tr>\n", split_meaning(learned));
}

static void training_rows(vly_text *to, const json_t *learned)
{
    const json_t *table = json_object_get(learned, "table"), *levels = json_object_get(table, "levels");
    const json_t *greys = json_object_get(levels, "pore_am_u16");
    const size_t networks = json_array_size(json_object_get(learned, "tries"));
    vly_report_row(to, "Voxels learned from", vly_report_number(table, "voxels"),
                   "each turned and mirrored in the 48 ways of the cube");
    vly_report_row(to, "Voxel size, µm", vly_report_number(table, "voxel_size_um"), "of what is learned from");
    if (networks > 1)
        vly_report_row(to, "Networks trained", (double)networks,
                       json_is_true(json_object_get(learned, "ensemble"))
                           ? "the mean of their outputs counts"
                           : "from different seeds; the one with the smallest validation error is kept");
    test_row(to, learned);
    vly_report_row(to, "Error far away", vly_report_number(learned, "far_field_mse"),
                   "of another network, on a block that shares no grey value with its training: what to expect "
                   "elsewhere in the tomogram");
    vly_report_row(to, "Error of the mean", vly_report_number(learned, "constant_mse"),
                   "of telling the mean composition everywhere: what knowing nothing costs");
    vly_report_row(to, "Grey level of pores", vly_report_number(json_array_get(greys, 0), NULL),
                   "median over voxels that are certainly pore, by which other scans are calibrated");
    vly_report_row(to, "Grey level of particles", vly_report_number(json_array_get(greys, 1), NULL),
                   "the same of active material");
}

/* The first result of the network; they share what it told. Labels that were given have none. */
static const json_t *first_result(const vly_report_sample *sample)
{
    for (int32_t i = 0; i < sample->count; i++)
        if (json_object_get(sample->methods[i].result, "scale")) return sample->methods[i].result;
    return NULL;
}

static const char *scale_meaning(const char *scale)
{
    static const char *const known[][2] = {
        {"native", "neighbourhoods of voxels as they are"},
        {"atrous", "voxels half as large as the training’s: every second one, averaged over two"},
        {"binned", "means over 2 × 2 × 2 voxels"},
        {"resample", "means over cubes of the training’s voxel size"}};
    for (size_t i = 0; i < sizeof known / sizeof *known && scale; i++)
        if (strcmp(scale, known[i][0]) == 0) return known[i][1];
    return "";
}

static void use_rows(vly_text *to, const json_t *result)
{
    const json_t *calibration = json_object_get(result, "calibration");
    const char *mode = vly_report_string(calibration, "mode"), *scale = vly_report_string(result, "scale");
    if (scale)
        vly_html_add(to, "<tr><th>Scale</th><td class=\"n\">%s</td><td>%s</td></tr>\n", scale, scale_meaning(scale));
    if (mode && strcmp(mode, "none") == 0)
        vly_html_add(
            to,
            "<tr><th>Calibration</th><td class=\"n\">none</td><td>grey values mean what they mean in the training’s "
            "scan</td></tr>\n");
    else if (mode)
        vly_html_add(
            to,
            "<tr><th>Calibration</th><td class=\"n\">%s</td><td>grey values × %.5g %s %.5g are those of the training’s "
            "scan</td></tr>\n",
            mode, vly_report_number(calibration, "slope"),
            vly_report_number(calibration, "offset_u16") < 0.0 ? "−" : "+",
            fabs(vly_report_number(calibration, "offset_u16")));
    vly_report_row(to, "Mean entropy", vly_report_number(result, "entropy"),
                   "of what is told of a voxel: 0 sure, 1 all phases alike");
    vly_report_row(to, "Mean spread", vly_report_number(result, "spread"),
                   "standard deviation of a fraction among the networks");
    vly_report_row(to, "Unlike the training", vly_report_number(result, "unlike_training"),
                   json_is_true(json_object_get(result, "out_of_distribution"))
                       ? "share of the voxels whose surroundings lie outside of 99 % of the training’s: too many"
                       : "share of the voxels whose surroundings lie outside of 99 % of the training’s");
}

vly_status vly_report_learn(vly_report *report)
{
    vly_text *to = &report->page;
    for (int32_t i = 0; i < report->count; i++) {
        const vly_report_sample *sample = &report->samples[i];
        const json_t *learned = sample->learned, *result = first_result(sample);
        if (!learned && !result) continue;
        vly_report_heading(report, sample);
        if (learned) {
            vly_text svg = {0};
            draw(&svg, learned);
            VLY_TRY(vly_report_figure(report, sample, "learning", &svg));
            VLY_TRY(write_data(report));
            caption(report, learned);
        }
        vly_html_add(to,
                     "<div class=\"wide\"><table><thead><tr><th></th><th class=\"n\">Value</th><th>Meaning</th></tr>"
                     "</thead><tbody>\n");
        if (learned) training_rows(to, learned);
        if (result) use_rows(to, result);
        vly_html_add(to, "</tbody></table></div>\n");
    }
    return to->status;
}
