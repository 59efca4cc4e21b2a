/* Copies, fills and launches: checked when they are asked for, queued, and done later. Pageable memory is copied up at once
 * and down at once, pinned memory when the stream gets there. */
#include "cuemu_impl.h"

#include "cuemu/launch_c.h"

#include <stdlib.h>
#include <string.h>

/* What the kind promises must be true of the pointers, and arrays must be as long as the copy. */
static cudaError_t check_copy(const void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind, bool *pageable)
{
    enum cudaMemoryType to_type, from_type;
    int device;
    if (cuemu_memory_find(to, bytes, &to_type, &device) != cudaSuccess ||
        cuemu_memory_find(from, bytes, &from_type, &device) != cudaSuccess)
        return cudaErrorInvalidValue;
    bool up = to_type == cudaMemoryTypeDevice, down = from_type == cudaMemoryTypeDevice;
    *pageable = to_type == cudaMemoryTypeUnregistered || from_type == cudaMemoryTypeUnregistered;
    if (kind == cudaMemcpyDefault) return cudaSuccess;
    bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
    bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
    return up == to_device && down == from_device ? cudaSuccess : cudaErrorInvalidValue;
}

static cudaError_t queue_copy(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind, cudaStream_t stream,
                              bool wait)
{
    bool pageable;
    cuemu_op op = {.kind = OP_COPY, .copy = {to, from, bytes, NULL}};
    cudaStream_t queue = cuemu_stream(stream);
    if (!queue) return cudaErrorInvalidResourceHandle;
    cudaError_t error = check_copy(to, from, bytes, kind, &pageable);
    if (error != cudaSuccess || bytes == 0) return error;
    enum cudaMemoryType from_type;
    int device;
    cuemu_memory_find(from, bytes, &from_type, &device);
    if (from_type == cudaMemoryTypeUnregistered && !queue->capture) {
        op.copy.staged = malloc(bytes);
        if (!op.copy.staged) return cudaErrorMemoryAllocation;
        memcpy(op.copy.staged, from, bytes);
    }
    error = cuemu_enqueue(stream, &op);
    if (error != cudaSuccess) free(op.copy.staged);
    bool at_once = wait || (pageable && from_type == cudaMemoryTypeDevice);
    return error == cudaSuccess && at_once && !queue->capture ? cuemu_finish_stream(queue) : error;
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind)
{
    CUEMU_ENTER();
    return cuemu_leave(queue_copy(to, from, bytes, kind, 0, true));
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind, cudaStream_t stream)
{
    CUEMU_ENTER();
    return cuemu_leave(queue_copy(to, from, bytes, kind, stream, false));
}

cudaError_t cudaMemsetAsync(void *memory, int value, size_t bytes, cudaStream_t stream)
{
    CUEMU_ENTER();
    enum cudaMemoryType type;
    int device;
    cuemu_op op = {.kind = OP_FILL, .fill = {memory, bytes, value}};
    if (bytes == 0) return cuemu_leave(cudaSuccess);
    cudaError_t error = cuemu_memory_find(memory, bytes, &type, &device);
    if (type != cudaMemoryTypeDevice) error = cudaErrorInvalidValue;
    return cuemu_leave(error == cudaSuccess ? cuemu_enqueue(stream, &op) : error);
}

cudaError_t cudaMemset(void *memory, int value, size_t bytes)
{
    return cudaMemsetAsync(memory, value, bytes, 0); /* asynchronous for device memory, on a device too */
}

/* ---- launching ---- */

enum { LIMITS_MOST = 256 };
static struct {
    const void *kernel;
    int bytes;
} limits[LIMITS_MOST];

cudaError_t cuemu_set_shared_limit(const void *kernel, int bytes)
{
    cudaError_t error = cuemu_enter("cudaFuncSetAttribute");
    int i = 0;
    if (error != cudaSuccess) return cuemu_leave(error);
    if (bytes < 0 || bytes > CUEMU_SHARED_MOST) return cuemu_leave(cudaErrorInvalidValue);
    while (i < LIMITS_MOST && limits[i].kernel && limits[i].kernel != kernel) i++;
    if (i == LIMITS_MOST) cuemu_die("more than %d kernels with dynamic shared memory", LIMITS_MOST);
    limits[i].kernel = kernel;
    limits[i].bytes = bytes;
    return cuemu_leave(cudaSuccess);
}

static size_t shared_limit(const void *kernel)
{
    for (int i = 0; i < LIMITS_MOST && limits[i].kernel; i++)
        if (limits[i].kernel == kernel && limits[i].bytes > CUEMU_SHARED_STATIC) return (size_t)limits[i].bytes;
    return CUEMU_SHARED_STATIC;
}

static cudaError_t check_shape(const cudaLaunchConfig_t *c, const void *kernel)
{
    const dim3 g = c->gridDim, b = c->blockDim;
    if (g.x == 0 || g.y == 0 || g.z == 0 || b.x == 0 || b.y == 0 || b.z == 0) return cudaErrorInvalidConfiguration;
    if (g.x > INT32_MAX || g.y > 65535 || g.z > 65535) return cudaErrorInvalidConfiguration;
    if (b.x > CUEMU_THREADS_MOST || b.y > CUEMU_THREADS_MOST || b.z > 64) return cudaErrorInvalidConfiguration;
    if (b.x * b.y * b.z > CUEMU_THREADS_MOST) return cudaErrorInvalidConfiguration;
    if (c->dynamicSmemBytes > shared_limit(kernel)) return cudaErrorInvalidValue;
    return c->numAttrs == 0 ? cudaSuccess : cudaErrorNotSupported;
}

cudaError_t cuemu_launch(const cudaLaunchConfig_t *config, const void *kernel, void (*run)(void *),
                         void (*release)(void *), void *arguments)
{
    cudaError_t error = cuemu_enter("cudaLaunchKernelEx");
    if (error == cudaSuccess) error = check_shape(config, kernel);
    cudaStream_t stream = cuemu_stream(config->stream);
    if (error == cudaSuccess && (!stream || stream->device != cuemu_device())) error = cudaErrorInvalidResourceHandle;
    cuemu_op op = {.kind = OP_KERNEL,
                   .kernel = {config->gridDim, config->blockDim, config->dynamicSmemBytes, run, release, arguments}};
    if (error == cudaSuccess) error = cuemu_enqueue(stream, &op);
    if (error == cudaSuccess)
        cuemu_count.launches += stream->capture == NULL; /* a graph of many kernels is one launch */
    else
        release(arguments);
    return cuemu_leave(error);
}
