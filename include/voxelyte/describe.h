/* Every morphological descriptor of a label volume in one call: of the whole, of a window, or of equal cut-outs of it
 * (Prifling et al. 2022, sec. 3.4 and 5.1). What has no value for a volume says why instead of failing. */
#ifndef VOXELYTE_DESCRIBE_H
#define VOXELYTE_DESCRIBE_H

#include "voxelyte/connectivity.h"
#include "voxelyte/geodesic.h"
#include "voxelyte/granulometry.h"
#include "voxelyte/profile.h"
#include "voxelyte/surface.h"
#include "voxelyte/two_point.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What can be left out. Volume fractions and profiles are always there. */
typedef enum vly_quantity {
    VLY_QUANTITY_SURFACE,    /* surfaces, interfaces, Euler numbers */
    VLY_QUANTITY_SIZES,      /* continuous phase size distribution */
    VLY_QUANTITY_INTRUSION,  /* simulated mercury intrusion from separator and collector; takes the sizes along */
    VLY_QUANTITY_TORTUOSITY, /* geodesic */
    VLY_QUANTITY_TWO_POINT,
    VLY_QUANTITY_CONNECTIVITY, /* components by 26 and by 6 neighbours */
    VLY_QUANTITIES
} vly_quantity;

#define VLY_QUANTITIES_ALL ((1u << VLY_QUANTITIES) - 1)

/* "surface", "sizes", "intrusion", "tortuosity", "two-point", "connectivity". */
VLY_API const char *vly_quantity_name(vly_quantity quantity);

typedef struct vly_describe_options {
    uint32_t quantities; /* bits 1u << vly_quantity */
    vly_box window;      /* all zero: the whole volume */
    int32_t
        cutouts; /* 1: the window itself; n: the first n of the largest squares of which n fit side by side across the
                        thickness, full thickness, in the order of voxels */
    vly_through through;
    double nu; /* share of nanopores in a CBD voxel */
} vly_describe_options;

#define VLY_DESCRIBE_OPTIONS_INIT \
    ((vly_describe_options){.quantities = VLY_QUANTITIES_ALL, .cutouts = 1, .through = VLY_THROUGH_Z, .nu = 0.5})

typedef struct vly_cutout {
    vly_box window;                     /* of the volume */
    const char *reason[VLY_QUANTITIES]; /* why nothing below was measured; NULL: it was, or was not asked for */
    vly_profile_result profile;
    vly_surface_result surface;
    vly_granulometry sizes[VLY_PHASES]; /* inlets: separator and collector */
    vly_geodesic_result geodesic[VLY_PHASES];
    vly_two_point_result two_point;
    vly_connected connected_26[VLY_PHASES], connected_6[VLY_PHASES];
} vly_cutout;

typedef struct vly_description {
    uint32_t quantities; /* that were asked for, and what they take along */
    vly_through through;
    vly_voxel_size voxel_size;
    vly_cutout *cutouts; /* (count) */
    int32_t count;
} vly_description;

/* labels: a source of phases (vly_source_labels). VLY_EDATA without a voxel size, for a window that is not inside the
 * volume, or one that is all outside; VLY_EUSAGE if so many cut-outs do not fit; VLY_EMEMORY, before anything is computed, with
 * the quantity that needs more than the limit. To be freed in any case. */
VLY_API vly_status vly_describe(vly_description *out, vly_device *device, vly_source *labels,
                                const vly_describe_options *options);
VLY_API void vly_description_free(vly_description *description);

/* What a quantity would hold at most, of the largest cut-out. */
typedef struct vly_describe_need {
    int64_t host_bytes, device_bytes;
    bool streams; /* in slabs as the memory limit has it; else the cut-out is held whole */
} vly_describe_need;

/* The plan: no voxel is read. windows (options->cutouts) gets the cut-outs. Fails as vly_describe would. */
VLY_API vly_status vly_describe_plan(vly_describe_need needs[VLY_QUANTITIES], vly_box *windows, vly_device *device,
                                     vly_source *labels, const vly_describe_options *options);

#ifdef __cplusplus
}
#endif
#endif
