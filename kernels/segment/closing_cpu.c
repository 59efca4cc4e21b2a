/* Digits of the closing's order counted, and labels by its cuts. A run of voxels of one page is an item of work. */
#include "core/kernels_cpu.h"

enum { RUN = 1 << 16 };

typedef struct job {
    const vly_closing_pages *pages;
    const vly_closing_cut *cuts;
    vly_closing_level level;
    const uint8_t *label;
    uint8_t *out;
    uint64_t *counts; /* bins, or CBD voxels of each page */
    int64_t per_page; /* runs */
} job;

static int64_t runs_of(job *j)
{
    j->per_page = (j->pages->page + RUN - 1) / RUN;
    return j->per_page * j->pages->count;
}

/* First voxel of a run, and the one behind its last. */
static int64_t begin_of(const job *j, int64_t item, int64_t *end)
{
    int64_t page = item / j->per_page * j->pages->page, at = item % j->per_page * RUN;
    *end = page + (at + RUN < j->pages->page ? at + RUN : j->pages->page);
    return page + at;
}

typedef struct clip_job {
    const uint8_t *label;
    int64_t voxels;
    int32_t *distance2;
} clip_job;

static vly_status clip_run(void *self, int64_t item, int32_t worker)
{
    const clip_job *j = self;
    int64_t end = (item + 1) * RUN < j->voxels ? (item + 1) * RUN : j->voxels;
    (void)worker;
    for (int64_t i = item * RUN; i < end; i++)
        if (j->label[i] == VLY_OUTSIDE) j->distance2[i] = 0;
    return VLY_OK;
}

vly_status vly_closing_clip_cpu(vly_queue *queue, const uint8_t *label, int64_t voxels, int32_t *distance2)
{
    clip_job j = {label, voxels, distance2};
    return vly_pool_run(queue->pool, (voxels + RUN - 1) / RUN, clip_run, &j);
}

static vly_status count_run(void *self, int64_t item, int32_t worker)
{
    const job *j = self;
    const vly_closing_cut *cut = &j->cuts[item / j->per_page];
    uint64_t *bins = j->counts + item / j->per_page * VLY_CLOSING_DIGITS;
    uint32_t mine[VLY_CLOSING_DIGITS] = {0};
    int64_t end, i = begin_of(j, item, &end);
    (void)worker;
    if (cut->settled) return VLY_OK;
    for (; i < end; i++) {
        int32_t digit = j->label[i] == VLY_CLOSING_OPEN ? vly_closing_digit(j->pages, i, cut, j->level) : -1;
        if (digit >= 0) mine[digit]++;
    }
    for (int32_t d = 0; d < 1 << j->level.width; d++)
        if (mine[d] > 0) __atomic_fetch_add(&bins[d], mine[d], __ATOMIC_RELAXED);
    return VLY_OK;
}

vly_status vly_closing_count_cpu(vly_queue *queue, const vly_closing_pages *pages, const uint8_t *label,
                                 const vly_closing_cut *cuts, vly_closing_level level, uint64_t *bins)
{
    job j = {.pages = pages, .cuts = cuts, .level = level, .label = label, .counts = bins};
    return vly_pool_run(queue->pool, runs_of(&j), count_run, &j);
}

static vly_status label_run(void *self, int64_t item, int32_t worker)
{
    const job *j = self;
    const vly_closing_cut *cut = &j->cuts[item / j->per_page];
    uint64_t count = 0;
    int64_t end, i = begin_of(j, item, &end);
    (void)worker;
    for (; i < end; i++) {
        j->out[i] = vly_closing_label(j->pages, i, cut, j->label[i]);
        count += j->out[i] == VLY_CBD;
    }
    __atomic_fetch_add(&j->counts[item / j->per_page], count, __ATOMIC_RELAXED);
    return VLY_OK;
}

vly_status vly_closing_label_cpu(vly_queue *queue, const vly_closing_pages *pages, const vly_closing_cut *cuts,
                                 uint8_t *label, uint64_t *counts)
{
    job j = {.pages = pages, .cuts = cuts, .label = label, .out = label, .counts = counts};
    return vly_pool_run(queue->pool, runs_of(&j), label_run, &j);
}
