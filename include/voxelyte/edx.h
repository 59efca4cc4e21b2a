/* CBD from fluorine: the line that fits an EDX depth profile, and the closing of the active material that follows it page by
 * page (Prifling et al. 2022, sec. 3.4; fig. 3). */
#ifndef VOXELYTE_EDX_H
#define VOXELYTE_EDX_H

#include "voxelyte/threshold.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- the profile ---- */

typedef struct vly_edx_options {
    int32_t rows[2];            /* of a map: the electrode, first row to the one behind the last; both 0: all of them */
    int32_t background_rows[2]; /* of a map: rows whose mean is subtracted; both 0: `background` is */
    double background;          /* counts to subtract */
    int32_t bins;               /* of equal depth, empty ones are left out; 0: every row or line of its own */
    bool flip;                  /* the separator is at the lower edge of the map, or at depth 1 of the profile */
    bool weighted;              /* points count with 1/error^2 instead of all the same */
    double interface;           /* depth, 0 ... 1, from which on intensities are multiplied by */
    double layer_ratio;         /* CBD per fluorine there, relative to that in front of it; 1: no layers */
} vly_edx_options;

#define VLY_EDX_OPTIONS_INIT ((vly_edx_options){.bins = 50, .layer_ratio = 1.0})

/* Depth runs from 0 at the separator to 1 at the collector, intensities are counts above the background. */
typedef struct vly_edx_profile {
    int32_t rows, columns;               /* of the band of the map; columns 0: it was a profile */
    double background;                   /* counts that were subtracted */
    int32_t count;                       /* points */
    double *depth, *intensity, *error;   /* (count); error: of the mean, NaN where nothing tells it */
    double intercept, slope;             /* intensity = intercept + slope depth */
    double intercept_error, slope_error; /* standard errors, from the scatter of the points about the line */
    double covariance;                   /* of intercept and slope */
    double residual;                     /* standard deviation of a point of weight 1 about the line */
} vly_edx_profile;

/* path: *.csv, lines under the header `depth,intensity` or `depth,intensity,error`; else a map, one page of counts as
 * (depth, across) in rows and columns, of any type that vly_source_open takes.
 * VLY_EDATA with its place for what is no number, for NaN (E_NAN), counts below 0, rows that are not there, fewer than three
 * points (E_DIM), and a profile with nothing above the background (E_FLAT). */
VLY_API vly_status vly_edx_read(vly_edx_profile *out, const char *path, const vly_edx_options *options);
VLY_API void vly_edx_profile_free(vly_edx_profile *profile);

/* Standard error of the line at a depth. */
VLY_API double vly_edx_line_error(const vly_edx_profile *profile, double depth);

#ifdef __cplusplus
}
#endif
#endif
