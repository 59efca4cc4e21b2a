/* How the C twins walk a slab: a run of whole rows is one item of work, small enough to share, large enough to pay. */
#ifndef VLY_ROWS_CPU_H
#define VLY_ROWS_CPU_H

#include "core/queue_cpu.h"
#include "core/voxel.h"

enum { VLY_RUN_VOXELS = 1 << 16 }; /* aim of one item; at least one row */

typedef struct vly_rows {
    int64_t rows, per_run, runs;
} vly_rows;

static inline vly_rows vly_rows_of(const vly_region *region)
{
    vly_extent e = vly_box_extent(region->inner);
    vly_rows r = {(int64_t)e.ny * e.nz, VLY_RUN_VOXELS / (e.nx > 0 ? e.nx : 1), 0};
    if (r.per_run < 1) r.per_run = 1;
    r.runs = (r.rows + r.per_run - 1) / r.per_run;
    return r;
}

/* Row `row` of region.inner: its first voxel in the grey array and in the label array. */
static inline int64_t vly_row_grey(const vly_region *region, int64_t row)
{
    int32_t ny = region->inner.y1 - region->inner.y0;
    int32_t y = region->inner.y0 + (int32_t)(row % ny), z = region->inner.z0 + (int32_t)(row / ny);
    return vly_at(region->data, region->inner.x0, y, z);
}

static inline int64_t vly_row_label(const vly_region *region, int64_t row)
{
    return row * (region->inner.x1 - region->inner.x0);
}

#endif
