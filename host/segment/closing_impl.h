/* The parts of the closing: labels as it reads them, the radii of a slab, which voxels of a page become CBD (spec 9.3, 9.4). */
#ifndef VLY_CLOSING_IMPL_H
#define VLY_CLOSING_IMPL_H

#include "core/device_impl.h"
#include "io/spool.h"
#include "segment/edx_impl.h"

/* ---- the choice (closing_select.c) ---- */

/* Pages on the device whose rho^2 and D^2 are known. */
typedef struct vly_closing_slab {
    vly_closing_pages pages;
    uint8_t *label; /* device (count, page) */
    int32_t bits;   /* of the largest rho^2 */
} vly_closing_slab;

/* What a page's cut is made of. */
typedef struct vly_closing_choice {
    vly_closing_cut cut;
    int32_t rho2; /* of the last voxel taken; 0: none is */
    int64_t tied; /* open voxels with that rho^2 */
} vly_closing_choice;

/* choices (pages.count): cuts below which exactly page->target voxels lie. */
vly_status vly_closing_select(vly_closing_choice *choices, vly_device *device, const vly_closing_slab *slab,
                              const vly_edx_page *pages);

/* Labels by the cuts; CBD voxels of each page to counts (pages.count). */
vly_status vly_closing_apply(uint64_t *counts, vly_device *device, const vly_closing_slab *slab,
                             const vly_closing_choice *choices);

/* ---- whole radii (closing_classes.c) ---- */

/* Open voxels of a page by their rho^2. */
typedef struct vly_closing_classes {
    struct vly_closing_class {
        int32_t rho2;
        int64_t voxels;
    } * list; /* (count) ascending */
    int32_t count;
} vly_closing_classes;

vly_status vly_closing_list_classes(vly_closing_classes *classes, vly_device *device, const vly_closing_slab *slab);

/* Cuts between radii, and targets as they follow from them: every page takes what comes nearest to its share, and *scale is
 * such that the sum comes nearest to `cbd`. */
void vly_closing_choose_classes(vly_closing_choice *choices, double *scale, vly_edx_page *pages,
                                const vly_closing_classes *classes, int32_t nz, int64_t cbd);

/* ---- what is closed (closing_read.c) ---- */

/* Active material, VLY_CLOSING_OPEN, VLY_CLOSING_KEPT and outside, whatever the labels that it was made from say. */
typedef struct vly_closing_volume {
    vly_device *device;
    vly_source *am, *mask; /* mask may be NULL */
    vly_extent extent;
    vly_spool spool;     /* holds the volume from when enclosed pores were set apart, */
    vly_source *spooled; /* and is read by this; NULL before */
    int64_t outside;     /* voxels */
} vly_closing_volume;

/* Pages [z0, z0 + count) to `pages`. Decoded in parallel. */
vly_status vly_closing_read(const vly_closing_volume *volume, int32_t z0, int32_t count, uint8_t *pages);

/* Voxels of each page (extent.nz) that are inside and that are open; sets `outside`. */
vly_status vly_closing_count_pages(vly_closing_volume *volume, vly_edx_page *pages);

/* Frees what was spooled; am and mask stay the caller's. */
void vly_closing_volume_close(vly_closing_volume *volume);

/* Makes pores that cannot be reached from the faces of the region kept ones or active material, and counts them. From then on
 * the volume is read from its spool, which holds at most `bytes` of memory (closing_enclosed.c). */
vly_status vly_closing_fill_enclosed(vly_closing_volume *volume, int64_t *filled, vly_enclosed enclosed, int64_t bytes,
                                     const char *scratch);

/* ---- radii (closing_radii.c) ---- */

/* Memory for a run of pages and those around them whose active material they can feel. */
typedef struct vly_closing_radii {
    const vly_closing_volume *volume;
    bool solid_collector;
    int32_t thick, halo;                 /* pages of a slab, and of those on either side */
    vly_buffer label, rho2, d2, scratch; /* (pages, page); for the kernels */
    vly_buffer table, farthest;          /* of the cover */
    vly_closing_slab slab;               /* the last one, */
    bool known;                          /* which is the whole volume: nothing is to be measured again */
    uint8_t *stage;                      /* for devices with memory of their own */
    int32_t levels, table_pages;         /* that the table is for */
} vly_closing_radii;

/* The whole volume at once if memory allows it, else slabs. VLY_EMEMORY with what is needed. */
vly_status vly_closing_radii_open(vly_closing_radii *out, const vly_closing_volume *volume, bool solid_collector);
void vly_closing_radii_close(vly_closing_radii *radii);

/* rho^2 and D^2 of pages from z0 on, as many as *count says or memory allows. slab's first and seed stay the caller's. */
vly_status vly_closing_radii_at(vly_closing_radii *radii, vly_closing_slab *slab, int32_t z0, int32_t *count);

#endif
