/* A half cell in time: fully implicit steps (backward Euler first, then BDF2 of variable step) with error control, Newton's
 * method in each, and stops exactly at the cut-off. I > 0 lithiates the active material. Everything lives on the device;
 * what comes back is a record per step. */
#ifndef VLY_MARCH_H
#define VLY_MARCH_H

#include "cell/network.h"
#include "cell/system.h"
#include "core/device_impl.h"

typedef struct vly_cell_laws vly_cell_laws; /* cell/law_voxel.h */
typedef struct vly_march vly_march;

/* Who solves the Newton systems: the functions of cell/linear.h, or a test's own. */
typedef struct vly_cell_solving {
    vly_status (*create)(void **out, vly_device *device, const vly_cell_network *network,
                         const vly_cell_system *pattern);
    vly_status (*refresh)(void *self, const vly_cell_system *system);
    vly_status (*solve)(void *self, const vly_cell_system *system, double tolerance, double *step, double *border_step,
                        int32_t *iterations);
    void (*free)(void *self);
} vly_cell_solving;

typedef enum vly_drive {
    VLY_DRIVE_CURRENT, /* galvanostatic: value in A; 0 is rest */
    VLY_DRIVE_VOLTAGE  /* potentiostatic: value in V */
} vly_drive;

/* Where a march begins: at equilibrium, uniform. The numbers are the laws' values there. */
typedef struct vly_cell_start {
    double stoichiometry; /* x_0 */
    double concentration; /* c_e0, mol/m3; also the unit of salt in tolerances */
    double potential;     /* U(x_0), V */
    double transference;  /* t+(c_e0) */
} vly_cell_start;

typedef struct vly_march_options {
    vly_drive drive;
    double value;       /* of the drive */
    double cutoff;      /* V, stops a galvanostatic march: from above if I > 0, from below if I < 0; NAN: none */
    double end;         /* s */
    double first;       /* s, first step after a change of the drive */
    double most;        /* s, longest step; 0: 60 s at 60 A/m2, longer with less current */
    double fixed;       /* s: every step has this length, without error control; 0: controlled */
    double tolerance;   /* of a step's error, spec 4.4 */
    double newton;      /* of its equations: V, and relative to c_e0 and c_max (4.5) */
    int32_t order;      /* 2: BDF2, 1: backward Euler */
    int32_t renew;      /* steps from one point of renewal to the next, where a saved march takes up */
    bool half_at_start; /* laws->half also for the state at 0+, where it is wrong (3.2) */
    const vly_cell_solving *solving; /* NULL: cell/linear.h */
} vly_march_options;

#define VLY_MARCH_OPTIONS_INIT \
    ((vly_march_options){      \
        .cutoff = 3.0, .end = 1e9, .first = 0.05, .tolerance = 1e-3, .newton = 1e-7, .order = 2, .renew = 25})

typedef enum vly_march_end {
    VLY_MARCH_GOES_ON,
    VLY_MARCH_CUTOFF, /* the voltage is within 0.1 mV of the cut-off */
    VLY_MARCH_TIME,   /* options.end is reached */
    VLY_MARCH_STUCK   /* steps became shorter than 1e-7 s: the state is the last good one */
} vly_march_end;

/* The state after an accepted step. */
typedef struct vly_march_record {
    int64_t step;                                                  /* 0: at 0+ */
    double time;                                                   /* s */
    double length;                                                 /* s, of the step */
    double charge;                                                 /* A s since the start */
    double voltage;                                                /* V */
    double current;                                                /* A */
    double stoichiometry, stoichiometry_least, stoichiometry_most; /* x: mean over the volume */
    double salt, salt_least, salt_most;                            /* c_e, mol/m3: mean over the electrolyte's volume */
    double lithium_current;                                        /* A that the lithium delivers */
    double solid_drift;     /* lithium found in the solids minus charge / F, relative to charge / F */
    double salt_drift;      /* salt found minus salt at the start, relative to it */
    double error;           /* of the step over options.tolerance */
    int32_t newton, krylov; /* iterations of this step, those of rejected tries included */
    int32_t rejected;       /* tries before it */
    vly_march_end end;
} vly_march_record;

/* A march at 0+, its first record made. network and laws (its tables in device memory) must outlive it.
 * VLY_EDATA where the voltage is beyond the cut-off from the start. */
vly_status vly_march_create(vly_march **out, vly_device *device, const vly_cell_network *network,
                            const vly_cell_laws *laws, const vly_cell_start *start, const vly_march_options *options);
void vly_march_free(vly_march *march);

/* One step on. VLY_MARCH_... says in record.end whether there is another. */
vly_status vly_march_step(vly_march *march);
const vly_march_record *vly_march_record_now(const vly_march *march);

/* A new drive from here on: potentials jump, concentrations stay; the record then has length 0. */
vly_status vly_march_drive(vly_march *march, vly_drive drive, double value);

/* The unknowns (network: rows of cell/system.h) of the last accepted step, to the host. */
int32_t vly_march_rows(const vly_march *march);
vly_status vly_march_unknowns(const vly_march *march, double *unknowns);

/* The march as it was at its last point of renewal (borrowed, until the next step), and that point's step: records after
 * it will be made again. A march that is made like this one and then loaded goes on bit by bit as if nothing had been. */
vly_status vly_march_save(const vly_march *march, const void **blob, int64_t *bytes, int64_t *step);
vly_status vly_march_load(vly_march *march, const void *blob, int64_t bytes);

#endif
