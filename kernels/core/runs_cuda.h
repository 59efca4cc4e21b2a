/* How the CUDA twins walk a slab voxel by voxel: a block takes a run of VLY_RUN consecutive voxels of a row, a thread eight
 * of them. A slab without halo in x and y is one single row, so that rows of odd length cost nothing. */
#ifndef VLY_RUNS_CUDA_H
#define VLY_RUNS_CUDA_H

#include "core/launch_cuda.h"

enum { VLY_EACH = 8, VLY_RUN = VLY_BLOCK * VLY_EACH };

typedef struct vly_runs {
    int64_t length, per_row, total; /* voxels of a row; runs of a row; runs in all */
    int64_t grey_first;             /* of row 0 in the grey array */
    int64_t grey_row, grey_page;    /* from row to row, from page to page of the grey array */
    int32_t rows_per_page;
} vly_runs;

static inline vly_runs vly_runs_of(const vly_region *region)
{
    vly_extent e = vly_box_extent(region->inner), d = region->data;
    vly_runs r;
    r.grey_first = vly_at(d, region->inner.x0, region->inner.y0, region->inner.z0);
    r.grey_row = d.nx;
    r.grey_page = (int64_t)d.nx * d.ny;
    r.rows_per_page = e.ny;
    int64_t rows = (int64_t)e.ny * e.nz;
    r.length = e.nx;
    if (e.nx == d.nx && e.ny == d.ny) {
        r.length = vly_extent_voxels(e);
        r.rows_per_page = 1;
        rows = 1;
    }
    r.per_row = (r.length + VLY_RUN - 1) / VLY_RUN;
    r.total = rows * r.per_row;
    return r;
}

/* Eight voxels of a run: where they lie, how many there are. */
typedef struct vly_eight {
    int64_t grey, label;
    int32_t count;
} vly_eight;

static __device__ __forceinline__ vly_eight vly_eight_of(const vly_runs *r, int64_t run)
{
    int64_t row = run / r->per_row, x = run % r->per_row * VLY_RUN;
    x += (int64_t)(threadIdx.x % VLY_BLOCK) * VLY_EACH; /* a larger block has several runs at hand */
    vly_eight e;
    e.grey = r->grey_first + row / r->rows_per_page * r->grey_page + row % r->rows_per_page * r->grey_row + x;
    e.label = row * r->length + x;
    int64_t left = r->length - x;
    e.count = left <= 0 ? 0 : left < VLY_EACH ? (int32_t)left : VLY_EACH;
    return e;
}

/* One load of 16 bytes where they are aligned. */
static __device__ __forceinline__ void vly_load_eight(uint16_t g[VLY_EACH], const uint16_t *grey, int32_t count)
{
    if (count == VLY_EACH && ((size_t)grey & 15) == 0) {
        uint4 all = *(const uint4 *)grey;
        uint32_t words[4] = {all.x, all.y, all.z, all.w};
        for (int i = 0; i < VLY_EACH; i++) g[i] = (uint16_t)(words[i / 2] >> (16 * (i & 1)));
    } else {
        for (int i = 0; i < VLY_EACH; i++) g[i] = i < count ? grey[i] : 0;
    }
}

static __device__ __forceinline__ void vly_store_eight(uint8_t *label, const uint8_t l[VLY_EACH], int32_t count)
{
    if (count == VLY_EACH && ((size_t)label & 7) == 0) {
        uint2 all = {0, 0};
        for (int i = 0; i < 4; i++) {
            all.x |= (uint32_t)l[i] << (8 * i);
            all.y |= (uint32_t)l[i + 4] << (8 * i);
        }
        *(uint2 *)label = all;
    } else {
        for (int i = 0; i < VLY_EACH; i++)
            if (i < count) label[i] = l[i];
    }
}

/* Device counters are unsigned long long to CUDA's atomics. */
static __device__ __forceinline__ void vly_add(uint64_t *to, uint64_t value)
{
    if (value) atomicAdd((unsigned long long *)to, (unsigned long long)value);
}

#endif
