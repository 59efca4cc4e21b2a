/* The parts of an impedance: the network as a pencil K + s C, solutions of it at real s, a small model made of them, and what
 * is read off the model. Inside, conductances and capacitances have units of their own, so that single precision holds
 * them; s is counted in the quotient of the two. */
#ifndef VLY_IMPEDANCE_IMPL_H
#define VLY_IMPEDANCE_IMPL_H

#include "cell/domain.h"
#include "transport/multigrid.h"
#include "voxelyte/impedance.h"

/* ---- the network (impedance_network.c) ---- */

/* What it is made of, in SI. */
typedef struct vly_impedance_matter {
    vly_domain_options domain;
    double conductivity, solid_conductivity;          /* S/m, of electrolyte and active material */
    double active, binder_surface, binder, collector; /* F/m2, 1/m, F/m2, F/m2 */
    bool binder_internal;
} vly_impedance_matter;

typedef struct vly_impedance_network {
    vly_device *device;
    vly_pencil pencil;     /* device pointers */
    vly_matrix_twin graph; /* K + s C for the present s */
    vly_buffer base;       /* (couplings) float: those of K + C, where s changes any; else the graph's */
    vly_twin hold, charge; /* (rows) float */
    uint64_t *place;       /* (rows) host; NULL once no hierarchy is to be made any more */
    vly_cell_geometry geometry;
    double conductance, capacitance;        /* S and F: the units */
    double total;                           /* capacitance of all double layers, in its unit */
    double contact[VLY_CONTACTS], internal; /* F, of which */
    double electrolyte;                     /* m3 of the electrode */
} vly_impedance_network;

vly_status vly_impedance_network_create(vly_impedance_network *out, vly_device *device, vly_source *labels,
                                        const vly_impedance_matter *matter);
void vly_impedance_network_free(vly_impedance_network *network);

/* ---- solutions (impedance_solve.c) ---- */

typedef struct vly_impedance_solver {
    vly_impedance_network *network;
    vly_multigrid mg;
    bool built;
    double s; /* the hierarchy's */
    int32_t count;
    vly_buffer basis[VLY_PENCIL_MOST]; /* (rows) float each */
    vly_buffer direction, right;       /* (rows) float */
    vly_buffer x, y;                   /* (rows) double */
    vly_buffer sums, parts;            /* double */
    int32_t solves, iterations;
    double setup; /* s, spent on hierarchies */
} vly_impedance_solver;

vly_status vly_impedance_solver_create(vly_impedance_solver *out, vly_impedance_network *network);
void vly_impedance_solver_free(vly_impedance_solver *solver);

/* Makes the hierarchy of K + s C at a shift s, 1/s. */
vly_status vly_impedance_shift(vly_impedance_solver *solver, double at);

/* x = combination of the basis. scale: (count) */
vly_status vly_impedance_combine(vly_impedance_solver *solver, const double *scale, vly_buffer *x);

/* Makes the right side of the next solution: what an equation with vectors x and y lacks, at the shift `at`. */
vly_status vly_impedance_lack(vly_impedance_solver *solver, const vly_buffer *x, const vly_buffer *y, double at,
                              double load);

/* x = inverse(K + s C) right, at the hierarchy's s. Its energy comes off `whole`; stops when the energy that is missing is
 * about `goal`, or that part `relative` of what is left of the whole. */
vly_status vly_impedance_solve(vly_impedance_solver *solver, double whole, double relative, double goal);

/* About r* inverse(K + s C) r of the residual r of x + i y at i s. */
vly_status vly_impedance_missing(vly_impedance_solver *solver, double *energy);

/* Adds x to the basis, rounded. products: (2 count + 1), the new one counted, as pencil_products has them */
vly_status vly_impedance_keep(vly_impedance_solver *solver, double *products);

/* b.x */
vly_status vly_impedance_drive(vly_impedance_solver *solver, const vly_buffer *x, double *drive);

/* ---- the small model (impedance_model.c) ---- */

enum { VLY_MODEL_MOST = VLY_PENCIL_MOST };

/* Y(s) = s (open + sum of capacitance_k / (1 + s time_k)). */
typedef struct vly_impedance_model {
    int32_t count; /* vectors */
    double total;
    double conduct[VLY_MODEL_MOST][VLY_MODEL_MOST], store[VLY_MODEL_MOST][VLY_MODEL_MOST], drive[VLY_MODEL_MOST];
    int32_t modes;
    double time[VLY_MODEL_MOST], push[VLY_MODEL_MOST]; /* falling; b times a mode of unit conductance */
    double mode[VLY_MODEL_MOST][VLY_MODEL_MOST];       /* (modes, count) */
    double open;                                       /* capacitance in series with no resistance */
} vly_impedance_model;

/* Takes in what vly_impedance_keep says of one more vector. */
void vly_model_add(vly_impedance_model *model, const double *products);

/* Y(i w); at real s. */
void vly_model_admittance(const vly_impedance_model *model, double w, double *re, double *im);
double vly_model_real(const vly_impedance_model *model, double s);

/* Coefficients (count) of the basis in the potentials at i w, and at real s. */
void vly_model_harmonic(const vly_impedance_model *model, double w, double *re, double *im);
void vly_model_growth(const vly_impedance_model *model, double s, double *re);

/* lim Re Z, s to 0. */
double vly_model_low(const vly_impedance_model *model);

/* Finds the vectors that it takes from w = low to high, in its units. *error: the largest estimate. shorted: s that is as good
 * as infinite */
typedef struct vly_impedance_range {
    double low, high, tolerance, shorted;
    double error;   /* out: the largest estimate there is */
    bool converged; /* out */
} vly_impedance_range;

/* The first two: lim s to 0, and s = shorted. Then the rest (impedance_reduce.c). */
vly_status vly_impedance_begin(vly_impedance_model *model, vly_impedance_solver *solver,
                               const vly_impedance_range *range);
vly_status vly_impedance_reduce(vly_impedance_model *model, vly_impedance_solver *solver, vly_impedance_range *range);

/* ---- the step (impedance_step.c) ---- */

/* Y(i w_k) of the current after a step of the voltage. w: (count), falling */
vly_status vly_impedance_step(vly_impedance_solver *solver, const vly_impedance_model *model, double shorted,
                              int32_t steps_per_decade, const double *w, int32_t count, double *re, double *im);

/* ---- the transmission line (impedance_line.c) ---- */

/* Z of R_hf + R coth(q) / q, q = (i w R C)^(1/2). */
void vly_line_impedance(double r_hf, double r_ion, double capacitance, double w, double *re, double *im);

/* Closest line by relative differences; starts from what is there. */
typedef struct vly_line {
    double r_hf, r_ion, capacitance;
    double misfit; /* root mean square */
} vly_line;

void vly_line_fit(vly_line *line, const double *w, const double *re, const double *im, int32_t count);

#endif
