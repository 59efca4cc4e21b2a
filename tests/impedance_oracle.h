/* An oracle of impedances for tiny cells: nodes and edges straight from the labels, by the tables of the specification (4.1,
 * 6.1), and a dense complex system for every frequency. */
#ifndef VLY_IMPEDANCE_ORACLE_H
#define VLY_IMPEDANCE_ORACLE_H

#include "impedance_cell.h"

enum { ORACLE_NODES = 700 };

/* Of a half cell with the collector at k = 0; separator layers on top. */
typedef struct oracle {
    vly_extent e;         /* electrode and separator */
    const uint8_t *label; /* with VLY_SEPARATOR */
    const double *layer;  /* (nz) m */
    double h, kappa, sigma, binder_sigma, binder_gamma, binder_share, separator_gamma, separator_share;
    double active, inside;                               /* F/m2, F/m3 */
    int nodes, solid[ORACLE_NODES], fluid[ORACLE_NODES]; /* of voxels, -1: none */
    double k[ORACLE_NODES][ORACLE_NODES],
        c[ORACLE_NODES][ORACLE_NODES]; /* of the nodes, with their ties on the diagonal */
    double drive[ORACLE_NODES];        /* conductance to the collector */
} oracle;

static inline double oracle_conductivity(const oracle *o, int label, bool electrons)
{
    if (electrons) return label == VLY_AM ? o->sigma : label == VLY_CBD ? o->binder_sigma : 0.0;
    return o->kappa * (label == VLY_PORE  ? 1.0
                       : label == VLY_CBD ? o->binder_gamma
                       : label == 3       ? o->separator_gamma
                                          : 0.0);
}

static inline void oracle_edge(double (*a)[ORACLE_NODES], int i, int j, double weight)
{
    a[i][i] += weight;
    a[j][j] += weight;
    a[i][j] -= weight;
    a[j][i] -= weight;
}

/* Nodes that a plane reaches through voxels of that kind. */
static inline void oracle_nodes(oracle *o, bool electrons, int *node)
{
    const int voxels = (int)vly_extent_voxels(o->e), area = o->e.nx * o->e.ny;
    bool changed = true;
    for (int i = 0; i < voxels; i++)
        node[i] = oracle_conductivity(o, o->label[i], electrons) > 0.0 && (electrons ? i < area : i >= voxels - area)
                      ? 0
                      : -1;
    while (changed) {
        changed = false;
        for (int i = 0; i < voxels; i++)
            for (int a = 0; a < 3; a++) {
                const int step[3] = {1, o->e.nx, area}, at[3] = {i % o->e.nx, i / o->e.nx % o->e.ny, i / area};
                const int side[3] = {o->e.nx, o->e.ny, o->e.nz}, j = i + step[a];
                if (at[a] + 1 == side[a] || (node[i] < 0) == (node[j] < 0)) continue;
                const int to = node[i] < 0 ? i : j;
                if (oracle_conductivity(o, o->label[to], electrons) > 0.0) node[to] = 0, changed = true;
            }
    }
    for (int i = 0; i < voxels; i++)
        if (node[i] == 0) node[i] = o->nodes++;
    ck_assert_int_le(o->nodes, ORACLE_NODES);
}

static inline void oracle_join(oracle *o, int i, int j, int axis)
{
    const int area = o->e.nx * o->e.ny;
    const double zi = o->layer[i / area], zj = o->layer[j / area], square = o->h * o->h;
    const double face = axis == 2 ? square : o->h * zi, di = 0.5 * (axis == 2 ? zi : o->h),
                 dj = 0.5 * (axis == 2 ? zj : o->h);
    for (int electrons = 0; electrons < 2; electrons++) {
        const int *node = electrons ? o->solid : o->fluid;
        if (node[i] < 0 || node[j] < 0) continue;
        const double one = oracle_conductivity(o, o->label[i], electrons),
                     two = oracle_conductivity(o, o->label[j], electrons);
        oracle_edge(o->k, node[i], node[j], face / (di / one + dj / two));
    }
    for (int turn = 0; turn < 2; turn++) {
        const int am = turn ? j : i, other = turn ? i : j;
        if (o->label[am] != VLY_AM || o->label[other] == VLY_AM || o->solid[am] < 0 || o->fluid[other] < 0) continue;
        const double share = o->label[other] == VLY_PORE  ? 1.0
                             : o->label[other] == VLY_CBD ? o->binder_share
                                                          : o->separator_share;
        oracle_edge(o->c, o->solid[am], o->fluid[other], o->active * share * square);
    }
}

static inline void oracle_build(oracle *o)
{
    const int voxels = (int)vly_extent_voxels(o->e), area = o->e.nx * o->e.ny, top = voxels - area;
    o->nodes = 0;
    memset(o->k, 0, sizeof o->k);
    memset(o->c, 0, sizeof o->c);
    memset(o->drive, 0, sizeof o->drive);
    oracle_nodes(o, true, o->solid);
    oracle_nodes(o, false, o->fluid);
    for (int i = 0; i < voxels; i++) {
        const int at[3] = {i % o->e.nx, i / o->e.nx % o->e.ny, i / area}, side[3] = {o->e.nx, o->e.ny, o->e.nz};
        const int step[3] = {1, o->e.nx, area};
        for (int a = 0; a < 3; a++)
            if (at[a] + 1 < side[a]) oracle_join(o, i, i + step[a], a);
        if (o->label[i] == VLY_CBD && o->solid[i] >= 0 && o->fluid[i] >= 0)
            oracle_edge(o->c, o->solid[i], o->fluid[i], o->inside * o->h * o->h * o->layer[at[2]]);
        const double plane = o->h * o->h / (0.5 * o->layer[at[2]]);
        if (i < area && o->solid[i] >= 0) {
            o->drive[o->solid[i]] = oracle_conductivity(o, o->label[i], true) * plane;
            o->k[o->solid[i]][o->solid[i]] += o->drive[o->solid[i]];
        }
        if (i >= top && o->fluid[i] >= 0)
            o->k[o->fluid[i]][o->fluid[i]] += oracle_conductivity(o, o->label[i], false) * plane;
    }
}

/* Z of the half cell in ohm m2 of its cross-section: (K + s C) u = drive, I = drive (1 - u). Gauss with pivots. */
static inline double complex oracle_impedance(const oracle *o, double complex s)
{
    static double complex a[ORACLE_NODES][ORACLE_NODES + 1];
    const int n = o->nodes;
    double complex current = 0.0;
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) a[i][j] = o->k[i][j] + s * o->c[i][j];
        a[i][n] = o->drive[i];
    }
    for (int p = 0; p < n; p++) {
        int best = p;
        for (int r = p; r < n; r++)
            if (cabs(a[r][p]) > cabs(a[best][p])) best = r;
        for (int j = p; j <= n; j++) {
            const double complex swap = a[p][j];
            a[p][j] = a[best][j];
            a[best][j] = swap;
        }
        for (int r = p + 1; r < n; r++) {
            const double complex part = a[r][p] / a[p][p];
            if (part == 0.0) continue;
            for (int j = p; j <= n; j++) a[r][j] -= part * a[p][j];
        }
    }
    for (int i = n - 1; i >= 0; i--) {
        for (int j = i + 1; j < n; j++) a[i][n] -= a[i][j] * a[j][n];
        a[i][n] /= a[i][i];
        current += o->drive[i] * (1.0 - a[i][n]);
    }
    return o->h * o->h * o->e.nx * o->e.ny / current;
}

#endif
