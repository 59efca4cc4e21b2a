/* A 2 x 2 x 2 cell of labels as one number: two bits a voxel, 0 pore, 1 am, 2 cbd, 3 outside. Four voxels that share an x
 * make a column of eight bits, so that neighbouring cells share a column. */
#ifndef VLY_CONFIGURATIONS_VOXEL_H
#define VLY_CONFIGURATIONS_VOXEL_H

#include "core/voxel.h"

enum { VLY_CONFIGURATIONS = 1 << 16 };

/* Labels at (y, z), (y + 1, z), (y, z + 1), (y + 1, z + 1). */
VLY_INLINE uint8_t vly_column(uint8_t l00, uint8_t l10, uint8_t l01, uint8_t l11)
{
    return (uint8_t)((l00 & 3) | (l10 & 3) << 2 | (l01 & 3) << 4 | (l11 & 3) << 6);
}

/* Columns at x and x + 1. The label of voxel (x, y, z) of the cell is then code >> 2 * (4x + y + 2z) & 3. */
VLY_INLINE int32_t vly_configuration(uint8_t here, uint8_t next)
{
    return here | next << 8;
}

#endif
