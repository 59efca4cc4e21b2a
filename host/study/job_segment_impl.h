/* What the methods of segment share: the inputs, and what every one of them reports. */
#ifndef VLY_JOB_SEGMENT_IMPL_H
#define VLY_JOB_SEGMENT_IMPL_H

#include "study/job_impl.h"
#include "voxelyte/kmeans.h"
#include "voxelyte/mlp.h"

typedef struct vly_segment {
    vly_job job;
    uint32_t methods; /* bit vly_method */
    vly_source *grey, *mask;
    vly_source *am; /* labels whose active material is to be taken, opened with the inputs; NULL: none */
    vly_box window;
    const vly_grey_map *map;
    vly_mlp *model;       /* of nn-*; NULL: none */
    vly_mlp_field *field; /* what it says, once one of them has asked */
    bool made_folder, histogram_written;
    bool kmeans_made; /* kmeans.tif is in the output folder */
} vly_segment;

/* Sets a key and remembers whether that failed. */
void vly_segment_set(vly_segment *s, json_t *to, const char *key, json_t *value);

/* Voxels and fractions, asked for and achieved. */
void vly_segment_counts(vly_segment *s, json_t *to, int64_t voxels, const int64_t targets[VLY_PHASES],
                        const int64_t counts[VLY_PHASES]);

vly_region_options vly_segment_region(const vly_segment *s);

/* Whether the closing has what it needs: asked before the other methods take their time. */
vly_status vly_segment_closing_check(vly_segment *s);

/* Opens the model if a method needs one: a file that is damaged or missing is told before any work. */
vly_status vly_segment_open_model(vly_segment *s);

/* Trinarise into `labels` and report into `to`. */
vly_status vly_segment_kmeans(vly_segment *s, json_t *to, vly_sink *labels);
vly_status vly_segment_closing(vly_segment *s, json_t *to, vly_sink *labels);
vly_status vly_segment_network(vly_segment *s, vly_method method, json_t *to, vly_sink *labels);

#endif
