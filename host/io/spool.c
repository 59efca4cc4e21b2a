#include "io/spool.h"

#include "io/io.h"

vly_status vly_spool_open(vly_spool *out, vly_extent extent, int64_t bytes, const char *scratch)
{
    *out = (vly_spool){.extent = extent, .file = {.descriptor = -1}};
    if (vly_extent_voxels(extent) <= bytes)
        return vly_alloc_raw((void **)&out->pages, vly_extent_voxels(extent), 1, "labels");
    return vly_file_scratch(&out->file, scratch);
}

void vly_spool_close(vly_spool *spool)
{
    vly_free(spool->pages);
    spool->pages = NULL;
    if (spool->file.descriptor >= 0) vly_file_close(&spool->file);
}

static int64_t page_bytes(vly_extent e)
{
    return (int64_t)e.nx * e.ny;
}

static vly_status write_pages(vly_sink *sink, int32_t count, const void *pages)
{
    vly_spool *spool = *(vly_spool **)sink->self;
    const int64_t page = page_bytes(spool->extent);
    return vly_file_write(&spool->file, pages, count * page, sink->written * page);
}

static vly_status finish(vly_sink *sink)
{
    (void)sink;
    return VLY_OK;
}

vly_status vly_spool_sink(vly_sink **out, vly_spool *spool)
{
    if (spool->pages) return vly_sink_memory(out, spool->pages, VLY_U8, spool->extent);
    const vly_sink_options options = {.extent = spool->extent, .type = VLY_U8};
    VLY_TRY(vly_sink_create(out, "scratch file", &options, sizeof spool));
    *(vly_spool **)(*out)->self = spool;
    (*out)->write = write_pages;
    (*out)->finish = finish;
    return VLY_OK;
}

static vly_status read_pages(vly_source *source, int32_t z0, int32_t count, void *pages)
{
    vly_spool *spool = *(vly_spool **)source->self;
    const int64_t page = page_bytes(spool->extent);
    return vly_file_read(&spool->file, pages, count * page, z0 * page);
}

vly_status vly_spool_source(vly_source **out, vly_spool *spool)
{
    if (spool->pages) return vly_source_memory(out, spool->pages, VLY_U8, spool->extent, NULL);
    VLY_TRY(vly_source_create(out, "scratch file", sizeof spool));
    vly_source *source = *out;
    *(vly_spool **)source->self = spool;
    source->read = read_pages;
    source->info.format = "scratch file";
    source->info.extent = spool->extent;
    source->info.type = VLY_U8;
    source->info.bytes = vly_extent_voxels(spool->extent);
    source->info.contiguous = true;
    return VLY_OK;
}
