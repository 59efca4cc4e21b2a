/* Correct kernels give right results in every order of threads, blocks and streams: the emulator invents no failures. */
#include "support.h"

#include "cuemu.h"

#include <cuda_runtime.h>

enum { BLOCK = 256 };
static const char *const orders[] = {"forward", "reverse", "shuffled"};

static void succeed(cudaError_t error)
{
    ck_assert_msg(error == cudaSuccess, "%s", cudaGetErrorString(error));
}

static cudaLaunchConfig_t shape_of(dim3 grid, dim3 block)
{
    cudaLaunchConfig_t shape = {};
    shape.gridDim = grid;
    shape.blockDim = block;
    return shape;
}

static void *to_device(const void *from, size_t bytes)
{
    void *memory;
    succeed(cudaMalloc(&memory, bytes));
    succeed(cudaMemcpy(memory, from, bytes, cudaMemcpyHostToDevice));
    return memory;
}

static void from_device(void *to, void *memory, size_t bytes)
{
    succeed(cudaMemcpy(to, memory, bytes, cudaMemcpyDeviceToHost));
    succeed(cudaFree(memory));
}

/* ---- a reduction: warps by shuffles, then the block ---- */

static __global__ void __launch_bounds__(BLOCK) sum_kernel(const uint32_t *x, int n, unsigned long long *sum)
{
    __shared__ unsigned long long part[BLOCK / 32];
    unsigned long long s = 0;
    for (int i = (int)(blockIdx.x * BLOCK + threadIdx.x); i < n; i += (int)gridDim.x * BLOCK) s += x[i];
    for (int by = 16; by > 0; by /= 2) s += __shfl_down_sync(0xFFFFFFFFu, s, (unsigned)by);
    if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = s;
    __syncthreads();
    if (threadIdx.x < 32) {
        s = threadIdx.x < BLOCK / 32 ? part[threadIdx.x] : 0;
        for (int by = 16; by > 0; by /= 2) s += __shfl_xor_sync(0xFFFFFFFFu, s, by);
        if (threadIdx.x == 0) atomicAdd(sum, s);
    }
}

START_TEST(a_reduction_with_shuffles_adds_up)
{
    enum { N = 100003 };
    static uint32_t x[N];
    unsigned long long expected = 0, sum = 0;
    uint64_t state = 1;
    for (int i = 0; i < N; i++) expected += x[i] = (uint32_t)test_random(&state);
    for (const char *order : orders) {
        setenv("VLY_CUEMU_ORDER", order, 1);
        sum = 0;
        void *dx = to_device(x, sizeof x), *dsum = to_device(&sum, sizeof sum);
        cudaLaunchConfig_t shape = shape_of(7, BLOCK);
        succeed(cudaLaunchKernelEx(&shape, sum_kernel, (const uint32_t *)dx, (int)N, (unsigned long long *)dsum));
        from_device(&sum, dsum, sizeof sum);
        succeed(cudaFree(dx));
        ck_assert_msg(sum == expected, "%s: %llu, expected %llu", order, sum, expected);
    }
}
END_TEST

/* ---- a tile with a rim ---- */

enum { TX = 8, TY = 8, TZ = 4 };

static __device__ int clamped(int i, int n)
{
    return min(max(i, 0), n - 1);
}

static __global__ void box_kernel(const uint16_t *in, uint32_t *out, int nx, int ny, int nz)
{
    __shared__ uint16_t tile[TZ + 2][TY + 2][TX + 2];
    int t = (int)((threadIdx.z * TY + threadIdx.y) * TX + threadIdx.x);
    int x0 = (int)blockIdx.x * TX, y0 = (int)blockIdx.y * TY, z0 = (int)blockIdx.z * TZ;
    for (int i = t; i < (TX + 2) * (TY + 2) * (TZ + 2); i += TX * TY * TZ) {
        int x = i % (TX + 2), y = i / (TX + 2) % (TY + 2), z = i / ((TX + 2) * (TY + 2));
        int at = (clamped(z0 + z - 1, nz) * ny + clamped(y0 + y - 1, ny)) * nx + clamped(x0 + x - 1, nx);
        tile[z][y][x] = in[at];
    }
    __syncthreads();
    int x = x0 + (int)threadIdx.x, y = y0 + (int)threadIdx.y, z = z0 + (int)threadIdx.z;
    if (x >= nx || y >= ny || z >= nz) return; /* no barrier follows */
    uint32_t sum = 0;
    for (int i = 0; i < 27; i++) sum += tile[threadIdx.z + i / 9][threadIdx.y + i / 3 % 3][threadIdx.x + i % 3];
    out[(z * ny + y) * nx + x] = sum;
}

static uint32_t box_at(const uint16_t *in, int nx, int ny, int nz, int x, int y, int z)
{
    uint32_t sum = 0;
    for (int c = z - 1; c <= z + 1; c++)
        for (int b = y - 1; b <= y + 1; b++)
            for (int a = x - 1; a <= x + 1; a++)
                sum += in[(clamped(c, nz) * ny + clamped(b, ny)) * nx + clamped(a, nx)];
    return sum;
}

START_TEST(a_tile_with_a_rim_sees_its_neighbours)
{
    enum { NX = 33, NY = 17, NZ = 9, N = NX * NY * NZ };
    static uint16_t in[N];
    static uint32_t out[N];
    uint64_t state = 2;
    for (int i = 0; i < N; i++) in[i] = (uint16_t)test_random(&state);
    for (const char *order : orders) {
        setenv("VLY_CUEMU_ORDER", order, 1);
        void *din = to_device(in, sizeof in), *dout = to_device(out, sizeof out);
        cudaLaunchConfig_t shape =
            shape_of(dim3((NX + TX - 1) / TX, (NY + TY - 1) / TY, (NZ + TZ - 1) / TZ), dim3(TX, TY, TZ));
        succeed(
            cudaLaunchKernelEx(&shape, box_kernel, (const uint16_t *)din, (uint32_t *)dout, (int)NX, (int)NY, (int)NZ));
        from_device(out, dout, sizeof out);
        succeed(cudaFree(din));
        for (int i = 0; i < N; i++) {
            uint32_t expected = box_at(in, NX, NY, NZ, i % NX, i / NX % NY, i / (NX * NY));
            if (out[i] != expected) ck_abort_msg("%s: voxel %d: %u, expected %u", order, i, out[i], expected);
        }
    }
}
END_TEST

/* ---- a histogram in dynamic shared memory ---- */

static __global__ void histogram_kernel(const uint16_t *x, int n, int bins, unsigned *counts)
{
    VLY_DYNAMIC_SHARED(unsigned, table);
    for (int i = (int)threadIdx.x; i < bins; i += (int)blockDim.x) table[i] = 0;
    __syncthreads();
    for (int i = (int)(blockIdx.x * blockDim.x + threadIdx.x); i < n; i += (int)(gridDim.x * blockDim.x))
        atomicAdd(&table[x[i] % bins], 1u);
    __syncthreads();
    for (int i = (int)threadIdx.x; i < bins; i += (int)blockDim.x)
        if (table[i]) atomicAdd(&counts[i], table[i]);
}

START_TEST(a_histogram_in_dynamic_shared_memory_counts)
{
    enum { N = 30011, BINS = 20000 };
    static uint16_t x[N];
    static unsigned expected[BINS], counts[BINS];
    uint64_t state = 3;
    for (int i = 0; i < N; i++) expected[(x[i] = (uint16_t)test_random(&state)) % BINS]++;
    for (const char *order : orders) {
        setenv("VLY_CUEMU_ORDER", order, 1);
        memset(counts, 0, sizeof counts);
        void *dx = to_device(x, sizeof x), *dcounts = to_device(counts, sizeof counts);
        cudaLaunchConfig_t shape = shape_of(3, 512);
        shape.dynamicSmemBytes = BINS * sizeof *counts;
        ck_assert_int_eq(
            cudaLaunchKernelEx(&shape, histogram_kernel, (const uint16_t *)dx, (int)N, (int)BINS, (unsigned *)dcounts),
            cudaErrorInvalidValue); /* more than 48 KiB must be asked for */
        succeed(cudaFuncSetAttribute(histogram_kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                     (int)shape.dynamicSmemBytes));
        succeed(
            cudaLaunchKernelEx(&shape, histogram_kernel, (const uint16_t *)dx, (int)N, (int)BINS, (unsigned *)dcounts));
        from_device(counts, dcounts, sizeof counts);
        succeed(cudaFree(dx));
        ck_assert_msg(memcmp(counts, expected, sizeof counts) == 0, "%s", order);
        succeed(cudaFuncSetAttribute(histogram_kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, 0));
    }
}
END_TEST

/* ---- every warp function against its definition, whole warps and parts of them ---- */

enum { ANSWERS = 14 };

static __global__ void warp_kernel(const int *x, unsigned mask, int *answers)
{
    int lane = (int)threadIdx.x % 32, v = x[threadIdx.x], all;
    int *a = answers + threadIdx.x * ANSWERS;
    if (!(mask >> lane & 1)) return;
    int first = __ffs((int)mask) - 1;
    a[0] = __shfl_sync(mask, v, first);
    a[1] = (int)__ballot_sync(mask, v > 0);
    a[2] = __any_sync(mask, v > 90);
    a[3] = __all_sync(mask, v > -90);
    a[4] = (int)__match_any_sync(mask, v % 3);
    a[5] = (int)__match_all_sync(mask, v / 1000, &all);
    a[6] = all;
    a[7] = __reduce_add_sync(mask, v);
    a[8] = __reduce_min_sync(mask, v);
    a[9] = __reduce_max_sync(mask, v);
    a[10] = (int)__reduce_and_sync(mask, (unsigned)v);
    a[11] = (int)__reduce_or_sync(mask, (unsigned)v);
    a[12] = (int)__reduce_xor_sync(mask, (unsigned)v);
    __syncwarp(mask);
    a[13] = mask == 0xFFFFFFFFu ? __shfl_up_sync(mask, v, 3) + __shfl_xor_sync(mask, v, 5, 8) : 0;
}

static void expect_warp(const int *x, unsigned mask, int lane, int *a)
{
    memset(a, 0, ANSWERS * sizeof *a);
    a[0] = x[__builtin_ctz(mask)];
    a[3] = 1;
    a[8] = INT32_MAX;
    a[9] = INT32_MIN;
    a[10] = -1;
    bool same = true;
    for (int l = 0; l < 32; l++) {
        if (!(mask >> l & 1)) continue;
        if (x[l] > 0) a[1] |= (int)(1u << l);
        if (x[l] > 90) a[2] = 1;
        if (x[l] <= -90) a[3] = 0;
        if (x[l] % 3 == x[lane] % 3) a[4] |= (int)(1u << l);
        same = same && x[l] / 1000 == x[lane] / 1000;
        a[7] += x[l];
        if (x[l] < a[8]) a[8] = x[l];
        if (x[l] > a[9]) a[9] = x[l];
        a[10] &= x[l];
        a[11] |= x[l];
        a[12] ^= x[l];
    }
    a[5] = same ? (int)mask : 0;
    a[6] = same;
    if (mask == 0xFFFFFFFFu) a[13] = x[lane < 3 ? lane : lane - 3] + x[lane ^ 5];
}

START_TEST(warp_functions_do_what_they_are_defined_to)
{
    const unsigned masks[] = {0xFFFFFFFFu, 0x0000FFFFu, 0x80000001u, 0x5A5A5A5Au, 0x00000400u};
    int x[64], expected[ANSWERS];
    static int answers[64 * ANSWERS];
    uint64_t state = 4;
    for (int i = 0; i < 64; i++) x[i] = (int)(test_random(&state) % 201) - 100;
    for (const char *order : orders)
        for (unsigned mask : masks) {
            setenv("VLY_CUEMU_ORDER", order, 1);
            void *dx = to_device(x, sizeof x), *da = to_device(answers, sizeof answers);
            cudaLaunchConfig_t shape = shape_of(1, 64);
            succeed(cudaLaunchKernelEx(&shape, warp_kernel, (const int *)dx, mask, (int *)da));
            from_device(answers, da, sizeof answers);
            succeed(cudaFree(dx));
            for (int t = 0; t < 64; t++) {
                if (!(mask >> (t % 32) & 1)) continue;
                expect_warp(x + t / 32 * 32, mask, t % 32, expected);
                for (int i = 0; i < ANSWERS; i++)
                    ck_assert_msg(answers[t * ANSWERS + i] == expected[i],
                                  "%s: mask %08x, thread %d, answer %d: %d, %d", order, mask, t, i,
                                  answers[t * ANSWERS + i], expected[i]);
            }
        }
}
END_TEST

/* ---- barriers that count, atomics, arithmetic ---- */

static __global__ void count_kernel(int *out)
{
    int t = (int)threadIdx.x;
    int count = __syncthreads_count(t % 3 == 0), any = __syncthreads_or(t == 70), all = __syncthreads_and(t < 70);
    if (t == 41) {
        out[0] = count;
        out[1] = any;
        out[2] = all;
    }
    atomicMin(&out[3], t - 5);
    atomicMax(&out[4], t + 5);
    atomicOr(reinterpret_cast<unsigned *>(&out[5]), 1u << (t % 32));
    atomicExch(&out[6], 9);
    atomicCAS(&out[7], 0, 11);
    atomicSub(&out[8], 2);
}

START_TEST(counting_barriers_and_atomics_agree_with_arithmetic)
{
    const int expected[9] = {34, 1, 0, -5, 104, -1, 9, 11, -200};
    for (const char *order : orders) {
        int out[9] = {0};
        setenv("VLY_CUEMU_ORDER", order, 1);
        void *memory = to_device(out, sizeof out);
        cudaLaunchConfig_t shape = shape_of(1, 100);
        succeed(cudaLaunchKernelEx(&shape, count_kernel, (int *)memory));
        from_device(out, memory, sizeof out);
        for (int i = 0; i < 9; i++) ck_assert_msg(out[i] == expected[i], "%s: %d is %d", order, i, out[i]);
    }
}
END_TEST

START_TEST(integer_functions_follow_their_definitions)
{
    ck_assert_uint_eq(__vminu2(0x00021000u, 0x00010FFFu), 0x00010FFFu);
    ck_assert_uint_eq(__vmaxu2(0x00021000u, 0xFFFF0FFFu), 0xFFFF1000u);
    ck_assert_uint_eq(__vminu4(0x01FF0380u, 0x02000280u), 0x01000280u);
    ck_assert_uint_eq(__vadd2(0xFFFF0001u, 0x00010001u), 0x00000002u);
    ck_assert_uint_eq(__byte_perm(0x33221100u, 0x77665544u, 0x7410u), 0x77441100u);
    ck_assert_uint_eq(__byte_perm(0x80u, 0, 0x8888u), 0xFFFFFFFFu);
    ck_assert_uint_eq(__funnelshift_l(0x80000000u, 1, 1), 3u);
    ck_assert_uint_eq(__funnelshift_r(2, 1, 1), 0x80000001u);
    ck_assert_uint_eq(__brev(1), 0x80000000u);
    ck_assert_int_eq(__clz(0), 32);
    ck_assert_int_eq(__clz(1), 31);
    ck_assert_int_eq(__ffs(0), 0);
    ck_assert_int_eq(__ffs(8), 4);
    ck_assert_int_eq(__popc(0xF0F0u), 8);
    ck_assert(__umul64hi(1ull << 63, 4) == 2);
    ck_assert_uint_eq(__float_as_uint(1.0f), 0x3F800000u);
    ck_assert_int_eq(__float2int_rn(2.5f), 2);
    ck_assert(min(-1, 3) == -1 && max(2u, 7u) == 7u && min((int64_t)-5, 3) == -5);
}
END_TEST

/* ---- size ---- */

static __global__ void barriers_kernel(uint32_t *out)
{
    __shared__ uint32_t line[BLOCK];
    line[threadIdx.x] = threadIdx.x;
    __syncthreads();
    uint32_t other = line[BLOCK - 1 - threadIdx.x];
    __syncthreads();
    line[threadIdx.x] = other;
    __syncthreads();
    out[blockIdx.x * BLOCK + threadIdx.x] = line[BLOCK - 1 - threadIdx.x];
}

START_TEST(a_quarter_of_a_million_threads_meet_three_times)
{
    enum { BLOCKS = 1024 };
    uint32_t *out = static_cast<uint32_t *>(malloc(BLOCKS * BLOCK * sizeof *out));
    ck_assert_ptr_nonnull(out);
    void *memory;
    succeed(cudaMalloc(&memory, BLOCKS * BLOCK * sizeof *out));
    cudaLaunchConfig_t shape = shape_of(BLOCKS, BLOCK);
    cuemu_counters before = cuemu_counters_now();
    succeed(cudaLaunchKernelEx(&shape, barriers_kernel, (uint32_t *)memory));
    from_device(out, memory, BLOCKS * BLOCK * sizeof *out);
    for (int i = 0; i < BLOCKS * BLOCK; i++)
        if (out[i] != (uint32_t)i % BLOCK) ck_abort_msg("thread %d has %u", i, out[i]);
    cuemu_counters after = cuemu_counters_now();
    ck_assert_int_eq(after.launches - before.launches, 1);
    ck_assert_int_eq(after.threads - before.threads, BLOCKS * BLOCK);
    ck_assert_int_eq(after.barriers - before.barriers, 3 * BLOCKS * BLOCK);
    ck_assert_int_eq(after.bytes_down - before.bytes_down, (int64_t)(BLOCKS * BLOCK * sizeof *out));
    free(out);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cuemu_kernels");
    TEST_CASE(suite, a_reduction_with_shuffles_adds_up);
    TEST_CASE(suite, a_tile_with_a_rim_sees_its_neighbours);
    TEST_CASE(suite, a_histogram_in_dynamic_shared_memory_counts);
    TEST_CASE(suite, warp_functions_do_what_they_are_defined_to);
    TEST_CASE(suite, counting_barriers_and_atomics_agree_with_arithmetic);
    TEST_CASE(suite, integer_functions_follow_their_definitions);
    TEST_CASE(suite, a_quarter_of_a_million_threads_meet_three_times);
    return test_run(suite);
}
