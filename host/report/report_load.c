/* Reads the study folder: study.yaml says which samples and methods there are, the documents what came out so far. */
#include "report/report_impl.h"
#include "study/document_impl.h"

#include "core/file.h"
#include "core/memory.h"
#include "core/number.h"

#include <stdlib.h>
#include <string.h>

enum { HISTOGRAM_LIMIT = 16 << 20 };

/* *out is NULL where there is no such file. */
static vly_status load_document(json_t **out, const char *folder, const char *prefix, const char *name)
{
    vly_document *document = NULL;
    char *path;
    *out = NULL;
    VLY_TRY(vly_format(&path, "%s/%s%s", folder, prefix, name));
    vly_status status = vly_path_exists(path) ? vly_document_read(&document, path) : VLY_OK;
    if (document) *out = json_incref(document->root);
    vly_document_free(document);
    vly_free(path);
    return status;
}

/* What there is of a method's curves, cut-out after cut-out. */
static vly_status load_cells(vly_report_method *method, const vly_report_sample *sample, const char *folder)
{
    const vly_settings *s = &sample->sample->settings;
    for (int32_t i = 0; i < vly_sample_cell_cutouts(sample->sample) * s->currents.count; i++) {
        char number[VLY_NUMBER_BYTES], *file;
        json_t *document;
        vly_number_write(number, s->currents.at[i % s->currents.count]);
        VLY_TRY(vly_format(&file, "cell/%s_%d_%s.json", method->name, i / s->currents.count + 1, number));
        vly_status status = load_document(&document, folder, sample->prefix, file);
        vly_free(file);
        VLY_TRY(status);
        if (!document) continue;
        if (!method->cells) method->cells = json_array();
        if (json_array_append_new(method->cells, document) != 0) return vly_fail(VLY_EMEMORY, "report: out of memory");
    }
    return VLY_OK;
}

static vly_status load_of_method(json_t **out, const vly_report_sample *sample, const char *folder, const char *kind,
                                 const char *method)
{
    char *file;
    VLY_TRY(vly_format(&file, "%s/%s.json", kind, method));
    vly_status status = load_document(out, folder, sample->prefix, file);
    vly_free(file);
    return status;
}

static vly_status load_methods(vly_report_sample *out, const char *folder)
{
    for (int m = 0; m < VLY_TRINARISATIONS; m++) {
        vly_report_method *method = &out->methods[out->count];
        if (!(out->sample->settings.methods & 1u << m)) continue;
        method->name = vly_method_name((vly_method)m);
        VLY_TRY(load_of_method(&method->result, out, folder, "segment", method->name));
        if (!method->result) continue;
        out->count++;
        VLY_TRY(load_of_method(&method->describe, out, folder, "describe", method->name));
        VLY_TRY(load_of_method(&method->transport, out, folder, "transport", method->name));
        VLY_TRY(load_of_method(&method->impedance, out, folder, "impedance", method->name));
        VLY_TRY(load_of_method(&method->fit, out, folder, "fit", method->name));
        VLY_TRY(load_cells(method, out, folder));
    }
    return VLY_OK;
}

/* "grey,count" and one line a grey value. */
static vly_status parse_histogram(uint64_t *counts, const char *text, const char *path)
{
    const char *line = strchr(text, '\n');
    for (int number = 2; line && line[1]; number++, line = strchr(line + 1, '\n')) {
        char *comma, *end;
        unsigned long grey = strtoul(line + 1, &comma, 10);
        if (comma == line + 1 || *comma != ',' || grey >= VLY_REPORT_GREYS)
            return vly_fail(VLY_EDATA, "%s: line %d is not \"grey,count\"", path, number);
        counts[grey] = strtoull(comma + 1, &end, 10);
        if (end == comma + 1) return vly_fail(VLY_EDATA, "%s: line %d is not \"grey,count\"", path, number);
    }
    return VLY_OK;
}

static vly_status load_histogram(vly_report_sample *sample, const char *folder)
{
    char *path, *text = NULL;
    VLY_TRY(vly_format(&path, "%s/%scurves/histogram.csv", folder, sample->prefix));
    vly_status status = VLY_OK;
    if (!vly_path_exists(path)) goto out;
    if ((status = vly_file_text(&text, path, HISTOGRAM_LIMIT)) != VLY_OK) goto out;
    if ((status = VLY_NEW(&sample->histogram, VLY_REPORT_GREYS, "histogram")) != VLY_OK) goto out;
    status = parse_histogram(sample->histogram, text, path);
out:
    vly_free(text);
    vly_free(path);
    return status;
}

static vly_status load_sample(vly_report *report, const vly_sample *sample)
{
    vly_report_sample *out = &report->samples[report->count++];
    *out = (vly_report_sample){.sample = sample, .prefix = sample->folder};
    VLY_TRY(load_methods(out, report->folder));
    if (out->count == 0) {
        vly_html_add(&report->notes, "<li><b>%s</b>: no trinarisation yet</li>\n", sample->name);
        report->count--;
        return VLY_OK;
    }
    VLY_TRY(load_document(&out->compare, report->folder, out->prefix, "compare.json"));
    VLY_TRY(load_document(&out->disagreement, report->folder, out->prefix, "disagreement.json"));
    VLY_TRY(load_document(&out->learned, report->folder, out->prefix, "learn/training.json"));
    return load_histogram(out, report->folder);
}

vly_status vly_report_load(vly_report *out, const char *folder)
{
    char *path;
    *out = (vly_report){.folder = folder};
    if (!vly_path_is_folder(folder)) return vly_fail(VLY_ENOINPUT, "%s: no such folder", folder);
    VLY_TRY(vly_format(&path, "%s/study.yaml", folder));
    vly_status status = VLY_OK;
    if (!vly_path_exists(path))
        status =
            vly_fail(VLY_ENOINPUT, "%s: no study.yaml in it, a folder that `voxelyte run` filled expected", folder);
    if (status == VLY_OK) status = vly_study_read(&out->study, path, NULL);
    if (status == VLY_OK) status = VLY_NEW(&out->samples, out->study->count, "samples");
    for (int32_t i = 0; status == VLY_OK && i < out->study->count; i++)
        status = load_sample(out, &out->study->samples[i]);
    if (status == VLY_OK && out->count == 0) status = vly_fail(VLY_ENOINPUT, "%s: no trinarisation in it yet", folder);
    vly_free(path);
    if (status != VLY_OK) vly_report_free(out);
    return status;
}

void vly_report_free(vly_report *report)
{
    for (int32_t i = 0; i < report->count; i++) {
        vly_report_sample *sample = &report->samples[i];
        for (int32_t m = 0; m < VLY_TRINARISATIONS; m++) {
            json_decref(sample->methods[m].result);
            json_decref(sample->methods[m].describe);
            json_decref(sample->methods[m].transport);
            json_decref(sample->methods[m].impedance);
            json_decref(sample->methods[m].fit);
            json_decref(sample->methods[m].cells);
        }
        json_decref(sample->compare);
        json_decref(sample->disagreement);
        json_decref(sample->learned);
        vly_free(sample->histogram);
    }
    vly_free(report->samples);
    vly_study_free(report->study);
    vly_text_free(&report->page);
    vly_text_free(&report->notes);
    *report = (vly_report){0};
}
