/* Four tables a thread, used in turn: equal neighbours, which tomograms are full of, would otherwise wait for each
 * other's store. Tables are 32 bit wide to stay in the second-level cache and are emptied before they can overflow. */
#include "core/kernels_cpu.h"
#include "core/rows_cpu.h"

#include <string.h>

enum { BINS = 65536, TABLES = 4 };

typedef struct tally {
    uint32_t table[TABLES][BINS];
    uint64_t voxels; /* counted since the tables were emptied */
} tally;

typedef struct job {
    const uint16_t *grey;
    const uint8_t *mask;
    const vly_region *region;
    vly_rows rows;
    uint64_t *bins;
    tally *tallies; /* one per thread */
} job;

int64_t vly_histogram_scratch_bytes_cpu(const vly_queue *queue)
{
    return (int64_t)sizeof(tally) * queue->pool->threads;
}

static void count_row(uint32_t table[TABLES][BINS], const uint16_t *grey, int32_t nx)
{
    int32_t x = 0;
    for (; x + 8 <= nx; x += 8) {
        uint64_t a, b; /* eight voxels in two loads */
        memcpy(&a, grey + x, 8);
        memcpy(&b, grey + x + 4, 8);
        table[0][a & 0xFFFF]++;
        table[1][a >> 16 & 0xFFFF]++;
        table[2][a >> 32 & 0xFFFF]++;
        table[3][a >> 48]++;
        table[0][b & 0xFFFF]++;
        table[1][b >> 16 & 0xFFFF]++;
        table[2][b >> 32 & 0xFFFF]++;
        table[3][b >> 48]++;
    }
    for (; x < nx; x++) table[x & 3][grey[x]]++;
}

/* Bins are shared: relaxed adds of integers commute, so the sum is the same whoever comes first. */
static void empty(tally *t, uint64_t *bins)
{
    for (int32_t g = 0; g < BINS; g++) {
        uint64_t sum = (uint64_t)t->table[0][g] + t->table[1][g] + t->table[2][g] + t->table[3][g];
        if (sum > 0) __atomic_fetch_add(&bins[g], sum, __ATOMIC_RELAXED);
    }
    memset(t, 0, sizeof *t);
}

static vly_status count_run(void *self, int64_t item, int32_t worker)
{
    const job *j = self;
    tally *t = &j->tallies[worker];
    int32_t nx = j->region->inner.x1 - j->region->inner.x0;
    int64_t end = (item + 1) * j->rows.per_run < j->rows.rows ? (item + 1) * j->rows.per_run : j->rows.rows;
    for (int64_t row = item * j->rows.per_run; row < end; row++) {
        const uint16_t *grey = j->grey + vly_row_grey(j->region, row);
        if (t->voxels + (uint64_t)nx > UINT32_MAX) empty(t, j->bins);
        t->voxels += (uint64_t)nx;
        if (!j->mask) {
            count_row(t->table, grey, nx);
            continue;
        }
        const uint8_t *mask = j->mask + vly_row_label(j->region, row);
        for (int32_t x = 0; x < nx; x++) t->table[x & 3][grey[x]] += mask[x] != 0;
    }
    return VLY_OK;
}

static vly_status empty_one(void *self, int64_t item, int32_t worker)
{
    const job *j = self;
    (void)worker;
    empty(&j->tallies[item], j->bins);
    return VLY_OK;
}

vly_status vly_histogram_cpu(vly_queue *queue, const uint16_t *grey, const vly_region *region, const uint8_t *mask,
                             uint64_t *bins, void *scratch)
{
    job j = {grey, mask, region, vly_rows_of(region), bins, scratch};
    memset(scratch, 0, (size_t)vly_histogram_scratch_bytes_cpu(queue));
    VLY_TRY(vly_pool_run(queue->pool, j.rows.runs, count_run, &j));
    return vly_pool_run(queue->pool, queue->pool->threads, empty_one, &j);
}
