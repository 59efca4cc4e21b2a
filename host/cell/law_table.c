/* Tables of a law: from CSV, in order, and how they are interpolated. A CSV table is two columns of numbers with a comma between
 * them, under any header or none. */
#include "cell/materials_impl.h"

#include "core/file.h"
#include "core/memory.h"
#include "core/number.h"

#include <stdlib.h>
#include <string.h>

enum { CSV_BYTES_MAX = 16 << 20 };

typedef struct point {
    double x, y;
} point;

static int by_x(const void *a, const void *b)
{
    const point *p = a, *q = b;
    return (p->x > q->x) - (p->x < q->x);
}

vly_status vly_law_words_sort(vly_law_words *table)
{
    point *points;
    VLY_TRY(VLY_NEW(&points, table->points, "a table"));
    for (int32_t i = 0; i < table->points; i++) points[i] = (point){table->x[i], table->y[i]};
    qsort(points, (size_t)table->points, sizeof *points, by_x);
    for (int32_t i = 0; i < table->points; i++) {
        table->x[i] = points[i].x;
        table->y[i] = points[i].y;
    }
    vly_free(points);
    return VLY_OK;
}

void vly_law_words_style(vly_law_words *table, vly_law_id id, bool linear)
{
    bool decades = id == VLY_LAW_SOLID_DIFFUSIVITY || id == VLY_LAW_SOLID_CONDUCTIVITY;
    table->monotone = !linear && (id == VLY_LAW_OCP || id == VLY_LAW_SOLID_DIFFUSIVITY);
    table->logarithmic = !linear && decades;
    table->low = -INFINITY;
    table->high = INFINITY;
}

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t\r");
}

static bool read_line(const char *at, double *x, double *y)
{
    at = skip_blanks(at);
    if (!vly_number_read(&at, x)) return false;
    at = skip_blanks(at);
    if (!vly_skip(&at, ',')) return false;
    at = skip_blanks(at);
    if (!vly_number_read(&at, y)) return false;
    at = skip_blanks(at);
    return *at == 0 || *at == '\n';
}

static bool is_header(const char *at)
{
    return *at == '"' || *at == '#' || (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z');
}

static vly_status read_lines(vly_law_words *out, const char *text, const char *path)
{
    int32_t line = 1, points = 0;
    const char *at = text;
    if (strncmp(at, "\xef\xbb\xbf", 3) == 0) at += 3;
    for (const char *next; at; at = next, line++) {
        next = strchr(at, '\n');
        next = next ? next + 1 : NULL;
        at = skip_blanks(at);
        if (*at == 0 || *at == '\n' || (points == 0 && is_header(at))) continue;
        if (!read_line(at, out->x + points, out->y + points)) {
            int shown = (int)strcspn(at, "\r\n");
            return vly_fail(VLY_EDATA, "%s: line %d: \"%.*s\", two numbers with a comma between them expected", path,
                            (int)line, shown > 40 ? 40 : shown, at);
        }
        points++;
    }
    out->points = points;
    return VLY_OK;
}

vly_status vly_law_words_read(vly_law_words *out, const char *path)
{
    char *text;
    int32_t lines = 1;
    VLY_TRY(vly_file_text(&text, path, CSV_BYTES_MAX));
    for (const char *at = text; *at; at++) lines += *at == '\n';
    vly_status status = vly_law_words_reserve(out, lines);
    if (status == VLY_OK) status = read_lines(out, text, path);
    if (status == VLY_OK) status = vly_law_words_sort(out);
    vly_free(text);
    return status;
}
