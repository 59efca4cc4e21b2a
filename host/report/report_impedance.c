/* Impedance of symmetric cells (the paper's Figure S6, of the cell in its Figure 5 b): Nyquist and Bode plots of all
 * trinarisations, and the ionic resistances that they show. */
#include "report/report_impl.h"
#include "report/svg.h"

#include "core/memory.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LEFT = 66, SIDE = 360, HALF = 150, RIGHT = 540 };

static const double DEGREES = 57.295779513082323; /* 180 / pi */

typedef struct spectrum {
    double *frequency, *re, *im; /* (count) Hz, ohm cm2, from the highest frequency down */
    int32_t count;
    const char *colour, *dashes;
} spectrum;

typedef struct spectra {
    spectrum *at; /* (count) */
    int32_t count;
    double resistance; /* the largest of low frequencies, ohm cm2 */
} spectra;

static bool shown(const vly_report_method *method)
{
    return method->impedance != NULL;
}

/* ---- numbers ---- */

static vly_status gather(spectra *out, const vly_report *report)
{
    *out = (spectra){.count = 0};
    VLY_TRY(VLY_NEW(&out->at, (int64_t)report->count * VLY_TRINARISATIONS, "spectra"));
    for (int32_t s = 0; s < report->count; s++)
        for (int32_t m = 0; m < report->samples[s].count; m++) {
            const vly_report_method *method = &report->samples[s].methods[m];
            const json_t *points = json_object_get(method->impedance, "spectrum");
            spectrum *one = &out->at[out->count];
            int32_t counts[3];
            if (!points) continue;
            one->frequency = vly_report_numbers(points, "frequency_hz", &counts[0]);
            one->re = vly_report_numbers(points, "z_re_ohm_cm2", &counts[1]);
            one->im = vly_report_numbers(points, "z_im_ohm_cm2", &counts[2]);
            one->count = counts[0] < counts[1] ? counts[0] : counts[1];
            if (counts[2] < one->count) one->count = counts[2];
            one->colour = vly_report_method_colour(method->name);
            one->dashes = vly_report_sample_dashes(report, s);
            out->resistance = fmax(out->resistance, vly_report_number(method->impedance, "r_lf_ohm_cm2"));
            out->count++;
        }
    return VLY_OK;
}

static void release(spectra *all)
{
    for (int32_t i = 0; i < all->count; i++) {
        vly_free(all->at[i].frequency);
        vly_free(all->at[i].re);
        vly_free(all->at[i].im);
    }
    vly_free(all->at);
}

/* ---- the figure ---- */

/* Up to where the branch of low frequencies, which rises without end, is as high as `most`. */
static vly_status draw_below(vly_text *svg, const vly_plot *plot, const spectrum *s, double most)
{
    double *x, *y;
    int32_t count = 0;
    VLY_TRY(VLY_NEW(&x, 2 * (int64_t)s->count + 2, "spectrum"));
    y = x + s->count + 1;
    for (int32_t k = 0; k < s->count; k++) {
        const bool above = -s->im[k] > most;
        const double part = above && k > 0 ? (most + s->im[k - 1]) / (s->im[k - 1] - s->im[k]) : 1;
        x[count] = k > 0 ? s->re[k - 1] + part * (s->re[k] - s->re[k - 1]) : s->re[k];
        y[count++] = above ? most : -s->im[k];
        if (above) break;
    }
    vly_svg_dashes(svg, plot, x, y, count, s->colour, s->dashes);
    vly_free(x);
    return VLY_OK;
}

/* Both axes to one scale. */
static vly_status draw_nyquist(vly_text *svg, const spectra *all, double top)
{
    const double most = 1.12 * all->resistance;
    const vly_plot plot = {{.low = 0, .high = most, .at_low = LEFT, .at_high = LEFT + SIDE, .label = "Re Z [Ω cm²]"},
                           {.low = 0, .high = most, .at_low = top + SIDE, .at_high = top, .label = "−Im Z [Ω cm²]"}};
    vly_svg_axes(svg, &plot);
    for (int32_t i = 0; i < all->count; i++) VLY_TRY(draw_below(svg, &plot, &all->at[i], most));
    return VLY_OK;
}

static vly_status draw_bode(vly_text *svg, const spectra *all, double top, bool phase)
{
    vly_plot plot = {{.low = INFINITY,
                      .high = 0,
                      .at_low = RIGHT,
                      .at_high = VLY_SVG_WIDTH - 20,
                      .log = true,
                      .label = phase ? "frequency [Hz]" : ""},
                     {.low = phase ? 0 : INFINITY,
                      .high = phase ? 90 : 0,
                      .at_low = top + HALF,
                      .at_high = top,
                      .log = !phase,
                      .label = phase ? "−phase [°]" : "|Z| [Ω cm²]"}};
    for (int32_t i = 0; i < all->count; i++)
        for (int32_t k = 0; k < all->at[i].count; k++) {
            const double size = hypot(all->at[i].re[k], all->at[i].im[k]);
            plot.x.low = fmin(plot.x.low, all->at[i].frequency[k]);
            plot.x.high = fmax(plot.x.high, all->at[i].frequency[k]);
            if (phase || !(size > 0)) continue;
            plot.y.low = fmin(plot.y.low, size);
            plot.y.high = fmax(plot.y.high, size);
        }
    if (!phase) {
        plot.y.low = pow(10, floor(log10(plot.y.low)));
        plot.y.high = pow(10, ceil(log10(plot.y.high)));
    }
    vly_svg_axes(svg, &plot);
    for (int32_t i = 0; i < all->count; i++) {
        const spectrum *s = &all->at[i];
        double *y;
        VLY_TRY(VLY_NEW(&y, s->count, "spectrum"));
        for (int32_t k = 0; k < s->count; k++)
            y[k] = phase ? DEGREES * atan2(-s->im[k], s->re[k]) : hypot(s->re[k], s->im[k]);
        vly_svg_dashes(svg, &plot, s->frequency, y, s->count, s->colour, s->dashes);
        vly_free(y);
    }
    return VLY_OK;
}

static vly_status draw(vly_text *svg, const vly_report *report, const spectra *all)
{
    const double top = vly_report_keys(NULL, report, LEFT, shown) + 10;
    vly_svg_open(svg, VLY_SVG_WIDTH, top + SIDE + 50, "Impedance of symmetric cells");
    vly_report_keys(svg, report, LEFT, shown);
    VLY_TRY(draw_nyquist(svg, all, top));
    VLY_TRY(draw_bode(svg, all, top, false));
    VLY_TRY(draw_bode(svg, all, top + SIDE - HALF, true));
    vly_svg_close(svg);
    return svg->status;
}

static vly_status write_data(const vly_report *report)
{
    vly_text csv = {0};
    vly_text_add(&csv, "sample,trinarisation,frequency_hz,z_re_ohm_cm2,z_im_ohm_cm2\n");
    for (int32_t s = 0; s < report->count; s++)
        for (int32_t m = 0; m < report->samples[s].count; m++) {
            const vly_report_method *method = &report->samples[s].methods[m];
            const json_t *points = json_object_get(method->impedance, "spectrum");
            const json_t *const columns[] = {json_object_get(points, "frequency_hz"),
                                             json_object_get(points, "z_re_ohm_cm2"),
                                             json_object_get(points, "z_im_ohm_cm2")};
            for (size_t i = 0; i < json_array_size(columns[0]); i++) {
                vly_text_add(&csv, "%s,%s", report->samples[s].sample->name, method->name);
                for (int c = 0; c < 3; c++)
                    vly_report_cell(&csv, vly_report_number(json_array_get(columns[c], i), NULL));
                vly_text_add(&csv, "\n");
            }
        }
    vly_status status = vly_report_data(report, "impedance", &csv);
    vly_text_free(&csv);
    return status;
}

/* ---- the table ---- */

/* tau along the thickness by transport, where that had the CBD conduct as it does here; else NaN. */
static double tau_by_transport(const vly_report_sample *sample, const vly_report_method *method)
{
    static const char *const axes[] = {"x", "y", "z"};
    const json_t *conduct = json_object_get(method->transport, "conduct");
    const double gamma = vly_report_number(method->impedance, "gamma_cbd");
    const bool same = vly_report_number(conduct, "pore") == 1 && vly_report_number(conduct, "am") == 0 &&
                      fabs(vly_report_number(conduct, "cbd") - gamma) < 1e-12;
    const char *axis = axes[sample->sample->settings.through];
    if (!same) return NAN;
    return vly_report_number(json_object_get(json_object_get(method->transport, "directions"), axis),
                             "tau_electrolyte");
}

static void number_cell(vly_text *to, double value, int decimals)
{
    if (isfinite(value))
        vly_html_add(to, "<td class=\"n\">%.*f</td>", decimals, value);
    else
        vly_html_add(to, "<td class=\"n\">–</td>");
}

static void table(vly_report *report)
{
    static const char *const keys[] = {"r_hf_ohm_cm2",  "r_lf_ohm_cm2",       "r_ion_ohm_cm2",
                                       "tau_electrode", "r_ion_line_ohm_cm2", "tau_electrode_line"};
    vly_text *to = &report->page;
    vly_html_add(to, "<div class=\"wide\"><table class=\"dense\"><thead><tr>");
    if (report->count > 1) vly_html_add(to, "<th>Sample</th>");
    vly_html_add(to,
                 "<th>Trinarisation</th><th class=\"n\">R<sub>HF</sub></th><th class=\"n\">R<sub>LF</sub></th>"
                 "<th class=\"n\">R<sub>ion</sub>, limit</th><th class=\"n\">τ</th><th class=\"n\">R<sub>ion</sub>, "
                 "line</th><th class=\"n\">τ</th><th class=\"n\">τ by transport</th></tr></thead><tbody>\n");
    for (int32_t s = 0; s < report->count; s++)
        for (int32_t m = 0; m < report->samples[s].count; m++) {
            const vly_report_method *method = &report->samples[s].methods[m];
            if (!method->impedance) continue;
            vly_html_add(to, "<tr>");
            if (report->count > 1) vly_html_add(to, "<td>%s</td>", report->samples[s].sample->name);
            vly_html_add(to, "<th>%s</th>", vly_report_title(method->name));
            for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
                number_cell(to, vly_report_number(method->impedance, keys[k]), *keys[k] == 'r' ? 1 : 2);
            number_cell(to, tau_by_transport(&report->samples[s], method), 2);
            vly_html_add(to, "</tr>\n");
        }
    vly_html_add(to,
                 "</tbody></table></div>\n<p>Resistances in Ω cm² of the cross-section: R<sub>HF</sub> and "
                 "R<sub>LF</sub> of the whole cell at high and low frequencies, R<sub>ion</sub> of one electrode. By "
                 "the limit it is 3/2 (R<sub>LF</sub> − R<sub>HF</sub>), by the line that of the transmission line "
                 "which comes closest; τ = ε κ R<sub>ion</sub> / L. They differ where the double layer is not spread "
                 "evenly over the depth.</p>\n");
}

vly_status vly_report_impedance(vly_report *report)
{
    spectra all;
    vly_text svg = {0};
    vly_status status = gather(&all, report);
    if (status != VLY_OK || all.count == 0) goto out;
    if ((status = draw(&svg, report, &all)) != VLY_OK) goto out;
    if ((status = vly_report_figure(report, NULL, "impedance", &svg)) != VLY_OK) goto out;
    if ((status = write_data(report)) != VLY_OK) goto out;
    vly_html_add(
        &report->page,
        "Impedance of symmetric cells, two mirrored electrodes with a separator between them and an electrolyte "
        "that does not react (the paper’s Figure S6 and the cell of its Figure 5 b). Left: Nyquist plot, both "
        "axes to one scale, from high frequencies (left) to low ones, where it leaves at the top; right: Bode "
        "plots.");
    if (report->count == 2)
        vly_html_add(&report->page, " Dashed: %s, solid: %s.", report->samples[0].sample->name,
                     report->samples[1].sample->name);
    vly_report_caption_end(report, "", "figures/impedance.csv");
    table(report);
    status = report->page.status;
out:
    vly_text_free(&svg);
    release(&all);
    return status;
}
