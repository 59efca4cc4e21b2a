#include "transport/matrix_cuda.h"

static __global__ void __launch_bounds__(VLY_BLOCK) contract_kernel(vly_contraction c)
{
    VLY_EACH_ROW(i, c.aggregates) vly_contract_row(&c, (int32_t)i);
}

extern "C" vly_status vly_contract_cuda(vly_queue *queue, const vly_contraction *contraction)
{
    cudaLaunchConfig_t shape = vly_launch_rows(queue, contraction->aggregates);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, contract_kernel, *contraction), "contract");
}
