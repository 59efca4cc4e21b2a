#include "segment/kmeans_tile_cuda.h"

static __device__ __forceinline__ vly_kmeans_pair pair_of(const vly_kmeans_model *model, const uint16_t *f,
                                                          uint64_t index, uint64_t seed)
{
    float d[VLY_PHASES];
    vly_kmeans_distances(d, model, f);
    vly_kmeans_pair pair;
    pair.am = vly_kmeans_ratio(d[VLY_AM], d[VLY_PORE]);
    pair.cbd = vly_kmeans_ratio(d[VLY_CBD], d[VLY_PORE]);
    pair.key = vly_hash(index, seed);
    return pair;
}

/* ---- gathering ---- */

typedef struct gathering {
    vly_kmeans_box box;
    uint64_t seed, last;
    uint64_t *decided, *listed;
    vly_kmeans_pair *list;
    int64_t capacity;
} gathering;

static __global__ void __launch_bounds__(VLY_TILE_THREADS)
    gather_kernel(const uint16_t *grey, vly_region region, const uint8_t *mask, vly_kmeans_model model, gathering g)
{
    __shared__ vly_plane planes[3];
    __shared__ unsigned decided[VLY_PHASES];
    vly_march m = vly_march_of(&region);
    int32_t t = (int32_t)(threadIdx.y * VLY_TILE_X + threadIdx.x);
    if (t < VLY_PHASES) decided[t] = 0;
    vly_tile_begin(planes, grey, &region, m.z0);
    for (int32_t z = m.z0; z < m.z1; z++) {
        vly_tile_step(planes, grey, &region, z, z - m.z0);
        int64_t at = vly_at(m.inner, m.x, m.y, z);
        if (!m.inside || (mask && !mask[at])) continue;
        uint16_t f[VLY_SHELL_FEATURES];
        vly_tile_features(f, planes, z - m.z0);
        vly_kmeans_pair pair = pair_of(&model, f, (uint64_t)(region.first + at), g.seed);
        uint8_t label = vly_kmeans_box_label(&g.box, pair);
        if (label != VLY_OUTSIDE)
            atomicAdd(&decided[label], 1u);
        else if (vly_hash(pair.key, g.seed) <= g.last) {
            uint64_t to = atomicAdd((unsigned long long *)g.listed, 1ull);
            if (to < (uint64_t)g.capacity) g.list[to] = pair;
        }
    }
    __syncthreads();
    if (t < VLY_PHASES) vly_add(&g.decided[t], decided[t]);
}

extern "C" vly_status vly_kmeans_gather_cuda(vly_queue *queue, const uint16_t *grey, const vly_region *region,
                                             const uint8_t *mask, const vly_kmeans_model *model,
                                             const vly_kmeans_box *box, uint64_t seed, uint64_t last, uint64_t *decided,
                                             vly_kmeans_pair *list, int64_t capacity, uint64_t *listed)
{
    gathering g = {*box, seed, last, decided, listed, list, capacity};
    cudaLaunchConfig_t shape = vly_tile_shape(queue, region);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, gather_kernel, grey, *region, mask, *model, g), "kmeans_gather");
}

/* ---- labelling ---- */

enum { RELABELLED = VLY_PHASES, DARK_AM, BRIGHT_PORE, REPORTED };

static __global__ void __launch_bounds__(VLY_TILE_THREADS)
    finish_kernel(const uint16_t *grey, vly_region region, const uint8_t *mask, vly_kmeans_model model,
                  vly_kmeans_cuts cuts, bool relabel, uint64_t seed, uint8_t *label, vly_kmeans_report *out)
{
    __shared__ vly_plane planes[3];
    __shared__ unsigned report[REPORTED];
    vly_march m = vly_march_of(&region);
    int32_t t = (int32_t)(threadIdx.y * VLY_TILE_X + threadIdx.x);
    if (t < REPORTED) report[t] = 0;
    vly_tile_begin(planes, grey, &region, m.z0);
    for (int32_t z = m.z0; z < m.z1; z++) {
        vly_tile_step(planes, grey, &region, z, z - m.z0);
        if (!m.inside) continue;
        int64_t at = vly_at(m.inner, m.x, m.y, z);
        uint8_t before = label[at], now = before;
        uint16_t f[VLY_SHELL_FEATURES];
        vly_tile_features(f, planes, z - m.z0);
        if (relabel && mask && !mask[at])
            now = VLY_OUTSIDE;
        else if (relabel)
            now = vly_kmeans_finish_label(&cuts, pair_of(&model, f, (uint64_t)(region.first + at), seed));
        if (now != before) atomicAdd(&report[RELABELLED], 1u);
        if (now < VLY_PHASES) atomicAdd(&report[now], 1u);
        if (now == VLY_AM && (float)f[0] < model.mu[VLY_CBD][0]) atomicAdd(&report[DARK_AM], 1u);
        if (now == VLY_PORE && (float)f[0] > model.mu[VLY_CBD][0]) atomicAdd(&report[BRIGHT_PORE], 1u);
        label[at] = now;
    }
    __syncthreads();
    if (t < VLY_PHASES) vly_add(&out->count[t], report[t]);
    if (t == RELABELLED) vly_add(&out->relabelled, report[t]);
    if (t == DARK_AM) vly_add(&out->dark_am, report[t]);
    if (t == BRIGHT_PORE) vly_add(&out->bright_pore, report[t]);
}

extern "C" vly_status vly_kmeans_finish_cuda(vly_queue *queue, const uint16_t *grey, const vly_region *region,
                                             const uint8_t *mask, const vly_kmeans_model *model,
                                             const vly_kmeans_cuts *cuts, uint64_t seed, uint8_t *label,
                                             vly_kmeans_report *report)
{
    vly_kmeans_cuts none = {};
    cudaLaunchConfig_t shape = vly_tile_shape(queue, region);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, finish_kernel, grey, *region, mask, *model, cuts ? *cuts : none,
                                              cuts != NULL, seed, label, report),
                           "kmeans_finish");
}
