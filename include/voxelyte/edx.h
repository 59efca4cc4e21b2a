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

/* ---- the closing ---- */

/* Pores that no path of faces joins to a face of the region have small radii, so a closing fills them before all others. */
typedef enum vly_enclosed {
    VLY_ENCLOSED_KEEP, /* they take part as they are */
    VLY_ENCLOSED_PORE, /* they stay pore */
    VLY_ENCLOSED_AM    /* they become active material */
} vly_enclosed;

typedef struct vly_closing_options {
    vly_fractions fractions; /* of the region's voxels; the active material is what it is, CBD is met to the voxel */
    vly_ties ties;           /* hash: exact in every page; none: whole radii, as near to the fraction as they come */
    uint64_t seed;
    bool solid_collector; /* the last page lies on a wall that counts as active material */
    vly_enclosed enclosed;
    int32_t draws;       /* lines drawn from the errors of the profile's; 0: none */
    const char *scratch; /* folder for temporary files; NULL: TMPDIR or /tmp */
} vly_closing_options;

#define VLY_CLOSING_OPTIONS_INIT ((vly_closing_options){.fractions = VLY_FRACTIONS_PAPER, .seed = 1})

typedef struct vly_closing_page {
    double weight;            /* of the line, with mean 1 over all pages */
    int64_t inside, am, open; /* voxels of the region, of these active material, and such that may become CBD */
    int64_t target, cbd;      /* CBD asked for and made */
    double radius;            /* of the closing, voxels; 0: nothing was to be filled */
    double tie_share;         /* of the open voxels, those with exactly that radius */
    double spread;            /* standard deviation of the CBD fraction over the draws; NaN without */
} vly_closing_page;

typedef struct vly_closing_result {
    int64_t voxels; /* inside */
    int64_t targets[VLY_PHASES], counts[VLY_PHASES];
    double scale;   /* CBD fraction that a page of weight 1 asks for */
    int64_t filled; /* enclosed voxels that were set apart beforehand */
    int32_t draws;  /* lines drawn that a closing could follow */
    int32_t page_count;
    vly_closing_page *pages; /* (page_count) from the separator to the collector */
} vly_closing_result;

/* Page z gets scale * weight of its voxels as CBD, those that the smallest balls close: of the local thickness rho of what is
 * no active material, the smallest first (spec/segmentation 9.3). labels of am: VLY_AM is active material, VLY_OUTSIDE is
 * outside, everything else is to be divided into CBD and pore. am, mask (u8, 0 outside; may be NULL) and labels (sink, u8)
 * have one extent, of cubes; page 0 is at the separator, the last one at the collector.
 * VLY_ENUMERIC (E_INFEASIBLE) where there is no room for so much CBD, VLY_EDATA without active material (E_EMPTY). */
VLY_API vly_status vly_closing(vly_closing_result *out, vly_device *device, vly_source *am, vly_source *mask,
                               vly_sink *labels, const vly_edx_profile *profile, const vly_closing_options *options);
VLY_API void vly_closing_result_free(vly_closing_result *result);

#ifdef __cplusplus
}
#endif
#endif
