/* Union-find over voxels: a voxel begins as child of the first one of its run among the 32 of its warp, is joined with its
 * neighbours by atomic minima (Playne and Hawick 2018), and is then pointed at its root, the smallest index of its
 * component. A join is left out where it is implied by others: as in the C twin, and along a stretch of equal labels. */
#include "core/runs_cuda.h"

enum { WARP = 32 };

static const unsigned ALL = 0xFFFFFFFFu;

/* A voxel and its row; `there` is false behind the last one. */
typedef struct place {
    int64_t i;
    int32_t x, y, z;
    bool there;
} place;

static __device__ __forceinline__ place place_of(int64_t i, vly_extent e, int64_t voxels)
{
    place p = {i, (int32_t)(i % e.nx), (int32_t)(i / e.nx % e.ny), (int32_t)(i / e.nx / e.ny), i < voxels};
    return p;
}

/* Read past the first cache: others lower parents meanwhile. */
static __device__ __forceinline__ uint32_t root_of(const uint32_t *id, uint32_t at)
{
    uint32_t parent = __ldcg(&id[at]);
    while (parent != at) {
        at = parent;
        parent = __ldcg(&id[at]);
    }
    return at;
}

static __device__ __forceinline__ void join(uint32_t *id, uint32_t a, uint32_t b)
{
    for (;;) {
        a = root_of(id, a);
        b = root_of(id, b);
        if (a == b) return;
        uint32_t low = a < b ? a : b, high = a < b ? b : a;
        uint32_t before = atomicMin(&id[high], low);
        if (before == high) return;
        a = low; /* another was faster: what it linked `high` to is to be joined with */
        b = before;
    }
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    begin_kernel(const uint8_t *phase, vly_extent e, uint32_t *id, uint32_t *size, uint8_t *faces)
{
    int64_t voxels = vly_extent_voxels(e), step = (int64_t)gridDim.x * VLY_BLOCK;
    int32_t lane = (int32_t)threadIdx.x % WARP;
    for (int64_t i = (int64_t)blockIdx.x * VLY_BLOCK + threadIdx.x; i - lane < voxels; i += step) {
        place p = place_of(i, e, voxels);
        int32_t label = p.there ? phase[i] : VLY_OUTSIDE;
        bool begins = lane == 0 || p.x == 0 || !p.there || phase[i - 1] != label;
        unsigned starts = __ballot_sync(ALL, begins) & (ALL >> (WARP - 1 - lane));
        if (!p.there) continue;
        id[i] = label == VLY_OUTSIDE ? VLY_NO_COMPONENT : (uint32_t)(i - lane + 31 - __clz((int)starts));
        size[i] = 0;
        faces[i] = 0;
    }
}

/* Voxel i of label `a` with the row that begins `back` voxels before its own; only its own x, or the two beside it as well. */
static __device__ __forceinline__ void join_row(const uint8_t *phase, uint32_t *id, const place *p, int32_t nx,
                                                int64_t back, bool corners)
{
    int64_t b = p->i - back;
    uint8_t label = phase[p->i];
    bool left = p->x > 0, right = p->x < nx - 1;
    if (phase[b] == label) {
        bool continued = left && phase[p->i - 1] == label && phase[b - 1] == label;
        if (!continued) join(id, (uint32_t)p->i, (uint32_t)b);
        return;
    }
    if (corners && left && phase[b - 1] == label) join(id, (uint32_t)p->i, (uint32_t)(b - 1));
    if (corners && right && phase[b + 1] == label) join(id, (uint32_t)p->i, (uint32_t)(b + 1));
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    join_kernel(const uint8_t *phase, vly_extent e, bool corners, uint32_t *id)
{
    int64_t voxels = vly_extent_voxels(e), page = (int64_t)e.nx * e.ny, step = (int64_t)gridDim.x * VLY_BLOCK;
    for (int64_t i = (int64_t)blockIdx.x * VLY_BLOCK + threadIdx.x; i < voxels; i += step) {
        place p = place_of(i, e, voxels);
        uint8_t label = phase[i];
        if (label == VLY_OUTSIDE) continue;
        if (p.x > 0 && i % WARP == 0 && phase[i - 1] == label) join(id, (uint32_t)i, (uint32_t)(i - 1));
        bool beneath = p.y > 0 && phase[i - e.nx] == label, behind = p.z > 0 && phase[i - page] == label;
        if (p.y > 0) join_row(phase, id, &p, e.nx, e.nx, corners);
        if (p.z == 0) continue;
        if (!corners) {
            bool implied = beneath && behind && phase[i - page - e.nx] == label;
            if (!implied) join_row(phase, id, &p, e.nx, page, false);
            continue;
        }
        if (!beneath) join_row(phase, id, &p, e.nx, page, true);
        if (p.y > 0 && !beneath && !behind) join_row(phase, id, &p, e.nx, page + e.nx, true);
        if (p.y < e.ny - 1 && !behind) join_row(phase, id, &p, e.nx, page - e.nx, true);
    }
}

static __global__ void __launch_bounds__(VLY_BLOCK) flatten_kernel(int64_t voxels, uint32_t *id)
{
    int64_t step = (int64_t)gridDim.x * VLY_BLOCK;
    for (int64_t i = (int64_t)blockIdx.x * VLY_BLOCK + threadIdx.x; i < voxels; i += step)
        if (id[i] != VLY_NO_COMPONENT) atomicMin(&id[i], root_of(id, (uint32_t)i));
}

/* Voxels of inner: lanes of one component elect a leader that adds for all of them. */
static __global__ void __launch_bounds__(VLY_BLOCK)
    tally_kernel(vly_region region, const uint32_t *id, uint32_t *size, uint32_t *face_words, uint64_t *count)
{
    vly_extent e = region.data;
    int64_t page = (int64_t)e.nx * e.ny, end = region.inner.z1 * page, step = (int64_t)gridDim.x * VLY_BLOCK;
    int32_t lane = (int32_t)threadIdx.x % WARP;
    for (int64_t i = (int64_t)blockIdx.x * VLY_BLOCK + threadIdx.x; i - lane < end; i += step) {
        place p = place_of(i, e, end);
        uint32_t root = p.there ? id[i] : VLY_NO_COMPONENT;
        unsigned same = __match_any_sync(ALL, root), begun = __ballot_sync(ALL, p.there && root == (uint32_t)i);
        if (lane == 0) vly_add(count, (uint64_t)__popc(begun));
        if (root == VLY_NO_COMPONENT) continue;
        if (lane == __ffs((int)same) - 1) atomicAdd(&size[root], (unsigned)__popc(same));
        unsigned faces = vly_row_faces(&region, p.y, p.z) | (p.x == 0) | (p.x == e.nx - 1) << 1;
        if (faces) atomicOr(&face_words[root / 4], faces << (root % 4 * 8));
    }
}

extern "C" int64_t vly_components_scratch_bytes_cuda(vly_extent data)
{
    (void)data;
    return 0;
}

extern "C" vly_status vly_components_cuda(vly_queue *queue, const uint8_t *phase, const vly_region *region,
                                          int32_t neighbours, uint32_t *id, uint32_t *size, uint8_t *faces,
                                          uint64_t *count, void *scratch)
{
    vly_extent e = region->data;
    int64_t voxels = vly_extent_voxels(e);
    bool corners = neighbours == 26;
    cudaLaunchConfig_t shape = vly_launch_shape(queue, (voxels + VLY_BLOCK - 1) / VLY_BLOCK);
    (void)scratch;
    VLY_TRY(vly_cuda_status(cudaLaunchKernelEx(&shape, begin_kernel, phase, e, id, size, faces), "components"));
    VLY_TRY(vly_cuda_status(cudaLaunchKernelEx(&shape, join_kernel, phase, e, corners, id), "components"));
    VLY_TRY(vly_cuda_status(cudaLaunchKernelEx(&shape, flatten_kernel, voxels, id), "components"));
    return vly_cuda_status(cudaLaunchKernelEx(&shape, tally_kernel, *region, id, size, (uint32_t *)faces, count),
                           "components");
}

/* ---- the list ---- */

static __global__ void __launch_bounds__(VLY_BLOCK)
    list_kernel(const uint8_t *phase, int64_t end, const uint32_t *id, const uint32_t *size, const uint8_t *faces,
                vly_component_part *list, int64_t capacity, uint64_t *listed)
{
    int64_t step = (int64_t)gridDim.x * VLY_BLOCK;
    for (int64_t i = (int64_t)blockIdx.x * VLY_BLOCK + threadIdx.x; i < end; i += step) {
        if (id[i] != (uint32_t)i) continue;
        int64_t at = (int64_t)atomicAdd((unsigned long long *)listed, 1ull);
        if (at >= capacity) continue;
        vly_component_part part = {(uint32_t)i, size[i], phase[i], faces[i]};
        list[at] = part;
    }
}

extern "C" vly_status vly_component_list_cuda(vly_queue *queue, const uint8_t *phase, const vly_region *region,
                                              const uint32_t *id, const uint32_t *size, const uint8_t *faces,
                                              const void *scratch, vly_component_part *list, int64_t capacity,
                                              uint64_t *listed)
{
    (void)scratch;
    int64_t end = (int64_t)region->data.nx * region->data.ny * region->inner.z1;
    cudaLaunchConfig_t shape = vly_launch_shape(queue, (end + VLY_BLOCK - 1) / VLY_BLOCK);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, list_kernel, phase, end, id, size, faces, list, capacity, listed),
                           "component_list");
}
