/* A network on the device, and the Newton systems that are made of it. */
#ifndef VLY_ASSEMBLY_H
#define VLY_ASSEMBLY_H

#include "cell/network.h"
#include "cell/system.h"
#include "transport/twin.h"
enum { VLY_ASSEMBLY_ARRAYS = 48 };

typedef struct vly_assembly {
    vly_device *device;
    vly_cell_graph graph;
    vly_cell_layout layout;
    vly_cell_matrix matrix;
    vly_cell_border border;
    vly_cell_system system;
    vly_twin array[VLY_ASSEMBLY_ARRAYS];
    int32_t arrays;
    double *sums, *parts;         /* device: (4), (chunks, 4) */
    double entering, conductance; /* A from the collector into the electrode, S between them */
    double lithium;               /* A from the lithium into the electrolyte */
} vly_assembly;

/* The network must outlive it. salt_unit, solid_most: c_e0 and c_max, mol/m3. Give an object back to vly_assembly_free also after a failure. */
vly_status vly_assembly_create(vly_assembly *out, vly_device *device, const vly_cell_network *network, double salt_unit,
                               double solid_most);
void vly_assembly_free(vly_assembly *assembly);

/* Right side and, if wanted, matrix at moment->now, with laws (tables in device memory); prescribed: phi_cc is held, else
 * `current` (A, lithiating) flows. */
vly_status vly_assembly_evaluate(vly_assembly *assembly, const vly_cell_moment *moment, const vly_cell_laws *laws,
                                 bool prescribed, double current, bool matrix);

/* Makes moment->spread, before the first evaluation of a step. */
vly_status vly_assembly_remember(vly_assembly *assembly, vly_cell_moment *moment);

/* What a kernel has put into assembly->sums. */
vly_status vly_assembly_sums(const vly_assembly *assembly, double sums[4]);

#endif
