/* What a march holds; march.c moves it, march_begin.c makes it, keeps it and takes it up again. */
#ifndef VLY_MARCH_IMPL_H
#define VLY_MARCH_IMPL_H

#include "cell/march.h"
#include "cell/newton.h"

/* Iterations since the last record. */
typedef struct vly_march_tried {
    int32_t newton, krylov, rejected;
} vly_march_tried;

struct vly_march {
    vly_device *device;
    const vly_cell_network *network;
    vly_cell_laws laws;
    vly_cell_start start;
    vly_march_options options;
    vly_newton newton;
    vly_buffer states;
    double *state[4];        /* (rows) device: present, the two before, and the one that is tried */
    double collector[4];     /* V, phi_cc of them */
    double length[2];        /* s, of the last step and the one before */
    int32_t known;           /* states of the past that steps may use, since the last jump */
    double time, next, most; /* s: now, and of the step to come */
    double charge[2];        /* A s, now and one step before */
    double salt[2];          /* mol, likewise */
    vly_drive drive;
    double value, current;  /* of the drive; A */
    vly_cell_moment moment; /* of the last try */
    vly_march_tried tried;
    double solid_volume, electrolyte_volume; /* m3 */
    double solid_begin, salt_begin;          /* mol */
    vly_march_record record;
    void *kept; /* as at the last point of renewal */
    int64_t kept_bytes;
};

/* Of the present state: sum of volume c, of volume, largest c, largest -c. */
vly_status vly_march_amounts(vly_march *march, double salt[4], double solid[4]);

/* Keeps the present for vly_march_save and has the solver begin anew, so that who takes up from here does the same. */
vly_status vly_march_keep(vly_march *march);

#endif
