/* Kernels with planted faults: each must end its process, or give a wrong result, in at least one order. A fault that goes
 * unnoticed here would go unnoticed in the engine's kernels. */
#include "support.h"

#include <cuda_runtime.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BLOCK = 128 };
static const char *const orders[] = {"forward", "reverse", "shuffled"};

static void succeed(cudaError_t error)
{
    if (error != cudaSuccess) {
        fprintf(stderr, "%s\n", cudaGetErrorString(error));
        exit(3);
    }
}

static cudaLaunchConfig_t shape_of(unsigned blocks, unsigned threads)
{
    cudaLaunchConfig_t shape = {};
    shape.gridDim = dim3(blocks);
    shape.blockDim = dim3(threads);
    return shape;
}

template <class T> static T *array_of(size_t count)
{
    void *memory;
    succeed(cudaMalloc(&memory, count * sizeof(T)));
    return static_cast<T *>(memory);
}

/* What a process that runs `work` says, and how it ends: the exit status, or minus the signal. */
static int outcome_of(void (*work)(void), const char *order, char *said, size_t size)
{
    int ends[2], status = 0;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        setenv("VLY_CUEMU_ORDER", order, 1);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        work();
        _exit(0);
    }
    close(ends[1]);
    size_t length = 0;
    ssize_t got;
    while ((got = read(ends[0], said + length, size - 1 - length)) > 0) length += (size_t)got;
    said[length] = 0;
    close(ends[0]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* Ends in every order with a message that holds `part`. */
static void expect_end(void (*work)(void), const char *part)
{
    static char said[1 << 16];
    for (const char *order : orders) {
        int end = outcome_of(work, order, said, sizeof said);
        ck_assert_msg(end != 0, "%s: the fault went unnoticed", order);
        ck_assert_msg(strstr(said, part) != NULL, "%s: ended with %d, \"%s\" does not speak of \"%s\"", order, end,
                      said, part);
    }
}

/* Gives a wrong result (exit 1) in the orders of the mask, a right one in the others. */
static void expect_wrong(void (*work)(void), int mask)
{
    static char said[1 << 16];
    for (int i = 0; i < 3; i++) {
        int end = outcome_of(work, orders[i], said, sizeof said), expected = mask >> i & 1;
        ck_assert_msg(end == expected, "%s: ended with %d, expected %d: %s", orders[i], end, expected, said);
    }
}

/* ---- meetings ---- */

static __global__ void mirror_kernel(int *out, int barrier)
{
    __shared__ int line[BLOCK];
    line[threadIdx.x] = (int)threadIdx.x;
    if (barrier) __syncthreads();
    out[threadIdx.x] = line[BLOCK - 1 - threadIdx.x];
}

static void mirror(int barrier)
{
    int got[BLOCK], *out = array_of<int>(BLOCK);
    cudaLaunchConfig_t shape = shape_of(1, BLOCK);
    succeed(cudaLaunchKernelEx(&shape, mirror_kernel, out, barrier));
    succeed(cudaMemcpy(got, out, sizeof got, cudaMemcpyDeviceToHost));
    for (int i = 0; i < BLOCK; i++)
        if (got[i] != BLOCK - 1 - i) _exit(1);
}

START_TEST(a_deleted_barrier_gives_wrong_results)
{
    expect_wrong([] { mirror(1); }, 0);
#if defined(__SANITIZE_THREAD__)
    expect_end([] { mirror(0); }, "data race");
#else
    expect_wrong([] { mirror(0); }, 7);
#endif
}
END_TEST

static __global__ void divided_kernel(int *out)
{
    if (threadIdx.x < 40)
        __syncthreads();
    else
        __syncthreads();
    out[threadIdx.x] = 1;
}

static __global__ void early_kernel(int *out, int n)
{
    if ((int)threadIdx.x >= n) return;
    __syncthreads();
    out[threadIdx.x] = 1;
}

static __global__ void sometimes_kernel(int *out)
{
    if (threadIdx.x < 32) __syncwarp();
    if (threadIdx.x == 5) __shfl_sync(0xFFFFFFFFu, 1, 0); /* nobody else comes */
    __syncthreads();
    out[threadIdx.x] = 1;
}

static __global__ void shuffle_kernel(int *out, int n, unsigned mask, int from)
{
    int lane = (int)threadIdx.x;
    if (lane < n) out[lane] = __shfl_sync(mask, lane, from);
}

template <class... P, class... A> static void run(void (*kernel)(P...), unsigned threads, A... arguments)
{
    cudaLaunchConfig_t shape = shape_of(1, threads);
    succeed(cudaLaunchKernelEx(&shape, kernel, array_of<int>(threads), arguments...));
    succeed(cudaDeviceSynchronize());
}

START_TEST(meetings_that_cannot_be_complete_end_the_process)
{
    expect_end([] { run(divided_kernel, BLOCK); }, "divergent barrier");
    expect_end([] { run(early_kernel, BLOCK, 100); }, "28 threads have returned before this barrier");
    expect_end([] { run(sometimes_kernel, BLOCK); }, "waits for lanes that are elsewhere");
    expect_end([] { run(shuffle_kernel, 32, 20, 0xFFFFFFFFu, 0); }, "lane 20, which has returned");
    expect_end([] { run(shuffle_kernel, 20, 20, 0xFFFFFFFFu, 0); }, "lane 20, which the block does not have");
    expect_end([] { run(shuffle_kernel, 32, 32, 0xFFFFu, 0); }, "leaves out its caller");
    expect_end([] { run(shuffle_kernel, 16, 16, 0xFFFFu, 17); }, "lane 17, which is absent");
}
END_TEST

/* ---- memory ---- */

static __global__ void write_kernel(uint8_t *out, int64_t at)
{
    if (threadIdx.x == 0) out[at] = 1;
}

static void write_at(int64_t at)
{
    cudaLaunchConfig_t shape = shape_of(1, 1);
    succeed(cudaLaunchKernelEx(&shape, write_kernel, array_of<uint8_t>(1000), at));
    succeed(cudaDeviceSynchronize());
}

static __global__ void uninitialized_kernel(float *out)
{
    __shared__ float sum;
    atomicAdd(&sum, 1.0f);
    __syncthreads();
    if (threadIdx.x == 0) *out = sum;
}

START_TEST(kernels_that_leave_their_arrays_end_the_process)
{
#if defined(__SANITIZE_ADDRESS__)
    const char *behind = "use-after-poison", *before = behind, *far = "AddressSanitizer";
#else
    const char *behind = "wrote behind a device array of 1000 bytes", *before = "wrote before a device array",
               *far = "went astray";
#endif
#if defined(__SANITIZE_THREAD__)
    far = "SEGV";
#endif
    expect_end([] { write_at(1000); }, behind);
    expect_end([] { write_at(-1); }, before);
    expect_end([] { write_at(1024); }, far);
}
END_TEST

START_TEST(what_nobody_wrote_looks_wrong)
{
    expect_wrong(
        [] {
            float sum, *out = array_of<float>(1);
            cudaLaunchConfig_t shape = shape_of(1, 32);
            succeed(cudaLaunchKernelEx(&shape, uninitialized_kernel, out));
            succeed(cudaMemcpy(&sum, out, sizeof sum, cudaMemcpyDeviceToHost));
            _exit(sum != 32.0f);
        },
        7);
}
END_TEST

START_TEST(host_code_and_device_memory_keep_apart)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    const char *touched = "SEGV";
#else
    const char *touched = "host code touched device memory at byte 12";
#endif
    expect_end([] { array_of<int>(10)[3] = 1; }, touched);
    expect_end(
        [] {
            int host[BLOCK] = {0};
            cudaLaunchConfig_t shape = shape_of(1, BLOCK);
            succeed(cudaLaunchKernelEx(&shape, mirror_kernel, host, 1));
        },
        "argument 1 of a kernel points to host memory");
    expect_end(
        [] {
            int *freed = array_of<int>(BLOCK);
            succeed(cudaFree(freed));
            run(early_kernel, 1, 1);
            cudaLaunchConfig_t shape = shape_of(1, BLOCK);
            succeed(cudaLaunchKernelEx(&shape, mirror_kernel, freed, 1));
        },
        "has been freed");
    expect_end(
        [] {
            void *pinned;
            succeed(cudaMallocHost(&pinned, 100));
            succeed(cudaMemcpyAsync(array_of<uint8_t>(100), pinned, 100, cudaMemcpyHostToDevice));
            setenv("VLY_CUEMU_ORDER", "forward", 1); /* chance would have done the copy already */
            succeed(cudaFreeHost(pinned));
        },
        "pinned memory is given up");
}
END_TEST

/* ---- launches ---- */

START_TEST(a_launch_that_cannot_be_says_so)
{
    int *out = array_of<int>(2048);
    const dim3 bad_blocks[] = {dim3(0), dim3(1025), dim3(1, 1, 65), dim3(64, 64)};
    const dim3 bad_grids[] = {dim3(0), dim3(1, 65536), dim3(1, 1, 65536)};
    cudaLaunchConfig_t shape = shape_of(1, 32);
    for (dim3 block : bad_blocks) {
        shape.blockDim = block;
        ck_assert_int_eq(cudaLaunchKernelEx(&shape, mirror_kernel, out, 1), cudaErrorInvalidConfiguration);
    }
    shape = shape_of(1, 32);
    for (dim3 grid : bad_grids) {
        shape.gridDim = grid;
        ck_assert_int_eq(cudaLaunchKernelEx(&shape, mirror_kernel, out, 1), cudaErrorInvalidConfiguration);
    }
    shape = shape_of(1, 32);
    shape.dynamicSmemBytes = (48 << 10) + 1;
    ck_assert_int_eq(cudaLaunchKernelEx(&shape, mirror_kernel, out, 1), cudaErrorInvalidValue);
    ck_assert_int_eq(cudaGetLastError(), cudaErrorInvalidValue);
    ck_assert_int_eq(cudaGetLastError(), cudaSuccess);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cuemu_faults");
    TEST_CASE(suite, a_deleted_barrier_gives_wrong_results);
    TEST_CASE(suite, meetings_that_cannot_be_complete_end_the_process);
    TEST_CASE(suite, kernels_that_leave_their_arrays_end_the_process);
    TEST_CASE(suite, what_nobody_wrote_looks_wrong);
    TEST_CASE(suite, host_code_and_device_memory_keep_apart);
    TEST_CASE(suite, a_launch_that_cannot_be_says_so);
    return test_run(suite);
}
