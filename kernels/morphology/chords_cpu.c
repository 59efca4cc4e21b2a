/* Lines across y and z go side by side, so that memory is read in its order. Those across z keep their runs from slab to slab. */
#include "core/kernels_cpu.h"

#include <string.h>

enum { LINES = 512 }; /* across y, side by side */

typedef uint64_t axis_tally[VLY_PHASES][VLY_CHORD_COUNTS];

typedef struct job {
    const uint8_t *phase;
    const vly_region *region;
    vly_extent e; /* of region.inner */
    bool last;
    vly_chord *open;
    axis_tally *tally;
} job;

static const uint8_t *row_at(const job *j, int32_t y, int32_t z)
{
    const vly_box b = j->region->inner;
    return j->phase + vly_at(j->region->data, b.x0, b.y0 + y, b.z0 + z);
}

static void publish(const job *j, int axis, axis_tally mine)
{
    for (int p = 0; p < VLY_PHASES; p++)
        for (int k = 0; k < VLY_CHORD_COUNTS; k++)
            if (mine[p][k] > 0) __atomic_fetch_add(&j->tally[axis][p][k], mine[p][k], __ATOMIC_RELAXED);
}

static vly_status walk_page(void *self, int64_t z, int32_t worker)
{
    const job *j = self;
    axis_tally across_x = {{0}}, across_y = {{0}};
    vly_chord lines[LINES];
    (void)worker;
    for (int32_t y = 0; y < j->e.ny; y++) {
        const uint8_t *row = row_at(j, y, (int32_t)z);
        vly_chord c = VLY_CHORD_NONE;
        for (int32_t x = 0; x < j->e.nx; x++) vly_chord_step(&c, row[x], across_x);
        vly_chord_step(&c, VLY_OUTSIDE, across_x);
    }
    for (int32_t x0 = 0; x0 < j->e.nx; x0 += LINES) {
        int32_t count = j->e.nx - x0 < LINES ? j->e.nx - x0 : LINES;
        for (int32_t x = 0; x < count; x++) lines[x] = VLY_CHORD_NONE;
        for (int32_t y = 0; y < j->e.ny; y++) {
            const uint8_t *row = row_at(j, y, (int32_t)z) + x0;
            for (int32_t x = 0; x < count; x++) vly_chord_step(&lines[x], row[x], across_y);
        }
        for (int32_t x = 0; x < count; x++) vly_chord_step(&lines[x], VLY_OUTSIDE, across_y);
    }
    publish(j, 0, across_x);
    publish(j, 1, across_y);
    return VLY_OK;
}

static vly_status walk_through(void *self, int64_t y, int32_t worker)
{
    const job *j = self;
    axis_tally mine = {{0}};
    vly_chord *lines = j->open + y * j->e.nx;
    (void)worker;
    for (int32_t z = 0; z < j->e.nz; z++) {
        const uint8_t *row = row_at(j, (int32_t)y, z);
        for (int32_t x = 0; x < j->e.nx; x++) vly_chord_step(&lines[x], row[x], mine);
    }
    for (int32_t x = 0; x < j->e.nx && j->last; x++) vly_chord_step(&lines[x], VLY_OUTSIDE, mine);
    publish(j, 2, mine);
    return VLY_OK;
}

vly_status vly_chords_cpu(vly_queue *queue, const uint8_t *phase, const vly_region *region, bool first, bool last,
                          vly_chord *open, uint64_t *tally)
{
    vly_extent e = vly_box_extent(region->inner);
    job j = {phase, region, e, last, open, (axis_tally *)tally};
    for (int64_t i = 0; i < (int64_t)e.nx * e.ny && first; i++) open[i] = VLY_CHORD_NONE;
    VLY_TRY(vly_pool_run(queue->pool, e.nz, walk_page, &j));
    return vly_pool_run(queue->pool, e.ny, walk_through, &j);
}
