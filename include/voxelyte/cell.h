/* The half cell on voxels: an electrode's labels between a collector and a separator with lithium behind it, charged or
 * discharged at a constant current (spec/electrochemistry). */
#ifndef VOXELYTE_CELL_H
#define VOXELYTE_CELL_H

#include "voxelyte/materials.h"
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

/* ---- the cell ---- */

typedef struct vly_cell vly_cell;

typedef struct vly_cell_options {
    const vly_materials *materials; /* NULL: the default ones; copied as far as they are needed */
    vly_box window;                 /* of the volume; all zero: all of it */
    vly_through through;            /* axis of the thickness, and the separator's end of it */
    bool trim; /* drop layers at the collector until more than half of the first is solid: blur leaves pore there */
    vly_floating floating;
    vly_area area;
    double area_scale;             /* with VLY_AREA_SCALE */
    int32_t separator_layers;      /* they grow from both ends to the middle */
    const double *separator_layer; /* (separator_layers) m, from the electrode on; NULL: by the materials' thickness */
    bool half;                     /* reaction with the concentration at the face, half a voxel away */
} vly_cell_options;

#define VLY_CELL_OPTIONS_INIT \
    ((vly_cell_options){      \
        .through = VLY_THROUGH_Z, .trim = true, .area_scale = 2.0 / 3.0, .separator_layers = 32, .half = true})

/* labels: phases (vly_source_labels) of cubes whose size is known; only the window is held. VLY_EDATA says what is missing:
 * active material, a way for electrons or for ions, a voxel size. */
VLY_API vly_status vly_cell_create(vly_cell **out, vly_device *device, vly_source *labels,
                                   const vly_cell_options *options);
VLY_API void vly_cell_free(vly_cell *cell);
VLY_API const vly_cell_geometry *vly_cell_found(const vly_cell *cell);

/* What can be said before any step: currents in A/m2 of the cross-section, charges in A s/m2 of it. */
typedef struct vly_cell_outlook {
    double full;   /* charge of all active material that takes part, from x = 0 to 1 */
    double theory; /* of it what lies between x_0 and 1 */
    double
        limiting; /* current that empties the separator of salt at the electrode, in the end: 2 F gamma D c / ((1 - t) L) */
    double
        depleting; /* an upper bound of the current at which the collector's side is not empty of salt in the end, were
                         the reaction the same everywhere */
    double bytes;  /* of memory that a march will about take */
} vly_cell_outlook;

VLY_API void vly_cell_look(vly_cell_outlook *out, const vly_cell *cell);

/* ---- a constant current ---- */

typedef enum vly_lithiate_stop {
    VLY_STOP_CUTOFF, /* within 0.1 mV of the cut-off */
    VLY_STOP_CHARGE, /* 1.2 times the charge of theory, or as far as was asked */
    VLY_STOP_STUCK   /* steps became shorter than 1e-7 s; what was reached is there */
} vly_lithiate_stop;

/* After a step. */
typedef struct vly_lithiate_point {
    double time;                                    /* s */
    double charge;                                  /* A s/m2 */
    double voltage;                                 /* V */
    double current;                                 /* A/m2 */
    double stoichiometry;                           /* x, mean over the active material that takes part */
    double stoichiometry_least, stoichiometry_most; /* of its voxels */
    double salt, salt_least, salt_most;             /* mol/m3 */
    double lithium_balance, salt_balance; /* lithium in the solids less charge / F, over that; salt less that at
                                                          the start, over that */
    double charge_balance;                /* current at the lithium over that at the collector, less 1 */
    int32_t newton, krylov, rejected;     /* iterations; tries before the step was taken */
} vly_lithiate_point;

/* The cell at one moment. Layers: of the electrode and the separator, from the collector on; sections: the plane in the
 * middle of the volume's second lateral axis. NaN where there is no such unknown. */
typedef struct vly_cell_fields {
    int64_t step;                 /* the point they belong to */
    double time, charge, voltage; /* as it has them */
    int32_t layers;               /* of electrode and separator */
    double *depth; /* (layers) m from the separator's end of the electrode to the layer's middle; negative in
                                     the separator */
    double *stoichiometry, *salt, *solid_potential, *electrolyte_potential; /* (layers) means */
    vly_extent section; /* nx by nz pixels of voxels, `stride` apart; nz from the separator's end */
    int32_t stride;
    float *section_stoichiometry, *section_salt; /* (nz, nx) */
} vly_cell_fields;

typedef struct vly_lithiate_watch {
    /* After every step, as progress has it. May be NULL. */
    vly_status (*point)(void *self, const vly_lithiate_point *point);
    void *self;
} vly_lithiate_watch;

typedef struct vly_lithiate_options {
    double current;   /* A/m2; above 0 lithiates the active material, below 0 takes lithium out, up to the cut-off */
    double most;      /* A s/m2 to stop at the latest; 0: 1.2 times the charge of theory */
    double tolerance; /* of a step in time, relative to c_max and c_e0 */
    double fixed;     /* s: every step of this length by backward Euler; 0: controlled */
    const double
        *fields; /* (field_count) A s/m2, ascending: the first state behind each is kept, and the last in any case */
    int32_t field_count;
    const char *field_path; /* "out/fields": those states also as out/fields_1.vti ...; NULL: not written */
    bool overwrite;         /* begin anew where there is a checkpoint of another run */
    const char *checkpoint; /* file that a stopped march leaves, and a long one every minute; NULL: none */
    vly_lithiate_watch watch;
} vly_lithiate_options;

#define VLY_LITHIATE_OPTIONS_INIT ((vly_lithiate_options){.tolerance = 1e-3})

typedef struct vly_lithiate_result {
    vly_lithiate_stop stop;
    double cutoff;              /* V */
    double charge;              /* A s/m2 at the end */
    vly_lithiate_point *points; /* (count) from the state at 0+ on */
    int64_t count;
    vly_cell_fields *fields; /* (field_count) */
    int32_t field_count;
    int64_t newton, krylov, rejected;                     /* of all steps */
    double lithium_balance, salt_balance, charge_balance; /* largest of all steps */
    double seconds;                                       /* spent, of those that a checkpoint saved too */
    int64_t resumed;                                      /* step at which this call took up the march; -1: at none */
} vly_lithiate_result;

/* Of everything that the result depends on: equal keys, equal results. */
enum { VLY_LITHIATE_KEY = 33 };
VLY_API vly_status vly_lithiate_key(char key[VLY_LITHIATE_KEY], const vly_cell *cell,
                                    const vly_lithiate_options *options);

/* Where the checkpoint is there the march goes on from it, bit by bit as if it had not been stopped; VLY_EOUTPUT if it is of
 * another run and not `overwrite`. Asked to stop (vly_progress) it leaves one, and comes back with the status that it was asked with. A march that
 * is done leaves it to who keeps the result to remove it. The device's progress is told the capacity and the voltage. */
VLY_API vly_status vly_lithiate(vly_lithiate_result *out, vly_cell *cell, const vly_lithiate_options *options);
VLY_API void vly_lithiate_result_free(vly_lithiate_result *result);

/* "cut-off", "charge", "stuck". */
VLY_API const char *vly_lithiate_stop_name(vly_lithiate_stop stop);

#ifdef __cplusplus
}
#endif
#endif
