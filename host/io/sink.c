/* The sides all sinks share: choosing one by the name, counting pages, refusing an incomplete volume. */
#include "io/io.h"

vly_status vly_sink_create(vly_sink **out, const char *path, const vly_sink_options *options, int64_t self_bytes)
{
    vly_sink *sink;
    char *copy = NULL;
    *out = NULL;
    VLY_TRY(vly_extent_check(options->extent.nx, options->extent.ny, options->extent.nz, path));
    VLY_TRY(VLY_NEW(&sink, 1, "sink"));
    vly_status status = vly_strdup(&copy, path);
    if (status == VLY_OK) status = vly_alloc(&sink->self, 1, self_bytes, "sink");
    if (status != VLY_OK) {
        vly_free(copy);
        vly_free(sink);
        return status;
    }
    sink->path = copy;
    sink->extent = options->extent;
    sink->type = options->type;
    sink->channels = options->channels ? options->channels : 1;
    *out = sink;
    return VLY_OK;
}

vly_status vly_sink_open(vly_sink **out, const char *path, vly_device *device, const vly_sink_options *options)
{
    *out = NULL;
    if (options->type != VLY_U8 && options->type != VLY_U16 && options->type != VLY_F32)
        return vly_fail(VLY_EUSAGE, "%s: cannot write %s, one of u8, u16, f32 expected", path,
                        vly_type_name(options->type));
    if (options->channels < 0 || options->channels > VLY_CHANNELS_MAX)
        return vly_fail(VLY_EUSAGE, "%s: %d channels, at most %d expected", path, (int)options->channels,
                        VLY_CHANNELS_MAX);
    if (vly_path_ends(path, ".tif") || vly_path_ends(path, ".tiff"))
        return vly_sink_open_tiff(out, path, device, options);
    if (options->channels > 1)
        return vly_fail(VLY_EUSAGE, "%s: %d channels, which only .tif and .tiff hold", path, (int)options->channels);
    if (vly_path_ends(path, ".raw")) return vly_sink_open_raw(out, path, options);
    if (vly_path_ends(path, ".vti")) return vly_sink_open_vti(out, path, options);
    return vly_fail(VLY_EUSAGE, "%s: no format has that ending, one of .tif, .tiff, .raw, .vti expected", path);
}

vly_status vly_sink_write(vly_sink *sink, int32_t count, const void *pages)
{
    if (count < 0 || count > sink->extent.nz - sink->written)
        return vly_fail(VLY_EINTERNAL, "%s: page %lld written, the volume has %d", sink->path,
                        (long long)sink->written + count, sink->extent.nz);
    if (count == 0) return VLY_OK;
    VLY_TRY(sink->write(sink, count, pages));
    sink->written += count;
    return VLY_OK;
}

vly_status vly_sink_finish(vly_sink *sink)
{
    if (sink->written != sink->extent.nz)
        return vly_fail(VLY_EINTERNAL, "%s: %d of %d pages were written", sink->path, sink->written, sink->extent.nz);
    return sink->finish(sink);
}

void vly_sink_close(vly_sink *sink)
{
    if (!sink) return;
    if (sink->close) sink->close(sink);
    vly_free(sink->self);
    vly_free((char *)sink->path);
    vly_free(sink);
}
