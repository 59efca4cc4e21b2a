/* The parts of the network's training: table, splits, one pass over a batch; and the model they make. */
#ifndef VLY_MLP_IMPL_H
#define VLY_MLP_IMPL_H

#include "core/device_impl.h"
#include "voxelyte/mlp.h"

enum { VLY_MLP_SYMMETRIES = 48 };

enum {
    VLY_MLP_ORBITS = 10,   /* sets of inputs that the symmetries exchange among each other */
    VLY_MLP_RANKS = 1024,  /* of grey values */
    VLY_MLP_CERTAIN = 1000 /* voxels that the grey level of a phase must be told from */
};

/* Grey values by which one scan is told in those of another (spec 7.5). */
typedef struct vly_mlp_levels {
    bool known;
    float level[2];                /* of voxels that are certainly pore, and am: medians */
    float quantile[VLY_MLP_RANKS]; /* ranks (i + 1/2) / VLY_MLP_RANKS */
    int64_t certain[2];            /* voxels; not in a model's file */
} vly_mlp_levels;

struct vly_mlp_table {
    vly_mlp_table_info info;
    vly_mlp_levels levels; /* of the grey volume */
    float *grey;           /* (voxels, VLY_MLP_INPUTS) */
    float *target;         /* (voxels, 3) am, cbd, pore */
    int32_t (*place)[3];   /* (voxels) x, y, z in the composition */
};

/* Where input k of a turned patch comes from: the 48 signed permutations of the axes, the first one changing nothing. */
void vly_mlp_symmetries(uint8_t from[VLY_MLP_SYMMETRIES][VLY_MLP_INPUTS]);

/* A sample is VLY_MLP_SYMMETRIES * voxel + symmetry. */
typedef struct vly_mlp_parts {
    int32_t *sample[3]; /* (count) training, validation, test; one allocation, at sample[0] */
    int32_t count[3];
} vly_mlp_parts;

/* VLY_EDATA if a part would be empty. */
vly_status vly_mlp_parts_make(vly_mlp_parts *out, const vly_mlp_table *table, vly_mlp_split split, uint64_t seed);
void vly_mlp_parts_free(vly_mlp_parts *parts);

/* Fills in how good a network is that tells `told` (count[2], 3) of the test samples. */
vly_status vly_mlp_judge(vly_mlp_result *result, const vly_mlp_table *table, const vly_mlp_parts *parts,
                         const float *told);

/* Mean squared error of what is told, (count, 3), of `count` samples. */
double vly_mlp_error(const vly_mlp_table *table, const int32_t *sample, int32_t count, const float *told);

/* Puts `items` in an order that only the seed decides. */
void vly_mlp_shuffle(int32_t *items, int32_t count, uint64_t seed);

/* What training patches look like: means over their orbits, which no symmetry changes, as a cloud of points. */
typedef struct vly_mlp_seen {
    bool known;
    float mean[VLY_MLP_ORBITS];
    float whiten[VLY_MLP_ORBITS]
                [VLY_MLP_ORBITS]; /* takes off-means to independent ones of variance 1; lower triangle */
    float limit;                  /* squared distance that 99 % of the patches lie within */
} vly_mlp_seen;

/* From a scan's region, whose window is given, of these fractions. known stays false where too few voxels are certain. */
vly_status vly_mlp_levels_find(vly_mlp_levels *out, vly_device *device, vly_source *grey,
                               const vly_region_options *region, const vly_fractions *fractions);

/* A scan's grey value g is slope * g + offset in the scan that the model knows. */
void vly_mlp_levels_line(double *slope, double *offset, const vly_mlp_levels *model, const vly_mlp_levels *scan);

/* The same by quantiles: table[g]. */
void vly_mlp_levels_table(uint16_t table[65536], const vly_mlp_levels *model, const vly_mlp_levels *scan);

/* From all patches of the table; the network's inputs are (grey - mean) / sd. known stays false where they span nothing. */
vly_status vly_mlp_seen_learn(vly_mlp_seen *out, const vly_mlp_table *table, float mean, float sd);

/* Share of a sample of the window's voxels that lie beyond the limit; NaN if there are none. mask: as in a region. */
vly_status vly_mlp_seen_share(double *out, const vly_mlp_seen *seen, const vly_mlp_net *net, vly_source *grey,
                              vly_source *mask, vly_box window);

/* The weights in whole numbers. */
void vly_mlp_fix(vly_mlp_fixed *out, const float weights[VLY_MLP_VALUES]);

struct vly_mlp {
    float weights[VLY_MLP_VALUES]; /* as in vly_mlp_net */
    float *others;                 /* (other_count, VLY_MLP_VALUES) the rest of an ensemble; NULL: none */
    int32_t other_count;
    float mean, sd; /* grey value of the training patches */
    vly_mlp_activation activation;
    double voxel_size; /* m */
    vly_mlp_split split;
    uint64_t seed;
    double validation, test;
    vly_mlp_levels levels; /* of the volume it was trained on */
    vly_mlp_seen seen;
};

#endif
