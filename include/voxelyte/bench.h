/* How fast each stage runs on this machine, beside the bound that this machine sets (design: speed is reported with machine,
 * extent, bytes or flops moved, and the bound they imply). */
#ifndef VOXELYTE_BENCH_H
#define VOXELYTE_BENCH_H

#include "voxelyte/device.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vly_bench_row {
    char stage[16];     /* what was named on the command line */
    char what[80];      /* in words */
    int64_t voxels;     /* 0 for a ceiling */
    double seconds;     /* median of the repeats */
    double best, worst; /* of the repeats, seconds */
    double rate;        /* in `unit` */
    char unit[16];      /* "Mvoxel/s", "GB/s", "Gflop/s", "ratio" */
    double bound;       /* the rate this machine allows, same unit; 0 if there is none */
    char reason[80];    /* where the bound comes from */
    bool counted;       /* what follows is known: of one run, on a device that counts (the emulated one of the tests) */
    int64_t launches, threads, meetings; /* kernels; their threads; threads at barriers and warp functions */
    int64_t copied;                      /* bytes between host and device and on the device */
} vly_bench_row;

enum { VLY_BENCH_ROWS = 32 };

typedef struct vly_bench_result {
    vly_bench_row rows[VLY_BENCH_ROWS];
    int32_t count;
} vly_bench_result;

typedef struct vly_bench_options {
    const char *const *stages; /* (stage_count) names; none: all */
    int32_t stage_count;
    int32_t side; /* voxels along each side of the test volume */
    int32_t repeats;
    const char *scratch; /* folder for the file that is streamed; NULL: TMPDIR or /tmp */
} vly_bench_options;

#define VLY_BENCH_OPTIONS_INIT ((vly_bench_options){.side = 256, .repeats = 7})

/* "ceilings", "histogram", "label", "kmeans", "distance", "cover", "intrusion", "stream", "two-point", "geodesic",
 * "transport", "lithiate", "impedance", "surface", "components": the i-th stage, or NULL behind the last. */
VLY_API const char *vly_bench_stage(int32_t index);

/* VLY_EUSAGE for an unknown stage. */
VLY_API vly_status vly_bench(vly_bench_result *out, vly_device *device, const vly_bench_options *options);

#ifdef __cplusplus
}
#endif
#endif
