/* What a half cell on voxels is roughly like without its voxels: the homogenised cell of the same thickness, fractions and
 * reacting area, its transport that of pore and carbon-binder in the image. It tells where a fit begins. */
#ifndef VLY_FIT_SURROGATE_H
#define VLY_FIT_SURROGATE_H

#include "cell/cell_impl.h"
#include "cell/dfn.h"
#include "voxelyte/fit.h"

/* A discharge of the homogenised cell down to the cut-off, at most `most` (A s/m2). What cannot be marched to there comes
 * back as far as it went, without points if it cannot even begin. */
vly_status vly_dfn_curve(vly_fit_curve *out, vly_device *device, const vly_dfn *dfn, const vly_cell_laws *laws,
                         const vly_cell_start *start, double cutoff, double current, double most);

/* D_eff / D_0 of pore and carbon-binder along the thickness, with that gamma. */
vly_status vly_surrogate_transport(double *d_eff, const vly_cell *cell, double gamma);

/* The cell's curve in that way; its own gamma does not matter. */
vly_status vly_surrogate_curve(vly_fit_curve *out, const vly_cell *cell, double current, double gamma);

#endif
