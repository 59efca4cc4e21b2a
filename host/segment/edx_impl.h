/* The parts of the EDX closing, in the order they run: points of a map or a profile, the line through them, what it asks of
 * every page (spec 9). */
#ifndef VLY_EDX_IMPL_H
#define VLY_EDX_IMPL_H

#include "voxelyte/edx.h"

/* What was measured, before bins. */
typedef struct vly_edx_points {
    int32_t count, capacity;
    double *depth, *intensity, *error; /* (count); depth 0 ... 1 in the file's direction; error NaN: unknown */
} vly_edx_points;

vly_status vly_edx_points_reserve(vly_edx_points *points, int32_t count);
void vly_edx_points_free(vly_edx_points *points);

/* Row means of a map and lines of a profile, background subtracted. They set `rows`, `columns` and `background` of out. */
vly_status vly_edx_read_map(vly_edx_points *points, vly_edx_profile *out, const char *path,
                            const vly_edx_options *options);
vly_status vly_edx_read_csv(vly_edx_points *points, vly_edx_profile *out, const char *path,
                            const vly_edx_options *options);

/* The line through out's points by least squares. path: for messages. */
vly_status vly_edx_fit(vly_edx_profile *out, bool weighted, const char *path);

/* What the line asks of a page. */
typedef struct vly_edx_page {
    double weight;  /* of the line, >= 0 */
    int64_t inside; /* voxels of the region */
    int64_t am;     /* of these, active material */
    int64_t open;   /* of these, those that may become CBD */
    int64_t target; /* voxels that become CBD */
} vly_edx_page;

/* weight = max(0, intercept + slope (z + 1/2) / nz), scaled to a mean of 1. VLY_EDATA (E_FLAT) if all are 0. */
vly_status vly_edx_weigh(vly_edx_page *pages, int32_t nz, double intercept, double slope);

/* scale * weight * inside, at most open. */
double vly_edx_share_of(const vly_edx_page *page, double scale);

/* target: `cbd` voxels in all, in proportion to weight * inside with *scale as the factor, but no more than open, by bisection
 * and largest remainders (spec 9.2, A.6). VLY_ENUMERIC (E_INFEASIBLE) if the pages of positive weight are not that open. */
vly_status vly_edx_share(vly_edx_page *pages, double *scale, int32_t nz, int64_t cbd);

#endif
