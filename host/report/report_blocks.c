/* The paper's Figure 1: the tomogram, and the fine labels that a network learns from, as blocks in space. The view is
 * isometric and from above, so one scale holds along x, y and z; the separator's side is on top, the collector's at the
 * bottom; of the other two axes one comes to the right front and one to the left front, so that the three are right-handed
 * as in the sections of Figure 2. Each face is the plane of voxels that ends the block there. */
#include "report/report_impl.h"
#include "report/report_planes.h"
#include "report/svg.h"
#include "study/job_impl.h"

#include "core/memory.h"

#include <math.h>
#include <string.h>

enum { MOST_PIXELS = 320, LEFT = 30, TOP = 56, RIGHT = 78, BELOW = 24, FOOT = 34, ROOM = 330, HIGH = 400 };
enum { MOST_TICKS = 10 }; /* along one axis, if one is at least a quarter of the longest rounded down to 1, 2 or 5 */
enum { TO_RIGHT, TO_LEFT, DOWN };

/* cos 30 and sin 30 degrees: px on the page of a length along the three axes of the view */
#define C 0.8660254037844387
#define S 0.5
static const double directions[3][2] = {[TO_RIGHT] = {C, S}, [TO_LEFT] = {-C, S}, [DOWN] = {0, 1}};
static const double shades[3] = {
    [TO_RIGHT] = 0.28, [TO_LEFT] = 0.12}; /* of the face at the axis's end; light from above */
static const char *const names[3] = {"x", "y", "z"};

typedef struct block {
    const char *title;
    bool grey, known;    /* is it a tomogram; are lengths in um or in voxels */
    double um[3];        /* a voxel along x, y, z; 1 each if unknown */
    vly_through through; /* its top: the separator's end */
    vly_view view;
    vly_planes planes;
    int32_t axes[3];      /* x, y or z: TO_RIGHT, TO_LEFT and DOWN */
    double lengths[3];    /* along those */
    double edges[3][2];   /* px along those */
    double width, height; /* px */
} block;

typedef struct figure {
    block blocks[2];
    int32_t count;
    bool above; /* the fine labels are those of an earlier sample */
} figure;

static vly_status read_block(block *b, const vly_report_sample *sample, const char *path)
{
    const vly_settings *settings = &sample->sample->settings;
    const vly_box window = b->grey ? settings->window : (vly_box){0};
    vly_source *source;
    VLY_TRY(vly_source_open(&source, path, NULL));
    const vly_voxel_size size = vly_source_info(source)->voxel_size;
    const vly_extent extent = window.x1 > 0 ? vly_box_extent(window) : vly_source_info(source)->extent;
    vly_source_close(source);
    b->known = b->grey ? vly_report_lengths_um(b->um, vly_report_input(vly_report_ours(sample)))
                       : size.verdict >= VLY_SIZE_FROM_FILE;
    if (!b->grey) memcpy(b->um, (double[3]){size.x * 1e6, size.y * 1e6, size.z * 1e6}, sizeof b->um);
    for (int i = 0; i < 3 && !b->known; i++) b->um[i] = 1;
    vly_view_block(&b->view, extent, MOST_PIXELS, b->through);
    return vly_planes_read(&b->planes, &b->view, path, &window, b->grey ? VLY_PLANES_GREY : VLY_PLANES_LABELS,
                           vly_job_label_map(settings));
}

/* Which way the axes go, and how far: as large as there is room for. */
static void turn(block *b)
{
    const vly_view *v = &b->view;
    const int32_t pixels[3] = {v->width, v->height, v->depth}, voxels[3] = {v->extent.nx, v->extent.ny, v->extent.nz};
    const bool high = b->through.separator_high;
    for (int i = 0; i < 3; i++) {
        const int32_t axis = (b->through.axis + (i == DOWN ? 0 : (i == TO_RIGHT) != high ? 1 : 2)) % 3;
        b->axes[i] = axis;
        b->lengths[i] = fmin((double)pixels[axis] * v->stride, voxels[axis]) * b->um[axis];
    }
    const double across = b->lengths[TO_RIGHT] + b->lengths[TO_LEFT];
    const double scale = fmin(ROOM / (C * across), HIGH / (S * across + b->lengths[DOWN]));
    for (int i = 0; i < 6; i++) b->edges[i / 2][i % 2] = directions[i / 2][i % 2] * scale * b->lengths[i / 2];
    b->width = C * across * scale;
    b->height = (S * across + b->lengths[DOWN]) * scale;
}

/* A volume that has moved away is named among the notes instead. */
static vly_status add_block(vly_report *report, figure *f, const vly_report_sample *sample, const char *path, bool grey)
{
    const vly_settings *s = &sample->sample->settings;
    block *next = &f->blocks[f->count];
    *next = (block){.title = grey ? "Tomogram" : "FIB-SEM labels", .grey = grey, .through = VLY_THROUGH_Z};
    if (grey) next->through = (vly_through){(int32_t)s->through, s->separator == VLY_SEPARATOR_HIGH};
    vly_status status = read_block(next, sample, path);
    if (vly_report_tolerable(status)) {
        vly_html_add(&report->notes, "<li>Not shown in space: %s</li>\n", vly_error_message());
        return VLY_OK;
    }
    if (status != VLY_OK) return status;
    turn(next);
    f->count++;
    return VLY_OK;
}

/* The face at the end of an axis that the reader sees; (x, y): the block's top corner. */
static vly_status draw_face(vly_text *svg, const block *b, int end, double x, double y)
{
    const vly_view *v = &b->view;
    const int32_t normal = b->axes[end], across = normal == 0 ? 1 : 0, along = normal == 2 ? 1 : 2;
    const int32_t pixels[3] = {v->width, v->height, v->depth};
    const unsigned char *const pictures[3] = {b->planes.side, b->planes.through, b->planes.flat};
    vly_svg_face face = {.corner = {x, y}, .shade = shades[end]};
    unsigned char *png;
    int64_t bytes;
    for (int i = 0; i < 3; i++) {
        /* the first voxel along an axis that goes up the page lies at the bottom */
        const bool turned = i == DOWN && b->through.separator_high;
        for (int j = 0; j < 2; j++) {
            const double edge = turned ? -b->edges[i][j] : b->edges[i][j];
            if (b->axes[i] == across) face.right[j] = edge;
            if (b->axes[i] == along) face.down[j] = edge;
            if ((i == end && end != DOWN) || (i != end && turned)) face.corner[j] += b->edges[i][j];
        }
    }
    VLY_TRY(vly_report_png(&png, &bytes, pictures[normal], pixels[across], pixels[along], b->grey));
    vly_svg_picture_on(svg, &face, pixels[across], pixels[along], png, bytes);
    vly_free(png);
    return VLY_OK;
}

static int decimals(double length, int digits)
{
    return (int)fmin(fmax(0, digits - 1 - floor(log10(length) + 1e-9)), 6);
}

/* Ticks outside the block along one axis, and its length with an arrow to where the voxels' numbers grow. */
static void draw_ruler(vly_text *svg, const block *b, int axis, double step, double x, double y)
{
    static const double out[3][2] = {[TO_RIGHT] = {-S, C}, [TO_LEFT] = {S, C}, [DOWN] = {-1, 0}};
    static const double turns[3] = {[TO_RIGHT] = 30, [TO_LEFT] = -30, [DOWN] = -90}, away[3] = {18, 18, 9};
    const double *edge = b->edges[axis];
    const bool up = axis == DOWN && b->through.separator_high, forth = axis == TO_RIGHT || up;
    for (int i = 0; i < 3; i++) /* to the ruler's first tick: along the other axes the block's outer edge */
        if (i != axis && (axis != DOWN || i == TO_LEFT)) x += b->edges[i][0], y += b->edges[i][1];
    vly_html_add(svg, "<path d=\"");
    for (int i = 0; i <= MOST_TICKS && i * step <= b->lengths[axis] * (1 + 1e-9); i++) {
        const double part = i * step / b->lengths[axis];
        vly_html_add(svg, "M%.1f %.1fl%.1f %.1f", x + edge[0] * part, y + edge[1] * part, 5 * out[axis][0],
                     5 * out[axis][1]);
    }
    vly_html_add(svg, "\" stroke=\"" VLY_SVG_INK "\" stroke-width=\"0.8\"/>\n");
    x += edge[0] / 2 + away[axis] * out[axis][0];
    y += edge[1] / 2 + away[axis] * out[axis][1];
    vly_html_add(svg,
                 "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" font-size=\"11\" transform=\"rotate(%.0f %.1f "
                 "%.1f)\">%s%s %.*f %s%s</text>\n",
                 x, y, turns[axis], x, y, forth ? "" : "← ", names[b->axes[axis]], decimals(b->lengths[axis], 3),
                 b->lengths[axis], b->known ? "µm" : "voxels", forth ? " →" : "");
}

/* x, y: the top left of the block and of what is written around it. */
static vly_status draw_block(vly_text *svg, const block *b, double x, double y, double tallest)
{
    const vly_svg_style soft = {.colour = VLY_SVG_SOFT, .size = 11};
    const double longest = fmax(b->lengths[DOWN], fmax(b->lengths[TO_RIGHT], b->lengths[TO_LEFT]));
    const double step = vly_svg_nice(longest / 4);
    vly_svg_text(svg, x, y + 18, &(vly_svg_style){.size = 14, .bold = true}, b->title);
    vly_html_add(svg,
                 "<text x=\"%.1f\" y=\"%.1f\" font-size=\"11\" fill=\"" VLY_SVG_SOFT "\">ticks every %.*f %s</text>\n",
                 x, y + 34, decimals(step, 1), step,
                 b->known    ? "µm"
                 : step == 1 ? "voxel"
                             : "voxels");
    x += LEFT - b->edges[TO_LEFT][0];
    y += TOP + (tallest - b->height) / 2;
    for (int i = 0; i < 3; i++) VLY_TRY(draw_face(svg, b, i, x, y));
    for (int i = 0; i < 3; i++) draw_ruler(svg, b, i, step, x, y);
    if (!b->grey) return VLY_OK;
    x += b->edges[TO_RIGHT][0] + 8;
    y += b->edges[TO_RIGHT][1];
    vly_svg_text(svg, x, y - 2, &soft, "separator");
    vly_svg_text(svg, x, y + b->edges[DOWN][1] + 12, &soft, "collector");
    return VLY_OK;
}

static vly_status draw(vly_text *svg, const figure *f)
{
    const bool labels = !f->blocks[f->count - 1].grey;
    double tallest = 0, width = 0, x = 0;
    for (int32_t i = 0; i < f->count; i++) {
        tallest = fmax(tallest, f->blocks[i].height);
        width += LEFT + fmax(f->blocks[i].width, 110) + RIGHT;
    }
    vly_svg_open(svg, fmax(width, 420), TOP + tallest + BELOW + (labels ? FOOT : 0), "The volumes in space");
    for (int32_t i = 0; i < f->count; i++) {
        VLY_TRY(draw_block(svg, &f->blocks[i], x, 0, tallest));
        x += LEFT + fmax(f->blocks[i].width, 110) + RIGHT;
    }
    if (labels) vly_report_legend(svg, 0, TOP + tallest + BELOW + 10, vly_report_phase_colours);
    vly_svg_close(svg);
    return svg->status;
}

static void caption(vly_report *report, const vly_report_sample *sample, const figure *f)
{
    vly_text *to = &report->page;
    vly_html_add(to, "%s (the paper’s Figure 1), from above, at %s along x, y and z. ",
                 f->count > 1
                     ? "The tomogram and, beside it, the fine labels that the network learns from, as blocks in space"
                 : f->blocks[0].grey ? "The tomogram as a block in space"
                                     : "The fine labels that the network learns from, as a block in space",
                 f->count > 1 ? "a scale of its own each, the same" : "the same scale");
    for (int32_t i = 0; i < f->count; i++) {
        const block *b = &f->blocks[i];
        const int32_t planes[3] = {b->view.x, b->view.y, b->view.z}, *axes = b->axes;
        vly_html_add(to, "%s: on top the plane %s = %d%s, to the left %s = %d, to the right %s = %d%s. ", b->title,
                     names[axes[DOWN]], planes[axes[DOWN]],
                     b->grey ? " at the separator, the collector at the bottom" : "", names[axes[TO_LEFT]],
                     planes[axes[TO_LEFT]], names[axes[TO_RIGHT]], planes[axes[TO_RIGHT]],
                     b->grey && sample->sample->settings.window.x1 > 0 ? ", counted inside the window"
                     : b->grey                                         ? ""
                                                                       : ", along axes of their own");
        vly_view_describe(to, &b->view);
        if (!b->known) vly_html_add(to, "The voxel size is unknown, so lengths are in voxels. ");
    }
    if (f->blocks[0].grey) vly_html_add(to, "Contrast stretched over the 0.5–99.5 %% range of what is seen. ");
    if (f->above) vly_html_add(to, "The fine labels are those above. ");
    vly_html_add(to, "The sides lie in shadow to set them apart. ");
    vly_report_caption_end(report, "", "study.yaml"); /* which names the volumes */
}

static vly_status one_sample(vly_report *report, const vly_report_sample *sample)
{
    const char *fine = sample->sample->settings.fib;
    figure f = {0};
    vly_text svg = {0};
    for (const vly_report_sample *other = report->samples; other < sample; other++)
        f.above |= *fine && strcmp(other->sample->settings.fib, fine) == 0;
    vly_status status = add_block(report, &f, sample, sample->sample->grey, true);
    if (status == VLY_OK && *fine && !f.above) status = add_block(report, &f, sample, fine, false);
    if (status == VLY_OK && f.count > 0) {
        status = draw(&svg, &f);
        vly_report_heading(report, sample);
        if (status == VLY_OK) status = vly_report_figure(report, sample, "blocks", &svg);
        if (status == VLY_OK) caption(report, sample, &f);
    }
    vly_text_free(&svg);
    for (int32_t i = 0; i < f.count; i++) vly_planes_free(&f.blocks[i].planes);
    return status;
}

vly_status vly_report_blocks(vly_report *report)
{
    for (int32_t i = 0; i < report->count; i++)
        if (report->samples[i].sample->grey) VLY_TRY(one_sample(report, &report->samples[i]));
    return VLY_OK;
}
