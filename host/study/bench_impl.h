/* Shared by the stages of the benchmark. */
#ifndef VLY_BENCH_IMPL_H
#define VLY_BENCH_IMPL_H

#include "core/device_impl.h"
#include "voxelyte/bench.h"

/* What this machine allows, measured in the same run. */
typedef struct vly_ceilings {
    double copy; /* bytes per second through memory, read and written ones counted */
    double fma;  /* single-precision flop per second of all threads */
} vly_ceilings;

typedef struct vly_benching {
    vly_device *device;
    const vly_bench_options *options;
    vly_bench_result *result;
    vly_ceilings ceilings;
    vly_region region; /* of the test volume, no halo */
    vly_buffer grey, label;
    uint16_t *host_grey; /* the same in host memory, which is the device's where that is the host's */
    uint8_t *host_label;
} vly_benching;

/* Runs `work` options->repeats times after a warm-up and appends a row with the times, and with what the
 * device counts; the caller fills in the rest. */
vly_status vly_bench_time(vly_benching *bench, vly_bench_row **row, const char *stage, vly_status (*work)(void *self),
                          void *self);

/* One run, waited for. */
vly_status vly_bench_once(double *seconds, vly_device *device, vly_status (*work)(void *self), void *self);

/* A row's rate in Mvoxel/s, and the bound that `bound_seconds` for the whole volume implies. */
void vly_bench_rate(vly_benching *bench, vly_bench_row *row, double bound_seconds, const char *what,
                    const char *reason);

vly_status vly_bench_ceilings(vly_benching *bench);
vly_status vly_bench_histogram(vly_benching *bench);
vly_status vly_bench_label(vly_benching *bench);
vly_status vly_bench_mlp(vly_benching *bench);
vly_status vly_bench_kmeans(vly_benching *bench);
vly_status vly_bench_distance(vly_benching *bench);
vly_status vly_bench_cover(vly_benching *bench);
vly_status vly_bench_intrusion(vly_benching *bench);
vly_status vly_bench_surface(vly_benching *bench);
vly_status vly_bench_components(vly_benching *bench);
vly_status vly_bench_stream(vly_benching *bench);
vly_status vly_bench_two_point(vly_benching *bench);
vly_status vly_bench_geodesic(vly_benching *bench);
vly_status vly_bench_transport(vly_benching *bench);
vly_status vly_bench_lithiate(vly_benching *bench);
vly_status vly_bench_impedance(vly_benching *bench);

#endif
