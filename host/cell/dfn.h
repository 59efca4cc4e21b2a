/* The homogenised half cell (Doyle, Fuller, Newman): spheres of active material along one axis through the electrode, as a
 * network like any other. It is what an image is compared with, and a fast surrogate. */
#ifndef VLY_DFN_H
#define VLY_DFN_H

#include "cell/network.h"

typedef struct vly_dfn {
    double thickness; /* m, of the electrode */
    double porosity;  /* electrolyte in it */
    double gamma;     /* transport in its electrolyte over that in the free one */
    double active;    /* active material in it */
    double radius;    /* m, of its particles */
    double sigma;     /* S/m, effective */
    double separator; /* m */
    double separator_porosity, separator_gamma;
    int32_t cells, separator_cells, shells; /* along the electrode, the separator, and a radius */
} vly_dfn;

/* Per m2 of cross-section, the collector at the first cell. */
vly_status vly_dfn_network(vly_cell_network *out, const vly_dfn *dfn);

#endif
