/* From a volume to the matrix of its conducting voxels that touch both planes. */
#ifndef VLY_GRID_H
#define VLY_GRID_H

#include "transport/multigrid.h"
#include "voxelyte/transport.h"

/* A volume as the solver sees it. */
typedef struct vly_grid {
    vly_extent extent;
    const uint8_t *label; /* (nz, ny, nx); NULL: field */
    const float *field;   /* (nz, ny, nx) */
    double value[256];    /* coefficient of a label, divided by the largest one; <= 0 does not conduct */
    double scale;         /* that largest one */
    double spacing[3];    /* along x, y, z, in any unit */
    vly_direction axis;
    bool periodic;
    bool
        loop; /* periodic along the axis too, where the potential falls by 1 from border to border; with periodic only */
} vly_grid;

/* Does the image go on at the other side of its border? */
static inline bool vly_grid_wraps(const vly_grid *grid, int axis)
{
    return grid->periodic && (grid->loop || axis != (int)grid->axis);
}

static inline bool vly_grid_conducts(const vly_grid *grid, int64_t voxel)
{
    return grid->label ? grid->value[grid->label[voxel]] > 0.0 : grid->field[voxel] > 0.0f;
}

/* Runs of conducting voxels along x, row after row (y, then z). */
typedef struct vly_grid_runs {
    int64_t count;
    int64_t *first;       /* (ny nz + 1) of a row */
    int32_t *start, *end; /* (count) x, half-open */
    int32_t *base;        /* (count) unknown of the first voxel, -1 for a cluster that carries nothing */
    int64_t conducting;   /* voxels */
    int64_t unknowns;     /* of them percolating */
} vly_grid_runs;

vly_status vly_grid_runs_create(vly_grid_runs *out, vly_device *device, const vly_grid *grid);
void vly_grid_runs_free(vly_grid_runs *runs);

/* Rows that touch row `row`: y-, y+, z-, z+ in way 2 ... 5; -1 where there is none. */
int64_t vly_grid_row_beside(const vly_grid *grid, int64_t row, int way);

typedef struct vly_image {
    vly_matrix_twin matrix;
    vly_twin kind, near[2], side[6], edge, edge_side, field, between, between64, value;
    vly_twin potential; /* (unknowns) double: the linear profile at first */
    uint64_t *place;    /* (unknowns) for vly_multigrid_create; freed by whoever made the hierarchy */
    double unit;        /* d_eff of a flux of 1 through the planes */
} vly_image;

vly_status vly_image_create(vly_image *out, vly_device *device, const vly_grid *grid, const vly_grid_runs *runs);
void vly_image_free(vly_image *image);

#endif
