/* What a reader must know before trusting the numbers: warnings of the run, and where the program departs from the paper. */
#include "report/report_impl.h"

#include <string.h>

/* Adds a document's to the list, unless that is NULL; how many there are. */
static size_t list_warnings(vly_text *to, const vly_report_sample *sample, const char *who, const json_t *document)
{
    const json_t *warnings = json_object_get(document, "warnings");
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(warnings); i++) {
        const char *text = vly_report_string(json_array_get(warnings, i), NULL);
        if (!text) continue;
        if (to) vly_html_add(to, "<li><b>%s%s</b>: %s</li>\n", sample->prefix, who, text);
        count++;
    }
    return count;
}

/* Of a method's curves, which differ in current and cut-out: what one after the other says alike is said once. */
static size_t list_cells(vly_text *to, const vly_report_sample *sample, const vly_report_method *method)
{
    size_t count = 0;
    const json_t *before = NULL;
    for (size_t k = 0; k < json_array_size(method->cells); k++) {
        const json_t *cell = json_array_get(method->cells, k);
        const bool again = before && json_equal(json_object_get(before, "warnings"), json_object_get(cell, "warnings"));
        if (!again) count += list_warnings(to, sample, vly_report_title(method->name), cell);
        before = cell;
    }
    return count;
}

static size_t list_sample(vly_text *to, const vly_report_sample *sample)
{
    size_t count = 0;
    for (int32_t m = 0; m < sample->count; m++) {
        const vly_report_method *method = &sample->methods[m];
        const json_t *const documents[] = {vly_report_repeats(sample, m) ? NULL : method->result, method->describe,
                                           method->transport, method->impedance, method->fit};
        for (size_t i = 0; i < sizeof documents / sizeof *documents; i++)
            count += list_warnings(to, sample, vly_report_title(method->name), documents[i]);
    }
    for (int32_t m = 0; m < sample->count; m++) count += list_cells(to, sample, &sample->methods[m]);
    count += list_warnings(to, sample, "comparison", sample->compare);
    count += list_warnings(to, sample, "disagreement", sample->disagreement);
    return count + list_warnings(to, sample, "training", sample->learned);
}

size_t vly_report_warnings(const vly_report *report, vly_text *list)
{
    size_t count = 0;
    for (int32_t i = 0; i < report->count; i++) count += list_sample(list, &report->samples[i]);
    return count;
}

vly_status vly_report_notes(vly_report *report)
{
    vly_text *list = &report->notes;
    (void)vly_report_warnings(report, list);
    if (list->status != VLY_OK || list->length == 0) return list->status;
    vly_html_add(&report->page, "<ul>\n");
    vly_text_bytes(&report->page, list->text, list->length);
    vly_html_add(&report->page, "</ul>\n");
    return VLY_OK;
}

static bool same_fractions(const vly_settings *settings, vly_fractions fractions)
{
    return memcmp(&settings->fractions, &fractions, sizeof fractions) == 0;
}

static void fractions_item(vly_text *to, const vly_settings *settings)
{
    vly_html_add(to, "<li><b>Volume fractions.</b> ");
    if (same_fractions(settings, VLY_FRACTIONS_PAPER))
        vly_html_add(
            to, "The paper prints 59.54 %% active material, 11.54 %% CBD and 28.92 %% pores. Its 11.54 %% is solid "
                "CBD, and a CBD voxel is half nanopores, so the voxel fractions asked for here are 59.54, 23.08 "
                "and 17.38 %%. These are also the fractions behind the paper’s Table 2.");
    else if (same_fractions(settings, VLY_FRACTIONS_PAPER_LITERAL))
        vly_html_add(to,
                     "The three fractions are taken as the paper prints them, 59.54, 11.54 and 28.92 %%. Its 11.54 %% "
                     "is solid CBD, though, and a CBD voxel is half nanopores: the voxel fractions that the paper "
                     "used are 59.54, 23.08 and 17.38 %%.");
    else
        vly_html_add(to, "The targets are this study’s own, not the paper’s.");
    vly_html_add(to, "</li>\n");
}

static void threshold_item(vly_text *to, const vly_settings *settings)
{
    vly_html_add(to, "<li><b>Thresholding.</b> ");
    if (settings->thresholds[0] < settings->thresholds[1])
        vly_html_add(to,
                     "The thresholds were given, so the fractions are what they are; the paper chooses thresholds that "
                     "meet the fractions.");
    else if (settings->ties == VLY_TIES_HASH)
        vly_html_add(to,
                     "Voxels whose grey value equals a threshold are shared between the two phases by a hash of their "
                     "position. So the fractions are met to the voxel and no direction in space is preferred; plain "
                     "thresholds can only come close.");
    else
        vly_html_add(
            to, "As in the paper, voxels of one grey value stay together, so the fractions are met as nearly as the "
                "grey values allow.");
    vly_html_add(to, "</li>\n");
}

static void kmeans_item(vly_text *to, const vly_settings *settings)
{
    vly_html_add(to,
                 "<li><b>k-means.</b> The weights are fitted on a random subsample, then the clustering runs on the "
                 "whole volume. ");
    if (settings->exact)
        vly_html_add(
            to, "A last step shifts the phase weights until every count equals its target; the paper stops at what "
                "the optimiser leaves. ");
    vly_html_add(to, "Many sets of weights meet the targets; the one found when starting from equal weights is "
                     "taken.</li>\n");
}

static void closing_item(vly_text *to, const vly_settings *settings)
{
    vly_html_add(
        to, "<li><b>EDX-Closing.</b> The closing is that of the whole active material by a ball, read off a map of "
            "local thickness: single dilations and erosions on the grid are not even monotone in the radius. ");
    if (settings->ties == VLY_TIES_HASH)
        vly_html_add(to,
                     "Of the voxels that the last radius closes, those nearest to the active material are taken, so "
                     "every page gets exactly its share. ");
    else
        vly_html_add(to, "Radii are taken as a whole, so the fraction is met as nearly as they allow. ");
    if (settings->edx_layer_ratio == 1.0)
        vly_html_add(to, "As in the paper, CBD is taken to be proportional to fluorine. Fluorine marks the PVdF, whose "
                         "share of the binder differs between the layers of a two-layer electrode, so its gradient "
                         "overstates that of the CBD there, by about 1.8 in volume; the key edx_layer_ratio "
                         "corrects for it. ");
    vly_html_add(to, "</li>\n");
}

static void network_item(vly_text *to, const vly_settings *settings)
{
    vly_html_add(
        to, "<li><b>Network.</b> Activation, learning rate, batch size and the calibration between scans are ours: "
            "the paper does not give them. ");
    if (settings->split == VLY_SPLIT_PAPER)
        vly_html_add(to, "As in the paper, turned copies of a voxel go to training and test alike, which makes errors "
                         "look smaller than they are. ");
    else
        vly_html_add(to,
                     "The paper’s split lets turned copies of one voxel train and test; here all copies stay on one "
                     "side. ");
    vly_html_add(to, "Where voxels are half as large as those trained on, neighbourhoods are taken at the training’s "
                     "scale unless nn_scale says otherwise.</li>\n");
}

static bool is_described(const vly_report *report)
{
    for (int32_t s = 0; s < report->count; s++)
        for (int32_t m = 0; m < report->samples[s].count; m++)
            if (report->samples[s].methods[m].describe) return true;
    return false;
}

static void descriptor_items(vly_text *to)
{
    vly_html_add(to, "<li><b>Surfaces.</b> The rows S of the paper’s Table 2 are volume fractions divided by the voxel "
                     "size: times 0.642 µm they give 0.594, 0.231 and 0.175 in every column, and no three surfaces can "
                     "be so, since S<sub>AM</sub> would exceed S<sub>CBD</sub> + S<sub>P</sub>. Here they are areas "
                     "by the estimator that the paper cites, so they are smaller and do depend on the trinarisation; "
                     "each S is the sum of its two interfaces. A face that looks along an axis counts 7.3 %% less, by "
                     "design; averaged over directions nothing is lost.</li>\n");
    vly_html_add(to, "<li><b>Radii.</b> r<sub>max</sub> and r<sub>min</sub> are radii that occur, so none but 0 is "
                     "below one voxel. The paper’s 0.2 to 0.6 µm come from interpolation; values in its manner stand "
                     "beside ours as r_max_interp_um and r_min_interp_um. The paper does not say where its mercury "
                     "enters: here r<sub>min</sub> is from the separator, and r_min_collector_um from the other "
                     "side.</li>\n");
    vly_html_add(to, "<li><b>Geodesic tortuosity.</b> Paths run from voxel to voxel along 26 directions, as in the "
                     "paper. Between them a path is too long, by 8.8 %% on average over all directions and 12.8 %% at "
                     "most: compare such values with each other, not with lengths measured otherwise.</li>\n");
}

static bool is_lithiated(const vly_report *report)
{
    for (int32_t s = 0; s < report->count; s++)
        for (int32_t m = 0; m < report->samples[s].count; m++)
            if (report->samples[s].methods[m].cells) return true;
    return false;
}

static void cell_items(vly_text *to)
{
    vly_html_add(
        to, "<li><b>Half cell.</b> The paper’s parameters stand in a supporting document that is not public, and its "
            "solver is closed. Electrolyte, separator, kinetics and the laws of the active material are chosen from "
            "the literature; each has its source in the result. A γ fitted with them need not equal the paper’s Table "
            "3, which lists 1/τ, twice γ for a CBD of half pores. Voxel faces exaggerate the surface of the active "
            "material by half, and by default they count by the smoothed surface’s normal.</li>\n");
}

vly_status vly_report_differences(vly_report *report)
{
    vly_text *to = &report->page;
    const vly_settings *settings = &report->samples[0].sample->settings;
    const uint32_t ours = vly_sample_methods(report->samples[0].sample);
    vly_html_add(to, "<ul>\n");
    if (ours) fractions_item(to, settings);
    if (ours & 1u << VLY_METHOD_THRESHOLD) threshold_item(to, settings);
    if (ours & 1u << VLY_METHOD_KMEANS) kmeans_item(to, settings);
    if (ours & 1u << VLY_METHOD_EDX_CLOSING) closing_item(to, settings);
    if (ours >> VLY_METHOD_NN) network_item(to, settings);
    if (is_described(report)) descriptor_items(to);
    if (is_lithiated(report)) cell_items(to);
    vly_html_add(to,
                 "<li><b>Colours.</b> Pores are nearly black, active material is light grey, CBD is orange: they stay "
                 "apart in colour blindness and in grey print.</li>\n</ul>\n");
    return to->status;
}
