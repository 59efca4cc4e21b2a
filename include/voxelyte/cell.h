/* The half cell on voxels: an electrode's labels between a collector and a separator with lithium behind it, charged or
 * discharged at a constant current (spec/electrochemistry). */
#ifndef VOXELYTE_CELL_H
#define VOXELYTE_CELL_H

#include "voxelyte/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The faces of voxels exaggerate a smooth surface by half: what the reaction sees as the area of a face. */
typedef enum vly_area {
    VLY_AREA_NORMAL, /* times how far the smoothed surface's normal looks along the face's: right for smooth particles */
    VLY_AREA_RAW,    /* the square of the face */
    VLY_AREA_SCALE   /* that times one number */
} vly_area;

/* Active material without a way for electrons to the collector. */
typedef enum vly_floating {
    VLY_FLOATING_INERT, /* takes no part */
    VLY_FLOATING_KEPT   /* keeps its potential free: it exchanges lithium with itself */
} vly_floating;

/* What active material faces. */
typedef enum vly_cell_contact { VLY_FACES_PORE, VLY_FACES_BINDER, VLY_FACES_SEPARATOR, VLY_CONTACTS } vly_cell_contact;

/* What became of the labels. Layers and voxels are the electrode's unless they say otherwise. */
typedef struct vly_cell_geometry {
    vly_extent extent; /* voxels of the electrode; nz: its layers */
    int32_t trimmed;   /* layers that were dropped at the collector: not half solid */
    int32_t above;     /* and at the separator: nothing solid in them */
    int32_t separator_layers;
    double voxel;               /* m, side */
    double separator_ratio;     /* of the thicknesses of neighbouring layers; 1: equal, or given one by one */
    double separator_thickness; /* m */
    double cross_section;       /* m2, of all columns */
    int64_t voxels[VLY_PHASES];
    int64_t sealed[VLY_PHASES];   /* of pore and carbon-binder: electrolyte without a way to the lithium */
    int64_t floating[VLY_PHASES]; /* of active material and carbon-binder: no way for electrons to the collector */
    int64_t inert;                /* of that active material: what takes no part */
    int64_t faces[VLY_CONTACTS], collector_faces;
    double raw_area[VLY_CONTACTS]; /* m2, of the squares */
    double area[VLY_CONTACTS];     /* m2, as the reaction has it before the neighbour's share of electrolyte */
    int64_t solids, electrons, electrolytes;
    int64_t unknowns; /* of the whole cell: solids + electrons + 2 electrolytes + 1 */
} vly_cell_geometry;

#ifdef __cplusplus
}
#endif
#endif
