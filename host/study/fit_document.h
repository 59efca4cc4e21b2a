/* A fit in the words of a result document. All capacities are in mAh/cm2, currents in mA/cm2; what is not known is null.
 *
 *   gamma, tau, inverse_tau      geometric mean over the cut-outs; tau = eps/gamma and 1/tau of the carbon-binder
 *   interval [lo, hi]            of gamma, 95 %: the wider of `pooled` and `spread`; tau_interval is its tau
 *   at_bound, identifiable       as voxelyte/fit.h has them; `verdict` says it in words
 *   misfit                       chi2 over freedom of the cut-out that fits worst: about 1 where the assumed errors explain it
 *   transport_rel                D_eff / D_0 (k_eff) of pore and carbon-binder along the thickness at the fitted gamma, mean
 *   rms_mv, evaluations          over all curves; simulations of the fitted currents that the search asked for, per target
 *   simulations                  {computed, reused, resumed, folder}: of this call, predictions included
 *   targets[]                    {current_ma_cm2, capacity_mah_cm2, measured: CURVE}
 *   pooled, spread               ESTIMATE of the sum of chi2, with `landscape` {gamma[], chi2[]}; [lo, hi] by scatter or null
 *   per_cutout[]                 ESTIMATE and labels (path), volume (index of the input), cutout (from 1), window,
 *       flag ("", "at bound", "not identifiable", "failed"), tau, inverse_tau, evaluations,
 *       simulations[] {gamma, chi2, capacity_mah_cm2, usable} in the order they were made,
 *       landscape {gamma[], chi2[], capacity_mah_cm2[]} interpolated between them, surrogate: the rough one, or null,
 *       transport_rel             the same of this cut-out
 *       thickness_um, theory_mah_cm2, unknowns
 *       matches[]                 per target: {current_ma_cm2, SCORE, curve: CURVE, sensitivity}, sensitivity
 *                                 {capacity_mah_cm2[], dv_dln_gamma_mv[], mean_dv_dln_gamma_mv, dq_dln_gamma_mah_cm2}
 *       predictions[]             per other current: {current_ma_cm2, SCORE, curve: CURVE}; a `failure` instead of SCORE
 *   predictions[]                per other current: {current_ma_cm2, rms_mv, capacity_error_rel, measured: CURVE} over cut-outs
 *
 *   ESTIMATE  gamma, chi2, freedom, interval [lo, hi], interval_open [bool, bool], at_bound, identifiable
 *   SCORE     chi2, capacity_chi2, voltage_chi2, offset_mv, rms_mv, capacity_mah_cm2, capacity_error_rel
 *   CURVE     {capacity_mah_cm2[], voltage_v[]} */
#ifndef VLY_FIT_DOCUMENT_H
#define VLY_FIT_DOCUMENT_H

#include "study/fit_runs.h"

/* What is known of a cut-out beside its fit. */
typedef struct vly_fit_told {
    double transport; /* D_eff / D_0 */
    vly_cell_geometry geometry;
    vly_cell_outlook outlook;
    json_t *predictions; /* array, taken */
} vly_fit_told;

json_t *vly_fit_curve_json(const vly_fit_curve *curve);

/* score NULL: there is none, and `failure` says why. */
json_t *vly_fit_prediction_json(double current, const vly_fit_score *score, const vly_fit_curve *curve,
                                const char *failure);

/* share: electrolyte in a voxel of carbon-binder. told: (cutouts). */
void vly_fit_document(vly_document *document, const vly_fit_result *result, const vly_fit_target *targets,
                      vly_fit_told *told, const vly_fit_runs *runs, double share);

#endif
