/* What a reader in a hurry must know, in the first lines of the page: how much there is, whether the targets are met, how far the
 * trinarisations agree, and what that does to capacities and to gamma. */
#include "report/report_impl.h"

#include <math.h>

static const char *plural(int64_t count)
{
    return count == 1 ? "" : "s";
}

/* ---- trinarisations ---- */

static int32_t count_trinarisations(const vly_report *report)
{
    int32_t count = 0;
    for (int32_t s = 0; s < report->count; s++) count += report->samples[s].count;
    return count;
}

/* Voxels a phase is off its target, at most; NaN without targets. */
static double farthest_off(const vly_report *report)
{
    double off = NAN;
    for (int32_t s = 0; s < report->count; s++)
        for (int32_t m = 0; m < report->samples[s].count; m++)
            off = fmax(off, vly_report_off(report->samples[s].methods[m].result));
    return off;
}

/* Least fraction of equal voxels over all pairs; NaN if nothing was compared. */
static double least_agreement(const vly_report *report)
{
    double least = NAN;
    for (int32_t s = 0; s < report->count; s++) {
        const json_t *equal = json_object_get(report->samples[s].compare, "equal");
        for (size_t i = 0; i < json_array_size(equal); i++)
            for (size_t j = 0; j < i; j++)
                least = fmin(least, vly_report_number(json_array_get(json_array_get(equal, i), j), NULL));
    }
    return least;
}

static void say_voxels(const vly_report *report, vly_text *to)
{
    const double off = farthest_off(report), least = least_agreement(report);
    const bool several = count_trinarisations(report) > 2;
    if (off == 0)
        vly_html_add(to, "<b>All volume fractions meet their targets to the voxel.</b> ");
    else if (off > 0)
        vly_html_add(to, "<b>Volume fractions are off their targets by up to %lld voxel%s.</b> ", (long long)off,
                     plural((int64_t)off));
    else
        vly_html_add(to, "There were no targets to meet. ");
    if (!isnan(least))
        vly_html_add(to, "%s agree in %.1f %% of the voxels%s. ",
                     several ? "Any two trinarisations of a sample" : "The two trinarisations", 100 * least,
                     several ? " or more" : "");
}

/* ---- half cells ---- */

/* The least and the largest of some numbers, and whose they are. */
typedef struct extremes {
    double low, high;
    const vly_report_method *lowest, *highest;
    int32_t count;
} extremes;

static void take(extremes *e, double value, const vly_report_method *method)
{
    if (!isfinite(value)) return;
    if (e->count == 0 || value < e->low) e->low = value, e->lowest = method;
    if (e->count == 0 || value > e->high) e->high = value, e->highest = method;
    e->count++;
}

/* Of curves that no guard stopped; NaN where there is none. */
static double capacity_of(const json_t *cell)
{
    return vly_report_string(cell, "failure") ? NAN : vly_report_number(cell, "capacity_mah_cm2");
}

static double largest_current(const vly_report *report)
{
    double largest = NAN;
    for (int32_t s = 0; s < report->count; s++)
        for (int32_t m = 0; m < report->samples[s].count; m++) {
            const json_t *cells = report->samples[s].methods[m].cells;
            for (size_t i = 0; i < json_array_size(cells); i++)
                if (isfinite(capacity_of(json_array_get(cells, i))))
                    largest = fmax(largest, vly_report_number(json_array_get(cells, i), "current_ma_cm2"));
        }
    return largest;
}

/* mAh/cm2 at that current, a trinarisation's the mean over its cut-outs. */
static extremes capacities(const vly_report_sample *sample, double current)
{
    extremes e = {.count = 0};
    for (int32_t m = 0; m < sample->count; m++) {
        const json_t *cells = sample->methods[m].cells;
        double sum = 0.0, count = 0.0;
        for (size_t i = 0; i < json_array_size(cells); i++) {
            const json_t *cell = json_array_get(cells, i);
            const double capacity = capacity_of(cell);
            if (!isfinite(capacity) || vly_report_number(cell, "current_ma_cm2") != current) continue;
            sum += capacity;
            count += 1.0;
        }
        take(&e, sum / count, &sample->methods[m]);
    }
    return e;
}

static void say_capacities(const vly_report *report, vly_text *to)
{
    const double current = largest_current(report);
    int32_t said = 0;
    for (int32_t s = 0; s < report->count; s++) {
        const vly_report_sample *sample = &report->samples[s];
        const extremes e = capacities(sample, current);
        if (e.count == 0) continue;
        if (said == 0)
            vly_html_add(to, "At %.4g mA/cm² the half cells ", current);
        else
            vly_html_add(to, "; those ");
        if (report->count > 1) vly_html_add(to, "of %s ", sample->sample->name);
        if (said++ == 0) vly_html_add(to, "take ");
        if (e.count == 1)
            vly_html_add(to, "%.3g mAh/cm² (%s)", e.low, vly_report_title(e.lowest->name));
        else
            vly_html_add(to, "%.3g (%s) to %.3g mAh/cm² (%s) over %d trinarisations", e.low,
                         vly_report_title(e.lowest->name), e.high, vly_report_title(e.highest->name), e.count);
    }
    if (said > 0) vly_html_add(to, ". ");
}

/* ---- gamma ---- */

/* Of a fit that knows it; NaN. */
static double gamma_of(const json_t *fit)
{
    return json_is_true(json_object_get(fit, "identifiable")) ? vly_report_number(fit, "gamma") : NAN;
}

static void say_gamma(vly_text *to, const vly_report_method *method)
{
    const json_t *interval = json_object_get(method->fit, "interval");
    vly_html_add(to, "%.3g (%.3g–%.3g, %s)", vly_report_number(method->fit, "gamma"),
                 vly_report_number(json_array_get(interval, 0), NULL),
                 vly_report_number(json_array_get(interval, 1), NULL), vly_report_title(method->name));
}

static void say_fits_of(const vly_report *report, const vly_report_sample *sample, vly_text *to)
{
    extremes e = {.count = 0};
    int32_t fits = 0;
    for (int32_t m = 0; m < sample->count; m++) {
        if (!sample->methods[m].fit) continue;
        fits++;
        take(&e, gamma_of(sample->methods[m].fit), &sample->methods[m]);
    }
    if (fits == 0) return;
    vly_html_add(to, "Fitted to the measured curve%s%s, ", report->count > 1 ? " of " : "",
                 report->count > 1 ? sample->sample->name : "");
    if (e.count == 0) {
        vly_html_add(to, "γ of the CBD stays unknown: no fit pins it down. ");
        return;
    }
    vly_html_add(to, "γ of the CBD is ");
    say_gamma(to, e.lowest);
    if (e.count > 1) {
        vly_html_add(to, " to ");
        say_gamma(to, e.highest);
        vly_html_add(to, ", with 95 %% intervals of each fit alone");
    }
    if (fits > e.count) vly_html_add(to, "; %d of %d fits do not pin it down", fits - e.count, fits);
    vly_html_add(to, ". ");
}

/* ---- the lines ---- */

void vly_report_verdict(vly_report *report)
{
    vly_text *to = &report->page;
    const int32_t trinarisations = count_trinarisations(report), left = report->study->count - report->count;
    const size_t warnings = vly_report_warnings(report, NULL);
    vly_html_add(to, "<p class=\"sub\">%d trinarisation%s of %d sample%s</p>\n", trinarisations, plural(trinarisations),
                 report->count, plural(report->count));
    vly_html_add(to, "<p class=\"verdict%s\">", farthest_off(report) > 0 || warnings > 0 || left > 0 ? " look" : "");
    say_voxels(report, to);
    say_capacities(report, to);
    for (int32_t s = 0; s < report->count; s++) say_fits_of(report, &report->samples[s], to);
    if (warnings > 0)
        vly_html_add(to, "There %s %d <a href=\"#warnings\">warning%s</a>. ", warnings == 1 ? "is" : "are",
                     (int)warnings, plural((int64_t)warnings));
    if (left > 0) vly_html_add(to, "%d sample%s not computed yet. ", left, left == 1 ? " is" : "s are");
    vly_html_add(to, "</p>\n");
}
