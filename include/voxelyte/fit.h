/* The fit of the carbon-binder's transport parameter gamma = eps/tau to measured curves (spec/electrochemistry 8): what a
 * simulated curve misses of a measured one, and a search in ln gamma that gets by with few simulations. Who simulates is
 * told: voxels, a homogenised cell, or a test. */
#ifndef VOXELYTE_FIT_H
#define VOXELYTE_FIT_H

#include "voxelyte/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- curves ---- */

/* Voltage over the charge that has passed since the start of a lithiation. */
typedef struct vly_fit_curve {
    int64_t count;
    double *charge;  /* (count) A s/m2, ascending */
    double *voltage; /* (count) V */
    bool ended;      /* as far as the cut-off, or as it was measured; false: it stopped early */
} vly_fit_curve;

/* Room for so many points, all zero. */
VLY_API vly_status vly_fit_curve_create(vly_fit_curve *out, int64_t count);
VLY_API void vly_fit_curve_free(vly_fit_curve *curve);

/* A measured lithiation in that form: the axis of charge (A s/m2) may run either way, begin anywhere (an ascending one that
 * begins within 5 % of its length from 0 is left as it is), and hold several voltages at one charge, of which the first
 * counts. VLY_EDATA, opened by `name`, for fewer than 10 points, numbers that cannot be, a voltage that does not fall, or
 * more than one curve. */
VLY_API vly_status vly_fit_curve_measured(vly_fit_curve *out, const double *charge, const double *voltage,
                                          int64_t count, const char *name);

/* ---- the objective ---- */

enum {
    VLY_FIT_MOST = 16,
    VLY_FIT_POINTS = 100,
    VLY_FIT_FACTOR = 5 /* between the ends of an interval that still says something */
};

typedef struct vly_fit_options {
    double lower, upper; /* of gamma */
    double tolerance;    /* of gamma, relative */
    int32_t most;        /* evaluations of a cut-out, 3 to VLY_FIT_MOST; each is a simulation per target */
    double cutoff; /* V, of the simulations; curves count down to here, or to the last measured voltage above it */
    double voltage_error; /* V, standard deviation */
    double charge_error;  /* standard deviation of the charge at the end, relative to the measured */
    double offset_error; /* V: a constant between the voltages is fitted, with a prior of 0 +- this; 0: there is none */
} vly_fit_options;

#define VLY_FIT_OPTIONS_INIT                   \
    ((vly_fit_options){.lower = 0.005,         \
                       .upper = 0.5,           \
                       .tolerance = 0.02,      \
                       .most = 8,              \
                       .cutoff = 3.0,          \
                       .voltage_error = 10e-3, \
                       .charge_error = 0.02,   \
                       .offset_error = 30e-3})

typedef struct vly_fit_score {
    double chi2;        /* the sum of these three */
    double charge_part; /* ((Q_sim - Q_exp) / sigma_Q)^2 */
    double
        voltage_part; /* mean of ((V_sim - V_exp - offset) / sigma_V)^2 over VLY_FIT_POINTS from 2 to 98 % of the charge that both have */
    double offset_part;  /* (offset / offset_error)^2 */
    double offset;       /* V */
    double rms;          /* V, of V_sim - V_exp - offset */
    double charge;       /* A s/m2, Q_sim */
    double charge_error; /* Q_sim / Q_exp - 1 */
} vly_fit_score;

/* chi2 of two curves. VLY_EDATA if the simulated one stopped so early that its end cannot be told to half of sigma_Q. */
VLY_API vly_status vly_fit_compare(vly_fit_score *out, const vly_fit_curve *simulated, const vly_fit_curve *measured,
                                   const vly_fit_options *options);

/* ---- the fit ---- */

typedef struct vly_fit_target {
    double current; /* A/m2 */
    vly_fit_curve curve;
} vly_fit_target;

typedef struct vly_fit_simulator {
    /* The curve of a cut-out (from 0 on). One that stopped early comes with what there is of it. */
    vly_status (*simulate)(void *self, vly_fit_curve *out, int32_t cutout, double current, double gamma);
    /* The same, cheap and roughly, to begin at the right place; may be NULL. */
    vly_status (*rough)(void *self, vly_fit_curve *out, int32_t cutout, double current, double gamma);
    void *self;
} vly_fit_simulator;

typedef struct vly_fit_evaluation {
    double gamma;
    double chi2;   /* of all targets; NaN unless usable */
    double charge; /* A s/m2, of the first target, as far as it came */
    bool usable;   /* false: a curve stopped early */
} vly_fit_evaluation;

typedef struct vly_fit_estimate {
    double gamma; /* NaN: there is none */
    double chi2;
    double freedom;     /* a curve counts for two data, its charge and its voltages; less gamma */
    double interval[2]; /* 95 %: chi2 is less than 3.84 max(1, least / freedom) above the least */
    bool open[2];       /* it ends there only because the range does, or what was simulated */
    bool at_bound;      /* the least chi2 is at an end of the range, or chi2 rises nowhere */
    bool identifiable;  /* not at_bound, both ends known, at most VLY_FIT_FACTOR apart */
} vly_fit_estimate;

/* Interpolated between the evaluations: charge by monotone cubics in ln gamma, voltages likewise at equal parts of it. */
typedef struct vly_fit_landscape {
    int32_t count;
    double *gamma;  /* (count) */
    double *chi2;   /* (count) */
    double *charge; /* (count) A s/m2, of the first target; NULL for several cut-outs */
} vly_fit_landscape;

/* A target as the estimate of a cut-out has it. */
typedef struct vly_fit_match {
    vly_fit_curve curve; /* interpolated */
    vly_fit_score score;
    vly_fit_curve slope; /* voltage: dV / d ln gamma, V, at the charges that chi2 looks at */
    double charge_slope; /* dQ / d ln gamma, A s/m2 */
} vly_fit_match;

typedef struct vly_fit_cutout {
    vly_fit_estimate estimate;
    int32_t evaluations;
    vly_fit_evaluation evaluation[VLY_FIT_MOST]; /* (evaluations) in the order in which they were made */
    vly_fit_landscape landscape;
    vly_fit_landscape rough; /* count 0: there is none */
    vly_fit_match *match;    /* (targets) NULL without an estimate */
} vly_fit_cutout;

typedef struct vly_fit_result {
    int32_t cutouts, targets;
    vly_fit_cutout *cutout;      /* (cutouts) */
    vly_fit_estimate pooled;     /* of the sum of chi2; no gamma where the cut-outs' ranges do not meet */
    vly_fit_landscape landscape; /* of it */
    double gamma;                /* geometric mean over the cut-outs */
    double spread[2];            /* 95 % by their scatter (Student's t); NaN for fewer than two */
    double interval[2];          /* the wider of that and the pooled one */
    double rms;                  /* V, over all cut-outs and targets at their own gamma */
    bool at_bound;               /* of a cut-out or of the pooled one: gamma is a bound then */
    bool identifiable;           /* as above */
    int32_t evaluations;         /* of all cut-outs */
} vly_fit_result;

/* VLY_ENUMERIC if no cut-out has two usable evaluations. What a simulator fails with comes back as it is. */
VLY_API vly_status vly_fit(vly_fit_result *out, const vly_fit_simulator *simulator, int32_t cutouts,
                           const vly_fit_target *targets, int32_t target_count, const vly_fit_options *options);
VLY_API void vly_fit_result_free(vly_fit_result *result);

#ifdef __cplusplus
}
#endif
#endif
