/* Solves one Newton system of the half cell: flexible GMRES, preconditioned block after block (potentials, salt, solids) with
 * the multigrid of transport. What is wrong with a system comes back as a status, never as numbers that look right. */
#ifndef VLY_LINEAR_H
#define VLY_LINEAR_H

#include <stdint.h>

#include "voxelyte/device.h"

typedef struct vly_cell_network vly_cell_network;
typedef struct vly_cell_system vly_cell_system;
typedef struct vly_cell_solver vly_cell_solver; /* hierarchies, basis and work vectors, on the device */

/* pattern: of every system to come; its values may be anything. Both must outlive the solver. */
vly_status vly_cell_solver_create(vly_cell_solver **out, vly_device *device, const vly_cell_network *network,
                                  const vly_cell_system *pattern);

/* New values: scales the rows, contracts the hierarchies, and decides itself whether the aggregation must be made again.
 * VLY_EDATA for values that are not finite and for a row without a diagonal. */
vly_status vly_cell_solver_refresh(vly_cell_solver *solver, const vly_cell_system *system);

/* J step = right, with the values of the last refresh, until the residual (rows divided by their diagonal, columns in units
 * of system->scale) has fallen by `tolerance`. step: (rows) device, in the system's units; starts from zero.
 * VLY_EDATA where right is not finite; VLY_ENUMERIC where the iteration stagnates: step is then the best one found. */
vly_status vly_cell_solver_solve(vly_cell_solver *solver, const vly_cell_system *system, double tolerance, double *step,
                                 double *border_step, int32_t *iterations);

void vly_cell_solver_free(vly_cell_solver *solver);

#endif
