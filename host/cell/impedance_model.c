/* The small model: Galerkin's, on the span of a few solutions. Y(s) = s C_total - s^2 b' inverse(K + s C) b is a Stieltjes
 * function; its modes are resistors in series with capacitors, all of them positive, so that neither real nor imaginary part
 * is a difference of large numbers at any frequency. */
#include "cell/impedance_impl.h"

#include <math.h>

enum { MOST = VLY_MODEL_MOST, SWEEPS = 60 };

/* Directions whose conductance is below this part of the largest are round-off. */
static const double negligible = 1e-13;

/* Jacobi's rotations: a (n, n) becomes diagonal, columns of v its eigenvectors (Golub and Van Loan 8.5). */
static void rotate(double a[MOST][MOST], double v[MOST][MOST], int32_t n, int32_t p, int32_t q)
{
    if (a[p][q] == 0.0) return;
    const double theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
    const double t = (theta >= 0.0 ? 1.0 : -1.0) / (fabs(theta) + sqrt(1.0 + theta * theta));
    const double c = 1.0 / sqrt(1.0 + t * t), s = t * c;
    for (int32_t k = 0; k < n; k++) {
        const double one = a[k][p], two = a[k][q];
        a[k][p] = c * one - s * two;
        a[k][q] = s * one + c * two;
    }
    for (int32_t k = 0; k < n; k++) {
        const double one = a[p][k], two = a[q][k], left = v[k][p], right = v[k][q];
        a[p][k] = c * one - s * two;
        a[q][k] = s * one + c * two;
        v[k][p] = c * left - s * right;
        v[k][q] = s * left + c * right;
    }
    a[p][q] = a[q][p] = 0.0;
}

static void diagonalise(double a[MOST][MOST], double v[MOST][MOST], int32_t n)
{
    for (int32_t i = 0; i < n; i++)
        for (int32_t j = 0; j < n; j++) v[i][j] = i == j;
    for (int32_t sweep = 0; sweep < SWEEPS; sweep++) {
        double off = 0.0, all = 0.0;
        for (int32_t i = 0; i < n; i++)
            for (int32_t j = 0; j < n; j++) {
                all += a[i][j] * a[i][j];
                off += i == j ? 0.0 : a[i][j] * a[i][j];
            }
        if (off <= 1e-36 * all) return;
        for (int32_t p = 0; p < n; p++)
            for (int32_t q = p + 1; q < n; q++) rotate(a, v, n, p, q);
    }
}

/* white (n, kept): columns in which the conductance is the identity. */
static int32_t whiten(const vly_impedance_model *m, double white[MOST][MOST])
{
    double a[MOST][MOST], v[MOST][MOST], size[MOST], most = 0.0;
    const int32_t n = m->count;
    int32_t kept = 0;
    for (int32_t i = 0; i < n; i++) size[i] = m->conduct[i][i] > 0.0 ? 1.0 / sqrt(m->conduct[i][i]) : 0.0;
    for (int32_t i = 0; i < n; i++)
        for (int32_t j = 0; j < n; j++) a[i][j] = size[i] * m->conduct[i][j] * size[j];
    diagonalise(a, v, n);
    for (int32_t k = 0; k < n; k++) most = fmax(most, a[k][k]);
    for (int32_t k = 0; k < n; k++) {
        if (!(a[k][k] > negligible * most)) continue;
        for (int32_t i = 0; i < n; i++) white[i][kept] = size[i] * v[i][k] / sqrt(a[k][k]);
        kept++;
    }
    return kept;
}

static void sort_modes(vly_impedance_model *m)
{
    for (int32_t k = 1; k < m->modes; k++)
        for (int32_t l = k; l > 0 && m->time[l] > m->time[l - 1]; l--) {
            const double time = m->time[l], push = m->push[l];
            m->time[l] = m->time[l - 1], m->push[l] = m->push[l - 1];
            m->time[l - 1] = time, m->push[l - 1] = push;
            for (int32_t i = 0; i < m->count; i++) {
                const double part = m->mode[l][i];
                m->mode[l][i] = m->mode[l - 1][i];
                m->mode[l - 1][i] = part;
            }
        }
}

static void find_modes(vly_impedance_model *m)
{
    double white[MOST][MOST], a[MOST][MOST], v[MOST][MOST], shared = 0.0;
    const int32_t n = m->count, kept = whiten(m, white);
    for (int32_t k = 0; k < kept; k++) {
        double column[MOST];
        for (int32_t i = 0; i < n; i++) {
            column[i] = 0.0;
            for (int32_t j = 0; j < n; j++) column[i] += m->store[i][j] * white[j][k];
        }
        for (int32_t l = 0; l < kept; l++) {
            a[l][k] = 0.0;
            for (int32_t i = 0; i < n; i++) a[l][k] += white[i][l] * column[i];
        }
    }
    for (int32_t k = 0; k < kept; k++)
        for (int32_t l = 0; l < k; l++) a[k][l] = a[l][k] = 0.5 * (a[k][l] + a[l][k]);
    diagonalise(a, v, kept);
    m->modes = kept;
    for (int32_t k = 0; k < kept; k++) {
        m->time[k] = fmax(a[k][k], 0.0);
        m->push[k] = 0.0;
        for (int32_t i = 0; i < n; i++) {
            m->mode[k][i] = 0.0;
            for (int32_t l = 0; l < kept; l++) m->mode[k][i] += white[i][l] * v[l][k];
            m->push[k] += m->mode[k][i] * m->drive[i];
        }
    }
    sort_modes(m);
    while (m->modes > 0 && !(m->time[m->modes - 1] > 1e-16 * m->time[0])) m->modes--;
    for (int32_t k = 0; k < m->modes; k++) shared += m->push[k] * m->push[k] / m->time[k];
    m->open = fmax(m->total - shared, 0.0);
}

void vly_model_add(vly_impedance_model *m, const double *products)
{
    const int32_t n = m->count++;
    for (int32_t k = 0; k <= n; k++) {
        m->conduct[n][k] = m->conduct[k][n] = products[2 * k];
        m->store[n][k] = m->store[k][n] = products[2 * k + 1];
    }
    m->drive[n] = products[2 * n + 2];
    find_modes(m);
}

void vly_model_admittance(const vly_impedance_model *m, double w, double *re, double *im)
{
    *re = 0.0;
    *im = w * m->open;
    for (int32_t k = 0; k < m->modes; k++) {
        const double c = m->push[k] * m->push[k] / m->time[k], wt = w * m->time[k], bottom = 1.0 + wt * wt;
        *re += c * w * wt / bottom;
        *im += c * w / bottom;
    }
}

double vly_model_real(const vly_impedance_model *m, double s)
{
    double y = s * m->open;
    for (int32_t k = 0; k < m->modes; k++) y += m->push[k] * m->push[k] / m->time[k] * (s / (1.0 + s * m->time[k]));
    return y;
}

/* Potentials: -s inverse(K + s C) b, in modes -s push / (1 + s time). */
void vly_model_harmonic(const vly_impedance_model *m, double w, double *re, double *im)
{
    for (int32_t i = 0; i < m->count; i++) re[i] = im[i] = 0.0;
    for (int32_t k = 0; k < m->modes; k++) {
        const double wt = w * m->time[k], bottom = 1.0 + wt * wt;
        for (int32_t i = 0; i < m->count; i++) {
            re[i] -= m->mode[k][i] * m->push[k] * (w * wt / bottom);
            im[i] -= m->mode[k][i] * m->push[k] * (w / bottom);
        }
    }
}

void vly_model_growth(const vly_impedance_model *m, double s, double *re)
{
    for (int32_t i = 0; i < m->count; i++) re[i] = 0.0;
    for (int32_t k = 0; k < m->modes; k++)
        for (int32_t i = 0; i < m->count; i++) re[i] -= m->mode[k][i] * m->push[k] * (s / (1.0 + s * m->time[k]));
}

double vly_model_low(const vly_impedance_model *m)
{
    double sum = 0.0;
    for (int32_t k = 0; k < m->modes; k++) sum += m->push[k] * m->push[k];
    return sum / (m->total * m->total);
}
