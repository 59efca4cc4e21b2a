/* The paper's Table 2: scalar descriptors, a column per trinarisation, a row per sample. */
#include "report/report_impl.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *group, *key, *symbol, *index, *unit;
    int decimals;
} rows[] = {
    {"am", "surface_per_um", "S", "AM", "µm⁻¹", 3},
    {"cbd", "surface_per_um", "S", "CBD", "µm⁻¹", 3},
    {"pore", "surface_per_um", "S", "P", "µm⁻¹", 3},
    {NULL, "s_int_per_um", "S", "Int", "µm⁻¹", 3},
    {"am", "r_min_um", "r", "min,AM", "µm", 2},
    {"cbd", "r_min_um", "r", "min,CBD", "µm", 2},
    {"pore", "r_min_um", "r", "min,P", "µm", 2},
    {"am", "r_max_um", "r", "max,AM", "µm", 2},
    {"cbd", "r_max_um", "r", "max,CBD", "µm", 2},
    {"pore", "r_max_um", "r", "max,P", "µm", 2},
    {"am", "constrictivity", "β", "AM", "", 2},
    {"cbd", "constrictivity", "β", "CBD", "", 2},
    {"pore", "constrictivity", "β", "P", "", 2},
    {"am", "geodesic_tortuosity.mean", "τ", "geo,AM", "", 3},
    {"cbd", "geodesic_tortuosity.mean", "τ", "geo,CBD", "", 3},
    {"pore", "geodesic_tortuosity.mean", "τ", "geo,P", "", 3},
};

enum { ROWS = sizeof rows / sizeof *rows };

static const json_t *group_of(const json_t *document, const char *phase)
{
    return phase ? json_object_get(json_object_get(document, "phases"), phase)
                 : json_object_get(document, "interfaces");
}

/* "a.b" is b in a. */
static double value_of(const json_t *group, const char *key)
{
    char first[64];
    const char *dot = strchr(key, '.');
    if (!dot) return vly_report_number(group, key);
    memcpy(first, key, (size_t)(dot - key));
    first[dot - key] = 0;
    return vly_report_number(json_object_get(group, first), dot + 1);
}

static void cell(vly_text *to, const json_t *document, size_t row)
{
    const json_t *group = group_of(document, rows[row].group);
    const json_t *spread = json_object_get(json_object_get(group, "spread"), rows[row].key);
    const double value = value_of(group, rows[row].key);
    const char *flag = vly_report_string(json_object_get(group, "flags"), rows[row].key);
    vly_html_add(to, "<td class=\"n\">");
    if (isnan(value))
        vly_html_add(to, "–");
    else
        vly_html_add(to, "%.*f%s", rows[row].decimals, value, flag ? "†" : "");
    if (spread)
        vly_html_add(to, "<br/><small>%.*f–%.*f</small>", rows[row].decimals, vly_report_number(spread, "min"),
                     rows[row].decimals, vly_report_number(spread, "max"));
    vly_html_add(to, "</td>");
}

/* Column k of the table, as the paper has them: those of the network first. NULL: no sample has this one. */
static const char *column(const vly_report *report, int k)
{
    const int m = k < VLY_METHODS ? (k + VLY_METHOD_NN) % VLY_METHODS : k;
    for (int32_t s = 0; s < report->count; s++)
        for (int32_t i = 0; i < report->samples[s].count; i++)
            if (report->samples[s].methods[i].describe &&
                strcmp(report->samples[s].methods[i].name, vly_method_name((vly_method)m)) == 0)
                return report->samples[s].methods[i].name;
    return NULL;
}

static const json_t *described(const vly_report_sample *sample, const char *method)
{
    for (int32_t i = 0; i < sample->count; i++)
        if (strcmp(sample->methods[i].name, method) == 0) return sample->methods[i].describe;
    return NULL;
}

static void table_row(vly_report *report, size_t row, const vly_report_sample *sample)
{
    vly_text *to = &report->page;
    vly_html_add(to, "<tr><th><i>%s</i><sub>%s</sub>%s%s%s</th>", rows[row].symbol, rows[row].index,
                 *rows[row].unit ? " [" : "", rows[row].unit, *rows[row].unit ? "]" : "");
    if (report->count > 1) vly_html_add(to, "<td>%s</td>", sample->sample->name);
    for (int k = 0; k < VLY_TRINARISATIONS; k++)
        if (column(report, k)) cell(to, described(sample, column(report, k)), row);
    vly_html_add(to, "</tr>\n");
}

static bool row_exists(const vly_report *report, size_t row)
{
    for (int32_t s = 0; s < report->count; s++)
        for (int32_t i = 0; i < report->samples[s].count; i++) {
            const json_t *group = group_of(report->samples[s].methods[i].describe, rows[row].group);
            char first[64];
            size_t length = strcspn(rows[row].key, ".");
            memcpy(first, rows[row].key, length);
            first[length] = 0;
            if (json_object_get(group, first)) return true;
        }
    return false;
}

static size_t most_cutouts(const vly_report *report)
{
    size_t most = 0;
    for (int32_t s = 0; s < report->count; s++)
        for (int32_t i = 0; i < report->samples[s].count; i++) {
            size_t count = json_array_size(json_object_get(report->samples[s].methods[i].describe, "cutouts"));
            if (count > most) most = count;
        }
    return most;
}

vly_status vly_report_descriptors(vly_report *report)
{
    vly_text *to = &report->page;
    const size_t cutouts = most_cutouts(report);
    if (cutouts == 0) return VLY_OK;
    vly_html_add(to, "<div class=\"wide bleed\"><table class=\"dense\"><thead><tr><th>Descriptor</th>");
    if (report->count > 1) vly_html_add(to, "<th>Sample</th>");
    for (int k = 0; k < VLY_TRINARISATIONS; k++)
        if (column(report, k)) vly_html_add(to, "<th class=\"n\">%s</th>", vly_report_title(column(report, k)));
    vly_html_add(to, "</tr></thead><tbody>\n");
    for (size_t row = 0; row < ROWS; row++)
        for (int32_t s = 0; s < report->count && row_exists(report, row); s++)
            table_row(report, row, &report->samples[s]);
    vly_html_add(to, "</tbody></table></div>\n<p>The paper’s Table 2, with the constrictivity β = "
                     "(r<sub>min</sub>/r<sub>max</sub>)² and the mean geodesic tortuosity below it. S is surface "
                     "area per volume, S<sub>Int</sub> that of active material to pore and half of that to CBD; "
                     "r<sub>max</sub> the median of the continuous phase size distribution, r<sub>min</sub> that of "
                     "the simulated mercury intrusion from the separator. ");
    if (cutouts > 1)
        vly_html_add(to,
                     "Each number is the mean over %d cut-outs, the smaller ones below it their least and "
                     "largest. ",
                     (int)cutouts);
    vly_html_add(to, "† features under two voxels, or a phase that does not reach the inlet: take it as an order of "
                     "magnitude. – no value; the document says why. <span class=\"data\">Data: ");
    vly_report_link(report, "", "summary.csv");
    vly_html_add(to, "</span></p>\n");
    return to->status;
}
