#include "morphology/cover_table.h"

#include "core/memory.h"

/* By symmetry the point of a ball that is farthest from a neighbour lies on the other side of the centre, so one octant q of
 * the ball is enough: |q + g|^2 = |q|^2 + sum over the axes of g of weight (2 q + 1). */
static void enter(int32_t *table, int32_t levels, int32_t norm, const int32_t gain[3])
{
    for (int32_t c = 0; c < VLY_COVER_CLASSES; c++) {
        int64_t far = norm;
        for (int32_t axis = 0; axis < 3; axis++)
            if ((c + 1) >> axis & 1) far += gain[axis];
        int32_t *entry = &table[(int64_t)c * levels + norm + 1];
        if (far > *entry) *entry = far < VLY_FAR ? (int32_t)far : VLY_FAR - 1;
    }
}

/* All q with |q|^2 + 1 < levels whose opposite may lie in the window too. */
static void enter_octant(int32_t *table, const vly_metric *m, vly_extent e, int32_t levels)
{
    int64_t most = (int64_t)levels - 2;
    for (int64_t z = 0; z < e.nz && m->z * z * z <= most; z++)
        for (int64_t y = 0; y < e.ny && m->z * z * z + m->y * y * y <= most; y++) {
            int64_t rest = m->z * z * z + m->y * y * y;
            for (int64_t x = 0; x < e.nx && rest + m->x * x * x <= most; x++) {
                const int32_t gain[3] = {(int32_t)(m->x * (2 * x + 1)), (int32_t)(m->y * (2 * y + 1)),
                                         (int32_t)(m->z * (2 * z + 1))};
                enter(table, levels, (int32_t)(rest + m->x * x * x), gain);
            }
        }
}

vly_status vly_cover_table(int32_t **table, const vly_metric *metric, vly_extent extent, int32_t levels)
{
    VLY_TRY(vly_alloc((void **)table, (int64_t)VLY_COVER_CLASSES * levels, sizeof **table, "table of balls"));
    enter_octant(*table, metric, extent, levels);
    for (int32_t c = 0; c < VLY_COVER_CLASSES; c++) {
        int32_t *row = *table + (int64_t)c * levels, far = 0;
        row[0] = VLY_FAR;
        for (int32_t s = 1; s < levels; s++) {
            if (row[s] > far) far = row[s];
            row[s] = far + 1; /* an open ball holds what is nearer than its radius */
        }
    }
    return VLY_OK;
}
