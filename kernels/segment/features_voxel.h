/* 27 grey values of a 3x3x3 neighbourhood, grouped by distance to the centre (1, 6, 12, 8 voxels) and sorted ascending
 * inside each group (Prifling et al. 2022, sec. 3.2). Shells and sorting networks are lists of steps, so that scalars,
 * vectors of any width and packed pairs walk through the same ones, unrolled, in registers. */
#ifndef VLY_FEATURES_VOXEL_H
#define VLY_FEATURES_VOXEL_H

#include "core/voxel.h"

enum {
    VLY_SHELL_FEATURES = 27,
    VLY_SHELL_6 = 1, /* where each group begins */
    VLY_SHELL_12 = 7,
    VLY_SHELL_8 = 19
};

/* put(slot, dx, dy, dz) for every voxel of the neighbourhood; the order inside a group is of no consequence. */
#define VLY_SHELLS(put)                                                             \
    put(0, 0, 0, 0);                                                                \
    put(1, -1, 0, 0), put(2, 1, 0, 0), put(3, 0, -1, 0), put(4, 0, 1, 0);           \
    put(5, 0, 0, -1), put(6, 0, 0, 1);                                              \
    put(7, -1, -1, 0), put(8, 1, -1, 0), put(9, -1, 1, 0), put(10, 1, 1, 0);        \
    put(11, -1, 0, -1), put(12, 1, 0, -1), put(13, 0, -1, -1), put(14, 0, 1, -1);   \
    put(15, -1, 0, 1), put(16, 1, 0, 1), put(17, 0, -1, 1), put(18, 0, 1, 1);       \
    put(19, -1, -1, -1), put(20, 1, -1, -1), put(21, -1, 1, -1), put(22, 1, 1, -1); \
    put(23, -1, -1, 1), put(24, 1, -1, 1), put(25, -1, 1, 1), put(26, 1, 1, 1)

/* Optimal sorting networks of 12, 39 and 19 comparators (spec 4.1): order(a, i, j), i < j, leaves the smaller value in
 * a[i]. Each line is one layer. */
#define VLY_SORT_6(order, a)                        \
    order(a, 0, 5), order(a, 1, 3), order(a, 2, 4); \
    order(a, 1, 2), order(a, 3, 4);                 \
    order(a, 0, 3), order(a, 2, 5);                 \
    order(a, 0, 1), order(a, 2, 3), order(a, 4, 5); \
    order(a, 1, 2), order(a, 3, 4)

#define VLY_SORT_8(order, a)                                        \
    order(a, 0, 2), order(a, 1, 3), order(a, 4, 6), order(a, 5, 7); \
    order(a, 0, 4), order(a, 1, 5), order(a, 2, 6), order(a, 3, 7); \
    order(a, 0, 1), order(a, 2, 3), order(a, 4, 5), order(a, 6, 7); \
    order(a, 2, 4), order(a, 3, 5);                                 \
    order(a, 1, 4), order(a, 3, 6);                                 \
    order(a, 1, 2), order(a, 3, 4), order(a, 5, 6)

#define VLY_SORT_12(order, a)                                                                         \
    order(a, 0, 8), order(a, 1, 7), order(a, 2, 6), order(a, 3, 11), order(a, 4, 10), order(a, 5, 9); \
    order(a, 0, 1), order(a, 2, 5), order(a, 3, 4), order(a, 6, 9), order(a, 7, 8), order(a, 10, 11); \
    order(a, 0, 2), order(a, 1, 6), order(a, 5, 10), order(a, 9, 11);                                 \
    order(a, 0, 3), order(a, 1, 2), order(a, 4, 6), order(a, 5, 7), order(a, 8, 11), order(a, 9, 10); \
    order(a, 1, 4), order(a, 3, 5), order(a, 6, 8), order(a, 7, 10);                                  \
    order(a, 1, 3), order(a, 2, 5), order(a, 6, 9), order(a, 8, 10);                                  \
    order(a, 2, 3), order(a, 4, 5), order(a, 6, 7), order(a, 8, 9);                                   \
    order(a, 4, 6), order(a, 5, 7);                                                                   \
    order(a, 3, 4), order(a, 5, 6), order(a, 7, 8)

VLY_INLINE void vly_order(uint16_t *a, int i, int j)
{
    uint16_t low = a[i] < a[j] ? a[i] : a[j], high = a[i] < a[j] ? a[j] : a[i];
    a[i] = low;
    a[j] = high;
}

VLY_INLINE void vly_features_sort(uint16_t *f)
{
    VLY_SORT_6(vly_order, (f + VLY_SHELL_6));
    VLY_SORT_12(vly_order, (f + VLY_SHELL_12));
    VLY_SORT_8(vly_order, (f + VLY_SHELL_8));
}

/* The groups of one voxel, not yet sorted. grey: e; reflect101 at its border. */
VLY_INLINE void vly_features_gather(uint16_t *f, const uint16_t *grey, vly_extent e, int32_t x, int32_t y, int32_t z)
{
    int64_t column[3], row[3], page[3];
    for (int d = -1; d <= 1; d++) {
        column[d + 1] = vly_reflect(x + d, e.nx);
        row[d + 1] = (int64_t)vly_reflect(y + d, e.ny) * e.nx;
        page[d + 1] = (int64_t)vly_reflect(z + d, e.nz) * e.nx * e.ny;
    }
#define VLY_PUT(slot, dx, dy, dz) f[slot] = grey[page[(dz) + 1] + row[(dy) + 1] + column[(dx) + 1]]
    VLY_SHELLS(VLY_PUT);
#undef VLY_PUT
}

#endif
