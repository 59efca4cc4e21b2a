/* The data's path: pages are read and decoded ahead, cut into slabs with a halo, pushed once through the stages of a pass,
 * and written behind. A region that fits the memory budget is loaded once and stays; otherwise every pass streams.
 * Stages cannot tell the difference, and results are the same to the bit. */
#ifndef VLY_PIPELINE_H
#define VLY_PIPELINE_H

#include "core/device_impl.h"
#include "voxelyte/threshold.h"

typedef struct vly_slab {
    vly_region region;
    int32_t z0, z1;       /* pages of the window */
    const uint16_t *grey; /* device, region.data; NULL in a pipeline of labels, */
    const uint8_t *phase; /* which has this instead, and no mask and no labels that come out */
    const uint8_t *mask;  /* device, region.inner; NULL: everything is inside */
    uint8_t *label;       /* device, region.inner; what the last pass left if the pipeline keeps labels */
} vly_slab;

typedef struct vly_stage {
    const char *name;
    vly_status (*slab)(void *self, vly_device *device, const vly_slab *slab);
    void *self;
} vly_stage;

typedef struct vly_pipeline_options {
    vly_region_options region;
    bool of_labels;   /* the source yields phases (u8), not grey values (u16); what a mask would say is 255 there */
    int32_t halo;     /* pages and voxels a stage reads around those it computes, */
    int32_t ahead;    /* and pages behind them and their halo, as far as there are any: for what reaches across */
    int32_t thick;    /* pages a slab should have where memory allows it; 0: as few as are worth it */
    bool keep_labels; /* labels survive from pass to pass (in memory, or in a scratch file) */
    int64_t reserve;  /* bytes the caller will hold beside the slabs, */
    int64_t beside;   /* and bytes per voxel of one slab, pages ahead included */
} vly_pipeline_options;

typedef struct vly_pipeline vly_pipeline;

/* VLY_EDATA if the window lies outside the volume, the mask's extent fits neither, or a side is too short for the halo;
 * VLY_EMEMORY with the smallest limit that works. The sources must outlive the pipeline. */
vly_status vly_pipeline_open(vly_pipeline **out, vly_device *device, vly_source *source,
                             const vly_pipeline_options *options);
void vly_pipeline_close(vly_pipeline *pipeline);

/* One pass over the region. sink may be NULL; it takes the labels. */
vly_status vly_pipeline_pass(vly_pipeline *pipeline, const char *title, const vly_stage *stages, int32_t count,
                             vly_sink *sink);

/* The whole region as one slab, if it lies on a device of its own, with the labels of the last pass: a stage may then be
 * queued without a pass. False otherwise, before the first pass, and for a rank without a page. */
bool vly_pipeline_whole(vly_slab *out, vly_pipeline *pipeline);

typedef struct vly_plan {
    vly_extent window;
    int32_t slab_pages, slabs; /* of this rank */
    bool resident;
    int64_t host_bytes;   /* held at the same time, reserve included */
    int64_t device_bytes; /* the same on a device with memory of its own; 0 on others */
} vly_plan;

const vly_plan *vly_pipeline_plan(const vly_pipeline *pipeline);

/* The plan alone: nothing is allocated, nothing read. Of the source only what is known of it counts, so it may be of any type. */
vly_status vly_pipeline_measure(vly_plan *out, vly_device *device, vly_source *source,
                                const vly_pipeline_options *options);

#endif
