/* Where k-means starts: the darkest voxel stands for pore, the brightest for active material, the one most similar to
 * the middle of both for CBD (spec 4.3). The random sample of spec 4.4 is taken in the same pass as the first two. */
#include "core/memory.h"
#include "segment/kmeans_impl.h"

#include <math.h>
#include <string.h>

int64_t vly_kmeans_sample_capacity(const vly_kmeans_options *options, int64_t voxels)
{
    int64_t most = voxels;
    /* the size of a hash sample is binomial: 8 standard deviations of room */
    if (options->samples < voxels) most = options->samples + (int64_t)(8.0 * sqrt((double)options->samples)) + 64;
    if (most > voxels) most = voxels;
    return (most + VLY_KMEANS_BLOCK - 1) / VLY_KMEANS_BLOCK * VLY_KMEANS_BLOCK;
}

/* ---- searches ---- */

typedef struct search {
    vly_kmeans_search what;
    vly_buffer best; /* one vly_kmeans_found */
} search;

static vly_status search_slab(void *self, vly_device *device, const vly_slab *slab)
{
    const search *s = self;
    return device->kernels->kmeans_search(device->queue, slab->grey, &slab->region, slab->mask, &s->what, s->best.data);
}

static vly_status begin_search(search *s, vly_device *device)
{
    const vly_kmeans_found none = VLY_KMEANS_FOUND_NONE;
    VLY_TRY(vly_buffer_create(&s->best, device, sizeof none, "search"));
    return vly_buffer_upload(&s->best, &none, sizeof none);
}

/* The best of all ranks: each puts its own into a row of zeros, and the sum holds them all. */
static vly_status end_search(search *s, vly_kmeans_found *best)
{
    enum { ROW = VLY_FEATURES + 2 };
    const vly_comm *comm = s->best.device->comm;
    uint64_t *rows;
    VLY_TRY(vly_buffer_download(&s->best, best, sizeof *best));
    VLY_TRY(VLY_NEW(&rows, (int64_t)comm->size * ROW, "search"));
    uint64_t *own = rows + comm->rank * ROW;
    own[0] = best->key;
    own[1] = (uint64_t)best->index;
    for (int m = 0; m < VLY_FEATURES; m++) own[2 + m] = best->f[m];
    vly_status status = vly_comm_sum(comm, rows, (int64_t)comm->size * ROW);
    for (const uint64_t *row = rows; row < rows + comm->size * ROW; row += ROW) {
        if (row[0] > best->key || (row[0] == best->key && (int64_t)row[1] >= best->index)) continue;
        best->key = row[0];
        best->index = (int64_t)row[1];
        for (int m = 0; m < VLY_FEATURES; m++) best->f[m] = (uint16_t)row[2 + m];
    }
    vly_free(rows);
    return status;
}

/* ---- sample ---- */

typedef struct sampling {
    vly_kmeans_job *job;
    uint64_t last; /* largest hash in the sample */
    vly_buffer count;
} sampling;

static vly_status sample_slab(void *self, vly_device *device, const vly_slab *slab)
{
    const sampling *s = self;
    return device->kernels->kmeans_sample(device->queue, slab->grey, &slab->region, slab->mask, s->job->options->seed,
                                          s->last, s->job->samples.data, s->job->capacity, s->count.data);
}

static vly_status begin_sampling(sampling *s)
{
    vly_kmeans_job *job = s->job;
    int64_t voxels = job->result->voxels;
    job->capacity = vly_kmeans_sample_capacity(job->options, voxels);
    /* h < 2^64 M / N, in integers */
    s->last = job->options->samples >= voxels
                  ? UINT64_MAX
                  : (uint64_t)((((unsigned __int128)job->options->samples << 64) - 1) / (unsigned __int128)voxels);
    VLY_TRY(vly_buffer_create(&job->samples, job->device, VLY_FEATURES * job->capacity * 2, "k-means sample"));
    VLY_TRY(vly_buffer_create(&job->labels, job->device, job->capacity, "k-means sample"));
    return vly_buffer_create(&s->count, job->device, sizeof(uint64_t), "k-means sample");
}

static vly_status end_sampling(sampling *s)
{
    uint64_t count;
    VLY_TRY(vly_buffer_download(&s->count, &count, sizeof count));
    s->job->sampled = (int64_t)count;
    if (s->job->sampled > s->job->capacity)
        return vly_fail(VLY_EINTERNAL, "k-means sample: %lld voxels were drawn, at most %lld expected",
                        (long long)s->job->sampled, (long long)s->job->capacity);
    return VLY_OK;
}

/* ---- both ---- */

static vly_status run_first_pass(search ends[2], sampling *sample)
{
    vly_kmeans_job *job = sample->job;
    const vly_stage stages[] = {{"darkest voxel", search_slab, &ends[0]},
                                {"brightest voxel", search_slab, &ends[1]},
                                {"sample", sample_slab, sample}};
    ends[0].what = (vly_kmeans_search){.grey = job->grey_low};
    ends[1].what = (vly_kmeans_search){.grey = job->grey_high, .brightest = 1};
    for (int i = 0; i < 2; i++) VLY_TRY(begin_search(&ends[i], job->device));
    VLY_TRY(begin_sampling(sample));
    VLY_TRY(vly_pipeline_pass(job->pipeline, "k-means start", stages, 3, NULL));
    return end_sampling(sample);
}

static vly_status find_middle(search *middle, vly_kmeans_job *job, vly_kmeans_found found[VLY_PHASES])
{
    const vly_stage stage = {"voxel between them", search_slab, middle};
    middle->what = (vly_kmeans_search){.halfway = 1};
    memcpy(middle->what.ends[0], found[VLY_PORE].f, sizeof found[0].f);
    memcpy(middle->what.ends[1], found[VLY_AM].f, sizeof found[0].f);
    VLY_TRY(begin_search(middle, job->device));
    VLY_TRY(vly_pipeline_pass(job->pipeline, "k-means start", &stage, 1, NULL));
    VLY_TRY(end_search(middle, &found[VLY_CBD]));
    if (found[VLY_CBD].key == UINT64_MAX)
        return vly_fail(VLY_EDATA, "%s: fewer than three distinct neighbourhoods, no CBD to be told apart (E_FLAT)",
                        job->path);
    return VLY_OK;
}

vly_status vly_kmeans_start(vly_kmeans_job *job)
{
    search searches[3];
    sampling sample = {.job = job};
    vly_kmeans_found found[VLY_PHASES];
    memset(searches, 0, sizeof searches);
    vly_status status = run_first_pass(searches, &sample);
    if (status == VLY_OK) status = end_search(&searches[0], &found[VLY_PORE]);
    if (status == VLY_OK) status = end_search(&searches[1], &found[VLY_AM]);
    if (status == VLY_OK) status = find_middle(&searches[2], job, found);
    for (int l = 0; l < VLY_PHASES && status == VLY_OK; l++)
        for (int m = 0; m < VLY_FEATURES; m++) job->state.mu[l][m] = found[l].f[m];
    for (int i = 0; i < 3; i++) vly_buffer_free(&searches[i].best);
    vly_buffer_free(&sample.count);
    return status;
}
