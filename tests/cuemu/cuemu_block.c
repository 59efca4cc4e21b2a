/* A kernel's blocks run one after another. A thread runs until it has to wait and then keeps its fiber; whoever comes next
 * gets another, so a kernel that never waits needs one. Warps run as far as they can before the next one starts: nothing
 * but a barrier makes one see what another wrote. Shuffled order goes round the warps one meeting at a time instead. */
#include "cuemu_fiber.h"

#include "cuemu/meet_kinds.h"
#include "cuemu_impl.h"

#include <stdlib.h>
#include <string.h>

enum { WARPS = CUEMU_THREADS_MOST / CUEMU_WARP, SHARED_BYTES = CUEMU_SHARED_MOST, POISON = 0xFF /* NaN; -1 */ };

/* What device code reads. */
uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

extern char __start_cuemu_shared[] __attribute__((weak, visibility("hidden")));
extern char __stop_cuemu_shared[] __attribute__((weak, visibility("hidden")));
static _Alignas(256) char dynamic_shared[SHARED_BYTES];

cuemu_block_state cuemu_block;
static const cuemu_kernel *kernel;
static cuemu_fiber scheduler, fibers[CUEMU_THREADS_MOST];
static cuemu_fiber *idle[CUEMU_THREADS_MOST];
static int idle_count, fiber_count;
static char begin_edge, end_edge;
/* Lanes of the running warp in the order in which they take their turns, and how far that has come. */
static int lanes[CUEMU_WARP], turn, first_of_warp;

void *cuemu_dynamic_shared(void)
{
    if (kernel->dynamic_bytes == 0) cuemu_die("a kernel uses dynamic shared memory, but its launch asked for none");
    /* it ends where the array ends, so that going beyond leaves it */
    return dynamic_shared + (SHARED_BYTES - (kernel->dynamic_bytes + 15) / 16 * 16);
}

int cuemu_lane(void)
{
    return cuemu_block.current % CUEMU_WARP;
}

/* ---- a thread ---- */

static void run_thread(int t, cuemu_fiber *fiber)
{
    cuemu_thread *thread = &cuemu_block.thread[t];
    thread->fiber = fiber;
    cuemu_block.current = t;
    threadIdx = thread->index;
    cuemu_tsan_acquire(&begin_edge);
    kernel->run(kernel->arguments);
    cuemu_tsan_release(&end_edge);
    thread->state = RETURNED;
    cuemu_block.returned++;
}

static cuemu_thread *lane_at(int place)
{
    int t = first_of_warp + lanes[place];
    return t < cuemu_block.threads ? &cuemu_block.thread[t] : NULL;
}

/* The next lane, if it has not begun: the fiber that is free just goes on with it. */
static bool next_is_fresh(void)
{
    if (CUEMU_TSAN) return false; /* every thread is a fiber of its own to TSan, and so is its stack */
    while (turn + 1 < CUEMU_WARP && !lane_at(turn + 1)) turn++;
    if (turn + 1 >= CUEMU_WARP || lane_at(turn + 1)->state != FRESH) return false;
    turn++;
    return true;
}

static cuemu_fiber *starting;

static void fiber_begin(void)
{
    cuemu_fiber *self = starting;
    for (;;) {
        do run_thread(first_of_warp + lanes[turn], self);
        while (next_is_fresh());
        if (!CUEMU_TSAN) idle[idle_count++] = self;
        cuemu_fiber_switch(self, &scheduler);
    }
}

static cuemu_fiber *free_fiber(int t)
{
    if (!CUEMU_TSAN && idle_count > 0) return idle[--idle_count];
    cuemu_fiber *fiber = &fibers[CUEMU_TSAN ? t : fiber_count++];
    if (!fiber->bottom) cuemu_fiber_make(fiber, fiber_begin);
    return fiber;
}

static void resume(int t, cuemu_fiber *from)
{
    cuemu_block.current = t;
    threadIdx = cuemu_block.thread[t].index;
    cuemu_fiber_switch(from, cuemu_block.thread[t].fiber);
}

static void take_turn(int t)
{
    if (cuemu_block.thread[t].state == READY) {
        resume(t, &scheduler);
    } else {
        starting = free_fiber(t);
        cuemu_fiber_switch(&scheduler, starting);
    }
}

/* Hands over to the next lane of the warp; the scheduler is only asked when that would have to begin, or there is none. */
void cuemu_suspend(cuemu_thread_state state)
{
    cuemu_thread *self = &cuemu_block.thread[cuemu_block.current], *next = NULL;
    self->state = state;
    int place = turn + 1;
    while (place < CUEMU_WARP && (!(next = lane_at(place)) || (next->state != READY && next->state != FRESH))) place++;
    if (place == CUEMU_WARP || next->state == FRESH) {
        cuemu_fiber_switch(self->fiber, &scheduler);
    } else {
        turn = place;
        resume(first_of_warp + lanes[place], self->fiber);
    }
}

/* ---- a block ---- */

static void fill_order(int *items, int count, cuemu_order order)
{
    for (int i = 0; i < count; i++) items[i] = order == CUEMU_REVERSE ? count - 1 - i : i;
    if (order == CUEMU_SHUFFLED) cuemu_shuffle(items, count);
}

static bool run_lanes(int warp, cuemu_order order)
{
    bool moved = false;
    first_of_warp = warp * CUEMU_WARP;
    fill_order(lanes, CUEMU_WARP, order);
    for (turn = 0; turn < CUEMU_WARP; turn++) {
        const cuemu_thread *thread = lane_at(turn);
        if (!thread || (thread->state != FRESH && thread->state != READY)) continue;
        take_turn(first_of_warp + lanes[turn]);
        moved = true;
    }
    return moved;
}

static bool run_warp(int warp, cuemu_order order)
{
    bool moved = false, again = true;
    while (again) {
        moved = run_lanes(warp, order) || moved;
        again = cuemu_release_warp(warp);
        moved = moved || again;
        if (order == CUEMU_SHUFFLED) break;
    }
    return moved;
}

__attribute__((no_sanitize("address"))) static void poison(char *memory, size_t bytes)
{
#if CUEMU_ASAN /* would mind memset in the gaps that it keeps between the arrays */
    for (size_t i = 0; i < bytes; i++) ((volatile char *)memory)[i] = (char)POISON;
#else
    memset(memory, POISON, bytes);
#endif
}

static void poison_shared(void)
{
    size_t bytes = (kernel->dynamic_bytes + 15) / 16 * 16;
    poison(__start_cuemu_shared, (size_t)(__stop_cuemu_shared - __start_cuemu_shared));
    poison(dynamic_shared + SHARED_BYTES - bytes, bytes);
}

static void begin_block(void)
{
    poison_shared();
    cuemu_block.returned = 0;
    for (int t = 0; t < cuemu_block.threads; t++) {
        cuemu_thread *thread = &cuemu_block.thread[t];
        *thread = (cuemu_thread){.state = FRESH};
        thread->index.x = (unsigned)t % blockDim.x;
        thread->index.y = (unsigned)t / blockDim.x % blockDim.y;
        thread->index.z = (unsigned)t / (blockDim.x * blockDim.y);
    }
    cuemu_tsan_release(&begin_edge);
}

static void run_block(cuemu_order order)
{
    int warps[WARPS], count = (cuemu_block.threads + CUEMU_WARP - 1) / CUEMU_WARP;
    begin_block();
    while (cuemu_block.returned < cuemu_block.threads) {
        bool moved = false;
        fill_order(warps, count, order);
        for (int i = 0; i < count; i++) moved = run_warp(warps[i], order) || moved;
        if (!moved && !cuemu_release_block()) cuemu_die("no thread of the block can go on");
    }
    cuemu_tsan_acquire(&end_edge);
    cuemu_count.blocks++;
    cuemu_count.threads += cuemu_block.threads;
}

/* A step that has no divisor in common with `blocks` goes through all of them. */
static uint64_t shuffled_step(uint64_t blocks)
{
    for (;;) {
        uint64_t step = cuemu_random() % blocks + 1, a = blocks, b = step;
        while (b) {
            uint64_t rest = a % b;
            a = b;
            b = rest;
        }
        if (a == 1) return step;
    }
}

void cuemu_run_kernel(const cuemu_kernel *which)
{
    cuemu_order order = cuemu_order_now();
    kernel = which;
    blockDim = which->block;
    gridDim = which->grid;
    cuemu_block.threads = (int)(blockDim.x * blockDim.y * blockDim.z);
    uint64_t blocks = (uint64_t)gridDim.x * gridDim.y * gridDim.z;
    uint64_t step = order == CUEMU_SHUFFLED ? shuffled_step(blocks) : 1, at = 0;
    for (uint64_t i = 0; i < blocks; i++, at = (at + step) % blocks) {
        uint64_t b = order == CUEMU_REVERSE ? blocks - 1 - at : at;
        blockIdx.x = (unsigned)(b % gridDim.x);
        blockIdx.y = (unsigned)(b / gridDim.x % gridDim.y);
        blockIdx.z = (unsigned)(b / gridDim.x / gridDim.y);
        run_block(order);
    }
    kernel = NULL;
}
