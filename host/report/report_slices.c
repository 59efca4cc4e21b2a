/* The paper's Figure 2: the tomogram beside every trinarisation, the same cut of each. Volumes may have moved away since the
 * run: what cannot be read is left out and named among the warnings. */
#include "report/report_impl.h"
#include "report/report_planes.h"
#include "report/svg.h"

#include "core/memory.h"

#include <math.h>

enum { PANELS = VLY_TRINARISATIONS + 2, LEFT = 26, TOP = 26, GAP = 14, FOOT = 34 };

typedef struct panel {
    const char *title;
    bool grey;
    vly_planes planes;
} panel;

typedef struct figure {
    vly_view view;
    panel panels[PANELS];
    int32_t count;
    double um[3]; /* a voxel; 1 each if unknown */
    bool known;
    double width, depth, height; /* px of a section's picture */
    int32_t columns;
    double pitch; /* px from column to column: room for a title even over a narrow picture */
} figure;

static vly_status add_panel(vly_report *report, figure *f, const vly_report_sample *sample, const char *title,
                            const char *path, const vly_label_map *map)
{
    panel *next = &f->panels[f->count];
    bool grey = path == sample->sample->grey;
    vly_status status = vly_planes_read(&next->planes, &f->view, path, &sample->sample->settings.window,
                                        grey ? VLY_PLANES_GREY : VLY_PLANES_LABELS, map);
    if (status == VLY_OK) {
        next->title = title;
        next->grey = grey;
        f->count++;
    } else if (vly_report_tolerable(status)) {
        vly_html_add(&report->notes, "<li>Not shown: %s</li>\n", vly_error_message());
        return VLY_OK;
    }
    return status;
}

/* The view of the first labels that can be opened; *found says whether there were any. */
static vly_status choose_view(const vly_report *report, const vly_report_sample *sample, figure *f, bool *found)
{
    *found = false;
    for (int32_t i = 0; i < sample->count && !*found; i++) {
        vly_source *source;
        char *path;
        VLY_TRY(vly_format(&path, "%s/%slabels/%s.tif", report->folder, sample->prefix, sample->methods[i].name));
        vly_status status = vly_source_open(&source, path, NULL);
        vly_free(path);
        if (status != VLY_OK && !vly_report_tolerable(status)) return status;
        if (status != VLY_OK) continue;
        vly_view_choose(&f->view, vly_source_info(source)->extent, report->count > 2 ? 800 / report->count + 40 : 400);
        vly_source_close(source);
        *found = true;
    }
    return VLY_OK;
}

static vly_status load_panels(vly_report *report, const vly_report_sample *sample, figure *f)
{
    const vly_label_map *map = &sample->sample->settings.labels;
    bool mapped = false;
    for (int value = 0; value < 256; value++) mapped |= map->listed[value];
    if (sample->sample->grey) VLY_TRY(add_panel(report, f, sample, "Tomogram", sample->sample->grey, NULL));
    if (sample->sample->truth)
        VLY_TRY(add_panel(report, f, sample, "Truth", sample->sample->truth, mapped ? map : NULL));
    for (int32_t i = 0; i < sample->count; i++) {
        char *path;
        VLY_TRY(vly_format(&path, "%s/%slabels/%s.tif", report->folder, sample->prefix, sample->methods[i].name));
        vly_status status = add_panel(report, f, sample, vly_report_title(sample->methods[i].name), path, NULL);
        vly_free(path);
        VLY_TRY(status);
    }
    return VLY_OK;
}

/* Pictures as wide as the columns allow, in true proportions, no higher than 1.5 times that. */
static void lay_out(figure *f)
{
    const vly_view *v = &f->view;
    f->columns = f->count < 5 ? f->count : f->count <= 8 ? 4 : 5;
    double room = fmin(400, (VLY_SVG_WIDTH - LEFT - (f->columns - 1) * GAP) / (double)f->columns);
    double width = v->width * f->um[0], depth = v->depth * f->um[2], height = v->height * f->um[1];
    double scale = fmin(room / width, 1.5 * room / fmax(depth, height));
    f->width = width * scale;
    f->depth = depth * scale;
    f->height = height * scale;
    f->pitch = fmax(f->width, 110) + GAP;
}

static vly_status draw_section(vly_text *svg, const panel *p, const unsigned char *pixels, int32_t columns,
                               int32_t rows, double x, double y, double width, double height)
{
    unsigned char *png;
    int64_t bytes;
    VLY_TRY(vly_report_png(&png, &bytes, pixels, columns, rows, p->grey));
    vly_svg_picture(svg, x, y, width, height, png, bytes);
    vly_svg_rectangle(svg, x, y, width, height, "none", "#cbd2d9");
    vly_free(png);
    return VLY_OK;
}

static void draw_scale_bar(vly_text *svg, const figure *f, double x, double bottom)
{
    double extent = f->view.width * f->view.stride * f->um[0], length = vly_svg_nice(extent / 3);
    double px = length / extent * f->width;
    vly_svg_rectangle(svg, x + 8, bottom - 32, fmax(px, f->known ? 44 : 64) + 16, 24, "#ffffff", "none");
    vly_svg_rectangle(svg, x + 16, bottom - 14, px, 3, VLY_SVG_INK, "none");
    vly_html_add(svg, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"11\">%.*f %s</text>\n", x + 16, bottom - 18,
                 length < 1 ? (int)ceil(-log10(length) - 1e-9) : 0, length, f->known ? "µm" : "voxels");
}

/* What a section is and how large, at the first of a row; a section too low for words goes without. */
static void draw_margin(vly_text *svg, const figure *f, double x, double y, double height, const char *name)
{
    if (height < 40) return;
    vly_svg_style side = {.anchor = VLY_MIDDLE, .turn = -90, .colour = VLY_SVG_SOFT, .size = height < 70 ? 9 : 0};
    vly_svg_text(svg, x - 9, y + height / 2, &side, name);
    draw_scale_bar(svg, f, x, y + height);
}

/* Row by row of `columns` panels: title, x-z section, x-y section. */
static vly_status draw(vly_text *svg, const figure *f)
{
    double block = TOP + f->depth + GAP + f->height + GAP, total = LEFT + f->columns * f->pitch - GAP;
    int32_t rows = (f->count - 1) / f->columns + 1;
    vly_svg_open(svg, fmax(total, 420), rows * block + FOOT, "Sections through the tomogram and its trinarisations");
    for (int32_t i = 0; i < f->count; i++) {
        const panel *p = &f->panels[i];
        double x = LEFT + i % f->columns * f->pitch, y = i / f->columns * block + TOP, y2 = y + f->depth + GAP;
        vly_svg_text(svg, x, y - 8, &(vly_svg_style){.size = 14, .bold = true}, p->title);
        VLY_TRY(draw_section(svg, p, p->planes.through, f->view.width, f->view.depth, x, y, f->width, f->depth));
        VLY_TRY(draw_section(svg, p, p->planes.flat, f->view.width, f->view.height, x, y2, f->width, f->height));
        if (i % f->columns > 0) continue;
        draw_margin(svg, f, x, y, f->depth, "x–z section");
        draw_margin(svg, f, x, y2, f->height, "x–y plane");
    }
    vly_report_legend(svg, LEFT, rows * block + 10, vly_report_phase_colours);
    vly_svg_close(svg);
    return svg->status;
}

static void caption(vly_report *report, const vly_report_sample *sample, const figure *f)
{
    const vly_view *v = &f->view;
    vly_text *to = &report->page;
    vly_html_add(to,
                 "The same cut of the tomogram and of each trinarisation (the paper’s Figure 2): above a section "
                 "through the electrode at y = %d, z from 0 at the top, by convention the separator’s side, to %d; "
                 "below the plane z = %d%s. ",
                 v->y, v->extent.nz - 1, v->z,
                 sample->sample->settings.window.x1 > 0 ? ", counted inside the window" : "");
    vly_view_describe(to, v);
    if (f->panels[0].grey) vly_html_add(to, "Contrast stretched over the 0.5–99.5 %% range of what is seen. ");
    if (!f->known) vly_html_add(to, "The voxel size is unknown, so lengths are in voxels. ");
    vly_report_caption_end(report, sample->prefix, "labels");
}

static vly_status one_sample(vly_report *report, const vly_report_sample *sample)
{
    figure f = {0};
    vly_text svg = {0};
    bool found;
    vly_status status = choose_view(report, sample, &f, &found);
    if (status == VLY_OK && !found) vly_html_add(&report->notes, "<li>Not shown: %s</li>\n", vly_error_message());
    if (status != VLY_OK || !found) return status;
    f.known = vly_report_lengths_um(f.um, vly_report_input(sample->methods[0].result));
    for (int i = 0; i < 3 && !f.known; i++) f.um[i] = 1;
    status = load_panels(report, sample, &f);
    if (status == VLY_OK && f.count > 0) {
        lay_out(&f);
        status = draw(&svg, &f);
        vly_report_heading(report, sample);
        if (status == VLY_OK) status = vly_report_figure(report, sample, "slices", &svg);
        if (status == VLY_OK) caption(report, sample, &f);
    }
    vly_text_free(&svg);
    for (int32_t i = 0; i < f.count; i++) vly_planes_free(&f.panels[i].planes);
    return status;
}

vly_status vly_report_slices(vly_report *report)
{
    for (int32_t i = 0; i < report->count; i++) VLY_TRY(one_sample(report, &report->samples[i]));
    return VLY_OK;
}
