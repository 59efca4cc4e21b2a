/* How segment would go about a volume: slabs, memory, passes, and about how long. */
#include "study/job_impl.h"

#include "segment/paths.h"

#include <math.h>

/* Voxels a second and thread, and passes over the volume, as measured on one common core; good for an order of magnitude.
 * The fit of k-means works on its sample, about so many times. */
static const struct {
    double rate;
    int32_t passes;
} costs[] = {{4e8, 3}, {2.5e7, 20}, {3e7, 2}, {1e6, 1}}; /* threshold, k-means, closing, the network, whose labels are
                                                         sorting in memory */

static const double READ_BYTES_PER_SECOND = 5e8, SAMPLE_PASSES = 1000, SAMPLE_RATE = 1e8;

/* Closing after a k-means of its own, unless that is among the methods or its labels are given. */
static uint32_t with_kmeans(uint32_t methods, const vly_settings *settings)
{
    const uint32_t kmeans = 1u << VLY_METHOD_KMEANS;
    bool closing = methods >> VLY_METHOD_EDX_CLOSING & 1;
    return closing && !*settings->am_labels ? methods | kmeans : methods;
}

static vly_status measure(vly_plan *plan, vly_device *device, vly_source *volume, vly_box window, vly_method method,
                          int64_t subsample)
{
    vly_threshold_options threshold = VLY_THRESHOLD_OPTIONS_INIT;
    vly_kmeans_options kmeans = VLY_KMEANS_OPTIONS_INIT;
    threshold.region.window = kmeans.region.window = window;
    kmeans.samples = subsample;
    if (method == VLY_METHOD_EDX_CLOSING) return vly_closing_measure(plan, device, vly_box_extent(window));
    const vly_pipeline_options path = method >= VLY_METHOD_NN ? vly_mlp_path(&threshold.region, true)
                                      : method == VLY_METHOD_KMEANS
                                          ? vly_kmeans_path(&kmeans, vly_source_info(volume)->extent)
                                          : vly_threshold_path(&threshold);
    return vly_pipeline_measure(plan, device, volume, &path);
}

vly_status vly_job_plan(json_t **out, vly_device *device, vly_source *volume, vly_box window, uint32_t methods,
                        const vly_settings *settings)
{
    const vly_volume_info *info = vly_source_info(volume);
    double voxels = (double)vly_extent_voxels(vly_box_extent(window)), seconds = 0.0, reading = 0.0;
    double threads = vly_device_threads(device);
    int32_t passes = 0;
    vly_plan most = {.host_bytes = -1};
    *out = NULL;
    methods = with_kmeans(methods, settings);
    for (vly_method m = 0; m < VLY_METHODS; m++) {
        if (!(methods >> m & 1) || (m > VLY_METHOD_NN && methods >> VLY_METHOD_NN & ((1u << (m - VLY_METHOD_NN)) - 1)))
            continue; /* the network is asked once */
        const vly_method kind = m < VLY_METHOD_NN ? m : VLY_METHOD_NN;
        vly_plan plan;
        VLY_TRY(measure(&plan, device, volume, window, m, settings->samples));
        passes += costs[kind].passes;
        seconds += costs[kind].passes * voxels / costs[kind].rate / threads;
        if (m == VLY_METHOD_KMEANS)
            seconds += SAMPLE_PASSES * fmin(voxels, (double)settings->samples) / SAMPLE_RATE / threads;
        reading += (plan.resident ? 1 : costs[kind].passes) * (double)info->bytes / READ_BYTES_PER_SECOND;
        if (plan.host_bytes > most.host_bytes) most = plan;
    }
    *out = json_pack("{s:s, s:I, s:i, s:i, s:I, s:i, s:f}", "mode", most.resident ? "resident" : "streaming", "voxels",
                     (json_int_t)voxels, "slabs", most.slabs, "slab_pages", most.slab_pages, "host_bytes",
                     (json_int_t)most.host_bytes, "passes", passes, "seconds", seconds + reading);
    return *out ? VLY_OK : vly_fail(VLY_EMEMORY, "document: out of memory");
}
