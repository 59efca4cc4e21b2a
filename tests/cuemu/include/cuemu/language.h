/* Qualifiers, built-in variables and vector types. Kernels are `static __global__`. */
#ifndef CUEMU_LANGUAGE_H
#define CUEMU_LANGUAGE_H

#include "cuemu/meet_kinds.h"
#include "cuemu/types.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define __host__
#define __device__
#define __global__ __attribute__((unused))
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __grid_constant__
#define __align__(bytes) __attribute__((aligned(bytes)))

/* Shared arrays lie in one section, so that they can be poisoned before every block. An array whose size the launch says
 * cannot be spelled that way: it is one line on both sides, and this definition wins over the .cu file's own. */
#define __shared__ static __attribute__((section("cuemu_shared")))
#define VLY_DYNAMIC_SHARED(type, name) type *const name = static_cast<type *>(cuemu_dynamic_shared())

extern "C" {
extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;
}
enum { warpSize = 32 };

#define CUEMU_VECTORS(type, name)                                        \
    struct alignas(2 * sizeof(type)) name##2                             \
    {                                                                    \
        type x, y;                                                       \
    };                                                                   \
    struct alignas(4 * sizeof(type)) name##4                             \
    {                                                                    \
        type x, y, z, w;                                                 \
    };                                                                   \
    static inline name##2 make_##name##2(type x, type y)                 \
    {                                                                    \
        return {x, y};                                                   \
    }                                                                    \
    static inline name##4 make_##name##4(type x, type y, type z, type w) \
    {                                                                    \
        return {x, y, z, w};                                             \
    }
CUEMU_VECTORS(unsigned char, uchar)
CUEMU_VECTORS(unsigned short, ushort)
CUEMU_VECTORS(short, short)
CUEMU_VECTORS(int, int)
CUEMU_VECTORS(unsigned, uint)
CUEMU_VECTORS(float, float)
#undef CUEMU_VECTORS
struct alignas(16) ulonglong2 {
    unsigned long long x, y;
};
struct alignas(16) double2 {
    double x, y;
};

#endif
