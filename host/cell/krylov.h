/* Flexible GMRES with restarts: the preconditioner may be another one in every step, as a K-cycle is. Double precision
 * throughout but for the preconditioned basis, which is what a single precision preconditioner gives. */
#ifndef VLY_KRYLOV_H
#define VLY_KRYLOV_H

#include "cell/precondition.h"

enum { VLY_RESTART = 20, VLY_KRYLOV_MOST = 200 /* steps */ };

typedef struct vly_krylov {
    vly_device *device;
    int32_t rows;
    int64_t stride;                         /* between vectors */
    vly_buffer basis;                       /* (VLY_RESTART + 1, stride) double, not normalised */
    vly_buffer images;                      /* (VLY_RESTART, stride) float: preconditioned, of the normalised basis */
    vly_buffer scale, border;               /* (VLY_BASIS_MOST), (1) double */
    vly_buffer sums;                        /* (VLY_BASIS_MOST + 1) double: products, and the square of what is left */
    double norm[VLY_RESTART + 1];           /* of the basis */
    double h[VLY_RESTART][VLY_RESTART + 1]; /* columns of the Hessenberg matrix, rotated to a triangle */
    double cosine[VLY_RESTART], sine[VLY_RESTART];
    double g[VLY_RESTART + 1]; /* the right side, rotated; g[k]: what step k has left */
} vly_krylov;

/* Give an initialised object back to vly_krylov_free also after a failure. */
vly_status vly_krylov_create(vly_krylov *out, vly_device *device, int32_t rows);
void vly_krylov_free(vly_krylov *k);

/* vly_cell_solver_solve's contract; *reduction: residual at the end over that at the start. */
vly_status vly_krylov_solve(vly_krylov *k, vly_precondition *p, const vly_cell_system *system, double tolerance,
                            double *step, double *border_step, int32_t *iterations, double *reduction);

#endif
