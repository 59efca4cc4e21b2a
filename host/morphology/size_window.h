/* A window of labels on the device, and the squared distances in it: where every map of sizes begins. */
#ifndef VLY_SIZE_WINDOW_H
#define VLY_SIZE_WINDOW_H

#include "core/device_impl.h"
#include "voxelyte/granulometry.h"

typedef struct vly_size_window {
    vly_device *device;
    const char *path; /* of the labels, for messages */
    vly_extent extent;
    vly_size_unit unit;
    vly_metric metric;
    uint32_t walls;       /* faces beyond which nothing is in X */
    int64_t inside;       /* voxels in X */
    int32_t farthest;     /* largest squared distance; VLY_FAR: nothing bounds X */
    vly_buffer distance2; /* i32 (extent) */
    vly_buffer table;     /* i32 (VLY_COVER_CLASSES, levels), once vly_size_window_cover has run */
} vly_size_window;

/* Reads the labels and measures distances. To be freed in any case. */
vly_status vly_size_window_open(vly_size_window *out, vly_device *device, vly_source *labels,
                                const vly_granulometry_options *options);
void vly_size_window_free(vly_size_window *window);

/* Squared distances are below this. Only where X is bounded. */
int32_t vly_size_window_levels(const vly_size_window *window);

/* out (i32, extent) = value painted over the balls of X (kernels.h: cover). */
vly_status vly_size_window_cover(vly_size_window *window, const vly_buffer *value, vly_buffer *out);

/* width2 (i32, extent; made here) = the widest way to a voxel from one of `faces`. */
vly_status vly_size_window_bottleneck(vly_size_window *window, uint32_t faces, vly_buffer *width2);

/* Faces of the window that an inlet stands for, as the kernels count them. */
uint32_t vly_size_window_faces(const vly_granulometry_options *options, vly_inlet inlet);

#endif
