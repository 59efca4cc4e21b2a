/* Which voxels of a page become CBD: the first ones in the order of closing_voxel.h (spec 9.3). */
#ifndef VLY_CLOSING_IMPL_H
#define VLY_CLOSING_IMPL_H

#include "core/device_impl.h"
#include "segment/edx_impl.h"

/* Pages on the device whose rho^2 and D^2 are known. */
typedef struct vly_closing_slab {
    vly_closing_pages pages;
    uint8_t *label; /* device (count, page) */
    int32_t bits;   /* of the largest rho^2 */
} vly_closing_slab;

/* What a page's cut is made of. */
typedef struct vly_closing_choice {
    vly_closing_cut cut;
    uint32_t rho2; /* of the last voxel taken; 0: none is */
    int64_t tied;  /* open voxels with that rho^2 */
} vly_closing_choice;

/* choices (pages.count): cuts below which exactly page->target voxels lie. */
vly_status vly_closing_select(vly_closing_choice *choices, vly_device *device, const vly_closing_slab *slab,
                              const vly_edx_page *pages);

/* Labels by the cuts; CBD voxels of each page to counts (pages.count). */
vly_status vly_closing_apply(uint64_t *counts, vly_device *device, const vly_closing_slab *slab,
                             const vly_closing_choice *choices);

#endif
