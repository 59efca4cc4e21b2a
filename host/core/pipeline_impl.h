/* Shared by pipeline.c (what is where, how large) and slab_ring.c (one pass: read ahead, compute, write behind). */
#ifndef VLY_PIPELINE_IMPL_H
#define VLY_PIPELINE_IMPL_H

#include "core/file.h"
#include "core/pipeline.h"

enum { VLY_SLOTS = 3 }; /* slabs in flight when streaming: one being read, one computed, one written */

/* Memory of the slabs. Resident: slot 0 holds the whole region. Streaming: slab k lives in slot k % VLY_SLOTS. */
typedef struct vly_slot {
    vly_buffer data;  /* grey values or phases, pages of `data` */
    vly_buffer mask;  /* u8, pages of the window; empty without a mask */
    vly_buffer label; /* u8, pages of the window; empty in a pipeline of labels */
} vly_slot;

/* A device with memory of its own: where pages stand on their way up and labels on their way down, one slab each, pinned.
 * NULL on a unified device. The reader owns the first three, the writer the last. */
typedef struct vly_stages {
    void *data, *mask, *label_up, *label_down;
} vly_stages;

struct vly_pipeline {
    vly_device *device;
    vly_source *source, *mask;
    int64_t size;          /* bytes a voxel of `data` takes */
    vly_box window;        /* in the volume */
    vly_box data;          /* window and halo, clipped to the volume */
    vly_extent mask_shift; /* what to add to a window coordinate to find it in the mask */
    vly_plan plan;
    int32_t share0, share1; /* pages of the window that this rank computes */
    int32_t halo, ahead, thick;
    int64_t beside;
    bool of_labels;
    vly_slot slots[VLY_SLOTS];
    int32_t slot_count;
    vly_stages stages;
    uint8_t *page_scratch; /* (threads, page) where pages are cropped; NULL if never */
    int64_t page_bytes;
    bool keep_labels, labels_valid;
    vly_file label_store; /* labels between the passes when they do not stay in memory */
    int32_t loaded;       /* resident: pages of `data` read so far, */
    int32_t slabs_loaded; /* and slabs that are complete */
};

/* Pages [z0, z1) of the window that slab `k` computes, and pages of the volume [d0, d1) that it needs. */
typedef struct vly_span {
    int32_t z0, z1, d0, d1;
} vly_span;

vly_span vly_pipeline_span(const vly_pipeline *pipeline, int32_t k);

#endif
