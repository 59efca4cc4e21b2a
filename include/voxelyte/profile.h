/* Volume fractions over the depth of an electrode, slice by slice: the profile itself, a straight line through it, and the
 * interface of two layers. */
#ifndef VOXELYTE_PROFILE_H
#define VOXELYTE_PROFILE_H

#include "voxelyte/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vly_profile_options {
    vly_box window; /* all zero: the whole volume */
    vly_through through;
    double nu;      /* share of nanopores in a CBD voxel */
    int32_t smooth; /* slices of a moving average over the fractions, odd; 1: none. Counts, line and layers take none */
} vly_profile_options;

#define VLY_PROFILE_OPTIONS_INIT ((vly_profile_options){.through = VLY_THROUGH_Z, .nu = 0.5, .smooth = 1})

/* Fraction over depth, by least squares over slices: intercept + slope * depth. NaN below two slices, the error of the slope below three. */
typedef struct vly_line {
    double intercept, slope, slope_se; /* 1, 1/m, 1/m */
} vly_line;

/* The two constants that fit the active material's profile best; ties go to the lower depth. */
typedef struct vly_layers {
    int32_t slices;           /* of the layer at the separator; 0: the profile is flat, and nothing below has a value */
    double depth;             /* m, of the interface between them */
    double explained;         /* share of the profile's variance that two constants explain */
    double above[VLY_PHASES]; /* mean fractions on the separator's side, */
    double beneath[VLY_PHASES]; /* and on the collector's */
} vly_layers;

typedef struct vly_profile_result {
    int32_t slices; /* from the separator on; slice i lies at depth (i + 1/2) * step */
    double step;    /* m */
    int64_t voxels; /* inside */
    int64_t counts[VLY_PHASES];
    double fraction[VLY_PHASES];
    int64_t *slice_counts;        /* (slices, VLY_PHASES) */
    double *slice_fraction;       /* (slices, VLY_PHASES); NaN in a slice that is all outside */
    double *porosity, *solid_cbd; /* (slices) pore + nu * cbd, (1 - nu) * cbd */
    vly_line line[VLY_PHASES];
    vly_layers layers;
} vly_profile_result;

/* VLY_EDATA without a voxel size, (E_ROI) if nothing is inside; VLY_EUSAGE for an even average. */
VLY_API vly_status vly_profile(vly_profile_result *out, vly_device *device, vly_source *labels,
                               const vly_profile_options *options);
VLY_API void vly_profile_result_free(vly_profile_result *result);

#ifdef __cplusplus
}
#endif
#endif
