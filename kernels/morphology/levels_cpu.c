#include "core/kernels_cpu.h"
#include "morphology/distance_voxel.h"

enum { LOCAL = 4096, ROWS = 64 }; /* levels an item counts by itself; rows of an item */

typedef struct job {
    const int32_t *distance2, *value;
    vly_extent extent;
    vly_metric metric;
    bool minus;
    int32_t levels;
    uint64_t *bins;
} job;

static void count_row(const job *j, int64_t row, uint32_t local[LOCAL])
{
    vly_extent e = j->extent;
    int32_t y = (int32_t)(row % e.ny), z = (int32_t)(row / e.ny);
    int64_t across = vly_face_distance2(y, e.ny, j->metric.y), through = vly_face_distance2(z, e.nz, j->metric.z);
    int64_t rest = across < through ? across : through;
    for (int32_t x = 0; x < e.nx; x++) {
        if (j->distance2[row * e.nx + x] == 0) continue;
        int32_t level = j->value ? j->value[row * e.nx + x] : j->levels - 1;
        if (j->minus) {
            int64_t face = vly_face_distance2(x, e.nx, j->metric.x);
            face = face < rest ? face : rest;
            level = level < face ? level : (int32_t)face;
        }
        if (level < LOCAL)
            local[level]++;
        else
            __atomic_fetch_add(&j->bins[level], 1, __ATOMIC_RELAXED);
    }
}

static vly_status count_rows(void *self, int64_t item, int32_t worker)
{
    const job *j = self;
    uint32_t local[LOCAL] = {0};
    int64_t rows = (int64_t)j->extent.ny * j->extent.nz, end = (item + 1) * ROWS < rows ? (item + 1) * ROWS : rows;
    (void)worker;
    for (int64_t row = item * ROWS; row < end; row++) count_row(j, row, local);
    for (int32_t level = 0; level < LOCAL; level++)
        if (local[level]) __atomic_fetch_add(&j->bins[level], local[level], __ATOMIC_RELAXED);
    return VLY_OK;
}

vly_status vly_levels_cpu(vly_queue *queue, const int32_t *distance2, const int32_t *value, vly_extent extent,
                          const vly_metric *metric, bool minus, int32_t levels, uint64_t *bins)
{
    job j = {distance2, value, extent, *metric, minus, levels, bins};
    int64_t rows = (int64_t)extent.ny * extent.nz;
    return vly_pool_run(queue->pool, (rows + ROWS - 1) / ROWS, count_rows, &j);
}
