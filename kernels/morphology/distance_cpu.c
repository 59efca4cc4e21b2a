/* Two ways to the same integers. While squared distances fit 16 bits, a search along columns, thirty-two at a time, that
 * stops as soon as a step costs more than what is found: rows and columns of a page while it is in the cache, then along z.
 * The first voxel that is farther ends that attempt, and lower envelopes do the volume in 32 bits. */
#include "core/kernels_cpu.h"
#include "morphology/distance_lanes.h"
#include "morphology/envelope_cpu.h"

#include <string.h>

enum { TILE = VLY_DISTANCE_TILE, FAR16 = VLY_DISTANCE_FAR };

typedef struct job {
    const uint8_t *label;
    vly_extent extent;
    vly_metric metric;
    uint32_t phases, walls;
    int32_t *distance2, *farthest;
    uint16_t *mid; /* (extent) squared distances within the page */
    char *scratch; /* per_worker bytes each */
    int64_t per_worker;
    vly_distance_lanes lanes;
    bool beyond; /* a voxel is too far for 16 bits */
} job;

static int64_t page_voxels(const job *j)
{
    return (int64_t)j->extent.nx * j->extent.ny;
}

/* ---- rows: steps to the nearest background, run by run ---- */

/* in[x] = whether voxel x of a row belongs to the phase; a stop of another value behind them. */
static void find_phase(uint8_t *restrict in, const uint8_t *restrict label, int32_t nx, uint32_t phases)
{
    uint8_t pore = vly_phase_in(phases, VLY_PORE), am = vly_phase_in(phases, VLY_AM),
            cbd = vly_phase_in(phases, VLY_CBD), outside = vly_phase_in(phases, VLY_OUTSIDE);
    for (int32_t x = 0; x < nx; x++) {
        uint8_t l = label[x];
        in[x] = (uint8_t)(((l == VLY_PORE) & pore) | ((l == VLY_AM) & am) | ((l == VLY_CBD) & cbd) |
                          ((l == VLY_OUTSIDE) & outside));
    }
    memset(in + nx, 2, sizeof(uint64_t));
}

/* The first position from x on whose value is another. */
static int32_t run_end(const uint8_t *in, int32_t x, uint8_t value)
{
    for (;; x += (int32_t)sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, in + x, sizeof word);
        word ^= UINT64_C(0x0101010101010101) * value;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
#endif
        if (word) return x + __builtin_ctzll(word) / 8;
    }
}

/* Steps of a run [a, b) of the phase; low, high: background lies before or behind it. */
static void fill_run(int32_t *restrict steps, int32_t a, int32_t b, bool low, bool high)
{
    int32_t middle = low && high ? a + (b - a + 1) / 2 : low ? b : a;
    if (!low && !high)
        for (int32_t x = a; x < b; x++) steps[x] = VLY_FAR;
    else {
        for (int32_t x = a; x < middle; x++) steps[x] = x - a + 1;
        for (int32_t x = middle; x < b; x++) steps[x] = b - x;
    }
}

/* steps[x]: to the nearest background in the row, 0 on it, VLY_FAR where there is none. True if there is none at all. */
static bool row_steps(const job *j, int64_t row, int32_t *steps, uint8_t *in)
{
    int32_t nx = j->extent.nx, x = 0;
    bool none = false;
    find_phase(in, j->label + row * nx, nx, j->phases);
    while (x < nx) {
        int32_t a = run_end(in, x, 0);
        for (int32_t i = x; i < a; i++) steps[i] = 0;
        if (a == nx) break;
        x = run_end(in, a, 1);
        bool low = a > 0 || vly_face_in(j->walls, 0, 0), high = x < nx || vly_face_in(j->walls, 0, 1);
        fill_run(steps, a, x, low, high);
        none = !low && !high;
    }
    return none;
}

/* ---- 16 bits ---- */

static void window_of(vly_distance_window *w, const job *j, int32_t axis, int32_t weight, int32_t n)
{
    w->n = n;
    w->wall_low = vly_face_in(j->walls, axis, 0);
    w->wall_high = vly_face_in(j->walls, axis, 1);
    for (int64_t i = 0; i < VLY_DISTANCE_REACH; i++) {
        int64_t square = weight * i * i;
        w->square[i] = (uint16_t)(square < FAR16 ? square : FAR16);
    }
}

static void square_row(uint16_t *restrict to, const int32_t *restrict steps, int32_t nx, uint32_t weight, int32_t most)
{
    for (int32_t x = 0; x < nx; x++) {
        uint32_t s = (uint32_t)steps[x];
        to[x] = (uint16_t)(steps[x] <= most ? weight * s * s : FAR16);
    }
}

/* Columns [x, x + TILE) of `n` rows, `stride` apart; what is missing to the right counts as background. */
static void fetch_tile(uint16_t *tile, const uint16_t *from, int32_t x, int32_t nx, int32_t n, int64_t stride)
{
    size_t width = (size_t)(nx - x < TILE ? nx - x : TILE);
    for (int32_t p = 0; p < n; p++) {
        memcpy(tile + (int64_t)p * TILE, from + p * stride + x, width * sizeof *tile);
        if (width < TILE) memset(tile + (int64_t)p * TILE + width, 0, (TILE - width) * sizeof *tile);
    }
}

static vly_status do_page(void *self, int64_t z, int32_t worker)
{
    job *j = self;
    int32_t nx = j->extent.nx, ny = j->extent.ny, most = 0;
    uint16_t *mid = j->mid + z * page_voxels(j), *tile = (uint16_t *)(j->scratch + worker * j->per_worker);
    int32_t *steps = (int32_t *)tile;
    uint8_t *in = (uint8_t *)(steps + nx);
    vly_distance_window w;
    bool open = !vly_face_in(j->walls, 1, 0) && !vly_face_in(j->walls, 1, 1); /* no background in this page */
    while (most < 255 && (int64_t)j->metric.x * (most + 1) * (most + 1) < FAR16) most++;
    for (int32_t y = 0; y < ny; y++) {
        bool none = row_steps(j, z * ny + y, steps, in);
        square_row(mid + (int64_t)y * nx, steps, nx, (uint32_t)j->metric.x, most);
        open = open && none;
    }
    if (open) return VLY_OK;
    window_of(&w, j, 1, j->metric.y, ny);
    w.tile = tile;
    for (int32_t x = 0; x < nx; x += TILE) {
        uint16_t row[TILE];
        fetch_tile(tile, mid, x, nx, ny, nx);
        for (int32_t y = 0; y < ny; y++) {
            j->lanes(&w, y, row);
            memcpy(mid + (int64_t)y * nx + x, row, sizeof *row * (size_t)(nx - x < TILE ? nx - x : TILE));
        }
    }
    return VLY_OK;
}

static int32_t widen_row(int32_t *restrict to, const uint16_t *restrict row, int32_t count)
{
    int32_t most = 0;
    for (int32_t x = 0; x < count; x++) {
        to[x] = row[x];
        most = most > row[x] ? most : row[x];
    }
    return most;
}

static void raise_farthest(int32_t *farthest, int32_t value)
{
    int32_t seen = __atomic_load_n(farthest, __ATOMIC_RELAXED);
    while (seen < value &&
           !__atomic_compare_exchange_n(farthest, &seen, value, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
}

static vly_status do_section(void *self, int64_t y, int32_t worker)
{
    job *j = self;
    int32_t nx = j->extent.nx, nz = j->extent.nz, farthest = 0;
    uint16_t *tile = (uint16_t *)(j->scratch + worker * j->per_worker);
    vly_distance_window w;
    window_of(&w, j, 2, j->metric.z, nz);
    w.tile = tile;
    for (int32_t x = 0; x < nx; x += TILE) {
        uint16_t row[TILE];
        if (__atomic_load_n(&j->beyond, __ATOMIC_RELAXED)) return VLY_OK;
        fetch_tile(tile, j->mid + y * nx, x, nx, nz, page_voxels(j));
        for (int32_t z = 0; z < nz && farthest < FAR16; z++) {
            j->lanes(&w, z, row);
            int32_t most =
                widen_row(j->distance2 + z * page_voxels(j) + y * nx + x, row, nx - x < TILE ? nx - x : TILE);
            if (most > farthest) farthest = most;
        }
        if (farthest == FAR16) __atomic_store_n(&j->beyond, true, __ATOMIC_RELAXED);
    }
    raise_farthest(j->farthest, farthest);
    return VLY_OK;
}

/* ---- 32 bits ---- */

static vly_status do_row(void *self, int64_t row, int32_t worker)
{
    job *j = self;
    int32_t nx = j->extent.nx, *to = j->distance2 + row * nx;
    uint8_t *in = (uint8_t *)(j->scratch + worker * j->per_worker);
    row_steps(j, row, to, in);
    for (int32_t x = 0; x < nx; x++)
        if (to[x] != VLY_FAR) to[x] *= j->metric.x * to[x];
    return VLY_OK;
}

static vly_status find_farthest(void *self, int64_t row, int32_t worker)
{
    const job *j = self;
    const int32_t *from = j->distance2 + row * j->extent.nx;
    int32_t most = 0;
    (void)worker;
    for (int32_t x = 0; x < j->extent.nx; x++) most = most > from[x] ? most : from[x];
    raise_farthest(j->farthest, most);
    return VLY_OK;
}

static vly_status do_wide(vly_queue *queue, job *j)
{
    int64_t rows = (int64_t)j->extent.ny * j->extent.nz;
    const vly_envelope y = {1, j->metric.y, vly_face_in(j->walls, 1, 0), vly_face_in(j->walls, 1, 1)};
    const vly_envelope z = {2, j->metric.z, vly_face_in(j->walls, 2, 0), vly_face_in(j->walls, 2, 1)};
    VLY_TRY(vly_pool_run(queue->pool, rows, do_row, j));
    VLY_TRY(vly_envelope_pass(queue, j->distance2, j->extent, &y, j->scratch));
    VLY_TRY(vly_envelope_pass(queue, j->distance2, j->extent, &z, j->scratch));
    return vly_pool_run(queue->pool, rows, find_farthest, j);
}

/* ---- */

static vly_distance_lanes lanes_of(const vly_queue *queue)
{
#if defined(__x86_64__)
    if (queue->isa >= VLY_ISA_AVX512) return vly_distance_lanes_avx512;
#endif
#if defined(__AVX2__)
    if (queue->isa != VLY_ISA_PLAIN) return vly_distance_lanes_avx2;
#endif
    return vly_distance_lanes_plain;
}

static int64_t mid_bytes(vly_extent e)
{
    return (vly_extent_voxels(e) * (int64_t)sizeof(uint16_t) + 63) / 64 * 64;
}

/* One tile, or one row of steps and marks. */
static int64_t worker_bytes(vly_extent e)
{
    int64_t tile = (int64_t)(e.ny > e.nz ? e.ny : e.nz) * TILE * (int64_t)sizeof(uint16_t);
    int64_t row = (int64_t)e.nx * (int64_t)(sizeof(int32_t) + 1) + (int64_t)sizeof(uint64_t);
    return ((tile > row ? tile : row) + 63) / 64 * 64;
}

int64_t vly_distance_scratch_bytes_cpu(const vly_queue *queue, vly_extent extent)
{
    int64_t narrow = mid_bytes(extent) + worker_bytes(extent) * queue->pool->threads;
    int64_t wide = vly_envelope_scratch_bytes(queue, extent);
    return narrow > wide ? narrow : wide;
}

vly_status vly_distance_cpu(vly_queue *queue, const uint8_t *label, vly_extent extent, const vly_metric *metric,
                            uint32_t phases, uint32_t walls, int32_t *distance2, int32_t *farthest, void *scratch)
{
    job j = {.label = label,
             .extent = extent,
             .metric = *metric,
             .phases = phases,
             .walls = walls,
             .distance2 = distance2,
             .farthest = farthest,
             .mid = scratch,
             .scratch = (char *)scratch + mid_bytes(extent),
             .per_worker = worker_bytes(extent),
             .lanes = lanes_of(queue)};
    *farthest = 0;
    VLY_TRY(vly_pool_run(queue->pool, extent.nz, do_page, &j));
    VLY_TRY(vly_pool_run(queue->pool, extent.ny, do_section, &j));
    if (!j.beyond) return VLY_OK;
    *farthest = 0;
    j.scratch = scratch;
    return do_wide(queue, &j);
}
