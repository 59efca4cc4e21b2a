/* The half cell: voltage over capacity as in the paper's Figure 11, what the salt and the lithium look like on the way, and the
 * numbers. */
#include "report/report_impl.h"

#include "core/memory.h"
#include "report/svg.h"
#include "study/experiment.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { DETAILED_MOST = 3 }; /* trinarisations of a sample that are looked into */
enum { CURVES_HEIGHT = 400, PROFILES_HEIGHT = 300, LEFT = 66, GAP = 16, PICTURES_MOST = 5 };

/* Which colour a current has: its place among those of the study. */
static int32_t place_of(const vly_report_sample *sample, double current)
{
    const vly_list *currents = &sample->sample->settings.currents;
    int32_t i = 0;
    while (i < currents->count && fabs(currents->at[i] - current) > 1e-9 * fabs(current)) i++;
    return i;
}

static const char *colour_of(const vly_report_sample *sample, double current)
{
    return vly_report_colours[place_of(sample, current) % VLY_REPORT_COLOURS];
}

/* ---- Figure 11 ---- */

static vly_status draw_cell(vly_text *svg, const vly_plot *plot, const vly_report_sample *sample, const json_t *cell)
{
    const json_t *curve = json_object_get(cell, "curve");
    vly_report_series s;
    VLY_TRY(
        vly_report_series_take(&s, json_object_get(curve, "capacity_mah_cm2"), json_object_get(curve, "voltage_v")));
    vly_svg_dashes(svg, plot, s.x, s.y, s.count, colour_of(sample, vly_report_number(cell, "current_ma_cm2")),
                   vly_report_number(cell, "cutout") > 1.0 ? "5 3" : NULL);
    vly_free(s.x);
    return VLY_OK;
}

/* Points at a current of the study in its colour, others and those without a current in grey. */
static void draw_experiment(vly_text *svg, const vly_plot *plot, const vly_report_sample *sample,
                            const vly_experiment *e)
{
    for (int64_t i = 0; i < e->count; i++) {
        const bool known =
            isfinite(e->current[i]) && place_of(sample, e->current[i]) < sample->sample->settings.currents.count;
        const double none = NAN;
        vly_svg_points(svg, plot, &e->capacity[i], &e->voltage[i], &none, 1,
                       known ? colour_of(sample, e->current[i]) : "#7f7f7f");
    }
}

static void legend(vly_text *svg, const vly_report_sample *sample)
{
    const vly_list *currents = &sample->sample->settings.currents;
    char names[VLY_LIST_MOST][32];
    const char *texts[VLY_LIST_MOST], *squares[VLY_LIST_MOST];
    for (int32_t i = 0; i < currents->count; i++) {
        snprintf(names[i], sizeof names[i], "%g mA/cm²", currents->at[i]);
        texts[i] = names[i];
        squares[i] = vly_report_colours[i % VLY_REPORT_COLOURS];
    }
    vly_svg_legend(svg, LEFT, 10, currents->count, texts, squares);
}

static vly_status draw_curves(vly_text *svg, const vly_report_sample *sample, const vly_report_method *method,
                              const vly_experiment *e)
{
    vly_plot plot = {
        {.low = 0, .high = 0.1, .at_low = LEFT, .at_high = VLY_SVG_WIDTH - 20, .label = "capacity [mAh/cm²]"},
        {.low = 10, .high = 0, .at_low = CURVES_HEIGHT - 50, .at_high = 44, .label = "voltage [V]"}};
    vly_status status = VLY_OK;
    for (size_t i = 0; i < json_array_size(method->cells) && status == VLY_OK; i++) {
        const json_t *curve = json_object_get(json_array_get(method->cells, i), "curve");
        vly_report_series s;
        status =
            vly_report_series_take(&s, json_object_get(curve, "capacity_mah_cm2"), json_object_get(curve, "voltage_v"));
        if (status != VLY_OK) break;
        vly_svg_stretch(&plot.x, s.x, s.count);
        vly_svg_stretch(&plot.y, s.y, s.count);
        vly_free(s.x);
    }
    vly_svg_stretch(&plot.x, e->capacity, (int32_t)e->count);
    vly_svg_stretch(&plot.y, e->voltage, (int32_t)e->count);
    plot.x.high *= 1.02;
    plot.y.low = floor(10.0 * plot.y.low) / 10.0;
    plot.y.high = ceil(10.0 * plot.y.high) / 10.0;
    vly_svg_open(svg, VLY_SVG_WIDTH, CURVES_HEIGHT, "Voltage over capacity");
    legend(svg, sample);
    vly_svg_axes(svg, &plot);
    for (size_t i = 0; i < json_array_size(method->cells) && status == VLY_OK; i++)
        status = draw_cell(svg, &plot, sample, json_array_get(method->cells, i));
    draw_experiment(svg, &plot, sample, e);
    vly_svg_close(svg);
    return status;
}

/* The caption; data: figures/NAME.csv, or for pictures, which have no table, the documents. */
static vly_status end_figure(vly_report *report, const vly_report_sample *sample, const vly_report_method *method,
                             const char *name, vly_text *svg, const char *caption, bool pictures)
{
    char file[80];
    snprintf(file, sizeof file, "%s-%s", name, method->name);
    VLY_TRY(vly_report_figure(report, sample, file, svg));
    vly_html_add(&report->page, "%s. %s", vly_report_title(method->name), caption);
    snprintf(file, sizeof file, "figures/%s.csv", name);
    vly_report_caption_end(report, pictures ? sample->prefix : "", pictures ? "cell" : file);
    return VLY_OK;
}

static vly_status curves_figure(vly_report *report, const vly_report_sample *sample, const vly_report_method *method,
                                const vly_experiment *e)
{
    vly_text svg = {0};
    vly_status status = draw_curves(&svg, sample, method, e);
    if (status == VLY_OK)
        status = end_figure(report, sample, method, "lithiate", &svg,
                            e->count > 0
                                ? "Voltage over capacity at constant current (the paper’s Figure 11); dashed: further "
                                  "cut-outs; points: measured."
                                : "Voltage over capacity at constant current (the paper’s Figure 11); dashed: further "
                                  "cut-outs.",
                            false);
    vly_text_free(&svg);
    return status;
}

/* ---- on the way ---- */

/* The curve that is looked into: of the first cut-out the one with most states, of equals the largest current. */
static const json_t *deepest(const vly_report_method *method)
{
    const json_t *best = NULL;
    size_t most = 0;
    for (size_t i = 0; i < json_array_size(method->cells); i++) {
        const json_t *cell = json_array_get(method->cells, i);
        const size_t states = json_array_size(json_object_get(cell, "fields"));
        const bool larger =
            !best || vly_report_number(cell, "current_ma_cm2") > vly_report_number(best, "current_ma_cm2");
        if (vly_report_number(cell, "cutout") > 1.0 || states < most || (states == most && !larger)) continue;
        best = cell;
        most = states;
    }
    return best;
}

static vly_status draw_profile(vly_text *svg, const vly_plot *plot, const json_t *fields, const char *key)
{
    vly_status status = VLY_OK;
    for (size_t i = 0; i < json_array_size(fields) && status == VLY_OK; i++) {
        const json_t *profile = json_object_get(json_array_get(fields, i), "profile");
        vly_report_series s;
        status = vly_report_series_take(&s, json_object_get(profile, "depth_um"), json_object_get(profile, key));
        if (status == VLY_OK) vly_svg_line(svg, plot, s.x, s.y, s.count, vly_report_colours[i % VLY_REPORT_COLOURS]);
        if (status == VLY_OK) vly_free(s.x);
    }
    return status;
}

static vly_status fit_axes(vly_plot *plot, const json_t *fields, const char *key)
{
    for (size_t i = 0; i < json_array_size(fields); i++) {
        const json_t *profile = json_object_get(json_array_get(fields, i), "profile");
        vly_report_series s;
        VLY_TRY(vly_report_series_take(&s, json_object_get(profile, "depth_um"), json_object_get(profile, key)));
        for (int32_t k = 0; k < s.count; k++)
            if (!isfinite(s.y[k])) s.x[k] = NAN; /* no such unknown in that layer */
        vly_svg_stretch(&plot->x, s.x, s.count);
        vly_svg_stretch(&plot->y, s.y, s.count);
        vly_free(s.x);
    }
    return VLY_OK;
}

static vly_status draw_profiles(vly_text *svg, const json_t *fields)
{
    static const char *const keys[] = {"ce_mol_m3", "x"};
    static const char *const labels[] = {"salt [mol/m³]", "lithium fraction x"};
    char names[VLY_LIST_MOST + 1][32];
    const char *texts[VLY_LIST_MOST + 1], *squares[VLY_LIST_MOST + 1];
    int32_t count = 0;
    vly_svg_open(svg, VLY_SVG_WIDTH, PROFILES_HEIGHT, "Profiles through the cell");
    for (size_t i = 0; i < json_array_size(fields) && count <= VLY_LIST_MOST; i++, count++) {
        snprintf(names[i], sizeof names[i], "%.3g mAh/cm²",
                 vly_report_number(json_array_get(fields, i), "capacity_mah_cm2"));
        texts[i] = names[i];
        squares[i] = vly_report_colours[i % VLY_REPORT_COLOURS];
    }
    vly_svg_legend(svg, LEFT, 10, count, texts, squares);
    for (int p = 0; p < 2; p++) {
        const double left = p * VLY_SVG_WIDTH / 2.0;
        vly_plot plot = {
            {.low = 0,
             .high = 1,
             .at_low = left + LEFT,
             .at_high = left + VLY_SVG_WIDTH / 2.0 - 20,
             .label = "depth from the separator [µm]"},
            {.low = p ? 1 : 0, .high = p ? 0 : 1, .at_low = PROFILES_HEIGHT - 50, .at_high = 44, .label = labels[p]}};
        VLY_TRY(fit_axes(&plot, fields, keys[p]));
        vly_svg_axes(svg, &plot);
        VLY_TRY(draw_profile(svg, &plot, fields, keys[p]));
    }
    vly_svg_close(svg);
    return VLY_OK;
}

static vly_status profiles_figure(vly_report *report, const vly_report_sample *sample, const vly_report_method *method,
                                  const json_t *cell)
{
    vly_text svg = {0};
    char caption[240];
    snprintf(caption, sizeof caption,
             "Means over layers at %g mA/cm²: salt in separator (left of 0) and electrode, and lithium in the active "
             "material.",
             vly_report_number(cell, "current_ma_cm2"));
    vly_status status = draw_profiles(&svg, json_object_get(cell, "fields"));
    if (status == VLY_OK) status = end_figure(report, sample, method, "lithiate-profiles", &svg, caption, false);
    vly_text_free(&svg);
    return status;
}

/* ---- sections ---- */

typedef struct range {
    double low, high;
} range;

static range range_of(const json_t *fields, const char *key)
{
    range r = {INFINITY, -INFINITY};
    for (size_t i = 0; i < json_array_size(fields); i++) {
        const json_t *values = json_object_get(json_object_get(json_array_get(fields, i), "section"), key);
        for (size_t k = 0; k < json_array_size(values); k++) {
            const double value = vly_report_number(json_array_get(values, k), NULL);
            if (!isfinite(value)) continue;
            r.low = fmin(r.low, value);
            r.high = fmax(r.high, value);
        }
    }
    return r;
}

static vly_status draw_sections(vly_text *svg, const json_t *fields, const range ranges[2])
{
    static const char *const keys[] = {"ce_mol_m3", "x"};
    static const char *const titles[] = {"salt", "lithium"};
    const size_t all = json_array_size(fields), count = all < PICTURES_MOST ? all : PICTURES_MOST;
    const json_t *first = json_object_get(json_array_get(fields, 0), "section");
    const double aspect = vly_report_number(first, "depth") / vly_report_number(first, "width");
    const double room = (VLY_SVG_WIDTH - LEFT - 20.0) / (double)count - GAP;
    const double width = fmin(fmin(150, room), 320 / aspect), height = width * aspect;
    vly_svg_open(svg, VLY_SVG_WIDTH, 2 * (height + 30) + 10, "Sections through the electrode");
    for (int row = 0; row < 2; row++) {
        const double y = 26 + row * (height + 30);
        vly_svg_text(svg, 8, y + height / 2, &(vly_svg_style){.size = 12, .bold = true}, titles[row]);
        for (size_t i = 0; i < count; i++) {
            const json_t *state = json_array_get(fields, all - count + i);
            const double x = LEFT + (double)i * (fmax(width, 96) + GAP); /* room for the title over a narrow picture */
            char name[40];
            snprintf(name, sizeof name, "%.3g mAh/cm²", vly_report_number(state, "capacity_mah_cm2"));
            if (row == 0) vly_svg_text(svg, x, 16, &(vly_svg_style){.size = 11.5}, name);
            VLY_TRY(vly_report_section(svg, x, y, width, height, json_object_get(state, "section"), keys[row],
                                       ranges[row].low, ranges[row].high));
        }
    }
    vly_svg_close(svg);
    return VLY_OK;
}

static vly_status sections_figure(vly_report *report, const vly_report_sample *sample, const vly_report_method *method,
                                  const json_t *cell)
{
    const json_t *fields = json_object_get(cell, "fields");
    const range ranges[2] = {range_of(fields, "ce_mol_m3"), range_of(fields, "x")};
    vly_text svg = {0};
    char caption[300];
    if (!isfinite(ranges[0].low) || !isfinite(ranges[1].low)) return VLY_OK;
    snprintf(caption, sizeof caption,
             "Sections at %g mA/cm², separator at the top. Salt from %.0f (dark) to %.0f mol/m³ (light), lithium "
             "fraction of the active material from %.3f (dark) to %.3f (light).",
             vly_report_number(cell, "current_ma_cm2"), ranges[0].low, ranges[0].high, ranges[1].low, ranges[1].high);
    vly_status status = draw_sections(&svg, fields, ranges);
    if (status == VLY_OK) status = end_figure(report, sample, method, "lithiate-sections", &svg, caption, true);
    vly_text_free(&svg);
    return status;
}

/* ---- the table ---- */

static void row(vly_text *to, const char *name, const json_t *cell)
{
    const char *stop = vly_report_string(cell, "stop_reason"), *failure = vly_report_string(cell, "failure");
    vly_html_add(to,
                 "<tr><th>%s</th><td class=\"n\">%d</td><td class=\"n\">%.4g</td><td class=\"n\">%.4f</td>"
                 "<td class=\"n\">%.4f</td><td>%s</td><td class=\"n\">%d</td><td class=\"n\">%.1f</td></tr>\n",
                 name, (int)vly_report_number(cell, "cutout"), vly_report_number(cell, "current_ma_cm2"),
                 vly_report_number(cell, "capacity_mah_cm2"), vly_report_number(cell, "voltage_start_v"),
                 failure ? failure : stop, (int)vly_report_number(cell, "steps"),
                 vly_report_number(cell, "linear_iterations") / vly_report_number(cell, "newton_iterations"));
}

static void table(vly_text *to, const vly_report_sample *sample)
{
    vly_html_add(to,
                 "<div class=\"wide\"><table><thead><tr><th>Trinarisation</th><th class=\"n\">Cut-out</th>"
                 "<th class=\"n\">mA/cm²</th><th class=\"n\">mAh/cm²</th><th class=\"n\">V at 0+</th><th>Stopped</th>"
                 "<th class=\"n\">Steps</th><th class=\"n\">Krylov/Newton</th></tr></thead><tbody>\n");
    for (int32_t m = 0; m < sample->count; m++)
        for (size_t i = 0; i < json_array_size(sample->methods[m].cells); i++)
            row(to, vly_report_title(sample->methods[m].name), json_array_get(sample->methods[m].cells, i));
    vly_html_add(to, "</tbody></table></div>\n");
}

static void introduce(vly_text *to, const json_t *cell)
{
    const json_t *outlook = json_object_get(cell, "outlook"), *geometry = json_object_get(cell, "geometry");
    const char *estimator = vly_report_string(json_object_get(geometry, "reaction"), "estimator");
    vly_html_add(
        to,
        "<p>Half cells against lithium, resolved voxel by voxel, with γ = %.4g of the CBD (τ = %.4g, 1/τ = %.4g); "
        "faces count %s for the reaction. In theory %.4g mAh/cm² fit; the separator’s limiting current is about "
        "%.3g mA/cm².</p>\n",
        vly_report_number(cell, "gamma_cbd"), vly_report_number(cell, "tau_cbd"),
        vly_report_number(cell, "inverse_tau_cbd"),
        estimator && strcmp(estimator, "normal") == 0 ? "by the smoothed surface’s normal"
        : estimator && strcmp(estimator, "raw") == 0  ? "as squares"
                                                      : "as scaled squares",
        vly_report_number(outlook, "theory_mah_cm2"), vly_report_number(outlook, "limiting_ma_cm2"));
}

/* A file that cannot be read leaves a note, not a hole. */
static vly_status read_experiment(vly_report *report, const vly_report_sample *sample, vly_experiment *e)
{
    const char *path = sample->sample->settings.experiment;
    *e = (vly_experiment){.count = 0};
    if (!*path) return VLY_OK;
    vly_status status = vly_experiment_read(e, path);
    if (!vly_report_tolerable(status)) return status;
    vly_html_add(&report->notes, "<li>Not shown: %s</li>\n", vly_error_message());
    return VLY_OK;
}

static vly_status one_sample(vly_report *report, const vly_report_sample *sample)
{
    vly_experiment e;
    const json_t *any = NULL;
    int32_t shown = 0;
    for (int32_t m = 0; m < sample->count && !any; m++) any = json_array_get(sample->methods[m].cells, 0);
    if (!any) return VLY_OK;
    vly_report_heading(report, sample);
    introduce(&report->page, any);
    table(&report->page, sample);
    vly_status status = read_experiment(report, sample, &e);
    for (int32_t m = 0; m < sample->count && status == VLY_OK; m++) {
        const vly_report_method *method = &sample->methods[m];
        if (!method->cells) continue;
        status = curves_figure(report, sample, method, &e);
        const json_t *cell = ++shown > DETAILED_MOST ? NULL : deepest(method);
        if (status == VLY_OK && cell) status = profiles_figure(report, sample, method, cell);
        if (status == VLY_OK && cell) status = sections_figure(report, sample, method, cell);
    }
    vly_experiment_free(&e);
    return status;
}

/* ---- the numbers behind the figures ---- */

static void add_lead(vly_text *csv, const vly_report_sample *sample, const vly_report_method *method,
                     const json_t *cell)
{
    vly_text_add(csv, "%s,%s", sample->sample->name, method->name);
    vly_report_cell(csv, vly_report_number(cell, "cutout"));
    vly_report_cell(csv, vly_report_number(cell, "current_ma_cm2"));
}

static void add_curve(vly_text *csv, const vly_report_sample *sample, const vly_report_method *method,
                      const json_t *cell)
{
    const json_t *curve = json_object_get(cell, "curve"), *capacity = json_object_get(curve, "capacity_mah_cm2");
    for (size_t i = 0; i < json_array_size(capacity); i++) {
        add_lead(csv, sample, method, cell);
        vly_report_cell(csv, vly_report_number(json_array_get(capacity, i), NULL));
        vly_report_cell(csv, vly_report_number(json_array_get(json_object_get(curve, "voltage_v"), i), NULL));
        vly_text_add(csv, "\n");
    }
}

static void add_profiles(vly_text *csv, const vly_report_sample *sample, const vly_report_method *method,
                         const json_t *cell)
{
    const json_t *fields = json_object_get(cell, "fields");
    for (size_t k = 0; k < json_array_size(fields); k++) {
        const json_t *state = json_array_get(fields, k), *profile = json_object_get(state, "profile");
        const json_t *depth = json_object_get(profile, "depth_um");
        for (size_t i = 0; i < json_array_size(depth); i++) {
            add_lead(csv, sample, method, cell);
            vly_report_cell(csv, vly_report_number(state, "capacity_mah_cm2"));
            vly_report_cell(csv, vly_report_number(json_array_get(depth, i), NULL));
            vly_report_cell(csv, vly_report_number(json_array_get(json_object_get(profile, "ce_mol_m3"), i), NULL));
            vly_report_cell(csv, vly_report_number(json_array_get(json_object_get(profile, "x"), i), NULL));
            vly_text_add(csv, "\n");
        }
    }
}

static vly_status write_data(const vly_report *report, const char *name, const char *header,
                             void (*add)(vly_text *, const vly_report_sample *, const vly_report_method *,
                                         const json_t *))
{
    vly_text csv = {0};
    vly_text_add(&csv, "sample,trinarisation,cutout,current_ma_cm2,%s\n", header);
    for (int32_t s = 0; s < report->count; s++)
        for (int32_t m = 0; m < report->samples[s].count; m++) {
            const vly_report_method *method = &report->samples[s].methods[m];
            for (size_t i = 0; i < json_array_size(method->cells); i++)
                add(&csv, &report->samples[s], method, json_array_get(method->cells, i));
        }
    vly_status status = vly_report_data(report, name, &csv);
    vly_text_free(&csv);
    return status;
}

vly_status vly_report_lithiate(vly_report *report)
{
    bool any = false;
    for (int32_t s = 0; s < report->count; s++)
        for (int32_t m = 0; m < report->samples[s].count; m++) any |= report->samples[s].methods[m].cells != NULL;
    if (!any) return VLY_OK;
    VLY_TRY(write_data(report, "lithiate", "capacity_mah_cm2,voltage_v", add_curve));
    VLY_TRY(write_data(report, "lithiate-profiles", "state_mah_cm2,depth_um,ce_mol_m3,x", add_profiles));
    for (int32_t i = 0; i < report->count; i++) VLY_TRY(one_sample(report, &report->samples[i]));
    return report->page.status;
}
