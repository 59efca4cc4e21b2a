#include "segment/histogram.h"

#include "core/memory.h"

typedef struct counting {
    vly_buffer bins, scratch;
} counting;

static vly_status count_slab(void *self, vly_device *device, const vly_slab *slab)
{
    const counting *c = self;
    return device->kernels->histogram(device->queue, slab->grey, &slab->region, slab->mask, c->bins.data,
                                      c->scratch.data);
}

vly_status vly_histogram_pass(vly_pipeline *pipeline, vly_device *device, uint64_t *bins)
{
    counting c = {{0}, {0}};
    vly_stage stage = {"histogram", count_slab, &c};
    int64_t bytes = VLY_GREY_LEVELS * (int64_t)sizeof *bins;
    vly_status status = vly_buffer_create(&c.bins, device, bytes, "histogram");
    if (status == VLY_OK)
        status = vly_buffer_create(&c.scratch, device, device->kernels->histogram_scratch_bytes(device->queue),
                                   "histogram tables");
    if (status == VLY_OK) status = vly_pipeline_pass(pipeline, "histogram", &stage, 1, NULL);
    if (status == VLY_OK) status = vly_buffer_download(&c.bins, bins, bytes);
    if (status == VLY_OK) status = vly_comm_sum(device->comm, bins, VLY_GREY_LEVELS);
    vly_buffer_free(&c.scratch);
    vly_buffer_free(&c.bins);
    return status;
}

/* Otsu 1979: the first t that maximises (N S0 - n0 S)^2 / (n0 (N - n0)), n0 and S0 over grey values <= t. */
static uint16_t otsu(const uint64_t *bins, int64_t voxels)
{
    __int128 total = 0, below_sum = 0, below = 0;
    double best = -1.0;
    int32_t level = 0;
    for (int32_t g = 0; g < VLY_GREY_LEVELS; g++) total += (__int128)bins[g] * g;
    for (int32_t g = 0; g < VLY_GREY_LEVELS; g++) {
        below += bins[g];
        below_sum += (__int128)bins[g] * g;
        if (bins[g] == 0 || below == voxels) continue;
        double between = (double)(voxels * below_sum - below * total);
        double value = between * between / ((double)below * (double)(voxels - below));
        if (value > best) {
            best = value;
            level = g;
        }
    }
    return (uint16_t)level;
}

vly_status vly_histogram_summarise(vly_histogram_summary *out, const uint64_t *bins, const char *path)
{
    int32_t low = 0, high = VLY_GREY_LEVELS - 1;
    *out = (vly_histogram_summary){0};
    while (low < VLY_GREY_LEVELS && bins[low] == 0) low++;
    if (low == VLY_GREY_LEVELS) return vly_fail(VLY_EDATA, "%s: no voxel lies inside window and mask (E_ROI)", path);
    while (bins[high] == 0) high--;
    for (int32_t g = low; g <= high; g++) out->voxels += (int64_t)bins[g];
    out->min = (uint16_t)low;
    out->max = (uint16_t)high;
    out->otsu = low == high ? (uint16_t)low : otsu(bins, out->voxels);
    return VLY_OK;
}
