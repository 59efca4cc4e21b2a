/* A depth profile from a CSV file: the header `depth,intensity` or `depth,intensity,error`, then numbers with a point for the
 * decimals. What spreadsheets leave behind is taken (a byte order mark, CR LF, blank lines and blanks), what could mean
 * something else is not (semicolons, decimal commas). */
#include "segment/edx_impl.h"

#include "core/file.h"
#include "core/memory.h"
#include "core/number.h"

#include <math.h>
#include <string.h>

enum { CSV_BYTES_MAX = 16 << 20 };

typedef struct csv {
    const char *path, *at; /* at: what is left of the line */
    int32_t line;
    bool errors; /* there is a third column */
} csv;

static void skip_blanks(csv *c)
{
    c->at += strspn(c->at, " \t\r");
}

static vly_status unlike(const csv *c, const char *expected)
{
    int shown = (int)strcspn(c->at, "\r\n");
    return vly_fail(VLY_EDATA, "%s: line %d: \"%.*s\", %s expected", c->path, c->line, shown > 40 ? 40 : shown, c->at,
                    expected);
}

/* Takes the next word of the header; false if it is another. */
static bool take_name(csv *c, const char *name)
{
    skip_blanks(c);
    bool quoted = *c->at == '"';
    const char *at = c->at + quoted;
    size_t length = strlen(name);
    if (strncmp(at, name, length) != 0 || (quoted && at[length] != '"')) return false;
    c->at = at + length + quoted;
    skip_blanks(c);
    return true;
}

static vly_status read_header(csv *c)
{
    const char *start = c->at;
    bool good = take_name(c, "depth") && vly_skip(&c->at, ',') && take_name(c, "intensity");
    if (good && vly_skip(&c->at, ',')) good = c->errors = take_name(c, "error");
    if (good && (*c->at == 0 || *c->at == '\n')) return VLY_OK;
    c->at = start;
    return unlike(c, "the header depth,intensity");
}

static vly_status read_number(csv *c, double *out, const char *what)
{
    const char *start = c->at;
    skip_blanks(c);
    if (vly_number_read(&c->at, out)) {
        skip_blanks(c);
        return VLY_OK;
    }
    c->at = start;
    return unlike(c, what);
}

static vly_status read_line(csv *c, vly_edx_points *p, double background)
{
    const char *start = c->at;
    double depth, intensity, error = NAN;
    VLY_TRY(read_number(c, &depth, "a depth"));
    if (!vly_skip(&c->at, ',')) return unlike(c, "a comma, then the intensity");
    VLY_TRY(read_number(c, &intensity, "an intensity"));
    if (c->errors && !vly_skip(&c->at, ',')) return unlike(c, "a comma, then the error");
    if (c->errors) VLY_TRY(read_number(c, &error, "an error"));
    if (*c->at != 0 && *c->at != '\n') return unlike(c, "the end of the line (decimals are written with a point)");
    c->at = start;
    if (!(depth >= 0.0 && depth <= 1.0)) return unlike(c, "a depth from 0 (separator) to 1 (collector)");
    if (intensity < 0.0) return unlike(c, "an intensity of 0 or more");
    if (c->errors && !(error > 0.0)) return unlike(c, "an error above 0");
    p->depth[p->count] = depth;
    p->intensity[p->count] = intensity - background;
    p->error[p->count++] = error;
    return VLY_OK;
}

static vly_status read_lines(csv *c, vly_edx_points *points, double background)
{
    bool headed = false;
    if (memcmp(c->at, "\xef\xbb\xbf", strnlen(c->at, 3)) == 0 && *c->at) c->at += 3;
    for (const char *next = c->at; next; c->line++) {
        c->at = next;
        next = strchr(next, '\n');
        next = next ? next + 1 : NULL;
        skip_blanks(c);
        if (*c->at == 0 || *c->at == '\n') continue;
        VLY_TRY(headed ? read_line(c, points, background) : read_header(c));
        headed = true;
    }
    return headed ? VLY_OK
                  : vly_fail(VLY_EDATA, "%s: is empty, a profile under the header depth,intensity expected", c->path);
}

vly_status vly_edx_read_csv(vly_edx_points *points, vly_edx_profile *out, const char *path,
                            const vly_edx_options *options)
{
    char *text;
    int32_t lines = 1;
    if (options->rows[1] > 0 || options->background_rows[1] > 0)
        return vly_fail(VLY_EUSAGE, "%s: a profile has no rows to crop, a map expected", path);
    VLY_TRY(vly_file_text(&text, path, CSV_BYTES_MAX));
    for (const char *at = text; *at; at++) lines += *at == '\n';
    csv c = {.path = path, .at = text, .line = 1};
    vly_status status = vly_edx_points_reserve(points, lines);
    if (status == VLY_OK) status = read_lines(&c, points, options->background);
    vly_free(text);
    out->rows = points->count;
    out->background = options->background;
    return status;
}
