/* Which nodes become one: those of a block that strong couplings connect. Every node takes the least index among its strong
 * neighbours in the block until nothing changes: the outcome does not depend on who looks first. */
#include "transport/coarsen.h"

#include "core/memory.h"

#include <stdatomic.h>

enum { ITEM_ROWS = 1 << 14 };

typedef struct labelling {
    const vly_matrix *a;
    const uint64_t *place;
    float strong;
    float *peak;            /* (rows) strongest coupling */
    _Atomic int32_t *label; /* (rows) */
    atomic_bool changed;
} labelling;

void vly_row_of(vly_row *out, const vly_matrix *a, int32_t i)
{
    out->count = 0;
    if (a->form == VLY_MATRIX_GRAPH) {
        out->column = a->column + a->first[i];
        out->weight = a->weight + a->first[i];
        out->count = a->first[i + 1] - a->first[i];
        return;
    }
    out->column = out->columns;
    out->weight = out->weights;
    for (int way = 0; way < 6; way++) {
        int32_t j = vly_matrix_side(a, i, way);
        if (j == i) continue;
        out->columns[out->count] = j;
        out->weights[out->count++] = vly_matrix_face(a, a->form, way / 2, i, j);
    }
}

static int32_t item_end(const labelling *l, int64_t item)
{
    int64_t end = (item + 1) * ITEM_ROWS;
    return (int32_t)(end < l->a->rows ? end : l->a->rows);
}

static vly_status find_peaks(void *self, int64_t item, int32_t worker)
{
    labelling *l = self;
    vly_row row;
    (void)worker;
    for (int32_t i = (int32_t)(item * ITEM_ROWS); i < item_end(l, item); i++) {
        float peak = 0.0f;
        vly_row_of(&row, l->a, i);
        for (int32_t k = 0; k < row.count; k++) peak = row.weight[k] > peak ? row.weight[k] : peak;
        l->peak[i] = peak;
        atomic_store_explicit(&l->label[i], i, memory_order_relaxed);
    }
    return VLY_OK;
}

static vly_status spread_labels(void *self, int64_t item, int32_t worker)
{
    labelling *l = self;
    vly_row row;
    bool changed = false;
    (void)worker;
    for (int32_t i = (int32_t)(item * ITEM_ROWS); i < item_end(l, item); i++) {
        int32_t own = atomic_load_explicit(&l->label[i], memory_order_relaxed), least = own;
        vly_row_of(&row, l->a, i);
        for (int32_t k = 0; k < row.count; k++) {
            int32_t j = row.column[k];
            float peak = l->peak[i] > l->peak[j] ? l->peak[i] : l->peak[j];
            if (l->place[j] != l->place[i] || row.weight[k] < l->strong * peak) continue;
            int32_t other = atomic_load_explicit(&l->label[j], memory_order_relaxed);
            least = other < least ? other : least;
        }
        if (least < own) atomic_store_explicit(&l->label[i], least, memory_order_relaxed), changed = true;
    }
    if (changed) atomic_store_explicit(&l->changed, true, memory_order_relaxed);
    return VLY_OK;
}

static vly_status label_all(labelling *l, vly_device *device)
{
    int64_t items = ((int64_t)l->a->rows + ITEM_ROWS - 1) / ITEM_ROWS;
    VLY_TRY(vly_pool_run(device->pool, items, find_peaks, l));
    do {
        atomic_store(&l->changed, false);
        VLY_TRY(vly_pool_run(device->pool, items, spread_labels, l));
    } while (atomic_load(&l->changed));
    return VLY_OK;
}

/* Blocks twice as large along each axis. */
static void halve(uint64_t *place, int32_t rows)
{
    const uint64_t axis = (UINT64_C(1) << 20) - 1;
    for (int32_t i = 0; i < rows; i++)
        place[i] = (place[i] >> 1 & axis) | (place[i] >> 22 & axis) << 21 | (place[i] >> 43 & axis) << 42;
}

/* Labels become numbers in the order of the first members. */
static int32_t number(int32_t *label, int32_t rows)
{
    int32_t count = 0;
    for (int32_t i = 0; i < rows; i++) label[i] = label[i] == i ? count++ : label[label[i]];
    return count;
}

vly_status vly_aggregate(int32_t *count, int32_t *aggregate, vly_device *device, const vly_matrix *a, uint64_t *place,
                         float strong)
{
    labelling l = {.a = a, .place = place, .strong = strong, .label = (_Atomic int32_t *)aggregate};
    VLY_TRY(vly_alloc_raw((void **)&l.peak, a->rows, sizeof(float), "couplings"));
    vly_status status = VLY_OK;
    /* where couplings run from block to block, larger blocks bring the nodes together */
    for (int32_t doubled = 0; doubled < 21; doubled++) {
        halve(place, a->rows);
        status = label_all(&l, device);
        if (status != VLY_OK) break;
        *count = 0;
        for (int32_t i = 0; i < a->rows; i++) *count += aggregate[i] == i;
        if (*count <= 0.7 * a->rows) break;
    }
    if (status == VLY_OK) *count = number(aggregate, a->rows);
    vly_free(l.peak);
    return status;
}
