/* Impedance of a symmetric cell with blocking electrodes: two mirrored electrodes with a separator between them, an electrolyte
 * that does not react, and a double layer on every active surface (spec/electrochemistry 6). By mirror symmetry half of it is
 * solved, up to the separator's middle. Everything is per cross-section of the electrode and in SI: 1 ohm m2 = 1e4 ohm cm2. */
#ifndef VOXELYTE_IMPEDANCE_H
#define VOXELYTE_IMPEDANCE_H

#include "voxelyte/cell.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum vly_impedance_method {
    VLY_IMPEDANCE_HARMONIC, /* a small model of the network, exact at some rates of growth, with a bound of its error */
    VLY_IMPEDANCE_STEP      /* the current after a step of the voltage, transformed */
} vly_impedance_method;

typedef struct vly_impedance_options {
    vly_cell_options cell; /* floating is always inert, and half means nothing here. separator_layers and the materials'
                            * thickness: of the whole separator; separator_layer, where given, of the half that is solved,
                            * from the electrode on. Active material conducts as at the materials' initial stoichiometry */
    bool bare;             /* no separator: the electrolyte is held where the electrode ends */
    bool equipotential;    /* solids are one conductor, connected or not, and so is the collector */
    bool binder_internal;  /* double layer inside the carbon-binder too */
    vly_impedance_method method; /* how the spectrum is found; all else comes from the harmonic model */
    double highest, lowest;      /* Hz */
    int32_t per_decade;          /* frequencies, from the highest on */
    double tolerance;            /* of Z relative to its real part */
    int32_t steps_per_decade;    /* of VLY_IMPEDANCE_STEP */
} vly_impedance_options;

#define VLY_IMPEDANCE_OPTIONS_INIT                          \
    ((vly_impedance_options){.cell = VLY_CELL_OPTIONS_INIT, \
                             .binder_internal = true,       \
                             .highest = 1e6,                \
                             .lowest = 1e-2,                \
                             .per_decade = 10,              \
                             .tolerance = 1e-4,             \
                             .steps_per_decade = 10})

typedef struct vly_impedance_point {
    double frequency; /* Hz */
    double re, im;    /* ohm m2, of the whole cell: twice that of the half */
} vly_impedance_point;

/* What an ionic resistance says about the electrode, L thick: gamma = L / (R_ion kappa), tau = eps / gamma. */
typedef struct vly_impedance_ionic {
    double r_ion; /* ohm m2, of one electrode */
    double gamma, tau;
} vly_impedance_ionic;

/* Resistance in series with a capacitance; all of them side by side are the electrode: Y = sum s C / (1 + s R C). */
typedef struct vly_impedance_branch {
    double resistance;  /* ohm m2, of the half cell */
    double capacitance; /* F/m2 */
} vly_impedance_branch;

typedef struct vly_impedance_result {
    vly_cell_geometry geometry;  /* of the half cell: its separator is half the whole */
    double conductivity;         /* S/m, kappa of the blocking electrolyte */
    double thickness;            /* m, of one electrode */
    double electrolyte_fraction; /* eps, of one electrode: what reaches the separator, carbon-binder by its porosity */
    double capacitance[VLY_CONTACTS], internal_capacitance; /* F/m2, of one electrode: active material by what it faces;
                                                             * inside carbon-binder */
    double total_capacitance;                               /* F/m2, of one electrode */

    vly_impedance_point *points; /* (count) from the highest frequency down */
    int32_t count;
    double r_hf;               /* ohm m2, of the whole cell: all double layers shorted */
    double r_lf;               /* the same: limit of Re Z at low frequencies, exact for any structure */
    vly_impedance_ionic limit; /* from 3 (r_lf - r_hf) / 2: true where the capacitance is the same at all depths */
    vly_impedance_ionic line; /* from the transmission line R_hf + R_ion coth(s) / s, s = (2 pi i f R_ion C)^(1/2), that
                                * comes closest within f0 / 10 ... 10 f0 */
    double line_misfit;       /* root mean square of its relative differences there */
    double f0;                /* Hz, 1 / (2 pi R_ion C), of `limit` */

    vly_impedance_branch *branches; /* (branch_count) by falling R C */
    int32_t branch_count;

    bool converged;
    double error; /* largest estimate between the shifts, relative to Re Z */
    int64_t unknowns;
    int32_t solves;     /* of the network */
    int32_t iterations; /* of all of them, a multigrid cycle each */
    double seconds[2];  /* making network and hierarchies, solving */
    double bytes;       /* per unknown, held at most, of host or device memory */
} vly_impedance_result;

/* labels: phases (vly_source_labels) of cubes whose size is known. VLY_EDATA says what is missing: active material, a way for
 * electrons or for ions, a double layer on any surface, a voxel size. Not reaching the tolerance is no failure: converged says so. */
VLY_API vly_status vly_impedance(vly_impedance_result *out, vly_device *device, vly_source *labels,
                                 const vly_impedance_options *options);
VLY_API void vly_impedance_result_free(vly_impedance_result *result);

/* "harmonic", "step". */
VLY_API const char *vly_impedance_method_name(vly_impedance_method method);

#ifdef __cplusplus
}
#endif
#endif
