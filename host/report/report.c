/* The page: its head, and the list of sections. */
#include "voxelyte/report.h"

#include "report/report_impl.h"
#include "report/report_style.h"

#include "core/file.h"
#include "core/memory.h"

#include <string.h>

static const struct {
    const char *id, *title;
    vly_status (*write)(vly_report *report);
} sections[] = {
    {"inputs", "Inputs", vly_report_inputs},
    {"suspensions", "Suspensions", vly_report_suspensions},
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
    vly_report_verdict(&report);
    for (size_t i = 0; status == VLY_OK && i < sizeof sections / sizeof *sections; i++)
        status = write_section(&report, i);
    vly_html_add(&report.page, "</main>\n</body>\n</html>\n");
    if (status == VLY_OK) status = report.page.status;
    if (status == VLY_OK) status = vly_file_publish_text(path, report.page.text, true);
    vly_free(path);
    vly_report_free(&report);
    return status;
}
