/* Streams, events, and what they are made to do. Nothing runs before somebody waits; then, by VLY_CUEMU_ORDER,
 *   forward   only what the wait needs: who reads too early finds old data
 *   reverse   everything in the other streams first: who may overwrite too early does
 *   shuffled  whatever stream chance names, and sometimes without a wait. */
#include "cuemu_impl.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DEVICES_MOST = 8, STREAMS_MOST = 128 };

struct CUevent_st {
    cudaStream_t stream; /* of the last record; NULL: none yet */
    uint64_t ticket;
    double seconds;
    int pending; /* records that have not run */
    bool timed, destroyed;
};

static struct CUstream_st streams[STREAMS_MOST]; /* the first ones are the streams 0 of the devices */
static uint64_t tickets;
static cudaError_t failed; /* by a kernel that ran; told at the next wait */

cudaStream_t cuemu_stream(cudaStream_t stream)
{
    if (stream == 0 || stream == cudaStreamLegacy) {
        cudaStream_t zero = &streams[cuemu_device()];
        if (!zero->used) *zero = (struct CUstream_st){.used = true, .blocking = true, .device = cuemu_device()};
        return zero;
    }
    for (int i = 0; i < STREAMS_MOST; i++)
        if (stream == &streams[i]) return stream->used ? stream : NULL;
    return NULL;
}

/* ---- running ---- */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void run_copy(const cuemu_op *op)
{
    enum cudaMemoryType to, from;
    int device;
    cuemu_memory_find(op->copy.to, 0, &to, &device);
    cuemu_memory_find(op->copy.from, 0, &from, &device);
    cuemu_memory_open(CUEMU_ALL_DEVICES);
    memmove(op->copy.to, op->copy.staged ? op->copy.staged : op->copy.from, op->copy.bytes);
    bool up = to == cudaMemoryTypeDevice, down = from == cudaMemoryTypeDevice;
    *(up && down ? &cuemu_count.bytes_within
      : up       ? &cuemu_count.bytes_up
                 : &cuemu_count.bytes_down) += (int64_t)op->copy.bytes;
}

static void run_kernel(const cuemu_op *op)
{
    cudaError_t planned = cuemu_planned("kernel");
    if (planned != cudaSuccess) {
        failed = planned;
        return;
    }
    cuemu_memory_open(op->device);
    cuemu_run_kernel(&op->kernel);
    cuemu_memory_check("a kernel");
}

void cuemu_execute(const cuemu_op *op)
{
    switch (op->kind) {
    case OP_KERNEL:
        run_kernel(op);
        break;
    case OP_COPY:
        run_copy(op);
        break;
    case OP_FILL:
        cuemu_memory_open(CUEMU_ALL_DEVICES);
        memset(op->fill.to, op->fill.value, op->fill.bytes);
        cuemu_count.bytes_filled += (int64_t)op->fill.bytes;
        break;
    case OP_RECORD:
        op->record->seconds = now();
        if (--op->record->pending == 0 && op->record->destroyed) free(op->record);
        break;
    case OP_CALL:
        cuemu_memory_open(CUEMU_NO_DEVICE);
        op->call.function(op->call.self);
        break;
    case OP_GRAPH:
        cuemu_graph_run(op->graph);
        break;
    case OP_WAIT:
        break;
    }
}

void cuemu_op_free(cuemu_op *op)
{
    if (op->kind == OP_KERNEL) op->kernel.release(op->kernel.arguments);
    if (op->kind == OP_COPY) free(op->copy.staged);
    free(op);
}

static bool pending(const struct CUstream_st *stream, uint64_t ticket)
{
    return stream->first && stream->first->ticket <= ticket;
}

/* Runs the first piece of work, unless there is none or it waits for another stream. */
static bool step(cudaStream_t stream)
{
    cuemu_op *op = stream->first;
    if (!op || (op->kind == OP_WAIT && pending(op->wait.stream, op->wait.ticket))) return false;
    stream->first = op->next;
    if (!stream->first) stream->last = NULL;
    if (cuemu_broken() == cudaSuccess || op->kind == OP_RECORD) cuemu_execute(op);
    cuemu_op_free(op);
    return true;
}

static void run_others(const struct CUstream_st *but)
{
    for (bool moved = true; moved;) {
        moved = false;
        for (int i = STREAMS_MOST - 1; i >= 0; i--)
            while (&streams[i] != but && step(&streams[i])) moved = true;
    }
}

/* Waits look back only, so among all streams there is always one that can go on. */
static void advance(cudaStream_t stream, uint64_t ticket)
{
    while (pending(stream, ticket)) {
        switch (cuemu_order_now()) {
        case CUEMU_FORWARD:
            if (!step(stream)) advance(stream->first->wait.stream, stream->first->wait.ticket);
            break;
        case CUEMU_REVERSE:
            run_others(stream);
            step(stream);
            break;
        case CUEMU_SHUFFLED:
            step(&streams[cuemu_random() % STREAMS_MOST]);
            break;
        }
    }
}

static cudaError_t outcome(void)
{
    cudaError_t error = failed != cudaSuccess ? failed : cuemu_broken();
    failed = cudaSuccess;
    return error;
}

cudaError_t cuemu_finish_stream(cudaStream_t stream)
{
    advance(stream, UINT64_MAX);
    return outcome();
}

cudaError_t cuemu_finish_all(void)
{
    for (int i = 0; i < STREAMS_MOST; i++) advance(&streams[i], UINT64_MAX);
    return outcome();
}

/* ---- queueing ---- */

static cudaError_t append(cudaStream_t stream, const cuemu_op *op)
{
    cuemu_op *copy = malloc(sizeof *copy);
    if (!copy) return cudaErrorMemoryAllocation;
    *copy = *op;
    copy->next = NULL;
    copy->ticket = ++tickets;
    copy->device = stream->device;
    cuemu_op **first = stream->capture ? &stream->capture->first : &stream->first;
    cuemu_op **last = stream->capture ? &stream->capture->last : &stream->last;
    *(*last ? &(*last)->next : first) = copy;
    *last = copy;
    return cudaSuccess;
}

static cudaError_t wait_for(cudaStream_t stream, cudaStream_t other, uint64_t ticket)
{
    cuemu_op op = {.kind = OP_WAIT, .wait = {other, ticket}};
    return pending(other, ticket) ? append(stream, &op) : cudaSuccess;
}

/* Stream 0 and the blocking ones wait for each other. */
static cudaError_t order_with_zero(cudaStream_t stream)
{
    cudaStream_t zero = &streams[stream->device];
    cudaError_t error = cudaSuccess;
    if (!stream->blocking || stream->capture) return cudaSuccess;
    if (stream != zero) return wait_for(stream, zero, tickets);
    for (int i = DEVICES_MOST; i < STREAMS_MOST && error == cudaSuccess; i++)
        if (streams[i].used && streams[i].blocking && streams[i].device == zero->device)
            error = wait_for(zero, &streams[i], tickets);
    return error;
}

cudaError_t cuemu_enqueue(cudaStream_t handle, const cuemu_op *op)
{
    cudaStream_t stream = cuemu_stream(handle);
    if (!stream) return cudaErrorInvalidResourceHandle;
    cudaError_t error = order_with_zero(stream);
    if (error == cudaSuccess) error = append(stream, op);
    if (cuemu_order_now() == CUEMU_SHUFFLED)
        for (int i = (int)(cuemu_random() % 8); i > 3; i--) step(&streams[cuemu_random() % STREAMS_MOST]);
    return error;
}

bool cuemu_copies_pending(const void *memory, size_t bytes)
{
    const char *begin = memory, *end = begin + bytes;
    for (int i = 0; i < STREAMS_MOST; i++)
        for (const cuemu_op *op = streams[i].first; op; op = op->next) {
            const char *to = op->copy.to, *from = op->copy.from;
            if (op->kind == OP_COPY && ((to >= begin && to < end) || (from >= begin && from < end))) return true;
        }
    return false;
}

/* ---- streams ---- */

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags)
{
    CUEMU_ENTER();
    for (int i = DEVICES_MOST; i < STREAMS_MOST; i++) {
        if (streams[i].used) continue;
        streams[i] = (struct CUstream_st){.used = true, .blocking = !(flags & cudaStreamNonBlocking)};
        streams[i].device = cuemu_device();
        *stream = &streams[i];
        return cuemu_leave(cudaSuccess);
    }
    return cuemu_leave(cudaErrorMemoryAllocation);
}

cudaError_t cudaStreamCreate(cudaStream_t *stream)
{
    return cudaStreamCreateWithFlags(stream, cudaStreamDefault);
}

cudaError_t cudaStreamCreateWithPriority(cudaStream_t *stream, unsigned flags, int priority)
{
    (void)priority;
    return cudaStreamCreateWithFlags(stream, flags);
}

cudaError_t cudaDeviceGetStreamPriorityRange(int *least, int *greatest)
{
    CUEMU_ENTER();
    *least = 0;
    *greatest = -5;
    return cuemu_leave(cudaSuccess);
}

cudaError_t cudaStreamDestroy(cudaStream_t handle)
{
    cudaError_t error = cuemu_enter(__func__);
    cudaStream_t stream = handle ? cuemu_stream(handle) : NULL;
    if (!stream) return cuemu_leave(cudaErrorInvalidResourceHandle);
    cudaError_t late = cuemu_finish_stream(stream);
    if (error == cudaSuccess) error = late;
    stream->used = false;
    return cuemu_leave(error);
}

cudaError_t cudaStreamSynchronize(cudaStream_t handle)
{
    CUEMU_ENTER();
    cudaStream_t stream = cuemu_stream(handle);
    if (!stream) return cuemu_leave(cudaErrorInvalidResourceHandle);
    return cuemu_leave(stream->capture ? cudaErrorStreamCaptureUnsupported : cuemu_finish_stream(stream));
}

cudaError_t cudaDeviceSynchronize(void)
{
    CUEMU_ENTER();
    for (int i = 0; i < STREAMS_MOST; i++)
        if (streams[i].device == cuemu_device()) advance(&streams[i], UINT64_MAX);
    return cuemu_leave(outcome());
}

/* Who asks again and again sees an end: one piece of work is done for every question. */
static cudaError_t ask(cudaStream_t stream, uint64_t ticket)
{
    if (!pending(stream, ticket)) return outcome();
    advance(stream, stream->first->ticket);
    return cudaErrorNotReady;
}

cudaError_t cudaStreamQuery(cudaStream_t handle)
{
    CUEMU_ENTER();
    cudaStream_t stream = cuemu_stream(handle);
    return cuemu_leave(stream ? ask(stream, UINT64_MAX) : cudaErrorInvalidResourceHandle);
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void *self)
{
    CUEMU_ENTER();
    cuemu_op op = {.kind = OP_CALL, .call = {function, self}};
    return cuemu_leave(cuemu_enqueue(stream, &op));
}

/* ---- events ---- */

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned flags)
{
    CUEMU_ENTER();
    *event = calloc(1, sizeof **event);
    if (!*event) return cuemu_leave(cudaErrorMemoryAllocation);
    (*event)->timed = !(flags & cudaEventDisableTiming);
    return cuemu_leave(cudaSuccess);
}

cudaError_t cudaEventCreate(cudaEvent_t *event)
{
    return cudaEventCreateWithFlags(event, cudaEventDefault);
}

cudaError_t cudaEventDestroy(cudaEvent_t event)
{
    cudaError_t error = cuemu_enter(__func__);
    if (!event) return cuemu_leave(cudaErrorInvalidResourceHandle);
    event->destroyed = true;
    if (event->pending == 0) free(event);
    return cuemu_leave(error);
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t handle)
{
    CUEMU_ENTER();
    cudaStream_t stream = cuemu_stream(handle);
    if (!event || !stream) return cuemu_leave(cudaErrorInvalidResourceHandle);
    if (stream->capture) return cuemu_leave(cudaErrorStreamCaptureUnsupported);
    cuemu_op op = {.kind = OP_RECORD, .record = event};
    event->pending++;
    cudaError_t error = cuemu_enqueue(stream, &op);
    event->stream = stream;
    event->ticket = tickets;
    return cuemu_leave(error);
}

cudaError_t cudaStreamWaitEvent(cudaStream_t handle, cudaEvent_t event, unsigned flags)
{
    CUEMU_ENTER();
    (void)flags;
    cudaStream_t stream = cuemu_stream(handle);
    if (!event || !stream) return cuemu_leave(cudaErrorInvalidResourceHandle);
    if (stream->capture) return cuemu_leave(cudaErrorStreamCaptureUnsupported);
    if (!event->stream) return cuemu_leave(cudaSuccess);
    return cuemu_leave(wait_for(stream, event->stream, event->ticket));
}

cudaError_t cudaEventSynchronize(cudaEvent_t event)
{
    CUEMU_ENTER();
    if (!event) return cuemu_leave(cudaErrorInvalidResourceHandle);
    if (event->stream) advance(event->stream, event->ticket);
    return cuemu_leave(outcome());
}

cudaError_t cudaEventQuery(cudaEvent_t event)
{
    CUEMU_ENTER();
    if (!event) return cuemu_leave(cudaErrorInvalidResourceHandle);
    return cuemu_leave(event->stream ? ask(event->stream, event->ticket) : outcome());
}

cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t begin, cudaEvent_t end)
{
    CUEMU_ENTER();
    if (!begin || !end || !begin->timed || !end->timed || !begin->stream || !end->stream)
        return cuemu_leave(cudaErrorInvalidResourceHandle);
    if (begin->pending || end->pending) return cuemu_leave(cudaErrorNotReady);
    *milliseconds = (float)((end->seconds - begin->seconds) * 1e3);
    return cuemu_leave(cudaSuccess);
}
