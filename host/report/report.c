/* The page: head, verdict, and the list of sections. */
#include "voxelyte/report.h"

#include "report/report_impl.h"
#include "report/report_style.h"

#include "core/file.h"
#include "core/memory.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *id, *title;
    vly_status (*write)(vly_report *report);
} sections[] = {
    {"inputs", "Inputs", vly_report_inputs},
    {"blocks", "Volumes in space", vly_report_blocks},
    {"slices", "Tomogram and trinarisations", vly_report_slices},
    {"histogram", "Grey values and thresholds", vly_report_histogram},
    {"fractions", "Volume fractions", vly_report_fractions},
    {"agreement", "Agreement between the trinarisations", vly_report_agreement},
    {"disagreement", "Where the trinarisations disagree", vly_report_disagreement},
    {"truth", "Agreement with the truth", vly_report_truth},
    {"kmeans", "Clusters", vly_report_kmeans},
    {"network", "The network", vly_report_learn},
    {"edx", "Fluorine and closing", vly_report_edx},
    {"descriptors", "Morphological descriptors", vly_report_descriptors},
    {"curves", "Sizes, bottlenecks, paths and correlations", vly_report_curves},
    {"transport", "Effective transport", vly_report_transport},
    {"lithiate", "Half cell", vly_report_lithiate},
    {"impedance", "Impedance", vly_report_impedance},
    {"fit", "Transport parameter of the CBD", vly_report_fit},
    {"uncertainty", "Uncertainty across trinarisations", vly_report_uncertainty},
    {"warnings", "Warnings", vly_report_notes},
    {"differences", "Where this differs from the paper", vly_report_differences},
    {"provenance", "Provenance", vly_report_provenance},
};

typedef struct tally {
    int32_t trinarisations;
    size_t warnings;
    double off; /* voxels a phase is off its target, at most; NaN without targets */
} tally;

static tally count(const vly_report *report)
{
    tally t = {.off = NAN};
    for (int32_t i = 0; i < report->count; i++) {
        const vly_report_sample *sample = &report->samples[i];
        for (int32_t m = 0; m < sample->count; m++) {
            const json_t *result = sample->methods[m].result;
            if (!vly_report_repeats(sample, m)) t.warnings += json_array_size(json_object_get(result, "warnings"));
            t.warnings += json_array_size(json_object_get(sample->methods[m].describe, "warnings"));
            t.off = fmax(t.off, vly_report_off(result));
        }
        t.warnings += json_array_size(json_object_get(sample->compare, "warnings"));
        t.warnings += json_array_size(json_object_get(sample->learned, "warnings"));
        t.trinarisations += sample->count;
    }
    return t;
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

/* One sample: the file's name; two or three: theirs; more: their number. */
static void write_title(vly_report *report)
{
    vly_text *to = &report->page;
    const char *volume = vly_sample_volume(report->samples[0].sample), *slash = strrchr(volume, '/');
    vly_html_add(to, "Microstructure of ");
    if (report->count == 1)
        vly_html_add(to, "%s", slash && slash[1] ? slash + 1 : volume);
    else if (report->count > 3)
        vly_html_add(to, "%d samples", report->count);
    for (int32_t i = 0; report->count > 1 && report->count <= 3 && i < report->count; i++)
        vly_html_add(to, "%s%s", i == 0 ? "" : i < report->count - 1 ? ", " : " and ", report->samples[i].sample->name);
}

static void write_head(vly_report *report)
{
    vly_text *to = &report->page;
    vly_html_add(to, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
                     "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
                     "'unsafe-inline'; img-src data:\"/>\n<title>");
    write_title(report);
    vly_html_add(to, "</title>\n<style>");
    vly_text_bytes(to, report_style, sizeof report_style - 1);
    vly_html_add(to, "</style>\n</head>\n<body>\n<main>\n<h1>");
    write_title(report);
    vly_html_add(to, "</h1>\n");
}

static const char *plural(int64_t count)
{
    return count == 1 ? "" : "s";
}

/* What a reader in a hurry must know: how much there is, whether the targets are met, how far the methods agree. */
static void write_verdict(vly_report *report)
{
    vly_text *to = &report->page;
    const tally t = count(report);
    const double least = least_agreement(report);
    const int32_t left = report->study->count - report->count;
    vly_html_add(to, "<p class=\"sub\">%d trinarisation%s of %d sample%s</p>\n", t.trinarisations,
                 plural(t.trinarisations), report->count, plural(report->count));
    vly_html_add(to, "<p class=\"verdict%s\">", t.off > 0 || t.warnings > 0 || left > 0 ? " look" : "");
    if (t.off == 0)
        vly_html_add(to, "<b>All volume fractions meet their targets to the voxel.</b> ");
    else if (t.off > 0)
        vly_html_add(to, "<b>Volume fractions are off their targets by up to %lld voxel%s.</b> ", (long long)t.off,
                     plural((int64_t)t.off));
    else
        vly_html_add(to, "There were no targets to meet. ");
    if (!isnan(least))
        vly_html_add(to, "%s agree in %.1f %% of the voxels%s. ",
                     t.trinarisations > 2 ? "Any two trinarisations of a sample" : "The two trinarisations",
                     100 * least, t.trinarisations > 2 ? " or more" : "");
    if (t.warnings > 0)
        vly_html_add(to, "There %s %d <a href=\"#warnings\">warning%s</a>. ", t.warnings == 1 ? "is" : "are",
                     (int)t.warnings, plural((int64_t)t.warnings));
    if (left > 0) vly_html_add(to, "%d sample%s not computed yet. ", left, left == 1 ? " is" : "s are");
    vly_html_add(to, "</p>\n");
}

/* Heading and content; nothing at all where the section has nothing to say. */
static vly_status write_section(vly_report *report, size_t i)
{
    vly_text *to = &report->page;
    int64_t before = to->length, empty;
    vly_html_add(to, "<section id=\"%s\">\n<h2>%s</h2>\n", sections[i].id, sections[i].title);
    empty = to->length;
    VLY_TRY(sections[i].write(report));
    if (to->status != VLY_OK) return to->status;
    if (to->length > empty) {
        vly_html_add(to, "</section>\n");
        return to->status;
    }
    to->length = before;
    to->text[before] = 0;
    return VLY_OK;
}

vly_status vly_report_write(const char *folder)
{
    vly_report report;
    char *path;
    VLY_TRY(vly_report_load(&report, folder));
    vly_status status = vly_format(&path, "%s/report.html", folder);
    write_head(&report);
    write_verdict(&report);
    for (size_t i = 0; status == VLY_OK && i < sizeof sections / sizeof *sections; i++)
        status = write_section(&report, i);
    vly_html_add(&report.page, "</main>\n</body>\n</html>\n");
    if (status == VLY_OK) status = report.page.status;
    if (status == VLY_OK) status = vly_file_publish_text(path, report.page.text, true);
    vly_free(path);
    vly_report_free(&report);
    return status;
}
