/* Every reduction over the volume goes through a communicator, so that slabs can be spread over ranks. */
#ifndef VLY_COMM_H
#define VLY_COMM_H

#include "voxelyte/base.h"

typedef struct vly_comm vly_comm;
struct vly_comm {
    int32_t rank, size;
    /* values (count) = the sum over all ranks; integers, so the order does not matter. All ranks come; count 0: they meet.
     * If one of them has failed, the others get its failure. */
    vly_status (*sum)(const vly_comm *comm, uint64_t *values, int64_t count);
    /* What has an order over the ranks, page by page: await returns when everything before page `at` is through, and
     * whoever has done pages up to `at` says so; 0 begins anew. */
    vly_status (*await)(const vly_comm *comm, int64_t at);
    void (*pass)(const vly_comm *comm, int64_t at);
    void *self;
};

/* One rank, nothing to exchange. */
extern const vly_comm vly_comm_alone;

static inline vly_status vly_comm_sum(const vly_comm *comm, uint64_t *values, int64_t count)
{
    return comm->sum(comm, values, count);
}

static inline vly_status vly_comm_await(const vly_comm *comm, int64_t at)
{
    return comm->await(comm, at);
}

static inline void vly_comm_pass(const vly_comm *comm, int64_t at)
{
    comm->pass(comm, at);
}

/* Puts the lists of all ranks one behind the other, by rank: list (capacity) holds `*count` values of this rank, and then
 * those of all, whose number `*count` becomes. A list that would not fit is left alone, on every rank. */
vly_status vly_comm_gather(const vly_comm *comm, uint64_t *list, int64_t capacity, int64_t *count);

#endif
