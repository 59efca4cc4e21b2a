/* One flood in descending order (morphology spec 5.2): a voxel is final when it is first touched, because nothing that comes
 * later is higher. So every voxel is queued once, and one link a voxel holds all queues. Whether it has been touched is one
 * bit: rows of them with a margin, so that three neighbours come out of a word at a time. */
#include "core/kernels_cpu.h"
#include "morphology/distance_voxel.h"

#include <string.h>

static const uint32_t none = UINT32_MAX;

typedef struct flood {
    const int32_t *distance2;
    int32_t *width2;
    vly_extent extent;
    uint32_t faces;
    int64_t words;              /* of a row of bits; bit x + 1 is voxel x */
    uint64_t *fresh;            /* (nz, ny, words) in the phase and not yet touched */
    uint32_t *link;             /* (extent) the next one queued at the same level */
    uint32_t *head;             /* (levels) */
    uint64_t per_row, per_page; /* reciprocals of nx and ny for exact 32-bit division; 0 for one */
} flood;

/* i / d for reciprocal 2^64 / d, rounded up (Lemire, Kaser, Kurz 2019). */
static inline uint32_t divide(uint32_t i, uint64_t reciprocal)
{
    return reciprocal == 0 ? i : (uint32_t)(((unsigned __int128)reciprocal * i) >> 64);
}

static uint64_t reciprocal_of(int32_t d)
{
    return d == 1 ? 0 : UINT64_MAX / (uint64_t)d + 1;
}

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

static inline void touch(const flood *f, int64_t i, int32_t level)
{
    int32_t width2 = f->distance2[i] < level ? f->distance2[i] : level;
    f->width2[i] = width2;
    f->link[i] = f->head[width2];
    f->head[width2] = (uint32_t)i;
}

/* Touches those of voxels x - 1, x, x + 1 of a row that are fresh. */
static inline void touch_three(const flood *f, int64_t row, int32_t x, int32_t level)
{
    uint64_t *bits = f->fresh + row * f->words + x / 64;
    int32_t shift = x % 64;
    uint64_t three = bits[0] >> shift & 7;
    if (shift > 61) three |= bits[1] << (64 - shift) & 7;
    if (!three) return;
    bits[0] &= ~(three << shift);
    if (shift > 61) bits[1] &= ~(three >> (64 - shift));
    for (int64_t i = row * f->extent.nx + x - 1; three; three >>= 1, i++)
        if (three & 1) touch(f, i, level);
}

static void touch_neighbours(const flood *f, uint32_t i, int32_t level)
{
    uint32_t row = divide(i, f->per_row), z = divide(row, f->per_page);
    int32_t x = (int32_t)(i - row * (uint32_t)f->extent.nx), ny = f->extent.ny;
    int32_t y = (int32_t)(row - z * (uint32_t)ny);
    int32_t z0 = z > 0 ? -1 : 0, z1 = (int32_t)z + 1 < f->extent.nz ? 1 : 0;
    int32_t y0 = y > 0 ? -1 : 0, y1 = y + 1 < ny ? 1 : 0;
    for (int32_t dz = z0; dz <= z1; dz++)
        for (int32_t dy = y0; dy <= y1; dy++) touch_three(f, (int64_t)row + (int64_t)dz * ny + dy, x, level);
}

/* The inlets, each with its own squared distance. */
static void start_faces(const flood *f)
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
                touch(f, i, VLY_FAR);
            }
        }
}

static int64_t row_words(vly_extent e)
{
    return ((int64_t)e.nx + 2 + 63) / 64;
}

int64_t vly_bottleneck_scratch_bytes_cpu(const vly_queue *queue, vly_extent extent, int32_t levels)
{
    (void)queue;
    return row_words(extent) * extent.ny * extent.nz * (int64_t)sizeof(uint64_t) +
           (vly_extent_voxels(extent) + levels) * (int64_t)sizeof(uint32_t);
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
               .fresh = scratch};
    if (round > 0) return VLY_OK; /* the first one reaches the end */
    (void)changed;
    f.link = (uint32_t *)(f.fresh + rows * f.words);
    f.head = f.link + vly_extent_voxels(extent);
    f.per_row = reciprocal_of(extent.nx);
    f.per_page = reciprocal_of(extent.ny);
    memset(f.head, 0xFF, sizeof *f.head * (size_t)levels);
    VLY_TRY(vly_pool_run(queue->pool, rows, start_row, &f));
    start_faces(&f);
    for (int32_t level = levels - 1; level > 0; level--)
        while (f.head[level] != none) {
            uint32_t i = f.head[level];
            f.head[level] = f.link[i];
            touch_neighbours(&f, i, level);
        }
    return VLY_OK;
}
