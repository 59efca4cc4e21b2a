#include "core/queue_cpu.h"

vly_isa vly_isa_detect(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq"))
        return __builtin_cpu_supports("avx512vnni") ? VLY_ISA_VNNI : VLY_ISA_AVX512;
#endif
    return VLY_ISA_BASE;
}
