/* Each of these must not compile; tests/CMakeLists.txt defines PLANTED. */
#include <cuda_runtime.h>

static __global__ void copy_kernel(const float *from, double *to)
{
    to[threadIdx.x] = from[threadIdx.x];
}

cudaError_t planted(float *from, double *to)
{
    cudaLaunchConfig_t shape = {};
#if PLANTED == 1 /* transposed arguments */
    return cudaLaunchKernelEx(&shape, copy_kernel, to, from);
#elif PLANTED == 2 /* a call that is not emulated */
    return cudaMallocManaged((void **)&from, 1);
#elif PLANTED == 3 /* an atomic that CUDA does not have */
    unsigned long count = 0;
    atomicAdd(&count, 1ul);
    return cudaSuccess;
#elif PLANTED == 4 /* a launch whose failure nobody would see */
    copy_kernel<<<1, 1>>>(from, to);
    return cudaSuccess;
#else
    return cudaLaunchKernelEx(&shape, copy_kernel, from, to);
#endif
}
