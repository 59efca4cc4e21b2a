/* Ties and labels. Rows are labelled by comparisons alone, which the compiler turns into vectors; only blocks that hold a
 * voxel exactly on a cut look at its hash. */
#include "core/kernels_cpu.h"
#include "core/rows_cpu.h"

#include <string.h>

typedef struct job {
    const uint16_t *grey;
    const uint8_t *mask;
    const vly_region *region;
    vly_rows rows;
    uint64_t seed;
    const vly_label_cuts *cuts;
    uint8_t *label;
    uint64_t *counts;
    const vly_tie_band *bands;
    uint64_t *below, *list, *listed;
    int64_t capacity;
} job;

static int64_t run_end(const job *j, int64_t item)
{
    int64_t end = (item + 1) * j->rows.per_run;
    return end < j->rows.rows ? end : j->rows.rows;
}

enum { BLOCK = 64 };

/* ---- ties ---- */

/* True if one of `n` voxels has either grey value: a loop the compiler turns into vectors. */
static inline bool holds(const uint16_t *grey, int32_t n, uint16_t g0, uint16_t g1)
{
    uint16_t found = 0;
    for (int32_t x = 0; x < n; x++) found |= (uint16_t)((grey[x] == g0) | (grey[x] == g1));
    return found != 0;
}

static void tie(const job *j, int b, uint64_t key, uint64_t below[2])
{
    const vly_tie_band *band = &j->bands[b];
    if (key < band->low)
        below[b]++;
    else if (key < band->high) {
        uint64_t at = __atomic_fetch_add(&j->listed[b], 1, __ATOMIC_RELAXED);
        if (at < (uint64_t)j->capacity) j->list[b * j->capacity + (int64_t)at] = key;
    }
}

/* `n` voxels from `grey` on, the first at `at` in the label array. */
static void tie_block(const job *j, const uint16_t *grey, int64_t at, int32_t n, uint64_t below[2])
{
    for (int32_t x = 0; x < n; x++) {
        if (grey[x] != j->bands[0].grey && grey[x] != j->bands[1].grey) continue;
        if (j->mask && !j->mask[at + x]) continue;
        uint64_t key = vly_hash((uint64_t)(j->region->first + at + x), j->seed);
        for (int b = 0; b < 2; b++)
            if (grey[x] == j->bands[b].grey && j->bands[b].low < j->bands[b].high) tie(j, b, key, below);
    }
}

static vly_status tie_run(void *self, int64_t item, int32_t worker)
{
    const job *j = self;
    int32_t nx = j->region->inner.x1 - j->region->inner.x0;
    uint64_t below[2] = {0, 0};
    (void)worker;
    for (int64_t row = item * j->rows.per_run; row < run_end(j, item); row++) {
        const uint16_t *grey = j->grey + vly_row_grey(j->region, row);
        int64_t at = vly_row_label(j->region, row);
        int32_t x = 0;
        for (; x + BLOCK <= nx; x += BLOCK)
            if (holds(grey + x, BLOCK, j->bands[0].grey, j->bands[1].grey))
                tie_block(j, grey + x, at + x, BLOCK, below);
        tie_block(j, grey + x, at + x, nx - x, below);
    }
    for (int b = 0; b < 2; b++) __atomic_fetch_add(&j->below[b], below[b], __ATOMIC_RELAXED);
    return VLY_OK;
}

vly_status vly_ties_cpu(vly_queue *queue, const uint16_t *grey, const vly_region *region, const uint8_t *mask,
                        uint64_t seed, const vly_tie_band bands[2], uint64_t *below, uint64_t *list, int64_t capacity,
                        uint64_t *listed)
{
    job j = {.grey = grey,
             .mask = mask,
             .region = region,
             .rows = vly_rows_of(region),
             .seed = seed,
             .bands = bands,
             .below = below,
             .list = list,
             .listed = listed,
             .capacity = capacity};
    return vly_pool_run(queue->pool, j.rows.runs, tie_run, &j);
}

/* ---- labels ---- */

/* Labels `n` voxels by grey value alone; true if one of them lies on a cut. */
static inline bool label_block(const uint16_t *restrict grey, uint8_t *restrict label, int32_t n, uint16_t g0,
                               uint16_t g1)
{
    uint8_t on_cut = 0;
    for (int32_t x = 0; x < n; x++) {
        uint16_t g = grey[x];
        uint8_t pore = g < g0 ? 0xFF : 0, dark = g < g1 ? 0xFF : 0;
        /* am 1, cbd 2, pore 0 */
        label[x] = (uint8_t)(((dark & VLY_CBD) | (~dark & VLY_AM)) & ~pore);
        on_cut |= (uint8_t)((g == g0) | (g == g1));
    }
    return on_cut != 0;
}

static void label_row(const job *j, const uint16_t *grey, int64_t at, int32_t nx)
{
    const vly_label_cuts *cuts = j->cuts;
    uint8_t *label = j->label + at;
    for (int32_t x = 0; x < nx; x += BLOCK) {
        int32_t n = nx - x < BLOCK ? nx - x : BLOCK;
        bool on_cut = n == BLOCK ? label_block(grey + x, label + x, BLOCK, cuts->cut[0].grey, cuts->cut[1].grey)
                                 : label_block(grey + x, label + x, n, cuts->cut[0].grey, cuts->cut[1].grey);
        for (int32_t i = x; on_cut && i < x + n; i++)
            if (grey[i] == cuts->cut[0].grey || grey[i] == cuts->cut[1].grey)
                label[i] = vly_label_of(cuts, grey[i], vly_hash((uint64_t)(j->region->first + at + i), j->seed));
    }
    if (j->mask)
        for (int32_t x = 0; x < nx; x++) label[x] |= (uint8_t)(j->mask[at + x] ? 0 : VLY_OUTSIDE);
}

/* Phases of one row, in bytes that cannot overflow: at most 255 voxels at a time. */
static void count_row(const uint8_t *restrict label, int32_t nx, uint64_t counts[VLY_PHASES])
{
    enum { PIECE = 192 };
    for (int32_t x = 0; x < nx; x += PIECE) {
        int32_t n = nx - x < PIECE ? nx - x : PIECE;
        uint8_t pore = 0, am = 0, cbd = 0;
        for (int32_t i = 0; i < n; i++) {
            pore = (uint8_t)(pore + (label[x + i] == VLY_PORE));
            am = (uint8_t)(am + (label[x + i] == VLY_AM));
            cbd = (uint8_t)(cbd + (label[x + i] == VLY_CBD));
        }
        counts[VLY_PORE] += pore;
        counts[VLY_AM] += am;
        counts[VLY_CBD] += cbd;
    }
}

static vly_status label_run(void *self, int64_t item, int32_t worker)
{
    const job *j = self;
    int32_t nx = j->region->inner.x1 - j->region->inner.x0;
    uint64_t counts[VLY_PHASES] = {0};
    (void)worker;
    for (int64_t row = item * j->rows.per_run; row < run_end(j, item); row++) {
        int64_t at = vly_row_label(j->region, row);
        label_row(j, j->grey + vly_row_grey(j->region, row), at, nx);
        count_row(j->label + at, nx, counts);
    }
    for (int l = 0; l < VLY_PHASES; l++) __atomic_fetch_add(&j->counts[l], counts[l], __ATOMIC_RELAXED);
    return VLY_OK;
}

vly_status vly_label_cpu(vly_queue *queue, const uint16_t *grey, const vly_region *region, const uint8_t *mask,
                         uint64_t seed, const vly_label_cuts *cuts, uint8_t *label, uint64_t *counts)
{
    job j = {.grey = grey,
             .mask = mask,
             .region = region,
             .rows = vly_rows_of(region),
             .seed = seed,
             .cuts = cuts,
             .label = label,
             .counts = counts};
    return vly_pool_run(queue->pool, j.rows.runs, label_run, &j);
}
