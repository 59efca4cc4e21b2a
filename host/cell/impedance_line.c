/* The uniform transmission line, and the one that comes closest to a spectrum: Gauss and Newton's method, damped. */
#include "cell/impedance_impl.h"

#include <math.h>

enum { STEPS = 60, UNKNOWNS = 3 };

/* coth(q) / q with q = (1 + i) a: coth q = (sinh 2a - i sin 2a) / (cosh 2a - cos 2a). */
void vly_line_impedance(double r_hf, double r_ion, double capacitance, double w, double *re, double *im)
{
    const double a = sqrt(0.5 * w * r_ion * capacitance);
    double one = 1.0, two = 0.0; /* of coth q */
    if (a < 1e-3) {              /* 1 / q^2 + 1 / 3 - q^2 / 45, with q^2 = 2 i a^2 */
        *re = r_hf + r_ion / 3.0;
        *im = -r_ion * (1.0 / (2.0 * a * a) + 2.0 * a * a / 45.0);
        return;
    }
    if (a < 20.0) {
        const double bottom = cosh(2.0 * a) - cos(2.0 * a);
        one = sinh(2.0 * a) / bottom;
        two = -sin(2.0 * a) / bottom;
    }
    *re = r_hf + r_ion * (one + two) / (2.0 * a);
    *im = r_ion * (two - one) / (2.0 * a);
}

/* Unknowns: r_hf in units of r_ion at the start, ln r_ion, ln capacitance. */
typedef struct fitting {
    const double *w, *re, *im;
    int32_t count;
    double unit;
} fitting;

static void difference(const fitting *f, const double p[UNKNOWNS], int32_t k, double out[2])
{
    double re, im;
    const double size = hypot(f->re[k], f->im[k]);
    vly_line_impedance(p[0] * f->unit, exp(p[1]), exp(p[2]), f->w[k], &re, &im);
    out[0] = (re - f->re[k]) / size;
    out[1] = (im - f->im[k]) / size;
}

static double squares_of(const fitting *f, const double p[UNKNOWNS])
{
    double sum = 0.0, d[2];
    for (int32_t k = 0; k < f->count; k++) {
        difference(f, p, k, d);
        sum += d[0] * d[0] + d[1] * d[1];
    }
    return sum;
}

/* Normal equations at p, damped: their solution. */
static void propose(const fitting *f, const double p[UNKNOWNS], double damping, double step[UNKNOWNS])
{
    const double width = 1e-6;
    double a[UNKNOWNS][UNKNOWNS + 1] = {{0.0}};
    for (int32_t k = 0; k < f->count; k++) {
        double d[2], slope[UNKNOWNS][2];
        difference(f, p, k, d);
        for (int i = 0; i < UNKNOWNS; i++) {
            double high[UNKNOWNS] = {p[0], p[1], p[2]}, low[UNKNOWNS] = {p[0], p[1], p[2]}, up[2], down[2];
            high[i] += width;
            low[i] -= width;
            difference(f, high, k, up);
            difference(f, low, k, down);
            for (int c = 0; c < 2; c++) slope[i][c] = (up[c] - down[c]) / (2.0 * width);
        }
        for (int i = 0; i < UNKNOWNS; i++) {
            for (int j = 0; j < UNKNOWNS; j++) a[i][j] += slope[i][0] * slope[j][0] + slope[i][1] * slope[j][1];
            a[i][UNKNOWNS] -= slope[i][0] * d[0] + slope[i][1] * d[1];
        }
    }
    for (int i = 0; i < UNKNOWNS; i++) a[i][i] *= 1.0 + damping;
    for (int i = 0; i < UNKNOWNS; i++) /* positive definite: no pivots are needed */
        for (int r = 0; r < UNKNOWNS; r++) {
            if (r == i || !(a[i][i] > 0.0)) continue;
            const double part = a[r][i] / a[i][i];
            for (int j = 0; j <= UNKNOWNS; j++) a[r][j] -= part * a[i][j];
        }
    for (int i = 0; i < UNKNOWNS; i++) step[i] = a[i][i] > 0.0 ? a[i][UNKNOWNS] / a[i][i] : 0.0;
}

void vly_line_fit(vly_line *line, const double *w, const double *re, const double *im, int32_t count)
{
    const fitting f = {w, re, im, count, line->r_ion};
    double p[UNKNOWNS] = {line->r_hf / line->r_ion, log(line->r_ion), log(line->capacitance)}, damping = 1e-3;
    double best = squares_of(&f, p);
    for (int k = 0; k < STEPS; k++) {
        double step[UNKNOWNS], next[UNKNOWNS], sum, size = 0.0;
        propose(&f, p, damping, step);
        for (int i = 0; i < UNKNOWNS; i++) {
            next[i] = p[i] + step[i];
            size = fmax(size, fabs(step[i]));
        }
        sum = squares_of(&f, next);
        damping = sum < best ? damping / 10.0 : damping * 10.0;
        if (sum < best) {
            best = sum;
            for (int i = 0; i < UNKNOWNS; i++) p[i] = next[i];
        }
        if (size < 1e-10 || damping > 1e12) break;
    }
    *line = (vly_line){p[0] * f.unit, exp(p[1]), exp(p[2]), sqrt(best / (double)count)};
}
