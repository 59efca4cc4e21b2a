/* The hot loops of k-means on a CPU: one body (kmeans_lanes_body.h), built for three instruction sets, chosen at run time.
 * Bits are those of vly_kmeans_nearest and vly_kmeans_distance on every one of them. */
#ifndef VLY_KMEANS_LANES_H
#define VLY_KMEANS_LANES_H

#include "core/rows_cpu.h"
#include "kernels.h"

typedef struct vly_kmeans_slab {
    const uint16_t *grey;     /* region->data */
    const uint8_t *mask;      /* region->inner; NULL: everything is inside */
    const vly_region *region; /* stencil radius 1, reflect101 at the border of region->data */
    const vly_kmeans_model *model;
    uint8_t *label; /* region->inner */
    bool fresh;     /* labels are not read */
} vly_kmeans_slab;

typedef struct vly_kmeans_samples {
    const uint16_t *features; /* see vly_kmeans_slot */
    int64_t count;
    const vly_kmeans_model *model;
    uint8_t *label; /* (count) */
    bool fresh;
} vly_kmeans_samples;

enum { VLY_KMEANS_CHUNK = 256 }; /* voxels of one call of distances */

typedef struct vly_kmeans_lanes {
    /* Rows [row, end): labels, and what that changes. */
    void (*assign)(const vly_kmeans_slab *slab, int64_t row, int64_t end, vly_kmeans_tally *tally);
    /* Samples [first, end), first a multiple of VLY_KMEANS_BLOCK. */
    void (*assign_samples)(const vly_kmeans_samples *samples, int64_t first, int64_t end, vly_kmeans_tally *tally);
    /* d[l][i]: distances of voxels x ... x + n - 1 of a row of region->inner to all three centroids; n <= the chunk. */
    void (*distances)(const vly_kmeans_slab *slab, int64_t row, int32_t x, int32_t n,
                      float d[VLY_PHASES][VLY_KMEANS_CHUNK]);
} vly_kmeans_lanes;

extern const vly_kmeans_lanes vly_kmeans_lanes_plain;
extern const vly_kmeans_lanes vly_kmeans_lanes_avx2;   /* where the base instructions include it */
extern const vly_kmeans_lanes vly_kmeans_lanes_avx512; /* x86 only */

/* The widest that the queue may use. */
const vly_kmeans_lanes *vly_kmeans_lanes_of(const vly_queue *queue);

#endif
