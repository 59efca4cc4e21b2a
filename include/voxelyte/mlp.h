/* Learning from correlative microscopy (Prifling et al. 2022, sec. 3.3): a network that tells the volume fractions of a voxel
 * from the grey values around it, trained where labels at high resolution exist, and nine ways to trinarise by it. */
#ifndef VOXELYTE_MLP_H
#define VOXELYTE_MLP_H

#include "voxelyte/threshold.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- what is learned from ---- */

typedef struct vly_mlp_table vly_mlp_table;

/* grey: u16 source. composition: f32 source of three channels (vly_compose), whose voxels are one or several of grey's along
 * each side; grey is averaged over them. Voxels whose 5^3 neighbourhood leaves the grey volume, or that have no composition,
 * are left out. VLY_EDATA for voxel sizes that do not fit, a composition beyond the grey volume, fractions that are none,
 * fewer than 200 voxels, or a phase that is never seen. */
VLY_API vly_status vly_mlp_table_open(vly_mlp_table **out, vly_device *device, vly_source *grey,
                                      vly_source *composition);
VLY_API void vly_mlp_table_close(vly_mlp_table *table);

typedef struct vly_mlp_table_info {
    int64_t voxels;    /* that can be learned from, */
    int64_t border;    /* and that cannot because their neighbourhood is incomplete */
    double voxel_size; /* m, of the composition */
    int32_t binning;   /* grey voxels along a side of one of these */
    double fractions[VLY_PHASES];
    bool calibrated;    /* the grey levels of the volume are known, */
    double levels[2];   /* of voxels that are certainly pore, and am; */
    int64_t certain[2]; /* so many there are */
} vly_mlp_table_info;

VLY_API const vly_mlp_table_info *vly_mlp_table_about(const vly_mlp_table *table);

/* Finds the grey levels by which another scan can be told in the grey values of this one (spec 7.5): medians over voxels
 * that are certainly pore and certainly active material, fractions being those of the volume; and its quantiles. Where too
 * few voxels are certain that is a warning, and a model of this table calibrates nothing. */
VLY_API vly_status vly_mlp_table_calibrate(vly_mlp_table *table, vly_device *device, vly_source *grey,
                                           const vly_fractions *fractions);

/* ---- the network ---- */

/* How voxels are shared out 60/20/20 for training, early stopping and testing. */
typedef enum vly_mlp_split {
    VLY_MLP_GROUP, /* a voxel with all its 48 turned copies goes to one part */
    VLY_MLP_BLOCK, /* slabs along the longest side with 4 layers between them: no two parts see the same grey value */
    VLY_MLP_PAPER  /* copies go anywhere: the parts leak into each other, and errors come out too small */
} vly_mlp_split;

typedef enum vly_mlp_kind { VLY_MLP_KIND_RELU, VLY_MLP_KIND_TANH, VLY_MLP_KIND_LOGISTIC } vly_mlp_kind;

typedef struct vly_mlp_options {
    vly_mlp_split split;
    vly_mlp_kind activation;
    int32_t epochs;   /* at most */
    int32_t patience; /* epochs without a smaller validation error before it stops */
    int32_t batch;    /* samples a step */
    double rate;      /* of learning */
    double momentum;  /* Nesterov's */
    uint64_t seed;
    int32_t tries;  /* networks trained from seed, seed + 1, ...; the one with the least validation error is kept */
    bool far_field; /* train another one with VLY_MLP_BLOCK to learn the error away from the training voxels */
    bool ensemble;  /* all of them are kept, and the mean of their outputs is what counts */
} vly_mlp_options;

#define VLY_MLP_OPTIONS_INIT            \
    ((vly_mlp_options){.epochs = 500,   \
                       .patience = 10,  \
                       .batch = 128,    \
                       .rate = 0.05,    \
                       .momentum = 0.9, \
                       .seed = 1,       \
                       .tries = 1,      \
                       .far_field = true})

enum { VLY_MLP_TRIES_MAX = 64, VLY_MLP_BINS = 10 };

/* Errors are means over samples and phases of (fraction told - fraction known)^2. */
typedef struct vly_mlp_epoch {
    double training, validation;
} vly_mlp_epoch;

typedef struct vly_mlp_bin {
    int64_t count;
    double told, known; /* means */
} vly_mlp_bin;

typedef struct vly_mlp_result {
    int64_t voxels[3], samples[3]; /* training, validation, test; with the split paper a voxel counts in several */
    double training, validation;   /* of the epoch that was kept; validation of an ensemble: its own */
    double test, interval[2];      /* and its 95 % confidence interval, voxels being independent */
    double constant;               /* of telling the mean composition for every test voxel */
    double far_field;              /* test error with the split block; NaN if it was not or cannot be found */
    uint64_t seed;                 /* of the network that was kept */
    int32_t best_epoch, epochs;    /* counted from 1 */
    int32_t tries;
    double tried[VLY_MLP_TRIES_MAX];            /* validation errors */
    vly_mlp_epoch *curve;                       /* (epochs) of the network that was kept */
    vly_mlp_bin bins[VLY_PHASES][VLY_MLP_BINS]; /* test samples by the fraction told: tenths */
} vly_mlp_result;

typedef struct vly_mlp vly_mlp;

/* The same bits for any number of threads. VLY_ENUMERIC where the error ceases to be finite; VLY_EDATA where a split leaves
 * a part empty. */
VLY_API vly_status vly_mlp_train(vly_mlp **out, vly_mlp_result *result, vly_device *device, const vly_mlp_table *table,
                                 const vly_mlp_options *options);
VLY_API void vly_mlp_result_free(vly_mlp_result *result);

/* A file in the layout of safetensors: W1 ... W6 (outs, ins), b1 ... b6, norm (mean, standard deviation), and metadata. */
VLY_API vly_status vly_mlp_write(const vly_mlp *mlp, const char *path, bool overwrite);

/* VLY_EDATA (E_FORMAT) with what is wrong for any other file. */
VLY_API vly_status vly_mlp_read(vly_mlp **out, const char *path);
VLY_API void vly_mlp_free(vly_mlp *mlp);

/* Voxels the network was trained on [m]; networks that it consists of. */
VLY_API double vly_mlp_voxel_size(const vly_mlp *mlp);
VLY_API int32_t vly_mlp_members(const vly_mlp *mlp);

/* ---- using it ---- */

/* What neighbourhood the network sees where voxels are not of the training's size (spec 7.6). */
typedef enum vly_mlp_scale {
    VLY_MLP_AUTO,    /* native for voxels of the training's size, atrous for voxels of half its size, else an error */
    VLY_MLP_NATIVE,  /* 5^3 voxels as they are */
    VLY_MLP_ATROUS,  /* every second voxel of the volume averaged over two voxels */
    VLY_MLP_BINNED,  /* means over 2^3 voxels, each of which gets what is told of the mean */
    VLY_MLP_RESAMPLE /* means over cubes of the training's voxel size, likewise */
} vly_mlp_scale;

/* How grey values of this scan become those of the training's (spec 7.5). */
typedef enum vly_mlp_calibration_kind {
    VLY_MLP_UNCALIBRATED, /* the same value means the same in both */
    VLY_MLP_TWO_POINT,    /* a line through the levels of certain pore and certain active material */
    VLY_MLP_QUANTILES,    /* by the share of voxels that are darker */
    VLY_MLP_CALIBRATED    /* two-point if the levels are known on both sides, else uncalibrated with a warning */
} vly_mlp_calibration_kind;

typedef enum vly_mlp_precision {
    VLY_MLP_EXACT, /* fp32 */
    VLY_MLP_FAST,  /* 16-bit whole numbers: about twice as fast, other labels for less than one voxel in a thousand */
    VLY_MLP_PRECISION_AUTO /* exact up to VLY_MLP_EXACT_MOST voxels; either way the same bits on every device */
} vly_mlp_precision;

#define VLY_MLP_EXACT_MOST (INT64_C(1) << 28)

typedef struct vly_mlp_apply_options {
    vly_region_options region;
    vly_mlp_scale scale;
    vly_mlp_calibration_kind calibration;
    vly_fractions fractions; /* of the phases in the region, for two-point */
    bool spread;             /* also keep how far the networks of an ensemble are apart */
    vly_mlp_precision precision;
} vly_mlp_apply_options;

/* What the network says of every voxel of a region: kept in memory where there is room, else in a scratch file. */
typedef struct vly_mlp_field vly_mlp_field;

/* grey: u16 source. VLY_EDATA (E_SCALE) for voxel sizes that do not fit. The device must outlive the field. */
VLY_API vly_status vly_mlp_apply(vly_mlp_field **out, vly_device *device, vly_source *grey, const vly_mlp *mlp,
                                 const vly_mlp_apply_options *options);
VLY_API void vly_mlp_field_free(vly_mlp_field *field);

/* A field from z_am - z_pore and z_cbd - z_pore (nz, ny, nx, 2), NaN outside; copied. */
VLY_API vly_status vly_mlp_field_memory(vly_mlp_field **out, vly_device *device, const float *logit, vly_extent extent);

/* More voxels than this unlike the training's, and a volume is out of its distribution: by definition one in a hundred is. */
#define VLY_MLP_UNLIKE 0.1

typedef struct vly_mlp_summary {
    int64_t voxels;               /* inside */
    double fractions[VLY_PHASES]; /* mean of the probabilities */
    vly_mlp_scale scale;          /* as it was used */
    vly_mlp_calibration_kind calibration;
    double slope, offset; /* training's grey value = slope * grey value + offset; of quantiles: through their ends */
    int32_t members;
    bool fast;      /* in whole numbers */
    double unlike;  /* share of the voxels whose neighbourhood is unlike 99 % of the training's; NaN: unknown */
    double entropy; /* mean of vly_mlp_entropy */
    double spread;  /* mean of vly_mlp_spread; NaN: not kept */
} vly_mlp_summary;

VLY_API const vly_mlp_summary *vly_mlp_field_about(const vly_mlp_field *field);

/* am, cbd and pore of every voxel as f32 side by side (a sink of three channels), 0 outside. */
VLY_API vly_status vly_mlp_fractions(vly_mlp_field *field, vly_sink *composition);

/* One f32 a voxel, 0 outside. Entropy of the fractions told, over that of three equal ones: 0 sure, 1 no idea. Spread of an
 * ensemble: root of the mean over the phases of the variance of what its networks tell; VLY_EUSAGE if it was not kept. */
VLY_API vly_status vly_mlp_entropy(vly_mlp_field *field, vly_sink *entropy);
VLY_API vly_status vly_mlp_spread(vly_mlp_field *field, vly_sink *spread);

/* The nine trinarisations, by which phase is taken first and which next; what is left becomes the third. With conditional
 * the second is chosen by its odds against the third. */
typedef struct vly_mlp_order {
    vly_phase first, second;
    bool conditional;
} vly_mlp_order;

enum { VLY_MLP_ORDERS = 9 };

/* nn-am-cbd-p nn-am-p-cbd nn-am-cond nn-cbd-am-p nn-cbd-p-am nn-cbd-cond nn-p-am-cbd nn-p-cbd-am nn-p-cond */
VLY_API vly_mlp_order vly_mlp_order_at(int32_t index);

typedef struct vly_mlp_labels {
    int64_t targets[VLY_PHASES], counts[VLY_PHASES];
    double scores[2]; /* score of the last voxel taken as the first phase, and as the second: NaN if none is */
    int64_t tied[2];  /* voxels of exactly that score, decided by a hash of their index */
} vly_mlp_labels;

/* Exactly the target numbers of voxels. labels: u8 sink of the field's extent. */
VLY_API vly_status vly_mlp_trinarise(vly_mlp_labels *out, vly_mlp_field *field, vly_sink *labels, vly_mlp_order order,
                                     const vly_fractions *fractions, uint64_t seed);

#ifdef __cplusplus
}
#endif
#endif
