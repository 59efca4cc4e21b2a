/* Several devices at one volume. Each is a rank: a thread that runs the same code on its share of the slabs; ranks meet in
 * the sums and at the sink, and nowhere else. What never asks for ranks runs on the first device alone. */
#ifndef VLY_RANKS_H
#define VLY_RANKS_H

#include "core/device_impl.h"

/* device->comm says which rank it is. Progress and the stop come from and go to rank 0, in the caller's thread. */
typedef vly_status (*vly_rank_work)(vly_device *device, void *self);

/* Runs `work` on all devices that were opened under one name; the failure that came first comes back. */
vly_status vly_ranks_run(vly_device *device, vly_rank_work work, void *self);

/* The same on any devices (count); threads and the limit of host memory are those of the first. */
vly_status vly_ranks_run_on(vly_device *const *devices, int32_t count, vly_rank_work work, void *self);

#endif
