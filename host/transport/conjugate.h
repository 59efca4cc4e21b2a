/* Solving between two planes, and what the solution is worth. */
#ifndef VLY_CONJUGATE_H
#define VLY_CONJUGATE_H

#include "transport/grid.h"

/* Fluxes and energy in units of the matrix. */
typedef struct vly_solution {
    bool converged;
    int32_t iterations;
    double energy;   /* of the potential: never below the exact flux (Dirichlet's principle) */
    double excess;   /* energy minus this is never above it (Thomson's) */
    double in, out;  /* flux through the planes */
    double residual; /* relative to the linear profile's */
    double *history; /* (iterations + 1) of it; freed by the caller */
} vly_solution;

/* image->potential holds the first guess and the result. */
vly_status vly_conjugate_solve(vly_solution *out, vly_multigrid *mg, vly_image *image, double tolerance,
                               int32_t iterations);

/* An upper bound of r' inverse(A) r, which is how far the energy is above the exact one: the energy of any flow that carries
 * what each voxel lacks to the planes; here along a tree of shortest paths. residual: (rows) host, used up. order (rows)
 * and way (rows): scratch on the host. */
double vly_excess_bound(const vly_matrix *host, float *residual, int32_t *order, uint8_t *way);

#endif
