/* Every reduction over the volume goes through a communicator, so that slabs can be spread over ranks. */
#ifndef VLY_COMM_H
#define VLY_COMM_H

#include "voxelyte/base.h"

typedef struct vly_comm vly_comm;
struct vly_comm {
    int32_t rank, size;
    /* values (count) = the sum over all ranks; integers, so the order does not matter */
    vly_status (*sum)(const vly_comm *comm, uint64_t *values, int64_t count);
    void *self;
};

/* One rank, nothing to exchange. */
extern const vly_comm vly_comm_alone;

static inline vly_status vly_comm_sum(const vly_comm *comm, uint64_t *values, int64_t count)
{
    return comm->sum(comm, values, count);
}

#endif
