/* The emulator's inside. How it keeps the promises of the headers, and makes mistakes show:
 *
 * cuemu_fiber.c    stacks that can be switched between, with the sanitizers told
 * cuemu_block.c    the threads of a block are fibers; blocks run one after another, in an order that VLY_CUEMU_ORDER chooses
 * cuemu_meet.c     barriers and warp functions; a meeting that cannot be complete ends the process with a message
 * cuemu_memory.c   device memory lies between guard pages and is out of reach unless a kernel or a copy runs
 * cuemu_stream.c   work is queued and runs when somebody waits for it, in the least convenient order that the events allow
 * cuemu_work.c     copies, fills, launches
 * cuemu_graph.c    captured streams
 * cuemu_runtime.c  devices, errors, planned faults
 *
 * One lock serves all: whoever waits for work does it, in its own thread. */
#ifndef CUEMU_IMPL_H
#define CUEMU_IMPL_H

#include "cuda_runtime_api.h"
#include "cuemu.h"

#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

/* ---- cuemu_runtime.c ---- */

/* What VLY_CUEMU_ORDER says, read anew each time. */
typedef enum cuemu_order { CUEMU_FORWARD, CUEMU_REVERSE, CUEMU_SHUFFLED } cuemu_order;
cuemu_order cuemu_order_now(void);
uint64_t cuemu_random(void);
void cuemu_shuffle(int *items, int count);

/* Ends the process: the program under test is wrong. */
_Noreturn void cuemu_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Every call begins with CUEMU_ENTER, which may be made to fail, and ends with cuemu_leave. Calls that give something back
 * do so even then, and tell afterwards. */
cudaError_t cuemu_enter(const char *call);
cudaError_t cuemu_leave(cudaError_t error);
void cuemu_lock(void);
void cuemu_unlock(void);
#define CUEMU_ENTER()                                              \
    do {                                                           \
        cudaError_t entering = cuemu_enter(__func__);              \
        if (entering != cudaSuccess) return cuemu_leave(entering); \
    } while (0)
/* A planned fault of a kernel that has been queued: it shows at a later call. */
cudaError_t cuemu_planned(const char *call);
void cuemu_break_device(cudaError_t error);
cudaError_t cuemu_broken(void);
int cuemu_device(void);
enum { CUEMU_SHARED_STATIC = 48 << 10, CUEMU_SHARED_MOST = 227 << 10, CUEMU_THREADS_MOST = 1024 };

extern cuemu_counters cuemu_count;

/* ---- work ---- */

typedef struct cuemu_kernel {
    dim3 grid, block;
    size_t dynamic_bytes;
    void (*run)(void *arguments);
    void (*release)(void *arguments);
    void *arguments;
} cuemu_kernel;

typedef enum cuemu_op_kind { OP_KERNEL, OP_COPY, OP_FILL, OP_RECORD, OP_WAIT, OP_CALL, OP_GRAPH } cuemu_op_kind;

typedef struct cuemu_op {
    struct cuemu_op *next;
    cuemu_op_kind kind;
    uint64_t ticket; /* counts up over all streams */
    int device;
    union {
        cuemu_kernel kernel;
        struct {
            void *to;
            const void *from;
            size_t bytes;
            void *staged; /* a copy of pageable memory, made when the copy was asked for */
        } copy;
        struct {
            void *to;
            size_t bytes;
            int value;
        } fill;
        cudaEvent_t record;
        struct {
            cudaStream_t stream;
            uint64_t ticket;
        } wait; /* until the stream has passed the ticket */
        struct {
            cudaHostFn_t function;
            void *self;
        } call;
        cudaGraphExec_t graph;
    };
} cuemu_op;

struct CUstream_st {
    bool used, blocking; /* blocking: waits for the stream 0 and is waited for */
    int device;
    cuemu_op *first, *last;
    cudaGraph_t capture; /* NULL: none */
};

struct CUgraph_st {
    cuemu_op *first, *last;
    int users; /* who made it, and what was instantiated from it */
};

/* ---- cuemu_stream.c ---- */

/* Queues a copy of `op`, or gives it to the capture. */
cudaError_t cuemu_enqueue(cudaStream_t stream, const cuemu_op *op);
cudaStream_t cuemu_stream(cudaStream_t stream); /* 0 has one too; NULL: no such stream */
void cuemu_execute(const cuemu_op *op);
void cuemu_op_free(cuemu_op *op);
cudaError_t cuemu_finish_stream(cudaStream_t stream);
cudaError_t cuemu_finish_all(void);
bool cuemu_copies_pending(const void *memory, size_t bytes);

/* ---- cuemu_graph.c ---- */

void cuemu_graph_run(cudaGraphExec_t exec);

/* ---- cuemu_memory.c ---- */

/* Opens what the device may touch (-1: everything), closes the rest. -2 closes all. */
enum { CUEMU_ALL_DEVICES = -1, CUEMU_NO_DEVICE = -2 };
void cuemu_memory_open(int device);
/* Ends the process if something was written around an allocation. */
void cuemu_memory_check(const char *after);
/* Device memory, pinned memory, or anything else; `bytes` must fit: cudaErrorInvalidValue. */
cudaError_t cuemu_memory_find(const void *pointer, size_t bytes, enum cudaMemoryType *type, int *device);

/* ---- cuemu_block.c, cuemu_meet.c ---- */

void cuemu_run_kernel(const cuemu_kernel *kernel);

typedef enum cuemu_thread_state { FRESH, READY, AT_BARRIER, AT_WARP, RETURNED } cuemu_thread_state;

typedef struct cuemu_thread {
    cuemu_thread_state state;
    uint3 index;
    struct cuemu_fiber *fiber;
    const char *file; /* where it waits */
    int line, kind, from;
    unsigned mask, barriers, warp_syncs; /* it has been to; with the whole warp */
    uint64_t value, result;
} cuemu_thread;

enum { CUEMU_WARP = 32 };

typedef struct cuemu_block_state {
    int threads, returned, current;
    cuemu_thread thread[CUEMU_THREADS_MOST];
} cuemu_block_state;

extern cuemu_block_state cuemu_block;

/* The running thread waits until somebody makes it READY. */
void cuemu_suspend(cuemu_thread_state state);
/* Lets go whoever has met all it waits for. */
bool cuemu_release_warp(int warp);
bool cuemu_release_block(void);
/* TSan: what was before a release of `edge` is before what comes after an acquire. */
void cuemu_tsan_release(void *edge);
void cuemu_tsan_acquire(void *edge);

#pragma GCC visibility pop
#endif
