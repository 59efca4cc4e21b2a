/* Voxels that are no cubes: whole numbers in the ratio of the squared edges keep every distance exact and comparable, at the
 * price of a ratio that is rounded once. */
#include "voxelyte/granulometry.h"

#include <math.h>

static const double good = 1e-3; /* error of an edge that stops the search */

static double rounding(const double ratio[3], int32_t scale, int32_t weight[3])
{
    double worst = 0.0;
    for (int i = 0; i < 3; i++) {
        weight[i] = (int32_t)floor(ratio[i] * scale + 0.5);
        double error = fabs(sqrt(weight[i] / (ratio[i] * scale)) - 1.0);
        worst = error > worst ? error : worst;
    }
    return worst;
}

static double diagonal2(const double ratio[3], vly_extent e)
{
    double nx = e.nx + 1.0, ny = e.ny + 1.0, nz = e.nz + 1.0; /* a wall lies one step beyond */
    return ratio[0] * nx * nx + ratio[1] * ny * ny + ratio[2] * nz * nz;
}

vly_status vly_size_unit_of(vly_size_unit *out, const vly_voxel_size *voxel, vly_extent extent)
{
    double edge = fmin(voxel->x, fmin(voxel->y, voxel->z)), ratio[3] = {1.0, 1.0, 1.0};
    int32_t weight[3];
    *out = (vly_size_unit){1, 1, 1, 1, edge > 0.0 ? edge : 0.0, 0.0};
    if (edge > 0.0) {
        ratio[0] = voxel->x / edge * (voxel->x / edge);
        ratio[1] = voxel->y / edge * (voxel->y / edge);
        ratio[2] = voxel->z / edge * (voxel->z / edge);
    }
    if (!(diagonal2(ratio, extent) < 0x1p30))
        return vly_fail(VLY_EDATA,
                        "a window of %d x %d x %d voxels is too long for squared distances in 31 bits (E_DIM)",
                        extent.nx, extent.ny, extent.nz);
    double best = rounding(ratio, 1, weight);
    *out = (vly_size_unit){weight[0], weight[1], weight[2], 1, out->edge, best};
    for (int32_t scale = 2; best > good && scale * diagonal2(ratio, extent) < 0x1p30; scale++) {
        double error = rounding(ratio, scale, weight);
        if (error >= best) continue;
        best = error;
        *out = (vly_size_unit){weight[0], weight[1], weight[2], scale, out->edge, best};
    }
    return VLY_OK;
}
