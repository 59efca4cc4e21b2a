/* A scan as a network is to see it: in the grey values and the voxels of its training, whatever it has itself. */
#ifndef VLY_MLP_SCAN_H
#define VLY_MLP_SCAN_H

#include "core/pipeline.h"
#include "segment/mlp_field.h"
#include "segment/mlp_impl.h"

typedef struct vly_mlp_scan {
    vly_source *grey;          /* what the network runs over, in voxels of `ratio` */
    vly_region_options region; /* of that; the mask of coarser voxels waits until they are taken apart */
    vly_box window;            /* in voxels of the scan */
    double ratio[3];           /* 1: the scan's own voxels */
    vly_mlp_scale scale;
    vly_mlp_calibration_kind calibration;
    double slope, offset, unlike; /* as in vly_mlp_summary */

    bool coarse;
    vly_source *recoloured, *coarser; /* views that `grey` may be; NULL: none */
    vly_source *mask, *given;         /* pages of the window, for coarser voxels; what the caller gave */
    int32_t next;                     /* page of the window that is put next */
    float *logit, *spread;            /* (page of the window, 2), (page) */
    uint8_t *inside;                  /* (page) */
} vly_mlp_scan;

/* Fills in all of net but the weights. Closed in any case; grey and the mask must stay. VLY_EDATA (E_SCALE) for voxel sizes
 * that do not fit. */
vly_status vly_mlp_scan_open(vly_mlp_scan *out, vly_mlp_net *net, vly_device *device, vly_source *grey,
                             const vly_mlp *mlp, const vly_mlp_apply_options *options);
void vly_mlp_scan_close(vly_mlp_scan *scan);

/* Fills in `unlike`, with a warning where it is much. To be asked once it is known that the volume has room for the halo. */
vly_status vly_mlp_scan_compare(vly_mlp_scan *scan, const vly_mlp_net *net, vly_device *device, const vly_mlp *mlp);

/* What was told of a slab, logit (inner, 2) and spread (inner; NULL: none), to the voxels of the scan. In order. */
vly_status vly_mlp_scan_put(vly_mlp_scan *scan, vly_mlp_field *field, const float *logit, const float *spread,
                            const vly_slab *slab);

#endif
