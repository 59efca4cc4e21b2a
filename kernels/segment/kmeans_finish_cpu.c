/* The exact finish. Ratios alone decide nearly every voxel, in loops that the compiler turns into vectors; only a voxel
 * on a bound looks at its hash. */
#include "core/kernels_cpu.h"
#include "segment/kmeans_lanes.h"

#include <string.h>

typedef struct job {
    const vly_kmeans_lanes *lanes;
    vly_kmeans_slab slab;
    vly_rows rows;
    uint64_t seed, last;
    const vly_kmeans_box *box;
    const vly_kmeans_cuts *cuts;
    uint64_t *decided, *listed;
    vly_kmeans_pair *list;
    int64_t capacity;
    vly_kmeans_report *report;
} job;

typedef struct chunk {
    float d[VLY_PHASES][VLY_KMEANS_CHUNK];
    float am[VLY_KMEANS_CHUNK], cbd[VLY_KMEANS_CHUNK]; /* of vly_kmeans_pair */
    int32_t label[VLY_KMEANS_CHUNK];                   /* VLY_OUTSIDE: ask the hash */
} chunk;

static void load_ratios(const job *j, chunk *c, int64_t row, int32_t x, int32_t n)
{
    j->lanes->distances(&j->slab, row, x, n, c->d);
    for (int32_t i = 0; i < VLY_KMEANS_CHUNK; i++) {
        c->am[i] = vly_kmeans_ratio(c->d[VLY_AM][i], c->d[VLY_PORE][i]);
        c->cbd[i] = vly_kmeans_ratio(c->d[VLY_CBD][i], c->d[VLY_PORE][i]);
    }
}

static vly_kmeans_pair pair_of(const job *j, const chunk *c, int64_t at, int32_t i)
{
    uint64_t index = (uint64_t)(j->slab.region->first + at + i);
    return (vly_kmeans_pair){c->am[i], c->cbd[i], vly_hash(index, j->seed)};
}

/* Labels where am and cbd ratios lie strictly beyond all bounds. */
static void decide_strictly(chunk *c, const vly_kmeans_box *box)
{
    for (int32_t i = 0; i < VLY_KMEANS_CHUNK; i++) {
        float most = vly_kmeans_am_ratio(c->am[i], c->cbd[i], box->w_low);
        float least = vly_kmeans_am_ratio(c->am[i], c->cbd[i], box->w_high);
        int32_t rest = c->cbd[i] < box->cbd_low.ratio    ? VLY_CBD
                       : c->cbd[i] > box->cbd_high.ratio ? VLY_PORE
                                                         : VLY_OUTSIDE;
        rest = least > box->am_high.ratio ? rest : VLY_OUTSIDE;
        c->label[i] = most < box->am_low.ratio ? VLY_AM : rest;
    }
}

/* ---- gathering ---- */

static void append(const job *j, const vly_kmeans_pair *pairs, int32_t n)
{
    uint64_t at = __atomic_fetch_add(j->listed, (uint64_t)n, __ATOMIC_RELAXED);
    for (int32_t i = 0; i < n && at + (uint64_t)i < (uint64_t)j->capacity; i++) j->list[at + (uint64_t)i] = pairs[i];
}

static void gather_chunk(const job *j, chunk *c, int64_t at, int32_t n, uint64_t decided[VLY_PHASES])
{
    vly_kmeans_pair pairs[VLY_KMEANS_CHUNK];
    int32_t undecided = 0;
    decide_strictly(c, j->box);
    for (int32_t i = 0; i < n; i++) {
        if (j->slab.mask && !j->slab.mask[at + i]) continue;
        if (c->label[i] != VLY_OUTSIDE) {
            decided[c->label[i]]++;
            continue;
        }
        vly_kmeans_pair pair = pair_of(j, c, at, i);
        uint8_t label = vly_kmeans_box_label(j->box, pair);
        if (label != VLY_OUTSIDE)
            decided[label]++;
        else if (vly_hash(pair.key, j->seed) <= j->last)
            pairs[undecided++] = pair;
    }
    if (undecided > 0) append(j, pairs, undecided);
}

static vly_status gather_run(void *self, int64_t item, int32_t worker)
{
    const job *j = self;
    int32_t nx = j->slab.region->inner.x1 - j->slab.region->inner.x0;
    int64_t end = (item + 1) * j->rows.per_run;
    uint64_t decided[VLY_PHASES] = {0};
    chunk c;
    (void)worker;
    memset(&c, 0, sizeof c);
    for (int64_t row = item * j->rows.per_run; row < (end < j->rows.rows ? end : j->rows.rows); row++)
        for (int32_t x = 0; x < nx; x += VLY_KMEANS_CHUNK) {
            int32_t n = nx - x < VLY_KMEANS_CHUNK ? nx - x : VLY_KMEANS_CHUNK;
            load_ratios(j, &c, row, x, n);
            gather_chunk(j, &c, vly_row_label(j->slab.region, row) + x, n, decided);
        }
    for (int l = 0; l < VLY_PHASES; l++) __atomic_fetch_add(&j->decided[l], decided[l], __ATOMIC_RELAXED);
    return VLY_OK;
}

vly_status vly_kmeans_gather_cpu(vly_queue *queue, const uint16_t *grey, const vly_region *region, const uint8_t *mask,
                                 const vly_kmeans_model *model, const vly_kmeans_box *box, uint64_t seed, uint64_t last,
                                 uint64_t *decided, vly_kmeans_pair *list, int64_t capacity, uint64_t *listed)
{
    job j = {.lanes = vly_kmeans_lanes_of(queue),
             .slab = {grey, mask, region, model, NULL, false},
             .rows = vly_rows_of(region),
             .seed = seed,
             .last = last,
             .box = box,
             .decided = decided,
             .listed = listed,
             .list = list,
             .capacity = capacity};
    return vly_pool_run(queue->pool, j.rows.runs, gather_run, &j);
}

/* ---- labelling ---- */

/* c->label: the label of each of n voxels. */
static void label_chunk(const job *j, chunk *c, int64_t at, int32_t n)
{
    const vly_kmeans_cuts *cuts = j->cuts;
    const vly_kmeans_box box = {cuts->w, cuts->w, cuts->am, cuts->am, cuts->cbd, cuts->cbd};
    decide_strictly(c, &box);
    for (int32_t i = 0; i < n; i++)
        if (c->label[i] == VLY_OUTSIDE) c->label[i] = vly_kmeans_finish_label(cuts, pair_of(j, c, at, i));
}

static void report_chunk(const job *j, const uint16_t *grey, const uint8_t *label, int32_t n, vly_kmeans_report *report)
{
    float centre = j->slab.model->mu[VLY_CBD][0];
    for (int32_t i = 0; i < n; i++) {
        if (label[i] >= VLY_PHASES) continue;
        report->count[label[i]]++;
        report->dark_am += label[i] == VLY_AM && (float)grey[i] < centre;
        report->bright_pore += label[i] == VLY_PORE && (float)grey[i] > centre;
    }
}

static void finish_row(const job *j, chunk *c, int64_t row, vly_kmeans_report *report)
{
    int32_t nx = j->slab.region->inner.x1 - j->slab.region->inner.x0;
    const uint16_t *grey = j->slab.grey + vly_row_grey(j->slab.region, row);
    int64_t at = vly_row_label(j->slab.region, row);
    uint8_t *label = j->slab.label + at;
    for (int32_t x = 0; x < nx && j->cuts; x += VLY_KMEANS_CHUNK) {
        int32_t n = nx - x < VLY_KMEANS_CHUNK ? nx - x : VLY_KMEANS_CHUNK;
        load_ratios(j, c, row, x, n);
        label_chunk(j, c, at + x, n);
        for (int32_t i = 0; i < n; i++) {
            uint8_t now = j->slab.mask && !j->slab.mask[at + x + i] ? VLY_OUTSIDE : (uint8_t)c->label[i];
            report->relabelled += now != label[x + i];
            label[x + i] = now;
        }
    }
    report_chunk(j, grey, label, nx, report);
}

static vly_status finish_run(void *self, int64_t item, int32_t worker)
{
    const job *j = self;
    int64_t end = (item + 1) * j->rows.per_run;
    vly_kmeans_report report = {0};
    chunk c;
    (void)worker;
    memset(&c, 0, sizeof c);
    for (int64_t row = item * j->rows.per_run; row < (end < j->rows.rows ? end : j->rows.rows); row++)
        finish_row(j, &c, row, &report);
    for (int l = 0; l < VLY_PHASES; l++) __atomic_fetch_add(&j->report->count[l], report.count[l], __ATOMIC_RELAXED);
    __atomic_fetch_add(&j->report->relabelled, report.relabelled, __ATOMIC_RELAXED);
    __atomic_fetch_add(&j->report->dark_am, report.dark_am, __ATOMIC_RELAXED);
    __atomic_fetch_add(&j->report->bright_pore, report.bright_pore, __ATOMIC_RELAXED);
    return VLY_OK;
}

vly_status vly_kmeans_finish_cpu(vly_queue *queue, const uint16_t *grey, const vly_region *region, const uint8_t *mask,
                                 const vly_kmeans_model *model, const vly_kmeans_cuts *cuts, uint64_t seed,
                                 uint8_t *label, vly_kmeans_report *report)
{
    job j = {.lanes = vly_kmeans_lanes_of(queue),
             .slab = {grey, mask, region, model, label, false},
             .rows = vly_rows_of(region),
             .seed = seed,
             .cuts = cuts,
             .report = report};
    return vly_pool_run(queue->pool, j.rows.runs, finish_run, &j);
}
