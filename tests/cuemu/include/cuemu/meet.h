/* Where threads wait for each other. Every place knows its line, so that a wrong meeting is reported with both. */
#ifndef CUEMU_MEET_H
#define CUEMU_MEET_H

#include "cuemu/meet_kinds.h"

#include <type_traits>

#define CUEMU_SITE const char *file = __builtin_FILE(), int line = __builtin_LINE()

static inline void __syncthreads(CUEMU_SITE)
{
    cuemu_barrier(CUEMU_PLAIN, 0, file, line);
}
static inline int __syncthreads_count(int predicate, CUEMU_SITE)
{
    return cuemu_barrier(CUEMU_COUNT, predicate != 0, file, line);
}
static inline int __syncthreads_and(int predicate, CUEMU_SITE)
{
    return cuemu_barrier(CUEMU_BOTH, predicate != 0, file, line);
}
static inline int __syncthreads_or(int predicate, CUEMU_SITE)
{
    return cuemu_barrier(CUEMU_EITHER, predicate != 0, file, line);
}

static inline void __syncwarp(unsigned mask = 0xFFFFFFFFu, CUEMU_SITE)
{
    cuemu_warp(CUEMU_SYNC, mask, 0, 0, file, line);
}
static inline unsigned __ballot_sync(unsigned mask, int predicate, CUEMU_SITE)
{
    return (unsigned)cuemu_warp(CUEMU_BALLOT, mask, predicate != 0, 0, file, line);
}
static inline int __any_sync(unsigned mask, int predicate, CUEMU_SITE)
{
    return __ballot_sync(mask, predicate, file, line) != 0;
}
static inline int __all_sync(unsigned mask, int predicate, CUEMU_SITE)
{
    return __ballot_sync(mask, predicate, file, line) == mask;
}

namespace cuemu
{

template <class T> static inline uint64_t pack(T value)
{
    static_assert(std::is_arithmetic<T>::value && sizeof value <= 8, "lanes exchange numbers of at most 8 bytes");
    uint64_t word = 0;
    memcpy(&word, &value, sizeof value);
    return word;
}

template <class T> static inline T shuffle(unsigned mask, T value, int from, const char *file, int line)
{
    uint64_t word = cuemu_warp(CUEMU_SHUFFLE, mask, pack(value), from, file, line);
    memcpy(&value, &word, sizeof value);
    return value;
}

} // namespace cuemu

template <class T> static inline T __shfl_sync(unsigned mask, T value, int from, int width = 32, CUEMU_SITE)
{
    int first = cuemu_lane() & ~(width - 1);
    return cuemu::shuffle(mask, value, first + (from & (width - 1)), file, line);
}
template <class T> static inline T __shfl_up_sync(unsigned mask, T value, unsigned by, int width = 32, CUEMU_SITE)
{
    int lane = cuemu_lane(), from = lane - (int)by;
    return cuemu::shuffle(mask, value, from < (lane & ~(width - 1)) ? lane : from, file, line);
}
template <class T> static inline T __shfl_down_sync(unsigned mask, T value, unsigned by, int width = 32, CUEMU_SITE)
{
    int lane = cuemu_lane(), from = lane + (int)by;
    return cuemu::shuffle(mask, value, from > (lane | (width - 1)) ? lane : from, file, line);
}
template <class T> static inline T __shfl_xor_sync(unsigned mask, T value, int by, int width = 32, CUEMU_SITE)
{
    int lane = cuemu_lane(), from = lane ^ by;
    return cuemu::shuffle(mask, value, from > (lane | (width - 1)) ? lane : from, file, line);
}

template <class T> static inline unsigned __match_any_sync(unsigned mask, T value, CUEMU_SITE)
{
    return (unsigned)cuemu_warp(CUEMU_MATCH_ANY, mask, cuemu::pack(value), 0, file, line);
}
template <class T> static inline unsigned __match_all_sync(unsigned mask, T value, int *all, CUEMU_SITE)
{
    unsigned same = (unsigned)cuemu_warp(CUEMU_MATCH_ALL, mask, cuemu::pack(value), 0, file, line);
    *all = same != 0;
    return same;
}

#define CUEMU_REDUCE(name, kind)                                           \
    static inline unsigned name(unsigned mask, unsigned value, CUEMU_SITE) \
    {                                                                      \
        return (unsigned)cuemu_warp(kind, mask, value, 0, file, line);     \
    }
CUEMU_REDUCE(__reduce_add_sync, CUEMU_ADD)
CUEMU_REDUCE(__reduce_min_sync, CUEMU_MIN)
CUEMU_REDUCE(__reduce_max_sync, CUEMU_MAX)
CUEMU_REDUCE(__reduce_and_sync, CUEMU_AND)
CUEMU_REDUCE(__reduce_or_sync, CUEMU_OR)
CUEMU_REDUCE(__reduce_xor_sync, CUEMU_XOR)
#undef CUEMU_REDUCE

/* Signed ones: the sign bit turned round makes unsigned order of signed order. */
static inline int __reduce_add_sync(unsigned mask, int value, CUEMU_SITE)
{
    return (int)__reduce_add_sync(mask, (unsigned)value, file, line);
}
static inline int __reduce_min_sync(unsigned mask, int value, CUEMU_SITE)
{
    return (int)(__reduce_min_sync(mask, (unsigned)value ^ 0x80000000u, file, line) ^ 0x80000000u);
}
static inline int __reduce_max_sync(unsigned mask, int value, CUEMU_SITE)
{
    return (int)(__reduce_max_sync(mask, (unsigned)value ^ 0x80000000u, file, line) ^ 0x80000000u);
}
#undef CUEMU_SITE

#endif
