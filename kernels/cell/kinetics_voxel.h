/* Reactions: Butler-Volmer at active material, with the concentration at the face where that is wanted, and at the lithium
 * (electrochemistry spec 3.1, 3.2). Currents flow from the solid into the electrolyte. */
#ifndef VLY_KINETICS_VOXEL_H
#define VLY_KINETICS_VOXEL_H

#include "cell/graph_voxel.h"
#include "cell/law_voxel.h"

enum { VLY_KINETICS_STEPS = 60 };

/* A current density and what it changes with. */
typedef struct vly_kinetics {
    double i;                         /* A/m2 */
    double by_solid, by_salt, by_eta; /* by c_s and c_e (the potentials held), and by phi_s - phi_e */
} vly_kinetics;

/* sinh and cosh of a, continued as straight lines where exp would leave the range: there only a way back is needed. */
VLY_INLINE double vly_kinetics_sinh(double a, double *cosine)
{
    double inside = a > 60.0 ? 60.0 : a < -60.0 ? -60.0 : a;
    double m = expm1(inside), sine = 0.5 * (m + m / (1.0 + m));
    *cosine = 0.5 * (1.0 + m + 1.0 / (1.0 + m));
    return sine + *cosine * (a - inside);
}

/* 2 i0 sinh(f eta' / 2) with eta' = eta - film i, and its derivative by eta. */
VLY_INLINE double vly_kinetics_rate(double i0, double f, double film, double eta, double *by_eta)
{
    double y = eta, i, slope;
    bool last = !(film > 0.0);
    for (int k = 0;; k++) {
        double cosine;
        i = 2.0 * i0 * vly_kinetics_sinh(0.5 * f * y, &cosine);
        slope = i0 * f * cosine;
        if (last || k == 4 * VLY_KINETICS_STEPS) break;
        double step = (y + film * i - eta) / (1.0 + film * slope); /* convex from this side: never too far */
        y -= step;
        last = fabs(step) <= 1e-15 * fabs(eta);
    }
    *by_eta = slope / (1.0 + film * slope);
    return i;
}

/* At the concentration c_s itself; drop = phi_s - phi_e. */
VLY_INLINE vly_kinetics vly_kinetics_at(const vly_cell_laws *laws, double solid, double salt, double drop)
{
    const double most = laws->solid_most;
    double x = solid / most, slope, eta = drop - vly_law_value(&laws->ocp, x, &slope);
    double inside = x < 1e-6 ? 1e-6 : x > 1.0 - 1e-6 ? 1.0 - 1e-6 : x;
    double free = laws->exchange_power > 0.0 ? sqrt(most * (1.0 - inside)) : 1.0;
    double i0 = laws->exchange * sqrt(salt) * sqrt(most * inside) * free;
    vly_kinetics k;
    k.i = vly_kinetics_rate(i0, laws->thermal, laws->film, eta, &k.by_eta);
    /* through i0 at a held eta: i / i0, less what the film takes */
    double share = laws->film > 0.0 ? 1.0 - laws->film * k.by_eta : 1.0;
    double by_log = k.i * share, power = 0.5 / inside - (laws->exchange_power > 0.0 ? 0.5 / (1.0 - inside) : 0.0);
    k.by_salt = by_log * 0.5 / salt;
    k.by_solid = (inside == x ? by_log * power : 0.0) / most - k.by_eta * slope / most;
    return k;
}

/* At the face, `half` away from the centre: c_f from D_s (c - c_f) / half = w i(c_f) / F, derivatives by the implicit
 * function theorem (spec 3.2). */
VLY_INLINE vly_kinetics vly_kinetics_face(const vly_cell_laws *laws, double share, double half,
                                          const vly_cell_property *store, double solid, double salt, double drop)
{
    const double most = laws->solid_most, w = share / VLY_FARADAY, g = store->value / half;
    double face = solid;
    bool last = !laws->half;
    vly_kinetics k;
    for (int n = 0;; n++) {
        k = vly_kinetics_at(laws, face, salt, drop);
        if (last || n == VLY_KINETICS_STEPS) break;
        double step = (g * (solid - face) - w * k.i) / (g + (k.by_solid > 0.0 ? w * k.by_solid : 0.0)), next;
        step = step > 0.05 * most ? 0.05 * most : step < -0.05 * most ? -0.05 * most : step;
        next = face + step;
        next = next < 1e-5 * most ? 1e-5 * most : next > (1.0 - 1e-5) * most ? (1.0 - 1e-5) * most : next;
        last = fabs(next - face) < 1e-10 * most;
        face = next;
    }
    if (!laws->half) return k;
    double weight = 1.0 / (g + w * k.by_solid);
    vly_kinetics at;
    at.i = k.i;
    at.by_solid = k.by_solid * (g + store->slope / half * (solid - face)) * weight;
    at.by_salt = k.by_salt * g * weight;
    at.by_eta = k.by_eta * g * weight;
    return at;
}

/* Of lithium at 0 V into an electrolyte at `potential`; by_eta is by -potential. */
VLY_INLINE vly_kinetics vly_kinetics_lithium(const vly_cell_laws *laws, double salt, double potential)
{
    vly_kinetics k;
    k.i = vly_kinetics_rate(laws->lithium_exchange * sqrt(1e-3 * salt), laws->thermal, 0.0, -potential, &k.by_eta);
    k.by_salt = 0.5 * k.i / salt;
    k.by_solid = 0.0;
    return k;
}

#endif
