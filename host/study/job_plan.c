/* How segment would go about a volume: slabs, memory, passes, and about how long. */
#include "study/job_impl.h"

#include "core/pipeline.h"

/* Voxels a second and thread, and passes over the volume, as measured on one common core; good for an order of magnitude. */
static const struct {
    double rate;
    int32_t passes, halo;
} costs[VLY_METHODS] = {{4e8, 3, 0}, {2.5e7, 20, 1}};

static const double READ_BYTES_PER_SECOND = 5e8;

vly_status vly_job_plan(json_t **out, vly_device *device, vly_source *volume, vly_box window, uint32_t methods)
{
    const vly_volume_info *info = vly_source_info(volume);
    vly_pipeline_options options = {.region = {.window = window}, .reserve = INT64_C(16) << 20};
    double voxels = (double)vly_extent_voxels(vly_box_extent(window)), seconds = 0.0;
    int32_t passes = 0;
    vly_plan plan;
    for (vly_method m = 0; m < VLY_METHODS; m++) {
        if (!(methods >> m & 1)) continue;
        passes += costs[m].passes;
        seconds += costs[m].passes * voxels / costs[m].rate / vly_device_threads(device);
        if (costs[m].halo > options.halo) options.halo = costs[m].halo;
    }
    *out = NULL;
    VLY_TRY(vly_pipeline_measure(&plan, device, volume, &options));
    seconds += (plan.resident ? 1 : passes) * (double)info->bytes / READ_BYTES_PER_SECOND;
    *out = json_pack("{s:s, s:I, s:i, s:i, s:I, s:i, s:f}", "mode", plan.resident ? "resident" : "streaming", "voxels",
                     (json_int_t)voxels, "slabs", plan.slabs, "slab_pages", plan.slab_pages, "host_bytes",
                     (json_int_t)plan.host_bytes, "passes", passes, "seconds", seconds);
    return *out ? VLY_OK : vly_fail(VLY_EMEMORY, "document: out of memory");
}
