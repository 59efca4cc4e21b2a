/* k-means from end to end. Few passes touch the volume: histogram, two for the start (the sample is taken on the way), one
 * for each iteration of Lloyd, and the exact finish. */
#include "core/memory.h"
#include "core/ranks.h"
#include "segment/histogram.h"
#include "segment/kmeans_impl.h"
#include "segment/paths.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* ---- before ---- */

static vly_status check_options(const vly_kmeans_options *o)
{
    if (o->parameters != 2 && o->parameters != 5)
        return vly_fail(VLY_EUSAGE, "k-means with %d parameters: 5 or 2 expected", (int)o->parameters);
    if (o->samples < 1)
        return vly_fail(VLY_EUSAGE, "a k-means subsample of %lld voxels: at least 1 expected", (long long)o->samples);
    if (o->evaluations < 1)
        return vly_fail(VLY_EUSAGE, "%d k-means evaluations: at least 1 expected", (int)o->evaluations);
    if (!(o->ridge >= 0.0) || !isfinite(o->ridge))
        return vly_fail(VLY_EUSAGE, "a k-means ridge of %g: 0 or more expected", o->ridge);
    return VLY_OK;
}

vly_pipeline_options vly_kmeans_path(const vly_kmeans_options *options, vly_extent volume)
{
    const int64_t small = INT64_C(4) << 20;
    static const vly_box whole;
    vly_box window = options->region.window;
    bool windowed = memcmp(&window, &whole, sizeof whole) != 0;
    int64_t voxels = vly_extent_voxels(windowed ? vly_box_extent(window) : volume);
    int64_t sample = vly_kmeans_sample_capacity(options, voxels) * (VLY_FEATURES * 2 + 1);
    int64_t finish = vly_kmeans_finish_bytes(voxels);
    /* beside the slabs the sample is held first, the list of the exact finish later */
    return (vly_pipeline_options){.region = options->region,
                                  .halo = 1,
                                  .keep_labels = true,
                                  .reserve = (sample > finish ? sample : finish) + small};
}

/* The grey value that `rank` voxels of the region lie at or below. */
static uint16_t grey_at_rank(const uint64_t *bins, uint64_t rank)
{
    uint64_t below = 0;
    int32_t grey = 0;
    while ((below += bins[grey]) <= rank) grey++;
    return (uint16_t)grey;
}

static vly_status take_histogram(vly_kmeans_job *job)
{
    vly_kmeans_result *r = job->result;
    vly_histogram_summary summary;
    VLY_TRY(vly_histogram_pass(job->pipeline, job->device, r->histogram));
    VLY_TRY(vly_histogram_summarise(&summary, r->histogram, job->path));
    if (summary.min == summary.max)
        return vly_fail(VLY_EDATA, "%s: every voxel has the grey value %d, at least two values expected (E_FLAT)",
                        job->path, summary.min);
    r->voxels = summary.voxels;
    vly_fractions_targets(&job->options->fractions, r->voxels, r->targets);
    uint64_t spared = job->options->robust_start ? (uint64_t)r->voxels / 10000 : 0;
    job->grey_low = grey_at_rank(r->histogram, spared);
    job->grey_high = grey_at_rank(r->histogram, (uint64_t)r->voxels - 1 - spared);
    return VLY_OK;
}

/* ---- Lloyd over the volume ---- */

typedef struct pass {
    const vly_kmeans_model *model;
    bool fresh;
    vly_kmeans_tally *tally;
} pass;

static vly_status assign_slab(void *self, vly_device *device, const vly_slab *slab)
{
    const pass *p = self;
    return device->kernels->kmeans_assign(device->queue, slab->grey, &slab->region, slab->mask, p->model, p->fresh,
                                          slab->label, p->tally);
}

/* A volume that lies on a GPU is one launch; slabs would cost a launch and a wait each. */
static vly_status assign_volume(vly_kmeans_job *job, const vly_kmeans_exchange *here, vly_kmeans_exchange *there,
                                bool fresh)
{
    pass p = {&here->model, fresh, &there->tally};
    vly_slab whole;
    if (vly_pipeline_whole(&whole, job->pipeline)) return assign_slab(&p, job->device, &whole);
    const vly_stage stage = {"nearest centroid", assign_slab, &p};
    return vly_pipeline_pass(job->pipeline, "k-means", &stage, 1, NULL);
}

/* What makes a result useless; what merely makes it doubtful is warned of. */
static vly_status judge(vly_kmeans_job *job)
{
    vly_kmeans_result *r = job->result;
    const vly_kmeans_state *s = &job->state;
    for (int l = 0; l < VLY_PHASES; l++)
        if (s->count[l] == 0 && r->targets[l] > 0)
            return vly_fail(VLY_ENUMERIC, "%s: no voxel was assigned to %s, %lld expected (E_EMPTY)", job->path,
                            vly_phase_name((vly_phase)l), (long long)r->targets[l]);
    if (!vly_kmeans_is_ordered(s))
        return vly_fail(
            VLY_EDATA,
            "%s: mean grey values %.0f of pore, %.0f of cbd and %.0f of am, ascending ones expected (E_ORDER)",
            job->path, s->mu[VLY_PORE][0], s->mu[VLY_CBD][0], s->mu[VLY_AM][0]);
    r->converged = s->settled && r->cost <= 1e-6;
    if (!s->settled)
        vly_device_warn(job->device, "%s: k-means still moved voxels after %d passes (E_NOTCONV)", job->path,
                        (int)s->iterations);
    if (r->cost > 1e-6)
        vly_device_warn(job->device, "%s: the fitted weights miss the fractions by up to %.2g (E_NOTCONV)", job->path,
                        sqrt(r->cost));
    return VLY_OK;
}

static vly_status run_lloyd(vly_kmeans_job *job)
{
    vly_kmeans_passes passes;
    VLY_TRY(vly_kmeans_passes_create(&passes, job->device, assign_volume, false));
    vly_status status = vly_kmeans_lloyd(&job->state, job, job->result->voxels, &passes);
    vly_kmeans_passes_free(&passes);
    return status == VLY_OK ? judge(job) : status;
}

/* ---- labels ---- */

typedef struct labelling {
    vly_kmeans_job *job;
    vly_kmeans_model model;
    const vly_kmeans_cuts *cuts; /* NULL: labels are Lloyd's */
    vly_buffer report;
} labelling;

static vly_status label_slab(void *self, vly_device *device, const vly_slab *slab)
{
    const labelling *l = self;
    return device->kernels->kmeans_finish(device->queue, slab->grey, &slab->region, slab->mask, &l->model, l->cuts,
                                          l->job->options->seed, slab->label, l->report.data);
}

static vly_status write_labels(vly_kmeans_job *job, const vly_kmeans_cuts *cuts, vly_sink *labels)
{
    vly_kmeans_result *r = job->result;
    labelling l = {.job = job, .model = vly_kmeans_model_of(&job->state), .cuts = cuts};
    vly_kmeans_report report;
    const vly_stage stage = {"labels", label_slab, &l};
    VLY_TRY(vly_buffer_create(&l.report, job->device, sizeof report, "counts"));
    vly_status status = vly_pipeline_pass(job->pipeline, "labels", &stage, 1, labels);
    if (status == VLY_OK) status = vly_buffer_download(&l.report, &report, sizeof report);
    vly_buffer_free(&l.report);
    VLY_TRY(status);
    VLY_TRY(vly_comm_sum(job->device->comm, (uint64_t *)&report, sizeof report / sizeof(uint64_t)));
    r->relabelled = (int64_t)report.relabelled;
    r->dark_am = (int64_t)report.dark_am;
    r->bright_pore = (int64_t)report.bright_pore;
    for (int k = 0; k < VLY_PHASES; k++) {
        r->counts[k] = (int64_t)report.count[k];
        if (cuts && r->counts[k] != r->targets[k])
            return vly_fail(VLY_EINTERNAL, "%s: %lld voxels were labelled, %lld expected", vly_phase_name((vly_phase)k),
                            (long long)r->counts[k], (long long)r->targets[k]);
    }
    return VLY_OK;
}

static void take_weights(vly_kmeans_job *job, const vly_kmeans_cuts *cuts)
{
    vly_kmeans_result *r = job->result;
    memcpy(r->phase_weights, job->state.w, sizeof r->phase_weights);
    memcpy(r->final_weights, job->state.w, sizeof r->final_weights);
    memcpy(r->feature_weights, job->state.x, sizeof r->feature_weights);
    memcpy(r->centroids, job->state.mu, sizeof r->centroids);
    r->iterations = job->state.iterations;
    if (!cuts) return;
    r->final_weights[VLY_AM] = 1.0;
    r->final_weights[VLY_PORE] = fmin((double)cuts->am.ratio, FLT_MAX);
    r->final_weights[VLY_CBD] = (double)cuts->w * r->final_weights[VLY_PORE];
}

static vly_status segment(vly_kmeans_job *job, vly_sink *labels)
{
    vly_kmeans_cuts cuts = {0}, *exact = job->options->exact ? &cuts : NULL;
    VLY_TRY(take_histogram(job));
    VLY_TRY(vly_kmeans_start(job));
    VLY_TRY(vly_kmeans_fit(job));
    VLY_TRY(run_lloyd(job));
    if (exact) VLY_TRY(vly_kmeans_solve(exact, job));
    take_weights(job, exact);
    return write_labels(job, exact, labels);
}

typedef struct request {
    vly_kmeans_result *out; /* of rank 0; the others have the same and drop it */
    vly_source *grey;
    vly_sink *labels;
    const vly_kmeans_options *options;
} request;

static vly_status kmeans_rank(vly_device *device, void *self)
{
    const request *r = self;
    const vly_volume_info *info = vly_source_info(r->grey);
    vly_kmeans_result same = {0}, *out = device->comm->rank == 0 ? r->out : &same;
    vly_kmeans_job job = {.device = device, .options = r->options, .path = info->path, .result = out};
    vly_pipeline_options pipeline = vly_kmeans_path(r->options, info->extent);
    for (int l = 0; l < VLY_PHASES; l++) job.state.w[l] = 1.0;
    for (int g = 0; g < VLY_FEATURE_GROUPS; g++) job.state.x[g] = 1.0;
    vly_status status = VLY_NEW(&out->histogram, VLY_GREY_LEVELS, "histogram");
    if (status == VLY_OK) status = vly_pipeline_open(&job.pipeline, device, r->grey, &pipeline);
    if (status == VLY_OK) status = segment(&job, r->labels);
    vly_buffer_free(&job.samples);
    vly_buffer_free(&job.labels);
    vly_pipeline_close(job.pipeline);
    vly_kmeans_result_free(&same);
    return status;
}

vly_status vly_kmeans(vly_kmeans_result *out, vly_device *device, vly_source *grey, vly_sink *labels,
                      const vly_kmeans_options *options)
{
    request r = {out, grey, labels, options};
    *out = (vly_kmeans_result){0};
    VLY_TRY(check_options(options));
    vly_status status = vly_ranks_run(device, kmeans_rank, &r);
    if (status != VLY_OK) vly_kmeans_result_free(out);
    return status;
}

void vly_kmeans_result_free(vly_kmeans_result *result)
{
    vly_free(result->histogram);
    result->histogram = NULL;
}
