/* Every choice a user can make, as one plain struct with one table behind it. The table feeds the command line, its help and
 * its completion, the keys of a study file, and the resolved settings in a manifest. */
#ifndef VOXELYTE_SETTINGS_H
#define VOXELYTE_SETTINGS_H

#include "voxelyte/cell.h"
#include "voxelyte/describe.h"
#include "voxelyte/edx.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Ways to trinarise, in the order in which `all` runs them. */
typedef enum vly_method {
    VLY_METHOD_THRESHOLD,
    VLY_METHOD_KMEANS,
    VLY_METHOD_EDX_CLOSING,
    VLY_METHOD_NN, /* and eight more, in the order of vly_mlp_order_at */
    VLY_METHODS = VLY_METHOD_NN + 9,
    VLY_METHOD_GIVEN = VLY_METHODS, /* none of ours: labels that a study starts from */
    VLY_TRINARISATIONS
} vly_method;

/* "threshold", "kmeans", "edx-closing", "nn-am-cbd-p", ..., "given". */
VLY_API const char *vly_method_name(vly_method method);

enum {
    VLY_PATH_BYTES = 4096,  /* of a file name, and of any value as text, closing 0 included */
    VLY_ORIGIN_BYTES = 128, /* "default", "command line", "study.yaml:12" */
    VLY_SETTINGS_MOST = 192 /* options there can be */
};

enum { VLY_LIST_MOST = 16 };
typedef struct vly_list {
    int32_t count;
    double at[VLY_LIST_MOST];
} vly_list;

/* Set by vly_settings_defaults, changed by vly_settings_set, or written directly. */
typedef struct vly_settings {
    /* who works, and how it tells */
    char device[16];
    int32_t threads;             /* 0: every processor */
    int64_t memory_limit;        /* bytes; 0: automatic */
    int64_t device_memory_limit; /* bytes; 0: automatic */
    char scratch[VLY_PATH_BYTES];
    enum { VLY_PROGRESS_AUTO, VLY_PROGRESS_BAR, VLY_PROGRESS_LINES, VLY_PROGRESS_OFF } progress;
    char events[VLY_PATH_BYTES];
    bool json, quiet, dry_run;

    /* what goes in and out */
    const char *const *inputs; /* (input_count) file names, borrowed; no option, what stands beside the options */
    int32_t input_count;
    char output[VLY_PATH_BYTES];
    bool overwrite, compress;
    vly_voxel_size voxel_size; /* verdict VLY_SIZE_MISSING: what the file says */
    double grey_range[2];      /* low < high, grey values of the file; both 0: automatic */
    vly_label_map labels;      /* nothing listed: 0 pore, 1 am, 2 cbd, 255 outside */
    vly_box window;            /* all zero: the whole volume */
    char mask[VLY_PATH_BYTES];

    /* segment */
    uint32_t methods; /* bit vly_method */
    vly_fractions fractions;
    vly_ties ties;
    double thresholds[2]; /* lower < upper, grey values of the file; both 0: found from the fractions */
    uint64_t seed;
    int64_t samples;
    enum { VLY_PARAMS_5, VLY_PARAMS_2 } parameters;
    int32_t evaluations;
    double ridge;
    bool robust_start, exact;
    char model[VLY_PATH_BYTES]; /* of nn-*; "": none */
    enum { VLY_NN_AUTO, VLY_NN_NATIVE, VLY_NN_ATROUS, VLY_NN_BINNED, VLY_NN_RESAMPLE } nn_scale;
    enum { VLY_NN_CALIBRATED, VLY_NN_TWO_POINT, VLY_NN_QUANTILES, VLY_NN_UNCALIBRATED } nn_calibration;
    enum { VLY_PRECISION_EXACT, VLY_PRECISION_FAST, VLY_PRECISION_AUTO } precision;
    /* what the network tells, how sure it is, how far an ensemble is apart, *.tif; "": not written */
    char nn_fractions[VLY_PATH_BYTES], nn_entropy[VLY_PATH_BYTES], nn_spread[VLY_PATH_BYTES];
    char histogram[VLY_PATH_BYTES]; /* CSV of the region's u16 grey values; "": none */

    /* describe */
    uint32_t quantities; /* bit vly_quantity */
    int32_t cutouts;
    enum { VLY_THROUGH_X, VLY_THROUGH_Y, VLY_THROUGH_AXIS_Z } through;
    enum { VLY_SEPARATOR_LOW, VLY_SEPARATOR_HIGH } separator;
    char curves[VLY_PATH_BYTES]; /* folder; "": beside the output */

    /* compare */
    char disagreement[VLY_PATH_BYTES]; /* *.tif; "": not written */

    /* compose */
    int32_t ratio;                  /* 0: not given */
    char transform[VLY_PATH_BYTES]; /* JSON; "": none */

    /* transport: see voxelyte/transport.h */
    double
        conduct[VLY_PHASES]; /* relative to the bulk; 0: not at all; all 0: pore alone, and in a study no transport */
    enum { VLY_DIRECTION_ALL, VLY_DIRECTION_X, VLY_DIRECTION_Y, VLY_DIRECTION_Z } direction;
    double tolerance;
    enum { VLY_SIDE_NO_FLUX, VLY_SIDE_PERIODIC } sides;
    bool tensor, estimate;
    char vti[VLY_PATH_BYTES]; /* folder; "": none are written */

    /* lithiate: see voxelyte/cell.h */
    uint32_t cell_methods;              /* of a study: which trinarisations get half cells, */
    int32_t cell_cutouts;               /* and in how many cut-outs; 0: as many as are described */
    vly_list currents;                  /* mA/cm2; none: in a study no half cell */
    vly_list fields;                    /* mAh/cm2; none: no VTI */
    double gamma_cbd, cutoff;           /* 0: the materials' */
    char materials[VLY_PATH_BYTES];     /* BPX file; "": the default ones */
    char materials_set[VLY_PATH_BYTES]; /* "name=value,...": changes to them */
    bool bpx_linear;                    /* see vly_materials_read */
    char experiment[VLY_PATH_BYTES];    /* CSV of measured curves, of fit too; "": none */
    bool bpx;                           /* of a study: effective parameters too */
    vly_area area;
    vly_floating floating;
    double area_scale, time_tolerance;
    int32_t coarsen; /* labels along each side of a voxel */
    int32_t crop;    /* voxels; 0: the whole width */
    int32_t separator_layers;
    bool trim, half;

    /* fit: see voxelyte/fit.h */
    uint32_t fit_methods;  /* of a study: which trinarisations are fitted */
    vly_list fit_currents; /* of a study, mA/cm2; none: as fit finds */
    double gamma_range[2]; /* low < high */
    int32_t simulations;
    double offset; /* mV */
    bool predict;

    /* impedance: see voxelyte/impedance.h; of the cell, what lithiate has */
    uint32_t impedance_methods;                             /* of a study: which trinarisations get one */
    enum { VLY_BY_HARMONIC, VLY_BY_STEP } impedance_method; /* as vly_impedance_method */
    double frequencies[2];                                  /* Hz, lowest and highest */
    double impedance_tolerance;
    int32_t per_decade, steps_per_decade, impedance_crop; /* of a study; 0: as crop */
    bool bare, equipotential, binder_internal;

    /* train: see voxelyte/mlp.h */
    char fib[VLY_PATH_BYTES]; /* of a study: labels to learn from; "": none */
    char train_grey[VLY_PATH_BYTES], train_composition[VLY_PATH_BYTES];
    enum { VLY_SPLIT_GROUP, VLY_SPLIT_BLOCK, VLY_SPLIT_PAPER } split;
    enum { VLY_RELU, VLY_TANH, VLY_LOGISTIC } activation;
    int32_t epochs, patience, batch, tries;
    double learning_rate, momentum;
    bool far_field, ensemble;

    /* segment by edx-closing: see voxelyte/edx.h */
    char edx[VLY_PATH_BYTES], am_labels[VLY_PATH_BYTES];
    enum { VLY_EDGE_TOP, VLY_EDGE_BOTTOM } edx_separator;
    double edx_rows[2], edx_background_rows[2]; /* rows of the map; both 0: all, none */
    double edx_background, edx_layer_ratio, edx_interface_um;
    int32_t edx_bins, edx_draws;
    bool edx_weights;
    enum { VLY_COLLECTOR_OPEN, VLY_COLLECTOR_SOLID } collector;
    vly_enclosed fill_enclosed;

    /* synth: see voxelyte/synth.h */
    enum { VLY_PRESET_TWO_LAYER, VLY_PRESET_SINGLE_LAYER, VLY_PRESET_SLABS, VLY_PRESET_SPHERES } preset;
    vly_extent size;
    char labels_from[VLY_PATH_BYTES]; /* "": a cathode is made */
    int32_t supersample, fib_ratio;
    vly_fractions synth_fractions; /* all zero: the preset's */
    bool literal, fib_grey;
    double gradient, islands;
    enum { VLY_GREY_PHASE, VLY_GREY_ABSORPTION, VLY_GREY_MIXED } grey_model;
    double noise, noise_correlation, psf, fringe, rings;

    /* bench */
    int32_t side, repeats;

    /* run */
    char stage_from[32], stages_only[256];
    bool resume;
    double gpu_bandwidth;     /* GB/s, of a plan's bound */
    const char *command_line; /* borrowed, for the manifest; NULL: none; no option */

    char origin[VLY_SETTINGS_MOST][VLY_ORIGIN_BYTES]; /* of each option, in table order */
} vly_settings;

VLY_API void vly_settings_defaults(vly_settings *out);

/* The methods that are to run: those asked for, and of `all` those whose input is given (edx-closing needs EDX data, nn-* a
 * model, or fib). */
VLY_API uint32_t vly_settings_methods(const vly_settings *settings);

/* Of the trinarisations `of` those that cell_methods and its like choose: all stands for whatever there is. */
VLY_API uint32_t vly_settings_chosen(uint32_t of, uint32_t chosen);

/* One option from text. key: with '-' or '_'. command: the option must belong to it; a study file uses "run".
 * origin: where the text came from, "command line" or "study.yaml:12"; it opens the message of an error.
 * VLY_EUSAGE for an unknown key (with the nearest one), an option of another command, or a value that makes no sense. */
VLY_API vly_status vly_settings_set(vly_settings *settings, const char *command, const char *key, const char *text,
                                    const char *origin);

/* Whatever `from` was given, not its defaults, replaces what `into` has: the command line wins over the study file. */
VLY_API void vly_settings_merge(vly_settings *into, const vly_settings *from);

/* ---- the table ---- */

typedef struct vly_option {
    const char *key;      /* "voxel-size" */
    const char *value;    /* stands for the value in help, or the allowed words "a|b"; NULL: a switch */
    const char *standard; /* the default as text */
    const char *commands; /* it belongs to: " segment run " */
    const char *help;     /* one line */
} vly_option;

VLY_API int32_t vly_option_count(void);
VLY_API const vly_option *vly_option_at(int32_t index);
VLY_API bool vly_option_belongs(const vly_option *option, const char *command);

/* Index, or -1. command NULL: the first of that name. */
VLY_API int32_t vly_option_find(const char *command, const char *key);

/* The value as text that vly_settings_set reads back to the same value: independent of locale, exact. */
VLY_API void vly_settings_text(const vly_settings *settings, int32_t option, char text[VLY_PATH_BYTES]);
VLY_API const char *vly_settings_origin(const vly_settings *settings, int32_t option);

/* Letters to be changed, added, dropped or swapped to make `b` of `a`: for "did you mean". */
VLY_API int32_t vly_word_distance(const char *a, const char *b);

/* Adds ", did you mean NEAREST?" to a message: the word of `words` ("a|b c") next to `word` if it is near enough, else "". */
VLY_API const char *vly_word_hint(char hint[96], const char *word, const char *words);

#ifdef __cplusplus
}
#endif
#endif
