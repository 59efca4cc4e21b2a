#include "study/bench_impl.h"

#include "core/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { REPEATS_MOST = 99 };

static const struct {
    const char *name;
    vly_status (*run)(vly_benching *bench);
} stages[] = {
    {"ceilings", vly_bench_ceilings}, {"histogram", vly_bench_histogram},
    {"label", vly_bench_label},       {"kmeans", vly_bench_kmeans},
    {"mlp", vly_bench_mlp},           {"distance", vly_bench_distance},
    {"cover", vly_bench_cover},       {"intrusion", vly_bench_intrusion},
    {"stream", vly_bench_stream},     {"two-point", vly_bench_two_point},
    {"geodesic", vly_bench_geodesic}, {"transport", vly_bench_transport},
    {"lithiate", vly_bench_lithiate}, {"impedance", vly_bench_impedance},
    {"surface", vly_bench_surface},   {"components", vly_bench_components},
};

enum { STAGES = sizeof stages / sizeof *stages };

const char *vly_bench_stage(int32_t index)
{
    return index >= 0 && index < STAGES ? stages[index].name : NULL;
}

/* ---- timing ---- */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

vly_status vly_bench_once(double *seconds, vly_device *device, vly_status (*work)(void *self), void *self)
{
    double start = now();
    VLY_TRY(work(self));
    VLY_TRY(vly_device_wait(device));
    *seconds = now() - start;
    return VLY_OK;
}

/* What one run has the device do. */
static vly_status count_work(vly_bench_row *row, vly_device *device, vly_status (*work)(void *self), void *self)
{
    int64_t before[VLY_COUNTS], after[VLY_COUNTS];
    double seconds;
    if (!device->count) return VLY_OK;
    device->count(before);
    VLY_TRY(vly_bench_once(&seconds, device, work, self));
    device->count(after);
    row->counted = true;
    row->launches = after[VLY_LAUNCHES] - before[VLY_LAUNCHES];
    row->threads = after[VLY_THREADS] - before[VLY_THREADS];
    row->meetings = after[VLY_MEETINGS] - before[VLY_MEETINGS];
    row->copied = after[VLY_COPIED] - before[VLY_COPIED];
    return VLY_OK;
}

vly_status vly_bench_time(vly_benching *bench, vly_bench_row **row, const char *stage, vly_status (*work)(void *self),
                          void *self)
{
    double seconds[REPEATS_MOST];
    int32_t repeats = bench->options->repeats;
    repeats = repeats < 1 ? 1 : repeats > REPEATS_MOST ? REPEATS_MOST : repeats;
    VLY_TRY(work(self));
    for (int32_t i = 0; i < repeats; i++) {
        VLY_TRY(vly_device_stop(bench->device));
        VLY_TRY(vly_bench_once(&seconds[i], bench->device, work, self));
        vly_device_update(bench->device, stage, i + 1, repeats, "run");
    }
    if (bench->result->count == VLY_BENCH_ROWS) return vly_fail(VLY_EINTERNAL, "bench: too many rows");
    qsort(seconds, (size_t)repeats, sizeof *seconds, by_size);
    *row = &bench->result->rows[bench->result->count++];
    **row = (vly_bench_row){.seconds = seconds[repeats / 2], .best = seconds[0], .worst = seconds[repeats - 1]};
    snprintf((*row)->stage, sizeof(*row)->stage, "%s", stage);
    return count_work(*row, bench->device, work, self);
}

void vly_bench_rate(vly_benching *bench, vly_bench_row *row, double bound_seconds, const char *what, const char *reason)
{
    row->voxels = vly_extent_voxels(bench->region.data);
    row->rate = 1e-6 * (double)row->voxels / row->seconds;
    row->bound = 1e-6 * (double)row->voxels / bound_seconds;
    snprintf(row->unit, sizeof row->unit, "Mvoxel/s");
    snprintf(row->what, sizeof row->what, "%s", what);
    snprintf(row->reason, sizeof row->reason, "%s", reason);
}

/* ---- the test volume ---- */

/* A blob per 16^3 cell in one of three levels, and noise: neighbours are alike, as in a tomogram. */
static vly_status fill_row(void *self, int64_t row, int32_t worker)
{
    static const uint16_t levels[VLY_PHASES] = {8192, 40960, 14746};
    vly_benching *bench = self;
    vly_extent e = bench->region.data;
    uint16_t *grey = bench->host_grey + row * e.nx;
    int64_t y = row % e.ny / 16, z = row / e.ny / 16;
    (void)worker;
    for (int32_t x = 0; x < e.nx; x++) {
        uint64_t cell = vly_hash((uint64_t)((z << 40) + (y << 20) + x / 16), 5) % 10;
        uint64_t noise = vly_hash((uint64_t)(row * e.nx + x), 6);
        int32_t sum =
            (int32_t)((noise & 0xFFF) + (noise >> 12 & 0xFFF) + (noise >> 24 & 0xFFF) + (noise >> 36 & 0xFFF));
        grey[x] = (uint16_t)(levels[cell < 2 ? VLY_PORE : cell < 4 ? VLY_CBD : VLY_AM] + sum / 2);
    }
    return VLY_OK;
}

static vly_status make_host_volume(vly_benching *bench)
{
    if (bench->device->unified) {
        bench->host_grey = bench->grey.data;
        bench->host_label = bench->label.data;
        return VLY_OK;
    }
    VLY_TRY(vly_alloc((void **)&bench->host_grey, bench->grey.bytes, 1, "grey values"));
    return vly_alloc((void **)&bench->host_label, bench->label.bytes, 1, "labels");
}

static vly_status make_volume(vly_benching *bench)
{
    int32_t side = bench->options->side;
    if (side < 8 || side > 2048) return vly_fail(VLY_EUSAGE, "bench: a side of %d voxels, 8 to 2048 expected", side);
    vly_extent e = {side, side, side};
    bench->region = (vly_region){.data = e, .inner = vly_extent_box(e)};
    VLY_TRY(vly_buffer_create(&bench->grey, bench->device, 2 * vly_extent_voxels(e), "grey values"));
    VLY_TRY(vly_buffer_create(&bench->label, bench->device, vly_extent_voxels(e), "labels"));
    VLY_TRY(make_host_volume(bench));
    VLY_TRY(vly_pool_run(bench->device->pool, (int64_t)side * side, fill_row, bench));
    return bench->device->unified ? VLY_OK : vly_buffer_upload(&bench->grey, bench->host_grey, bench->grey.bytes);
}

static void free_volume(vly_benching *bench)
{
    if (!bench->device->unified) {
        vly_free(bench->host_grey);
        vly_free(bench->host_label);
    }
    vly_buffer_free(&bench->label);
    vly_buffer_free(&bench->grey);
}

/* ---- */

static bool wanted(const vly_bench_options *options, const char *name)
{
    for (int32_t i = 0; i < options->stage_count; i++)
        if (strcmp(options->stages[i], name) == 0) return true;
    return options->stage_count == 0;
}

static vly_status check_names(const vly_bench_options *options)
{
    for (int32_t i = 0; i < options->stage_count; i++) {
        bool known = false;
        for (int32_t k = 0; k < STAGES; k++) known |= strcmp(options->stages[i], stages[k].name) == 0;
        if (!known)
            return vly_fail(
                VLY_EUSAGE,
                "bench: there is no stage \"%s\"; ceilings, histogram, label, kmeans, mlp, distance, cover, intrusion, stream, "
                "two-point, geodesic, transport, lithiate, surface, components",
                options->stages[i]);
    }
    return VLY_OK;
}

vly_status vly_bench(vly_bench_result *out, vly_device *device, const vly_bench_options *options)
{
    vly_benching bench = {.device = device, .options = options, .result = out};
    *out = (vly_bench_result){.count = 0};
    VLY_TRY(check_names(options));
    vly_status status = make_volume(&bench);
    /* the ceilings are measured in any case: every other row is held against them */
    for (int32_t k = 0; k < STAGES && status == VLY_OK; k++)
        if (k == 0 || wanted(options, stages[k].name)) status = stages[k].run(&bench);
    free_volume(&bench);
    return status;
}
