/* A square matrix in colours and numbers. One hue from light to dark, so that it survives print and colour blindness. */
#include "report/svg.h"

#include <math.h>
#include <stdio.h>

/* t in 0 ... 1 as "#rrggbb"; *dark: white letters read better on it. */
static const char *ramp(char out[8], double t, bool *dark)
{
    static const int stops[5][3] = {{247, 250, 252}, {198, 219, 239}, {116, 173, 209}, {44, 117, 175}, {8, 56, 107}};
    double at = fmin(fmax(t, 0), 1) * 4;
    int lower = at >= 4 ? 3 : (int)at;
    int rgb[3];
    for (int i = 0; i < 3; i++)
        rgb[i] = (int)lround(stops[lower][i] + (at - lower) * (stops[lower + 1][i] - stops[lower][i]));
    *dark = at > 2.4;
    snprintf(out, 8, "#%02x%02x%02x", rgb[0] & 255, rgb[1] & 255, rgb[2] & 255);
    return out;
}

static void cell(vly_text *to, double x, double y, const vly_heat *heat, double value)
{
    bool dark = false;
    char colour[8] = "#f0f0f0";
    double size = fmin(13, heat->cell * 0.34);
    if (isfinite(value)) ramp(colour, (value - heat->low) / (heat->high - heat->low), &dark);
    vly_svg_rectangle(to, x, y, heat->cell, heat->cell, colour, "#ffffff");
    vly_html_add(to, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" font-size=\"%.1f\" fill=\"%s\">%.2f</text>\n",
                 x + heat->cell / 2, y + heat->cell / 2 + size * 0.36, size, dark ? "#ffffff" : VLY_SVG_INK, value);
}

static void colour_bar(vly_text *to, double x, double y, const vly_heat *heat)
{
    enum { STEPS = 32 };
    double height = heat->cell * heat->count;
    vly_axis axis = {.low = heat->low, .high = heat->high, .at_low = y + height, .at_high = y};
    vly_ticks ticks;
    char colour[8];
    bool dark;
    for (int i = 0; i < STEPS; i++)
        vly_svg_rectangle(to, x, y + height * (STEPS - 1 - i) / STEPS, 10, height / STEPS + 0.5,
                          ramp(colour, (i + 0.5) / STEPS, &dark), "none");
    vly_svg_ticks(&ticks, &axis, height < 120 ? 2 : 5);
    for (int32_t i = 0; i < ticks.count; i++)
        vly_html_add(to, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"10\" fill=\"" VLY_SVG_SOFT "\">%.*f</text>\n", x + 14,
                     vly_svg_at(&axis, ticks.at[i]) + 3.5, ticks.decimals, ticks.at[i]);
}

void vly_svg_heat(vly_text *to, double x, double y, const vly_heat *heat)
{
    double left = x + VLY_HEAT_LEFT, top = y + VLY_HEAT_TOP, side = heat->cell;
    vly_svg_style row = {.anchor = VLY_END, .size = 11.5}, column = {.anchor = VLY_START, .size = 11.5, .turn = -40};
    vly_svg_text(to, x, y + 14, &(vly_svg_style){.size = 13, .bold = true}, heat->title);
    for (int32_t i = 0; i < heat->count; i++) {
        vly_svg_text(to, left - 8, top + side * (i + 0.5) + 4, &row, heat->names[i]);
        vly_svg_text(to, left + side * (i + 0.5), top - 6, &column, heat->names[i]);
        for (int32_t j = 0; j < heat->count; j++)
            if (i != j)
                cell(to, left + side * j, top + side * i, heat, heat->values[i * heat->count + j]);
            else
                vly_svg_rectangle(to, left + side * j, top + side * i, side, side, "#e9ecef", "#ffffff");
    }
    colour_bar(to, left + side * heat->count + 10, top, heat);
}
