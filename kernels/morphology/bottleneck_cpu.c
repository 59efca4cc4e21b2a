/* One flood in descending order (morphology spec 5.2): a voxel is final when it is first touched, because nothing that comes
 * later is higher. So every voxel is queued once, at the level that is its width. Queues are chains of blocks: what comes out
 * next is known early enough to be fetched. Whether a voxel has been touched is one bit: rows of them with a margin, so that
 * three neighbours come out of a word at a time. */
#include "core/kernels_cpu.h"
#include "morphology/distance_voxel.h"
#include "morphology/place_cpu.h"

#include <string.h>

static const uint32_t none = UINT32_MAX;

enum { WAITING = 64, BLOCK = 126 };

typedef struct block {
    uint32_t next, count; /* the block below in its queue, or in the list of empty ones */
    uint32_t voxel[BLOCK];
} block;

typedef struct flood {
    const int32_t *distance2;
    int32_t *width2;
    vly_extent extent;
    uint32_t faces;
    int64_t words;   /* of a row of bits; bit x + 1 is voxel x */
    uint64_t *fresh; /* (nz, ny, words) in the phase and not yet touched */
    uint32_t *head;  /* (levels) the last block of each queue */
    block *blocks;
    uint32_t used, empty; /* blocks that have been taken; the first of those given back */
    vly_places places;
} flood;

static vly_status start_row(void *self, int64_t row, int32_t worker)
{
    const flood *f = self;
    uint64_t *bits = f->fresh + row * f->words;
    const int32_t *distance2 = f->distance2 + row * f->extent.nx;
    (void)worker;
    memset(bits, 0, sizeof *bits * (size_t)f->words);
    memset(f->width2 + row * f->extent.nx, 0, sizeof *f->width2 * (size_t)f->extent.nx);
    for (int32_t x = 0; x < f->extent.nx; x++) bits[(x + 1) / 64] |= (uint64_t)(distance2[x] > 0) << (x + 1) % 64;
    return VLY_OK;
}

static uint32_t take_block(flood *f, uint32_t next)
{
    uint32_t taken = f->empty;
    if (taken == none)
        taken = f->used++;
    else
        f->empty = f->blocks[taken].next;
    f->blocks[taken].next = next;
    f->blocks[taken].count = 0;
    return taken;
}

static inline void enqueue(flood *f, int64_t i, int32_t level)
{
    int32_t width2 = f->distance2[i] < level ? f->distance2[i] : level;
    uint32_t *head = &f->head[width2];
    if (*head == none || f->blocks[*head].count == BLOCK) *head = take_block(f, *head);
    block *b = &f->blocks[*head];
    b->voxel[b->count++] = (uint32_t)i;
}

/* Empties the last block of a queue: where its voxels lie, how many there are. The bits round them are sent for. */
static int32_t dequeue(flood *f, int32_t level, vly_place at[BLOCK])
{
    uint32_t taken = f->head[level];
    block *b = &f->blocks[taken];
    int32_t count = (int32_t)b->count;
    int64_t page = f->extent.ny * f->words;
    for (int32_t k = 0; k < count; k++) {
        at[k] = vly_place_of(&f->places, b->voxel[k]);
        const uint64_t *bits = f->fresh + at[k].row * f->words + at[k].x / 64;
        __builtin_prefetch(bits);
        if (at[k].z > 0) __builtin_prefetch(bits - page);
        if (at[k].z + 1 < f->extent.nz) __builtin_prefetch(bits + page);
        f->width2[b->voxel[k]] = level;
    }
    f->head[level] = b->next;
    b->next = f->empty;
    f->empty = taken;
    return count;
}

/* Voxels touched at this level whose distances are on their way from memory. */
typedef struct waiting {
    int32_t count, level;
    int64_t voxel[WAITING];
} waiting;

static void enqueue_all(flood *f, waiting *w)
{
    for (int32_t k = 0; k < w->count; k++) enqueue(f, w->voxel[k], w->level);
    w->count = 0;
}

static inline void touch(flood *f, waiting *w, int64_t i)
{
    __builtin_prefetch(&f->distance2[i]);
    if (w->count == WAITING) enqueue_all(f, w);
    w->voxel[w->count++] = i;
}

/* Touches those of voxels x - 1, x, x + 1 of a row that are fresh. */
static inline void touch_three(flood *f, waiting *w, int64_t row, int32_t x)
{
    uint64_t *bits = f->fresh + row * f->words + x / 64;
    int32_t shift = x % 64;
    uint64_t three = bits[0] >> shift & 7;
    if (shift > 61) three |= bits[1] << (64 - shift) & 7;
    if (!three) return;
    bits[0] &= ~(three << shift);
    if (shift > 61) bits[1] &= ~(three >> (64 - shift));
    for (int64_t i = row * f->extent.nx + x - 1; three; three >>= 1, i++)
        if (three & 1) touch(f, w, i);
}

static void touch_neighbours(flood *f, waiting *w, vly_place at)
{
    int32_t z0 = at.z > 0 ? -1 : 0, z1 = at.z + 1 < f->extent.nz ? 1 : 0;
    int32_t y0 = at.y > 0 ? -1 : 0, y1 = at.y + 1 < f->extent.ny ? 1 : 0;
    for (int32_t dz = z0; dz <= z1; dz++)
        for (int32_t dy = y0; dy <= y1; dy++) touch_three(f, w, at.row + (int64_t)dz * f->extent.ny + dy, at.x);
}

/* Everything that is as wide as `level`, queues of the lower levels filled on the way. */
static void empty_queue(flood *f, int32_t level)
{
    waiting w = {.level = level};
    vly_place at[BLOCK];
    while (f->head[level] != none) {
        int32_t count = dequeue(f, level, at);
        for (int32_t k = 0; k < count; k++) touch_neighbours(f, &w, at[k]);
        if (f->head[level] == none) enqueue_all(f, &w);
    }
}

/* The inlets, each with its own squared distance. */
static void start_faces(flood *f)
{
    vly_extent e = f->extent;
    for (int32_t z = 0; z < e.nz; z++)
        for (int32_t y = 0; y < e.ny; y++) {
            bool whole = vly_on_face(f->faces & ~3u, e, 1, y, z);
            int32_t step = whole || e.nx == 1 ? 1 : e.nx - 1; /* else the two ends alone */
            for (int32_t x = 0; x < e.nx; x += step) {
                int64_t row = (int64_t)z * e.ny + y, i = row * e.nx + x;
                if (f->distance2[i] == 0 || !vly_on_face(f->faces, e, x, y, z)) continue;
                f->fresh[row * f->words + (x + 1) / 64] &= ~(UINT64_C(1) << (x + 1) % 64);
                enqueue(f, i, VLY_FAR);
            }
        }
}

static int64_t row_words(vly_extent e)
{
    return ((int64_t)e.nx + 2 + 63) / 64;
}

/* All voxels in full blocks, and one that is not in every queue that has a voxel. */
static int64_t most_blocks(vly_extent e, int32_t levels)
{
    int64_t voxels = vly_extent_voxels(e);
    return voxels / BLOCK + (levels < voxels ? levels : voxels);
}

int64_t vly_bottleneck_scratch_bytes_cpu(const vly_queue *queue, vly_extent extent, int32_t levels)
{
    (void)queue;
    return row_words(extent) * extent.ny * extent.nz * (int64_t)sizeof(uint64_t) +
           most_blocks(extent, levels) * (int64_t)sizeof(block) + levels * (int64_t)sizeof(uint32_t);
}

vly_status vly_bottleneck_cpu(vly_queue *queue, const int32_t *distance2, vly_extent extent, uint32_t faces,
                              int32_t levels, int32_t round, int32_t *width2, uint64_t *changed, void *scratch)
{
    int64_t rows = (int64_t)extent.ny * extent.nz;
    flood f = {.distance2 = distance2,
               .width2 = width2,
               .extent = extent,
               .faces = faces,
               .words = row_words(extent),
               .fresh = scratch,
               .empty = none};
    if (round > 0) return VLY_OK; /* the first one reaches the end */
    (void)changed;
    f.blocks = (block *)(f.fresh + rows * f.words);
    f.head = (uint32_t *)(f.blocks + most_blocks(extent, levels));
    f.places = vly_places_of(extent);
    memset(f.head, 0xFF, sizeof *f.head * (size_t)levels);
    VLY_TRY(vly_pool_run(queue->pool, rows, start_row, &f));
    start_faces(&f);
    for (int32_t level = levels - 1; level > 0; level--) empty_queue(&f, level);
    return VLY_OK;
}
