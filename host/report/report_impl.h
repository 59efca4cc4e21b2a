/* What the report knows of a study folder, and what its sections share. A section reads `vly_report`, adds to its page,
 * and stands as one line in the list of report.c; one that adds nothing leaves no heading behind. */
#ifndef VLY_REPORT_IMPL_H
#define VLY_REPORT_IMPL_H

#include "report/html.h"
#include "study/study_impl.h"

#include <jansson.h>

enum { VLY_REPORT_NAMES = VLY_TRINARISATIONS, VLY_REPORT_GREYS = 65536 }; /* most methods a comparison has */

typedef struct vly_report_method {
    const char *name;  /* as in segment/NAME.json */
    json_t *result;    /* its result document */
    json_t *describe;  /* that of describe/NAME.json; NULL: none */
    json_t *transport; /* that of transport/NAME.json; NULL: none */
    json_t *impedance; /* that of impedance/NAME.json; NULL: none */
    json_t *fit;       /* that of fit/NAME.json; NULL: none */
    json_t *cells;     /* list of those of cell/NAME_CUTOUT_CURRENT.json; NULL: none */
} vly_report_method;

typedef struct vly_report_sample {
    const vly_sample *sample;
    const char *prefix; /* its files' place below the study folder: "" or "NAME/" */
    vly_report_method methods[VLY_TRINARISATIONS];
    int32_t count;
    json_t *compare;      /* NULL: none */
    json_t *disagreement; /* NULL: none */
    json_t *learned;      /* how a network was trained: learn/training.json; NULL: none was */
    uint64_t *histogram;  /* (VLY_REPORT_GREYS) voxels per grey value; NULL: none */
} vly_report_sample;

typedef struct vly_report {
    const char *folder;
    vly_study *study;
    vly_report_sample *samples; /* those with results */
    int32_t count;
    int32_t figures; /* so far */
    vly_text page;
    vly_text notes; /* list items: warnings, and what is not there */
} vly_report;

/* ---- what is in the folder (report_load.c) ---- */

vly_status vly_report_load(vly_report *out, const char *folder);
void vly_report_free(vly_report *report);

/* ---- small things every section needs (report_parts.c) ---- */

/* "Thresholding" for "threshold": the paper's names of the methods. */
const char *vly_report_title(const char *method);
/* In the order of vly_phase. */
extern const char *const vly_report_phase_titles[VLY_PHASES];
extern const char *const vly_report_phase_colours[VLY_PHASES];
/* The same for lines, which need more contrast to white than areas do. */
extern const char *const vly_report_line_colours[VLY_PHASES];
/* Active material, CBD, pore: how the paper lists them. */
extern const vly_phase vly_report_phase_order[VLY_PHASES];
/* Legend of the phases in that order. */
void vly_report_legend(vly_text *svg, double x, double y, const char *const colours[VLY_PHASES]);

/* NaN, NULL where there is none. key NULL: the value itself. */
double vly_report_number(const json_t *object, const char *key);
const char *vly_report_string(const json_t *object, const char *key);
/* Result document of the first method that ran on the grey volume; NULL: none did. */
const json_t *vly_report_ours(const vly_report_sample *sample);
/* A result's entry for the volume that it was made of; NULL if there is none. */
const json_t *vly_report_input(const json_t *result);
/* Numbers of an array, NaN where there is none, to be freed; NULL if it holds none at all. */
double *vly_report_numbers(const json_t *object, const char *key, int32_t *count);
/* Points of a curve, NaN where there is no number. Free x; y lies behind it. */
typedef struct vly_report_series {
    double *x, *y; /* (count) */
    int32_t count;
} vly_report_series;
/* x and y: arrays of a document. */
vly_status vly_report_series_take(vly_report_series *out, const json_t *x, const json_t *y);
/* Voxels that a phase has more or less than it should, at most; NaN if there are no targets. */
double vly_report_off(const json_t *result);
/* Voxel size of an input along x, y, z; false if it is not known. */
bool vly_report_lengths_um(double um[3], const json_t *input);
/* A failure that speaks of one volume: the page can go without it. */
bool vly_report_tolerable(vly_status status);
/* A number in a table or label: whole ones in groups of three digits, others with four significant ones. */
void vly_report_value(vly_text *to, double value);
/* A row of a table: name, value and what it means; nothing where the value is not finite. */
void vly_report_row(vly_text *to, const char *name, double value, const char *meaning);
/* Whether a method of the network warns of what the one before it has warned of: the network is the same. */
bool vly_report_repeats(const vly_report_sample *sample, int32_t method);
/* Result document of one method of the sample; NULL if it was not run. */
const json_t *vly_report_find(const vly_report_sample *sample, const char *method);

/* A section cut by vly_planes_read as PNG: greys, or labels in the colours of the phases, white where it is outside. */
vly_status vly_report_png(unsigned char **out, int64_t *bytes, const unsigned char *pixels, int32_t width,
                          int32_t height, bool grey);
/* The picture of a section {width, depth, key: [values]}: from low (dark) to high (light), black where there is no value. */
vly_status vly_report_section(vly_text *svg, double x, double y, double width, double height, const json_t *section,
                              const char *key, double low, double high);
/* Apart from each other in colour blindness and print as far as twelve colours can be. */
enum { VLY_REPORT_COLOURS = 12 };
extern const char *const vly_report_colours[VLY_REPORT_COLOURS];
/* A trinarisation's, wherever it is drawn. */
const char *vly_report_method_colour(const char *method);
/* stroke-dasharray of a sample's lines; NULL: solid. The last one is solid: of two, the first is dashed, as the paper's
 * two-layer cathode is. */
const char *vly_report_sample_dashes(const vly_report *report, int32_t sample);

/* A legend of lines, in rows as wide as a page: an entry at (*x, *y), which move on, and to `left` and down where the row
 * ends. svg NULL: only they move. */
void vly_report_key(vly_text *svg, double left, double *x, double *y, const char *name, const char *colour,
                    const char *dash);
/* Entries of the trinarisations for which `shown` holds, then of the samples if there are several; the height they take. */
double vly_report_keys(vly_text *svg, const vly_report *report, double left,
                       bool (*shown)(const vly_report_method *method));

/* ",value", and nothing behind the comma where it is not finite. */
void vly_report_cell(vly_text *csv, double value);

/* figures/NAME.csv. */
vly_status vly_report_data(const vly_report *report, const char *name, const vly_text *csv);

/* Puts a finished figure on the page, and alone into figures/NAME.svg (SAMPLE-NAME.svg where there are several; sample
 * NULL: the figure is of all); leaves its <figcaption> open, to be closed by vly_report_caption_end. Frees svg. */
vly_status vly_report_figure(vly_report *report, const vly_report_sample *sample, const char *name, vly_text *svg);
/* Closes caption and figure with a link to the numbers behind it. */
void vly_report_caption_end(vly_report *report, const char *prefix, const char *path);
/* A link to `path` below the sample's prefix, or below the study folder for "". */
void vly_report_link(vly_report *report, const char *prefix, const char *path);
/* <h3> with the sample's name, where there are several. */
void vly_report_heading(vly_report *report, const vly_report_sample *sample);

/* Lists what documents warn of, item by item, unless list is NULL; how many items there are (report_notes.c). */
size_t vly_report_warnings(const vly_report *report, vly_text *list);
/* The lines under the title (report_verdict.c). */
void vly_report_verdict(vly_report *report);

/* ---- the sections, in order of the page ---- */

vly_status vly_report_inputs(vly_report *report);
vly_status vly_report_suspensions(vly_report *report);
vly_status vly_report_blocks(vly_report *report);
vly_status vly_report_slices(vly_report *report);
vly_status vly_report_histogram(vly_report *report);
vly_status vly_report_fractions(vly_report *report);
vly_status vly_report_agreement(vly_report *report);
vly_status vly_report_disagreement(vly_report *report);
vly_status vly_report_truth(vly_report *report);
vly_status vly_report_kmeans(vly_report *report);
vly_status vly_report_learn(vly_report *report);
vly_status vly_report_edx(vly_report *report);
vly_status vly_report_transport(vly_report *report);
vly_status vly_report_lithiate(vly_report *report);
vly_status vly_report_impedance(vly_report *report);
vly_status vly_report_fit(vly_report *report);
vly_status vly_report_descriptors(vly_report *report);
vly_status vly_report_curves(vly_report *report);
vly_status vly_report_uncertainty(vly_report *report);
vly_status vly_report_notes(vly_report *report);
vly_status vly_report_differences(vly_report *report);
vly_status vly_report_provenance(vly_report *report);

#endif
