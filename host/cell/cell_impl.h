/* The half cell's inside, and what a march over it shares with its checkpoint and its fields. */
#ifndef VLY_CELL_IMPL_H
#define VLY_CELL_IMPL_H

#include "cell/domain.h"
#include "cell/law_voxel.h"
#include "cell/march.h"
#include "core/digest.h"

struct vly_cell {
    vly_device *device;
    vly_domain domain;
    vly_cell_network network;
    vly_cell_laws laws; /* its tables in `tables`, on the device */
    vly_buffer tables;
    vly_cell_start start;
    double cutoff;      /* V */
    double diffusivity; /* m2/s, of the salt at the start */
    double separator_gamma, separator_share, binder_gamma, binder_share;
    char path[256];             /* of the labels, for messages */
    char key[VLY_DIGEST_BYTES]; /* of everything the results depend on, the drive aside */
};

/* ---- fields (cell_fields.c) ---- */

/* Means and sections of the state behind `step`. unknowns: (rows of cell/system.h). */
vly_status vly_cell_fields_take(vly_cell_fields *out, const vly_cell *cell, const double *unknowns, int64_t step,
                                const vly_lithiate_point *point);
void vly_cell_fields_free(vly_cell_fields *fields);

/* All of it, voxel by voxel of the electrode, as image data with z from the separator. */
vly_status vly_cell_fields_write(const vly_cell *cell, const double *unknowns, const char *path);

/* ---- checkpoints (checkpoint.c) ---- */

/* What is there when a march stops: all up to one step, and the march's own state at that step. */
typedef struct vly_checkpoint {
    vly_lithiate_point *points; /* (count) */
    int64_t count;
    vly_cell_fields *fields; /* (field_count) */
    int32_t field_count;
    double seconds;
    void *state; /* (state_bytes) of the march */
    int64_t state_bytes;
} vly_checkpoint;

/* key: of the run. Replaces what is there. */
vly_status vly_checkpoint_write(const vly_checkpoint *checkpoint, const char *path, const char *key);

/* *found: whether there is one. VLY_EOUTPUT if it is of another run, VLY_EDATA if it is damaged. */
vly_status vly_checkpoint_read(vly_checkpoint *out, bool *found, const char *path, const char *key);
void vly_checkpoint_free(vly_checkpoint *checkpoint);

#endif
