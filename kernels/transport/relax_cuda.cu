#include "transport/matrix_cuda.h"

static __global__ void __launch_bounds__(VLY_BLOCK)
    relax_start_kernel(vly_matrix a, const float *residual, float gain, float *next)
{
    VLY_EACH_ROW(i, a.rows)
    next[i] = gain * vly_matrix_divide(residual[i], vly_matrix_diagonal(&a, a.form, (int32_t)i));
}

extern "C" vly_status vly_relax_start_cuda(vly_queue *queue, const vly_matrix *a, const float *residual, float gain,
                                           float *next)
{
    cudaLaunchConfig_t shape = vly_launch_rows(queue, a->rows);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, relax_start_kernel, *a, residual, gain, next), "relax_start");
}

typedef struct relaxing {
    const float *step;
    float *residual, *solution, *next;
    float carry, gain;
    bool first;
} relaxing;

static __global__ void __launch_bounds__(VLY_BLOCK) relax_kernel(vly_matrix a, relaxing r)
{
    VLY_EACH_ROW(i, a.rows)
    {
        vly_matrix_sum sum = vly_matrix_row(&a, a.form, r.step, (int32_t)i);
        float left = r.residual[i] - sum.outflow, step = r.step[i];
        r.residual[i] = left;
        r.solution[i] = r.first ? step : r.solution[i] + step;
        if (r.next) r.next[i] = r.carry * step + r.gain * vly_matrix_divide(left, sum.diagonal);
    }
}

extern "C" vly_status vly_relax_cuda(vly_queue *queue, const vly_matrix *a, const float *step, float *residual,
                                     float *solution, bool first, float carry, float gain, float *next)
{
    relaxing r = {step, residual, solution, next, carry, gain, first};
    cudaLaunchConfig_t shape = vly_launch_rows(queue, a->rows);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, relax_kernel, *a, r), "relax");
}
