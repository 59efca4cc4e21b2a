/* A half cell's curve in the words of a result document and of its CSV. */
#ifndef VLY_LITHIATE_DOCUMENT_H
#define VLY_LITHIATE_DOCUMENT_H

#include "study/document_impl.h"
#include "voxelyte/settings.h"

/* A s/m2 in a mAh/cm2, A/m2 in a mA/cm2. */
#define VLY_MAH_CM2 36e3
#define VLY_MA_CM2 10.0

/* mAh/cm2 of A s/m2, without the digits that the conversion brings in. */
json_t *vly_json_mah_cm2(double charge);

/* The decimals that a change of unit brings in are cut off: 13 digits stay. */
double vly_clean(double value);

/* What became of the labels; every material that counts, with where it comes from. */
json_t *vly_geometry_json(const vly_cell_geometry *geometry, const vly_settings *settings);
json_t *vly_materials_json(const vly_materials *materials);

/* gamma_cbd, tau_cbd, inverse_tau_cbd. */
void vly_gamma_document(vly_document *document, const vly_materials *materials);

/* The labels' part, the materials with their sources, and what can be said before the march. */
void vly_cell_document(vly_document *document, const vly_cell *cell, const vly_materials *materials,
                       const vly_settings *settings);

/* The curve's part; `failure` where a guard was hit. current: A/m2. */
void vly_lithiate_document(vly_document *document, const vly_lithiate_result *result, const vly_cell *cell,
                           double current);

/* curve.csv: a line per step. */
void vly_lithiate_csv(vly_text *to, const vly_lithiate_result *result);

#endif
