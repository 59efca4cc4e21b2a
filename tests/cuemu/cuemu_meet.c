/* Barriers and warp functions. A device might hang or compute on with nonsense where this ends the process: threads that
 * have returned, meetings at different lines, masks that differ or leave out the caller, lanes that are not there. */
#include "cuemu_impl.h"

#include "cuemu/meet_kinds.h"

#include <string.h>

/* What TSan hangs its order on. Two of each, in turn: who is late to leave one meeting must not seem to have waited for what
 * the others do before the next. A part of a warp has one for all its meetings. */
static char barrier_edge[2], warp_edge[CUEMU_THREADS_MOST / CUEMU_WARP][3];

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static cuemu_thread *running(int kind, const char *file, int line)
{
    cuemu_thread *self = &cuemu_block.thread[cuemu_block.current];
    self->kind = kind;
    self->file = file;
    self->line = line;
    return self;
}

/* ---- the barrier of a block ---- */

int cuemu_barrier(int kind, int predicate, const char *file, int line)
{
    cuemu_thread *self = running(kind, file, line);
    self->value = (uint64_t)predicate;
    void *edge = &barrier_edge[self->barriers++ % 2];
    cuemu_tsan_release(edge);
    cuemu_count.barriers++;
    cuemu_suspend(AT_BARRIER);
    cuemu_tsan_acquire(edge);
    return (int)self->result;
}

static void die_divided(const cuemu_thread *here, const cuemu_thread *there)
{
    cuemu_die("%s:%d: divergent barrier: other threads of the block wait at %s:%d", base_name(here->file), here->line,
              base_name(there->file), there->line);
}

bool cuemu_release_block(void)
{
    const cuemu_thread *first = NULL;
    int count = 0;
    for (int t = 0; t < cuemu_block.threads; t++) {
        const cuemu_thread *thread = &cuemu_block.thread[t];
        if (thread->state == AT_WARP)
            cuemu_die("%s:%d: a warp function waits for lanes that are elsewhere", base_name(thread->file),
                      thread->line);
        if (thread->state != AT_BARRIER) continue;
        if (!first) first = thread;
        if (thread->line != first->line || strcmp(thread->file, first->file) != 0 || thread->kind != first->kind)
            die_divided(thread, first);
        count += (int)thread->value;
    }
    if (!first) return false;
    if (cuemu_block.returned > 0)
        cuemu_die("%s:%d: %d threads have returned before this barrier", base_name(first->file), first->line,
                  cuemu_block.returned);
    int all = count == cuemu_block.threads, result = count;
    if (first->kind == CUEMU_BOTH) result = all;
    if (first->kind == CUEMU_EITHER) result = count > 0;
    for (int t = 0; t < cuemu_block.threads; t++) {
        cuemu_block.thread[t].result = (uint64_t)result;
        cuemu_block.thread[t].state = READY;
    }
    return true;
}

/* ---- meetings of a warp ---- */

uint64_t cuemu_warp(int kind, unsigned mask, uint64_t value, int from, const char *file, int line)
{
    cuemu_thread *self = running(kind, file, line);
    int lane = cuemu_block.current % CUEMU_WARP;
    char *edge = &warp_edge[cuemu_block.current / CUEMU_WARP][2];
    if (kind == CUEMU_SYNC && mask == UINT32_MAX) edge += (int)(self->warp_syncs++ % 2) - 2;
    if (!(mask >> lane & 1)) cuemu_die("%s:%d: the mask %08x leaves out its caller", base_name(file), line, mask);
    if (kind == CUEMU_SHUFFLE && (from < 0 || from >= CUEMU_WARP || !(mask >> from & 1)))
        cuemu_die("%s:%d: lane %d shuffles from lane %d, which is absent from the mask %08x", base_name(file), line,
                  lane, from, mask);
    self->mask = mask;
    self->value = value;
    self->from = from;
    if (kind == CUEMU_SYNC) cuemu_tsan_release(edge); /* the others exchange values and order no memory */
    cuemu_count.warp_meetings++;
    cuemu_suspend(AT_WARP);
    if (kind == CUEMU_SYNC) cuemu_tsan_acquire(edge);
    return self->result;
}

/* Whether every lane of the mask waits for the same lanes. */
static bool complete(const cuemu_thread *lanes, int present, const cuemu_thread *one)
{
    for (int l = 0; l < CUEMU_WARP; l++) {
        if (!(one->mask >> l & 1)) continue;
        if (l >= present)
            cuemu_die("%s:%d: the mask %08x names lane %d, which the block does not have", base_name(one->file),
                      one->line, one->mask, l);
        const cuemu_thread *other = &lanes[l];
        if (other->state == RETURNED)
            cuemu_die("%s:%d: waits for lane %d, which has returned", base_name(one->file), one->line, l);
        if (other->state != AT_WARP || other->mask != one->mask) return false;
        if (other->kind != one->kind || other->line != one->line) die_divided(one, other);
    }
    return true;
}

static uint64_t combine(int kind, uint64_t a, uint64_t b)
{
    switch (kind) {
    case CUEMU_ADD:
        return a + b;
    case CUEMU_MIN:
        return a < b ? a : b;
    case CUEMU_MAX:
        return a > b ? a : b;
    case CUEMU_AND:
        return a & b;
    case CUEMU_OR:
        return a | b;
    default:
        return a ^ b;
    }
}

/* The lanes of the mask whose value is `value`. */
static unsigned lanes_with(const cuemu_thread *lanes, unsigned mask, uint64_t value)
{
    unsigned found = 0;
    for (int l = 0; l < CUEMU_WARP; l++)
        if (mask >> l & 1 && lanes[l].value == value) found |= 1u << l;
    return found;
}

static uint64_t reduce(const cuemu_thread *lanes, unsigned mask, int kind)
{
    int first = __builtin_ctz(mask);
    uint64_t result = lanes[first].value;
    for (int l = first + 1; l < CUEMU_WARP; l++)
        if (mask >> l & 1) result = combine(kind, result, lanes[l].value);
    return result;
}

static void answer(cuemu_thread *lanes, unsigned mask, int kind)
{
    uint64_t common = 0;
    unsigned same;
    if (kind == CUEMU_BALLOT) common = lanes_with(lanes, mask, 1);
    if (kind == CUEMU_MATCH_ALL) {
        same = lanes_with(lanes, mask, lanes[__builtin_ctz(mask)].value);
        common = same == mask ? mask : 0;
    }
    if (kind >= CUEMU_ADD) common = reduce(lanes, mask, kind);
    for (int l = 0; l < CUEMU_WARP; l++) {
        if (!(mask >> l & 1)) continue;
        lanes[l].result = common;
        if (kind == CUEMU_SHUFFLE) lanes[l].result = lanes[lanes[l].from].value;
        if (kind == CUEMU_MATCH_ANY) lanes[l].result = lanes_with(lanes, mask, lanes[l].value);
        lanes[l].state = READY;
    }
}

bool cuemu_release_warp(int warp)
{
    cuemu_thread *lanes = &cuemu_block.thread[warp * CUEMU_WARP];
    int present = cuemu_block.threads - warp * CUEMU_WARP;
    bool any = false;
    if (present > CUEMU_WARP) present = CUEMU_WARP;
    for (int l = 0; l < present; l++) {
        if (lanes[l].state != AT_WARP || !complete(lanes, present, &lanes[l])) continue;
        answer(lanes, lanes[l].mask, lanes[l].kind);
        any = true;
    }
    return any;
}
