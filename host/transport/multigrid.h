/* Aggregation multigrid for graphs of conductances, images included: a preconditioner. It needs no geometry beyond a place
 * for every node (the voxel it lies in): on the first levels nodes of one 2 x 2 x 2 block become one where strong couplings
 * connect them, so thin networks keep their threads; further down pairs whose condition is bounded are joined. A K-cycle
 * makes up for the plain interpolation. */
#ifndef VLY_MULTIGRID_H
#define VLY_MULTIGRID_H

#include "transport/twin.h"

enum {
    VLY_LEVELS_MAX = 24,
    VLY_COARSEST = 400, /* rows that are solved directly */
    VLY_SMOOTH_MAX = 8
};

typedef struct vly_multigrid_options {
    float strong; /* share of the strongest coupling of both nodes from which on a coupling is strong */
    float weaken; /* factor on coarse couplings between blocks: plain interpolation makes them too stiff */
    float
        ground; /* factor on what ties coarse nodes to ground: planes are half a block away, masses are just added up */
    int32_t smooth; /* degree of the Chebyshev polynomial before and after the correction from below */
    int32_t
        blocks; /* levels whose aggregates are parts of blocks; below, where an image is a graph of anything, pairs */
    int32_t coarsest; /* rows that need no further level */
    bool layered; /* weaken only along axes along which aggregates are longer than their nodes: layers may be thick */
    bool stars;   /* pairs take in nodes that hang on one of them: graphs may have nodes with very many neighbours */
    bool refresh; /* keep what vly_multigrid_refresh needs; graphs only */
} vly_multigrid_options;

#define VLY_MULTIGRID_OPTIONS_INIT \
    ((vly_multigrid_options){      \
        .strong = 0.1f, .weaken = 0.5f, .smooth = 3, .ground = 0.5f, .blocks = 2, .coarsest = VLY_COARSEST})

/* A matrix with its arrays on the host and on the device. Those of a graph belong to it. */
typedef struct vly_matrix_twin {
    vly_matrix host, device;
    vly_twin first, column, weight, ground;
} vly_matrix_twin;

typedef struct vly_level {
    vly_matrix_twin matrix;
    vly_twin first_member, member;            /* of the aggregates, which are the rows of the next level */
    vly_twin target;                          /* (couplings) vly_contract's; empty without options.refresh */
    vly_buffer vectors;                       /* those that found no room in level 0 */
    float *residual, *solution, *step, *next; /* (rows) device */
    float *right, *image, *half; /* (rows) device; what the second half of a K-cycle step needs; not level 0 */
} vly_level;

typedef struct vly_multigrid {
    vly_device *device;
    vly_multigrid_options options;
    int32_t levels;
    vly_level level[VLY_LEVELS_MAX];
    vly_twin inverse;       /* (rows, rows) of the last level; empty if it is too large for that */
    vly_buffer sums, parts; /* (4), (chunks, 4) doubles */
    float carry[VLY_SMOOTH_MAX + 1], gain[VLY_SMOOTH_MAX + 1]; /* of the polynomial */
} vly_multigrid;

/* matrix: level 0, its host and device sides filled; it stays the caller's. place: (rows) x | y << 21 | z << 42 of every
 * node; is used up. Give an initialised object (options) back to vly_multigrid_free also after a failure. */
vly_status vly_multigrid_create(vly_multigrid *mg, vly_device *device, const vly_matrix_twin *matrix, uint64_t *place,
                                const vly_multigrid_options *options);
void vly_multigrid_free(vly_multigrid *mg);

/* What it holds on the device, level 0's matrix aside. */
int64_t vly_multigrid_bytes(const vly_multigrid *mg);

/* After new weights and grounds on the device (options.refresh): those of all levels below, with the aggregates there are. */
vly_status vly_multigrid_refresh(vly_multigrid *mg);

/* A graph from rows of neighbours (host arrays, copied): symmetric, weights above 0, ground 0 or above. */
vly_status vly_matrix_graph(vly_matrix_twin *out, vly_device *device, int32_t rows, const int32_t *first,
                            const int32_t *column, const float *weight, const float *ground);

/* The same in two steps: room whose host arrays are to be filled (out is empty or has `first`), and their way to the device. */
vly_status vly_matrix_reserve(vly_matrix_twin *out, vly_device *device, int32_t rows, int64_t couplings);
vly_status vly_matrix_publish(vly_matrix_twin *matrix);
void vly_matrix_free(vly_matrix_twin *matrix);

/* One cycle on level 0: solution = about inverse(A) residual. On return solution still lacks `step`, which is its last
 * part, and residual is what was left before that part (so that a caller can have both for one application of A). */
vly_status vly_multigrid_cycle(vly_multigrid *mg);

/* sums (4) from the device. */
vly_status vly_multigrid_sums(vly_multigrid *mg, double sums[4]);

#endif
