/* Voxels of each phase in every slice. Across y and z a row belongs to one slice and is counted whole; across x the columns of
 * a run of rows are counted side by side. Both loops are plain enough for the compiler to make vectors of them. */
#include "core/kernels_cpu.h"
#include "core/rows_cpu.h"

enum { COLUMNS = 512 };

typedef struct job {
    const uint8_t *phase;
    const vly_region *region;
    int32_t axis;
    vly_rows rows;
    uint64_t *counts;
} job;

static void add(uint64_t *count, uint64_t voxels)
{
    if (voxels > 0) __atomic_fetch_add(count, voxels, __ATOMIC_RELAXED);
}

static void count_row(const uint8_t *row, int32_t nx, uint64_t *counts)
{
    uint32_t n[VLY_PHASES] = {0};
    for (int32_t x = 0; x < nx; x++)
        for (int p = 0; p < VLY_PHASES; p++) n[p] += row[x] == p;
    for (int p = 0; p < VLY_PHASES; p++) add(&counts[p], n[p]);
}

/* Columns [x0, x0 + count) of rows [row, end). */
static void count_columns(const job *j, int64_t row, int64_t end, int32_t x0, int32_t count)
{
    uint32_t n[VLY_PHASES][COLUMNS] = {{0}};
    for (; row < end; row++) {
        const uint8_t *at = j->phase + vly_row_grey(j->region, row) + x0;
        for (int32_t x = 0; x < count; x++)
            for (int p = 0; p < VLY_PHASES; p++) n[p][x] += at[x] == p;
    }
    for (int32_t x = 0; x < count; x++)
        for (int p = 0; p < VLY_PHASES; p++) add(&j->counts[(int64_t)(x0 + x) * VLY_PHASES + p], n[p][x]);
}

static vly_status count_run(void *self, int64_t item, int32_t worker)
{
    const job *j = self;
    vly_extent e = vly_box_extent(j->region->inner);
    int64_t first_z = j->region->first / ((int64_t)e.nx * e.ny);
    int64_t row = item * j->rows.per_run,
            end = row + j->rows.per_run < j->rows.rows ? row + j->rows.per_run : j->rows.rows;
    (void)worker;
    for (int32_t x = 0; x < e.nx && j->axis == 0; x += COLUMNS)
        count_columns(j, row, end, x, e.nx - x < COLUMNS ? e.nx - x : COLUMNS);
    for (; row < end && j->axis > 0; row++) {
        int64_t slice = j->axis == 1 ? row % e.ny : first_z + row / e.ny;
        count_row(j->phase + vly_row_grey(j->region, row), e.nx, j->counts + slice * VLY_PHASES);
    }
    return VLY_OK;
}

vly_status vly_profile_cpu(vly_queue *queue, const uint8_t *phase, const vly_region *region, int32_t axis,
                           uint64_t *counts)
{
    job j = {phase, region, axis, vly_rows_of(region), counts};
    return vly_pool_run(queue->pool, j.rows.runs, count_run, &j);
}
