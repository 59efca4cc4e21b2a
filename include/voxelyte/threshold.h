/* Global thresholding: the two grey values that meet target volume fractions exactly (Prifling et al. 2022, sec. 3.1). */
#ifndef VOXELYTE_THRESHOLD_H
#define VOXELYTE_THRESHOLD_H

#include "voxelyte/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Volume fractions of voxels. Parsed from decimals without rounding, so that targets in voxels are exact. */
typedef struct vly_fractions {
    int64_t parts[VLY_PHASES]; /* in units of 1e-15; they sum to 1e15 */
} vly_fractions;

#define VLY_FRACTIONS_ONE INT64_C(1000000000000000)
/* The paper's voxel fractions: a CBD voxel is half nanopores (spec 0.1). */
#define VLY_FRACTIONS_PAPER ((vly_fractions){{173800000000000, 595400000000000, 230800000000000}})
#define VLY_FRACTIONS_PAPER_LITERAL ((vly_fractions){{289200000000000, 595400000000000, 115400000000000}})

/* "paper", "paper-literal" or "am=0.5954,cbd=0.2308,pore=0.1738". VLY_EUSAGE if negative or off one by more than 1e-9. */
VLY_API vly_status vly_fractions_parse(vly_fractions *out, const char *text);

/* Voxels per phase out of `voxels`, by largest remainders; equal remainders go to am, then cbd, then pore. */
VLY_API void vly_fractions_targets(const vly_fractions *fractions, int64_t voxels, int64_t targets[VLY_PHASES]);

typedef enum vly_ties {
    VLY_TIES_HASH, /* voxels of one grey value are split by a hash of their index: exact and spatially unbiased */
    VLY_TIES_NONE  /* a grey value goes to one side as a whole, whichever comes closer */
} vly_ties;

/* What is to be segmented. */
typedef struct vly_region_options {
    vly_box window;      /* all zero: the whole volume */
    vly_source *mask;    /* u8, extent of the window or of the volume, 1 inside; NULL: everything is inside */
    const char *scratch; /* folder for temporary files when memory is short; NULL: TMPDIR or /tmp */
} vly_region_options;

typedef struct vly_threshold_options {
    vly_region_options region;
    vly_fractions fractions;
    vly_ties ties;
    bool fixed; /* use `thresholds` as they are: pore g <= t[0], cbd t[0] < g <= t[1], am above */
    uint16_t thresholds[2];
    uint64_t seed;
} vly_threshold_options;

#define VLY_THRESHOLD_OPTIONS_INIT ((vly_threshold_options){.fractions = VLY_FRACTIONS_PAPER, .seed = 1})

typedef struct vly_threshold_result {
    int64_t voxels; /* inside window and mask */
    int64_t targets[VLY_PHASES];
    int64_t counts[VLY_PHASES];
    uint16_t thresholds[2];    /* the grey values that were split */
    int64_t tied[2], taken[2]; /* voxels of that grey value, and how many of them went to the darker side */
    uint16_t grey_min, grey_max, otsu;
    uint64_t *histogram; /* (65536) of the region */
} vly_threshold_result;

/* grey: u16 source. labels: u8 sink with the window's extent.
 * VLY_EDATA (E_FLAT) for a constant region, (E_ROI) for an empty one. */
VLY_API vly_status vly_threshold(vly_threshold_result *out, vly_device *device, vly_source *grey, vly_sink *labels,
                                 const vly_threshold_options *options);
VLY_API void vly_threshold_result_free(vly_threshold_result *result);

#ifdef __cplusplus
}
#endif
#endif
