/* What a source and a sink are made of. A format fills in the functions and keeps its state behind `self`. */
#ifndef VLY_SOURCE_IMPL_H
#define VLY_SOURCE_IMPL_H

#include "voxelyte/volume.h"

struct vly_source {
    vly_volume_info info;
    /* Pages [z0, z0 + count), already checked against the extent. Called from several threads at once. */
    vly_status (*read)(vly_source *source, int32_t z0, int32_t count, void *pages);
    void (*close)(vly_source *source); /* frees self, not the struct */
    void *self;
};

struct vly_sink {
    const char *path;
    vly_extent extent;
    vly_type type;
    int32_t channels;
    int32_t written; /* pages so far */
    /* The next `count` pages, already checked. */
    vly_status (*write)(vly_sink *sink, int32_t count, const void *pages);
    vly_status (*finish)(vly_sink *sink);
    void (*close)(vly_sink *sink);
    void *self;
};

#endif
