/* Effective transport through an image: D_eff, tortuosity factor and their certified bounds (spec/electrochemistry 5.6).
 * Cell-centred finite volumes with harmonic faces; u = 1 and u = 0 on the outer faces of the first and the last layer. */
#ifndef VOXELYTE_TRANSPORT_H
#define VOXELYTE_TRANSPORT_H

#include "voxelyte/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum vly_direction { VLY_X, VLY_Y, VLY_Z, VLY_AXES } vly_direction;

/* What the sides along the flow do. */
typedef enum vly_sides { VLY_SIDES_NO_FLUX, VLY_SIDES_PERIODIC } vly_sides;

typedef struct vly_transport_options {
    double coefficient[256];   /* of a label, relative to D_0: 0 does not conduct; unused where the volume is f32 */
    double share[256];         /* electrolyte in a voxel of that label, for tau_electrolyte */
    bool directions[VLY_AXES]; /* which to compute */
    double tolerance;          /* relative width of the bounds, and of the gap between the fluxes */
    vly_sides sides;
    int32_t iterations; /* at most */
    bool tensor;        /* the full tensor too, of the volume as the cell of a periodic medium */
    bool estimate;      /* d_eff of voxels twice as large too */
    const char *fields; /* folder for transport_x.vti ... with potential and flux of every voxel, or NULL */
    bool overwrite;     /* those that are there */
} vly_transport_options;

#define VLY_TRANSPORT_OPTIONS_INIT                                         \
    ((vly_transport_options){.coefficient = {[VLY_PORE] = 1.0},            \
                             .share = {[VLY_PORE] = 1.0, [VLY_CBD] = 0.5}, \
                             .directions = {true, true, true},             \
                             .tolerance = 1e-6,                            \
                             .iterations = 500})

/* Along one axis. Where nothing percolates d_eff is 0 and what divides by it NaN. */
typedef struct vly_transport_direction {
    bool computed, percolates, converged;
    double d_eff;           /* D_eff / D_0 */
    double lower, upper;    /* it lies between these, whatever the residual: Thomson's and Dirichlet's principles */
    double tau;             /* volume_fraction / d_eff */
    double tau_electrolyte; /* electrolyte_fraction / d_eff */
    double percolating_fraction; /* of the conducting voxels: those in clusters that touch both planes */
    double flux_in, flux_out;    /* through the planes, in units of d_eff */
    double residual;             /* |b - A u| / |b - A u_0|, u_0 the linear profile */
    double
        coarse; /* d_eff of voxels twice as large, or NaN. Faces follow a surface in steps, an error of first order: voxels
                    * of no size would give about 2 d_eff - coarse */
    int32_t iterations;
    double bytes;       /* per percolating voxel, of host or device memory that the solve held */
    double seconds[2];  /* making the hierarchy, solving */
    int32_t planes;     /* voxels along the axis */
    double *potential;  /* (planes) mean u over the percolating voxels of a layer; NaN where there are none */
    double *fraction;   /* (planes) share of percolating voxels */
    double *history;    /* (iterations + 1) relative residuals */
    vly_extent section; /* nx by nz pixels of voxels, `stride` apart, through the middle: x is the first axis across the
                         * flow, z along it */
    int32_t stride;
    float *flux; /* (section) its magnitude, in units of its mean over the volume; NaN where nothing flows */
} vly_transport_direction;

/* Homogenisation: D e_a is the mean flux where the mean gradient is e_a, of a medium made of copies of the volume. Its
 * diagonal lies between bounds as above; what is left of the symmetry is the error of the rest. Clusters that do not meet
 * themselves after going around carry nothing. 0 where none does. */
typedef struct vly_transport_tensor {
    bool computed, converged;
    double d[VLY_AXES][VLY_AXES]; /* D / D_0 */
    double lower[VLY_AXES], upper[VLY_AXES];
    int32_t iterations[VLY_AXES];
    double percolating_fraction; /* of the conducting voxels */
} vly_transport_tensor;

typedef struct vly_transport_result {
    vly_extent extent;
    int64_t voxels, conducting;  /* in all; with a coefficient above 0 */
    double volume_fraction;      /* conducting / voxels */
    double electrolyte_fraction; /* the same, each weighted by its share */
    vly_transport_direction axis[VLY_AXES];
    vly_transport_tensor tensor;
} vly_transport_result;

/* labels: u8 (coefficients by value), or f32 (coefficients as they are). The voxel size counts by its ratios only; where it
 * is unknown voxels are cubes. VLY_EUSAGE for coefficients below 0 or not finite, VLY_EDATA for such voxels, and where no
 * voxel conducts. Not reaching the tolerance is no failure: converged says so. */
VLY_API vly_status vly_transport(vly_transport_result *out, vly_device *device, vly_source *labels,
                                 const vly_transport_options *options);
VLY_API void vly_transport_result_free(vly_transport_result *result);

/* "x", "y", "z". */
VLY_API const char *vly_direction_name(vly_direction axis);

#ifdef __cplusplus
}
#endif
#endif
