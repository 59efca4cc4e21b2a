/* The half cell as a graph, as kernels see it: rows gather what flows along the edges of their node, so that nothing is
 * added atomically and every sum has one order. */
#ifndef VLY_CELL_GRAPH_VOXEL_H
#define VLY_CELL_GRAPH_VOXEL_H

#include "core/voxel.h"

/* What an edge looks like; many edges share one. */
typedef struct vly_cell_shape {
    double area;      /* m2 */
    double near, far; /* m from the first and from the second node to the face */
} vly_cell_shape;

/* Where a reaction takes place (Butler-Volmer). */
typedef struct vly_cell_face {
    int32_t solid, electron, electrolyte; /* nodes */
    float area;                           /* m2, weights of the surface estimator included, share not */
    float share;                          /* w: electrolyte share of the neighbour */
    float half;                           /* m from the solid's centre to the face */
} vly_cell_face;

typedef struct vly_cell_collector {
    int32_t electron; /* no node has two */
    double area;      /* m2 */
    double distance;  /* m from the node to the plane */
} vly_cell_collector;

typedef struct vly_cell_lithium {
    int32_t electrolyte; /* no node has two */
    double area;         /* m2 */
} vly_cell_lithium;

/* Neighbours of node i: node[first[i]] ... The edge's first node is the one of lower index. */
typedef struct vly_cell_beside {
    const int32_t *first;  /* (nodes + 1) */
    const int32_t *node;   /* (first[nodes]) ascending for each node */
    const uint16_t *shape; /* (first[nodes]) */
} vly_cell_beside;

/* Faces of node i: face[first[i]] ... */
typedef struct vly_cell_touching {
    const int32_t *first; /* (nodes + 1) */
    const int32_t *face;  /* (faces) */
} vly_cell_touching;

/* Properties of nodes at the present unknowns, with their derivatives by the node's concentration (m3/mol). */
typedef struct vly_cell_salt {
    double kappa, kappa_slope, diffusivity, diffusivity_slope; /* effective: gamma included */
    double log;                                                /* ln c_e */
} vly_cell_salt;

typedef struct vly_cell_property {
    double value, slope; /* sigma or D_s */
} vly_cell_property;

/* A w i of a face, from the solid into the electrolyte, and its derivatives. */
typedef struct vly_cell_reaction {
    double current;                    /* A */
    double by_solid, by_salt, by_drop; /* by c_s, c_e, and phi_s (the negative of that by phi_e) */
} vly_cell_reaction;

typedef struct vly_cell_graph {
    int32_t electrons, electrolytes, solids, faces, collectors, lithiums;
    const double *solid_volume, *electrolyte_volume; /* m3 */
    const float *gamma, *electron_sigma;
    const int32_t *electron_solid;
    const vly_cell_shape *shape;
    const vly_cell_face *face;
    const vly_cell_collector *collector;
    const vly_cell_lithium *lithium;
    vly_cell_beside electron, electrolyte, solid;
    vly_cell_touching on_electron, on_electrolyte, on_solid;

    /* made by cell_nodes and cell_reactions for cell_rows */
    vly_cell_salt *salt;          /* (electrolytes) */
    vly_cell_property *conductor; /* (electrons) */
    vly_cell_property *store;     /* (solids) */
    vly_cell_reaction *reaction;  /* (faces) */
} vly_cell_graph;

/* Unknowns: [ phi_s | phi_e | c_e | c_s ]. */
VLY_INLINE int32_t vly_cell_rows(const vly_cell_graph *g)
{
    return g->electrons + 2 * g->electrolytes + g->solids;
}

VLY_INLINE int32_t vly_cell_phi(const vly_cell_graph *g, int32_t electrolyte)
{
    return g->electrons + electrolyte;
}

VLY_INLINE int32_t vly_cell_ce(const vly_cell_graph *g, int32_t electrolyte)
{
    return g->electrons + g->electrolytes + electrolyte;
}

VLY_INLINE int32_t vly_cell_cs(const vly_cell_graph *g, int32_t solid)
{
    return g->electrons + 2 * g->electrolytes + solid;
}

/* Where a step stands: a (u - before) - back (before - earlier) is the derivative of a concentration by time, exactly 0 at
 * rest. Backward Euler: a = 1 / dt, back = 0; BDF2 with w = dt / dt_old: a = (1 + 2w) / ((1 + w) dt),
 * back = w^2 / ((1 + w) dt) (spec 4.2). */
typedef struct vly_cell_moment {
    const double *now, *before, *earlier; /* (rows) unknowns */
    double a, back;                       /* 1/s */
    double spread;    /* of the fall that salt does not remember, over all salt (vly_cell_salt_fall) */
    double collector; /* phi_cc, V */
    double reference; /* t+ taken out of the salt's rows: R_ce - (reference / F) R_phi (spec 4.3) */
} vly_cell_moment;

/* The matrix of a Newton system; value NULL: only the right side is wanted. */
typedef struct vly_cell_matrix {
    const int32_t *first, *column;
    double *value;
    double *right; /* (rows) -r */
} vly_cell_matrix;

#define VLY_FARADAY 96485.33212 /* C/mol */

#endif
