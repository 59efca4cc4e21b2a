/* Comparisons of up to 64 labels at once, a bit each. */
#ifndef VLY_BITS_CPU_H
#define VLY_BITS_CPU_H

#include <stdint.h>

#ifdef __AVX2__
#include <immintrin.h>

static inline uint64_t vly_equal_64(const uint8_t *a, const uint8_t *b)
{
    uint64_t bits[2];
    for (int i = 0; i < 2; i++) {
        __m256i va = _mm256_loadu_si256((const __m256i *)(a + 32 * i));
        __m256i vb = _mm256_loadu_si256((const __m256i *)(b + 32 * i));
        bits[i] = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(va, vb));
    }
    return bits[0] | bits[1] << 32;
}
#else
static inline uint64_t vly_equal_64(const uint8_t *a, const uint8_t *b)
{
    uint64_t bits = 0;
    for (int i = 0; i < 64; i++) bits |= (uint64_t)(a[i] == b[i]) << i;
    return bits;
}
#endif

/* Bit i is set where a[i] == b[i], i < count; 64 of them at most. So many labels in front of both may be read as well. */
static inline uint64_t vly_equal_bits(const uint8_t *a, const uint8_t *b, int32_t count, int32_t in_front)
{
    if (count >= 64) return vly_equal_64(a, b);
    if (count <= 0) return 0;
    int32_t missing = 64 - count;
    if (missing <= in_front) return vly_equal_64(a - missing, b - missing) >> missing;
    uint64_t bits = 0;
    for (int32_t i = 0; i < count; i++) bits |= (uint64_t)(a[i] == b[i]) << i;
    return bits;
}

/* Carries the bits of `from` down to the first bit of their segment; bit i of `continued` says that i and i - 1 are of one. */
static inline uint64_t vly_flood_down(uint64_t from, uint64_t continued)
{
    uint64_t pass = continued >> 1;
    for (int step = 1; step < 64; step *= 2) {
        from |= pass & from >> step;
        pass &= pass >> step;
    }
    return from;
}

#endif
