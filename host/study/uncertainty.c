/* summary.csv is cut in place into rows, the rows are sorted so that those of a quantity stand together, and each such group
 * is a table of cut-outs and trinarisations. */
#include "study/uncertainty.h"

#include "core/file.h"
#include "core/memory.h"
#include "core/number.h"
#include "core/text.h"
#include "voxelyte/settings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS = 8, SUMMARY_BYTES = 256 << 20 };
enum { SAMPLE, CUTOUT, TRINARISATION, PHASE, QUANTITY, VALUE, UNIT };

typedef struct row {
    const char *sample, *cutout, *phase, *quantity, *unit;
    int32_t way;                    /* vly_method */
    int32_t sample_at, quantity_at; /* place of the first row of the sample, and of the quantity, in the table */
    int32_t at;
    double value;
} row;

typedef struct table {
    row *rows; /* (count) */
    int32_t count;
    const char **whole; /* (samples) the cut-out that is all of a sample: that of its first row */
    const char **names; /* (samples) */
    int32_t samples;
} table;

/* ---- rows ---- */

/* Not what comes out of a microstructure, but what was asked for or how it was found. */
static bool is_of_the_work(const char *quantity)
{
    static const char *const words[] = {"voxels", "target_fraction", "grey_threshold_lower", "grey_threshold_upper",
                                        "cost",   "iterations",      "outside_fraction"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(quantity, words[i]) == 0) return true;
    return false;
}

static int32_t way_of(const char *name)
{
    for (vly_method m = 0; m < VLY_TRINARISATIONS; m++)
        if (strcmp(vly_method_name(m), name) == 0) return (int32_t)m;
    return -1;
}

static vly_status read_row(table *t, char *line, const char *path, int64_t number)
{
    char *fields[FIELDS];
    int32_t count = 0;
    while (count < FIELDS && (fields[count] = strsep(&line, ","))) count++;
    if (count < FIELDS) return vly_fail(VLY_EDATA, "%s:%lld: %d fields, 8 expected", path, (long long)number, count);
    int32_t s = 0;
    while (s < t->samples && strcmp(t->names[s], fields[SAMPLE]) != 0) s++;
    if (s == t->samples) {
        t->names[s] = fields[SAMPLE];
        t->whole[t->samples++] = fields[CUTOUT];
    }
    row *r = &t->rows[t->count];
    *r = (row){fields[SAMPLE],
               fields[CUTOUT],
               fields[PHASE],
               fields[QUANTITY],
               fields[UNIT],
               way_of(fields[TRINARISATION]),
               s,
               0,
               t->count,
               NAN};
    const char *value = fields[VALUE];
    if (*value && !vly_number_read(&value, &r->value))
        return vly_fail(VLY_EDATA, "%s:%lld: a number expected, %s found", path, (long long)number, fields[VALUE]);
    const bool of_all = strcmp(r->cutout, "mean") == 0;
    if (r->way >= 0 && !of_all && isfinite(r->value) && !is_of_the_work(r->quantity)) t->count++;
    return VLY_OK;
}

static int by_quantity(const void *a, const void *b)
{
    const row *p = a, *q = b;
    int order = strcmp(p->quantity, q->quantity);
    if (order == 0) order = strcmp(p->phase, q->phase);
    return order ? order : (p->at > q->at) - (p->at < q->at);
}

/* Quantities as they come in the summary, then samples, cut-outs and trinarisations. */
static int by_place(const void *a, const void *b)
{
    const row *p = a, *q = b;
    int order = (p->quantity_at > q->quantity_at) - (p->quantity_at < q->quantity_at);
    if (order == 0) order = (p->sample_at > q->sample_at) - (p->sample_at < q->sample_at);
    if (order == 0) order = strcmp(p->cutout, q->cutout);
    return order ? order : (p->at > q->at) - (p->at < q->at);
}

static bool same_quantity(const row *a, const row *b)
{
    return strcmp(a->quantity, b->quantity) == 0 && strcmp(a->phase, b->phase) == 0;
}

static void sort_rows(table *t)
{
    qsort(t->rows, (size_t)t->count, sizeof *t->rows, by_quantity);
    for (int32_t i = 0; i < t->count; i++)
        t->rows[i].quantity_at =
            i > 0 && same_quantity(&t->rows[i], &t->rows[i - 1]) ? t->rows[i - 1].quantity_at : t->rows[i].at;
    qsort(t->rows, (size_t)t->count, sizeof *t->rows, by_place);
}

static vly_status read_rows(table *t, char *text, const char *path)
{
    int64_t lines = 1, number = 1;
    for (const char *c = text; *c; c++) lines += *c == '\n';
    VLY_TRY(VLY_NEW(&t->rows, lines + 1, "summary"));
    VLY_TRY(VLY_NEW(&t->names, lines + 1, "summary"));
    VLY_TRY(VLY_NEW(&t->whole, lines + 1, "summary"));
    for (char *line = strchr(text, '\n'), *next; line && line[1]; line = next) {
        line++;
        next = strchr(line, '\n');
        if (next) *next = 0;
        VLY_TRY(read_row(t, line, path, ++number));
    }
    sort_rows(t);
    return VLY_OK;
}

/* ---- one quantity ---- */

/* Cut-outs of rows [first, end) and the trinarisations that each of them has. */
typedef struct grid {
    double *values; /* (units, VLY_TRINARISATIONS), then the same packed */
    int32_t *sample;
    int32_t units;
} grid;

static void add_unit(grid *g, int32_t sample)
{
    g->sample[g->units] = sample;
    for (int32_t w = 0; w < VLY_TRINARISATIONS; w++) g->values[g->units * VLY_TRINARISATIONS + w] = NAN;
    g->units++;
}

/* Rows [first, end) of one sample. Its whole is no cut-out where there are some. */
static void fill_sample(grid *g, const table *t, const row *first, const row *end, int32_t sample)
{
    const bool several = strcmp(first->cutout, end[-1].cutout) != 0; /* they are in order */
    const char *before = NULL;
    for (const row *r = first; r < end; r++) {
        if (several && strcmp(r->cutout, t->whole[r->sample_at]) == 0) continue;
        if (!before || strcmp(before, r->cutout) != 0) add_unit(g, sample);
        g->values[(g->units - 1) * VLY_TRINARISATIONS + r->way] = r->value;
        before = r->cutout;
    }
}

static void fill(grid *g, const table *t, const row *first, const row *end)
{
    int32_t samples = 0;
    for (const row *next; first < end; first = next, samples++) {
        for (next = first; next < end && next->sample_at == first->sample_at;) next++;
        fill_sample(g, t, first, next, samples);
    }
}

/* Trinarisations that are everywhere move together; how many those are. */
static int32_t pack(grid *g, int32_t *left_out)
{
    bool everywhere[VLY_TRINARISATIONS], somewhere[VLY_TRINARISATIONS];
    int32_t ways = 0, at = 0;
    *left_out = 0;
    for (int32_t w = 0; w < VLY_TRINARISATIONS; w++) {
        everywhere[w] = true;
        somewhere[w] = false;
        for (int32_t u = 0; u < g->units; u++) {
            const bool there = isfinite(g->values[u * VLY_TRINARISATIONS + w]);
            everywhere[w] &= there;
            somewhere[w] |= there;
        }
        ways += everywhere[w];
        *left_out += somewhere[w] && !everywhere[w];
    }
    for (int32_t u = 0; u < g->units; u++)
        for (int32_t w = 0; w < VLY_TRINARISATIONS; w++)
            if (everywhere[w]) g->values[at++] = g->values[u * VLY_TRINARISATIONS + w];
    return ways;
}

/* The line of rows [first, end), which are of one sample or of all, if there is something to tell. */
static vly_status add_line(vly_uncertainty *out, const table *t, const row *first, const row *end, bool all)
{
    grid g = {.units = 0};
    VLY_TRY(VLY_NEW(&g.values, (int64_t)(end - first) * VLY_TRINARISATIONS, "quantity"));
    vly_status status = VLY_NEW(&g.sample, end - first, "quantity");
    if (status != VLY_OK) goto out;
    fill(&g, t, first, end);
    vly_uncertain line = {all ? NULL : first->sample, first->phase, first->quantity, first->unit, .cutouts = g.units};
    line.ways = pack(&g, &line.left_out);
    line.samples = g.sample[g.units - 1] + 1;
    if (line.ways * g.units < 2 || (all && line.samples < 2)) goto out;
    status = vly_variance_split(&line.variance, g.values, g.sample, g.units, line.ways);
    if (status == VLY_OK) out->lines[out->count++] = line;
out:
    vly_free(g.values);
    vly_free(g.sample);
    return status;
}

static vly_status make_lines(vly_uncertainty *out, const table *t)
{
    const row *end = t->rows + t->count;
    VLY_TRY(VLY_NEW(&out->lines, 2 * (int64_t)t->count + 1, "uncertainty"));
    for (const row *first = t->rows, *next; first < end; first = next) {
        for (next = first; next < end && next->quantity_at == first->quantity_at;) {
            const row *sample = next;
            while (next < end && next->quantity_at == first->quantity_at && next->sample_at == sample->sample_at)
                next++;
            VLY_TRY(add_line(out, t, sample, next, false));
        }
        VLY_TRY(add_line(out, t, first, next, true));
    }
    return VLY_OK;
}

/* ---- the table ---- */

vly_status vly_uncertainty_read(vly_uncertainty *out, const char *path)
{
    table t = {.count = 0};
    *out = (vly_uncertainty){.count = 0};
    if (!vly_path_exists(path)) return VLY_OK;
    VLY_TRY(vly_file_text(&out->text, path, SUMMARY_BYTES));
    vly_status status = read_rows(&t, out->text, path);
    if (status == VLY_OK) status = make_lines(out, &t);
    vly_free(t.rows);
    vly_free(t.names);
    vly_free(t.whole);
    if (status != VLY_OK) vly_uncertainty_free(out);
    return status;
}

void vly_uncertainty_free(vly_uncertainty *u)
{
    vly_free(u->lines);
    vly_free(u->text);
    *u = (vly_uncertainty){.count = 0};
}

static void add_number(vly_text *to, double value)
{
    char number[VLY_NUMBER_BYTES] = "";
    if (isfinite(value)) vly_number_write(number, value);
    vly_text_add(to, ",%s", number);
}

static void add_band(vly_text *to, vly_band band, bool there)
{
    add_number(to, there ? band.low : NAN);
    add_number(to, there ? band.high : NAN);
}

static void add_row(vly_text *to, const vly_uncertain *u)
{
    const vly_variance *v = &u->variance;
    const vly_variance_part largest = vly_variance_largest(v);
    vly_text_add(to, "%s,%s,%s,%s,%d,%d,%d,%d", u->sample ? u->sample : "all", u->phase, u->quantity, u->unit, u->ways,
                 u->cutouts, u->samples, u->left_out);
    add_number(to, v->mean);
    add_number(to, v->sd);
    add_band(to, v->all, true);
    add_band(to, v->trinarisations, u->ways > 1);
    add_band(to, v->cutouts, u->cutouts > u->samples);
    add_band(to, v->samples, u->samples > 1);
    for (int p = 0; p < VLY_VARIANCE_PARTS; p++) add_number(to, v->share[p]);
    vly_text_add(to, ",%s\n", largest < VLY_VARIANCE_PARTS ? vly_variance_part_name(largest) : "");
}

vly_status vly_uncertainty_write(const vly_uncertainty *u, const char *folder)
{
    vly_text text = {0};
    char *path = NULL;
    vly_text_add(&text, "sample,phase,quantity,unit,trinarisations,cutouts,samples,left_out,mean,sd,low,high,"
                        "trinarisation_low,trinarisation_high,cutout_low,cutout_high,sample_low,sample_high");
    for (vly_variance_part p = 0; p < VLY_VARIANCE_PARTS; p++)
        vly_text_add(&text, ",share_%s", vly_variance_part_name(p));
    vly_text_add(&text, ",mostly\n");
    for (int32_t i = 0; i < u->count; i++) add_row(&text, &u->lines[i]);
    vly_status status = text.status;
    if (status == VLY_OK) status = vly_format(&path, "%s/uncertainty.csv", folder);
    if (status == VLY_OK) status = vly_file_publish_text(path, text.text, true);
    vly_free(path);
    vly_text_free(&text);
    return status;
}
