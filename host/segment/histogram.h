/* Exact grey histogram of a region: one pass, 65 536 bins. */
#ifndef VLY_HISTOGRAM_H
#define VLY_HISTOGRAM_H

#include "core/pipeline.h"

enum { VLY_GREY_LEVELS = 65536 };

/* bins (65536) are added up over all ranks. */
vly_status vly_histogram_pass(vly_pipeline *pipeline, vly_device *device, uint64_t *bins);

typedef struct vly_histogram_summary {
    int64_t voxels;
    uint16_t min, max, otsu; /* of voxels; otsu is min if min == max */
} vly_histogram_summary;

/* VLY_EDATA if the region is empty (E_ROI). */
vly_status vly_histogram_summarise(vly_histogram_summary *out, const uint64_t *bins, const char *path);

#endif
