/* A symmetric cell's spectrum in the words of a result document and of its CSV. Resistances in ohm cm2 of the cross-section. */
#ifndef VLY_IMPEDANCE_DOCUMENT_H
#define VLY_IMPEDANCE_DOCUMENT_H

#include "study/document_impl.h"
#include "voxelyte/impedance.h"
#include "voxelyte/settings.h"

void vly_impedance_document(vly_document *document, const vly_impedance_result *result,
                            const vly_impedance_options *options, const vly_settings *settings);

/* spectrum.csv: a line per frequency, from the highest down. */
void vly_impedance_csv(vly_text *to, const vly_impedance_result *result);

#endif
