#include "transport/rows_of_matrix_cpu.h"

static void contract_rows(const void *self, int32_t from, int32_t to)
{
    const vly_contraction *c = self;
    for (int32_t i = from; i < to; i++) vly_contract_row(c, i);
}

vly_status vly_contract_cpu(vly_queue *queue, const vly_contraction *contraction)
{
    return vly_rows_run(queue, contraction->aggregates, contract_rows, contraction);
}
