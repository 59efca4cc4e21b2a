/* Scales, ticks and what is drawn against them: lines, areas, bars, marks. */
#include "report/svg.h"

#include <math.h>

double vly_svg_nice(double most)
{
    double power = pow(10, floor(log10(most)));
    /* log10 may be off by the last bit: 1000 is 10^3 and not just below */
    if (power * 10 <= most) power *= 10;
    double leading = most / power;
    return (leading >= 5 ? 5 : leading >= 2 ? 2 : 1) * power;
}

static void linear_ticks(vly_ticks *out, const vly_axis *axis, int32_t wanted)
{
    double span = axis->high - axis->low, step = vly_svg_nice(span / wanted * (1 + 1e-9));
    if (span / step > 1.5 * wanted) step = vly_svg_nice(step * 2.5000001); /* 1 2 5 10: the next */
    double slack = step * 1e-6;
    int64_t first = (int64_t)ceil((axis->low - slack) / step);
    out->decimals = step < 1 ? (int32_t)ceil(-log10(step) - 1e-9) : 0;
    for (int64_t i = first; out->count < VLY_TICKS && (double)i * step <= axis->high + slack; i++)
        out->at[out->count++] = (double)i * step;
}

/* 1, 2 and 5 of every power: for axes too short for powers alone. */
static void short_ticks(vly_ticks *out, const vly_axis *axis)
{
    static const double leading[] = {1, 2, 5};
    out->plain = true;
    for (int32_t i = (int32_t)floor(log10(axis->low)); out->count < VLY_TICKS && pow(10, i) <= axis->high; i++)
        for (int k = 0; k < 3 && out->count < VLY_TICKS; k++) {
            const double at = leading[k] * pow(10, i);
            if (at >= axis->low * (1 - 1e-9) && at <= axis->high * (1 + 1e-9)) out->at[out->count++] = at;
        }
}

void vly_svg_ticks(vly_ticks *out, const vly_axis *axis, int32_t wanted)
{
    *out = (vly_ticks){0};
    if (!(axis->high > axis->low)) return;
    if (!axis->log) {
        linear_ticks(out, axis, wanted);
        return;
    }
    int32_t first = (int32_t)ceil(log10(axis->low) - 1e-9), last = (int32_t)floor(log10(axis->high) + 1e-9);
    int32_t step = (last - first) / wanted + 1;
    if (last - first < 2) {
        short_ticks(out, axis);
        return;
    }
    for (int32_t i = first; i <= last && out->count < VLY_TICKS; i += step) out->at[out->count++] = pow(10, i);
}

void vly_svg_stretch(vly_axis *axis, const double *values, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        if (!isfinite(values[i])) continue;
        axis->low = fmin(axis->low, values[i]);
        axis->high = fmax(axis->high, values[i]);
    }
}

double vly_svg_at(const vly_axis *axis, double value)
{
    double part = axis->log ? log10(fmax(value, axis->low) / axis->low) / log10(axis->high / axis->low)
                            : (value - axis->low) / (axis->high - axis->low);
    return axis->at_low + fmin(fmax(part, 0), 1) * (axis->at_high - axis->at_low);
}

static void tick_label(vly_text *to, double x, double y, const char *anchor, const vly_axis *axis,
                       const vly_ticks *ticks, double value)
{
    vly_html_add(to, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" font-size=\"11\" fill=\"" VLY_SVG_SOFT "\">", x, y,
                 anchor);
    if (ticks->plain)
        vly_html_add(to, "%.1g", value);
    else if (axis->log)
        vly_html_add(to, "10<tspan dy=\"-4\" font-size=\"8\">%.0f</tspan>", log10(value));
    else if (ticks->decimals == 0)
        vly_html_add(to, "%lld", (long long)llround(value));
    else
        vly_html_add(to, "%.*f", ticks->decimals, value);
    vly_html_add(to, "</text>\n");
}

static void grid_line(vly_text *to, double x0, double y0, double x1, double y1, const char *colour)
{
    vly_html_add(to, "<path d=\"M%.1f %.1fL%.1f %.1f\" stroke=\"%s\" fill=\"none\"/>\n", x0, y0, x1, y1, colour);
}

void vly_svg_axes(vly_text *to, const vly_plot *plot)
{
    const vly_axis *x = &plot->x, *y = &plot->y;
    double middle_x = (x->at_low + x->at_high) / 2, middle_y = (y->at_low + y->at_high) / 2;
    vly_ticks ticks;
    vly_svg_ticks(&ticks, y, 5);
    for (int32_t i = 0; y->label && i < ticks.count; i++) {
        double at = vly_svg_at(y, ticks.at[i]);
        grid_line(to, x->at_low, at, x->at_high, at, "#e4e7eb");
        tick_label(to, x->at_low - 8, at + 4, "end", y, &ticks, ticks.at[i]);
    }
    vly_svg_ticks(&ticks, x, (int32_t)fmin(fmax((x->at_high - x->at_low) / 75, 2), 10)); /* room for "10 000" */
    for (int32_t i = 0; x->label && i < ticks.count; i++) {
        double at = vly_svg_at(x, ticks.at[i]);
        grid_line(to, at, y->at_low, at, y->at_low + 5, VLY_SVG_SOFT);
        tick_label(to, at, y->at_low + 18, "middle", x, &ticks, ticks.at[i]);
    }
    grid_line(to, x->at_low, y->at_low, x->at_high, y->at_low, VLY_SVG_SOFT);
    if (x->label) vly_svg_text(to, middle_x, y->at_low + 38, &(vly_svg_style){.anchor = VLY_MIDDLE}, x->label);
    if (y->label)
        vly_svg_text(to, x->at_low - 52, middle_y, &(vly_svg_style){.anchor = VLY_MIDDLE, .turn = -90}, y->label);
}

static void points(vly_text *to, const vly_plot *plot, const double *x, const double *y, int32_t count)
{
    bool broken = true;
    for (int32_t i = 0; i < count; i++) {
        bool finite = isfinite(x[i]) && isfinite(y[i]);
        if (finite)
            vly_html_add(to, "%s%.1f %.1f", broken ? "M" : "L", vly_svg_at(&plot->x, x[i]), vly_svg_at(&plot->y, y[i]));
        broken = !finite;
    }
}

void vly_svg_dashes(vly_text *to, const vly_plot *plot, const double *x, const double *y, int32_t count,
                    const char *colour, const char *dashes)
{
    vly_html_add(to, "<path d=\"");
    points(to, plot, x, y, count);
    vly_html_add(to, "\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.6\" stroke-linejoin=\"round\"", colour);
    if (dashes) vly_html_add(to, " stroke-dasharray=\"%s\"", dashes);
    vly_html_add(to, "/>\n");
}

void vly_svg_line(vly_text *to, const vly_plot *plot, const double *x, const double *y, int32_t count,
                  const char *colour)
{
    vly_svg_dashes(to, plot, x, y, count, colour, NULL);
}

void vly_svg_points(vly_text *to, const vly_plot *plot, const double *x, const double *y, const double *error,
                    int32_t count, const char *colour)
{
    for (int32_t i = 0; i < count; i++) {
        if (!isfinite(x[i]) || !isfinite(y[i])) continue;
        double across = vly_svg_at(&plot->x, x[i]);
        if (isfinite(error[i]))
            vly_html_add(to, "<path d=\"M%.1f %.1fL%.1f %.1f\" stroke=\"%s\" fill=\"none\"/>\n", across,
                         vly_svg_at(&plot->y, y[i] - error[i]), across, vly_svg_at(&plot->y, y[i] + error[i]), colour);
        vly_html_add(to, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.4\" fill=\"%s\"/>\n", across,
                     vly_svg_at(&plot->y, y[i]), colour);
    }
}

void vly_svg_band(vly_text *to, const vly_plot *plot, const double *x, const double *low, const double *high,
                  int32_t count, const char *colour)
{
    if (count < 2) return;
    vly_html_add(to, "<path d=\"");
    points(to, plot, x, high, count);
    for (int32_t i = count - 1; i >= 0; i--)
        vly_html_add(to, "L%.1f %.1f", vly_svg_at(&plot->x, x[i]), vly_svg_at(&plot->y, low[i]));
    vly_html_add(to, "Z\" fill=\"%s\"/>\n", colour);
}

void vly_svg_area(vly_text *to, const vly_plot *plot, const double *x, const double *y, int32_t count,
                  const char *colour)
{
    if (count < 2) return;
    vly_html_add(to, "<path d=\"");
    points(to, plot, x, y, count);
    vly_html_add(to, "L%.1f %.1fL%.1f %.1fZ\" fill=\"%s\"/>\n", vly_svg_at(&plot->x, x[count - 1]), plot->y.at_low,
                 vly_svg_at(&plot->x, x[0]), plot->y.at_low, colour);
}

void vly_svg_bar(vly_text *to, const vly_plot *plot, double x0, double x1, double y, const char *colour)
{
    double left = vly_svg_at(&plot->x, x0), top = vly_svg_at(&plot->y, y);
    vly_svg_rectangle(to, left, top, vly_svg_at(&plot->x, x1) - left, plot->y.at_low - top, colour, "none");
}

void vly_svg_mark(vly_text *to, const vly_plot *plot, double x, const char *name, vly_anchor side)
{
    double at = vly_svg_at(&plot->x, x), aside = side == VLY_START ? 4 : side == VLY_END ? -4 : 0;
    vly_html_add(to, "<path d=\"M%.1f %.1fL%.1f %.1f\" stroke=\"" VLY_SVG_INK "\" stroke-dasharray=\"5 3\"/>\n", at,
                 plot->y.at_low, at, plot->y.at_high - 4);
    vly_svg_text(to, at + aside, plot->y.at_high - 8, &(vly_svg_style){.anchor = side}, name);
}
