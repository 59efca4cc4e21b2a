/* Balances of a half cell and their derivatives, row by row: outflow + accumulation = 0 (electrochemistry spec 4.1, 4.2).
 * Both ends of an edge compute its flux for themselves, with the same roundings, so that sums over rows telescope. */
#ifndef VLY_ASSEMBLE_VOXEL_H
#define VLY_ASSEMBLE_VOXEL_H

#include "cell/kinetics_voxel.h"

/* ---- properties of nodes, currents of faces ---- */

VLY_INLINE vly_cell_salt vly_cell_salt_of(const vly_cell_graph *g, const vly_cell_laws *laws, const double *u,
                                          int32_t e)
{
    double c = u[vly_cell_ce(g, e)], gamma = (double)g->gamma[e], slope;
    vly_cell_salt s;
    s.kappa = gamma * vly_law_value(&laws->conductivity, 1e-3 * c, &slope);
    s.kappa_slope = gamma * slope * 1e-3;
    s.diffusivity = gamma * vly_law_value(&laws->diffusivity, 1e-3 * c, &slope);
    s.diffusivity_slope = gamma * slope * 1e-3;
    s.log = log(c);
    return s;
}

VLY_INLINE vly_cell_property vly_cell_conductor_of(const vly_cell_graph *g, const vly_cell_laws *laws, const double *u,
                                                   int32_t electron)
{
    int32_t solid = g->electron_solid[electron];
    double factor = (double)g->electron_sigma[electron];
    vly_cell_property p = {factor, 0.0};
    if (solid < 0) return p;
    p.value = factor * vly_law_value(&laws->solid_conductivity, u[vly_cell_cs(g, solid)] / laws->solid_most, &p.slope);
    p.slope *= factor / laws->solid_most;
    return p;
}

VLY_INLINE vly_cell_property vly_cell_store_of(const vly_cell_graph *g, const vly_cell_laws *laws, const double *u,
                                               int32_t solid)
{
    vly_cell_property p;
    p.value = vly_law_value(&laws->solid_diffusivity, u[vly_cell_cs(g, solid)] / laws->solid_most, &p.slope);
    p.slope /= laws->solid_most;
    return p;
}

VLY_INLINE vly_cell_reaction vly_cell_reaction_of(const vly_cell_graph *g, const vly_cell_laws *laws, const double *u,
                                                  int32_t index)
{
    const vly_cell_face *face = &g->face[index];
    int32_t electrolyte = face->electrolyte;
    double drop = u[face->electron] - u[vly_cell_phi(g, electrolyte)];
    vly_kinetics k = vly_kinetics_face(laws, (double)face->share, (double)face->half, &g->store[face->solid],
                                       u[vly_cell_cs(g, face->solid)], u[vly_cell_ce(g, electrolyte)], drop);
    double area = (double)face->area * (double)face->share;
    vly_cell_reaction r = {area * k.i, area * k.by_solid, area * k.by_salt, area * k.by_eta};
    return r;
}

/* ---- edges ---- */

/* Conductance of two halves in series, and its derivatives by the two coefficients. */
typedef struct vly_cell_series {
    double value, by_own, by_other;
} vly_cell_series;

VLY_INLINE vly_cell_series vly_cell_series_of(double area, double own, double k, double other, double l)
{
    vly_cell_series t;
    double a = own / k, b = other / l, sum = a + b;
    t.value = area / sum;
    t.by_own = t.value * (a / sum) / k;
    t.by_other = t.value * (b / sum) / l;
    return t;
}

/* Of neighbour k in a node's list: the distances as the node sees them. */
VLY_INLINE vly_cell_shape vly_cell_shape_of(const vly_cell_graph *g, const vly_cell_beside *list, int32_t node,
                                            int32_t k)
{
    vly_cell_shape s = g->shape[list->shape[k]];
    if (list->node[k] < node) {
        double far = s.far;
        s.far = s.near;
        s.near = far;
    }
    return s;
}

/* What flows from a node to its neighbour through the electrolyte: current J, and salt N less reference J / F. */
typedef struct vly_cell_flow {
    double current, salt;                    /* A, mol/s */
    double current_by_own, current_by_other; /* by c_e */
    double salt_by_own, salt_by_other;
    double conductance; /* dJ / d phi */
    double carried;     /* share of J / F in N */
} vly_cell_flow;

/* J = T_kappa [phi - phi' - (2RT/F) W (ln c - ln c')], N = T_D (c - c') + (t+ - reference) J / F, with W = (1 - t+) TDF and
 * t+ at the mean concentration (spec 4.1). i, j: electrolyte nodes */
VLY_INLINE vly_cell_flow vly_cell_flow_of(const vly_cell_graph *g, const vly_cell_laws *laws,
                                          const vly_cell_shape *shape, const vly_cell_moment *s, int32_t i, int32_t j)
{
    const vly_cell_salt p = g->salt[i], q = g->salt[j];
    double c = s->now[vly_cell_ce(g, i)], d = s->now[vly_cell_ce(g, j)], mean = 0.5 * (c + d), t_slope, f_slope;
    double t = vly_law_value(&laws->transference, 1e-3 * mean, &t_slope);
    double factor = vly_law_value(&laws->factor, 1e-3 * mean, &f_slope);
    double weight = (1.0 - t) * factor, weight_slope = 1e-3 * ((1.0 - t) * f_slope - t_slope * factor);
    double thermal = 2.0 / laws->thermal, logs = p.log - q.log;
    double drive = s->now[vly_cell_phi(g, i)] - s->now[vly_cell_phi(g, j)] - thermal * weight * logs;
    vly_cell_series k = vly_cell_series_of(shape->area, shape->near, p.kappa, shape->far, q.kappa);
    vly_cell_series m = vly_cell_series_of(shape->area, shape->near, p.diffusivity, shape->far, q.diffusivity);
    double both = 0.5 * weight_slope * logs, carried_slope = 0.5e-3 * t_slope / VLY_FARADAY;
    vly_cell_flow w;
    w.conductance = k.value;
    w.carried = (t - s->reference) / VLY_FARADAY;
    w.current = k.value * drive;
    w.salt = m.value * (c - d) + w.carried * w.current;
    w.current_by_own = k.by_own * p.kappa_slope * drive - k.value * thermal * (weight / c + both);
    w.current_by_other = k.by_other * q.kappa_slope * drive + k.value * thermal * (weight / d - both);
    w.salt_by_own =
        m.value + m.by_own * p.diffusivity_slope * (c - d) + w.carried * w.current_by_own + carried_slope * w.current;
    w.salt_by_other = -m.value + m.by_other * q.diffusivity_slope * (c - d) + w.carried * w.current_by_other +
                      carried_slope * w.current;
    return w;
}

/* ---- rows ---- */

VLY_INLINE int64_t vly_cell_entry(const vly_cell_matrix *m, int32_t row, int32_t column)
{
    int32_t below = m->first[row], above = m->first[row + 1];
    while (above - below > 1) {
        int32_t middle = below + (above - below) / 2;
        if (column < m->column[middle])
            above = middle;
        else
            below = middle;
    }
    return below;
}

VLY_INLINE void vly_cell_put(const vly_cell_matrix *m, int32_t row, int32_t column, double x)
{
    m->value[vly_cell_entry(m, row, column)] += x;
}

VLY_INLINE void vly_cell_clear_row(const vly_cell_matrix *m, int32_t row)
{
    for (int32_t k = m->first[row]; k < m->first[row + 1]; k++) m->value[k] = 0.0;
}

/* What piles up in a solid, over its volume. */
VLY_INLINE double vly_cell_pile(const vly_cell_moment *s, int32_t row)
{
    return s->a * (s->now[row] - s->before[row]) - s->back * (s->before[row] - s->earlier[row]);
}

/* How far salt fell in the step before, as far as it counts: BDF2 carries it on, and where that alone would take more than
 * four fifths of what is there, because salt falls by a factor of three or more a step, no positive solution is left. */
VLY_INLINE double vly_cell_salt_fall(const vly_cell_moment *s, int32_t row)
{
    double before = s->before[row], fall = s->earlier[row] - before, most = 0.8 * s->a * before;
    return s->back * fall > most ? most / s->back : fall;
}

/* What is left out that way is shared out by what is there, so that no salt gets lost. */
VLY_INLINE double vly_cell_salt_pile(const vly_cell_moment *s, int32_t row)
{
    double before = s->before[row];
    return s->a * (s->now[row] - before) + s->back * (vly_cell_salt_fall(s, row) + s->spread * before);
}

/* What a row that gives `scale` times the reaction of face f away changes with. */
VLY_INLINE void vly_cell_react(const vly_cell_graph *g, const vly_cell_matrix *m, int32_t f, double scale, int32_t row)
{
    const vly_cell_face face = g->face[f];
    const vly_cell_reaction r = g->reaction[f];
    vly_cell_put(m, row, face.electron, scale * r.by_drop);
    vly_cell_put(m, row, vly_cell_phi(g, face.electrolyte), -scale * r.by_drop);
    vly_cell_put(m, row, vly_cell_ce(g, face.electrolyte), scale * r.by_salt);
    vly_cell_put(m, row, vly_cell_cs(g, face.solid), scale * r.by_solid);
}

VLY_INLINE void vly_cell_electron_balance(const vly_cell_graph *g, const vly_cell_matrix *m, const vly_cell_moment *s,
                                          int32_t i)
{
    const vly_cell_property p = g->conductor[i];
    double phi = s->now[i], out = 0.0, own = 0.0, by_solid = 0.0;
    if (m->value) vly_cell_clear_row(m, i);
    for (int32_t k = g->electron.first[i]; k < g->electron.first[i + 1]; k++) {
        int32_t j = g->electron.node[k], solid = g->electron_solid[j];
        const vly_cell_property q = g->conductor[j];
        vly_cell_shape shape = vly_cell_shape_of(g, &g->electron, i, k);
        vly_cell_series t = vly_cell_series_of(shape.area, shape.near, p.value, shape.far, q.value);
        double drop = phi - s->now[j];
        out += t.value * drop;
        if (!m->value) continue;
        own += t.value;
        by_solid += t.by_own * p.slope * drop;
        vly_cell_put(m, i, j, -t.value);
        if (solid >= 0) vly_cell_put(m, i, vly_cell_cs(g, solid), t.by_other * q.slope * drop);
    }
    for (int32_t k = g->on_electron.first[i]; k < g->on_electron.first[i + 1]; k++) {
        out += g->reaction[g->on_electron.face[k]].current;
        if (m->value) vly_cell_react(g, m, g->on_electron.face[k], 1.0, i);
    }
    m->right[i] = -out;
    if (!m->value) return;
    vly_cell_put(m, i, i, own);
    if (g->electron_solid[i] >= 0) vly_cell_put(m, i, vly_cell_cs(g, g->electron_solid[i]), by_solid);
}

/* Both rows of an electrolyte node. */
VLY_INLINE void vly_cell_electrolyte_balance(const vly_cell_graph *g, const vly_cell_laws *laws,
                                             const vly_cell_matrix *m, const vly_cell_moment *s, int32_t i)
{
    const int32_t phi = vly_cell_phi(g, i), ce = vly_cell_ce(g, i);
    const double volume = g->electrolyte_volume[i], drawn = -(1.0 - s->reference) / VLY_FARADAY;
    double out = 0.0, salt = volume * vly_cell_salt_pile(s, ce), own[2][2] = {{0.0, 0.0}, {0.0, volume * s->a}};
    if (m->value) vly_cell_clear_row(m, phi);
    if (m->value) vly_cell_clear_row(m, ce);
    for (int32_t k = g->electrolyte.first[i]; k < g->electrolyte.first[i + 1]; k++) {
        int32_t j = g->electrolyte.node[k];
        vly_cell_shape shape = vly_cell_shape_of(g, &g->electrolyte, i, k);
        vly_cell_flow w = vly_cell_flow_of(g, laws, &shape, s, i, j);
        out += w.current;
        salt += w.salt;
        if (!m->value) continue;
        own[0][0] += w.conductance;
        own[0][1] += w.current_by_own;
        own[1][0] += w.carried * w.conductance;
        own[1][1] += w.salt_by_own;
        vly_cell_put(m, phi, vly_cell_phi(g, j), -w.conductance);
        vly_cell_put(m, phi, vly_cell_ce(g, j), w.current_by_other);
        vly_cell_put(m, ce, vly_cell_phi(g, j), -w.carried * w.conductance);
        vly_cell_put(m, ce, vly_cell_ce(g, j), w.salt_by_other);
    }
    for (int32_t k = g->on_electrolyte.first[i]; k < g->on_electrolyte.first[i + 1]; k++) {
        int32_t f = g->on_electrolyte.face[k];
        out -= g->reaction[f].current;
        salt += drawn * g->reaction[f].current;
        if (!m->value) continue;
        vly_cell_react(g, m, f, -1.0, phi);
        vly_cell_react(g, m, f, drawn, ce);
    }
    m->right[phi] = -out;
    m->right[ce] = -salt;
    if (!m->value) return;
    vly_cell_put(m, phi, phi, own[0][0]);
    vly_cell_put(m, phi, ce, own[0][1]);
    vly_cell_put(m, ce, phi, own[1][0]);
    vly_cell_put(m, ce, ce, own[1][1]);
}

VLY_INLINE void vly_cell_solid_balance(const vly_cell_graph *g, const vly_cell_matrix *m, const vly_cell_moment *s,
                                       int32_t i)
{
    const int32_t row = vly_cell_cs(g, i);
    const vly_cell_property p = g->store[i];
    double c = s->now[row], out = g->solid_volume[i] * vly_cell_pile(s, row), own = g->solid_volume[i] * s->a;
    if (m->value) vly_cell_clear_row(m, row);
    for (int32_t k = g->solid.first[i]; k < g->solid.first[i + 1]; k++) {
        int32_t other = vly_cell_cs(g, g->solid.node[k]);
        const vly_cell_property q = g->store[g->solid.node[k]];
        vly_cell_shape shape = vly_cell_shape_of(g, &g->solid, i, k);
        vly_cell_series t = vly_cell_series_of(shape.area, shape.near, p.value, shape.far, q.value);
        double drop = c - s->now[other];
        out += t.value * drop;
        if (!m->value) continue;
        own += t.value + t.by_own * p.slope * drop;
        vly_cell_put(m, row, other, -t.value + t.by_other * q.slope * drop);
    }
    for (int32_t k = g->on_solid.first[i]; k < g->on_solid.first[i + 1]; k++) {
        out += g->reaction[g->on_solid.face[k]].current / VLY_FARADAY;
        if (m->value) vly_cell_react(g, m, g->on_solid.face[k], 1.0 / VLY_FARADAY, row);
    }
    m->right[row] = -out;
    if (m->value) vly_cell_put(m, row, row, own);
}

/* Node n of electrons, electrolytes, solids, one after the other. */
VLY_INLINE void vly_cell_balance(const vly_cell_graph *g, const vly_cell_laws *laws, const vly_cell_matrix *m,
                                 const vly_cell_moment *s, int32_t n)
{
    if (n < g->electrons)
        vly_cell_electron_balance(g, m, s, n);
    else if (n < g->electrons + g->electrolytes)
        vly_cell_electrolyte_balance(g, laws, m, s, n - g->electrons);
    else
        vly_cell_solid_balance(g, m, s, n - g->electrons - g->electrolytes);
}

VLY_INLINE void vly_cell_properties(const vly_cell_graph *g, const vly_cell_laws *laws, const double *u, int32_t n)
{
    if (n < g->electrons)
        g->conductor[n] = vly_cell_conductor_of(g, laws, u, n);
    else if (n < g->electrons + g->electrolytes)
        g->salt[n - g->electrons] = vly_cell_salt_of(g, laws, u, n - g->electrons);
    else
        g->store[n - g->electrons - g->electrolytes] =
            vly_cell_store_of(g, laws, u, n - g->electrons - g->electrolytes);
}

/* ---- planes: what comes to rows that touch the collector or the lithium ---- */

typedef struct vly_cell_border {
    double *weight; /* (collectors) S */
    double *slope;  /* (collectors) of the collector's balance by c_s */
} vly_cell_border;

/* Adds collector k; returns the current into the electrode, and its conductance. */
VLY_INLINE double vly_cell_collect(const vly_cell_graph *g, const vly_cell_matrix *m, const vly_cell_moment *s,
                                   const vly_cell_border *border, int32_t k, double *conductance)
{
    const vly_cell_collector plane = g->collector[k];
    const vly_cell_property p = g->conductor[plane.electron];
    int32_t row = plane.electron, solid = g->electron_solid[row];
    double unit = plane.area / plane.distance, drop = s->collector - s->now[row], current = unit * p.value * drop;
    *conductance = unit * p.value;
    m->right[row] += current;
    border->weight[k] = *conductance;
    border->slope[k] = unit * p.slope * drop;
    if (m->value) {
        vly_cell_put(m, row, row, *conductance);
        if (solid >= 0) vly_cell_put(m, row, vly_cell_cs(g, solid), -border->slope[k]);
    }
    return current;
}

/* Adds lithium face k; returns its current into the electrolyte. */
VLY_INLINE double vly_cell_plate(const vly_cell_graph *g, const vly_cell_laws *laws, const vly_cell_matrix *m,
                                 const vly_cell_moment *s, int32_t k)
{
    const vly_cell_lithium plane = g->lithium[k];
    int32_t phi = vly_cell_phi(g, plane.electrolyte), ce = vly_cell_ce(g, plane.electrolyte);
    vly_kinetics i = vly_kinetics_lithium(laws, s->now[ce], s->now[phi]);
    double share = (1.0 - s->reference) / VLY_FARADAY, area = plane.area;
    m->right[phi] += area * i.i;
    m->right[ce] += share * area * i.i;
    if (m->value) {
        vly_cell_put(m, phi, phi, area * i.by_eta);
        vly_cell_put(m, phi, ce, -area * i.by_salt);
        vly_cell_put(m, ce, phi, share * area * i.by_eta);
        vly_cell_put(m, ce, ce, -share * area * i.by_salt);
    }
    return area * i.i;
}

#endif
