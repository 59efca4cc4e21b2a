/* What k-means starts from: the extreme voxels, the one halfway between them, and the random sample. Single-precision
 * distances sift the voxels of the halfway search; the few that may win are compared in exact integers. */
#include "core/kernels_cpu.h"
#include "segment/kmeans_lanes.h"

#include <string.h>

typedef struct job {
    const vly_kmeans_lanes *lanes;
    vly_kmeans_slab slab;
    vly_rows rows;
    const vly_kmeans_search *search;
    vly_kmeans_found *best;
    pthread_mutex_t lock; /* of best */
    uint64_t seed, last;
    uint16_t *samples;
    int64_t capacity;
    uint64_t *count;
} job;

static int64_t run_end(const job *j, int64_t item)
{
    int64_t end = (item + 1) * j->rows.per_run;
    return end < j->rows.rows ? end : j->rows.rows;
}

static bool is_inside(const job *j, int64_t at)
{
    return !j->slab.mask || j->slab.mask[at] != 0;
}

/* Unsorted features of voxel x of a row. */
static void gather(const job *j, uint16_t *f, int64_t row, int32_t x)
{
    const vly_region *region = j->slab.region;
    int32_t ny = region->inner.y1 - region->inner.y0;
    vly_features_gather(f, j->slab.grey, region->data, region->inner.x0 + x, region->inner.y0 + (int32_t)(row % ny),
                        region->inner.z0 + (int32_t)(row / ny));
}

/* ---- search ---- */

static void offer(vly_kmeans_found *best, uint64_t key, int64_t index, const uint16_t *f)
{
    if (key == UINT64_MAX || key > best->key || (key == best->key && index >= best->index)) return;
    best->key = key;
    best->index = index;
    memcpy(best->f, f, sizeof best->f);
}

/* The sum of features does not ask for their order, so only a better voxel is sorted. */
static void search_extreme(const job *j, int64_t row, vly_kmeans_found *best)
{
    const uint16_t *grey = j->slab.grey + vly_row_grey(j->slab.region, row);
    int32_t nx = j->slab.region->inner.x1 - j->slab.region->inner.x0;
    int64_t at = vly_row_label(j->slab.region, row);
    for (int32_t x = 0; x < nx; x++) {
        uint16_t f[VLY_SHELL_FEATURES];
        if (grey[x] != j->search->grey || !is_inside(j, at + x)) continue;
        gather(j, f, row, x);
        uint64_t key = vly_kmeans_search_key(j->search, f);
        if (key > best->key) continue;
        vly_features_sort(f);
        offer(best, key, j->slab.region->first + at + x, f);
    }
}

/* Bound on 4 times the single-precision distance of a voxel that is no worse than `key`: 28 roundings of 2^-24 each. */
static float bound(uint64_t key)
{
    return (float)((double)key * (1.0 + 1e-5));
}

static void search_halfway(const job *j, int64_t row, vly_kmeans_found *best)
{
    int32_t nx = j->slab.region->inner.x1 - j->slab.region->inner.x0;
    int64_t at = vly_row_label(j->slab.region, row);
    for (int32_t x = 0; x < nx; x += VLY_KMEANS_CHUNK) {
        float d[VLY_PHASES][VLY_KMEANS_CHUNK];
        int32_t n = nx - x < VLY_KMEANS_CHUNK ? nx - x : VLY_KMEANS_CHUNK;
        j->lanes->distances(&j->slab, row, x, n, d);
        for (int32_t i = 0; i < n; i++) {
            uint16_t f[VLY_SHELL_FEATURES];
            if (4.0f * d[0][i] > bound(best->key) || !is_inside(j, at + x + i)) continue;
            gather(j, f, row, x + i);
            vly_features_sort(f);
            offer(best, vly_kmeans_search_key(j->search, f), j->slab.region->first + at + x + i, f);
        }
    }
}

static vly_status search_run(void *self, int64_t item, int32_t worker)
{
    job *j = self;
    (void)worker;
    pthread_mutex_lock(&j->lock);
    vly_kmeans_found best = *j->best;
    pthread_mutex_unlock(&j->lock);
    for (int64_t row = item * j->rows.per_run; row < run_end(j, item); row++) {
        if (j->search->halfway)
            search_halfway(j, row, &best);
        else
            search_extreme(j, row, &best);
    }
    pthread_mutex_lock(&j->lock);
    offer(j->best, best.key, best.index, best.f);
    pthread_mutex_unlock(&j->lock);
    return VLY_OK;
}

vly_status vly_kmeans_search_cpu(vly_queue *queue, const uint16_t *grey, const vly_region *region, const uint8_t *mask,
                                 const vly_kmeans_search *search, vly_kmeans_found *best)
{
    vly_kmeans_model model = {0};
    for (int m = 0; m < VLY_SHELL_FEATURES; m++) {
        model.x[m] = 1.0f;
        model.mu[0][m] = (float)(search->ends[0][m] + search->ends[1][m]) / 2.0f;
    }
    job j = {.lanes = vly_kmeans_lanes_of(queue),
             .slab = {grey, mask, region, &model, NULL, false},
             .rows = vly_rows_of(region),
             .search = search,
             .best = best};
    pthread_mutex_init(&j.lock, NULL);
    vly_status status = vly_pool_run(queue->pool, j.rows.runs, search_run, &j);
    pthread_mutex_destroy(&j.lock);
    return status;
}

/* ---- sample ---- */

/* Stores n voxels of a row in one piece, so that threads rarely meet. */
static void store(const job *j, int64_t row, const int32_t *chosen, int32_t n)
{
    uint64_t at = __atomic_fetch_add(j->count, (uint64_t)n, __ATOMIC_RELAXED);
    for (int32_t i = 0; i < n && at + (uint64_t)i < (uint64_t)j->capacity; i++) {
        uint16_t f[VLY_SHELL_FEATURES];
        gather(j, f, row, chosen[i]);
        vly_features_sort(f);
        for (int m = 0; m < VLY_SHELL_FEATURES; m++) j->samples[vly_kmeans_slot((int64_t)at + i, m)] = f[m];
    }
}

static vly_status sample_run(void *self, int64_t item, int32_t worker)
{
    const job *j = self;
    const vly_region *region = j->slab.region;
    int32_t nx = region->inner.x1 - region->inner.x0;
    int32_t chosen[VLY_KMEANS_CHUNK];
    (void)worker;
    for (int64_t row = item * j->rows.per_run; row < run_end(j, item); row++) {
        int64_t at = vly_row_label(region, row);
        int32_t n = 0;
        for (int32_t x = 0; x < nx; x++) {
            if (vly_hash((uint64_t)(region->first + at + x), j->seed) > j->last || !is_inside(j, at + x)) continue;
            chosen[n++] = x;
            if (n < VLY_KMEANS_CHUNK) continue;
            store(j, row, chosen, n);
            n = 0;
        }
        if (n > 0) store(j, row, chosen, n);
    }
    return VLY_OK;
}

vly_status vly_kmeans_sample_cpu(vly_queue *queue, const uint16_t *grey, const vly_region *region, const uint8_t *mask,
                                 uint64_t seed, uint64_t last, uint16_t *samples, int64_t capacity, uint64_t *count)
{
    job j = {.slab = {grey, mask, region, NULL, NULL, false},
             .rows = vly_rows_of(region),
             .seed = seed,
             .last = last,
             .samples = samples,
             .capacity = capacity,
             .count = count};
    return vly_pool_run(queue->pool, j.rows.runs, sample_run, &j);
}
