/* Where in the volume the trinarisations disagree: the cut of Figure 2 through disagreement.tif, and how many voxels are in how
 * many minds. */
#include "report/png.h"
#include "report/report_impl.h"
#include "report/report_planes.h"
#include "report/svg.h"

#include "core/memory.h"

#include <math.h>
#include <stdio.h>

enum { MOST_PIXELS = 400, TOP = 30, LEFT = 26, GAP = 14, BARS_LEFT = 90, BARS = 250, BARS_HEIGHT = 250 };

typedef struct picture {
    vly_view view;
    vly_planes planes;
    double um[3];                /* a voxel; 1 each if unknown */
    double width, depth, height; /* px */
    int32_t most;                /* voices that can be against the commonest label */
} picture;

static const json_t *counts_of(const vly_report_sample *sample, const char *key)
{
    return json_object_get(json_object_get(sample->disagreement, "disagreement"), key);
}

/* The most that a voxel can have: with n voices the commonest label has n / 3 at least. */
static int32_t most_dissent(const vly_report_sample *sample)
{
    const int32_t n = (int32_t)json_array_size(counts_of(sample, "dissenting"));
    return n - (n + VLY_PHASES - 1) / VLY_PHASES;
}

/* White where all agree, dark where as many as can be do not; what is outside stays white. */
static unsigned char grey_of(int32_t against, int32_t most)
{
    if (against > most) return 255;
    return (unsigned char)(255 - 230 * against / (most > 0 ? most : 1));
}

static vly_status read_picture(picture *p, const vly_report *report, const vly_report_sample *sample)
{
    vly_source *source;
    char *path;
    VLY_TRY(vly_format(&path, "%s/%sdisagreement.tif", report->folder, sample->prefix));
    vly_status status = vly_source_open(&source, path, NULL);
    if (status == VLY_OK) {
        vly_view_choose(&p->view, vly_source_info(source)->extent, MOST_PIXELS);
        vly_source_close(source);
        status = vly_planes_read(&p->planes, &p->view, path, &sample->sample->settings.window, VLY_PLANES_COUNTS, NULL);
    }
    vly_free(path);
    if (status != VLY_OK) return status;
    const int64_t pixels = (int64_t)p->view.width * (p->view.depth + p->view.height);
    for (int64_t i = 0; i < pixels; i++) p->planes.through[i] = grey_of(p->planes.through[i], p->most);
    return VLY_OK;
}

static vly_status draw_plane(vly_text *svg, const unsigned char *pixels, int32_t columns, int32_t rows, double x,
                             double y, double width, double height)
{
    unsigned char *png;
    int64_t bytes;
    VLY_TRY(vly_png_encode(&png, &bytes, pixels, columns, rows, NULL, 0));
    vly_svg_picture(svg, x, y, width, height, png, bytes);
    vly_svg_rectangle(svg, x, y, width, height, "none", "#cbd2d9");
    vly_free(png);
    return VLY_OK;
}

/* Share of the voxels over the number of voices against the commonest label, in the greys of the pictures. */
static void draw_bars(vly_text *svg, const vly_report_sample *sample, const picture *p, double left)
{
    const json_t *counts = counts_of(sample, "dissenting");
    const double voxels = vly_report_number(json_object_get(sample->disagreement, "disagreement"), "voxels");
    vly_plot plot = {{.low = -0.5,
                      .high = p->most + 0.5,
                      .at_low = left,
                      .at_high = left + BARS,
                      .label = "trinarisations against the commonest label"},
                     {.low = 0, .high = 100, .at_low = TOP + BARS_HEIGHT, .at_high = TOP, .label = "voxels [%]"}};
    double most = 0;
    for (int32_t i = 0; i <= p->most; i++)
        most = fmax(most, 100 * vly_report_number(json_array_get(counts, (size_t)i), NULL) / voxels);
    plot.y.high = most < 50 ? 50 : 100;
    vly_svg_axes(svg, &plot);
    for (int32_t i = 0; i <= p->most; i++) {
        const double share = 100 * vly_report_number(json_array_get(counts, (size_t)i), NULL) / voxels;
        const double x0 = vly_svg_at(&plot.x, i - 0.4), x1 = vly_svg_at(&plot.x, i + 0.4),
                     y = vly_svg_at(&plot.y, share);
        char fill[8];
        snprintf(fill, sizeof fill, "#%02x%02x%02x", grey_of(i, p->most), grey_of(i, p->most), grey_of(i, p->most));
        vly_svg_rectangle(svg, x0, y, x1 - x0, plot.y.at_low - y, fill, VLY_SVG_SOFT);
    }
}

static vly_status draw(vly_text *svg, const vly_report_sample *sample, picture *p)
{
    const vly_view *v = &p->view;
    const double width = v->width * p->um[0], depth = v->depth * p->um[2], height = v->height * p->um[1];
    const double room = (VLY_SVG_WIDTH - LEFT - GAP - BARS_LEFT - BARS - 10.0) / 2;
    const double scale = fmin(room / width, 360 / fmax(depth, height));
    p->width = width * scale;
    p->depth = depth * scale;
    p->height = height * scale;
    const double second = LEFT + fmax(p->width, 90) + GAP, bars = second + fmax(p->width, 90) + BARS_LEFT;
    vly_svg_open(svg, bars + BARS + 10, TOP + fmax(fmax(p->depth, p->height), BARS_HEIGHT + 50) + 10,
                 "Where the trinarisations disagree");
    vly_svg_text(svg, LEFT, TOP - 10, &(vly_svg_style){.size = 13, .bold = true}, "x–z section");
    VLY_TRY(draw_plane(svg, p->planes.through, v->width, v->depth, LEFT, TOP, p->width, p->depth));
    vly_svg_text(svg, second, TOP - 10, &(vly_svg_style){.size = 13, .bold = true}, "x–y plane");
    VLY_TRY(draw_plane(svg, p->planes.flat, v->width, v->height, second, TOP, p->width, p->height));
    draw_bars(svg, sample, p, bars);
    vly_svg_close(svg);
    return svg->status;
}

static void caption(vly_report *report, const vly_report_sample *sample, const picture *p)
{
    vly_text *to = &report->page;
    const json_t *all = json_object_get(sample->disagreement, "disagreement");
    const double voxels = vly_report_number(all, "voxels");
    const int32_t count = (int32_t)json_array_size(json_object_get(all, "dissenting"));
    vly_html_add(to,
                 "How many of the %d trinarisations do not give a voxel its commonest label: white none, dark %d, the "
                 "most there can be. All agree in %.1f %% of the voxels. ",
                 count, (int)p->most,
                 100 * vly_report_number(json_array_get(json_object_get(all, "dissenting"), 0), NULL) / voxels);
    vly_html_add(to, "Of the voxels that any of them gives a phase, all give it in ");
    for (int i = 0; i < VLY_PHASES; i++) {
        const vly_phase phase = vly_report_phase_order[i];
        const json_t *called = json_object_get(json_object_get(all, "called"), vly_phase_name(phase));
        const double none = vly_report_number(json_array_get(called, 0), NULL);
        const double every = vly_report_number(json_array_get(called, json_array_size(called) - 1), NULL);
        vly_html_add(to, "%s%.1f %% for %s",
                     i == 0   ? ""
                     : i == 1 ? ", "
                              : " and ",
                     voxels > none ? 100 * every / (voxels - none) : 0.0, vly_report_phase_titles[phase]);
    }
    vly_html_add(to, ". The volume is ");
    vly_report_link(report, sample->prefix, "disagreement.tif");
    vly_html_add(to, ".");
    vly_report_caption_end(report, "", "figures/disagreement.csv");
}

static vly_status write_data(const vly_report *report)
{
    vly_text csv = {0};
    vly_text_add(&csv, "sample,against,voxels\n");
    for (int32_t s = 0; s < report->count; s++) {
        const json_t *counts = counts_of(&report->samples[s], "dissenting");
        for (size_t i = 0; i < json_array_size(counts); i++) {
            vly_text_add(&csv, "%s,%d", report->samples[s].sample->name, (int)i);
            vly_report_cell(&csv, vly_report_number(json_array_get(counts, i), NULL));
            vly_text_add(&csv, "\n");
        }
    }
    vly_status status = vly_report_data(report, "disagreement", &csv);
    vly_text_free(&csv);
    return status;
}

static vly_status one_sample(vly_report *report, const vly_report_sample *sample)
{
    picture p = {.most = most_dissent(sample)};
    vly_text svg = {0};
    if (!(vly_report_number(json_object_get(sample->disagreement, "disagreement"), "voxels") > 0)) return VLY_OK;
    vly_status status = read_picture(&p, report, sample);
    if (vly_report_tolerable(status)) {
        vly_html_add(&report->notes, "<li>Not shown: %s</li>\n", vly_error_message());
        return VLY_OK;
    }
    const bool known = vly_report_lengths_um(p.um, vly_report_input(sample->methods[0].result));
    for (int i = 0; i < 3 && !known; i++) p.um[i] = 1;
    if (status == VLY_OK) status = draw(&svg, sample, &p);
    if (status == VLY_OK) status = write_data(report);
    if (status == VLY_OK) vly_report_heading(report, sample);
    if (status == VLY_OK) status = vly_report_figure(report, sample, "disagreement", &svg);
    if (status == VLY_OK) caption(report, sample, &p);
    vly_text_free(&svg);
    vly_planes_free(&p.planes);
    return status;
}

vly_status vly_report_disagreement(vly_report *report)
{
    for (int32_t i = 0; i < report->count; i++)
        if (report->samples[i].disagreement) VLY_TRY(one_sample(report, &report->samples[i]));
    return report->page.status;
}
