#include "core/comm.h"

static vly_status sum_alone(const vly_comm *comm, uint64_t *values, int64_t count)
{
    (void)comm, (void)values, (void)count;
    return VLY_OK;
}

const vly_comm vly_comm_alone = {.rank = 0, .size = 1, .sum = sum_alone};
