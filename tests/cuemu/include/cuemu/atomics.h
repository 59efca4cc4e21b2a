/* Atomics, for exactly the types that CUDA has them for (uint64_t needs its cast to unsigned long long there too). Relaxed,
 * as on the device: they order nothing, and TSan knows. */
#ifndef CUEMU_ATOMICS_H
#define CUEMU_ATOMICS_H

namespace cuemu
{

/* *p = change(*p); returns what was there. */
template <class T, class F> static inline T update(T *p, F change)
{
    T before, after;
    __atomic_load(p, &before, __ATOMIC_RELAXED);
    do {
        after = change(before);
    } while (!__atomic_compare_exchange(p, &before, &after, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return before;
}

} // namespace cuemu

#define CUEMU_INTEGER_ATOMICS(T)                                                                 \
    static inline T atomicAdd(T *p, T v)                                                         \
    {                                                                                            \
        return __atomic_fetch_add(p, v, __ATOMIC_RELAXED);                                       \
    }                                                                                            \
    static inline T atomicAnd(T *p, T v)                                                         \
    {                                                                                            \
        return __atomic_fetch_and(p, v, __ATOMIC_RELAXED);                                       \
    }                                                                                            \
    static inline T atomicOr(T *p, T v)                                                          \
    {                                                                                            \
        return __atomic_fetch_or(p, v, __ATOMIC_RELAXED);                                        \
    }                                                                                            \
    static inline T atomicXor(T *p, T v)                                                         \
    {                                                                                            \
        return __atomic_fetch_xor(p, v, __ATOMIC_RELAXED);                                       \
    }                                                                                            \
    static inline T atomicExch(T *p, T v)                                                        \
    {                                                                                            \
        return __atomic_exchange_n(p, v, __ATOMIC_RELAXED);                                      \
    }                                                                                            \
    static inline T atomicCAS(T *p, T expected, T v)                                             \
    {                                                                                            \
        __atomic_compare_exchange_n(p, &expected, v, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED); \
        return expected;                                                                         \
    }                                                                                            \
    CUEMU_ORDER_ATOMICS(T)

#define CUEMU_ORDER_ATOMICS(T)                                             \
    static inline T atomicMin(T *p, T v)                                   \
    {                                                                      \
        return cuemu::update(p, [v](T old) { return old < v ? old : v; }); \
    }                                                                      \
    static inline T atomicMax(T *p, T v)                                   \
    {                                                                      \
        return cuemu::update(p, [v](T old) { return old > v ? old : v; }); \
    }

CUEMU_INTEGER_ATOMICS(int)
CUEMU_INTEGER_ATOMICS(unsigned)
CUEMU_INTEGER_ATOMICS(unsigned long long)
CUEMU_ORDER_ATOMICS(long long)
#undef CUEMU_INTEGER_ATOMICS
#undef CUEMU_ORDER_ATOMICS

static inline int atomicSub(int *p, int v)
{
    return __atomic_fetch_sub(p, v, __ATOMIC_RELAXED);
}
static inline unsigned atomicSub(unsigned *p, unsigned v)
{
    return __atomic_fetch_sub(p, v, __ATOMIC_RELAXED);
}
static inline float atomicAdd(float *p, float v)
{
    return cuemu::update(p, [v](float old) { return old + v; });
}
static inline double atomicAdd(double *p, double v)
{
    return cuemu::update(p, [v](double old) { return old + v; });
}

/* One thread runs at a time: nothing is ever out of order here, which is why fences are not tested by emulation. */
static inline void __threadfence_block(void)
{
}
static inline void __threadfence(void)
{
}
static inline void __threadfence_system(void)
{
}

/* Loads past the first cache level see what atomics of other threads have written. */
template <class T> static inline T __ldcg(const T *p)
{
    T value;
    __atomic_load(p, &value, __ATOMIC_RELAXED);
    return value;
}

#endif
