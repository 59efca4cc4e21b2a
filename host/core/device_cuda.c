/* A CUDA device, through the runtime's C interface: the only host code that includes its headers. Copies have streams of
 * their own, one up and one down, so that reading, computing and writing overlap; whoever asks for a copy waits for it. */
#include "core/device_impl.h"
#include "core/kernels_cuda.h"
#include "core/memory.h"
#include "core/queue_cuda.h"

#include <stdatomic.h>
#include <stdio.h>

enum { CAPABILITY_LEAST = 75 };

VLY_API const char *const vly_plugin_version = VLY_VERSION;

typedef struct cuda_state {
    vly_queue queue; /* first, so that a queue is its state */
    int32_t index;
    cudaStream_t up, down;
    _Atomic int64_t held; /* bytes of device memory */
} cuda_state;

static cuda_state *state_of(const vly_device *device)
{
    return (cuda_state *)device->queue;
}

static vly_status check(cudaError_t error, const char *doing)
{
    if (error == cudaSuccess) return VLY_OK;
    return vly_fail(error == cudaErrorMemoryAllocation ? VLY_EMEMORY : VLY_EDEVICE, "cuda: %s: %s", doing,
                    cudaGetErrorString(error));
}

#define CUDA(call) VLY_TRY(check((call), #call))

/* The device is a property of the thread, and any thread may come. */
static vly_status enter(const vly_device *device)
{
    return check(cudaSetDevice(state_of(device)->index), "choosing the device");
}

/* ---- memory ---- */

static vly_status cuda_alloc(vly_device *device, void **out, int64_t bytes)
{
    cuda_state *s = state_of(device);
    *out = NULL;
    VLY_TRY(enter(device));
    if (bytes < 1) bytes = 1;
    if (atomic_fetch_add(&s->held, bytes) + bytes > device->device_memory_limit) {
        atomic_fetch_sub(&s->held, bytes);
        return vly_fail(VLY_EMEMORY, "the device memory limit of %lld MiB is too small",
                        (long long)(device->device_memory_limit >> 20));
    }
    vly_status status = check(cudaMalloc(out, (size_t)bytes), "device memory");
    if (status != VLY_OK) atomic_fetch_sub(&s->held, bytes);
    return status;
}

static void cuda_free(vly_device *device, void *memory, int64_t bytes)
{
    cuda_state *s = state_of(device);
    if (enter(device) != VLY_OK) return;
    (void)cudaFree(memory); /* what failed before shows up at the next call that has a status */
    atomic_fetch_sub(&s->held, bytes < 1 ? 1 : bytes);
}

static vly_status cuda_alloc_pinned(vly_device *device, void **out, int64_t bytes)
{
    *out = NULL;
    VLY_TRY(enter(device));
    return check(cudaHostAlloc(out, bytes < 1 ? 1 : (size_t)bytes, cudaHostAllocDefault), "pinned memory");
}

static void cuda_free_pinned(vly_device *device, void *memory)
{
    if (enter(device) == VLY_OK) (void)cudaFreeHost(memory);
}

/* ---- copies and waiting ---- */

static vly_status copy_on(vly_device *device, cudaStream_t stream, void *to, const void *from, int64_t bytes,
                          enum cudaMemcpyKind kind)
{
    if (bytes <= 0) return VLY_OK;
    VLY_TRY(enter(device));
    CUDA(cudaMemcpyAsync(to, from, (size_t)bytes, kind, stream));
    CUDA(cudaStreamSynchronize(stream));
    return VLY_OK;
}

static vly_status cuda_upload(vly_device *device, void *to, const void *from, int64_t bytes)
{
    return copy_on(device, state_of(device)->up, to, from, bytes, cudaMemcpyHostToDevice);
}

static vly_status cuda_send(vly_device *device, void *to, const void *from, int64_t bytes)
{
    if (bytes <= 0) return VLY_OK;
    VLY_TRY(enter(device));
    CUDA(cudaMemcpyAsync(to, from, (size_t)bytes, cudaMemcpyHostToDevice, state_of(device)->up));
    return VLY_OK;
}

static vly_status cuda_arrive(vly_device *device)
{
    VLY_TRY(enter(device));
    return check(cudaStreamSynchronize(state_of(device)->up), "uploads");
}

static vly_status cuda_download(vly_device *device, void *to, const void *from, int64_t bytes)
{
    return copy_on(device, state_of(device)->down, to, from, bytes, cudaMemcpyDeviceToHost);
}

static vly_status cuda_copy(vly_device *device, void *to, const void *from, int64_t bytes)
{
    return copy_on(device, state_of(device)->up, to, from, bytes, cudaMemcpyDeviceToDevice);
}

static vly_status cuda_clear(vly_device *device, void *memory, int64_t bytes)
{
    if (bytes <= 0) return VLY_OK;
    VLY_TRY(enter(device));
    CUDA(cudaMemsetAsync(memory, 0, (size_t)bytes, device->queue->stream));
    return VLY_OK;
}

static vly_status cuda_wait(vly_device *device)
{
    VLY_TRY(enter(device));
    return check(cudaStreamSynchronize(device->queue->stream), "kernels");
}

/* ---- the queue of work: copies in it, and what is recorded of it ---- */

static vly_status cuda_push(vly_device *device, void *to, const void *from, int64_t bytes)
{
    VLY_TRY(enter(device));
    CUDA(cudaMemcpyAsync(to, from, (size_t)bytes, cudaMemcpyHostToDevice, device->queue->stream));
    return VLY_OK;
}

static vly_status cuda_pull(vly_device *device, void *to, const void *from, int64_t bytes)
{
    VLY_TRY(enter(device));
    CUDA(cudaMemcpyAsync(to, from, (size_t)bytes, cudaMemcpyDeviceToHost, device->queue->stream));
    return VLY_OK;
}

/* The capture ends whatever `work` says, else the stream would take no work any more. */
static vly_status record(cudaGraphExec_t *out, cudaStream_t stream, vly_status (*work)(void *self), void *self)
{
    cudaGraph_t graph = NULL;
    CUDA(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    vly_status status = work(self);
    cudaError_t ended = cudaStreamEndCapture(stream, &graph);
    if (status == VLY_OK) status = check(ended, "recording");
    if (status == VLY_OK) status = check(cudaGraphInstantiate(out, graph, 0), "preparing what was recorded");
    if (graph) (void)cudaGraphDestroy(graph);
    return status;
}

static vly_status cuda_replay(vly_device *device, void **recording, vly_status (*work)(void *self), void *self)
{
    cudaGraphExec_t graph = *recording;
    VLY_TRY(enter(device));
    if (!graph) VLY_TRY(record(&graph, device->queue->stream, work, self));
    *recording = graph;
    CUDA(cudaGraphLaunch(graph, device->queue->stream));
    return VLY_OK;
}

static void cuda_forget(vly_device *device, void *recording)
{
    (void)enter(device); /* even on a device that has failed: the recording lies in host memory */
    (void)cudaGraphExecDestroy(recording);
}

static void cuda_close(vly_device *device)
{
    cuda_state *s = state_of(device);
    if (enter(device) == VLY_OK) {
        if (s->queue.stream) (void)cudaStreamDestroy(s->queue.stream);
        if (s->up) (void)cudaStreamDestroy(s->up);
        if (s->down) (void)cudaStreamDestroy(s->down);
    }
    vly_free(s);
    device->queue = NULL;
}

static const vly_device_calls cuda_calls = {
    .alloc = cuda_alloc,
    .free = cuda_free,
    .alloc_pinned = cuda_alloc_pinned,
    .free_pinned = cuda_free_pinned,
    .upload = cuda_upload,
    .send = cuda_send,
    .arrive = cuda_arrive,
    .download = cuda_download,
    .copy = cuda_copy,
    .clear = cuda_clear,
    .wait = cuda_wait,
    .push = cuda_push,
    .pull = cuda_pull,
    .replay = cuda_replay,
    .forget = cuda_forget,
    .close = cuda_close,
};

/* ---- opening ---- */

static vly_status describe(vly_device *device, int32_t index)
{
    struct cudaDeviceProp about;
    vly_queue *queue = device->queue;
    size_t free_bytes, all_bytes;
    CUDA(cudaGetDeviceProperties(&about, index));
    if (about.major * 10 + about.minor < CAPABILITY_LEAST)
        return vly_fail(VLY_EDEVICE, "cuda: %s has compute capability %d.%d, 7.5 or later expected", about.name,
                        about.major, about.minor);
    CUDA(cudaMemGetInfo(&free_bytes, &all_bytes));
    if (device->device_memory_limit <= 0) device->device_memory_limit = (int64_t)(free_bytes / 10 * 9);
    queue->processors = about.multiProcessorCount;
    queue->shared_bytes = (int32_t)about.sharedMemPerBlockOptin;
    snprintf(device->name, sizeof device->name, "cuda:%d", (int)index);
    snprintf(device->description, sizeof device->description,
             "%.100s, compute capability %d.%d, %d multiprocessors, %.1f of %.1f GiB free", about.name, about.major,
             about.minor, about.multiProcessorCount, (double)free_bytes / 0x1p30, (double)all_bytes / 0x1p30);
    return VLY_OK;
}

static vly_status make_streams(cuda_state *s)
{
    CUDA(cudaStreamCreateWithFlags(&s->queue.stream, cudaStreamNonBlocking));
    CUDA(cudaStreamCreateWithFlags(&s->up, cudaStreamNonBlocking));
    CUDA(cudaStreamCreateWithFlags(&s->down, cudaStreamNonBlocking));
    return VLY_OK;
}

vly_status vly_device_open_cuda(vly_device *device, int32_t index)
{
    int count = 0;
    cuda_state *s;
    cudaError_t error = cudaGetDeviceCount(&count);
    if (error == cudaErrorInsufficientDriver) /* what the runtime says where there is no driver at all, too */
        return vly_fail(VLY_EDEVICE, "cuda: no NVIDIA driver here, or one too old for this build");
    VLY_TRY(check(error, "looking for a GPU"));
    if (index >= count)
        return vly_fail(VLY_EDEVICE, "cuda: there is no device %d, this machine has %d", (int)index, count);
    VLY_TRY(VLY_NEW(&s, 1, "device"));
    s->index = index;
    device->queue = &s->queue;
    device->calls = &cuda_calls;
    device->kernels = &vly_kernels_cuda;
    vly_status status = enter(device);
    if (status == VLY_OK) status = make_streams(s);
    if (status == VLY_OK) status = describe(device, index);
    if (status != VLY_OK) cuda_close(device);
    return status;
}
