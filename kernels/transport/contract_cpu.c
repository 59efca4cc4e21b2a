#include "transport/rows_of_matrix_cpu.h"

static vly_status contract_chunk(void *self, int64_t chunk, int32_t worker)
{
    const vly_contraction *c = self;
    int32_t from, to;
    (void)worker;
    vly_chunk_rows(chunk, c->aggregates, &from, &to);
    for (int32_t i = from; i < to; i++) vly_contract_row(c, i);
    return VLY_OK;
}

vly_status vly_contract_cpu(vly_queue *queue, const vly_contraction *contraction)
{
    vly_contraction c = *contraction;
    return vly_chunks_run(queue, c.aggregates, contract_chunk, &c);
}
