/* The sheet of a figure and what is put on it: text, rectangles, pictures, legends. Presentation attributes instead of
 * style sheets, so that a figure looks the same alone in a file and inside a page. */
#include "report/svg.h"

void vly_svg_open(vly_text *to, double width, double height, const char *title)
{
    vly_html_add(
        to,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" "
        "role=\"img\" aria-label=\"%s\" font-family=\"Helvetica,Arial,Liberation Sans,DejaVu Sans,sans-serif\" "
        "font-size=\"12\" fill=\"" VLY_SVG_INK "\">\n<title>%s</title>\n",
        width, height, width, height, title, title);
    vly_svg_rectangle(to, 0, 0, width, height, "#ffffff", "none");
}

void vly_svg_close(vly_text *to)
{
    vly_html_add(to, "</svg>\n");
}

void vly_svg_text(vly_text *to, double x, double y, const vly_svg_style *style, const char *text)
{
    static const char *const anchors[] = {"start", "middle", "end"};
    vly_html_add(to, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\"", x, y, anchors[style->anchor]);
    if (style->size > 0) vly_html_add(to, " font-size=\"%.1f\"", style->size);
    if (style->turn != 0) vly_html_add(to, " transform=\"rotate(%.0f %.1f %.1f)\"", style->turn, x, y);
    if (style->bold) vly_html_add(to, " font-weight=\"bold\"");
    if (style->colour) vly_html_add(to, " fill=\"%s\"", style->colour);
    vly_html_add(to, ">%s</text>\n", text);
}

void vly_svg_rectangle(vly_text *to, double x, double y, double width, double height, const char *fill,
                       const char *stroke)
{
    vly_html_add(to, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\" stroke=\"%s\"/>\n", x, y,
                 width, height, fill, stroke);
}

void vly_svg_legend(vly_text *to, double x, double y, int32_t count, const char *const *names,
                    const char *const *colours)
{
    enum { SIDE = 12, LETTER = 7, GAP = 28 }; /* LETTER: a generous mean, as the width of text is unknown here */
    for (int32_t i = 0; i < count; i++) {
        int32_t letters = 0;
        vly_svg_rectangle(to, x, y, SIDE, SIDE, colours[i], VLY_SVG_SOFT);
        vly_svg_text(to, x + SIDE + 6, y + SIDE - 1.5, &(vly_svg_style){0}, names[i]);
        while (names[i][letters]) letters++;
        x += SIDE + 6 + LETTER * letters + GAP;
    }
}

void vly_svg_picture(vly_text *to, double x, double y, double width, double height, const unsigned char *png,
                     int64_t bytes)
{
    vly_html_add(to,
                 "<image x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" preserveAspectRatio=\"none\" "
                 "image-rendering=\"pixelated\" href=\"data:image/png;base64,",
                 x, y, width, height);
    vly_html_base64(to, png, bytes);
    vly_html_add(to, "\"/>\n");
}

void vly_svg_picture_on(vly_text *to, const vly_svg_face *face, int32_t columns, int32_t rows, const unsigned char *png,
                        int64_t bytes)
{
    const double *at = face->corner, *right = face->right, *down = face->down;
    vly_html_add(to, "<g transform=\"matrix(%.6f %.6f %.6f %.6f %.3f %.3f)\">\n", right[0] / columns,
                 right[1] / columns, down[0] / rows, down[1] / rows, at[0], at[1]);
    vly_svg_picture(to, 0, 0, columns, rows, png, bytes);
    vly_html_add(to, "</g>\n<path d=\"M%.3f %.3fl%.3f %.3fl%.3f %.3fl%.3f %.3fZ\"", at[0], at[1], right[0], right[1],
                 down[0], down[1], -right[0], -right[1]);
    vly_html_add(to, " fill=\"#000000\" fill-opacity=\"%.2f\" stroke=\"" VLY_SVG_SOFT "\" stroke-width=\"0.8\" ",
                 face->shade);
    vly_html_add(to, "stroke-linejoin=\"round\"/>\n");
}
