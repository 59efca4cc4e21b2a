/* First the centres that matter, one bit each; then these in descending order of what they paint; then slabs of pages, each
 * painted by one thread with every ball that reaches into it. Within an order of the same value centres come as they lie, so
 * that those of a slab are found by halving. */
#include "core/kernels_cpu.h"
#include "morphology/cover_paint_cpu.h"
#include "morphology/envelope_cpu.h"
#include "morphology/place_cpu.h"

#include <string.h>

enum { CHUNK = 64, SLAB_PAGES = 16, AHEAD = 16 };

typedef struct job {
    const int32_t *distance2, *value;
    vly_extent extent;
    vly_metric metric;
    const int32_t *inside; /* (VLY_COVER_CLASSES, levels) */
    int32_t levels;
    uint64_t *centres; /* (nz, ny, words) */
    int64_t words;
    uint32_t *first; /* (levels + 1) where the centres of each value begin in */
    uint32_t *order; /* (extent at most) */
    vly_paint_discs discs;
    vly_painter painter;
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

/* ---- order ---- */

/* Calls for every centre that paints something, as they lie. */
static void count_centre(job *j, int32_t value, uint32_t i)
{
    (void)i;
    j->first[value]++;
}

static void place_centre(job *j, int32_t value, uint32_t i)
{
    j->order[j->first[value]++] = i;
}

static inline void for_centres(job *j, void (*call)(job *j, int32_t value, uint32_t i))
{
    int64_t rows = (int64_t)j->extent.ny * j->extent.nz;
    for (int64_t row = 0; row < rows; row++)
        for (int64_t w = 0; w < j->words; w++)
            for (uint64_t left = j->centres[row * j->words + w]; left; left &= left - 1) {
                int64_t i = row * j->extent.nx + w * CHUNK + __builtin_ctzll(left);
                if (j->value[i] > 0) call(j, j->value[i], (uint32_t)i);
            }
}

/* Counting sort by value. */
static void sort_centres(job *j)
{
    uint32_t sum = 0;
    memset(j->first, 0, sizeof *j->first * ((size_t)j->levels + 1));
    for_centres(j, count_centre);
    for (int32_t value = 0; value <= j->levels; value++) {
        uint32_t count = j->first[value];
        j->first[value] = sum;
        sum += count;
    }
    for_centres(j, place_centre);
    for (int32_t value = j->levels; value > 0; value--) j->first[value] = j->first[value - 1];
    j->first[0] = 0;
}

/* The first of order[first ... end) that is not below `voxel`. */
static uint32_t find_first(const uint32_t *order, uint32_t first, uint32_t end, int64_t voxel)
{
    while (first < end) {
        uint32_t middle = first + (end - first) / 2;
        if (order[middle] < voxel)
            first = middle + 1;
        else
            end = middle;
    }
    return first;
}

/* ---- painting ---- */

static void start_row(const vly_painter *p, const int32_t *distance2, int32_t y, int32_t z)
{
    const int32_t *row = distance2 + vly_at(p->extent, 0, y, z);
    uint64_t *left = p->left + (int64_t)z * p->words * p->extent.ny + y;
    for (int64_t w = 0; w < p->words; w++) {
        int64_t x = w * 64 - VLY_PAINT_MARGIN, end = x + 64 < p->extent.nx ? x + 64 : p->extent.nx;
        uint64_t word = 0;
        for (int64_t i = x > 0 ? x : 0; i < end; i++) word |= (uint64_t)(row[i] > 0) << (i - x);
        left[w * p->extent.ny] = word;
    }
}

static vly_status paint_slab(void *self, int64_t item, int32_t worker)
{
    const job *j = self;
    vly_extent e = j->extent;
    vly_painter p = j->painter;
    vly_places places = vly_places_of(e);
    (void)worker;
    p.z0 = (int32_t)item * SLAB_PAGES;
    p.z1 = p.z0 + SLAB_PAGES < e.nz ? p.z0 + SLAB_PAGES : e.nz;
    p.slab += item * p.words;
    p.pages += item * p.words * 64;
    memset(p.out + vly_at(e, 0, 0, p.z0), 0, sizeof *p.out * (size_t)vly_at(e, 0, 0, p.z1 - p.z0));
    if (j->levels < 2) return VLY_OK; /* nothing is in the phase */
    memset(p.slab, 0, sizeof *p.slab * (size_t)p.words);
    memset(p.pages, 0, sizeof *p.pages * (size_t)p.words * 64);
    for (int32_t z = p.z0; z < p.z1; z++) {
        for (int32_t y = 0; y < e.ny; y++) start_row(&p, j->distance2, y, z);
        vly_paint_page(&p, z);
    }
    int32_t reach = vly_cover_half(j->levels - 2, j->metric.z);
    int64_t from = vly_at(e, 0, 0, p.z0 - reach), to = vly_at(e, 0, 0, p.z1 + reach);
    for (int32_t value = j->levels - 1; value > 0; value--) {
        uint32_t end = j->first[value + 1], k = find_first(j->order, j->first[value], end, from);
        for (; k < end && j->order[k] < to; k++) {
            __builtin_prefetch(&j->distance2[j->order[k + AHEAD < end ? k + AHEAD : k]]);
            vly_place at = vly_place_of(&places, j->order[k]);
            vly_paint_ball(&p, at.x, at.y, at.z, j->distance2[j->order[k]], value);
        }
    }
    return VLY_OK;
}

/* ---- */

typedef struct layout { /* bytes of each part of the scratch memory, in order */
    int64_t centres, left, page, slab, pages, discs, first, order;
} layout;

static int64_t row_words(vly_extent e)
{
    return (e.nx + CHUNK - 1) / CHUNK;
}

static int64_t slabs_of(vly_extent e)
{
    return (e.nz + SLAB_PAGES - 1) / SLAB_PAGES;
}

static layout layout_of(vly_extent e, int32_t levels)
{
    layout l;
    l.centres = row_words(e) * e.ny * e.nz * (int64_t)sizeof(uint64_t);
    l.left = vly_paint_words(e) * e.ny * e.nz * (int64_t)sizeof(uint64_t);
    l.page = vly_paint_words(e) * e.nz * (int64_t)sizeof(uint64_t);
    l.slab = vly_paint_words(e) * slabs_of(e) * (int64_t)sizeof(uint64_t);
    l.pages = vly_paint_words(e) * slabs_of(e) * 64 * (int64_t)sizeof(uint16_t);
    l.discs = (vly_paint_discs_bytes(levels) + 7) / 8 * 8;
    l.first = ((int64_t)levels + 1) * (int64_t)sizeof(uint32_t);
    l.order = vly_extent_voxels(e) * (int64_t)sizeof(uint32_t);
    return l;
}

int64_t vly_cover_scratch_bytes_cpu(const vly_queue *queue, vly_extent extent, int32_t levels)
{
    layout l = layout_of(extent, levels);
    (void)queue;
    return l.centres + l.left + l.page + l.slab + l.pages + l.discs + l.first + l.order;
}

vly_status vly_cover_cpu(vly_queue *queue, const int32_t *distance2, const int32_t *value, vly_extent extent,
                         const vly_metric *metric, const int32_t *inside, int32_t levels, int32_t *out, void *scratch)
{
    layout l = layout_of(extent, levels);
    char *page = (char *)scratch + l.centres + l.left, *discs = page + l.page + l.slab + l.pages;
    job j = {.distance2 = distance2,
             .value = value,
             .extent = extent,
             .metric = *metric,
             .inside = inside,
             .levels = levels,
             .centres = scratch,
             .words = row_words(extent),
             .first = (uint32_t *)(discs + l.discs),
             .order = (uint32_t *)(discs + l.discs + l.first)};
    vly_paint_discs_make(&j.discs, metric, levels, discs);
    j.painter = (vly_painter){.discs = &j.discs,
                              .extent = extent,
                              .metric = *metric,
                              .words = vly_paint_words(extent),
                              .left = (uint64_t *)((char *)scratch + l.centres),
                              .shift = vly_paint_shift(extent),
                              .page = (uint64_t *)page,
                              .slab = (uint64_t *)(page + l.page),
                              .pages = (uint16_t *)(page + l.page + l.slab),
                              .out = out};
    VLY_TRY(vly_pool_run(queue->pool, (int64_t)extent.ny * extent.nz, find_row, &j));
    sort_centres(&j);
    return vly_pool_run(queue->pool, slabs_of(extent), paint_slab, &j);
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
