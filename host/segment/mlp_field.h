/* Where a field keeps two numbers a voxel, and how they are walked: shared by what makes a field and what ranks it. */
#ifndef VLY_MLP_FIELD_H
#define VLY_MLP_FIELD_H

#include "core/device_impl.h"
#include "core/file.h"
#include "voxelyte/mlp.h"

/* Where a selection ends. Voxels with a larger score are taken, those with a smaller one are not. */
typedef struct vly_mlp_cut {
    uint32_t key;  /* of the score: ascending as scores descend */
    uint64_t hash; /* voxels of that score are taken if the hash of their index lies below */
    bool none;     /* nothing is taken, */
    bool whole;    /* or all voxels of that score */
    int64_t tied;  /* voxels of that score */
} vly_mlp_cut;

/* The selections that several trinarisations begin with. */
typedef struct vly_mlp_known {
    bool known;
    vly_fractions fractions;
    uint64_t seed;
    vly_mlp_cut cut;
} vly_mlp_known;

struct vly_mlp_field {
    vly_device *device;
    vly_extent extent;
    vly_mlp_summary summary;
    bool spreads;  /* there is a spread */
    float *logit;  /* (voxels, 2) in memory; NULL: in the file */
    float *spread; /* (voxels) likewise; in the file behind the former */
    vly_file file; /* unlinked; -1: none */
    vly_mlp_known first[VLY_PHASES];
};

enum {
    VLY_MLP_FIELD_BYTES = 2 * sizeof(float), /* of a voxel */
    VLY_MLP_PIECE = 1 << 16                  /* voxels that are looked at together */
};

/* With nothing put into it. scratch: folder for the file; NULL: TMPDIR or /tmp. */
vly_status vly_mlp_field_open(vly_mlp_field **out, vly_device *device, vly_extent extent, bool spreads,
                              const char *scratch);

/* logit (count, 2) and spread (count; if there is one) of voxels first ... first + count - 1. */
vly_status vly_mlp_field_put(vly_mlp_field *field, const float *logit, const float *spread, int64_t first,
                             int64_t count);

/* Fills in what there is to know of it, once all has been put. VLY_EDATA (E_ROI), naming `path`, if no voxel is inside. */
vly_status vly_mlp_field_summarise(vly_mlp_field *field, const char *path);

/* Voxels first ... first + count - 1, count at most VLY_MLP_PIECE: borrowed from memory, or read into `room`. */
vly_status vly_mlp_field_piece(const float **out, const vly_mlp_field *field, int64_t first, int64_t count,
                               float room[2 * VLY_MLP_PIECE]);

/* The same of the spread; 0 where there is none. */
vly_status vly_mlp_field_spread(const float **out, const vly_mlp_field *field, int64_t first, int64_t count,
                                float room[VLY_MLP_PIECE]);

/* What vly_mlp_entropy says of a voxel. */
float vly_mlp_entropy_of(const float logit[2]);

#endif
