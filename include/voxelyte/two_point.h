/* Two-point coverage functions of three phases (Prifling et al. 2022, sec. 3.4): C_ij(h) = P(x in i, x + h in j) - e_i e_j,
 * for all lags up to a reach, from exact integer counts. */
#ifndef VOXELYTE_TWO_POINT_H
#define VOXELYTE_TWO_POINT_H

#include "voxelyte/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The six pairs, and the order of every per-pair array. */
typedef enum vly_two_point_pair {
    VLY_TWO_POINT_AM_AM,
    VLY_TWO_POINT_CBD_CBD,
    VLY_TWO_POINT_PORE_PORE,
    VLY_TWO_POINT_AM_CBD,
    VLY_TWO_POINT_AM_PORE,
    VLY_TWO_POINT_CBD_PORE,
    VLY_TWO_POINT_PAIRS
} vly_two_point_pair;

/* "am_am", "cbd_cbd", "pore_pore", "am_cbd", "am_pore", "cbd_pore". */
VLY_API const char *vly_two_point_name(vly_two_point_pair pair);

typedef enum vly_centring {
    VLY_CENTRING_PICKA, /* by the fractions of the two shifted windows: rows sum to zero at every lag */
    VLY_CENTRING_GLOBAL /* by the fractions of the whole window */
} vly_centring;

typedef struct vly_two_point_options {
    int32_t reach; /* voxels; 0: 20 um, or 31 voxels where no voxel size is known. Never above half the shortest side */
    vly_centring centring;
    bool periodic; /* the volume repeats itself in all directions */
    bool counts;   /* result->counts is kept: every lag, not only what is averaged over them */
} vly_two_point_options;

#define VLY_TWO_POINT_OPTIONS_INIT ((vly_two_point_options){.reach = 0})

/* Lags of one length, or of one interval of lengths. */
typedef struct vly_two_point_row {
    double r;     /* voxels */
    int64_t lags; /* vectors h that were averaged */
    double c
        [VLY_TWO_POINT_PAIRS]; /* mean of C_ij(h), each h weighted by its number of voxel pairs; cross functions over +-h */
} vly_two_point_row;

typedef struct vly_two_point_result {
    int32_t reach;              /* voxels */
    bool shortened;             /* half the shortest side is less than what was asked for */
    int32_t lag[3];             /* largest lag on x, y, z: reach, or 0 where the volume is one voxel thick */
    int64_t voxels[VLY_PHASES]; /* outside ones left out */
    double fraction[VLY_PHASES];
    vly_centring centring;
    vly_two_point_row *shells; /* every |h|^2 there is, ascending */
    int32_t shell_count;
    vly_two_point_row *curve;   /* (reach + 1): |h| rounded to whole voxels, r = 0, 1, ... */
    vly_two_point_row *axis[3]; /* (lag[a] + 1): h along x, y, z */
    int64_t *counts; /* (pairs, z, y, x): voxel pairs N_ij(h), each axis from -lag to lag; NULL: not asked for */
} vly_two_point_result;

/* labels: u8 phases. Memory decides how the volume is cut, never what comes out. VLY_EDATA (E_ROI) if every voxel is
 * outside, VLY_EDATA or VLY_EUSAGE (E_ANISO) if voxels are known not to be cubes, VLY_EMEMORY with the smallest limit that
 * works. An empty phase has C = 0 throughout. */
VLY_API vly_status vly_two_point(vly_two_point_result *out, vly_device *device, vly_source *labels,
                                 const vly_two_point_options *options);
VLY_API void vly_two_point_free(vly_two_point_result *result);

/* Bytes of host and of device memory that the call above would hold at most; nothing is read. Fails as it would. */
VLY_API vly_status vly_two_point_measure(int64_t *host_bytes, int64_t *device_bytes, vly_device *device,
                                         vly_source *labels, const vly_two_point_options *options);

/* N_ij(h) and C_ij(h) for any two phases and any lag within result->lag, of a result with counts; NaN where no voxel pair has
 * that lag. */
VLY_API int64_t vly_two_point_count(const vly_two_point_result *result, vly_phase i, vly_phase j, int32_t hx,
                                    int32_t hy, int32_t hz);
VLY_API double vly_two_point_covariance(const vly_two_point_result *result, vly_phase i, vly_phase j, int32_t hx,
                                        int32_t hy, int32_t hz);

#ifdef __cplusplus
}
#endif
#endif
