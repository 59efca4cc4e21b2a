#include "core/comm.h"

#include "core/memory.h"

#include <string.h>

static vly_status sum_alone(const vly_comm *comm, uint64_t *values, int64_t count)
{
    (void)comm, (void)values, (void)count;
    return VLY_OK;
}

static vly_status await_alone(const vly_comm *comm, int64_t at)
{
    (void)comm, (void)at;
    return VLY_OK;
}

static void pass_alone(const vly_comm *comm, int64_t at)
{
    (void)comm, (void)at;
}

const vly_comm vly_comm_alone = {.rank = 0, .size = 1, .sum = sum_alone, .await = await_alone, .pass = pass_alone};

/* Each rank moves its values to their place among zeros, and the sum holds them all. */
vly_status vly_comm_gather(const vly_comm *comm, uint64_t *list, int64_t capacity, int64_t *count)
{
    uint64_t *counts;
    int64_t own = *count, before = 0, all = 0;
    if (comm->size == 1) return VLY_OK;
    VLY_TRY(VLY_NEW(&counts, comm->size, "counts of ranks"));
    counts[comm->rank] = (uint64_t)own;
    vly_status status = vly_comm_sum(comm, counts, comm->size);
    for (int32_t r = 0; r < comm->size; r++) {
        if (r < comm->rank) before += (int64_t)counts[r];
        all += (int64_t)counts[r];
    }
    vly_free(counts);
    VLY_TRY(status);
    *count = all;
    if (all > capacity) return VLY_OK;
    memmove(list + before, list, (size_t)own * sizeof *list);
    memset(list, 0, (size_t)before * sizeof *list);
    memset(list + before + own, 0, (size_t)(all - before - own) * sizeof *list);
    return vly_comm_sum(comm, list, all);
}
