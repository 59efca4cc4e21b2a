/* Columns are made with byte arithmetic that the compiler turns into vectors; a cell is then an unaligned load of two columns
 * and one count. Where nine columns are alike, as inside a phase, eight cells are counted at once. Two tables a thread, used
 * in turn, keep equal neighbours from waiting for each other's store; they are emptied before they can overflow. */
#include "core/kernels_cpu.h"
#include "core/rows_cpu.h"

#include <string.h>

enum { TABLES = 2, COLUMNS = 4096 }; /* columns made at a time */

typedef struct tally {
    uint32_t table[TABLES][VLY_CONFIGURATIONS];
    uint64_t cells; /* counted since the tables were emptied */
} tally;

typedef struct job {
    const uint8_t *phase;
    const vly_region *region;
    vly_rows rows;
    uint64_t *bins;
    tally *tallies; /* one per thread */
} job;

int64_t vly_configurations_scratch_bytes_cpu(const vly_queue *queue)
{
    return (int64_t)sizeof(tally) * queue->pool->threads;
}

static void make_columns(uint8_t *restrict column, const uint8_t *restrict l00, const uint8_t *restrict l10,
                         const uint8_t *restrict l01, const uint8_t *restrict l11, int32_t count)
{
    for (int32_t x = 0; x < count; x++) column[x] = vly_column(l00[x], l10[x], l01[x], l11[x]);
}

static int32_t cell_at(const uint8_t *column)
{
    return vly_configuration(column[0], column[1]);
}

static void count_cells(tally *t, const uint8_t *column, int32_t cells)
{
    int32_t x = 0;
    for (; x + 8 <= cells; x += 8) {
        uint64_t here, next;
        memcpy(&here, column + x, 8);
        memcpy(&next, column + x + 1, 8);
        if (here == next) {
            t->table[0][cell_at(column + x)] += 8;
            continue;
        }
        for (int32_t i = 0; i < 8; i += 2) {
            t->table[0][cell_at(column + x + i)]++;
            t->table[1][cell_at(column + x + i + 1)]++;
        }
    }
    for (; x < cells; x++) t->table[0][cell_at(column + x)]++;
}

/* Bins are shared: relaxed adds of integers commute, so the sum is the same whoever comes first. */
static void empty(tally *t, uint64_t *bins)
{
    for (int32_t c = 0; c < VLY_CONFIGURATIONS; c++) {
        uint64_t sum = (uint64_t)t->table[0][c] + t->table[1][c];
        if (sum > 0) __atomic_fetch_add(&bins[c], sum, __ATOMIC_RELAXED);
    }
    memset(t, 0, sizeof *t);
}

static void count_row(tally *t, const uint8_t *row, int64_t next_row, int64_t next_page, int32_t cells)
{
    uint8_t column[COLUMNS + 1];
    for (int32_t x = 0; x < cells; x += COLUMNS) {
        const uint8_t *at = row + x;
        int32_t count = cells - x < COLUMNS ? cells - x : COLUMNS;
        make_columns(column, at, at + next_row, at + next_page, at + next_row + next_page, count + 1);
        count_cells(t, column, count);
    }
}

static vly_status count_run(void *self, int64_t item, int32_t worker)
{
    const job *j = self;
    vly_extent d = j->region->data;
    vly_box inner = j->region->inner;
    tally *t = &j->tallies[worker];
    int32_t ny = inner.y1 - inner.y0, last = inner.x1 < d.nx ? inner.x1 : d.nx - 1, cells = last - inner.x0;
    int64_t end = (item + 1) * j->rows.per_run < j->rows.rows ? (item + 1) * j->rows.per_run : j->rows.rows;
    for (int64_t row = item * j->rows.per_run; row < end; row++) {
        int32_t y = inner.y0 + (int32_t)(row % ny), z = inner.z0 + (int32_t)(row / ny);
        if (y + 1 >= d.ny || z + 1 >= d.nz || cells <= 0) continue;
        if (t->cells + (uint64_t)cells > UINT32_MAX) empty(t, j->bins);
        t->cells += (uint64_t)cells;
        count_row(t, j->phase + vly_at(d, inner.x0, y, z), d.nx, (int64_t)d.nx * d.ny, cells);
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

vly_status vly_configurations_cpu(vly_queue *queue, const uint8_t *phase, const vly_region *region, uint64_t *bins,
                                  void *scratch)
{
    job j = {phase, region, vly_rows_of(region), bins, scratch};
    memset(scratch, 0, (size_t)vly_configurations_scratch_bytes_cpu(queue));
    VLY_TRY(vly_pool_run(queue->pool, j.rows.runs, count_run, &j));
    return vly_pool_run(queue->pool, queue->pool->threads, empty_one, &j);
}
