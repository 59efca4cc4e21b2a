/* Volumes in memory: a source over somebody's array, a sink into one. */
#include "io/io.h"

#include <string.h>

static vly_status read_memory(vly_source *source, int32_t z0, int32_t count, void *pages)
{
    vly_extent e = source->info.extent;
    int64_t page = (int64_t)e.nx * e.ny * vly_type_bytes(source->info.type);
    const void *voxels = *(const void **)source->self;
    memcpy(pages, (const char *)voxels + z0 * page, (size_t)(count * page));
    return VLY_OK;
}

vly_status vly_source_memory(vly_source **out, const void *voxels, vly_type type, vly_extent extent,
                             const vly_voxel_size *size)
{
    *out = NULL;
    VLY_TRY(vly_extent_check(extent.nx, extent.ny, extent.nz, "memory"));
    VLY_TRY(vly_source_create(out, "memory", sizeof voxels));
    vly_source *source = *out;
    *(const void **)source->self = voxels;
    source->read = read_memory;
    source->info.format = "memory";
    source->info.extent = extent;
    source->info.type = type;
    source->info.bytes = vly_extent_voxels(extent) * vly_type_bytes(type);
    source->info.contiguous = true;
    if (size) source->info.voxel_size = *size;
    return VLY_OK;
}

static vly_status write_memory(vly_sink *sink, int32_t count, const void *pages)
{
    int64_t page = (int64_t)sink->extent.nx * sink->extent.ny * sink->channels * vly_type_bytes(sink->type);
    void *voxels = *(void **)sink->self;
    memcpy((char *)voxels + sink->written * page, pages, (size_t)(count * page));
    return VLY_OK;
}

static vly_status finish_memory(vly_sink *sink)
{
    (void)sink;
    return VLY_OK;
}

vly_status vly_sink_memory(vly_sink **out, void *voxels, vly_type type, vly_extent extent)
{
    vly_sink_options options = {.extent = extent, .type = type};
    VLY_TRY(vly_sink_create(out, "memory", &options, sizeof voxels));
    *(void **)(*out)->self = voxels;
    (*out)->write = write_memory;
    (*out)->finish = finish_memory;
    return VLY_OK;
}
