/* Sizes of a phase set X in a window of labels, exact (morphology spec 4 and 5): the distance to the nearest voxel outside
 * X, the continuous phase size distribution (the largest ball in X that covers a voxel), and simulated mercury intrusion
 * (the same, with the widest way in from an inlet). Everything is an integer until a root is taken, so results are the same
 * to the bit on every device and for any number of threads. The window is held in memory as a whole. */
#ifndef VOXELYTE_GRANULOMETRY_H
#define VOXELYTE_GRANULOMETRY_H

#include "voxelyte/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A phase as a member of a set; and what lies outside the region of interest, which then is unknown as it is beyond the
 * window's faces, and limits no distance. */
#define VLY_PHASE_BIT(phase) (1u << (phase))
#define VLY_OUTSIDE_BIT (1u << VLY_PHASES)

typedef enum vly_inlet {
    VLY_INLET_SEPARATOR, /* the plane of voxels at the separator */
    VLY_INLET_COLLECTOR,
    VLY_INLET_BOTH, /* those two planes */
    VLY_INLET_ALL,  /* all six faces of the window */
    VLY_INLETS
} vly_inlet;

typedef struct vly_granulometry_options {
    uint32_t phases;      /* X: VLY_PHASE_BIT(VLY_PORE) | ... */
    uint32_t inlets;      /* intrusion from these: 1u << VLY_INLET_SEPARATOR | ... */
    int32_t through;      /* axis of the electrode's thickness: 0 x, 1 y, 2 z */
    bool separator_high;  /* the separator lies at the high end of that axis */
    bool collector_solid; /* beyond the collector's face nothing belongs to X; else what lies outside is unknown */
    bool minus; /* minus-sampling: a size counts where it is no larger than the distance to the window's faces */
    vly_voxel_size voxel; /* for anisotropic voxels; sizes 0: cubes */
} vly_granulometry_options;

#define VLY_GRANULOMETRY_OPTIONS_INIT                                                            \
    ((vly_granulometry_options){.phases = VLY_PHASE_BIT(VLY_PORE),                               \
                                .inlets = 1u << VLY_INLET_SEPARATOR | 1u << VLY_INLET_COLLECTOR, \
                                .through = 2})

/* How squared distances in a window are counted: x dx^2 + y dy^2 + z dz^2 with whole x, y, z. A radius is the root of
 * (squared distance / scale), in lengths of the shortest edge of a voxel; cubes have 1, 1, 1 and scale 1. */
typedef struct vly_size_unit {
    int32_t x, y, z;
    int32_t scale;
    double edge;  /* shortest edge of a voxel [m]; 0 where unknown */
    double error; /* largest relative error of a step's length that whole numbers leave */
} vly_size_unit;

/* The unit for voxels of that size: the least whole numbers good to 1e-3, else the best that fit. Sizes of 0: cubes.
 * VLY_EDATA (E_DIM) if squared distances in the window would pass 2^31. */
VLY_API vly_status vly_size_unit_of(vly_size_unit *out, const vly_voxel_size *voxel, vly_extent extent);

enum { VLY_SIZE_QUANTILES = 5, VLY_SIZE_MEDIAN = 2 };
VLY_API extern const int32_t vly_size_percent[VLY_SIZE_QUANTILES]; /* 10, 25, 50, 75, 90 */

/* How sizes are distributed over the voxels of X. Radii in voxels (vly_size_unit). */
typedef struct vly_size_curve {
    int64_t voxels;                          /* that count: X, less what minus-sampling leaves out at radius 0 */
    int64_t reached;                         /* of those, with a size above 0 */
    int32_t count;                           /* sizes that occur, 0 left out */
    double *radius;                          /* (count) ascending */
    double *share;                           /* (count) fraction of voxels with at least that size */
    double step[VLY_SIZE_QUANTILES];         /* s[floor(q N)] of the sorted sizes: a size that occurs, or 0 */
    int32_t square[VLY_SIZE_QUANTILES];      /* the same, squared, in whole numbers of vly_size_unit */
    double interpolated[VLY_SIZE_QUANTILES]; /* where the curve, linear from (0, 1) through its points, is 1 - q */
    double mean;
} vly_size_curve;

typedef enum vly_size_state {
    VLY_SIZE_MEASURED,
    VLY_SIZE_ABSENT,    /* no voxel of the window is in X: every size is 0 */
    VLY_SIZE_UNBOUNDED, /* every voxel is in X, nothing bounds it: every size is infinite */
    VLY_SIZE_CLOSED     /* intrusion: no voxel of X lies on the inlet, every size is 0 */
} vly_size_state;

/* "measured", "the phase is absent", ...: for messages and flags. */
VLY_API const char *vly_size_state_text(vly_size_state state);

typedef struct vly_intrusion {
    vly_size_state state;
    vly_size_curve curve;
    double constrictivity; /* (r_min / r_max)^2 of the step medians; NaN only where r_max is 0 or infinite */
} vly_intrusion;

typedef struct vly_granulometry {
    vly_size_state state;
    vly_size_unit unit;
    vly_size_curve curve;                /* r_max is step[VLY_SIZE_MEDIAN] */
    vly_intrusion intrusion[VLY_INLETS]; /* of the inlets asked for; r_min is curve.step[VLY_SIZE_MEDIAN] */
    bool resolution_limited;             /* r_max below 2 voxels */
} vly_granulometry;

/* labels: a u8 label source; its extent is the window. VLY_EDATA (E_ROI) if a voxel is outside the region of interest
 * and not taken for X, VLY_EMEMORY with what is needed if the memory limit is below it. To be freed in any case. */
VLY_API vly_status vly_granulometry_measure(vly_granulometry *out, vly_device *device, vly_source *labels,
                                            const vly_granulometry_options *options);
VLY_API void vly_granulometry_free(vly_granulometry *granulometry);

/* Maps of X, each (extent) in whole numbers of vly_size_unit, 0 outside X. thickness2(v) = largest squared radius of a ball
 * in X that covers v; NULL: not wanted. Where nothing bounds X both are INT32_MAX. */
VLY_API vly_status vly_granulometry_maps(int32_t *distance2, int32_t *thickness2, vly_device *device,
                                         vly_source *labels, const vly_granulometry_options *options);

/* Bytes of the device's memory that measuring a window takes, the labels included, where the largest ball is no wider than
 * half the shortest side. Beyond, there come less than 1 KiB for each further whole number up to its squared radius. */
VLY_API int64_t vly_granulometry_bytes(const vly_device *device, vly_extent extent);

#ifdef __cplusplus
}
#endif
#endif
