/* Two cuts through the histogram, exact to the voxel: voxels of the grey value that a cut falls into are split by a hash
 * of their index. The hash is uniform, so the cut among its keys is known beforehand to within a few sigma; one pass
 * lists only the keys in that band, and a count proves that the cut lies there. */
#include "voxelyte/threshold.h"

#include "core/memory.h"
#include "core/ranks.h"
#include "segment/histogram.h"
#include "segment/paths.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES = 6 };

typedef struct work {
    vly_device *device;
    vly_pipeline *pipeline;
    const vly_threshold_options *options;
    vly_threshold_result *result;
    vly_label_cuts cuts;
    vly_tie_band bands[2];
    int64_t capacity; /* keys a band may list */
    vly_buffer list, below, listed, counts;
} work;

/* ---- where the cuts fall ---- */

/* Cut `c` has `rank` voxels below it: the grey value it falls into, how many voxels have that, how many of them go below. */
static void place_cut(work *w, int c, int64_t rank)
{
    const uint64_t *bins = w->result->histogram;
    int64_t below = 0;
    int32_t grey = w->result->grey_min;
    while (below + (int64_t)bins[grey] < rank) below += (int64_t)bins[grey++];
    int64_t tied = (int64_t)bins[grey], taken = rank - below;
    if (w->options->ties == VLY_TIES_NONE) taken = 2 * taken >= tied ? tied : 0;
    w->cuts.cut[c] = (vly_cut){(uint16_t)grey, taken == tied, 0};
    w->result->thresholds[c] = (uint16_t)grey;
    w->result->tied[c] = tied;
    w->result->taken[c] = taken;
}

static void place_fixed(work *w, int c)
{
    uint16_t grey = w->options->thresholds[c];
    w->cuts.cut[c] = (vly_cut){grey, true, 0};
    w->result->thresholds[c] = grey;
    w->result->tied[c] = w->result->taken[c] = (int64_t)w->result->histogram[grey];
}

static bool is_split(const work *w, int c)
{
    return w->result->taken[c] > 0 && w->result->taken[c] < w->result->tied[c];
}

/* ---- the keys at the cuts ---- */

/* Keys within `sigmas` standard deviations of where the taken-th smallest of `tied` uniform keys is expected. */
static vly_tie_band expected_band(const work *w, int c, double sigmas)
{
    double n = (double)w->result->tied[c], p = (double)w->result->taken[c] / n;
    double margin = sigmas * (sqrt(p * (1.0 - p) / n) + 1.0 / n);
    double low = p - margin, high = p + margin;
    return (vly_tie_band){w->cuts.cut[c].grey, low <= 0.0 ? 0 : (uint64_t)(low * 0x1p64),
                          high >= 1.0 ? UINT64_MAX : (uint64_t)(high * 0x1p64)};
}

static vly_status tie_slab(void *self, vly_device *device, const vly_slab *slab)
{
    const work *w = self;
    return device->kernels->ties(device->queue, slab->grey, &slab->region, slab->mask, w->options->seed, w->bands,
                                 w->below.data, w->list.data, w->capacity, w->listed.data);
}

static int by_key(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Takes the cut's key from the sorted list; false if it is not in there. */
static bool find_key(work *w, int c, uint64_t *keys, int64_t below, int64_t listed)
{
    int64_t at = w->result->taken[c] - below;
    if (listed > w->capacity || at < 0 || at > listed) return false;
    qsort(keys, (size_t)listed, sizeof *keys, by_key);
    w->cuts.cut[c].key = at < listed ? keys[at] : w->bands[c].high;
    return true;
}

static vly_status list_keys(work *w, double sigmas, bool *found)
{
    uint64_t below[2], *keys = NULL;
    int64_t listed[2];
    vly_stage stage = {"ties", tie_slab, w};
    double most = 0.0;
    for (int c = 0; c < 2; c++) {
        w->bands[c] = is_split(w, c) ? expected_band(w, c, sigmas) : (vly_tie_band){w->cuts.cut[c].grey, 0, 0};
        most = fmax(most, (double)(w->bands[c].high - w->bands[c].low) * 0x1p-64 * (double)w->result->tied[c]);
    }
    w->capacity = (int64_t)(most * 1.25) + 1024;
    int64_t bytes = 2 * w->capacity * (int64_t)sizeof *keys;
    vly_status status = vly_alloc_raw((void **)&keys, bytes, 1, "tie keys");
    if (status == VLY_OK) status = vly_buffer_create(&w->list, w->device, bytes, "tie keys");
    if (status == VLY_OK) status = vly_buffer_clear(&w->below);
    if (status == VLY_OK) status = vly_buffer_clear(&w->listed);
    if (status == VLY_OK) status = vly_pipeline_pass(w->pipeline, "ties", &stage, 1, NULL);
    if (status == VLY_OK) status = vly_buffer_download(&w->list, keys, bytes);
    if (status == VLY_OK) status = vly_buffer_download(&w->below, below, sizeof below);
    if (status == VLY_OK) status = vly_buffer_download(&w->listed, listed, sizeof listed); /* counts far below 2^63 */
    if (status == VLY_OK) status = vly_comm_sum(w->device->comm, below, 2);
    for (int c = 0; c < 2 && status == VLY_OK; c++)
        status = vly_comm_gather(w->device->comm, keys + c * w->capacity, w->capacity, &listed[c]);
    for (int c = 0; c < 2 && status == VLY_OK; c++)
        if (is_split(w, c) && !find_key(w, c, keys + c * w->capacity, (int64_t)below[c], listed[c])) *found = false;
    vly_buffer_free(&w->list);
    vly_free(keys);
    return status;
}

static vly_status split_ties(work *w)
{
    if (!is_split(w, 0) && !is_split(w, 1)) return VLY_OK;
    VLY_TRY(vly_buffer_create(&w->below, w->device, 2 * sizeof(uint64_t), "tie counts"));
    VLY_TRY(vly_buffer_create(&w->listed, w->device, 2 * sizeof(uint64_t), "tie counts"));
    double sigmas = 8.0;
    for (int i = 0; i < TRIES; i++, sigmas *= 4.0) {
        bool found = true;
        VLY_TRY(list_keys(w, sigmas, &found));
        if (found) return VLY_OK;
    }
    return vly_fail(VLY_EINTERNAL, "ties could not be split: the hash is not uniform");
}

/* ---- labels ---- */

static vly_status label_slab(void *self, vly_device *device, const vly_slab *slab)
{
    const work *w = self;
    return device->kernels->label(device->queue, slab->grey, &slab->region, slab->mask, w->options->seed, &w->cuts,
                                  slab->label, w->counts.data);
}

static vly_status write_labels(work *w, vly_sink *labels)
{
    uint64_t counts[VLY_PHASES];
    vly_stage stage = {"labels", label_slab, w};
    VLY_TRY(vly_buffer_create(&w->counts, w->device, sizeof counts, "counts"));
    VLY_TRY(vly_pipeline_pass(w->pipeline, "labels", &stage, 1, labels));
    VLY_TRY(vly_buffer_download(&w->counts, counts, sizeof counts));
    VLY_TRY(vly_comm_sum(w->device->comm, counts, VLY_PHASES));
    bool exact = !w->options->fixed && w->options->ties == VLY_TIES_HASH;
    for (int l = 0; l < VLY_PHASES; l++) {
        w->result->counts[l] = (int64_t)counts[l];
        if (exact && w->result->counts[l] != w->result->targets[l])
            return vly_fail(VLY_EINTERNAL, "%s: %lld voxels were labelled, %lld expected", vly_phase_name((vly_phase)l),
                            (long long)w->result->counts[l], (long long)w->result->targets[l]);
    }
    return VLY_OK;
}

static vly_status segment(work *w, const char *path, vly_sink *labels)
{
    vly_threshold_result *r = w->result;
    vly_histogram_summary summary;
    VLY_TRY(vly_histogram_pass(w->pipeline, w->device, r->histogram));
    VLY_TRY(vly_histogram_summarise(&summary, r->histogram, path));
    r->voxels = summary.voxels;
    r->grey_min = summary.min;
    r->grey_max = summary.max;
    r->otsu = summary.otsu;
    vly_fractions_targets(&w->options->fractions, r->voxels, r->targets);
    if (w->options->fixed) {
        place_fixed(w, 0);
        place_fixed(w, 1);
    } else if (summary.min == summary.max) {
        return vly_fail(VLY_EDATA, "%s: every voxel has the grey value %d, at least two values expected (E_FLAT)", path,
                        summary.min);
    } else {
        place_cut(w, 0, r->targets[VLY_PORE]);
        place_cut(w, 1, r->targets[VLY_PORE] + r->targets[VLY_CBD]);
        VLY_TRY(split_ties(w));
    }
    return write_labels(w, labels);
}

vly_pipeline_options vly_threshold_path(const vly_threshold_options *options)
{
    return (vly_pipeline_options){.region = options->region,
                                  .reserve = INT64_C(16) << 20}; /* for tables and tie keys */
}

typedef struct request {
    vly_threshold_result *out; /* of rank 0; the others have the same and drop it */
    vly_source *grey;
    vly_sink *labels;
    const vly_threshold_options *options;
} request;

static vly_status threshold_rank(vly_device *device, void *self)
{
    const request *r = self;
    vly_threshold_result same = {0}, *out = device->comm->rank == 0 ? r->out : &same;
    vly_pipeline_options path = vly_threshold_path(r->options);
    work w = {.device = device, .options = r->options, .result = out};
    vly_status status = VLY_NEW(&out->histogram, VLY_GREY_LEVELS, "histogram");
    if (status == VLY_OK) status = vly_pipeline_open(&w.pipeline, device, r->grey, &path);
    if (status == VLY_OK) status = segment(&w, vly_source_info(r->grey)->path, r->labels);
    vly_buffer_free(&w.counts);
    vly_buffer_free(&w.below);
    vly_buffer_free(&w.listed);
    vly_pipeline_close(w.pipeline);
    vly_threshold_result_free(&same);
    return status;
}

vly_status vly_threshold(vly_threshold_result *out, vly_device *device, vly_source *grey, vly_sink *labels,
                         const vly_threshold_options *options)
{
    request r = {out, grey, labels, options};
    *out = (vly_threshold_result){0};
    if (options->fixed && options->thresholds[0] > options->thresholds[1])
        return vly_fail(VLY_EUSAGE, "thresholds %d,%d: the lower one first expected", options->thresholds[0],
                        options->thresholds[1]);
    vly_status status = vly_ranks_run(device, threshold_rank, &r);
    if (status != VLY_OK) vly_threshold_result_free(out);
    return status;
}

void vly_threshold_result_free(vly_threshold_result *result)
{
    vly_free(result->histogram);
    result->histogram = NULL;
}
