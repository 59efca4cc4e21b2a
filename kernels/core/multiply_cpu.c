#define VLY_MULTIPLY vly_multiply_chains_base
#include "core/multiply_simd.h"

typedef struct job {
    vly_isa isa;
    int32_t rounds;
    float *sink;
} job;

static vly_status multiply_item(void *self, int64_t item, int32_t worker)
{
    const job *j = self;
    (void)worker;
#if defined(__x86_64__)
    if (j->isa >= VLY_ISA_AVX512) {
        j->sink[item] = vly_multiply_chains_avx512((float)item, j->rounds);
        return VLY_OK;
    }
#endif
    j->sink[item] = vly_multiply_chains_base((float)item, j->rounds);
    return VLY_OK;
}

vly_status vly_multiply_add_cpu(vly_queue *queue, int64_t items, int32_t rounds, float *sink, int64_t *flops)
{
    job j = {queue->isa, rounds, sink};
    *flops = 2 * items * rounds * CHAINS * (queue->isa >= VLY_ISA_AVX512 ? 16 : LANES);
    return vly_pool_run(queue->pool, items, multiply_item, &j);
}
