/* Device arithmetic. Only functions whose result is defined to the last bit: approximations differ from device to device. */
#ifndef CUEMU_ARITHMETIC_H
#define CUEMU_ARITHMETIC_H

namespace cuemu
{

template <class To, class From> static inline To bits(From from)
{
    static_assert(sizeof(To) == sizeof(From), "same size");
    To to;
    memcpy(&to, &from, sizeof to);
    return to;
}

/* An operation on each of the N parts of a word. */
template <int N, class F> static inline unsigned parts(unsigned a, unsigned b, F operation)
{
    const int width = 32 / N;
    const unsigned part = ~0u >> (32 - width);
    unsigned result = 0;
    for (int i = 0; i < N; i++)
        result |= (operation(a >> (i * width) & part, b >> (i * width) & part) & part) << (i * width);
    return result;
}

} // namespace cuemu

/* ---- bits ---- */
static inline unsigned __float_as_uint(float x)
{
    return cuemu::bits<unsigned>(x);
}
static inline int __float_as_int(float x)
{
    return cuemu::bits<int>(x);
}
static inline float __uint_as_float(unsigned x)
{
    return cuemu::bits<float>(x);
}
static inline float __int_as_float(int x)
{
    return cuemu::bits<float>(x);
}
static inline long long __double_as_longlong(double x)
{
    return cuemu::bits<long long>(x);
}
static inline double __longlong_as_double(long long x)
{
    return cuemu::bits<double>(x);
}
static inline int __popc(unsigned x)
{
    return __builtin_popcount(x);
}
static inline int __popcll(unsigned long long x)
{
    return __builtin_popcountll(x);
}
static inline int __clz(int x)
{
    return x ? __builtin_clz((unsigned)x) : 32;
}
static inline int __clzll(long long x)
{
    return x ? __builtin_clzll((unsigned long long)x) : 64;
}
static inline int __ffs(int x)
{
    return __builtin_ffs(x);
}
static inline int __ffsll(long long x)
{
    return __builtin_ffsll(x);
}
static inline unsigned __brev(unsigned x)
{
    unsigned result = 0;
    for (int i = 0; i < 32; i++) result |= (x >> i & 1) << (31 - i);
    return result;
}
static inline unsigned __umulhi(unsigned a, unsigned b)
{
    return (unsigned)((uint64_t)a * b >> 32);
}
static inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b)
{
    return (unsigned long long)((unsigned __int128)a * b >> 64);
}
static inline unsigned __funnelshift_l(unsigned low, unsigned high, unsigned by)
{
    return (unsigned)(((uint64_t)high << 32 | low) << (by & 31) >> 32);
}
static inline unsigned __funnelshift_r(unsigned low, unsigned high, unsigned by)
{
    return (unsigned)(((uint64_t)high << 32 | low) >> (by & 31));
}
static inline unsigned __byte_perm(unsigned a, unsigned b, unsigned selector)
{
    uint64_t both = (uint64_t)b << 32 | a;
    unsigned result = 0;
    for (int i = 0; i < 4; i++) {
        unsigned pick = selector >> (4 * i) & 15, byte = (unsigned)(both >> (8 * (pick & 7))) & 0xFF;
        if (pick & 8) byte = byte & 0x80 ? 0xFF : 0; /* the sign, spread out */
        result |= byte << (8 * i);
    }
    return result;
}

/* ---- several numbers in a word ---- */
static inline unsigned __vminu2(unsigned a, unsigned b)
{
    return cuemu::parts<2>(a, b, [](unsigned x, unsigned y) { return x < y ? x : y; });
}
static inline unsigned __vmaxu2(unsigned a, unsigned b)
{
    return cuemu::parts<2>(a, b, [](unsigned x, unsigned y) { return x > y ? x : y; });
}
static inline unsigned __vminu4(unsigned a, unsigned b)
{
    return cuemu::parts<4>(a, b, [](unsigned x, unsigned y) { return x < y ? x : y; });
}
static inline unsigned __vmaxu4(unsigned a, unsigned b)
{
    return cuemu::parts<4>(a, b, [](unsigned x, unsigned y) { return x > y ? x : y; });
}
static inline unsigned __vadd2(unsigned a, unsigned b)
{
    return cuemu::parts<2>(a, b, [](unsigned x, unsigned y) { return x + y; });
}
static inline unsigned __vsub2(unsigned a, unsigned b)
{
    return cuemu::parts<2>(a, b, [](unsigned x, unsigned y) { return x - y; });
}
static inline unsigned __vcmpeq4(unsigned a, unsigned b)
{
    return cuemu::parts<4>(a, b, [](unsigned x, unsigned y) { return x == y ? ~0u : 0u; });
}

/* ---- correctly rounded, and never contracted: the host compiles with -ffp-contract=off ---- */
#define CUEMU_ROUNDED(type, letter, fused, root)          \
    static inline type __##letter##add_rn(type a, type b) \
    {                                                     \
        return a + b;                                     \
    }                                                     \
    static inline type __##letter##sub_rn(type a, type b) \
    {                                                     \
        return a - b;                                     \
    }                                                     \
    static inline type __##letter##mul_rn(type a, type b) \
    {                                                     \
        return a * b;                                     \
    }                                                     \
    static inline type __##letter##div_rn(type a, type b) \
    {                                                     \
        return a / b;                                     \
    }                                                     \
    static inline type __##letter##sqrt_rn(type a)        \
    {                                                     \
        return root(a);                                   \
    }
CUEMU_ROUNDED(float, f, fmaf, sqrtf)
CUEMU_ROUNDED(double, d, fma, sqrt)
#undef CUEMU_ROUNDED
static inline float __fmaf_rn(float a, float b, float c)
{
    return fmaf(a, b, c);
}
static inline double __fma_rn(double a, double b, double c)
{
    return fma(a, b, c);
}
static inline int __float2int_rn(float x)
{
    return (int)rintf(x);
}
static inline int __float2int_rz(float x)
{
    return (int)x;
}
static inline int __float2int_rd(float x)
{
    return (int)floorf(x);
}

/* Of two types as arithmetic would have them: CUDA's overloads agree. */
template <class A, class B> static inline constexpr decltype(A() + B()) min(A a, B b)
{
    using T = decltype(A() + B());
    return (T)a < (T)b ? (T)a : (T)b;
}
template <class A, class B> static inline constexpr decltype(A() + B()) max(A a, B b)
{
    using T = decltype(A() + B());
    return (T)a > (T)b ? (T)a : (T)b;
}

/* ---- loads and stores that say how they want to be cached; __ldcg stands in atomics.h ---- */
template <class T> static inline T __ldg(const T *p)
{
    return *p;
}
template <class T> static inline T __ldcs(const T *p)
{
    return *p;
}
template <class T> static inline void __stcs(T *p, T value)
{
    *p = value;
}

#endif
