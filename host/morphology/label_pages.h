/* What the descriptors share: checks of a label window, and its pages on the device. */
#ifndef VLY_LABEL_PAGES_H
#define VLY_LABEL_PAGES_H

#include "core/device_impl.h"
#include "voxelyte/volume.h"

/* VLY_EDATA unless these are u8 phases; for descriptors of lengths also (E_ANISO) if voxels are known not to be cubes. */
vly_status vly_labels_check(const vly_volume_info *info);

/* Pages [z0, z0 + count) to `to`, host memory, by several threads. */
vly_status vly_labels_read(vly_device *device, vly_source *labels, int32_t z0, int32_t count, uint8_t *to);

#endif
