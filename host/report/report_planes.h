/* Sections through a volume, cut small enough for a page: x-z (through the electrode) and x-y (in its plane), and of a
 * block, whose sections are the three faces that are seen of it, y-z too. */
#ifndef VLY_REPORT_PLANES_H
#define VLY_REPORT_PLANES_H

#include "report/html.h"
#include "voxelyte/volume.h"

/* Where the sections lie in the labels, and how large they become. All volumes of a sample are cut by the same view. */
typedef struct vly_view {
    vly_extent extent;            /* of the labels */
    int32_t width, depth, height; /* pixels along x, z, y */
    int32_t stride;               /* voxels from pixel to pixel, in every direction */
    int32_t x0, y0;               /* voxel of the first pixel; z begins at 0 */
    int32_t x, y, z; /* voxel plane of the y-z, the x-z and the x-y section; x is -1 where y-z is not cut */
} vly_view;

typedef struct vly_planes {
    unsigned char *through; /* (depth, width): x-z, row 0 is z = 0 */
    unsigned char *flat;    /* (height, width): x-y */
    unsigned char *side;    /* (depth, height): y-z; NULL: not cut */
} vly_planes;

/* The middle of the volume: at most 256 pages of it, so that a compressed volume is not decoded whole, and `most` pixels along
 * x and y. */
void vly_view_choose(vly_view *out, vly_extent labels, int32_t most);

/* A block of the middle, as thick as the volume, of which the sections are faces and meet in the same voxels: at the high end
 * of every axis, but along `through` at the separator's. */
void vly_view_block(vly_view *out, vly_extent volume, int32_t most, vly_through through);

/* A sentence: how much of the volume is shown. */
void vly_view_describe(vly_text *to, const vly_view *view);

typedef enum vly_plane_kind {
    VLY_PLANES_GREY,   /* 0 ... 255 between the 0.5 and the 99.5 % quantile of what is seen */
    VLY_PLANES_LABELS, /* 0, 1, 2, and 3 for what is outside */
    VLY_PLANES_COUNTS  /* as they are, up to 255 */
} vly_plane_kind;

/* Sections of a volume. window: where the labels' box lies, if the extents differ. map: what labels mean; NULL: ours. */
vly_status vly_planes_read(vly_planes *out, const vly_view *view, const char *path, const vly_box *window,
                           vly_plane_kind kind, const vly_label_map *map);

void vly_planes_free(vly_planes *planes);

#endif
