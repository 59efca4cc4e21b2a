/* The paper's Table 1: what the suspensions hold and which sample is coated from which. Below it, what recipe, density and
 * volume fractions together say that the solids weigh: who knows what they do weigh sees whether the three fit. */
#include "report/report_impl.h"

#include "study/job_impl.h"

#include <math.h>
#include <string.h>

/* Between the layer with the least active material and that with the most: how they share the mass is not told. */
typedef struct range {
    double least, most;
} range;

/* ---- what the solids weigh ---- */

/* Of a voxel of CBD; NaN if the settings' parameters cannot be had any more. */
static vly_status inner_porosity(double *out, const vly_settings *settings)
{
    vly_materials *materials;
    vly_status status = vly_settings_materials(&materials, settings);
    if (status == VLY_OK) status = vly_materials_number(out, materials, "cbd_porosity");
    if (status != VLY_OK) *out = NAN;
    vly_materials_free(materials);
    return status == VLY_EMEMORY ? status : VLY_OK;
}

/* Mass per volume of a part of the electrode, g/cm3: it has so much of the mass and this fraction of the volume. */
static range weight(double density, range share, double fraction)
{
    if (!(density > 0.0) || !(fraction > 0.0)) return (range){NAN, NAN};
    return (range){density * share.least / fraction, density * share.most / fraction};
}

/* Of active material, and of CBD without its inner pores; NaN where something for it is not known. */
static vly_status weigh(range *active, range *binder, const vly_report_sample *sample)
{
    const vly_coating *coating = &sample->sample->coating;
    const json_t *target = json_object_get(vly_report_ours(sample), "target");
    range share = {NAN, NAN};
    double porosity;
    VLY_TRY(inner_porosity(&porosity, &sample->sample->settings));
    for (int32_t i = 0; i < coating->count; i++) {
        share.least = fmin(share.least, coating->layers[i]->shares[0] / 100.0);
        share.most = fmax(share.most, coating->layers[i]->shares[0] / 100.0);
    }
    *active = weight(coating->density, share, vly_report_number(target, vly_phase_name(VLY_AM)));
    *binder = weight(coating->density, (range){1.0 - share.most, 1.0 - share.least},
                     vly_report_number(target, vly_phase_name(VLY_CBD)) * (1.0 - porosity));
    return VLY_OK;
}

/* ---- the numbers ---- */

/* At the end of a row: of the electrode, of active material and the solids of the CBD least and most; g/cm3. */
enum { WEIGHTS = 5 };

static void add_quoted(vly_text *csv, const char *text)
{
    vly_text_add(csv, "\"");
    for (; *text; text++) vly_text_add(csv, *text == '"' ? "\"\"" : "%c", *text);
    vly_text_add(csv, "\"");
}

/* layer: from 1 at the collector; 0: no sample has it. */
static void csv_row(vly_text *csv, const char *sample, int32_t layer, const vly_suspension *suspension,
                    const double weights[WEIGHTS])
{
    vly_text_add(csv, "%s", sample);
    vly_report_cell(csv, layer > 0 ? (double)layer : NAN);
    vly_text_add(csv, ",%s", suspension ? suspension->name : "");
    for (int k = 0; k < VLY_SOLIDS; k++) vly_report_cell(csv, suspension ? suspension->shares[k] : NAN);
    vly_text_add(csv, ",");
    if (suspension && suspension->mixer) add_quoted(csv, suspension->mixer);
    for (int k = 0; k < WEIGHTS; k++) vly_report_cell(csv, weights[k]);
    vly_text_add(csv, "\n");
}

/* Suspensions that no sample is coated from. */
static void csv_rest(vly_text *csv, const vly_report *report)
{
    static const double nothing[WEIGHTS] = {NAN, NAN, NAN, NAN, NAN};
    const vly_suspensions *all = &report->study->suspensions;
    for (int32_t i = 0; i < all->count; i++) {
        bool used = false;
        for (int32_t s = 0; s < report->count; s++)
            for (int32_t k = 0; k < report->samples[s].sample->coating.count; k++)
                used |= report->samples[s].sample->coating.layers[k] == &all->at[i];
        if (!used) csv_row(csv, "", 0, &all->at[i], nothing);
    }
}

/* ---- the page ---- */

/* Decimals that the shares need, one at least and three at most: all have as many. */
static int decimals(const vly_suspensions *all)
{
    int most = 1;
    for (int32_t i = 0; i < all->count; i++)
        for (int k = 0; k < VLY_SOLIDS; k++)
            while (most < 3 && fabs(remainder(all->at[i].shares[k], pow(10, -most))) > 1e-6) most++;
    return most;
}

static void recipes(vly_text *to, const vly_suspensions *all)
{
    static const char *const titles[VLY_SOLIDS] = {"Active material", "Carbon black", "Graphite", "Binder"};
    const int digits = decimals(all);
    bool mixed = false;
    vly_html_add(to, "<div class=\"wide\"><table><thead><tr><th>Share of the solids [wt%%]</th>");
    for (int32_t i = 0; i < all->count; i++) vly_html_add(to, "<th class=\"n\">%s</th>", all->at[i].name);
    vly_html_add(to, "</tr></thead><tbody>\n");
    for (int k = 0; k < VLY_SOLIDS; k++) {
        vly_html_add(to, "<tr><th>%s</th>", titles[k]);
        for (int32_t i = 0; i < all->count; i++)
            vly_html_add(to, "<td class=\"n\">%.*f</td>", digits, all->at[i].shares[k]);
        vly_html_add(to, "</tr>\n");
    }
    for (int32_t i = 0; i < all->count; i++) mixed |= all->at[i].mixer != NULL;
    if (mixed) {
        vly_html_add(to, "<tr><th>Mixer</th>");
        for (int32_t i = 0; i < all->count; i++)
            vly_html_add(to, "<td class=\"n\">%s</td>", all->at[i].mixer ? all->at[i].mixer : "–");
        vly_html_add(to, "</tr>\n");
    }
    vly_html_add(to, "</tbody></table></div>\n");
}

static void range_cell(vly_text *to, range r)
{
    vly_html_add(to, "<td class=\"n\">");
    if (!isfinite(r.least) || r.most > 1e6)
        vly_html_add(to, "–");
    else if (r.least == r.most)
        vly_html_add(to, "%.2f", r.least);
    else
        vly_html_add(to, "%.2f to %.2f", r.least, r.most);
    vly_html_add(to, "</td>");
}

static vly_status electrode_row(vly_text *to, vly_text *csv, const vly_report_sample *sample)
{
    const vly_coating *coating = &sample->sample->coating;
    const bool dense = coating->density > 0.0;
    range active, binder;
    VLY_TRY(weigh(&active, &binder, sample));
    const double weights[WEIGHTS] = {dense ? coating->density : NAN, active.least, active.most, binder.least,
                                     binder.most};
    for (int32_t i = 0; i < coating->count; i++) csv_row(csv, sample->sample->name, i + 1, coating->layers[i], weights);
    if (coating->count == 0) csv_row(csv, sample->sample->name, 0, NULL, weights);
    vly_html_add(to, "<tr><th>%s</th><td>", sample->sample->name);
    for (int32_t i = 0; i < coating->count; i++)
        vly_html_add(to, "%s%s", i > 0 ? ", then " : "", coating->layers[i]->name);
    vly_html_add(to, "%s</td>", coating->count > 0 ? "" : "–");
    range_cell(to, (range){weights[0], weights[0]});
    range_cell(to, active);
    range_cell(to, binder);
    vly_html_add(to, "</tr>\n");
    return to->status;
}

static bool is_told(const vly_report_sample *sample)
{
    return sample->sample->coating.count > 0 || sample->sample->coating.density > 0.0;
}

static vly_status electrodes(vly_report *report, vly_text *csv)
{
    vly_text *to = &report->page;
    vly_html_add(to,
                 "<div class=\"wide\"><table><thead><tr><th>Sample</th><th>Suspensions<br/><small>from the collector "
                 "up</small></th><th class=\"n\">Electrode<br/><small>g/cm³</small></th><th class=\"n\">Active "
                 "material<br/><small>implied, g/cm³</small></th><th class=\"n\">Solids of the CBD<br/><small>"
                 "implied, g/cm³</small></th></tr></thead><tbody>\n");
    for (int32_t s = 0; s < report->count; s++)
        if (is_told(&report->samples[s])) VLY_TRY(electrode_row(to, csv, &report->samples[s]));
    vly_html_add(to, "</tbody></table></div>\n");
    return to->status;
}

static void explain(vly_text *to, bool told)
{
    vly_html_add(to, "<p>The paper’s Table 1%s", told ? ", and what each sample is coated from. " : ". ");
    if (told)
        vly_html_add(to,
                     "The density ρ of the electrode, the share w of the solids that is active material and the volume "
                     "fractions f asked for imply what the solids weigh: active material ρ w / f<sub>AM</sub>, those "
                     "of the CBD ρ (1 − w) / (f<sub>CBD</sub> (1 − ε)), where ε is the inner porosity of a CBD voxel, "
                     "0.5 unless cbd_porosity is set. It is a range where layers differ: how they share the mass is "
                     "not told. Layered oxides such as NMC have 4.6 to 4.9 g/cm³, carbon with PVdF 1.8 to 1.9; far "
                     "from that, recipe, density and fractions do not belong together. ");
    vly_html_add(to, "<span class=\"data\">Data: ");
}

vly_status vly_report_suspensions(vly_report *report)
{
    const vly_suspensions *all = &report->study->suspensions;
    vly_text csv = {0}, *to = &report->page;
    bool told = false;
    for (int32_t s = 0; s < report->count; s++) told |= is_told(&report->samples[s]);
    if (all->count == 0 && !told) return VLY_OK;
    vly_text_add(&csv, "sample,layer,suspension");
    for (int k = 0; k < VLY_SOLIDS; k++) vly_text_add(&csv, ",%s_wt_percent", vly_solid_names[k]);
    vly_text_add(&csv, ",mixer,electrode_g_cm3,am_least_g_cm3,am_most_g_cm3,cbd_solids_least_g_cm3,"
                       "cbd_solids_most_g_cm3\n");
    if (all->count > 0) recipes(to, all);
    vly_status status = told ? electrodes(report, &csv) : VLY_OK;
    csv_rest(&csv, report);
    if (status == VLY_OK) status = vly_report_data(report, "suspensions", &csv);
    vly_text_free(&csv);
    explain(to, told);
    vly_report_link(report, "", "figures/suspensions.csv");
    vly_html_add(to, "</span></p>\n");
    return status == VLY_OK ? to->status : status;
}
