/* How segment would go about a volume: slabs, memory, passes, and about how long. */
#include "study/job_impl.h"

#include "segment/paths.h"
#include "study/piece_cost.h"

#include <math.h>
#include <string.h>

/* Voxels a second and thread, passes over the volume, and bytes a pass moves of a voxel at least (grey values, labels, maps),
 * as measured on one common core; good for an order of magnitude. The fit of k-means works on its sample, about so many times. */
static const struct {
    double rate;
    int32_t passes;
    double moved;
} costs[] = {
    {4e8, 3, 3}, {2.5e7, 20, 3}, {3e7, 2, 16}, {1.5e6, 1, 10}}; /* threshold, k-means, closing, the network, whose
                                                                            labels are sorting in memory */

static const double SAMPLE_PASSES = 1000, SAMPLE_RATE = 1e8;

/* Networks in whole numbers of 16 bits are that much faster. */
static const double FAST = 1.7;

/* Bytes a second from a disk, and through Deflate and the like on one core. */
static const double READ_BYTES_PER_SECOND = 5e8, DECODED_BYTES_PER_SECOND = 1.5e8;

double vly_job_reading_seconds(const vly_volume_info *info, double threads)
{
    const bool plain = strcmp(info->codec, "none") == 0;
    const double voxels = (double)vly_extent_voxels(info->extent) * vly_type_bytes(info->type);
    return (double)info->bytes / READ_BYTES_PER_SECOND + (plain ? 0.0 : voxels / DECODED_BYTES_PER_SECOND / threads);
}

/* Neighbourhoods that the network is asked about, for each voxel: coarser ones are fewer. */
static vly_status asked_of(double *out, const vly_volume_info *info, const vly_settings *settings)
{
    vly_mlp *model;
    *out = 1.0;
    if (settings->nn_scale == VLY_NN_BINNED) *out = 1.0 / 8.0;
    if (!*settings->model) {
        if (settings->ensemble) *out *= settings->tries; /* what a study is going to learn */
        return VLY_OK;
    }
    VLY_TRY(vly_mlp_read(&model, settings->model));
    const double trained = vly_mlp_voxel_size(model), size = info->voxel_size.x;
    if (settings->nn_scale == VLY_NN_RESAMPLE && size > 0.0 && size < trained)
        *out = info->voxel_size.x * info->voxel_size.y * info->voxel_size.z / (trained * trained * trained);
    *out *= vly_mlp_members(model);
    vly_mlp_free(model);
    return VLY_OK;
}

static vly_status network_seconds(double *out, double voxels, const vly_volume_info *info, const vly_settings *settings)
{
    double asked;
    const bool fast = settings->precision == VLY_PRECISION_FAST ||
                      (settings->precision == VLY_PRECISION_AUTO && voxels > (double)VLY_MLP_EXACT_MOST);
    VLY_TRY(asked_of(&asked, info, settings));
    *out = asked * voxels / costs[VLY_METHOD_NN].rate / (fast ? FAST : 1.0);
    return VLY_OK;
}

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
    double voxels = (double)vly_extent_voxels(vly_box_extent(window)), seconds = 0.0, reading = 0.0, moved = 0.0;
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
        double computing = costs[kind].passes * voxels / costs[kind].rate;
        if (kind == VLY_METHOD_NN) VLY_TRY(network_seconds(&computing, voxels, info, settings));
        passes += costs[kind].passes;
        moved += costs[kind].passes * voxels * costs[kind].moved;
        seconds += computing / threads;
        if (m == VLY_METHOD_KMEANS)
            seconds += SAMPLE_PASSES * fmin(voxels, (double)settings->samples) / SAMPLE_RATE / threads;
        reading += (plan.resident ? 1 : costs[kind].passes) * vly_job_reading_seconds(info, threads);
        if (plan.host_bytes > most.host_bytes) most = plan;
    }
    *out = json_pack("{s:s, s:I, s:i, s:i, s:I, s:i, s:f, s:f}", "mode", most.resident ? "resident" : "streaming",
                     "voxels", (json_int_t)voxels, "slabs", most.slabs, "slab_pages", most.slab_pages, "host_bytes",
                     (json_int_t)most.host_bytes, "passes", passes, "moved_bytes", moved, "seconds", seconds + reading);
    return *out ? VLY_OK : vly_fail(VLY_EMEMORY, "document: out of memory");
}
