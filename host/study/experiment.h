/* Measured curves: a CSV whose header names what each column is and in which unit. */
#ifndef VLY_EXPERIMENT_H
#define VLY_EXPERIMENT_H

#include "voxelyte/base.h"

typedef struct vly_experiment {
    int64_t count;
    double *capacity; /* (count) mAh/cm2 */
    double *voltage;  /* (count) V */
    double *current;  /* (count) mA/cm2; NaN where no column tells it */
} vly_experiment;

/* VLY_EDATA with the line, or with the header's word whose unit is not known. */
vly_status vly_experiment_read(vly_experiment *out, const char *path);
void vly_experiment_free(vly_experiment *experiment);

#endif
