/* How much of a number is the electrode's, and how much the choice of trinarisation's: every quantity of summary.csv over its
 * trinarisations, cut-outs and samples. */
#ifndef VLY_UNCERTAINTY_H
#define VLY_UNCERTAINTY_H

#include "study/variance.h"

typedef struct vly_uncertain {
    const char *sample; /* NULL: all samples together */
    const char *phase, *quantity, *unit;
    int32_t samples, cutouts /* of all samples */, ways;
    int32_t left_out; /* trinarisations without a value in each of the cut-outs */
    vly_variance variance;
} vly_uncertain;

typedef struct vly_uncertainty {
    vly_uncertain *lines; /* (count): quantity by quantity as they come in the table, sample by sample, then all */
    int32_t count;
    char *text; /* what the names point into */
} vly_uncertainty;

/* Of summary.csv at `path`. Quantities with a single value are left out, and so is what counts work or repeats a target. A
 * summary that is not there makes an empty table. VLY_EDATA with the line for what is no summary. */
vly_status vly_uncertainty_read(vly_uncertainty *out, const char *path);
void vly_uncertainty_free(vly_uncertainty *u);

/* FOLDER/uncertainty.csv. */
vly_status vly_uncertainty_write(const vly_uncertainty *u, const char *folder);

#endif
