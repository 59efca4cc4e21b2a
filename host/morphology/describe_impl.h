/* Shared by describe.c (what is measured) and describe_windows.c (where). */
#ifndef VLY_DESCRIBE_IMPL_H
#define VLY_DESCRIBE_IMPL_H

#include "voxelyte/describe.h"

/* windows (count): see vly_describe_options. VLY_EUSAGE if so many do not fit into `whole`; `path` opens the message. */
vly_status vly_describe_windows(vly_box *windows, int32_t count, vly_box whole, int32_t axis, const char *path);

#endif
