/* Device threads take a bucket's list with a stride of the grid. The host cannot know how long the list is, and need not: a
 * bucket without voxels is a launch that ends at once. */
#include "core/runs_cuda.h"
#include "morphology/geodesic_voxel.h"

static __device__ __forceinline__ int64_t first_thread(void)
{
    return (int64_t)blockIdx.x * VLY_BLOCK + threadIdx.x;
}

static __device__ __forceinline__ int64_t all_threads(void)
{
    return (int64_t)gridDim.x * VLY_BLOCK;
}

static __device__ __forceinline__ void append(const vly_geodesic_field *f, uint32_t bucket, int64_t voxel)
{
    int64_t at = (int64_t)atomicAdd((unsigned long long *)&f->counts[bucket % VLY_GEODESIC_COUNTS], 1ull);
    if (at < f->capacity) f->lists[bucket % VLY_GEODESIC_LISTS * f->capacity + at] = voxel;
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    geodesic_mark_kernel(vly_geodesic_field f, const uint8_t *labels, int32_t z0, int64_t voxels, uint32_t phases)
{
    for (int64_t i = first_thread(); i < voxels; i += all_threads()) {
        int32_t x = (int32_t)(i % f.extent.nx), y = (int32_t)(i / f.extent.nx % f.extent.ny);
        int32_t z = z0 + (int32_t)(i / f.extent.nx / f.extent.ny);
        bool in = labels[i] < VLY_PHASES && (phases >> labels[i] & 1);
        f.distance[vly_geodesic_at(&f, x, y, z)] = in ? VLY_GEODESIC_UNSEEN : VLY_GEODESIC_WALL;
    }
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    geodesic_start_kernel(vly_geodesic_field f, int32_t axis, int32_t at, int32_t columns, int64_t voxels)
{
    for (int64_t i = first_thread(); i < voxels; i += all_threads()) {
        int64_t voxel = vly_geodesic_face(&f, axis, at, (int32_t)(i / columns), (int32_t)(i % columns));
        if (f.distance[voxel] != VLY_GEODESIC_UNSEEN) continue;
        f.distance[voxel] = VLY_GEODESIC_SOURCE;
        append(&f, 1, voxel);
    }
}

/* A distance only ever falls; whoever makes it fall into another bucket appends the voxel there. */
static __device__ __forceinline__ void expand(const vly_geodesic_field *f, uint32_t bucket, int64_t voxel)
{
    uint32_t d = atomicMin(&f->distance[voxel], VLY_GEODESIC_UNSEEN); /* nothing but a read that is atomic */
    if (d >> VLY_GEODESIC_SHIFT != bucket) return;                    /* was in an earlier bucket after all */
    int64_t row = f->extent.nx + 2, page = row * (f->extent.ny + 2);
    for (int32_t z = -1; z <= 1; z++)
        for (int32_t y = -1; y <= 1; y++)
            for (int32_t x = -1; x <= 1; x++) {
                int64_t to = voxel + z * page + y * row + x;
                uint32_t next = d + vly_geodesic_weight(x, y, z);
                if (to == voxel) continue;
                uint32_t old = atomicMin(&f->distance[to], next);
                if (next < old && next >> VLY_GEODESIC_SHIFT != old >> VLY_GEODESIC_SHIFT)
                    append(f, next >> VLY_GEODESIC_SHIFT, to);
            }
}

static __global__ void __launch_bounds__(VLY_BLOCK, 2) /* else it spills */
    geodesic_advance_kernel(vly_geodesic_field f, uint32_t bucket, int64_t cells)
{
    int64_t count = (int64_t)f.counts[bucket % VLY_GEODESIC_COUNTS];
    const int64_t *list = f.lists + bucket % VLY_GEODESIC_LISTS * f.capacity;
    if (first_thread() == 0) f.counts[(bucket + 3) % VLY_GEODESIC_COUNTS] = 0;
    bool listed = count <= f.capacity; /* else the field knows who belongs to the bucket */
    int64_t all = listed ? count : cells;
    for (int64_t i = first_thread(); i < all; i += all_threads()) expand(&f, bucket, listed ? list[i] : i);
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    geodesic_rebase_kernel(uint32_t *distance, int64_t cells, uint32_t base)
{
    for (int64_t i = first_thread(); i < cells; i += all_threads())
        distance[i] = vly_geodesic_rebased(distance[i], base);
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    geodesic_plane_kernel(vly_geodesic_field f, int32_t axis, int32_t at, int32_t columns, int64_t voxels,
                          uint32_t *plane)
{
    for (int64_t i = first_thread(); i < voxels; i += all_threads())
        plane[i] = f.distance[vly_geodesic_face(&f, axis, at, (int32_t)(i / columns), (int32_t)(i % columns))];
}

static int64_t cells(const vly_geodesic_field *f)
{
    vly_extent walled = {f->extent.nx + 2, f->extent.ny + 2, f->extent.nz + 2};
    return vly_extent_voxels(walled);
}

static cudaLaunchConfig_t shape_of(const vly_queue *queue, int64_t voxels)
{
    return vly_launch_shape(queue, (voxels + VLY_BLOCK - 1) / VLY_BLOCK);
}

extern "C" vly_status vly_geodesic_mark_cuda(vly_queue *queue, const vly_geodesic_field *field, const uint8_t *labels,
                                             int32_t z0, int32_t count, uint32_t phases)
{
    int64_t voxels = (int64_t)field->extent.nx * field->extent.ny * count;
    cudaLaunchConfig_t shape = shape_of(queue, voxels);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, geodesic_mark_kernel, *field, labels, z0, voxels, phases),
                           "geodesic_mark");
}

extern "C" vly_status vly_geodesic_start_cuda(vly_queue *queue, const vly_geodesic_field *field, int32_t axis,
                                              int32_t at)
{
    int32_t columns = vly_geodesic_columns(field->extent, axis);
    int64_t voxels = (int64_t)vly_geodesic_rows(field->extent, axis) * columns;
    cudaLaunchConfig_t shape = shape_of(queue, voxels);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, geodesic_start_kernel, *field, axis, at, columns, voxels),
                           "geodesic_start");
}

extern "C" vly_status vly_geodesic_advance_cuda(vly_queue *queue, const vly_geodesic_field *field, uint32_t bucket,
                                                uint32_t buckets)
{
    int64_t all = cells(field);
    cudaLaunchConfig_t shape = shape_of(queue, all);
    for (uint32_t b = bucket; b < bucket + buckets; b++)
        VLY_TRY(
            vly_cuda_status(cudaLaunchKernelEx(&shape, geodesic_advance_kernel, *field, b, all), "geodesic_advance"));
    return VLY_OK;
}

extern "C" vly_status vly_geodesic_rebase_cuda(vly_queue *queue, const vly_geodesic_field *field, uint32_t base)
{
    int64_t all = cells(field);
    cudaLaunchConfig_t shape = shape_of(queue, all);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, geodesic_rebase_kernel, field->distance, all, base),
                           "geodesic_rebase");
}

extern "C" vly_status vly_geodesic_plane_cuda(vly_queue *queue, const vly_geodesic_field *field, int32_t axis,
                                              int32_t at, uint32_t *plane)
{
    int32_t columns = vly_geodesic_columns(field->extent, axis);
    int64_t voxels = (int64_t)vly_geodesic_rows(field->extent, axis) * columns;
    cudaLaunchConfig_t shape = shape_of(queue, voxels);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, geodesic_plane_kernel, *field, axis, at, columns, voxels, plane),
                           "geodesic_plane");
}
