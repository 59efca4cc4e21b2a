/* Figures as SVG: axes with 1-2-5 ticks, lines, areas, bars, heat maps, pictures, legends. Lengths are px of a page 920
 * wide; text stays text; the same numbers give the same bytes; no figure needs anything from outside. */
#ifndef VLY_SVG_H
#define VLY_SVG_H

#include "report/html.h"

enum { VLY_TICKS = 16, VLY_SVG_WIDTH = 920 };

#define VLY_SVG_INK "#1f2933"
#define VLY_SVG_SOFT "#616e7c"

typedef struct vly_axis {
    double low, high;       /* values at the ends */
    double at_low, at_high; /* px of the ends; y axes have at_low > at_high */
    bool log;               /* base 10; low > 0 */
    const char *label;      /* with its unit; NULL: no label and no ticks */
} vly_axis;

typedef struct vly_plot {
    vly_axis x, y;
} vly_plot;

typedef struct vly_ticks {
    int32_t count, decimals; /* decimals that tell them apart */
    bool plain;              /* of a log axis that is too short for powers: written as numbers */
    double at[VLY_TICKS];
} vly_ticks;

/* About `wanted` (2 ... 10) multiples of 1, 2 or 5 times a power of ten inside the axis; powers of ten on a log axis, and
 * twice and five times them on one that has not three. */
void vly_svg_ticks(vly_ticks *out, const vly_axis *axis, int32_t wanted);

/* The largest 1, 2 or 5 times a power of ten that is not above `most` > 0. */
double vly_svg_nice(double most);

/* Moves the ends of the axis out to the values, of which those that are not finite do not count. */
void vly_svg_stretch(vly_axis *axis, const double *values, int32_t count);

/* px of a value, ends included: what lies outside is drawn at the end. */
double vly_svg_at(const vly_axis *axis, double value);

/* title: what a screen reader says. */
void vly_svg_open(vly_text *to, double width, double height, const char *title);
void vly_svg_close(vly_text *to);

typedef enum vly_anchor { VLY_START, VLY_MIDDLE, VLY_END } vly_anchor;

typedef struct vly_svg_style {
    vly_anchor anchor;
    double size; /* px; 0: 12 */
    double turn; /* degrees, clockwise about (x, y) */
    bool bold;
    const char *colour; /* NULL: ink */
} vly_svg_style;

void vly_svg_text(vly_text *to, double x, double y, const vly_svg_style *style, const char *text);
void vly_svg_rectangle(vly_text *to, double x, double y, double width, double height, const char *fill,
                       const char *stroke);

/* Grid, ticks, labels and the frame's two lines. */
void vly_svg_axes(vly_text *to, const vly_plot *plot);
/* x, y: (count). Points that are not finite break the line. */
void vly_svg_line(vly_text *to, const vly_plot *plot, const double *x, const double *y, int32_t count,
                  const char *colour);
/* Dots with bars of y - error ... y + error; no bar where the error is not finite. x, y, error: (count). */
void vly_svg_points(vly_text *to, const vly_plot *plot, const double *x, const double *y, const double *error,
                    int32_t count, const char *colour);
/* Between two curves, all finite. x, low, high: (count). */
void vly_svg_band(vly_text *to, const vly_plot *plot, const double *x, const double *low, const double *high,
                  int32_t count, const char *colour);
/* The same with a stroke-dasharray; NULL: solid. */
void vly_svg_dashes(vly_text *to, const vly_plot *plot, const double *x, const double *y, int32_t count,
                    const char *colour, const char *dashes);
/* Between the curve and the low end of the y axis. */
void vly_svg_area(vly_text *to, const vly_plot *plot, const double *x, const double *y, int32_t count,
                  const char *colour);
/* A bar from the low end of the y axis, x0 ... x1 in values of the x axis. */
void vly_svg_bar(vly_text *to, const vly_plot *plot, double x0, double x1, double y, const char *colour);
/* A dashed line across the plot at x, its name at the top end. */
void vly_svg_mark(vly_text *to, const vly_plot *plot, double x, const char *name, vly_anchor side);

/* Names beside squares of their colours, in one row from (x, y). */
void vly_svg_legend(vly_text *to, double x, double y, int32_t count, const char *const *names,
                    const char *const *colours);

/* Bytes of a PNG, drawn pixel by pixel. */
void vly_svg_picture(vly_text *to, double x, double y, double width, double height, const unsigned char *png,
                     int64_t bytes);

/* A parallelogram: its corner, and the edges from there along which its picture's columns and rows go. */
typedef struct vly_svg_face {
    double corner[2], right[2], down[2]; /* x, y */
    double shade;                        /* how much of it is shadow: 0 ... 1 */
} vly_svg_face;

/* The same on a face, its outline drawn. */
void vly_svg_picture_on(vly_text *to, const vly_svg_face *face, int32_t columns, int32_t rows, const unsigned char *png,
                        int64_t bytes);

typedef struct vly_heat {
    const char *title;
    int32_t count;            /* rows and columns */
    const double *values;     /* (count, count); NaN: no value */
    const char *const *names; /* (count) of rows and columns */
    double low, high;         /* ends of the colour bar */
    double cell;              /* px of a side */
} vly_heat;

enum { VLY_HEAT_LEFT = 100, VLY_HEAT_TOP = 92, VLY_HEAT_BAR = 48 }; /* px beside the cells for names, and the bar */

/* Numbers in the cells, the diagonal left plain, a colour bar at the right. (x, y): top left of the whole. */
void vly_svg_heat(vly_text *to, double x, double y, const vly_heat *heat);

#endif
