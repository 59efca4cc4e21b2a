/* A volume in voxels twice as large. */
#ifndef VLY_HALVED_H
#define VLY_HALVED_H

#include "transport/grid.h"

/* *volume: what the new grid's voxels are in, freed by the caller. Odd last layers are left out. */
vly_status vly_grid_halve(vly_grid *out, void **volume, vly_device *device, const vly_grid *grid);

#endif
