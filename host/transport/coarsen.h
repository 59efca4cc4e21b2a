/* One level from the one above it. */
#ifndef VLY_COARSEN_H
#define VLY_COARSEN_H

#include "transport/multigrid.h"

/* A row of the matrix as lists, whatever its form. */
typedef struct vly_row {
    int32_t count;
    const int32_t *column;
    const float *weight;
    int32_t columns[6];
    float weights[6];
} vly_row;

void vly_row_of(vly_row *out, const vly_matrix *host, int32_t i);

/* aggregate (rows): of each node, numbered by their first members; *count: how many.
 * By blocks: place is moved to them. Costs little, and does with the rows of an image. */
vly_status vly_aggregate(int32_t *count, int32_t *aggregate, vly_device *device, const vly_matrix *host,
                         uint64_t *place, float strong);

/* By the quality of each aggregate, whatever the coefficients. host: a graph; stars: see there. */
vly_status vly_aggregate_pairs(int32_t *count, int32_t *aggregate, const vly_matrix *host, bool stars);

/* Members of the aggregates, and the matrix of their sums; fine->target too, where there is one. before (options.layered):
 * places of the fine nodes; place: in, of their blocks; out, of the aggregates. */
vly_status vly_coarsen(vly_level *fine, vly_matrix_twin *coarse, vly_device *device, int32_t count,
                       const int32_t *aggregate, const uint64_t *before, uint64_t *place,
                       const vly_multigrid_options *options);

#endif
