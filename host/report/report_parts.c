/* What the sections share: names, colours, look-ups in result documents, figures and links. */
#include "report/report_impl.h"
#include "report/svg.h"

#include "core/file.h"
#include "core/memory.h"
#include "core/number.h"
#include "report/png.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const vly_report_phase_titles[VLY_PHASES] = {"pore", "active material", "CBD"};
/* Black, light grey and orange: the paper's dark pores and grey particles, with an orange that stays apart from both in
 * every kind of colour blindness and in grey print. */
const char *const vly_report_phase_colours[VLY_PHASES] = {"#17202a", "#d3d7db", "#e8870e"};
const char *const vly_report_line_colours[VLY_PHASES] = {"#17202a", "#8a96a3", "#e8870e"};
const vly_phase vly_report_phase_order[VLY_PHASES] = {VLY_AM, VLY_CBD, VLY_PORE};

const char *const vly_report_colours[VLY_REPORT_COLOURS] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                            "#000000", "#e69f00", "#56b4e9", "#7f3c8d",
                                                            "#8c8c00", "#8c564b", "#7f7f7f", "#17becf"};

const char *vly_report_method_colour(const char *method)
{
    int m = 0;
    while (m < VLY_TRINARISATIONS && strcmp(method, vly_method_name((vly_method)m)) != 0) m++;
    return vly_report_colours[m % VLY_REPORT_COLOURS];
}

const char *vly_report_sample_dashes(const vly_report *report, int32_t sample)
{
    static const char *const dashes[] = {NULL, "6 4", "2 3", "9 3 2 3"};
    return dashes[(size_t)(report->count - 1 - sample) % (sizeof dashes / sizeof *dashes)];
}

void vly_report_key(vly_text *svg, double left, double *x, double *y, const char *name, const char *colour,
                    const char *dash)
{
    const double width =
        34 + 7.0 * (double)strlen(name) + 20; /* a generous mean of a letter's, which is unknown here */
    if (*x + width > VLY_SVG_WIDTH) {
        *x = left;
        *y += 20;
    }
    if (svg) {
        vly_plot line = {{0, 1, *x, *x + 28, false, NULL}, {0, 1, *y, *y - 1, false, NULL}};
        vly_svg_dashes(svg, &line, (const double[]){0, 1}, (const double[]){0, 0}, 2, colour, dash);
        vly_svg_text(svg, *x + 34, *y + 4, &(vly_svg_style){0}, name);
    }
    *x += width;
}

static bool shown_anywhere(const vly_report *report, const char *method, bool (*shown)(const vly_report_method *))
{
    for (int32_t s = 0; s < report->count; s++)
        for (int32_t i = 0; i < report->samples[s].count; i++)
            if (strcmp(report->samples[s].methods[i].name, method) == 0 && shown(&report->samples[s].methods[i]))
                return true;
    return false;
}

double vly_report_keys(vly_text *svg, const vly_report *report, double left, bool (*shown)(const vly_report_method *))
{
    double x = left, y = 16;
    for (vly_method m = 0; m < VLY_TRINARISATIONS; m++) {
        const char *name = vly_method_name(m);
        if (!shown_anywhere(report, name, shown)) continue;
        vly_report_key(svg, left, &x, &y, vly_report_title(name), vly_report_method_colour(name), NULL);
    }
    for (int32_t s = 0; s < report->count && report->count > 1; s++) {
        bool any = false;
        for (int32_t i = 0; i < report->samples[s].count; i++) any |= shown(&report->samples[s].methods[i]);
        if (any)
            vly_report_key(svg, left, &x, &y, report->samples[s].sample->name, VLY_SVG_SOFT,
                           vly_report_sample_dashes(report, s));
    }
    return y + 14;
}

void vly_report_legend(vly_text *svg, double x, double y, const char *const colours[VLY_PHASES])
{
    const char *names[VLY_PHASES], *squares[VLY_PHASES];
    for (int i = 0; i < VLY_PHASES; i++) {
        names[i] = vly_report_phase_titles[vly_report_phase_order[i]];
        squares[i] = colours[vly_report_phase_order[i]];
    }
    vly_svg_legend(svg, x, y, VLY_PHASES, names, squares);
}

const char *vly_report_title(const char *method)
{
    static const char *const titles[][2] = {
        {"threshold", "Thresholding"},  {"kmeans", "k-means"},          {"edx-closing", "EDX-Closing"},
        {"nn-am-cbd-p", "NN-AM-CBD-P"}, {"nn-am-p-cbd", "NN-AM-P-CBD"}, {"nn-am-cond", "NN-AM-Cond"},
        {"nn-cbd-am-p", "NN-CBD-AM-P"}, {"nn-cbd-p-am", "NN-CBD-P-AM"}, {"nn-cbd-cond", "NN-CBD-Cond"},
        {"nn-p-am-cbd", "NN-P-AM-CBD"}, {"nn-p-cbd-am", "NN-P-CBD-AM"}, {"nn-p-cond", "NN-P-Cond"},
        {"given", "Given labels"}};
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        if (strcmp(method, titles[i][0]) == 0) return titles[i][1];
    return method;
}

double vly_report_number(const json_t *object, const char *key)
{
    const json_t *value = key ? json_object_get(object, key) : object;
    return json_is_number(value) ? json_number_value(value) : NAN;
}

const char *vly_report_string(const json_t *object, const char *key)
{
    return json_string_value(key ? json_object_get(object, key) : object);
}

const json_t *vly_report_find(const vly_report_sample *sample, const char *method)
{
    for (int32_t i = 0; i < sample->count; i++)
        if (strcmp(sample->methods[i].name, method) == 0) return sample->methods[i].result;
    return NULL;
}

bool vly_report_repeats(const vly_report_sample *sample, int32_t method)
{
    const vly_report_method *now = &sample->methods[method];
    return method > 0 && strncmp(now->name, "nn-", 3) == 0 && strncmp(now[-1].name, "nn-", 3) == 0 &&
           json_equal(json_object_get(now->result, "warnings"), json_object_get(now[-1].result, "warnings"));
}

const json_t *vly_report_ours(const vly_report_sample *sample)
{
    for (vly_method m = 0; m < VLY_METHODS; m++) {
        const json_t *result = sample->sample->given[m] ? NULL : vly_report_find(sample, vly_method_name(m));
        if (result) return result;
    }
    return NULL;
}

const json_t *vly_report_input(const json_t *result)
{
    return json_array_get(json_object_get(result, "inputs"), 0);
}

bool vly_report_tolerable(vly_status status)
{
    return status == VLY_ENOINPUT || status == VLY_EDATA || status == VLY_EIO;
}

void vly_report_value(vly_text *to, double value)
{
    if (value == nearbyint(value) && fabs(value) < 1e15)
        vly_html_add(to, "%lld", (long long)value);
    else
        vly_html_add(to, "%.4g", value);
}

double vly_report_off(const json_t *result)
{
    const json_t *counts = json_object_get(result, "counts"), *targets = json_object_get(result, "target_counts");
    double most = NAN;
    for (int p = 0; p < VLY_PHASES; p++) {
        double off = fabs(vly_report_number(counts, vly_phase_name(p)) - vly_report_number(targets, vly_phase_name(p)));
        most = fmax(most, off); /* which passes over NaN */
    }
    return most < 1e15 ? most : NAN;
}

double *vly_report_numbers(const json_t *object, const char *key, int32_t *count)
{
    const json_t *array = json_object_get(object, key);
    double *numbers = NULL;
    *count = (int32_t)json_array_size(array);
    if (*count == 0 || VLY_NEW(&numbers, *count, key) != VLY_OK) return NULL;
    for (int32_t i = 0; i < *count; i++) numbers[i] = vly_report_number(json_array_get(array, (size_t)i), NULL);
    return numbers;
}

vly_status vly_report_series_take(vly_report_series *out, const json_t *x, const json_t *y)
{
    *out = (vly_report_series){.count = (int32_t)json_array_size(x)};
    VLY_TRY(VLY_NEW(&out->x, 2 * (int64_t)out->count + 1, "curve"));
    out->y = out->x + out->count;
    for (int32_t i = 0; i < out->count; i++) {
        out->x[i] = vly_report_number(json_array_get(x, (size_t)i), NULL);
        out->y[i] = vly_report_number(json_array_get(y, (size_t)i), NULL);
    }
    return VLY_OK;
}

void vly_report_row(vly_text *to, const char *name, double value, const char *meaning)
{
    if (!isfinite(value)) return;
    vly_html_add(to, "<tr><th>%s</th><td class=\"n\">", name);
    vly_report_value(to, value);
    vly_html_add(to, "</td><td>%s</td></tr>\n", meaning);
}

bool vly_report_lengths_um(double um[3], const json_t *input)
{
    const json_t *size = json_object_get(input, "voxel_size_um");
    for (size_t i = 0; i < 3; i++)
        um[i] = vly_report_number(json_is_array(size) ? json_array_get(size, i) : size, NULL);
    return um[0] > 0 && um[1] > 0 && um[2] > 0;
}

void vly_report_link(vly_report *report, const char *prefix, const char *path)
{
    vly_text joined = {0};
    vly_text_add(&joined, "%s%s", prefix, path);
    if (joined.status == VLY_OK) {
        vly_html_add(&report->page, "<a href=\"");
        vly_html_href(&report->page, joined.text);
        vly_html_add(&report->page, "\">%s</a>", joined.text);
    } else if (report->page.status == VLY_OK)
        report->page.status = joined.status;
    vly_text_free(&joined);
}

void vly_report_heading(vly_report *report, const vly_report_sample *sample)
{
    if (report->count > 1) vly_html_add(&report->page, "<h3>%s</h3>\n", sample->sample->name);
}

vly_status vly_report_png(unsigned char **out, int64_t *bytes, const unsigned char *pixels, int32_t width,
                          int32_t height, bool grey)
{
    unsigned char palette[12] = {[9] = 255, 255, 255};
    for (int i = 0; i < 9; i++) /* "#rrggbb" */
        palette[i] = (unsigned char)strtoul(
            (char[3]){vly_report_phase_colours[i / 3][1 + i % 3 * 2], vly_report_phase_colours[i / 3][2 + i % 3 * 2]},
            NULL, 16);
    return vly_png_encode(out, bytes, pixels, width, height, grey ? NULL : palette, 4);
}

vly_status vly_report_section(vly_text *svg, double x, double y, double width, double height, const json_t *section,
                              const char *key, double low, double high)
{
    const int32_t nx = (int32_t)vly_report_number(section, "width"), nz = (int32_t)vly_report_number(section, "depth");
    const json_t *values = json_object_get(section, key);
    unsigned char *pixels, *png = NULL;
    int64_t bytes = 0;
    if (nx < 1 || nz < 1 || json_array_size(values) != (size_t)nx * (size_t)nz) return VLY_OK;
    VLY_TRY(vly_alloc((void **)&pixels, (int64_t)nx * nz, 1, "section"));
    for (int32_t i = 0; i < nx * nz; i++) {
        const double value = vly_report_number(json_array_get(values, (size_t)i), NULL);
        const double part = fmin(fmax((value - low) / fmax(high - low, 1e-12), 0.0), 1.0);
        if (isfinite(value)) pixels[i] = (unsigned char)(50.0 + 205.0 * part);
    }
    vly_status status = vly_png_encode(&png, &bytes, pixels, nx, nz, NULL, 0);
    if (status == VLY_OK) vly_svg_picture(svg, x, y, width, height, png, bytes);
    vly_free(png);
    vly_free(pixels);
    return status;
}

/* The figure alone, under figures/ in the study folder. */
static vly_status publish(const vly_report *report, const char *name, const char *svg)
{
    char *folder, *path = NULL;
    VLY_TRY(vly_format(&folder, "%s/figures", report->folder));
    vly_status status = vly_folder_make(folder);
    if (status == VLY_OK) status = vly_format(&path, "%s/%s", folder, name);
    if (status == VLY_OK) status = vly_file_publish_text(path, svg, true);
    vly_free(path);
    vly_free(folder);
    return status;
}

void vly_report_cell(vly_text *csv, double value)
{
    char number[VLY_NUMBER_BYTES] = "";
    if (isfinite(value)) vly_number_write(number, value);
    vly_text_add(csv, ",%s", number);
}

vly_status vly_report_data(const vly_report *report, const char *name, const vly_text *csv)
{
    char file[80];
    snprintf(file, sizeof file, "%s.csv", name);
    return csv->status == VLY_OK ? publish(report, file, csv->text) : csv->status;
}

vly_status vly_report_figure(vly_report *report, const vly_report_sample *sample, const char *name, vly_text *svg)
{
    char *file = NULL;
    bool several = sample && *sample->prefix;
    vly_status status = svg->status;
    if (status != VLY_OK) goto out;
    status = vly_format(&file, "%s%s%s.svg", several ? sample->sample->name : "", several ? "-" : "", name);
    if (status != VLY_OK || (status = publish(report, file, svg->text)) != VLY_OK) goto out;
    vly_html_add(&report->page, "<figure>\n");
    vly_text_bytes(&report->page, svg->text, svg->length);
    vly_html_add(&report->page, "<figcaption><b>Figure %d.</b> ", ++report->figures);
out:
    vly_free(file);
    vly_text_free(svg);
    return status;
}

void vly_report_caption_end(vly_report *report, const char *prefix, const char *path)
{
    vly_html_add(&report->page, " <span class=\"data\">Data: ");
    vly_report_link(report, prefix, path);
    vly_html_add(&report->page, "</span></figcaption>\n</figure>\n");
}
