/* Launching: the arguments are kept until the stream gets to the kernel. */
#ifndef CUEMU_LAUNCH_H
#define CUEMU_LAUNCH_H

#include "cuemu/launch_c.h"

#include <new>
#include <stdlib.h>
#include <tuple>
#include <utility>

namespace cuemu
{

template <class... P> struct call {
    void (*kernel)(P...);
    std::tuple<P...> values;

    template <size_t... I> void run(std::index_sequence<I...>)
    {
        kernel(std::get<I>(values)...);
    }
};

template <class T> static inline void check(const T &, int)
{
}
template <class T> static inline void check(T *const &pointer, int argument)
{
    cuemu_check_pointer(pointer, argument);
}

template <class... P> static cudaError_t launch(const cudaLaunchConfig_t *config, void (*kernel)(P...), P... values)
{
    using made = call<P...>;
    int argument = 0;
    (check(values, argument++), ...);
    (void)argument;
    void *memory = malloc(sizeof(made));
    if (!memory) return cudaErrorMemoryAllocation;
    new (memory) made{kernel, std::tuple<P...>(values...)};
    return cuemu_launch(
        config, reinterpret_cast<const void *>(kernel),
        [](void *self) { static_cast<made *>(self)->run(std::index_sequence_for<P...>{}); }, free, memory);
}

} // namespace cuemu

/* Arguments convert as in a call of the kernel: what a call refuses does not compile here either. */
template <class... P, class... A>
static inline cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t *config, void (*kernel)(P...), A &&...arguments)
{
    return [&](P... values) { return cuemu::launch<P...>(config, kernel, values...); }(std::forward<A>(arguments)...);
}

template <class... P> static inline cudaError_t cudaFuncSetAttribute(void (*kernel)(P...), cudaFuncAttribute, int value)
{
    return cuemu_set_shared_limit(reinterpret_cast<const void *>(kernel), value);
}

template <class... P>
static inline cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, void (*)(P...), int threads,
                                                                        size_t dynamic_bytes)
{
    return cuemu_occupancy(blocks, threads, dynamic_bytes);
}

#endif
