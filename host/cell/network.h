/* The half cell as a graph of finite volumes: nodes with unknowns, and the edges between them. An image, a porous-electrode
 * model and a one-dimensional test are all such graphs, and the equations know nothing else (electrochemistry spec 4.1). */
#ifndef VLY_CELL_NETWORK_H
#define VLY_CELL_NETWORK_H

#include "cell/graph_voxel.h"
#include "voxelyte/base.h"

typedef struct vly_cell_edges {
    int64_t count;
    int32_t (*ends)[2]; /* (count) nodes, the lower first; never the same pair twice */
    uint16_t *shape;    /* (count) */
} vly_cell_edges;

/* All arrays come from core/memory.h. */
typedef struct vly_cell_network {
    int32_t solids;             /* nodes with c_s */
    int32_t electrons;          /* nodes with phi_s */
    int32_t electrolytes;       /* nodes with c_e and phi_e */
    double *solid_volume;       /* (solids) m3 */
    double *electrolyte_volume; /* (electrolytes) eps V, m3 */
    float *gamma;               /* (electrolytes) factor on conductivity and diffusivity */
    int32_t *electron_solid;    /* (electrons) node that says how well it conducts, or -1: a constant */
    float *electron_sigma;      /* (electrons) that constant in S/m; else a factor on the law of the solid */
    uint64_t *solid_place, *electron_place, *electrolyte_place; /* x | y << 21 | z << 42, k = 0 at the collector */
    int32_t shapes;
    vly_cell_shape *shape;
    vly_cell_edges solid, electron, electrolyte; /* diffusion in solids; electrons; ions and salt */
    int64_t faces;
    vly_cell_face *face;
    int32_t collectors, lithiums;
    vly_cell_collector *collector;
    vly_cell_lithium *lithium;
    double cross_section; /* m2 */
} vly_cell_network;

/* VLY_EDATA if some potential is tied neither to the collector nor to the lithium: it would be any. */
vly_status vly_cell_network_check(const vly_cell_network *network);
void vly_cell_network_free(vly_cell_network *network);

#endif
