/* The inside of the fit: curves as samples, families of them over ln gamma, and the least of a landscape. */
#ifndef VLY_FIT_IMPL_H
#define VLY_FIT_IMPL_H

#include "voxelyte/fit.h"

/* ---- fit_curve.c ---- */

/* The measured curve down to the cut-off, where it goes on, and the voltage down to which simulated ones count. */
vly_status vly_fit_curve_cut(vly_fit_curve *out, double *level, const vly_fit_curve *measured, double cutoff);

enum { VLY_FIT_SAMPLES = 1001 };

/* Voltages at equal parts of the charge from 0 to its end at `level`, by monotone cubics. A curve that stopped at most
 * `reach` (A s/m2) before that goes on straight. usable: false: it did so earlier; charge is how far it came. */
vly_status vly_fit_sample(double voltage[VLY_FIT_SAMPLES], double *charge, bool *usable, const vly_fit_curve *curve,
                          double level, double reach);

/* ---- fit_score.c ---- */

/* Linear between its points. *from: where the search begins, moves on with ascending charges. */
double vly_fit_curve_voltage(const vly_fit_curve *curve, double charge, int64_t *from);

/* Voltage of samples at a charge. */
double vly_fit_sampled(const double voltage[VLY_FIT_SAMPLES], double end, double charge);

/* The charges that chi2 looks at, first and last; none (false) where curves do not overlap. */
bool vly_fit_overlap(double range[2], double end, const vly_fit_curve *measured);

void vly_fit_score_samples(vly_fit_score *out, const double voltage[VLY_FIT_SAMPLES], double charge,
                           const vly_fit_curve *measured, const vly_fit_options *options);

/* ---- fit_landscape.c ---- */

/* The curves of one cut-out and target over x = ln gamma. */
typedef struct vly_fit_family {
    int32_t knots;
    double x[VLY_FIT_MOST]; /* (knots) ascending */
    double charge[VLY_FIT_MOST], charge_slope[VLY_FIT_MOST];
    double *voltage, *slope; /* (VLY_FIT_MOST, VLY_FIT_SAMPLES) */
} vly_fit_family;

vly_status vly_fit_family_create(vly_fit_family *out);
void vly_fit_family_free(vly_fit_family *family);
void vly_fit_family_add(vly_fit_family *family, double x, double charge, const double voltage[VLY_FIT_SAMPLES]);

/* At x within the knots, of which there are two at least. */
void vly_fit_family_at(double voltage[VLY_FIT_SAMPLES], double *charge, const vly_fit_family *family, double x);

/* chi2 at x, and the charge of the first target there. */
typedef double vly_fit_chi2(void *self, double x, double *charge);

typedef struct vly_fit_range {
    double low, high; /* x that chi2 is known at */
    double tolerance; /* of x */
    double freedom;
} vly_fit_range;

/* landscape: made here if it is not NULL, its charges where `with_charge`. */
vly_status vly_fit_minimise(vly_fit_estimate *out, vly_fit_landscape *landscape, bool with_charge, vly_fit_chi2 *chi2,
                            void *self, const vly_fit_range *range);
void vly_fit_landscape_free(vly_fit_landscape *landscape);

/* ---- fit.c ---- */

typedef struct vly_fitting vly_fitting;

typedef struct vly_fit_aim {
    double current;
    vly_fit_curve measured; /* down to the level */
    double level, reach;    /* V; A s/m2 that a simulation may stop before it */
} vly_fit_aim;

typedef struct vly_fit_search {
    vly_fitting *fit;
    vly_fit_cutout *out;
    int32_t index;
    vly_fit_family *family; /* (targets) with the same knots */
    bool wall[2];           /* below and above the knots curves stop early */
} vly_fit_search;

struct vly_fitting {
    const vly_fit_simulator *simulator;
    const vly_fit_options *options;
    vly_fit_result *out;
    vly_fit_aim *aim;              /* (targets) */
    vly_fit_search *search;        /* (cutouts) */
    double least, most, tolerance; /* of ln gamma */
    double *voltage, *charge;      /* (targets, VLY_FIT_SAMPLES), (targets): work */
};

/* Simulates a cut-out at x, if it was not yet and is among what is left. *done: whether it was. */
vly_status vly_fit_evaluate(bool *done, vly_fit_search *search, double x);

/* The next x beyond the knots, below (0) or above (1) them; NaN where the range or what can be simulated ends. */
double vly_fit_outward(const vly_fit_search *search, int side);

vly_status vly_fit_estimate_of(vly_fit_estimate *out, vly_fit_landscape *landscape, vly_fit_search *search);

/* chi2 of a vly_fit_search, and the range that goes with so many curves. */
double vly_fit_search_chi2(void *self, double x, double *charge);
vly_fit_range vly_fit_range_of(const vly_fitting *fit, double low, double high, int32_t curves);

/* ---- fit_pool.c: from the cut-outs to one number ---- */

vly_status vly_fit_conclude(vly_fitting *fit);

/* The 97.5 % quantile of Student's t. */
double vly_fit_student(int32_t freedom);

#endif
