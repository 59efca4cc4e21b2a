#include "transport/matrix_cuda.h"

template <vly_matrix_form FORM>
static __global__ void __launch_bounds__(VLY_BLOCK)
    start_kernel(vly_matrix a, const float *residual, float gain, float *next)
{
    VLY_EACH_ROW(i, a.rows)
    next[i] = gain * vly_matrix_divide(residual[i], vly_matrix_diagonal(&a, FORM, (int32_t)i));
}

extern "C" vly_status vly_relax_start_cuda(vly_queue *queue, const vly_matrix *a, const float *residual, float gain,
                                           float *next)
{
    cudaLaunchConfig_t shape = vly_launch_rows(queue, a->rows);
    cudaError_t error = a->form == VLY_MATRIX_GRAPH
                            ? cudaLaunchKernelEx(&shape, start_kernel<VLY_MATRIX_GRAPH>, *a, residual, gain, next)
                        : a->form == VLY_MATRIX_PLAIN
                            ? cudaLaunchKernelEx(&shape, start_kernel<VLY_MATRIX_PLAIN>, *a, residual, gain, next)
                        : a->form == VLY_MATRIX_TABLE
                            ? cudaLaunchKernelEx(&shape, start_kernel<VLY_MATRIX_TABLE>, *a, residual, gain, next)
                            : cudaLaunchKernelEx(&shape, start_kernel<VLY_MATRIX_FIELD>, *a, residual, gain, next);
    return vly_cuda_status(error, "relax_start");
}

typedef struct relaxing {
    const float *step;
    float *residual, *solution, *next;
    float carry, gain;
    bool first;
} relaxing;

template <vly_matrix_form FORM>
static __global__ void __launch_bounds__(VLY_BLOCK) relax_kernel(vly_matrix a, relaxing r)
{
    VLY_EACH_ROW(i, a.rows)
    {
        vly_matrix_sum sum = vly_matrix_row(&a, FORM, r.step, (int32_t)i);
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
    cudaError_t error =
        a->form == VLY_MATRIX_GRAPH   ? cudaLaunchKernelEx(&shape, relax_kernel<VLY_MATRIX_GRAPH>, *a, r)
        : a->form == VLY_MATRIX_PLAIN ? cudaLaunchKernelEx(&shape, relax_kernel<VLY_MATRIX_PLAIN>, *a, r)
        : a->form == VLY_MATRIX_TABLE ? cudaLaunchKernelEx(&shape, relax_kernel<VLY_MATRIX_TABLE>, *a, r)
                                      : cudaLaunchKernelEx(&shape, relax_kernel<VLY_MATRIX_FIELD>, *a, r);
    return vly_cuda_status(error, "relax");
}
