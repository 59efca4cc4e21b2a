/* The preconditioner of a Newton system: potentials, then salt, then solids, each with what the ones before give it. All
 * three are graphs of conductances in single precision: the first two take a multigrid cycle, solids hardly couple and take a
 * polynomial. The collector's potential is split off exactly: with u the potentials when it is 1 and nothing else drives,
 * z_cc = (r_cc + u.r) / energy(u), and the potentials are those without it plus u z_cc. A cycle alone would not do for u:
 * collectors conduct 10^5 times better than the whole cell, so the energy is summed as squares and u is refined. */
#ifndef VLY_PRECONDITION_H
#define VLY_PRECONDITION_H

#include "cell/network.h"
#include "cell/system.h"
#include "transport/multigrid.h"

enum { VLY_BLOCK_POTENTIALS, VLY_BLOCK_SALT, VLY_BLOCK_SOLIDS, VLY_BLOCKS, VLY_SWEEPS_MOST = 16 };

typedef struct vly_precondition_block {
    vly_sparse_block range;
    vly_matrix_twin graph;
    vly_multigrid mg; /* not of the solids */
} vly_precondition_block;

typedef struct vly_precondition {
    vly_device *device;
    const vly_cell_network *network;
    int32_t rows;
    vly_precondition_block block[VLY_BLOCKS];
    bool built;                 /* there are aggregates */
    bool bordered;              /* the collector's potential is free */
    vly_buffer factor;          /* (rows + 1) double: inverse diagonals in units of the unknowns */
    vly_buffer tie, lift, rest; /* (potentials) float: border's weights, u, scratch */
    vly_buffer solids;          /* (3, solids) float: residual, step, next */
    vly_buffer parts;           /* (chunks, VLY_BASIS_MOST) double */
    vly_buffer scalars;         /* (8) double */
    int32_t sweeps;             /* of the solids */
    float carry[VLY_SWEEPS_MOST + 1], gain[VLY_SWEEPS_MOST + 1];
} vly_precondition;

vly_sparse vly_sparse_of(const vly_cell_system *system);

/* Give an initialised object back to vly_precondition_free also after a failure. */
vly_status vly_precondition_create(vly_precondition *out, vly_device *device, const vly_cell_network *network,
                                   const vly_cell_system *pattern);
void vly_precondition_free(vly_precondition *p);

/* New values; anew: new aggregates too. VLY_EDATA for values that are not finite or a row without a diagonal. */
vly_status vly_precondition_refresh(vly_precondition *p, const vly_cell_system *system, bool anew);

/* z (rows + 1) = about inverse(A) of gain y / factor, which is the residual before the rows were scaled. */
vly_status vly_precondition_apply(vly_precondition *p, const vly_sparse *a, const double *y, double gain, float *z);

#endif
