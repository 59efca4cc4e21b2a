/* First the centres that matter, one bit each; then slabs of pages, each painted by one thread with every ball that reaches
 * into it. Rows of a section come one behind the other, so that the part of the output at hand stays in the cache. */
#include "core/kernels_cpu.h"
#include "morphology/cover_lanes.h"
#include "morphology/envelope_cpu.h"

#include <string.h>

enum { CHUNK = 64, SLAB_PAGES = 8 };

typedef struct job {
    const int32_t *distance2, *value;
    vly_extent extent;
    vly_metric metric;
    const int32_t *inside; /* (VLY_COVER_CLASSES, levels) */
    int32_t levels;
    uint64_t *centres; /* (nz, ny, words) */
    int64_t words;
    vly_cover_lanes lanes;
    vly_cover_slab slab;
} job;

/* ---- centres ---- */

/* near[0 ... CHUNK + 1]: voxels x - 1 ... x + CHUNK of a row, 0 where there are none. */
static void fetch_row(const job *j, int32_t x, int32_t y, int32_t z, int32_t near[CHUNK + 2])
{
    int32_t nx = j->extent.nx, a = x > 0 ? x - 1 : 0, b = x + CHUNK + 1 < nx ? x + CHUNK + 1 : nx;
    memset(near, 0, sizeof *near * (CHUNK + 2));
    memcpy(near + (a - x + 1), j->distance2 + vly_at(j->extent, a, y, z), sizeof *near * (size_t)(b - a));
}

/* lost[i] |= a neighbour in this row has a ball that holds the one of voxel i. */
static void compare_row(uint8_t *restrict lost, const int32_t *restrict near, const int32_t *restrict beside,
                        const int32_t *restrict across)
{
    for (int32_t i = 0; i < CHUNK; i++) {
        int32_t side = near[i] > near[i + 2] ? near[i] : near[i + 2];
        lost[i] = (uint8_t)(lost[i] | (side >= across[i]) | (beside && near[i + 1] >= beside[i]));
    }
}

static uint64_t find_centres(const job *j, int32_t x, int32_t y, int32_t z)
{
    int32_t near[CHUNK + 2], own[CHUNK], least[VLY_COVER_CLASSES][CHUNK], any = 0;
    uint8_t lost[CHUNK];
    uint64_t word = 0;
    fetch_row(j, x, y, z, near);
    for (int32_t i = 0; i < CHUNK; i++) any |= own[i] = near[i + 1];
    if (!any) return 0;
    for (int32_t i = 0; i < CHUNK; i++) lost[i] = own[i] == 0;
    for (int32_t c = 0; c < VLY_COVER_CLASSES; c++)
        for (int32_t i = 0; i < CHUNK; i++) least[c][i] = j->inside[(int64_t)c * j->levels + own[i]];
    for (int32_t dz = -1; dz <= 1; dz++)
        for (int32_t dy = -1; dy <= 1; dy++) {
            if (y + dy < 0 || y + dy >= j->extent.ny || z + dz < 0 || z + dz >= j->extent.nz) continue;
            int32_t beside = vly_cover_class(0, dy, dz);
            fetch_row(j, x, y + dy, z + dz, near);
            compare_row(lost, near, beside < 0 ? NULL : least[beside], least[vly_cover_class(1, dy, dz)]);
        }
    for (int32_t i = 0; i < CHUNK; i++) word |= (uint64_t)!lost[i] << i;
    return word;
}

static vly_status find_row(void *self, int64_t row, int32_t worker)
{
    const job *j = self;
    int32_t y = (int32_t)(row % j->extent.ny), z = (int32_t)(row / j->extent.ny);
    (void)worker;
    for (int64_t w = 0; w < j->words; w++) j->centres[row * j->words + w] = find_centres(j, (int32_t)w * CHUNK, y, z);
    return VLY_OK;
}

/* ---- painting ---- */

static void paint_row(const job *j, const vly_cover_slab *slab, int32_t y, int32_t z)
{
    int64_t row = (int64_t)z * j->extent.ny + y, away = z < slab->z0    ? slab->z0 - z
                                                        : z >= slab->z1 ? z - slab->z1 + 1
                                                                        : 0;
    int64_t cost = j->metric.z * away * away; /* to the nearest page of the slab */
    for (int64_t w = 0; w < j->words; w++)
        for (uint64_t left = j->centres[row * j->words + w]; left; left &= left - 1) {
            int32_t x = (int32_t)w * CHUNK + __builtin_ctzll(left);
            int32_t square = j->distance2[row * j->extent.nx + x], value = j->value[row * j->extent.nx + x];
            if (square > cost && value > 0) j->lanes(slab, x, y, z, square, value);
        }
}

static vly_status paint_slab(void *self, int64_t item, int32_t worker)
{
    const job *j = self;
    vly_extent e = j->extent;
    vly_cover_slab slab = j->slab;
    (void)worker;
    slab.z0 = (int32_t)item * SLAB_PAGES;
    slab.z1 = slab.z0 + SLAB_PAGES < e.nz ? slab.z0 + SLAB_PAGES : e.nz;
    memset(slab.out + vly_at(e, 0, 0, slab.z0), 0, sizeof *slab.out * (size_t)vly_at(e, 0, 0, slab.z1 - slab.z0));
    if (j->levels < 2) return VLY_OK; /* nothing is in the phase */
    int32_t reach = vly_cover_half(j->levels - 2, j->metric.z);
    int32_t first = slab.z0 > reach ? slab.z0 - reach : 0, end = slab.z1 + reach < e.nz ? slab.z1 + reach : e.nz;
    for (int32_t y = 0; y < e.ny; y++)
        for (int32_t z = first; z < end; z++) paint_row(j, &slab, y, z);
    return VLY_OK;
}

static vly_cover_lanes lanes_of(const vly_queue *queue)
{
#if defined(__x86_64__)
    if (queue->isa == VLY_ISA_AVX512) return vly_cover_lanes_avx512;
#endif
#if defined(__AVX2__)
    if (queue->isa != VLY_ISA_PLAIN) return vly_cover_lanes_avx2;
#endif
    return vly_cover_lanes_plain;
}

static int64_t row_words(vly_extent e)
{
    return (e.nx + CHUNK - 1) / CHUNK;
}

int64_t vly_cover_scratch_bytes_cpu(const vly_queue *queue, vly_extent extent, int32_t levels)
{
    (void)queue;
    return row_words(extent) * extent.ny * extent.nz * (int64_t)sizeof(uint64_t) + levels * (int64_t)sizeof(int32_t);
}

vly_status vly_cover_cpu(vly_queue *queue, const int32_t *distance2, const int32_t *value, vly_extent extent,
                         const vly_metric *metric, const int32_t *inside, int32_t levels, int32_t *out, void *scratch)
{
    int64_t rows = (int64_t)extent.ny * extent.nz;
    job j = {.distance2 = distance2,
             .value = value,
             .extent = extent,
             .metric = *metric,
             .inside = inside,
             .levels = levels,
             .centres = scratch,
             .words = row_words(extent),
             .lanes = lanes_of(queue)};
    int32_t *half = (int32_t *)(j.centres + rows * j.words);
    for (int32_t rest = 0; rest < levels; rest++) half[rest] = vly_cover_half(rest, metric->x);
    j.slab = (vly_cover_slab){.out = out, .extent = extent, .metric = *metric, .half = half};
    VLY_TRY(vly_pool_run(queue->pool, rows, find_row, &j));
    return vly_pool_run(queue->pool, (extent.nz + SLAB_PAGES - 1) / SLAB_PAGES, paint_slab, &j);
}

/* ---- one level, the other way round ---- */

typedef struct level_job {
    const int32_t *distance2;
    int32_t *height;
    uint8_t *covered;
    int32_t level, nx;
} level_job;

static vly_status keep_row(void *self, int64_t row, int32_t worker)
{
    const level_job *j = self;
    (void)worker;
    for (int64_t i = row * j->nx; i < (row + 1) * j->nx; i++)
        j->height[i] = j->distance2[i] >= j->level ? -j->distance2[i] : VLY_FAR;
    return VLY_OK;
}

static vly_status mark_row(void *self, int64_t row, int32_t worker)
{
    const level_job *j = self;
    (void)worker;
    for (int64_t i = row * j->nx; i < (row + 1) * j->nx; i++) j->covered[i] = j->height[i] < 0;
    return VLY_OK;
}

int64_t vly_cover_level_scratch_bytes_cpu(const vly_queue *queue, vly_extent extent)
{
    return vly_extent_voxels(extent) * (int64_t)sizeof(int32_t) + vly_envelope_scratch_bytes(queue, extent);
}

vly_status vly_cover_level_cpu(vly_queue *queue, const int32_t *distance2, vly_extent extent, const vly_metric *metric,
                               int32_t level, uint8_t *covered, void *scratch)
{
    int64_t rows = (int64_t)extent.ny * extent.nz;
    level_job j = {distance2, scratch, covered, level, extent.nx};
    const int32_t weight[3] = {metric->x, metric->y, metric->z};
    VLY_TRY(vly_pool_run(queue->pool, rows, keep_row, &j));
    for (int32_t axis = 0; axis < 3; axis++) {
        const vly_envelope along = {.axis = axis, .weight = weight[axis]};
        VLY_TRY(vly_envelope_pass(queue, j.height, extent, &along, j.height + vly_extent_voxels(extent)));
    }
    return vly_pool_run(queue->pool, rows, mark_row, &j);
}
