/* Synthetic cathodes with known truth: labels, the tomogram a synchrotron would give of them, an EDX map and a paired
 * high-resolution volume. Everything is a function of position and seed, so a seed gives the same bytes on any machine,
 * for any number of threads and any memory limit. */
#ifndef VOXELYTE_SYNTH_H
#define VOXELYTE_SYNTH_H

#include "voxelyte/threshold.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum vly_synth_preset {
    VLY_SYNTH_TWO_LAYER,    /* packed spheres, binder in necks and islands; CBD-poor on the separator's side */
    VLY_SYNTH_SINGLE_LAYER, /* the same with one composition */
    VLY_SYNTH_SLABS,        /* three flat slabs along x: am, cbd, pore; tortuosity 1 along y and z */
    VLY_SYNTH_SPHERES       /* face-centred cubic spheres of am with a shell of cbd; periodic */
} vly_synth_preset;

/* How phases become grey (AM is 1, pore is 0). CBD is 0.187 in phase contrast, 0.009 in absorption. */
typedef enum vly_synth_grey { VLY_SYNTH_PHASE, VLY_SYNTH_ABSORPTION, VLY_SYNTH_MIXED } vly_synth_grey;

enum { VLY_SYNTH_LAYERS = 2, VLY_SYNTH_SIDE_MIN = 16 };

/* The forward model of the tomogram: u16 = 8192 + 32768 f with AM at f = 1. */
typedef struct vly_synth_optics {
    vly_synth_grey model;
    double noise;             /* standard deviation, in units of the AM level */
    double noise_correlation; /* standard deviation of the Gaussian that correlates it [voxel] */
    double psf;               /* standard deviation of the point spread [voxel]; 0: mean over the voxel */
    double fringe;            /* f -= fringe * laplacian of the refracting phase [voxel^2] */
    double rings;             /* standard deviation of ring offsets, in units of the AM level; 0: none */
    double ring_centre[2];    /* x, y of the axis of rotation [voxel] */
} vly_synth_optics;

typedef struct vly_synth_options {
    vly_synth_preset preset;
    vly_extent extent; /* voxels; at least VLY_SYNTH_SIDE_MIN a side */
    double voxel_size; /* m */
    uint64_t seed;
    int32_t supersample;     /* k: k^3 points a voxel decide its label */
    bool literal;            /* the paper's fractions as printed (solid CBD, total porosity) */
    vly_fractions fractions; /* of every layer; all zero: the preset's */
    double gradient;         /* gamma: CBD(depth) ~ 1 + gamma (2 depth/thickness - 1), -0.9 ... 0.9 */
    double islands;          /* phi: share of the CBD in isolated domains, the rest sits in necks; 0 ... 1 */
    vly_synth_optics optics;
    bool compress;     /* Deflate grey.tif and the like; labels always are */
    int32_t ratio;     /* of given labels: so many along each side of a voxel of the tomogram; 0: one */
    int32_t fib_ratio; /* fine voxels per 2 voxels of the tomogram; 0: no fib/ */
    bool fib_grey;     /* a grey SEM volume beside the fine labels */
} vly_synth_options;

#define VLY_SYNTH_OPTICS_INIT ((vly_synth_optics){.noise = 0.06, .noise_correlation = 0.5, .psf = 0.6})
#define VLY_SYNTH_OPTIONS_INIT                                                            \
    ((vly_synth_options){.extent = {128, 128, 128},                                       \
                         .voxel_size = 0.642e-6,                                          \
                         .seed = 1,                                                       \
                         .supersample = 3,                                                \
                         .islands = 0.3,                                                  \
                         .optics = {.noise = 0.06, .noise_correlation = 0.5, .psf = 0.6}, \
                         .fib_ratio = 16})

typedef struct vly_synth_layer {
    double from, to; /* depth from the separator, mean interface [m] */
    vly_fractions fractions;
    int64_t samples;             /* points of the supersampled lattice in it */
    int64_t targets[VLY_PHASES]; /* points per phase that were asked for */
    int64_t counts[VLY_PHASES];  /* points per phase there are */
    double am_level, neck_level; /* thresholds of the distance fields, the latter averaged over depth [m] */
} vly_synth_layer;

typedef struct vly_synth_result {
    int64_t voxels;
    int64_t counts[VLY_PHASES]; /* voxels per phase of the truth: targets to score a segmentation with */
    int32_t layers;             /* 0 when made from labels */
    vly_synth_layer layer[VLY_SYNTH_LAYERS];
    int64_t clamped;           /* grey values beyond u16 */
    int64_t particles;         /* spheres packed */
    int32_t pack_iterations;   /* of the relaxation */
    double pack_overlap;       /* largest overlap that is left, relative to the smaller radius */
    vly_extent edx_extent;     /* columns, rows (depth), 1 */
    double edx_pixel;          /* m */
    vly_extent fib_extent;     /* fine voxels; zero: no volume */
    int32_t fib_coarse[3];     /* x, y, z: voxels of twice the tomogram's size that it holds */
    double fib_voxel;          /* m */
    double fib_rotation[3][3]; /* position in the tomogram = rotation * position in the fine volume + shift; */
    double fib_shift[3];       /* x, y, z from the corner of the first voxel [m] */
} vly_synth_result;

/* "two-layer", "single-layer", "slabs", "spheres"; "phase", "absorption", "mixed". VLY_EUSAGE for any other word. */
VLY_API vly_status vly_synth_preset_parse(vly_synth_preset *out, const char *name);
VLY_API const char *vly_synth_preset_name(vly_synth_preset preset);
VLY_API vly_status vly_synth_grey_parse(vly_synth_grey *out, const char *name);
VLY_API const char *vly_synth_grey_name(vly_synth_grey model);

/* Makes the folder and in it grey.tif, truth.tif, edx.tif, fib/ and synth.json. VLY_EUSAGE for options out of range. */
VLY_API vly_status vly_synth(vly_synth_result *out, vly_device *device, const char *folder, bool overwrite,
                             const vly_synth_options *options);

/* The same volumes into memory: grey and truth (nz, ny, nx) of options->extent; either may be NULL. */
VLY_API vly_status vly_synth_memory(vly_synth_result *out, vly_device *device, uint16_t *grey, uint8_t *truth,
                                    const vly_synth_options *options);

/* The tomogram of labels that are given (pore also where they say outside): grey.tif, truth.tif and synth.json. With a ratio
 * its voxels are coarser: the truth is the majority of their labels (ties: am, then cbd, then pore), and labels that fill no
 * voxel are left out. Of the options, seed, ratio, supersample, optics and (where the labels do not know it) voxel_size,
 * that of the labels, count. */
VLY_API vly_status vly_synth_from_labels(vly_synth_result *out, vly_device *device, vly_source *labels,
                                         const char *folder, bool overwrite, const vly_synth_options *options);

#ifdef __cplusplus
}
#endif
#endif
