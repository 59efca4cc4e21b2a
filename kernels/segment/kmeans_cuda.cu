/* Lloyd passes. What joined a phase and what left it is added up over a warp in 32-bit integers, which 32 greys of 16 bits
 * cannot fill, then in shared memory, then once per block in the tally. A warp without a changed label adds nothing.
 * A slab gets its model by value, as operands of instructions: in shared memory it costs twice the registers. Passes over
 * samples are so short that launching them counts, so they are recorded, and read their model anew each time. */
#include "segment/kmeans_tile_cuda.h"

enum { COLUMNS = VLY_SHELL_FEATURES + 1 }; /* features, and the count */
enum { MODEL_FLOATS = sizeof(vly_kmeans_model) / sizeof(float) };

static __device__ __forceinline__ int32_t warp_sum(int32_t value)
{
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
    return __reduce_add_sync(0xFFFFFFFFu, value);
#else
    for (int32_t step = 16; step > 0; step /= 2) value += __shfl_xor_sync(0xFFFFFFFFu, value, step);
    return value;
#endif
}

typedef unsigned long long block_tally[VLY_PHASES][COLUMNS];

/* All lanes of a warp come here together. A label of VLY_OUTSIDE neither joins nor leaves. */
static __device__ __forceinline__ void add_change(block_tally tally, unsigned long long *changed, uint8_t before,
                                                  uint8_t now, const uint16_t *f, int32_t lane)
{
    bool moved = before != now;
    if (!__any_sync(0xFFFFFFFFu, moved)) return;
    int32_t moves = warp_sum(moved);
    if (lane == 0) atomicAdd(changed, (unsigned long long)moves);
    for (int l = 0; l < VLY_PHASES; l++) {
        int32_t sign = moved ? (now == l) - (before == l) : 0;
        if (!__any_sync(0xFFFFFFFFu, sign != 0)) continue;
        for (int m = 0; m < COLUMNS; m++) {
            int32_t sum = warp_sum(m < VLY_SHELL_FEATURES ? sign * (int32_t)f[m] : sign);
            if (lane == 0) atomicAdd(&tally[l][m], (unsigned long long)(long long)sum);
        }
    }
}

static __device__ __forceinline__ void clear_tally(block_tally tally, unsigned long long *changed, int32_t t, int32_t n)
{
    for (int32_t i = t; i < VLY_PHASES * COLUMNS; i += n) (&tally[0][0])[i] = 0;
    if (t == 0) *changed = 0;
}

static __device__ __forceinline__ void publish_tally(vly_kmeans_tally *out, block_tally tally,
                                                     const unsigned long long *changed, int32_t t, int32_t n)
{
    for (int32_t i = t; i < VLY_PHASES * COLUMNS; i += n) {
        int32_t l = i / COLUMNS, m = i % COLUMNS;
        vly_add(m < VLY_SHELL_FEATURES ? &out->sum[l][m] : &out->count[l], tally[l][m]);
    }
    if (t == 0) vly_add(&out->changed, *changed);
}

/* ---- a slab ---- */

static __global__ void __launch_bounds__(VLY_TILE_THREADS)
    assign_kernel(const uint16_t *grey, vly_region region, const uint8_t *mask, vly_kmeans_model model, bool fresh,
                  uint8_t *label, vly_kmeans_tally *out)
{
    __shared__ vly_plane planes[3];
    __shared__ block_tally tally;
    __shared__ unsigned long long changed;
    vly_march m = vly_march_of(&region);
    int32_t t = (int32_t)(threadIdx.y * VLY_TILE_X + threadIdx.x);
    clear_tally(tally, &changed, t, VLY_TILE_THREADS);
    vly_tile_begin(planes, grey, &region, m.z0);
    for (int32_t z = m.z0; z < m.z1; z++) {
        vly_tile_step(planes, grey, &region, z, z - m.z0);
        uint16_t f[VLY_SHELL_FEATURES];
        uint8_t before = VLY_OUTSIDE, now = VLY_OUTSIDE;
        vly_tile_features(f, planes, z - m.z0);
        if (m.inside) {
            int64_t at = vly_at(m.inner, m.x, m.y, z);
            if (!fresh) before = label[at];
            if (!mask || mask[at]) now = vly_kmeans_nearest(&model, f);
            label[at] = now;
        }
        add_change(tally, &changed, before, now, f, (int32_t)threadIdx.x);
    }
    __syncthreads();
    publish_tally(out, tally, &changed, t, VLY_TILE_THREADS);
}

extern "C" vly_status vly_kmeans_assign_cuda(vly_queue *queue, const uint16_t *grey, const vly_region *region,
                                             const uint8_t *mask, const vly_kmeans_model *model, bool fresh,
                                             uint8_t *label, vly_kmeans_tally *tally)
{
    cudaLaunchConfig_t shape = vly_tile_shape(queue, region);
    return vly_cuda_status(cudaLaunchKernelEx(&shape, assign_kernel, grey, *region, mask, *model, fresh, label, tally),
                           "kmeans_assign");
}

/* ---- stored samples ---- */

static __global__ void __launch_bounds__(VLY_BLOCK)
    assign_samples_kernel(const uint16_t *samples, int64_t count, const vly_kmeans_model *given, bool fresh,
                          uint8_t *label, vly_kmeans_tally *out)
{
    __shared__ vly_kmeans_model model;
    __shared__ block_tally tally;
    __shared__ unsigned long long changed;
    int32_t t = (int32_t)threadIdx.x;
    clear_tally(tally, &changed, t, VLY_BLOCK);
    for (int32_t i = t; i < MODEL_FLOATS; i += VLY_BLOCK) ((float *)&model)[i] = ((const float *)given)[i];
    __syncthreads();
    for (int64_t base = (int64_t)blockIdx.x * VLY_BLOCK; base < count; base += (int64_t)gridDim.x * VLY_BLOCK) {
        int64_t i = base + t;
        uint16_t f[VLY_SHELL_FEATURES];
        uint8_t before = VLY_OUTSIDE, now = VLY_OUTSIDE;
        for (int m = 0; m < VLY_SHELL_FEATURES; m++) f[m] = i < count ? samples[vly_kmeans_slot(i, m)] : 0;
        if (i < count) {
            if (!fresh) before = label[i];
            now = vly_kmeans_nearest(&model, f);
            label[i] = now;
        }
        add_change(tally, &changed, before, now, f, t & 31);
    }
    __syncthreads();
    publish_tally(out, tally, &changed, t, VLY_BLOCK);
}

extern "C" vly_status vly_kmeans_assign_samples_cuda(vly_queue *queue, const uint16_t *samples, int64_t count,
                                                     const vly_kmeans_model *model, bool fresh, uint8_t *label,
                                                     vly_kmeans_tally *tally)
{
    cudaLaunchConfig_t shape = vly_launch_shape(queue, (count + VLY_BLOCK - 1) / VLY_BLOCK);
    return vly_cuda_status(
        cudaLaunchKernelEx(&shape, assign_samples_kernel, samples, count, model, fresh, label, tally),
        "kmeans_assign_samples");
}
