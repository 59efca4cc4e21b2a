/* The passes. Whoever uses them rounds to whole numbers, so this file may be compiled with contraction to fused
 * multiply-adds: the last bits of a transform are nobody's. */
#include "morphology/fft_cpu.h"

#define INLINE static inline __attribute__((always_inline))

typedef vly_fft_cell cell;

INLINE cell times(cell x, double re, double im)
{
    return (cell){x.re * re - x.im * im, x.re * im + x.im * re};
}

INLINE cell plus(cell x, cell y)
{
    return (cell){x.re + y.re, x.im + y.im};
}

INLINE cell minus(cell x, cell y)
{
    return (cell){x.re - y.re, x.im - y.im};
}

INLINE cell plus_i(cell x, cell y) /* x + i y */
{
    return (cell){x.re - y.im, x.im + y.re};
}

INLINE cell minus_i(cell x, cell y)
{
    return (cell){x.re + y.im, x.im - y.re};
}

INLINE void two(cell x[2])
{
    cell difference = minus(x[0], x[1]);
    x[0] = plus(x[0], x[1]);
    x[1] = difference;
}

INLINE void four(cell x[4])
{
    cell a = plus(x[0], x[2]), b = minus(x[0], x[2]), c = plus(x[1], x[3]), d = minus(x[1], x[3]);
    x[0] = plus(a, c);
    x[1] = minus_i(b, d);
    x[2] = minus(a, c);
    x[3] = plus_i(b, d);
}

/* An odd prime: inputs j and p - j share their cosines, outputs t and p - t their sums. c, s: of 2 pi j / p, j <= p / 2. */
INLINE void odd(cell *x, int32_t p, const double *c, const double *s)
{
    enum { HALF = 4 };
    cell sum[HALF], difference[HALF], first = x[0];
    for (int32_t j = 1; j <= p / 2; j++) {
        sum[j] = plus(x[j], x[p - j]);
        difference[j] = minus(x[j], x[p - j]);
        x[0] = plus(x[0], sum[j]);
    }
    for (int32_t t = 1; t <= p / 2; t++) {
        cell even = first, uneven = {{0}, {0}};
        for (int32_t j = 1; j <= p / 2; j++) {
            int32_t m = j * t % p, turn = m > p / 2 ? p - m : m;
            double sine = m > p / 2 ? -s[turn] : s[turn];
            even = (cell){even.re + sum[j].re * c[turn], even.im + sum[j].im * c[turn]};
            uneven = (cell){uneven.re + difference[j].re * sine, uneven.im + difference[j].im * sine};
        }
        x[t] = minus_i(even, uneven);
        x[p - t] = plus_i(even, uneven);
    }
}

/* p is known where this is inlined. Butterflies whose outputs all lie beyond `reach` are left out. */
INLINE void small(const vly_fft_pass *pass, int32_t p, const double *roots, int32_t reach, const cell *in, cell *out)
{
    const int32_t stride = pass->stride, groups = pass->groups;
    double c[4] = {1.0}, s[4] = {0.0};
    for (int32_t j = 1; j <= p / 2; j++) {
        c[j] = roots[2 * (j * stride * groups)];
        s[j] = -roots[2 * (j * stride * groups) + 1];
    }
    for (int32_t q = 0; q < groups; q++)
        for (int32_t k = 0; k < stride; k++) {
            if (groups == 1 && reach >= 0 && k > reach && k < stride - reach) {
                k = stride - reach;
                if (k == stride) break;
            }
            cell x[7];
            for (int32_t j = 0; j < p; j++) x[j] = in[k + stride * (q + groups * j)];
            if (p == 4)
                four(x);
            else if (p == 2)
                two(x);
            else
                odd(x, p, c, s);
            out[k + stride * p * q] = x[0];
            for (int32_t t = 1; t < p; t++) {
                const double *root = &roots[2 * (stride * q * t)];
                out[k + stride * (p * q + t)] = times(x[t], root[0], root[1]);
            }
        }
}

/* Any other prime, by its definition. */
static void large(const vly_fft_pass *pass, const double *roots, const cell *in, cell *out)
{
    const int32_t p = pass->radix, stride = pass->stride, groups = pass->groups;
    for (int32_t q = 0; q < groups; q++)
        for (int32_t k = 0; k < stride; k++)
            for (int32_t t = 0; t < p; t++) {
                cell sum = {{0}, {0}};
                for (int32_t j = 0; j < p; j++) {
                    const double *root = &roots[2 * ((int64_t)j * t % p * (stride * groups))];
                    sum = plus(sum, times(in[k + stride * (q + groups * j)], root[0], root[1]));
                }
                const double *root = &roots[2 * (stride * q * t)];
                out[k + stride * (p * q + t)] = times(sum, root[0], root[1]);
            }
}

void vly_fft_run(const vly_fft *fft, const double *roots, int32_t reach, const vly_fft_cell *in, vly_fft_cell *a,
                 vly_fft_cell *b, vly_fft_cell *to)
{
    for (int32_t i = 0; i < fft->passes; i++) {
        vly_fft_pass pass = vly_fft_pass_at(fft, i);
        vly_fft_cell *out = i == fft->passes - 1 ? to : i % 2 ? b : a;
        switch (pass.radix) {
        case 2:
            small(&pass, 2, roots, reach, in, out);
            break;
        case 3:
            small(&pass, 3, roots, reach, in, out);
            break;
        case 4:
            small(&pass, 4, roots, reach, in, out);
            break;
        case 5:
            small(&pass, 5, roots, reach, in, out);
            break;
        case 7:
            small(&pass, 7, roots, reach, in, out);
            break;
        default:
            large(&pass, roots, in, out);
        }
        in = out;
    }
}
