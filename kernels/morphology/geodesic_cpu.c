/* Threads take pieces of a bucket's list. A distance only ever falls, and who makes it fall into another bucket appends the
 * voxel to that bucket's list: each voxel stands in a list once, and none is worked on twice. */
#include "core/kernels_cpu.h"

#include <string.h>

enum { PIECE = 2048, PENDING = 512, SLICE = 1 << 16 };

/* Four neighbours in a row of the field: x - 1, x, x + 1, and one that does not count. */
typedef uint32_t four __attribute__((vector_size(16)));

typedef struct job {
    const vly_geodesic_field *field;
    uint32_t bucket;
    const uint8_t *labels;
    uint32_t phases;
    int32_t z0;
    uint32_t base;
    int64_t around[27]; /* from a voxel to those around it; the middle is never farther than itself */
    uint32_t weight[27];
    int64_t row[9]; /* to the first of a row of three */
    four row_weight[9];
} job;

/* ---- marking ---- */

static vly_status mark_row(void *self, int64_t row, int32_t worker)
{
    const job *j = self;
    vly_extent e = j->field->extent;
    const uint8_t *label = j->labels + row * e.nx;
    uint32_t *d =
        j->field->distance + vly_geodesic_at(j->field, 0, (int32_t)(row % e.ny), j->z0 + (int32_t)(row / e.ny));
    (void)worker;
    for (int32_t x = 0; x < e.nx; x++)
        d[x] = label[x] < VLY_PHASES && (j->phases >> label[x] & 1) ? VLY_GEODESIC_UNSEEN : VLY_GEODESIC_WALL;
    return VLY_OK;
}

vly_status vly_geodesic_mark_cpu(vly_queue *queue, const vly_geodesic_field *field, const uint8_t *labels, int32_t z0,
                                 int32_t count, uint32_t phases)
{
    job j = {.field = field, .labels = labels, .z0 = z0, .phases = phases};
    return vly_pool_run(queue->pool, (int64_t)count * field->extent.ny, mark_row, &j);
}

vly_status vly_geodesic_start_cpu(vly_queue *queue, const vly_geodesic_field *field, int32_t axis, int32_t at)
{
    int64_t *list = field->lists + 1 % VLY_GEODESIC_LISTS * field->capacity;
    uint64_t *count = &field->counts[1];
    (void)queue;
    for (int32_t r = 0; r < vly_geodesic_rows(field->extent, axis); r++)
        for (int32_t c = 0; c < vly_geodesic_columns(field->extent, axis); c++) {
            int64_t i = vly_geodesic_face(field, axis, at, r, c);
            if (field->distance[i] != VLY_GEODESIC_UNSEEN) continue;
            field->distance[i] = VLY_GEODESIC_SOURCE;
            if ((int64_t)*count < field->capacity) list[*count] = i;
            ++*count;
        }
    return VLY_OK;
}

/* ---- one bucket ---- */

/* Voxels found for the next two buckets, before they are appended. */
typedef struct pending {
    int64_t voxel[2][PENDING];
    int32_t count[2];
} pending;

static void append(const job *j, pending *p, int32_t which)
{
    const vly_geodesic_field *f = j->field;
    uint32_t bucket = j->bucket + 1 + (uint32_t)which;
    int64_t count = p->count[which];
    int64_t first =
        (int64_t)__atomic_fetch_add(&f->counts[bucket % VLY_GEODESIC_COUNTS], (uint64_t)count, __ATOMIC_RELAXED);
    int64_t room = f->capacity - first < count ? f->capacity - first : count;
    if (room > 0)
        memcpy(f->lists + bucket % VLY_GEODESIC_LISTS * f->capacity + first, p->voxel[which],
               (size_t)room * sizeof(int64_t));
    p->count[which] = 0;
}

static inline void relax(const job *j, pending *p, int64_t voxel, uint32_t next)
{
    uint32_t *d = &j->field->distance[voxel], old = __atomic_load_n(d, __ATOMIC_RELAXED);
    while (next < old)
        if (__atomic_compare_exchange_n(d, &old, next, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
            if (next >> VLY_GEODESIC_SHIFT == old >> VLY_GEODESIC_SHIFT) return;
            int32_t which = (int32_t)((next >> VLY_GEODESIC_SHIFT) - j->bucket - 1);
            p->voxel[which][p->count[which]++] = voxel;
            if (p->count[which] == PENDING) append(j, p, which);
            return;
        }
}

/* Which of the 27 voxels around one at distance d are farther than a path by way of it, as bits 9 (x + 1) + 3 (z + 1) + y + 1.
 * Other threads may make any of them fall meanwhile, which relax sees: what is found here need only be a good guess. */
__attribute__((no_sanitize("thread"))) static inline uint32_t farther(const job *j, const uint32_t *voxel, uint32_t d)
{
    four found = {0};
    for (int r = 0; r < 9; r++) {
        four row;
        memcpy(&row, voxel + j->row[r], sizeof row);
        found |= (four)(row > j->row_weight[r] + d) & (1u << r);
    }
    return (found[0] & 511) | (found[1] & 511) << 9 | (found[2] & 511) << 18;
}

static inline void expand(const job *j, pending *p, int64_t voxel)
{
    uint32_t d = __atomic_load_n(&j->field->distance[voxel], __ATOMIC_RELAXED);
    if (d >> VLY_GEODESIC_SHIFT != j->bucket) return; /* was in an earlier bucket after all */
    for (uint32_t bits = farther(j, j->field->distance + voxel, d); bits != 0; bits &= bits - 1) {
        int n = __builtin_ctz(bits);
        relax(j, p, voxel + j->around[n], d + j->weight[n]);
    }
}

static void finish(const job *j, pending *p)
{
    for (int32_t which = 0; which < 2; which++)
        if (p->count[which] > 0) append(j, p, which);
}

static vly_status expand_listed(void *self, int64_t item, int32_t worker)
{
    const job *j = self;
    const vly_geodesic_field *f = j->field;
    const int64_t *list = f->lists + j->bucket % VLY_GEODESIC_LISTS * f->capacity;
    int64_t count = (int64_t)f->counts[j->bucket % VLY_GEODESIC_COUNTS];
    int64_t end = (item + 1) * PIECE < count ? (item + 1) * PIECE : count;
    pending p;
    (void)worker;
    p.count[0] = p.count[1] = 0;
    for (int64_t i = item * PIECE; i < end; i++) expand(j, &p, list[i]);
    finish(j, &p);
    return VLY_OK;
}

static int64_t cells(const vly_geodesic_field *f)
{
    return vly_extent_voxels((vly_extent){f->extent.nx + 2, f->extent.ny + 2, f->extent.nz + 2});
}

/* A list that was too short: the field knows who belongs to the bucket. */
static vly_status expand_found(void *self, int64_t item, int32_t worker)
{
    const job *j = self;
    int64_t all = cells(j->field), end = (item + 1) * SLICE < all ? (item + 1) * SLICE : all;
    pending p;
    (void)worker;
    p.count[0] = p.count[1] = 0;
    for (int64_t i = item * SLICE; i < end; i++) expand(j, &p, i);
    finish(j, &p);
    return VLY_OK;
}

static void set_neighbours(job *j)
{
    int64_t middle = vly_geodesic_at(j->field, 0, 0, 0);
    for (int32_t z = -1; z <= 1; z++)
        for (int32_t y = -1; y <= 1; y++) {
            int32_t r = 3 * (z + 1) + y + 1;
            j->row[r] = vly_geodesic_at(j->field, -1, y, z) - middle;
            for (int32_t x = -1; x <= 1; x++) {
                j->around[9 * (x + 1) + r] = vly_geodesic_at(j->field, x, y, z) - middle;
                j->weight[9 * (x + 1) + r] = j->row_weight[r][x + 1] = vly_geodesic_weight(x, y, z);
            }
        }
}

vly_status vly_geodesic_advance_cpu(vly_queue *queue, const vly_geodesic_field *field, uint32_t bucket,
                                    uint32_t buckets)
{
    job j = {.field = field, .bucket = bucket};
    set_neighbours(&j);
    for (; j.bucket < bucket + buckets; j.bucket++) {
        uint64_t *counts = field->counts;
        int64_t count = (int64_t)counts[j.bucket % VLY_GEODESIC_COUNTS];
        counts[(j.bucket + 3) % VLY_GEODESIC_COUNTS] = 0;
        if (count > field->capacity)
            VLY_TRY(vly_pool_run(queue->pool, (cells(field) + SLICE - 1) / SLICE, expand_found, &j));
        else if (count <= PIECE)
            VLY_TRY(expand_listed(&j, 0, 0));
        else
            VLY_TRY(vly_pool_run(queue->pool, (count + PIECE - 1) / PIECE, expand_listed, &j));
    }
    return VLY_OK;
}

/* ---- */

static vly_status rebase_some(void *self, int64_t item, int32_t worker)
{
    const job *j = self;
    uint32_t *d = j->field->distance;
    int64_t all = cells(j->field), end = (item + 1) * SLICE < all ? (item + 1) * SLICE : all;
    (void)worker;
    for (int64_t i = item * SLICE; i < end; i++) d[i] = vly_geodesic_rebased(d[i], j->base);
    return VLY_OK;
}

vly_status vly_geodesic_rebase_cpu(vly_queue *queue, const vly_geodesic_field *field, uint32_t base)
{
    job j = {.field = field, .base = base};
    return vly_pool_run(queue->pool, (cells(field) + SLICE - 1) / SLICE, rebase_some, &j);
}

vly_status vly_geodesic_plane_cpu(vly_queue *queue, const vly_geodesic_field *field, int32_t axis, int32_t at,
                                  uint32_t *plane)
{
    (void)queue;
    for (int32_t r = 0; r < vly_geodesic_rows(field->extent, axis); r++)
        for (int32_t c = 0; c < vly_geodesic_columns(field->extent, axis); c++)
            *plane++ = field->distance[vly_geodesic_face(field, axis, at, r, c)];
    return VLY_OK;
}
